/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the parts of bulkheadctl share: the command table, options, the connection to the service.
 *
 * A command returns its exit code; when it sets an error, main() reports that and takes the code
 * from it. A wrong command line is an error of the domain G_OPTION_ERROR. */
#pragma once

#include <gio/gio.h>

#include "bh-dbus-manager.h"
#include "bh-dbus-vm.h"
#include "bh-error.h"

#define BH_SERVICE_NAME "io.github.bulkhead.Service"
#define BH_SERVICE_PATH "/io/github/bulkhead"
#define BH_VM_INTERFACE "io.github.bulkhead.Vm1"

typedef enum
{
  BH_EXIT_OK = 0,
  BH_EXIT_FAILED = 1,
  BH_EXIT_USAGE = 2,
  BH_EXIT_ERROR_BASE = 10, /* + BhError */
} BhExit;

typedef struct
{
  GDBusConnection *bus; /* NULL before bh_cli_connect() */
} BhCli;

typedef struct _BhCommand BhCommand;
struct _BhCommand
{
  const char *name;
  const char *arguments; /* for the help, translatable; NULL when there are none */
  const char *summary;   /* translatable; NULL keeps the command out of the help */
  int (*run) (BhCli *cli, const BhCommand *command, char **argv, GError **error);
};

/* commands.c. The table ends with a NULL name. */
extern const BhCommand bh_commands[];
const BhCommand *bh_command_find (const char *name);

/* options.c */

/**
 * bh_cli_parse:
 * @entries: (nullable): options of the command; strings as G_OPTION_ARG_FILENAME, so that they are
 *   taken as they are, whatever the locale
 * @argv: (inout): the command's name and arguments; afterwards what is left of them, without the
 *   name
 * @min: least number of arguments
 * @max: most, or -1
 *
 * Prints the help and ends the program when it is asked for.
 */
gboolean bh_cli_parse (const BhCommand *command, const GOptionEntry *entries, char ***argv, int min,
                       int max, GError **error);
/* The same with any number of arguments, of which all after the first @text are names of files, in any encoding. */
gboolean bh_cli_parse_files (const BhCommand *command, const GOptionEntry *entries, char ***argv,
                             int min, int text, GError **error);
/* What follows “--”, which is taken out of @argv with it; %NULL when there is none. */
char **bh_cli_split_at_dashes (char **argv);
void bh_cli_set_usage_error (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* applications.c */

/* aa{sv} as Manager1.ListApplications gives it. */
GVariant *bh_cli_list_applications (BhCli *cli, GError **error);

/**
 * bh_cli_resolve_application:
 * @applications: aa{sv}
 * @text: a desktop-file id, perhaps without ".desktop"
 * @error: %BH_ERROR_PROGRAM_NOT_FOUND, with what it may have been meant, or
 *   %BH_ERROR_PROGRAM_UNSUPPORTED
 */
char *bh_cli_resolve_application (GVariant *applications, const char *text, GError **error);

/* connection.c */

/**
 * bh_cli_connect:
 * @start: whether the service may be started; without it, %FALSE and no error when it does not run
 */
gboolean bh_cli_connect (BhCli *cli, gboolean start, GError **error);
BhDbusManager1 *bh_cli_get_manager (BhCli *cli, GError **error);
BhDbusVm1 *bh_cli_find_vm (BhCli *cli, const char *name, GError **error);

/* A snapshot of an AppVM's properties. */
typedef struct
{
  char *path;
  GVariant *properties; /* a{sv} */
} BhVmInfo;

void bh_vm_info_free (BhVmInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (BhVmInfo, bh_vm_info_free)

/* All of them, by name; of BhVmInfo. */
GPtrArray *bh_cli_list_vms (BhCli *cli, GError **error);
BhVmInfo *bh_cli_get_vm_info (BhCli *cli, const char *name, GError **error);

/* A whole desktop from a disk image. */
gboolean bh_vm_info_is_desktop (const BhVmInfo *info);
/* "" when there is none. */
const char *bh_vm_info_string (const BhVmInfo *info, const char *property);
/* (nullable) (transfer full) */
GVariant *bh_vm_info_value (const BhVmInfo *info, const char *property, const char *type);
/* Reads "Usage" anew; an empty dictionary when the AppVM does not run. */
GVariant *bh_cli_read_usage (BhCli *cli, const BhVmInfo *info, GError **error);

/**
 * bh_cli_explain_error:
 * @error: (inout): an error of any domain
 *
 * Turns what D-Bus says into what people can use; errors of the service keep their text without
 * the prefix.
 */
void bh_cli_explain_error (GError **error);
int bh_cli_exit_code (const GError *error);
