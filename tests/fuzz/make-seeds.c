/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Writes the seeds of fuzz-packet to a folder: for every message of the table its shortest and longest
 * form, whole and cut. A stamp file is written last (for the build). */
#include "sample.h"

#include "bh-packet.h"

#include <glib.h>
#include <glib/gstdio.h>

static void
write_seed (const char *dir, const char *name, const uint8_t *data, size_t len)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);

  if (!g_file_set_contents (path, (const char *) data, (gssize) len, NULL))
    g_error ("cannot write %s", path);
}

int
main (int argc, char **argv)
{
  static uint8_t seed[4 << 20];

  g_assert_cmpint (argc, ==, 3);
  g_mkdir_with_parents (argv[1], 0755);
  for (unsigned type = 1; type < BH_N_MESSAGES; type++)
    for (SampleKind kind = SAMPLE_LEAST; kind <= SAMPLE_MOST; kind++)
      {
        const BhMessageInfo *info = bh_message_info (type);
        size_t len = sample_payload (type, kind, seed + 9);
        g_autofree char *name = g_strdup_printf ("%s-%d", info->name, kind);
        g_autofree char *cut = g_strconcat (name, "-cut", NULL);

        seed[0] = (uint8_t) (0xfe | (info->direction == BH_DIR_H));
        bh_put_u32 (seed + 1, (uint32_t) len);
        bh_put_u32 (seed + 5, type);
        write_seed (argv[1], name, seed, len + 9);
        write_seed (argv[1], cut, seed, len + 9 - (len > 0));
      }
  return g_file_set_contents (argv[2], "", 0, NULL) ? 0 : 1;
}
