/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One virtual machine, from its preparation to its end.
 *
 *   NEW → PREPARING → CREATING → UP → ENDING → ENDED
 *
 * It is created by booting or by thawing a frozen guest. When thawing does not work out, the way goes from
 * CREATING or UP back to PREPARING, and the same machine boots. Any state can go to ENDING, and UP to ENDED
 * when the machine is gone by itself. */
#include "config.h"

#include "bh-machine.h"

#include "bh-domain.h"
#include "bh-error.h"
#include "bh-kvm.h"
#include "bh-log.h"
#include "bh-monitor.h"
#include "bh-paths.h"
#include "bh-pool.h"
#include "bh-prepare.h"

#include <signal.h>
#include <stdio.h>

/* What libvirt may take to create a machine, on a busy computer; QEMU or libvirt hangs after that. */
#define CREATE_SECONDS 60
#define THAW_SECONDS 20

struct _BhMachine
{
  GObject parent;
  char *id;
  char *uuid;
  BhVmConfig *config;
  BhHypervisor *hypervisor;
  BhFrozen *frozen;
  BhPool *pool; /* not a reference: it has the longer life */
  gboolean spare, paused, pausing;
  gboolean holding; /* it: from the start until proven or ended */
  gboolean debug, kvm, may_thaw;
  guint memory_mib, nics;
  BhMachineState state;
  BhPrepared *prepared;
  GCancellable *cancellable; /* of the preparation */
  gulong domain_signal;
  gboolean powered_off;
  guint limit;   /* of CREATING */
  gboolean open; /* "open" has been */
  gboolean heard;  /* its guest was, and so the step @way */
  const char *way; /* it comes up: the step's name */
};

G_DEFINE_TYPE (BhMachine, bh_machine, G_TYPE_OBJECT)

enum
{
  STEP,
  OPEN,
  UP,
  DOWN,
  ENDED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
emit_step (BhMachine *self, const char *name)
{
  g_signal_emit (self, signals[STEP], 0, name);
}

/* While it starts no frozen guests are made. */
static void
hold (BhMachine *self, gboolean on)
{
  if (self->holding == on)
    return;
  self->holding = on;
  if (on)
    bh_frozen_hold (self->frozen);
  else
    bh_frozen_release (self->frozen);
}

static void
unwatch (BhMachine *self)
{
  if (!self->domain_signal)
    return;
  g_signal_handler_disconnect (self->hypervisor, self->domain_signal);
  self->domain_signal = 0;
  bh_hypervisor_unwatch (self->hypervisor, self->uuid);
}

static void
ended (BhMachine *self, const GError *error)
{
  g_autoptr (BhMachine) alive = g_object_ref (self);

  if (self->state == BH_MACHINE_ENDED)
    return;
  self->state = BH_MACHINE_ENDED;
  hold (self, FALSE);
  unwatch (self);
  bh_domain_clean (self->id);
  g_signal_emit (self, signals[ENDED], 0, error);
}

static void
on_destroyed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhMachine) self = BH_MACHINE (data);
  g_autoptr (GError) error = NULL;

  if (!bh_hypervisor_destroy_finish (BH_HYPERVISOR (source), result, &error))
    {
      pid_t pid = bh_domain_find_pid (self->id);

      /* libvirt cannot be reached: QEMU is a process of this user as any other. */
      g_message ("%s: %s", self->id, error->message);
      if (pid > 0)
        kill (pid, SIGKILL);
    }
  ended (self, NULL);
}

static void
destroy (BhMachine *self)
{
  self->state = BH_MACHINE_ENDING;
  bh_hypervisor_destroy_async (self->hypervisor, self->uuid, on_destroyed, g_object_ref (self));
}

void
bh_machine_end (BhMachine *self)
{
  switch (self->state)
    {
    case BH_MACHINE_NEW:
      ended (self, NULL);
      break;
    case BH_MACHINE_PREPARING:
      /* The thread looks at it between its steps; its callback ends the machine. */
      self->state = BH_MACHINE_ENDING;
      g_cancellable_cancel (self->cancellable);
      break;
    case BH_MACHINE_CREATING:
      self->state = BH_MACHINE_ENDING; /* the callback destroys it */
      break;
    case BH_MACHINE_UP:
      destroy (self);
      break;
    case BH_MACHINE_ENDING:
    case BH_MACHINE_ENDED:
    default:
      break;
    }
}

static void
on_domain_stopped (BhHypervisor *hypervisor, const char *uuid, gboolean powered_off, BhMachine *self)
{
  self->powered_off = powered_off;
  if (!bh_machine_fall_back (self, "it ended"))
    ended (self, NULL);
}

static void
watch (BhMachine *self)
{
  g_autofree char *signal = g_strconcat ("domain-stopped::", self->uuid, NULL);

  bh_hypervisor_watch (self->hypervisor, self->uuid);
  self->domain_signal =
      g_signal_connect (self->hypervisor, signal, G_CALLBACK (on_domain_stopped), self);
}

/* The way up. */

static void prepare (BhMachine *self, gboolean may_thaw);

static void
on_thawed_destroyed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhMachine) self = BH_MACHINE (data);
  g_autoptr (GError) error = NULL;
  gboolean ok = bh_hypervisor_destroy_finish (BH_HYPERVISOR (source), result, &error);

  if (self->state != BH_MACHINE_CREATING || !ok)
    {
      ended (self,
             error); /* somebody has stopped it meanwhile, or nothing can be stopped any more */
      return;
    }
  bh_domain_clean (self->id);
  prepare (self, FALSE);
}

/* Thawing it did not work out: the same start goes on by booting. */
static void
fall_back (BhMachine *self, const char *why)
{
  bh_log_line (self->id, "not thawed, booting instead: %s", why);
  g_message ("%s: not thawed: %s", self->id, why);
  self->state = BH_MACHINE_CREATING; /* who ends it now leaves it to on_thawed_destroyed */
  unwatch (self);
  bh_frozen_discard (self->frozen, self->prepared->guest->key);
  g_clear_pointer (&self->prepared, bh_prepared_free);
  g_signal_emit (self, signals[DOWN], 0);
  bh_hypervisor_destroy_async (self->hypervisor, self->uuid, on_thawed_destroyed,
                               g_object_ref (self));
  g_clear_pointer (&self->uuid, g_free);
}

static gboolean
press_power_button (virDomainPtr domain, gpointer data, GError **error)
{
  if (virDomainShutdownFlags (domain, VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN) == 0)
    return TRUE;
  bh_monitor_set_libvirt_error (error, "The virtual machine has no power button");
  return FALSE;
}

void
bh_machine_press_power_button (BhMachine *self)
{
  bh_log_line (self->id, "its power button is pressed");
  bh_hypervisor_run_async (self->hypervisor, self->uuid, press_power_button, NULL, NULL, NULL, NULL);
}

gboolean
bh_machine_has_powered_off (BhMachine *self)
{
  return self->powered_off;
}

gboolean
bh_machine_is_thawing (BhMachine *self)
{
  return (self->state == BH_MACHINE_CREATING || self->state == BH_MACHINE_UP) && self->prepared
         && self->prepared->guest;
}

gboolean
bh_machine_fall_back (BhMachine *self, const char *why)
{
  if (!bh_machine_is_thawing (self) || self->state != BH_MACHINE_UP)
    return FALSE;
  fall_back (self, why);
  return TRUE;
}

static void
say_open (BhMachine *self)
{
  if (self->open)
    return;
  self->open = TRUE;
  g_signal_emit (self, signals[OPEN], 0);
}

/* libvirt waits for QEMU's answers without an end. Without QEMU it gives up, and so says on_created(). */
static gboolean
creating_over (gpointer data)
{
  BhMachine *self = data;
  pid_t pid = bh_domain_find_pid (self->id);
  g_autoptr (GError) error = NULL;

  if (pid > 0)
    {
      bh_log_line (self->id, "QEMU hangs while it is started, and is ended");
      kill (pid, SIGKILL);
      return G_SOURCE_CONTINUE;
    }
  self->limit = 0;
  error = g_error_new (
      BH_ERROR, BH_ERROR_NO_HYPERVISOR,
      "libvirt does not answer. End its process libvirtd (or virtqemud), and try again.");
  ended (self, error);
  return G_SOURCE_REMOVE;
}

static void
limit_creating (BhMachine *self, guint seconds)
{
  self->limit = g_timeout_add_seconds (seconds, creating_over, self);
}

void
bh_machine_heard (BhMachine *self)
{
  if (self->state != BH_MACHINE_CREATING || !self->prepared->guest)
    return;
  self->heard = TRUE;
  emit_step (self, self->way);
}

/* It runs; unless somebody wanted it ended meanwhile. */
static void
came_up (BhMachine *self)
{
  if (self->state == BH_MACHINE_ENDING)
    {
      destroy (self);
      return;
    }
  if (self->state != BH_MACHINE_CREATING)
    return;
  self->state = BH_MACHINE_UP;
  /* QEMU has its own by now. */
  g_clear_pointer (&self->prepared->disk, bh_boot_disk_free);
  bh_log_line (self->id, "%s, kernel %s, %s%s%s",
               self->prepared->guest ? (g_str_equal (self->way, "pool") ? "thawed ahead" : "thawed")
                                     : "booting",
               self->prepared->kernel_release ? self->prepared->kernel_release : "in the image", self->kvm ? "KVM" : "emulated",
               self->prepared->guest ? "" : "; not thawed: ",
               self->prepared->guest ? "" : self->prepared->why_boot);
  watch (self);
  if (!self->heard)
    emit_step (self, self->way);
  say_open (self);
  g_signal_emit (self, signals[UP], 0);
}

static void
on_created (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhMachine) self = BH_MACHINE (data);
  g_autoptr (GError) error = NULL;

  g_clear_handle_id (&self->limit, g_source_remove);
  if (self->state == BH_MACHINE_ENDED)
    {
      /* Given up meanwhile; there it is after all. */
      if (bh_hypervisor_create_finish (self->hypervisor, result, &error))
        bh_hypervisor_destroy_async (self->hypervisor, self->uuid, NULL, NULL);
      return;
    }
  if (!bh_hypervisor_create_finish (self->hypervisor, result, &error))
    {
      if (self->prepared->guest && self->state == BH_MACHINE_CREATING)
        fall_back (self, error->message);
      else
        ended (self, error);
      return;
    }
  came_up (self);
}

/* Spare ones, and taking one over. */

static gboolean
pause_domain (virDomainPtr domain, gpointer data, GError **error)
{
  if (virDomainSuspend (domain) == 0)
    return TRUE;
  bh_monitor_set_libvirt_error (error, "The virtual machine could not be paused");
  return FALSE;
}

static gboolean
resume_domain (virDomainPtr domain, gpointer data, GError **error)
{
  if (virDomainResume (domain) == 0)
    return TRUE;
  bh_monitor_set_libvirt_error (error, "The virtual machine could not go on");
  return FALSE;
}

static void
on_paused (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  BhMachine *self = g_task_get_source_object (task);
  GError *error = NULL;

  self->pausing = FALSE;
  self->paused = bh_hypervisor_run_finish (BH_HYPERVISOR (source), result, &error);
  if (self->paused)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
bh_machine_pause_async (BhMachine *self, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, NULL, callback, data);

  self->pausing = TRUE;
  bh_hypervisor_run_async (self->hypervisor, self->uuid, pause_domain, NULL, NULL, on_paused, task);
}

gboolean
bh_machine_pause_finish (BhMachine *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
bh_machine_can_be_taken (BhMachine *self, const char *key)
{
  return self->spare && self->state == BH_MACHINE_UP && !self->pausing
         && g_str_equal (self->prepared->guest->key, key);
}

static void
on_resumed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhMachine) self = BH_MACHINE (data);
  g_autoptr (GError) error = NULL;

  if (bh_hypervisor_run_finish (BH_HYPERVISOR (source), result, &error))
    came_up (self);
  else if (self->state == BH_MACHINE_CREATING)
    fall_back (self, error->message);
  else
    came_up (self); /* which ends it */
}

/* Its folder, log and domain become ours; the domain's name stays. */
static gboolean
take_over (BhMachine *self, BhMachine *giver)
{
  g_autofree char *from = bh_paths_runtime_dir (giver->id);
  g_autofree char *to = bh_paths_runtime_dir (self->id);

  bh_domain_clean (self->id);
  if (rename (from, to) != 0)
    return FALSE;
  bh_log_adopt (self->id, giver->id);
  g_free (self->uuid);
  self->uuid = g_strdup (giver->uuid);
  self->paused = giver->paused;
  bh_machine_abandon (giver);
  self->way = "pool";
  say_open (self);
  if (self->paused)
    bh_hypervisor_run_async (self->hypervisor, self->uuid, resume_domain, NULL, NULL, on_resumed,
                             g_object_ref (self));
  else
    came_up (self);
  return TRUE;
}

/* Whether one that waited has become this one. */
static gboolean
take_spare (BhMachine *self)
{
  g_autoptr (BhMachine) giver = NULL;

  if (!self->pool || !self->prepared->guest)
    return FALSE;
  giver = bh_pool_take (self->pool, self->prepared->guest->key);
  if (!giver)
    return FALSE;
  if (take_over (self, giver))
    return TRUE;
  bh_machine_end (giver);
  return FALSE;
}

static void
on_prepare_step (const char *name, gpointer data)
{
  BhMachine *self = data;

  if (self->state == BH_MACHINE_PREPARING)
    emit_step (self, name);
}

static void
on_prepared (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhMachine) self = BH_MACHINE (data);
  g_autoptr (GError) error = NULL;
  BhPrepared *prepared = bh_prepare_finish (result, &error);

  g_clear_object (&self->cancellable);
  if (!prepared || self->state != BH_MACHINE_PREPARING)
    {
      if (prepared)
        bh_prepared_free (prepared);
      /* When it was cancelled, whoever did that knows why. */
      ended (self, self->state == BH_MACHINE_PREPARING ? error : NULL);
      return;
    }
  self->prepared = prepared;
  self->uuid = g_strdup (prepared->uuid);
  self->kvm = prepared->kvm;
  self->memory_mib = prepared->memory_mib;
  self->nics = prepared->nics;
  self->state = BH_MACHINE_CREATING;
  self->open = self->heard = FALSE;
  if (self->spare && !prepared->guest)
    {
      g_autoptr (GError) cannot =
          g_error_new (BH_ERROR, BH_ERROR_NOT_FOUND, "%s", prepared->why_boot);

      /* After an upgrade: to be made before somebody waits for it. */
      if (prepared->plan)
        bh_frozen_want (self->frozen, g_steal_pointer (&prepared->plan));
      ended (self, cannot);
    }
  else if (take_spare (self))
    return;
  else
    {
      self->way = prepared->guest ? "thawed" : "created";
      limit_creating (self, prepared->guest ? THAW_SECONDS : CREATE_SECONDS);
      bh_hypervisor_create_async (self->hypervisor, self->uuid, prepared->xml, on_created,
                                  g_object_ref (self));
      /* It goes on by itself as soon as QEMU has its state, before libvirt is done with starting it. */
      if (prepared->guest)
        say_open (self);
    }
}

static void
on_kvm_asked (GObject *source, GAsyncResult *result, gpointer data)
{
  BhMachine *self = BH_MACHINE (data);

  bh_prepare_async (self->id, self->config, self->debug, self->may_thaw ? self->frozen : NULL,
                    on_prepare_step, self->cancellable, on_prepared, self);
}

static void
prepare (BhMachine *self, gboolean may_thaw)
{
  self->state = BH_MACHINE_PREPARING;
  self->cancellable = g_cancellable_new ();
  self->may_thaw = may_thaw;
  bh_kvm_again_async (on_kvm_asked, g_object_ref (self));
}

void
bh_machine_start (BhMachine *self, BhVmConfig *config, gboolean debug)
{
  g_return_if_fail (self->state == BH_MACHINE_NEW);
  self->config = bh_vm_config_ref (config);
  self->debug = debug;
  hold (self, TRUE);
  prepare (self, TRUE);
}

void
bh_machine_start_spare (BhMachine *self, BhVmConfig *config)
{
  self->spare = TRUE;
  bh_log_prepare (self->id, NULL);
  bh_machine_start (self, config, FALSE);
}

void
bh_machine_adopt (BhMachine *self, const char *uuid, gboolean kvm, guint memory_mib,
                  guint nics)
{
  g_return_if_fail (self->state == BH_MACHINE_NEW);
  self->uuid = g_strdup (uuid);
  self->kvm = kvm;
  self->memory_mib = memory_mib;
  self->nics = nics;
  self->state = BH_MACHINE_UP;
  watch (self);
}

void
bh_machine_prove (BhMachine *self)
{
  hold (self, FALSE);
  if (!self->prepared)
    return;
  if (self->pool && (self->prepared->guest || self->prepared->plan))
    bh_pool_want (self->pool, self->config);
  if (self->prepared->plan)
    bh_frozen_want (self->frozen, g_steal_pointer (&self->prepared->plan));
  g_clear_pointer (&self->prepared->guest, bh_frozen_guest_unref);
}

void
bh_machine_abandon (BhMachine *self)
{
  self->state = BH_MACHINE_ENDED;
  hold (self, FALSE);
  g_clear_signal_handler (&self->domain_signal, self->hypervisor);
  g_clear_handle_id (&self->limit, g_source_remove);
}

BhMachineState
bh_machine_get_state (BhMachine *self)
{
  return self->state;
}

const char *
bh_machine_get_uuid (BhMachine *self)
{
  return self->uuid;
}

gboolean
bh_machine_get_kvm (BhMachine *self)
{
  return self->kvm;
}

guint
bh_machine_get_memory_mib (BhMachine *self)
{
  return self->memory_mib;
}

guint
bh_machine_get_nics (BhMachine *self)
{
  return self->nics;
}

static void
bh_machine_finalize (GObject *object)
{
  BhMachine *self = BH_MACHINE (object);

  bh_machine_abandon (self);
  g_clear_pointer (&self->config, bh_vm_config_unref);
  g_clear_pointer (&self->prepared, bh_prepared_free);
  g_object_unref (self->hypervisor);
  g_object_unref (self->frozen);
  g_free (self->id);
  g_free (self->uuid);
  G_OBJECT_CLASS (bh_machine_parent_class)->finalize (object);
}

static void
bh_machine_class_init (BhMachineClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_machine_finalize;
  signals[STEP] = g_signal_new ("step", BH_TYPE_MACHINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[OPEN] = g_signal_new ("open", BH_TYPE_MACHINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 0);
  signals[UP] =
      g_signal_new ("up", BH_TYPE_MACHINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
  signals[DOWN] = g_signal_new ("down", BH_TYPE_MACHINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 0);
  signals[ENDED] = g_signal_new ("ended", BH_TYPE_MACHINE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 1, G_TYPE_ERROR);
}

static void
bh_machine_init (BhMachine *self)
{
}

BhMachine *
bh_machine_new (const char *id, BhHypervisor *hypervisor, BhFrozen *frozen, BhPool *pool)
{
  BhMachine *self = g_object_new (BH_TYPE_MACHINE, NULL);

  self->id = g_strdup (id);
  self->hypervisor = g_object_ref (hypervisor);
  self->frozen = g_object_ref (frozen);
  self->pool = pool;
  return self;
}
