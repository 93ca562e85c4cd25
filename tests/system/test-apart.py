# SPDX-License-Identifier: GPL-3.0-or-later
"""Two AppVMs at once: what is in one is not in the other, nor is anything of this computer's user."""

import os
import unittest

import harness
from harness import wait_for
from harness.session import Session
from harness.sway import Sway

BOOT = 120
ORANGE, BLUE = (0xe6, 0x61, 0x00), (0x1c, 0x71, 0xd8)


class Apart(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        harness.require_ordinary_user()
        cls.sway = Sway().start()
        cls.addClassCleanup(cls.sway.stop)
        cls.session = Session(cls.sway).start()
        cls.addClassCleanup(cls.session.stop)
        cls.work = cls.session.create('Work', Color='#e66100')
        cls.bank = cls.session.create('Bank', Color='#1c71d8')
        jobs = [vm.launch(app='foot.desktop') for vm in (cls.work, cls.bank)]
        for job in jobs:
            job.wait(BOOT)

    def output(self, vm, script):
        """What a shell script says in an AppVM; it has to end well."""
        result = vm.launch(argv=['sh', '-c', script], wait=True).wait(BOOT)
        text = bytes(result['tail']).decode()
        self.assertEqual(result['code'], 0, text)
        return text

    def test_each_has_its_frame(self):
        # Side by side as far as they fit: one's left edge and the other's right edge are free.
        for name, x in (('work', 10), ('bank', 560)):
            self.sway.move_view(self.sway.wait_view(app_id=f'bulkhead.{name}.foot'), x, 100)
            wait_for(lambda name=name, x=x: self.sway.view(f'bulkhead.{name}')['rect']['x'] == x, 10,
                     'the place of the window')
        right = 560 + self.sway.view('bulkhead.bank')['rect']['width'] - 2
        self.sway.wait_picture(
            lambda image: all(image.getpixel((11, y)) == ORANGE and image.getpixel((right, y)) == BLUE
                              for y in (150, 300, 500)),
            10, 'both frames in their colours')

    def test_files_of_one_are_not_in_the_other(self):
        self.output(self.work, 'echo secret >~/secret; echo secret >/tmp/secret; '
                               'echo secret >/var/tmp/secret')
        self.assertEqual(self.output(self.work, 'cat ~/secret'), 'secret\n')
        self.assertEqual(self.output(self.bank, 'cat ~/secret /tmp/secret /var/tmp/secret 2>&1 '
                                                '| grep -c "No such file"'), '3\n')

    def test_processes_of_one_are_not_in_the_other(self):
        # A start of its own, so that no script that looks for it holds the number itself.
        self.output(self.work, 'setsid sleep 43$((20+1))7 >/dev/null 2>&1 & sleep 0.2')
        look = r"cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' | grep -cx '43[2]17' || true"
        self.assertEqual(self.output(self.work, look), '1\n')
        self.assertEqual(self.output(self.bank, look), '0\n')

    def test_nothing_of_this_computers_user_is_there(self):
        marker = os.path.join(self.session.place.env['HOME'], 'marker')
        with open(marker, 'w', encoding='utf-8') as file:
            file.write('private')
        self.addCleanup(os.unlink, marker)
        text = self.output(self.bank, f'test ! -e {marker} && test ! -e {self.sway.place.root} && '
                                      'ls /home /root 2>/dev/null; cat /proc/[0-9]*/comm')
        self.assertEqual(text.split('\n')[0], '/home:')
        self.assertNotIn('sway\n', text)
        self.assertNotIn('libvirtd', text)
        # No network is given to an AppVM that asked for none.
        self.assertEqual(self.output(self.bank, 'ls /sys/class/net').split(), ['lo'])

    def test_usr_cannot_be_written(self):
        self.assertIn('ead-only', self.output(self.bank, 'touch /usr/bin/new 2>&1 || true'))

    def test_one_ends_without_the_other(self):
        self.work.stop().wait(60)
        self.sway.wait_no_view(app_id='bulkhead.work')
        self.assertEqual(self.bank.state, 'running')
        self.assertTrue(self.sway.view(app_id='bulkhead.bank'))
        self.work.launch(app='foot.desktop').wait(BOOT)


if __name__ == '__main__':
    harness.main()
