# SPDX-License-Identifier: GPL-3.0-or-later
"""bulkhead-disktool: what qemu-img and qemu-nbd can still do, and what an image can have them do."""

import os
import socket
import subprocess

import harness

QEMU_IMG = '/usr/bin/qemu-img'
QEMU_NBD = '/usr/bin/qemu-nbd'
MIB = 1 << 20
SECRET = b'a private key of the user\n'


class DisktoolTest(harness.TestCase):

    def setUp(self):
        self.place = harness.Place()
        self.addCleanup(self.place.remove)
        self.program = harness.build_path('src', 'disktool', 'bulkhead-disktool')
        self.given, self.target = self.write('given', b'text' * 1000), self.write('target', b'')
        self.secret = self.write('secret', SECRET.ljust(MIB, b'\0'))

    def write(self, name, data):
        path = self.place.path(name)
        with open(path, 'wb') as file:
            file.write(data)
        return path

    def run_tool(self, *words, **more):
        return subprocess.run([self.program, *words], capture_output=True, text=True, timeout=60, check=False,
                              env=self.place.env, **more)

    def tries(self, *tries, options=()):
        done = self.run_tool('-r', self.given, '-w', self.target, *options, '--',
                             harness.build_path('tests', 'boot', 'try-escape'), *tries)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        return [line.rsplit(': ', 1)[1] for line in done.stdout.splitlines()[1:]]

    def img(self, *words):
        subprocess.run([QEMU_IMG, *words], check=True, capture_output=True)

    # What the program can do.

    def test_has_its_files_and_no_other(self):
        self.assertEqual(
            self.tries('read', self.given, 'read', self.target, 'write', self.target, 'write', self.given,
                       'read', self.secret, 'write', self.place.path('new'), 'list', self.place.root,
                       'read', '/etc/passwd', 'list', '/', 'read', f'/proc/{os.getpid()}/environ',
                       'read', '/dev/urandom', 'execute', '/bin/true', 'execute', QEMU_IMG),
            ['ok', 'ok', 'ok'] + ['EACCES'] * 10)

    def test_has_no_sockets_and_no_other_processes(self):
        bus, tcp = socket.socket(socket.AF_UNIX), socket.socket()
        for end in (bus, tcp):
            self.addCleanup(end.close)
        bus.bind(self.place.path('bus'))
        bus.listen()
        tcp.bind(('127.0.0.1', 0))
        tcp.listen()
        child = subprocess.Popen(['sleep', '60'])
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        self.assertEqual(
            self.tries('connect', self.place.path('bus'), 'tcp', str(tcp.getsockname()[1]), 'netlink', '15',
                       'signal', str(child.pid), 'trace', str(child.pid)), ['EPERM'] * 5)

    def test_has_limits(self):
        def limits(*options):
            done = self.run_tool(*options, '-r', '/proc/self', '--', '/bin/cat', '/proc/self/limits')
            self.assertEqual((done.returncode, done.stderr), (0, ''))
            return {line[:26].strip(): line[26:].split()[:2] for line in done.stdout.splitlines()[1:]}

        found = limits('-m', '12345')
        self.assertEqual([found[name] for name in ('Max file size', 'Max address space', 'Max cpu time',
                                                   'Max core file size', 'Max open files')],
                         [['12345'] * 2, [str(2 << 30)] * 2, [str(4 * 3600)] * 2, ['0'] * 2, ['256'] * 2])

    def test_starts_nothing_when_it_is_told_nonsense(self):
        for words in ((), ('--',), ('-x',), ('-r', '/nonexistent', '--', '/bin/true'), ('--', 'true'),
                      ('-m', '-1', '--', '/bin/true'), ('-m', '1k', '--', '/bin/true'), ('--', self.secret)):
            done = self.run_tool(*words)
            self.assertEqual(done.returncode, 1, words)
            self.assertIn('disktool: ', done.stderr)

    # What images can have them do.

    def hostile(self):
        """Images that name a file of the user's, in each of the ways there are."""
        below, elsewhere, outside = (self.place.path(name) for name in ('below', 'elsewhere', 'outside.vmdk'))
        self.img('create', '-q', '-f', 'qcow2', '-b', self.secret, '-F', 'raw', below, '1M')
        self.img('create', '-q', '-f', 'qcow2', '-o', f'data_file={self.place.path("moved")},data_file_raw=on',
                 elsewhere, '1M')
        # Its name goes where the other one's was.
        os.rename(self.secret, self.place.path('moved'))
        with open(outside, 'w', encoding='ascii') as file:
            file.write('# Disk DescriptorFile\nversion=1\nCID=fffffffe\nparentCID=ffffffff\n'
                       'createType="monolithicFlat"\n'
                       f'RW 2048 FLAT "{self.place.path("moved")}" 0\nddb.adapterType = "ide"\n')
        os.symlink('moved', self.secret)
        return below, elsewhere, outside

    def test_names_in_images_are_not_followed(self):
        for image in self.hostile():
            convert = [QEMU_IMG, 'convert', '-O', 'raw', image, self.target]
            # It would be read: that is what the rest is about.
            subprocess.run(convert, check=True, capture_output=True)
            with open(self.target, 'rb') as file:
                self.assertTrue(file.read().startswith(SECRET), image)
            os.truncate(self.target, 0)
            done = self.run_tool('-r', image, '-w', self.target, '--', *convert)
            self.assertEqual(done.returncode, 1, image)
            self.assertIn('Permission denied', done.stderr)
            with open(self.target, 'rb') as file:
                self.assertEqual(file.read().strip(b'\0'), b'')

    def test_names_that_it_is_told_are_not_opened(self):
        done = self.run_tool('-w', self.target, '--', QEMU_IMG, 'convert', '-O', 'raw', self.secret, self.target)
        self.assertIn('Permission denied', done.stderr)
        done = self.run_tool('-r', self.given, '--', QEMU_IMG, 'create', '-q', '-f', 'qcow2', self.place.path('new'),
                             '1M')
        self.assertIn('Permission denied', done.stderr)
        self.assertFalse(os.path.exists(self.place.path('new')))
        done = self.run_tool('--', QEMU_IMG, 'info', 'nbd:127.0.0.1:1')
        self.assertEqual(done.returncode, 1)
        self.assertIn('not permitted', done.stderr)

    def test_a_file_that_grows_too_large_is_an_error(self):
        done = self.run_tool('-r', self.secret, '-w', self.target, '-m', str(300 << 10), '--', QEMU_IMG, 'convert', '-f',
                             'raw', '-O', 'qcow2', '-S', '0', self.secret, self.target)
        self.assertEqual(done.returncode, 1, done)
        self.assertIn('File too large', done.stderr)
        self.assertLessEqual(os.path.getsize(self.target), 300 << 10)

    def test_a_file_without_a_name_is_written(self):
        fd = os.open(self.place.root, os.O_TMPFILE | os.O_RDWR, 0o600)
        self.addCleanup(os.close, fd)
        name = f'/proc/self/fd/{fd}'
        done = self.run_tool('-w', name, '-m', str(MIB), '--', QEMU_IMG, 'create', '-q', '-f', 'qcow2', name, '64M',
                             pass_fds=(fd,))
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertEqual(os.pread(fd, 4, 0), b'QFI\xfb')

    def test_qemu_nbd_serves_on_the_socket_it_was_given(self):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.place.path('nbd'))
        listener.listen()
        client = socket.socket(socket.AF_UNIX)
        self.addCleanup(client.close)
        client.connect(self.place.path('nbd'))
        # As descriptor 3, where it is looked for.
        process = subprocess.Popen(
            ['sh', '-c', f'"$0" "$@" 3<&{listener.fileno()} & echo $!; wait', self.program, '-l', '-m', '0', '-r',
             self.given, '--', QEMU_NBD, '--read-only', '-f', 'raw', self.given],
            pass_fds=(listener.fileno(),), env=self.place.env, stdout=subprocess.PIPE, text=True)
        listener.close()
        client.settimeout(60)
        self.assertEqual(client.recv(16), b'NBDMAGICIHAVEOPT')
        # It waits for what its client says, and ends with who started it.
        pid = int(process.stdout.readline())
        process.kill()
        process.communicate()
        harness.wait_for(lambda: not os.path.exists(f'/proc/{pid}'), 10, 'the end of qemu-nbd')


if __name__ == '__main__':
    harness.main()
