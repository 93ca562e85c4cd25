/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl frozen: the frozen guests, what they take, and removing them. */
#include "config.h"

#include "commands.h"
#include "output.h"

#include <glib/gi18n.h>

static void
print_json (GVariant *list)
{
  JsonArray *array = json_array_new ();
  GVariantIter iter;
  GVariant *one;

  g_variant_iter_init (&iter, list);
  while (g_variant_iter_loop (&iter, "@a{sv}", &one))
    {
      g_autoptr (GVariantDict) dict = g_variant_dict_new (one);
      JsonObject *object = json_object_new ();
      const char *text = "";
      guint64 number = 0;
      gint64 made = 0;
      gboolean held = FALSE;

      g_variant_dict_lookup (dict, "key", "&s", &text);
      json_object_set_string_member (object, "key", text);
      g_variant_dict_lookup (dict, "kernel", "&s", &text);
      json_object_set_string_member (object, "kernel", text);
      g_variant_dict_lookup (dict, "memory", "t", &number);
      json_object_set_int_member (object, "memory", (gint64) number);
      g_variant_dict_lookup (dict, "size", "t", &number);
      json_object_set_int_member (object, "size", (gint64) number);
      g_variant_dict_lookup (dict, "made", "x", &made);
      json_object_set_int_member (object, "made", made);
      g_variant_dict_lookup (dict, "in-memory", "b", &held);
      json_object_set_boolean_member (object, "in_memory", held);
      json_array_add_object_element (array, object);
    }
  bh_json_print (json_node_init_array (json_node_alloc (), array));
  json_array_unref (array);
}

static void
print_table (GVariant *list)
{
  g_autoptr (BhTable) table =
      bh_table_new (_ ("Kernel"), _ (">Memory"), _ (">On disk"), _ ("Held"), _ ("Key"), NULL);
  GVariantIter iter;
  GVariant *one;

  g_variant_iter_init (&iter, list);
  while (g_variant_iter_loop (&iter, "@a{sv}", &one))
    {
      g_autoptr (GVariantDict) dict = g_variant_dict_new (one);
      g_autofree char *memory_text = NULL, *size_text = NULL;
      const char *key = "", *kernel = "";
      guint64 memory = 0, size = 0;
      gboolean held = FALSE;

      g_variant_dict_lookup (dict, "key", "&s", &key);
      g_variant_dict_lookup (dict, "kernel", "&s", &kernel);
      g_variant_dict_lookup (dict, "memory", "t", &memory);
      g_variant_dict_lookup (dict, "size", "t", &size);
      g_variant_dict_lookup (dict, "in-memory", "b", &held);
      memory_text = bh_output_size (memory);
      size_text = bh_output_size (size);
      bh_table_add (table, kernel, BH_STYLE_BOLD);
      bh_table_add (table, memory_text, BH_STYLE_NONE);
      bh_table_add (table, size_text, BH_STYLE_NONE);
      bh_table_add (table, held ? _ ("in memory") : "–", held ? BH_STYLE_NONE : BH_STYLE_DIM);
      bh_table_add (table, key, BH_STYLE_DIM);
    }
  bh_table_print (table, stdout);
}

int
bh_cmd_frozen (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  gboolean json = FALSE, remove = FALSE;
  int ahead = -1;
  const GOptionEntry entries[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &json, N_ ("For programs"), NULL },
    { "remove", 'r', 0, G_OPTION_ARG_NONE, &remove, N_ ("Remove all; they are made again"), NULL },
    { "ahead", 'a', 0, G_OPTION_ARG_INT, &ahead,
      N_ ("Keep that many guests thawed and waiting for the next start, 0 to 2"), N_ ("COUNT") },
    { NULL },
  };
  g_autoptr (BhDbusManager1) manager = NULL;
  g_autoptr (GVariant) list = NULL;

  if (!bh_cli_parse (command, entries, &argv, 0, 0, error)
      || (manager = bh_cli_get_manager (cli, error)) == NULL)
    return BH_EXIT_FAILED;
  if (remove)
    return bh_dbus_manager1_call_remove_frozen_sync (manager, "", NULL, error) ? BH_EXIT_OK
                                                                               : BH_EXIT_FAILED;
  if (ahead != -1)
    return bh_dbus_manager1_call_set_ready_ahead_sync (
               manager, ahead < 0 ? G_MAXUINT : (guint) ahead, NULL, error)
               ? BH_EXIT_OK
               : BH_EXIT_FAILED;
  if (!bh_dbus_manager1_call_list_frozen_sync (manager, &list, NULL, error))
    return BH_EXIT_FAILED;
  if (json)
    print_json (list);
  else
    {
      const char *step = bh_dbus_manager1_get_freeze_step (manager);

      if (g_variant_n_children (list) == 0)
        puts (_ ("There are no frozen guests. One is made after an AppVM has booted."));
      else
        print_table (list);
      if (step && *step)
        printf (_ ("One is being made: %s\n"), step);
      printf (_ ("Ready ahead: %u of %u\n"), bh_dbus_manager1_get_ready_ahead_now (manager),
              bh_dbus_manager1_get_ready_ahead (manager));
    }
  return BH_EXIT_OK;
}
