/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The verbs and the kinds of holds they make. To add a verb: its row here, its method in Helper1.xml, its action in
 * data/io.github.bulkhead.Helper.policy.in. */
#include "config.h"

#include "bh-verbs.h"

#include "bh-kvm.h"
#include "bh-memory.h"
#include "bh-pci.h"
#include "bh-tap.h"
#include "bh-usb.h"

#include <signal.h>
#include <string.h>

#define ACTION "io.github.bulkhead.helper."

static gboolean
wants_bridge (GVariant *args)
{
  const char *mode;

  g_variant_get_child (args, 0, "&s", &mode);
  return strcmp (mode, "nat") != 0;
}

static const BhKind kinds[] = {
  { "kvm", 4, BH_CAP_NONE, bh_kvm_undo },
  { "tap", 16, BH_CAP_NET_ADMIN, bh_tap_undo },
  { "usb", 16, BH_CAP_NONE, bh_usb_undo },
  { "pci", 8, BH_CAP_NONE, bh_pci_undo },
  { "memory", 32, BH_CAP_SYS_RESOURCE, bh_memory_undo },
};

static const BhVerb verbs[] = {
  { "EnableKvm", ACTION "enable-kvm", NULL, NULL, "kvm", TRUE, FALSE, BH_CAP_SYS_MODULE, NULL,
    bh_kvm_enable },
  { "CreateTap", ACTION "create-tap", ACTION "join-bridge", wants_bridge, "tap", TRUE, FALSE,
    BH_CAP_NET_ADMIN, bh_tap_check, bh_tap_create },
  { "ChangeTap", ACTION "create-tap", NULL, NULL, "tap", FALSE, FALSE, BH_CAP_NET_ADMIN,
    bh_tap_check_change, bh_tap_change },
  { "DestroyTap", NULL, NULL, NULL, "tap", FALSE, TRUE, BH_CAP_NONE, NULL, NULL },
  { "AssignUsb", ACTION "assign-usb", ACTION "assign-usb-input", bh_usb_wants_input, "usb", TRUE,
    FALSE, BH_CAP_NONE, bh_usb_check, bh_usb_assign },
  { "ReleaseUsb", NULL, NULL, NULL, "usb", FALSE, TRUE, BH_CAP_NONE, NULL, NULL },
  { "AssignPci", ACTION "assign-pci", NULL, NULL, "pci", TRUE, FALSE, BH_CAP_SYS_MODULE,
    bh_pci_check, bh_pci_assign },
  { "ReleasePci", NULL, NULL, NULL, "pci", FALSE, TRUE, BH_CAP_NONE, NULL, NULL },
  { "RaiseLockedMemory", ACTION "raise-locked-memory", NULL, NULL, "memory", TRUE, FALSE,
    BH_CAP_SYS_RESOURCE | BH_CAP_SYS_PTRACE, bh_memory_check, bh_memory_raise },
};

const BhVerb *
bh_verbs_find (const char *method)
{
  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    if (strcmp (verbs[i].method, method) == 0)
      return &verbs[i];
  return NULL;
}

const BhKind *
bh_kinds_find (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (strcmp (kinds[i].name, name) == 0)
      return &kinds[i];
  return NULL;
}

#ifdef BH_HELPER_STOPS
void
bh_helper_stop_point (const char *point)
{
  if (g_strcmp0 (g_getenv ("BULKHEAD_HELPER_STOP"), point) == 0)
    raise (SIGSTOP);
}
#endif
