/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * USB devices of AppVMs on the bus. */
#include "config.h"

#include "bh-error.h"
#include "bh-usb.h"
#include "bh-vm-private.h"

#include <string.h>

#define KEY "UsbDevices"

static BhUsb *
find_part (BhVm *self)
{
  BhParts *parts = self->run ? bh_run_get_parts (self->run) : NULL;

  return parts ? BH_USB (bh_parts_find (parts, BH_USB_PART)) : NULL;
}

/* The part, or an error to the caller. */
static BhUsb *
need_part (BhVm *self, GDBusMethodInvocation *invocation)
{
  BhUsb *part = find_part (self);

  if (!part)
    g_dbus_method_invocation_return_error (
        g_steal_pointer (&invocation), BH_ERROR, BH_ERROR_NOT_RUNNING,
        "“%s” is not running. Start it first; a device that is remembered it gets whenever it runs.",
        bh_vm_get_name (self));
  return part;
}

typedef struct
{
  BhVm *vm;
  GDBusMethodInvocation *invocation;
  char *place, *remember; /* what to write down; NULL: nothing */
} Attaching;

static void
attaching_free (Attaching *attaching)
{
  g_object_unref (attaching->vm);
  g_free (attaching->place);
  g_free (attaching->remember);
  g_free (attaching);
}

/* The list of the key with @text added, or with everything that means @text or @device taken out. */
static char *
edit_list (BhVm *self, const char *text, const BhUsbDevice *device, gboolean add)
{
  g_auto (GStrv) list = bh_vm_config_get_list (self->config, KEY);
  GString *out = g_string_new (NULL);

  for (char **entry = list; entry && *entry; entry++)
    {
      gboolean same = g_ascii_strcasecmp (*entry, text) == 0
                      || (!add && device && bh_usb_device_matches (device, *entry));

      if (!same)
        g_string_append_printf (out, "%s;", *entry);
    }
  if (add)
    g_string_append_printf (out, "%s;", text);
  return g_string_free (out, FALSE);
}

static void
on_attached (GObject *source, GAsyncResult *result, gpointer data)
{
  Attaching *attaching = data;
  BhVm *self = attaching->vm;
  GDBusMethodInvocation *invocation = g_steal_pointer (&attaching->invocation);
  g_autoptr (GError) error = NULL;
  gboolean good = bh_usb_attach_finish (BH_USB (source), result, &error);

  if (good && attaching->remember)
    {
      g_autofree char *list = edit_list (self, attaching->remember, NULL, TRUE);

      good = bh_vm_set_key (self, KEY, list, &error);
      if (!good)
        g_prefix_error (&error, "The device is attached, but not remembered: ");
    }
  if (good)
    bh_dbus_vm1_complete_attach_usb (BH_DBUS_VM1 (self), invocation);
  else
    g_dbus_method_invocation_return_gerror (invocation, error);
  attaching_free (attaching);
}

gboolean
bh_vm_handle_attach_usb (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, const char *text,
                         gboolean remember, gboolean force)
{
  BhVm *self = BH_VM (vm);
  g_autoptr (GError) error = NULL;
  BhUsbDevice *device;
  Attaching *attaching;
  BhUsb *part;

  if (remember && force)
    {
      g_dbus_method_invocation_return_error (
          g_steal_pointer (&invocation), BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
          "A keyboard or mouse is given to an AppVM once, and not remembered: you could be without it at the next start.");
      return TRUE;
    }
  part = need_part (self, invocation);
  if (!part)
    return TRUE;
  device = bh_usb_device_find (text, &error);
  if (!device)
    {
      g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
      return TRUE;
    }
  attaching = g_new0 (Attaching, 1);
  attaching->vm = g_object_ref (self);
  attaching->invocation = g_steal_pointer (&invocation);
  attaching->place = g_strdup (device->place);
  /* As the person named it: by what it is, or by where it is plugged in. */
  attaching->remember = remember ? g_ascii_strdown (text, -1) : NULL;
  bh_usb_attach_async (part, device, force, on_attached, attaching);
  return TRUE;
}

static void
on_detached (GObject *source, GAsyncResult *result, gpointer data)
{
  GDBusMethodInvocation *invocation = data;
  g_autoptr (GError) error = NULL;

  if (bh_usb_detach_finish (BH_USB (source), result, &error))
    g_dbus_method_invocation_return_value (invocation, NULL);
  else
    g_dbus_method_invocation_return_gerror (invocation, error);
}

gboolean
bh_vm_handle_detach_usb (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, const char *text,
                         gboolean forget)
{
  BhVm *self = BH_VM (vm);
  g_autoptr (BhUsbDevice) device = bh_usb_device_find (text, NULL);
  BhUsb *part = find_part (self);

  if (forget)
    {
      g_autofree char *list = edit_list (self, text, device, FALSE);
      g_autoptr (GError) error = NULL;

      if (!bh_vm_set_key (self, KEY, list, &error))
        {
          g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
          return TRUE;
        }
      /* Of one that does not run, or whose device is not there, this was all. */
      if (!part || !bh_usb_has (part, device ? device->place : text))
        {
          bh_dbus_vm1_complete_detach_usb (vm, g_steal_pointer (&invocation));
          return TRUE;
        }
    }
  part = need_part (self, invocation);
  if (part)
    bh_usb_detach_async (part, text, on_detached, invocation);
  return TRUE;
}

GVariant *
bh_vm_list_usb (GHashTable *vms)
{
  g_autoptr (GPtrArray) devices = bh_usb_device_list ();
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < devices->len; i++)
    {
      BhUsbDevice *device = devices->pdata[i];
      g_autoptr (GPtrArray) remembered = g_ptr_array_new ();
      const char *holder = "";
      GVariantDict dict;
      GHashTableIter iter;
      gpointer vm;

      g_hash_table_iter_init (&iter, vms);
      while (g_hash_table_iter_next (&iter, NULL, &vm))
        {
          BhUsb *part = find_part (vm);
          g_auto (GStrv) list = bh_vm_config_get_list (BH_VM (vm)->config, KEY);

          if (part && bh_usb_has (part, device->place))
            holder = bh_vm_get_id (vm);
          for (char **text = list; text && *text; text++)
            if (bh_usb_device_matches (device, *text))
              {
                g_ptr_array_add (remembered, (gpointer) bh_vm_get_id (vm));
                break;
              }
        }
      g_variant_dict_init (&dict, NULL);
      g_variant_dict_insert (&dict, "place", "s", device->place);
      g_variant_dict_insert (&dict, "id", "s", device->id);
      g_variant_dict_insert (&dict, "name", "s", device->name);
      g_variant_dict_insert (&dict, "input", "b", device->input);
      g_variant_dict_insert (&dict, "vm", "s", holder);
      g_variant_dict_insert_value (
          &dict, "remembered-by",
          g_variant_new_strv ((const char *const *) remembered->pdata, remembered->len));
      g_variant_builder_add_value (&builder, g_variant_dict_end (&dict));
    }
  return g_variant_builder_end (&builder);
}
