/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The switch of all microphones. */
#include "config.h"

#include "bh-microphones.h"

#include "bh-sound-part.h"

static gboolean
mute (BhDbusManager1 *manager, gboolean muted, GError **error)
{
  gboolean done = bh_sound_part_mute_microphones (muted, error);

  bh_dbus_manager1_set_microphones_muted (manager, bh_sound_part_microphones_muted ());
  return done;
}

static gboolean
handle_mute (BhDbusManager1 *manager, GDBusMethodInvocation *invocation, gboolean muted,
             gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (mute (manager, muted, &error))
    bh_dbus_manager1_complete_mute_microphones (manager, g_steal_pointer (&invocation));
  else
    g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
  return TRUE;
}

static void
on_chosen (BhTray *tray, gboolean muted, BhDbusManager1 *manager)
{
  g_autoptr (GError) error = NULL;

  if (!mute (manager, muted, &error))
    g_message ("The microphones are as they were: %s", error->message);
}

static void
on_muted (BhDbusManager1 *manager, GParamSpec *property, BhTray *tray)
{
  bh_tray_set_muted (tray, bh_dbus_manager1_get_microphones_muted (manager));
}

void
bh_microphones_serve (BhDbusManager1 *manager, BhTray *tray)
{
  g_signal_connect (manager, "handle-mute-microphones", G_CALLBACK (handle_mute), NULL);
  g_signal_connect_object (tray, "mute", G_CALLBACK (on_chosen), manager, 0);
  g_signal_connect_object (manager, "notify::microphones-muted", G_CALLBACK (on_muted), tray, 0);
  bh_dbus_manager1_set_microphones_muted (manager, bh_sound_part_microphones_muted ());
  on_muted (manager, NULL, tray);
}
