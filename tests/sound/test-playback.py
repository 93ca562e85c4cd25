# SPDX-License-Identifier: GPL-3.0-or-later
"""What a program in the guest plays is heard on the host, exactly as long as it may be."""

import os
import unittest

import harness
from harness import wait_for
from harness.sway import DesktopTestCase
from soundhost import SoundPair, SoundServer, Tone, write_tone


class SoundTestCase(DesktopTestCase):
    server_kind = 'pipewire'

    def setUp(self):
        super().setUp()
        self.server = SoundServer(self.sway.place, self.server_kind)
        self.addCleanup(self.server.stop)
        self.server.start()

    def pair(self, play=True, record=False, **kwargs):
        pair = SoundPair(self.sway, self.server, **kwargs)
        self.addCleanup(pair.stop)
        pair.start()
        pair.switch(play, record)
        return pair

    def path(self, name):
        return self.sway.place.path(name)

    def tone(self, seconds, frequency=1000):
        path = self.path(f'tone-{seconds}-{frequency}.wav')
        return path if os.path.exists(path) else write_tone(path, seconds, frequency)

    def wait_tone(self, recording, seconds, timeout=30):
        """Until @seconds of sound were heard."""
        def heard():
            tone = Tone(recording.so_far())
            return tone if tone.seconds >= seconds else None
        return wait_for(heard, timeout, f'{seconds} s of sound')


class PlaybackTest(SoundTestCase):

    def test_a_tone_arrives_whole(self):
        pair = self.pair()
        recording = self.server.record(self.path('out.raw'))
        program = pair.launch('paplay', self.tone(5))
        self.assertEqual(pair.wait_exit(program, 40), (0, b''))
        pair.wait_state(False, False)
        tone = Tone(recording.stop())
        self.assertAlmostEqual(tone.frequency, 1000, delta=1)
        self.assertAlmostEqual(tone.seconds, 5, delta=0.3)


if __name__ == '__main__':
    harness.main()
