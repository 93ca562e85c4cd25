# SPDX-License-Identifier: GPL-3.0-or-later
"""bulkhead-screen, and a QEMU that a guest has taken over."""

import os
import select
import socket
import subprocess
import time
import unittest

import rfbserver
from harness import TestCase, build_path

MEMORY_KIB = 200 << 10


class Screen:
    """A bulkhead-screen; we are its QEMU and its window gate."""

    def __init__(self):
        self.qemu, qemu = socket.socketpair()
        self.gate, gate = socket.socketpair()
        region = os.memfd_create('region')
        os.ftruncate(region, 1 << 20)
        saved = [os.dup(fd) for fd in (qemu.fileno(), gate.fileno(), region)]

        def descriptors():
            high = [os.dup2(fd, 100 + i) for i, fd in enumerate(saved)]
            for i, fd in enumerate(high):
                os.dup2(fd, 3 + i)
                os.set_inheritable(3 + i, True)

        self.process = subprocess.Popen([build_path('src', 'screen', 'bulkhead-screen'), 'title', '0'],
                                        preexec_fn=descriptors, close_fds=False, stderr=subprocess.PIPE, env={})
        for fd in (*saved, region):
            os.close(fd)
        qemu.close()
        gate.close()

    def say(self, data):
        self.qemu.sendall(data)

    def greets(self, timeout=5):
        return bool(select.select([self.gate], [], [], timeout)[0]) and len(self.gate.recv(4096)) > 8

    def wait_end(self, timeout=10):
        code = self.process.wait(timeout)
        return code, self.process.stderr.read().decode()

    def peak_kib(self):
        with open(f'/proc/{self.process.pid}/status', encoding='ascii') as file:
            return next(int(line.split()[1]) for line in file if line.startswith('VmRSS:'))

    def close(self):
        self.qemu.close()
        self.gate.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stderr.close()


class HostileTest(TestCase):

    def screen(self):
        screen = Screen()
        self.addCleanup(screen.close)
        return screen

    def test_what_is_wrong_ends_it_and_what_is_right_does_not(self):
        for name, (data, good) in rfbserver.CASES.items():
            with self.subTest(name):
                screen = self.screen()
                screen.say(data)
                if good:
                    self.assertTrue(screen.greets(), name)
                    self.assertIsNone(screen.process.poll())
                else:
                    code, text = screen.wait_end()
                    self.assertEqual(code, 1, text)
                    self.assertRegex(text, '^bulkhead-screen: .+\n$')

    def test_cut_short_at_any_byte_it_ends_quietly(self):
        data, _ = rfbserver.CASES['everything']
        for length in [*range(0, 120, 7), *range(120, len(data), 997)]:
            screen = self.screen()
            screen.say(data[:length])
            screen.qemu.shutdown(socket.SHUT_WR)
            self.assertEqual(screen.wait_end(), (0, ''), length)

    def test_a_flood_costs_no_memory_and_keys_still_get_through(self):
        screen = self.screen()
        screen.say(rfbserver.start(1920, 1080) + rfbserver.update(rfbserver.pixels(0, 0, 1920, 1080)))
        self.assertTrue(screen.greets())
        flood = rfbserver.update(*[rfbserver.pixels(i, i, 500, 200, i) for i in range(8)],
                                 *[rfbserver.cursor(64, 64)] * 8) * 4
        end = time.monotonic() + 5
        sent = 0
        screen.qemu.settimeout(10)
        while time.monotonic() < end and sent < 400 << 20:
            screen.say(flood)
            sent += len(flood)
        self.assertGreater(sent, 20 << 20)
        self.assertIsNone(screen.process.poll())
        self.assertLess(screen.peak_kib(), MEMORY_KIB)

    def test_a_screen_of_ever_new_sizes_costs_no_memory(self):
        screen = self.screen()
        screen.say(rfbserver.start(64, 64))
        for i in range(300):
            screen.say(rfbserver.update(rfbserver.rect(0, 0, 4000 - i, 4000, rfbserver.SIZE)))
        self.assertTrue(screen.greets(30))
        self.assertLess(screen.peak_kib(), MEMORY_KIB)
        screen.say(b'\xff')
        self.assertEqual(screen.wait_end()[0], 1)

    def test_one_that_does_not_read_is_given_up(self):
        """What is asked of it waits in a bounded queue."""
        screen = self.screen()
        screen.say(rfbserver.start(64, 64) + rfbserver.update(rfbserver.pixels(0, 0, 64, 64)))
        self.assertTrue(screen.greets())
        screen.gate.close()
        self.assertEqual(screen.wait_end(), (0, ''))

    def test_it_can_open_nothing(self):
        screen = self.screen()
        screen.say(rfbserver.start(64, 64))
        time.sleep(0.2)
        with open(f'/proc/{screen.process.pid}/status', encoding='ascii') as file:
            status = file.read()
        self.assertIn('Seccomp:\t2', status)
        self.assertIn('NoNewPrivs:\t1', status)


if __name__ == '__main__':
    unittest.main(verbosity=2)
