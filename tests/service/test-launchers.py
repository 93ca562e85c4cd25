# SPDX-License-Identifier: GPL-3.0-or-later
"""Launchers of AppVM programs in the desktop's application grid."""

import os
import re
import shutil
import struct
import subprocess
import unittest
import zlib

import gi
gi.require_version('Gio', '2.0')
from gi.repository import GLib  # noqa: E402
from PIL import Image  # noqa: E402

from harness import SOURCE_DIR, Place, TestCase, main, wait_for  # noqa: E402
from harness.session import Session  # noqa: E402

PREFIX = 'io.github.bulkhead.vm.'
GROUP = 'Desktop Entry'
ACTION = 'Desktop Action disposable'
PROGRAM = '''[Desktop Entry]
Type=Application
Name={name}
Name[de]=Rechner
GenericName=Sums
Comment=Adds
Exec=/usr/bin/true %U
Icon={icon}
MimeType=text/plain;
Categories=Utility;
Actions=new;

[Desktop Action new]
Name=New
Exec=/usr/bin/true --new
'''


def png(width, height, rows=b''):
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 6, 0, 0, 0))
            + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))


class Launchers(TestCase):

    def setUp(self):
        self.place = Place()
        self.addCleanup(self.place.remove)
        self.bin = self.place.path('bin $x "q"')
        os.mkdir(self.bin)
        with open(os.path.join(self.bin, 'bulkheadctl'), 'w', encoding='ascii') as file:
            os.fchmod(file.fileno(), 0o755)
            file.write('#!/bin/sh\n')
        self.programs = self.place.path('share', 'applications')
        os.makedirs(self.programs)
        self.good_icon = self.place.path('good.png')
        Image.new('RGBA', (64, 64), (1, 2, 3, 255)).save(self.good_icon)
        self.program('sum.desktop')
        self.program('other.desktop', name='Other')
        self.session = Session(place=self.place, uri='test:///default', env={
            'BULKHEAD_BIN_DIR': self.bin,
            'XDG_DATA_DIRS': self.place.path('share') + ':/usr/local/share:/usr/share'})
        self.addCleanup(self.session.stop)
        self.session.start()

    def tearDown(self):
        if self.failed():
            self.session.keep_evidence(self)
        self.assertIsNone(self.session.service and self.session.service.poll(), 'the service ended')
        self.assertNotIn('CRITICAL', self.session.read_service_log())

    def program(self, app, name='Sum', icon=None):
        with open(os.path.join(self.programs, app), 'w', encoding='utf-8') as file:
            file.write(PROGRAM.format(name=name, icon=icon or self.good_icon))

    def launcher(self, name):
        return self.place.path('data', 'applications', PREFIX + name + '.desktop')

    def icon(self, name):
        return self.place.path('data', 'icons', 'hicolor', '128x128', 'apps', PREFIX + name + '.png')

    def wait(self, *names):
        """Until there are exactly these launchers."""
        folder = os.path.dirname(self.launcher('x'))

        def there():
            now = os.listdir(folder) if os.path.isdir(folder) else []
            return (sorted(name for name in now if name != 'mimeinfo.cache')
                    == sorted(PREFIX + name + '.desktop' for name in names))
        wait_for(there, 20, f'the launchers {names}')

    def text(self, name):
        with open(self.launcher(name), encoding='utf-8') as file:
            return file.read()

    def key(self, name, key, group=GROUP):
        file = GLib.KeyFile()
        file.load_from_file(self.launcher(name), GLib.KeyFileFlags.KEEP_TRANSLATIONS)
        return file.get_string(group, key)

    def settle(self):
        """Until all that was asked for before is done: another AppVM's launcher comes after it."""
        vm = self.session.create('zz settle', Applications='other.desktop')
        wait_for(lambda: os.path.exists(self.launcher('zz-settle.other')), 20, 'the thread')
        vm.delete()
        wait_for(lambda: not os.path.exists(self.launcher('zz-settle.other')), 20, 'the thread')

    def color_of_badge(self, name):
        with Image.open(self.icon(name)) as image:
            image.load()
            self.assertEqual(image.size, (128, 128))
            self.assertEqual(image.getpixel((5, 5)), (1, 2, 3, 255))
            return '#%02x%02x%02x' % image.getpixel((78, 100))[:3]

    def test_create_change_delete(self):
        vm = self.session.create('Bank', Color='#e66100', Applications='sum.desktop')
        self.wait('bank.sum')
        self.assertEqual(self.key('bank.sum', 'Name'), 'Sum (Bank)')
        self.assertEqual(self.key('bank.sum', 'Name[de]'), 'Rechner (Bank)')
        self.assertEqual(self.key('bank.sum', 'StartupWMClass'), 'io.github.bulkhead.bank.sum')
        self.assertEqual(self.key('bank.sum', 'Icon'), PREFIX + 'bank.sum')
        self.assertEqual(self.color_of_badge('bank.sum'), '#e66100')
        text = self.text('bank.sum')
        self.assertIsNone(re.search('MimeType|%U|--new', text))
        self.assertTrue(self.key('bank.sum', 'Exec').endswith(' sum.desktop %F'))
        # The one act is ours.
        self.assertEqual(self.key('bank.sum', 'Actions'), 'disposable;')
        self.assertEqual(self.key('bank.sum', 'Name', ACTION), 'Open in a Disposable')
        command = self.key('bank.sum', 'Exec').replace(' %F', '')
        self.assertEqual(self.key('bank.sum', 'Exec', ACTION), command.replace(' run ', ' run --disposable '))
        done = subprocess.run(['desktop-file-validate', self.launcher('bank.sum')],
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ''))
        vm.set(Disposable='true')
        wait_for(lambda: '[Desktop Action' not in self.text('bank.sum'), 20, 'no choice, where each is a disposable')
        vm.set(Disposable='')
        vm.set(Name='Money', Color='#1c71d8')
        wait_for(lambda: self.key('bank.sum', 'Name') == 'Sum (Money)', 20, 'the new name')
        self.assertEqual(self.color_of_badge('bank.sum'), '#1c71d8')
        vm.set(Applications='other.desktop;missing.desktop')
        self.wait('bank.other')
        vm.set(Launchers='false')
        self.wait()
        vm.set(Launchers='true')
        self.wait('bank.other')
        vm.delete()
        self.wait()
        self.settle()  # icons go after launchers
        wait_for(lambda: not os.listdir(os.path.dirname(self.icon('x'))), 20, 'the icons to go')
        self.assertEqual(os.listdir(os.path.dirname(self.icon('x'))), [])

    def default_of(self, kind):
        """As the desktop's own library has it, and all that it offers."""
        done = subprocess.run(['gio', 'mime', kind], env={**self.session.env, 'LANG': 'C.UTF-8'}, capture_output=True,
                              text=True, check=False)
        found = re.search(r'^Default application for .*: (.*)$', done.stdout, re.M)
        return found and found.group(1), set(re.findall(r'^\t(.*)$', done.stdout, re.M))

    def test_offered_for_files_but_never_the_default(self):
        types = 'text/plain;text/csv;application/pdf;inode/directory;x-scheme-handler/https;x-scheme-handler/ftp;bad type;'
        with open(os.path.join(self.programs, 'sum.desktop'), encoding='utf-8') as file:
            text = file.read()
        with open(os.path.join(self.programs, 'sum.desktop'), 'w', encoding='utf-8') as file:
            file.write(text.replace('MimeType=text/plain;', 'MimeType=' + types))
        with open(os.path.join(self.programs, 'other.desktop'), 'w', encoding='utf-8') as file:
            file.write(text.replace('MimeType=text/plain;', 'MimeType=text/plain;text/csv;x-scheme-handler/https;')
                       .replace('Name=Sum', 'Name=Other'))
        subprocess.run(['update-desktop-database', '-q', self.programs], check=True)
        # Named as the default: text and https, of a program that is gone: PDF. The first that there is: CSV.
        with open(os.path.join(self.programs, 'mimeapps.list'), 'w', encoding='utf-8') as file:
            file.write('[Default Applications]\ntext/plain=gone.desktop;other.desktop\napplication/pdf=gone.desktop\n'
                       'x-scheme-handler/https=other.desktop\nx-scheme-handler/ftp=other.desktop\n')
        kinds = 'text/plain', 'text/csv', 'application/pdf', 'x-scheme-handler/https', 'x-scheme-handler/ftp'
        before = [self.default_of(kind)[0] for kind in kinds]
        self.assertEqual(before[0], 'other.desktop')
        vm = self.session.create('Bank', Applications='sum.desktop')
        self.wait('bank.sum')
        self.settle()
        ours = PREFIX + 'bank.sum.desktop'
        self.assertEqual(self.key('bank.sum', 'MimeType'), 'text/plain;x-scheme-handler/https;')
        self.assertTrue(self.key('bank.sum', 'Exec').endswith(' run ' + vm.path + ' sum.desktop %U'))
        done = subprocess.run(['desktop-file-validate', self.launcher('bank.sum')], capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ''))
        self.assertEqual([self.default_of(kind)[0] for kind in kinds], before)
        self.assertIn(ours, self.default_of('text/plain')[1])
        self.assertNotIn(ours, self.default_of('application/pdf')[1])
        # What the desktop's “Open With” starts.
        log, note = self.place.path('argv'), self.place.path('my note.txt')
        with open(os.path.join(self.bin, 'bulkheadctl'), 'w', encoding='ascii') as file:
            file.write(f'#!/bin/sh\nprintf "%s\\n" "$@" > {log}.new && mv {log}.new {log}\n')
        with open(note, 'w', encoding='ascii'):
            pass
        subprocess.run(['gio', 'launch', self.launcher('bank.sum'), note], env=self.session.env, check=True, timeout=20)
        wait_for(lambda: os.path.exists(log), 10, 'the command')
        with open(log, encoding='utf-8') as file:
            words = file.read().splitlines()
        self.assertEqual(words[:-1], ['run', vm.path, 'sum.desktop'])
        self.assertIn(words[-1], (note, 'file://' + note.replace(' ', '%20')))
        vm.delete()
        self.settle()
        self.assertNotIn(ours, self.default_of('text/plain')[1])

    def test_nothing_is_written_when_nothing_changed(self):
        vm = self.session.create('Bank', Applications='sum.desktop')
        self.wait('bank.sum')
        before = [os.stat(f('bank.sum')).st_mtime_ns for f in (self.launcher, self.icon)]
        inodes = [os.stat(f('bank.sum')).st_ino for f in (self.launcher, self.icon)]
        vm.set(Notes='x')
        self.settle()
        self.session.stop_service()
        self.session.start_service()
        self.settle()
        self.assertEqual([os.stat(f('bank.sum')).st_mtime_ns for f in (self.launcher, self.icon)], before)
        self.assertEqual([os.stat(f('bank.sum')).st_ino for f in (self.launcher, self.icon)], inodes)

    def test_hostile_names_and_folders_give_the_right_command(self):
        names = ['"q" \'s\' `id` $(id)', '50% %U %f', 'back\\slash\\n', 'Ünï — 銀行', ';a=b;[x]', '#']
        for name in names:
            with self.subTest(name):
                vm = self.session.create(name, Applications='sum.desktop')
                short = vm.get('Id') + '.sum'
                self.wait(short)
                self.assertEqual(self.key(short, 'Name'), f'Sum ({name})')
                # GLib's own launching, which undoes the quoting: a script in place of bulkheadctl.
                log = self.place.path('argv')
                with open(os.path.join(self.bin, 'bulkheadctl'), 'w', encoding='ascii') as file:
                    file.write(f'#!/bin/sh\nprintf "%s\\n" "$0" "$@" > {log}.new && mv {log}.new {log}\n')
                subprocess.run(['gio', 'launch', self.launcher(short)], env=self.session.env,
                               check=True, timeout=20)
                wait_for(lambda: os.path.exists(log), 10, 'the command')
                with open(log, encoding='utf-8') as file:
                    self.assertEqual(file.read().splitlines(), [
                        os.path.join(self.bin, 'bulkheadctl'), 'run', vm.path, 'sum.desktop'])
                os.unlink(log)
                self.assertEqual(self.session.find(vm.path).path, vm.path)
                vm.delete()
                self.wait()

    def test_an_appvm_named_as_anothers_path_or_id_takes_no_launcher(self):
        vm = self.session.create('Bank & taxes')
        self.session.create('bank-taxes')
        self.session.create(vm.path)
        self.assertEqual(self.session.find(vm.path).path, vm.path)

    def test_foreign_files_and_links_stay(self):
        os.makedirs(os.path.dirname(self.launcher('x')))
        os.makedirs(os.path.dirname(self.icon('x')))
        victim = self.place.path('victim')
        with open(victim, 'w', encoding='ascii') as file:
            file.write('[Desktop Entry]\nX-Bulkhead-Vm=bank\n')
        with open(self.launcher('bank.sum'), 'w', encoding='ascii') as file:
            file.write('mine')
        os.symlink(victim, self.launcher('bank.other'))
        with open(self.icon('bank.sum'), 'w', encoding='ascii') as file:
            file.write('mine')
        vm = self.session.create('Bank', Applications='sum.desktop;other.desktop')
        self.session.wait_signal('Notice')
        vm.delete()
        self.settle()
        for path in (self.launcher('bank.sum'), self.icon('bank.sum')):
            with open(path, encoding='ascii') as file:
                self.assertEqual(file.read(), 'mine')
        self.assertTrue(os.path.islink(self.launcher('bank.other')))
        with open(victim, encoding='ascii') as file:
            self.assertEqual(file.read(), '[Desktop Entry]\nX-Bulkhead-Vm=bank\n')

    def test_orphans_go_and_missing_come_after_a_crash(self):
        self.session.create('Bank', Applications='sum.desktop')
        self.session.create('Work', Applications='sum.desktop')
        self.wait('bank.sum', 'work.sum')
        self.session.kill_service()
        os.unlink(self.place.path('config', 'bulkhead', 'vms', 'bank.vm'))
        os.unlink(self.launcher('work.sum'))
        half = os.path.join(os.path.dirname(self.icon('x')), '.' + PREFIX + 'bank.sum.png.tmp')
        with open(half, 'wb') as file:
            file.write(b'half')
        self.session.start_service()
        self.wait('work.sum')
        self.settle()
        self.assertFalse(os.path.exists(half))
        self.assertFalse(os.path.exists(self.icon('bank.sum')))

    def test_hostile_icons_give_a_generic_one(self):
        deep = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">' + b'<g>' * 200000
        fifo = self.place.path('fifo.png')
        os.mkfifo(fifo)
        pictures = {'bomb': png(60000, 60000, b'\0' * 10 ** 6), 'none': b'', 'noise': os.urandom(5000),
                    'cut': png(64, 64, b'\0' * 100)[:60], 'deep': deep, 'huge': b'\x89PNG' * 2 ** 21}
        for name, data in pictures.items():
            with open(self.place.path(name + '.png'), 'wb') as file:
                file.write(data)
        for name in [*pictures, 'fifo', 'missing']:
            self.program(name + '.desktop', icon=self.place.path(name + '.png'))
        apps = [*pictures, 'fifo', 'missing']
        self.session.create('Bank', Applications=';'.join(name + '.desktop' for name in apps))
        self.wait(*['bank.' + name for name in apps])
        apps.remove('cut')  # decoders show what there is of it: a picture of ours all the same
        with Image.open(self.icon('bank.cut')) as image:
            image.load()
            self.assertEqual(image.size, (128, 128))
        for name in apps:
            self.assertEqual(self.key('bank.' + name, 'Icon'), 'application-x-executable', name)
            self.assertFalse(os.path.exists(self.icon('bank.' + name)))

    def test_every_appvm_has_an_icon_of_its_own(self):
        """For the desktop's mixer: Bulkhead's, as far as it is installed, with the badge."""
        folder = self.place.path('share', 'icons', 'hicolor', 'scalable', 'apps')
        os.makedirs(folder)
        shutil.copy(os.path.join(SOURCE_DIR, 'data', 'icons', 'io.github.bulkhead.Bulkhead.svg'), folder)
        vm = self.session.create('Bank', Color='#e66100', Launchers='false')

        def badge():
            with Image.open(self.icon('bank')) as image:
                return image.size, '#%02x%02x%02x' % image.getpixel((78, 100))[:3]
        wait_for(lambda: os.path.exists(self.icon('bank')), 20, 'the icon')
        self.assertEqual(badge(), ((128, 128), '#e66100'))
        before = os.stat(self.icon('bank')).st_ino
        self.session.stop_service()
        self.session.start_service()
        self.settle()
        self.assertEqual(os.stat(self.icon('bank')).st_ino, before)  # not made anew
        vm.set(Color='#1c71d8')
        wait_for(lambda: badge() == ((128, 128), '#1c71d8'), 20, 'the new colour')
        vm.delete()
        wait_for(lambda: not os.path.exists(self.icon('bank')), 20, 'the icon to go')

    def test_icons_of_the_theme_and_list_without_ours(self):
        self.program('themed.desktop', icon='foot')
        self.session.create('Bank', Applications='themed.desktop')
        self.wait('bank.themed')
        with Image.open(self.icon('bank.themed')) as image:
            self.assertEqual(image.size, (128, 128))
        ids = {app['id'] for app in self.session.manager.call('ListApplications')}
        self.assertIn('sum.desktop', ids)
        self.assertFalse([name for name in ids if name.startswith(PREFIX)])


if __name__ == '__main__':
    main()
