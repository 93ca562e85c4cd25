# SPDX-License-Identifier: GPL-3.0-or-later
"""The initramfs made from this computer's kernel modules and our programs."""

import os
import shutil
import subprocess
import tempfile
import unittest

import harness
from boot import BootTest, read_cpio


class InitramfsTest(BootTest):
    @classmethod
    def setUpClass(cls):
        cls.kernels = tempfile.mkdtemp(prefix='bh-kernels-', dir='/tmp')
        cls.addClassCleanup(shutil.rmtree, cls.kernels)

    def setUp(self):
        super().setUp()
        self.use_cache('cache')
        # Any program will do for the agent here; this one has libraries.
        self.use_programs(guest=shutil.which('true'))

    def use_cache(self, name):
        """An empty cache but for the kernel, which takes a second to unpack."""
        self.env['XDG_CACHE_HOME'] = self.path(name)
        os.makedirs(self.path(name, 'bulkhead'))
        os.symlink(self.kernels, self.path(name, 'bulkhead', 'kernels'))

    def make(self):
        return self.boot_tool('initramfs')[0]

    def test_holds_init_agent_libraries_and_modules(self):
        entries = read_cpio(self.make())
        self.assertEqual(entries['init'].data[:4], b'\x7fELF')
        with open('/usr/bin/true', 'rb') as file:
            self.assertEqual(entries['bulkhead/bulkhead-guest'].data, file.read())
        for name in ('ld-linux-x86-64.so.2', 'libc.so.6'):
            self.assertEqual(entries['bulkhead/lib/' + name].data[:4], b'\x7fELF')
            self.assertEqual(entries['bulkhead/lib/' + name].mode, 0o100755)
        self.assertEqual(entries['dev/console'].mode & 0o170000, 0o020000)
        self.assertEqual({name.split('/')[0] for name in entries},
                         {'init', 'bulkhead', 'modules', 'dev', 'proc'})

    def test_modules_come_after_what_they_need(self):
        entries = read_cpio(self.make())
        order = entries['modules/order'].data.decode().split()
        self.assertEqual({'modules/' + name for name in order},
                         {name for name in entries if name.startswith('modules/')
                          and not name.endswith('/order')})
        release, _, folder = self.boot_tool('kernel')
        for name in order:
            depends = subprocess.run(['/sbin/modinfo', '-k', release, '-F', 'depends',
                                      name.removesuffix('.ko')], capture_output=True, text=True,
                                     check=True).stdout.strip()
            for needed in filter(None, depends.split(',')):
                files = [f'{needed}.ko', f'{needed.replace("_", "-")}.ko']
                found = [order.index(file) for file in files if file in order]
                self.assertTrue(found and found[0] < order.index(name), (name, needed))
        with open(os.path.join(folder, 'modules.builtin'), encoding='utf-8') as file:
            built_in = [os.path.basename(line.strip()) for line in file]
        for wanted in ('virtio_pci.ko', 'virtio_console.ko', '9p.ko', '9pnet_virtio.ko'):
            self.assertIn(wanted, order + built_in)
        for name in order:
            self.assertEqual(entries['modules/' + name].data[:4], b'\x7fELF')

    def test_tells_no_user_from_another(self):
        first = self.make()
        self.env['HOME'] = '/'
        self.use_cache('other')
        second = self.make()
        with open(first, 'rb') as one, open(second, 'rb') as other:
            self.assertEqual(one.read(), other.read())
        self.assertEqual({entry.owner for entry in read_cpio(first).values()}, {(0, 0)})
        self.assertEqual({entry.time for entry in read_cpio(first).values()}, {0})

    def test_is_made_once_and_again_with_new_programs(self):
        first = self.make()
        inode = os.stat(first).st_ino
        self.assertEqual((self.make(), os.stat(first).st_ino), (first, inode))
        copy = self.path('init')
        shutil.copy(harness.build_path('src', 'init', 'bulkhead-init'), copy)
        self.use_programs(guest=shutil.which('true'), init=copy)
        self.assertNotEqual(self.make(), first)

    def test_incomplete_installation_is_told(self):
        os.unlink(os.path.join(self.env['BULKHEAD_LIBEXEC_DIR'], 'bulkhead-guest'))
        self.assertIn('lacks', self.refuse('Failed', 'initramfs'))
        self.assertEqual(os.listdir(self.path('cache', 'bulkhead')), ['kernels'])


if __name__ == '__main__':
    harness.require_ordinary_user()
    unittest.main()
