/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Stands where QEMU would when the service asks whether KVM works; its own name says how it ends.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int
main (int argc, char **argv)
{
  if (strstr (argv[0], "boots"))
    printf ("SeaBIOS\r\nBULKHEAD-PROBE-OK\r\n");
  else if (strstr (argv[0], "hangs"))
    {
      printf ("Probing EDD (edd=off to disable)... ok\r\n");
      fflush (stdout);
      for (;;)
        pause ();
    }
  else
    printf ("Could not access KVM kernel module\r\n");
  return 0;
}
