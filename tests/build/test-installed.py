# SPDX-License-Identifier: GPL-3.0-or-later
"""What `meson install` leaves: complete, valid, and linked with nothing a program must not have."""

import glob
import os
import re
import shutil
import subprocess
import tempfile
import unittest

import harness

PROGRAMS = ('bin/bulkhead', 'bin/bulkheadctl', 'libexec/bulkhead/bulkhead-service',
            'libexec/bulkhead/bulkhead-proxy', 'libexec/bulkhead/bulkhead-vmm',
            'libexec/bulkhead/bulkhead-helper', 'libexec/bulkhead/bulkhead-guest', 'libexec/bulkhead/bulkhead-init')

# What each program is directly linked with, at most (libc and its parts aside).
GLIB = {'libglib-2.0', 'libgobject-2.0', 'libgio-2.0', 'libgmodule-2.0'}
LINKS = {
    'bulkhead-init': set(),
    'bulkhead-helper': GLIB | {'libpolkit-gobject-1', 'libkmod', 'libnl-3', 'libnl-route-3', 'libnftables',
                               'libcap-ng', 'libacl'},
    'bulkhead-vmm': set(),
    'bulkhead-guest': GLIB | {'libwayland-server', 'libpixman-1', 'libxkbcommon'},
    'bulkhead-proxy': GLIB | {'libwayland-client', 'libwayland-cursor', 'libseccomp', 'libpulse',
                              'libcairo', 'libpango-1.0', 'libpangocairo-1.0', 'libxkbcommon'},
    'bulkheadctl': GLIB | {'libjson-glib-1.0'},
}
LIBC = {'libc', 'libm', 'libgcc_s', 'ld-linux-x86-64'}


def run(*argv):
    return subprocess.run(argv, capture_output=True, text=True, check=False)


class Installed(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.destdir = tempfile.mkdtemp(prefix='bh-install-')
        done = run('meson', 'install', '-C', harness.BUILD_DIR, '--no-rebuild', '--quiet',
                   '--destdir', cls.destdir)
        if done.returncode != 0:
            raise RuntimeError(done.stdout + done.stderr)
        found = glob.glob(cls.destdir + '/**/bin/bulkheadctl', recursive=True)
        if not found:
            raise RuntimeError('no bulkheadctl was installed')
        cls.prefix = os.path.dirname(os.path.dirname(found[0]))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.destdir)

    def path(self, *parts):
        return os.path.join(self.prefix, *parts)

    def test_programs_are_there(self):
        missing = [name for name in PROGRAMS if not os.access(self.path(name), os.X_OK)]
        self.assertEqual(missing, [])

    def test_the_bus_finds_the_programs_it_activates(self):
        files = glob.glob(self.path('share/dbus-1/*services/*.service'))
        names = {os.path.basename(path) for path in files}
        self.assertLessEqual({'io.github.bulkhead.Service.service', 'io.github.bulkhead.Helper.service'}, names)
        for path in files:
            with open(path, encoding='utf-8') as file:
                command = re.search(r'^Exec=(\S+)', file.read(), re.M).group(1)
            self.assertTrue(os.access(self.destdir + command, os.X_OK), f'{path}: {command}')

    def test_the_helper_has_an_action_for_each_verb(self):
        with open(self.path('share/polkit-1/actions/io.github.bulkhead.Helper.policy'), encoding='utf-8') as file:
            actions = set(re.findall(r'<action id="io.github.bulkhead.helper.([a-z-]+)"', file.read()))
        with open(os.path.join(harness.SOURCE_DIR, 'src', 'helper', 'bh-verbs.c'), encoding='utf-8') as file:
            asked = set(re.findall(r'ACTION "([a-z-]+)"', file.read()))
        self.assertEqual(actions, asked)
        self.assertTrue(os.path.exists(self.path('share/dbus-1/system.d/io.github.bulkhead.Helper.conf')))
        self.assertTrue(os.path.exists(self.path('lib/systemd/system/bulkhead-helper.service')))

    def test_desktop_files_and_metainfo_are_valid(self):
        desktop = glob.glob(self.path('share/applications/*.desktop'))
        self.assertTrue(desktop)
        for path in desktop:
            done = run('desktop-file-validate', path)
            self.assertEqual((done.returncode, done.stdout), (0, ''), path)
        for path in glob.glob(self.path('share/metainfo/*.xml')):
            done = run('appstreamcli', 'validate', '--no-net', path)
            self.assertEqual(done.returncode, 0, done.stdout)

    def test_programs_are_linked_with_nothing_more(self):
        wrong = []
        for name in PROGRAMS:
            short = os.path.basename(name)
            if short not in LINKS or not os.path.exists(self.path(name)):
                continue
            dynamic = run('readelf', '-d', self.path(name)).stdout
            for library in re.findall(r'NEEDED.*\[([^\]]+)\]', dynamic):
                library = library.split('.so')[0]
                if library not in LINKS[short] | LIBC:
                    wrong.append(f'{short}: {library}')
        self.assertEqual(wrong, [])

    def test_the_guest_side_needs_no_interpreter_or_setuid(self):
        for folder, _, names in os.walk(self.prefix):
            for name in names:
                mode = os.lstat(os.path.join(folder, name)).st_mode
                self.assertFalse(mode & 0o6000, f'{folder}/{name} is setuid or setgid')
        self.assertNotIn('INTERP', run('readelf', '-l', self.path(
            'libexec/bulkhead/bulkhead-init')).stdout)


if __name__ == '__main__':
    unittest.main(verbosity=2)
