/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The part of an AppVM that is folders of this computer.
 *
 * Each is a virtio port of its own, plugged in while the guest runs, with a server at the host's end
 * (bh-share-server.c) and the kernel's 9p client at the guest's (guest's bh-folders.c): neither needs
 * memory that is shared with the guest, nor does QEMU get to open a file.
 *
 * What is plugged in is asked of QEMU, by names made from what a folder is: nothing has to be remembered
 * from one service to the next. One change at a time; what has come meanwhile is looked at after it. */
#include "config.h"

#include "bh-shares.h"

#include "bh-error.h"
#include "bh-folders.h"
#include "bh-inbox.h"
#include "bh-log.h"
#include "bh-monitor.h"
#include "bh-share-server.h"
#include "bh-text.h"

#include <string.h>
#include <unistd.h>

#define PREFIX "bhfolder-"
#define PORT "io.github.bulkhead.folder."
#define GUEST_HOME "/home/user"
#define HOME_NAME PREFIX "home"
#define HOME_PORT "io.github.bulkhead.home."
#define SERVER_END_MS 2000
#define REMOVE_TRIES 100
#define REMOVE_US 20000

typedef struct
{
  char *name; /* PREFIX and a digest of what it is */
  BhFolder *folder;
  gboolean inbox;
  GSubprocess *server; /* NULL: it was started by an earlier service */
} Share;

struct _BhShares
{
  GObject parent;
  char *id, *uuid;
  char *home; /* of the start; NULL: it is no folder, or was found running */
  BhHypervisor *hypervisor;
  BhVmConfig *config;
  GPtrArray *shares; /* what is plugged in, or was found so */
  GPtrArray *failed; /* names; not tried again until the settings change */
  gboolean busy, again, over;
  GTask *starting;
};

static void bh_shares_part_init (BhPartInterface *iface);

#define BH_TYPE_SHARES (bh_shares_get_type ())
G_DECLARE_FINAL_TYPE (BhShares, bh_shares, BH, SHARES, GObject)
G_DEFINE_TYPE_WITH_CODE (BhShares, bh_shares, G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (BH_TYPE_PART, bh_shares_part_init))

static void look (BhShares *self);

static void
share_free (gpointer data)
{
  Share *share = data;

  g_free (share->name);
  bh_folder_free (share->folder);
  g_clear_object (&share->server);
  g_free (share);
}

static Share *
share_new (BhFolder *folder, gboolean inbox)
{
  Share *share = g_new0 (Share, 1);
  g_autofree char *text = bh_folder_to_text (folder);
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);

  digest[24] = '\0';
  share->name = g_strconcat (PREFIX, digest, NULL);
  share->folder = folder;
  share->inbox = inbox;
  return share;
}

static gboolean
has_name (gconstpointer share, gconstpointer name)
{
  return g_str_equal (((const Share *) share)->name, name);
}

static Share *
find (GPtrArray *shares, const char *name)
{
  guint i;

  return g_ptr_array_find_with_equal_func (shares, name, has_name, &i) ? shares->pdata[i] : NULL;
}

/* The same for all, so that it is known again whatever the settings say meanwhile. */
static Share *
home_share_new (const char *host)
{
  BhFolder *folder = g_new0 (BhFolder, 1);
  Share *share;

  *folder = (BhFolder){ g_strdup (host), g_strdup (GUEST_HOME), TRUE, FALSE };
  share = share_new (folder, FALSE);
  g_free (share->name);
  share->name = g_strdup (HOME_NAME);
  return share;
}

/* What the settings ask for, without what is not there.
 * @home: (nullable): a folder that is the home; first, because others may be in it */
static GPtrArray *
wanted (BhVmConfig *config, const char *home)
{
  GPtrArray *out = g_ptr_array_new_with_free_func (share_free);
  g_autoptr (GPtrArray) folders =
      bh_folders_parse (bh_vm_config_get (config, "Folders"), BH_FOLDERS_MAX, NULL);
  g_autofree char *inbox = bh_inbox_path (config);

  if (home)
    g_ptr_array_add (out, home_share_new (home));
  if (g_file_test (inbox, G_FILE_TEST_IS_DIR) && !g_file_test (inbox, G_FILE_TEST_IS_SYMLINK))
    {
      BhFolder *folder = g_new0 (BhFolder, 1);

      *folder = (BhFolder){ g_steal_pointer (&inbox), g_strdup (BH_INBOX_GUEST), TRUE, FALSE };
      g_ptr_array_add (out, share_new (folder, TRUE));
    }
  if (folders)
    g_ptr_array_set_free_func (folders, NULL);
  for (guint i = 0; folders && i < folders->len; i++)
    g_ptr_array_add (out, share_new (folders->pdata[i], FALSE));
  return out;
}

gboolean
bh_shares_check (BhVmConfig *config, BhVmConfig *before, GError **error)
{
  g_autoptr (GPtrArray) new = wanted (config, NULL);
  g_autoptr (GPtrArray) old = before ? wanted (before, NULL) : NULL;
  const char *home = bh_vm_config_get (config, "Home");
  BhFolder folder = { .host = (char *) home };

  if (home[0] == '/' && !(before && g_str_equal (home, bh_vm_config_get (before, "Home")))
      && !bh_folder_check (&folder, error))
    return FALSE;

  for (guint i = 0; i < new->len; i++)
    {
      Share *share = new->pdata[i];

      if (!share->inbox && !(old && find (old, share->name))
          && !bh_folder_check (share->folder, error))
        return FALSE;
    }
  return TRUE;
}

static void
tell (BhShares *self, const char *text)
{
  bh_log_line (self->id, "%s", text);
  bh_part_emit_notice (BH_PART (self), text);
}

/* In a thread, with the domain. */

typedef struct
{
  char *name;
  int guest_end;
  GPtrArray *found; /* out: names */
} Order;

static void
order_free (gpointer data)
{
  Order *order = data;

  if (order->guest_end >= 0)
    close (order->guest_end);
  g_clear_pointer (&order->found, g_ptr_array_unref);
  g_free (order->name);
  g_free (order);
}

static gboolean
ask (virDomainPtr domain, int fd, GError **error, const char *format, ...)
{
  g_autofree char *command = NULL;
  g_autofree char *answer = NULL;
  va_list args;

  va_start (args, format);
  command = g_strdup_vprintf (format, args);
  va_end (args);
  answer = bh_monitor_ask (domain, command, fd, error);
  return answer != NULL;
}

static gboolean
plug (virDomainPtr domain, gpointer data, GError **error)
{
  Order *order = data;
  const char *name = order->name;

  if (!ask (domain, order->guest_end, error,
            "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"%s\"}}", name)
      || !ask (domain, -1, error,
               "{\"execute\":\"chardev-add\",\"arguments\":{\"id\":\"%s\",\"backend\":{\"type\":"
               "\"socket\",\"data\":{\"server\":false,\"addr\":{\"type\":\"fd\",\"data\":{\"str\":"
               "\"%s\"}}}}}}",
               name, name))
    return FALSE;
  if (ask (domain, -1, error,
           "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"virtserialport\",\"bus\":"
           "\"virtio-serial0.0\",\"id\":\"%s-port\",\"chardev\":\"%s\",\"name\":\"%s%08x%08x\"}}",
           name, name, g_str_equal (name, HOME_NAME) ? HOME_PORT : PORT, g_random_int (),
           g_random_int ()))
    return TRUE;
  ask (domain, -1, NULL, "{\"execute\":\"chardev-remove\",\"arguments\":{\"id\":\"%s\"}}", name);
  return FALSE;
}

static gboolean
unplug (virDomainPtr domain, gpointer data, GError **error)
{
  Order *order = data;

  /* There may be none: the last try stopped between the two. */
  ask (domain, -1, NULL, "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"%s-port\"}}",
       order->name);
  /* The port lets go of it a moment later. */
  for (int i = 0; i < REMOVE_TRIES; i++)
    {
      g_clear_error (error);
      if (ask (domain, -1, error, "{\"execute\":\"chardev-remove\",\"arguments\":{\"id\":\"%s\"}}",
               order->name))
        return TRUE;
      g_usleep (REMOVE_US);
    }
  return FALSE;
}

static gboolean
list (virDomainPtr domain, gpointer data, GError **error)
{
  Order *order = data;
  g_autofree char *answer = bh_monitor_ask (domain, "{\"execute\":\"query-chardev\"}", -1, error);

  for (const char *p = answer ? strstr (answer, "\"" PREFIX) : NULL; p;
       p = strstr (p + 1, "\"" PREFIX))
    g_ptr_array_add (order->found, g_strndup (p + 1, strcspn (p + 1, "\"")));
  return answer != NULL;
}

/* Main context. */

typedef struct
{
  BhShares *self;
  char *name, *host;
  Order *order; /* the call's own; valid in its callback */
} Change;

static Change *
change_new (BhShares *self, const Share *share, Order *order)
{
  Change *change = g_new0 (Change, 1);

  change->self = g_object_ref (self);
  change->name = share ? g_strdup (share->name) : NULL;
  change->host = share ? g_strdup (share->folder->host) : NULL;
  change->order = order;
  self->busy = TRUE;
  return change;
}

static void
change_free (Change *change)
{
  g_object_unref (change->self);
  g_free (change->name);
  g_free (change->host);
  g_free (change);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Change, change_free)

static Order *
order_new (const char *name, int guest_end)
{
  Order *order = g_new0 (Order, 1);

  order->name = g_strdup (name);
  order->guest_end = guest_end;
  order->found = g_ptr_array_new_with_free_func (g_free);
  return order;
}

static void
changed (BhShares *self)
{
  if (!self->over)
    bh_part_emit_changed (BH_PART (self));
}

static void
give_up (BhShares *self, const char *name, const char *host, const GError *error)
{
  g_autofree char *text = NULL;

  g_ptr_array_add (self->failed, g_strdup (name));
  if (self->over)
    return;
  /* Nothing may be written to a home that is not the one. */
  if (g_str_equal (name, HOME_NAME) && self->starting)
    {
      g_autoptr (GTask) task = g_steal_pointer (&self->starting);

      g_task_return_new_error (task, BH_ERROR, BH_ERROR_FAILED, "The home folder “%s” cannot be used: %s", host,
                               error->message);
      return;
    }
  text = g_strdup_printf ("The folder “%s” is not shared: %s", host, error->message);
  tell (self, text);
}

typedef struct
{
  BhShares *self;
  GSubprocess *server;
  char *said;
} Ended;

static void
ended_free (gpointer data)
{
  Ended *ended = data;

  g_object_unref (ended->self);
  g_object_unref (ended->server);
  g_free (ended->said);
  g_free (ended);
}

static gboolean
tell_ended (gpointer data)
{
  Ended *ended = data;
  BhShares *self = ended->self;

  for (guint i = 0; i < self->shares->len && !self->over; i++)
    {
      Share *share = self->shares->pdata[i];
      g_autofree char *clean = NULL, *text = NULL;

      if (share->server != ended->server)
        continue;
      clean = bh_text_clean (ended->said ? ended->said : "", ended->said ? strlen (ended->said) : 0,
                             300);
      text = g_strdup_printf ("The folder “%s” is not shared any more: its server ended%s%s. Stop "
                              "and start the AppVM, or "
                              "remove and add the folder, to have it back.",
                              share->folder->host, *clean ? ": " : "", clean);
      /* It stays as it is: unplugged only, and not tried again and again. */
      g_ptr_array_add (self->failed, g_strdup (share->name));
      g_clear_object (&share->server);
      tell (self, text);
      look (self);
      changed (self);
      break;
    }
  return G_SOURCE_REMOVE;
}

static void
on_server_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  Ended *ended = g_new0 (Ended, 1);

  ended->self = BH_SHARES (data);
  ended->server = G_SUBPROCESS (g_object_ref (source));
  g_subprocess_communicate_utf8_finish (ended->server, result, NULL, &ended->said, NULL);
  /* It also ends when QEMU has, and then the news of that is on its way. */
  g_timeout_add_full (G_PRIORITY_DEFAULT, SERVER_END_MS, tell_ended, ended, ended_free);
}

static void
on_plugged (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Change) change = data;
  BhShares *self = change->self;
  g_autoptr (GError) error = NULL;
  Share *share = find (self->shares, change->name);

  self->busy = FALSE;
  if (!bh_hypervisor_run_finish (BH_HYPERVISOR (source), result, &error))
    {
      if (share)
        {
          if (share->server)
            g_subprocess_force_exit (share->server);
          g_ptr_array_remove (self->shares, share);
        }
      give_up (self, change->name, change->host, error);
    }
  changed (self);
  look (self);
}

/* Takes @share. */
static void
start_share (BhShares *self, Share *share)
{
  g_autoptr (GError) error = NULL;
  int guest_end = -1;

  if (share->inbox || bh_folder_check (share->folder, &error))
    share->server = bh_share_server_new (share->folder, !share->inbox, &guest_end, &error);
  if (!share->server)
    {
      give_up (self, share->name, share->folder->host, error);
      share_free (share);
      return;
    }
  g_ptr_array_add (self->shares, share);
  g_subprocess_communicate_utf8_async (share->server, NULL, NULL, on_server_ended,
                                       g_object_ref (self));
  bh_hypervisor_run_async (self->hypervisor, self->uuid, plug, order_new (share->name, guest_end),
                           order_free, on_plugged, change_new (self, share, NULL));
}

static void
on_unplugged (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Change) change = data;
  BhShares *self = change->self;
  g_autoptr (GError) error = NULL;

  self->busy = FALSE;
  if (!bh_hypervisor_run_finish (BH_HYPERVISOR (source), result, &error) && !self->over)
    {
      g_autofree char *text = g_strdup_printf (
          "The folder “%s” could not be taken away from the AppVM: %s. Stop the AppVM to do so.",
          change->host, error->message);

      tell (self, text);
    }
  changed (self);
  look (self);
}

static void
end_share (BhShares *self, Share *share)
{
  Change *change = change_new (self, share, NULL);
  Order *order = order_new (share->name, -1);

  /* At once for the guest, whatever QEMU says. */
  if (share->server)
    g_subprocess_force_exit (share->server);
  g_ptr_array_remove (self->shares, share);
  bh_hypervisor_run_async (self->hypervisor, self->uuid, unplug, order, order_free, on_unplugged,
                           change);
}

static void
maybe_started (BhShares *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->starting);

  if (!task)
    return;
  if (self->over)
    g_task_return_new_error (task, BH_ERROR, BH_ERROR_CANCELLED, "Cancelled");
  else
    g_task_return_boolean (task, TRUE);
}

/* One step towards what is wanted; the step's end comes back here. */
static void
look (BhShares *self)
{
  g_autoptr (GPtrArray) want = NULL;

  if (self->over || self->busy)
    return;
  want = wanted (self->config, self->home);
  for (guint i = 0; i < self->shares->len; i++)
    {
      Share *share = self->shares->pdata[i];

      /* The home is what it was at the start, unless it is there no more. */
      if ((!find (want, share->name) && !g_str_equal (share->name, HOME_NAME))
          || g_ptr_array_find_with_equal_func (self->failed, share->name, g_str_equal, NULL))
        {
          end_share (self, share);
          return;
        }
    }
  for (guint i = 0; i < want->len;)
    {
      Share *share = want->pdata[i];

      if (find (self->shares, share->name)
          || g_ptr_array_find_with_equal_func (self->failed, share->name, g_str_equal, NULL))
        {
          i++;
          continue;
        }
      start_share (self, g_ptr_array_steal_index (want, i));
      if (self->busy)
        return;
    }
  maybe_started (self);
}

static void
take_machine (BhShares *self, const BhPartMachine *machine)
{
  self->uuid = g_strdup (machine->uuid);
  self->hypervisor = g_object_ref (machine->hypervisor);
}

static void
shares_start_async (BhPart *part, const BhPartMachine *machine, GCancellable *cancellable,
                    GAsyncReadyCallback callback, gpointer data)
{
  BhShares *self = BH_SHARES (part);

  take_machine (self, machine);
  self->starting = g_task_new (self, NULL, callback, data);
  look (self);
}

static gboolean
shares_start_finish (BhPart *part, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Change) change = data;
  BhShares *self = change->self;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) want = NULL;
  gboolean ok = bh_hypervisor_run_finish (BH_HYPERVISOR (source), result, &error);

  self->busy = FALSE;
  if (!ok)
    g_message ("%s: its folders are not known: %s", self->id, error->message);
  want = wanted (self->config, NULL);
  for (guint i = 0; ok && i < change->order->found->len; i++)
    {
      const char *name = change->order->found->pdata[i];
      Share *share = find (want, name);
      BhFolder *unknown = NULL;

      if (share)
        {
          g_ptr_array_set_free_func (want, NULL);
          g_ptr_array_remove_fast (want, share);
          g_ptr_array_set_free_func (want, share_free);
        }
      else
        {
          unknown = g_new0 (BhFolder, 1);
          unknown->host = g_strdup ("?");
          unknown->guest = g_strdup ("");
          share = share_new (unknown, FALSE);
          g_free (share->name);
          share->name = g_strdup (name);
        }
      g_ptr_array_add (self->shares, share);
    }
  if (ok)
    look (self);
}

static void
shares_adopt (BhPart *part, const BhPartMachine *machine)
{
  BhShares *self = BH_SHARES (part);
  Order *order = order_new (NULL, -1);

  g_clear_pointer (&self->home, g_free);
  take_machine (self, machine);
  bh_hypervisor_run_async (self->hypervisor, self->uuid, list, order, order_free, on_listed,
                           change_new (self, NULL, order));
}

static void
shares_add_settings (BhPart *part, GVariantDict *settings)
{
  g_autoptr (GPtrArray) want = wanted (BH_SHARES (part)->config, BH_SHARES (part)->home);

  g_variant_dict_insert (settings, "folders", "u", want->len);
}

static void
shares_changed (BhPart *part, BhVmConfig *config)
{
  BhShares *self = BH_SHARES (part);

  bh_vm_config_ref (config);
  bh_vm_config_unref (self->config);
  self->config = config;
  g_ptr_array_set_size (self->failed, 0);
  look (self);
}

static void
shares_abandon (BhPart *part)
{
  BhShares *self = BH_SHARES (part);

  self->over = TRUE;
  maybe_started (self);
}

static void
shares_stop (BhPart *part)
{
  BhShares *self = BH_SHARES (part);

  shares_abandon (part);
  for (guint i = 0; i < self->shares->len; i++)
    if (((Share *) self->shares->pdata[i])->server)
      g_subprocess_force_exit (((Share *) self->shares->pdata[i])->server);
}

static GVariant *
shares_describe (BhPart *part)
{
  BhShares *self = BH_SHARES (part);
  GVariantBuilder list;
  GVariantDict dict;

  g_variant_builder_init (&list, G_VARIANT_TYPE_STRING_ARRAY);
  for (guint i = 0; i < self->shares->len; i++)
    g_variant_builder_add_value (&list, g_variant_new_take_string (bh_folder_to_text (
                                            ((Share *) self->shares->pdata[i])->folder)));
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert_value (&dict, "folders", g_variant_builder_end (&list));
  return g_variant_dict_end (&dict);
}

static void
bh_shares_finalize (GObject *object)
{
  BhShares *self = BH_SHARES (object);

  g_ptr_array_unref (self->shares);
  g_ptr_array_unref (self->failed);
  bh_vm_config_unref (self->config);
  g_clear_object (&self->hypervisor);
  g_free (self->id);
  g_free (self->uuid);
  g_free (self->home);
  G_OBJECT_CLASS (bh_shares_parent_class)->finalize (object);
}

static void
bh_shares_class_init (BhSharesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_shares_finalize;
}

static void
bh_shares_part_init (BhPartInterface *iface)
{
  iface->name = "folders";
  iface->start_async = shares_start_async;
  iface->start_finish = shares_start_finish;
  iface->adopt = shares_adopt;
  iface->add_settings = shares_add_settings;
  iface->changed = shares_changed;
  iface->stop = shares_stop;
  iface->abandon = shares_abandon;
  iface->describe = shares_describe;
}

static void
bh_shares_init (BhShares *self)
{
  self->shares = g_ptr_array_new_with_free_func (share_free);
  self->failed = g_ptr_array_new_with_free_func (g_free);
}

BhPart *
bh_shares_new (BhVmConfig *config)
{
  BhShares *self = g_object_new (BH_TYPE_SHARES, NULL);

  self->id = g_strdup (bh_vm_config_get_id (config));
  self->config = bh_vm_config_ref (config);
  if (bh_vm_config_get (config, "Home")[0] == '/')
    self->home = g_strdup (bh_vm_config_get (config, "Home"));
  return BH_PART (self);
}
