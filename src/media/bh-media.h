/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Speaker, microphone and camera of an AppVM, as nodes of the PipeWire inside it.
 *
 * Each node drives its own graph: a cycle runs when the host has asked for more sound, or has sent some,
 * or a picture. So the
 * guest's programs follow the clock of the host's sink, and nothing is resampled or piles up. */
#pragma once

#include <pipewire/pipewire.h>

#include "bh-stream.h"

typedef struct _BhSpeaker BhSpeaker;
typedef struct _BhMicrophone BhMicrophone;
typedef struct _BhCamera BhCamera;

typedef struct
{
  struct pw_main_loop *loop;
  struct pw_core *core;
  BhChannel *channel; /* to bulkhead-guest, which passes everything on */
  struct spa_source *source;
  uint32_t mask;
  BhSpeaker *speaker;
  BhMicrophone *microphone;
  BhCamera *camera;
  bool ready; /* programs find both; nothing is said to the host before */
  bool video; /* the camera is /dev/video as well, where there is one */
} BhMedia;

/* Queue a message for the host; what does not fit is lost, as sound that comes late. */
void bh_media_send (BhMedia *media, BhMessageType type, const void *message);

#define BH_SPEAKER_NODE "bulkhead-speaker"
#define BH_MICROPHONE_NODE "bulkhead-microphone"
#define BH_CAMERA_NODE "bulkhead-camera"

BhSpeaker *bh_speaker_new (BhMedia *media);
void bh_speaker_free (BhSpeaker *speaker);
/* Say whether something plays. */
void bh_speaker_announce (BhSpeaker *speaker);
/* sound_switch: @on, and say anew whether something plays. */
void bh_speaker_switch (BhSpeaker *speaker, bool on);
void bh_speaker_add_room (BhSpeaker *speaker, uint32_t bytes);

BhMicrophone *bh_microphone_new (BhMedia *media);
void bh_microphone_free (BhMicrophone *microphone);
/* The node comes with the first @on, and stays: a program that records gets silence after it was cut. */
void bh_microphone_switch (BhMicrophone *microphone, bool on);
void bh_microphone_announce (BhMicrophone *microphone);
bool bh_microphone_is_there (BhMicrophone *microphone);
void bh_microphone_captured (BhMicrophone *microphone, const BhBytes *data);

BhCamera *bh_camera_new (BhMedia *media);
void bh_camera_free (BhCamera *camera);
/* camera_switch: the node is there while @on, and programs see it come and go. */
void bh_camera_switch (BhCamera *camera, bool on);
/* Say whether a program looks. */
void bh_camera_announce (BhCamera *camera);
void bh_camera_part (BhCamera *camera, const bh_msg_camera_part *part);

/* Makes @media ready. */
void bh_default_watch (BhMedia *media);
void bh_default_unwatch (BhMedia *media);

/* The one format there is, for pw_stream_connect(). */
const struct spa_pod *bh_media_format (uint8_t *buffer, size_t size);
