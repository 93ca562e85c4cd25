/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * share-tool FOLDER [inbox]: start a server for FOLDER as the service does, hand the guest's end to whoever
 * has the other end of standard input, and end as the server does. */
#include "config.h"

#include "bh-share-server.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static gboolean
hand_over (int fd)
{
  union
  {
    struct cmsghdr header;
    char space[CMSG_SPACE (sizeof (int))];
  } control = { 0 };
  char byte = 0;
  struct iovec data = { &byte, 1 };
  struct msghdr message = {
    .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };

  control.header.cmsg_level = SOL_SOCKET;
  control.header.cmsg_type = SCM_RIGHTS;
  control.header.cmsg_len = CMSG_LEN (sizeof fd);
  memcpy (CMSG_DATA (&control.header), &fd, sizeof fd);
  return sendmsg (STDIN_FILENO, &message, 0) == 1;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (BhFolder) folder = argc > 1 ? bh_folder_parse (argv[1], &error) : NULL;
  g_autoptr (GSubprocess) server = NULL;
  int guest_end;

  if (folder && bh_folder_check (folder, &error))
    server = bh_share_server_new (folder, argc == 2, &guest_end, &error);
  if (!server)
    {
      g_printerr ("%s\n", error ? error->message : "share-tool FOLDER");
      return 2;
    }
  if (!hand_over (guest_end))
    return 3;
  close (guest_end);
  g_subprocess_wait (server, NULL, NULL);
  return g_subprocess_get_if_exited (server) ? g_subprocess_get_exit_status (server) : 4;
}
