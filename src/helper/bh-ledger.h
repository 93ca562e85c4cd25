/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the helper has given to whom, and what it takes to undo that: kept on disk. */
#pragma once

#include <gio/gio.h>

/**
 * BhHold:
 * @id: not 0, never used twice
 * @kind: name of a row of the table of kinds in bh-verbs.c
 * @owner: unique bus name of who asked
 * @uid: user of that connection
 * @done: the verb has come to its end; until then the owner does not know of it
 * @facts: (element-type utf8 utf8): what the kind needs to undo it
 */
typedef struct
{
  guint32 id;
  char *kind;
  char *owner;
  guint32 uid;
  gboolean done;
  GHashTable *facts;
} BhHold;

const char *bh_hold_get (BhHold *hold, const char *fact); /* "" when it has none */
guint64 bh_hold_get_number (BhHold *hold, const char *fact);
void bh_hold_set (BhHold *hold, const char *fact, const char *value);
void bh_hold_set_number (BhHold *hold, const char *fact, guint64 value);

typedef struct _BhLedger BhLedger;

/**
 * bh_ledger_open:
 * @folder: made when it is missing; only root may enter
 * @bus: id of the bus daemon: owners of another one have all left
 *
 * Returns: (transfer full): with the holds of the process before, if it left any; %NULL when the folder
 * cannot be used
 */
BhLedger *bh_ledger_open (const char *folder, const char *bus, GError **error);
void bh_ledger_close (BhLedger *ledger);

/* Whether the holds that were found belong to connections of this very bus daemon. */
gboolean bh_ledger_is_same_bus (BhLedger *ledger);

/* (element-type BhHold): the oldest first; not to be changed. */
GPtrArray *bh_ledger_holds (BhLedger *ledger);
BhHold *bh_ledger_find (BhLedger *ledger, guint32 id);

/* A new hold, not yet on disk. */
BhHold *bh_ledger_add (BhLedger *ledger, const char *kind, const char *owner, guint32 uid);
void bh_ledger_remove (BhLedger *ledger, BhHold *hold);

/**
 * bh_ledger_save:
 *
 * Writes all of it. To be called after facts were set and before what they say is done: what is done and not
 * on disk is lost when the process is killed.
 */
gboolean bh_ledger_save (BhLedger *ledger, GError **error);

/* Something of the whole computer that holds share, such as how forwarding was set before. @value %NULL:
 * forget it. */
const char *bh_ledger_get_shared (BhLedger *ledger, const char *name);
void bh_ledger_set_shared (BhLedger *ledger, const char *name, const char *value);
