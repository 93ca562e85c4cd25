/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The applications installed on this computer.
 *
 * An AppVM sees this computer's /usr and /opt, and looks for desktop files there only: what lives anywhere
 * else, or runs through a service of the host (Flatpak, snap), cannot run in it. */
#include "config.h"

#include "bh-host-apps.h"

#include "bh-error.h"
#include "bh-keys.h"
#include "bh-text.h"

#include <gio/gdesktopappinfo.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define OWN_PREFIX "io.github.bulkhead."
#define MAX_TEXT 200

struct _BhHostApps
{
  GObject parent;
};

G_DEFINE_TYPE (BhHostApps, bh_host_apps, G_TYPE_OBJECT)

static gboolean
is_shared (const char *path)
{
  char real[PATH_MAX];

  return realpath (path, real) != NULL
         && (g_str_has_prefix (real, "/usr/") || g_str_has_prefix (real, "/opt/"));
}

/* The program, without the "env NAME=value" that some desktop files put before it. */
static char *
find_program (const char *command)
{
  g_auto (GStrv) argv = NULL;
  guint i = 0;

  if (!command || !g_shell_parse_argv (command, NULL, &argv, NULL))
    return NULL;
  if (g_str_equal (argv[0], "env") || g_str_equal (argv[0], "/usr/bin/env"))
    for (i = 1; argv[i] && (strchr (argv[i], '=') || argv[i][0] == '-'); i++)
      ;
  return g_strdup (argv[i] ? argv[i] : argv[0]);
}

/* %NULL when it can run in an AppVM. */
static const char *
why_not (GDesktopAppInfo *app)
{
  const char *file = g_desktop_app_info_get_filename (app);
  const char *command = g_app_info_get_commandline (G_APP_INFO (app));
  g_autofree char *program = find_program (command);
  g_autofree char *base = program ? g_path_get_basename (program) : NULL;
  g_autofree char *path = NULL;

  if (!program)
    return "It has no program to start.";
  if (g_desktop_app_info_has_key (app, "X-Flatpak") || g_str_equal (base, "flatpak"))
    return "It is a Flatpak, which runs only where it was installed.";
  if (g_desktop_app_info_has_key (app, "X-SnapInstanceName") || g_str_equal (base, "snap")
      || g_str_has_prefix (program, "/snap/") || g_str_has_prefix (program, "/var/lib/snapd/"))
    return "It is a snap, which runs only where it was installed.";
  if (g_desktop_app_info_has_key (app, "X-AppImage-Version") || g_str_has_suffix (base, ".AppImage")
      || g_str_has_suffix (base, ".appimage"))
    return "It is an AppImage, which is outside the folders that AppVMs share.";
  path = g_path_is_absolute (program) ? g_strdup (program) : g_find_program_in_path (program);
  if (!path || !g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
    return "Its program is not installed.";
  if (!is_shared (path))
    return "Its program is outside /usr and /opt, which are the folders that AppVMs share.";
  if (file && !is_shared (file))
    return "Its launcher is not in /usr, where AppVMs look for it.";
  return NULL;
}

static void
add_text (GVariantDict *dict, const char *key, const char *text)
{
  g_autofree char *clean = bh_text_clean (text ? text : "", text ? strlen (text) : 0, MAX_TEXT);

  g_variant_dict_insert (dict, key, "s", clean);
}

static GVariant *
describe (GDesktopAppInfo *app)
{
  GAppInfo *info = G_APP_INFO (app);
  GIcon *icon = g_app_info_get_icon (info);
  g_autofree char *icon_text = icon ? g_icon_to_string (icon) : NULL;
  const char *categories = g_desktop_app_info_get_categories (app);
  g_auto (GStrv) split = g_strsplit (categories ? categories : "", ";", 64);
  const char *const *keywords = g_desktop_app_info_get_keywords (app);
  static const char *const none[] = { NULL };
  const char *reason = why_not (app);
  GVariantDict dict;
  guint n = 0;

  for (guint i = 0; split[i]; i++)
    if (*split[i] && g_utf8_validate (split[i], -1, NULL))
      {
        char *kept = split[i];
        split[i] = NULL;
        g_free (split[n]);
        split[n++] = kept;
      }
    else
      g_clear_pointer (&split[i], g_free);
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "id", "s", g_app_info_get_id (info));
  add_text (&dict, "name", g_app_info_get_display_name (info));
  add_text (&dict, "summary", g_app_info_get_description (info));
  g_variant_dict_insert (&dict, "icon", "s", icon_text ? icon_text : "");
  g_variant_dict_insert_value (&dict, "categories",
                               g_variant_new_strv ((const char *const *) split, n));
  g_variant_dict_insert_value (&dict, "keywords",
                               g_variant_new_strv (keywords ? keywords : none, -1));
  g_variant_dict_insert (&dict, "usable", "b", reason == NULL);
  g_variant_dict_insert (&dict, "reason", "s", reason ? reason : "");
  return g_variant_dict_end (&dict);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return g_utf8_collate (g_app_info_get_display_name (G_APP_INFO (a)),
                         g_app_info_get_display_name (G_APP_INFO (b)));
}

static void
list_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GList *all = g_list_sort (g_app_info_get_all (), compare_names);
  GVariantBuilder out;

  g_variant_builder_init (&out, G_VARIANT_TYPE ("aa{sv}"));
  for (GList *l = all; l; l = l->next)
    {
      GDesktopAppInfo *app = G_DESKTOP_APP_INFO (l->data);
      const char *id = g_app_info_get_id (l->data);

      if (!id || !bh_app_id_is_valid (id) || g_str_has_prefix (id, OWN_PREFIX)
          || g_desktop_app_info_get_nodisplay (app) || g_desktop_app_info_get_is_hidden (app)
          || !g_desktop_app_info_get_show_in (app, NULL))
        continue;
      g_variant_builder_add_value (&out, describe (app));
    }
  g_list_free_full (all, g_object_unref);
  g_task_return_pointer (task, g_variant_ref_sink (g_variant_builder_end (&out)),
                         (GDestroyNotify) g_variant_unref);
}

void
bh_host_apps_list_async (BhHostApps *self, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);

  g_task_run_in_thread (task, list_in_thread);
}

GVariant *
bh_host_apps_list_finish (BhHostApps *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

char *
bh_host_apps_check (BhHostApps *self, const char *id, GError **error)
{
  g_autoptr (GDesktopAppInfo) app = NULL;
  const char *name, *reason;

  if (!bh_app_id_is_valid (id))
    {
      g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                   "The id of an application looks like org.gnome.Calculator.desktop");
      return NULL;
    }
  app = g_desktop_app_info_new (id);
  if (!app)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_PROGRAM_NOT_FOUND,
                   "The application %s is not installed on this computer", id);
      return NULL;
    }
  name = g_app_info_get_display_name (G_APP_INFO (app));
  reason = why_not (app);
  if (reason)
    {
      g_autofree char *clean = bh_text_clean (name, strlen (name), 64);
      g_set_error (error, BH_ERROR, BH_ERROR_PROGRAM_UNSUPPORTED, "%s cannot run in an AppVM. %s",
                   clean, reason);
      return NULL;
    }
  return bh_text_clean (name, strlen (name), 64);
}

static void
bh_host_apps_class_init (BhHostAppsClass *klass)
{
}

static void
bh_host_apps_init (BhHostApps *self)
{
}

BhHostApps *
bh_host_apps_new (void)
{
  return g_object_new (BH_TYPE_HOST_APPS, NULL);
}
