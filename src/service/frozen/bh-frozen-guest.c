/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A frozen guest: memory and device state, in sealed memfds and as files of the cache.
 *
 * Its memory is mapped privately by every guest that is thawed from it. QEMU punches holes into the file
 * behind such a mapping when a guest gives memory back, and other guests see that; so the file has to be
 * one that can neither be written nor punched nor resized by anybody, which only a sealed memfd is. */
#include "config.h"

#include "bh-frozen-guest.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#include "bh-error.h"
#include "bh-frozen-files.h"
#include "bh-paths.h"

/* Older ones are not understood, nor younger ones. */
#define FORMAT 3
#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
/* How long a QEMU that was ended may go on holding its memory. */
#define SEAL_SECONDS 10
#define GROUP "Frozen guest"
#define TEMPORARY ".new-"
#define MAX_STATE (64 << 20)

char *
bh_frozen_guest_key (const BhDomainSpec *spec, gulong libvirt, GError **error)
{
  const char *const files[] = { spec->kernel, spec->initramfs, spec->emulator, spec->qemu,
                                spec->image };
  BhDomainSpec neutral = *spec;
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *xml = NULL, *head = NULL, *processor = NULL, *key = NULL;

  neutral.id = "frozen";
  neutral.uuid = "00000000-0000-0000-0000-000000000000";
  neutral.runtime_dir = neutral.log_file = "/";
  neutral.way = BH_DOMAIN_FREEZE;
  if (!(xml = bh_domain_xml_new (&neutral, error)))
    return NULL;
  /* The seed stays: the guest has unpacked it before it is frozen. Its name is its checksum. */
  head = g_strdup_printf ("%d %s %lu\n", FORMAT, BH_VERSION, libvirt);
  g_checksum_update (checksum, (const guchar *) head, -1);
  g_checksum_update (checksum, (const guchar *) xml, -1);
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    {
      struct stat st = { 0 };
      g_autofree char *line = NULL;

      if (files[i] && stat (files[i], &st) != 0)
        {
          bh_error_set_from_errno (error, errno, "Cannot look at %s", files[i]);
          return NULL;
        }
      line = g_strdup_printf ("%lld %lld.%09ld\n", (long long) st.st_size,
                              (long long) st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
      g_checksum_update (checksum, (const guchar *) line, -1);
    }
  /* A guest with the processor of this computer has seen what it can do. */
  if (spec->kvm && (processor = bh_frozen_files_processor ()) != NULL)
    g_checksum_update (checksum, (const guchar *) processor, -1);
  /* It has looked for a shell, too. */
  if (!spec->image && access ("/usr/bin/bash", X_OK) == 0)
    g_checksum_update (checksum, (const guchar *) "bash\n", -1);
  key = g_strdup (g_checksum_get_string (checksum));
  key[24] = '\0';
  return g_steal_pointer (&key);
}

static gboolean
seal (int fd, GError **error)
{
  gint64 until = g_get_monotonic_time () + SEAL_SECONDS * G_USEC_PER_SEC;

  /* Busy as long as somebody has it mapped for writing. */
  while (fcntl (fd, F_ADD_SEALS, SEALS) != 0)
    {
      if (errno != EBUSY || g_get_monotonic_time () > until)
        {
          bh_error_set_from_errno (error, errno, "Cannot seal the memory of a frozen guest");
          return FALSE;
        }
      g_usleep (2000);
    }
  return TRUE;
}

BhFrozenGuest *
bh_frozen_guest_new (const char *key, const char *kernel, guint memory_mib, gboolean read_only,
                     int ram, int state, GError **error)
{
  g_autoptr (BhFrozenGuest) guest = g_new0 (BhFrozenGuest, 1);
  struct stat st;

  guest->ref_count = 1;
  guest->key = g_strdup (key);
  guest->kernel = g_strdup (kernel);
  guest->memory_mib = memory_mib;
  guest->read_only = read_only;
  guest->ram = ram;
  guest->state = state;
  if (fstat (ram, &st) != 0 || st.st_size != (off_t) memory_mib << 20)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_FAILED,
                   "The memory of a frozen guest has the wrong size");
      return NULL;
    }
  if (!seal (ram, error) || !seal (state, error))
    return NULL;
  fstat (ram, &st);
  guest->ram_bytes = (guint64) st.st_blocks * 512;
  return g_steal_pointer (&guest);
}

BhFrozenGuest *
bh_frozen_guest_ref (BhFrozenGuest *guest)
{
  g_atomic_int_inc (&guest->ref_count);
  return guest;
}

void
bh_frozen_guest_unref (BhFrozenGuest *guest)
{
  if (!g_atomic_int_dec_and_test (&guest->ref_count))
    return;
  if (guest->ram >= 0)
    close (guest->ram);
  if (guest->state >= 0)
    close (guest->state);
  g_free (guest->key);
  g_free (guest->kernel);
  g_free (guest);
}

char *
bh_frozen_guest_ram_path (const BhFrozenGuest *guest)
{
  return g_strdup_printf ("/proc/%d/fd/%d", (int) getpid (), guest->ram);
}

char *
bh_frozen_guest_state_path (const BhFrozenGuest *guest)
{
  return g_strdup_printf ("/proc/%d/fd/%d", (int) getpid (), guest->state);
}

static gboolean
write_meta (const char *path, const BhFrozenGuest *guest, guint64 ram_sum, guint64 state_sum,
            GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *text = NULL;
  struct stat st;

  fstat (guest->state, &st);
  g_key_file_set_integer (file, GROUP, "Format", FORMAT);
  g_key_file_set_string (file, GROUP, "Key", guest->key);
  g_key_file_set_string (file, GROUP, "Kernel", guest->kernel);
  g_key_file_set_uint64 (file, GROUP, "Memory", guest->memory_mib);
  g_key_file_set_boolean (file, GROUP, "ReadOnly", guest->read_only);
  g_key_file_set_int64 (file, GROUP, "Made", g_get_real_time () / G_USEC_PER_SEC);
  g_key_file_set_uint64 (file, GROUP, "StateSize", (guint64) st.st_size);
  g_key_file_set_uint64 (file, GROUP, "RamSum", ram_sum);
  g_key_file_set_uint64 (file, GROUP, "StateSum", state_sum);
  text = g_key_file_to_data (file, NULL, NULL);
  return g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_DURABLE, 0600, error);
}

static gboolean
save_into (const BhFrozenGuest *guest, const char *dir, GError **error)
{
  g_autofree char *ram = g_build_filename (dir, "ram", NULL);
  g_autofree char *state = g_build_filename (dir, "state", NULL);
  g_autofree char *meta = g_build_filename (dir, "meta", NULL);
  guint64 ram_sum, state_sum;

  if (g_mkdir (dir, 0700) != 0)
    {
      bh_error_set_from_errno (error, errno, "Cannot make the folder %s", dir);
      return FALSE;
    }
  return bh_frozen_files_write (ram, guest->ram, &ram_sum, error)
         && bh_frozen_files_write (state, guest->state, &state_sum, error)
         && write_meta (meta, guest, ram_sum, state_sum, error);
}

gboolean
bh_frozen_guest_save (const BhFrozenGuest *guest, const char *dir, GError **error)
{
  g_autofree char *name = g_strdup_printf ("%s%s%d", guest->key, TEMPORARY, (int) getpid ());
  g_autofree char *temporary = g_build_filename (dir, name, NULL);
  g_autofree char *final = g_build_filename (dir, guest->key, NULL);

  if (!bh_paths_ensure (dir, error))
    return FALSE;
  bh_frozen_files_remove (temporary);
  bh_frozen_files_remove (final);
  if (!save_into (guest, temporary, error))
    {
      bh_frozen_files_remove (temporary);
      return FALSE;
    }
  if (rename (temporary, final) == 0)
    return TRUE;
  bh_error_set_from_errno (error, errno, "Cannot make %s", final);
  bh_frozen_files_remove (temporary);
  return FALSE;
}

static GKeyFile *
read_meta (const char *dir, const char *key, GError **error)
{
  g_autofree char *path = g_build_filename (dir, key, "meta", NULL);
  g_autofree char *of = NULL;
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) failed = NULL;

  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, &failed))
    {
      gboolean none = g_error_matches (failed, G_FILE_ERROR, G_FILE_ERROR_NOENT);
      g_set_error (error, BH_ERROR, none ? BH_ERROR_NOT_FOUND : BH_ERROR_FAILED, "%s: %s", path,
                   failed->message);
      return NULL;
    }
  of = g_key_file_get_string (file, GROUP, "Key", NULL);
  if (g_key_file_get_integer (file, GROUP, "Format", NULL) != FORMAT || g_strcmp0 (of, key) != 0)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "%s is not about this frozen guest", path);
      return NULL;
    }
  return g_steal_pointer (&file);
}

BhFrozenGuest *
bh_frozen_guest_load (const char *dir, const char *key, GCancellable *cancellable, GError **error)
{
  g_autoptr (GKeyFile) meta = read_meta (dir, key, error);
  g_autofree char *ram_path = g_build_filename (dir, key, "ram", NULL);
  g_autofree char *state_path = g_build_filename (dir, key, "state", NULL);
  g_autofree char *folder = g_build_filename (dir, key, NULL);
  g_autofree char *kernel = NULL;
  guint64 memory, state_size;
  BhFrozenGuest *guest;
  int ram, state;

  if (!meta)
    return NULL;
  kernel = g_key_file_get_string (meta, GROUP, "Kernel", NULL);
  memory = g_key_file_get_uint64 (meta, GROUP, "Memory", NULL);
  state_size = g_key_file_get_uint64 (meta, GROUP, "StateSize", NULL);
  if (memory < 1 || memory > 1048576 || state_size < 1 || state_size > MAX_STATE)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "The sizes in %s/meta cannot be", folder);
      return NULL;
    }
  ram = bh_frozen_files_read (ram_path, "bulkhead-ram", memory << 20,
                              g_key_file_get_uint64 (meta, GROUP, "RamSum", NULL), cancellable,
                              error);
  if (ram < 0)
    return NULL;
  state = bh_frozen_files_read (state_path, "bulkhead-state", state_size,
                                g_key_file_get_uint64 (meta, GROUP, "StateSum", NULL), cancellable,
                                error);
  if (state < 0)
    {
      close (ram);
      return NULL;
    }
  guest = bh_frozen_guest_new (key, kernel ? kernel : "", (guint) memory,
                               g_key_file_get_boolean (meta, GROUP, "ReadOnly", NULL), ram, state,
                               error);
  if (guest)
    g_utime (folder, NULL); /* its last use, for the list and for pruning */
  return guest;
}

void
bh_frozen_guest_remove (const char *dir, const char *key)
{
  g_autofree char *path = g_build_filename (dir, key, NULL);

  bh_frozen_files_remove (path);
}

static void
info_free (gpointer data)
{
  BhFrozenInfo *info = data;

  g_free (info->key);
  g_free (info->kernel);
  g_free (info);
}

static gint
compare_use (gconstpointer a, gconstpointer b, gpointer data)
{
  const BhFrozenInfo *const *one = a, *const *other = b;
  struct stat st = { 0 };
  gint64 used[2];

  for (int i = 0; i < 2; i++)
    {
      g_autofree char *path = g_build_filename (data, (i ? *other : *one)->key, NULL);
      used[i] = stat (path, &st) == 0
                    ? st.st_mtim.tv_sec * G_USEC_PER_SEC + st.st_mtim.tv_nsec / 1000
                    : 0;
    }
  return used[0] < used[1] ? 1 : used[0] > used[1] ? -1 : 0;
}

GPtrArray *
bh_frozen_guest_list (const char *path)
{
  GPtrArray *out = g_ptr_array_new_with_free_func (info_free);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autoptr (GKeyFile) meta = NULL;
      BhFrozenInfo *info;

      if (strstr (name, TEMPORARY))
        continue;
      meta = read_meta (path, name, NULL);
      info = g_new0 (BhFrozenInfo, 1);
      info->key = g_strdup (name);
      info->disk_bytes = bh_frozen_files_size (path, name);
      if (meta)
        {
          info->kernel = g_key_file_get_string (meta, GROUP, "Kernel", NULL);
          info->memory_mib = (guint) g_key_file_get_uint64 (meta, GROUP, "Memory", NULL);
          info->made = g_key_file_get_int64 (meta, GROUP, "Made", NULL);
        }
      if (!info->kernel)
        info->kernel = g_strdup ("");
      g_ptr_array_add (out, info);
    }
  g_ptr_array_sort_with_data (out, compare_use, (gpointer) path);
  return out;
}

void
bh_frozen_guest_prune (const char *path, guint keep)
{
  g_autoptr (GPtrArray) list = bh_frozen_guest_list (path);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  for (guint i = keep; i < list->len; i++)
    bh_frozen_guest_remove (path, ((BhFrozenInfo *) list->pdata[i])->key);
  while (dir && (name = g_dir_read_name (dir)) != NULL)
    if (strstr (name, TEMPORARY))
      bh_frozen_guest_remove (path, name);
}
