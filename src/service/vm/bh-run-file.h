/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a service leaves for the next one about a running AppVM: a file in its runtime folder. */
#pragma once

#include "bh-run.h"

void bh_run_file_save (const char *id, const char *uuid, const char *display, gboolean kvm,
                       guint memory_mib, guint nics, guint next_program, GPtrArray *programs);

/* Whether @id was running in the domain @uuid. */
gboolean bh_run_file_is_of (const char *id, const char *uuid);

/* @nics: places for network interfaces. Changes nothing when there is no file, or it is about another run. */
void bh_run_file_load (const char *id, const char *uuid, char **display, gboolean *kvm,
                       guint *memory_mib, guint *nics, guint *next_program, GPtrArray *programs);
