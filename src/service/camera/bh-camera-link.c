/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One bulkhead-camera process. */
#include "config.h"

#include "bh-camera-link.h"

#include "bh-child.h"
#include "bh-error.h"
#include "bh-paths.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>


struct _BhCameraLink
{
  GObject parent;
  char *id;
  GSubprocess *process;
  int status; /* what it says, or -1 */
  guint source;
  gboolean closed;
};

G_DEFINE_TYPE (BhCameraLink, bh_camera_link, G_TYPE_OBJECT)

enum
{
  SEES,
  GONE,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static gboolean
on_status (int fd, GIOCondition condition, gpointer data)
{
  g_autoptr (BhCameraLink) self = g_object_ref (data);
  char said[64];
  ssize_t n = read (fd, said, sizeof said);

  if (n < 0 && (errno == EINTR || errno == EAGAIN))
    return G_SOURCE_CONTINUE;
  if (n <= 0)
    {
      self->source = 0;
      return G_SOURCE_REMOVE; /* its end is told of by on_process_ended() */
    }
  g_signal_emit (self, signals[SEES], 0, said[n - 1] == 'c');
  return G_SOURCE_CONTINUE;
}

static void
on_process_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhCameraLink) self = BH_CAMERA_LINK (data);

  g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL);
  if (self->closed)
    return;
  bh_camera_link_close (self);
  g_signal_emit (self, signals[GONE], 0);
}

/* Takes the descriptors but @remote when it is -1. */
static gboolean
spawn (BhCameraLink *self, const char *name, guint rate, int status, int proxy, int remote,
       GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autofree char *program = bh_paths_program ("bulkhead-camera");
  g_autofree char *number = g_strdup_printf ("%u", rate);

  g_subprocess_launcher_unsetenv (launcher, "DBUS_SESSION_BUS_ADDRESS");
  g_subprocess_launcher_take_fd (launcher, status, 3);
  g_subprocess_launcher_take_fd (launcher, proxy, 4);
  if (remote >= 0)
    g_subprocess_launcher_take_fd (launcher, remote, 5);
  self->process = g_subprocess_launcher_spawn (launcher, error, program, "--id", self->id, "--name",
                                               name, "--rate", number,
                                               remote >= 0 ? "--remote" : NULL, NULL);
  if (!self->process)
    return FALSE;
  g_subprocess_wait_async (self->process, NULL, on_process_ended, g_object_ref (self));
  return TRUE;
}

BhCameraLink *
bh_camera_link_new (const char *id, const char *name, guint rate, int remote, int *proxy_fd,
                    GError **error)
{
  g_autoptr (BhCameraLink) self = g_object_new (BH_TYPE_CAMERA_LINK, NULL);
  int status[2], proxy[2];

  self->id = g_strdup (id);
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, status) != 0)
    {
      bh_error_set_from_errno (error, errno, "Cannot make a socket");
      if (remote >= 0)
        close (remote);
      return NULL;
    }
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, proxy) != 0)
    {
      bh_error_set_from_errno (error, errno, "Cannot make a socket");
      close (status[0]);
      close (status[1]);
      if (remote >= 0)
        close (remote);
      return NULL;
    }
  self->status = status[0];
  if (!spawn (self, name, rate, status[1], proxy[1], remote, error))
    {
      close (proxy[0]);
      return NULL;
    }
  self->source = g_unix_fd_add (self->status, G_IO_IN | G_IO_HUP | G_IO_ERR, on_status, self);
  *proxy_fd = proxy[0];
  return g_steal_pointer (&self);
}

void
bh_camera_link_close (BhCameraLink *self)
{
  if (self->closed)
    return;
  self->closed = TRUE;
  g_clear_handle_id (&self->source, g_source_remove);
  /* It ends with that. */
  if (self->status >= 0)
    close (g_steal_fd (&self->status));
  if (self->process)
    bh_child_end (self->process);
}

static void
bh_camera_link_finalize (GObject *object)
{
  BhCameraLink *self = BH_CAMERA_LINK (object);

  bh_camera_link_close (self);
  g_clear_object (&self->process);
  g_free (self->id);
  G_OBJECT_CLASS (bh_camera_link_parent_class)->finalize (object);
}

static void
bh_camera_link_class_init (BhCameraLinkClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_camera_link_finalize;
  signals[SEES] = g_signal_new ("sees", BH_TYPE_CAMERA_LINK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
  signals[GONE] = g_signal_new ("gone", BH_TYPE_CAMERA_LINK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                G_TYPE_NONE, 0);
}

static void
bh_camera_link_init (BhCameraLink *self)
{
  self->status = -1;
}
