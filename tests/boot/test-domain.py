# SPDX-License-Identifier: GPL-3.0-or-later
"""The domain of an AppVM: what is in it, what is not, and which values are refused."""

import os
import unittest
import xml.etree.ElementTree as tree

from boot import BootTest

QEMU = '{http://libvirt.org/schemas/domain/qemu/1.0}'
GOOD = {'id': 'work', 'uuid': '6b7fba25-fc0d-4624-9ca4-1672b06d757d', 'kernel': '/c/vmlinux',
        'initramfs': '/c/initramfs', 'seed': '/c/seed',
        'runtime_dir': '/run/user/1000/bulkhead/work', 'log_file': '/s/work.log',
        'emulator': '/c/vmm', 'memory_mib': '512', 'cpus': '1',
        'region_mib': '64'}


class DomainTest(BootTest):
    def make(self, **changes):
        values = {**GOOD, **changes}
        lines = self.boot_tool('xml', *(f'{key}={value}' for key, value in values.items()))
        return tree.fromstring('\n'.join(lines))

    def arguments(self, domain):
        return [arg.get('value') for arg in domain.iter(QEMU + 'arg')]

    def environment(self, domain):
        return {env.get('name'): env.get('value') for env in domain.iter(QEMU + 'env')}

    def test_holds_what_it_was_told(self):
        domain = self.make()
        self.assertEqual(domain.get('type'), 'qemu')
        self.assertEqual(domain.findtext('name'), 'bulkhead-work')
        self.assertEqual(domain.findtext('uuid'), GOOD['uuid'])
        self.assertEqual(domain.findtext('memory'), '512')
        self.assertEqual(domain.find('memory').get('unit'), 'MiB')
        self.assertEqual(domain.findtext('vcpu'), '1')
        self.assertEqual(domain.find('os/type').get('machine'), 'q35')
        self.assertEqual(domain.findtext('os/kernel'), '/c/vmlinux')
        self.assertEqual(domain.findtext('devices/emulator'), '/c/vmm')
        self.assertEqual(domain.find('devices/channel/source').get('path'),
                         GOOD['runtime_dir'] + '/wire.sock')
        self.assertEqual(domain.find('devices/serial/source').get('path'),
                         GOOD['runtime_dir'] + '/console.sock')
        log = domain.find('devices/serial/log')
        self.assertEqual((log.get('file'), log.get('append')), ('/s/work.log', 'on'))
        for event in ('on_poweroff', 'on_reboot', 'on_crash'):
            self.assertEqual(domain.findtext(event), 'destroy')

    def test_has_only_the_devices_it_needs(self):
        kinds = sorted(child.tag for child in self.make().find('devices'))
        self.assertEqual(sorted(set(kinds)), ['channel', 'controller', 'emulator', 'filesystem',
                                              'memballoon', 'serial'])
        usb = [c for c in self.make().iter('controller') if c.get('type') == 'usb']
        self.assertEqual([c.get('model') for c in usb], ['none'])

    def test_shares_are_read_only(self):
        domain = self.make(opt='1')
        shares = {share.find('target').get('dir'): share for share in domain.iter('filesystem')}
        self.assertEqual(set(shares), {'usr', 'opt', 'seed'})
        for share in shares.values():
            self.assertIsNotNone(share.find('readonly'))
            self.assertEqual(share.get('accessmode'), 'squash')
        tags = {share.find('target').get('dir') for share in self.make().iter('filesystem')}
        self.assertEqual(tags, {'usr', 'seed'})

    def test_command_line_tells_no_appvm_from_another(self):
        first = self.make().findtext('os/cmdline')
        second = self.make(id='play', uuid='2a6e8db0-4a0c-4a5d-b0cd-0d7ad2b7a2a1',
                           memory_mib='1024', runtime_dir='/run/play').findtext('os/cmdline')
        self.assertEqual(first, second)
        self.assertNotIn('work', first)
        self.assertNotIn('mitigations', first)
        self.assertIn(' quiet', first)
        self.assertNotIn('quiet', self.make(debug='1').findtext('os/cmdline'))

    def test_parameters_and_arguments_of_its_own(self):
        usual, more = self.make(), self.make(parameters='one two="3 <4"', log_level='6', arguments='-a|b <c>')
        line = more.findtext('os/cmdline')
        self.assertEqual(line, usual.findtext('os/cmdline') + ' loglevel=6 one two="3 <4"')
        self.assertEqual(self.arguments(more), self.arguments(usual) + ['-a', 'b <c>'])

    def test_no_virtual_machines_inside(self):
        for kvm, expected in (('0', {'erms', 'svm', 'la57'}), ('1', {'vmx', 'svm'})):
            cpu = self.make(kvm=kvm).find('cpu')
            self.assertEqual({f.get('name') for f in cpu.findall('feature')}, expected)
            self.assertEqual({f.get('policy') for f in cpu.findall('feature')}, {'disable'})

    def test_region_and_orders_for_the_emulator(self):
        domain = self.make(qemu='/opt/qemu')
        self.assertEqual(self.arguments(domain), [
            '-machine', 'sata=off,smbus=off', '-object',
            'memory-backend-file,id=bhregion,mem-path=/proc/self/fd/199,share=on,size=64M',
            '-device', 'ivshmem-plain,memdev=bhregion,bus=pcie.0,addr=0x10,master=on'])
        environment = self.environment(domain)
        self.assertEqual(environment.pop('BULKHEAD_VMM_READ').split(':')[:4],
                         ['/c/vmlinux', '/c/initramfs', '/c/seed', '/usr'])
        # QEMU may write nowhere: libvirt opens sockets and log for it.
        self.assertEqual(environment, {'BULKHEAD_VMM_REGION_MIB': '64',
                                       'BULKHEAD_VMM_QEMU': '/opt/qemu',
                                       'BULKHEAD_VMM_PIDFILE': GOOD['runtime_dir'] + '/qemu.pid'})
        self.assertEqual(self.arguments(self.make(region_mib='0')), ['-machine', 'sata=off,smbus=off'])

    def test_values_are_never_markup(self):
        hostile = '/s/<log file="x"/>&amp;\'"]]>.log'
        domain = self.make(log_file=hostile)
        self.assertEqual(domain.find('devices/serial/log').get('file'), hostile)
        self.assertEqual(len(list(domain.iter('log'))), 1)

    def test_refuses_hostile_values(self):
        for key, values in {
                'id': ('', 'a/b', '../x', 'A', '-a', '_a', 'a b', 'a\n', 'a<', 'ä', 'a' * 65,
                       'a"'),
                'uuid': ('', 'x', GOOD['uuid'] + ' '),
                'kernel': ('', 'vmlinux', '/a:b', '/a\nb', '/' + 'a' * 5000),
                'seed': ('seed', '/a:/etc'),
                'runtime_dir': ('run', '/a:b', '/a\x01'),
                'log_file': ('x.log', '/a\x7fb'),
                'emulator': ('bulkhead-vmm',),
                'qemu': ('qemu', ''),
                'memory_mib': ('0', '127', '2000000'),
                'cpus': ('0', '65'),
                'region_mib': ('3', '8192')}.items():
            for value in values:
                with self.subTest(key=key, value=value):
                    arguments = {**GOOD, key: value}
                    self.refuse('InvalidArgument', 'xml',
                                *(f'{k}={v}' for k, v in arguments.items()))


class EmulatorTest(BootTest):
    def test_missing_qemu_names_the_package(self):
        self.env['BULKHEAD_QEMU'] = self.path('nonexistent')
        self.assertIn('qemu-system-x86', self.refuse('NoHypervisor', 'qemu'))
        self.refuse('NoHypervisor', 'emulator', self.path('nonexistent'))

    def test_another_qemu_is_another_emulator(self):
        libexec = self.use_programs(guest='/usr/bin/true')
        qemu = self.path('qemu')
        os.symlink('/usr/bin/true', qemu)
        first, = self.boot_tool('emulator', qemu)
        self.assertEqual(self.boot_tool('emulator', qemu), [first])
        self.assertEqual(os.path.realpath(first), os.path.realpath(libexec + '/bulkhead-vmm'))
        os.unlink(qemu)
        os.symlink('/usr/bin/false', qemu)
        self.assertNotEqual(self.boot_tool('emulator', qemu), [first])


if __name__ == '__main__':
    unittest.main()
