/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The session programs run in: whose they are, their environment, and their session bus. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

#include "bh-messages.h"

/* The folder of programs' sockets, of the user with this number. */
#define BH_SESSION_RUNTIME "/run/user/%u"

typedef struct
{
  bool vm; /* change to the user; else programs run as the caller */
  uid_t uid;
  gid_t gid;
  char *home, *runtime_dir;
  char **environment;
  bool bus_started;
} BhSession;

/* What @configure says. @runtime_dir is for pair mode; in a VM it is the user's. */
void bh_session_init (BhSession *session, const bh_msg_configure *configure, bool vm,
                      const char *runtime_dir);
void bh_session_clear (BhSession *session);

/* The Wayland display is there: part of the environment. @owned: its socket is the user's already. */
void bh_session_set_display (BhSession *session, const char *name, bool owned);

void bh_session_set_shell (BhSession *session, const char *shell);

/* Folders with desktop files, ended by NULL; for g_strfreev. */
char **bh_session_data_dirs (const BhSession *session);

/* Start the session bus if that has not been done; its pid, or 0. */
pid_t bh_session_start_bus (BhSession *session);

/* A listening socket of the user's at @path, for a server that gets it when the first program connects; -1
 * with errno. */
int bh_session_listen (const BhSession *session, const char *path);

/* In a new process: become the user, in a session of its own, with no descriptor above 2. @keep stays. */
void bh_session_enter (const BhSession *session, int keep);
