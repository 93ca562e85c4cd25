/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl show: one AppVM and its settings, or its file as it is. */
#include "config.h"

#include "bh-keys.h"
#include "bh-paths.h"
#include "bh-reach.h"
#include "commands.h"
#include "output.h"
#include "vm-json.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <unistd.h>

static void
add_row (BhTable *table, const char *name, const char *value)
{
  const BhKey *key = bh_keys_find (name);
  gboolean changed = key != NULL && g_strcmp0 (key->fallback, value) != 0;

  bh_table_add (table, name, BH_STYLE_NONE);
  bh_table_add (table, value, changed ? BH_STYLE_BOLD : BH_STYLE_NONE);
  bh_table_add (table, key != NULL && key->unit != NULL && *value != '\0' ? key->unit : "",
                BH_STYLE_NONE);
}

static void
print_settings (GVariant *settings)
{
  g_autoptr (BhTable) table = bh_table_new (_ ("Setting"), _ ("Value"), "", NULL);
  gsize n;
  const BhKey *keys = bh_keys (&n);
  GVariantIter iter;
  const char *name, *value;

  /* Those we know in the order of the table, with an empty line between its groups, then what a
   * newer service may have. */
  for (gsize i = 0; i < n; i++)
    if (g_variant_lookup (settings, keys[i].name, "&s", &value))
      {
        if (i > 0 && keys[i].group != keys[i - 1].group)
          for (int column = 0; column < 3; column++)
            bh_table_add (table, "", BH_STYLE_NONE);
        add_row (table, keys[i].name, value);
      }
  g_variant_iter_init (&iter, settings);
  while (g_variant_iter_loop (&iter, "{&s&s}", &name, &value))
    if (bh_keys_find (name) == NULL)
      add_row (table, name, value);
  putchar ('\n');
  bh_table_print (table, stdout);
}

/* Byte for byte, comments and unknown keys too; only on a terminal cleaned of what would be a command
 * to that. */
static gboolean
print_file (const BhVmInfo *vm, GError **error)
{
  g_autofree char *path = bh_paths_vm_file (bh_vm_info_string (vm, "Id"));
  g_autofree char *text = NULL;
  gsize len;

  if (*bh_vm_info_string (vm, "DisposableOf") != '\0')
    {
      g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                   _ ("It is a disposable, which has no file. Show that of “%s”."),
                   bh_vm_info_string (vm, "DisposableOf"));
      return FALSE;
    }
  if (!g_file_get_contents (path, &text, &len, error))
    return FALSE;
  if (isatty (STDOUT_FILENO))
    bh_output_text (stdout, text, len);
  else
    fwrite (text, 1, len, stdout);
  return TRUE;
}

int
bh_cmd_show (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  gboolean json = FALSE, file = FALSE;
  const GOptionEntry entries[] = {
    { "file", 'f', 0, G_OPTION_ARG_NONE, &file,
      N_ ("Print its file, as “bulkheadctl apply” takes it"), NULL },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &json, N_ ("For programs"), NULL },
    { NULL },
  };
  g_autoptr (BhVmInfo) vm = NULL;
  g_autoptr (GVariant) settings = NULL;
  g_autoptr (GVariant) problems = NULL;

  if (!bh_cli_parse (command, entries, &argv, 1, 1, error)
      || (vm = bh_cli_get_vm_info (cli, argv[0], error)) == NULL)
    return BH_EXIT_FAILED;
  if (file)
    return print_file (vm, error) ? BH_EXIT_OK : BH_EXIT_FAILED;
  if (json)
    {
      JsonObject *object = bh_vm_to_json (vm, BH_VM_JSON_SETTINGS);

      bh_json_print (json_node_init_object (json_node_alloc (), object));
      json_object_unref (object);
      return BH_EXIT_OK;
    }
  bh_output_field (_ ("Name"), bh_vm_info_string (vm, "Name"));
  bh_output_field (_ ("Id"), bh_vm_info_string (vm, "Id"));
  if (*bh_vm_info_string (vm, "DisposableOf") != '\0')
    bh_output_field (_ ("Disposable of"), bh_vm_info_string (vm, "DisposableOf"));
  bh_output_field (_ ("State"), bh_output_state (bh_vm_info_string (vm, "State")));
  if (*bh_vm_info_string (vm, "Step") != '\0')
    bh_output_field (_ ("Step"), bh_vm_info_string (vm, "Step"));
  if (*bh_vm_info_string (vm, "Error") != '\0')
    bh_output_field (_ ("Error"), bh_vm_info_string (vm, "Error"));
  problems = bh_vm_info_value (vm, "Problems", "as");
  for (gsize i = 0; problems != NULL && i < g_variant_n_children (problems); i++)
    {
      const char *problem;

      g_variant_get_child (problems, i, "&s", &problem);
      bh_output_field (_ ("Problem"), problem);
    }
  settings = bh_vm_info_value (vm, "Settings", "a{ss}");
  if (settings != NULL)
    {
      g_autofree char *reach = bh_reach_describe (settings);

      bh_output_field (_ ("Reach"), reach);
      print_settings (settings);
    }
  return BH_EXIT_OK;
}
