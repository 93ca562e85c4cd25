/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What has to be there before a domain can be made: kernel, initramfs, seed, and the domain's XML. */
#pragma once

#include "bh-boot-disk.h"
#include "bh-frozen.h"
#include "bh-vm-config.h"

typedef struct
{
  char *uuid;
  char *xml;
  char *kernel_release; /* NULL: it boots from a disk */
  BhBootDisk *disk;     /* then; open until it is created */
  gboolean kvm;
  guint memory_mib, nics;
  BhFrozenGuest *guest; /* to be thawed; NULL: it boots */
  char *why_boot;       /* then for the log: why */
  BhFrozenPlan *plan;   /* then, and the next one could be thawed: what to make */
} BhPrepared;

void bh_prepared_free (BhPrepared *prepared);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhPrepared, bh_prepared_free)

/* @name: "kernel", "initramfs", "template", "domain"; in the main context */
typedef void (*BhPrepareStep) (const char *name, gpointer data);

/**
 * bh_prepare_async:
 * @id: of the domain, of its runtime folder and log
 * @frozen: (nullable): where to look for a frozen guest; %NULL when it has to boot
 * @step: called as each step begins, never after @callback
 *
 * Errors: those of bh-kernel.h, bh-initramfs.h, bh-template.h, bh-domain-xml.h; %BH_ERROR_NO_MEMORY.
 */
void bh_prepare_async (const char *id, BhVmConfig *config, gboolean debug, BhFrozen *frozen,
                       BhPrepareStep step, GCancellable *cancellable, GAsyncReadyCallback callback,
                       gpointer data);
BhPrepared *bh_prepare_finish (GAsyncResult *result, GError **error);

/* MemAvailable of this computer in MiB; 0 when unknown. */
guint64 bh_prepare_memory_available (void);

/* Whether there is an /opt to share. */
gboolean bh_prepare_has_opt (void);
