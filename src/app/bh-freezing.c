/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Says that a guest is being frozen and how far that is; invisible while none is. */
#include "config.h"

#include "bh-freezing.h"

#include "bh-text.h"

#include <glib/gi18n.h>

#define MAX_STEP_CHARS 80

struct _BhFreezing
{
  GtkBox parent_instance;
  BhVmList *vms;
  GtkLabel *step;
  GtkProgressBar *bar;
};

G_DEFINE_FINAL_TYPE (BhFreezing, bh_freezing, GTK_TYPE_BOX)

/* The service says its steps in English; these are what it says (service/bh-freeze.c, bh-frozen.c). */
G_GNUC_UNUSED static const char *const steps[] = {
  N_ ("Booting a guest to freeze"),
  N_ ("Freezing it"),
  N_ ("Trying to thaw it"),
  N_ ("Keeping it on the disk"),
};

static void
show (BhFreezing *self)
{
  BhDbusManager1 *manager = bh_vm_list_get_manager (self->vms);
  const char *step = manager ? bh_dbus_manager1_get_freeze_step (manager) : NULL;

  gtk_widget_set_visible (GTK_WIDGET (self), step && *step);
  if (step && *step)
    {
      g_autofree char *clean = bh_text_clean (step, strlen (step), MAX_STEP_CHARS);

      gtk_label_set_text (self->step, _ (clean));
      gtk_progress_bar_set_fraction (self->bar, bh_dbus_manager1_get_freeze_progress (manager));
    }
}

/* Its manager is another one after each start of the service. */
static void
on_state_changed (BhFreezing *self)
{
  BhDbusManager1 *manager = bh_vm_list_get_manager (self->vms);

  if (manager && !g_signal_handler_find (manager, G_SIGNAL_MATCH_DATA, 0, 0, NULL, NULL, self))
    {
      g_signal_connect_object (manager, "notify::freeze-step", G_CALLBACK (show), self,
                               G_CONNECT_SWAPPED);
      g_signal_connect_object (manager, "notify::freeze-progress", G_CALLBACK (show), self,
                               G_CONNECT_SWAPPED);
    }
  show (self);
}

static void
bh_freezing_dispose (GObject *object)
{
  BhFreezing *self = BH_FREEZING (object);

  g_clear_object (&self->vms);
  G_OBJECT_CLASS (bh_freezing_parent_class)->dispose (object);
}

static void
bh_freezing_class_init (BhFreezingClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = bh_freezing_dispose;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bulkhead/Bulkhead/ui/bh-freezing.ui");
  gtk_widget_class_bind_template_child (widget_class, BhFreezing, step);
  gtk_widget_class_bind_template_child (widget_class, BhFreezing, bar);
}

static void
bh_freezing_init (BhFreezing *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
bh_freezing_set_vms (BhFreezing *self, BhVmList *vms)
{
  g_return_if_fail (!self->vms);
  self->vms = g_object_ref (vms);
  g_signal_connect_object (vms, "state-changed", G_CALLBACK (on_state_changed), self,
                           G_CONNECT_SWAPPED);
  on_state_changed (self);
}
