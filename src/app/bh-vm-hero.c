/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The head of an AppVM's page: its sign, name, state, reach, and the button that fits. */
#include "config.h"

#include "bh-vm-hero.h"

#include "bh-busy.h"
#include "bh-color-dot.h"
#include "bh-reach-box.h"
#include "bh-tint-box.h"

#include <glib/gi18n.h>

struct _BhVmHero
{
  AdwBin parent_instance;
  BhVmItem *item;
  BhTintBox *tint;
  BhColorDot *dot;
  GtkLabel *name, *status;
  BhReachBox *reach;
  GtkWidget *start, *stop, *cancel;
  BhBusy *busy;
  GtkProgressBar *progress;
};

G_DEFINE_FINAL_TYPE (BhVmHero, bh_vm_hero, ADW_TYPE_BIN)

static void
bh_vm_hero_dispose (GObject *object)
{
  g_clear_object (&BH_VM_HERO (object)->item);
  G_OBJECT_CLASS (bh_vm_hero_parent_class)->dispose (object);
}

static void
bh_vm_hero_class_init (BhVmHeroClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = bh_vm_hero_dispose;
  g_type_ensure (BH_TYPE_BUSY);
  g_type_ensure (BH_TYPE_COLOR_DOT);
  g_type_ensure (BH_TYPE_REACH_BOX);
  g_type_ensure (BH_TYPE_TINT_BOX);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bulkhead/Bulkhead/ui/bh-vm-hero.ui");
  gtk_widget_class_bind_template_child (widget_class, BhVmHero, tint);
  gtk_widget_class_bind_template_child (widget_class, BhVmHero, dot);
  gtk_widget_class_bind_template_child (widget_class, BhVmHero, name);
  gtk_widget_class_bind_template_child (widget_class, BhVmHero, status);
  gtk_widget_class_bind_template_child (widget_class, BhVmHero, reach);
  gtk_widget_class_bind_template_child (widget_class, BhVmHero, start);
  gtk_widget_class_bind_template_child (widget_class, BhVmHero, stop);
  gtk_widget_class_bind_template_child (widget_class, BhVmHero, cancel);
  gtk_widget_class_bind_template_child (widget_class, BhVmHero, busy);
  gtk_widget_class_bind_template_child (widget_class, BhVmHero, progress);
}

static void
bh_vm_hero_init (BhVmHero *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
bh_vm_hero_set_item (BhVmHero *self, BhVmItem *item)
{
  g_set_object (&self->item, item);
  bh_busy_set (self->busy, FALSE);
}

void
bh_vm_hero_update (BhVmHero *self)
{
  BhVmItem *item = self->item;
  g_autofree char *status = bh_vm_item_dup_status (item);
  BhVmState state = bh_vm_item_get_state (item);
  BhJob *job = bh_vm_item_get_job (item);
  gboolean stopping = state == BH_VM_STOPPING || (job && bh_job_get_kind (job) == BH_JOB_STOP);
  gboolean busy = job || state == BH_VM_STARTING || stopping;
  gboolean can_cancel = job && !stopping, can_start = !busy && state != BH_VM_RUNNING;
  gboolean disposables = bh_vm_item_makes_disposables (item);
  const char *name = bh_vm_item_get_name (item), *color = bh_vm_item_get_color (item);

  if (bh_vm_item_get_definition (item))
    {
      g_autofree char *state_text = g_steal_pointer (&status);

      /* Translators: the state of an AppVM, then a sentence about it. */
      status = g_strdup_printf (C_ ("state and sentence", "%s. %s"), state_text,
                                _ ("A disposable: nothing in it is kept."));
    }
  bh_tint_box_set_color (self->tint, color);
  bh_color_dot_set (self->dot, color, name);
  bh_color_dot_set_active (self->dot, state == BH_VM_RUNNING);
  gtk_label_set_text (self->name, name);
  gtk_label_set_text (self->status, status);
  bh_reach_box_set (self->reach, bh_dbus_vm1_get_settings (bh_vm_item_get_proxy (item)));
  bh_busy_set (self->busy, busy);
  gtk_widget_set_opacity (GTK_WIDGET (self->progress), can_cancel ? 1 : 0);
  gtk_progress_bar_set_fraction (self->progress, job ? bh_job_get_fraction (job) : 0);
  gtk_widget_set_visible (self->cancel, can_cancel);
  gtk_widget_set_visible (self->start, can_start && !disposables);
  gtk_widget_set_visible (self->stop, !can_cancel && !can_start);
}
