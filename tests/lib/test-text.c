/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Cleaning of foreign text: what may not reach people's eyes does not. */
#include "bh-text.h"

#include <string.h>

static void
assert_clean (const char *in, gsize max, const char *expected)
{
  g_autofree char *out = bh_text_clean (in, strlen (in), max);

  g_assert_cmpstr (out, ==, expected);
}

static void
test_plain_text_stays (void)
{
  assert_clean ("Quarterly report — Größe ½ 日本語", 100, "Quarterly report — Größe ½ 日本語");
  assert_clean ("שלום", 100, "שלום");
  assert_clean ("", 10, "");
}

static void
test_controls_and_spaces_become_one_space (void)
{
  assert_clean ("a\n\n\tb", 100, "a b");
  assert_clean ("\x1b[31mred\x07", 100, "red");
  assert_clean ("  a   b  ", 100, "a b");
  assert_clean ("a\xe2\x80\xa8" "b\xe2\x80\xa9" "c", 100, "a b c"); /* line and paragraph separator */
}

static void
test_bidi_and_invisible_characters_go (void)
{
  assert_clean ("work\xe2\x80\xae" "knab", 100, "workknab"); /* RLO */
  assert_clean ("a\xe2\x81\xa6" "b\xe2\x81\xa9", 100, "ab"); /* LRI, PDI */
  assert_clean ("a\xe2\x80\x8b" "b\xef\xbb\xbf", 100, "ab"); /* ZWSP, BOM */
  assert_clean ("a\xee\x80\x80" "b", 100, "ab");           /* private use */
  assert_clean ("a\xf3\xa0\x80\xa1" "b", 100, "ab");       /* tag characters */
}

static void
test_marks_do_not_pile_up (void)
{
  assert_clean ("e\xcc\x81\xcc\x82\xcc\x83\xcc\x84", 100, "e\xcc\x81\xcc\x82");
  assert_clean ("\xcc\x81" "a", 100, "a");
}

static void
test_cut_with_ellipsis (void)
{
  assert_clean ("abcdef", 6, "abcdef");
  assert_clean ("abcdefg", 6, "abcde…");
  assert_clean ("äöüß", 3, "äö…");
  assert_clean ("ab", 1, "…");
}

static void
test_invalid_utf8 (void)
{
  g_autofree char *out = bh_text_clean ("a\xff\xfe" "b\0c", 6, 100);

  g_assert_true (g_utf8_validate (out, -1, NULL));
  g_assert_true (g_str_has_prefix (out, "a"));
  g_assert_null (strchr (out, '\xff'));
}

static void
test_lines_keep_lines (void)
{
  const char *in = "one\ttwo\r\n\x1b[2Jthree  four\xe2\x80\xae\n";
  g_autofree char *out = bh_text_clean_lines (in, strlen (in));

  g_assert_cmpstr (out, ==, "one\ttwo \nthree  four\n");
}

static void
assert_clean_lines (const char *in, const char *expected)
{
  g_autofree char *out = bh_text_clean_lines (in, strlen (in));

  g_assert_cmpstr (out, ==, expected);
}

static void
test_escape_sequences_go_whole (void)
{
  assert_clean_lines ("\x1b[1;31mred\x1b[0m\n", "red\n");
  assert_clean_lines ("\x1b]0;title\x07" "a\x1b]8;;http://x\x1b\\b\n", "ab\n");
  assert_clean_lines ("\x1b(Ba\x1b=b\x1b[?25h\n", "ab\n");
  assert_clean ("a\x1b[31mb", 100, "a b");
  /* Cut off anywhere, it takes at most the rest of its line. */
  assert_clean_lines ("a\x1b", "a");
  assert_clean_lines ("a\x1b[31", "a");
  assert_clean_lines ("a\x1b]0;title\nb\n", "a\nb\n");
  assert_clean_lines ("a\x1b[3\nb", "a\nb");
  assert_clean_lines ("\x1bP\x1b\x1b\x1b\\a", "a");
  assert_clean_lines ("\x1b[\xc3\xa4", "\xc3\xa4");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/text/plain-text-stays", test_plain_text_stays);
  g_test_add_func ("/text/controls-and-spaces-become-one-space", test_controls_and_spaces_become_one_space);
  g_test_add_func ("/text/bidi-and-invisible-characters-go", test_bidi_and_invisible_characters_go);
  g_test_add_func ("/text/marks-do-not-pile-up", test_marks_do_not_pile_up);
  g_test_add_func ("/text/cut-with-ellipsis", test_cut_with_ellipsis);
  g_test_add_func ("/text/invalid-utf8", test_invalid_utf8);
  g_test_add_func ("/text/lines-keep-lines", test_lines_keep_lines);
  g_test_add_func ("/text/escape-sequences-go-whole", test_escape_sequences_go_whole);
  return g_test_run ();
}
