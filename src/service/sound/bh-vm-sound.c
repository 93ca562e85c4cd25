/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sound of one AppVM on the bus: volume and level. */
#include "config.h"

#include "bh-error.h"
#include "bh-launcher-file.h"
#include "bh-sound-part.h"
#include "bh-vm-private.h"

static BhSoundPart *
find_part (BhVm *self)
{
  BhParts *parts = self->run ? bh_run_get_parts (self->run) : NULL;

  return parts ? BH_SOUND_PART (bh_parts_find (parts, BH_SOUND_PART_NAME)) : NULL;
}

void
bh_vm_show_sound (BhVm *self)
{
  BhDbusVm1 *vm = BH_DBUS_VM1 (self);
  BhSoundPart *part = find_part (self);
  g_autoptr (GVariant) says =
      part ? g_variant_ref_sink (bh_part_describe (BH_PART (part))) : NULL;
  double volume = 1;
  gboolean muted = FALSE;

  if (says)
    {
      g_variant_lookup (says, "volume", "d", &volume);
      g_variant_lookup (says, "muted", "b", &muted);
    }
  bh_dbus_vm1_set_volume (vm, volume);
  bh_dbus_vm1_set_muted (vm, muted);
}

void
bh_vm_sound_programs (BhVm *self)
{
  BhSoundPart *part = find_part (self);
  const char *owner = bh_vm_get_definition (self) ? bh_vm_get_definition (self) : bh_vm_get_id (self);
  g_autofree char *icon = bh_launcher_has_vm_icon (owner) ? bh_launcher_vm_icon (owner) : g_strdup (BH_APP_ID);
  g_autoptr (GString) names = g_string_new (NULL);

  if (!part)
    return;
  for (guint i = 0; i < bh_run_get_programs (self->run)->len; i++)
    {
      BhProgram *program = bh_run_get_programs (self->run)->pdata[i];

      g_string_append_printf (names, "%s%s", names->len ? ", " : "", program->label);
    }
  bh_sound_part_set_programs (part, names->str, icon, !bh_run_get_kvm (self->run));
}

/* The part, or an error to the caller. */
static BhSoundPart *
need_part (BhVm *self, GDBusMethodInvocation *invocation)
{
  BhSoundPart *part = find_part (self);

  if (!part)
    g_dbus_method_invocation_return_error (g_steal_pointer (&invocation), BH_ERROR,
                                           BH_ERROR_NOT_RUNNING, "“%s” is not running",
                                           bh_vm_get_name (self));
  return part;
}

gboolean
bh_vm_handle_set_volume (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, double volume)
{
  BhSoundPart *part;

  if (!(volume >= 0 && volume <= 1))
    {
      g_dbus_method_invocation_return_error_literal (g_steal_pointer (&invocation), BH_ERROR,
                                                     BH_ERROR_INVALID_ARGUMENT,
                                                     "A volume is from 0 to 1");
      return TRUE;
    }
  part = need_part (BH_VM (vm), invocation);
  if (!part)
    return TRUE;
  bh_sound_part_set_volume (part, volume);
  bh_dbus_vm1_complete_set_volume (vm, g_steal_pointer (&invocation));
  return TRUE;
}

gboolean
bh_vm_handle_set_muted (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, gboolean muted)
{
  BhSoundPart *part = need_part (BH_VM (vm), invocation);

  if (!part)
    return TRUE;
  bh_sound_part_set_muted (part, muted);
  bh_dbus_vm1_complete_set_muted (vm, g_steal_pointer (&invocation));
  return TRUE;
}

static void
on_level (double level, gpointer data)
{
  bh_dbus_vm1_complete_get_sound_level (NULL, data, level);
}

gboolean
bh_vm_handle_get_sound_level (BhDbusVm1 *vm, GDBusMethodInvocation *invocation)
{
  BhSoundPart *part = need_part (BH_VM (vm), invocation);

  if (part)
    bh_sound_part_get_level (part, on_level, invocation);
  return TRUE;
}
