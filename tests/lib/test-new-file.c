/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Files that are there when they are whole: nothing of them before, nor when they never are; also where a file has to
 * have a name. */
#include "bh-error.h"
#include "bh-new-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char *folder;

/* What a file system without such files says. */
static void
have_no_nameless_files (void)
{
  struct sock_filter program[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 4),
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, args[2])),
    BPF_STMT (BPF_ALU | BPF_AND | BPF_K, O_TMPFILE & ~O_DIRECTORY),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, O_TMPFILE & ~O_DIRECTORY, 0, 1),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const struct sock_fprog filter = { .len = G_N_ELEMENTS (program), .filter = program };

  g_assert_cmpint (prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), ==, 0);
  g_assert_cmpint (prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), ==, 0);
}

static guint
count_files (void)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir))
    n++;
  return n;
}

static BhNewFile *
begin (const char *path, const char *text)
{
  g_autoptr (GError) error = NULL;
  BhNewFile *file = bh_new_file_open (path, &error);

  g_assert_no_error (error);
  g_assert_cmpint (write (bh_new_file_get_fd (file), text, strlen (text)), ==, strlen (text));
  return file;
}

static void
assert_holds (const char *path, const char *text)
{
  g_autofree char *held = NULL;

  g_assert_true (g_file_get_contents (path, &held, NULL, NULL));
  g_assert_cmpstr (held, ==, text);
  g_assert_cmpuint (count_files (), ==, 1);
}

static void
keep_and_drop (gboolean named)
{
  g_autofree char *path = g_build_filename (folder, "a file", NULL);
  g_autofree char *nowhere = g_build_filename (folder, "none", "file", NULL);
  g_autoptr (GError) error = NULL;
  BhNewFile *file = begin (path, "dropped");

  g_assert_true (bh_new_file_is_named (file) == named);
  g_assert_cmpuint (count_files (), ==, named);
  bh_new_file_free (file);
  g_assert_cmpuint (count_files (), ==, 0);

  file = begin (path, "first");
  g_assert_true (bh_new_file_keep (file, FALSE, &error));
  bh_new_file_free (file);
  assert_holds (path, "first");

  file = begin (path, "second");
  g_assert_false (bh_new_file_keep (file, FALSE, &error));
  g_assert_error (error, BH_ERROR, BH_ERROR_EXISTS);
  g_clear_error (&error);
  bh_new_file_free (file);
  assert_holds (path, "first");

  file = begin (path, "third");
  g_assert_true (bh_new_file_keep (file, TRUE, &error));
  bh_new_file_free (file);
  assert_holds (path, "third");
  g_unlink (path);

  g_assert_null (bh_new_file_open (nowhere, &error));
  g_assert_error (error, BH_ERROR, BH_ERROR_FAILED);
}

static void
test_without_a_name (void)
{
  keep_and_drop (FALSE);
}

static void
test_with_a_name (void)
{
  pid_t pid = fork ();
  int status;

  if (pid == 0)
    {
      have_no_nameless_files ();
      keep_and_drop (TRUE);
      _exit (0);
    }
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_assert_cmpint (status, ==, 0);
}

static void
test_killed (void)
{
  g_autofree char *path = g_build_filename (folder, "a file", NULL);
  pid_t pid = fork ();

  if (pid == 0)
    {
      begin (path, "half");
      raise (SIGKILL);
    }
  g_assert_cmpint (waitpid (pid, NULL, 0), ==, pid);
  g_assert_cmpuint (count_files (), ==, 0);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("bh-new-file-XXXXXX", NULL);
  g_test_add_func ("/new-file/without-a-name", test_without_a_name);
  g_test_add_func ("/new-file/with-a-name", test_with_a_name);
  g_test_add_func ("/new-file/killed", test_killed);
  status = g_test_run ();
  g_rmdir (folder);
  g_free (folder);
  return status;
}
