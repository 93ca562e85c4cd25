/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of verbs: what each is called, which polkit action it takes, who checks and does it. */
#pragma once

#include "bh-caps.h"
#include "bh-ledger.h"

#include <gio/gunixfdlist.h>

typedef struct _BhVerb BhVerb;

/**
 * BhCall:
 * @args: of the method, of the signature in Helper1.xml
 * @caller: unique bus name
 * @uid: user of that connection
 * @details: what polkit's question says besides, name → value; for checks to add to
 * @hold: for acts: a new one (the ledger does not have it on disk yet), or the one the call is about
 * @fds: for acts: descriptors of the reply
 * @reply: for acts to set; %NULL: nothing
 *
 * One call of a method, from its beginning to the reply.
 */
typedef struct
{
  const BhVerb *verb;
  BhLedger *ledger;
  GVariant *args;
  char *caller;
  guint32 uid;
  GHashTable *details;
  BhHold *hold;
  GUnixFDList *fds;
  GVariant *reply;
} BhCall;

/**
 * BhKind:
 * @name: as in the ledger
 * @limit: how many one user may have
 * @caps: while undoing
 * @undo: makes everything as it was before, from the facts of the hold alone and however little of it was
 * done; called again later when it could not (an error says why)
 */
typedef struct
{
  const char *name;
  guint limit;
  BhCaps caps;
  gboolean (*undo) (BhLedger *ledger, BhHold *hold, GError **error);
} BhKind;

/**
 * BhVerb:
 * @action: what polkit is asked; %NULL: nothing, one may always give back what one has
 * @other_action: (nullable): instead of it, for calls of which @is_other is true
 * @kind: of the hold it makes, or of the one whose id is its first argument
 * @makes: whether it makes one
 * @releases: whether it ends one
 * @caps: while acting
 * @check: (nullable): of the arguments and of the computer; changes nothing. Called before polkit is asked,
 * and again just before @act
 * @act: (nullable): does it. It saves the ledger after setting the facts and before changing anything; after an error its
 * hold is undone by the kind
 */
struct _BhVerb
{
  const char *method;
  const char *action, *other_action;
  gboolean (*is_other) (GVariant *args);
  const char *kind;
  gboolean makes, releases;
  BhCaps caps;
  gboolean (*check) (BhCall *call, GError **error);
  gboolean (*act) (BhCall *call, GError **error);
};

const BhVerb *bh_verbs_find (const char *method);
const BhKind *bh_kinds_find (const char *name);

/* For tests of what a kill at a bad moment leaves: built for them, stops this process when $BULKHEAD_HELPER_STOP
 * names @point. Otherwise nothing. */
#ifdef BH_HELPER_STOPS
void bh_helper_stop_point (const char *point);
#else
#define bh_helper_stop_point(point)                                                                \
  do                                                                                               \
    {                                                                                              \
    }                                                                                              \
  while (0)
#endif
