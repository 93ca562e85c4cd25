/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Drives the graph of a stream. */
#include "bh-pacer.h"

#include <time.h>

#define DEFAULT_QUANTUM 1024
#define LARGEST_QUANTUM 8192
#define LOST_NS (200 * SPA_NSEC_PER_MSEC)

uint64_t
bh_pacer_now (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return SPA_TIMESPEC_TO_NSEC (&now);
}

uint32_t
bh_pacer_quantum (const BhPacer *pacer)
{
  uint64_t frames = pacer->position ? pacer->position->clock.duration : 0;

  return frames > 0 && frames <= LARGEST_QUANTUM ? (uint32_t) frames : DEFAULT_QUANTUM;
}

void
bh_pacer_io_changed (BhPacer *pacer, uint32_t id, void *area)
{
  if (id == SPA_IO_Position)
    pacer->position = area;
}

bool
bh_pacer_start (BhPacer *pacer)
{
  uint64_t now = bh_pacer_now ();
  struct spa_io_clock *clock;
  int result;

  if (pacer->pending && now - pacer->started < LOST_NS)
    return false;
  /* In another's graph the cycles come from there. */
  if (!pw_stream_is_driving (pacer->stream))
    return false;
  if (pacer->position)
    {
      clock = &pacer->position->clock;
      clock->nsec = now;
      clock->rate = SPA_FRACTION (1, BH_SOUND_RATE);
      clock->duration = bh_pacer_quantum (pacer);
      clock->position += clock->duration;
      clock->delay = 0;
      clock->rate_diff = 1.0;
      clock->next_nsec = now + clock->duration * SPA_NSEC_PER_SEC / BH_SOUND_RATE;
    }
  pacer->pending = true;
  pacer->started = now;
  pacer->starting = true;
  result = pw_stream_trigger_process (pacer->stream);
  pacer->starting = false;
  return result >= 0;
}

void
bh_pacer_done (BhPacer *pacer)
{
  pacer->pending = false;
}

void
bh_pacer_arm (BhPacer *pacer, struct spa_source *timer, uint64_t ns)
{
  struct timespec value = { .tv_sec = (time_t) (ns / SPA_NSEC_PER_SEC),
                            .tv_nsec = (long) (ns % SPA_NSEC_PER_SEC) };

  pw_loop_update_timer (pw_main_loop_get_loop (pacer->media->loop), timer, &value, NULL, false);
}
