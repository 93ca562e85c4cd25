/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A program of some AppVM as a line. */
#pragma once

#include "bh-offer.h"

#include <gtk/gtk.h>

#define BH_TYPE_OFFER_ROW (bh_offer_row_get_type ())
G_DECLARE_FINAL_TYPE (BhOfferRow, bh_offer_row, BH, OFFER_ROW, GtkBox)

GtkWidget *bh_offer_row_new (void);
/* @offer: (nullable). */
void bh_offer_row_set (BhOfferRow *self, BhOffer *offer);
