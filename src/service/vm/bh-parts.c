/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * All parts of one run of an AppVM. */
#include "config.h"

#include "bh-parts.h"

#include "bh-camera-part.h"
#include "bh-error.h"
#include "bh-home.h"
#include "bh-network.h"
#include "bh-shares.h"
#include "bh-pci.h"
#include "bh-sound-part.h"
#include "bh-usb.h"

typedef BhPart *(*MakePart) (BhVmConfig *config);

/* Another kind of part: its constructor here. They are started in this order and stopped in the other. */
static const MakePart kinds[] = {
  bh_home_new,
  bh_network_new,
  bh_shares_new,
  bh_sound_part_new,
  bh_camera_part_new,
  bh_usb_new,
  bh_pci_new,
};

struct _BhParts
{
  GObject parent;
  char *id;
  BhHypervisor *hypervisor;
  GPtrArray *parts;
  gboolean over;
  /* A start under way. */
  GTask *starting;
  GCancellable *cancellable;
  guint waiting;
  GError *error;
};

G_DEFINE_TYPE (BhParts, bh_parts, G_TYPE_OBJECT)

enum
{
  NOTICE,
  CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static void
on_notice (BhPart *part, const char *text, BhParts *self)
{
  if (!self->over)
    g_signal_emit (self, signals[NOTICE], 0, text);
}

static void
on_changed (BhPart *part, BhParts *self)
{
  if (!self->over)
    g_signal_emit (self, signals[CHANGED], 0, bh_part_get_name (part));
}

static void
maybe_started (BhParts *self)
{
  g_autoptr (GTask) task = NULL;

  if (self->waiting > 0)
    return;
  task = g_steal_pointer (&self->starting);
  g_clear_object (&self->cancellable);
  if (self->over && !self->error)
    self->error = g_error_new (BH_ERROR, BH_ERROR_CANCELLED, "Cancelled");
  if (self->error)
    g_task_return_error (task, g_steal_pointer (&self->error));
  else
    g_task_return_boolean (task, TRUE);
}

static void
on_started (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (BhParts) self = BH_PARTS (data);
  g_autoptr (GError) error = NULL;

  if (!bh_part_start_finish (BH_PART (source), result, &error) && !self->error)
    {
      self->error = g_steal_pointer (&error);
      g_cancellable_cancel (self->cancellable);
    }
  self->waiting--;
  maybe_started (self);
}

void
bh_parts_start_async (BhParts *self, const char *uuid, guint nics, GCancellable *cancellable,
                      GAsyncReadyCallback callback, gpointer data)
{
  BhPartMachine machine = {
    .id = self->id, .uuid = uuid, .nics = nics, .hypervisor = self->hypervisor
  };

  g_return_if_fail (!self->starting && !self->over);
  self->starting = g_task_new (self, NULL, callback, data);
  self->cancellable = cancellable ? g_object_ref (cancellable) : g_cancellable_new ();
  /* One more, so that parts which answer at once do not end it early. */
  self->waiting = self->parts->len + 1;
  for (guint i = 0; i < self->parts->len; i++)
    bh_part_start_async (self->parts->pdata[i], &machine, self->cancellable, on_started,
                         g_object_ref (self));
  self->waiting--;
  maybe_started (self);
}

gboolean
bh_parts_start_finish (BhParts *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
bh_parts_adopt (BhParts *self, const char *uuid, guint nics)
{
  BhPartMachine machine = {
    .id = self->id, .uuid = uuid, .nics = nics, .hypervisor = self->hypervisor
  };

  for (guint i = 0; i < self->parts->len; i++)
    bh_part_adopt (self->parts->pdata[i], &machine);
}

GVariant *
bh_parts_add_settings (BhParts *self, GVariant *settings)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (settings);
  GVariantDict dict;

  g_variant_dict_init (&dict, owned);
  for (guint i = 0; i < self->parts->len; i++)
    bh_part_add_settings (self->parts->pdata[i], &dict);
  return g_variant_dict_end (&dict);
}

void
bh_parts_attached (BhParts *self, BhProxyLink *link)
{
  for (guint i = 0; i < self->parts->len && !self->over; i++)
    bh_part_attached (self->parts->pdata[i], link);
}

void
bh_parts_detached (BhParts *self)
{
  for (guint i = 0; i < self->parts->len && !self->over; i++)
    bh_part_detached (self->parts->pdata[i]);
}

void
bh_parts_changed (BhParts *self, BhVmConfig *config)
{
  for (guint i = 0; i < self->parts->len && !self->over; i++)
    bh_part_changed (self->parts->pdata[i], config);
}

static void
finish_all (BhParts *self, void (*end) (BhPart *part))
{
  if (self->over)
    return;
  self->over = TRUE;
  if (self->cancellable)
    g_cancellable_cancel (self->cancellable);
  for (guint i = self->parts->len; i > 0; i--)
    end (self->parts->pdata[i - 1]);
}

void
bh_parts_stop (BhParts *self)
{
  finish_all (self, bh_part_stop);
}

void
bh_parts_abandon (BhParts *self)
{
  finish_all (self, bh_part_abandon);
}

BhPart *
bh_parts_find (BhParts *self, const char *name)
{
  for (guint i = 0; i < self->parts->len; i++)
    if (g_str_equal (bh_part_get_name (self->parts->pdata[i]), name))
      return self->parts->pdata[i];
  return NULL;
}

GVariant *
bh_parts_describe (BhParts *self, const char *name)
{
  BhPart *part = bh_parts_find (self, name);
  GVariant *says = part && !self->over ? bh_part_describe (part) : NULL;

  return says ? says : g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0);
}

GStrv
bh_parts_list_in_use (BhParts *self)
{
  g_autoptr (GStrvBuilder) all = g_strv_builder_new ();

  for (guint i = 0; i < self->parts->len && !self->over; i++)
    {
      g_autoptr (GVariant) says = bh_part_describe (self->parts->pdata[i]);
      g_autofree const char **words = NULL;

      if (says)
        g_variant_ref_sink (says);
      if (says && g_variant_lookup (says, "in-use", "^a&s", &words))
        g_strv_builder_addv (all, words);
    }
  return g_strv_builder_end (all);
}

static void
bh_parts_finalize (GObject *object)
{
  BhParts *self = BH_PARTS (object);

  bh_parts_abandon (self);
  for (guint i = 0; i < self->parts->len; i++)
    g_signal_handlers_disconnect_by_data (self->parts->pdata[i], self);
  g_ptr_array_unref (self->parts);
  g_clear_object (&self->hypervisor);
  g_clear_object (&self->cancellable);
  g_clear_error (&self->error);
  g_free (self->id);
  G_OBJECT_CLASS (bh_parts_parent_class)->finalize (object);
}

static void
bh_parts_class_init (BhPartsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = bh_parts_finalize;
  signals[NOTICE] = g_signal_new ("notice", BH_TYPE_PARTS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[CHANGED] = g_signal_new ("changed", BH_TYPE_PARTS, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 1, G_TYPE_STRING);
}

static void
bh_parts_init (BhParts *self)
{
  self->parts = g_ptr_array_new_with_free_func (g_object_unref);
}

BhParts *
bh_parts_new (BhVmConfig *config, BhHypervisor *hypervisor)
{
  BhParts *self = g_object_new (BH_TYPE_PARTS, NULL);

  self->id = g_strdup (bh_vm_config_get_id (config));
  self->hypervisor = g_object_ref (hypervisor);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      BhPart *part = kinds[i](config);

      g_signal_connect (part, "notice", G_CALLBACK (on_notice), self);
      g_signal_connect (part, "changed", G_CALLBACK (on_changed), self);
      g_ptr_array_add (self->parts, part);
    }
  return self;
}
