# SPDX-License-Identifier: GPL-3.0-or-later
"""bulkheadctl log -f: the last lines, what is added, a log that is cut or replaced."""

import json
import os
import select
import signal
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cli  # noqa: E402
import harness  # noqa: E402


def setUpModule():
    global bus, ctl, log
    bus = cli.Bus()
    path = bus.place.path('vms.json')
    with open(path, 'w', encoding='utf-8') as file:
        json.dump([{'Name': 'Work'}], file)
    bus.start_service('--vms', path)
    ctl = bus.control
    folder = os.path.join(bus.env['XDG_STATE_HOME'], 'bulkhead')
    os.makedirs(folder)
    log = os.path.join(folder, 'work.log')


def tearDownModule():
    bus.close()


class Follow(unittest.TestCase):

    def tearDown(self):
        if os.path.exists(log):
            os.unlink(log)

    def follow(self, *arguments):
        process = ctl.spawn('log', '-f', *arguments, 'Work')
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def expect(self, process, text):
        seen = b''
        while len(seen) < len(text):
            ready, _, _ = select.select([process.stdout], [], [], 10)
            self.assertTrue(ready, seen)
            seen += os.read(process.stdout.fileno(), len(text) - len(seen))
        self.assertEqual(seen.decode(), text.decode())

    def write(self, data, mode='ab'):
        with open(log, mode) as file:
            file.write(data)

    def test_last_lines_and_what_is_added(self):
        self.write(b''.join(b'line %d\n' % i for i in range(20)))
        process = self.follow('-n', '2')
        self.expect(process, b'line 18\nline 19\n')
        self.write(b'more\r\n')
        self.expect(process, b'more\n')
        self.write('half ä'.encode()[:-1])
        self.expect(process, b'half ')
        self.write('ä'.encode()[1:] + b'\x1b]0;t\x07!\n')
        self.expect(process, 'ä!\n'.encode())

    def test_fewer_lines_than_asked_for_and_no_end_of_line(self):
        self.write(b'only\nthis')
        self.expect(self.follow('-n', '5'), b'only\nthis')

    def test_log_that_comes_later(self):
        process = self.follow()
        self.assertIsNone(process.poll())
        self.write(b'first\n')
        self.expect(process, b'first\n')

    def test_log_that_is_cut(self):
        self.write(b'old old old\n')
        process = self.follow('-n', '1')
        self.expect(process, b'old old old\n')
        self.write(b'new\n', 'wb')
        self.expect(process, b'new\n')

    def test_log_that_is_replaced(self):
        self.write(b'old\n')
        process = self.follow('-n', '1')
        self.expect(process, b'old\n')
        os.rename(log, log + '.0')
        with open(log + '.0', 'ab') as file:
            file.write(b'last of the old\n')
        self.write(b'new and longer than the old one was\n')
        self.expect(process, b'last of the old\nnew and longer than the old one was\n')

    def test_ctrl_c(self):
        self.write(b'x\n')
        process = self.follow()
        self.expect(process, b'x\n')
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(10), -signal.SIGINT)


if __name__ == '__main__':
    harness.main()
