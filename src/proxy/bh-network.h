/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The guest's network interfaces, as the service tells them. */
#pragma once

#include "bh-dbus-proxy.h"
#include "bh-proxy.h"

/* Handle SetNetwork and RemoveNetwork of @skeleton. */
void bh_network_connect (BhProxy *proxy, BhDbusProxy1 *skeleton);
