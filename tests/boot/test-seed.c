/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Unpacking the seed in a guest: what it makes, and that no damaged archive gets through. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib.h>
#include <glib/gstdio.h>

#include "bh-seed.h"

typedef struct
{
  char *dir, *file, *root;
  GByteArray *archive;
} Fixture;

static void
pad (GByteArray *archive)
{
  while (archive->len % 4)
    g_byte_array_append (archive, (const guint8 *) "", 1);
}

static void
add (Fixture *f, const char *name, mode_t mode, const char *data)
{
  g_autofree char *header =
      g_strdup_printf ("070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", 1, mode, 0, 0,
                       1, 0, (unsigned) strlen (data), 0, 0, 0, 0, (unsigned) strlen (name) + 1, 0);

  g_byte_array_append (f->archive, (const guint8 *) header, strlen (header));
  g_byte_array_append (f->archive, (const guint8 *) name, strlen (name) + 1);
  pad (f->archive);
  g_byte_array_append (f->archive, (const guint8 *) data, strlen (data));
  pad (f->archive);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->dir = g_dir_make_tmp ("bh-seed-XXXXXX", NULL);
  f->file = g_build_filename (f->dir, "seed.cpio", NULL);
  f->root = g_build_filename (f->dir, "root", NULL);
  g_assert_cmpint (g_mkdir (f->root, 0755), ==, 0);
  f->archive = g_byte_array_new ();
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  const char *argv[] = { "rm", "-rf", f->dir, NULL };

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                NULL);
  g_byte_array_unref (f->archive);
  g_free (f->dir);
  g_free (f->file);
  g_free (f->root);
}

static gboolean
unpack (Fixture *f, gsize length)
{
  g_assert_true (g_file_set_contents_full (f->file, (const char *) f->archive->data, length,
                                           G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  return bh_seed_unpack (f->file, f->root);
}

static void
assert_holds (Fixture *f, const char *name, const char *expected)
{
  g_autofree char *path = g_build_filename (f->root, name, NULL);
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, expected);
}

static void
add_good (Fixture *f)
{
  add (f, "etc", S_IFDIR | 0755, "");
  add (f, "etc/a", S_IFREG | 0644, "text");
  add (f, "etc/run", S_IFREG | 0755, "x");
  add (f, "etc/link", S_IFLNK | 0777, "a");
  add (f, "var", S_IFDIR | 0755, "");
  add (f, "var/tmp", S_IFDIR | 01777, "");
  add (f, "TRAILER!!!", 0, "");
}

static void
test_unpacks (Fixture *f, gconstpointer data)
{
  g_autofree char *tmp = g_build_filename (f->root, "var/tmp", NULL);
  g_autofree char *run = g_build_filename (f->root, "etc/run", NULL);
  struct stat st;

  add_good (f);
  g_assert_true (unpack (f, f->archive->len));
  assert_holds (f, "etc/a", "text");
  assert_holds (f, "etc/link", "text");
  g_assert_cmpint (stat (tmp, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 07777, ==, 01777);
  g_assert_cmpint (stat (run, &st), ==, 0);
  g_assert_cmpint (st.st_mode & 07777, ==, 0755);
  /* Again, over what is there. */
  g_assert_true (unpack (f, f->archive->len));
  assert_holds (f, "etc/link", "text");
}

static void
test_refuses_every_cut (Fixture *f, gconstpointer data)
{
  gsize whole;

  add_good (f);
  whole = f->archive->len;
  /* The trailer is 110 + 11 bytes and padded; the padding is not missed. */
  for (gsize length = 0; length < whole - 3; length++)
    g_assert_false (unpack (f, length));
}

static void
test_survives_every_flip (Fixture *f, gconstpointer data)
{
  add_good (f);
  for (gsize i = 0; i < f->archive->len; i++)
    for (int bit = 0; bit < 8; bit += 3)
      {
        f->archive->data[i] ^= 1 << bit;
        unpack (f, f->archive->len);
        f->archive->data[i] ^= 1 << bit;
      }
}

static void
test_refuses_names_outside (Fixture *f, gconstpointer data)
{
  static const char *const names[] = { "/etc/x", "usr/x",    "etcx",
                                       "../x",   "etc/../x", "etc/../../x",
                                       "etc/..", "etc//x",   "var/x/../../y",
                                       "." };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_byte_array_set_size (f->archive, 0);
      add (f, "etc", S_IFDIR | 0755, "");
      add (f, names[i], S_IFREG | 0644, "text");
      add (f, "TRAILER!!!", 0, "");
      g_assert_false (unpack (f, f->archive->len));
    }
}

static void
test_refuses_devices (Fixture *f, gconstpointer data)
{
  add (f, "etc", S_IFDIR | 0755, "");
  add (f, "etc/disk", S_IFBLK | 0666, "");
  add (f, "TRAILER!!!", 0, "");
  g_assert_false (unpack (f, f->archive->len));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define TEST(name) g_test_add ("/seed/" #name, Fixture, NULL, set_up, test_##name, tear_down)
  TEST (unpacks);
  TEST (refuses_every_cut);
  TEST (survives_every_flip);
  TEST (refuses_names_outside);
  TEST (refuses_devices);
  return g_test_run ();
}
