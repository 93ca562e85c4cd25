/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The desktop's camera by way of PipeWire.
 *
 * Theory of operation: a stream that the session manager connects to the user's camera, as for every program with a
 * camera. When the camera goes, the stream waits or fails; a failed one is made anew after a while, so that it finds
 * the camera when it is back. When PipeWire itself goes, bulkhead-camera ends, and the service starts another. */
#include "config.h"

#include "bh-camera.h"

#include <spa/debug/types.h>
#include <spa/param/video/format-utils.h>
#include <spa/param/video/type-info.h>
#include <stdio.h>

#define RETRY_NS SPA_NSEC_PER_SEC

struct _BhPipeWire
{
  BhCamera *camera;
  struct pw_context *context;
  struct pw_core *core;
  struct spa_hook core_listener, listener;
  struct pw_stream *stream;
  struct spa_source *retry;
  BhPicture format; /* without data */
};

/* What bh-convert.c reads. */
static const struct
{
  enum spa_video_format format;
  BhPictureKind kind;
  uint8_t red, green, blue, step;
} formats[] = {
  { SPA_VIDEO_FORMAT_YUY2, BH_PICTURE_YUY2, 0, 0, 0, 0 },
  { SPA_VIDEO_FORMAT_I420, BH_PICTURE_I420, 0, 0, 0, 0 },
  { SPA_VIDEO_FORMAT_NV12, BH_PICTURE_NV12, 0, 0, 0, 0 },
  { SPA_VIDEO_FORMAT_UYVY, BH_PICTURE_UYVY, 0, 0, 0, 0 },
  { SPA_VIDEO_FORMAT_YV12, BH_PICTURE_YV12, 0, 0, 0, 0 },
  { SPA_VIDEO_FORMAT_RGB, BH_PICTURE_RGB, 0, 1, 2, 3 },
  { SPA_VIDEO_FORMAT_BGR, BH_PICTURE_RGB, 2, 1, 0, 3 },
  { SPA_VIDEO_FORMAT_RGBx, BH_PICTURE_RGB, 0, 1, 2, 4 },
  { SPA_VIDEO_FORMAT_RGBA, BH_PICTURE_RGB, 0, 1, 2, 4 },
  { SPA_VIDEO_FORMAT_BGRx, BH_PICTURE_RGB, 2, 1, 0, 4 },
  { SPA_VIDEO_FORMAT_BGRA, BH_PICTURE_RGB, 2, 1, 0, 4 },
  { SPA_VIDEO_FORMAT_xRGB, BH_PICTURE_RGB, 1, 2, 3, 4 },
  { SPA_VIDEO_FORMAT_xBGR, BH_PICTURE_RGB, 3, 2, 1, 4 },
};

static void open_stream (BhPipeWire *self);

static void
close_stream (BhPipeWire *self)
{
  if (!self->stream)
    return;
  spa_hook_remove (&self->listener);
  pw_stream_destroy (self->stream);
  self->stream = NULL;
  bh_camera_sees (self->camera, false);
}

static void
try_again (void *data, uint64_t expirations)
{
  BhPipeWire *self = data;

  close_stream (self);
  open_stream (self);
}

static void
try_again_later (BhPipeWire *self)
{
  struct timespec value = { .tv_sec = RETRY_NS / SPA_NSEC_PER_SEC };

  pw_loop_update_timer (pw_main_loop_get_loop (self->camera->loop), self->retry, &value, NULL,
                        false);
}

static void
state_changed (void *data, enum pw_stream_state old, enum pw_stream_state state, const char *error)
{
  BhPipeWire *self = data;

  bh_camera_sees (self->camera, state == PW_STREAM_STATE_STREAMING);
  if (state == PW_STREAM_STATE_ERROR || state == PW_STREAM_STATE_UNCONNECTED)
    {
      fprintf (stderr, "bulkhead-camera: no camera: %s\n", error ? error : "disconnected");
      try_again_later (self);
    }
}

static void
tell_buffers (BhPipeWire *self)
{
  uint8_t buffer[512];
  struct spa_pod_builder builder = SPA_POD_BUILDER_INIT (buffer, sizeof buffer);
  const struct spa_pod *params[1];

  params[0] = spa_pod_builder_add_object (
      &builder, SPA_TYPE_OBJECT_ParamBuffers, SPA_PARAM_Buffers, SPA_PARAM_BUFFERS_buffers,
      SPA_POD_CHOICE_RANGE_Int (4, 2, 8), SPA_PARAM_BUFFERS_dataType,
      SPA_POD_CHOICE_FLAGS_Int ((1 << SPA_DATA_MemPtr) | (1 << SPA_DATA_MemFd)
                                | (1 << SPA_DATA_DmaBuf)));
  pw_stream_update_params (self->stream, params, 1);
}

static void
param_changed (void *data, uint32_t id, const struct spa_pod *param)
{
  BhPipeWire *self = data;
  struct spa_video_info_raw info = { 0 };
  struct spa_video_info_mjpg jpeg = { 0 };
  uint32_t type, subtype;

  if (id != SPA_PARAM_Format)
    return;
  self->format = (BhPicture){ 0 };
  if (!param || spa_format_parse (param, &type, &subtype) < 0)
    return;
  if (subtype == SPA_MEDIA_SUBTYPE_mjpg && spa_format_video_mjpg_parse (param, &jpeg) >= 0)
    {
      self->format = (BhPicture){ .kind = BH_PICTURE_JPEG,
                                  .width = jpeg.size.width,
                                  .height = jpeg.size.height };
      fprintf (stderr, "bulkhead-camera: the camera gives Motion JPEG, %u × %u\n", jpeg.size.width,
               jpeg.size.height);
      tell_buffers (self);
      return;
    }
  if (subtype != SPA_MEDIA_SUBTYPE_raw || spa_format_video_raw_parse (param, &info) < 0)
    return;
  for (size_t i = 0; i < SPA_N_ELEMENTS (formats); i++)
    if (formats[i].format == info.format)
      self->format = (BhPicture){ .kind = formats[i].kind,
                                  .red = formats[i].red,
                                  .green = formats[i].green,
                                  .blue = formats[i].blue,
                                  .step = formats[i].step,
                                  .width = info.size.width,
                                  .height = info.size.height };
  fprintf (stderr, "bulkhead-camera: the camera gives %s, %u × %u\n",
           spa_debug_type_find_short_name (spa_type_video_format, info.format), info.size.width,
           info.size.height);
  tell_buffers (self);
}

/* The usual distance of rows, for a camera that does not tell. */
static uint32_t
default_stride (const BhPicture *picture)
{
  switch (picture->kind)
    {
    case BH_PICTURE_YUY2:
    case BH_PICTURE_UYVY:
      return (picture->width + 1) / 2 * 4;
    case BH_PICTURE_RGB:
      return (picture->width * picture->step + 3) / 4 * 4;
    case BH_PICTURE_I420:
    case BH_PICTURE_YV12:
    case BH_PICTURE_NV12:
    case BH_PICTURE_JPEG: /* has none */
    default:
      return (picture->width + 3) / 4 * 4;
    }
}

static void
use (BhPipeWire *self, const struct spa_buffer *buffer)
{
  const struct spa_data *d = &buffer->datas[0];
  BhPicture picture = self->format;
  uint32_t offset;

  if (buffer->n_datas < 1 || !d->data || picture.width == 0
      || (d->chunk->flags & SPA_CHUNK_FLAG_CORRUPTED))
    return;
  offset = SPA_MIN (d->chunk->offset, d->maxsize);
  picture.data = SPA_PTROFF (d->data, offset, const uint8_t);
  picture.length = SPA_MIN (d->chunk->size, d->maxsize - offset);
  picture.stride = d->chunk->stride > 0 ? (uint32_t) d->chunk->stride : default_stride (&picture);
  bh_camera_send_picture (self->camera, &picture);
}

static void
process (void *data)
{
  BhPipeWire *self = data;
  struct pw_buffer *buffer, *newest = NULL;

  while ((buffer = pw_stream_dequeue_buffer (self->stream)))
    {
      if (newest)
        pw_stream_queue_buffer (self->stream, newest);
      newest = buffer;
    }
  if (!newest)
    return;
  if (bh_camera_wants_picture (self->camera))
    use (self, newest->buffer);
  pw_stream_queue_buffer (self->stream, newest);
}

static const struct pw_stream_events events = {
  PW_VERSION_STREAM_EVENTS,
  .state_changed = state_changed,
  .param_changed = param_changed,
  .process = process,
};

static void
add_raw_formats (struct spa_pod_builder *builder)
{
  struct spa_pod_frame choice;

  spa_pod_builder_prop (builder, SPA_FORMAT_VIDEO_format, 0);
  spa_pod_builder_push_choice (builder, &choice, SPA_CHOICE_Enum, 0);
  spa_pod_builder_id (builder, formats[0].format);
  for (size_t i = 0; i < SPA_N_ELEMENTS (formats); i++)
    spa_pod_builder_id (builder, formats[i].format);
  spa_pod_builder_pop (builder, &choice);
}

/* Every format there is of @subtype, at one size (@exactly) or at any. */
static const struct spa_pod *
build_format (struct spa_pod_builder *builder, enum spa_media_subtype subtype, bool exactly)
{
  const struct spa_rectangle size = SPA_RECTANGLE (BH_CAMERA_WIDTH (0), BH_CAMERA_HEIGHT (0));
  uint32_t most = subtype == SPA_MEDIA_SUBTYPE_raw ? BH_MAX_PICTURE_SIDE : BH_MAX_JPEG_SIDE;
  struct spa_pod_frame object;

  spa_pod_builder_push_object (builder, &object, SPA_TYPE_OBJECT_Format, SPA_PARAM_EnumFormat);
  spa_pod_builder_add (builder, SPA_FORMAT_mediaType, SPA_POD_Id (SPA_MEDIA_TYPE_video),
                       SPA_FORMAT_mediaSubtype, SPA_POD_Id (subtype), 0);
  if (subtype == SPA_MEDIA_SUBTYPE_raw)
    add_raw_formats (builder);
  if (exactly)
    spa_pod_builder_add (builder, SPA_FORMAT_VIDEO_size, SPA_POD_Rectangle (&size), 0);
  else
    spa_pod_builder_add (builder, SPA_FORMAT_VIDEO_size,
                         SPA_POD_CHOICE_RANGE_Rectangle (&size, &SPA_RECTANGLE (16, 16),
                                                         &SPA_RECTANGLE (most, most)),
                         0);
  spa_pod_builder_add (builder, SPA_FORMAT_VIDEO_framerate,
                       SPA_POD_CHOICE_RANGE_Fraction (&SPA_FRACTION (30, 1), &SPA_FRACTION (0, 1),
                                                      &SPA_FRACTION (240, 1)),
                       0);
  return spa_pod_builder_pop (builder, &object);
}

static void
open_stream (BhPipeWire *self)
{
  uint8_t buffer[4096];
  struct spa_pod_builder builder = SPA_POD_BUILDER_INIT (buffer, sizeof buffer);
  /* In this order: the first that the camera has is taken. What need not be decoded goes first, but many a camera has
   * nothing but small pictures for that. */
  const struct spa_pod *params[4];
  struct pw_properties *properties =
      pw_properties_new (PW_KEY_MEDIA_TYPE, "Video", PW_KEY_MEDIA_CATEGORY, "Capture",
                         PW_KEY_MEDIA_ROLE, "Camera", PW_KEY_NODE_NAME, "bulkhead-camera",
                         PW_KEY_NODE_DESCRIPTION, self->camera->name,
                         PW_KEY_MEDIA_NAME, self->camera->name, NULL);

  params[0] = build_format (&builder, SPA_MEDIA_SUBTYPE_raw, true);
  params[1] = build_format (&builder, SPA_MEDIA_SUBTYPE_mjpg, true);
  params[2] = build_format (&builder, SPA_MEDIA_SUBTYPE_raw, false);
  params[3] = build_format (&builder, SPA_MEDIA_SUBTYPE_mjpg, false);
  self->stream = pw_stream_new (self->core, "bulkhead-camera", properties);
  if (!self->stream)
    {
      bh_camera_quit (self->camera, "no stream");
      return;
    }
  pw_stream_add_listener (self->stream, &self->listener, &events, self);
  if (pw_stream_connect (self->stream, PW_DIRECTION_INPUT, PW_ID_ANY,
                         PW_STREAM_FLAG_AUTOCONNECT | PW_STREAM_FLAG_MAP_BUFFERS, params,
                         SPA_N_ELEMENTS (params))
      < 0)
    try_again_later (self);
}

static void
core_error (void *data, uint32_t id, int seq, int res, const char *text)
{
  if (id == PW_ID_CORE && res == -EPIPE)
    bh_camera_quit (((BhPipeWire *) data)->camera, "PipeWire has gone");
}

static const struct pw_core_events core_events = { PW_VERSION_CORE_EVENTS, .error = core_error };

BhPipeWire *
bh_pipewire_new (BhCamera *camera, int remote)
{
  BhPipeWire *self = calloc (1, sizeof *self);
  struct pw_loop *loop = pw_main_loop_get_loop (camera->loop);
  struct pw_properties *properties;
  char id[128];

  if (!self)
    return NULL;
  self->camera = camera;
  self->context = pw_context_new (loop, NULL, 0);
  snprintf (id, sizeof id, "io.github.bulkhead.%s", camera->id);
  properties = pw_properties_new (PW_KEY_APP_NAME, camera->name, PW_KEY_APP_ID, id,
                                  PW_KEY_APP_ICON_NAME, BH_APP_ID, NULL);
  if (self->context)
    self->core = remote >= 0 ? pw_context_connect_fd (self->context, remote, properties, 0)
                             : pw_context_connect (self->context, properties, 0);
  if (!self->core)
    {
      int number = errno;

      if (self->context)
        pw_context_destroy (self->context);
      free (self);
      errno = number;
      return NULL;
    }
  pw_core_add_listener (self->core, &self->core_listener, &core_events, self);
  self->retry = pw_loop_add_timer (loop, try_again, self);
  open_stream (self);
  return self;
}

void
bh_pipewire_free (BhPipeWire *self)
{
  close_stream (self);
  pw_loop_destroy_source (pw_main_loop_get_loop (self->camera->loop), self->retry);
  spa_hook_remove (&self->core_listener);
  pw_core_disconnect (self->core);
  pw_context_destroy (self->context);
  free (self);
}
