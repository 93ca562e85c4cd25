/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The streams of one AppVM at the desktop's sound server: what the parts of bulkhead-sound share.
 *
 * Should: play what comes, record while asked and allowed, close at once what is switched off, survive a
 * server that goes. Mustn't: open a stream that is not allowed, or read anything of a guest but samples. */
#pragma once

#include <gio/gio.h>
#include <pulse/pulseaudio.h>

#include "bh-stream.h"

typedef struct _BhServer BhServer;
typedef struct _BhPlayer BhPlayer;
typedef struct _BhRecorder BhRecorder;
typedef struct _BhVolume BhVolume;

typedef struct
{
  GMainLoop *loop;
  char *id, *name, *programs, *icon;
  guint latency_ms;
  gboolean play_allowed, record_allowed; /* by the user */
  BhServer *server;
  BhPlayer *player;
  BhRecorder *recorder;
  BhVolume *volume;
} BhSound;

/* For good; before there are threads. */
void bh_sound_confine (void);

/* Queue a message for the proxy. */
void bh_sound_send (BhSound *sound, BhMessageType type, const void *msg);
/* What is open has changed. */
void bh_sound_state_changed (BhSound *sound);
void bh_sound_volume_changed (BhSound *sound, double volume, gboolean muted);

/* The connection, made anew whenever it is lost. */
BhServer *bh_server_new (BhSound *sound);
void bh_server_free (BhServer *server);
/* NULL while there is none. */
pa_context *bh_server_get (BhServer *server);
/* The name in the mixer has changed. */
void bh_server_rename (BhServer *server);
/* Properties of a stream; to be freed. */
pa_proplist *bh_server_stream_properties (BhSound *sound);

BhPlayer *bh_player_new (BhSound *sound);
void bh_player_free (BhPlayer *player);
/* sound_play */
void bh_player_want (BhPlayer *player, gboolean on);
void bh_player_data (BhPlayer *player, const BhBytes *data);
/* Make it as server, wish and permission are. */
void bh_player_update (BhPlayer *player);
/* The server is gone, and its streams with it. */
void bh_player_lost (BhPlayer *player);
/* NULL while it does not play. */
pa_stream *bh_player_get_stream (BhPlayer *player);
/* The highest sample since the last call, 0 to 1. */
double bh_player_take_level (BhPlayer *player);

BhRecorder *bh_recorder_new (BhSound *sound);
void bh_recorder_free (BhRecorder *recorder);
void bh_recorder_want (BhRecorder *recorder, gboolean on);
void bh_recorder_update (BhRecorder *recorder);
void bh_recorder_lost (BhRecorder *recorder);
gboolean bh_recorder_is_open (BhRecorder *recorder);

BhVolume *bh_volume_new (BhSound *sound);
void bh_volume_free (BhVolume *volume);
/* Set by the user here: now, or for the next stream. */
void bh_volume_set (BhVolume *volume, double value);
void bh_volume_set_muted (BhVolume *volume, gboolean muted);
/* For a stream about to be made: NULL when the server decides; and whether it starts silent. */
const pa_cvolume *bh_volume_initial (BhVolume *volume, gboolean *muted);
/* Look at the stream, which may be new or changed. */
void bh_volume_look (BhVolume *volume);
