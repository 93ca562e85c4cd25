/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The camera by the kernel's own interface, for a desktop without PipeWire
 * (Documentation/userspace-api/media/v4l/capture.c.rst).
 *
 * The first device that captures, is not in use and gives something that can be converted, at the size nearest to what
 * crosses. One that is unplugged ends bulkhead-camera; the service starts another as long as a program looks. */
#include "config.h"

#include "bh-camera.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define DEVICES 64
#define BUFFERS 4

struct _BhV4l2
{
  BhCamera *camera;
  int fd;
  struct spa_source *source;
  BhPicture format;
  struct
  {
    uint8_t *data;
    size_t length;
  } buffers[BUFFERS];
  unsigned n_buffers;
};

/* What bh-convert.c and bh-jpeg.c read; what need not be decoded first. */
static const struct
{
  uint32_t format;
  BhPictureKind kind;
  uint8_t red, green, blue, step;
} formats[] = {
  { V4L2_PIX_FMT_YUYV, BH_PICTURE_YUY2, 0, 0, 0, 0 },
  { V4L2_PIX_FMT_UYVY, BH_PICTURE_UYVY, 0, 0, 0, 0 },
  { V4L2_PIX_FMT_YUV420, BH_PICTURE_I420, 0, 0, 0, 0 },
  { V4L2_PIX_FMT_YVU420, BH_PICTURE_YV12, 0, 0, 0, 0 },
  { V4L2_PIX_FMT_NV12, BH_PICTURE_NV12, 0, 0, 0, 0 },
  { V4L2_PIX_FMT_RGB24, BH_PICTURE_RGB, 0, 1, 2, 3 },
  { V4L2_PIX_FMT_BGR24, BH_PICTURE_RGB, 2, 1, 0, 3 },
  { V4L2_PIX_FMT_MJPEG, BH_PICTURE_JPEG, 0, 0, 0, 0 },
  { V4L2_PIX_FMT_JPEG, BH_PICTURE_JPEG, 0, 0, 0, 0 },
};

static int
control (int fd, unsigned long request, void *argument)
{
  int result;

  do
    result = ioctl (fd, request, argument);
  while (result < 0 && errno == EINTR);
  return result;
}

static bool
is_camera (BhV4l2 *self)
{
  struct v4l2_capability capability = { 0 };
  uint32_t can;

  if (control (self->fd, VIDIOC_QUERYCAP, &capability) < 0)
    return false;
  can = capability.capabilities & V4L2_CAP_DEVICE_CAPS ? capability.device_caps
                                                       : capability.capabilities;
  return (can & V4L2_CAP_VIDEO_CAPTURE) && (can & V4L2_CAP_STREAMING);
}

/* What the device makes of one format: its @size nearest to what crosses. False: it has not got it. */
static bool
try_format (BhV4l2 *self, size_t i, struct v4l2_format *format)
{
  *format = (struct v4l2_format){ .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
  format->fmt.pix.width = BH_CAMERA_WIDTH (0);
  format->fmt.pix.height = BH_CAMERA_HEIGHT (0);
  format->fmt.pix.pixelformat = formats[i].format;
  format->fmt.pix.field = V4L2_FIELD_ANY;
  return control (self->fd, VIDIOC_TRY_FMT, format) >= 0
         && format->fmt.pix.pixelformat == formats[i].format;
}

static bool
is_large_enough (const struct v4l2_format *format)
{
  return format->fmt.pix.width >= BH_CAMERA_WIDTH (0)
         && format->fmt.pix.height >= BH_CAMERA_HEIGHT (0);
}

/* The first format that needs no enlarging, else the first there is: SPA_N_ELEMENTS (formats) when there is none. */
static size_t
choose_format (BhV4l2 *self)
{
  size_t chosen = SPA_N_ELEMENTS (formats);
  struct v4l2_format format;

  for (size_t i = 0; i < SPA_N_ELEMENTS (formats); i++)
    if (try_format (self, i, &format))
      {
        if (is_large_enough (&format))
          return i;
        chosen = SPA_MIN (chosen, i);
      }
  return chosen;
}

/* Many a camera gives fewer pictures than it can unless it is asked. What it makes of that is its affair. */
static void
set_rate (BhV4l2 *self)
{
  struct v4l2_streamparm parameters = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };

  if (control (self->fd, VIDIOC_G_PARM, &parameters) < 0
      || !(parameters.parm.capture.capability & V4L2_CAP_TIMEPERFRAME))
    return;
  parameters.parm.capture.timeperframe = (struct v4l2_fract){ 1, self->camera->rate };
  control (self->fd, VIDIOC_S_PARM, &parameters);
}

/* Sets errno. */
static bool
set_format (BhV4l2 *self)
{
  size_t i = choose_format (self);
  struct v4l2_format format;

  if (i == SPA_N_ELEMENTS (formats) || !try_format (self, i, &format))
    {
      errno = EMEDIUMTYPE;
      return false;
    }
  if (control (self->fd, VIDIOC_S_FMT, &format) < 0)
    return false;
  if (format.fmt.pix.pixelformat != formats[i].format)
    {
      errno = EMEDIUMTYPE;
      return false;
    }
  set_rate (self);
  self->format = (BhPicture){ .kind = formats[i].kind,
                              .red = formats[i].red,
                              .green = formats[i].green,
                              .blue = formats[i].blue,
                              .step = formats[i].step,
                              .width = format.fmt.pix.width,
                              .height = format.fmt.pix.height,
                              .stride = format.fmt.pix.bytesperline };
  fprintf (stderr, "bulkhead-camera: the camera gives %.4s, %u × %u\n",
           (const char *) &format.fmt.pix.pixelformat, self->format.width, self->format.height);
  return true;
}

static bool
map_buffers (BhV4l2 *self)
{
  struct v4l2_requestbuffers request = { .count = BUFFERS,
                                         .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
                                         .memory = V4L2_MEMORY_MMAP };

  if (control (self->fd, VIDIOC_REQBUFS, &request) < 0)
    return false;
  errno = ENOMEM;
  if (request.count < 2)
    return false;
  for (unsigned i = 0; i < SPA_MIN (request.count, (unsigned) BUFFERS); i++)
    {
      struct v4l2_buffer buffer = { .index = i,
                                    .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
                                    .memory = V4L2_MEMORY_MMAP };
      void *data;

      if (control (self->fd, VIDIOC_QUERYBUF, &buffer) < 0)
        return false;
      data = mmap (NULL, buffer.length, PROT_READ, MAP_SHARED, self->fd, buffer.m.offset);
      if (data == MAP_FAILED)
        return false;
      self->buffers[i].data = data;
      self->buffers[i].length = buffer.length;
      self->n_buffers = i + 1;
      if (control (self->fd, VIDIOC_QBUF, &buffer) < 0)
        return false;
    }
  return true;
}

static void
frame_ready (void *data, int fd, uint32_t mask)
{
  BhV4l2 *self = data;
  struct v4l2_buffer buffer = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP };

  if (control (fd, VIDIOC_DQBUF, &buffer) < 0)
    {
      if (errno != EAGAIN || (mask & (SPA_IO_ERR | SPA_IO_HUP)))
        bh_camera_quit (self->camera, "the camera has gone");
      return;
    }
  if (buffer.index < self->n_buffers && !(buffer.flags & V4L2_BUF_FLAG_ERROR)
      && bh_camera_wants_picture (self->camera))
    {
      BhPicture picture = self->format;

      picture.data = self->buffers[buffer.index].data;
      picture.length = SPA_MIN ((size_t) buffer.bytesused, self->buffers[buffer.index].length);
      bh_camera_send_picture (self->camera, &picture);
    }
  if (control (fd, VIDIOC_QBUF, &buffer) < 0)
    bh_camera_quit (self->camera, "the camera takes no buffer");
}

static void
release (BhV4l2 *self)
{
  for (unsigned i = 0; i < self->n_buffers; i++)
    munmap (self->buffers[i].data, self->buffers[i].length);
  self->n_buffers = 0;
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

/* Says why a camera cannot be used: of all that is there, the user has to find out which is in the way. */
static bool
open_one (BhV4l2 *self, const char *path)
{
  enum v4l2_buf_type type = V4L2_BUF_TYPE_VIDEO_CAPTURE;

  self->fd = open (path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (self->fd < 0 && errno == ENOENT)
    return false;
  if (self->fd >= 0 && !is_camera (self))
    {
      release (self);
      return false;
    }
  if (self->fd >= 0 && set_format (self) && map_buffers (self)
      && control (self->fd, VIDIOC_STREAMON, &type) == 0)
    return true;
  if (errno == EMEDIUMTYPE)
    fprintf (stderr, "bulkhead-camera: %s gives no pictures of a known kind\n", path);
  else
    fprintf (stderr, "bulkhead-camera: %s cannot be used: %m\n", path);
  release (self);
  return false;
}

static bool
open_first (BhV4l2 *self)
{
  for (unsigned i = 0; i < DEVICES; i++)
    {
      char path[32];

      snprintf (path, sizeof path, "/dev/video%u", i);
      if (open_one (self, path))
        return true;
    }
  return false;
}

BhV4l2 *
bh_v4l2_new (BhCamera *camera)
{
  BhV4l2 *self = calloc (1, sizeof *self);

  if (!self)
    return NULL;
  self->camera = camera;
  if (!open_first (self))
    {
      free (self);
      return NULL;
    }
  self->source = pw_loop_add_io (pw_main_loop_get_loop (camera->loop), self->fd,
                                 SPA_IO_IN | SPA_IO_ERR | SPA_IO_HUP, false, frame_ready, self);
  bh_camera_sees (camera, true);
  return self;
}

void
bh_v4l2_free (BhV4l2 *self)
{
  pw_loop_destroy_source (pw_main_loop_get_loop (self->camera->loop), self->source);
  release (self);
  bh_camera_sees (self->camera, false);
  free (self);
}
