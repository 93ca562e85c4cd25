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
