/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files of BhVm share: bh-vm.c runs it, bh-vm-edit.c changes its settings,
 * bh-vm-network.c knows of its network, bh-vm-disposable.c of what ends a disposable. */
#pragma once

#include "bh-callers.h"
#include "bh-console.h"
#include "bh-domain.h"
#include "bh-note.h"
#include "bh-run.h"
#include "bh-vm.h"

struct _BhVm
{
  BhDbusVm1Skeleton parent;
  BhVmConfig *config;
  BhVmConfig *started; /* what it was started with; NULL: it does not run */
  BhHypervisor *hypervisor;
  BhPool *pool;
  BhHostApps *apps;
  BhRun *run;
  BhConsole *console;
  BhCallers *callers;
  GPtrArray *stop_tasks;
  char *path;
  guint auto_stop;
  BhDomainUsage usage; /* as last asked for */
  gboolean slow_told;
  gboolean disposable, disposed; /* it is one; it has been one */
  guint disposables;             /* how many there are of it */
  guint windows_over;            /* timer: of a disposable without windows */
  GCancellable *changing_home; /* while it is changed */
  BhNote *question; /* whether it may look through the camera */
  BhNote *use_note; /* that it listens or watches */
  int use;          /* as that says */
  guint use_linger;
};

/* Lets the settings' properties say what config has. */
void bh_vm_show_config (BhVm *self);
/* It runs with the settings of now; or with @runs FALSE not at all any more. */
void bh_vm_set_started (BhVm *self, gboolean runs);
/* Begin to wait anew for the end of an unused AppVM. */
void bh_vm_wait_unused (BhVm *self);

/* Lets the sound's properties say what its part does. */
void bh_vm_show_sound (BhVm *self);
/* The programs that run have changed. */
void bh_vm_sound_programs (BhVm *self);
gboolean bh_vm_handle_set_volume (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, double volume);
gboolean bh_vm_handle_set_muted (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, gboolean muted);
gboolean bh_vm_handle_get_sound_level (BhDbusVm1 *vm, GDBusMethodInvocation *invocation);

/* Lets the camera's property say what its part does, and asks the user. */
void bh_vm_show_camera (BhVm *self);
gboolean bh_vm_handle_answer_camera (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, gboolean allow);
/* @words: what it uses now, as InUse: the desktop tells who listens and watches. */
void bh_vm_note_use (BhVm *self, const char *const *words);
void bh_vm_forget_notes (BhVm *self);

/* Run it, unless it does, with its windows where @display says. */
gboolean bh_vm_start (BhVm *self, const char *display, GError **error);

/* Its run has begun, or ended with @error. */
void bh_vm_network_begun (BhVm *self);
void bh_vm_network_ended (BhVm *self, const GError *error);
/* %BH_ERROR_BUSY naming those AppVMs that use its network. */
gboolean bh_vm_network_may_stop (BhVm *self, GError **error);
gboolean bh_vm_handle_read_network (BhDbusVm1 *vm, GDBusMethodInvocation *invocation);

/* Make sure that it runs or will, and shows its windows; %FALSE with @error otherwise. */
gboolean bh_vm_ensure_running (BhVm *self, GVariant *options, gboolean *started, GError **error);
/* Somebody who is told by a job; it is on the bus. */
BhCaller *bh_vm_add_caller (BhVm *self, BhWaitFor what);
/* Somebody is to be told of a program's window or end. */
gboolean bh_vm_is_waited_for (BhVm *self);
/* The AppVM that a program is to run in, and on its way: @self or a new disposable; owned by the caller, too.
 * @inbox: it is to have one. */
BhVm *bh_vm_find_target (BhVm *self, GVariant *options, gboolean inbox, gboolean *started, GError **error);
/* A launch of @caller's begins as soon as the AppVM @self, found so, can have programs. Options are @options. */
BhCaller *bh_vm_add_launch (BhVm *self, GVariant *options, const char *label);
/* Now, if it can. */
void bh_vm_serve_ready (BhVm *self, BhCaller *caller);
/* It can. */
void bh_vm_serve_launch (BhVm *self, BhCaller *caller);
gboolean bh_vm_handle_launch (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, GVariant *options);
gboolean bh_vm_handle_open (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, GUnixFDList *fds,
                            GVariant *options, GVariant *files, const char *const *urls);

/* A new AppVM with its settings; owned by the caller, too. */
gboolean bh_vm_make_disposable (BhVm *self, BhVm **disposable, GError **error);
/* End a disposable when nothing runs in it any more; when its last window is closed. */
void bh_vm_disposable_programs (BhVm *self);
void bh_vm_disposable_windows (BhVm *self);

/* Change one key as the user does by Vm1.Set; to be written before it is done. */
gboolean bh_vm_set_key (BhVm *self, const char *key, const char *value, GError **error);

gboolean bh_vm_handle_attach_usb (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, const char *device,
                                  gboolean remember, gboolean force);
gboolean bh_vm_handle_detach_usb (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, const char *device,
                                  gboolean forget);

gboolean bh_vm_handle_read_image (BhDbusVm1 *vm, GDBusMethodInvocation *invocation);
gboolean bh_vm_handle_drop_image_changes (BhDbusVm1 *vm, GDBusMethodInvocation *invocation);

gboolean bh_vm_handle_read_home (BhDbusVm1 *vm, GDBusMethodInvocation *invocation);
gboolean bh_vm_handle_change_home (BhDbusVm1 *vm, GDBusMethodInvocation *invocation,
                                   const char *action, GVariant *options);
/* %BH_ERROR_BUSY while that goes on. */
gboolean bh_vm_home_may_change (BhVm *self, GError **error);

gboolean bh_vm_handle_set (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, GVariant *settings);
gboolean bh_vm_handle_open_inbox (BhDbusVm1 *vm, GDBusMethodInvocation *invocation);
gboolean bh_vm_handle_delete (BhDbusVm1 *vm, GDBusMethodInvocation *invocation);
gboolean bh_vm_handle_read_log (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, guint lines);
