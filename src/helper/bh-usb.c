/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A USB device for an AppVM.
 *
 * The caller gets the node open, not the right to open it: nothing has to be taken back from the node, and what was
 * checked is what is given. A device is meant by its place and by what it says it is; the place alone could have
 * another one in it by now. usbfs has no way to call a descriptor back. Undoing takes the device's interfaces away from it
 * and binds the drivers of the host again; the descriptor goes with its last holder, QEMU. */
#include "config.h"

#include "bh-usb.h"

#include "bh-error.h"
#include "bh-host-use.h"
#include "bh-text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define DEVICES "/sys/bus/usb/devices"
#define CLASS_HUB 0x09
#define CLASS_HID 0x03

typedef struct
{
  guint16 vendor, product;
  guint32 bus, device;
  gboolean input;
} Wanted;

static void
read_args (GVariant *args, Wanted *wanted)
{
  g_variant_get (args, "(qquub)", &wanted->vendor, &wanted->product, &wanted->bus, &wanted->device,
                 &wanted->input);
}

gboolean
bh_usb_wants_input (GVariant *args)
{
  Wanted wanted;

  read_args (args, &wanted);
  return wanted.input;
}

static guint64
read_number (const char *folder, const char *name, guint base)
{
  g_autofree char *text = bh_host_use_read (folder, name);

  return g_ascii_strtoull (text, NULL, base);
}

/* The folder of the device at this place, if it is the one that is meant. */
static char *
find_device (const Wanted *wanted)
{
  g_autoptr (GDir) dir = g_dir_open (DEVICES, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *folder = g_build_filename (DEVICES, name, NULL);

      if (strchr (name, ':') == NULL && read_number (folder, "busnum", 10) == wanted->bus
          && read_number (folder, "devnum", 10) == wanted->device)
        {
          char *real = NULL, *copy = NULL;

          if (read_number (folder, "idVendor", 16) == wanted->vendor
              && read_number (folder, "idProduct", 16) == wanted->product)
            real = realpath (folder, NULL);
          copy = g_strdup (real);
          free (real);
          return copy;
        }
    }
  return NULL;
}

/* (element-type utf8): names of its interfaces, "1-1:1.0". */
static GPtrArray *
list_interfaces (const char *device)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = g_dir_open (device, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (strchr (name, ':') != NULL)
      {
        g_autofree char *folder = g_build_filename (device, name, "bInterfaceNumber", NULL);

        if (g_file_test (folder, G_FILE_TEST_EXISTS))
          g_ptr_array_add (names, g_strdup (name));
      }
  return names;
}

/* By what the device says of itself, whether or not a driver is bound. */
static gboolean
says_input (const char *device)
{
  g_autoptr (GPtrArray) interfaces = list_interfaces (device);

  for (guint i = 0; i < interfaces->len; i++)
    {
      g_autofree char *folder = g_build_filename (device, interfaces->pdata[i], NULL);
      guint64 protocol = read_number (folder, "bInterfaceProtocol", 16);

      if (read_number (folder, "bInterfaceClass", 16) == CLASS_HID && (protocol == 1 || protocol == 2))
        return TRUE;
    }
  return FALSE;
}

/* For polkit's question: what it is called, cleaned, for the device chose that. */
static char *
label_of (const char *device, const Wanted *wanted)
{
  g_autofree char *maker = bh_host_use_read (device, "manufacturer");
  g_autofree char *product = bh_host_use_read (device, "product");
  g_autofree char *said = g_strconcat (maker, " ", product, NULL);
  g_autofree char *clean = bh_text_clean (said, strlen (said), 60);

  return g_strdup_printf ("%s (%04x:%04x, USB %u-%u)", g_strstrip (clean), wanted->vendor, wanted->product,
                          wanted->bus, wanted->device);
}

static gboolean
check_input (const char *device, const char *label, const Wanted *wanted, GError **error)
{
  BhInputs inputs;

  bh_host_use_find_inputs (device, &inputs);
  if (wanted->input || (!inputs.here && !says_input (device)))
    return TRUE;
  if (inputs.keyboard_here && !inputs.keyboard_elsewhere)
    g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                 "%s is the only keyboard of this computer: with it gone you could not take it back. It is given to an AppVM only "
                 "when that is forced.",
                 label);
  else
    g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                 "%s is a keyboard, mouse or the like: an AppVM that has it sees what you do with it. It is given to one only "
                 "when that is forced.",
                 label);
  return FALSE;
}

static gboolean
check_others (BhCall *call, const char *device, const char *label, GError **error)
{
  GPtrArray *holds = bh_ledger_holds (call->ledger);

  for (guint i = 0; i < holds->len; i++)
    if (holds->pdata[i] != call->hold
        && strcmp (((BhHold *) holds->pdata[i])->kind, "usb") == 0
        && strcmp (bh_hold_get (holds->pdata[i], "device"), device) == 0)
      {
        g_set_error (error, BH_ERROR, BH_ERROR_BUSY, "%s is given to an AppVM already.", label);
        return FALSE;
      }
  return TRUE;
}

/* All but polkit; gives the device's folder. */
static char *
check (BhCall *call, const Wanted *wanted, GError **error)
{
  g_autofree char *device = NULL;
  g_autofree char *label = NULL;

  if (wanted->bus < 1 || wanted->bus > 65535 || wanted->device < 1 || wanted->device > 127)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT, "bus: 1 to 65535; device: 1 to 127");
      return NULL;
    }
  device = find_device (wanted);
  if (device == NULL)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND,
                   "There is no USB device %04x:%04x at %u-%u. It may have been unplugged; look at the list again.",
                   wanted->vendor, wanted->product, wanted->bus, wanted->device);
      return NULL;
    }
  label = label_of (device, wanted);
  g_hash_table_insert (call->details, g_strdup ("device"), g_strdup (label));
  if (read_number (device, "bDeviceClass", 16) == CLASS_HUB)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                   "%s is a hub. Give the devices behind it to AppVMs one by one.", label);
      return NULL;
    }
  if (!check_others (call, device, label, error) || !check_input (device, label, wanted, error)
      || !bh_host_use_check (device, label, error))
    return NULL;
  return g_steal_pointer (&device);
}

gboolean
bh_usb_check (BhCall *call, GError **error)
{
  g_autofree char *device = NULL;
  Wanted wanted;

  read_args (call->args, &wanted);
  device = check (call, &wanted, error);
  return device != NULL;
}

/* Which drivers the host has on it: "1-1:1.0=usb-storage …". */
static char *
list_drivers (const char *device)
{
  g_autoptr (GPtrArray) interfaces = list_interfaces (device);
  GString *list = g_string_new (NULL);

  for (guint i = 0; i < interfaces->len; i++)
    {
      g_autofree char *folder = g_build_filename (device, interfaces->pdata[i], NULL);
      g_autofree char *driver = bh_host_use_read_link (folder, "driver");

      g_string_append_printf (list, "%s%s=%s", list->len ? " " : "",
                              (const char *) interfaces->pdata[i], driver);
    }
  return g_string_free (list, FALSE);
}

static int
open_node (const char *device, const Wanted *wanted, GError **error)
{
  g_autofree char *node = g_strdup_printf ("/dev/bus/usb/%03u/%03u", wanted->bus, wanted->device);
  g_autofree char *number = bh_host_use_read (device, "dev");
  g_autofree char *again = NULL;
  g_autofree char *opened = NULL;
  struct stat info;
  int fd = open (node, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

  if (fd < 0 || fstat (fd, &info) != 0)
    {
      bh_error_set_from_errno (error, errno, "Opening %s", node);
      if (fd >= 0)
        close (fd);
      return -1;
    }
  /* It may have been unplugged and its number used again since it was looked at. */
  opened = g_strdup_printf ("%u:%u", major (info.st_rdev), minor (info.st_rdev));
  again = find_device (wanted);
  if (S_ISCHR (info.st_mode) && strcmp (number, opened) == 0 && g_strcmp0 (again, device) == 0)
    return fd;
  close (fd);
  g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND, "The USB device was unplugged just now.");
  return -1;
}

gboolean
bh_usb_assign (BhCall *call, GError **error)
{
  g_autofree char *device = NULL;
  g_autofree char *drivers = NULL;
  Wanted wanted;
  int fd, handle;

  read_args (call->args, &wanted);
  device = check (call, &wanted, error);
  if (device == NULL)
    return FALSE;
  drivers = list_drivers (device);
  bh_hold_set (call->hold, "device", device);
  bh_hold_set_number (call->hold, "devnum", wanted.device);
  bh_hold_set (call->hold, "drivers", drivers);
  if (!bh_ledger_save (call->ledger, error))
    return FALSE;
  bh_helper_stop_point ("usb-written");
  fd = open_node (device, &wanted, error);
  if (fd < 0)
    return FALSE;
  handle = g_unix_fd_list_append (call->fds, fd, error);
  close (fd);
  bh_helper_stop_point ("usb-open");
  if (handle >= 0)
    call->reply = g_variant_new ("(uh)", call->hold->id, handle);
  return handle >= 0;
}

/* Somebody who has the node open can claim an interface, and the driver is "usbfs" then. */
static gboolean
is_claimed (const char *device)
{
  g_autoptr (GPtrArray) interfaces = list_interfaces (device);

  for (guint i = 0; i < interfaces->len; i++)
    {
      g_autofree char *folder = g_build_filename (device, interfaces->pdata[i], NULL);
      g_autofree char *driver = bh_host_use_read_link (folder, "driver");

      if (strcmp (driver, "usbfs") == 0)
        return TRUE;
    }
  return FALSE;
}

gboolean
bh_usb_undo (BhLedger *ledger, BhHold *hold, GError **error)
{
  const char *device = bh_hold_get (hold, "device");
  g_auto (GStrv) before = NULL;

  /* Unplugged: another one that is at the same port now has nothing to do with it. */
  if (device[0] == '\0' || read_number (device, "devnum", 10) != bh_hold_get_number (hold, "devnum"))
    return TRUE;
  /* Taking it out of service and back drops all claims and has the kernel look for drivers. */
  if (is_claimed (device)
      && !(bh_host_use_write (device, "authorized", "0", "Taking a USB device back", error)
           && bh_host_use_write (device, "authorized", "1", "Taking a USB device back", error)))
    return FALSE;
  before = g_strsplit (bh_hold_get (hold, "drivers"), " ", -1);
  for (char **entry = before; *entry != NULL; entry++)
    {
      g_auto (GStrv) pair = g_strsplit (*entry, "=", 2);
      g_autofree char *folder = NULL;
      g_autofree char *now = NULL;

      if (pair[0] == NULL || pair[1] == NULL || pair[1][0] == '\0')
        continue;
      folder = g_build_filename (device, pair[0], NULL);
      now = bh_host_use_read_link (folder, "driver");
      /* An interface of another configuration is gone, and nothing to complain about. */
      if (now[0] == '\0')
        (void) bh_host_use_write ("/sys/bus/usb", "drivers_probe", pair[0], "Giving a USB device back", NULL);
    }
  return TRUE;
}
