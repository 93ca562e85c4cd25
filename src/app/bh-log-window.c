/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The log of one AppVM: what its console and the service wrote, read again each second while it is looked at.
 * The service has taken out of it whatever is not plain text. */
#include "config.h"

#include "bh-log-window.h"

#include "bh-accessible.h"

#include <glib/gi18n.h>

#define LINES 2000
#define POLL_SECONDS 1

struct _BhLogWindow
{
  AdwWindow parent_instance;
  BhVmItem *item;
  char *text; /* as shown */
  guint timer;
  GCancellable *cancellable;

  AdwToastOverlay *toasts;
  AdwWindowTitle *title;
  GtkStack *stack;
  AdwStatusPage *trouble;
  GtkScrolledWindow *scrolled;
  GtkTextView *view;
  GtkToggleButton *follow;
};

G_DEFINE_FINAL_TYPE (BhLogWindow, bh_log_window, ADW_TYPE_WINDOW)

static void
toast (BhLogWindow *self, const char *text)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  adw_toast_overlay_add_toast (self->toasts, adw_toast_new (escaped));
}

/* Also when the text has been laid out and its height is known. */
static void
scroll_to_end (BhLogWindow *self)
{
  GtkAdjustment *adjustment = gtk_scrolled_window_get_vadjustment (self->scrolled);

  if (gtk_toggle_button_get_active (self->follow))
    gtk_adjustment_set_value (adjustment, gtk_adjustment_get_upper (adjustment));
}

/* Appended where it only grew, so that a selection stays. */
static void
show_text (BhLogWindow *self, const char *text)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (self->view);
  gsize had = self->text ? strlen (self->text) : 0;
  GtkTextIter end;

  gtk_stack_set_visible_child_name (self->stack, *text != '\0' ? "log" : "empty");
  if (g_strcmp0 (self->text, text) == 0)
    return;
  if (had > 0 && g_str_has_prefix (text, self->text))
    {
      gtk_text_buffer_get_end_iter (buffer, &end);
      gtk_text_buffer_insert (buffer, &end, text + had, -1);
    }
  else
    gtk_text_buffer_set_text (buffer, text, -1);
  g_free (self->text);
  self->text = g_strdup (text);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BhLogWindow *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  if (bh_dbus_vm1_call_read_log_finish (BH_DBUS_VM1 (source), &text, result, &error))
    {
      g_clear_object (&self->cancellable);
      show_text (self, text);
      return;
    }
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->cancellable);
  /* What was read stays readable. */
  if (!self->text)
    {
      g_autofree char *escaped = NULL;

      g_dbus_error_strip_remote_error (error);
      escaped = g_markup_escape_text (error->message, -1);
      adw_status_page_set_description (self->trouble, escaped);
      gtk_stack_set_visible_child_name (self->stack, "trouble");
    }
}

static gboolean
on_poll (gpointer user_data)
{
  BhLogWindow *self = user_data;

  if (self->cancellable)
    return G_SOURCE_CONTINUE;
  self->cancellable = g_cancellable_new ();
  bh_dbus_vm1_call_read_log (bh_vm_item_get_proxy (self->item), LINES, self->cancellable, on_read,
                             self);
  return G_SOURCE_CONTINUE;
}

static void
on_follow (GtkToggleButton *button, BhLogWindow *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  if (!gtk_toggle_button_get_active (button))
    return;
  on_poll (self);
  self->timer = g_timeout_add_seconds (POLL_SECONDS, on_poll, self);
  scroll_to_end (self);
}

static void
copy (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhLogWindow *self = BH_LOG_WINDOW (widget);

  gdk_clipboard_set_text (gtk_widget_get_clipboard (widget), self->text ? self->text : "");
  toast (self, _ ("Copied"));
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BhLogWindow) self = user_data;
  g_autoptr (GError) error = NULL;

  if (g_file_replace_contents_finish (G_FILE (source), result, NULL, &error))
    toast (self, _ ("Saved"));
  else
    {
      g_autofree char *text =
          g_strdup_printf (_ ("The log could not be saved: %s"), error->message);

      toast (self, text);
    }
}

static void
on_file_chosen (GtkNativeDialog *dialog, int response, BhLogWindow *self)
{
  g_autoptr (GFile) file = NULL;
  g_autoptr (GBytes) bytes = g_bytes_new (self->text, self->text ? strlen (self->text) : 0);

  if (response == GTK_RESPONSE_ACCEPT)
    file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
  if (file)
    g_file_replace_contents_bytes_async (file, bytes, NULL, FALSE, G_FILE_CREATE_PRIVATE, NULL,
                                         on_written, g_object_ref (self));
  g_object_unref (dialog);
}

static void
save (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhLogWindow *self = BH_LOG_WINDOW (widget);
  g_autofree char *name = g_strconcat (bh_vm_item_get_id (self->item), ".log", NULL);
  GtkFileChooserNative *dialog =
      gtk_file_chooser_native_new (_ ("Save Log"), GTK_WINDOW (self), GTK_FILE_CHOOSER_ACTION_SAVE,
                                   _ ("_Save"), _ ("_Cancel"));

  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (dialog), name);
  g_signal_connect_object (dialog, "response", G_CALLBACK (on_file_chosen), self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

static void
bh_log_window_dispose (GObject *object)
{
  BhLogWindow *self = BH_LOG_WINDOW (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->item);
  g_clear_pointer (&self->text, g_free);
  G_OBJECT_CLASS (bh_log_window_parent_class)->dispose (object);
}

static void
bh_log_window_class_init (BhLogWindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = bh_log_window_dispose;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bulkhead/Bulkhead/ui/bh-log-window.ui");
  gtk_widget_class_bind_template_child (widget_class, BhLogWindow, toasts);
  gtk_widget_class_bind_template_child (widget_class, BhLogWindow, title);
  gtk_widget_class_bind_template_child (widget_class, BhLogWindow, stack);
  gtk_widget_class_bind_template_child (widget_class, BhLogWindow, trouble);
  gtk_widget_class_bind_template_child (widget_class, BhLogWindow, scrolled);
  gtk_widget_class_bind_template_child (widget_class, BhLogWindow, view);
  gtk_widget_class_bind_template_child (widget_class, BhLogWindow, follow);
  gtk_widget_class_bind_template_callback (widget_class, on_follow);
  gtk_widget_class_install_action (widget_class, "log.copy", NULL, copy);
  gtk_widget_class_install_action (widget_class, "log.save", NULL, save);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Escape, 0, "window.close", NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_s, GDK_CONTROL_MASK, "log.save", NULL);
}

static void
bh_log_window_init (BhLogWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  bh_accessible_tidy (GTK_WIDGET (self));
  bh_accessible_follow (GTK_WIDGET (self->stack));
  g_signal_connect_object (gtk_scrolled_window_get_vadjustment (self->scrolled), "changed",
                           G_CALLBACK (scroll_to_end), self, G_CONNECT_SWAPPED);
}

GtkWindow *
bh_log_window_new (GtkWindow *parent, BhVmItem *item)
{
  BhLogWindow *self = g_object_new (BH_TYPE_LOG_WINDOW, "transient-for", parent, NULL);
  g_autofree char *title = g_strdup_printf (_ ("Log of “%s”"), bh_vm_item_get_name (item));

  self->item = g_object_ref (item);
  gtk_window_set_title (GTK_WINDOW (self), title);
  adw_window_title_set_title (self->title, title);
  gtk_toggle_button_set_active (self->follow, TRUE);
  return GTK_WINDOW (self);
}
