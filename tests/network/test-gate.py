# SPDX-License-Identifier: GPL-3.0-or-later
"""bulkhead-netgate by itself: how it ends."""

import os
import socket
import struct
import subprocess

from harness import TestCase, build_path, main


class EndTest(TestCase):

    def run_gate(self, act):
        """What it says and its code after act(service, guest)."""
        service, its_service = socket.socketpair(type=socket.SOCK_SEQPACKET)
        guest, its_guest = socket.socketpair()
        fds = [os.dup(end.fileno()) for end in (its_service, its_guest)]

        def descriptors():
            for i, fd in enumerate([os.dup2(fd, 100 + i) for i, fd in enumerate(fds)]):
                os.dup2(fd, 3 + i)
                os.set_inheritable(3 + i, True)

        process = subprocess.Popen([build_path('src', 'netgate', 'bulkhead-netgate')], preexec_fn=descriptors,
                                   close_fds=False, stderr=subprocess.PIPE, env={})
        for end in (its_service, its_guest):
            end.close()
        for fd in fds:
            os.close(fd)
        with service, guest:
            act(service, guest)
            said = process.communicate(timeout=20)[1].decode()
        return process.returncode, said

    def test_it_says_why(self):
        """It is confined by then, and has to get its last words out nevertheless."""
        self.assertEqual(self.run_gate(lambda service, _guest: service.send(b'nonsense')),
                         (1, 'bulkhead-netgate: an order that is not understood\n'))
        self.assertEqual(self.run_gate(lambda _service, guest: guest.send(struct.pack('>I', 1 << 30))),
                         (1, 'bulkhead-netgate: QEMU sent a frame of an impossible length\n'))

    def test_it_ends_with_either_side(self):
        for side in (0, 1):
            self.assertEqual(self.run_gate(lambda *ends: ends[side].close()), (0, ''))


if __name__ == '__main__':
    main()
