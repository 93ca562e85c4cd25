# SPDX-License-Identifier: GPL-3.0-or-later
"""What a program in the guest plays is heard on the host, exactly as long as it may be."""

import os
import signal

import harness
from harness import wait_for
from soundhost import SoundTestCase, Tone, left_of


def children(pid):
    """Names of all processes below one."""
    with open(f'/proc/{pid}/task/{pid}/children', encoding='ascii') as file:
        pids = [int(word) for word in file.read().split()]
    names = {}
    for child in pids:
        try:
            with open(f'/proc/{child}/comm', encoding='ascii') as file:
                names[child] = file.read().strip()
            names.update(children(child))
        except OSError:
            continue  # ended meanwhile
    return names


class Survives:
    """With each of the servers that desktops have."""

    def playing(self, pair, seconds=120):
        """Start a long tone and wait until the host has its stream."""
        program = pair.launch('paplay', self.tone(seconds))
        pair.wait_state(True, False)
        return program

    def wait_loud(self, path):
        """Until the last half second of a recording is a tone without a pause."""
        def loud():
            with open(path, 'rb') as file:
                file.seek(max(0, os.path.getsize(path) - 96000))
                tone = Tone(left_of(file.read()))
            return tone.seconds > 0.4 and abs(tone.frequency - 1000) < 1
        wait_for(loud, 40, 'a tone')

    def wait_silent(self, path):
        def silent():
            with open(path, 'rb') as file:
                file.seek(max(0, os.path.getsize(path) - 96000))
                return max(map(abs, left_of(file.read())), default=1) < 300
        wait_for(silent, 40, 'silence')

    def test_a_tone_arrives_whole(self):
        pair = self.pair()
        recording = self.server.record(self.path('out.raw'))
        program = pair.launch('paplay', self.tone(5))
        self.assertEqual(pair.wait_exit(program, 60), (0, b''))
        wait_for(lambda: (pair.pump(), pair.sound.state == (False, False))[1], 20, 'the end')
        tone = Tone(recording.stop())
        self.assertAlmostEqual(tone.frequency, 1000, delta=1)
        # Nothing is lost; a busy computer may have made pauses between.
        sound = tone.seconds - sum(length for _, length in tone.gaps)
        self.assertAlmostEqual(sound, 5, delta=0.3)

    def test_server_that_crashes_and_comes_back(self):
        pair = self.pair()
        self.playing(pair)
        self.server.kill_server()
        pair.wait_state(False, False)
        self.server.start()
        pair.wait_state(True, False, 60)
        recording = self.server.record(self.path('out.raw'))
        self.wait_loud(recording.path)

    def test_another_sink_and_a_suspended_one(self):
        pair = self.pair()
        self.playing(pair)
        self.server.pactl('load-module', 'module-null-sink', 'sink_name=other')
        wait_for(lambda: 'other' in self.server.names('sinks'), 20, 'the other sink')
        self.move('other')
        recording = self.server.record(self.path('other.raw'), 'other.monitor')
        self.wait_loud(recording.path)
        recording.stop()
        self.server.pactl('suspend-sink', 'other', '1')
        self.server.pactl('suspend-sink', 'other', '0')
        recording = self.server.record(self.path('after.raw'), 'other.monitor')
        self.wait_loud(recording.path)
        self.move('out')
        recording = self.server.record(self.path('out.raw'))
        self.wait_loud(recording.path)

    def move(self, sink):
        """As a person does in the mixer. WirePlumber does not move to a sink it has just seen."""
        number = next(line.split('\t')[0] for line in self.server.pactl('list', 'short', 'sinks').splitlines()
                      if line.split('\t')[1] == sink)

        def moved():
            stream, = self.server.streams()
            if stream['Sink'] != number:
                self.server.pactl('move-sink-input', stream['index'], sink)
            return stream['Sink'] == number
        wait_for(moved, 20, f'the stream at {sink}')

    def test_guest_that_ends_in_the_middle(self):
        pair, other = self.pair(name='Work'), self.pair(name='Other')
        self.playing(pair)
        self.playing(other)
        pair.guest.send_signal(signal.SIGKILL)
        pair.wait_signal('Failed', timeout=20)
        wait_for(lambda: [s['application.name'] for s in self.server.streams()] == ['Other'], 20,
                 'one stream only')
        recording = self.server.record(self.path('out.raw'))
        self.wait_loud(recording.path)

    def test_a_guest_that_is_late(self):
        """The stream runs dry, as on a computer that is busy or was asleep; it goes on with the sound."""
        pair = self.pair()
        program = self.playing(pair)
        recording = self.server.record(self.path('out.raw'))
        self.wait_loud(recording.path)
        media = next(pid for pid, name in children(pair.guest.pid).items() if name == 'bulkhead-media')
        for _ in range(2):
            os.kill(media, signal.SIGSTOP)
            self.wait_silent(recording.path)
            os.kill(media, signal.SIGCONT)
            self.wait_loud(recording.path)
        self.assertEqual(len(self.server.streams()), 1)
        self.assertIsNone(pair.find_signal('Exited', lambda i, *_: i == program))


class PlaybackTest(Survives, SoundTestCase):

    def test_the_stream_says_whose_it_is(self):
        pair = self.pair(name='Bank')
        self.playing(pair)
        pair.sound.call('SetIdentity', '(sss)', ('Bank', 'Online Banking', 'a-bank'))
        stream = wait_for(lambda: [s for s in self.server.streams()
                                   if s['media.name'] == 'Online Banking'], 20, 'the name')[0]
        self.assertEqual(stream['application.name'], 'Bank')
        self.assertEqual(stream['application.id'], 'io.github.bulkhead.bank')
        self.assertEqual(stream['application.icon_name'], 'a-bank')
        self.assertEqual(stream['media.icon_name'], 'a-bank')

    def test_no_sound_server_before_it_is_wanted(self):
        pair = self.pair()
        pair.wait_exit(pair.launch('true'))
        self.assertEqual([name for name in children(pair.guest.pid).values()
                          if name in ('pipewire', 'wireplumber', 'bulkhead-media')], [])
        self.assertIsNone(pair.sound)
        self.playing(pair)
        self.assertEqual({'pipewire', 'wireplumber', 'bulkhead-media'}
                         & set(children(pair.guest.pid).values()),
                         {'pipewire', 'wireplumber', 'bulkhead-media'})

    def test_a_native_program_may_be_the_first(self):
        """Nothing of sound runs in the guest yet: it waits until there is a sink, and is heard."""
        for i in range(3):
            pair = self.pair(name=f'First{i}')
            recording = self.server.record(self.path(f'first{i}.raw'))
            program = pair.launch('pw-play', self.tone(2))
            self.assertEqual(pair.wait_exit(program, 60), (0, b''))
            tone = Tone(recording.stop())
            self.assertGreater(tone.seconds, 1.5)
            self.assertAlmostEqual(tone.frequency, 1000, delta=1)
            pair.stop()

    def test_a_session_manager_that_hangs_is_started_anew(self):
        folder = self.path('programs')
        os.mkdir(folder)
        manager = os.path.join(folder, 'wireplumber')
        with open(manager, 'w', encoding='ascii') as file:
            file.write(f'#!/bin/sh\nif [ -e {folder}/tried ]; then exec /usr/bin/wireplumber; fi\n'
                       f'touch {folder}/tried\nexec sleep 1000\n')
        os.chmod(manager, 0o755)
        pair = self.pair(environment={'PATH': folder + ':/usr/bin:/bin'})
        self.assertEqual(pair.wait_exit(pair.launch('pw-play', self.tone(1)), 90), (0, b''))
        self.assertIn('Sound is not ready after 20 s', pair.log_tail())

    def test_off_from_the_start_lets_nothing_play(self):
        pair = self.pair(play=False)
        program = pair.launch('paplay', self.tone(5))
        code, tail = pair.wait_exit(program, 20)
        self.assertNotEqual(code, 0)
        self.assertIn(b'refused', tail)
        pair.pump()
        self.assertIsNone(pair.sound)
        self.assertEqual(self.server.streams(), [])

    def test_off_cuts_at_once_and_on_brings_it_back(self):
        pair = self.pair()
        program = self.playing(pair)
        recording = self.server.record(self.path('out.raw'))
        self.wait_loud(recording.path)
        pair.switch(False, False)
        # SetSwitches has answered: the stream is closed.
        wait_for(lambda: self.server.streams() == [], 5, 'no stream')
        self.wait_silent(recording.path)
        pair.wait_state(False, False)
        pair.switch(True, False)
        self.wait_loud(recording.path)
        self.assertEqual(pair.find_signal('Exited', lambda i, *_: i == program), None)

    def test_a_sound_server_of_the_guest_that_crashes(self):
        pair = self.pair()
        program = self.playing(pair)
        os.kill(next(pid for pid, name in children(pair.guest.pid).items()
                     if name == 'bulkhead-media'), signal.SIGKILL)
        pair.wait_exit(program, 30)
        pair.wait_state(False, False)
        self.playing(pair)

    def test_volume_is_that_of_the_mixer(self):
        pair = self.pair()
        self.playing(pair)
        stream, = self.server.streams()

        def volumes():
            pair.sound.state  # takes in signals
            return pair.sound.volumes
        self.server.pactl('set-sink-input-volume', stream['index'], '50%')
        wait_for(lambda: volumes() and abs(volumes()[-1][0] - 0.5) < 0.01, 20, 'half')
        pair.sound.call('SetVolume', '(d)', (0.25,))
        wait_for(lambda: '25%' in self.server.streams()[0]['Volume'], 20, 'a quarter')
        pair.sound.call('SetMuted', '(b)', (True,))
        wait_for(lambda: self.server.streams()[0]['Mute'] == 'yes', 20, 'mute')
        wait_for(lambda: volumes()[-1][1], 20, 'mute told')

    def test_the_level_is_that_of_the_sound(self):
        pair = self.pair()
        self.playing(pair)
        level = wait_for(lambda: pair.sound.call('GetLevel').unpack()[0], 20, 'a level')
        self.assertAlmostEqual(level, 12000 / 32768, delta=0.05)


class PulseAudioTest(Survives, SoundTestCase):
    server_kind = 'pulseaudio'


if __name__ == '__main__':
    harness.main()
