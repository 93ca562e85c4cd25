/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Desktop files: finding one by its id, and what its Exec line starts. */
#include "bh-desktop.h"

#include <glib.h>
#include <string.h>

#define GROUP "Desktop Entry"
#define MAX_ARGS 256

char *
bh_desktop_find_program (const char *name)
{
  return name && *name ? g_find_program_in_path (name) : NULL;
}

/* What the field codes of one Exec line stand for. */
typedef struct
{
  const char *name, *icon, *file;
  const char *const *uris;
  char *first;  /* of them, as %f has it; "" when there is none */
  bool has_any; /* a code for them */
} Fill;

/* What to call @uri in a command: files by their path. */
static char *
to_path (const char *uri)
{
  char *path = g_str_has_prefix (uri, "file:") ? g_filename_from_uri (uri, NULL, NULL) : NULL;

  return path ? path : g_strdup (uri);
}

static void
add_uris (GPtrArray *argv, const Fill *fill, char code)
{
  for (gsize i = 0; fill->uris[i]; i++)
    {
      g_ptr_array_add (argv, g_ascii_tolower (code) == 'u' ? g_strdup (fill->uris[i])
                                                           : to_path (fill->uris[i]));
      if (g_ascii_islower (code))
        break;
    }
}

/* The value of a field code that is part of a word; NULL when there is no such code. */
static const char *
expand (char code, Fill *fill)
{
  switch (code)
    {
    case '%':
      return "%";
    case 'c':
      return fill->name ? fill->name : "";
    case 'k':
      return fill->file ? fill->file : "";
    case 'f':
      fill->has_any = true;
      return fill->first;
    case 'u':
      fill->has_any = true;
      return fill->uris[0] ? fill->uris[0] : "";
    case 'F': /* several are words of their own or nothing */
    case 'U':
    case 'i':
    case 'd': /* deprecated: removed */
    case 'D':
    case 'n':
    case 'N':
    case 'v':
    case 'm':
      return "";
    default:
      return NULL;
    }
}

/* Add the word @word to @argv, expanded; false for an unknown field code. */
static bool
add_word (GPtrArray *argv, const GString *word, bool quoted, Fill *fill)
{
  g_autoptr (GString) out = g_string_new (NULL);
  const char *icon = fill->icon;

  if (!quoted && word->len == 2 && word->str[0] == '%' && strchr ("fFuU", word->str[1]))
    {
      fill->has_any = true;
      if (argv->len == 0)
        return false; /* a file is no program */
      add_uris (argv, fill, word->str[1]);
      return argv->len <= MAX_ARGS;
    }

  if (!quoted && strcmp (word->str, "%i") == 0)
    {
      if (icon && *icon)
        {
          g_ptr_array_add (argv, g_strdup ("--icon"));
          g_ptr_array_add (argv, g_strdup (icon));
        }
      return true;
    }
  for (const char *p = word->str; *p; p++)
    {
      const char *value;

      if (*p != '%')
        {
          g_string_append_c (out, *p);
          continue;
        }
      value = expand (*++p, fill);
      if (!value)
        return false;
      g_string_append (out, value);
    }
  /* A word that was only a code for nothing vanishes; an empty pair of quotes stays. */
  if (out->len > 0 || quoted)
    g_ptr_array_add (argv, g_string_free (g_steal_pointer (&out), FALSE));
  return argv->len <= MAX_ARGS;
}

/* Read a quoted part after its opening mark; returns the closing one, or NULL. */
static const char *
read_quoted (const char *p, GString *word)
{
  for (; *p && *p != '"'; p++)
    {
      if (*p == '\\')
        {
          if (!p[1] || !strchr ("\"`$\\", p[1]))
            return NULL;
          p++;
        }
      else if (*p == '`' || *p == '$')
        return NULL; /* reserved: has to be escaped */
      g_string_append_c (word, *p);
    }
  return *p == '"' ? p : NULL;
}

char **
bh_desktop_parse_exec (const char *exec, const char *name, const char *icon, const char *file,
                       const char *const *uris)
{
  static const char *const none[] = { NULL };
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GString) word = g_string_new (NULL);
  g_autofree char *first = uris && uris[0] ? to_path (uris[0]) : g_strdup ("");
  Fill fill = { name, icon, file, uris ? uris : none, first, false };
  bool in_word = false, quoted = false;

  for (const char *p = exec;; p++)
    {
      if (*p == ' ' || *p == '\t' || *p == '\n' || !*p)
        {
          if (in_word && !add_word (argv, word, quoted, &fill))
            return NULL;
          in_word = quoted = false;
          g_string_truncate (word, 0);
          if (!*p)
            break;
          continue;
        }
      in_word = true;
      if (*p == '"')
        {
          quoted = true;
          p = read_quoted (p + 1, word);
          if (!p)
            return NULL;
        }
      else if (*p == '\\' && p[1])
        g_string_append_c (word, *++p); /* not allowed, but widely written */
      else
        g_string_append_c (word, *p);
    }
  if (argv->len == 0 || !*(const char *) argv->pdata[0])
    return NULL;
  if (!fill.has_any)
    add_uris (argv, &fill, 'F'); /* as other launchers do */
  g_ptr_array_add (argv, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&argv), FALSE);
}

/* @name in @dir, where each dash may stand for a folder: "a-b.desktop" is also a/b.desktop. */
static GKeyFile *
load_in (const char *dir, const char *name, char **path, int depth)
{
  g_autofree char *file = g_build_filename (dir, name, NULL);
  g_autoptr (GKeyFile) keys = g_key_file_new ();

  if (g_key_file_load_from_file (keys, file, G_KEY_FILE_KEEP_TRANSLATIONS, NULL))
    {
      *path = g_steal_pointer (&file);
      return g_steal_pointer (&keys);
    }
  if (depth == 0)
    return NULL;
  for (const char *dash = strchr (name, '-'); dash; dash = strchr (dash + 1, '-'))
    {
      g_autofree char *first = g_strndup (name, (gsize) (dash - name));
      g_autofree char *folder = g_build_filename (dir, first, NULL);
      GKeyFile *found;

      if (dash == name || !g_file_test (folder, G_FILE_TEST_IS_DIR))
        continue;
      found = load_in (folder, dash + 1, path, depth - 1);
      if (found)
        return found;
    }
  return NULL;
}

static BhDesktopStatus
read_entry (GKeyFile *keys, const char *path, const char *locale, const char *const *uris,
            BhDesktopEntry *entry)
{
  g_autofree char *type = g_key_file_get_string (keys, GROUP, "Type", NULL);
  g_autofree char *exec = g_key_file_get_string (keys, GROUP, "Exec", NULL);
  g_autofree char *try_exec = g_key_file_get_string (keys, GROUP, "TryExec", NULL);
  g_autofree char *name = g_key_file_get_locale_string (keys, GROUP, "Name", locale, NULL);
  g_autofree char *icon = g_key_file_get_locale_string (keys, GROUP, "Icon", locale, NULL);
  g_autofree char *found = NULL;

  if (g_strcmp0 (type, "Application") != 0 || g_key_file_get_boolean (keys, GROUP, "Hidden", NULL))
    return BH_DESKTOP_UNKNOWN;
  if (try_exec && !(found = bh_desktop_find_program (try_exec)))
    return BH_DESKTOP_MISSING;
  entry->argv = exec ? bh_desktop_parse_exec (exec, name, icon, path, uris) : NULL;
  if (!entry->argv)
    return BH_DESKTOP_BAD_EXEC;
  entry->directory = g_key_file_get_string (keys, GROUP, "Path", NULL);
  if (entry->directory && !*entry->directory)
    g_clear_pointer (&entry->directory, g_free);
  entry->terminal = g_key_file_get_boolean (keys, GROUP, "Terminal", NULL);
  return BH_DESKTOP_OK;
}

BhDesktopStatus
bh_desktop_load (const char *const *dirs, const char *id, const char *locale,
                 const char *const *uris, BhDesktopEntry *entry)
{
  g_autofree char *name =
      g_str_has_suffix (id, ".desktop") ? g_strdup (id) : g_strconcat (id, ".desktop", NULL);

  *entry = (BhDesktopEntry){ 0 };
  if (!*id || *id == '.' || strchr (id, '/'))
    return BH_DESKTOP_UNKNOWN;
  for (; *dirs; dirs++)
    {
      g_autofree char *dir = g_build_filename (*dirs, "applications", NULL), *path = NULL;
      g_autoptr (GKeyFile) keys = load_in (dir, name, &path, 4);

      if (keys)
        return read_entry (keys, path, locale, uris, entry);
    }
  return BH_DESKTOP_UNKNOWN;
}

char *
bh_desktop_uri_to_word (const char *uri)
{
  return to_path (uri);
}

void
bh_desktop_entry_clear (BhDesktopEntry *entry)
{
  g_clear_pointer (&entry->argv, g_strfreev);
  g_clear_pointer (&entry->directory, g_free);
}
