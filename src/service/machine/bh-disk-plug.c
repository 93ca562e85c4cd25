/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Disks that are plugged into a running machine. */
#include "config.h"

#include "bh-disk-plug.h"

#include "bh-error.h"
#include "bh-monitor.h"

#include <libxml/tree.h>
#include <string.h>

#define XML(s) ((const xmlChar *) (s))

static xmlNode *
add (xmlNode *parent, const char *name, const char *text)
{
  return xmlNewTextChild (parent, NULL, XML (name), XML (text));
}

static void
set (xmlNode *node, const char *name, const char *value)
{
  xmlNewProp (node, XML (name), XML (value));
}

static char *
dump (xmlDoc *doc)
{
  xmlChar *text = NULL;
  char *out;

  xmlDocDumpMemory (doc, &text, NULL);
  xmlFreeDoc (doc);
  out = g_strdup ((const char *) text);
  xmlFree (text);
  return out;
}

static void
add_address (xmlNode *disk, guint port)
{
  xmlNode *node = add (disk, "address", NULL);
  g_autofree char *bus = g_strdup_printf ("0x%02x", port);

  set (node, "type", "pci");
  set (node, "domain", "0x0000");
  set (node, "bus", bus);
  set (node, "slot", "0x00");
  set (node, "function", "0x0");
}

static void
add_key (xmlNode *source, const char *secret)
{
  xmlNode *node = add (source, "encryption", NULL);

  set (node, "format", "luks");
  node = add (node, "secret", NULL);
  set (node, "type", "passphrase");
  set (node, "uuid", secret);
}

char *
bh_disk_plug_xml (const BhDiskPlug *plug, const char *secret)
{
  xmlDoc *doc = xmlNewDoc (XML ("1.0"));
  xmlNode *disk = xmlNewNode (NULL, XML ("disk")), *node;

  xmlDocSetRootElement (doc, disk);
  set (disk, "type", "file");
  set (disk, "device", "disk");
  node = add (disk, "driver", NULL);
  set (node, "name", "qemu");
  set (node, "type", plug->qcow2 ? "qcow2" : "raw");
  if (plug->cache)
    set (node, "cache", plug->cache);
  if (!plug->read_only)
    {
      set (node, "discard", "unmap");
      set (node, "detect_zeroes", "unmap");
      set (node, "error_policy", plug->stop_when_full ? "enospace" : "report");
    }
  set (node, "rerror_policy", "report");
  node = add (disk, "source", NULL);
  set (node, "file", plug->path);
  set (node, "fdgroup", plug->target);
  if (secret)
    add_key (node, secret);
  /* Nothing behind it is looked for, whatever the file says. */
  add (disk, "backingStore", NULL);
  if (plug->block_size)
    {
      g_autofree char *size = g_strdup_printf ("%u", plug->block_size);

      node = add (disk, "blockio", NULL);
      set (node, "logical_block_size", size);
      set (node, "physical_block_size", size);
    }
  node = add (disk, "target", NULL);
  set (node, "dev", plug->target);
  set (node, "bus", "virtio");
  if (plug->read_only)
    add (disk, "readonly", NULL);
  add (disk, "serial", plug->serial);
  add_address (disk, plug->port);
  return dump (doc);
}

/* Only libvirt's daemon has it, and only until the disk is plugged in. */
static virSecretPtr
define_secret (virConnectPtr conn, const BhDiskPlug *plug, const char *uuid, GError **error)
{
  xmlDoc *doc = xmlNewDoc (XML ("1.0"));
  xmlNode *node = xmlNewNode (NULL, XML ("secret"));
  g_autofree char *xml = NULL;
  virSecretPtr secret;

  xmlDocSetRootElement (doc, node);
  set (node, "ephemeral", "yes");
  set (node, "private", "yes");
  add (node, "uuid", uuid);
  node = add (node, "usage", NULL);
  set (node, "type", "volume");
  add (node, "volume", uuid);
  xml = dump (doc);
  secret = virSecretDefineXML (conn, xml, 0);
  if (secret
      && virSecretSetValue (secret, (const unsigned char *) plug->key, strlen (plug->key), 0) == 0)
    return secret;
  bh_monitor_set_libvirt_error (error, "libvirt does not take the key of a disk");
  if (secret)
    {
      virSecretUndefine (secret);
      virSecretFree (secret);
    }
  return NULL;
}

static gboolean
attach (virDomainPtr domain, const BhDiskPlug *plug, const char *xml, GError **error)
{
  g_autofree char *what = g_strdup_printf ("The disk %s cannot be used", plug->path);
  int fd = plug->fd;

  if (virDomainFDAssociate (domain, plug->target, 1, &fd,
                            plug->read_only ? 0 : VIR_DOMAIN_FD_ASSOCIATE_SECLABEL_WRITABLE)
          == 0
      && virDomainAttachDeviceFlags (domain, xml, VIR_DOMAIN_AFFECT_LIVE) == 0)
    return TRUE;
  bh_monitor_set_libvirt_error (error, what);
  return FALSE;
}

/* libvirt 9.0 tells QEMU to use a descriptor, but does not send it when the machine runs already. The number of the
 * set in which QEMU looked for it is in its error; 0 when that was not it. */
static guint
find_missing_set (const GError *error)
{
  static const char path[] = "/dev/fdset/";
  const char *found = strstr (error->message, path);

  return found ? (guint) g_ascii_strtoull (found + strlen (path), NULL, 10) : 0;
}

/* Send it ourselves, into the set that libvirt is going to name next. */
static gboolean
attach_with_set (virDomainPtr domain, const BhDiskPlug *plug, const char *xml, guint set,
                 GError **error)
{
  g_autofree char *add = g_strdup_printf (
      "{\"execute\":\"add-fd\",\"arguments\":{\"fdset-id\":%u}}", set);
  g_autofree char *remove = g_strdup_printf (
      "{\"execute\":\"remove-fd\",\"arguments\":{\"fdset-id\":%u}}", set);
  g_autofree char *added = bh_monitor_ask (domain, add, plug->fd, error);
  g_autofree char *removed = NULL;
  gboolean ok = added && attach (domain, plug, xml, error);

  /* QEMU has one of its own when it uses it. */
  removed = added ? bh_monitor_ask (domain, remove, -1, NULL) : NULL;
  return ok;
}

gboolean
bh_disk_plug (virDomainPtr domain, const BhDiskPlug *plug, GError **error)
{
  g_autofree char *uuid = plug->key ? g_uuid_string_random () : NULL;
  g_autofree char *xml = bh_disk_plug_xml (plug, uuid);
  g_autoptr (GError) failed = NULL;
  virSecretPtr secret = NULL;
  gboolean ok;

  if (plug->key && !(secret = define_secret (virDomainGetConnect (domain), plug, uuid, error)))
    return FALSE;
  ok = attach (domain, plug, xml, &failed);
  if (!ok && find_missing_set (failed))
    ok = attach_with_set (domain, plug, xml, find_missing_set (failed) + 1, error);
  else if (!ok)
    g_propagate_error (error, g_steal_pointer (&failed));
  if (secret)
    {
      virSecretUndefine (secret);
      virSecretFree (secret);
    }
  return ok;
}
