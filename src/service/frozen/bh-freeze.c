/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Freezing a guest, and seeing that it can be thawed.
 *
 * A guest is frozen after its hello and before any configure: nothing of any AppVM has reached it. It has
 * closed its end of the channel and waits for somebody at the other; whoever connects to a thawed one is
 * greeted as by one that has just booted. */
#include "config.h"

#include "bh-freeze.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bh-domain.h"
#include "bh-error.h"
#include "bh-frozen-files.h"
#include "bh-log.h"
#include "bh-monitor.h"
#include "bh-paths.h"
#include "bh-state-patch.h"

/* It yields to everything else, and the computer may be busy. */
#define BOOT_SECONDS 240
#define THAW_SECONDS 30
#define POLL_MS 20
/* From the end of a connection until the guest waits for the next; it looks every 20 ms. */
#define SETTLE_MS 600
#define SAVE_TRIES 8
#define MAX_STATE (64 << 20)

BhFrozenPlan *
bh_frozen_plan_new (const BhDomainSpec *spec, const char *key, const char *kernel)
{
  BhFrozenPlan *plan = g_new0 (BhFrozenPlan, 1);

  plan->key = g_strdup (key);
  plan->kernel = g_strdup (kernel);
  plan->spec = *spec;
  plan->spec.kernel = g_strdup (spec->kernel);
  plan->spec.initramfs = g_strdup (spec->initramfs);
  plan->spec.seed = g_strdup (spec->seed);
  plan->spec.image = g_strdup (spec->image);
  plan->spec.modules = g_strdup (spec->modules);
  plan->spec.emulator = g_strdup (spec->emulator);
  plan->spec.qemu = g_strdup (spec->qemu);
  plan->spec.log_file = bh_paths_log_file (BH_FREEZE_LOG);
  plan->spec.id = plan->spec.runtime_dir = NULL;
  plan->spec.uuid = plan->spec.ram = plan->spec.state = NULL;
  /* No guest with any of these is frozen. */
  plan->spec.parameters = NULL;
  plan->spec.arguments = NULL;
  return plan;
}

void
bh_frozen_plan_begin (BhFrozenPlan *plan)
{
  g_autofree char *try = g_strdup_printf (BH_FREEZE_PREFIX "%s_%08x", plan->key, g_random_int ());

  g_free ((char *) plan->spec.runtime_dir);
  plan->spec.runtime_dir = bh_paths_runtime_dir (try);
  g_free ((char *) plan->spec.id);
  plan->spec.id = g_steal_pointer (&try);
}

void
bh_frozen_plan_free (BhFrozenPlan *plan)
{
  g_free (plan->key);
  g_free (plan->kernel);
  g_free ((char *) plan->spec.id);
  g_free ((char *) plan->spec.kernel);
  g_free ((char *) plan->spec.initramfs);
  g_free ((char *) plan->spec.seed);
  g_free ((char *) plan->spec.image);
  g_free ((char *) plan->spec.modules);
  g_free ((char *) plan->spec.emulator);
  g_free ((char *) plan->spec.qemu);
  g_free ((char *) plan->spec.runtime_dir);
  g_free ((char *) plan->spec.log_file);
  g_free (plan);
}

static gboolean
check (GCancellable *cancellable, gint64 until, GError **error)
{
  if (g_cancellable_is_cancelled (cancellable))
    g_set_error (error, BH_ERROR, BH_ERROR_CANCELLED, "Cancelled");
  else if (g_get_monotonic_time () > until)
    g_set_error (error, BH_ERROR, BH_ERROR_BOOT_FAILED,
                 "The guest to be frozen did not answer in time");
  else
    return TRUE;
  return FALSE;
}

/* QEMU's end of the channel; -1 with @error set. */
static int
connect_channel (const char *runtime_dir, GCancellable *cancellable, gint64 until, GError **error)
{
  g_autofree char *path = g_build_filename (runtime_dir, "wire.sock", NULL);
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  if (g_strlcpy (address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "The path %s is too long for a socket", path);
      return -1;
    }
  while (check (cancellable, until, error))
    {
      int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

      if (fd >= 0 && connect (fd, (struct sockaddr *) &address, sizeof address) == 0)
        return fd;
      if (fd >= 0)
        close (fd);
      g_usleep (POLL_MS * 1000);
    }
  return -1;
}

/* Connect, wait until the guest says something, disconnect: it speaks first, and what it says is its
 * hello. This is not read: reading what guests write is the proxy's alone. */
static gboolean
hear_hello (const char *runtime_dir, int seconds, GCancellable *cancellable, GError **error)
{
  gint64 until = g_get_monotonic_time () + seconds * G_USEC_PER_SEC;
  int fd = connect_channel (runtime_dir, cancellable, until, error);
  gboolean ok = FALSE;

  if (fd < 0)
    return FALSE;
  while (check (cancellable, until, error))
    {
      struct pollfd p = { .fd = fd, .events = POLLIN };
      char unread[256];
      ssize_t n;

      poll (&p, 1, POLL_MS);
      n = recv (fd, unread, sizeof unread, 0);
      if (n < 0 && (errno == EAGAIN || errno == EINTR))
        continue;
      ok = n > 0;
      if (!ok)
        g_set_error (error, BH_ERROR, BH_ERROR_BOOT_FAILED, "The guest to be frozen is gone");
      break;
    }
  close (fd);
  return ok;
}

static virDomainPtr
start (virConnectPtr conn, const char *xml, GError **error)
{
  virDomainPtr domain = virDomainCreateXML (conn, xml, VIR_DOMAIN_NONE);

  if (!domain)
    bh_monitor_set_libvirt_error (error, "The virtual machine could not be started");
  return domain;
}

static void
end_domain (virDomainPtr domain)
{
  virDomainDestroy (domain);
  virDomainFree (domain);
}

/* For a QEMU that loads it by itself; in place. */
static gboolean
patch_state (int fd, GError **error)
{
  off_t size = lseek (fd, 0, SEEK_END);
  gsize patched;
  void *map;

  if (size < 1 || size > MAX_STATE)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "QEMU's state has %lld bytes",
                   (long long) size);
      return FALSE;
    }
  map = mmap (NULL, (size_t) size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED)
    {
      bh_error_set_from_errno (error, errno, "Cannot read QEMU's state");
      return FALSE;
    }
  patched = bh_state_patch (map, (gsize) size, error);
  munmap (map, (size_t) size);
  if (patched > 0 && ftruncate (fd, (off_t) patched) == 0)
    return TRUE;
  if (patched > 0)
    bh_error_set_from_errno (error, errno, "Cannot shorten QEMU's state");
  return FALSE;
}

typedef struct
{
  int ram, state; /* -1 while there is none */
  gboolean read_only;
} Frozen;

/* A guest on a busy computer may take longer to have nothing of the host's mounted. */
static gboolean
save_state (virDomainPtr domain, int fd, GCancellable *cancellable, GError **error)
{
  for (int i = 1; i < SAVE_TRIES; i++)
    {
      g_autoptr (GError) failed = NULL;

      if (bh_monitor_save_state (domain, fd, cancellable, &failed))
        return TRUE;
      if (g_cancellable_is_cancelled (cancellable) || virDomainIsActive (domain) != 1)
        break;
      bh_log_line (BH_FREEZE_LOG, "not frozen yet: %s", failed->message);
      g_usleep (SETTLE_MS * 1000);
      if (ftruncate (fd, 0) != 0 || lseek (fd, 0, SEEK_SET) != 0)
        break;
    }
  return bh_monitor_save_state (domain, fd, cancellable, error);
}

/* Boot, wait for the hello, freeze. Ends the domain. */
static gboolean
freeze (virConnectPtr conn, const BhDomainSpec *spec, Frozen *out, GCancellable *cancellable,
        GError **error)
{
  g_autofree char *xml = bh_domain_xml_new (spec, error);
  virDomainPtr domain;
  gboolean ok = FALSE;

  if (!xml)
    return FALSE;
  if (!(domain = start (conn, xml, error)))
    return FALSE;
  if (hear_hello (spec->runtime_dir, BOOT_SECONDS, cancellable, error))
    {
      g_usleep (SETTLE_MS * 1000);
      out->read_only = bh_monitor_maps_read_only (domain);
      out->ram = bh_domain_open_ram (bh_domain_find_pid (spec->id), error);
      ok = out->ram >= 0 && save_state (domain, out->state, cancellable, error);
    }
  end_domain (domain);
  return ok;
}

/* Whether @guest answers when it is thawed. */
static gboolean
try_to_thaw (virConnectPtr conn, const BhDomainSpec *of, const BhFrozenGuest *guest,
             GCancellable *cancellable, GError **error)
{
  BhDomainSpec spec = *of;
  g_autofree char *uuid = g_uuid_string_random ();
  g_autofree char *ram = bh_frozen_guest_ram_path (guest);
  g_autofree char *state = bh_frozen_guest_state_path (guest);
  g_autofree char *xml = NULL;
  virDomainPtr domain;
  gboolean ok;

  spec.way = BH_DOMAIN_THAW;
  spec.uuid = uuid;
  spec.ram = ram;
  spec.state = state;
  spec.ram_read_only = guest->read_only;
  if (!(xml = bh_domain_xml_new (&spec, error)) || !(domain = start (conn, xml, error)))
    return FALSE;
  ok = hear_hello (spec.runtime_dir, THAW_SECONDS, cancellable, error);
  end_domain (domain);
  return ok;
}

static BhFrozenGuest *
make (virConnectPtr conn, const BhFrozenPlan *plan, gboolean allow_read_only, BhFreezeStep step,
      gpointer data, GCancellable *cancellable, GError **error)
{
  BhDomainSpec spec = plan->spec;
  g_autofree char *uuid = g_uuid_string_random ();
  g_autoptr (BhFrozenGuest) guest = NULL;
  Frozen frozen = { .ram = -1 };

  spec.way = BH_DOMAIN_FREEZE;
  spec.uuid = uuid;
  frozen.state = memfd_create ("bulkhead-state", MFD_ALLOW_SEALING | MFD_CLOEXEC);
  if (frozen.state < 0)
    {
      bh_error_set_from_errno (error, errno, "Cannot make room for QEMU's state");
      return NULL;
    }
  step ("Booting a guest to freeze", 0.1, data);
  if (!freeze (conn, &spec, &frozen, cancellable, error)
      || !patch_state (frozen.state, error))
    {
      close (frozen.state);
      if (frozen.ram >= 0)
        close (frozen.ram);
      return NULL;
    }
  step ("Freezing it", 0.6, data);
  bh_frozen_files_compact (frozen.ram);
  guest =
      bh_frozen_guest_new (plan->key, plan->kernel, spec.memory_mib,
                           frozen.read_only && allow_read_only, frozen.ram, frozen.state, error);
  step ("Trying to thaw it", 0.7, data);
  if (!guest || !try_to_thaw (conn, &spec, guest, cancellable, error))
    return NULL;
  return g_steal_pointer (&guest);
}

/* Where libvirt died meanwhile nobody has seen to the machine's end. */
static void
end_leftover (virConnectPtr conn, const char *id)
{
  g_autofree char *name = g_strconcat ("bulkhead-", id, NULL);
  virDomainPtr domain;

  bh_domain_kill (id);
  domain = virDomainLookupByName (conn, name);
  if (domain)
    end_domain (domain);
  bh_domain_clean (id);
}

BhFrozenGuest *
bh_freeze_make (virConnectPtr conn, const BhFrozenPlan *plan, gboolean allow_read_only,
                BhFreezeStep step, gpointer data, GCancellable *cancellable, GError **error)
{
  BhFrozenGuest *guest = NULL;

  if (bh_paths_ensure (plan->spec.runtime_dir, error))
    guest = make (conn, plan, allow_read_only, step, data, cancellable, error);
  end_leftover (conn, plan->spec.id);
  return guest;
}
