/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What Bulkhead asks of a QEMU beyond what libvirt has calls for. */
#include "config.h"

#include "bh-monitor.h"

#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>
#include <string.h>

#include "bh-error.h"

#define STATE_SECONDS 20
#define POLL_US 1000
#define IGNORE_SHARED                                                                          \
  "{\"execute\":\"migrate-set-capabilities\",\"arguments\":{\"capabilities\":"                     \
  "[{\"capability\":\"x-ignore-shared\",\"state\":true}]}}"

void
bh_monitor_set_libvirt_error (GError **error, const char *what)
{
  virErrorPtr last = virGetLastError ();

  g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "%s: %s", what,
               last && last->message ? last->message : "unknown error");
}

/* The text of the first member @name in @answer, which libvirt has parsed and written again: compact, and
 * what is asked for here has no escapes. NULL when there is none. */
static char *
find_text (const char *answer, const char *name)
{
  g_autofree char *member = g_strdup_printf ("\"%s\":\"", name);
  const char *start = strstr (answer, member);

  if (!start)
    return NULL;
  start += strlen (member);
  return g_strndup (start, strcspn (start, "\"\\"));
}

/* The number of the first member @name; 0 when there is none. */
static guint64
find_number (const char *answer, const char *name)
{
  g_autofree char *member = g_strdup_printf ("\"%s\":", name);
  const char *start = strstr (answer, member);

  return start ? g_ascii_strtoull (start + strlen (member), NULL, 10) : 0;
}

char *
bh_monitor_ask (virDomainPtr domain, const char *command, int fd, GError **error)
{
  char *text = NULL, *answer = NULL;
  int got;

  got = fd >= 0
            ? virDomainQemuMonitorCommandWithFiles (domain, command, 1, &fd, NULL, NULL, &text, 0)
            : virDomainQemuMonitorCommand (domain, command, &text, 0);
  if (got != 0 || !text)
    bh_monitor_set_libvirt_error (error, "libvirt");
  else if (g_str_has_prefix (text, "{\"return\":"))
    answer = g_strdup (text);
  else
    {
      g_autofree char *why = find_text (text, "desc");

      g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "QEMU: %s", why ? why : "not understood");
    }
  free (text);
  return answer;
}

static gboolean
call (virDomainPtr domain, const char *command, int fd, GError **error)
{
  g_autofree char *answer = bh_monitor_ask (domain, command, fd, error);

  return answer != NULL;
}

static gboolean
wait_until_completed (virDomainPtr domain, GCancellable *cancellable, GError **error)
{
  gint64 until = g_get_monotonic_time () + STATE_SECONDS * G_USEC_PER_SEC;

  for (;;)
    {
      g_autofree char *answer = bh_monitor_ask (domain, "{\"execute\":\"query-migrate\"}", -1, error);
      g_autofree char *status = answer ? find_text (answer, "status") : NULL;
      g_autofree char *why = answer ? find_text (answer, "error-desc") : NULL;

      if (!answer)
        return FALSE;
      if (g_strcmp0 (status, "completed") == 0)
        return TRUE;
      if (g_strcmp0 (status, "failed") == 0 || g_get_monotonic_time () > until)
        {
          g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "QEMU did not move its state (%s%s%s)",
                       status ? status : "no status", why ? ": " : "", why ? why : "");
          return FALSE;
        }
      if (g_cancellable_is_cancelled (cancellable))
        {
          g_set_error (error, BH_ERROR, BH_ERROR_CANCELLED, "Cancelled");
          return FALSE;
        }
      g_usleep (POLL_US);
    }
}

gboolean
bh_monitor_save_state (virDomainPtr domain, int fd, GCancellable *cancellable, GError **error)
{
  return call (domain, IGNORE_SHARED, -1, error)
         && call (domain,
                  "{\"execute\":\"migrate-set-parameters\",\"arguments\":"
                  "{\"max-bandwidth\":100000000000}}",
                  -1, error)
         && call (domain, "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"bhstate\"}}", fd,
                  error)
         && call (domain, "{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"fd:bhstate\"}}", -1,
                  error)
         && wait_until_completed (domain, cancellable, error);
}

gboolean
bh_monitor_maps_read_only (virDomainPtr domain)
{
  g_autofree char *version = bh_monitor_ask (domain, "{\"execute\":\"query-version\"}", -1, NULL);
  g_autofree char *properties = NULL;

  if (!version || find_number (version, "major") * 100 + find_number (version, "minor") < 802)
    return FALSE;
  properties = bh_monitor_ask (domain,
                         "{\"execute\":\"qom-list-properties\",\"arguments\":"
                         "{\"typename\":\"memory-backend-file\"}}",
                         -1, NULL);
  return properties && strstr (properties, "\"name\":\"rom\"") != NULL;
}
