/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Taking AppVMs from one computer to another: ExportVm, ReadArchive and ImportVm of Manager1. */
#pragma once

#include "bh-manager.h"

/* Let @manager have these methods, as long as it is there. */
void bh_exchange_attach (BhManager *manager);
