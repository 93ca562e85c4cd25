/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A program that can be installed on this computer, as the service described it. */
#include "config.h"

#include "bh-program.h"

#include "bh-commands.h"
#include "bh-text.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <gtk/gtk.h>
#include <sys/stat.h>

#define MAX_NAME_CHARS 80
#define MAX_SUMMARY_CHARS 200
#define MAX_ICON_BYTES (1024 * 1024)
#define MAX_ICON_SIZE 1024

struct _BhProgram
{
  GObject parent_instance;
  char *id, *name, *summary, *reason;
  char *haystack;
  char *sort_key;
  GIcon *icon;
};

G_DEFINE_FINAL_TYPE (BhProgram, bh_program, G_TYPE_OBJECT)

static char *
lookup_text (GVariant *description, const char *key, gsize max_chars)
{
  const char *text = "";

  g_variant_lookup (description, key, "&s", &text);
  return bh_text_clean (text, strlen (text), max_chars);
}

/* A file named by a desktop file can be anything: what is no picture of a sane size is not loaded. Only
 * its beginning is looked at here. */
static gboolean
is_picture (GIcon *icon)
{
  GFile *file = G_IS_FILE_ICON (icon) ? g_file_icon_get_file (G_FILE_ICON (icon)) : NULL;
  g_autofree char *path = file ? g_file_get_path (file) : NULL;
  int width = 0, height = 0;
  GStatBuf info;

  if (G_IS_THEMED_ICON (icon))
    return TRUE;
  return path && g_stat (path, &info) == 0 && S_ISREG (info.st_mode)
         && info.st_size <= MAX_ICON_BYTES && gdk_pixbuf_get_file_info (path, &width, &height)
         && width <= MAX_ICON_SIZE && height <= MAX_ICON_SIZE;
}

static GIcon *
make_icon (const char *serialised)
{
  GdkDisplay *display = gdk_display_get_default ();
  g_autoptr (GIcon) icon = *serialised != '\0' ? g_icon_new_for_string (serialised, NULL) : NULL;

  /* Not in the icon theme: a plain program instead of a broken picture. As a second name of the
   * themed icon it would win over the first, when only the first comes from a fallback theme. */
  if (!icon || !is_picture (icon)
      || (display && !gtk_icon_theme_has_gicon (gtk_icon_theme_get_for_display (display), icon)))
    return g_themed_icon_new ("application-x-executable");
  return g_steal_pointer (&icon);
}

static void
bh_program_finalize (GObject *object)
{
  BhProgram *self = BH_PROGRAM (object);

  g_free (self->id);
  g_free (self->name);
  g_free (self->summary);
  g_free (self->reason);
  g_free (self->haystack);
  g_free (self->sort_key);
  g_clear_object (&self->icon);
  G_OBJECT_CLASS (bh_program_parent_class)->finalize (object);
}

static void
bh_program_class_init (BhProgramClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_program_finalize;
}

static void
bh_program_init (BhProgram *self)
{
}

char *
bh_program_fold (const char *text)
{
  g_autofree char *normal = g_utf8_normalize (text, -1, G_NORMALIZE_ALL);

  return g_utf8_casefold (normal ? normal : text, -1);
}

GStrv
bh_program_split_words (const char *text)
{
  g_autofree char *folded = bh_program_fold (text);

  return g_strsplit_set (g_strstrip (folded), " \t", -1);
}

/* Collected once: the search runs with every key. */
static void
index_text (BhProgram *self, GVariant *description)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree const char **keywords = NULL;
  g_autofree char *folded = NULL;

  g_string_append_printf (text, "%s\n%s\n%s", self->name, self->summary, self->id);
  if (description && g_variant_lookup (description, "keywords", "^a&s", &keywords))
    for (gsize i = 0; keywords[i]; i++)
      g_string_append_printf (text, "\n%s", keywords[i]);
  self->haystack = bh_program_fold (text->str);
  folded = g_utf8_casefold (self->name, -1);
  self->sort_key = g_utf8_collate_key (folded, -1);
}

BhProgram *
bh_program_new (GVariant *description)
{
  g_autoptr (BhProgram) self = NULL;
  const char *id, *icon = "";
  gboolean usable = FALSE;

  if (!g_variant_lookup (description, "id", "&s", &id) || *id == '\0')
    return NULL;
  self = g_object_new (BH_TYPE_PROGRAM, NULL);
  self->id = g_strdup (id);
  self->name = lookup_text (description, "name", MAX_NAME_CHARS);
  if (*self->name == '\0')
    {
      g_free (self->name);
      self->name = bh_text_clean (id, strlen (id), MAX_NAME_CHARS);
    }
  self->summary = lookup_text (description, "summary", MAX_SUMMARY_CHARS);
  g_variant_lookup (description, "icon", "&s", &icon);
  self->icon = make_icon (icon);
  g_variant_lookup (description, "usable", "b", &usable);
  if (!usable)
    {
      self->reason = lookup_text (description, "reason", MAX_SUMMARY_CHARS);
      if (*self->reason == '\0')
        {
          g_free (self->reason);
          self->reason = g_strdup (_ ("It cannot run in an AppVM."));
        }
    }
  index_text (self, description);
  return g_steal_pointer (&self);
}

BhProgram *
bh_program_new_missing (const char *id)
{
  BhProgram *self = g_object_new (BH_TYPE_PROGRAM, NULL);
  g_autofree char *base =
      g_str_has_suffix (id, ".desktop") ? g_strndup (id, strlen (id) - 8) : g_strdup (id);
  const char *dot = strrchr (base, '.');

  self->id = g_strdup (id);
  self->name = bh_text_clean (dot ? dot + 1 : base, strlen (dot ? dot + 1 : base), MAX_NAME_CHARS);
  self->summary = g_strdup ("");
  self->reason = g_strdup (_ ("It is not installed on this computer."));
  self->icon = make_icon ("");
  index_text (self, NULL);
  return self;
}

BhProgram *
bh_program_new_command (const char *id)
{
  BhProgram *self = g_object_new (BH_TYPE_PROGRAM, NULL);
  const char *line = id + strlen (BH_COMMAND_PREFIX);
  const char *equals = strchr (line, '=');

  self->id = g_strdup (id);
  if (!bh_command_parse (line, &self->name, NULL))
    {
      self->name = bh_text_clean (line, strlen (line), MAX_NAME_CHARS);
      self->reason = g_strdup (_ ("This is no command line."));
    }
  self->summary =
      equals ? bh_text_clean (equals + 1, strlen (equals + 1), MAX_SUMMARY_CHARS) : g_strdup ("");
  self->icon = g_themed_icon_new ("utilities-terminal-symbolic");
  index_text (self, NULL);
  return self;
}

BhProgram *
bh_program_new_desktop (void)
{
  BhProgram *self = g_object_new (BH_TYPE_PROGRAM, NULL);

  self->id = g_strdup (BH_PROGRAM_DESKTOP);
  self->name = g_strdup (_ ("Desktop"));
  self->summary = g_strdup (_ ("All that is in the disk image, in one window"));
  self->icon = g_themed_icon_new ("video-display");
  index_text (self, NULL);
  return self;
}

const char *
bh_program_get_id (BhProgram *self)
{
  return self->id;
}

const char *
bh_program_get_name (BhProgram *self)
{
  return self->name;
}

const char *
bh_program_get_summary (BhProgram *self)
{
  return self->summary;
}

GIcon *
bh_program_get_icon (BhProgram *self)
{
  return self->icon;
}

const char *
bh_program_get_reason (BhProgram *self)
{
  return self->reason;
}

gboolean
bh_program_matches (BhProgram *self, const char *const *words)
{
  for (gsize i = 0; words[i]; i++)
    if (!strstr (self->haystack, words[i]))
      return FALSE;
  return TRUE;
}

int
bh_program_compare (gconstpointer a, gconstpointer b)
{
  const BhProgram *one = a, *other = b;

  if ((one->reason != NULL) != (other->reason != NULL))
    return one->reason ? 1 : -1;
  return strcmp (one->sort_key, other->sort_key);
}
