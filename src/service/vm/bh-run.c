/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One run of an AppVM: the only place where its state changes.
 *
 *   NEW → STARTING → BOOTING → READY → STOPPING → ENDED
 *
 * Its machine (bh-machine.h) is STARTING until its channel is there and BOOTING until its guest is configured;
 * one that was thawed and does not answer goes back to STARTING once, and boots.
 *
 * Any state before READY can go to STOPPING (with a reason), and every state to ENDED when the machine is
 * gone. READY is with or without windows ("attached"): a proxy that dies is replaced, a compositor that
 * goes away leaves the AppVM without windows until somebody names another. */
#include "config.h"

#include "bh-run-private.h"

#include "bh-domain-xml.h"
#include "bh-domain.h"
#include "bh-error.h"
#include "bh-guest-settings.h"
#include "bh-home.h"
#include "bh-log.h"
#include "bh-options.h"
#include "bh-parts.h"
#include "bh-paths.h"
#include "bh-run-file.h"
#include "bh-run-text.h"

#include <string.h>

#define ATTACH_SECONDS 20
/* A thawed guest is there at once, or something is wrong with it. */
#define THAW_SECONDS 10
#define ENDED_EARLY "The virtual machine ended while it started"

G_DEFINE_TYPE (BhRun, bh_run, G_TYPE_OBJECT)

enum
{
  STEP,
  READY,
  DETACHED,
  ENDED,
  PROGRAMS,
  LAUNCHED,
  LAUNCH_FAILED,
  EXITED,
  WINDOWS,
  IDLE,
  NOTICE,
  PART_CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void attach (BhRun *self, gboolean again);

static void
emit_step (BhRun *self, const char *name)
{
  g_free (self->boot_step);
  self->boot_step = g_strdup (name);
  g_signal_emit (self, signals[STEP], 0, name, bh_run_step_text (name));
}

void
bh_run_save (BhRun *self)
{
  if (bh_machine_get_uuid (self->machine))
    bh_run_file_save (self->id, bh_machine_get_uuid (self->machine), self->display,
                      bh_machine_get_kvm (self->machine), bh_machine_get_memory_mib (self->machine),
                      bh_machine_get_nics (self->machine),
                      self->next_program, self->programs);
}

static void
drop_link (BhRun *self)
{
  g_clear_handle_id (&self->limit, g_source_remove);
  if (self->cancellable)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (self->attached && self->parts)
    bh_parts_detached (self->parts);
  self->attached = FALSE;
  if (!self->link)
    return;
  g_signal_handlers_disconnect_by_data (self->link, self);
  bh_proxy_link_close (self->link);
  g_clear_object (&self->link);
}

static void
drop_parts (BhRun *self)
{
  self->parts_started = FALSE;
  if (!self->parts)
    return;
  g_signal_handlers_disconnect_by_data (self->parts, self);
  bh_parts_stop (self->parts);
  g_clear_object (&self->parts);
}

static void
end (BhRun *self)
{
  g_autoptr (BhRun) alive = g_object_ref (self);

  if (self->state == BH_RUN_ENDED)
    return;
  self->state = BH_RUN_ENDED;
  drop_link (self);
  drop_parts (self);
  g_clear_handle_id (&self->shutdown, g_source_remove);
  g_ptr_array_set_size (self->programs, 0);
  bh_log_line (self->id, "stopped%s%s", self->error ? ": " : "",
               self->error ? self->error->message : "");
  g_signal_emit (self, signals[ENDED], 0, self->error);
}

static void
destroy (BhRun *self)
{
  if (self->preparing)
    g_cancellable_cancel (self->preparing);
  g_clear_handle_id (&self->shutdown, g_source_remove);
  drop_link (self);
  drop_parts (self);
  bh_machine_end (self->machine); /* on_machine_ended() follows */
}

static gboolean
shutdown_over (gpointer data)
{
  BhRun *self = data;

  self->shutdown = 0;
  bh_log_line (self->id, "did not end by itself in time");
  destroy (self);
  return G_SOURCE_REMOVE;
}

void
bh_run_stop (BhRun *self, gboolean force, const GError *error)
{
  BhRunState before = self->state;

  if (before == BH_RUN_ENDED)
    return;
  if (before == BH_RUN_STOPPING)
    {
      /* Only a second, forced one changes anything: it does not wait for the guest. */
      if (force && self->shutdown)
        destroy (self);
      return;
    }
  if (error)
    self->error = before < BH_RUN_READY ? bh_run_boot_error (self->id, self->boot_step, error)
                                        : g_error_copy (error);
  self->state = BH_RUN_STOPPING;
  g_clear_handle_id (&self->limit, g_source_remove);
  if (before == BH_RUN_READY && !force && (self->disk || self->attached))
    {
      if (self->disk)
        bh_machine_press_power_button (self->machine);
      else
        bh_proxy_link_shutdown (self->link);
      self->shutdown = g_timeout_add_seconds (bh_home_get_stop_seconds (self->config),
                                              shutdown_over, self);
    }
  else
    destroy (self);
}

/* What the window gate says. */

static void
on_step (BhProxyLink *link, const char *name, BhRun *self)
{
  if (g_str_equal (name, "hello"))
    bh_machine_heard (self->machine);
  if (self->state == BH_RUN_BOOTING || self->state == BH_RUN_STARTING)
    emit_step (self, name);
}

static void
on_idle (BhProxyLink *link, BhRun *self)
{
  g_signal_emit (self, signals[IDLE], 0);
}

static void
on_notice (BhProxyLink *link, const char *text, BhRun *self)
{
  bh_log_line (self->id, "notice: %s", text);
  g_signal_emit (self, signals[NOTICE], 0, text);
}

/* The proxy. */

/* Whether another proxy may be started now: not more than three in a minute. */
static gboolean
may_respawn (BhRun *self)
{
  gint64 now = g_get_monotonic_time ();

  if (self->proxy_times[0] != 0 && now - self->proxy_times[0] < 60 * G_USEC_PER_SEC)
    return FALSE;
  memmove (self->proxy_times, self->proxy_times + 1, sizeof self->proxy_times - sizeof now);
  self->proxy_times[MAX_PROXIES_PER_MINUTE - 1] = now;
  return TRUE;
}

static void
hide_windows (BhRun *self)
{
  drop_link (self);
  bh_run_hide_programs (self);
}

static void
detach (BhRun *self, const char *why)
{
  hide_windows (self);
  self->tries = 0;
  bh_log_line (self->id, "without windows: %s", why);
  g_signal_emit (self, signals[DETACHED], 0, why);
}

/* The proxy of a running AppVM has ended: another one, unless it was the desktop that went or it is one
 * too many. Launches that wait for it go on waiting. */
static void
recover (BhRun *self, gboolean display_gone, const char *detail)
{
  g_autofree char *why = NULL;

  if (display_gone)
    detach (self, "The desktop is gone. Start a program in it to have its windows back.");
  else if (may_respawn (self))
    {
      hide_windows (self);
      attach (self, TRUE);
    }
  else
    {
      why = g_strdup_printf (
          "Its window gate ended too often (%s). Start a program in it to try again.", detail);
      detach (self, why);
      g_signal_emit (self, signals[NOTICE], 0, why);
    }
}

static void
on_gone (BhProxyLink *link, const char *reason, const char *detail, BhRun *self)
{
  bh_log_line (self->id, "the window gate %s (%s)", detail, *reason ? reason : "no reason given");
  if (self->state == BH_RUN_READY)
    recover (self, g_str_equal (reason, "display"), detail);
  else if (self->state == BH_RUN_BOOTING)
    {
      /* The guest is configured, and a part still starts. */
      g_autoptr (GError) error = g_error_new (BH_ERROR, BH_ERROR_BOOT_FAILED,
                                              "The window gate of the AppVM ended: %s", detail);
      bh_run_stop (self, TRUE, error);
    }
  else
    drop_link (self); /* stopping: the machine's own end follows, or the timer's */
}

static gboolean
attach_over (gpointer data)
{
  BhRun *self = data;
  g_autoptr (GError) error = NULL;

  self->limit = 0;
  if (bh_machine_fall_back (self->machine, "it did not answer in time"))
    return G_SOURCE_REMOVE;
  if (self->state == BH_RUN_BOOTING)
    {
      error = g_error_new (BH_ERROR, BH_ERROR_BOOT_FAILED, "The AppVM was not ready in time");
      bh_run_stop (self, TRUE, error);
    }
  else if (self->state == BH_RUN_STARTING)
    drop_link (self); /* once more when its machine is up */
  else
    detach (self, "The AppVM does not answer.");
  return G_SOURCE_REMOVE;
}

/* The windows' way is open and every part has started. */
static void
maybe_ready (BhRun *self)
{
  if (!self->attached || !self->parts_started)
    return;
  self->state = BH_RUN_READY;
  bh_run_save (self);
  bh_parts_attached (self->parts, self->link);
  g_signal_emit (self, signals[READY], 0);
}

static void
on_link_open (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhRun) self = BH_RUN (data);
  g_autoptr (GError) error = NULL;
  gboolean good = bh_proxy_link_open_finish (BH_PROXY_LINK (source), result, &error);

  if (BH_PROXY_LINK (source) != self->link)
    return; /* given up meanwhile */
  g_clear_handle_id (&self->limit, g_source_remove);
  g_clear_object (&self->cancellable);
  if (!good && self->state == BH_RUN_READY && bh_proxy_link_is_unheard (self->link))
    {
      drop_link (self);
      attach (self, TRUE);
      return;
    }
  if (!good)
    {
      /* Without a display, booting would end in the same. */
      if (!g_error_matches (error, BH_ERROR, BH_ERROR_NO_DISPLAY)
          && bh_machine_fall_back (self->machine, error->message))
        return;
      if (self->state == BH_RUN_BOOTING && bh_domain_find_pid (self->id) == 0)
        {
          /* QEMU's end is what closed the channel; libvirt's event for it is on its way. */
          g_clear_error (&error);
          error = g_error_new (BH_ERROR, BH_ERROR_BOOT_FAILED, ENDED_EARLY);
        }
      /* A desktop that goes looks for a moment like one that has only lost its proxy (bh-proxy-link.c). */
      if (self->state == BH_RUN_READY)
        recover (self, g_error_matches (error, BH_ERROR, BH_ERROR_NO_DISPLAY), error->message);
      else if (self->state == BH_RUN_BOOTING
               || g_error_matches (error, BH_ERROR, BH_ERROR_NO_DISPLAY))
        bh_run_stop (self, TRUE, error);
      else if (self->state == BH_RUN_STARTING)
        drop_link (self); /* once more when it is up */
      return;
    }
  self->attached = TRUE;
  self->tries = 0;
  if (self->state != BH_RUN_STARTING)
    bh_machine_prove (self->machine);
  maybe_ready (self);
}

static guint
attach_seconds (BhRun *self)
{
  if (bh_machine_is_thawing (self->machine))
    return THAW_SECONDS;
  return self->state != BH_RUN_READY
             ? bh_options_boot_seconds (bh_machine_get_kvm (self->machine))
             : ATTACH_SECONDS;
}

static void
attach (BhRun *self, gboolean again)
{
  g_return_if_fail (!self->link && self->display && self->parts);
  self->cancellable = g_cancellable_new ();
  self->link = bh_proxy_link_new (
      self->id, bh_vm_config_get (self->config, "Name"), bh_vm_config_get (self->config, "Color"),
      self->display, bh_parts_add_settings (self->parts, bh_guest_settings_new (self->id)));
  g_signal_connect (self->link, "step", G_CALLBACK (on_step), self);
  bh_run_follow_programs (self);
  g_signal_connect (self->link, "idle", G_CALLBACK (on_idle), self);
  g_signal_connect (self->link, "notice", G_CALLBACK (on_notice), self);
  g_signal_connect (self->link, "gone", G_CALLBACK (on_gone), self);
  self->limit = g_timeout_add_seconds (attach_seconds (self), attach_over, self);
  self->tries = again && !self->disk ? self->tries + 1 : 0;
  if (self->disk) /* its window comes back with another window gate, as those of programs do */
    bh_proxy_link_set_screen (
        self->link, self->hypervisor, bh_machine_get_uuid (self->machine),
        bh_vm_config_get (self->config, "Image"),
        self->programs->len > 0 ? ((BhProgram *) self->programs->pdata[0])->id : 0);
  bh_proxy_link_open_async (self->link, self->tries, self->cancellable, on_link_open,
                            g_object_ref (self));
}

void
bh_run_attach (BhRun *self, const char *display)
{
  if (self->state != BH_RUN_READY || self->link)
    return;
  g_free (self->display);
  self->display = g_strdup (display);
  attach (self, TRUE);
}

gboolean
bh_run_is_attached (BhRun *self)
{
  return self->attached;
}

/* The parts. */

static void
on_part_changed (BhParts *parts, const char *name, BhRun *self)
{
  g_signal_emit (self, signals[PART_CHANGED], 0, name);
}

static void
on_part_notice (BhParts *parts, const char *text, BhRun *self)
{
  on_notice (NULL, text, self);
}

static void
make_parts (BhRun *self)
{
  self->parts = bh_parts_new (self->config, self->hypervisor);
  if (self->home)
    bh_home_give (bh_parts_find (self->parts, "home"), self->home);
  g_signal_connect (self->parts, "notice", G_CALLBACK (on_part_notice), self);
  g_signal_connect (self->parts, "changed", G_CALLBACK (on_part_changed), self);
}

static void
on_parts_started (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhRun) self = BH_RUN (data);
  g_autoptr (GError) error = NULL;
  gboolean good = bh_parts_start_finish (BH_PARTS (source), result, &error);

  if (BH_PARTS (source) != self->parts || self->state != BH_RUN_BOOTING)
    return; /* of a machine that is gone, or on its way */
  if (!good)
    {
      bh_run_stop (self, TRUE, error);
      return;
    }
  self->parts_started = TRUE;
  maybe_ready (self);
}

/* The machine. */

static void
on_machine_step (BhMachine *machine, const char *name, BhRun *self)
{
  if (self->state == BH_RUN_STARTING || self->state == BH_RUN_BOOTING)
    emit_step (self, name);
}

static void
on_machine_open (BhMachine *machine, BhRun *self)
{
  if (self->state != BH_RUN_STARTING)
    return;
  make_parts (self);
  attach (self, FALSE);
}

static void
on_machine_up (BhMachine *machine, BhRun *self)
{
  if (self->state != BH_RUN_STARTING)
    return;
  self->state = BH_RUN_BOOTING;
  bh_run_save (self);
  if (!self->link)
    attach (self, FALSE); /* it was too early the first time */
  if (self->attached)
    bh_machine_prove (self->machine);
  bh_parts_start_async (self->parts, bh_machine_get_uuid (machine), bh_machine_get_nics (machine),
                        NULL, on_parts_started, g_object_ref (self));
}

static void
on_machine_down (BhMachine *machine, BhRun *self)
{
  drop_link (self);
  drop_parts (self);
  if (self->state == BH_RUN_BOOTING)
    self->state = BH_RUN_STARTING;
}

static void
on_machine_ended (BhMachine *machine, const GError *error, BhRun *self)
{
  g_autoptr (GError) early = g_error_new (BH_ERROR, BH_ERROR_BOOT_FAILED, ENDED_EARLY);

  if (self->error)
    error = NULL; /* why it was ended is known */
  else if (self->state == BH_RUN_BOOTING && !error)
    error = early;
  if (error)
    self->error = bh_run_boot_error (self->id, self->boot_step, error);
  else if (self->state == BH_RUN_READY && !self->error
           && !(self->disk && bh_machine_has_powered_off (machine)))
    self->error = g_error_new (BH_ERROR, BH_ERROR_FAILED, "“%s” stopped by itself",
                               bh_vm_config_get (self->config, "Name"));
  end (self);
}

static void
on_home_ready (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhRun) self = BH_RUN (data);
  g_autoptr (GError) error = NULL;

  g_clear_object (&self->preparing);
  self->home = bh_home_prepare_finish (result, &error);
  if (self->state != BH_RUN_STARTING)
    return; /* stopped meanwhile */
  if (self->home)
    bh_machine_start (self->machine, self->config, self->debug);
  else
    bh_run_stop (self, TRUE, error);
}

void
bh_run_start (BhRun *self, const char *display, gboolean debug)
{
  g_return_if_fail (self->state == BH_RUN_NEW);
  self->display = g_strdup (display);
  bh_log_prepare (self->id, NULL);
  bh_log_line (self->id, BH_RUN_LOG_MARK);
  self->state = BH_RUN_STARTING;
  if (bh_home_is_simple (self->config))
    {
      bh_machine_start (self->machine, self->config, debug);
      return;
    }
  self->debug = debug;
  self->preparing = g_cancellable_new ();
  emit_step (self, "home");
  bh_home_prepare_async (self->config, self->preparing, on_home_ready,
                         g_object_ref (self));
}

void
bh_run_adopt (BhRun *self, const char *uuid)
{
  gboolean kvm = FALSE;
  guint memory_mib = (guint) bh_vm_config_get_int (self->config, "Memory");
  guint nics = BH_DOMAIN_FEW_NICS;

  g_return_if_fail (self->state == BH_RUN_NEW);
  bh_run_file_load (self->id, uuid, &self->display, &kvm, &memory_mib, &nics, &self->next_program,
                    self->programs);
  bh_log_line (self->id, "found running");
  bh_machine_adopt (self->machine, uuid, kvm, memory_mib, nics);
  make_parts (self);
  bh_parts_adopt (self->parts, uuid, nics);
  self->parts_started = TRUE;
  self->state = BH_RUN_READY;
  if (self->display)
    attach (self, TRUE);
}

void
bh_run_abandon (BhRun *self)
{
  self->state = BH_RUN_ENDED;
  drop_link (self);
  g_clear_handle_id (&self->shutdown, g_source_remove);
  if (self->parts)
    {
      g_signal_handlers_disconnect_by_data (self->parts, self);
      bh_parts_abandon (self->parts);
      g_clear_object (&self->parts);
    }
  g_signal_handlers_disconnect_by_data (self->machine, self);
  bh_machine_abandon (self->machine);
}

void
bh_run_set_config (BhRun *self, BhVmConfig *config)
{
  bh_vm_config_ref (config);
  bh_vm_config_unref (self->config);
  self->config = config;
  if (self->parts)
    bh_parts_changed (self->parts, config);
  if (self->attached)
    bh_proxy_link_set_identity (self->link, bh_vm_config_get (config, "Name"),
                                bh_vm_config_get (config, "Color"));
}

BhParts *
bh_run_get_parts (BhRun *self)
{
  return self->parts;
}

const char *
bh_run_get_display (BhRun *self)
{
  return self->display;
}

BhRunState
bh_run_get_state (BhRun *self)
{
  return self->state;
}

gboolean
bh_run_get_kvm (BhRun *self)
{
  return bh_machine_get_kvm (self->machine);
}

guint
bh_run_get_memory_mib (BhRun *self)
{
  return bh_machine_get_memory_mib (self->machine);
}

static void
bh_run_finalize (GObject *object)
{
  BhRun *self = BH_RUN (object);

  bh_run_abandon (self);
  bh_vm_config_unref (self->config);
  g_clear_pointer (&self->home, bh_home_ready_unref);
  g_clear_object (&self->preparing);
  g_object_unref (self->machine);
  g_object_unref (self->hypervisor);
  g_clear_error (&self->error);
  g_ptr_array_unref (self->programs);
  g_free (self->id);
  g_free (self->display);
  g_free (self->boot_step);
  G_OBJECT_CLASS (bh_run_parent_class)->finalize (object);
}

static guint
new_signal (const char *name, guint n, GType a, GType b, GType c, GType d)
{
  return g_signal_new (name, BH_TYPE_RUN, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, n, a,
                       b, c, d);
}

static void
bh_run_class_init (BhRunClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_run_finalize;
  signals[STEP] = new_signal ("step", 2, G_TYPE_STRING, G_TYPE_STRING, 0, 0);
  signals[READY] = new_signal ("ready", 0, 0, 0, 0, 0);
  signals[DETACHED] = new_signal ("detached", 1, G_TYPE_STRING, 0, 0, 0);
  signals[ENDED] = new_signal ("ended", 1, G_TYPE_ERROR, 0, 0, 0);
  signals[PROGRAMS] = new_signal ("programs", 0, 0, 0, 0, 0);
  signals[LAUNCHED] = new_signal ("launched", 1, G_TYPE_UINT, 0, 0, 0);
  signals[LAUNCH_FAILED] = new_signal ("launch-failed", 2, G_TYPE_UINT, G_TYPE_ERROR, 0, 0);
  signals[EXITED] = new_signal ("exited", 4, G_TYPE_UINT, G_TYPE_STRING, G_TYPE_UINT, G_TYPE_BYTES);
  signals[WINDOWS] = new_signal ("windows", 2, G_TYPE_UINT, G_TYPE_UINT, 0, 0);
  signals[IDLE] = new_signal ("idle", 0, 0, 0, 0, 0);
  signals[NOTICE] = new_signal ("notice", 1, G_TYPE_STRING, 0, 0, 0);
  signals[PART_CHANGED] = new_signal ("part-changed", 1, G_TYPE_STRING, 0, 0, 0);
}

static void
bh_run_init (BhRun *self)
{
  self->programs = bh_programs_new ();
  self->next_program = 1;
}

BhRun *
bh_run_new (BhVmConfig *config, BhHypervisor *hypervisor, BhPool *pool)
{
  BhRun *self = g_object_new (BH_TYPE_RUN, NULL);

  self->config = bh_vm_config_ref (config);
  self->id = g_strdup (bh_vm_config_get_id (config));
  self->disk = bh_vm_config_is_disk (config);
  self->hypervisor = g_object_ref (hypervisor);
  self->machine = bh_machine_new (self->id, hypervisor, bh_pool_get_frozen (pool), pool);
  g_signal_connect (self->machine, "step", G_CALLBACK (on_machine_step), self);
  g_signal_connect (self->machine, "open", G_CALLBACK (on_machine_open), self);
  g_signal_connect (self->machine, "up", G_CALLBACK (on_machine_up), self);
  g_signal_connect (self->machine, "down", G_CALLBACK (on_machine_down), self);
  g_signal_connect (self->machine, "ended", G_CALLBACK (on_machine_ended), self);
  return self;
}
