/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is done with Debian's archive for a template, step by step: its cache, its tools, how far it is. */
#pragma once

#include "bh-debian-sources.h"
#include "bh-debian.h"

/* @percent: of the whole, never less than before; @text: for people; in the working thread */
typedef void (*BhDebianProgress) (guint percent, const char *text, gpointer data);

/* The log of all of it, for bh_log_tail(). */
#define BH_DEBIAN_LOG "debian_templates"

typedef struct
{
  const BhDebianSet *set;
  BhDebianProgress progress;
  gpointer data;
  GCancellable *cancellable;
  void (*on_line) (gpointer owner, const char *line); /* each line that a tool says, cleaned */
  gpointer owner;
  /* From here on its own. */
  BhDebianSources *sources;
  char *cache; /* apt's folders */
  char *work;  /* for temporary files; NULL: where they usually are */
  guint percent;
  GQueue lines; /* the last ones that a tool said */
} BhDebianWork;

/* Finds cache and sources. Errors: %BH_ERROR_NOT_FOUND. Blocks, as all of these. */
gboolean bh_debian_work_begin (BhDebianWork *self, GError **error);
void bh_debian_work_clear (BhDebianWork *self);

/**
 * bh_debian_work_lock:
 * @wait: %FALSE: %BH_ERROR_BUSY when other work has it
 *
 * One at a time of all processes of this user works with the cache. Returns: a descriptor, the lock goes with it; -1
 * with @error
 */
int bh_debian_work_lock (BhDebianWork *self, gboolean wait, GError **error);

void bh_debian_work_tell (BhDebianWork *self, guint percent, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/* %TRUE: @error is %BH_ERROR_CANCELLED, whatever it was. */
gboolean bh_debian_work_is_cancelled (BhDebianWork *self, GError **error);

/* In a process group of its own; apt with the settings of our cache. */
GSubprocess *bh_debian_work_spawn (BhDebianWork *self, const char *const *argv,
                                   GSubprocessFlags flags, GError **error);

/* Reads what @process says @from there until that ends, or somebody gives up, which ends the process. */
void bh_debian_work_follow (BhDebianWork *self, GSubprocess *process, GInputStream *from);

/* Ends it, first as a request: mmdebstrap takes away what it has unpacked, which only it may. */
void bh_debian_work_end (GSubprocess *process);

/* What the last words of a tool that failed mean, and what can be done. @doing: what it was for */
void bh_debian_work_explain (BhDebianWork *self, const char *doing, GError **error);

/* apt-get to its end. Errors: as bh_debian_build(). */
gboolean bh_debian_work_run_apt (BhDebianWork *self, const char *const *argv, GError **error);
