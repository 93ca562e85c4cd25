# SPDX-License-Identifier: GPL-3.0-or-later
"""po/: every file with text for people is named, every named file is there, and its text can be taken out."""

import os
import re
import subprocess
import unittest

import harness

TEXT = re.compile(r'(^|[^A-Za-z_])(_|N_|C_|NC_|ngettext) ?\("')


def walk(*folders):
    for folder in folders:
        for path, names, files in os.walk(os.path.join(harness.SOURCE_DIR, folder)):
            for name in files:
                yield os.path.join(path, name)


def relative(path):
    return os.path.relpath(path, harness.SOURCE_DIR)


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def has_text(path):
    if path.endswith('.c'):
        return TEXT.search(read(path))
    if path.endswith('.ui'):
        return 'translatable="' in read(path)
    return path.endswith(('.desktop', '.desktop.in', '.metainfo.xml', '.metainfo.xml.in', '.policy',
                          '.policy.in', '.gschema.xml'))


class Translations(unittest.TestCase):

    def setUp(self):
        self.listed = [line.strip() for line in read(os.path.join(harness.SOURCE_DIR, 'po', 'POTFILES.in'))
                       .splitlines() if line.strip() and not line.startswith('#')]

    def test_every_file_with_text_is_listed(self):
        found = {relative(path) for path in walk('src', 'data') if has_text(path)}
        self.assertEqual(sorted(found - set(self.listed)), [])

    def test_every_listed_file_is_there_once(self):
        self.assertEqual(len(self.listed), len(set(self.listed)))
        for name in self.listed:
            self.assertTrue(os.path.exists(os.path.join(harness.SOURCE_DIR, name)), name)

    def languages(self):
        with open(os.path.join(harness.SOURCE_DIR, 'po', 'LINGUAS'), encoding='utf-8') as file:
            return [line.strip() for line in file if line.strip() and not line.startswith('#')]

    def test_translations_are_sound(self):
        self.assertIn('de', self.languages())
        for language in self.languages():
            path = os.path.join(harness.SOURCE_DIR, 'po', language + '.po')
            done = subprocess.run(['msgfmt', '--check', '--check-accelerators=_', '--statistics', '-o', '/dev/null', path],
                                  text=True, capture_output=True, check=False, env={**os.environ, 'LC_ALL': 'C.UTF-8'})
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertNotIn('fuzzy', done.stderr)

    def test_german_is_complete_but_for_the_newest_texts(self):
        sources = [name for name in self.listed if name.endswith(('.c', '.ui'))]
        pot = subprocess.run(
            ['xgettext', '--from-code=UTF-8', '--keyword=_', '--keyword=N_', '--keyword=C_:1c,2', '--keyword=ngettext:1,2',
             '--output=-', *sources], cwd=harness.SOURCE_DIR, text=True, capture_output=True, check=True).stdout
        merged = subprocess.run(['msgmerge', '--no-fuzzy-matching', '--quiet', '-o', '-', os.path.join('po', 'de.po'), '-'],
                                cwd=harness.SOURCE_DIR, input=pot, text=True, capture_output=True, check=True).stdout
        counted = subprocess.run(['msgfmt', '--statistics', '-o', '/dev/null', '-'], input=merged, text=True,
                                 capture_output=True, check=True, env={**os.environ, 'LC_ALL': 'C.UTF-8'}).stderr
        numbers = [int(word) for word in re.findall('\\d+', counted)]
        translated, rest = numbers[0], sum(numbers[1:])
        self.assertGreater(translated, 300, counted)
        self.assertLess(rest, 0.05 * translated, counted)

    def test_text_can_be_taken_out(self):
        sources = [name for name in self.listed if name.endswith('.c')]
        out = subprocess.run(
            ['xgettext', '--from-code=UTF-8', '--keyword=_', '--keyword=N_', '--keyword=C_:1c,2',
             '--flag=_:1:pass-c-format', '--output=-', *sources], cwd=harness.SOURCE_DIR, text=True,
            capture_output=True, check=True)
        self.assertEqual(out.stderr, '')
        self.assertIn('msgid "Run a program in an AppVM"', out.stdout)


if __name__ == '__main__':
    unittest.main(verbosity=2)
