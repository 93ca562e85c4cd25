/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which virtual machine this computer is, from what its firmware and kernel say. */
#include "config.h"

#include "bh-host-kind.h"

static void
test_each_kind_by_what_it_says (void)
{
  static const struct
  {
    gboolean virtual;
    const char *vendor, *product;
    gboolean xen, qubes;
    BhHostKind kind;
  } cases[] = {
    { FALSE, "LENOVO", "20XW00", FALSE, FALSE, BH_HOST_REAL },
    { FALSE, NULL, NULL, FALSE, FALSE, BH_HOST_REAL },
    /* VirtualBox can hide the processor's flag. */
    { FALSE, "innotek GmbH", "VirtualBox", FALSE, FALSE, BH_HOST_VIRTUALBOX },
    { TRUE, "innotek GmbH", "VirtualBox", FALSE, FALSE, BH_HOST_VIRTUALBOX },
    { TRUE, "VMware, Inc.", "VMware Virtual Platform", FALSE, FALSE, BH_HOST_VMWARE },
    { TRUE, "Xen", "HVM domU", TRUE, FALSE, BH_HOST_XEN },
    { FALSE, NULL, NULL, TRUE, FALSE, BH_HOST_XEN },
    { TRUE, "Xen", "HVM domU", TRUE, TRUE, BH_HOST_QUBES },
    { TRUE, "Microsoft Corporation", "Virtual Machine", FALSE, FALSE, BH_HOST_HYPERV },
    /* A real computer of the same maker. */
    { FALSE, "Microsoft Corporation", "Surface Pro", FALSE, FALSE, BH_HOST_REAL },
    { TRUE, "QEMU", "Standard PC (Q35 + ICH9, 2009)", FALSE, FALSE, BH_HOST_KVM },
    { TRUE, "Google", "Google Compute Engine", FALSE, FALSE, BH_HOST_KVM },
    { TRUE, "Somebody", "Something", FALSE, FALSE, BH_HOST_OTHER },
    { TRUE, NULL, NULL, FALSE, FALSE, BH_HOST_OTHER },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (bh_host_kind_of (cases[i].virtual, cases[i].vendor, cases[i].product,
                                      cases[i].xen, cases[i].qubes),
                     ==, cases[i].kind);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/host-kind/each-by-what-it-says", test_each_kind_by_what_it_says);
  return g_test_run ();
}
