/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the service reads of one running QEMU: its process, and the shared region. */
#pragma once

#include <gio/gio.h>
#include <sys/types.h>

typedef struct
{
  pid_t pid;
  guint64 rss;      /* bytes */
  guint64 cpu_time; /* clock ticks, all threads */
  gint64 when;      /* µs of CLOCK_MONOTONIC */
} BhDomainUsage;

/* The QEMU of AppVM @id as bulkhead-vmm has written it down; 0 when there is none of ours. */
pid_t bh_domain_find_pid (const char *id);
/* End QEMU of @id if it still runs, without libvirt: that may have died, and forgotten it. */
void bh_domain_kill (const char *id);

gboolean bh_domain_read_usage (pid_t pid, BhDomainUsage *usage);

/**
 * bh_domain_describe_usage:
 * @id: (nullable): of an AppVM; %NULL when it does not run
 * @last: (inout): the reading before, zeroed when there is none; "cpu" is since then
 *
 * Returns: (transfer full): Vm1.Usage
 */
GVariant *bh_domain_describe_usage (const char *id, guint memory_mib, BhDomainUsage *last);

/**
 * bh_domain_open_region:
 * @error: %BH_ERROR_NOT_FOUND when it has none
 *
 * Returns: the region shared with the guest of @pid, -1 on error
 */
int bh_domain_open_region (pid_t pid, GError **error);

/* The same for the memory of a guest that is to be frozen. */
int bh_domain_open_ram (pid_t pid, GError **error);

/* Removes the runtime folder of @id with the sockets in it. */
void bh_domain_clean (const char *id);
