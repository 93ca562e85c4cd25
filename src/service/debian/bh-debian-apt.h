/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * apt with folders of its own. */
#pragma once

#include "bh-debian-sources.h"

/**
 * bh_debian_apt_prepare:
 * @folder: for its lists, packages and settings
 * @more: further text of an apt.conf
 *
 * apt needs no privileges there, and no setting of this computer's counts but those of @sources. To be run with
 * APT_CONFIG=@folder/apt.conf.
 */
gboolean bh_debian_apt_prepare (const char *folder, const BhDebianSources *sources,
                                const char *more, GError **error);
