# SPDX-License-Identifier: GPL-3.0-or-later
"""RaiseLockedMemory; in the VM of test-devices.py, because not every root may change the limits of others."""

import os
import resource
import shutil
import subprocess

import harness
import ground
from ground import ALLOWED, DENIED, OTHER, UNASKED


class LockedMemory(ground.Ground):

    MIB = 1 << 20

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # What stands for QEMU is a program of root's that the administrator has named.
        shutil.copy('/bin/sleep', '/run/test/qemu')
        os.chmod('/run/test/qemu', 0o755)
        os.makedirs('/etc/bulkhead', exist_ok=True)
        ground.write('/etc/bulkhead/helper.conf', '[Helper]\nQemu=/usr/bin/nothing;/run/test/qemu;\n')

    def start_qemu(self, uid=ALLOWED, program='/run/test/qemu'):
        process = subprocess.Popen(['setpriv', f'--reuid={uid}', '--clear-groups', program, '1000'])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        harness.wait_for(lambda: os.path.samefile(f'/proc/{process.pid}/exe', program), 30, 'its start')
        return process

    @staticmethod
    def start_time(pid):
        with open(f'/proc/{pid}/stat', encoding='ascii') as file:
            return int(file.read().rsplit(')', 1)[1].split()[19])

    def arguments(self, process, mib, start=None):
        start = self.start_time(process.pid) if start is None else start
        return '(utt)', f'({process.pid}, {start}, {mib * self.MIB})'

    @staticmethod
    def limit(process):
        return resource.prlimit(process.pid, resource.RLIMIT_MEMLOCK)

    def test_the_limit_is_raised_and_comes_back(self):
        qemu, caller = self.start_qemu(), self.caller()
        before = self.limit(qemu)
        self.assertIn('reply', caller.call('RaiseLockedMemory', *self.arguments(qemu, 100)))
        self.assertEqual(self.limit(qemu), (100 * self.MIB,) * 2)
        self.assertIn('reply', caller.call('RaiseLockedMemory', *self.arguments(qemu, 150)))
        self.assertEqual(self.limit(qemu), (150 * self.MIB,) * 2)
        caller.kill()
        harness.wait_for(lambda: self.limit(qemu) == before, 30, 'the old limit')

    def test_only_ones_own_qemu(self):
        mine, others = self.start_qemu(), self.start_qemu(OTHER)
        sleep = self.start_qemu(program='/bin/sleep')
        caller = self.caller()
        wrong = {'another user’s': self.arguments(others, 64), 'another program': self.arguments(sleep, 64),
                 'another start': self.arguments(mine, 64, start=self.start_time(mine.pid) + 1),
                 'no start': self.arguments(mine, 64, start=0),
                 'nobody': ('(utt)', f'(4194304, 1, {64 * self.MIB})')}
        before = [self.limit(process) for process in (mine, others, sleep)]
        for name, arguments in wrong.items():
            with self.subTest(name):
                self.assert_error(caller.call('RaiseLockedMemory', *arguments), 'NotFound')
        self.assert_error(caller.call('RaiseLockedMemory', '(utt)', '(0, 1, 1000000)'), 'InvalidArgument')
        self.assert_error(caller.call('RaiseLockedMemory', '(utt)', f'({mine.pid}, {self.start_time(mine.pid)}, 1)'),
                          'InvalidArgument')
        for uid in (DENIED, UNASKED):
            own = self.start_qemu(uid)
            self.assert_error(self.caller(uid).call('RaiseLockedMemory', *self.arguments(own, 64)),
                              'NotAuthorized')
            self.assertEqual(self.limit(own), before[0])
        self.assertEqual([self.limit(process) for process in (mine, others, sleep)], before)

    def test_not_all_of_the_memory(self):
        total = os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGESIZE') // self.MIB
        caller, first, second = self.caller(), self.start_qemu(), self.start_qemu()
        before = self.limit(second)
        self.assert_error(caller.call('RaiseLockedMemory', *self.arguments(second, total)), 'LimitReached')
        self.assertIn('reply', caller.call('RaiseLockedMemory', *self.arguments(first, total // 2)))
        self.assert_error(caller.call('RaiseLockedMemory', *self.arguments(second, total // 2)),
                          'LimitReached')
        self.assertEqual(self.limit(second), before)
        # One that has ended locks nothing any more.
        first.kill()
        first.wait()
        self.assertIn('reply', caller.call('RaiseLockedMemory', *self.arguments(second, total // 2)))

    def test_killed_at_any_point_the_limit_comes_back(self):
        for point in ('memory-written', 'memory-done'):
            with self.subTest(point):
                qemu, caller = self.start_qemu(), self.caller()
                before = self.limit(qemu)
                kill = self.stop_helper_at(point)
                caller.begin('call', 'RaiseLockedMemory', *self.arguments(qemu, 100))
                kill()
                self.assert_error(caller.end(), 'NoReply')
                self.wake_helper()
                harness.wait_for(lambda: self.limit(qemu) == before, 30, 'the old limit')
                self.end_helper()
