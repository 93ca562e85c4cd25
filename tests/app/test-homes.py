# SPDX-License-Identifier: GPL-3.0-or-later
"""Homes in the application: the buttons of their page, copies, files for other computers; with the real service, disks and
keyring, and without virtual machines."""

import io
import os
import subprocess
import tarfile

from gi.repository import GLib

from desk import BUTTON, ROW, TEXT, DeskTestCase, setUpModule, tearDownModule  # noqa: F401
from harness import has_open, main, wait_for
from harness.keyring import Keyring

SWITCH = ('switch', 'toggle button', 'check box')
TAB = ('page tab',)
KEY = b'A' * 43 + b'='
MIB = 1 << 20


class HomesCase(DeskTestCase):
    def setUp(self):
        super().setUp()
        self.homes = os.path.join(self.desk.env['XDG_DATA_HOME'], 'bulkhead', 'homes')
        os.makedirs(self.homes, exist_ok=True)

    def tearDown(self):
        super().tearDown()
        for name in os.listdir(self.homes):
            os.unlink(os.path.join(self.homes, name))

    def path(self, vm_id='work'):
        return os.path.join(self.homes, vm_id + '.qcow2')

    def with_home(self, key=None, **settings):
        """AppVM Work, whose disk has a file system and something that takes room no more."""
        raw = self.desk.place.path('raw')
        with open(raw, 'wb') as file:
            file.truncate(64 * MIB)
        subprocess.run(['/usr/sbin/mke2fs', '-q', '-t', 'ext4', raw], check=True)
        words = []
        if key:
            secret = self.desk.place.path('key')
            with open(secret, 'wb') as file:
                file.write(key)
            words = ['--object', 'secret,id=k,file=' + secret, '-o',
                     'encrypt.format=luks,encrypt.key-secret=k,encrypt.iter-time=10']
        subprocess.run(['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', *words, raw, self.path()], check=True)
        if not key:
            for value in ('9', '0'):
                subprocess.run(['qemu-io', '-c', f'write -P {value} 40M 8M', self.path()], check=True,
                               stdout=subprocess.DEVNULL)
        self.desk.use_real_service()
        self.desk.create('Work', Home='disk', HomeSize='64', **settings)
        self.desk.run_app()
        self.desk.wait(ROW, 'Work')

    def open_home(self):
        self.desk.act('win.vm-settings')
        self.find(TAB, 'Home').do_action(0)

    def find(self, roles, name):
        return wait_for(lambda: next(iter(self.desk.all(roles, name, dialog=True)), None), 30, f'{roles} “{name}”')

    def home(self):
        return self.desk.find('Work').call('ReadHome')

    def snapshots(self):
        return [name for name, _time, _size in self.home().get('snapshots', [])]

    def wait_size(self, used):
        used, most = (GLib.format_size_full(size, GLib.FormatSizeFlags.IEC_UNITS) for size in (used, 64 * MIB))
        self.desk.wait_text(f'{used} of at most {most}')

    def press(self, name):
        self.desk.press(BUTTON, name, dialog=True)


class Page(HomesCase):
    def test_buttons(self):
        self.with_home()
        self.open_home()
        before = self.home()['used']
        self.wait_size(before)
        self.press('Compact')
        wait_for(lambda: self.home()['used'] < before - 4 * MIB, 30, 'room')
        self.wait_size(self.home()['used'])
        self.press('Make a Snapshot')
        (name,) = wait_for(self.snapshots, 30, 'a snapshot')
        self.find(ROW, name)
        self.press('Compact')
        self.desk.wait_text('snapshots, which hold on')
        self.press('Go Back')
        wait_for(lambda: self.snapshots() == [name, 'before-going-back'], 30, 'what it was before going back')
        self.find(ROW, 'before-going-back')
        for left in (['before-going-back'], []):
            self.press('Remove This Snapshot')
            wait_for(lambda: self.snapshots() == left, 30, 'one snapshot less')
        self.desk.wait_gone(ROW, 'before-going-back')
        spin = self.find(('spin button',), 'Size of the disk')
        spin.set_current_value(128)
        wait_for(lambda: self.desk.vms()['Work']['Settings']['HomeSize'] == '128', 30, 'another size')

    def test_locked_keyring_is_said(self):
        keyring = Keyring(self.desk).start()
        self.addCleanup(keyring.stop)
        self.with_home(key=KEY, HomeEncrypt='true')
        keyring.store('work', KEY)
        keyring.lock()
        self.open_home()
        self.desk.wait_text(', encrypted')
        self.press('Make a Snapshot')
        self.desk.wait_text('your keyring is locked')
        self.assertEqual(self.snapshots(), [])
        self.desk.sway.input.key('Escape')
        self.desk.act('vm.start')
        self.desk.wait_text('The Home Cannot Be Unlocked')
        self.desk.wait_text('your keyring is locked')
        self.press('Close')


class Elsewhere(HomesCase):
    def test_copy_with_and_without(self):
        self.with_home()
        for answer, there in (('With Its Home', ['work-copy.qcow2']), ('With an Empty Home', [])):
            self.desk.act('win.vm-duplicate')
            self.press(answer)
            self.desk.wait(ROW, 'Work (copy)')
            self.assertEqual(sorted(os.listdir(self.homes)), sorted(['work.qcow2', *there]))
            self.desk.press(BUTTON, 'Undo')
            self.desk.wait_gone(ROW, 'Work (copy)')
            self.desk.wait_gone(BUTTON, 'Undo')
            self.assertEqual(os.listdir(self.homes), ['work.qcow2'])

    def test_out_and_in_again(self):
        self.with_home()
        self.desk.act('win.vm-export')
        self.find(SWITCH, 'Include the Home')
        self.desk.wait_text('whoever has the file can read it')
        self.desk.type_into('Passphrase', 'correct horse')
        self.desk.wait_text('once more')
        self.desk.wait_insensitive(BUTTON, 'Choose File…', dialog=True)
        self.desk.type_into('Passphrase, Once More', 'correct horsf')
        self.desk.wait_text('are not the same')
        self.desk.type_into('Passphrase, Once More', 'correct horse')
        self.press('Choose File…')
        path = self.desk.place.path('Work.appvm')
        self.desk.name_file(path[:-len('.appvm')], 'Export')  # the ending is there, and not selected
        wait_for(lambda: os.path.exists(path), 60, 'the file')
        self.desk.wait_text('Exported to “Work.appvm”')
        self.assertEqual([name for name in os.listdir(self.desk.place.root) if '.part' in name], [])
        with open(path, 'rb') as file:
            self.assertEqual(file.read(8), b'BULKHEAD')
        self.desk.find('Work').delete()
        self.desk.wait_gone(ROW, 'Work')
        for secret, told in (('wrong', 'The passphrase is wrong'), ('correct horse', 'Import This AppVM?')):
            self.desk.act('win.import')
            self.desk.name_file(path, 'Open')
            self.desk.wait_text('Enter the Passphrase')
            self.desk.type_into('Passphrase', secret)
            self.press('Open')
            self.desk.wait_text(told)
            if secret == 'wrong':
                self.press('Close')
        self.desk.wait_text('What was in its home comes with it')
        self.desk.type_into('Name', 'Back again')
        self.press('Import')
        self.desk.wait(ROW, 'Back again')
        self.assertTrue(os.path.exists(self.path('back-again')))
        self.assertEqual(self.desk.vms()['Back again']['Settings']['HomeSize'], '64')
        self.check_no_room()
        self.check_killed()

    def check_no_room(self):
        """A file that says how much its home needs; more than any computer has that runs this."""
        path = self.desk.place.path('Big.appvm')
        head = b'[Export]\nFormat=2\nMade=1\n[Home]\nSize=%d\nUsed=%d\n' % (4 << 40, 4 << 40)
        with tarfile.open(path, 'w') as archive:
            for name, data in (('bulkhead-appvm', head), ('definition.vm', b'[AppVM]\nName=Big\nHome=disk\n')):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        self.desk.act('win.import')
        self.desk.name_file(path, 'Open')
        needs = 'needs ' + GLib.format_size_full(4 << 40, GLib.FormatSizeFlags.IEC_UNITS)
        self.desk.wait_text(f'It {needs}, and')
        self.press('Import')
        self.desk.wait_text(f'The home in the file {needs}, and'.replace('\xa0', ' '))
        self.press('Close')
        self.assertNotIn('Big', self.desk.vms())
        self.assertEqual(os.listdir(self.homes), ['back-again.qcow2'])

    def check_killed(self):
        """Making a key of the passphrase takes its time."""
        folder = self.desk.place.path('exports')
        os.mkdir(folder)
        self.desk.act('win.vm-export')
        self.desk.type_into('Passphrase', 'correct horse')
        self.desk.type_into('Passphrase, Once More', 'correct horse')
        self.press('Choose File…')
        self.desk.name_file(os.path.join(folder, 'Gone'), 'Export')
        wait_for(lambda: has_open(self.desk.app.pid, folder), 30, 'the beginning')
        self.desk.app.kill()
        self.desk.app.wait(10)
        self.desk.app = None
        self.assertEqual(os.listdir(folder), [])
        wait_for(lambda: not has_open(self.desk.service_pid(), folder), 30, 'the end in the service')
        self.assertEqual(os.listdir(folder), [])


class Assistant(HomesCase):
    def test_a_new_appvm_keeps_its_home_unless_told_otherwise(self):
        self.desk.use_real_service()
        self.desk.run_app()
        for name, keep in (('Kept', True), ('Gone', False)):
            self.desk.wait_sensitive(BUTTON, 'Create Your First AppVM…' if keep else 'New AppVM')
            self.desk.sway.input.key('ctrl+n')
            self.find(BUTTON, 'Choose Programs…')
            self.desk.type_into('Name', name)
            if not keep:
                self.find(SWITCH, 'Keep Documents and Settings').do_action(0)
            self.press('Create')
            self.desk.wait(ROW, name)
            self.assertEqual(self.desk.vms()[name]['Settings']['Home'], 'disk' if keep else 'none')


if __name__ == '__main__':
    main()
