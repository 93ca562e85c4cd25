/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One Debian template as a row: what is known of it, and what can be done with it. */
#include "config.h"

#include "bh-template-row.h"

#include "bh-keys.h"
#include "bh-text.h"

#include <glib/gi18n.h>
#include <string.h>

#define MAX_TITLE_CHARS 120

static const char *
suite_title (const char *suite)
{
  const BhKey *key = bh_keys_find ("Suite");

  for (gsize i = 0; key->choices[i]; i++)
    if (g_str_equal (key->choices[i], suite))
      return _ (key->choice_titles[i]);
  return suite;
}

char *
bh_template_make_title (const char *suite, const char *const *packages)
{
  g_autofree char *list = g_strjoinv (", ", (char **) packages);
  g_autofree char *all = *list ? g_strdup_printf ("%s: %s", suite_title (suite), list)
                               : g_strdup (suite_title (suite));

  return bh_text_clean (all, strlen (all), MAX_TITLE_CHARS);
}

char *
bh_template_get_title (GVariant *template)
{
  g_autofree const char **packages = NULL;
  static const char *const none[] = { NULL };
  const char *suite = "";

  g_variant_lookup (template, "suite", "&s", &suite);
  g_variant_lookup (template, "packages", "^a&s", &packages);
  return bh_template_make_title (suite, packages ? (const char *const *) packages : none);
}

/* Names of AppVMs, "" when there is none. */
static char *
join_names (GVariant *template, const char *key)
{
  g_autofree const char **names = NULL;
  g_autofree char *list = NULL;

  if (!g_variant_lookup (template, key, "^a&s", &names))
    return g_strdup ("");
  list = g_strjoinv (", ", (char **) names);
  return bh_text_clean (list, strlen (list), MAX_TITLE_CHARS);
}

/* "Updates available: 12 …", or that there are none. */
static void
describe_updates (GVariant *template, GString *text)
{
  g_autoptr (GDateTime) time = NULL;
  g_autofree char *when = NULL;
  guint updates = 0, security = 0;
  gint64 checked = 0;

  g_variant_lookup (template, "updates", "u", &updates);
  g_variant_lookup (template, "security", "u", &security);
  if (updates == 0 && g_variant_lookup (template, "checked", "x", &checked) && checked > 0)
    {
      time = g_date_time_new_from_unix_local (checked);
      when = time ? g_date_time_format (time, "%x %H:%M") : g_strdup ("");
      g_string_append_c (text, '\n');
      /* Translators: day and time at which Debian was asked. */
      g_string_append_printf (text, _ ("No updates as of %s."), when);
    }
  if (updates == 0)
    return;
  g_string_append_c (text, '\n');
  if (security > 0)
    g_string_append_printf (text, _ ("Updates available: %u, %u of them for security."), updates,
                            security);
  else
    g_string_append_printf (text, _ ("Updates available: %u."), updates);
}

static char *
describe (GVariant *template)
{
  g_autofree char *users = join_names (template, "used-by"), *bytes = NULL, *day = NULL;
  g_autofree char *old = join_names (template, "running-old");
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GDateTime) time = NULL;
  guint64 size = 0;
  gint64 made = 0;

  g_variant_lookup (template, "size", "t", &size);
  g_variant_lookup (template, "made", "x", &made);
  bytes = g_format_size_full (size, G_FORMAT_SIZE_IEC_UNITS);
  time = g_date_time_new_from_unix_local (made);
  day = time ? g_date_time_format (time, "%x") : g_strdup ("");
  /* Translators: size on the disk, day it was built. */
  g_string_append_printf (text, _ ("%s on the disk, built %s."), bytes, day);
  g_string_append_c (text, '\n');
  if (*users)
    /* Translators: names of AppVMs. */
    g_string_append_printf (text, _ ("Used by: %s."), users);
  else
    g_string_append (text, _ ("No AppVM uses it."));
  describe_updates (template, text);
  if (*old)
    {
      g_string_append_c (text, '\n');
      /* Translators: names of AppVMs. */
      g_string_append_printf (text, _ ("Until they are started again, with the build before: %s."),
                              old);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
add_button (GtkWidget *row, const char *icon, const char *text, const char *action,
            GVariant *target)
{
  GtkWidget *button = gtk_button_new_from_icon_name (icon);

  gtk_widget_set_tooltip_text (button, text);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_add_css_class (button, "flat");
  gtk_actionable_set_action_target_value (GTK_ACTIONABLE (button), target);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (button), action);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), button);
}

GtkWidget *
bh_template_row_new (GVariant *template)
{
  GtkWidget *row = adw_action_row_new ();
  g_autofree char *title = bh_template_get_title (template), *subtitle = describe (template);
  g_autofree char *users = join_names (template, "used-by"), *update = NULL, *back = NULL;
  g_autofree char *remove = NULL;
  const char *key = "";
  guint previous = 0;

  g_variant_lookup (template, "key", "&s", &key);
  g_variant_lookup (template, "previous", "u", &previous);
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_title_lines (ADW_ACTION_ROW (row), 2);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), subtitle);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_DESCRIPTION,
                                  subtitle, -1);
  update = g_strdup_printf (_ ("Update %s"), title);
  add_button (row, "software-update-available-symbolic", update, "templates.update",
              g_variant_new ("(ss)", key, title));
  back = g_strdup_printf (_ ("Go back to the build before of %s"), title);
  if (previous > 0)
    add_button (row, "edit-undo-symbolic", back, "templates.revert", g_variant_new_string (key));
  remove = g_strdup_printf (_ ("Remove %s"), title);
  add_button (row, "user-trash-symbolic", remove, "templates.remove",
              g_variant_new ("(sss)", key, title, users));
  return row;
}
