/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the proxy has lost after its two stages of confinement, and what it still can. Each case
 * runs in a process of its own, since there is no way back. */
#include "config.h"

#include "bh-isolate.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <linux/landlock.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

typedef void (*Case) (void);

static void
confine (void)
{
  g_autoptr (GError) error = NULL;

  bh_isolate_early (&error);
  g_assert_no_error (error);
  bh_isolate_late (&error);
  g_assert_no_error (error);
}

/* Run @data confined in a child: g_test's own subprocesses would need to exec. */
static void
run (gconstpointer data)
{
  pid_t pid = fork ();
  int status;

  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      confine ();
      ((Case) data) ();
      _exit (0);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_true (WIFEXITED (status) && WEXITSTATUS (status) == 0);
}

#define REFUSED(call)                                                                              \
  G_STMT_START                                                                                     \
  {                                                                                                \
    errno = 0;                                                                                     \
    if ((call) != -1 || (errno != EPERM && errno != EACCES))                                       \
      {                                                                                            \
        static const char text[] = #call " was not refused\n";                                     \
        (void) !write (STDERR_FILENO, text, sizeof text - 1);                                      \
        _exit (1);                                                                                 \
      }                                                                                            \
  }                                                                                                \
  G_STMT_END

static void
files (void)
{
  int abi = (int) syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

  /* The filter refuses that call now; the parent has asked whether there is Landlock. */
  g_assert_cmpint (abi, ==, -1);
  REFUSED (open ("/etc/passwd", O_RDONLY));
  REFUSED (open ("/proc/self/maps", O_RDONLY));
  REFUSED (open (g_get_home_dir (), O_RDONLY | O_DIRECTORY));
}

static void
writing (void)
{
  REFUSED (open ("/tmp", O_TMPFILE | O_RDWR, 0600));
  REFUSED (open ("/tmp/bulkhead-proxy-test", O_WRONLY | O_CREAT, 0600));
  REFUSED (open ("/usr/share/fonts/x", O_RDWR));
  REFUSED (mkdir ("/tmp/bulkhead-proxy-test", 0700));
  REFUSED (unlink ("/tmp/bulkhead-proxy-test"));
}

static void
sockets (void)
{
  struct sockaddr address = { .sa_family = AF_UNIX };

  REFUSED (socket (AF_UNIX, SOCK_STREAM, 0));
  REFUSED (socket (AF_INET, SOCK_STREAM, 0));
  REFUSED (socketpair (AF_UNIX, SOCK_STREAM, 0, (int[2]){ 0, 0 }));
  REFUSED (connect (0, &address, sizeof address));
}

static void
programs (void)
{
  char *argv[] = { (char *) "true", NULL };

  REFUSED (execve ("/bin/true", argv, NULL));
  REFUSED (fork ());
  REFUSED (vfork ());
  REFUSED (ptrace (PTRACE_ATTACH, getppid (), NULL, NULL));
  REFUSED (kill (getppid (), 0));
  REFUSED (syscall (SYS_process_vm_readv, getppid (), NULL, 0, NULL, 0, 0));
  REFUSED (syscall (SYS_bpf, 0, NULL, 0));
  REFUSED (syscall (SYS_userfaultfd, 0));
  REFUSED (syscall (SYS_io_uring_setup, 1, NULL));
}

static void
memory (void)
{
  void *page = mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

  g_assert_true (page != MAP_FAILED);
  REFUSED (mprotect (page, 4096, PROT_READ | PROT_EXEC));
  REFUSED ((long) mmap (NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static void
limits (void)
{
  struct rlimit more = { 4096, 4096 };

  REFUSED (setrlimit (RLIMIT_NOFILE, &more));
  if (prctl (PR_SET_DUMPABLE, 1, 0, 0, 0) != -1)
    _exit (1);
}

static gpointer
thread (gpointer data)
{
  return data;
}

/* What it needs to go on: fonts, memory for pictures, threads. */
static void
still_possible (void)
{
  int fd = memfd_create ("x", MFD_CLOEXEC);

  if (fd < 0 || ftruncate (fd, 4096) < 0
      || mmap (NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED)
    _exit (2);
  if (g_file_test ("/usr/share/fonts", G_FILE_TEST_IS_DIR)
      && open ("/usr/share/fonts", O_RDONLY | O_DIRECTORY) < 0)
    _exit (3);
  if (g_thread_join (g_thread_new ("x", thread, (gpointer) 7)) != (gpointer) 7)
    _exit (4);
}

int
main (int argc, char **argv)
{
  gboolean landlock =
      syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;

  g_test_init (&argc, &argv, NULL);
  if (landlock)
    g_test_add_data_func ("/isolate/files", files, run);
  g_test_add_data_func ("/isolate/writing", writing, run);
  g_test_add_data_func ("/isolate/sockets", sockets, run);
  g_test_add_data_func ("/isolate/programs", programs, run);
  g_test_add_data_func ("/isolate/memory", memory, run);
  g_test_add_data_func ("/isolate/limits", limits, run);
  g_test_add_data_func ("/isolate/still-possible", still_possible, run);
  return g_test_run ();
}
