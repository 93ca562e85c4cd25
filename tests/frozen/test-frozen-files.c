/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Frozen guests as files: what was written is what is read, or nothing is; and the one change that is
 * made to QEMU's state. */
#include "config.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bh-error.h"
#include "bh-frozen-files.h"
#include "bh-frozen-guest.h"
#include "bh-state-patch.h"

#define KEY "0123456789abcdef01234567"
#define REGION (256u << 20)

static char *folder;

static int
new_memfd (const char *name, gsize size)
{
  int fd = memfd_create (name, MFD_ALLOW_SEALING | MFD_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (ftruncate (fd, (off_t) size), ==, 0);
  return fd;
}

static void
put (int fd, const char *text, gsize at)
{
  g_assert_cmpint (pwrite (fd, text, strlen (text), (off_t) at), ==, strlen (text));
}

static BhFrozenGuest *
new_guest (const char *key)
{
  int ram = new_memfd ("bulkhead-ram", 8 << 20), state = new_memfd ("bulkhead-state", 5000);
  g_autoptr (GError) error = NULL;
  BhFrozenGuest *guest;

  put (ram, "the beginning", 0);
  put (ram, "across two pages", 3 * 4096 - 5);
  put (ram, "the end", (8 << 20) - 7);
  put (state, "device state", 4988);
  guest = bh_frozen_guest_new (key, "6.1", 8, TRUE, ram, state, &error);
  g_assert_no_error (error);
  return guest;
}

static void
save (const char *key)
{
  g_autoptr (BhFrozenGuest) guest = new_guest (key);
  g_autoptr (GError) error = NULL;

  g_assert_true (bh_frozen_guest_save (guest, folder, &error));
  g_assert_no_error (error);
}

static char *
path_of (const char *name)
{
  return g_build_filename (folder, KEY, name, NULL);
}

static void
assert_same (int a, int b)
{
  struct stat st, other;
  g_autofree char *one = NULL, *two = NULL;

  g_assert_cmpint (fstat (a, &st), ==, 0);
  g_assert_cmpint (fstat (b, &other), ==, 0);
  g_assert_cmpint (st.st_size, ==, other.st_size);
  one = g_malloc ((gsize) st.st_size);
  two = g_malloc ((gsize) st.st_size);
  g_assert_cmpint (pread (a, one, (size_t) st.st_size, 0), ==, st.st_size);
  g_assert_cmpint (pread (b, two, (size_t) st.st_size, 0), ==, st.st_size);
  g_assert_cmpint (memcmp (one, two, (size_t) st.st_size), ==, 0);
}

static void
test_round_trip (void)
{
  g_autoptr (BhFrozenGuest) guest = new_guest (KEY);
  g_autoptr (BhFrozenGuest) loaded = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *ram = path_of ("ram");
  struct stat st;

  g_assert_true (bh_frozen_guest_save (guest, folder, &error));
  loaded = bh_frozen_guest_load (folder, KEY, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (loaded->key, ==, KEY);
  g_assert_cmpstr (loaded->kernel, ==, "6.1");
  g_assert_cmpuint (loaded->memory_mib, ==, 8);
  g_assert_true (loaded->read_only);
  assert_same (guest->ram, loaded->ram);
  assert_same (guest->state, loaded->state);
  g_assert_cmpint (stat (ram, &st), ==, 0);
  g_assert_cmpint (st.st_blocks * 512, <=, 64 * 1024);
  g_assert_cmpuint (loaded->ram_bytes, <=, 64 * 1024);
}

/* Nobody can change it any more, by whatever way. */
static void
test_sealed (void)
{
  g_autoptr (BhFrozenGuest) guest = new_guest (KEY);
  g_autofree char *path = bh_frozen_guest_ram_path (guest);
  int fd = open (path, O_RDWR | O_CLOEXEC);
  void *private;

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (pwrite (fd, "x", 1, 0), ==, -1);
  g_assert_cmpint (fallocate (fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), ==, -1);
  g_assert_cmpint (ftruncate (fd, 0), ==, -1);
  g_assert_cmpint (ftruncate (fd, 9 << 20), ==, -1);
  g_assert_true (mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
  g_assert_cmpint (fcntl (fd, F_GET_SEALS) & F_SEAL_SEAL, !=, 0);
  private = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  g_assert_true (private != MAP_FAILED);
  munmap (private, 4096);
  close (fd);
}

static void
assert_refused (BhError code)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (bh_frozen_guest_load (folder, KEY, NULL, &error));
  g_assert_error (error, BH_ERROR, (int) code);
}

static void
test_wrong_size (void)
{
  int ram = new_memfd ("bulkhead-ram", 4 << 20), state = new_memfd ("bulkhead-state", 5000);
  g_autoptr (GError) error = NULL;

  g_assert_null (bh_frozen_guest_new (KEY, "6.1", 8, FALSE, ram, state, &error));
  g_assert_error (error, BH_ERROR, BH_ERROR_FAILED);
}

static void
test_missing (void)
{
  bh_frozen_guest_remove (folder, KEY);
  assert_refused (BH_ERROR_NOT_FOUND);
}

/* Each byte of what is not empty counts, and so does each that is. */
static void
test_flipped (void)
{
  static const struct
  {
    const char *file;
    off_t at;
  } places[] = { { "ram", 0 },     { "ram", 12290 }, { "ram", 5 << 20 }, { "ram", (8 << 20) - 1 },
                 { "state", 100 }, { "state", 4999 } };

  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autofree char *path = path_of (places[i].file);
      char byte = 0;
      int fd;

      save (KEY);
      fd = open (path, O_RDWR | O_CLOEXEC);
      g_assert_cmpint (pread (fd, &byte, 1, places[i].at), ==, 1);
      byte ^= 4;
      g_assert_cmpint (pwrite (fd, &byte, 1, places[i].at), ==, 1);
      close (fd);
      assert_refused (BH_ERROR_FAILED);
    }
}

static void
test_truncated (void)
{
  static const char *const names[] = { "ram", "state", "meta" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = path_of (names[i]);
      struct stat st;

      save (KEY);
      g_assert_cmpint (stat (path, &st), ==, 0);
      g_assert_cmpint (truncate (path, st.st_size / 2), ==, 0);
      assert_refused (BH_ERROR_FAILED);
      save (KEY);
      g_assert_cmpint (g_unlink (path), ==, 0);
      assert_refused (i == 2 ? BH_ERROR_NOT_FOUND : BH_ERROR_FAILED);
    }
}

static void
test_meta (void)
{
  static const struct
  {
    const char *from, *to;
  } changes[] = { { "Format=3", "Format=4" },
                  { "Key=0", "Key=1" },
                  { "Memory=8", "Memory=16" },
                  { "Memory=8", "Memory=99999999999" },
                  { "StateSize=5000", "StateSize=-1" },
                  { "StateSize=", "Size=" },
                  { "RamSum=", "Sum=" } };

  for (gsize i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      g_autofree char *path = path_of ("meta");
      g_autofree char *text = NULL, *changed = NULL;
      g_auto (GStrv) parts = NULL;

      save (KEY);
      g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
      parts = g_strsplit (text, changes[i].from, 2);
      g_assert_cmpuint (g_strv_length (parts), ==, 2);
      changed = g_strjoinv (changes[i].to, parts);
      g_assert_true (g_file_set_contents (path, changed, -1, NULL));
      assert_refused (BH_ERROR_FAILED);
    }
}

static void
test_prune (void)
{
  static const char *const keys[] = { "a", "b", "c" };
  g_autofree char *half = g_build_filename (folder, "d.new-17", NULL);
  g_autoptr (GPtrArray) list = NULL;

  bh_frozen_guest_remove (folder, KEY);
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autofree char *path = g_build_filename (folder, keys[i], NULL);
      struct timespec times[2] = { { .tv_sec = 1000 + (long) i }, { .tv_sec = 1000 + (long) i } };

      save (keys[i]);
      g_assert_cmpint (utimensat (AT_FDCWD, path, times, 0), ==, 0);
    }
  g_assert_cmpint (g_mkdir (half, 0700), ==, 0);
  bh_frozen_guest_prune (folder, 2);
  g_assert_false (g_file_test (half, G_FILE_TEST_EXISTS));
  list = bh_frozen_guest_list (folder);
  g_assert_cmpuint (list->len, ==, 2);
  g_assert_cmpstr (((BhFrozenInfo *) list->pdata[0])->key, ==, "c");
  g_assert_cmpstr (((BhFrozenInfo *) list->pdata[1])->key, ==, "b");
  g_assert_cmpuint (((BhFrozenInfo *) list->pdata[0])->memory_mib, ==, 8);
  bh_frozen_guest_prune (folder, 0);
}

/* QEMU's state. */

typedef struct
{
  gboolean capabilities, addresses, page_bits;
  const char *capability, *section;
  guint64 first_size;
} Wanted;

static const Wanted usual = { TRUE, TRUE, FALSE, "x-ignore-shared", "ram", 512u << 20 };

static void
add_number (GByteArray *out, guint64 number, guint size)
{
  number = GUINT64_TO_BE (number);
  g_byte_array_append (out, (const guint8 *) &number + 8 - size, size);
}

static void
add_text (GByteArray *out, const char *text)
{
  add_number (out, strlen (text), 1);
  g_byte_array_append (out, (const guint8 *) text, strlen (text));
}

static void
add_block (GByteArray *out, const Wanted *wanted, const char *name, guint64 size, guint64 address)
{
  add_text (out, name);
  add_number (out, size, 8);
  if (wanted->addresses)
    add_number (out, address, 8);
}

/* Up to the end of the list of blocks of memory. */
static GByteArray *
new_head (const Wanted *wanted)
{
  static const char machine[] = "pc-q35-7.2";
  GByteArray *out = g_byte_array_new ();

  g_byte_array_append (out, (const guint8 *) "QEVM\0\0\0\3\7", 9);
  add_number (out, sizeof machine - 1, 4);
  g_byte_array_append (out, (const guint8 *) machine, sizeof machine - 1);
  if (wanted->page_bits)
    {
      add_number (out, 5, 1);
      add_text (out, "configuration/target-page-bits");
      add_number (out, 1, 4);
      add_number (out, 12, 4);
    }
  if (wanted->capabilities)
    {
      add_number (out, 5, 1);
      add_text (out, "configuration/capabilities");
      add_number (out, 1, 4);
      add_number (out, 1, 4);
      add_text (out, wanted->capability);
    }
  add_number (out, 1, 1);
  add_number (out, 2, 4);
  add_text (out, wanted->section);
  add_number (out, 0, 4);
  add_number (out, 4, 4);
  add_number (out, ((512u << 20) + REGION + (1 << 18)) | 4, 8);
  add_block (out, wanted, "bhram", wanted->first_size, 0);
  add_block (out, wanted, "0000:00:10.0/bhregion", REGION, 0xe0000000u);
  add_block (out, wanted, "pc.bios", 1 << 18, 0xfffc0000u);
  return out;
}

static void
add_tail (GByteArray *out)
{
  g_byte_array_append (out, (const guint8 *) "and the devices", 15);
}

static void
test_patch (void)
{
  for (int page_bits = 0; page_bits < 2; page_bits++)
    {
      Wanted with = usual, without = { FALSE, FALSE, page_bits, "", "ram", 512u << 20 };
      g_autoptr (GByteArray) state = NULL, expected = new_head (&without);
      g_autoptr (GError) error = NULL;
      gsize size;

      with.page_bits = page_bits;
      state = new_head (&with);
      add_tail (state);
      add_tail (expected);
      size = bh_state_patch (state->data, state->len, &error);
      g_assert_no_error (error);
      g_assert_cmpmem (state->data, size, expected->data, expected->len);
    }
}

static void
assert_not_patched (const guint8 *state, gsize size)
{
  g_autofree guint8 *before = g_memdup2 (state, size);
  g_autofree guint8 *exact = g_memdup2 (state, size); /* for the sanitizer: nothing behind it */
  g_autoptr (GError) error = NULL;

  g_assert_cmpuint (bh_state_patch (exact, size, &error), ==, 0);
  g_assert_error (error, BH_ERROR, BH_ERROR_FAILED);
  g_assert_cmpmem (exact, size, before, size);
}

static void
test_patch_refuses (void)
{
  const Wanted others[] = {
    { FALSE, FALSE, FALSE, "", "ram", 512u << 20 },
    { TRUE, TRUE, FALSE, "xbzrle", "ram", 512u << 20 },
    { TRUE, TRUE, FALSE, "x-ignore-shared", "ran", 512u << 20 },
    { TRUE, TRUE, FALSE, "x-ignore-shared", "ram", 513u << 20 },
    { TRUE, TRUE, FALSE, "x-ignore-shared", "ram", 0 },
    { TRUE, TRUE, FALSE, "x-ignore-shared", "ram", G_MAXUINT64 },
  };
  g_autoptr (GByteArray) good = new_head (&usual);

  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr (GByteArray) state = new_head (&others[i]);

      add_tail (state);
      assert_not_patched (state->data, state->len);
    }
  for (guint size = 0; size < good->len; size++)
    assert_not_patched (good->data, size);
  for (guint at = 0; at < 9; at++)
    {
      good->data[at] ^= 1;
      assert_not_patched (good->data, good->len);
      good->data[at] ^= 1;
    }
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("bh-frozen-XXXXXX", NULL);
  g_test_add_func ("/frozen/round-trip", test_round_trip);
  g_test_add_func ("/frozen/sealed", test_sealed);
  g_test_add_func ("/frozen/wrong-size", test_wrong_size);
  g_test_add_func ("/frozen/missing", test_missing);
  g_test_add_func ("/frozen/flipped", test_flipped);
  g_test_add_func ("/frozen/truncated", test_truncated);
  g_test_add_func ("/frozen/meta", test_meta);
  g_test_add_func ("/frozen/prune", test_prune);
  g_test_add_func ("/frozen/patch", test_patch);
  g_test_add_func ("/frozen/patch-refuses", test_patch_refuses);
  status = g_test_run ();
  bh_frozen_guest_remove (folder, KEY);
  g_rmdir (folder);
  g_free (folder);
  return status;
}
