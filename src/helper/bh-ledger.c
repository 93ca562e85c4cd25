/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The ledger: a key file in a folder of root's that a reboot empties (/run), replaced as a whole by
 * rename, so that it is always either the old or the new one. A group for each hold.
 *
 * Only root can write there, still nothing of it is taken for granted: a file that cannot be read is put
 * aside, and said so. */
#include "config.h"

#include "bh-ledger.h"

#include "bh-error.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOST "host"
#define SHARED "shared"
/* Keys of a hold that are not facts of its kind; facts have a prefix. */
#define FACT "fact-"

struct _BhLedger
{
  char *path;
  char *bus;
  gboolean same_bus;
  guint32 last_id;
  GPtrArray *holds;
  GHashTable *shared;
};

static void
hold_free (BhHold *hold)
{
  g_free (hold->kind);
  g_free (hold->owner);
  g_hash_table_unref (hold->facts);
  g_free (hold);
}

static BhHold *
hold_new (guint32 id, const char *kind, const char *owner, guint32 uid)
{
  BhHold *hold = g_new0 (BhHold, 1);

  hold->id = id;
  hold->kind = g_strdup (kind);
  hold->owner = g_strdup (owner);
  hold->uid = uid;
  hold->facts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return hold;
}

const char *
bh_hold_get (BhHold *hold, const char *fact)
{
  const char *value = g_hash_table_lookup (hold->facts, fact);

  return value ? value : "";
}

guint64
bh_hold_get_number (BhHold *hold, const char *fact)
{
  return g_ascii_strtoull (bh_hold_get (hold, fact), NULL, 10);
}

void
bh_hold_set (BhHold *hold, const char *fact, const char *value)
{
  g_hash_table_insert (hold->facts, g_strdup (fact), g_strdup (value));
}

void
bh_hold_set_number (BhHold *hold, const char *fact, guint64 value)
{
  g_hash_table_insert (hold->facts, g_strdup (fact), g_strdup_printf ("%" G_GUINT64_FORMAT, value));
}

static BhHold *
read_hold (GKeyFile *file, const char *group)
{
  guint64 id = g_ascii_strtoull (group, NULL, 10);
  g_autofree char *kind = g_key_file_get_string (file, group, "kind", NULL);
  g_autofree char *owner = g_key_file_get_string (file, group, "owner", NULL);
  guint64 uid = g_key_file_get_uint64 (file, group, "uid", NULL);
  g_auto (GStrv) keys = g_key_file_get_keys (file, group, NULL, NULL);
  BhHold *hold;

  if (id == 0 || id > G_MAXUINT32 || kind == NULL || owner == NULL || uid > G_MAXUINT32)
    return NULL;
  hold = hold_new (id, kind, owner, uid);
  hold->done = g_key_file_get_boolean (file, group, "done", NULL);
  for (gsize i = 0; keys[i] != NULL; i++)
    if (g_str_has_prefix (keys[i], FACT))
      {
        g_autofree char *value = g_key_file_get_string (file, group, keys[i], NULL);

        if (value != NULL)
          bh_hold_set (hold, keys[i] + strlen (FACT), value);
      }
  return hold;
}

static void
read_file (BhLedger *ledger)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *bus = NULL;
  g_auto (GStrv) groups = NULL;
  g_auto (GStrv) names = NULL;

  if (!g_key_file_load_from_file (file, ledger->path, G_KEY_FILE_NONE, &error))
    {
      if (!g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        {
          g_autofree char *aside = g_strconcat (ledger->path, ".unreadable", NULL);

          g_warning ("the ledger cannot be read (%s): it is %s now; what it spoke of stays until the next boot",
                     error->message, aside);
          (void) g_rename (ledger->path, aside);
        }
      return;
    }
  bus = g_key_file_get_string (file, HOST, "bus", NULL);
  ledger->same_bus = g_strcmp0 (bus, ledger->bus) == 0;
  ledger->last_id = g_key_file_get_uint64 (file, HOST, "last-id", NULL);
  groups = g_key_file_get_groups (file, NULL);
  for (gsize i = 0; groups[i] != NULL; i++)
    {
      BhHold *hold;

      if (strcmp (groups[i], HOST) == 0 || strcmp (groups[i], SHARED) == 0)
        continue;
      hold = read_hold (file, groups[i]);
      if (hold != NULL)
        g_ptr_array_add (ledger->holds, hold);
      else
        g_warning ("the ledger has a group “%s” that says nothing", groups[i]);
    }
  names = g_key_file_get_keys (file, SHARED, NULL, NULL);
  for (gsize i = 0; names != NULL && names[i] != NULL; i++)
    g_hash_table_insert (ledger->shared, g_strdup (names[i]),
                         g_key_file_get_string (file, SHARED, names[i], NULL));
}

BhLedger *
bh_ledger_open (const char *folder, const char *bus, GError **error)
{
  BhLedger *ledger;
  struct stat info;

  if (mkdir (folder, 0700) != 0 && errno != EEXIST)
    {
      bh_error_set_from_errno (error, errno, "Making %s", folder);
      return NULL;
    }
  if (lstat (folder, &info) != 0 || !S_ISDIR (info.st_mode) || info.st_uid != geteuid ()
      || (info.st_mode & 022) != 0)
    {
      g_set_error (error, BH_ERROR, BH_ERROR_FAILED,
                   "%s is not a folder that only root can write to. Remove it.", folder);
      return NULL;
    }
  ledger = g_new0 (BhLedger, 1);
  ledger->path = g_build_filename (folder, "ledger", NULL);
  ledger->bus = g_strdup (bus);
  ledger->holds = g_ptr_array_new_with_free_func ((GDestroyNotify) hold_free);
  ledger->shared = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  read_file (ledger);
  return ledger;
}

void
bh_ledger_close (BhLedger *ledger)
{
  /* An empty one is no use to the next process, and the state of the computer is as it was. */
  if (ledger->holds->len == 0 && g_hash_table_size (ledger->shared) == 0)
    (void) g_unlink (ledger->path);
  g_ptr_array_unref (ledger->holds);
  g_hash_table_unref (ledger->shared);
  g_free (ledger->path);
  g_free (ledger->bus);
  g_free (ledger);
}

gboolean
bh_ledger_is_same_bus (BhLedger *ledger)
{
  return ledger->same_bus;
}

GPtrArray *
bh_ledger_holds (BhLedger *ledger)
{
  return ledger->holds;
}

BhHold *
bh_ledger_find (BhLedger *ledger, guint32 id)
{
  for (guint i = 0; i < ledger->holds->len; i++)
    {
      BhHold *hold = ledger->holds->pdata[i];

      if (hold->id == id)
        return hold;
    }
  return NULL;
}

BhHold *
bh_ledger_add (BhLedger *ledger, const char *kind, const char *owner, guint32 uid)
{
  BhHold *hold;

  do
    ledger->last_id++;
  while (ledger->last_id == 0 || bh_ledger_find (ledger, ledger->last_id) != NULL);
  hold = hold_new (ledger->last_id, kind, owner, uid);
  g_ptr_array_add (ledger->holds, hold);
  return hold;
}

void
bh_ledger_remove (BhLedger *ledger, BhHold *hold)
{
  g_ptr_array_remove (ledger->holds, hold);
}

static void
write_hold (GKeyFile *file, BhHold *hold)
{
  g_autofree char *group = g_strdup_printf ("%u", hold->id);
  GHashTableIter iter;
  gpointer name, value;

  g_key_file_set_string (file, group, "kind", hold->kind);
  g_key_file_set_string (file, group, "owner", hold->owner);
  g_key_file_set_uint64 (file, group, "uid", hold->uid);
  g_key_file_set_boolean (file, group, "done", hold->done);
  g_hash_table_iter_init (&iter, hold->facts);
  while (g_hash_table_iter_next (&iter, &name, &value))
    {
      g_autofree char *key = g_strconcat (FACT, name, NULL);

      g_key_file_set_string (file, group, key, value);
    }
}

gboolean
bh_ledger_save (BhLedger *ledger, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) local = NULL;
  g_autofree char *text = NULL;
  GHashTableIter iter;
  gpointer name, value;

  g_key_file_set_string (file, HOST, "bus", ledger->bus);
  g_key_file_set_uint64 (file, HOST, "last-id", ledger->last_id);
  g_hash_table_iter_init (&iter, ledger->shared);
  while (g_hash_table_iter_next (&iter, &name, &value))
    g_key_file_set_string (file, SHARED, name, value);
  for (guint i = 0; i < ledger->holds->len; i++)
    write_hold (file, ledger->holds->pdata[i]);
  text = g_key_file_to_data (file, NULL, NULL);
  if (g_file_set_contents_full (ledger->path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &local))
    return TRUE;
  g_set_error (error, BH_ERROR, BH_ERROR_FAILED,
               "What is to be undone could not be written down (%s), so nothing was done. Free some room in /run.",
               local->message);
  return FALSE;
}

const char *
bh_ledger_get_shared (BhLedger *ledger, const char *name)
{
  return g_hash_table_lookup (ledger->shared, name);
}

void
bh_ledger_set_shared (BhLedger *ledger, const char *name, const char *value)
{
  if (value == NULL)
    g_hash_table_remove (ledger->shared, name);
  else
    g_hash_table_insert (ledger->shared, g_strdup (name), g_strdup (value));
}
