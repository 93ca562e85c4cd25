/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The pictures applications hand over: wl_shm buffers and single-pixel buffers.
 *
 * A BhBuffer is referenced for as long as a surface shows it, and separately locked for as long as the
 * application must not draw into it: the last unlock sends wl_buffer.release. An application may
 * destroy its wl_buffer at any time; what it shows is then copied, so that it stays. */
#pragma once

#include <stdbool.h>
#include <wayland-server.h>

typedef struct _BhBuffer BhBuffer;

struct _BhBuffer
{
  struct wl_resource *resource; /* NULL when the application has destroyed it */
  struct wl_listener destroyed;
  unsigned refs, locks;
  int32_t width, height;
  bool opaque;   /* has no alpha */
  uint32_t *own; /* width × height pixels, when they are not in the application's memory */
};

/* Pixels of a buffer between begin and end. */
typedef struct
{
  const uint8_t *data;
  int32_t stride;
  struct wl_shm_buffer *shm;
} BhBufferAccess;

/* A new reference to the buffer of @resource; NULL when it is of no kind we know. */
BhBuffer *bh_buffer_get (struct wl_resource *resource);
BhBuffer *bh_buffer_ref (BhBuffer *buffer);
void bh_buffer_unref (BhBuffer *buffer);
void bh_buffer_lock (BhBuffer *buffer);
void bh_buffer_unlock (BhBuffer *buffer);

/* Between these the memory can be read safely: should the application have cut its file short, the
 * missing part reads as zero, and the application is disconnected. False when there are no pixels. */
bool bh_buffer_begin (BhBuffer *buffer, BhBufferAccess *access);
void bh_buffer_end (BhBufferAccess *access);

/* The global wp_single_pixel_buffer_manager_v1. */
void bh_single_pixel_init (struct wl_display *display);
