/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Capabilities by libcap-ng.
 *
 * Files of root can be opened without any capability: the helper stays uid 0, which owns what it changes
 * in /sys, /proc/sys, /dev and /run. So it needs none of those that override permissions (DAC_OVERRIDE,
 * FOWNER, CHOWN), nor SYS_ADMIN. Those it keeps are in effect only while a verb that needs them runs. */
#include "config.h"

#include "bh-caps.h"

#include <cap-ng.h>
#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

static const struct
{
  BhCaps bit;
  int capability;
} kept[] = {
  { BH_CAP_NET_ADMIN, CAP_NET_ADMIN },
  { BH_CAP_SYS_MODULE, CAP_SYS_MODULE },
  { BH_CAP_SYS_RESOURCE, CAP_SYS_RESOURCE },
  { BH_CAP_SYS_PTRACE, CAP_SYS_PTRACE },
};

/* Those of kept[] that this process really has: in a container some are missing. */
static BhCaps available;

gboolean
bh_caps_drop (void)
{
  gboolean bounding;

  if (getgroups (0, NULL) > 0 && setgroups (0, NULL) != 0)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (kept); i++)
    if (capng_have_capability (CAPNG_PERMITTED, kept[i].capability))
      available |= kept[i].bit;
  bounding = capng_have_capability (CAPNG_EFFECTIVE, CAP_SETPCAP);
  capng_clear (CAPNG_SELECT_ALL);
  for (gsize i = 0; i < G_N_ELEMENTS (kept); i++)
    if (available & kept[i].bit)
      capng_update (CAPNG_ADD, CAPNG_PERMITTED | CAPNG_BOUNDING_SET, kept[i].capability);
  /* Without SETPCAP somebody has narrowed the bounding set for us already. */
  if (capng_apply (bounding ? CAPNG_SELECT_ALL : CAPNG_SELECT_CAPS) != 0)
    return FALSE;
  return prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl (PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
}

void
bh_caps_use (BhCaps caps)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kept); i++)
    if (available & kept[i].bit)
      capng_update (caps & kept[i].bit ? CAPNG_ADD : CAPNG_DROP, CAPNG_EFFECTIVE,
                    kept[i].capability);
  if (capng_apply (CAPNG_SELECT_CAPS) != 0)
    g_error ("the kernel does not let capabilities change; nothing can be done safely any more");
}
