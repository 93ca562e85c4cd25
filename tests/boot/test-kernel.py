# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding and unpacking a kernel: made-up folders, made-up images packed in every common way."""

import bz2
import gzip
import lzma
import os
import shutil
import stat
import struct
import subprocess
import unittest

import harness
from boot import BootTest

NEEDED = ('virtio_pci', 'virtio_console', '9p', '9pnet_virtio')


def elf_kernel(pvh=True, size=200000):
    """An ELF file as QEMU wants it: 64-bit, for x86-64, with the PVH entry in a note."""
    note = struct.pack('<III4sI', 4, 4, 18 if pvh else 6, b'Xen\0', 0x1000000)
    header = struct.pack('<4sBBBB8xHHIQQQIHHHHHH', b'\x7fELF', 2, 1, 1, 0, 2, 62, 1, 0x1000000, 64,
                         0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack('<IIQQQQQQ', 4, 4, 120, 0, 0, len(note), len(note), 4)
    body = header + segment + note
    return body + bytes(i * 7 % 251 for i in range(size - len(body)))


def bz_image(payload):
    """The head of a bzImage (Documentation/x86/boot.rst), four sectors of set-up, the payload."""
    image = bytearray(5 * 512 + 64)
    image[0x1f1] = 4
    image[0x202:0x206] = b'HdrS'
    image[0x206:0x208] = b'\x0f\x02'
    struct.pack_into('<II', image, 0x248, 64, len(payload))
    return bytes(image) + payload + b'signature of some kind'


def sized(data, packed):
    return packed + struct.pack('<I', len(data))


def pack_xz(data):
    return sized(data, lzma.compress(data, lzma.FORMAT_XZ, check=lzma.CHECK_CRC32, filters=[
        {'id': lzma.FILTER_X86}, {'id': lzma.FILTER_LZMA2, 'dict_size': 1 << 20}]))


def pack_with(*command):
    def pack(data):
        return sized(data, subprocess.run(command, input=data, capture_output=True,
                                          check=True).stdout)
    return pack


PACKERS = {
    'gzip': gzip.compress,
    'xz': pack_xz,
    'lzma': lambda data: sized(data, lzma.compress(data, lzma.FORMAT_ALONE)),
    'bzip2': lambda data: sized(data, bz2.compress(data)),
    'zstd': pack_with('zstd', '-q', '-c'),
    'lz4': pack_with('lz4', '-q', '-l', '-c'),
}


class KernelTest(BootTest):
    def setUp(self):
        super().setUp()
        self.boot = self.path('boot')
        os.mkdir(self.boot)
        self.env['BULKHEAD_KERNEL_DIR'] = self.boot

    def add_kernel(self, release, content=None, modules=NEEDED, builtin=()):
        path = os.path.join(self.boot, 'vmlinuz-' + release)
        with open(path, 'wb') as file:
            file.write(content or bz_image(gzip.compress(elf_kernel())))
        folder = os.path.join(self.boot, 'modules', release)
        os.makedirs(folder)
        for name, listed in (('modules.dep', modules), ('modules.builtin', builtin)):
            with open(os.path.join(folder, name), 'w') as file:
                file.writelines(f'kernel/drivers/{module}.ko:\n' for module in listed)
        return path

    def cached(self):
        folder = self.path('cache', 'bulkhead', 'kernels')
        return sorted(name for name in os.listdir(folder) if name != '.lock') \
            if os.path.isdir(folder) else []

    def test_no_kernel_names_the_package(self):
        message = self.refuse('NoKernel', 'kernel')
        self.assertIn('Install the package', message)
        self.assertIn(self.boot, message)
        self.assertEqual(self.cached(), [])

    def test_unreadable_kernel_names_the_command(self):
        os.chmod(self.add_kernel('6.8.0-41-generic'), 0)
        message = self.refuse('KernelUnreadable', 'kernel')
        self.assertIn('sudo chmod a+r ' + self.boot + '/vmlinuz-6.8.0-41-generic', message)

    def test_takes_an_older_readable_one(self):
        os.chmod(self.add_kernel('6.8.0-41-generic'), 0)
        self.add_kernel('6.8.0-40-generic')
        self.assertEqual(self.boot_tool('kernel')[0], '6.8.0-40-generic')

    def test_takes_the_newest_that_has_the_modules(self):
        for release in ('6.1.0-9-amd64', '6.1.0-10-amd64', '5.10.0-30-amd64'):
            self.add_kernel(release)
        self.add_kernel('6.12.0-1-cloud-amd64', modules=NEEDED[:2])
        release, image, modules = self.boot_tool('kernel')
        self.assertEqual(release, '6.1.0-10-amd64')
        self.assertEqual(modules, os.path.join(self.boot, 'modules', release))
        with open(image, 'rb') as file:
            self.assertEqual(file.read(), elf_kernel())

    def test_modules_may_be_built_in_or_named_with_dashes(self):
        self.add_kernel('6.1.0-9-amd64', modules=('virtio-pci', 'virtio_console', '9p'),
                        builtin=('9pnet_virtio',))
        self.assertEqual(self.boot_tool('kernel')[0], '6.1.0-9-amd64')

    def test_lacking_module_is_named(self):
        self.add_kernel('6.1.0-9-cloud-amd64', modules=NEEDED[:2])
        message = self.refuse('NoKernel', 'kernel')
        self.assertIn('6.1.0-9-cloud-amd64 lacks the module 9p.', message)

    def test_one_that_was_chosen(self):
        image = bytearray(bz_image(gzip.compress(elf_kernel())))
        struct.pack_into('<H', image, 0x20e, 0x100)
        image[0x300:0x320] = b'5.1.0-own (me@here) #1 SMP'.ljust(32, b'\0')
        self.add_kernel('5.1.0-own', bytes(image) + bytes(4096))
        own = os.path.join(self.boot, 'vmlinuz-5.1.0-own')
        self.assertEqual(self.boot_tool('kernel', own)[0], '5.1.0-own')
        elf = self.path('vmlinux')
        with open(elf, 'wb') as file:
            file.write(elf_kernel() + b'Linux version 5.1.0-own (me@here)\n\0')
        self.assertEqual(self.boot_tool('kernel', elf)[0], '5.1.0-own')
        bare = self.path('bare')
        with open(bare, 'wb') as file:
            file.write(elf_kernel() + b'Linux version 4.0-bare (me)')
        self.assertEqual(self.boot_tool('kernel', bare, 'any')[0], '4.0-bare')
        text = self.path('text')
        with open(text, 'w', encoding='utf-8') as file:
            file.write('not a kernel')
        empty = self.path('empty')
        open(empty, 'wb').close()
        for path, name, word in ((bare, 'NoKernel', 'virtio_pci'), (text, 'InvalidArgument', 'not a Linux kernel'),
                                 (empty, 'InvalidArgument', empty), ('/nonexistent', 'InvalidArgument', 'No such file'),
                                 ('/tmp', 'InvalidArgument', '/tmp')):
            self.assertIn(word, self.refuse(name, 'kernel', path))

    def test_unpacks_every_common_packing(self):
        for number, (name, pack) in enumerate(PACKERS.items()):
            with self.subTest(packing=name):
                self.add_kernel(f'6.{number}', bz_image(pack(elf_kernel())))
                out = self.path('vmlinux-' + name)
                self.boot_tool('extract', self.boot + f'/vmlinuz-6.{number}', out)
                with open(out, 'rb') as file:
                    self.assertEqual(file.read(), elf_kernel())

    def test_takes_an_elf_kernel_as_it_is(self):
        self.add_kernel('6.1', elf_kernel())
        with open(self.boot_tool('kernel')[1], 'rb') as file:
            self.assertEqual(file.read(), elf_kernel())

    def test_image_that_only_qemu_can_boot_is_used_itself(self):
        for release, content in (('6.1', bz_image(gzip.compress(elf_kernel(pvh=False)))),
                                 ('6.2', bz_image(b'packed in a way of the future'))):
            path = self.add_kernel(release, content)
            done = subprocess.run([harness.build_path('tests', 'boot', 'boot-tool'), 'kernel'],
                                  env=self.env, capture_output=True, text=True)
            self.assertEqual(done.stdout.splitlines()[:2], [release, path])
            self.assertEqual(self.cached(), [])

    def test_damaged_images_are_refused_and_leave_nothing(self):
        whole = bz_image(pack_xz(elf_kernel()))
        wrong_size = pack_xz(elf_kernel())[:-4] + struct.pack('<I', 5)
        flipped = bytearray(whole)
        flipped[-200] ^= 0xff
        images = {'empty': b'', 'text': b'not a kernel' * 1000, 'short': whole[:3000],
                  'flipped': bytes(flipped), 'size': bz_image(wrong_size),
                  'inside': bz_image(gzip.compress(b'no ELF' * 100)),
                  'elf32': bz_image(gzip.compress(b'\x7fELF\x01' + bytes(500)))}
        for name, content in images.items():
            with self.subTest(name=name):
                path = self.path(name)
                with open(path, 'wb') as file:
                    file.write(content)
                self.refuse('Failed', 'extract', path, self.path('out'))
                self.assertEqual([n for n in os.listdir(self.dir) if n.startswith('out')], [])

    def test_every_cut_of_an_image_is_refused(self):
        whole = bz_image(gzip.compress(elf_kernel(size=2000)))
        for length in range(0, len(whole) - 30, 101):
            path = self.path('cut')
            with open(path, 'wb') as file:
                file.write(whole[:length])
            self.refuse('Failed', 'extract', path, self.path('out'))

    def test_damaged_image_gives_way_to_an_older_one(self):
        self.add_kernel('6.2', b'damaged' * 500)
        self.add_kernel('6.1')
        done = subprocess.run([harness.build_path('tests', 'boot', 'boot-tool'), 'kernel'],
                              env=self.env, capture_output=True, text=True)
        self.assertEqual(done.stdout.splitlines()[0], '6.1')

    def test_is_unpacked_once(self):
        source = self.add_kernel('6.1')
        image = self.boot_tool('kernel')[1]
        before = os.stat(image)
        self.assertEqual(stat.S_IMODE(before.st_mode), 0o400)
        self.assertEqual(self.boot_tool('kernel')[1], image)
        self.assertEqual(os.stat(image).st_ino, before.st_ino)
        with open(source, 'wb') as file:
            file.write(bz_image(gzip.compress(elf_kernel(size=300000))))
        renewed = self.boot_tool('kernel')[1]
        self.assertNotEqual(renewed, image)
        self.assertEqual(os.stat(renewed).st_size, 300000)

    def test_damaged_copy_is_made_again(self):
        self.add_kernel('6.1')
        image = self.boot_tool('kernel')[1]

        def flip():
            with open(image, 'r+b') as file:
                file.seek(1000)
                file.write(b'xxxx')

        def remove_record():
            os.unlink(image + '.sum')

        for damage in (flip, remove_record, lambda: os.truncate(image, 10),
                       lambda: os.unlink(image)):
            if os.path.exists(image):
                os.chmod(image, 0o600)
            damage()
            self.assertEqual(self.boot_tool('kernel')[1], image)
            with open(image, 'rb') as file:
                self.assertEqual(file.read(), elf_kernel())

    def test_copy_from_a_backup_is_still_good(self):
        self.add_kernel('6.1')
        image = self.boot_tool('kernel')[1]
        shutil.copy2(image, image + '.backup')
        os.rename(image + '.backup', image)
        inode = os.stat(image).st_ino
        self.assertEqual(self.boot_tool('kernel')[1], image)
        self.assertEqual(os.stat(image).st_ino, inode)

    def test_old_copies_and_leftovers_go(self):
        os.makedirs(self.path('cache', 'bulkhead', 'kernels'))
        with open(self.path('cache', 'bulkhead', 'kernels', '6.0.vmlinux.123.part'), 'w'):
            pass
        for number in range(5):
            self.add_kernel(f'6.{number}')
            self.boot_tool('kernel')
        self.assertEqual([name[:3] for name in self.cached()], ['6.2', '6.2', '6.3', '6.3', '6.4',
                                                                '6.4'])

    def test_full_disk_is_told_and_leaves_nothing(self):
        os.mkdir(self.path('cache'))
        mount = ('unshare', '--user', '--map-root-user', '--mount', 'sh', '-c',
                 f'mount -t tmpfs -o size=300k tmpfs {self.path("cache")} || exit 99; '
                 f'"$@"; status=$?; find {self.path("cache")} -type f -size +0; exit $status', 'sh')
        self.add_kernel('6.1', bz_image(gzip.compress(elf_kernel(size=1000000))))
        probe = subprocess.run([*mount, 'true'], capture_output=True)
        if probe.returncode != 0:
            self.skipTest('no user namespaces for ordinary users here')
        done = subprocess.run([*mount, harness.build_path('tests', 'boot', 'boot-tool'), 'kernel'],
                              env=self.env, capture_output=True, text=True)
        self.assertEqual(done.returncode, 10 + 12, done.stderr)
        self.assertIn('DiskFull', done.stderr)
        self.assertEqual(done.stdout, '')


if __name__ == '__main__':
    harness.require_ordinary_user()
    unittest.main()
