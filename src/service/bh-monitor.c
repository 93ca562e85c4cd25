/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What Bulkhead asks of a QEMU beyond what libvirt has calls for. */
#include "config.h"

#include "bh-monitor.h"

#include <json-glib/json-glib.h>
#include <libvirt/libvirt-qemu.h>
#include <libvirt/virterror.h>

#include "bh-error.h"

#define STATE_SECONDS 20
#define POLL_US 1000
#define SET_IGNORE_SHARED                                                                          \
  "{\"execute\":\"migrate-set-capabilities\",\"arguments\":{\"capabilities\":"                     \
  "[{\"capability\":\"x-ignore-shared\",\"state\":%s}]}}"

void
bh_monitor_set_libvirt_error (GError **error, const char *what)
{
  virErrorPtr last = virGetLastError ();

  g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "%s: %s", what,
               last && last->message ? last->message : "unknown error");
}

/* Takes QEMU's answer apart. Its "return" stays valid as long as @parser. */
static JsonNode *
take_answer (JsonParser *parser, const char *text, GError **error)
{
  JsonObject *object, *failed;

  if (!json_parser_load_from_data (parser, text, -1, error))
    return NULL;
  if (JSON_NODE_HOLDS_OBJECT (json_parser_get_root (parser)))
    {
      object = json_node_get_object (json_parser_get_root (parser));
      if (json_object_has_member (object, "return"))
        return json_object_get_member (object, "return");
      if (json_object_has_member (object, "error")
          && JSON_NODE_HOLDS_OBJECT (json_object_get_member (object, "error")))
        {
          failed = json_object_get_object_member (object, "error");
          g_set_error (
              error, BH_ERROR, BH_ERROR_FAILED, "QEMU: %s",
              json_object_get_string_member_with_default (failed, "desc", "unknown error"));
          return NULL;
        }
    }
  g_set_error (error, BH_ERROR, BH_ERROR_FAILED, "QEMU's answer is not understood");
  return NULL;
}

/* @fd: -1 for none. */
static JsonNode *
call_with (virDomainPtr domain, JsonParser *parser, const char *command, int fd, GError **error)
{
  char *text = NULL;
  JsonNode *out = NULL;
  int got;

  got = fd >= 0
            ? virDomainQemuMonitorCommandWithFiles (domain, command, 1, &fd, NULL, NULL, &text, 0)
            : virDomainQemuMonitorCommand (domain, command, &text, 0);
  if (got == 0 && text)
    out = take_answer (parser, text, error);
  else
    bh_monitor_set_libvirt_error (error, "libvirt");
  free (text);
  return out;
}

static gboolean
call (virDomainPtr domain, const char *command, int fd, GError **error)
{
  g_autoptr (JsonParser) parser = json_parser_new ();

  return call_with (domain, parser, command, fd, error) != NULL;
}

static gboolean
ignore_shared (virDomainPtr domain, gboolean on, GError **error)
{
  g_autofree char *command = g_strdup_printf (SET_IGNORE_SHARED, on ? "true" : "false");

  return call (domain, command, -1, error);
}

/* The member @name of an object, or NULL. */
static const char *
string_member (JsonNode *node, const char *name)
{
  JsonNode *member;

  if (!node || !JSON_NODE_HOLDS_OBJECT (node))
    return NULL;
  member = json_object_get_member (json_node_get_object (node), name);
  return member && json_node_get_value_type (member) == G_TYPE_STRING
             ? json_node_get_string (member)
             : NULL;
}

static gboolean
wait_until_completed (virDomainPtr domain, GCancellable *cancellable, GError **error)
{
  gint64 until = g_get_monotonic_time () + STATE_SECONDS * G_USEC_PER_SEC;

  for (;;)
    {
      g_autoptr (JsonParser) parser = json_parser_new ();
      JsonNode *answer = call_with (domain, parser, "{\"execute\":\"query-migrate\"}", -1, error);
      const char *status = string_member (answer, "status"), *why;

      if (!answer)
        return FALSE;
      if (g_strcmp0 (status, "completed") == 0)
        return TRUE;
      why = string_member (answer, "error-desc");
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
  return ignore_shared (domain, TRUE, error)
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
bh_monitor_load_state (virDomainPtr domain, int fd, GError **error)
{
  return ignore_shared (domain, TRUE, error)
         && call (domain, "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"bhstate\"}}", fd,
                  error)
         && call (domain,
                  "{\"execute\":\"migrate-incoming\",\"arguments\":{\"uri\":\"fd:bhstate\"}}", -1,
                  error)
         && wait_until_completed (domain, NULL, error)
         /* Else a later save of this guest would leave its memory out. */
         && ignore_shared (domain, FALSE, error);
}

gboolean
bh_monitor_maps_read_only (virDomainPtr domain)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonNode *answer = call_with (domain, parser, "{\"execute\":\"query-version\"}", -1, NULL);
  JsonObject *version;
  gint64 number;

  if (!answer || !JSON_NODE_HOLDS_OBJECT (answer))
    return FALSE;
  version = json_node_get_object (answer);
  if (!json_object_has_member (version, "qemu")
      || !JSON_NODE_HOLDS_OBJECT (json_object_get_member (version, "qemu")))
    return FALSE;
  version = json_object_get_object_member (version, "qemu");
  number = json_object_get_int_member_with_default (version, "major", 0) * 100
           + json_object_get_int_member_with_default (version, "minor", 0);
  if (number < 802)
    return FALSE;
  answer = call_with (domain, parser,
                      "{\"execute\":\"qom-list-properties\",\"arguments\":"
                      "{\"typename\":\"memory-backend-file\"}}",
                      -1, NULL);
  if (!answer || !JSON_NODE_HOLDS_ARRAY (answer))
    return FALSE;
  for (guint i = 0; i < json_array_get_length (json_node_get_array (answer)); i++)
    if (g_strcmp0 (string_member (json_array_get_element (json_node_get_array (answer), i), "name"),
                   "rom")
        == 0)
      return TRUE;
  return FALSE;
}
