# SPDX-License-Identifier: GPL-3.0-or-later
"""A private bus with the scripted service on it, and bulkheadctl on pipes or on a terminal."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time

from gi.repository import Gio, GLib

import harness
from harness import wait_for

NAME = 'io.github.bulkhead.Service'
MOCK = os.path.join(harness.SOURCE_DIR, 'tests', 'mocks', 'scripted-service.py')
BUS_CONFIG = '''<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<servicedir>{services}</servicedir>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
'''


def program():
    return harness.build_path('src', 'cli', 'bulkheadctl')


class Result:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f'exit code {self.code}\n--- out\n{self.out}\n--- err\n{self.err}'


class Control:
    """Runs bulkheadctl in an environment."""

    def __init__(self, env):
        self.env = env

    def __call__(self, *arguments, env=None, stdin=subprocess.DEVNULL, timeout=60, **more):
        process = self.spawn(*arguments, env=env, stdin=stdin, **more)
        out, err = process.communicate(timeout=timeout)
        return Result(process.returncode, out.decode(), err.decode())

    def spawn(self, *arguments, env=None, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **more):
        return subprocess.Popen([program(), *arguments], env={**self.env, **(env or {})}, stdin=stdin,
                                stdout=stdout, stderr=subprocess.PIPE, **more)


class Bus:
    """A private session bus; services: what its service folder holds, NAME to command."""

    def __init__(self, services=None):
        self.place = harness.Place()
        self.processes = []
        socket = os.path.join(self.place.runtime, 'bus')
        folder = self.place.path('services')
        os.mkdir(folder)
        for name, command in (services or {}).items():
            with open(os.path.join(folder, name + '.service'), 'w', encoding='utf-8') as file:
                file.write(f'[D-BUS Service]\nName={name}\nExec={command}\n')
        config = self.place.path('bus.conf')
        with open(config, 'w', encoding='utf-8') as file:
            file.write(BUS_CONFIG.format(socket=socket, services=folder))
        self.env = {**self.place.env, 'DBUS_SESSION_BUS_ADDRESS': 'unix:path=' + socket}
        self.spawn('dbus-daemon', '--nofork', '--nopidfile', '--config-file', config)
        wait_for(lambda: harness.listens(socket), 10, 'the bus')
        self.control = Control(self.env)

    def spawn(self, *argv):
        process = subprocess.Popen(argv, env=self.env, stdin=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def start_service(self, *arguments):
        self.record = self.place.path('record')
        self.service = self.spawn(sys.executable, MOCK, '--step', '10', '--record', self.record, *arguments)
        bus = Gio.DBusConnection.new_for_address_sync(
            self.env['DBUS_SESSION_BUS_ADDRESS'],
            Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
            | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
        bus.set_exit_on_close(False)
        wait_for(lambda: self.service.poll() is None and bus.call_sync(
            'org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'NameHasOwner',
            GLib.Variant('(s)', (NAME,)), None, Gio.DBusCallFlags.NONE, 5000, None).unpack()[0],
            20, 'the service')
        bus.close_sync(None)

    def recorded(self):
        with open(self.record, encoding='utf-8') as file:
            return [json.loads(line) for line in file]

    def close(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()
        self.place.remove()


class Terminal:
    """A program on a pseudo-terminal of its own."""

    def __init__(self, argv, env, **more):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.execvpe(argv[0], argv, env)
            finally:
                os._exit(127)
        self.seen = b''

    def read_until(self, text, timeout=20):
        """All that has come, as soon as text (bytes) is in it."""
        deadline = time.monotonic() + timeout
        while text not in self.seen:
            if not self.read_some(deadline):
                raise harness.Timeout(f'{text!r} did not come; there was {self.seen!r}')
        return self.seen

    def read_some(self, deadline):
        ready, _, _ = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self.fd, 4096)
        except OSError:  # the other end is closed
            return False
        self.seen += data
        return bool(data)

    def write(self, data):
        os.write(self.fd, data)

    def wait(self, timeout=20):
        """Its exit code, as a shell says it; reads on meanwhile."""
        deadline = time.monotonic() + timeout
        while self.read_some(deadline):
            pass
        status = wait_for(lambda: os.waitpid(self.pid, os.WNOHANG)[1:] if self._ended() else None,
                          max(0.1, deadline - time.monotonic()), 'the end of the program')
        self.pid = 0
        code = os.waitstatus_to_exitcode(status[0])
        return 128 - code if code < 0 else code

    def _ended(self):
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def close(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)


def interrupt(process):
    process.send_signal(signal.SIGINT)
