/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a disposable may reach, and how it is numbered. */
#include "bh-disposable.h"

#include <glib/gstdio.h>

static BhVmConfig *
config (const char *id, const char *lines)
{
  g_autofree char *text = g_strconcat ("[AppVM]\nName=", id, "\n", lines, NULL);
  BhVmConfig *made = bh_vm_config_parse ("test.vm", id, text, strlen (text));

  g_assert_true (bh_vm_config_check (made, NULL));
  return made;
}

static void
check (const char *definition_lines, const char *asker_lines, const char *key, const char *wanted)
{
  g_autoptr (BhVmConfig) definition = config ("work", definition_lines);
  g_autoptr (BhVmConfig) asker =
      asker_lines ? config ("asker", asker_lines) : bh_vm_config_ref (definition);
  g_autoptr (GError) error = NULL;
  g_autoptr (BhVmConfig) made =
      bh_disposable_config (definition, asker, "work--1", "work (1)", &error);

  g_assert_no_error (error);
  g_assert_cmpstr (bh_vm_config_get (made, "Name"), ==, "work (1)");
  g_assert_cmpstr (bh_vm_config_get (made, "Disposable"), ==, "true");
  g_assert_cmpstr (bh_vm_config_get (made, key), ==, wanted);
}

static void
test_definition (void)
{
  check ("Network=internet\nLan=true\n", NULL, "Network", "internet");
  check ("Network=internet\nLan=true\n", NULL, "Lan", "true");
  check ("Sound=false\n", NULL, "Sound", "false");
  check ("Microphone=true\n", NULL, "Microphone", "true");
  check ("Color=#123456\n", NULL, "Color", "#123456");
  /* Of what cannot be had twice there is nothing. */
  check ("UsbDevices=046d:c52b\n", NULL, "UsbDevices", "");
  check ("PciDevices=01:00.0\n", NULL, "PciDevices", "");
  if (bh_keys_find ("Disks"))
    check ("Disks=/srv/data.img:rw\n", NULL, "Disks", "");
  check ("Mac=02:12:34:56:78:9a\n", NULL, "Mac", "");
  check ("Home=disk\n", NULL, "Home", "none");
  check ("Launchers=true\n", NULL, "Launchers", "false");
  /* Nothing it does is kept, unless that is what its definition is for. */
  check ("Folders=/srv/a:a:rw;/srv/b\n", NULL, "Folders", "/srv/a:a:ro;/srv/b:b:ro");
  check ("Disposable=true\nFolders=/srv/a:a:rw\n", NULL, "Folders", "/srv/a:a:rw");
}

static void
test_asker (void)
{
  check ("Network=internet\n", "Network=none\n", "Network", "none");
  check ("Network=none\n", "Network=internet\n", "Network", "none");
  check ("Network=internet\n", "Network=kernel\n", "Network", "none");
  check ("Network=vm\nNetVm=tor\n", "Network=vm\nNetVm=vpn\n", "Network", "none");
  check ("Network=vm\nNetVm=tor\n", "Network=vm\nNetVm=tor\n", "Network", "vm");
  check ("Network=internet\nLan=true\n", "Network=internet\n", "Lan", "false");
  check ("Microphone=true\n", "", "Microphone", "false");
  check ("", "Microphone=true\n", "Microphone", "false");
  check ("", "Sound=false\n", "Sound", "false");
  check ("Disposable=true\nFolders=/srv/a:a:rw;/srv/b\n", "Folders=/srv/a:a:ro;/srv/c\n", "Folders",
         "/srv/a:a:ro");
  check ("QemuArguments=-device x\n", "", "QemuArguments", "");
  check ("Interfaces=lan0 internet;lan1 internet\n", "Interfaces=lan1 internet\n", "Interfaces",
         "lan1 internet");
}

/* Whatever keys there will be: none that weakens is wider than the asker's. */
static void
test_every_key (void)
{
  gsize n;
  const BhKey *keys = bh_keys (&n);

  for (gsize i = 0; i < n; i++)
    {
      const char *other = keys[i].type == BH_KEY_BOOL   ? "true"
                          : keys[i].type == BH_KEY_ENUM ? keys[i].choices[1]
                                                        : NULL;
      g_autofree char *lines = g_strdup_printf ("%s=%s\n", keys[i].name, other);

      if (keys[i].weakens && other)
        check (lines, "", keys[i].name, keys[i].fallback);
    }
}

static void
test_a_definition_with_a_mistake (void)
{
  const char text[] = "[AppVM]\nName=work\nNetwork=everything\n";
  g_autoptr (BhVmConfig) definition = bh_vm_config_parse ("work.vm", "work", text, strlen (text));
  g_autoptr (GError) error = NULL;

  g_assert_null (bh_disposable_config (definition, definition, "work--1", "work (1)", &error));
  g_assert_nonnull (error);
}

static void
test_ids (void)
{
  static const char *const none[] = { "work", "work-1", "--1",     "work--",   "work--0",
                                      "work--100", "work--1x", "work--+1", "Work--1" };
  g_autofree char *one = bh_disposable_make_id ("work", 1);
  g_autofree char *longest = bh_disposable_make_id ("a123456789b123456789c123456789d1", 99);

  g_assert_cmpstr (one, ==, "work--1");
  g_assert_cmpuint (bh_disposable_get_number (one), ==, 1);
  g_assert_true (bh_disposable_is_id (longest));
  g_assert_cmpuint (strlen (longest), ==, BH_VM_ID_MAX);
  for (gsize i = 0; i < G_N_ELEMENTS (none); i++)
    g_assert_false (bh_disposable_is_id (none[i]));
}

static void
test_files (void)
{
  g_autoptr (BhVmConfig) made = config ("work--1", "");
  g_autoptr (BhVmConfig) again = NULL;
  g_autoptr (GHashTable) list = NULL;
  g_autoptr (GHashTable) after = NULL;
  g_autofree char *folder =
      g_build_filename (g_get_user_runtime_dir (), "bulkhead", ".disposables", NULL);

  g_assert_true (bh_disposable_remember (made, "work", NULL));
  list = bh_disposable_list ();
  g_assert_cmpuint (g_hash_table_size (list), ==, 1);
  g_assert_cmpstr (g_hash_table_lookup (list, "work--1"), ==, "work");
  again = bh_disposable_load ("work--1", "work");
  g_assert_true (bh_vm_config_equal (made, again));
  bh_disposable_forget ("work--1");
  after = bh_disposable_list ();
  g_assert_cmpuint (g_hash_table_size (after), ==, 0);
  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS));
}

int
main (int argc, char **argv)
{
  g_autofree char *runtime = g_dir_make_tmp ("bh-XXXXXX", NULL);
  g_autofree char *folder = g_build_filename (runtime, "bulkhead", NULL);
  int failed;

  g_assert_true (g_setenv ("XDG_RUNTIME_DIR", runtime, TRUE));
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/disposable/definition", test_definition);
  g_test_add_func ("/disposable/asker", test_asker);
  g_test_add_func ("/disposable/every-key", test_every_key);
  g_test_add_func ("/disposable/mistake", test_a_definition_with_a_mistake);
  g_test_add_func ("/disposable/ids", test_ids);
  g_test_add_func ("/disposable/files", test_files);
  failed = g_test_run ();
  g_rmdir (folder);
  g_rmdir (runtime);
  return failed;
}
