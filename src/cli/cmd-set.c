/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl set: change settings of an AppVM, all or none. */
#include "config.h"

#include "bh-keys.h"
#include "bh-text.h"
#include "commands.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

/* "memory" is "Memory"; what we do not know is for the service to judge. */
static char *
key_name (const char *text)
{
  gsize n;
  const BhKey *keys = bh_keys (&n);

  for (gsize i = 0; i < n; i++)
    if (g_ascii_strcasecmp (keys[i].name, text) == 0)
      return g_strdup (keys[i].name);
  return g_strdup (text);
}

static GVariant *
parse_settings (char **arguments, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GVariantBuilder builder;
  GHashTableIter iter;
  gpointer key, value;

  for (char **p = arguments; *p != NULL; p++)
    {
      const char *equals = strchr (*p, '=');
      g_autofree char *typed = equals != NULL ? g_strndup (*p, (gsize) (equals - *p)) : NULL;
      g_autofree char *name = NULL;

      if (typed == NULL || *g_strstrip (typed) == '\0')
        {
          bh_cli_set_usage_error (error, _ ("“%s” is not of the form KEY=VALUE."), *p);
          return NULL;
        }
      name = key_name (typed);
      if (g_hash_table_contains (seen, name))
        {
          bh_cli_set_usage_error (error, _ ("%s is given more than once."), name);
          return NULL;
        }
      g_hash_table_insert (seen, g_steal_pointer (&name), (gpointer) (equals + 1));
    }
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{ss}"));
  g_hash_table_iter_init (&iter, seen);
  while (g_hash_table_iter_next (&iter, &key, &value))
    g_variant_builder_add (&builder, "{ss}", key, value);
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

int
bh_cmd_set (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  g_autoptr (GVariant) settings = NULL;
  g_autoptr (BhDbusVm1) vm = NULL;
  g_auto (GStrv) restart = NULL;
  const char *state;

  if (!bh_cli_parse (command, NULL, &argv, 2, -1, error)
      || (settings = parse_settings (argv + 1, error)) == NULL
      || (vm = bh_cli_find_vm (cli, argv[0], error)) == NULL
      || !bh_dbus_vm1_call_set_sync (vm, settings, &restart, NULL, error))
    return BH_EXIT_FAILED;
  state = bh_dbus_vm1_get_state (vm);
  if (restart != NULL && restart[0] != NULL && g_strcmp0 (state, "stopped") != 0
      && g_strcmp0 (state, "failed") != 0)
    {
      g_autofree char *list = g_strjoinv (", ", restart);
      g_autofree char *clean = bh_text_clean (list, strlen (list), 500);

      printf (_ ("Takes effect at the next start: %s.\n"), clean);
    }
  return BH_EXIT_OK;
}
