/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sees when the session manager has made the speaker, and the microphone when there is one, the default: from
 * then on programs find them. WirePlumber goes on arranging for a moment after that, and a stream that comes in
 * between can fail, so it must have been quiet for a while. */
#include "bh-media.h"

#include <pipewire/extensions/metadata.h>

static struct spa_hook registry_listener, metadata_listener;
static struct pw_registry *registry;
static struct pw_metadata *metadata;
static bool have_sink, have_source;
static struct spa_source *timer;

#define QUIET_NS (200 * SPA_NSEC_PER_MSEC)

static void
quiet (void *data, uint64_t expirations)
{
  BhMedia *media = data;

  if (media->ready)
    return;
  media->ready = true;
  bh_speaker_announce (media->speaker);
  bh_microphone_announce (media->microphone);
  bh_camera_announce (media->camera);
}

static void
something_happened (BhMedia *media)
{
  struct timespec value = { .tv_nsec = QUIET_NS };

  if (have_sink && (have_source || !bh_microphone_is_there (media->microphone)))
    pw_loop_update_timer (pw_main_loop_get_loop (media->loop), timer, &value, NULL, false);
}

static int
property (void *data, uint32_t subject, const char *key, const char *type, const char *value)
{
  BhMedia *media = data;

  if (spa_streq (key, "default.audio.sink"))
    have_sink = value && strstr (value, BH_SPEAKER_NODE);
  if (spa_streq (key, "default.audio.source"))
    have_source = value && strstr (value, BH_MICROPHONE_NODE);
  something_happened (media);
  return 0;
}

static const struct pw_metadata_events metadata_events = { PW_VERSION_METADATA_EVENTS,
                                                           .property = property };

static void
global (void *data, uint32_t id, uint32_t permissions, const char *type, uint32_t version,
        const struct spa_dict *properties)
{
  const char *name = properties ? spa_dict_lookup (properties, PW_KEY_METADATA_NAME) : NULL;

  something_happened (data);
  if (metadata || !spa_streq (type, PW_TYPE_INTERFACE_Metadata) || !spa_streq (name, "default"))
    return;
  metadata = pw_registry_bind (registry, id, type, PW_VERSION_METADATA, 0);
  if (metadata)
    pw_metadata_add_listener (metadata, &metadata_listener, &metadata_events, data);
}

static const struct pw_registry_events registry_events = { PW_VERSION_REGISTRY_EVENTS,
                                                           .global = global };

void
bh_default_watch (BhMedia *media)
{
  timer = pw_loop_add_timer (pw_main_loop_get_loop (media->loop), quiet, media);
  registry = pw_core_get_registry (media->core, PW_VERSION_REGISTRY, 0);
  if (registry)
    pw_registry_add_listener (registry, &registry_listener, &registry_events, media);
}

void
bh_default_unwatch (BhMedia *media)
{
  pw_loop_destroy_source (pw_main_loop_get_loop (media->loop), timer);
  if (metadata)
    {
      spa_hook_remove (&metadata_listener);
      pw_proxy_destroy ((struct pw_proxy *) metadata);
    }
  if (registry)
    {
      spa_hook_remove (&registry_listener);
      pw_proxy_destroy ((struct pw_proxy *) registry);
    }
}
