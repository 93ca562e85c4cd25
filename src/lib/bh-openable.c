/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a program in an AppVM can be given to open. */
#include "config.h"

#include "bh-openable.h"

#include "bh-error.h"
#include "bh-text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

static const struct
{
  const char *scheme;
  gboolean has_host;
} schemes[] = {
  { "http", TRUE },
  { "https", TRUE },
  { "mailto", FALSE },
};

/* Where files are no files, but views of the kernel and of processes. */
static const guint kernels[] = {
  PROC_SUPER_MAGIC,   SYSFS_MAGIC,         DEBUGFS_MAGIC,  TRACEFS_MAGIC, SECURITYFS_MAGIC,
  CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, EFIVARFS_MAGIC, BPF_FS_MAGIC,  PSTOREFS_MAGIC,
};

/* @fd: perhaps with O_PATH */
static gboolean
check_kind (int fd, const char *name, GError **error)
{
  struct stat st;
  struct statfs system;

  if (fstat (fd, &st) != 0 || fstatfs (fd, &system) != 0)
    return bh_error_refuse (error, BH_ERROR_NOT_FOUND, "file", name, "cannot be opened: %s",
                            g_strerror (errno));
  if (S_ISDIR (st.st_mode))
    return bh_error_refuse (error, BH_ERROR_INVALID_ARGUMENT, "file", name,
                            "is a folder. Open files in it, or share it with the AppVM");
  if (!S_ISREG (st.st_mode))
    return bh_error_refuse (error, BH_ERROR_INVALID_ARGUMENT, "file", name,
                            "is a device, pipe or socket: there is nothing in it to copy");
  for (guint i = 0; i < G_N_ELEMENTS (kernels); i++)
    if ((guint) system.f_type == kernels[i])
      return bh_error_refuse (error, BH_ERROR_INVALID_ARGUMENT, "file", name,
                              "is not on a disk, but a view of this computer's inside");
  return TRUE;
}

/* Where the link leads, for the message only. */
static gboolean
refuse_link (int fd, const char *path, GError **error)
{
  char target[4096];
  ssize_t n = readlinkat (fd, "", target, sizeof target - 1);
  g_autofree char *shown = n > 0 ? bh_text_clean (target, (gsize) n, 120) : g_strdup ("?");

  return bh_error_refuse (
      error, BH_ERROR_INVALID_ARGUMENT, "file", path,
      "is a link, which could lead to what is not meant. Open what it leads to: “%s”", shown);
}

static int
open_path (const char *path)
{
  const struct open_how how = { .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                                .resolve = RESOLVE_NO_MAGICLINKS };

  return (int) syscall (SYS_openat2, AT_FDCWD, path, &how, sizeof how);
}

static BhError
code_of (int number)
{
  return number == EACCES || number == EPERM ? BH_ERROR_NOT_AUTHORIZED : BH_ERROR_NOT_FOUND;
}

int
bh_openable_open (const char *path, GError **error)
{
  int fd = open_path (path), saved = errno, out = -1;
  g_autofree char *again = g_strdup_printf ("/proc/self/fd/%d", fd);
  struct stat st;

  if (fd < 0)
    {
      bh_error_refuse (error, code_of (saved), "file", path, "cannot be opened: %s",
                       g_strerror (saved));
      return -1;
    }
  if (fstat (fd, &st) == 0 && S_ISLNK (st.st_mode))
    refuse_link (fd, path, error);
  else if (check_kind (fd, path, error))
    {
      out = open (again, O_RDONLY | O_NOCTTY | O_CLOEXEC);
      if (out < 0)
        bh_error_refuse (error, code_of (errno), "file", path, "cannot be read: %s",
                         g_strerror (errno));
    }
  close (fd);
  return out;
}

gboolean
bh_openable_check (int fd, const char *name, GError **error)
{
  int flags = fcntl (fd, F_GETFL);
  gsize length = strlen (name);

  if (length == 0 || length > BH_OPENABLE_NAME_MAX || strchr (name, '/') || g_str_equal (name, ".")
      || g_str_equal (name, ".."))
    return bh_error_refuse (error, BH_ERROR_INVALID_ARGUMENT, "file", name,
                            "is not the name of a file: one has 1 to %d bytes and no “/”",
                            BH_OPENABLE_NAME_MAX);
  if (flags < 0 || flags & O_PATH || (flags & O_ACCMODE) == O_WRONLY)
    return bh_error_refuse (error, BH_ERROR_INVALID_ARGUMENT, "file", name,
                            "is not open for reading");
  return check_kind (fd, name, error);
}

gboolean
bh_openable_is_url (const char *text)
{
  g_autofree char *scheme = g_uri_parse_scheme (text);

  if (!scheme)
    return FALSE;
  return g_str_equal (scheme, "mailto") || g_str_has_prefix (text + strlen (scheme), "://");
}

static gssize
find_scheme (const char *scheme)
{
  for (gsize i = 0; scheme && i < G_N_ELEMENTS (schemes); i++)
    if (g_ascii_strcasecmp (scheme, schemes[i].scheme) == 0)
      return (gssize) i;
  return -1;
}

gboolean
bh_openable_scheme_is_allowed (const char *scheme)
{
  return find_scheme (scheme) >= 0;
}

gboolean
bh_openable_check_url (const char *url, GError **error)
{
  g_autofree char *scheme = g_uri_parse_scheme (url);
  g_autofree char *clean = bh_text_clean (url, strlen (url), BH_OPENABLE_URL_MAX);
  g_autoptr (GUri) uri = NULL;
  gssize i = find_scheme (scheme);
  const char *host;

  if (i < 0)
    return bh_error_refuse (error, BH_ERROR_INVALID_ARGUMENT, "address", url,
                            "cannot be opened in an AppVM: those that can begin with “http://”, "
                            "“https://” or “mailto:”");
  if (strlen (url) > BH_OPENABLE_URL_MAX)
    return bh_error_refuse (error, BH_ERROR_INVALID_ARGUMENT, "address", url,
                            "is longer than %d bytes", BH_OPENABLE_URL_MAX);
  uri = !g_str_equal (clean, url) || strchr (url, ' ')
            ? NULL
            : g_uri_parse (url, G_URI_FLAGS_ENCODED, NULL);
  host = uri ? g_uri_get_host (uri) : NULL;
  if (!uri || (schemes[i].has_host && (!host || !*host)))
    return bh_error_refuse (error, BH_ERROR_INVALID_ARGUMENT, "address", url,
                            "is not written as an address is");
  return TRUE;
}
