/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Removal of a folder that a guest has written to. */
#pragma once

/* @path with all that is in it. Links are not followed; neither depth nor permissions of what is in it matter, but
 * nobody else may change it meanwhile. Nothing there: nothing is done. */
void bh_tree_remove (const char *path);
