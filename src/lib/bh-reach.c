/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a hijacked program in an AppVM could reach.
 *
 * One row of "topics" for each thing, and a small function that looks at the settings and adds what
 * it finds. A topic about which nothing was added is named among what cannot be reached. */
#include "config.h"

#include "bh-reach.h"

#include "bh-disks.h"
#include "bh-folders.h"
#include "bh-keys.h"

#include <glib/gi18n-lib.h>
#include <string.h>

typedef struct
{
  GVariant *settings;
  const char *topic; /* of the row that is looked at */
  GPtrArray *items;  /* of BhReachItem */
  GPtrArray *could;  /* of char * */
} Look;

static const char *
value_of (Look *look, const char *key)
{
  const BhKey *row = bh_keys_find (key);
  const char *value;

  g_return_val_if_fail (row != NULL && row->fallback != NULL, "");
  if (row->on_disk && g_variant_lookup (look->settings, "Template", "&s", &value)
      && g_str_equal (value, BH_TEMPLATE_DISK))
    return row->on_disk;
  return g_variant_lookup (look->settings, key, "&s", &value) ? value : row->fallback;
}

/* For BOOL keys. */
static gboolean
is_on (Look *look, const char *key)
{
  return g_str_equal (value_of (look, key), "true");
}

/**
 * add:
 * @icon: (nullable): for the list; without, only the sentence tells
 * @text: (nullable): what the icon stands for, translated: "Microphone"
 * @could: what a hijacked program could do, translated, to follow "could": "listen to you"
 */
static void
add (Look *look, const char *icon, const char *text, const char *could)
{
  if (icon)
    {
      BhReachItem *item = g_new (BhReachItem, 1);

      *item = (BhReachItem){ look->topic, icon, g_strdup (text) };
      g_ptr_array_add (look->items, item);
    }
  g_ptr_array_add (look->could, g_strdup (could));
}

/* A whole system, of which nobody here knows what is in it. */
static void
look_image (Look *look)
{
  g_autofree char *name = g_path_get_basename (value_of (look, "Image"));
  const char *changes = value_of (look, "ImageChanges");
  g_autofree char *could = NULL;

  if (g_str_equal (changes, "write"))
    /* Translators: the name of a file. */
    could = g_strdup_printf (_ ("read and change the disk image “%s”"), name);
  else
    /* Translators: the name of a file. */
    could = g_strdup_printf (_ ("read the disk image “%s”"), name);
  add (look, "computer-symbolic", _ ("Whole desktop from a disk image"), could);
  if (g_str_equal (changes, "keep"))
    add (look, NULL, NULL, _ ("leave something in it that is there at the next start"));
}

static void
look_always (Look *look)
{
  /* Translators: each of these follows "A hijacked program in here could". */
  if (is_on (look, "Disposable"))
    add (look, NULL, NULL, _ ("see what you do in this AppVM until its last window is closed"));
  else
    add (look, NULL, NULL, _ ("see what you do in this AppVM"));
  if (g_str_equal (value_of (look, "Template"), BH_TEMPLATE_DISK))
    look_image (look);
  else if (!g_str_equal (value_of (look, "Template"), "debian"))
    add (look, NULL, NULL, _ ("read the programs installed on this computer"));
  if (g_str_equal (value_of (look, "Home"), "disk"))
    add (look, NULL, NULL, _ ("leave something in its home that is there at the next start"));
}

static void
look_at_microphone (Look *look)
{
  if (is_on (look, "Microphone"))
    add (look, "audio-input-microphone-symbolic", _ ("Microphone"), _ ("listen to you"));
}

static void
look_at_camera (Look *look)
{
  const char *camera = value_of (look, "Camera");

  if (g_str_equal (camera, "on"))
    add (look, "camera-web-symbolic", _ ("Camera"), _ ("watch you"));
  else if (g_str_equal (camera, "ask"))
    add (look, "camera-web-symbolic", _ ("Camera, asks"), _ ("watch you, once you allow it"));
}

static void
look_network (Look *look)
{
  const char *network = value_of (look, "Network");
  gboolean lan = is_on (look, "Lan");

  if (g_str_equal (network, "vm"))
    {
      g_autofree char *could =
          /* Translators: %s is the id of another AppVM. */
          g_strdup_printf (_ ("send what it finds to anybody, through the AppVM “%s”"),
                           value_of (look, "NetVm"));

      add (look, "network-vpn-symbolic", _ ("Network of another AppVM"), could);
    }
  else if (!g_str_equal (network, "none"))
    {
      add (look, "network-wireless-symbolic", _ ("Internet"),
           _ ("send what it finds to anybody on the Internet"));
      if (lan)
        add (look, "network-wired-symbolic", _ ("Local network"),
             _ ("attack other computers in your own network"));
    }
  if (value_of (look, "Bridge")[0] && g_str_equal (network, "kernel"))
    add (look, NULL, NULL, _ ("send anything on the bridge it is joined to"));
  if (value_of (look, "Interfaces")[0])
    add (look, "network-wired-symbolic", _ ("More network interfaces"),
         _ ("use the networks of its further interfaces"));
}

static void
look_home (Look *look)
{
  const char *home = value_of (look, "Home");
  g_autofree char *name = NULL;
  g_autofree char *could = NULL;

  if (home[0] != '/')
    return;
  name = g_path_get_basename (home);
  /* Translators: the name of a folder. */
  could = g_strdup_printf (_ ("read and change your folder “%s”, which is its home"), name);
  add (look, "user-home-symbolic", _ ("A folder as home"), could);
}

static void
look_disks (Look *look)
{
  g_autoptr (GPtrArray) disks = bh_disks_parse (value_of (look, "Disks"), NULL);

  for (guint i = 0; disks && i < disks->len; i++)
    {
      BhDisk *disk = disks->pdata[i];
      g_autofree char *could = NULL;

      if (disk->writable)
        /* Translators: the path of a disk image or device. */
        could = g_strdup_printf (_ ("read and change the disk “%s”"), disk->path);
      else
        /* Translators: the path of a disk image or device. */
        could = g_strdup_printf (_ ("read the disk “%s”"), disk->path);
      add (look, i == 0 ? "drive-harddisk-symbolic" : NULL, i == 0 ? _ ("Additional disks") : NULL,
           could);
    }
}

static void
look_files (Look *look)
{
  g_autoptr (GPtrArray) folders =
      bh_folders_parse (value_of (look, "Folders"), BH_FOLDERS_MAX, NULL);

  look_home (look);
  look_disks (look);
  for (guint i = 0; folders && i < folders->len; i++)
    {
      BhFolder *folder = folders->pdata[i];
      g_autofree char *name = g_path_get_basename (folder->host);
      g_autofree char *could = NULL;

      if (folder->writable)
        /* Translators: the name of a folder. */
        could = g_strdup_printf (_ ("read and change what is in your folder “%s”"), name);
      else
        /* Translators: the name of a folder. */
        could = g_strdup_printf (_ ("read what is in your folder “%s”"), name);
      add (look, i == 0 ? "folder-symbolic" : NULL, i == 0 ? _ ("Shared folders") : NULL, could);
    }
}

static void
look_at_devices (Look *look)
{
  if (value_of (look, "UsbDevices")[0])
    add (look, "media-removable-symbolic", _ ("USB devices"),
         _ ("read and change the USB devices it is given"));
  if (value_of (look, "PciDevices")[0])
    add (look, "computer-symbolic", _ ("PCI devices"), _ ("change the firmware of the PCI devices it is given"));
}

/* In the order of the sentence. @denied follows "It could not reach"; NULL where that would be odd.
 * @look: NULL where no setting gives it. */
static const struct
{
  const char *topic;
  const char *denied;
  void (*look) (Look *look);
} topics[] = {
  { "always", NULL, look_always },
  { "network", N_ ("the network"), look_network },
  { "files", N_ ("your files"), look_files },
  { "microphone", N_ ("your microphone"), look_at_microphone },
  { "camera", N_ ("your camera"), look_at_camera },
  { "devices", N_ ("your USB devices"), look_at_devices },
};

static void
item_free (gpointer data)
{
  g_free (((BhReachItem *) data)->text);
  g_free (data);
}

/* Fills @look; returns what cannot be reached, of const char *. */
static GPtrArray *
look_at_all (GVariant *settings, Look *look)
{
  GPtrArray *denied = g_ptr_array_new ();

  *look = (Look){ .settings = settings,
                  .items = g_ptr_array_new_with_free_func (item_free),
                  .could = g_ptr_array_new_with_free_func (g_free) };
  for (gsize i = 0; i < G_N_ELEMENTS (topics); i++)
    {
      guint before = look->could->len;

      look->topic = topics[i].topic;
      if (topics[i].look)
        topics[i].look (look);
      if (look->could->len == before && topics[i].denied)
        g_ptr_array_add (denied, (gpointer) _ (topics[i].denied));
    }
  return denied;
}

GPtrArray *
bh_reach_list (GVariant *settings)
{
  Look look;
  g_autoptr (GPtrArray) denied = look_at_all (settings, &look);

  g_ptr_array_unref (look.could);
  return look.items;
}

/* "a", "a and b", "a, b and c"; with "or" unless @all. */
static char *
join (GPtrArray *parts, gboolean all)
{
  char *list = g_strdup (parts->pdata[0]);

  for (guint i = 1; i < parts->len; i++)
    {
      const char *part = parts->pdata[i];
      char *longer;

      if (i + 1 < parts->len)
        /* Translators: joins the beginning of a list and its next part. */
        longer = g_strdup_printf (C_ ("middle of a list", "%s, %s"), list, part);
      else if (all)
        /* Translators: joins a list and its last part. */
        longer = g_strdup_printf (C_ ("end of a list", "%s and %s"), list, part);
      else
        /* Translators: joins a list and its last part. */
        longer = g_strdup_printf (C_ ("end of a list", "%s or %s"), list, part);
      g_free (list);
      list = longer;
    }
  return list;
}

char *
bh_reach_describe (GVariant *settings)
{
  Look look;
  g_autoptr (GPtrArray) denied = look_at_all (settings, &look);
  g_autoptr (GPtrArray) items = look.items;
  g_autoptr (GPtrArray) could = look.could;
  g_autofree char *all = join (could, TRUE);
  /* Translators: "see what you do in this AppVM, … and use the internet" */
  g_autofree char *first = g_strdup_printf (_ ("A hijacked program in here could %s."), all);
  g_autofree char *none = NULL;
  g_autofree char *second = NULL;

  if (denied->len == 0)
    return g_steal_pointer (&first);
  none = join (denied, FALSE);
  /* Translators: "the network, your files or your camera" */
  second = g_strdup_printf (_ ("It could not reach %s."), none);
  /* Translators: two sentences. */
  return g_strdup_printf (C_ ("sentences", "%s %s"), first, second);
}
