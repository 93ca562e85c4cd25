/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A pointer and a keyboard that a test drives: commands on stdin, one line each, every one
 * answered on stdout by "ok" once the compositor has handled it, or by "error REASON".
 *
 *   move X Y            pointer to X,Y of the output
 *   down|up|click [left|right|middle|CODE]
 *   scroll DX DY        wheel clicks
 *   keydown|keyup|key [MOD+]…NAME|CODE   keysym name ("Return", "ctrl+shift+c") or evdev code
 *   type TEXT           the rest of the line, on a us keyboard
 *   sync                nothing but the round trip
 *
 * One device of each kind lives as long as the program: a device per keystroke loses keys.
 */
#include <errno.h>
#include <linux/input-event-codes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <wayland-client.h>
#include <xkbcommon/xkbcommon.h>

#include "virtual-keyboard-unstable-v1-client-protocol.h"
#include "wlr-virtual-pointer-unstable-v1-client-protocol.h"

#define WHEEL_STEP 15

static struct wl_display *display;
static struct wl_seat *seat;
static struct wl_output *output;
static struct zwlr_virtual_pointer_manager_v1 *pointer_manager;
static struct zwp_virtual_keyboard_manager_v1 *keyboard_manager;
static struct zwlr_virtual_pointer_v1 *pointer;
static struct zwp_virtual_keyboard_v1 *keyboard;
static struct xkb_keymap *keymap;
static struct xkb_state *state;
static int output_width, output_height;

static uint32_t
now (void)
{
  struct timespec ts;

  clock_gettime (CLOCK_MONOTONIC, &ts);
  return (uint32_t) (ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}

/* ---- Globals ---- */

static void
output_geometry (void *data, struct wl_output *o, int32_t x, int32_t y, int32_t mm_w, int32_t mm_h,
                 int32_t subpixel, const char *make, const char *model, int32_t transform)
{
}

static void
output_mode (void *data, struct wl_output *o, uint32_t flags, int32_t w, int32_t h, int32_t refresh)
{
  if (flags & WL_OUTPUT_MODE_CURRENT)
    {
      output_width = w;
      output_height = h;
    }
}

static void
output_done (void *data, struct wl_output *o)
{
}

/* Positions are in pixels of the mode; tests that scale an output use logical pixels instead. */
static int output_factor = 1;

static void
output_scale (void *data, struct wl_output *o, int32_t factor)
{
  output_factor = factor > 0 ? factor : 1;
}

static const struct wl_output_listener output_listener = {
  .geometry = output_geometry, .mode = output_mode, .done = output_done, .scale = output_scale,
};

static void
registry_global (void *data, struct wl_registry *registry, uint32_t name, const char *interface,
                 uint32_t version)
{
  if (strcmp (interface, wl_seat_interface.name) == 0 && !seat)
    seat = wl_registry_bind (registry, name, &wl_seat_interface, 1);
  else if (strcmp (interface, wl_output_interface.name) == 0 && !output)
    {
      output = wl_registry_bind (registry, name, &wl_output_interface, 2);
      wl_output_add_listener (output, &output_listener, NULL);
    }
  else if (strcmp (interface, zwlr_virtual_pointer_manager_v1_interface.name) == 0)
    pointer_manager = wl_registry_bind (registry, name,
                                        &zwlr_virtual_pointer_manager_v1_interface, 1);
  else if (strcmp (interface, zwp_virtual_keyboard_manager_v1_interface.name) == 0)
    keyboard_manager = wl_registry_bind (registry, name,
                                         &zwp_virtual_keyboard_manager_v1_interface, 1);
}

static void
registry_remove (void *data, struct wl_registry *registry, uint32_t name)
{
}

static const struct wl_registry_listener registry_listener = { registry_global, registry_remove };

static bool
upload_keymap (void)
{
  struct xkb_context *context = xkb_context_new (XKB_CONTEXT_NO_FLAGS);
  const struct xkb_rule_names names = { .rules = "evdev", .model = "pc105", .layout = "us" };
  char *text;
  size_t size;
  int fd;

  keymap = xkb_keymap_new_from_names (context, &names, XKB_KEYMAP_COMPILE_NO_FLAGS);
  if (!keymap)
    return false;
  state = xkb_state_new (keymap);
  text = xkb_keymap_get_as_string (keymap, XKB_KEYMAP_FORMAT_TEXT_V1);
  size = strlen (text) + 1;
  fd = memfd_create ("keymap", MFD_CLOEXEC);
  if (fd < 0 || write (fd, text, size) != (ssize_t) size)
    return false;
  zwp_virtual_keyboard_v1_keymap (keyboard, WL_KEYBOARD_KEYMAP_FORMAT_XKB_V1, fd, size);
  close (fd);
  free (text);
  return true;
}

/* ---- Keys ---- */

/* @code is evdev's; xkb counts from 8. */
static void
send_key (uint32_t code, bool down)
{
  zwp_virtual_keyboard_v1_key (keyboard, now (), code,
                               down ? WL_KEYBOARD_KEY_STATE_PRESSED
                                    : WL_KEYBOARD_KEY_STATE_RELEASED);
  xkb_state_update_key (state, code + 8, down ? XKB_KEY_DOWN : XKB_KEY_UP);
  zwp_virtual_keyboard_v1_modifiers (keyboard,
                                     xkb_state_serialize_mods (state, XKB_STATE_MODS_DEPRESSED),
                                     xkb_state_serialize_mods (state, XKB_STATE_MODS_LATCHED),
                                     xkb_state_serialize_mods (state, XKB_STATE_MODS_LOCKED),
                                     xkb_state_serialize_layout (state,
                                                                 XKB_STATE_LAYOUT_EFFECTIVE));
}

static bool
find_keysym (xkb_keysym_t wanted, uint32_t *code, bool *shift)
{
  xkb_keycode_t max = xkb_keymap_max_keycode (keymap);

  for (xkb_keycode_t key = xkb_keymap_min_keycode (keymap); key <= max; key++)
    for (xkb_level_index_t level = 0; level < 2; level++)
      {
        const xkb_keysym_t *syms;

        if (xkb_keymap_key_get_syms_by_level (keymap, key, 0, level, &syms) == 1
            && syms[0] == wanted)
          {
            *code = key - 8;
            *shift = level == 1;
            return true;
          }
      }
  return false;
}

static bool
modifier_code (const char *name, uint32_t *code)
{
  static const struct { const char *name; uint32_t code; } table[] = {
    { "ctrl", KEY_LEFTCTRL }, { "shift", KEY_LEFTSHIFT }, { "alt", KEY_LEFTALT },
    { "super", KEY_LEFTMETA },
  };

  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
    if (strcmp (name, table[i].name) == 0)
      {
        *code = table[i].code;
        return true;
      }
  return false;
}

/* Presses the modifiers in front of the name, then the key, and lets go in the reverse order. */
static const char *
do_key (char *arg, bool press, bool release)
{
  uint32_t codes[8];
  size_t n = 0;
  char *save = NULL;

  for (char *part = strtok_r (arg, "+", &save); part; part = strtok_r (NULL, "+", &save))
    {
      char *end;
      bool shift = false;
      xkb_keysym_t sym;

      if (n >= 6)
        return "too many keys";
      if (modifier_code (part, &codes[n]))
        {
          n++;
          continue;
        }
      codes[n] = strtoul (part, &end, 10);
      if (*end || strlen (part) == 1)
        {
          sym = xkb_keysym_from_name (part, XKB_KEYSYM_NO_FLAGS);
          if (sym == XKB_KEY_NoSymbol || !find_keysym (sym, &codes[n], &shift))
            return "no such key on this keymap";
          if (shift)
            {
              codes[n + 1] = codes[n];
              codes[n++] = KEY_LEFTSHIFT;
            }
        }
      n++;
    }
  if (n == 0)
    return "no key named";
  for (size_t i = 0; press && i < n; i++)
    send_key (codes[i], true);
  for (size_t i = n; release && i > 0; i--)
    send_key (codes[i - 1], false);
  return NULL;
}

static const char *
do_type (const char *text)
{
  for (const char *p = text; *p; p++)
    {
      uint32_t code;
      bool shift;

      if ((unsigned char) *p >= 0x80 || !find_keysym (xkb_utf32_to_keysym (*p), &code, &shift))
        return "no such character on this keymap";
      if (shift)
        send_key (KEY_LEFTSHIFT, true);
      send_key (code, true);
      send_key (code, false);
      if (shift)
        send_key (KEY_LEFTSHIFT, false);
    }
  return NULL;
}

/* ---- Pointer ---- */

static const char *
do_move (const char *arg)
{
  int x, y;

  if (sscanf (arg, "%d %d", &x, &y) != 2 || x < 0 || y < 0)
    return "move wants X Y";
  zwlr_virtual_pointer_v1_motion_absolute (pointer, now (), x, y, output_width / output_factor,
                                           output_height / output_factor);
  zwlr_virtual_pointer_v1_frame (pointer);
  return NULL;
}

static const char *
do_button (const char *arg, bool press, bool release)
{
  uint32_t button = BTN_LEFT;

  if (strcmp (arg, "right") == 0)
    button = BTN_RIGHT;
  else if (strcmp (arg, "middle") == 0)
    button = BTN_MIDDLE;
  else if (*arg && strcmp (arg, "left") != 0)
    button = strtoul (arg, NULL, 0);
  if (press)
    {
      zwlr_virtual_pointer_v1_button (pointer, now (), button, WL_POINTER_BUTTON_STATE_PRESSED);
      zwlr_virtual_pointer_v1_frame (pointer);
    }
  if (release)
    {
      zwlr_virtual_pointer_v1_button (pointer, now (), button, WL_POINTER_BUTTON_STATE_RELEASED);
      zwlr_virtual_pointer_v1_frame (pointer);
    }
  return NULL;
}

static void
scroll_axis (uint32_t axis, int clicks)
{
  if (clicks == 0)
    return;
  zwlr_virtual_pointer_v1_axis_source (pointer, WL_POINTER_AXIS_SOURCE_WHEEL);
  zwlr_virtual_pointer_v1_axis_discrete (pointer, now (), axis,
                                         wl_fixed_from_int (clicks * WHEEL_STEP), clicks);
  zwlr_virtual_pointer_v1_frame (pointer);
}

static const char *
do_scroll (const char *arg)
{
  int dx, dy;

  if (sscanf (arg, "%d %d", &dx, &dy) != 2)
    return "scroll wants DX DY";
  scroll_axis (WL_POINTER_AXIS_VERTICAL_SCROLL, dy);
  scroll_axis (WL_POINTER_AXIS_HORIZONTAL_SCROLL, dx);
  return NULL;
}

static const char *
obey (char *line)
{
  char *arg = strchr (line, ' ');

  if (arg)
    *arg++ = '\0';
  else
    arg = line + strlen (line);
  if (strcmp (line, "move") == 0)
    return do_move (arg);
  if (strcmp (line, "down") == 0)
    return do_button (arg, true, false);
  if (strcmp (line, "up") == 0)
    return do_button (arg, false, true);
  if (strcmp (line, "click") == 0)
    return do_button (arg, true, true);
  if (strcmp (line, "scroll") == 0)
    return do_scroll (arg);
  if (strcmp (line, "key") == 0)
    return do_key (arg, true, true);
  if (strcmp (line, "keydown") == 0)
    return do_key (arg, true, false);
  if (strcmp (line, "keyup") == 0)
    return do_key (arg, false, true);
  if (strcmp (line, "type") == 0)
    return do_type (arg);
  if (strcmp (line, "sync") == 0)
    return NULL;
  return "unknown command";
}

int
main (void)
{
  struct wl_registry *registry;
  char *line = NULL;
  size_t capacity = 0;
  ssize_t length;

  display = wl_display_connect (NULL);
  if (!display)
    {
      fprintf (stderr, "input: no compositor: %s\n", strerror (errno));
      return 1;
    }
  registry = wl_display_get_registry (display);
  wl_registry_add_listener (registry, &registry_listener, NULL);
  wl_display_roundtrip (display);
  wl_display_roundtrip (display);
  if (!seat || !output || !pointer_manager || !keyboard_manager)
    {
      fprintf (stderr, "input: the compositor lacks a seat, an output or virtual devices\n");
      return 1;
    }
  pointer = zwlr_virtual_pointer_manager_v1_create_virtual_pointer (pointer_manager, seat);
  keyboard = zwp_virtual_keyboard_manager_v1_create_virtual_keyboard (keyboard_manager, seat);
  if (!upload_keymap () || wl_display_roundtrip (display) < 0)
    {
      fprintf (stderr, "input: no keymap\n");
      return 1;
    }
  printf ("ready\n");
  fflush (stdout);
  while ((length = getline (&line, &capacity, stdin)) > 0)
    {
      const char *error;

      if (line[length - 1] == '\n')
        line[length - 1] = '\0';
      error = obey (line);
      if (wl_display_roundtrip (display) < 0)
        error = "the compositor went away";
      if (error)
        printf ("error %s\n", error);
      else
        puts ("ok");
      fflush (stdout);
    }
  return 0;
}
