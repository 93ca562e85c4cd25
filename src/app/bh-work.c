/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A window that shows how far a job is, lets it be cancelled, and tells its end. */
#include "config.h"

#include "bh-work.h"

#include "bh-accessible.h"
#include "bh-error.h"
#include "bh-trouble.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#define SHOW_AFTER_MS 300

typedef struct
{
  GWeakRef window;
  BhJob *job;
  char *heading;
  const char *failed;
  BhWorkDone done;
  gpointer data;
  GDestroyNotify free;
  guint delay;
  GtkWidget *dialog, *bar, *step; /* NULL: not shown */
} Work;

static void
work_free (Work *work)
{
  g_clear_handle_id (&work->delay, g_source_remove);
  g_signal_handlers_disconnect_by_data (work->job, work);
  if (work->dialog)
    {
      g_signal_handlers_disconnect_by_data (work->dialog, work);
      gtk_window_destroy (GTK_WINDOW (work->dialog));
    }
  if (work->free)
    work->free (work->data);
  g_object_unref (work->job);
  g_weak_ref_clear (&work->window);
  g_free (work->heading);
  g_free (work);
}

static void
on_changed (BhJob *job, Work *work)
{
  if (!work->dialog)
    return;
  gtk_progress_bar_set_fraction (GTK_PROGRESS_BAR (work->bar), bh_job_get_fraction (job));
  gtk_label_set_text (GTK_LABEL (work->step), bh_job_get_step (job));
}

static void
on_finished (BhJob *job, const GError *error, Work *work)
{
  g_autoptr (GtkWindow) window = g_weak_ref_get (&work->window);

  if (work->dialog)
    gtk_widget_set_visible (work->dialog, FALSE);
  if (!error)
    work->done (job, window, work->data);
  else if (window && !g_error_matches (error, BH_ERROR, BH_ERROR_CANCELLED))
    bh_trouble_present_plain (window, work->failed, error);
  work_free (work);
}

/* With the window that it belongs to. */
static void
on_destroyed (GtkWidget *dialog, Work *work)
{
  work->dialog = work->bar = work->step = NULL;
}

static void
on_response (AdwMessageDialog *dialog, const char *response, Work *work)
{
  bh_job_cancel (work->job);
}

static gboolean
show (gpointer data)
{
  Work *work = data;
  g_autoptr (GtkWindow) window = g_weak_ref_get (&work->window);
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 12);

  work->delay = 0;
  work->dialog = adw_message_dialog_new (window, work->heading, NULL);
  work->bar = gtk_progress_bar_new ();
  work->step = gtk_label_new ("");
  gtk_label_set_wrap (GTK_LABEL (work->step), TRUE);
  gtk_widget_add_css_class (work->step, "dim-label");
  gtk_accessible_update_property (GTK_ACCESSIBLE (work->bar), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  work->heading, -1);
  gtk_box_append (GTK_BOX (box), work->bar);
  gtk_box_append (GTK_BOX (box), work->step);
  adw_message_dialog_set_extra_child (ADW_MESSAGE_DIALOG (work->dialog), box);
  adw_message_dialog_add_response (ADW_MESSAGE_DIALOG (work->dialog), "cancel", _ ("_Cancel"));
  adw_message_dialog_set_close_response (ADW_MESSAGE_DIALOG (work->dialog), "cancel");
  g_signal_connect (work->dialog, "destroy", G_CALLBACK (on_destroyed), work);
  g_signal_connect (work->dialog, "response", G_CALLBACK (on_response), work);
  on_changed (work->job, work);
  bh_accessible_tidy (work->dialog);
  gtk_window_present (GTK_WINDOW (work->dialog));
  return G_SOURCE_REMOVE;
}

BhJob *
bh_work_begin (GtkWidget *origin, const char *heading, const char *failed, BhWorkDone done,
               gpointer data, GDestroyNotify free)
{
  Work *work = g_new0 (Work, 1);

  g_weak_ref_init (&work->window, gtk_widget_get_root (origin));
  work->job = bh_job_new (BH_JOB_COPY, NULL, "");
  work->heading = g_strdup (heading);
  work->failed = failed;
  work->done = done;
  work->data = data;
  work->free = free;
  work->delay = g_timeout_add (SHOW_AFTER_MS, show, work);
  g_signal_connect (work->job, "changed", G_CALLBACK (on_changed), work);
  g_signal_connect (work->job, "finished", G_CALLBACK (on_finished), work);
  return work->job;
}

void
bh_work_called (BhJob *job, gpointer proxy, const char *path, GError *error)
{
  if (path)
    {
      bh_job_follow (job, g_dbus_proxy_get_connection (proxy), path);
      return;
    }
  g_dbus_error_strip_remote_error (error);
  bh_job_fail (job, error);
  g_error_free (error);
}
