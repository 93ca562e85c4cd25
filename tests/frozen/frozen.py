# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests about frozen guests share: a session with a cache of its own, and looks at what is in memory."""

import hashlib
import os
import re
import struct
import subprocess
import unittest

from harness import TestCase, require_ordinary_user, wait_for
from harness.session import Session
from harness.sway import Sway

BOOT = 120
MEMORY = '320'
MARKER = 'Zq7kWvMarker'
PRIVATE_MIB = 64
WORD = (1 << 64) - 1


def frozen_pids(session):
    """QEMU of guests in the making."""
    found = []
    for pid in session.qemu_pids():
        try:
            with open(f'/proc/{pid}/cmdline', 'rb') as file:
                if b'guest=bulkhead-frozen_' in file.read():
                    found.append(pid)
        except OSError:
            pass
    return found


def command_line(pid):
    try:
        with open(f'/proc/{pid}/cmdline', 'rb') as file:
            return file.read()
    except OSError:
        return b''


def open_ram(pid, flags=os.O_RDONLY):
    """The memory of a frozen guest among the descriptors of a process."""
    for name in os.listdir(f'/proc/{pid}/fd'):
        path = f'/proc/{pid}/fd/{name}'
        try:
            if os.readlink(path).startswith('/memfd:bulkhead-ram'):
                return os.open(path, flags)
        except FileNotFoundError:
            pass
    raise AssertionError(f'process {pid} has no frozen memory')


def anonymous_mib(pid):
    """What a process has for itself. Pages of the frozen memory that only one guest has looked at
    count as private to it elsewhere in smaps, but they are not."""
    with open(f'/proc/{pid}/smaps_rollup', encoding='ascii') as file:
        return int(re.search(r'Anonymous: +(\d+)', file.read()).group(1)) / 1024


def copy_folder(source, target):
    """With its holes."""
    subprocess.run(['cp', '-a', '--sparse=always', source, target], check=True)


def digest(fd):
    with open(os.dup(fd), 'rb') as file:
        file.seek(0)
        return hashlib.file_digest(file, 'sha256').hexdigest() if hasattr(hashlib, 'file_digest') \
            else hashlib.sha256(file.read()).hexdigest()


def page_sum(data):
    """bh-frozen-files.c's checksum."""
    total = 0
    for at in range(0, len(data), 4096):
        page = data[at:at + 4096]
        if not page.strip(b'\0'):
            continue
        total = (total ^ at) * 0x9e3779b97f4a7c15 & WORD
        for (word,) in struct.iter_unpack('<Q', page + b'\0' * (-len(page) % 8)):
            total = (total ^ word) * 0x9e3779b97f4a7c15 & WORD
            total ^= total >> 29
    return total


class Ground:
    """A session with a cache of its own and two AppVMs that one frozen guest serves."""

    def __init__(self, ready_ahead=0, prepare=lambda session: None):
        self.first_names, self.first_log = [], ''  # of the start that booted
        self.sway = Sway().start()
        self.session = Session(self.sway, private_cache=True, ready_ahead=ready_ahead,
                               env={'BULKHEAD_FREEZE_DELAY': '0', 'LANGUAGE': MARKER.lower()})
        try:
            prepare(self.session)
            self.session.start()
            self.vm = self.session.create(MARKER + ' one', AutoStop='0', Memory=MEMORY, Notes=MARKER)
            self.other = self.session.create(MARKER + ' two', AutoStop='0', Memory=MEMORY, Color='red')
        except BaseException:
            self.stop()
            raise

    def stop(self):
        self.session.stop()
        self.sway.stop()


class FrozenCase(TestCase):
    """Classes of a group share a ground; each finds a frozen guest there, unless it makes one itself."""

    FREEZE = True
    GROUP = 'usual'
    READY_AHEAD = 0
    _grounds = {}

    @staticmethod
    def prepare(session):
        """Before the ground's session starts."""

    @classmethod
    def setUpClass(cls):
        require_ordinary_user()
        if cls.GROUP not in FrozenCase._grounds:
            ground = FrozenCase._grounds[cls.GROUP] = Ground(cls.READY_AHEAD, cls.prepare)
            unittest.addModuleCleanup(ground.stop)
        cls.ground = FrozenCase._grounds[cls.GROUP]
        cls.sway, cls.session = cls.ground.sway, cls.ground.session
        cls.vm, cls.other = cls.ground.vm, cls.ground.other
        # Which frozen guests have failed is forgotten.
        cls.session.stop_service()
        cls.session.start_service()
        if cls.FREEZE and not cls.frozen():
            cls.make()

    @classmethod
    def make(cls):
        first = cls.vm.start()
        first.wait(BOOT)
        cls.ground.first_names = [name for name, _ in first.timeline()]
        cls.ground.first_log = cls.vm.log(2000)
        wait_for(cls.frozen, BOOT, 'a frozen guest')
        wait_for(lambda: not frozen_pids(cls.session), 30, 'its QEMU to end')
        cls.vm.stop().wait(60)

    @classmethod
    def frozen(cls):
        return cls.session.manager.call('ListFrozen')

    def setUp(self):
        self.addCleanup(self.stop_all)

    def stop_all(self):
        if self.session.service and self.session.service.poll() is None:
            self.session.manager.call('StopAll', timeout=60)

    def tearDown(self):
        if self.failed():
            self.session.keep_evidence(self)

    @classmethod
    def folder(cls):
        top = os.path.join(cls.session.env['XDG_CACHE_HOME'], 'bulkhead', 'frozen')
        names = os.listdir(top) if os.path.isdir(top) else []
        return os.path.join(top, names[0]) if names else None

    def names(self, job):
        return [name for name, _ in job.timeline()]

    def output(self, vm, script):
        result = vm.launch(argv=['sh', '-c', script], wait=True).wait(BOOT)
        self.assertEqual(result['code'], 0, bytes(result['tail']))
        return bytes(result['tail']).rstrip(b'\0').decode()

    def start_thawed(self, vm):
        job = vm.start()
        job.wait(BOOT)
        self.assertIn('thawed', self.names(job))
        self.assertNotIn('created', self.names(job))
        return job

    def qemu_of(self, vm):
        return vm.get('Usage')['pid']
