/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Volume of a running AppVM, the same as in the desktop's mixer, and how loud it is just now: the level is asked
 * for only while it plays and the row is on the screen. */
#include "config.h"

#include "bh-sound-row.h"

#include <glib/gi18n.h>
#include <math.h>

#define LEVEL_MS 100

struct _BhSoundRow
{
  AdwActionRow parent_instance;
  BhVmItem *item;
  GtkToggleButton *mute;
  GtkScale *volume;
  GtkLevelBar *level;
  gboolean showing; /* what the service says, which is no wish of the user's */
  guint timer;
  GCancellable *cancellable; /* of the question under way */
};

G_DEFINE_FINAL_TYPE (BhSoundRow, bh_sound_row, ADW_TYPE_ACTION_ROW)

static void
on_level (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BhSoundRow *self = user_data;
  g_autoptr (GError) error = NULL;
  double level = 0;

  if (!bh_dbus_vm1_call_get_sound_level_finish (BH_DBUS_VM1 (source), &level, result, &error)
      && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->cancellable);
  gtk_level_bar_set_value (self->level, CLAMP (level, 0, 1));
}

static gboolean
ask_level (gpointer user_data)
{
  BhSoundRow *self = user_data;

  if (self->cancellable)
    return G_SOURCE_CONTINUE;
  self->cancellable = g_cancellable_new ();
  bh_dbus_vm1_call_get_sound_level (bh_vm_item_get_proxy (self->item), self->cancellable, on_level,
                                    self);
  return G_SOURCE_CONTINUE;
}

static void
stop (BhSoundRow *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  gtk_level_bar_set_value (self->level, 0);
}

static void
update (BhSoundRow *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  BhDbusVm1 *vm = self->item ? bh_vm_item_get_proxy (self->item) : NULL;
  const char *const *uses = vm ? bh_dbus_vm1_get_in_use (vm) : NULL;
  gboolean running = vm && bh_vm_item_get_state (self->item) == BH_VM_RUNNING;
  gboolean playing = uses && g_strv_contains (uses, "sound");
  gboolean muted = vm && bh_dbus_vm1_get_muted (vm);

  gtk_widget_set_visible (widget, running);
  if (!running)
    {
      stop (self);
      return;
    }
  self->showing = TRUE;
  gtk_toggle_button_set_active (self->mute, muted);
  gtk_button_set_icon_name (GTK_BUTTON (self->mute), muted ? "audio-volume-muted-symbolic"
                                                           : "audio-volume-high-symbolic");
  gtk_range_set_value (GTK_RANGE (self->volume), 100 * bh_dbus_vm1_get_volume (vm));
  self->showing = FALSE;
  if (playing && gtk_widget_get_mapped (widget) && !self->timer)
    self->timer = g_timeout_add (LEVEL_MS, ask_level, self);
  else if (!playing || !gtk_widget_get_mapped (widget))
    stop (self);
}

static void
on_volume (GtkRange *range, BhSoundRow *self)
{
  if (!self->showing && self->item)
    bh_dbus_vm1_call_set_volume (bh_vm_item_get_proxy (self->item),
                                 gtk_range_get_value (range) / 100, NULL, NULL, NULL);
}

static void
on_mute (GtkToggleButton *button, BhSoundRow *self)
{
  if (!self->showing && self->item)
    bh_dbus_vm1_call_set_muted (bh_vm_item_get_proxy (self->item),
                                gtk_toggle_button_get_active (button), NULL, NULL, NULL);
}

static char *
format_volume (GtkScale *scale, double value, gpointer user_data)
{
  return g_strdup_printf (_ ("%.0f %%"), value);
}

static void
bh_sound_row_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (bh_sound_row_parent_class)->map (widget);
  update (BH_SOUND_ROW (widget));
}

static void
bh_sound_row_unmap (GtkWidget *widget)
{
  stop (BH_SOUND_ROW (widget));
  GTK_WIDGET_CLASS (bh_sound_row_parent_class)->unmap (widget);
}

static void
bh_sound_row_dispose (GObject *object)
{
  BhSoundRow *self = BH_SOUND_ROW (object);

  bh_sound_row_set_item (self, NULL);
  G_OBJECT_CLASS (bh_sound_row_parent_class)->dispose (object);
}

static void
bh_sound_row_class_init (BhSoundRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = bh_sound_row_dispose;
  widget_class->map = bh_sound_row_map;
  widget_class->unmap = bh_sound_row_unmap;
}

static void
set_label (GtkWidget *widget, const char *label)
{
  gtk_accessible_update_property (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
}

static void
bh_sound_row_init (BhSoundRow *self)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self), _ ("Volume"));
  self->mute = GTK_TOGGLE_BUTTON (gtk_toggle_button_new ());
  gtk_widget_set_valign (GTK_WIDGET (self->mute), GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (GTK_WIDGET (self->mute), "flat");
  gtk_widget_set_tooltip_text (GTK_WIDGET (self->mute), _ ("Mute"));
  set_label (GTK_WIDGET (self->mute), _ ("Mute"));
  g_signal_connect (self->mute, "toggled", G_CALLBACK (on_mute), self);
  self->volume = GTK_SCALE (gtk_scale_new_with_range (GTK_ORIENTATION_HORIZONTAL, 0, 100, 5));
  gtk_scale_set_draw_value (self->volume, TRUE);
  gtk_scale_set_value_pos (self->volume, GTK_POS_RIGHT);
  gtk_scale_set_format_value_func (self->volume, format_volume, NULL, NULL);
  set_label (GTK_WIDGET (self->volume), _ ("Volume"));
  g_signal_connect (self->volume, "value-changed", G_CALLBACK (on_volume), self);
  self->level = GTK_LEVEL_BAR (gtk_level_bar_new_for_interval (0, 1));
  gtk_level_bar_remove_offset_value (self->level, GTK_LEVEL_BAR_OFFSET_LOW);
  gtk_level_bar_remove_offset_value (self->level, GTK_LEVEL_BAR_OFFSET_HIGH);
  gtk_level_bar_remove_offset_value (self->level, GTK_LEVEL_BAR_OFFSET_FULL);
  set_label (GTK_WIDGET (self->level), _ ("How loud it is"));
  gtk_widget_set_margin_start (GTK_WIDGET (self->level), 12); /* as the scale's trough */
  gtk_widget_set_hexpand (box, TRUE);
  gtk_widget_set_valign (box, GTK_ALIGN_CENTER);
  gtk_widget_set_size_request (box, 140, -1);
  gtk_widget_set_margin_top (box, 6);
  gtk_widget_set_margin_bottom (box, 12);
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->volume));
  gtk_box_append (GTK_BOX (box), GTK_WIDGET (self->level));
  adw_action_row_add_suffix (ADW_ACTION_ROW (self), box);
  adw_action_row_add_prefix (ADW_ACTION_ROW (self), GTK_WIDGET (self->mute));
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
}

static void
on_item_changed (BhVmItem *item, BhSoundRow *self)
{
  update (self);
}

void
bh_sound_row_set_item (BhSoundRow *self, BhVmItem *item)
{
  if (self->item == item)
    return;
  stop (self);
  if (self->item)
    g_signal_handlers_disconnect_by_data (self->item, self);
  g_set_object (&self->item, item);
  if (!item)
    return;
  g_signal_connect (item, "changed", G_CALLBACK (on_item_changed), self);
  update (self);
}
