/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The camera by the kernel's own interface, for a desktop without PipeWire
 * (Documentation/userspace-api/media/v4l/capture.c.rst).
 *
 * The first device that captures and gives YUYV, at the size nearest to what crosses. One that is unplugged ends
 * bulkhead-camera; the service starts another as long as a program looks. */
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

static int
control (int fd, unsigned long request, void *argument)
{
  int result;

  do
    result = ioctl (fd, request, argument);
  while (result < 0 && errno == EINTR);
  return result;
}

/* Whether @fd is a camera, and set to a format that can be converted. */
static bool
set_format (BhV4l2 *self)
{
  struct v4l2_capability capability = { 0 };
  struct v4l2_format format = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
  uint32_t can;

  if (control (self->fd, VIDIOC_QUERYCAP, &capability) < 0)
    return false;
  can = capability.capabilities & V4L2_CAP_DEVICE_CAPS ? capability.device_caps
                                                       : capability.capabilities;
  if (!(can & V4L2_CAP_VIDEO_CAPTURE) || !(can & V4L2_CAP_STREAMING))
    return false;
  format.fmt.pix.width = BH_CAMERA_WIDTH (0);
  format.fmt.pix.height = BH_CAMERA_HEIGHT (0);
  format.fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
  format.fmt.pix.field = V4L2_FIELD_ANY;
  if (control (self->fd, VIDIOC_S_FMT, &format) < 0
      || format.fmt.pix.pixelformat != V4L2_PIX_FMT_YUYV)
    return false;
  self->format = (BhPicture){ .kind = BH_PICTURE_YUY2,
                              .width = format.fmt.pix.width,
                              .height = format.fmt.pix.height,
                              .stride = format.fmt.pix.bytesperline };
  fprintf (stderr, "bulkhead-camera: %.32s gives YUYV, %u × %u\n", (const char *) capability.card,
           self->format.width, self->format.height);
  return true;
}

static bool
map_buffers (BhV4l2 *self)
{
  struct v4l2_requestbuffers request = { .count = BUFFERS,
                                         .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
                                         .memory = V4L2_MEMORY_MMAP };

  if (control (self->fd, VIDIOC_REQBUFS, &request) < 0 || request.count < 2)
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
      if (errno != EAGAIN)
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

static bool
open_first (BhV4l2 *self)
{
  enum v4l2_buf_type type = V4L2_BUF_TYPE_VIDEO_CAPTURE;

  for (unsigned i = 0; i < DEVICES; i++)
    {
      char path[32];

      snprintf (path, sizeof path, "/dev/video%u", i);
      self->fd = open (path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
      if (self->fd >= 0 && set_format (self) && map_buffers (self)
          && control (self->fd, VIDIOC_STREAMON, &type) == 0)
        return true;
      release (self);
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
