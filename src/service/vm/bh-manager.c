/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * All AppVMs of this user. */
#include "config.h"

#include "bh-manager-private.h"

#include "bh-color.h"
#include "bh-error.h"
#include "bh-frozen-bus.h"
#include "bh-boot-disk.h"
#include "bh-home-disk.h"
#include "bh-home.h"
#include "bh-host-check.h"
#include "bh-kvm.h"
#include "bh-log.h"
#include "bh-paths.h"
#include "bh-shares.h"
#include "bh-microphones.h"
#include "bh-text.h"
#include "bh-vm-config.h"

#include <string.h>

#define MAX_VMS 200
#define VM_PATH BH_MANAGER_PATH "/vm/"

static void bh_manager_iface_init (BhDbusManager1Iface *iface);

G_DEFINE_TYPE_WITH_CODE (BhManager, bh_manager, BH_DBUS_TYPE_MANAGER1_SKELETON,
                         G_IMPLEMENT_INTERFACE (BH_DBUS_TYPE_MANAGER1, bh_manager_iface_init))

enum
{
  READY,
  QUIT,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* AppVMs. */

BhVm *
bh_manager_find_name (BhManager *self, const char *name)
{
  g_autofree char *folded = g_utf8_casefold (name, -1);
  GHashTableIter iter;
  gpointer vm;

  g_hash_table_iter_init (&iter, self->vms);
  while (g_hash_table_iter_next (&iter, NULL, &vm))
    {
      g_autofree char *other = g_utf8_casefold (bh_vm_get_name (vm), -1);

      if (g_str_equal (folded, other))
        return vm;
    }
  return NULL;
}

static gboolean
on_check_name (BhVm *vm, const char *name, BhManager *self)
{
  g_autofree char *trimmed = g_strstrip (g_strdup (name));
  BhVm *other = bh_manager_find_name (self, trimmed);

  return other != NULL && other != vm;
}

static void
on_ready (BhVm *vm, gboolean kvm, BhManager *self)
{
  bh_dbus_manager1_set_virtualization (BH_DBUS_MANAGER1 (self), kvm ? "kvm" : "tcg");
}

static void
on_deleted (BhVm *vm, BhManager *self)
{
  g_autoptr (BhVm) alive = g_object_ref (vm);

  if (bh_vm_get_definition (vm))
    bh_manager_drop_disposable (self, vm);
  else
    bh_launchers_remove (self->launchers, bh_vm_get_id (vm));
  bh_tray_remove (self->tray, vm);
  g_dbus_object_manager_server_unexport (self->server, bh_vm_get_path (vm));
  g_hash_table_remove (self->vms, bh_vm_get_id (vm));
}

static void
on_changed (BhVm *vm, GParamSpec *property, BhManager *self)
{
  bh_launchers_update (self->launchers, bh_vm_get_config (vm));
  bh_manager_update_disposables (self, vm);
}

static void
on_launchers_failed (BhLaunchers *launchers, const char *id, const char *message, BhManager *self)
{
  BhVm *vm = g_hash_table_lookup (self->vms, id);

  bh_log_line (id, "%s", message);
  if (vm)
    bh_dbus_vm1_emit_notice (BH_DBUS_VM1 (vm), message);
}

/* What changed while no service ran. */
static void
update_launchers (BhManager *self)
{
  g_autofree const char **ids = (const char **) g_hash_table_get_keys_as_array (self->vms, NULL);
  GHashTableIter iter;
  gpointer vm;

  bh_launchers_clean (self->launchers, ids);
  g_hash_table_iter_init (&iter, self->vms);
  while (g_hash_table_iter_next (&iter, NULL, &vm))
    if (!bh_vm_get_definition (vm))
      on_changed (vm, NULL, self);
}

BhVm *
bh_manager_add_vm (BhManager *self, BhVmConfig *config, const char *definition)
{
  BhVm *vm = bh_vm_new (config, self->hypervisor, self->pool, self->apps, self->server);
  g_autoptr (BhDbusObjectSkeleton) object = bh_dbus_object_skeleton_new (bh_vm_get_path (vm));

  g_hash_table_insert (self->vms, g_strdup (bh_vm_get_id (vm)), vm);
  g_signal_connect_object (vm, "check-name", G_CALLBACK (on_check_name), self, 0);
  g_signal_connect_object (vm, "ready", G_CALLBACK (on_ready), self, 0);
  g_signal_connect_object (vm, "make-disposable", G_CALLBACK (bh_manager_make_disposable), self, 0);
  if (definition)
    bh_vm_become_disposable (vm, definition);
  else
    g_signal_connect_object (vm, "notify::settings", G_CALLBACK (on_changed), self, 0);
  g_signal_connect_object (vm, "deleted", G_CALLBACK (on_deleted), self, 0);
  bh_tray_add (self->tray, vm);
  bh_dbus_object_skeleton_set_vm1 (object, BH_DBUS_VM1 (vm));
  g_dbus_object_manager_server_export (self->server, G_DBUS_OBJECT_SKELETON (object));
  return vm;
}

/* What the folder has that we have not, and the other way round. */
static void
take_files (BhVmFiles *files, BhManager *self)
{
  g_autoptr (GPtrArray) gone = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer id, config, vm;

  if (self->leaving)
    return;
  g_hash_table_iter_init (&iter, self->vms);
  while (g_hash_table_iter_next (&iter, &id, &vm))
    if (!bh_vm_files_is_there (files, id) && !bh_vm_is_active (vm) && !bh_vm_get_definition (vm))
      g_ptr_array_add (gone, g_object_ref (vm));
  for (guint i = 0; i < gone->len; i++)
    on_deleted (gone->pdata[i], self);
  g_hash_table_iter_init (&iter, bh_vm_files_get (files));
  while (g_hash_table_iter_next (&iter, &id, &config))
    {
      g_autoptr (GError) error = NULL;

      vm = g_hash_table_lookup (self->vms, id);
      if (!bh_vm_config_check (config, &error)
          && !(vm && bh_vm_config_equal (bh_vm_get_config (vm), config)))
        g_message ("%s", error->message);
      if (vm)
        bh_vm_reload (vm, config);
      else
        {
          vm = bh_manager_add_vm (self, config, NULL);
          if (self->begun)
            on_changed (vm, NULL, self);
        }
    }
  bh_dbus_manager1_set_problems (BH_DBUS_MANAGER1 (self), bh_vm_files_get_problems (files));
}

gboolean
bh_manager_has_id (const char *id, gpointer data)
{
  BhManager *self = data;
  g_autofree char *file = bh_paths_vm_file (id);

  return g_hash_table_contains (self->vms, id) || g_hash_table_contains (self->planned, id)
         || g_file_test (file, G_FILE_TEST_EXISTS);
}

/* The colour of the palette that the fewest AppVMs have. */
static char *
choose_color (BhManager *self)
{
  const BhNamedColor *palette;
  gsize n, best = 0;
  guint best_count = G_MAXUINT;

  palette = bh_color_palette (&n);
  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *color = bh_color_to_string (&palette[i].color);
      GHashTableIter iter;
      gpointer vm;
      guint count = 0;

      g_hash_table_iter_init (&iter, self->vms);
      while (g_hash_table_iter_next (&iter, NULL, &vm))
        count += g_strcmp0 (bh_dbus_vm1_get_color (vm), color) == 0;
      if (count < best_count)
        {
          best = i;
          best_count = count;
        }
    }
  return bh_color_to_string (&palette[best].color);
}

gboolean
bh_manager_has_room (BhManager *self, GError **error)
{
  if (g_hash_table_size (self->vms) < MAX_VMS)
    return TRUE;
  g_set_error (error, BH_ERROR, BH_ERROR_BUSY,
               "There are %d AppVMs; that is as many as there can be", MAX_VMS);
  return FALSE;
}

static gboolean
is_name_taken (BhManager *self, const char *name)
{
  gboolean taken = bh_manager_find_name (self, name) != NULL;
  GHashTableIter iter;
  gpointer planned;

  g_hash_table_iter_init (&iter, self->planned);
  while (g_hash_table_iter_next (&iter, NULL, &planned))
    taken = taken || g_str_equal (bh_vm_config_get (planned, "Name"), name);
  return taken;
}

/* Sets its name and id aside, when they are free. Takes @config. */
static BhVmConfig *
plan (BhManager *self, BhVmConfig *config, GError **error)
{
  const char *name = bh_vm_config_get (config, "Name");
  gboolean taken = is_name_taken (self, name);

  if (taken)
    g_set_error (error, BH_ERROR, BH_ERROR_EXISTS, "There is an AppVM “%s” already", name);
  if (taken || !bh_manager_has_room (self, error))
    {
      bh_vm_config_unref (config);
      return NULL;
    }
  g_hash_table_insert (self->planned, g_strdup (bh_vm_config_get_id (config)), config);
  return config;
}

BhVmConfig *
bh_manager_plan_vm (BhManager *self, GVariant *settings, GError **error)
{
  g_autoptr (GHashTable) table = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr (BhVmConfig) config = NULL;
  g_autofree char *id = NULL;
  GVariantIter iter;
  char *key, *value;
  const char *name;

  g_variant_iter_init (&iter, settings);
  while (g_variant_iter_next (&iter, "{ss}", &key, &value))
    g_hash_table_insert (table, key, value);
  if (!g_hash_table_contains (table, "Color"))
    g_hash_table_insert (table, g_strdup ("Color"), choose_color (self));
  name = g_hash_table_lookup (table, "Name");
  id = bh_vm_id_from_name (name ? name : "", bh_manager_has_id, self);
  config = bh_vm_config_new (id, table, error);
  return config && bh_shares_check (config, NULL, error) && bh_home_check (config, NULL, error)
         && bh_boot_disk_check (config, NULL, error)
             ? plan (self, g_steal_pointer (&config), error)
             : NULL;
}

void
bh_manager_drop_plan (BhManager *self, BhVmConfig *planned)
{
  g_hash_table_remove (self->planned, bh_vm_config_get_id (planned));
}

BhVm *
bh_manager_take_plan (BhManager *self, BhVmConfig *planned, GError **error)
{
  g_autoptr (BhVmConfig) config = bh_vm_config_ref (planned);
  g_autofree char *path = bh_paths_vm_file (bh_vm_config_get_id (config));

  bh_manager_drop_plan (self, planned);
  /* Meanwhile a file of that name, or that many, may have come. */
  if (bh_manager_find_name (self, bh_vm_config_get (config, "Name"))
      || bh_manager_has_id (bh_vm_config_get_id (config), self))
    {
      g_set_error (error, BH_ERROR, BH_ERROR_EXISTS, "There is an AppVM “%s” already",
                   bh_vm_config_get (config, "Name"));
      return NULL;
    }
  if (!bh_manager_has_room (self, error) || !bh_vm_config_save (config, path, error))
    return NULL;
  bh_launchers_update (self->launchers, config);
  return bh_manager_add_vm (self, config, NULL);
}

char *
bh_manager_name_with (const char *name, const char *ending)
{
  glong room = (glong) bh_keys_find ("Name")->max - g_utf8_strlen (ending, -1);
  g_autofree char *begin = g_utf8_substring (name, 0, MIN (room, g_utf8_strlen (name, -1)));

  return g_strconcat (g_strchomp (begin), ending, NULL);
}

/* "Bank (copy)", "Bank (copy 2)" … */
static char *
name_for_copy (BhManager *self, const char *name)
{
  for (guint n = 1;; n++)
    {
      g_autofree char *ending = n == 1 ? g_strdup (" (copy)") : g_strdup_printf (" (copy %u)", n);
      g_autofree char *copy = bh_manager_name_with (name, ending);

      if (!is_name_taken (self, copy))
        return g_steal_pointer (&copy);
    }
}

BhVmConfig *
bh_manager_plan_copy (BhManager *self, BhVm *vm, const char *wanted, GError **error)
{
  g_autofree char *name = *wanted ? g_strdup (wanted) : name_for_copy (self, bh_vm_get_name (vm));
  g_autofree char *id = bh_vm_id_from_name (name, bh_manager_has_id, self);
  BhVmConfig *config = NULL;

  if (bh_vm_check_kept (vm, error))
    config = bh_vm_config_copy (bh_vm_get_config (vm), id, name, error);
  return config ? plan (self, config, error) : NULL;
}

/* Ending. */

static void
all_stopped (BhManager *self)
{
  g_autoptr (GPtrArray) waiting = g_steal_pointer (&self->stopping);

  self->stopping = g_ptr_array_new ();
  for (guint i = 0; i < waiting->len; i++)
    bh_dbus_manager1_complete_stop_all (BH_DBUS_MANAGER1 (self), waiting->pdata[i]);
  if (self->leaving)
    g_signal_emit (self, signals[QUIT], 0);
}

static void
on_vm_stopped (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhManager) self = BH_MANAGER (data);

  bh_vm_stop_finish (BH_VM (source), result, NULL);
  if (--self->stops_left == 0)
    all_stopped (self);
}

static void
stop_all (BhManager *self)
{
  GHashTableIter iter;
  gpointer vm;

  self->stops_left++; /* this function's own */
  g_hash_table_iter_init (&iter, self->vms);
  while (g_hash_table_iter_next (&iter, NULL, &vm))
    if (bh_vm_is_active (vm))
      {
        self->stops_left++;
        bh_vm_stop_async (vm, FALSE, on_vm_stopped, g_object_ref (self));
      }
  if (--self->stops_left == 0)
    all_stopped (self);
}

static void
on_stop_all (BhTray *tray, BhManager *self)
{
  if (self->stops_left == 0)
    stop_all (self);
}

void
bh_manager_leave (BhManager *self, gboolean stop_vms)
{
  GHashTableIter iter;
  gpointer vm;

  if (self->leaving)
    return;
  self->leaving = TRUE;
  bh_frozen_leave (self->frozen);
  bh_pool_leave (self->pool);
  bh_tray_stop (self->tray);
  if (stop_vms)
    {
      stop_all (self);
      return;
    }
  g_hash_table_iter_init (&iter, self->vms);
  while (g_hash_table_iter_next (&iter, NULL, &vm))
    bh_vm_abandon (vm);
  g_signal_emit (self, signals[QUIT], 0);
}

/* Methods. */

static gboolean
handle_create_vm (BhDbusManager1 *manager, GDBusMethodInvocation *invocation, GVariant *settings)
{
  g_autoptr (GError) error = NULL;
  BhVmConfig *planned = bh_manager_plan_vm (BH_MANAGER (manager), settings, &error);
  BhVm *vm = planned ? bh_manager_take_plan (BH_MANAGER (manager), planned, &error) : NULL;

  if (vm)
    bh_dbus_manager1_complete_create_vm (manager, g_steal_pointer (&invocation),
                                         bh_vm_get_path (vm));
  else
    g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
  return TRUE;
}

BhVm *
bh_manager_find_vm (BhManager *self, const char *name, GError **error)
{
  /* An object's path first: exact, whatever other AppVMs are named. */
  const char *id = g_str_has_prefix (name, VM_PATH) ? name + strlen (VM_PATH) : NULL;
  g_autofree char *path_id = g_strdelimit (g_strdup (id ? id : ""), "_", '-');
  BhVm *vm = g_hash_table_lookup (self->vms, path_id);
  g_autofree char *shown = NULL;

  if (!vm)
    vm = bh_manager_find_name (self, name);
  if (!vm)
    vm = g_hash_table_lookup (self->vms, name);
  if (vm)
    return vm;
  shown = bh_text_clean (name, strlen (name), 64);
  g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND, "There is no AppVM “%s”", shown);
  return NULL;
}

static gboolean
handle_find_vm (BhDbusManager1 *manager, GDBusMethodInvocation *invocation, const char *name)
{
  g_autoptr (GError) error = NULL;
  BhVm *vm = bh_manager_find_vm (BH_MANAGER (manager), name, &error);

  if (vm)
    bh_dbus_manager1_complete_find_vm (manager, g_steal_pointer (&invocation), bh_vm_get_path (vm));
  else
    g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
  return TRUE;
}

static void
on_applications (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GDBusMethodInvocation) invocation = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) list = bh_host_apps_list_finish (BH_HOST_APPS (source), result, &error);

  if (list)
    bh_dbus_manager1_complete_list_applications (NULL, g_steal_pointer (&invocation), list);
  else
    g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
}

static gboolean
handle_list_applications (BhDbusManager1 *manager, GDBusMethodInvocation *invocation)
{
  bh_host_apps_list_async (BH_MANAGER (manager)->apps, on_applications, invocation);
  return TRUE;
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GDBusMethodInvocation) invocation = data;
  BhDbusManager1 *manager = g_dbus_method_invocation_get_user_data (invocation);
  gboolean kvm;
  g_autoptr (GVariant) checks = bh_host_check_finish (result, &kvm);

  bh_dbus_manager1_set_virtualization (manager, kvm ? "kvm" : "tcg");
  bh_dbus_manager1_complete_check_host (manager, g_steal_pointer (&invocation), checks);
}

static void
on_described (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = bh_hypervisor_describe_finish (BH_HYPERVISOR (source), result, &error);

  bh_host_check_async (text, error ? error->message : NULL, on_checked, data);
}

static gboolean
handle_check_host (BhDbusManager1 *manager, GDBusMethodInvocation *invocation)
{
  bh_hypervisor_describe_async (BH_MANAGER (manager)->hypervisor, on_described, invocation);
  return TRUE;
}

static gboolean
handle_stop_all (BhDbusManager1 *manager, GDBusMethodInvocation *invocation)
{
  BhManager *self = BH_MANAGER (manager);

  g_ptr_array_add (self->stopping, invocation);
  if (self->stops_left == 0)
    stop_all (self);
  return TRUE;
}

static gboolean
handle_list_usb (BhDbusManager1 *manager, GDBusMethodInvocation *invocation)
{
  bh_dbus_manager1_complete_list_usb (manager, g_steal_pointer (&invocation),
                                      bh_vm_list_usb (BH_MANAGER (manager)->vms));
  return TRUE;
}

static gboolean
handle_quit (BhDbusManager1 *manager, GDBusMethodInvocation *invocation, gboolean stop_vms)
{
  bh_dbus_manager1_complete_quit (manager, g_steal_pointer (&invocation));
  bh_manager_leave (BH_MANAGER (manager), stop_vms);
  return TRUE;
}

static void
bh_manager_iface_init (BhDbusManager1Iface *iface)
{
  iface->handle_create_vm = handle_create_vm;
  iface->handle_find_vm = handle_find_vm;
  iface->handle_list_applications = handle_list_applications;
  iface->handle_check_host = handle_check_host;
  iface->handle_stop_all = handle_stop_all;
  iface->handle_list_usb = handle_list_usb;
  iface->handle_quit = handle_quit;
}

static void
bh_manager_finalize (GObject *object)
{
  BhManager *self = BH_MANAGER (object);

  bh_frozen_wait (self->frozen);
  bh_pool_wait (self->pool);
  g_clear_handle_id (&self->look_again, g_source_remove);
  g_clear_pointer (&self->found, g_hash_table_unref);
  /* Before the AppVMs, which it knows. */
  g_clear_object (&self->tray);
  g_hash_table_unref (self->planned);
  g_hash_table_unref (self->vms);
  g_ptr_array_unref (self->stopping);
  g_clear_object (&self->server);
  g_clear_object (&self->files);
  g_clear_object (&self->pool);
  g_clear_object (&self->frozen);
  g_clear_object (&self->hypervisor);
  g_clear_object (&self->apps);
  bh_launchers_stop (self->launchers);
  g_clear_object (&self->launchers);
  G_OBJECT_CLASS (bh_manager_parent_class)->finalize (object);
}

static void
bh_manager_class_init (BhManagerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_manager_finalize;
  signals[READY] = g_signal_new ("ready", BH_TYPE_MANAGER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 0);
  signals[QUIT] = g_signal_new ("quit", BH_TYPE_MANAGER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 0);
}

static void
bh_manager_init (BhManager *self)
{
  self->vms = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  self->planned = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                         (GDestroyNotify) bh_vm_config_unref);
  bh_vm_share_networks (self->vms);
  self->stopping = g_ptr_array_new ();
  self->server = g_dbus_object_manager_server_new (BH_MANAGER_PATH);
  self->hypervisor = bh_hypervisor_new ();
  self->frozen = bh_frozen_new (self->hypervisor);
  self->pool = bh_pool_new (self->hypervisor, self->frozen);
  bh_kvm_serve (BH_DBUS_MANAGER1 (self));
  bh_frozen_bus_serve (BH_DBUS_MANAGER1 (self), self->frozen, self->pool);
  self->apps = bh_host_apps_new ();
  self->launchers = bh_launchers_new ();
  g_signal_connect_object (self->launchers, "failed", G_CALLBACK (on_launchers_failed), self, 0);
  self->tray = bh_tray_new ();
  g_signal_connect_object (self->tray, "stop-all", G_CALLBACK (on_stop_all), self, 0);
  bh_microphones_serve (BH_DBUS_MANAGER1 (self), self->tray);
}

BhManager *
bh_manager_new (void)
{
  BhManager *self = g_object_new (BH_TYPE_MANAGER, NULL);

  bh_dbus_manager1_set_version (BH_DBUS_MANAGER1 (self), BH_VERSION);
  bh_dbus_manager1_set_virtualization (BH_DBUS_MANAGER1 (self), "");
  self->files = bh_vm_files_new ();
  g_signal_connect_object (self->files, "looked", G_CALLBACK (take_files), self, 0);
  take_files (self->files, self);
  bh_manager_find_disposables (self);
  return self;
}

GPtrArray *
bh_manager_list_vms (BhManager *self)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_object_unref);
  GHashTableIter iter;
  gpointer vm;

  g_hash_table_iter_init (&iter, self->vms);
  while (g_hash_table_iter_next (&iter, NULL, &vm))
    g_ptr_array_add (list, g_object_ref (vm));
  return list;
}

GDBusObjectManagerServer *
bh_manager_get_server (BhManager *self)
{
  return self->server;
}

gboolean
bh_manager_export (BhManager *self, GDBusConnection *connection, GError **error)
{
  if (!g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self), connection,
                                         BH_MANAGER_PATH, error))
    return FALSE;
  g_dbus_object_manager_server_set_connection (self->server, connection);
  return TRUE;
}

void
bh_manager_begin (BhManager *self)
{
  g_autoptr (GDBusConnection) connection =
      g_dbus_object_manager_server_get_connection (self->server);

  self->begun = TRUE;
  bh_home_disk_sweep ();
  update_launchers (self);
  bh_tray_begin (self->tray, connection);
  if (self->found)
    bh_manager_adopt (self);
  bh_frozen_refill (self->frozen);
  bh_pool_want_last (self->pool, self->vms);
}
