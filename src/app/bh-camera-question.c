/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Asks the user, in the window, whether an AppVM may use the camera.
 *
 * The question goes when it was answered anywhere: here, in the service's notification or on a terminal. Closed
 * without an answer it may come again with the next program that looks. */
#include "config.h"

#include "bh-camera-question.h"

#include "bh-accessible.h"
#include "bh-main-window.h"

#include <adwaita.h>
#include <glib/gi18n.h>

/* Whoever types while it opens must not have answered it. */
#define CALM_MS 500

struct _BhCameraQuestion
{
  GObject parent_instance;
  GtkApplication *application;
  GHashTable *open; /* BhVmItem → its AdwMessageDialog */
};

G_DEFINE_FINAL_TYPE (BhCameraQuestion, bh_camera_question, G_TYPE_OBJECT)

static void
on_response (AdwMessageDialog *dialog, const char *response, BhVmItem *item)
{
  if (g_str_equal (response, "allow") || g_str_equal (response, "deny"))
    bh_dbus_vm1_call_answer_camera (bh_vm_item_get_proxy (item), g_str_equal (response, "allow"),
                                    NULL, NULL, NULL);
}

static gboolean
on_calm (gpointer data)
{
  AdwMessageDialog *dialog = data;

  adw_message_dialog_set_response_enabled (dialog, "allow", TRUE);
  adw_message_dialog_set_response_enabled (dialog, "deny", TRUE);
  return G_SOURCE_REMOVE;
}

static void
ask (BhCameraQuestion *self, BhVmItem *item, GtkWindow *window)
{
  GtkWidget *dialog = adw_message_dialog_new (window, NULL, NULL);
  AdwMessageDialog *message = ADW_MESSAGE_DIALOG (dialog);

  adw_message_dialog_format_heading (message, _ ("May “%s” use the camera?"),
                                     bh_vm_item_get_name (item));
  adw_message_dialog_set_body (
      message, _ ("A program in it wants to. Your answer holds until the AppVM stops."));
  adw_message_dialog_add_responses (message, "deny", _ ("_Deny"), "allow", _ ("_Allow"), NULL);
  adw_message_dialog_set_close_response (message, "later");
  adw_message_dialog_set_response_enabled (message, "allow", FALSE);
  adw_message_dialog_set_response_enabled (message, "deny", FALSE);
  g_timeout_add_full (G_PRIORITY_DEFAULT, CALM_MS, on_calm, g_object_ref (dialog), g_object_unref);
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_response), item, 0);
  g_hash_table_insert (self->open, item, g_object_ref (dialog));
  bh_accessible_tidy (dialog);
  gtk_window_present (GTK_WINDOW (dialog));
}

static void
on_changed (BhVmItem *item, BhCameraQuestion *self)
{
  gboolean asks = bh_dbus_vm1_get_camera_asks (bh_vm_item_get_proxy (item));
  GtkWindow *dialog = g_hash_table_lookup (self->open, item);

  if (!asks && dialog)
    {
      gtk_window_destroy (dialog);
      g_hash_table_remove (self->open, item);
    }
  if (!asks || dialog)
    return;
  for (GList *l = gtk_application_get_windows (self->application); l; l = l->next)
    if (BH_IS_MAIN_WINDOW (l->data))
      {
        ask (self, item, l->data);
        return;
      }
}

static void
on_items_changed (GListModel *items, guint position, guint removed, guint added,
                  BhCameraQuestion *self)
{
  for (guint i = position; i < position + added; i++)
    {
      g_autoptr (BhVmItem) item = g_list_model_get_item (items, i);

      /* Sorting takes it out and in again. */
      g_signal_handlers_disconnect_by_data (item, self);
      g_signal_connect_object (item, "changed", G_CALLBACK (on_changed), self, 0);
      on_changed (item, self);
    }
}

static void
bh_camera_question_finalize (GObject *object)
{
  g_hash_table_unref (BH_CAMERA_QUESTION (object)->open);
  G_OBJECT_CLASS (bh_camera_question_parent_class)->finalize (object);
}

static void
bh_camera_question_class_init (BhCameraQuestionClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_camera_question_finalize;
}

static void
bh_camera_question_init (BhCameraQuestion *self)
{
  self->open = g_hash_table_new_full (NULL, NULL, NULL, g_object_unref);
}

BhCameraQuestion *
bh_camera_question_new (GtkApplication *application, BhVmList *vms)
{
  BhCameraQuestion *self = g_object_new (BH_TYPE_CAMERA_QUESTION, NULL);

  self->application = application;
  g_signal_connect_object (vms, "items-changed", G_CALLBACK (on_items_changed), self, 0);
  on_items_changed (G_LIST_MODEL (vms), 0, 0, g_list_model_get_n_items (G_LIST_MODEL (vms)), self);
  return self;
}
