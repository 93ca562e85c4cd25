/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a caller may ask for with Start and Launch. */
#include "config.h"

#include "bh-launch.h"

#include "bh-debian-apps.h"
#include "bh-error.h"
#include "bh-options.h"
#include "bh-text.h"

#include <string.h>

static const BhOption start_options[] = {
  { "display", "s", 100, 0 },
  { "debug", "b", 0, 0 },
  { NULL, NULL, 0, 0 },
};

/* Lengths as the wire's message has them. */
static const BhOption launch_options[] = {
  { "app", "s", 255, 0 },   { "argv", "as", 4096, 256 }, { "wait", "b", 0, 0 },
  { "x11", "s", 4, 0 },     { "display", "s", 100, 0 },  { "activation-token", "s", 255, 0 },
  { "label", "s", 255, 0 }, { "disposable", "b", 0, 0 }, { NULL, NULL, 0, 0 },
};

gboolean
bh_launch_check_start (GVariant *options, GError **error)
{
  return bh_options_check (options, start_options, error);
}

/* There is one thing to start in it, and it runs already. */
static char *
check_desktop (BhVmConfig *config, gboolean program, GError **error)
{
  if (!program)
    return g_strdup ("Desktop");
  g_set_error (error, BH_ERROR, BH_ERROR_PROGRAM_UNSUPPORTED,
               "“%s” is a whole desktop: its programs are started in it, and not from here. Open its window without "
               "naming a program.",
               bh_vm_config_get (config, "Name"));
  return NULL;
}

char *
bh_launch_check (BhHostApps *apps, BhVmConfig *config, GVariant *options, GError **error)
{
  g_autofree const char **argv = NULL;
  g_autofree char *base = NULL;
  const char *app = NULL, *x11 = "auto", *label = NULL;

  if (!bh_options_check (options, launch_options, error))
    return NULL;
  g_variant_lookup (options, "app", "&s", &app);
  g_variant_lookup (options, "argv", "^a&s", &argv);
  g_variant_lookup (options, "x11", "&s", &x11);
  g_variant_lookup (options, "label", "&s", &label);
  if (!g_str_equal (x11, "auto") && !g_str_equal (x11, "yes") && !g_str_equal (x11, "no"))
    {
      g_set_error_literal (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                           "The option “x11” takes auto, yes or no");
      return NULL;
    }
  if (bh_vm_config_is_disk (config))
    return check_desktop (config, app || argv, error);
  if ((app != NULL) == (argv != NULL) || (argv && (!argv[0] || !*argv[0])))
    {
      g_set_error_literal (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                           "Give either “app” or “argv”, and not empty");
      return NULL;
    }
  if (app)
    return g_str_equal (bh_vm_config_get (config, "Template"), "debian")
               ? bh_debian_apps_check (config, app, error)
               : bh_host_apps_check (apps, app, error);
  base = label && *label ? g_strdup (label) : g_path_get_basename (argv[0]);
  return bh_text_clean (base, strlen (base), 64);
}

GVariant *
bh_launch_for_proxy (BhVmConfig *config, GVariant *options)
{
  g_auto (GStrv) forced = bh_vm_config_get_list (config, "X11");
  const char *app = NULL, *x11 = "auto";
  GVariantDict dict;

  g_variant_lookup (options, "app", "&s", &app);
  g_variant_lookup (options, "x11", "&s", &x11);
  if (app && g_str_equal (x11, "auto") && g_strv_contains ((const char *const *) forced, app))
    x11 = "yes";
  g_variant_dict_init (&dict, options);
  g_variant_dict_remove (&dict, "wait");
  g_variant_dict_remove (&dict, "display");
  g_variant_dict_remove (&dict, "label");
  g_variant_dict_remove (&dict, "disposable");
  if (bh_vm_config_is_disk (config))
    {
      static const char *const desktop[] = { "desktop", NULL };

      g_variant_dict_insert (&dict, "argv", "^as", desktop);
    }
  g_variant_dict_insert (&dict, "x11", "s", x11);
  return g_variant_dict_end (&dict);
}
