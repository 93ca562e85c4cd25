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
#include <sys/wait.h>
#include <unistd.h>

#define TABLE "bulkhead"

static gboolean
write_file (const char *path, const char *text)
{
  FILE *file = fopen (path, "we");
  gboolean ok = file && fputs (text, file) >= 0;

  return file && fclose (file) == 0 && ok;
}

static void
add_rules (GString *rules, const char *const *clients, const char *server4, const char *server6)
{
  g_autofree char *names = g_strjoinv ("\", \"", (char **) clients);

  g_string_append_printf (rules,
                          "table inet " TABLE " {\n"
                          "  set clients { type ifname; elements = { \"%s\" } }\n"
                          "  chain forward { type filter hook forward priority 0; policy drop;\n"
                          "    ct state established,related accept\n"
                          "    iifname @clients oifname != @clients accept }\n"
                          "  chain input { type filter hook input priority 0; policy accept;\n"
                          "    iifname @clients ct state established,related accept\n"
                          "    iifname @clients icmp type echo-request accept\n"
                          "    iifname @clients icmpv6 type { echo-request, nd-neighbor-solicit,"
                          " nd-neighbor-advert } accept\n"
                          "    iifname @clients drop }\n"
                          "  chain mark { type filter hook prerouting priority -150;\n"
                          "    iifname @clients ct mark set 1 }\n"
                          "  chain leave { type nat hook postrouting priority 100;\n"
                          "    ct mark 1 oifname != @clients masquerade }\n"
                          "  chain names { type nat hook prerouting priority -100;\n",
                          names);
  for (guint i = 0; i < 2; i++)
    {
      const char *server = i == 0 ? server4 : server6, *family = i == 0 ? "ip" : "ip6";

      if (server)
        g_string_append_printf (rules,
                                "    iifname @clients fib daddr type local meta nfproto %s "
                                "meta l4proto { tcp, udp } th dport 53 dnat %s to %s\n",
                                i == 0 ? "ipv4" : "ipv6", family, server);
    }
  g_string_append (rules, "  } }\n");
}

/* What nft said on failure. */
static gboolean
run_nft (const char *rules, char **said)
{
  const char *argv[] = { "/usr/sbin/nft", "-f", "-", NULL };
  g_autoptr (GError) error = NULL;
  int in, err, status;
  char text[400];
  ssize_t n, got = 0;
  GPid pid;

  if (access (argv[0], X_OK) != 0)
    {
      *said = g_strdup ("this computer has no nft; install the package nftables");
      return FALSE;
    }
  if (!g_spawn_async_with_pipes (NULL, (char **) argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                                 &pid, &in, NULL, &err, &error))
    {
      *said = g_strdup (error->message);
      return FALSE;
    }
  n = write (in, rules, strlen (rules));
  close (in);
  while (got < (ssize_t) sizeof text - 1
         && (n = read (err, text + got, sizeof text - 1 - (size_t) got)) > 0)
    got += n;
  text[got] = '\0';
  close (err);
  while (waitpid (pid, &status, 0) < 0 && errno == EINTR)
    ;
  if (WIFEXITED (status) && WEXITSTATUS (status) == 0)
    return TRUE;
  text[strcspn (text, "\n")] = '\0';
  *said = g_strdup (text[0] ? text : "nft failed");
  return FALSE;
}

bool
bh_forward_apply (const char *const *clients, const char *server4, const char *server6,
                  char **detail)
{
  /* Made and deleted in one go, so that it does not matter whether it was there. */
  g_autoptr (GString) rules = g_string_new ("table inet " TABLE "\ndelete table inet " TABLE "\n");
  g_autofree char *said = NULL;
  const char *on = clients[0] ? "1\n" : "0\n";

  if (clients[0])
    add_rules (rules, clients, server4, server6);
  if (!run_nft (rules->str, &said))
    {
      *detail = g_strdup_printf ("Other AppVMs cannot use this one's network: %s", said);
      return false;
    }
  write_file ("/proc/sys/net/ipv6/conf/all/forwarding", on);
  if (!write_file ("/proc/sys/net/ipv4/ip_forward", on))
    {
      *detail =
          g_strdup_printf ("Other AppVMs cannot use this one's network: %s", g_strerror (errno));
      return false;
    }
  return true;
}
