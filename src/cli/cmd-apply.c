/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl apply: make AppVMs what key files say, and print the difference.
 *
 * A file is for the AppVM of its Name. Everything is looked at before anything is changed: a mistake in
 * one file leaves all AppVMs as they are. */
#include "config.h"

#include "bh-text.h"
#include "bh-vm-config.h"
#include "commands.h"
#include "output.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>

/* One file. */
typedef struct
{
  const char *path;
  BhVmConfig *config;
  const BhVmInfo *vm; /* of the list; NULL: to be made */
  GPtrArray *changed; /* of const BhKey */
} Step;

static void
step_free (gpointer data)
{
  Step *step = data;

  g_clear_pointer (&step->config, bh_vm_config_unref);
  g_ptr_array_unref (step->changed);
  g_free (step);
}

static gboolean
same_name (const char *a, const char *b)
{
  g_autofree char *one = g_utf8_casefold (a, -1), *other = g_utf8_casefold (b, -1);

  return g_str_equal (one, other);
}

static const char *
name_of (const Step *step)
{
  return bh_vm_config_get (step->config, "Name");
}

/* Stricter than the service is with its own files: what it would keep but not understand is refused. */
static gboolean
read_file (Step *step, GError **error)
{
  const char *const *problems;
  g_autofree char *base = g_path_get_basename (step->path);
  g_autoptr (GError) failed = NULL;

  step->config = bh_vm_config_load (step->path, "file", &failed);
  if (step->config == NULL)
    {
      g_set_error (error, BH_ERROR,
                   failed->domain == BH_ERROR ? (BhError) failed->code : BH_ERROR_INVALID_ARGUMENT,
                   _ ("“%s” cannot be read: %s"), step->path, failed->message);
      return FALSE;
    }
  problems = bh_vm_config_get_problems (step->config);
  if (problems[0] == NULL)
    return TRUE;
  g_set_error (error, BH_ERROR, BH_ERROR_BAD_KEY_FILE, _ ("%s. Nothing was changed."), problems[0]);
  return FALSE;
}

static GPtrArray *
read_files (char **paths, GError **error)
{
  g_autoptr (GPtrArray) steps = g_ptr_array_new_with_free_func (step_free);

  for (char **path = paths; *path != NULL; path++)
    {
      Step *step = g_new0 (Step, 1);

      step->path = *path;
      step->changed = g_ptr_array_new ();
      g_ptr_array_add (steps, step);
      if (!read_file (step, error))
        return NULL;
      for (guint i = 0; i + 1 < steps->len; i++)
        if (same_name (name_of (steps->pdata[i]), name_of (step)))
          {
            bh_cli_set_usage_error (error, _ ("“%s” and “%s” are both for the AppVM “%s”."),
                                    ((Step *) steps->pdata[i])->path, step->path, name_of (step));
            return NULL;
          }
    }
  return g_steal_pointer (&steps);
}

static void
compare (Step *step, GPtrArray *vms)
{
  g_autoptr (GVariant) settings = NULL;
  gsize n;
  const BhKey *keys = bh_keys (&n);

  for (guint i = 0; i < vms->len && step->vm == NULL; i++)
    if (same_name (bh_vm_info_string (vms->pdata[i], "Name"), name_of (step)))
      step->vm = vms->pdata[i];
  if (step->vm != NULL)
    settings = bh_vm_info_value (step->vm, "Settings", "a{ss}");
  for (gsize i = 0; i < n; i++)
    {
      const char *old = keys[i].fallback;

      /* The service chose one; a default would make all such AppVMs look alike. */
      if (g_str_equal (keys[i].name, "Color") && !bh_vm_config_has (step->config, "Color"))
        continue;
      if (settings != NULL)
        g_variant_lookup (settings, keys[i].name, "&s", &old);
      if (g_strcmp0 (old, bh_vm_config_get (step->config, keys[i].name)) != 0)
        g_ptr_array_add (step->changed, (gpointer) &keys[i]);
    }
}

static char *
shown (const char *value)
{
  return *value != '\0' ? bh_text_clean (value, strlen (value), 200) : g_strdup ("–");
}

static gboolean
runs (const Step *step)
{
  const char *state = step->vm != NULL ? bh_vm_info_string (step->vm, "State") : "stopped";

  return !g_str_equal (state, "stopped") && !g_str_equal (state, "failed");
}

static void
print (const Step *step)
{
  g_autofree char *name = bh_text_clean (name_of (step), strlen (name_of (step)), 80);
  g_autoptr (GVariant) settings =
      step->vm != NULL ? bh_vm_info_value (step->vm, "Settings", "a{ss}") : NULL;

  if (step->vm == NULL)
    printf (_ ("“%s”: is made\n"), name);
  else if (step->changed->len == 0)
    printf (_ ("“%s”: stays as it is\n"), name);
  else
    printf (_ ("“%s”: is changed\n"), name);
  for (guint i = 0; i < step->changed->len; i++)
    {
      const BhKey *key = step->changed->pdata[i];
      const char *value = bh_vm_config_get (step->config, key->name), *was = "";
      g_autofree char *now = shown (value);
      g_autofree char *old = NULL;

      if (settings != NULL && g_variant_lookup (settings, key->name, "&s", &was))
        old = shown (was);
      printf ("  %s: %s%s%s%s%s\n", key->name, old != NULL ? old : "", old != NULL ? " → " : "", now,
              key->needs_restart && runs (step) ? _ (" (takes effect at the next start)") : "",
              key->weakens && g_strcmp0 (key->fallback, value) != 0
                  ? _ (" (makes the isolation weaker)")
                  : "");
    }
}

static GVariant *
make_settings (const Step *step)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{ss}"));
  for (guint i = 0; i < step->changed->len; i++)
    {
      const BhKey *key = step->changed->pdata[i];
      const char *value = bh_vm_config_get (step->config, key->name);

      g_variant_builder_add (&builder, "{ss}", key->name,
                             g_strcmp0 (value, key->fallback) == 0 ? "" : value);
    }
  return g_variant_builder_end (&builder);
}

static gboolean
change (BhCli *cli, BhDbusManager1 *manager, const Step *step, GError **error)
{
  g_autoptr (BhDbusVm1) vm = NULL;
  g_autofree char *path = NULL;
  g_auto (GStrv) restart = NULL;

  if (step->vm == NULL)
    return bh_dbus_manager1_call_create_vm_sync (manager, make_settings (step), &path, NULL, error);
  if (step->changed->len == 0)
    return TRUE;
  vm = bh_cli_find_vm (cli, step->vm->path, error);
  return vm != NULL && bh_dbus_vm1_call_set_sync (vm, make_settings (step), &restart, NULL, error);
}

/* It cannot start before its Debian template is built, which nobody does by itself. */
static void
print_missing_template (BhDbusManager1 *manager, const Step *step)
{
  g_autofree char *set =
      g_strdup_printf ("%s %s", bh_vm_config_get (step->config, "Suite"),
                       bh_vm_config_get (step->config, "Packages"));
  g_autoptr (GVariant) applications = NULL;
  g_autoptr (GError) error = NULL;

  if (!g_str_equal (bh_vm_config_get (step->config, "Template"), "debian")
      || bh_dbus_manager1_call_list_template_applications_sync (manager, set, &applications, NULL,
                                                                &error)
      || !g_error_matches (error, BH_ERROR, BH_ERROR_NO_TEMPLATE))
    return;
  g_dbus_error_strip_remote_error (error);
  printf ("  %s\n", error->message);
}

int
bh_cmd_apply (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  gboolean dry_run = FALSE;
  const GOptionEntry entries[] = {
    { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry_run, N_ ("Only show what would change"), NULL },
    { NULL },
  };
  g_autoptr (GPtrArray) steps = NULL;
  g_autoptr (GPtrArray) vms = NULL;
  g_autoptr (BhDbusManager1) manager = NULL;
  g_autoptr (GError) failed = NULL;
  gboolean any = FALSE;

  if (!bh_cli_parse (command, entries, &argv, 1, -1, error)
      || (steps = read_files (argv, error)) == NULL || (vms = bh_cli_list_vms (cli, error)) == NULL
      || (manager = bh_cli_get_manager (cli, error)) == NULL)
    return BH_EXIT_FAILED;
  for (guint i = 0; i < steps->len; i++)
    compare (steps->pdata[i], vms);
  for (guint i = 0; i < steps->len; i++)
    {
      const Step *step = steps->pdata[i];

      any = any || step->vm == NULL || step->changed->len > 0;
      print (step);
      print_missing_template (manager, step);
      if (dry_run)
        continue;
      fflush (stdout);
      if (!change (cli, manager, step, &failed))
        {
          bh_cli_explain_error (&failed);
          g_prefix_error (&failed, _ ("“%s” was not changed: "), name_of (step));
          g_propagate_error (error, g_steal_pointer (&failed));
          return BH_EXIT_FAILED;
        }
    }
  if (dry_run && any)
    puts (_ ("Nothing was changed: this was a dry run."));
  return BH_EXIT_OK;
}
