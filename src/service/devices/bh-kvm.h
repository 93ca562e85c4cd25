/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * /dev/kvm for this user, through the helper. */
#pragma once

#include "bh-dbus-manager.h"

/* Whether the helper could do something about a /dev/kvm that is missing or closed to us, and is installed. Any thread but
 * the main one: it asks the system bus. */
gboolean bh_kvm_can_enable (void);

/* Answers Manager1.EnableKvm. */
void bh_kvm_serve (BhDbusManager1 *manager);

/* Once in a process, for who has enabled it before: it lasts as long as the service. Never fails; when it cannot be
 * had, what comes next finds out. */
void bh_kvm_again_async (GAsyncReadyCallback callback, gpointer data);
