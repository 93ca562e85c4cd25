/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The disk image of an AppVM on the bus. */
#include "config.h"

#include "bh-vm-private.h"

#include "bh-boot-disk.h"
#include "bh-error.h"
#include "bh-log.h"

gboolean
bh_vm_handle_read_image (BhDbusVm1 *vm, GDBusMethodInvocation *invocation)
{
  BhVm *self = BH_VM (vm);
  GVariantDict image;

  if (!bh_vm_config_is_disk (self->config))
    {
      g_dbus_method_invocation_return_error (
          g_steal_pointer (&invocation), BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
          "“%s” does not boot from a disk image", bh_vm_get_name (self));
      return TRUE;
    }
  g_variant_dict_init (&image, NULL);
  g_variant_dict_insert (&image, "path", "s", bh_vm_config_get (self->config, "Image"));
  g_variant_dict_insert (&image, "changes", "s", bh_vm_config_get (self->config, "ImageChanges"));
  g_variant_dict_insert (&image, "kept", "t", bh_boot_disk_kept (bh_vm_get_id (self)));
  bh_dbus_vm1_complete_read_image (vm, g_steal_pointer (&invocation), g_variant_dict_end (&image));
  return TRUE;
}

gboolean
bh_vm_handle_drop_image_changes (BhDbusVm1 *vm, GDBusMethodInvocation *invocation)
{
  BhVm *self = BH_VM (vm);
  g_autoptr (GError) error = NULL;

  if (self->run)
    g_set_error (&error, BH_ERROR, BH_ERROR_BUSY, "“%s” runs. Stop it first.", bh_vm_get_name (self));
  else if (bh_boot_disk_forget (bh_vm_get_id (self), &error))
    {
      bh_log_line (bh_vm_get_id (self), "what was changed over its image is dropped");
      bh_dbus_vm1_complete_drop_image_changes (vm, g_steal_pointer (&invocation));
      return TRUE;
    }
  g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
  return TRUE;
}
