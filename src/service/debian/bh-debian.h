/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Debian templates on this computer: which there are, where they are, which one an AppVM uses. */
#pragma once

#include "bh-vm-config.h"

/**
 * BhDebianSet:
 * What a template is made of; AppVMs that ask for the same share one.
 * @suite: of Debian: "trixie"
 * @packages: sorted, each once
 * @key: of both; also the folder's name
 */
typedef struct
{
  char *suite;
  char **packages;
  char *key;
} BhDebianSet;

/* @packages: ";" between them. Errors: %BH_ERROR_INVALID_ARGUMENT. */
BhDebianSet *bh_debian_set_new (const char *suite, const char *packages, GError **error);
/* NULL without an error: the AppVM's programs are not from a Debian template. */
BhDebianSet *bh_debian_set_of (BhVmConfig *config, GError **error);
void bh_debian_set_free (BhDebianSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhDebianSet, bh_debian_set_free)

/* "trixie with foot and 3 more", for people. */
char *bh_debian_set_describe (const BhDebianSet *set);

/* The set that template @key was made of. %BH_ERROR_NOT_FOUND. */
BhDebianSet *bh_debian_open (const char *key, GError **error);

/* The folder of all templates, or of that with @key. */
char *bh_debian_dir (const char *key);

/**
 * bh_debian_find:
 *
 * The folder of the build of @set that AppVMs use from their next start on: "image" (squashfs), "seed" (folder with
 * seed.cpio), "applications", "icons". %BH_ERROR_NO_TEMPLATE says how to make it.
 */
char *bh_debian_find (const BhDebianSet *set, GError **error);

/* What one build is in, beside its folder's name: another build gives another number. 0: there is none. */
guint bh_debian_current (const char *key);
guint bh_debian_previous (const char *key);

/* Take the folder @made, in the folder of @set's template, as the build to use; the one used till now is kept to go
 * back to, and older ones go. */
gboolean bh_debian_adopt (const BhDebianSet *set, const char *made, GError **error);

/* Use the build before again; that of now is the one before then. %BH_ERROR_NOT_FOUND. */
gboolean bh_debian_go_back (const char *key, GError **error);

/* Everything of it. %BH_ERROR_NOT_FOUND. */
gboolean bh_debian_remove (const char *key, GError **error);

/* Keys of those that are there, of char *. */
GPtrArray *bh_debian_list (void);

/* Bytes on the disk, all builds. */
guint64 bh_debian_size (const char *key);
/* When the build in use was made, s of CLOCK_REALTIME; 0 when there is none. */
gint64 bh_debian_made (const char *key);

/* A folder with all that is in it; links are not followed. */
void bh_debian_remove_tree (const char *path);
