# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest played by a test: bulkhead-proxy with tests/tools/wire-talk at the other end."""

import json
import mmap
import os
import socket
import subprocess
import threading
import time
import urllib.parse

import gi
gi.require_version('Gio', '2.0')
from gi.repository import Gio, GLib  # noqa: E402

from harness import Timeout, build_path, tool, wait_for  # noqa: E402
from harness.pair import PROXY_INTERFACE, PROXY_PATH, make_region, popen_with_fds  # noqa: E402
from harness.sway import DesktopTestCase  # noqa: E402

SIDE, CAPTION, POPUP, LEAST = 4, 28, 3, 176  # bh-border.h
EXIT_OK, EXIT_SETUP, EXIT_GUEST, EXIT_DISPLAY = 0, 1, 3, 4  # bh-proxy.h
MAGIC = 0x4b4c4842


class WireGuest:
    """start() … stop(). Messages the proxy sent are in `messages`, D-Bus signals in `signals`."""

    def __init__(self, sway, name='Work', color='#e66100', region=16, env=None, hello=True):
        self.sway, self.name, self.color = sway, name, color
        self.region_mib, self._env, self._hello = region, env or {}, hello
        self.messages, self.signals = [], []
        self._taken = 0
        self._arrived = threading.Condition()
        self._generations = {}
        self.map = None
        self.log = os.path.join(sway.place.root, f'proxy-{name}.log'.lower())

    @property
    def rgb(self):
        return tuple(int(self.color[i:i + 2], 16) for i in (1, 3, 5))

    def start(self):
        host, guest = socket.socketpair()
        service, proxy = socket.socketpair()
        fds = {3: proxy.fileno(), 4: host.fileno()}
        if self.region_mib:
            region = make_region(self.region_mib)
            self.map = mmap.mmap(region, self.region_mib << 20)
            fds[5] = region
        with open(self.log, 'wb') as log:
            self.proxy = popen_with_fds(
                [build_path('src', 'proxy', 'bulkhead-proxy'), '--id', self.name.lower(),
                 '--name', self.name, '--color', self.color], fds,
                # The leak checker wants to look into /proc, which the proxy cannot.
                env={**self.sway.env, **self._env, 'ASAN_OPTIONS': 'detect_leaks=0',
                     'BULKHEAD_PROXY_NO_SECCOMP': '1'}, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log)
        self.talk = popen_with_fds([tool('wire-talk'), '3', 'guest'], {3: guest.fileno()},
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        for end in (host, guest, proxy):
            end.close()
        if self.region_mib:
            os.close(region)
        stream = Gio.Socket.new_from_fd(service.detach()).connection_factory_create_connection()
        self.bus = Gio.DBusConnection.new_sync(
            stream, Gio.dbus_generate_guid(),
            Gio.DBusConnectionFlags.AUTHENTICATION_SERVER
            | Gio.DBusConnectionFlags.DELAY_MESSAGE_PROCESSING, None, None)
        self.bus.set_exit_on_close(False)
        self.bus.signal_subscribe(None, PROXY_INTERFACE, None, PROXY_PATH, None,
                                  Gio.DBusSignalFlags.NONE,
                                  lambda *a: self.signals.append((a[4], a[5].unpack())))
        self.bus.start_message_processing()
        if self._hello:
            self.hello()
        return self

    def hello(self):
        self.send('hello', magic=MAGIC, version=1, build='test',
                  region_bytes=self.region_mib << 20, configured=0)
        self.wait_signal('Hello')

    def stop(self):
        try:
            self.bus.close_sync(None)
        except GLib.Error:
            pass  # the proxy was first
        for process in (self.talk, self.proxy):
            if process.stdin:
                try:
                    process.stdin.close()
                except BrokenPipeError:
                    pass
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._reader.join()
        self.talk.stdout.close()
        return self.proxy.returncode

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    # D-Bus

    def call(self, method, signature=None, arguments=None):
        variant = GLib.Variant(signature, arguments) if signature else None
        return self.bus.call_sync(None, PROXY_PATH, PROXY_INTERFACE, method, variant, None,
                                  Gio.DBusCallFlags.NONE, 10000, None)

    def find_signal(self, name, matches=lambda *_: True):
        while GLib.MainContext.default().iteration(False):
            pass
        for signal_name, arguments in self.signals:
            if signal_name == name and matches(*arguments):
                return arguments
        return None

    def wait_signal(self, name, matches=lambda *_: True, timeout=10):
        return wait_for(lambda: self.find_signal(name, matches) is not None and
                        (self.find_signal(name, matches),), timeout, f'the signal {name}')[0]

    # the wire

    def line(self, text):
        try:
            self.talk.stdin.write(text.encode() + b'\n')
            self.talk.stdin.flush()
        except BrokenPipeError:
            pass  # the channel has ended: wire-talk too; tests look at how it ended

    @staticmethod
    def format(message, fields):
        def value(v):
            if isinstance(v, str):
                return urllib.parse.quote(v, safe='')
            if isinstance(v, bytes):
                return v.hex()
            if isinstance(v, list):
                return ';'.join(','.join(map(str, rect)) for rect in v)
            return str(v)
        return ' '.join([message] + [f'{k}={value(v)}' for k, v in fields.items()])

    def send(self, message, **fields):
        self.line(self.format(message, fields))

    def raw(self, data):
        self.line('raw ' + data.hex())

    def _read(self):
        # A thread, so that wire-talk never waits for the test, whatever that is doing.
        for line in self.talk.stdout:
            message = json.loads(line)
            with self._arrived:
                self.messages.append(message)
                self._arrived.notify_all()

    def find(self, message, **fields):
        for m in self.messages[self._taken:]:
            if (m.get('message') == message or message in m) and all(
                    m.get(k) == v for k, v in fields.items()):
                return m
        return None

    def wait(self, message, timeout=10, **fields):
        """The next message (since mark()) of that name and those fields."""
        deadline = time.monotonic() + timeout
        while True:
            found = self.find(message, **fields)
            if found:
                return found
            left = deadline - time.monotonic()
            if left <= 0:
                raise Timeout(f'no {message} {fields}; the proxy says: {self.log_tail()}; '
                              f'{self.messages[-5:]}')
            with self._arrived:
                if not self.find(message, **fields):
                    self._arrived.wait(left)

    def mark(self):
        """Forget what came so far."""
        self._taken = len(self.messages)

    def encode(self, message, **fields):
        self.mark()
        self.line('encode ' + self.format(message, fields))
        return bytes.fromhex(self.wait('encoded')['encoded'])

    def log_tail(self):
        with open(self.log, encoding='utf-8', errors='replace') as log:
            return log.read()[-1500:]

    # windows

    def slots(self, window, width, height, count=2, stride=0):
        """Ask for slots that hold such a picture; returns the answer."""
        self._generations[window] = self._generations.get(window, 0) + 1
        self.send('slots_want', window=window, generation=self._generations[window], count=count,
                  bytes=max((stride or width * 4) * height, 4))
        return self.wait('slots', window=window, generation=self._generations[window])

    def paint(self, slots, slot, width, height, color, stride=0):
        """Fill a slot with one colour (r, g, b) or with rows of bytes."""
        row = bytes(color) if isinstance(color, (bytes, bytearray)) else bytes(
            (color[2], color[1], color[0], 0)) * width
        stride = stride or width * 4
        data = (row + bytes(stride - len(row))) * height if len(row) <= stride else row
        data = data[:stride * (height - 1) + width * 4]
        if slots['by_channel']:
            for at in range(0, len(data), 65536):
                self.send('pixels', window=slots['window'], generation=slots['generation'],
                          slot=slot, offset=at, data=data[at:at + 65536])
        else:
            start = slots['offset'] + slot * slots['bytes']
            self.map[start:start + len(data)] = data

    def frame(self, slots, slot, width, height, serial=0, **fields):
        values = {'window': slots['window'], 'serial': serial, 'generation': slots['generation'],
                  'slot': slot, 'width': width, 'height': height, 'stride': width * 4,
                  'logical_width': width, 'logical_height': height,
                  'damage': [(0, 0, width, height)], **fields}
        self.send('frame', **values)

    def window(self, window, width=300, height=200, color=(10, 200, 30), title='a title',
               app='app', launch=0):
        """A toplevel that is shown; returns its slots."""
        self.send('window_new', window=window, launch=launch)
        self.send('window_title', window=window, title=title)
        self.send('window_app', window=window, app=app)
        configure = self.wait('window_configure', window=window)
        slots = self.slots(window, width, height)
        self.paint(slots, 0, width, height, color)
        self.frame(slots, 0, width, height, serial=configure['serial'])
        self.wait('frame_done', window=window)
        return slots

    def popup(self, window, parent, x=20, y=20, width=80, height=60, color=(20, 30, 220), grab=0,
              **fields):
        """A popup that is shown with its upper left corner at x, y of the parent's content."""
        values = {'anchor_x': x, 'anchor_y': y, 'anchor_width': 1, 'anchor_height': 1,
                  'width': width, 'height': height, 'anchor': 5, 'gravity': 8, **fields}
        self.send('popup_new', window=window, parent=parent, grab=grab, **values)
        configure = self.wait('popup_configure', window=window)
        slots = self.slots(window, width, height)
        self.paint(slots, 0, width, height, color)
        self.frame(slots, 0, width, height, serial=configure['serial'])
        self.wait('frame_done', window=window)
        return configure

    def view(self):
        """The AppVM's first window in sway's tree."""
        return self.sway.wait_view(app_id=f'io.github.bulkhead.{self.name.lower()}.')


class ProxyTestCase(DesktopTestCase):

    def setUp(self):
        super().setUp()
        self.sway.input.move(1279, 799)  # its picture is on screenshots

    def guest(self, *args, **kwargs):
        guest = WireGuest(self.sway, *args, **kwargs)
        self.addCleanup(self._stop, guest)
        return guest.start()

    def _stop(self, guest):
        guest.stop()
        log = guest.log_tail()
        # A sanitizer's report fails the test whatever else it saw.
        self.assertNotIn('Sanitizer', log)
        self.assertNotIn('runtime error', log)
        self.assertNotIn('CRITICAL', log)
        self.assertNotIn('protocol error', log)

    def assert_channel_ended(self, guest, because=None):
        """The guest's fault was noticed, said, and nothing else died."""
        reason, detail = guest.wait_signal('Failed')
        self.assertEqual(reason, 'guest')
        if because:
            self.assertIn(because, detail)
        guest.proxy.wait(10)
        self.assertEqual(guest.proxy.returncode, EXIT_GUEST)
        self.sway.wait_no_view(app_id=f'io.github.bulkhead.{guest.name.lower()}.')
        self.assertTrue(self.sway.alive())

    @staticmethod
    def sanitized():
        """Whether the proxy under test is a sanitizer build."""
        with open(build_path('src', 'proxy', 'bulkhead-proxy'), 'rb') as file:
            return b'__asan_init' in file.read()

    def wait_framed(self, guest, rect=None, timeout=5, **kwargs):
        """Poll until the frame (and content) is right; the last difference is the failure."""
        def framed():
            self.assert_framed(self.sway.screenshot(), guest, rect or guest.view()['rect'], **kwargs)
            return True
        wait_for(framed, timeout, 'the frame')

    def assert_framed(self, image, guest, rect, side=SIDE, top=CAPTION, content=None):
        """Around the rectangle `rect` (outer) all four strips are the guest's colour."""
        x, y, w, h = rect['x'], rect['y'], rect['width'], rect['height']
        for dx in range(0, w, 7):
            self.assertEqual(image.getpixel((x + dx, y)), guest.rgb, f'top, {dx}')
            self.assertEqual(image.getpixel((x + dx, y + h - 1)), guest.rgb, f'bottom, {dx}')
            self.assertEqual(image.getpixel((x + dx, y + h - side)), guest.rgb, f'bottom, {dx}')
        for dy in range(0, h, 5):
            for dx in (0, side - 1, w - side, w - 1):
                self.assertEqual(image.getpixel((x + dx, y + dy)), guest.rgb, f'side {dx}, {dy}')
        if content:
            # Everything inside, to the last pixel.
            box = image.crop((x + side, y + top, x + w - side, y + h - side))
            self.assertEqual(box.getcolors(), [(box.width * box.height, content)])
