/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where Debian packages come from.
 *
 * apt is asked rather than its files read: it knows every form of them. A Debian archive has all suites,
 * so the one that this computer's own packages come from will do for another suite, too.
 *
 * Should: check signatures with Debian's own keys, or those the user names, whatever this computer trusts
 * besides.
 * Mustn't: take over settings of apt that would have unsigned or wrongly signed packages accepted. */
#include "config.h"

#include "bh-debian-sources.h"

#include <string.h>
#include <unistd.h>

#include "bh-error.h"

#define KEYRING "/usr/share/keyrings/debian-archive-keyring.gpg"
#define PACKAGES "mmdebstrap squashfs-tools uidmap apt debian-archive-keyring"

void
bh_debian_sources_free (BhDebianSources *sources)
{
  g_free (sources->list);
  g_free (sources->options);
  g_free (sources->archive);
  g_free (sources);
}

/* People with an archive of their own have keys of their own. */
static const char *
keyring (void)
{
  const char *given = g_getenv ("BULKHEAD_DEBIAN_KEYRING");

  return given && g_path_is_absolute (given) && !strpbrk (given, " \t\n\"'[]#,;") ? given : KEYRING;
}

static gboolean
check_tools (GError **error)
{
  static const char *const tools[] = { "mmdebstrap", "sqfstar", "newuidmap", "apt-get" };

  for (gsize i = 0; i < G_N_ELEMENTS (tools); i++)
    {
      g_autofree char *path = g_find_program_in_path (tools[i]);

      if (path)
        continue;
      g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND,
                   "Building a Debian template takes %s, which is not installed. Install: " PACKAGES,
                   tools[i]);
      return FALSE;
    }
  if (access (keyring (), R_OK) == 0)
    return TRUE;
  g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND, "Debian's keys are missing (%s). Install: " PACKAGES,
               keyring ());
  return FALSE;
}

static char *
run (const char *const *argv)
{
  g_auto (GStrv) env = g_environ_setenv (g_get_environ (), "LC_ALL", "C", TRUE);
  char *out = NULL;
  int status;

  if (g_spawn_sync ("/", (char **) argv, env, G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL,
                    NULL, NULL, &out, NULL, &status, NULL)
      && g_spawn_check_wait_status (status, NULL))
    return out;
  g_free (out);
  return g_strdup ("");
}

static gboolean
is_suite (const char *release)
{
  static const char *const suites[] = { "bullseye", "bookworm", "trixie",   "forky",    "sid",
                                        "stable",   "testing",  "unstable", "oldstable", NULL };

  return g_strv_contains (suites, release);
}

/* Nothing that would end a word of a sources.list. */
static gboolean
is_address (const char *text)
{
  return strstr (text, ":/") && !strpbrk (text, " \t\"'[]#");
}

/* A line: address, release, origin (empty before the first update). */
static void
look_at (const char *line, char **archive, char **security)
{
  g_auto (GStrv) words = g_strsplit (line, "|", -1);
  g_autofree char *suite = NULL;

  if (g_strv_length (words) != 3 || !is_address (words[0])
      || (*words[2] && !g_str_equal (words[2], "Debian")))
    return;
  if (!*archive && is_suite (words[1]))
    *archive = g_strdup (words[0]);
  if (*security || !g_str_has_suffix (words[1], "-security"))
    return;
  suite = g_strndup (words[1], strlen (words[1]) - strlen ("-security"));
  if (is_suite (suite))
    *security = g_strdup (words[0]);
}

static void
ask_apt (char **archive, char **security)
{
  static const char *const argv[] = { "apt-get", "indextargets", "--format",
                                      "$(REPO_URI)|$(RELEASE)|$(ORIGIN)", "Created-By: Packages",
                                      NULL };
  g_autofree char *out = run (argv);
  g_auto (GStrv) lines = g_strsplit (out, "\n", -1);

  for (char **line = lines; *line; line++)
    look_at (*line, archive, security);
}

/* How to get there, and what an administrator says of archives whose clock stands still; nothing else. */
static char *
ask_options (void)
{
  static const char *const argv[] = { "apt-config", "dump", NULL };
  static const char *const wanted[] = { "Acquire::http::",           "Acquire::https::",
                                        "Acquire::Retries ",         "Acquire::ForceIPv4 ",
                                        "Acquire::ForceIPv6 ",       "Acquire::Check-Date ",
                                        "Acquire::Check-Valid-Until " };
  g_autofree char *out = run (argv);
  g_auto (GStrv) lines = g_strsplit (out, "\n", -1);
  GString *text = g_string_new (NULL);

  for (char **line = lines; *line; line++)
    for (gsize i = 0; i < G_N_ELEMENTS (wanted); i++)
      if (g_str_has_prefix (*line, wanted[i]))
        g_string_append_printf (text, "%s\n", *line);
  return g_string_free (text, FALSE);
}

BhDebianSources *
bh_debian_sources_find (const char *suite, GError **error)
{
  g_autoptr (BhDebianSources) sources = g_new0 (BhDebianSources, 1);
  g_autofree char *security = NULL;
  const char *given = g_getenv ("BULKHEAD_DEBIAN_ARCHIVE");
  GString *list;

  if (!check_tools (error))
    return NULL;
  if (given && is_address (given))
    sources->archive = g_strdup (given);
  else
    ask_apt (&sources->archive, &security);
  if (!sources->archive)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND,
                   "This computer's apt knows no Debian archive. Set BULKHEAD_DEBIAN_ARCHIVE to one in the "
                   "environment of bulkhead-service, http://deb.debian.org/debian for example");
      return NULL;
    }
  list = g_string_new (NULL);
  g_string_append_printf (list, "deb [signed-by=%s] %s %s main\n", keyring (), sources->archive, suite);
  if (security)
    g_string_append_printf (list,
                            "deb [signed-by=%s] %s %s-updates main\n"
                            "deb [signed-by=%s] %s %s-security main\n",
                            keyring (), sources->archive, suite, keyring (), security, suite);
  sources->list = g_string_free (list, FALSE);
  sources->options = ask_options ();
  return g_steal_pointer (&sources);
}
