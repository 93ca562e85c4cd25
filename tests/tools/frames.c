/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * frames WIDTH HEIGHT SECONDS: a window that repaints every pixel of itself as often as the
 * compositor asks for a frame, for benches. Prints one line of JSON when done: the frames shown in
 * that time, how long it took to the first one, and the processor time used.
 *
 * The pixels change all over with every frame and do not compress well: a path that sends only
 * differences, or packs them, gains nothing.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <wayland-client.h>

#include "xdg-shell-client-protocol.h"

#define BUFFERS 3

struct buffer
{
  struct wl_buffer *wl;
  uint32_t *pixels;
  bool busy;
};

static struct wl_compositor *compositor;
static struct wl_shm *shm;
static struct xdg_wm_base *wm_base;
static struct wl_surface *surface;
static struct buffer buffers[BUFFERS];
static int width, height;
static unsigned frames;
static bool configured, done, waiting;
static double started, first_frame, limit;

static double
now (void)
{
  struct timespec ts;

  clock_gettime (CLOCK_MONOTONIC, &ts);
  return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void draw (void);

static void
frame_done (void *data, struct wl_callback *callback, uint32_t time)
{
  wl_callback_destroy (callback);
  if (first_frame == 0)
    first_frame = now ();
  else
    frames++;
  if (now () - first_frame >= limit)
    done = true;
  else
    draw ();
}

static const struct wl_callback_listener frame_listener = { frame_done };

static void
buffer_release (void *data, struct wl_buffer *wl)
{
  struct buffer *buffer = data;

  buffer->busy = false;
  if (waiting)
    draw ();
}

static const struct wl_buffer_listener buffer_listener = { buffer_release };

static void
draw (void)
{
  struct buffer *buffer = NULL;
  static uint32_t seed = 1;
  uint32_t value = seed++ * 2654435761u;
  size_t count = (size_t) width * height;

  for (int i = 0; i < BUFFERS && !buffer; i++)
    if (!buffers[i].busy)
      buffer = &buffers[i];
  waiting = !buffer;
  if (waiting)
    return;
  for (size_t i = 0; i < count; i++)
    buffer->pixels[i] = 0xff000000 | (value += 0x9e3779);
  buffer->busy = true;
  wl_callback_add_listener (wl_surface_frame (surface), &frame_listener, NULL);
  wl_surface_attach (surface, buffer->wl, 0, 0);
  wl_surface_damage_buffer (surface, 0, 0, width, height);
  wl_surface_commit (surface);
}

static void
surface_configure (void *data, struct xdg_surface *xdg, uint32_t serial)
{
  xdg_surface_ack_configure (xdg, serial);
  if (!configured)
    {
      configured = true;
      draw ();
    }
}

static const struct xdg_surface_listener surface_listener = { surface_configure };

static void
toplevel_configure (void *data, struct xdg_toplevel *toplevel, int32_t w, int32_t h,
                    struct wl_array *states)
{
}

static void
toplevel_close (void *data, struct xdg_toplevel *toplevel)
{
  done = true;
}

static const struct xdg_toplevel_listener toplevel_listener = { toplevel_configure, toplevel_close,
                                                                NULL, NULL };

static void
wm_ping (void *data, struct xdg_wm_base *base, uint32_t serial)
{
  xdg_wm_base_pong (base, serial);
}

static const struct xdg_wm_base_listener wm_listener = { wm_ping };

static void
registry_global (void *data, struct wl_registry *registry, uint32_t name, const char *interface,
                 uint32_t version)
{
  if (strcmp (interface, "wl_compositor") == 0)
    compositor = wl_registry_bind (registry, name, &wl_compositor_interface, 4);
  else if (strcmp (interface, "wl_shm") == 0)
    shm = wl_registry_bind (registry, name, &wl_shm_interface, 1);
  else if (strcmp (interface, "xdg_wm_base") == 0)
    wm_base = wl_registry_bind (registry, name, &xdg_wm_base_interface, 1);
}

static void
registry_remove (void *data, struct wl_registry *registry, uint32_t name)
{
}

static const struct wl_registry_listener registry_listener = { registry_global, registry_remove };

static bool
make_buffers (void)
{
  size_t size = (size_t) width * height * 4;
  int fd = memfd_create ("frames", MFD_CLOEXEC);
  struct wl_shm_pool *pool;
  uint8_t *memory;

  if (fd < 0 || ftruncate (fd, size * BUFFERS) < 0)
    return false;
  memory = mmap (NULL, size * BUFFERS, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED)
    return false;
  pool = wl_shm_create_pool (shm, fd, size * BUFFERS);
  for (int i = 0; i < BUFFERS; i++)
    {
      buffers[i].pixels = (uint32_t *) (memory + size * i);
      buffers[i].wl = wl_shm_pool_create_buffer (pool, size * i, width, height, width * 4,
                                                 WL_SHM_FORMAT_XRGB8888);
      wl_buffer_add_listener (buffers[i].wl, &buffer_listener, &buffers[i]);
    }
  wl_shm_pool_destroy (pool);
  close (fd);
  return true;
}

int
main (int argc, char **argv)
{
  struct wl_display *display;
  struct xdg_surface *xdg;
  struct xdg_toplevel *toplevel;
  struct rusage usage;

  if (argc != 4 || (width = atoi (argv[1])) <= 0 || (height = atoi (argv[2])) <= 0
      || (limit = atof (argv[3])) <= 0)
    {
      fprintf (stderr, "usage: frames WIDTH HEIGHT SECONDS\n");
      return 2;
    }
  started = now ();
  display = wl_display_connect (NULL);
  if (!display)
    {
      fprintf (stderr, "frames: no compositor\n");
      return 1;
    }
  wl_registry_add_listener (wl_display_get_registry (display), &registry_listener, NULL);
  wl_display_roundtrip (display);
  if (!compositor || !shm || !wm_base || !make_buffers ())
    {
      fprintf (stderr, "frames: a global is missing\n");
      return 1;
    }
  xdg_wm_base_add_listener (wm_base, &wm_listener, NULL);
  surface = wl_compositor_create_surface (compositor);
  xdg = xdg_wm_base_get_xdg_surface (wm_base, surface);
  xdg_surface_add_listener (xdg, &surface_listener, NULL);
  toplevel = xdg_surface_get_toplevel (xdg);
  xdg_toplevel_add_listener (toplevel, &toplevel_listener, NULL);
  xdg_toplevel_set_app_id (toplevel, "frames");
  xdg_toplevel_set_title (toplevel, "frames");
  wl_surface_commit (surface);
  while (!done && wl_display_dispatch (display) >= 0)
    ;
  getrusage (RUSAGE_SELF, &usage);
  printf ("{\"frames\": %u, \"seconds\": %.3f, \"first\": %.3f, \"cpu\": %.3f}\n", frames,
          now () - first_frame, first_frame - started,
          usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
            + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
  return done && first_frame > 0 ? 0 : 1;
}
