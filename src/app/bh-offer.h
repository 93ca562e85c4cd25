/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A program together with the AppVM that offers it. */
#pragma once

#include "bh-program-list.h"
#include "bh-vm-list.h"

#define BH_TYPE_OFFER (bh_offer_get_type ())
G_DECLARE_FINAL_TYPE (BhOffer, bh_offer, BH, OFFER, GObject)

BhProgram *bh_offer_get_program (BhOffer *self);
BhVmItem *bh_offer_get_item (BhOffer *self);
/* Whether each word of @words (casefolded) is within the program's text or the AppVM's name. */
gboolean bh_offer_matches (BhOffer *self, const char *const *words);
/* By program, then by AppVM; those that cannot run come last. */
int bh_offer_compare (gconstpointer a, gconstpointer b);

/* A list model of BhOffer: each program of each AppVM, following both lists. (transfer full) */
GListModel *bh_offers_new (BhVmList *vms, BhProgramList *programs);
