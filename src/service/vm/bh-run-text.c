/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a run says to people. */
#include "config.h"

#include "bh-run-text.h"

#include "bh-error.h"
#include "bh-log.h"

#include <string.h>

#define CONSOLE_LINES 12

static const struct
{
  const char *name, *text;
} steps[] = {
  { "home", "Getting its home ready" },
  { "kernel", "Looking for a kernel" },
  { "initramfs", "Preparing the start" },
  { "image", "Looking at the disk image" },
  { "template", "Collecting settings of this computer" },
  { "domain", "Setting up the virtual machine" },
  { "created", "Starting the virtual machine" },
  { "thawed", "Waking the virtual machine" },
  { "pool", "Waking the virtual machine that waited" },
  { "channel", "Waiting for the AppVM" },
  { "hello", "Connecting programs and files" },
  { "configured", "Ready" },
};

const char *
bh_run_step_text (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    if (g_str_equal (steps[i].name, name))
      return steps[i].text;
  return "";
}

GError *
bh_run_boot_error (const char *id, const char *step, const GError *cause)
{
  g_autofree char *console = NULL;

  if (!g_error_matches (cause, BH_ERROR, BH_ERROR_BOOT_FAILED))
    return g_error_copy (cause);
  console = bh_log_tail_since (id, BH_RUN_LOG_MARK, CONSOLE_LINES);
  g_strstrip (console);
  return g_error_new (BH_ERROR, BH_ERROR_BOOT_FAILED, "%s (after the step “%s”).%s%s",
                      cause->message, step ? step : "call",
                      *console ? " Its console ended with:\n" : "", console);
}
