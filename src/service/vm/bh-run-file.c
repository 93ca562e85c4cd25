/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a service leaves for the next one about a running AppVM.
 *
 * Only this user can write it, but it is read as anything from a disk is: nothing in it is trusted to
 * be there or to be in range. */
#include "config.h"

#include "bh-run-file.h"

#include "bh-domain-xml.h"
#include "bh-options.h"
#include "bh-paths.h"

#define GROUP "Run"

static char *
file_path (const char *id)
{
  g_autofree char *dir = bh_paths_runtime_dir (id);

  return g_build_filename (dir, "run", NULL);
}

void
bh_run_file_save (const char *id, const char *uuid, const char *display, gboolean kvm,
                  guint memory_mib, guint nics, guint next_program, GPtrArray *programs)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *path = file_path (id);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_key_file_set_string (file, GROUP, "Uuid", uuid);
  if (display)
    g_key_file_set_string (file, GROUP, "Display", display);
  g_key_file_set_boolean (file, GROUP, "Kvm", kvm);
  g_key_file_set_uint64 (file, GROUP, "Memory", memory_mib);
  g_key_file_set_uint64 (file, GROUP, "Nics", nics);
  g_key_file_set_uint64 (file, GROUP, "NextProgram", next_program);
  for (guint i = 0; i < programs->len; i++)
    {
      BhProgram *program = programs->pdata[i];
      g_autofree char *group = g_strdup_printf ("%u", program->id);

      g_key_file_set_string (file, group, "Label", program->label);
      g_key_file_set_int64 (file, group, "Started", program->started);
    }
  text = g_key_file_to_data (file, NULL, NULL);
  if (!g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
    g_message ("%s", error->message);
}

gboolean
bh_run_file_is_of (const char *id, const char *uuid)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *path = file_path (id);
  g_autofree char *of = NULL;

  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL))
    return FALSE;
  of = g_key_file_get_string (file, GROUP, "Uuid", NULL);
  return g_strcmp0 (of, uuid) == 0;
}

void
bh_run_file_load (const char *id, const char *uuid, char **display, gboolean *kvm,
                  guint *memory_mib, guint *nics, guint *next_program, GPtrArray *programs)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *path = file_path (id);
  g_autofree char *of = NULL;
  g_auto (GStrv) groups = NULL;
  guint64 next, memory, there;

  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL))
    return;
  of = g_key_file_get_string (file, GROUP, "Uuid", NULL);
  if (g_strcmp0 (of, uuid) != 0)
    return;
  *display = g_key_file_get_string (file, GROUP, "Display", NULL);
  if (*display && !bh_options_display_is_valid (*display))
    g_clear_pointer (display, g_free);
  *kvm = g_key_file_get_boolean (file, GROUP, "Kvm", NULL);
  memory = g_key_file_get_uint64 (file, GROUP, "Memory", NULL);
  if (memory > 0 && memory < G_MAXUINT)
    *memory_mib = (guint) memory;
  there = g_key_file_get_uint64 (file, GROUP, "Nics", NULL);
  if (there > 0 && there <= BH_DOMAIN_MANY_NICS)
    *nics = (guint) there;
  next = g_key_file_get_uint64 (file, GROUP, "NextProgram", NULL);
  if (next > 0 && next < G_MAXUINT)
    *next_program = (guint) next;
  groups = g_key_file_get_groups (file, NULL);
  for (char **p = groups; *p; p++)
    {
      guint64 number;
      g_autofree char *label = NULL;

      if (!g_ascii_string_to_unsigned (*p, 10, 1, G_MAXUINT - 1, &number, NULL))
        continue;
      label = g_key_file_get_string (file, *p, "Label", NULL);
      bh_programs_add (programs, (guint) number, label ? label : "?",
                       g_key_file_get_int64 (file, *p, "Started", NULL));
      *next_program = MAX (*next_program, (guint) number + 1);
    }
}
