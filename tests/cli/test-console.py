# SPDX-License-Identifier: GPL-3.0-or-later
"""bulkheadctl console: on a terminal, on pipes, and what a guest may do to the terminal."""

import json
import os
import signal
import subprocess
import sys
import termios
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cli  # noqa: E402
import harness  # noqa: E402


def setUpModule():
    global bus, ctl
    bus = cli.Bus()
    path = bus.place.path('vms.json')
    with open(path, 'w', encoding='utf-8') as file:
        json.dump([{'Name': 'Console', 'State': 'running'}], file)
    bus.start_service('--vms', path)
    ctl = bus.control


def tearDownModule():
    bus.close()


class OnATerminal(unittest.TestCase):

    def setUp(self):
        self.terminal = cli.Terminal([cli.program(), 'console', 'Console'], {**ctl.env, 'TERM': 'xterm'})
        self.addCleanup(self.terminal.close)
        self.before = termios.tcgetattr(self.terminal.fd)
        self.terminal.read_until(b'bold')

    def test_keys_go_to_the_guest_and_ctrl_bracket_leaves(self):
        for keys in (b'x', b'\x03', b'\x1a', b'\x04', b'\xc3\xa4'):
            self.terminal.seen = b''
            self.terminal.write(keys)
            self.terminal.read_until(b'>')
            if keys >= b' ':
                self.assertIn(b'<' + keys + b'>', self.terminal.seen)
        self.terminal.write(b'last\x1d')
        self.assertEqual(self.terminal.wait(), 0)
        self.assertEqual(termios.tcgetattr(self.terminal.fd), self.before)

    def test_terminal_is_put_right_when_killed_softly(self):
        os.kill(self.terminal.pid, signal.SIGTERM)
        self.assertEqual(self.terminal.wait(), 0)
        self.assertEqual(termios.tcgetattr(self.terminal.fd), self.before)

    def test_end_of_the_console(self):
        self.terminal.write(b'bye')
        self.assertEqual(self.terminal.wait(), 0)

    def test_guest_commands_to_the_terminal_are_taken_out(self):
        self.assertNotIn(b'title', self.terminal.seen)
        self.assertNotIn(b'\x1b[6n', self.terminal.seen)
        self.assertIn(b'\x1b[1mbold', self.terminal.seen)


class OnPipes(unittest.TestCase):

    def test_input_and_output(self):
        process = ctl.spawn('console', 'Console', stdin=subprocess.PIPE)
        out, err = process.communicate(b'command\n\x1dnot this', timeout=20)
        self.assertEqual((process.returncode, err), (0, b''))
        self.assertIn(b'hello', out)
        self.assertNotIn(b'not this', out)

    def test_end_of_input_does_not_end_it(self):
        process = ctl.spawn('console', 'Console', stdin=subprocess.PIPE)
        self.addCleanup(process.kill)
        process.stdin.write(b'command\n')
        process.stdin.close()
        seen = b''
        while b'<command\r\n>' not in seen:
            data = os.read(process.stdout.fileno(), 4096)
            self.assertTrue(data, seen)
            seen += data
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(20), 0)
        process.stdout.close()
        process.stderr.close()

    def test_more_than_a_socket_holds(self):
        path = bus.place.path('much')
        with open(path, 'wb') as file:
            file.write(b'0123456789abcdef' * 65536 + b'\x1d')
        with open(path, 'rb') as file:
            result = ctl('console', 'Console', stdin=file)
        self.assertEqual(result.code, 0, result.err)
        self.assertGreater(result.out.count('0123456789abcdef'), 50000)


if __name__ == '__main__':
    harness.main()
