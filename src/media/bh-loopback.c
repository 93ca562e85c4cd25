/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The camera as /dev/video.
 *
 * Theory of operation: v4l2loopback is a device whose one side writes pictures and whose other side looks like a camera.
 * bulkhead-guest loads it (bh-video.c); here it is found, set to the one format that every program with a webcam knows,
 * and written to while a program looks.
 *
 * Many programs keep a camera open and do not look, and of the driver nobody learns who does: before 0.13 it does not
 * tell, and since then it tells of one program. So it is seen in three steps. Each who has it open holds a reference to
 * the module, so without more of these than our own nobody looks. To look, a program maps the device's buffers, which
 * stands in /proc; it is asked as long as somebody has the device open. Who has it open and cannot be seen in /proc
 * (another user, or a program that hides) is taken for one that looks. A program that reads instead of mapping is told of
 * by the kernel, and looks until it has left out some pictures. */
#include "bh-loopback.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* What has no hardware. */
#define FOLDER "/sys/devices/virtual/video4linux"
#define REFERENCES "/sys/module/v4l2loopback/refcnt"
#define DRIVER "v4l2 loopback"
/* After something has happened, and twice as long each time when nothing has. */
#define POLL_MS 100
#define MAX_POLL_MS 1600
/* So many in a row have not been read: who read has stopped. */
#define UNREAD 20
#define WIDTH BH_CAMERA_WIDTH (0)
#define HEIGHT BH_CAMERA_HEIGHT (0)

struct _BhLoopback
{
  struct pw_loop *loop;
  void (*changed) (void *data);
  void *data;
  bool on;
  int notify, watch; /* of /dev until the device is there, then of the device; -1: none */
  struct spa_source *source, *timer;
  int fd; /* of the device, or -1 */
  struct stat device;
  bool looked;
  bool read;       /* by a program */
  unsigned unread; /* pictures since */
  int poll_ms;
  int viewer; /* the process that was seen to map it, or 0 */
  uint8_t picture[WIDTH * HEIGHT * 2]; /* YUYV */
};

static void
set_looked (BhLoopback *self, bool looked)
{
  if (self->looked == looked)
    return;
  self->looked = looked;
  self->changed (self->data);
}

static void
set_timer (BhLoopback *self, int ms)
{
  struct timespec value = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * SPA_NSEC_PER_MSEC };

  self->poll_ms = ms;
  pw_loop_update_timer (self->loop, self->timer, &value, NULL, false);
}

/* How often it is open, without this program. */
static int
count_others (void)
{
  FILE *file = fopen (REFERENCES, "re");
  int count = 0;

  if (!file)
    return 0;
  if (fscanf (file, "%d", &count) != 1)
    count = 0;
  fclose (file);
  return count - 1;
}

static bool
maps_device (BhLoopback *self, int pid)
{
  char path[64], *line = NULL;
  size_t size = 0;
  bool found = false;
  FILE *file;

  snprintf (path, sizeof path, "/proc/%d/maps", pid);
  file = fopen (path, "re");
  while (file && !found && getline (&line, &size, file) > 0)
    {
      unsigned high, low;
      unsigned long inode;

      found = sscanf (line, "%*s %*s %*s %x:%x %lu", &high, &low, &inode) == 3
              && makedev (high, low) == self->device.st_dev && inode == self->device.st_ino;
    }
  free (line);
  if (file)
    fclose (file);
  return found;
}

static int
count_descriptors (BhLoopback *self, int pid)
{
  char path[64];
  struct dirent *entry;
  int count = 0;
  DIR *dir;

  snprintf (path, sizeof path, "/proc/%d/fd", pid);
  dir = opendir (path);
  while (dir && (entry = readdir (dir)))
    {
      struct stat st;

      if (fstatat (dirfd (dir), entry->d_name, &st, 0) == 0 && S_ISCHR (st.st_mode)
          && st.st_rdev == self->device.st_rdev)
        count++;
    }
  if (dir)
    closedir (dir);
  return count;
}

/* Whether one of the @others who have it open looks. */
static bool
is_mapped (BhLoopback *self, int others)
{
  struct dirent *entry;
  bool mapped = false;
  int seen = 0;
  DIR *dir;

  if (self->viewer && maps_device (self, self->viewer))
    return true;
  self->viewer = 0;
  dir = opendir ("/proc");
  while (dir && !mapped && (entry = readdir (dir)))
    {
      int pid = atoi (entry->d_name), count;

      if (pid <= 0 || pid == (int) getpid ())
        continue;
      count = count_descriptors (self, pid);
      seen += count;
      mapped = count > 0 && maps_device (self, pid);
      if (mapped)
        self->viewer = pid;
    }
  if (dir)
    closedir (dir);
  /* Some may have gone meanwhile. */
  return mapped || seen < SPA_MIN (others, count_others ());
}

static void
poll_others (void *data, uint64_t expirations)
{
  BhLoopback *self = data;
  int others = self->fd >= 0 ? count_others () : 0;
  bool looked;

  self->read = self->read && others > 0;
  looked = others > 0 && (self->read || is_mapped (self, others));
  if (others <= 0)
    set_timer (self, 0);
  else if (looked != self->looked)
    set_timer (self, POLL_MS);
  else
    set_timer (self, SPA_MIN (2 * self->poll_ms, MAX_POLL_MS));
  set_looked (self, looked);
}

static void
watch (BhLoopback *self, const char *path, uint32_t events)
{
  if (self->watch >= 0)
    inotify_rm_watch (self->notify, self->watch);
  self->watch = path ? inotify_add_watch (self->notify, path, events) : -1;
}

/* The device is a camera for others once something is written. Before 0.13 only who has said that it streams is known
 * as the one that writes; since then that is for those who share memory, and an error. */
static bool
begin (BhLoopback *self)
{
  int type = V4L2_BUF_TYPE_VIDEO_OUTPUT;

  ioctl (self->fd, VIDIOC_STREAMON, &type);
  for (size_t i = 0; i < sizeof self->picture; i += 2)
    {
      self->picture[i] = 16; /* black */
      self->picture[i + 1] = 128;
    }
  return write (self->fd, self->picture, sizeof self->picture) == sizeof self->picture;
}

static bool
set_format (int fd)
{
  struct v4l2_capability capability = { 0 };
  struct v4l2_format format = { .type = V4L2_BUF_TYPE_VIDEO_OUTPUT };

  format.fmt.pix.width = WIDTH;
  format.fmt.pix.height = HEIGHT;
  format.fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
  format.fmt.pix.field = V4L2_FIELD_NONE;
  format.fmt.pix.bytesperline = WIDTH * 2;
  format.fmt.pix.sizeimage = WIDTH * HEIGHT * 2;
  format.fmt.pix.colorspace = V4L2_COLORSPACE_SMPTE170M;
  return ioctl (fd, VIDIOC_QUERYCAP, &capability) >= 0
         && strcmp ((const char *) capability.driver, DRIVER) == 0
         && ioctl (fd, VIDIOC_S_FMT, &format) >= 0
         && format.fmt.pix.pixelformat == V4L2_PIX_FMT_YUYV && format.fmt.pix.width == WIDTH
         && format.fmt.pix.height == HEIGHT;
}

static bool
open_device (BhLoopback *self, const char *name)
{
  char path[64];

  if (snprintf (path, sizeof path, "/dev/%s", name) >= (int) sizeof path)
    return false;
  self->fd = open (path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (self->fd < 0)
    return false; /* not made usable yet, which is told */
  if (fstat (self->fd, &self->device) < 0 || !set_format (self->fd) || !begin (self))
    {
      fprintf (stderr, "bulkhead-media: %s cannot be the camera: %m\n", path);
      close (self->fd);
      self->fd = -1;
      return false;
    }
  watch (self, path, IN_OPEN | IN_CLOSE | IN_ACCESS);
  set_timer (self, POLL_MS); /* somebody may have been waiting */
  return true;
}

static void
find_device (BhLoopback *self)
{
  DIR *dir = opendir (FOLDER);
  struct dirent *entry;

  while (dir && (entry = readdir (dir)))
    if (entry->d_name[0] != '.' && open_device (self, entry->d_name))
      break;
  if (dir)
    closedir (dir);
}

static void
notified (void *data, int fd, uint32_t mask)
{
  BhLoopback *self = data;
  _Alignas (struct inotify_event) char events[4096];
  const struct inotify_event *event;
  ssize_t n = read (fd, events, sizeof events);
  uint32_t happened = 0;

  if (n <= 0 || !self->on)
    return;
  if (self->fd < 0)
    {
      find_device (self);
      return;
    }
  for (ssize_t at = 0; at < n; at += (ssize_t) sizeof *event + event->len)
    {
      event = (const struct inotify_event *) (events + at);
      happened |= event->wd == self->watch ? event->mask : 0;
    }
  if (happened & IN_ACCESS)
    {
      self->read = true;
      self->unread = 0;
    }
  if (happened & (IN_OPEN | IN_CLOSE) || (self->read && !self->looked))
    set_timer (self, POLL_MS);
}

void
bh_loopback_switch (BhLoopback *self, bool on)
{
  if (self->on == on)
    return;
  self->on = on;
  if (on)
    {
      /* Once only: the end of a watch is an event as well. */
      watch (self, "/dev", IN_CREATE | IN_ATTRIB);
      find_device (self);
      return;
    }
  watch (self, NULL, 0);
  set_timer (self, 0);
  self->read = false;
  self->viewer = 0;
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
  set_looked (self, false);
}

bool
bh_loopback_is_looked_at (BhLoopback *self)
{
  return self->looked;
}

void
bh_loopback_show (BhLoopback *self, const uint8_t *picture)
{
  const uint8_t *luma = picture, *u = luma + WIDTH * HEIGHT, *v = u + WIDTH * HEIGHT / 4;
  uint8_t *out = self->picture;

  if (self->fd < 0 || !self->looked)
    return;
  if (self->read && ++self->unread > UNREAD)
    self->read = false;
  for (uint32_t y = 0; y < HEIGHT; y++)
    for (uint32_t x = 0; x < WIDTH; x += 2)
      {
        size_t chroma = (size_t) (y / 2) * (WIDTH / 2) + x / 2;

        *out++ = luma[y * WIDTH + x];
        *out++ = u[chroma];
        *out++ = luma[y * WIDTH + x + 1];
        *out++ = v[chroma];
      }
  if (write (self->fd, self->picture, sizeof self->picture) < 0 && errno != EAGAIN)
    fprintf (stderr, "bulkhead-media: a picture for /dev/video is lost: %m\n");
}

BhLoopback *
bh_loopback_new (BhMedia *media, void (*changed) (void *data), void *data)
{
  BhLoopback *self = calloc (1, sizeof *self);

  if (!self)
    return NULL;
  self->loop = pw_main_loop_get_loop (media->loop);
  self->changed = changed;
  self->data = data;
  self->fd = self->watch = -1;
  self->notify = inotify_init1 (IN_CLOEXEC | IN_NONBLOCK);
  if (self->notify < 0)
    {
      free (self);
      return NULL;
    }
  self->source = pw_loop_add_io (self->loop, self->notify, SPA_IO_IN, true, notified, self);
  self->timer = pw_loop_add_timer (self->loop, poll_others, self);
  return self;
}

void
bh_loopback_free (BhLoopback *self)
{
  if (!self)
    return;
  if (self->fd >= 0)
    close (self->fd);
  pw_loop_destroy_source (self->loop, self->timer);
  pw_loop_destroy_source (self->loop, self->source); /* closes it */
  free (self);
}
