/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Speaks the wire by hand: tests in Python play a guest (or a host), well-behaved or hostile.
 *
 *   wire-talk FD guest|host
 *
 * Commands on stdin, one a line; every message received is one line of JSON on stdout
 * ({"message": NAME, FIELD: VALUE, …}), the end of the channel {"closed": WHY}.
 *
 *   NAME field=value …   send the message. Fields that are not named are 0 or empty; limits are NOT checked.
 *                        Strings: %XX for anything. Bytes: hex, or hex*N. Lists: a,b. Rects: x,y,w,h;x,y,w,h
 *   encode NAME …        print {"encoded": HEX} of that packet instead of sending it
 *   raw HEX              send these bytes
 *   describe             print {"table": {NAME: [DIRECTION, [[FIELD, KIND, A, B], …]], …}} of all messages
 *   stall / resume       stop reading the channel; go on
 *   spend                do not wait for credit any more
 *
 * Credit is honoured and granted as src/wire does it, so that a flood here is what a correct guest's would be. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bh-packet.h"
#include "bh-stream.h"

#define LINE_MAX_BYTES (4u << 20)

typedef struct
{
  uint8_t *data;
  size_t len, size;
} Buffer;

static int channel;
static BhDirection own;
static BhPacketReader reader;
static Buffer out;
static uint64_t credit[BH_N_STREAMS], owed[BH_N_STREAMS];
static bool stalled, spend;

static void
die (const char *what)
{
  fprintf (stderr, "wire-talk: %s\n", what);
  exit (2);
}

static void
put (Buffer *buffer, const void *data, size_t len)
{
  if (buffer->len + len > buffer->size)
    {
      buffer->size = (buffer->len + len) * 2;
      buffer->data = realloc (buffer->data, buffer->size);
      if (!buffer->data)
        die ("no memory");
    }
  if (len > 0)
    memcpy (buffer->data + buffer->len, data, len);
  buffer->len += len;
}

static void
put_u32 (Buffer *buffer, uint32_t value)
{
  put (buffer, &value, sizeof value);
}

static void
parse_hex (const char *text, Buffer *to)
{
  Buffer once = { 0 };
  unsigned long times = 1;
  const char *p;

  for (p = text; *p && *p != '*'; p += 2)
    {
      unsigned value;
      uint8_t byte;

      if (sscanf (p, "%2x", &value) != 1 || !p[1])
        die ("not hex");
      byte = (uint8_t) value;
      put (&once, &byte, 1);
    }
  if (*p == '*')
    times = strtoul (p + 1, NULL, 10);
  while (times-- > 0)
    put (to, once.data, once.len);
  free (once.data);
}

static void
parse_text (const char *text, size_t len, Buffer *to)
{
  for (size_t i = 0; i < len; i++)
    {
      unsigned value = (uint8_t) text[i];
      uint8_t byte;

      if (text[i] == '%' && i + 2 < len && sscanf (text + i + 1, "%2x", &value) == 1)
        i += 2;
      byte = (uint8_t) value;
      put (to, &byte, 1);
    }
}

static void
put_list (const char *value, Buffer *payload)
{
  Buffer items = { 0 };
  uint32_t count = 0;

  while (*value)
    {
      size_t len = strcspn (value, ",");
      Buffer item = { 0 };
      uint16_t n;

      parse_text (value, len, &item);
      n = (uint16_t) item.len;
      put (&items, &n, sizeof n);
      put (&items, item.data, item.len);
      free (item.data);
      count++;
      value += len + (value[len] == ',');
    }
  put_u32 (payload, count);
  put_u32 (payload, (uint32_t) items.len);
  put (payload, items.data, items.len);
  free (items.data);
}

static void
put_rects (const char *value, Buffer *payload)
{
  Buffer rects = { 0 };
  BhRect r;

  while (sscanf (value, "%d,%d,%d,%d", &r.x, &r.y, &r.width, &r.height) == 4)
    {
      put (&rects, &r, sizeof r);
      value += strcspn (value, ";");
      value += *value == ';';
    }
  put_u32 (payload, (uint32_t) (rects.len / sizeof r));
  put (payload, rects.data, rects.len);
  free (rects.data);
}

static void
put_field (const BhField *field, const char *value, Buffer *payload)
{
  Buffer block = { 0 };
  uint64_t number;

  switch (field->kind)
    {
    case BH_FIELD_U32:
    case BH_FIELD_I32:
      put_u32 (payload, (uint32_t) strtoll (value, NULL, 0));
      break;
    case BH_FIELD_U64:
      number = strtoull (value, NULL, 0);
      put (payload, &number, sizeof number);
      break;
    case BH_FIELD_STR:
    case BH_FIELD_BYTES:
      if (field->kind == BH_FIELD_STR)
        parse_text (value, strlen (value), &block);
      else
        parse_hex (value, &block);
      put_u32 (payload, (uint32_t) block.len);
      put (payload, block.data, block.len);
      break;
    case BH_FIELD_LIST:
      put_list (value, payload);
      break;
    case BH_FIELD_RECTS:
      put_rects (value, payload);
      break;
    }
  free (block.data);
}

/* Append the packet of "NAME field=value …". */
static void
build (char *line, Buffer *packet)
{
  char *save, *word = strtok_r (line, " ", &save), *names[64], *values[64];
  const BhMessageInfo *info = NULL;
  Buffer payload = { 0 };
  unsigned type, n = 0;

  for (type = 1; type < BH_N_MESSAGES; type++)
    if (strcmp (bh_message_info (type)->name, word) == 0)
      {
        info = bh_message_info (type);
        break;
      }
  if (!info)
    die (word);
  while ((word = strtok_r (NULL, " ", &save)) && n < 64)
    {
      names[n] = word;
      values[n] = strchr (word, '=');
      if (!values[n])
        die ("a field without a value");
      *values[n]++ = '\0';
      n++;
    }
  for (unsigned i = 0; i < info->n_fields; i++)
    {
      const char *value = "";

      for (unsigned j = 0; j < n; j++)
        if (strcmp (names[j], info->fields[i].name) == 0)
          {
            value = values[j];
            names[j] = "";
          }
      put_field (&info->fields[i], value, &payload);
    }
  for (unsigned j = 0; j < n; j++)
    if (names[j][0])
      die (names[j]);
  put_u32 (packet, (uint32_t) payload.len);
  put_u32 (packet, type);
  put (packet, payload.data, payload.len);
  free (payload.data);
}

static void
print_text (const uint8_t *data, size_t len)
{
  putchar ('"');
  for (size_t i = 0; i < len; i++)
    if (data[i] < 0x20 || data[i] == '"' || data[i] == '\\')
      printf ("\\u%04x", data[i]);
    else
      putchar (data[i]);
  putchar ('"');
}

static void
print_field (const BhField *field, const uint8_t **p)
{
  uint32_t n;

  switch (field->kind)
    {
    case BH_FIELD_U32:
      printf ("%u", bh_get_u32 (*p));
      *p += 4;
      break;
    case BH_FIELD_I32:
      printf ("%d", (int32_t) bh_get_u32 (*p));
      *p += 4;
      break;
    case BH_FIELD_U64:
      printf ("%llu", (unsigned long long) bh_get_u64 (*p));
      *p += 8;
      break;
    case BH_FIELD_STR:
      n = bh_get_u32 (*p);
      print_text (*p + 4, n);
      *p += 4 + n;
      break;
    case BH_FIELD_BYTES:
      n = bh_get_u32 (*p);
      putchar ('"');
      for (uint32_t i = 0; i < n; i++)
        printf ("%02x", (*p)[4 + i]);
      putchar ('"');
      *p += 4 + n;
      break;
    case BH_FIELD_LIST:
      {
        BhList list = { *p + 8, bh_get_u32 (*p + 4), bh_get_u32 (*p) };
        size_t at = 0;
        BhStr item;

        putchar ('[');
        for (bool first = true; bh_list_next (&list, &at, &item); first = false)
          {
            if (!first)
              putchar (',');
            print_text ((const uint8_t *) item.data, item.len);
          }
        putchar (']');
        *p += 8 + list.len;
        break;
      }
    case BH_FIELD_RECTS:
      {
        BhRects rects = { *p + 4, bh_get_u32 (*p) };

        putchar ('[');
        for (uint32_t i = 0; i < rects.count; i++)
          {
            BhRect r = bh_rects_get (&rects, i);

            printf ("%s[%d,%d,%d,%d]", i ? "," : "", r.x, r.y, r.width, r.height);
          }
        putchar (']');
        *p += 4 + rects.count * sizeof (BhRect);
        break;
      }
    }
}

static void
print_message (const uint8_t *packet)
{
  const BhMessageInfo *info = bh_message_info (bh_get_u16 (packet + 4));
  const uint8_t *p = packet + BH_PACKET_HEADER;

  printf ("{\"message\":\"%s\"", info->name);
  for (unsigned i = 0; i < info->n_fields; i++)
    {
      printf (",\"%s\":", info->fields[i].name);
      print_field (&info->fields[i], &p);
    }
  printf ("}\n");
}

static void
closed (const char *why)
{
  printf ("{\"closed\":\"%s\"}\n", why);
  exit (0);
}

static void
take_messages (void)
{
  for (;;)
    {
      const uint8_t *packet = reader.data ? reader.data + reader.start : NULL;
      BhMessage msg;
      size_t size;
      BhWireStatus status = bh_packet_reader_next (&reader, &msg, &size);
      BhStreamId stream;

      if (status == BH_WIRE_AGAIN)
        return;
      if (status != BH_WIRE_OK)
        closed (bh_wire_status_name (status));
      if (msg.type == BH_MSG_CREDIT)
        {
          credit[msg.credit.stream] += msg.credit.bytes;
          continue;
        }
      print_message (packet);
      stream = bh_message_info (msg.type)->stream;
      owed[stream] += size;
      if (owed[stream] >= BH_STREAM_WINDOW / 4)
        {
          char line[64];

          snprintf (line, sizeof line, "credit stream=%d bytes=%llu", stream,
                    (unsigned long long) owed[stream]);
          build (line, &out);
          owed[stream] = 0;
        }
    }
}

/* How much of @out may be written now. */
static size_t
allowed (void)
{
  size_t at = 0;
  uint64_t left[BH_N_STREAMS];

  if (spend)
    return out.len;
  memcpy (left, credit, sizeof left);
  while (out.len - at >= BH_PACKET_HEADER)
    {
      size_t len = BH_PACKET_HEADER + (size_t) bh_get_u32 (out.data + at);
      const BhMessageInfo *info = bh_message_info (bh_get_u16 (out.data + at + 4));
      BhStreamId stream = info ? info->stream : BH_STREAM_CONTROL;

      if (len > out.len - at)
        return out.len; /* raw bytes */
      if (bh_get_u16 (out.data + at + 4) != BH_MSG_CREDIT)
        {
          if (len > left[stream])
            return at;
          left[stream] -= len;
        }
      at += len;
    }
  return out.len;
}

/* Packets that were written wholly have used their credit. Writes here are whole packets or nothing: the
 * channel is a blocking socket for the length of one packet. */
static void
write_packets (void)
{
  size_t may = allowed (), done = 0;

  while (done < may)
    {
      size_t len = may - done;
      ssize_t n;

      if (!spend && out.len - done >= BH_PACKET_HEADER)
        {
          size_t packet = BH_PACKET_HEADER + (size_t) bh_get_u32 (out.data + done);
          const BhMessageInfo *info = bh_message_info (bh_get_u16 (out.data + done + 4));

          if (packet <= len && info)
            {
              len = packet;
              if (bh_get_u16 (out.data + done + 4) != BH_MSG_CREDIT)
                credit[info->stream] -= packet;
            }
        }
      while (len > 0)
        {
          n = send (channel, out.data + done, len, MSG_NOSIGNAL);
          if (n < 0 && errno == ENOTSOCK) /* a terminal that plays a port */
            n = write (channel, out.data + done, len);
          if (n < 0 && (errno == EAGAIN || errno == EINTR))
            {
              struct pollfd p = { channel, POLLOUT, 0 };

              poll (&p, 1, -1);
              continue;
            }
          if (n < 0)
            closed (strerror (errno));
          done += (size_t) n;
          len -= (size_t) n;
        }
    }
  if (done > 0)
    memmove (out.data, out.data + done, out.len - done);
  out.len -= done;
}

static void
describe (void)
{
  printf ("{\"table\":{");
  for (unsigned type = 1; type < BH_N_MESSAGES; type++)
    {
      const BhMessageInfo *info = bh_message_info (type);

      printf ("%s\"%s\":[%d,[", type > 1 ? "," : "", info->name, info->direction);
      for (unsigned i = 0; i < info->n_fields; i++)
        printf ("%s[\"%s\",%d,%lld,%lld]", i ? "," : "", info->fields[i].name, info->fields[i].kind,
                (long long) info->fields[i].a, (long long) info->fields[i].b);
      printf ("]]");
    }
  printf ("}}\n");
}

static void
command (char *line)
{
  if (strcmp (line, "describe") == 0)
    describe ();
  else if (strcmp (line, "stall") == 0)
    stalled = true;
  else if (strcmp (line, "resume") == 0)
    stalled = false;
  else if (strcmp (line, "spend") == 0)
    spend = true;
  else if (strncmp (line, "raw ", 4) == 0)
    {
      spend = true;
      parse_hex (line + 4, &out);
    }
  else if (strncmp (line, "encode ", 7) == 0)
    {
      Buffer packet = { 0 };

      build (line + 7, &packet);
      printf ("{\"encoded\":\"");
      for (size_t i = 0; i < packet.len; i++)
        printf ("%02x", packet.data[i]);
      printf ("\"}\n");
      free (packet.data);
    }
  else if (line[0])
    build (line, &out);
}

/* Returns false at the end of the commands. */
static bool
read_commands (void)
{
  static char *text;
  static size_t held;
  char *newline;
  ssize_t n;

  if (!text)
    text = malloc (LINE_MAX_BYTES);
  n = read (STDIN_FILENO, text + held, LINE_MAX_BYTES - held);
  if (n <= 0)
    return false;
  held += (size_t) n;
  while ((newline = memchr (text, '\n', held)))
    {
      size_t len = (size_t) (newline - text) + 1;

      *newline = '\0';
      command (text);
      memmove (text, text + len, held - len);
      held -= len;
    }
  if (held == LINE_MAX_BYTES)
    die ("a line that is too long");
  return true;
}

int
main (int argc, char **argv)
{
  bool commands = true;

  if (argc != 3)
    die ("usage: wire-talk FD guest|host");
  channel = atoi (argv[1]);
  own = strcmp (argv[2], "guest") == 0 ? BH_DIR_G : BH_DIR_H;
  fcntl (channel, F_SETFL, fcntl (channel, F_GETFL) | O_NONBLOCK);
  setvbuf (stdout, NULL, _IOLBF, 1 << 16);
  bh_packet_reader_init (&reader, own == BH_DIR_G ? BH_DIR_H : BH_DIR_G);
  for (unsigned i = 0; i < BH_N_STREAMS; i++)
    credit[i] = BH_STREAM_WINDOW;
  while (commands || out.len > 0)
    {
      struct pollfd p[2] = { { channel, stalled ? 0 : POLLIN, 0 },
                             { commands && out.len < LINE_MAX_BYTES ? STDIN_FILENO : -1, POLLIN,
                               0 } };

      poll (p, 2, -1);
      if (!stalled && (p[0].revents & (POLLIN | POLLHUP | POLLERR)))
        {
          size_t room;
          uint8_t *to = bh_packet_reader_room (&reader, 65536, &room);
          ssize_t n = to ? read (channel, to, room) : -1;

          if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            closed ("end");
          if (n > 0)
            bh_packet_reader_filled (&reader, (size_t) n);
          take_messages ();
        }
      if (p[1].revents)
        commands = read_commands ();
      write_packets ();
    }
  return 0;
}
