/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The camera that programs in the guest look through.
 *
 * The node is there while the user lets this AppVM have a camera, like one that is plugged in and out, and so is
 * /dev/video (bh-loopback.h). While a program looks, two pictures are asked for, and one more for each that has come;
 * what no program takes is dropped. Where nothing comes, because the user has not answered yet or the host's camera is
 * gone, the programs wait. */
#include "bh-loopback.h"
#include "bh-pacer.h"

#include <spa/param/video/format-utils.h>

#define RATE 30

struct _BhCamera
{
  BhMedia *media;
  struct pw_stream *stream;
  struct spa_hook listener;
  bool streams;       /* a program of PipeWire looks, */
  uint32_t chosen;    /* at this size */
  BhLoopback *device; /* or NULL */
  bool looking;       /* any program, as the host was told */
  uint32_t size;
  uint8_t picture[BH_CAMERA_BYTES (0)];
  uint8_t half[BH_CAMERA_BYTES (1)];
  uint32_t length; /* what has come of it */
  uint64_t sequence;
};

static void
ask (BhCamera *camera, uint32_t count)
{
  const bh_msg_camera_next next = { .count = count };

  bh_media_send (camera->media, BH_MSG_CAMERA_NEXT, &next);
}

void
bh_camera_announce (BhCamera *camera)
{
  const bh_msg_camera_stream stream = { .on = camera->looking, .size = camera->size };

  camera->length = 0;
  if (!camera->media->ready)
    return;
  bh_media_send (camera->media, BH_MSG_CAMERA_STREAM, &stream);
  if (camera->looking)
    ask (camera, BH_MAX_CAMERA_PICTURES);
}

static bool
is_looked_at (BhCamera *camera)
{
  return camera->device && bh_loopback_is_looked_at (camera->device);
}

/* Tell the host when something is different: whoever looks at /dev/video has the larger pictures. */
static void
update (void *data)
{
  BhCamera *camera = data;
  bool looking = camera->streams || is_looked_at (camera);
  uint32_t size = is_looked_at (camera) ? 0 : camera->chosen;

  if (looking == camera->looking && size == camera->size)
    return;
  camera->looking = looking;
  camera->size = size;
  bh_camera_announce (camera);
}

static void
state_changed (void *data, enum pw_stream_state old, enum pw_stream_state state, const char *error)
{
  BhCamera *camera = data;

  camera->streams = state == PW_STREAM_STATE_STREAMING;
  update (camera);
}

static void
param_changed (void *data, uint32_t id, const struct spa_pod *param)
{
  BhCamera *camera = data;
  struct spa_video_info_raw info = { 0 };
  uint8_t buffer[1024];
  struct spa_pod_builder builder = SPA_POD_BUILDER_INIT (buffer, sizeof buffer);
  const struct spa_pod *params[2];

  if (id != SPA_PARAM_Format || !param || spa_format_video_raw_parse (param, &info) < 0)
    return;
  for (uint32_t size = 0; size < BH_N_CAMERA_SIZES; size++)
    if (info.size.width == BH_CAMERA_WIDTH (size))
      camera->chosen = size;
  params[0] = spa_pod_builder_add_object (
      &builder, SPA_TYPE_OBJECT_ParamBuffers, SPA_PARAM_Buffers, SPA_PARAM_BUFFERS_buffers,
      SPA_POD_CHOICE_RANGE_Int (4, 2, 8), SPA_PARAM_BUFFERS_blocks, SPA_POD_Int (1),
      SPA_PARAM_BUFFERS_size, SPA_POD_Int (BH_CAMERA_BYTES (camera->chosen)),
      SPA_PARAM_BUFFERS_stride, SPA_POD_Int (BH_CAMERA_WIDTH (camera->chosen)));
  params[1] = spa_pod_builder_add_object (
      &builder, SPA_TYPE_OBJECT_ParamMeta, SPA_PARAM_Meta, SPA_PARAM_META_type,
      SPA_POD_Id (SPA_META_Header), SPA_PARAM_META_size,
      SPA_POD_Int (sizeof (struct spa_meta_header)));
  pw_stream_update_params (camera->stream, params, 2);
  update (camera);
}

/* One plane: every other pixel both ways. */
static uint8_t *
halve (const uint8_t *from, uint32_t width, uint32_t height, uint8_t *to)
{
  for (uint32_t y = 0; y < height; y += 2)
    for (uint32_t x = 0; x < width; x += 2)
      *to++ = from[y * width + x];
  return to;
}

/* The picture at the size that the programs of PipeWire have chosen. */
static const uint8_t *
at_chosen_size (BhCamera *camera)
{
  uint32_t width = BH_CAMERA_WIDTH (0), height = BH_CAMERA_HEIGHT (0);
  const uint8_t *luma = camera->picture, *u = luma + width * height, *v = u + width * height / 4;
  uint8_t *to;

  if (camera->chosen == camera->size)
    return camera->picture;
  to = halve (luma, width, height, camera->half);
  to = halve (u, width / 2, height / 2, to);
  halve (v, width / 2, height / 2, to);
  return camera->half;
}

/* Give the whole picture to the programs of PipeWire. */
static void
show (BhCamera *camera)
{
  struct pw_buffer *buffer = pw_stream_dequeue_buffer (camera->stream);
  uint32_t length = BH_CAMERA_BYTES (camera->chosen);
  struct spa_meta_header *header;
  struct spa_data *d;

  if (!buffer)
    return; /* they are slower */
  d = &buffer->buffer->datas[0];
  header = spa_buffer_find_meta_data (buffer->buffer, SPA_META_Header, sizeof *header);
  if (header)
    *header = (struct spa_meta_header){ .pts = (int64_t) bh_pacer_now (),
                                        .seq = camera->sequence++ };
  d->chunk->offset = 0;
  d->chunk->stride = (int32_t) BH_CAMERA_WIDTH (camera->chosen);
  d->chunk->size = 0;
  if (d->data && d->maxsize >= length)
    {
      memcpy (d->data, at_chosen_size (camera), length);
      d->chunk->size = length;
    }
  pw_stream_queue_buffer (camera->stream, buffer);
  if (pw_stream_is_driving (camera->stream))
    pw_stream_trigger_process (camera->stream);
}

void
bh_camera_part (BhCamera *camera, const bh_msg_camera_part *part)
{
  uint32_t whole = BH_CAMERA_BYTES (camera->size);

  if (part->offset == 0)
    camera->length = 0;
  /* What was under way when the size changed, or the program ended. */
  if (!camera->looking || part->size != camera->size || part->offset != camera->length
      || part->data.len > whole - camera->length)
    return;
  memcpy (camera->picture + part->offset, part->data.data, part->data.len);
  camera->length += part->data.len;
  if (camera->length < whole)
    return;
  if (camera->streams)
    show (camera);
  if (is_looked_at (camera))
    bh_loopback_show (camera->device, camera->picture);
  camera->length = 0;
  ask (camera, 1);
}

static const struct spa_pod *
build_format (struct spa_pod_builder *builder, uint32_t size)
{
  return spa_pod_builder_add_object (
      builder, SPA_TYPE_OBJECT_Format, SPA_PARAM_EnumFormat, SPA_FORMAT_mediaType,
      SPA_POD_Id (SPA_MEDIA_TYPE_video), SPA_FORMAT_mediaSubtype,
      SPA_POD_Id (SPA_MEDIA_SUBTYPE_raw), SPA_FORMAT_VIDEO_format,
      SPA_POD_Id (SPA_VIDEO_FORMAT_I420), SPA_FORMAT_VIDEO_size,
      SPA_POD_Rectangle (&SPA_RECTANGLE (BH_CAMERA_WIDTH (size), BH_CAMERA_HEIGHT (size))),
      SPA_FORMAT_VIDEO_framerate,
      SPA_POD_CHOICE_RANGE_Fraction (&SPA_FRACTION (RATE, 1), &SPA_FRACTION (0, 1),
                                     &SPA_FRACTION (RATE, 1)));
}

static const struct pw_stream_events events = {
  PW_VERSION_STREAM_EVENTS,
  .state_changed = state_changed,
  .param_changed = param_changed,
};

static void
plug_in (BhCamera *camera)
{
  uint8_t buffer[2048];
  struct spa_pod_builder builder = SPA_POD_BUILDER_INIT (buffer, sizeof buffer);
  const struct spa_pod *params[BH_N_CAMERA_SIZES];
  struct pw_properties *properties = pw_properties_new (
      PW_KEY_MEDIA_CLASS, "Video/Source", PW_KEY_MEDIA_ROLE, "Camera", PW_KEY_NODE_NAME,
      BH_CAMERA_NODE, PW_KEY_NODE_DESCRIPTION, "Camera of this computer", PW_KEY_NODE_VIRTUAL,
      "true", "priority.session", "100000", PW_KEY_PRIORITY_DRIVER, "20000", NULL);

  for (uint32_t i = 0; i < BH_N_CAMERA_SIZES; i++)
    params[i] = build_format (&builder, i);
  camera->stream = pw_stream_new (camera->media->core, BH_CAMERA_NODE, properties);
  if (!camera->stream)
    return;
  pw_stream_add_listener (camera->stream, &camera->listener, &events, camera);
  pw_stream_connect (camera->stream, PW_DIRECTION_OUTPUT, PW_ID_ANY,
                     PW_STREAM_FLAG_MAP_BUFFERS | PW_STREAM_FLAG_DRIVER, params, BH_N_CAMERA_SIZES);
}

static void
unplug (BhCamera *camera)
{
  if (!camera->stream)
    return;
  spa_hook_remove (&camera->listener);
  pw_stream_destroy (camera->stream);
  camera->stream = NULL;
  camera->streams = false;
}

void
bh_camera_switch (BhCamera *camera, bool on)
{
  if (!on)
    unplug (camera);
  else if (!camera->stream)
    plug_in (camera);
  if (camera->device)
    bh_loopback_switch (camera->device, on);
  camera->looking = camera->streams || is_looked_at (camera);
  bh_camera_announce (camera);
}

BhCamera *
bh_camera_new (BhMedia *media)
{
  BhCamera *camera = calloc (1, sizeof *camera);

  if (!camera)
    return NULL;
  camera->media = media;
  if (media->video)
    camera->device = bh_loopback_new (media, update, camera);
  return camera;
}

void
bh_camera_free (BhCamera *camera)
{
  unplug (camera);
  bh_loopback_free (camera->device);
  free (camera);
}
