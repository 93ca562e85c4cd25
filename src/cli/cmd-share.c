/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl share: the folders of this computer that an AppVM has, one by one; at once when it runs.
 * bulkheadctl inbox: where its folder for moving files in and out is. */
#include "config.h"

#include "bh-folders.h"
#include "bh-text.h"
#include "commands.h"
#include "output.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

static GPtrArray *
read_folders (BhDbusVm1 *vm, GError **error)
{
  GVariant *settings = bh_dbus_vm1_get_settings (vm);
  const char *value = "";

  if (settings)
    g_variant_lookup (settings, "Folders", "&s", &value);
  return bh_folders_parse (value, BH_FOLDERS_MAX, error);
}

static gboolean
write_folders (BhDbusVm1 *vm, GPtrArray *folders, GError **error)
{
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *value = NULL;
  GVariantBuilder builder;

  for (guint i = 0; i < folders->len; i++)
    g_ptr_array_add (texts, bh_folder_to_text (folders->pdata[i]));
  g_ptr_array_add (texts, NULL);
  value = g_strjoinv (";", (char **) texts->pdata);
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{ss}"));
  g_variant_builder_add (&builder, "{ss}", "Folders", value);
  return bh_dbus_vm1_call_set_sync (vm, g_variant_builder_end (&builder), NULL, NULL, error);
}

static void
print_folders (GPtrArray *folders)
{
  g_autoptr (BhTable) table = bh_table_new (_ ("Here"), _ ("In the AppVM"), _ ("May"), NULL);

  for (guint i = 0; i < folders->len; i++)
    {
      const BhFolder *folder = folders->pdata[i];
      g_autofree char *where =
          g_strconcat (folder->guest[0] == '/' ? "" : "~/", folder->guest, NULL);

      bh_table_add (table, folder->host, BH_STYLE_BOLD);
      bh_table_add (table, where, BH_STYLE_NONE);
      bh_table_add (table, folder->writable ? _ ("read and change") : _ ("read"), BH_STYLE_NONE);
    }
  bh_table_print (table, stdout);
}

/* FOLDER[:PLACE], the folder from here on. */
static BhFolder *
parse_folder (const char *text, gboolean writable, gboolean unsafe, GError **error)
{
  const char *colon = strchr (text, ':');
  g_autofree char *typed = colon ? g_strndup (text, (gsize) (colon - text)) : g_strdup (text);
  g_autofree char *host =
      typed[0] == '~' ? g_strdup (typed) : g_canonicalize_filename (typed, NULL);
  g_autofree char *whole = g_strdup_printf ("%s:%s:%s%s", host, colon ? colon + 1 : "",
                                            writable ? "rw" : "ro", unsafe ? ",unsafe" : "");

  return bh_folder_parse (whole, error);
}

static int
add (BhDbusVm1 *vm, GPtrArray *folders, BhFolder *folder, GError **error)
{
  for (guint i = 0; i < folders->len; i++)
    if (g_str_equal (((BhFolder *) folders->pdata[i])->host, folder->host))
      {
        g_ptr_array_remove_index (folders, i); /* it may be for another place, or writing now */
        break;
      }
  g_ptr_array_add (folders, folder);
  return write_folders (vm, folders, error) ? BH_EXIT_OK : BH_EXIT_FAILED;
}

static int
take_away (BhDbusVm1 *vm, GPtrArray *folders, const char *text, GError **error)
{
  g_autofree char *host = g_canonicalize_filename (text, NULL);

  for (guint i = 0; i < folders->len; i++)
    {
      const BhFolder *folder = folders->pdata[i];

      if (!g_str_equal (folder->host, host) && !g_str_equal (folder->guest, text))
        continue;
      g_ptr_array_remove_index (folders, i);
      return write_folders (vm, folders, error) ? BH_EXIT_OK : BH_EXIT_FAILED;
    }
  g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND,
               _ ("“%s” is not shared with this AppVM. “bulkheadctl share NAME” shows what is."),
               text);
  return BH_EXIT_FAILED;
}

int
bh_cmd_share (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  gboolean writable = FALSE, unsafe = FALSE;
  const GOptionEntry entries[] = {
    { "write", 'w', 0, G_OPTION_ARG_NONE, &writable, N_ ("Let the AppVM change what is in it"),
      NULL },
    { "unsafe", 0, 0, G_OPTION_ARG_NONE, &unsafe,
      N_ ("Share it even if it holds what programs should not reach"), NULL },
    { NULL },
  };
  g_autoptr (BhDbusVm1) vm = NULL;
  g_autoptr (GPtrArray) folders = NULL;
  BhFolder *folder;
  gboolean listing;

  if (!bh_cli_parse (command, entries, &argv, 1, 3, error))
    return BH_EXIT_FAILED;
  listing = argv[1] == NULL;
  if (!listing
      && (argv[2] == NULL || (!g_str_equal (argv[1], "add") && !g_str_equal (argv[1], "remove"))))
    {
      bh_cli_set_usage_error (error, _ ("It is “share NAME”, “share NAME add FOLDER” or "
                                        "“share NAME remove FOLDER”."));
      return BH_EXIT_FAILED;
    }
  if ((vm = bh_cli_find_vm (cli, argv[0], error)) == NULL
      || (folders = read_folders (vm, error)) == NULL)
    return BH_EXIT_FAILED;
  if (listing)
    {
      print_folders (folders);
      return BH_EXIT_OK;
    }
  if (g_str_equal (argv[1], "remove"))
    return take_away (vm, folders, argv[2], error);
  folder = parse_folder (argv[2], writable, unsafe, error);
  return folder ? add (vm, folders, folder, error) : BH_EXIT_FAILED;
}

int
bh_cmd_inbox (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  g_autoptr (BhDbusVm1) vm = NULL;
  g_autofree char *path = NULL;

  if (!bh_cli_parse (command, NULL, &argv, 1, 1, error)
      || (vm = bh_cli_find_vm (cli, argv[0], error)) == NULL
      || !bh_dbus_vm1_call_open_inbox_sync (vm, &path, NULL, error))
    return BH_EXIT_FAILED;
  printf ("%s\n", path);
  return BH_EXIT_OK;
}
