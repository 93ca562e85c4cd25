/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl apps: the applications of this computer. */
#include "config.h"

#include "commands.h"
#include "output.h"

#include <glib/gi18n.h>
#include <string.h>

/* Every word of @search (casefolded) is in id, name, summary, a keyword or a category. */
static gboolean
matches (GVariant *application, char **search)
{
  static const char *const texts[] = { "id", "name", "summary" };
  static const char *const lists[] = { "keywords", "categories" };
  g_autoptr (GString) all = g_string_new (NULL);
  g_autofree char *folded = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      const char *text = "";

      g_variant_lookup (application, texts[i], "&s", &text);
      g_string_append_printf (all, "%s\n", text);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      g_autofree const char **list = NULL;

      if (!g_variant_lookup (application, lists[i], "^a&s", &list))
        continue;
      for (const char **p = list; *p != NULL; p++)
        g_string_append_printf (all, "%s\n", *p);
    }
  folded = g_utf8_casefold (all->str, -1);
  for (char **word = search; word != NULL && *word != NULL; word++)
    if (strstr (folded, *word) == NULL)
      return FALSE;
  return TRUE;
}

static void
add_row (BhTable *table, GVariant *application, gboolean usable)
{
  const char *id = "", *name = "", *summary = "", *reason = "";

  g_variant_lookup (application, "id", "&s", &id);
  g_variant_lookup (application, "name", "&s", &name);
  g_variant_lookup (application, "summary", "&s", &summary);
  g_variant_lookup (application, "reason", "&s", &reason);
  bh_table_add (table, id, usable ? BH_STYLE_NONE : BH_STYLE_DIM);
  bh_table_add (table, name, usable ? BH_STYLE_BOLD : BH_STYLE_DIM);
  bh_table_add (table, usable ? summary : reason, usable ? BH_STYLE_NONE : BH_STYLE_WARNING);
}

int
bh_cmd_apps (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  gboolean json = FALSE, all = FALSE;
  const GOptionEntry entries[] = {
    { "all", 'a', 0, G_OPTION_ARG_NONE, &all,
      N_ ("Also those that cannot run in an AppVM, with the reason"), NULL },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &json, N_ ("For programs"), NULL },
    { NULL },
  };
  g_autoptr (GVariant) applications = NULL;
  g_autoptr (JsonArray) array = json_array_new ();
  g_autoptr (BhTable) table = bh_table_new (_ ("Id"), _ ("Name"), _ ("Summary"), NULL);
  g_autofree char *folded = NULL;
  g_auto (GStrv) search = NULL;
  GVariantIter iter;
  GVariant *application;
  gsize n = 0;

  if (!bh_cli_parse (command, entries, &argv, 0, -1, error)
      || (applications = bh_cli_list_applications (cli, error)) == NULL)
    return BH_EXIT_FAILED;
  if (argv[0] != NULL)
    {
      g_autofree char *words = g_strjoinv (" ", argv);

      folded = g_utf8_casefold (words, -1);
      search = g_strsplit (folded, " ", -1);
    }
  g_variant_iter_init (&iter, applications);
  while (g_variant_iter_loop (&iter, "@a{sv}", &application))
    {
      gboolean usable = FALSE;

      g_variant_lookup (application, "usable", "b", &usable);
      if ((!usable && !all) || !matches (application, search))
        continue;
      n++;
      if (json)
        json_array_add_element (array, bh_json_from_variant (application));
      else
        add_row (table, application, usable);
    }
  if (json)
    bh_json_print (json_node_init_array (json_node_alloc (), array));
  else if (n > 0)
    bh_table_print (table, stdout);
  else
    puts (search != NULL ? _ ("No application matches.") : _ ("There are no applications."));
  return BH_EXIT_OK;
}
