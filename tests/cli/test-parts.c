/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Parts of bulkheadctl by themselves: terminal filter, widths, exit codes, application list. */
#include "config.h"

#include "cli.h"
#include "output.h"
#include "terminal-filter.h"

#include <string.h>

/* The same whatever pieces it comes in. */
static void
check (BhTerminalMode mode, const char *in, const char *expected)
{
  gsize len = strlen (in);

  for (gsize cut = 0; cut <= len; cut++)
    {
      g_autoptr (GString) out = g_string_new (NULL);
      BhTerminalFilter filter;

      bh_terminal_filter_init (&filter, mode);
      bh_terminal_filter_push (&filter, in, cut, out);
      bh_terminal_filter_push (&filter, in + cut, len - cut, out);
      g_assert_cmpstr (out->str, ==, expected);
    }
}

static void
filter_text (void)
{
  check (BH_TERMINAL_TEXT, "a\tb\r\nc", "a\tb\nc");
  check (BH_TERMINAL_TEXT, "\033[31mred\033[m \033(Bx\0337y\033[?1049hz", "red xyz");
  check (BH_TERMINAL_TEXT, "\b\a\001\177", "");
  check (BH_TERMINAL_TEXT, "ä銀𝄞", "ä銀𝄞");
}

static void
filter_screen (void)
{
  static const char *const kept[] = {
    "\033[1;31m", "\033[38;2;1;2;3m", "\033[38:5:9m", "\033[H",    "\033[2J", "\033[10;20H",
    "\033[?25l",  "\033[?1049h",      "\033[?2004l",  "\033[4h",   "\0337",   "\0338",
    "\033(0",     "\033(B",           "\033M",        "\033[1;5r", "\033=",   "\r\n\b\t",
  };
  static const char *const dropped[] = {
    "\033[6n",          "\033[c",       "\033[>c",      "\033[21t",      "\033[5i",
    "\033[?1000h",      "\033[?1006h",  "\033[?1004h",  "\033[?1;1000h", "\033[>4;1m",
    "\033[!p",          "\033[0q",      "\033[1$r",     "\033c",         "\033Z",
    "\033#8",           "\033[20h",     "\033[1\"p",    "\033]0;t\a",    "\033]52;c;ZQ==\033\\",
    "\033P$q\"p\033\\", "\033_x\033\\", "\033^x\033\\", "\033Xx\033\\",  "\005",
    "\302\2335n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (kept); i++)
    {
      g_autofree char *in = g_strconcat ("a", kept[i], "b", NULL);

      check (BH_TERMINAL_SCREEN, in, in);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (dropped); i++)
    {
      g_autofree char *in = g_strconcat ("a", dropped[i], "b", NULL);
      /* Without its introducer the rest of the last one is harmless text; so is that of ESC # 8. */
      const char *expected = strstr (dropped[i], "\302\233") ? "a5nb"
                             : dropped[i][1] == '#'          ? "a8b"
                                                             : "ab";

      check (BH_TERMINAL_SCREEN, in, expected);
    }
}

static void
filter_broken (void)
{
  /* A sequence that never ends eats nothing but itself; CAN ends it. */
  check (BH_TERMINAL_SCREEN, "\033[\030a", "a");
  check (BH_TERMINAL_SCREEN, "\033[1\033[1mx", "\033[1mx");
  check (BH_TERMINAL_SCREEN, "\033]0;t\033[1mx", "\033[1mx");
  check (BH_TERMINAL_SCREEN,
         "\033[1111111111111111111111111111111111111111111111111111111111111111111111m!", "!");
  check (BH_TERMINAL_SCREEN, "\xff|\xc3|\xe2\x82|\xed\xa0\x80|\xf4\x90\x80\x80|",
         "\357\277\275|\357\277\275|\357\277\275|\357\277\275|\357\277\275|");
  check (BH_TERMINAL_SCREEN, "\xc3\033[6nx", "\357\277\275x");
}

/* Nothing that comes out begins a command other than those of the list, whatever goes in. */
static void
filter_random (void)
{
  static const char alphabet[] =
      "\033\033\033[[]];;??0123459mnchltqPX^_\\\a()#8 \xc2\x9b\xe2\x80\xae"
      "ab";

  for (int round = 0; round < 20000; round++)
    {
      g_autoptr (GString) out = g_string_new (NULL);
      char in[24];
      BhTerminalFilter filter;

      for (gsize i = 0; i < sizeof in; i++)
        in[i] = alphabet[g_test_rand_int_range (0, sizeof alphabet - 1)];
      bh_terminal_filter_init (&filter, BH_TERMINAL_SCREEN);
      bh_terminal_filter_push (&filter, in, sizeof in, out);
      g_assert_true (g_utf8_validate (out->str, (gssize) out->len, NULL));
      g_assert_null (strstr (out->str, "\033]"));
      g_assert_null (strstr (out->str, "\033P"));
      g_assert_null (strstr (out->str, "\302\233"));
      g_assert_null (strstr (out->str, "\342\200\256"));
      for (const char *p = out->str; (p = strstr (p, "\033[")) != NULL;)
        {
          p += 2;
          p += strspn (p, "?0123456789;:");
          g_assert_nonnull (strchr ("mhlabPX", *p));
        }
      g_string_truncate (out, 0);
      bh_terminal_filter_init (&filter, BH_TERMINAL_TEXT);
      bh_terminal_filter_push (&filter, in, sizeof in, out);
      g_assert_null (strchr (out->str, '\033'));
    }
}

static void
widths (void)
{
  g_assert_cmpuint (bh_output_width (""), ==, 0);
  g_assert_cmpuint (bh_output_width ("abc"), ==, 3);
  g_assert_cmpuint (bh_output_width ("ä銀e\xcc\x81"), ==, 4);
}

static void
exit_codes (void)
{
  struct
  {
    GQuark domain;
    int code, exit;
  } cases[] = {
    { BH_ERROR, BH_ERROR_FAILED, 1 },
    { BH_ERROR, BH_ERROR_NOT_FOUND, 12 },
    { BH_ERROR, BH_ERROR_CANCELLED, 27 },
    { BH_ERROR, BH_N_ERRORS, 1 },
    { G_OPTION_ERROR, G_OPTION_ERROR_FAILED, 2 },
    { G_IO_ERROR, G_IO_ERROR_CLOSED, 1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = g_error_new_literal (cases[i].domain, cases[i].code, "");

      g_assert_cmpint (bh_cli_exit_code (error), ==, cases[i].exit);
    }
}

static void
resolve (void)
{
  static const char list[] = "[{'id': <'a.desktop'>, 'usable': <true>, 'name': <'Alpha'>},"
                             " {'id': <'x.desktop.desktop'>, 'usable': <true>},"
                             " {'id': <'no.desktop'>, 'usable': <false>, 'reason': <'Because.'>}]";
  g_autoptr (GVariant) applications =
      g_variant_parse (G_VARIANT_TYPE ("aa{sv}"), list, NULL, NULL, NULL);
  static const char *const good[][2] = { { "a", "a.desktop" },
                                         { "a.desktop", "a.desktop" },
                                         { "x.desktop", "x.desktop.desktop" },
                                         { "x.desktop.desktop", "x.desktop.desktop" } };
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *id = bh_cli_resolve_application (applications, good[i][0], NULL);

      g_assert_cmpstr (id, ==, good[i][1]);
    }
  g_assert_null (bh_cli_resolve_application (applications, "no", &error));
  g_assert_error (error, BH_ERROR, BH_ERROR_PROGRAM_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "Because."));
  g_clear_error (&error);
  g_assert_null (bh_cli_resolve_application (applications, "ALPHA", &error));
  g_assert_error (error, BH_ERROR, BH_ERROR_PROGRAM_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "“a.desktop”"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/filter/text", filter_text);
  g_test_add_func ("/filter/screen", filter_screen);
  g_test_add_func ("/filter/broken", filter_broken);
  g_test_add_func ("/filter/random", filter_random);
  g_test_add_func ("/output/widths", widths);
  g_test_add_func ("/errors/exit-codes", exit_codes);
  g_test_add_func ("/applications/resolve", resolve);
  return g_test_run ();
}
