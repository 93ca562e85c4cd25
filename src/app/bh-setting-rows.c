/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The rows of a group of settings, from the table of keys. */
#include "config.h"

#include "bh-setting-rows.h"

AdwPreferencesGroup *
bh_setting_rows_make (BhKeyGroup group, BhProgramList *programs, const char *const *skip,
                      GPtrArray *rows)
{
  AdwPreferencesGroup *widget = NULL;
  const char *title, *doc;
  gsize n;
  const BhKey *keys = bh_keys (&n);

  for (gsize i = 0; i < n; i++)
    {
      GtkWidget *row;

      if (keys[i].group != group || (skip && g_strv_contains (skip, keys[i].name)))
        continue;
      if (!widget)
        {
          g_autofree char *escaped = NULL;

          widget = ADW_PREFERENCES_GROUP (adw_preferences_group_new ());
          title = bh_key_group_title (group, &doc);
          escaped = g_markup_escape_text (title, -1);
          adw_preferences_group_set_title (widget, escaped);
          if (*doc != '\0')
            {
              g_autofree char *description = g_markup_escape_text (doc, -1);
              adw_preferences_group_set_description (widget, description);
            }
        }
      row = bh_setting_row_new (&keys[i], programs);
      adw_preferences_group_add (widget, row);
      g_ptr_array_add (rows, row);
    }
  return widget;
}
