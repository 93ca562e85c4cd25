/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reading AppStream data as Debian has them: what is taken, and what damaged and hostile ones do. */
#include "bh-debian-dep11.h"

#include <string.h>

static const char good[] =
    "---\nFile: DEP-11\nVersion: '1.0'\nOrigin: debian-trixie-main\n"
    "---\nType: desktop-application\nID: org.example.View\nPackage: view\n"
    "Name:\n  C: View\n  de: Betrachter\n  pt-BR: Visor\n"
    "Summary:\n  C: >-\n    Look at\n    things\n  de: \"Dinge \\u202eansehen\"\n"
    "Keywords:\n  C:\n  - picture\n  fr:\n  - image\n"
    "Icon:\n  cached:\n  - name: view_view.png\n    width: 64\n  - name: other.png\n    width: 128\n  stock: view\n"
    "---\nType: addon\nID: org.example.Addon\nPackage: addon\nName:\n  C: Addon\n"
    "---\nType: desktop-application\nID: org.example.Play\nPackage: play\nName:\n  C: 'Play: it'\n"
    "Icon:\n  cached:\n  - name: ../../etc/passwd\n";

static GVariant *
read_text (const char *text, gsize length, GError **error)
{
  static const char *const languages[] = { "de_DE.UTF-8", "de_DE", "de", "C", NULL };
  g_autoptr (GInputStream) in = g_memory_input_stream_new_from_data (text, (gssize) length, NULL);
  g_auto (GVariantBuilder) out = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a" BH_DEP11_ENTRY));

  if (!bh_dep11_read (in, languages, &out, NULL, error))
    return NULL;
  return g_variant_ref_sink (g_variant_builder_end (&out));
}

static void
test_good (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) found = read_text (good, strlen (good), &error);
  const char *package, *id, *name, *summary, *icon, *words;

  g_assert_no_error (error);
  g_assert_cmpuint (g_variant_n_children (found), ==, 2);
  g_variant_get_child (found, 0, "(&s&s&s&s&s&s)", &package, &id, &name, &summary, &icon, &words);
  g_assert_cmpstr (package, ==, "view");
  g_assert_cmpstr (id, ==, "org.example.View.desktop");
  g_assert_cmpstr (name, ==, "Betrachter");
  g_assert_null (strstr (summary, "\u202e"));
  g_assert_nonnull (strstr (summary, "ansehen"));
  g_assert_cmpstr (icon, ==, "view_view.png");
  g_assert_nonnull (strstr (words, "look at things"));
  g_assert_nonnull (strstr (words, "picture"));
  g_assert_null (strstr (words, "visor"));
  g_assert_null (strstr (words, "image"));
  g_variant_get_child (found, 1, "(&s&s&s&s&s&s)", &package, &id, &name, &summary, &icon, &words);
  g_assert_cmpstr (name, ==, "Play: it");
  g_assert_cmpstr (summary, ==, "");
  g_assert_cmpstr (icon, ==, ""); /* no file of a folder of its own choice */
}

/* At each length either an error, or no more than there is. */
static void
test_cut (void)
{
  for (gsize n = 0; n < strlen (good); n++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) found = read_text (good, n, &error);

      g_assert_true (found ? !error : error != NULL);
      if (found)
        g_assert_cmpuint (g_variant_n_children (found), <=, 2);
    }
}

static void
test_hostile (void)
{
  static const char *const texts[] = { "--- [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "--- {? [a] : b}",
                                       "---\nName: &x [*x]\nType: *y\n", "\xff\xfe\x00\x01",
                                       "---\nType:\n  - desktop-application\n  - {a: b}\n",
                                       "---\n? {a: b}\n: c\n" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) found = read_text (texts[i], strlen (texts[i]), &error);

      if (found)
        g_assert_cmpuint (g_variant_n_children (found), ==, 0);
      else
        g_assert_nonnull (strstr (error->message, "damaged"));
    }
}

static void
test_deep (void)
{
  g_autoptr (GString) text = g_string_new ("---\nType: ");
  g_autoptr (GError) error = NULL;

  for (int i = 0; i < 5000; i++)
    g_string_append (text, "[");
  g_assert_null (read_text (text->str, text->len, &error));
  g_assert_nonnull (error);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dep11/good", test_good);
  g_test_add_func ("/dep11/cut", test_cut);
  g_test_add_func ("/dep11/hostile", test_hostile);
  g_test_add_func ("/dep11/deep", test_deep);
  return g_test_run ();
}
