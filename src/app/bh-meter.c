/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One quantity that changes: a title, its value as text, and a small graph of the last minute. */
#include "config.h"

#include "bh-meter.h"

#define SAMPLES 60
#define GRAPH_HEIGHT 36

struct _BhMeter
{
  GtkWidget parent_instance;
  GtkWidget *title, *value;
  double samples[SAMPLES];
  guint n; /* how many there are, the last one newest */
};

G_DEFINE_FINAL_TYPE (BhMeter, bh_meter, GTK_TYPE_WIDGET)

enum
{
  PROP_TITLE = 1,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void
append_graph (BhMeter *self, GtkSnapshot *snapshot, double x, double y, double width, double height)
{
  cairo_t *cr =
      gtk_snapshot_append_cairo (snapshot, &GRAPHENE_RECT_INIT (x, y, width, height));
  double step = width / (SAMPLES - 1), at = x + width - step * (self->n - 1);
  GdkRGBA color = { 0.2f, 0.5f, 0.9f, 1 };

  gtk_style_context_lookup_color (gtk_widget_get_style_context (GTK_WIDGET (self)), "accent_color",
                                  &color);
  cairo_move_to (cr, at, y + height);
  for (guint i = 0; i < self->n; i++)
    cairo_line_to (cr, at + step * i, y + 1 + (height - 2) * (1 - self->samples[i]));
  cairo_line_to (cr, x + width, y + height);
  cairo_close_path (cr);
  cairo_set_source_rgba (cr, color.red, color.green, color.blue, 0.2);
  cairo_fill (cr);
  for (guint i = 0; i < self->n; i++)
    cairo_line_to (cr, at + step * i, y + 1 + (height - 2) * (1 - self->samples[i]));
  gdk_cairo_set_source_rgba (cr, &color);
  cairo_set_line_width (cr, 1.5);
  cairo_stroke (cr);
  cairo_destroy (cr);
}

static void
bh_meter_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  BhMeter *self = BH_METER (widget);
  int width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);

  GTK_WIDGET_CLASS (bh_meter_parent_class)->snapshot (widget, snapshot);
  if (self->n > 0 && width > 0)
    append_graph (self, snapshot, 0, height - GRAPH_HEIGHT, width, GRAPH_HEIGHT);
}

static void
bh_meter_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                  int *natural, int *minimum_baseline, int *natural_baseline)
{
  BhMeter *self = BH_METER (widget);
  int title_minimum, title_natural, value_minimum, value_natural;

  gtk_widget_measure (self->title, orientation, -1, &title_minimum, &title_natural, NULL, NULL);
  gtk_widget_measure (self->value, orientation, -1, &value_minimum, &value_natural, NULL, NULL);
  *minimum = MAX (title_minimum, value_minimum);
  *natural = MAX (title_natural, value_natural);
  if (orientation == GTK_ORIENTATION_VERTICAL)
    *minimum = *natural = title_natural + value_natural + GRAPH_HEIGHT + 6;
}

static void
bh_meter_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  BhMeter *self = BH_METER (widget);
  int title_height, value_height;

  gtk_widget_measure (self->title, GTK_ORIENTATION_VERTICAL, width, NULL, &title_height, NULL, NULL);
  gtk_widget_measure (self->value, GTK_ORIENTATION_VERTICAL, width, NULL, &value_height, NULL, NULL);
  gtk_widget_size_allocate (self->title, &(GtkAllocation){ 0, 0, width, title_height }, -1);
  gtk_widget_size_allocate (self->value, &(GtkAllocation){ 0, title_height, width, value_height },
                            -1);
}

static void
bh_meter_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  g_value_set_string (value, gtk_label_get_text (GTK_LABEL (BH_METER (object)->title)));
}

static void
bh_meter_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  const char *title = g_value_get_string (value);

  gtk_label_set_text (GTK_LABEL (BH_METER (object)->title), title ? title : "");
}

static void
bh_meter_dispose (GObject *object)
{
  BhMeter *self = BH_METER (object);

  g_clear_pointer (&self->title, gtk_widget_unparent);
  g_clear_pointer (&self->value, gtk_widget_unparent);
  G_OBJECT_CLASS (bh_meter_parent_class)->dispose (object);
}

static void
bh_meter_class_init (BhMeterClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = bh_meter_get_property;
  object_class->set_property = bh_meter_set_property;
  object_class->dispose = bh_meter_dispose;
  widget_class->snapshot = bh_meter_snapshot;
  widget_class->measure = bh_meter_measure;
  widget_class->size_allocate = bh_meter_size_allocate;

  properties[PROP_TITLE] =
      g_param_spec_string ("title", NULL, NULL, "", G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  gtk_widget_class_set_css_name (widget_class, "meter");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static GtkWidget *
add_label (BhMeter *self, const char *class)
{
  GtkWidget *label = gtk_label_new ("");

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
  gtk_widget_add_css_class (label, class);
  gtk_widget_set_parent (label, GTK_WIDGET (self));
  return label;
}

static void
bh_meter_init (BhMeter *self)
{
  self->title = add_label (self, "caption-heading");
  self->value = add_label (self, "caption");
  gtk_widget_add_css_class (self->value, "numeric");
}

void
bh_meter_add (BhMeter *self, double part, const char *text)
{
  g_autofree char *description = NULL;

  if (self->n == SAMPLES)
    memmove (self->samples, self->samples + 1, sizeof self->samples - sizeof self->samples[0]);
  else
    self->n++;
  self->samples[self->n - 1] = CLAMP (part, 0, 1);
  gtk_label_set_text (GTK_LABEL (self->value), text);
  /* Not the role of a meter: assistive technologies get its number then, and no text. */
  description = g_strdup_printf ("%s: %s", gtk_label_get_text (GTK_LABEL (self->title)), text);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, description,
                                  -1);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
bh_meter_clear (BhMeter *self)
{
  self->n = 0;
  gtk_label_set_text (GTK_LABEL (self->value), "");
  gtk_widget_queue_draw (GTK_WIDGET (self));
}
