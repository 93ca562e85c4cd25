/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Passphrases. They are never arguments, which every user of a computer can see, and cross the bus as a
 * file only. */
#include "config.h"

#include "passphrase.h"

#include "bh-error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#define MAX_LENGTH 1024

/* One line without its end; FALSE at the end of the file. */
static gboolean
read_line (int fd, char *line)
{
  gsize n = 0;
  char c;
  ssize_t got;

  while ((got = TEMP_FAILURE_RETRY (read (fd, &c, 1))) == 1 && c != '\n')
    if (n < MAX_LENGTH)
      line[n++] = c;
  line[n] = '\0';
  return got == 1 || n > 0;
}

static gboolean
ask (const char *question, char *line, GError **error)
{
  struct termios old, quiet;
  int fd = open ("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  gboolean good;

  if (fd < 0 || tcgetattr (fd, &old) != 0)
    {
      if (fd >= 0)
        close (fd);
      g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                   _ ("Nobody can be asked for the passphrase here. Add --passphrase-file=FILE."));
      return FALSE;
    }
  quiet = old;
  quiet.c_lflag &= ~(tcflag_t) ECHO;
  /* Interrupted while it is typed, the terminal is to be as before. */
  quiet.c_lflag &= ~(tcflag_t) ISIG;
  quiet.c_cc[VINTR] = quiet.c_cc[VQUIT] = _POSIX_VDISABLE;
  tcsetattr (fd, TCSAFLUSH, &quiet);
  dprintf (fd, "%s ", question);
  good = read_line (fd, line);
  tcsetattr (fd, TCSAFLUSH, &old);
  dprintf (fd, "\n");
  close (fd);
  if (good && (strchr (line, 3) || strchr (line, 4)))
    good = FALSE; /* Ctrl+C, Ctrl+D */
  if (!good)
    g_set_error (error, BH_ERROR, BH_ERROR_CANCELLED, _ ("No passphrase was given."));
  return good;
}

static gboolean
read_from (const char *file, char *line, GError **error)
{
  int fd = g_str_equal (file, "-") ? STDIN_FILENO : open (file, O_RDONLY | O_CLOEXEC);
  gboolean good = fd >= 0 && read_line (fd, line);

  if (fd < 0)
    bh_error_set_from_errno (error, errno, _ ("Cannot read the passphrase from “%s”"), file);
  else if (!good)
    g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT, _ ("There is no passphrase in “%s”."),
                 file);
  if (fd > STDIN_FILENO)
    close (fd);
  return good;
}

static gboolean
get (const char *file, gboolean twice, char *line, char *again, GError **error)
{
  if (file)
    return read_from (file, line, error);
  if (!ask (_ ("Passphrase:"), line, error)
      || (twice && !ask (_ ("The same again:"), again, error)))
    return FALSE;
  if (!twice || strcmp (line, again) == 0)
    return TRUE;
  g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT, _ ("These were two different ones."));
  return FALSE;
}

int
bh_passphrase_get (const char *file, gboolean twice, GError **error)
{
  char line[MAX_LENGTH + 1] = "", again[MAX_LENGTH + 1] = "";
  int fd = -1;

  if (get (file, twice, line, again, error))
    {
      gsize n = strlen (line);

      if (n == 0)
        g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT, _ ("The passphrase is empty."));
      else if ((fd = memfd_create ("passphrase", MFD_CLOEXEC)) < 0
               || write (fd, line, n) != (ssize_t) n)
        bh_error_set_from_errno (error, errno, "memfd_create");
    }
  explicit_bzero (line, sizeof line);
  explicit_bzero (again, sizeof again);
  return fd;
}
