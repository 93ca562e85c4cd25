/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Preloaded into bulkhead-icon: in place of the first decoder, somebody who tries what a decoder that was
 * taken over would. */
#include <dlfcn.h>

#include "taken-over.h"

void *gdk_pixbuf_loader_new (void);

void *
gdk_pixbuf_loader_new (void)
{
  void *(*real) (void) = (void *(*) (void)) dlsym (RTLD_NEXT, "gdk_pixbuf_loader_new");

  try_all ();
  return real ();
}
