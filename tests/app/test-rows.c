/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rows of settings, in process: what each proposes, refuses, puts back. Needs a display: test-settings.py runs it. */
#include "config.h"

#include "bh-setting-row.h"

#include <adwaita.h>
#include <string.h>

typedef struct
{
  BhSettingRow *row;
  GtkWidget *window;
  GPtrArray *proposed;
} Fixture;

static void
on_proposed (BhSettingRow *row, const char *value, GPtrArray *proposed)
{
  g_ptr_array_add (proposed, g_strdup (value));
}

static void
set_up (Fixture *fixture, gconstpointer key)
{
  g_autoptr (BhProgramList) programs = bh_program_list_new ();
  GtkWidget *list = gtk_list_box_new ();

  fixture->row = BH_SETTING_ROW (bh_setting_row_new (bh_keys_find (key), programs));
  fixture->proposed = g_ptr_array_new_with_free_func (g_free);
  fixture->window = gtk_window_new ();
  g_signal_connect (fixture->row, "proposed", G_CALLBACK (on_proposed), fixture->proposed);
  gtk_list_box_append (GTK_LIST_BOX (list), GTK_WIDGET (fixture->row));
  gtk_window_set_child (GTK_WINDOW (fixture->window), list);
}

static void
tear_down (Fixture *fixture, gconstpointer key)
{
  gtk_window_destroy (GTK_WINDOW (fixture->window));
  g_ptr_array_unref (fixture->proposed);
}

static GtkWidget *
find (GtkWidget *root, GType type)
{
  if (G_TYPE_CHECK_INSTANCE_TYPE (root, type))
    return root;
  for (GtkWidget *child = gtk_widget_get_first_child (root); child;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find (child, type);

      if (found)
        return found;
    }
  return NULL;
}

/* Whether a label that is to be seen has @part. */
static gboolean
says (GtkWidget *root, const char *part)
{
  if (!gtk_widget_get_visible (root))
    return FALSE;
  if (GTK_IS_LABEL (root) && strstr (gtk_label_get_text (GTK_LABEL (root)), part))
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (root); child;
       child = gtk_widget_get_next_sibling (child))
    if (says (child, part))
      return TRUE;
  return FALSE;
}

static void
test_switch (Fixture *fixture, gconstpointer key)
{
  GtkWidget *row = GTK_WIDGET (fixture->row);
  GtkSwitch *control = GTK_SWITCH (find (row, GTK_TYPE_SWITCH));

  g_assert_false (gtk_switch_get_active (control));
  g_assert_false (says (row, "weaker"));
  gtk_switch_set_active (control, TRUE);
  g_assert_cmpuint (fixture->proposed->len, ==, 1);
  g_assert_cmpstr (fixture->proposed->pdata[0], ==, "true");
  /* Refused: as it was, and why. */
  bh_setting_row_answer (fixture->row, "true", "No <b>room</b> left");
  g_assert_false (gtk_switch_get_active (control));
  g_assert_true (says (row, "No <b>room</b> left"));
  g_assert_cmpuint (fixture->proposed->len, ==, 1);
  gtk_switch_set_active (control, TRUE);
  bh_setting_row_answer (fixture->row, "true", NULL);
  g_assert_true (gtk_switch_get_active (control));
  g_assert_false (says (row, "room"));
  g_assert_cmpstr (bh_setting_row_get_value (fixture->row), ==, "true");
  g_assert_true (says (row, "weaker") == bh_keys_find (key)->weakens);
  /* From elsewhere. */
  bh_setting_row_set_value (fixture->row, "false");
  g_assert_false (gtk_switch_get_active (control));
  g_assert_cmpuint (fixture->proposed->len, ==, 2);
}

static void
test_quick_changes_end_with_the_last (Fixture *fixture, gconstpointer key)
{
  GtkSwitch *control = GTK_SWITCH (find (GTK_WIDGET (fixture->row), GTK_TYPE_SWITCH));

  gtk_switch_set_active (control, TRUE);
  gtk_switch_set_active (control, FALSE);
  gtk_switch_set_active (control, TRUE);
  g_assert_cmpuint (fixture->proposed->len, ==, 3);
  /* The service tells of each; none of it turns the switch back. */
  bh_setting_row_set_value (fixture->row, "true");
  bh_setting_row_answer (fixture->row, "true", NULL);
  g_assert_true (gtk_switch_get_active (control));
  bh_setting_row_set_value (fixture->row, "false");
  bh_setting_row_answer (fixture->row, "false", NULL);
  g_assert_true (gtk_switch_get_active (control));
  bh_setting_row_answer (fixture->row, "true", NULL);
  g_assert_true (gtk_switch_get_active (control));
  g_assert_cmpuint (fixture->proposed->len, ==, 3);
}

static void
test_number (Fixture *fixture, gconstpointer key)
{
  GtkSpinButton *control = GTK_SPIN_BUTTON (find (GTK_WIDGET (fixture->row), GTK_TYPE_SPIN_BUTTON));

  g_assert_true (says (GTK_WIDGET (fixture->row), "192 to 65536 MiB"));
  for (int i = 0; i < 50; i++)
    gtk_spin_button_spin (control, GTK_SPIN_STEP_FORWARD, 64);
  /* Fifty steps are one change. */
  g_assert_cmpuint (fixture->proposed->len, ==, 0);
  bh_setting_row_flush (fixture->row);
  g_assert_cmpuint (fixture->proposed->len, ==, 1);
  g_assert_cmpstr (fixture->proposed->pdata[0], ==, "3968");
  bh_setting_row_answer (fixture->row, "3968", NULL);
  gtk_spin_button_set_value (control, 1e9);
  bh_setting_row_flush (fixture->row);
  g_assert_cmpstr (fixture->proposed->pdata[1], ==, "65536");
  bh_setting_row_answer (fixture->row, "65536", "too much");
  g_assert_cmpint (gtk_spin_button_get_value_as_int (control), ==, 3968);
  bh_setting_row_flush (fixture->row);
  g_assert_cmpuint (fixture->proposed->len, ==, 2);
}

static void
test_words (Fixture *fixture, gconstpointer key)
{
  GtkWidget *row = GTK_WIDGET (fixture->row);
  GtkEditable *control = GTK_EDITABLE (find (row, GTK_TYPE_ENTRY));

  bh_setting_row_set_value (fixture->row, "Bank");
  gtk_editable_set_text (control, "a\u202eb");
  /* Said while it is typed, and left as typed. */
  g_assert_true (says (row, "shown safely"));
  g_assert_cmpstr (gtk_editable_get_text (control), ==, "a\u202eb");
  bh_setting_row_flush (fixture->row);
  g_assert_cmpstr (gtk_editable_get_text (control), ==, "Bank");
  g_assert_true (says (row, "shown safely"));
  g_assert_cmpuint (fixture->proposed->len, ==, 0);
  gtk_editable_set_text (control, "");
  g_assert_true (says (row, "cannot be empty"));
  gtk_editable_set_text (control, "  Savings ");
  bh_setting_row_flush (fixture->row);
  g_assert_cmpstr (fixture->proposed->pdata[0], ==, "Savings");
}

/* Every row of the table can be made, shows its default and proposes nothing by itself. */
static void
test_every_key (void)
{
  gsize n;
  const BhKey *keys = bh_keys (&n);

  for (gsize i = 0; i < n; i++)
    {
      Fixture fixture;

      set_up (&fixture, keys[i].name);
      g_assert_true (says (GTK_WIDGET (fixture.row), keys[i].title));
      g_assert_true (says (GTK_WIDGET (fixture.row), keys[i].doc));
      bh_setting_row_set_waiting (fixture.row, TRUE);
      g_assert_true (says (GTK_WIDGET (fixture.row), "next start"));
      bh_setting_row_flush (fixture.row);
      g_assert_cmpuint (fixture.proposed->len, ==, 0);
      tear_down (&fixture, keys[i].name);
    }
}

static void
test_reset (Fixture *fixture, gconstpointer key)
{
  GtkWidget *button = find (GTK_WIDGET (fixture->row), GTK_TYPE_BUTTON);

  g_assert_false (gtk_widget_get_visible (button));
  bh_setting_row_set_value (fixture->row, "1024");
  g_assert_true (gtk_widget_get_visible (button));
  g_signal_emit_by_name (button, "clicked");
  g_assert_cmpstr (fixture->proposed->pdata[0], ==, "");
  bh_setting_row_answer (fixture->row, "", NULL);
  g_assert_cmpstr (bh_setting_row_get_value (fixture->row), ==, "768");
  g_assert_false (gtk_widget_get_visible (button));
}

#define ADD(path, key, test) g_test_add (path, Fixture, key, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  adw_init ();
  ADD ("/rows/switch", "Microphone", test_switch);
  ADD ("/rows/quick-changes-end-with-the-last", "Microphone", test_quick_changes_end_with_the_last);
  ADD ("/rows/number", "Memory", test_number);
  ADD ("/rows/words", "Name", test_words);
  ADD ("/rows/reset", "Memory", test_reset);
  g_test_add_func ("/rows/every-key", test_every_key);
  return g_test_run ();
}
