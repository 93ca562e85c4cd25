/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The programs installed on this computer, or those in a Debian template: a list model of BhProgram, asked
 * from the service. */
#pragma once

#include "bh-dbus-manager.h"
#include "bh-program.h"

#define BH_TYPE_PROGRAM_LIST (bh_program_list_get_type ())
G_DECLARE_FINAL_TYPE (BhProgramList, bh_program_list, BH, PROGRAM_LIST, GObject)

/* BhProgramList::loaded: asked and answered; bh_program_list_get_error() says whether well. */

BhProgramList *bh_program_list_new (void);

/**
 * bh_program_list_for:
 * @host: of this computer
 * @settings: a{ss}, of an AppVM; keys that are not there have their defaults
 *
 * Returns: (transfer full): where an AppVM with @settings has its programs from: @host, or a list of its Debian
 * template's, which is yet to be loaded
 */
BhProgramList *bh_program_list_for (BhProgramList *host, GVariant *settings);

/* Ask (again); what is known stays until the answer is here. @manager: (nullable): the last one. */
void bh_program_list_load (BhProgramList *self, BhDbusManager1 *manager);
gboolean bh_program_list_is_loaded (BhProgramList *self);
const char *bh_program_list_get_error (BhProgramList *self);

/* Returns: (transfer full): never %NULL; one that cannot run when @id is not installed. */
BhProgram *bh_program_list_lookup (BhProgramList *self, const char *id);
