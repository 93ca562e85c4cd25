/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * USB in a running machine.
 *
 * QEMU gets a device as an open descriptor, by way of libvirt and a "fdset" of its monitor: it needs no right to open
 * anything in /dev. The controller has a place of its own, BH_DOMAIN_USB_PORT, which is empty until then. */
#include "config.h"

#include "bh-usb-plug.h"

#include "bh-domain-xml.h"
#include "bh-error.h"
#include "bh-monitor.h"

#include <string.h>
#include <unistd.h>

/* libvirt counts its own fdsets from 0. */
#define FDSET 100
#define POLL_MS 20
#define RELEASE_MS 4000
#define RELEASE_SLOW_MS 15000

typedef enum
{
  PLUG_IN,
  PLUG_OUT,
  LEAVE, /* out of a machine that ends, and its controller with it */
  LOOK
} What;

typedef struct
{
  BhHypervisor *hypervisor;
  char *uuid;
  What what;
  guint slot;
  int fd;
} Call;

static void
call_free (gpointer data)
{
  Call *call = data;

  g_object_unref (call->hypervisor);
  g_free (call->uuid);
  if (call->fd >= 0)
    close (call->fd);
  g_free (call);
}

G_GNUC_PRINTF (4, 5)
static gboolean
ask (virDomainPtr domain, int fd, GError **error, const char *format, ...)
{
  g_autofree char *command = NULL, *answer = NULL;
  va_list args;

  va_start (args, format);
  command = g_strdup_vprintf (format, args);
  va_end (args);
  answer = bh_monitor_ask (domain, command, fd, error);
  return answer != NULL;
}

/* Which of ours QEMU has: a bit for each slot, and the controller's. NULL with an error. */
static gboolean
look (virDomainPtr domain, guint *slots, gboolean *controller, GError **error)
{
  g_autofree char *answer = bh_monitor_ask (
      domain, "{\"execute\":\"qom-list\",\"arguments\":{\"path\":\"/machine/peripheral\"}}", -1, error);

  if (!answer)
    return FALSE;
  *slots = 0;
  *controller = strstr (answer, "\"name\":\"bhusb\"") != NULL;
  for (guint slot = 0; slot < BH_USB_SLOTS; slot++)
    {
      g_autofree char *name = g_strdup_printf ("\"name\":\"bhusb%u\"", slot);

      if (strstr (answer, name))
        *slots |= 1u << slot;
    }
  return TRUE;
}

/* Not an error when the guest keeps it: an empty controller is no way to anything, and goes with the machine. */
static void
drop_controller (virDomainPtr domain, guint wait_ms)
{
  guint slots = 0;
  gboolean controller = FALSE;
  gint64 until = g_get_monotonic_time () + wait_ms * 1000;

  if (!look (domain, &slots, &controller, NULL) || !controller || slots != 0)
    return;
  /* An error: it has been asked before, and has not answered yet. */
  ask (domain, -1, NULL, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"bhusb\"}}");
  while (look (domain, &slots, &controller, NULL) && controller && g_get_monotonic_time () < until)
    g_usleep (POLL_MS * 1000);
}

static gboolean
plug_in (virDomainPtr domain, const Call *call, GError **error)
{
  guint slots;
  gboolean controller;

  if (!look (domain, &slots, &controller, error))
    return FALSE;
  if (controller && slots == 0)
    {
      /* The guest has not let go of it yet, and what is plugged into it would go with it. */
      drop_controller (domain, RELEASE_SLOW_MS);
      if (!look (domain, &slots, &controller, error))
        return FALSE;
    }
  if (!controller
      && !ask (domain, -1, error,
               "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"qemu-xhci\",\"id\":\"bhusb\","
               "\"bus\":\"pci.%d\",\"addr\":\"0x0\",\"p2\":%d,\"p3\":%d}}",
               BH_DOMAIN_USB_PORT, BH_USB_SLOTS, BH_USB_SLOTS))
    return FALSE;
  if (ask (domain, call->fd, error, "{\"execute\":\"add-fd\",\"arguments\":{\"fdset-id\":%u}}",
           FDSET + call->slot))
    {
      if (ask (domain, -1, error,
               "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"usb-host\",\"id\":\"bhusb%u\","
               "\"bus\":\"bhusb.0\",\"hostdevice\":\"/dev/fdset/%u\"}}",
               call->slot, FDSET + call->slot))
        return TRUE;
      ask (domain, -1, NULL, "{\"execute\":\"remove-fd\",\"arguments\":{\"fdset-id\":%u}}",
           FDSET + call->slot);
    }
  drop_controller (domain, RELEASE_MS);
  return FALSE;
}

static gboolean
plug_out (virDomainPtr domain, const Call *call, GError **error)
{
  guint slots;
  gboolean controller, good;

  if (!look (domain, &slots, &controller, error))
    return FALSE;
  good = (slots & 1u << call->slot) == 0
         || ask (domain, -1, error, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"bhusb%u\"}}",
                 call->slot);
  ask (domain, -1, NULL, "{\"execute\":\"remove-fd\",\"arguments\":{\"fdset-id\":%u}}",
       FDSET + call->slot);
  if (call->what == PLUG_OUT)
    drop_controller (domain, RELEASE_MS);
  return good;
}

static void
in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  /* One by one for each machine: the controller comes with the first device and goes with the last, and what one call
   * sees another must not change. Two machines may rarely share a lock. */
  static GMutex locks[16];
  Call *call = data;
  g_autoptr (GMutexLocker) locker =
      g_mutex_locker_new (&locks[g_str_hash (call->uuid) % G_N_ELEMENTS (locks)]);
  GError *error = NULL;
  virConnectPtr conn = bh_hypervisor_connect (call->hypervisor, &error);
  virDomainPtr domain = conn ? virDomainLookupByUUIDString (conn, call->uuid) : NULL;
  guint slots = 0;
  gboolean controller, good = FALSE;

  if (conn && !domain)
    bh_monitor_set_libvirt_error (&error, "The virtual machine is not there any more");
  if (domain && call->what == PLUG_IN)
    good = plug_in (domain, call, &error);
  else if (domain && (call->what == PLUG_OUT || call->what == LEAVE))
    good = plug_out (domain, call, &error);
  else if (domain)
    good = look (domain, &slots, &controller, &error);
  if (good)
    g_task_return_int (task, (gssize) slots);
  else
    g_task_return_error (task, error);
  if (domain)
    virDomainFree (domain);
  if (conn)
    virConnectClose (conn);
}

static void
run (BhHypervisor *hypervisor, const char *uuid, What what, guint slot, int fd,
     GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (hypervisor, NULL, callback, data);
  Call *call = g_new0 (Call, 1);

  call->hypervisor = g_object_ref (hypervisor);
  call->uuid = g_strdup (uuid);
  call->what = what;
  call->slot = slot;
  call->fd = fd;
  g_task_set_task_data (task, call, call_free);
  bh_hypervisor_run_in_thread (task, in_thread);
}

void
bh_usb_plug_in_async (BhHypervisor *hypervisor, const char *uuid, guint slot, int fd,
                      GAsyncReadyCallback callback, gpointer data)
{
  run (hypervisor, uuid, PLUG_IN, slot, fd, callback, data);
}

void
bh_usb_plug_out_async (BhHypervisor *hypervisor, const char *uuid, guint slot,
                       GAsyncReadyCallback callback, gpointer data)
{
  run (hypervisor, uuid, PLUG_OUT, slot, -1, callback, data);
}

void
bh_usb_plug_leave_async (BhHypervisor *hypervisor, const char *uuid, guint slot,
                         GAsyncReadyCallback callback, gpointer data)
{
  run (hypervisor, uuid, LEAVE, slot, -1, callback, data);
}

void
bh_usb_plug_look_async (BhHypervisor *hypervisor, const char *uuid, GAsyncReadyCallback callback,
                        gpointer data)
{
  run (hypervisor, uuid, LOOK, 0, -1, callback, data);
}

gssize
bh_usb_plug_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}
