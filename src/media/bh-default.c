/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sees when the session manager has made the speaker the default sink: from then on programs find it. */
#include "bh-media.h"

#include <pipewire/extensions/metadata.h>

static struct spa_hook registry_listener, metadata_listener;
static struct pw_registry *registry;
static struct pw_metadata *metadata;

static int
property (void *data, uint32_t subject, const char *key, const char *type, const char *value)
{
  BhMedia *media = data;

  if (key && value && spa_streq (key, "default.audio.sink") && strstr (value, BH_SPEAKER_NODE))
    bh_speaker_set_ready (media->speaker);
  return 0;
}

static const struct pw_metadata_events metadata_events = { PW_VERSION_METADATA_EVENTS,
                                                           .property = property };

static void
global (void *data, uint32_t id, uint32_t permissions, const char *type, uint32_t version,
        const struct spa_dict *properties)
{
  const char *name = properties ? spa_dict_lookup (properties, PW_KEY_METADATA_NAME) : NULL;

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
  registry = pw_core_get_registry (media->core, PW_VERSION_REGISTRY, 0);
  if (registry)
    pw_registry_add_listener (registry, &registry_listener, &registry_events, media);
}

void
bh_default_unwatch (void)
{
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
