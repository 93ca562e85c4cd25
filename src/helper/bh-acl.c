/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ACLs by libacl. Only for nodes that root owns, in folders where only root can put something: then no capability is
 * needed, and no link can lead elsewhere. */
#include "config.h"

#include "bh-acl.h"

#include "bh-error.h"

#include <acl/libacl.h>
#include <errno.h>
#include <sys/acl.h>
#include <sys/stat.h>

/* An entry of one kind; for users, of this one. */
static gboolean
find (acl_t acl, acl_tag_t wanted, guint32 uid, acl_entry_t *found)
{
  acl_entry_t entry;

  for (int next = acl_get_entry (acl, ACL_FIRST_ENTRY, &entry); next == 1;
       next = acl_get_entry (acl, ACL_NEXT_ENTRY, &entry))
    {
      acl_tag_t tag;
      uid_t *who;
      gboolean same;

      if (acl_get_tag_type (entry, &tag) != 0 || tag != wanted)
        continue;
      *found = entry;
      if (tag != ACL_USER)
        return TRUE;
      who = acl_get_qualifier (entry);
      same = who != NULL && *who == uid;
      acl_free (who);
      if (same)
        return TRUE;
    }
  return FALSE;
}

static acl_t
get (const char *path)
{
  struct stat info;

  if (lstat (path, &info) != 0)
    return NULL;
  if (!S_ISCHR (info.st_mode))
    {
      errno = ENODEV;
      return NULL;
    }
  return acl_get_file (path, ACL_TYPE_ACCESS);
}

gboolean
bh_acl_has (const char *path, guint32 uid)
{
  acl_t acl = get (path);
  acl_entry_t entry;
  acl_permset_t permissions;
  gboolean has = FALSE;

  if (acl == NULL)
    return FALSE;
  if (find (acl, ACL_USER, uid, &entry) && acl_get_permset (entry, &permissions) == 0)
    has = acl_get_perm (permissions, ACL_READ) == 1 && acl_get_perm (permissions, ACL_WRITE) == 1;
  acl_free (acl);
  return has;
}

gboolean
bh_acl_add (const char *path, guint32 uid, GError **error)
{
  acl_t acl = get (path);
  uid_t who = uid;
  acl_entry_t entry;
  acl_permset_t permissions;
  gboolean good;

  if (acl == NULL)
    {
      bh_error_set_from_errno (error, errno, "Reading who may use %s", path);
      return FALSE;
    }
  good = (find (acl, ACL_USER, uid, &entry)
          || (acl_create_entry (&acl, &entry) == 0 && acl_set_tag_type (entry, ACL_USER) == 0
              && acl_set_qualifier (entry, &who) == 0))
         && acl_get_permset (entry, &permissions) == 0 && acl_clear_perms (permissions) == 0
         && acl_add_perm (permissions, ACL_READ) == 0 && acl_add_perm (permissions, ACL_WRITE) == 0
         && acl_calc_mask (&acl) == 0 && acl_set_file (path, ACL_TYPE_ACCESS, acl) == 0;
  if (!good)
    bh_error_set_from_errno (error, errno, "Letting you use %s", path);
  acl_free (acl);
  return good;
}

gboolean
bh_acl_remove (const char *path, guint32 uid, GError **error)
{
  acl_t acl = get (path);
  acl_entry_t entry;
  gboolean good = TRUE;

  if (acl == NULL)
    return TRUE;
  if (find (acl, ACL_USER, uid, &entry))
    {
      good = acl_delete_entry (acl, entry) == 0;
      /* A mask that has nothing left to mask would be left over. */
      if (good && acl_entries (acl) == 4 && find (acl, ACL_MASK, 0, &entry))
        good = acl_delete_entry (acl, entry) == 0;
      else if (good)
        good = acl_calc_mask (&acl) == 0;
      good = good && acl_set_file (path, ACL_TYPE_ACCESS, acl) == 0;
      if (!good)
        bh_error_set_from_errno (error, errno, "Taking back who may use %s", path);
    }
  acl_free (acl);
  return good;
}
