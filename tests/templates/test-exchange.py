# SPDX-License-Identifier: GPL-3.0-or-later
"""bulkheadctl export and import with the real service: there and back, hostile and damaged files."""

import hashlib
import io
import os
import random
import signal
import struct
import subprocess
import sys
import tarfile
import unittest

from gi.repository import Gio, GLib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'cli'))
import cli  # noqa: E402
import harness  # noqa: E402
from harness import namespace  # noqa: E402
from harness.keyring import Keyring
from harness.session import NAME, ROOT, Job, JobFailed, Session  # noqa: E402

HEAD = b'[Export]\nFormat=1\nMade=1700000000\n'
HEAD_HOME = b'[Export]\nFormat=2\nMade=1700000000\n[Home]\nSize=%d\n'
GOOD = b'[AppVM]\nName=Visitor\nMemory=300\n'
GOOD_HOME = GOOD + b'Home=disk\n'
MIB = 1 << 20
CHUNK = 65536 + 17


def setUpModule():
    global session, ctl
    namespace.enter()
    session = Session(uri='test:///default', activate=True).start()
    ctl = cli.Control(session.env)


def tearDownModule():
    session.stop()


def member(name, data=b'', **more):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in more.items():
        setattr(info, key, value)
    return info, data


def call(method, signature, path, *arguments):
    """With a file to read as first argument."""
    fds = Gio.UnixFDList.new()
    with open(path, 'rb') as file:
        fds.append(file.fileno())
    out = session.bus.call_with_unix_fd_list_sync(
        NAME, ROOT, 'io.github.bulkhead.Manager1', method, GLib.Variant(signature, (0, *arguments)), None,
        Gio.DBusCallFlags.NONE, 30000, fds, None)[0].unpack()
    return Job(session, out[0]).wait(30) if method == 'ImportVm' else out


def service_pid():
    return session.bus.call_sync('org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'GetConnectionUnixProcessID',
                                 GLib.Variant('(s)', (NAME,)), None, 0, 10000, None).unpack()[0]


class ExchangeCase(harness.TestCase):

    def setUp(self):
        self.file = session.place.path('out.appvm')
        self.secret = self.write('secret', b'correct horse\n')

    def tearDown(self):
        for vm in ctl('list', '--json').json():
            self.assertEqual(ctl('delete', '--yes', vm['id']).code, 0)
        if os.path.exists(self.file):
            os.unlink(self.file)

    def write(self, name, data):
        path = session.place.path(name)
        with open(path, 'wb') as out:
            out.write(data)
        return path

    def read(self, path):
        with open(path, 'rb') as file:
            return file.read()

    def tar(self, *members, format=tarfile.PAX_FORMAT):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode='w', format=format) as archive:
            for info, data in members:
                archive.addfile(info, io.BytesIO(data))
        return out.getvalue()

    def refused(self, path, *words, code=11, arguments=()):
        """It is not imported, and says so without what is in it getting at the terminal."""
        before = sorted(os.listdir(session.place.root))
        result = ctl('import', '--accept', *arguments, path)
        self.assertIn(result.code, code if isinstance(code, tuple) else (code,), result)
        for word in words:
            self.assertIn(word, result.err)
        self.assertNotIn('\x1b', result.err + result.out)
        self.assertEqual(ctl('list', '--json').json(), [])
        self.assertEqual(sorted(os.listdir(session.place.root)), before)


class ThereAndBack(ExchangeCase):

    def test_definition(self):
        self.assertEqual(ctl('create', 'Bank & “täx”', '--memory', '333', '--color', 'red').code, 0)
        self.assertEqual(ctl('set', 'Bank & “täx”', 'Notes=one\ntwo', "QemuArguments=-name 'a b'").code, 0)
        kept = ctl('show', '--json', 'Bank & “täx”').json()['settings']
        result = ctl('export', 'Bank & “täx”', self.file)
        self.assertEqual(result.code, 0, result)
        self.assertIn('QemuArguments', result.out)
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o600)

        self.assertEqual(ctl('import', '--accept', self.file).code, 13)  # there is one of that name
        self.assertEqual(ctl('import', '--accept', '--name', 'Other', self.file).code, 0)
        self.assertEqual(ctl('show', '--json', 'Other').json()['settings'],
                         {**kept, 'Name': 'Other', 'QemuArguments': ''})
        self.assertEqual(ctl('delete', '--yes', 'Bank & “täx”').code, 0)
        result = ctl('import', '--accept', self.file)
        self.assertEqual(result.code, 0, result)
        self.assertIn('Memory: 333', result.out)
        self.assertIn('A hijacked program in here could', result.out)
        self.assertEqual(ctl('show', '--json', 'Bank & “täx”').json()['settings'],
                         {**kept, 'QemuArguments': ''})

    def test_without_a_yes_nothing_is_made(self):
        path = self.write('a.appvm', self.tar(member('bulkhead-appvm', HEAD), member('definition.vm', GOOD)))
        result = ctl('import', path)
        self.assertEqual((result.code, ctl('list', '--json').json()), (2, []), result)
        self.assertIn('--accept', result.err)
        for answer, names in ((b'n\r', []), (b'y\r', ['Visitor'])):
            terminal = cli.Terminal([cli.program(), 'import', path], {**session.env, 'TERM': 'dumb'})
            terminal.read_until(b'[y/N]')
            terminal.write(answer)
            terminal.wait()
            terminal.close()
            self.assertEqual([vm['name'] for vm in ctl('list', '--json').json()], names)

    def test_the_yes_is_for_what_was_seen(self):
        ctl('list')
        path = self.write('a.appvm', self.tar(member('bulkhead-appvm', HEAD), member('definition.vm', GOOD)))
        contents = call('ReadArchive', '(ha{sv})', path, {})[0]
        self.assertEqual((contents['settings'], contents['sealed'], contents['made']),
                         ({'Name': 'Visitor', 'Memory': '300'}, False, 1700000000))
        self.write('a.appvm', self.tar(member('bulkhead-appvm', HEAD),
                                       member('definition.vm', GOOD + b'Processors=8\n')))
        for accept in (contents['digest'], ''):
            with self.assertRaisesRegex(JobFailed, 'not the one that was looked at') as caught:
                call('ImportVm', '(hsa{sv})', path, accept, {})
            self.assertEqual(caught.exception.name, 'InvalidArgument')
        self.assertEqual(ctl('list', '--json').json(), [])

    def test_files_that_are_there_stay(self):
        self.assertEqual(ctl('create', 'One').code, 0)
        path = self.write('there', b'precious')
        result = ctl('export', 'One', path)
        self.assertEqual((result.code, self.read(path)), (13, b'precious'), result)
        self.assertEqual(ctl('export', '--force', 'One', path).code, 0)
        self.assertIn(b'Name=One', self.read(path))
        self.assertEqual(ctl('export', 'One', '/nonexistent/x').code, 1)
        self.assertEqual(ctl('export', 'nobody', self.file).code, 12)
        self.assertFalse(os.path.exists(self.file))
        self.assertEqual([name for name in os.listdir(session.place.root) if '.part' in name], [])


class Sealed(ExchangeCase):

    def test_there_and_back(self):
        self.assertEqual(ctl('create', 'Secret plans', '--memory', '444').code, 0)
        self.assertEqual(ctl('export', '--passphrase-file', self.secret, 'Secret plans', self.file).code, 0)
        data = self.read(self.file)
        self.assertNotIn(b'Secret', data)
        self.assertNotIn(b'444', data)
        self.assertEqual(ctl('delete', '--yes', 'Secret plans').code, 0)

        self.refused(self.file, 'passphrase')  # and nobody to ask
        wrong = self.write('wrong', b'correct horsf\n')
        self.refused(self.file, 'The passphrase is wrong', arguments=('--passphrase-file', wrong))
        for change in (data[:-1], data[:-3000] if len(data) > 4000 else data[:60], data + b'\0',
                       data[:100] + bytes([data[100] ^ 1]) + data[101:], data[:20] + b'x' + data[21:], data[:56]):
            path = self.write('bad.appvm', change)
            self.refused(path, arguments=('--passphrase-file', self.secret))
        result = ctl('import', '--accept', '--passphrase-file', self.secret, self.file)
        self.assertEqual(result.code, 0, result)
        self.assertEqual(ctl('show', '--json', 'Secret plans').json()['settings']['Memory'], '444')

    def test_no_passphrase_at_all(self):
        self.assertEqual(ctl('create', 'One').code, 0)
        empty = self.write('empty', b'\n')
        for arguments in (['--passphrase-file', empty], ['--passphrase-file', '/nonexistent'], ['--passphrase']):
            result = ctl('export', *arguments, 'One', self.file, start_new_session=True)
            self.assertNotEqual(result.code, 0, result)
            self.assertFalse(os.path.exists(self.file))

    def test_asked_for_on_the_terminal(self):
        self.assertEqual(ctl('create', 'One').code, 0)
        terminal = cli.Terminal([cli.program(), 'export', '-p', 'One', self.file], {**session.env, 'TERM': 'dumb'})
        for question in (b'Passphrase:', b'again:'):
            terminal.read_until(question)
            terminal.write(b'correct horse\r')
        self.assertEqual(terminal.wait(), 0)
        terminal.close()
        self.assertNotIn(b'horse', terminal.seen)
        result = ctl('import', '--accept', '--name', 'Two', '--passphrase-file', self.secret, self.file)
        self.assertEqual(result.code, 0, result)


class Hostile(ExchangeCase):

    def test_members_that_have_no_place(self):
        head, good = member('bulkhead-appvm', HEAD), member('definition.vm', GOOD)
        for members in (
                [head, good, member('../../etc/passwd', b'x')], [head, good, member('/tmp/x', b'x')],
                [head, good, member('definition.vm', GOOD)], [head, head, good], [good], [head], [],
                [head, good, member('\x1b[2Jx', b'x')], [head, member('./definition.vm', GOOD)],
                [head, member('definition.vm', type=tarfile.SYMTYPE, linkname='/etc/passwd')],
                [head, member('definition.vm', type=tarfile.LNKTYPE, linkname='bulkhead-appvm')],
                [head, member('definition.vm', type=tarfile.FIFOTYPE)],
                [head, member('definition.vm', type=tarfile.CHRTYPE, devmajor=1, devminor=5)],
                [head, member('definition.vm', type=tarfile.DIRTYPE)],
                [head, member('definition.vm', GOOD + b'#' * 300000)]):
            path = self.write('bad.appvm', self.tar(*members))
            self.refused(path, 'not an AppVM that Bulkhead has exported')

    def test_every_cut(self):
        whole = self.tar(member('bulkhead-appvm', HEAD), member('definition.vm', GOOD))
        for length in list(range(0, 512, 100)) + [513, 1000, 1024, 1536, 1540, 2047]:
            path = self.write('cut.appvm', whole[:length])
            self.refused(path)

    def test_sizes_that_lie(self):
        whole = bytearray(self.tar(member('bulkhead-appvm', HEAD), member('definition.vm', GOOD),
                                   format=tarfile.USTAR_FORMAT))
        for size in (b'77777777777\0', b'\x80' + b'\xff' * 11, b'\xff' * 12, b'not a number'):
            bad = bytearray(whole)
            bad[1024 + 124:1024 + 136] = size
            bad[1024 + 148:1024 + 156] = b' ' * 8
            bad[1024 + 148:1024 + 156] = b'%06o\0 ' % sum(bad[1024:1536])
            self.refused(self.write('bad.appvm', bytes(bad)), code=(11, 14))

    def test_no_archive_at_all(self):
        for data in (b'', b'hello', os.urandom(20000), b'\0' * 20000, b'BULKHEAD-SEALED1'):
            self.refused(self.write('bad.appvm', data), arguments=('--passphrase-file', self.secret))
        self.refused('/tmp')
        self.refused('/dev/zero')
        self.refused('/nonexistent', 'No such file', code=1)
        fifo = session.place.path('fifo')
        os.mkfifo(fifo)
        self.refused(fifo)
        os.unlink(fifo)

    def test_definitions_that_want_too_much(self):
        for definition, words, code in (
                (GOOD + b'QemuArguments=-chardev x\n', ['QemuArguments'], 11),
                (GOOD + b'FromTheFuture=1\n', ['FromTheFuture'], 14), (GOOD + b'Memory=9\n', ['definition.vm:4'], 14),
                (b'[AppVM]\nMemory=300\n', ['Name'], 14), (b'\xff\xfe', ['UTF-8'], 14),
                (b'[AppVM]\nName=a\x1b[2J\n', ['Name'], 14)):
            path = self.write('bad.appvm', self.tar(member('bulkhead-appvm', HEAD),
                                                    member('definition.vm', definition)))
            self.refused(path, *words, code=code)

    def test_heads(self):
        for head, word in ((b'[Export]\nFormat=3\n', 'newer'), (b'[Export]\nFormat=0\n', 'does not say'),
                           (b'', 'does not say'), (b'[Export]\n', 'does not say'), (b'\xff', 'does not say')):
            path = self.write('bad.appvm', self.tar(member('bulkhead-appvm', head), member('definition.vm', GOOD)))
            self.refused(path, word)


class HomeCase(ExchangeCase):
    """Homes that are known byte by byte."""

    def setUp(self):
        super().setUp()
        self.homes = os.path.join(session.env['XDG_DATA_HOME'], 'bulkhead', 'homes')
        os.makedirs(self.homes, exist_ok=True)

    def tearDown(self):
        super().tearDown()
        self.assertEqual(os.listdir(self.homes), [])

    def path(self, name):
        return os.path.join(self.homes, name + '.qcow2')

    def image(self, path, *words, key=None, **options):
        """qemu-img on a disk: (words before it, words behind it)."""
        before, behind = words
        secret = []
        text = f'driver=qcow2,file.filename={path}'
        if key:
            secret = ['--object', 'secret,id=k,file=' + self.write('key', key)]
            text += ',encrypt.key-secret=k'
        subprocess.run(['qemu-img', before[0], *secret, '--image-opts', *before[1:], text, *behind],
                       check=True, capture_output=True, **options)

    def raw(self, name, key=None):
        """What is on a home."""
        path = session.place.path('raw')
        self.image(self.path(name), ['convert', '-O', 'raw'], [path], key=key)
        data = self.read(path)
        os.unlink(path)
        return data

    def content(self, mib=24):
        """Something here and there, nothing elsewhere, and something at the very end."""
        data = bytearray(mib * MIB)
        for offset, size in ((0, 70000), (3 * MIB, 5 * MIB), (12 * MIB + 4096, 3), (len(data) - 512, 512)):
            data[offset:offset + size] = random.Random(offset).randbytes(size)
        return bytes(data)

    def make(self, name, content, key=None, **settings):
        self.assertEqual(ctl('create', name).code, 0)
        words = [f'{key}={value}' for key, value in {'Home': 'disk', 'HomeSize': '64', **settings}.items()]
        self.assertEqual(ctl('set', name, *words).code, 0)
        raw = self.write('raw', content)
        identity = name.lower()
        more = []
        if key:
            more = ['--object', 'secret,id=k,file=' + self.write('key', key),
                    '-o', 'encrypt.format=luks,encrypt.key-secret=k,encrypt.iter-time=10']
        subprocess.run(['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', *more, raw, self.path(identity)],
                       check=True)
        os.unlink(raw)
        return identity

    def home(self, *pieces, size=24 * MIB, head=None, definition=GOOD_HOME, end=None, names=None, behind=()):
        """An archive; pieces: (offset, bytes)."""
        checksum = hashlib.sha256()
        members = [member('bulkhead-appvm', head or HEAD_HOME % size), member('definition.vm', definition)]
        for offset, data in pieces:
            checksum.update(struct.pack('<QQ', offset, len(data)) + data)
            members.append(member('home/' + (names or '%016x') % offset, data))
        if end is None:
            end = b'[Home]\nPieces=%d\nSha256=%s\n' % (len(pieces), checksum.hexdigest().encode())
        return self.tar(*members, *([member('home-end', end)] if end else []), *behind)


class Homes(HomeCase):

    def test_there_and_back(self):
        content = self.content()
        home = self.make('Work', content)
        # A snapshot stays here; what it is now goes.
        subprocess.run(['qemu-img', 'snapshot', '-c', 'old', self.path(home)], check=True)
        result = ctl('export', '--home', 'Work', self.file)
        self.assertEqual(result.code, 0, result)
        self.assertLess(os.path.getsize(self.file), 7 * MIB)
        self.assertEqual(ctl('delete', '--yes', 'Work').code, 0)
        result = ctl('import', '--accept', self.file)
        self.assertEqual(result.code, 0, result)
        self.assertIn('home disk', result.out)
        self.assertEqual(self.raw('work'), content)
        self.assertEqual(ctl('home', 'Work', '--json').json()['snapshots'], [])
        self.assertEqual(os.stat(self.path('work')).st_mode & 0o777, 0o600)

        # Not the home unless that is said, and not what cannot be.
        self.assertEqual(ctl('export', '--force', 'Work', self.file).code, 0)
        self.assertLess(os.path.getsize(self.file), 20000)
        self.assertEqual(ctl('create', 'None').code, 0)
        self.assertEqual(ctl('set', 'None', 'Home=none').code, 0)
        os.mkdir(session.place.path('my home'))
        for value, word in (('none', 'keeps no home'), (session.place.path('my home'), 'copy the folder'),
                            ('disk', 'no home disk yet')):
            self.assertEqual(ctl('set', 'None', 'Home=' + value).code, 0)
            result = ctl('export', '--home', 'None', session.place.path('other'))
            self.assertNotEqual(result.code, 0)
            self.assertIn(word, result.err)
        self.assertNotIn('other', ''.join(os.listdir(session.place.root)))

    def test_encrypted_only_in_a_sealed_file_and_with_a_new_key(self):
        keyring = Keyring(session).start()
        self.addCleanup(keyring.stop)
        content, key = self.content(), b'A' * 43 + b'='
        home = self.make('Vault', content, key=key, HomeEncrypt='true')
        keyring.store(home, key)
        result = ctl('export', '--home', 'Vault', self.file)
        self.assertIn('passphrase', result.err)
        self.assertFalse(os.path.exists(self.file))
        result = ctl('export', '--home', '--passphrase-file', self.secret, 'Vault', self.file)
        self.assertEqual(result.code, 0, result)
        self.assertNotIn(content[3 * MIB:3 * MIB + 64], self.read(self.file))

        # A copy beside it.
        result = ctl('duplicate', 'Vault', 'Copy')
        self.assertEqual(result.code, 0, result)
        copied = keyring.key('copy')
        self.assertEqual((len(copied), copied != key), (44, True))
        self.assertEqual(self.raw('copy', key=copied), content)
        self.assertEqual(ctl('delete', '--yes', 'Copy').code, 0)

        # The home of an AppVM whose file is gone keeps its key.
        harness.wait_for(lambda: not keyring.key('copy'), 10, 'the end of the key')
        os.rename(self.write('left', b'precious'), self.path('copy'))
        keyring.store('copy', b'old key')
        for words in (['duplicate', 'Vault', 'Copy'],
                      ['import', '--accept', '--name', 'Copy', '--passphrase-file', self.secret, self.file]):
            result = ctl(*words)
            self.assertEqual((result.code, keyring.key('copy'), self.read(self.path('copy'))),
                             (13, b'old key', b'precious'), result)
        os.unlink(self.path('copy'))

        for change in (lambda data: data[:-1], lambda data: data[:3 * MIB],
                       lambda data: data[:2 * MIB] + bytes([data[2 * MIB] ^ 1]) + data[2 * MIB + 1:]):
            path = self.write('bad.appvm', change(self.read(self.file)))
            result = ctl('import', '--accept', '--name', 'Bad', '--passphrase-file', self.secret, path)
            self.assertEqual(result.code, 11, result)
            self.assertIn('damaged', result.err)
            self.assertEqual((os.listdir(self.homes), keyring.key('bad')), (['vault.qcow2'], b''))
        self.assertEqual(ctl('delete', '--yes', 'Vault').code, 0)
        harness.wait_for(lambda: not keyring.key('vault'), 10, 'the end of the key')
        result = ctl('import', '--accept', '--passphrase-file', self.secret, self.file)
        self.assertEqual(result.code, 0, result)
        made = keyring.key('vault')
        self.assertEqual((len(made), made != key), (44, True))
        self.assertEqual(self.raw('vault', key=made), content)
        self.assertNotIn(content[3 * MIB:3 * MIB + 64], self.read(self.path('vault')))
        # Nobody to keep a key: nothing is made.
        self.assertEqual(ctl('delete', '--yes', 'Vault').code, 0)
        keyring.lock()
        result = ctl('import', '--accept', '--passphrase-file', self.secret, self.file)
        self.assertIn('keyring', result.err)
        self.assertEqual((ctl('list', '--json').json(), os.listdir(self.homes)), ([], []))

    def test_copy(self):
        content = self.content()
        home = self.make('Work', content)
        for snapshot in (False, True):
            if snapshot:
                subprocess.run(['qemu-img', 'snapshot', '-c', 'old', self.path(home)], check=True)
            self.assertEqual(ctl('duplicate', 'Work', 'Copy').code, 0)
            self.assertEqual(self.raw('copy'), content)
            self.assertEqual(ctl('home', 'Copy', '--json').json()['snapshots'], [])
            self.assertEqual(ctl('delete', '--yes', 'Copy').code, 0)
        result = ctl('duplicate', '--empty-home', 'Work', 'Copy')
        self.assertIn('empty', result.out)
        self.assertEqual(ctl('home', 'Copy', '--json').json(), {'kind': 'disk'})
        # A home that somebody left there is nobody else's, and is not replaced.
        self.write('left', b'precious')
        os.rename(session.place.path('left'), self.path('third'))
        result = ctl('duplicate', 'Work', 'Third')
        self.assertEqual((result.code, self.read(self.path('third'))), (13, b'precious'), result)
        os.unlink(self.path('third'))

    def test_giving_up_leaves_nothing(self):
        def waiting(process):
            harness.wait_for(lambda: process.poll() is not None or half(), 30, 'the beginning')
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)
            return process.returncode

        def half():
            return any(os.path.getsize(os.path.join(self.homes, name)) > MIB for name in os.listdir(self.homes)
                       if name.endswith('.new'))

        self.make('Work', os.urandom(400 * MIB))
        before = sorted(os.listdir(self.homes))
        self.assertEqual(ctl('export', '--home', 'Work', self.file).code, 0)
        for words in (['duplicate', 'Work', 'Copy'], ['import', '--accept', '--name', 'Copy', self.file]):
            self.assertNotEqual(waiting(ctl.spawn(*words)), 0)
            self.assertEqual(sorted(os.listdir(self.homes)), before)
            self.assertEqual([vm['name'] for vm in ctl('list', '--json').json()], ['Work'])
        # While it goes on, neither end can be had by another; and a service that dies leaves nothing either.
        process = ctl.spawn('duplicate', 'Work', 'Copy')
        harness.wait_for(half, 30, 'the beginning')
        self.assertIn('just being changed', ctl('delete', '--yes', 'Work').err)
        self.assertEqual(ctl('duplicate', '--empty-home', 'Work', 'Copy').code, 13)
        os.kill(service_pid(), signal.SIGKILL)
        process.communicate(timeout=60)
        self.assertEqual([vm['name'] for vm in ctl('list', '--json').json()], ['Work'])
        self.assertEqual(sorted(os.listdir(self.homes)), before)

    def test_without_room_nothing_is_made(self):
        """What the file says it needs is more than there is; and less, of which there is more."""
        told = {}
        for name, used in (('says', b'Used=%d\n' % (40 * MIB)), ('older', b''), ('lies', b'Used=512\n')):
            pieces = [(i * MIB, os.urandom(MIB)) for i in range(40)]
            path = self.write('big.appvm', self.home(*pieces, head=HEAD_HOME % (64 * MIB) + used))
            for arguments in ((), ('--accept',)):
                namespace.mount_tmpfs(self.homes, 32)
                try:
                    result = ctl('import', *arguments, path)
                    self.assertEqual(os.listdir(self.homes), [])
                finally:
                    namespace.unmount(self.homes)
                self.assertEqual(result.code, 22 if arguments or name != 'lies' else 2, result)
                self.assertEqual(ctl('list', '--json').json(), [])
                told[name] = result.err
        for name in ('says', 'older'):
            self.assertRegex(told[name], r'needs 44\.[0-9] MiB, and 32(\.0)? MiB are free')
        self.assertIn('No space left', told['lies'])
        # Also who asks no one: the service looks itself.
        namespace.mount_tmpfs(self.homes, 32)
        self.addCleanup(namespace.unmount, self.homes)
        path = self.write('big.appvm', self.home((0, b'a' * 512), head=HEAD_HOME % (64 * MIB) + b'Used=41943040\n'))
        contents = call('ReadArchive', '(ha{sv})', path, {})[0]
        self.assertEqual((contents['home'], contents['free']), (64 * MIB, 32 * MIB))
        with self.assertRaises(JobFailed) as caught:
            call('ImportVm', '(hsa{sv})', path, contents['digest'], {})
        self.assertEqual(caught.exception.name, 'DiskFull')
        self.assertIn('Nothing was imported', caught.exception.message)
        self.assertEqual(os.listdir(self.homes), [])

    def test_killed_meanwhile_leaves_nothing(self):
        def service_has(path):
            return harness.has_open(service, path)

        self.make('Work', os.urandom(200 * MIB), HomeSize='256')
        ctl('list')
        service = service_pid()
        folder = session.place.path('exports')
        os.mkdir(folder)
        process = ctl.spawn('export', '--home', 'Work', os.path.join(folder, 'a.appvm'))
        harness.wait_for(lambda: service_has(folder), 30, 'the beginning')
        self.assertEqual(os.listdir(folder), [])
        process.kill()
        process.communicate(timeout=60)
        harness.wait_for(lambda: not service_has(folder), 30, 'the end')
        self.assertEqual(os.listdir(folder), [])
        # Where it has to have a name: it is removed if that was asked, and only then.
        for temporary in (True, False):
            path = os.path.join(folder, 'named')
            bus = session.connect()
            with open(path, 'wb') as file:
                fds = Gio.UnixFDList.new()
                fds.append(file.fileno())
                bus.call_with_unix_fd_list_sync(
                    NAME, ROOT, 'io.github.bulkhead.Manager1', 'ExportVm',
                    GLib.Variant('(sha{sv})', ('Work', 0, {'home': GLib.Variant('b', True),
                                                           'temporary': GLib.Variant('b', temporary)})),
                    None, Gio.DBusCallFlags.NONE, 30000, fds, None)
            self.assertTrue(service_has(path))
            bus.close_sync(None)
            harness.wait_for(lambda: not service_has(path), 30, 'the end')
            self.assertEqual(os.listdir(folder), [] if temporary else ['named'])
        # Its home is free again.
        self.assertEqual(ctl('delete', '--yes', 'Work').code, 0)

    def test_hostile_and_damaged(self):
        good = ((0, b'a' * 512), (4096, b'b' * MIB))
        whole = self.home(*good)
        path = self.write('a.appvm', whole)
        self.assertEqual(ctl('import', '--accept', path).code, 0)
        self.assertEqual(self.raw('visitor'), (b'a' * 512 + bytes(3584) + b'b' * MIB).ljust(24 * MIB, b'\0'))
        self.assertEqual(ctl('delete', '--yes', 'Visitor').code, 0)
        for data in (self.home((512, b'a' * 512), (0, b'b' * 512)), self.home((0, b'a' * 1024), (512, b'b' * 512)),
                     self.home((24 * MIB, b'a' * 512)), self.home((24 * MIB - 512, b'a' * 1024)),
                     self.home((100, b'a' * 512)), self.home((0, b'a' * 100)), self.home((0, b'')),
                     self.home((0, b'a' * (MIB + 512))), self.home((0xfffffffffffffe00, b'a' * 512)),
                     self.home((0, b'a' * 512), names='%x'), self.home((0, b'a' * 512), names='../%013x'),
                     self.home(*good, end=b''), self.home(*good, end=b'[Home]\nPieces=2\nSha256=00\n'),
                     self.home(*good, end=b'[Home]\n'), self.home(*good, behind=[member('home/%016x' % (8 * MIB), b'c' * 512)]),
                     self.home(*good, behind=[member('x', b'')]), self.home(*good, definition=GOOD),
                     self.home(*good, size=0), self.home(*good, size=1000), self.home(*good, size=1 << 60),
                     self.home(*good, head=HEAD_HOME.replace(b'%d', b'-1')), self.home(*good, head=HEAD),
                     whole.replace(b'b' * 64, b'c' * 64, 1), whole[:6000], whole[:-3 * 1024], whole[:MIB]):
            self.refused(self.write('bad.appvm', data))
            self.assertEqual(os.listdir(self.homes), [])


if __name__ == '__main__':
    harness.main()
