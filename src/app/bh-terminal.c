/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The serial console of an AppVM, in the user's own terminal: `bulkheadctl console ID`.
 *
 * Not a terminal widget in here: what the guest writes would be parsed by a big library in the one program that
 * may do everything the user may. The terminal gets only what bulkheadctl's filter lets through. */
#include "config.h"

#include "bh-terminal.h"

#include "bh-error.h"
#include "bh-trouble.h"

#include <glib/gi18n.h>

/* What each wants before the command; all keep the words of the command apart. */
static const struct
{
  const char *program, *option;
} terminals[] = {
  { "xdg-terminal-exec", NULL }, { "x-terminal-emulator", "-e" }, { "ptyxis", "--" },
  { "kgx", "--" },               { "gnome-terminal", "--" },      { "konsole", "-e" },
  { "xfce4-terminal", "-x" },    { "foot", NULL },                { "alacritty", "-e" },
  { "kitty", NULL },             { "wezterm", "start" },          { "xterm", "-e" },
};

static char *
find_control (void)
{
  const char *dir = g_getenv ("BULKHEAD_BIN_DIR");

  return g_build_filename (dir && g_path_is_absolute (dir) ? dir : BH_BINDIR, "bulkheadctl", NULL);
}

static void
on_spawned (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_subprocess_wait_finish (G_SUBPROCESS (source), result, NULL);
}

static GSubprocess *
spawn (const char *terminal, const char *option, const char *control, const char *id,
       GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  const char *argv[7];
  gsize n = 0;

  argv[n++] = terminal;
  if (option)
    argv[n++] = option;
  argv[n++] = control;
  argv[n++] = "console";
  argv[n++] = id;
  argv[n] = NULL;
  return g_subprocess_launcher_spawnv (launcher, argv, error);
}

void
bh_terminal_open (BhVmItem *item, GtkWidget *origin)
{
  g_autofree char *control = find_control ();
  g_autoptr (GError) error = NULL;
  GtkWindow *window = GTK_WINDOW (gtk_widget_get_root (origin));

  for (gsize i = 0; i < G_N_ELEMENTS (terminals); i++)
    {
      g_autofree char *path = g_find_program_in_path (terminals[i].program);
      g_autoptr (GSubprocess) process = NULL;

      if (!path)
        continue;
      process = spawn (path, terminals[i].option, control, bh_vm_item_get_id (item), &error);
      if (process)
        {
          /* So that no zombie stays. */
          g_subprocess_wait_async (process, NULL, on_spawned, NULL);
          return;
        }
      break;
    }
  if (!error)
    g_set_error (&error, BH_ERROR, BH_ERROR_FAILED,
                 _ ("No terminal is installed that could show it. Install one, such as GNOME Console, or type "
                    "in any: %s console %s"),
                 control, bh_vm_item_get_id (item));
  bh_trouble_present_plain (window, _ ("The Terminal Could Not Be Opened"), error);
}
