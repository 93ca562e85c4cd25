/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The programs of a run: launched, ended, with windows or without. */
#include "config.h"

#include "bh-run-private.h"

#include "bh-log.h"

static void
programs_changed (BhRun *self)
{
  bh_run_save (self);
  g_signal_emit_by_name (self, "programs");
}

static void
on_launched (BhProxyLink *link, guint id, guint status, const char *detail, BhRun *self)
{
  BhProgram *program = bh_programs_find (self->programs, id);
  g_autoptr (GError) error = NULL;

  if (!program)
    return;
  if (status == BH_PROXY_LAUNCH_OK)
    {
      bh_log_line (self->id, "program %u runs: %s", id, program->label);
      g_signal_emit_by_name (self, "launched", id);
      return;
    }
  error = bh_programs_launch_error (status, program->label, detail);
  bh_log_line (self->id, "program %u: %s", id, error->message);
  g_ptr_array_remove (self->programs, program);
  programs_changed (self);
  g_signal_emit_by_name (self, "launch-failed", id, error);
}

static void
on_exited (BhProxyLink *link, guint id, guint code, GBytes *tail, BhRun *self)
{
  BhProgram *program = bh_programs_find (self->programs, id);
  g_autofree char *label = NULL;

  if (!program)
    return;
  label = g_strdup (program->label);
  bh_log_line (self->id, "program %u ended with code %u: %s", id, code, label);
  g_ptr_array_remove (self->programs, program);
  programs_changed (self);
  g_signal_emit_by_name (self, "exited", id, label, code, tail);
}

static void
on_windows (BhProxyLink *link, guint id, guint count, BhRun *self)
{
  BhProgram *program = bh_programs_find (self->programs, id);

  if (program && program->windows != count)
    {
      program->windows = count;
      g_signal_emit_by_name (self, "programs");
    }
  g_signal_emit_by_name (self, "windows", id, count);
}

void
bh_run_follow_programs (BhRun *self)
{
  g_signal_connect (self->link, "launched", G_CALLBACK (on_launched), self);
  g_signal_connect (self->link, "exited", G_CALLBACK (on_exited), self);
  g_signal_connect (self->link, "windows", G_CALLBACK (on_windows), self);
}

void
bh_run_hide_programs (BhRun *self)
{
  for (guint i = 0; i < self->programs->len; i++)
    ((BhProgram *) self->programs->pdata[i])->windows = 0;
  g_signal_emit_by_name (self, "programs");
}

guint
bh_run_launch (BhRun *self, const char *label, GVariant *options)
{
  BhProgram *program;
  g_autoptr (GVariant) owned = g_variant_ref_sink (options);

  g_return_val_if_fail (self->attached, 0);
  program = bh_programs_add (self->programs, self->next_program++, label, g_get_real_time ());
  programs_changed (self);
  bh_proxy_link_launch (self->link, program->id, owned);
  return program->id;
}

gboolean
bh_run_terminate (BhRun *self, guint id)
{
  if (!self->attached || !bh_programs_find (self->programs, id))
    return FALSE;
  bh_proxy_link_terminate (self->link, id);
  return TRUE;
}

GPtrArray *
bh_run_get_programs (BhRun *self)
{
  return self->programs;
}
