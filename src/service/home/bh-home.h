/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The part of an AppVM that is its home. */
#pragma once

#include "bh-part.h"

/* For bh-parts.c. */
BhPart *bh_home_new (BhVmConfig *config);

/* Where it is kept. */
typedef enum
{
  BH_HOME_NONE,
  BH_HOME_DISK,
  BH_HOME_FOLDER
} BhHomeKind;

BhHomeKind bh_home_get_kind (BhVmConfig *config);
/* Whether settings that are new since @before (nullable) can be used. */
gboolean bh_home_check (BhVmConfig *config, BhVmConfig *before, GError **error);
/* Nothing has to be there before the start. */
gboolean bh_home_is_simple (BhVmConfig *config);
/* How long its guest may take to stop by itself. */
guint bh_home_get_stop_seconds (BhVmConfig *config);

/**
 * BhHomeReady:
 * What has to be there before the machine is started: the disks, open, and the key.
 */
typedef struct _BhHomeReady BhHomeReady;

/**
 * bh_home_prepare_async:
 *
 * Make the home disk if there is none, grow it to what the settings say, ask the keyring for its key.
 * Errors: %BH_ERROR_NO_KEY, %BH_ERROR_DISK_FULL, %BH_ERROR_FAILED with what to do.
 */
void bh_home_prepare_async (BhVmConfig *config, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer data);
BhHomeReady *bh_home_prepare_finish (GAsyncResult *result, GError **error);
void bh_home_ready_unref (BhHomeReady *ready);

/* Before the part @home starts. */
void bh_home_give (BhPart *home, BhHomeReady *ready);
