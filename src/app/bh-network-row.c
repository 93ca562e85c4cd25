/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The network of a running AppVM, live while it is looked at: counters and peers are asked for every two seconds, and only
 * while the row is on the screen. Hidden without a network. */
#include "config.h"

#include "bh-network-row.h"

#include "bh-text.h"
#include "bh-trouble.h"

#include <glib/gi18n.h>
#include <string.h>

#define POLL_MS 2000
#define MAX_PEERS 12
#define MAX_CHARS 300

struct _BhNetworkRow
{
  AdwExpanderRow parent_instance;
  BhVmItem *item;
  GtkSwitch *block;
  GtkWidget *block_row;
  GPtrArray *lines; /* of AdwActionRow: interfaces, then peers */
  guint used;       /* of them */
  GVariant *report; /* what ReadNetwork has said; NULL: nothing yet */
  gboolean showing; /* what the service says, which is no wish of the user's */
  int lan;          /* what it has said last, so that a wish is not undone before it knows of it; -1 */
  guint timer;
  GCancellable *cancellable; /* of the question under way */
};

G_DEFINE_FINAL_TYPE (BhNetworkRow, bh_network_row, ADW_TYPE_EXPANDER_ROW)

/* Words. */

static const char *
string_of (GVariant *interface, const char *key)
{
  const char *text = "";

  g_variant_lookup (interface, key, "&s", &text);
  return text;
}

static char *
describe_way (GVariant *interface)
{
  const char *mode = string_of (interface, "mode"), *via = string_of (interface, "via");

  if (g_str_equal (mode, "vm"))
    return g_strdup_printf (_ ("Through “%s”"), via);
  if (g_str_equal (mode, "client"))
    return g_strdup_printf (_ ("For “%s”"), via);
  if (g_str_equal (mode, "bridge"))
    return g_strdup_printf (_ ("Bridge %s"), via);
  return g_strdup (g_str_equal (mode, "nat") ? _ ("Kernel network") : _ ("Internet"));
}

/* "1.2 MB received, 34 kB sent"; NULL when nobody counts. */
static char *
describe_amount (GVariant *interface)
{
  guint64 in, out, blocked = 0;
  g_autofree char *received = NULL, *sent = NULL;
  guint refused;

  if (!g_variant_lookup (interface, "in", "t", &in)
      || !g_variant_lookup (interface, "out", "t", &out))
    return NULL;
  g_variant_lookup (interface, "blocked", "t", &blocked);
  received = g_format_size (in);
  sent = g_format_size (out);
  if (blocked == 0)
    return g_strdup_printf (_ ("%s received, %s sent"), received, sent);
  refused = (guint) MIN (blocked, G_MAXUINT);
  return g_strdup_printf (ngettext ("%s received, %s sent, %u packet refused",
                                    "%s received, %s sent, %u packets refused", refused),
                          received, sent, refused);
}

/* What it is doing; why, where it does not go. */
static char *
describe_state (GVariant *interface)
{
  const char *state = string_of (interface, "state"), *detail = string_of (interface, "detail");
  g_autofree char *amount = describe_amount (interface);

  if (*detail)
    return bh_text_clean (detail, strlen (detail), MAX_CHARS);
  if (g_str_equal (state, "starting"))
    return g_strdup (_ ("Being connected"));
  if (g_str_equal (state, "waiting"))
    return g_strdup (_ ("Waiting for its network"));
  if (!g_str_equal (state, "on"))
    return g_strdup (_ ("Not connected"));
  return amount ? g_steal_pointer (&amount) : g_strdup (_ ("Connected"));
}

/* Lines. */

static void
add_line (BhNetworkRow *self, const char *title, const char *subtitle)
{
  GtkWidget *line;

  if (self->used == self->lines->len)
    {
      line = adw_action_row_new ();
      adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (line), FALSE);
      adw_action_row_set_subtitle_lines (ADW_ACTION_ROW (line), 4);
      adw_expander_row_add_row (ADW_EXPANDER_ROW (self), line);
      g_ptr_array_add (self->lines, line);
    }
  line = self->lines->pdata[self->used++];
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (line), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (line), subtitle);
}

static void
add_peers (BhNetworkRow *self, GVariant *interface, guint *shown, guint *more)
{
  g_autoptr (GVariant) peers =
      g_variant_lookup_value (interface, "peers", G_VARIANT_TYPE ("a(ssutt)"));
  const char *protocol, *address;
  guint32 port;
  guint64 in, out;
  GVariantIter iter;

  if (!peers)
    return;
  g_variant_iter_init (&iter, peers);
  while (g_variant_iter_next (&iter, "(&s&sutt)", &protocol, &address, &port, &in, &out))
    {
      g_autofree char *received = g_format_size (in), *sent = g_format_size (out);
      g_autofree char *upper = g_ascii_strup (protocol, -1), *text = NULL;

      if ((*shown)++ >= MAX_PEERS)
        {
          (*more)++;
          continue;
        }
      if (port > 0)
        /* Translators: "TCP port 443: 1.2 MB received, 34 kB sent" */
        text = g_strdup_printf (_ ("%s port %u: %s received, %s sent"), upper, port, received, sent);
      else
        text = g_strdup_printf (_ ("%s: %s received, %s sent"), upper, received, sent);
      add_line (self, address, text);
    }
}

static void
show_lines (BhNetworkRow *self, GVariant *interfaces)
{
  gsize n = g_variant_n_children (interfaces);
  guint shown = 0, more = 0;

  self->used = 0;
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) interface = g_variant_get_child_value (interfaces, i);
      g_autofree char *way = describe_way (interface), *state = describe_state (interface);
      g_autofree char *title = g_strdup_printf (_ ("%s: %s"), string_of (interface, "name"), way);

      add_line (self, title, state);
    }
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) interface = g_variant_get_child_value (interfaces, i);

      add_peers (self, interface, &shown, &more);
    }
  if (more > 0)
    {
      g_autofree char *text =
          g_strdup_printf (ngettext ("And %u more", "And %u more", more), more);

      add_line (self, text, "");
    }
  while (self->lines->len > self->used)
    {
      adw_expander_row_remove (ADW_EXPANDER_ROW (self),
                               self->lines->pdata[self->lines->len - 1]);
      g_ptr_array_remove_index (self->lines, self->lines->len - 1);
    }
}

/* The main one. */
static void
show_summary (BhNetworkRow *self, GVariant *interfaces)
{
  g_autoptr (GVariant) first = g_variant_get_child_value (interfaces, 0);
  g_autofree char *way = describe_way (first), *state = describe_state (first);
  g_autofree char *text = g_strdup_printf (_ ("%s: %s"), way, state);
  /* Subtitles of this kind of row are always markup. */
  g_autofree char *escaped = g_markup_escape_text (text, -1);

  adw_expander_row_set_subtitle (ADW_EXPANDER_ROW (self), escaped);
}

/* Life. */

static void
stop (BhNetworkRow *self)
{
  g_clear_handle_id (&self->timer, g_source_remove);
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->report, g_variant_unref);
}

/* As many as the property has: what was asked before an interface came or went is too old. */
static GVariant *
latest (BhNetworkRow *self, GVariant *interfaces)
{
  gboolean same = self->report
                  && g_variant_n_children (self->report) == g_variant_n_children (interfaces);

  return same ? self->report : interfaces;
}

static void
show_lan (BhNetworkRow *self, gboolean lan)
{
  if (self->lan == lan)
    return;
  self->lan = lan;
  self->showing = TRUE;
  gtk_switch_set_active (self->block, !lan);
  self->showing = FALSE;
}

static gboolean ask (gpointer user_data);

static void
update (BhNetworkRow *self)
{
  BhDbusVm1 *vm = self->item ? bh_vm_item_get_proxy (self->item) : NULL;
  GVariant *network = vm ? bh_dbus_vm1_get_network (vm) : NULL;
  GVariant *settings = vm ? bh_dbus_vm1_get_settings (vm) : NULL;
  const char *lan = "false", *wanted = "none";
  g_autoptr (GVariant) interfaces =
      network ? g_variant_lookup_value (network, "interfaces", G_VARIANT_TYPE ("aa{sv}")) : NULL;
  gboolean has = interfaces && g_variant_n_children (interfaces) > 0
                 && bh_vm_item_get_state (self->item) == BH_VM_RUNNING;

  gtk_widget_set_visible (GTK_WIDGET (self), has);
  if (!has)
    {
      stop (self);
      return;
    }
  if (settings)
    {
      g_variant_lookup (settings, "Lan", "&s", &lan);
      g_variant_lookup (settings, "Network", "&s", &wanted);
    }
  show_lan (self, g_str_equal (lan, "true"));
  /* The further interfaces say it in their own words. */
  gtk_widget_set_visible (self->block_row, !g_str_equal (wanted, "none"));
  show_summary (self, latest (self, interfaces));
  show_lines (self, latest (self, interfaces));
  if (!self->timer && gtk_widget_get_mapped (GTK_WIDGET (self)))
    {
      self->timer = g_timeout_add (POLL_MS, ask, self);
      ask (self);
    }
}

static void
on_report (GObject *source, GAsyncResult *result, gpointer user_data)
{
  BhNetworkRow *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) report = NULL;

  if (!bh_dbus_vm1_call_read_network_finish (BH_DBUS_VM1 (source), &report, result, &error)
      && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->report, g_variant_unref);
  self->report = g_steal_pointer (&report);
  update (self);
}

static gboolean
ask (gpointer user_data)
{
  BhNetworkRow *self = user_data;

  if (self->cancellable)
    return G_SOURCE_CONTINUE;
  self->cancellable = g_cancellable_new ();
  bh_dbus_vm1_call_read_network (bh_vm_item_get_proxy (self->item), self->cancellable, on_report,
                                 self);
  return G_SOURCE_CONTINUE;
}

static void
on_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (BhNetworkRow) self = user_data;
  g_autoptr (GError) error = NULL;

  if (bh_dbus_vm1_call_set_finish (BH_DBUS_VM1 (source), NULL, result, &error))
    return;
  if (gtk_widget_get_root (GTK_WIDGET (self)))
    bh_trouble_present_plain (GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))),
                              _ ("The Network Was Not Changed"), error);
  self->lan = -1;
  update (self);
}

static void
on_block (GtkSwitch *block, GParamSpec *pspec, BhNetworkRow *self)
{
  GVariantBuilder settings;

  if (self->showing || !self->item)
    return;
  g_variant_builder_init (&settings, G_VARIANT_TYPE ("a{ss}"));
  g_variant_builder_add (&settings, "{ss}", "Lan", gtk_switch_get_active (block) ? "false" : "true");
  bh_dbus_vm1_call_set (bh_vm_item_get_proxy (self->item), g_variant_builder_end (&settings), NULL,
                        on_set, g_object_ref (self));
}

static void
bh_network_row_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (bh_network_row_parent_class)->map (widget);
  update (BH_NETWORK_ROW (widget));
}

static void
bh_network_row_unmap (GtkWidget *widget)
{
  stop (BH_NETWORK_ROW (widget));
  GTK_WIDGET_CLASS (bh_network_row_parent_class)->unmap (widget);
}

static void
bh_network_row_dispose (GObject *object)
{
  BhNetworkRow *self = BH_NETWORK_ROW (object);

  stop (self);
  if (self->item)
    g_signal_handlers_disconnect_by_data (self->item, self);
  g_clear_object (&self->item);
  g_clear_pointer (&self->lines, g_ptr_array_unref);
  G_OBJECT_CLASS (bh_network_row_parent_class)->dispose (object);
}

static void
bh_network_row_class_init (BhNetworkRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = bh_network_row_dispose;
  widget_class->map = bh_network_row_map;
  widget_class->unmap = bh_network_row_unmap;
  /* Also for those who cannot see the arrow: it is no widget with a name. */
  gtk_widget_class_install_property_action (widget_class, "network.show", "expanded");
}

static void
bh_network_row_init (BhNetworkRow *self)
{
  self->lan = -1;
  self->lines = g_ptr_array_new ();
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self), _ ("Network"));
  self->block = GTK_SWITCH (gtk_switch_new ());
  gtk_widget_set_valign (GTK_WIDGET (self->block), GTK_ALIGN_CENTER);
  g_signal_connect (self->block, "notify::active", G_CALLBACK (on_block), self);
  self->block_row = adw_action_row_new ();
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->block_row),
                                 _ ("Block the Local Network"));
  adw_action_row_set_subtitle (ADW_ACTION_ROW (self->block_row),
                               _ ("Printers, routers and other computers in your own network"));
  adw_action_row_add_suffix (ADW_ACTION_ROW (self->block_row), GTK_WIDGET (self->block));
  adw_action_row_set_activatable_widget (ADW_ACTION_ROW (self->block_row),
                                         GTK_WIDGET (self->block));
  adw_expander_row_add_row (ADW_EXPANDER_ROW (self), self->block_row);
  gtk_widget_set_visible (GTK_WIDGET (self), FALSE);
}

static void
on_item_changed (BhVmItem *item, BhNetworkRow *self)
{
  update (self);
}

void
bh_network_row_set_item (BhNetworkRow *self, BhVmItem *item)
{
  if (self->item == item)
    return;
  stop (self);
  if (self->item)
    g_signal_handlers_disconnect_by_data (self->item, self);
  g_set_object (&self->item, item);
  self->lan = -1;
  adw_expander_row_set_expanded (ADW_EXPANDER_ROW (self), FALSE);
  if (item)
    g_signal_connect (item, "changed", G_CALLBACK (on_item_changed), self);
  update (self);
}
