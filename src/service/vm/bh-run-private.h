/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files of BhRun share: bh-run.c has its states, bh-run-programs.c the programs that run in it. */
#pragma once

#include "bh-home.h"
#include "bh-machine.h"
#include "bh-proxy-link.h"
#include "bh-run.h"

#define MAX_PROXIES_PER_MINUTE 3

struct _BhRun
{
  GObject parent;
  BhVmConfig *config;
  BhHypervisor *hypervisor;
  BhMachine *machine;
  BhParts *parts;         /* of this machine; NULL while there is none */
  gboolean parts_started; /* they had their say before READY */
  BhRunState state;
  char *id;
  char *display;
  char *boot_step;           /* for messages */
  BhHomeReady *home;
  GCancellable *preparing;   /* the home; NULL: it is ready */
  GCancellable *cancellable; /* of an attachment */
  BhProxyLink *link;
  guint tries; /* to attach to a guest that had a proxy before, until one succeeds */
  gboolean attached, debug, disk; /* disk: it boots from one, without a program of ours */
  guint limit, shutdown; /* timers */
  gint64 proxy_times[MAX_PROXIES_PER_MINUTE];
  GPtrArray *programs;
  guint next_program;
  GError *error; /* why it stops */
};

/* For a service that comes after this one. */
void bh_run_save (BhRun *self);

/* What its new link says of programs. */
void bh_run_follow_programs (BhRun *self);
/* It has no link any more: none of them has windows. */
void bh_run_hide_programs (BhRun *self);
