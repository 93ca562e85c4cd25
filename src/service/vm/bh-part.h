/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What an AppVM may have besides windows: network, sound, devices. A part belongs to one run of one AppVM
 * and lives as long as that; bh-parts.h holds them all. */
#pragma once

#include "bh-hypervisor.h"
#include "bh-proxy-link.h"
#include "bh-vm-config.h"

#define BH_TYPE_PART (bh_part_get_type ())
G_DECLARE_INTERFACE (BhPart, bh_part, BH, PART, GObject)

/* The machine a part is for. */
typedef struct
{
  const char *id;   /* of the AppVM */
  const char *uuid; /* of its domain */
  guint nics;       /* how many network interfaces it has places for */
  BhHypervisor *hypervisor;
} BhPartMachine;

/* Every member may be NULL: the part has nothing to do then. All in the main context.
 *
 * Signals of every part:
 * "notice" (text): something for people
 * "changed": bh_part_describe() says something else */
struct _BhPartInterface
{
  GTypeInterface parent;
  /* One lower-case word, the same for all of the type; also its name in Vm1.Parts. */
  const char *name;

  /* The domain exists and runs; its guest may be configured already (a frozen one) or long not yet. Make what
   * the settings ask for. An error ends the start of the AppVM, so what can go on without is a notice and
   * no error. Cancelled, or stopped meanwhile: %BH_ERROR_CANCELLED. */
  void (*start_async) (BhPart *self, const BhPartMachine *machine, GCancellable *cancellable,
                       GAsyncReadyCallback callback, gpointer data);
  gboolean (*start_finish) (BhPart *self, GAsyncResult *result, GError **error);

  /* Instead of start: a service that was started anew has found the AppVM running. Find out what is there, and
   * make it what the settings ask for. */
  void (*adopt) (BhPart *self, const BhPartMachine *machine);

  /* Add to the settings of Proxy1.Configure. */
  void (*add_settings) (BhPart *self, GVariantDict *settings);

  /* The guest is configured and @link open: the first time, and again for each proxy that replaces one. Whatever
   * guest or proxy must know of this part is to be said now; what it says comes before any Launch. */
  void (*attached) (BhPart *self, BhProxyLink *link);
  /* That link is gone; the machine goes on. */
  void (*detached) (BhPart *self);

  /* New settings of a running AppVM. Only what can change while it runs; the rest waits for the next start. */
  void (*changed) (BhPart *self, BhVmConfig *config);

  /* The machine has ended, or is about to. Everything made for it goes. Last call; also after a failed start. */
  void (*stop) (BhPart *self);
  /* The service ends and the machine goes on. Last call. */
  void (*abandon) (BhPart *self);

  /* What people may know of it, a{sv}; floating. NULL: nothing. "in-use" (as) is what it uses right now, for
   * Vm1.InUse: "network", "sound", "microphone", "camera". */
  GVariant *(*describe) (BhPart *self);
};

const char *bh_part_get_name (BhPart *self);

void bh_part_start_async (BhPart *self, const BhPartMachine *machine, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer data);
gboolean bh_part_start_finish (BhPart *self, GAsyncResult *result, GError **error);
void bh_part_adopt (BhPart *self, const BhPartMachine *machine);
void bh_part_add_settings (BhPart *self, GVariantDict *settings);
void bh_part_attached (BhPart *self, BhProxyLink *link);
void bh_part_detached (BhPart *self);
void bh_part_changed (BhPart *self, BhVmConfig *config);
void bh_part_stop (BhPart *self);
void bh_part_abandon (BhPart *self);
GVariant *bh_part_describe (BhPart *self);

/* For the parts themselves. */
void bh_part_emit_notice (BhPart *self, const char *text);
void bh_part_emit_changed (BhPart *self);
