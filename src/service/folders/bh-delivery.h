/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Copies of the user's files on their way into the Inbox of an AppVM.
 *
 * Should: give the guest whole files only, under their own names, that have nothing to do with the originals.
 * Mustn't: follow anything in the Inbox, which the guest may change meanwhile; replace what is there. So the copies
 * are made in a folder beside it, which no guest sees, and moved from there by descriptors. */
#pragma once

#include "bh-job.h"

#include <gio/gio.h>

#define BH_TYPE_DELIVERY (bh_delivery_get_type ())
G_DECLARE_FINAL_TYPE (BhDelivery, bh_delivery, BH, DELIVERY, GObject)

/* @inbox: is there */
BhDelivery *bh_delivery_new (const char *inbox);

/* @fd: a plain file, open for reading; taken. @name: one component, any bytes. */
void bh_delivery_add (BhDelivery *self, int fd, const char *name);

/**
 * bh_delivery_copy_async:
 * @job: is told how far it is
 *
 * As much of each file as it has when its turn comes. In a thread. %BH_ERROR_DISK_FULL, before anything is written
 * where that is known; %BH_ERROR_FAILED when a file cannot be read or has become shorter; %BH_ERROR_CANCELLED.
 */
void bh_delivery_copy_async (BhDelivery *self, BhJob *job, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer data);
gboolean bh_delivery_copy_finish (BhDelivery *self, GAsyncResult *result, GError **error);

/**
 * bh_delivery_place:
 * After the copies are made: moves them into the Inbox, each under its name or, where that is taken, "name (2).ext".
 *
 * Returns: (transfer full): the names, in their order; %NULL with @error, and none is in the Inbox
 */
char **bh_delivery_place (BhDelivery *self, GError **error);

/* Out of the Inbox again, as far as they are there under these names. */
void bh_delivery_take_back (BhDelivery *self);

/* A new one beside the Inboxes in @parent, for what no guest is to see; gone at the next start of the service. */
char *bh_delivery_make_folder (const char *parent, GError **error);

/* Remove what an earlier service has left in @folder, beside the Inboxes. */
void bh_delivery_clean (const char *folder);
