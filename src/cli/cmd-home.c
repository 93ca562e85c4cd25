/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl home: where the home of an AppVM is kept and what it takes; making room, growing, snapshots. */
#include "config.h"

#include "commands.h"
#include "job.h"
#include "output.h"

#include <glib/gi18n.h>

static const struct
{
  const char *word, *action;
  gboolean size, name;
} actions[] = {
  { "compact", "compact", FALSE, FALSE },
  { "grow", "grow", TRUE, FALSE },
  { "snapshot", "snapshot", FALSE, TRUE },
  { "restore", "restore", FALSE, TRUE },
  { "remove-snapshot", "remove-snapshot", FALSE, TRUE },
};

static void
print_home (GVariant *home)
{
  const char *kind = "none", *path = NULL, *problem = NULL;
  g_autofree char *size_text = NULL, *used_text = NULL;
  g_autoptr (GVariant) snapshots = NULL;
  guint64 size = 0, used = 0;
  gboolean encrypted = FALSE;

  g_variant_lookup (home, "kind", "&s", &kind);
  bh_output_field (_ ("Home"), g_str_equal (kind, "disk")     ? _ ("on a disk of its own")
                               : g_str_equal (kind, "folder") ? _ ("a folder of this computer")
                                                              : _ ("gone when it stops"));
  if (g_variant_lookup (home, "path", "&s", &path))
    bh_output_field (g_str_equal (kind, "folder") ? _ ("Folder") : _ ("Disk"), path);
  if (g_variant_lookup (home, "problem", "&s", &problem))
    bh_output_field (_ ("Problem"), problem);
  if (!g_variant_lookup (home, "size", "t", &size))
    {
      if (g_str_equal (kind, "disk") && !path)
        bh_output_field (_ ("Disk"), _ ("made at its first start"));
      return;
    }
  g_variant_lookup (home, "used", "t", &used);
  g_variant_lookup (home, "encrypted", "b", &encrypted);
  snapshots = g_variant_lookup_value (home, "snapshots", G_VARIANT_TYPE ("a(sxt)"));
  size_text = bh_output_size (size);
  used_text = bh_output_size (used);
  bh_output_field (_ ("Takes"), used_text);
  bh_output_field (_ ("Can take"), size_text);
  bh_output_field (_ ("Encrypted"), encrypted ? _ ("yes") : _ ("no"));
  if (snapshots && g_variant_n_children (snapshots) > 0)
    {
      g_autofree char *n = g_strdup_printf ("%u", (guint) g_variant_n_children (snapshots));

      bh_output_field (_ ("Snapshots"), n);
    }
}

static void
print_snapshots (GVariant *home)
{
  g_autoptr (BhTable) table = bh_table_new (_ ("Snapshot"), _ ("Made"), NULL);
  g_autoptr (GVariant) list =
      g_variant_lookup_value (home, "snapshots", G_VARIANT_TYPE ("a(sxt)"));
  GVariantIter iter;
  const char *name;
  gint64 time;
  guint64 size;

  if (!list || g_variant_n_children (list) == 0)
    {
      puts (_ ("There are no snapshots."));
      return;
    }
  g_variant_iter_init (&iter, list);
  while (g_variant_iter_next (&iter, "(&sxt)", &name, &time, &size))
    {
      g_autoptr (GDateTime) made = g_date_time_new_from_unix_local (time);
      g_autofree char *text = made ? g_date_time_format (made, "%x %X") : g_strdup ("?");

      bh_table_add (table, name, BH_STYLE_BOLD);
      bh_table_add (table, text, BH_STYLE_NONE);
    }
  bh_table_print (table, stdout);
}

static int
show (BhDbusVm1 *vm, gboolean only_snapshots, gboolean json, GError **error)
{
  g_autoptr (GVariant) home = NULL;

  if (!bh_dbus_vm1_call_read_home_sync (vm, &home, NULL, error))
    return BH_EXIT_FAILED;
  if (json)
    {
      JsonObject *object = json_object_new ();

      bh_json_add_properties (object, home);
      bh_json_print (json_node_init_object (json_node_alloc (), object));
      json_object_unref (object);
    }
  else if (only_snapshots)
    print_snapshots (home);
  else
    print_home (home);
  return BH_EXIT_OK;
}

/* "20G", "20480M" or "20480": MiB; 0 when it is none. */
static guint64
parse_size (const char *text)
{
  char *end;
  guint64 n = g_ascii_strtoull (text, &end, 10);

  if (end == text || n > G_MAXUINT32)
    return 0;
  if (g_ascii_strcasecmp (end, "G") == 0 || g_ascii_strcasecmp (end, "GiB") == 0)
    return n * 1024;
  return *end == '\0' || g_ascii_strcasecmp (end, "M") == 0 || g_ascii_strcasecmp (end, "MiB") == 0
             ? n
             : 0;
}

static int
act (BhCli *cli, BhDbusVm1 *vm, gsize i, const char *argument, gboolean quiet, GError **error)
{
  g_auto (BhJobOutcome) outcome = { 0 };
  g_autoptr (BhProgress) progress = bh_progress_new (quiet);
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *today = g_date_time_format (now, "at-%Y-%m-%d-%H%M%S");
  BhJobRequest request = { .method = "ChangeHome" };
  GVariantDict options;

  g_variant_dict_init (&options, NULL);
  if (actions[i].size)
    {
      guint64 mib = argument ? parse_size (argument) : 0;

      if (mib == 0)
        {
          g_variant_dict_clear (&options);
          bh_cli_set_usage_error (error, _ ("It is “home NAME grow SIZE”, with a size such as 20G."));
          return BH_EXIT_USAGE;
        }
      g_variant_dict_insert (&options, "size", "t", mib);
    }
  if (actions[i].name)
    g_variant_dict_insert (&options, "name", "s", argument ? argument : today);
  request.parameters = g_variant_new ("(s@a{sv})", actions[i].action, g_variant_dict_end (&options));
  if (!bh_job_run (cli, vm, &request, progress, &outcome, error))
    return BH_EXIT_FAILED;
  if (g_str_equal (actions[i].action, "snapshot") && !quiet)
    puts (argument ? argument : today);
  return BH_EXIT_OK;
}

int
bh_cmd_home (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  gboolean json = FALSE, quiet = FALSE, snapshots;
  const GOptionEntry entries[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &json, N_ ("For programs"), NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, N_ ("Show nothing but errors"), NULL },
    { NULL },
  };
  g_autoptr (BhDbusVm1) vm = NULL;
  gsize i;

  if (!bh_cli_parse (command, entries, &argv, 1, 3, error))
    return BH_EXIT_USAGE;
  snapshots = argv[1] && g_str_equal (argv[1], "snapshots");
  for (i = 0; i < G_N_ELEMENTS (actions) && argv[1] && !g_str_equal (argv[1], actions[i].word); i++)
    ;
  if (argv[1] && !snapshots
      && (i == G_N_ELEMENTS (actions)
          || (argv[2] && (!actions[i].name && !actions[i].size))
          || (argv[2] && !g_utf8_validate (argv[2], -1, NULL))
          || (!argv[2] && actions[i].name && !g_str_equal (actions[i].word, "snapshot"))))
    {
      bh_cli_set_usage_error (error, _ ("It is “home NAME” with nothing, compact, grow SIZE, snapshots, "
                                        "snapshot, restore SNAPSHOT or remove-snapshot SNAPSHOT."));
      return BH_EXIT_USAGE;
    }
  if ((vm = bh_cli_find_vm (cli, argv[0], error)) == NULL)
    return BH_EXIT_FAILED;
  return !argv[1] || snapshots ? show (vm, snapshots, json, error)
                               : act (cli, vm, i, argv[2], quiet, error);
}
