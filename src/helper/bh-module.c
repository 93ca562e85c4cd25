/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Loading a module. Its name is one of few constants, never something a caller said. */
#include "config.h"

#include "bh-module.h"

#include "bh-error.h"

#include <libkmod.h>

gboolean
bh_module_load (const char *name, GError **error)
{
  struct kmod_ctx *context = kmod_new (NULL, NULL);
  struct kmod_module *module = NULL;
  int result = context ? kmod_module_new_from_name (context, name, &module) : -ENOMEM;

  if (result == 0)
    {
      int state = kmod_module_get_initstate (module);

      if (state != KMOD_MODULE_LIVE && state != KMOD_MODULE_BUILTIN)
        result = kmod_module_probe_insert_module (module, KMOD_PROBE_IGNORE_COMMAND, NULL, NULL, NULL,
                                                  NULL);
    }
  if (result < 0)
    bh_error_set_from_errno (error, -result, "Loading the kernel module %s", name);
  if (module != NULL)
    kmod_module_unref (module);
  if (context != NULL)
    kmod_unref (context);
  return result >= 0;
}
