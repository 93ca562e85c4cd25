/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The application: its actions, shortcuts and command line. */
#include "config.h"

#include "bh-application.h"

#include "bh-check-window.h"
#include "bh-log-window.h"
#include "bh-main-window.h"
#include "bh-camera-question.h"
#include "bh-notifier.h"
#include "bh-preferences-window.h"
#include "bh-templates-window.h"

#include <glib/gi18n.h>

#define HELP_URI "help:bulkhead"

struct _BhApplication
{
  AdwApplication parent_instance;
  BhVmList *vms;
  BhProgramList *programs;
  BhNotifier *notifier;
  BhCameraQuestion *camera_question;
};

G_DEFINE_FINAL_TYPE (BhApplication, bh_application, ADW_TYPE_APPLICATION)

static GtkWindow *
ensure_window (BhApplication *self)
{
  GtkWindow *window = NULL;

  /* Not the active one: that may be a dialog. */
  for (GList *l = gtk_application_get_windows (GTK_APPLICATION (self)); l && !window; l = l->next)
    if (BH_IS_MAIN_WINDOW (l->data))
      window = l->data;
  if (!window)
    window = bh_main_window_new (ADW_APPLICATION (self), self->vms, self->programs);
  gtk_window_present (window);
  return window;
}

static void
bh_application_activate (GApplication *application)
{
  ensure_window (BH_APPLICATION (application));
}

static void
on_quit (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  GtkApplication *application = user_data;
  GList *windows = g_list_copy (gtk_application_get_windows (application));

  /* Closed rather than killed: the main window keeps its size then. AppVMs go on. */
  for (GList *l = windows; l; l = l->next)
    if (BH_IS_MAIN_WINDOW (l->data))
      gtk_window_close (l->data);
  g_list_free (windows);
  g_application_quit (G_APPLICATION (application));
}

static void
on_new_vm (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  gtk_widget_activate_action (GTK_WIDGET (ensure_window (user_data)), "win.new-vm", NULL);
}

static void
on_show_vm (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  bh_main_window_show_vm (BH_MAIN_WINDOW (ensure_window (user_data)),
                          g_variant_get_string (parameter, NULL));
}

static void
on_show_log (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  BhApplication *self = user_data;
  GtkWindow *window = ensure_window (self);
  BhVmItem *item = bh_vm_list_find_id (self->vms, g_variant_get_string (parameter, NULL));

  if (item)
    gtk_window_present (bh_log_window_new (window, item));
}

static void
on_check (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  BhApplication *self = user_data;

  gtk_window_present (bh_check_window_new (ensure_window (self), self->vms));
}

static void
on_preferences (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  BhApplication *self = user_data;

  gtk_window_present (bh_preferences_window_new (ensure_window (self), self->vms));
}

static void
on_templates (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  BhApplication *self = user_data;

  gtk_window_present (bh_templates_window_new (ensure_window (self), self->vms));
}

static void
on_help_shown (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GtkWindow) window = user_data;

  if (!gtk_show_uri_full_finish (GTK_WINDOW (source), result, &error) && BH_IS_MAIN_WINDOW (window))
    bh_main_window_toast (BH_MAIN_WINDOW (window),
                          _ ("No program for reading help is installed, for example Yelp"));
}

static void
on_help (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  GtkWindow *window = ensure_window (user_data);

  gtk_show_uri_full (window, HELP_URI, GDK_CURRENT_TIME, NULL, on_help_shown,
                     g_object_ref (window));
}

static void
on_about (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  adw_show_about_window (ensure_window (user_data), "application-name", _ ("Bulkhead"),
                         "application-icon", BH_APP_ID, "version", BH_VERSION, "developer-name",
                         _ ("The Bulkhead developers"), "license-type", GTK_LICENSE_GPL_3_0,
                         "comments", _ ("Runs programs in virtual machines of their own."),
                         "website", "https://github.com/bulkhead/bulkhead", "issue-url",
                         "https://github.com/bulkhead/bulkhead/issues", "translator-credits",
                         _ ("translator-credits"), NULL);
}

static const GActionEntry actions[] = {
  { .name = "quit", .activate = on_quit },
  { .name = "new-vm", .activate = on_new_vm },
  { .name = "show-vm", .activate = on_show_vm, .parameter_type = "s" },
  { .name = "show-log", .activate = on_show_log, .parameter_type = "s" },
  { .name = "check", .activate = on_check },
  { .name = "preferences", .activate = on_preferences },
  { .name = "templates", .activate = on_templates },
  { .name = "help", .activate = on_help },
  { .name = "about", .activate = on_about },
};

static const struct
{
  const char *action;
  const char *accels[3];
} shortcuts[] = {
  { "app.quit", { "<Control>q", NULL } },
  { "app.new-vm", { "<Control>n", NULL } },
  { "app.preferences", { "<Control>comma", NULL } },
  { "app.help", { "F1", NULL } },
  { "win.vm-settings", { "<Alt>Return", NULL } },
  { "win.vm-rename", { "F2", NULL } },
  { "win.find", { "<Control>f", NULL } },
  { "win.shortcuts", { "<Control>question", "<Control>slash", NULL } },
  { "window.close", { "<Control>w", NULL } },
};

static void
bh_application_startup (GApplication *application)
{
  BhApplication *self = BH_APPLICATION (application);

  G_APPLICATION_CLASS (bh_application_parent_class)->startup (application);
  /* Dialogs get their app id, and so their icon on the desktop, from here. */
  g_set_prgname (BH_APP_ID);
  gtk_window_set_default_icon_name (BH_APP_ID);
  g_action_map_add_action_entries (G_ACTION_MAP (self), actions, G_N_ELEMENTS (actions), self);
  for (gsize i = 0; i < G_N_ELEMENTS (shortcuts); i++)
    gtk_application_set_accels_for_action (GTK_APPLICATION (self), shortcuts[i].action,
                                           shortcuts[i].accels);
  self->notifier = bh_notifier_new (GTK_APPLICATION (self), self->vms);
  self->camera_question = bh_camera_question_new (GTK_APPLICATION (self), self->vms);
  bh_vm_list_connect (self->vms);
}

static int
bh_application_handle_local_options (GApplication *application, GVariantDict *options)
{
  g_autoptr (GError) error = NULL;

  if (g_variant_dict_contains (options, "version"))
    {
      g_print ("bulkhead %s\n", BH_VERSION);
      return 0;
    }
  if (g_variant_dict_contains (options, "new"))
    {
      if (!g_application_register (application, NULL, &error))
        {
          g_printerr ("bulkhead: %s\n", error->message);
          return 1;
        }
      g_application_activate (application);
      g_action_group_activate_action (G_ACTION_GROUP (application), "new-vm", NULL);
      if (g_application_get_is_remote (application))
        return 0;
    }
  return -1;
}

static void
bh_application_dispose (GObject *object)
{
  BhApplication *self = BH_APPLICATION (object);

  g_clear_object (&self->notifier);
  g_clear_object (&self->camera_question);
  g_clear_object (&self->vms);
  g_clear_object (&self->programs);
  G_OBJECT_CLASS (bh_application_parent_class)->dispose (object);
}

static void
bh_application_class_init (BhApplicationClass *klass)
{
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = bh_application_dispose;
  application_class->activate = bh_application_activate;
  application_class->startup = bh_application_startup;
  application_class->handle_local_options = bh_application_handle_local_options;
}

static void
bh_application_init (BhApplication *self)
{
  static const GOptionEntry options[] = {
    { "version", 'v', 0, G_OPTION_ARG_NONE, NULL, N_ ("Print the version and exit"), NULL },
    { "new", 'n', 0, G_OPTION_ARG_NONE, NULL, N_ ("Create a new AppVM"), NULL },
    { NULL },
  };

  g_application_add_main_option_entries (G_APPLICATION (self), options);
  self->vms = bh_vm_list_new ();
  self->programs = bh_program_list_new ();
}

BhApplication *
bh_application_new (void)
{
  return g_object_new (BH_TYPE_APPLICATION, "application-id", BH_APP_ID, "resource-base-path",
                       "/io/github/bulkhead/Bulkhead", NULL);
}
