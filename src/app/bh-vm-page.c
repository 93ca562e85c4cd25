/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The page of the chosen AppVM: its state, its programs, what runs and what it takes.
 *
 * Every act is an action of the group "vm", so that buttons, menus and shortcuts name the same
 * thing. */
#include "config.h"

#include "bh-vm-page.h"

#include "bh-accessible.h"
#include "bh-drop.h"
#include "bh-launch.h"
#include "bh-log-window.h"
#include "bh-network-row.h"
#include "bh-open.h"
#include "bh-program-tile.h"
#include "bh-running-row.h"
#include "bh-sound-row.h"
#include "bh-terminal.h"
#include "bh-usage-box.h"
#include "bh-trouble.h"
#include "bh-vm-acts.h"
#include "bh-vm-hero.h"

#include <adwaita.h>
#include <glib/gi18n.h>

/* How far the page must be scrolled until the name moves up into the header bar. */
#define NAME_HIDDEN_AT 64

struct _BhVmPage
{
  GtkBox parent_instance;
  BhProgramList *programs;
  BhVmItem *item;
  GStrv shown;
  GVariant *shown_running;
  guint scroll; /* has been scrolled, and the title does not know yet */

  AdwHeaderBar *header;
  GtkStack *title_stack;
  AdwWindowTitle *title;
  GtkButton *back;
  GtkScrolledWindow *scrolled;
  BhVmHero *hero;
  GtkWidget *error_box;
  GtkLabel *error;
  GtkStack *programs_stack;
  GtkFlowBox *tiles;
  GtkWidget *add;
  GtkWidget *running_group;
  GtkListBox *running;
  BhUsageBox *usage;
  BhSoundRow *sound;
  BhNetworkRow *network;
  GtkWidget *problems_box, *old_template_box;
  GtkLabel *problems;
};

G_DEFINE_FINAL_TYPE (BhVmPage, bh_vm_page, GTK_TYPE_BOX)

static guint back_signal;

static gboolean
is_running (BhVmPage *self, GPtrArray *running, BhProgram *program)
{
  for (guint i = 0; i < running->len; i++)
    {
      const BhRunning *one = running->pdata[i];

      if (g_str_equal (one->label, bh_program_get_name (program))
          || g_str_equal (one->label, bh_program_get_id (program)))
        return TRUE;
    }
  return FALSE;
}

static void
update_tiles (BhVmPage *self, GPtrArray *running)
{
  const char *const *ids = bh_vm_item_get_applications (self->item);
  GtkWidget *child;

  if (!self->shown || !g_strv_equal ((const char *const *) self->shown, ids))
    {
      while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->tiles))))
        gtk_flow_box_remove (self->tiles, child);
      for (gsize i = 0; ids[i]; i++)
        {
          g_autoptr (BhProgram) program = bh_program_list_lookup (self->programs, ids[i]);

          gtk_flow_box_append (self->tiles, bh_program_tile_new (program));
        }
      g_strfreev (self->shown);
      self->shown = g_strdupv ((char **) ids);
    }
  for (child = gtk_widget_get_first_child (GTK_WIDGET (self->tiles)); child;
       child = gtk_widget_get_next_sibling (child))
    {
      BhProgram *program = bh_program_tile_get_program (BH_PROGRAM_TILE (child));

      gtk_widget_action_set_enabled (child, "tile.disposable",
                                     !bh_vm_item_makes_disposables (self->item));
      gtk_widget_action_set_enabled (child, "tile.remove",
                                     !bh_vm_item_get_definition (self->item)
                                         && !bh_vm_item_is_desktop (self->item));
      bh_program_tile_set_state (BH_PROGRAM_TILE (child),
                                 bh_vm_item_is_launching (self->item, bh_program_get_id (program)),
                                 is_running (self, running, program));
    }
  gtk_stack_set_visible_child_name (self->programs_stack, ids[0] ? "tiles" : "empty");
  gtk_widget_set_visible (self->add, ids[0] && !bh_vm_item_get_definition (self->item)
                                         && !bh_vm_item_is_desktop (self->item));
}

static void
update_running (BhVmPage *self, GPtrArray *running)
{
  GVariant *programs = bh_dbus_vm1_get_programs (bh_vm_item_get_proxy (self->item));
  GtkWidget *child;

  /* Only when it changed: its buttons may have the focus. */
  if (self->shown_running && programs && g_variant_equal (self->shown_running, programs))
    return;
  g_clear_pointer (&self->shown_running, g_variant_unref);
  self->shown_running = programs ? g_variant_ref (programs) : NULL;
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->running))))
    gtk_list_box_remove (self->running, child);
  for (guint i = 0; i < running->len; i++)
    gtk_list_box_append (self->running, bh_running_row_new (running->pdata[i]));
  gtk_widget_set_visible (self->running_group, running->len > 0);
}

static void
update_state (BhVmPage *self)
{
  BhVmItem *item = self->item;
  GtkWidget *widget = GTK_WIDGET (self);
  g_autofree char *status = bh_vm_item_dup_status (item), *error = bh_vm_item_dup_error (item);
  BhVmState state = bh_vm_item_get_state (item);
  BhJob *job = bh_vm_item_get_job (item);
  gboolean running = state == BH_VM_RUNNING;
  gboolean stopping = state == BH_VM_STOPPING || (job && bh_job_get_kind (job) == BH_JOB_STOP);
  gboolean busy = job || state == BH_VM_STARTING || stopping;
  gboolean disposable = bh_vm_item_get_definition (item) != NULL;
  gboolean disposables = bh_vm_item_makes_disposables (item);
  gboolean desktop = bh_vm_item_is_desktop (item);

  adw_window_title_set_title (self->title, bh_vm_item_get_name (item));
  adw_window_title_set_subtitle (self->title, status);
  gtk_widget_action_set_enabled (widget, "vm.cancel", job && !stopping);
  gtk_widget_action_set_enabled (widget, "vm.start", !busy && !running && !disposables);
  gtk_widget_action_set_enabled (widget, "vm.stop",
                                 !stopping && (running || state == BH_VM_STARTING));
  gtk_widget_action_set_enabled (widget, "vm.restart", !busy && running && !disposable);
  gtk_widget_action_set_enabled (widget, "vm.add-programs", !disposable && !desktop);
  gtk_widget_action_set_enabled (widget, "vm.add-command", !disposable && !desktop);
  gtk_widget_action_set_enabled (widget, "vm.open", !desktop && !stopping);
  gtk_widget_action_set_enabled (widget, "vm.open-disposable", !desktop && !disposables);
  gtk_widget_action_set_enabled (widget, "vm.delete", !disposable);
  gtk_widget_action_set_enabled (widget, "vm.terminal", running && !stopping);
  bh_vm_hero_update (self->hero);
  bh_usage_box_set_running (self->usage, running);
  gtk_widget_set_visible (self->error_box, !busy && state == BH_VM_FAILED && *error != '\0');
  gtk_label_set_text (self->error, error);
}

static void
update_problems (BhVmPage *self)
{
  const char *const *problems = bh_dbus_vm1_get_problems (bh_vm_item_get_proxy (self->item));
  g_autofree char *text = problems ? g_strjoinv ("\n", (char **) problems) : g_strdup ("");

  gtk_label_set_text (self->problems, text);
  gtk_widget_set_visible (self->problems_box, *text != '\0');
  gtk_widget_set_visible (self->old_template_box,
                          bh_dbus_vm1_get_runs_old_template (bh_vm_item_get_proxy (self->item)));
}

static void
update (BhVmPage *self)
{
  g_autoptr (GPtrArray) running = NULL;

  if (!self->item)
    return;
  running = bh_vm_item_get_running (self->item);
  update_state (self);
  update_tiles (self, running);
  update_running (self, running);
  update_problems (self);
}

static void
on_item_changed (BhVmItem *item, BhVmPage *self)
{
  update (self);
}

static void
on_programs_loaded (BhProgramList *programs, guint position, guint removed, guint added,
                    BhVmPage *self)
{
  g_clear_pointer (&self->shown, g_strfreev);
  update (self);
}

static gboolean
show_title (gpointer user_data)
{
  BhVmPage *self = user_data;
  double value = gtk_adjustment_get_value (gtk_scrolled_window_get_vadjustment (self->scrolled));

  self->scroll = 0;
  gtk_stack_set_visible_child_name (self->title_stack,
                                    value > NAME_HIDDEN_AT ? "name" : "nothing");
  return G_SOURCE_REMOVE;
}

/* Later: a page that gets shorter is scrolled while it is laid out, and the header's layout is done by then. */
static void
on_scrolled (GtkAdjustment *adjustment, BhVmPage *self)
{
  if (self->scroll == 0)
    self->scroll = g_idle_add (show_title, self);
}

/* "vm.launch" or "vm.launch-disposable" */
static void
launch (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhVmPage *self = BH_VM_PAGE (widget);
  const char *id = g_variant_get_string (parameter, NULL);
  g_autoptr (BhProgram) program = bh_program_list_lookup (self->programs, id);

  /* A second click while it starts is impatience, not a wish for two. */
  if (self->item && !bh_vm_item_is_launching (self->item, id))
    bh_launch_program (self->item,
                       g_str_equal (action, "vm.launch") ? BH_JOB_LAUNCH : BH_JOB_DISPOSABLE, id, bh_program_get_name (program), widget);
}

static void
start (GtkWidget *widget, const char *action, GVariant *parameter)
{
  bh_launch_start (BH_VM_PAGE (widget)->item, widget);
}

static void
stop (GtkWidget *widget, const char *action, GVariant *parameter)
{
  bh_launch_stop (BH_VM_PAGE (widget)->item, FALSE, widget);
}

static void
restart (GtkWidget *widget, const char *action, GVariant *parameter)
{
  bh_launch_restart (BH_VM_PAGE (widget)->item, widget);
}

/* "vm.open" or "vm.open-disposable" */
static void
open_files (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhVmPage *self = BH_VM_PAGE (widget);

  bh_open_choose (self->item, g_str_equal (action, "vm.open-disposable"), self->programs, widget);
}

static void
open_terminal (GtkWidget *widget, const char *action, GVariant *parameter)
{
  bh_terminal_open (BH_VM_PAGE (widget)->item, widget);
}

static void
show_log (GtkWidget *widget, const char *action, GVariant *parameter)
{
  GtkWindow *window = GTK_WINDOW (gtk_widget_get_root (widget));

  gtk_window_present (bh_log_window_new (window, BH_VM_PAGE (widget)->item));
}

static void
cancel (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhJob *job = bh_vm_item_get_job (BH_VM_PAGE (widget)->item);

  if (job)
    bh_job_cancel (job);
}

static void
add_programs (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhVmPage *self = BH_VM_PAGE (widget);

  bh_vm_acts_add_programs (self->item, self->programs, widget);
}

static void
add_command (GtkWidget *widget, const char *action, GVariant *parameter)
{
  bh_vm_acts_add_command (BH_VM_PAGE (widget)->item, widget);
}

static void
remove_program (GtkWidget *widget, const char *action, GVariant *parameter)
{
  BhVmPage *self = BH_VM_PAGE (widget);
  const char *id = g_variant_get_string (parameter, NULL);
  g_autoptr (BhProgram) program = bh_program_list_lookup (self->programs, id);

  bh_vm_acts_remove_program (self->item, program, widget);
}

static void
end_program (GtkWidget *widget, const char *action, GVariant *parameter)
{
  bh_vm_acts_end_program (BH_VM_PAGE (widget)->item, g_variant_get_uint32 (parameter), widget);
}

static void delete (GtkWidget *widget, const char *action, GVariant *parameter)
{
  bh_vm_acts_delete (BH_VM_PAGE (widget)->item, widget);
}

static void
go_back (GtkWidget *widget, const char *action, GVariant *parameter)
{
  g_signal_emit (widget, back_signal, 0);
}

static void
bh_vm_page_dispose (GObject *object)
{
  BhVmPage *self = BH_VM_PAGE (object);

  g_clear_handle_id (&self->scroll, g_source_remove);
  if (self->item)
    g_signal_handlers_disconnect_by_data (self->item, self);
  g_clear_object (&self->item);
  g_clear_object (&self->programs);
  g_clear_pointer (&self->shown, g_strfreev);
  g_clear_pointer (&self->shown_running, g_variant_unref);
  G_OBJECT_CLASS (bh_vm_page_parent_class)->dispose (object);
}

static void
install_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "vm.launch", "s", launch);
  gtk_widget_class_install_action (widget_class, "vm.launch-disposable", "s", launch);
  gtk_widget_class_install_action (widget_class, "vm.start", NULL, start);
  gtk_widget_class_install_action (widget_class, "vm.stop", NULL, stop);
  gtk_widget_class_install_action (widget_class, "vm.restart", NULL, restart);
  gtk_widget_class_install_action (widget_class, "vm.open", NULL, open_files);
  gtk_widget_class_install_action (widget_class, "vm.open-disposable", NULL, open_files);
  gtk_widget_class_install_action (widget_class, "vm.terminal", NULL, open_terminal);
  gtk_widget_class_install_action (widget_class, "vm.log", NULL, show_log);
  gtk_widget_class_install_action (widget_class, "vm.cancel", NULL, cancel);
  gtk_widget_class_install_action (widget_class, "vm.add-programs", NULL, add_programs);
  gtk_widget_class_install_action (widget_class, "vm.add-command", NULL, add_command);
  gtk_widget_class_install_action (widget_class, "vm.remove-program", "s", remove_program);
  gtk_widget_class_install_action (widget_class, "vm.end-program", "u", end_program);
  gtk_widget_class_install_action (widget_class, "vm.delete", NULL, delete);
  gtk_widget_class_install_action (widget_class, "vm.back", NULL, go_back);
}

static void
bh_vm_page_class_init (BhVmPageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = bh_vm_page_dispose;
  back_signal = g_signal_new ("back", BH_TYPE_VM_PAGE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                              G_TYPE_NONE, 0);
  g_type_ensure (BH_TYPE_USAGE_BOX);
  g_type_ensure (BH_TYPE_SOUND_ROW);
  g_type_ensure (BH_TYPE_NETWORK_ROW);
  g_type_ensure (BH_TYPE_VM_HERO);
  install_actions (widget_class);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/io/github/bulkhead/Bulkhead/ui/bh-vm-page.ui");
  gtk_widget_class_bind_template_child (widget_class, BhVmPage, header);
  gtk_widget_class_bind_template_child (widget_class, BhVmPage, title_stack);
  gtk_widget_class_bind_template_child (widget_class, BhVmPage, title);
  gtk_widget_class_bind_template_child (widget_class, BhVmPage, back);
  gtk_widget_class_bind_template_child (widget_class, BhVmPage, scrolled);
  gtk_widget_class_bind_template_child (widget_class, BhVmPage, hero);
  gtk_widget_class_bind_template_child (widget_class, BhVmPage, error);
  gtk_widget_class_bind_template_child (widget_class, BhVmPage, error_box);
  gtk_widget_class_bind_template_child (widget_class, BhVmPage, programs_stack);
  gtk_widget_class_bind_template_child (widget_class, BhVmPage, tiles);
  gtk_widget_class_bind_template_child (widget_class, BhVmPage, add);
  gtk_widget_class_bind_template_child (widget_class, BhVmPage, running_group);
  gtk_widget_class_bind_template_child (widget_class, BhVmPage, running);
  gtk_widget_class_bind_template_child (widget_class, BhVmPage, usage);
  gtk_widget_class_bind_template_child (widget_class, BhVmPage, sound);
  gtk_widget_class_bind_template_child (widget_class, BhVmPage, network);
  gtk_widget_class_bind_template_child (widget_class, BhVmPage, problems_box);
  gtk_widget_class_bind_template_child (widget_class, BhVmPage, old_template_box);
  gtk_widget_class_bind_template_child (widget_class, BhVmPage, problems);
}

static void
bh_vm_page_init (BhVmPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  bh_accessible_tidy (GTK_WIDGET (self));
  bh_accessible_follow (GTK_WIDGET (self->title_stack));
  bh_accessible_follow (GTK_WIDGET (self->programs_stack));
  g_signal_connect_object (gtk_scrolled_window_get_vadjustment (self->scrolled), "value-changed",
                           G_CALLBACK (on_scrolled), self, 0);
}

static void
on_dropped (GtkWidget *widget, const char *const *ids, const GError *refused)
{
  BhVmPage *self = BH_VM_PAGE (widget);

  if (self->item && ids[0])
    bh_vm_acts_offer (self->item, ids, widget);
  if (refused)
    bh_trouble_present_plain (GTK_WINDOW (gtk_widget_get_root (widget)), NULL, refused);
}

static void
on_opened (GtkWidget *widget, GSList *files)
{
  BhVmPage *self = BH_VM_PAGE (widget);

  if (self->item)
    bh_open_files (self->item, FALSE, files, self->programs, widget);
}

void
bh_vm_page_set_programs (BhVmPage *self, BhProgramList *programs)
{
  g_return_if_fail (!self->programs);

  self->programs = g_object_ref (programs);
  bh_drop_accept (GTK_WIDGET (self), programs, on_dropped, on_opened);
  g_signal_connect_object (programs, "items-changed", G_CALLBACK (on_programs_loaded), self, 0);
}

void
bh_vm_page_set_item (BhVmPage *self, BhVmItem *item)
{
  if (self->item == item)
    return;
  if (self->item)
    g_signal_handlers_disconnect_by_data (self->item, self);
  g_set_object (&self->item, item);
  g_clear_pointer (&self->shown, g_strfreev);
  g_clear_pointer (&self->shown_running, g_variant_unref);
  bh_vm_hero_set_item (self->hero, item);
  bh_usage_box_set_item (self->usage, item);
  bh_sound_row_set_item (self->sound, item);
  bh_network_row_set_item (self->network, item);
  gtk_adjustment_set_value (gtk_scrolled_window_get_vadjustment (self->scrolled), 0);
  if (item)
    g_signal_connect (item, "changed", G_CALLBACK (on_item_changed), self);
  update (self);
}

BhVmItem *
bh_vm_page_get_item (BhVmPage *self)
{
  return self->item;
}

void
bh_vm_page_set_folded (BhVmPage *self, gboolean folded)
{
  gtk_widget_set_visible (GTK_WIDGET (self->back), folded);
  adw_header_bar_set_show_start_title_buttons (self->header, folded);
}

void
bh_vm_page_focus (BhVmPage *self)
{
  GtkWidget *first = gtk_widget_get_first_child (GTK_WIDGET (self->tiles));

  gtk_widget_child_focus (first ? first : GTK_WIDGET (self->programs_stack), GTK_DIR_TAB_FORWARD);
}
