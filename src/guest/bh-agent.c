/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The agent: puts channel, programs and Wayland server together and answers the control messages. */
#include "bh-agent.h"

#include "config.h"

#include <glib.h>
#include <signal.h>

#ifdef BH_HAVE_MOUNTS
#include "bh-folders.h"
#include "bh-more-disks.h"
#include "bh-mounts.h"
#endif
#include "bh-devices.h"
#include "bh-generation.h"
#include "bh-network.h"
#include "bh-programs.h"
#include "bh-server.h"
#include "bh-sound.h"
#include "bh-video.h"

typedef struct
{
  const BhAgentOptions *options;
  struct wl_display *display;
  struct wl_event_loop *loop;
  BhLink *link;
  BhPrograms *programs;
  BhServer *server;
  BhNetwork *network; /* NULL in a pair */
  BhDevices *devices; /* also */
  BhGeneration *generation; /* also */
  BhVideo *video;           /* also */
  BhSound *sound;
  BhSession session;
#ifdef BH_HAVE_MOUNTS
  BhFolders *folders;
#endif
  bool configured, running;
  bool expecting; /* configure, and not yet prepared for it */
  bool incomplete; /* it was just configured */
  uint32_t disks; /* of configure */
  const char *prepared_runtime, *prepared_display; /* made before the hello; or NULL */
  int code;
} Agent;

static void
stop (void *data)
{
  Agent *agent = data;

  agent->running = false;
}

#ifdef BH_HAVE_MOUNTS
static bool
apply (Agent *agent, const bh_msg_configure *message, char *detail, size_t size)
{
  char home[64];

  if (!bh_mounts_apply (message, detail, size))
    return false;
  bh_mounts_home (message, home, sizeof home);
  if (!bh_folders_start (agent->folders, (uid_t) message->uid, home, message->folders,
                         message->home == BH_HOME_SHARED))
    {
      g_snprintf (detail, size, "The home folder, which is one of the host's, did not come");
      return false;
    }
  return true;
}

/* What the host does not have to wait for, and programs have to. */
static void
complete_machine (Agent *agent)
{
  bh_mounts_complete ();
  if (agent->disks > 0)
    bh_more_disks_start (agent->disks, agent->session.uid);
  bh_devices_start (agent->devices, agent->session.uid);
  bh_video_start (agent->video);
  bh_generation_tell (agent->generation);
}
#endif

static void
answer_configure (Agent *agent, uint32_t status, const char *detail)
{
  bh_msg_configured answer = { .status = status };
  char text[513];

  if (detail[0])
    g_warning ("configure: %s", detail);
  answer.detail.len = (uint32_t) bh_wire_text_clean (detail, text, sizeof text);
  answer.detail.data = text;
  bh_link_send (agent->link, BH_MSG_CONFIGURED, &answer);
}

/* The Wayland socket programs of @uid connect to is there. */
static bool
has_display (Agent *agent, uint32_t uid)
{
  char runtime[32];

  g_snprintf (runtime, sizeof runtime, BH_SESSION_RUNTIME, uid);
  return agent->prepared_display && g_str_equal (runtime, agent->prepared_runtime);
}

/* Cannot fail where has_display(). */
static bool
open_session (Agent *agent, const bh_msg_configure *message, char *detail, size_t size)
{
  bool prepared = has_display (agent, message->uid);
  const char *display;

  bh_session_init (&agent->session, message, !agent->options->pair, agent->options->runtime_dir);
#ifdef BH_HAVE_MOUNTS
  if (!agent->options->pair)
    bh_session_set_shell (&agent->session, bh_mounts_get_shell ());
#endif
  display = prepared ? agent->prepared_display : bh_server_listen (agent->server);
  if (display)
    {
      bh_session_set_display (&agent->session, display, prepared);
      return true;
    }
  bh_session_clear (&agent->session);
  g_snprintf (detail, size, "No Wayland socket in %s: %s", g_getenv ("XDG_RUNTIME_DIR"),
              g_strerror (errno));
  return false;
}

static void
configure (Agent *agent, const bh_msg_configure *message)
{
  uint32_t status = BH_CONFIGURED_OK;
  char detail[512] = "";
  bool answered = false;

  if (!agent->configured)
    {
#ifdef BH_HAVE_MOUNTS
      if (!agent->options->pair && !apply (agent, message, detail, sizeof detail))
        status = bh_mounts_have_programs () ? BH_CONFIGURED_FAILED : BH_CONFIGURED_NO_PROGRAMS;
#endif
      /* Nothing can fail any more: the host goes on beside us. What it asks for next comes after this. */
      if (status == BH_CONFIGURED_OK && has_display (agent, message->uid))
        {
          answer_configure (agent, status, detail);
          bh_link_flush (agent->link);
          answered = true;
        }
      if (status == BH_CONFIGURED_OK && !open_session (agent, message, detail, sizeof detail))
        status = BH_CONFIGURED_FAILED;
      agent->configured = status == BH_CONFIGURED_OK;
      agent->incomplete = agent->configured;
      agent->disks = message->disks;
      bh_link_set_eager (agent->link, false);
    }
  if (!answered)
    answer_configure (agent, status, detail);
}

static void
connected (void *data)
{
  Agent *agent = data;
  bh_msg_hello hello = {
    .magic = BH_WIRE_MAGIC,
    .version = BH_WIRE_VERSION,
    .build = bh_str (BH_VERSION),
    .configured = agent->configured,
  };
  size_t size;

#ifdef BH_HAVE_MOUNTS
  agent->expecting = !agent->options->pair && !agent->configured;
#endif
  bh_link_get_region (agent->link, &size);
  hello.region_bytes = size;
  bh_link_send (agent->link, BH_MSG_HELLO, &hello);
  bh_server_connected (agent->server);
  bh_programs_connected (agent->programs);
}

static void
disconnected (void *data, bool forever)
{
  Agent *agent = data;

#ifdef BH_HAVE_MOUNTS
  agent->expecting = false;
  if (!agent->options->pair && !agent->configured)
    bh_mounts_unexpect ();
#endif
  bh_server_disconnected (agent->server);
  bh_sound_disconnected (agent->sound);
  if (forever)
    agent->running = false;
}

static void
alone (void *data)
{
#ifdef BH_HAVE_MOUNTS
  Agent *agent = data;

  if (agent->options->pair || agent->configured)
    return;
  bh_mounts_warm_up ();
  bh_generation_tell (agent->generation);
#endif
}

/* Programs that know /dev/video look for it once. Those of PipeWire wait for that (bh-sound.c). */
static void
wait_for_camera (Agent *agent)
{
  bh_sound_flush (agent->sound);
  if (bh_sound_has_media (agent->sound))
    bh_video_settle (agent->video);
}

static void
message (void *data, const BhMessage *message)
{
  Agent *agent = data;
  bh_msg_pong pong;

  if (bh_message_info (message->type)->stream == BH_STREAM_DISPLAY)
    {
      bh_server_message (agent->server, message);
      return;
    }
  if (bh_message_info (message->type)->stream == BH_STREAM_SOUND
      || bh_message_info (message->type)->stream == BH_STREAM_CAMERA)
    {
      bh_sound_message (agent->sound, message);
      return;
    }
  switch (message->type)
    {
    case BH_MSG_CONFIGURE:
      configure (agent, &message->configure);
      break;
    case BH_MSG_NETWORK:
      if (agent->network)
        bh_network_set (agent->network, &message->network);
      break;
    case BH_MSG_NETWORK_GONE:
      if (agent->network)
        bh_network_remove (agent->network, message->network_gone.slot);
      break;
    case BH_MSG_LAUNCH:
      if (agent->network)
        bh_network_settle (agent->network);
      wait_for_camera (agent);
      bh_programs_launch (agent->programs, agent->configured ? &agent->session : NULL,
                          &message->launch);
      break;
    case BH_MSG_CAMERA_SWITCH:
      bh_video_switch (agent->video, message->camera_switch.on != 0);
      bh_sound_message (agent->sound, message);
      break;
    case BH_MSG_SOUND_SWITCH:
      bh_sound_message (agent->sound, message);
      break;
    case BH_MSG_TERMINATE:
      bh_programs_terminate (agent->programs, message->terminate.id);
      break;
    case BH_MSG_SHUTDOWN:
      bh_programs_shutdown (agent->programs);
      break;
    case BH_MSG_PING:
      pong = (bh_msg_pong){ .cookie = message->ping.cookie };
      bh_link_send (agent->link, BH_MSG_PONG, &pong);
      break;
    default:
      break;
    }
}

static void
drained (void *data)
{
  Agent *agent = data;

  bh_server_drained (agent->server);
}

static const BhLinkFuncs link_funcs = {
  .connected = connected,
  .disconnected = disconnected,
  .alone = alone,
  .message = message,
  .drained = drained,
};

static uint32_t
launch_of (void *data, pid_t pid)
{
  Agent *agent = data;

  return bh_programs_launch_of (agent->programs, pid);
}

static const BhServerFuncs server_funcs = { .launch_of = launch_of };

static int
asked_to_end (int signal, void *data)
{
  Agent *agent = data;

  bh_programs_shutdown (agent->programs);
  return 0;
}

/* What a virtual machine has and a pair has not, and all that can be done before somebody is there. */
static void
prepare_machine (Agent *agent)
{
  agent->network = bh_network_new (agent->loop, agent->link);
  agent->devices = bh_devices_new (agent->loop);
  agent->video = bh_video_new (agent->loop);
  agent->generation = bh_generation_new (agent->loop);
  bh_link_set_eager (agent->link, true);
#ifdef BH_HAVE_MOUNTS
  agent->prepared_runtime = bh_mounts_prepare ();
  if (agent->prepared_runtime)
    {
      g_setenv ("XDG_RUNTIME_DIR", agent->prepared_runtime, TRUE);
      agent->prepared_display = bh_server_listen (agent->server);
      if (agent->prepared_display && !bh_mounts_own (agent->prepared_display))
        agent->prepared_display = NULL;
    }
#endif
}

/* While the host reads our answer. Whatever it asks for next comes after this. */
static void
complete (Agent *agent)
{
  agent->incomplete = false;
#ifdef BH_HAVE_MOUNTS
  if (!agent->options->pair)
    complete_machine (agent);
#endif
  bh_sound_set_session (agent->sound, &agent->session);
}

/* Tell everybody what has come of it. */
static void
flush (Agent *agent)
{
  /* Flushing may end a program's connection or the host's, which gives both more to be told. */
  do
    {
      bh_server_update (agent->server);
      wl_display_flush_clients (agent->display);
      bh_programs_check_idle (agent->programs, bh_server_has_windows (agent->server));
      bh_link_flush (agent->link);
      bh_sound_flush (agent->sound);
    }
  while (agent->server->pending);
#ifdef BH_HAVE_MOUNTS
  /* While the host reads our hello. */
  if (agent->expecting)
    bh_mounts_expect ();
  agent->expecting = false;
#endif
  if (agent->incomplete)
    complete (agent);
}

int
bh_agent_run (const BhAgentOptions *options)
{
  Agent agent = { .options = options, .running = true };
  struct wl_event_source *terminated;

  signal (SIGPIPE, SIG_IGN);
  agent.display = wl_display_create ();
  agent.loop = wl_display_get_event_loop (agent.display);
  if (options->port)
    agent.link =
        bh_link_new_port (agent.loop, options->port, options->region_fd, &link_funcs, &agent);
  else if (options->pair)
    agent.link =
        bh_link_new_pair (agent.loop, options->channel_fd, options->region_fd, &link_funcs, &agent);
  else
    agent.link = bh_link_new_vm (agent.loop, &link_funcs, &agent);
  if (!agent.link)
    {
      g_printerr ("bulkhead-guest: there is no channel to the host\n");
      return 1;
    }
  agent.programs = bh_programs_new (agent.loop, agent.link, true, stop, &agent);
  agent.server = bh_server_new (agent.display, agent.link, &server_funcs, &agent);
  agent.sound = bh_sound_new (agent.loop, agent.link, options->media);
  terminated = wl_event_loop_add_signal (agent.loop, SIGTERM, asked_to_end, &agent);
  if (!options->pair)
    prepare_machine (&agent);
#ifdef BH_HAVE_MOUNTS
  agent.folders = bh_folders_new (agent.loop);
#endif
  bh_link_start (agent.link);
  while (agent.running)
    {
      flush (&agent);
      if (agent.running)
        wl_event_loop_dispatch (agent.loop, -1);
    }
  bh_link_flush (agent.link);
  wl_event_source_remove (terminated);
  bh_sound_free (agent.sound);
  bh_programs_free (agent.programs);
  if (agent.network)
    bh_network_free (agent.network);
  bh_devices_free (agent.devices);
  bh_video_free (agent.video);
  if (agent.generation)
    bh_generation_free (agent.generation);
  wl_display_destroy_clients (agent.display);
  bh_server_free (agent.server);
#ifdef BH_HAVE_MOUNTS
  bh_folders_free (agent.folders);
#endif
  bh_link_free (agent.link);
  if (agent.configured)
    bh_session_clear (&agent.session);
  wl_display_destroy (agent.display);
  return agent.code;
}
