/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From a click to a job of the service, and to a clear message when it fails. */
#include "config.h"

#include "bh-launch.h"

#include "bh-commands.h"
#include "bh-program.h"
#include "bh-trouble.h"

#ifdef GDK_WINDOWING_WAYLAND
#include <gdk/wayland/gdkwayland.h>
#endif

/* Where to tell the end of a job. */
typedef struct
{
  BhVmItem *item;
  GWeakRef window;
} Teller;

static void
teller_free (gpointer data, GClosure *closure)
{
  Teller *teller = data;

  g_object_unref (teller->item);
  g_weak_ref_clear (&teller->window);
  g_free (teller);
}

static void
on_finished (BhJob *job, const GError *error, Teller *teller)
{
  g_autoptr (GtkWindow) window = g_weak_ref_get (&teller->window);

  if (error && window)
    bh_trouble_present (window, teller->item, job, error);
}

/* The item keeps the job until it is finished, so that its end is told whatever page is shown
 * then. */
static BhJob *
begin (BhVmItem *item, BhJobKind kind, const char *app, const char *label, GtkWidget *origin)
{
  BhJob *job = bh_job_new (kind, app, label);
  Teller *teller = g_new0 (Teller, 1);

  teller->item = g_object_ref (item);
  g_weak_ref_init (&teller->window, gtk_widget_get_root (origin));
  g_signal_connect_data (job, "finished", G_CALLBACK (on_finished), teller, teller_free, 0);
  bh_vm_item_add_job (item, job);
  return job;
}

static void
on_called (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BhJob) job = user_data;
  BhDbusVm1 *vm = BH_DBUS_VM1 (source);
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;
  gboolean ok = FALSE;

  switch (bh_job_get_kind (job))
    {
    case BH_JOB_LAUNCH:
    case BH_JOB_DISPOSABLE:
      ok = bh_dbus_vm1_call_launch_finish (vm, &path, result, &error);
      break;
    case BH_JOB_START:
      ok = bh_dbus_vm1_call_start_finish (vm, &path, result, &error);
      break;
    case BH_JOB_STOP:
      ok = bh_dbus_vm1_call_stop_finish (vm, &path, result, &error);
      break;
    case BH_JOB_HOME:
    case BH_JOB_BUILD:
    case BH_JOB_CHECK:
    case BH_JOB_OPEN:
    case BH_JOB_COPY: /* not begun here */
      break;
    }
  if (ok)
    bh_job_follow (job, g_dbus_proxy_get_connection (G_DBUS_PROXY (vm)), path);
  else
    {
      g_dbus_error_strip_remote_error (error);
      bh_job_fail (job, error);
    }
}

static void
add_display (GVariantDict *options, GtkWidget *origin)
{
#ifdef GDK_WINDOWING_WAYLAND
  GdkDisplay *display = gtk_widget_get_display (origin);

  if (GDK_IS_WAYLAND_DISPLAY (display))
    g_variant_dict_insert (options, "display", "s", gdk_display_get_name (display));
#endif
}

/* Lets the program's window take the focus that this click has. */
static void
add_token (GVariantDict *options, GtkWidget *origin)
{
  g_autoptr (GdkAppLaunchContext) context =
      gdk_display_get_app_launch_context (gtk_widget_get_display (origin));
  g_autoptr (GAppInfo) info = g_app_info_create_from_commandline (
      "bulkhead", NULL, G_APP_INFO_CREATE_SUPPORTS_STARTUP_NOTIFICATION, NULL);
  g_autofree char *token = NULL;

  if (!info)
    return;
  gdk_app_launch_context_set_timestamp (context, GDK_CURRENT_TIME);
  token = g_app_launch_context_get_startup_notify_id (G_APP_LAUNCH_CONTEXT (context), info, NULL);
  if (token)
    g_variant_dict_insert (options, "activation-token", "s", token);
}

void
bh_launch_fill (GVariantDict *options, const char *app, const char *label, gboolean disposable,
                GtkWidget *origin)
{
  g_auto (GStrv) argv = NULL;

  if (app && g_str_has_prefix (app, BH_COMMAND_PREFIX)
      && bh_command_parse (app + strlen (BH_COMMAND_PREFIX), NULL, &argv))
    {
      g_variant_dict_insert (options, "argv", "^as", argv);
      g_variant_dict_insert (options, "label", "s", label);
    }
  else if (app && !g_str_equal (app, BH_PROGRAM_DESKTOP))
    g_variant_dict_insert (options, "app", "s", app);
  if (disposable)
    g_variant_dict_insert (options, "disposable", "b", TRUE);
  add_display (options, origin);
  add_token (options, origin);
}

void
bh_launch_program (BhVmItem *item, BhJobKind kind, const char *app, const char *label,
                   GtkWidget *origin)
{
  BhJob *job = begin (item, kind, app, label, origin);
  g_auto (GVariantDict) options = G_VARIANT_DICT_INIT (NULL);

  bh_launch_fill (&options, app, label, kind == BH_JOB_DISPOSABLE, origin);
  bh_dbus_vm1_call_launch (bh_vm_item_get_proxy (item), g_variant_dict_end (&options), NULL,
                           on_called, job);
}

void
bh_launch_start (BhVmItem *item, GtkWidget *origin)
{
  BhJob *job = begin (item, BH_JOB_START, NULL, "", origin);
  g_auto (GVariantDict) options = G_VARIANT_DICT_INIT (NULL);

  add_display (&options, origin);
  bh_dbus_vm1_call_start (bh_vm_item_get_proxy (item), g_variant_dict_end (&options), NULL,
                          on_called, job);
}

void
bh_launch_stop (BhVmItem *item, gboolean force, GtkWidget *origin)
{
  BhJob *job = begin (item, BH_JOB_STOP, NULL, "", origin);

  bh_dbus_vm1_call_stop (bh_vm_item_get_proxy (item), force, NULL, on_called, job);
}

/* Stopped, so that it can start. */
static void
on_stopped (BhJob *job, const GError *error, Teller *teller)
{
  g_autoptr (GtkWidget) window = g_weak_ref_get (&teller->window);

  if (!error && window)
    bh_launch_start (teller->item, window);
}

void
bh_launch_restart (BhVmItem *item, GtkWidget *origin)
{
  BhJob *job = begin (item, BH_JOB_STOP, NULL, "", origin);
  Teller *teller = g_new0 (Teller, 1);

  teller->item = g_object_ref (item);
  g_weak_ref_init (&teller->window, gtk_widget_get_root (origin));
  g_signal_connect_data (job, "finished", G_CALLBACK (on_stopped), teller, teller_free,
                         G_CONNECT_AFTER);
  bh_dbus_vm1_call_stop (bh_vm_item_get_proxy (item), FALSE, NULL, on_called, job);
}
