/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The disks on which AppVMs keep their homes: qcow2 files, made and changed with qemu-img. */
#pragma once

#include <gio/gio.h>

/**
 * BhHomeDisk:
 * What its header says; that was written by a QEMU which a guest may have taken over.
 * @size: how large it can become
 * @used: what it takes on this computer's disk
 */
typedef struct
{
  guint64 size, used;
  gboolean encrypted;
  guint n_snapshots;
} BhHomeDisk;

typedef struct
{
  char *name;
  gint64 time; /* s since 1970 */
  guint64 size;
} BhHomeSnapshot;

#define BH_HOME_SNAPSHOTS_MAX 32
/* What snapshots are called that nobody asked for. */
#define BH_HOME_SNAPSHOT_UPDATE "before-update-"
#define BH_HOME_SNAPSHOT_RESTORE "before-going-back"

/* $XDG_DATA_HOME/bulkhead/homes/ID.qcow2 */
char *bh_home_disk_path (const char *id);
/* Whose files a new home begins with: $XDG_CONFIG_HOME/bulkhead/home-template */
char *bh_home_disk_template (void);

/* All that follows blocks. @key: of an encrypted one, else %NULL. A disk in use must not be changed. */

/**
 * bh_home_disk_read:
 *
 * Refuses what names another file, and what is no disk of ours: %BH_ERROR_NOT_FOUND, %BH_ERROR_FAILED.
 */
gboolean bh_home_disk_read (const char *path, BhHomeDisk *out, GError **error);

/* A disk of @size bytes with nothing at all on it, to be written by bh-home-image.h. */
gboolean bh_home_disk_create (const char *path, guint64 size, const char *key,
                              GCancellable *cancellable, GError **error);

/* @new becomes @path, once all of it is on the disk. */
gboolean bh_home_disk_put_in_place (const char *new, const char *path, GError **error);

/* What was being made as an earlier service died. */
void bh_home_disk_sweep (void);

/* An ext4 file system of @mib with what the template folder has; whole or not at all. */
gboolean bh_home_disk_make (const char *path, guint64 mib, const char *key,
                            GCancellable *cancellable, GError **error);

gboolean bh_home_disk_grow (const char *path, guint64 mib, const char *key,
                            GCancellable *cancellable, GError **error);

/* Written anew, without what nothing uses any more; with @new_key encrypted. Not with snapshots. */
gboolean bh_home_disk_compact (const char *path, const char *key, const char *new_key,
                               GCancellable *cancellable, GError **error);

/* At most %BH_HOME_SNAPSHOTS_MAX of BhHomeSnapshot, the oldest first. */
GPtrArray *bh_home_disk_list_snapshots (const char *path, GError **error);

/* @name: a letter, then up to 39 letters, digits, ".", "_" and "-" */
gboolean bh_home_disk_add_snapshot (const char *path, const char *name, const char *key,
                                    GCancellable *cancellable, GError **error);
gboolean bh_home_disk_remove_snapshot (const char *path, const char *name, const char *key,
                                       GCancellable *cancellable, GError **error);

/* Make room for one more snapshot before an update: the last few are kept. */
gboolean bh_home_disk_forget_updates (const char *path, const char *key, GCancellable *cancellable,
                                      GError **error);

/* What it is now is kept as the snapshot %BH_HOME_SNAPSHOT_RESTORE, unless that is where it goes back to. */
gboolean bh_home_disk_restore (const char *path, const char *name, const char *key,
                               GCancellable *cancellable, GError **error);

/* The file and what a crash has left beside it. No error when there is none. */
gboolean bh_home_disk_remove (const char *path, GError **error);

/**
 * bh_home_disk_open_scratch:
 *
 * An empty ext4 file system in a file that has no name, so that nothing of it is left when the last
 * process that has it open is gone.
 *
 * Returns: a descriptor, -1 with @error set
 */
int bh_home_disk_open_scratch (const char *dir, guint64 mib, GCancellable *cancellable,
                               GError **error);
