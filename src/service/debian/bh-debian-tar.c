/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a Debian system's archive holds that the service itself needs: /etc and /var as a seed (as
 * bh-template.c makes one of this computer's), its programs' desktop files, and their pictures.
 *
 * The archive comes from mmdebstrap and goes on to the image without ever being on the disk: this reads
 * along. Its packages' signatures were checked, but what their scripts have left could be anything, so
 * names and sizes are checked, and only plain files of known places are kept. */
#include "config.h"

#include "bh-debian-tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bh-cpio.h"
#include "bh-error.h"
#include "bh-keys.h"
#include "bh-paths.h"
#include "bh-template-list.h"

#define BUFFER (256 * 1024)
#define MAX_SEED_FILE (16 << 20)
#define MAX_SEED (128 << 20)
#define MAX_KEPT_FILE (512 * 1024)
#define MAX_KEPT (64 << 20)

typedef struct
{
  int in, out;
  guint8 *buffer;
  int error;          /* errno of reading or writing */
  gboolean out_error; /* it was writing */
  const char *dir;
  BhCpio *seed;
  gint64 seed_bytes, kept_bytes;
  GHashTable *icons; /* names that desktop files ask for */
} Tar;

static gboolean
pass_on (Tar *tar, const guint8 *data, gsize size)
{
  while (size > 0)
    {
      ssize_t n = TEMP_FAILURE_RETRY (write (tar->out, data, size));

      if (n < 0)
        {
          tar->error = errno;
          tar->out_error = TRUE;
          return FALSE;
        }
      data += n;
      size -= (gsize) n;
    }
  return TRUE;
}

static la_ssize_t
on_read (struct archive *archive, void *data, const void **buffer)
{
  Tar *tar = data;
  ssize_t n = TEMP_FAILURE_RETRY (read (tar->in, tar->buffer, BUFFER));

  *buffer = tar->buffer;
  if (n < 0)
    tar->error = errno;
  return n > 0 && !pass_on (tar, tar->buffer, (gsize) n) ? -1 : n;
}

/* What is of the system's own making only, large, or about the computer it was made on. */
static gboolean
is_left_out (const char *name)
{
  static const char *const trees[] = { "var/lib/dpkg", "var/lib/apt",   "var/cache/apt",
                                       "var/log",      "var/cache/debconf", "var/backups",
                                       "etc/apt",      "etc/systemd",   "etc/init.d",
                                       "etc/cron.daily", "etc/pam.d",   "etc/security" };
  static const char *const files[] = { "etc/resolv.conf", "etc/hostname",  "etc/machine-id",
                                       "etc/shadow",      "etc/shadow-",   "etc/gshadow",
                                       "etc/gshadow-",    "etc/passwd-",   "etc/group-",
                                       "etc/subuid",      "etc/subgid",    "etc/fstab" };

  for (gsize i = 0; i < G_N_ELEMENTS (trees); i++)
    {
      gsize n = strlen (trees[i]);

      if (strncmp (name, trees[i], n) == 0 && (name[n] == '\0' || name[n] == '/'))
        return TRUE;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (files); i++)
    if (g_str_equal (name, files[i]))
      return TRUE;
  return FALSE;
}

static gboolean
read_data (struct archive *archive, gint64 size, char **data)
{
  *data = g_malloc ((gsize) size + 1);
  (*data)[size] = '\0';
  return archive_read_data (archive, *data, (gsize) size) == size;
}

static gboolean
add_to_seed (Tar *tar, struct archive *archive, struct archive_entry *entry, const char *name,
             GError **error)
{
  const char *link = archive_entry_symlink (entry);
  mode_t type = archive_entry_filetype (entry), perm = archive_entry_perm (entry);
  gint64 size = archive_entry_size (entry);
  g_autofree char *data = NULL;

  if (is_left_out (name) || archive_entry_hardlink (entry))
    return TRUE;
  if (type == AE_IFDIR)
    return bh_cpio_add (tar->seed, name, S_IFDIR | (perm & 01777), NULL, 0, error);
  if (type == AE_IFLNK && link)
    return bh_cpio_add (tar->seed, name, S_IFLNK | 0777, link, strlen (link), error);
  if (type != AE_IFREG || size > MAX_SEED_FILE || tar->seed_bytes + size > MAX_SEED)
    return TRUE;
  tar->seed_bytes += size;
  if (!read_data (archive, size, &data))
    return TRUE; /* libarchive says so again with the next header */
  return bh_cpio_add (tar->seed, name, S_IFREG | (perm & 0111 ? 0755 : 0644), data, (gsize) size,
                      error);
}

static gboolean
keep (Tar *tar, const char *folder, const char *name, const char *data, gint64 size, GError **error)
{
  g_autofree char *path = g_build_filename (tar->dir, folder, name, NULL);
  g_autoptr (GError) failed = NULL;

  tar->kept_bytes += size;
  if (g_file_set_contents_full (path, data, size, G_FILE_SET_CONTENTS_NONE, 0600, &failed))
    return TRUE;
  g_set_error (error, BH_ERROR,
               g_error_matches (failed, G_FILE_ERROR, G_FILE_ERROR_NOSPC) ? BH_ERROR_DISK_FULL
                                                                          : BH_ERROR_FAILED,
               "%s", failed->message);
  return FALSE;
}

static gboolean
take_desktop_file (Tar *tar, const char *base, const char *data, gint64 size, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *icon = NULL;

  if (!bh_app_id_is_valid (base)
      || !g_key_file_load_from_data (file, data, (gsize) size, G_KEY_FILE_NONE, NULL))
    return TRUE;
  icon = g_key_file_get_string (file, "Desktop Entry", "Icon", NULL);
  if (icon && !strchr (icon, '/'))
    g_hash_table_add (tar->icons, g_steal_pointer (&icon));
  return keep (tar, "applications", base, data, size, error);
}

/* The largest that there is of each: a picture replaces those of smaller sizes, which come before it
 * unless they have more digits. */
static gboolean
take_icon (Tar *tar, const char *name, const char *base, const char *data, gint64 size,
           GError **error)
{
  g_autofree char *stem = g_strdup (base);
  char *dot = strrchr (stem, '.');

  if (!dot || !(g_str_equal (dot, ".png") || g_str_equal (dot, ".svg")))
    return TRUE;
  *dot = '\0';
  if (!g_hash_table_contains (tar->icons, stem) || strlen (stem) > 200
      || !(strstr (name, "/scalable/apps/") || strstr (name, "/48x48/apps/")
           || strstr (name, "/128x128/apps/") || strstr (name, "/pixmaps/")))
    return TRUE;
  return keep (tar, "icons", base, data, size, error);
}

/* In an archive names are sorted, so that desktop files come before pictures. */
static gboolean
take (Tar *tar, struct archive *archive, struct archive_entry *entry, const char *name,
      GError **error)
{
  gint64 size = archive_entry_size (entry);
  g_autofree char *base = g_path_get_basename (name);
  g_autofree char *data = NULL;
  gboolean desktop = g_str_has_prefix (name, "usr/share/applications/");

  if (!desktop && !g_str_has_prefix (name, "usr/share/icons/hicolor/")
      && !g_str_has_prefix (name, "usr/share/pixmaps/"))
    return TRUE;
  if (archive_entry_filetype (entry) != AE_IFREG || archive_entry_hardlink (entry)
      || size > MAX_KEPT_FILE || tar->kept_bytes + size > MAX_KEPT || base[0] == '.')
    return TRUE;
  if (!read_data (archive, size, &data))
    return TRUE;
  return desktop ? take_desktop_file (tar, base, data, size, error)
                 : take_icon (tar, name, base, data, size, error);
}

static gboolean
look_at (Tar *tar, struct archive *archive, struct archive_entry *entry, GError **error)
{
  const char *name = archive_entry_pathname (entry);
  g_autofree char *clean = NULL;

  if (!name)
    return TRUE;
  if (g_str_has_prefix (name, "./"))
    name += 2;
  clean = g_strdup (name);
  if (g_str_has_suffix (clean, "/"))
    clean[strlen (clean) - 1] = '\0';
  if (!*clean || strstr (clean, "..") || strstr (clean, "//"))
    return TRUE;
  if (g_str_equal (clean, "etc") || g_str_has_prefix (clean, "etc/") || g_str_equal (clean, "var")
      || g_str_has_prefix (clean, "var/"))
    return add_to_seed (tar, archive, entry, clean, error);
  return take (tar, archive, entry, clean, error);
}

/* What every guest finds, whatever its programs are; after the archive's own, so that these count. */
static gboolean
finish_seed (Tar *tar, GError **error)
{
  gsize n;
  const BhTemplateText *texts = bh_template_texts (&n);

  for (gsize i = 0; i < n; i++)
    if (!bh_cpio_add (tar->seed, texts[i].name, texts[i].mode, texts[i].text,
                      texts[i].text ? strlen (texts[i].text) : 0, error))
      return FALSE;
  return bh_cpio_commit (tar->seed, error);
}

static gboolean
read_all (Tar *tar, GError **error)
{
  struct archive *archive = archive_read_new ();
  struct archive_entry *entry;
  gboolean good;
  int status = ARCHIVE_FATAL;
  ssize_t n = 0;

  archive_read_support_format_tar (archive);
  good = archive_read_open (archive, tar, NULL, on_read, NULL) == ARCHIVE_OK;
  while (good && (status = archive_read_next_header (archive, &entry)) >= ARCHIVE_WARN
         && status != ARCHIVE_EOF)
    good = look_at (tar, archive, entry, error);
  if (good && status != ARCHIVE_EOF)
    {
      good = FALSE;
      if (tar->error)
        bh_error_set_from_errno (error, tar->error, tar->out_error ? "Cannot write the image"
                                                                   : "Cannot read the archive");
      else
        g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "The archive of the new system is damaged");
    }
  archive_read_free (archive);
  /* Its padding. */
  while (good && (n = TEMP_FAILURE_RETRY (read (tar->in, tar->buffer, BUFFER))) > 0)
    good = pass_on (tar, tar->buffer, (gsize) n);
  return good;
}

gboolean
bh_debian_tar_read (int in, int out, const char *dir, GError **error)
{
  g_autofree guint8 *buffer = g_malloc (BUFFER);
  g_autoptr (GHashTable) icons = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  static const char *const folders[] = { "seed", "applications", "icons" };
  g_autofree char *seed_file = g_build_filename (dir, "seed", "seed.cpio", NULL);
  g_autoptr (BhCpio) seed = NULL;
  Tar tar = { .in = in, .out = out, .buffer = buffer, .dir = dir, .icons = icons };

  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *path = g_build_filename (dir, folders[i], NULL);

      if (!bh_paths_ensure (path, error))
        return FALSE;
    }
  if (!(seed = bh_cpio_new (seed_file, error)))
    return FALSE;
  tar.seed = seed;
  return read_all (&tar, error) && finish_seed (&tar, error);
}
