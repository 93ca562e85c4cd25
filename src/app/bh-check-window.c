/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What AppVMs need of this computer, and whether it is there: the service's CheckHost, for people. */
#include "config.h"

#include "bh-check-window.h"

#include "bh-accessible.h"
#include "bh-busy.h"
#include "bh-check-row.h"
#include "bh-settings.h"
#include "bh-trouble.h"

#include <glib/gi18n.h>

/* It may boot a test machine. */
#define TIMEOUT_MS 60000

struct _BhCheckWindow
{
  AdwWindow parent_instance;
  BhVmList *vms;
  GCancellable *cancellable;

  AdwToastOverlay *toasts;
  GtkStack *stack;
  AdwStatusPage *failure;
  GtkImage *image;
  GtkLabel *heading, *summary;
  GtkListBox *rows;
  BhBusy *busy;
};

G_DEFINE_FINAL_TYPE (BhCheckWindow, bh_check_window, ADW_TYPE_WINDOW)

typedef struct
{
  guint errors, warnings;
} Result;

static Result
count (GVariant *checks)
{
  Result result = { 0, 0 };
  GVariantIter iter;
  GVariant *check;

  g_variant_iter_init (&iter, checks);
  while (g_variant_iter_loop (&iter, "@a{sv}", &check))
    {
      const char *severity = "";

      g_variant_lookup (check, "severity", "&s", &severity);
      result.errors += g_str_equal (severity, "error");
      result.warnings += g_str_equal (severity, "warning");
    }
  return result;
}

static void
show_summary (BhCheckWindow *self, Result result)
{
  const char *icon = "emblem-ok-symbolic", *heading = _ ("This Computer Is Ready");
  const char *summary = _ ("It has all that AppVMs need.");

  if (result.errors > 0)
    {
      icon = "dialog-error-symbolic";
      heading = _ ("AppVMs Cannot Run Yet");
      summary = _ ("What is missing is named here, with what to do about it.");
    }
  else if (result.warnings > 0)
    {
      icon = "dialog-warning-symbolic";
      heading = _ ("This Computer Is Ready, With Limits");
      summary = _ ("AppVMs run. What is limited is named here, with what to do about it.");
    }
  gtk_image_set_from_icon_name (self->image, icon);
  gtk_label_set_text (self->heading, heading);
  gtk_label_set_text (self->summary, summary);
}

/* The worst first; within the same the service's order. */
static void
show_checks (BhCheckWindow *self, GVariant *checks)
{
  static const char *const order[] = { "error", "warning", "ok" };
  GtkWidget *child;

  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->rows))))
    gtk_list_box_remove (self->rows, child);
  for (gsize i = 0; i < G_N_ELEMENTS (order); i++)
    {
      GVariantIter iter;
      GVariant *check;

      g_variant_iter_init (&iter, checks);
      while (g_variant_iter_loop (&iter, "@a{sv}", &check))
        {
          const char *severity = "";

          g_variant_lookup (check, "severity", "&s", &severity);
          if (g_str_equal (severity, order[i]))
            gtk_list_box_append (self->rows, bh_check_row_new (check));
        }
    }
  show_summary (self, count (checks));
  gtk_stack_set_visible_child_name (self->stack, "checks");
}

static void
show_failure (BhCheckWindow *self, const char *message)
{
  g_autofree char *escaped = g_markup_escape_text (message, -1);

  adw_status_page_set_description (self->failure, escaped);
  gtk_stack_set_visible_child_name (self->stack, "failure");
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BhCheckWindow *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) checks = NULL;
  gboolean good =
      bh_dbus_manager1_call_check_host_finish (BH_DBUS_MANAGER1 (source), &checks, result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->cancellable);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "check.again", TRUE);
  if (good)
    {
      show_checks (self, checks);
      return;
    }
  g_dbus_error_strip_remote_error (error);
  show_failure (self, error->message);
}

static void
ask (BhCheckWindow *self)
{
  BhDbusManager1 *manager = bh_vm_list_get_manager (self->vms);

  if (!manager)
    {
      show_failure (self, bh_vm_list_get_problem (self->vms)
                              ? bh_vm_list_get_problem (self->vms)
                              : _ ("Bulkhead's service does not answer."));
      return;
    }
  gtk_stack_set_visible_child_name (self->stack, "busy");
  bh_busy_set (self->busy, TRUE);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "check.again", FALSE);
  self->cancellable = g_cancellable_new ();
  g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (manager), TIMEOUT_MS);
  bh_dbus_manager1_call_check_host (manager, self->cancellable, on_checked, self);
  g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (manager), -1);
}

/* It was asked before the service was there. */
static void
on_state_changed (BhCheckWindow *self)
{
  if (!self->cancellable && bh_vm_list_get_manager (self->vms)
      && g_strcmp0 (gtk_stack_get_visible_child_name (self->stack), "failure") == 0)
    ask (self);
}

static void
again (GtkWidget *widget, const char *action, GVariant *parameter)
{
  ask (BH_CHECK_WINDOW (widget));
}

static void
on_enabled (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BhCheckWindow *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_proxy_call_finish (G_DBUS_PROXY (source), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->cancellable);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "check.again", TRUE);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "check.enable-kvm", TRUE);
  if (reply)
    ask (self);
  else
    bh_trouble_present_plain (GTK_WINDOW (self), _ ("Virtualization Was Not Switched On"), error);
}

static void
enable_kvm (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhCheckWindow *self = BH_CHECK_WINDOW (widget);
  BhDbusManager1 *manager = bh_vm_list_get_manager (self->vms);

  if (!manager || self->cancellable)
    return;
  gtk_widget_action_set_enabled (widget, "check.again", FALSE);
  gtk_widget_action_set_enabled (widget, "check.enable-kvm", FALSE);
  self->cancellable = g_cancellable_new ();
  /* polkit may put a question first. */
  g_dbus_proxy_call (G_DBUS_PROXY (manager), "EnableKvm", NULL, G_DBUS_CALL_FLAGS_NONE, G_MAXINT,
                     self->cancellable, on_enabled, self);
}

static void
copy (GtkWidget *widget, const char *action, GVariant *parameter)
{
  gdk_clipboard_set_text (gtk_widget_get_clipboard (widget),
                          g_variant_get_string (parameter, NULL));
  adw_toast_overlay_add_toast (BH_CHECK_WINDOW (widget)->toasts,
                               adw_toast_new (_ ("Copied; paste it into a terminal")));
}

static void
bh_check_window_dispose (GObject *object)
{
  BhCheckWindow *self = BH_CHECK_WINDOW (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->vms);
  G_OBJECT_CLASS (bh_check_window_parent_class)->dispose (object);
}

static void
bh_check_window_class_init (BhCheckWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = bh_check_window_dispose;
  g_type_ensure (BH_TYPE_BUSY);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/io/github/bulkhead/Bulkhead/ui/bh-check-window.ui");
  gtk_widget_class_bind_template_child (widget_class, BhCheckWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, BhCheckWindow, stack);
  gtk_widget_class_bind_template_child (widget_class, BhCheckWindow, failure);
  gtk_widget_class_bind_template_child (widget_class, BhCheckWindow, image);
  gtk_widget_class_bind_template_child (widget_class, BhCheckWindow, heading);
  gtk_widget_class_bind_template_child (widget_class, BhCheckWindow, summary);
  gtk_widget_class_bind_template_child (widget_class, BhCheckWindow, rows);
  gtk_widget_class_bind_template_child (widget_class, BhCheckWindow, busy);
  gtk_widget_class_install_action (widget_class, "check.again", NULL, again);
  gtk_widget_class_install_action (widget_class, "check.enable-kvm", NULL, enable_kvm);
  gtk_widget_class_install_action (widget_class, "check.copy", "s", copy);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
}

static void
bh_check_window_init (BhCheckWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  bh_accessible_tidy (GTK_WIDGET (self));
  bh_accessible_follow (GTK_WIDGET (self->stack));
}

GtkWindow *
bh_check_window_new (GtkWindow *parent, BhVmList *vms)
{
  BhCheckWindow *self =
      g_object_new (BH_TYPE_CHECK_WINDOW, "transient-for", parent, "modal", TRUE, NULL);

  self->vms = g_object_ref (vms);
  g_signal_connect_object (vms, "state-changed", G_CALLBACK (on_state_changed), self,
                           G_CONNECT_SWAPPED);
  ask (self);
  return GTK_WINDOW (self);
}

/* The question of the first run, before there is a window to show. */
typedef struct
{
  GWeakRef parent;
  BhVmList *vms;
} First;

static void
on_first_checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  First *first = user_data;
  g_autoptr (GtkWindow) parent = g_weak_ref_get (&first->parent);
  g_autoptr (GVariant) checks = NULL;
  Result found = { 0, 0 };

  if (bh_dbus_manager1_call_check_host_finish (BH_DBUS_MANAGER1 (source), &checks, result, NULL))
    {
      found = count (checks);
      g_settings_set_boolean (bh_settings (), "computer-checked", TRUE);
    }
  if (parent && found.errors + found.warnings > 0)
    {
      BhCheckWindow *self =
          g_object_new (BH_TYPE_CHECK_WINDOW, "transient-for", parent, "modal", TRUE, NULL);

      self->vms = g_object_ref (first->vms);
      show_checks (self, checks);
      gtk_window_present (GTK_WINDOW (self));
    }
  g_weak_ref_clear (&first->parent);
  g_object_unref (first->vms);
  g_free (first);
}

void
bh_check_window_first_run (GtkWindow *parent, BhVmList *vms)
{
  BhDbusManager1 *manager = bh_vm_list_get_manager (vms);
  First *first;

  if (!manager || bh_settings_get_boolean ("computer-checked", TRUE))
    return;
  first = g_new0 (First, 1);
  g_weak_ref_init (&first->parent, parent);
  first->vms = g_object_ref (vms);
  bh_dbus_manager1_call_check_host (manager, NULL, on_first_checked, first);
}
