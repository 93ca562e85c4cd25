/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Machines that wait ahead of time.
 *
 * Each is thawed from a frozen guest and left alone: after a while its guest gets ready what every AppVM
 * uses first (bh_mounts_warm_up() in the guest) and has nothing more to do; then it is paused and costs
 * memory only. The AppVM that starts next with fitting settings takes it, gives it its own runtime folder,
 * log, name and secrets, and another one is made when nothing else starts.
 *
 * Should: never delay a start, and never take memory that this computer may need: they are made last and
 * only when plenty is free. Mustn't: be counted as AppVMs or outlive the service. */
#include "config.h"

#include "bh-pool.h"

#include "bh-domain.h"
#include "bh-error.h"
#include "bh-log.h"
#include "bh-paths.h"
#include "bh-prepare.h"
#include "bh-service-conf.h"
#include "bh-vm.h"

#include <glib/gstdio.h>

#define DEFAULT_SIZE 1
#define LOOK_SECONDS 2
/* The guest begins to warm up after ten seconds; quiet means a tenth of a processor. */
#define WARM_SECONDS 14
#define GIVE_UP_SECONDS 60
#define QUIET_PERCENT 10
/* What stays free for everything else. */
#define SPARE_MIB 2048
#define MAX_FAILURES 3
#define KEY "ReadyAhead"

typedef struct
{
  BhPool *pool;
  BhMachine *machine;
  char *id;
  BhDomainUsage usage; /* as last looked at */
  guint look;          /* timer */
  gint64 since;
  gboolean pausing;
} Spare;

struct _BhPool
{
  GObject parent;
  BhHypervisor *hypervisor;
  BhFrozen *frozen;
  BhVmConfig *config; /* what the last AppVM was like */
  GPtrArray *spares;
  guint size, failures, timer;
  gboolean leaving;
};

G_DEFINE_TYPE (BhPool, bh_pool, G_TYPE_OBJECT)

enum
{
  CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void schedule (BhPool *self);

static void
spare_free (gpointer data)
{
  Spare *spare = data;

  g_clear_handle_id (&spare->look, g_source_remove);
  g_signal_handlers_disconnect_by_data (spare->machine, spare);
  g_object_unref (spare->machine);
  g_free (spare->id);
  g_free (spare);
}

static void
changed (BhPool *self)
{
  g_signal_emit (self, signals[CHANGED], 0);
}

/* Making. */

static void
on_paused (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhMachine) machine = BH_MACHINE (data);
  g_autoptr (GError) error = NULL;

  if (bh_machine_pause_finish (machine, result, &error))
    return;
  g_message ("A machine that waits cannot be paused: %s", error->message);
  bh_machine_end (machine);
}

/* It has warmed up when it has become quiet. */
static gboolean
look (gpointer data)
{
  Spare *spare = data;
  gint64 seconds = (g_get_monotonic_time () - spare->since) / G_USEC_PER_SEC;
  g_autoptr (GVariant) usage = bh_domain_describe_usage (spare->id, 0, &spare->usage);
  double cpu = 100;

  g_variant_lookup (usage, "cpu", "d", &cpu);
  if (seconds < WARM_SECONDS || (cpu > QUIET_PERCENT && seconds < GIVE_UP_SECONDS))
    return G_SOURCE_CONTINUE;
  spare->look = 0;
  bh_machine_pause_async (spare->machine, on_paused, g_object_ref (spare->machine));
  return G_SOURCE_REMOVE;
}

static void
on_up (BhMachine *machine, Spare *spare)
{
  spare->since = g_get_monotonic_time ();
  spare->look = g_timeout_add_seconds (LOOK_SECONDS, look, spare);
  spare->pool->failures = 0;
  changed (spare->pool);
}

static void
on_ended (BhMachine *machine, const GError *error, Spare *spare)
{
  BhPool *self = spare->pool;

  if (!self->leaving)
    {
      g_message ("A machine that waited has ended: %s", error ? error->message : "by itself");
      self->failures++;
    }
  bh_log_delete (spare->id);
  g_ptr_array_remove (self->spares, spare);
  changed (self);
  schedule (self);
}

static gboolean
make_one (gpointer data)
{
  BhPool *self = data;
  g_autofree char *number = g_uuid_string_random ();
  Spare *spare;

  self->timer = 0;
  number[8] = '\0';
  if (bh_prepare_memory_available ()
      < (guint64) bh_vm_config_get_int (self->config, "Memory") + SPARE_MIB)
    return G_SOURCE_REMOVE; /* after the next start, perhaps */
  spare = g_new0 (Spare, 1);
  spare->pool = self;
  spare->id = g_strconcat (BH_POOL_PREFIX, number, NULL);
  spare->machine = bh_machine_new (spare->id, self->hypervisor, self->frozen, NULL);
  g_signal_connect (spare->machine, "up", G_CALLBACK (on_up), spare);
  g_signal_connect (spare->machine, "ended", G_CALLBACK (on_ended), spare);
  g_ptr_array_add (self->spares, spare);
  bh_machine_start_spare (spare->machine, self->config);
  return G_SOURCE_REMOVE;
}

/* Whatever has changed: begin to wait for quiet when one is missing, else stop waiting. */
static void
schedule (BhPool *self)
{
  int delay = bh_frozen_delay ();

  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->config && self->spares->len < self->size && !bh_frozen_is_busy (self->frozen)
      && !self->leaving && delay >= 0 && self->failures < MAX_FAILURES)
    self->timer = g_timeout_add_seconds ((guint) delay, make_one, self);
}

static void
on_frozen_busy (BhFrozen *frozen, BhPool *self)
{
  schedule (self);
}

void
bh_pool_want (BhPool *self, BhVmConfig *config)
{
  /* One that boots by itself is never thawed. */
  if (self->config == config || bh_vm_config_is_disk (config))
    return;
  g_clear_pointer (&self->config, bh_vm_config_unref);
  self->config = bh_vm_config_ref (config);
  self->failures = 0;
  schedule (self);
}

void
bh_pool_want_last (BhPool *self, GHashTable *vms)
{
  BhVm *last = NULL;
  GHashTableIter iter;
  gpointer vm;
  gint64 when = 0;

  g_hash_table_iter_init (&iter, vms);
  while (g_hash_table_iter_next (&iter, NULL, &vm))
    {
      g_autofree char *path = bh_paths_log_file (bh_vm_get_id (vm));
      GStatBuf st;

      if (g_stat (path, &st) != 0 || st.st_mtime <= when)
        continue;
      when = st.st_mtime;
      last = vm;
    }
  if (last)
    bh_pool_want (self, bh_vm_get_config (last));
}

/* Giving. */

/* End those that nobody is going to want; from the oldest on, so that @keep are left. */
static void
shrink (BhPool *self, guint keep)
{
  g_autoptr (GPtrArray) over = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i + keep < self->spares->len; i++)
    g_ptr_array_add (over, g_object_ref (((Spare *) self->spares->pdata[i])->machine));
  for (guint i = 0; i < over->len; i++)
    bh_machine_end (over->pdata[i]);
}

BhMachine *
bh_pool_take (BhPool *self, const char *key)
{
  for (guint i = 0; i < self->spares->len; i++)
    {
      Spare *spare = self->spares->pdata[i];
      BhMachine *machine = spare->machine;

      if (!bh_machine_can_be_taken (machine, key))
        continue;
      g_object_ref (machine);
      g_ptr_array_remove_index (self->spares, i);
      changed (self);
      schedule (self);
      return machine;
    }
  /* Those that wait are of another kind; the next one is made like the AppVM that starts. */
  if (self->spares->len >= self->size && self->size > 0)
    shrink (self, self->size - 1);
  return NULL;
}

gboolean
bh_pool_has (BhPool *self, const char *id)
{
  for (guint i = 0; i < self->spares->len; i++)
    if (g_str_equal (((Spare *) self->spares->pdata[i])->id, id))
      return TRUE;
  return FALSE;
}

guint
bh_pool_count (BhPool *self)
{
  guint n = 0;

  for (guint i = 0; i < self->spares->len; i++)
    n += bh_machine_get_state (((Spare *) self->spares->pdata[i])->machine) == BH_MACHINE_UP;
  return n;
}

/* The setting. */

guint
bh_pool_get_size (BhPool *self)
{
  return self->size;
}

gboolean
bh_pool_set_size (BhPool *self, guint size, GError **error)
{
  g_autofree char *text = g_strdup_printf ("%u", size);

  if (size > BH_POOL_MAX)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                   "At most %d guests can be kept ready ahead", BH_POOL_MAX);
      return FALSE;
    }
  if (!bh_service_conf_set (KEY, text, error))
    return FALSE;
  self->size = size;
  self->failures = 0;
  shrink (self, size);
  changed (self);
  schedule (self);
  return TRUE;
}

/* Ending. */

void
bh_pool_leave (BhPool *self)
{
  self->leaving = TRUE;
  schedule (self);
  shrink (self, 0);
}

void
bh_pool_wait (BhPool *self)
{
  while (self->spares->len > 0)
    g_main_context_iteration (NULL, TRUE);
}

BhFrozen *
bh_pool_get_frozen (BhPool *self)
{
  return self->frozen;
}

static void
bh_pool_finalize (GObject *object)
{
  BhPool *self = BH_POOL (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  g_ptr_array_unref (self->spares);
  g_signal_handlers_disconnect_by_data (self->frozen, self);
  g_clear_pointer (&self->config, bh_vm_config_unref);
  g_object_unref (self->hypervisor);
  g_object_unref (self->frozen);
  G_OBJECT_CLASS (bh_pool_parent_class)->finalize (object);
}

static void
bh_pool_class_init (BhPoolClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_pool_finalize;
  signals[CHANGED] = g_signal_new ("changed", BH_TYPE_POOL, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
}

static void
bh_pool_init (BhPool *self)
{
  self->spares = g_ptr_array_new_with_free_func (spare_free);
}

BhPool *
bh_pool_new (BhHypervisor *hypervisor, BhFrozen *frozen)
{
  BhPool *self = g_object_new (BH_TYPE_POOL, NULL);

  self->hypervisor = g_object_ref (hypervisor);
  self->frozen = g_object_ref (frozen);
  self->size = bh_service_conf_get_uint (KEY, BH_POOL_MAX, DEFAULT_SIZE);
  g_signal_connect (frozen, "busy", G_CALLBACK (on_frozen_busy), self);
  return self;
}
