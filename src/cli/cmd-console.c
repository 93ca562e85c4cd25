/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl console: the serial console of an AppVM.
 *
 * Works between terminals and between files alike: what comes from standard input goes to the
 * guest, what the guest writes goes to standard output through the filter (terminal-filter.h).
 * Ctrl+] in the input leaves, the end of the console as well; the end of the input does not, so
 * that the answer to piped commands is seen. */
#include "config.h"

#include "commands.h"
#include "terminal-filter.h"

#include <errno.h>
#include <gio/gunixfdlist.h>
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#define LEAVE 035 /* Ctrl+] */

typedef struct
{
  int fd;
  GMainLoop *loop;
  BhTerminalFilter filter;
  GString *to_guest;
  guint input, output; /* sources: reading standard input; writing to the guest */
  gboolean leaving;
} Console;

static gboolean on_input (int fd, GIOCondition condition, gpointer data);

/* Standard input is read only while the guest takes what is there. */
static gboolean
on_writable (int fd, GIOCondition condition, gpointer data)
{
  Console *console = data;
  ssize_t n =
      send (fd, console->to_guest->str, console->to_guest->len, MSG_NOSIGNAL | MSG_DONTWAIT);

  if (n < 0 && errno != EAGAIN && errno != EINTR)
    {
      g_main_loop_quit (console->loop);
      console->output = 0;
      return G_SOURCE_REMOVE;
    }
  if (n > 0)
    g_string_erase (console->to_guest, 0, n);
  if (console->to_guest->len > 0)
    return G_SOURCE_CONTINUE;
  console->output = 0;
  if (console->leaving)
    g_main_loop_quit (console->loop);
  else if (console->input == 0)
    console->input = g_unix_fd_add (STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, on_input, console);
  return G_SOURCE_REMOVE;
}

static gboolean
on_input (int fd, GIOCondition condition, gpointer data)
{
  Console *console = data;
  char buffer[4096];
  ssize_t n = read (fd, buffer, sizeof buffer);
  const char *leave;

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  console->input = 0;
  if (n <= 0)
    return G_SOURCE_REMOVE;
  leave = memchr (buffer, LEAVE, (gsize) n);
  console->leaving = leave != NULL;
  g_string_append_len (console->to_guest, buffer, leave != NULL ? leave - buffer : n);
  if (console->to_guest->len == 0)
    g_main_loop_quit (console->loop);
  else if (console->output == 0)
    console->output =
        g_unix_fd_add (console->fd, G_IO_OUT | G_IO_HUP | G_IO_ERR, on_writable, console);
  /* A regular file cannot be polled for its end; it is read as well when the guest has taken
   * this. */
  return G_SOURCE_REMOVE;
}

static gboolean
on_output (int fd, GIOCondition condition, gpointer data)
{
  Console *console = data;
  char buffer[4096];
  ssize_t n = recv (fd, buffer, sizeof buffer, MSG_DONTWAIT);
  g_autoptr (GString) text = NULL;

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (n <= 0)
    {
      g_main_loop_quit (console->loop);
      return G_SOURCE_REMOVE;
    }
  text = g_string_new (NULL);
  bh_terminal_filter_push (&console->filter, buffer, (gsize) n, text);
  fwrite (text->str, 1, text->len, stdout);
  fflush (stdout);
  return G_SOURCE_CONTINUE;
}

static gboolean
on_signal (gpointer data)
{
  g_main_loop_quit (((Console *) data)->loop);
  return G_SOURCE_CONTINUE;
}

static void
talk (int fd)
{
  static const int signals[] = { SIGTERM, SIGHUP, SIGINT };
  guint sources[G_N_ELEMENTS (signals)];
  Console console = { fd };
  guint reading;

  console.loop = g_main_loop_new (NULL, FALSE);
  console.to_guest = g_string_new (NULL);
  bh_terminal_filter_init (&console.filter, BH_TERMINAL_SCREEN);
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    sources[i] = g_unix_signal_add (signals[i], on_signal, &console);
  console.input = g_unix_fd_add (STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, on_input, &console);
  reading = g_unix_fd_add (fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_output, &console);
  g_main_loop_run (console.loop);
  for (gsize i = 0; i < G_N_ELEMENTS (signals); i++)
    g_source_remove (sources[i]);
  g_clear_handle_id (&console.input, g_source_remove);
  g_clear_handle_id (&console.output, g_source_remove);
  /* on_output removes itself at the end of the console. */
  if (g_main_context_find_source_by_id (NULL, reading) != NULL)
    g_source_remove (reading);
  g_string_free (console.to_guest, TRUE);
  g_main_loop_unref (console.loop);
}

static void
talk_raw (int fd, const char *name)
{
  struct termios saved, raw;
  gboolean terminal = isatty (STDIN_FILENO) && tcgetattr (STDIN_FILENO, &saved) == 0;

  if (terminal)
    {
      fprintf (stderr, _ ("Console of “%s”. Ctrl+] leaves it; Enter may bring a prompt.\n"), name);
      raw = saved;
      cfmakeraw (&raw);
      tcsetattr (STDIN_FILENO, TCSADRAIN, &raw);
    }
  talk (fd);
  if (terminal)
    {
      tcsetattr (STDIN_FILENO, TCSADRAIN, &saved);
      if (isatty (STDOUT_FILENO))
        {
          /* The guest may have left anything behind that the filter lets through: character set,
           * colours, an invisible cursor, a scroll region, the alternate screen. */
          fputs ("\017\033(B\033[m\033[?25h\033[?7h\033[?1l\033>\033[?2004l\033[4l\033[?1049l\r\n",
                 stdout);
          fflush (stdout);
        }
      else
        fputc ('\n', stderr);
    }
}

int
bh_cmd_console (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  g_autoptr (BhDbusVm1) vm = NULL;
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GVariant) handle = NULL;
  int fd;

  if (!bh_cli_parse (command, NULL, &argv, 1, 1, error)
      || (vm = bh_cli_find_vm (cli, argv[0], error)) == NULL
      || !bh_dbus_vm1_call_open_console_sync (vm, NULL, &handle, &fds, NULL, error))
    return BH_EXIT_FAILED;
  fd = fds != NULL ? g_unix_fd_list_get (fds, g_variant_get_handle (handle), error) : -1;
  if (fd < 0)
    {
      if (error != NULL && *error == NULL)
        g_set_error (error, BH_ERROR, BH_ERROR_FAILED, _ ("The service gave no console."));
      return BH_EXIT_FAILED;
    }
  talk_raw (fd, argv[0]);
  close (fd);
  return BH_EXIT_OK;
}
