/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Valid messages made from the table itself, so that a new row is tested without a new test. */
#pragma once

#include "bh-messages.h"

typedef enum
{
  SAMPLE_LEAST, /* every field at its lower limit, every length at its shortest */
  SAMPLE_MOST,  /* every field at its upper limit, every length at its longest */
} SampleKind;

/* Fill the payload of a valid message of @type into @out (room for bh_message_max_payload bytes);
 * returns its length. Written against the documented format, not with the encoder under test. */
size_t sample_payload (unsigned type, SampleKind kind, uint8_t *out);

/* Offset of field @index within a payload made by sample_payload(). */
size_t sample_field_offset (unsigned type, SampleKind kind, unsigned index);
