/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whether an AppVM can have a name. */
#include "config.h"

#include "bh-name-check.h"

#include "bh-keys.h"

#include <glib/gi18n.h>

/* From this many characters on the hint counts what is left. */
#define COUNT_FROM 10

char *
bh_name_check (BhVmList *vms, BhVmItem *own, const char *name, gboolean *fatal)
{
  const BhKey *key = bh_keys_find ("Name");
  g_autofree char *trimmed = g_strstrip (g_strdup (name));
  glong length = g_utf8_strlen (trimmed, -1), left = (glong) key->max - length;
  BhVmItem *same = bh_vm_list_find_name (vms, trimmed);
  g_autofree char *good = NULL;

  *fatal = TRUE;
  if (length == 0)
    return NULL;
  if (left < 0)
    return g_strdup_printf (ngettext ("The name is %ld character too long.",
                                      "The name is %ld characters too long.", (gulong) -left),
                            -left);
  if (same && same != own)
    return g_strdup_printf (_ ("There is an AppVM named “%s” already."),
                            bh_vm_item_get_name (same));
  good = bh_key_normalize (key, trimmed, NULL);
  if (!good)
    return g_strdup (_ ("The name has characters that cannot be shown safely."));
  *fatal = FALSE;
  if (left <= COUNT_FROM)
    return g_strdup_printf (
        ngettext ("%ld more character fits.", "%ld more characters fit.", (gulong) left), left);
  return NULL;
}
