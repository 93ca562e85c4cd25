/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * bulkhead-guest: the host's agent in an AppVM. Without arguments it serves the virtio port of a VM; with
 * a channel on a descriptor it is the guest half of a pair on one computer, for tests. */
#include <glib.h>
#include <stdlib.h>

#include "bh-agent.h"

int
main (int argc, char **argv)
{
  int channel_fd = -1, region_fd = -1;
  g_autofree char *runtime_dir = NULL, *port = NULL, *media = NULL;
  const GOptionEntry entries[] = {
    { "channel-fd", 0, 0, G_OPTION_ARG_INT, &channel_fd, "Descriptor of the channel to the host",
      "N" },
    { "channel-port", 0, 0, G_OPTION_ARG_FILENAME, &port, "Device to use instead, as a VM's port",
      "PATH" },
    { "region-fd", 0, 0, G_OPTION_ARG_INT, &region_fd, "Descriptor of the shared region", "N" },
    { "runtime-dir", 0, 0, G_OPTION_ARG_FILENAME, &runtime_dir, "Where to open the Wayland socket",
      "DIR" },
    { "media", 0, 0, G_OPTION_ARG_FILENAME, &media, "Where bulkhead-media is", "PATH" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  BhAgentOptions options;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("bulkhead-guest: %s\n", error->message);
      return 2;
    }
  options = (BhAgentOptions){
    .pair = channel_fd >= 0 || port,
    .port = port,
    .channel_fd = channel_fd,
    .region_fd = region_fd,
    .runtime_dir = runtime_dir,
    .media = media ? media : "/bulkhead/bulkhead-media",
  };
  if (options.pair && !runtime_dir)
    {
      g_printerr ("bulkhead-guest: a channel needs --runtime-dir\n");
      return 2;
    }
  return bh_agent_run (&options);
}
