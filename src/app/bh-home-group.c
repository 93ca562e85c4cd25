/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The home disk of an AppVM: what it takes, and its snapshots. Only a stopped AppVM's is changed. */
#include "config.h"

#include "bh-home-group.h"

#include "bh-accessible.h"
#include "bh-job.h"
#include "bh-text.h"

#include <glib/gi18n.h>
#include <string.h>

struct _BhHomeGroup
{
  AdwPreferencesGroup parent_instance;
  BhVmItem *item;
  AdwActionRow *size, *add;
  GPtrArray *rows; /* of snapshots */
  GtkWidget *compact, *spinner, *trouble;
  BhJob *job; /* a change under way */
  gboolean active;
  GCancellable *cancellable;
};

G_DEFINE_FINAL_TYPE (BhHomeGroup, bh_home_group, ADW_TYPE_PREFERENCES_GROUP)

static void read_home (BhHomeGroup *self);

static void
show_trouble (BhHomeGroup *self, const char *text)
{
  gtk_label_set_text (GTK_LABEL (self->trouble), text);
  gtk_widget_set_visible (self->trouble, *text != '\0');
}

static void
update_sensitive (BhHomeGroup *self)
{
  gboolean may = !self->job && !self->active;

  gtk_widget_set_sensitive (self->compact, may);
  gtk_widget_set_sensitive (GTK_WIDGET (self->add), may);
  for (guint i = 0; i < self->rows->len; i++)
    gtk_widget_set_sensitive (self->rows->pdata[i], may);
  gtk_widget_set_visible (self->spinner, self->job != NULL);
  adw_preferences_group_set_description (
      ADW_PREFERENCES_GROUP (self), self->active ? _ ("Stop the AppVM to change its disk.") : NULL);
}

static void
on_finished (BhJob *job, const GError *error, BhHomeGroup *self)
{
  if (job != self->job)
    return;
  g_clear_object (&self->job);
  show_trouble (self, error ? error->message : "");
  update_sensitive (self);
  read_home (self);
}

typedef struct
{
  BhHomeGroup *self;
  BhJob *job;
} Call;

static void
on_called (GObject *source, GAsyncResult *result, gpointer data)
{
  Call *call = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *path = NULL;

  if (bh_dbus_vm1_call_change_home_finish (BH_DBUS_VM1 (source), &path, result, &error))
    bh_job_follow (call->job, g_dbus_proxy_get_connection (G_DBUS_PROXY (source)), path);
  else
    {
      g_dbus_error_strip_remote_error (error);
      bh_job_fail (call->job, error);
    }
  g_object_unref (call->self);
  g_object_unref (call->job);
  g_free (call);
}

static void
change (BhHomeGroup *self, const char *action, const char *name)
{
  GVariantDict options;
  Call *call;

  if (self->job)
    return;
  g_variant_dict_init (&options, NULL);
  if (name)
    g_variant_dict_insert (&options, "name", "s", name);
  self->job = bh_job_new (BH_JOB_HOME, NULL, "");
  g_signal_connect_object (self->job, "finished", G_CALLBACK (on_finished), self, 0);
  call = g_new (Call, 1);
  *call = (Call){ g_object_ref (self), g_object_ref (self->job) };
  show_trouble (self, "");
  update_sensitive (self);
  bh_dbus_vm1_call_change_home (bh_vm_item_get_proxy (self->item), action,
                                g_variant_dict_end (&options), NULL, on_called, call);
}

static void
on_compact (BhHomeGroup *self)
{
  change (self, "compact", NULL);
}

static void
on_add (BhHomeGroup *self)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *name = g_date_time_format (now, "at-%Y-%m-%d-%H%M%S");

  change (self, "snapshot", name);
}

static void
on_restore (GtkButton *button, BhHomeGroup *self)
{
  change (self, "restore", g_object_get_data (G_OBJECT (button), "name"));
}

static void
on_remove (GtkButton *button, BhHomeGroup *self)
{
  change (self, "remove-snapshot", g_object_get_data (G_OBJECT (button), "name"));
}

static GtkWidget *
make_button (BhHomeGroup *self, const char *name, const char *label, const char *icon,
             GCallback clicked)
{
  GtkWidget *button = icon ? gtk_button_new_from_icon_name (icon) : gtk_button_new_with_label (label);

  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  if (icon)
    {
      gtk_widget_set_tooltip_text (button, label);
      gtk_widget_add_css_class (button, "flat");
      gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                      -1);
    }
  g_object_set_data_full (G_OBJECT (button), "name", g_strdup (name), g_free);
  if (clicked)
    g_signal_connect_object (button, "clicked", clicked, self, 0);
  return button;
}

static void
add_snapshot (BhHomeGroup *self, const char *name, gint64 time)
{
  GtkWidget *row = adw_action_row_new ();
  g_autoptr (GDateTime) made = g_date_time_new_from_unix_local (time);
  g_autofree char *text = made ? g_date_time_format (made, "%x %X") : g_strdup ("");
  g_autofree char *clean = bh_text_clean (name, strlen (name), 60);
  g_autofree char *title = g_markup_escape_text (clean, -1);
  g_autofree char *subtitle = g_markup_escape_text (text, -1);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), subtitle);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row),
                             make_button (self, name, _ ("Go Back"), NULL, G_CALLBACK (on_restore)));
  adw_action_row_add_suffix (ADW_ACTION_ROW (row),
                             make_button (self, name, _ ("Remove This Snapshot"),
                                          "user-trash-symbolic", G_CALLBACK (on_remove)));
  adw_preferences_group_add (ADW_PREFERENCES_GROUP (self), row);
  g_ptr_array_add (self->rows, row);
}

static void
show_size (BhHomeGroup *self, GVariant *home)
{
  g_autofree char *used_text = NULL, *size_text = NULL, *text = NULL;
  guint64 size = 0, used = 0;
  gboolean encrypted = FALSE;
  const char *problem = "";

  g_variant_lookup (home, "size", "t", &size);
  g_variant_lookup (home, "used", "t", &used);
  g_variant_lookup (home, "encrypted", "b", &encrypted);
  g_variant_lookup (home, "problem", "&s", &problem);
  used_text = g_format_size_full (used, G_FORMAT_SIZE_IEC_UNITS);
  size_text = g_format_size_full (size, G_FORMAT_SIZE_IEC_UNITS);
  if (*problem)
    text = g_markup_escape_text (problem, -1);
  else if (encrypted)
    /* Translators: two sizes. */
    text = g_strdup_printf (_ ("%s of at most %s, encrypted"), used_text, size_text);
  else
    /* Translators: two sizes. */
    text = g_strdup_printf (_ ("%s of at most %s"), used_text, size_text);
  adw_action_row_set_subtitle (self->size, text);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer data)
{
  BhHomeGroup *self = data;
  g_autoptr (GVariant) home = NULL;
  g_autoptr (GVariant) list = NULL;
  g_autoptr (GError) error = NULL;
  GVariantIter iter;
  const char *name;
  gint64 time;
  guint64 size;
  gboolean there;

  if (!bh_dbus_vm1_call_read_home_finish (BH_DBUS_VM1 (source), &home, result, &error))
    {
      if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
      return;
    }
  there = g_variant_lookup (home, "size", "t", &size) || g_variant_lookup (home, "problem", "&s", &name);
  gtk_widget_set_visible (GTK_WIDGET (self), there);
  for (guint i = 0; i < self->rows->len; i++)
    adw_preferences_group_remove (ADW_PREFERENCES_GROUP (self), self->rows->pdata[i]);
  g_ptr_array_set_size (self->rows, 0);
  show_size (self, home);
  list = g_variant_lookup_value (home, "snapshots", G_VARIANT_TYPE ("a(sxt)"));
  if (list)
    g_variant_iter_init (&iter, list);
  while (list && g_variant_iter_next (&iter, "(&sxt)", &name, &time, &size))
    add_snapshot (self, name, time);
  update_sensitive (self);
  bh_accessible_tidy (GTK_WIDGET (self));
}

static void
read_home (BhHomeGroup *self)
{
  bh_dbus_vm1_call_read_home (bh_vm_item_get_proxy (self->item), self->cancellable, on_read, self);
}

static void
on_item_changed (BhHomeGroup *self)
{
  gboolean active = bh_vm_item_is_active (self->item);

  if (active == self->active)
    return;
  self->active = active;
  update_sensitive (self);
  read_home (self);
}

static void
bh_home_group_dispose (GObject *object)
{
  BhHomeGroup *self = BH_HOME_GROUP (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->job);
  g_clear_object (&self->item);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  G_OBJECT_CLASS (bh_home_group_parent_class)->dispose (object);
}

static void
bh_home_group_class_init (BhHomeGroupClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bh_home_group_dispose;
}

static void
bh_home_group_init (BhHomeGroup *self)
{
  AdwPreferencesGroup *group = ADW_PREFERENCES_GROUP (self);
  GtkWidget *add = make_button (self, NULL, _ ("Make a Snapshot"), "list-add-symbolic",
                                NULL);

  self->rows = g_ptr_array_new ();
  self->cancellable = g_cancellable_new ();
  self->size = ADW_ACTION_ROW (adw_action_row_new ());
  self->add = ADW_ACTION_ROW (adw_action_row_new ());
  self->compact = gtk_button_new_with_label (_ ("Compact"));
  self->spinner = gtk_spinner_new ();
  self->trouble = gtk_label_new (NULL);
  adw_preferences_group_set_title (group, _ ("Home Disk"));
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->size), _ ("Takes on This Computer"));
  gtk_widget_set_valign (self->compact, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (self->compact, _ ("Write it anew without what nothing uses any more"));
  gtk_spinner_start (GTK_SPINNER (self->spinner));
  adw_action_row_add_suffix (self->size, self->spinner);
  adw_action_row_add_suffix (self->size, self->compact);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->add), _ ("Snapshots"));
  adw_action_row_set_subtitle (self->add, _ ("What the home is now can be come back to; it takes room only "
                                             "for what is changed from then on"));
  adw_action_row_add_suffix (self->add, add);
  gtk_label_set_wrap (GTK_LABEL (self->trouble), TRUE);
  gtk_label_set_xalign (GTK_LABEL (self->trouble), 0);
  gtk_widget_add_css_class (self->trouble, "error");
  gtk_widget_set_visible (self->trouble, FALSE);
  g_signal_connect_swapped (self->compact, "clicked", G_CALLBACK (on_compact), self);
  g_signal_connect_swapped (add, "clicked", G_CALLBACK (on_add), self);
  adw_preferences_group_add (group, GTK_WIDGET (self->size));
  adw_preferences_group_add (group, GTK_WIDGET (self->add));
  adw_preferences_group_add (group, self->trouble);
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
}

GtkWidget *
bh_home_group_new (BhVmItem *item)
{
  BhHomeGroup *self = g_object_new (BH_TYPE_HOME_GROUP, NULL);

  self->item = g_object_ref (item);
  self->active = bh_vm_item_is_active (item);
  g_signal_connect_object (item, "changed", G_CALLBACK (on_item_changed), self, G_CONNECT_SWAPPED);
  read_home (self);
  return GTK_WIDGET (self);
}
