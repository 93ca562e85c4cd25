/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which Wayland compositor shows an AppVM's windows. */
#include "config.h"

#include "bh-display.h"

#include "bh-error.h"
#include "bh-options.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

char *
bh_display_find (const char *wanted, GError **error)
{
  const char *display = wanted ? wanted : g_getenv ("WAYLAND_DISPLAY");
  g_autofree char *path = NULL;
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd, saved;

  if (wanted && !bh_options_display_is_valid (wanted))
    {
      g_set_error_literal (
          error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
          "The option “display” takes a name such as wayland-0, or an absolute path");
      return NULL;
    }
  /* As libwayland does. */
  if (!display || !*display)
    display = "wayland-0";
  path = g_path_is_absolute (display) ? g_strdup (display)
                                      : g_build_filename (g_get_user_runtime_dir (), display, NULL);
  if (strlen (path) >= sizeof address.sun_path)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_NO_DISPLAY, "The path %s is too long for a socket",
                   path);
      return NULL;
    }
  strcpy (address.sun_path, path);
  fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd >= 0
      && (connect (fd, (struct sockaddr *) &address, sizeof address) == 0 || errno == EAGAIN))
    {
      close (fd);
      return g_strdup (display);
    }
  saved = errno;
  if (fd >= 0)
    close (fd);
  g_set_error (error, BH_ERROR, BH_ERROR_NO_DISPLAY,
               "The Wayland desktop %s does not answer (%s). Log in to a Wayland session, or set "
               "WAYLAND_DISPLAY.",
               path, g_strerror (saved));
  return NULL;
}
