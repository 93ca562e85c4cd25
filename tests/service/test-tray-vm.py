# SPDX-License-Identifier: GPL-3.0-or-later
"""The tray indicator of a real AppVM: in sway's own bar, and through its menu."""

import os
import shutil
import subprocess

from harness import SOURCE_DIR, TestCase, build_path, main, require_ordinary_user, wait_for
from harness.session import Session
from harness.sway import Sway
from harness.tray import WATCHER, Tray

BOOT = 120  # seconds; emulated, on a busy computer
BAR = '''
bar {
    swaybar_command true
    position top
    icon_theme hicolor
    tray_output *
    height 32
    colors {
        background #e0e0e0
    }
}
'''


class TrayVm(TestCase):
    @classmethod
    def setUpClass(cls):
        require_ordinary_user()
        cls.sway = Sway(extra=BAR).start()
        cls.addClassCleanup(cls.sway.stop)
        cls.session = Session(cls.sway, env={'GSETTINGS_BACKEND': 'keyfile', 'GSETTINGS_SCHEMA_DIR': build_path('data')})
        cls.addClassCleanup(cls.session.stop)
        cls.install_icons()
        cls.set_tray('false')
        cls.session.start()
        cls.vm = cls.session.create('Work', AutoStop='0', Launchers='false')

    @classmethod
    def set_tray(cls, value):
        subprocess.run(['gsettings', 'set', 'io.github.bulkhead.Bulkhead', 'tray', value], check=True, env=cls.session.env)

    @classmethod
    def install_icons(cls):
        theme = cls.session.place.path('data', 'icons', 'hicolor')
        os.makedirs(os.path.join(theme, 'symbolic', 'apps'))
        shutil.copy('/usr/share/icons/hicolor/index.theme', theme)
        source = os.path.join(SOURCE_DIR, 'data', 'icons')
        for name in os.listdir(source):
            if name.endswith('-symbolic.svg'):
                shutil.copy(os.path.join(source, name), os.path.join(theme, 'symbolic', 'apps'))

    def tearDown(self):
        if self.failed():
            self.session.keep_evidence(self)

    def owner_of_watcher(self):
        return self.session.bus.call_sync('org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'ListNames', None, None, 0,
                                          10000, None).unpack()[0].count(WATCHER)

    def icon_pixels(self):
        """How much at the right end of the bar is not its background."""
        picture = self.sway.screenshot().convert('RGB')
        part = picture.crop((picture.width - 64, 0, picture.width, 30))
        background = part.getpixel((0, 29))
        return sum(1 for pixel in part.getdata() if pixel != background)

    def bar_is_drawn(self):
        return self.sway.screenshot().convert('RGB').getpixel((600, 15)) == (0xe0, 0xe0, 0xe0)

    def test_in_a_bar_and_through_its_menu(self):
        bar = subprocess.Popen(['swaybar', '-b', self.sway.msg('-t', 'get_bar_config')[0]],
                               env={**self.session.env, **self.sway.env,
                                    'DBUS_SESSION_BUS_ADDRESS': self.session.env['DBUS_SESSION_BUS_ADDRESS']},
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(self.owner_of_watcher, 30, "the bar's tray")
            self.vm.start().wait(BOOT)
            wait_for(lambda: self.bar_is_drawn() and self.icon_pixels() == 0, 30, 'an empty bar')
            self.set_tray('true')
            wait_for(lambda: self.icon_pixels() > 20, 30, 'the icon in the bar')
            shot = os.environ.get('BULKHEAD_TEST_SCREENSHOT')
            if shot:
                self.sway.screenshot().save(shot)
        finally:
            bar.terminate()
            bar.wait()
        wait_for(lambda: not self.owner_of_watcher(), 30, 'the end of the bar')

        tray = Tray(self.session.env['DBUS_SESSION_BUS_ADDRESS'])
        self.addCleanup(tray.close)
        tray.appear()
        item = tray.wait_item()
        wait_for(lambda: tray.get(item, 'Status') == 'Active', 20, 'an active item')
        self.assertIn('Work: no programs open', tray.get(item, 'ToolTip')[3])
        self.assertIsNotNone(tray.find(item, 'Work', 'Open'))
        tray.click(item, 'Work', 'Stop')
        self.vm.wait_state('stopped')
        wait_for(lambda: tray.get(item, 'Status') == 'Passive', 20, 'a passive item')
        self.assertIsNone(tray.find(item, 'Work'))

        self.vm.start().wait(BOOT)
        wait_for(lambda: tray.find(item, 'Work'), 20, 'its menu')
        tray.click(item, 'Stop All')
        self.vm.wait_state('stopped')


if __name__ == '__main__':
    main()
