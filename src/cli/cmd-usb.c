/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl usb: the USB devices of this computer, and giving them to AppVMs. */
#include "config.h"

#include "commands.h"
#include "output.h"

#include <glib/gi18n.h>
#include <string.h>

static void
print_json (GVariant *list)
{
  JsonArray *array = json_array_new ();
  GVariantIter iter;
  GVariant *one;

  g_variant_iter_init (&iter, list);
  while (g_variant_iter_loop (&iter, "@a{sv}", &one))
    {
      JsonObject *object = json_object_new ();
      JsonArray *remembered = json_array_new ();
      g_autofree const char **vms = NULL;
      const char *const names[] = { "place", "id", "name", "vm" };
      const char *text;
      gboolean input = FALSE;

      for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
        if (g_variant_lookup (one, names[i], "&s", &text))
          json_object_set_string_member (object, names[i], text);
      g_variant_lookup (one, "input", "b", &input);
      json_object_set_boolean_member (object, "input", input);
      if (g_variant_lookup (one, "remembered-by", "^a&s", &vms))
        for (const char **vm = vms; *vm != NULL; vm++)
          json_array_add_string_element (remembered, *vm);
      json_object_set_array_member (object, "remembered_by", remembered);
      json_array_add_object_element (array, object);
    }
  bh_json_print (json_node_init_array (json_node_alloc (), array));
  json_array_unref (array);
}

static void
print_table (GVariant *list)
{
  g_autoptr (BhTable) table
      = bh_table_new (_ ("Place"), _ ("Id"), _ ("Device"), _ ("AppVM"), _ ("Remembered by"), NULL);
  GVariantIter iter;
  GVariant *one;

  g_variant_iter_init (&iter, list);
  while (g_variant_iter_loop (&iter, "@a{sv}", &one))
    {
      const char *place = "", *id = "", *name = "", *vm = "";
      g_autofree const char **vms = NULL;
      g_autofree char *remembered = NULL;

      g_variant_lookup (one, "place", "&s", &place);
      g_variant_lookup (one, "id", "&s", &id);
      g_variant_lookup (one, "name", "&s", &name);
      g_variant_lookup (one, "vm", "&s", &vm);
      if (g_variant_lookup (one, "remembered-by", "^a&s", &vms))
        remembered = g_strjoinv (", ", (char **) vms);
      bh_table_add (table, place, BH_STYLE_BOLD);
      bh_table_add (table, id, BH_STYLE_NONE);
      bh_table_add (table, name, BH_STYLE_NONE);
      bh_table_add (table, *vm ? vm : "–", *vm ? BH_STYLE_BOLD : BH_STYLE_DIM);
      bh_table_add (table, remembered && *remembered ? remembered : "–", BH_STYLE_DIM);
    }
  bh_table_print (table, stdout);
}

static int
list_devices (BhCli *cli, gboolean json, GError **error)
{
  g_autoptr (BhDbusManager1) manager = bh_cli_get_manager (cli, error);
  g_autoptr (GVariant) list = NULL;

  if (manager == NULL || !bh_dbus_manager1_call_list_usb_sync (manager, &list, NULL, error))
    return BH_EXIT_FAILED;
  if (json)
    print_json (list);
  else if (g_variant_n_children (list) == 0)
    puts (_ ("No USB devices are plugged in."));
  else
    print_table (list);
  return BH_EXIT_OK;
}

int
bh_cmd_usb (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  gboolean json = FALSE, remember = FALSE, force = FALSE, forget = FALSE;
  const GOptionEntry entries[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &json, N_ ("list: for programs"), NULL },
    { "remember", 'r', 0, G_OPTION_ARG_NONE, &remember,
      N_ ("attach: also whenever the AppVM runs and the device is plugged in"), NULL },
    { "force", 'f', 0, G_OPTION_ARG_NONE, &force,
      N_ ("attach: also a keyboard or mouse; the AppVM sees all that is done with it"), NULL },
    { "forget", 0, 0, G_OPTION_ARG_NONE, &forget, N_ ("detach: and do not attach it again"), NULL },
    { NULL },
  };
  g_autoptr (BhVmInfo) vm = NULL;
  g_autoptr (GVariant) reply = NULL;
  gboolean attach;

  if (!bh_cli_parse (command, entries, &argv, 0, 3, error))
    return BH_EXIT_USAGE;
  if (argv[0] == NULL || (strcmp (argv[0], "list") == 0 && argv[1] == NULL))
    return list_devices (cli, json, error);
  attach = strcmp (argv[0], "attach") == 0;
  if ((!attach && strcmp (argv[0], "detach") != 0) || argv[1] == NULL || argv[2] == NULL)
    {
      bh_cli_set_usage_error (error, _ ("It takes “list”, “attach NAME DEVICE” or “detach NAME DEVICE”."));
      return BH_EXIT_USAGE;
    }
  if ((vm = bh_cli_get_vm_info (cli, argv[1], error)) == NULL)
    return BH_EXIT_FAILED;
  /* A person may have to answer first. */
  reply = g_dbus_connection_call_sync (
      cli->bus, BH_SERVICE_NAME, vm->path, BH_VM_INTERFACE, attach ? "AttachUsb" : "DetachUsb",
      attach ? g_variant_new ("(sbb)", argv[2], remember, force) : g_variant_new ("(sb)", argv[2], forget),
      NULL, G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, error);
  return reply != NULL ? BH_EXIT_OK : BH_EXIT_FAILED;
}
