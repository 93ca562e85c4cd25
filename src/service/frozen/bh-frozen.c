/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The frozen guests of this user.
 *
 * Should: never stand in the way of a start: an AppVM whose frozen guest is missing boots, and the
 * guest is made afterwards, while nothing else starts, one at a time.
 * Should: keep few: each holds some hundred MiB on the disk, and in memory while it is in use.
 * Mustn't: use one again that did not thaw. */
#include "config.h"

#include "bh-frozen.h"

#include "bh-domain.h"
#include "bh-error.h"
#include "bh-log.h"
#include "bh-paths.h"
#include "bh-prepare.h"
#include "bh-trim.h"

#include <libvirt/libvirt.h>
#include <string.h>

#define DELAY_SECONDS 5
#define KEEP_IN_MEMORY 2
#define KEEP_ON_DISK 4
#define MAX_WANTED 4
#define MAX_FAILURES 2
/* What making one may take, beyond the guest's memory. */
#define SPARE_MIB 512

struct _BhFrozen
{
  GObject parent;
  BhHypervisor *hypervisor;
  char *dir;
  GMutex lock;          /* of in_memory */
  GMutex reading;       /* from the disk: one at a time, so that each is read once */
  GPtrArray *in_memory; /* BhFrozenGuest, the one used last first */
  GPtrArray *wanted;    /* BhFrozenPlan */
  GHashTable *failures; /* key → how often */
  guint held, timer, refill;
  gboolean was_busy;
  const char *step; /* a constant */
  double progress;
  BhFrozenPlan *making;
  GCancellable *cancellable;
  gboolean leaving;
};

G_DEFINE_TYPE (BhFrozen, bh_frozen, G_TYPE_OBJECT)

enum
{
  CHANGED,
  BUSY,
  STEP,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void schedule (BhFrozen *self);

/* In memory; with the lock held unless they take it. */

static void
remember (BhFrozen *self, BhFrozenGuest *guest)
{
  g_ptr_array_insert (self->in_memory, 0, bh_frozen_guest_ref (guest));
  if (self->in_memory->len > KEEP_IN_MEMORY)
    g_ptr_array_set_size (self->in_memory, KEEP_IN_MEMORY);
}

/* Moves it to the front. */
static BhFrozenGuest *
recall (BhFrozen *self, const char *key)
{
  for (guint i = 0; i < self->in_memory->len; i++)
    {
      BhFrozenGuest *guest = self->in_memory->pdata[i];

      if (!g_str_equal (guest->key, key))
        continue;
      bh_frozen_guest_ref (guest);
      g_ptr_array_remove_index (self->in_memory, i);
      g_ptr_array_insert (self->in_memory, 0, bh_frozen_guest_ref (guest));
      return guest;
    }
  return NULL;
}

static gboolean
is_in_memory (BhFrozen *self, const char *key)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  for (guint i = 0; i < self->in_memory->len; i++)
    if (g_str_equal (((BhFrozenGuest *) self->in_memory->pdata[i])->key, key))
      return TRUE;
  return FALSE;
}

static void
forget (BhFrozen *self, const char *key)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  for (guint i = self->in_memory->len; i > 0; i--)
    {
      BhFrozenGuest *guest = self->in_memory->pdata[i - 1];

      if (key == NULL || g_str_equal (guest->key, key))
        g_ptr_array_remove_index (self->in_memory, i - 1);
    }
}

static BhFrozenGuest *
recall_locked (BhFrozen *self, const char *key)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return recall (self, key);
}

static void
remember_locked (BhFrozen *self, BhFrozenGuest *guest)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  remember (self, guest);
}

BhFrozenGuest *
bh_frozen_take (BhFrozen *self, const char *key, GCancellable *cancellable, GError **error)
{
  BhFrozenGuest *guest = recall_locked (self, key);
  g_autoptr (GMutexLocker) reading = NULL;
  g_autoptr (GError) failed = NULL;

  if (guest)
    return guest;
  reading = g_mutex_locker_new (&self->reading);
  guest = recall_locked (self, key); /* another thread may just have read it */
  if (guest)
    return guest;
  guest = bh_frozen_guest_load (self->dir, key, cancellable, &failed);
  if (guest)
    {
      remember_locked (self, guest);
      return guest;
    }
  /* What cannot be read is made anew, unless somebody has only changed his mind. */
  if (!g_error_matches (failed, BH_ERROR, BH_ERROR_NOT_FOUND)
      && !g_cancellable_is_cancelled (cancellable))
    bh_frozen_guest_remove (self->dir, key);
  g_propagate_error (error, g_steal_pointer (&failed));
  return NULL;
}

/* Making. */

typedef struct
{
  BhFrozen *self;
  const char *step;
  double progress;
} Step;

static gboolean
take_step (gpointer data)
{
  Step *step = data;

  if (step->self->making || !*step->step)
    {
      step->self->step = step->step;
      step->self->progress = step->progress;
      g_signal_emit (step->self, signals[STEP], 0);
    }
  g_object_unref (step->self);
  g_free (step);
  return G_SOURCE_REMOVE;
}

/* Any thread. */
static void
say_step (const char *text, double progress, gpointer data)
{
  Step *step = g_new0 (Step, 1);

  step->self = g_object_ref (BH_FROZEN (data));
  step->step = text;
  step->progress = progress;
  g_idle_add_full (G_PRIORITY_DEFAULT, take_step, step, NULL);
}

typedef struct
{
  BhFrozenPlan *plan; /* the store's */
  gboolean allow_read_only;
} Work;

static void
make_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  BhFrozen *self = source;
  Work *work = data;
  GError *error = NULL;
  g_autoptr (GError) not_saved = NULL;
  virConnectPtr conn = bh_hypervisor_connect (self->hypervisor, &error);
  BhFrozenGuest *guest = NULL;

  if (conn)
    {
      guest = bh_freeze_make (conn, work->plan, work->allow_read_only, say_step, self, cancellable,
                              &error);
      virConnectClose (conn);
    }
  if (!guest)
    {
      g_task_return_error (task, error);
      return;
    }
  remember_locked (self, guest);
  say_step ("Keeping it on the disk", 0.9, self);
  if (bh_frozen_guest_save (guest, self->dir, &not_saved))
    bh_frozen_guest_prune (self->dir, KEEP_ON_DISK);
  else
    bh_log_line (BH_FREEZE_LOG, "kept in memory only: %s", not_saved->message);
  bh_log_line (BH_FREEZE_LOG, "made %s, %u MiB of memory, %" G_GUINT64_FORMAT " MiB used",
               guest->key, guest->memory_mib, guest->ram_bytes >> 20);
  bh_frozen_guest_unref (guest);
  g_task_return_boolean (task, TRUE);
}

static guint
count_failure (BhFrozen *self, const char *key)
{
  guint count = GPOINTER_TO_UINT (g_hash_table_lookup (self->failures, key)) + 1;

  g_hash_table_insert (self->failures, g_strdup (key), GUINT_TO_POINTER (count));
  return count;
}

static guint
count_failures (BhFrozen *self, const char *key)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (self->failures, key));
}

static void
on_made (GObject *source, GAsyncResult *result, gpointer data)
{
  BhFrozen *self = BH_FROZEN (source);
  g_autoptr (BhFrozenPlan) plan = g_steal_pointer (&self->making);
  g_autoptr (GError) error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    g_signal_emit (self, signals[CHANGED], 0);
  else
    {
      g_message ("No frozen guest: %s", error->message);
      bh_log_line (BH_FREEZE_LOG, "not made: %s", error->message);
      if (!g_error_matches (error, BH_ERROR, BH_ERROR_CANCELLED)
          && count_failure (self, plan->key) < MAX_FAILURES && !self->leaving)
        g_ptr_array_insert (self->wanted, 0, g_steal_pointer (&plan));
    }
  g_clear_object (&self->cancellable);
  say_step ("", 0, self);
  bh_trim_later ();
  schedule (self);
}

static gboolean
make_next (gpointer data)
{
  BhFrozen *self = data;
  g_autoptr (GTask) task = NULL;
  BhFrozenPlan *plan;
  Work *work;

  self->timer = 0;
  plan = g_ptr_array_steal_index (self->wanted, 0);
  if (bh_prepare_memory_available () < plan->spec.memory_mib + SPARE_MIB)
    {
      /* Asked for again by the next AppVM that boots. */
      bh_log_line (BH_FREEZE_LOG, "not made: there is too little free memory");
      bh_frozen_plan_free (plan);
      schedule (self);
      return G_SOURCE_REMOVE;
    }
  bh_frozen_plan_begin (plan);
  self->making = plan;
  self->cancellable = g_cancellable_new ();
  bh_log_prepare (BH_FREEZE_LOG, NULL);
  bh_log_line (BH_FREEZE_LOG, "making %s", plan->key);
  work = g_new0 (Work, 1);
  work->plan = plan;
  /* Where it did not work out the sealed memory alone has to do; it does. */
  work->allow_read_only = count_failures (self, plan->key) == 0;
  task = g_task_new (self, self->cancellable, on_made, NULL);
  g_task_set_task_data (task, work, g_free);
  g_task_set_check_cancellable (task, FALSE);
  g_task_run_in_thread (task, make_in_thread);
  return G_SOURCE_REMOVE;
}

int
bh_frozen_delay (void)
{
  const char *text = g_getenv ("BULKHEAD_FREEZE_DELAY");
  gint64 value;

  if (text && g_ascii_string_to_signed (text, 10, -1, 3600, &value, NULL))
    return (int) value;
  return DELAY_SECONDS;
}

/* Whatever has changed: begin to wait when there is reason to, else stop waiting. */
static void
schedule (BhFrozen *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  if (self->wanted->len > 0 && self->held == 0 && !self->making && !self->leaving
      && bh_frozen_delay () >= 0)
    self->timer = g_timeout_add_seconds ((guint) bh_frozen_delay (), make_next, self);
  if (bh_frozen_is_busy (self) != self->was_busy)
    {
      self->was_busy = !self->was_busy;
      g_signal_emit (self, signals[BUSY], 0);
    }
}

gboolean
bh_frozen_is_busy (BhFrozen *self)
{
  return self->held > 0 || self->making || self->timer;
}

const char *
bh_frozen_get_step (BhFrozen *self)
{
  return self->step;
}

double
bh_frozen_get_progress (BhFrozen *self)
{
  return self->progress;
}

void
bh_frozen_hold (BhFrozen *self)
{
  self->held++;
  schedule (self);
}

void
bh_frozen_release (BhFrozen *self)
{
  g_return_if_fail (self->held > 0);
  self->held--;
  schedule (self);
}

void
bh_frozen_want (BhFrozen *self, BhFrozenPlan *plan)
{
  g_autoptr (BhFrozenPlan) owned = plan;

  /* Another AppVM may have wanted the same, and have it by now. */
  if (is_in_memory (self, plan->key) || count_failures (self, plan->key) >= MAX_FAILURES
      || self->wanted->len >= MAX_WANTED
      || (self->making && g_str_equal (self->making->key, plan->key)))
    return;
  for (guint i = 0; i < self->wanted->len; i++)
    if (g_str_equal (((BhFrozenPlan *) self->wanted->pdata[i])->key, plan->key))
      return;
  g_ptr_array_add (self->wanted, g_steal_pointer (&owned));
  schedule (self);
}

void
bh_frozen_discard (BhFrozen *self, const char *key)
{
  forget (self, key);
  bh_frozen_guest_remove (self->dir, key);
  count_failure (self, key);
  g_signal_emit (self, signals[CHANGED], 0);
}

/* Back into memory. */

static void
refill_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  BhFrozen *self = source;
  g_autoptr (GPtrArray) list = bh_frozen_guest_list (self->dir);
  const BhFrozenInfo *info = list->len > 0 ? list->pdata[0] : NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (BhFrozenGuest) guest = NULL;

  if (info && bh_prepare_memory_available () > (info->disk_bytes >> 20) + SPARE_MIB)
    guest = bh_frozen_take (self, info->key, cancellable, &error);
  if (error)
    g_message ("A frozen guest was not read: %s", error->message);
  g_task_return_boolean (task, guest != NULL);
}

static void
on_refilled (GObject *source, GAsyncResult *result, gpointer data)
{
  if (g_task_propagate_boolean (G_TASK (result), NULL))
    g_signal_emit (source, signals[CHANGED], 0);
  bh_trim_later ();
}

static gboolean
refill (gpointer data)
{
  BhFrozen *self = data;
  g_autoptr (GTask) task = NULL;

  if (self->held > 0 && !self->leaving)
    return G_SOURCE_CONTINUE; /* a start reads what it needs by itself */
  self->refill = 0;
  if (self->leaving)
    return G_SOURCE_REMOVE;
  task = g_task_new (self, NULL, on_refilled, NULL);
  g_task_run_in_thread (task, refill_in_thread);
  return G_SOURCE_REMOVE;
}

void
bh_frozen_refill (BhFrozen *self)
{
  /* And what a service that was killed had written half. */
  bh_frozen_guest_prune (self->dir, KEEP_ON_DISK);
  if (self->refill == 0 && bh_frozen_delay () >= 0)
    self->refill = g_timeout_add_seconds ((guint) bh_frozen_delay (), refill, self);
}

/* For people. */

GVariant *
bh_frozen_list (BhFrozen *self)
{
  g_autoptr (GPtrArray) list = bh_frozen_guest_list (self->dir);
  GVariantBuilder out;

  g_variant_builder_init (&out, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < list->len; i++)
    {
      const BhFrozenInfo *info = list->pdata[i];
      g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

      g_variant_dict_insert (&dict, "key", "s", info->key);
      g_variant_dict_insert (&dict, "kernel", "s", info->kernel);
      g_variant_dict_insert (&dict, "memory", "t", (guint64) info->memory_mib << 20);
      g_variant_dict_insert (&dict, "size", "t", info->disk_bytes);
      g_variant_dict_insert (&dict, "made", "x", info->made);
      g_variant_dict_insert (&dict, "in-memory", "b", is_in_memory (self, info->key));
      g_variant_builder_add_value (&out, g_variant_dict_end (&dict));
    }
  return g_variant_builder_end (&out);
}

gboolean
bh_frozen_remove (BhFrozen *self, const char *key, GError **error)
{
  g_autoptr (GPtrArray) list = bh_frozen_guest_list (self->dir);
  gboolean found = *key == '\0';

  for (guint i = 0; i < list->len; i++)
    {
      const BhFrozenInfo *info = list->pdata[i];

      if (*key && !g_str_equal (info->key, key))
        continue;
      found = TRUE;
      bh_frozen_guest_remove (self->dir, info->key);
    }
  if (!found)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND, "There is no such frozen guest");
      return FALSE;
    }
  forget (self, *key ? key : NULL);
  g_signal_emit (self, signals[CHANGED], 0);
  return TRUE;
}

const char *
bh_frozen_get_making (BhFrozen *self)
{
  return self->making ? self->making->spec.id : NULL;
}

void
bh_frozen_leave (BhFrozen *self)
{
  self->leaving = TRUE;
  schedule (self);
  if (self->cancellable)
    g_cancellable_cancel (self->cancellable);
}

void
bh_frozen_wait (BhFrozen *self)
{
  while (self->making)
    g_main_context_iteration (NULL, TRUE);
}

static void
bh_frozen_finalize (GObject *object)
{
  BhFrozen *self = BH_FROZEN (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_handle_id (&self->refill, g_source_remove);
  g_ptr_array_unref (self->in_memory);
  g_ptr_array_unref (self->wanted);
  g_hash_table_unref (self->failures);
  g_mutex_clear (&self->lock);
  g_mutex_clear (&self->reading);
  g_clear_object (&self->hypervisor);
  g_free (self->dir);
  G_OBJECT_CLASS (bh_frozen_parent_class)->finalize (object);
}

static void
bh_frozen_class_init (BhFrozenClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_frozen_finalize;
  signals[CHANGED] = g_signal_new ("changed", BH_TYPE_FROZEN, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 0);
  signals[BUSY] =
      g_signal_new ("busy", BH_TYPE_FROZEN, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[STEP] =
      g_signal_new ("step", BH_TYPE_FROZEN, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
bh_frozen_init (BhFrozen *self)
{
  g_mutex_init (&self->lock);
  g_mutex_init (&self->reading);
  self->step = "";
  self->dir = bh_paths_cache_dir ("frozen");
  self->in_memory = g_ptr_array_new_with_free_func ((GDestroyNotify) bh_frozen_guest_unref);
  self->wanted = g_ptr_array_new_with_free_func ((GDestroyNotify) bh_frozen_plan_free);
  self->failures = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

BhFrozen *
bh_frozen_new (BhHypervisor *hypervisor)
{
  BhFrozen *self = g_object_new (BH_TYPE_FROZEN, NULL);

  self->hypervisor = g_object_ref (hypervisor);
  return self;
}
