/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Prints the table of keys for tests of other programs: NAME, TYPE, TITLE and "disk" (means something with a disk
 * image only) or "any" on a line each. */
#include "bh-keys.h"

#include <stdio.h>

int
main (void)
{
  static const char *const types[] = {
    [BH_KEY_STRING] = "string",     [BH_KEY_TEXT] = "text", [BH_KEY_INT] = "int",
    [BH_KEY_BOOL] = "bool",         [BH_KEY_ENUM] = "enum", [BH_KEY_COLOR] = "color",
    [BH_KEY_APPS] = "apps",         [BH_KEY_LIST] = "list", [BH_KEY_FOLDERS] = "folders",
    [BH_KEY_COMMANDS] = "commands", [BH_KEY_HOME] = "home",   [BH_KEY_FILE] = "file",
  };
  gsize n;
  const BhKey *keys = bh_keys (&n);

  for (gsize i = 0; i < n; i++)
    printf ("%s\t%s\t%s\t%s\n", keys[i].name, types[keys[i].type], keys[i].title,
            keys[i].disk_only ? "disk" : "any");
  return 0;
}
