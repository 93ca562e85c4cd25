/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One passt process: gives an AppVM the Internet as an ordinary program of this user would have it. */
#pragma once

#include "bh-host-network.h"

#define BH_TYPE_PASST (bh_passt_get_type ())
G_DECLARE_FINAL_TYPE (BhPasst, bh_passt, BH, PASST, GObject)

/* Signal: "ended" (text): by itself; what it said last */

/* What a guest behind it has. */
#define BH_PASST_ADDRESS4 "192.0.0.2"
#define BH_PASST_LENGTH4 "30"
#define BH_PASST_ADDRESS6 "fd62:756c:6b68::2"
#define BH_PASST_LENGTH6 "64"
/* Also forward questions for names, by UDP, to this computer's first name server, wherever that is. */
#define BH_PASST_GATEWAY4 "192.0.0.1"
#define BH_PASST_GATEWAY6 "fd62:756c:6b68::1"
#define BH_PASST_MTU 65520

/* %BH_ERROR_NO_NETWORK naming the package, when it is not installed. */
gboolean bh_passt_check (GError **error);

/**
 * bh_passt_new:
 * @host: which families there are
 * @forward4, @forward6: whether the gateways stand for the first name server of this computer
 * @dhcp: tell the guest its IPv4 address; nobody of ours in it does
 * @network: (out): the other end of its socket; to be closed
 */
BhPasst *bh_passt_new (const char *id, const BhHostNetwork *host, gboolean forward4,
                       gboolean forward6, gboolean dhcp, int *network, GError **error);
void bh_passt_close (BhPasst *self);
