/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The settings of one AppVM: a key file with one group, [AppVM], and the keys of bh-keys.h.
 *
 * A BhVmConfig does not change; bh_vm_config_with() makes another. Keys, groups and comments that
 * this version does not know are kept. A file with mistakes can be loaded, shown and (key by key)
 * repaired, but an AppVM cannot be started from it. */
#pragma once

#include "bh-color.h"
#include "bh-keys.h"

typedef struct _BhVmConfig BhVmConfig;

#define BH_VM_ID_MAX 32

/**
 * bh_vm_config_load:
 * @path: a key file
 * @id: of the AppVM
 * @error: only what hinders reading: no such file, no permission, larger than 256 KiB
 */
BhVmConfig *bh_vm_config_load (const char *path, const char *id, GError **error);

/* As bh_vm_config_load() for text; @path is for messages. */
BhVmConfig *bh_vm_config_parse (const char *path, const char *id, const char *text, gsize len);

/**
 * bh_vm_config_new:
 * @settings: key → value as text
 * @error: %BH_ERROR_INVALID_ARGUMENT: unknown key, bad value, required key missing
 */
BhVmConfig *bh_vm_config_new (const char *id, GHashTable *settings, GError **error);

BhVmConfig *bh_vm_config_ref (BhVmConfig *self);
void bh_vm_config_unref (BhVmConfig *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhVmConfig, bh_vm_config_unref)

const char *bh_vm_config_get_id (BhVmConfig *self);

/* Value as text: the file's when it is good, else the default; the id for a missing Name. */
const char *bh_vm_config_get (BhVmConfig *self, const char *key);
/* Template=disk: what means nothing there (bh-keys.h, on_disk) has no other value than that. */
gboolean bh_vm_config_is_disk (BhVmConfig *self);
/* Whether the file says something good about it; else bh_vm_config_get() gives the default. */
gboolean bh_vm_config_has (BhVmConfig *self, const char *key);
gint64 bh_vm_config_get_int (BhVmConfig *self, const char *key);
gboolean bh_vm_config_get_bool (BhVmConfig *self, const char *key);
char **bh_vm_config_get_list (BhVmConfig *self, const char *key);

/* All keys and their values, defaults too: a{ss}, floating. */
GVariant *bh_vm_config_to_variant (BhVmConfig *self);

/* Everything wrong or unknown, each "FILE:LINE: KEY: PROBLEM" (LINE 0: something is missing). */
const char *const *bh_vm_config_get_problems (BhVmConfig *self);

/* %BH_ERROR_BAD_KEY_FILE with the first mistake, unless there is none; unknown keys are no mistake. */
gboolean bh_vm_config_check (BhVmConfig *self, GError **error);

/**
 * bh_vm_config_with:
 * @settings: key → value as text; "" goes back to the default
 * @changed: (out) (optional) (transfer full): keys whose value is another now
 * @error: %BH_ERROR_INVALID_ARGUMENT, or %BH_ERROR_BAD_KEY_FILE when the file is no key file at all
 *
 * Returns: (transfer full) (nullable): the settings with all changes made, or none of them
 */
BhVmConfig *bh_vm_config_with (BhVmConfig *self, GHashTable *settings, char ***changed,
                               GError **error);

/**
 * bh_vm_config_copy:
 * @id: of the copy
 * @name: its Name
 * @error: %BH_ERROR_BAD_KEY_FILE: one with mistakes is not spread; %BH_ERROR_INVALID_ARGUMENT
 *
 * Everything that is in the file, comments and unknown keys too.
 */
BhVmConfig *bh_vm_config_copy (BhVmConfig *self, const char *id, const char *name, GError **error);

/* Whether both files say the same, comments included. */
gboolean bh_vm_config_equal (BhVmConfig *self, BhVmConfig *other);

/**
 * bh_vm_config_differences:
 * @started: (nullable): what an AppVM was started with
 *
 * Returns: (transfer full): keys that need a restart until they are in force; none without @started
 */
char **bh_vm_config_differences (BhVmConfig *started, BhVmConfig *now);

/* Replaces the file at once or not at all, 0600; makes the folder. */
gboolean bh_vm_config_save (BhVmConfig *self, const char *path, GError **error);

/**
 * bh_vm_id_is_valid:
 * a-z, 0-9 and "-" (not first or last), 1 to %BH_VM_ID_MAX characters.
 */
gboolean bh_vm_id_is_valid (const char *id);

/**
 * bh_vm_id_from_name:
 * @name: free text
 * @taken: whether an id is in use
 *
 * An id that tells what it is for: "Bank & taxes" becomes "bank-taxes", or "bank-taxes-2" when taken.
 */
char *bh_vm_id_from_name (const char *name, gboolean (*taken) (const char *id, gpointer data),
                          gpointer data);
