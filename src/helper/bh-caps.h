/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The few capabilities of root that the helper keeps, and when it may use which. */
#pragma once

#include <glib.h>

/* One bit each, for the tables of bh-verbs.c. */
typedef enum
{
  BH_CAP_NONE = 0,
  BH_CAP_NET_ADMIN = 1 << 0,    /* interfaces, addresses, rules, /proc/sys/net */
  BH_CAP_SYS_MODULE = 1 << 1,   /* kvm_intel, kvm_amd, vfio-pci */
  BH_CAP_SYS_RESOURCE = 1 << 2, /* the limit of another process */
  BH_CAP_SYS_PTRACE = 1 << 3,   /* which program another process runs */
} BhCaps;

/**
 * bh_caps_drop:
 *
 * To be called before there is a second thread. Afterwards no capability is in effect, those above can be
 * raised, all others are gone for good, also for programs this one would start.
 *
 * Returns: whether that is so
 */
gboolean bh_caps_drop (void);

/* Puts exactly @caps in effect for this thread; BH_CAP_NONE when the work is done. */
void bh_caps_use (BhCaps caps);
