/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An AppVM as JSON. */
#include "config.h"

#include "vm-json.h"

#include "output.h"

static JsonArray *
programs_to_json (const BhVmInfo *vm)
{
  g_autoptr (GVariant) programs = bh_vm_info_value (vm, "Programs", "a(ustu)");
  JsonArray *array = json_array_new ();
  GVariantIter iter;
  guint32 id, windows;
  const char *label;
  guint64 start;

  if (programs == NULL)
    return array;
  g_variant_iter_init (&iter, programs);
  while (g_variant_iter_loop (&iter, "(u&stu)", &id, &label, &start, &windows))
    {
      JsonObject *program = json_object_new ();

      json_object_set_int_member (program, "id", id);
      json_object_set_string_member (program, "label", label);
      json_object_set_int_member (program, "start_us", (gint64) start);
      json_object_set_int_member (program, "windows", windows);
      json_array_add_object_element (array, program);
    }
  return array;
}

JsonObject *
bh_vm_to_json (const BhVmInfo *vm, BhVmJsonFlags flags)
{
  static const char *const texts[][2] = { { "Id", "id" },       { "Name", "name" },
                                          { "Color", "color" }, { "State", "state" },
                                          { "Step", "step" },   { "Error", "error" },
                                          { "DisposableOf", "disposable_of" } };
  static const char *const lists[][3] = { { "Applications", "applications", "as" },
                                          { "Problems", "problems", "as" },
                                          { "InUse", "in_use", "as" },
                                          { "CameraAsks", "camera_asks", "b" } };
  JsonObject *object = json_object_new ();

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    json_object_set_string_member (object, texts[i][1], bh_vm_info_string (vm, texts[i][0]));
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      g_autoptr (GVariant) value = bh_vm_info_value (vm, lists[i][0], lists[i][2]);

      if (value != NULL)
        json_object_set_member (object, lists[i][1], bh_json_from_variant (value));
    }
  json_object_set_array_member (object, "programs", programs_to_json (vm));
  if (flags == BH_VM_JSON_SETTINGS)
    {
      g_autoptr (GVariant) settings = bh_vm_info_value (vm, "Settings", "a{ss}");

      if (settings != NULL)
        json_object_set_member (object, "settings", bh_json_from_variant (settings));
    }
  return object;
}
