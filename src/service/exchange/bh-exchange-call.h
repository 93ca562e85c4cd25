/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the calls that have an AppVM in a file have in common. */
#pragma once

#include "bh-archive.h"
#include "bh-newcomer.h"
#include "bh-options.h"

#include <gio/gunixfdlist.h>

typedef struct
{
  BhManager *manager;
  int fd;
  GBytes *passphrase;
  BhJob *job; /* NULL: it only asks */
  GCancellable *cancellable;
  BhVm *vm;           /* whose home is held */
  BhVmConfig *config; /* what is exported */
  char **left_out;
  guint watch;        /* of who asked for that */
  gboolean left;      /* and is gone */
  gboolean temporary; /* who wants the file removed then */
  BhArchive *archive; /* what was read */
  char *accept, *name;
} BhExchangeCall;

/**
 * bh_exchange_call_new:
 * @file: a handle among @fds
 * @table: of which "passphrase" is taken
 *
 * Errors: %BH_ERROR_INVALID_ARGUMENT.
 */
BhExchangeCall *bh_exchange_call_new (BhDbusManager1 *manager, GUnixFDList *fds, GVariant *file,
                                      GVariant *options, const BhOption *table, GError **error);
void bh_exchange_call_free (BhExchangeCall *call);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhExchangeCall, bh_exchange_call_free)

/* Manager1.ExportVm. */
void bh_export_attach (BhManager *manager);
