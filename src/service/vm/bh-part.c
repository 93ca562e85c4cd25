/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What an AppVM may have besides windows. */
#include "config.h"

#include "bh-part.h"

G_DEFINE_INTERFACE (BhPart, bh_part, G_TYPE_OBJECT)

enum
{
  NOTICE,
  CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
bh_part_default_init (BhPartInterface *iface)
{
  signals[NOTICE] = g_signal_new ("notice", BH_TYPE_PART, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[CHANGED] = g_signal_new ("changed", BH_TYPE_PART, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
}

const char *
bh_part_get_name (BhPart *self)
{
  return BH_PART_GET_IFACE (self)->name;
}

void
bh_part_start_async (BhPart *self, const BhPartMachine *machine, GCancellable *cancellable,
                     GAsyncReadyCallback callback, gpointer data)
{
  BhPartInterface *iface = BH_PART_GET_IFACE (self);
  g_autoptr (GTask) task = NULL;

  if (iface->start_async)
    {
      iface->start_async (self, machine, cancellable, callback, data);
      return;
    }
  task = g_task_new (self, NULL, callback, data);
  g_task_return_boolean (task, TRUE);
}

gboolean
bh_part_start_finish (BhPart *self, GAsyncResult *result, GError **error)
{
  BhPartInterface *iface = BH_PART_GET_IFACE (self);

  return iface->start_async ? iface->start_finish (self, result, error)
                            : g_task_propagate_boolean (G_TASK (result), error);
}

void
bh_part_adopt (BhPart *self, const BhPartMachine *machine)
{
  BhPartInterface *iface = BH_PART_GET_IFACE (self);

  if (iface->adopt)
    iface->adopt (self, machine);
}

void
bh_part_add_settings (BhPart *self, GVariantDict *settings)
{
  BhPartInterface *iface = BH_PART_GET_IFACE (self);

  if (iface->add_settings)
    iface->add_settings (self, settings);
}

void
bh_part_attached (BhPart *self, BhProxyLink *link)
{
  BhPartInterface *iface = BH_PART_GET_IFACE (self);

  if (iface->attached)
    iface->attached (self, link);
}

void
bh_part_detached (BhPart *self)
{
  BhPartInterface *iface = BH_PART_GET_IFACE (self);

  if (iface->detached)
    iface->detached (self);
}

void
bh_part_changed (BhPart *self, BhVmConfig *config)
{
  BhPartInterface *iface = BH_PART_GET_IFACE (self);

  if (iface->changed)
    iface->changed (self, config);
}

void
bh_part_stop (BhPart *self)
{
  BhPartInterface *iface = BH_PART_GET_IFACE (self);

  if (iface->stop)
    iface->stop (self);
}

void
bh_part_abandon (BhPart *self)
{
  BhPartInterface *iface = BH_PART_GET_IFACE (self);

  if (iface->abandon)
    iface->abandon (self);
}

GVariant *
bh_part_describe (BhPart *self)
{
  BhPartInterface *iface = BH_PART_GET_IFACE (self);

  return iface->describe ? iface->describe (self) : NULL;
}

void
bh_part_emit_notice (BhPart *self, const char *text)
{
  g_signal_emit (self, signals[NOTICE], 0, text);
}

void
bh_part_emit_changed (BhPart *self)
{
  g_signal_emit (self, signals[CHANGED], 0);
}
