/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A program together with the AppVM that offers it. */
#include "config.h"

#include "bh-offer.h"

#include <gtk/gtk.h>

struct _BhOffer
{
  GObject parent_instance;
  BhProgram *program;
  BhVmItem *item;
};

G_DEFINE_FINAL_TYPE (BhOffer, bh_offer, G_TYPE_OBJECT)

static void
bh_offer_dispose (GObject *object)
{
  BhOffer *self = BH_OFFER (object);

  g_clear_object (&self->program);
  g_clear_object (&self->item);
  G_OBJECT_CLASS (bh_offer_parent_class)->dispose (object);
}

static void
bh_offer_class_init (BhOfferClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = bh_offer_dispose;
}

static void
bh_offer_init (BhOffer *self)
{
}

BhProgram *
bh_offer_get_program (BhOffer *self)
{
  return self->program;
}

BhVmItem *
bh_offer_get_item (BhOffer *self)
{
  return self->item;
}

gboolean
bh_offer_matches (BhOffer *self, const char *const *words)
{
  g_autofree char *name = bh_program_fold (bh_vm_item_get_name (self->item));

  for (gsize i = 0; words[i]; i++)
    if (!strstr (name, words[i])
        && !bh_program_matches (self->program, (const char *const[]){ words[i], NULL }))
      return FALSE;
  return TRUE;
}

int
bh_offer_compare (gconstpointer a, gconstpointer b)
{
  const BhOffer *one = a, *other = b;
  int order = bh_program_compare (one->program, other->program);

  return order != 0 ? order
                    : g_utf8_collate (bh_vm_item_get_name (one->item),
                                      bh_vm_item_get_name (other->item));
}

/* The programs of one AppVM. */
typedef struct
{
  GListStore *store; /* theirs */
  BhVmItem *item;
  BhProgramList *programs;
  GStrv ids;
} Shelf;

static void
shelf_free (gpointer data)
{
  Shelf *shelf = data;

  g_object_unref (shelf->item);
  g_object_unref (shelf->programs);
  g_strfreev (shelf->ids);
  g_free (shelf);
}

static void
fill (Shelf *shelf)
{
  static const char *const none[] = { NULL };
  /* What a disposable offers, the AppVM that it is one of does. */
  const char *const *ids = bh_vm_item_get_definition (shelf->item)
                               ? none
                               : bh_vm_item_get_applications (shelf->item);
  g_autoptr (GPtrArray) offers = g_ptr_array_new_with_free_func (g_object_unref);

  for (gsize i = 0; ids[i]; i++)
    {
      BhOffer *offer = g_object_new (BH_TYPE_OFFER, NULL);

      offer->program = bh_program_list_lookup (shelf->programs, ids[i]);
      offer->item = g_object_ref (shelf->item);
      g_ptr_array_add (offers, offer);
    }
  g_strfreev (shelf->ids);
  shelf->ids = g_strdupv ((char **) ids);
  g_list_store_splice (shelf->store, 0, g_list_model_get_n_items (G_LIST_MODEL (shelf->store)),
                       offers->pdata, offers->len);
}

static void
on_item_changed (BhVmItem *item, GListStore *store)
{
  Shelf *shelf = g_object_get_data (G_OBJECT (store), "shelf");

  if (!bh_vm_item_get_definition (item)
      && !g_strv_equal ((const char *const *) shelf->ids, bh_vm_item_get_applications (item)))
    fill (shelf);
}

static void
on_programs_changed (BhProgramList *programs, guint position, guint removed, guint added,
                     GListStore *store)
{
  fill (g_object_get_data (G_OBJECT (store), "shelf"));
}

/* From an AppVM to the list of its offers. */
static gpointer
open_shelf (gpointer item, gpointer programs)
{
  g_autoptr (BhVmItem) owned = item;
  Shelf *shelf = g_new0 (Shelf, 1);

  shelf->store = g_list_store_new (BH_TYPE_OFFER);
  shelf->item = g_object_ref (owned);
  shelf->programs = g_object_ref (programs);
  g_object_set_data_full (G_OBJECT (shelf->store), "shelf", shelf, shelf_free);
  g_signal_connect_object (owned, "changed", G_CALLBACK (on_item_changed), shelf->store, 0);
  g_signal_connect_object (programs, "items-changed", G_CALLBACK (on_programs_changed),
                           shelf->store, 0);
  fill (shelf);
  return shelf->store;
}

GListModel *
bh_offers_new (BhVmList *vms, BhProgramList *programs)
{
  GtkMapListModel *shelves = gtk_map_list_model_new (g_object_ref (G_LIST_MODEL (vms)), open_shelf,
                                                     g_object_ref (programs), g_object_unref);

  return G_LIST_MODEL (gtk_flatten_list_model_new (G_LIST_MODEL (shelves)));
}
