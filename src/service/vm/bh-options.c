/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Checking of the option dictionaries that D-Bus callers send. */
#include "config.h"

#include "bh-options.h"

#include "bh-error.h"
#include "bh-text.h"

#include <string.h>

static gboolean
check_string (const BhOption *option, const char *text, GError **error)
{
  if (strlen (text) > option->max_length)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                   "The option “%s” is longer than %" G_GSIZE_FORMAT " bytes", option->name,
                   option->max_length);
      return FALSE;
    }
  for (const char *p = text; *p; p++)
    if (g_ascii_iscntrl (*p) && *p != '\n' && *p != '\t')
      {
        g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                     "The option “%s” has a control character in it", option->name);
        return FALSE;
      }
  return TRUE;
}

static gboolean
check_value (const BhOption *option, GVariant *value, GError **error)
{
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE (option->type)))
    {
      g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                   "The option “%s” has the type “%s”, and should have “%s”", option->name,
                   g_variant_get_type_string (value), option->type);
      return FALSE;
    }
  if (g_str_equal (option->type, "s"))
    return check_string (option, g_variant_get_string (value, NULL), error);
  if (g_str_equal (option->type, "as"))
    {
      g_autofree const char **items = NULL;
      gsize n;

      items = g_variant_get_strv (value, &n);
      if (n > option->max_items)
        {
          g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                       "The option “%s” has more than %" G_GSIZE_FORMAT " items", option->name,
                       option->max_items);
          return FALSE;
        }
      for (gsize i = 0; i < n; i++)
        if (!check_string (option, items[i], error))
          return FALSE;
    }
  return TRUE;
}

gboolean
bh_options_check (GVariant *options, const BhOption *table, GError **error)
{
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_iter_init (&iter, options);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      g_autoptr (GVariant) owned = value;
      const BhOption *option = table;

      while (option->name && !g_str_equal (option->name, name))
        option++;
      if (!option->name)
        {
          g_autofree char *shown = bh_text_clean (name, strlen (name), 40);
          g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT, "There is no option “%s”",
                       shown);
          return FALSE;
        }
      if (!check_value (option, owned, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
bh_options_display_is_valid (const char *display)
{
  gsize len = strlen (display);

  if (len == 0 || len > 100 || g_str_equal (display, ".") || g_str_equal (display, ".."))
    return FALSE;
  return display[0] == '/' ? strstr (display, "/../") == NULL : strchr (display, '/') == NULL;
}

guint
bh_options_boot_seconds (gboolean kvm)
{
  const char *text =
      g_getenv ("BULKHEAD_BOOT_SECONDS"); /* for tests, and for very slow computers */
  gint64 value;

  if (text && g_ascii_string_to_signed (text, 10, 1, 3600, &value, NULL))
    return (guint) value;
  return kvm ? 20 : 60;
}
