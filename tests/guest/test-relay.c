/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Connections that are passed on: all that is said gets there, and the end of each. */
#include "bh-relay.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_BYTES (4 << 20)
#define TURN_MS 20

typedef struct
{
  char *dir;
  struct wl_event_loop *loop;
  BhRelay *relay;
  int front, back; /* listening */
} Place;

static struct sockaddr_un
address_of (Place *place, const char *name)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };

  g_snprintf (address.sun_path, sizeof address.sun_path, "%s/%s", place->dir, name);
  return address;
}

static int
listen_at (Place *place, const char *name)
{
  struct sockaddr_un address = address_of (place, name);
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

  g_assert_no_errno (bind (fd, (struct sockaddr *) &address, sizeof address));
  g_assert_no_errno (listen (fd, 8));
  return fd;
}

static void
set_up (Place *place, gconstpointer data)
{
  struct sockaddr_un back;

  place->dir = g_dir_make_tmp ("relay-XXXXXX", NULL);
  place->loop = wl_event_loop_create ();
  place->front = listen_at (place, "front");
  place->back = listen_at (place, "back");
  back = address_of (place, "back");
  place->relay = bh_relay_new (place->loop, place->front, back.sun_path);
}

static void
tear_down (Place *place, gconstpointer data)
{
  static const char *const names[] = { "front", "back" };

  bh_relay_free (place->relay);
  wl_event_loop_destroy (place->loop);
  close (place->front);
  close (place->back);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      struct sockaddr_un address = address_of (place, names[i]);

      g_unlink (address.sun_path);
    }
  g_rmdir (place->dir);
  g_free (place->dir);
}

/* A program's end, and the server's end of the same connection. */
static void
connect_both (Place *place, int *program, int *server)
{
  struct sockaddr_un address = address_of (place, "front");

  *program = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_no_errno (connect (*program, (struct sockaddr *) &address, sizeof address));
  g_assert_no_errno (wl_event_loop_dispatch (place->loop, 1000));
  *server = accept4 (place->back, NULL, NULL, SOCK_CLOEXEC);
  g_assert_no_errno (*server);
}

/* Says as much as goes, all of it different. */
static gsize
fill (Place *place, int fd)
{
  gsize said = 0;
  guint idle = 0;

  while (idle < 3 && said < MAX_BYTES)
    {
      guint8 piece[4096];
      gssize n;

      for (gsize i = 0; i < sizeof piece; i++)
        piece[i] = (guint8) ((said + i) % 251);
      n = send (fd, piece, sizeof piece, MSG_DONTWAIT | MSG_NOSIGNAL);
      idle = n > 0 ? 0 : idle + 1;
      said += n > 0 ? (gsize) n : 0;
      wl_event_loop_dispatch (place->loop, n > 0 ? 0 : TURN_MS);
    }
  return said;
}

/* Hears until the end. */
static gsize
drain (Place *place, int fd)
{
  gsize heard = 0;
  guint idle = 0;

  while (idle < 50)
    {
      guint8 piece[4096];
      gssize n = recv (fd, piece, sizeof piece, MSG_DONTWAIT);

      if (n == 0)
        return heard;
      for (gssize i = 0; i < n; i++)
        g_assert_cmpuint (piece[i], ==, (guint8) ((heard + (gsize) i) % 251));
      heard += n > 0 ? (gsize) n : 0;
      idle = n > 0 ? 0 : idle + 1;
      wl_event_loop_dispatch (place->loop, n > 0 ? 0 : TURN_MS);
    }
  g_test_message ("after %zu bytes nothing, and no end", heard);
  g_test_fail ();
  return heard;
}

/* Whichever side goes first while the other does not read. */
static void
test_last_words (Place *place, gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    {
      int ends[2];
      gsize said;

      connect_both (place, &ends[0], &ends[1]);
      said = fill (place, ends[i]);
      g_assert_cmpuint (said, >, 65536);
      close (ends[i]);
      for (guint turn = 0; turn < 3; turn++)
        wl_event_loop_dispatch (place->loop, TURN_MS);
      g_assert_cmpuint (drain (place, ends[!i]), ==, said);
      close (ends[!i]);
    }
}

static void
test_descriptors (Place *place, gconstpointer data)
{
  union
  {
    struct cmsghdr header;
    char space[CMSG_SPACE (sizeof (int))];
  } control = { .header = { .cmsg_len = CMSG_LEN (sizeof (int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS } };
  char text[] = "look";
  struct iovec vec = { text, sizeof text };
  struct msghdr message = {
    .msg_iov = &vec, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  int program, server, pipe_ends[2], got;
  char letter = 0;

  connect_both (place, &program, &server);
  g_assert_no_errno (pipe2 (pipe_ends, O_CLOEXEC));
  memcpy (CMSG_DATA (&control.header), &pipe_ends[1], sizeof (int));
  g_assert_cmpint (sendmsg (program, &message, 0), ==, sizeof text);
  close (pipe_ends[1]);
  wl_event_loop_dispatch (place->loop, 1000);
  memset (&control, 0, sizeof control);
  g_assert_cmpint (recvmsg (server, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC), ==, sizeof text);
  g_assert_cmpint (control.header.cmsg_type, ==, SCM_RIGHTS);
  memcpy (&got, CMSG_DATA (&control.header), sizeof got);
  g_assert_cmpint (write (got, "x", 1), ==, 1);
  close (got);
  /* Nobody else holds it. */
  g_assert_cmpint (read (pipe_ends[0], &letter, 1), ==, 1);
  g_assert_cmpint (read (pipe_ends[0], &letter, 1), ==, 0);
  close (pipe_ends[0]);
  close (program);
  close (server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/relay/last-words", Place, NULL, set_up, test_last_words, tear_down);
  g_test_add ("/relay/descriptors", Place, NULL, set_up, test_descriptors, tear_down);
  return g_test_run ();
}
