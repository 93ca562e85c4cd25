/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A second AppVM with the settings of another, and with what its home has, when that is wanted. */
#include "config.h"

#include "bh-newcomer.h"

#include "bh-error.h"
#include "bh-home-disk.h"
#include "bh-home-image.h"
#include "bh-home-key.h"
#include "bh-options.h"

static const BhOption options_known[] = { { "home", "b", 0, 0 }, { NULL, NULL, 0, 0 } };

static void
on_progress (guint percent, gpointer data)
{
  bh_job_progress_later (data, percent, "Copying its home");
}

/* BhNewcomerFill; @data: the AppVM it is a copy of */
static gboolean
copy_home (const char *path, const char *key, BhJob *job, gpointer data, GCancellable *cancellable,
           GError **error)
{
  const char *id = bh_vm_get_id (data);
  g_autofree char *from = bh_home_disk_path (id);
  char *old_key = NULL;
  BhHomeDisk disk;
  gboolean good = bh_home_disk_read (from, &disk, error)
                  && (!disk.encrypted || (old_key = bh_home_key_find (id, cancellable, error)) != NULL)
                  && bh_home_image_copy (from, old_key, path, key, on_progress, job, cancellable,
                                         error);

  bh_home_key_free (old_key);
  return good;
}

static void
release (gpointer data)
{
  bh_vm_release_home (data);
  g_object_unref (data);
}

/* One that has none yet begins as its copy does. */
static gboolean
has_disk (BhVm *vm)
{
  g_autofree char *path = bh_home_disk_path (bh_vm_get_id (vm));

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static gboolean
handle_duplicate (BhDbusManager1 *manager, GDBusMethodInvocation *invocation, const char *from,
                  const char *name, GVariant *options)
{
  BhManager *self = BH_MANAGER (manager);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (BhJob) job = NULL;
  BhVm *vm = bh_manager_find_vm (self, from, &error);
  BhVmConfig *planned = NULL;
  gboolean home = FALSE;

  if (vm && bh_options_check (options, options_known, &error))
    {
      g_variant_lookup (options, "home", "b", &home);
      planned = bh_manager_plan_copy (self, vm, name, &error);
    }
  home = home && planned && g_str_equal (bh_vm_config_get (planned, "Home"), "disk") && has_disk (vm);
  if (planned && home && !bh_vm_hold_home (vm, cancellable, &error))
    {
      bh_manager_drop_plan (self, planned);
      planned = NULL;
    }
  if (!planned)
    {
      g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
      return TRUE;
    }
  job = bh_newcomer_job (self, cancellable, home ? "Copying its home" : "Making the AppVM");
  bh_dbus_manager1_complete_duplicate_vm (manager, g_steal_pointer (&invocation),
                                          bh_job_get_path (job));
  bh_newcomer_make (self, planned, job, cancellable, home ? copy_home : NULL,
                    home ? g_object_ref (vm) : NULL, home ? release : NULL);
  return TRUE;
}

void
bh_duplicate_attach (BhManager *manager)
{
  g_signal_connect (manager, "handle-duplicate-vm", G_CALLBACK (handle_duplicate), NULL);
}
