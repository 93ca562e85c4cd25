/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The desktop in the test's disk image: PID 1 of a Linux that shows squares and does what keys and pointer say.
 * It follows the size that its screen is asked to have.
 *
 * Blue ground. Top left white, or green when the mark is on the disk. Bottom left: red after "a", and after
 * each further one darker or lighter. Yellow where the pointer's button was pressed. "m" writes the mark, onto
 * another disk too when there is one; "r" starts it again, "o" and the power button end it. It asks for an address. */
#include <drm.h>
#include <drm_mode.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SIDE 64
#define MAX_INPUTS 16
#define MARK "the mark of this test"

static struct
{
  int fd;
  uint32_t connector, crtc, fb, width, height, stride;
  uint32_t *pixels;
} screen;
static uint32_t mark = 0xffffff, typed;
static int pressed_x = -1, pressed_y;

static void
load_modules (void)
{
  FILE *list = fopen ("/modules/order", "r");
  char name[128], path[160];

  while (list && fscanf (list, "%127s", name) == 1)
    {
      int fd;

      snprintf (path, sizeof path, "/modules/%s", name);
      fd = open (path, O_RDONLY | O_CLOEXEC);
      if (fd < 0 || (syscall (SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST))
        printf ("desktop: %s: %m\n", name);
      if (fd >= 0)
        close (fd);
    }
}

static void
square (uint32_t x, uint32_t y, uint32_t side, uint32_t colour)
{
  for (uint32_t j = y; j < y + side && j < screen.height; j++)
    for (uint32_t i = x; i < x + side && i < screen.width; i++)
      screen.pixels[j * screen.stride / 4 + i] = colour;
}

static void
draw (void)
{
  struct drm_mode_fb_dirty_cmd dirty = { .fb_id = screen.fb };

  if (!screen.pixels)
    return;
  square (0, 0, screen.width > screen.height ? screen.width : screen.height, 0x2060a0);
  square (0, 0, SIDE, mark);
  if (typed)
    square (0, screen.height - SIDE, SIDE, typed % 2 ? 0xe02020 : 0x802020);
  if (pressed_x >= 0)
    square ((uint32_t) pressed_x, (uint32_t) pressed_y, SIDE / 2, 0xf0e020);
  ioctl (screen.fd, DRM_IOCTL_MODE_DIRTYFB, &dirty);
}

static void
show (const struct drm_mode_modeinfo *mode)
{
  struct drm_mode_create_dumb make = { .width = mode->hdisplay, .height = mode->vdisplay, .bpp = 32 };
  struct drm_mode_map_dumb map = { 0 };
  struct drm_mode_fb_cmd fb = { 0 };
  struct drm_mode_crtc crtc = { 0 };

  if (ioctl (screen.fd, DRM_IOCTL_MODE_CREATE_DUMB, &make) != 0)
    return;
  fb = (struct drm_mode_fb_cmd){ .width = make.width, .height = make.height, .pitch = make.pitch,
                                 .bpp = 32, .depth = 24, .handle = make.handle };
  map.handle = make.handle;
  if (ioctl (screen.fd, DRM_IOCTL_MODE_ADDFB, &fb) != 0 || ioctl (screen.fd, DRM_IOCTL_MODE_MAP_DUMB, &map) != 0)
    return;
  screen.pixels = mmap (NULL, make.size, PROT_READ | PROT_WRITE, MAP_SHARED, screen.fd, (off_t) map.offset);
  screen.width = make.width;
  screen.height = make.height;
  screen.stride = make.pitch;
  screen.fb = fb.fb_id;
  draw ();
  crtc.crtc_id = screen.crtc;
  crtc.fb_id = fb.fb_id;
  crtc.set_connectors_ptr = (uintptr_t) &screen.connector;
  crtc.count_connectors = 1;
  crtc.mode = *mode;
  crtc.mode_valid = 1;
  ioctl (screen.fd, DRM_IOCTL_MODE_SETCRTC, &crtc);
  printf ("desktop: shows %u x %u\n", screen.width, screen.height);
  draw ();
}

/* The size that it is asked to have comes first among those it could have. */
static void
look_at_screen (void)
{
  struct drm_mode_modeinfo modes[64];
  struct drm_mode_get_connector get = { .connector_id = screen.connector };

  ioctl (screen.fd, DRM_IOCTL_MODE_GETCONNECTOR, &get); /* look anew */
  get = (struct drm_mode_get_connector){ .connector_id = screen.connector, .count_modes = 64,
                                         .modes_ptr = (uintptr_t) modes };
  if (ioctl (screen.fd, DRM_IOCTL_MODE_GETCONNECTOR, &get) == 0 && get.count_modes > 0
      && (modes[0].hdisplay != screen.width || modes[0].vdisplay != screen.height))
    show (&modes[0]);
}

static void
open_screen (void)
{
  struct drm_mode_card_res res = { 0 };
  uint32_t connectors[8], crtcs[8], fbs[8], encoders[8];

  screen.fd = open ("/dev/dri/card0", O_RDWR | O_CLOEXEC);
  res = (struct drm_mode_card_res){ .connector_id_ptr = (uintptr_t) connectors, .count_connectors = 8,
                                    .crtc_id_ptr = (uintptr_t) crtcs, .count_crtcs = 8,
                                    .fb_id_ptr = (uintptr_t) fbs, .count_fbs = 8,
                                    .encoder_id_ptr = (uintptr_t) encoders, .count_encoders = 8 };
  if (screen.fd < 0 || ioctl (screen.fd, DRM_IOCTL_MODE_GETRESOURCES, &res) != 0)
    {
      printf ("desktop: no screen: %m\n");
      return;
    }
  screen.connector = connectors[0];
  screen.crtc = crtcs[0];
  look_at_screen ();
}

/* The last 512 bytes of the disk. */
static void
use_mark (int writes)
{
  char sector[512] = MARK;
  int fd = open ("/dev/vda", (writes ? O_RDWR | O_SYNC : O_RDONLY) | O_CLOEXEC);
  off_t at = lseek (fd, -512, SEEK_END);

  if (fd < 0 || at < 0)
    printf ("desktop: no disk: %m\n");
  else if (writes && pwrite (fd, sector, sizeof sector, at) != sizeof sector)
    printf ("desktop: cannot write: %m\n");
  else if (pread (fd, sector, sizeof sector, at) == sizeof sector && strcmp (sector, MARK) == 0)
    mark = 0x20c040;
  close (fd);
  printf ("desktop: the mark is %s\n", mark == 0xffffff ? "not there" : "there");
}

/* Another disk: what it begins with, and the mark instead. */
static void
use_other_disk (int writes)
{
  char sector[512] = MARK;
  int fd = open ("/dev/vdb", (writes ? O_RDWR | O_SYNC : O_RDONLY) | O_CLOEXEC);

  if (fd < 0)
    return;
  if (writes && pwrite (fd, sector, sizeof sector, 0) != sizeof sector)
    printf ("desktop: cannot write: %m\n");
  if (pread (fd, sector, sizeof sector, 0) == sizeof sector)
    printf ("desktop: another disk says %.40s\n", sector);
  close (fd);
}

static void
ask_for_address (void)
{
  static char *const words[] = { "/bin/busybox", "udhcpc", "-f", "-q", "-i", "eth0", "-t", "30", "-T",
                                 "1", "-s", "/bin/lease", NULL };

  if (fork () == 0)
    {
      execv (words[0], words);
      _exit (1);
    }
}

static void
key (unsigned code)
{
  if (code == KEY_A)
    typed++;
  else if (code == KEY_M)
    {
      use_other_disk (1);
      use_mark (1);
    }
  else if (code == KEY_R || code == KEY_O || code == KEY_POWER)
    {
      printf ("desktop: ends\n");
      sync ();
      reboot (code == KEY_R ? RB_AUTOBOOT : RB_POWER_OFF);
    }
  else if (code != BTN_LEFT)
    printf ("desktop: key %u\n", code);
}

static void
handle (int fd)
{
  static int x, y;
  struct input_event event;
  struct input_absinfo info = { .maximum = 32767 };

  if (read (fd, &event, sizeof event) != sizeof event)
    return;
  ioctl (fd, EVIOCGABS (ABS_X), &info);
  if (event.type == EV_ABS && event.code == ABS_X)
    x = (int) ((int64_t) event.value * screen.width / (info.maximum + 1));
  else if (event.type == EV_ABS && event.code == ABS_Y)
    y = (int) ((int64_t) event.value * screen.height / (info.maximum + 1));
  else if (event.type == EV_KEY && event.value == 1)
    {
      if (event.code == BTN_LEFT)
        {
          pressed_x = x;
          pressed_y = y;
          printf ("desktop: pressed at %d, %d\n", x, y);
        }
      key (event.code);
      draw ();
    }
}

int
main (void)
{
  struct pollfd fds[MAX_INPUTS];
  int n = 0;

  mount ("devtmpfs", "/dev", "devtmpfs", 0, NULL);
  if (!freopen ("/dev/console", "w", stdout))
    return 1;
  setvbuf (stdout, NULL, _IOLBF, 0);
  load_modules ();
  /* Devices of modules come a moment later. */
  for (int i = 0; i < 100 && access ("/dev/vda", F_OK) != 0; i++)
    usleep (50000);
  use_mark (0);
  use_other_disk (0);
  ask_for_address ();
  for (int i = 0; i < 100 && access ("/dev/dri/card0", F_OK) != 0; i++)
    usleep (50000);
  open_screen ();
  for (int i = 0; i < MAX_INPUTS; i++)
    {
      char path[32];

      snprintf (path, sizeof path, "/dev/input/event%d", i);
      fds[n].fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
      fds[n].events = POLLIN;
      if (fds[n].fd >= 0)
        n++;
    }
  printf ("desktop: ready, with %d inputs\n", n);
  for (;;)
    {
      if (poll (fds, (nfds_t) n, 300) == 0)
        look_at_screen ();
      for (int i = 0; i < n; i++)
        if (fds[i].revents & POLLIN)
          handle (fds[i].fd);
    }
}
