/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The programs the host has asked for: starting, watching and ending them. */
#include "bh-programs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bh-command.h"
#include "bh-waiting.h"

#define TAIL 4096
#define TERMINATE_MS 5000
#define SHUTDOWN_MS 2000
/* What programs print goes to the console as well, this much a second. */
#define ECHO_BYTES 16384

typedef struct
{
  struct wl_list link;
  BhPrograms *programs;
  uint32_t id;
  pid_t pid;
  int pidfd, output; /* -1 when done with */
  struct wl_event_source *exit_source, *output_source, *kill_timer;
  uint8_t tail[TAIL];
  size_t tail_at, tail_length; /* a ring: next byte, how many */
  bool ended, hidden;          /* hidden: the session bus */
  uint32_t code;
} Program;

struct _BhPrograms
{
  struct wl_event_loop *loop;
  BhLink *link;
  BhSession *session; /* of the launches that wait */
  BhWaiting *waiting;
  struct wl_list list;
  bool echo, idle_due, shutting_down;
  size_t echoed;
  int64_t echo_second;
  struct wl_event_source *kill_timer;
  void (*stopped) (void *data);
  void *data;
};

static void files_ready (void *data, const bh_msg_launch *launch);

BhPrograms *
bh_programs_new (struct wl_event_loop *loop, BhLink *link, bool echo, void (*stopped) (void *data),
                 void *data)
{
  BhPrograms *programs = g_new0 (BhPrograms, 1);

  programs->loop = loop;
  programs->link = link;
  programs->echo = echo;
  programs->stopped = stopped;
  programs->data = data;
  programs->waiting = bh_waiting_new (loop, files_ready, programs);
  wl_list_init (&programs->list);
  return programs;
}

static void
clear_source (struct wl_event_source **source)
{
  if (*source)
    wl_event_source_remove (*source);
  *source = NULL;
}

static void
free_program (Program *program)
{
  clear_source (&program->exit_source);
  clear_source (&program->output_source);
  clear_source (&program->kill_timer);
  if (program->pidfd >= 0)
    close (program->pidfd);
  if (program->output >= 0)
    close (program->output);
  wl_list_remove (&program->link);
  g_free (program);
}

void
bh_programs_free (BhPrograms *programs)
{
  Program *program, *next;

  wl_list_for_each_safe (program, next, &programs->list, link)
  {
    if (!program->ended)
      kill (-program->pid, SIGKILL);
    free_program (program);
  }
  clear_source (&programs->kill_timer);
  bh_waiting_free (programs->waiting);
  g_free (programs);
}

static unsigned
count_running (BhPrograms *programs, bool hidden)
{
  Program *program;
  unsigned n = 0;

  wl_list_for_each (program, &programs->list, link)
  {
    if (!program->ended && (hidden || !program->hidden))
      n++;
  }
  return n;
}

static void
echo (BhPrograms *programs, const uint8_t *data, size_t length)
{
  int64_t second = g_get_monotonic_time () / G_USEC_PER_SEC;

  if (!programs->echo)
    return;
  if (second != programs->echo_second)
    {
      programs->echo_second = second;
      programs->echoed = 0;
    }
  length = MIN (length, ECHO_BYTES - programs->echoed);
  programs->echoed += length;
  if (write (STDERR_FILENO, data, length) < 0)
    return;
}

/* Read what is there; false at the end. */
static bool
read_output (Program *program)
{
  uint8_t buffer[TAIL];

  for (unsigned turn = 0; turn < 16; turn++)
    {
      ssize_t n = read (program->output, buffer, sizeof buffer);

      if (n < 0)
        return errno == EAGAIN || errno == EINTR;
      if (n == 0)
        return false;
      for (ssize_t i = 0; i < n; i++)
        {
          program->tail[program->tail_at] = buffer[i];
          program->tail_at = (program->tail_at + 1) % TAIL;
        }
      program->tail_length = MIN (TAIL, program->tail_length + (size_t) n);
      echo (program->programs, buffer, (size_t) n);
    }
  return true;
}

/* A program that ended stays in the list while the host does not know, or its children write. */
static void
settle (Program *program)
{
  BhPrograms *programs = program->programs;
  uint8_t tail[TAIL];
  bh_msg_exited exited = { .id = program->id, .code = program->code };

  if (!program->ended)
    return;
  if (!program->hidden)
    {
      size_t start = (program->tail_at + TAIL - program->tail_length) % TAIL;

      for (size_t i = 0; i < program->tail_length; i++)
        tail[i] = program->tail[(start + i) % TAIL];
      exited.tail.data = tail;
      exited.tail.len = (uint32_t) program->tail_length;
      if (!bh_link_send (programs->link, BH_MSG_EXITED, &exited))
        return;
      program->hidden = true;
    }
  if (program->output < 0)
    free_program (program);
}

static int
output_ready (int fd, uint32_t mask, void *data)
{
  Program *program = data;

  if (!read_output (program))
    {
      clear_source (&program->output_source);
      close (program->output);
      program->output = -1;
      if (program->ended)
        settle (program);
    }
  return 0;
}

static int
exit_ready (int fd, uint32_t mask, void *data)
{
  Program *program = data;
  BhPrograms *programs = program->programs;
  siginfo_t info = { 0 };

  if (waitid (P_PIDFD, (id_t) program->pidfd, &info, WEXITED | WNOHANG) < 0 && errno != ECHILD)
    return 0;
  program->ended = true;
  program->code = info.si_code == CLD_EXITED ? (uint32_t) info.si_status & 0xff
                                             : 128 + ((uint32_t) info.si_status & 0x7f);
  clear_source (&program->exit_source);
  clear_source (&program->kill_timer);
  if (program->output >= 0 && !read_output (program))
    {
      clear_source (&program->output_source);
      close (program->output);
      program->output = -1;
    }
  settle (program);
  if (programs->shutting_down && count_running (programs, true) == 0)
    programs->stopped (programs->data);
  return 0;
}

static Program *
watch (BhPrograms *programs, uint32_t id, pid_t pid, int output)
{
  Program *program = g_new0 (Program, 1);

  program->programs = programs;
  program->id = id;
  program->pid = pid;
  program->output = output;
  program->hidden = id == 0;
  program->pidfd = pidfd_open (pid, 0);
  wl_list_insert (programs->list.prev, &program->link);
  program->exit_source =
      wl_event_loop_add_fd (programs->loop, program->pidfd, WL_EVENT_READABLE, exit_ready, program);
  if (output >= 0)
    {
      fcntl (output, F_SETFL, O_NONBLOCK);
      program->output_source =
          wl_event_loop_add_fd (programs->loop, output, WL_EVENT_READABLE, output_ready, program);
    }
  return program;
}

static void
answer (BhPrograms *programs, uint32_t id, uint32_t status, const char *detail)
{
  bh_msg_launched launched = { .id = id, .status = status };
  char text[513];

  launched.detail.len = (uint32_t) bh_wire_text_clean (detail ? detail : "", text, sizeof text);
  launched.detail.data = text;
  bh_link_send (programs->link, BH_MSG_LAUNCHED, &launched);
}

/* Never returns. */
static void
run (const BhSession *session, const BhCommand *command, int output, int failed)
{
  const char *directory = command->entry.directory;
  int null = open ("/dev/null", O_RDONLY);

  dup2 (null, STDIN_FILENO);
  dup2 (output, STDOUT_FILENO);
  dup2 (output, STDERR_FILENO);
  bh_session_enter (session, failed);
  if ((!directory || chdir (directory) < 0) && chdir (session->home) < 0 && chdir ("/") < 0)
    _exit (126);
  execve (command->path, command->entry.argv, command->environment);
  if (write (failed, &errno, sizeof errno) < 0)
    _exit (126);
  _exit (127);
}

/* Start @command; 0 or an errno. */
static int
spawn (BhPrograms *programs, const BhSession *session, uint32_t id, const BhCommand *command)
{
  int output[2], failed[2], error = 0;
  pid_t pid;

  if (pipe2 (output, O_CLOEXEC) < 0)
    return errno;
  if (pipe2 (failed, O_CLOEXEC) < 0)
    {
      error = errno;
      close (output[0]);
      close (output[1]);
      return error;
    }
  pid = fork ();
  if (pid == 0)
    run (session, command, output[1], failed[1]);
  if (pid < 0)
    error = errno;
  close (output[1]);
  close (failed[1]);
  /* Closed by a successful exec. */
  if (pid > 0 && read (failed[0], &error, sizeof error) != sizeof error)
    error = 0;
  close (failed[0]);
  if (error == 0)
    watch (programs, id, pid, output[0]);
  else
    {
      if (pid > 0)
        waitpid (pid, NULL, 0);
      close (output[0]);
    }
  return error;
}

static uint32_t
start (BhPrograms *programs, const BhSession *session, uint32_t id, const BhCommand *command,
       char **detail)
{
  int error = spawn (programs, session, id, command);

  if (error == 0)
    return BH_LAUNCH_OK;
  *detail = g_strdup_printf ("%s: %s", command->path, g_strerror (error));
  return error == ENOENT || error == EACCES || error == ENOEXEC ? BH_LAUNCH_NOT_FOUND
                                                                : BH_LAUNCH_FAILED;
}

/* Now, whether its files are there or not. */
static void
launch_now (BhPrograms *programs, BhSession *session, const bh_msg_launch *launch)
{
  BhCommand command = { 0 };
  g_autofree char *detail = NULL;
  uint32_t status;
  pid_t bus = 0;

  if (!session)
    status = BH_LAUNCH_NOT_CONFIGURED;
  else if (count_running (programs, false) >= BH_MAX_PROGRAMS || programs->shutting_down)
    status = BH_LAUNCH_TOO_MANY;
  else if (!bh_waiting_is_over (launch))
    {
      status = BH_LAUNCH_FAILED;
      detail = g_strdup ("the files that it is to open have not come");
    }
  else
    {
      bus = bh_session_start_bus (session);
      status = bh_command_resolve (session, launch, &command, &detail);
    }
  if (bus > 0)
    watch (programs, 0, bus, -1);
  if (status == BH_LAUNCH_OK)
    status = start (programs, session, launch->id, &command, &detail);
  /* A launch that came to nothing is told as idle as well. */
  programs->idle_due = true;
  bh_command_clear (&command);
  answer (programs, launch->id, status, detail);
}

static void
files_ready (void *data, const bh_msg_launch *launch)
{
  BhPrograms *programs = data;

  launch_now (programs, programs->session, launch);
}

void
bh_programs_launch (BhPrograms *programs, BhSession *session, const bh_msg_launch *launch)
{
  programs->session = session;
  if (!session || programs->shutting_down || bh_waiting_is_over (launch)
      || !bh_waiting_add (programs->waiting, launch))
    launch_now (programs, session, launch);
}

static int
kill_late (void *data)
{
  Program *program = data;

  kill (-program->pid, SIGKILL);
  return 0;
}

void
bh_programs_terminate (BhPrograms *programs, uint32_t id)
{
  Program *program;

  bh_waiting_give_up (programs->waiting, id);
  wl_list_for_each (program, &programs->list, link)
  {
    if (program->id != id || program->ended || program->hidden)
      continue;
    kill (-program->pid, SIGTERM);
    if (!program->kill_timer)
      program->kill_timer = wl_event_loop_add_timer (programs->loop, kill_late, program);
    wl_event_source_timer_update (program->kill_timer, TERMINATE_MS);
  }
}

static int
kill_all (void *data)
{
  BhPrograms *programs = data;
  Program *program;

  wl_list_for_each (program, &programs->list, link)
  {
    if (!program->ended)
      kill (-program->pid, SIGKILL);
  }
  return 0;
}

void
bh_programs_shutdown (BhPrograms *programs)
{
  Program *program;

  if (programs->shutting_down)
    return;
  programs->shutting_down = true;
  if (count_running (programs, true) == 0)
    {
      programs->stopped (programs->data);
      return;
    }
  wl_list_for_each (program, &programs->list, link)
  {
    if (!program->ended)
      kill (-program->pid, SIGTERM);
  }
  programs->kill_timer = wl_event_loop_add_timer (programs->loop, kill_all, programs);
  wl_event_source_timer_update (programs->kill_timer, SHUTDOWN_MS);
}

/* Parent and session of @pid from /proc; false when it is gone. */
static bool
read_stat (pid_t pid, pid_t *parent, pid_t *session)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", (int) pid), *text = NULL;
  const char *end;
  int ppid, group, sid;

  /* The name in parentheses may hold anything. */
  if (!g_file_get_contents (path, &text, NULL, NULL) || !(end = strrchr (text, ')'))
      || sscanf (end + 1, " %*c %d %d %d", &ppid, &group, &sid) != 3)
    return false;
  *parent = ppid;
  *session = sid;
  return true;
}

uint32_t
bh_programs_launch_of (BhPrograms *programs, pid_t pid)
{
  for (unsigned depth = 0; depth < 64 && pid > 1; depth++)
    {
      pid_t parent, session;
      Program *program;

      if (!read_stat (pid, &parent, &session))
        return 0;
      wl_list_for_each (program, &programs->list, link)
      {
        if (program->id != 0 && (program->pid == pid || program->pid == session))
          return program->id;
      }
      pid = parent;
    }
  return 0;
}

void
bh_programs_connected (BhPrograms *programs)
{
  Program *program, *next;

  wl_list_for_each_safe (program, next, &programs->list, link) settle (program);
}

void
bh_programs_check_idle (BhPrograms *programs, bool windows)
{
  bh_msg_idle idle = { 0 };

  if (!programs->idle_due || windows || count_running (programs, false) > 0
      || bh_waiting_count (programs->waiting) > 0)
    return;
  if (bh_link_send (programs->link, BH_MSG_IDLE, &idle))
    programs->idle_due = false;
}
