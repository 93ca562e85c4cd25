/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Keys of Linux as scan codes. */
#include "bh-scancode.h"

#include <linux/input-event-codes.h>

#define EXTENDED 0x80

/* Up to F10, NumLock, ScrollLock and the digits of the key pad Linux has numbered keys by these codes. */
#define LAST_SAME KEY_KPDOT

static const struct
{
  unsigned short key;
  unsigned char code;
} others[] = {
  { KEY_102ND, 0x56 },
  { KEY_F11, 0x57 },
  { KEY_F12, 0x58 },
  { KEY_RO, 0x73 },
  { KEY_KATAKANAHIRAGANA, 0x70 },
  { KEY_HENKAN, 0x79 },
  { KEY_MUHENKAN, 0x7b },
  { KEY_YEN, 0x7d },
  { KEY_KPCOMMA, 0x7e },
  { KEY_KPENTER, EXTENDED | 0x1c },
  { KEY_RIGHTCTRL, EXTENDED | 0x1d },
  { KEY_KPSLASH, EXTENDED | 0x35 },
  { KEY_SYSRQ, 0x54 },
  { KEY_RIGHTALT, EXTENDED | 0x38 },
  { KEY_HOME, EXTENDED | 0x47 },
  { KEY_UP, EXTENDED | 0x48 },
  { KEY_PAGEUP, EXTENDED | 0x49 },
  { KEY_LEFT, EXTENDED | 0x4b },
  { KEY_RIGHT, EXTENDED | 0x4d },
  { KEY_END, EXTENDED | 0x4f },
  { KEY_DOWN, EXTENDED | 0x50 },
  { KEY_PAGEDOWN, EXTENDED | 0x51 },
  { KEY_INSERT, EXTENDED | 0x52 },
  { KEY_DELETE, EXTENDED | 0x53 },
  { KEY_MUTE, EXTENDED | 0x20 },
  { KEY_VOLUMEDOWN, EXTENDED | 0x2e },
  { KEY_VOLUMEUP, EXTENDED | 0x30 },
  { KEY_PAUSE, EXTENDED | 0x46 },
  { KEY_LEFTMETA, EXTENDED | 0x5b },
  { KEY_RIGHTMETA, EXTENDED | 0x5c },
  { KEY_COMPOSE, EXTENDED | 0x5d },
  { KEY_NEXTSONG, EXTENDED | 0x19 },
  { KEY_PLAYPAUSE, EXTENDED | 0x22 },
  { KEY_PREVIOUSSONG, EXTENDED | 0x10 },
  { KEY_STOPCD, EXTENDED | 0x24 },
};

unsigned
bh_scancode_of (unsigned key)
{
  if (key >= KEY_ESC && key <= LAST_SAME)
    return key;
  for (unsigned i = 0; i < sizeof others / sizeof *others; i++)
    if (others[i].key == key)
      return others[i].code;
  return 0;
}
