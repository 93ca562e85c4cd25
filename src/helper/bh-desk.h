/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where calls come in: from the message to the reply, and the end of what callers hold. */
#pragma once

#include "bh-ledger.h"

typedef struct _BhDesk BhDesk;

/**
 * bh_desk_new:
 * @connection: to the system bus
 * @ledger: as found; what nobody holds any more is undone before this returns
 * @idle_seconds: without a hold and a call for so long
 * @idle: is called then
 */
BhDesk *bh_desk_new (GDBusConnection *connection, BhLedger *ledger, guint idle_seconds,
                     void (*idle) (gpointer data), gpointer data);

/* Takes calls from now on. */
gboolean bh_desk_open (BhDesk *desk, GError **error);

/* Whether a call is under way or something held. */
gboolean bh_desk_is_busy (BhDesk *desk);

/* The bus has gone, and with it every caller. */
void bh_desk_undo_all (BhDesk *desk);
