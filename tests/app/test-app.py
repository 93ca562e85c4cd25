# SPDX-License-Identifier: GPL-3.0-or-later
"""`bulkhead` as people and screen readers use it: over AT-SPI, by keyboard, against the service that was built.

Where an AppVM would have to run, the stand-in of tests/mocks takes the service's place; test-launch.py runs real ones.
"""

import json
import hashlib
import os
import shutil
import signal

from desk import APP_ID, BUTTON, ROW, TEXT, TOGGLE, DeskTestCase, setUpModule, tearDownModule  # noqa: F401
from harness import main, wait_for

CALCULATOR = 'org.gnome.Calculator.desktop'


class AppCase(DeskTestCase):
    def with_vms(self, *names, **settings):
        """The real service with these AppVMs, and the application."""
        self.desk.use_real_service()
        for name in names:
            self.desk.create(name, **settings)
        self.desk.run_app()

    def open_new(self):
        self.desk.act('win.new-vm')
        self.desk.wait(TEXT, 'Name')


class Creating(AppCase):
    def test_the_first_appvm_with_name_color_and_program(self):
        self.with_vms()
        self.desk.wait_text('An AppVM is a small computer')
        self.desk.press(BUTTON, 'Create Your First AppVM…')
        self.desk.type_into('Name', 'Travel')
        self.desk.toggle('Orange')
        self.desk.press(BUTTON, 'Choose Programs…')
        self.desk.press(ROW, 'Calculator')
        self.desk.press(BUTTON, 'Done')
        self.desk.wait(BUTTON, 'Remove Calculator')
        self.desk.press(BUTTON, 'Create')
        self.desk.wait(ROW, 'Travel')
        vm = wait_for(lambda: self.desk.vms().get('Travel'), what='the AppVM')
        self.assertEqual(vm['Color'], '#e66100')
        self.assertEqual(vm['Applications'], [CALCULATOR])
        self.desk.wait(BUTTON, 'Start Calculator')
        self.desk.wait_text('is ready')
        self.desk.wait(BUTTON, 'Calculator')

    def test_a_whole_desktop_from_a_disk_image(self):
        """Chosen in the dialog, refused when it is none, and marked as what it is."""
        image, text = self.desk.place.path('old.img'), self.desk.place.path('text.img')
        with open(image, 'wb') as file:
            file.write(b'\xeb' + bytes(509) + b'\x55\xaa' + bytes(65536 - 512))
        with open(text, 'wb') as file:
            file.write(b'no disk at all\n' * 100)
        self.with_vms()
        self.desk.act('win.new-vm')
        self.desk.wait(TEXT, 'Name')
        self.desk.type_into('Name', 'Old')
        self.choose_image(text)
        self.desk.press(BUTTON, 'Create')
        self.desk.wait_text('of no format that is known')
        self.desk.sway.input.key('Escape')
        self.desk.press(BUTTON, 'Remove Desktop')
        self.choose_image(image)
        self.desk.wait_text('old.img')
        self.assertIsNone(self.desk.see(BUTTON, 'Choose Programs…'))
        self.desk.press(BUTTON, 'Create')
        vm = wait_for(lambda: self.desk.vms().get('Old'), what='the AppVM')
        self.assertEqual((vm['Settings']['Template'], vm['Settings']['Image']), ('disk', image))
        self.desk.wait(BUTTON, 'Start Desktop')
        self.desk.wait_text('Whole desktop, stopped')
        self.assertIsNone(self.desk.see(BUTTON, 'Add Programs…'))

    def choose_image(self, path):
        self.desk.press(BUTTON, 'An Existing Disk Image…')
        wait_for(lambda: (self.desk.sway.view(APP_ID, 'Choose a Disk Image') or {}).get('focused'), what='the dialog')
        self.desk.sway.input.key('ctrl+l')
        self.desk.sway.input.type(path)

        def done():
            if self.desk.sway.view(APP_ID, 'Choose a Disk Image'):
                self.desk.sway.input.key('Return')  # completing a name can take the first one
                return False
            return True
        wait_for(done, what='no dialog')
        self.desk.wait(BUTTON, 'Remove Desktop')

    def test_by_keyboard_alone(self):
        self.with_vms()
        self.desk.wait(BUTTON, 'Create Your First AppVM…')
        self.desk.sway.wait_view(APP_ID)
        self.desk.sway.input.key('ctrl+n')
        wait_for(lambda: (self.desk.sway.view(APP_ID, 'New AppVM') or {}).get('focused'), what='the focus on the new window')
        self.desk.sway.input.type('Work')
        self.desk.wait_sensitive(BUTTON, 'Create')
        self.desk.sway.input.key('Return')
        self.desk.wait(ROW, 'Work')
        self.desk.wait_text('No Programs Yet')

    def test_a_program_can_be_left_out_again(self):
        self.with_vms()
        self.open_new()
        self.desk.press(BUTTON, 'Choose Programs…')
        self.desk.press(ROW, 'Calculator')
        self.desk.press(ROW, 'Zathura')
        self.desk.press(BUTTON, 'Done')
        self.desk.press(BUTTON, 'Remove Calculator')
        self.desk.wait_gone(BUTTON, 'Remove Calculator')
        self.desk.type_into('Name', 'Reading')
        self.desk.press(BUTTON, 'Create')
        vm = wait_for(lambda: self.desk.vms().get('Reading'), what='the AppVM')
        self.assertEqual(vm['Applications'], ['org.pwmt.zathura.desktop'])

    def test_a_taken_name_is_said_while_typing(self):
        self.with_vms('Banking')
        self.open_new()
        self.desk.type_into('Name', ' bANKING ')
        self.desk.wait_text('There is an AppVM named “Banking” already.')
        self.desk.wait_insensitive(BUTTON, 'Create')
        self.desk.type_into('Name', 'Banking 2')
        self.desk.wait_sensitive(BUTTON, 'Create')

    def test_a_long_name_is_counted(self):
        self.with_vms()
        self.open_new()
        self.desk.type_into('Name', 'x' * 60)
        self.desk.wait_text('4 more characters fit.')
        self.desk.type_into('Name', 'x' * 65)
        self.desk.wait_text('The name is 1 character too long.')
        self.desk.wait_insensitive(BUTTON, 'Create')

    def test_a_name_that_reads_backwards_is_refused(self):
        self.with_vms()
        self.open_new()
        self.desk.type_into('Name', 'ab\u202ecd')
        self.desk.wait_text('cannot be shown safely')
        self.desk.wait_insensitive(BUTTON, 'Create')

    def test_colors_in_use_are_not_proposed(self):
        self.with_vms('One', Color='blue')
        self.open_new()
        self.desk.type_into('Name', 'Two')
        self.desk.press(BUTTON, 'Create')
        vm = wait_for(lambda: self.desk.vms().get('Two'), what='the AppVM')
        self.assertNotEqual(vm['Color'], self.desk.vms()['One']['Color'])

    def test_a_refusal_says_what_it_means_and_keeps_the_form(self):
        self.desk.use_mock('--refuse', 'DiskFull:Writing the file failed: No space left on device.')
        self.desk.run_app()
        self.desk.wait(BUTTON, 'Create Your First AppVM…')
        self.open_new()
        self.desk.type_into('Name', 'Full')
        self.desk.press(BUTTON, 'Create')
        self.desk.wait_text('The Disk Is Full')
        self.desk.wait_text('No space left on device')
        self.desk.press(BUTTON, 'Close', dialog=True)
        self.desk.wait_sensitive(BUTTON, 'Create')


class Programs(AppCase):
    def test_search_finds_by_words_and_says_when_nothing_is_found(self):
        self.with_vms('Work')
        self.desk.press(BUTTON, 'Add Programs…')
        self.desk.wait(ROW, 'Zathura')
        self.desk.type_into('Search programs', 'CALC')
        self.desk.wait_gone(ROW, 'Zathura')
        self.desk.wait(ROW, 'Calculator')
        self.desk.type_into('Search programs', 'no such program')
        self.desk.wait_text('No Programs Found')

    def test_add_and_remove_with_undo(self):
        self.with_vms('Work', Applications='foot.desktop')
        self.desk.press(BUTTON, 'Add')
        self.desk.wait_insensitive(BUTTON, 'Add', dialog=True)
        self.assertIn('Already in this AppVM', self.desk.wait(ROW, 'Foot').get_description())
        self.desk.press(ROW, 'Calculator')
        self.desk.press(BUTTON, 'Add', dialog=True)
        self.desk.wait(BUTTON, 'Calculator')
        self.assertEqual(self.desk.vms()['Work']['Applications'], ['foot.desktop', CALCULATOR])
        self.desk.act('tile.remove', 'Foot')
        wait_for(lambda: self.desk.vms()['Work']['Applications'] == [CALCULATOR], what='the removal')
        self.desk.press(BUTTON, 'Undo')
        self.desk.wait(BUTTON, 'Foot')
        self.assertEqual(self.desk.vms()['Work']['Applications'], ['foot.desktop', CALCULATOR])

    def put_template(self, packages, *apps):
        """A built template as bh-debian.c describes its folder, with applications and nothing else in it."""
        text = f'1\ntrixie\n{" ".join(packages)}\n'
        key = hashlib.sha256(text.encode()).hexdigest()[:16]
        folder = self.desk.place.path('data', 'bulkhead', 'templates', key)
        self.addCleanup(shutil.rmtree, folder)
        os.makedirs(os.path.join(folder, '1', 'applications'))
        os.symlink('1', os.path.join(folder, 'current'))
        with open(os.path.join(folder, 'set'), 'w', encoding='utf-8') as file:
            file.write(f'[Template]\nSuite=trixie\nPackages={";".join(packages)}\n')
        with open(os.path.join(folder, '1', 'image'), 'wb') as file:
            file.write(bytes(4096))
        for app in apps:
            with open(os.path.join(folder, '1', 'applications', f'org.example.{app}.desktop'), 'w', encoding='utf-8') as file:
                file.write(f'[Desktop Entry]\nType=Application\nName={app}\nExec=true\n')

    def test_programs_of_a_debian_template_are_its_own(self):
        self.put_template(['foot', 'less'], 'Viewer', 'Player')
        self.with_vms('Work', Template='debian', Packages='less;foot')
        self.desk.press(BUTTON, 'Add Programs…')
        self.desk.wait(ROW, 'Viewer')
        self.assertIsNone(self.desk.see(ROW, 'Calculator'))
        self.desk.press(ROW, 'Player')
        self.desk.press(BUTTON, 'Add', dialog=True)
        self.desk.wait(BUTTON, 'Player')
        self.assertEqual(self.desk.vms()['Work']['Applications'], ['org.example.Player.desktop'])
        # One that is not built yet says so, instead of offering what is not in it.
        self.desk.find('Work').set(Packages='foot')
        self.desk.press(BUTTON, 'Add')
        self.desk.wait_text('Programs Cannot Be Listed')
        self.desk.wait_text('trixie with foot is not built yet')
        self.assertIsNone(self.desk.see(ROW, 'Calculator'))

    def test_one_that_cannot_run_is_greyed_with_the_reason(self):
        folder = self.desk.place.path('data', 'applications')
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, 'org.example.Chat.desktop')
        with open(path, 'w', encoding='utf-8') as file:
            file.write('[Desktop Entry]\nType=Application\nName=<b>Chat</b> & more\nExec=true\nX-Flatpak=org.example.Chat\n')
        self.addCleanup(os.unlink, path)
        self.with_vms('Work')
        self.desk.press(BUTTON, 'Add Programs…')
        row = self.desk.wait(ROW, '<b>Chat</b> & more')
        self.assertIn('Flatpak', row.get_description())
        self.desk.wait_insensitive(ROW, '<b>Chat</b> & more')

    def test_one_that_is_gone_stays_visible_and_says_so(self):
        self.with_vms('Work', Applications='org.example.Gone.desktop')
        tile = self.desk.wait(BUTTON, 'Gone')
        self.assertIn('not installed', tile.get_description())


class Deleting(AppCase):
    def test_asks_and_deletes(self):
        self.with_vms('Old', 'Other')
        self.desk.press(ROW, 'Old')
        self.desk.act('vm.delete')
        self.desk.wait_text('Delete “Old”?')
        self.desk.wait_text('deleted for good')
        self.desk.press(BUTTON, 'Cancel')
        self.desk.wait_gone(BUTTON, 'Delete')
        self.assertIn('Old', self.desk.vms())
        self.desk.act('vm.delete')
        self.desk.press(BUTTON, 'Delete')
        self.desk.wait_gone(ROW, 'Old')
        self.desk.wait(ROW, 'Other')
        self.assertNotIn('Old', self.desk.vms())

    def test_the_last_one_leads_back_to_the_welcome(self):
        self.with_vms('Only')
        self.desk.act('vm.delete')
        self.desk.press(BUTTON, 'Delete')
        self.desk.wait(BUTTON, 'Create Your First AppVM…')

    def test_a_running_one_is_stopped_first(self):
        self.desk.use_mock('--step', '10', vms=[{'Name': 'Busy', 'State': 'running', 'Programs': [[1, 'Foot', 1, 1]]}])
        self.desk.run_app()
        self.desk.act('vm.delete')
        self.desk.wait_text('1 program is running in it and will be ended')
        self.desk.press(BUTTON, 'Delete')
        self.desk.wait(BUTTON, 'Create Your First AppVM…')
        self.assertEqual(self.desk.vms(), {})


class Looking(AppCase):
    def test_changes_from_elsewhere_appear(self):
        self.with_vms('One')
        self.desk.wait(ROW, 'One')
        other = self.desk.create('Another', Color='red')
        self.desk.wait(ROW, 'Another')
        other.set(Name='Zebra')
        self.desk.wait(ROW, 'Zebra')
        self.desk.wait_gone(ROW, 'Another')
        names = [row.get_name() for row in self.desk.all(ROW)]
        self.assertEqual(names, ['One', 'Zebra'])
        other.delete()
        self.desk.wait_gone(ROW, 'Zebra')

    def test_search_finds_appvms_by_name_and_by_program(self):
        self.desk.use_real_service()
        self.desk.create('Reading', Applications='org.pwmt.zathura.desktop')
        self.desk.create('Sums', Applications=CALCULATOR)
        self.desk.run_app()
        self.desk.wait(ROW, 'Sums')
        self.desk.press(BUTTON, 'Search')
        self.desk.wait_focus(TEXT)
        self.desk.sway.wait_view(APP_ID)
        self.desk.sway.input.type('zath')
        self.desk.wait_gone(ROW, 'Sums')
        self.desk.wait(ROW, 'Reading')
        self.desk.sway.input.key('Escape')
        self.desk.wait(ROW, 'Sums')

    def test_hostile_names_are_shown_as_text(self):
        self.desk.use_mock(vms=[{'Name': '<b>&amp;</b>'}, {'Name': 'x' * 64}, {'Name': 'a\u202eb'},
                                {'Name': 'Bad', 'Problems': ['/x/bad.vm:3: Memory: <i>"lots"</i> is not 192 to 65536 MiB']}])
        self.desk.run_app()
        self.desk.wait(ROW, '<b>&amp;</b>')
        self.desk.wait(ROW, 'ab')
        self.desk.press(ROW, 'Bad')
        self.desk.wait_text('<i>"lots"</i> is not 192 to 65536 MiB')

    def test_fits_360_pixels_and_goes_back_and_forth(self):
        self.with_vms('One', 'Two')
        self.desk.wait(ROW, 'Two')
        self.desk.sway.wait_view(APP_ID)
        self.desk.resize(360, 600)
        wait_for(lambda: self.desk.window_rect()['width'] <= 360, what='360 pixels')
        self.desk.press(ROW, 'Two')
        self.desk.wait_gone(ROW, 'One')
        self.desk.press(BUTTON, 'Back')
        self.desk.wait(ROW, 'One')

    def test_every_button_has_a_name(self):
        self.with_vms('Work', Applications=CALCULATOR)
        self.desk.wait(BUTTON, 'Calculator')
        for node in self.desk.all(BUTTON + TOGGLE + TEXT):
            self.assertTrue(node.get_name(), node.get_role_name())
            self.assertNotIn('_', node.get_name())


class AllApplications(AppCase):
    def start(self, *vms):
        self.record = self.desk.place.path('record')
        if os.path.exists(self.record):
            os.unlink(self.record)
        self.desk.use_mock('--step', '20', '--record', self.record, vms=vms)
        self.desk.run_app()

    def test_ctrl_f_finds_a_program_of_any_appvm_and_enter_starts_it(self):
        self.start({'Name': 'Reading', 'Applications': 'org.pwmt.zathura.desktop'},
                   {'Name': 'Sums', 'Applications': f'{CALCULATOR};foot.desktop'})
        self.desk.wait(ROW, 'Sums')
        self.desk.sway.wait_view(APP_ID)
        self.desk.sway.input.key('ctrl+f')
        self.desk.wait_focus(TEXT)
        self.assertIn('Reading', self.desk.wait(ROW, 'Zathura').get_description())
        self.desk.wait(ROW, 'Foot')
        self.desk.sway.input.type('calc')
        self.desk.wait_gone(ROW, 'Zathura')
        self.desk.wait(ROW, 'Calculator')
        self.desk.sway.input.key('Return')
        wait_for(lambda: self.desk.vms()['Sums']['State'] == 'running', what='the AppVM')
        with open(self.record, encoding='utf-8') as file:
            self.assertEqual(json.loads(file.readline())['app'], CALCULATOR)

    def test_the_name_of_an_appvm_finds_its_programs(self):
        self.start({'Name': 'Éducation', 'Applications': 'org.pwmt.zathura.desktop'},
                   {'Name': 'Sums', 'Applications': CALCULATOR})
        self.desk.press(BUTTON, 'All Applications')
        self.desk.wait(ROW, 'Calculator')
        self.desk.type_into('Search all programs', 'éduc')
        self.desk.wait_gone(ROW, 'Calculator')
        self.desk.wait(ROW, 'Zathura')
        self.desk.type_into('Search all programs', 'no such program')
        self.desk.wait_text('No Programs Found')

    def test_it_follows_what_is_added(self):
        self.desk.use_real_service()
        work = self.desk.create('Work')
        self.desk.run_app()
        self.desk.press(BUTTON, 'All Applications')
        self.desk.wait_text('No Programs Yet')
        work.set(Applications=CALCULATOR)
        self.assertIn('Work', self.desk.wait(ROW, 'Calculator').get_description())
        self.desk.press(ROW, 'Work')
        self.desk.wait_gone(TEXT, 'Search all programs')
        self.desk.wait(BUTTON, 'Calculator')

    def test_at_360_pixels_it_leads_back_to_the_list(self):
        self.start({'Name': 'Sums', 'Applications': CALCULATOR})
        self.desk.wait(ROW, 'Sums')
        self.desk.sway.wait_view(APP_ID)
        self.desk.resize(360, 600)
        wait_for(lambda: self.desk.window_rect()['width'] <= 360, what='360 pixels')
        self.desk.press(BUTTON, 'All Applications')
        self.desk.wait_gone(ROW, 'Sums')
        self.desk.wait(ROW, 'Calculator')
        self.desk.press(BUTTON, 'Back')
        self.desk.wait(ROW, 'Sums')


class Trouble(AppCase):
    def test_no_service_is_said_and_tried_again(self):
        self.desk.use_service(None)
        self.desk.run_app()
        self.desk.wait_text("Bulkhead's Service Does Not Answer")
        self.desk.wait_text('not installed')
        self.desk.use_real_service()
        self.desk.press(BUTTON, 'Try Again')
        self.desk.wait(BUTTON, 'Create Your First AppVM…')

    def test_a_service_that_ends_at_once_is_said(self):
        self.desk.use_service(['/bin/false'])
        self.desk.run_app()
        self.desk.wait_text("Bulkhead's Service Does Not Answer")
        self.desk.wait(BUTTON, 'Try Again')

    def test_a_crashed_service_comes_back_by_itself(self):
        self.with_vms('Work')
        self.desk.wait(ROW, 'Work')
        os.kill(self.desk.service_pid(), signal.SIGKILL)
        wait_for(self.desk.service_runs, what='a new service')
        self.desk.wait(ROW, 'Work')
        self.desk.create('After', Color='red')
        self.desk.wait(ROW, 'After')


class Launching(AppCase):
    """With the stand-in: steps, errors and what the service is told."""

    def start(self, *args):
        self.record = self.desk.place.path('record')
        if os.path.exists(self.record):
            os.unlink(self.record)
        self.desk.use_mock('--record', self.record, *args, vms=[
            {'Name': 'Work', 'Applications': f'foot.desktop;{CALCULATOR}'}])
        self.desk.run_app()
        self.desk.wait(BUTTON, 'Calculator')

    def recorded(self):
        with open(self.record, encoding='utf-8') as file:
            return [json.loads(line) for line in file]

    def test_a_click_starts_it_with_display_and_token(self):
        self.start('--step', '20')
        self.desk.press(BUTTON, 'Calculator')
        self.desk.wait_text('Running, 1 program')
        options, = self.recorded()
        self.assertEqual(options['app'], CALCULATOR)
        self.assertEqual(options['display'], self.desk.display)
        self.assertTrue(options['activation-token'])
        self.desk.wait(BUTTON, 'End Calculator')
        self.desk.press(BUTTON, 'End Calculator')
        self.desk.wait_text('Running, no programs open')
        self.desk.press(BUTTON, 'Stop')
        self.desk.wait(BUTTON, 'Start')
        self.desk.wait_text('Stopped')

    def test_steps_are_named_and_it_can_be_cancelled(self):
        self.start('--step', '30000')
        self.desk.press(BUTTON, 'Calculator')
        self.desk.wait_text('Preparing')
        self.desk.press(BUTTON, 'Calculator')  # impatience must not start two
        self.desk.press(BUTTON, 'Cancel')
        self.desk.wait(BUTTON, 'Start')
        wait_for(lambda: self.desk.vms()['Work']['State'] == 'stopped', what='the end of the start')
        self.assertEqual(len(self.recorded()), 1)

    def test_a_failure_says_what_happened_what_it_means_and_tries_again(self):
        self.start('--step', '10', '--fail', 'Work=KernelUnreadable:/boot/vmlinuz-1 <cannot> be read. Ask for chmod a+r.')
        self.desk.press(BUTTON, 'Calculator')
        self.desk.wait_text('The Kernel Cannot Be Read')
        self.desk.wait_text('you may not read its file')
        self.desk.wait_text('/boot/vmlinuz-1 <cannot> be read')
        self.desk.press(BUTTON, 'Try Again')
        wait_for(lambda: len(self.recorded()) == 2, what='another try')
        self.desk.press(BUTTON, 'Close', dialog=True)
        self.desk.wait_text('Could not start')

    def test_a_service_that_vanishes_ends_the_wait(self):
        self.start('--step', '30000')
        self.desk.press(BUTTON, 'Calculator')
        self.desk.wait_text('Preparing')
        os.kill(self.desk.service_pid(), signal.SIGKILL)
        self.desk.wait_text('ended while it was at work')

    def test_the_application_is_activated_over_the_bus(self):
        self.start('--step', '10')
        self.desk.activate('new-vm')
        self.desk.wait(TEXT, 'Name')


class Templates(AppCase):
    """The window of the Debian templates."""

    def open(self, *options):
        self.desk.use_mock(*options, vms=[{'Name': 'Work', 'Color': 'red'}])
        self.desk.run_app()
        self.desk.wait(ROW, 'Work')
        self.desk.activate('templates')

    def keys(self):
        return [one['key'] for one in self.desk.manager.call('ListTemplates')]

    def test_which_there_are_and_who_uses_them(self):
        self.open()
        row = self.desk.wait(ROW, 'Debian 13: foot, gnome-calculator, zathura')
        for words in ('412', 'Used by: Banking, Work.', 'with the build before: Work.',
                      'Updates available: 12, 3 of them for security.'):
            self.assertIn(words, row.get_description())
        for words in ('No AppVM uses it.', 'No updates as of '):
            self.assertIn(words, self.desk.wait(ROW, 'Debian 12: less').get_description())
        # Only one has a build before.
        self.assertIsNone(self.desk.see(BUTTON, 'Go back to the build before of Debian 12: less'))
        back = 'Go back to the build before of Debian 13: foot, gnome-calculator, zathura'
        self.desk.press(BUTTON, back)
        self.desk.wait_gone(BUTTON, back)
        # One that is used is not removed without a question, the other is.
        self.desk.press(BUTTON, 'Remove Debian 12: less')
        self.desk.wait_gone(ROW, 'Debian 12: less')
        self.desk.press(BUTTON, 'Remove Debian 13: foot, gnome-calculator, zathura')
        self.desk.wait_text('cannot start until it is built again: Banking, Work.')
        self.assertEqual(self.keys(), ['a' * 16])
        self.desk.press(BUTTON, 'Remove', dialog=True)
        self.desk.wait_text('There is none yet.')

    def test_asking_debian_for_updates(self):
        self.open('--step', '100')
        self.desk.press(BUTTON, 'Check for Updates')
        # Each in its turn.
        wait_for(lambda: 'Updates available: 13, ' in self.desk.wait(ROW, 'Debian 13: foot, gnome-calculator, zathura')
                 .get_description(), 10, 'what the first check found')
        wait_for(lambda: 'Updates available: 1.' in self.desk.wait(ROW, 'Debian 12: less').get_description(), 10,
                 'what the second check found')
        self.desk.wait_gone(BUTTON, 'Cancel')

    def test_debian_that_cannot_be_asked_for_updates_is_told_once(self):
        self.open('--fail', 'CheckTemplate')
        self.desk.press(BUTTON, 'Check for Updates')
        self.desk.wait_text('could not be reached.')
        self.desk.press(BUTTON, 'Close', dialog=True)
        self.assertIn('Updates available: 12,', self.desk.wait(ROW, 'Debian 13: foot, gnome-calculator, zathura').get_description())

    def test_an_appvm_says_that_it_runs_an_old_build(self):
        self.desk.use_mock(vms=[{'Name': 'Work', 'Color': 'red', 'Template': 'debian'}])
        self.desk.run_app()
        self.desk.press(ROW, 'Work')
        self.desk.press(BUTTON, 'Start')
        self.desk.wait_text('Programs in it are the old ones until it is restarted.')

    def test_a_new_one_of_applications_and_packages(self):
        self.open('--step', '1000')
        self.desk.press(BUTTON, 'New Template…')
        self.desk.wait_insensitive(BUTTON, 'Build', dialog=True)
        self.desk.type_into('Search Debian’s applications', 'viewer')
        self.desk.press(ROW, 'Zathura')
        self.desk.wait(BUTTON, 'Remove zathura')
        self.desk.type_into('Search Debian’s applications', 'libreoffice-l10n-de')
        self.desk.press(ROW, 'Package libreoffice-l10n-de')
        self.desk.type_into('Search Debian’s applications', 'calc')
        self.desk.press(ROW, 'Calculator')
        self.desk.press(BUTTON, 'Remove gnome-calculator')
        self.desk.press(BUTTON, 'Build', dialog=True)
        # Closing the window gives nothing up.
        self.desk.wait_text('Downloading packages')
        self.desk.sway.input.key('Escape')
        self.desk.wait_gone(ROW, 'Debian 12: less')
        self.desk.activate('templates')
        self.desk.wait(ROW, 'Debian 13: zathura, libreoffice-l10n-de')
        self.desk.wait_gone(BUTTON, 'Cancel')
        self.desk.wait(BUTTON, 'Update Debian 13: zathura, libreoffice-l10n-de')

    def test_one_that_an_appvm_waits_for(self):
        self.desk.use_mock('--fail', 'Mail=NoTemplate:The Debian template trixie with evince is not built yet.', vms=[
            {'Name': 'Mail', 'Color': 'red', 'Template': 'debian', 'Suite': 'trixie', 'Packages': 'evince;less',
             'Applications': CALCULATOR},
            {'Name': 'Play', 'Color': 'blue', 'Template': 'debian', 'Suite': 'trixie', 'Packages': 'less;evince'}])
        self.desk.run_app()
        self.desk.press(ROW, 'Mail')
        self.desk.press(BUTTON, 'Calculator')
        self.desk.wait_text('Its Debian Is Not Built Yet')
        self.desk.press(BUTTON, 'Debian Templates', dialog=True)
        self.desk.wait_text('Not built yet. Wanted by: Mail, Play.')
        self.desk.press(BUTTON, 'Build Debian 13: evince, less')
        self.desk.wait(BUTTON, 'Update Debian 13: evince, less')
        self.assertIsNone(self.desk.see(BUTTON, 'Build Debian 13: evince, less'))

    def test_one_that_is_given_up_and_one_that_fails(self):
        self.open('--step', '400')
        self.desk.press(BUTTON, 'Update Debian 12: less')
        self.desk.press(BUTTON, 'Cancel')
        self.desk.wait_gone(BUTTON, 'Cancel')
        self.assertEqual(len(self.keys()), 2)
        self.desk.press(BUTTON, 'New Template…')
        self.desk.type_into('Search Debian’s applications', 'no-such')
        self.desk.press(ROW, 'Package no-such')
        self.desk.press(BUTTON, 'Build', dialog=True)
        self.desk.wait_text('A package is not in Debian trixie (no-such).')
        self.assertEqual(len(self.keys()), 2)


if __name__ == '__main__':
    main()
