/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of AppVM keys: every row is complete, and its range is kept. */
#include "bh-error.h"
#include "bh-keys.h"

#include <string.h>

static void
test_table_is_complete (void)
{
  const BhKey *keys;
  gsize n;

  keys = bh_keys (&n);
  g_assert_cmpuint (n, >=, 9);
  for (gsize i = 0; i < n; i++)
    {
      g_autofree char *range = bh_key_describe_range (&keys[i]);

      g_assert_nonnull (keys[i].title);
      g_assert_nonnull (keys[i].doc);
      g_assert_true (*range != '\0');
      g_assert_cmpint (keys[i].group, <, BH_N_GROUPS);
      /* Group after group: windows and the manual show them so. */
      g_assert_true (i == 0 || keys[i - 1].group <= keys[i].group);
      if (keys[i].choice_titles)
        g_assert_cmpuint (g_strv_length ((char **) keys[i].choice_titles), ==,
                          g_strv_length ((char **) keys[i].choices));
      g_assert_true (bh_keys_find (keys[i].name) == &keys[i]);
      if (keys[i].fallback)
        {
          g_autoptr (GError) error = NULL;
          g_autofree char *same = bh_key_normalize (&keys[i], keys[i].fallback, &error);

          /* A default is a good value, in its one form. */
          g_assert_no_error (error);
          g_assert_cmpstr (same, ==, keys[i].fallback);
        }
    }
  g_assert_null (bh_keys_find ("name"));
}

static void
test_groups_have_titles (void)
{
  for (int group = 0; group < BH_N_GROUPS; group++)
    {
      const char *doc = NULL;

      g_assert_true (*bh_key_group_title ((BhKeyGroup) group, &doc) != '\0');
      g_assert_nonnull (doc);
    }
}

static void
assert_value (const char *name, const char *text, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *value = bh_key_normalize (bh_keys_find (name), text, &error);

  if (expected)
    g_assert_no_error (error);
  else
    {
      g_assert_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, name));
    }
  g_assert_cmpstr (value, ==, expected);
}

static void
test_numbers (void)
{
  assert_value ("Memory", "192", "192");
  assert_value ("Memory", " 65536 ", "65536");
  assert_value ("Memory", "191", NULL);
  assert_value ("Memory", "65537", NULL);
  assert_value ("Memory", "1e3", NULL);
  assert_value ("Memory", "", NULL);
  assert_value ("Memory", "99999999999999999999", NULL);
  assert_value ("Processors", "0", NULL);
  assert_value ("Processors", "+4", "4");
  assert_value ("AutoStop", "-1", NULL);
  assert_value ("AutoStop", "0", "0");
}

static void
test_text (void)
{
  g_autofree char *longest = g_strnfill (64, 'x');
  g_autofree char *longer = g_strnfill (65, 'x');

  assert_value ("Name", "Bank & Steuer", "Bank & Steuer");
  assert_value ("Name", "  Bank ", "Bank");
  assert_value ("Name", longest, longest);
  assert_value ("Name", longer, NULL);
  assert_value ("Name", "", NULL);
  assert_value ("Name", "a\nb", NULL);
  assert_value ("Name",
                "a\xe2\x80\xae"
                "b",
                NULL); /* right-to-left override */
  assert_value ("Name", "\xff", NULL);
  assert_value ("Notes", "one\ntwo", "one\ntwo");
  assert_value ("Notes", "bell\a", NULL);
}

static void
test_others (void)
{
  assert_value ("Color", "blue", "#1c71d8");
  assert_value ("Color", "#ABC", "#aabbcc");
  assert_value ("Color", "#12345", NULL);
  assert_value ("Template", "host", "host");
  assert_value ("Template", "disk", "disk");
  assert_value ("Template", "floppy", NULL);
  assert_value ("Applications", "", "");
  assert_value ("Applications", "foot.desktop; org.gnome.Calculator.desktop;;foot.desktop",
                "foot.desktop;org.gnome.Calculator.desktop");
  assert_value ("Applications", "foot", NULL);
  assert_value ("Applications", "../foot.desktop", NULL);
  assert_value ("Applications", "a/b.desktop", NULL);
  assert_value ("X11", ".desktop", NULL);
}

static void
test_own_machine (void)
{
  assert_value ("Kernel", "", "");
  assert_value ("Kernel", "/boot/vmlinuz-1", "/boot/vmlinuz-1");
  assert_value ("Kernel", "vmlinuz", NULL);
  assert_value ("Kernel", "/boot/../etc/shadow", NULL);
  assert_value ("Initramfs", "/a:/b", NULL);
  assert_value ("KernelParameters", " nosmt quiet ", "nosmt quiet");
  assert_value ("KernelParameters", "n\u00f6", NULL);
  assert_value ("QemuArguments", "-name 'a b'", "-name 'a b'");
  assert_value ("QemuArguments", "-name 'a", NULL);
  assert_value ("LogLevel", "debug", "debug");
  assert_value ("LogLevel", "7", NULL);
  g_assert_true (bh_keys_find ("QemuArguments")->weakens);
}

static void
test_commands (void)
{
  assert_value ("Commands", "", "");
  assert_value ("Commands", "Top=htop", "Top=htop");
  assert_value ("Commands", " Top = htop -d 5 \n\nLog=tail -f 'a b'=c",
                "Top=htop -d 5\nLog=tail -f 'a b'=c");
  assert_value ("Commands", "htop", NULL);
  assert_value ("Commands", "=htop", NULL);
  assert_value ("Commands", "Top=", NULL);
  assert_value ("Commands", "Top='unclosed", NULL);
  assert_value ("Commands", "Top=''", NULL);
  assert_value ("Commands", "Top=a\nTop=b", NULL);
  assert_value ("Commands", "Top=a\tb", NULL);
  assert_value ("Commands", "T\u202eop=a", NULL);
  assert_value ("Commands", "Top=a\u202eb", NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/keys/table-is-complete", test_table_is_complete);
  g_test_add_func ("/keys/groups-have-titles", test_groups_have_titles);
  g_test_add_func ("/keys/numbers", test_numbers);
  g_test_add_func ("/keys/text", test_text);
  g_test_add_func ("/keys/commands", test_commands);
  g_test_add_func ("/keys/others", test_others);
  g_test_add_func ("/keys/own-machine", test_own_machine);
  return g_test_run ();
}
