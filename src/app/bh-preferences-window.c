/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The preferences of the application, and the frozen guests: what they are, how big, and a way to be rid of them. */
#include "config.h"

#include "bh-preferences-window.h"

#include "bh-accessible.h"
#include "bh-freezing.h"
#include "bh-settings.h"
#include "bh-text.h"

#include <glib/gi18n.h>

struct _BhPreferencesWindow
{
  AdwPreferencesWindow parent_instance;
  BhVmList *vms;
  GCancellable *cancellable;
  GtkSwitch *tray, *notifications;
  GtkListBox *frozen;
  GtkWidget *remove_all;
  GtkLabel *none;
  BhFreezing *freezing;
  GtkSpinButton *ahead;
  gboolean showing; /* not chosen by somebody */
};

G_DEFINE_FINAL_TYPE (BhPreferencesWindow, bh_preferences_window, ADW_TYPE_PREFERENCES_WINDOW)

static void ask (BhPreferencesWindow *self);

static void
toast (BhPreferencesWindow *self, const char *text)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  adw_preferences_window_add_toast (ADW_PREFERENCES_WINDOW (self), adw_toast_new (escaped));
}

static void
add_frozen (BhPreferencesWindow *self, GVariant *entry)
{
  const char *key = "", *kernel = "";
  guint64 memory = 0, size = 0;
  gint64 made = 0;
  GtkWidget *row = adw_action_row_new (), *remove;
  g_autofree char *clean = NULL, *bytes = NULL, *title = NULL, *day = NULL, *subtitle = NULL;
  g_autofree char *tooltip = NULL;
  g_autoptr (GDateTime) time = NULL;

  g_variant_lookup (entry, "key", "&s", &key);
  g_variant_lookup (entry, "kernel", "&s", &kernel);
  g_variant_lookup (entry, "memory", "t", &memory);
  g_variant_lookup (entry, "size", "t", &size);
  g_variant_lookup (entry, "made", "x", &made);
  clean = bh_text_clean (kernel, strlen (kernel), 80);
  title = g_strdup_printf (_ ("%u MiB of memory"), (guint) (memory >> 20));
  bytes = g_format_size_full (size, G_FORMAT_SIZE_IEC_UNITS);
  time = g_date_time_new_from_unix_local (made);
  day = time ? g_date_time_format (time, "%x") : g_strdup ("");
  /* Translators: size on the disk, day it was made, kernel. */
  subtitle = g_strdup_printf (_ ("%s on the disk, made %s, kernel %s"), bytes, day, clean);
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), subtitle);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  subtitle, -1);
  remove = gtk_button_new_from_icon_name ("user-trash-symbolic");
  tooltip = g_strdup_printf (_ ("Remove the frozen guest with %s"), title);
  gtk_widget_set_tooltip_text (remove, tooltip);
  gtk_accessible_update_property (GTK_ACCESSIBLE (remove), GTK_ACCESSIBLE_PROPERTY_LABEL, tooltip,
                                  -1);
  gtk_widget_set_valign (remove, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (remove, "flat");
  gtk_actionable_set_action_target (GTK_ACTIONABLE (remove), "s", key);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (remove), "preferences.remove-frozen");
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), remove);
  gtk_list_box_append (self->frozen, row);
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BhPreferencesWindow *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) frozen = NULL;
  gboolean good = bh_dbus_manager1_call_list_frozen_finish (BH_DBUS_MANAGER1 (source), &frozen,
                                                            result, &error);
  GVariantIter iter;
  GVariant *entry;
  GtkWidget *child;
  gsize n = 0;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->frozen))))
    gtk_list_box_remove (self->frozen, child);
  if (good)
    {
      n = g_variant_n_children (frozen);
      g_variant_iter_init (&iter, frozen);
      while (g_variant_iter_loop (&iter, "@a{sv}", &entry))
        add_frozen (self, entry);
      gtk_label_set_text (self->none,
                          _ ("There is none. They are made by themselves while nothing else happens."));
    }
  else
    {
      g_dbus_error_strip_remote_error (error);
      gtk_label_set_text (self->none, error->message);
    }
  gtk_widget_set_visible (GTK_WIDGET (self->frozen), n > 0);
  gtk_widget_set_visible (GTK_WIDGET (self->none), n == 0);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "preferences.remove-all", n > 0);
}

static void
on_removed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BhPreferencesWindow) self = user_data;
  g_autoptr (GError) error = NULL;

  if (bh_dbus_manager1_call_remove_frozen_finish (BH_DBUS_MANAGER1 (source), result, &error))
    toast (self, _ ("Removed; AppVMs boot until there is a new one"));
  else
    {
      g_dbus_error_strip_remote_error (error);
      toast (self, error->message);
    }
  if (self->cancellable)
    ask (self);
}

static void
show_ahead (BhPreferencesWindow *self)
{
  BhDbusManager1 *manager = bh_vm_list_get_manager (self->vms);

  gtk_widget_set_sensitive (GTK_WIDGET (self->ahead), manager != NULL);
  if (!manager)
    return;
  self->showing = TRUE;
  gtk_spin_button_set_value (self->ahead, bh_dbus_manager1_get_ready_ahead (manager));
  self->showing = FALSE;
}

static void
on_ahead_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BhPreferencesWindow) self = user_data;
  g_autoptr (GError) error = NULL;

  if (bh_dbus_manager1_call_set_ready_ahead_finish (BH_DBUS_MANAGER1 (source), result, &error))
    return;
  g_dbus_error_strip_remote_error (error);
  toast (self, error->message);
  if (self->cancellable)
    show_ahead (self);
}

static void
on_ahead_changed (GtkSpinButton *spin, BhPreferencesWindow *self)
{
  BhDbusManager1 *manager = self->vms ? bh_vm_list_get_manager (self->vms) : NULL;

  if (manager && !self->showing)
    bh_dbus_manager1_call_set_ready_ahead (manager, (guint) gtk_spin_button_get_value_as_int (spin),
                                           NULL, on_ahead_set, g_object_ref (self));
}

/* Its manager is another one after each start of the service. */
static void
follow (BhPreferencesWindow *self, BhDbusManager1 *manager)
{
  if (g_signal_handler_find (manager, G_SIGNAL_MATCH_DATA, 0, 0, NULL, NULL, self))
    return;
  /* There is another one when its last step is over. */
  g_signal_connect_object (manager, "notify::freeze-step", G_CALLBACK (ask), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (manager, "notify::ready-ahead", G_CALLBACK (show_ahead), self,
                           G_CONNECT_SWAPPED);
}

static void
ask (BhPreferencesWindow *self)
{
  BhDbusManager1 *manager = bh_vm_list_get_manager (self->vms);

  show_ahead (self);
  if (manager)
    {
      follow (self, manager);
      bh_dbus_manager1_call_list_frozen (manager, self->cancellable, on_listed, self);
    }
  else
    {
      gtk_widget_action_set_enabled (GTK_WIDGET (self), "preferences.remove-all", FALSE);
      gtk_label_set_text (self->none, _ ("Bulkhead's service does not answer."));
    }
}

static void
remove_frozen (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhPreferencesWindow *self = BH_PREFERENCES_WINDOW (widget);
  BhDbusManager1 *manager = bh_vm_list_get_manager (self->vms);
  const char *key = parameter ? g_variant_get_string (parameter, NULL) : "";

  if (manager)
    bh_dbus_manager1_call_remove_frozen (manager, key, NULL, on_removed, g_object_ref (self));
}

static void
bh_preferences_window_dispose (GObject *object)
{
  BhPreferencesWindow *self = BH_PREFERENCES_WINDOW (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->vms);
  G_OBJECT_CLASS (bh_preferences_window_parent_class)->dispose (object);
}

static void
bh_preferences_window_class_init (BhPreferencesWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = bh_preferences_window_dispose;
  g_type_ensure (BH_TYPE_FREEZING);
  gtk_widget_class_set_template_from_resource (
      widget_class, "/io/github/bulkhead/Bulkhead/ui/bh-preferences-window.ui");
  gtk_widget_class_bind_template_child (widget_class, BhPreferencesWindow, tray);
  gtk_widget_class_bind_template_child (widget_class, BhPreferencesWindow, notifications);
  gtk_widget_class_bind_template_child (widget_class, BhPreferencesWindow, frozen);
  gtk_widget_class_bind_template_child (widget_class, BhPreferencesWindow, remove_all);
  gtk_widget_class_bind_template_child (widget_class, BhPreferencesWindow, none);
  gtk_widget_class_bind_template_child (widget_class, BhPreferencesWindow, freezing);
  gtk_widget_class_bind_template_child (widget_class, BhPreferencesWindow, ahead);
  gtk_widget_class_bind_template_callback (widget_class, on_ahead_changed);
  gtk_widget_class_install_action (widget_class, "preferences.remove-frozen", "s", remove_frozen);
  gtk_widget_class_install_action (widget_class, "preferences.remove-all", NULL, remove_frozen);
}

static void
bh_preferences_window_init (BhPreferencesWindow *self)
{
  GSettings *settings = bh_settings ();

  gtk_widget_init_template (GTK_WIDGET (self));
  bh_accessible_tidy (GTK_WIDGET (self));
  self->cancellable = g_cancellable_new ();
  if (settings)
    {
      g_settings_bind (settings, "tray", self->tray, "active", G_SETTINGS_BIND_DEFAULT);
      g_settings_bind (settings, "notifications", self->notifications, "active",
                       G_SETTINGS_BIND_DEFAULT);
    }
}

GtkWindow *
bh_preferences_window_new (GtkWindow *parent, BhVmList *vms)
{
  BhPreferencesWindow *self = g_object_new (BH_TYPE_PREFERENCES_WINDOW, "transient-for", parent, NULL);

  self->vms = g_object_ref (vms);
  bh_freezing_set_vms (self->freezing, vms);
  g_signal_connect_object (vms, "state-changed", G_CALLBACK (ask), self, G_CONNECT_SWAPPED);
  ask (self);
  return GTK_WINDOW (self);
}
