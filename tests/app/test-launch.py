# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole path with the mouse: a click in `bulkhead` boots an AppVM and a real program's window appears in its frame."""

import os

from desk import APP_ID, BUTTON, ROW, Desk
from harness import TestCase, main, require_ordinary_user, wait_for

BOOT = 120  # seconds; emulated, on a busy computer
ORANGE = (0xe6, 0x61, 0x00)
FRAMED = 'io.github.bulkhead.shell.'
DESK = None


def setUpModule():
    global DESK
    require_ordinary_user()
    DESK = Desk(vm=True)
    DESK.start()


def tearDownModule():
    DESK.stop()


class Launch(TestCase):
    def tearDown(self):
        if self.failed():
            DESK.keep_screenshot(self)
            DESK.keep_evidence(self)
        complaints = DESK.close_app()
        for name in DESK.vms():
            vm = DESK.find(name)
            vm.stop(force=True).wait(30)
            vm.delete()
        self.assertEqual(complaints, [], 'what the application complained about')

    def test_create_click_window_stop_delete(self):
        DESK.run_app()
        DESK.press(BUTTON, 'Create Your First AppVM…')
        DESK.type_into('Name', 'Shell')
        DESK.toggle('Orange')
        DESK.press(BUTTON, 'Choose Programs…')
        DESK.press(ROW, 'Foot')
        DESK.press(ROW, 'Calculator')
        DESK.press(BUTTON, 'Done')
        DESK.press(BUTTON, 'Create', dialog=True)

        DESK.press(BUTTON, 'Start Foot')
        DESK.wait(BUTTON, 'Cancel')
        view = DESK.sway.wait_view(FRAMED, timeout=BOOT)
        self.assertIn('Shell', view['name'])
        DESK.wait_text('Running, 1 program', timeout=20)
        # The click's token gives it the focus.
        wait_for(lambda: DESK.sway.view(FRAMED)['focused'], 10, 'the focus on the new window')
        rect = view['rect']
        DESK.sway.wait_picture(lambda image: ORANGE in [image.getpixel((x, 1)) for x in range(0, image.width, 7)],
                               20, 'the frame in its colour', rect)
        shot = os.environ.get('BULKHEAD_TEST_SCREENSHOT')
        if shot:
            DESK.sway.screenshot().save(shot)

        # A second click on the running AppVM is quick: no boot.
        DESK.press(BUTTON, 'Foot')
        wait_for(lambda: len([v for v in DESK.sway.views() if v['app_id'].startswith(FRAMED)]) == 2, 30,
                 'the second window')
        DESK.wait_text('Running, 2 programs')

        DESK.press(BUTTON, 'Stop')
        DESK.sway.wait_no_view(FRAMED, timeout=30)
        DESK.wait(BUTTON, 'Start', timeout=30)
        # Its launchers follow another name.
        DESK.act('win.vm-rename')
        DESK.wait_text('Rename “Shell”')
        DESK.type_into('New name', 'Console')
        DESK.press(BUTTON, 'Rename', dialog=True)
        DESK.wait(ROW, 'Console')
        wait_for(lambda: {'Foot (Console)', 'Calculator (Console)'} <= self.launcher_names(), 30, 'the launchers')
        DESK.act('vm.delete')
        DESK.press(BUTTON, 'Delete', dialog=True)
        DESK.wait(BUTTON, 'Create Your First AppVM…')
        self.assertEqual(DESK.qemu_pids(), [])
        self.assertTrue(DESK.sway.view(APP_ID))

    def launcher_names(self):
        folder = DESK.place.path('data', 'applications')
        names = set()
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            with open(os.path.join(folder, name), encoding='utf-8') as file:
                names |= {line[5:].strip() for line in file if line.startswith('Name=')}
        return names

    def test_open_in_a_disposable(self):
        DESK.create('Shell', Applications='foot.desktop', Color='orange')
        DESK.run_app()
        DESK.wait(BUTTON, 'Foot')
        DESK.act('tile.disposable', 'Foot')
        view = DESK.sway.wait_view('io.github.bulkhead.shell--1.', title='Shell (1): ', timeout=BOOT)
        DESK.press(ROW, 'Shell (1)')
        DESK.wait_text('Running, 1 program. A disposable: nothing in it is kept.', timeout=20)
        self.assertEqual(DESK.vms()['Shell']['State'], 'stopped')
        # Another of the same; closing the last window ends each, and the list goes back to their definition.
        DESK.press(ROW, 'Shell')
        DESK.act('tile.disposable', 'Foot')
        other = DESK.sway.wait_view(title='Shell (2): ', timeout=BOOT)
        DESK.press(ROW, 'Shell (1)')
        DESK.sway.msg(f'[con_id={view["id"]}] kill')
        DESK.wait_gone(ROW, 'Shell (1)', timeout=30)
        DESK.wait_text('Stopped')
        self.assertEqual(set(DESK.vms()), {'Shell', 'Shell (2)'})
        DESK.sway.msg(f'[con_id={other["id"]}] kill')
        DESK.wait_gone(ROW, 'Shell (2)', timeout=30)
        wait_for(lambda: not DESK.qemu_pids(), 20, 'the end of QEMU')

    def test_files_are_opened_in_it(self):
        """Vim in a terminal, which says that it opens text; in the AppVM, in a disposable, and when the name tells nothing."""
        vm = DESK.create('Texts', Applications='vim.desktop', Color='orange', AutoStop='0')
        paths = [DESK.place.path(name) for name in ('my note.txt', 'data.unheard-of')]
        for path in paths:
            with open(path, 'w', encoding='ascii') as file:
                file.write('what is in it\n')
        inbox = os.path.join(DESK.env['HOME'], 'Bulkhead', 'texts')
        DESK.run_app()
        DESK.wait(BUTTON, 'Vim')
        DESK.act('vm.open')
        DESK.name_file(paths[0], 'Open')
        DESK.sway.wait_view('io.github.bulkhead.texts.', timeout=BOOT)
        DESK.wait_text('Running, 1 program', timeout=20)
        self.assertEqual(self.visible(inbox), ['my note.txt'])
        # Nothing tells which program: a question, and with it what was wanted.
        DESK.act('vm.open')
        DESK.name_file(paths[1], 'Open')
        DESK.wait_text('Open “data.unheard-of” With')
        self.picture('ask')
        DESK.press(BUTTON, 'Open', dialog=True)
        DESK.wait_text('Running, 2 programs', timeout=60)
        self.assertEqual(self.visible(inbox), ['data.unheard-of', 'my note.txt'])
        # In a disposable, of which nothing is left.
        DESK.act('vm.open-disposable')
        DESK.name_file(paths[0], 'Open')
        view = DESK.sway.wait_view(title='Texts (1): ', timeout=BOOT)
        folder = DESK.place.path('data', 'bulkhead', 'disposables')
        self.assertEqual(self.visible(os.path.join(folder, 'texts--1')), ['my note.txt'])
        DESK.sway.msg(f'[con_id={view["id"]}] kill')
        DESK.wait_gone(ROW, 'Texts (1)', timeout=30)
        wait_for(lambda: not os.listdir(folder), 20, 'its copies to go')
        # What cannot be is told, and nothing else happens.
        DESK.act('vm.open')
        DESK.name_file('/proc/version', 'Open')
        DESK.wait_text('This Cannot Be Used')
        DESK.press(BUTTON, 'Close', dialog=True)
        with open(paths[0], encoding='ascii') as file:
            self.assertEqual(file.read(), 'what is in it\n')
        self.assertEqual(len(vm.get('Programs')), 2)

    def visible(self, folder):
        """Without what Vim keeps beside a file while it shows it."""
        return sorted(name for name in os.listdir(folder) if name[0] != '.')

    def picture(self, name):
        shot = os.environ.get('BULKHEAD_TEST_SCREENSHOT')
        if shot:
            DESK.sway.screenshot().save(f'{shot}-{name}.png')

    def test_cancel_while_it_boots(self):
        DESK.create('Shell', Applications='foot.desktop')
        DESK.run_app()
        DESK.press(BUTTON, 'Foot')
        wait_for(DESK.qemu_pids, BOOT, 'QEMU')
        DESK.press(BUTTON, 'Cancel')
        DESK.wait(BUTTON, 'Start', timeout=30)
        wait_for(lambda: not DESK.qemu_pids(), 20, 'the end of QEMU')
        self.assertIsNone(DESK.sway.view(FRAMED))


if __name__ == '__main__':
    main()
