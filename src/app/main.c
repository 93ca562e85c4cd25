/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkhead: the application. */
#include "config.h"

#include "bh-application.h"
#include "bh-error.h"

#include <glib/gi18n.h>
#include <locale.h>

int
main (int argc, char **argv)
{
  g_autoptr (BhApplication) application = NULL;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, BH_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  /* Makes the service's errors arrive as BhError. */
  bh_error_quark ();

  application = bh_application_new ();
  return g_application_run (G_APPLICATION (application), argc, argv);
}
