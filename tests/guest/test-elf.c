/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The ELF reader on real programs, on every cut of one, and on wild ones; and the choice of X11. */
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "bh-elf.h"

static void
test_self (void)
{
  g_auto (GStrv) needed = bh_elf_needed ("/proc/self/exe");

  g_assert_nonnull (needed);
  g_assert_true (g_strv_contains ((const char *const *) needed, "libglib-2.0.so.0"));
  g_assert_false (bh_needs_x11 (needed));
}

static void
test_not_elf (void)
{
  g_assert_null (bh_elf_needed ("/etc/passwd"));
  g_assert_null (bh_elf_needed ("/nonexistent"));
  g_assert_null (bh_elf_needed ("/dev/null"));
  g_assert_null (bh_elf_needed ("/"));
}

/* Nothing to check but that it returns, with the sanitizers looking on. */
static void
test_damaged (void)
{
  g_autofree char *path = g_strdup_printf ("%s/bh-elf-%d", g_get_tmp_dir (), (int) getpid ());
  g_autofree char *data = NULL;
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  gsize length;

  g_assert_true (g_file_get_contents ("/proc/self/exe", &data, &length, NULL));
  length = MIN (length, 8192);
  for (gsize cut = 0; cut < length; cut += 61)
    {
      g_assert_true (g_file_set_contents (path, data, (gssize) cut, NULL));
      g_strfreev (bh_elf_needed (path));
    }
  for (int turn = 0; turn < 300; turn++)
    {
      g_autofree char *wild = g_memdup2 (data, length);

      for (int i = 0; i < 8; i++)
        wild[16 + g_rand_int_range (rand, 0, 1024)] = (char) g_rand_int (rand);
      g_assert_true (g_file_set_contents (path, wild, (gssize) length, NULL));
      g_strfreev (bh_elf_needed (path));
    }
  g_remove (path);
}

static void
test_choice (void)
{
  static const struct
  {
    const char *needed[5];
    bool x11;
  } cases[] = {
    { { "libXaw.so.7", "libXt.so.6", "libX11.so.6", "libc.so.6" }, true },
    { { "libxcb.so.1" }, true },
    { { "libgtk-x11-2.0.so.0", "libgobject-2.0.so.0" }, true },
    { { "libX11.so.6", "libgtk-3.so.0" }, false },
    { { "libwayland-client.so.0", "libX11.so.6" }, false },
    { { "libQt5Gui.so.5", "libX11.so.6" }, false },
    { { "libX11.so.6", "libSDL2-2.0.so.0" }, false },
    { { "libc.so.6" }, false },
    { { NULL }, false },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (bh_needs_x11 ((char *const *) cases[i].needed), ==, cases[i].x11);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/guest/elf/self", test_self);
  g_test_add_func ("/guest/elf/not-elf", test_not_elf);
  g_test_add_func ("/guest/elf/damaged", test_damaged);
  g_test_add_func ("/guest/elf/choice", test_choice);
  return g_test_run ();
}
