/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Kernel modules of the initramfs. The service wrote them uncompressed, dependencies first, so that
 * there is nothing to look up or unpack here. */
#include "modules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void
load (const char *path)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);

  if (fd < 0 || (syscall (SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST))
    printf ("bulkhead-init: cannot load %s: %s\n", path, strerror (errno));
  if (fd >= 0)
    close (fd);
  unlink (path);
}

void
bh_modules_load (const char *dir)
{
  char line[256], path[512];
  FILE *order;

  snprintf (path, sizeof path, "%s/order", dir);
  order = fopen (path, "re");
  if (order == NULL)
    {
      printf ("bulkhead-init: cannot read %s: %s\n", path, strerror (errno));
      return;
    }
  unlink (path);
  while (fgets (line, sizeof line, order))
    {
      line[strcspn (line, "\n")] = '\0';
      if (line[0] == '\0' || strchr (line, '/'))
        continue;
      snprintf (path, sizeof path, "%s/%s", dir, line);
      load (path);
    }
  fclose (order);
}
