/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkhead-camera: what the desktop's camera sees, for one AppVM.
 *
 * Started by bulkhead-service while a program in the AppVM looks, with fd 3 a socket to it, on which it says 'c' when
 * the camera gives pictures and 'p' when it does not; fd 4 the camera messages of bh-messages.h, to the proxy; and
 * with --remote fd 5 a connection to PipeWire that the camera portal has given. It ends with either socket: that is
 * how it is cut off.
 *
 * Theory of operation: it opens what it needs, then gives up files and sockets (confine ()), and only then reads what
 * the proxy says. The camera is PipeWire's, or without a PipeWire the kernel's own. */
#include "config.h"

#include "bh-camera.h"

#include "bh-filter.h"
#include "bh-landlock.h"
#include "bh-no-leak-search.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FD_SERVICE 3
#define FD_PROXY 4
#define FD_REMOTE 5

static uint64_t
now_ns (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return SPA_TIMESPEC_TO_NSEC (&now);
}

void
bh_camera_quit (BhCamera *camera, const char *why)
{
  fprintf (stderr, "bulkhead-camera: ends: %s\n", why);
  pw_main_loop_quit (camera->loop);
}

static void
flush (BhCamera *camera)
{
  BhWireStatus status = bh_channel_flush (camera->channel);
  uint32_t mask = SPA_IO_IN | SPA_IO_HUP | SPA_IO_ERR;

  if (status != BH_WIRE_OK)
    {
      bh_camera_quit (camera, bh_wire_status_name (status));
      return;
    }
  if (bh_channel_wants_write (camera->channel))
    mask |= SPA_IO_OUT;
  if (mask != camera->mask)
    pw_loop_update_io (pw_main_loop_get_loop (camera->loop), camera->source, mask);
  camera->mask = mask;
}

void
bh_camera_sees (BhCamera *camera, bool sees)
{
  if (camera->sees == sees)
    return;
  camera->sees = sees;
  if (send (FD_SERVICE, sees ? "c" : "p", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
    bh_camera_quit (camera, "the service has gone");
}

bool
bh_camera_wants_picture (BhCamera *camera)
{
  /* A camera that gives exactly so many per second must not lose every other one to its jitter. */
  return camera->looking && camera->asked > 0
         && now_ns () - camera->last >= SPA_NSEC_PER_SEC / camera->rate * 9 / 10;
}

void
bh_camera_send_picture (BhCamera *camera, const BhPicture *picture)
{
  static uint8_t out[BH_CAMERA_BYTES (0)];
  uint32_t whole = BH_CAMERA_BYTES (camera->size);
  uint32_t width = BH_CAMERA_WIDTH (camera->size), height = BH_CAMERA_HEIGHT (camera->size);
  BhPicture decoded;

  if (picture->kind == BH_PICTURE_JPEG)
    {
      if (!bh_jpeg_decode (camera->jpeg, picture->data, picture->length, width, height, &decoded))
        return;
      picture = &decoded;
    }
  if (!bh_picture_is_whole (picture))
    return;
  bh_picture_convert (picture, width, height, out);
  camera->asked--;
  camera->last = now_ns ();
  for (uint32_t at = 0; at < whole; at += BH_MAX_CAMERA_PART)
    {
      bh_msg_camera_part part = { .size = camera->size, .offset = at };

      part.data = (BhBytes){ out + at, SPA_MIN (whole - at, (uint32_t) BH_MAX_CAMERA_PART) };
      bh_channel_send (camera->channel, BH_MSG_CAMERA_PART, &part);
    }
  flush (camera);
}

static void
handle (BhCamera *camera, const BhMessage *message)
{
  switch (message->type)
    {
    case BH_MSG_CAMERA_STREAM:
      camera->looking = message->camera_stream.on;
      camera->size = message->camera_stream.size;
      break;
    case BH_MSG_CAMERA_NEXT:
      /* What the proxy asks for is one at a time; more would pile up. */
      camera->asked = 1;
      break;
    default:
      break;
    }
}

static void
proxy_ready (void *data, int fd, uint32_t mask)
{
  BhCamera *camera = data;
  BhWireStatus status = BH_WIRE_AGAIN;
  BhMessage message;

  if (mask & (SPA_IO_IN | SPA_IO_HUP | SPA_IO_ERR))
    {
      status = bh_channel_receive (camera->channel);
      if (status == BH_WIRE_OK)
        while ((status = bh_channel_next (camera->channel, &message)) == BH_WIRE_OK)
          handle (camera, &message);
      if (status != BH_WIRE_AGAIN)
        {
          bh_camera_quit (camera, bh_wire_status_name (status));
          return;
        }
    }
  flush (camera);
}

/* The service says nothing: it is there, or it is not. */
static void
service_ready (void *data, int fd, uint32_t mask)
{
  bh_camera_quit (data, "the service has cut it off");
}

static void
asked_to_end (void *data, int number)
{
  pw_main_loop_quit (((BhCamera *) data)->loop);
}

/* From here on it opens nothing but PipeWire's plugins, connects to nothing and starts nothing. */
static void
confine (void)
{
  static const char *const readable[] = { "/usr", "/etc" };
  int rules = bh_landlock_new ();

  for (size_t i = 0; rules >= 0 && i < SPA_N_ELEMENTS (readable); i++)
    bh_landlock_allow (rules, readable[i], BH_ALLOW_READ);
  if (rules < 0 || !bh_landlock_restrict (rules))
    fprintf (stderr, "bulkhead-camera: this kernel has no Landlock: files stay in reach\n");
  if (rules >= 0)
    close (rules);
  if (!bh_filter_install (BH_LEAVE_NOTHING))
    fprintf (stderr, "bulkhead-camera: no system call filter: %m\n");
}

static bool
parse (BhCamera *camera, int argc, char **argv, bool *remote)
{
  static const struct option options[] = { { "id", required_argument, NULL, 'i' },
                                           { "name", required_argument, NULL, 'n' },
                                           { "rate", required_argument, NULL, 'r' },
                                           { "remote", no_argument, NULL, 'p' },
                                           { NULL, 0, NULL, 0 } };
  int option;

  while ((option = getopt_long (argc, argv, "", options, NULL)) != -1)
    switch (option)
      {
      case 'i':
        camera->id = optarg;
        break;
      case 'n':
        camera->name = optarg;
        break;
      case 'r':
        camera->rate = (unsigned) atoi (optarg);
        break;
      case 'p':
        *remote = true;
        break;
      default:
        return false;
      }
  return camera->id && camera->name && camera->rate >= 1 && camera->rate <= 60 && optind == argc;
}

int
main (int argc, char **argv)
{
  BhCamera camera = { .rate = 30 };
  bool remote = false;
  struct spa_source *service;
  struct pw_loop *loop;

  if (!parse (&camera, argc, argv, &remote) || fcntl (FD_SERVICE, F_SETFD, FD_CLOEXEC) < 0
      || fcntl (FD_PROXY, F_SETFD, FD_CLOEXEC) < 0
      || (remote && fcntl (FD_REMOTE, F_SETFD, FD_CLOEXEC) < 0))
    {
      fprintf (stderr, "bulkhead-camera: started by bulkhead-service, with sockets as descriptors 3 and "
                       "4, --id and --name\n");
      return 2;
    }
  prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
  signal (SIGPIPE, SIG_IGN);
  pw_init (&argc, &argv);
  camera.loop = pw_main_loop_new (NULL);
  loop = pw_main_loop_get_loop (camera.loop);
  pw_loop_add_signal (loop, SIGTERM, asked_to_end, &camera);
  camera.channel = bh_channel_new (FD_PROXY, BH_SIDE_HOST);
  camera.jpeg = bh_jpeg_new ();
  if (!camera.channel || !camera.jpeg)
    return 1;
  camera.pipewire = bh_pipewire_new (&camera, remote ? FD_REMOTE : -1);
  if (!camera.pipewire && !remote)
    camera.v4l2 = bh_v4l2_new (&camera);
  if (!camera.pipewire && !camera.v4l2)
    {
      fprintf (stderr, "bulkhead-camera: neither PipeWire nor a camera\n");
      return 1;
    }
  confine ();
  camera.mask = SPA_IO_IN | SPA_IO_HUP | SPA_IO_ERR;
  camera.source = pw_loop_add_io (loop, FD_PROXY, camera.mask, false, proxy_ready, &camera);
  service = pw_loop_add_io (loop, FD_SERVICE, SPA_IO_IN | SPA_IO_HUP | SPA_IO_ERR, false,
                            service_ready, &camera);
  pw_main_loop_run (camera.loop);
  if (camera.pipewire)
    bh_pipewire_free (camera.pipewire);
  if (camera.v4l2)
    bh_v4l2_free (camera.v4l2);
  pw_loop_destroy_source (loop, service);
  pw_loop_destroy_source (loop, camera.source);
  bh_channel_free (camera.channel);
  bh_jpeg_free (camera.jpeg);
  pw_main_loop_destroy (camera.loop);
  pw_deinit ();
  return 0;
}
