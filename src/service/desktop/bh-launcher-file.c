/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The files of one launcher: its desktop file and its icon. And the icon of the AppVM itself. */
#include "config.h"

#include "bh-launcher-file.h"

#include "bh-debian-apps.h"
#include "bh-error.h"
#include "bh-icon.h"
#include "bh-keys.h"
#include "bh-mime-defaults.h"
#include "bh-openable.h"
#include "bh-openers.h"
#include "bh-paths.h"
#include "bh-text.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gdesktopappinfo.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROUP "Desktop Entry"
#define DISPOSABLE "disposable"
#define DISPOSABLE_GROUP "Desktop Action " DISPOSABLE
#define VM_KEY "X-Bulkhead-Vm"
#define MARK "\n" VM_KEY "="
#define MAX_NAME 230 /* bytes: with the ending and the temporary's, less than NAME_MAX */
#define MAX_FILE (256 * 1024)
#define MAX_TEXT 200
#define MAX_LIST 1000
#define MAX_TYPES 400
#define SCHEME "x-scheme-handler/"
#define WINDOW_APP_CHARS 64 /* as the proxy has it */

char *
bh_launcher_dir (void)
{
  return g_build_filename (g_get_user_data_dir (), "applications", NULL);
}

char *
bh_launcher_icon_dir (void)
{
  return g_build_filename (g_get_user_data_dir (), "icons", "hicolor", "128x128", "apps", NULL);
}

char *
bh_launcher_name (const char *id, const char *app)
{
  g_autofree char *name = g_strconcat (BH_LAUNCHER_PREFIX, id, ".", app, NULL);
  g_autofree char *sum = NULL;

  name[strlen (name) - strlen (".desktop")] = '\0';
  if (strlen (name) <= MAX_NAME)
    return g_steal_pointer (&name);
  sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, app, -1);
  return g_strdup_printf ("%.*s-%.16s", MAX_NAME - 17, name, sum);
}

/* Files. */

/* The contents; %NULL when it is not there, or (with @foreign) when it is not a plain file of ours. */
static char *
read_ours (const char *path, gsize *size, gboolean *foreign)
{
  int fd = open (path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  g_autofree char *text = NULL;
  struct stat info;
  gsize done = 0;
  ssize_t n = 1;
  gboolean ours;

  *foreign = fd >= 0 || errno != ENOENT;
  if (fd < 0)
    return NULL;
  if (fstat (fd, &info) == 0 && S_ISREG (info.st_mode) && info.st_size <= MAX_FILE)
    {
      text = g_malloc (MAX_FILE + 1);
      while (done < MAX_FILE && (n = read (fd, text + done, MAX_FILE - done)) > 0)
        done += (gsize) n;
    }
  close (fd);
  if (!text || n < 0)
    return NULL;
  text[done] = '\0';
  ours = g_str_has_suffix (path, ".png") ? bh_icon_is_ours ((const guint8 *) text, done)
                                         : strstr (text, MARK) != NULL;
  if (!ours)
    return NULL;
  *foreign = FALSE;
  *size = done;
  return g_steal_pointer (&text);
}

static gboolean
write_fd (int fd, const char *data, gsize size)
{
  for (gsize done = 0; done < size;)
    {
      ssize_t n = write (fd, data + done, size - done);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return FALSE;
      done += (gsize) n;
    }
  return fsync (fd) == 0;
}

/* Whole or not at all; what is there already is not written again. */
static gboolean
replace (const char *dir, const char *name, const char *data, gsize size, GError **error)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);
  g_autofree char *hidden = g_strdup_printf (".%s.tmp", name);
  g_autofree char *temporary = g_build_filename (dir, hidden, NULL);
  gboolean foreign;
  gsize old_size = 0;
  g_autofree char *old = read_ours (path, &old_size, &foreign);
  int fd, saved;

  if (old && old_size == size && memcmp (old, data, size) == 0)
    return TRUE;
  if (foreign)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_EXISTS, "%s is not Bulkhead's, so it is left alone", path);
      return FALSE;
    }
  if (!bh_paths_ensure (dir, error))
    return FALSE;
  unlink (temporary);
  fd = open (temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd >= 0 && write_fd (fd, data, size) && rename (temporary, path) == 0)
    {
      close (fd);
      return TRUE;
    }
  saved = errno;
  if (fd >= 0)
    {
      close (fd);
      unlink (temporary);
    }
  bh_error_set_from_errno (error, saved, "Cannot write %s", path);
  return FALSE;
}

void
bh_launcher_file_remove (const char *dir, const char *name)
{
  g_autofree char *path = g_build_filename (dir, name, NULL);
  gboolean foreign;
  gsize size;
  g_autofree char *text = NULL;
  struct stat info;

  if (*name == '.')
    {
      /* Half-written, so that the mark may be missing: the name is one that only we give. */
      if (g_str_has_suffix (name, ".tmp") && lstat (path, &info) == 0 && S_ISREG (info.st_mode))
        unlink (path);
      return;
    }
  if (!g_str_has_suffix (name, ".desktop") && !g_str_has_suffix (name, ".png"))
    return;
  text = read_ours (path, &size, &foreign);
  if (text && unlink (path) != 0)
    g_message ("Cannot remove %s: %s", path, g_strerror (errno));
}

/* The desktop file. */

static char *
find_control (void)
{
  const char *dir = g_getenv ("BULKHEAD_BIN_DIR");

  return g_build_filename (dir && g_path_is_absolute (dir) ? dir : BH_BINDIR, "bulkheadctl", NULL);
}

/* As the Desktop Entry Specification quotes the program of Exec. GLib cannot find one with a “%” in
 * its path. */
static char *
quote (const char *argument)
{
  GString *out = g_string_new ("\"");

  for (const char *p = argument; *p; p++)
    {
      if (strchr ("\"`$\\", *p))
        g_string_append_c (out, '\\');
      g_string_append_c (out, *p);
    }
  g_string_append_c (out, '"');
  return g_string_free (out, FALSE);
}

/* What a launcher is made of. */
typedef struct
{
  char *file; /* the program's desktop file */
  char *class;
  GIcon *icon;
} Program;

static void
program_clear (Program *program)
{
  g_free (program->file);
  g_free (program->class);
  g_clear_object (&program->icon);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Program, program_clear)

/* FALSE: there is no such program where those of the AppVM come from. */
static gboolean
find_program (BhVmConfig *config, const char *app, Program *program)
{
  g_autoptr (GDesktopAppInfo) info = NULL;

  if (g_str_equal (bh_vm_config_get (config, "Template"), "debian"))
    return (program->file = bh_debian_apps_find (config, app, &program->class, &program->icon)) != NULL;
  info = g_desktop_app_info_new (app);
  if (!info || !g_desktop_app_info_get_filename (info))
    return FALSE;
  program->file = g_strdup (g_desktop_app_info_get_filename (info));
  program->class = g_strdup (g_desktop_app_info_get_startup_wm_class (info));
  program->icon = g_app_info_get_icon (G_APP_INFO (info));
  if (program->icon)
    g_object_ref (program->icon);
  return TRUE;
}

/* What the proxy calls the program's windows, as far as that is known before there is one. */
static char *
window_class (const Program *program, const char *id, const char *app)
{
  const char *class = program->class;
  g_autofree char *base = g_strndup (app, strlen (app) - strlen (".desktop"));
  GString *out = g_string_new ("io.github.bulkhead.");
  gsize start;

  g_string_append_printf (out, "%s.", id);
  start = out->len;
  for (const char *p = class && *class ? class : base; *p && out->len - start < WINDOW_APP_CHARS; p++)
    if (g_ascii_isalnum (*p) || strchr ("._-", *p))
      g_string_append_c (out, *p);
  if (out->len == start)
    g_string_append (out, "app");
  return g_string_free (out, FALSE);
}

/* A key, in each language: cleaned, since it is shown; names with the AppVM's. */
static void
copy_texts (GKeyFile *from, GKeyFile *to, const char *vm_name)
{
  static const char *const kinds[] = { "Name", "GenericName", "Comment" };
  g_auto (GStrv) keys = g_key_file_get_keys (from, GROUP, NULL, NULL);

  for (char **key = keys; key && *key; key++)
    {
      g_autofree char *kind = g_strndup (*key, strcspn (*key, "["));
      g_autofree char *text = NULL;
      g_autofree char *clean = NULL;

      if (g_str_equal (kind, "Categories") || g_str_equal (kind, "Keywords"))
        {
          text = g_key_file_get_value (from, GROUP, *key, NULL);
          if (text && strlen (text) <= MAX_LIST && g_utf8_validate (text, -1, NULL))
            g_key_file_set_value (to, GROUP, *key, text);
          continue;
        }
      for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
        if (g_str_equal (kind, kinds[i])
            && (text = g_key_file_get_string (from, GROUP, *key, NULL)) != NULL)
          clean = bh_text_clean (text, strlen (text), MAX_TEXT);
      if (clean && g_str_equal (kind, "Name"))
        {
          g_autofree char *both = g_strdup_printf ("%s (%s)", clean, vm_name);
          g_key_file_set_string (to, GROUP, *key, both);
        }
      else if (clean)
        g_key_file_set_string (to, GROUP, *key, clean);
    }
}

static gboolean
is_type (const char *text)
{
  const char *slash = strchr (text, '/');

  for (const char *p = text; *p; p++)
    if (!g_ascii_isalnum (*p) && !strchr ("!#$&-^_.+/", *p))
      return FALSE;
  return slash && slash != text && slash[1] && !strchr (slash + 1, '/') && strlen (text) <= 200
         && !g_str_has_prefix (text, "inode/");
}

/* What it is offered for in the desktop's “Open With”: what the program opens, as far as another is the default for
 * it. Returns: what is added to Exec, " %F" or " %U", or "". */
static const char *
set_types (GKeyFile *from, GKeyFile *to)
{
  g_autofree char *exec = g_key_file_get_string (from, GROUP, "Exec", NULL);
  g_auto (GStrv) types = g_key_file_get_string_list (from, GROUP, "MimeType", NULL, NULL);
  g_autoptr (GHashTable) defaults = NULL;
  g_autoptr (GPtrArray) offered = g_ptr_array_new ();
  gboolean urls = FALSE;
  char code = bh_openers_find_code (exec);

  if (!code)
    return "";
  defaults = types ? bh_mime_defaults_load () : NULL;
  for (char **p = types; p && *p && offered->len < MAX_TYPES; p++)
    {
      gboolean scheme = g_str_has_prefix (*p, SCHEME);

      if (!is_type (*p) || (scheme && !bh_openable_scheme_is_allowed (*p + strlen (SCHEME))))
        continue;
      urls = urls || scheme;
      if (g_hash_table_contains (defaults, *p))
        g_ptr_array_add (offered, *p);
    }
  if (offered->len > 0)
    {
      g_key_file_set_string_list (to, GROUP, "MimeType", (const char *const *) offered->pdata,
                                  offered->len);
      g_key_file_set_integer (to, GROUP, "InitialPreference", 0); /* KDE's; others' is 1 */
    }
  return urls && g_ascii_tolower (code) == 'u' ? " %U" : " %F";
}

static char *
make_desktop_file (const Program *program, BhVmConfig *config, const char *app, const char *icon,
                   gboolean *typed, gsize *size)
{
  g_autoptr (GKeyFile) from = g_key_file_new ();
  g_autoptr (GKeyFile) to = g_key_file_new ();
  const char *id = bh_vm_config_get_id (config);
  g_autofree char *control = find_control ();
  g_autofree char *quoted = quote (control);
  g_autofree char *path = NULL, *exec = NULL, *disposable = NULL;
  g_autofree char *class = window_class (program, id, app);

  if (!g_key_file_load_from_file (from, program->file,
                                  G_KEY_FILE_KEEP_TRANSLATIONS, NULL))
    return NULL;
  g_key_file_set_string (to, GROUP, "Type", "Application");
  copy_texts (from, to, bh_vm_config_get (config, "Name"));
  if (!g_key_file_has_key (to, GROUP, "Name", NULL))
    return NULL;
  /* An id has a-z, 0-9 and "-"; an application's id none of what Exec would have quoted. By the object's
   * path, since an AppVM may be named as another one's id. */
  path = g_strconcat ("/io/github/bulkhead/vm/", id, NULL);
  g_strdelimit (path, "-", '_');
  exec = g_strdup_printf ("%s run %s %s%s", quoted, path, app, set_types (from, to));
  g_key_file_set_string (to, GROUP, "Exec", exec);
  *typed = g_key_file_has_key (to, GROUP, "MimeType", NULL);
  g_key_file_set_string (to, GROUP, "TryExec", control);
  g_key_file_set_string (to, GROUP, "Icon", icon);
  g_key_file_set_boolean (to, GROUP, "Terminal", FALSE);
  g_key_file_set_boolean (to, GROUP, "StartupNotify", TRUE);
  g_key_file_set_string (to, GROUP, "StartupWMClass", class);
  g_key_file_set_string (to, GROUP, VM_KEY, id);
  g_key_file_set_string (to, GROUP, "X-Bulkhead-Version", BH_VERSION);
  /* Where each is one, there is no choice. */
  if (!bh_vm_config_get_bool (config, "Disposable"))
    {
      disposable = g_strdup_printf ("%s run --disposable %s %s", quoted, path, app);
      g_key_file_set_string (to, GROUP, "Actions", DISPOSABLE ";");
      g_key_file_set_string (to, DISPOSABLE_GROUP, "Name", _ ("Open in a Disposable"));
      g_key_file_set_string (to, DISPOSABLE_GROUP, "Exec", disposable);
    }
  return g_key_file_to_data (to, size, NULL);
}

/* The icon. */

/* What the icon is made from: the same again needs no second decoding. */
static char *
stamp_of (const char *path, const char *color, const char *letter)
{
  struct stat info;
  g_autofree char *text = NULL;

  if (stat (path, &info) != 0)
    return NULL;
  text = g_strdup_printf ("%s %s %s %lld %lld.%09ld %s", path, color, letter, (long long) info.st_size,
                          (long long) info.st_mtim.tv_sec, info.st_mtim.tv_nsec, BH_VERSION);
  return g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
}

/* Make the icon @name from the picture @from with the badge of @config. Returns: whether it is there; if not, a
 * generic one has to do (with @error when the disk is to blame). */
static gboolean
ensure_icon (GIcon *from, BhVmConfig *config, const char *name, GError **error)
{
  g_autofree char *source = from ? bh_icon_find (from) : NULL;
  const char *color = bh_vm_config_get (config, "Color");
  g_autofree char *letter = g_utf8_substring (bh_vm_config_get (config, "Name"), 0, 1);
  g_autofree char *upper = g_utf8_strup (letter, -1);
  g_autofree char *stamp = source ? stamp_of (source, color, upper) : NULL;
  g_autofree char *dir = bh_launcher_icon_dir ();
  g_autofree char *file = g_strconcat (name, ".png", NULL);
  g_autofree char *path = g_build_filename (dir, file, NULL);
  gboolean foreign;
  gsize size = 0;
  g_autofree char *old = read_ours (path, &size, &foreign);
  g_autoptr (GError) local = NULL;
  g_autoptr (GBytes) png = NULL;
  const char *data;

  if (stamp && old && bh_icon_has_stamp ((const guint8 *) old, size, stamp))
    return TRUE;
  png = stamp ? bh_icon_make (source, color, upper, stamp, &local) : NULL;
  if (!png)
    {
      if (local)
        g_message ("%s: %s", name, local->message);
      bh_launcher_file_remove (dir, file);
      return FALSE;
    }
  data = g_bytes_get_data (png, &size);
  return replace (dir, file, data, size, error);
}

char *
bh_launcher_vm_icon (const char *id)
{
  return g_strconcat (BH_LAUNCHER_PREFIX, id, NULL);
}

gboolean
bh_launcher_has_vm_icon (const char *id)
{
  g_autofree char *dir = bh_launcher_icon_dir ();
  g_autofree char *name = bh_launcher_vm_icon (id);
  g_autofree char *file = g_strconcat (name, ".png", NULL);
  g_autofree char *path = g_build_filename (dir, file, NULL);

  return g_file_test (path, G_FILE_TEST_IS_REGULAR);
}

gboolean
bh_launcher_write_vm_icon (BhVmConfig *config, GError **error)
{
  g_autofree char *name = bh_launcher_vm_icon (bh_vm_config_get_id (config));
  g_autoptr (GIcon) ours = g_themed_icon_new (BH_APP_ID);
  g_autoptr (GError) local = NULL;

  if (ensure_icon (ours, config, name, &local) || !local)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

gboolean
bh_launcher_write (BhVmConfig *config, const char *app, gboolean *made, gboolean *typed,
                   GError **error)
{
  g_auto (Program) program = { 0 };
  g_autofree char *dir = bh_launcher_dir ();
  g_autofree char *name = bh_launcher_name (bh_vm_config_get_id (config), app);
  g_autofree char *file = g_strconcat (name, ".desktop", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GError) icon_error = NULL;
  gboolean icon;
  gsize size;

  *made = *typed = FALSE;
  if (!bh_app_id_is_valid (app) || g_str_has_prefix (app, "io.github.bulkhead.")
      || !find_program (config, app, &program))
    return TRUE;
  icon = ensure_icon (program.icon, config, name, &icon_error);
  text = make_desktop_file (&program, config, app, icon ? name : "application-x-executable", typed,
                            &size);
  if (!text)
    return TRUE;
  *made = TRUE;
  if (!replace (dir, file, text, size, error))
    return FALSE;
  if (!icon_error)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&icon_error));
  return FALSE;
}
