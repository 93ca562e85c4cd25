/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What bulkhead-sound keeps: reading the settings of libpulse, and connecting to the sound server.
 *
 * Should: let libpulse read its configuration and its cookie, and connect again to a server that was started anew.
 * Mustn't: read or write any other file of the user, start a program, signal one, or reach a network. A
 * sound server on another computer is out of reach with that.
 * The server's socket has a path, and nothing here can tell it from other sockets of this user: who took the program over
 * could talk to those. Neither samples nor what the service says can name one. */
#include "config.h"

#include "bh-sound.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "bh-filter.h"
#include "bh-landlock.h"
#include "bh-no-leak-search.h"

static void
allow (int rules, BhAllow what, const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  /* What is not there nobody needs. */
  bh_landlock_allow (rules, path, what);
}

static gboolean
restrict_files (void)
{
  static const char *const readable[] = { "/usr", "/etc", "/var/lib/dbus", "/proc/self" };
  const char *home = g_get_home_dir (), *cookie = g_getenv ("PULSE_COOKIE");
  int rules = bh_landlock_new ();

  if (rules < 0)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (readable); i++)
    bh_landlock_allow (rules, readable[i], BH_ALLOW_READ);
  /* The folder with the server's socket may be made anew. */
  bh_landlock_allow (rules, g_get_user_runtime_dir (), BH_ALLOW_LIST);
  allow (rules, BH_ALLOW_READ, home, ".pulse");
  allow (rules, BH_ALLOW_READ, home, ".pulse-cookie");
  allow (rules, BH_ALLOW_READ, g_get_user_config_dir (), "pulse");
  if (cookie)
    bh_landlock_allow (rules, cookie, BH_ALLOW_READ);
  return bh_landlock_restrict (rules);
}

void
bh_sound_confine (void)
{
  const struct rlimit none = { 0, 0 };

  prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (!restrict_files ())
    g_warning ("this kernel has no Landlock: all files are in reach of the sound");
  if (!bh_filter_install (BH_LEAVE_LOCAL_SOCKETS))
    g_warning ("no system call filter: %s", g_strerror (errno));
  prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
  setrlimit (RLIMIT_CORE, &none);
}
