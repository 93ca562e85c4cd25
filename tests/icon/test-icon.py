# SPDX-License-Identifier: GPL-3.0-or-later
"""bulkhead-icon: what it draws, and what a decoder in it can reach."""

import io
import os
import subprocess
import unittest

from PIL import Image

from harness import Place, build_path, main

SIZE = 128


class Icon(unittest.TestCase):

    def setUp(self):
        self.place = Place()
        self.addCleanup(self.place.remove)
        self.program = build_path('src', 'icon', 'bulkhead-icon')
        picture = io.BytesIO()
        Image.new('RGBA', (64, 32), (1, 2, 3, 255)).save(picture, 'PNG')
        self.picture = picture.getvalue()

    def draw(self, picture, color='#e66100', letter='W', **env):
        done = subprocess.run([self.program, color, letter], input=picture, capture_output=True,
                              env={**self.place.env, **env}, timeout=30, check=False)
        # Where fonts were installed since the last fc-cache; it may write nowhere, as it should.
        done.stderr = done.stderr.replace(b'Fontconfig error: No writable cache directories\n', b'')
        return done

    def test_a_picture_gets_a_badge_with_a_letter(self):
        done = self.draw(self.picture)
        self.assertEqual((done.returncode, done.stderr), (0, b''))
        image = Image.frombytes('RGBA', (SIZE, SIZE), done.stdout)
        self.assertEqual(image.getpixel((64, 64)), (1, 2, 3, 255))
        self.assertEqual(image.getpixel((64, 10))[3], 0)
        for seen, wanted in zip(image.getpixel((82, 90)), (0xe6, 0x61, 0, 255)):
            self.assertAlmostEqual(seen, wanted, delta=4)  # gdk-pixbuf rounds when it blends
        badge = image.crop((SIZE - 56, SIZE - 56, SIZE, SIZE))
        self.assertIn((0, 0, 0, 255), [color for _, color in badge.getcolors(56 * 56)],
                      'a letter that can be read on orange')

    def test_what_is_no_picture_gives_nothing(self):
        for picture in (b'', b'no picture', self.picture[:40], b'\x89PNG\r\n\x1a\n' + b'\0' * 5000):
            done = self.draw(picture)
            self.assertNotEqual(done.returncode, 0)
            self.assertEqual(done.stdout, b'')

    def test_a_decoder_that_was_taken_over_reaches_nothing(self):
        with open(f'/proc/{os.getpid()}/status', encoding='ascii') as file:
            self.assertIn('Seccomp', file.read())
        with open(self.program, 'rb') as file:
            if b'libasan' in file.read():
                self.skipTest('a sanitizer has to be loaded first')
        secret = self.place.path('secret')
        with open(secret, 'w', encoding='ascii') as file:
            file.write('secret')
        done = self.draw(self.picture, LD_PRELOAD=build_path('tests', 'icon', 'libtaken-over.so'),
                         SECRET=secret, PLACE=self.place.path('new'))
        # What it may read shows that it was really there.
        self.assertEqual((done.returncode, done.stderr), (0, b'usr '))
        self.assertFalse(os.path.exists(self.place.path('new')))


if __name__ == '__main__':
    main()
