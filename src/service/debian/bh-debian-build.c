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
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bh-debian-apt.h"
#include "bh-debian-sources.h"
#include "bh-debian-tar.h"
#include "bh-error.h"
#include "bh-log.h"
#include "bh-paths.h"
#include "bh-text.h"

/* What every one has: fonts and icons to be legible, a session bus, time zones, what bh-sound.c of the guest
 * starts. */
#define BASE "fonts-dejavu-core fontconfig dbus-daemon tzdata adwaita-icon-theme librsvg2-common " \
  "pipewire wireplumber"
#define WORK_PARENT "/var/tmp"
#define WORK_PREFIX "bulkhead-build."
#define END_SECONDS 20
#define KEEP_LINES 40

typedef struct
{
  const BhDebianSet *set;
  BhDebianProgress progress;
  gpointer data;
  GCancellable *cancellable;
  BhDebianSources *sources;
  char *cache;    /* apt's folders */
  char *work;     /* where mmdebstrap unpacks */
  char *made;     /* the build in the making */
  char *packages; /* with those of the base, blanks between */
  char *locale;   /* NULL: none to be made */
  guint percent;
  guint n_packages, n_done;
  GQueue lines; /* the last ones that a tool said */
} Build;

static void
tell (Build *build, guint percent, const char *format, ...) G_GNUC_PRINTF (3, 4);

static void
tell (Build *build, guint percent, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  build->percent = MAX (build->percent, MIN (percent, 100));
  build->progress (build->percent, text, build->data);
}

static gboolean
is_cancelled (Build *build, GError **error)
{
  if (!g_cancellable_is_cancelled (build->cancellable))
    return FALSE;
  g_clear_error (error);
  g_set_error_literal (error, BH_ERROR, BH_ERROR_CANCELLED, "Cancelled");
  return TRUE;
}

/* Errors of the tools. */

static const char *
find_line (Build *build, const char *const *words)
{
  for (GList *l = build->lines.tail; l; l = l->prev)
    for (const char *const *word = words; *word; word++)
      if (strstr (l->data, *word))
        return l->data;
  return NULL;
}

/* What a tool's last words mean, and what can be done. */
static void
explain (Build *build, const char *doing, GError **error)
{
  static const char *const full[] = { "No space left on device", "not enough free space",
                                      "Disk quota exceeded", NULL };
  static const char *const absent[] = { "Unable to locate package", "has no installation candidate",
                                        NULL };
  static const char *const unsigned_[] = { "is not signed",   "NO_PUBKEY",    "BADSIG",
                                           "GPG error",       "OpenPGP signature",
                                           "is no longer signed", "Hash Sum mismatch", NULL };
  static const char *const away[] = { "Could not connect", "Could not resolve", "Temporary failure",
                                      "Failed to fetch",   "Unable to connect", "Connection timed out",
                                      NULL };
  static const char *const any[] = { "E: ", "FATAL ERROR", NULL };
  const char *archive = build->sources->archive, *line;

  if ((line = find_line (build, full)))
    g_set_error (error, BH_ERROR, BH_ERROR_DISK_FULL,
                 "The disk is full (%s). Make room and build it again; what was downloaded is kept.",
                 line);
  else if ((line = find_line (build, absent)))
    g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND,
                 "A package is not in Debian %s (%s). Check its name at packages.debian.org.",
                 build->set->suite, line);
  else if ((line = find_line (build, unsigned_)))
    g_set_error (error, BH_ERROR, BH_ERROR_FAILED,
                 "What %s gave is not signed by Debian, so nothing of it was used (%s). Try again later, or "
                 "use another archive.",
                 archive, line);
  else if ((line = find_line (build, away)))
    g_set_error (error, BH_ERROR, BH_ERROR_FAILED,
                 "The Debian archive %s could not be reached (%s). Check the network and try again.",
                 archive, line);
  else
    {
      line = find_line (build, any);
      g_set_error (error, BH_ERROR, BH_ERROR_FAILED,
                   "%s failed: %s. The whole output is in the log %s.log.", doing,
                   line ? line : "it said nothing", BH_DEBIAN_LOG);
    }
}

/* Running them. */

static void
lead_group (gpointer data)
{
  setpgid (0, 0);
}

static GSubprocess *
spawn (Build *build, const char *const *argv, GSubprocessFlags flags, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (flags);
  g_autofree char *config = g_build_filename (build->cache, "apt.conf", NULL);
  g_autofree char *line = g_strjoinv (" ", (char **) argv);
  gboolean apt = g_str_has_prefix (argv[0], "apt");

  bh_log_line (BH_DEBIAN_LOG, "%s", line);
  g_subprocess_launcher_setenv (launcher, "LC_ALL", "C", TRUE);
  g_subprocess_launcher_setenv (launcher, "DEBIAN_FRONTEND", "noninteractive", TRUE);
  g_subprocess_launcher_setenv (launcher, "TMPDIR", build->work, TRUE);
  if (apt)
    g_subprocess_launcher_setenv (launcher, "APT_CONFIG", config, TRUE);
  else
    g_subprocess_launcher_unsetenv (launcher, "APT_CONFIG");
  g_subprocess_launcher_set_cwd (launcher, "/");
  g_subprocess_launcher_set_child_setup (launcher, lead_group, NULL, NULL);
  return g_subprocess_launcher_spawnv (launcher, argv, error);
}

/* First as a request: mmdebstrap takes away what it has unpacked, which only it may. */
static void
end (GSubprocess *process)
{
  const char *id = g_subprocess_get_identifier (process);
  pid_t pid = id ? (pid_t) atoi (id) : 0;
  gint64 until = g_get_monotonic_time () + END_SECONDS * G_USEC_PER_SEC;

  if (pid <= 0)
    return;
  kill (pid, SIGTERM);
  while ((id = g_subprocess_get_identifier (process)) != NULL && g_get_monotonic_time () < until)
    g_usleep (20000);
  if (id)
    kill (-pid, SIGKILL);
}

static void
count (Build *build, const char *line)
{
  guint step = 0;

  if (g_str_has_prefix (line, "dlstatus:"))
    {
      const char *colon = strchr (line + strlen ("dlstatus:"), ':');
      guint part = colon ? (guint) g_ascii_strtod (colon + 1, NULL) : 0;

      build->n_packages = MAX (build->n_packages, (guint) atoi (line + strlen ("dlstatus:")));
      tell (build, 10 + part / 4, "Downloading packages: %u %%", MIN (part, 100));
      return;
    }
  if (g_str_has_prefix (line, "Unpacking ") || g_str_has_prefix (line, "Setting up "))
    {
      const char *name = line + strlen (*line == 'U' ? "Unpacking " : "Setting up ");

      build->n_done++;
      step = build->n_packages ? MIN (100 * build->n_done / (2 * build->n_packages), 100) : 0;
      tell (build, 37 + step / 2, "Installing: %.*s", (int) strcspn (name, " :"), name);
    }
  else if (g_str_has_prefix (line, "I: creating tarball"))
    tell (build, 88, "Writing the image");
}

/* Until its output ends, or somebody gives up. */
static void
follow (Build *build, GSubprocess *process, GInputStream *from)
{
  g_autoptr (GDataInputStream) lines = g_data_input_stream_new (from);

  g_data_input_stream_set_newline_type (lines, G_DATA_STREAM_NEWLINE_TYPE_LF);
  for (;;)
    {
      gsize length = 0;
      g_autoptr (GError) failed = NULL;
      g_autofree char *line =
          g_data_input_stream_read_line (lines, &length, build->cancellable, &failed);
      char *clean;

      if (!line)
        break;
      clean = bh_text_clean (line, length, 300);
      count (build, clean);
      if (!g_str_has_prefix (clean, "dlstatus:"))
        bh_log_line (BH_DEBIAN_LOG, "%s", clean);
      g_queue_push_tail (&build->lines, clean);
      if (build->lines.length > KEEP_LINES)
        g_free (g_queue_pop_head (&build->lines));
    }
  if (g_cancellable_is_cancelled (build->cancellable))
    end (process);
}

static gboolean
run_apt (Build *build, const char *const *argv, GError **error)
{
  g_autoptr (GSubprocess) process = NULL;

  g_queue_clear_full (&build->lines, g_free);
  process =
      spawn (build, argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE, error);
  if (!process)
    return FALSE;
  follow (build, process, g_subprocess_get_stdout_pipe (process));
  if (g_subprocess_wait_check (process, NULL, NULL))
    return !is_cancelled (build, error);
  if (!is_cancelled (build, error))
    explain (build, argv[0], error);
  return FALSE;
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
  static const char *const head[] = { "apt-get",         "-q", "-y", "-o", "APT::Status-Fd=1",
                                      "--download-only", "install", "--", "?essential" };

  tell (build, 2, "Asking the Debian archive what there is");
  if (!run_apt (build, update, error))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (head); i++)
    g_ptr_array_add (install, (gpointer) head[i]);
  for (char **name = names; *name; name++)
    g_ptr_array_add (install, *name);
  g_ptr_array_add (install, NULL);
  tell (build, 10, "Downloading packages");
  return run_apt (build, (const char *const *) install->pdata, error);
}

/* The image. */

static char **
mmdebstrap_arguments (Build *build)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autofree char *cache = g_shell_quote (build->cache);
  g_autofree char *include = g_strdelimit (g_strdup (build->packages), " ", ',');
  static const char *const fixed[] = {
    "mmdebstrap", "--mode=unshare", "--variant=essential", "--architectures=amd64", "--format=tar",
    "--verbose", "--skip=update", "--skip=download/empty", "--skip=essential/unlink",
    "--aptopt=Acquire::Languages \"none\"", "--aptopt=APT::Install-Recommends \"false\"",
    "--dpkgopt=force-unsafe-io", "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/info/*", "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-include=/usr/share/doc/*/copyright", "--dpkgopt=path-exclude=/usr/share/locale/*",
    "--dpkgopt=path-include=/usr/share/locale/locale.alias"
  };

  for (gsize i = 0; i < G_N_ELEMENTS (fixed); i++)
    g_ptr_array_add (argv, g_strdup (fixed[i]));
  g_ptr_array_add (argv, g_strdup_printf ("--aptopt=%s/options", build->cache));
  if (build->locale)
    {
      g_autofree char *language = g_strndup (build->locale, strcspn (build->locale, "_.@"));
      const char *charset = strchr (build->locale, '.') + 1;
      g_autofree char *plain = g_strndup (charset, strcspn (charset, "@"));

      g_ptr_array_add (argv,
                       g_strdup_printf ("--dpkgopt=path-include=/usr/share/locale/%s*", language));
      g_ptr_array_add (argv, g_strdup_printf ("--customize-hook=echo '%s %s' > \"$1/etc/locale.gen\" "
                                              "&& chroot \"$1\" locale-gen",
                                              build->locale, plain));
    }
  g_ptr_array_add (argv, g_strdup_printf ("--setup-hook=sync-in %s/lists /var/lib/apt/lists", cache));
  g_ptr_array_add (argv, g_strdup ("--setup-hook=mkdir -p \"$1\"/var/cache/apt/archives"));
  g_ptr_array_add (argv, g_strdup_printf ("--setup-hook=sync-in %s/archives "
                                          "/var/cache/apt/archives",
                                          cache));
  /* Where the modules of this computer's kernel come. */
  g_ptr_array_add (argv, g_strdup ("--customize-hook=mkdir -p \"$1\"/usr/lib/modules"));
  g_ptr_array_add (argv, g_strdup_printf ("--include=%s", include));
  g_ptr_array_add (argv, g_strdup (build->set->suite));
  g_ptr_array_add (argv, g_strdup ("-"));
  g_ptr_array_add (argv, g_strdup_printf ("%s/etc/sources.list", build->cache));
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
    end (reading->source); /* nobody reads on */
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
  const char *const pack[] = { "sqfstar", "-comp", "lz4", "-no-progress", image,
                               "var/cache/apt", "var/lib/apt", NULL };
  g_autoptr (GSubprocess) source = NULL, writer = NULL;
  Reading reading = { 0 };
  gboolean made, packed;
  GThread *thread;

  tell (build, 36, "Installing");
  g_queue_clear_full (&build->lines, g_free);
  writer = spawn (build, pack, G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_SILENCE
                      | G_SUBPROCESS_FLAGS_STDERR_PIPE, error);
  if (!writer)
    return FALSE;
  source = spawn (build, (const char *const *) argv,
                  G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE, error);
  if (!source)
    {
      end (writer);
      return FALSE;
    }
  reading = (Reading){ .in = fd_of (g_subprocess_get_stdout_pipe (source)),
                       .out = fd_of (g_subprocess_get_stdin_pipe (writer)),
                       .dir = build->made,
                       .writer = writer,
                       .source = source,
                       .to = g_subprocess_get_stdin_pipe (writer) };
  thread = g_thread_new ("bh-debian-tar", read_in_thread, &reading);
  follow (build, source, g_subprocess_get_stderr_pipe (source));
  made = g_subprocess_wait_check (source, NULL, NULL);
  g_thread_join (thread);
  /* When it took no more it knows best why. */
  if (made || reading.error)
    follow (build, writer, g_subprocess_get_stderr_pipe (writer));
  else
    end (writer);
  packed = g_subprocess_wait_check (writer, NULL, NULL);
  if (made && packed && !reading.error)
    return !is_cancelled (build, error);
  if (!is_cancelled (build, error))
    {
      g_autoptr (GError) failed = g_steal_pointer (&reading.error);

      if (failed && g_error_matches (failed, BH_ERROR, BH_ERROR_DISK_FULL))
        g_propagate_error (error, g_steal_pointer (&failed));
      else
        explain (build, made ? "Writing the image" : "Installing", error);
    }
  g_clear_error (&reading.error);
  return FALSE;
}

/* Around it. */

/* -1 with @error; the lock goes with the descriptor. */
static int
lock (Build *build, GError **error)
{
  g_autofree char *parent = bh_paths_cache_dir ("debian");
  g_autofree char *path = g_build_filename (parent, "lock", NULL);
  int fd = -1;

  if (!bh_paths_ensure (parent, error))
    return -1;
  fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0)
    {
      bh_error_set_from_errno (error, errno, "Cannot make %s", path);
      return -1;
    }
  while (flock (fd, LOCK_EX | LOCK_NB) != 0)
    {
      if (is_cancelled (build, error))
        {
          close (fd);
          return -1;
        }
      tell (build, 0, "Waiting for another template to be built");
      g_usleep (200000);
    }
  return fd;
}

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
  g_autofree char *dir = bh_debian_dir (build->set->key);

  build->work = g_strdup (WORK_PARENT "/" WORK_PREFIX "XXXXXX");
  build->made = g_build_filename (dir, "making", NULL);
  if (!g_mkdtemp (build->work))
    {
      bh_error_set_from_errno (error, errno, "Cannot make a folder in " WORK_PARENT);
      g_clear_pointer (&build->work, g_free);
      return FALSE;
    }
  /* The user's other numbers, in mmdebstrap's namespace, have to get through. */
  return g_chmod (build->work, 0711) == 0 && bh_paths_ensure (build->made, error);
}

static gboolean
build_all (Build *build, GError **error)
{
  g_autofree char *names = g_strjoinv (" ", build->set->packages);

  build->locale = find_locale ();
  build->packages = g_strconcat (BASE, build->locale ? " locales" : "", *names ? " " : "", names, NULL);
  if (!bh_debian_apt_prepare (build->cache, build->sources, "", error)
      || !make_folders (build, error) || !download (build, error) || !make_image (build, error))
    return FALSE;
  tell (build, 98, "Finishing");
  return bh_debian_adopt (build->set, build->made, error);
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
  Build build = { .set = set, .progress = progress, .data = data, .cancellable = cancellable };
  g_autofree char *parent = bh_paths_cache_dir ("debian");
  g_autofree char *folder = bh_debian_dir (set->key);
  g_autoptr (GError) failed = NULL;
  gboolean good = FALSE;
  int locked;

  g_queue_init (&build.lines);
  build.cache = g_build_filename (parent, set->suite, NULL);
  bh_log_prepare (BH_DEBIAN_LOG, NULL);
  build.sources = bh_debian_sources_find (set->suite, error);
  locked = build.sources ? lock (&build, error) : -1;
  if (locked >= 0)
    {
      remove_leftovers ();
      good = build_all (&build, &failed);
      if (!good)
        bh_log_line (BH_DEBIAN_LOG, "not built: %s", failed->message);
      if (build.made)
        bh_debian_remove_tree (build.made);
      if (build.work)
        remove_work (build.work);
      g_rmdir (folder); /* when there is nothing in it */
      close (locked);
      if (!good)
        {
          g_set_error_literal (error, BH_ERROR,
                               failed->domain == BH_ERROR ? failed->code : BH_ERROR_FAILED,
                               failed->message);
        }
    }
  g_queue_clear_full (&build.lines, g_free);
  g_clear_pointer (&build.sources, bh_debian_sources_free);
  g_free (build.cache);
  g_free (build.work);
  g_free (build.made);
  g_free (build.packages);
  g_free (build.locale);
  return good;
}
