# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk that boots by itself: GRUB, this computer's kernel, and tests/disk/guest.c as its only program."""

import glob
import lzma
import os
import re
import shutil
import struct
import subprocess

from harness import build_path

MODULES = ['virtio_pci', 'virtio_blk', 'virtio_input', 'evdev', 'button', 'virtio-gpu', 'virtio_net', 'af_packet']
# What udhcpc is told.
LEASE = b'''#!/bin/busybox sh
/bin/busybox ifconfig $interface up
[ $1 != bound ] || echo "desktop: has the address $ip/$mask by $router, and names from $dns"
'''
GRUB = '/usr/lib/grub/i386-pc'
SECTOR = 512
START = 2048  # of the only partition
CONFIG = '''set root=(hd0,msdos1)
linux /vmlinuz console=ttyS0 panic=-1 quiet loglevel=3 random.trust_cpu=on cryptomgr.notests
initrd /initrd
boot
'''


def release():
    kernels = sorted(glob.glob('/boot/vmlinuz-*'), key=os.path.getmtime)
    return kernels[-1][len('/boot/vmlinuz-'):]


def modules(kernel):
    """Files of MODULES and what they need, each after what it needs."""
    lines = subprocess.run(['modprobe', '-S', kernel, '-a', '--show-depends', *MODULES], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    paths = [line.split()[1] for line in lines if line.startswith('insmod')]
    return list(dict.fromkeys(paths))


def module_bytes(path):
    with open(path, 'rb') as file:
        data = file.read()
    if path.endswith('.xz'):
        return lzma.decompress(data)
    if path.endswith('.zst'):
        return subprocess.run(['zstd', '-dc', path], check=True, capture_output=True).stdout
    return data


def busybox():
    """Entries of it and its libraries."""
    path = shutil.which('busybox')
    needed = re.findall(r'(/\S+) \(0x', subprocess.run(['ldd', path], check=False, capture_output=True, text=True).stdout)
    entries = {}
    for name, source in (('bin/busybox', path), *((library[1:], library) for library in needed)):
        folders = name.split('/')[:-1]
        for i in range(1, len(folders) + 1):
            entries.setdefault('/'.join(folders[:i]), (0o40755, b''))
        with open(source, 'rb') as file:
            entries[name] = (0o100755, file.read())
    return {**entries, 'bin/lease': (0o100755, LEASE)}


def cpio(entries):
    """An archive "newc" of name → (mode, bytes)."""
    out = bytearray()
    for number, (name, (mode, data)) in enumerate([*entries.items(), ('TRAILER!!!', (0, b''))], 1):
        fields = [number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        out += b'070701' + b''.join(b'%08x' % field for field in fields) + name.encode() + b'\0'
        out += b'\0' * (-len(out) % 4) + data
        out += b'\0' * (-len(out) % 4)
    return bytes(out)


def initrd(kernel):
    with open(build_path('tests', 'disk', 'disk-guest'), 'rb') as file:
        entries = {'dev': (0o40755, b''), 'modules': (0o40755, b''), 'init': (0o100755, file.read()), **busybox()}
    names = []
    for path in modules(kernel):
        names.append(os.path.basename(path))
        entries['modules/' + names[-1]] = (0o100644, module_bytes(path))
    entries['modules/order'] = (0o100644, ''.join(name + '\n' for name in names).encode())
    return cpio(entries)


def file_system(work, kernel, mib):
    root, image = os.path.join(work, 'root'), os.path.join(work, 'fs')
    os.makedirs(root, exist_ok=True)
    subprocess.run(['cp', f'/boot/vmlinuz-{kernel}', os.path.join(root, 'vmlinuz')], check=True)
    with open(os.path.join(root, 'initrd'), 'wb') as file:
        file.write(initrd(kernel))
    subprocess.run(['/usr/sbin/mke2fs', '-q', '-t', 'ext2', '-E', 'root_owner=0:0', '-d', root, image, f'{mib}M'],
                   check=True)
    with open(image, 'rb') as file:
        return file.read()


def loader(work):
    """What the BIOS starts, and what that starts."""
    config, core = os.path.join(work, 'early.cfg'), os.path.join(work, 'core.img')
    with open(config, 'w', encoding='ascii') as file:
        file.write(CONFIG)
    subprocess.run(['grub-mkimage', '-O', 'i386-pc', '-d', GRUB, '-o', core, '-p', '/', '-c', config,
                    'biosdisk', 'part_msdos', 'ext2', 'linux', 'boot'], check=True)
    with open(os.path.join(GRUB, 'boot.img'), 'rb') as file:
        boot = bytearray(file.read())
    with open(core, 'rb') as file:
        return boot, file.read()


def make(path, work, mib=64):
    """A raw image at path."""
    os.makedirs(work, exist_ok=True)
    boot, core = loader(work)
    assert len(core) < (START - 1) * SECTOR
    files = file_system(work, release(), mib - 3)
    boot[446:510] = bytes(64)  # its code for floppy disks
    boot[446:462] = struct.pack('<BBBBBBBBII', 0x80, 0, 2, 0, 0x83, 0, 0, 0, START, len(files) // SECTOR)
    boot[510:512] = b'\x55\xaa'
    with open(path, 'wb') as file:
        file.truncate(mib << 20)
        file.write(boot)
        file.seek(SECTOR)
        file.write(core)
        file.seek(START * SECTOR)
        file.write(files)
    return path


def qcow2(path, raw, *options):
    subprocess.run(['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', *options, raw, path], check=True)
    return path
