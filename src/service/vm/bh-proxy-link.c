/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One bulkhead-proxy process and the private D-Bus to it. */
#include "config.h"

#include "bh-proxy-link.h"

#include "bh-dbus-proxy.h"
#include "bh-display.h"
#include "bh-domain.h"
#include "bh-child.h"
#include "bh-error.h"
#include "bh-paths.h"
#include "bh-screen-link.h"

#include <errno.h>
#include <gio/gunixfdlist.h>
#include <gio/gunixsocketaddress.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PROXY_PATH "/io/github/bulkhead/Proxy"
#define RETRY_MS 5
/* For QEMU and the guest to notice that the proxy before this one is gone: the port has one end only, and the guest
 * sees only whether somebody is there. One that was busy meanwhile takes the next connection for the one before and
 * says no hello: then it is given four times as long. */
#define SETTLE_MS 15
#define HELLO_MS 1000
#define MAX_TRIES 4

struct _BhProxyLink
{
  GObject parent;
  char *id, *name, *color, *display;
  GVariant *settings;
  GTask *opening; /* NULL before and after */
  guint nth; /* of the tries to be heard; 0 for a guest that nobody has talked to */
  guint retry, patience;
  gboolean heard, unheard; /* the guest's hello; that it said none, and is to be asked once more */
  gulong cancelled;
  int channel_fd; /* until the proxy has it */
  BhHypervisor *hypervisor; /* NULL: the guest has a channel; else the rest is for bh-screen-link.h */
  char *uuid, *title;
  guint launch;
  GSubprocess *process;
  GDBusConnection *connection;
  BhDbusProxy1 *proxy;
  char *reason, *detail; /* of its Failed signal */
  gboolean ended;        /* the process */
  gboolean on_bus;       /* the connection is being made or there */
  gboolean closed;       /* by us */
};

G_DEFINE_TYPE (BhProxyLink, bh_proxy_link, G_TYPE_OBJECT)

enum
{
  STEP,
  LAUNCHED,
  EXITED,
  IDLE,
  WINDOWS,
  NOTICE,
  SOUND_WANTED,
  CAMERA_WANTED,
  GONE,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* Ends the opening; takes @error. */
static void
opened (BhProxyLink *self, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->opening);

  g_clear_handle_id (&self->retry, g_source_remove);
  g_clear_handle_id (&self->patience, g_source_remove);
  if (!task)
    {
      g_clear_error (&error);
      return;
    }
  if (self->cancelled)
    g_signal_handler_disconnect (g_task_get_cancellable (task), self->cancelled);
  self->cancelled = 0;
  if (error)
    {
      bh_proxy_link_close (self);
      g_task_return_error (task, error);
    }
  else
    g_task_return_boolean (task, TRUE);
}

static void
on_hello (BhDbusProxy1 *proxy, const char *build, gboolean configured, gboolean shared,
          BhProxyLink *self)
{
  g_debug ("%s: guest %s, %s, %s", self->id, build, configured ? "configured" : "new",
           shared ? "shared region" : "no shared region");
  g_clear_handle_id (&self->patience, g_source_remove);
  self->heard = TRUE;
  g_signal_emit (self, signals[STEP], 0, "hello");
  if (configured)
    opened (self, NULL);
}

static void
on_configured (BhDbusProxy1 *proxy, guint status, const char *detail, BhProxyLink *self)
{
  if (status == BH_PROXY_CONFIGURED_OK)
    {
      g_signal_emit (self, signals[STEP], 0, "configured");
      opened (self, NULL);
    }
  else
    opened (self, g_error_new (BH_ERROR, BH_ERROR_BOOT_FAILED, "%s: %s",
                               status == BH_PROXY_CONFIGURED_NO_PROGRAMS
                                   ? "The AppVM does not get at this computer's programs"
                                   : "The AppVM could not be set up",
                               detail));
}

static void
on_launched (BhDbusProxy1 *proxy, guint id, guint status, const char *detail, BhProxyLink *self)
{
  g_signal_emit (self, signals[LAUNCHED], 0, id, status, detail);
}

/* The generated signal ends @tail at its first NUL; the message itself has all of it. */
static void
on_g_signal (GDBusProxy *proxy, const char *sender, const char *name, GVariant *args,
             BhProxyLink *self)
{
  g_autoptr (GVariant) tail = NULL;
  g_autoptr (GBytes) bytes = NULL;
  const char *data;
  guint id, code;
  gsize len;

  if (!g_str_equal (name, "Exited") || !g_variant_is_of_type (args, G_VARIANT_TYPE ("(uuay)")))
    return;
  g_variant_get (args, "(uu@ay)", &id, &code, &tail);
  data = g_variant_get_fixed_array (tail, &len, 1);
  /* GVariant byte strings end in a NUL that is not part of the output. */
  if (len > 0 && data[len - 1] == '\0')
    len--;
  bytes = g_bytes_new (data, len);
  g_signal_emit (self, signals[EXITED], 0, id, code, bytes);
}

static void
on_idle (BhDbusProxy1 *proxy, BhProxyLink *self)
{
  g_signal_emit (self, signals[IDLE], 0);
}

static void
on_windows (BhDbusProxy1 *proxy, guint id, guint count, BhProxyLink *self)
{
  g_signal_emit (self, signals[WINDOWS], 0, id, count);
}

static void
on_notice (BhDbusProxy1 *proxy, const char *text, BhProxyLink *self)
{
  g_signal_emit (self, signals[NOTICE], 0, text);
}

static void
on_camera_wanted (BhDbusProxy1 *proxy, gboolean wanted, BhProxyLink *self)
{
  g_signal_emit (self, signals[CAMERA_WANTED], 0, wanted);
}

static void
on_sound_wanted (BhDbusProxy1 *proxy, BhProxyLink *self)
{
  g_signal_emit (self, signals[SOUND_WANTED], 0);
}

static void
on_failed (BhDbusProxy1 *proxy, const char *reason, const char *detail, BhProxyLink *self)
{
  g_free (self->reason);
  g_free (self->detail);
  self->reason = g_strdup (reason);
  self->detail = g_strdup (detail);
}

static gboolean
may_try_again (BhProxyLink *self)
{
  return self->nth > 0 && self->nth < MAX_TRIES;
}

/* The next try begins when this proxy, and so its connection, has certainly ended. */
static gboolean
patience_over (gpointer data)
{
  BhProxyLink *self = data;

  self->patience = 0;
  self->unheard = TRUE;
  g_free (self->detail);
  self->detail = g_strdup ("the AppVM does not answer");
  g_subprocess_force_exit (self->process);
  return G_SOURCE_REMOVE;
}

/* The process has ended and its last message has been read: only then is it known why. */
static void
maybe_gone (BhProxyLink *self)
{
  g_autoptr (BhProxyLink) alive = g_object_ref (self);
  g_autofree char *how = NULL;

  if (self->closed || !self->ended || self->on_bus)
    return;
  how = g_subprocess_get_if_signaled (self->process)
            ? g_strdup_printf ("ended by signal %d", g_subprocess_get_term_sig (self->process))
            : g_strdup_printf ("ended with code %d", g_subprocess_get_exit_status (self->process));
  g_message ("%s: bulkhead-proxy %s (%s %s)", self->id, how, self->reason ? self->reason : "",
             self->detail ? self->detail : "");
  if (self->opening)
    {
      gboolean display = g_strcmp0 (self->reason, "display") == 0;

      /* What it said before its hello was meant for the proxy before. */
      if (!self->heard && g_strcmp0 (self->reason, "guest") == 0)
        self->unheard = may_try_again (self);
      opened (self, g_error_new (BH_ERROR, display ? BH_ERROR_NO_DISPLAY : BH_ERROR_BOOT_FAILED,
                                 "The window gate of the AppVM %s%s%s", how,
                                 self->detail ? ": " : "", self->detail ? self->detail : ""));
      return;
    }
  /* A proxy whose own connection broke cannot tell that from a desktop that has gone. */
  if (g_strcmp0 (self->reason, "display") == 0)
    {
      g_autofree char *display = bh_display_find (self->display, NULL);

      if (display)
        {
          g_free (self->reason);
          self->reason = g_strdup ("connection");
        }
    }
  bh_proxy_link_close (self);
  g_signal_emit (self, signals[GONE], 0, self->reason ? self->reason : "",
                 self->detail ? self->detail : how);
}

static void
on_process_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhProxyLink) self = BH_PROXY_LINK (data);

  g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL);
  self->ended = TRUE;
  maybe_gone (self);
}

static void
on_bus_closed (GDBusConnection *connection, gboolean remote, GError *error, BhProxyLink *self)
{
  self->on_bus = FALSE;
  maybe_gone (self);
}

static void
on_connection (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhProxyLink) self = BH_PROXY_LINK (data);
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) connection = bh_child_bus_finish (result, &error);

  if (!connection)
    {
      g_debug ("%s: no bus to the proxy: %s", self->id, error->message);
      self->on_bus = FALSE;
      if (!self->closed && self->process)
        g_subprocess_force_exit (self->process);
      maybe_gone (self);
      return;
    }
  if (self->closed)
    {
      g_dbus_connection_close (connection, NULL, NULL, NULL);
      return;
    }
  self->connection = g_steal_pointer (&connection);
  g_signal_connect_object (self->connection, "closed", G_CALLBACK (on_bus_closed), self, 0);
  /* No name and no properties to load, so this does not wait for anything. */
  self->proxy = bh_dbus_proxy1_proxy_new_sync (
      self->connection, G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES, NULL, PROXY_PATH, NULL, &error);
  if (!self->proxy)
    {
      opened (self, g_steal_pointer (&error));
      return;
    }
  g_signal_connect_object (self->proxy, "hello", G_CALLBACK (on_hello), self, 0);
  g_signal_connect_object (self->proxy, "configured", G_CALLBACK (on_configured), self, 0);
  g_signal_connect_object (self->proxy, "launched", G_CALLBACK (on_launched), self, 0);
  g_signal_connect_object (self->proxy, "g-signal", G_CALLBACK (on_g_signal), self, 0);
  g_signal_connect_object (self->proxy, "idle", G_CALLBACK (on_idle), self, 0);
  g_signal_connect_object (self->proxy, "windows", G_CALLBACK (on_windows), self, 0);
  g_signal_connect_object (self->proxy, "notice", G_CALLBACK (on_notice), self, 0);
  g_signal_connect_object (self->proxy, "sound-wanted", G_CALLBACK (on_sound_wanted), self, 0);
  g_signal_connect_object (self->proxy, "camera-wanted", G_CALLBACK (on_camera_wanted), self, 0);
  g_signal_connect_object (self->proxy, "failed", G_CALLBACK (on_failed), self, 0);
  g_dbus_connection_start_message_processing (self->connection);
  /* The proxy keeps it until the guest is there. */
  bh_dbus_proxy1_call_configure (self->proxy, self->settings, NULL, NULL, NULL);
}

/* Should: give the proxy its three descriptors and nothing else. Takes @bus_fd and @region_fd. */
static gboolean
spawn (BhProxyLink *self, int bus_fd, int region_fd, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autofree char *program = bh_paths_program ("bulkhead-proxy");

  g_subprocess_launcher_setenv (launcher, "WAYLAND_DISPLAY", self->display, TRUE);
  g_subprocess_launcher_unsetenv (launcher, "WAYLAND_SOCKET");
  g_subprocess_launcher_unsetenv (launcher, "DBUS_SESSION_BUS_ADDRESS");
  g_subprocess_launcher_take_fd (launcher, bus_fd, 3);
  g_subprocess_launcher_take_fd (launcher, g_steal_fd (&self->channel_fd), 4);
  if (region_fd >= 0)
    g_subprocess_launcher_take_fd (launcher, region_fd, 5);
  self->process = g_subprocess_launcher_spawn (launcher, error, program, "--id", self->id, "--name",
                                               self->name, "--color", self->color, NULL);
  if (!self->process)
    {
      g_prefix_error (error, "The window gate could not be started: ");
      return FALSE;
    }
  g_subprocess_wait_async (self->process, NULL, on_process_ended, g_object_ref (self));
  return TRUE;
}

static void
start_proxy (BhProxyLink *self)
{
  g_autoptr (GError) error = NULL;
  int region_fd, fds[2];
  pid_t pid = bh_domain_find_pid (self->id);

  if (pid == 0)
    {
      opened (self, g_error_new (BH_ERROR, BH_ERROR_BOOT_FAILED, "QEMU's process is not there"));
      return;
    }
  region_fd = bh_domain_open_region (pid, &error);
  if (region_fd < 0)
    {
      /* Pictures go through the channel then. */
      g_debug ("%s: %s", self->id, error->message);
      g_clear_error (&error);
    }
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    {
      bh_error_set_from_errno (&error, errno, "Cannot make a socket");
      if (region_fd >= 0)
        close (region_fd);
      opened (self, g_steal_pointer (&error));
      return;
    }
  if (!spawn (self, fds[1], region_fd, &error))
    {
      close (fds[0]);
      opened (self, g_steal_pointer (&error));
      return;
    }
  self->on_bus = TRUE;
  if (may_try_again (self))
    self->patience = g_timeout_add (HELLO_MS << (self->nth - 1), patience_over, self);
  g_signal_emit (self, signals[STEP], 0, "channel");
  bh_child_bus_connect (fds[0], on_connection, g_object_ref (self));
}

/* libvirt makes the socket, and QEMU's process, some time after it was asked for a machine. The proxy then starts
 * beside QEMU: the channel takes a connection before QEMU looks at it. Connecting to a local socket does not block. */
static gboolean
try_channel (gpointer data)
{
  BhProxyLink *self = data;
  g_autofree char *dir = bh_paths_runtime_dir (self->id);
  g_autofree char *path = g_build_filename (dir, "wire.sock", NULL);
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  if (strlen (path) >= sizeof address.sun_path)
    {
      self->retry = 0;
      opened (self, g_error_new (BH_ERROR, BH_ERROR_FAILED, "The path %s is too long for a socket",
                                 path));
      return G_SOURCE_REMOVE;
    }
  if (self->nth == 0 && bh_domain_find_pid (self->id) == 0)
    return G_SOURCE_CONTINUE;
  strcpy (address.sun_path, path);
  self->channel_fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (connect (self->channel_fd, (struct sockaddr *) &address, sizeof address) == 0)
    {
      self->retry = 0;
      start_proxy (self);
      return G_SOURCE_REMOVE;
    }
  close (g_steal_fd (&self->channel_fd));
  return G_SOURCE_CONTINUE;
}

static void
on_screen (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhProxyLink) self = BH_PROXY_LINK (data);
  GError *error = NULL;
  int fd = bh_screen_link_start_finish (result, &error);

  if (fd < 0)
    opened (self, error);
  else if (self->closed)
    close (fd);
  else
    {
      self->channel_fd = fd;
      start_proxy (self);
    }
}

static gboolean
first_try (gpointer data)
{
  BhProxyLink *self = data;

  self->retry = 0;
  if (self->hypervisor)
    {
      bh_screen_link_start_async (self->hypervisor, self->id, self->uuid, self->title, self->launch,
                                  on_screen, g_object_ref (self));
      return G_SOURCE_REMOVE;
    }
  if (try_channel (self) == G_SOURCE_CONTINUE)
    self->retry = g_timeout_add (RETRY_MS, try_channel, self);
  return G_SOURCE_REMOVE;
}

static gboolean
cancel_now (gpointer data)
{
  opened (BH_PROXY_LINK (data), g_error_new (BH_ERROR, BH_ERROR_CANCELLED, "Cancelled"));
  return G_SOURCE_REMOVE;
}

/* A handler must not disconnect itself from within a cancellable's emission. */
static void
on_cancelled (GCancellable *cancellable, BhProxyLink *self)
{
  g_idle_add_full (G_PRIORITY_DEFAULT, cancel_now, g_object_ref (self), g_object_unref);
}

void
bh_proxy_link_set_screen (BhProxyLink *self, BhHypervisor *hypervisor, const char *uuid,
                          const char *image, guint launch)
{
  g_return_if_fail (!self->hypervisor && !self->process);
  self->hypervisor = g_object_ref (hypervisor);
  self->uuid = g_strdup (uuid);
  self->title = g_path_get_basename (image);
  self->launch = launch;
}

void
bh_proxy_link_open_async (BhProxyLink *self, guint nth, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer data)
{
  guint settle_ms = nth == 0 ? 0 : SETTLE_MS << (2 * (MIN (nth, MAX_TRIES) - 1));

  g_return_if_fail (!self->opening && !self->process);
  self->nth = nth;
  self->opening = g_task_new (self, cancellable, callback, data);
  /* Our own error says more than "Operation was cancelled". */
  g_task_set_check_cancellable (self->opening, FALSE);
  if (cancellable)
    self->cancelled =
        g_signal_connect_object (cancellable, "cancelled", G_CALLBACK (on_cancelled), self, 0);
  self->retry = g_timeout_add (settle_ms, first_try, self);
}

gboolean
bh_proxy_link_open_finish (BhProxyLink *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
bh_proxy_link_is_unheard (BhProxyLink *self)
{
  return self->unheard;
}

BhDbusProxy1 *
bh_proxy_link_get_proxy (BhProxyLink *self)
{
  return self->proxy;
}

void
bh_proxy_link_launch (BhProxyLink *self, guint id, GVariant *options)
{
  g_return_if_fail (self->proxy != NULL);
  bh_dbus_proxy1_call_launch (self->proxy, id, options, NULL, NULL, NULL);
}

void
bh_proxy_link_terminate (BhProxyLink *self, guint id)
{
  g_return_if_fail (self->proxy != NULL);
  bh_dbus_proxy1_call_terminate (self->proxy, id, NULL, NULL, NULL);
}

void
bh_proxy_link_shutdown (BhProxyLink *self)
{
  g_return_if_fail (self->proxy != NULL);
  bh_dbus_proxy1_call_shutdown (self->proxy, NULL, NULL, NULL);
}

void
bh_proxy_link_set_identity (BhProxyLink *self, const char *name, const char *color)
{
  g_return_if_fail (self->proxy != NULL);
  bh_dbus_proxy1_call_set_identity (self->proxy, name, color, NULL, NULL, NULL);
}

void
bh_proxy_link_set_sound (BhProxyLink *self, gboolean play, gboolean record)
{
  g_return_if_fail (self->proxy != NULL);
  bh_dbus_proxy1_call_set_sound (self->proxy, play, record, NULL, NULL, NULL);
}

void
bh_proxy_link_connect_sound (BhProxyLink *self, int fd)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new_from_array (&fd, 1);

  g_return_if_fail (self->proxy != NULL);
  bh_dbus_proxy1_call_connect_sound (self->proxy, g_variant_new_handle (0), fds, NULL, NULL, NULL);
}

void
bh_proxy_link_set_camera (BhProxyLink *self, gboolean allowed)
{
  g_return_if_fail (self->proxy != NULL);
  bh_dbus_proxy1_call_set_camera (self->proxy, allowed, NULL, NULL, NULL);
}

void
bh_proxy_link_connect_camera (BhProxyLink *self, int fd)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new_from_array (&fd, 1);

  g_return_if_fail (self->proxy != NULL);
  bh_dbus_proxy1_call_connect_camera (self->proxy, g_variant_new_handle (0), fds, NULL, NULL, NULL);
}

void
bh_proxy_link_close (BhProxyLink *self)
{
  if (self->closed)
    return;
  self->closed = TRUE;
  g_clear_handle_id (&self->retry, g_source_remove);
  g_clear_handle_id (&self->patience, g_source_remove);
  if (self->channel_fd >= 0)
    close (g_steal_fd (&self->channel_fd));
  if (self->proxy)
    g_signal_handlers_disconnect_by_data (self->proxy, self);
  if (self->connection)
    g_dbus_connection_close (self->connection, NULL, NULL, NULL);
  if (self->process)
    bh_child_end (self->process);
}

static void
bh_proxy_link_finalize (GObject *object)
{
  BhProxyLink *self = BH_PROXY_LINK (object);

  bh_proxy_link_close (self);
  g_clear_object (&self->proxy);
  g_clear_object (&self->connection);
  g_clear_object (&self->process);
  g_variant_unref (self->settings);
  g_free (self->id);
  g_free (self->name);
  g_free (self->color);
  g_free (self->display);
  g_free (self->reason);
  g_free (self->detail);
  g_clear_object (&self->hypervisor);
  g_free (self->uuid);
  g_free (self->title);
  G_OBJECT_CLASS (bh_proxy_link_parent_class)->finalize (object);
}

static guint
new_signal (const char *name, guint n, GType a, GType b, GType c)
{
  return g_signal_new (name, BH_TYPE_PROXY_LINK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                       G_TYPE_NONE, n, a, b, c);
}

static void
bh_proxy_link_class_init (BhProxyLinkClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_proxy_link_finalize;
  signals[STEP] = new_signal ("step", 1, G_TYPE_STRING, 0, 0);
  signals[LAUNCHED] = new_signal ("launched", 3, G_TYPE_UINT, G_TYPE_UINT, G_TYPE_STRING);
  signals[EXITED] = new_signal ("exited", 3, G_TYPE_UINT, G_TYPE_UINT, G_TYPE_BYTES);
  signals[IDLE] = new_signal ("idle", 0, 0, 0, 0);
  signals[WINDOWS] = new_signal ("windows", 2, G_TYPE_UINT, G_TYPE_UINT, 0);
  signals[SOUND_WANTED] = new_signal ("sound-wanted", 0, 0, 0, 0);
  signals[CAMERA_WANTED] = new_signal ("camera-wanted", 1, G_TYPE_BOOLEAN, 0, 0);
  signals[NOTICE] = new_signal ("notice", 1, G_TYPE_STRING, 0, 0);
  signals[GONE] = new_signal ("gone", 2, G_TYPE_STRING, G_TYPE_STRING, 0);
}

static void
bh_proxy_link_init (BhProxyLink *self)
{
  self->channel_fd = -1;
}

BhProxyLink *
bh_proxy_link_new (const char *id, const char *name, const char *color, const char *display,
                   GVariant *settings)
{
  BhProxyLink *self = g_object_new (BH_TYPE_PROXY_LINK, NULL);

  self->id = g_strdup (id);
  self->name = g_strdup (name);
  self->color = g_strdup (color);
  self->display = g_strdup (display);
  self->settings = g_variant_ref_sink (settings);
  return self;
}
