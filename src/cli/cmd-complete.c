/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl __complete: what the shell's completion asks for, one per line. Not for people;
 * silent on failure, since nobody wants an error in the middle of a command line. */
#include "config.h"

#include "bh-color.h"
#include "bh-keys.h"
#include "bh-text.h"
#include "commands.h"

#include <stdio.h>
#include <string.h>

static void
print_commands (void)
{
  for (const BhCommand *c = bh_commands; c->name != NULL; c++)
    if (c->summary != NULL)
      puts (c->name);
}

static void
print_vms (BhCli *cli, const char *which)
{
  g_autoptr (GPtrArray) vms = bh_cli_list_vms (cli, NULL);

  for (guint i = 0; vms != NULL && i < vms->len; i++)
    {
      const char *state = bh_vm_info_string (vms->pdata[i], "State");
      const char *name = bh_vm_info_string (vms->pdata[i], "Name");
      gboolean idle = strcmp (state, "stopped") == 0 || strcmp (state, "failed") == 0;
      g_autofree char *clean = bh_text_clean (name, strlen (name), 500);

      if ((strcmp (which, "running") == 0 && idle) || (strcmp (which, "stopped") == 0 && !idle))
        continue;
      /* A name that does not survive as one line cannot be typed either. */
      if (strcmp (clean, name) == 0)
        puts (name);
    }
}

static void
print_devices (BhCli *cli)
{
  g_autoptr (BhDbusManager1) manager = bh_cli_get_manager (cli, NULL);
  g_autoptr (GVariant) list = NULL;
  GVariantIter iter;
  GVariant *device;

  if (manager == NULL || !bh_dbus_manager1_call_list_usb_sync (manager, &list, NULL, NULL))
    return;
  g_variant_iter_init (&iter, list);
  while (g_variant_iter_loop (&iter, "@a{sv}", &device))
    {
      const char *place;

      if (g_variant_lookup (device, "place", "&s", &place))
        puts (place);
    }
}

static void
print_applications (BhCli *cli)
{
  g_autoptr (GVariant) applications = bh_cli_list_applications (cli, NULL);
  GVariantIter iter;
  GVariant *application;

  if (applications == NULL)
    return;
  g_variant_iter_init (&iter, applications);
  while (g_variant_iter_loop (&iter, "@a{sv}", &application))
    {
      const char *id = "";
      gboolean usable = FALSE;

      g_variant_lookup (application, "id", "&s", &id);
      g_variant_lookup (application, "usable", "b", &usable);
      if (usable && bh_app_id_is_valid (id))
        printf ("%.*s\n", (int) (strlen (id) - strlen (".desktop")), id);
    }
}

static void
print_keys (void)
{
  gsize n;
  const BhKey *keys = bh_keys (&n);

  for (gsize i = 0; i < n; i++)
    printf ("%s=\n", keys[i].name);
}

static void
print_colors (void)
{
  gsize n;
  const BhNamedColor *palette = bh_color_palette (&n);

  for (gsize i = 0; i < n; i++)
    puts (palette[i].name);
}

int
bh_cmd_complete (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  const char *what = argv[1] != NULL ? argv[1] : "";

  if (strcmp (what, "commands") == 0)
    print_commands ();
  else if (strcmp (what, "vms") == 0 || strcmp (what, "running") == 0
           || strcmp (what, "stopped") == 0)
    print_vms (cli, what);
  else if (strcmp (what, "devices") == 0)
    print_devices (cli);
  else if (strcmp (what, "apps") == 0)
    print_applications (cli);
  else if (strcmp (what, "keys") == 0)
    print_keys ();
  else if (strcmp (what, "colors") == 0)
    print_colors ();
  else
    return BH_EXIT_USAGE;
  return BH_EXIT_OK;
}
