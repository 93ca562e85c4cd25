# SPDX-License-Identifier: GPL-3.0-or-later
"""The desktop's camera without PipeWire: bulkhead-camera at the kernel's own interface.

In a virtual machine, whose kernel has cameras: vivid makes them up, and v4l2loopback, where it is installed, has what a
test writes to it.
"""

import os
import sys

import harness

sys.path.insert(1, os.path.join(harness.SOURCE_DIR, 'tests', 'helper'))
import vm  # noqa: E402

if __name__ == '__main__' and os.environ.get('BULKHEAD_HELPER_GROUND') != 'vm':
    harness.require_ordinary_user()
    sys.exit(vm.run_inside(os.path.abspath(__file__), sys.argv[1:], 280, devices=()))

import fcntl  # noqa: E402
import glob  # noqa: E402
import io  # noqa: E402
import select  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402
import struct  # noqa: E402
import subprocess  # noqa: E402
import unittest  # noqa: E402

from PIL import Image  # noqa: E402

from camerahost import Picture, differs  # noqa: E402
from harness import build_path, wait_for  # noqa: E402
from harness.pair import popen_with_fds  # noqa: E402

USER, VIDEO = 65534, 44  # nobody, and the group whose members may look
LOG = '/tmp/camera.log'
# linux/videodev2.h
S_FMT, STREAMON, OUTPUT = 0xc0d05605, 0x40045612, 2
# vivid's own bars, at full strength.
BARS = ((255, 255, 255), (255, 255, 0), (0, 255, 255), (0, 255, 0), (255, 0, 255), (255, 0, 0), (0, 0, 255),
        (0, 0, 0))
SIZES = ((640, 480), (320, 240))


def numbers():
    path = os.path.join(harness.SOURCE_DIR, 'src', 'wire', 'bh-messages.h')
    with open(path, encoding='utf-8') as file:
        names = [line.split(',')[1].strip() for line in file if line.startswith('  M (')]
    return {name: number for number, name in enumerate(names, 1)}


NUMBERS = numbers()


class Camera:
    """bulkhead-camera as an ordinary user; the test is the service, and the proxy."""

    def __init__(self, size=0):
        self._service, camera_end = socket.socketpair()
        self._proxy, proxy_end = socket.socketpair()
        self.size, self.said = size, b''
        self._bytes, self._picture = b'', b''
        with open(LOG, 'wb') as log:
            self.process = popen_with_fds(
                [build_path('src', 'camera', 'bulkhead-camera'), '--id', 'work', '--name', 'Work'],
                {3: camera_end.fileno(), 4: proxy_end.fileno()}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={'PATH': '/usr/bin', 'HOME': '/tmp', 'XDG_RUNTIME_DIR': '/tmp/runtime'}, user=USER, group=USER,
                extra_groups=[VIDEO])
        camera_end.close()
        proxy_end.close()
        self._send('camera_stream', 1, size)

    def _send(self, name, *values):
        payload = struct.pack(f'<{len(values)}I', *values)
        try:
            self._proxy.send(struct.pack('<IHH', len(payload), NUMBERS[name], 0) + payload)
        except BrokenPipeError:
            pass  # it has ended, which the caller sees

    def log(self):
        with open(LOG, encoding='utf-8') as file:
            return file.read()

    def sees(self):
        while select.select([self._service], [], [], 0)[0]:
            said = self._service.recv(64)
            if not said:
                return False
            self.said += said
        return self.said[-1:] == b'c'

    def _part(self):
        """Data of a message that has come as a whole."""
        while len(self._bytes) < 8 or len(self._bytes) < 8 + struct.unpack_from('<I', self._bytes)[0]:
            if not select.select([self._proxy], [], [], 0.2)[0]:
                return None
            more = self._proxy.recv(1 << 16)
            if not more:
                return None
            self._bytes += more
        length, number, _ = struct.unpack_from('<IHH', self._bytes)
        assert number == NUMBERS['camera_part']
        payload, self._bytes = self._bytes[8:8 + length], self._bytes[8 + length:]
        size, offset, n = struct.unpack_from('<III', payload)
        assert (size, n) == (self.size, length - 12)
        assert offset == len(self._picture)
        return payload[12:]

    def next(self, timeout=20, feed=lambda: None):
        """Ask for a picture, and wait for it; meanwhile @feed is called now and then."""
        width, height = SIZES[self.size]
        self._picture = b''
        self._send('camera_next', 1)

        def whole():
            feed()
            part = self._part()
            self._picture += part or b''
            return len(self._picture) == width * height * 3 // 2
        wait_for(whole, timeout, 'a picture')
        return Picture(self._picture, width, height)

    def goes_on(self):
        try:
            self.next(2)
            return True
        except harness.Timeout:
            return False

    def end(self):
        self._service.close()
        self._proxy.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


def run(*argv):
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE).stdout.decode()


def modprobe(*argv):
    run('modprobe', *argv)
    for path in glob.glob('/dev/video*'):
        os.chown(path, 0, VIDEO)
        os.chmod(path, 0o660)


def has_module(name):
    return subprocess.run(['modprobe', '-n', '-q', name], check=False).returncode == 0


def bars(picture):
    """Whether they are vivid's, from left to right; else what is there instead."""
    seen = [picture.rgb((i + 0.5) / len(BARS), 0.5) for i in range(len(BARS))]
    return not any(differs(a, b) for a, b in zip(seen, BARS)) or seen


def bind(driver, there):
    name = 'bind' if there else 'unbind'
    with open(f'/sys/bus/platform/drivers/{driver}/{name}', 'w', encoding='ascii') as file:
        file.write(f'{driver}.0')


class CameraTestCase(unittest.TestCase):

    def camera(self, size=0):
        camera = Camera(size)
        self.addCleanup(camera.end)
        return camera

    def assert_bars(self, picture):
        self.assertIs(bars(picture), True)

    def assert_none(self, camera, why):
        """It has ended, for that reason."""
        self.assertEqual(camera.process.wait(20), 1)
        self.assertIn(why, camera.log())
        self.assertEqual(camera.said, b'')


class Vivid(CameraTestCase):
    """node_types: 1 gives pictures, 0x100 takes them."""

    def plug_in(self, *options):
        if not has_module('vivid'):
            self.skipTest('needs vivid for the kernel in /boot (package linux-image-amd64)')
        modprobe('vivid', 'n_devs=1', *options)
        self.addCleanup(run, 'modprobe', '-r', 'vivid')
        # Nothing but bars: what moves, and what is written over it, is off.
        run('v4l2-ctl', '-d', self.node(), '-c', 'test_pattern=1,osd_text_mode=2')

    def node(self):
        return sorted(glob.glob('/dev/video*'))[-1]

    def test_it_sees_the_pattern_until_it_is_unplugged(self):
        self.plug_in('node_types=0x1', 'num_inputs=1', 'input_types=0x0')
        for size in (0, 1):
            with self.subTest(size=SIZES[size]):
                camera = self.camera(size)
                self.assert_bars(camera.next())
                self.assertTrue(camera.sees())
                self.assert_bars(camera.next())
                self.assertIn('gives YUYV, 640 × 480', camera.log())
                if size == 0:
                    camera.end()
        self.assert_confined(camera)
        with self.subTest('in use'):
            second = self.camera()
            self.assert_none(second, 'cannot be used: Device or resource busy')
            self.assert_bars(camera.next())
        with self.subTest('a change in the middle'):
            run('v4l2-ctl', '-d', self.node(), '-c', 'test_pattern=6')  # white
            wait_for(lambda: not differs(camera.next().rgb(0.9, 0.5), (255, 255, 255)), 20, 'white')
        with self.subTest('unplugged'):
            bind('vivid', False)
            self.assertEqual(camera.process.wait(20), 0)
            self.assertFalse(camera.sees())
            self.assertIn('the camera has gone', camera.log())
            self.assert_none(self.camera(), 'neither PipeWire nor a camera')
        with self.subTest('plugged in again'):
            bind('vivid', True)
            modprobe('vivid')
            self.assertTrue(self.camera().next())

    def assert_confined(self, camera):
        """Nothing but the camera is open that could be written to, and nothing else can be opened."""
        with open(f'/proc/{camera.process.pid}/status', encoding='ascii') as file:
            status = file.read()
        self.assertIn('Seccomp:\t2\n', status)
        self.assertIn('NoNewPrivs:\t1\n', status)
        self.assertNotIn('no Landlock', camera.log())
        self.assertNotIn('no system call filter', camera.log())

    def test_the_first_that_takes_pictures_is_passed_over(self):
        self.plug_in('node_types=0x101', 'num_inputs=1', 'input_types=0x0', 'vid_cap_nr=5', 'vid_out_nr=1')
        camera = self.camera()
        run('v4l2-ctl', '-d', '/dev/video5', '-c', 'test_pattern=1,osd_text_mode=2')
        self.assert_bars(camera.next())


def jpeg(width, height, **options):
    """The bars as a camera on USB sends them."""
    picture = Image.new('RGB', (len(BARS), 1))
    picture.putdata(BARS)
    file = io.BytesIO()
    picture.resize((width, height), Image.Resampling.NEAREST).save(file, 'JPEG', quality=90, **options)
    return file.getvalue()


class Loopback(CameraTestCase):
    """A camera of which the test says what it gives."""

    def setUp(self):
        super().setUp()
        if not has_module('v4l2loopback'):
            self.skipTest('needs v4l2loopback for the kernel in /boot (packages v4l2loopback-dkms and '
                          'linux-headers-amd64)')
        modprobe('v4l2loopback', 'devices=1', 'exclusive_caps=1')
        self.addCleanup(run, 'modprobe', '-r', 'v4l2loopback')

    def write(self, kind, width, height, *pictures):
        """A camera with pictures of that kind; what comes of each."""
        fd = os.open('/dev/video0', os.O_RDWR)
        try:
            format_ = struct.pack('<I4xII4s', OUTPUT, width, height, kind.encode()).ljust(208, b'\0')
            fcntl.ioctl(fd, S_FMT, format_)
            fcntl.ioctl(fd, STREAMON, struct.pack('<i', OUTPUT))
            camera = Camera()
            try:
                return self.look(camera, fd, pictures)
            finally:
                camera.end()
        finally:
            os.close(fd)

    def look(self, camera, fd, pictures):
        wait_for(lambda: camera.sees() or camera.process.poll() is not None, 20, 'the camera')
        if camera.process.poll() is not None:
            self.assert_none(camera, '/dev/video0 gives no pictures of a known kind')
            return None
        seen = []
        for picture in pictures:
            try:
                # What comes while none is asked for is dropped.
                seen.append(camera.next(3, lambda: os.write(fd, picture)))  # pylint: disable=cell-var-from-loop
            except harness.Timeout:
                seen.append(None)
        return seen

    def test_pictures_that_are_compressed(self):
        for width, height in ((1280, 960), (640, 480), (320, 240)):
            with self.subTest((width, height)):
                for picture in self.write('MJPG', width, height, jpeg(width, height), jpeg(width, height, subsampling=0)):
                    self.assert_bars(picture)

    def test_one_that_is_none(self):
        good = jpeg(640, 480)
        first, second, third = self.write('MJPG', 640, 480, b'\xff\xd8' + bytes(range(256)) * 40,
                                          jpeg(640, 480, progressive=True), good)
        self.assertEqual((first, second), (None, None))
        self.assert_bars(third)

    def test_a_kind_that_is_not_known(self):
        self.assertIsNone(self.write('GREY', 640, 480, bytes(640 * 480)))


def main():
    for kind, place in (('tmpfs', '/tmp'), ('tmpfs', '/run')):
        run('mount', '-t', kind, kind, place)
    os.mkdir('/tmp/runtime', 0o777)
    unittest.main(verbosity=2)


if __name__ == '__main__':
    main()
