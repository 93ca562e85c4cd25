/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What of this computer's /etc and /var the "host" template may hold. */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* A file, folder or link that is the same for all computers. */
typedef struct
{
  const char *name;
  mode_t mode;      /* with the type */
  const char *text; /* a link's target; NULL for a folder */
} BhTemplateText;

/* Names like "etc/fonts", whole trees or files; "*" in the last part only. Ends with NULL. */
const char *const *bh_template_patterns (void);

/* Whether @name, "etc/…", is one of them or in one of them, or one of the texts. */
gboolean bh_template_lists (const char *name);

/* Whether a file or link in one of them is left out because of its name @base, as is one that leads to such a name. */
gboolean bh_template_refuses (const char *base);

const BhTemplateText *bh_template_texts (gsize *n);
