/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The USB devices of this computer. Any program may read this; only the helper can give one away. */
#include "config.h"

#include "bh-usb-device.h"

#include "bh-error.h"
#include "bh-keys.h"
#include "bh-text.h"

#include <gudev/gudev.h>
#include <string.h>

#define DEVICES "/sys/bus/usb/devices"
#define MAX_NAME 80
/* A device that is plugged in says so several times. */
#define SETTLE_MS 200

void
bh_usb_device_free (BhUsbDevice *device)
{
  g_free (device->place);
  g_free (device->id);
  g_free (device->name);
  g_free (device);
}

static char *
read_attribute (const char *place, const char *name)
{
  g_autofree char *path = g_build_filename (DEVICES, place, name, NULL);
  char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? g_strchomp (text) : g_strdup ("");
}

static guint64
read_number (const char *place, const char *name, guint base)
{
  g_autofree char *text = read_attribute (place, name);

  return g_ascii_strtoull (text, NULL, base);
}

/* A boot keyboard or mouse: interface class 3, protocol 1 or 2 (HID 1.11 section 4.2 and 4.3). What else is an input
 * device the helper finds, and says. */
static gboolean
is_input (const char *place)
{
  g_autofree char *folder = g_build_filename (DEVICES, place, NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      g_autofree char *inside = g_build_filename (place, name, NULL);
      guint64 protocol;

      if (!strchr (name, ':') || read_number (inside, "bInterfaceClass", 16) != 3)
        continue;
      protocol = read_number (inside, "bInterfaceProtocol", 16);
      if (protocol == 1 || protocol == 2)
        return TRUE;
    }
  return FALSE;
}

static BhUsbDevice *
look_at (const char *place)
{
  BhUsbDevice *device;
  g_autofree char *maker = NULL, *product = NULL, *said = NULL;

  /* "usb1" is a controller's own hub, "1-4:1.0" a part of a device. */
  if (!g_ascii_isdigit (place[0]) || strchr (place, ':') || read_number (place, "bDeviceClass", 16) == 9
      || read_number (place, "devnum", 10) == 0)
    return NULL;
  device = g_new0 (BhUsbDevice, 1);
  device->place = g_strdup (place);
  device->vendor = (guint16) read_number (place, "idVendor", 16);
  device->product = (guint16) read_number (place, "idProduct", 16);
  device->bus = (guint32) read_number (place, "busnum", 10);
  device->device = (guint32) read_number (place, "devnum", 10);
  device->id = g_strdup_printf ("%04x:%04x", device->vendor, device->product);
  maker = read_attribute (place, "manufacturer");
  product = read_attribute (place, "product");
  said = g_strstrip (g_strconcat (maker, " ", product, NULL));
  device->name = bh_text_clean (said, strlen (said), MAX_NAME);
  if (!*device->name)
    {
      g_free (device->name);
      device->name = g_strdup_printf ("USB %s", device->id);
    }
  device->input = is_input (place);
  return device;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  const BhUsbDevice *first = *(BhUsbDevice *const *) a, *second = *(BhUsbDevice *const *) b;

  return first->bus != second->bus ? (first->bus < second->bus ? -1 : 1)
                                   : strcmp (first->place, second->place);
}

GPtrArray *
bh_usb_device_list (void)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) bh_usb_device_free);
  g_autoptr (GDir) dir = g_dir_open (DEVICES, 0, NULL);
  const char *name;

  while (dir && (name = g_dir_read_name (dir)))
    {
      BhUsbDevice *device = look_at (name);

      if (device)
        g_ptr_array_add (list, device);
    }
  g_ptr_array_sort (list, compare);
  return list;
}

gboolean
bh_usb_device_matches (const BhUsbDevice *device, const char *text)
{
  return g_ascii_strcasecmp (device->id, text) == 0 || strcmp (device->place, text) == 0;
}

BhUsbDevice *
bh_usb_device_find (const char *text, GError **error)
{
  g_autoptr (GPtrArray) list = NULL;
  g_autoptr (GString) places = g_string_new (NULL);
  BhUsbDevice *found = NULL;
  guint n = 0;

  if (!bh_key_is_usb_device (text))
    {
      g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                   "“%.40s” is no USB device: write its id (046d:c52b) or its place (1-4), as “bulkheadctl usb list” does.",
                   text);
      return NULL;
    }
  list = bh_usb_device_list ();
  for (guint i = 0; i < list->len; i++)
    if (bh_usb_device_matches (list->pdata[i], text))
      {
        found = list->pdata[i];
        g_string_append_printf (places, "%s%s", n++ ? ", " : "", found->place);
      }
  if (n == 0)
    g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND,
                 "The USB device %s is not plugged in. “bulkheadctl usb list” shows those that are.", text);
  else if (n > 1)
    g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                 "There are %u USB devices %s. Name one by its place: %s.", n, text, places->str);
  if (n != 1)
    return NULL;
  g_ptr_array_steal_index (list, (guint) (g_ptr_array_find (list, found, &n) ? n : 0));
  return found;
}

/* Watching: one client of udev for everybody. */
typedef struct
{
  void (*changed) (gpointer data);
  gpointer data;
} Watcher;

static GUdevClient *client;
static GArray *watchers; /* of Watcher */
static guint settle;

static gboolean
tell (gpointer unused)
{
  g_autoptr (GArray) now = g_array_copy (watchers);

  settle = 0;
  for (guint i = 0; i < now->len; i++)
    g_array_index (now, Watcher, i).changed (g_array_index (now, Watcher, i).data);
  return G_SOURCE_REMOVE;
}

static void
on_uevent (GUdevClient *source, const char *action, GUdevDevice *device, gpointer unused)
{
  if (settle == 0)
    settle = g_timeout_add (SETTLE_MS, tell, NULL);
}

void
bh_usb_device_watch (void (*changed) (gpointer data), gpointer data)
{
  static const char *const subsystems[] = { "usb/usb_device", NULL };
  Watcher watcher = { changed, data };

  if (!client)
    {
      watchers = g_array_new (FALSE, FALSE, sizeof (Watcher));
      client = g_udev_client_new (subsystems);
      g_signal_connect (client, "uevent", G_CALLBACK (on_uevent), NULL);
    }
  g_array_append_val (watchers, watcher);
}

void
bh_usb_device_unwatch (gpointer data)
{
  for (guint i = 0; watchers && i < watchers->len; i++)
    if (g_array_index (watchers, Watcher, i).data == data)
      {
        g_array_remove_index (watchers, i);
        return;
      }
}
