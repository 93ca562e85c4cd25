/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The "host" template: a folder with one archive, seed.cpio, of "etc" and "var". The guest unpacks
 * it as root into memory when it is configured (src/guest/bh-seed.c).
 *
 * An archive and not the files themselves: through 9p they would belong to this computer's user,
 * whose number is mostly that of the guest's user too, and reading a thousand small files one by
 * one takes an emulated guest over a second.
 *
 * Should: hold what programs need to look and work as here. Mustn't: hold a file that not everybody
 * on this computer may read, or one that says who uses it or names it: bh-template-list.c is the
 * whole list of what may be in it, and of what is refused by name should it be in one of those.
 */
#include "config.h"

#include "bh-template.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bh-cache-file.h"
#include "bh-cpio.h"
#include "bh-error.h"
#include "bh-paths.h"
#include "bh-template-list.h"

#define LAYOUT 1
#define MAX_FILE (16 << 20)
#define MAX_TOTAL (128 << 20)
#define MAX_ENTRIES 30000
#define MAX_DEPTH 12

typedef struct
{
  char *name; /* in the archive: "etc/fonts/fonts.conf" */
  char *path; /* on this computer */
  char *link; /* its target */
  mode_t mode;
  gint64 size;
  struct timespec changed;
} Entry;

typedef struct
{
  const char *root; /* "" but in tests */
  GPtrArray *entries;
  GHashTable *names;
  gint64 total;
} Walk;

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_free (entry->name);
  g_free (entry->path);
  g_free (entry->link);
  g_free (entry);
}

/* Where the link @target of @name (both in the archive's terms) leads, "usr/…" or "etc/…"; NULL
 * above the root. */
static char *
resolve (const char *name, const char *target)
{
  g_autofree char *dir = g_path_get_dirname (name);
  g_autofree char *start = g_strconcat ("/", dir, NULL);
  g_autofree char *full = g_canonicalize_filename (target, start);

  return g_strdup (full + 1);
}

static gboolean
is_link_allowed (const char *name, const char *target)
{
  static const char *const trees[] = { "usr/", "etc/", "bin/", "sbin/", "lib/", "lib64/", "opt/" };
  g_autofree char *leads_to = resolve (name, target);
  g_autofree char *base = g_path_get_basename (leads_to);

  if (bh_template_refuses (base) || (g_str_has_prefix (leads_to, "etc/") && !bh_template_lists (leads_to)))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (trees); i++)
    if (g_str_has_prefix (leads_to, trees[i]))
      return TRUE;
  return FALSE;
}

static void
add_entry (Walk *walk, const char *name, const char *path, const struct stat *st, char *link)
{
  Entry *entry;

  if (!g_hash_table_add (walk->names, g_strdup (name)))
    {
      g_free (link);
      return;
    }
  entry = g_new0 (Entry, 1);
  entry->name = g_strdup (name);
  entry->path = g_strdup (path);
  entry->link = link;
  entry->mode = S_ISLNK (st->st_mode)   ? S_IFLNK | 0777
                : S_ISDIR (st->st_mode) ? S_IFDIR | 0755
                                        : S_IFREG | (st->st_mode & S_IXOTH ? 0755 : 0644);
  entry->size = S_ISREG (st->st_mode) ? st->st_size : 0;
  entry->changed = st->st_mtim;
  g_ptr_array_add (walk->entries, entry);
}

static void
add_link (Walk *walk, const char *name, const char *path, const struct stat *st)
{
  char *target = g_file_read_link (path, NULL);

  if (target && is_link_allowed (name, target))
    add_entry (walk, name, path, st, target);
  else
    g_free (target);
}

static void walk_folder (Walk *walk, const char *name, const char *path, guint depth);

/* What cannot be read is left out: it is none of the guest's business either. */
static void
walk_one (Walk *walk, const char *name, guint depth)
{
  g_autofree char *path = g_strconcat (walk->root, "/", name, NULL);
  g_autofree char *base = g_path_get_basename (name);
  struct stat st;

  if (bh_template_refuses (base) || lstat (path, &st) != 0 || walk->entries->len >= MAX_ENTRIES)
    return;
  if (S_ISLNK (st.st_mode))
    add_link (walk, name, path, &st);
  else if (S_ISDIR (st.st_mode) && (st.st_mode & 0005) == 0005 && depth < MAX_DEPTH)
    walk_folder (walk, name, path, depth);
  else if (S_ISREG (st.st_mode) && (st.st_mode & S_IROTH) && st.st_size <= MAX_FILE
           && walk->total + st.st_size <= MAX_TOTAL)
    {
      walk->total += st.st_size;
      add_entry (walk, name, path, &st, NULL);
    }
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static void
walk_folder (Walk *walk, const char *name, const char *path, guint depth)
{
  g_autoptr (GPtrArray) children = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  struct stat st;
  const char *child;

  if (dir == NULL || stat (path, &st) != 0)
    return;
  /* Its own time would count what we leave out, an editor's backup say. */
  st.st_mtim = (struct timespec){ 0 };
  add_entry (walk, name, path, &st, NULL);
  while ((child = g_dir_read_name (dir)) != NULL)
    g_ptr_array_add (children, g_build_filename (name, child, NULL));
  g_ptr_array_sort (children, compare_names);
  for (guint i = 0; i < children->len; i++)
    walk_one (walk, g_ptr_array_index (children, i), depth + 1);
}

/* The folders above "etc/a/b", which the list names without them. */
static void
add_parents (Walk *walk, const char *name)
{
  const struct stat folder = { .st_mode = S_IFDIR | 0755 };

  for (const char *slash = strchr (name, '/'); slash; slash = strchr (slash + 1, '/'))
    {
      g_autofree char *parent = g_strndup (name, slash - name);

      add_entry (walk, parent, "", &folder, NULL);
    }
}

static void
walk_pattern (Walk *walk, const char *pattern)
{
  g_autofree char *dir_name = g_path_get_dirname (pattern);
  g_autofree char *base = g_path_get_basename (pattern);
  g_autofree char *path = g_strconcat (walk->root, "/", dir_name, NULL);
  g_autoptr (GDir) dir = NULL;
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (g_free);
  const char *child;

  if (!strchr (base, '*'))
    g_ptr_array_add (found, g_strdup (pattern));
  else
    dir = g_dir_open (path, 0, NULL);
  while (dir && (child = g_dir_read_name (dir)) != NULL)
    if (g_pattern_match_simple (base, child))
      g_ptr_array_add (found, g_build_filename (dir_name, child, NULL));
  g_ptr_array_sort (found, compare_names);
  for (guint i = 0; i < found->len; i++)
    {
      add_parents (walk, g_ptr_array_index (found, i));
      walk_one (walk, g_ptr_array_index (found, i), 0);
    }
}

static char *
sum_up (const Walk *walk)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *head = g_strdup_printf ("%d\n", LAYOUT);
  gsize n;
  const BhTemplateText *texts = bh_template_texts (&n);

  g_checksum_update (checksum, (const guchar *) head, -1);
  for (guint i = 0; i < walk->entries->len; i++)
    {
      const Entry *entry = g_ptr_array_index (walk->entries, i);
      g_autofree char *line =
          g_strdup_printf ("%s %o %lld %lld.%09ld %s\n", entry->name, entry->mode,
                           (long long) entry->size, (long long) entry->changed.tv_sec,
                           entry->changed.tv_nsec, entry->link ? entry->link : "");

      g_checksum_update (checksum, (const guchar *) line, -1);
    }
  for (gsize i = 0; i < n; i++)
    g_checksum_update (checksum, (const guchar *) (texts[i].text ? texts[i].text : texts[i].name),
                       -1);
  return g_strndup (g_checksum_get_string (checksum), 24);
}

/* Again with the descriptor: the file may be another one since it was listed. */
static char *
read_public_file (const char *path, gsize *size)
{
  int fd = open (path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  struct stat st;
  char *data = NULL;

  *size = 0;
  if (fd < 0)
    return NULL;
  if (fstat (fd, &st) == 0 && S_ISREG (st.st_mode) && (st.st_mode & S_IROTH)
      && st.st_size <= MAX_FILE)
    {
      data = g_malloc (st.st_size + 1);
      while (*size < (gsize) st.st_size)
        {
          ssize_t n = TEMP_FAILURE_RETRY (read (fd, data + *size, st.st_size - *size));

          if (n <= 0)
            break;
          *size += n;
        }
    }
  close (fd);
  return data;
}

static gboolean
write_seed (const Walk *walk, const char *path, GCancellable *cancellable, GError **error)
{
  g_autoptr (BhCpio) cpio = bh_cpio_new (path, error);
  gsize n;
  const BhTemplateText *texts = bh_template_texts (&n);

  if (cpio == NULL)
    return FALSE;
  for (guint i = 0; i < walk->entries->len; i++)
    {
      const Entry *entry = g_ptr_array_index (walk->entries, i);
      g_autofree char *data = NULL;
      gsize size = 0;

      if (g_cancellable_is_cancelled (cancellable))
        {
          g_set_error_literal (error, BH_ERROR, BH_ERROR_CANCELLED, "Cancelled");
          return FALSE;
        }
      if (S_ISREG (entry->mode) && (data = read_public_file (entry->path, &size)) == NULL)
        continue;
      if (!bh_cpio_add (cpio, entry->name, entry->mode, entry->link ? entry->link : data, size,
                        error))
        return FALSE;
    }
  for (gsize i = 0; i < n; i++)
    if (!bh_cpio_add (cpio, texts[i].name, texts[i].mode, texts[i].text,
                      texts[i].text ? strlen (texts[i].text) : 0, error))
      return FALSE;
  return bh_cpio_commit (cpio, error);
}

/* Seeds of other days. A guest reads its own within seconds of its start. */
static void
remove_old (const char *dir, const char *current)
{
  g_autoptr (GDir) handle = g_dir_open (dir, 0, NULL);
  const gint64 yesterday = g_get_real_time () / G_USEC_PER_SEC - 24 * 3600;
  const char *name;

  while (handle && (name = g_dir_read_name (handle)) != NULL)
    {
      g_autofree char *tree = g_build_filename (dir, name, NULL);
      g_autofree char *file = g_build_filename (tree, "seed.cpio", NULL);
      g_autofree char *sum = g_strconcat (file, ".sum", NULL);
      struct stat st;

      if (name[0] == '.' || g_str_equal (name, current) || stat (tree, &st) != 0
          || st.st_mtim.tv_sec > yesterday)
        continue;
      unlink (file);
      unlink (sum);
      rmdir (tree);
    }
}

char *
bh_template_ensure_host (GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) entries = g_ptr_array_new_with_free_func (entry_free);
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const char *test_root = g_getenv ("BULKHEAD_TEMPLATE_ROOT");
  Walk walk = { .root = test_root ? test_root : "", .entries = entries, .names = names };
  g_autofree char *dir = bh_paths_cache_dir ("seed");
  g_autofree char *sum = NULL, *tree = NULL, *file = NULL;
  gboolean ok;
  int lock;

  for (const char *const *pattern = bh_template_patterns (); *pattern; pattern++)
    walk_pattern (&walk, *pattern);
  sum = sum_up (&walk);
  tree = g_build_filename (dir, sum, NULL);
  file = g_build_filename (tree, "seed.cpio", NULL);
  if (bh_cache_file_valid (file))
    return g_steal_pointer (&tree);
  lock = bh_cache_lock (dir, error);
  if (lock < 0)
    return NULL;
  ok = bh_paths_ensure (tree, error)
       && (bh_cache_file_valid (file) || write_seed (&walk, file, cancellable, error));
  if (ok)
    remove_old (dir, sum);
  else
    rmdir (tree);
  close (lock);
  return ok ? g_steal_pointer (&tree) : NULL;
}
