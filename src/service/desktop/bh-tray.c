/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The indicator in the desktop's tray: org.kde.StatusNotifierItem.
 *
 * A desktop without a tray has no owner of org.kde.StatusNotifierWatcher, and nothing happens. Where there is one
 * (Plasma; GNOME with the AppIndicator extension; sway's bar) the item gets a bus name of its own while the
 * setting is on, as trays expect: when the name goes, so does the icon. A watcher that comes back is told anew.
 *
 * Nothing a guest wrote is shown here. */
#include "config.h"

#include "bh-tray.h"

#include "bh-dbus-tray-item.h"
#include "bh-desktop-settings.h"
#include "bh-tray-menu.h"

#include <glib/gi18n-lib.h>
#include <unistd.h>

#define APP_ID "io.github.bulkhead.Bulkhead"
#define APP_PATH "/io/github/bulkhead/Bulkhead"
#define WATCHER "org.kde.StatusNotifierWatcher"
#define ITEM_PATH "/StatusNotifierItem"
#define MENU_PATH "/MenuBar"
#define SETTING "tray"
/* Programs may come and go many times a second. */
#define UPDATE_MS 150

struct _BhTray
{
  GObject parent;
  GPtrArray *vms; /* BhVm, theirs */
  GSettings *settings;
  GDBusConnection *connection;
  BhDbusTrayItem *item;
  BhTrayMenu *menu;
  guint watch, name, update;
  gboolean watcher; /* there is one */
  gboolean muted;   /* all microphones */
  gboolean failure; /* of an AppVM that nobody has looked at */
  char *token;      /* of the host's compositor, for what is opened next */
};

G_DEFINE_TYPE (BhTray, bh_tray, G_TYPE_OBJECT)

enum
{
  STOP_ALL,
  MUTE,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* Telling the application. */

static GVariant *
platform_data (BhTray *self)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  if (self->token)
    {
      g_variant_dict_insert (&dict, "activation-token", "s", self->token);
      g_variant_dict_insert (&dict, "desktop-startup-id", "s", self->token);
    }
  g_clear_pointer (&self->token, g_free);
  return g_variant_dict_end (&dict);
}

static void
on_app_called (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (!reply)
    g_message ("The application could not be opened: %s", error->message);
}

static void
call_app (BhTray *self, const char *method, GVariant *parameters)
{
  g_dbus_connection_call (self->connection, APP_ID, APP_PATH, "org.freedesktop.Application", method,
                          parameters, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, on_app_called, NULL);
}

static void
open_app (BhTray *self)
{
  call_app (self, "Activate", g_variant_new ("(@a{sv})", platform_data (self)));
}

static void
app_action (BhTray *self, const char *action, const char *parameter)
{
  GVariantBuilder parameters;

  g_variant_builder_init (&parameters, G_VARIANT_TYPE ("av"));
  if (parameter)
    g_variant_builder_add (&parameters, "v", g_variant_new_string (parameter));
  call_app (self, "ActivateAction",
            g_variant_new ("(sav@a{sv})", action, &parameters, platform_data (self)));
}

/* What is shown. */

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return g_utf8_collate (bh_vm_get_name (*(BhVm *const *) a), bh_vm_get_name (*(BhVm *const *) b));
}

static gboolean
has_failed (BhVm *vm)
{
  return g_strcmp0 (bh_dbus_vm1_get_state (BH_DBUS_VM1 (vm)), "failed") == 0;
}

static char *
describe (BhVm *vm)
{
  BhDbusVm1 *dbus = BH_DBUS_VM1 (vm);
  const char *state = bh_dbus_vm1_get_state (dbus);
  GVariant *programs = bh_dbus_vm1_get_programs (dbus);
  guint n = programs ? (guint) g_variant_n_children (programs) : 0;

  if (g_strcmp0 (state, "starting") == 0)
    return g_strdup_printf (_ ("%s: starting"), bh_vm_get_name (vm));
  if (g_strcmp0 (state, "stopping") == 0)
    return g_strdup_printf (_ ("%s: stopping"), bh_vm_get_name (vm));
  if (has_failed (vm))
    return g_strdup_printf (_ ("%s: failed"), bh_vm_get_name (vm));
  if (n == 0)
    return g_strdup_printf (_ ("%s: no programs open"), bh_vm_get_name (vm));
  return g_strdup_printf (ngettext ("%s: %u program", "%s: %u programs", n), bh_vm_get_name (vm),
                          n);
}

/* "Uses the microphone, the camera"; NULL for nothing. */
static char *
describe_use (BhVm *vm)
{
  static const struct
  {
    const char *word, *text;
  } uses[] = {
    { "network", N_ ("Uses the network") },
    { "sound", N_ ("Plays sound") },
    { "microphone", N_ ("Listens to the microphone") },
    { "camera", N_ ("Watches through the camera") },
  };
  const char *const *words = bh_dbus_vm1_get_in_use (BH_DBUS_VM1 (vm));
  g_autoptr (GString) text = g_string_new (NULL);

  for (gsize i = 0; words && i < G_N_ELEMENTS (uses); i++)
    if (g_strv_contains (words, uses[i].word))
      g_string_append_printf (text, "%s%s", text->len > 0 ? "; " : "", _ (uses[i].text));
  if (bh_dbus_vm1_get_camera_asks (BH_DBUS_VM1 (vm)))
    g_string_append_printf (text, "%s%s", text->len > 0 ? "; " : "", _ ("Asks for the camera"));
  return text->len > 0 ? g_strdup (text->str) : NULL;
}

static gboolean
watches_or_listens (BhVm *vm)
{
  const char *const *words = bh_dbus_vm1_get_in_use (BH_DBUS_VM1 (vm));

  return bh_dbus_vm1_get_camera_asks (BH_DBUS_VM1 (vm))
         || (words && (g_strv_contains (words, "microphone") || g_strv_contains (words, "camera")));
}

static void
add_vm_items (BhTray *self, BhVm *vm)
{
  const char *id = bh_vm_get_id (vm);
  g_autofree char *label = describe (vm), *key = g_strconcat ("vm:", id, NULL);
  g_autofree char *show = g_strconcat ("show:", id, NULL), *stop = g_strconcat ("stop:", id, NULL);
  g_autofree char *use = describe_use (vm), *use_key = g_strconcat ("use:", id, NULL);
  gboolean stopping = g_strcmp0 (bh_dbus_vm1_get_state (BH_DBUS_VM1 (vm)), "stopping") == 0;

  bh_tray_menu_add (self->menu, NULL, key, label, TRUE);
  if (use)
    bh_tray_menu_add (self->menu, key, use_key, use, FALSE);
  bh_tray_menu_add (self->menu, key, show, _ ("Open"), TRUE);
  if (bh_vm_is_active (vm))
    bh_tray_menu_add (self->menu, key, stop, _ ("Stop"), !stopping);
}

static void
write_menu (BhTray *self, GPtrArray *shown)
{
  gboolean any_runs = FALSE;

  bh_tray_menu_begin (self->menu);
  for (guint i = 0; i < shown->len; i++)
    {
      add_vm_items (self, shown->pdata[i]);
      any_runs = any_runs || bh_vm_is_active (shown->pdata[i]);
    }
  if (shown->len > 0)
    {
      bh_tray_menu_add (self->menu, NULL, "-1", NULL, TRUE);
      bh_tray_menu_add (self->menu, NULL, "stop-all", _ ("Stop All"), any_runs);
    }
  if (shown->len > 0 || self->muted)
    {
      bh_tray_menu_add (self->menu, NULL, self->muted ? "unmute" : "mute",
                        self->muted ? _ ("Unmute All Microphones") : _ ("Mute All Microphones"), TRUE);
      bh_tray_menu_add (self->menu, NULL, "-2", NULL, TRUE);
    }
  bh_tray_menu_add (self->menu, NULL, "new", _ ("New AppVM…"), TRUE);
  bh_tray_menu_add (self->menu, NULL, "open", _ ("Open Bulkhead"), TRUE);
  bh_tray_menu_commit (self->menu);
}

static void
show_tooltip (BhTray *self, GPtrArray *shown)
{
  g_autoptr (GString) text = g_string_new (NULL);
  GVariantBuilder no_pixmaps;

  for (guint i = 0; i < shown->len; i++)
    {
      g_autofree char *line = describe (shown->pdata[i]), *use = describe_use (shown->pdata[i]);
      g_autofree char *escaped = g_markup_escape_text (line, -1);

      g_string_append_printf (text, "%s%s", i > 0 ? "\n" : "", escaped);
      if (use)
        g_string_append_printf (text, " (%s)", use);
    }
  if (shown->len == 0)
    g_string_append (text, _ ("No AppVM is running"));
  g_variant_builder_init (&no_pixmaps, G_VARIANT_TYPE ("a(iiay)"));
  bh_dbus_tray_item_set_tool_tip (
      self->item, g_variant_new ("(sa(iiay)ss)", "", &no_pixmaps, _ ("Bulkhead"), text->str));
  bh_dbus_tray_item_emit_new_tool_tip (self->item);
}

static void
show_status (BhTray *self, const char *status)
{
  if (g_strcmp0 (bh_dbus_tray_item_get_status (self->item), status) == 0)
    return;
  bh_dbus_tray_item_set_status (self->item, status);
  bh_dbus_tray_item_emit_new_status (self->item, status);
}

static gboolean
on_update (gpointer data)
{
  BhTray *self = data;
  g_autoptr (GPtrArray) shown = g_ptr_array_new ();
  gboolean attention = self->failure;

  self->update = 0;
  for (guint i = 0; i < self->vms->len; i++)
    {
      BhVm *vm = self->vms->pdata[i];

      if (bh_vm_is_active (vm) || has_failed (vm))
        g_ptr_array_add (shown, vm);
      attention = attention || watches_or_listens (vm);
    }
  g_ptr_array_sort (shown, compare_names);
  write_menu (self, shown);
  show_tooltip (self, shown);
  show_status (self, attention ? "NeedsAttention" : shown->len > 0 ? "Active" : "Passive");
  return G_SOURCE_REMOVE;
}

static void
update (BhTray *self)
{
  if (self->name != 0 && self->update == 0)
    self->update = g_timeout_add (UPDATE_MS, on_update, self);
}

static void
on_state (BhVm *vm, GParamSpec *property, BhTray *self)
{
  if (has_failed (vm))
    self->failure = TRUE;
  update (self);
}

/* What people do with it. */

static BhVm *
find_vm (BhTray *self, const char *id)
{
  for (guint i = 0; i < self->vms->len; i++)
    if (g_str_equal (bh_vm_get_id (self->vms->pdata[i]), id))
      return self->vms->pdata[i];
  return NULL;
}

static void
on_activated (BhTrayMenu *menu, const char *key, BhTray *self)
{
  g_auto (GStrv) words = g_strsplit (key, ":", 2);
  BhVm *vm = words[1] ? find_vm (self, words[1]) : NULL;

  if (g_str_equal (words[0], "show") && vm)
    app_action (self, "show-vm", words[1]);
  else if (g_str_equal (words[0], "stop") && vm && bh_vm_is_active (vm))
    bh_vm_stop_async (vm, FALSE, NULL, NULL);
  else if (g_str_equal (key, "stop-all"))
    g_signal_emit (self, signals[STOP_ALL], 0);
  else if (g_str_equal (key, "mute") || g_str_equal (key, "unmute"))
    g_signal_emit (self, signals[MUTE], 0, g_str_equal (key, "mute"));
  else if (g_str_equal (key, "new"))
    app_action (self, "new-vm", NULL);
  else if (g_str_equal (key, "open"))
    open_app (self);
}

static void
on_about_to_show (BhTrayMenu *menu, BhTray *self)
{
  self->failure = FALSE;
  g_clear_handle_id (&self->update, g_source_remove);
  on_update (self);
}

static void
look (BhTray *self)
{
  self->failure = FALSE;
  update (self);
  open_app (self);
}

static gboolean
handle_activate (BhDbusTrayItem *item, GDBusMethodInvocation *invocation, int x, int y, BhTray *self)
{
  look (self);
  bh_dbus_tray_item_complete_activate (item, invocation);
  return TRUE;
}

static gboolean
handle_secondary_activate (BhDbusTrayItem *item, GDBusMethodInvocation *invocation, int x, int y,
                           BhTray *self)
{
  look (self);
  bh_dbus_tray_item_complete_secondary_activate (item, invocation);
  return TRUE;
}

/* The host shows the menu itself. */
static gboolean
handle_context_menu (BhDbusTrayItem *item, GDBusMethodInvocation *invocation, int x, int y,
                     BhTray *self)
{
  bh_dbus_tray_item_complete_context_menu (item, invocation);
  return TRUE;
}

static gboolean
handle_scroll (BhDbusTrayItem *item, GDBusMethodInvocation *invocation, int delta,
               const char *orientation, BhTray *self)
{
  bh_dbus_tray_item_complete_scroll (item, invocation);
  return TRUE;
}

static gboolean
handle_token (BhDbusTrayItem *item, GDBusMethodInvocation *invocation, const char *token,
              BhTray *self)
{
  g_free (self->token);
  self->token = g_strdup (token);
  bh_dbus_tray_item_complete_provide_xdg_activation_token (item, invocation);
  return TRUE;
}

/* Being there. */

static void
on_registered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (!reply)
    g_debug ("The tray does not take the indicator: %s", error->message);
}

static void
on_name_acquired (GDBusConnection *connection, const char *name, gpointer data)
{
  g_dbus_connection_call (connection, WATCHER, "/StatusNotifierWatcher", WATCHER,
                          "RegisterStatusNotifierItem", g_variant_new ("(s)", name), NULL,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, on_registered, NULL);
}

static void
appear (BhTray *self)
{
  static guint serial;
  g_autofree char *name =
      g_strdup_printf ("org.kde.StatusNotifierItem-%d-%u", (int) getpid (), ++serial);
  g_autoptr (GError) error = NULL;

  if (!g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->item), self->connection,
                                         ITEM_PATH, &error)
      || !bh_tray_menu_export (self->menu, self->connection, MENU_PATH, &error))
    {
      g_message ("The tray indicator cannot be shown: %s", error->message);
      return;
    }
  self->name = g_bus_own_name_on_connection (self->connection, name,
                                             G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE, on_name_acquired,
                                             NULL, self, NULL);
  on_update (self);
}

static void
disappear (BhTray *self)
{
  if (self->name == 0)
    return;
  g_clear_handle_id (&self->name, g_bus_unown_name);
  g_clear_handle_id (&self->update, g_source_remove);
  g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (self->item));
  bh_tray_menu_unexport (self->menu);
}

static void
appear_or_not (BhTray *self)
{
  gboolean wanted = self->watcher
                    && (!self->settings || g_settings_get_boolean (self->settings, SETTING));

  if (wanted && self->name == 0)
    appear (self);
  else if (!wanted)
    disappear (self);
}

static void
on_watcher_appeared (GDBusConnection *connection, const char *name, const char *owner,
                     gpointer data)
{
  BhTray *self = data;

  self->watcher = TRUE;
  appear_or_not (self);
}

static void
on_watcher_vanished (GDBusConnection *connection, const char *name, gpointer data)
{
  BhTray *self = data;

  self->watcher = FALSE;
  appear_or_not (self);
}

void
bh_tray_add (BhTray *self, BhVm *vm)
{
  static const char *const watched[] = { "notify::name", "notify::programs", "notify::in-use",
                                       "notify::camera-asks" };

  g_ptr_array_add (self->vms, vm);
  for (gsize i = 0; i < G_N_ELEMENTS (watched); i++)
    g_signal_connect_object (vm, watched[i], G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (vm, "notify::state", G_CALLBACK (on_state), self, 0);
}

void
bh_tray_remove (BhTray *self, BhVm *vm)
{
  g_signal_handlers_disconnect_by_data (vm, self);
  g_ptr_array_remove (self->vms, vm);
  update (self);
}

void
bh_tray_set_muted (BhTray *self, gboolean muted)
{
  self->muted = muted;
  update (self);
}

void
bh_tray_begin (BhTray *self, GDBusConnection *connection)
{
  g_return_if_fail (!self->connection);

  self->connection = g_object_ref (connection);
  self->settings = bh_desktop_settings (SETTING); /* without one the indicator is on */
  if (self->settings)
    g_signal_connect_object (self->settings, "changed::" SETTING, G_CALLBACK (appear_or_not), self,
                             G_CONNECT_SWAPPED);
  self->watch =
      g_bus_watch_name_on_connection (connection, WATCHER, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                      on_watcher_appeared, on_watcher_vanished, self, NULL);
}

void
bh_tray_stop (BhTray *self)
{
  g_clear_handle_id (&self->watch, g_bus_unwatch_name);
  disappear (self);
}

static void
bh_tray_finalize (GObject *object)
{
  BhTray *self = BH_TRAY (object);

  bh_tray_stop (self);
  g_signal_handlers_disconnect_by_data (self->item, self);
  g_object_unref (self->item);
  g_object_unref (self->menu);
  g_clear_object (&self->settings);
  g_clear_object (&self->connection);
  g_ptr_array_unref (self->vms);
  g_free (self->token);
  G_OBJECT_CLASS (bh_tray_parent_class)->finalize (object);
}

static void
bh_tray_class_init (BhTrayClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_tray_finalize;
  signals[STOP_ALL] = g_signal_new ("stop-all", BH_TYPE_TRAY, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                    NULL, G_TYPE_NONE, 0);
  signals[MUTE] = g_signal_new ("mute", BH_TYPE_TRAY, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
}

static void
bh_tray_init (BhTray *self)
{
  self->vms = g_ptr_array_new ();
  self->menu = bh_tray_menu_new ();
  g_signal_connect_object (self->menu, "activated", G_CALLBACK (on_activated), self, 0);
  g_signal_connect_object (self->menu, "about-to-show", G_CALLBACK (on_about_to_show), self, 0);
  self->item = bh_dbus_tray_item_skeleton_new ();
  bh_dbus_tray_item_set_category (self->item, "SystemServices");
  bh_dbus_tray_item_set_id (self->item, APP_ID);
  bh_dbus_tray_item_set_title (self->item, _ ("Bulkhead"));
  bh_dbus_tray_item_set_status (self->item, "Passive");
  bh_dbus_tray_item_set_icon_theme_path (self->item, "");
  bh_dbus_tray_item_set_icon_name (self->item, APP_ID "-symbolic");
  bh_dbus_tray_item_set_attention_icon_name (self->item, APP_ID ".Attention-symbolic");
  bh_dbus_tray_item_set_menu (self->item, MENU_PATH);
  g_signal_connect (self->item, "handle-activate", G_CALLBACK (handle_activate), self);
  g_signal_connect (self->item, "handle-secondary-activate",
                    G_CALLBACK (handle_secondary_activate), self);
  g_signal_connect (self->item, "handle-context-menu", G_CALLBACK (handle_context_menu), self);
  g_signal_connect (self->item, "handle-scroll", G_CALLBACK (handle_scroll), self);
  g_signal_connect (self->item, "handle-provide-xdg-activation-token", G_CALLBACK (handle_token),
                    self);
}

BhTray *
bh_tray_new (void)
{
  return g_object_new (BH_TYPE_TRAY, NULL);
}
