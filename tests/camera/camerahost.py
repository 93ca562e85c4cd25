# SPDX-License-Identifier: GPL-3.0-or-later
"""A camera of the desktop for tests, what a guest sees through it, and the pair with bulkhead-camera."""

import os
import select
import signal
import socket
import subprocess

from gi.repository import Gio, GLib

from harness import Timeout, build_path, wait_for
from harness.pair import PROXY_INTERFACE, PROXY_PATH, Pair, popen_with_fds
from harness.sway import DesktopTestCase
from soundhost import SoundServer

WIDTH, HEIGHT = 640, 480


class TestCamera:
    """A camera at the host's PipeWire that shows a test pattern of GStreamer."""

    def __init__(self, server, pattern='smpte', form='YUY2', width=WIDTH, height=HEIGHT, rate=15,
                 name='test-camera'):
        self.name, self._server = name, server
        self._arguments = pattern, form, width, height, rate
        self.plug_in()

    def plug_in(self):
        pattern, form, width, height, rate = self._arguments
        server, name = self._server, self.name
        raw = f'video/x-raw,width={width},height={height},framerate={rate}/1'
        # jpegenc takes the values as they are: BT.601 as JPEG has it, in full range.
        caps = ([raw, '!', 'videoconvert', '!', 'video/x-raw,format=I420,colorimetry=1:4:0:1', '!', 'jpegenc']
                if form == 'JPEG' else [f'{raw},format={form}'])
        with open(server.place.path(f'host-{name}.log'), 'ab') as log:
            self._process = subprocess.Popen(
                ['gst-launch-1.0', '-q', 'videotestsrc', 'is-live=true', *pattern_arguments(pattern),
                 '!', *caps, '!', 'pipewiresink', 'mode=provide', f'client-name={name}',
                 'stream-properties=props,media.class=Video/Source,media.role=Camera,'
                 f'node.name={name},node.description={name}'],
                env=server.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_for(self.is_there, 30, 'the camera')

    def is_there(self):
        return self.name in nodes(self._server.env)

    def plug_in_again(self):
        """For the next program: GStreamer's sink loses its buffers to the one before, and stops."""
        self.unplug()
        self.plug_in()

    def unplug(self):
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        wait_for(lambda: not self.is_there(), 20, 'the camera to go')

    def stop(self):
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()


def pattern_arguments(pattern):
    """"smpte", or a colour as 0xrrggbb."""
    if pattern.startswith('0x'):
        return ['pattern=solid-color', f'foreground-color=0xff{pattern[2:]}']
    return [f'pattern={pattern}']


def nodes(env):
    """Names of the nodes of the PipeWire of @env."""
    done = subprocess.run(['pw-cli', 'ls', 'Node'], env=env, capture_output=True, timeout=20,
                          check=False)
    return [line.split('"')[1] for line in done.stdout.decode().splitlines()
            if 'node.name' in line and '"' in line]


class Picture:
    """A picture in I420."""

    def __init__(self, data, width=WIDTH, height=HEIGHT):
        self.width, self.height = width, height
        self._y, self._u = data, width * height
        self._v = self._u + width * height // 4

    def yuv(self, x, y):
        """What a part of the picture is, x and y from 0 to 1."""
        column, row = int(x * self.width), int(y * self.height)
        at = row // 2 * (self.width // 2) + column // 2
        return self._y[row * self.width + column], self._y[self._u + at], self._y[self._v + at]

    def rgb(self, x, y):
        luma, u, v = self.yuv(x, y)
        luma = 1.164 * (luma - 16)
        values = (luma + 1.596 * (v - 128), luma - 0.392 * (u - 128) - 0.813 * (v - 128),
                  luma + 2.017 * (u - 128))
        return tuple(max(0, min(255, round(value))) for value in values)


# The upper bars from left to right.
BARS = ((255, 255, 255), (255, 255, 0), (0, 255, 255), (0, 255, 0), (255, 0, 255), (255, 0, 0),
        (0, 0, 255))


def differs(one, other, most=24):
    return any(abs(a - b) > most for a, b in zip(one, other))


def is_bars(picture, where=None):
    """Whether these are GStreamer's colour bars; else what is there instead."""
    where = where or [(i + 0.5) / len(BARS) for i in range(len(BARS))]
    seen = [picture.rgb(x, 0.3) for x in where]
    return not any(differs(a, b) for a, b in zip(seen, BARS)) or seen


def is_colour(picture, rgb):
    seen = [picture.rgb(x, y) for x in (0.1, 0.5, 0.9) for y in (0.1, 0.5, 0.9)]
    return not any(differs(a, rgb) for a in seen) or seen


class CameraProcess:
    """bulkhead-camera, with this test as the service."""

    def __init__(self, env, name, log):
        self._service, camera_end = socket.socketpair()
        self.proxy_end, proxy_end = socket.socketpair()
        self.sees = False
        with open(log, 'ab') as out:
            self.process = popen_with_fds(
                [build_path('src', 'camera', 'bulkhead-camera'), '--id', name.lower(), '--name', name],
                {3: camera_end.fileno(), 4: proxy_end.fileno()}, env=env, stdin=subprocess.DEVNULL,
                stdout=out, stderr=out)
        camera_end.close()
        proxy_end.close()

    def pump(self):
        while select.select([self._service], [], [], 0)[0]:
            said = self._service.recv(64)
            if not said:
                self.sees = False
                return
            self.sees = said[-1:] == b'c'

    def stop(self):
        self._service.close()
        self.proxy_end.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


def connect_camera(bus, camera):
    """Give the proxy on @bus the other end of bulkhead-camera, as the service does."""
    fds = Gio.UnixFDList.new()
    handle = fds.append(camera.proxy_end.fileno())
    bus.call_with_unix_fd_list_sync(None, PROXY_PATH, PROXY_INTERFACE, 'ConnectCamera',
                                    GLib.Variant('(h)', (handle,)), None, Gio.DBusCallFlags.NONE,
                                    10000, fds, None)
    camera.proxy_end.close()


class CameraPair(Pair):
    """The pair, and bulkhead-camera while it is wanted and @answer is True."""

    def __init__(self, sway, server, name='Work', answer=True, **kwargs):
        super().__init__(sway, name, **kwargs)
        self.server, self.answer = server, answer
        self.camera, self._taken = None, 0
        self.wanted = False
        # Its PipeWire is another than the host's, and so is what its session manager remembers.
        self.guest_env = {variable: self.sway.place.path(f'guest-{name}-{variable}')
                          for variable in ('XDG_STATE_HOME', 'XDG_CONFIG_HOME', 'XDG_CACHE_HOME')}

    def allow(self, allowed):
        self.call('SetCamera', '(b)', (allowed,))

    def pump(self):
        super().pump()
        for name, arguments in self.signals[self._taken:]:
            self._taken += 1
            if name == 'CameraWanted':
                self.wanted, = arguments
                self.end_camera()
        if self.wanted and self.answer and self.camera is None:
            self.camera = CameraProcess(self.server.env, self.name, self.log)
            connect_camera(self.bus, self.camera)
        if self.camera is not None:
            self.camera.pump()

    def end_camera(self):
        if self.camera is not None:
            self.camera.stop()
            self.camera = None

    @property
    def sees(self):
        self.pump()
        return self.camera is not None and self.camera.sees

    def wait_sees(self, sees=True, timeout=30):
        try:
            wait_for(lambda: self.sees == sees, timeout, f'the camera to be {"on" if sees else "off"}')
        except Timeout as timed_out:
            raise Timeout(f'{timed_out}: {self.signals}, {nodes(self.server.env)}\n'
                          f'{self.log_tail()}') from None

    def wait_wanted(self, wanted=True, timeout=30):
        def there():
            self.pump()
            return self.wanted == wanted
        wait_for(there, timeout, f'CameraWanted {wanted}')

    def look(self, name='seen', width=WIDTH, height=HEIGHT):
        """Start a program in the guest that keeps what it sees in a file; see Viewer."""
        return Viewer(self, name, width, height)

    def stop(self):
        super().stop()
        self.end_camera()


# A camera that was just allowed is there a moment later.
CAMERA_THERE = ('i=0; until wpctl inspect @DEFAULT_VIDEO_SOURCE@ >/dev/null 2>&1 || [ $i = 25 ]; do '
         'sleep 0.2; i=$((i+1)); done;')


class Viewer:

    def __init__(self, pair, name, width, height):
        self.pair, self.width, self.height = pair, width, height
        self.path = pair.sway.place.path(f'{pair.name}-{name}.raw')
        self.id = pair.launch(
            'sh', '-c', f'exec gst-launch-1.0 -q pipewiresrc ! '
            f'video/x-raw,format=I420,width={width},height={height} ! '
            f'filesink location={self.path} buffer-mode=unbuffered sync=false')

    def count(self):
        """How many pictures it has got."""
        self.pair.pump()
        try:
            return os.path.getsize(self.path) // (self.width * self.height * 3 // 2)
        except FileNotFoundError:
            return 0

    def newest(self):
        """The last picture it has got; None while there is none."""
        count, whole = self.count(), self.width * self.height * 3 // 2
        if count == 0:
            return None
        with open(self.path, 'rb') as file:
            file.seek((count - 1) * whole)
            return Picture(file.read(whole), self.width, self.height)

    def wait(self, matches, timeout=40, what='the picture'):
        """Until it sees what @matches likes; @matches returns True, or what is wrong."""
        last = [None]

        def there():
            picture = self.newest()
            last[0] = picture and matches(picture)
            return last[0] is True
        try:
            wait_for(there, timeout, what)
        except Timeout as timed_out:
            raise Timeout(f'{timed_out}: {last[0]}\n{self.pair.log_tail()}') from None

    def goes_on(self, seconds=3):
        """Whether anything new comes."""
        before = self.count()
        try:
            wait_for(lambda: self.count() > before, seconds, 'a new picture')
            return True
        except Timeout:
            return False

    def end(self):
        self.pair.call('Terminate', '(u)', (self.id,))


class CameraTestCase(DesktopTestCase):

    def setUp(self):
        super().setUp()
        self.server = SoundServer(self.sway.place)
        self.addCleanup(self.server.stop)
        self.server.start()

    def camera(self, *args, **kwargs):
        camera = TestCamera(self.server, *args, **kwargs)
        self.addCleanup(camera.stop)
        return camera

    def pair(self, allowed=True, **kwargs):
        pair = CameraPair(self.sway, self.server, **kwargs)
        self.addCleanup(pair.stop)
        pair.start()
        pair.allow(allowed)
        return pair

    def path(self, name):
        return self.sway.place.path(name)

    def looking(self):
        """Streams of bulkhead-camera at the host's PipeWire."""
        return [name for name in nodes(self.server.env) if name == 'bulkhead-camera']
