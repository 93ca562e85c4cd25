/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Preloaded into bulkhead-sound: before it first connects to a sound server, somebody who tries what libpulse that
 * was taken over would. */
#include <dlfcn.h>

#include "taken-over.h"

int pa_context_connect (void *context, const char *server, int flags, const void *api);

int
pa_context_connect (void *context, const char *server, int flags, const void *api)
{
  int (*real) (void *, const char *, int, const void *) =
      (int (*) (void *, const char *, int, const void *)) dlsym (RTLD_NEXT, "pa_context_connect");

  try_all ();
  fputs ("tried\n", stderr);
  return real (context, server, flags, api);
}
