/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The keys of an AppVM file. */
#include "config.h"

#include "bh-keys.h"

#include "bh-color.h"
#include "bh-commands.h"
#include "bh-disks.h"
#include "bh-error.h"
#include "bh-folders.h"
#include "bh-key-checks.h"
#include "bh-net-text.h"
#include "bh-text.h"
#include "bh-vm-config.h"

#include <glib/gi18n-lib.h>
#include <string.h>

#define MAX_APP_ID 255

static const char *const templates[] = { "host", "debian", BH_TEMPLATE_DISK, NULL };
static const char *const template_titles[] = { N_ ("This computer"), N_ ("A Debian of its own"),
                                               N_ ("A disk image"), NULL };
static const char *const suites[] = { "bookworm", "trixie", NULL };
static const char *const suite_titles[] = { N_ ("Debian 12"), N_ ("Debian 13"), NULL };

static const char *const image_changes[] = { "keep", "drop", "write", NULL };
static const char *const image_change_titles[] = { N_ ("Kept beside it"), N_ ("Gone at the stop"),
                                                   N_ ("Written into it"), NULL };
static const char *const firmwares[] = { "auto", "bios", "uefi", NULL };
static const char *const firmware_titles[] = { N_ ("As it needs"), N_ ("BIOS"), N_ ("UEFI"), NULL };

static const char *const log_levels[] = { "errors", "info", "debug", NULL };
static const char *const log_level_titles[] = { N_ ("Errors"), N_ ("More"), N_ ("Everything"),
                                                NULL };

static const char *const cameras[] = { "off", "ask", "on", NULL };
static const char *const camera_titles[] = { N_ ("Off"), N_ ("Ask"), N_ ("On"), NULL };

static const char *const scratches[] = { "memory", "disk", NULL };
static const char *const scratch_titles[] = { N_ ("In memory"), N_ ("On a disk"), NULL };

static const char *const networks[] = { "none", "internet", "vm", "kernel", NULL };
static const char *const network_titles[] = { N_ ("None"), N_ ("Internet"),
                                              N_ ("Through another AppVM"), N_ ("Kernel network"),
                                              NULL };

/* Group by group, in the order of BhKeyGroup. */
static const BhKey keys[] = {
  { .name = "Name",
    .type = BH_KEY_STRING,
    .group = BH_GROUP_GENERAL,
    .min = 1,
    .max = 64,
    .title = N_ ("Name"),
    .doc = N_ ("What you call this AppVM; shown on the frame of each of its windows") },
  { .name = "Color",
    .type = BH_KEY_COLOR,
    .group = BH_GROUP_GENERAL,
    .fallback = "#1c71d8",
    .title = N_ ("Colour"),
    .doc = N_ ("Colour of the frame round its windows") },
  { .name = "Applications",
    .type = BH_KEY_APPS,
    .group = BH_GROUP_GENERAL,
    .max = 256,
    .fallback = "",
    .title = N_ ("Applications"),
    .doc = N_ ("Programs offered in this AppVM"),
    .on_disk = "" },
  { .name = "Commands",
    .type = BH_KEY_COMMANDS,
    .group = BH_GROUP_GENERAL,
    .max = 64,
    .fallback = "",
    .title = N_ ("Commands"),
    .doc = N_ ("Command lines offered beside its applications"),
    .on_disk = "" },
  { .name = "Notes",
    .type = BH_KEY_TEXT,
    .group = BH_GROUP_GENERAL,
    .max = 4000,
    .fallback = "",
    .title = N_ ("Notes"),
    .doc = N_ ("For yourself; Bulkhead does nothing with it") },

  { .name = "Template",
    .type = BH_KEY_ENUM,
    .group = BH_GROUP_REACH,
    .fallback = "host",
    .choices = templates,
    .choice_titles = template_titles,
    .title = N_ ("Programs come from"),
    .doc = N_ ("Programs in this AppVM are those installed there, and can read all of them"),
    .needs_restart = TRUE },
  { .name = "Suite",
    .type = BH_KEY_ENUM,
    .group = BH_GROUP_REACH,
    .fallback = "trixie",
    .choices = suites,
    .choice_titles = suite_titles,
    .title = N_ ("Release of Debian"),
    .doc = N_ ("Where programs come from a Debian of its own: which release"),
    .needs_restart = TRUE,
    .on_disk = "trixie" },
  { .name = "Packages",
    .type = BH_KEY_LIST,
    .group = BH_GROUP_REACH,
    .max = 200,
    .fallback = "",
    .check = bh_key_is_package,
    .takes = "names of Debian packages",
    .title = N_ ("Debian packages"),
    .doc = N_ ("Where programs come from a Debian of its own: what is installed in it"),
    .needs_restart = TRUE,
    .on_disk = "" },
  { .name = "Image",
    .type = BH_KEY_FILE,
    .group = BH_GROUP_REACH,
    .max = 1000,
    .fallback = "",
    .check = bh_key_is_file,
    .takes = "the whole path of a file, without “:”",
    .title = N_ ("Disk image"),
    .doc = N_ ("Where programs come from a disk image: which (qcow2 or raw). It boots by itself, and is shown as one "
               "window"),
    .needs_restart = TRUE,
    .disk_only = TRUE },
  { .name = "ImageChanges",
    .type = BH_KEY_ENUM,
    .group = BH_GROUP_REACH,
    .fallback = "keep",
    .choices = image_changes,
    .choice_titles = image_change_titles,
    .title = N_ ("What it writes"),
    .doc = N_ ("Where changes of the disk image go: only “write” changes the image itself"),
    .needs_restart = TRUE,
    .disk_only = TRUE },
  { .name = "Network",
    .type = BH_KEY_ENUM,
    .group = BH_GROUP_REACH,
    .fallback = "none",
    .choices = networks,
    .choice_titles = network_titles,
    .title = N_ ("Network"),
    .doc = N_ (
        "Where its connections go; “kernel” is faster than “internet”, for bridges, and asks for "
        "permission"),
    .weakens = TRUE },
  { .name = "Lan",
    .type = BH_KEY_BOOL,
    .group = BH_GROUP_REACH,
    .fallback = "false",
    .title = N_ ("Local network"),
    .doc = N_ (
        "Let it reach printers, routers and other computers in your own network, too; never this "
        "computer itself"),
    .weakens = TRUE },
  { .name = "NetVm",
    .type = BH_KEY_LIST,
    .group = BH_GROUP_REACH,
    .max = 1,
    .fallback = "",
    .title = N_ ("Network of"),
    .doc =
        N_ ("With Network=vm: id of the AppVM whose network it uses, and which is started with it"),
    .check = bh_vm_id_is_valid,
    .takes = "the id of an AppVM",
    .on_disk = "" },
  { .name = "Folders",
    .type = BH_KEY_FOLDERS,
    .group = BH_GROUP_REACH,
    .max = BH_FOLDERS_MAX,
    .fallback = "",
    .title = N_ ("Shared folders"),
    .doc =
        N_ ("Folders of this computer it can read, or read and change; more or fewer at any time"),
    .weakens = TRUE,
    .on_disk = "" },
  { .name = "Sound",
    .type = BH_KEY_BOOL,
    .group = BH_GROUP_REACH,
    .fallback = "true",
    .title = N_ ("Sound"),
    .doc = N_ ("Its programs can be heard"),
    .on_disk = "false" },
  { .name = "Microphone",
    .type = BH_KEY_BOOL,
    .group = BH_GROUP_REACH,
    .fallback = "false",
    .title = N_ ("Microphone"),
    .doc = N_ ("Its programs can listen through this computer’s microphone; you see when they do"),
    .weakens = TRUE,
    .on_disk = "false" },
  { .name = "Camera",
    .type = BH_KEY_ENUM,
    .group = BH_GROUP_REACH,
    .fallback = "off",
    .choices = cameras,
    .choice_titles = camera_titles,
    .title = N_ ("Camera"),
    .doc = N_ ("Its programs can look through this computer’s camera; you see when they do. Only pictures "
               "reach it: as a USB device the whole camera would"),
    .weakens = TRUE,
    .on_disk = "off" },
  { .name = "UsbDevices",
    .type = BH_KEY_LIST,
    .group = BH_GROUP_REACH,
    .max = 8,
    .fallback = "",
    .check = bh_key_is_usb_device,
    .takes = "the id (046d:c52b) or the place (1-4) of a USB device",
    .title = N_ ("USB devices"),
    .doc = N_ ("It gets these while they are plugged in, and this computer does without them; "
               "never a keyboard or mouse"),
    .weakens = TRUE },
  { .name = "PciDevices",
    .type = BH_KEY_LIST,
    .group = BH_GROUP_REACH,
    .max = 8,
    .fallback = "",
    .check = bh_key_is_pci_device,
    .takes = "the address of a PCI device (01:00.0 or 0000:01:00.0)",
    .title = N_ ("PCI devices"),
    .doc = N_ ("It gets these while it runs, whole IOMMU groups of them; it boots instead of being thawed, and its start asks "
               "for permission"),
    .needs_restart = TRUE,
    .weakens = TRUE },

  { .name = "Memory",
    .type = BH_KEY_INT,
    .group = BH_GROUP_RESOURCES,
    .min = 192,
    .max = 65536,
    .fallback = "768",
    .unit = "MiB",
    .title = N_ ("Memory"),
    .doc = N_ ("Memory of the AppVM"),
    .needs_restart = TRUE },
  { .name = "Processors",
    .type = BH_KEY_INT,
    .group = BH_GROUP_RESOURCES,
    .min = 1,
    .max = 16,
    .fallback = "1",
    .title = N_ ("Processors"),
    .doc = N_ ("How many processors the AppVM has"),
    .needs_restart = TRUE },

  { .name = "Home",
    .type = BH_KEY_HOME,
    .group = BH_GROUP_HOME,
    .min = 1,
    .max = 1000,
    .fallback = "none",
    .check = bh_key_is_home,
    .takes = "none, disk, or the whole path of a folder, without “:” and “;”",
    .title = N_ ("Home"),
    .doc = N_ ("Where its home folder is kept: nowhere (it is gone at the stop), on a disk of its "
               "own, or in a folder of this computer"),
    .needs_restart = TRUE,
    .on_disk = "none" },
  { .name = "HomeSize",
    .type = BH_KEY_INT,
    .group = BH_GROUP_HOME,
    .min = 64,
    .max = 4194304,
    .fallback = "10240",
    .unit = "MiB",
    .title = N_ ("Size of the disk"),
    .doc = N_ ("How large a home disk can become; only what is on it takes room, and it can grow "
               "but not shrink"),
    .needs_restart = TRUE,
    .on_disk = "10240" },
  { .name = "HomeEncrypt",
    .type = BH_KEY_BOOL,
    .group = BH_GROUP_HOME,
    .fallback = "false",
    .title = N_ ("Encrypt the disk"),
    .doc = N_ ("A home disk that is made or compacted from now on can be read only with a key in "
               "your keyring"),
    .needs_restart = TRUE,
    .on_disk = "false" },

  { .name = "Scratch",
    .type = BH_KEY_ENUM,
    .group = BH_GROUP_HOME,
    .fallback = "memory",
    .choices = scratches,
    .choice_titles = scratch_titles,
    .title = N_ ("What is gone at the stop"),
    .doc = N_ ("Where programs write what is not kept: /tmp, /var/tmp, and a home that is kept "
               "nowhere"),
    .needs_restart = TRUE,
    .on_disk = "memory" },
  { .name = "ScratchSize",
    .type = BH_KEY_INT,
    .group = BH_GROUP_HOME,
    .min = 0,
    .max = 4194304,
    .fallback = "0",
    .unit = "MiB",
    .title = N_ ("At most"),
    .doc = N_ ("How much of that there can be; 0: 8192 MiB on a disk, and what there is of its "
               "memory otherwise"),
    .needs_restart = TRUE,
    .on_disk = "0" },

  { .name = "AutoStop",
    .type = BH_KEY_INT,
    .group = BH_GROUP_BEHAVIOUR,
    .min = 0,
    .max = 86400,
    .fallback = "300",
    .unit = "s",
    .title = N_ ("Stop when unused"),
    .doc = N_ ("Seconds from the end of the last program until the AppVM stops; 0: never") },
  { .name = "Disposable",
    .type = BH_KEY_BOOL,
    .group = BH_GROUP_BEHAVIOUR,
    .fallback = "false",
    .title = N_ ("Disposable"),
    .doc = N_ ("Each program is started in a fresh AppVM with these settings, of which nothing is left "
               "when its last window is closed") },
  { .name = "StopTime",
    .type = BH_KEY_INT,
    .group = BH_GROUP_BEHAVIOUR,
    .min = 5,
    .max = 3600,
    .fallback = "60",
    .unit = "s",
    .title = N_ ("Time to power off"),
    .doc = N_ ("Where programs come from a disk image: how long it may take to power off when it is stopped, "
               "before its power is cut"),
    .disk_only = TRUE },
  { .name = "Launchers",
    .type = BH_KEY_BOOL,
    .group = BH_GROUP_BEHAVIOUR,
    .fallback = "true",
    .title = N_ ("Show in the application grid"),
    .doc = N_ ("Whether the desktop offers its programs beside those of this computer") },

  { .name = "Disks",
    .type = BH_KEY_LIST,
    .group = BH_GROUP_ADVANCED,
    .max = BH_DISKS_MAX,
    .fallback = "",
    .check = bh_disk_is_one,
    .takes = "disks such as /path/file:rw,id=data, as the manual says",
    .title = N_ ("Additional disks"),
    .doc = N_ ("Disk images and block devices of this computer: each PATH:OPTIONS, as the manual says"),
    .needs_restart = TRUE,
    .weakens = TRUE },
  { .name = "Firmware",
    .type = BH_KEY_ENUM,
    .group = BH_GROUP_ADVANCED,
    .fallback = "auto",
    .choices = firmwares,
    .choice_titles = firmware_titles,
    .title = N_ ("Firmware"),
    .doc = N_ ("Where programs come from a disk image: what starts it"),
    .needs_restart = TRUE,
    .disk_only = TRUE },
  { .name = "Thaw",
    .type = BH_KEY_BOOL,
    .group = BH_GROUP_ADVANCED,
    .fallback = "true",
    .title = N_ ("Thaw"),
    .doc = N_ ("Start from a frozen guest when there is one, instead of booting"),
    .needs_restart = TRUE,
    .on_disk = "false" },
  { .name = "X11",
    .type = BH_KEY_APPS,
    .group = BH_GROUP_ADVANCED,
    .max = 256,
    .fallback = "",
    .title = N_ ("X11 programs"),
    .doc = N_ ("Programs that are always run with an X server of their own"),
    .on_disk = "" },
  { .name = "Kernel",
    .type = BH_KEY_STRING,
    .group = BH_GROUP_ADVANCED,
    .max = 1000,
    .fallback = "",
    .check = bh_key_is_file,
    .takes = "the whole path of a file, without “:”",
    .title = N_ ("Kernel"),
    .doc = N_ ("A kernel of your own instead of this computer's; it boots instead of being thawed"),
    .needs_restart = TRUE,
    .on_disk = "" },
  { .name = "Initramfs",
    .type = BH_KEY_STRING,
    .group = BH_GROUP_ADVANCED,
    .max = 1000,
    .fallback = "",
    .check = bh_key_is_file,
    .takes = "the whole path of a file, without “:”",
    .title = N_ ("Initramfs"),
    .doc = N_ ("An initramfs of your own; it has to start bulkhead-guest as Bulkhead's does"),
    .needs_restart = TRUE,
    .on_disk = "" },
  { .name = "KernelParameters",
    .type = BH_KEY_STRING,
    .group = BH_GROUP_ADVANCED,
    .max = 1000,
    .fallback = "",
    .check = bh_key_is_kernel_parameters,
    .takes = "at most 1000 characters of ASCII",
    .title = N_ ("Kernel parameters"),
    .doc = N_ ("Added to the kernel's command line; it boots instead of being thawed"),
    .needs_restart = TRUE,
    .on_disk = "" },
  { .name = "QemuArguments",
    .type = BH_KEY_STRING,
    .group = BH_GROUP_ADVANCED,
    .max = 2000,
    .fallback = "",
    .check = bh_key_is_words,
    .takes = "at most 2000 characters, words as in a shell",
    .title = N_ ("QEMU arguments"),
    .doc = N_ ("Added to QEMU's command line; what they open, programs in the AppVM may attack"),
    .needs_restart = TRUE,
    .weakens = TRUE,
    .command = TRUE },
  { .name = "LogLevel",
    .type = BH_KEY_ENUM,
    .group = BH_GROUP_ADVANCED,
    .fallback = "errors",
    .choices = log_levels,
    .choice_titles = log_level_titles,
    .title = N_ ("Log"),
    .doc = N_ ("How much its kernel and QEMU say in its log; other than errors, it boots instead "
               "of being thawed"),
    .needs_restart = TRUE,
    .on_disk = "errors" },

  { .name = "Dns",
    .type = BH_KEY_LIST,
    .group = BH_GROUP_ADVANCED,
    .max = 4,
    .fallback = "",
    .title = N_ ("Name servers"),
    .doc = N_ ("Addresses of the name servers it asks, instead of this computer's"),
    .check = bh_net_is_address,
    .takes = "IP addresses",
    .on_disk = "" },
  { .name = "Address",
    .type = BH_KEY_LIST,
    .group = BH_GROUP_ADVANCED,
    .max = 2,
    .fallback = "",
    .title = N_ ("Addresses"),
    .doc = N_ ("With Network=kernel: its own addresses with their prefix, or “dhcp” to ask the "
               "bridge's network; without a bridge chosen when empty"),
    .check = bh_net_is_guest_address,
    .takes = "addresses with the length of their prefix (10.20.0.2/24), or dhcp" },
  { .name = "Gateway",
    .type = BH_KEY_LIST,
    .group = BH_GROUP_ADVANCED,
    .max = 2,
    .fallback = "",
    .title = N_ ("Gateways"),
    .doc = N_ (
        "With Network=kernel and a bridge: where everything goes that is not for its own network"),
    .check = bh_net_is_address,
    .takes = "IP addresses",
    .on_disk = "" },
  { .name = "Routes",
    .type = BH_KEY_LIST,
    .group = BH_GROUP_ADVANCED,
    .max = 16,
    .fallback = "",
    .title = N_ ("Routes"),
    .doc = N_ ("With Network=kernel: further networks and the gateway to each"),
    .check = bh_net_is_route,
    .takes = "routes such as 10.1.0.0/16 10.0.0.1",
    .on_disk = "" },
  { .name = "Bridge",
    .type = BH_KEY_LIST,
    .group = BH_GROUP_ADVANCED,
    .max = 1,
    .fallback = "",
    .title = N_ ("Bridge"),
    .doc = N_ ("With Network=kernel: join this bridge, which the administrator must have allowed"),
    .check = bh_net_is_name,
    .takes = "the name of a network interface",
    .weakens = TRUE },
  { .name = "Mac",
    .type = BH_KEY_LIST,
    .group = BH_GROUP_ADVANCED,
    .max = 1,
    .fallback = "",
    .title = N_ ("Hardware address"),
    .doc = N_ ("Of its network interface; made from the AppVM's id when empty"),
    .check = bh_net_is_mac,
    .takes = "a hardware address such as 02:12:34:56:78:9a, not of a group" },
  { .name = "InterfaceName",
    .type = BH_KEY_LIST,
    .group = BH_GROUP_ADVANCED,
    .max = 1,
    .fallback = "",
    .title = N_ ("Name of the interface"),
    .doc = N_ ("What its network interface is called inside; eth0 when empty"),
    .check = bh_net_is_name,
    .takes = "the name of a network interface",
    .on_disk = "" },
  { .name = "Interfaces",
    .type = BH_KEY_LIST,
    .group = BH_GROUP_ADVANCED,
    .max = 6,
    .fallback = "",
    .title = N_ ("More network interfaces"),
    .doc = N_ ("Each “NAME MODE” and what else it needs, as the manual says"),
    .check = bh_net_is_spec,
    .takes = "network interfaces such as lan0 bridge:br0 address=10.0.0.2/24",
    .weakens = TRUE,
    .on_disk = "" },
};

static const struct
{
  const char *title, *doc;
} groups[BH_N_GROUPS] = {
  [BH_GROUP_GENERAL] = { N_ ("General"), "" },
  [BH_GROUP_REACH] = { N_ ("What It May Reach"),
                       N_ ("The less, the less a program gets that somebody has taken over.") },
  [BH_GROUP_RESOURCES] = { N_ ("Resources"), N_ ("How much of this computer it takes.") },
  [BH_GROUP_HOME] = { N_ ("Home"), N_ ("What is kept in it from one start to the next.") },
  [BH_GROUP_BEHAVIOUR] = { N_ ("Behaviour"), "" },
  [BH_GROUP_ADVANCED] = { N_ ("Advanced"), N_ ("Good as they are for most AppVMs.") },
};

const BhKey *
bh_keys (gsize *n)
{
  *n = G_N_ELEMENTS (keys);
  return keys;
}

const BhKey *
bh_keys_find (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (strcmp (keys[i].name, name) == 0)
      return &keys[i];
  return NULL;
}

gboolean
bh_key_applies (const BhKey *key, const char *template)
{
  return g_strcmp0 (template, BH_TEMPLATE_DISK) == 0 ? key->on_disk == NULL : !key->disk_only;
}

const char *
bh_key_group_title (BhKeyGroup group, const char **doc)
{
  g_return_val_if_fail (group < BH_N_GROUPS, "");
  if (doc)
    *doc = *groups[group].doc ? _ (groups[group].doc) : "";
  return _ (groups[group].title);
}

gboolean
bh_app_id_is_valid (const char *id)
{
  gsize len = strlen (id);

  if (len > MAX_APP_ID || len <= strlen (".desktop") || !g_str_has_suffix (id, ".desktop")
      || id[0] == '.' || id[0] == '-')
    return FALSE;
  for (gsize i = 0; i < len; i++)
    if (!g_ascii_isalnum (id[i]) && strchr ("._-+@", id[i]) == NULL)
      return FALSE;
  return TRUE;
}

char *
bh_key_describe_range (const BhKey *key)
{
  const char *unit = key->unit ? key->unit : "";
  const char *space = key->unit ? " " : "";

  switch (key->type)
    {
    case BH_KEY_INT:
      return g_strdup_printf ("%" G_GINT64_FORMAT " to %" G_GINT64_FORMAT "%s%s", key->min,
                              key->max, space, unit);
    case BH_KEY_BOOL:
      return g_strdup ("true or false");
    case BH_KEY_ENUM:
      {
        g_autofree char *all = g_strjoinv (", ", (char **) key->choices);
        return g_strdup_printf ("one of: %s", all);
      }
    case BH_KEY_COLOR:
      return g_strdup ("#rrggbb, or red, orange, yellow, green, blue, purple, brown or gray");
    case BH_KEY_APPS:
      return g_strdup_printf (
          "at most %" G_GINT64_FORMAT
          " desktop-file ids such as org.gnome.Calculator.desktop, “;” between them",
          key->max);
    case BH_KEY_LIST:
      return key->max == 1 ? g_strdup (key->takes)
                           : g_strdup_printf ("at most %" G_GINT64_FORMAT " %s, “;” between them",
                                              key->max, key->takes);
    case BH_KEY_FOLDERS:
      return g_strdup_printf ("at most %" G_GINT64_FORMAT
                              " folders, each HOST, HOST:GUEST or HOST:GUEST:rw, “;” between them",
                              key->max);
    case BH_KEY_COMMANDS:
      return g_strdup_printf ("at most %" G_GINT64_FORMAT
                              " lines NAME=COMMAND LINE, each name once, the words of a command "
                              "quoted as in a shell",
                              key->max);
    case BH_KEY_STRING:
    case BH_KEY_TEXT:
    default:
      if (key->takes)
        return g_strdup (key->takes);
      return g_strdup_printf ("%" G_GINT64_FORMAT " to %" G_GINT64_FORMAT
                              " characters, none of them a control character",
                              key->min, key->max);
    }
}

static char *
normalize_string (const BhKey *key, const char *text)
{
  g_autofree char *clean = NULL;
  glong n;

  if (!g_utf8_validate (text, -1, NULL))
    return NULL;
  n = g_utf8_strlen (text, -1);
  if (n < key->min || n > key->max || (key->check && n > 0 && !key->check (text)))
    return NULL;
  /* Refused rather than repaired: what people see in one place must be what they wrote. */
  clean = key->type == BH_KEY_TEXT ? bh_text_clean_lines (text, strlen (text))
                                   : bh_text_clean (text, strlen (text), (gsize) key->max);
  return g_str_equal (clean, text) ? g_steal_pointer (&clean) : NULL;
}

static char *
normalize_list (const BhKey *key, const char *text)
{
  gboolean (*check) (const char *item) = key->check ? key->check : bh_app_id_is_valid;
  g_auto (GStrv) items = g_strsplit (text, ";", -1);
  g_autoptr (GPtrArray) out = g_ptr_array_new ();

  if (!g_utf8_validate (text, -1, NULL))
    return NULL;

  for (char **p = items; *p; p++)
    {
      char *item = g_strstrip (*p);

      if (*item == '\0')
        continue;
      if (!check (item) || out->len >= (guint) key->max)
        return NULL;
      if (!g_ptr_array_find_with_equal_func (out, item, g_str_equal, NULL))
        g_ptr_array_add (out, item);
    }
  g_ptr_array_add (out, NULL);
  return g_strjoinv (";", (char **) out->pdata);
}

static char *
normalize_folders (const BhKey *key, const char *text, GError **error)
{
  g_autoptr (GPtrArray) folders = bh_folders_parse (text, (guint) key->max, error);
  g_autoptr (GPtrArray) out = NULL;

  if (!folders)
    return NULL;
  out = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < folders->len; i++)
    g_ptr_array_add (out, bh_folder_to_text (folders->pdata[i]));
  g_ptr_array_add (out, NULL);
  return g_strjoinv (";", (char **) out->pdata);
}

static char *
normalize (const BhKey *key, const char *text)
{
  gint64 value;
  BhColor color;

  switch (key->type)
    {
    case BH_KEY_INT:
      if (!g_ascii_string_to_signed (text, 10, key->min, key->max, &value, NULL))
        return NULL;
      return g_strdup_printf ("%" G_GINT64_FORMAT, value);
    case BH_KEY_BOOL:
      return g_str_equal (text, "true") || g_str_equal (text, "false") ? g_strdup (text) : NULL;
    case BH_KEY_ENUM:
      return g_strv_contains (key->choices, text) ? g_strdup (text) : NULL;
    case BH_KEY_COLOR:
      return bh_color_parse (text, &color) ? bh_color_to_string (&color) : NULL;
    case BH_KEY_APPS:
    case BH_KEY_LIST:
      return normalize_list (key, text);
    case BH_KEY_COMMANDS:
      return bh_commands_normalize (text, (gsize) key->max);
    case BH_KEY_FOLDERS: /* by itself, for the sake of its messages */
    case BH_KEY_STRING:
    case BH_KEY_TEXT:
    default:
      return normalize_string (key, text);
    }
}

char *
bh_key_normalize (const BhKey *key, const char *text, GError **error)
{
  g_autofree char *trimmed = NULL;
  g_autofree char *range = NULL;
  g_autofree char *shown = NULL;
  char *value;

  g_return_val_if_fail (key && text, NULL);
  if (key->type == BH_KEY_FOLDERS)
    return normalize_folders (key, text, error);
  trimmed = g_strdup (text);
  if (key->type != BH_KEY_TEXT)
    g_strstrip (trimmed);
  value = normalize (key, trimmed);
  if (value)
    return value;
  range = bh_key_describe_range (key);
  shown = bh_text_clean (text, strlen (text), 80);
  g_set_error (error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT, "%s cannot be “%s”: it takes %s",
               key->name, shown, range);
  return NULL;
}
