# SPDX-License-Identifier: GPL-3.0-or-later
"""PCI and USB devices, KVM's module and locked memory, in a virtual machine that has such devices: its kernel,
its IOMMU and its drivers are real, and none of them are this computer's.
"""

import os
import sys

import harness
import ground
import vm

if __name__ == '__main__' and os.environ.get('BULKHEAD_HELPER_GROUND') != 'vm':
    if os.geteuid() != 0:
        print('SKIP: needs root, to read all of this computer’s files from a VM (build-aux/check runs it as root)')
        sys.exit(77)
    sys.exit(vm.run_inside(os.path.abspath(__file__), sys.argv[1:], 900))

import re  # noqa: E402
import unittest  # noqa: E402

from devices import PCI, USB, link, load_drivers, pci_named, pci_state, read, usb_named  # noqa: E402
from ground import DENIED, OTHER, UNASKED, acl_of, run  # noqa: E402
from locked_memory import LockedMemory  # noqa: E402, F401


def pci_argument(*names):
    parts = []
    for name in names:
        domain, bus, device, function = re.fullmatch(r'(....):(..):(..)\.(.)', name).groups()
        parts.append(f'({int(domain, 16)}, {int(bus, 16)}, {int(device, 16)}, {int(function, 16)})')
    return '(a(qyyy))', f'([{", ".join(parts)}],)'


def nodes_state():
    return {path: acl_of(path) for path in ['/dev/vfio/' + name for name in
                                            (os.listdir('/dev/vfio') if os.path.isdir('/dev/vfio') else ())]
            if path != '/dev/vfio/vfio'}


def usb_argument(name, input_too=False, **changes):
    found = {'vendor': int(read(USB, name, 'idVendor'), 16), 'product': int(read(USB, name, 'idProduct'), 16),
             'bus': int(read(USB, name, 'busnum')), 'device': int(read(USB, name, 'devnum')), **changes}
    return '(qquub)', (f'({found["vendor"]}, {found["product"]}, {found["bus"]}, {found["device"]}, '
                       f'{"true" if input_too else "false"})')


def usb_state():
    return {name: (link(USB, name, 'driver'), read(USB, name, 'devnum')) for name in sorted(os.listdir(USB))}


class Devices(ground.Ground):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not os.path.isdir(USB):
            load_drivers()

    def state(self):
        return {'pci': pci_state(), 'nodes': nodes_state(), 'usb': usb_state()}

    def back_to(self, before):
        # A group has a node only while one of its devices is vfio-pci's.
        harness.wait_for(lambda: self.state() == before, 120, 'the state before')


class Pci(Devices):

    def setUp(self):
        super().setUp()
        self.card, = pci_named('0x8086', '0x10d3')
        self.pair = pci_named('0x10ec', '0x8139')

    def test_a_group_goes_to_the_caller_and_back(self):
        before = self.state()
        self.assertEqual(link(PCI, self.card, 'driver'), 'e1000e')
        caller, other = self.caller(), self.caller(OTHER)
        number, groups = caller.call('AssignPci', *pci_argument(self.card))['reply']
        self.assertEqual(groups, [int(link(PCI, self.card, 'iommu_group'))])
        self.assertEqual(link(PCI, self.card, 'driver'), 'vfio-pci')
        node = f'/dev/vfio/{groups[0]}'
        self.assertEqual(caller.order('open', node)['opened'], 'yes')
        self.assertEqual(other.order('open', node)['opened'], 'Permission denied')
        # Nobody else has it, or gives it back.
        self.assert_error(other.call('AssignPci', *pci_argument(self.card)), 'Busy')
        self.assert_error(other.call('ReleasePci', '(u)', f'({number},)'), 'NotFound')
        self.assertIn('reply', caller.call('ReleasePci', '(u)', f'({number},)'))
        self.back_to(before)
        # And when its owner dies.
        caller.call('AssignPci', *pci_argument(*self.pair))
        self.assertEqual([link(PCI, name, 'driver') for name in self.pair], ['vfio-pci'] * 2)
        caller.kill()
        self.back_to(before)

    def test_what_somebody_has_open_waits_for_him(self):
        before = self.state()
        caller = self.caller()
        groups = caller.call('AssignPci', *pci_argument(self.card))['reply'][1]
        held = os.open(f'/dev/vfio/{groups[0]}', os.O_RDWR)
        caller.kill()
        other = self.caller(OTHER)
        self.assert_error(other.call('AssignPci', *pci_argument(self.card)), 'Busy')
        self.assertEqual(link(PCI, self.card, 'driver'), 'vfio-pci')
        os.close(held)
        self.back_to(before)

    def test_an_incomplete_group_is_refused_and_named(self):
        before = self.state()
        self.assertEqual(len({link(PCI, name, 'iommu_group') for name in self.pair}), 1)
        for name in self.pair:
            answer = self.caller().call('AssignPci', *pci_argument(name))
            self.assert_error(answer, 'InvalidArgument')
            for member in self.pair:
                self.assertIn(member, answer['message'])
        self.assertEqual(self.state(), before)

    def test_what_the_host_uses_is_refused(self):
        before = self.state()
        caller = self.caller()
        disk = link('/sys/class/nvme/nvme0', 'device')
        screen = next(name for name in os.listdir(PCI) if read(PCI, name, 'boot_vga') == '1')
        usb = next(name for name in os.listdir(PCI) if link(PCI, name, 'driver') == 'xhci_hcd')
        port = next(name for name in os.listdir(PCI) if read(PCI, name, 'class').startswith('0x0604'))
        os.makedirs('/run/mnt', exist_ok=True)
        run('mount', '-o', 'ro', '/dev/nvme0n1', '/run/mnt')
        try:
            answer = caller.call('AssignPci', *pci_argument(disk))
            self.assert_error(answer, 'Busy')
            self.assertIn('nvme0n1', answer['message'])
        finally:
            run('umount', '/run/mnt')
        self.assert_error(caller.call('AssignPci', *pci_argument(screen)), 'Busy')
        self.assert_error(caller.call('AssignPci', *pci_argument(usb)), 'Busy')
        self.assert_error(caller.call('AssignPci', *pci_argument(port)), 'InvalidArgument')
        interface = os.listdir(os.path.join(PCI, self.card, 'net'))[0]
        run('ip', 'link', 'set', interface, 'up')
        run('ip', 'address', 'add', '192.0.2.1/24', 'dev', interface)
        run('ip', 'route', 'add', 'default', 'via', '192.0.2.2', 'dev', interface, 'onlink')
        try:
            answer = caller.call('AssignPci', *pci_argument(self.card))
            self.assert_error(answer, 'Busy')
            self.assertIn(interface, answer['message'])
        finally:
            run('ip', 'link', 'set', interface, 'down')
        self.assertEqual(self.state(), before)

    def test_bad_addresses_and_denied_callers_change_nothing(self):
        before = self.state()
        caller = self.caller()
        self.assert_error(caller.call('AssignPci', '(a(qyyy))', '(@a(qyyy) [],)'), 'InvalidArgument')
        self.assert_error(caller.call('AssignPci', '(a(qyyy))', '([(0, 0, 32, 0)],)'), 'InvalidArgument')
        self.assert_error(caller.call('AssignPci', '(a(qyyy))', '([(0, 0, 0, 8)],)'), 'InvalidArgument')
        self.assert_error(caller.call('AssignPci', *pci_argument(self.card, self.card)), 'InvalidArgument')
        self.assert_error(caller.call('AssignPci', '(a(qyyy))', '([(7, 7, 7, 7)],)'), 'NotFound')
        for uid in (DENIED, UNASKED):
            self.assert_error(self.caller(uid).call('AssignPci', *pci_argument(self.card)), 'NotAuthorized')
        self.assertEqual(self.state(), before)

    def test_killed_at_any_point_every_driver_is_back(self):
        before = self.state()
        for point in ('pci-written', 'pci-bound-one', 'pci-done'):
            with self.subTest(point):
                kill = self.stop_helper_at(point)
                caller = self.caller()
                caller.begin('call', 'AssignPci', *pci_argument(*self.pair))
                kill()
                self.assert_error(caller.end(), 'NoReply')
                self.wake_helper()
                self.back_to(before)
                self.end_helper()


class Usb(Devices):

    def setUp(self):
        super().setUp()
        self.stick, self.serial = usb_named('QEMU USB HARDDRIVE'), usb_named('QEMU USB SERIAL')
        self.keyboard, self.mouse = usb_named('QEMU USB Keyboard'), usb_named('QEMU USB Mouse')
        self.hub = usb_named('QEMU USB Hub')

    def test_a_device_goes_to_qemu_by_its_descriptor_and_back(self):
        before = self.state()
        caller = self.caller()
        number = caller.call('AssignUsb', *usb_argument(self.stick))['reply'][0]
        self.assert_error(self.caller(OTHER).call('AssignUsb', *usb_argument(self.stick)), 'Busy')
        # What QEMU does first: take the interface from the host's driver.
        self.assertEqual(caller.order('usb_claim')['errno'], 0)
        self.assertEqual(link(USB, self.stick + ':1.0', 'driver'), 'usbfs')
        self.assertIn('reply', caller.call('ReleaseUsb', '(u)', f'({number},)'))
        self.back_to(before)
        harness.wait_for(lambda: os.path.exists('/dev/sda') or os.path.exists('/dev/sdb'), 120, 'the stick again')
        # Its owner is killed while the host's driver is away.
        caller.call('AssignUsb', *usb_argument(self.stick))
        self.assertEqual(caller.order('usb_claim')['errno'], 0)
        caller.kill()
        self.back_to(before)

    def test_hubs_inputs_and_what_the_host_uses_are_refused(self):
        before = self.state()
        caller = self.caller()
        self.assert_error(caller.call('AssignUsb', *usb_argument(self.hub, True)), 'InvalidArgument')
        answer = caller.call('AssignUsb', *usb_argument(self.keyboard))
        self.assert_error(answer, 'InvalidArgument')
        self.assert_error(caller.call('AssignUsb', *usb_argument(self.mouse)), 'InvalidArgument')
        disk = os.listdir(run('sh', '-c', f'echo {USB}/{self.stick}/*/host*/target*/*/block').strip())[0]
        os.makedirs('/run/mnt', exist_ok=True)
        run('mount', '-o', 'ro', '/dev/' + disk, '/run/mnt')
        try:
            answer = caller.call('AssignUsb', *usb_argument(self.stick))
            self.assert_error(answer, 'Busy')
            self.assertIn(disk, answer['message'])
        finally:
            run('umount', '/run/mnt')
        self.assertEqual(self.state(), before)
        # Forced, by an action of its own: the rules of this test allow it to this user.
        self.assertIn('reply', caller.call('AssignUsb', *usb_argument(self.mouse, True)))
        for uid in (DENIED, UNASKED):
            for name, forced in ((self.stick, False), (self.keyboard, True)):
                self.assert_error(self.caller(uid).call('AssignUsb', *usb_argument(name, forced)), 'NotAuthorized')

    def test_another_device_in_its_place_is_not_given(self):
        before = self.state()
        caller = self.caller()
        for change in ({'vendor': 1}, {'product': 0xfffe}, {'device': 99}, {'bus': 99}):
            with self.subTest(change):
                self.assert_error(caller.call('AssignUsb', *usb_argument(self.stick, **change)), 'NotFound')
        for change in ({'device': 0}, {'device': 128}, {'bus': 0}, {'bus': 70000}):
            with self.subTest(change):
                self.assert_error(caller.call('AssignUsb', *usb_argument(self.stick, **change)), 'InvalidArgument')
        self.assertEqual(self.state(), before)

    def test_unplugged_while_it_is_held(self):
        caller = self.caller()
        number = caller.call('AssignUsb', *usb_argument(self.serial))['reply'][0]
        ground.write(f'{USB}/{self.serial}/remove', '1', None)
        harness.wait_for(lambda: not os.path.exists(f'{USB}/{self.serial}'), 60, 'the device gone')
        self.assert_error(self.caller(OTHER).call('AssignUsb', '(qquub)', '(1027, 24577, 1, 5, false)'), 'NotFound')
        self.assertIn('reply', caller.call('ReleaseUsb', '(u)', f'({number},)'))

    def test_killed_at_any_point_the_host_has_it(self):
        before = self.state()
        for point in ('usb-written', 'usb-open'):
            with self.subTest(point):
                kill = self.stop_helper_at(point)
                caller = self.caller()
                caller.begin('call', 'AssignUsb', *usb_argument(self.stick))
                kill()
                self.assert_error(caller.end(), 'NoReply')
                self.wake_helper()
                self.back_to(before)
                self.end_helper()


if __name__ == '__main__':
    unittest.main(verbosity=2)
