/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl template: Debian templates. */
#include "config.h"

#include "bh-text.h"
#include "commands.h"
#include "job.h"
#include "output.h"

#include <glib/gi18n.h>
#include <string.h>

typedef struct
{
  BhCli *cli;
  BhDbusManager1 *manager;
  char **arguments; /* after the verb */
  const char *suite;
  gboolean json, quiet, force;
} Command;

static gboolean
run_job (Command *command, const char *method, GVariant *parameters, GError **error)
{
  BhJobRequest request = { .method = method, .parameters = parameters };
  g_auto (BhJobOutcome) outcome = { 0 };
  g_autoptr (BhProgress) progress = bh_progress_new (command->quiet);
  const char *key;

  if (!bh_job_run (command->cli, command->manager, &request, progress, &outcome, error))
    return FALSE;
  if (!command->quiet && g_variant_lookup (outcome.result, "key", "&s", &key))
    puts (key);
  return TRUE;
}

static gboolean
build (Command *command, GError **error)
{
  g_autofree char *packages = g_strjoinv (";", command->arguments);

  return run_job (command, "BuildTemplate",
                  g_variant_new ("(ss)", command->suite ? command->suite : "trixie", packages),
                  error);
}

/* The key that begins with @text, when only one does. */
static char *
find_key (Command *command, const char *text, GError **error)
{
  g_autoptr (GVariant) list = NULL;
  g_autofree char *found = NULL;
  g_autofree char *shown = bh_text_clean (text, strlen (text), 40);
  GVariantIter iter;
  GVariant *one;

  if (!bh_dbus_manager1_call_list_templates_sync (command->manager, &list, NULL, error))
    return NULL;
  g_variant_iter_init (&iter, list);
  while ((one = g_variant_iter_next_value (&iter)) != NULL)
    {
      g_autoptr (GVariant) owned = one;
      const char *key = "";

      g_variant_lookup (one, "key", "&s", &key);
      if (*text == '\0' || !g_str_has_prefix (key, text))
        continue;
      if (found)
        {
          bh_cli_set_usage_error (error, _ ("More than one template begins with “%s”."), shown);
          return NULL;
        }
      found = g_strdup (key);
    }
  if (!found)
    g_set_error (
        error, BH_ERROR, BH_ERROR_NOT_FOUND,
        _ ("There is no template “%s”. “bulkheadctl template list” shows those that there are."),
        shown);
  return g_steal_pointer (&found);
}

static gboolean
update (Command *command, GError **error)
{
  g_autofree char *key = find_key (command, command->arguments[0], error);

  return key && run_job (command, "UpdateTemplate", g_variant_new ("(s)", key), error);
}

/* Of templates, only those that @keys (NULL: all) has. */
static void
print_json (GVariant *list, GHashTable *keys)
{
  JsonArray *array = json_array_new ();
  GVariantIter iter;
  GVariant *one;

  g_variant_iter_init (&iter, list);
  while (g_variant_iter_loop (&iter, "@a{sv}", &one))
    {
      JsonObject *object;
      const char *key = "";

      g_variant_lookup (one, "key", "&s", &key);
      if (keys && !g_hash_table_contains (keys, key))
        continue;
      object = json_object_new ();
      bh_json_add_properties (object, one);
      json_array_add_object_element (array, object);
    }
  bh_json_print (json_node_init_array (json_node_alloc (), array));
  json_array_unref (array);
}

static char *
join (GVariant *dict, const char *key)
{
  g_autofree const char **names = NULL;

  g_variant_lookup (dict, key, "^a&s", &names);
  return names ? g_strjoinv (", ", (char **) names) : g_strdup ("");
}

/* What the last checks found; of templates that @keys (NULL: all) has. */
static void
print_updates (GVariant *list, GHashTable *keys)
{
  g_autoptr (BhTable) table =
      bh_table_new (_ ("Key"), _ ("Release"), _ ("Packages"), _ (">Updates"), _ (">Of security"),
                    _ ("Checked"), NULL);
  GVariantIter iter;
  GVariant *one;

  g_variant_iter_init (&iter, list);
  while (g_variant_iter_loop (&iter, "@a{sv}", &one))
    {
      const char *key = "", *suite = "";
      guint updates = 0, security = 0;
      gint64 checked = 0;
      g_autofree char *packages = join (one, "packages"), *date = NULL;
      g_autoptr (GDateTime) when = NULL;

      g_variant_lookup (one, "key", "&s", &key);
      if (keys && !g_hash_table_contains (keys, key))
        continue;
      g_variant_lookup (one, "suite", "&s", &suite);
      g_variant_lookup (one, "updates", "u", &updates);
      g_variant_lookup (one, "security", "u", &security);
      g_variant_lookup (one, "checked", "x", &checked);
      when = g_date_time_new_from_unix_local (checked);
      date = when ? g_date_time_format (when, "%x %H:%M") : g_strdup ("");
      bh_table_add (table, key, BH_STYLE_BOLD);
      bh_table_add (table, suite, BH_STYLE_NONE);
      bh_table_add (table, packages, BH_STYLE_NONE);
      bh_table_add_format (table, updates ? BH_STYLE_WARNING : BH_STYLE_DIM, "%u", updates);
      bh_table_add_format (table, security ? BH_STYLE_WARNING : BH_STYLE_DIM, "%u", security);
      bh_table_add (table, date, BH_STYLE_NONE);
    }
  bh_table_print (table, stdout);
}

/* The keys that the arguments name; without any all that there are. */
static GPtrArray *
find_keys (Command *command, GError **error)
{
  g_autoptr (GPtrArray) keys = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GVariant) list = NULL;
  GVariantIter iter;
  GVariant *one;

  for (char **argument = command->arguments; *argument; argument++)
    {
      char *key = find_key (command, *argument, error);

      if (!key)
        return NULL;
      g_ptr_array_add (keys, key);
    }
  if (command->arguments[0])
    return g_steal_pointer (&keys);
  if (!bh_dbus_manager1_call_list_templates_sync (command->manager, &list, NULL, error))
    return NULL;
  g_variant_iter_init (&iter, list);
  while (g_variant_iter_loop (&iter, "@a{sv}", &one))
    {
      const char *key = "";

      g_variant_lookup (one, "key", "&s", &key);
      g_ptr_array_add (keys, g_strdup (key));
    }
  return g_steal_pointer (&keys);
}

static gboolean
check (Command *command, GError **error)
{
  g_autoptr (GPtrArray) keys = find_keys (command, error);
  g_autoptr (GHashTable) checked = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GVariant) list = NULL;

  if (!keys)
    return FALSE;
  for (guint i = 0; i < keys->len; i++)
    {
      BhJobRequest request = { .method = "CheckTemplate",
                               .parameters = g_variant_new ("(s)", keys->pdata[i]) };
      g_auto (BhJobOutcome) outcome = { 0 };
      g_autoptr (BhProgress) progress = bh_progress_new (command->quiet);

      if (!bh_job_run (command->cli, command->manager, &request, progress, &outcome, error))
        return FALSE;
      g_hash_table_add (checked, keys->pdata[i]);
    }
  if (!bh_dbus_manager1_call_list_templates_sync (command->manager, &list, NULL, error))
    return FALSE;
  if (command->json)
    print_json (list, checked);
  else if (keys->len == 0)
    puts (_ ("There are no Debian templates."));
  else
    print_updates (list, checked);
  return TRUE;
}

static gboolean
revert (Command *command, GError **error)
{
  g_autofree char *key = find_key (command, command->arguments[0], error);

  return key && bh_dbus_manager1_call_revert_template_sync (command->manager, key, NULL, error);
}

static gboolean
remove_one (Command *command, GError **error)
{
  g_autofree char *key = find_key (command, command->arguments[0], error);

  return key
         && bh_dbus_manager1_call_remove_template_sync (command->manager, key, command->force, NULL,
                                                        error);
}

static void
print_templates (GVariant *list)
{
  g_autoptr (BhTable) table =
      bh_table_new (_ ("Key"), _ ("Release"), _ ("Packages"), _ (">On disk"), _ ("Built"),
                    _ (">Updates"), _ ("Used by"), _ ("Runs an old one"), NULL);
  GVariantIter iter;
  GVariant *one;

  g_variant_iter_init (&iter, list);
  while (g_variant_iter_loop (&iter, "@a{sv}", &one))
    {
      const char *key = "", *suite = "";
      gint64 made = 0;
      guint64 size = 0;
      guint updates = 0;
      g_autofree char *packages = join (one, "packages"), *users = join (one, "used-by");
      g_autofree char *old = join (one, "running-old"), *size_text = NULL, *date = NULL;
      g_autoptr (GDateTime) when = NULL;

      g_variant_lookup (one, "key", "&s", &key);
      g_variant_lookup (one, "suite", "&s", &suite);
      g_variant_lookup (one, "made", "x", &made);
      g_variant_lookup (one, "size", "t", &size);
      g_variant_lookup (one, "updates", "u", &updates);
      when = g_date_time_new_from_unix_local (made);
      date = when ? g_date_time_format (when, "%x") : g_strdup ("");
      size_text = bh_output_size (size);
      bh_table_add (table, key, BH_STYLE_BOLD);
      bh_table_add (table, suite, BH_STYLE_NONE);
      bh_table_add (table, packages, BH_STYLE_NONE);
      bh_table_add (table, size_text, BH_STYLE_NONE);
      bh_table_add (table, date, BH_STYLE_NONE);
      bh_table_add_format (table, updates ? BH_STYLE_WARNING : BH_STYLE_DIM, "%u", updates);
      bh_table_add (table, *users ? users : _ ("nobody"),
                    *users ? BH_STYLE_NONE : BH_STYLE_WARNING);
      bh_table_add (table, *old ? old : "–", *old ? BH_STYLE_WARNING : BH_STYLE_DIM);
    }
  bh_table_print (table, stdout);
}

static gboolean
list (Command *command, GError **error)
{
  g_autoptr (GVariant) list = NULL;

  if (!bh_dbus_manager1_call_list_templates_sync (command->manager, &list, NULL, error))
    return FALSE;
  if (command->json)
    print_json (list, NULL);
  else if (g_variant_n_children (list) == 0)
    puts (_ ("There are no Debian templates. Build one with: bulkheadctl template build PACKAGE…"));
  else
    print_templates (list);
  return TRUE;
}

static gboolean
list_apps (Command *command, GError **error)
{
  g_autofree char *key = find_key (command, command->arguments[0], error);
  g_autoptr (GVariant) list = NULL;
  g_autoptr (BhTable) table = bh_table_new (_ ("Application"), _ ("Name"), _ ("Summary"), NULL);
  GVariantIter iter;
  GVariant *one;

  if (!key
      || !bh_dbus_manager1_call_list_template_applications_sync (command->manager, key, &list, NULL,
                                                                 error))
    return FALSE;
  if (command->json)
    {
      print_json (list, NULL);
      return TRUE;
    }
  g_variant_iter_init (&iter, list);
  while (g_variant_iter_loop (&iter, "@a{sv}", &one))
    {
      const char *id = "", *name = "", *summary = "";

      g_variant_lookup (one, "id", "&s", &id);
      g_variant_lookup (one, "name", "&s", &name);
      g_variant_lookup (one, "summary", "&s", &summary);
      bh_table_add (table, id, BH_STYLE_BOLD);
      bh_table_add (table, name, BH_STYLE_NONE);
      bh_table_add (table, summary, BH_STYLE_DIM);
    }
  bh_table_print (table, stdout);
  return TRUE;
}

/* Whatever apt has to fetch first takes its time. */
static gboolean
search (Command *command, GError **error)
{
  g_autoptr (BhTable) table = bh_table_new (_ ("Package"), _ ("Name"), _ ("Summary"), NULL);
  g_autofree char *words = g_strjoinv (" ", command->arguments);
  g_autoptr (GVariant) list = NULL;
  GVariantIter iter;
  GVariant *one;

  g_dbus_proxy_set_default_timeout (G_DBUS_PROXY (command->manager), G_MAXINT);
  if (!bh_dbus_manager1_call_search_debian_sync (
          command->manager, command->suite ? command->suite : "trixie", words, &list, NULL, error))
    return FALSE;
  if (command->json)
    {
      print_json (list, NULL);
      return TRUE;
    }
  if (g_variant_n_children (list) == 0)
    fputs (_ ("Debian has no such application. Packages can be given by their names, too.\n"),
           stderr);
  g_variant_iter_init (&iter, list);
  while (g_variant_iter_loop (&iter, "@a{sv}", &one))
    {
      const char *package = "", *name = "", *summary = "";

      g_variant_lookup (one, "package", "&s", &package);
      g_variant_lookup (one, "name", "&s", &name);
      g_variant_lookup (one, "summary", "&s", &summary);
      bh_table_add (table, package, BH_STYLE_BOLD);
      bh_table_add (table, name, BH_STYLE_NONE);
      bh_table_add (table, summary, BH_STYLE_DIM);
    }
  if (g_variant_n_children (list) > 0)
    bh_table_print (table, stdout);
  return TRUE;
}

static const struct
{
  const char *name;
  int min, max;
  gboolean (*run) (Command *command, GError **error);
} verbs[] = {
  { "search", 1, 20, search }, { "build", 0, 200, build },     { "list", 0, 0, list },
  { "apps", 1, 1, list_apps }, { "check", 0, 20, check },      { "update", 1, 1, update },
  { "revert", 1, 1, revert },  { "remove", 1, 1, remove_one },
};

int
bh_cmd_template (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  Command it = { .cli = cli };
  g_autofree char *suite = NULL;
  const GOptionEntry entries[] = {
    { "suite", 's', 0, G_OPTION_ARG_FILENAME, &suite, N_ ("Release of Debian: bookworm or trixie"),
      N_ ("SUITE") },
    { "force", 'f', 0, G_OPTION_ARG_NONE, &it.force, N_ ("Remove it although an AppVM uses it"),
      NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &it.quiet, N_ ("Show no steps"), NULL },
    { "json", 'j', 0, G_OPTION_ARG_NONE, &it.json, N_ ("For programs"), NULL },
    { NULL },
  };
  g_autoptr (BhDbusManager1) manager = NULL;
  int n;

  if (!bh_cli_parse (command, entries, &argv, 1, -1, error))
    return BH_EXIT_USAGE;
  n = (int) g_strv_length (argv) - 1;
  it.arguments = argv + 1;
  it.suite = suite;
  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    {
      if (strcmp (argv[0], verbs[i].name) != 0)
        continue;
      if (n < verbs[i].min || n > verbs[i].max)
        {
          bh_cli_set_usage_error (
              error, _ ("“bulkheadctl template %s” takes another number of arguments."), argv[0]);
          return BH_EXIT_USAGE;
        }
      if (!(it.manager = manager = bh_cli_get_manager (cli, error)))
        return BH_EXIT_FAILED;
      return verbs[i].run (&it, error) ? BH_EXIT_OK : BH_EXIT_FAILED;
    }
  bh_cli_set_usage_error (error, _ ("“%s” is nothing that can be done with templates."), argv[0]);
  return BH_EXIT_USAGE;
}
