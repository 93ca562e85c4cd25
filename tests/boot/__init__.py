# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of what boots guests: kernel, initramfs, seed, domain, bulkhead-vmm, and whole guests."""

import os
import shutil
import subprocess
import tempfile
import unittest

import harness

# BhError, in its order; boot-tool's exit code is 10 + the index.
ERRORS = ('Failed', 'InvalidArgument', 'NotFound', 'Exists', 'BadKeyFile', 'NotRunning', 'Busy',
          'NoKernel', 'KernelUnreadable', 'NoHypervisor', 'NoDisplay', 'NoMemory', 'DiskFull')
PROGRAMS = {'bulkhead-init': 'init', 'bulkhead-guest': 'guest', 'bulkhead-vmm': 'vmm',
            'bulkhead-media': 'media'}


class BootToolError(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.name = ERRORS[code - 10] if 10 <= code < 10 + len(ERRORS) else str(code)


class BootTest(unittest.TestCase):
    """A private cache and home per test; boot-tool in it."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix='bh-boot-', dir='/tmp')
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.env = {'PATH': os.environ['PATH'], 'HOME': self.path('home'),
                    'XDG_CACHE_HOME': self.path('cache'), 'XDG_RUNTIME_DIR': self.path('run'),
                    'XDG_CONFIG_HOME': self.path('config'), 'XDG_STATE_HOME': self.path('state')}
        for name in ('home', 'run', 'config', 'state'):
            os.mkdir(self.path(name), 0o700)
        for name in ('ASAN_OPTIONS', 'UBSAN_OPTIONS', 'LSAN_OPTIONS'):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def use_programs(self, **instead):
        """One folder with our programs, as an installation has them; `instead` names others."""
        folder = self.path('libexec')
        os.makedirs(folder, exist_ok=True)
        for name, source in PROGRAMS.items():
            target = instead.get(name.removeprefix('bulkhead-'))
            link = os.path.join(folder, name)
            if os.path.lexists(link):
                os.unlink(link)
            os.symlink(target or harness.build_path('src', source, name), link)
        self.env['BULKHEAD_LIBEXEC_DIR'] = folder
        return folder

    def boot_tool(self, *arguments, wrapper=(), timeout=60):
        done = subprocess.run([*wrapper, harness.build_path('tests', 'boot', 'boot-tool'),
                               *arguments], env=self.env, capture_output=True, text=True,
                              timeout=timeout)
        if done.returncode != 0:
            raise BootToolError(done.returncode, done.stderr)
        self.assertEqual(done.stderr, '')
        return done.stdout.splitlines()

    def refuse(self, name, *arguments, **options):
        """boot-tool has to fail with that error; its message."""
        with self.assertRaises(BootToolError) as caught:
            self.boot_tool(*arguments, **options)
        self.assertEqual(caught.exception.name, name, caught.exception)
        return str(caught.exception)


class CpioEntry:
    def __init__(self, mode, owner, time, data):
        self.mode, self.owner, self.time, self.data = mode, owner, time, data


def read_cpio(path):
    """A "newc" archive: name → CpioEntry."""
    with open(path, 'rb') as file:
        content = file.read()
    entries, at = {}, 0
    while True:
        if content[at:at + 6] != b'070701':
            raise AssertionError(f'{path}: no header at {at}')
        number = [int(content[at + 6 + i * 8:at + 14 + i * 8], 16) for i in range(13)]
        name = content[at + 110:at + 110 + number[11] - 1].decode()
        at = (at + 110 + number[11] + 3) & ~3
        if name == 'TRAILER!!!':
            return entries
        entries[name] = CpioEntry(number[1], (number[2], number[3]), number[5],
                                  content[at:at + number[6]])
        at = (at + number[6] + 3) & ~3
