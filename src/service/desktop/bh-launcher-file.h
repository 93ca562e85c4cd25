/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The files of one launcher: its desktop file and its icon. Synchronous, for one thread. */
#pragma once

#include "bh-vm-config.h"

#define BH_LAUNCHER_PREFIX "io.github.bulkhead.vm."

char *bh_launcher_dir (void);
char *bh_launcher_icon_dir (void);

/* The name of the launcher of @app in the AppVM @id, without ".desktop" or ".png". */
char *bh_launcher_name (const char *id, const char *app);

/**
 * bh_launcher_write:
 * @made: (out): %FALSE when there is nothing to make: the program is not installed here
 * @typed: (out): whether it is offered for files, so that the desktop's index of these is to be made anew
 *
 * It takes files if its program does, and is offered for the types that it opens and that have another default
 * (bh-mime-defaults.h): a launcher is none by itself.
 *
 * Make both files, each at once or not at all; one that is as it should be is not touched, nor one of the
 * same name that is not ours.
 */
gboolean bh_launcher_write (BhVmConfig *config, const char *app, gboolean *made, gboolean *typed,
                            GError **error);

/**
 * bh_launcher_vm_icon:
 *
 * Returns: (transfer full): the name in the user's icon theme of an AppVM's own icon: Bulkhead's with its badge. The desktop's
 *   mixer shows it.
 */
char *bh_launcher_vm_icon (const char *id);
gboolean bh_launcher_has_vm_icon (const char *id);
/* Make it, as bh_launcher_write(); %TRUE as well when Bulkhead's is not installed, and there is nothing to make it from. */
gboolean bh_launcher_write_vm_icon (BhVmConfig *config, GError **error);

/* Remove @name, when it is ours. */
void bh_launcher_file_remove (const char *dir, const char *name);
