/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One bulkhead-netgate process. */
#include "config.h"

#include "bh-netgate.h"

#include "bh-error.h"
#include "bh-paths.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_BYTES 65536
#define ANSWER_SECONDS 2
#define MAX_PEERS 256

struct _BhNetgate
{
  GObject parent;
  char *id;
  GSubprocess *process;
  int control;
  guint source;
  char *policy;
  GTask *asking;
  guint limit;
  gboolean closed;
};

G_DEFINE_TYPE (BhNetgate, bh_netgate, G_TYPE_OBJECT)

enum
{
  NETWORK_GONE,
  ENDED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

/* Reports. The process reads what a guest wrote, so what it says is checked. */

static gboolean
read_count (const char *text, guint64 *out)
{
  return text && g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT64, out, NULL);
}

static void
read_peer (char **words, GVariantBuilder *peers)
{
  static const char *const protocols[] = { "tcp", "udp", "icmp", NULL };
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (words[2]);
  guint64 port, in, out;

  if (address && g_strv_contains (protocols, words[1]) && read_count (words[3], &port)
      && port <= 65535 && read_count (words[4], &in) && read_count (words[5], &out))
    g_variant_builder_add (peers, "(ssutt)", words[1], words[2], (guint) port, in, out);
}

static GVariant *
read_report (const char *text)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint64 in = 0, out = 0, unknown = 0, spoofed = 0, blocked = 0;
  GVariantBuilder peers;
  GVariantDict dict;
  guint n_peers = 0;

  g_variant_builder_init (&peers, G_VARIANT_TYPE ("a(ssutt)"));
  for (char **line = lines; *line; line++)
    {
      g_auto (GStrv) words = g_strsplit (*line, " ", 8);
      guint n = g_strv_length (words);

      if (n == 2 && g_str_equal (words[0], "in"))
        read_count (words[1], &in);
      else if (n == 2 && g_str_equal (words[0], "out"))
        read_count (words[1], &out);
      else if (n == 4 && g_str_equal (words[0], "dropped"))
        {
          read_count (words[1], &unknown);
          read_count (words[2], &spoofed);
          read_count (words[3], &blocked);
        }
      else if (n == 6 && g_str_equal (words[0], "peer") && n_peers++ < MAX_PEERS)
        read_peer (words, &peers);
    }
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "in", "t", in);
  g_variant_dict_insert (&dict, "out", "t", out);
  g_variant_dict_insert (&dict, "dropped", "t", unknown + spoofed);
  g_variant_dict_insert (&dict, "blocked", "t", blocked);
  g_variant_dict_insert_value (&dict, "peers", g_variant_builder_end (&peers));
  return g_variant_dict_end (&dict);
}

static void
answer (BhNetgate *self, const char *text)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->asking);

  g_clear_handle_id (&self->limit, g_source_remove);
  if (task)
    g_task_return_pointer (
        task,
        g_variant_ref_sink (text ? read_report (text)
                                 : g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0)),
        (GDestroyNotify) g_variant_unref);
}

static gboolean
answer_over (gpointer data)
{
  BhNetgate *self = data;

  self->limit = 0;
  answer (self, NULL);
  return G_SOURCE_REMOVE;
}

static gboolean
tell (BhNetgate *self, const char *text, int fd)
{
  union
  {
    char bytes[CMSG_SPACE (sizeof (int))];
    struct cmsghdr align;
  } control = { 0 };
  struct iovec part = { (char *) text, strlen (text) };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

  if (fd >= 0)
    {
      struct cmsghdr *header;

      message.msg_control = &control;
      message.msg_controllen = sizeof control;
      header = CMSG_FIRSTHDR (&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN (sizeof fd);
      memcpy (CMSG_DATA (header), &fd, sizeof fd);
    }
  if (self->closed)
    return FALSE;
  if (sendmsg (self->control, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
    return TRUE;
  /* One that does not take orders must not go on with the old ones. */
  g_message ("%s: bulkhead-netgate takes no orders: %s", self->id, g_strerror (errno));
  g_subprocess_force_exit (self->process);
  return FALSE;
}

void
bh_netgate_report_async (BhNetgate *self, GAsyncReadyCallback callback, gpointer data)
{
  answer (self, NULL); /* whoever asked before */
  self->asking = g_task_new (self, NULL, callback, data);
  if (tell (self, "report", -1))
    self->limit = g_timeout_add_seconds (ANSWER_SECONDS, answer_over, self);
  else
    answer (self, NULL);
}

GVariant *
bh_netgate_report_finish (BhNetgate *self, GAsyncResult *result)
{
  return g_task_propagate_pointer (G_TASK (result), NULL);
}

static gboolean
on_control (int fd, GIOCondition condition, gpointer data)
{
  g_autoptr (BhNetgate) self = g_object_ref (data);
  g_autofree char *text = g_malloc (ANSWER_BYTES + 1);
  gssize n = recv (fd, text, ANSWER_BYTES, MSG_DONTWAIT);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return G_SOURCE_CONTINUE;
  if (n <= 0)
    {
      self->source = 0;
      return G_SOURCE_REMOVE; /* its end is told by the process */
    }
  text[n] = '\0';
  if (g_str_equal (text, "network-gone"))
    g_signal_emit (self, signals[NETWORK_GONE], 0);
  else if (g_str_has_prefix (text, "report\n"))
    answer (self, text);
  return G_SOURCE_CONTINUE;
}

void
bh_netgate_set_policy (BhNetgate *self, const char *policy)
{
  g_autofree char *order = g_strconcat ("policy\n", policy, NULL);

  g_free (self->policy);
  self->policy = g_strdup (policy);
  tell (self, order, -1);
}

void
bh_netgate_set_network (BhNetgate *self, int fd)
{
  g_autofree char *order = NULL;

  g_return_if_fail (self->policy);
  order = g_strconcat ("policy\n", fd < 0 ? "no-network\n" : "", self->policy, NULL);
  tell (self, order, fd);
  if (fd >= 0)
    close (fd);
}

static void
on_process_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhNetgate) self = BH_NETGATE (data);
  g_autofree char *how = NULL;

  g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL);
  answer (self, NULL);
  if (self->closed)
    return;
  how = g_subprocess_get_if_signaled (self->process)
            ? g_strdup_printf ("ended by signal %d", g_subprocess_get_term_sig (self->process))
            : g_strdup_printf ("ended with code %d", g_subprocess_get_exit_status (self->process));
  g_message ("%s: bulkhead-netgate %s", self->id, how);
  bh_netgate_close (self);
  g_signal_emit (self, signals[ENDED], 0, how);
}

void
bh_netgate_close (BhNetgate *self)
{
  if (self->closed)
    return;
  self->closed = TRUE;
  g_clear_handle_id (&self->source, g_source_remove);
  answer (self, NULL);
  if (self->control >= 0)
    close (g_steal_fd (&self->control));
  if (self->process)
    g_subprocess_force_exit (self->process);
}

static void
bh_netgate_finalize (GObject *object)
{
  BhNetgate *self = BH_NETGATE (object);

  bh_netgate_close (self);
  g_clear_object (&self->process);
  g_free (self->id);
  g_free (self->policy);
  G_OBJECT_CLASS (bh_netgate_parent_class)->finalize (object);
}

static void
bh_netgate_class_init (BhNetgateClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_netgate_finalize;
  signals[NETWORK_GONE] = g_signal_new ("network-gone", BH_TYPE_NETGATE, G_SIGNAL_RUN_LAST, 0, NULL,
                                        NULL, NULL, G_TYPE_NONE, 0);
  signals[ENDED] = g_signal_new ("ended", BH_TYPE_NETGATE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
bh_netgate_init (BhNetgate *self)
{
  self->control = -1;
}

BhNetgate *
bh_netgate_new (const char *id, int *guest, GError **error)
{
  g_autoptr (BhNetgate) self = g_object_new (BH_TYPE_NETGATE, NULL);
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autofree char *program = bh_paths_program ("bulkhead-netgate");
  int control[2], frames[2];

  self->id = g_strdup (id);
  if (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) != 0)
    {
      bh_error_set_from_errno (error, errno, "Cannot make a socket");
      return NULL;
    }
  self->control = control[0];
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, frames) != 0)
    {
      bh_error_set_from_errno (error, errno, "Cannot make a socket");
      close (control[1]);
      return NULL;
    }
  g_subprocess_launcher_set_environ (launcher, NULL);
  g_subprocess_launcher_unsetenv (launcher, "DBUS_SESSION_BUS_ADDRESS");
  g_subprocess_launcher_take_fd (launcher, control[1], 3);
  g_subprocess_launcher_take_fd (launcher, frames[1], 4);
  self->process = g_subprocess_launcher_spawn (launcher, error, program, NULL);
  if (!self->process)
    {
      close (frames[0]);
      g_prefix_error (error, "The network's gate could not be started: ");
      return NULL;
    }
  g_subprocess_wait_async (self->process, NULL, on_process_ended, g_object_ref (self));
  self->source = g_unix_fd_add (self->control, G_IO_IN | G_IO_HUP | G_IO_ERR, on_control, self);
  *guest = frames[0];
  return g_steal_pointer (&self);
}
