/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The camera of one AppVM on the bus, the question whether it may look, and the notifications: of that question, and
 * of an AppVM that listens or watches. */
#include "config.h"

#include "bh-camera-part.h"
#include "bh-desktop-settings.h"
#include "bh-error.h"
#include "bh-note.h"
#include "bh-vm-private.h"

#include <glib/gi18n.h>

/* A use that ends and begins again, as programs can make it, is one notification. */
#define LINGER_MS 2000

static BhCameraPart *
find_part (BhVm *self)
{
  BhParts *parts = self->run ? bh_run_get_parts (self->run) : NULL;

  return parts ? BH_CAMERA_PART (bh_parts_find (parts, BH_CAMERA_PART_NAME)) : NULL;
}

static void
on_chosen (BhNote *note, const char *key, BhVm *self)
{
  BhCameraPart *part = find_part (self);
  gboolean allow = g_str_equal (key, "allow");

  if (part && (allow || g_str_equal (key, "deny")))
    bh_camera_part_answer (part, allow, NULL);
}

static void
show_question (BhVm *self, gboolean asks)
{
  const char *const actions[] = { "allow", _ ("Allow"), "deny", _ ("Deny"), NULL };
  g_autofree char *title = NULL;

  if (!asks)
    {
      if (self->question)
        bh_note_withdraw (self->question);
      return;
    }
  if (!self->question)
    {
      self->question = bh_note_new ();
      g_signal_connect_object (self->question, "chosen", G_CALLBACK (on_chosen), self, 0);
    }
  /* Translators: %s is the name of an AppVM. */
  title = g_strdup_printf (_ ("May “%s” use the camera?"), bh_vm_get_name (self));
  bh_note_show (self->question, title,
                _ ("A program in it wants to. Your answer holds until the AppVM stops."), actions,
                TRUE);
}

void
bh_vm_show_camera (BhVm *self)
{
  BhDbusVm1 *vm = BH_DBUS_VM1 (self);
  BhCameraPart *part = find_part (self);
  g_autoptr (GVariant) says =
      part ? g_variant_ref_sink (bh_part_describe (BH_PART (part))) : NULL;
  gboolean asks = FALSE;

  if (part)
    bh_camera_part_set_emulated (part, !bh_run_get_kvm (self->run));
  if (says)
    g_variant_lookup (says, "asks", "b", &asks);
  if (asks == bh_dbus_vm1_get_camera_asks (vm))
    return;
  bh_dbus_vm1_set_camera_asks (vm, asks);
  show_question (self, asks);
}

gboolean
bh_vm_handle_answer_camera (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, gboolean allow)
{
  BhVm *self = BH_VM (vm);
  BhCameraPart *part = find_part (self);
  g_autoptr (GError) error = NULL;

  if (!part)
    g_set_error (&error, BH_ERROR, BH_ERROR_NOT_RUNNING, "“%s” is not running",
                 bh_vm_get_name (self));
  else
    bh_camera_part_answer (part, allow, &error);
  if (error)
    g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
  else
    bh_dbus_vm1_complete_answer_camera (vm, g_steal_pointer (&invocation));
  return TRUE;
}

/* Who listens and watches. */

enum
{
  LISTENS = 1,
  WATCHES = 2,
};

static char *
describe_use (BhVm *self)
{
  const char *name = bh_vm_get_name (self);

  /* Translators: %s is the name of an AppVM, also in the next two. */
  if (self->use == (LISTENS | WATCHES))
    return g_strdup_printf (_ ("“%s” listens and watches"), name);
  if (self->use == LISTENS)
    return g_strdup_printf (_ ("“%s” listens to the microphone"), name);
  return g_strdup_printf (_ ("“%s” watches through the camera"), name);
}

static gboolean
on_use_over (gpointer data)
{
  BhVm *self = data;

  self->use_linger = 0;
  self->use = 0;
  bh_note_withdraw (self->use_note);
  return G_SOURCE_REMOVE;
}

void
bh_vm_note_use (BhVm *self, const char *const *words)
{
  g_autoptr (GSettings) settings = bh_desktop_settings ("notifications");
  g_autofree char *title = NULL;
  int use = (g_strv_contains (words, "microphone") ? LISTENS : 0)
            | (g_strv_contains (words, "camera") ? WATCHES : 0);

  if (use == 0)
    {
      if (self->use != 0 && !self->use_linger)
        self->use_linger = g_timeout_add (LINGER_MS, on_use_over, self);
      return;
    }
  g_clear_handle_id (&self->use_linger, g_source_remove);
  if (use == self->use || (settings && !g_settings_get_boolean (settings, "notifications")))
    return;
  self->use = use;
  if (!self->use_note)
    self->use_note = bh_note_new ();
  title = describe_use (self);
  bh_note_show (self->use_note, title, _ ("Its settings can cut it off at any time."), NULL, FALSE);
}

void
bh_vm_forget_notes (BhVm *self)
{
  g_clear_handle_id (&self->use_linger, g_source_remove);
  g_clear_object (&self->use_note);
  g_clear_object (&self->question);
}
