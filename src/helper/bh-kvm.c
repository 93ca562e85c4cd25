/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * /dev/kvm for the caller's user. The module stays loaded: who needed it once will again, and it gives nobody
 * anything without the node. */
#include "config.h"

#include "bh-kvm.h"

#include "bh-acl.h"
#include "bh-error.h"
#include "bh-module.h"

#include <string.h>
#include <unistd.h>

#define NODE "/dev/kvm"

/* "kvm_intel", "kvm_amd" or NULL, by the flags of the first processor. */
static const char *
module_name (void)
{
  g_autofree char *info = NULL;
  const char *flags, *end;

  if (!g_file_get_contents ("/proc/cpuinfo", &info, NULL, NULL) || (flags = strstr (info, "\nflags")) == NULL)
    return NULL;
  end = strchr (flags + 1, '\n');
  if (end != NULL)
    info[end - info] = '\0';
  if (strstr (flags, " vmx") != NULL)
    return "kvm_intel";
  return strstr (flags, " svm") != NULL ? "kvm_amd" : NULL;
}

static gboolean
others_hold (BhLedger *ledger, BhHold *hold)
{
  GPtrArray *holds = bh_ledger_holds (ledger);

  for (guint i = 0; i < holds->len; i++)
    {
      BhHold *other = holds->pdata[i];

      if (other != hold && strcmp (other->kind, "kvm") == 0 && other->uid == hold->uid
          && bh_hold_get_number (other, "ours") != 0)
        return TRUE;
    }
  return FALSE;
}

gboolean
bh_kvm_enable (BhCall *call, GError **error)
{
  if (access (NODE, F_OK) != 0)
    {
      const char *module = module_name ();

      if (module == NULL)
        {
          g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND,
                       "This processor offers no virtualization, or the firmware has it switched off. Look for "
                       "“VT-x”, “SVM” or “Virtualization” in the firmware's settings.");
          return FALSE;
        }
      if (!bh_module_load (module, error))
        return FALSE;
      if (access (NODE, F_OK) != 0)
        {
          g_set_error (error, BH_ERROR, BH_ERROR_NOT_FOUND,
                       "The kernel module %s is loaded, but there is no %s. The kernel's log (dmesg) says why.",
                       module, NODE);
          return FALSE;
        }
    }
  /* An entry that somebody else made (logind's uaccess) stays when we go. */
  bh_hold_set_number (call->hold, "ours", others_hold (call->ledger, call->hold) || !bh_acl_has (NODE, call->uid));
  if (!bh_ledger_save (call->ledger, error))
    return FALSE;
  bh_helper_stop_point ("kvm-written");
  if (!bh_acl_add (NODE, call->uid, error))
    return FALSE;
  bh_helper_stop_point ("kvm-done");
  return TRUE;
}

gboolean
bh_kvm_undo (BhLedger *ledger, BhHold *hold, GError **error)
{
  if (bh_hold_get_number (hold, "ours") == 0 || others_hold (ledger, hold))
    return TRUE;
  return bh_acl_remove (NODE, hold->uid, error);
}
