/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A row of the palette's colours, one of them chosen; each has its name for those who do not see
 * it. */
#include "config.h"

#include "bh-color-picker.h"

#include "bh-color-choice.h"

#include <glib/gi18n.h>

struct _BhColorPicker
{
  GtkBox parent_instance;
  GtkFlowBox *flow;
  GPtrArray *choices; /* not owned: the flow box's */
  char *color;
};

G_DEFINE_FINAL_TYPE (BhColorPicker, bh_color_picker, GTK_TYPE_BOX)

static guint changed_signal;

/* In the order of bh_color_palette(); for xgettext, which does not see that table. */
G_GNUC_UNUSED static const char *const names[] = { N_ ("Red"),   N_ ("Orange"), N_ ("Yellow"),
                                                   N_ ("Green"), N_ ("Blue"),   N_ ("Purple"),
                                                   N_ ("Brown"), N_ ("Gray") };

static void
on_toggled (GtkCheckButton *button, BhColorPicker *self)
{
  if (!gtk_check_button_get_active (button))
    return;
  g_free (self->color);
  self->color = bh_color_to_string (bh_color_choice_get_color (BH_COLOR_CHOICE (button)));
  g_signal_emit (self, changed_signal, 0);
}

static void
bh_color_picker_finalize (GObject *object)
{
  BhColorPicker *self = BH_COLOR_PICKER (object);

  g_free (self->color);
  g_ptr_array_unref (self->choices);
  G_OBJECT_CLASS (bh_color_picker_parent_class)->finalize (object);
}

static void
bh_color_picker_class_init (BhColorPickerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_color_picker_finalize;
  changed_signal = g_signal_new ("changed", BH_TYPE_COLOR_PICKER, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                 NULL, G_TYPE_NONE, 0);
  gtk_widget_class_set_accessible_role (GTK_WIDGET_CLASS (klass), GTK_ACCESSIBLE_ROLE_RADIO_GROUP);
}

static void
add_color (BhColorPicker *self, const BhColor *color, const char *name)
{
  GtkWidget *choice = bh_color_choice_new (color, name);

  if (self->choices->len > 0)
    gtk_check_button_set_group (GTK_CHECK_BUTTON (choice), self->choices->pdata[0]);
  g_signal_connect_object (choice, "toggled", G_CALLBACK (on_toggled), self, 0);
  g_ptr_array_add (self->choices, choice);
  gtk_widget_set_halign (choice, GTK_ALIGN_CENTER);
  gtk_flow_box_append (self->flow, choice);
  gtk_widget_set_focusable (gtk_widget_get_parent (choice), FALSE);
}

static void
bh_color_picker_init (BhColorPicker *self)
{
  gsize n;
  const BhNamedColor *palette = bh_color_palette (&n);

  self->choices = g_ptr_array_new ();
  self->flow = GTK_FLOW_BOX (gtk_flow_box_new ());
  gtk_flow_box_set_selection_mode (self->flow, GTK_SELECTION_NONE);
  gtk_flow_box_set_max_children_per_line (self->flow, (guint) n + 1);
  gtk_flow_box_set_min_children_per_line (self->flow, 4);
  gtk_flow_box_set_homogeneous (self->flow, TRUE);
  gtk_widget_set_hexpand (GTK_WIDGET (self->flow), TRUE);
  gtk_box_append (GTK_BOX (self), GTK_WIDGET (self->flow));
  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *name = g_strdup (palette[i].name);

      name[0] = g_ascii_toupper (name[0]);
      add_color (self, &palette[i].color, gettext (name));
    }
  gtk_check_button_set_active (self->choices->pdata[0], TRUE);
}

static gboolean
has_color (BhColorPicker *self, const BhColor *color)
{
  for (guint i = 0; i < self->choices->len; i++)
    {
      const BhColor *own = bh_color_choice_get_color (self->choices->pdata[i]);

      if (own->red == color->red && own->green == color->green && own->blue == color->blue)
        return TRUE;
    }
  return FALSE;
}

const char *
bh_color_picker_get_color (BhColorPicker *self)
{
  return self->color;
}

void
bh_color_picker_set_color (BhColorPicker *self, const char *color)
{
  BhColor wanted;

  if (!bh_color_parse (color, &wanted))
    return;
  /* One that somebody chose by hand. */
  if (!has_color (self, &wanted))
    {
      g_autofree char *text = bh_color_to_string (&wanted);

      add_color (self, &wanted, text);
    }
  for (guint i = 0; i < self->choices->len; i++)
    {
      const BhColor *own = bh_color_choice_get_color (self->choices->pdata[i]);

      if (own->red == wanted.red && own->green == wanted.green && own->blue == wanted.blue)
        gtk_check_button_set_active (self->choices->pdata[i], TRUE);
    }
}
