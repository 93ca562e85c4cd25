/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One passt process. It confines itself; no port of this computer is forwarded to the guest, and this
 * computer's loopback has no address in the guest's network. What may be reached beyond that is decided
 * before it, by bulkhead-netgate. */
#include "config.h"

#include "bh-passt.h"

#include "bh-error.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FD 3
#define FD_TEXT "3"

struct _BhPasst
{
  GObject parent;
  char *id;
  GSubprocess *process;
  gboolean closed;
};

G_DEFINE_TYPE (BhPasst, bh_passt, G_TYPE_OBJECT)

static guint ended_signal;

static char *
find_program (void)
{
  const char *program = g_getenv ("BULKHEAD_PASST");

  return program && *program ? g_strdup (program) : g_find_program_in_path ("passt");
}

gboolean
bh_passt_check (GError **error)
{
  g_autofree char *program = find_program ();

  if (program && access (program, X_OK) == 0)
    return TRUE;
  g_set_error (
      error, BH_ERROR, BH_ERROR_NO_NETWORK,
      "There is no Internet for AppVMs without the program passt. Install the package passt, or "
      "set Network to none.");
  return FALSE;
}

/* Without a system log, each line of it is followed by a complaint about that. */
static char *
last_line (const char *said)
{
  g_auto (GStrv) lines = g_strsplit (said, "\n", -1);

  for (guint i = g_strv_length (lines); i > 0; i--)
    if (*g_strstrip (lines[i - 1]) && !strstr (lines[i - 1], "to syslog"))
      return g_strdup (lines[i - 1]);
  return NULL;
}

static void
on_process_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhPasst) self = BH_PASST (data);
  g_autofree char *output = NULL, *line = NULL;

  g_subprocess_communicate_utf8_finish (G_SUBPROCESS (source), result, NULL, &output, NULL);
  if (self->closed)
    return;
  line = output ? last_line (output) : NULL;
  g_message ("%s: passt ended: %s", self->id, line ? line : "without a word");
  self->closed = TRUE;
  g_signal_emit (self, ended_signal, 0, line ? line : "it ended without a word");
}

static void
add (GPtrArray *argv, const char *a, const char *b)
{
  g_ptr_array_add (argv, (gpointer) a);
  if (b)
    g_ptr_array_add (argv, (gpointer) b);
}

BhPasst *
bh_passt_new (const char *id, const BhHostNetwork *host, gboolean forward4, gboolean forward6,
              gboolean dhcp, int *network, GError **error)
{
  g_autoptr (BhPasst) self = g_object_new (BH_TYPE_PASST, NULL);
  g_autoptr (GSubprocessLauncher) launcher = NULL;
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autofree char *program = NULL;
  int fds[2];

  if (!bh_passt_check (error))
    return NULL;
  program = find_program ();
  self->id = g_strdup (id);
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    {
      bh_error_set_from_errno (error, errno, "Cannot make a socket");
      return NULL;
    }
  add (argv, program, "--foreground");
  add (argv, "--stderr", "--quiet");
  add (argv, "--fd", FD_TEXT);
  add (argv, "--no-map-gw", NULL);
  add (argv, "--tcp-ports", "none");
  add (argv, "--udp-ports", "none");
  add (argv, "--no-dhcpv6", dhcp ? NULL : "--no-dhcp");
  add (argv, "--no-ra", NULL);
  add (argv, "--mtu", G_STRINGIFY (BH_PASST_MTU));
  if (host->has_v4)
    {
      add (argv, "--address", BH_PASST_ADDRESS4);
      add (argv, "--netmask", BH_PASST_LENGTH4);
      add (argv, "--gateway", BH_PASST_GATEWAY4);
    }
  else
    add (argv, "--ipv6-only", NULL);
  if (host->has_v6)
    {
      add (argv, "--address", BH_PASST_ADDRESS6);
      add (argv, "--gateway", BH_PASST_GATEWAY6);
    }
  else
    add (argv, "--ipv4-only", NULL);
  /* passt reads which server that is from resolv.conf by itself; one given by --dns is only told to guests
   * (passt of 2023-03), and questions would go to 0.0.0.0. */
  if (forward4 && host->has_v4)
    add (argv, "--dns-forward", BH_PASST_GATEWAY4);
  if (forward6 && host->has_v6)
    add (argv, "--dns-forward", BH_PASST_GATEWAY6);
  g_ptr_array_add (argv, NULL);
  launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_SILENCE
                                        | G_SUBPROCESS_FLAGS_STDERR_PIPE);
  g_subprocess_launcher_unsetenv (launcher, "DBUS_SESSION_BUS_ADDRESS");
  g_subprocess_launcher_take_fd (launcher, fds[1], FD);
  self->process = g_subprocess_launcher_spawnv (launcher, (const char *const *) argv->pdata, error);
  if (!self->process)
    {
      close (fds[0]);
      g_prefix_error (error, "passt could not be started: ");
      return NULL;
    }
  g_subprocess_communicate_utf8_async (self->process, NULL, NULL, on_process_ended,
                                       g_object_ref (self));
  *network = fds[0];
  return g_steal_pointer (&self);
}

void
bh_passt_close (BhPasst *self)
{
  if (self->closed)
    return;
  self->closed = TRUE;
  g_subprocess_force_exit (self->process);
}

static void
bh_passt_finalize (GObject *object)
{
  BhPasst *self = BH_PASST (object);

  if (self->process)
    bh_passt_close (self);
  g_clear_object (&self->process);
  g_free (self->id);
  G_OBJECT_CLASS (bh_passt_parent_class)->finalize (object);
}

static void
bh_passt_class_init (BhPasstClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_passt_finalize;
  ended_signal = g_signal_new ("ended", BH_TYPE_PASST, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                               G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
bh_passt_init (BhPasst *self)
{
}
