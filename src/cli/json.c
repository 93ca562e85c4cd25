/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * JSON on standard output, from the values that D-Bus gives. */
#include "config.h"

#include "output.h"

#include <string.h>

static JsonNode *
from_bytes (GVariant *value)
{
  gsize len;
  const char *bytes = g_variant_get_fixed_array (value, &len, 1);
  /* NUL is a character of JSON, but not of its library. */
  g_autofree char *copy = g_strndup (bytes, len);
  g_autofree char *text = g_utf8_make_valid (copy, -1);

  return json_node_init_string (json_node_alloc (), text);
}

JsonNode *
bh_json_from_variant (GVariant *value)
{
  JsonNode *node;

  if (g_variant_is_of_type (value, G_VARIANT_TYPE_BYTESTRING))
    return from_bytes (value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARIANT))
    {
      g_autoptr (GVariant) inner = g_variant_get_variant (value);

      return bh_json_from_variant (inner);
    }
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT))
    {
      JsonObject *object = json_object_new ();

      bh_json_add_properties (object, value);
      node = json_node_init_object (json_node_alloc (), object);
      json_object_unref (object);
      return node;
    }
  return json_gvariant_serialize (value);
}

/* "ActivationToken" and "activation-token" → "activation_token" */
static char *
member_name (const char *name)
{
  GString *out = g_string_new (NULL);

  for (const char *p = name; *p != '\0'; p++)
    {
      if (g_ascii_isupper (*p) && p > name && !g_ascii_isupper (p[-1]) && p[-1] != '-')
        g_string_append_c (out, '_');
      g_string_append_c (out, *p == '-' ? '_' : g_ascii_tolower (*p));
    }
  return g_string_free (out, FALSE);
}

void
bh_json_add_properties (JsonObject *object, GVariant *properties)
{
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_iter_init (&iter, properties);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    {
      g_autofree char *member = member_name (name);

      json_object_set_member (object, member, bh_json_from_variant (value));
    }
}

/* Characters that can only stand inside a string of the JSON text, and that do something to a
 * terminal or to the order of the text around them. */
static gboolean
must_escape (gunichar c)
{
  switch (g_unichar_type (c))
    {
    case G_UNICODE_CONTROL:
      return c != '\n';
    case G_UNICODE_FORMAT:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
      return TRUE;
    default:
      return FALSE;
    }
}

void
bh_json_print (JsonNode *node)
{
  g_autofree char *text = json_to_string (node, TRUE);

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (!must_escape (c))
        fwrite (p, 1, (gsize) (g_utf8_next_char (p) - p), stdout);
      else if (c < 0x10000)
        printf ("\\u%04x", c);
      else
        printf ("\\u%04x\\u%04x", 0xd7c0 + (c >> 10), 0xdc00 + (c & 0x3ff));
    }
  fputc ('\n', stdout);
  json_node_unref (node);
}
