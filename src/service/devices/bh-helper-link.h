/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Calls to bulkhead-helper on the system bus. */
#pragma once

#include <gio/gunixfdlist.h>

#define BH_HELPER_NAME "io.github.bulkhead.Helper"

/**
 * bh_helper_link_call_async:
 * @method: of io.github.bulkhead.Helper1
 * @args: floating, of its signature
 *
 * polkit may put a question to the person meanwhile, so it can take minutes. What the call gives lasts as long as this
 * process, or until it is released; it also survives a helper that is killed.
 */
void bh_helper_link_call_async (const char *method, GVariant *args, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer data);

/**
 * bh_helper_link_call_finish:
 * @fds: (out) (optional) (transfer full): descriptors of the answer; %NULL when it has none
 * @error: the helper's own, or %BH_ERROR_NO_HELPER when there is no helper, no polkit or no system bus, saying which and
 * what to do, or %BH_ERROR_CANCELLED
 *
 * Cancelling waits for nothing: what the helper gives afterwards is given back.
 */
GVariant *bh_helper_link_call_finish (GAsyncResult *result, GUnixFDList **fds, GError **error);

/* Give back hold @id by DestroyTap, ReleaseUsb or ReleasePci; nobody waits for it. */
void bh_helper_link_release (const char *method, guint32 id);

/**
 * bh_helper_link_take_fd:
 * The descriptor number @handle of @fds.
 */
int bh_helper_link_take_fd (GUnixFDList *fds, gint32 handle, GError **error);
