/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * All parts of one run of an AppVM (bh-part.h). */
#pragma once

#include "bh-part.h"

#define BH_TYPE_PARTS (bh_parts_get_type ())
G_DECLARE_FINAL_TYPE (BhParts, bh_parts, BH, PARTS, GObject)

/* Signals: "notice" (text), "changed" (name of the part) */

/* For every kind of part one, of the AppVM that @config describes. */
BhParts *bh_parts_new (BhVmConfig *config, BhHypervisor *hypervisor);

/**
 * bh_parts_start_async:
 * @uuid: of the domain, which runs
 * @nics: how many network interfaces it has places for
 *
 * Start all of them at once. The result is the first error, after all have answered.
 */
void bh_parts_start_async (BhParts *self, const char *uuid, guint nics, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer data);
gboolean bh_parts_start_finish (BhParts *self, GAsyncResult *result, GError **error);
void bh_parts_adopt (BhParts *self, const char *uuid, guint nics);

/* @settings (a{sv}, consumed if floating) with what the parts add; floating. */
GVariant *bh_parts_add_settings (BhParts *self, GVariant *settings);
void bh_parts_attached (BhParts *self, BhProxyLink *link);
void bh_parts_detached (BhParts *self);
void bh_parts_changed (BhParts *self, BhVmConfig *config);
/* May be called more than once, and after bh_parts_abandon(): the first of both counts. No signals after it.
 * A start that is under way ends with %BH_ERROR_CANCELLED. */
void bh_parts_stop (BhParts *self);
void bh_parts_abandon (BhParts *self);

/* a{sv} of the part @name; floating, empty when it says nothing. */
GVariant *bh_parts_describe (BhParts *self, const char *name);
/* "in-use" of all of them. (transfer full) */
GStrv bh_parts_list_in_use (BhParts *self);
/* The part @name; %NULL when there is no such. */
BhPart *bh_parts_find (BhParts *self, const char *name);
