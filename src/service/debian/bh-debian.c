/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Debian templates on this computer.
 *
 *   $XDG_DATA_HOME/bulkhead/templates/KEY/
 *     set        key file: suite and packages
 *     current    link to the number of the build in use
 *     previous   link to the one before
 *     1/, 2/ …   builds: image, seed/seed.cpio, applications/, icons/, updates (what bh-debian-check.c
 *                found)
 *
 * But for that a build never changes, so what was frozen with it and what runs from it stays good; which one is used
 * is one link, replaced at once. */
#include "config.h"

#include "bh-debian.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bh-error.h"
#include "bh-paths.h"

#define GROUP "Template"
#define LAYOUT 1
#define KEY_LENGTH 16

void
bh_debian_set_free (BhDebianSet *set)
{
  g_free (set->suite);
  g_strfreev (set->packages);
  g_free (set->key);
  g_free (set);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

BhDebianSet *
bh_debian_set_new (const char *suite, const char *packages, GError **error)
{
  g_autofree char *good_suite = bh_key_normalize (bh_keys_find ("Suite"), suite, error);
  g_autofree char *good =
      good_suite ? bh_key_normalize (bh_keys_find ("Packages"), packages, error) : NULL;
  g_auto (GStrv) words = NULL;
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *all = NULL, *text = NULL;
  BhDebianSet *set;

  if (!good)
    return NULL;
  words = g_strsplit (good, ";", -1);
  for (char **word = words; *word; word++)
    if (*g_strstrip (*word) && !g_ptr_array_find_with_equal_func (names, *word, g_str_equal, NULL))
      g_ptr_array_add (names, g_strdup (*word));
  g_ptr_array_sort (names, compare);
  g_ptr_array_add (names, NULL);
  all = g_strjoinv (" ", (char **) names->pdata);
  text = g_strdup_printf ("%d\n%s\n%s\n", LAYOUT, good_suite, all);
  set = g_new0 (BhDebianSet, 1);
  set->suite = g_steal_pointer (&good_suite);
  set->packages = (char **) g_ptr_array_steal (names, NULL);
  set->key = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
  set->key[KEY_LENGTH] = '\0';
  return set;
}

BhDebianSet *
bh_debian_set_of (BhVmConfig *config, GError **error)
{
  if (!g_str_equal (bh_vm_config_get (config, "Template"), "debian"))
    return NULL;
  return bh_debian_set_new (bh_vm_config_get (config, "Suite"),
                            bh_vm_config_get (config, "Packages"), error);
}

char *
bh_debian_set_describe (const BhDebianSet *set)
{
  guint n = g_strv_length (set->packages);

  if (n == 0)
    return g_strdup (set->suite);
  if (n == 1)
    return g_strdup_printf ("%s with %s", set->suite, set->packages[0]);
  return g_strdup_printf ("%s with %s and %u more", set->suite, set->packages[0], n - 1);
}

static gboolean
is_key (const char *text)
{
  return strlen (text) == KEY_LENGTH && strspn (text, "0123456789abcdef") == KEY_LENGTH;
}

char *
bh_debian_dir (const char *key)
{
  return g_build_filename (g_get_user_data_dir (), "bulkhead", "templates", key, NULL);
}

static gboolean
set_not_found (const char *key, GError **error)
{
  g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND, "There is no Debian template “%.40s”", key);
  return FALSE;
}

BhDebianSet *
bh_debian_open (const char *key, GError **error)
{
  g_autofree char *dir = bh_debian_dir (key);
  g_autofree char *path = g_build_filename (dir, "set", NULL);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *suite = NULL, *packages = NULL;
  g_autoptr (BhDebianSet) set = NULL;

  if (!is_key (key) || !g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL))
    {
      set_not_found (key, error);
      return NULL;
    }
  suite = g_key_file_get_string (file, GROUP, "Suite", NULL);
  packages = g_key_file_get_string (file, GROUP, "Packages", NULL);
  set = bh_debian_set_new (suite ? suite : "", packages ? packages : "", NULL);
  if (set && g_str_equal (set->key, key))
    return g_steal_pointer (&set);
  g_set_error (error, BH_ERROR, BH_ERROR_FAILED,
               "%s is damaged. Remove the template with: bulkheadctl template remove %s", path, key);
  return NULL;
}

static guint
read_number (const char *key, const char *name)
{
  g_autofree char *dir = bh_debian_dir (key);
  g_autofree char *path = g_build_filename (dir, name, NULL);
  g_autofree char *target = g_file_read_link (path, NULL);
  g_autofree char *image = target ? g_build_filename (dir, target, "image", NULL) : NULL;
  guint64 number;

  if (!target || !g_ascii_string_to_unsigned (target, 10, 1, G_MAXUINT, &number, NULL)
      || access (image, R_OK) != 0)
    return 0;
  return (guint) number;
}

guint
bh_debian_current (const char *key)
{
  return read_number (key, "current");
}

guint
bh_debian_previous (const char *key)
{
  return read_number (key, "previous");
}

static char *
build_dir (const char *key, guint number)
{
  g_autofree char *dir = bh_debian_dir (key);
  char text[16];

  g_snprintf (text, sizeof text, "%u", number);
  return g_build_filename (dir, text, NULL);
}

char *
bh_debian_find (const BhDebianSet *set, GError **error)
{
  guint number = bh_debian_current (set->key);
  g_autofree char *what = NULL, *list = NULL;

  if (number > 0)
    return build_dir (set->key, number);
  what = bh_debian_set_describe (set);
  list = g_strjoinv (" ", set->packages);
  g_set_error (error, BH_ERROR, BH_ERROR_NO_TEMPLATE,
               "The Debian template %s is not built yet. Build it with: bulkheadctl template build "
               "--suite=%s%s%s",
               what, set->suite, *list ? " " : "", list);
  return NULL;
}

/* @number 0: no link. */
static gboolean
set_link (const char *key, const char *name, guint number, GError **error)
{
  g_autofree char *dir = bh_debian_dir (key);
  g_autofree char *path = g_build_filename (dir, name, NULL);
  g_autofree char *temporary = g_strconcat (path, ".new", NULL);
  char text[16];

  g_snprintf (text, sizeof text, "%u", number);
  unlink (temporary);
  if (number == 0)
    {
      unlink (path);
      return TRUE;
    }
  if (symlink (text, temporary) == 0 && rename (temporary, path) == 0)
    return TRUE;
  bh_error_set_from_errno (error, errno, "Cannot write %s", path);
  return FALSE;
}

/* Builds that no link names, and what a crash has left of those in the making. */
static void
prune (const char *key)
{
  g_autofree char *path = bh_debian_dir (key);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint current = bh_debian_current (key), previous = bh_debian_previous (key);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      guint64 number;

      if (g_ascii_string_to_unsigned (name, 10, 1, G_MAXUINT, &number, NULL)
          && (guint) number != current && (guint) number != previous)
        bh_debian_remove_tree (child);
    }
}

static gboolean
write_set (const BhDebianSet *set, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *dir = bh_debian_dir (set->key);
  g_autofree char *path = g_build_filename (dir, "set", NULL);
  g_autofree char *packages = g_strjoinv (";", set->packages);

  g_key_file_set_string (file, GROUP, "Suite", set->suite);
  g_key_file_set_string (file, GROUP, "Packages", packages);
  return g_key_file_save_to_file (file, path, error);
}

gboolean
bh_debian_adopt (const BhDebianSet *set, const char *made, GError **error)
{
  guint current = bh_debian_current (set->key), number = current;
  g_autofree char *final = NULL;

  do
    {
      g_free (final);
      final = build_dir (set->key, ++number);
    }
  while (g_file_test (final, G_FILE_TEST_EXISTS));
  if (rename (made, final) != 0)
    {
      bh_error_set_from_errno (error, errno, "Cannot make %s", final);
      return FALSE;
    }
  if (!write_set (set, error) || !set_link (set->key, "previous", current, error)
      || !set_link (set->key, "current", number, error))
    {
      bh_debian_remove_tree (final);
      return FALSE;
    }
  prune (set->key);
  return TRUE;
}

gboolean
bh_debian_go_back (const char *key, GError **error)
{
  guint current = is_key (key) ? bh_debian_current (key) : 0;
  guint previous = is_key (key) ? bh_debian_previous (key) : 0;

  if (current == 0)
    return set_not_found (key, error);
  if (previous == 0)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND,
                   "There is no build before this one to go back to");
      return FALSE;
    }
  return set_link (key, "current", previous, error) && set_link (key, "previous", current, error);
}

void
bh_debian_remove_tree (const char *path)
{
  DIR *dir;
  struct dirent *entry;
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

  if (fd < 0 || !(dir = fdopendir (fd)))
    {
      if (fd >= 0)
        close (fd);
      unlink (path);
      return;
    }
  while ((entry = readdir (dir)))
    if (strcmp (entry->d_name, ".") != 0 && strcmp (entry->d_name, "..") != 0)
      {
        g_autofree char *child = g_build_filename (path, entry->d_name, NULL);

        if (unlinkat (fd, entry->d_name, 0) != 0)
          bh_debian_remove_tree (child);
      }
  closedir (dir);
  rmdir (path);
}

gboolean
bh_debian_remove (const char *key, GError **error)
{
  g_autofree char *dir = bh_debian_dir (key);

  if (!is_key (key) || !g_file_test (dir, G_FILE_TEST_IS_DIR))
    return set_not_found (key, error);
  /* First: from here on no AppVM starts from it. */
  set_link (key, "current", 0, NULL);
  bh_debian_remove_tree (dir);
  if (!g_file_test (dir, G_FILE_TEST_EXISTS))
    return TRUE;
  g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "%s cannot be removed", dir);
  return FALSE;
}

GPtrArray *
bh_debian_list (void)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *path = bh_debian_dir (NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)) != NULL)
    if (is_key (name) && bh_debian_current (name) > 0)
      g_ptr_array_add (list, g_strdup (name));
  g_ptr_array_sort (list, compare);
  return list;
}

static guint64
tree_size (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint64 sum = 0;
  const char *name;
  struct stat st;

  if (lstat (path, &st) == 0)
    sum = (guint64) st.st_blocks * 512;
  while (dir && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      if (lstat (child, &st) == 0)
        sum += S_ISDIR (st.st_mode) ? tree_size (child) : (guint64) st.st_blocks * 512;
    }
  return sum;
}

guint64
bh_debian_size (const char *key)
{
  g_autofree char *dir = bh_debian_dir (key);

  return tree_size (dir);
}

gint64
bh_debian_made (const char *key)
{
  guint number = bh_debian_current (key);
  g_autofree char *dir = build_dir (key, number);
  g_autofree char *image = g_build_filename (dir, "image", NULL);
  struct stat st;

  return number > 0 && stat (image, &st) == 0 ? (gint64) st.st_mtim.tv_sec : 0;
}
