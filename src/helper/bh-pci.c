/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * PCI devices for an AppVM, by VFIO.
 *
 * The IOMMU tells groups of devices apart, not devices: one that stays with the host while another of its group belongs
 * to a guest could be made to write to the guest's memory and be written to. So groups are given complete, and
 * bridges in them, which have no memory access of their own, stay.
 *
 * What is noted of each device before it is touched: the driver it had and its driver_override. Undoing waits until
 * nobody has the group open: taking a device away from a process that uses it would stop this one. */
#include "config.h"

#include "bh-pci.h"

#include "bh-acl.h"
#include "bh-error.h"
#include "bh-host-use.h"
#include "bh-module.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEVICES "/sys/bus/pci/devices"
#define GROUPS "/sys/kernel/iommu_groups"
#define DRIVER "vfio-pci"
#define MAX_DEVICES 32

static char *
folder_of (const char *name)
{
  return g_build_filename (DEVICES, name, NULL);
}

/* (element-type utf8): "0000:01:00.0" of each device of the call. */
static GPtrArray *
read_args (GVariant *args, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GVariantIter) iter = NULL;
  guint16 domain;
  guint8 bus, device, function;

  g_variant_get (args, "(a(qyyy))", &iter);
  while (g_variant_iter_next (iter, "(qyyy)", &domain, &bus, &device, &function))
    {
      char *name = g_strdup_printf ("%04x:%02x:%02x.%x", domain, bus, device, function);
      gboolean twice = g_ptr_array_find_with_equal_func (names, name, g_str_equal, NULL);

      g_ptr_array_add (names, name);
      if (device > 31 || function > 7 || twice || names->len > MAX_DEVICES)
        {
          g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                       "devices: 1 to %d different ones, device 0 to 31 and function 0 to 7 of each", MAX_DEVICES);
          return NULL;
        }
    }
  if (names->len > 0)
    return g_steal_pointer (&names);
  g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT, "devices: none are named");
  return NULL;
}

/* Bridges stay with the host: PCI-to-PCI (0604) and host bridges (0600). */
static gboolean
is_bridge (const char *name)
{
  g_autofree char *folder = folder_of (name);
  g_autofree char *class = bh_host_use_read (folder, "class");
  guint64 number = g_ascii_strtoull (class, NULL, 16) >> 8;

  return number == 0x0604 || number == 0x0600;
}

/* Everything in the group must be asked for. */
static gboolean
check_group (const char *name, GPtrArray *wanted, GHashTable *groups, GError **error)
{
  g_autofree char *folder = folder_of (name);
  g_autofree char *group = bh_host_use_read_link (folder, "iommu_group");
  g_autofree char *members = NULL;
  g_autoptr (GString) list = g_string_new (NULL);
  g_autoptr (GDir) dir = NULL;
  gboolean complete = TRUE;
  const char *member;

  if (group[0] == '\0')
    {
      g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND,
                   "%s is in no IOMMU group, so nothing could keep it from reaching all of this computer's memory. Switch "
                   "the IOMMU (VT-d, AMD-Vi) on in the firmware, and for Intel start the kernel with intel_iommu=on.",
                   name);
      return FALSE;
    }
  if (g_hash_table_contains (groups, group))
    return TRUE;
  members = g_build_filename (GROUPS, group, "devices", NULL);
  dir = g_dir_open (members, 0, NULL);
  while (dir != NULL && (member = g_dir_read_name (dir)) != NULL)
    {
      if (is_bridge (member))
        continue;
      g_string_append_printf (list, "%s%s", list->len ? " " : "", member);
      complete = complete && g_ptr_array_find_with_equal_func (wanted, member, g_str_equal, NULL);
    }
  if (!complete || dir == NULL)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                   "%s cannot be given alone: IOMMU group %s has %s, and they can only go together.", name, group,
                   list->str);
      return FALSE;
    }
  g_hash_table_add (groups, g_steal_pointer (&group));
  return TRUE;
}

static gboolean
check_use (const char *name, GError **error)
{
  g_autofree char *folder = folder_of (name);
  g_autofree char *boot_vga = bh_host_use_read (folder, "boot_vga");
  char *real = realpath (folder, NULL);
  BhInputs inputs;
  gboolean good = FALSE;

  if (real == NULL)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND, "There is no PCI device %s. “lspci” lists them.", name);
      return FALSE;
    }
  bh_host_use_find_inputs (real, &inputs);
  if (is_bridge (name))
    g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                 "%s is a bridge to other devices, and stays with this computer.", name);
  else if (strcmp (boot_vga, "1") == 0)
    g_set_error (error, BH_ERROR, BH_ERROR_BUSY,
                 "%s is the graphics card this computer started with; without it there would be no screen.", name);
  else if (inputs.keyboard_here && !inputs.keyboard_elsewhere)
    g_set_error (error, BH_ERROR, BH_ERROR_BUSY, "%s has the only keyboard of this computer behind it.", name);
  else
    good = bh_host_use_check (real, name, error);
  free (real);
  return good;
}

static gboolean
check_others (BhCall *call, GPtrArray *names, GError **error)
{
  GPtrArray *holds = bh_ledger_holds (call->ledger);

  for (guint i = 0; i < holds->len; i++)
    {
      g_auto (GStrv) held = g_strsplit (bh_hold_get (holds->pdata[i], "devices"), " ", -1);

      for (guint j = 0; holds->pdata[i] != call->hold && j < names->len; j++)
        if (g_strv_contains ((const char *const *) held, names->pdata[j]))
          {
            g_set_error (error, BH_ERROR, BH_ERROR_BUSY, "%s is given to an AppVM already.",
                         (const char *) names->pdata[j]);
            return FALSE;
          }
    }
  return TRUE;
}

/* (element-type utf8): the groups, when everything can be given. */
static GHashTable *
check (BhCall *call, GPtrArray *names, GError **error)
{
  g_autoptr (GHashTable) groups = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  if (!check_others (call, names, error))
    return NULL;
  for (guint i = 0; i < names->len; i++)
    {
      g_autofree char *folder = folder_of (names->pdata[i]);

      if (!g_file_test (folder, G_FILE_TEST_EXISTS))
        {
          (void) check_use (names->pdata[i], error);
          return NULL;
        }
      if (!check_use (names->pdata[i], error) || !check_group (names->pdata[i], names, groups, error))
        return NULL;
    }
  return g_steal_pointer (&groups);
}

gboolean
bh_pci_check (BhCall *call, GError **error)
{
  g_autoptr (GPtrArray) names = read_args (call->args, error);
  g_autoptr (GHashTable) groups = names ? check (call, names, error) : NULL;
  g_autoptr (GString) list = g_string_new (NULL);

  if (groups == NULL)
    return FALSE;
  for (guint i = 0; i < names->len; i++)
    g_string_append_printf (list, "%s%s", i ? ", " : "", (const char *) names->pdata[i]);
  g_hash_table_insert (call->details, g_strdup ("devices"), g_strdup (list->str));
  return TRUE;
}

static gboolean
write_facts (BhCall *call, GPtrArray *names, GHashTable *groups, GError **error)
{
  g_autoptr (GString) devices = g_string_new (NULL);
  g_autoptr (GString) group_list = g_string_new (NULL);
  GHashTableIter iter;
  gpointer group;

  for (guint i = 0; i < names->len; i++)
    {
      const char *name = names->pdata[i];
      g_autofree char *folder = folder_of (name);
      g_autofree char *driver = bh_host_use_read_link (folder, "driver");
      g_autofree char *override = bh_host_use_read (folder, "driver_override");
      g_autofree char *driver_fact = g_strconcat ("driver-", name, NULL);
      g_autofree char *override_fact = g_strconcat ("override-", name, NULL);

      g_strdelimit (driver_fact, ":.", '-');
      g_strdelimit (override_fact, ":.", '-');
      g_string_append_printf (devices, "%s%s", i ? " " : "", name);
      bh_hold_set (call->hold, driver_fact, driver);
      /* The kernel's word for none. */
      bh_hold_set (call->hold, override_fact, strcmp (override, "(null)") == 0 ? "" : override);
    }
  g_hash_table_iter_init (&iter, groups);
  while (g_hash_table_iter_next (&iter, &group, NULL))
    g_string_append_printf (group_list, "%s%s", group_list->len ? " " : "", (const char *) group);
  bh_hold_set (call->hold, "devices", devices->str);
  bh_hold_set (call->hold, "groups", group_list->str);
  return bh_ledger_save (call->ledger, error);
}

static gboolean
unbind (const char *name, GError **error)
{
  g_autofree char *folder = folder_of (name);
  g_autofree char *driver = g_build_filename (folder, "driver", NULL);
  g_autofree char *what = g_strdup_printf ("Taking %s from its driver", name);

  return !g_file_test (driver, G_FILE_TEST_EXISTS)
         || bh_host_use_write (driver, "unbind", name, what, error);
}

static gboolean
bind (const char *name, GError **error)
{
  g_autofree char *folder = folder_of (name);
  g_autofree char *what = g_strdup_printf ("Giving %s to the driver " DRIVER, name);
  g_autofree char *driver = NULL;

  if (!bh_host_use_write (folder, "driver_override", DRIVER, what, error) || !unbind (name, error)
      || !bh_host_use_write ("/sys/bus/pci", "drivers_probe", name, what, error))
    return FALSE;
  driver = bh_host_use_read_link (folder, "driver");
  if (strcmp (driver, DRIVER) == 0)
    return TRUE;
  g_set_error (error, BH_ERROR, BH_ERROR_FAILED,
               "%s did not take to the driver " DRIVER ". The kernel's log (dmesg) says why.", name);
  return FALSE;
}

gboolean
bh_pci_assign (BhCall *call, GError **error)
{
  g_autoptr (GPtrArray) names = read_args (call->args, error);
  g_autoptr (GHashTable) groups = names ? check (call, names, error) : NULL;
  GVariantBuilder builder;
  GHashTableIter iter;
  gpointer group;

  if (groups == NULL || !bh_module_load (DRIVER, error)
      || !write_facts (call, names, groups, error))
    return FALSE;
  bh_helper_stop_point ("pci-written");
  for (guint i = 0; i < names->len; i++)
    {
      if (!bind (names->pdata[i], error))
        return FALSE;
      bh_helper_stop_point ("pci-bound-one");
    }
  g_variant_builder_init (&builder, G_VARIANT_TYPE ("au"));
  g_hash_table_iter_init (&iter, groups);
  while (g_hash_table_iter_next (&iter, &group, NULL))
    {
      g_autofree char *node = g_strconcat ("/dev/vfio/", group, NULL);

      if (!bh_acl_add (node, call->uid, error))
        {
          g_variant_builder_clear (&builder);
          return FALSE;
        }
      g_variant_builder_add (&builder, "u", (guint32) g_ascii_strtoull (group, NULL, 10));
    }
  call->reply = g_variant_new ("(uau)", call->hold->id, &builder);
  bh_helper_stop_point ("pci-done");
  return TRUE;
}

/* Nobody can open the group any more; does somebody still have it open? It opens only once. */
static gboolean
is_free (const char *group, BhHold *hold, GError **error)
{
  g_autofree char *node = g_strconcat ("/dev/vfio/", group, NULL);
  int fd;

  if (!bh_acl_remove (node, hold->uid, error))
    return FALSE;
  fd = open (node, O_RDWR | O_CLOEXEC);
  if (fd >= 0)
    close (fd);
  else if (errno == EBUSY)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_BUSY, "A process still uses IOMMU group %s.", group);
      return FALSE;
    }
  return TRUE;
}

static gboolean
give_back (BhHold *hold, const char *name, GError **error)
{
  g_autofree char *folder = folder_of (name);
  g_autofree char *now = bh_host_use_read_link (folder, "driver");
  g_autofree char *driver_fact = g_strconcat ("driver-", name, NULL);
  g_autofree char *override_fact = g_strconcat ("override-", name, NULL);
  g_autofree char *what = g_strdup_printf ("Giving %s back", name);
  const char *driver, *override;

  g_strdelimit (driver_fact, ":.", '-');
  g_strdelimit (override_fact, ":.", '-');
  driver = bh_hold_get (hold, driver_fact);
  override = bh_hold_get (hold, override_fact);
  /* Hot-plugged devices may be gone. */
  if (!g_file_test (folder, G_FILE_TEST_EXISTS))
    return TRUE;
  if (!bh_host_use_write (folder, "driver_override", override[0] ? override : "\n", what, error))
    return FALSE;
  if (strcmp (now, driver) == 0)
    return TRUE;
  if (strcmp (now, DRIVER) == 0 && !unbind (name, error))
    return FALSE;
  return driver[0] == '\0'
         || bh_host_use_write ("/sys/bus/pci", "drivers_probe", name, what, error);
}

gboolean
bh_pci_undo (BhLedger *ledger, BhHold *hold, GError **error)
{
  g_auto (GStrv) groups = g_strsplit (bh_hold_get (hold, "groups"), " ", -1);
  g_auto (GStrv) devices = g_strsplit (bh_hold_get (hold, "devices"), " ", -1);

  for (char **group = groups; *group != NULL; group++)
    if (**group != '\0' && !is_free (*group, hold, error))
      return FALSE;
  for (char **name = devices; *name != NULL; name++)
    if (**name != '\0' && !give_back (hold, *name, error))
      return FALSE;
  return TRUE;
}
