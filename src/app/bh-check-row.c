/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One thing of this computer that AppVMs need: its state, what that means, and what to do. */
#include "config.h"

#include "bh-check-row.h"

#include "bh-text.h"

#include <glib/gi18n.h>

#define MAX_CHARS 600

static const struct
{
  const char *severity, *icon, *class, *word;
} looks[] = {
  { "error", "dialog-error-symbolic", "error", N_ ("Missing") },
  { "warning", "dialog-warning-symbolic", "warning", N_ ("Limited") },
  { "ok", "emblem-ok-symbolic", "success", N_ ("Good") },
};

/* The service speaks English; its words are in our catalogue. */
static char *
lookup (GVariant *check, const char *key, gboolean translate)
{
  const char *text = "";

  g_variant_lookup (check, key, "&s", &text);
  if (translate && *text != '\0')
    text = _ (text);
  return bh_text_clean (text, strlen (text), MAX_CHARS);
}

static void
add_label (GtkBox *box, const char *text, const char *class)
{
  GtkWidget *label;

  if (*text == '\0')
    return;
  label = gtk_label_new (text);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  if (class)
    gtk_widget_add_css_class (label, class);
  gtk_box_append (box, label);
}

static void
add_command (GtkBox *box, const char *command)
{
  GtkWidget *line, *label, *copy;

  if (*command == '\0')
    return;
  line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  gtk_widget_add_css_class (line, "command");
  label = gtk_label_new (command);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_selectable (GTK_LABEL (label), TRUE);
  gtk_widget_set_hexpand (label, TRUE);
  gtk_widget_add_css_class (label, "monospace");
  gtk_box_append (GTK_BOX (line), label);
  copy = gtk_button_new_from_icon_name ("edit-copy-symbolic");
  gtk_widget_set_tooltip_text (copy, _ ("Copy Command"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (copy), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Copy Command"), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, command,
                                  -1);
  gtk_widget_add_css_class (copy, "flat");
  gtk_widget_set_valign (copy, GTK_ALIGN_CENTER);
  gtk_actionable_set_action_target (GTK_ACTIONABLE (copy), "s", command);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (copy), "check.copy");
  gtk_box_append (GTK_BOX (line), copy);
  gtk_box_append (box, line);
}

/* What the service can do itself; FALSE: nothing. */
static gboolean
add_action (GtkBox *box, const char *method)
{
  GtkWidget *button;

  if (strcmp (method, "EnableKvm") != 0)
    return FALSE;
  button = gtk_button_new_with_label (_ ("Switch On"));
  gtk_widget_set_halign (button, GTK_ALIGN_START);
  gtk_widget_set_margin_top (button, 4);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), "check.enable-kvm");
  gtk_box_append (box, button);
  return TRUE;
}

static void
add_icon (GtkBox *box, const char *severity, const char **word)
{
  GtkWidget *image = gtk_image_new ();

  gtk_widget_set_valign (image, GTK_ALIGN_START);
  for (gsize i = 0; i < G_N_ELEMENTS (looks); i++)
    if (g_str_equal (looks[i].severity, severity))
      {
        gtk_image_set_from_icon_name (GTK_IMAGE (image), looks[i].icon);
        gtk_widget_add_css_class (image, looks[i].class);
        *word = _ (looks[i].word);
        gtk_widget_set_tooltip_text (image, *word);
      }
  gtk_box_append (box, image);
}

GtkWidget *
bh_check_row_new (GVariant *check)
{
  GtkWidget *row = gtk_list_box_row_new ();
  GtkBox *box = GTK_BOX (gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12));
  GtkBox *texts = GTK_BOX (gtk_box_new (GTK_ORIENTATION_VERTICAL, 4));
  g_autofree char *title = lookup (check, "title", TRUE), *detail = lookup (check, "detail", TRUE);
  g_autofree char *value = lookup (check, "value", FALSE), *fix = lookup (check, "fix", TRUE);
  g_autofree char *command = lookup (check, "command", FALSE);
  g_autofree char *action = lookup (check, "action", FALSE);
  g_autofree char *severity = lookup (check, "severity", FALSE);
  g_autofree char *description = NULL;
  const char *word = "";

  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), FALSE);
  gtk_widget_add_css_class (row, "check-row");
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), GTK_WIDGET (box));
  add_icon (box, severity, &word);
  gtk_widget_set_hexpand (GTK_WIDGET (texts), TRUE);
  gtk_box_append (box, GTK_WIDGET (texts));
  add_label (texts, title, NULL);
  add_label (texts, detail, "caption");
  add_label (texts, value, *detail != '\0' ? "check-value" : "caption");
  add_label (texts, fix, "check-fix");
  if (!add_action (texts, action))
    add_command (texts, command);
  description = g_strjoin (" ", word, detail, value, fix, NULL);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, title,
                                  GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, description, -1);
  return row;
}
