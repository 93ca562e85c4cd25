# SPDX-License-Identifier: GPL-3.0-or-later
"""bulkheadctl with a booted AppVM: one start, in the foreground, and everything that needs one."""

import os
import re
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cli  # noqa: E402
import harness  # noqa: E402
from harness.session import Session  # noqa: E402
from harness.sway import Sway  # noqa: E402

NAME = 'Bänk & “täx”'


class WithAnAppVm(harness.TestCase):
    """The methods run in the order of their numbers: the first starts the AppVM, the last stops it."""

    @classmethod
    def setUpClass(cls):
        cls.sway = Sway().start()
        cls.addClassCleanup(cls.sway.stop)
        cls.session = Session(cls.sway).start()
        cls.addClassCleanup(cls.session.stop)
        cls.ctl = cli.Control({**cls.sway.env, **cls.session.env})
        created = cls.ctl('create', NAME, '--color', 'green', '--app', 'foot', '--memory', '512')
        assert created.code == 0, created
        cls.debug_log = cls.session.place.path('debug.out')
        with open(cls.debug_log, 'wb') as out:
            cls.debug = cls.ctl.spawn('start', '--debug', NAME, stdout=out)
        cls.addClassCleanup(cls.debug.communicate)
        cls.addClassCleanup(cls.debug.kill)
        harness.wait_for(lambda: cls.ctl('show', '--json', NAME).json()['state'] == 'running'
                         or cls.debug.poll() is not None, 120, 'the start')

    def tearDown(self):
        if self.failed():
            self.session.keep_evidence(self)

    def read_debug(self):
        with open(self.debug_log, encoding='utf-8') as file:
            return file.read()

    def test_1_started_in_the_foreground(self):
        self.assertIsNone(self.debug.poll())
        harness.wait_for(lambda: 'Linux version' in self.read_debug(), 10, 'the kernel\'s first line')
        self.assertNotIn('\x1b', self.read_debug())
        self.assertNotIn('\r', self.read_debug())

    def test_2_exit_code_and_output(self):
        result = self.ctl('run', '--wait', NAME, '--', 'sh', '-c', 'id -un; echo ä >&2; exit 7')
        self.assertEqual((result.code, result.out), (7, 'user\nä\n'), result)
        self.assertEqual(self.ctl('run', '--wait', NAME, '--', 'true').code, 0)
        self.assertEqual(self.ctl('run', '--wait', NAME, '--', 'sh', '-c', 'kill -9 $$').code, 137)
        result = self.ctl('run', '--wait', NAME, '--', '/no/such/program')
        self.assertGreater(result.code, 9, result)
        self.assertIn('/no/such/program', result.err)

    def test_3_window_and_times(self):
        result = self.ctl('run', '--timing', NAME, 'foot')
        self.assertEqual(result.code, 0, result)
        steps = [line.split()[0] for line in result.out.splitlines()[1:]]
        self.assertEqual(steps, ['call', 'launch', 'launched', 'window', 'total'])
        self.assertIn('is shown in', result.err)
        vm = self.ctl('status', '--json', NAME).json()
        self.assertEqual([p['windows'] for p in vm['programs']], [1])
        self.assertGreater(vm['usage']['rss'], 50 << 20)
        self.assertEqual(vm['usage']['memory'], 512 << 20)
        self.assertRegex(self.ctl('status').out, re.escape(NAME) + r' +running +[0-9.]+ MiB of 512.0 MiB +\d+ %')

    def test_4_ctrl_c_ends_the_program(self):
        process = self.ctl.spawn('run', '--wait', NAME, '--', 'sh', '-c', 'echo begun; sleep 1000')
        self.addCleanup(process.kill)

        def running():
            return [p for p in self.ctl('status', '--json', NAME).json()['programs'] if p['label'] == 'sh']
        harness.wait_for(running, 20, 'the program')
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        # It may not have come to its first word.
        self.assertIn((process.returncode, out), ((143, b'begun\n'), (143, b'')), err)
        self.assertEqual(running(), [])

    def test_5_log(self):
        self.assertIn('Linux version', self.ctl('log', '-n', '10000', NAME).out)
        self.assertEqual(len(self.ctl('log', '-n', '3', NAME).out.splitlines()), 3)

    def test_6_console(self):
        terminal = cli.Terminal([cli.program(), 'console', NAME], {**self.ctl.env, 'TERM': 'xterm'})
        self.addCleanup(terminal.close)
        terminal.read_until(b'Ctrl+]')
        # Whoever comes first has it.
        second = self.ctl('console', NAME)
        self.assertEqual(second.code, 16, second)
        terminal.write(b'\r\x1d')
        self.assertEqual(terminal.wait(), 0)
        # It is free again, and takes pipes.
        process = self.ctl.spawn('console', NAME, stdin=subprocess.PIPE)
        self.addCleanup(process.kill)
        out, err = process.communicate(b'\r\nanything\x1d', timeout=20)
        self.assertEqual((process.returncode, err), (0, b''))
        self.assertNotIn(b'\x1b]', out)

    def test_7_busy(self):
        self.assertEqual(self.ctl('delete', '--yes', NAME).code, 16)
        self.assertEqual(self.ctl('start', '--debug', NAME).code, 16)
        self.assertEqual(self.ctl('start', NAME).code, 0)
        result = self.ctl('set', NAME, 'Memory=600', 'Color=red')
        self.assertEqual((result.code, result.out), (0, 'Takes effect at the next start: Memory.\n'))

    def test_8_ctrl_c_stops_it(self):
        self.debug.send_signal(signal.SIGINT)
        self.assertEqual(self.debug.wait(30), 0)
        self.assertEqual(self.ctl('show', '--json', NAME).json()['state'], 'stopped')
        self.assertEqual(self.session.qemu_pids(), [])
        self.assertEqual(self.ctl('delete', '--yes', NAME).code, 0)

    def test_9_ctrl_c_while_it_boots_leaves_nothing(self):
        self.assertEqual(self.ctl('create', 'Brief').code, 0)
        process = self.ctl.spawn('run', 'Brief', 'foot')
        self.addCleanup(process.kill)
        seen = b''
        while b'Waiting for the AppVM' not in seen:
            data = os.read(process.stderr.fileno(), 4096)
            self.assertTrue(data, seen)
            seen += data
        self.assertNotEqual(self.session.qemu_pids(), [])
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        self.assertEqual((process.returncode, out), (27, b''), err)
        harness.wait_for(lambda: not self.session.qemu_pids(), 20, 'the end of QEMU')
        harness.wait_for(lambda: self.ctl('show', '--json', 'Brief').json()['state'] == 'stopped', 20, 'its stop')
        self.assertEqual(self.ctl('delete', '--yes', 'Brief').code, 0)


if __name__ == '__main__':
    harness.main()
