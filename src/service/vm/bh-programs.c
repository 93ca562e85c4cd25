/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The programs that run in one AppVM. */
#include "config.h"

#include "bh-programs.h"

#include "bh-error.h"
#include "bh-proxy-link.h"

static void
program_free (gpointer data)
{
  BhProgram *program = data;

  g_free (program->label);
  g_free (program);
}

GPtrArray *
bh_programs_new (void)
{
  return g_ptr_array_new_with_free_func (program_free);
}

BhProgram *
bh_programs_add (GPtrArray *programs, guint id, const char *label, gint64 started)
{
  BhProgram *program = g_new0 (BhProgram, 1);

  program->id = id;
  program->label = g_strdup (label);
  program->started = started;
  g_ptr_array_add (programs, program);
  return program;
}

BhProgram *
bh_programs_find (GPtrArray *programs, guint id)
{
  for (guint i = 0; i < programs->len; i++)
    {
      BhProgram *program = programs->pdata[i];

      if (program->id == id)
        return program;
    }
  return NULL;
}

GError *
bh_programs_launch_error (guint status, const char *label, const char *detail)
{
  const char *separator;

  if (g_str_equal (detail, label))
    detail = "";
  separator = *detail ? ": " : "";
  switch (status)
    {
    case BH_PROXY_LAUNCH_UNKNOWN_APP:
      return g_error_new (BH_ERROR, BH_ERROR_PROGRAM_NOT_FOUND,
                          "The AppVM does not know the application %s%s%s", label, separator,
                          detail);
    case BH_PROXY_LAUNCH_NOT_FOUND:
      return g_error_new (BH_ERROR, BH_ERROR_PROGRAM_NOT_FOUND, "There is no program %s%s%s", label,
                          separator, detail);
    case BH_PROXY_LAUNCH_TOO_MANY:
      return g_error_new (BH_ERROR, BH_ERROR_BUSY, "Too many programs run in this AppVM already");
    case BH_PROXY_LAUNCH_NO_CAGE:
      return g_error_new (BH_ERROR, BH_ERROR_PROGRAM_UNSUPPORTED,
                          "%s is an X11 program. Install the package cage to run it.", label);
    default:
      return g_error_new (BH_ERROR, BH_ERROR_PROGRAM_FAILED, "%s could not be started%s%s", label,
                          separator, detail);
    }
}
