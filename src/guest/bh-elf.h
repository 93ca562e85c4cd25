/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which libraries a program is linked with directly, to tell X11 programs from others. */
#pragma once

#include <stdbool.h>

/* The DT_NEEDED names of the ELF file @path, ended by NULL; NULL when it is not a dynamic ELF program.
 * For g_strfreev. */
char **bh_elf_needed (const char *path);

/* Whether a program linked with @needed (ended by NULL) can only show its windows through X11. */
bool bh_needs_x11 (char *const *needed);
