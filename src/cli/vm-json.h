/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An AppVM as JSON. Its members are documented in bulkheadctl(1). */
#pragma once

#include "cli.h"

#include <json-glib/json-glib.h>

typedef enum
{
  BH_VM_JSON_SHORT,
  BH_VM_JSON_SETTINGS, /* with its settings */
} BhVmJsonFlags;

JsonObject *bh_vm_to_json (const BhVmInfo *vm, BhVmJsonFlags flags);
