/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What of this session the service has to know to show windows in it. */
#include "config.h"

#include "launch-options.h"

static void
add_variable (GVariantBuilder *options, const char *option, const char *variable)
{
  const char *value = g_getenv (variable);

  if (value != NULL && *value != '\0' && g_utf8_validate (value, -1, NULL))
    g_variant_builder_add (options, "{sv}", option, g_variant_new_string (value));
}

void
bh_cli_add_display (GVariantBuilder *options, gboolean token)
{
  add_variable (options, "display", "WAYLAND_DISPLAY");
  if (token)
    add_variable (options, "activation-token",
                  g_getenv ("XDG_ACTIVATION_TOKEN") != NULL ? "XDG_ACTIVATION_TOKEN"
                                                            : "DESKTOP_STARTUP_ID");
}
