# SPDX-License-Identifier: GPL-3.0-or-later
"""A host played by a test: bulkhead-guest in pair mode with tests/tools/wire-talk at the other end."""

import json
import mmap
import os
import select
import signal
import socket
import struct
import subprocess
import time
import tty
import urllib.parse

from harness import Place, TestCase, Timeout, build_path, tool
from harness.pair import make_region, popen_with_fds


class Lines:
    """Lines of a program's output, waited for with a deadline."""

    def __init__(self, process, parse=lambda line: line):
        self.process, self._parse, self._buffer, self._end = process, parse, b'', False
        self.items = []
        self._taken = 0
        os.set_blocking(process.stdout.fileno(), False)

    def read(self, timeout=0.0):
        ready, _, _ = select.select([self.process.stdout], [], [], timeout)
        if ready:
            data = os.read(self.process.stdout.fileno(), 1 << 20)
            self._end = not data
            self._buffer += data
        *lines, self._buffer = self._buffer.split(b'\n')
        self.items += [self._parse(line.decode(errors='replace')) for line in lines]

    def next(self, matches, what, timeout=10.0):
        """The first item after the last one taken for which matches(); those between are skipped."""
        deadline = time.monotonic() + timeout
        while True:
            while self._taken < len(self.items):
                item = self.items[self._taken]
                self._taken += 1
                if matches(item):
                    return item
            left = deadline - time.monotonic()
            if left <= 0 or (self._end and not self._buffer):
                raise Timeout(f'{what} did not come; the last were {self.items[-12:]}')
            self.read(min(left, 1))

    def mark(self):
        """Skip what has come so far."""
        self.read()
        self._taken = len(self.items)


class Client(Lines):
    """tests/guest/client.c, run directly on the guest's display."""

    def __init__(self, runtime, display, argv=None):
        self.log = open(os.path.join(runtime, 'client.log'), 'ab')
        super().__init__(subprocess.Popen(
            argv or [build_path('tests', 'guest', 'client')], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.log,
            env={'XDG_RUNTIME_DIR': runtime, 'WAYLAND_DISPLAY': display, 'PATH': os.environ['PATH']}))
        self.expect('ready')

    def do(self, *lines):
        self.process.stdin.write(('\n'.join(lines) + '\n').encode())
        self.process.stdin.flush()

    def expect(self, start, timeout=10.0):
        """The next line that is or begins with the words `start`, as a list of words."""
        return self.next(lambda line: line == start or line.startswith(start + ' '),
                         f'"{start}"', timeout).split()

    def stop(self):
        for stream in (self.process.stdin, self.process.stdout):
            try:
                stream.close()
            except BrokenPipeError:  # it had ended with a command unread
                pass
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


class FakeHost:
    """Speaks the host's part. By itself it does nothing but what a method says."""

    def __init__(self, place, region=16, configure=True, port=False):
        self.place, self.region_mib, self._port = place, region, port
        self.runtime = place.path('g')
        os.makedirs(self.runtime, mode=0o700, exist_ok=True)
        self.log = place.path('guest.log')
        self._serial = 0
        self._configure = configure
        self.clients = []

    def start(self):
        argv = [build_path('src', 'guest', 'bulkhead-guest'), '--runtime-dir', self.runtime]
        fds = {}
        self.map = None
        if self._port:
            host = self._open_port()
            argv += ['--channel-port', self.place.path('port')]
        else:
            host, guest = (end.detach() for end in socket.socketpair())
            argv += ['--channel-fd', '3']
            fds[3] = guest
        if self.region_mib:
            region = make_region(self.region_mib)
            self.map = mmap.mmap(region, self.region_mib << 20)
            argv += ['--region-fd', '4']
            fds[4] = region
        with open(self.log, 'ab') as log:
            self.guest = popen_with_fds(argv, fds, env=self.place.env, stdin=subprocess.DEVNULL,
                                        stdout=log, stderr=log)
        if not self._port:
            os.close(guest)
        if self.region_mib:
            os.close(region)
        self._talk(host)
        if self._configure:
            self.send('configure', host_name='test', user_name='user', uid=1000,
                      machine_id='1' * 32, seed='00*32', environment='FROM_HOST=yes')
            assert self.expect('configured')['status'] == 0
        return self

    def _talk(self, fd):
        talk = popen_with_fds([tool('wire-talk'), '3', 'host'], {3: fd}, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE)
        os.close(fd)
        self.lines = Lines(talk, json.loads)
        self.hello = self.expect('hello')

    def _open_port(self):
        """A terminal's other end hangs up when this one is closed, like a virtio port's."""
        master, slave = os.openpty()
        tty.setraw(slave)
        link = self.place.path('port')
        os.symlink(os.ttyname(slave), link + '.new')
        os.rename(link + '.new', link)
        # Open until the agent has it: a terminal without any reader is hung up as well.
        self._slave = slave
        return master

    def _stop_talking(self):
        self.lines.process.stdin.close()
        self.lines.process.stdout.close()  # or it could wait for us to read
        self.lines.process.wait(5)

    def reconnect(self, while_gone=lambda: None):
        """Another host comes after this one has gone."""
        os.close(self._slave)
        self._stop_talking()
        while_gone()
        self._talk(self._open_port())

    @property
    def display(self):
        return 'wayland-0'

    def serial(self):
        self._serial += 1
        return self._serial

    def command(self, line):
        self.lines.process.stdin.write(line.encode() + b'\n')
        self.lines.process.stdin.flush()

    def send(self, message, **fields):
        self.command(' '.join([message, *(f'{name}={self._text(value)}'
                                          for name, value in fields.items())]))

    @staticmethod
    def _text(value):
        if isinstance(value, (list, tuple)):
            return ','.join(urllib.parse.quote(item, safe='/= ').replace(' ', '%20')
                            for item in value)
        return urllib.parse.quote(str(value), safe='/=*')

    def expect(self, message, timeout=10.0, **fields):
        def matches(item):
            return item.get('message') == message and all(
                item.get(name) == value for name, value in fields.items())
        return self.lines.next(matches, f'{message} {fields}', timeout)

    def sync(self):
        """Wait until the agent has handled what was sent so far."""
        cookie = self.serial()
        self.send('ping', cookie=cookie)
        self.expect('pong', cookie=cookie)

    def client(self):
        client = Client(self.runtime, self.display)
        self.clients.append(client)
        return client

    def launch(self, launch_id, *argv, app='', x11=1):
        self.send('launch', id=launch_id, app=app, argv=list(argv), x11=x11)
        return self.expect('launched', id=launch_id)

    # Windows. The test's own view: slots of `slot_bytes` each, one area per window.

    def configure(self, window, width=0, height=0, states=0, serial=None):
        serial = serial or self.serial()
        self.send('window_configure', window=window, serial=serial, width=width, height=height,
                  states=states)
        return serial

    def give_slots(self, window, offset=0, count=None, by_channel=0):
        want = self.expect('slots_want', window=window)
        self.send('slots', window=window, generation=want['generation'],
                  count=want['count'] if count is None else count, by_channel=by_channel,
                  offset=offset, bytes=want['bytes'])
        return want

    def show(self, client, number, width, height, color, offset=0, **configure):
        """Bring up toplevel `number` of one colour; returns its window and first frame."""
        client.do(f'toplevel {number}')
        window = self.expect('window_new')['window']
        self.configure(window, **configure)
        client.expect(f'configure {number}')
        client.do(f'draw {number} {width} {height} {color:#010x}')
        self.want = self.give_slots(window, offset)
        self.offset = offset
        return window, self.expect('frame', window=window)

    def pixel(self, frame, x, y, want=None, offset=None):
        """The XRGB pixel of a frame that lies in the shared region."""
        base = self.offset if offset is None else offset
        at = base + frame['slot'] * (want or self.want)['bytes'] + y * frame['stride'] + x * 4
        return struct.unpack_from('<I', self.map, at)[0] & 0xffffff

    def free(self, frame):
        self.send('slot_free', window=frame['window'], generation=frame['generation'],
                  slot=frame['slot'])

    def log_tail(self):
        with open(self.log, encoding='utf-8', errors='replace') as log:
            return log.read()[-4000:]

    def stop(self):
        for client in self.clients:
            client.stop()
        self._stop_talking()
        if self._port:
            os.close(self._slave)
        try:
            self.guest.wait(5)
        except subprocess.TimeoutExpired:
            self.guest.send_signal(signal.SIGKILL)
            self.guest.wait()
            raise
        if self.map:
            self.map.close()


class GuestTestCase(TestCase):
    """One agent for each test, self.host; it has to end well when the host goes."""

    REGION = 16
    PORT = False

    def setUp(self):
        place = Place()
        self.addCleanup(place.remove)
        self.host = FakeHost(place, self.REGION, port=self.PORT)
        self.addCleanup(self._stop)
        self.host.start()

    def _stop(self):
        failed = self.failed()
        self.host.stop()
        if failed or self.host.guest.returncode != 0:
            print(self.host.log_tail(), flush=True)
        self.assertEqual(self.host.guest.returncode, 0)
        self.assertNotIn('Sanitizer', self.host.log_tail())
        self.assertNotIn('runtime error', self.host.log_tail())
