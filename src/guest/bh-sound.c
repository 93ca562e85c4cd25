/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sound and camera in the guest.
 *
 * Theory of operation: a sound server takes a second and memory that most AppVMs never need. So the agent itself
 * listens where programs look for one (pulse/native, pipewire-0), once the host allows sound or a camera. The first
 * connection, or a camera, starts PipeWire, its session manager, and bulkhead-media, which has the speaker, the
 * microphone and the camera and speaks their messages with the host; the agent passes them on. PipeWire listens in a
 * folder of its own: a program that it served before it has a sink would find none, and give up. With the first
 * message of bulkhead-media the speaker is there. From then on programs are served: PipeWire's PulseAudio side is
 * started, and what connects to pipewire-0 is passed on to PipeWire. When one of the four ends, or the speaker does
 * not come, the others are ended as well, and the next connection starts them anew. */
#include "bh-sound.h"
#include "bh-relay.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Servers that end at once are not started more often than this. */
#define RESTART_MS 3000
/* What they may take until the speaker is there, a little less than programs wait for PulseAudio, which is 30 s. When
 * that was not enough they get twice as long. */
#define READY_MS 20000
#define MAX_READY_MS 80000

enum
{
  PIPEWIRE,
  MANAGER,
  MEDIA,
  PULSE,
  N_PARTS
};

/* PipeWire's own pulse server, without the file that only the package pipewire-pulse has. */
static const char pulse_conf[] =
    "context.spa-libs = {\n"
    "  audio.convert.* = audioconvert/libspa-audioconvert\n"
    "  support.* = support/libspa-support\n"
    "}\n"
    "context.modules = [\n"
    "  { name = libpipewire-module-protocol-native }\n"
    "  { name = libpipewire-module-client-node }\n"
    "  { name = libpipewire-module-adapter }\n"
    "  { name = libpipewire-module-metadata }\n"
    "  { name = libpipewire-module-protocol-pulse\n"
    "    args = { server.address = [ \"unix:native\" ] } }\n"
    "]\n";

/* No devices but ours: what looks for others costs time, and fails where there is no logind. The
 * first two are for WirePlumber 0.4 (Debian 12), the third for 0.5, which complains of the others. */
#define LUA_FOLDER "/usr/share/wireplumber/main.lua.d"
static const struct
{
  const char *folder, *name, *text;
} manager_files[] = {
  { "wireplumber/main.lua.d", "90-enable-all.lua",
    "load_module(\"metadata\")\n"
    "default_access.enable()\n"
    "device_defaults.enable()\n"
    "stream_defaults.enable()\n"
    "load_script(\"intended-roles.lua\")\n"
    "load_script(\"suspend-node.lua\")\n" },
  { "wireplumber/bluetooth.lua.d", "90-enable-all.lua", "-- no Bluetooth in here\n" },
  { "wireplumber/wireplumber.conf.d", "90-bulkhead.conf",
    "wireplumber.profiles = { main = {\n"
    "  hardware.audio = disabled\n"
    "  hardware.bluetooth = disabled\n"
    "  hardware.video-capture = disabled\n"
    "} }\n" },
};

typedef struct
{
  BhSound *sound;
  const char *name;
  pid_t pid; /* 0 when it does not run */
  int pidfd;
  struct wl_event_source *exit_source;
} Part;

struct _BhSound
{
  struct wl_event_loop *loop;
  BhLink *link;
  BhSession *session; /* NULL before it is configured */
  char *media;
  char *folder;              /* of PipeWire, the session manager and bulkhead-media */
  int native, pulse, inside; /* listening sockets, or -1; @inside is that of @folder */
  BhRelay *relay;            /* from @native to @inside, while programs are served */
  struct wl_event_source *native_source, *pulse_source, *restart, *watchdog;
  Part parts[N_PARTS];
  BhChannel *channel; /* to bulkhead-media */
  struct wl_event_source *source;
  uint32_t mask;
  bh_msg_sound_switch allowed;
  bh_msg_camera_switch camera;
  int64_t started;
  int patience; /* ms until the speaker has to be there */
  bool ending;  /* the first of them has ended */
};

static void watch_sockets (BhSound *sound);

static void
clear_source (struct wl_event_source **source)
{
  if (*source)
    wl_event_source_remove (*source);
  *source = NULL;
}

static void
drop_channel (BhSound *sound)
{
  bh_msg_sound_play play = { 0 };
  bh_msg_sound_record record = { 0 };
  bh_msg_camera_stream stream = { 0 };

  if (!sound->channel)
    return;
  clear_source (&sound->source);
  g_clear_pointer (&sound->channel, bh_channel_free);
  bh_link_send (sound->link, BH_MSG_SOUND_PLAY, &play);
  bh_link_send (sound->link, BH_MSG_SOUND_RECORD, &record);
  bh_link_send (sound->link, BH_MSG_CAMERA_STREAM, &stream);
}

static void
end_parts (BhSound *sound, int number)
{
  for (unsigned i = 0; i < N_PARTS; i++)
    if (sound->parts[i].pid > 0)
      kill (-sound->parts[i].pid, number);
}

static int
restart_now (void *data)
{
  BhSound *sound = data;

  clear_source (&sound->restart);
  watch_sockets (sound);
  return 0;
}

static int
part_ended (int fd, uint32_t mask, void *data)
{
  Part *part = data;
  BhSound *sound = part->sound;
  siginfo_t info = { 0 };
  int64_t wait;

  if (waitid (P_PIDFD, (id_t) part->pidfd, &info, WEXITED | WNOHANG) < 0 && errno != ECHILD)
    return 0;
  if (!sound->ending)
    g_message ("Sound ends: %s %s %d", part->name,
               info.si_code == CLD_EXITED ? "ended with code" : "was ended by signal",
               info.si_status);
  sound->ending = true;
  clear_source (&part->exit_source);
  close (part->pidfd);
  part->pid = 0;
  g_clear_pointer (&sound->relay, bh_relay_free);
  clear_source (&sound->watchdog);
  drop_channel (sound);
  end_parts (sound, SIGKILL);
  for (unsigned i = 0; i < N_PARTS; i++)
    if (sound->parts[i].pid > 0)
      return 0;
  wait = sound->started + RESTART_MS - g_get_monotonic_time () / 1000;
  sound->restart = wl_event_loop_add_timer (sound->loop, restart_now, sound);
  wl_event_source_timer_update (sound->restart, (int) CLAMP (wait, 1, RESTART_MS));
  return 0;
}

/* Never returns. @fd becomes 3. */
static void
run (BhSound *sound, char *const *argv, int fd, bool listening)
{
  g_auto (GStrv) environment = g_strdupv (sound->session->environment);
  char number[16];

  if (fd == 3)
    fcntl (3, F_SETFD, 0);
  else if (fd >= 0 && dup2 (fd, 3) < 0)
    _exit (127);
  bh_session_enter (sound->session, fd >= 0 ? 3 : 2);
  environment = g_environ_setenv (environment, "PIPEWIRE_RUNTIME_DIR", sound->folder, TRUE);
  if (listening)
    {
      g_snprintf (number, sizeof number, "%d", (int) getpid ());
      environment = g_environ_setenv (environment, "LISTEN_FDS", "1", TRUE);
      environment = g_environ_setenv (environment, "LISTEN_PID", number, TRUE);
    }
  execvpe (argv[0], argv, environment);
  fprintf (stderr, "bulkhead-guest: %s: %m\n", argv[0]);
  _exit (127);
}

static bool
start_part (BhSound *sound, unsigned index, const char *const *argv, int fd, bool listening)
{
  Part *part = &sound->parts[index];
  pid_t pid = fork ();

  if (pid == 0)
    run (sound, (char *const *) argv, fd, listening);
  if (pid < 0)
    {
      g_warning ("Cannot start %s: %m", argv[0]);
      return false;
    }
  part->sound = sound;
  part->name = argv[0];
  part->pid = pid;
  part->pidfd = pidfd_open (pid, 0);
  part->exit_source =
      wl_event_loop_add_fd (sound->loop, part->pidfd, WL_EVENT_READABLE, part_ended, part);
  return true;
}

static char *
inside_path (BhSound *sound)
{
  return g_build_filename (sound->folder, "pipewire-0", NULL);
}

static int
never_ready (void *data)
{
  BhSound *sound = data;

  clear_source (&sound->watchdog);
  g_message ("Sound is not ready after %d s, and is started anew", sound->patience / 1000);
  sound->patience = MIN (2 * sound->patience, MAX_READY_MS);
  end_parts (sound, SIGKILL);
  return 0;
}

/* Programs find the speaker: let them come, those that know PulseAudio as well. */
static void
serve (BhSound *sound)
{
  g_autofree char *inside = inside_path (sound);
  g_autofree char *conf = g_build_filename (sound->session->runtime_dir, "bulkhead-pulse.conf", NULL);
  const char *const pulse[] = { "pipewire", "-c", conf, NULL };

  clear_source (&sound->watchdog);
  sound->patience = READY_MS;
  if (!g_file_set_contents (conf, pulse_conf, -1, NULL))
    g_warning ("Cannot write %s", conf);
  if (!start_part (sound, PULSE, pulse, sound->pulse, true))
    end_parts (sound, SIGKILL);
  sound->relay = bh_relay_new (sound->loop, sound->native, inside);
}

static int
media_ready (int fd, uint32_t mask, void *data)
{
  BhSound *sound = data;
  BhWireStatus status;
  BhMessage message;

  if (!(mask & (WL_EVENT_READABLE | WL_EVENT_HANGUP | WL_EVENT_ERROR)))
    return 0;
  status = bh_channel_receive (sound->channel);
  if (status == BH_WIRE_OK)
    while ((status = bh_channel_next (sound->channel, &message)) == BH_WIRE_OK)
      if (bh_message_info (message.type)->stream == BH_STREAM_SOUND
          || bh_message_info (message.type)->stream == BH_STREAM_CAMERA)
        {
          if (!sound->relay && !sound->ending)
            serve (sound);
          bh_link_send (sound->link, message.type, &message.sound_play);
        }
  if (status != BH_WIRE_AGAIN)
    {
      drop_channel (sound);
      end_parts (sound, SIGTERM);
    }
  return 0;
}

void
bh_sound_flush (BhSound *sound)
{
  uint32_t mask = WL_EVENT_READABLE;

  if (!sound->channel)
    return;
  if (bh_channel_flush (sound->channel) != BH_WIRE_OK)
    {
      drop_channel (sound);
      end_parts (sound, SIGTERM);
      return;
    }
  if (bh_channel_wants_write (sound->channel))
    mask |= WL_EVENT_WRITABLE;
  if (mask != sound->mask)
    wl_event_source_fd_update (sound->source, mask);
  sound->mask = mask;
}

/* The other side of a socket that bulkhead-media gets; -1 when that cannot be. */
static int
make_channel (BhSound *sound)
{
  int fds[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    return -1;
  sound->channel = bh_channel_new (fds[0], BH_SIDE_HOST);
  if (!sound->channel)
    g_error ("Out of memory");
  sound->mask = WL_EVENT_READABLE;
  sound->source =
      wl_event_loop_add_fd (sound->loop, fds[0], sound->mask, media_ready, sound);
  bh_channel_send (sound->channel, BH_MSG_SOUND_SWITCH, &sound->allowed);
  bh_channel_send (sound->channel, BH_MSG_CAMERA_SWITCH, &sound->camera);
  return fds[1];
}

/* They find it with the folder as XDG_CONFIG_HOME. */
static void
write_manager_files (BhSound *sound)
{
  bool old = access (LUA_FOLDER, F_OK) == 0;

  for (unsigned i = 0; i < G_N_ELEMENTS (manager_files); i++)
    {
      bool lua = g_str_has_suffix (manager_files[i].name, ".lua");
      g_autofree char *dir = g_build_filename (sound->folder, manager_files[i].folder, NULL);
      g_autofree char *path = g_build_filename (dir, manager_files[i].name, NULL);

      if (lua != old)
        continue;
      if (g_mkdir_with_parents (dir, 0755) < 0
          || !g_file_set_contents (path, manager_files[i].text, -1, NULL))
        g_warning ("Cannot write %s", path);
    }
}

static int
start (int fd, uint32_t mask, void *data)
{
  BhSound *sound = data;
  g_autofree char *variable = g_strconcat ("XDG_CONFIG_HOME=", sound->folder, NULL);
  const char *const pipewire[] = { "pipewire", NULL };
  const char *const manager[] = { "env", variable, "wireplumber", NULL };
  /* A /dev/video outside of a virtual machine is somebody else's. */
  const char *const media[] = { sound->media, sound->session->vm ? "--video" : NULL, NULL };
  bool good;
  int other;

  clear_source (&sound->native_source);
  clear_source (&sound->pulse_source);
  write_manager_files (sound);
  sound->started = g_get_monotonic_time () / 1000;
  sound->ending = false;
  other = make_channel (sound);
  good = other >= 0 && start_part (sound, PIPEWIRE, pipewire, sound->inside, true)
         && start_part (sound, MANAGER, manager, -1, false)
         && start_part (sound, MEDIA, media, other, false);
  if (other >= 0)
    close (other);
  sound->watchdog = wl_event_loop_add_timer (sound->loop, never_ready, sound);
  wl_event_source_timer_update (sound->watchdog, sound->patience);
  if (!good)
    end_parts (sound, SIGKILL);
  return 0;
}

static void
watch_sockets (BhSound *sound)
{
  sound->native_source =
      wl_event_loop_add_fd (sound->loop, sound->native, WL_EVENT_READABLE, start, sound);
  sound->pulse_source =
      wl_event_loop_add_fd (sound->loop, sound->pulse, WL_EVENT_READABLE, start, sound);
}

static bool
installed (const char *name)
{
  g_autofree char *path = g_find_program_in_path (name);

  if (!path)
    g_warning ("Programs have no sound: %s is not installed", name);
  return path != NULL;
}

/* One of the session's user, who puts a lock there. */
static void
make_folder (BhSound *sound, const char *path)
{
  if ((mkdir (path, 0700) < 0 && errno != EEXIST)
      || (sound->session->vm && chown (path, sound->session->uid, sound->session->gid) < 0))
    g_warning ("Cannot make %s: %m", path);
}

/* Be there for programs, once there is a session for them and the host wants it. */
static void
listen_now (BhSound *sound)
{
  g_autofree char *dir = NULL, *pulse = NULL, *native = NULL, *inside = NULL;
  const BhSession *session = sound->session;

  if (!session || sound->native >= 0 || !(sound->allowed.play || sound->allowed.record || sound->camera.on)
      || !installed ("pipewire") || !installed ("wireplumber"))
    return;
  dir = g_build_filename (session->runtime_dir, "pulse", NULL);
  pulse = g_build_filename (dir, "native", NULL);
  native = g_build_filename (session->runtime_dir, "pipewire-0", NULL);
  sound->folder = g_build_filename (session->runtime_dir, "bulkhead-sound", NULL);
  inside = inside_path (sound);
  make_folder (sound, dir);
  make_folder (sound, sound->folder);
  sound->native = bh_session_listen (session, native);
  sound->pulse = bh_session_listen (session, pulse);
  sound->inside = bh_session_listen (session, inside);
  if (sound->native < 0 || sound->pulse < 0 || sound->inside < 0)
    {
      g_warning ("Programs have no sound: cannot listen in %s: %m", session->runtime_dir);
      return;
    }
  watch_sockets (sound);
}

/* A program that looks for a camera gives up when there is none yet, so it is there before the first asks. */
static void
start_for_camera (BhSound *sound)
{
  if (sound->camera.on && sound->native_source)
    start (-1, 0, sound);
}

void
bh_sound_set_session (BhSound *sound, BhSession *session)
{
  sound->session = session;
  listen_now (sound);
  start_for_camera (sound);
}

void
bh_sound_message (BhSound *sound, const BhMessage *message)
{
  if (message->type == BH_MSG_SOUND_SWITCH)
    sound->allowed = message->sound_switch;
  if (message->type == BH_MSG_CAMERA_SWITCH)
    sound->camera = message->camera_switch;
  listen_now (sound);
  start_for_camera (sound);
  if (sound->channel)
    bh_channel_send (sound->channel, message->type, &message->sound_switch);
}

bool
bh_sound_has_media (const BhSound *sound)
{
  return sound->channel != NULL;
}

void
bh_sound_disconnected (BhSound *sound)
{
  bh_msg_sound_switch nothing = { 0 };
  bh_msg_camera_switch no_camera = { 0 };

  if (!sound->channel)
    return;
  bh_channel_send (sound->channel, BH_MSG_SOUND_SWITCH, &nothing);
  bh_channel_send (sound->channel, BH_MSG_CAMERA_SWITCH, &no_camera);
}

BhSound *
bh_sound_new (struct wl_event_loop *loop, BhLink *link, const char *media)
{
  BhSound *sound = g_new0 (BhSound, 1);

  sound->loop = loop;
  sound->link = link;
  sound->media = g_strdup (media);
  sound->native = sound->pulse = sound->inside = -1;
  sound->patience = READY_MS;
  return sound;
}

void
bh_sound_free (BhSound *sound)
{
  clear_source (&sound->native_source);
  clear_source (&sound->pulse_source);
  clear_source (&sound->restart);
  clear_source (&sound->watchdog);
  clear_source (&sound->source);
  g_clear_pointer (&sound->channel, bh_channel_free);
  g_clear_pointer (&sound->relay, bh_relay_free);
  end_parts (sound, SIGKILL);
  for (unsigned i = 0; i < N_PARTS; i++)
    if (sound->parts[i].pid > 0)
      {
        waitpid (sound->parts[i].pid, NULL, 0);
        clear_source (&sound->parts[i].exit_source);
        close (sound->parts[i].pidfd);
      }
  if (sound->native >= 0)
    close (sound->native);
  if (sound->pulse >= 0)
    close (sound->pulse);
  if (sound->inside >= 0)
    close (sound->inside);
  g_free (sound->folder);
  g_free (sound->media);
  g_free (sound);
}
