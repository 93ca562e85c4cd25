# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest that is hostile from its first byte, root in there, and drives the hardware itself; and frozen guests on a
disk that is full.

Its attacks work: an AppVM that boots has memory of its own and a balloon, and loses what it gives back. One that is
thawed finds none, and whatever it does stays its own.
"""

import hashlib
import json
import os
import re
import subprocess

from frozen import BOOT, FrozenCase, digest, open_ram
from harness import build_path, main, namespace, require_ordinary_user, wait_for

TOO_SMALL, LARGE = 16, 1024  # MiB
DISK = 8 << 20


class Hostile(FrozenCase):
    FREEZE = False
    GROUP = 'hostile'

    @staticmethod
    def prepare(session):
        os.makedirs(session.libexec)
        os.symlink(build_path('tests', 'frozen', 'hostile-guest'), os.path.join(session.libexec, 'bulkhead-guest'))
        disk = os.path.join(session.env['XDG_CACHE_HOME'], 'bulkhead', 'frozen')
        os.makedirs(disk, mode=0o700)
        namespace.mount_tmpfs(disk, TOO_SMALL)

    def disk(self):
        return os.path.join(self.session.env['XDG_CACHE_HOME'], 'bulkhead', 'frozen')

    def attack(self, vm, what):
        """What the attacker says of it."""
        return self.output(vm, f'rm -f /tmp/attack.done; echo {what} >/tmp/attack; '
                               'i=0; while [ ! -e /tmp/attack.done ] && [ $i -lt 600 ]; do sleep 0.1; i=$((i + 1)); done; '
                               'cat /tmp/attack.done')

    def ask(self, command, *fds, **arguments):
        """QEMU's monitor."""
        text = json.dumps({'execute': command, 'arguments': arguments})
        done = subprocess.run(['virsh', '-c', 'qemu:///session', 'qemu-monitor-command',
                               *(f'--pass-fds={fd}' for fd in fds), 'bulkhead-' + self.vm.get('Id'), text],
                              env=self.session.env, pass_fds=fds, capture_output=True, text=True, check=False)
        self.assertIn('"return"', done.stdout, done.stderr)

    def make_on_a_full_disk(self):
        """Thawed from memory alone, and nothing is left on the disk."""
        self.vm.start().wait(BOOT)
        log = os.path.join(self.session.env['XDG_STATE_HOME'], 'bulkhead', 'frozen_guests.log')

        def made():
            with open(log, encoding='utf-8') as file:
                return 'bulkhead: made ' in (text := file.read()) and text
        text = wait_for(made, BOOT, 'a frozen guest')
        self.assertRegex(text, 'kept in memory only: .*No space left on device')
        self.assertEqual(os.listdir(self.disk()), [])

    def test_attacks(self):
        self.make_on_a_full_disk()
        with self.subTest('an AppVM that boots has what can be attacked'):
            said = self.attack(self.vm, 'balloon')
            self.assertIn('1 balloons', said)
            self.assertIn('inflate: 1 of 1 taken, 256 pages lost', said)
            self.assertRegex(said, r'report: (\d+) of \1 taken, \d\d+ pages lost')
        self.vm.stop(force=True).wait(30)
        self.start_thawed(self.vm)
        self.start_thawed(self.other)
        frozen = open_ram(self.session.service.pid)
        self.addCleanup(os.close, frozen)
        before = digest(frozen)
        kept = self.output(self.other, 'head -c 30M /dev/urandom >/tmp/keep; md5sum </tmp/keep')
        with self.subTest('no balloon'):
            self.assertRegex(self.attack(self.vm, 'balloon'), r'^0 balloons among [1-9]\d* virtio devices\n?$')
        with self.subTest('all of its memory'):
            written = re.match(r'(\d+) MiB written', self.attack(self.vm, 'fill'))
            self.assertGreater(int(written.group(1)), 100)
        with self.subTest('no disk, and one of its own'):
            self.assertEqual(self.attack(self.vm, 'discard').strip(), '')
            self.discards_a_disk()
        self.assertEqual(digest(frozen), before)
        self.assertEqual(self.output(self.other, 'md5sum </tmp/keep'), kept)
        # And the next is as they were.
        self.vm.stop(force=True).wait(30)
        self.start_thawed(self.vm)
        self.assertEqual(digest(frozen), before)
        self.keep_once_there_is_room(before)

    def discards_a_disk(self):
        """It reaches what the disk is made of, and nothing else."""
        path = self.session.place.path('disk')
        with open(path, 'wb') as file:
            file.write(os.urandom(DISK))
        with open(path, 'r+b') as file:
            self.ask('add-fd', file.fileno(), **{'fdset-id': 91})
        self.ask('blockdev-add', **{'driver': 'raw', 'node-name': 'own', 'discard': 'unmap', 'file': {
            'driver': 'file', 'filename': '/dev/fdset/91', 'locking': 'off', 'discard': 'unmap'}})
        self.ask('device_add', driver='virtio-blk-pci', id='own', bus='pci.3', addr='0x0', drive='own')
        self.output(self.vm, 'i=0; while [ ! -e /sys/class/block/vda ] && [ $i -lt 100 ]; do sleep 0.1; '
                             'i=$((i + 1)); done; [ -e /sys/class/block/vda ]')
        self.assertEqual(self.attack(self.vm, 'discard').strip(), f'vda: {DISK} bytes discarded')
        with open(path, 'rb') as file:
            self.assertFalse(file.read().strip(b'\0'))

    def keep_once_there_is_room(self, before):
        """After another login; what is kept on the disk is what is in memory."""
        self.session.manager.call('StopAll', timeout=60)
        self.session.stop_service()
        namespace.mount_tmpfs(self.disk(), LARGE, again=True)
        self.session.start_service()
        self.assertEqual(self.frozen(), [])
        self.make()
        fd = open_ram(self.session.service.pid)
        self.addCleanup(os.close, fd)
        with open(os.path.join(self.folder(), 'ram'), 'rb') as file:
            self.assertEqual(hashlib.sha256(file.read()).hexdigest(), digest(fd))
        self.assertNotEqual(digest(fd), before)  # another guest, and the comparison can fail


if __name__ == '__main__':
    require_ordinary_user()
    namespace.enter()
    main()
