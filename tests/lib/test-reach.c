/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a hijacked program could reach, as people read it. */
#include "bh-keys.h"
#include "bh-reach.h"
#include "bh-vm-config.h"

#include <string.h>

static GVariant *
settings_new (const char *key, const char *value)
{
  if (!key)
    return g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE ("{ss}"), NULL, 0));
  return g_variant_ref_sink (g_variant_new_parsed ("{%s: %s}", key, value));
}

/* An AppVM about which nobody has said anything reaches nothing outside. */
static void
test_narrow_by_default (void)
{
  g_autoptr (GVariant) none = settings_new (NULL, NULL);
  g_autofree char *text = bh_reach_describe (none);

  g_assert_true (g_str_has_prefix (text, "A hijacked program in here could "));
  for (const char *const *p = (const char *const[]){ "the network", "your files", "your microphone",
                                                     "your camera", NULL };
       *p; p++)
    g_assert_nonnull (strstr (strstr (text, "It could not reach "), *p));
  g_assert_true (g_str_has_suffix (text, "."));
}

/* Defaults may be left out: nothing changes. */
static void
test_defaults_say_the_same (void)
{
  g_autoptr (GVariant) none = settings_new (NULL, NULL);
  g_autoptr (BhVmConfig) config = bh_vm_config_parse ("x.vm", "x", "[AppVM]\nName=X\n", 15);
  g_autoptr (GVariant) all = g_variant_ref_sink (bh_vm_config_to_variant (config));
  g_autofree char *short_text = bh_reach_describe (none), *long_text = bh_reach_describe (all);
  g_autoptr (GPtrArray) short_list = bh_reach_list (none);
  g_autoptr (GPtrArray) long_list = bh_reach_list (all);
  gsize n;

  bh_keys (&n);
  g_assert_cmpuint (g_variant_n_children (all), ==, n);
  g_assert_cmpstr (short_text, ==, long_text);
  g_assert_cmpuint (short_list->len, ==, long_list->len);
}

/* Every icon has its words, and no two stand for the same. */
static void
assert_list_is_good (GVariant *settings)
{
  g_autoptr (GPtrArray) list = bh_reach_list (settings);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < list->len; i++)
    {
      const BhReachItem *item = list->pdata[i];

      g_assert_true (g_str_has_suffix (item->icon, "-symbolic"));
      g_assert_true (item->text && *item->text);
      g_assert_true (item->topic && *item->topic);
      g_assert_true (g_hash_table_add (seen, item->text));
    }
}

/* Whatever value a key of the group has, there is a sentence and a list. */
static void
test_every_choice (void)
{
  gsize n;
  const BhKey *keys = bh_keys (&n);

  for (gsize i = 0; i < n; i++)
    {
      const char *const bools[] = { "true", "false", NULL };
      const char *const *values = keys[i].type == BH_KEY_BOOL ? bools : keys[i].choices;

      for (gsize v = 0; values && values[v]; v++)
        {
          g_autoptr (GVariant) settings = settings_new (keys[i].name, values[v]);
          g_autofree char *text = bh_reach_describe (settings);

          g_assert_true (g_str_has_suffix (text, "."));
          g_assert_true (g_utf8_validate (text, -1, NULL));
          assert_list_is_good (settings);
        }
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/reach/narrow-by-default", test_narrow_by_default);
  g_test_add_func ("/reach/defaults-say-the-same", test_defaults_say_the_same);
  g_test_add_func ("/reach/every-choice", test_every_choice);
  return g_test_run ();
}
