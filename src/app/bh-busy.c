/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Says that something is at work.
 *
 * Not GtkSpinner: that one asks for a frame at each refresh of the monitor, which without a GPU costs a quarter of a
 * processor that the starting AppVM needs. This one moves eight times a second. */
#include "config.h"

#include "bh-busy.h"

#include <math.h>

#define DOTS 8
#define STEP_MS 125
/* What comes and goes faster than this only flickers. */
#define DELAY_MS 300

struct _BhBusy
{
  GtkWidget parent_instance;
  int size;
  guint step, timer, delay;
};

G_DEFINE_FINAL_TYPE (BhBusy, bh_busy, GTK_TYPE_WIDGET)

enum
{
  PROP_SIZE = 1,
  PROP_BUSY,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static gboolean
on_step (gpointer user_data)
{
  BhBusy *self = user_data;

  self->step = (self->step + 1) % DOTS;
  gtk_widget_queue_draw (GTK_WIDGET (self));
  return G_SOURCE_CONTINUE;
}

static void
bh_busy_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  BhBusy *self = BH_BUSY (widget);
  double middle_x = gtk_widget_get_width (widget) / 2.0;
  double middle_y = gtk_widget_get_height (widget) / 2.0;
  double dot = self->size / 12.0, ring = self->size / 2.0 - dot;
  GdkRGBA color;
  cairo_t *cr = gtk_snapshot_append_cairo (
      snapshot,
      &GRAPHENE_RECT_INIT (0, 0, gtk_widget_get_width (widget), gtk_widget_get_height (widget)));

  gtk_style_context_get_color (gtk_widget_get_style_context (widget), &color);
  for (guint i = 0; i < DOTS; i++)
    {
      double angle = 2 * G_PI * i / DOTS;
      double alpha = 0.2 + 0.8 * ((i + DOTS - self->step - 1) % DOTS) / (DOTS - 1);

      cairo_set_source_rgba (cr, color.red, color.green, color.blue, color.alpha * alpha);
      cairo_arc (cr, middle_x + ring * sin (angle), middle_y - ring * cos (angle), dot, 0, 2 * G_PI);
      cairo_fill (cr);
    }
  cairo_destroy (cr);
}

static void
bh_busy_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                 int *natural, int *minimum_baseline, int *natural_baseline)
{
  *minimum = *natural = BH_BUSY (widget)->size;
}

static void
bh_busy_map (GtkWidget *widget)
{
  BhBusy *self = BH_BUSY (widget);
  gboolean animate;

  GTK_WIDGET_CLASS (bh_busy_parent_class)->map (widget);
  g_object_get (gtk_widget_get_settings (widget), "gtk-enable-animations", &animate, NULL);
  if (animate)
    self->timer = g_timeout_add (STEP_MS, on_step, self);
}

static void
bh_busy_unmap (GtkWidget *widget)
{
  g_clear_handle_id (&BH_BUSY (widget)->timer, g_source_remove);
  GTK_WIDGET_CLASS (bh_busy_parent_class)->unmap (widget);
}

static gboolean
on_delay (gpointer user_data)
{
  BhBusy *self = user_data;

  self->delay = 0;
  gtk_widget_set_visible (GTK_WIDGET (self), TRUE);
  return G_SOURCE_REMOVE;
}

static void
bh_busy_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  BhBusy *self = BH_BUSY (object);

  if (id == PROP_SIZE)
    g_value_set_int (value, self->size);
  else
    g_value_set_boolean (value, self->delay != 0 || gtk_widget_get_visible (GTK_WIDGET (self)));
}

static void
bh_busy_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  BhBusy *self = BH_BUSY (object);

  if (id == PROP_BUSY)
    {
      bh_busy_set (self, g_value_get_boolean (value));
      return;
    }
  self->size = g_value_get_int (value);
  gtk_widget_queue_resize (GTK_WIDGET (self));
}

static void
bh_busy_dispose (GObject *object)
{
  BhBusy *self = BH_BUSY (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_handle_id (&self->delay, g_source_remove);
  G_OBJECT_CLASS (bh_busy_parent_class)->dispose (object);
}

static void
bh_busy_class_init (BhBusyClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = bh_busy_get_property;
  object_class->set_property = bh_busy_set_property;
  object_class->dispose = bh_busy_dispose;
  widget_class->snapshot = bh_busy_snapshot;
  widget_class->measure = bh_busy_measure;
  widget_class->map = bh_busy_map;
  widget_class->unmap = bh_busy_unmap;

  properties[PROP_SIZE] =
      g_param_spec_int ("size", NULL, NULL, 8, 128, 16, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  properties[PROP_BUSY] =
      g_param_spec_boolean ("busy", NULL, NULL, FALSE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  gtk_widget_class_set_css_name (widget_class, "busy");
  /* The step stands beside it as text. */
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
}

static void
bh_busy_init (BhBusy *self)
{
  self->size = 16;
  gtk_widget_set_halign (GTK_WIDGET (self), GTK_ALIGN_CENTER);
  gtk_widget_set_valign (GTK_WIDGET (self), GTK_ALIGN_CENTER);
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
}

void
bh_busy_set (BhBusy *self, gboolean busy)
{
  if (busy && self->delay == 0 && !gtk_widget_get_visible (GTK_WIDGET (self)))
    self->delay = g_timeout_add (DELAY_MS, on_delay, self);
  if (busy)
    return;
  g_clear_handle_id (&self->delay, g_source_remove);
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
}
