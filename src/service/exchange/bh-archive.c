/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One AppVM in one file: a tar archive, sealed when there is a passphrase (bh-sealed.h), of
 *
 *   bulkhead-appvm   a key file: which format it is, when it was made; how large the home's disk is, and how much
 *                    of it the pieces have
 *   definition.vm    the AppVM's settings, as in bulkhead-vm(5)
 *   home/OFFSET      when its home is in it: what that disk has there, decrypted; 512 bytes to 1 MiB each, in
 *                    their order; what no piece has is zero
 *   home-end         a key file: how many those are, and a sum of them all
 *
 * Should: believe nothing. The file comes from anywhere.
 * Mustn't: unpack anything: the small members are read into memory, by their exact names and as plain
 * files, each once and in this order; whatever else there is, the file is refused. Pieces of a home go to who
 * makes a new disk of them: no image of a disk is taken as it is, and none of its formats read.
 * Mustn't take a setting that this version does not know (a later one might), nor one that is a
 * command (BhKey.command). */
#include "config.h"

#include "bh-archive-private.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bh-error.h"
#include "bh-sealed.h"
#include "bh-text.h"

#define MAX_MEMBER (256 * 1024)
#define MIN_HOME (G_GUINT64_CONSTANT (1) << 20)
#define SECTOR 512
#define OFFSET_DIGITS 16
#define BUFFER 65536

void
bh_archive_free (BhArchive *self)
{
  g_clear_pointer (&self->settings, g_hash_table_unref);
  g_free (self->digest);
  g_free (self);
}

gboolean
bh_archive_check_file (int fd, GError **error)
{
  struct stat st;

  if (fstat (fd, &st) == 0 && S_ISREG (st.st_mode))
    return TRUE;
  g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT, "That is not a plain file");
  return FALSE;
}

void
bh_archive_sum (GChecksum *sum, guint64 offset, const guint8 *piece, gsize size)
{
  guint64 where[] = { GUINT64_TO_LE (offset), GUINT64_TO_LE ((guint64) size) };

  g_checksum_update (sum, (const guchar *) where, sizeof where);
  g_checksum_update (sum, piece, (gssize) size);
}

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

typedef struct
{
  struct archive *archive;
  BhArchive *self;
  const BhArchiveSink *sink; /* NULL: the home is left where it is */
  gboolean has_head, has_definition, ended;
  guint64 at, pieces; /* where the next piece may be; how many there were */
  GChecksum *sum;
  guint8 *piece;
} Reader;

static gboolean
read_head (Reader *reader, const char *text, gsize size, GError **error)
{
  BhArchive *self = reader->self;
  g_autoptr (GKeyFile) file = g_key_file_new ();
  guint64 max = (guint64) bh_keys_find ("HomeSize")->max << 20;
  int format;

  if (!g_key_file_load_from_data (file, text, size, G_KEY_FILE_NONE, NULL))
    return refuse (error, "it does not say what it is");
  format = g_key_file_get_integer (file, BH_ARCHIVE_GROUP, "Format", NULL);
  self->made = g_key_file_get_int64 (file, BH_ARCHIVE_GROUP, "Made", NULL);
  if (format > BH_ARCHIVE_FORMAT_HOME)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                   "A newer Bulkhead has made this file. Update Bulkhead to import it.");
      return FALSE;
    }
  if (format < BH_ARCHIVE_FORMAT)
    return refuse (error, "it does not say what it is");
  if (format == BH_ARCHIVE_FORMAT_HOME)
    {
      self->home_size = g_key_file_get_uint64 (file, BH_ARCHIVE_HOME_GROUP, "Size", NULL);
      self->home_used = g_key_file_get_uint64 (file, BH_ARCHIVE_HOME_GROUP, "Used", NULL);
      if (self->home_size < MIN_HOME || self->home_size > max || self->home_size % SECTOR != 0
          || self->home_used > self->home_size)
        return refuse (error, "the size of its home is not one");
    }
  reader->has_head = TRUE;
  return TRUE;
}

static gboolean
read_definition (Reader *reader, const char *text, gsize size, GError **error)
{
  BhArchive *self = reader->self;
  gsize n;
  g_autoptr (BhVmConfig) config = bh_vm_config_parse (BH_ARCHIVE_DEFINITION, "import", text, size);
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
  if (self->home_size > 0)
    {
      g_autofree char *home = g_strdup_printf ("%" G_GUINT64_FORMAT, self->home_size);

      if (!g_str_equal (bh_vm_config_get (config, "Home"), "disk"))
        return refuse (error, "a home is in it, and its settings have no disk for one");
      g_checksum_update (checksum, (const guchar *) home, -1);
    }
  self->digest = g_strdup (g_checksum_get_string (checksum));
  reader->has_definition = TRUE;
  return !reader->sink || reader->sink->begin (self, reader->sink->data, error);
}

static gboolean
parse_offset (const char *digits, guint64 *offset)
{
  if (strlen (digits) != OFFSET_DIGITS || strspn (digits, "0123456789abcdef") != OFFSET_DIGITS)
    return FALSE;
  *offset = g_ascii_strtoull (digits, NULL, 16);
  return TRUE;
}

static gboolean
read_piece (Reader *reader, const char *digits, gsize size, GError **error)
{
  guint64 offset, end = reader->self->home_size;

  if (!parse_offset (digits, &offset) || size == 0 || size > BH_ARCHIVE_PIECE_MAX
      || offset % SECTOR != 0 || size % SECTOR != 0 || offset < reader->at || offset > end
      || size > end - offset)
    return refuse (error, "a piece of its home has no place there");
  if (archive_read_data (reader->archive, reader->piece, size) != (la_ssize_t) size)
    return refuse (error, "it is damaged, or was cut off");
  reader->at = offset + size;
  reader->pieces++;
  bh_archive_sum (reader->sum, offset, reader->piece, size);
  return reader->sink->piece (offset, reader->piece, size, reader->sink->data, error);
}

static gboolean
read_home_end (Reader *reader, const char *text, gsize size, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *sum = NULL;

  if (g_key_file_load_from_data (file, text, size, G_KEY_FILE_NONE, NULL))
    sum = g_key_file_get_string (file, BH_ARCHIVE_HOME_GROUP, "Sha256", NULL);
  if (g_key_file_get_uint64 (file, BH_ARCHIVE_HOME_GROUP, "Pieces", NULL) != reader->pieces
      || g_strcmp0 (sum, g_checksum_get_string (reader->sum)) != 0)
    return refuse (error, "its home is damaged");
  reader->ended = TRUE;
  return TRUE;
}

static gboolean
refuse_name (const char *name, GError **error)
{
  g_autofree char *shown = bh_text_clean (name ? name : "", name ? strlen (name) : 0, 80);
  g_autofree char *what = g_strdup_printf ("“%s” is in it, or is not where it has to be", shown);

  return refuse (error, what);
}

/* The next one, which can be one only. */
static gboolean
read_member (Reader *reader, struct archive_entry *entry, GError **error)
{
  const char *name = archive_entry_pathname (entry);
  la_int64_t size = archive_entry_size (entry);
  gboolean (*take) (Reader *reader, const char *text, gsize size, GError **error) = NULL;
  g_autofree char *text = NULL;
  gboolean in_home = reader->has_definition && reader->self->home_size > 0 && !reader->ended;

  if (archive_entry_filetype (entry) != AE_IFREG || archive_entry_hardlink (entry)
      || archive_entry_symlink (entry))
    return refuse (error, "something in it is no plain file");
  if (!archive_entry_size_is_set (entry) || size < 0)
    return refuse (error, "something in it is too large");
  if (in_home && name && g_str_has_prefix (name, BH_ARCHIVE_PIECE))
    return read_piece (reader, name + strlen (BH_ARCHIVE_PIECE), (gsize) size, error);
  if (!reader->has_head && g_strcmp0 (name, BH_ARCHIVE_HEAD) == 0)
    take = read_head;
  else if (reader->has_head && !reader->has_definition
           && g_strcmp0 (name, BH_ARCHIVE_DEFINITION) == 0)
    take = read_definition;
  else if (in_home && g_strcmp0 (name, BH_ARCHIVE_HOME_END) == 0)
    take = read_home_end;
  else
    return refuse_name (name, error);
  if (size > MAX_MEMBER)
    return refuse (error, "something in it is too large");
  text = g_malloc ((gsize) size + 1);
  if (archive_read_data (reader->archive, text, (size_t) size) != size)
    return refuse (error, "it is damaged, or was cut off");
  text[size] = '\0';
  return take (reader, text, (gsize) size, error);
}

/* All that is wanted; @error tells what is not right. */
static void
read_members (Reader *reader, In *in, GError **error)
{
  struct archive_entry *entry;
  gboolean good, enough = FALSE;
  int status;

  /* One format and no filters: the less of libarchive reads what may be hostile. */
  archive_read_support_format_tar (reader->archive);
  status = archive_read_open (reader->archive, in, NULL, on_read, NULL);
  good = status == ARCHIVE_OK;
  while (good && !enough
         && (status = archive_read_next_header (reader->archive, &entry)) == ARCHIVE_OK)
    {
      good = read_member (reader, entry, error);
      enough = reader->has_definition && reader->self->home_size > 0 && !reader->sink;
    }
  if (*error)
    return;
  if (!good || (!enough && status != ARCHIVE_EOF))
    refuse (error, "it is no such file, is damaged, or was cut off");
  else if (!reader->has_definition)
    refuse (error, "its definition is missing");
  else if (!enough && reader->self->home_size > 0 && !reader->ended)
    refuse (error, "its home is missing, or was cut off");
}

static gboolean
read_all (BhArchive *self, In *in, const BhArchiveSink *sink, GError **error)
{
  g_autoptr (GError) failed = NULL;
  g_autofree guint8 *piece = sink ? g_malloc (BH_ARCHIVE_PIECE_MAX) : NULL;
  Reader reader = { .archive = archive_read_new (),
                    .self = self,
                    .sink = sink,
                    .sum = g_checksum_new (G_CHECKSUM_SHA256),
                    .piece = piece };

  read_members (&reader, in, &failed);
  archive_read_free (reader.archive);
  g_checksum_free (reader.sum);
  /* That it could not be read tells more than what was made of the rest. */
  if (in->error)
    g_propagate_error (error, g_steal_pointer (&in->error));
  else if (failed)
    g_propagate_error (error, g_steal_pointer (&failed));
  else
    return TRUE;
  return FALSE;
}

BhArchive *
bh_archive_read (int fd, GBytes *passphrase, const BhArchiveSink *sink, GError **error)
{
  g_autoptr (BhArchive) self = g_new0 (BhArchive, 1);
  g_autoptr (BhOpener) opener = NULL;
  g_autofree guint8 *buffer = g_malloc (BUFFER);
  In in = { .fd = fd, .buffer = buffer };

  if (!bh_archive_check_file (fd, error))
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
  return read_all (self, &in, sink, error) ? g_steal_pointer (&self) : NULL;
}
