/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The programs that work on home disks: qemu-img, qemu-nbd, mke2fs. */
#pragma once

#include <gio/gio.h>

/* What they have a descriptor of ours as. */
#define BH_HOME_TOOL_FD 3
/* Makes them take a key from it, as the secret "key"; or from the next. */
#define BH_HOME_TOOL_SECRET "secret,id=key,file=/dev/fd/3"
#define BH_HOME_TOOL_SECRET_NEXT "secret,id=key,file=/dev/fd/4"

/**
 * BhHomeReach:
 * What a program has that reads disks which somebody else may have written: nothing beyond this.
 * @read: (nullable): a file that it may read
 * @write: (nullable): a file that it may read and write, and that is there
 * @largest: no file becomes larger, in bytes
 * @listens: its descriptor %BH_HOME_TOOL_FD is a socket that listens
 */
typedef struct
{
  const char *read, *write;
  guint64 largest;
  gboolean listens;
} BhHomeReach;

/**
 * bh_home_tool_confine:
 * @name: "qemu-img" or "qemu-nbd"
 *
 * Returns: the words that start it as bulkhead-disktool; bh_home_tool_add() adds those that follow
 */
GPtrArray *bh_home_tool_confine (const char *name, const BhHomeReach *reach, GError **error);
void bh_home_tool_add (GPtrArray *argv, ...) G_GNUC_NULL_TERMINATED;

/* How large the file of a disk of @size bytes becomes at most. */
guint64 bh_home_tool_largest (guint64 size);

/* Where @name is; %BH_ERROR_FAILED says which @package has it. */
char *bh_home_tool_find (const char *name, const char *package, GError **error);

/* A pipe that gives @key once. -1 with @error set. */
int bh_home_tool_open_key (const char *key, GError **error);

/* @path as a value among others of QEMU's options. */
char *bh_home_tool_option (const char *path);

/**
 * bh_home_tool_run:
 * @argv: without a %NULL at its end
 * @fd: (transfer full): what the program has open as %BH_HOME_TOOL_FD; -1 for none
 * @what: that it does, for errors
 *
 * Run it to its end. %BH_ERROR_CANCELLED, %BH_ERROR_DISK_FULL, %BH_ERROR_FAILED with what it said.
 */
gboolean bh_home_tool_run (GPtrArray *argv, int fd, const char *what,
                           GCancellable *cancellable, GError **error);

/* @key: (nullable): of which @argv has %BH_HOME_TOOL_SECRET */
gboolean bh_home_tool_run_with_key (GPtrArray *argv, const char *key, const char *what,
                                    GCancellable *cancellable, GError **error);
