/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is done to the window, for the virtual machine's keyboard and pointer.
 *
 * The guest has a keyboard of its own, with a layout of its own: it gets keys, not letters. Repeating them is the
 * host's (QEMU's keyboard does not), so that none repeats after its window has lost the keyboard. */
#include "bh-screen.h"
#include "bh-scancode.h"

#include <linux/input-event-codes.h>
#include <string.h>

#define FIXED 256
#define STEP 120
/* Of a touch pad, which has no steps, this way in logical pixels is one. */
#define STEP_WAY (10 * FIXED)
#define MAX_STEPS 20
#define SHAPE_DEFAULT 1 /* wp_cursor_shape_device_v1.shape */

/* RFC 6143, 7.5.5 */
enum
{
  LEFT = 1,
  MIDDLE = 2,
  RIGHT = 4,
  WHEEL_UP = 8,
  WHEEL_DOWN = 16,
  WHEEL_LEFT = 32,
  WHEEL_RIGHT = 64,
};

void
bh_input_init (BhInput *input)
{
  input->touch = -1;
  input->repeat_rate = 25;
  input->repeat_delay = 600;
}

/* Keys. */

static bool
is_down (const BhInput *input, unsigned key)
{
  return input->down[key / 8] >> (key % 8) & 1;
}

static void
press (BhScreen *screen, unsigned key, bool down)
{
  BhInput *input = &screen->input;
  unsigned code = bh_scancode_of (key);

  if (!code || is_down (input, key) == down)
    return;
  input->down[key / 8] ^= (uint8_t) (1u << (key % 8));
  bh_rfb_key (&screen->rfb, code, down);
}

static bool
repeats (unsigned key)
{
  static const unsigned short never[] = { KEY_LEFTCTRL, KEY_RIGHTCTRL, KEY_LEFTSHIFT, KEY_RIGHTSHIFT,
                                          KEY_LEFTALT,  KEY_RIGHTALT,  KEY_LEFTMETA,  KEY_RIGHTMETA,
                                          KEY_CAPSLOCK, KEY_NUMLOCK,   KEY_SCROLLLOCK };

  for (size_t i = 0; i < sizeof never / sizeof *never; i++)
    if (never[i] == key)
      return false;
  return true;
}

static void
key (BhScreen *screen, const bh_msg_key *message)
{
  BhInput *input = &screen->input;

  press (screen, message->key, message->pressed);
  if (message->pressed && repeats (message->key) && is_down (input, message->key)
      && input->repeat_rate > 0)
    {
      input->repeat_key = message->key;
      input->repeat_at = bh_screen_now () + input->repeat_delay;
    }
  else if (!message->pressed && message->key == input->repeat_key)
    input->repeat_key = 0;
}

int
bh_input_repeat (BhScreen *screen)
{
  BhInput *input = &screen->input;
  uint64_t now;

  if (!input->repeat_key)
    return -1;
  now = bh_screen_now ();
  if (now >= input->repeat_at)
    {
      bh_rfb_key (&screen->rfb, bh_scancode_of (input->repeat_key), true);
      /* Not to make up for what was missed. */
      input->repeat_at = now + 1000 / input->repeat_rate;
    }
  return (int) (input->repeat_at - now);
}

static void
release_keys (BhScreen *screen)
{
  screen->input.repeat_key = 0;
  for (unsigned i = 0; i < 0x300; i++)
    if (is_down (&screen->input, i))
      press (screen, i, false);
}

/* The pointer. */

static int
clamp (int64_t value, int most)
{
  return value < 0 ? 0 : value > most ? most : (int) value;
}

/* QEMU's display is as wide as its tiles of 16 pixels make it (ui/vnc.c, vnc_width()); it tells the width of the
 * screen in it, but takes the pointer's place for a part of its own. */
static int
stretch (int x, unsigned width)
{
  return (int) ((int64_t) x * ((width + 15) & ~15u) / width);
}

static void
tell_pointer (BhScreen *screen)
{
  BhInput *input = &screen->input;

  if (screen->rfb.absolute)
    bh_rfb_pointer (&screen->rfb, input->buttons, stretch (input->x, screen->rfb.width), input->y);
  else
    bh_rfb_pointer (&screen->rfb, input->buttons, input->x - input->told_x,
                    input->y - input->told_y);
  input->told_x = input->x;
  input->told_y = input->y;
}

/* @x, @y: of the window, 24.8 */
static void
move (BhScreen *screen, int32_t x, int32_t y)
{
  const BhLayout *l = &screen->view.layout;
  BhInput *input = &screen->input;

  if (l->logical_width == 0 || l->logical_height == 0)
    return;
  input->x = clamp ((int64_t) x * l->width / l->logical_width / FIXED - l->x,
                    (int) screen->rfb.width - 1);
  input->y = clamp ((int64_t) y * l->height / l->logical_height / FIXED - l->y,
                    (int) screen->rfb.height - 1);
}

static void
hold (BhScreen *screen, unsigned button, bool down)
{
  BhInput *input = &screen->input;

  input->buttons = down ? input->buttons | button : input->buttons & ~button;
  tell_pointer (screen);
}

static void
button (BhScreen *screen, const bh_msg_pointer_button *message)
{
  switch (message->button)
    {
    case BTN_LEFT:
      hold (screen, LEFT, message->pressed);
      break;
    case BTN_MIDDLE:
      hold (screen, MIDDLE, message->pressed);
      break;
    case BTN_RIGHT:
      hold (screen, RIGHT, message->pressed);
      break;
    default:
      break;
    }
}

static void
turn (BhScreen *screen, const bh_msg_pointer_axis *message)
{
  static const unsigned wheels[2][2] = { { WHEEL_UP, WHEEL_DOWN }, { WHEEL_LEFT, WHEEL_RIGHT } };
  int *axis = &screen->input.axis[message->axis];

  if (message->stop)
    *axis = 0;
  else if (message->discrete)
    *axis += message->discrete;
  else
    *axis += (int) ((int64_t) message->value * STEP / STEP_WAY);
  for (unsigned i = 0; i < MAX_STEPS && (*axis >= STEP || *axis <= -STEP); i++)
    {
      unsigned wheel = wheels[message->axis][*axis > 0];

      hold (screen, wheel, true);
      hold (screen, wheel, false);
      *axis += *axis > 0 ? -STEP : STEP;
    }
  *axis %= STEP;
}

static void
show_cursor (BhScreen *screen)
{
  BhInput *input = &screen->input;
  uint32_t width = input->cursor_width, height = input->cursor_height;

  if (!input->enter)
    return;
  switch (input->cursor)
    {
    case BH_CURSOR_HIDDEN:
      BH_SEND (screen, CURSOR_HIDE, cursor_hide, .serial = input->enter);
      break;
    case BH_CURSOR_PICTURE:
      BH_SEND (screen, CURSOR_IMAGE, cursor_image, .serial = input->enter, .width = width,
               .height = height, .scale = 1, .hotspot_x = (int32_t) input->cursor_x,
               .hotspot_y = (int32_t) input->cursor_y,
               .pixels = { input->cursor_pixels, width * height * 4 });
      break;
    case BH_CURSOR_HOST:
    default:
      BH_SEND (screen, CURSOR_SHAPE, cursor_shape, .serial = input->enter, .shape = SHAPE_DEFAULT);
    }
}

void
bh_input_set_cursor (BhScreen *screen, const BhRfbCursor *cursor)
{
  BhInput *input = &screen->input;

  input->cursor = cursor->too_large ? BH_CURSOR_HOST
                  : cursor->pixels  ? BH_CURSOR_PICTURE
                                    : BH_CURSOR_HIDDEN;
  if (input->cursor == BH_CURSOR_PICTURE)
    {
      input->cursor_width = cursor->width;
      input->cursor_height = cursor->height;
      input->cursor_x = cursor->hot_x;
      input->cursor_y = cursor->hot_y;
      memcpy (input->cursor_pixels, cursor->pixels, (size_t) cursor->width * cursor->height * 4);
    }
  show_cursor (screen);
}

static void
leave (BhScreen *screen)
{
  screen->input.enter = 0;
  screen->input.axis[0] = screen->input.axis[1] = 0;
  if (screen->input.buttons)
    hold (screen, ~0u, false);
}

void
bh_input_release (BhScreen *screen)
{
  release_keys (screen);
  leave (screen);
  screen->input.touch = -1;
}

/* The first finger is the pointer's left button. */
static void
touch (BhScreen *screen, const BhMessage *message)
{
  BhInput *input = &screen->input;

  switch (message->type)
    {
    case BH_MSG_TOUCH_DOWN:
      if (input->touch >= 0)
        return;
      input->touch = message->touch_down.id;
      move (screen, message->touch_down.x, message->touch_down.y);
      hold (screen, LEFT, true);
      break;
    case BH_MSG_TOUCH_MOTION:
      if (message->touch_motion.id != input->touch)
        return;
      move (screen, message->touch_motion.x, message->touch_motion.y);
      tell_pointer (screen);
      break;
    case BH_MSG_TOUCH_UP:
      if (message->touch_up.id != input->touch)
        return;
      input->touch = -1;
      hold (screen, LEFT, false);
      break;
    default:
      input->touch = -1;
      hold (screen, LEFT, false);
    }
}

void
bh_input_message (BhScreen *screen, const BhMessage *message)
{
  BhInput *input = &screen->input;

  switch (message->type)
    {
    case BH_MSG_KEY_REPEAT:
      input->repeat_rate = message->key_repeat.rate;
      input->repeat_delay = message->key_repeat.delay;
      if (input->repeat_rate == 0)
        input->repeat_key = 0;
      break;
    case BH_MSG_KEY:
      key (screen, &message->key);
      break;
    case BH_MSG_KEYBOARD_LEAVE:
      release_keys (screen);
      break;
    case BH_MSG_POINTER_ENTER:
      input->enter = message->pointer_enter.serial;
      move (screen, message->pointer_enter.x, message->pointer_enter.y);
      /* Where a pointer that is told its way comes in is nowhere in particular. */
      input->told_x = input->x;
      input->told_y = input->y;
      tell_pointer (screen);
      show_cursor (screen);
      break;
    case BH_MSG_POINTER_LEAVE:
      leave (screen);
      break;
    case BH_MSG_POINTER_MOTION:
      move (screen, message->pointer_motion.x, message->pointer_motion.y);
      tell_pointer (screen);
      break;
    case BH_MSG_POINTER_BUTTON:
      button (screen, &message->pointer_button);
      break;
    case BH_MSG_POINTER_AXIS:
      turn (screen, &message->pointer_axis);
      break;
    case BH_MSG_TOUCH_DOWN:
    case BH_MSG_TOUCH_UP:
    case BH_MSG_TOUCH_MOTION:
    case BH_MSG_TOUCH_CANCEL:
      touch (screen, message);
      break;
    default:
      break;
    }
}
