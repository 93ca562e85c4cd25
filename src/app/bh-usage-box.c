/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a running AppVM takes of this computer, live while it is looked at: the property Usage is read each second,
 * and only while the graphs are on the screen. */
#include "config.h"

#include "bh-usage-box.h"

#include "bh-meter.h"

#include <glib/gi18n.h>

#define POLL_MS 1000

struct _BhUsageBox
{
  GtkBox parent_instance;
  BhVmItem *item;
  BhMeter *cpu, *memory;
  guint timer;
  GCancellable *cancellable; /* of the question under way */
};

G_DEFINE_FINAL_TYPE (BhUsageBox, bh_usage_box, GTK_TYPE_BOX)

static guint
processors (BhUsageBox *self)
{
  GVariant *settings = bh_dbus_vm1_get_settings (bh_vm_item_get_proxy (self->item));
  const char *text = NULL;

  if (settings)
    g_variant_lookup (settings, "Processors", "&s", &text);
  return (guint) CLAMP (text ? g_ascii_strtoull (text, NULL, 10) : 1, 1, 1024);
}

static void
show_usage (BhUsageBox *self, GVariant *usage)
{
  guint64 rss = 0, memory = 0, private = 0;
  double cpu = 0;
  g_autofree char *used = NULL, *given = NULL, *own = NULL, *cpu_text = NULL, *memory_text = NULL;

  if (!g_variant_lookup (usage, "rss", "t", &rss))
    return;
  g_variant_lookup (usage, "cpu", "d", &cpu);
  g_variant_lookup (usage, "memory", "t", &memory);
  cpu_text = g_strdup_printf (_ ("%.0f %%"), cpu);
  bh_meter_add (self->cpu, cpu / (100.0 * processors (self)), cpu_text);
  used = g_format_size_full (rss, G_FORMAT_SIZE_IEC_UNITS);
  given = g_format_size_full (memory, G_FORMAT_SIZE_IEC_UNITS);
  if (g_variant_lookup (usage, "private", "t", &private))
    {
      own = g_format_size_full (private, G_FORMAT_SIZE_IEC_UNITS);
      /* Translators: "61.2 MiB alone, 210.0 MiB with what AppVMs share" */
      memory_text = g_strdup_printf (_ ("%s alone, %s with what AppVMs share"), own, used);
    }
  else
    memory_text = g_strdup_printf (_ ("%s of %s"), used, given);
  bh_meter_add (self->memory, memory > 0 ? (double) rss / (double) memory : 0, memory_text);
}

static void
on_usage (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BhUsageBox *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_proxy_call_finish (G_DBUS_PROXY (source), result, &error);
  g_autoptr (GVariant) usage = NULL;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->cancellable);
  if (!reply)
    return;
  g_variant_get (reply, "(v)", &usage);
  if (g_variant_is_of_type (usage, G_VARIANT_TYPE_VARDICT))
    show_usage (self, usage);
}

static void
ask (BhUsageBox *self)
{
  BhDbusVm1 *vm = bh_vm_item_get_proxy (self->item);

  if (self->cancellable)
    return;
  self->cancellable = g_cancellable_new ();
  g_dbus_proxy_call (G_DBUS_PROXY (vm), "org.freedesktop.DBus.Properties.Get",
                     g_variant_new ("(ss)", "io.github.bulkhead.Vm1", "Usage"),
                     G_DBUS_CALL_FLAGS_NONE, -1, self->cancellable, on_usage, self);
}

static gboolean
on_poll (gpointer user_data)
{
  ask (user_data);
  return G_SOURCE_CONTINUE;
}

static void
stop (BhUsageBox *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
}

static void
begin (BhUsageBox *self)
{
  if (!self->item || self->timer != 0 || !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  self->timer = g_timeout_add (POLL_MS, on_poll, self);
  ask (self);
}

static void
bh_usage_box_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (bh_usage_box_parent_class)->map (widget);
  begin (BH_USAGE_BOX (widget));
}

static void
bh_usage_box_unmap (GtkWidget *widget)
{
  stop (BH_USAGE_BOX (widget));
  GTK_WIDGET_CLASS (bh_usage_box_parent_class)->unmap (widget);
}

static void
bh_usage_box_dispose (GObject *object)
{
  BhUsageBox *self = BH_USAGE_BOX (object);

  stop (self);
  g_clear_object (&self->item);
  G_OBJECT_CLASS (bh_usage_box_parent_class)->dispose (object);
}

static void
bh_usage_box_class_init (BhUsageBoxClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = bh_usage_box_dispose;
  widget_class->map = bh_usage_box_map;
  widget_class->unmap = bh_usage_box_unmap;
}

static BhMeter *
add_meter (BhUsageBox *self, const char *title)
{
  BhMeter *meter = g_object_new (BH_TYPE_METER, "title", title, "hexpand", TRUE, NULL);

  gtk_widget_add_css_class (GTK_WIDGET (meter), "card");
  gtk_widget_add_css_class (GTK_WIDGET (meter), "meter-card");
  gtk_widget_set_overflow (GTK_WIDGET (meter), GTK_OVERFLOW_HIDDEN);
  gtk_box_append (GTK_BOX (self), GTK_WIDGET (meter));
  return meter;
}

static void
bh_usage_box_init (BhUsageBox *self)
{
  gtk_box_set_spacing (GTK_BOX (self), 12);
  gtk_box_set_homogeneous (GTK_BOX (self), TRUE);
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
  self->cpu = add_meter (self, _ ("Processor"));
  self->memory = add_meter (self, _ ("Memory"));
}

void
bh_usage_box_set_item (BhUsageBox *self, BhVmItem *item)
{
  stop (self);
  g_set_object (&self->item, item);
  bh_meter_clear (self->cpu);
  bh_meter_clear (self->memory);
  begin (self);
}

void
bh_usage_box_set_running (BhUsageBox *self, gboolean running)
{
  if (running == gtk_widget_get_visible (GTK_WIDGET (self)))
    return;
  bh_meter_clear (self->cpu);
  bh_meter_clear (self->memory);
  gtk_widget_set_visible (GTK_WIDGET (self), running);
}
