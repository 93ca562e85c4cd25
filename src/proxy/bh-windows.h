/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of one guest's windows: which exist, and what a message may do to them.
 *
 * Each bh_windows_… handler of a message checks its meaning and returns NULL, or what was wrong
 * with it; then the channel ends. What a correct guest can send by a race (about a window that the
 * host has just refused or dismissed) is ignored. */
#pragma once

#include "bh-window.h"

#define BH_MAX_TOPLEVELS 64
#define BH_MAX_POPUPS 64
/* Ids of refused windows that the guest has not taken back yet. */
#define BH_MAX_REFUSED 1024

BhWindows *bh_windows_new (BhProxy *proxy);
/* Destroys all windows, popups first. */
void bh_windows_free (BhWindows *windows);

BhWindow *bh_windows_find (BhWindows *windows, guint32 id);

const char *bh_windows_new_toplevel (BhWindows *windows, const bh_msg_window_new *untrusted);
const char *bh_windows_new_popup (BhWindows *windows, const bh_msg_popup_new *untrusted);
const char *bh_windows_move_popup (BhWindows *windows, const bh_msg_popup_move *untrusted);
const char *bh_windows_gone (BhWindows *windows, const bh_msg_window_gone *untrusted);
const char *bh_windows_title (BhWindows *windows, const bh_msg_window_title *untrusted);
const char *bh_windows_app (BhWindows *windows, const bh_msg_window_app *untrusted);
const char *bh_windows_limits (BhWindows *windows, const bh_msg_window_limits *untrusted);
const char *bh_windows_parent (BhWindows *windows, const bh_msg_window_parent *untrusted);
const char *bh_windows_request (BhWindows *windows, const bh_msg_window_request *untrusted);
const char *bh_windows_drag (BhWindows *windows, const bh_msg_window_drag *untrusted);
const char *bh_windows_menu (BhWindows *windows, const bh_msg_window_menu *untrusted);
const char *bh_windows_slots_want (BhWindows *windows, const bh_msg_slots_want *untrusted);
const char *bh_windows_frame (BhWindows *windows, const bh_msg_frame *untrusted);
const char *bh_windows_unmap (BhWindows *windows, const bh_msg_window_unmap *untrusted);
const char *bh_windows_pixels (BhWindows *windows, const bh_msg_pixels *untrusted);

/* Serials of configures: one counter for all windows of the guest. */
guint32 bh_windows_next_serial (BhWindows *windows);
guint32 bh_windows_last_serial (BhWindows *windows);

/* Over a limit: destroy the window (if it is one), tell the guest, and the user as @notice. */
void bh_windows_refuse (BhWindows *windows, guint32 id, const char *notice);

/* The host is done with a popup: destroy it and those on it, and tell the guest. */
void bh_windows_dismiss (BhWindows *windows, BhWindow *popup);

gboolean bh_windows_has_popups (BhWindows *windows, BhWindow *window);
/* Whether a popup of @parent may grab: it is the topmost that grabs, or none does (xdg-shell.xml,
 * xdg_popup.grab). */
gboolean bh_windows_may_grab (BhWindows *windows, BhWindow *parent);

/* @window is about to go: no toplevel has it as its parent any more. */
void bh_windows_forget_parent (BhWindows *windows, BhWindow *window);
void bh_windows_mapped_changed (BhWindows *windows, BhWindow *window);

/* The token that came with launch @launch, for its first window. Both empty: none. */
void bh_windows_set_activation (BhWindows *windows, guint32 launch, const char *token);

void bh_windows_outputs_changed (BhWindows *windows);
void bh_windows_output_gone (BhWindows *windows, struct wl_output *output);
/* Tell the guest what shows through its windows. */
void bh_windows_announce_backdrop (BhWindows *windows);
/* Name or colour have changed. */
void bh_windows_identity_changed (BhWindows *windows);
