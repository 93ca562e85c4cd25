/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A Wayland program that does what it is told: commands on stdin (or in the file that is its argument),
 * one a line; what happens to it is printed, a line each. IDs are small numbers the test chooses.
 *
 *   toplevel ID                     make a window (title and app id follow the ID), commit without buffer
 *   popup ID PARENT X Y W H PW PH   anchor rectangle, size; commit without buffer
 *   sub ID PARENT X Y               a subsurface, synchronized
 *   desync ID | sync ID | move ID X Y | above ID SIBLING | below ID SIBLING
 *   draw ID W H COLOR               a new picture of one colour (AARRGGBB), all damaged, with a frame callback
 *   patch ID X Y W H COLOR          a new buffer with only this changed, and damaged
 *   ask ID                          commit with a frame callback and nothing else
 *   commit ID | scale ID N | transform ID N | viewport ID W H | geometry ID X Y W H | input ID X Y W H
 *   opaque ID FORMAT                0: the next buffers are ARGB, 1: XRGB
 *   solid ID X Y W H                the opaque region
 *   title ID TEXT | app ID TEXT | min ID W H | max ID W H | maximize ID | parent ID OTHER
 *   unmap ID | drop ID              attach nothing; destroy the current buffer's wl_buffer
 *   cursor W H HX HY COLOR          (with the last enter's serial)
 *   copy TEXT | paste               the clipboard
 *   reposition ID X Y W H PW PH     another positioner
 *   drag ID | destroy ID | quit | crash
 *
 * What cannot be done (without the object it is about) is printed as "impossible …".
 *
 * Configures are acknowledged at once and printed as "configure ID W H STATES" (a bit mask). */
#include "client.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct wl_display *display;
struct wl_compositor *compositor;
struct wl_subcompositor *subcompositor;
struct wl_shm *shm;
struct xdg_wm_base *shell;
struct wp_viewporter *viewporter;
struct wl_seat *seat;
struct wl_pointer *pointer;
struct wl_data_device_manager *data_manager;
struct wl_data_device *data_device;
struct wl_data_offer *offer;
char *copied;
struct thing things[MAX_IDS];
uint32_t enter_serial, last_serial;
struct wl_surface *cursor_surface;

static void
frame_done (void *data, struct wl_callback *callback, uint32_t time)
{
  printf ("frame %d\n", (int) ((struct thing *) data - things));
  wl_callback_destroy (callback);
}

static const struct wl_callback_listener frame_listener = { frame_done };

static void
released (void *data, struct wl_buffer *buffer)
{
  printf ("release %d\n", (int) ((struct thing *) data - things));
}

static const struct wl_buffer_listener buffer_listener = { released };

static struct wl_buffer *
make_buffer (int width, int height, bool opaque, uint32_t **pixels)
{
  size_t size = (size_t) width * (size_t) height * 4;
  int fd = memfd_create ("client", MFD_CLOEXEC);
  struct wl_shm_pool *pool;
  struct wl_buffer *buffer;

  if (fd < 0 || ftruncate (fd, (off_t) size) < 0)
    exit (3);
  *pixels = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  pool = wl_shm_create_pool (shm, fd, (int32_t) size);
  buffer = wl_shm_pool_create_buffer (pool, 0, width, height, width * 4,
                                      opaque ? WL_SHM_FORMAT_XRGB8888 : WL_SHM_FORMAT_ARGB8888);
  wl_shm_pool_destroy (pool);
  close (fd);
  return buffer;
}

static void
ask_frame (struct thing *t)
{
  wl_callback_add_listener (wl_surface_frame (t->surface), &frame_listener, t);
}

static void
draw (struct thing *t, int width, int height, uint32_t color)
{
  uint32_t *pixels;

  t->buffer = make_buffer (width, height, t->opaque, &pixels);
  wl_buffer_add_listener (t->buffer, &buffer_listener, t);
  for (int i = 0; i < width * height; i++)
    pixels[i] = color;
  t->pixels = pixels;
  t->width = width;
  t->height = height;
  ask_frame (t);
  wl_surface_attach (t->surface, t->buffer, 0, 0);
  wl_surface_damage_buffer (t->surface, 0, 0, INT32_MAX, INT32_MAX);
  wl_surface_commit (t->surface);
}

static void
patch (struct thing *t, int x, int y, int width, int height, uint32_t color)
{
  uint32_t *old = t->pixels, *pixels;

  t->buffer = make_buffer (t->width, t->height, t->opaque, &pixels);
  wl_buffer_add_listener (t->buffer, &buffer_listener, t);
  memcpy (pixels, old, (size_t) t->width * (size_t) t->height * 4);
  for (int j = y; j < y + height && j < t->height; j++)
    for (int i = x; i < x + width && i < t->width; i++)
      pixels[j * t->width + i] = color;
  t->pixels = pixels;
  ask_frame (t);
  wl_surface_attach (t->surface, t->buffer, 0, 0);
  wl_surface_damage_buffer (t->surface, x, y, width, height);
  wl_surface_commit (t->surface);
}

static struct xdg_positioner *
make_positioner (const int *n)
{
  struct xdg_positioner *positioner = xdg_wm_base_create_positioner (shell);

  xdg_positioner_set_anchor_rect (positioner, n[0], n[1], n[2], n[3]);
  xdg_positioner_set_size (positioner, n[4], n[5]);
  xdg_positioner_set_anchor (positioner, XDG_POSITIONER_ANCHOR_BOTTOM_LEFT);
  xdg_positioner_set_gravity (positioner, XDG_POSITIONER_GRAVITY_BOTTOM_RIGHT);
  return positioner;
}

static void
make_toplevel (struct thing *t)
{
  t->surface = wl_compositor_create_surface (compositor);
  t->xdg = xdg_wm_base_get_xdg_surface (shell, t->surface);
  xdg_surface_add_listener (t->xdg, &xdg_listener, t);
  t->toplevel = xdg_surface_get_toplevel (t->xdg);
  xdg_toplevel_add_listener (t->toplevel, &toplevel_listener, t);
  wl_surface_commit (t->surface);
}

static void
make_popup (struct thing *t, struct thing *parent, const int *n)
{
  struct xdg_positioner *positioner = make_positioner (n);

  t->surface = wl_compositor_create_surface (compositor);
  t->xdg = xdg_wm_base_get_xdg_surface (shell, t->surface);
  xdg_surface_add_listener (t->xdg, &xdg_listener, t);
  t->popup = xdg_surface_get_popup (t->xdg, parent->xdg, positioner);
  xdg_popup_add_listener (t->popup, &popup_listener, t);
  if (last_serial)
    xdg_popup_grab (t->popup, seat, last_serial);
  xdg_positioner_destroy (positioner);
  wl_surface_commit (t->surface);
}

static void
destroy (struct thing *t)
{
  if (t->viewport)
    wp_viewport_destroy (t->viewport);
  if (t->sub)
    wl_subsurface_destroy (t->sub);
  if (t->popup)
    xdg_popup_destroy (t->popup);
  if (t->toplevel)
    xdg_toplevel_destroy (t->toplevel);
  if (t->xdg)
    xdg_surface_destroy (t->xdg);
  if (t->surface)
    wl_surface_destroy (t->surface);
  *t = (struct thing){ 0 };
}

static void
set_cursor (const int *n, uint32_t color)
{
  uint32_t *pixels;
  struct wl_buffer *buffer = make_buffer (n[0], n[1], false, &pixels);

  for (int i = 0; i < n[0] * n[1]; i++)
    pixels[i] = color;
  if (!cursor_surface)
    cursor_surface = wl_compositor_create_surface (compositor);
  wl_pointer_set_cursor (pointer, enter_serial, cursor_surface, n[2], n[3]);
  wl_surface_attach (cursor_surface, buffer, 0, 0);
  wl_surface_damage (cursor_surface, 0, 0, INT32_MAX, INT32_MAX);
  wl_surface_commit (cursor_surface);
}

static void
copy (const char *text)
{
  struct wl_data_source *source = wl_data_device_manager_create_data_source (data_manager);

  free (copied);
  copied = strdup (text);
  wl_data_source_add_listener (source, &source_listener, NULL);
  wl_data_source_offer (source, "text/plain;charset=utf-8");
  wl_data_device_set_selection (data_device, source, last_serial);
}

static void
paste (void)
{
  char text[256];
  int fds[2];
  ssize_t n;

  if (!offer || pipe (fds) < 0)
    return;
  wl_data_offer_receive (offer, "text/plain;charset=utf-8", fds[1]);
  close (fds[1]);
  wl_display_roundtrip (display);
  n = read (fds[0], text, sizeof text - 1);
  printf ("pasted %.*s\n", (int) (n > 0 ? n : 0), text);
  close (fds[0]);
}

static void
set_region (struct thing *t, const int *n, bool opaque)
{
  struct wl_region *region = wl_compositor_create_region (compositor);

  wl_region_add (region, n[0], n[1], n[2], n[3]);
  if (opaque)
    wl_surface_set_opaque_region (t->surface, region);
  else
    wl_surface_set_input_region (t->surface, region);
  wl_region_destroy (region);
}

/* Whether @verb can be done to @t as it is: a test may ask for anything in any order. */
static bool
possible (const char *verb, const struct thing *t, const struct thing *other)
{
  static const char *const any[] = { "cursor", "copy", "paste", "quit", "crash", NULL };
  static const char *const makers[] = { "toplevel", "popup", "sub", NULL };
  static const char *const of_toplevel[] = { "title",    "app",  "min",    "max",
                                             "maximize", "drag", "parent", NULL };
  static const char *const of_sub[] = { "desync", "sync", "move", "above", "below", NULL };

  for (int i = 0; any[i]; i++)
    if (!strcmp (verb, any[i]))
      return pointer != NULL || i > 0;
  for (int i = 0; makers[i]; i++)
    if (!strcmp (verb, makers[i]))
      return !t->surface && (i == 0 || (i == 1 ? other->xdg != NULL : other->surface != NULL));
  for (int i = 0; of_toplevel[i]; i++)
    if (!strcmp (verb, of_toplevel[i]))
      return t->toplevel != NULL && seat != NULL;
  for (int i = 0; of_sub[i]; i++)
    if (!strcmp (verb, of_sub[i]))
      return t->sub != NULL && (i < 3 || other->surface != NULL);
  if (!strcmp (verb, "reposition"))
    return t->popup != NULL;
  if (!strcmp (verb, "geometry"))
    return t->xdg != NULL;
  if (!strcmp (verb, "patch") || !strcmp (verb, "drop"))
    return t->surface && t->buffer;
  return t->surface != NULL;
}

static void
command (char *line)
{
  char verb[32] = "";
  int n[8] = { 0 }, used = 0, count = 0;
  struct thing *t;
  uint32_t color = 0;
  char *rest, *word;

  if (sscanf (line, "%31s %n", verb, &used) < 1)
    return;
  rest = line + used;
  for (word = rest; count < 8; count++)
    {
      char *end;
      long long value = strtoll (word, &end, 0);

      if (end == word)
        break;
      n[count] = (int) value;
      color = (uint32_t) value;
      word = end;
    }
  t = &things[n[0] & (MAX_IDS - 1)];
  while (*word == ' ')
    word++;
  if (!possible (verb, t, &things[n[1] & (MAX_IDS - 1)]))
    printf ("impossible %s %d\n", verb, n[0]);
  else if (!strcmp (verb, "toplevel"))
    make_toplevel (t);
  else if (!strcmp (verb, "popup"))
    make_popup (t, &things[n[1] & (MAX_IDS - 1)], n + 2);
  else if (!strcmp (verb, "reposition"))
    xdg_popup_reposition (t->popup, make_positioner (n + 1), 77);
  else if (!strcmp (verb, "sub"))
    {
      t->surface = wl_compositor_create_surface (compositor);
      t->sub = wl_subcompositor_get_subsurface (subcompositor, t->surface,
                                                things[n[1] & (MAX_IDS - 1)].surface);
      wl_subsurface_set_position (t->sub, n[2], n[3]);
    }
  else if (!strcmp (verb, "desync"))
    wl_subsurface_set_desync (t->sub);
  else if (!strcmp (verb, "sync"))
    wl_subsurface_set_sync (t->sub);
  else if (!strcmp (verb, "move"))
    wl_subsurface_set_position (t->sub, n[1], n[2]);
  else if (!strcmp (verb, "above"))
    wl_subsurface_place_above (t->sub, things[n[1] & (MAX_IDS - 1)].surface);
  else if (!strcmp (verb, "below"))
    wl_subsurface_place_below (t->sub, things[n[1] & (MAX_IDS - 1)].surface);
  else if (!strcmp (verb, "draw"))
    draw (t, n[1], n[2], color);
  else if (!strcmp (verb, "patch"))
    patch (t, n[1], n[2], n[3], n[4], color);
  else if (!strcmp (verb, "ask"))
    {
      ask_frame (t);
      wl_surface_commit (t->surface);
    }
  else if (!strcmp (verb, "commit"))
    wl_surface_commit (t->surface);
  else if (!strcmp (verb, "scale"))
    wl_surface_set_buffer_scale (t->surface, n[1]);
  else if (!strcmp (verb, "transform"))
    wl_surface_set_buffer_transform (t->surface, n[1]);
  else if (!strcmp (verb, "viewport"))
    {
      if (!t->viewport)
        t->viewport = wp_viewporter_get_viewport (viewporter, t->surface);
      wp_viewport_set_destination (t->viewport, n[1], n[2]);
    }
  else if (!strcmp (verb, "geometry"))
    xdg_surface_set_window_geometry (t->xdg, n[1], n[2], n[3], n[4]);
  else if (!strcmp (verb, "input"))
    set_region (t, n + 1, false);
  else if (!strcmp (verb, "solid"))
    set_region (t, n + 1, true);
  else if (!strcmp (verb, "opaque"))
    t->opaque = n[1];
  else if (!strcmp (verb, "title"))
    xdg_toplevel_set_title (t->toplevel, word);
  else if (!strcmp (verb, "app"))
    xdg_toplevel_set_app_id (t->toplevel, word);
  else if (!strcmp (verb, "min"))
    xdg_toplevel_set_min_size (t->toplevel, n[1], n[2]);
  else if (!strcmp (verb, "max"))
    xdg_toplevel_set_max_size (t->toplevel, n[1], n[2]);
  else if (!strcmp (verb, "maximize"))
    xdg_toplevel_set_maximized (t->toplevel);
  else if (!strcmp (verb, "drag"))
    xdg_toplevel_move (t->toplevel, seat, last_serial);
  else if (!strcmp (verb, "parent"))
    xdg_toplevel_set_parent (t->toplevel, things[n[1] & (MAX_IDS - 1)].toplevel);
  else if (!strcmp (verb, "unmap"))
    {
      wl_surface_attach (t->surface, NULL, 0, 0);
      wl_surface_commit (t->surface);
    }
  else if (!strcmp (verb, "drop"))
    {
      wl_buffer_destroy (t->buffer);
      t->buffer = NULL;
    }
  else if (!strcmp (verb, "cursor"))
    set_cursor (n, color);
  else if (!strcmp (verb, "copy"))
    copy (rest);
  else if (!strcmp (verb, "paste"))
    paste ();
  else if (!strcmp (verb, "destroy"))
    destroy (t);
  else if (!strcmp (verb, "quit"))
    exit (0);
  else if (!strcmp (verb, "crash"))
    abort ();
  else
    {
      fprintf (stderr, "client: no command %s\n", verb);
      exit (2);
    }
}

static void
report_error (void)
{
  const struct wl_interface *interface = NULL;
  uint32_t id, code = wl_display_get_protocol_error (display, &interface, &id);

  printf ("error %s %u\n", interface ? interface->name : "connection", code);
  exit (1);
}

int
main (int argc, char **argv)
{
  FILE *in = argc > 1 ? fopen (argv[1], "r") : stdin;
  char line[1 << 13];
  size_t length = 0;

  setvbuf (stdout, NULL, _IOLBF, 0);
  display = wl_display_connect (NULL);
  if (!display || !in)
    return 4;
  wl_registry_add_listener (wl_display_get_registry (display), &registry_listener, NULL);
  wl_display_roundtrip (display);
  data_device = wl_data_device_manager_get_data_device (data_manager, seat);
  wl_data_device_add_listener (data_device, &device_listener, NULL);
  wl_display_roundtrip (display);
  printf ("ready\n");
  for (;;)
    {
      struct pollfd p[2] = { { .fd = fileno (in), .events = POLLIN },
                             { .fd = wl_display_get_fd (display), .events = POLLIN } };

      if (wl_display_dispatch_pending (display) < 0)
        report_error ();
      wl_display_flush (display);
      if (poll (p, 2, -1) < 0)
        return 5;
      if (p[1].revents && wl_display_dispatch (display) < 0)
        report_error ();
      if (p[0].revents)
        {
          ssize_t n = read (p[0].fd, line + length, sizeof line - 1 - length);
          char *start = line, *end;

          if (n <= 0)
            return 0;
          length += (size_t) n;
          line[length] = '\0';
          for (; (end = strchr (start, '\n')); start = end + 1)
            {
              *end = '\0';
              command (start);
            }
          length -= (size_t) (start - line);
          memmove (line, start, length);
        }
    }
}
