/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A guest's serial console.
 *
 * QEMU serves one connection and lets others wait without a word. So the caller gets one end of a pair, and
 * what it closes is noticed here. */
#include "config.h"

#include "bh-console.h"

#include "bh-error.h"
#include "bh-paths.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct _BhConsole
{
  GObject parent;
  char *id;
  GCancellable *cancellable; /* of the open relay; NULL when free */
  GSocketConnection *guest, *caller;
};

G_DEFINE_TYPE (BhConsole, bh_console, G_TYPE_OBJECT)

static void
close_relay (BhConsole *self)
{
  if (!self->cancellable)
    return;
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->guest);
  g_clear_object (&self->caller);
}

/* One of the directions has ended, so the other has no use any more. */
static void
on_spliced (GObject *source, GAsyncResult *result, gpointer data)
{
  GWeakRef *weak = data;
  g_autoptr (BhConsole) self = g_weak_ref_get (weak);
  gboolean ours;

  g_output_stream_splice_finish (G_OUTPUT_STREAM (source), result, NULL);
  ours = self && self->guest
         && (g_io_stream_get_output_stream (G_IO_STREAM (self->guest)) == (GOutputStream *) source
             || g_io_stream_get_output_stream (G_IO_STREAM (self->caller))
                    == (GOutputStream *) source);
  if (ours)
    close_relay (self);
  g_weak_ref_clear (weak);
  g_free (weak);
}

static void
splice (BhConsole *self, GSocketConnection *from, GSocketConnection *to)
{
  GWeakRef *weak = g_new0 (GWeakRef, 1);

  g_weak_ref_init (weak, self);
  g_output_stream_splice_async (g_io_stream_get_output_stream (G_IO_STREAM (to)),
                                g_io_stream_get_input_stream (G_IO_STREAM (from)),
                                G_OUTPUT_STREAM_SPLICE_NONE, G_PRIORITY_DEFAULT, self->cancellable,
                                on_spliced, weak);
}

static GSocketConnection *
wrap (int fd, GError **error)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, error);

  if (!socket)
    {
      close (fd);
      return NULL;
    }
  return g_socket_connection_factory_create_connection (socket);
}

int
bh_console_open (BhConsole *self, GError **error)
{
  g_autofree char *dir = bh_paths_runtime_dir (self->id);
  g_autofree char *path = g_build_filename (dir, "console.sock", NULL);
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd, pair[2];

  if (self->cancellable)
    {
      g_set_error_literal (error, BH_ERROR, BH_ERROR_BUSY, "The console is open elsewhere");
      return -1;
    }
  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || connect (fd, (struct sockaddr *) &address, sizeof address) != 0)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_NOT_RUNNING, "The console cannot be opened: %s",
                   g_strerror (errno));
      if (fd >= 0)
        close (fd);
      return -1;
    }
  if (!(self->guest = wrap (fd, error)))
    return -1;
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
    {
      bh_error_set_from_errno (error, errno, "Cannot make a socket");
      g_clear_object (&self->guest);
      return -1;
    }
  if (!(self->caller = wrap (pair[0], error)))
    {
      close (pair[1]);
      g_clear_object (&self->guest);
      return -1;
    }
  self->cancellable = g_cancellable_new ();
  splice (self, self->guest, self->caller);
  splice (self, self->caller, self->guest);
  return pair[1];
}

static void
bh_console_finalize (GObject *object)
{
  BhConsole *self = BH_CONSOLE (object);

  close_relay (self);
  g_free (self->id);
  G_OBJECT_CLASS (bh_console_parent_class)->finalize (object);
}

static void
bh_console_class_init (BhConsoleClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_console_finalize;
}

static void
bh_console_init (BhConsole *self)
{
}

BhConsole *
bh_console_new (const char *id)
{
  BhConsole *self = g_object_new (BH_TYPE_CONSOLE, NULL);

  self->id = g_strdup (id);
  return self;
}
