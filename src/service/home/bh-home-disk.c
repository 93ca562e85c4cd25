/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The disks on which AppVMs keep their homes.
 *
 * Should: never leave half a disk: what is new is written beside it and renamed.
 * Mustn't: let a disk make the tools here open another file. QEMU has the disk open for writing and a guest
 * may have taken that over, so the header is read here first, and one that names a backing file or
 * keeps its data elsewhere is refused.
 * Mustn't: put a key on a command line or into a file (bh-home-tool.c). */
#include "config.h"

#include "bh-home-disk.h"

#include "bh-error.h"
#include "bh-home-tool.h"
#include "bh-paths.h"
#include "bh-text.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC 0x514649fbu
#define HEADER_BYTES 104
#define CRYPT_LUKS 2
#define INCOMPATIBLE_CORRUPT (G_GUINT64_CONSTANT (1) << 1)
/* dirty, corrupt, compression, extended entries; not data in another file */
#define INCOMPATIBLE_KNOWN G_GUINT64_CONSTANT (0x1b)
#define SNAPSHOT_BYTES 40
#define MAX_SNAPSHOT_BYTES 4096
#define MAX_UPDATES 3
/* The key is random: there is nothing to gain from making each try at it slow. */
#define NEW_PLAIN "lazy_refcounts=on"
#define NEW_ENCRYPTED                                                                              \
  NEW_PLAIN ",encrypt.format=luks,encrypt.key-secret=key,encrypt.iter-time=10"

char *
bh_home_disk_path (const char *id)
{
  g_autofree char *dir = bh_paths_data_dir ("homes");
  g_autofree char *name = g_strconcat (id, ".qcow2", NULL);

  return g_build_filename (dir, name, NULL);
}

char *
bh_home_disk_template (void)
{
  return g_build_filename (g_get_user_config_dir (), "bulkhead", "home-template", NULL);
}

/* The header. */

static guint64
number (const guint8 *from, guint bytes)
{
  guint64 value = 0;

  for (guint i = 0; i < bytes; i++)
    value = value << 8 | from[i];
  return value;
}

static gboolean
read_at (int fd, guint64 offset, guint8 *to, gsize size)
{
  return offset < G_MAXINT64 && pread (fd, to, size, (off_t) offset) == (gssize) size;
}

G_GNUC_PRINTF (3, 4)
static gboolean
refuse (const char *path, GError **error, const char *format, ...)
{
  g_autofree char *why = NULL;
  va_list args;

  va_start (args, format);
  why = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, BH_ERROR, BH_ERROR_FAILED,
               "The home disk %s %s. Nothing was changed; go back to a snapshot of it (bulkheadctl "
               "home NAME restore), put a copy of yours in its place, or move it away to begin "
               "with a new one.",
               path, why);
  return FALSE;
}

static int
open_disk (const char *path, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

  if (fd < 0 && errno == ENOENT)
    g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND,
                 "There is no home disk yet: it is made at the AppVM's first start");
  else if (fd < 0)
    bh_error_set_from_errno (error, errno, "Cannot open the home disk %s", path);
  return fd;
}

static gboolean
read_header (int fd, const char *path, guint8 *header, BhHomeDisk *out, GError **error)
{
  guint64 incompatible;
  struct stat st;

  if (fstat (fd, &st) != 0 || !S_ISREG (st.st_mode))
    return refuse (path, error, "is not a file");
  if (!read_at (fd, 0, header, HEADER_BYTES) || number (header, 4) != MAGIC
      || number (header + 4, 4) != 3)
    return refuse (path, error, "is damaged: it does not begin as a disk of ours does");
  incompatible = number (header + 72, 8);
  if (number (header + 8, 8) != 0 || (incompatible & ~INCOMPATIBLE_KNOWN) != 0)
    return refuse (path, error, "leads to another file, which no disk of ours does");
  if (incompatible & INCOMPATIBLE_CORRUPT)
    return refuse (path, error, "is damaged: QEMU has marked it as such");
  if (number (header + 32, 4) != 0 && number (header + 32, 4) != CRYPT_LUKS)
    return refuse (path, error, "is encrypted in a way that is not ours");
  *out = (BhHomeDisk){ .size = number (header + 24, 8),
                       .used = (guint64) st.st_blocks * 512,
                       .encrypted = number (header + 32, 4) != 0,
                       .n_snapshots = (guint) number (header + 60, 4) };
  if (out->size == 0 || out->size > G_GUINT64_CONSTANT (1) << 43)
    return refuse (path, error, "is damaged: its size is not one");
  return TRUE;
}

gboolean
bh_home_disk_read (const char *path, BhHomeDisk *out, GError **error)
{
  guint8 header[HEADER_BYTES];
  BhHomeDisk disk;
  int fd = open_disk (path, error);
  gboolean ok = fd >= 0 && read_header (fd, path, header, &disk, error);

  if (fd >= 0)
    close (fd);
  if (ok)
    *out = disk;
  return ok;
}

static void
snapshot_free (gpointer data)
{
  BhHomeSnapshot *snapshot = data;

  g_free (snapshot->name);
  g_free (snapshot);
}

/* One entry of the table (QEMU's docs/interop/qcow2.txt, "Snapshots"); 0 when it is none. */
static gsize
read_snapshot (int fd, guint64 offset, BhHomeSnapshot *out)
{
  guint8 entry[SNAPSHOT_BYTES], *rest;
  gsize id, name, extra, size;

  if (!read_at (fd, offset, entry, sizeof entry))
    return 0;
  id = number (entry + 12, 2);
  name = number (entry + 14, 2);
  extra = number (entry + 36, 4);
  if (id + name + extra > MAX_SNAPSHOT_BYTES)
    return 0;
  size = id + name + extra;
  rest = g_malloc (size + 1);
  if (!read_at (fd, offset + sizeof entry, rest, size))
    {
      g_free (rest);
      return 0;
    }
  out->time = (gint64) number (entry + 16, 4);
  out->size = extra >= 16 ? number (rest + 8, 8) : 0;
  out->name = bh_text_clean ((const char *) rest + extra + id, name, 60);
  g_free (rest);
  return (sizeof entry + size + 7) & ~(gsize) 7;
}

GPtrArray *
bh_home_disk_list_snapshots (const char *path, GError **error)
{
  g_autoptr (GPtrArray) out = g_ptr_array_new_with_free_func (snapshot_free);
  guint8 header[HEADER_BYTES];
  BhHomeDisk disk;
  int fd = open_disk (path, error);
  guint64 offset;
  gboolean ok = fd >= 0 && read_header (fd, path, header, &disk, error);

  offset = ok ? number (header + 64, 8) : 0;
  for (guint i = 0; ok && i < MIN (disk.n_snapshots, BH_HOME_SNAPSHOTS_MAX); i++)
    {
      BhHomeSnapshot *snapshot = g_new0 (BhHomeSnapshot, 1);
      gsize size = read_snapshot (fd, offset, snapshot);

      g_ptr_array_add (out, snapshot);
      if (size == 0)
        ok = refuse (path, error, "is damaged: its list of snapshots cannot be read");
      offset += size;
    }
  if (fd >= 0)
    close (fd);
  return ok ? g_steal_pointer (&out) : NULL;
}

/* Programs. */

/* What is in it, snapshots too, stays where it is; @size: of its disk afterwards */
static guint64
largest_after (const char *path, guint64 size)
{
  struct stat st;

  return bh_home_tool_largest (size + (stat (path, &st) == 0 ? (guint64) st.st_size : 0));
}

/* qemu-img @command on @path, whose disk has @size then, with what follows up to NULL. */
G_GNUC_NULL_TERMINATED static gboolean
qemu_img (const char *path, guint64 size, const char *key, GCancellable *cancellable, GError **error,
          const char *command, ...)
{
  const BhHomeReach reach = { .write = path, .largest = largest_after (path, size) };
  g_autoptr (GPtrArray) argv = bh_home_tool_confine ("qemu-img", &reach, error);
  g_autofree char *escaped = bh_home_tool_option (path);
  g_autofree char *options = g_strconcat ("driver=qcow2,file.driver=file,file.filename=", escaped,
                                          key ? ",encrypt.key-secret=key" : "", NULL);
  g_autofree char *what = g_strdup_printf ("The home disk %s cannot be changed", path);
  const char *word;
  va_list args;

  if (!argv)
    return FALSE;
  bh_home_tool_add (argv, command, NULL);
  if (key)
    bh_home_tool_add (argv, "--object", BH_HOME_TOOL_SECRET, NULL);
  bh_home_tool_add (argv, "--image-opts", NULL);
  va_start (args, command);
  while ((word = va_arg (args, const char *)) != NULL)
    bh_home_tool_add (argv, *word ? word : options, NULL);
  va_end (args);
  return bh_home_tool_run_with_key (argv, key, what, cancellable, error);
}

/* Making. */

/* An empty file, which is not there yet. A program that is confined to it makes none. */
static int
make_file (const char *path, GError **error)
{
  int fd = open (path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

  if (fd < 0)
    bh_error_set_from_errno (error, errno, "Cannot make the home disk %s", path);
  return fd;
}

static gboolean
make_file_system (const char *raw, int fd, const char *template, GCancellable *cancellable,
                  GError **error)
{
  g_autofree char *program = bh_home_tool_find ("mke2fs", "e2fsprogs", error);
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);

  if (!program)
    {
      if (fd >= 0)
        close (fd);
      return FALSE;
    }
  /* All of it is written now: into a sparse file that is nothing, and in a guest it would be work. root
   * owns the root: so a guest knows that it is new. */
  bh_home_tool_add (argv, program, "-q", "-F", "-t", "ext4", "-m", "0", "-L", "bulkhead", "-E",
                    "root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0", NULL);
  /* What is gone at the stop needs no journal. */
  if (fd >= 0)
    bh_home_tool_add (argv, "-O", "^has_journal", NULL);
  else if (template)
    bh_home_tool_add (argv, "-d", template, NULL);
  bh_home_tool_add (argv, raw, NULL);
  return bh_home_tool_run (argv, fd, "A file system for the AppVM cannot be made", cancellable, error);
}

static gboolean
make_raw (const char *raw, guint64 mib, GCancellable *cancellable, GError **error)
{
  g_autofree char *template = bh_home_disk_template ();
  int fd = make_file (raw, error);
  gboolean ok = fd >= 0 && ftruncate (fd, (off_t) (mib << 20)) == 0;

  if (fd >= 0 && !ok)
    bh_error_set_from_errno (error, errno, "Cannot make the home disk %s", raw);
  if (fd >= 0)
    close (fd);
  return ok
         && make_file_system (raw, -1, g_file_test (template, G_FILE_TEST_IS_DIR) ? template : NULL,
                              cancellable, error);
}

gboolean
bh_home_disk_put_in_place (const char *new, const char *path, GError **error)
{
  int fd = open (new, O_RDONLY | O_CLOEXEC);
  gboolean ok = fd >= 0 && fchmod (fd, 0600) == 0 && fsync (fd) == 0 && rename (new, path) == 0;

  if (!ok)
    bh_error_set_from_errno (error, errno, "Cannot write the home disk %s", path);
  if (fd >= 0)
    close (fd);
  return ok;
}

/* @format: of @from; @size: of its disk */
static gboolean
convert (const char *format, const char *from, guint64 size, const char *key, const char *to,
         const char *new_key, GCancellable *cancellable, GError **error)
{
  const BhHomeReach reach = { .read = from, .write = to, .largest = bh_home_tool_largest (size) };
  g_autofree char *escaped = bh_home_tool_option (from);
  const char *usable = key ? key : new_key;
  g_autofree char *source =
      g_strdup_printf ("driver=%s,file.driver=file,file.filename=%s%s", format, escaped,
                       key ? ",encrypt.key-secret=key" : "");
  g_autoptr (GPtrArray) argv = NULL;
  int file = make_file (to, error);

  if (file < 0)
    return FALSE;
  close (file);
  if (!(argv = bh_home_tool_confine ("qemu-img", &reach, error)))
    return FALSE;
  bh_home_tool_add (argv, "convert", "--image-opts", source, "-O", "qcow2", to, "-o",
                    new_key ? NEW_ENCRYPTED : NEW_PLAIN, NULL);
  if (usable)
    bh_home_tool_add (argv, "--object", BH_HOME_TOOL_SECRET, NULL);
  return bh_home_tool_run_with_key (argv, usable, "The home disk cannot be written", cancellable, error);
}

gboolean
bh_home_disk_create (const char *path, guint64 size, const char *key, GCancellable *cancellable,
                     GError **error)
{
  const BhHomeReach reach = { .write = path, .largest = bh_home_tool_largest (size) };
  g_autofree char *dir = g_path_get_dirname (path);
  g_autofree char *bytes = g_strdup_printf ("%" G_GUINT64_FORMAT, size);
  g_autoptr (GPtrArray) argv = NULL;
  int file;

  if (!bh_paths_ensure (dir, error))
    return FALSE;
  g_unlink (path);
  if ((file = make_file (path, error)) < 0)
    return FALSE;
  close (file);
  if (!(argv = bh_home_tool_confine ("qemu-img", &reach, error)))
    return FALSE;
  bh_home_tool_add (argv, "create", "-q", "-f", "qcow2", "-o", key ? NEW_ENCRYPTED : NEW_PLAIN, path,
                    bytes, NULL);
  if (key)
    bh_home_tool_add (argv, "--object", BH_HOME_TOOL_SECRET, NULL);
  return bh_home_tool_run_with_key (argv, key, "The home disk cannot be made", cancellable, error);
}

gboolean
bh_home_disk_make (const char *path, guint64 mib, const char *key, GCancellable *cancellable,
                   GError **error)
{
  g_autofree char *dir = g_path_get_dirname (path);
  g_autofree char *raw = g_strconcat (path, ".raw", NULL);
  g_autofree char *new = g_strconcat (path, ".new", NULL);
  gboolean ok;

  if (!bh_paths_ensure (dir, error))
    return FALSE;
  g_unlink (raw);
  g_unlink (new);
  ok = make_raw (raw, mib, cancellable, error)
       && convert ("raw", raw, mib << 20, NULL, new, key, cancellable, error)
       && bh_home_disk_put_in_place (new, path, error);
  g_unlink (raw);
  g_unlink (new);
  return ok;
}

gboolean
bh_home_disk_grow (const char *path, guint64 mib, const char *key, GCancellable *cancellable,
                   GError **error)
{
  g_autofree char *size = g_strdup_printf ("%" G_GUINT64_FORMAT "M", mib);
  BhHomeDisk disk;

  if (!bh_home_disk_read (path, &disk, error))
    return FALSE;
  return disk.size >= mib << 20
         || qemu_img (path, mib << 20, key, cancellable, error, "resize", "-q", "", size, NULL);
}

gboolean
bh_home_disk_compact (const char *path, const char *key, const char *new_key,
                      GCancellable *cancellable, GError **error)
{
  g_autofree char *new = g_strconcat (path, ".new", NULL);
  BhHomeDisk disk;
  gboolean ok;

  if (!bh_home_disk_read (path, &disk, error))
    return FALSE;
  if (disk.n_snapshots > 0)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_BUSY,
                   "The home has %u snapshots, which hold on to what they need. Remove those first.",
                   disk.n_snapshots);
      return FALSE;
    }
  g_unlink (new);
  ok = convert ("qcow2", path, disk.size, key, new, new_key, cancellable, error)
       && bh_home_disk_put_in_place (new, path, error);
  g_unlink (new);
  return ok;
}

/* Snapshots. */

static gboolean
is_snapshot_name (const char *name)
{
  gsize n = strlen (name);

  return g_ascii_isalpha (name[0]) && n <= 40
         && strspn (name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n;
}

/* Whether @path has @name; what is not known is an error as well. */
static gboolean
find_snapshot (const char *path, const char *name, gboolean *found, guint *n, GError **error)
{
  g_autoptr (GPtrArray) all = NULL;

  if (!is_snapshot_name (name))
    {
      g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                   "A snapshot is called with a letter, then up to 39 letters, digits, “.”, “_” "
                   "and “-”");
      return FALSE;
    }
  if (!(all = bh_home_disk_list_snapshots (path, error)))
    return FALSE;
  *found = FALSE;
  for (guint i = 0; i < all->len; i++)
    *found = *found || g_str_equal (((BhHomeSnapshot *) all->pdata[i])->name, name);
  *n = all->len;
  return TRUE;
}

/* @how: as qemu-img has it */
static gboolean
change_snapshot (const char *path, const char *how, const char *name, const char *key,
                 GCancellable *cancellable, GError **error)
{
  BhHomeDisk disk;

  return bh_home_disk_read (path, &disk, error)
         && qemu_img (path, disk.size, key, cancellable, error, "snapshot", "-q", how, name, "", NULL);
}

static gboolean
need_snapshot (const char *path, const char *name, GError **error)
{
  gboolean found;
  guint n;

  if (!find_snapshot (path, name, &found, &n, error))
    return FALSE;
  if (!found)
    g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND,
                 "The home has no snapshot “%s”. “bulkheadctl home NAME snapshots” lists them.",
                 name);
  return found;
}

gboolean
bh_home_disk_add_snapshot (const char *path, const char *name, const char *key,
                           GCancellable *cancellable, GError **error)
{
  gboolean found;
  guint n;

  if (!find_snapshot (path, name, &found, &n, error))
    return FALSE;
  if (found)
    g_set_error (error, BH_ERROR, BH_ERROR_EXISTS, "The home has a snapshot “%s” already", name);
  else if (n >= BH_HOME_SNAPSHOTS_MAX)
    g_set_error (error, BH_ERROR, BH_ERROR_LIMIT_REACHED,
                 "A home can have %d snapshots. Remove one first.", BH_HOME_SNAPSHOTS_MAX);
  else
    return change_snapshot (path, "-c", name, key, cancellable, error);
  return FALSE;
}

gboolean
bh_home_disk_remove_snapshot (const char *path, const char *name, const char *key,
                              GCancellable *cancellable, GError **error)
{
  return need_snapshot (path, name, error)
         && change_snapshot (path, "-d", name, key, cancellable, error);
}

gboolean
bh_home_disk_forget_updates (const char *path, const char *key, GCancellable *cancellable,
                             GError **error)
{
  g_autoptr (GPtrArray) all = bh_home_disk_list_snapshots (path, error);
  guint n = 0;

  for (guint i = all ? all->len : 0; i > 0; i--)
    {
      const char *name = ((BhHomeSnapshot *) all->pdata[i - 1])->name;

      if (g_str_has_prefix (name, BH_HOME_SNAPSHOT_UPDATE) && ++n >= MAX_UPDATES
          && !bh_home_disk_remove_snapshot (path, name, key, cancellable, error))
        return FALSE;
    }
  return all != NULL;
}

gboolean
bh_home_disk_restore (const char *path, const char *name, const char *key,
                      GCancellable *cancellable, GError **error)
{
  gboolean kept = FALSE;
  guint n;

  if (!need_snapshot (path, name, error))
    return FALSE;
  if (!g_str_equal (name, BH_HOME_SNAPSHOT_RESTORE)
      && (!find_snapshot (path, BH_HOME_SNAPSHOT_RESTORE, &kept, &n, error)
          || (kept
              && !bh_home_disk_remove_snapshot (path, BH_HOME_SNAPSHOT_RESTORE, key, cancellable,
                                                error))
          || !bh_home_disk_add_snapshot (path, BH_HOME_SNAPSHOT_RESTORE, key, cancellable, error)))
    return FALSE;
  return change_snapshot (path, "-a", name, key, cancellable, error);
}

gboolean
bh_home_disk_remove (const char *path, GError **error)
{
  static const char *const beside[] = { ".raw", ".new", ".template" };

  for (gsize i = 0; i < G_N_ELEMENTS (beside); i++)
    {
      g_autofree char *more = g_strconcat (path, beside[i], NULL);

      g_unlink (more);
    }
  if (g_unlink (path) == 0 || errno == ENOENT)
    return TRUE;
  bh_error_set_from_errno (error, errno, "Cannot delete the home disk %s", path);
  return FALSE;
}

void
bh_home_disk_sweep (void)
{
  static const char *const halves[] = { ".qcow2.new", ".qcow2.raw" };
  g_autofree char *path = bh_paths_data_dir ("homes");
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)) != NULL)
    for (gsize i = 0; i < G_N_ELEMENTS (halves); i++)
      if (g_str_has_suffix (name, halves[i]))
        {
          g_autofree char *file = g_build_filename (path, name, NULL);

          g_unlink (file);
        }
}

int
bh_home_disk_open_scratch (const char *dir, guint64 mib, GCancellable *cancellable, GError **error)
{
  int fd, copy;

  if (!bh_paths_ensure (dir, error))
    return -1;
  fd = open (dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
    {
      g_autofree char *name = g_build_filename (dir, ".scratch-XXXXXX", NULL);

      /* A file system without files that never had a name. */
      fd = g_mkstemp_full (name, O_RDWR | O_CLOEXEC, 0600);
      if (fd >= 0)
        g_unlink (name);
    }
  if (fd < 0 || ftruncate (fd, (off_t) (mib << 20)) != 0
      || (copy = fcntl (fd, F_DUPFD_CLOEXEC, BH_HOME_TOOL_FD + 1)) < 0)
    bh_error_set_from_errno (error, errno, "Cannot make a scratch disk in %s", dir);
  else if (make_file_system ("/proc/self/fd/3", copy, NULL, cancellable, error))
    return fd;
  if (fd >= 0)
    close (fd);
  return -1;
}
