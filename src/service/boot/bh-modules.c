/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Kernel modules of guests, found through libkmod. Each costs some 15 ms of an emulated start, so
 * only what is needed before /usr is there; the rest the guest's kernel loads from
 * /usr/lib/modules. */
#include "config.h"

#include "bh-modules.h"

#include <archive.h>
#include <libkmod.h>
#include <string.h>

#include "bh-error.h"

#define MAX_MODULE (64u << 20)
#define MAX_DEPTH 16

/* virtio_balloon gives freed memory back to this computer. The virtio-rng device has no module
 * here: its entropy would come a second later than the seed in configure. */
static const char *const wanted[] = { "virtio_pci", "virtio_console", "9p", "9pnet_virtio",
                                      "virtio_balloon", "virtio_net", "virtio_blk", "squashfs",
                                      "ext4" };

typedef struct
{
  struct kmod_ctx *ctx;
  GPtrArray *paths;
  GHashTable *seen; /* names */
} Search;

static gboolean add_module (Search *search, struct kmod_module *module, guint depth,
                            GError **error);

static gboolean
add_named (Search *search, const char *name, gboolean optional, guint depth, GError **error)
{
  struct kmod_list *list = NULL, *item;
  gboolean ok = TRUE;

  if (kmod_module_new_from_lookup (search->ctx, name, &list) < 0 || list == NULL)
    {
      if (optional)
        return TRUE;
      g_set_error (error, BH_ERROR, BH_ERROR_NO_KERNEL,
                   "The kernel's modules in %s lack %s, which guests need",
                   kmod_get_dirname (search->ctx), name);
      return FALSE;
    }
  kmod_list_foreach (item, list)
  {
    struct kmod_module *module = kmod_module_get_module (item);

    ok = ok && add_module (search, module, depth, error);
    kmod_module_unref (module);
  }
  kmod_module_unref_list (list);
  return ok;
}

/* "softdep=pre: a b post: c": libcrc32c, for one, fails without crc32c_generic loaded before it. */
static gboolean
add_soft_dependencies (Search *search, struct kmod_module *module, guint depth, GError **error)
{
  struct kmod_list *info = NULL, *item;
  gboolean ok = TRUE;

  if (kmod_module_get_info (module, &info) < 0)
    return TRUE;
  kmod_list_foreach (item, info)
  {
    g_auto (GStrv) words = NULL;
    gboolean before = FALSE;

    if (g_strcmp0 (kmod_module_info_get_key (item), "softdep") != 0)
      continue;
    words = g_strsplit_set (kmod_module_info_get_value (item), " \t", -1);
    for (guint i = 0; words[i] && ok; i++)
      if (g_str_equal (words[i], "pre:"))
        before = TRUE;
      else if (g_str_equal (words[i], "post:"))
        before = FALSE;
      else if (before && words[i][0])
        ok = add_named (search, words[i], TRUE, depth + 1, error);
  }
  kmod_module_info_free_list (info);
  return ok;
}

static gboolean
add_module (Search *search, struct kmod_module *module, guint depth, GError **error)
{
  const char *path = kmod_module_get_path (module);
  struct kmod_list *dependencies, *item;
  gboolean ok;

  if (path == NULL /* built in */
      || !g_hash_table_add (search->seen, g_strdup (kmod_module_get_name (module))))
    return TRUE;
  if (depth > MAX_DEPTH)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "The kernel's modules depend on each other");
      return FALSE;
    }
  dependencies = kmod_module_get_dependencies (module);
  ok = add_soft_dependencies (search, module, depth, error);
  kmod_list_foreach (item, dependencies)
  {
    struct kmod_module *dependency = kmod_module_get_module (item);

    ok = ok && add_module (search, dependency, depth + 1, error);
    kmod_module_unref (dependency);
  }
  kmod_module_unref_list (dependencies);
  if (ok)
    g_ptr_array_add (search->paths, g_strdup (path));
  return ok;
}

GPtrArray *
bh_modules_list (const char *release, const char *dir, GError **error)
{
  const char *no_config[] = { NULL };
  Search search = { .ctx = kmod_new (dir, no_config) };
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  gboolean ok = TRUE;

  if (search.ctx == NULL)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "Cannot read the modules of kernel %s in %s",
                   release, dir);
      return NULL;
    }
  kmod_set_log_priority (search.ctx, 0);
  search.paths = paths;
  search.seen = seen;
  for (guint i = 0; i < G_N_ELEMENTS (wanted) && ok; i++)
    ok = add_named (&search, wanted[i], g_str_equal (wanted[i], "virtio_balloon")
                                          || g_str_equal (wanted[i], "virtio_net"), 0, error);
  kmod_unref (search.ctx);
  return ok ? g_steal_pointer (&paths) : NULL;
}

static gboolean
unpack (struct archive *archive, GByteArray *out)
{
  struct archive_entry *entry;
  guint8 buffer[65536];
  la_ssize_t n;

  if (archive_read_next_header (archive, &entry) != ARCHIVE_OK)
    return FALSE;
  while ((n = archive_read_data (archive, buffer, sizeof buffer)) > 0)
    {
      if (out->len + n > MAX_MODULE)
        return FALSE;
      g_byte_array_append (out, buffer, n);
    }
  return n == 0;
}

GBytes *
bh_modules_read (const char *path, GError **error)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  struct archive *archive = archive_read_new ();
  gboolean ok;

  /* "raw" without a filter gives the file as it is. */
  ok = archive_read_support_format_raw (archive) == ARCHIVE_OK
       && archive_read_support_filter_xz (archive) == ARCHIVE_OK
       && archive_read_support_filter_gzip (archive) == ARCHIVE_OK
       && archive_read_support_filter_zstd (archive) == ARCHIVE_OK
       && archive_read_open_filename (archive, path, 65536) == ARCHIVE_OK && unpack (archive, out)
       && out->len > 4 && memcmp (out->data, "\177ELF", 4) == 0;
  if (!ok)
    g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "Cannot read the kernel module %s: %s", path,
                 archive_error_string (archive) ? archive_error_string (archive) : "it is damaged");
  archive_read_free (archive);
  return ok ? g_byte_array_free_to_bytes (g_steal_pointer (&out)) : NULL;
}
