/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The application: its actions, shortcuts and command line. */
#pragma once

#include <adwaita.h>

#define BH_TYPE_APPLICATION (bh_application_get_type ())
G_DECLARE_FINAL_TYPE (BhApplication, bh_application, BH, APPLICATION, AdwApplication)

BhApplication *bh_application_new (void);
