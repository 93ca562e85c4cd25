/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Devices that are plugged into the guest while it runs: what udev does elsewhere.
 *
 * The kernel tells of each (uevents, lib/kobject_uevent.c): its driver is loaded by the alias it names, the nodes
 * of USB devices are made usable for programs, and what a USB disk holds is mounted below /media. All of it is
 * the guest's own affair: whoever gives a device to an AppVM gives it to all programs in there. */
#include "bh-devices.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FROM_KERNEL 1
#define MODPROBE "/usr/sbin/modprobe"
#define MEDIA "/media"
/* Of virtio: its modules are loaded before (bh-modules.c). */
#define VIRTIO_PCI "pci:v00001AF4"
/* The machine's own bridge and chip set, which every guest has: the drivers that would be found for them (SATA,
 * SMBus) are of no use, and each modprobe takes a tenth of a second of the first program's start. */
#define HOST_BRIDGE "0000:00:00."
#define CHIP_SET "0000:00:1f."

struct _BhDevices
{
  struct wl_event_loop *loop;
  int socket;                     /* keeps what comes before the start */
  struct wl_event_source *source; /* NULL before */
  uid_t uid;
};

/* What one uevent says. */
typedef struct
{
  const char *action, *alias, *name, *path, *subsystem;
} Event;

/* In a process of its own, for both can take long; init takes care of it when it ends. */
static bool
begin_child (void)
{
  pid_t child = fork ();

  if (child == 0)
    {
      if (fork () == 0)
        return true;
      _exit (0);
    }
  if (child > 0)
    waitpid (child, NULL, 0);
  return false;
}

static bool
alias_is_of_interest (const char *alias)
{
  if (g_str_has_prefix (alias, "virtio:") || g_str_has_prefix (alias, VIRTIO_PCI))
    return false;
  for (const char *p = alias; *p; p++)
    if (!g_ascii_isgraph (*p))
      return false;
  return alias[0] != '\0' && alias[0] != '-';
}

static void
load_driver (const char *alias)
{
  if (!alias_is_of_interest (alias) || !begin_child ())
    return;
  execl (MODPROBE, "modprobe", "-q", "-b", "--", alias, NULL);
  _exit (1);
}

/* No way out of /dev. */
static bool
name_is_good (const char *name)
{
  return name[0] && name[0] != '/' && name[0] != '.' && !strstr (name, "..");
}

static void
mount_disk (const char *name, uid_t uid)
{
  static const struct
  {
    const char *type;
    bool has_owner; /* of its own; otherwise everything is the user's */
  } types[] = {
    { "ext4", true },  { "vfat", false }, { "exfat", false }, { "iso9660", false },
    { "udf", false },  { "ntfs3", false }, { "btrfs", true }, { "xfs", true },
  };
  g_autofree char *node = g_strconcat ("/dev/", name, NULL);
  g_autofree char *place = g_strconcat (MEDIA "/", name, NULL);
  g_autofree char *owner = g_strdup_printf ("uid=%u", (unsigned) uid);

  mkdir (MEDIA, 0755);
  if (mkdir (place, 0755) != 0)
    return;
  for (size_t i = 0; i < G_N_ELEMENTS (types); i++)
    for (unsigned long flags = MS_NOSUID | MS_NODEV; flags <= (MS_NOSUID | MS_NODEV | MS_RDONLY);
         flags += MS_RDONLY)
      if (mount (node, place, types[i].type, flags, types[i].has_owner ? "" : owner) == 0)
        {
          /* Nobody but the user is here, and the disk knows other users. */
          if (types[i].has_owner && !(flags & MS_RDONLY) && chown (place, uid, (gid_t) -1) != 0)
            fprintf (stderr, "bulkhead-guest: %s stays another user's\n", place);
          return;
        }
  rmdir (place);
}

static void
disk_event (BhDevices *devices, const Event *event)
{
  if (strcmp (event->action, "add") == 0 && begin_child ())
    {
      mount_disk (event->name, devices->uid);
      _exit (0);
    }
  if (strcmp (event->action, "remove") == 0)
    {
      g_autofree char *place = g_strconcat (MEDIA "/", event->name, NULL);

      umount2 (place, MNT_DETACH);
      rmdir (place);
    }
}

static void
handle (BhDevices *devices, const Event *event)
{
  if (!event->action || !event->path)
    return;
  if (event->alias && strcmp (event->action, "add") == 0)
    load_driver (event->alias);
  if (!event->name || !event->subsystem || !strstr (event->path, "/usb") || !name_is_good (event->name))
    return;
  if (strcmp (event->subsystem, "block") == 0)
    disk_event (devices, event);
  else if (strcmp (event->action, "add") == 0)
    {
      g_autofree char *node = g_strconcat ("/dev/", event->name, NULL);

      /* The kernel has made the node before it says so. */
      chmod (node, 0666);
    }
}

static int
readable (int fd, uint32_t mask, void *data)
{
  BhDevices *devices = data;
  char text[8192];
  struct sockaddr_nl from;
  socklen_t from_size = sizeof from;
  ssize_t n = recvfrom (fd, text, sizeof text - 1, MSG_DONTWAIT, (struct sockaddr *) &from, &from_size);
  Event event = { 0 };

  /* Programs can send such messages too; the kernel is 0. */
  if (n <= 0 || from_size != sizeof from || from.nl_pid != 0)
    return 0;
  text[n] = '\0';
  for (const char *line = text; line < text + n; line += strlen (line) + 1)
    {
      static const char *const names[] = { "ACTION=", "MODALIAS=", "DEVNAME=", "DEVPATH=", "SUBSYSTEM=" };
      const char **places[]
          = { &event.action, &event.alias, &event.name, &event.path, &event.subsystem };

      for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
        if (g_str_has_prefix (line, names[i]))
          *places[i] = line + strlen (names[i]);
    }
  handle (devices, &event);
  return 0;
}

/* Whether a driver may be missing: not for what has one. */
static bool
wants_driver (const char *folder, const char *name)
{
  g_autofree char *driver = g_build_filename (folder, name, "driver", NULL);

  return name[0] != '.' && !g_str_has_prefix (name, HOST_BRIDGE) && !g_str_has_prefix (name, CHIP_SET)
         && access (driver, F_OK) != 0;
}

/* Ask the kernel to tell of them again. */
static void
replay (const char *folder)
{
  DIR *dir = opendir (folder);
  struct dirent *entry;

  while (dir && (entry = readdir (dir)))
    {
      g_autofree char *path = g_build_filename (folder, entry->d_name, "uevent", NULL);
      int fd = wants_driver (folder, entry->d_name) ? open (path, O_WRONLY | O_CLOEXEC) : -1;

      if (fd < 0)
        continue;
      if (write (fd, "add", 3) != 3)
        fprintf (stderr, "bulkhead-guest: %s says nothing\n", path);
      close (fd);
    }
  if (dir)
    closedir (dir);
}

void
bh_devices_start (BhDevices *devices, uid_t uid)
{
  if (!devices)
    return;
  devices->uid = uid;
  if (!devices->source)
    devices->source =
        wl_event_loop_add_fd (devices->loop, devices->socket, WL_EVENT_READABLE, readable, devices);
}

BhDevices *
bh_devices_new (struct wl_event_loop *loop)
{
  struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = FROM_KERNEL };
  int fd = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
  BhDevices *devices;

  if (fd < 0)
    return NULL;
  if (bind (fd, (struct sockaddr *) &address, sizeof address) != 0)
    {
      close (fd);
      return NULL;
    }
  devices = g_new0 (BhDevices, 1);
  devices->loop = loop;
  devices->socket = fd;
  replay ("/sys/bus/pci/devices");
  return devices;
}

void
bh_devices_free (BhDevices *devices)
{
  if (!devices)
    return;
  if (devices->source)
    wl_event_source_remove (devices->source);
  close (devices->socket);
  g_free (devices);
}
