# SPDX-License-Identifier: GPL-3.0-or-later
"""A hostile guest and sound: more than it may, faster than it may, and not reading what it asked for."""

import os
import struct

import harness
from harness import wait_for
from soundhost import SoundProcess, SoundTestCase, Tone, connect_sound, left_of
from wireguest import EXIT_GUEST, WireGuest

FRAME, MOST, SECOND = 4, 7680, 192000


class HostileTest(SoundTestCase):

    def guest(self, play=True, record=True, sound=True, name='Evil'):
        guest = WireGuest(self.sway, name)
        guest.start()
        self.addCleanup(guest.stop)
        guest.call('SetSound', '(bb)', (play, record))
        if sound:
            guest.sound = SoundProcess(self.server.env, name, guest.log)
            self.addCleanup(guest.sound.stop)
            guest.sound.call('SetSwitches', '(bb)', (play, record))
            connect_sound(guest.bus, guest.sound)
        return guest

    def room(self, guest):
        return sum(m['bytes'] for m in list(guest.messages) if m.get('message') == 'sound_room')

    def play(self, guest):
        guest.send('sound_play', on=1)
        wait_for(lambda: self.room(guest) > 0, 20, 'room')

    def assert_ended(self, guest, why):
        self.assertEqual(guest.proxy.wait(20), EXIT_GUEST)
        _, detail = guest.wait_signal('Failed')
        self.assertIn(why, detail)

    def memory(self, pid):
        with open(f'/proc/{pid}/status', encoding='ascii') as file:
            for line in file:
                if line.startswith('VmRSS'):
                    return int(line.split()[1]) << 10
        return 0

    def cpu(self, pid):
        with open(f'/proc/{pid}/stat', encoding='ascii') as file:
            fields = file.read().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def other_plays(self):
        """Another AppVM, undisturbed; returns what checks that it still is."""
        pair = self.pair(name='Other')
        pair.launch('paplay', self.tone(300))
        pair.wait_state(True, False)
        recording = self.server.record(self.path('out.raw'))

        def heard():
            with open(recording.path, 'rb') as file:
                file.seek(max(0, os.path.getsize(recording.path) - 96000))
                tone = Tone(left_of(file.read()))
            return tone.seconds > 0.4 and abs(tone.frequency - 1000) < 1
        return lambda: wait_for(heard, 40, "the other AppVM's tone")

    def test_half_a_frame(self):
        guest = self.guest()
        self.play(guest)
        guest.send('sound_data', data=b'12345')
        self.assert_ended(guest, 'no whole frames')

    def test_more_than_a_message_holds(self):
        guest = self.guest()
        self.play(guest)
        guest.raw(packet('sound_data', struct.pack('<I', MOST + 4) + bytes(MOST + 4)))
        self.assert_ended(guest, 'too long')

    def test_sound_without_room(self):
        guest = self.guest()
        guest.send('sound_data', data=bytes(FRAME))
        self.assert_ended(guest, 'room')

    def test_a_flood_ends_where_the_room_does(self):
        guest = self.guest()
        self.play(guest)
        for _ in range(40):
            guest.send('sound_data', data=bytes(MOST))
        self.assert_ended(guest, 'room')

    def test_what_only_the_host_may_say(self):
        guest = self.guest()
        guest.raw(packet('sound_room', struct.pack('<I', SECOND)))
        self.assertEqual(guest.proxy.wait(20), EXIT_GUEST)

    def test_nothing_is_opened_for_a_guest_that_may_not(self):
        guest = self.guest(play=False, record=False)
        for _ in range(20):
            guest.send('sound_play', on=1)
            guest.send('sound_record', on=1)
        guest.send('pong', cookie=1)
        guest.window(1, 200, 150, (10, 200, 30))  # all that came before was handled
        self.assertEqual(guest.sound.state, (False, False))
        self.assertEqual(self.server.streams() + self.server.streams('source-outputs'), [])
        self.assertNotIn('SoundWanted', [name for name, _ in guest.signals])

    def test_a_storm_of_starts_and_stops(self):
        still = self.other_plays()
        guest = self.guest()
        self.play(guest)
        before = self.memory(guest.proxy.pid), self.memory(guest.sound.process.pid)
        for _ in range(100):
            guest.send('sound_play', on=0)
            guest.send('sound_record', on=1)
            guest.send('sound_play', on=1)
            guest.send('sound_record', on=0)
        guest.window(1, 200, 150, (10, 200, 30))
        still()
        self.assertLessEqual(len(self.server.streams(of='io.github.bulkhead.evil')), 1)
        for pid, size in zip((guest.proxy.pid, guest.sound.process.pid), before):
            self.assertLess(self.memory(pid), size + (16 << 20))
        self.assertIsNone(guest.proxy.poll())

    def test_a_guest_that_does_not_read_what_it_records(self):
        self.server.play(self.tone(300), 'mic')
        still = self.other_plays()
        guest = self.guest()
        guest.line('stall')
        guest.send('sound_record', on=1)
        wait_for(lambda: guest.sound.state[1], 20, 'the recording')
        before = self.memory(guest.proxy.pid)
        used = self.cpu(guest.proxy.pid)
        recording = self.server.record(self.path('mic.raw'), 'mic.monitor')
        wait_for(lambda: recording.seconds() > 8, 60, 'eight seconds')
        self.assertLess(self.memory(guest.proxy.pid), before + (4 << 20))
        self.assertLess(self.cpu(guest.proxy.pid) - used, 4)
        self.assertIsNone(guest.proxy.poll())
        still()


def packet(name, payload):
    """A message as it is on the wire; its number is its place in the table."""
    path = os.path.join(harness.SOURCE_DIR, 'src', 'wire', 'bh-messages.h')
    with open(path, encoding='utf-8') as file:
        names = [line.split(',')[1].strip() for line in file if line.startswith('  M (')]
    return struct.pack('<IHH', len(payload), names.index(name) + 1, 0) + payload


if __name__ == '__main__':
    harness.main()
