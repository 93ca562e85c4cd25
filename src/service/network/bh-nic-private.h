/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the ways of a network interface share: bh-nic.c has its life, bh-nic-MODE.c what is behind it. */
#pragma once

#include "bh-host-network.h"
#include "bh-netgate.h"
#include "bh-nic.h"
#include "bh-passt.h"
#include "bh-plug.h"

typedef enum
{
  BH_NIC_NEW,
  BH_NIC_STARTING,
  BH_NIC_ON,
  BH_NIC_WAITING, /* plugged in, but its network is not there */
  BH_NIC_FAILED,
  BH_NIC_OFF,
} BhNicState;

/* What the guest is told, and the gate. */
typedef struct
{
  guint mtu;
  gboolean client, dhcp;
  char **addresses; /* with length */
  char **gateways, **routes, **servers;
} BhNicPlan;

struct _BhNic
{
  GObject parent;
  char *id, *uuid;
  BhHypervisor *hypervisor;
  guint slot;
  BhNetSpec *spec;
  char *mac;
  BhNicState state;
  char *detail; /* of the state, for people */
  guint soon;   /* another state, told when nothing else comes before; 0 */
  BhNicState soon_state;
  char *soon_detail;
  GTask *starting;
  gboolean plugging, plugged, closed, unplugging;
  BhNicPlan plan;
  BhProxyLink *link;
  gulong link_signal;

  BhHostNetwork *host;
  BhNetgate *gate;
  BhPasst *passt;
  guint retry, failures;         /* of passt */
  char *server4, *server6, *way; /* what passt was told, and which way it goes */

  /* With another AppVM. */
  gboolean is_client; /* the provider's end */
  int number;         /* of the link; -1 */
  int fd;             /* not plugged in yet; -1 */
  gboolean linked;    /* the provider has its end */
  guint provider_slot;

  /* Of the kernel. */
  GCancellable *asking;
  guint32 hold;    /* the helper's; 0 */
  char *interface; /* the TAP's name on this computer */
};

/* For the ways. */
void bh_nic_set_state (BhNic *self, BhNicState state, const char *detail);
/* What ends with the virtual machine has ended: unless that is why, of which is heard in a moment. */
void bh_nic_set_state_soon (BhNic *self, BhNicState state, const char *detail);
/* Tell the guest what is in the plan. */
void bh_nic_tell_guest (BhNic *self);
/* Ends the start; takes @error (NULL: it is good). */
void bh_nic_started (BhNic *self, GError *error);
/* Plug @fd in (taken); ends the start. */
void bh_nic_plug_in (BhNic *self, BhPlugKind kind, int fd);
void bh_nic_plan_clear (BhNicPlan *plan);
/* Make the gate, and plug it in when it is new. */
gboolean bh_nic_make_gate (BhNic *self, GError **error);
/* "10.0.0.2/24" → "10.0.0.2" */
char **bh_nic_strip_lengths (char **addresses);

/* Each: begin (ends in bh_nic_started()), settings or the host's network have changed, let go. */
void bh_nic_internet_start (BhNic *self);
void bh_nic_internet_refresh (BhNic *self);
void bh_nic_internet_close (BhNic *self);
void bh_nic_link_start (BhNic *self);
void bh_nic_link_refresh (BhNic *self);
void bh_nic_link_close (BhNic *self);
void bh_nic_tap_start (BhNic *self);
void bh_nic_tap_refresh (BhNic *self);
void bh_nic_tap_close (BhNic *self);
/* What has passed: in, out, as bh_netgate_report_async() has it. */
void bh_nic_tap_count (BhNic *self, GVariantDict *report);
