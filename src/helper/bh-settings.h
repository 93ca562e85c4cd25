/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the administrator allows: /etc/bulkhead/helper.conf. */
#pragma once

#include <gio/gio.h>

#define BH_SETTINGS_FILE "/etc/bulkhead/helper.conf"

typedef struct
{
  guint32 address; /* host byte order */
  guint prefix;
} BhRange;

/**
 * BhService: one of the host's own, open to every AppVM with a TAP
 * @protocol: "tcp" or "udp"
 */
typedef struct
{
  const char *protocol;
  guint16 port;
} BhService;

/**
 * BhSettings:
 * @bridges: names of interfaces, %NULL-terminated
 * @ranges: (element-type BhRange): where networks of TAPs are taken from
 * @services: (element-type BhService)
 * @qemu: paths of programs whose locked memory may be raised, %NULL-terminated
 */
typedef struct
{
  char **bridges;
  GArray *ranges;
  GArray *services;
  char **qemu;
} BhSettings;

/**
 * bh_settings_read:
 *
 * Read anew for each verb. Without a file: no bridge, no service, the ranges of bulkhead-helper.conf(5).
 *
 * Returns: (transfer full): %NULL with an error naming file and key
 */
BhSettings *bh_settings_read (GError **error);
/* Nothing allowed: to undo with when the file has a mistake. */
BhSettings *bh_settings_none (void);
void bh_settings_free (BhSettings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhSettings, bh_settings_free)

/* Whether all of the network is in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 (RFC 1918). */
gboolean bh_range_is_private (guint32 address, guint prefix);
