# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of an AppVM, its copies and its name, over AT-SPI against the service that was built.

What the settings are is read from the service and from the AppVM's file: a row that shows one thing and does another
fails here.
"""

import json
import os
import struct
import subprocess
import zlib

from desk import APP_ID, Atspi, BUTTON, ROW, TEXT, TOGGLE, DeskTestCase, setUpModule, tearDownModule  # noqa: F401
from harness import build_path, main, wait_for

CALCULATOR = 'org.gnome.Calculator.desktop'
TAB = ('page tab',)
SPIN = ('spin button',)
SWITCH = ('switch', 'toggle button', 'check box')
CHOICE = ('combo box',)
OUTSIDE = b"""<?xml version="1.0"?>
<!DOCTYPE svg [<!ENTITY secret SYSTEM "file:///etc/passwd">]>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="48" height="48">
<image xlink:href="file:///etc/passwd" width="9" height="9"/><image xlink:href="http://127.0.0.1:9/x.png" width="9" height="9"/>
<text>&secret;</text><rect width="48" height="48" fill="red"/></svg>
"""


class SettingsCase(DeskTestCase):
    def file_of(self, vm_id):
        with open(os.path.join(self.vm_dir(), vm_id + '.vm'), encoding='utf-8') as file:
            return file.read()

    def write(self, name, data):
        os.makedirs(self.vm_dir(), exist_ok=True)
        path = os.path.join(self.vm_dir(), name)
        with open(path, 'wb') as file:
            file.write(data if isinstance(data, bytes) else data.encode())
        return path

    def with_vm(self, name='Work', **settings):
        self.desk.use_real_service()
        self.desk.create(name, **settings)
        self.desk.run_app()
        self.desk.wait(ROW, name)

    def open_settings(self):
        self.desk.act('win.vm-settings')
        self.see(TEXT, 'Name')

    def see(self, roles, name):
        """In the settings window, which alone is looked through: the tree below it is large."""
        def found():
            return next(iter(self.desk.all(roles, name, dialog=True)), None)
        return wait_for(found, 30, f'{roles} “{name}” in the window')

    def pages(self):
        """Each in turn."""
        for name in list(dict.fromkeys(tab.get_name() for tab in self.desk.all(TAB, dialog=True))):
            self.page(name)
            yield name

    def page(self, name):
        """There are two switchers, a wide and a narrow one."""
        self.see(TAB, name).do_action(0)
        wait_for(lambda: any(tab.get_state_set().contains(Atspi.StateType.SELECTED)
                             for tab in self.desk.all(TAB, name, dialog=True)), 30, f'the page {name}')

    def setting(self, key, name='Work'):
        return self.desk.vms()[name]['Settings'][key]

    def wait_setting(self, key, value, name='Work'):
        wait_for(lambda: self.setting(key, name) == value, 30, f'{key}={value}')

    def wait_file(self, vm_id, line, there=True):
        wait_for(lambda: (line + '\n' in self.file_of(vm_id)) == there, 30, f'{line} in the file: {there}')


class Widgets(SettingsCase):
    def test_rows_in_process(self):
        done = subprocess.run([build_path('tests', 'app', 'test-rows')], env={**self.desk.env, 'GTK_A11Y': 'none'},
                              capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn('ok 6', done.stdout)


class Rows(SettingsCase):
    def keys(self):
        """(name, type, title, "disk" or "any") of every key, as the code has them."""
        out = subprocess.run([build_path('tests', 'lib', 'list-keys')], capture_output=True, text=True, check=True).stdout
        return [line.split('\t') for line in out.splitlines()]

    def test_every_key_has_its_row_and_every_control_changes_the_file(self):
        self.with_vm()
        self.open_settings()
        keys = self.keys()
        self.assertEqual({key for key, *_ in keys}, set(self.desk.vms()['Work']['Settings']))
        missing = {title for _, _, title, _ in keys}
        tried = set()
        for _page in self.pages():
            # One look at the page; its controls stay what they are.
            nodes = self.desk.all(ROW + SWITCH + SPIN + CHOICE, dialog=True)
            missing -= {node.get_name() for node in nodes}
            for key, kind, title, _ in keys:
                node = next((n for n in nodes if n.get_name() == title and n.get_role_name() not in ROW), None)
                if kind == 'bool' and node:
                    self.try_switch(node, key)
                    tried.add(kind)
                elif kind == 'int' and node:
                    self.try_number(node, key)
                    tried.add(kind)
                elif kind == 'enum' and node:
                    tried.add(kind)
        self.assertEqual(missing, {title for _, _, title, where in keys if where == 'disk'})
        self.assertEqual(tried, {'bool', 'int', 'enum'})

    def test_a_disk_image_has_rows_of_its_own(self):
        image = self.desk.place.path('old.img')
        with open(image, 'wb') as file:
            file.write(b'\xeb' + bytes(509) + b'\x55\xaa' + bytes(65536 - 512))
        self.with_vm(Template='disk', Image=image)
        self.open_settings()
        missing = {title for _, _, title, where in self.keys() if where == 'disk'}
        self.assertTrue(missing)
        for _page in self.pages():
            missing -= {node.get_name() for node in self.desk.all(ROW + SWITCH + SPIN + CHOICE, dialog=True)}
        self.assertEqual(missing, set())

    def try_switch(self, node, key):
        before = self.setting(key)
        for value in ('false' if before == 'true' else 'true', before):
            node.do_action(0)
            self.wait_setting(key, value)
            self.wait_file('work', f'{key}={value}')

    def try_number(self, node, key):
        value = int(self.setting(key)) + 1
        self.assertTrue(node.set_current_value(value))
        self.wait_setting(key, str(value))
        self.wait_file('work', f'{key}={value}')

    def test_words_colours_programs_and_the_way_back(self):
        self.with_vm(Memory='1024', Applications='foot.desktop', Color='red')
        self.open_settings()
        self.desk.press(BUTTON, 'Reset Memory', dialog=True)
        self.wait_setting('Memory', '768')
        self.assertNotIn('Memory', self.file_of('work'))
        notes = self.see(TEXT, 'Notes')
        notes.set_text_contents('one\ntwo <b>')
        self.wait_setting('Notes', 'one\ntwo <b>')
        notes.set_text_contents('x' * 4001)
        self.desk.wait_text('1 character too long')
        notes.set_text_contents('short')
        self.wait_setting('Notes', 'short')
        self.desk.press(TOGGLE, 'Purple', dialog=True)
        wait_for(lambda: self.desk.vms()['Work']['Color'] == '#813d9c', 30, 'the colour')
        self.desk.press(BUTTON, 'Remove Foot', dialog=True)
        self.wait_setting('Applications', '')
        self.desk.press(BUTTON, 'Add to Applications', dialog=True)
        self.desk.press(ROW, 'Calculator', dialog=True)
        self.desk.press(BUTTON, 'Add', dialog=True)
        self.wait_setting('Applications', CALCULATOR)
        # Changed by somebody else.
        memory = self.see(SPIN, 'Memory')
        self.desk.find('Work').set(Memory='2048')
        wait_for(lambda: memory.get_current_value() == 2048, 30, 'the memory in the row')
        self.check_names()

    def check_names(self):
        for node in self.desk.all(BUTTON + TOGGLE + TEXT + SPIN + TAB + SWITCH + CHOICE, dialog=True):
            if node.get_n_actions() > 0:
                self.assertTrue(node.get_name(), node.get_role_name())
                self.assertNotIn('_', node.get_name())

    def test_a_taken_name_is_said_and_the_old_one_stays(self):
        self.desk.use_real_service()
        self.desk.create('Banking')
        self.desk.create('Work')
        self.desk.run_app()
        self.desk.press(ROW, 'Work')
        self.open_settings()
        name = self.see(TEXT, 'Name')
        name.set_text_contents(' bANKING')
        self.desk.wait_text('There is an AppVM named “Banking” already.')
        self.assertIn('already', name.get_description())
        name.set_text_contents('Banking 2')
        self.desk.sway.input.key('Escape')  # closes the window, which applies what is typed
        wait_for(lambda: set(self.desk.vms()) == {'Banking', 'Banking 2'}, 30, 'the new name')

    def test_what_the_service_refuses_is_said_at_the_row_and_put_back(self):
        self.desk.use_mock('--refuse-set', 'DiskFull:The settings could not be saved: No space left on device.',
                           vms=[{'Name': 'Full', 'Launchers': 'true'}])
        self.desk.run_app()
        self.desk.wait(ROW, 'Full')
        self.open_settings()
        self.page('Behaviour')
        node = self.see(SWITCH, 'Show in the application grid')
        node.do_action(0)
        self.desk.wait_text('No space left on device')
        self.assertIn('No space', node.get_description())
        checked = {s.value_nick for s in node.get_state_set().get_states()}
        self.assertTrue(checked & {'checked', 'pressed'}, checked)
        self.assertEqual(self.setting('Launchers', 'Full'), 'true')

    def test_by_keyboard_and_what_was_typed_is_kept(self):
        self.with_vm()
        self.desk.sway.wait_view(APP_ID)
        self.desk.sway.input.key('alt+Return')
        notes = self.see(TEXT, 'Notes')
        wait_for(lambda: (self.desk.sway.view(APP_ID, 'AppVM Settings') or {}).get('focused'), 30, 'the focus')
        notes.set_text_contents('last words')
        self.desk.sway.input.key('Escape')
        self.wait_setting('Notes', 'last words')
        wait_for(lambda: self.desk.sway.view(APP_ID, 'AppVM Settings') is None, 30, 'the end of the window')
        # It goes with the AppVM, too.
        self.open_settings()
        self.desk.find('Work').delete()
        self.desk.wait(BUTTON, 'Create Your First AppVM…')
        wait_for(lambda: self.desk.sway.view(APP_ID, 'AppVM Settings') is None, 30, 'the end of the window')


class Creating(SettingsCase):
    def test_a_command_and_what_it_may_reach(self):
        self.desk.use_real_service()
        self.desk.run_app()
        self.desk.press(BUTTON, 'Create Your First AppVM…')
        self.desk.type_into('Name', 'Tools')
        self.desk.wait_text('It could not reach the network')
        self.desk.press(BUTTON, 'Add a Command…')
        wait_for(lambda: (self.desk.sway.view(APP_ID, 'Add a Command') or {}).get('focused')
                 or len(self.desk.sway.views()) == 3, 30, 'the question for a command')
        self.desk.wait(None, 'Command')
        self.desk.sway.input.type('Two words')
        self.desk.sway.input.key('Tab')
        self.desk.sway.input.type("foot -e 'unclosed")
        self.desk.wait_text('a quote that is not closed')
        self.desk.wait_insensitive(BUTTON, 'Add')
        self.desk.sway.input.type("'")
        self.desk.press(BUTTON, 'Add')
        self.desk.wait(BUTTON, 'Remove Two words')
        # The same rows as in the settings, with narrow defaults; the line above them follows.
        self.desk.act('window.choose-reach')
        wait_for(lambda: self.desk.all(SWITCH, 'Microphone'), 30, 'the rows')
        self.see(SWITCH, 'Microphone').do_action(0)
        self.desk.wait_text('listen')
        self.desk.press(BUTTON, 'Done')
        self.desk.press(BUTTON, 'Create')
        vm = wait_for(lambda: self.desk.vms().get('Tools'), 30, 'the AppVM')
        self.assertEqual(vm['Settings']['Commands'], "Two words=foot -e 'unclosed'")
        self.assertEqual(vm['Settings']['Microphone'], 'true')
        self.assertEqual(vm['Settings']['Network'], 'none')
        self.desk.wait(BUTTON, 'Two words')

    def test_a_command_is_launched_as_words_and_removed_with_undo(self):
        record = self.desk.place.path('record')
        self.desk.use_mock('--step', '10', '--record', record,
                           vms=[{'Name': 'Work', 'Applications': 'foot.desktop', 'Commands': "Top=htop -d '5 6'"}])
        self.desk.run_app()
        self.desk.press(BUTTON, 'Top')
        wait_for(lambda: os.path.exists(record), 30, 'the launch')
        with open(record, encoding='utf-8') as file:
            options = json.loads(file.readline())
        self.assertEqual(options['argv'], ['htop', '-d', '5 6'])
        self.assertEqual(options['label'], 'Top')
        self.desk.act('tile.remove', 'Top')
        wait_for(lambda: self.setting('Commands') == '', 30, 'the removal')
        self.assertEqual(self.setting('Applications'), 'foot.desktop')
        self.desk.press(BUTTON, 'Undo')
        wait_for(lambda: self.setting('Commands') == "Top=htop -d '5 6'", 30, 'the command again')


class Applications(SettingsCase):
    """Desktop files and icons that somebody, or something, has put there."""

    ENTRIES = {
        'markup': b'Name=<b>&amp;</b> %s\nIcon=<i>',
        'endless': b'Name=' + b'n' * 10000 + b'\nIcon=/dev/zero',
        'bidi': 'Name=a\u202egnp.exe\nComment=\u202ex'.encode(),
        'latin': b'Name=caf\xe9\nIcon=\xff',
        'broken': b'Name=Broken icon\nIcon=@broken.png',
        'huge': b'Name=Huge icon\nIcon=@huge.png',
        'outside': b'Name=Icon from outside\nIcon=@outside.svg',
        'pipe': b'Name=Icon is a pipe\nIcon=@pipe.png',
    }

    def setUp(self):
        super().setUp()
        folder = self.desk.place.path('data', 'applications')
        os.makedirs(folder, exist_ok=True)
        for name, text in self.ENTRIES.items():
            path = os.path.join(folder, f'org.example.{name}.desktop')
            with open(path, 'wb') as file:
                file.write(b'[Desktop Entry]\nType=Application\nExec=foot\n'
                           + text.replace(b'@', folder.encode() + b'/') + b'\n')
            self.addCleanup(os.unlink, path)
        for name, data in (('broken.png', b'\x89PNG\r\n\x1a\nnothing'), ('huge.png', self.huge_png()),
                           ('outside.svg', OUTSIDE)):
            with open(os.path.join(folder, name), 'wb') as file:
                file.write(data)
            self.addCleanup(os.unlink, os.path.join(folder, name))
        os.mkfifo(os.path.join(folder, 'pipe.png'))
        self.addCleanup(os.unlink, os.path.join(folder, 'pipe.png'))

    def huge_png(self):
        """40000×40000 in a few bytes: 6 GB when it is unpacked."""
        def chunk(kind, data):
            return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
        return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 40000, 40000, 8, 6, 0, 0, 0))
                + chunk(b'IDAT', zlib.compress(bytes(100000))) + chunk(b'IEND', b''))

    def test_they_are_shown_safely_and_the_others_work(self):
        ids = ';'.join(f'org.example.{name}.desktop' for name in self.ENTRIES)
        self.with_vm(Applications=ids + ';foot.desktop')
        for name in ('<b>&amp;</b> %s', 'Broken icon', 'Huge icon', 'Icon from outside', 'Icon is a pipe', 'Foot'):
            self.desk.wait(BUTTON, name)
        for text in self.desk.texts():
            self.assertLess(len(text), 1200)
            self.assertNotIn('\u202e', text)
        with open(f'/proc/{self.desk.app.pid}/status', encoding='utf-8') as file:
            peak = next(int(line.split()[1]) for line in file if line.startswith('VmHWM'))
        self.assertLess(peak, 1000000, 'kB at most')
        self.desk.press(BUTTON, 'Add')
        self.desk.wait(ROW, 'Calculator')
        self.desk.press(ROW, 'Calculator')
        self.desk.press(BUTTON, 'Add', dialog=True)
        wait_for(lambda: CALCULATOR in self.setting('Applications'), 30, 'the program')


class Restarting(SettingsCase):
    def test_what_waits_for_a_restart_is_said_and_it_is_offered(self):
        self.desk.use_mock('--step', '10', vms=[{'Name': 'Busy', 'State': 'running', 'RestartKeys': ['Memory']}])
        self.desk.run_app()
        self.desk.wait(ROW, 'Busy')
        self.open_settings()
        self.desk.wait_text('Takes effect at the next start: Memory')
        self.desk.press(BUTTON, 'Restart Now')
        self.desk.wait_gone(BUTTON, 'Restart Now')
        wait_for(lambda: self.desk.vms()['Busy']['State'] == 'running', 20, 'the AppVM again')


class Files(SettingsCase):
    """Files that somebody, or something, has put there."""

    def start(self):
        self.desk.use_real_service()
        self.desk.create('Good', Memory='512')
        self.desk.run_app()
        self.desk.wait(ROW, 'Good')

    def test_a_bad_value_is_named_with_file_and_line_and_reset(self):
        self.write('bad.vm', '[AppVM]\nName=Bad\nMemory=<b>lots</b>\nMemory=\n')
        self.start()
        self.desk.press(ROW, 'Bad')
        self.open_settings()
        self.desk.wait_text('bad.vm, line 3')
        self.desk.wait_text('is there twice')
        self.desk.press(BUTTON, 'Reset Memory')
        wait_for(lambda: self.desk.vms()['Bad']['Problems'] == [], 20, 'the end of the problems')
        self.desk.wait_gone(None, 'Mistakes in Its File')
        self.assertNotIn('Memory', self.file_of('bad'))

    def test_hostile_names_are_shown_as_text(self):
        self.write('markup.vm', '[AppVM]\nName=<b>&amp;</b> %s\n')
        self.write('endless.vm', '[AppVM]\nName=' + 'n' * 10000 + '\n')
        self.write('bidi.vm', '[AppVM]\nName=a\u202egnp.exe\n')
        self.write('latin.vm', b'[AppVM]\nName=caf\xe9\n')
        self.write('nul.vm', b'[AppVM]\nName=a\x00b\n')
        self.write('twice.vm', '[AppVM]\nName=One\nName=Two\n')
        self.write('nogroup.vm', 'Name=None\n')
        self.write('empty.vm', '')
        self.start()
        self.desk.wait(ROW, '<b>&amp;</b> %s')
        for name in ('endless', 'bidi', 'latin', 'nul', 'nogroup', 'empty', 'One'):
            self.desk.press(ROW, name if name != 'One' else 'Two')
            self.desk.wait_text('.vm:' if name == 'One' else f'{name}.vm:')
            for text in self.desk.texts():
                self.assertLess(len(text), 1200)
                self.assertNotIn('\u202e', text)
        self.desk.press(ROW, 'endless')
        self.open_settings()
        self.see(BUTTON, 'Open File')
        self.desk.wait_text('endless.vm, line 2')
        self.desk.sway.input.key('Escape')
        wait_for(lambda: not self.desk.all(BUTTON, 'Open File'), 30, 'the end of the window')
        # The good one is as good as ever.
        self.desk.press(ROW, 'Good')
        self.open_settings()
        self.see(SPIN, 'Memory').set_current_value(640)
        self.wait_setting('Memory', '640', 'Good')

    def test_what_cannot_be_read_at_all_is_named(self):
        path = self.write('secret.vm', '[AppVM]\nName=Secret\n')
        os.chmod(path, 0)
        self.write('Not_An_Id.vm', '[AppVM]\nName=X\n')
        self.start()
        self.desk.wait_text('secret.vm')
        self.desk.wait_text('Not_An_Id.vm')
        os.chmod(path, 0o600)
        os.unlink(os.path.join(self.vm_dir(), 'Not_An_Id.vm'))
        self.write('secret.vm', '[AppVM]\nName=Secret\n')
        self.desk.wait(ROW, 'Secret')

    def test_repaired_by_hand_it_is_good_at_once(self):
        self.write('text.vm', 'this is no key file\n')
        self.start()
        self.desk.press(ROW, 'text')
        self.open_settings()
        self.desk.wait(BUTTON, 'Open File')
        self.write('text.vm', '[AppVM]\nName=Text now\n')
        self.desk.wait_gone(BUTTON, 'Open File')
        self.desk.wait_text('Text now')


class Names(SettingsCase):
    def test_rename_says_what_is_wrong_while_typing(self):
        self.desk.use_real_service()
        self.desk.create('Banking')
        self.desk.create('Work')
        self.desk.run_app()
        self.desk.press(ROW, 'Work')
        self.desk.act('win.vm-rename')
        self.desk.wait_text('Rename “Work”')
        self.desk.type_into('New name', 'banking')
        self.desk.wait_text('There is an AppVM named “Banking” already.')
        self.desk.wait_insensitive(BUTTON, 'Rename', dialog=True)
        self.desk.type_into('New name', 'Play')
        self.desk.press(BUTTON, 'Rename', dialog=True)
        self.desk.wait(ROW, 'Play')
        self.assertEqual(self.desk.vms()['Play']['Id'], 'work')

    def test_duplicate_with_undo(self):
        self.with_vm(Memory='512', Applications=CALCULATOR)
        self.desk.act('win.vm-duplicate')
        self.desk.wait(ROW, 'Work (copy)')
        copy = self.desk.vms()['Work (copy)']
        self.assertEqual(copy['Settings'], {**self.desk.vms()['Work']['Settings'], 'Name': 'Work (copy)'})
        self.desk.press(BUTTON, 'Undo')
        self.desk.wait_gone(ROW, 'Work (copy)')
        self.assertEqual(list(self.desk.vms()), ['Work'])


if __name__ == '__main__':
    main()
