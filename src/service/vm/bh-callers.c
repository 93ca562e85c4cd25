/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Callers of one AppVM's Start, Launch and Stop that wait for their jobs. */
#include "config.h"

#include "bh-callers.h"

#include "bh-error.h"

#define MAX_CALLERS 64

struct _BhCallers
{
  GDBusObjectManagerServer *server;
  GPtrArray *all;
};

typedef struct
{
  BhCaller caller;
  void (*cancelled) (BhCaller *caller, gpointer data);
  gpointer data;
} Entry;

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_signal_handlers_disconnect_by_data (entry->caller.job, entry);
  if (entry->caller.opening)
    entry->caller.opening_over (entry->caller.opening, entry->caller.launched);
  g_object_unref (entry->caller.job);
  g_clear_pointer (&entry->caller.options, g_variant_unref);
  g_free (entry->caller.label);
  g_free (entry);
}

BhCallers *
bh_callers_new (GDBusObjectManagerServer *server)
{
  BhCallers *self = g_new0 (BhCallers, 1);

  self->server = g_object_ref (server);
  self->all = g_ptr_array_new_with_free_func (entry_free);
  return self;
}

void
bh_callers_free (BhCallers *self)
{
  g_ptr_array_unref (self->all);
  g_object_unref (self->server);
  g_free (self);
}

gboolean
bh_callers_has_room (BhCallers *self, GError **error)
{
  if (self->all->len < MAX_CALLERS)
    return TRUE;
  g_set_error_literal (error, BH_ERROR, BH_ERROR_BUSY, "Too much is asked of this AppVM at once");
  return FALSE;
}

static void
on_cancel (BhJob *job, Entry *entry)
{
  entry->cancelled (&entry->caller, entry->data);
}

BhCaller *
bh_callers_add (BhCallers *self, BhWaitFor what,
                void (*cancelled) (BhCaller *caller, gpointer data), gpointer data)
{
  Entry *entry = g_new0 (Entry, 1);

  entry->caller.job = bh_job_new ();
  entry->caller.what = what;
  entry->cancelled = cancelled;
  entry->data = data;
  bh_job_export (entry->caller.job, self->server);
  g_signal_connect (entry->caller.job, "cancel", G_CALLBACK (on_cancel), entry);
  g_ptr_array_add (self->all, entry);
  return &entry->caller;
}

void
bh_callers_done (BhCallers *self, BhCaller *caller)
{
  bh_job_done (caller->job);
  g_ptr_array_remove (self->all, caller);
}

void
bh_callers_fail (BhCallers *self, BhCaller *caller, const GError *error)
{
  bh_job_fail (caller->job, error);
  g_ptr_array_remove (self->all, caller);
}

BhCaller *
bh_callers_find (BhCallers *self, guint launch_id)
{
  for (guint i = 0; launch_id != 0 && i < self->all->len; i++)
    {
      BhCaller *caller = self->all->pdata[i];

      if (caller->id == launch_id)
        return caller;
    }
  return NULL;
}

GPtrArray *
bh_callers_list (BhCallers *self, BhWaitFor first, BhWaitFor last)
{
  GPtrArray *list = g_ptr_array_new ();

  for (guint i = 0; i < self->all->len; i++)
    {
      BhCaller *caller = self->all->pdata[i];

      if (caller->what >= first && caller->what <= last)
        g_ptr_array_add (list, caller);
    }
  return list;
}
