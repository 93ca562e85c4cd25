/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Drives the graph of a stream: one cycle after the other, each started by whoever has the clock. */
#pragma once

#include "bh-media.h"

typedef struct
{
  BhMedia *media;
  struct pw_stream *stream;
  struct spa_io_position *position; /* shared with the daemon; NULL before it is there */
  bool pending;                     /* a cycle was started and has not come by */
  bool starting;                    /* PipeWire calls process from within pw_stream_trigger_process() */
  uint64_t started;                 /* when, ns */
} BhPacer;

/* Frames of a cycle. */
uint32_t bh_pacer_quantum (const BhPacer *pacer);
/* pw_stream_events.io_changed */
void bh_pacer_io_changed (BhPacer *pacer, uint32_t id, void *area);
/* Start a cycle, unless one is under way. A cycle that was lost is given up after a while. */
bool bh_pacer_start (BhPacer *pacer);
/* pw_stream_events.process has been called. */
void bh_pacer_done (BhPacer *pacer);
/* Arm @timer: once after @ns. */
void bh_pacer_arm (BhPacer *pacer, struct spa_source *timer, uint64_t ns);
uint64_t bh_pacer_now (void);
