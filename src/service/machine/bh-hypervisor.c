/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The connection to libvirt.
 *
 * libvirt-glib gives libvirt our main loop; the calls themselves are libvirt's own, because it needs to
 * know when the daemon has died, and GVirConnection has no signal for that. */
#include "config.h"

#include "bh-hypervisor.h"

#include "bh-error.h"

#include <libvirt-glib/libvirt-glib.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>

#define PREFIX "bulkhead-"
#define RECONNECT_SECONDS 1

struct _BhHypervisor
{
  GObject parent;
  char *uri;
  GMutex lock;         /* of conn */
  virConnectPtr conn;  /* NULL: not connected */
  GHashTable *watched; /* set of uuids */
  guint reconnect;
};

G_DEFINE_TYPE (BhHypervisor, bh_hypervisor, G_TYPE_OBJECT)

enum
{
  DOMAIN_STOPPED,
  DOMAIN_FULL,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void schedule_reconnect (BhHypervisor *self);

/* Events; main context. */

static void
emit_stopped (BhHypervisor *self, const char *uuid, gboolean powered_off)
{
  g_signal_emit (self, signals[DOMAIN_STOPPED], g_quark_from_string (uuid), uuid, powered_off);
}

static int
on_lifecycle (virConnectPtr conn, virDomainPtr domain, int event, int detail, void *data)
{
  BhHypervisor *self = BH_HYPERVISOR (data);
  char uuid[VIR_UUID_STRING_BUFLEN];

  if (event == VIR_DOMAIN_EVENT_STOPPED && virDomainGetUUIDString (domain, uuid) == 0)
    {
      g_debug ("Domain %s stopped (%d)", virDomainGetName (domain), detail);
      if (g_hash_table_contains (self->watched, uuid))
        emit_stopped (self, uuid, detail == VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN);
    }
  return 0;
}

static void
on_io_error (virConnectPtr conn, virDomainPtr domain, const char *path, const char *alias,
             int action, const char *reason, void *data)
{
  BhHypervisor *self = BH_HYPERVISOR (data);
  char uuid[VIR_UUID_STRING_BUFLEN];

  g_debug ("Domain %s: %s of %s", virDomainGetName (domain), reason, alias);
  if (action == VIR_DOMAIN_EVENT_IO_ERROR_PAUSE && virDomainGetUUIDString (domain, uuid) == 0
      && g_hash_table_contains (self->watched, uuid))
    g_signal_emit (self, signals[DOMAIN_FULL], g_quark_from_string (uuid), uuid);
}

static void
close_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  virConnectClose (data);
}

/* virConnectClose talks to the daemon, so it may take its time. */
static void
drop_connection (BhHypervisor *self)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);
  virConnectPtr conn;

  g_mutex_lock (&self->lock);
  conn = g_steal_pointer (&self->conn);
  g_mutex_unlock (&self->lock);
  if (!conn)
    return;
  g_task_set_task_data (task, conn, NULL);
  g_task_run_in_thread (task, close_in_thread);
}

static void
on_closed (virConnectPtr conn, int reason, void *data)
{
  BhHypervisor *self = BH_HYPERVISOR (data);

  if (reason == VIR_CONNECT_CLOSE_REASON_CLIENT)
    return;
  g_message ("The connection to libvirt is lost (%d)", reason);
  drop_connection (self);
  if (g_hash_table_size (self->watched) > 0)
    schedule_reconnect (self);
}

/* What follows runs in threads. */

static void
set_error (GError **error, BhError fallback, const char *what)
{
  virErrorPtr last = virGetLastError ();
  const char *message = last && last->message ? last->message : "unknown error";

  if (last && last->code == VIR_ERR_NO_MEMORY)
    fallback = BH_ERROR_NO_MEMORY;
  if (last && (last->code == VIR_ERR_CONFIG_UNSUPPORTED || last->code == VIR_ERR_NO_SUPPORT))
    fallback = BH_ERROR_NO_HYPERVISOR;
  if (strstr (message, "Cannot allocate memory") || strstr (message, "cannot set up guest memory"))
    fallback = BH_ERROR_NO_MEMORY;
  g_set_error (error, BH_ERROR, fallback, "%s: %s", what, message);
}

virConnectPtr
bh_hypervisor_connect (BhHypervisor *self, GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (self->conn && virConnectIsAlive (self->conn) != 1)
    g_clear_pointer (&self->conn, virConnectClose);
  if (!self->conn)
    {
      virConnectPtr conn = virConnectOpen (self->uri);

      if (!conn)
        {
          set_error (error, BH_ERROR_NO_HYPERVISOR,
                     "libvirt cannot be reached. Install the packages libvirt-daemon and "
                     "libvirt-daemon-driver-qemu. It says");
          return NULL;
        }
      /* Neither is there for the test driver, and neither is needed to go on. */
      virConnectSetKeepAlive (conn, 5, 3);
      virConnectRegisterCloseCallback (conn, on_closed, self, NULL);
      if (virConnectDomainEventRegisterAny (conn, NULL, VIR_DOMAIN_EVENT_ID_LIFECYCLE,
                                            VIR_DOMAIN_EVENT_CALLBACK (on_lifecycle), self, NULL)
          < 0)
        {
          set_error (error, BH_ERROR_NO_HYPERVISOR, "libvirt sends no events");
          virConnectClose (conn);
          return NULL;
        }
      virConnectDomainEventRegisterAny (conn, NULL, VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON,
                                        VIR_DOMAIN_EVENT_CALLBACK (on_io_error), self, NULL);
      self->conn = conn;
    }
  virConnectRef (self->conn);
  return self->conn;
}

typedef struct
{
  char *uuid;
  char *xml;
  BhHypervisorFunc run;
  gpointer data;
  GDestroyNotify free_data;
} Call;

static gint calls; /* in threads, of all connections */

static void
call_free (gpointer data)
{
  Call *call = data;

  g_free (call->uuid);
  g_free (call->xml);
  if (call->free_data)
    call->free_data (call->data);
  g_free (call);
}

static void
call_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GTaskThreadFunc function = g_object_get_data (G_OBJECT (task), "function");

  function (task, source, data, cancellable);
  g_atomic_int_dec_and_test (&calls);
}

void
bh_hypervisor_run_in_thread (GTask *task, GTaskThreadFunc function)
{
  g_object_set_data (G_OBJECT (task), "function", function);
  g_atomic_int_inc (&calls);
  g_task_run_in_thread (task, call_in_thread);
}

static void
start_call (BhHypervisor *self, GTaskThreadFunc function, Call *call, GAsyncReadyCallback callback,
            gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);

  g_task_set_task_data (task, call, call_free);
  bh_hypervisor_run_in_thread (task, function);
}

static void
run (BhHypervisor *self, GTaskThreadFunc function, const char *uuid, const char *xml,
     GAsyncReadyCallback callback, gpointer data)
{
  Call *call = g_new0 (Call, 1);

  call->uuid = g_strdup (uuid);
  call->xml = g_strdup (xml);
  start_call (self, function, call, callback, data);
}

gboolean
bh_hypervisor_finish_calls (guint seconds)
{
  gint64 deadline = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;

  /* libvirt's answers are read by the main loop as well. */
  while (g_atomic_int_get (&calls) > 0 && g_get_monotonic_time () < deadline)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (5000);
  return g_atomic_int_get (&calls) == 0;
}

static void
create_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Call *call = data;
  GError *error = NULL;
  virConnectPtr conn = bh_hypervisor_connect (source, &error);
  virDomainPtr domain;

  if (!conn)
    {
      g_task_return_error (task, error);
      return;
    }
  domain = virDomainCreateXML (conn, call->xml, VIR_DOMAIN_NONE);
  if (domain)
    {
      virDomainFree (domain);
      g_task_return_boolean (task, TRUE);
    }
  else
    {
      set_error (&error, BH_ERROR_BOOT_FAILED, "The virtual machine could not be started");
      g_task_return_error (task, error);
    }
  virConnectClose (conn);
}

void
bh_hypervisor_create_async (BhHypervisor *self, const char *uuid, const char *xml,
                            GAsyncReadyCallback callback, gpointer data)
{
  run (self, create_in_thread, uuid, xml, callback, data);
}

gboolean
bh_hypervisor_create_finish (BhHypervisor *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
destroy_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Call *call = data;
  GError *error = NULL;
  virConnectPtr conn = bh_hypervisor_connect (source, &error);
  virDomainPtr domain;

  if (!conn)
    {
      g_task_return_error (task, error);
      return;
    }
  domain = virDomainLookupByUUIDString (conn, call->uuid);
  if (domain && virDomainDestroy (domain) != 0
      && virGetLastError ()->code != VIR_ERR_OPERATION_INVALID
      && virGetLastError ()->code != VIR_ERR_NO_DOMAIN)
    {
      set_error (&error, BH_ERROR_FAILED, "The virtual machine could not be ended");
      g_task_return_error (task, error);
    }
  else
    g_task_return_boolean (task, TRUE);
  if (domain)
    virDomainFree (domain);
  virConnectClose (conn);
}

void
bh_hypervisor_destroy_async (BhHypervisor *self, const char *uuid, GAsyncReadyCallback callback,
                             gpointer data)
{
  run (self, destroy_in_thread, uuid, NULL, callback, data);
}

gboolean
bh_hypervisor_destroy_finish (BhHypervisor *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
run_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Call *call = data;
  GError *error = NULL;
  virConnectPtr conn = bh_hypervisor_connect (source, &error);
  virDomainPtr domain = conn ? virDomainLookupByUUIDString (conn, call->uuid) : NULL;

  if (conn && !domain)
    g_set_error (&error, BH_ERROR, BH_ERROR_NOT_RUNNING, "The virtual machine is gone");
  if (domain && call->run (domain, call->data, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
  if (domain)
    virDomainFree (domain);
  if (conn)
    virConnectClose (conn);
}

void
bh_hypervisor_run_async (BhHypervisor *self, const char *uuid, BhHypervisorFunc function,
                         gpointer data, GDestroyNotify free_data, GAsyncReadyCallback callback,
                         gpointer user_data)
{
  Call *call = g_new0 (Call, 1);

  call->uuid = g_strdup (uuid);
  call->run = function;
  call->data = data;
  call->free_data = free_data;
  start_call (self, run_in_thread, call, callback, user_data);
}

gboolean
bh_hypervisor_run_finish (BhHypervisor *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
list_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  virConnectPtr conn = bh_hypervisor_connect (source, &error);
  virDomainPtr *domains = NULL;
  GHashTable *out;
  int n;

  if (!conn)
    {
      g_task_return_error (task, error);
      return;
    }
  n = virConnectListAllDomains (conn, &domains, VIR_CONNECT_LIST_DOMAINS_ACTIVE);
  if (n < 0)
    {
      set_error (&error, BH_ERROR_NO_HYPERVISOR, "libvirt does not list its virtual machines");
      virConnectClose (conn);
      g_task_return_error (task, error);
      return;
    }
  out = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (int i = 0; i < n; i++)
    {
      const char *name = virDomainGetName (domains[i]);
      char uuid[VIR_UUID_STRING_BUFLEN];

      if (name && g_str_has_prefix (name, PREFIX) && virDomainGetUUIDString (domains[i], uuid) == 0)
        g_hash_table_insert (out, g_strdup (name + strlen (PREFIX)), g_strdup (uuid));
      virDomainFree (domains[i]);
    }
  free (domains);
  virConnectClose (conn);
  g_task_return_pointer (task, out, (GDestroyNotify) g_hash_table_unref);
}

void
bh_hypervisor_list_async (BhHypervisor *self, GAsyncReadyCallback callback, gpointer data)
{
  run (self, list_in_thread, NULL, NULL, callback, data);
}

GHashTable *
bh_hypervisor_list_finish (BhHypervisor *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
describe_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  virConnectPtr conn = bh_hypervisor_connect (source, &error);
  unsigned long library = 0;
  const char *type;
  char *text;

  if (!conn)
    {
      g_task_return_error (task, error);
      return;
    }
  virConnectGetLibVersion (conn, &library);
  type = virConnectGetType (conn);
  text = g_strdup_printf ("libvirt %lu.%lu.%lu (%s)", library / 1000000, library / 1000 % 1000,
                          library % 1000, type ? type : "?");
  virConnectClose (conn);
  g_task_return_pointer (task, text, g_free);
}

void
bh_hypervisor_describe_async (BhHypervisor *self, GAsyncReadyCallback callback, gpointer data)
{
  run (self, describe_in_thread, NULL, NULL, callback, data);
}

char *
bh_hypervisor_describe_finish (BhHypervisor *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Main context again. */

void
bh_hypervisor_watch (BhHypervisor *self, const char *uuid)
{
  g_hash_table_add (self->watched, g_strdup (uuid));
}

void
bh_hypervisor_unwatch (BhHypervisor *self, const char *uuid)
{
  g_hash_table_remove (self->watched, uuid);
}

static void
on_relisted (GObject *source, GAsyncResult *result, gpointer data)
{
  BhHypervisor *self = BH_HYPERVISOR (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) domains = bh_hypervisor_list_finish (self, result, &error);
  g_autoptr (GHashTable) running = g_hash_table_new (g_str_hash, g_str_equal);
  g_auto (GStrv) watched = NULL;
  GHashTableIter iter;
  gpointer uuid;

  if (!domains)
    {
      g_message ("No connection to libvirt yet: %s", error->message);
      if (g_hash_table_size (self->watched) > 0)
        schedule_reconnect (self);
      return;
    }
  g_hash_table_iter_init (&iter, domains);
  while (g_hash_table_iter_next (&iter, NULL, &uuid))
    g_hash_table_add (running, uuid);
  watched = (char **) g_hash_table_get_keys_as_array (self->watched, NULL);
  for (char **p = watched; *p; p++)
    *p = g_strdup (*p);
  for (char **p = watched; *p; p++)
    if (!g_hash_table_contains (running, *p))
      emit_stopped (self, *p, FALSE);
}

static gboolean
reconnect (gpointer data)
{
  BhHypervisor *self = data;

  self->reconnect = 0;
  bh_hypervisor_list_async (self, on_relisted, NULL);
  return G_SOURCE_REMOVE;
}

static void
schedule_reconnect (BhHypervisor *self)
{
  if (self->reconnect == 0)
    self->reconnect = g_timeout_add_seconds (RECONNECT_SECONDS, reconnect, self);
}

static void
bh_hypervisor_finalize (GObject *object)
{
  BhHypervisor *self = BH_HYPERVISOR (object);

  g_clear_handle_id (&self->reconnect, g_source_remove);
  if (self->conn)
    {
      virConnectUnregisterCloseCallback (self->conn, on_closed);
      virConnectClose (self->conn);
    }
  g_mutex_clear (&self->lock);
  g_hash_table_unref (self->watched);
  g_free (self->uri);
  G_OBJECT_CLASS (bh_hypervisor_parent_class)->finalize (object);
}

static void
bh_hypervisor_class_init (BhHypervisorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_hypervisor_finalize;
  signals[DOMAIN_STOPPED] =
      g_signal_new ("domain-stopped", BH_TYPE_HYPERVISOR, G_SIGNAL_RUN_LAST | G_SIGNAL_DETAILED, 0,
                    NULL, NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_BOOLEAN);
  signals[DOMAIN_FULL] =
      g_signal_new ("domain-full", BH_TYPE_HYPERVISOR, G_SIGNAL_RUN_LAST | G_SIGNAL_DETAILED, 0,
                    NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
ignore_error (void *data, virErrorPtr error)
{
}

static void
bh_hypervisor_init (BhHypervisor *self)
{
  const char *uri = g_getenv ("BULKHEAD_LIBVIRT_URI");

  g_mutex_init (&self->lock);
  self->uri = g_strdup (uri && *uri ? uri : "qemu:///session");
  self->watched = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  /* libvirt would print each error, handled or not. */
  virSetErrorFunc (NULL, ignore_error);
}

BhHypervisor *
bh_hypervisor_new (void)
{
  static gsize registered;

  if (g_once_init_enter (&registered))
    {
      gvir_event_register ();
      g_once_init_leave (&registered, 1);
    }
  return g_object_new (BH_TYPE_HYPERVISOR, NULL);
}
