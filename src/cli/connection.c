/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The connection to the service, and its errors in words for people. */
#include "config.h"

#include "cli.h"

#include <glib/gi18n.h>
#include <signal.h>

/* CheckHost may have to try out virtualization. */
#define MANAGER_TIMEOUT_MS 120000

gboolean
bh_cli_connect (BhCli *cli, gboolean start, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GVariant) reply = NULL;
  gboolean owned;

  if (cli->bus == NULL)
    {
      cli->bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, &local_error);
      if (cli->bus == NULL)
        {
          g_set_error (
              error, BH_ERROR, BH_ERROR_FAILED,
              _ ("There is no session bus to reach the Bulkhead service by (%s). Run this in "
                 "a desktop session, or under “dbus-run-session”."),
              local_error->message);
          return FALSE;
        }
      g_dbus_connection_set_exit_on_close (cli->bus, FALSE);
      /* GSocket ignores it for the whole process; “bulkheadctl log … | head” has to end. */
      signal (SIGPIPE, SIG_DFL);
    }
  if (start)
    return TRUE;
  reply = g_dbus_connection_call_sync (
      cli->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
      "NameHasOwner", g_variant_new ("(s)", BH_SERVICE_NAME), G_VARIANT_TYPE ("(b)"),
      G_DBUS_CALL_FLAGS_NONE, -1, NULL, error);
  if (reply == NULL)
    return FALSE;
  g_variant_get (reply, "(b)", &owned);
  return owned;
}

BhDbusManager1 *
bh_cli_get_manager (BhCli *cli, GError **error)
{
  BhDbusManager1 *manager;

  if (!bh_cli_connect (cli, TRUE, error))
    return NULL;
  manager = bh_dbus_manager1_proxy_new_sync (cli->bus,
                                             G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES
                                                 | G_DBUS_PROXY_FLAGS_DO_NOT_CONNECT_SIGNALS,
                                             BH_SERVICE_NAME, BH_SERVICE_PATH, NULL, error);
  if (manager != NULL)
    g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (manager), MANAGER_TIMEOUT_MS);
  return manager;
}

static char *
find_path (BhCli *cli, const char *name, GError **error)
{
  g_autoptr (BhDbusManager1) manager = bh_cli_get_manager (cli, error);
  char *path;

  if (manager == NULL || !bh_dbus_manager1_call_find_vm_sync (manager, name, &path, NULL, error))
    return NULL;
  return path;
}

BhDbusVm1 *
bh_cli_find_vm (BhCli *cli, const char *name, GError **error)
{
  g_autofree char *path = find_path (cli, name, error);

  if (path == NULL)
    return NULL;
  return bh_dbus_vm1_proxy_new_sync (cli->bus, G_DBUS_PROXY_FLAGS_NONE, BH_SERVICE_NAME, path, NULL,
                                     error);
}

void
bh_vm_info_free (BhVmInfo *info)
{
  g_free (info->path);
  g_clear_pointer (&info->properties, g_variant_unref);
  g_free (info);
}

gboolean
bh_vm_info_is_desktop (const BhVmInfo *info)
{
  g_autoptr (GVariant) settings = bh_vm_info_value (info, "Settings", "a{ss}");
  const char *template = "";

  if (settings != NULL)
    g_variant_lookup (settings, "Template", "&s", &template);
  return strcmp (template, "disk") == 0;
}

const char *
bh_vm_info_string (const BhVmInfo *info, const char *property)
{
  const char *value = "";

  g_variant_lookup (info->properties, property, "&s", &value);
  return value;
}

GVariant *
bh_vm_info_value (const BhVmInfo *info, const char *property, const char *type)
{
  return g_variant_lookup_value (info->properties, property, G_VARIANT_TYPE (type));
}

static int
compare_by_name (gconstpointer a, gconstpointer b)
{
  const BhVmInfo *x = *(BhVmInfo *const *) a, *y = *(BhVmInfo *const *) b;
  int order = g_utf8_collate (bh_vm_info_string (x, "Name"), bh_vm_info_string (y, "Name"));

  return order != 0 ? order : g_strcmp0 (x->path, y->path);
}

GPtrArray *
bh_cli_list_vms (BhCli *cli, GError **error)
{
  g_autoptr (GVariant) reply = NULL;
  g_autoptr (GVariant) objects = NULL;
  g_autoptr (GPtrArray) list = NULL;
  GVariantIter iter;
  const char *path;
  GVariant *interfaces;

  if (!bh_cli_connect (cli, TRUE, error))
    return NULL;
  reply = g_dbus_connection_call_sync (cli->bus, BH_SERVICE_NAME, BH_SERVICE_PATH,
                                       "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
                                       NULL, G_VARIANT_TYPE ("(a{oa{sa{sv}}})"),
                                       G_DBUS_CALL_FLAGS_NONE, -1, NULL, error);
  if (reply == NULL)
    return NULL;
  objects = g_variant_get_child_value (reply, 0);
  list = g_ptr_array_new_with_free_func ((GDestroyNotify) bh_vm_info_free);
  g_variant_iter_init (&iter, objects);
  while (g_variant_iter_loop (&iter, "{&o@a{sa{sv}}}", &path, &interfaces))
    {
      GVariant *properties =
          g_variant_lookup_value (interfaces, BH_VM_INTERFACE, G_VARIANT_TYPE_VARDICT);
      BhVmInfo *info;

      if (properties == NULL)
        continue;
      info = g_new0 (BhVmInfo, 1);
      info->path = g_strdup (path);
      info->properties = properties;
      g_ptr_array_add (list, info);
    }
  g_ptr_array_sort (list, compare_by_name);
  return g_steal_pointer (&list);
}

static GVariant *
call_properties (BhCli *cli, const char *path, const char *method, GVariant *arguments,
                 const char *type, GError **error)
{
  return g_dbus_connection_call_sync (
      cli->bus, BH_SERVICE_NAME, path, "org.freedesktop.DBus.Properties", method, arguments,
      G_VARIANT_TYPE (type), G_DBUS_CALL_FLAGS_NONE, -1, NULL, error);
}

BhVmInfo *
bh_cli_get_vm_info (BhCli *cli, const char *name, GError **error)
{
  g_autofree char *path = find_path (cli, name, error);
  g_autoptr (GVariant) reply = NULL;
  BhVmInfo *info;

  if (path == NULL)
    return NULL;
  reply = call_properties (cli, path, "GetAll", g_variant_new ("(s)", BH_VM_INTERFACE), "(a{sv})",
                           error);
  if (reply == NULL)
    return NULL;
  info = g_new0 (BhVmInfo, 1);
  info->path = g_steal_pointer (&path);
  info->properties = g_variant_get_child_value (reply, 0);
  return info;
}

GVariant *
bh_cli_read_usage (BhCli *cli, const BhVmInfo *info, GError **error)
{
  g_autoptr (GVariant) reply = call_properties (
      cli, info->path, "Get", g_variant_new ("(ss)", BH_VM_INTERFACE, "Usage"), "(v)", error);
  g_autoptr (GVariant) boxed = NULL;
  GVariant *usage;

  if (reply == NULL)
    return NULL;
  boxed = g_variant_get_child_value (reply, 0);
  usage = g_variant_get_variant (boxed);
  if (g_variant_is_of_type (usage, G_VARIANT_TYPE_VARDICT))
    return usage;
  g_variant_unref (usage);
  return g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
}

void
bh_cli_explain_error (GError **error)
{
  g_autoptr (GError) old = g_steal_pointer (error);
  g_autofree char *remote = g_dbus_error_get_remote_error (old);

  g_dbus_error_strip_remote_error (old);
  if (g_error_matches (old, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN)
      || g_error_matches (old, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER))
    *error = g_error_new (
        BH_ERROR, BH_ERROR_FAILED,
        _ ("The Bulkhead service is not known to the session bus. Check that Bulkhead is "
           "installed completely (bulkhead-service), and log in again."));
  else if (old->domain == G_DBUS_ERROR && remote != NULL
           && g_str_has_prefix (remote, "org.freedesktop.DBus.Error.Spawn."))
    *error = g_error_new (BH_ERROR, BH_ERROR_FAILED,
                          _ ("The Bulkhead service could not be started (%s). Its messages are in "
                             "“journalctl --user”."),
                          old->message);
  else if (g_error_matches (old, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY)
           || g_error_matches (old, G_IO_ERROR, G_IO_ERROR_CLOSED)
           || g_error_matches (old, G_DBUS_ERROR, G_DBUS_ERROR_DISCONNECTED))
    *error =
        g_error_new (BH_ERROR, BH_ERROR_FAILED,
                     _ ("The Bulkhead service ended before it answered. Its messages are in "
                        "“journalctl --user”; AppVMs that run go on, and it finds them again."));
  else if (g_error_matches (old, G_DBUS_ERROR, G_DBUS_ERROR_TIMEOUT)
           || g_error_matches (old, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    *error = g_error_new (BH_ERROR, BH_ERROR_FAILED,
                          _ ("The Bulkhead service does not answer. If it stays so, end it with "
                             "“bulkheadctl quit” or log in again."));
  else if (g_error_matches (old, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD)
           || g_error_matches (old, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_INTERFACE)
           || g_error_matches (old, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT))
    *error = g_error_new (
        BH_ERROR, BH_ERROR_FAILED,
        _ ("The running Bulkhead service does not know this (%s). It may be of another "
           "version: end it with “bulkheadctl quit” and try again."),
        old->message);
  else
    *error = g_steal_pointer (&old);
}

int
bh_cli_exit_code (const GError *error)
{
  if (error->domain == G_OPTION_ERROR)
    return BH_EXIT_USAGE;
  if (error->domain == BH_ERROR && error->code > BH_ERROR_FAILED && error->code < BH_N_ERRORS)
    return BH_EXIT_ERROR_BASE + error->code;
  return BH_EXIT_FAILED;
}
