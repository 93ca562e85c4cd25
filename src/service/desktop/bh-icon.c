/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A picture of a program with an AppVM's badge. */
#include "config.h"

#include "bh-icon.h"

#include "bh-error.h"
#include "bh-paths.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#define SIZE 128
#define PIXELS (SIZE * SIZE * 4)
#define MAX_THEMES 12
#define SECONDS 8

/* Finding. */

static GPtrArray *
icon_folders (void)
{
  GPtrArray *out = g_ptr_array_new_with_free_func (g_free);

  g_ptr_array_add (out, g_build_filename (g_get_user_data_dir (), "icons", NULL));
  g_ptr_array_add (out, g_build_filename (g_get_home_dir (), ".icons", NULL));
  for (const char *const *p = g_get_system_data_dirs (); *p; p++)
    g_ptr_array_add (out, g_build_filename (*p, "icons", NULL));
  return out;
}

static GKeyFile *
load_theme (GPtrArray *folders, const char *theme)
{
  for (guint i = 0; i < folders->len; i++)
    {
      g_autofree char *path = g_build_filename (folders->pdata[i], theme, "index.theme", NULL);
      g_autoptr (GKeyFile) file = g_key_file_new ();

      g_key_file_set_list_separator (file, ',');
      if (g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, NULL))
        return g_steal_pointer (&file);
    }
  return NULL;
}

/* How far what is in @dir is from our size. */
static int
distance (GKeyFile *index, const char *dir)
{
  g_autofree char *type = g_key_file_get_string (index, dir, "Type", NULL);
  int size = g_key_file_get_integer (index, dir, "Size", NULL);
  int low = g_key_file_get_integer (index, dir, "MinSize", NULL);
  int high = g_key_file_get_integer (index, dir, "MaxSize", NULL);

  if (g_strcmp0 (type, "Scalable") == 0)
    {
      low = low > 0 ? low : size;
      high = high > 0 ? high : size;
      return SIZE < low ? low - SIZE : SIZE > high ? SIZE - high : 0;
    }
  /* A larger picture loses nothing when it is made smaller. */
  return size >= SIZE ? 1 + (size - SIZE) / 8 : SIZE - size;
}

static char *
find_in_dir (GPtrArray *folders, const char *theme, const char *dir, const char *name)
{
  static const char *const endings[] = { ".png", ".svg", ".xpm" };

  for (guint i = 0; i < folders->len; i++)
    for (guint e = 0; e < G_N_ELEMENTS (endings); e++)
      {
        g_autofree char *base = g_strconcat (name, endings[e], NULL);
        g_autofree char *path = g_build_filename (folders->pdata[i], theme, dir, base, NULL);

        if (g_file_test (path, G_FILE_TEST_IS_REGULAR))
          return g_steal_pointer (&path);
      }
  return NULL;
}

static char *
find_in_theme (GPtrArray *folders, const char *theme, GKeyFile *index, const char *name)
{
  g_auto (GStrv) dirs = g_key_file_get_string_list (index, "Icon Theme", "Directories", NULL, NULL);
  g_autofree char *best = NULL;
  int best_distance = G_MAXINT;

  for (char **p = dirs; p && *p; p++)
    {
      int far = distance (index, *p);
      char *path;

      if (strstr (*p, "..") || far >= best_distance)
        continue;
      path = find_in_dir (folders, theme, *p, name);
      if (!path)
        continue;
      g_free (best);
      best = path;
      best_distance = far;
    }
  return g_steal_pointer (&best);
}

static char *
user_theme (void)
{
  GSettingsSchemaSource *source = g_settings_schema_source_get_default ();
  g_autoptr (GSettingsSchema) schema =
      source ? g_settings_schema_source_lookup (source, "org.gnome.desktop.interface", TRUE) : NULL;
  g_autoptr (GSettings) settings = NULL;

  if (!schema || !g_settings_schema_has_key (schema, "icon-theme"))
    return g_strdup ("Adwaita");
  settings = g_settings_new ("org.gnome.desktop.interface");
  return g_settings_get_string (settings, "icon-theme");
}

static char *
find_name (const char *name)
{
  g_autoptr (GPtrArray) folders = icon_folders ();
  g_autoptr (GPtrArray) themes = g_ptr_array_new_with_free_func (g_free);

  if (strchr (name, '/'))
    return NULL;
  g_ptr_array_add (themes, user_theme ());
  for (guint i = 0; i < themes->len; i++)
    {
      const char *theme = themes->pdata[i];
      g_autoptr (GKeyFile) index = strchr (theme, '/') ? NULL : load_theme (folders, theme);
      g_auto (GStrv) parents = NULL;
      char *path = index ? find_in_theme (folders, theme, index, name) : NULL;

      if (path)
        return path;
      if (index)
        parents = g_key_file_get_string_list (index, "Icon Theme", "Inherits", NULL, NULL);
      for (char **p = parents; p && *p && themes->len < MAX_THEMES; p++)
        if (!g_ptr_array_find_with_equal_func (themes, *p, g_str_equal, NULL))
          g_ptr_array_add (themes, g_strdup (*p));
      if (i + 1 == themes->len
          && !g_ptr_array_find_with_equal_func (themes, "hicolor", g_str_equal, NULL))
        g_ptr_array_add (themes, g_strdup ("hicolor"));
      else if (i + 1 == themes->len
               && !g_ptr_array_find_with_equal_func (themes, "Adwaita", g_str_equal, NULL))
        g_ptr_array_add (themes, g_strdup ("Adwaita"));
    }
  for (const char *const *p = g_get_system_data_dirs (); *p; p++)
    {
      g_autofree char *dir = g_strdup (*p);
      g_autoptr (GPtrArray) one = g_ptr_array_new ();
      char *path;

      g_ptr_array_add (one, dir);
      path = find_in_dir (one, "pixmaps", ".", name);
      if (path)
        return path;
    }
  return NULL;
}

char *
bh_icon_find (GIcon *icon)
{
  const char *const *names;

  if (G_IS_FILE_ICON (icon))
    return g_file_get_path (g_file_icon_get_file (G_FILE_ICON (icon)));
  if (!G_IS_THEMED_ICON (icon))
    return NULL;
  names = g_themed_icon_get_names (G_THEMED_ICON (icon));
  for (guint i = 0; names[i]; i++)
    {
      char *path = find_name (names[i]);

      if (path)
        return path;
    }
  return NULL;
}

/* Encoding. */

static const char mark[] = "Software\0Bulkhead";

static void
put_u32 (GByteArray *out, guint32 value)
{
  guint32 big = GUINT32_TO_BE (value);

  g_byte_array_append (out, (const guint8 *) &big, sizeof big);
}

static void
put_chunk (GByteArray *out, const char *type, const void *data, gsize size)
{
  guint start;

  put_u32 (out, (guint32) size);
  start = out->len;
  g_byte_array_append (out, (const guint8 *) type, 4);
  if (size > 0)
    g_byte_array_append (out, data, (guint) size);
  put_u32 (out, (guint32) crc32 (0, out->data + start, out->len - start));
}

/* After the signature (8), IHDR (25), and the length and type of tEXt (8). */
#define MARK_AT 41
/* After that, its sum (4), and the length and type of the next (8). */
#define STAMP_AT (MARK_AT + sizeof mark - 1 + 12)

/* The contents of the chunk with the stamp. */
static GByteArray *
stamp_text (const char *stamp)
{
  static const char key[] = "Comment";
  GByteArray *out = g_byte_array_new ();

  g_byte_array_append (out, (const guint8 *) key, sizeof key);
  return g_byte_array_append (out, (const guint8 *) stamp, (guint) strlen (stamp));
}

static GBytes *
encode (const guint8 *pixels, const char *stamp)
{
  static const guint8 header[13] = { 0, 0, 0, SIZE, 0, 0, 0, SIZE, 8, 6, 0, 0, 0 };
  g_autofree guint8 *rows = g_malloc (SIZE * (1 + SIZE * 4));
  uLongf size = compressBound (SIZE * (1 + SIZE * 4));
  g_autofree guint8 *packed = g_malloc (size);
  g_autoptr (GByteArray) text = stamp_text (stamp);
  GByteArray *out = g_byte_array_new ();

  for (int y = 0; y < SIZE; y++)
    {
      rows[y * (1 + SIZE * 4)] = 0; /* no filter */
      memcpy (rows + y * (1 + SIZE * 4) + 1, pixels + y * SIZE * 4, SIZE * 4);
    }
  compress2 (packed, &size, rows, SIZE * (1 + SIZE * 4), 9);
  g_byte_array_append (out, (const guint8 *) "\x89PNG\r\n\x1a\n", 8);
  put_chunk (out, "IHDR", header, sizeof header);
  put_chunk (out, "tEXt", mark, sizeof mark - 1);
  put_chunk (out, "tEXt", text->data, text->len);
  put_chunk (out, "IDAT", packed, size);
  put_chunk (out, "IEND", NULL, 0);
  return g_byte_array_free_to_bytes (out);
}

gboolean
bh_icon_is_ours (const guint8 *head, gsize size)
{
  return size >= MARK_AT + sizeof mark - 1 && memcmp (head, "\x89PNG", 4) == 0
         && memcmp (head + MARK_AT - 4, "tEXt", 4) == 0
         && memcmp (head + MARK_AT, mark, sizeof mark - 1) == 0;
}

gboolean
bh_icon_has_stamp (const guint8 *data, gsize size, const char *stamp)
{
  g_autoptr (GByteArray) text = stamp_text (stamp);

  return size >= STAMP_AT + text->len && memcmp (data + STAMP_AT - 4, "tEXt", 4) == 0
         && memcmp (data + STAMP_AT, text->data, text->len) == 0;
}

/* Decoding. */

/* Exactly @size bytes and then the end, in time. */
static gboolean
read_all (int fd, guint8 *out, gsize size)
{
  gint64 deadline = g_get_monotonic_time () + SECONDS * G_USEC_PER_SEC;
  gsize done = 0;

  for (;;)
    {
      gint64 left = (deadline - g_get_monotonic_time ()) / 1000;
      struct pollfd item = { .fd = fd, .events = POLLIN };
      guint8 more;
      ssize_t n;

      if (left <= 0 || (poll (&item, 1, (int) left) <= 0 && errno != EINTR))
        return FALSE;
      if (item.revents == 0)
        continue;
      n = done < size ? read (fd, out + done, size - done) : read (fd, &more, 1);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return n == 0 && done == size;
      if (done == size)
        return FALSE;
      done += (gsize) n;
    }
}

GBytes *
bh_icon_make (const char *path, const char *color, const char *letter, const char *stamp,
              GError **error)
{
  g_autofree char *program = bh_paths_program ("bulkhead-icon");
  const char *argv[] = { program, color, letter, NULL };
  g_autofree guint8 *pixels = g_malloc (PIXELS);
  int in = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  struct stat info;
  int out = -1, status;
  gboolean good;
  pid_t pid;

  if (in < 0 || fstat (in, &info) != 0 || !S_ISREG (info.st_mode))
    {
      g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "Cannot read the icon %s", path);
      if (in >= 0)
        close (in);
      return NULL;
    }
  good = g_spawn_async_with_pipes_and_fds (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD
                                           | G_SPAWN_STDERR_TO_DEV_NULL,
                                           NULL, NULL, in, -1, -1, NULL, NULL, 0, &pid, NULL, &out,
                                           NULL, error);
  close (in);
  if (!good)
    return NULL;
  good = read_all (out, pixels, PIXELS);
  close (out);
  if (!good)
    kill (pid, SIGKILL);
  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    ;
  if (good && WIFEXITED (status) && WEXITSTATUS (status) == 0)
    return encode (pixels, stamp);
  g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "The icon %s cannot be used", path);
  return NULL;
}
