/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The initramfs of guests:
 *
 *   /init                        bulkhead-init
 *   /bulkhead/bulkhead-guest     the agent
 *   /bulkhead/bulkhead-media     its sound devices; with the libraries of the guest's /usr
 *   /bulkhead/lib/               the agent's shared libraries and the dynamic loader
 *   /modules/order, /modules/NAME.ko   kernel modules, and the order to load them in
 *
 * Not packed: QEMU hands it to the guest by DMA, and unpacking costs an emulated guest more. The
 * agent brings its own libraries because it runs before there is a /usr, and goes on when that is
 * another system's. */
#include "config.h"

#include "bh-initramfs.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bh-cache-file.h"
#include "bh-cpio.h"
#include "bh-error.h"
#include "bh-modules.h"
#include "bh-paths.h"

#define LOADER "/lib64/ld-linux-x86-64.so.2"
#define KEEP 3
/* Counts up when the same sources would give another archive. */
#define LAYOUT 1

typedef struct
{
  char *name; /* in the archive */
  char *path; /* on this computer */
} Item;

static void
item_free (gpointer data)
{
  Item *item = data;

  g_free (item->name);
  g_free (item->path);
  g_free (item);
}

static void
add_item (GPtrArray *items, char *name, const char *path)
{
  Item *item = g_new0 (Item, 1);

  item->name = name;
  item->path = g_strdup (path);
  g_ptr_array_add (items, item);
}

/* A line of "ld.so --list": "NAME => PATH (ADDRESS)", "PATH (ADDRESS)" for the loader; the vdso has
 * no path. */
static gboolean
add_library (GPtrArray *items, const char *line, GError **error)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 4);
  guint n = g_strv_length (words);
  g_autofree char *name = n ? g_path_get_basename (words[0]) : NULL;
  const char *path = NULL;

  if (n >= 3 && g_str_equal (words[1], "=>"))
    path = words[2];
  else if (n >= 2 && words[0][0] == '/')
    path = words[0];
  else
    return TRUE;
  if (!g_path_is_absolute (path))
    {
      g_set_error (error, BH_ERROR, BH_ERROR_FAILED,
                   "This installation is incomplete: bulkhead-guest needs the library %s", name);
      return FALSE;
    }
  add_item (items, g_strconcat ("bulkhead/lib/", name, NULL), path);
  return TRUE;
}

/* A new process, hence remembered: each start asks. What the loader says follows from the program and the cache of
 * libraries; the libraries themselves are looked at each time (make_path()). */
static char *
ask_loader (const char *program, GError **error)
{
  static GMutex lock;
  static char *known, *known_for;
  const char *argv[] = { LOADER, "--list", program, NULL };
  char *no_environment[] = { NULL };
  g_autofree char *output = NULL, *errors = NULL, *now_for = NULL;
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);
  struct stat st = { 0 }, cache = { 0 };
  int status;

  stat (program, &st);
  stat ("/etc/ld.so.cache", &cache);
  now_for = g_strdup_printf ("%s %lld %lld.%09ld %lld %lld.%09ld", program, (long long) st.st_size,
                             (long long) st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (long long) cache.st_size,
                             (long long) cache.st_mtim.tv_sec, cache.st_mtim.tv_nsec);
  if (known_for && g_str_equal (known_for, now_for))
    return g_strdup (known);
  if (!g_spawn_sync ("/", (char **) argv, no_environment, G_SPAWN_DEFAULT, NULL, NULL, &output,
                     &errors, &status, error))
    return NULL;
  if (!g_spawn_check_wait_status (status, NULL))
    {
      g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "Cannot find the libraries of %s: %s", program,
                   g_strstrip (errors));
      return NULL;
    }
  g_free (known);
  g_free (known_for);
  known = g_strdup (output);
  known_for = g_steal_pointer (&now_for);
  return g_steal_pointer (&output);
}

static gboolean
add_libraries (GPtrArray *items, const char *program, GError **error)
{
  g_autofree char *output = ask_loader (program, error);
  g_auto (GStrv) lines = NULL;

  if (!output)
    return FALSE;
  add_item (items, g_strdup ("bulkhead/lib/ld-linux-x86-64.so.2"), LOADER);
  lines = g_strsplit (output, "\n", -1);
  for (guint i = 0; lines[i]; i++)
    {
      const char *line = g_strstrip (lines[i]);

      if (!strstr (line, "ld-linux-x86-64.so.2") && !add_library (items, line, error))
        return FALSE;
    }
  return TRUE;
}

static GPtrArray *
list_items (const BhKernel *kernel, GError **error)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (item_free);
  g_autofree char *init = bh_paths_program ("bulkhead-init");
  g_autofree char *guest = bh_paths_program ("bulkhead-guest");
  g_autoptr (GPtrArray) modules = NULL;
  g_autofree char *media = bh_paths_program ("bulkhead-media");
  const char *programs[] = { init, guest, media };

  for (guint i = 0; i < G_N_ELEMENTS (programs); i++)
    if (access (programs[i], R_OK) != 0)
      {
        g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "This installation lacks %s", programs[i]);
        return NULL;
      }
  add_item (items, g_strdup ("init"), init);
  add_item (items, g_strdup ("bulkhead/bulkhead-guest"), guest);
  add_item (items, g_strdup ("bulkhead/bulkhead-media"), media);
  if (!add_libraries (items, guest, error))
    return NULL;
  modules = bh_modules_list (kernel->release, kernel->modules_dir, error);
  for (guint i = 0; modules && i < modules->len; i++)
    {
      const char *path = g_ptr_array_index (modules, i);
      g_autofree char *name = g_path_get_basename (path);
      char *end = strstr (name, ".ko");

      if (end)
        end[3] = '\0';
      add_item (items, g_strconcat ("modules/", name, NULL), path);
    }
  return modules ? g_steal_pointer (&items) : NULL;
}

/* Everything the archive depends on: a file that was replaced has another time or size. */
static char *
make_path (const BhKernel *kernel, const GPtrArray *items, const char *dir)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *head = g_strdup_printf ("%d %s\n", LAYOUT, kernel->release);
  g_autofree char *name = NULL;

  g_checksum_update (checksum, (const guchar *) head, -1);
  for (guint i = 0; i < items->len; i++)
    {
      const Item *item = g_ptr_array_index (items, i);
      struct stat st = { 0 };
      /* The file itself, by whichever link it is found. */
      g_autofree char *real = realpath (item->path, NULL);
      g_autofree char *line = NULL;

      stat (item->path, &st);
      line = g_strdup_printf ("%s %s %lld %lld.%09ld\n", item->name, real ? real : item->path,
                              (long long) st.st_size, (long long) st.st_mtim.tv_sec,
                              st.st_mtim.tv_nsec);
      g_checksum_update (checksum, (const guchar *) line, -1);
    }
  name = g_strdup_printf ("%s-%.16s.cpio", kernel->release, g_checksum_get_string (checksum));
  return g_build_filename (dir, name, NULL);
}

static gboolean
put_item (BhCpio *cpio, const Item *item, GString *order, GError **error)
{
  const char *module =
      g_str_has_prefix (item->name, "modules/") ? strchr (item->name, '/') + 1 : NULL;
  g_autoptr (GMappedFile) map = NULL;
  g_autoptr (GBytes) bytes = NULL;
  gsize size;
  const void *data;

  if (module)
    {
      bytes = bh_modules_read (item->path, error);
      g_string_append_printf (order, "%s\n", module);
    }
  else if ((map = g_mapped_file_new (item->path, FALSE, error)) != NULL)
    bytes = g_mapped_file_get_bytes (map);
  if (bytes == NULL)
    return FALSE;
  data = g_bytes_get_data (bytes, &size);
  return bh_cpio_add (cpio, item->name, S_IFREG | (module ? 0644 : 0755), data, size, error);
}

static gboolean
write_archive (const char *path, const GPtrArray *items, GCancellable *cancellable, GError **error)
{
  static const char *const dirs[] = { "bulkhead", "bulkhead/lib", "dev", "modules", "proc" };
  g_autoptr (BhCpio) cpio = bh_cpio_new (path, error);
  g_autoptr (GString) order = g_string_new (NULL);

  if (cpio == NULL)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (dirs); i++)
    if (!bh_cpio_add (cpio, dirs[i], S_IFDIR | 0755, NULL, 0, error))
      return FALSE;
  for (guint i = 0; i < items->len; i++)
    if (g_cancellable_set_error_if_cancelled (cancellable, error)
        || !put_item (cpio, g_ptr_array_index (items, i), order, error))
      return FALSE;
  return bh_cpio_add (cpio, "dev/console", S_IFCHR | 0600, NULL, 0, error)
         && bh_cpio_add (cpio, "modules/order", S_IFREG | 0644, order->str, order->len, error)
         && bh_cpio_commit (cpio, error);
}

static char *
ensure (const BhKernel *kernel, GCancellable *cancellable, GError **error)
{
  g_autofree char *dir = bh_paths_cache_dir ("initramfs");
  g_autoptr (GPtrArray) items = list_items (kernel, error);
  g_autofree char *path = NULL;
  gboolean ok;
  int lock;

  if (items == NULL)
    return NULL;
  path = make_path (kernel, items, dir);
  if (bh_cache_file_valid (path))
    return g_steal_pointer (&path);
  lock = bh_cache_lock (dir, error);
  if (lock < 0)
    return NULL;
  ok = bh_cache_file_valid (path) || write_archive (path, items, cancellable, error);
  if (ok)
    bh_cache_prune (dir, ".cpio", KEEP);
  close (lock);
  return ok ? g_steal_pointer (&path) : NULL;
}

char *
bh_initramfs_ensure (const BhKernel *kernel, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) failed = NULL;
  char *path = ensure (kernel, cancellable, &failed);

  if (path)
    return path;
  if (failed->domain == BH_ERROR)
    g_propagate_error (error, g_steal_pointer (&failed));
  else
    g_set_error_literal (error, BH_ERROR,
                         g_error_matches (failed, G_IO_ERROR, G_IO_ERROR_CANCELLED)
                             ? BH_ERROR_CANCELLED
                             : BH_ERROR_FAILED,
                         failed->message);
  return NULL;
}
