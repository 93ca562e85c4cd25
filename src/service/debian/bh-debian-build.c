/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Building a Debian template, without privileges:
 *
 *   apt-get      lists and packages into our cache, as this user, signatures checked
 *   mmdebstrap   makes a system of them in a user namespace, and a tar archive of that
 *   (us)         read along (bh-debian-tar.c)
 *   sqfstar      makes the image of it
 *
 * Packages are downloaded apart from mmdebstrap so that they are kept when somebody gives up, that there
 * are per cents, and that an error of the network is known as such. The kernel is not part of it: guests
 * boot this computer's with our initramfs, whatever their /usr is, so that they thaw like others.
 *
 * One at a time of all processes of this user: they share the cache, and the disk. */
#include "config.h"

#include "bh-debian-build.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gfiledescriptorbased.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bh-debian-apt.h"
#include "bh-debian-tar.h"
#include "bh-error.h"
#include "bh-log.h"
#include "bh-paths.h"
#include "bh-text.h"

/* What every one has: fonts and icons to be legible, a session bus, time zones, what bh-sound.c of the guest
 * starts. */
#define BASE                                                                                       \
  "fonts-dejavu-core fontconfig dbus-daemon tzdata adwaita-icon-theme librsvg2-common "            \
  "pipewire wireplumber"
#define WORK_PARENT "/var/tmp"
#define WORK_PREFIX "bulkhead-build."

typedef struct
{
  BhDebianWork base;
  char *made;     /* the build in the making */
  char *packages; /* with those of the base, blanks between */
  char *locale;   /* NULL: none to be made */
  guint n_packages, n_done;
} Build;

/* Tells how far it is. */
static void
count (gpointer owner, const char *line)
{
  Build *build = owner;
  guint step = 0;

  if (g_str_has_prefix (line, "dlstatus:"))
    {
      const char *colon = strchr (line + strlen ("dlstatus:"), ':');
      guint part = colon ? (guint) g_ascii_strtod (colon + 1, NULL) : 0;

      build->n_packages = MAX (build->n_packages, (guint) atoi (line + strlen ("dlstatus:")));
      bh_debian_work_tell (&build->base, 10 + part / 4, "Downloading packages: %u %%",
                           MIN (part, 100));
      return;
    }
  if (g_str_has_prefix (line, "Unpacking ") || g_str_has_prefix (line, "Setting up "))
    {
      const char *name = line + strlen (*line == 'U' ? "Unpacking " : "Setting up ");

      build->n_done++;
      step = build->n_packages ? MIN (100 * build->n_done / (2 * build->n_packages), 100) : 0;
      bh_debian_work_tell (&build->base, 37 + step / 2, "Installing: %.*s",
                           (int) strcspn (name, " :"), name);
    }
  else if (g_str_has_prefix (line, "I: creating tarball"))
    bh_debian_work_tell (&build->base, 88, "Writing the image");
}

/* Getting ready. */

/* Programs speak this computer's language. */
static char *
find_locale (void)
{
  const char *names[] = { g_getenv ("LC_ALL"), g_getenv ("LC_MESSAGES"), g_getenv ("LANG") };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (names[i] && *names[i])
      {
        gboolean good = strspn (names[i], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                          "0123456789_.@-")
                            == strlen (names[i])
                        && strlen (names[i]) < 64;
        gboolean built_in = g_str_has_prefix (names[i], "C") || g_str_equal (names[i], "POSIX");

        return good && !built_in && strchr (names[i], '.') ? g_strdup (names[i]) : NULL;
      }
  return NULL;
}

static gboolean
download (Build *build, GError **error)
{
  static const char *const update[] = { "apt-get", "-q", "update", NULL };
  g_auto (GStrv) names = g_strsplit (build->packages, " ", -1);
  g_autoptr (GPtrArray) install = g_ptr_array_new ();
  static const char *const head[] = {
    "apt-get",         "-q",      "-y", "-o",        "APT::Status-Fd=1",
    "--download-only", "install", "--", "?essential"
  };

  bh_debian_work_tell (&build->base, 2, "Asking the Debian archive what there is");
  if (!bh_debian_work_run_apt (&build->base, update, error))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (head); i++)
    g_ptr_array_add (install, (gpointer) head[i]);
  for (char **name = names; *name; name++)
    g_ptr_array_add (install, *name);
  g_ptr_array_add (install, NULL);
  bh_debian_work_tell (&build->base, 10, "Downloading packages");
  return bh_debian_work_run_apt (&build->base, (const char *const *) install->pdata, error);
}

/* The image. */

static char **
mmdebstrap_arguments (Build *build)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autofree char *cache = g_shell_quote (build->base.cache);
  g_autofree char *include = g_strdelimit (g_strdup (build->packages), " ", ',');
  static const char *const fixed[] = { "mmdebstrap",
                                       "--mode=unshare",
                                       "--variant=essential",
                                       "--architectures=amd64",
                                       "--format=tar",
                                       "--verbose",
                                       "--skip=update",
                                       "--skip=download/empty",
                                       "--skip=essential/unlink",
                                       "--aptopt=Acquire::Languages \"none\"",
                                       "--aptopt=APT::Install-Recommends \"false\"",
                                       "--dpkgopt=force-unsafe-io",
                                       "--dpkgopt=path-exclude=/usr/share/man/*",
                                       "--dpkgopt=path-exclude=/usr/share/info/*",
                                       "--dpkgopt=path-exclude=/usr/share/doc/*",
                                       "--dpkgopt=path-include=/usr/share/doc/*/copyright",
                                       "--dpkgopt=path-exclude=/usr/share/locale/*",
                                       "--dpkgopt=path-include=/usr/share/locale/locale.alias" };

  for (gsize i = 0; i < G_N_ELEMENTS (fixed); i++)
    g_ptr_array_add (argv, g_strdup (fixed[i]));
  g_ptr_array_add (argv, g_strdup_printf ("--aptopt=%s/options", build->base.cache));
  if (build->locale)
    {
      g_autofree char *language = g_strndup (build->locale, strcspn (build->locale, "_.@"));
      const char *charset = strchr (build->locale, '.') + 1;
      g_autofree char *plain = g_strndup (charset, strcspn (charset, "@"));

      g_ptr_array_add (argv,
                       g_strdup_printf ("--dpkgopt=path-include=/usr/share/locale/%s*", language));
      g_ptr_array_add (argv,
                       g_strdup_printf ("--customize-hook=echo '%s %s' > \"$1/etc/locale.gen\" "
                                        "&& chroot \"$1\" locale-gen",
                                        build->locale, plain));
    }
  g_ptr_array_add (argv,
                   g_strdup_printf ("--setup-hook=sync-in %s/lists /var/lib/apt/lists", cache));
  g_ptr_array_add (argv, g_strdup ("--setup-hook=mkdir -p \"$1\"/var/cache/apt/archives"));
  g_ptr_array_add (argv, g_strdup_printf ("--setup-hook=sync-in %s/archives "
                                          "/var/cache/apt/archives",
                                          cache));
  /* Where the modules of this computer's kernel come. */
  g_ptr_array_add (argv, g_strdup ("--customize-hook=mkdir -p \"$1\"/usr/lib/modules"));
  g_ptr_array_add (argv, g_strdup_printf ("--include=%s", include));
  g_ptr_array_add (argv, g_strdup (build->base.set->suite));
  g_ptr_array_add (argv, g_strdup ("-"));
  g_ptr_array_add (argv, g_strdup_printf ("%s/etc/sources.list", build->base.cache));
  g_ptr_array_add (argv, NULL);
  return (char **) g_ptr_array_steal (argv, NULL);
}

typedef struct
{
  int in, out;
  const char *dir;
  GSubprocess *writer;
  GSubprocess *source;
  GOutputStream *to;
  GError *error;
} Reading;

static gpointer
read_in_thread (gpointer data)
{
  Reading *reading = data;

  if (!bh_debian_tar_read (reading->in, reading->out, reading->dir, &reading->error))
    bh_debian_work_end (reading->source); /* nobody reads on */
  g_output_stream_close (reading->to, NULL, NULL);
  return NULL;
}

static int
fd_of (gpointer stream)
{
  return g_file_descriptor_based_get_fd (G_FILE_DESCRIPTOR_BASED (stream));
}

static gboolean
make_image (Build *build, GError **error)
{
  g_auto (GStrv) argv = mmdebstrap_arguments (build);
  g_autofree char *image = g_build_filename (build->made, "image", NULL);
  const char *const pack[] = { "sqfstar", "-comp",         "lz4",         "-no-progress",
                               image,     "var/cache/apt", "var/lib/apt", NULL };
  g_autoptr (GSubprocess) source = NULL, writer = NULL;
  Reading reading = { 0 };
  gboolean made, packed;
  GThread *thread;

  bh_debian_work_tell (&build->base, 36, "Installing");
  g_queue_clear_full (&build->base.lines, g_free);
  writer = bh_debian_work_spawn (&build->base, pack,
                                 G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE
                                     | G_SUBPROCESS_FLAGS_STDERR_PIPE,
                                 error);
  if (!writer)
    return FALSE;
  source =
      bh_debian_work_spawn (&build->base, (const char *const *) argv,
                            G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, error);
  if (!source)
    {
      bh_debian_work_end (writer);
      return FALSE;
    }
  reading = (Reading){ .in = fd_of (g_subprocess_get_stdout_pipe (source)),
                       .out = fd_of (g_subprocess_get_stdin_pipe (writer)),
                       .dir = build->made,
                       .writer = writer,
                       .source = source,
                       .to = g_subprocess_get_stdin_pipe (writer) };
  thread = g_thread_new ("bh-debian-tar", read_in_thread, &reading);
  bh_debian_work_follow (&build->base, source, g_subprocess_get_stderr_pipe (source));
  made = g_subprocess_wait_check (source, NULL, NULL);
  g_thread_join (thread);
  /* When it took no more it knows best why. */
  if (made || reading.error)
    bh_debian_work_follow (&build->base, writer, g_subprocess_get_stderr_pipe (writer));
  else
    bh_debian_work_end (writer);
  packed = g_subprocess_wait_check (writer, NULL, NULL);
  if (made && packed && !reading.error)
    return !bh_debian_work_is_cancelled (&build->base, error);
  if (!bh_debian_work_is_cancelled (&build->base, error))
    {
      g_autoptr (GError) failed = g_steal_pointer (&reading.error);

      if (failed && g_error_matches (failed, BH_ERROR, BH_ERROR_DISK_FULL))
        g_propagate_error (error, g_steal_pointer (&failed));
      else
        bh_debian_work_explain (&build->base, made ? "Writing the image" : "Installing", error);
    }
  g_clear_error (&reading.error);
  return FALSE;
}

/* Around it. */

/* Unpacked systems belong to other users of this computer, as far as it is concerned; in their namespace
 * we may remove them. */
static void
remove_work (const char *path)
{
  const char *argv[] = { "mmdebstrap", "--unshare-helper", "rm", "-rf", "--one-file-system", path,
                         NULL };
  g_autofree char *name = NULL;
  g_autoptr (GDir) dir = NULL;

  if (g_rmdir (path) == 0)
    return;
  dir = g_dir_open (path, 0, NULL);
  while (dir && (name = g_strdup (g_dir_read_name (dir))) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      argv[5] = child;
      g_spawn_sync ("/", (char **) argv, NULL,
                    G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                    NULL, NULL, NULL, NULL, NULL, NULL);
      bh_debian_remove_tree (child);
      g_clear_pointer (&name, g_free);
    }
  if (g_rmdir (path) != 0)
    g_message ("Cannot remove %s: %s", path, g_strerror (errno));
}

/* With the lock held: whatever is there belongs to nobody. */
static void
remove_leftovers (void)
{
  g_autoptr (GDir) dir = g_dir_open (WORK_PARENT, 0, NULL);
  g_autoptr (GDir) templates = NULL;
  g_autofree char *place = bh_debian_dir (NULL);
  const char *name;
  struct stat st;

  while (dir && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (WORK_PARENT, name, NULL);

      if (g_str_has_prefix (name, WORK_PREFIX) && lstat (path, &st) == 0 && S_ISDIR (st.st_mode)
          && st.st_uid == getuid ())
        remove_work (path);
    }
  templates = g_dir_open (place, 0, NULL);
  while (templates && (name = g_dir_read_name (templates)) != NULL)
    {
      g_autofree char *made = g_build_filename (place, name, "making", NULL);
      g_autofree char *folder = g_build_filename (place, name, NULL);

      if (g_file_test (made, G_FILE_TEST_IS_DIR))
        bh_debian_remove_tree (made);
      g_rmdir (folder); /* if that was all */
    }
}

static gboolean
make_folders (Build *build, GError **error)
{
  g_autofree char *dir = bh_debian_dir (build->base.set->key);

  build->base.work = g_strdup (WORK_PARENT "/" WORK_PREFIX "XXXXXX");
  build->made = g_build_filename (dir, "making", NULL);
  if (!g_mkdtemp (build->base.work))
    {
      bh_error_set_from_errno (error, errno, "Cannot make a folder in " WORK_PARENT);
      g_clear_pointer (&build->base.work, g_free);
      return FALSE;
    }
  /* The user's other numbers, in mmdebstrap's namespace, have to get through. */
  return g_chmod (build->base.work, 0711) == 0 && bh_paths_ensure (build->made, error);
}

static gboolean
build_all (Build *build, GError **error)
{
  g_autofree char *names = g_strjoinv (" ", build->base.set->packages);

  build->locale = find_locale ();
  build->packages =
      g_strconcat (BASE, build->locale ? " locales" : "", *names ? " " : "", names, NULL);
  if (!bh_debian_apt_prepare (build->base.cache, build->base.sources, "", error)
      || !make_folders (build, error) || !download (build, error) || !make_image (build, error))
    return FALSE;
  bh_debian_work_tell (&build->base, 98, "Finishing");
  return bh_debian_adopt (build->base.set, build->made, error);
}

void
bh_debian_clean (void)
{
  g_autofree char *parent = bh_paths_cache_dir ("debian");
  g_autofree char *path = g_build_filename (parent, "lock", NULL);
  int fd = open (path, O_RDWR | O_CLOEXEC);

  if (fd >= 0 && flock (fd, LOCK_EX | LOCK_NB) == 0)
    remove_leftovers ();
  if (fd >= 0)
    close (fd);
}

gboolean
bh_debian_build (const BhDebianSet *set, BhDebianProgress progress, gpointer data,
                 GCancellable *cancellable, GError **error)
{
  Build build = { .base = { .set = set,
                            .progress = progress,
                            .data = data,
                            .cancellable = cancellable,
                            .on_line = count,
                            .owner = &build } };
  g_autofree char *folder = bh_debian_dir (set->key);
  g_autoptr (GError) failed = NULL;
  gboolean good = FALSE;
  int locked = bh_debian_work_begin (&build.base, error)
                   ? bh_debian_work_lock (&build.base, TRUE, error)
                   : -1;

  if (locked >= 0)
    {
      remove_leftovers ();
      good = build_all (&build, &failed);
      if (!good)
        bh_log_line (BH_DEBIAN_LOG, "not built: %s", failed->message);
      if (build.made)
        bh_debian_remove_tree (build.made);
      if (build.base.work)
        remove_work (build.base.work);
      g_rmdir (folder); /* when there is nothing in it */
      close (locked);
      if (!good)
        {
          g_set_error_literal (error, BH_ERROR,
                               failed->domain == BH_ERROR ? failed->code : BH_ERROR_FAILED,
                               failed->message);
        }
    }
  bh_debian_work_clear (&build.base);
  g_free (build.made);
  g_free (build.packages);
  g_free (build.locale);
  return good;
}
