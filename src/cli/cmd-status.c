/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl status: what runs, and how much memory and CPU it takes. */
#include "config.h"

#include "bh-text.h"
#include "commands.h"
#include "network-status.h"
#include "output.h"
#include "vm-json.h"

#include <glib/gi18n.h>
#include <string.h>

static char *
describe_memory (GVariant *usage)
{
  guint64 used, given;
  g_autofree char *used_text = NULL;
  g_autofree char *given_text = NULL;

  if (!g_variant_lookup (usage, "rss", "t", &used)
      || !g_variant_lookup (usage, "memory", "t", &given))
    return g_strdup ("");
  used_text = bh_output_size (used);
  given_text = bh_output_size (given);
  return g_strdup_printf (_ ("%s of %s"), used_text, given_text);
}

static char *
describe_cpu (GVariant *usage)
{
  double cpu;

  return g_variant_lookup (usage, "cpu", "d", &cpu) ? g_strdup_printf (_ ("%.0f %%"), cpu)
                                                    : g_strdup ("");
}

static char *
describe_state (const BhVmInfo *vm)
{
  const char *state = bh_vm_info_string (vm, "State");
  const char *more = strcmp (state, "failed") == 0 ? bh_vm_info_string (vm, "Error")
                                                   : bh_vm_info_string (vm, "Step");

  if (*more == '\0' && bh_vm_info_is_desktop (vm))
    return g_strdup_printf (_ ("%s, whole desktop"), bh_output_state (state));
  return *more != '\0' ? g_strdup_printf (_ ("%s: %s"), bh_output_state (state), more)
                       : g_strdup (bh_output_state (state));
}

/* "Calculator, foot" */
static char *
describe_programs (const BhVmInfo *vm)
{
  g_autoptr (GVariant) programs = bh_vm_info_value (vm, "Programs", "a(ustu)");
  GString *text = g_string_new (NULL);
  GVariantIter iter;
  const char *label;

  if (programs != NULL)
    {
      g_variant_iter_init (&iter, programs);
      while (g_variant_iter_loop (&iter, "(u&stu)", NULL, &label, NULL, NULL))
        g_string_append_printf (text, "%s%s", text->len > 0 ? ", " : "", label);
    }
  return g_string_free (text, FALSE);
}

static JsonObject *
to_json (const BhVmInfo *vm, GVariant *usage)
{
  JsonObject *object = bh_vm_to_json (vm, BH_VM_JSON_SHORT);

  json_object_set_member (object, "usage", bh_json_from_variant (usage));
  return object;
}

static void
print_programs (const BhVmInfo *vm)
{
  g_autoptr (GVariant) programs = bh_vm_info_value (vm, "Programs", "a(ustu)");
  g_autoptr (BhTable) table =
      bh_table_new (_ (">Number"), _ ("Program"), _ ("Since"), _ (">Windows"), NULL);
  GVariantIter iter;
  guint32 id, windows;
  const char *label;
  guint64 start;

  if (programs == NULL || g_variant_n_children (programs) == 0)
    return;
  g_variant_iter_init (&iter, programs);
  while (g_variant_iter_loop (&iter, "(u&stu)", &id, &label, &start, &windows))
    {
      g_autoptr (GDateTime) time =
          g_date_time_new_from_unix_local ((gint64) (start / G_USEC_PER_SEC));
      g_autofree char *text = time != NULL ? g_date_time_format (time, "%F %T") : g_strdup ("");

      bh_table_add_format (table, BH_STYLE_NONE, "%u", id);
      bh_table_add (table, label, BH_STYLE_NONE);
      bh_table_add (table, text, BH_STYLE_NONE);
      bh_table_add_format (table, BH_STYLE_NONE, "%u", windows);
    }
  putchar ('\n');
  bh_table_print (table, stdout);
}

/* What of this computer it uses right now, and what it asks for. */
static void
print_uses (const BhVmInfo *vm)
{
  g_autoptr (GVariant) uses = bh_vm_info_value (vm, "InUse", "as");
  g_autoptr (GVariant) asks = bh_vm_info_value (vm, "CameraAsks", "b");

  if (uses != NULL && g_variant_n_children (uses) > 0)
    {
      g_autofree const char **words = g_variant_get_strv (uses, NULL);
      g_autofree char *text = g_strjoinv (", ", (char **) words);

      bh_output_field (_ ("Uses now"), text);
    }
  if (asks != NULL && g_variant_get_boolean (asks))
    bh_output_field (_ ("Camera"), _ ("asks; answer with “bulkheadctl camera”"));
}

static void
print_one (const BhVmInfo *vm, GVariant *usage)
{
  g_autofree char *state = describe_state (vm);
  g_autofree char *memory = describe_memory (usage);
  g_autofree char *cpu = describe_cpu (usage);
  guint32 pid;

  bh_output_field (_ ("Name"), bh_vm_info_string (vm, "Name"));
  bh_output_field (_ ("State"), state);
  if (*memory != '\0')
    bh_output_field (_ ("Memory"), memory);
  if (*cpu != '\0')
    bh_output_field (_ ("CPU"), cpu);
  if (g_variant_lookup (usage, "pid", "u", &pid))
    {
      g_autofree char *text = g_strdup_printf ("%u", pid);

      bh_output_field (_ ("QEMU process"), text);
    }
  print_uses (vm);
  print_programs (vm);
}

static void
add_row (BhTable *table, const BhVmInfo *vm, GVariant *usage)
{
  g_autofree char *state = describe_state (vm);
  g_autofree char *memory = describe_memory (usage);
  g_autofree char *cpu = describe_cpu (usage);
  g_autofree char *programs = describe_programs (vm);

  bh_table_add (table, bh_vm_info_string (vm, "Name"), BH_STYLE_BOLD);
  bh_table_add (table, state, bh_output_state_style (bh_vm_info_string (vm, "State")));
  bh_table_add (table, *memory != '\0' ? memory : "–", BH_STYLE_NONE);
  bh_table_add (table, *cpu != '\0' ? cpu : "–", BH_STYLE_NONE);
  bh_table_add (table, programs, BH_STYLE_NONE);
}

static int
status_of_one (BhCli *cli, const char *name, gboolean json, GError **error)
{
  g_autoptr (BhVmInfo) vm = bh_cli_get_vm_info (cli, name, error);
  g_autoptr (GVariant) usage = vm != NULL ? bh_cli_read_usage (cli, vm, error) : NULL;
  g_autoptr (GVariant) network = usage != NULL ? bh_cli_read_network (cli, vm, error) : NULL;
  JsonObject *object;

  if (network == NULL)
    return BH_EXIT_FAILED;
  if (!json)
    {
      print_one (vm, usage);
      bh_cli_print_network (network);
      return BH_EXIT_OK;
    }
  object = to_json (vm, usage);
  json_object_set_member (object, "network", bh_json_from_variant (network));
  bh_json_print (json_node_init_object (json_node_alloc (), object));
  json_object_unref (object);
  return BH_EXIT_OK;
}

int
bh_cmd_status (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &json, N_ ("For programs"), NULL },
    { NULL },
  };
  g_autoptr (GPtrArray) vms = NULL;
  g_autoptr (BhTable) table = NULL;
  g_autoptr (JsonArray) array = NULL;

  if (!bh_cli_parse (command, entries, &argv, 0, 1, error))
    return BH_EXIT_USAGE;
  if (argv[0] != NULL)
    return status_of_one (cli, argv[0], json, error);
  if ((vms = bh_cli_list_vms (cli, error)) == NULL)
    return BH_EXIT_FAILED;
  table = bh_table_new (_ ("Name"), _ ("State"), _ (">Memory"), _ (">CPU"), _ ("Programs"), NULL);
  array = json_array_new ();
  for (guint i = 0; i < vms->len; i++)
    {
      /* It may have been deleted since; then it has no usage. */
      g_autoptr (GVariant) usage = bh_cli_read_usage (cli, vms->pdata[i], NULL);

      if (usage == NULL)
        continue;
      if (json)
        json_array_add_object_element (array, to_json (vms->pdata[i], usage));
      else
        add_row (table, vms->pdata[i], usage);
    }
  if (json)
    bh_json_print (json_node_init_array (json_node_alloc (), array));
  else if (vms->len == 0)
    puts (_ ("There are no AppVMs yet. “bulkheadctl create NAME” makes one."));
  else
    bh_table_print (table, stdout);
  return BH_EXIT_OK;
}
