/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The time line of a job: when each step began, counted from the first. */
#include "config.h"

#include "timeline.h"

#include "output.h"

#include <glib/gi18n.h>
#include <string.h>

static const struct
{
  const char *name, *text;
} steps[] = {
  { "call", N_ ("request received") },
  { "kernel", N_ ("looking for the kernel") },
  { "initramfs", N_ ("preparing the first file system") },
  { "template", N_ ("preparing the system tree") },
  { "domain", N_ ("creating the virtual machine") },
  { "created", N_ ("virtual machine created") },
  { "thawed", N_ ("frozen virtual machine thawed") },
  { "channel", N_ ("channel to the guest open") },
  { "hello", N_ ("guest is up") },
  { "configured", N_ ("guest has its configuration") },
  { "launch", N_ ("asking for the program") },
  { "launched", N_ ("program started") },
  { "window", N_ ("first window shown") },
};

static const char *
step_text (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    if (strcmp (steps[i].name, name) == 0)
      return _ (steps[i].text);
  return "";
}

void
bh_timeline_print (GVariant *timeline, FILE *stream)
{
  g_autoptr (BhTable) table =
      bh_table_new (_ ("Step"), "", _ (">Since last"), _ (">Since start"), NULL);
  GVariantIter iter;
  const char *name;
  guint64 time, first = 0, last = 0;
  gsize n = 0;

  g_variant_iter_init (&iter, timeline);
  while (g_variant_iter_loop (&iter, "(&st)", &name, &time))
    {
      if (n++ == 0)
        first = last = time;
      bh_table_add (table, name, BH_STYLE_NONE);
      bh_table_add (table, step_text (name), BH_STYLE_DIM);
      /* A step may be noted late; a negative time would be no use to anyone. */
      bh_table_add_format (table, BH_STYLE_NONE, _ ("%.1f ms"),
                           time > last ? (time - last) / 1000.0 : 0.0);
      bh_table_add_format (table, BH_STYLE_NONE, _ ("%.1f ms"),
                           time > first ? (time - first) / 1000.0 : 0.0);
      last = MAX (time, last);
    }
  if (n == 0)
    return;
  bh_table_add (table, _ ("total"), BH_STYLE_BOLD);
  bh_table_add (table, "", BH_STYLE_NONE);
  bh_table_add (table, "", BH_STYLE_NONE);
  bh_table_add_format (table, BH_STYLE_BOLD, _ ("%.1f ms"), (last - first) / 1000.0);
  bh_table_print (table, stream);
}

JsonNode *
bh_timeline_to_json (GVariant *timeline)
{
  JsonArray *array = json_array_new ();
  JsonNode *node;
  GVariantIter iter;
  const char *name;
  guint64 time, first = 0, last = 0;
  gsize n = 0;

  g_variant_iter_init (&iter, timeline);
  while (g_variant_iter_loop (&iter, "(&st)", &name, &time))
    {
      JsonObject *object = json_object_new ();

      if (n++ == 0)
        first = last = time;
      json_object_set_string_member (object, "name", name);
      json_object_set_int_member (object, "time_us", time > first ? (gint64) (time - first) : 0);
      json_object_set_int_member (object, "delta_us", time > last ? (gint64) (time - last) : 0);
      json_array_add_object_element (array, object);
      last = MAX (time, last);
    }
  node = json_node_init_array (json_node_alloc (), array);
  json_array_unref (array);
  return node;
}
