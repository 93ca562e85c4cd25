/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the host uses: the devices of a class whose folder lies below that of the device in question.
 *
 * Where it cannot be found out, the answer is that it is in use. */
#include "config.h"

#include "bh-host-use.h"

#include "bh-error.h"
#include "bh-netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/input-event-codes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_FILE 4096

char *
bh_host_use_read (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  char *text = g_malloc (MAX_FILE + 1);
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read (fd, text, MAX_FILE);

  if (fd >= 0)
    close (fd);
  text[MAX (n, 0)] = '\0';
  return g_strchomp (text);
}

char *
bh_host_use_read_link (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *target = g_file_read_link (path, NULL);

  return target ? g_path_get_basename (target) : g_strdup ("");
}

gboolean
bh_host_use_write (const char *folder, const char *name, const char *value, const char *what,
                   GError **error)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : write (fd, value, strlen (value));
  int saved_errno = errno;

  if (fd >= 0)
    close (fd);
  if (n == (ssize_t) strlen (value))
    return TRUE;
  bh_error_set_from_errno (error, saved_errno, "%s (writing %s)", what, path);
  return FALSE;
}

/* (element-type utf8): names in /sys/class/@class that lie below @device, or those that do not. */
static GPtrArray *
list_class (const char *class, const char *device, gboolean below)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *folder = g_build_filename ("/sys/class", class, NULL);
  g_autofree char *start = g_strconcat (device, "/", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      char *real = realpath (path, NULL);

      if (real != NULL && g_str_has_prefix (real, start) == below)
        g_ptr_array_add (names, g_strdup (name));
      free (real);
    }
  return names;
}

/* Opening a block device exclusively fails while anything in the kernel holds it: a mount in any name space,
 * swap, device mapper, RAID; of a disk also while one of its partitions is held. */
static gboolean
disk_is_free (const char *name)
{
  g_autofree char *node = g_strconcat ("/dev/", name, NULL);
  int fd;

  /* In sysfs "!" stands for a "/" in the name. */
  g_strdelimit (node + strlen ("/dev/"), "!", '/');
  fd = open (node, O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);
  if (fd >= 0)
    close (fd);
  return fd >= 0 || errno == ENOMEDIUM || errno == ENXIO;
}

static gboolean
check_screen (const char *device, const char *what, GError **error)
{
  g_autoptr (GPtrArray) cards = list_class ("drm", device, TRUE);

  for (guint i = 0; i < cards->len; i++)
    {
      g_autofree char *folder = g_build_filename ("/sys/class/drm", cards->pdata[i], NULL);
      g_autofree char *enabled = bh_host_use_read (folder, "enabled");

      if (strcmp (enabled, "enabled") == 0)
        {
          g_set_error (error, BH_ERROR, BH_ERROR_BUSY, "%s shows this computer's desktop on a screen (%s).", what,
                       (const char *) cards->pdata[i]);
          return FALSE;
        }
    }
  return TRUE;
}

gboolean
bh_host_use_check (const char *device, const char *what, GError **error)
{
  g_autoptr (GPtrArray) disks = list_class ("block", device, TRUE);
  g_autoptr (GPtrArray) networks = list_class ("net", device, TRUE);

  for (guint i = 0; i < disks->len; i++)
    if (!disk_is_free (disks->pdata[i]))
      {
        g_set_error (error, BH_ERROR, BH_ERROR_BUSY,
                     "%s holds the disk %s, which this computer uses (mounted, swap, or part of a volume). Unmount it "
                     "first.",
                     what, (const char *) disks->pdata[i]);
        return FALSE;
      }
  g_ptr_array_add (networks, NULL);
  if (networks->len > 1 && bh_netlink_is_only_way ((const char *const *) networks->pdata))
    {
      g_set_error (error, BH_ERROR, BH_ERROR_BUSY,
                   "%s is this computer's only way to the network (%s). Connect it another way first.", what,
                   (const char *) networks->pdata[0]);
      return FALSE;
    }
  return check_screen (device, what, error);
}

/* A bit of a file of capabilities: words of the kernel's size, the highest first. */
static gboolean
has_bit (const char *text, guint bit)
{
  const guint word_bits = sizeof (long) * 8;
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  guint n = g_strv_length (words);
  guint word = bit / word_bits;

  return word < n
         && (g_ascii_strtoull (words[n - 1 - word], NULL, 16) >> (bit % word_bits) & 1) != 0;
}

static void
look_at_input (const char *name, gboolean *keyboard, gboolean *pointer)
{
  g_autofree char *folder = g_build_filename ("/sys/class/input", name, "capabilities", NULL);
  g_autofree char *keys = bh_host_use_read (folder, "key");
  g_autofree char *relative = bh_host_use_read (folder, "rel");

  *keyboard = has_bit (keys, KEY_A) && has_bit (keys, KEY_Z) && has_bit (keys, KEY_ENTER);
  *pointer = has_bit (relative, REL_X) || has_bit (keys, BTN_LEFT) || has_bit (keys, BTN_TOUCH);
}

void
bh_host_use_find_inputs (const char *device, BhInputs *inputs)
{
  memset (inputs, 0, sizeof *inputs);
  for (int below = 0; below < 2; below++)
    {
      g_autoptr (GPtrArray) names = list_class ("input", device, below);

      for (guint i = 0; i < names->len; i++)
        {
          gboolean keyboard, pointer;

          look_at_input (names->pdata[i], &keyboard, &pointer);
          if (below)
            {
              inputs->here = inputs->here || keyboard || pointer;
              inputs->keyboard_here = inputs->keyboard_here || keyboard;
            }
          else
            inputs->keyboard_elsewhere = inputs->keyboard_elsewhere || keyboard;
        }
    }
}
