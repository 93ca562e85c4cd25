/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Network interfaces that are plugged into a running machine and out of it.
 *
 * Each slot has a place of its own in the machine (BH_DOMAIN_NIC_PORT and those after it), so nothing has to be
 * remembered: what is there is asked of QEMU. */
#include "config.h"

#include "bh-plug.h"

#include "bh-domain-xml.h"
#include "bh-error.h"
#include "bh-monitor.h"

#include <string.h>
#include <unistd.h>

G_STATIC_ASSERT (BH_PLUG_SLOTS == BH_DOMAIN_MANY_NICS);

/* Until a guest has let go of a device; it is asked again each second. */
#define RELEASE_MS 4000
#define ASK_AGAIN_MS 1000
#define POLL_MS 15

typedef struct
{
  BhHypervisor *hypervisor;
  char *uuid, *mac;
  int slot;
  BhPlugKind kind;
  int fd;
  guint mtu;
} Call;

static void
call_free (gpointer data)
{
  Call *call = data;

  g_object_unref (call->hypervisor);
  g_free (call->uuid);
  g_free (call->mac);
  if (call->fd >= 0)
    close (call->fd);
  g_free (call);
}

/* Each returns QEMU's answer. */
G_GNUC_PRINTF (4, 5)
static char *
ask (virDomainPtr domain, int fd, GError **error, const char *format, ...)
{
  g_autofree char *command = NULL;
  va_list args;

  va_start (args, format);
  command = g_strdup_vprintf (format, args);
  va_end (args);
  return bh_monitor_ask (domain, command, fd, error);
}

static gboolean
has_device (virDomainPtr domain, int slot)
{
  g_autofree char *name = g_strdup_printf ("\"name\":\"bhnic%d\"", slot);
  g_autofree char *answer =
      ask (domain, -1, NULL,
           "{\"execute\":\"qom-list\",\"arguments\":{\"path\":\"/machine/peripheral\"}}");

  return answer && strstr (answer, name) != NULL;
}

/* Whether the guest has let go of it. */
static gboolean
take_device (virDomainPtr domain, int slot)
{
  gint64 start = g_get_monotonic_time (), asked = 0;

  while (has_device (domain, slot))
    {
      gint64 now = g_get_monotonic_time ();

      if (now - start > RELEASE_MS * 1000)
        return FALSE;
      if (asked == 0 || now - asked > ASK_AGAIN_MS * 1000)
        {
          g_autofree char *answer =
              ask (domain, -1, NULL,
                   "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"bhnic%d\"}}", slot);

          asked = now;
        }
      g_usleep (POLL_MS * 1000);
    }
  return TRUE;
}

static gboolean
take_out (virDomainPtr domain, int slot, GError **error)
{
  gboolean released = take_device (domain, slot);
  g_autofree char *answer = ask (
      domain, -1, NULL, "{\"execute\":\"netdev_del\",\"arguments\":{\"id\":\"bhnet%d\"}}", slot);

  if (!released)
    g_set_error (
        error, BH_ERROR, BH_ERROR_BUSY,
        "The AppVM does not let go of its network interface. Nothing passes through it any more; "
        "stop the AppVM to be rid of it.");
  return released;
}

static gboolean
put_in (virDomainPtr domain, const Call *call, GError **error)
{
  g_autofree char *fd = NULL, *net = NULL, *device = NULL;

  fd = ask (domain, call->fd, error,
            "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"bhnet%d\"}}", call->slot);
  if (!fd)
    return FALSE;
  if (call->kind == BH_PLUG_STREAM)
    /* Not "stream", which has the same frames: QEMU connects that from a thread, where it does not find
     * descriptors by name. */
    net = ask (domain, -1, error,
               "{\"execute\":\"netdev_add\",\"arguments\":{\"type\":\"socket\",\"id\":\"bhnet%d\","
               "\"fd\":\"bhnet%d\"}}",
               call->slot, call->slot);
  else
    net = ask (domain, -1, error,
               "{\"execute\":\"netdev_add\",\"arguments\":{\"type\":\"tap\",\"id\":\"bhnet%d\","
               "\"fd\":\"bhnet%d\"}}",
               call->slot, call->slot);
  if (net)
    device = ask (domain, -1, error,
                  "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"virtio-net-pci\","
                  "\"id\":\"bhnic%d\",\"netdev\":\"bhnet%d\",\"mac\":\"%s\",\"bus\":\"pci.%d\","
                  "\"addr\":\"0x0\",\"host_mtu\":%u,\"romfile\":\"\"}}",
                  call->slot, call->slot, call->mac, BH_DOMAIN_NIC_PORT + call->slot, call->mtu);
  if (net && !device)
    {
      g_autofree char *undone =
          ask (domain, -1, NULL, "{\"execute\":\"netdev_del\",\"arguments\":{\"id\":\"bhnet%d\"}}",
               call->slot);
    }
  return device != NULL;
}

static gboolean
do_call (virDomainPtr domain, const Call *call, GError **error)
{
  gboolean good = TRUE;

  if (call->fd >= 0)
    return take_out (domain, call->slot, error) && put_in (domain, call, error);
  for (int slot = 0; slot < BH_PLUG_SLOTS; slot++)
    if (call->slot < 0 ? has_device (domain, slot) : slot == call->slot)
      good = take_out (domain, slot, good ? error : NULL) && good;
  return good;
}

static void
in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Call *call = data;
  GError *error = NULL;
  virConnectPtr conn = bh_hypervisor_connect (call->hypervisor, &error);
  virDomainPtr domain = conn ? virDomainLookupByUUIDString (conn, call->uuid) : NULL;

  if (conn && !domain)
    bh_monitor_set_libvirt_error (&error, "The virtual machine is not there any more");
  if (domain && do_call (domain, call, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
  if (domain)
    virDomainFree (domain);
  if (conn)
    virConnectClose (conn);
}

static void
run (Call *call, const char *uuid, BhHypervisor *hypervisor, GAsyncReadyCallback callback,
     gpointer data)
{
  g_autoptr (GTask) task = g_task_new (hypervisor, NULL, callback, data);

  call->hypervisor = g_object_ref (hypervisor);
  call->uuid = g_strdup (uuid);
  g_task_set_task_data (task, call, call_free);
  bh_hypervisor_run_in_thread (task, in_thread);
}

void
bh_plug_in_async (BhHypervisor *hypervisor, const char *uuid, guint slot, BhPlugKind kind, int fd,
                  const char *mac, guint mtu, GAsyncReadyCallback callback, gpointer data)
{
  Call *call = g_new0 (Call, 1);

  call->slot = (int) slot;
  call->kind = kind;
  call->fd = fd;
  call->mac = g_strdup (mac);
  call->mtu = mtu;
  run (call, uuid, hypervisor, callback, data);
}

gboolean
bh_plug_in_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
bh_plug_out_async (BhHypervisor *hypervisor, const char *uuid, int slot,
                   GAsyncReadyCallback callback, gpointer data)
{
  Call *call = g_new0 (Call, 1);

  call->slot = slot;
  call->fd = -1;
  run (call, uuid, hypervisor, callback, data);
}

gboolean
bh_plug_out_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
