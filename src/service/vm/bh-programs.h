/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The programs that run in one AppVM, as the service knows them. */
#pragma once

#include <gio/gio.h>

typedef struct
{
  guint id; /* launch id */
  char *label;
  gint64 started; /* µs of CLOCK_REALTIME */
  guint windows;
} BhProgram;

/* Of BhProgram; frees them. */
GPtrArray *bh_programs_new (void);
BhProgram *bh_programs_add (GPtrArray *programs, guint id, const char *label, gint64 started);
BhProgram *bh_programs_find (GPtrArray *programs, guint id);

/* Why a program did not start: @status and @detail of Proxy1.Launched, @status not 0. */
GError *bh_programs_launch_error (guint status, const char *label, const char *detail);
