# SPDX-License-Identifier: GPL-3.0-or-later
"""A hostile guest and the camera: more than it may, faster than it may, and not reading what it asked for."""

import os
import struct

import harness
from camerahost import CameraProcess, CameraTestCase, connect_camera, is_colour
from harness import wait_for
from wireguest import EXIT_GUEST, WireGuest

GREEN = (0, 160, 60)


class Guest(WireGuest):
    """With bulkhead-camera whenever it wants and may; `starts`: how often that was."""

    def __init__(self, test, allowed=True, name='Evil'):
        super().__init__(test.sway, name)
        self.server, self.camera, self.starts, self._answered = test.server, None, 0, 0
        self.start()
        test.addCleanup(self.end)
        self.call('SetCamera', '(b)', (allowed,))

    def serve(self):
        self.find_signal('nothing')
        told = [arguments[0] for name, arguments in self.signals if name == 'CameraWanted']
        if len(told) == self._answered:
            return
        self._answered = len(told)
        self.end_camera()
        if told[-1]:
            self.starts += 1
            self.camera = CameraProcess(self.server.env, self.name, self.log)
            connect_camera(self.bus, self.camera)

    def look(self, count=2, size=0):
        self.send('camera_stream', on=1, size=size)
        self.send('camera_next', count=count)

    def parts(self):
        self.serve()
        return sum(1 for m in list(self.messages) if m.get('message') == 'camera_part')

    def end_camera(self):
        if self.camera is not None:
            self.camera.stop()
            self.camera = None

    def end(self):
        self.stop()
        self.end_camera()


class HostileTest(CameraTestCase):

    def setUp(self):
        super().setUp()
        self.camera('0x00a03c')

    def assert_ended(self, guest, why=None):
        self.assertEqual(guest.proxy.wait(20), EXIT_GUEST)
        if why:
            self.assertIn(why, guest.wait_signal('Failed')[1])

    def memory(self, pid):
        with open(f'/proc/{pid}/statm', encoding='ascii') as file:
            return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')

    def cpu(self, pid):
        with open(f'/proc/{pid}/stat', encoding='ascii') as file:
            fields = file.read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def test_it_gets_what_it_asks_for_and_no_more(self):
        guest = Guest(self)
        guest.look(count=2)
        wait_for(lambda: guest.parts() == 30, 30, 'two pictures')  # of 15 parts each
        other = self.pair(name='Other').look()
        other.wait(lambda picture: is_colour(picture, GREEN))
        count = other.count()
        wait_for(lambda: other.count() > count + 10, 30, "the other's pictures")
        self.assertEqual(guest.parts(), 30)

    def test_asking_for_more_than_may_be_on_their_way(self):
        guest = Guest(self)
        guest.look(count=2)
        guest.send('camera_next', count=1)
        self.assert_ended(guest, 'more pictures')

    def test_limits_of_fields(self):
        for name, values in (('camera_next', (3,)), ('camera_next', (0,)), ('camera_stream', (1, 2)),
                             ('camera_stream', (2, 0))):
            with self.subTest(name, values=values):
                guest = Guest(self, name=f'Evil{name[-1]}{values[0]}')
                guest.raw(packet(name, struct.pack(f'<{len(values)}I', *values)))
                self.assert_ended(guest, 'limits')

    def test_what_only_the_host_may_say(self):
        for name, payload in (('camera_part', struct.pack('<III', 0, 0, 4) + b'abcd'),
                              ('camera_switch', struct.pack('<I', 1))):
            with self.subTest(name):
                guest = Guest(self, name=f'Evil{name[-1]}')
                guest.raw(packet(name, payload))
                self.assert_ended(guest)

    def test_nothing_is_opened_for_a_guest_that_may_not(self):
        guest = Guest(self, allowed=False)
        for _ in range(20):
            guest.look()
        guest.window(1, 200, 150, (10, 200, 30))  # all that came before was handled
        guest.serve()
        self.assertEqual((guest.starts, self.looking()), (0, []))

    def test_a_storm_of_starts_and_stops_beside_another(self):
        other = self.pair(name='Other').look()
        other.wait(lambda picture: is_colour(picture, GREEN))
        guest = Guest(self)
        guest.window(1, 200, 150, (10, 200, 30))
        before = self.memory(guest.proxy.pid)
        for _ in range(150):
            guest.look(size=0)
            guest.look(size=1)
            guest.send('camera_stream', on=0, size=0)
        guest.send('window_title', window=1, title='over')
        wait_for(lambda: 'over' in guest.view()['name'], 60, 'the end of the storm')
        self.assertLess(self.memory(guest.proxy.pid), before + (16 << 20))
        count = other.count()
        wait_for(lambda: other.count() > count + 5, 20, "the other's pictures")
        self.assertIsNone(guest.proxy.poll())

    def test_a_guest_that_does_not_read(self):
        guest = Guest(self)
        guest.look()
        wait_for(lambda: guest.parts() >= 1, 30, 'a picture')
        guest.line('stall')
        before, used = self.memory(guest.proxy.pid), self.cpu(guest.proxy.pid)
        # Each time anew, so that it may ask for two again: what waits for it must not grow.
        other = self.pair(name='Other').look()
        other.wait(lambda picture: is_colour(picture, GREEN))
        for _ in range(60):
            guest.look()
            guest.serve()
            count = other.count()
            wait_for(lambda: other.count() > count, 20, "the other's next picture")
        self.assertLess(self.memory(guest.proxy.pid), before + (6 << 20))
        self.assertLess(self.cpu(guest.proxy.pid) - used, 4)
        self.assertIsNone(guest.proxy.poll())


def packet(name, payload):
    """A message as it is on the wire; its number is its place in the table."""
    path = os.path.join(harness.SOURCE_DIR, 'src', 'wire', 'bh-messages.h')
    with open(path, encoding='utf-8') as file:
        names = [line.split(',')[1].strip() for line in file if line.startswith('  M (')]
    return struct.pack('<IHH', len(payload), names.index(name) + 1, 0) + payload


if __name__ == '__main__':
    harness.main()
