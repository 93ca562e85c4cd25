/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which program of an AppVM opens what. */
#include "config.h"

#include "bh-openers.h"

#include "bh-debian-apps.h"
#include "bh-error.h"
#include "bh-text.h"

#include <gio/gdesktopappinfo.h>
#include <string.h>

#define GROUP "Desktop Entry"
#define UNKNOWN "application/octet-stream"
#define MAX_NAMED 12

typedef struct
{
  char **types;
  char *exec;
} Opener;

static void
opener_clear (Opener *opener)
{
  g_strfreev (opener->types);
  g_free (opener->exec);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Opener, opener_clear)

static gboolean
is_debian (BhVmConfig *config)
{
  return g_str_equal (bh_vm_config_get (config, "Template"), "debian");
}

char *
bh_openers_type_of_file (const char *name)
{
  g_autofree char *text = g_utf8_make_valid (name, -1);
  g_autofree char *type = g_content_type_guess (text, NULL, 0, NULL);

  return type && !g_content_type_is_unknown (type) ? g_steal_pointer (&type) : NULL;
}

char *
bh_openers_type_of_url (const char *url)
{
  g_autofree char *scheme = g_uri_parse_scheme (url);

  return g_strconcat ("x-scheme-handler/", scheme, NULL);
}

char
bh_openers_find_code (const char *exec)
{
  for (const char *p = exec ? strchr (exec, '%') : NULL; p && p[1]; p = strchr (p + 2, '%'))
    if (strchr ("fFuU", p[1]))
      return p[1];
  return '\0';
}

static gboolean
load (BhVmConfig *config, const char *app, Opener *opener)
{
  g_autoptr (GDesktopAppInfo) info = NULL;
  g_autoptr (GKeyFile) file = NULL;

  if (is_debian (config))
    {
      if (!(file = bh_debian_apps_load (config, app)))
        return FALSE;
      opener->types = g_key_file_get_string_list (file, GROUP, "MimeType", NULL, NULL);
      opener->exec = g_key_file_get_string (file, GROUP, "Exec", NULL);
      return TRUE;
    }
  if (!(info = g_desktop_app_info_new (app)))
    return FALSE;
  opener->types = g_strdupv ((char **) g_app_info_get_supported_types (G_APP_INFO (info)));
  opener->exec = g_strdup (g_app_info_get_commandline (G_APP_INFO (info)));
  return TRUE;
}

/* 2: names it; 1: names a wider kind; 0: neither. */
static guint
rank_type (const Opener *opener, const char *type)
{
  guint rank = 0;

  for (char **p = opener->types; p && *p; p++)
    if (g_ascii_strcasecmp (*p, type) == 0)
      return 2;
    else if (!g_str_has_prefix (type, "x-scheme-handler/") && !g_str_equal (*p, UNKNOWN)
             && g_content_type_is_a (type, *p))
      rank = 1;
  return rank;
}

static guint
rank (BhVmConfig *config, const char *app, const char *const *types)
{
  g_auto (Opener) opener = { NULL };
  guint least = 2;

  if (!load (config, app, &opener))
    return 0;
  for (gsize i = 0; types[i] && least > 0; i++)
    least = MIN (least, rank_type (&opener, types[i]));
  return least;
}

/* The first of the best of @ids that runs in @config's AppVM. */
static const char *
best (BhHostApps *apps, BhVmConfig *config, const char *const *ids, const char *const *types)
{
  for (guint wanted = 2; wanted > 0; wanted--)
    for (gsize i = 0; ids[i]; i++)
      {
        g_autofree char *name = NULL;

        if (rank (config, ids[i], types) < wanted)
          continue;
        name = is_debian (config) ? bh_debian_apps_check (config, ids[i], NULL)
                                  : bh_host_apps_check (apps, ids[i], NULL);
        if (name)
          return ids[i];
      }
  return NULL;
}

/* Of this computer, the default one first. */
static char **
list_host (const char *type)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  GList *all = g_app_info_get_all_for_type (type);

  for (GList *l = all; l; l = l->next)
    if (g_app_info_get_id (l->data))
      g_strv_builder_add (builder, g_app_info_get_id (l->data));
  g_list_free_full (all, g_object_unref);
  return g_strv_builder_end (builder);
}

/* "Document Viewer (org.gnome.Evince.desktop), …" */
static char *
name_all (BhHostApps *apps, BhVmConfig *config, const char *const *ids)
{
  GString *out = g_string_new (NULL);

  for (gsize i = 0, n = 0; ids[i] && n < MAX_NAMED; i++)
    {
      g_autofree char *name = is_debian (config) ? bh_debian_apps_check (config, ids[i], NULL)
                                                 : bh_host_apps_check (apps, ids[i], NULL);

      if (name)
        g_string_append_printf (out, "%s%s (%s)", n++ > 0 ? ", " : "", name, ids[i]);
    }
  return g_string_free (out, FALSE);
}

char *
bh_openers_choose (BhHostApps *apps, BhVmConfig *config, const char *const *types, const char *what,
                   GError **error)
{
  g_auto (GStrv) own = bh_vm_config_get_list (config, "Applications");
  const char *found = best (apps, config, (const char *const *) own, types);
  g_autoptr (BhDebianSet) set = NULL;
  g_autofree char *path = NULL, *named = NULL, *kind = NULL;
  g_auto (GStrv) others = NULL;

  if (found)
    return g_strdup (found);
  if (is_debian (config)
      && (!(set = bh_debian_set_of (config, error)) || !(path = bh_debian_find (set, error))))
    return NULL;
  others = is_debian (config) ? bh_debian_apps_ids (config) : list_host (types[0]);
  found = best (apps, config, (const char *const *) others, types);
  if (found)
    return g_strdup (found);
  named = name_all (apps, config, (const char *const *) own);
  kind = g_strjoinv (", ", (char **) types);
  g_set_error (error, BH_ERROR, BH_ERROR_PROGRAM_NOT_FOUND,
               "No program of “%s” says that it opens %s (%s). Say which is to open it%s%s",
               bh_vm_config_get (config, "Name"), what, kind, *named ? ": " : "", named);
  return NULL;
}

gboolean
bh_openers_takes_many (BhVmConfig *config, const char *app)
{
  g_auto (Opener) opener = { NULL };

  return load (config, app, &opener) && g_ascii_isupper (bh_openers_find_code (opener.exec));
}
