/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The kernel that guests boot: one of this computer's own, unpacked once into the cache.
 *
 * A kernel is usable when it can be read and its modules hold what a guest cannot do without.
 * Images made for clouds lack 9p, so the newest kernel is not always it. */
#include "config.h"

#include "bh-kernel.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bh-cache-file.h"
#include "bh-error.h"
#include "bh-paths.h"
#include "bh-vmlinux.h"

#define KEEP_KERNELS 3

static const char *const needed_modules[] = { "virtio_pci", "virtio_console", "9p",
                                              "9pnet_virtio" };

typedef struct
{
  char *release, *file, *modules_dir;
  gboolean running;
} Candidate;

static void
candidate_free (gpointer data)
{
  Candidate *candidate = data;

  g_free (candidate->release);
  g_free (candidate->file);
  g_free (candidate->modules_dir);
  g_free (candidate);
}

/* The running kernel first, then the newest. */
static gint
compare_candidates (gconstpointer a, gconstpointer b)
{
  const Candidate *first = *(const Candidate *const *) a, *second = *(const Candidate *const *) b;

  if (first->running != second->running)
    return first->running ? -1 : 1;
  return strverscmp (second->release, first->release);
}

static char *
find_modules_dir (const char *release, const char *test_dir)
{
  g_autofree char *dir = NULL;

  if (test_dir)
    {
      dir = g_build_filename (test_dir, "modules", release, NULL);
      if (g_file_test (dir, G_FILE_TEST_IS_DIR))
        return g_steal_pointer (&dir);
      g_free (dir);
    }
  dir = g_build_filename ("/usr/lib/modules", release, NULL);
  if (g_file_test (dir, G_FILE_TEST_IS_DIR))
    return g_steal_pointer (&dir);
  return g_build_filename ("/lib/modules", release, NULL);
}

static void
add_candidate (GPtrArray *candidates, const char *release, char *file, const char *test_dir)
{
  struct utsname self;
  Candidate *candidate;

  for (guint i = 0; i < candidates->len; i++)
    if (g_str_equal (((Candidate *) g_ptr_array_index (candidates, i))->release, release))
      {
        g_free (file);
        return;
      }
  candidate = g_new0 (Candidate, 1);
  candidate->release = g_strdup (release);
  candidate->file = file;
  candidate->modules_dir = find_modules_dir (release, test_dir);
  candidate->running =
      test_dir == NULL && uname (&self) == 0 && g_str_equal (self.release, release);
  g_ptr_array_add (candidates, candidate);
}

/* Debian, Ubuntu and SUSE have vmlinuz-RELEASE in /boot; Fedora and Arch have a vmlinuz among the
 * modules, and Fedora's copy in /boot may be unreadable, so that one goes first. */
static GPtrArray *
list_candidates (void)
{
  GPtrArray *candidates = g_ptr_array_new_with_free_func (candidate_free);
  const char *test_dir = g_getenv ("BULKHEAD_KERNEL_DIR");
  const char *boot = test_dir ? test_dir : "/boot", *name;
  g_autoptr (GDir) modules = test_dir ? NULL : g_dir_open ("/usr/lib/modules", 0, NULL);
  g_autoptr (GDir) images = g_dir_open (boot, 0, NULL);

  while (modules && (name = g_dir_read_name (modules)) != NULL)
    {
      g_autofree char *file = g_build_filename ("/usr/lib/modules", name, "vmlinuz", NULL);

      if (g_file_test (file, G_FILE_TEST_IS_REGULAR))
        add_candidate (candidates, name, g_steal_pointer (&file), test_dir);
    }
  while (images && (name = g_dir_read_name (images)) != NULL)
    {
      g_autofree char *file = g_build_filename (boot, name, NULL);

      if (g_str_has_prefix (name, "vmlinuz-") && name[8]
          && g_file_test (file, G_FILE_TEST_IS_REGULAR))
        add_candidate (candidates, name + 8, g_steal_pointer (&file), test_dir);
    }
  g_ptr_array_sort (candidates, compare_candidates);
  return candidates;
}

/* Whether a line of @list is about NAME.ko, packed or not; "_" and "-" are the same in module
 * names. */
static gboolean
lists_module (const char *list, const char *module)
{
  g_autofree char *plain = g_strdup_printf ("/%s.ko", module);
  g_autofree char *dashed = g_strdelimit (g_strdup (plain), "_", '-');

  return list && (strstr (list, plain) || strstr (list, dashed));
}

static const char *
find_missing_module (const char *modules_dir)
{
  g_autofree char *loadable_file = g_build_filename (modules_dir, "modules.dep", NULL);
  g_autofree char *builtin_file = g_build_filename (modules_dir, "modules.builtin", NULL);
  g_autofree char *loadable = NULL, *builtin = NULL;

  g_file_get_contents (loadable_file, &loadable, NULL, NULL);
  g_file_get_contents (builtin_file, &builtin, NULL, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (needed_modules); i++)
    if (!lists_module (loadable, needed_modules[i]) && !lists_module (builtin, needed_modules[i]))
      return needed_modules[i];
  return NULL;
}

/* What to install, in the words of this distribution. */
static const char *
kernel_package (void)
{
  g_autofree char *id = g_get_os_info (G_OS_INFO_KEY_ID);
  g_autofree char *like = g_get_os_info ("ID_LIKE");
  g_autofree char *all = g_strdup_printf (" %s %s ", id ? id : "", like ? like : "");
  static const struct
  {
    const char *id, *package;
  } packages[] = { { " ubuntu ", "linux-image-generic" },
                   { " debian ", "linux-image-amd64" },
                   { " fedora ", "kernel-core and kernel-modules" },
                   { " rhel ", "kernel-core and kernel-modules" },
                   { " suse ", "kernel-default" },
                   { " arch ", "linux" } };

  for (gsize i = 0; i < G_N_ELEMENTS (packages); i++)
    if (strstr (all, packages[i].id))
      return packages[i].package;
  return "with your distribution's standard kernel";
}

static char *
make_cache_path (const Candidate *candidate, const char *dir)
{
  g_autofree char *sum = NULL, *what = NULL, *name = NULL;
  struct stat st = { 0 };

  if (stat (candidate->file, &st) != 0)
    return NULL;
  what = g_strdup_printf ("%s %lld %lld.%09ld", candidate->file, (long long) st.st_size,
                          (long long) st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
  sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, what, -1);
  name = g_strdup_printf ("%s-%.16s.vmlinux", candidate->release, sum);
  return g_build_filename (dir, name, NULL);
}

static BhKernel *
kernel_new (const Candidate *candidate, const char *image)
{
  BhKernel *kernel = g_new0 (BhKernel, 1);

  kernel->release = g_strdup (candidate->release);
  kernel->image = g_strdup (image);
  kernel->modules_dir = g_strdup (candidate->modules_dir);
  return kernel;
}

static BhKernel *
unpack (const Candidate *candidate, GCancellable *cancellable, GError **error)
{
  g_autofree char *dir = bh_paths_cache_dir ("kernels");
  g_autofree char *path = make_cache_path (candidate, dir);
  g_autoptr (GError) failed = NULL;
  BhKernel *kernel = NULL;
  int lock;

  if (path && bh_cache_file_valid (path))
    return kernel_new (candidate, path);
  if (path == NULL)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "%s is gone", candidate->file);
      return NULL;
    }
  lock = bh_cache_lock (dir, error);
  if (lock < 0)
    return NULL;
  if (bh_cache_file_valid (path)
      || bh_vmlinux_extract (candidate->file, path, cancellable, &failed))
    {
      kernel = kernel_new (candidate, path);
      bh_cache_prune (dir, ".vmlinux", KEEP_KERNELS);
    }
  else if (g_error_matches (failed, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    {
      g_message ("%s; guests unpack it themselves, and start more slowly", failed->message);
      kernel = kernel_new (candidate, candidate->file);
    }
  else
    g_propagate_error (error, g_steal_pointer (&failed));
  close (lock);
  return kernel;
}

/* Errors that another kernel would not help against. */
static gboolean
is_final (const GError *error)
{
  return g_error_matches (error, BH_ERROR, BH_ERROR_DISK_FULL)
         || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
set_not_found (const Candidate *unreadable, const Candidate *lacking, const GError *damaged,
               GError **error)
{
  if (unreadable)
    g_set_error (error, BH_ERROR, BH_ERROR_KERNEL_UNREADABLE,
                 "The kernel %s may be read by the administrator only. "
                 "Allow it with: sudo chmod a+r %s",
                 unreadable->file, unreadable->file);
  else if (damaged)
    g_set_error (error, BH_ERROR, BH_ERROR_NO_KERNEL, "%s. Install the package %s again.",
                 damaged->message, kernel_package ());
  else if (lacking)
    g_set_error (error, BH_ERROR, BH_ERROR_NO_KERNEL,
                 "The kernel %s lacks the module %s. Install the package %s.", lacking->release,
                 find_missing_module (lacking->modules_dir), kernel_package ());
  else
    g_set_error (error, BH_ERROR, BH_ERROR_NO_KERNEL,
                 "There is no Linux kernel in %s for guests to start. Install the package %s.",
                 g_getenv ("BULKHEAD_KERNEL_DIR") ? g_getenv ("BULKHEAD_KERNEL_DIR") : "/boot",
                 kernel_package ());
}

BhKernel *
bh_kernel_find (GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) candidates = list_candidates ();
  g_autoptr (GError) damaged = NULL;
  const Candidate *unreadable = NULL, *lacking = NULL;

  for (guint i = 0; i < candidates->len; i++)
    {
      const Candidate *candidate = g_ptr_array_index (candidates, i);
      g_autoptr (GError) failed = NULL;
      BhKernel *kernel;

      if (find_missing_module (candidate->modules_dir))
        {
          lacking = lacking ? lacking : candidate;
          continue;
        }
      if (access (candidate->file, R_OK) != 0)
        {
          unreadable = unreadable ? unreadable : candidate;
          continue;
        }
      kernel = unpack (candidate, cancellable, &failed);
      if (kernel)
        return kernel;
      if (g_error_matches (failed, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        {
          g_set_error_literal (error, BH_ERROR, BH_ERROR_CANCELLED, "Cancelled");
          return NULL;
        }
      if (is_final (failed))
        {
          g_propagate_error (error, g_steal_pointer (&failed));
          return NULL;
        }
      g_message ("%s", failed->message);
      if (damaged == NULL)
        damaged = g_steal_pointer (&failed);
    }
  set_not_found (unreadable, lacking, damaged, error);
  return NULL;
}

/* As "uname -r" would say it; NULL when @file is no kernel for PCs that says so. */
static char *
read_release (const char *file, GError **error)
{
  static const char mark[] = "Linux version ";
  g_autoptr (GMappedFile) map = g_mapped_file_new (file, FALSE, error);
  const char *data, *text = NULL;
  gsize size, at, length = 0;

  if (map == NULL)
    return NULL;
  data = g_mapped_file_get_contents (map);
  size = g_mapped_file_get_length (map);
  /* Documentation/arch/x86/boot.rst: "HdrS" at 0x202, the version's place less 0x200 at 0x20e. */
  if (size > 0x1000 && memcmp (data + 0x202, "HdrS", 4) == 0)
    {
      at = 0x200 + ((guchar) data[0x20e] | (gsize) (guchar) data[0x20f] << 8);
      text = at < size ? data + at : NULL;
    }
  else if (size > 4 && memcmp (data, "\177ELF", 4) == 0
           && (text = memmem (data, size, mark, sizeof mark - 1)) != NULL)
    text += sizeof mark - 1;
  while (text && text + length < data + size && length < 65 && g_ascii_isgraph (text[length])
         && text[length] != '/')
    length++;
  if (length > 0 && length < 65)
    return g_strndup (text, length);
  g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT, "%s is not a Linux kernel for PCs", file);
  return NULL;
}

BhKernel *
bh_kernel_open (const char *file, gboolean any_modules, GCancellable *cancellable, GError **error)
{
  g_autofree char *release = NULL;
  g_autofree char *modules_dir = NULL;
  g_autoptr (GError) failed = NULL;
  Candidate candidate;
  BhKernel *kernel = NULL;

  if ((release = read_release (file, &failed)) != NULL)
    {
      modules_dir = find_modules_dir (release, g_getenv ("BULKHEAD_KERNEL_DIR"));
      candidate = (Candidate){ release, (char *) file, modules_dir, FALSE };
      if (!any_modules && find_missing_module (modules_dir))
        g_set_error (&failed, BH_ERROR, BH_ERROR_NO_KERNEL,
                     "The kernel %s lacks the module %s in %s. Install its modules there, or choose "
                     "another kernel.",
                     file, find_missing_module (modules_dir), modules_dir);
      else
        kernel = unpack (&candidate, cancellable, &failed);
    }
  if (kernel)
    return kernel;
  if (g_error_matches (failed, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_set_error_literal (error, BH_ERROR, BH_ERROR_CANCELLED, "Cancelled");
  else if (failed->domain == BH_ERROR)
    g_propagate_error (error, g_steal_pointer (&failed));
  else
    g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
                 "The kernel %s cannot be used: %s. Choose another, or none.", file,
                 failed->message);
  return NULL;
}

void
bh_kernel_free (BhKernel *kernel)
{
  if (kernel == NULL)
    return;
  g_free (kernel->release);
  g_free (kernel->image);
  g_free (kernel->modules_dir);
  g_free (kernel);
}
