/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * AppStream data as Debian's archive has them (DEP-11): YAML, one document a component.
 *
 * Event by event: all of it would be 200 MB of trees. Debian has signed it, but sizes and depths are limited
 * and texts cleaned all the same: its texts are those of thousands of authors. */
#include "config.h"

#include "bh-debian-dep11.h"

#include <string.h>
#include <yaml.h>

#include "bh-error.h"
#include "bh-text.h"

#define MAX_ENTRIES 20000
#define MAX_DEPTH 16
#define MAX_TEXT 200
#define MAX_WORDS 2000
/* Of the keys that lead to a value: "Icon", "cached", "name". */
#define PATH 3

typedef struct
{
  yaml_parser_t parser;
  GInputStream *stream;
  GCancellable *cancellable;
  GPtrArray *languages; /* as DEP-11 writes them: "pt-BR" */
  GError *error;
  guint n_entries;
  /* The component that is being read. */
  gboolean is_application;
  char *package, *id, *name, *summary, *icon;
  guint name_rank, summary_rank;
  GString *words;
} Reader;

static int
on_read (void *data, unsigned char *buffer, size_t size, size_t *size_read)
{
  Reader *self = data;
  gssize n = g_input_stream_read (self->stream, buffer, size, self->cancellable, &self->error);

  *size_read = n > 0 ? (size_t) n : 0;
  return n >= 0;
}

static gboolean
fail (Reader *self)
{
  if (!self->error)
    self->error = g_error_new (BH_ERROR, BH_ERROR_FAILED,
                               "The archive's list of applications is damaged (line %zu: %s)",
                               self->parser.problem_mark.line + 1,
                               self->parser.problem ? self->parser.problem : "unexpected");
  return FALSE;
}

/* The place of @language among those wanted; their number when it is none of them. */
static guint
rank_of (Reader *self, const char *language)
{
  guint i;

  if (!g_ptr_array_find_with_equal_func (self->languages, language, g_str_equal, &i))
    i = self->languages->len;
  return i;
}

static void
take (char **text, const char *value)
{
  g_free (*text);
  *text = bh_text_clean (value, strlen (value), MAX_TEXT);
}

/* Of texts in many languages, the best; whatever may be searched for is kept. */
static void
take_language (Reader *self, char **text, guint *rank, const char *language, const char *value)
{
  guint found = rank_of (self, language);

  if (found == self->languages->len)
    return;
  if (self->words->len < MAX_WORDS)
    g_string_append_printf (self->words, " %s", value);
  if (!text || (*text && found >= *rank))
    return;
  *rank = found;
  take (text, value);
}

static void
on_value (Reader *self, const char *const *path, guint depth, const char *value)
{
  if (depth == 1 && g_str_equal (path[0], "Type"))
    self->is_application = g_str_equal (value, "desktop-application");
  else if (depth == 1 && g_str_equal (path[0], "Package"))
    take (&self->package, value);
  else if (depth == 1 && g_str_equal (path[0], "ID"))
    take (&self->id, value);
  else if (depth == 2 && g_str_equal (path[0], "Name"))
    take_language (self, &self->name, &self->name_rank, path[1], value);
  else if (depth == 2 && g_str_equal (path[0], "Summary"))
    take_language (self, &self->summary, &self->summary_rank, path[1], value);
  else if (depth == 2 && g_str_equal (path[0], "Keywords"))
    take_language (self, NULL, NULL, path[1], value);
  else if (depth == 3 && g_str_equal (path[0], "Icon") && g_str_equal (path[1], "cached")
           && g_str_equal (path[2], "name") && !self->icon)
    take (&self->icon, value);
}

static gboolean
next (Reader *self, yaml_event_t *event)
{
  return yaml_parser_parse (&self->parser, event) || fail (self);
}

/* @event begins it; elements of a sequence have the path of the sequence. */
static gboolean
read_node (Reader *self, yaml_event_t *event, const char **path, guint depth, guint nested)
{
  yaml_event_type_t type = event->type;
  gboolean good = TRUE, over = FALSE;

  if (type == YAML_SCALAR_EVENT && depth > 0 && depth <= PATH)
    on_value (self, path, depth, (const char *) event->data.scalar.value);
  if (type != YAML_MAPPING_START_EVENT && type != YAML_SEQUENCE_START_EVENT)
    return TRUE;
  if (nested >= MAX_DEPTH)
    return fail (self);
  while (good && !over)
    {
      g_autofree char *key = NULL;
      yaml_event_t inner;

      if (!next (self, &inner))
        return FALSE;
      over = inner.type == YAML_MAPPING_END_EVENT || inner.type == YAML_SEQUENCE_END_EVENT;
      if (!over && type == YAML_MAPPING_START_EVENT)
        {
          good = inner.type == YAML_SCALAR_EVENT || fail (self);
          if (good)
            key = g_strdup ((const char *) inner.data.scalar.value);
          yaml_event_delete (&inner);
          if (!good || !next (self, &inner))
            return FALSE;
          if (depth < PATH)
            path[depth] = key;
          good = read_node (self, &inner, path, depth + 1, nested + 1);
        }
      else if (!over)
        good = read_node (self, &inner, path, depth, nested + 1);
      yaml_event_delete (&inner);
    }
  return good;
}

static void
forget_component (Reader *self)
{
  self->is_application = FALSE;
  g_clear_pointer (&self->package, g_free);
  g_clear_pointer (&self->id, g_free);
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->summary, g_free);
  g_clear_pointer (&self->icon, g_free);
  g_string_truncate (self->words, 0);
}

static void
add_component (Reader *self, GVariantBuilder *out)
{
  g_autofree char *words = NULL, *folded = NULL, *id = NULL;

  if (!self->is_application || !self->package || !self->id || !self->name
      || self->n_entries >= MAX_ENTRIES)
    return;
  g_string_append_printf (self->words, " %s", self->package);
  words = bh_text_clean (self->words->str, self->words->len, MAX_WORDS);
  folded = g_utf8_casefold (words, -1);
  self->n_entries++;
  /* Older ones are called as their desktop files are, newer ones without the ending. */
  id = g_strconcat (self->id, g_str_has_suffix (self->id, ".desktop") ? "" : ".desktop", NULL);
  g_variant_builder_add (out, BH_DEP11_ENTRY, self->package, id, self->name,
                         self->summary ? self->summary : "",
                         self->icon && !strchr (self->icon, '/') ? self->icon : "", folded);
}

static gboolean
read_all (Reader *self, GVariantBuilder *out)
{
  for (;;)
    {
      const char *path[PATH] = { NULL };
      yaml_event_type_t type;
      yaml_event_t event;
      gboolean good = TRUE;

      if (!next (self, &event))
        return FALSE;
      type = event.type;
      if (type == YAML_MAPPING_START_EVENT)
        {
          forget_component (self);
          good = read_node (self, &event, path, 0, 0);
          if (good)
            add_component (self, out);
        }
      yaml_event_delete (&event);
      if (!good || type == YAML_STREAM_END_EVENT)
        return good;
    }
}

gboolean
bh_dep11_read (GInputStream *stream, const char *const *languages, GVariantBuilder *out,
               GCancellable *cancellable, GError **error)
{
  Reader self = { .stream = stream, .cancellable = cancellable };
  gboolean good;

  self.languages = g_ptr_array_new_with_free_func (g_free);
  for (; *languages; languages++)
    g_ptr_array_add (self.languages, g_strdelimit (g_strdup (*languages), "_", '-'));
  self.words = g_string_new (NULL);
  if (!yaml_parser_initialize (&self.parser))
    g_error ("out of memory");
  yaml_parser_set_input (&self.parser, on_read, &self);
  good = read_all (&self, out);
  yaml_parser_delete (&self.parser);
  forget_component (&self);
  g_ptr_array_unref (self.languages);
  g_string_free (self.words, TRUE);
  if (!good)
    g_propagate_error (error, self.error);
  return good;
}
