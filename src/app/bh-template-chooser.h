/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Asks what a new Debian template is to be made of. */
#pragma once

#include "bh-vm-list.h"

#include <adwaita.h>

#define BH_TYPE_TEMPLATE_CHOOSER (bh_template_chooser_get_type ())
G_DECLARE_FINAL_TYPE (BhTemplateChooser, bh_template_chooser, BH, TEMPLATE_CHOOSER, AdwWindow)

/* BhTemplateChooser::chosen: (suite, packages as GStrv): it is to be built. */

GtkWindow *bh_template_chooser_new (GtkWindow *parent, BhVmList *vms);
