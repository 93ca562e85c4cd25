# SPDX-License-Identifier: GPL-3.0-or-later
"""bulkhead-guest and bulkhead-proxy on this computer, without a VM: the pair that windows need.

The test stands where the service would: it holds the other end of the proxy's private D-Bus.
"""

import fcntl
import os
import signal
import socket
import subprocess

import gi
gi.require_version('Gio', '2.0')
from gi.repository import Gio, GLib  # noqa: E402

from . import BUILD_DIR, build_path, wait_for  # noqa: E402

PROXY_PATH = '/io/github/bulkhead/Proxy'
PROXY_INTERFACE = 'io.github.bulkhead.Proxy1'
F_ADD_SEALS, SEALS = 1033, 0x1 | 0x2 | 0x4  # SEAL, SHRINK, GROW


def make_region(mebibytes):
    """The shared region as bulkhead-vmm makes it: sealed, of a fixed size."""
    fd = os.memfd_create('bulkhead-region', os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, mebibytes << 20)
    fcntl.fcntl(fd, F_ADD_SEALS, SEALS)
    return fd


def popen_with_fds(argv, fds, **kwargs):
    """Popen with descriptors at the numbers the program expects: {3: fd, 4: fd}."""
    # The numbers must be taken here, or Popen's own pipe could sit on one of them in the child.
    reserved = []
    while True:
        fd = os.open('/dev/null', os.O_RDONLY | os.O_CLOEXEC)
        reserved.append(fd)
        if fd > max(fds):
            break
    high = {number: fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 64) for number, fd in fds.items()}

    def place():
        for number, fd in high.items():
            os.dup2(fd, number)
    try:
        return subprocess.Popen(argv, preexec_fn=place, pass_fds=tuple(fds), **kwargs)
    finally:
        for fd in [*reserved, *high.values()]:
            os.close(fd)


class Pair:
    """start() … stop(), or a with block. Programs started by launch() are shown on `sway`.

    region: MiB of shared memory, 0 to send pixels through the channel.
    signals: every signal of the proxy so far, (name, arguments).
    """

    def __init__(self, sway, name='Work', color='#e66100', region=256, wrapper=()):
        self.sway, self.name, self.color, self.region = sway, name, color, region
        self._wrapper = list(wrapper)
        self.signals = []
        self.guest_env = {}
        self.guest = self.proxy = self.bus = None
        self._last_id = 0
        self.runtime = os.path.join(sway.place.root, f'guest-{name}'.lower())
        self.log = os.path.join(sway.place.root, f'pair-{name}.log'.lower())

    def start(self):
        os.makedirs(self.runtime, mode=0o700, exist_ok=True)
        host_channel, guest_channel = socket.socketpair()
        service_end, proxy_end = socket.socketpair()
        region = make_region(self.region) if self.region else None
        with open(self.log, 'ab') as log:
            argv = [build_path('src', 'guest', 'bulkhead-guest'), '--channel-fd', '3',
                    '--runtime-dir', self.runtime,
                    '--media', os.path.join(BUILD_DIR, 'src', 'media', 'bulkhead-media')]
            fds = {3: guest_channel.fileno()}
            if region is not None:
                argv += ['--region-fd', '4']
                fds[4] = region
            env = {name: value for name, value in self.sway.env.items()
                   if name not in ('WAYLAND_DISPLAY', 'SWAYSOCK', 'DBUS_SESSION_BUS_ADDRESS')}
            env.update(self.guest_env)
            self.guest = popen_with_fds(argv, fds, env=env, stdin=subprocess.DEVNULL,
                                        stdout=log, stderr=log)
            fds = {3: proxy_end.fileno(), 4: host_channel.fileno()}
            if region is not None:
                fds[5] = region
            self.proxy = popen_with_fds(
                [*self._wrapper, build_path('src', 'proxy', 'bulkhead-proxy'),
                 '--id', self.name.lower(), '--name', self.name, '--color', self.color],
                fds, env=self.sway.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        for end in (host_channel, guest_channel, proxy_end):
            end.close()
        if region is not None:
            os.close(region)
        stream = Gio.Socket.new_from_fd(service_end.detach()).connection_factory_create_connection()
        self.bus = Gio.DBusConnection.new_sync(
            stream, Gio.dbus_generate_guid(),
            Gio.DBusConnectionFlags.AUTHENTICATION_SERVER
            | Gio.DBusConnectionFlags.DELAY_MESSAGE_PROCESSING, None, None)
        self.bus.set_exit_on_close(False)
        self.bus.signal_subscribe(None, PROXY_INTERFACE, None, PROXY_PATH, None,
                                  Gio.DBusSignalFlags.NONE, self._on_signal)
        self.bus.start_message_processing()
        self.wait_signal('Hello')
        self.call('Configure', '(a{sv})', ({
            'host-name': GLib.Variant('s', 'test'), 'user-name': GLib.Variant('s', 'user'),
            'uid': GLib.Variant('u', os.getuid()), 'machine-id': GLib.Variant('s', '1' * 32),
            'time-zone': GLib.Variant('s', 'UTC'), 'environment': GLib.Variant('as', []),
            'mount-opt': GLib.Variant('b', False), 'dark': GLib.Variant('b', False)},))
        _, (status, detail) = self.wait_signal('Configured')
        if status != 0:
            raise RuntimeError(f'not configured: {status} {detail}')
        return self

    def _on_signal(self, _bus, _sender, _path, _interface, name, arguments):
        self.signals.append((name, arguments.unpack()))

    def pump(self):
        """Take in the signals that have arrived."""
        while GLib.MainContext.default().iteration(False):
            pass

    def find_signal(self, name, matches=lambda *_: True):
        self.pump()
        for signal_name, arguments in self.signals:
            if signal_name == name and matches(*arguments):
                return signal_name, arguments
        for process in (self.guest, self.proxy):
            if process.poll() is not None and name not in ('Failed', 'Exited'):
                raise RuntimeError(f'{process.args} ended with {process.returncode}: '
                                   f'{self.log_tail()}')
        return None

    def wait_signal(self, name, matches=lambda *_: True, timeout=10):
        """The first signal `name` whose arguments match; those that came earlier count."""
        return wait_for(lambda: self.find_signal(name, matches), timeout, f'the signal {name}')

    def log_tail(self, size=2000):
        with open(self.log, encoding='utf-8', errors='replace') as log:
            return log.read()[-size:]

    def call(self, method, signature=None, arguments=None):
        variant = GLib.Variant(signature, arguments) if signature else None
        return self.bus.call_sync(None, PROXY_PATH, PROXY_INTERFACE, method, variant, None,
                                  Gio.DBusCallFlags.NONE, 10000, None)

    def launch(self, *argv, app=None, x11='no'):
        """Start a program in the guest; returns its id."""
        self._last_id += 1
        options = {'x11': GLib.Variant('s', x11)}
        if app:
            options['app'] = GLib.Variant('s', app)
        else:
            options['argv'] = GLib.Variant('as', list(argv))
        self.call('Launch', '(ua{sv})', (self._last_id, options))
        wanted = self._last_id
        _, (_, status, detail) = self.wait_signal('Launched', lambda i, *_: i == wanted)
        if status != 0:
            raise RuntimeError(f'{argv or app}: {status} {detail}')
        return wanted

    def wait_exit(self, launch_id, timeout=10):
        """The exit code and the end of the output of a launched program."""
        _, (_, code, tail) = self.wait_signal('Exited', lambda i, *_: i == launch_id, timeout)
        return code, bytes(tail).rstrip(b'\0')  # GVariant's byte strings end with NUL

    def wait_window(self, app_id=None, title=None, timeout=10):
        return self.sway.wait_view(app_id or 'bulkhead', title, timeout)

    def stop(self):
        if self.bus is not None:
            if not self.bus.is_closed():
                self.bus.close_sync(None)
            self.bus = None
        for process in (self.proxy, self.guest):
            if process is None:
                continue
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
