/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Tells what happens in AppVMs: in the window while it is looked at, else through the desktop. */
#include "config.h"

#include "bh-notifier.h"

#include "bh-main-window.h"
#include "bh-settings.h"

#include <glib/gi18n.h>

struct _BhNotifier
{
  GObject parent_instance;
  GtkApplication *application; /* its owner */
};

G_DEFINE_FINAL_TYPE (BhNotifier, bh_notifier, G_TYPE_OBJECT)

static gboolean
is_looked_at (GtkApplication *application)
{
  for (GList *l = gtk_application_get_windows (application); l; l = l->next)
    if (gtk_window_is_active (l->data))
      return TRUE;
  return FALSE;
}

gboolean
bh_notify_unseen (BhVmItem *item, const char *title, const char *body)
{
  GApplication *application = g_application_get_default ();
  g_autoptr (GNotification) notification = NULL;
  g_autoptr (GIcon) icon = NULL;

  if (!GTK_IS_APPLICATION (application) || is_looked_at (GTK_APPLICATION (application))
      || !bh_settings_get_boolean ("notifications", TRUE))
    return FALSE;
  notification = g_notification_new (title);
  icon = g_themed_icon_new (BH_APP_ID);
  g_notification_set_body (notification, body);
  g_notification_set_icon (notification, icon);
  g_notification_set_default_action_and_target (notification, "app.show-vm", "s",
                                                bh_vm_item_get_id (item));
  /* One for each AppVM: the latest counts. */
  g_application_send_notification (application, bh_vm_item_get_id (item), notification);
  return TRUE;
}

static void
tell (BhNotifier *self, BhVmItem *item, const char *body)
{
  g_autofree char *full = NULL;

  if (bh_notify_unseen (item, bh_vm_item_get_name (item), body))
    return;
  /* Translators: an AppVM's name and what happened in it. */
  full = g_strdup_printf (_ ("%s: %s"), bh_vm_item_get_name (item), body);
  for (GList *l = gtk_application_get_windows (self->application); l; l = l->next)
    if (BH_IS_MAIN_WINDOW (l->data))
      bh_main_window_toast (l->data, full);
}

static void
on_notice (BhVmItem *item, const char *text, BhNotifier *self)
{
  tell (self, item, text);
}

static void
on_program_crashed (BhVmItem *item, const char *label, BhNotifier *self)
{
  g_autofree char *text = g_strdup_printf (_ ("%s crashed"), label);

  tell (self, item, text);
}

static void
on_failed (BhVmItem *item, gboolean had_run, BhNotifier *self)
{
  g_autofree char *error = bh_vm_item_dup_error (item);
  /* Its page says it in the window. */
  const char *name = bh_vm_item_get_name (item);
  g_autofree char *title = g_strdup_printf (
      had_run ? _ ("“%s” stopped by itself") : _ ("“%s” could not start"), name);

  bh_notify_unseen (item, title, error);
}

static void
on_items_changed (GListModel *items, guint position, guint removed, guint added, BhNotifier *self)
{
  for (guint i = position; i < position + added; i++)
    {
      g_autoptr (BhVmItem) item = g_list_model_get_item (items, i);

      /* Sorting takes it out and in again. */
      g_signal_handlers_disconnect_by_data (item, self);
      g_signal_connect_object (item, "notice", G_CALLBACK (on_notice), self, 0);
      g_signal_connect_object (item, "program-crashed", G_CALLBACK (on_program_crashed), self, 0);
      g_signal_connect_object (item, "failed", G_CALLBACK (on_failed), self, 0);
    }
}

static void
bh_notifier_class_init (BhNotifierClass *klass)
{
}

static void
bh_notifier_init (BhNotifier *self)
{
}

BhNotifier *
bh_notifier_new (GtkApplication *application, BhVmList *vms)
{
  BhNotifier *self = g_object_new (BH_TYPE_NOTIFIER, NULL);

  self->application = application;
  g_signal_connect_object (vms, "items-changed", G_CALLBACK (on_items_changed), self, 0);
  on_items_changed (G_LIST_MODEL (vms), 0, 0, g_list_model_get_n_items (G_LIST_MODEL (vms)), self);
  return self;
}
