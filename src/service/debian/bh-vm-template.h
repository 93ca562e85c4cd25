/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which build of its Debian template an AppVM runs from. */
#pragma once

#include "bh-vm.h"

/* Lets the property RunsOldTemplate say it, and returns it. */
gboolean bh_vm_template_show (BhVm *vm);
