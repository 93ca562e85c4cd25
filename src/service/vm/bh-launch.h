/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a caller may ask for with Start and Launch, and what of it the guest is told. */
#pragma once

#include "bh-host-apps.h"
#include "bh-vm-config.h"

/* Options of Vm1.Start. */
gboolean bh_launch_check_start (GVariant *options, GError **error);

/**
 * bh_launch_check:
 * @config: of the AppVM: where its programs come from
 * @options: of Vm1.Launch
 * @error: %BH_ERROR_INVALID_ARGUMENT, %BH_ERROR_PROGRAM_NOT_FOUND or %BH_ERROR_PROGRAM_UNSUPPORTED
 *
 * Returns: (transfer full) (nullable): what is to run, for people: an application's name or a command's
 */
char *bh_launch_check (BhHostApps *apps, BhVmConfig *config, GVariant *options, GError **error);

/* The same as options of Proxy1.Launch; floating. */
GVariant *bh_launch_for_proxy (BhVmConfig *config, GVariant *options);
