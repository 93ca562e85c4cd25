/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Commands that an AppVM offers beside installed applications. */
#include "config.h"

#include "bh-commands.h"

#include "bh-text.h"

#include <string.h>

#define MAX_NAME 64
#define MAX_LINE 2000

gboolean
bh_command_parse (const char *line, char **name, char ***argv)
{
  const char *equals = strchr (line, '=');
  g_autofree char *begin = NULL;
  g_autofree char *clean = NULL;
  g_auto (GStrv) words = NULL;

  if (!equals || strlen (line) > MAX_LINE || !g_utf8_validate (line, -1, NULL))
    return FALSE;
  begin = g_strstrip (g_strndup (line, (gsize) (equals - line)));
  if (*begin == '\0' || g_utf8_strlen (begin, -1) > MAX_NAME)
    return FALSE;
  clean = bh_text_clean (begin, strlen (begin), MAX_NAME);
  if (!g_str_equal (clean, begin))
    return FALSE;
  /* Spaces may stand in a word, but nothing that looks like something else than it is. */
  g_clear_pointer (&clean, g_free);
  clean = bh_text_clean_lines (equals + 1, strlen (equals + 1));
  if (!g_str_equal (clean, equals + 1) || strpbrk (clean, "\n\t")
      || !g_shell_parse_argv (equals + 1, NULL, &words, NULL) || *words[0] == '\0')
    return FALSE;
  if (name)
    *name = g_steal_pointer (&begin);
  if (argv)
    *argv = g_steal_pointer (&words);
  return TRUE;
}

char *
bh_commands_normalize (const char *text, gsize max)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autoptr (GHashTable) names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GString) out = g_string_new (NULL);

  for (char **p = lines; *p; p++)
    {
      char *name;

      if (*g_strstrip (*p) == '\0')
        continue;
      if (!bh_command_parse (*p, &name, NULL))
        return NULL;
      if (g_hash_table_size (names) >= max || !g_hash_table_add (names, name))
        return NULL;
      g_string_append_printf (out, "%s%s=%s", out->len > 0 ? "\n" : "", name,
                              g_strchug (strchr (*p, '=') + 1));
    }
  return g_string_free (g_steal_pointer (&out), FALSE);
}
