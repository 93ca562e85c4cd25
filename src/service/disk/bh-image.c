/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is known of a disk image from its own first words.
 *
 * Should: say why an image cannot be used, before anything else of this computer looks at it. Mustn't: follow a
 * name in it, write to it, or read more of it than its tables.
 *
 * Formats: QEMU's docs/interop/qcow2.txt; for the disk in it UEFI 2.10, chapter 5. */
#include "config.h"

#include "bh-image.h"

#include "bh-error.h"
#include "bh-text.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512
#define MAX_SIZE (G_GUINT64_CONSTANT (1) << 43) /* 8 TiB */
#define QCOW2_MAGIC 0x514649fbu
#define MAX_L1_BYTES (32u << 20) /* as QEMU has it */
/* Of all tables of the second level so much is looked at. */
#define MAX_L2_BYTES (G_GUINT64_CONSTANT (64) << 20)
#define OFFSET_BITS G_GUINT64_CONSTANT (0x00fffffffffffe00)
#define COMPRESSED (G_GUINT64_CONSTANT (1) << 62)
/* Incompatible features: dirty, corrupt, data in another file, compression, extended entries. */
#define CORRUPT (1u << 1)
#define ELSEWHERE (1u << 2)
#define EXTENDED (1u << 4)
#define KNOWN 0x1fu
#define GPT_ENTRIES 128
#define refuse(image, error, ...)                                                                  \
  bh_error_refuse (error, BH_ERROR_INVALID_ARGUMENT, "disk image", (image)->name, __VA_ARGS__)

typedef struct
{
  int fd;
  const char *name;
  guint64 file_size;
  guint64 size;
  /* qcow2; 0: raw */
  guint cluster_bits;
  guint entry_bytes; /* of a table of the second level */
  guint64 l1_offset;
  guint32 l1_entries;
} Image;

static guint64
number (const guint8 *from, guint bytes)
{
  guint64 value = 0;

  for (guint i = 0; i < bytes; i++)
    value = value << 8 | from[i];
  return value;
}

static gboolean
read_at (const Image *image, guint64 offset, void *to, gsize size)
{
  return offset <= image->file_size && size <= image->file_size - offset
         && pread (image->fd, to, size, (off_t) offset) == (gssize) size;
}

/* qcow2. */

static gboolean
refuse_backing (const Image *image, const guint8 *header, GError **error)
{
  guint64 offset = number (header + 8, 8), length = number (header + 16, 4);
  char name[1024];
  g_autofree char *shown = NULL;

  if (length > 0 && length < sizeof name && read_at (image, offset, name, length))
    shown = bh_text_clean (name, length, 120);
  return refuse (image, error,
                 "is only a part: it names another file (“%s”) that the rest is in, and no name in an image is "
                 "followed. Make one of both with “qemu-img convert -O qcow2 IMAGE NEW”, if you trust it.",
                 shown ? shown : "?");
}

static gboolean
refuse_cut (const Image *image, GError **error)
{
  return refuse (image, error, "is cut off: it is shorter than it says. Was it copied to its end?");
}

/* No entry leads beyond the end. */
static gboolean
check_table (const Image *image, const guint8 *table, gsize bytes)
{
  guint64 cluster = G_GUINT64_CONSTANT (1) << image->cluster_bits;

  for (gsize at = 0; at < bytes; at += image->entry_bytes)
    {
      guint64 entry = number (table + at, 8), offset = entry & OFFSET_BITS;

      if (entry & COMPRESSED)
        offset = entry & ((G_GUINT64_CONSTANT (1) << (62 - (image->cluster_bits - 8))) - 1);
      /* QEMU leaves out zeros at the end of the file. */
      if (offset >= image->file_size + cluster)
        return FALSE;
    }
  return TRUE;
}

static gboolean
check_tables (const Image *image, GError **error)
{
  gsize l1_bytes = (gsize) image->l1_entries * 8, l2_bytes = (gsize) 1 << image->cluster_bits;
  g_autofree guint8 *l1 = g_malloc (l1_bytes);
  g_autofree guint8 *l2 = g_malloc (l2_bytes);
  guint64 looked = 0;

  if (!read_at (image, image->l1_offset, l1, l1_bytes))
    return refuse_cut (image, error);
  for (guint32 i = 0; i < image->l1_entries && looked < MAX_L2_BYTES; i++)
    {
      guint64 offset = number (l1 + (gsize) i * 8, 8) & OFFSET_BITS;

      if (offset == 0)
        continue;
      if (!read_at (image, offset, l2, l2_bytes) || !check_table (image, l2, l2_bytes))
        return refuse_cut (image, error);
      looked += l2_bytes;
    }
  return TRUE;
}

static gboolean
read_qcow2 (Image *image, const guint8 *header, GError **error)
{
  guint64 version = number (header + 4, 4), features = 0, refcounts = number (header + 48, 8);
  guint64 l1_bytes = number (header + 36, 4) * 8, bits = number (header + 20, 4);

  if (version != 2 && version != 3)
    return refuse (image, error,
                   "is of version %u of qcow, and those from 2 to 3 can be used. Convert it with qemu-img.",
                   (guint) version);
  if (version == 3)
    features = number (header + 72, 8);
  if (number (header + 8, 8) != 0)
    return refuse_backing (image, header, error);
  if (features & ELSEWHERE)
    return refuse (image, error,
                   "has its data in another file, and no name in an image is followed. Convert it with "
                   "“qemu-img convert -O qcow2 IMAGE NEW”, if you trust it.");
  if (features & CORRUPT)
    return refuse (image, error, "is damaged: QEMU has marked it as such. See “qemu-img check”.");
  if (features & ~(guint64) KNOWN)
    return refuse (image, error, "needs features of qcow2 that this version does not know");
  if (number (header + 32, 4) != 0)
    return refuse (image, error,
                   "is encrypted. Decrypt it with qemu-img, or encrypt the file system in it instead.");
  if (bits < 9 || bits > 21)
    return refuse (image, error, "is damaged: its clusters have a size that none has");
  image->cluster_bits = (guint) bits;
  image->entry_bytes = features & EXTENDED ? 16 : 8;
  image->size = number (header + 24, 8);
  image->l1_offset = number (header + 40, 8);
  image->l1_entries = (guint32) (l1_bytes / 8);
  if (l1_bytes > MAX_L1_BYTES)
    return refuse (image, error, "is damaged: its table is larger than any");
  if (image->l1_offset > image->file_size || l1_bytes > image->file_size - image->l1_offset
      || refcounts >= image->file_size)
    return refuse_cut (image, error);
  return check_tables (image, error);
}

/* What is in it. */

/* Bytes of the disk; FALSE also where that would take more than looking: they are compressed. Within one cluster. */
static gboolean
read_disk (const Image *image, guint64 offset, void *to, gsize size)
{
  guint per_table_bits, within_bits = image->cluster_bits;
  guint8 entry[8];
  guint64 l1, l2, table;

  if (within_bits == 0)
    return read_at (image, offset, to, size);
  per_table_bits = within_bits - (image->entry_bytes == 16 ? 4 : 3);
  l1 = offset >> (within_bits + per_table_bits);
  l2 = (offset >> within_bits) & ((G_GUINT64_CONSTANT (1) << per_table_bits) - 1);
  memset (to, 0, size);
  if (l1 >= image->l1_entries || !read_at (image, image->l1_offset + l1 * 8, entry, sizeof entry))
    return FALSE;
  table = number (entry, 8) & OFFSET_BITS;
  if (table == 0)
    return TRUE; /* nothing was written there */
  if (!read_at (image, table + l2 * image->entry_bytes, entry, sizeof entry)
      || number (entry, 8) & COMPRESSED)
    return FALSE;
  table = number (entry, 8) & OFFSET_BITS;
  if (table == 0)
    return TRUE;
  return read_at (image, table + (offset & ((G_GUINT64_CONSTANT (1) << within_bits) - 1)), to, size);
}

/* An EFI system partition, and nothing that a BIOS would run. */
static gboolean
needs_uefi (const Image *image)
{
  static const guint8 efi_system[] = { 0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11,
                                       0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b };
  guint8 sector[SECTOR], code = 0;

  if (!read_disk (image, 0, sector, sizeof sector))
    return FALSE;
  /* QEMU's BIOS looks at the signature, and runs the 440 bytes. */
  for (guint i = 0; i < 440; i++)
    code |= sector[i];
  if (code != 0 && sector[510] == 0x55 && sector[511] == 0xaa)
    return FALSE;
  if (!read_disk (image, SECTOR, sector, sizeof sector) || memcmp (sector, "EFI PART", 8) != 0)
    return FALSE;
  for (guint64 i = 0; i < GPT_ENTRIES; i += 4)
    {
      if (!read_disk (image, 2 * SECTOR + i * 128, sector, sizeof sector))
        return FALSE;
      for (guint j = 0; j < SECTOR; j += 128)
        if (memcmp (sector + j, efi_system, sizeof efi_system) == 0)
          return TRUE;
    }
  return FALSE;
}

static const struct
{
  guint64 offset;
  const char *magic;
  gsize length;
  const char *format;
} foreign[] = {
  { 0, "KDMV", 4, "VMDK (VMware)" },
  { 0, "# Disk DescriptorFile", 21, "VMDK (VMware)" },
  { 0, "vhdxfile", 8, "VHDX (Hyper-V)" },
  { 0, "conectix", 8, "VHD (Virtual PC)" },
  { 64, "\x7f\x10\xda\xbe", 4, "VDI (VirtualBox)" },
  { 0, "QED", 4, "QED" },
};

static const struct
{
  const char *magic;
  gsize length;
  const char *program;
} packed[] = {
  { "\xfd" "7zXZ", 5, "unxz" },  { "\x1f\x8b", 2, "gunzip" },      { "BZh", 3, "bunzip2" },
  { "\x28\xb5\x2f\xfd", 4, "unzstd" }, { "PK\x03\x04", 4, "unzip" },
};

static gboolean
read_raw (Image *image, const guint8 *head, GError **error)
{
  guint8 sector[SECTOR];

  for (gsize i = 0; i < G_N_ELEMENTS (foreign); i++)
    if (memcmp (head + foreign[i].offset, foreign[i].magic, foreign[i].length) == 0)
      return refuse (image, error,
                     "is %s, and qcow2 and raw ones can be used. Make one with “qemu-img convert -O qcow2 IMAGE NEW”.",
                     foreign[i].format);
  for (gsize i = 0; i < G_N_ELEMENTS (packed); i++)
    if (memcmp (head, packed[i].magic, packed[i].length) == 0)
      return refuse (image, error, "is packed. Unpack it with “%s” first.", packed[i].program);
  image->size = image->file_size;
  if (head[510] == 0x55 && head[511] == 0xaa)
    {
      if (image->file_size % SECTOR != 0)
        return refuse_cut (image, error);
      return TRUE;
    }
  if (read_at (image, 32768, sector, sizeof sector) && memcmp (sector + 1, "CD001", 5) == 0)
    return refuse (image, error, "is a CD or DVD that cannot be booted from as a disk");
  return refuse (image, error,
                 "is of no format that is known: it is not qcow2, and does not begin as a disk does that can be "
                 "booted from");
}

gboolean
bh_image_read (int fd, const char *name, BhImage *out, GError **error)
{
  Image image = { .fd = fd, .name = name };
  guint8 head[SECTOR];
  struct stat st;
  gboolean qcow2;

  if (fstat (fd, &st) != 0 || !S_ISREG (st.st_mode))
    return refuse (&image, error, "is not a file");
  image.file_size = (guint64) st.st_size;
  if (image.file_size < SECTOR || !read_at (&image, 0, head, sizeof head))
    return refuse (&image, error, image.file_size == 0 ? "is empty" : "is too short to be one");
  qcow2 = number (head, 4) == QCOW2_MAGIC;
  if (!(qcow2 ? read_qcow2 (&image, head, error) : read_raw (&image, head, error)))
    return FALSE;
  if (image.size == 0 || image.size > MAX_SIZE || image.size % SECTOR != 0)
    return refuse (&image, error, "is damaged: it has a size that no disk has");
  *out = (BhImage){ .qcow2 = qcow2, .size = image.size, .uefi = needs_uefi (&image) };
  return TRUE;
}
