/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One bulkhead-screen process. */
#include "config.h"

#include "bh-screen-link.h"

#include "bh-domain.h"
#include "bh-error.h"
#include "bh-monitor.h"
#include "bh-paths.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct
{
  char *id, *title;
  guint launch;
  int qemu; /* -1: not connected */
} Start;

static void
start_free (gpointer data)
{
  Start *start = data;

  if (start->qemu >= 0)
    close (start->qemu);
  g_free (start->id);
  g_free (start->title);
  g_free (start);
}

/* In a thread. Nobody else can reach the display: it listens nowhere. */
static gboolean
open_display (virDomainPtr domain, gpointer data, GError **error)
{
  Start *start = data;

  start->qemu = virDomainOpenGraphicsFD (domain, 0, VIR_DOMAIN_OPEN_GRAPHICS_SKIPAUTH);
  if (start->qemu >= 0)
    return TRUE;
  bh_monitor_set_libvirt_error (error, "The screen of the virtual machine cannot be looked at");
  return FALSE;
}

/* Takes the descriptors. */
static gboolean
spawn (Start *start, int wire, int region, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autofree char *program = bh_paths_program ("bulkhead-screen");
  g_autofree char *launch = g_strdup_printf ("%u", start->launch);
  g_autoptr (GSubprocess) process = NULL;
  static const char *const nothing[] = { NULL };

  g_subprocess_launcher_set_environ (launcher, (char **) nothing);
  g_subprocess_launcher_take_fd (launcher, g_steal_fd (&start->qemu), 3);
  g_subprocess_launcher_take_fd (launcher, wire, 4);
  g_subprocess_launcher_take_fd (launcher, region, 5);
  process = g_subprocess_launcher_spawn (launcher, error, program, start->title, launch, NULL);
  if (!process)
    {
      g_prefix_error (error, "The screen of the AppVM could not be started: ");
      return FALSE;
    }
  g_subprocess_wait_async (process, NULL, NULL, NULL);
  return TRUE;
}

static int
start_process (Start *start, GError **error)
{
  pid_t pid = bh_domain_find_pid (start->id);
  int region, fds[2];

  if (pid == 0)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_BOOT_FAILED, "QEMU's process is not there");
      return -1;
    }
  if ((region = bh_domain_open_region (pid, error)) < 0)
    return -1;
  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
    {
      bh_error_set_from_errno (error, errno, "Cannot make a socket");
      close (region);
      return -1;
    }
  if (spawn (start, fds[1], region, error))
    return fds[0];
  close (fds[0]);
  return -1;
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  int fd = -1;

  if (bh_hypervisor_run_finish (BH_HYPERVISOR (source), result, &error))
    fd = start_process (g_task_get_task_data (task), &error);
  if (fd >= 0)
    g_task_return_int (task, fd);
  else
    g_task_return_error (task, error);
}

void
bh_screen_link_start_async (BhHypervisor *hypervisor, const char *id, const char *uuid,
                            const char *title, guint launch, GAsyncReadyCallback callback,
                            gpointer data)
{
  GTask *task = g_task_new (NULL, NULL, callback, data);
  Start *start = g_new0 (Start, 1);

  start->id = g_strdup (id);
  start->title = g_strdup (title);
  start->launch = launch;
  start->qemu = -1;
  g_task_set_task_data (task, start, start_free);
  bh_hypervisor_run_async (hypervisor, uuid, open_display, start, NULL, on_opened, task);
}

int
bh_screen_link_start_finish (GAsyncResult *result, GError **error)
{
  return (int) g_task_propagate_int (G_TASK (result), error);
}
