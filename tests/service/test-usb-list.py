# SPDX-License-Identifier: GPL-3.0-or-later
"""Which USB devices the service offers, with devices made by umockdev."""

import json
import os
import subprocess
import unittest

from harness import Place, TestCase, build_path, main
from harness.session import DBusError, Session

try:
    import gi
    gi.require_version('UMockdev', '1.0')
    from gi.repository import UMockdev
except (ImportError, ValueError):
    raise unittest.SkipTest('needs gir1.2-umockdev-1.0') from None


class UsbList(TestCase):

    def setUp(self):
        self.testbed = UMockdev.Testbed.new()
        self.device('usb1', '1d6b', '0002', 1, device_class='09', product='xHCI Host Controller')
        keyboard = self.device('1-1', '046d', 'c31c', 2, product='USB Keyboard', manufacturer='Logitech')
        # Its interface; umockdev takes children only in a process that is within the testbed itself.
        folder = self.testbed.get_root_dir() + keyboard + '/1-1:1.0'
        os.mkdir(folder)
        for name, value in (('bInterfaceClass', '03'), ('bInterfaceProtocol', '01')):
            with open(os.path.join(folder, name), 'w', encoding='ascii') as file:
                file.write(value + '\n')
        self.device('1-2', '0409', '005a', 3, device_class='09', product='USB Hub')
        self.device('1-2.4', '0781', '5583', 4, product='Ultra \x1b[31mFit\u202e<b>', manufacturer='SanDisk')
        self.device('1-3', '0781', '5583', 5)
        self.place = Place()
        self.addCleanup(self.place.remove)
        self.session = Session(place=self.place, uri='test:///default', env={
            'LD_PRELOAD': 'libumockdev-preload.so.0', 'UMOCKDEV_DIR': self.testbed.get_root_dir()})
        self.addCleanup(self.session.stop)
        self.session.start()

    def device(self, name, vendor, product_id, number, device_class='00', product='', manufacturer=''):
        return self.testbed.add_device(
            'usb', name, None, ['idVendor', vendor, 'idProduct', product_id, 'busnum', '1', 'devnum', str(number),
                                'bDeviceClass', device_class, 'product', product, 'manufacturer', manufacturer],
            ['DEVTYPE', 'usb_device'])

    def test_all_but_hubs_are_listed_with_clean_names(self):
        devices = self.session.manager.call('ListUsb')
        self.assertEqual([(device['place'], device['id'], device['input']) for device in devices],
                         [('1-1', '046d:c31c', True), ('1-2.4', '0781:5583', False), ('1-3', '0781:5583', False)])
        names = [device['name'] for device in devices]
        self.assertEqual(names[0], 'Logitech USB Keyboard')
        for character in '\x1b\u202e':
            self.assertNotIn(character, names[1])
        self.assertEqual(names[2], 'USB 0781:5583')
        self.assertEqual({device['vm'] for device in devices}, {''})

    def test_bulkheadctl_lists_them_and_who_remembers_them(self):
        self.session.create('Backup', UsbDevices='0781:5583')
        done = subprocess.run([build_path('src', 'cli', 'bulkheadctl'), 'usb', '--json'], env=self.session.env,
                              capture_output=True, text=True, check=True)
        devices = {device['place']: device for device in json.loads(done.stdout)}
        self.assertEqual(devices['1-3']['remembered_by'], ['backup'])
        self.assertEqual(devices['1-1']['remembered_by'], [])
        table = subprocess.run([build_path('src', 'cli', 'bulkheadctl'), 'usb', 'list'], env=self.session.env,
                               capture_output=True, text=True, check=True).stdout
        self.assertIn('046d:c31c', table)
        self.assertNotIn('\x1b[31m', table)

    def test_an_appvm_that_does_not_run_gets_none(self):
        vm = self.session.create('Backup')
        with self.assertRaises(DBusError) as caught:
            vm.call('AttachUsb', '(sbb)', '1-3', False, False)
        self.assertTrue(caught.exception.name.endswith('NotRunning'), caught.exception.message)


if __name__ == '__main__':
    main()
