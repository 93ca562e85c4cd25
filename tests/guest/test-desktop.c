/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Exec lines and desktop files as the Desktop Entry Specification has them. */
#include <glib.h>
#include <glib/gstdio.h>

#include "bh-desktop.h"

typedef struct
{
  const char *exec, *words; /* words joined with "|"; NULL: refused */
} Case;

static const Case cases[] = {
  { "foot", "foot" },
  { "foot --title x", "foot|--title|x" },
  { "  a   b  ", "a|b" },
  { "a \"b c\" d", "a|b c|d" },
  { "a \"\" b", "a||b" },
  { "a \"q\\\"q\" \"\\$HOME\" \"\\\\\" \"\\`\"", "a|q\"q|$HOME|\\|`" },
  { "a \"$HOME\"", NULL },
  { "a \"`id`\"", NULL },
  { "a \"open", NULL },
  { "a \"\\n\"", NULL },
  { "gimp %U", "gimp" },
  { "gimp %f", "gimp" },
  { "x --file=%f end", "x|--file=|end" },
  { "x %i %c %k", "x|--icon|the-icon|The Name|/a/b.desktop" },
  { "x %d %D %n %N %v %m y", "x|y" },
  { "x 100%%", "x|100%" },
  { "x %z", NULL },
  { "x %", NULL },
  { "", NULL },
  { "   ", NULL },
  { "%U", NULL },
  { "env A=b\tprog", "env|A=b|prog" },
};

static void
test_exec (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_auto (GStrv) argv =
          bh_desktop_parse_exec (cases[i].exec, "The Name", "the-icon", "/a/b.desktop", NULL);
      g_autofree char *joined = argv ? g_strjoinv ("|", argv) : NULL;

      g_assert_cmpstr (joined, ==, cases[i].words);
    }
}

/* What the words are for these: two files, one of them with a name that is no UTF-8, and an address. */
static void
test_exec_with_files (void)
{
  static const char *const uris[] = { "file:///h/a%20b", "file:///h/%ff%0a", "https://a.b/%20?c", NULL };
  static const struct
  {
    const char *exec, *words;
  } filled[] = {
    { "x %f", "x|/h/a b" },
    { "x -f %F y", "x|-f|/h/a b|/h/\xff\n|https://a.b/%20?c|y" },
    { "x %u", "x|file:///h/a%20b" },
    { "x %U", "x|file:///h/a%20b|file:///h/%ff%0a|https://a.b/%20?c" },
    { "x --in=%f", "x|--in=/h/a b" },
    { "x --in=%u", "x|--in=file:///h/a%20b" },
    { "x --in=%F", "x|--in=|/h/a b|/h/\xff\n|https://a.b/%20?c" },
    { "x", "x|/h/a b|/h/\xff\n|https://a.b/%20?c" },
    { "x 100%%f", "x|100%f|/h/a b|/h/\xff\n|https://a.b/%20?c" },
    { "%F x", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (filled); i++)
    {
      g_auto (GStrv) argv = bh_desktop_parse_exec (filled[i].exec, NULL, NULL, NULL, uris);
      g_autofree char *joined = argv ? g_strjoinv ("|", argv) : NULL;

      g_assert_cmpstr (joined, ==, filled[i].words);
    }
}

static void
test_exec_without_icon (void)
{
  g_auto (GStrv) argv = bh_desktop_parse_exec ("x %i y", NULL, NULL, NULL, NULL);
  g_autofree char *joined = g_strjoinv ("|", argv);

  g_assert_cmpstr (joined, ==, "x|y");
}

typedef struct
{
  char *root;
  const char *dirs[3];
} Fixture;

static void
put (const char *root, const char *name, const char *content)
{
  g_autofree char *path = g_build_filename (root, "applications", name, NULL);
  g_autofree char *dir = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (dir, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, content, -1, NULL));
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->root = g_dir_make_tmp ("bh-desktop-XXXXXX", NULL);
  f->dirs[0] = g_build_filename (f->root, "first", NULL);
  f->dirs[1] = g_build_filename (f->root, "second", NULL);
  put (f->dirs[0], "both.desktop", "[Desktop Entry]\nType=Application\nName=B\nExec=first\n");
  put (f->dirs[1], "both.desktop", "[Desktop Entry]\nType=Application\nName=B\nExec=second\n");
  put (f->dirs[1], "kde/deep-er/app.desktop",
       "[Desktop Entry]\nType=Application\nName=D\nExec=deep\nPath=/tmp\nTerminal=true\n");
  put (f->dirs[1], "link.desktop", "[Desktop Entry]\nType=Link\nName=L\nURL=x\n");
  put (f->dirs[1], "hidden.desktop",
       "[Desktop Entry]\nType=Application\nName=H\nExec=h\nHidden=true\n");
  put (f->dirs[1], "gone.desktop",
       "[Desktop Entry]\nType=Application\nName=G\nExec=g\nTryExec=/nonexistent/program\n");
  put (f->dirs[1], "here.desktop",
       "[Desktop Entry]\nType=Application\nName=G\nExec=g\nTryExec=sh\nDBusActivatable=true\n");
  put (f->dirs[1], "bad.desktop", "[Desktop Entry]\nType=Application\nName=G\nExec=g \"\n");
  put (f->dirs[1], "name.desktop",
       "[Desktop Entry]\nType=Application\nName=N\nName[de]=Nein\nExec=g %c\n");
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  const char *argv[] = { "rm", "-rf", f->root, NULL };

  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                NULL);
  g_free ((char *) f->dirs[0]);
  g_free ((char *) f->dirs[1]);
  g_free (f->root);
}

static void
test_lookup (Fixture *f, gconstpointer data)
{
  BhDesktopEntry entry;

  g_assert_cmpint (bh_desktop_load (f->dirs, "both", NULL, NULL, &entry), ==, BH_DESKTOP_OK);
  g_assert_cmpstr (entry.argv[0], ==, "first");
  bh_desktop_entry_clear (&entry);
  /* Each dash may be a folder's end. */
  g_assert_cmpint (bh_desktop_load (f->dirs, "kde-deep-er-app.desktop", NULL, NULL, &entry), ==,
                   BH_DESKTOP_OK);
  g_assert_cmpstr (entry.argv[0], ==, "deep");
  g_assert_cmpstr (entry.directory, ==, "/tmp");
  g_assert_true (entry.terminal);
  bh_desktop_entry_clear (&entry);
  g_assert_cmpint (bh_desktop_load (f->dirs, "here", NULL, NULL, &entry), ==, BH_DESKTOP_OK);
  bh_desktop_entry_clear (&entry);
  g_assert_cmpint (bh_desktop_load (f->dirs, "name", "de_DE.UTF-8", NULL, &entry), ==, BH_DESKTOP_OK);
  g_assert_cmpstr (entry.argv[1], ==, "Nein");
  bh_desktop_entry_clear (&entry);
}

static void
test_refused (Fixture *f, gconstpointer data)
{
  BhDesktopEntry entry;

  g_assert_cmpint (bh_desktop_load (f->dirs, "nothing", NULL, NULL, &entry), ==, BH_DESKTOP_UNKNOWN);
  g_assert_cmpint (bh_desktop_load (f->dirs, "", NULL, NULL, &entry), ==, BH_DESKTOP_UNKNOWN);
  g_assert_cmpint (bh_desktop_load (f->dirs, "../applications/both", NULL, NULL, &entry), ==,
                   BH_DESKTOP_UNKNOWN);
  g_assert_cmpint (bh_desktop_load (f->dirs, "link", NULL, NULL, &entry), ==, BH_DESKTOP_UNKNOWN);
  g_assert_cmpint (bh_desktop_load (f->dirs, "hidden", NULL, NULL, &entry), ==, BH_DESKTOP_UNKNOWN);
  g_assert_cmpint (bh_desktop_load (f->dirs, "gone", NULL, NULL, &entry), ==, BH_DESKTOP_MISSING);
  g_assert_cmpint (bh_desktop_load (f->dirs, "bad", NULL, NULL, &entry), ==, BH_DESKTOP_BAD_EXEC);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/guest/desktop/exec", test_exec);
  g_test_add_func ("/guest/desktop/exec-with-files", test_exec_with_files);
  g_test_add_func ("/guest/desktop/exec-without-icon", test_exec_without_icon);
  g_test_add ("/guest/desktop/lookup", Fixture, NULL, set_up, test_lookup, tear_down);
  g_test_add ("/guest/desktop/refused", Fixture, NULL, set_up, test_refused, tear_down);
  return g_test_run ();
}
