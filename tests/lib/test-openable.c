/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which files and addresses an AppVM may be given. */
#include "bh-openable.h"

#include "bh-error.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void
test_urls (void)
{
  static const struct
  {
    const char *text;
    gboolean is_url, good;
  } cases[] = {
    { "https://example.org/a?b=c#d", TRUE, TRUE },
    { "http://[::1]:8080/", TRUE, TRUE },
    { "HTTPS://Example.org", TRUE, TRUE },
    { "https://example.org/Übung", TRUE, TRUE },
    { "mailto:me@example.org?subject=a%20b", TRUE, TRUE },
    { "mailto:", TRUE, TRUE },
    { "https://", TRUE, FALSE },
    { "https:///etc/passwd", TRUE, FALSE },
    { "https://example.org/a b", TRUE, FALSE },
    { "https://example.org/\nX: y", TRUE, FALSE },
    { "https://example.org/\xff", TRUE, FALSE },
    { "https://example.org/\xe2\x80\xae", TRUE, FALSE },
    { "ftp://example.org/", TRUE, FALSE },
    { "file:///etc/passwd", TRUE, FALSE },
    { "smb://a/b", TRUE, FALSE },
    { "data:text/html,x", FALSE, FALSE },
    { "javascript:alert(1)", FALSE, FALSE },
    { "httpsx://example.org/", TRUE, FALSE },
    { "notes: today.txt", FALSE, FALSE },
    { "-o", FALSE, FALSE },
    { "", FALSE, FALSE },
  };
  g_autofree char *fill = g_strnfill (BH_OPENABLE_URL_MAX, 'a');
  g_autofree char *most = g_strdup_printf ("http://%.*s", BH_OPENABLE_URL_MAX - 7, fill);
  g_autofree char *more = g_strconcat (most, "a", NULL);
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) refused = NULL;

      g_test_message ("case %" G_GSIZE_FORMAT, i);
      g_assert_cmpint (bh_openable_is_url (cases[i].text), ==, cases[i].is_url);
      g_assert_cmpint (bh_openable_check_url (cases[i].text, &refused), ==, cases[i].good);
      if (!cases[i].good)
        g_assert_error (refused, BH_ERROR, BH_ERROR_INVALID_ARGUMENT);
    }
  g_assert_true (bh_openable_check_url (most, NULL));
  g_assert_false (bh_openable_check_url (more, &error));
  g_assert_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT);
}

static void
refused (const char *path, int code)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (bh_openable_open (path, &error), ==, -1);
  g_assert_error (error, BH_ERROR, code);
}

static void
test_files (void)
{
  g_autofree char *dir = g_dir_make_tmp ("bh-openable-XXXXXX", NULL);
  g_autofree char *file = g_build_filename (dir, "a\n\xff", NULL);
  g_autofree char *link = g_build_filename (dir, "link", NULL);
  g_autofree char *fifo = g_build_filename (dir, "fifo", NULL);
  g_autofree char *magic = NULL;
  int fd;
  char text[6] = "";

  g_assert_true (g_file_set_contents (file, "hello", 5, NULL));
  g_assert_cmpint (symlink (file, link), ==, 0);
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  fd = bh_openable_open (file, NULL);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (read (fd, text, 5), ==, 5);
  g_assert_cmpstr (text, ==, "hello");
  g_assert_true (bh_openable_check (fd, "any \n\xff", NULL));
  g_assert_false (bh_openable_check (fd, "a/b", NULL));
  g_assert_false (bh_openable_check (fd, "", NULL));
  g_assert_false (bh_openable_check (fd, "..", NULL));
  magic = g_strdup_printf ("/proc/self/fd/%d", fd);
  refused (magic, BH_ERROR_INVALID_ARGUMENT); /* a link, like any */
  close (fd);

  refused (link, BH_ERROR_INVALID_ARGUMENT);
  refused (fifo, BH_ERROR_INVALID_ARGUMENT); /* and nobody waits for a writer */
  refused (dir, BH_ERROR_INVALID_ARGUMENT);
  refused ("/dev/null", BH_ERROR_INVALID_ARGUMENT);
  refused ("/proc/self/environ", BH_ERROR_INVALID_ARGUMENT);
  refused ("/proc/self/root/etc/passwd", BH_ERROR_NOT_FOUND);
  refused ("/nowhere/at/all", BH_ERROR_NOT_FOUND);
  refused ("", BH_ERROR_NOT_FOUND);

  fd = open (file, O_PATH | O_CLOEXEC);
  g_assert_false (bh_openable_check (fd, "a", NULL));
  close (fd);
  fd = open (file, O_WRONLY | O_CLOEXEC);
  g_assert_false (bh_openable_check (fd, "a", NULL));
  close (fd);
  fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  g_assert_false (bh_openable_check (fd, "a", NULL));
  close (fd);
  g_assert_false (bh_openable_check (-1, "a", NULL));

  g_unlink (file);
  g_unlink (link);
  g_unlink (fifo);
  g_rmdir (dir);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/lib/openable/urls", test_urls);
  g_test_add_func ("/lib/openable/files", test_files);
  return g_test_run ();
}
