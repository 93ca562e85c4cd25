/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What makes a booted guest one AppVM's own. */
#include "config.h"

#include "bh-guest-settings.h"

#include "bh-prepare.h"

#include <string.h>

#define GUEST_USER "user"
#define GUEST_UID 1000
#define PORTAL "org.freedesktop.portal.Desktop"
#define PORTAL_PATH "/org/freedesktop/portal/desktop"
#define PORTAL_SETTINGS "org.freedesktop.portal.Settings"
#define APPEARANCE "org.freedesktop.appearance"
#define COLOR_SCHEME "color-scheme"
#define PREFER_DARK 1

static gboolean dark;

static void
take_scheme (GVariant *value)
{
  g_autoptr (GVariant) inner = g_variant_ref (value);

  /* Settings.Read wraps it twice. */
  while (g_variant_is_of_type (inner, G_VARIANT_TYPE_VARIANT))
    {
      GVariant *next = g_variant_get_variant (inner);

      g_variant_unref (inner);
      inner = next;
    }
  if (g_variant_is_of_type (inner, G_VARIANT_TYPE_UINT32))
    dark = g_variant_get_uint32 (inner) == PREFER_DARK;
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);
  g_autoptr (GVariant) value = reply ? g_variant_get_child_value (reply, 0) : NULL;

  if (value)
    take_scheme (value);
}

static void
on_changed (GDBusConnection *connection, const char *sender, const char *path,
            const char *interface, const char *name, GVariant *args, gpointer data)
{
  const char *namespace, *key;
  g_autoptr (GVariant) value = NULL;

  if (!g_variant_is_of_type (args, G_VARIANT_TYPE ("(ssv)")))
    return;
  g_variant_get (args, "(&s&sv)", &namespace, &key, &value);
  if (g_str_equal (namespace, APPEARANCE) && g_str_equal (key, COLOR_SCHEME))
    take_scheme (value);
}

void
bh_guest_settings_watch_desktop (GDBusConnection *connection)
{
  g_dbus_connection_signal_subscribe (connection, PORTAL, PORTAL_SETTINGS, "SettingChanged",
                                      PORTAL_PATH, APPEARANCE, G_DBUS_SIGNAL_FLAGS_NONE, on_changed,
                                      NULL, NULL);
  g_dbus_connection_call (connection, PORTAL, PORTAL_PATH, PORTAL_SETTINGS, "Read",
                          g_variant_new ("(ss)", APPEARANCE, COLOR_SCHEME), NULL,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, 5000, NULL, on_read, NULL);
}

/* Programs speak the user's language; nothing else of the service's environment goes in. */
static GVariant *
environment (void)
{
  static const char *const names[] = { "LANG",         "LANGUAGE",       "LC_ADDRESS",
                                       "LC_COLLATE",   "LC_CTYPE",       "LC_IDENTIFICATION",
                                       "LC_MESSAGES",  "LC_MEASUREMENT", "LC_MONETARY",
                                       "LC_NAME",      "LC_NUMERIC",     "LC_PAPER",
                                       "LC_TELEPHONE", "LC_TIME",        "LC_ALL" };
  GVariantBuilder list;

  g_variant_builder_init (&list, G_VARIANT_TYPE_STRING_ARRAY);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const char *value = g_getenv (names[i]);

      if (value && *value && strlen (value) < 200 && g_str_is_ascii (value))
        g_variant_builder_add_value (
            &list, g_variant_new_take_string (g_strconcat (names[i], "=", value, NULL)));
    }
  return g_variant_builder_end (&list);
}

GVariant *
bh_guest_settings_new (const char *id)
{
  GVariantDict dict;
  g_autoptr (GTimeZone) zone = g_time_zone_new_local ();
  g_autofree char *machine_id = g_uuid_string_random ();
  const char *time_zone = g_time_zone_get_identifier (zone);
  char *to = machine_id;

  for (const char *from = machine_id; *from; from++)
    if (*from != '-')
      *to++ = *from;
  *to = '\0';
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "host-name", "s", id);
  g_variant_dict_insert (&dict, "user-name", "s", GUEST_USER);
  g_variant_dict_insert (&dict, "uid", "u", GUEST_UID);
  g_variant_dict_insert (&dict, "machine-id", "s", machine_id);
  g_variant_dict_insert (&dict, "time-zone", "s",
                         time_zone && strlen (time_zone) <= 64 && time_zone[0] != '/' ? time_zone
                                                                                      : "");
  g_variant_dict_insert_value (&dict, "environment", environment ());
  g_variant_dict_insert (&dict, "mount-opt", "b", bh_prepare_has_opt ());
  g_variant_dict_insert (&dict, "dark", "b", dark);
  return g_variant_dict_end (&dict);
}
