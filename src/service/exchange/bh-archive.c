/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One AppVM in one file: a tar archive, sealed when there is a passphrase (bh-sealed.h), of
 *
 *   bulkhead-appvm   a key file: which format it is, when it was made
 *   definition.vm    the AppVM's settings, as in bulkhead-vm(5)
 *
 * Should: believe nothing. The file comes from anywhere.
 * Mustn't: unpack anything: the two members are read into memory, by their exact names and as plain files
 * of a small size, each once; whatever else there is, the file is refused. Mustn't take a setting that
 * this version does not know (a later one might), nor one that is a command (BhKey.command). */
#include "config.h"

#include "bh-archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bh-error.h"
#include "bh-sealed.h"
#include "bh-text.h"

#define HEAD "bulkhead-appvm"
#define DEFINITION "definition.vm"
#define GROUP "Export"
#define FORMAT 1
#define MAX_MEMBER (256 * 1024)
#define BUFFER 65536

void
bh_archive_free (BhArchive *self)
{
  g_clear_pointer (&self->settings, g_hash_table_unref);
  g_free (self->digest);
  g_free (self);
}

static gboolean
check_file (int fd, GError **error)
{
  struct stat st;

  if (fstat (fd, &st) == 0 && S_ISREG (st.st_mode))
    return TRUE;
  g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT, "That is not a plain file");
  return FALSE;
}

/* Writing. */

typedef struct
{
  int fd;
  BhSealer *sealer;
  GError *error;
} Out;

static la_ssize_t
on_write (struct archive *archive, void *data, const void *buffer, size_t size)
{
  Out *out = data;
  const char *p = buffer;
  size_t left = size;

  if (out->sealer)
    return bh_sealer_write (out->sealer, buffer, size, &out->error) ? (la_ssize_t) size : -1;
  while (left > 0)
    {
      ssize_t n = TEMP_FAILURE_RETRY (write (out->fd, p, left));

      if (n < 0)
        {
          bh_error_set_from_errno (&out->error, errno, "Cannot write the file");
          return -1;
        }
      p += n;
      left -= (size_t) n;
    }
  return (la_ssize_t) size;
}

static gboolean
put (struct archive *archive, const char *name, const char *text, gsize size, gint64 now)
{
  struct archive_entry *entry = archive_entry_new ();
  gboolean good;

  archive_entry_set_pathname (entry, name);
  archive_entry_set_filetype (entry, AE_IFREG);
  archive_entry_set_perm (entry, 0600);
  archive_entry_set_size (entry, (la_int64_t) size);
  archive_entry_set_mtime (entry, now, 0);
  good = archive_write_header (archive, entry) == ARCHIVE_OK
         && archive_write_data (archive, text, size) == (la_ssize_t) size;
  archive_entry_free (entry);
  return good;
}

static gboolean
write_members (Out *out, const char *head, const char *definition, gint64 now)
{
  struct archive *archive = archive_write_new ();
  gboolean good = archive_write_set_format_pax_restricted (archive) == ARCHIVE_OK
                  && archive_write_open (archive, out, NULL, on_write, NULL) == ARCHIVE_OK
                  && put (archive, HEAD, head, strlen (head), now)
                  && put (archive, DEFINITION, definition, strlen (definition), now)
                  && archive_write_close (archive) == ARCHIVE_OK;

  if (!good && !out->error)
    g_set_error (&out->error, BH_ERROR, BH_ERROR_FAILED, "Cannot write the file: %s",
                 archive_error_string (archive));
  archive_write_free (archive);
  return good;
}

/* The definition: only what is said, and nothing that is only good here. */
static char *
make_definition (BhVmConfig *config, GPtrArray *left_out)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  gsize n;
  const BhKey *keys = bh_keys (&n);

  for (gsize i = 0; i < n; i++)
    {
      const char *value = bh_vm_config_get (config, keys[i].name);

      if (g_strcmp0 (value, keys[i].fallback) == 0)
        continue;
      if (keys[i].command)
        g_ptr_array_add (left_out, g_strdup (keys[i].name));
      else
        g_key_file_set_string (file, "AppVM", keys[i].name, value);
    }
  return g_key_file_to_data (file, NULL, NULL);
}

gboolean
bh_archive_write (int fd, BhVmConfig *config, GBytes *passphrase, char ***left_out, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (BhSealer) sealer = NULL;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  g_autofree char *head = NULL, *definition = NULL;
  Out out = { .fd = fd };

  if (!check_file (fd, error))
    return FALSE;
  g_key_file_set_integer (file, GROUP, "Format", FORMAT);
  g_key_file_set_int64 (file, GROUP, "Made", now);
  g_key_file_set_string (file, GROUP, "Bulkhead", BH_VERSION);
  head = g_key_file_to_data (file, NULL, NULL);
  definition = make_definition (config, names);
  if (passphrase && !(sealer = bh_sealer_new (fd, passphrase, error)))
    return FALSE;
  out.sealer = sealer;
  if (!write_members (&out, head, definition, now))
    {
      g_propagate_error (error, out.error);
      return FALSE;
    }
  if (sealer && !bh_sealer_finish (sealer, error))
    return FALSE;
  if (fsync (fd) != 0)
    {
      bh_error_set_from_errno (error, errno, "Cannot write the file");
      return FALSE;
    }
  g_ptr_array_add (names, NULL);
  *left_out = (char **) g_ptr_array_steal (names, NULL);
  return TRUE;
}

/* Reading. */

typedef struct
{
  int fd;
  BhOpener *opener;
  guint8 *buffer;
  GError *error;
} In;

static la_ssize_t
on_read (struct archive *archive, void *data, const void **buffer)
{
  In *in = data;
  const guint8 *chunk = in->buffer;
  gssize n;

  if (in->opener)
    n = bh_opener_read (in->opener, &chunk, in->error ? NULL : &in->error);
  else
    n = TEMP_FAILURE_RETRY (read (in->fd, in->buffer, BUFFER));
  if (n < 0 && !in->error)
    bh_error_set_from_errno (&in->error, errno, "Cannot read the file");
  *buffer = chunk;
  return n;
}

static gboolean
refuse (GError **error, const char *what)
{
  g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
               "This is not an AppVM that Bulkhead has exported: %s. Nothing was imported.", what);
  return FALSE;
}

static gboolean
read_member (struct archive *archive, struct archive_entry *entry, GHashTable *members,
             GError **error)
{
  const char *name = archive_entry_pathname (entry);
  const char *known = g_strcmp0 (name, HEAD) == 0         ? HEAD
                      : g_strcmp0 (name, DEFINITION) == 0 ? DEFINITION
                                                          : NULL;
  la_int64_t size = archive_entry_size (entry);
  g_autofree char *text = NULL;

  if (!known)
    {
      g_autofree char *shown = bh_text_clean (name ? name : "", name ? strlen (name) : 0, 80);
      g_autofree char *what = g_strdup_printf ("“%s” is in it", shown);

      return refuse (error, what);
    }
  if (archive_entry_filetype (entry) != AE_IFREG || archive_entry_hardlink (entry)
      || archive_entry_symlink (entry))
    return refuse (error, "something in it is no plain file");
  if (g_hash_table_contains (members, known))
    return refuse (error, "something is in it twice");
  if (!archive_entry_size_is_set (entry) || size < 0 || size > MAX_MEMBER)
    return refuse (error, "something in it is too large");
  text = g_malloc ((gsize) size + 1);
  if (archive_read_data (archive, text, (size_t) size) != size)
    return refuse (error, "it is damaged, or was cut off");
  text[size] = '\0';
  g_hash_table_insert (members, (gpointer) known, g_bytes_new_take (g_steal_pointer (&text), size));
  return TRUE;
}

/* name → GBytes */
static GHashTable *
read_members (In *in, GError **error)
{
  g_autoptr (GHashTable) members =
      g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_bytes_unref);
  struct archive *archive = archive_read_new ();
  struct archive_entry *entry;
  gboolean good;
  int status;

  /* One format and no filters: the less of libarchive reads what may be hostile. */
  archive_read_support_format_tar (archive);
  status = archive_read_open (archive, in, NULL, on_read, NULL);
  good = status == ARCHIVE_OK;
  while (good && (status = archive_read_next_header (archive, &entry)) == ARCHIVE_OK)
    good = read_member (archive, entry, members, error);
  if (good && status != ARCHIVE_EOF)
    good = FALSE;
  archive_read_free (archive);
  if (in->error)
    {
      g_clear_error (error);
      g_propagate_error (error, g_steal_pointer (&in->error));
      return NULL;
    }
  if (!good && (!error || !*error))
    refuse (error, "it is no such file, is damaged, or was cut off");
  else if (good && g_hash_table_size (members) != 2)
    good = refuse (error, "its definition is missing");
  return good ? g_steal_pointer (&members) : NULL;
}

static gboolean
read_head (GBytes *bytes, gint64 *made, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  int format;

  if (!g_key_file_load_from_bytes (file, bytes, G_KEY_FILE_NONE, NULL))
    return refuse (error, "it does not say what it is");
  format = g_key_file_get_integer (file, GROUP, "Format", NULL);
  *made = g_key_file_get_int64 (file, GROUP, "Made", NULL);
  if (format > FORMAT)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                   "A newer Bulkhead has made this file. Update Bulkhead to import it.");
      return FALSE;
    }
  return format == FORMAT || refuse (error, "it does not say what it is");
}

static gboolean
read_definition (BhArchive *self, GBytes *bytes, GError **error)
{
  gsize size, n;
  const char *text = g_bytes_get_data (bytes, &size);
  g_autoptr (BhVmConfig) config = bh_vm_config_parse (DEFINITION, "import", text, size);
  const char *const *problems = bh_vm_config_get_problems (config);
  const BhKey *keys = bh_keys (&n);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  if (problems[0])
    {
      g_set_error (error, BH_ERROR, BH_ERROR_BAD_KEY_FILE, "%s. Nothing was imported.",
                   problems[0]);
      return FALSE;
    }
  self->settings = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (gsize i = 0; i < n; i++)
    {
      const char *value = bh_vm_config_get (config, keys[i].name);

      if (!bh_vm_config_has (config, keys[i].name))
        continue;
      if (keys[i].command && g_strcmp0 (value, keys[i].fallback) != 0)
        {
          g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                       "The file sets %s, which would have this computer do something, and so may "
                       "not come from elsewhere. Nothing was imported.",
                       keys[i].name);
          return FALSE;
        }
      g_hash_table_insert (self->settings, g_strdup (keys[i].name), g_strdup (value));
      /* With their NUL: no two lists of settings look the same. */
      g_checksum_update (checksum, (const guchar *) keys[i].name, (gssize) strlen (keys[i].name) + 1);
      g_checksum_update (checksum, (const guchar *) value, (gssize) strlen (value) + 1);
    }
  self->digest = g_strdup (g_checksum_get_string (checksum));
  return TRUE;
}

BhArchive *
bh_archive_read (int fd, GBytes *passphrase, GError **error)
{
  g_autoptr (BhArchive) self = g_new0 (BhArchive, 1);
  g_autoptr (BhOpener) opener = NULL;
  g_autoptr (GHashTable) members = NULL;
  g_autofree guint8 *buffer = g_malloc (BUFFER);
  g_autoptr (GError) failed = NULL;
  In in = { .fd = fd, .buffer = buffer };

  if (!check_file (fd, error))
    return NULL;
  lseek (fd, 0, SEEK_SET);
  self->sealed = bh_sealed_is (fd);
  if (self->sealed && !passphrase)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                   "The file is sealed with a passphrase, and none was given");
      return NULL;
    }
  if (self->sealed && !(opener = bh_opener_new (fd, passphrase, error)))
    return NULL;
  in.opener = opener;
  members = read_members (&in, &failed);
  if (!members || !read_head (g_hash_table_lookup (members, HEAD), &self->made, &failed)
      || !read_definition (self, g_hash_table_lookup (members, DEFINITION), &failed))
    {
      g_propagate_error (error, g_steal_pointer (&failed));
      return NULL;
    }
  return g_steal_pointer (&self);
}
