# SPDX-License-Identifier: GPL-3.0-or-later
"""What bulkhead-sound could still do if a sound server or a sample took it over; without any sound server."""

import os

import harness
from harness import build_path, wait_for
from soundhost import SoundProcess


class Confined(harness.TestCase):

    def setUp(self):
        self.place = harness.Place()
        self.addCleanup(self.place.remove)

    def tried(self, secret):
        """What worked before it connected the first time; the secret file is there, and readable."""
        with open(build_path('src', 'sound', 'bulkhead-sound'), 'rb') as file:
            if b'libasan' in file.read():
                self.skipTest('a sanitizer has to be loaded first')
        with open(secret, 'w', encoding='ascii') as file:
            file.write('secret')
        log = self.place.path('sound.log')
        sound = SoundProcess({**self.place.env, 'LD_PRELOAD': build_path('tests', 'sound', 'libsound-taken-over.so'),
                              'SECRET': secret, 'PLACE': self.place.path('home', 'place')}, 'Work', log)
        self.addCleanup(sound.stop)

        def words():
            with open(log, encoding='utf-8') as file:
                return next((line.split() for line in file if 'tried' in line), None)
        found = wait_for(words, 30, 'its attempts')
        self.assertFalse(os.path.exists(self.place.path('home', 'place')))
        return found

    def test_it_reads_no_file_of_the_user_starts_nothing_and_has_no_network(self):
        # Sockets of this computer it must be able to make: the sound server's is one.
        self.assertEqual(self.tried(self.place.path('home', 'secret')), ['usr', 'socket', 'tried'])

    def test_it_reads_the_settings_of_libpulse(self):
        folder = os.path.join(self.place.env['XDG_CONFIG_HOME'], 'pulse')
        os.mkdir(folder)
        self.assertEqual(self.tried(os.path.join(folder, 'cookie')), ['usr', 'secret', 'socket', 'tried'])

    def test_files_in_the_runtime_folder_are_closed_too(self):
        self.assertEqual(self.tried(os.path.join(self.place.runtime, 'secret')), ['usr', 'socket', 'tried'])


if __name__ == '__main__':
    harness.main()
