/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Files and addresses on a command line. */
#include "config.h"

#include "openables.h"

#include "bh-error.h"
#include "bh-openable.h"
#include "bh-text.h"

#include <glib/gi18n.h>
#include <string.h>

void
bh_openables_clear (BhOpenables *openables)
{
  g_clear_object (&openables->fds);
  g_clear_pointer (&openables->files, g_variant_unref);
  g_clear_pointer (&openables->urls, g_variant_unref);
  g_clear_pointer (&openables->first, g_free);
}

/* The path of a file's URI; %NULL with @error for those of other computers. */
static char *
from_uri (const char *uri, GError **error)
{
  g_autofree char *host = NULL;
  g_autofree char *path = g_filename_from_uri (uri, &host, NULL);

  if (path != NULL
      && (host == NULL || *host == '\0' || g_ascii_strcasecmp (host, "localhost") == 0))
    return g_steal_pointer (&path);
  g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT, _ ("“%s” is no file on this computer."),
               uri);
  return NULL;
}

static gboolean
add_file (BhOpenables *openables, GVariantBuilder *files, const char *path, GError **error)
{
  g_autofree char *name = g_path_get_basename (path);
  int fd = bh_openable_open (path, error), handle;

  if (fd < 0)
    return FALSE;
  /* It keeps a copy. */
  handle = g_unix_fd_list_append (openables->fds, fd, error);
  close (fd);
  if (handle < 0)
    return FALSE;
  g_variant_builder_add (files, "(h^ay)", handle, name);
  if (openables->first == NULL)
    openables->first = bh_text_clean (name, strlen (name), 80);
  return TRUE;
}

static gboolean
add (BhOpenables *openables, GVariantBuilder *files, GVariantBuilder *urls, const char *argument,
     GError **error)
{
  g_autofree char *path = NULL;

  openables->n++;
  if (!bh_openable_is_url (argument))
    return add_file (openables, files, argument, error);
  if (g_ascii_strncasecmp (argument, "file:", 5) == 0)
    {
      path = from_uri (argument, error);
      return path != NULL && add_file (openables, files, path, error);
    }
  if (!g_utf8_validate (argument, -1, NULL))
    {
      g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                   _ ("An address is not valid UTF-8."));
      return FALSE;
    }
  if (!bh_openable_check_url (argument, error))
    return FALSE;
  g_variant_builder_add (urls, "s", argument);
  if (openables->first == NULL)
    openables->first = bh_text_clean (argument, strlen (argument), 80);
  return TRUE;
}

gboolean
bh_openables_collect (char **arguments, BhOpenables *openables, GError **error)
{
  g_auto (GVariantBuilder) files = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(hay)"));
  g_auto (GVariantBuilder) urls = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_STRING_ARRAY);

  *openables = (BhOpenables){ .fds = g_unix_fd_list_new () };
  if (g_strv_length (arguments) > BH_OPENABLE_MAX)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                   _ ("At most %d files and addresses can be opened at once."), BH_OPENABLE_MAX);
      return FALSE;
    }
  for (char **p = arguments; *p != NULL; p++)
    if (!add (openables, &files, &urls, *p, error))
      return FALSE;
  openables->files = g_variant_ref_sink (g_variant_builder_end (&files));
  openables->urls = g_variant_ref_sink (g_variant_builder_end (&urls));
  return TRUE;
}
