/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Debian templates on the bus. Building is a job; a job that nobody cancels goes on when its caller has
 * gone. */
#include "config.h"

#include "bh-templates.h"

#include "bh-debian-apps.h"
#include "bh-debian-build.h"
#include "bh-debian-catalog.h"
#include "bh-domain.h"
#include "bh-error.h"
#include "bh-job.h"
#include "bh-trim.h"

#include <string.h>

/* More would only wait for each other. */
#define MAX_BUILDS 8

typedef struct
{
  BhManager *manager;
  BhDebianSet *set;
  BhJob *job;
  GCancellable *cancellable;
} Work;

static guint n_builds;

static void
work_free (gpointer data)
{
  Work *work = data;

  g_signal_handlers_disconnect_by_data (work->job, work);
  g_object_unref (work->manager);
  bh_debian_set_free (work->set);
  g_object_unref (work->job);
  g_object_unref (work->cancellable);
  g_free (work);
}

/* Its programs have come, or are others now: launchers are made of them. */
static void
update_users (BhManager *manager, const char *key)
{
  g_autoptr (GPtrArray) vms = bh_manager_list_vms (manager);

  for (guint i = 0; i < vms->len; i++)
    {
      g_autoptr (BhDebianSet) set = bh_debian_set_of (bh_vm_get_config (vms->pdata[i]), NULL);

      if (set && g_str_equal (set->key, key))
        g_object_notify (vms->pdata[i], "settings");
    }
}

/* Building. */

typedef struct
{
  BhJob *job;
  guint percent;
  char *text;
} Progress;

static gboolean
show_progress (gpointer data)
{
  Progress *progress = data;

  bh_job_progress (progress->job, progress->percent, progress->text);
  return G_SOURCE_REMOVE;
}

static void
progress_free (gpointer data)
{
  Progress *progress = data;

  g_object_unref (progress->job);
  g_free (progress->text);
  g_free (progress);
}

static void
on_progress (guint percent, const char *text, gpointer data)
{
  Work *work = data;
  Progress *progress = g_new0 (Progress, 1);

  progress->job = g_object_ref (work->job);
  progress->percent = percent;
  progress->text = g_strdup (text);
  g_idle_add_full (G_PRIORITY_DEFAULT, show_progress, progress, progress_free);
}

static void
build_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Work *work = data;
  GError *error = NULL;

  if (bh_debian_build (work->set, on_progress, work, cancellable, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
on_built (GObject *source, GAsyncResult *result, gpointer data)
{
  Work *work = g_task_get_task_data (G_TASK (result));
  g_autoptr (GError) error = NULL;

  n_builds--;
  if (g_task_propagate_boolean (G_TASK (result), &error))
    {
      bh_job_add_result (work->job, "key", g_variant_new_string (work->set->key));
      bh_job_done (work->job);
      update_users (work->manager, work->set->key);
    }
  else
    bh_job_fail (work->job, error);
  bh_trim_later ();
}

static void
on_cancel (BhJob *job, Work *work)
{
  g_cancellable_cancel (work->cancellable);
}

/* Takes @set. */
static BhJob *
build (BhManager *manager, BhDebianSet *set, GError **error)
{
  g_autoptr (GTask) task = NULL;
  Work *work;

  if (n_builds >= MAX_BUILDS)
    {
      bh_debian_set_free (set);
      g_set_error (error, BH_ERROR, BH_ERROR_LIMIT_REACHED,
                   "%u templates are being built already. Wait for one of them.", n_builds);
      return NULL;
    }
  n_builds++;
  work = g_new0 (Work, 1);
  work->manager = g_object_ref (manager);
  work->set = set;
  work->job = bh_job_new ();
  work->cancellable = g_cancellable_new ();
  bh_job_step (work->job, "template", "Preparing");
  g_signal_connect (work->job, "cancel", G_CALLBACK (on_cancel), work);
  bh_job_export (work->job, bh_manager_get_server (manager));
  task = g_task_new (manager, work->cancellable, on_built, NULL);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, work, work_free);
  g_task_run_in_thread (task, build_in_thread);
  return work->job;
}

static gboolean
handle_build (BhDbusManager1 *manager, GDBusMethodInvocation *invocation, const char *suite,
              const char *packages)
{
  g_autoptr (GError) error = NULL;
  BhDebianSet *set = bh_debian_set_new (suite, packages, &error);
  BhJob *job = set ? build (BH_MANAGER (manager), set, &error) : NULL;

  if (job)
    bh_dbus_manager1_complete_build_template (manager, g_steal_pointer (&invocation),
                                              bh_job_get_path (job));
  else
    g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
  return TRUE;
}

static gboolean
handle_update (BhDbusManager1 *manager, GDBusMethodInvocation *invocation, const char *key)
{
  g_autoptr (GError) error = NULL;
  BhDebianSet *set = bh_debian_open (key, &error);
  BhJob *job = set ? build (BH_MANAGER (manager), set, &error) : NULL;

  if (job)
    bh_dbus_manager1_complete_update_template (manager, g_steal_pointer (&invocation),
                                               bh_job_get_path (job));
  else
    g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
  return TRUE;
}

/* Which AppVMs use one. */

/* Whether its QEMU has another build of template @key open than @current. */
static gboolean
runs_other (BhVm *vm, const char *current)
{
  pid_t pid = bh_domain_find_pid (bh_vm_get_id (vm));
  g_autofree char *folder = g_strdup_printf ("/proc/%d/fd", (int) pid);
  g_autoptr (GDir) dir = pid > 0 ? g_dir_open (folder, 0, NULL) : NULL;
  g_autofree char *templates = bh_debian_dir (NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *target = g_file_read_link (path, NULL);

      if (target && g_str_has_prefix (target, templates) && !g_str_has_prefix (target, current))
        return TRUE;
    }
  return FALSE;
}

static void
find_users (BhManager *manager, const char *key, GPtrArray *users, GPtrArray *old)
{
  g_autoptr (GPtrArray) vms = bh_manager_list_vms (manager);
  g_autofree char *dir = bh_debian_dir (key);
  g_autofree char *current = g_strdup_printf ("%s/%u/", dir, bh_debian_current (key));

  for (guint i = 0; i < vms->len; i++)
    {
      BhVm *vm = vms->pdata[i];
      g_autoptr (BhDebianSet) set = bh_debian_set_of (bh_vm_get_config (vm), NULL);

      if (!set || !g_str_equal (set->key, key))
        continue;
      g_ptr_array_add (users, g_strdup (bh_vm_get_name (vm)));
      if (old && bh_vm_is_active (vm) && runs_other (vm, current))
        g_ptr_array_add (old, g_strdup (bh_vm_get_name (vm)));
    }
}

static GVariant *
describe (BhManager *manager, const BhDebianSet *set)
{
  g_autoptr (GPtrArray) users = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) old = g_ptr_array_new_with_free_func (g_free);
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
    bh_dbus_manager1_complete_revert_template (manager, g_steal_pointer (&invocation));
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

  g_signal_connect (manager, "handle-build-template", G_CALLBACK (handle_build), NULL);
  g_signal_connect (manager, "handle-update-template", G_CALLBACK (handle_update), NULL);
  g_signal_connect (manager, "handle-list-templates", G_CALLBACK (handle_list), NULL);
  g_signal_connect (manager, "handle-revert-template", G_CALLBACK (handle_revert), NULL);
  g_signal_connect (manager, "handle-remove-template", G_CALLBACK (handle_remove), NULL);
  g_signal_connect (manager, "handle-list-template-applications", G_CALLBACK (handle_applications),
                    NULL);
  g_signal_connect (manager, "handle-search-debian", G_CALLBACK (handle_search), NULL);
  g_task_run_in_thread (task, clean_in_thread);
}
