/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The settings of one AppVM.
 *
 * GKeyFile keeps comments and unknown keys, but names no lines in its errors and takes the last of
 * two equal keys without a word. So the text is looked through once before, line by line. */
#include "config.h"

#include "bh-vm-config.h"

#include "bh-error.h"
#include "bh-paths.h"
#include "bh-text.h"

#include <errno.h>
#include <string.h>

#define GROUP "AppVM"
#define MAX_FILE (256 * 1024)

struct _BhVmConfig
{
  gatomicrefcount refs;
  char *id;
  char *path; /* for messages */
  GKeyFile *file;
  GHashTable *values; /* key → good value as text */
  GPtrArray *problems;
  char *first_mistake; /* NULL: none */
  gboolean unreadable; /* not a key file; must not be written over */
};

static BhVmConfig *
config_alloc (const char *id, const char *path)
{
  BhVmConfig *self = g_new0 (BhVmConfig, 1);

  g_atomic_ref_count_init (&self->refs);
  self->id = g_strdup (id);
  self->path = g_strdup (path);
  self->file = g_key_file_new ();
  self->values = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  self->problems = g_ptr_array_new_with_free_func (g_free);
  return self;
}

BhVmConfig *
bh_vm_config_ref (BhVmConfig *self)
{
  g_atomic_ref_count_inc (&self->refs);
  return self;
}

void
bh_vm_config_unref (BhVmConfig *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_free (self->id);
  g_free (self->path);
  g_key_file_unref (self->file);
  g_hash_table_unref (self->values);
  g_ptr_array_unref (self->problems);
  g_free (self->first_mistake);
  g_free (self);
}

static void add_problem (BhVmConfig *self, gboolean mistake, guint line, const char *format, ...)
    G_GNUC_PRINTF (4, 5);

static void
add_problem (BhVmConfig *self, gboolean mistake, guint line, const char *format, ...)
{
  g_autofree char *base = g_path_get_basename (self->path);
  g_autofree char *what = NULL;
  va_list args;

  if (self->problems->len > 100)
    return;
  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_ptr_array_add (self->problems, g_strdup_printf ("%s:%u: %s", base, line, what));
  if (mistake && !self->first_mistake)
    self->first_mistake = g_strdup_printf ("%s:%u: %s", self->path, line, what);
}

/* Fills @lines with key → line number for our group; FALSE when it is no key file. */
static gboolean
scan_lines (BhVmConfig *self, const char *text, GHashTable *lines)
{
  g_auto (GStrv) all = g_strsplit (text, "\n", -1);
  gboolean ours = FALSE, any_group = FALSE, good = TRUE;

  for (guint i = 0; all[i]; i++)
    {
      char *line = g_strchug (all[i]);
      char *equals;
      g_autofree char *key = NULL;

      if (*line == '\0' || *line == '#' || *line == '\r')
        continue;
      if (*line == '[')
        {
          any_group = TRUE;
          ours = g_str_has_prefix (line, "[" GROUP "]");
          continue;
        }
      equals = strchr (line, '=');
      if (!equals || equals == line || !any_group)
        {
          g_autofree char *shown = bh_text_clean (line, strlen (line), 40);
          add_problem (self, TRUE, i + 1, "%s: not a line of the form KEY=VALUE%s", shown,
                       any_group ? "" : " in the group [" GROUP "]");
          good = FALSE;
          continue;
        }
      if (!ours)
        continue;
      key = g_strchomp (g_strndup (line, (gsize) (equals - line)));
      if (g_hash_table_contains (lines, key))
        add_problem (self, TRUE, i + 1, "%s: is there twice", key);
      else
        g_hash_table_insert (lines, g_steal_pointer (&key), GUINT_TO_POINTER (i + 1));
    }
  return good;
}

static void
read_value (BhVmConfig *self, const char *name, guint line)
{
  const BhKey *key = bh_keys_find (name);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  char *value;

  if (!key)
    {
      g_autofree char *shown = bh_text_clean (name, strlen (name), 40);
      add_problem (self, FALSE, line, "%s: this version of Bulkhead does not know it", shown);
      return;
    }
  text = g_key_file_get_string (self->file, GROUP, name, &error);
  /* With an error it still gives what it understood. */
  value = text && !error ? bh_key_normalize (key, text, &error) : NULL;
  if (value)
    g_hash_table_insert (self->values, (gpointer) key->name, value);
  else
    add_problem (self, TRUE, line, "%s: %s", name, error->message);
}

BhVmConfig *
bh_vm_config_parse (const char *path, const char *id, const char *text, gsize len)
{
  BhVmConfig *self = config_alloc (id, path);
  g_autoptr (GHashTable) lines = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv) names = NULL;
  const char *bad = NULL;

  if (!g_utf8_validate_len (text, len, &bad))
    {
      guint line = 1;

      for (const char *p = text; p < bad; p++)
        line += *p == '\n';
      add_problem (self, TRUE, line, "file: not text in UTF-8");
      self->unreadable = TRUE;
      return self;
    }
  if (!scan_lines (self, text, lines)
      || !g_key_file_load_from_data (
          self->file, text, len, G_KEY_FILE_KEEP_COMMENTS | G_KEY_FILE_KEEP_TRANSLATIONS, &error))
    {
      if (self->problems->len == 0)
        add_problem (self, TRUE, 1, "file: %s", error ? error->message : "not a key file");
      self->unreadable = TRUE;
      return self;
    }
  names = g_key_file_get_keys (self->file, GROUP, NULL, NULL);
  if (!names)
    add_problem (self, TRUE, 0, "[" GROUP "]: this group is missing");
  for (char **p = names; p && *p; p++)
    read_value (self, *p, GPOINTER_TO_UINT (g_hash_table_lookup (lines, *p)));
  if (names && !g_strv_contains ((const char *const *) names, "Name"))
    add_problem (self, TRUE, 0, "Name: is missing");
  return self;
}

BhVmConfig *
bh_vm_config_load (const char *path, const char *id, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileInputStream) in = g_file_read (file, NULL, error);
  g_autofree char *text = NULL;
  gsize len = 0;

  if (!in)
    return NULL;
  text = g_malloc (MAX_FILE + 1);
  if (!g_input_stream_read_all (G_INPUT_STREAM (in), text, MAX_FILE, &len, NULL, error))
    return NULL;
  if (len == MAX_FILE)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_BAD_KEY_FILE, "%s is larger than %d KiB", path,
                   MAX_FILE / 1024);
      return NULL;
    }
  text[len] = '\0';
  return bh_vm_config_parse (path, id, text, len);
}

BhVmConfig *
bh_vm_config_new (const char *id, GHashTable *settings, GError **error)
{
  g_autofree char *path = bh_paths_vm_file (id);
  g_autoptr (BhVmConfig) empty = config_alloc (id, path);
  g_autoptr (BhVmConfig) self = bh_vm_config_with (empty, settings, NULL, error);

  if (self && !g_hash_table_contains (self->values, "Name"))
    {
      g_set_error_literal (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT, "Name: an AppVM needs one");
      return NULL;
    }
  return g_steal_pointer (&self);
}

const char *
bh_vm_config_get_id (BhVmConfig *self)
{
  return self->id;
}

const char *
bh_vm_config_get (BhVmConfig *self, const char *name)
{
  const BhKey *key = bh_keys_find (name);
  const char *value;

  g_return_val_if_fail (key != NULL, NULL);
  value = g_hash_table_lookup (self->values, name);
  if (key->on_disk && bh_vm_config_is_disk (self))
    return key->on_disk;
  if (value)
    return value;
  return key->fallback ? key->fallback : self->id;
}

gboolean
bh_vm_config_is_disk (BhVmConfig *self)
{
  return g_strcmp0 (g_hash_table_lookup (self->values, "Template"), BH_TEMPLATE_DISK) == 0;
}

gboolean
bh_vm_config_has (BhVmConfig *self, const char *name)
{
  return g_hash_table_contains (self->values, name);
}

gint64
bh_vm_config_get_int (BhVmConfig *self, const char *name)
{
  return g_ascii_strtoll (bh_vm_config_get (self, name), NULL, 10);
}

gboolean
bh_vm_config_get_bool (BhVmConfig *self, const char *name)
{
  return g_str_equal (bh_vm_config_get (self, name), "true");
}

char **
bh_vm_config_get_list (BhVmConfig *self, const char *name)
{
  const char *value = bh_vm_config_get (self, name);

  return g_strsplit (value, ";", -1);
}

GVariant *
bh_vm_config_to_variant (BhVmConfig *self)
{
  GVariantBuilder settings;
  gsize n;
  const BhKey *keys = bh_keys (&n);

  g_variant_builder_init (&settings, G_VARIANT_TYPE ("a{ss}"));
  for (gsize i = 0; i < n; i++)
    g_variant_builder_add (&settings, "{ss}", keys[i].name, bh_vm_config_get (self, keys[i].name));
  return g_variant_builder_end (&settings);
}

const char *const *
bh_vm_config_get_problems (BhVmConfig *self)
{
  /* The terminator is added on the first question; later problems are not added after loading. */
  if (self->problems->len == 0 || self->problems->pdata[self->problems->len - 1] != NULL)
    g_ptr_array_add (self->problems, NULL);
  return (const char *const *) self->problems->pdata;
}

gboolean
bh_vm_config_check (BhVmConfig *self, GError **error)
{
  if (!self->first_mistake)
    return TRUE;
  g_set_error_literal (error, BH_ERROR, BH_ERROR_BAD_KEY_FILE, self->first_mistake);
  return FALSE;
}

/* Checks everything before anything changes. */
static GHashTable *
normalize_all (GHashTable *settings, GError **error)
{
  g_autoptr (GHashTable) out = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  GHashTableIter iter;
  gpointer name, text;

  g_hash_table_iter_init (&iter, settings);
  while (g_hash_table_iter_next (&iter, &name, &text))
    {
      const BhKey *key = bh_keys_find (name);
      char *value;

      if (!key)
        {
          g_autofree char *shown = bh_text_clean (name, strlen (name), 40);
          g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT, "There is no setting “%s”",
                       shown);
          return NULL;
        }
      if (*(const char *) text == '\0' && key->fallback)
        value = g_strdup ("");
      else
        value = bh_key_normalize (key, text, error);
      if (!value)
        return NULL;
      g_hash_table_insert (out, (gpointer) key->name, value);
    }
  return g_steal_pointer (&out);
}

/* What is set by @values must be able to do something in @config. */
static gboolean
check_applies (BhVmConfig *config, GHashTable *values, GError **error)
{
  GHashTableIter iter;
  gpointer name, value;

  g_hash_table_iter_init (&iter, values);
  while (bh_vm_config_is_disk (config) && g_hash_table_iter_next (&iter, &name, &value))
    {
      const BhKey *key = bh_keys_find (name);

      if (!key->on_disk || !*(char *) value || g_str_equal (value, key->on_disk))
        continue;
      g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                   "%s cannot be set with Template=disk: the system in the image boots by itself, and nothing of "
                   "Bulkhead is in it to see to that",
                   key->name);
      return FALSE;
    }
  return TRUE;
}

/* Every line of @name, of which GKeyFile takes away only the last at a time. */
static void
remove_all (GKeyFile *file, const char *name)
{
  while (g_key_file_remove_key (file, GROUP, name, NULL))
    {
      gsize len;
      g_autofree char *text = g_key_file_to_data (file, &len, NULL);

      g_key_file_load_from_data (file, text, len,
                                 G_KEY_FILE_KEEP_COMMENTS | G_KEY_FILE_KEEP_TRANSLATIONS, NULL);
    }
}

BhVmConfig *
bh_vm_config_with (BhVmConfig *self, GHashTable *settings, char ***changed, GError **error)
{
  g_autoptr (GHashTable) values = normalize_all (settings, error);
  g_autoptr (GPtrArray) different = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *text = NULL;
  BhVmConfig *result;
  gsize len = 0, n;
  const BhKey *keys = bh_keys (&n);

  if (!values)
    return NULL;
  if (self->unreadable)
    {
      bh_vm_config_check (self, error);
      return NULL;
    }
  text = g_key_file_to_data (self->file, &len, NULL);
  if (len > 0)
    g_key_file_load_from_data (file, text, len,
                               G_KEY_FILE_KEEP_COMMENTS | G_KEY_FILE_KEEP_TRANSLATIONS, NULL);
  g_clear_pointer (&text, g_free);
  /* New ones in the order of the manual. */
  for (gsize i = 0; i < n; i++)
    {
      const char *name = keys[i].name, *value = g_hash_table_lookup (values, name);

      if (!value)
        continue;
      if (!g_str_equal (*value ? value : keys[i].fallback, bh_vm_config_get (self, name)))
        g_ptr_array_add (different, g_strdup (name));
      /* In a good file a key is there once, and keeps its place. */
      if (self->first_mistake)
        remove_all (file, name);
      if (*value)
        g_key_file_set_string (file, GROUP, name, value);
      else
        g_key_file_remove_key (file, GROUP, name, NULL);
    }
  text = g_key_file_to_data (file, &len, NULL);
  result = bh_vm_config_parse (self->path, self->id, text, len);
  if (!check_applies (result, values, error))
    {
      bh_vm_config_unref (result);
      return NULL;
    }
  if (changed)
    {
      g_ptr_array_add (different, NULL);
      *changed = (char **) g_ptr_array_steal (different, NULL);
    }
  return result;
}

BhVmConfig *
bh_vm_config_copy (BhVmConfig *self, const char *id, const char *name, GError **error)
{
  g_autoptr (GHashTable) settings = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (BhVmConfig) copy = NULL;
  g_autofree char *path = bh_paths_vm_file (id);
  g_autofree char *text = NULL;
  gsize len = 0;

  if (!bh_vm_config_check (self, error))
    return NULL;
  text = g_key_file_to_data (self->file, &len, NULL);
  copy = bh_vm_config_parse (path, id, text, len);
  g_hash_table_insert (settings, (gpointer) "Name", (gpointer) name);
  return bh_vm_config_with (copy, settings, NULL, error);
}

gboolean
bh_vm_config_equal (BhVmConfig *self, BhVmConfig *other)
{
  g_autofree char *text = g_key_file_to_data (self->file, NULL, NULL);
  g_autofree char *other_text = g_key_file_to_data (other->file, NULL, NULL);

  return g_str_equal (text, other_text)
         && g_strv_equal (bh_vm_config_get_problems (self), bh_vm_config_get_problems (other));
}

char **
bh_vm_config_differences (BhVmConfig *started, BhVmConfig *now)
{
  g_autoptr (GStrvBuilder) different = g_strv_builder_new ();
  gsize n;
  const BhKey *keys = bh_keys (&n);

  for (gsize i = 0; started && i < n; i++)
    if (keys[i].needs_restart
        && !g_str_equal (bh_vm_config_get (started, keys[i].name),
                         bh_vm_config_get (now, keys[i].name)))
      g_strv_builder_add (different, keys[i].name);
  return g_strv_builder_end (different);
}

gboolean
bh_vm_config_save (BhVmConfig *self, const char *path, GError **error)
{
  g_autofree char *dir = g_path_get_dirname (path);
  g_autofree char *text = NULL;
  g_autoptr (GError) local = NULL;
  gsize len = 0;

  g_return_val_if_fail (!self->unreadable, FALSE);
  if (!bh_paths_ensure (dir, error))
    return FALSE;
  text = g_key_file_to_data (self->file, &len, NULL);
  if (g_file_set_contents_full (path, text, (gssize) len,
                                G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600,
                                &local))
    return TRUE;
  g_set_error (error, BH_ERROR,
               g_error_matches (local, G_FILE_ERROR, G_FILE_ERROR_NOSPC) ? BH_ERROR_DISK_FULL
                                                                         : BH_ERROR_FAILED,
               "The settings could not be saved: %s", local->message);
  return FALSE;
}

gboolean
bh_vm_id_is_valid (const char *id)
{
  gsize len = strlen (id);

  if (len < 1 || len > BH_VM_ID_MAX || id[0] == '-' || id[len - 1] == '-')
    return FALSE;
  for (gsize i = 0; i < len; i++)
    if (!g_ascii_islower (id[i]) && !g_ascii_isdigit (id[i]) && id[i] != '-')
      return FALSE;
  return TRUE;
}

char *
bh_vm_id_from_name (const char *name, gboolean (*taken) (const char *id, gpointer data),
                    gpointer data)
{
  g_autofree char *ascii = g_str_to_ascii (name, NULL);
  g_autoptr (GString) id = g_string_new (NULL);

  for (const char *p = ascii; *p && id->len < BH_VM_ID_MAX - 5; p++)
    {
      char c = g_ascii_tolower (*p);

      if (g_ascii_isalnum (c))
        g_string_append_c (id, c);
      else if (c != '\'' && id->len > 0 && id->str[id->len - 1] != '-')
        g_string_append_c (id, '-');
    }
  while (id->len > 0 && id->str[id->len - 1] == '-')
    g_string_truncate (id, id->len - 1);
  if (id->len == 0)
    g_string_append (id, "vm");
  for (guint n = 2; taken (id->str, data); n++)
    {
      char *dash = strrchr (id->str, '-');

      if (n > 2)
        g_string_truncate (id, (gsize) (dash - id->str));
      g_string_append_printf (id, "-%u", n);
    }
  return g_strdup (id->str);
}
