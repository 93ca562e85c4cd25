/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkhead-proxy: the gate between one AppVM and the desktop.
 *
 * Started by bulkhead-service with fd 3 the D-Bus socket to it, fd 4 the channel to the guest, fd 5
 * the shared region (or closed). Order: confine (files, privileges), connect to compositor and
 * service, load fonts, confine (system calls), and only then read the guest. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <string.h>
#include <unistd.h>

#include "bh-camera.h"
#include "bh-caption.h"
#include "bh-cursor.h"
#include "bh-display.h"
#include "bh-guest-link.h"
#include "bh-isolate.h"
#include "bh-region.h"
#include "bh-seat.h"
#include "bh-service-link.h"
#include "bh-sound.h"
#include "bh-text.h"
#include "bh-windows.h"

#define FD_SERVICE 3
#define FD_GUEST 4
#define FD_REGION 5
#define MAX_NAME_CHARS 64

void
bh_proxy_fail (BhProxy *proxy, int exit_code, const char *detail)
{
  static const char *const reasons[] = {
    [BH_EXIT_SETUP] = "setup",
    [BH_EXIT_GUEST] = "guest",
    [BH_EXIT_DISPLAY] = "display",
  };

  if (proxy->ended)
    return;
  proxy->ended = TRUE;
  proxy->exit_code = exit_code;
  g_message ("ends (%s): %s", reasons[exit_code], detail);
  if (proxy->service)
    bh_service_link_failed (proxy->service, reasons[exit_code], detail);
  g_main_loop_quit (proxy->loop);
}

void
bh_proxy_quit (BhProxy *proxy)
{
  if (proxy->ended)
    return;
  proxy->ended = TRUE;
  proxy->exit_code = BH_EXIT_OK;
  g_main_loop_quit (proxy->loop);
}

static gboolean
id_valid (const char *id)
{
  gsize len = strlen (id);

  for (gsize i = 0; i < len; i++)
    if (!g_ascii_isalnum (id[i]) && id[i] != '-' && id[i] != '_')
      return FALSE;
  return len > 0 && len <= 64;
}

static gboolean
parse (BhProxy *proxy, int argc, char **argv)
{
  g_autofree char *id = NULL, *name = NULL, *color = NULL;
  const GOptionEntry entries[] = {
    { "id", 0, 0, G_OPTION_ARG_STRING, &id, "Id of the AppVM", "ID" },
    { "name", 0, 0, G_OPTION_ARG_STRING, &name, "Its name, for the frames", "NAME" },
    { "color", 0, 0, G_OPTION_ARG_STRING, &color, "Its colour", "#RRGGBB" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new ("- gate of one AppVM");
  g_autoptr (GError) error = NULL;

  g_option_context_set_description (context,
                                    "Started by bulkhead-service, with sockets as descriptors "
                                    "3 (D-Bus), 4 (guest) and 5 (shared region).");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("bulkhead-proxy: %s\n", error->message);
      return FALSE;
    }
  if (!id || !name || !color || argc > 1 || !id_valid (id)
      || !bh_color_parse (color, &proxy->color))
    {
      g_printerr ("bulkhead-proxy: --id, --name and --color are needed\n");
      return FALSE;
    }
  proxy->id = g_steal_pointer (&id);
  proxy->name = bh_text_clean (name, strlen (name), MAX_NAME_CHARS);
  return proxy->name[0] != '\0';
}

static gboolean
set_up (BhProxy *proxy, gboolean region, GError **error)
{
  if (fcntl (FD_SERVICE, F_SETFD, FD_CLOEXEC) < 0 || fcntl (FD_GUEST, F_SETFD, FD_CLOEXEC) < 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                           "descriptors 3 and 4 are not open");
      return FALSE;
    }
  if (region)
    fcntl (FD_REGION, F_SETFD, FD_CLOEXEC);
  if (!bh_isolate_early (error))
    return FALSE;
  proxy->service = bh_service_link_new (proxy, FD_SERVICE, error);
  if (!proxy->service || !bh_service_link_start (proxy->service, error))
    return FALSE;
  proxy->guest = bh_guest_link_new (proxy, FD_GUEST);
  proxy->sound = bh_sound_new (proxy);
  proxy->camera = bh_camera_new (proxy);
  proxy->seat = bh_seat_new (proxy);
  if (!bh_display_new (proxy, error))
    return FALSE;
  if (region)
    {
      proxy->shared = bh_region_new_shared (proxy->display, FD_REGION, error);
      if (!proxy->shared)
        return FALSE;
    }
  proxy->windows = bh_windows_new (proxy);
  proxy->cursor = bh_cursor_new (proxy);
  bh_caption_warm_up (proxy);
  if (!bh_isolate_late (error))
    return FALSE;
  bh_display_attach (proxy->display);
  bh_guest_link_attach (proxy->guest);
  return TRUE;
}

/* Everything the compositor knows goes in order, so that it never sees a sequence a sane client
 * does not use. */
static void
tear_down (BhProxy *proxy)
{
  /* The windows find seat and service while they go, and the other way round. */
  bh_windows_free (proxy->windows);
  proxy->windows = NULL;
  bh_seat_free (proxy->seat);
  proxy->seat = NULL;
  g_clear_pointer (&proxy->cursor, bh_cursor_free);
  g_clear_pointer (&proxy->shared, bh_region_free);
  g_clear_pointer (&proxy->memory, bh_region_free);
  g_clear_pointer (&proxy->display, bh_display_free);
  g_clear_pointer (&proxy->sound, bh_sound_free);
  g_clear_pointer (&proxy->camera, bh_camera_free);
  g_clear_pointer (&proxy->guest, bh_guest_link_free);
  g_clear_pointer (&proxy->service, bh_service_link_free);
  g_main_loop_unref (proxy->loop);
  g_free (proxy->id);
  g_free (proxy->name);
}

int
main (int argc, char **argv)
{
  BhProxy proxy = { 0 };
  g_autoptr (GError) error = NULL;
  /* Before anything else can take the number. */
  gboolean region = fcntl (FD_REGION, F_GETFD) >= 0;
  int exit_code;

  setlocale (LC_ALL, "");
  /* Nothing is loaded into this process but what it is linked with. */
  g_setenv ("GIO_USE_VFS", "local", TRUE);
  g_setenv ("GIO_MODULE_DIR", "/nonexistent", TRUE);
  g_log_set_writer_func (g_log_writer_standard_streams, NULL, NULL);
  if (!parse (&proxy, argc, argv))
    return BH_EXIT_USAGE;
  proxy.loop = g_main_loop_new (NULL, FALSE);
  if (!set_up (&proxy, region, &error))
    {
      if (!proxy.service)
        g_printerr ("bulkhead-proxy: %s\n", error->message);
      bh_proxy_fail (&proxy, proxy.seat && !proxy.windows ? BH_EXIT_DISPLAY : BH_EXIT_SETUP,
                     error->message);
      return proxy.exit_code;
    }
  if (!proxy.ended)
    g_main_loop_run (proxy.loop);
  exit_code = proxy.exit_code;
  tear_down (&proxy);
  return exit_code;
}
