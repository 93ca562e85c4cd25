/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The errors of Bulkhead, the same on D-Bus, in logs and as exit codes of bulkheadctl. */
#pragma once

#include <gio/gio.h>

/**
 * BhError:
 *
 * Each has the D-Bus name io.github.bulkhead.Error.NAME (see io.github.bulkhead.Manager1.xml).
 * The exit code of bulkheadctl is 10 + the value; 1 is %BH_ERROR_FAILED, 2 a wrong command line.
 */
typedef enum
{
  BH_ERROR_FAILED,
  BH_ERROR_INVALID_ARGUMENT,
  BH_ERROR_NOT_FOUND,
  BH_ERROR_EXISTS,
  BH_ERROR_BAD_KEY_FILE,
  BH_ERROR_NOT_RUNNING,
  BH_ERROR_BUSY,
  BH_ERROR_NO_KERNEL,
  BH_ERROR_KERNEL_UNREADABLE,
  BH_ERROR_NO_HYPERVISOR,
  BH_ERROR_NO_DISPLAY,
  BH_ERROR_NO_MEMORY,
  BH_ERROR_DISK_FULL,
  BH_ERROR_BOOT_FAILED,
  BH_ERROR_PROGRAM_NOT_FOUND,
  BH_ERROR_PROGRAM_UNSUPPORTED,
  BH_ERROR_PROGRAM_FAILED,
  BH_ERROR_CANCELLED,
  BH_ERROR_NOT_AUTHORIZED,
  BH_ERROR_LIMIT_REACHED,
  BH_ERROR_NO_HELPER,
  BH_ERROR_NO_NETWORK,
  BH_ERROR_NO_KEY,
  BH_ERROR_NO_TEMPLATE,
  BH_N_ERRORS
} BhError;

#define BH_ERROR (bh_error_quark ())
GQuark bh_error_quark (void);

/**
 * bh_error_set_from_errno:
 * @error: (out) (optional): where to put it
 * @saved_errno: an errno value; ENOSPC and EDQUOT become %BH_ERROR_DISK_FULL, ENOMEM %BH_ERROR_NO_MEMORY
 * @format: what was being done, without a final stop
 *
 * Sets "@format: strerror".
 */
void bh_error_set_from_errno (GError **error, int saved_errno, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/**
 * bh_error_refuse:
 * @what: kind of thing, "disk"
 * @name: which one; of any bytes, it is cleaned and cut
 * @format: the rest of the sentence, without a final stop
 *
 * Sets "The @what “@name” @format".
 *
 * Returns: %FALSE
 */
gboolean bh_error_refuse (GError **error, BhError code, const char *what, const char *name,
                          const char *format, ...) G_GNUC_PRINTF (5, 6);
