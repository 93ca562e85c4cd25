/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One run of an AppVM, from the start of its machine to its end. */
#pragma once

#include "bh-pool.h"
#include "bh-hypervisor.h"
#include "bh-parts.h"
#include "bh-programs.h"
#include "bh-vm-config.h"

#define BH_TYPE_RUN (bh_run_get_type ())
G_DECLARE_FINAL_TYPE (BhRun, bh_run, BH, RUN, GObject)

typedef enum
{
  BH_RUN_NEW,
  BH_RUN_STARTING, /* until its machine is there */
  BH_RUN_BOOTING,  /* until the guest is configured */
  BH_RUN_READY,
  BH_RUN_STOPPING,
  BH_RUN_ENDED,
} BhRunState;

/* Signals:
 * "step" (name, text for people)
 * "ready": programs can be launched; again after the windows had been away
 * "detached" (error message): it goes on without windows until bh_run_attach()
 * "ended" (GError or NULL): the last signal
 * "programs": bh_run_get_programs() has changed
 * "launched" (id), "launch-failed" (id, GError), "exited" (id, label, code, tail as GBytes)
 * "windows" (id, count), "idle", "notice" (text)
 * "part-changed" (name): what bh_parts_describe() says of it */

BhRun *bh_run_new (BhVmConfig *config, BhHypervisor *hypervisor, BhPool *pool);

/* @display: WAYLAND_DISPLAY for its windows. Ends with "ready" or "ended". */
void bh_run_start (BhRun *self, const char *display, gboolean debug);

/* Take over the domain @uuid that an earlier service has started. */
void bh_run_adopt (BhRun *self, const char *uuid);

/* Show windows on @display again; only when ready and not attached. */
void bh_run_attach (BhRun *self, const char *display);
gboolean bh_run_is_attached (BhRun *self);

/**
 * bh_run_stop:
 * @force: do not ask the guest first
 * @error: (nullable): why, for "ended"
 */
void bh_run_stop (BhRun *self, gboolean force, const GError *error);

/* Needs an attached run. @options: as for Proxy1.Launch. Returns the launch id. */
guint bh_run_launch (BhRun *self, const char *label, GVariant *options);
gboolean bh_run_terminate (BhRun *self, guint id);
/* New settings; name and colour show at once. */
void bh_run_set_config (BhRun *self, BhVmConfig *config);

/* Of its machine; NULL while there is none */
BhParts *bh_run_get_parts (BhRun *self);

BhRunState bh_run_get_state (BhRun *self);
/* WAYLAND_DISPLAY of its windows; NULL when there was none */
const char *bh_run_get_display (BhRun *self);
gboolean bh_run_get_kvm (BhRun *self);
guint bh_run_get_memory_mib (BhRun *self);
/* BhProgram *, by launch id; owned by the run */
GPtrArray *bh_run_get_programs (BhRun *self);

/* End it for the service's own end: the machine goes on. No signals. */
void bh_run_abandon (BhRun *self);
