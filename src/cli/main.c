/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl: the command line of Bulkhead. Finds the command, runs it, reports its error. */
#include "config.h"

#include "bh-text.h"
#include "cli.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
print_commands (FILE *out)
{
  fprintf (out, "%s\n  bulkheadctl %s\n\n%s\n", _ ("Usage:"), _ ("COMMAND [ARGUMENT…]"),
           _ ("Commands:"));
  for (const BhCommand *c = bh_commands; c->name != NULL; c++)
    if (c->summary != NULL)
      fprintf (out, "  %-10s %s\n", c->name, _ (c->summary));
  fprintf (
      out, "\n%s\n",
      _ ("“bulkheadctl COMMAND --help” tells more about one; so does the manual, bulkheadctl(1)."));
}

/* The command name that comes closest to what was typed, for “Did you mean”. */
static const char *
suggest (const char *typed)
{
  const char *best = NULL;
  gsize best_length = 1;

  for (const BhCommand *c = bh_commands; c->name != NULL; c++)
    {
      gsize n = 0;

      while (typed[n] != '\0' && typed[n] == c->name[n])
        n++;
      if (c->summary != NULL && n > best_length)
        {
          best = c->name;
          best_length = n;
        }
    }
  return best;
}

static void
report (const GError *error, const char *command)
{
  g_autofree char *text = bh_text_clean_lines (error->message, strlen (error->message));
  const char *end = "";

  g_strchomp (text);
  /* Messages of the service are one sentence or two, the last perhaps without its full stop; what
   * a guest's console said last gets none. */
  if (strchr (text, '\n') == NULL && *text != '\0'
      && strchr (".?!:", text[strlen (text) - 1]) == NULL && !g_str_has_suffix (text, "…"))
    end = ".";
  fprintf (stderr, "bulkheadctl: %s%s\n", text, end);
  if (error->domain == G_OPTION_ERROR && command != NULL)
    {
      fputs ("bulkheadctl: ", stderr);
      fprintf (stderr, _ ("“bulkheadctl %s --help” shows how to use it."), command);
      fputc ('\n', stderr);
    }
}

static int
unknown_command (const char *name)
{
  g_autofree char *text = bh_text_clean (name, strlen (name), 80);
  const char *near = suggest (name);

  fprintf (stderr, "bulkheadctl: ");
  if (near != NULL)
    fprintf (stderr, _ ("There is no command “%s”. Did you mean “%s”?"), text, near);
  else
    fprintf (stderr, _ ("There is no command “%s”. “bulkheadctl --help” lists them."), text);
  fputc ('\n', stderr);
  return BH_EXIT_USAGE;
}

static int
run_command (const BhCommand *command, char **arguments)
{
  BhCli cli = { NULL };
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) argv = g_strdupv (arguments);
  int status = command->run (&cli, command, argv, &error);

  if (error != NULL)
    {
      bh_cli_explain_error (&error);
      status = bh_cli_exit_code (error);
      fflush (stdout);
      report (error, command->name);
    }
  g_clear_object (&cli.bus);
  return status;
}

int
main (int argc, char **argv)
{
  const BhCommand *command;
  int status;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, BH_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_set_prgname ("bulkheadctl");
  /* Registers the error names, so that replies become errors of our domain. */
  (void) BH_ERROR;

  if (argc < 2)
    {
      print_commands (stderr);
      return BH_EXIT_USAGE;
    }
  argv++;
  /* “help COMMAND” is “COMMAND --help”. */
  if (strcmp (argv[0], "help") == 0 && argc > 2)
    {
      char *swapped[] = { argv[1], (char *) "--help", NULL };

      command = bh_command_find (argv[1]);
      return command != NULL ? run_command (command, swapped) : unknown_command (argv[1]);
    }
  if (strcmp (argv[0], "--help") == 0 || strcmp (argv[0], "-h") == 0
      || strcmp (argv[0], "help") == 0)
    {
      print_commands (stdout);
      status = BH_EXIT_OK;
    }
  else if (strcmp (argv[0], "--version") == 0)
    {
      puts ("bulkheadctl " BH_VERSION);
      status = BH_EXIT_OK;
    }
  else if ((command = bh_command_find (argv[0])) != NULL)
    status = run_command (command, argv);
  else
    return unknown_command (argv[0]);

  errno = 0;
  if (fflush (stdout) != 0 || ferror (stdout))
    {
      fprintf (stderr, "bulkheadctl: ");
      fprintf (stderr, _ ("The output could not be written: %s."), g_strerror (errno));
      fputc ('\n', stderr);
      if (status == BH_EXIT_OK)
        status = BH_EXIT_FAILED;
    }
  return status;
}
