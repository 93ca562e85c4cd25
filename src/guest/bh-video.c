/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The device /dev/video of the guest.
 *
 * Theory of operation: the kernel has the device as long as v4l2loopback is loaded. Loading takes a while, so a process
 * of its own does that, or the contrary, one after the other; when it ends it is compared again with what is wanted.
 * A module that is in use cannot be unloaded: its device is closed to programs then, and unloading is tried again.
 *
 * Programs look for a camera once, when they start, so a program that is started while the device is on its way waits
 * for it. It is a camera for them once bulkhead-media has set its format (src/media/bh-loopback.c). */
#include "bh-video.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MODPROBE "/usr/sbin/modprobe"
#define MODULE "v4l2loopback"
#define LABEL "Camera of this computer"
/* What has no hardware. */
#define FOLDER "/sys/devices/virtual/video4linux"
#define AGAIN_MS 2000
/* What a program waits for it at most, and how often it is looked at meanwhile. */
#define SETTLE_MS 5000
#define LOOK_MS 10

typedef enum
{
  ABSENT,
  CLOSED, /* in use by programs from before */
  THERE,
} State;

struct _BhVideo
{
  struct wl_event_loop *loop;
  bool started, wanted;
  bool lacks; /* the module, so that it is not tried again and again */
  bool settled; /* no program has to wait for it any more */
  State state;
  pid_t worker; /* 0: none */
  bool loading; /* that is what it does */
  int pidfd;
  struct wl_event_source *source, *timer;
};

static void update (BhVideo *video);

static void
set_mode (mode_t mode)
{
  g_autoptr (GDir) dir = g_dir_open (FOLDER, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename ("/dev", name, NULL);

      if (chmod (path, mode) != 0)
        g_printerr ("bulkhead-guest: %s: %s\n", path, g_strerror (errno));
    }
}

/* In a process of its own; the state that it has come to. */
static State
load (void)
{
  /* "exclusive_caps": it says to be a camera only, which many programs insist on. */
  char *const argv[] = { (char *) "modprobe",         (char *) "-q",
                         (char *) "-b",               (char *) MODULE,
                         (char *) "devices=1",        (char *) "exclusive_caps=1",
                         (char *) "max_buffers=2",    (char *) "card_label=\"" LABEL "\"",
                         NULL };
  pid_t pid = fork ();
  int status;

  if (pid == 0)
    {
      execv (MODPROBE, argv);
      _exit (127);
    }
  if (pid < 0 || waitpid (pid, &status, 0) != pid || !WIFEXITED (status)
      || WEXITSTATUS (status) != 0)
    return ABSENT;
  /* All programs in here are the user's, and the kernel has made the node before modprobe ends. */
  set_mode (0666);
  return THERE;
}

static State
unload (void)
{
  set_mode (0600);
  if (syscall (SYS_delete_module, MODULE, O_NONBLOCK) == 0 || errno == ENOENT)
    return ABSENT;
  return CLOSED;
}

static int
try_again (void *data)
{
  BhVideo *video = data;

  g_clear_pointer (&video->timer, wl_event_source_remove);
  update (video);
  return 0;
}

static int
worker_ended (int fd, uint32_t mask, void *data)
{
  BhVideo *video = data;
  int status = 0;

  if (waitpid (video->worker, &status, WNOHANG) == 0)
    return 0;
  g_clear_pointer (&video->source, wl_event_source_remove);
  close (video->pidfd);
  video->worker = 0;
  video->state = WIFEXITED (status) ? (State) WEXITSTATUS (status) : ABSENT;
  if (video->state == ABSENT && video->loading)
    {
      g_message ("No /dev/video: the module " MODULE " is not installed, or does not load");
      video->lacks = video->wanted;
    }
  if (video->state == CLOSED && !video->wanted)
    {
      video->timer = wl_event_loop_add_timer (video->loop, try_again, video);
      wl_event_source_timer_update (video->timer, AGAIN_MS);
    }
  else
    update (video);
  return 0;
}

static void
update (BhVideo *video)
{
  if (!video->started || video->worker || (video->wanted && video->lacks)
      || video->state == (video->wanted ? THERE : ABSENT))
    return;
  video->loading = video->wanted;
  video->worker = fork ();
  if (video->worker == 0)
    _exit (video->loading ? load () : unload ());
  if (video->worker < 0)
    {
      g_warning ("No process for /dev/video: %s", g_strerror (errno));
      video->worker = 0;
      return;
    }
  video->pidfd = pidfd_open (video->worker, 0);
  video->source = wl_event_loop_add_fd (video->loop, video->pidfd, WL_EVENT_READABLE, worker_ended,
                                        video);
}

void
bh_video_switch (BhVideo *video, bool on)
{
  if (!video)
    return;
  video->settled = video->settled && on == video->wanted;
  video->wanted = on;
  video->lacks = video->lacks && on;
  if (video->timer)
    g_clear_pointer (&video->timer, wl_event_source_remove);
  update (video);
}

static bool
is_camera (void)
{
  g_autoptr (GDir) dir = g_dir_open (FOLDER, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (FOLDER, name, "format", NULL), *text = NULL;

      if (g_file_get_contents (path, &text, NULL, NULL) && text[0])
        return true;
    }
  return false;
}

void
bh_video_settle (BhVideo *video)
{
  int64_t until = g_get_monotonic_time () + SETTLE_MS * 1000;

  if (!video || !video->started)
    return;
  while (video->wanted && !video->lacks && !video->settled)
    {
      struct pollfd watch = { .fd = video->worker ? video->pidfd : -1, .events = POLLIN };

      video->settled = video->state == THERE && !video->worker && is_camera ();
      if (video->settled)
        return;
      if (g_get_monotonic_time () > until)
        {
          g_message ("/dev/video is not a camera yet: programs do not wait any longer");
          video->settled = true;
          return;
        }
      if (poll (&watch, 1, LOOK_MS) > 0)
        worker_ended (watch.fd, WL_EVENT_READABLE, video);
    }
}

void
bh_video_start (BhVideo *video)
{
  if (!video)
    return;
  video->started = true;
  update (video);
}

BhVideo *
bh_video_new (struct wl_event_loop *loop)
{
  BhVideo *video = g_new0 (BhVideo, 1);

  video->loop = loop;
  return video;
}

void
bh_video_free (BhVideo *video)
{
  if (!video)
    return;
  if (video->source)
    {
      wl_event_source_remove (video->source);
      close (video->pidfd);
    }
  if (video->timer)
    wl_event_source_remove (video->timer);
  g_free (video);
}
