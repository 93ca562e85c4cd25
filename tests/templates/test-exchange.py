# SPDX-License-Identifier: GPL-3.0-or-later
"""bulkheadctl export and import with the real service: there and back, hostile and damaged files."""

import io
import os
import sys
import tarfile
import unittest

from gi.repository import Gio, GLib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'cli'))
import cli  # noqa: E402
import harness  # noqa: E402
from harness.session import NAME, ROOT, Session  # noqa: E402

HEAD = b'[Export]\nFormat=1\nMade=1700000000\n'
GOOD = b'[AppVM]\nName=Visitor\nMemory=300\n'
CHUNK = 65536 + 17


def setUpModule():
    global session, ctl
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
        self.assertEqual(result.code, code, result)
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
        def call(method, signature, *arguments):
            fds = Gio.UnixFDList.new()
            with open(path, 'rb') as file:
                fds.append(file.fileno())
            return session.bus.call_with_unix_fd_list_sync(
                NAME, ROOT, 'io.github.bulkhead.Manager1', method, GLib.Variant(signature, arguments), None,
                Gio.DBusCallFlags.NONE, 30000, fds, None)[0].unpack()

        ctl('list')
        path = self.write('a.appvm', self.tar(member('bulkhead-appvm', HEAD), member('definition.vm', GOOD)))
        contents = call('ReadArchive', '(ha{sv})', 0, {})[0]
        self.assertEqual((contents['settings'], contents['sealed'], contents['made']),
                         ({'Name': 'Visitor', 'Memory': '300'}, False, 1700000000))
        self.write('a.appvm', self.tar(member('bulkhead-appvm', HEAD),
                                       member('definition.vm', GOOD + b'Processors=8\n')))
        for accept in (contents['digest'], ''):
            with self.assertRaisesRegex(GLib.Error, 'InvalidArgument.*not the one that was looked at'):
                call('ImportVm', '(hsa{sv})', 0, accept, {})
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
            self.refused(self.write('bad.appvm', bytes(bad)))

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
        for head, word in ((b'[Export]\nFormat=2\n', 'newer'), (b'[Export]\nFormat=0\n', 'does not say'),
                           (b'', 'does not say'), (b'[Export]\n', 'does not say'), (b'\xff', 'does not say')):
            path = self.write('bad.appvm', self.tar(member('bulkhead-appvm', head), member('definition.vm', GOOD)))
            self.refused(path, word)


if __name__ == '__main__':
    harness.main()
