# SPDX-License-Identifier: GPL-3.0-or-later
"""The server of a shared folder, and a guest that says to it what it likes: 9P2000.L, byte by byte.

Root in a guest can do no more than this."""

import errno
import os
import random
import signal
import socket
import stat
import struct
import subprocess
import unittest

from harness import Place, TestCase, build_path, main, require_ordinary_user

SECRET = b'not for guests\n'
NOFID, NOUID = 0xffffffff, 0xffffffff
DEADLINE = 30


def string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack('<H', len(data)) + data


def children(pid):
    with open(f'/proc/{pid}/task/{pid}/children') as file:
        return [int(child) for child in file.read().split()]


class Refused(Exception):
    def __init__(self, number):
        super().__init__(errno.errorcode.get(number, number))
        self.number = number


class Client:
    def __init__(self, sock):
        self.socket = sock
        self.fid = 0
        self.header = b''
        while not self.header.endswith(b'\0'):
            self.header += self.receive(1)
        self.call(100, struct.pack('<I', 65536) + string('9P2000.L'), tag=0xffff)

    def receive(self, size):
        data = b''
        while len(data) < size:
            piece = self.socket.recv(size - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def call(self, kind, body, tag=1):
        self.socket.sendall(struct.pack('<IBH', len(body) + 7, kind, tag) + body)
        size, answer, _ = struct.unpack('<IBH', self.receive(7))
        body = self.receive(size - 7)
        if answer == 7:
            raise Refused(struct.unpack('<I', body)[0])
        assert answer == kind + 1, (kind, answer)
        return body

    def new(self):
        self.fid += 1
        return self.fid

    def attach(self, name='/folder', user='user', uid=NOUID):
        fid = self.new()
        self.call(104, struct.pack('<II', fid, NOFID) + string(user) + string(name) + struct.pack('<I', uid))
        return fid

    def walk(self, fid, *names):
        new = self.new()
        body = self.call(110, struct.pack('<IIH', fid, new, len(names)) + b''.join(map(string, names)))
        if struct.unpack('<H', body[:2])[0] != len(names):
            raise Refused(errno.ENOENT)
        return new

    def open(self, fid, flags):
        self.call(12, struct.pack('<II', fid, flags))
        return fid

    def read(self, fid, count=4096):
        return self.call(116, struct.pack('<IQI', fid, 0, count))[4:]

    def write(self, fid, data):
        return self.call(118, struct.pack('<IQI', fid, 0, len(data)) + data)

    def create(self, fid, name, mode, flags=os.O_CREAT | os.O_WRONLY):
        self.call(14, struct.pack('<I', fid) + string(name) + struct.pack('<III', flags, mode, 1000))
        return fid

    def mkdir(self, fid, name, mode=0o755):
        self.call(72, struct.pack('<I', fid) + string(name) + struct.pack('<II', mode, 1000))

    def mknod(self, fid, name, mode, major=0, minor=0):
        self.call(18, struct.pack('<I', fid) + string(name) + struct.pack('<IIII', mode, major, minor, 1000))

    def symlink(self, fid, name, target):
        self.call(16, struct.pack('<I', fid) + string(name) + string(target) + struct.pack('<I', 1000))

    def chmod(self, fid, mode):
        self.call(26, struct.pack('<IIIIIQQQQQ', fid, 1, mode, 0, 0, 0, 0, 0, 0, 0))

    def truncate(self, fid, size):
        self.call(26, struct.pack('<IIIIIQQQQQ', fid, 8, 0, 0, 0, size, 0, 0, 0, 0))

    def remove(self, fid):
        self.call(122, struct.pack('<I', fid))

    def rename(self, fid, name, to, new):
        self.call(74, struct.pack('<I', fid) + string(name) + struct.pack('<I', to) + string(new))

    def link(self, fid, to, name):
        self.call(70, struct.pack('<II', to, fid) + string(name))


class ServerTest(TestCase):
    def setUp(self):
        require_ordinary_user()
        self.place = Place()
        self.addCleanup(self.place.remove)
        self.home = self.place.env['HOME']
        self.folder = os.path.join(self.home, 'Shared')
        os.mkdir(self.folder)
        self.outside = os.path.join(self.home, 'secret')
        with open(self.outside, 'wb') as file:
            file.write(SECRET)
        with open(os.path.join(self.folder, 'book'), 'wb') as file:
            file.write(b'a book\n')

    def tearDown(self):
        with open(self.outside, 'rb') as file:
            self.assertEqual(file.read(), SECRET)

    def serve(self, options, *more):
        ours, theirs = socket.socketpair()
        self.process = subprocess.Popen([build_path('tests', 'folders', 'share-tool'),
                                         f'{self.folder}:Shared:{options}', *more],
                                        env=self.place.env, stdin=theirs)
        theirs.close()
        _, fds, _, _ = socket.recv_fds(ours, 1, 1)
        sock = socket.socket(fileno=fds[0])
        sock.settimeout(DEADLINE)
        ours.close()
        self.addCleanup(self.end, sock, self.process)
        return Client(sock)

    def end(self, sock, process):
        sock.close()
        if process.returncode is not None:
            return
        try:
            process.wait(2)
        except subprocess.TimeoutExpired:
            self.kill_all(process.pid)
            process.wait(DEADLINE)

    def kill_all(self, pid):
        for child in children(pid):
            self.kill_all(child)
        os.kill(pid, signal.SIGKILL)

    def refused(self, numbers, function, *args):
        with self.assertRaises(Refused) as caught:
            function(*args)
        self.assertIn(caught.exception.number, numbers, errno.errorcode[caught.exception.number])

    def test_says_where_it_belongs_and_ends_with_its_guest(self):
        client = self.serve('ro')
        self.assertEqual(client.header, b'ro Shared\0')
        root = client.attach()
        self.assertEqual(client.read(client.open(client.walk(root, 'book'), 0)), b'a book\n')
        client.socket.close()
        self.process.wait(DEADLINE)

    def test_read_only_for_whoever_asks(self):
        client = self.serve('ro')
        root = client.attach()
        book = client.walk(root, 'book')
        ro = [errno.EROFS]
        self.refused(ro, client.open, client.walk(root, 'book'), os.O_RDWR)
        self.refused(ro, client.open, client.walk(root, 'book'), os.O_WRONLY | os.O_TRUNC)
        self.refused(ro, client.create, client.walk(root), 'new', 0o644)
        self.refused(ro, client.mkdir, root, 'new')
        self.refused(ro, client.symlink, root, 'new', 'book')
        self.refused(ro, client.link, book, root, 'new')
        self.refused(ro, client.remove, client.walk(root, 'book'))
        self.refused([errno.EROFS, errno.ENOTSUP], client.rename, root, 'book', root, 'new')
        self.refused(ro, client.chmod, book, 0o777)
        self.refused(ro, client.truncate, book, 0)
        self.refused([errno.EBADF, errno.EINVAL, errno.EROFS], client.write,
                     client.open(client.walk(root, 'book'), 0), b'mine now')
        self.assertEqual(os.listdir(self.folder), ['book'])
        with open(os.path.join(self.folder, 'book'), 'rb') as file:
            self.assertEqual(file.read(), b'a book\n')

    def test_nothing_that_harms_can_be_made(self):
        client = self.serve('rw')
        root = client.attach()
        denied = [errno.EPERM, errno.EACCES]
        self.refused(denied, client.mknod, root, 'fifo', stat.S_IFIFO | 0o666)
        self.refused(denied, client.mknod, root, 'null', stat.S_IFCHR | 0o666, 1, 3)
        self.refused(denied, client.mknod, root, 'disk', stat.S_IFBLK | 0o666, 8, 0)
        self.refused(denied, client.mknod, root, 'socket', stat.S_IFSOCK | 0o666)
        client.write(client.create(client.walk(root), 'tool', 0o755), b'#!/bin/sh\n')
        for bits in (0o4755, 0o2755, 0o6755):
            self.refused(denied, client.chmod, client.walk(root, 'tool'), bits)
            self.refused(denied, client.create, client.walk(root), 'tool2', bits)
            self.refused(denied, client.mkdir, root, 'dir2', bits)
        client.symlink(root, 'link', self.outside)
        client.mkdir(root, 'dir')
        self.assertEqual(sorted(os.listdir(self.folder)), ['book', 'dir', 'link', 'tool'])
        status = os.stat(os.path.join(self.folder, 'tool'))
        self.assertEqual((stat.S_IMODE(status.st_mode) & ~0o022, status.st_uid), (0o755, os.getuid()))

    def test_no_links_in_an_inbox(self):
        client = self.serve('rw', 'inbox')
        root = client.attach()
        self.refused([errno.EPERM], client.symlink, root, 'link', self.outside)
        client.write(client.create(client.walk(root), 'parcel', 0o600), b'hello')
        self.assertEqual(sorted(os.listdir(self.folder)), ['book', 'parcel'])

    def test_no_way_leads_out(self):
        links = {'link': self.outside, 'relative': '../secret', 'dir': self.home, 'up': '..',
                 'proc': '/proc/self/root' + self.outside, 'self': '/proc/self/cwd',
                 'etc': '/etc', 'devices': '/dev'}
        for name, target in links.items():
            os.symlink(target, os.path.join(self.folder, name))
        client = self.serve('rw')
        root = client.attach()
        ways = [['link'], ['relative'], ['dir', 'secret'], ['up', 'secret'], ['proc'],
                ['self', 'secret'], ['..', 'secret'], ['../secret'], ['..', '..', self.outside[1:]],
                [self.outside], ['/' + self.outside], ['.', '..', 'secret'], ['up/secret'],
                ['..'] * 8 + self.outside[1:].split('/'), ['etc', 'shadow'], ['etc', 'hostname'],
                ['devices', 'kmsg'], ['']]
        for names in ways:
            for flags in (os.O_RDONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC):
                with self.subTest(names=names, flags=flags):
                    try:
                        data = client.read(client.open(client.walk(root, *names), flags))
                    except Refused:
                        continue
                    self.assertNotIn(SECRET.strip(), data)
        for name in ('up', 'dir', '..', '../..'):
            with self.subTest(made_in=name):
                try:
                    client.create(client.walk(root, name), 'planted', 0o644)
                except Refused:
                    pass
        self.assertNotIn('planted', os.listdir(self.home))
        for aname in ('/', '', '/etc', self.home, '/folder/..', '/folder/../etc'):
            with self.subTest(aname=aname):
                client = self.serve('rw')
                client.socket.settimeout(1)  # it need not answer
                try:
                    other = client.attach(name=aname)
                    names = client.walk(other, *self.outside[1:].split('/'))
                except (Refused, TimeoutError):
                    continue
                self.fail(f'{aname} leads to {names}')

    def test_root_of_the_guest_is_the_user_here(self):
        client = self.serve('rw')
        root = client.attach(user='root', uid=0)
        client.write(client.create(client.walk(root), 'of-root', 0o644), b'x')
        self.assertEqual(os.stat(os.path.join(self.folder, 'of-root')).st_uid, os.getuid())
        # What the user may not read here, nobody there may.
        locked = os.path.join(self.folder, 'locked')
        with open(locked, 'w') as file:
            file.write('x')
        os.chmod(locked, 0)
        self.refused([errno.EACCES], client.open, client.walk(root, 'locked'), 0)

    def test_odd_names(self):
        client = self.serve('rw')
        root = client.attach()
        names = [b'new\nline', b'x' * 255, b'-rf', b'\x1b[31m', b'\xff\xfe', b' ']
        for name in names:
            client.create(client.walk(root), name, 0o644)
        self.assertEqual(set(os.listdir(os.fsencode(self.folder))), {b'book', *names})
        self.refused([errno.ENAMETOOLONG], client.create, client.walk(root), b'y' * 256, 0o644)
        for name in (b'a/b', b'../x', b'/x'):
            with self.subTest(name=name):
                try:
                    client.create(client.walk(root), name, 0o644)
                except Refused:
                    pass
        self.assertEqual(sorted(os.listdir(self.home)), sorted(set(os.listdir(self.home)) - {'x'}))
        self.assertFalse(os.path.exists('/x'))

    def test_garbage_harms_nobody(self):
        random.seed(9)
        for _ in range(40):
            client = self.serve('rw')
            try:
                client.attach()
                for _ in range(20):
                    body = random.randbytes(random.choice([0, 1, 4, 17, 100, 3000]))
                    size = random.choice([len(body) + 7, 0, 3, 7, 0xffffffff, 70000])
                    client.socket.sendall(struct.pack('<IBH', size, random.randrange(256), 1) + body)
            except (OSError, EOFError, Refused):
                pass
            self.end(client.socket, self.process)
        self.assertEqual(os.listdir(self.folder), ['book'])

    def test_server_is_confined(self):
        client = self.serve('rw')
        client.attach()
        pid = self.process.pid
        while children(pid):
            pid, = children(pid)
        with open(f'/proc/{pid}/comm') as file:
            self.assertEqual(file.read(), 'diod\n')
        with open(f'/proc/{pid}/status') as file:
            status = dict(line.split(':\t', 1) for line in file if ':\t' in line)
        self.assertEqual((status['NoNewPrivs'].strip(), status['Seccomp'].strip()), ('1', '2'))
        for name in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'):
            self.assertEqual(int(status[name], 16), 0, name)
        for kind in ('user', 'net', 'pid', 'mnt', 'ipc', 'uts'):
            self.assertNotEqual(os.stat(f'/proc/{pid}/ns/{kind}').st_ino,
                                os.stat(f'/proc/self/ns/{kind}').st_ino, kind)
        with open(f'/proc/{pid}/mountinfo') as file:
            mounts = {line.split()[4]: line.split()[5].split(',') for line in file}
        for where, flags in mounts.items():
            self.assertIn('nosuid', flags, where)
            if where not in ('/folder', '/dev/null'):
                self.assertIn('ro', flags, where)
        self.assertIn('nodev', mounts['/folder'])


if __name__ == '__main__':
    main()
