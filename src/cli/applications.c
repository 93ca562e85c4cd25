/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The applications of this computer, and which of them people mean. */
#include "config.h"

#include "cli.h"

#include <glib/gi18n.h>
#include <string.h>

GVariant *
bh_cli_list_applications (BhCli *cli, GError **error)
{
  g_autoptr (BhDbusManager1) manager = bh_cli_get_manager (cli, error);
  GVariant *applications;

  if (manager == NULL
      || !bh_dbus_manager1_call_list_applications_sync (manager, &applications, NULL, error))
    return NULL;
  return applications;
}

static GVariant *
find (GVariant *applications, const char *wanted)
{
  GVariantIter iter;
  GVariant *application;

  g_variant_iter_init (&iter, applications);
  while ((application = g_variant_iter_next_value (&iter)) != NULL)
    {
      const char *id = "";

      g_variant_lookup (application, "id", "&s", &id);
      if (strcmp (id, wanted) == 0)
        return application;
      g_variant_unref (application);
    }
  return NULL;
}

/* The first usable application whose id or name has @text in it, in any case. */
static char *
suggest (GVariant *applications, const char *text)
{
  g_autofree char *wanted = g_utf8_casefold (text, -1);
  GVariantIter iter;
  GVariant *application;

  g_variant_iter_init (&iter, applications);
  while (g_variant_iter_loop (&iter, "@a{sv}", &application))
    {
      const char *id = "", *name = "";
      gboolean usable = FALSE;
      g_autofree char *both = NULL;
      g_autofree char *folded = NULL;

      g_variant_lookup (application, "id", "&s", &id);
      g_variant_lookup (application, "name", "&s", &name);
      g_variant_lookup (application, "usable", "b", &usable);
      both = g_strconcat (id, "\n", name, NULL);
      folded = g_utf8_casefold (both, -1);
      if (usable && *wanted != '\0' && strstr (folded, wanted) != NULL)
        {
          char *found = g_strdup (id);

          g_variant_unref (application);
          return found;
        }
    }
  return NULL;
}

char *
bh_cli_resolve_application (GVariant *applications, const char *text, GError **error)
{
  g_autofree char *with_suffix = g_strconcat (text, ".desktop", NULL);
  g_autoptr (GVariant) found = find (applications, text);
  const char *id = "", *reason = "";
  gboolean usable = FALSE;

  if (found == NULL)
    found = find (applications, with_suffix);
  if (found == NULL)
    {
      g_autofree char *near = suggest (applications, text);

      if (near != NULL)
        g_set_error (error, BH_ERROR, BH_ERROR_PROGRAM_NOT_FOUND,
                     _ ("This computer has no application “%s”. Did you mean “%s”?"), text, near);
      else
        g_set_error (
            error, BH_ERROR, BH_ERROR_PROGRAM_NOT_FOUND,
            _ ("This computer has no application “%s”. “bulkheadctl apps” lists those it has."),
            text);
      return NULL;
    }
  g_variant_lookup (found, "id", "&s", &id);
  g_variant_lookup (found, "usable", "b", &usable);
  g_variant_lookup (found, "reason", "&s", &reason);
  if (!usable)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_PROGRAM_UNSUPPORTED,
                   _ ("“%s” cannot run in an AppVM: %s"), id, reason);
      return NULL;
    }
  return g_strdup (id);
}
