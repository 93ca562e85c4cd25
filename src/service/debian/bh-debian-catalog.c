/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The applications of a Debian archive.
 *
 * apt fetches the archive's AppStream data, and checks their signatures, as it does for the desktop's software
 * centres (apt's Acquire::IndexTargets). Of its 25 MB a list of names is made once a day. */
#include "config.h"

#include "bh-debian-catalog.h"

#include <archive.h>
#include <archive_entry.h>
#include <glib/gstdio.h>
#include <string.h>

#include "bh-debian-apt.h"
#include "bh-debian-dep11.h"
#include "bh-error.h"
#include "bh-paths.h"
#include "bh-text.h"

#define LIST "_dep11_Components-amd64.yml.gz"
#define ICONS "_dep11_icons-64x64.tar.gz"
#define TYPE "(sa" BH_DEP11_ENTRY ")"
#define FRESH_SECONDS (24 * 60 * 60)
#define MAX_FOUND 60
#define MAX_ICON (256 * 1024)
#define MAX_ICONS 20000

static const char targets[] =
    "Acquire::IndexTargets::deb::DEP-11 { MetaKey \"$(COMPONENT)/dep11/Components-$(NATIVE_ARCHITECTURE).yml\"; "
    "ShortDescription \"Applications\"; Description \"Applications of $(RELEASE)\"; "
    "KeepCompressed \"true\"; KeepCompressedAs \"gz\"; };\n"
    "Acquire::IndexTargets::deb::DEP-11-icons { MetaKey \"$(COMPONENT)/dep11/icons-64x64.tar\"; "
    "ShortDescription \"Icons\"; Description \"Icons of $(RELEASE)\"; "
    "KeepCompressed \"true\"; KeepCompressedAs \"gz\"; };\n";

static GMutex mutex;

/* Getting it. */

static gboolean
fetch (const char *folder, const char *suite, GCancellable *cancellable, GError **error)
{
  g_autoptr (BhDebianSources) sources = bh_debian_sources_find (suite, error);
  g_autoptr (GSubprocessLauncher) launcher = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_autofree char *config = g_build_filename (folder, "apt.conf", NULL);
  g_autofree char *said = NULL;
  g_autofree char *shown = NULL;
  const char *problem;

  if (!sources || !bh_debian_apt_prepare (folder, sources, targets, error))
    return FALSE;
  launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE
                                        | G_SUBPROCESS_FLAGS_STDERR_MERGE);
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C", TRUE);
  g_subprocess_launcher_setenv (launcher, "APT_CONFIG", config, TRUE);
  process = g_subprocess_launcher_spawn (launcher, error, "apt-get", "-q", "update", NULL);
  if (!process
      || !g_subprocess_communicate_utf8 (process, NULL, cancellable, &said, NULL, error))
    return FALSE;
  if (g_subprocess_get_successful (process))
    return TRUE;
  if (said && strstr (said, "No space left on device"))
    {
      g_set_error_literal (error, BH_ERROR, BH_ERROR_DISK_FULL,
                           "The disk has no room for the list of Debian's applications. It takes some 100 MB.");
      return FALSE;
    }
  problem = said ? strstr (said, "E: ") : NULL;
  problem = problem ? problem : "it said nothing";
  shown = bh_text_clean (problem, strcspn (problem, "\n"), 300);
  g_set_error (error, BH_ERROR, BH_ERROR_FAILED,
               "The applications of the Debian archive %s could not be asked for (%s). Check the network "
               "and try again.",
               sources->archive, shown);
  return FALSE;
}

/* The archive's own list comes first by name, before that of its updates. */
static GPtrArray *
find_files (const char *folder, const char *ending)
{
  GPtrArray *found = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *lists = g_build_filename (folder, "lists", NULL);
  g_autoptr (GDir) dir = g_dir_open (lists, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ending))
      g_ptr_array_add (found, g_build_filename (lists, name, NULL));
  return found;
}

static gboolean
read_list (const char *path, GVariantBuilder *out, GCancellable *cancellable, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileInputStream) in = g_file_read (file, cancellable, error);
  g_autoptr (GZlibDecompressor) gzip = g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP);
  g_autoptr (GInputStream) text =
      in ? g_converter_input_stream_new (G_INPUT_STREAM (in), G_CONVERTER (gzip)) : NULL;

  return text && bh_dep11_read (text, g_get_language_names (), out, cancellable, error);
}

static void
unpack_icon (struct archive *archive, struct archive_entry *entry, const char *folder)
{
  g_autofree char *name = g_path_get_basename (archive_entry_pathname (entry) ?: "");
  gint64 size = archive_entry_size (entry);
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *data = NULL;

  if (archive_entry_filetype (entry) != AE_IFREG || size <= 0 || size > MAX_ICON || *name == '.'
      || !g_str_has_suffix (name, ".png"))
    return;
  data = g_malloc ((gsize) size);
  if (archive_read_data (archive, data, (gsize) size) == size)
    g_file_set_contents_full (path, data, size, G_FILE_SET_CONTENTS_NONE, 0600, NULL);
}

/* Without pictures the list is as good. */
static void
unpack_icons (const char *path, const char *folder)
{
  struct archive *archive = archive_read_new ();
  struct archive_entry *entry;
  guint n = 0;

  archive_read_support_filter_gzip (archive);
  archive_read_support_format_tar (archive);
  if (archive_read_open_filename (archive, path, 64 * 1024) == ARCHIVE_OK)
    while (n++ < MAX_ICONS && archive_read_next_header (archive, &entry) == ARCHIVE_OK)
      unpack_icon (archive, entry, folder);
  archive_read_free (archive);
}

static GVariant *
make (const char *folder, const char *path, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) lists = find_files (folder, LIST);
  g_autoptr (GPtrArray) icons = find_files (folder, ICONS);
  g_autofree char *pictures = g_build_filename (folder, "icons", NULL);
  g_auto (GVariantBuilder) out = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a" BH_DEP11_ENTRY));
  g_autoptr (GVariant) catalog = NULL;

  if (lists->len == 0)
    {
      g_set_error_literal (error, BH_ERROR, BH_ERROR_NOT_FOUND,
                           "The Debian archive has no list of its applications. Give names of packages.");
      return NULL;
    }
  for (guint i = 0; i < lists->len; i++)
    if (!read_list (lists->pdata[i], &out, cancellable, error))
      return NULL;
  if (!bh_paths_ensure (pictures, error))
    return NULL;
  for (guint i = 0; i < icons->len; i++)
    unpack_icons (icons->pdata[i], pictures);
  catalog = g_variant_ref_sink (g_variant_new (
      "(s@a" BH_DEP11_ENTRY ")", g_get_language_names ()[0], g_variant_builder_end (&out)));
  if (!g_file_set_contents_full (path, g_variant_get_data (catalog),
                                 (gssize) g_variant_get_size (catalog),
                                 G_FILE_SET_CONTENTS_CONSISTENT, 0600, error))
    return NULL;
  return g_steal_pointer (&catalog);
}

/* %NULL: there is none in this language. */
static GVariant *
load (const char *path, gboolean *fresh)
{
  g_autoptr (GVariant) catalog = NULL;
  const char *language;
  GStatBuf st;
  char *data;
  gsize size;

  *fresh = FALSE;
  if (g_stat (path, &st) != 0 || !g_file_get_contents (path, &data, &size, NULL))
    return NULL;
  *fresh = ABS (g_get_real_time () / G_USEC_PER_SEC - (gint64) st.st_mtime) < FRESH_SECONDS;
  catalog = g_variant_ref_sink (
      g_variant_new_from_data (G_VARIANT_TYPE (TYPE), data, size, FALSE, g_free, data));
  g_variant_get_child (catalog, 0, "&s", &language);
  return g_str_equal (language, g_get_language_names ()[0]) ? g_steal_pointer (&catalog) : NULL;
}

static GVariant *
open_catalog (const char *folder, const char *suite, GCancellable *cancellable, GError **error)
{
  g_autofree char *path = g_build_filename (folder, "catalog", NULL);
  g_autoptr (GError) failed = NULL;
  gboolean fresh;
  g_autoptr (GVariant) catalog = load (path, &fresh);

  if (catalog && fresh)
    return g_steal_pointer (&catalog);
  if (fetch (folder, suite, cancellable, &failed))
    return make (folder, path, cancellable, error);
  if (!catalog)
    {
      g_propagate_error (error, g_steal_pointer (&failed));
      return NULL;
    }
  g_message ("An older list of applications has to do: %s", failed->message);
  return g_steal_pointer (&catalog);
}

/* Looking into it. */

typedef struct
{
  GVariant *entry;
  char *name; /* to sort by */
  guint rank;
} Found;

static void
found_free (gpointer data)
{
  Found *found = data;

  g_variant_unref (found->entry);
  g_free (found->name);
  g_free (found);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const Found *one = *(Found *const *) a, *other = *(Found *const *) b;

  return one->rank != other->rank ? (one->rank < other->rank ? -1 : 1)
                                  : g_utf8_collate (one->name, other->name);
}

static void
look_at (GVariant *entry, char **words, GPtrArray *out)
{
  const char *name, *haystack;
  g_autofree char *folded = NULL;
  gboolean begins = FALSE, contains = FALSE;
  Found *found;

  g_variant_get_child (entry, 2, "&s", &name);
  g_variant_get_child (entry, 5, "&s", &haystack);
  folded = g_utf8_casefold (name, -1);
  for (char **word = words; *word; word++)
    {
      if (!strstr (haystack, *word))
        return;
      begins = begins || g_str_has_prefix (folded, *word);
      contains = contains || strstr (folded, *word);
    }
  found = g_new0 (Found, 1);
  found->entry = g_variant_ref (entry);
  found->name = g_steal_pointer (&folded);
  found->rank = begins ? 0 : contains ? 1 : 2;
  g_ptr_array_add (out, found);
}

static GVariant *
describe (GVariant *entry, const char *folder)
{
  const char *package, *id, *name, *summary, *icon;
  g_autofree char *picture = NULL;
  GVariantDict dict;

  g_variant_get (entry, "(&s&s&s&s&s&s)", &package, &id, &name, &summary, &icon, NULL);
  picture = g_build_filename (folder, "icons", icon, NULL);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "package", "s", package);
  g_variant_dict_insert (&dict, "id", "s", id);
  g_variant_dict_insert (&dict, "name", "s", name);
  g_variant_dict_insert (&dict, "summary", "s", summary);
  g_variant_dict_insert (&dict, "icon", "s",
                         *icon && g_file_test (picture, G_FILE_TEST_IS_REGULAR) ? picture : "");
  return g_variant_dict_end (&dict);
}

GVariant *
bh_debian_catalog_search (const char *suite, const char *text, GCancellable *cancellable,
                          GError **error)
{
  g_autofree char *parent = bh_paths_cache_dir ("debian");
  g_autofree char *name = g_strconcat (suite, ".catalog", NULL);
  g_autofree char *folder = g_build_filename (parent, name, NULL);
  g_autofree char *folded = g_utf8_casefold (text, -1);
  g_auto (GStrv) words = g_strsplit_set (folded, " \t\n", -1);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&mutex); /* apt has a lock that does not wait */
  g_autoptr (GVariant) catalog = open_catalog (folder, suite, cancellable, error);
  g_autoptr (GPtrArray) found = g_ptr_array_new_with_free_func (found_free);
  g_autoptr (GVariant) entries = NULL;
  GVariantBuilder out;

  if (!catalog)
    return NULL;
  entries = g_variant_get_child_value (catalog, 1);
  for (gsize i = 0; i < g_variant_n_children (entries); i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (entries, i);

      look_at (entry, words, found);
    }
  g_ptr_array_sort (found, compare);
  g_variant_builder_init (&out, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < found->len && i < MAX_FOUND; i++)
    g_variant_builder_add_value (&out, describe (((Found *) found->pdata[i])->entry, folder));
  return g_variant_ref_sink (g_variant_builder_end (&out));
}
