/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkheadctl run: run a program in an AppVM, which is started when it does not run.
 * bulkheadctl open: give it files or addresses to open, too. */
#include "config.h"

#include "bh-text.h"
#include "commands.h"
#include "job.h"
#include "launch-options.h"
#include "openables.h"
#include "output.h"
#include "timeline.h"

#include <glib/gi18n.h>
#include <string.h>

typedef struct
{
  gboolean disposable, wait, timing, x11, quiet, json;
  const char *name; /* of the AppVM */
  const char *app;  /* or NULL */
  char **program;   /* or NULL: program and arguments */
  BhOpenables what; /* n: 0 when there is nothing to open */
} Options;

static GVariant *
launch_parameters (const Options *options, const char *app)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  if (app != NULL)
    g_variant_builder_add (&builder, "{sv}", "app", g_variant_new_string (app));
  else if (options->program != NULL)
    g_variant_builder_add (&builder, "{sv}", "argv",
                           g_variant_new_strv ((const char *const *) options->program, -1));
  if (options->wait)
    g_variant_builder_add (&builder, "{sv}", "wait", g_variant_new_boolean (TRUE));
  if (options->disposable)
    g_variant_builder_add (&builder, "{sv}", "disposable", g_variant_new_boolean (TRUE));
  if (options->x11)
    g_variant_builder_add (&builder, "{sv}", "x11", g_variant_new_string ("yes"));
  bh_cli_add_display (&builder, TRUE);
  if (options->what.n > 0)
    return g_variant_new ("(a{sv}@a(hay)@as)", &builder, options->what.files, options->what.urls);
  return g_variant_new ("(a{sv})", &builder);
}

/* As it was typed, then as the application list says it was meant. */
static gboolean
launch (BhCli *cli, BhDbusVm1 *vm, const Options *options, BhProgress *progress,
        BhJobOutcome *outcome, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GVariant) applications = NULL;
  g_autofree char *typed = NULL;
  g_autofree char *meant = NULL;
  BhJobRequest request = { .method = options->what.n > 0 ? "Open" : "Launch",
                           .fds = options->what.n > 0 ? options->what.fds : NULL,
                           .terminate = options->wait };

  if (options->app != NULL)
    typed = g_str_has_suffix (options->app, ".desktop")
                ? g_strdup (options->app)
                : g_strconcat (options->app, ".desktop", NULL);
  request.parameters = launch_parameters (options, typed);
  if (bh_job_run (cli, vm, &request, progress, outcome, &local_error))
    return TRUE;
  if (typed == NULL || outcome->state != NULL
      || !g_error_matches (local_error, BH_ERROR, BH_ERROR_PROGRAM_NOT_FOUND)
      || (applications = bh_cli_list_applications (cli, NULL)) == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  /* "org.telegram.desktop" is the id of org.telegram.desktop.desktop. */
  meant = bh_cli_resolve_application (applications, options->app, error);
  if (meant == NULL)
    return FALSE;
  if (strcmp (meant, typed) == 0)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  bh_job_outcome_clear (outcome);
  request.parameters = launch_parameters (options, meant);
  return bh_job_run (cli, vm, &request, progress, outcome, error);
}

static void
print_tail (FILE *stream, GVariant *result)
{
  g_autoptr (GVariant) tail =
      result != NULL ? g_variant_lookup_value (result, "tail", G_VARIANT_TYPE_BYTESTRING) : NULL;
  gsize len;
  const char *bytes;

  if (tail == NULL)
    return;
  bytes = g_variant_get_fixed_array (tail, &len, 1);
  /* Byte strings of GVariant may have one at their end. */
  if (len > 0 && bytes[len - 1] == '\0')
    len--;
  if (len > 0)
    bh_output_text (stream, bytes, len);
}

static void
print_json (const BhJobOutcome *outcome, const GError *error)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "state", outcome->state);
  if (error != NULL)
    json_object_set_string_member (object, "error", error->message);
  bh_json_add_properties (object, outcome->result);
  json_object_set_member (object, "timeline", bh_timeline_to_json (outcome->timeline));
  bh_json_print (json_node_init_object (json_node_alloc (), object));
  json_object_unref (object);
}

/* Of a program that was not waited for. It can have ended without a window: one that runs already
 * may show another in its place, or it had nothing to show. */
static void
say_end (const Options *options, gint64 began, gboolean ended, guint32 code)
{
  double seconds = (double) (g_get_monotonic_time () - began) / G_USEC_PER_SEC;
  const char *what = options->app != NULL       ? options->app
                     : options->program != NULL ? options->program[0]
                     : options->what.n > 0      ? options->what.first
                                                : _ ("Desktop");
  g_autofree char *program = bh_text_clean (what, strlen (what), 80);
  g_autofree char *name = bh_text_clean (options->name, strlen (options->name), 80);

  if (ended)
    fprintf (stderr, _ ("“%s” ended without a window of its own (exit code %u).\n"), program, code);
  else
    fprintf (stderr, _ ("“%s” is shown in “%s” (%.1f s).\n"), program, name, seconds);
}

static int
finish (const Options *options, gint64 began, const BhJobOutcome *outcome, GError *error)
{
  guint32 code = 0;
  gboolean ended;

  if (outcome->state != NULL && options->json)
    print_json (outcome, error);
  else if (outcome->state != NULL)
    {
      /* Of a program that was not waited for, the output is about what went wrong. */
      print_tail (options->wait && error == NULL ? stdout : stderr, outcome->result);
      if (options->timing)
        bh_timeline_print (outcome->timeline, stdout);
    }
  if (error != NULL)
    return BH_EXIT_FAILED;
  ended = g_variant_lookup (outcome->result, "code", "u", &code);
  if (options->wait)
    return ended ? (int) MIN (code, 255) : BH_EXIT_FAILED;
  if (!options->quiet && !options->json)
    say_end (options, began, ended, code);
  return ended && code != 0 ? BH_EXIT_ERROR_BASE + BH_ERROR_PROGRAM_FAILED : BH_EXIT_OK;
}

static gboolean
check_arguments (Options *options, GError **error)
{
  if (options->program != NULL && options->app != NULL)
    bh_cli_set_usage_error (error,
                            _ ("Either an application id or a command after “--”, not both."));
  else if (options->program != NULL && options->program[0] == NULL)
    bh_cli_set_usage_error (error, _ ("There is no command after “--”."));
  else
    {
      for (char **p = options->program; p != NULL && *p != NULL; p++)
        if (!g_utf8_validate (*p, -1, NULL))
          {
            bh_cli_set_usage_error (error, _ ("An argument of the command is not valid UTF-8."));
            return FALSE;
          }
      return TRUE;
    }
  return FALSE;
}

/* There, nothing has to be named. */
static gboolean
is_desktop (BhDbusVm1 *vm)
{
  const char *template = "";

  g_variant_lookup (bh_dbus_vm1_get_settings (vm), "Template", "&s", &template);
  return strcmp (template, "disk") == 0;
}

/* Both commands have them. */
#define SHARED_ENTRIES(options)                                                                    \
  { "disposable", 'd', 0, G_OPTION_ARG_NONE, &(options).disposable,                                \
    N_ ("In a fresh AppVM with the same settings, of which nothing is left afterwards"), NULL },   \
  { "wait", 'w', 0, G_OPTION_ARG_NONE, &(options).wait,                                            \
    N_ ("Until the program ends; prints the end of its output, and ends with its exit code"),      \
    NULL },                                                                                        \
  { "timing", 't', 0, G_OPTION_ARG_NONE, &(options).timing, N_ ("Show how long each step took"),   \
    NULL },                                                                                        \
  { "x11", 'x', 0, G_OPTION_ARG_NONE, &(options).x11, N_ ("It is an X11 program"), NULL },         \
  { "quiet", 'q', 0, G_OPTION_ARG_NONE, &(options).quiet, N_ ("Do not show the steps"), NULL },    \
  { "json", 'j', 0, G_OPTION_ARG_NONE, &(options).json, N_ ("Result and times for programs"), NULL }

/* @options: checked, but for what a program can be started without. */
static int
perform (BhCli *cli, const Options *options, gint64 began, GError **error)
{
  g_autoptr (BhDbusVm1) vm = NULL;
  g_autoptr (BhProgress) progress = NULL;
  g_auto (BhJobOutcome) outcome = { NULL };
  g_autoptr (GError) local_error = NULL;
  int status;

  if ((vm = bh_cli_find_vm (cli, options->name, error)) == NULL)
    return BH_EXIT_FAILED;
  if (options->app == NULL && options->program == NULL && options->what.n == 0 && !is_desktop (vm))
    {
      bh_cli_set_usage_error (error,
                              _ ("Which program? Give an application id, or “--” and a command."));
      return BH_EXIT_USAGE;
    }
  progress = bh_progress_new (options->quiet);
  launch (cli, vm, options, progress, &outcome, &local_error);
  status = finish (options, began, &outcome, local_error);
  if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  return status;
}

int
bh_cmd_run (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  Options options = { FALSE };
  const GOptionEntry entries[] = { SHARED_ENTRIES (options), { NULL } };
  /* The program's own words are not for the option parser. */
  g_auto (GStrv) program = bh_cli_split_at_dashes (argv);
  g_auto (BhOpenables) what = { NULL };
  gint64 began = g_get_monotonic_time ();

  options.program = program;
  if (!bh_cli_parse_files (command, entries, &argv, 1, 2, error))
    return BH_EXIT_USAGE;
  options.name = argv[0];
  options.app = argv[1];
  if (!check_arguments (&options, error))
    return BH_EXIT_USAGE;
  /* Launchers say it so, with files and without. */
  if (options.app != NULL && argv[2] != NULL && !bh_openables_collect (argv + 2, &what, error))
    return BH_EXIT_FAILED;
  options.what = what;
  return perform (cli, &options, began, error);
}

int
bh_cmd_open (BhCli *cli, const BhCommand *command, char **argv, GError **error)
{
  Options options = { FALSE };
  g_autofree char *app = NULL;
  const GOptionEntry entries[] = {
    { "app", 'a', 0, G_OPTION_ARG_FILENAME, &app,
      N_ ("The application that opens them; by default one that says it does"), N_ ("APP-ID") },
    SHARED_ENTRIES (options),
    { NULL },
  };
  g_auto (GStrv) program = bh_cli_split_at_dashes (argv);
  g_auto (BhOpenables) what = { NULL };
  gint64 began = g_get_monotonic_time ();

  options.program = program;
  if (!bh_cli_parse_files (command, entries, &argv, 2, 1, error))
    return BH_EXIT_USAGE;
  options.name = argv[0];
  options.app = app;
  if (app != NULL && !g_utf8_validate (app, -1, NULL))
    {
      bh_cli_set_usage_error (error, _ ("The application id is not valid UTF-8."));
      return BH_EXIT_USAGE;
    }
  if (!check_arguments (&options, error))
    return BH_EXIT_USAGE;
  if (!bh_openables_collect (argv + 1, &what, error))
    return BH_EXIT_FAILED;
  options.what = what;
  return perform (cli, &options, began, error);
}
