/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Other AppVMs that use this one's network: what they send goes out under this one's addresses.
 *
 * Should: let clients reach what this AppVM reaches, and its name server.
 * Mustn't: let one client reach another one, or anything that listens here.
 *
 * nft, which the user's system brings, makes the rules; the kernel fetches the modules for them itself. */
#include "bh-forward.h"

#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define TABLE "bulkhead"
#define NFT "/usr/sbin/nft"

struct _BhForward
{
  struct wl_event_loop *loop;
  BhForwardDone done;
  void *data;
  GPid pid; /* of nft; 0: none runs */
  int out;  /* what it says */
  struct wl_event_source *source;
  GString *said;
  gboolean on;   /* what it was told: whether there are clients */
  char *waiting; /* rules for after it */
  gboolean waiting_on;
};

static gboolean
write_file (const char *path, const char *text)
{
  FILE *file = fopen (path, "we");
  gboolean ok = file && fputs (text, file) >= 0;

  return file && fclose (file) == 0 && ok;
}

static void
add_names (GString *rules, const char *const *addresses, const char *const *servers)
{
  for (guint v6 = 0; v6 < 2; v6++)
    {
      const char *server = NULL, *family = v6 ? "ip6" : "ip";

      for (const char *const *one = servers; *one && !server; one++)
        if ((strchr (*one, ':') != NULL) == (v6 == 1))
          server = *one;
      for (const char *const *one = addresses; *one && server; one++)
        if ((strchr (*one, ':') != NULL) == (v6 == 1))
          g_string_append_printf (rules,
                                  "    iifname @clients %s daddr %.*s meta l4proto { tcp, udp } "
                                  "th dport 53 dnat %s to %s\n",
                                  family, (int) strcspn (*one, "/"), *one, family, server);
    }
}

/* Made and deleted in one go, so that it does not matter whether it was there. */
static char *
make_rules (const char *const *clients, const char *const *addresses, const char *const *servers)
{
  GString *rules = g_string_new ("table inet " TABLE "\ndelete table inet " TABLE "\n");
  g_autofree char *names = g_strjoinv ("\", \"", (char **) clients);

  if (!clients[0])
    return g_string_free (rules, FALSE);
  g_string_append_printf (rules,
                          "table inet " TABLE " {\n"
                          "  set clients { type ifname; elements = { \"%s\" } }\n"
                          "  chain forward { type filter hook forward priority 0; policy drop\n"
                          "    ct state established,related accept\n"
                          "    iifname @clients oifname != @clients accept\n"
                          "  }\n"
                          "  chain input { type filter hook input priority 0; policy accept\n"
                          "    iifname @clients ct state established,related accept\n"
                          "    iifname @clients icmp type echo-request accept\n"
                          "    iifname @clients icmpv6 type { echo-request, nd-neighbor-solicit,"
                          " nd-neighbor-advert } accept\n"
                          "    iifname @clients drop\n"
                          "  }\n"
                          "  chain tag { type filter hook prerouting priority -150\n"
                          "    iifname @clients ct mark set 1\n"
                          "  }\n"
                          "  chain hide { type nat hook postrouting priority 100\n"
                          "    ct mark 1 oifname != @clients masquerade\n"
                          "  }\n"
                          "  chain ask { type nat hook prerouting priority -100\n",
                          names);
  add_names (rules, addresses, servers);
  g_string_append (rules, "  }\n}\n");
  return g_string_free (rules, FALSE);
}

static void run (BhForward *forward, const char *rules, gboolean on);

static void
finish (BhForward *forward, const char *said)
{
  const char *on = forward->on ? "1\n" : "0\n";
  g_autofree char *detail = NULL, *rules = g_steal_pointer (&forward->waiting);

  if (rules)
    {
      run (forward, rules, forward->waiting_on);
      return;
    }
  write_file ("/proc/sys/net/ipv6/conf/all/forwarding", on);
  if (!said && !write_file ("/proc/sys/net/ipv4/ip_forward", on))
    said = g_strerror (errno);
  if (said)
    detail = g_strdup_printf ("Other AppVMs cannot use this one's network: %s", said);
  forward->done (forward->data, detail);
}

static int
on_said (int fd, uint32_t mask, void *data)
{
  BhForward *forward = data;
  char text[512];
  ssize_t n = read (fd, text, sizeof text);
  int status = -1;

  if (n > 0)
    {
      if (forward->said->len < sizeof text)
        g_string_append_len (forward->said, text, n);
      return 0;
    }
  if (n < 0 && errno == EINTR)
    return 0;
  wl_event_source_remove (g_steal_pointer (&forward->source));
  close (forward->out);
  while (waitpid (forward->pid, &status, 0) < 0 && errno == EINTR)
    ;
  forward->pid = 0;
  g_string_truncate (forward->said, strcspn (forward->said->str, "\n"));
  if (WIFEXITED (status) && WEXITSTATUS (status) == 0)
    finish (forward, NULL);
  else
    finish (forward, forward->said->len ? forward->said->str : "nft failed");
  return 0;
}

static void
run (BhForward *forward, const char *rules, gboolean on)
{
  const char *argv[] = { NFT, "-f", "-", NULL };
  int in = memfd_create ("rules", MFD_CLOEXEC);
  g_autoptr (GError) error = NULL;

  forward->on = on;
  g_string_truncate (forward->said, 0);
  if (access (NFT, X_OK) != 0)
    finish (forward, "this computer has no nft; install the package nftables");
  else if (in < 0 || write (in, rules, strlen (rules)) < 0 || lseek (in, 0, SEEK_SET) != 0)
    finish (forward, g_strerror (errno));
  else if (!g_spawn_async_with_pipes_and_fds (NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL,
                                              NULL, in, -1, -1, NULL, NULL, 0, &forward->pid, NULL,
                                              NULL, &forward->out, &error))
    finish (forward, error->message);
  else
    forward->source =
        wl_event_loop_add_fd (forward->loop, forward->out, WL_EVENT_READABLE, on_said, forward);
  if (in >= 0)
    close (in);
}

void
bh_forward_set (BhForward *forward, const char *const *clients, const char *const *addresses,
                const char *const *servers)
{
  char *rules = make_rules (clients, addresses, servers);

  if (forward->pid == 0)
    {
      run (forward, rules, clients[0] != NULL);
      g_free (rules);
      return;
    }
  g_free (forward->waiting);
  forward->waiting = rules;
  forward->waiting_on = clients[0] != NULL;
}

BhForward *
bh_forward_new (struct wl_event_loop *loop, BhForwardDone done, void *data)
{
  BhForward *forward = g_new0 (BhForward, 1);

  forward->loop = loop;
  forward->done = done;
  forward->data = data;
  forward->said = g_string_new (NULL);
  return forward;
}

void
bh_forward_free (BhForward *forward)
{
  if (forward->source)
    {
      wl_event_source_remove (forward->source);
      close (forward->out);
    }
  g_string_free (forward->said, TRUE);
  g_free (forward->waiting);
  g_free (forward);
}
