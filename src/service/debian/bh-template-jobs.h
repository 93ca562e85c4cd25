/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Work on Debian templates that takes its time: building and checking them. */
#pragma once

#include "bh-manager.h"

/* Answers the methods of Manager1 that begin such work, and checks each template once a day. */
void bh_template_jobs_attach (BhManager *manager);

/* Template @key is another than before, or there is more known of it: tell those whom it concerns. */
void bh_template_jobs_changed (BhManager *manager, const char *key);
