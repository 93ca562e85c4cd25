/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The part of an AppVM that is its home.
 *
 * What can fail or needs a person comes before the machine is started (bh_home_prepare_async()); then the disk
 * is plugged in while the guest is configured, which waits for it (guest's bh-home.c). A folder as home is one of
 * the shared folders (bh-shares.c); here it is only looked at.
 *
 * A full file system here stops the machine; it goes on by itself when there is room again. */
#include "config.h"

#include "bh-home.h"

#include "bh-debian.h"
#include "bh-disk-plug.h"
#include "bh-disks.h"
#include "bh-domain-xml.h"
#include "bh-error.h"
#include "bh-folders.h"
#include "bh-home-disk.h"
#include "bh-home-key.h"
#include "bh-log.h"
#include "bh-monitor.h"
#include "bh-paths.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define HOME_SERIAL "bulkhead-home" /* src/guest/bh-home.c */
#define HOME_TARGET "vdb"
#define SCRATCH_SERIAL "bulkhead-scratch" /* src/guest/bh-scratch.c */
#define SCRATCH_TARGET "vdc"
G_STATIC_ASSERT (BH_DISKS_MAX == BH_DOMAIN_MAX_MORE_DISKS);
#define SCRATCH_MIB 8192
#define MIN_SCRATCH_MIB 16
/* It goes on when this much is free, and looks for it so often. */
#define ROOM_BYTES (16 << 20)
#define LOOK_SECONDS 2

#define STOP_SECONDS 5
/* Everything is written to it first. */
#define STOP_HOME_SECONDS 30

struct _BhHomeReady
{
  char *path;
  int fd; /* -1: no disk */
  char *key;
  int scratch;      /* -1: in memory */
  GPtrArray *disks; /* of BhDisk */
  int more[BH_DISKS_MAX];
};

struct _BhHome
{
  GObject parent;
  char *id, *uuid;
  BhHypervisor *hypervisor;
  BhVmConfig *config;
  BhHomeReady *ready; /* NULL: it was started by an earlier service */
  gulong full_signal;
  guint look; /* timer; while it stands still */
  gboolean over;
};

static void bh_home_part_init (BhPartInterface *iface);

#define BH_TYPE_HOME (bh_home_get_type ())
G_DECLARE_FINAL_TYPE (BhHome, bh_home, BH, HOME, GObject)
G_DEFINE_TYPE_WITH_CODE (BhHome, bh_home, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (BH_TYPE_PART, bh_home_part_init))

BhHomeKind
bh_home_get_kind (BhVmConfig *config)
{
  const char *home = bh_vm_config_get (config, "Home");

  if (home[0] == '/')
    return BH_HOME_FOLDER;
  return g_str_equal (home, "disk") ? BH_HOME_DISK : BH_HOME_NONE;
}

guint
bh_home_get_stop_seconds (BhVmConfig *config)
{
  if (bh_vm_config_is_disk (config))
    return (guint) bh_vm_config_get_int (config, "StopTime");
  return bh_home_get_kind (config) == BH_HOME_NONE ? STOP_SECONDS : STOP_HOME_SECONDS;
}

/* Before the start; in a thread. */

gboolean
bh_home_check (BhVmConfig *config, BhVmConfig *before, GError **error)
{
  const char *text = bh_vm_config_get (config, "Disks");
  g_autoptr (GPtrArray) disks = bh_disks_parse (text, error);

  if (before && g_str_equal (text, bh_vm_config_get (before, "Disks")))
    return TRUE;
  for (guint i = 0; disks && i < disks->len; i++)
    {
      int fd = bh_disk_open (disks->pdata[i], error);

      if (fd < 0)
        return FALSE;
      close (fd);
    }
  return disks != NULL;
}

gboolean
bh_home_is_simple (BhVmConfig *config)
{
  return bh_home_get_kind (config) == BH_HOME_NONE
         && g_str_equal (bh_vm_config_get (config, "Scratch"), "memory")
         && !bh_vm_config_get (config, "Disks")[0];
}

static void
ready_clear (gpointer data)
{
  BhHomeReady *ready = data;

  for (guint i = 0; i < BH_DISKS_MAX; i++)
    if (ready->more[i] >= 0)
      close (ready->more[i]);
  if (ready->scratch >= 0)
    close (ready->scratch);
  g_clear_pointer (&ready->disks, g_ptr_array_unref);
  if (ready->fd >= 0)
    close (ready->fd);
  bh_home_key_free (ready->key);
  g_free (ready->path);
}

void
bh_home_ready_unref (BhHomeReady *ready)
{
  g_atomic_rc_box_release_full (ready, ready_clear);
}

static gboolean
make_disk (BhHomeReady *ready, BhVmConfig *config, GCancellable *cancellable, GError **error)
{
  const char *id = bh_vm_config_get_id (config);

  if (bh_vm_config_get_bool (config, "HomeEncrypt")
      && !(ready->key = bh_home_key_make (id, bh_vm_config_get (config, "Name"), cancellable, error)))
    return FALSE;
  return bh_home_disk_make (ready->path, (guint64) bh_vm_config_get_int (config, "HomeSize"),
                            ready->key, cancellable, error);
}

static gboolean
ready_disk (BhHomeReady *ready, BhVmConfig *config, GCancellable *cancellable, GError **error)
{
  guint64 mib = (guint64) bh_vm_config_get_int (config, "HomeSize");
  g_autoptr (GError) failed = NULL;
  BhHomeDisk disk;

  if (!bh_home_disk_read (ready->path, &disk, &failed))
    {
      if (g_error_matches (failed, BH_ERROR, BH_ERROR_NOT_FOUND))
        return make_disk (ready, config, cancellable, error);
      g_propagate_error (error, g_steal_pointer (&failed));
      return FALSE;
    }
  if (disk.encrypted
      && !(ready->key = bh_home_key_find (bh_vm_config_get_id (config), cancellable, error)))
    return FALSE;
  return disk.size >= mib << 20
         || bh_home_disk_grow (ready->path, mib, ready->key, cancellable, error);
}

/* Another build of its Debian template than at the last start may do to a home what cannot be undone. */
static gboolean
keep_before_update (BhHomeReady *ready, BhVmConfig *config, GCancellable *cancellable,
                    GError **error)
{
  g_autoptr (BhDebianSet) set = bh_debian_set_of (config, NULL);
  g_autofree char *note = g_strconcat (ready->path, ".template", NULL);
  g_autofree char *now = set ? g_strdup_printf ("%s %u", set->key, bh_debian_current (set->key))
                             : g_strdup ("host");
  g_autofree char *before = NULL;
  g_autoptr (GDateTime) time = g_date_time_new_now_local ();
  g_autofree char *name = g_date_time_format (time, BH_HOME_SNAPSHOT_UPDATE "%Y-%m-%d-%H%M%S");

  /* Without a build it does not start. */
  if (set && bh_debian_current (set->key) == 0)
    return TRUE;
  if (g_file_get_contents (note, &before, NULL, NULL) && g_str_equal (before, now))
    return TRUE;
  if (before
      && (!bh_home_disk_forget_updates (ready->path, ready->key, cancellable, error)
          || !bh_home_disk_add_snapshot (ready->path, name, ready->key, cancellable, error)))
    return FALSE;
  return g_file_set_contents (note, now, -1, error);
}

static gboolean
open_scratch (BhHomeReady *ready, BhVmConfig *config, GCancellable *cancellable, GError **error)
{
  g_autofree char *dir = bh_paths_data_dir ("homes");
  gint64 mib = bh_vm_config_get_int (config, "ScratchSize");

  if (g_str_equal (bh_vm_config_get (config, "Scratch"), "memory"))
    return TRUE;
  ready->scratch = bh_home_disk_open_scratch (dir, (guint64) (mib ? MAX (mib, MIN_SCRATCH_MIB)
                                                                  : SCRATCH_MIB),
                                              cancellable, error);
  return ready->scratch >= 0;
}

static gboolean
open_disks (BhHomeReady *ready, BhVmConfig *config, GError **error)
{
  ready->disks = bh_disks_parse (bh_vm_config_get (config, "Disks"), error);
  for (guint i = 0; ready->disks && i < ready->disks->len; i++)
    if ((ready->more[i] = bh_disk_open (ready->disks->pdata[i], error)) < 0)
      return FALSE;
  return ready->disks != NULL;
}

static BhHomeReady *
prepare (BhVmConfig *config, GCancellable *cancellable, GError **error)
{
  BhHomeReady *ready = g_atomic_rc_box_new0 (BhHomeReady);
  BhFolder folder = { .host = (char *) bh_vm_config_get (config, "Home") };
  gboolean ok = TRUE;

  ready->fd = ready->scratch = -1;
  for (guint i = 0; i < BH_DISKS_MAX; i++)
    ready->more[i] = -1;
  switch (bh_home_get_kind (config))
    {
    case BH_HOME_FOLDER:
      ok = bh_folder_check (&folder, error);
      break;
    case BH_HOME_DISK:
      ready->path = bh_home_disk_path (bh_vm_config_get_id (config));
      ok = ready_disk (ready, config, cancellable, error)
           && keep_before_update (ready, config, cancellable, error);
      if (ok && (ready->fd = open (ready->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)) < 0)
        {
          bh_error_set_from_errno (error, errno, "Cannot open the home disk %s", ready->path);
          ok = FALSE;
        }
      break;
    case BH_HOME_NONE:
    default:
      break;
    }
  if (ok && open_scratch (ready, config, cancellable, error) && open_disks (ready, config, error))
    return ready;
  bh_home_ready_unref (ready);
  return NULL;
}

static void
prepare_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  BhHomeReady *ready = prepare (data, cancellable, &error);

  if (ready)
    g_task_return_pointer (task, ready, (GDestroyNotify) bh_home_ready_unref);
  else
    g_task_return_error (task, error);
}

void
bh_home_prepare_async (BhVmConfig *config, GCancellable *cancellable, GAsyncReadyCallback callback,
                       gpointer data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, data);

  g_task_set_task_data (task, bh_vm_config_ref (config), (GDestroyNotify) bh_vm_config_unref);
  g_task_run_in_thread (task, prepare_in_thread);
}

BhHomeReady *
bh_home_prepare_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

void
bh_home_give (BhPart *home, BhHomeReady *ready)
{
  BH_HOME (home)->ready = g_atomic_rc_box_acquire (ready);
}

/* A full file system. */

static void
tell (BhHome *self, const char *text)
{
  bh_log_line (self->id, "%s", text);
  bh_part_emit_notice (BH_PART (self), text);
}

static gboolean
resume (virDomainPtr domain, gpointer data, GError **error)
{
  if (virDomainResume (domain) == 0)
    return TRUE;
  bh_monitor_set_libvirt_error (error, "The virtual machine could not go on");
  return FALSE;
}

static void
on_resumed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhHome) self = BH_HOME (data);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  if (!bh_hypervisor_run_finish (BH_HYPERVISOR (source), result, &error))
    text = g_strdup_printf ("There is room again, but “%s” does not go on: %s. Stop it.",
                            bh_vm_config_get (self->config, "Name"), error->message);
  else
    text = g_strdup_printf ("There is room again: “%s” goes on.",
                            bh_vm_config_get (self->config, "Name"));
  if (!self->over)
    tell (self, text);
}

static gboolean
look_for_room (gpointer data)
{
  BhHome *self = data;
  g_autofree char *dir = bh_paths_data_dir ("homes");
  struct statvfs st;

  if (statvfs (dir, &st) != 0 || (guint64) st.f_bavail * st.f_frsize < ROOM_BYTES)
    return G_SOURCE_CONTINUE;
  self->look = 0;
  bh_hypervisor_run_async (self->hypervisor, self->uuid, resume, NULL, NULL, on_resumed,
                           g_object_ref (self));
  bh_part_emit_changed (BH_PART (self));
  return G_SOURCE_REMOVE;
}

static void
wait_for_room (BhHome *self)
{
  g_autofree char *dir = bh_paths_data_dir ("homes");
  g_autofree char *text = NULL;

  if (self->look || self->over)
    return;
  text = g_strdup_printf ("“%s” stands still: the disk of this computer that %s is on is full. Make "
                          "room there, and it goes on; nothing is lost meanwhile.",
                          bh_vm_config_get (self->config, "Name"), dir);
  self->look = g_timeout_add_seconds (LOOK_SECONDS, look_for_room, self);
  tell (self, text);
  bh_part_emit_changed (BH_PART (self));
}

static void
on_full (BhHypervisor *hypervisor, const char *uuid, BhHome *self)
{
  wait_for_room (self);
}

static void
take_machine (BhHome *self, const BhPartMachine *machine)
{
  g_autofree char *signal = g_strconcat ("domain-full::", machine->uuid, NULL);

  self->uuid = g_strdup (machine->uuid);
  self->hypervisor = g_object_ref (machine->hypervisor);
  self->full_signal = g_signal_connect (self->hypervisor, signal, G_CALLBACK (on_full), self);
}

typedef struct
{
  BhHome *self;
  gboolean full;
} Looked;

/* In a thread. */
static gboolean
is_full (virDomainPtr domain, gpointer data, GError **error)
{
  gboolean *full = data;
  int state, reason;

  *full = virDomainGetState (domain, &state, &reason, 0) == 0 && state == VIR_DOMAIN_PAUSED
          && reason == VIR_DOMAIN_PAUSED_IOERROR;
  return TRUE;
}

static void
on_looked (GObject *source, GAsyncResult *result, gpointer data)
{
  Looked *looked = data;

  if (bh_hypervisor_run_finish (BH_HYPERVISOR (source), result, NULL) && looked->full)
    wait_for_room (looked->self);
  g_object_unref (looked->self);
  g_free (looked);
}

/* The part. */

static gboolean
plug (virDomainPtr domain, gpointer data, GError **error)
{
  const BhHomeReady *ready = data;
  const BhDiskPlug scratch = { .fd = ready->scratch,
                               .path = "/scratch",
                               .serial = SCRATCH_SERIAL,
                               .target = SCRATCH_TARGET,
                               .port = BH_DOMAIN_SCRATCH_PORT,
                               .stop_when_full = TRUE,
                               .cache = "unsafe" };
  const BhDiskPlug home = { .fd = ready->fd,
                            .path = ready->path,
                            .serial = HOME_SERIAL,
                            .target = HOME_TARGET,
                            .port = BH_DOMAIN_HOME_PORT,
                            .qcow2 = TRUE,
                            .stop_when_full = TRUE,
                            .key = ready->key };

  if ((ready->fd >= 0 && !bh_disk_plug (domain, &home, error))
      || (ready->scratch >= 0 && !bh_disk_plug (domain, &scratch, error)))
    return FALSE;
  for (guint i = 0; i < ready->disks->len; i++)
    {
      const BhDisk *disk = ready->disks->pdata[i];
      const char target[] = { 'v', 'd', (char) ('d' + i), '\0' };
      const BhDiskPlug plug = { .fd = ready->more[i],
                                .path = disk->path,
                                .serial = disk->id,
                                .target = target,
                                .port = BH_DOMAIN_MORE_DISKS_PORT + i,
                                .qcow2 = disk->qcow2,
                                .read_only = !disk->writable,
                                .block_size = disk->block_size,
                                .cache = disk->cache };

      if (!bh_disk_plug (domain, &plug, error))
        return FALSE;
    }
  return TRUE;
}

static void
on_plugged (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (bh_hypervisor_run_finish (BH_HYPERVISOR (source), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
home_start_async (BhPart *part, const BhPartMachine *machine, GCancellable *cancellable,
                  GAsyncReadyCallback callback, gpointer data)
{
  BhHome *self = BH_HOME (part);
  GTask *task = g_task_new (self, NULL, callback, data);

  take_machine (self, machine);
  if (self->ready)
    {
      bh_hypervisor_run_async (self->hypervisor, self->uuid, plug, g_atomic_rc_box_acquire (self->ready),
                               (GDestroyNotify) bh_home_ready_unref,
                               on_plugged, task);
      return;
    }
  g_task_return_boolean (task, TRUE);
  g_object_unref (task);
}

static gboolean
home_start_finish (BhPart *part, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
home_adopt (BhPart *part, const BhPartMachine *machine)
{
  BhHome *self = BH_HOME (part);
  Looked *looked = g_new0 (Looked, 1);

  take_machine (self, machine);
  looked->self = g_object_ref (self);
  bh_hypervisor_run_async (self->hypervisor, self->uuid, is_full, &looked->full, NULL, on_looked,
                           looked);
}

static void
home_add_settings (BhPart *part, GVariantDict *settings)
{
  BhVmConfig *config = BH_HOME (part)->config;
  g_autoptr (GPtrArray) disks = bh_disks_parse (bh_vm_config_get (config, "Disks"), NULL);

  g_variant_dict_insert (settings, "home", "u", (guint) bh_home_get_kind (config));
  g_variant_dict_insert (settings, "scratch-disk", "b",
                         !g_str_equal (bh_vm_config_get (config, "Scratch"), "memory"));
  g_variant_dict_insert (settings, "scratch-mib", "u",
                         (guint) bh_vm_config_get_int (config, "ScratchSize"));
  g_variant_dict_insert (settings, "disks", "u", disks ? disks->len : 0);
}

static void
home_abandon (BhPart *part)
{
  BhHome *self = BH_HOME (part);

  self->over = TRUE;
  g_clear_handle_id (&self->look, g_source_remove);
  if (self->hypervisor)
    g_clear_signal_handler (&self->full_signal, self->hypervisor);
}

static GVariant *
home_describe (BhPart *part)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "full", "b", BH_HOME (part)->look != 0);
  return g_variant_dict_end (&dict);
}

static void
bh_home_finalize (GObject *object)
{
  BhHome *self = BH_HOME (object);

  home_abandon (BH_PART (self));
  g_clear_pointer (&self->ready, bh_home_ready_unref);
  bh_vm_config_unref (self->config);
  g_clear_object (&self->hypervisor);
  g_free (self->id);
  g_free (self->uuid);
  G_OBJECT_CLASS (bh_home_parent_class)->finalize (object);
}

static void
bh_home_class_init (BhHomeClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_home_finalize;
}

static void
bh_home_part_init (BhPartInterface *iface)
{
  iface->name = "home";
  iface->start_async = home_start_async;
  iface->start_finish = home_start_finish;
  iface->adopt = home_adopt;
  iface->add_settings = home_add_settings;
  iface->stop = home_abandon;
  iface->abandon = home_abandon;
  iface->describe = home_describe;
}

static void
bh_home_init (BhHome *self)
{
}

BhPart *
bh_home_new (BhVmConfig *config)
{
  BhHome *self = g_object_new (BH_TYPE_HOME, NULL);

  self->id = g_strdup (bh_vm_config_get_id (config));
  self->config = bh_vm_config_ref (config);
  return BH_PART (self);
}
