/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One setting of an AppVM as a row. */
#include "config.h"

#include "bh-setting-row.h"

#include "bh-setting-controls.h"
#include "bh-text.h"

#include <glib/gi18n.h>

#define MAX_ERROR_CHARS 400

struct _BhSettingRow
{
  AdwPreferencesRow parent_instance;
  const BhKey *key;
  const BhSettingControl *class;
  BhProgramList *programs;
  BhSettingCheck check;
  gpointer check_data;
  char *value; /* in force */
  guint asked; /* proposals that were not answered yet */
  gboolean showing;

  GtkWidget *control, *reset;
  GtkWidget *weak, *waiting, *apart, *error;
};

G_DEFINE_FINAL_TYPE (BhSettingRow, bh_setting_row, ADW_TYPE_PREFERENCES_ROW)

static guint proposed_signal;

static gboolean
is_default (BhSettingRow *self)
{
  return self->key->fallback && g_str_equal (self->value, self->key->fallback);
}

static void
show_note (GtkWidget *note, const char *text)
{
  GtkWidget *label = gtk_widget_get_last_child (note);

  gtk_label_set_text (GTK_LABEL (label), text ?: "");
  gtk_widget_set_visible (note, text != NULL);
}

/* What goes wrong is read with the control, by those who do not see the row. */
static void
show_error (BhSettingRow *self, const char *text)
{
  g_autofree char *clean = text ? bh_text_clean (text, strlen (text), MAX_ERROR_CHARS) : NULL;

  show_note (self->error, clean);
  if (clean)
    gtk_widget_add_css_class (GTK_WIDGET (self), "setting-error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self), "setting-error");
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->control),
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, clean ?: _ (self->key->doc),
                                  -1);
  gtk_accessible_update_state (GTK_ACCESSIBLE (self->control), GTK_ACCESSIBLE_STATE_INVALID,
                               clean ? GTK_ACCESSIBLE_INVALID_TRUE : GTK_ACCESSIBLE_INVALID_FALSE,
                               -1);
}

static void
show_value (BhSettingRow *self)
{
  self->showing = TRUE;
  self->class->show (self, self->control, self->key, self->value);
  self->showing = FALSE;
}

static void
update_marks (BhSettingRow *self)
{
  gboolean weak = self->key->weakens && !is_default (self);

  gtk_widget_set_visible (self->weak, weak);
  /* Nothing to go back to where the default is nothing; no colour is better than another. */
  gtk_widget_set_visible (self->reset, self->key->fallback && *self->key->fallback != '\0'
                                           && self->key->type != BH_KEY_COLOR
                                           && !is_default (self));
}

static void
on_reset (GtkButton *button, BhSettingRow *self)
{
  self->asked++;
  show_error (self, NULL);
  gtk_widget_child_focus (self->control, GTK_DIR_TAB_FORWARD);
  g_signal_emit (self, proposed_signal, 0, "");
}

/* A click anywhere in a row with a switch moves the switch, as in every other window. */
static void
on_list_activated (GtkListBox *list, GtkListBoxRow *row, BhSettingRow *self)
{
  if (row == GTK_LIST_BOX_ROW (self))
    gtk_widget_activate (self->control);
}

static void
on_parent (BhSettingRow *self)
{
  GtkWidget *parent = gtk_widget_get_parent (GTK_WIDGET (self));

  if (GTK_IS_LIST_BOX (parent) && self->key->type == BH_KEY_BOOL)
    g_signal_connect_object (parent, "row-activated", G_CALLBACK (on_list_activated), self, 0);
}

static void
bh_setting_row_dispose (GObject *object)
{
  g_clear_object (&BH_SETTING_ROW (object)->programs);
  G_OBJECT_CLASS (bh_setting_row_parent_class)->dispose (object);
}

static void
bh_setting_row_finalize (GObject *object)
{
  g_free (BH_SETTING_ROW (object)->value);
  G_OBJECT_CLASS (bh_setting_row_parent_class)->finalize (object);
}

static void
bh_setting_row_class_init (BhSettingRowClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bh_setting_row_dispose;
  G_OBJECT_CLASS (klass)->finalize = bh_setting_row_finalize;
  proposed_signal = g_signal_new ("proposed", BH_TYPE_SETTING_ROW, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                  NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
bh_setting_row_init (BhSettingRow *self)
{
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (self), FALSE);
  gtk_widget_set_focusable (GTK_WIDGET (self), FALSE);
  g_signal_connect (self, "notify::parent", G_CALLBACK (on_parent), NULL);
}

static GtkWidget *
make_label (const char *text, const char *class)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_widget_add_css_class (label, class);
  return label;
}

static GtkWidget *
make_note (const char *icon, const char *text, const char *class)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *image = gtk_image_new_from_icon_name (icon);
  GtkWidget *label = make_label (text, "caption");

  gtk_widget_set_valign (image, GTK_ALIGN_START);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_box_append (GTK_BOX (box), image);
  gtk_box_append (GTK_BOX (box), label);
  gtk_widget_add_css_class (box, class);
  gtk_widget_set_visible (box, FALSE);
  return box;
}

/* "192 to 65536 MiB", where a number can be typed. */
static char *
describe (const BhKey *key)
{
  const char *doc = _ (key->doc);

  if (key->type != BH_KEY_INT)
    return g_strdup (doc);
  if (!key->unit)
    /* Translators: what a setting means, and its least and greatest value. */
    return g_strdup_printf (_ ("%s (%ld to %ld)"), doc, (long) key->min, (long) key->max);
  /* Translators: what a setting means, its least and greatest value and the unit of both. */
  return g_strdup_printf (_ ("%s (%ld to %ld %s)"), doc, (long) key->min, (long) key->max,
                          key->unit);
}

static GtkWidget *
make_reset (BhSettingRow *self)
{
  GtkWidget *button = gtk_button_new_from_icon_name ("edit-undo-symbolic");
  g_autofree char *label = g_strdup_printf (_ ("Reset %s"), _ (self->key->title));

  gtk_widget_set_tooltip_text (button, _ ("Reset to Default"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, label,
                                  -1);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  gtk_widget_add_css_class (button, "circular");
  g_signal_connect_object (button, "clicked", G_CALLBACK (on_reset), self, 0);
  return button;
}

static void
build (BhSettingRow *self)
{
  GtkWidget *all = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);
  GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *words = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3);
  g_autofree char *subtitle = describe (self->key);

  gtk_widget_set_hexpand (words, TRUE);
  gtk_widget_set_valign (words, GTK_ALIGN_CENTER);
  gtk_box_append (GTK_BOX (words), make_label (_ (self->key->title), "setting-title"));
  gtk_box_append (GTK_BOX (words), make_label (subtitle, "setting-subtitle"));
  gtk_box_append (GTK_BOX (line), words);
  self->reset = make_reset (self);
  self->control = self->class->make (self, self->key);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self->control), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ (self->key->title), -1);
  gtk_box_append (GTK_BOX (line), self->reset);
  gtk_box_append (GTK_BOX (all), line);
  gtk_box_append (GTK_BOX (self->class->wide ? all : line), self->control);
  if (!self->class->wide)
    gtk_widget_set_valign (self->control, GTK_ALIGN_CENTER);
  self->weak = make_note ("dialog-warning-symbolic", _ ("Makes the isolation weaker"), "warning");
  self->waiting =
      make_note ("view-refresh-symbolic", _ ("Takes effect at the next start"), "setting-waiting");
  self->apart =
      make_note ("dialog-information-symbolic",
                 _ ("Not with a disk image: nothing of Bulkhead is in it to see to this"), "setting-waiting");
  self->error = make_note ("dialog-error-symbolic", "", "error");
  gtk_box_append (GTK_BOX (all), self->weak);
  gtk_box_append (GTK_BOX (all), self->waiting);
  gtk_box_append (GTK_BOX (all), self->apart);
  gtk_box_append (GTK_BOX (all), self->error);
  gtk_widget_add_css_class (all, "setting-box");
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (self), all);
}

GtkWidget *
bh_setting_row_new (const BhKey *key, BhProgramList *programs)
{
  BhSettingRow *self = g_object_new (BH_TYPE_SETTING_ROW, "title", _ (key->title), "activatable",
                                     key->type == BH_KEY_BOOL, NULL);

  self->key = key;
  self->class = bh_setting_control_for (key->type);
  self->programs = g_object_ref (programs);
  self->value = g_strdup (key->fallback ?: "");
  build (self);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ (key->title), -1);
  show_value (self);
  show_error (self, NULL);
  update_marks (self);
  return GTK_WIDGET (self);
}

const BhKey *
bh_setting_row_get_key (BhSettingRow *self)
{
  return self->key;
}

const char *
bh_setting_row_get_value (BhSettingRow *self)
{
  return self->value;
}

void
bh_setting_row_set_value (BhSettingRow *self, const char *value)
{
  if (g_str_equal (self->value, value))
    return;
  g_free (self->value);
  self->value = g_strdup (value);
  update_marks (self);
  /* An answer is on the way: that decides what is shown. */
  if (self->asked > 0)
    return;
  show_error (self, NULL);
  show_value (self);
}

void
bh_setting_row_answer (BhSettingRow *self, const char *value, const char *error)
{
  g_return_if_fail (self->asked > 0);

  self->asked--;
  if (!error)
    {
      g_free (self->value);
      self->value = *value != '\0' ? g_strdup (value) : g_strdup (self->key->fallback ?: "");
    }
  update_marks (self);
  if (self->asked > 0)
    return;
  /* A text is too dear to be thrown away for a wrong character. */
  if (!error || self->key->type != BH_KEY_TEXT)
    show_value (self);
  show_error (self, error);
}

void
bh_setting_row_set_waiting (BhSettingRow *self, gboolean waiting)
{
  gtk_widget_set_visible (self->waiting, waiting);
}

void
bh_setting_row_set_check (BhSettingRow *self, BhSettingCheck check, gpointer data)
{
  self->check = check;
  self->check_data = data;
}

void
bh_setting_row_set_template (BhSettingRow *self, const char *template)
{
  gboolean applies = bh_key_applies (self->key, template);

  gtk_widget_set_visible (GTK_WIDGET (self), applies || !self->key->disk_only);
  gtk_widget_set_sensitive (self->control, applies);
  gtk_widget_set_sensitive (self->reset, applies);
  gtk_widget_set_visible (self->apart, !applies);
}

void
bh_setting_row_flush (BhSettingRow *self)
{
  if (self->class->flush)
    self->class->flush (self->control);
}

void
bh_setting_row_focus (BhSettingRow *self)
{
  if (!gtk_widget_grab_focus (self->control))
    gtk_widget_child_focus (self->control, GTK_DIR_TAB_FORWARD);
}

static char *
judge (BhSettingRow *self, const char *text, char **normal)
{
  char *wrong = self->check ? self->check (text, self->check_data) : NULL;
  g_autoptr (GError) error = NULL;
  glong length = g_utf8_strlen (text, -1);

  if (wrong)
    return wrong;
  *normal = bh_key_normalize (self->key, text, &error);
  if (*normal)
    return NULL;
  if (self->key->type != BH_KEY_STRING && self->key->type != BH_KEY_TEXT)
    return g_strdup (error->message);
  if (length > self->key->max)
    return g_strdup_printf (ngettext ("%ld character too long.", "%ld characters too long.",
                                      (gulong) (length - self->key->max)),
                            length - (glong) self->key->max);
  if (length < self->key->min)
    return g_strdup (_ ("It cannot be empty."));
  if (self->key->takes)
    return g_strdup_printf (_ ("This cannot be used. It takes %s."), self->key->takes);
  return g_strdup (_ ("It has characters that cannot be shown safely."));
}

void
bh_setting_row_propose (BhSettingRow *self, const char *text, gboolean done)
{
  g_autofree char *normal = NULL;
  g_autofree char *wrong = NULL;

  if (self->showing)
    return;
  wrong = judge (self, text, &normal);
  /* Nothing new: what went wrong before stays to be read. */
  if (!wrong && done && self->asked == 0 && g_str_equal (normal, self->value))
    {
      show_value (self);
      return;
    }
  if (wrong && done && self->key->type != BH_KEY_TEXT)
    show_value (self);
  show_error (self, wrong);
  if (wrong || !done)
    return;
  self->asked++;
  g_signal_emit (self, proposed_signal, 0, normal);
}

BhProgramList *
bh_setting_row_get_programs (BhSettingRow *self)
{
  return self->programs;
}
