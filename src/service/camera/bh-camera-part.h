/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The camera of a running AppVM: whether it may look, whether the user is asked, and whether it looks. */
#pragma once

#include "bh-part.h"

#define BH_TYPE_CAMERA_PART (bh_camera_part_get_type ())
G_DECLARE_FINAL_TYPE (BhCameraPart, bh_camera_part, BH, CAMERA_PART, GObject)

#define BH_CAMERA_PART_NAME "camera"

/* Describes itself as: "in-use" (as: of "camera"), "asks" (b: it waits for the user's answer). */
BhPart *bh_camera_part_new (BhVmConfig *config);

/* Whether the guest's processor is emulated: it gets fewer pictures. */
void bh_camera_part_set_emulated (BhCameraPart *self, gboolean emulated);

/* The user's answer, which lasts until the AppVM stops or the setting is changed. %BH_ERROR_INVALID_ARGUMENT when its
 * setting is not to ask. */
gboolean bh_camera_part_answer (BhCameraPart *self, gboolean allow, GError **error);
