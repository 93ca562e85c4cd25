/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl create: make a new AppVM. */
#include "config.h"

#include "bh-text.h"
#include "commands.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

/* "" when none were given; %NULL with @error. */
static char *
join_applications (BhCli *cli, char **given, GError **error)
{
  g_autoptr (GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GVariant) applications = NULL;

  if (given == NULL)
    return g_strdup ("");
  applications = bh_cli_list_applications (cli, error);
  if (applications == NULL)
    return NULL;
  for (char **p = given; *p != NULL; p++)
    {
      char *id = bh_cli_resolve_application (applications, *p, error);

      if (id == NULL)
        return NULL;
      g_ptr_array_add (ids, id);
    }
  g_ptr_array_add (ids, NULL);
  return g_strjoinv (";", (char **) ids->pdata);
}

int
bh_cmd_create (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  g_autofree char *color = NULL;
  g_autofree char *memory = NULL;
  g_autofree char *cpus = NULL;
  g_autofree char *home = NULL;
  g_autofree char *template = NULL;
  g_autofree char *image = NULL;
  g_autofree char *image_path = NULL;
  gboolean is_desktop;
  g_auto (GStrv) apps = NULL;
  const GOptionEntry entries[] = {
    { "color", 'c', 0, G_OPTION_ARG_FILENAME, &color, N_ ("Colour of its frames"), N_ ("COLOR") },
    { "app", 'a', 0, G_OPTION_ARG_FILENAME_ARRAY, &apps,
      N_ ("A program it is for (may be repeated)"), N_ ("APP-ID") },
    { "memory", 'm', 0, G_OPTION_ARG_FILENAME, &memory, N_ ("Its memory"), N_ ("MiB") },
    { "cpus", 'p', 0, G_OPTION_ARG_FILENAME, &cpus, N_ ("How many processors it has"), N_ ("N") },
    { "home", 0, 0, G_OPTION_ARG_FILENAME, &home,
      N_ ("Where its home is kept: disk (the default), none, or a folder"), N_ ("HOME") },
    { "template", 't', 0, G_OPTION_ARG_FILENAME, &template,
      N_ ("Where its programs come from: host, debian or disk"), N_ ("TEMPLATE") },
    { "image", 'i', 0, G_OPTION_ARG_FILENAME, &image,
      N_ ("A disk image that it boots from, as a whole desktop in one window"), N_ ("FILE") },
    { NULL },
  };
  g_autoptr (BhDbusManager1) manager = NULL;
  g_autofree char *applications = NULL;
  g_autofree char *path = NULL;
  g_autofree char *name = NULL;
  GVariantBuilder settings;

  if (!bh_cli_parse (command, entries, &argv, 1, 1, error)
      || (applications = join_applications (cli, apps, error)) == NULL
      || (manager = bh_cli_get_manager (cli, error)) == NULL)
    return BH_EXIT_FAILED;
  /* The service has another working folder. */
  image_path = image != NULL ? g_canonicalize_filename (image, NULL) : NULL;
  if (template == NULL && image != NULL)
    template = g_strdup ("disk");
  is_desktop = g_strcmp0 (template, "disk") == 0;

  {
    const struct
    {
      const char *key, *value;
    } given[] = { { "Name", argv[0] },
                  { "Color", color },
                  { "Memory", memory },
                  { "Processors", cpus },
                  /* People expect to find again what they save; in key files it is their own choice. */
                  { "Home", home ? home : is_desktop ? NULL : "disk" },
                  { "Template", template },
                  { "Image", image_path },
                  { "Applications", *applications != '\0' ? applications : NULL } };

    g_variant_builder_init (&settings, G_VARIANT_TYPE ("a{ss}"));
    for (gsize i = 0; i < G_N_ELEMENTS (given); i++)
      if (given[i].value != NULL && !g_utf8_validate (given[i].value, -1, NULL))
        {
          g_variant_builder_clear (&settings);
          bh_cli_set_usage_error (error, _ ("The value of %s is not valid UTF-8."), given[i].key);
          return BH_EXIT_USAGE;
        }
      else if (given[i].value != NULL)
        g_variant_builder_add (&settings, "{ss}", given[i].key, given[i].value);
  }
  if (!bh_dbus_manager1_call_create_vm_sync (manager, g_variant_builder_end (&settings), &path,
                                             NULL, error))
    return BH_EXIT_FAILED;
  name = bh_text_clean (argv[0], strlen (argv[0]), 80);
  printf (_ ("Created the AppVM “%s”.\n"), name);
  return BH_EXIT_OK;
}
