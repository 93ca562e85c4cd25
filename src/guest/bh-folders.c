/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Folders of the host.
 *
 * Each is a virtio port named io.github.bulkhead.folder.ID, another ID each time, which may come and go. Through it
 * the host first says where the folder belongs, as "MODE PATH" and a NUL, where MODE is "ro" or "rw" and
 * PATH is absolute or within the user's home; from then on it speaks 9P2000.L.
 *
 * The kernel's 9p client wants a descriptor that works like a socket, which a port's does not, so one
 * process for each folder carries bytes between the two. It ends, and unmounts, when the host does.
 *
 * That "ro" holds is the host's business; here it is told so that programs know. */
#include "config.h"

#include "bh-folders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/close_range.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORTS "/sys/class/virtio-ports"
#define PREFIX "io.github.bulkhead.folder."
/* That of the user's home; other folders may be in it, so they wait. */
#define HOME_PREFIX "io.github.bulkhead.home."
#define HOME_SECONDS 30
#define MAX_FOLDERS 64
#define MAX_HEADER 4200
#define HEADER_SECONDS 10
#define LOOK_MS 5
#define START_SECONDS 4
#define PIECES 65536
/* The most that diod takes. */
#define MSIZE 65536

typedef struct
{
  struct wl_list link;
  int pidfd;
  int done; /* becomes readable when it is mounted or cannot be; -1 afterwards */
  bool home;
  struct wl_event_source *exit_source;
} Folder;

struct _BhFolders
{
  struct wl_event_loop *loop;
  struct wl_list list;
  GHashTable *seen; /* names of ports; each is served once */
  int uevents;
  struct wl_event_source *source;
  uid_t uid;
  char *home;
  bool awaits_home;
};

/* The process of one folder. */

typedef struct
{
  int from, to;
} Direction;

static bool
write_all (int fd, const char *data, size_t length)
{
  while (length > 0)
    {
      ssize_t n = write (fd, data, length);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return false;
      data += n;
      length -= (size_t) n;
    }
  return true;
}

static void *
carry (void *data)
{
  Direction *direction = data;
  char *pieces = malloc (PIECES);
  size_t length = 0;

  /* A port gives one page at a time; whoever waits at the other end is woken for all that is there. */
  while (pieces)
    {
      struct pollfd p = { .fd = direction->from, .events = POLLIN };
      ssize_t n;

      if (length == PIECES || (length > 0 && poll (&p, 1, 0) <= 0))
        {
          if (!write_all (direction->to, pieces, length))
            break;
          length = 0;
        }
      n = read (direction->from, pieces + length, PIECES - length);
      if (n > 0)
        length += (size_t) n;
      else if (n == 0 || errno != EINTR)
        break;
    }
  /* Wakes the other direction up, and the kernel's client, wherever they wait. */
  shutdown (direction->from, SHUT_RDWR);
  shutdown (direction->to, SHUT_RDWR);
  free (pieces);
  return NULL;
}

/* Until there is something to read. A port says POLLHUP until the host's end of it is known here, which
 * takes a moment. */
static bool
wait_for_host (int port)
{
  for (int i = 0; i < HEADER_SECONDS * 1000 / LOOK_MS; i++)
    {
      struct pollfd p = { .fd = port, .events = POLLIN };

      if (poll (&p, 1, LOOK_MS) > 0 && p.revents & POLLIN)
        return true;
      if (p.revents)
        g_usleep (LOOK_MS * 1000);
    }
  errno = ETIMEDOUT;
  return false;
}

/* One byte at a time: what follows the NUL is for the kernel. */
static bool
read_header (int port, char *header, size_t size)
{
  for (size_t i = 0; i < size; i++)
    {
      if (!wait_for_host (port) || read (port, header + i, 1) != 1)
        return false;
      if (header[i] == '\0')
        return true;
    }
  errno = EMSGSIZE;
  return false;
}

/* Every folder on the way to @path; new ones within @home are the user's. */
static bool
make_folders (const char *path, const char *home, uid_t uid)
{
  size_t home_length = strlen (home);
  char *copy = strdup (path);
  bool ok = copy != NULL;

  for (char *slash = copy ? strchr (copy + 1, '/') : NULL; ok; slash = strchr (slash + 1, '/'))
    {
      if (slash)
        *slash = '\0';
      if (mkdir (copy, 0755) == 0)
        {
          if (strncmp (copy, home, home_length) == 0 && copy[home_length] == '/')
            ok = lchown (copy, uid, uid) == 0;
        }
      else
        ok = errno == EEXIST;
      if (!slash)
        break;
      *slash = '/';
    }
  free (copy);
  return ok;
}

static bool
mount_folder (int fd, const char *where, bool writable, uid_t uid)
{
  char options[200];

  /* One attachment for all: what root does in here is done as the user, too. "mmap": what the host
   * changes is seen, and files can be mapped all the same. */
  snprintf (options, sizeof options,
            "trans=fd,rfdno=%d,wfdno=%d,version=9p2000.L,msize=%d,access=any,uname=user,aname=/"
            "folder,dfltuid=%u,dfltgid=%u,"
            "cache=mmap",
            fd, fd, MSIZE, (unsigned) uid, (unsigned) uid);
  return mount ("share", where, "9p", MS_NOSUID | MS_NODEV | (writable ? 0 : MS_RDONLY), options)
         == 0;
}

static _Noreturn void
be_folder (BhFolders *folders, const char *device, int done)
{
  char header[MAX_HEADER], *path, *where = NULL;
  int ends[2] = { -1, -1 }, port;
  bool writable;
  Direction in, out;
  pthread_t thread;
  char *node = NULL;

  if (asprintf (&node, "/dev/%s", device) < 0 || (port = open (node, O_RDWR)) < 0)
    {
      g_warning ("Cannot open the port of a folder, %s: %m", device);
      _exit (1);
    }
  if (!read_header (port, header, sizeof header))
    {
      g_warning ("The host does not say where a folder belongs: %m");
      _exit (1);
    }
  writable = strncmp (header, "rw ", 3) == 0;
  path = header + 3;
  if ((!writable && strncmp (header, "ro ", 3) != 0) || path[0] == '\0'
      || asprintf (&where, "%s%s%s", path[0] == '/' ? "" : folders->home, path[0] == '/' ? "" : "/",
                   path)
             < 0)
    {
      g_warning ("The host's word on a folder is not understood");
      _exit (1);
    }
  if (socketpair (AF_UNIX, SOCK_STREAM, 0, ends) != 0)
    _exit (1);
  in = (Direction){ port, ends[0] };
  out = (Direction){ ends[0], port };
  if (pthread_create (&thread, NULL, carry, &out) != 0)
    _exit (1);
  if (!make_folders (where, folders->home, folders->uid))
    {
      g_warning ("Cannot make %s for a folder of the host: %m", where);
      _exit (1);
    }
  /* It asks and is answered, which needs both directions: the other one is a thread, too, until this
   * one is free. */
  {
    pthread_t reader;

    if (pthread_create (&reader, NULL, carry, &in) != 0)
      _exit (1);
    if (!mount_folder (ends[1], where, writable, folders->uid))
      {
        g_warning ("Cannot mount a folder of the host on %s: %m", where);
        _exit (1);
      }
    close (ends[1]);
    if (write (done, "+", 1) < 0)
      g_warning ("Nobody waits for %s", where);
    close (done);
    pthread_join (reader, NULL);
  }
  umount2 (where, MNT_DETACH);
  _exit (0);
}

/* The agent. */

static void
forget (Folder *folder)
{
  if (folder->exit_source)
    wl_event_source_remove (folder->exit_source);
  if (folder->done >= 0)
    close (folder->done);
  close (folder->pidfd);
  wl_list_remove (&folder->link);
  g_free (folder);
}

static int
folder_ended (int fd, uint32_t mask, void *data)
{
  Folder *folder = data;
  siginfo_t info;

  waitid (P_PIDFD, (id_t) folder->pidfd, &info, WEXITED | WNOHANG);
  forget (folder);
  return 0;
}

static void
start_folder (BhFolders *folders, const char *device, bool home)
{
  Folder *folder;
  int done[2], pidfd;
  pid_t pid;

  if (wl_list_length (&folders->list) >= MAX_FOLDERS || pipe (done) != 0)
    return;
  pid = fork ();
  if (pid == 0)
    {
      sigset_t none;

      sigemptyset (&none);
      sigprocmask (SIG_SETMASK, &none, NULL);
      setsid ();
      /* Nothing of the agent's stays open here. */
      if (done[1] != 3)
        {
          dup2 (done[1], 3);
          done[1] = 3;
        }
      syscall (SYS_close_range, 4, ~0u, 0);
      be_folder (folders, device, done[1]);
    }
  close (done[1]);
  pidfd = pid > 0 ? (int) syscall (SYS_pidfd_open, pid, 0) : -1;
  if (pidfd < 0)
    {
      g_warning ("No process for a folder: %m");
      close (done[0]);
      return;
    }
  folder = g_new0 (Folder, 1);
  folder->pidfd = pidfd;
  folder->home = home;
  folder->done = done[0];
  folder->exit_source =
      wl_event_loop_add_fd (folders->loop, pidfd, WL_EVENT_READABLE, folder_ended, folder);
  wl_list_insert (&folders->list, &folder->link);
}

static void
look (BhFolders *folders)
{
  g_autoptr (GDir) dir = g_dir_open (PORTS, 0, NULL);
  const char *device;

  while (dir && (device = g_dir_read_name (dir)))
    {
      g_autofree char *path = g_build_filename (PORTS, device, "name", NULL);
      g_autofree char *name = NULL;
      bool home;

      if (!g_file_get_contents (path, &name, NULL, NULL))
        continue;
      home = g_str_has_prefix (name, HOME_PREFIX);
      if ((home || (g_str_has_prefix (name, PREFIX) && !folders->awaits_home))
          && g_hash_table_add (folders->seen, g_strdup (g_strchomp (name))))
        start_folder (folders, device, home);
    }
}

/* The kernel's news of devices: whether there is any of a port. */
static bool
drain_uevents (BhFolders *folders)
{
  static const char port[] = "SUBSYSTEM=virtio-ports";
  char text[8192];
  bool found = false;
  ssize_t n;

  while ((n = recv (folders->uevents, text, sizeof text, MSG_DONTWAIT)) > 0)
    found = found || memmem (text, (size_t) n, port, sizeof port);
  /* Some were lost when there were too many. */
  return found || errno == ENOBUFS;
}

static int
uevents_came (int fd, uint32_t mask, void *data)
{
  BhFolders *folders = data;

  if (drain_uevents (folders))
    look (folders);
  return 0;
}

static int
open_uevents (void)
{
  struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
  int fd = socket (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

  if (fd >= 0 && bind (fd, (struct sockaddr *) &address, sizeof address) == 0)
    return fd;
  g_warning ("No news of devices from the kernel: %m");
  if (fd >= 0)
    close (fd);
  return -1;
}

/* Wait for one of the mounts under way, or for another port. */
static void
wait_for_any (BhFolders *folders, int milliseconds)
{
  struct pollfd p[MAX_FOLDERS + 1];
  Folder *of[MAX_FOLDERS + 1], *folder;
  nfds_t n = 0;

  p[n] = (struct pollfd){ .fd = folders->uevents, .events = POLLIN };
  of[n++] = NULL;
  wl_list_for_each (folder, &folders->list, link)
  {
    if (folder->done < 0)
      continue;
    p[n] = (struct pollfd){ .fd = folder->done, .events = POLLIN };
    of[n++] = folder;
  }
  if (poll (p, n, milliseconds) <= 0)
    return;
  for (nfds_t i = 1; i < n; i++)
    if (p[i].revents)
      {
        char word;

        if (of[i]->home && read (of[i]->done, &word, 1) == 1)
          folders->awaits_home = false;
        close (of[i]->done);
        of[i]->done = -1;
      }
  drain_uevents (folders);
  look (folders);
}

static uint32_t
count_done (BhFolders *folders)
{
  uint32_t n = 0;
  Folder *folder;

  wl_list_for_each (folder, &folders->list, link)
  {
    if (folder->done < 0)
      n++;
  }
  return n;
}

bool
bh_folders_start (BhFolders *folders, uid_t uid, const char *home, uint32_t expected,
                  bool shared_home)
{
  gint64 until = g_get_monotonic_time ()
                 + (shared_home ? HOME_SECONDS : START_SECONDS) * G_USEC_PER_SEC;
  gint64 left;

  folders->awaits_home = shared_home;
  folders->uid = uid;
  folders->home = g_strdup (home);
  /* Without any, the news of those to come are enough. */
  if (expected > 0 || shared_home || folders->uevents < 0)
    look (folders);
  while (count_done (folders) < expected && (left = until - g_get_monotonic_time ()) > 0)
    wait_for_any (folders, (int) (left / 1000) + 1);
  if (folders->uevents >= 0)
    folders->source = wl_event_loop_add_fd (folders->loop, folders->uevents, WL_EVENT_READABLE,
                                            uevents_came, folders);
  return !folders->awaits_home;
}

BhFolders *
bh_folders_new (struct wl_event_loop *loop)
{
  BhFolders *folders = g_new0 (BhFolders, 1);

  folders->loop = loop;
  folders->uevents = open_uevents ();
  wl_list_init (&folders->list);
  folders->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return folders;
}

void
bh_folders_free (BhFolders *folders)
{
  Folder *folder, *next;

  wl_list_for_each_safe (folder, next, &folders->list, link) forget (folder);
  if (folders->source)
    wl_event_source_remove (folders->source);
  if (folders->uevents >= 0)
    close (folders->uevents);
  g_hash_table_unref (folders->seen);
  g_free (folders->home);
  g_free (folders);
}
