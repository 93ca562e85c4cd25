/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the application remembers, and its preferences. */
#include "config.h"

#include "bh-settings.h"

/* GSettings ends the program when the schema is not there, as when it is run from a build folder. */
GSettings *
bh_settings (void)
{
  static GSettings *settings;
  static gboolean looked;
  GSettingsSchemaSource *source;
  g_autoptr (GSettingsSchema) schema = NULL;

  if (looked)
    return settings;
  looked = TRUE;
  source = g_settings_schema_source_get_default ();
  schema = source ? g_settings_schema_source_lookup (source, BH_APP_ID, TRUE) : NULL;
  settings = schema ? g_settings_new (BH_APP_ID) : NULL;
  return settings;
}

gboolean
bh_settings_get_boolean (const char *key, gboolean fallback)
{
  return bh_settings () ? g_settings_get_boolean (bh_settings (), key) : fallback;
}
