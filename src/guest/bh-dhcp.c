/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * DHCP by BusyBox's client, which the guest's system brings: it asks, renews and gives up; what it gets it tells a script,
 * and that tells us in a line for each event.
 *
 * What is in that line came from whoever is on the network: it is checked here, and the addresses again where they are
 * used. */
#include "bh-dhcp.h"

#include <errno.h>
#include <glib.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bh-rtnetlink.h"

#define BUSYBOX "/usr/bin/busybox"
#define SCRIPT_FD 9 /* udhcpc takes 3 and 4 for itself */
#define SCRIPT_PATH "/proc/self/fd/9"
#define MAX_SERVERS 3
#define MAX_SAID 4096

static const char script[] = "#!/bin/sh\n"
                             "echo \"$1|$ip/${mask:-32}|$router|$dns\"\n";

struct _BhDhcp
{
  BhDhcpChanged changed;
  void *data;
  GPid pid; /* 0: none runs */
  int out;  /* what its script says; -1 */
  struct wl_event_source *source;
  GString *said;
};

/* The first of the addresses in @text that is of IPv4, with or without a length. */
static char *
take_address (const char *text, gboolean length)
{
  g_auto (GStrv) words = g_strsplit (text, " ", 2);
  BhNetAddress address;

  if (!words[0] || (strchr (words[0], '/') != NULL) != length
      || !bh_net_address_read (words[0], &address) || address.family != AF_INET)
    return NULL;
  return g_strdup (words[0]);
}

static char **
take_servers (const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  g_autoptr (GPtrArray) out = g_ptr_array_new ();

  for (char **word = words; *word && out->len < MAX_SERVERS; word++)
    {
      char *address = take_address (*word, FALSE);

      if (address)
        g_ptr_array_add (out, address);
    }
  g_ptr_array_add (out, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&out), FALSE);
}

static void
on_line (BhDhcp *dhcp, const char *line)
{
  g_auto (GStrv) parts = g_strsplit (line, "|", 4);
  g_autofree char *address = NULL, *gateway = NULL;
  g_auto (GStrv) servers = NULL;

  if (g_strv_length (parts) != 4)
    return;
  if (g_str_equal (parts[0], "deconfig"))
    dhcp->changed (dhcp->data, NULL, NULL);
  else if (g_str_equal (parts[0], "leasefail"))
    dhcp->changed (dhcp->data, NULL, "no DHCP server answers; it is asked again and again");
  else if (g_str_equal (parts[0], "bound") || g_str_equal (parts[0], "renew"))
    {
      address = take_address (parts[1], TRUE);
      gateway = take_address (parts[2], FALSE);
      servers = take_servers (parts[3]);
      if (address)
        dhcp->changed (dhcp->data, &(BhLease){ address, gateway, servers }, NULL);
    }
}

static void
end (BhDhcp *dhcp)
{
  if (dhcp->source)
    wl_event_source_remove (g_steal_pointer (&dhcp->source));
  if (dhcp->out >= 0)
    close (dhcp->out);
  dhcp->out = -1;
  if (dhcp->pid > 0)
    {
      kill (dhcp->pid, SIGKILL);
      while (waitpid (dhcp->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    }
  dhcp->pid = 0;
}

void
bh_dhcp_dispatch (BhDhcp *dhcp)
{
  char buffer[1024];
  ssize_t n = dhcp->out < 0 ? -1 : read (dhcp->out, buffer, sizeof buffer);
  char *newline;

  if (n < 0)
    return;
  if (n == 0)
    {
      end (dhcp);
      dhcp->changed (dhcp->data, NULL, "the DHCP client has ended");
      return;
    }
  if (dhcp->said->len < MAX_SAID)
    g_string_append_len (dhcp->said, buffer, n);
  while ((newline = strchr (dhcp->said->str, '\n')))
    {
      g_autofree char *line = g_strndup (dhcp->said->str, (gsize) (newline - dhcp->said->str));

      g_string_erase (dhcp->said, 0, newline - dhcp->said->str + 1);
      on_line (dhcp, line);
    }
  if (dhcp->said->len >= MAX_SAID)
    g_string_truncate (dhcp->said, 0);
}

static int
on_said (int fd, uint32_t mask, void *data)
{
  bh_dhcp_dispatch (data);
  return 0;
}

static void
run (BhDhcp *dhcp, struct wl_event_loop *loop, const char *interface)
{
  /* Three questions a second apart, and the same again after ten. */
  const char *argv[] = { BUSYBOX, "udhcpc", "-f", "-i", interface, "-s",   SCRIPT_PATH,
                         "-t",    "3",      "-T", "1",  "-A",      "10",   NULL };
  int source_fd = memfd_create ("dhcp", MFD_CLOEXEC), target_fd = SCRIPT_FD;
  g_autoptr (GError) error = NULL;

  if (access (BUSYBOX, X_OK) != 0)
    dhcp->changed (dhcp->data, NULL,
                   "there is no DHCP client in this AppVM; install the package busybox, or give the "
                   "interface an address");
  else if (source_fd < 0 || write (source_fd, script, sizeof script - 1) < 0)
    dhcp->changed (dhcp->data, NULL, g_strerror (errno));
  else if (!g_spawn_async_with_pipes_and_fds (
               "/", argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDIN_FROM_DEV_NULL, NULL, NULL,
               -1, -1, -1, &source_fd, &target_fd, 1, &dhcp->pid, NULL, &dhcp->out, NULL, &error))
    dhcp->changed (dhcp->data, NULL, error->message);
  else
    dhcp->source = wl_event_loop_add_fd (loop, dhcp->out, WL_EVENT_READABLE, on_said, dhcp);
  if (source_fd >= 0)
    close (source_fd);
}

BhDhcp *
bh_dhcp_new (struct wl_event_loop *loop, const char *interface, BhDhcpChanged changed, void *data)
{
  BhDhcp *dhcp = g_new0 (BhDhcp, 1);

  dhcp->changed = changed;
  dhcp->data = data;
  dhcp->out = -1;
  dhcp->said = g_string_new (NULL);
  run (dhcp, loop, interface);
  return dhcp;
}

int
bh_dhcp_get_fd (BhDhcp *dhcp)
{
  return dhcp->out;
}

void
bh_dhcp_free (BhDhcp *dhcp)
{
  if (!dhcp)
    return;
  end (dhcp);
  g_string_free (dhcp->said, TRUE);
  g_free (dhcp);
}
