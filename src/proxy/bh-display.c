/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The connection to the host's compositor. */
#include "config.h"

#include "bh-display.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "bh-guest-link.h"
#include "bh-seat.h"
#include "bh-windows.h"

#ifdef WL_SURFACE_PREFERRED_BUFFER_SCALE_SINCE_VERSION
#define COMPOSITOR_VERSION 6
#else
#define COMPOSITOR_VERSION 4
#endif
#ifdef XDG_TOPLEVEL_WM_CAPABILITIES_SINCE_VERSION
#define WM_BASE_VERSION 5
#else
#define WM_BASE_VERSION 3
#endif

typedef struct
{
  GSource source;
  BhDisplay *display;
  gpointer tag;
  gboolean reading;
} DisplaySource;

static void
lost (BhDisplay *display)
{
  const struct wl_interface *interface = NULL;
  int error = wl_display_get_error (display->display);

  if (error == EPROTO)
    {
      guint32 id, code = wl_display_get_protocol_error (display->display, &interface, &id);

      g_warning ("protocol error %u on %s", code, interface ? interface->name : "an object");
    }
  bh_proxy_fail (display->proxy, BH_EXIT_DISPLAY,
                 error == EPROTO ? "the compositor refused a request" : "the compositor is gone");
}

gboolean
bh_display_flush (BhDisplay *display)
{
  DisplaySource *source = (DisplaySource *) display->source;
  gboolean congested = FALSE;

  if (wl_display_flush (display->display) < 0)
    {
      /* EPIPE: what the compositor said last is still to be read, and tells why. */
      if (errno == EAGAIN)
        congested = TRUE;
      else if (errno != EPIPE)
        lost (display);
    }
  if (congested != display->congested)
    {
      display->congested = congested;
      if (source)
        g_source_modify_unix_fd (display->source, source->tag,
                                 congested ? G_IO_IN | G_IO_OUT | G_IO_ERR | G_IO_HUP
                                           : G_IO_IN | G_IO_ERR | G_IO_HUP);
      if (display->proxy->guest)
        bh_guest_link_set_paused (display->proxy->guest, congested);
    }
  return !congested;
}

void
bh_display_drain (BhDisplay *display)
{
  struct pollfd p = { wl_display_get_fd (display->display), POLLIN, 0 };

  while (wl_display_prepare_read (display->display) != 0)
    if (wl_display_dispatch_pending (display->display) < 0)
      {
        lost (display);
        return;
      }
  if (poll (&p, 1, 0) <= 0)
    wl_display_cancel_read (display->display);
  else if (wl_display_read_events (display->display) < 0
           || wl_display_dispatch_pending (display->display) < 0)
    lost (display);
}

static gboolean
source_prepare (GSource *base, int *timeout)
{
  DisplaySource *source = (DisplaySource *) base;
  BhDisplay *display = source->display;

  *timeout = -1;
  if (source->reading)
    return FALSE;
  /* Events that are queued already must be dispatched before the next read. */
  if (wl_display_prepare_read (display->display) != 0)
    return TRUE;
  source->reading = TRUE;
  bh_display_flush (display);
  return FALSE;
}

static gboolean
source_check (GSource *base)
{
  DisplaySource *source = (DisplaySource *) base;
  GIOCondition condition = g_source_query_unix_fd (base, source->tag);

  if (!source->reading)
    return TRUE;
  source->reading = FALSE;
  if (condition & (G_IO_IN | G_IO_ERR | G_IO_HUP))
    {
      if (wl_display_read_events (source->display->display) < 0)
        lost (source->display);
      return TRUE;
    }
  wl_display_cancel_read (source->display->display);
  return (condition & G_IO_OUT) != 0;
}

static gboolean
source_dispatch (GSource *base, GSourceFunc callback, gpointer data)
{
  BhDisplay *display = ((DisplaySource *) base)->display;

  if (wl_display_dispatch_pending (display->display) < 0)
    lost (display);
  else
    bh_display_flush (display);
  return G_SOURCE_CONTINUE;
}

static void
source_finalize (GSource *base)
{
  DisplaySource *source = (DisplaySource *) base;

  if (source->reading)
    wl_display_cancel_read (source->display->display);
}

static GSourceFuncs source_funcs = {
  .prepare = source_prepare,
  .check = source_check,
  .dispatch = source_dispatch,
  .finalize = source_finalize,
};

void
bh_display_attach (BhDisplay *display)
{
  DisplaySource *source;

  display->source = g_source_new (&source_funcs, sizeof *source);
  source = (DisplaySource *) display->source;
  source->display = display;
  source->tag = g_source_add_unix_fd (display->source, wl_display_get_fd (display->display),
                                      G_IO_IN | G_IO_ERR | G_IO_HUP);
  g_source_attach (display->source, NULL);
}

static void
output_geometry (void *data, struct wl_output *wl, int32_t x, int32_t y, int32_t pw, int32_t ph,
                 int32_t subpixel, const char *make, const char *model, int32_t transform)
{
  ((BhOutput *) data)->transform = transform;
}

static void
output_mode (void *data, struct wl_output *wl, uint32_t flags, int32_t width, int32_t height,
             int32_t refresh)
{
  BhOutput *output = data;

  if (flags & WL_OUTPUT_MODE_CURRENT)
    {
      output->width = width;
      output->height = height;
      output->refresh = refresh;
    }
}

static void
output_scale (void *data, struct wl_output *wl, int32_t factor)
{
  ((BhOutput *) data)->scale = CLAMP (factor, 1, 8);
}

static void
output_done (void *data, struct wl_output *wl)
{
  BhOutput *output = data;

  bh_display_announce_output (output->proxy->display);
  if (output->proxy->windows)
    bh_windows_outputs_changed (output->proxy->windows);
}

static const struct wl_output_listener output_listener = {
  .geometry = output_geometry,
  .mode = output_mode,
  .done = output_done,
  .scale = output_scale,
};

static void
xdg_output_position (void *data, struct zxdg_output_v1 *xdg, int32_t x, int32_t y)
{
}

static void
xdg_output_size (void *data, struct zxdg_output_v1 *xdg, int32_t width, int32_t height)
{
  BhOutput *output = data;

  output->logical_width = width;
  output->logical_height = height;
}

static void
xdg_output_done (void *data, struct zxdg_output_v1 *xdg)
{
  /* Before version 3, which is not bound; the wl_output's own follows. */
  bh_display_announce_output (((BhOutput *) data)->proxy->display);
}

static void
xdg_output_name (void *data, struct zxdg_output_v1 *xdg, const char *name)
{
}

static const struct zxdg_output_v1_listener xdg_output_listener = {
  .logical_position = xdg_output_position,
  .logical_size = xdg_output_size,
  .done = xdg_output_done,
  .name = xdg_output_name,
  .description = xdg_output_name,
};

/* Outputs and their manager come in any order. */
static void
follow_output (BhDisplay *display, BhOutput *output)
{
  if (!display->xdg_outputs || output->xdg)
    return;
  output->xdg = zxdg_output_manager_v1_get_xdg_output (display->xdg_outputs, output->output);
  zxdg_output_v1_add_listener (output->xdg, &xdg_output_listener, output);
}

static void
output_free (gpointer data)
{
  BhOutput *output = data;

  g_clear_pointer (&output->xdg, zxdg_output_v1_destroy);
  if (wl_output_get_version (output->output) >= WL_OUTPUT_RELEASE_SINCE_VERSION)
    wl_output_release (output->output);
  else
    wl_output_destroy (output->output);
  g_free (output);
}

static void
wm_base_ping (void *data, struct xdg_wm_base *wm_base, uint32_t serial)
{
  xdg_wm_base_pong (wm_base, serial);
}

static const struct xdg_wm_base_listener wm_base_listener = { .ping = wm_base_ping };

static void
add_output (BhDisplay *display, guint32 name, guint32 version)
{
  BhOutput *output = g_new0 (BhOutput, 1);

  output->proxy = display->proxy;
  output->name = name;
  output->scale = 1;
  output->output =
      wl_registry_bind (display->registry, name, &wl_output_interface, MIN (version, 3));
  wl_output_add_listener (output->output, &output_listener, output);
  g_ptr_array_add (display->outputs, output);
  follow_output (display, output);
}

static void
registry_global (void *data, struct wl_registry *registry, uint32_t name, const char *interface,
                 uint32_t version)
{
  BhDisplay *display = data;
  const struct
  {
    const struct wl_interface *interface;
    guint32 least, most;
    gpointer where;
  } wanted[] = {
    { &wl_compositor_interface, 4, COMPOSITOR_VERSION, &display->compositor },
    { &wl_subcompositor_interface, 1, 1, &display->subcompositor },
    { &wl_shm_interface, 1, 1, &display->shm },
    { &xdg_wm_base_interface, 1, WM_BASE_VERSION, &display->wm_base },
    { &wp_viewporter_interface, 1, 1, &display->viewporter },
    { &wp_fractional_scale_manager_v1_interface, 1, 1, &display->fractional },
    { &zxdg_decoration_manager_v1_interface, 1, 1, &display->decoration },
    { &xdg_activation_v1_interface, 1, 1, &display->activation },
    { &zxdg_output_manager_v1_interface, 2, 2, &display->xdg_outputs },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (wanted); i++)
    {
      gpointer *where = wanted[i].where;

      if (!*where && version >= wanted[i].least
          && strcmp (interface, wanted[i].interface->name) == 0)
        *where =
            wl_registry_bind (registry, name, wanted[i].interface, MIN (version, wanted[i].most));
    }
  for (guint i = 0; i < display->outputs->len; i++)
    follow_output (display, g_ptr_array_index (display->outputs, i));
  if (strcmp (interface, wl_output_interface.name) == 0 && version >= 2
      && display->outputs->len < 32)
    add_output (display, name, version);
  if (strcmp (interface, wl_seat_interface.name) == 0 && !display->seat && version >= 5)
    {
      display->seat = wl_registry_bind (registry, name, &wl_seat_interface, MIN (version, 8));
      display->seat_name = name;
      if (display->proxy->seat)
        bh_seat_set_wl_seat (display->proxy->seat, display->seat);
    }
}

static void
registry_global_remove (void *data, struct wl_registry *registry, uint32_t name)
{
  BhDisplay *display = data;

  for (guint i = 0; i < display->outputs->len; i++)
    {
      BhOutput *output = g_ptr_array_index (display->outputs, i);

      if (output->name != name)
        continue;
      if (display->proxy->windows)
        bh_windows_output_gone (display->proxy->windows, output->output);
      g_ptr_array_remove_index (display->outputs, i);
      bh_display_announce_output (display);
      return;
    }
  if (display->seat && name == display->seat_name)
    {
      if (display->proxy->seat)
        bh_seat_set_wl_seat (display->proxy->seat, NULL);
      wl_seat_release (display->seat);
      display->seat = NULL;
    }
}

static const struct wl_registry_listener registry_listener = {
  .global = registry_global,
  .global_remove = registry_global_remove,
};

BhDisplay *
bh_display_new (BhProxy *proxy, GError **error)
{
  BhDisplay *display;
  struct wl_display *wl = wl_display_connect (NULL);

  if (!wl)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "no compositor to connect to: %s",
                   g_strerror (errno));
      return NULL;
    }
  display = g_new0 (BhDisplay, 1);
  display->proxy = proxy;
  display->display = wl;
  display->outputs = g_ptr_array_new_with_free_func (output_free);
  proxy->display = display; /* events of the round trips below look for it */
  display->registry = wl_display_get_registry (wl);
  wl_registry_add_listener (display->registry, &registry_listener, display);
  if (wl_display_roundtrip (wl) < 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "the compositor is gone");
      return NULL;
    }
  if (!display->compositor || !display->subcompositor || !display->shm || !display->wm_base)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   "the compositor lacks wl_compositor 4, wl_subcompositor, wl_shm or xdg_wm_base");
      return NULL;
    }
  xdg_wm_base_add_listener (display->wm_base, &wm_base_listener, display);
  wl_display_roundtrip (wl); /* the outputs' properties */
  return display;
}

void
bh_display_free (BhDisplay *display)
{
  if (display->source)
    {
      g_source_destroy (display->source);
      g_source_unref (display->source);
    }
  g_ptr_array_unref (display->outputs);
  /* The rest of the objects goes with the connection. */
  wl_display_flush (display->display);
  wl_display_disconnect (display->display);
  g_free (display);
}

void
bh_display_get_bounds (BhDisplay *display, int *width, int *height, int *scale)
{
  int w = 0, h = 0, s = 1;

  for (guint i = 0; i < display->outputs->len; i++)
    {
      BhOutput *output = g_ptr_array_index (display->outputs, i);
      gboolean turned = output->transform & 1;

      /* Without xdg_output a fractional scale counts as the integer above it. */
      if (output->logical_width > 0 && output->logical_height > 0)
        {
          w = MAX (w, output->logical_width);
          h = MAX (h, output->logical_height);
        }
      else
        {
          w = MAX (w, (turned ? output->height : output->width) / output->scale);
          h = MAX (h, (turned ? output->width : output->height) / output->scale);
        }
      s = MAX (s, output->scale);
    }
  *width = CLAMP (w ? w : 1280, 320, BH_MAX_SIDE);
  *height = CLAMP (h ? h : 800, 240, BH_MAX_SIDE);
  *scale = s;
}

void
bh_display_announce_output (BhDisplay *display)
{
  int width, height, scale, refresh = 60000;

  if (!display->proxy->guest)
    return;
  bh_display_get_bounds (display, &width, &height, &scale);
  if (display->outputs->len > 0)
    refresh = ((BhOutput *) g_ptr_array_index (display->outputs, 0))->refresh;
  BH_SEND (display->proxy, OUTPUT, output, .width = (guint32) MIN (width * scale, BH_MAX_SIDE),
           .height = (guint32) MIN (height * scale, BH_MAX_SIDE),
           .scale_120 = (guint32) scale * 120,
           .refresh_mhz = (guint32) (refresh > 0 ? CLAMP (refresh, 1000, 1000000) : 60000));
}
