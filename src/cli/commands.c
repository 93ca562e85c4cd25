/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of bulkheadctl's commands, in the order of the help. A new command is a row here, a
 * line in commands.h, a file cmd-NAME.c, a section of bulkheadctl(1) and a row of the
 * completion. */
#include "config.h"

#include "commands.h"

#include <glib/gi18n.h>
#include <string.h>

const BhCommand bh_commands[] = {
  { "create", N_ ("NAME"), N_ ("Make a new AppVM"), bh_cmd_create },
  { "list", NULL, N_ ("List the AppVMs"), bh_cmd_list },
  { "show", N_ ("NAME"), N_ ("Show an AppVM and its settings"), bh_cmd_show },
  { "set", N_ ("NAME KEY=VALUE…"), N_ ("Change settings of an AppVM"), bh_cmd_set },
  { "apply", N_ ("FILE…"), N_ ("Make and change AppVMs to what their files say"), bh_cmd_apply },
  { "export", N_ ("NAME FILE"), N_ ("Write an AppVM into a file for another computer"),
    bh_cmd_export },
  { "import", N_ ("FILE"), N_ ("Make an AppVM of such a file"), bh_cmd_import },
  { "duplicate", N_ ("NAME [NEW-NAME]"), N_ ("Make an AppVM as another is"),
    bh_cmd_duplicate },
  { "rename", N_ ("NAME NEW-NAME"), N_ ("Give an AppVM another name"), bh_cmd_rename },
  { "start", N_ ("NAME"), N_ ("Start an AppVM"), bh_cmd_start },
  { "stop", N_ ("NAME"), N_ ("Stop an AppVM"), bh_cmd_stop },
  { "delete", N_ ("NAME"), N_ ("Delete an AppVM with all it holds"), bh_cmd_delete },
  { "run", N_ ("NAME [APP-ID [FILE…] | -- COMMAND…]"),
    N_ ("Run a program in an AppVM"), bh_cmd_run },
  { "open", N_ ("NAME FILE-OR-URL… [-- COMMAND…]"),
    N_ ("Open copies of files, or addresses, in an AppVM"), bh_cmd_open },
  { "status", N_ ("[NAME]"), N_ ("Show what runs, and how much memory and CPU it takes"),
    bh_cmd_status },
  { "share", N_ ("NAME [add|remove FOLDER]"), N_ ("Share folders of this computer with an AppVM"),
    bh_cmd_share },
  { "inbox", N_ ("NAME"), N_ ("Make and name its folder for moving files in and out"),
    bh_cmd_inbox },
  { "home", N_ ("NAME [compact|grow|snapshot|snapshots|restore|remove-snapshot …]"),
    N_ ("Show what its home takes; make room in it, let it grow, go back to a snapshot"), bh_cmd_home },
  { "image", N_ ("NAME [drop]"), N_ ("Show the disk image that it boots from; drop what it has changed"),
    bh_cmd_image },
  { "apps", N_ ("[SEARCH]"), N_ ("List the applications of this computer"), bh_cmd_apps },
  { "log", N_ ("NAME"), N_ ("Show what an AppVM has logged"), bh_cmd_log },
  { "console", N_ ("NAME"), N_ ("Open the serial console of an AppVM"), bh_cmd_console },
  { "usb", N_ ("[list | attach NAME DEVICE | detach NAME DEVICE]"),
    N_ ("List USB devices, and give them to AppVMs"), bh_cmd_usb },
  { "camera", N_ ("NAME allow|deny"), N_ ("Answer an AppVM that asks for the camera"),
    bh_cmd_camera },
  { "check", NULL, N_ ("Check whether this computer has what AppVMs need"), bh_cmd_check },
  { "template", N_ ("search|build|list|apps|check|update|revert|remove …"),
    N_ ("Build and look after Debian templates for AppVMs"), bh_cmd_template },
  { "frozen", NULL, N_ ("List the frozen guests that AppVMs are thawed from"), bh_cmd_frozen },
  { "stop-all", NULL, N_ ("Stop every AppVM"), bh_cmd_stop_all },
  { "quit", NULL, N_ ("End the Bulkhead service"), bh_cmd_quit },
  { "__complete", NULL, NULL, bh_cmd_complete },
  { NULL },
};

const BhCommand *
bh_command_find (const char *name)
{
  for (const BhCommand *c = bh_commands; c->name != NULL; c++)
    if (strcmp (c->name, name) == 0)
      return c;
  return NULL;
}
