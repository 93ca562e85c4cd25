/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Writing an AppVM into a file; what is in it: bh-archive.c. */
#include "config.h"

#include "bh-archive-private.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bh-error.h"
#include "bh-sealed.h"

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

  /* libarchive may try once more at its end. */
  if (out->error)
    return -1;
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
put (struct archive *archive, const char *name, const void *bytes, gsize size, gint64 now)
{
  struct archive_entry *entry = archive_entry_new ();
  gboolean good;

  archive_entry_set_pathname (entry, name);
  archive_entry_set_filetype (entry, AE_IFREG);
  archive_entry_set_perm (entry, 0600);
  archive_entry_set_size (entry, (la_int64_t) size);
  archive_entry_set_mtime (entry, now, 0);
  good = archive_write_header (archive, entry) == ARCHIVE_OK
         && archive_write_data (archive, bytes, size) == (la_ssize_t) size;
  archive_entry_free (entry);
  return good;
}

static gboolean
put_home (Out *out, struct archive *archive, const BhArchiveSource *home, gint64 now)
{
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr (GKeyFile) end = g_key_file_new ();
  g_autofree char *text = NULL;
  const guint8 *piece;
  guint64 offset, pieces = 0;
  gsize n;

  while (home->next (&offset, &piece, &n, home->data, &out->error))
    {
      g_autofree char *name = g_strdup_printf (BH_ARCHIVE_PIECE "%016" G_GINT64_MODIFIER "x", offset);

      if (n == 0)
        {
          g_key_file_set_uint64 (end, BH_ARCHIVE_HOME_GROUP, "Pieces", pieces);
          g_key_file_set_string (end, BH_ARCHIVE_HOME_GROUP, "Sha256", g_checksum_get_string (sum));
          text = g_key_file_to_data (end, NULL, NULL);
          return put (archive, BH_ARCHIVE_HOME_END, text, strlen (text), now);
        }
      bh_archive_sum (sum, offset, piece, n);
      pieces++;
      if (!put (archive, name, piece, n, now))
        return FALSE;
    }
  return FALSE;
}

static gboolean
write_members (Out *out, const char *head, const char *definition, const BhArchiveSource *home,
               gint64 now)
{
  struct archive *archive = archive_write_new ();
  gboolean good = archive_write_set_format_pax_restricted (archive) == ARCHIVE_OK
                  && archive_write_open (archive, out, NULL, on_write, NULL) == ARCHIVE_OK
                  && put (archive, BH_ARCHIVE_HEAD, head, strlen (head), now)
                  && put (archive, BH_ARCHIVE_DEFINITION, definition, strlen (definition), now)
                  && (!home || put_home (out, archive, home, now))
                  && archive_write_close (archive) == ARCHIVE_OK;

  if (!good && !out->error)
    g_set_error (&out->error, BH_ERROR, BH_ERROR_FAILED, "Cannot write the file: %s",
                 archive_error_string (archive));
  /* What is missing is not to look like an end. */
  if (!good)
    archive_write_fail (archive);
  archive_write_free (archive);
  return good;
}

static char *
make_head (const BhArchiveSource *home, gint64 now)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();

  g_key_file_set_integer (file, BH_ARCHIVE_GROUP, "Format",
                          home ? BH_ARCHIVE_FORMAT_HOME : BH_ARCHIVE_FORMAT);
  g_key_file_set_int64 (file, BH_ARCHIVE_GROUP, "Made", now);
  g_key_file_set_string (file, BH_ARCHIVE_GROUP, "Bulkhead", BH_VERSION);
  if (home)
    {
      g_key_file_set_uint64 (file, BH_ARCHIVE_HOME_GROUP, "Size", home->size);
      g_key_file_set_uint64 (file, BH_ARCHIVE_HOME_GROUP, "Used", home->used);
    }
  return g_key_file_to_data (file, NULL, NULL);
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
bh_archive_write (int fd, BhVmConfig *config, GBytes *passphrase, const BhArchiveSource *home,
                  char ***left_out, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (BhSealer) sealer = NULL;
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  g_autofree char *head = make_head (home, now);
  g_autofree char *definition = make_definition (config, names);
  Out out = { .fd = fd };

  if (!bh_archive_check_file (fd, error)
      || (passphrase && !(sealer = bh_sealer_new (fd, passphrase, error))))
    return FALSE;
  out.sealer = sealer;
  if (!write_members (&out, head, definition, home, now))
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
