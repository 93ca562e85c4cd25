/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * /dev/kvm for this user, through the helper.
 *
 * What the helper gives lasts as long as the service. Who has asked for it once means it for good, so that is written
 * down, and the next service asks again before its first AppVM starts. */
#include "config.h"

#include "bh-kvm.h"

#include "bh-accel.h"
#include "bh-helper-link.h"
#include "bh-host-kind.h"
#include "bh-service-conf.h"

#include <string.h>
#include <unistd.h>

#define KEY "EnableKvm"
/* A start does not wait for a person who does not answer polkit. */
#define AGAIN_SECONDS 60

gboolean
bh_kvm_can_enable (void)
{
  g_autoptr (GDBusConnection) bus = NULL;
  g_autoptr (GVariant) reply = NULL, names = NULL;
  const char *name;
  GVariantIter iter;

  if (bh_accel_can_open_kvm ()
      || (access ("/dev/kvm", F_OK) != 0 && !bh_host_has_cpu_flag ("vmx") && !bh_host_has_cpu_flag ("svm")))
    return FALSE;
  bus = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, NULL);
  if (!bus)
    return FALSE;
  g_dbus_connection_set_exit_on_close (bus, FALSE);
  reply = g_dbus_connection_call_sync (bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                       "org.freedesktop.DBus", "ListActivatableNames", NULL,
                                       G_VARIANT_TYPE ("(as)"), G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
  if (!reply)
    return FALSE;
  names = g_variant_get_child_value (reply, 0);
  g_variant_iter_init (&iter, names);
  while (g_variant_iter_next (&iter, "&s", &name))
    if (strcmp (name, BH_HELPER_NAME) == 0)
      return TRUE;
  return FALSE;
}

static void
on_enabled (GObject *source, GAsyncResult *result, gpointer data)
{
  GDBusMethodInvocation *invocation = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = bh_helper_link_call_finish (result, NULL, &error);

  if (reply && bh_service_conf_set (KEY, "true", &error))
    bh_dbus_manager1_complete_enable_kvm (NULL, invocation);
  else
    g_dbus_method_invocation_return_gerror (invocation, error);
}

static gboolean
on_enable_kvm (BhDbusManager1 *manager, GDBusMethodInvocation *invocation, gpointer unused)
{
  /* Each call holds something of the helper, and once is enough. */
  if (bh_accel_can_open_kvm ())
    bh_dbus_manager1_complete_enable_kvm (manager, invocation);
  else
    bh_helper_link_call_async ("EnableKvm", NULL, NULL, on_enabled, invocation);
  return TRUE;
}

void
bh_kvm_serve (BhDbusManager1 *manager)
{
  g_signal_connect (manager, "handle-enable-kvm", G_CALLBACK (on_enable_kvm), NULL);
}

/* The question that this process has put, and who waits for its answer. */
static enum { NOT_ASKED, ASKING, ASKED } state;
static GPtrArray *waiting; /* of GTask */
static GCancellable *patience;
static guint limit;

static gboolean
lose_patience (gpointer unused)
{
  limit = 0;
  g_cancellable_cancel (patience);
  return G_SOURCE_REMOVE;
}

static void
on_again (GObject *source, GAsyncResult *result, gpointer unused)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = bh_helper_link_call_finish (result, NULL, &error);
  g_autoptr (GPtrArray) tasks = g_steal_pointer (&waiting);

  if (!reply)
    g_message ("hardware virtualization was not enabled: %s", error->message);
  state = ASKED;
  g_clear_handle_id (&limit, g_source_remove);
  g_clear_object (&patience);
  for (guint i = 0; i < tasks->len; i++)
    g_task_return_boolean (tasks->pdata[i], TRUE);
}

void
bh_kvm_again_async (GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);

  if (state == NOT_ASKED && (!bh_service_conf_get_boolean (KEY) || bh_accel_can_open_kvm ()))
    state = ASKED;
  if (state == ASKED)
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  if (state == NOT_ASKED)
    {
      state = ASKING;
      waiting = g_ptr_array_new_with_free_func (g_object_unref);
      patience = g_cancellable_new ();
      limit = g_timeout_add_seconds (AGAIN_SECONDS, lose_patience, NULL);
      bh_helper_link_call_async ("EnableKvm", NULL, patience, on_again, NULL);
    }
  g_ptr_array_add (waiting, task);
}
