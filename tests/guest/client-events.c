/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What happens to the told program (client.c), printed. */
#include "client.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int
id_of (struct wl_surface *surface)
{
  for (int i = 0; i < MAX_IDS; i++)
    if (things[i].surface == surface && surface)
      return i;
  return -1;
}

static void
xdg_configure (void *data, struct xdg_surface *xdg, uint32_t serial)
{
  struct thing *t = data;

  xdg_surface_ack_configure (xdg, serial);
  printf ("configure %d %d %d %u\n", (int) (t - things), t->pending_width, t->pending_height,
          t->states);
}

const struct xdg_surface_listener xdg_listener = { xdg_configure };

static void
toplevel_configure (void *data, struct xdg_toplevel *toplevel, int32_t width, int32_t height,
                    struct wl_array *states)
{
  struct thing *t = data;
  uint32_t *state;

  t->pending_width = width;
  t->pending_height = height;
  t->states = 0;
  wl_array_for_each (state, states) t->states |= 1u << *state;
}

static void
toplevel_close (void *data, struct xdg_toplevel *toplevel)
{
  printf ("close %d\n", (int) ((struct thing *) data - things));
}

const struct xdg_toplevel_listener toplevel_listener = { .configure = toplevel_configure,
                                                         .close = toplevel_close };

static void
popup_configure (void *data, struct xdg_popup *popup, int32_t x, int32_t y, int32_t width,
                 int32_t height)
{
  struct thing *t = data;

  t->pending_width = width;
  t->pending_height = height;
  printf ("place %d %d %d\n", (int) (t - things), x, y);
}

static void
popup_done (void *data, struct xdg_popup *popup)
{
  printf ("popup_done %d\n", (int) ((struct thing *) data - things));
}

static void
popup_repositioned (void *data, struct xdg_popup *popup, uint32_t token)
{
  printf ("repositioned %d %u\n", (int) ((struct thing *) data - things), token);
}

const struct xdg_popup_listener popup_listener = { .configure = popup_configure,
                                                   .popup_done = popup_done,
                                                   .repositioned = popup_repositioned };

static void
pointer_enter (void *data, struct wl_pointer *p, uint32_t serial, struct wl_surface *surface,
               wl_fixed_t x, wl_fixed_t y)
{
  enter_serial = last_serial = serial;
  printf ("enter %d %g %g\n", id_of (surface), wl_fixed_to_double (x), wl_fixed_to_double (y));
}

static void
pointer_leave (void *data, struct wl_pointer *p, uint32_t serial, struct wl_surface *surface)
{
  printf ("leave %d\n", id_of (surface));
}

static void
pointer_motion (void *data, struct wl_pointer *p, uint32_t time, wl_fixed_t x, wl_fixed_t y)
{
  printf ("motion %g %g\n", wl_fixed_to_double (x), wl_fixed_to_double (y));
}

static void
pointer_button (void *data, struct wl_pointer *p, uint32_t serial, uint32_t time, uint32_t button,
                uint32_t state)
{
  last_serial = serial;
  printf ("button %u %u %u\n", serial, button, state);
}

static void
pointer_axis (void *data, struct wl_pointer *p, uint32_t time, uint32_t axis, wl_fixed_t value)
{
  printf ("axis %u %g\n", axis, wl_fixed_to_double (value));
}

static void
pointer_frame (void *data, struct wl_pointer *p)
{
}

static void
pointer_axis_source (void *data, struct wl_pointer *p, uint32_t source)
{
}

static void
pointer_axis_stop (void *data, struct wl_pointer *p, uint32_t time, uint32_t axis)
{
  printf ("axis_stop %u\n", axis);
}

static void
pointer_axis_discrete (void *data, struct wl_pointer *p, uint32_t axis, int32_t discrete)
{
  printf ("discrete %u %d\n", axis, discrete);
}

static const struct wl_pointer_listener pointer_listener = {
  pointer_enter, pointer_leave,       pointer_motion,    pointer_button,       pointer_axis,
  pointer_frame, pointer_axis_source, pointer_axis_stop, pointer_axis_discrete
};

static void
keyboard_keymap (void *data, struct wl_keyboard *k, uint32_t format, int fd, uint32_t size)
{
  char *text = size ? mmap (NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;

  printf ("keymap %u %.20s\n", size, text && text != MAP_FAILED ? text : "");
  close (fd);
}

static void
keyboard_enter (void *data, struct wl_keyboard *k, uint32_t serial, struct wl_surface *surface,
                struct wl_array *keys)
{
  last_serial = serial;
  printf ("focus %d %zu\n", id_of (surface), keys->size / 4);
}

static void
keyboard_leave (void *data, struct wl_keyboard *k, uint32_t serial, struct wl_surface *surface)
{
  printf ("unfocus %d\n", id_of (surface));
}

static void
keyboard_key (void *data, struct wl_keyboard *k, uint32_t serial, uint32_t time, uint32_t key,
              uint32_t state)
{
  last_serial = serial;
  printf ("key %u %u\n", key, state);
}

static void
keyboard_modifiers (void *data, struct wl_keyboard *k, uint32_t serial, uint32_t depressed,
                    uint32_t latched, uint32_t locked, uint32_t group)
{
  printf ("modifiers %u %u\n", depressed, group);
}

static void
keyboard_repeat (void *data, struct wl_keyboard *k, int32_t rate, int32_t delay)
{
  printf ("repeat %d %d\n", rate, delay);
}

static const struct wl_keyboard_listener keyboard_listener = {
  keyboard_keymap, keyboard_enter, keyboard_leave, keyboard_key, keyboard_modifiers, keyboard_repeat
};

static void
touch_down (void *data, struct wl_touch *touch, uint32_t serial, uint32_t time,
            struct wl_surface *surface, int32_t id, wl_fixed_t x, wl_fixed_t y)
{
  printf ("touch %d %d %g %g\n", id, id_of (surface), wl_fixed_to_double (x),
          wl_fixed_to_double (y));
}

static void
touch_up (void *data, struct wl_touch *touch, uint32_t serial, uint32_t time, int32_t id)
{
  printf ("lift %d\n", id);
}

static void
touch_motion (void *data, struct wl_touch *touch, uint32_t time, int32_t id, wl_fixed_t x,
              wl_fixed_t y)
{
  printf ("slide %d %g %g\n", id, wl_fixed_to_double (x), wl_fixed_to_double (y));
}

static void
touch_frame (void *data, struct wl_touch *touch)
{
  printf ("touch_frame\n");
}

static void
touch_cancel (void *data, struct wl_touch *touch)
{
  printf ("touch_cancel\n");
}

static const struct wl_touch_listener touch_listener = { .down = touch_down,
                                                         .up = touch_up,
                                                         .motion = touch_motion,
                                                         .frame = touch_frame,
                                                         .cancel = touch_cancel };

static void
seat_capabilities (void *data, struct wl_seat *s, uint32_t capabilities)
{
  if ((capabilities & WL_SEAT_CAPABILITY_POINTER) && !pointer)
    {
      pointer = wl_seat_get_pointer (s);
      wl_pointer_add_listener (pointer, &pointer_listener, NULL);
      wl_keyboard_add_listener (wl_seat_get_keyboard (s), &keyboard_listener, NULL);
      wl_touch_add_listener (wl_seat_get_touch (s), &touch_listener, NULL);
    }
}

static void
seat_name (void *data, struct wl_seat *s, const char *name)
{
}

static const struct wl_seat_listener seat_listener = { seat_capabilities, seat_name };

static void
offer_type (void *data, struct wl_data_offer *o, const char *type)
{
}

static const struct wl_data_offer_listener offer_listener = { .offer = offer_type };

static void
device_offer (void *data, struct wl_data_device *device, struct wl_data_offer *o)
{
  wl_data_offer_add_listener (o, &offer_listener, NULL);
}

static void
device_selection (void *data, struct wl_data_device *device, struct wl_data_offer *o)
{
  offer = o;
  printf ("selection %d\n", o != NULL);
}

const struct wl_data_device_listener device_listener = { .data_offer = device_offer,
                                                         .selection = device_selection };

static void
source_target (void *data, struct wl_data_source *source, const char *type)
{
}

static void
source_send (void *data, struct wl_data_source *source, const char *type, int32_t fd)
{
  if (write (fd, copied, strlen (copied)) < 0)
    perror ("write");
  close (fd);
}

static void
source_cancelled (void *data, struct wl_data_source *source)
{
  printf ("cancelled\n");
  wl_data_source_destroy (source);
}

const struct wl_data_source_listener source_listener = { .target = source_target,
                                                         .send = source_send,
                                                         .cancelled = source_cancelled };

static void
shell_ping (void *data, struct xdg_wm_base *base, uint32_t serial)
{
  xdg_wm_base_pong (base, serial);
}

static const struct xdg_wm_base_listener shell_listener = { shell_ping };

static void
output_geometry (void *data, struct wl_output *output, int32_t x, int32_t y, int32_t width,
                 int32_t height, int32_t subpixel, const char *make, const char *model,
                 int32_t transform)
{
}

static void
output_mode (void *data, struct wl_output *output, uint32_t flags, int32_t width, int32_t height,
             int32_t refresh)
{
  printf ("output %d %d %d\n", width, height, refresh);
}

static void
output_done (void *data, struct wl_output *output)
{
}

static void
output_scale (void *data, struct wl_output *output, int32_t scale)
{
  printf ("output_scale %d\n", scale);
}

static void
output_name (void *data, struct wl_output *output, const char *name)
{
  printf ("output_name %s\n", name);
}

static const struct wl_output_listener output_listener = { output_geometry, output_mode,
                                                           output_done,     output_scale,
                                                           output_name,     output_name };

static void
global (void *data, struct wl_registry *registry, uint32_t name, const char *interface,
        uint32_t version)
{
  if (!strcmp (interface, "wl_compositor"))
    compositor = wl_registry_bind (registry, name, &wl_compositor_interface, 4);
  else if (!strcmp (interface, "wl_subcompositor"))
    subcompositor = wl_registry_bind (registry, name, &wl_subcompositor_interface, 1);
  else if (!strcmp (interface, "wl_shm"))
    shm = wl_registry_bind (registry, name, &wl_shm_interface, 1);
  else if (!strcmp (interface, "xdg_wm_base"))
    {
      shell = wl_registry_bind (registry, name, &xdg_wm_base_interface, 3);
      xdg_wm_base_add_listener (shell, &shell_listener, NULL);
    }
  else if (!strcmp (interface, "wp_viewporter"))
    viewporter = wl_registry_bind (registry, name, &wp_viewporter_interface, 1);
  else if (!strcmp (interface, "wl_output"))
    wl_output_add_listener (wl_registry_bind (registry, name, &wl_output_interface, 4),
                            &output_listener, NULL);
  else if (!strcmp (interface, "wl_seat"))
    {
      seat = wl_registry_bind (registry, name, &wl_seat_interface, 5);
      wl_seat_add_listener (seat, &seat_listener, NULL);
    }
  else if (!strcmp (interface, "wl_data_device_manager"))
    data_manager = wl_registry_bind (registry, name, &wl_data_device_manager_interface, 3);
}

static void
global_remove (void *data, struct wl_registry *registry, uint32_t name)
{
}

const struct wl_registry_listener registry_listener = { global, global_remove };
