/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Command lines of the commands. */
#include "config.h"

#include "cli.h"

#include <glib/gi18n.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
bh_cli_set_usage_error (GError **error, const char *format, ...)
{
  g_autofree char *message = NULL;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, message);
}

static void
print_help (GOptionContext *context)
{
  g_autofree char *help = g_option_context_get_help (context, TRUE, NULL);

  fputs (help, stdout);
  exit (fflush (stdout) == 0 ? BH_EXIT_OK : BH_EXIT_FAILED);
}

char **
bh_cli_split_at_dashes (char **argv)
{
  for (char **p = argv; *p != NULL; p++)
    if (strcmp (*p, "--") == 0)
      {
        char **rest = g_strdupv (p + 1);

        while (*p != NULL)
          g_clear_pointer (p++, g_free);
        return rest;
      }
  return NULL;
}

/* @text: how many arguments have to be text; -1: all. Others are names of files, which can be anything. */
static gboolean
parse (const BhCommand *command, const GOptionEntry *entries, char ***argv, int min, int max,
       int text, GError **error)
{
  gboolean help = FALSE;
  const GOptionEntry help_entry[] = {
    { "help", 'h', 0, G_OPTION_ARG_NONE, &help, N_ ("Show this help"), NULL },
    { NULL },
  };
  g_autofree char *program = g_strconcat ("bulkheadctl ", command->name, NULL);
  g_autoptr (GOptionContext) context =
      g_option_context_new (command->arguments != NULL ? _ (command->arguments) : NULL);
  g_auto (GStrv) rest = NULL;
  g_autofree char *name = NULL;
  int n;

  g_set_prgname (program);
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  g_option_context_set_help_enabled (context, FALSE);
  if (command->summary != NULL)
    g_option_context_set_summary (context, _ (command->summary));
  if (entries != NULL)
    g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_add_main_entries (context, help_entry, GETTEXT_PACKAGE);
  /* GOption sometimes keeps “--” and sometimes not, so it does not get to see it. */
  rest = bh_cli_split_at_dashes (*argv);
  if (!g_option_context_parse_strv (context, argv, error))
    return FALSE;
  if (help)
    print_help (context);

  name = (*argv)[0];
  for (n = 0; (*argv)[n + 1] != NULL; n++)
    (*argv)[n] = (*argv)[n + 1];
  /* They fit where they were. */
  for (char **p = rest; p != NULL && *p != NULL; p++)
    (*argv)[n++] = g_steal_pointer (p);
  (*argv)[n] = NULL;
  for (int i = 0; i < n && (text < 0 || i < text); i++)
    if (!g_utf8_validate ((*argv)[i], -1, NULL))
      {
        bh_cli_set_usage_error (error, _ ("Argument %d is not valid UTF-8."), i + 1);
        return FALSE;
      }
  if (n < min)
    bh_cli_set_usage_error (error, _ ("Something is missing: “bulkheadctl %s” wants %s."),
                            command->name, _ (command->arguments));
  else if (max >= 0 && n > max)
    bh_cli_set_usage_error (error, _ ("“%s” is one argument too many for “bulkheadctl %s”."),
                            (*argv)[max], command->name);
  return n >= min && (max < 0 || n <= max);
}

gboolean
bh_cli_parse (const BhCommand *command, const GOptionEntry *entries, char ***argv, int min, int max,
              GError **error)
{
  return parse (command, entries, argv, min, max, -1, error);
}

gboolean
bh_cli_parse_files (const BhCommand *command, const GOptionEntry *entries, char ***argv, int min,
                    int text, GError **error)
{
  return parse (command, entries, argv, min, -1, text, error);
}
