/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The process that serves one folder of this computer to one guest: diod, a 9P2000.L server, within bwrap.
 *
 * It reads what a hostile guest writes, so it has little: its own user, process, network and mount
 * namespaces, no capability, the filter of bh-share-filter.c, its libraries, and the folder, which is all
 * that a link in the folder can lead to. A folder that is read-only is so by its mount. To the server
 * every file of ours belongs to the guest's user, who gets what we could do ourselves and no more. */
#include "config.h"

#include "bh-share-server.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bh-error.h"
#include "bh-share-filter.h"

#define BWRAP "/usr/bin/bwrap"
#define DIOD "/usr/sbin/diod"
#define MAX_MEMORY (1024u << 20)
/* The user in the guest, and root for what its kernel writes back; diod looks both up. */
#define GUEST_UID "1000"
#define PASSWD "root:x:0:0::/:/\nuser:x:1000:1000::/:/\n"
#define GROUP "root:x:0:\nuser:x:1000:\n"

enum
{
  FD_GUEST = 3,
  FD_FILTER,
  FD_PASSWD,
  FD_GROUP,
  N_FDS,
};

static int
memory_file (const char *text)
{
  int fd = memfd_create ("bulkhead-share", 0);

  if (fd >= 0 && write (fd, text, strlen (text)) == (gssize) strlen (text)
      && lseek (fd, 0, SEEK_SET) == 0)
    return fd;
  if (fd >= 0)
    close (fd);
  return -1;
}

/* Between fork and exec. */
static void
set_limits (gpointer data)
{
  const struct rlimit memory = { MAX_MEMORY, MAX_MEMORY }, core = { 0, 0 };
  struct rlimit files;

  setrlimit (RLIMIT_AS, &memory);
  setrlimit (RLIMIT_CORE, &core);
  if (getrlimit (RLIMIT_NOFILE, &files) == 0)
    {
      files.rlim_cur = files.rlim_max;
      setrlimit (RLIMIT_NOFILE, &files);
    }
  setsid ();
}

static GSubprocess *
spawn (const BhFolder *folder, const int *fds, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
      G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  /* clang-format off */
  const char *const arguments[] = {
    BWRAP, "--unshare-all", "--uid", GUEST_UID, "--gid", GUEST_UID, "--cap-drop", "ALL",
    "--ro-bind", "/usr/lib", "/usr/lib", "--ro-bind-try", "/usr/lib64", "/usr/lib64",
    "--ro-bind-try", "/lib", "/lib", "--ro-bind-try", "/lib64", "/lib64",
    "--ro-bind", DIOD, DIOD, "--dev-bind", "/dev/null", "/dev/null",
    "--ro-bind-data", "5", "/etc/passwd", "--ro-bind-data", "6", "/etc/group",
    folder->writable ? "--bind" : "--ro-bind", folder->host, "/folder",
    "--remount-ro", "/", "--seccomp", "4", "--clearenv", "--",
    DIOD, "-f", "-n", "-S", "-L", "/dev/null", "-c", "/dev/null", "-e", "/folder",
    "-r", "3", "-w", "3", NULL
  };
  /* clang-format on */

  G_STATIC_ASSERT (FD_GUEST == 3 && FD_FILTER == 4 && FD_PASSWD == 5 && FD_GROUP == 6);
  for (int i = FD_GUEST; i < N_FDS; i++)
    g_subprocess_launcher_take_fd (launcher, fds[i], i);
  g_subprocess_launcher_set_child_setup (launcher, set_limits, NULL, NULL);
  g_subprocess_launcher_set_cwd (launcher, "/");
  return g_subprocess_launcher_spawnv (launcher, arguments, error);
}

gboolean
bh_share_server_check (GError **error)
{
  if (access (BWRAP, X_OK) == 0 && access (DIOD, X_OK) == 0)
    return TRUE;
  g_set_error (
      error, BH_ERROR, BH_ERROR_FAILED,
      "Folders cannot be shared without the packages bubblewrap and diod. Install them, and "
      "share the folder again");
  return FALSE;
}

GSubprocess *
bh_share_server_new (const BhFolder *folder, gboolean links, int *guest_end, GError **error)
{
  g_autofree char *header = g_strconcat (folder->writable ? "rw " : "ro ", folder->guest, NULL);
  gssize length = (gssize) strlen (header) + 1;
  int ends[2] = { -1, -1 }, fds[N_FDS] = { -1, -1, -1, -1, -1, -1, -1 };
  GSubprocess *server = NULL;

  if (!bh_share_server_check (error))
    return NULL;
  fds[FD_FILTER] = bh_share_filter_new (links, error);
  if (fds[FD_FILTER] < 0)
    return NULL;
  fds[FD_PASSWD] = memory_file (PASSWD);
  fds[FD_GROUP] = memory_file (GROUP);
  if (fds[FD_PASSWD] < 0 || fds[FD_GROUP] < 0
      || socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0
      || write (ends[0], header, (gsize) length) != length)
    {
      bh_error_set_from_errno (error, errno, "The folder %s cannot be shared", folder->host);
      for (int i = FD_FILTER; i < N_FDS; i++)
        if (fds[i] >= 0)
          close (fds[i]);
      if (ends[0] >= 0)
        close (ends[0]);
    }
  else
    {
      fds[FD_GUEST] = ends[0];
      server = spawn (folder, fds, error); /* takes them */
    }
  if (server)
    *guest_end = ends[1];
  else if (ends[1] >= 0)
    close (ends[1]);
  return server;
}
