# SPDX-License-Identifier: GPL-3.0-or-later
"""USB devices of AppVMs: what the service says of them, and what a guest makes of one that is plugged in.

This computer may have none that could be given away; QEMU's own USB stick stands for it, in a controller that is
plugged in as the service does. The helper's part is tested in tests/helper.
"""

import json
import os
import subprocess

from harness import TestCase, main, require_ordinary_user
from harness.session import DBusError, JobFailed, Session
from harness.sway import Sway

BOOT = 90
# Waits in the guest until something can be read, and says what.
READ = ('i=0; while [ $i -lt 300 ]; do [ -r /media/sda/hello ] && cat /media/sda/hello '
        '&& ls -l /dev/bus/usb/*/002 && exit 0; sleep 0.1; i=$((i + 1)); done; '
        'ls -lR /media /dev/bus/usb; exit 1')
GONE = ('i=0; while [ $i -lt 300 ]; do [ ! -e /media/sda ] && exit 0; sleep 0.1; i=$((i + 1)); done; exit 1')


class Usb(TestCase):

    @classmethod
    def setUpClass(cls):
        require_ordinary_user()
        cls.sway = Sway().start()
        cls.addClassCleanup(cls.sway.stop)
        cls.session = Session(cls.sway)
        cls.addClassCleanup(cls.session.stop)
        cls.session.start()
        cls.vm = cls.session.create('Work', AutoStop='0')
        cls.vm.start().wait(BOOT)

    def tearDown(self):
        if self.failed():
            self.session.keep_evidence(self)

    def refused(self, name, method, signature, *args):
        with self.assertRaises(DBusError) as caught:
            self.vm.call(method, signature, *args)
        self.assertEqual(caught.exception.name.rsplit('.', 1)[-1], name, caught.exception.message)
        return caught.exception.message

    def test_devices_that_are_not_there_are_refused(self):
        self.assertIn('bulkheadctl usb list', self.refused('NotFound', 'AttachUsb', '(sbb)', '1fff:fffe', True, False))
        self.refused('NotFound', 'AttachUsb', '(sbb)', '99-9.9', False, False)
        self.refused('NotFound', 'DetachUsb', '(sb)', '1fff:fffe', False)
        for text in ('', '1fff', '1fff:fffe0', '../1-1', '1-1:1.0', '1-', 'usb1', '0-1', '1-1/..', '1-1\n'):
            with self.subTest(text):
                self.refused('InvalidArgument', 'AttachUsb', '(sbb)', text, False, False)
        self.refused('InvalidArgument', 'AttachUsb', '(sbb)', '1-1', True, True)
        self.assertEqual(self.vm.get('Settings')['UsbDevices'], '')
        for device in self.session.manager.call('ListUsb'):
            self.assertEqual(device['vm'], '')

    def test_a_remembered_device_that_is_away_is_forgotten(self):
        self.addCleanup(self.vm.set, UsbDevices='')
        self.vm.set(UsbDevices='1FFF:fffe;99-4.1')
        self.vm.call('DetachUsb', '(sb)', '1fff:FFFE', True)
        self.assertEqual(self.vm.get('Settings')['UsbDevices'], '99-4.1')
        with self.assertRaises(DBusError):
            self.vm.set(UsbDevices='046d')

    def test_pci_devices_that_are_not_there_stop_the_start(self):
        vm = self.session.create('Card', PciDevices='ffff:ff:1f.7')
        with self.assertRaises(JobFailed) as caught:
            vm.start().wait(BOOT)
        self.assertEqual(caught.exception.name, 'NotFound', caught.exception.message)
        for part in ('card.vm', 'PciDevices', 'ffff:ff:1f.7'):
            self.assertIn(part, caught.exception.message)
        for text in ('1:00.0', '01:00', '01:20.0', '01:00.8', '0000:01:00.0/..', '/sys'):
            with self.subTest(text):
                with self.assertRaises(DBusError):
                    vm.set(PciDevices=text)

    def ask(self, command, *fds, **arguments):
        """QEMU's monitor, as the service asks it."""
        uri = ['virsh', '--connect', 'qemu:///session', 'qemu-monitor-command']
        text = json.dumps({'execute': command, 'arguments': arguments})
        done = subprocess.run([*uri, *(f'--pass-fds={fd}' for fd in fds), 'bulkhead-work', text],
                              env=self.session.env, pass_fds=fds, capture_output=True, text=True, check=False)
        self.assertIn('"return"', done.stdout, done.stderr)

    def program(self, script):
        result = self.vm.launch(argv=['sh', '-c', script], wait=True).wait(BOOT)
        return result['code'], bytes(result['tail']).decode()

    def test_a_stick_in_a_guest_gets_its_drivers_and_is_mounted(self):
        image = os.path.join(self.session.place.root, 'stick')
        with open(image, 'wb') as file:
            file.truncate(4 << 20)
        folder = self.session.place.path('files')
        os.mkdir(folder)
        with open(os.path.join(folder, 'hello'), 'w', encoding='ascii') as file:
            file.write('from a stick\n')
        subprocess.run(['mkfs.ext4', '-q', '-d', folder, image], check=True)
        self.ask('device_add', driver='qemu-xhci', id='bhusb', bus='pci.1', addr='0x0')
        with open(image, 'r+b') as file:
            self.ask('add-fd', file.fileno(), **{'fdset-id': 90})
        self.ask('blockdev-add', **{'driver': 'raw', 'node-name': 'stick',
                                    'file': {'driver': 'file', 'filename': '/dev/fdset/90', 'locking': 'off'}})
        self.ask('device_add', driver='usb-storage', id='stick', bus='bhusb.0', drive='stick')
        code, said = self.program(READ)
        self.assertEqual(code, 0, said)
        self.assertIn('from a stick', said)
        # Its node is for programs, too.
        self.assertIn('crw-rw-rw-', said)
        self.ask('device_del', id='stick')
        self.assertEqual(self.program(GONE)[0], 0)
        self.ask('device_del', id='bhusb')


if __name__ == '__main__':
    main()
