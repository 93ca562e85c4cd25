/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl image: the disk image that an AppVM boots from, and what is kept of its changes. */
#include "config.h"

#include "commands.h"
#include "output.h"

#include <glib/gi18n.h>
#include <stdio.h>

static void
print_image (GVariant *image)
{
  const char *path = "", *changes = "";
  g_autofree char *size = NULL;
  guint64 kept = 0;

  g_variant_lookup (image, "path", "&s", &path);
  g_variant_lookup (image, "changes", "&s", &changes);
  g_variant_lookup (image, "kept", "t", &kept);
  size = bh_output_size (kept);
  bh_output_field (_ ("Disk image"), path);
  bh_output_field (_ ("Its changes"), g_str_equal (changes, "write")  ? _ ("written into the image")
                                      : g_str_equal (changes, "drop") ? _ ("gone when it stops")
                                                                      : _ ("kept beside the image"));
  bh_output_field (_ ("Kept"), kept > 0 ? size : _ ("nothing"));
}

int
bh_cmd_image (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
    { "json", 'j', 0, G_OPTION_ARG_NONE, &json, N_ ("For programs"), NULL },
    { NULL },
  };
  g_autoptr (GVariant) image = NULL;
  g_autoptr (BhDbusVm1) vm = NULL;

  if (!bh_cli_parse (command, entries, &argv, 1, 2, error))
    return BH_EXIT_USAGE;
  if (argv[1] && !g_str_equal (argv[1], "drop"))
    {
      bh_cli_set_usage_error (error, _ ("It is “image NAME” with nothing, or drop."));
      return BH_EXIT_USAGE;
    }
  if ((vm = bh_cli_find_vm (cli, argv[0], error)) == NULL)
    return BH_EXIT_FAILED;
  if (argv[1])
    return bh_dbus_vm1_call_drop_image_changes_sync (vm, NULL, error) ? BH_EXIT_OK : BH_EXIT_FAILED;
  if (!bh_dbus_vm1_call_read_image_sync (vm, &image, NULL, error))
    return BH_EXIT_FAILED;
  if (json)
    {
      JsonObject *object = json_object_new ();

      bh_json_add_properties (object, image);
      bh_json_print (json_node_init_object (json_node_alloc (), object));
      json_object_unref (object);
    }
  else
    print_image (image);
  return BH_EXIT_OK;
}
