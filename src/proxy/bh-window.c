/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One window of the guest: what toplevels and popups have in common.
 *
 * Rules:
 * - The guest's picture is shown on the window's own surface, as XRGB with an opaque region
 * (nothing can shine through), cropped to the content rectangle (nothing can reach the frame). Its
 * logical size is decided here, and the frame goes round what was decided.
 * - Nothing is attached before the compositor's first configure, and every configure is
 * acknowledged at most once, in order. One that changes nothing the guest's picture depends on
 * needs no answer of the guest.
 * - Destroying goes from the inside out: callback, frame, role, xdg_surface, surface, pictures. */
#include "config.h"

#include "bh-window.h"

#include "bh-guest-link.h"
#include "bh-seat.h"
#include "bh-windows.h"

#define MAX_CONFIGURES 64
#define REFRESH_MS 40

BhWindow *
bh_window_new (BhProxy *proxy, guint32 id, BhWindowKind kind)
{
  BhWindow *window = g_new0 (BhWindow, 1);

  window->proxy = proxy;
  window->id = id;
  window->kind = kind;
  window->tag = (BhSurfaceTag){ window, BH_PART_CONTENT };
  window->scale_120 = 120;
  window->sets = bh_slots_new ();
  window->configures = g_array_new (FALSE, FALSE, sizeof (BhConfigure));
  window->entered = g_ptr_array_new ();
  window->title = g_strdup ("");
  window->app = g_strdup ("app");
  return window;
}

void
bh_window_free (BhWindow *window)
{
  bh_window_unrealize (window);
  bh_slots_free (window->sets);
  g_array_unref (window->configures);
  g_ptr_array_unref (window->entered);
  g_free (window->title);
  g_free (window->app);
  g_free (window);
}

static void
surface_enter (void *data, struct wl_surface *surface, struct wl_output *output)
{
  BhWindow *window = ((BhSurfaceTag *) data)->window;

  if (!output)
    return;
  if (!g_ptr_array_find (window->entered, output, NULL) && window->entered->len < 32)
    g_ptr_array_add (window->entered, output);
  bh_window_update_scale (window);
}

static void
surface_leave (void *data, struct wl_surface *surface, struct wl_output *output)
{
  bh_window_output_gone (((BhSurfaceTag *) data)->window, output);
}

#ifdef WL_SURFACE_PREFERRED_BUFFER_SCALE_SINCE_VERSION
static void
surface_preferred_scale (void *data, struct wl_surface *surface, int32_t factor)
{
}

static void
surface_preferred_transform (void *data, struct wl_surface *surface, uint32_t transform)
{
}
#endif

static const struct wl_surface_listener surface_listener = {
  .enter = surface_enter,
  .leave = surface_leave,
#ifdef WL_SURFACE_PREFERRED_BUFFER_SCALE_SINCE_VERSION
  /* The outputs that were entered say the same. */
  .preferred_buffer_scale = surface_preferred_scale,
  .preferred_buffer_transform = surface_preferred_transform,
#endif
};

static void
set_scale (BhWindow *window, guint scale_120)
{
  scale_120 = CLAMP (scale_120, 120, 960);
  if (scale_120 == window->scale_120)
    return;
  window->scale_120 = scale_120;
  BH_SEND (window->proxy, WINDOW_SCALE, window_scale, .window = window->id, .scale_120 = scale_120);
  bh_window_queue_refresh (window);
}

void
bh_window_update_scale (BhWindow *window)
{
  int scale = 0;

  if (window->fractional)
    return;
  for (guint i = 0; i < window->entered->len; i++)
    for (guint j = 0; j < window->proxy->display->outputs->len; j++)
      {
        BhOutput *output = g_ptr_array_index (window->proxy->display->outputs, j);

        if (output->output == g_ptr_array_index (window->entered, i))
          scale = MAX (scale, output->scale);
      }
  /* On no output it keeps the scale it had. */
  if (scale > 0)
    set_scale (window, (guint) scale * 120);
}

void
bh_window_output_gone (BhWindow *window, struct wl_output *output)
{
  g_ptr_array_remove_fast (window->entered, output);
  bh_window_update_scale (window);
}

static void
fractional_preferred (void *data, struct wp_fractional_scale_v1 *fractional, uint32_t scale)
{
  set_scale (data, scale);
}

static const struct wp_fractional_scale_v1_listener fractional_listener = {
  .preferred_scale = fractional_preferred
};

static void
xdg_surface_configure (void *data, struct xdg_surface *xdg, uint32_t serial)
{
  BhWindow *window = data;

  if (window->kind == BH_WINDOW_TOPLEVEL)
    bh_toplevel_configured (window, serial);
  else
    bh_popup_configured (window, serial);
  window->configured = TRUE;
  if (window->waiting.slot)
    {
      BhPicture picture = window->waiting;

      window->waiting.slot = NULL;
      bh_window_show (window, &picture, NULL);
    }
}

static const struct xdg_surface_listener xdg_surface_listener = { .configure =
                                                                      xdg_surface_configure };

void
bh_window_create_surface (BhWindow *window)
{
  BhDisplay *display = window->proxy->display;

  window->surface = wl_compositor_create_surface (display->compositor);
  wl_surface_add_listener (window->surface, &surface_listener, &window->tag);
  if (display->viewporter)
    window->viewport = wp_viewporter_get_viewport (display->viewporter, window->surface);
  if (display->viewporter && display->fractional)
    {
      window->fractional = wp_fractional_scale_manager_v1_get_fractional_scale (display->fractional,
                                                                                window->surface);
      wp_fractional_scale_v1_add_listener (window->fractional, &fractional_listener, window);
    }
  window->xdg = xdg_wm_base_get_xdg_surface (display->wm_base, window->surface);
  xdg_surface_add_listener (window->xdg, &xdg_surface_listener, window);
}

void
bh_window_realize (BhWindow *window)
{
  if (window->surface)
    return;
  if (window->kind == BH_WINDOW_TOPLEVEL)
    bh_toplevel_realize (window);
  else
    bh_popup_realize (window);
}

/* Keep what is shown for the next surface. Its buffer goes, so that its release is not ours any
 * more. */
static void
keep_shown (BhWindow *window)
{
  BhPicture shown = window->shown;

  window->shown.slot = NULL;
  /* The compositor may have copied and released it long ago, and its slots may be gone. */
  if (!shown.slot || !bh_slots_has (window->sets, shown.slot))
    return;
  g_clear_pointer (&shown.slot->buffer, wl_buffer_destroy);
  if (!shown.slot->busy)
    return;
  if (window->waiting.slot || shown.slot->set->retired)
    bh_slot_release (shown.slot);
  else
    window->waiting = shown;
}

void
bh_window_unrealize (BhWindow *window)
{
  gboolean was_mapped = window->mapped;

  g_clear_handle_id (&window->refresh, g_source_remove);
  if (!window->surface)
    return;
  bh_seat_window_gone (window->proxy->seat, window);
  if (window->kind == BH_WINDOW_TOPLEVEL)
    {
      bh_windows_forget_parent (window->proxy->windows, window);
      bh_toplevel_forget_parent (window);
    }
  g_clear_pointer (&window->frame, wl_callback_destroy);
  g_clear_pointer (&window->border, bh_border_free);
  g_clear_pointer (&window->decoration, zxdg_toplevel_decoration_v1_destroy);
  g_clear_pointer (&window->toplevel, xdg_toplevel_destroy);
  g_clear_pointer (&window->popup, xdg_popup_destroy);
  g_clear_pointer (&window->xdg, xdg_surface_destroy);
  g_clear_pointer (&window->fractional, wp_fractional_scale_v1_destroy);
  g_clear_pointer (&window->viewport, wp_viewport_destroy);
  g_clear_pointer (&window->surface, wl_surface_destroy);
  g_ptr_array_set_size (window->entered, 0);
  g_array_set_size (window->configures, 0);
  window->pending = window->acked = window->latest = (BhConfigure){ 0 };
  window->configured = window->mapped = window->titled = window->grabbed = FALSE;
  keep_shown (window);
  if (was_mapped)
    bh_windows_mapped_changed (window->proxy->windows, window);
}

void
bh_window_drop_pictures (BhWindow *window)
{
  BhSlot *slot = window->waiting.slot;

  window->waiting.slot = NULL;
  if (slot)
    bh_slot_release (slot);
}

BhMargins
bh_window_margins (BhWindow *window, guint32 states)
{
  if (window->kind == BH_WINDOW_POPUP)
    return (BhMargins){ BH_FRAME_POPUP, BH_FRAME_POPUP, BH_FRAME_POPUP, BH_FRAME_POPUP };
  return (BhMargins){ BH_FRAME_SIDE,
                      states & BH_STATE_FULLSCREEN ? BH_FRAME_SIDE : BH_FRAME_CAPTION,
                      BH_FRAME_SIDE, BH_FRAME_SIDE };
}

guint32
bh_window_add_configure (BhWindow *window, guint32 host_serial)
{
  BhConfigure *configure = &window->pending;

  configure->serial = bh_windows_next_serial (window->proxy->windows);
  configure->host_serial = host_serial;
  /* Older ones are acknowledged with the next one that is. */
  if (window->configures->len >= MAX_CONFIGURES)
    g_array_remove_index (window->configures, 0);
  g_array_append_val (window->configures, *configure);
  window->latest = *configure;
  return configure->serial;
}

gboolean
bh_window_knows_serial (BhWindow *window, guint32 serial)
{
  return serial <= bh_windows_last_serial (window->proxy->windows);
}

/* Acknowledge up to the configure that the guest's @serial names. The first picture needs one. */
static void
acknowledge (BhWindow *window, guint32 serial)
{
  guint32 before = window->acked.host_serial;
  guint n = 0;

  while (n < window->configures->len
         && g_array_index (window->configures, BhConfigure, n).serial <= serial)
    n++;
  if (n == 0 && window->acked.host_serial == 0 && window->configures->len > 0)
    n = 1;
  if (n == 0)
    return;
  window->acked = g_array_index (window->configures, BhConfigure, n - 1);
  g_array_remove_range (window->configures, 0, n);
  if (window->acked.host_serial != before)
    xdg_surface_ack_configure (window->xdg, window->acked.host_serial);
}

void
bh_window_settle (BhWindow *window)
{
  const BhLook *look = window->border ? bh_border_get_look (window->border) : NULL;
  int width, height;

  if (!window->mapped || window->configures->len == 0)
    return;
  width = look->margins.left + look->width + look->margins.right;
  height = look->margins.top + look->height + look->margins.bottom;
  for (guint i = 0; i < window->configures->len; i++)
    {
      const BhConfigure *c = &g_array_index (window->configures, BhConfigure, i);

      if ((c->width != window->acked.width && c->width != width)
          || (c->height != window->acked.height && c->height != height)
          || ((c->states ^ window->acked.states) & ~(guint32) BH_STATE_ACTIVATED))
        return;
    }
  acknowledge (window, window->latest.serial);
  wl_surface_commit (window->surface);
}

static void
frame_done (void *data, struct wl_callback *callback, uint32_t time)
{
  BhWindow *window = data;

  g_clear_pointer (&window->frame, wl_callback_destroy);
  BH_SEND (window->proxy, FRAME_DONE, frame_done, .window = window->id, .time = time);
}

static const struct wl_callback_listener frame_listener = { .done = frame_done };

/* Decide what of @picture is seen and how large the frame is: @look gets content size and margins.
 */
static void
lay_out (BhWindow *window, const BhPicture *picture, BhLook *look)
{
  const BhConfigure *acked = &window->acked;
  gboolean forced = (acked->states & (BH_STATE_MAXIMIZED | BH_STATE_FULLSCREEN)) && acked->width > 0
                    && acked->height > 0;
  int most_width, most_height, scale;
  BhMargins m = bh_window_margins (window, acked->states);

  bh_display_get_bounds (window->proxy->display, &most_width, &most_height, &scale);
  if (window->kind == BH_WINDOW_TOPLEVEL)
    {
      most_width *= 2;
      most_height *= 2;
    }
  /* xdg-shell.xml: a maximized window has exactly the size it was told, a fullscreen one at most.
   */
  if (forced)
    {
      most_width = MAX (acked->width - m.left - m.right, 1);
      most_height = MAX (acked->height - m.top - m.bottom, 1);
    }
  look->width = MIN (picture->logical_width, most_width);
  look->height = MIN (picture->logical_height, most_height);
  if (forced)
    {
      m.right += most_width - look->width;
      m.bottom += most_height - look->height;
    }
  else if (window->kind == BH_WINDOW_TOPLEVEL)
    m.right += MAX (BH_FRAME_LEAST - m.left - m.right - look->width, 0);
  look->margins = m;
  look->scale_120 = window->scale_120;
  look->caption = window->kind == BH_WINDOW_TOPLEVEL && !(acked->states & BH_STATE_FULLSCREEN);
  look->active = (window->latest.states & BH_STATE_ACTIVATED) != 0;
  look->maximized = (acked->states & BH_STATE_MAXIMIZED) != 0;
}

/* Put the picture on the surface so that it covers exactly the content rectangle. FALSE when that
 * cannot be said to this compositor. */
static gboolean
attach (BhWindow *window, const BhPicture *picture, const BhLook *look, const BhRects *damage)
{
  /* Crop by showing less of each row and fewer rows. */
  int width = (int) MAX ((gint64) picture->width * look->width / picture->logical_width, 1);
  int height = (int) MAX ((gint64) picture->height * look->height / picture->logical_height, 1);

  if (window->viewport)
    wp_viewport_set_destination (window->viewport, look->width, look->height);
  else
    {
      int scale = picture->width / picture->logical_width;

      if (scale < 1 || picture->width != picture->logical_width * scale
          || picture->height != picture->logical_height * scale)
        return FALSE;
      width = look->width * scale;
      height = look->height * scale;
      wl_surface_set_buffer_scale (window->surface, scale);
    }
  wl_surface_attach (window->surface,
                     bh_slot_get_buffer (picture->slot, width, height, picture->stride), 0, 0);
  if (!damage)
    wl_surface_damage_buffer (window->surface, 0, 0, width, height);
  for (guint32 i = 0; damage && i < damage->count; i++)
    {
      BhRect rect = bh_rects_get (damage, i);

      wl_surface_damage_buffer (window->surface, rect.x, rect.y, rect.width, rect.height);
    }
  return TRUE;
}

static void
set_opaque (BhWindow *window, int width, int height)
{
  struct wl_region *region = wl_compositor_create_region (window->proxy->display->compositor);

  wl_region_add (region, 0, 0, width, height);
  wl_surface_set_opaque_region (window->surface, region);
  wl_region_destroy (region);
}

static void
set_geometry (BhWindow *window, const BhLook *look)
{
  const BhMargins *m = &look->margins;

  xdg_surface_set_window_geometry (window->xdg, -m->left, -m->top, m->left + look->width + m->right,
                                   m->top + look->height + m->bottom);
}

void
bh_window_show (BhWindow *window, const BhPicture *picture, const BhRects *damage)
{
  BhLook look = { 0 };
  const BhPicture *old = &window->shown;
  gboolean framed;

  if (!window->configured)
    {
      if (window->waiting.slot)
        bh_slot_release (window->waiting.slot);
      window->waiting = *picture;
      return;
    }
  if (window->kind == BH_WINDOW_TOPLEVEL)
    acknowledge (window, picture->serial);
  look = *bh_border_get_look (window->border);
  if (look.width == 0 || !old->slot || old->width != picture->width
      || old->height != picture->height || old->logical_width != picture->logical_width
      || old->logical_height != picture->logical_height)
    damage = NULL;
  lay_out (window, picture, &look);
  framed = bh_border_update (window->border, &look);
  if (window->kind == BH_WINDOW_POPUP)
    {
      /* Painting took a while: look again whether the compositor has dismissed it (bh-display.h).
       */
      bh_display_drain (window->proxy->display);
      if (!window->surface || window->proxy->ended)
        {
          bh_slot_release (picture->slot);
          return;
        }
      acknowledge (window, picture->serial);
    }
  if (!attach (window, picture, &look, damage))
    {
      bh_slot_release (picture->slot);
      bh_windows_refuse (window->proxy->windows, window->id,
                         "A window was refused: this desktop shows only whole scales.");
      return;
    }
  if (window->kind == BH_WINDOW_TOPLEVEL && !window->titled)
    bh_toplevel_push_names (window);
  if (framed)
    {
      set_opaque (window, look.width, look.height);
      set_geometry (window, &look);
    }
  if (!window->frame)
    {
      window->frame = wl_surface_frame (window->surface);
      wl_callback_add_listener (window->frame, &frame_listener, window);
    }
  wl_surface_commit (window->surface);
  if (window->kind == BH_WINDOW_POPUP)
    bh_display_flush (window->proxy->display);
  window->shown = *picture;
  if (!window->mapped)
    {
      window->mapped = TRUE;
      bh_windows_mapped_changed (window->proxy->windows, window);
    }
}

static void
refresh (BhWindow *window)
{
  BhLook look;

  if (!window->surface)
    return;
  if (window->kind == BH_WINDOW_TOPLEVEL)
    bh_toplevel_push_names (window);
  if (!window->mapped)
    return;
  look = *bh_border_get_look (window->border);
  lay_out (window, &window->shown, &look);
  /* The content keeps the size it has until the guest's next picture. */
  look.width = bh_border_get_look (window->border)->width;
  look.height = bh_border_get_look (window->border)->height;
  look.margins = bh_border_get_look (window->border)->margins;
  look.caption = bh_border_get_look (window->border)->caption;
  if (bh_border_update (window->border, &look))
    wl_surface_commit (window->surface);
}

static gboolean
refresh_timeout (gpointer data)
{
  BhWindow *window = data;

  /* Not while the compositor takes no requests. */
  if (!bh_display_flush (window->proxy->display))
    return G_SOURCE_CONTINUE;
  window->refresh = 0;
  refresh (window);
  bh_display_flush (window->proxy->display);
  return G_SOURCE_REMOVE;
}

void
bh_window_queue_refresh (BhWindow *window)
{
  if (!window->refresh && window->surface)
    window->refresh = g_timeout_add (REFRESH_MS, refresh_timeout, window);
}

void
bh_window_set_hover (BhWindow *window, BhArea area)
{
  BhLook look;

  if (!window->mapped)
    return;
  look = *bh_border_get_look (window->border);
  if (look.hover == area)
    return;
  look.hover = area;
  if (bh_border_update (window->border, &look))
    wl_surface_commit (window->surface);
}
