/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The desktop's camera for one AppVM: what the parts of bulkhead-camera share.
 *
 * Should: have the camera open only while the proxy wants pictures, send the newest when one is asked for, and say
 * when the camera sees something. Mustn't: read anything of a guest but that, or go on without the service or the
 * proxy. */
#pragma once

#include <pipewire/pipewire.h>

#include "bh-jpeg.h"
#include "bh-stream.h"

typedef struct _BhPipeWire BhPipeWire;
typedef struct _BhV4l2 BhV4l2;

typedef struct
{
  struct pw_main_loop *loop;
  const char *name, *id; /* of the AppVM */
  unsigned rate;         /* pictures per second at most */
  BhChannel *channel;    /* to the proxy */
  struct spa_source *source;
  uint32_t mask;
  bool looking; /* the proxy has said so */
  uint32_t size;
  uint32_t asked; /* pictures */
  bool sees;      /* as the service was told */
  uint64_t last;  /* when a picture was sent, in ns */
  BhPipeWire *pipewire;
  BhV4l2 *v4l2;
  BhJpeg *jpeg;
} BhCamera;

/* The camera gives pictures, or does not any more: for the indicator. */
void bh_camera_sees (BhCamera *camera, bool sees);
/* Whether a picture is wanted now. */
bool bh_camera_wants_picture (BhCamera *camera);
/* @picture may be of BH_PICTURE_JPEG. One that is not what it says to be is dropped. */
void bh_camera_send_picture (BhCamera *camera, const BhPicture *picture);
void bh_camera_quit (BhCamera *camera, const char *why);

/* @remote: a connection to PipeWire, which is taken; -1 for the usual one. NULL: there is no PipeWire. */
BhPipeWire *bh_pipewire_new (BhCamera *camera, int remote);
void bh_pipewire_free (BhPipeWire *pipewire);

/* The first camera of this computer. NULL: there is none, or it cannot be had. */
BhV4l2 *bh_v4l2_new (BhCamera *camera);
void bh_v4l2_free (BhV4l2 *v4l2);
