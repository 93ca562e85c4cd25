/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Runs a fuzz target over the files it is given (folders: the files in them): the plain build's way to
 * replay a corpus. Fails when there is nothing to replay. */
#include <glib.h>
#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static unsigned
replay (const char *path)
{
  g_autofree char *data = NULL;
  gsize size;

  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    {
      g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
      const char *name;
      unsigned n = 0;

      while (dir && (name = g_dir_read_name (dir)))
        {
          g_autofree char *child = g_build_filename (path, name, NULL);

          n += replay (child);
        }
      return n;
    }
  if (!g_file_get_contents (path, &data, &size, NULL))
    g_error ("cannot read %s", path);
  {
    /* An exact copy, so that a read past the end is seen. */
    g_autofree uint8_t *exact = g_memdup2 (data, size);

    LLVMFuzzerTestOneInput (exact, size);
  }
  return 1;
}

int
main (int argc, char **argv)
{
  unsigned n = 0;

  for (int i = 1; i < argc; i++)
    n += replay (argv[i]);
  printf ("%u inputs replayed\n", n);
  return n > 0 ? 0 : 1;
}
