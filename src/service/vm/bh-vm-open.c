/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Files of the user and addresses that are to be opened by a program in an AppVM.
 *
 * Files come as descriptors of the caller's, and go as copies into the Inbox of the AppVM while it starts; when both
 * are done the program is told where they are. The guest says nothing in all of this, and no path of it is used here. */
#include "config.h"

#include "bh-vm-private.h"

#include "bh-delivery.h"
#include "bh-error.h"
#include "bh-inbox.h"
#include "bh-launch.h"
#include "bh-openable.h"
#include "bh-openers.h"
#include "bh-share-server.h"
#include "bh-text.h"

#include <gio/gunixfdlist.h>
#include <string.h>

#define GUEST_INBOX "/home/user/" BH_INBOX_GUEST

/* What one call asks for; counted: whoever waits for the copies has it, and the caller until it is over. */
typedef struct
{
  BhVm *vm;             /* that the program runs in; counted */
  BhCaller *caller;     /* NULL: it is over */
  BhDelivery *delivery; /* NULL: there are no files */
  GCancellable *cancellable;
  char **urls;
  gboolean many; /* one program for all */
} Opening;

static void
opening_clear (gpointer data)
{
  Opening *opening = data;

  g_clear_object (&opening->vm);
  g_clear_object (&opening->delivery);
  g_object_unref (opening->cancellable);
  g_strfreev (opening->urls);
}

static void
opening_release (Opening *opening)
{
  g_rc_box_release_full (opening, opening_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Opening, opening_release)

/* The job is over, well or not. */
static void
on_over (gpointer data, gboolean launched)
{
  Opening *opening = data;

  opening->caller = NULL;
  g_cancellable_cancel (opening->cancellable);
  if (opening->delivery && !launched)
    bh_delivery_take_back (opening->delivery);
  opening_release (opening);
}

/* What is asked. */

static int
peek_fd (GUnixFDList *fds, gint32 handle)
{
  int n = 0;
  const int *all = fds ? g_unix_fd_list_peek_fds (fds, &n) : NULL;

  return handle >= 0 && handle < n ? all[handle] : -1;
}

static gboolean
check_files (GUnixFDList *fds, GVariant *files, GError **error)
{
  gsize n = g_variant_n_children (files);

  for (gsize i = 0; i < n; i++)
    {
      const char *name;
      gint32 handle;

      g_variant_get_child (files, i, "(h^&ay)", &handle, &name);
      if (!bh_openable_check (peek_fd (fds, handle), name, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
check_what (BhVm *self, GUnixFDList *fds, GVariant *files, const char *const *urls, GError **error)
{
  gsize n_files = g_variant_n_children (files), n_urls = g_strv_length ((char **) urls);

  if (n_files + n_urls == 0 || n_files + n_urls > BH_OPENABLE_MAX)
    {
      g_set_error (
          error, BH_ERROR, BH_ERROR_INVALID_ARGUMENT,
          "Between 1 and %d files and addresses can be opened at once, not %" G_GSIZE_FORMAT,
          BH_OPENABLE_MAX, n_files + n_urls);
      return FALSE;
    }
  if (bh_vm_config_is_disk (self->config))
    {
      g_set_error (error, BH_ERROR, BH_ERROR_PROGRAM_UNSUPPORTED,
                   "“%s” is a whole desktop, in which nothing can be opened from here",
                   bh_vm_get_name (self));
      return FALSE;
    }
  for (gsize i = 0; i < n_urls; i++)
    if (!bh_openable_check_url (urls[i], error))
      return FALSE;
  return check_files (fds, files, error) && (n_files == 0 || bh_share_server_check (error));
}

static void
add_type (GPtrArray *types, char *type)
{
  if (g_ptr_array_find_with_equal_func (types, type, g_str_equal, NULL))
    g_free (type);
  else
    g_ptr_array_add (types, type);
}

/* Without a program named: the one for all of it. */
static char *
choose (BhVm *self, GVariant *files, const char *const *urls, GError **error)
{
  g_autoptr (GPtrArray) types = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *what = NULL;

  for (gsize i = 0; i < g_variant_n_children (files); i++)
    {
      const char *name;
      g_autofree char *shown = NULL;
      char *type;

      g_variant_get_child (files, i, "(h^&ay)", NULL, &name);
      shown = bh_text_clean (name, strlen (name), 80);
      type = bh_openers_type_of_file (name);
      if (!type)
        {
          g_set_error (error, BH_ERROR, BH_ERROR_PROGRAM_NOT_FOUND,
                       "The name “%s” does not tell what kind of file it is. Say which program of "
                       "“%s” is to open it",
                       shown, bh_vm_get_name (self));
          return NULL;
        }
      add_type (types, type);
      if (!what)
        what = g_strdup_printf ("“%s”", shown);
    }
  for (gsize i = 0; urls[i]; i++)
    {
      add_type (types, bh_openers_type_of_url (urls[i]));
      if (!what)
        what = g_strdup_printf ("“%s”", urls[i]);
    }
  g_ptr_array_add (types, NULL);
  return bh_openers_choose (self->apps, self->config, (const char *const *) types->pdata, what,
                            error);
}

/* As for Launch, with the program that was chosen; %NULL with @error. */
static GVariant *
complete (BhVm *self, GVariant *options, GVariant *files, const char *const *urls, GError **error)
{
  g_autoptr (GVariant) app = g_variant_lookup_value (options, "app", NULL);
  g_autoptr (GVariant) argv = g_variant_lookup_value (options, "argv", NULL);
  g_autofree char *chosen = NULL;
  GVariantDict dict;

  if (app || argv)
    return g_variant_ref (options);
  if (!(chosen = choose (self, files, urls, error)))
    return NULL;
  g_variant_dict_init (&dict, options);
  g_variant_dict_insert (&dict, "app", "s", chosen);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

/* What is done. */

static GVariant *
with_uris (GVariant *options, const char *const *uris, gsize n)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, options);
  g_variant_dict_insert_value (&dict, "uris", g_variant_new_strv (uris, (gssize) n));
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static void
launch (Opening *opening, const char *const *uris)
{
  BhVm *vm = opening->vm;
  BhCaller *first = opening->caller;
  gsize n = g_strv_length ((char **) uris), each = opening->many ? n : 1;
  g_autoptr (GPtrArray) callers = g_ptr_array_new ();
  g_autoptr (GVariant) options = g_steal_pointer (&first->options);

  first->options = with_uris (options, uris, each);
  first->held = FALSE;
  g_ptr_array_add (callers, first);
  /* The others have jobs that nobody waits for: what becomes of them shows in the AppVM's programs. */
  for (gsize i = each; i < n; i++)
    {
      g_autoptr (GVariant) more = with_uris (options, uris + i, 1);
      BhCaller *other = bh_vm_add_launch (vm, more, first->label);

      other->wait = FALSE;
      g_ptr_array_add (callers, other);
    }
  for (guint i = 0; i < callers->len; i++)
    bh_vm_serve_ready (vm, callers->pdata[i]);
}

static gboolean
place (Opening *opening, GPtrArray *uris, GError **error)
{
  g_auto (GStrv) names = bh_delivery_place (opening->delivery, error);

  for (char **p = names; p && *p; p++)
    {
      g_autofree char *path = g_build_filename (GUEST_INBOX, *p, NULL);

      g_ptr_array_add (uris, g_filename_to_uri (path, NULL, NULL));
    }
  return names != NULL;
}

/* The copies are made, or there are none. */
static void
go_on (Opening *opening, GError *copy_error)
{
  g_autoptr (GPtrArray) uris = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError) error = copy_error;
  BhVm *vm = opening->vm;

  if (!opening->caller)
    return;
  if (error || (opening->delivery && !place (opening, uris, &error)))
    {
      gboolean started = opening->caller->started_vm;

      bh_callers_fail (vm->callers, opening->caller, error);
      if (started && vm->run && !bh_vm_is_waited_for (vm)
          && bh_run_get_programs (vm->run)->len == 0)
        bh_vm_stop_async (vm, TRUE, NULL, NULL);
      return;
    }
  for (char **p = opening->urls; *p; p++)
    g_ptr_array_add (uris, g_strdup (*p));
  g_ptr_array_add (uris, NULL);
  launch (opening, (const char *const *) uris->pdata);
}

static void
on_copied (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Opening) opening = data;
  GError *error = NULL;

  bh_delivery_copy_finish (BH_DELIVERY (source), result, &error);
  go_on (opening, error);
}

static BhDelivery *
make_delivery (BhVm *vm, GUnixFDList *fds, GVariant *files)
{
  g_autofree char *inbox = bh_inbox_path (vm->config);
  BhDelivery *delivery = bh_delivery_new (inbox);

  for (gsize i = 0; i < g_variant_n_children (files); i++)
    {
      const char *name;
      gint32 handle;
      int fd;

      g_variant_get_child (files, i, "(h^&ay)", &handle, &name);
      fd = g_unix_fd_list_get (fds, handle, NULL);
      if (fd >= 0)
        bh_delivery_add (delivery, fd, name);
    }
  return delivery;
}

static Opening *
opening_new (BhVm *vm, BhCaller *caller, GUnixFDList *fds, GVariant *files, const char *const *urls)
{
  Opening *opening = g_rc_box_new0 (Opening);
  const char *app = NULL;

  opening->vm = g_object_ref (vm);
  opening->caller = caller;
  opening->cancellable = g_cancellable_new ();
  opening->urls = g_strdupv ((char **) urls);
  g_variant_lookup (caller->options, "app", "&s", &app);
  opening->many = !app || bh_openers_takes_many (vm->config, app);
  if (g_variant_n_children (files) > 0)
    opening->delivery = make_delivery (vm, fds, files);
  caller->held = TRUE;
  caller->opening = g_rc_box_acquire (opening);
  caller->opening_over = on_over;
  return opening;
}

gboolean
bh_vm_handle_open (BhDbusVm1 *vm, GDBusMethodInvocation *invocation, GUnixFDList *fds,
                   GVariant *asked, GVariant *files, const char *const *urls)
{
  BhVm *self = BH_VM (vm);
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) options = check_what (self, fds, files, urls, &error)
                                     ? complete (self, asked, files, urls, &error)
                                     : NULL;
  g_autofree char *label =
      options ? bh_launch_check (self->apps, self->config, options, &error) : NULL;
  gboolean started;
  g_autoptr (BhVm) target = NULL;
  g_autoptr (Opening) opening = NULL;
  BhCaller *caller;

  if (label)
    target = bh_vm_find_target (self, options, g_variant_n_children (files) > 0, &started, &error);
  if (!target)
    {
      g_dbus_method_invocation_return_gerror (g_steal_pointer (&invocation), error);
      return TRUE;
    }
  caller = bh_vm_add_launch (target, options, label);
  caller->started_vm = started;
  opening = opening_new (target, caller, fds, files, urls);
  bh_dbus_vm1_complete_open (vm, g_steal_pointer (&invocation), NULL,
                             bh_job_get_path (caller->job));
  if (opening->delivery)
    bh_delivery_copy_async (opening->delivery, caller->job, opening->cancellable, on_copied,
                            g_rc_box_acquire (opening));
  else
    go_on (opening, NULL);
  return TRUE;
}
