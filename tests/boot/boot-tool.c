/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The functions of the service that boot guests, one by one, for tests in Python.
 *
 * On success the result goes to stdout, one line per value; on failure the error's D-Bus name and
 * message go to stderr, and the exit code is 10 + the BhError. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bh-accel.h"
#include "bh-domain-xml.h"
#include "bh-error.h"
#include "bh-initramfs.h"
#include "bh-kernel.h"
#include "bh-template.h"
#include "bh-vmlinux.h"

static int
give_up (const GError *error)
{
  g_autofree char *name = g_dbus_error_encode_gerror (error);

  g_printerr ("%s: %s\n", name, error->message);
  return error->domain == BH_ERROR ? 10 + error->code : 1;
}

/* @error by reference: it is not set yet when the arguments are read. */
static int
answer (char *text, GError *const *error)
{
  if (text == NULL)
    return give_up (*error);
  g_print ("%s\n", text);
  g_free (text);
  return 0;
}

static int
do_kernel (BhKernel **kernel)
{
  g_autoptr (GError) error = NULL;

  *kernel = bh_kernel_find (NULL, &error);
  return *kernel ? 0 : give_up (error);
}

/* KEY=VALUE…, keys as in BhDomainSpec. */
static int
do_xml (char **words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GHashTable) table = g_hash_table_new (g_str_hash, g_str_equal);
  g_auto (GStrv) arguments = NULL;
  BhDomainSpec spec = { 0 };

  for (; *words; words++)
    {
      char *equal = strchr (*words, '=');

      if (equal == NULL)
        return 2;
      *equal = '\0';
      g_hash_table_insert (table, *words, equal + 1);
    }
#define TEXT(name) spec.name = g_hash_table_lookup (table, #name)
#define NUMBER(name) spec.name = atoi (g_hash_table_lookup (table, #name) ?: "0")
  TEXT (id);
  TEXT (uuid);
  TEXT (kernel);
  TEXT (initramfs);
  TEXT (seed);
  TEXT (runtime_dir);
  TEXT (log_file);
  TEXT (emulator);
  TEXT (qemu);
  NUMBER (kvm);
  NUMBER (memory_mib);
  NUMBER (cpus);
  NUMBER (region_mib);
  NUMBER (nics);
  NUMBER (opt);
  NUMBER (debug);
  NUMBER (log_level);
  TEXT (parameters);
  if (g_hash_table_contains (table, "arguments"))
    arguments = g_strsplit (g_hash_table_lookup (table, "arguments"), "|", -1);
  spec.arguments = (const char *const *) arguments;
  return answer (bh_domain_xml_new (&spec, &error), &error);
}

int
main (int argc, char **argv)
{
  const char *command = argc > 1 ? argv[1] : "";
  g_autoptr (GError) error = NULL;
  g_autoptr (BhKernel) kernel = NULL;
  int code;

  if (g_str_equal (command, "kernel"))
    {
      if (argc > 2)
        code = (kernel = bh_kernel_open (argv[2], argc > 3, NULL, &error)) ? 0 : give_up (error);
      else
        code = do_kernel (&kernel);
      if (code == 0)
        g_print ("%s\n%s\n%s\n", kernel->release, kernel->image, kernel->modules_dir);
      return code;
    }
  if (g_str_equal (command, "extract") && argc == 4)
    return bh_vmlinux_extract (argv[2], argv[3], NULL, &error) ? 0 : give_up (error);
  if (g_str_equal (command, "initramfs"))
    return (code = do_kernel (&kernel))
               ? code
               : answer (bh_initramfs_ensure (kernel, NULL, &error), &error);
  if (g_str_equal (command, "seed"))
    return answer (bh_template_ensure_host (NULL, &error), &error);
  if (g_str_equal (command, "qemu"))
    return answer (bh_emulator_find_qemu (&error), &error);
  if (g_str_equal (command, "emulator") && argc == 3)
    return answer (bh_emulator_ensure (argv[2], &error), &error);
  if (g_str_equal (command, "xml"))
    return do_xml (argv + 2);
  if (g_str_equal (command, "accel"))
    {
      g_autofree char *initramfs = NULL;

      if ((code = do_kernel (&kernel)) != 0)
        return code;
      initramfs = bh_initramfs_ensure (kernel, NULL, &error);
      if (initramfs == NULL)
        return give_up (error);
      g_print ("%s\n", bh_accel_kvm_usable (kernel, initramfs, NULL) ? "kvm" : "tcg");
      return 0;
    }
  g_printerr ("usage: boot-tool kernel [FILE [any]]|extract IMAGE OUT|initramfs|seed|qemu|emulator QEMU|"
              "xml KEY=VALUE…|accel\n");
  return 2;
}
