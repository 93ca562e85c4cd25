/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Callers of one AppVM's Start, Launch and Stop that wait for their jobs. */
#pragma once

#include "bh-job.h"

typedef enum
{
  BH_WAIT_START,  /* until it is ready */
  BH_WAIT_LAUNCH, /* until it is ready, to launch then */
  BH_WAIT_WINDOW, /* launched */
  BH_WAIT_EXIT,   /* launched, and to be told of the end */
  BH_WAIT_STOP,   /* until it has stopped */
  BH_WAIT_HOME,   /* until its home is changed */
} BhWaitFor;

typedef struct
{
  BhJob *job;
  BhWaitFor what;
  GVariant *options; /* of Launch */
  char *label;
  gboolean wait;       /* for the program's end */
  gboolean started_vm; /* the AppVM was started for this caller */
  gboolean launched;   /* its program runs, or did */
  guint id;            /* launch id, 0: not launched */
  /* What has to be ready before it is launched; told when nobody waits any more. NULL: nothing. */
  gpointer opening;
  void (*opening_over) (gpointer opening, gboolean launched);
  gboolean held; /* it is not ready yet */
} BhCaller;

typedef struct _BhCallers BhCallers;

BhCallers *bh_callers_new (GDBusObjectManagerServer *server);
void bh_callers_free (BhCallers *self);

/* %BH_ERROR_BUSY when there are too many already. */
gboolean bh_callers_has_room (BhCallers *self, GError **error);

/* @cancelled: called as Job1.Cancel comes; to end with bh_callers_fail() or not. */
BhCaller *bh_callers_add (BhCallers *self, BhWaitFor what,
                          void (*cancelled) (BhCaller *caller, gpointer data), gpointer data);

/* These free @caller. */
void bh_callers_done (BhCallers *self, BhCaller *caller);
void bh_callers_fail (BhCallers *self, BhCaller *caller, const GError *error);

BhCaller *bh_callers_find (BhCallers *self, guint launch_id);

/* Those who wait for @first to @last: an array of its own, because each takes itself off the list. */
GPtrArray *bh_callers_list (BhCallers *self, BhWaitFor first, BhWaitFor last);
