/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The uncompressed kernel inside a kernel image. Unpacking it once here instead of in each guest
 * saves three seconds of every emulated start with an xz image. */
#include "config.h"

#include "bh-vmlinux.h"

#include <archive.h>
#include <elf.h>
#include <string.h>

#include "bh-error.h"

#define MAX_VMLINUX (512u << 20)
/* Offsets in the setup header (boot.rst). */
#define SETUP_SECTS 0x1f1
#define HEADER_MAGIC 0x202
#define HEADER_VERSION 0x206
#define PAYLOAD_OFFSET 0x248
#define PAYLOAD_LENGTH 0x24c
/* xen/include/public/elfnote.h */
#define XEN_ELFNOTE_PHYS32_ENTRY 18

static guint32
get_u32 (const guchar *p)
{
  guint32 v;

  memcpy (&v, p, sizeof v);
  return GUINT32_FROM_LE (v);
}

static gboolean
bad_image (const char *image, const char *why, GError **error)
{
  g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "%s is not a kernel that can be used: %s", image,
               why);
  return FALSE;
}

static gboolean
find_payload (const char *image, const guchar *data, gsize size, const guchar **payload,
              gsize *length, GError **error)
{
  guint64 start, n;

  if (size < 0x260 || memcmp (data + HEADER_MAGIC, "HdrS", 4) != 0)
    return bad_image (image, "no Linux header", error);
  if (data[HEADER_VERSION] + data[HEADER_VERSION + 1] * 256 < 0x0208)
    return bad_image (image, "it is too old", error);
  start = (data[SETUP_SECTS] ? data[SETUP_SECTS] : 4) * 512 + 512;
  start += get_u32 (data + PAYLOAD_OFFSET);
  n = get_u32 (data + PAYLOAD_LENGTH);
  if (start + n > size || n < 16)
    return bad_image (image, "it is cut short", error);
  *payload = data + start;
  *length = n;
  return TRUE;
}

static gboolean
is_known_packing (const guchar *payload)
{
  static const char magics[][5] = { "\x1f\x8b",
                                    "\xfd"
                                    "7zX",
                                    "]\0\0",
                                    "BZh",
                                    "\x02\x21\x4c\x18",
                                    "\x28\xb5\x2f\xfd" };
  static const gsize lengths[] = { 2, 4, 3, 3, 4, 4 };

  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    if (memcmp (payload, magics[i], lengths[i]) == 0)
      return TRUE;
  return FALSE;
}

static struct archive *
open_payload (const char *image, const guchar *payload, gsize length, GError **error)
{
  struct archive *archive = archive_read_new ();
  struct archive_entry *entry;

  /* ARCHIVE_WARN would mean that libarchive wants to run a program for it. */
  if (archive_read_support_format_raw (archive) == ARCHIVE_OK
      && archive_read_support_filter_gzip (archive) == ARCHIVE_OK
      && archive_read_support_filter_xz (archive) == ARCHIVE_OK
      && archive_read_support_filter_lzma (archive) == ARCHIVE_OK
      && archive_read_support_filter_bzip2 (archive) == ARCHIVE_OK
      && archive_read_support_filter_lz4 (archive) == ARCHIVE_OK
      && archive_read_support_filter_zstd (archive) == ARCHIVE_OK
      && archive_read_open_memory (archive, payload, length) == ARCHIVE_OK
      && archive_read_next_header (archive, &entry) == ARCHIVE_OK
      && archive_filter_count (archive) > 1)
    return archive;
  if (is_known_packing (payload))
    bad_image (image, archive_error_string (archive), error);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "%s is packed in an unknown way",
                 image);
  archive_read_free (archive);
  return NULL;
}

static gboolean
unpack (struct archive *archive, const char *image, BhCacheFile *file, gint64 expected,
        GCancellable *cancellable, GError **error)
{
  guint64 total = 0;

  for (;;)
    {
      const void *block;
      size_t size;
      la_int64_t offset;
      int result = archive_read_data_block (archive, &block, &size, &offset);

      if (result == ARCHIVE_EOF)
        break;
      if (result != ARCHIVE_OK)
        return bad_image (image, archive_error_string (archive), error);
      total += size;
      if (total > MAX_VMLINUX)
        return bad_image (image, "it is too big", error);
      if (g_cancellable_set_error_if_cancelled (cancellable, error)
          || !bh_cache_file_write (file, block, size, error))
        return FALSE;
    }
  if (expected >= 0 && total != (guint64) expected)
    return bad_image (image, "it is cut short", error);
  return TRUE;
}

/* Whether one of the notes in [@p, @p + @size) is the PVH entry point. */
static gboolean
notes_have_pvh (const guchar *p, gsize size)
{
  while (size >= 12)
    {
      guint64 name = get_u32 (p), desc = get_u32 (p + 4), n;

      n = 12 + ((name + 3) & ~3ull) + ((desc + 3) & ~3ull);
      if (n > size)
        return FALSE;
      if (get_u32 (p + 8) == XEN_ELFNOTE_PHYS32_ENTRY && name == 4
          && memcmp (p + 12, "Xen", 4) == 0)
        return TRUE;
      p += n;
      size -= n;
    }
  return FALSE;
}

static gboolean
check_elf (const char *image, const char *path, GError **error)
{
  g_autoptr (GMappedFile) map = g_mapped_file_new (path, FALSE, error);
  const guchar *data;
  gsize size;
  Elf64_Ehdr header;

  if (map == NULL)
    return FALSE;
  data = (const guchar *) g_mapped_file_get_contents (map);
  size = g_mapped_file_get_length (map);
  if (size < sizeof header)
    return bad_image (image, "it holds no ELF kernel", error);
  memcpy (&header, data, sizeof header);
  if (memcmp (header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64
      || header.e_machine != EM_X86_64 || header.e_phentsize != sizeof (Elf64_Phdr))
    return bad_image (image, "it holds no kernel for 64-bit PCs", error);
  for (guint i = 0; i < header.e_phnum; i++)
    {
      Elf64_Phdr segment;

      if (header.e_phoff > size || size - header.e_phoff < (i + 1) * sizeof segment)
        return bad_image (image, "its ELF kernel is cut short", error);
      memcpy (&segment, data + header.e_phoff + i * sizeof segment, sizeof segment);
      if (segment.p_filesz > size || segment.p_offset > size - segment.p_filesz)
        return bad_image (image, "its ELF kernel is cut short", error);
      if (segment.p_type == PT_NOTE && notes_have_pvh (data + segment.p_offset, segment.p_filesz))
        return TRUE;
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, "%s has no PVH entry", image);
  return FALSE;
}

/* What to write: the payload unpacked, or the whole of an image that is an ELF kernel already. */
static gboolean
write_kernel (const char *image, const guchar *data, gsize size, BhCacheFile *file,
              GCancellable *cancellable, GError **error)
{
  const guchar *payload = NULL;
  gsize length = 0;
  gint64 expected = -1;
  struct archive *archive;
  gboolean ok;

  if (size > SELFMAG && memcmp (data, ELFMAG, SELFMAG) == 0)
    return bh_cache_file_write (file, data, size, error);
  if (!find_payload (image, data, size, &payload, &length, error))
    return FALSE;
  /* All but gzip streams are followed by the unpacked size (scripts/Makefile.lib, size_append). */
  if (!(payload[0] == 0x1f && payload[1] == 0x8b))
    {
      length -= 4;
      expected = get_u32 (payload + length);
    }
  archive = open_payload (image, payload, length, error);
  if (archive == NULL)
    return FALSE;
  ok = unpack (archive, image, file, expected, cancellable, error);
  archive_read_free (archive);
  return ok;
}

gboolean
bh_vmlinux_extract (const char *image, const char *path, GCancellable *cancellable, GError **error)
{
  g_autoptr (GMappedFile) map = g_mapped_file_new (image, FALSE, error);
  g_autoptr (BhCacheFile) file = NULL;

  if (map == NULL)
    return FALSE;
  if (g_mapped_file_get_length (map) > MAX_VMLINUX)
    return bad_image (image, "it is too big", error);
  file = bh_cache_file_new (path, error);
  if (file == NULL)
    return FALSE;
  if (!write_kernel (image, (const guchar *) g_mapped_file_get_contents (map),
                     g_mapped_file_get_length (map), file, cancellable, error)
      || !check_elf (image, bh_cache_file_get_temporary (file), error))
    return FALSE;
  return bh_cache_file_commit (file, error);
}
