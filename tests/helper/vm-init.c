/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PID 1 of the virtual machine in which the helper's devices are tested: loads the modules it takes to
 * reach the host's files, makes them the root, read-only, and becomes the test. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void
fail (const char *what)
{
  fprintf (stderr, "vm-init: %s: %s\n", what, strerror (errno));
  sync ();
  reboot (RB_POWER_OFF);
  _exit (1);
}

static void
load_modules (void)
{
  FILE *list = fopen ("/modules/order", "r");
  char name[128], path[160];

  if (list == NULL)
    fail ("/modules/order");
  while (fscanf (list, "%127s", name) == 1)
    {
      int fd;

      snprintf (path, sizeof path, "/modules/%s", name);
      fd = open (path, O_RDONLY | O_CLOEXEC);
      if (fd < 0 || (syscall (SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST))
        fail (path);
      close (fd);
    }
  fclose (list);
}

int
main (int argc, char **argv)
{
  pid_t child, pid;
  int status = 1;

  load_modules ();
  if ((mkdir ("/root", 0755) != 0 && errno != EEXIST)
      || mount ("root", "/root", "9p", MS_RDONLY, "trans=virtio,version=9p2000.L,msize=512000,cache=loose") != 0)
    fail ("the host's files");
  if (chdir ("/root") != 0 || mount ("proc", "proc", "proc", 0, NULL) != 0
      || mount ("devtmpfs", "dev", "devtmpfs", 0, NULL) != 0 || mount ("sysfs", "sys", "sysfs", 0, NULL) != 0
      || mount (".", "/", NULL, MS_MOVE, NULL) != 0 || chroot (".") != 0 || chdir ("/") != 0)
    fail ("the new root");
  child = fork ();
  if (child == 0)
    {
      /* Everything after the program's name came from the kernel's command line. */
      argv[0] = (char *) "/usr/bin/python3";
      execv (argv[0], argv);
      fail ("/usr/bin/python3");
    }
  while ((pid = wait (&status)) > 0 && pid != child)
    ;
  printf ("\nvm-init: the test ended with %d\n", WIFEXITED (status) ? WEXITSTATUS (status) : 255);
  fflush (NULL);
  sync ();
  reboot (RB_POWER_OFF);
  return 0;
}
