/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Asks the user, in the window, whether an AppVM may use the camera. */
#pragma once

#include "bh-vm-list.h"

#include <gtk/gtk.h>

#define BH_TYPE_CAMERA_QUESTION (bh_camera_question_get_type ())
G_DECLARE_FINAL_TYPE (BhCameraQuestion, bh_camera_question, BH, CAMERA_QUESTION, GObject)

/* While there is a window; else the service's notification asks. @application: owns it. */
BhCameraQuestion *bh_camera_question_new (GtkApplication *application, BhVmList *vms);
