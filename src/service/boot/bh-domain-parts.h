/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Words for building a domain, for the files that do. */
#pragma once

#include <glib.h>
#include <libxml/tree.h>

#define XML(s) ((const xmlChar *) (s))

static inline xmlNode *
add (xmlNode *parent, const char *name)
{
  return xmlNewChild (parent, NULL, XML (name), NULL);
}

/* Name and value pairs up to NULL; values are escaped by libxml2. */
G_GNUC_NULL_TERMINATED static inline xmlNode *
add_with (xmlNode *parent, const char *name, ...)
{
  xmlNode *node = add (parent, name);
  const char *attribute;
  va_list args;

  va_start (args, name);
  while ((attribute = va_arg (args, const char *)) != NULL)
    xmlNewProp (node, XML (attribute), XML (va_arg (args, const char *)));
  va_end (args);
  return node;
}

static inline xmlNode *
add_text (xmlNode *parent, const char *name, const char *text)
{
  return xmlNewTextChild (parent, NULL, XML (name), XML (text));
}

static inline void
add_number (xmlNode *parent, const char *name, const char *unit, guint value)
{
  char text[16];
  xmlNode *node;

  g_snprintf (text, sizeof text, "%u", value);
  node = add_text (parent, name, text);
  if (unit)
    xmlNewProp (node, XML ("unit"), XML (unit));
}

static inline void
add_env (xmlNode *command_line, xmlNs *ns, const char *name, const char *value)
{
  xmlNode *node = xmlNewChild (command_line, ns, XML ("env"), NULL);

  xmlNewProp (node, XML ("name"), XML (name));
  xmlNewProp (node, XML ("value"), XML (value));
}

static inline void
add_arg (xmlNode *command_line, xmlNs *ns, const char *value)
{
  xmlNewProp (xmlNewChild (command_line, ns, XML ("arg"), NULL), XML ("value"), XML (value));
}
