/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl list: the AppVMs. */
#include "config.h"

#include "commands.h"
#include "output.h"
#include "vm-json.h"

#include <glib/gi18n.h>

int
bh_cmd_list (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &json, N_ ("For programs"), NULL },
    { NULL },
  };
  g_autoptr (GPtrArray) vms = NULL;
  g_autoptr (BhTable) table = NULL;
  gboolean disposables = FALSE;

  if (!bh_cli_parse (command, entries, &argv, 0, 0, error)
      || (vms = bh_cli_list_vms (cli, error)) == NULL)
    return BH_EXIT_FAILED;
  if (json)
    {
      JsonArray *array = json_array_new ();

      for (guint i = 0; i < vms->len; i++)
        json_array_add_object_element (array, bh_vm_to_json (vms->pdata[i], BH_VM_JSON_SHORT));
      bh_json_print (json_node_init_array (json_node_alloc (), array));
      json_array_unref (array);
      return BH_EXIT_OK;
    }
  if (vms->len == 0)
    {
      puts (_ ("There are no AppVMs yet. “bulkheadctl create NAME” makes one."));
      return BH_EXIT_OK;
    }
  for (guint i = 0; i < vms->len; i++)
    disposables = disposables || *bh_vm_info_string (vms->pdata[i], "DisposableOf") != '\0';
  table = bh_table_new (_ ("Name"), _ ("State"), _ ("Colour"), _ (">Running"), _ ("Id"),
                        disposables ? _ ("Disposable of") : NULL, NULL);
  for (guint i = 0; i < vms->len; i++)
    {
      const BhVmInfo *vm = vms->pdata[i];
      const char *state = bh_vm_info_string (vm, "State");
      g_autoptr (GVariant) programs = bh_vm_info_value (vm, "Programs", "a(ustu)");
      gsize n = programs != NULL ? g_variant_n_children (programs) : 0;

      bh_table_add (table, bh_vm_info_string (vm, "Name"), BH_STYLE_BOLD);
      if (bh_vm_info_is_desktop (vm))
        /* Translators: the state of an AppVM that is a whole desktop from a disk image. */
        bh_table_add_format (table, bh_output_state_style (state), _ ("%s, whole desktop"),
                             bh_output_state (state));
      else
        bh_table_add (table, bh_output_state (state), bh_output_state_style (state));
      bh_table_add_color (table, bh_vm_info_string (vm, "Color"));
      if (n > 0)
        bh_table_add_format (table, BH_STYLE_NONE, "%" G_GSIZE_FORMAT, n);
      else
        bh_table_add (table, "–", BH_STYLE_DIM);
      bh_table_add (table, bh_vm_info_string (vm, "Id"), BH_STYLE_NONE);
      if (disposables)
        bh_table_add (table, bh_vm_info_string (vm, "DisposableOf"), BH_STYLE_NONE);
    }
  bh_table_print (table, stdout);
  return BH_EXIT_OK;
}
