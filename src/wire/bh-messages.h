/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of everything that crosses between the host and one guest.
 *
 * One row in BH_MESSAGES and one list of fields are a message: its struct, its encoder and decoder,
 * its limits, its truncation test and its fuzz seeds all follow from them. A field that breaks its
 * limit makes the whole message invalid; nothing is cut to fit or repaired.
 *
 * Directions: G = guest to host, H = host to guest, B = both.
 * Streams: each has its own credit in each direction (bh-stream.h), so pixels never hold up input.
 *
 * Field kinds, and what (a, b) mean:
 *   U32 (min, max)        I32 (min, max)        U64 (unused, max)
 *   STR (min, max bytes)  UTF-8 without NUL or other C0 control characters except tab and newline
 *   BYTES (min, max)      anything
 *   LIST (max items, max bytes of one item)   strings as above, at most BH_LIST_BYTES together
 *   RECTS (max items, unused)                 x, y, width, height as I32; width and height > 0
 *
 * Units: pixels are buffer pixels; "logical" is the compositor's coordinate space; positions of the
 * pointer and of touches are 24.8 fixed point in logical pixels relative to the window's geometry
 * (wayland.xml, wl_fixed); times are milliseconds of an arbitrary base (wayland.xml, wl_pointer). */
#pragma once

#include "bh-checked.h"

#define BH_WIRE_MAGIC 0x4b4c4842u /* "BHLK" */
#define BH_WIRE_VERSION 1u

/* No toplevel, popup or picture is larger than this on a side, in pixels. */
#define BH_MAX_SIDE 8192
#define BH_MAX_CURSOR 128
#define BH_MAX_DAMAGE 32
#define BH_MAX_SLOTS 3
#define BH_LIST_BYTES 65536
#define BH_MAX_PIXEL_BYTES 65536
/* Sound is 48 kHz, two channels, signed 16 bit, little endian: 4 bytes are a frame. */
#define BH_SOUND_RATE 48000
#define BH_SOUND_FRAME 4
#define BH_SOUND_SECOND (BH_SOUND_RATE * BH_SOUND_FRAME)
#define BH_MAX_SOUND_BYTES 7680 /* 40 ms in one message */
/* A camera's picture is I420 (planes of Y, U and V, the latter two halved both ways; BT.601, limited range), of
 * one of a few sizes: 640 × 480 and halves of it. */
#define BH_N_CAMERA_SIZES 2
#define BH_CAMERA_WIDTH(size) (640u >> (size))
#define BH_CAMERA_HEIGHT(size) (480u >> (size))
#define BH_CAMERA_BYTES(size) (BH_CAMERA_WIDTH (size) * BH_CAMERA_HEIGHT (size) * 3 / 2)
#define BH_MAX_CAMERA_PICTURES 2  /* asked for and not come */
#define BH_MAX_CAMERA_PART 32768
#define BH_MAX_KEYMAP (1u << 20)
#define BH_COORD 0x100000 /* positions stay within ± 1 Mi, far from overflow */
#define BH_FIXED (BH_MAX_SIDE * 4 * 256)
#define BH_ANY 0xffffffffu

typedef enum
{
  BH_STREAM_CONTROL, /* hello, configure, programs, liveness */
  BH_STREAM_DISPLAY, /* windows, cursors, input */
  BH_STREAM_PIXELS,  /* pictures, only where there is no shared region */
  BH_STREAM_SOUND,   /* what is played and recorded */
  BH_STREAM_CAMERA,  /* what the host's camera sees */
  BH_N_STREAMS
} BhStreamId;

typedef enum
{
  BH_DIR_G = 1,
  BH_DIR_H = 2,
  BH_DIR_B = 3
} BhDirection;

/* Which way an application's windows come about. */
enum
{
  BH_X11_AUTO, /* the guest looks at what the program is linked with */
  BH_X11_NO,
  BH_X11_YES, /* in a window of cage */
};

enum
{
  BH_WINDOW_MAXIMIZE = 1,
  BH_WINDOW_UNMAXIMIZE,
  BH_WINDOW_FULLSCREEN,
  BH_WINDOW_UNFULLSCREEN,
  BH_WINDOW_MINIMIZE,
};

/* Bits of BhMsgWindowConfigure.states. */
enum
{
  BH_STATE_MAXIMIZED = 1 << 0,
  BH_STATE_FULLSCREEN = 1 << 1,
  BH_STATE_RESIZING = 1 << 2,
  BH_STATE_ACTIVATED = 1 << 3,
  BH_STATE_TILED_LEFT = 1 << 4,
  BH_STATE_TILED_RIGHT = 1 << 5,
  BH_STATE_TILED_TOP = 1 << 6,
  BH_STATE_TILED_BOTTOM = 1 << 7,
  BH_STATE_ALL = (1 << 8) - 1,
};

/* What BhMsgConfigured.status can say. */
enum
{
  BH_CONFIGURED_OK,
  BH_CONFIGURED_NO_PROGRAMS, /* the host's /usr could not be mounted */
  BH_CONFIGURED_FAILED,
};

/* What BhMsgLaunched.status can say. */
enum
{
  BH_LAUNCH_OK,
  BH_LAUNCH_UNKNOWN_APP,    /* no desktop file of that id */
  BH_LAUNCH_NOT_FOUND,      /* the program does not exist or is not executable */
  BH_LAUNCH_TOO_MANY,       /* over BH_MAX_PROGRAMS */
  BH_LAUNCH_NOT_CONFIGURED, /* a launch before configure */
  BH_LAUNCH_NO_CAGE,        /* an X11 program, and cage is not installed */
  BH_LAUNCH_FAILED,
};

#define BH_MAX_PROGRAMS 64
#define BH_MAX_FOLDERS 16
#define BH_MAX_DISKS 8

/* Network interfaces of one guest, counted from 0. */
#define BH_MAX_NETWORKS 8

/* Bits of BhMsgNetwork.flags. */
enum
{
  BH_NETWORK_CLIENT = 1 << 0, /* leads to another AppVM, which uses this one's network */
  BH_NETWORK_DHCP = 1 << 1,   /* besides @addresses, what DHCP and routers of its network give it */
  BH_NETWORK_ALL = (1 << 2) - 1,
};

/* What BhMsgNetworkState.status can say. */
enum
{
  BH_NETWORK_UP,
  BH_NETWORK_FAILED,
};

/* Bits of BhMsgConfigure.flags. */
enum
{
  BH_CONFIGURE_MOUNT_OPT = 1 << 0, /* there is a share "opt" */
  BH_CONFIGURE_DARK = 1 << 1,      /* the host prefers dark applications */
  BH_CONFIGURE_SCRATCH_DISK = 1 << 2, /* on a disk that is on its way instead of in memory */
  BH_CONFIGURE_ALL = (1 << 3) - 1,
};

/* Where the user's home is; BhMsgConfigure.home. */
enum
{
  BH_HOME_IN_MEMORY,
  BH_HOME_ON_DISK, /* which is on its way */
  BH_HOME_SHARED,  /* a folder of the host's, which is on its way */
};

/* clang-format off */

/* M (CONSTANT, lower-case name, direction, stream) */
#define BH_MESSAGES(M)                                                                             \
  /* control */                                                                                    \
  M (HELLO,             hello,              G, CONTROL)                                            \
  M (CONFIGURE,         configure,          H, CONTROL)                                            \
  M (CONFIGURED,        configured,         G, CONTROL)                                            \
  M (LAUNCH,            launch,             H, CONTROL)                                            \
  M (LAUNCHED,          launched,           G, CONTROL)                                            \
  M (TERMINATE,         terminate,          H, CONTROL)                                            \
  M (EXITED,            exited,             G, CONTROL)                                            \
  M (IDLE,              idle,               G, CONTROL)                                            \
  M (SHUTDOWN,          shutdown,           H, CONTROL)                                            \
  M (PING,              ping,               H, CONTROL)                                            \
  M (PONG,              pong,               G, CONTROL)                                            \
  M (CREDIT,            credit,             B, CONTROL)                                            \
  /* windows, guest to host */                                                                     \
  M (WINDOW_NEW,        window_new,         G, DISPLAY)                                            \
  M (POPUP_NEW,         popup_new,          G, DISPLAY)                                            \
  M (POPUP_MOVE,        popup_move,         G, DISPLAY)                                            \
  M (WINDOW_GONE,       window_gone,        G, DISPLAY)                                            \
  M (WINDOW_TITLE,      window_title,       G, DISPLAY)                                            \
  M (WINDOW_APP,        window_app,         G, DISPLAY)                                            \
  M (WINDOW_LIMITS,     window_limits,      G, DISPLAY)                                            \
  M (WINDOW_PARENT,     window_parent,      G, DISPLAY)                                            \
  M (WINDOW_REQUEST,    window_request,     G, DISPLAY)                                            \
  M (WINDOW_DRAG,       window_drag,        G, DISPLAY)                                            \
  M (WINDOW_MENU,       window_menu,        G, DISPLAY)                                            \
  M (SLOTS_WANT,        slots_want,         G, DISPLAY)                                            \
  M (FRAME,             frame,              G, DISPLAY)                                            \
  M (WINDOW_UNMAP,      window_unmap,       G, DISPLAY)                                            \
  M (CURSOR_HIDE,       cursor_hide,        G, DISPLAY)                                            \
  M (CURSOR_SHAPE,      cursor_shape,       G, DISPLAY)                                            \
  M (CURSOR_IMAGE,      cursor_image,       G, DISPLAY)                                            \
  /* windows, host to guest */                                                                     \
  M (OUTPUT,            output,             H, DISPLAY)                                            \
  M (WINDOW_CONFIGURE,  window_configure,   H, DISPLAY)                                            \
  M (WINDOW_SCALE,      window_scale,       H, DISPLAY)                                            \
  M (WINDOW_CLOSE,      window_close,       H, DISPLAY)                                            \
  M (WINDOW_REFUSED,    window_refused,     H, DISPLAY)                                            \
  M (POPUP_CONFIGURE,   popup_configure,    H, DISPLAY)                                            \
  M (POPUP_DONE,        popup_done,         H, DISPLAY)                                            \
  M (SLOTS,             slots,              H, DISPLAY)                                            \
  M (SLOT_FREE,         slot_free,          H, DISPLAY)                                            \
  M (FRAME_DONE,        frame_done,         H, DISPLAY)                                            \
  M (BACKDROP,          backdrop,           H, DISPLAY)                                            \
  /* input, host to guest */                                                                       \
  M (SEAT,              seat,               H, DISPLAY)                                            \
  M (KEYMAP,            keymap,             H, DISPLAY)                                            \
  M (KEY_REPEAT,        key_repeat,         H, DISPLAY)                                            \
  M (KEYBOARD_ENTER,    keyboard_enter,     H, DISPLAY)                                            \
  M (KEYBOARD_LEAVE,    keyboard_leave,     H, DISPLAY)                                            \
  M (KEY,               key,                H, DISPLAY)                                            \
  M (MODIFIERS,         modifiers,          H, DISPLAY)                                            \
  M (POINTER_ENTER,     pointer_enter,      H, DISPLAY)                                            \
  M (POINTER_LEAVE,     pointer_leave,      H, DISPLAY)                                            \
  M (POINTER_MOTION,    pointer_motion,     H, DISPLAY)                                            \
  M (POINTER_BUTTON,    pointer_button,     H, DISPLAY)                                            \
  M (POINTER_AXIS,      pointer_axis,       H, DISPLAY)                                            \
  M (POINTER_FRAME,     pointer_frame,      H, DISPLAY)                                            \
  M (TOUCH_DOWN,        touch_down,         H, DISPLAY)                                            \
  M (TOUCH_UP,          touch_up,           H, DISPLAY)                                            \
  M (TOUCH_MOTION,      touch_motion,       H, DISPLAY)                                            \
  M (TOUCH_FRAME,       touch_frame,        H, DISPLAY)                                            \
  M (TOUCH_CANCEL,      touch_cancel,       H, DISPLAY)                                            \
  /* pictures without a shared region */                                                           \
  M (PIXELS,            pixels,             G, PIXELS)                                             \
  /* network */                                                                                    \
  M (NETWORK,           network,            H, CONTROL)                                            \
  M (NETWORK_GONE,      network_gone,       H, CONTROL)                                            \
  M (NETWORK_STATE,     network_state,      G, CONTROL)                                            \
  /* sound */                                                                                      \
  M (SOUND_PLAY,        sound_play,         G, SOUND)                                              \
  M (SOUND_DATA,        sound_data,         G, SOUND)                                              \
  M (SOUND_RECORD,      sound_record,       G, SOUND)                                              \
  M (SOUND_SWITCH,      sound_switch,       H, CONTROL)                                            \
  M (SOUND_ROOM,        sound_room,         H, SOUND)                                              \
  M (SOUND_CAPTURED,    sound_captured,     H, SOUND)                                              \
  /* camera */                                                                                     \
  M (CAMERA_SWITCH,     camera_switch,      H, CONTROL)                                            \
  M (CAMERA_STREAM,     camera_stream,      G, CAMERA)                                             \
  M (CAMERA_NEXT,       camera_next,        G, CAMERA)                                             \
  M (CAMERA_PART,       camera_part,        H, CAMERA)

/* The first message of a connection. @region_bytes: size of the shared region the guest has mapped,
 * 0 when it has none. Sent again after every reconnection; the guest then announces all its windows anew. */
#define BH_FIELDS_hello(F)                                                                         \
  F (U32, magic, BH_WIRE_MAGIC, BH_WIRE_MAGIC)                                                     \
  F (U32, version, 1, 0xffff)                                                                      \
  F (STR, build, 0, 64)                                                                            \
  F (U64, region_bytes, 0, 1ull << 32)                                                             \
  F (U32, configured, 0, 1)

/* Everything that tells one AppVM from another; answered by configured. Sent once in a guest's life.
 * @folders: how many folders of the host are on their way as ports of their own (guest's bh-folders.c)
 * @disks: how many additional ones are on their way
 * @scratch_mib: at most so much is written outside the home; 0: no limit but that of memory */
#define BH_FIELDS_configure(F)                                                                     \
  F (STR, host_name, 1, 63)                                                                        \
  F (STR, user_name, 1, 32)                                                                        \
  F (U32, uid, 1, 65533)                                                                           \
  F (STR, machine_id, 32, 32)                                                                      \
  F (BYTES, seed, 32, 512)                                                                         \
  F (U64, time_us, 0, UINT64_MAX)                                                                  \
  F (STR, time_zone, 0, 64)                                                                        \
  F (LIST, environment, 32, 256)                                                                   \
  F (U32, flags, 0, BH_CONFIGURE_ALL)                                                              \
  F (U32, folders, 0, BH_MAX_FOLDERS)                                                              \
  F (U32, home, 0, BH_HOME_SHARED)                                                                 \
  F (U32, scratch_mib, 0, 1u << 24)                                                                \
  F (U32, disks, 0, BH_MAX_DISKS)

#define BH_FIELDS_configured(F)                                                                    \
  F (U32, status, 0, BH_CONFIGURED_FAILED)                                                         \
  F (STR, detail, 0, 512)

/* Start a program: the desktop file @app when @argv is empty, else @argv. @id is the host's. @uris: what it is to
 * open, "file:///home/user/…" for files that are in the guest, or on their way there. */
#define BH_FIELDS_launch(F)                                                                        \
  F (U32, id, 1, BH_ANY)                                                                           \
  F (STR, app, 0, 255)                                                                             \
  F (LIST, argv, 256, 4096)                                                                        \
  F (U32, x11, 0, BH_X11_YES)                                                                      \
  F (LIST, uris, 16, 4096)

#define BH_FIELDS_launched(F)                                                                      \
  F (U32, id, 1, BH_ANY)                                                                           \
  F (U32, status, 0, BH_LAUNCH_FAILED)                                                             \
  F (STR, detail, 0, 512)

/* Ask a program to end: SIGTERM, then SIGKILL after five seconds. */
#define BH_FIELDS_terminate(F)                                                                     \
  F (U32, id, 1, BH_ANY)

/* @code: exit code, or 128 + signal (as a shell says it). @tail: the end of what it printed. */
#define BH_FIELDS_exited(F)                                                                        \
  F (U32, id, 1, BH_ANY)                                                                           \
  F (U32, code, 0, 255)                                                                            \
  F (BYTES, tail, 0, 4096)

/* The last program has ended. */
#define BH_FIELDS_idle(F)
#define BH_FIELDS_shutdown(F)
#define BH_FIELDS_ping(F) F (U32, cookie, 0, BH_ANY)
#define BH_FIELDS_pong(F) F (U32, cookie, 0, BH_ANY)

/* @bytes more may be sent on @stream. The only message that needs no credit. */
#define BH_FIELDS_credit(F)                                                                        \
  F (U32, stream, 0, BH_N_STREAMS - 1)                                                             \
  F (U32, bytes, 1, 1 << 24)

/* A toplevel. @launch: the launch it belongs to, 0 when unknown. */
#define BH_FIELDS_window_new(F)                                                                    \
  F (U32, window, 1, BH_ANY)                                                                       \
  F (U32, launch, 0, BH_ANY)

/* A popup of @parent (a toplevel or popup). The fields are those of an xdg_positioner relative to the
 * parent's window geometry (xdg-shell.xml). @grab: serial of the input event it answers, 0 for none. */
#define BH_FIELDS_positioner(F)                                                                    \
  F (I32, anchor_x, -BH_COORD, BH_COORD)                                                           \
  F (I32, anchor_y, -BH_COORD, BH_COORD)                                                           \
  F (I32, anchor_width, 0, BH_MAX_SIDE)                                                            \
  F (I32, anchor_height, 0, BH_MAX_SIDE)                                                           \
  F (I32, width, 1, BH_MAX_SIDE)                                                                   \
  F (I32, height, 1, BH_MAX_SIDE)                                                                  \
  F (U32, anchor, 0, 8)                                                                            \
  F (U32, gravity, 0, 8)                                                                           \
  F (U32, constraint, 0, 63)                                                                       \
  F (I32, offset_x, -BH_COORD, BH_COORD)                                                           \
  F (I32, offset_y, -BH_COORD, BH_COORD)                                                           \
  F (U32, reactive, 0, 1)
#define BH_FIELDS_popup_new(F)                                                                     \
  F (U32, window, 1, BH_ANY)                                                                       \
  F (U32, parent, 1, BH_ANY)                                                                       \
  F (U32, grab, 0, BH_ANY)                                                                         \
  BH_FIELDS_positioner (F)
#define BH_FIELDS_popup_move(F)                                                                    \
  F (U32, window, 1, BH_ANY)                                                                       \
  F (U32, token, 0, BH_ANY)                                                                        \
  BH_FIELDS_positioner (F)

/* Popups of a window go before it. */
#define BH_FIELDS_window_gone(F) F (U32, window, 1, BH_ANY)
#define BH_FIELDS_window_title(F) F (U32, window, 1, BH_ANY) F (STR, title, 0, 1024)
#define BH_FIELDS_window_app(F) F (U32, window, 1, BH_ANY) F (STR, app, 0, 255)
/* Logical sizes of the window geometry; 0 means no limit. */
#define BH_FIELDS_window_limits(F)                                                                 \
  F (U32, window, 1, BH_ANY)                                                                       \
  F (U32, min_width, 0, BH_MAX_SIDE)                                                               \
  F (U32, min_height, 0, BH_MAX_SIDE)                                                              \
  F (U32, max_width, 0, BH_MAX_SIDE)                                                               \
  F (U32, max_height, 0, BH_MAX_SIDE)
#define BH_FIELDS_window_parent(F) F (U32, window, 1, BH_ANY) F (U32, parent, 0, BH_ANY)
#define BH_FIELDS_window_request(F)                                                                \
  F (U32, window, 1, BH_ANY)                                                                       \
  F (U32, request, BH_WINDOW_MAXIMIZE, BH_WINDOW_MINIMIZE)
/* Interactive move (@edges 0) or resize (@edges as xdg_toplevel.resize_edge) after the press @serial. */
#define BH_FIELDS_window_drag(F)                                                                   \
  F (U32, window, 1, BH_ANY)                                                                       \
  F (U32, edges, 0, 10)                                                                            \
  F (U32, serial, 1, BH_ANY)
#define BH_FIELDS_window_menu(F)                                                                   \
  F (U32, window, 1, BH_ANY)                                                                       \
  F (U32, serial, 1, BH_ANY)                                                                       \
  F (I32, x, -BH_COORD, BH_COORD)                                                                  \
  F (I32, y, -BH_COORD, BH_COORD)

/* The guest wants @count slots of @bytes for this window's pictures; answered by slots. All slots of
 * the window's earlier generations are given back with it. */
#define BH_FIELDS_slots_want(F)                                                                    \
  F (U32, window, 1, BH_ANY)                                                                       \
  F (U32, generation, 1, BH_ANY)                                                                   \
  F (U32, count, 1, BH_MAX_SLOTS)                                                                  \
  F (U32, bytes, 4, 1u << 28)

/* A new picture, XRGB8888, in slot @slot of @generation. @serial: the last configure it answers, 0 for
 * none. The picture is the window's geometry, nothing more. @logical_*: its size on screen. The slot is
 * the host's until slot_free. */
#define BH_FIELDS_frame(F)                                                                         \
  F (U32, window, 1, BH_ANY)                                                                       \
  F (U32, serial, 0, BH_ANY)                                                                       \
  F (U32, generation, 1, BH_ANY)                                                                   \
  F (U32, slot, 0, BH_MAX_SLOTS - 1)                                                               \
  F (U32, width, 1, BH_MAX_SIDE)                                                                   \
  F (U32, height, 1, BH_MAX_SIDE)                                                                  \
  F (U32, stride, 4, BH_MAX_SIDE * 4)                                                              \
  F (U32, logical_width, 1, BH_MAX_SIDE)                                                           \
  F (U32, logical_height, 1, BH_MAX_SIDE)                                                          \
  F (RECTS, damage, BH_MAX_DAMAGE, 0)
#define BH_FIELDS_window_unmap(F) F (U32, window, 1, BH_ANY)

#define BH_FIELDS_cursor_hide(F) F (U32, serial, 1, BH_ANY)
/* @shape: as wp_cursor_shape_device_v1.shape. @serial: of the pointer_enter it answers. */
#define BH_FIELDS_cursor_shape(F) F (U32, serial, 1, BH_ANY) F (U32, shape, 1, 36)
/* ARGB8888 premultiplied, width × height × 4 bytes; the size on screen is the pixels by @scale. */
#define BH_FIELDS_cursor_image(F)                                                                  \
  F (U32, serial, 1, BH_ANY)                                                                       \
  F (U32, width, 1, BH_MAX_CURSOR)                                                                 \
  F (U32, height, 1, BH_MAX_CURSOR)                                                                \
  F (U32, scale, 1, 4)                                                                             \
  F (I32, hotspot_x, 0, BH_MAX_CURSOR - 1)                                                         \
  F (I32, hotspot_y, 0, BH_MAX_CURSOR - 1)                                                         \
  F (BYTES, pixels, 4, BH_MAX_CURSOR *BH_MAX_CURSOR * 4)

/* The one output the guest sees. @scale_120: preferred scale in 120ths (fractional-scale-v1.xml). */
#define BH_FIELDS_output(F)                                                                        \
  F (U32, width, 1, BH_MAX_SIDE)                                                                   \
  F (U32, height, 1, BH_MAX_SIDE)                                                                  \
  F (U32, scale_120, 120, 960)                                                                     \
  F (U32, refresh_mhz, 1000, 1000000)
/* Logical size of the window geometry; 0 lets the application choose. */
#define BH_FIELDS_window_configure(F)                                                              \
  F (U32, window, 1, BH_ANY)                                                                       \
  F (U32, serial, 1, BH_ANY)                                                                       \
  F (U32, width, 0, BH_MAX_SIDE)                                                                   \
  F (U32, height, 0, BH_MAX_SIDE)                                                                  \
  F (U32, bounds_width, 0, BH_MAX_SIDE)                                                            \
  F (U32, bounds_height, 0, BH_MAX_SIDE)                                                           \
  F (U32, states, 0, BH_STATE_ALL)
#define BH_FIELDS_window_scale(F)                                                                  \
  F (U32, window, 1, BH_ANY)                                                                       \
  F (U32, scale_120, 120, 960)
#define BH_FIELDS_window_close(F) F (U32, window, 1, BH_ANY)
/* The host will not show this window (a limit); the guest ends its application's connection. */
#define BH_FIELDS_window_refused(F) F (U32, window, 1, BH_ANY)
#define BH_FIELDS_popup_configure(F)                                                               \
  F (U32, window, 1, BH_ANY)                                                                       \
  F (U32, serial, 1, BH_ANY)                                                                       \
  F (U32, token, 0, BH_ANY)                                                                        \
  F (I32, x, -BH_COORD, BH_COORD)                                                                  \
  F (I32, y, -BH_COORD, BH_COORD)                                                                  \
  F (I32, width, 1, BH_MAX_SIDE)                                                                   \
  F (I32, height, 1, BH_MAX_SIDE)
#define BH_FIELDS_popup_done(F) F (U32, window, 1, BH_ANY)

/* @count slots of @bytes at @offset, @offset + @bytes … of the shared region; or, with @by_channel,
 * in memory of the host that pixels messages fill. @count 0: refused, try a smaller picture. */
#define BH_FIELDS_slots(F)                                                                         \
  F (U32, window, 1, BH_ANY)                                                                       \
  F (U32, generation, 1, BH_ANY)                                                                   \
  F (U32, count, 0, BH_MAX_SLOTS)                                                                  \
  F (U32, by_channel, 0, 1)                                                                        \
  F (U64, offset, 0, 1ull << 32)                                                                   \
  F (U32, bytes, 0, 1u << 28)
#define BH_FIELDS_slot_free(F)                                                                     \
  F (U32, window, 1, BH_ANY)                                                                       \
  F (U32, generation, 1, BH_ANY)                                                                   \
  F (U32, slot, 0, BH_MAX_SLOTS - 1)
#define BH_FIELDS_frame_done(F) F (U32, window, 1, BH_ANY) F (U32, time, 0, BH_ANY)

/* What shows through where a window's picture is transparent: the colour of the frame round it. */
#define BH_FIELDS_backdrop(F) F (U32, rgb, 0, 0xffffff)

/* Bits: 1 pointer, 2 keyboard, 4 touch (wayland.xml, wl_seat.capability). */
#define BH_FIELDS_seat(F) F (U32, capabilities, 0, 7)
/* xkb text v1 with its final NUL. */
#define BH_FIELDS_keymap(F) F (BYTES, text, 1, BH_MAX_KEYMAP)
#define BH_FIELDS_key_repeat(F) F (U32, rate, 0, 1000) F (U32, delay, 0, 10000)
/* @keys: pressed keys, U32 each. */
#define BH_FIELDS_keyboard_enter(F)                                                                \
  F (U32, window, 1, BH_ANY)                                                                       \
  F (U32, serial, 1, BH_ANY)                                                                       \
  F (BYTES, keys, 0, 1024)
#define BH_FIELDS_keyboard_leave(F) F (U32, window, 1, BH_ANY) F (U32, serial, 1, BH_ANY)
#define BH_FIELDS_key(F)                                                                           \
  F (U32, serial, 1, BH_ANY)                                                                       \
  F (U32, time, 0, BH_ANY)                                                                         \
  F (U32, key, 0, 0x2ff)                                                                           \
  F (U32, pressed, 0, 1)
#define BH_FIELDS_modifiers(F)                                                                     \
  F (U32, serial, 1, BH_ANY)                                                                       \
  F (U32, depressed, 0, BH_ANY)                                                                    \
  F (U32, latched, 0, BH_ANY)                                                                      \
  F (U32, locked, 0, BH_ANY)                                                                       \
  F (U32, group, 0, 31)
#define BH_FIELDS_pointer_enter(F)                                                                 \
  F (U32, window, 1, BH_ANY)                                                                       \
  F (U32, serial, 1, BH_ANY)                                                                       \
  F (I32, x, -BH_FIXED, BH_FIXED)                                                                  \
  F (I32, y, -BH_FIXED, BH_FIXED)
#define BH_FIELDS_pointer_leave(F) F (U32, window, 1, BH_ANY) F (U32, serial, 1, BH_ANY)
#define BH_FIELDS_pointer_motion(F)                                                                \
  F (U32, time, 0, BH_ANY)                                                                         \
  F (I32, x, -BH_FIXED, BH_FIXED)                                                                  \
  F (I32, y, -BH_FIXED, BH_FIXED)
#define BH_FIELDS_pointer_button(F)                                                                \
  F (U32, serial, 1, BH_ANY)                                                                       \
  F (U32, time, 0, BH_ANY)                                                                         \
  F (U32, button, 0, 0x2ff)                                                                        \
  F (U32, pressed, 0, 1)
/* One axis step. @source, @axis as wl_pointer; @value 24.8 fixed, 0 with @stop; @discrete in 120ths. */
#define BH_FIELDS_pointer_axis(F)                                                                  \
  F (U32, time, 0, BH_ANY)                                                                         \
  F (U32, source, 0, 3)                                                                            \
  F (U32, axis, 0, 1)                                                                              \
  F (I32, value, -BH_FIXED, BH_FIXED)                                                              \
  F (I32, discrete, -120000, 120000)                                                               \
  F (U32, stop, 0, 1)
#define BH_FIELDS_pointer_frame(F)
#define BH_FIELDS_touch_down(F)                                                                    \
  F (U32, window, 1, BH_ANY)                                                                       \
  F (U32, serial, 1, BH_ANY)                                                                       \
  F (U32, time, 0, BH_ANY)                                                                         \
  F (I32, id, 0, 1024)                                                                             \
  F (I32, x, -BH_FIXED, BH_FIXED)                                                                  \
  F (I32, y, -BH_FIXED, BH_FIXED)
#define BH_FIELDS_touch_up(F)                                                                      \
  F (U32, serial, 1, BH_ANY)                                                                       \
  F (U32, time, 0, BH_ANY)                                                                         \
  F (I32, id, 0, 1024)
#define BH_FIELDS_touch_motion(F)                                                                  \
  F (U32, time, 0, BH_ANY)                                                                         \
  F (I32, id, 0, 1024)                                                                             \
  F (I32, x, -BH_FIXED, BH_FIXED)                                                                  \
  F (I32, y, -BH_FIXED, BH_FIXED)
#define BH_FIELDS_touch_frame(F)
#define BH_FIELDS_touch_cancel(F)

/* Part of a picture in slot @slot of @generation (given by_channel): @data from byte @offset of it. */
#define BH_FIELDS_pixels(F)                                                                        \
  F (U32, window, 1, BH_ANY)                                                                       \
  F (U32, generation, 1, BH_ANY)                                                                   \
  F (U32, slot, 0, BH_MAX_SLOTS - 1)                                                               \
  F (U32, offset, 0, 1u << 28)                                                                     \
  F (BYTES, data, 1, BH_MAX_PIXEL_BYTES)

/* The network interface with the hardware address @mac, which may come later: its name, addresses
 * ("10.0.0.2/24"), @gateways (one of each family at most), further @routes ("10.1.0.0/16 10.0.0.1") and name
 * @servers. Replaces what was said of @slot before. */
#define BH_FIELDS_network(F)                                                                       \
  F (U32, slot, 0, BH_MAX_NETWORKS - 1)                                                            \
  F (BYTES, mac, 6, 6)                                                                             \
  F (STR, name, 1, 15)                                                                             \
  F (U32, mtu, 576, 65535)                                                                         \
  F (U32, flags, 0, BH_NETWORK_ALL)                                                                \
  F (LIST, addresses, 16, 64)                                                                      \
  F (LIST, gateways, 2, 46)                                                                        \
  F (LIST, routes, 64, 110)                                                                        \
  F (LIST, servers, 8, 46)
#define BH_FIELDS_network_gone(F) F (U32, slot, 0, BH_MAX_NETWORKS - 1)
#define BH_FIELDS_network_state(F)                                                                 \
  F (U32, slot, 0, BH_MAX_NETWORKS - 1)                                                            \
  F (U32, status, 0, BH_NETWORK_FAILED)                                                            \
  F (STR, detail, 0, 512)
/* A program plays (@on), or none does any more; as long as one does, sound_room says how many bytes of
 * sound_data the host takes: what is sent beyond that ends the connection. */
#define BH_FIELDS_sound_play(F) F (U32, on, 0, 1)
/* Whole frames only. */
#define BH_FIELDS_sound_data(F) F (BYTES, data, BH_SOUND_FRAME, BH_MAX_SOUND_BYTES)
/* A program records (@on), or none does any more; answered by sound_captured while the host lets it. */
#define BH_FIELDS_sound_record(F) F (U32, on, 0, 1)
/* What the user lets this AppVM do. After it the guest tells anew what it does, and has no room left.
 * Sent after hello and at each change; before the launches that come later, hence not with the sound. */
#define BH_FIELDS_sound_switch(F) F (U32, play, 0, 1) F (U32, record, 0, 1)
/* @bytes more may be sent: the host's own sink has asked for them. */
#define BH_FIELDS_sound_room(F) F (U32, bytes, 1, BH_SOUND_SECOND)
#define BH_FIELDS_sound_captured(F) F (BYTES, data, BH_SOUND_FRAME, BH_MAX_SOUND_BYTES)
/* Whether there is a camera for this AppVM, as far as the user lets it. Sent after hello, and at each change;
 * after it the guest tells anew what it does, and has asked for nothing. */
#define BH_FIELDS_camera_switch(F) F (U32, on, 0, 1)
/* A program looks through the camera (@on) and gets pictures of @size, or none does any more. What was asked for
 * before is void. */
#define BH_FIELDS_camera_stream(F) F (U32, on, 0, 1) F (U32, size, 0, BH_N_CAMERA_SIZES - 1)
/* Ask for @count pictures more. A guest that waits for more than BH_MAX_CAMERA_PICTURES ends the connection. */
#define BH_FIELDS_camera_next(F) F (U32, count, 1, BH_MAX_CAMERA_PICTURES)
/* @data of a picture from byte @offset of it: the parts come in order. What begins anew with @offset 0 replaces
 * what is not whole. */
#define BH_FIELDS_camera_part(F)                                                                   \
  F (U32, size, 0, BH_N_CAMERA_SIZES - 1)                                                          \
  F (U32, offset, 0, BH_CAMERA_BYTES (0) - 1)                                                      \
  F (BYTES, data, 1, BH_MAX_CAMERA_PART)

/* clang-format on */

typedef enum
{
  BH_MSG_INVALID = 0,
#define BH_ROW(CONST, name, dir, stream) BH_MSG_##CONST,
  BH_MESSAGES (BH_ROW)
#undef BH_ROW
    BH_N_MESSAGES
} BhMessageType;

typedef struct
{
  int32_t x, y, width, height;
} BhRect;

/* In a decoded message @data points into the packet: valid until the next packet is taken. */
typedef struct
{
  const char *data; /* not terminated */
  uint32_t len;
} BhStr;

typedef struct
{
  const uint8_t *data;
  uint32_t len;
} BhBytes;

typedef struct
{
  const uint8_t *data; /* items as they are on the wire: U16 length, bytes */
  uint32_t len;
  uint32_t count;
} BhList;

typedef struct
{
  const uint8_t *data; /* BhRect, unaligned */
  uint32_t count;
} BhRects;

#define BH_CTYPE_U32 uint32_t
#define BH_CTYPE_I32 int32_t
#define BH_CTYPE_U64 uint64_t
#define BH_CTYPE_STR BhStr
#define BH_CTYPE_BYTES BhBytes
#define BH_CTYPE_LIST BhList
#define BH_CTYPE_RECTS BhRects

#define BH_STRUCT_FIELD(kind, name, a, b) BH_CTYPE_##kind name;
#define BH_ROW(CONST, name, dir, stream)                                                           \
  typedef struct                                                                                   \
  {                                                                                                \
    BH_FIELDS_##name (BH_STRUCT_FIELD) char _end[1];                                               \
  } bh_msg_##name;
BH_MESSAGES (BH_ROW)
#undef BH_ROW

/* A decoded message: @type says which member is valid. */
typedef struct
{
  BhMessageType type;
  union
  {
#define BH_ROW(CONST, name, dir, stream) bh_msg_##name name;
    BH_MESSAGES (BH_ROW)
#undef BH_ROW
  };
} BhMessage;

typedef enum
{
  BH_FIELD_U32,
  BH_FIELD_I32,
  BH_FIELD_U64,
  BH_FIELD_STR,
  BH_FIELD_BYTES,
  BH_FIELD_LIST,
  BH_FIELD_RECTS,
} BhFieldKind;

typedef struct
{
  const char *name;
  BhFieldKind kind;
  int64_t a, b;  /* limits; see the head of this file. For U64, b is read as uint64_t */
} BhField;

typedef struct
{
  const char *name;
  BhDirection direction;
  BhStreamId stream;
  const BhField *fields;
  unsigned n_fields;
} BhMessageInfo;

typedef enum
{
  BH_WIRE_OK,
  BH_WIRE_AGAIN,     /* nothing complete yet, or the socket would block */
  BH_WIRE_CLOSED,    /* the other side has closed */
  BH_WIRE_FULL,      /* the sender's queue is full; nothing was queued */
  BH_WIRE_IO,        /* errno says why */
  BH_WIRE_UNKNOWN,   /* no such message */
  BH_WIRE_DIRECTION, /* that message does not go this way */
  BH_WIRE_TRUNCATED, /* fields end before the message does not */
  BH_WIRE_TRAILING,  /* bytes left over after the last field */
  BH_WIRE_LIMIT,     /* a field is outside its limits */
  BH_WIRE_TEXT,      /* a string is not the UTF-8 it has to be */
  BH_WIRE_TOO_LONG,  /* a packet longer than any message of this direction */
  BH_WIRE_CREDIT,    /* more was sent than granted */
  BH_WIRE_N_STATUS
} BhWireStatus;

/* NULL for an unknown type. */
const BhMessageInfo *bh_message_info (unsigned type);
const char *bh_wire_status_name (BhWireStatus status);

/* Longest payload a message of this type can have; 0 for an unknown type. */
size_t bh_message_max_payload (unsigned type);

/* Payload length of @msg (a bh_msg_…), 0 with *@status set when a field breaks its limits. */
size_t bh_message_measure (BhMessageType type, const void *msg, BhWireStatus *status);

/* Write the payload of @msg to @out; returns its length, which is what bh_message_measure said. */
size_t bh_message_encode (BhMessageType type, const void *msg, uint8_t *out);

/* Decode @payload into @out. @from: BH_DIR_G when it came from the guest, BH_DIR_H from the host.
 * @out is valid only with BH_WIRE_OK and points into @payload. */
BhWireStatus bh_message_decode (BhDirection from, unsigned type, const uint8_t *payload, size_t len,
                                BhMessage *out);

/* Whether @data is UTF-8 without NUL, DEL and C0 controls other than tab and newline. */
bool bh_wire_text_valid (const char *data, size_t len);

/* Copy @in to @out (@size bytes, terminated), with every byte a STR may not hold replaced by '?', cut at
 * a character's boundary. For the sending side: a receiver rejects. Returns the length. */
size_t bh_wire_text_clean (const char *in, char *out, size_t size);

/* Item @index of @rects; the caller keeps index < count. */
BhRect bh_rects_get (const BhRects *rects, uint32_t index);

/* Step through @list: *@position starts at 0; false at the end. */
bool bh_list_next (const BhList *list, size_t *position, BhStr *item);

/* Pack @n strings into @buffer for a LIST field; false when it does not hold them. */
bool bh_list_pack (const char *const *items, size_t n, uint8_t *buffer, size_t size, BhList *out);

/* A BhStr of a C string (NULL is empty). */
static inline BhStr
bh_str (const char *s)
{
  return (BhStr){ s ? s : "", s ? (uint32_t) strlen (s) : 0 };
}
