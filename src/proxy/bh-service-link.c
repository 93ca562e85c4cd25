/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The proxy's D-Bus object. */
#include "config.h"

#include "bh-service-link.h"

#include <gio/gunixfdlist.h>
#include <string.h>
#include <sys/random.h>

#include "bh-camera.h"
#include "bh-dbus-proxy.h"
#include "bh-error.h"
#include "bh-guest-link.h"
#include "bh-network.h"
#include "bh-sound.h"
#include "bh-text.h"
#include "bh-windows.h"

#define PATH "/io/github/bulkhead/Proxy"
#define SEED_BYTES 256
#define MAX_NAME_CHARS 64
#define NOTICE_US (10 * G_USEC_PER_SEC)

struct _BhServiceLink
{
  BhProxy *proxy;
  GDBusConnection *connection;
  BhDbusProxy1 *skeleton;
  gboolean hello, configured;
  GVariant *settings; /* a Configure that came before hello */
  GPtrArray *waiting; /* launches (uav) that came before hello */
  const char *last_notice;
  gint64 last_notice_at;
};

static BhStr
lookup_str (GVariant *dict, const char *key)
{
  const char *value = "";

  g_variant_lookup (dict, key, "&s", &value);
  return bh_str (value);
}

/* Pack strings for a LIST field; @buffer must live as long as @list. */
static gboolean
pack (const char *const *items, guint8 **buffer, BhList *list)
{
  *buffer = g_malloc (BH_LIST_BYTES);
  return bh_list_pack (items, items ? g_strv_length ((char **) items) : 0, *buffer, BH_LIST_BYTES,
                       list);
}

/* Whether the message keeps its limits; else an error for the service. */
static gboolean
fits (BhMessageType type, const void *msg, GDBusMethodInvocation *invocation)
{
  BhWireStatus status;

  bh_message_measure (type, msg, &status);
  if (status == BH_WIRE_OK)
    return TRUE;
  g_dbus_method_invocation_return_error (
      g_steal_pointer (&invocation), BH_ERROR, BH_ERROR_INVALID_ARGUMENT, "%s: %s",
      bh_message_info (type)->name, bh_wire_status_name (status));
  return FALSE;
}

/* Send configure from @settings. With @invocation NULL it was checked before. */
static gboolean
configure (BhServiceLink *link, GVariant *settings, GDBusMethodInvocation *invocation,
           gboolean send)
{
  g_autofree const char **environment = NULL;
  g_autofree guint8 *buffer = NULL;
  guint8 seed[SEED_BYTES];
  gboolean opt = FALSE, dark = FALSE, scratch = FALSE;
  bh_msg_configure msg = { 0 };

  g_variant_lookup (settings, "environment", "^a&s", &environment);
  g_variant_lookup (settings, "mount-opt", "b", &opt);
  g_variant_lookup (settings, "dark", "b", &dark);
  g_variant_lookup (settings, "uid", "u", &msg.uid);
  g_variant_lookup (settings, "folders", "u", &msg.folders);
  g_variant_lookup (settings, "home", "u", &msg.home);
  g_variant_lookup (settings, "disks", "u", &msg.disks);
  g_variant_lookup (settings, "scratch-mib", "u", &msg.scratch_mib);
  g_variant_lookup (settings, "scratch-disk", "b", &scratch);
  msg.host_name = lookup_str (settings, "host-name");
  msg.user_name = lookup_str (settings, "user-name");
  msg.machine_id = lookup_str (settings, "machine-id");
  msg.time_zone = lookup_str (settings, "time-zone");
  msg.flags = (opt ? BH_CONFIGURE_MOUNT_OPT : 0) | (dark ? BH_CONFIGURE_DARK : 0)
              | (scratch ? BH_CONFIGURE_SCRATCH_DISK : 0);
  msg.time_us = (guint64) g_get_real_time ();
  msg.seed = (BhBytes){ seed, sizeof seed };
  if (!pack (environment, &buffer, &msg.environment)
      || getrandom (seed, sizeof seed, 0) != (gssize) sizeof seed)
    {
      if (invocation)
        g_dbus_method_invocation_return_error_literal (g_steal_pointer (&invocation), BH_ERROR,
                                                       BH_ERROR_INVALID_ARGUMENT,
                                                       "the environment is too long");
      return FALSE;
    }
  if (invocation && !fits (BH_MSG_CONFIGURE, &msg, invocation))
    return FALSE;
  if (send)
    bh_guest_link_send (link->proxy->guest, BH_MSG_CONFIGURE, &msg);
  explicit_bzero (seed, sizeof seed);
  return TRUE;
}

static gboolean
handle_configure (BhDbusProxy1 *object, GDBusMethodInvocation *invocation, GVariant *settings,
                  gpointer data)
{
  BhServiceLink *link = data;

  if (!configure (link, settings, invocation, link->hello && !link->configured))
    return TRUE;
  if (!link->hello)
    {
      g_clear_pointer (&link->settings, g_variant_unref);
      link->settings = g_variant_ref (settings);
    }
  link->configured = link->hello;
  bh_dbus_proxy1_complete_configure (object, g_steal_pointer (&invocation));
  return TRUE;
}

static gboolean
launch (BhServiceLink *link, guint32 id, GVariant *options, GDBusMethodInvocation *invocation,
        gboolean send)
{
  g_autofree const char **argv = NULL, **uris = NULL;
  g_autofree guint8 *buffer = NULL, *uri_buffer = NULL;
  const char *x11 = "auto";
  bh_msg_launch msg = { .id = id };

  g_variant_lookup (options, "argv", "^a&s", &argv);
  g_variant_lookup (options, "uris", "^a&s", &uris);
  g_variant_lookup (options, "x11", "&s", &x11);
  msg.app = lookup_str (options, "app");
  msg.x11 = strcmp (x11, "yes") == 0  ? BH_X11_YES
            : strcmp (x11, "no") == 0 ? BH_X11_NO
                                      : BH_X11_AUTO;
  if (!pack (argv, &buffer, &msg.argv) || !pack (uris, &uri_buffer, &msg.uris)
      || (msg.app.len == 0 && msg.argv.count == 0))
    {
      if (invocation)
        g_dbus_method_invocation_return_error_literal (
            g_steal_pointer (&invocation), BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
            "neither a program nor a command, or one that is too long");
      return FALSE;
    }
  if (invocation && !fits (BH_MSG_LAUNCH, &msg, invocation))
    return FALSE;
  if (send)
    bh_guest_link_send (link->proxy->guest, BH_MSG_LAUNCH, &msg);
  return TRUE;
}

static gboolean
handle_launch (BhDbusProxy1 *object, GDBusMethodInvocation *invocation, guint id, GVariant *options,
               gpointer data)
{
  BhServiceLink *link = data;
  const char *token = NULL;

  if (!link->hello && link->waiting->len >= BH_MAX_PROGRAMS)
    {
      g_dbus_method_invocation_return_error_literal (g_steal_pointer (&invocation), BH_ERROR,
                                                     BH_ERROR_BUSY, "too many programs wait");
      return TRUE;
    }
  if (!launch (link, id, options, invocation, link->hello))
    return TRUE;
  if (!link->hello)
    g_ptr_array_add (link->waiting, g_variant_ref_sink (g_variant_new ("(u@a{sv})", id, options)));
  if (g_variant_lookup (options, "activation-token", "&s", &token) && token[0]
      && strlen (token) <= 1024)
    bh_windows_set_activation (link->proxy->windows, id, token);
  bh_dbus_proxy1_complete_launch (object, g_steal_pointer (&invocation));
  return TRUE;
}

static gboolean
handle_terminate (BhDbusProxy1 *object, GDBusMethodInvocation *invocation, guint id, gpointer data)
{
  BhServiceLink *link = data;
  bh_msg_terminate msg = { .id = id };

  if (!fits (BH_MSG_TERMINATE, &msg, invocation))
    return TRUE;
  bh_guest_link_send (link->proxy->guest, BH_MSG_TERMINATE, &msg);
  bh_dbus_proxy1_complete_terminate (object, g_steal_pointer (&invocation));
  return TRUE;
}

static gboolean
handle_shutdown (BhDbusProxy1 *object, GDBusMethodInvocation *invocation, gpointer data)
{
  BH_SEND (((BhServiceLink *) data)->proxy, SHUTDOWN, shutdown);
  bh_dbus_proxy1_complete_shutdown (object, g_steal_pointer (&invocation));
  return TRUE;
}

static gboolean
handle_set_identity (BhDbusProxy1 *object, GDBusMethodInvocation *invocation, const char *name,
                     const char *color, gpointer data)
{
  BhServiceLink *link = data;
  g_autofree char *clean = bh_text_clean (name, strlen (name), MAX_NAME_CHARS);
  BhColor parsed;

  if (clean[0] == '\0' || !bh_color_parse (color, &parsed))
    {
      g_dbus_method_invocation_return_error_literal (g_steal_pointer (&invocation), BH_ERROR,
                                                     BH_ERROR_INVALID_ARGUMENT,
                                                     "not a name and a colour");
      return TRUE;
    }
  g_free (link->proxy->name);
  link->proxy->name = g_steal_pointer (&clean);
  link->proxy->color = parsed;
  bh_windows_identity_changed (link->proxy->windows);
  bh_dbus_proxy1_complete_set_identity (object, g_steal_pointer (&invocation));
  return TRUE;
}

static gboolean
handle_set_sound (BhDbusProxy1 *object, GDBusMethodInvocation *invocation, gboolean play,
                  gboolean record, gpointer data)
{
  bh_sound_set_switches (((BhServiceLink *) data)->proxy->sound, play, record);
  bh_dbus_proxy1_complete_set_sound (object, g_steal_pointer (&invocation));
  return TRUE;
}

/* A descriptor that came with a call; or -1, and the caller has got the error. */
static int
take_fd (GUnixFDList *fds, GVariant *handle, GDBusMethodInvocation *invocation)
{
  g_autoptr (GError) error = NULL;
  int fd = fds ? g_unix_fd_list_get (fds, g_variant_get_handle (handle), &error) : -1;

  if (fd < 0)
    g_dbus_method_invocation_return_error_literal (g_steal_pointer (&invocation), BH_ERROR,
                                                   BH_ERROR_INVALID_ARGUMENT,
                                                   error ? error->message : "no descriptor");
  return fd;
}

static gboolean
handle_set_camera (BhDbusProxy1 *object, GDBusMethodInvocation *invocation, gboolean allowed,
                   gpointer data)
{
  bh_camera_set_allowed (((BhServiceLink *) data)->proxy->camera, allowed);
  bh_dbus_proxy1_complete_set_camera (object, g_steal_pointer (&invocation));
  return TRUE;
}

static gboolean
handle_connect_camera (BhDbusProxy1 *object, GDBusMethodInvocation *invocation, GUnixFDList *fds,
                       GVariant *handle, gpointer data)
{
  int fd = take_fd (fds, handle, invocation);

  if (fd < 0)
    return TRUE;
  bh_camera_connect (((BhServiceLink *) data)->proxy->camera, fd);
  bh_dbus_proxy1_complete_connect_camera (object, g_steal_pointer (&invocation), NULL);
  return TRUE;
}

static gboolean
handle_connect_sound (BhDbusProxy1 *object, GDBusMethodInvocation *invocation, GUnixFDList *fds,
                      GVariant *handle, gpointer data)
{
  int fd = take_fd (fds, handle, invocation);

  if (fd < 0)
    return TRUE;
  bh_sound_connect (((BhServiceLink *) data)->proxy->sound, fd);
  bh_dbus_proxy1_complete_connect_sound (object, g_steal_pointer (&invocation), NULL);
  return TRUE;
}

static void
connection_closed (GDBusConnection *connection, gboolean remote, GError *error, gpointer data)
{
  bh_proxy_quit (((BhServiceLink *) data)->proxy);
}

BhServiceLink *
bh_service_link_new (BhProxy *proxy, int fd, GError **error)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, error);
  g_autoptr (GSocketConnection) stream = NULL;
  BhServiceLink *link;
  GDBusConnection *connection;

  if (!socket)
    return NULL;
  stream = g_socket_connection_factory_create_connection (socket);
  connection = g_dbus_connection_new_sync (G_IO_STREAM (stream), NULL,
                                           G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                               | G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                                           NULL, NULL, error);
  if (!connection)
    return NULL;
  link = g_new0 (BhServiceLink, 1);
  link->proxy = proxy;
  link->connection = connection;
  link->waiting = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  return link;
}

gboolean
bh_service_link_start (BhServiceLink *link, GError **error)
{
  link->skeleton = bh_dbus_proxy1_skeleton_new ();
  g_signal_connect (link->skeleton, "handle-configure", G_CALLBACK (handle_configure), link);
  g_signal_connect (link->skeleton, "handle-launch", G_CALLBACK (handle_launch), link);
  g_signal_connect (link->skeleton, "handle-terminate", G_CALLBACK (handle_terminate), link);
  g_signal_connect (link->skeleton, "handle-shutdown", G_CALLBACK (handle_shutdown), link);
  g_signal_connect (link->skeleton, "handle-set-identity", G_CALLBACK (handle_set_identity), link);
  bh_network_connect (link->proxy, link->skeleton);
  g_signal_connect (link->skeleton, "handle-set-sound", G_CALLBACK (handle_set_sound), link);
  g_signal_connect (link->skeleton, "handle-connect-sound", G_CALLBACK (handle_connect_sound),
                    link);
  g_signal_connect (link->skeleton, "handle-set-camera", G_CALLBACK (handle_set_camera), link);
  g_signal_connect (link->skeleton, "handle-connect-camera", G_CALLBACK (handle_connect_camera),
                    link);
  g_signal_connect (link->connection, "closed", G_CALLBACK (connection_closed), link);
  if (!g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (link->skeleton),
                                         link->connection, PATH, error))
    return FALSE;
  g_dbus_connection_start_message_processing (link->connection);
  return TRUE;
}

void
bh_service_link_free (BhServiceLink *link)
{
  g_signal_handlers_disconnect_by_data (link->connection, link);
  if (link->skeleton)
    {
      g_signal_handlers_disconnect_by_data (link->skeleton, link);
      g_signal_handlers_disconnect_by_data (link->skeleton, link->proxy);
      g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (link->skeleton));
      g_object_unref (link->skeleton);
    }
  g_object_unref (link->connection);
  g_clear_pointer (&link->settings, g_variant_unref);
  g_ptr_array_unref (link->waiting);
  g_free (link);
}

void
bh_service_link_hello (BhServiceLink *link, const char *untrusted_build, gsize len,
                       gboolean configured)
{
  g_autofree char *build = bh_text_clean (untrusted_build, len, 64);

  link->hello = TRUE;
  link->configured = configured;
  bh_dbus_proxy1_emit_hello (link->skeleton, build, configured, link->proxy->shared != NULL);
  if (link->settings && !configured)
    {
      configure (link, link->settings, NULL, TRUE);
      link->configured = TRUE;
    }
  g_clear_pointer (&link->settings, g_variant_unref);
  for (guint i = 0; i < link->waiting->len; i++)
    {
      g_autoptr (GVariant) options = NULL;
      guint32 id;

      g_variant_get (g_ptr_array_index (link->waiting, i), "(u@a{sv})", &id, &options);
      launch (link, id, options, NULL, TRUE);
    }
  g_ptr_array_set_size (link->waiting, 0);
}

void
bh_service_link_configured (BhServiceLink *link, const bh_msg_configured *untrusted)
{
  g_autofree char *detail = bh_text_clean (untrusted->detail.data, untrusted->detail.len, 256);

  bh_dbus_proxy1_emit_configured (link->skeleton, untrusted->status, detail);
}

void
bh_service_link_launched (BhServiceLink *link, const bh_msg_launched *untrusted)
{
  g_autofree char *detail = bh_text_clean (untrusted->detail.data, untrusted->detail.len, 256);

  bh_dbus_proxy1_emit_launched (link->skeleton, untrusted->id, untrusted->status, detail);
}

void
bh_service_link_exited (BhServiceLink *link, const bh_msg_exited *untrusted)
{
  g_autofree char *tail =
      bh_text_clean_lines ((const char *) untrusted->tail.data, untrusted->tail.len);

  bh_dbus_proxy1_emit_exited (link->skeleton, untrusted->id, untrusted->code, tail);
}

void
bh_service_link_network_state (BhServiceLink *link, const bh_msg_network_state *untrusted)
{
  g_autofree char *detail = bh_text_clean (untrusted->detail.data, untrusted->detail.len, 256);

  bh_dbus_proxy1_emit_network_state (link->skeleton, untrusted->slot, untrusted->status, detail);
}

void
bh_service_link_idle (BhServiceLink *link)
{
  bh_dbus_proxy1_emit_idle (link->skeleton);
}

void
bh_service_link_sound_wanted (BhServiceLink *link)
{
  bh_dbus_proxy1_emit_sound_wanted (link->skeleton);
}

void
bh_service_link_camera_wanted (BhServiceLink *link, gboolean wanted)
{
  bh_dbus_proxy1_emit_camera_wanted (link->skeleton, wanted);
}

void
bh_service_link_windows (BhServiceLink *link, guint32 launch, guint count)
{
  if (link->skeleton)
    bh_dbus_proxy1_emit_windows (link->skeleton, launch, count);
}

void
bh_service_link_notice (BhServiceLink *link, const char *text)
{
  gint64 now = g_get_monotonic_time ();

  if (link->last_notice == text && now - link->last_notice_at < NOTICE_US)
    return;
  link->last_notice = text;
  link->last_notice_at = now;
  g_message ("%s", text);
  bh_dbus_proxy1_emit_notice (link->skeleton, text);
}

void
bh_service_link_failed (BhServiceLink *link, const char *reason, const char *detail)
{
  if (!link->skeleton)
    return;
  bh_dbus_proxy1_emit_failed (link->skeleton, reason, detail);
  g_dbus_connection_flush_sync (link->connection, NULL, NULL);
}
