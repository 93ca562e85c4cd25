/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the parts of bulkhead-screen share. */
#pragma once

#include "bh-rfb.h"
#include "bh-stream.h"

/* Rectangles of a picture, at most as many as a frame's message holds. */
typedef struct
{
  unsigned n;
  BhRfbRect rects[BH_MAX_DAMAGE];
} BhDamage;

/* How the screen lies in the window's picture. */
typedef struct
{
  unsigned width, height; /* of the picture; it may be larger than the screen, which is in its middle */
  unsigned x, y;
  unsigned logical_width, logical_height;
} BhLayout;

typedef struct
{
  bool busy;
  bool bare;      /* holds nothing of this layout */
  BhDamage stale; /* what of the screen has changed since it was written */
} BhSlotState;

typedef struct
{
  uint32_t id, launch; /* id 0: there is no window */
  uint32_t last_id;
  bool configured, waiting; /* waiting: for frame_done */
  uint32_t serial;
  unsigned width, height; /* of the window, logical; 0: not known yet */
  BhLayout layout;                      /* of the last picture */
  BhDamage damage;                      /* since the last frame; of the screen */
  bool again;                           /* a frame is owed, whatever has changed */
  uint32_t generation;
  unsigned slots; /* 0: none yet */
  bool asked;     /* for slots */
  uint32_t slot_bytes;
  uint64_t offset;
  BhSlotState slot[BH_MAX_SLOTS];
} BhView;

typedef struct
{
  uint32_t enter; /* serial; 0: the pointer is elsewhere */
  int x, y;       /* of the screen, in its pixels */
  int told_x, told_y;
  unsigned buttons;
  int axis[2]; /* what is less than a step, in 120ths */
  int touch;   /* the finger that is the pointer; -1: none */
  uint32_t cursor_width, cursor_height, cursor_x, cursor_y;
  enum
  {
    BH_CURSOR_HOST, /* nothing was said of it */
    BH_CURSOR_HIDDEN,
    BH_CURSOR_PICTURE
  } cursor;
  uint8_t cursor_pixels[BH_MAX_CURSOR * BH_MAX_CURSOR * 4];
  uint8_t down[0x300 / 8]; /* keys, by their Linux number */
  unsigned repeat_key;     /* 0: none */
  uint64_t repeat_at;      /* ms of CLOCK_MONOTONIC */
  unsigned repeat_rate, repeat_delay;
} BhInput;

typedef struct
{
  BhChannel *channel;
  BhRfb rfb;
  uint8_t *region;
  size_t region_size;
  const char *title;
  uint32_t launch; /* whose window is opened at the beginning; 0: none */
  bool greeted, configured;
  bool asked; /* QEMU, and it has not answered */
  BhView view;
  BhInput input;
} BhScreen;

uint64_t bh_screen_now (void);
void bh_screen_say (const char *text);

/* Queue it; ends the program when it cannot be. */
void bh_screen_send (BhScreen *screen, BhMessageType type, const void *message);
#define BH_SEND(screen, CONST, name, ...)                                                          \
  bh_screen_send ((screen), BH_MSG_##CONST, &(bh_msg_##name){ __VA_ARGS__ })

/* bh-view.c: the window. */

/* Open it for @launch; one that is open is closed first, so that the new one comes to the front. */
void bh_view_open (BhScreen *screen, uint32_t launch);
/* @code: with which its launch has ended. */
void bh_view_close (BhScreen *screen, uint32_t code);
/* Before there is a window: how large it is going to be. */
void bh_view_output (BhScreen *screen, const bh_msg_output *output);
void bh_view_message (BhScreen *screen, const BhMessage *message);
void bh_view_resized (BhScreen *screen);
void bh_view_changed (BhScreen *screen, const BhRfbRect *rect);
/* Show what there is to show, and ask QEMU for more, as far as both can be done now. */
void bh_view_go_on (BhScreen *screen);

/* bh-input.c: keyboard and pointer. */

void bh_input_init (BhInput *input);
void bh_input_message (BhScreen *screen, const BhMessage *message);
void bh_input_set_cursor (BhScreen *screen, const BhRfbCursor *cursor);
/* The window is gone: nothing is pressed any more. */
void bh_input_release (BhScreen *screen);
/* Repeat the key that is held. Returns the ms until the next time, -1: never. */
int bh_input_repeat (BhScreen *screen);
