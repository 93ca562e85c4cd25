/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A launcher in the desktop's application grid for each program of each AppVM, and the AppVM's own icon.
 *
 * Only files that have both our prefix and our mark inside are ever replaced or removed; links are not
 * followed. The folders themselves may be links: people keep their settings elsewhere. */
#include "config.h"

#include "bh-launchers.h"

#include "bh-launcher-file.h"

#include <string.h>
#include <sys/stat.h>

typedef struct
{
  char *id;
  BhVmConfig *config; /* NULL: remove */
  char **ids;         /* clean */
} Work;

typedef struct
{
  BhLaunchers *self;
  char *id, *message;
} Failure;

struct _BhLaunchers
{
  GObject parent;
  GThreadPool *pool; /* one thread: the order is kept, and no file has two writers */
  int leaving;
};

G_DEFINE_TYPE (BhLaunchers, bh_launchers, G_TYPE_OBJECT)

static guint failed_signal;

static void
work_free (Work *work)
{
  g_free (work->id);
  g_clear_pointer (&work->config, bh_vm_config_unref);
  g_strfreev (work->ids);
  g_free (work);
}

static gboolean
tell (gpointer data)
{
  Failure *failure = data;

  if (!g_atomic_int_get (&failure->self->leaving))
    g_signal_emit (failure->self, failed_signal, 0, failure->id, failure->message);
  return G_SOURCE_REMOVE;
}

static void
failure_free (gpointer data)
{
  Failure *failure = data;

  g_object_unref (failure->self);
  g_free (failure->id);
  g_free (failure->message);
  g_free (failure);
}

static void
report (BhLaunchers *self, const char *id, GError *error)
{
  Failure *failure = g_new0 (Failure, 1);

  g_message ("Launchers of %s: %s", id, error->message);
  failure->self = g_object_ref (self);
  failure->id = g_strdup (id);
  failure->message = g_strdup_printf ("Its launchers are not up to date: %s", error->message);
  g_idle_add_full (G_PRIORITY_DEFAULT, tell, failure, failure_free);
}

/* Remove what starts with @prefix in @dir, unless @keep has its AppVM (@by_vm) or its name. */
static void
sweep (const char *dir, const char *prefix, GHashTable *keep, gboolean by_vm)
{
  g_autoptr (GDir) list = g_dir_open (dir, 0, NULL);
  const char *name;

  while (list && (name = g_dir_read_name (list)) != NULL)
    {
      const char *base = *name == '.' ? name + 1 : name; /* what a crash has left */
      g_autofree char *key = NULL;

      if (!g_str_has_prefix (base, prefix))
        continue;
      if (base == name)
        {
          const char *end = by_vm ? strchr (base + strlen (prefix), '.') : strrchr (base, '.');
          const char *start = by_vm ? base + strlen (prefix) : base;

          key = end ? g_strndup (start, end - start) : NULL;
          if (!key || g_hash_table_contains (keep, key))
            continue;
        }
      bh_launcher_file_remove (dir, name);
    }
}

static void
sweep_both (const char *prefix, GHashTable *keep, gboolean by_vm)
{
  g_autofree char *launchers = bh_launcher_dir ();
  g_autofree char *icons = bh_launcher_icon_dir ();

  sweep (launchers, prefix, keep, by_vm);
  sweep (icons, prefix, keep, by_vm);
}

static void
do_clean (char **ids)
{
  g_autoptr (GHashTable) keep = g_hash_table_new (g_str_hash, g_str_equal);

  for (char **p = ids; *p; p++)
    g_hash_table_add (keep, *p);
  sweep_both (BH_LAUNCHER_PREFIX, keep, TRUE);
}

/* The desktop's index of which program opens what. */
static void
index_types (const char *dir)
{
  const char *const argv[] = { "update-desktop-database", "-q", dir, NULL };
  g_autoptr (GError) error = NULL;

  if (!g_spawn_sync (NULL, (char **) argv, NULL,
                     G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                     NULL, NULL, NULL, NULL, NULL, &error))
    g_debug ("%s", error->message); /* a desktop without needs none, or does it itself */
}

static gboolean
read_time (const char *dir, struct timespec *time)
{
  struct stat info;

  *time = (struct timespec){ 0 };
  if (stat (dir, &info) != 0)
    return FALSE;
  *time = info.st_mtim;
  return TRUE;
}

/* Returns: whether one of them is offered for files */
static gboolean
update_files (BhLaunchers *self, const char *id, BhVmConfig *config)
{
  gboolean any = FALSE;
  g_autoptr (GHashTable) keep = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autofree char *prefix = g_strconcat (BH_LAUNCHER_PREFIX, id, ".", NULL);
  g_auto (GStrv) apps = config ? bh_vm_config_get_list (config, "Applications") : NULL;
  g_autoptr (GError) first = NULL;

  if (config)
    {
      g_hash_table_add (keep, bh_launcher_vm_icon (id));
      bh_launcher_write_vm_icon (config, &first);
    }
  if (apps && !bh_vm_config_get_bool (config, "Launchers"))
    g_clear_pointer (&apps, g_strfreev);
  for (char **p = apps; p && *p; p++)
    {
      g_autoptr (GError) error = NULL;
      gboolean made, typed;

      if (g_atomic_int_get (&self->leaving))
        return FALSE;
      /* What could not be written stays as it was. */
      if (!bh_launcher_write (config, *p, &made, &typed, &error) && !first)
        first = g_steal_pointer (&error);
      if (made)
        g_hash_table_add (keep, bh_launcher_name (id, *p));
      any = any || typed;
    }
  sweep_both (prefix, keep, FALSE);
  if (first)
    report (self, id, first);
  return any;
}

static void
do_update (BhLaunchers *self, const char *id, BhVmConfig *config)
{
  g_autofree char *dir = bh_launcher_dir ();
  g_autofree char *cache = g_build_filename (dir, "mimeinfo.cache", NULL);
  struct timespec before, after;
  gboolean any;

  read_time (dir, &before);
  any = update_files (self, id, config);
  /* Who has none needs none. */
  if ((any || g_file_test (cache, G_FILE_TEST_EXISTS)) && read_time (dir, &after)
      && (before.tv_sec != after.tv_sec || before.tv_nsec != after.tv_nsec))
    index_types (dir);
}

static void
run (gpointer data, gpointer user_data)
{
  Work *work = data;
  BhLaunchers *self = user_data;

  if (!g_atomic_int_get (&self->leaving))
    {
      if (work->ids)
        do_clean (work->ids);
      else
        do_update (self, work->id, work->config);
    }
  work_free (work);
}

static void
push (BhLaunchers *self, const char *id, BhVmConfig *config, const char *const *ids)
{
  Work *work;

  if (!self->pool)
    return;
  work = g_new0 (Work, 1);
  work->id = g_strdup (id);
  work->config = config ? bh_vm_config_ref (config) : NULL;
  work->ids = g_strdupv ((char **) ids);
  g_thread_pool_push (self->pool, work, NULL);
}

void
bh_launchers_clean (BhLaunchers *self, const char *const *ids)
{
  push (self, NULL, NULL, ids);
}

void
bh_launchers_update (BhLaunchers *self, BhVmConfig *config)
{
  push (self, bh_vm_config_get_id (config), config, NULL);
}

void
bh_launchers_remove (BhLaunchers *self, const char *id)
{
  push (self, id, NULL, NULL);
}

void
bh_launchers_stop (BhLaunchers *self)
{
  g_atomic_int_set (&self->leaving, TRUE);
  if (self->pool)
    g_thread_pool_free (g_steal_pointer (&self->pool), FALSE, TRUE);
}

static void
bh_launchers_dispose (GObject *object)
{
  bh_launchers_stop (BH_LAUNCHERS (object));
  G_OBJECT_CLASS (bh_launchers_parent_class)->dispose (object);
}

static void
bh_launchers_class_init (BhLaunchersClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bh_launchers_dispose;
  failed_signal = g_signal_new ("failed", BH_TYPE_LAUNCHERS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
}

static void
bh_launchers_init (BhLaunchers *self)
{
  self->pool = g_thread_pool_new (run, self, 1, FALSE, NULL);
}

BhLaunchers *
bh_launchers_new (void)
{
  return g_object_new (BH_TYPE_LAUNCHERS, NULL);
}
