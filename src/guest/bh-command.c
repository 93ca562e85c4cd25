/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From what the host asks for to a command: desktop files, terminals, and cage for X11 programs. */
#include "bh-command.h"

#include "bh-elf.h"

static char **
prepend (const char *const *words, char **argv)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_addv (builder, (const char **) words);
  g_strv_builder_addv (builder, (const char **) argv);
  return g_strv_builder_end (builder);
}

/* @argv run in a terminal that is installed, or NULL. Takes @argv. */
static char **
in_terminal (char **argv)
{
  static const char *const terminals[][4] = {
    { "foot", NULL },
    { "kgx", "--", NULL },
    { "gnome-terminal", "--wait", "--", NULL },
    { "konsole", "-e", NULL },
    { "xfce4-terminal", "-x", NULL },
    { "x-terminal-emulator", "-e", NULL },
    { "xterm", "-e", NULL },
  };
  char **out = NULL;

  for (unsigned i = 0; i < G_N_ELEMENTS (terminals) && !out; i++)
    {
      g_autofree char *path = bh_desktop_find_program (terminals[i][0]);

      if (path)
        out = prepend (terminals[i], argv);
    }
  g_strfreev (argv);
  return out;
}

static bool
is_x11 (const char *path, uint32_t mode)
{
  g_auto (GStrv) needed = NULL;

  if (mode != BH_X11_AUTO)
    return mode == BH_X11_YES;
  needed = bh_elf_needed (path);
  return needed && bh_needs_x11 (needed);
}

static char **
unpack_list (const BhList *list)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  size_t position = 0;
  BhStr item;

  while (bh_list_next (list, &position, &item))
    {
      g_autofree char *word = g_strndup (item.data, item.len);

      g_strv_builder_add (builder, word);
    }
  return g_strv_builder_end (builder);
}

/* A command of the host's, and after it what it is to open. */
static char **
join (const BhList *words, const char *const *uris)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) argv = unpack_list (words);

  g_strv_builder_addv (builder, (const char **) argv);
  for (gsize i = 0; uris[i]; i++)
    {
      g_autofree char *word = bh_desktop_uri_to_word (uris[i]);

      g_strv_builder_add (builder, word);
    }
  return g_strv_builder_end (builder);
}

/* What to run: from the desktop file or as it came. A status; with BH_LAUNCH_OK @entry is set. */
static uint32_t
find_entry (const BhSession *session, const bh_msg_launch *launch, BhDesktopEntry *entry,
            char **detail)
{
  g_autofree char *app = g_strndup (launch->app.data, launch->app.len);
  g_auto (GStrv) dirs = NULL, uris = unpack_list (&launch->uris);

  *entry = (BhDesktopEntry){ 0 };
  if (launch->argv.count > 0)
    {
      entry->argv = join (&launch->argv, (const char *const *) uris);
      return BH_LAUNCH_OK;
    }
  dirs = bh_session_data_dirs (session);
  switch (bh_desktop_load ((const char *const *) dirs, app,
                           g_environ_getenv (session->environment, "LANG"), (const char *const *) uris,
                           entry))
    {
    case BH_DESKTOP_OK:
      break;
    case BH_DESKTOP_MISSING:
      return BH_LAUNCH_NOT_FOUND;
    case BH_DESKTOP_BAD_EXEC:
      *detail = g_strdup ("The desktop file has no valid Exec line");
      return BH_LAUNCH_FAILED;
    default:
      return BH_LAUNCH_UNKNOWN_APP;
    }
  if (entry->terminal)
    {
      entry->argv = in_terminal (entry->argv);
      if (!entry->argv)
        {
          *detail = g_strdup ("No terminal program is installed");
          return BH_LAUNCH_NOT_FOUND;
        }
    }
  return BH_LAUNCH_OK;
}

/* An X11 program gets a window of cage, which starts Xwayland for it. */
static uint32_t
in_cage (BhCommand *command)
{
  static const char *const cage[] = { "cage", "--", NULL };
  char *path = bh_desktop_find_program ("cage");
  char **argv;

  if (!path)
    return BH_LAUNCH_NO_CAGE;
  argv = prepend (cage, command->entry.argv);
  g_strfreev (command->entry.argv);
  command->entry.argv = argv;
  g_free (command->path);
  command->path = path;
  command->environment = g_environ_setenv (command->environment, "WLR_BACKENDS", "wayland", TRUE);
  command->environment = g_environ_setenv (command->environment, "WLR_RENDERER", "pixman", TRUE);
  return BH_LAUNCH_OK;
}

uint32_t
bh_command_resolve (const BhSession *session, const bh_msg_launch *launch, BhCommand *command,
                    char **detail)
{
  uint32_t status;

  *command = (BhCommand){ 0 };
  status = find_entry (session, launch, &command->entry, detail);
  if (status != BH_LAUNCH_OK)
    return status;
  command->path = bh_desktop_find_program (command->entry.argv[0]);
  if (!command->path)
    {
      *detail = g_strdup (command->entry.argv[0]);
      return BH_LAUNCH_NOT_FOUND;
    }
  command->environment = g_strdupv (session->environment);
  return is_x11 (command->path, launch->x11) ? in_cage (command) : BH_LAUNCH_OK;
}

void
bh_command_clear (BhCommand *command)
{
  bh_desktop_entry_clear (&command->entry);
  g_clear_pointer (&command->path, g_free);
  g_clear_pointer (&command->environment, g_strfreev);
}
