/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * When a thawed guest's kernel is told that it is another machine than the frozen one.
 *
 * QEMU tells by an event of its ACPI device for that ("VM generation ID"), right when the guest goes on. What the
 * kernel does then is to renew its random numbers, by ways through its ACPI interpreter that take a tenth of the
 * time until an emulated guest is ready; and that time is not to be spent twice, because configure brings fresh
 * random numbers of the host's before any program runs. So the event is held back (it is not lost) until the first
 * program has had time to start. */
#include "bh-generation.h"

#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

/* QEMU's hw/acpi: ACPI_VMGENID_CHANGE_STATUS is bit 5. A kernel without the device refuses what is written. */
#define EVENT "/sys/firmware/acpi/interrupts/gpe05"
#define LATER_MS 5000

struct _BhGeneration
{
  struct wl_event_source *timer;
};

static void
write_event (const char *what)
{
  int fd = open (EVENT, O_WRONLY | O_CLOEXEC);

  if (fd < 0)
    return;
  if (write (fd, what, strlen (what)) < 0)
    g_debug (EVENT ": %m");
  close (fd);
}

static int
tell (void *data)
{
  write_event ("unmask\n");
  return 0;
}

void
bh_generation_tell (BhGeneration *generation)
{
  wl_event_source_timer_update (generation->timer, LATER_MS);
}

BhGeneration *
bh_generation_new (struct wl_event_loop *loop)
{
  BhGeneration *generation = g_new0 (BhGeneration, 1);

  generation->timer = wl_event_loop_add_timer (loop, tell, generation);
  write_event ("mask\n");
  return generation;
}

void
bh_generation_free (BhGeneration *generation)
{
  wl_event_source_remove (generation->timer);
  g_free (generation);
}
