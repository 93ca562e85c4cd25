/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of one guest's windows.
 *
 * Theory of operation: windows are kept in the order they came, so a popup always stands behind its
 * parent, and destroying from the back is safe at any moment. An id is live, refused, or unknown.
 * Unknown ids end the channel: the guest alone makes ids, so it cannot be wrong about them. Refused
 * ids are remembered until the guest takes them back (window_gone), since it may have sent more
 * about them before it heard. */
#include "config.h"

#include "bh-windows.h"

#include "bh-guest-link.h"
#include "bh-seat.h"
#include "bh-service-link.h"
#include "bh-text.h"

#define TITLE_CHARS 160
#define APP_CHARS 64
#define MAX_ACTIVATIONS 16

typedef struct
{
  guint32 launch;
  char *token;
} Activation;

struct _BhWindows
{
  BhProxy *proxy;
  GPtrArray *list; /* BhWindow, in the order they came */
  GHashTable *refused;
  guint32 serial;
  GArray *activations;
};

#define UNKNOWN "a message about a window that was never announced"

/* Find the window of a message: returns from the handler when it is unknown (wrong) or refused
 * (late). */
#define FIND_OR_RETURN(windows, window, untrusted_id)                                              \
  BhWindow *window = bh_windows_find (windows, untrusted_id);                                      \
  if (!window)                                                                                     \
    return g_hash_table_contains (windows->refused, GUINT_TO_POINTER (untrusted_id)) ? NULL        \
                                                                                     : UNKNOWN;

#define FIND_TOPLEVEL_OR_RETURN(windows, window, untrusted_id)                                     \
  FIND_OR_RETURN (windows, window, untrusted_id)                                                   \
  if (window->kind != BH_WINDOW_TOPLEVEL)                                                          \
    return "a popup treated as a toplevel";

static void
activation_clear (gpointer data)
{
  g_free (((Activation *) data)->token);
}

BhWindows *
bh_windows_new (BhProxy *proxy)
{
  BhWindows *windows = g_new0 (BhWindows, 1);

  windows->proxy = proxy;
  windows->list = g_ptr_array_new ();
  windows->refused = g_hash_table_new (NULL, NULL);
  windows->activations = g_array_new (FALSE, FALSE, sizeof (Activation));
  g_array_set_clear_func (windows->activations, activation_clear);
  return windows;
}

void
bh_windows_free (BhWindows *windows)
{
  while (windows->list->len > 0)
    {
      guint last = windows->list->len - 1;
      BhWindow *window = g_ptr_array_index (windows->list, last);

      bh_window_unrealize (window);
      g_ptr_array_set_size (windows->list, (int) last);
      bh_window_free (window);
    }
  g_ptr_array_unref (windows->list);
  g_hash_table_unref (windows->refused);
  g_array_unref (windows->activations);
  g_free (windows);
}

BhWindow *
bh_windows_find (BhWindows *windows, guint32 id)
{
  for (guint i = 0; i < windows->list->len; i++)
    {
      BhWindow *window = g_ptr_array_index (windows->list, i);

      if (window->id == id)
        return window;
    }
  return NULL;
}

guint32
bh_windows_next_serial (BhWindows *windows)
{
  return ++windows->serial;
}

guint32
bh_windows_last_serial (BhWindows *windows)
{
  return windows->serial;
}

static guint
count (BhWindows *windows, BhWindowKind kind)
{
  guint n = 0;

  for (guint i = 0; i < windows->list->len; i++)
    n += ((BhWindow *) g_ptr_array_index (windows->list, i))->kind == kind;
  return n;
}

/* Destroy, topmost first, what the compositor knows of the popups on @window. Each is
 * dismissed at the guest as well. */
static void
close_popups (BhWindows *windows, BhWindow *window)
{
  for (guint i = windows->list->len; i-- > 0;)
    {
      BhWindow *popup = g_ptr_array_index (windows->list, i);

      if (popup->kind == BH_WINDOW_POPUP && popup->parent == window->id && !popup->dead)
        bh_windows_dismiss (windows, popup);
    }
}

void
bh_windows_dismiss (BhWindows *windows, BhWindow *popup)
{
  if (popup->dead)
    return;
  popup->dead = TRUE;
  close_popups (windows, popup);
  bh_window_unrealize (popup);
  bh_window_drop_pictures (popup);
  BH_SEND (windows->proxy, POPUP_DONE, popup_done, .window = popup->id);
}

static void
remove_window (BhWindows *windows, BhWindow *window)
{
  window->dead = TRUE;
  close_popups (windows, window);
  bh_window_unrealize (window);
  g_ptr_array_remove (windows->list, window);
  bh_window_free (window);
}

void
bh_windows_refuse (BhWindows *windows, guint32 id, const char *notice)
{
  BhWindow *window = bh_windows_find (windows, id);

  if (window)
    remove_window (windows, window);
  g_hash_table_add (windows->refused, GUINT_TO_POINTER (id));
  BH_SEND (windows->proxy, WINDOW_REFUSED, window_refused, .window = id);
  bh_service_link_notice (windows->proxy->service, notice);
}

/* A new window with this id may be. NULL, or what was wrong. */
static const char *
check_new (BhWindows *windows, guint32 untrusted_id)
{
  if (bh_windows_find (windows, untrusted_id)
      || g_hash_table_contains (windows->refused, GUINT_TO_POINTER (untrusted_id)))
    return "a window announced twice";
  if (g_hash_table_size (windows->refused) >= BH_MAX_REFUSED)
    return "too many windows that were refused";
  return NULL;
}

const char *
bh_windows_new_toplevel (BhWindows *windows, const bh_msg_window_new *untrusted)
{
  const char *wrong = check_new (windows, untrusted->window);
  BhWindow *window;

  if (wrong)
    return wrong;
  if (count (windows, BH_WINDOW_TOPLEVEL) >= BH_MAX_TOPLEVELS)
    {
      bh_windows_refuse (windows, untrusted->window,
                         "A window was refused: an AppVM may have no more than 64.");
      return NULL;
    }
  window = bh_window_new (windows->proxy, untrusted->window, BH_WINDOW_TOPLEVEL);
  window->launch = untrusted->launch;
  g_ptr_array_add (windows->list, window);
  bh_window_realize (window);
  return NULL;
}

const char *
bh_windows_new_popup (BhWindows *windows, const bh_msg_popup_new *untrusted)
{
  const char *wrong = check_new (windows, untrusted->window);
  BhWindow *window;

  if (wrong)
    return wrong;
  if (!bh_windows_find (windows, untrusted->parent)
      && !g_hash_table_contains (windows->refused, GUINT_TO_POINTER (untrusted->parent)))
    return "a popup without a parent";
  if (count (windows, BH_WINDOW_POPUP) >= BH_MAX_POPUPS)
    {
      bh_windows_refuse (windows, untrusted->window,
                         "A menu was refused: an AppVM may have no more than 64.");
      return NULL;
    }
  window = bh_window_new (windows->proxy, untrusted->window, BH_WINDOW_POPUP);
  window->parent = untrusted->parent;
  window->place = *untrusted;
  window->grab_serial =
      untrusted->grab ? bh_seat_find_press (windows->proxy->seat, untrusted->grab) : 0;
  g_ptr_array_add (windows->list, window);
  bh_window_realize (window);
  return NULL;
}

const char *
bh_windows_move_popup (BhWindows *windows, const bh_msg_popup_move *untrusted)
{
  FIND_OR_RETURN (windows, window, untrusted->window)
  if (window->kind != BH_WINDOW_POPUP)
    return "a toplevel treated as a popup";
  bh_popup_move (window, untrusted);
  return NULL;
}

const char *
bh_windows_gone (BhWindows *windows, const bh_msg_window_gone *untrusted)
{
  BhWindow *window = bh_windows_find (windows, untrusted->window);

  if (g_hash_table_remove (windows->refused, GUINT_TO_POINTER (untrusted->window)))
    return NULL;
  if (!window)
    return UNKNOWN;
  remove_window (windows, window);
  return NULL;
}

const char *
bh_windows_title (BhWindows *windows, const bh_msg_window_title *untrusted)
{
  FIND_TOPLEVEL_OR_RETURN (windows, window, untrusted->window)
  g_free (window->title);
  window->title = bh_text_clean (untrusted->title.data, untrusted->title.len, TITLE_CHARS);
  bh_window_queue_refresh (window);
  return NULL;
}

const char *
bh_windows_app (BhWindows *windows, const bh_msg_window_app *untrusted)
{
  GString *app;
  FIND_TOPLEVEL_OR_RETURN (windows, window, untrusted->window)

  app = g_string_new (NULL);
  for (guint32 i = 0; i < untrusted->app.len && app->len < APP_CHARS; i++)
    {
      char c = untrusted->app.data[i];

      if (g_ascii_isalnum (c) || c == '.' || c == '_' || c == '-')
        g_string_append_c (app, c);
    }
  g_free (window->app);
  window->app = g_string_free (app, FALSE);
  if (window->app[0] == '\0')
    {
      g_free (window->app);
      window->app = g_strdup ("app");
    }
  bh_window_queue_refresh (window);
  return NULL;
}

const char *
bh_windows_limits (BhWindows *windows, const bh_msg_window_limits *untrusted)
{
  FIND_TOPLEVEL_OR_RETURN (windows, window, untrusted->window)
  /* xdg_toplevel.invalid_size would end the proxy's connection; such limits are none. */
  if ((untrusted->max_width && untrusted->max_width < untrusted->min_width)
      || (untrusted->max_height && untrusted->max_height < untrusted->min_height))
    return NULL;
  window->limits[0] = (int) untrusted->min_width;
  window->limits[1] = (int) untrusted->min_height;
  window->limits[2] = (int) untrusted->max_width;
  window->limits[3] = (int) untrusted->max_height;
  bh_toplevel_push_limits (window);
  return NULL;
}

const char *
bh_windows_parent (BhWindows *windows, const bh_msg_window_parent *untrusted)
{
  BhWindow *parent = bh_windows_find (windows, untrusted->parent);
  guint steps = 0;
  FIND_TOPLEVEL_OR_RETURN (windows, window, untrusted->window)

  if (parent && parent->kind != BH_WINDOW_TOPLEVEL)
    return "a popup as parent of a toplevel";
  if (!parent && untrusted->parent != 0)
    return g_hash_table_contains (windows->refused, GUINT_TO_POINTER (untrusted->parent)) ? NULL
                                                                                          : UNKNOWN;
  /* A loop would be an error at the compositor (xdg_toplevel.invalid_parent). */
  for (BhWindow *w = parent; w && steps <= BH_MAX_TOPLEVELS;
       w = bh_windows_find (windows, w->parent), steps++)
    if (w == window)
      return NULL;
  window->parent = untrusted->parent;
  bh_toplevel_push_parent (window);
  return NULL;
}

const char *
bh_windows_request (BhWindows *windows, const bh_msg_window_request *untrusted)
{
  FIND_TOPLEVEL_OR_RETURN (windows, window, untrusted->window)
  bh_toplevel_request (window, untrusted->request);
  return NULL;
}

const char *
bh_windows_drag (BhWindows *windows, const bh_msg_window_drag *untrusted)
{
  struct wl_seat *seat = windows->proxy->display->seat;
  guint32 serial = bh_seat_find_press (windows->proxy->seat, untrusted->serial);
  FIND_TOPLEVEL_OR_RETURN (windows, window, untrusted->window)

  if (untrusted->edges == 3 || untrusted->edges == 7)
    return "a drag of two opposite edges";
  /* Not after an event the guest got: a stale or invented serial moves nothing. */
  if (!serial || !seat || !window->mapped)
    return NULL;
  if (untrusted->edges == 0)
    xdg_toplevel_move (window->toplevel, seat, serial);
  else
    xdg_toplevel_resize (window->toplevel, seat, serial, untrusted->edges);
  return NULL;
}

const char *
bh_windows_menu (BhWindows *windows, const bh_msg_window_menu *untrusted)
{
  struct wl_seat *seat = windows->proxy->display->seat;
  guint32 serial = bh_seat_find_press (windows->proxy->seat, untrusted->serial);
  FIND_TOPLEVEL_OR_RETURN (windows, window, untrusted->window)

  if (serial && seat && window->mapped)
    {
      const BhLook *look = bh_border_get_look (window->border);

      xdg_toplevel_show_window_menu (window->toplevel, seat, serial,
                                     CLAMP (untrusted->x, 0, look->width) + look->margins.left,
                                     CLAMP (untrusted->y, 0, look->height) + look->margins.top);
    }
  return NULL;
}

const char *
bh_windows_slots_want (BhWindows *windows, const bh_msg_slots_want *untrusted)
{
  FIND_OR_RETURN (windows, window, untrusted->window)
  return bh_slots_want (windows->proxy, window->sets, untrusted);
}

const char *
bh_windows_frame (BhWindows *windows, const bh_msg_frame *untrusted)
{
  const char *wrong;
  BhPicture picture;
  BhSlot *slot;
  int width, height, scale;
  FIND_OR_RETURN (windows, window, untrusted->window)

  slot = bh_slots_find (window->sets, untrusted, &wrong);
  if (!slot)
    return wrong;
  if (!bh_window_knows_serial (window, untrusted->serial))
    return "an answer to a configure that was never sent";
  bh_display_get_bounds (windows->proxy->display, &width, &height, &scale);
  if (untrusted->logical_width > 2u * (guint) width
      || untrusted->logical_height > 2u * (guint) height)
    {
      bh_windows_refuse (windows, window->id,
                         "A window was refused: it was larger than twice the screen.");
      return NULL;
    }
  slot->busy = TRUE;
  if (window->dead)
    {
      bh_slot_release (slot);
      return NULL;
    }
  picture = (BhPicture){ .slot = slot,
                         .width = (int) untrusted->width,
                         .height = (int) untrusted->height,
                         .stride = (int) untrusted->stride,
                         .logical_width = (int) untrusted->logical_width,
                         .logical_height = (int) untrusted->logical_height,
                         .serial = untrusted->serial };
  bh_window_show (window, &picture, &untrusted->damage);
  return NULL;
}

const char *
bh_windows_unmap (BhWindows *windows, const bh_msg_window_unmap *untrusted)
{
  FIND_OR_RETURN (windows, window, untrusted->window)

  if (window->dead)
    return NULL;
  close_popups (windows, window);
  bh_window_unrealize (window);
  bh_window_drop_pictures (window);
  /* Ready to be shown again. For a popup that is a new popup_new. */
  if (window->kind == BH_WINDOW_TOPLEVEL)
    bh_window_realize (window);
  else
    bh_windows_dismiss (windows, window);
  return NULL;
}

const char *
bh_windows_pixels (BhWindows *windows, const bh_msg_pixels *untrusted)
{
  FIND_OR_RETURN (windows, window, untrusted->window)
  return bh_slots_fill (window->sets, untrusted);
}

gboolean
bh_windows_has_popups (BhWindows *windows, BhWindow *window)
{
  for (guint i = 0; i < windows->list->len; i++)
    {
      BhWindow *popup = g_ptr_array_index (windows->list, i);

      if (popup->kind == BH_WINDOW_POPUP && popup->parent == window->id && popup->surface)
        return TRUE;
    }
  return FALSE;
}

gboolean
bh_windows_may_grab (BhWindows *windows, BhWindow *parent)
{
  for (guint i = windows->list->len; i-- > 0;)
    {
      BhWindow *popup = g_ptr_array_index (windows->list, i);

      if (popup->grabbed)
        return popup == parent;
    }
  return parent->kind == BH_WINDOW_TOPLEVEL;
}

void
bh_windows_set_activation (BhWindows *windows, guint32 launch, const char *token)
{
  Activation activation = { launch, g_strdup (token) };

  if (windows->activations->len >= MAX_ACTIVATIONS)
    g_array_remove_index (windows->activations, 0);
  g_array_append_val (windows->activations, activation);
}

static void
activate (BhWindows *windows, BhWindow *window)
{
  struct xdg_activation_v1 *activation = windows->proxy->display->activation;

  for (guint i = 0; i < windows->activations->len; i++)
    {
      const Activation *a = &g_array_index (windows->activations, Activation, i);

      if (a->launch != window->launch)
        continue;
      if (activation)
        xdg_activation_v1_activate (activation, a->token, window->surface);
      g_array_remove_index (windows->activations, i);
      return;
    }
}

void
bh_windows_forget_parent (BhWindows *windows, BhWindow *window)
{
  for (guint i = 0; i < windows->list->len; i++)
    {
      BhWindow *child = g_ptr_array_index (windows->list, i);

      if (child->kind == BH_WINDOW_TOPLEVEL && child->parent == window->id)
        bh_toplevel_forget_parent (child);
    }
}

void
bh_windows_mapped_changed (BhWindows *windows, BhWindow *window)
{
  guint n = 0;

  if (window->kind != BH_WINDOW_TOPLEVEL)
    return;
  if (window->mapped)
    activate (windows, window);
  for (guint i = 0; i < windows->list->len; i++)
    {
      BhWindow *other = g_ptr_array_index (windows->list, i);

      if (other->kind != BH_WINDOW_TOPLEVEL)
        continue;
      n += other->mapped && other->launch == window->launch;
      /* It was announced as a parent before it was there. */
      if (window->mapped && other->parent == window->id)
        bh_toplevel_push_parent (other);
    }
  bh_service_link_windows (windows->proxy->service, window->launch, n);
}

void
bh_windows_outputs_changed (BhWindows *windows)
{
  for (guint i = 0; i < windows->list->len; i++)
    bh_window_update_scale (g_ptr_array_index (windows->list, i));
}

void
bh_windows_output_gone (BhWindows *windows, struct wl_output *output)
{
  for (guint i = 0; i < windows->list->len; i++)
    bh_window_output_gone (g_ptr_array_index (windows->list, i), output);
}

void
bh_windows_announce_backdrop (BhWindows *windows)
{
  BhColor color = windows->proxy->color;

  BH_SEND (windows->proxy, BACKDROP, backdrop,
           .rgb = (guint32) color.red << 16 | (guint32) color.green << 8 | color.blue);
}

void
bh_windows_identity_changed (BhWindows *windows)
{
  bh_windows_announce_backdrop (windows);
  for (guint i = 0; i < windows->list->len; i++)
    {
      BhWindow *window = g_ptr_array_index (windows->list, i);

      if (window->border)
        bh_border_repaint (window->border);
      bh_window_queue_refresh (window);
    }
}
