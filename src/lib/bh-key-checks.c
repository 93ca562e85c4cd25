/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the values of some keys have to be like. */
#include "config.h"

#include "bh-key-checks.h"

#include "bh-keys.h"

#include <string.h>

/* Lists of paths have ":" between them. */
gboolean
bh_key_is_file (const char *text)
{
  g_autofree char *canonical = g_canonicalize_filename (text, "/");

  return text[0] == '/' && g_str_equal (text, canonical) && !strchr (text, ':');
}

/* As Debian names packages (Policy 5.6.1); a "-" at the end would tell apt to remove it. */
gboolean
bh_key_is_package (const char *text)
{
  gsize length = strlen (text);

  return length >= 2 && length <= 100 && g_ascii_isalnum (*text) && text[length - 1] != '-'
         && strspn (text, "abcdefghijklmnopqrstuvwxyz0123456789+-.") == length;
}

gboolean
bh_key_is_kernel_parameters (const char *text)
{
  for (const char *p = text; *p; p++)
    if (!g_ascii_isprint (*p))
      return FALSE;
  return TRUE;
}

gboolean
bh_key_is_words (const char *text)
{
  return g_shell_parse_argv (text, NULL, NULL, NULL);
}

gboolean
bh_key_is_usb_device (const char *text)
{
  static GRegex *regex;

  if (!regex)
    regex = g_regex_new (
        "^([0-9a-f]{4}:[0-9a-f]{4}|[1-9][0-9]{0,4}-[1-9][0-9]{0,2}([.][1-9][0-9]{0,2}){0,6})$",
        G_REGEX_CASELESS | G_REGEX_DOLLAR_ENDONLY, 0, NULL);
  return g_regex_match (regex, text, 0, NULL);
}

gboolean
bh_key_is_pci_device (const char *text)
{
  static GRegex *regex;

  if (!regex)
    regex = g_regex_new ("^([0-9a-f]{4}:)?[0-9a-f]{2}:[01][0-9a-f][.][0-7]$",
                         G_REGEX_CASELESS | G_REGEX_DOLLAR_ENDONLY, 0, NULL);
  return g_regex_match (regex, text, 0, NULL);
}

/* "none", "disk", or a folder of this computer. */
gboolean
bh_key_is_home (const char *text)
{
  return g_str_equal (text, "none") || g_str_equal (text, "disk")
         || (text[0] == '/' && bh_key_is_file (text) && !strchr (text, ';'));
}
