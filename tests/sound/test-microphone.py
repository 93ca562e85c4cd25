# SPDX-License-Identifier: GPL-3.0-or-later
"""What a program in the guest records is what the host's microphone hears, while the user lets it."""

import os

import harness
from harness import wait_for
from soundhost import SoundTestCase, Tone, left_of


class MicrophoneTest(SoundTestCase):

    def setUp(self):
        super().setUp()
        # Something to hear, all the time.
        self.server.play(self.tone(300), 'mic')
        wait_for(lambda: len(self.server.pactl('list', 'short', 'sink-inputs').splitlines()) == 1,
                 20, 'the test tone')

    def captures(self):
        return self.server.streams('source-outputs')

    def record(self, pair):
        """Start a recorder in the guest; the path of what it writes."""
        path = self.path('recorded.raw')
        pair.launch('parecord', '--raw', '--rate=48000', '--channels=2', '--format=s16le',
                    '--latency-msec=50', path)
        return path

    def last(self, path, seconds=0.5):
        size = int(seconds * 192000)
        if not os.path.exists(path) or os.path.getsize(path) < size:
            return []
        with open(path, 'rb') as file:
            file.seek(os.path.getsize(path) // 4 * 4 - size)
            return left_of(file.read())

    def wait_loud(self, path):
        def loud():
            tone = Tone(self.last(path))
            return tone.seconds > 0.4 and abs(tone.frequency - 1000) < 1
        wait_for(loud, 40, 'the tone in the guest')

    def wait_silent(self, path):
        """It goes on recording, and hears nothing."""
        def silent():
            samples = self.last(path)
            return samples and max(map(abs, samples)) < 10
        wait_for(silent, 40, 'silence in the guest')

    def test_off_there_is_nothing_to_record(self):
        pair = self.pair(play=True, record=False)
        program = pair.launch('sh', '-c', 'pactl list short sources; '
                              'timeout 3 parecord --raw > ' + self.path('none.raw'))
        seen = []

        def ended():
            seen.extend(self.captures())
            return pair.find_signal('Exited', lambda i, *_: i == program)
        _, (_, _code, tail) = wait_for(ended, 40, 'the end of the recorder')
        self.assertNotIn(b'microphone', bytes(tail))
        self.assertEqual(seen, [])
        with open(self.path('none.raw'), 'rb') as file:
            self.assertEqual(max(map(abs, left_of(file.read())), default=0), 0)
        pair.pump()
        # A recorder may take what is played instead, which is silence here.
        self.assertEqual([s for s in (pair.sound.states if pair.sound else []) if s[1]], [])

    def test_a_native_recorder_may_be_the_first(self):
        """Nothing of sound runs in the guest yet."""
        for i in range(3):
            pair = self.pair(play=False, record=True, name=f'First{i}')
            path = self.path(f'native{i}.wav')
            pair.launch('pw-record', '--rate=48000', '--channels=2', '--format=s16', path)
            pair.wait_state(False, True)
            self.wait_loud(path)
            pair.stop()

    def test_on_it_hears_the_tone_and_is_cut_at_once(self):
        pair = self.pair(play=False, record=True)
        self.assertEqual(self.captures(), [])
        path = self.record(pair)
        pair.wait_state(False, True)
        self.wait_loud(path)
        stream, = self.captures()
        self.assertEqual(stream['application.name'], 'Work')
        pair.switch(False, False)
        wait_for(lambda: self.captures() == [], 5, 'no capture')
        pair.wait_state(False, False)
        self.wait_silent(path)
        pair.switch(False, True)
        self.wait_loud(path)

    def test_open_only_while_a_program_records(self):
        pair = self.pair(play=True, record=True)
        player = pair.launch('paplay', self.tone(300, 440))
        pair.wait_state(True, False)
        self.assertEqual(self.captures(), [])
        path = self.path('short.raw')
        recorder = pair.launch('parecord', '--raw', path)
        pair.wait_state(True, True)
        self.assertEqual(len(self.captures()), 1)
        pair.call('Terminate', '(u)', (recorder,))
        pair.wait_state(True, False)
        self.assertEqual(self.captures(), [])
        self.assertIsNone(pair.find_signal('Exited', lambda i, *_: i == player))

    def test_server_that_comes_back(self):
        pair = self.pair(play=False, record=True)
        path = self.record(pair)
        pair.wait_state(False, True)
        self.wait_loud(path)
        self.server.kill_server()
        pair.wait_state(False, False)
        self.wait_silent(path)
        self.server.start()
        pair.wait_state(False, True)
        self.assertEqual(len(self.captures()), 1)


if __name__ == '__main__':
    harness.main()
