/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The session programs run in: whose they are, their environment, and their session bus. */
#include "bh-session.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"

static void
set (BhSession *session, const char *name, const char *value)
{
  session->environment = g_environ_setenv (session->environment, name, value, TRUE);
}

/* Unless the host has said otherwise. */
static void
set_default (BhSession *session, const char *name, const char *value)
{
  session->environment = g_environ_setenv (session->environment, name, value, FALSE);
}

/* As bh-mounts.c has made the account. */
static void
set_user (BhSession *session, const char *user)
{
  session->gid = session->uid;
  session->home = g_strconcat ("/home/", user, NULL);
  set (session, "HOME", session->home);
  set (session, "USER", user);
  set (session, "LOGNAME", user);
  set (session, "PATH", DEFAULT_PATH);
  set (session, "XDG_DATA_DIRS", "/usr/local/share:/usr/share");
}

static void
inherit (BhSession *session)
{
  static const char *const foreign[] = { "WAYLAND_DISPLAY",
                                         "WAYLAND_SOCKET",
                                         "DISPLAY",
                                         "XAUTHORITY",
                                         "DBUS_SESSION_BUS_ADDRESS",
                                         "SWAYSOCK",
                                         "DESKTOP_STARTUP_ID",
                                         "XDG_ACTIVATION_TOKEN",
                                         "WLR_BACKENDS",
                                         "WLR_RENDERER",
                                         "WLR_LIBINPUT_NO_DEVICES",
                                         "AT_SPI_BUS_ADDRESS",
                                         "PULSE_SERVER",
                                         "PULSE_COOKIE",
                                         "PULSE_RUNTIME_PATH",
                                         "PIPEWIRE_REMOTE",
                                         "PIPEWIRE_RUNTIME_DIR",
                                         NULL };

  session->environment = g_get_environ ();
  for (const char *const *name = foreign; *name; name++)
    session->environment = g_environ_unsetenv (session->environment, *name);
  session->home = g_strdup (g_get_home_dir ());
}

/* There is no GPU: say so before each program finds out by itself. */
static void
set_software (BhSession *session)
{
  static const char *const values[][2] = {
    { "XDG_SESSION_TYPE", "wayland" },
    { "XDG_CURRENT_DESKTOP", "Bulkhead" },
    { "GSK_RENDERER", "cairo" },
    { "LIBGL_ALWAYS_SOFTWARE", "1" },
    { "QT_QUICK_BACKEND", "software" },
    { "QT_QPA_PLATFORM", "wayland;xcb" },
    { "MOZ_ENABLE_WAYLAND", "1" },
    { "WEBKIT_DISABLE_DMABUF_RENDERER", "1" },
    { "ELECTRON_OZONE_PLATFORM_HINT", "wayland" },
    /* Nobody answers on an accessibility bus in here, and starting one takes seconds. */
    { "NO_AT_BRIDGE", "1" },
    /* Nor is there a portal; waiting for one would. */
    { "ADW_DISABLE_PORTAL", "1" },
    { "GTK_A11Y", "none" },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (values); i++)
    set_default (session, values[i][0], values[i][1]);
}

/* The host prefers dark programs: settings that GTK reads below the user's own. */
static void
set_dark (BhSession *session)
{
  static const char text[] = "[Settings]\ngtk-application-prefer-dark-theme=1\n";
  const char *dirs = g_environ_getenv (session->environment, "XDG_CONFIG_DIRS");
  g_autofree char *root = g_build_filename (session->runtime_dir, "bulkhead-settings", NULL);
  g_autofree char *list = g_strconcat (root, ":", dirs && *dirs ? dirs : "/etc/xdg", NULL);
  static const char *const versions[] = { "gtk-3.0", "gtk-4.0" };

  for (unsigned i = 0; i < G_N_ELEMENTS (versions); i++)
    {
      g_autofree char *dir = g_build_filename (root, versions[i], NULL);
      g_autofree char *path = g_build_filename (dir, "settings.ini", NULL);

      if (g_mkdir_with_parents (dir, 0755) < 0 || !g_file_set_contents (path, text, -1, NULL))
        g_warning ("Cannot write %s", path);
    }
  set (session, "XDG_CONFIG_DIRS", list);
  /* libadwaita goes its own way. */
  set_default (session, "ADW_DEBUG_COLOR_SCHEME", "prefer-dark");
}

void
bh_session_init (BhSession *session, const bh_msg_configure *configure, bool vm,
                 const char *runtime_dir)
{
  g_autofree char *user = g_strndup (configure->user_name.data, configure->user_name.len);
  size_t position = 0;
  BhStr item;

  *session = (BhSession){ .vm = vm, .uid = vm ? configure->uid : getuid (), .gid = getgid () };
  if (vm)
    {
      set_user (session, user);
      session->runtime_dir = g_strdup_printf (BH_SESSION_RUNTIME, (unsigned) session->uid);
    }
  else
    {
      inherit (session);
      session->runtime_dir = g_strdup (runtime_dir);
    }
  while (bh_list_next (&configure->environment, &position, &item))
    {
      g_autofree char *text = g_strndup (item.data, item.len);
      char *equals = strchr (text, '=');

      if (!equals || equals == text)
        continue;
      *equals = '\0';
      set (session, text, equals + 1);
    }
  set (session, "XDG_RUNTIME_DIR", session->runtime_dir);
  set_software (session);
  if (configure->flags & BH_CONFIGURE_DARK)
    set_dark (session);
  /* Desktop files and programs are looked up by this process. */
  g_setenv ("PATH", g_environ_getenv (session->environment, "PATH") ?: DEFAULT_PATH, TRUE);
  g_setenv ("XDG_RUNTIME_DIR", session->runtime_dir, TRUE);
}

void
bh_session_clear (BhSession *session)
{
  g_free (session->home);
  g_free (session->runtime_dir);
  g_strfreev (session->environment);
}

void
bh_session_set_shell (BhSession *session, const char *shell)
{
  set (session, "SHELL", shell);
}

void
bh_session_set_display (BhSession *session, const char *name, bool owned)
{
  g_autofree char *path = g_build_filename (session->runtime_dir, name, NULL);

  set (session, "WAYLAND_DISPLAY", name);
  if (session->vm && !owned && chown (path, session->uid, session->gid) < 0)
    g_warning ("Cannot hand over %s: %m", path);
}

char **
bh_session_data_dirs (const BhSession *session)
{
  const char *own = g_environ_getenv (session->environment, "XDG_DATA_HOME");
  const char *dirs = g_environ_getenv (session->environment, "XDG_DATA_DIRS");
  g_autofree char *all = NULL;

  all = own && *own
            ? g_strconcat (own, ":", dirs && *dirs ? dirs : "/usr/local/share:/usr/share", NULL)
            : g_strconcat (session->home,
                           "/.local/share:", dirs && *dirs ? dirs : "/usr/local/share:/usr/share",
                           NULL);
  return g_strsplit (all, ":", -1);
}

void
bh_session_enter (const BhSession *session, int keep)
{
  sigset_t none;

  setsid ();
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
  for (int i = 1; i < NSIG; i++)
    signal (i, SIG_DFL);
  if (session->vm
      && (setgroups (1, &session->gid) < 0 || setgid (session->gid) < 0
          || setuid (session->uid) < 0))
    _exit (126);
  umask (022);
  if (keep > 3)
    close_range (3, (unsigned) keep - 1, 0);
  close_range ((unsigned) MAX (keep + 1, 3), ~0u, 0);
}

/* The bus gets its listening socket from us (as it would from systemd), so programs can connect at once
 * and nobody has to wait for it to come up. */
int
bh_session_listen (const BhSession *session, const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  if (strlen (path) >= sizeof address.sun_path)
    {
      close (fd);
      errno = ENAMETOOLONG;
      return -1;
    }
  strcpy (address.sun_path, path);
  unlink (path);
  if (fd < 0 || bind (fd, (struct sockaddr *) &address, sizeof address) < 0
      || (session->vm && chown (path, session->uid, session->gid) < 0) || listen (fd, 128) < 0)
    {
      if (fd >= 0)
        close (fd);
      return -1;
    }
  return fd;
}

static void
run_bus (const BhSession *session, const char *program, int fd)
{
  static char *const argv[] = { "dbus-daemon", "--session",          "--nofork", "--nopidfile",
                                "--nosyslog",  "--address=systemd:", NULL };
  g_auto (GStrv) environment = g_strdupv (session->environment);
  char number[16];

  if (fd != 3 && dup2 (fd, 3) < 0)
    _exit (127);
  fcntl (3, F_SETFD, 0);
  bh_session_enter (session, 3);
  g_snprintf (number, sizeof number, "%d", (int) getpid ());
  environment = g_environ_setenv (environment, "LISTEN_FDS", "1", TRUE);
  environment = g_environ_setenv (environment, "LISTEN_PID", number, TRUE);
  execve (program, argv, environment);
  _exit (127);
}

pid_t
bh_session_start_bus (BhSession *session)
{
  g_autofree char *program = NULL, *path = NULL, *address = NULL;
  pid_t pid;
  int fd;

  if (session->bus_started)
    return 0;
  session->bus_started = true;
  program = g_find_program_in_path ("dbus-daemon");
  if (!program)
    {
      g_warning ("No dbus-daemon: programs run without a session bus");
      return 0;
    }
  path = g_build_filename (session->runtime_dir, "bus", NULL);
  fd = bh_session_listen (session, path);
  if (fd < 0)
    {
      g_warning ("Cannot listen at %s: %m", path);
      return 0;
    }
  address = g_strconcat ("unix:path=", path, NULL);
  set (session, "DBUS_SESSION_BUS_ADDRESS", address);
  pid = fork ();
  if (pid == 0)
    run_bus (session, program, fd);
  close (fd);
  return pid > 0 ? pid : 0;
}
