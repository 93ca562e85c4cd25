/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A frozen guest: memory and device state, in sealed memfds and as files of the cache. */
#pragma once

#include "bh-domain-xml.h"

/**
 * BhFrozenGuest:
 * @key: of everything it depends on, see bh_frozen_guest_key()
 * @kernel: release of its kernel, for people
 * @memory_mib: of the guest
 * @read_only: its QEMU can open the memory without asking for write access
 * @ram, @state: memfds that nobody can write to any more
 * @ram_bytes: what @ram really takes
 *
 * Counted references, for any thread; constant after it is made.
 */
typedef struct
{
  int ref_count;
  char *key, *kernel;
  guint memory_mib;
  gboolean read_only;
  int ram, state;
  guint64 ram_bytes;
} BhFrozenGuest;

/* What a list shows of one on the disk. */
typedef struct
{
  char *key, *kernel;
  guint memory_mib;
  guint64 disk_bytes;
  gint64 made; /* s of CLOCK_REALTIME */
} BhFrozenInfo;

/**
 * bh_frozen_guest_key:
 * @spec: of the AppVM that would be thawed; what is individual in it counts for nothing
 * @libvirt: version of libvirt
 *
 * Over all that a frozen guest depends on: machine, devices, command line, memory, kernel, initramfs (and
 * so the guest's programs), QEMU, libvirt, bulkhead-vmm, this computer's processor.
 */
char *bh_frozen_guest_key (const BhDomainSpec *spec, gulong libvirt, GError **error);

/**
 * bh_frozen_guest_new:
 * @ram, @state: memfds of a QEMU that has ended; owned by the new guest, also on error
 *
 * Seals them, so that from here on they cannot change.
 */
BhFrozenGuest *bh_frozen_guest_new (const char *key, const char *kernel, guint memory_mib,
                                    gboolean read_only, int ram, int state, GError **error);
BhFrozenGuest *bh_frozen_guest_ref (BhFrozenGuest *guest);
void bh_frozen_guest_unref (BhFrozenGuest *guest);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhFrozenGuest, bh_frozen_guest_unref)

/* The memory and the state as paths that others of this user can open as long as this process keeps it. */
char *bh_frozen_guest_ram_path (const BhFrozenGuest *guest);
char *bh_frozen_guest_state_path (const BhFrozenGuest *guest);

/* Writes it to folder @dir/KEY: whole or not at all. */
gboolean bh_frozen_guest_save (const BhFrozenGuest *guest, const char *dir, GError **error);

/**
 * bh_frozen_guest_load:
 *
 * Errors: %BH_ERROR_NOT_FOUND when there is none; %BH_ERROR_FAILED when it is damaged: what was written
 * is what is read, or it is not used.
 */
BhFrozenGuest *bh_frozen_guest_load (const char *dir, const char *key, GCancellable *cancellable,
                                     GError **error);

/* Remove @dir/KEY. */
void bh_frozen_guest_remove (const char *dir, const char *key);

/* Remove what crashes have left, and all but the @keep that were used last. */
void bh_frozen_guest_prune (const char *dir, guint keep);

/* Those in @dir, the one used last first: BhFrozenInfo. */
GPtrArray *bh_frozen_guest_list (const char *dir);
