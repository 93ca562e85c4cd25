# SPDX-License-Identifier: GPL-3.0-or-later
"""A Wayland socket that passes everything on to a compositor's, until a test cuts its connections."""
import os
import socket
import threading


class Relay:
    def __init__(self, runtime, target):
        self.name = 'wayland-relay'
        self.target = os.path.join(runtime, target)
        self.pairs = []
        self.dying = False
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(os.path.join(runtime, self.name))
        self.listener.listen(16)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            if self.dying:
                self.listener.close()
                client.close()
                return
            server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            server.connect(self.target)
            self.pairs.append((client, server))
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    @staticmethod
    def _pump(source, sink):
        try:
            while True:
                data, fds, _, _ = socket.recv_fds(source, 65536, 28)
                if not data:
                    break
                sent = socket.send_fds(sink, [data], fds) if fds else sink.send(data)
                for fd in fds:
                    os.close(fd)
                sink.sendall(data[sent:])
        except OSError:
            pass
        Relay._end(source)
        Relay._end(sink)

    @staticmethod
    def _end(end):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        end.close()

    def cut(self):
        """Break every connection there is; new ones are taken."""
        pairs, self.pairs = self.pairs, []
        for pair in pairs:
            for end in pair:
                self._end(end)

    def die(self):
        """As a killed compositor whose clients see its end before its socket is closed: one more is taken."""
        self.dying = True
        self.cut()

    def stop(self):
        self.listener.close()
        self.cut()
