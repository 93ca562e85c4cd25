/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What Manager1 has about frozen guests and those that wait. */
#include "config.h"

#include "bh-frozen-bus.h"

static gboolean
on_list_frozen (BhDbusManager1 *manager, GDBusMethodInvocation *invocation, BhFrozen *frozen)
{
  bh_dbus_manager1_complete_list_frozen (manager, g_steal_pointer (&invocation),
                                         bh_frozen_list (frozen));
  return TRUE;
}

static gboolean
on_remove_frozen (BhDbusManager1 *manager, GDBusMethodInvocation *invocation, const char *key,
                  BhFrozen *frozen)
{
  g_autoptr (GError) error = NULL;

  if (bh_frozen_remove (frozen, key, &error))
    bh_dbus_manager1_complete_remove_frozen (manager, g_steal_pointer (&invocation));
  else
    g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
  return TRUE;
}

static gboolean
on_set_ready_ahead (BhDbusManager1 *manager, GDBusMethodInvocation *invocation, guint count,
                    BhPool *pool)
{
  g_autoptr (GError) error = NULL;

  if (bh_pool_set_size (pool, count, &error))
    bh_dbus_manager1_complete_set_ready_ahead (manager, g_steal_pointer (&invocation));
  else
    g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
  return TRUE;
}

static void
on_pool_changed (BhPool *pool, BhDbusManager1 *manager)
{
  bh_dbus_manager1_set_ready_ahead (manager, bh_pool_get_size (pool));
  bh_dbus_manager1_set_ready_ahead_now (manager, bh_pool_count (pool));
}

static void
on_step (BhFrozen *frozen, BhDbusManager1 *manager)
{
  bh_dbus_manager1_set_freeze_step (manager, bh_frozen_get_step (frozen));
  bh_dbus_manager1_set_freeze_progress (manager, bh_frozen_get_progress (frozen));
}

void
bh_frozen_bus_serve (BhDbusManager1 *manager, BhFrozen *frozen, BhPool *pool)
{
  g_signal_connect_object (manager, "handle-list-frozen", G_CALLBACK (on_list_frozen), frozen, 0);
  g_signal_connect_object (manager, "handle-remove-frozen", G_CALLBACK (on_remove_frozen), frozen,
                           0);
  g_signal_connect_object (manager, "handle-set-ready-ahead", G_CALLBACK (on_set_ready_ahead), pool,
                           0);
  g_signal_connect_object (pool, "changed", G_CALLBACK (on_pool_changed), manager, 0);
  g_signal_connect_object (frozen, "step", G_CALLBACK (on_step), manager, 0);
  on_pool_changed (pool, manager);
  on_step (frozen, manager);
}
