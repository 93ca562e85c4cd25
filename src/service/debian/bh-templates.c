/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Debian templates on the bus: which there are, who uses them, what is in them. bh-template-jobs.c builds
 * them. */
#include "config.h"

#include "bh-templates.h"

#include "bh-debian-apps.h"
#include "bh-debian-build.h"
#include "bh-debian-catalog.h"
#include "bh-debian-check.h"
#include "bh-error.h"
#include "bh-template-jobs.h"
#include "bh-trim.h"
#include "bh-vm-template.h"

#include <string.h>

/* Which AppVMs use one. */

static void
find_users (BhManager *manager, const char *key, GPtrArray *users, GPtrArray *old)
{
  g_autoptr (GPtrArray) vms = bh_manager_list_vms (manager);

  for (guint i = 0; i < vms->len; i++)
    {
      BhVm *vm = vms->pdata[i];
      g_autoptr (BhDebianSet) set = bh_debian_set_of (bh_vm_get_config (vm), NULL);

      if (!set || !g_str_equal (set->key, key))
        continue;
      g_ptr_array_add (users, g_strdup (bh_vm_get_name (vm)));
      if (old && bh_vm_template_show (vm))
        g_ptr_array_add (old, g_strdup (bh_vm_get_name (vm)));
    }
}

static GVariant *
describe (BhManager *manager, const BhDebianSet *set)
{
  g_autoptr (GPtrArray) users = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) old = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (BhDebianUpdates) updates = bh_debian_updates_read (set->key);
  GVariantDict dict;

  find_users (manager, set->key, users, old);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "key", "s", set->key);
  g_variant_dict_insert (&dict, "suite", "s", set->suite);
  g_variant_dict_insert_value (&dict, "packages",
                               g_variant_new_strv ((const char *const *) set->packages, -1));
  g_variant_dict_insert (&dict, "made", "x", bh_debian_made (set->key));
  g_variant_dict_insert (&dict, "size", "t", bh_debian_size (set->key));
  g_variant_dict_insert (&dict, "build", "u", bh_debian_current (set->key));
  g_variant_dict_insert (&dict, "previous", "u", bh_debian_previous (set->key));
  g_variant_dict_insert_value (
      &dict, "used-by", g_variant_new_strv ((const char *const *) users->pdata, (gssize) users->len));
  g_variant_dict_insert_value (
      &dict, "running-old", g_variant_new_strv ((const char *const *) old->pdata, (gssize) old->len));
  g_variant_dict_insert (&dict, "checked", "x", updates->checked);
  g_variant_dict_insert (&dict, "updates", "u", g_strv_length (updates->packages));
  g_variant_dict_insert (&dict, "security", "u", updates->security);
  g_variant_dict_insert_value (&dict, "updated-packages",
                               g_variant_new_strv ((const char *const *) updates->packages, -1));
  return g_variant_dict_end (&dict);
}

static gboolean
handle_list (BhDbusManager1 *manager, GDBusMethodInvocation *invocation)
{
  g_autoptr (GPtrArray) keys = bh_debian_list ();
  GVariantBuilder out;

  g_variant_builder_init (&out, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < keys->len; i++)
    {
      g_autoptr (BhDebianSet) set = bh_debian_open (keys->pdata[i], NULL);

      if (set)
        g_variant_builder_add_value (&out, describe (BH_MANAGER (manager), set));
    }
  bh_dbus_manager1_complete_list_templates (manager, g_steal_pointer (&invocation),
                                            g_variant_builder_end (&out));
  return TRUE;
}

static gboolean
handle_revert (BhDbusManager1 *manager, GDBusMethodInvocation *invocation, const char *key)
{
  g_autoptr (GError) error = NULL;

  if (bh_debian_go_back (key, &error))
    {
      bh_template_jobs_changed (BH_MANAGER (manager), key);
      bh_dbus_manager1_complete_revert_template (manager, g_steal_pointer (&invocation));
    }
  else
    g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
  return TRUE;
}

static gboolean
handle_remove (BhDbusManager1 *manager, GDBusMethodInvocation *invocation, const char *key,
               gboolean force)
{
  g_autoptr (GPtrArray) users = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = NULL;

  find_users (BH_MANAGER (manager), key, users, NULL);
  if (users->len > 0 && !force)
    g_set_error (&error, BH_ERROR, BH_ERROR_BUSY,
                 "“%s” uses this template, and could not start without it. Remove it all the same with "
                 "--force.",
                 (const char *) users->pdata[0]);
  else if (bh_debian_remove (key, &error))
    {
      bh_template_jobs_changed (BH_MANAGER (manager), key);
      bh_dbus_manager1_complete_remove_template (manager, g_steal_pointer (&invocation));
      return TRUE;
    }
  g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
  return TRUE;
}

/* @key, or that of the set "SUITE PACKAGE;PACKAGE". */
static char *
find_key (const char *key, GError **error)
{
  const char *blank = strchr (key, ' ');
  g_autofree char *suite = blank ? g_strndup (key, (gsize) (blank - key)) : NULL;
  g_autoptr (BhDebianSet) set = blank ? bh_debian_set_new (suite, blank + 1, error) : NULL;
  g_autofree char *dir = set ? bh_debian_find (set, error) : NULL;

  if (!blank)
    return g_strdup (key);
  return dir ? g_strdup (set->key) : NULL;
}

static gboolean
handle_applications (BhDbusManager1 *manager, GDBusMethodInvocation *invocation, const char *key)
{
  g_autoptr (GPtrArray) keys = *key ? g_ptr_array_new_with_free_func (g_free) : bh_debian_list ();
  g_autoptr (GError) error = NULL;
  char *wanted = *key ? find_key (key, &error) : NULL;
  GVariantBuilder out;

  if (wanted)
    g_ptr_array_add (keys, wanted);
  g_variant_builder_init (&out, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < keys->len && !error; i++)
    {
      /* Of all, those that are good. */
      GError **failed = *key ? &error : NULL;
      g_autoptr (BhDebianSet) set = bh_debian_open (keys->pdata[i], failed);
      g_autofree char *dir = set ? bh_debian_find (set, failed) : NULL;

      if (dir)
        bh_debian_apps_list (dir, &out);
    }
  if (!error)
    {
      bh_dbus_manager1_complete_list_template_applications (manager, g_steal_pointer (&invocation),
                                                            g_variant_builder_end (&out));
      return TRUE;
    }
  g_variant_builder_clear (&out);
  g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
  return TRUE;
}

/* Searching the archive. */

typedef struct
{
  char *suite, *text;
} Search;

static void
search_free (gpointer data)
{
  Search *search = data;

  g_free (search->suite);
  g_free (search->text);
  g_free (search);
}

static void
search_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Search *search = data;
  GError *error = NULL;
  GVariant *found = bh_debian_catalog_search (search->suite, search->text, cancellable, &error);

  if (found)
    g_task_return_pointer (task, found, (GDestroyNotify) g_variant_unref);
  else
    g_task_return_error (task, error);
}

static void
on_searched (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) found = g_task_propagate_pointer (G_TASK (result), &error);

  if (found)
    bh_dbus_manager1_complete_search_debian (BH_DBUS_MANAGER1 (source), data, found);
  else
    g_dbus_method_invocation_return_gerror (data, error);
  bh_trim_later ();
}

static gboolean
handle_search (BhDbusManager1 *manager, GDBusMethodInvocation *invocation, const char *suite,
               const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *good = bh_key_normalize (bh_keys_find ("Suite"), suite, &error);
  g_autoptr (GTask) task = NULL;
  Search *search;

  if (good && (strlen (text) > 200 || !*text))
    g_set_error (&error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                 "What is searched for has 1 to 200 bytes");
  if (error)
    {
      g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
      return TRUE;
    }
  search = g_new0 (Search, 1);
  search->suite = g_steal_pointer (&good);
  search->text = g_strdup (text);
  task = g_task_new (manager, NULL, on_searched, invocation);
  g_task_set_task_data (task, search, search_free);
  g_task_run_in_thread (task, search_in_thread);
  return TRUE;
}

static void
clean_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  bh_debian_clean ();
  g_task_return_boolean (task, TRUE);
}

void
bh_templates_attach (BhManager *manager)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);

  bh_template_jobs_attach (manager);
  g_signal_connect (manager, "handle-list-templates", G_CALLBACK (handle_list), NULL);
  g_signal_connect (manager, "handle-revert-template", G_CALLBACK (handle_revert), NULL);
  g_signal_connect (manager, "handle-remove-template", G_CALLBACK (handle_remove), NULL);
  g_signal_connect (manager, "handle-list-template-applications", G_CALLBACK (handle_applications),
                    NULL);
  g_signal_connect (manager, "handle-search-debian", G_CALLBACK (handle_search), NULL);
  g_task_run_in_thread (task, clean_in_thread);
}
