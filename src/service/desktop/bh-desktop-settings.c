/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What people have set in the application's preferences. */
#include "config.h"

#include "bh-desktop-settings.h"

GSettings *
bh_desktop_settings (const char *key)
{
  GSettingsSchemaSource *source = g_settings_schema_source_get_default ();
  g_autoptr (GSettingsSchema) schema =
      source ? g_settings_schema_source_lookup (source, BH_APP_ID, TRUE) : NULL;

  return schema && g_settings_schema_has_key (schema, key) ? g_settings_new (BH_APP_ID) : NULL;
}
