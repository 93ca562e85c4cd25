/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The USB devices of one running AppVM.
 *
 * Theory of operation: the helper opens the device's node (polkit asks the person), QEMU gets the descriptor. Devices the
 * AppVM's file names in UsbDevices are attached when it starts and when they are plugged in; keyboards and mice
 * only by hand, and forced. What is unplugged leaves the machine; at its end everything goes back to the host.
 *
 * A service that is started anew has no holds of the helper any more, which has taken the devices back: what QEMU
 * still has of them is plugged out, and what is remembered attached again. */
#include "config.h"

#include "bh-usb.h"

#include "bh-error.h"
#include "bh-helper-link.h"
#include "bh-log.h"
#include "bh-usb-plug.h"

#include <string.h>
#include <unistd.h>

/* One device of the machine, or on its way there. */
typedef struct
{
  BhUsbDevice *device;
  guint slot;
  guint32 hold; /* of the helper; 0: not yet */
  gboolean attached;
} Plugged;

struct _BhUsb
{
  GObject parent;
  char *id, *uuid;
  BhHypervisor *hypervisor;
  char **remembered;
  GPtrArray *plugged;      /* of Plugged */
  GHashTable *left; /* devices, by stay_of(), that stay with the host until they are plugged in again: refused, and not asked
                     * for again and again, or detached by hand */
  GCancellable *cancellable;
  gboolean running;
  guint emptying; /* what may still hold what an earlier service put there */
};

static void part_init (BhPartInterface *iface);

G_DEFINE_TYPE_WITH_CODE (BhUsb, bh_usb, G_TYPE_OBJECT, G_IMPLEMENT_INTERFACE (BH_TYPE_PART, part_init))

static void
plugged_free (Plugged *plugged)
{
  bh_usb_device_free (plugged->device);
  g_free (plugged);
}

/* Of one device for as long as it is plugged in: the kernel gives it another number each time. */
static char *
stay_of (const BhUsbDevice *device)
{
  return g_strdup_printf ("%s %u", device->place, device->device);
}

static Plugged *
find (BhUsb *self, const char *text)
{
  for (guint i = 0; i < self->plugged->len; i++)
    if (bh_usb_device_matches (((Plugged *) self->plugged->pdata[i])->device, text))
      return self->plugged->pdata[i];
  return NULL;
}

gboolean
bh_usb_has (BhUsb *self, const char *place)
{
  Plugged *plugged = find (self, place);

  return plugged && plugged->attached;
}

/* The end of an attaching that did not succeed, or of a device. */
static void
drop (BhUsb *self, Plugged *plugged)
{
  if (plugged->hold)
    bh_helper_link_release ("ReleaseUsb", plugged->hold);
  g_ptr_array_remove (self->plugged, plugged);
  bh_part_emit_changed (BH_PART (self));
}

static Plugged *
plugged_of (GTask *task)
{
  BhUsb *self = g_task_get_source_object (task);
  gpointer plugged = g_task_get_task_data (task);

  return g_ptr_array_find (self->plugged, plugged, NULL) ? plugged : NULL;
}

static void
on_plugged_in (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  BhUsb *self = g_task_get_source_object (task);
  Plugged *plugged = plugged_of (task);
  g_autoptr (GError) error = NULL;

  if (bh_usb_plug_finish (result, &error) < 0)
    {
      if (plugged)
        drop (self, plugged);
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  if (!plugged)
    {
      g_task_return_new_error (task, BH_ERROR, BH_ERROR_CANCELLED, "Cancelled");
      return;
    }
  plugged->attached = TRUE;
  bh_log_line (self->id, "USB device %s (%s) attached", plugged->device->id, plugged->device->place);
  bh_part_emit_changed (BH_PART (self));
  g_task_return_boolean (task, TRUE);
}

static void
on_assigned (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  BhUsb *self = g_task_get_source_object (task);
  Plugged *plugged = plugged_of (task);
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = bh_helper_link_call_finish (result, &fds, &error);
  gint32 handle;
  int fd = -1;

  if (reply && plugged)
    {
      g_variant_get (reply, "(uh)", &plugged->hold, &handle);
      fd = bh_helper_link_take_fd (fds, handle, &error);
    }
  else if (reply)
    {
      guint32 hold;

      /* Stopped meanwhile. */
      g_variant_get_child (reply, 0, "u", &hold);
      bh_helper_link_release ("ReleaseUsb", hold);
      error = g_error_new (BH_ERROR, BH_ERROR_CANCELLED, "Cancelled");
    }
  if (fd < 0)
    {
      if (plugged)
        drop (self, plugged);
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  bh_usb_plug_in_async (self->hypervisor, self->uuid, plugged->slot, fd, on_plugged_in,
                        g_steal_pointer (&task));
}

static gboolean
find_slot (BhUsb *self, guint *slot)
{
  guint used = 0;

  for (guint i = 0; i < self->plugged->len; i++)
    used |= 1u << ((Plugged *) self->plugged->pdata[i])->slot;
  for (*slot = 0; *slot < BH_USB_SLOTS; (*slot)++)
    if ((used & 1u << *slot) == 0)
      return TRUE;
  return FALSE;
}

void
bh_usb_attach_async (BhUsb *self, BhUsbDevice *device, gboolean force, GAsyncReadyCallback callback,
                     gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  g_autoptr (BhUsbDevice) owned = device;
  Plugged *plugged;
  guint slot;

  if (!self->running)
    g_task_return_new_error (task, BH_ERROR, BH_ERROR_NOT_RUNNING, "The AppVM is not running.");
  else if (find (self, owned->place))
    g_task_return_new_error (task, BH_ERROR, BH_ERROR_EXISTS, "The AppVM has %s already.", owned->name);
  else if (!find_slot (self, &slot))
    g_task_return_new_error (task, BH_ERROR, BH_ERROR_LIMIT_REACHED,
                             "The AppVM has %d USB devices, which is as many as it can have. Detach one.", BH_USB_SLOTS);
  else if (owned->input && !force)
    g_task_return_new_error (
        task, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
        "%s is a keyboard or mouse: an AppVM that has it sees what you do with it, and this computer no longer does. If you "
        "mean it, force it (bulkheadctl usb attach --force).",
        owned->name);
  else
    {
      plugged = g_new0 (Plugged, 1);
      plugged->slot = slot;
      plugged->device = g_steal_pointer (&owned);
      device = plugged->device;
      g_ptr_array_add (self->plugged, plugged);
      g_task_set_task_data (task, plugged, NULL);
      bh_helper_link_call_async ("AssignUsb",
                                 g_variant_new ("(qquub)", device->vendor, device->product, device->bus,
                                                device->device, force),
                                 self->cancellable, on_assigned, g_steal_pointer (&task));
    }
}

gboolean
bh_usb_attach_finish (BhUsb *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_plugged_out (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  BhUsb *self = g_task_get_source_object (task);
  Plugged *plugged = plugged_of (task);
  g_autoptr (GError) error = NULL;
  gssize done = bh_usb_plug_finish (result, &error);

  if (plugged)
    {
      bh_log_line (self->id, "USB device %s (%s) detached", plugged->device->id, plugged->device->place);
      /* Also when QEMU could not be asked: the helper takes it from it. */
      drop (self, plugged);
    }
  if (done < 0)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_boolean (task, TRUE);
}

void
bh_usb_detach_async (BhUsb *self, const char *text, GAsyncReadyCallback callback, gpointer data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);
  Plugged *plugged = find (self, text);

  if (!plugged || !plugged->attached)
    {
      g_task_return_new_error (task, BH_ERROR, BH_ERROR_NOT_FOUND, "The AppVM does not have the USB device %.40s.",
                               text);
      return;
    }
  plugged->attached = FALSE;
  g_hash_table_add (self->left, stay_of (plugged->device));
  g_task_set_task_data (task, plugged, NULL);
  bh_usb_plug_out_async (self->hypervisor, self->uuid, plugged->slot, on_plugged_out,
                         g_steal_pointer (&task));
}

gboolean
bh_usb_detach_finish (BhUsb *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Remembered devices. */

static void
on_remembered (GObject *source, GAsyncResult *result, gpointer data)
{
  BhUsb *self = BH_USB (source);
  g_autofree char *stay = data;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  if (bh_usb_attach_finish (self, result, &error)
      || g_error_matches (error, BH_ERROR, BH_ERROR_CANCELLED))
    return;
  bh_log_line (self->id, "a USB device was not attached: %s", error->message);
  text = g_strdup_printf ("A USB device of this AppVM was not attached. %s", error->message);
  bh_part_emit_notice (BH_PART (self), text);
  g_hash_table_add (self->left, g_steal_pointer (&stay));
}

static void look_again (gpointer data);

static void
on_gone_detached (GObject *source, GAsyncResult *result, gpointer data)
{
  BhUsb *self = BH_USB (source);

  bh_usb_detach_finish (self, result, NULL);
  /* The next one may be in its place already. */
  if (self->running)
    look_again (self);
}

/* What has been unplugged, or is another device by now. */
static void
detach_gone (BhUsb *self, GPtrArray *there)
{
  for (guint i = 0; i < self->plugged->len; i++)
    {
      Plugged *plugged = self->plugged->pdata[i];
      gboolean found = FALSE;

      for (guint j = 0; j < there->len; j++)
        {
          BhUsbDevice *device = there->pdata[j];

          found = found
                  || (device->bus == plugged->device->bus && device->device == plugged->device->device
                      && strcmp (device->place, plugged->device->place) == 0);
        }
      if (!found && plugged->attached)
        bh_usb_detach_async (self, plugged->device->place, on_gone_detached, NULL);
    }
}

static void
forget_left (BhUsb *self, GPtrArray *there)
{
  GHashTableIter iter;
  gpointer stay;

  g_hash_table_iter_init (&iter, self->left);
  while (g_hash_table_iter_next (&iter, &stay, NULL))
    {
      gboolean found = FALSE;

      for (guint i = 0; i < there->len && !found; i++)
        {
          g_autofree char *other = stay_of (there->pdata[i]);

          found = g_str_equal (other, stay);
        }
      if (!found)
        g_hash_table_iter_remove (&iter);
    }
}

static gboolean
is_remembered (BhUsb *self, const BhUsbDevice *device)
{
  for (char **text = self->remembered; text && *text; text++)
    if (bh_usb_device_matches (device, *text))
      return TRUE;
  return FALSE;
}

static void
look_again (gpointer data)
{
  BhUsb *self = data;
  g_autoptr (GPtrArray) there = bh_usb_device_list ();

  if (self->emptying > 0)
    return;
  detach_gone (self, there);
  forget_left (self, there);
  for (guint i = 0; i < there->len;)
    {
      BhUsbDevice *device = there->pdata[i];
      g_autofree char *stay = stay_of (device);

      if (is_remembered (self, device) && !find (self, device->place)
          && !g_hash_table_contains (self->left, stay))
        bh_usb_attach_async (self, g_ptr_array_steal_index (there, i), FALSE, on_remembered,
                             g_steal_pointer (&stay));
      else
        i++;
    }
}

/* The part. */

static void
take_settings (BhUsb *self, BhVmConfig *config)
{
  g_strfreev (self->remembered);
  self->remembered = g_strsplit (bh_vm_config_get (config, "UsbDevices"), ";", -1);
}

static void
begin (BhUsb *self, const BhPartMachine *machine)
{
  self->uuid = g_strdup (machine->uuid);
  self->hypervisor = g_object_ref (machine->hypervisor);
  self->running = TRUE;
  bh_usb_device_watch (look_again, self);
}

static void
part_start_async (BhPart *part, const BhPartMachine *machine, GCancellable *cancellable,
                  GAsyncReadyCallback callback, gpointer data)
{
  BhUsb *self = BH_USB (part);
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, data);

  begin (self, machine);
  /* polkit may ask a person, and a stick is nothing that a start waits for. */
  look_again (self);
  g_task_return_boolean (task, TRUE);
}

static gboolean
part_start_finish (BhPart *part, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
emptied (BhUsb *self)
{
  if (--self->emptying == 0 && self->running)
    look_again (self);
}

static void
on_emptied (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhUsb) self = data;

  bh_usb_plug_finish (result, NULL);
  emptied (self);
}

static void
on_looked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhUsb) self = data;
  gssize slots = bh_usb_plug_finish (result, NULL);

  for (guint slot = 0; self->running && slots > 0 && slot < BH_USB_SLOTS; slot++)
    if (slots & (gssize) 1 << slot)
      {
        self->emptying++;
        bh_usb_plug_out_async (self->hypervisor, self->uuid, slot, on_emptied, g_object_ref (self));
      }
  emptied (self);
}

static void
part_adopt (BhPart *part, const BhPartMachine *machine)
{
  BhUsb *self = BH_USB (part);

  begin (self, machine);
  self->emptying = 1;
  bh_usb_plug_look_async (self->hypervisor, self->uuid, on_looked, g_object_ref (self));
}

static void
part_changed (BhPart *part, BhVmConfig *config)
{
  BhUsb *self = BH_USB (part);

  g_autofree char *before = g_strjoinv (";", self->remembered);

  take_settings (self, config);
  if (!g_str_equal (before, bh_vm_config_get (config, "UsbDevices")))
    g_hash_table_remove_all (self->left);
  if (self->running)
    look_again (self);
}

static void
on_left (GObject *source, GAsyncResult *result, gpointer data)
{
  bh_usb_plug_finish (result, NULL);
  bh_helper_link_release ("ReleaseUsb", GPOINTER_TO_UINT (data));
}

static void
part_stop (BhPart *part)
{
  BhUsb *self = BH_USB (part);

  if (!self->running)
    return;
  self->running = FALSE;
  bh_usb_device_unwatch (self);
  g_cancellable_cancel (self->cancellable);
  for (guint i = 0; i < self->plugged->len; i++)
    {
      Plugged *plugged = self->plugged->pdata[i];

      /* As long as QEMU has it open it could take it from the host's driver again. */
      if (plugged->attached)
        bh_usb_plug_leave_async (self->hypervisor, self->uuid, plugged->slot, on_left,
                                 GUINT_TO_POINTER (plugged->hold));
      else if (plugged->hold)
        bh_helper_link_release ("ReleaseUsb", plugged->hold);
    }
  g_ptr_array_set_size (self->plugged, 0);
  bh_part_emit_changed (part);
}

static GVariant *
part_describe (BhPart *part)
{
  BhUsb *self = BH_USB (part);
  GVariantDict dict;
  GVariantBuilder devices;

  g_variant_builder_init (&devices, G_VARIANT_TYPE ("as"));
  for (guint i = 0; i < self->plugged->len; i++)
    {
      Plugged *plugged = self->plugged->pdata[i];

      if (plugged->attached)
        g_variant_builder_add (&devices, "s", plugged->device->name);
    }
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, "devices", g_variant_builder_end (&devices));
  return g_variant_dict_end (&dict);
}

static void
part_init (BhPartInterface *iface)
{
  iface->name = BH_USB_PART;
  iface->start_async = part_start_async;
  iface->start_finish = part_start_finish;
  iface->adopt = part_adopt;
  iface->changed = part_changed;
  iface->stop = part_stop;
  /* The helper takes everything back when the service leaves the bus. */
  iface->abandon = part_stop;
  iface->describe = part_describe;
}

static void
bh_usb_finalize (GObject *object)
{
  BhUsb *self = BH_USB (object);

  part_stop (BH_PART (self));
  g_free (self->id);
  g_free (self->uuid);
  g_clear_object (&self->hypervisor);
  g_strfreev (self->remembered);
  g_ptr_array_unref (self->plugged);
  g_hash_table_unref (self->left);
  g_object_unref (self->cancellable);
  G_OBJECT_CLASS (bh_usb_parent_class)->finalize (object);
}

static void
bh_usb_class_init (BhUsbClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_usb_finalize;
}

static void
bh_usb_init (BhUsb *self)
{
  self->plugged = g_ptr_array_new_with_free_func ((GDestroyNotify) plugged_free);
  self->left = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->cancellable = g_cancellable_new ();
}

BhPart *
bh_usb_new (BhVmConfig *config)
{
  BhUsb *self = g_object_new (BH_TYPE_USB, NULL);

  self->id = g_strdup (bh_vm_config_get_id (config));
  take_settings (self, config);
  return BH_PART (self);
}
