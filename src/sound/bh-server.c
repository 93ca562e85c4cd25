/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The connection to the desktop's sound server, PulseAudio or PipeWire. */
#include "config.h"

#include "bh-sound.h"

#include <pulse/glib-mainloop.h>

#define RETRY_FIRST_MS 200
#define RETRY_LAST_MS 5000

struct _BhServer
{
  BhSound *sound;
  pa_glib_mainloop *mainloop;
  pa_context *context;
  guint retry, delay;
};

static void connect_now (BhServer *server);

static gboolean
try_again (gpointer data)
{
  BhServer *server = data;

  server->retry = 0;
  connect_now (server);
  return G_SOURCE_REMOVE;
}

static void
drop (BhServer *server)
{
  if (!server->context)
    return;
  bh_player_lost (server->sound->player);
  bh_recorder_lost (server->sound->recorder);
  pa_context_set_state_callback (server->context, NULL, NULL);
  pa_context_set_subscribe_callback (server->context, NULL, NULL);
  pa_context_disconnect (server->context);
  g_clear_pointer (&server->context, pa_context_unref);
}

/* Not from within a callback of the context itself. */
static gboolean
connect_later (gpointer data)
{
  BhServer *server = data;

  server->retry = 0;
  drop (server);
  server->retry = g_timeout_add (server->delay, try_again, server);
  server->delay = MIN (server->delay * 2, RETRY_LAST_MS);
  return G_SOURCE_REMOVE;
}

static void
something_changed (pa_context *context, pa_subscription_event_type_t type, uint32_t index,
                   void *data)
{
  BhServer *server = data;
  pa_stream *stream = bh_player_get_stream (server->sound->player);

  if (stream && pa_stream_get_state (stream) == PA_STREAM_READY
      && pa_stream_get_index (stream) == index)
    bh_volume_look (server->sound->volume);
}

static void
done (pa_operation *operation)
{
  if (operation)
    pa_operation_unref (operation);
}

static void
state_changed (pa_context *context, void *data)
{
  BhServer *server = data;

  switch (pa_context_get_state (context))
    {
    case PA_CONTEXT_READY:
      server->delay = RETRY_FIRST_MS;
      pa_context_set_subscribe_callback (context, something_changed, server);
      done (pa_context_subscribe (context, PA_SUBSCRIPTION_MASK_SINK_INPUT, NULL, NULL));
      bh_player_update (server->sound->player);
      bh_recorder_update (server->sound->recorder);
      break;
    case PA_CONTEXT_FAILED:
    case PA_CONTEXT_TERMINATED:
      g_message ("no sound server: %s", pa_strerror (pa_context_errno (context)));
      if (!server->retry)
        server->retry = g_idle_add (connect_later, server);
      break;
    case PA_CONTEXT_UNCONNECTED:
    case PA_CONTEXT_CONNECTING:
    case PA_CONTEXT_AUTHORIZING:
    case PA_CONTEXT_SETTING_NAME:
    default:
      break;
    }
}

static pa_proplist *
client_properties (BhSound *sound)
{
  pa_proplist *properties = pa_proplist_new ();
  g_autofree char *id = g_strconcat ("io.github.bulkhead.", sound->id, NULL);

  pa_proplist_sets (properties, PA_PROP_APPLICATION_NAME, sound->name);
  pa_proplist_sets (properties, PA_PROP_APPLICATION_ID, id);
  pa_proplist_sets (properties, PA_PROP_APPLICATION_ICON_NAME, sound->icon);
  return properties;
}

pa_proplist *
bh_server_stream_properties (BhSound *sound)
{
  pa_proplist *properties = client_properties (sound);

  pa_proplist_sets (properties, PA_PROP_MEDIA_NAME,
                    *sound->programs ? sound->programs : sound->name);
  pa_proplist_sets (properties, PA_PROP_MEDIA_ICON_NAME, sound->icon);
  return properties;
}

static void
connect_now (BhServer *server)
{
  pa_proplist *properties = client_properties (server->sound);

  server->context = pa_context_new_with_proplist (pa_glib_mainloop_get_api (server->mainloop),
                                                  server->sound->name, properties);
  pa_proplist_free (properties);
  pa_context_set_state_callback (server->context, state_changed, server);
  if (pa_context_connect (server->context, NULL, PA_CONTEXT_NOAUTOSPAWN, NULL) < 0
      && !server->retry)
    server->retry = g_idle_add (connect_later, server);
}

pa_context *
bh_server_get (BhServer *server)
{
  return server && server->context && pa_context_get_state (server->context) == PA_CONTEXT_READY
             ? server->context
             : NULL;
}

void
bh_server_rename (BhServer *server)
{
  pa_context *context = bh_server_get (server);
  pa_stream *stream = bh_player_get_stream (server->sound->player);
  pa_proplist *properties;

  if (!context)
    return;
  properties = client_properties (server->sound);
  done (pa_context_proplist_update (context, PA_UPDATE_REPLACE, properties, NULL, NULL));
  pa_proplist_free (properties);
  if (!stream || pa_stream_get_state (stream) != PA_STREAM_READY)
    return;
  properties = bh_server_stream_properties (server->sound);
  done (pa_stream_proplist_update (stream, PA_UPDATE_REPLACE, properties, NULL, NULL));
  pa_proplist_free (properties);
}

BhServer *
bh_server_new (BhSound *sound)
{
  BhServer *server = g_new0 (BhServer, 1);

  server->sound = sound;
  server->delay = RETRY_FIRST_MS;
  server->mainloop = pa_glib_mainloop_new (NULL);
  connect_now (server);
  return server;
}

void
bh_server_free (BhServer *server)
{
  g_clear_handle_id (&server->retry, g_source_remove);
  drop (server);
  pa_glib_mainloop_free (server->mainloop);
  g_free (server);
}
