/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The time line of a job. */
#pragma once

#include <json-glib/json-glib.h>
#include <stdio.h>

/* @timeline: a(st) as Job1's Timeline. */
void bh_timeline_print (GVariant *timeline, FILE *stream);
/* (transfer full): array of objects: name, time_us (since the first), delta_us */
JsonNode *bh_timeline_to_json (GVariant *timeline);
