/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Questions of the desktop's camera portal that were on the screen when this service ended.
 *
 * Should: let the user be asked again. Mustn't: change an answer that the user has given. */
#pragma once

#include <gio/gio.h>

/* The portal is about to be asked: undo what it has kept of a question that an earlier service left, and remember that
 * there is one now. Takes a second when there was one. Always succeeds: @callback has nothing to ask for. */
void bh_camera_unanswered_prepare_async (GDBusConnection *connection, GAsyncReadyCallback callback,
                                         gpointer data);
/* It is answered, or not asked. */
void bh_camera_unanswered_clear (void);
