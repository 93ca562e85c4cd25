/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What Bulkhead asks of a QEMU beyond what libvirt has calls for: writing and reading device state beside
 * memory that stays where it is, and single commands. */
#pragma once

#include <gio/gio.h>
#include <libvirt/libvirt.h>

/* All block; any thread. Errors: %BH_ERROR_FAILED with QEMU's or libvirt's words, %BH_ERROR_CANCELLED. */

/* Write the state of the running @domain, without the memory that is a shared file, to @fd. It stands still
 * afterwards. */
gboolean bh_monitor_save_state (virDomainPtr domain, int fd, GCancellable *cancellable,
                                GError **error);

/* Whether its QEMU can map a file privately without asking for write access to it: by version and by what
 * it says of itself. */
gboolean bh_monitor_maps_read_only (virDomainPtr domain);

/* One command of QMP, as JSON, with a descriptor (-1 for none) that QEMU gets for it. Returns the answer. */
char *bh_monitor_ask (virDomainPtr domain, const char *command, int fd, GError **error);

/* What libvirt said last, after @what. */
void bh_monitor_set_libvirt_error (GError **error, const char *what);
