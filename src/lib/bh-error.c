/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The error domain and its D-Bus names. */
#include "config.h"

#include "bh-error.h"

#include "bh-text.h"

#include <errno.h>
#include <string.h>

#define MAX_NAME 200

static const GDBusErrorEntry entries[] = {
  { BH_ERROR_FAILED, "io.github.bulkhead.Error.Failed" },
  { BH_ERROR_INVALID_ARGUMENT, "io.github.bulkhead.Error.InvalidArgument" },
  { BH_ERROR_NOT_FOUND, "io.github.bulkhead.Error.NotFound" },
  { BH_ERROR_EXISTS, "io.github.bulkhead.Error.Exists" },
  { BH_ERROR_BAD_KEY_FILE, "io.github.bulkhead.Error.BadKeyFile" },
  { BH_ERROR_NOT_RUNNING, "io.github.bulkhead.Error.NotRunning" },
  { BH_ERROR_BUSY, "io.github.bulkhead.Error.Busy" },
  { BH_ERROR_NO_KERNEL, "io.github.bulkhead.Error.NoKernel" },
  { BH_ERROR_KERNEL_UNREADABLE, "io.github.bulkhead.Error.KernelUnreadable" },
  { BH_ERROR_NO_HYPERVISOR, "io.github.bulkhead.Error.NoHypervisor" },
  { BH_ERROR_NO_DISPLAY, "io.github.bulkhead.Error.NoDisplay" },
  { BH_ERROR_NO_MEMORY, "io.github.bulkhead.Error.NoMemory" },
  { BH_ERROR_DISK_FULL, "io.github.bulkhead.Error.DiskFull" },
  { BH_ERROR_BOOT_FAILED, "io.github.bulkhead.Error.BootFailed" },
  { BH_ERROR_PROGRAM_NOT_FOUND, "io.github.bulkhead.Error.ProgramNotFound" },
  { BH_ERROR_PROGRAM_UNSUPPORTED, "io.github.bulkhead.Error.ProgramUnsupported" },
  { BH_ERROR_PROGRAM_FAILED, "io.github.bulkhead.Error.ProgramFailed" },
  { BH_ERROR_CANCELLED, "io.github.bulkhead.Error.Cancelled" },
  { BH_ERROR_NOT_AUTHORIZED, "io.github.bulkhead.Error.NotAuthorized" },
  { BH_ERROR_LIMIT_REACHED, "io.github.bulkhead.Error.LimitReached" },
  { BH_ERROR_NO_HELPER, "io.github.bulkhead.Error.NoHelper" },
  { BH_ERROR_NO_NETWORK, "io.github.bulkhead.Error.NoNetwork" },
  { BH_ERROR_NO_KEY, "io.github.bulkhead.Error.NoKey" },
  { BH_ERROR_NO_TEMPLATE, "io.github.bulkhead.Error.NoTemplate" },
};
G_STATIC_ASSERT (G_N_ELEMENTS (entries) == BH_N_ERRORS);

GQuark
bh_error_quark (void)
{
  static gsize quark;

  g_dbus_error_register_error_domain ("bh-error-quark", &quark, entries, G_N_ELEMENTS (entries));
  return (GQuark) quark;
}

void
bh_error_set_from_errno (GError **error, int saved_errno, const char *format, ...)
{
  BhError code = BH_ERROR_FAILED;
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  if (saved_errno == ENOSPC || saved_errno == EDQUOT)
    code = BH_ERROR_DISK_FULL;
  else if (saved_errno == ENOMEM)
    code = BH_ERROR_NO_MEMORY;
  g_set_error (error, BH_ERROR, code, "%s: %s", what, g_strerror (saved_errno));
}

gboolean
bh_error_refuse (GError **error, BhError code, const char *what, const char *name,
                 const char *format, ...)
{
  g_autofree char *shown = bh_text_clean (name, strlen (name), MAX_NAME);
  g_autofree char *why = NULL;
  va_list args;

  va_start (args, format);
  why = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, BH_ERROR, code, "The %s “%s” %s", what, shown, why);
  return FALSE;
}
