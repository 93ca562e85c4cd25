# SPDX-License-Identifier: GPL-3.0-or-later
"""USB and PCI devices of AppVMs from end to end: the service, libvirt, QEMU and guests of an ordinary user with the
helper, polkitd and udevd, all of them real, in a virtual machine that has such devices, an IOMMU and KVM.

That machine's processor is emulated with SVM, so that AppVMs in it have KVM and take seconds instead of minutes.
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
    sys.exit(vm.run_inside(os.path.abspath(__file__), sys.argv[1:], 660, memory=2304))

import atexit  # noqa: E402
import json  # noqa: E402
import stat  # noqa: E402
import subprocess  # noqa: E402
import unittest  # noqa: E402

from devices import PCI, USB, link, load_drivers, pci_named, pci_state, read, usb_named  # noqa: E402
from ground import ALLOWED, acl_of, run  # noqa: E402
from harness import wait_for  # noqa: E402
from harness.session import JobFailed, Session  # noqa: E402
from harness.sway import Sway  # noqa: E402

BOOT = 240
BYTES = (256 + 1024) << 20
STICK, KEYBOARD = 'QEMU USB HARDDRIVE', 'QEMU USB Keyboard'
# In the guest: waits until a command succeeds.
WAIT = 'i=0; while [ $i -lt 300 ]; do {} && exit 0; sleep 0.2; i=$((i + 1)); done; {}; exit 1'


def start_udevd():
    """It tells the service of devices that come and go, and gives nodes their owners."""
    subprocess.run(['/lib/systemd/systemd-udevd', '--daemon'], check=True)
    run('udevadm', 'trigger', '--subsystem-match=usb', '--subsystem-match=misc')
    run('udevadm', 'settle')


def make_static_node():
    """Of a module that is not loaded yet: systemd does so at boot, by modules.devname."""
    os.mkdir('/dev/vfio')
    os.mknod('/dev/vfio/vfio', 0o600 | stat.S_IFCHR, os.makedev(10, 196))


def become_user():
    for path, kind in (('/dev/shm', 'tmpfs'), ('/dev/pts', 'devpts')):
        os.makedirs(path, exist_ok=True)
        run('mount', '-t', kind, kind, path)
    os.chmod('/dev/shm', 0o1777)
    os.mkdir('/run/place')
    os.chown('/run/place', ALLOWED, ALLOWED)
    os.setgroups([])
    os.setresgid(ALLOWED, ALLOWED, ALLOWED)
    os.setresuid(ALLOWED, ALLOWED, ALLOWED)
    os.environ['USER'] = os.environ['LOGNAME'] = 'games'


def nodes():
    """Who may open what AppVMs can be given."""
    paths = []
    for top in ('/dev/bus/usb', '/dev/vfio'):
        for folder, _dirs, names in os.walk(top):
            # A device that was plugged in again has another number.
            paths += [os.path.join(folder, name) for name in names if name not in NUMBERS | {'vfio'}]
    return {path: acl_of(path) for path in sorted(paths)}


def drivers():
    return {name: link(USB, name, 'driver') for name in sorted(os.listdir(USB))}


NUMBERS = set()
asked = []  # what "bulkheadctl check" said before and after virtualization was enabled
monitor = session = None  # pylint: disable=invalid-name


def setUpModule():
    global monitor, session  # pylint: disable=global-statement
    ground.Ground.set_up_ground()
    load_drivers()
    make_static_node()
    start_udevd()
    monitor = vm.Monitor()
    become_user()
    # This user may not end them; they go with the machine.
    atexit.unregister(ground.Ground.end_daemons)
    place = harness.Place('/run/place')
    sway = Sway(place).start()
    session = Session(sway, private_cache=True, boots=True,
                      env={'BULKHEAD_KVM_SECONDS': '120', 'BULKHEAD_BOOT_SECONDS': str(BOOT)})
    session.start()
    # Without it all that comes takes ten times as long.
    asked.append(ctl('check', '--json'))
    asked.append(ctl('check', '--json', '--enable-kvm'))


def ctl(*words):
    return subprocess.run([harness.build_path('src', 'cli', 'bulkheadctl'), *words], env=session.env, text=True,
                          capture_output=True, check=False)


class Attach(harness.TestCase):

    def tearDown(self):
        if self.failed():
            print(session.read_service_log()[-4000:], file=sys.stderr)
            for name in ('helper.log', 'daemons.log'):
                with open('/run/test/' + name, encoding='utf-8', errors='replace') as file:
                    print(f'--- {name}\n' + file.read()[-3000:], file=sys.stderr)

    @staticmethod
    def program(machine, script):
        result = machine.launch(argv=['sh', '-c', script], wait=True).wait(BOOT)
        return result['code'], bytes(result['tail']).decode()

    def assert_program(self, machine, test, *seen):
        code, said = self.program(machine, WAIT.format(test, 'ls -l /sys/bus/usb/devices /sys/bus/pci/devices /media'))
        self.assertEqual(code, 0, said)
        for text in seen:
            self.assertIn(text, said)

    def assert_ctl(self, *words):
        done = ctl(*words)
        self.assertEqual(done.returncode, 0, done.stderr)

    def refused(self, *words):
        done = ctl(*words)
        self.assertNotEqual(done.returncode, 0)
        return done.stderr


class Kvm(Attach):

    def test_enabled_by_one_command(self):
        before, after = [next(check for check in json.loads(done.stdout) if check['id'] == 'virtualization')
                         for done in asked]
        self.assertEqual((before['ok'], before['action']), (False, 'EnableKvm'), before)
        self.assertEqual(before['command'], 'bulkheadctl check --enable-kvm')
        self.assertEqual((after['ok'], after['command'], after['action']), (True, '', ''), after)
        with open(os.path.join(session.env['XDG_CONFIG_HOME'], 'bulkhead', 'service.conf'), encoding='ascii') as file:
            self.assertIn('EnableKvm=true', file.read())


def plug_in_serial():
    """With something new at its other end: QEMU keeps the old one."""
    name = f'serial{len(NUMBERS)}'
    monitor.ask('chardev-add', id=name, backend={'type': 'null', 'data': {}})
    monitor.ask('device_add', driver='usb-serial', id='serial', bus='usb.0', port='4', chardev=name,
                **{'always-plugged': True})


def unplug_serial():
    NUMBERS.add(f'{int(read(USB, usb_named("QEMU USB SERIAL"), "devnum")):03}')
    monitor.ask('device_del', id='serial')


class Usb(Attach):

    @classmethod
    def setUpClass(cls):
        cls.drivers, cls.nodes = drivers(), nodes()
        cls.vm = session.create('Work', AutoStop='0', Memory='256')
        cls.vm.start().wait(BOOT)

    @classmethod
    def tearDownClass(cls):
        cls.vm.stop(force=True).wait(60)

    def tearDown(self):
        super().tearDown()
        for device in session.manager.call('ListUsb'):
            if device['vm']:
                ctl('usb', 'detach', '--forget', 'Work', device['place'])
        wait_for(lambda: drivers() == self.drivers, 60, 'the drivers that the host had')

    @staticmethod
    def holder(product):
        """Which AppVM has it."""
        return next((device['vm'] for device in session.manager.call('ListUsb') if product in device['name']), None)

    @staticmethod
    def usb_in_machine():
        """What QEMU has of ours."""
        text = json.dumps({'execute': 'qom-list', 'arguments': {'path': '/machine/peripheral'}})
        done = subprocess.run(['virsh', '--connect', 'qemu:///session', 'qemu-monitor-command', 'bulkhead-work', text],
                              env=session.env, capture_output=True, text=True, check=True)
        return sorted(one['name'] for one in json.loads(done.stdout)['return'] if one['name'].startswith('bhusb'))

    def test_a_stick_is_read_in_the_guest_and_comes_back(self):
        stick = usb_named(STICK)
        self.assertEqual(self.usb_in_machine(), [])
        self.assert_ctl('usb', 'attach', 'Work', stick)
        self.assertEqual(self.usb_in_machine(), ['bhusb', 'bhusb0'])
        self.assertEqual(self.holder(STICK), 'work')
        self.assert_program(self.vm, 'cat /media/sda/hello 2>/dev/null', 'from a stick')
        self.assertEqual(link(USB, stick + ':1.0', 'driver'), 'usbfs')
        self.assertIn('already', self.refused('usb', 'attach', 'Work', stick))
        self.assert_ctl('usb', 'detach', 'Work', stick)
        self.assertEqual(self.holder(STICK), '')
        wait_for(lambda: drivers() == self.drivers, 60, 'the drivers that the host had')
        wait_for(lambda: self.usb_in_machine() == [], 60, 'a machine without USB')
        self.assertEqual(nodes(), self.nodes)

    def test_a_keyboard_only_when_it_is_forced(self):
        keyboard = usb_named(KEYBOARD)
        self.assertIn('--force', self.refused('usb', 'attach', 'Work', keyboard))
        self.assertEqual((self.usb_in_machine(), drivers()), ([], self.drivers))
        self.refused('usb', 'attach', 'Work', keyboard, '--force', '--remember')
        self.assert_ctl('usb', 'attach', 'Work', keyboard, '--force')
        self.assert_program(self.vm, f'grep -qs "{KEYBOARD}" /sys/bus/usb/devices/*/product')
        self.assert_ctl('usb', 'detach', 'Work', keyboard)
        wait_for(lambda: drivers() == self.drivers, 60, 'the keyboard')

    def test_unplugged_in_the_middle_and_remembered(self):
        self.assert_ctl('usb', 'attach', '--remember', 'Work', '0403:6001')
        self.assertEqual(self.vm.get('Settings')['UsbDevices'], '0403:6001')
        self.assertEqual(self.holder('SERIAL'), 'work')
        unplug_serial()
        wait_for(lambda: self.holder('SERIAL') is None, 60, 'a computer without it')
        wait_for(lambda: self.usb_in_machine() == [], 60, 'a machine without it')
        plug_in_serial()
        wait_for(lambda: self.holder('SERIAL') == 'work', 60, 'the device back in the machine')
        self.assertEqual(self.usb_in_machine(), ['bhusb', 'bhusb0'])
        # By hand it stays away, until it is plugged in again.
        self.assert_ctl('usb', 'detach', 'Work', '0403:6001')
        wait_for(lambda: drivers() == self.drivers, 60, 'the driver that the host had')
        self.assert_ctl('usb', 'attach', 'Work', usb_named(STICK))
        self.assertEqual(self.holder('SERIAL'), '')
        unplug_serial()
        wait_for(lambda: self.holder('SERIAL') is None, 60, 'a computer without it')
        plug_in_serial()
        wait_for(lambda: self.holder('SERIAL') == 'work', 60, 'the device in the machine')
        # A service that is killed leaves nothing to the guest; the next one gives what is remembered.
        session.kill_service()
        session.start_service(timeout=60)
        wait_for(lambda: self.holder('SERIAL') == 'work', 60, 'what is remembered')
        self.assertEqual(self.holder(STICK), '')
        wait_for(lambda: self.usb_in_machine() == ['bhusb', 'bhusb0'], 60, 'only what is remembered')
        self.assert_ctl('usb', 'detach', '--forget', 'Work', '0403:6001')
        self.assertEqual(self.vm.get('Settings')['UsbDevices'], '')


class UsbAndPci(Attach):

    def test_given_at_the_start_and_back_at_the_end(self):
        card, = pci_named('0x8086', '0x10d3')
        before = drivers(), pci_state(), nodes()
        machine = session.create('Card', AutoStop='0', Memory='256', PciDevices=card, UsbDevices='46f4:0001')
        machine.start().wait(BOOT)
        # Another service enabled it: this one has asked by itself.
        self.assertEqual(session.manager.get('Virtualization'), 'kvm')
        self.assertEqual(link(PCI, card, 'driver'), 'vfio-pci')
        qemu, = session.qemu_pids()
        with open(f'/proc/{qemu}/limits', encoding='ascii') as file:
            limit = next(line.split()[3] for line in file if line.startswith('Max locked memory'))
        self.assertEqual(int(limit), BYTES)
        self.assert_program(machine, 'grep -lqs 0x10d3 /sys/bus/pci/drivers/e1000e/*/device')
        self.assert_program(machine, 'cat /media/sda/hello 2>/dev/null', 'from a stick')
        machine.stop(force=True).wait(60)
        for look, was in zip((drivers, pci_state, nodes), before):
            try:
                wait_for(lambda look=look, was=was: look() == was, 60, 'everything as it was')
            except harness.Timeout:
                self.assertEqual(look(), was)
        self.assertTrue(os.listdir(os.path.join(PCI, card, 'net')))

    def test_an_incomplete_group_is_named_before_anything_starts(self):
        pair = pci_named('0x10ec', '0x8139')
        before = pci_state()
        machine = session.create('Half', PciDevices=pair[0][5:])
        with self.assertRaises(JobFailed) as caught:
            machine.start().wait(BOOT)
        self.assertEqual(caught.exception.name, 'InvalidArgument', caught.exception.message)
        for text in ('half.vm', 'PciDevices', *pair):
            self.assertIn(text, caught.exception.message)
        self.assertEqual((session.qemu_pids(), pci_state()), ([], before))


if __name__ == '__main__':
    unittest.main(verbosity=2)
