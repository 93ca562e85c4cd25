# SPDX-License-Identifier: GPL-3.0-or-later
"""bulkhead-vmm: what the program it becomes can still do, tried out."""

import fcntl
import json
import os
import socket
import subprocess
import unittest

import harness
from boot import BootTest


SHRINK, GROW, WRITE = 2, 4, 8  # F_SEAL_…
SEALS = SHRINK | GROW | WRITE


class VmmTest(BootTest):
    def setUp(self):
        super().setUp()
        self.program = harness.build_path('tests', 'boot', 'try-escape')
        self.allowed, self.secret = self.path('allowed'), self.path('home', 'secret')
        os.mkdir(self.allowed)
        for path in (self.secret, self.path('allowed', 'file')):
            with open(path, 'w') as file:
                file.write('text')

    def run_vmm(self, *tries, fds=(), **orders):
        environment = {**self.env, 'BULKHEAD_VMM_QEMU': self.program,
                       'BULKHEAD_VMM_READ': self.allowed}
        for key, value in orders.items():
            if value is None:
                environment.pop(f'BULKHEAD_VMM_{key}', None)
            else:
                environment[f'BULKHEAD_VMM_{key}'] = value
        return subprocess.run([harness.build_path('src', 'vmm', 'bulkhead-vmm'), *tries],
                              env=environment, pass_fds=fds, capture_output=True, text=True,
                              timeout=20)

    def results(self, *tries, **orders):
        done = self.run_vmm(*tries, **orders)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        lines = done.stdout.splitlines()
        self.pid = int(lines[0].split()[1])
        return [line.rsplit(': ', 1)[1] for line in lines[1:]]

    def test_reads_only_what_it_was_given(self):
        self.assertEqual(
            self.results('read', self.path('allowed', 'file'), 'list', self.allowed,
                         'read', self.secret, 'list', self.path('home'), 'read', '/etc/passwd',
                         'list', '/', 'list', '/tmp', 'read', f'/proc/{os.getpid()}/cmdline',
                         'read', '/usr/lib/os-release', 'read', '/dev/urandom'),
            ['ok', 'ok', 'EACCES', 'EACCES', 'EACCES', 'EACCES', 'EACCES', 'EACCES', 'ok', 'EACCES'])

    def test_writes_only_where_it_was_told_to(self):
        folder = self.path('writable')
        os.mkdir(folder)
        self.assertEqual(
            self.results('write', folder + '/new', 'write', self.path('allowed', 'file'),
                         'write', self.path('allowed', 'new'), 'write', self.secret,
                         'write', self.path('run', 'new'), 'write', '/tmp/bulkhead-escape',
                         'write', '/dev/null', WRITE=folder),
            ['ok', 'EACCES', 'EACCES', 'EACCES', 'EACCES', 'EACCES', 'ok'])
        self.assertTrue(os.path.exists(folder + '/new'))

    def test_executes_nothing_else(self):
        self.assertEqual(self.results('execute', '/bin/true', 'execute', '/usr/bin/env',
                                      'execute', self.path('allowed', 'file')),
                         ['EACCES', 'EACCES', 'EACCES'])

    def test_connects_to_nothing(self):
        bus, tcp = socket.socket(socket.AF_UNIX), socket.socket()
        inherited = socket.socket(socket.AF_UNIX)
        for end in (bus, tcp, inherited):
            self.addCleanup(end.close)
        os.dup2(inherited.fileno(), 50)
        self.addCleanup(os.close, 50)
        bus.bind(self.path('allowed', 'bus'))
        bus.listen()
        tcp.bind(('127.0.0.1', 0))
        tcp.listen()
        self.assertEqual(self.results('connect', self.path('allowed', 'bus'),
                                      'connect-inherited', self.path('allowed', 'bus'),
                                      'tcp', str(tcp.getsockname()[1]), fds=(50,)),
                         ['EPERM', 'EPERM', 'EPERM'])

    def test_of_the_kernel_it_only_hears_of_devices(self):
        # NETLINK_ROUTE, NETLINK_AUDIT, NETLINK_NETFILTER, NETLINK_GENERIC, and NETLINK_KOBJECT_UEVENT.
        self.assertEqual(self.results('netlink', '0', 'netlink', '9', 'netlink', '12', 'netlink', '16',
                                      'netlink', '15'), ['EPERM'] * 4 + ['ok'])

    def test_qemu_can_take_a_usb_device(self):
        """As far as that goes without one: libusb starts, and looks at the descriptor."""
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        process = subprocess.Popen(
            [harness.build_path('src', 'vmm', 'bulkhead-vmm'), '-machine', 'q35', '-nodefaults', '-display',
             'none', '-S', '-device', 'pcie-root-port,id=port1', '-chardev',
             f'socket,id=monitor,fd={theirs.fileno()}', '-mon', 'chardev=monitor,mode=control'],
            env={**self.env, 'BULKHEAD_VMM_READ': '/usr'}, pass_fds=(theirs.fileno(),))
        theirs.close()
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        ours.settimeout(120)
        answers = ours.makefile('r')

        def ask(command, fds=(), **arguments):
            text = json.dumps({'execute': command, 'arguments': arguments}).encode()
            socket.send_fds(ours, [text], fds)
            for line in answers:
                answer = json.loads(line)
                if 'return' in answer or 'error' in answer:
                    return answer
            self.fail('QEMU has ended')

        ask('qmp_capabilities')
        with open('/dev/null', 'r+b') as null:
            self.assertIn('return', ask('add-fd', (null.fileno(),), **{'fdset-id': 100}))
        self.assertIn('return', ask('device_add', driver='qemu-xhci', id='usb', bus='port1'))
        answer = ask('device_add', driver='usb-host', bus='usb.0', hostdevice='/dev/fdset/100')
        self.assertEqual(answer['error']['desc'], 'failed to open host usb device /dev/fdset/100')

    def test_signals_and_traces_only_itself(self):
        child = subprocess.Popen(['sleep', '60'])
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        self.assertEqual(self.results('signal', str(child.pid), 'trace', str(child.pid),
                                      'signal-self', '0'), ['EPERM', 'EPERM', 'ok'])

    def test_region_is_there_and_sealed(self):
        self.assertEqual(self.results('region', '8', REGION_MIB='8'), ['ok'])
        self.assertEqual(self.results('region', '8'), ['ENOENT'])

    def test_memory_of_a_guest_to_be_frozen_is_not_sealed_yet(self):
        self.assertEqual(self.results('environment', 'BULKHEAD_VMM_RAM_MIB', RAM_MIB='8'),
                         ['0'])
        self.assertIn('not 1 to', self.run_vmm(RAM_MIB='0').stderr)
        self.assertIn('not both', self.run_vmm(RAM_MIB='8', RAM='/dev/zero').stderr)

    def sealed(self, size, seals=SEALS):
        file = os.memfd_create('bulkhead-ram', os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
        self.addCleanup(os.close, file)
        os.ftruncate(file, size)
        fcntl.fcntl(file, 1033, seals)  # F_ADD_SEALS
        return f'/proc/{os.getpid()}/fd/{file}'

    def test_frozen_guest_is_taken_only_when_nobody_can_change_it(self):
        ram, state = self.sealed(8 << 20), self.sealed(4321)
        for seals, good in ((SEALS, True), (SEALS & ~GROW, False), (SEALS & ~SHRINK, False),
                            (SEALS & ~WRITE, False), (0, False)):
            for orders in ({'RAM': self.sealed(8 << 20, seals), 'STATE': state},
                           {'RAM': ram, 'STATE': self.sealed(4321, seals)}):
                with self.subTest(seals, orders=orders):
                    done = self.run_vmm(**orders)
                    self.assertEqual(done.returncode == 0, good, done.stderr)
                    if not good:
                        self.assertIn('not sealed against writing', done.stderr)
        self.assertNotEqual(self.run_vmm(RAM=self.sealed((8 << 20) + 1), STATE=state).returncode, 0)
        for path in (self.path('allowed', 'file'), '/dev/zero', self.path('nothing')):
            self.assertNotEqual(self.run_vmm(RAM=path, STATE=state).returncode, 0)
            self.assertNotEqual(self.run_vmm(RAM=ram, STATE=path).returncode, 0)
        for orders in ({'RAM': ram}, {'STATE': state}):
            self.assertIn('not from one of them', self.run_vmm(**orders).stderr)

    def test_only_a_thawed_guest_goes_on_without_being_told(self):
        frozen = {'RAM': self.sealed(8 << 20), 'STATE': self.sealed(1)}
        tries = ('-S', 'environment', 'A', '-S', 'environment', 'B')
        self.assertEqual(self.results(*tries[1:3], *tries[4:]), self.results(*tries, **frozen))
        self.assertNotEqual(self.results(*tries), self.results(*tries, **frozen))

    def test_pid_file_is_qemus(self):
        file = self.path('run', 'qemu.pid')
        self.results('environment', 'BULKHEAD_VMM_PIDFILE', PIDFILE=file)
        with open(file) as text:
            self.assertEqual(int(text.read()), self.pid)
        self.assertEqual(os.listdir(self.path('run')), ['qemu.pid'])

    def test_orders_do_not_reach_qemu(self):
        self.assertNotIn('ok', self.results(
            'environment', 'BULKHEAD_VMM_QEMU', 'environment', 'BULKHEAD_VMM_READ',
            'environment', 'BULKHEAD_VMM_WRITE', 'environment', 'BULKHEAD_VMM_REGION_MIB',
            REGION_MIB='1', WRITE=self.path('run')))

    def test_probing_gets_the_monitors_folder_and_no_more(self):
        folder = self.path('config', 'qmp-x')
        os.mkdir(folder)
        results = self.results('read', self.secret, 'write', folder + '/qmp.pid',
                               'execute', '/bin/true',
                               '-qmp', f'unix:{folder}/qmp.monitor,server=on,wait=off', READ=None)
        self.assertEqual(results, ['EACCES', 'ok', 'EACCES', 'EINVAL'])

    def test_says_what_is_wrong(self):
        for message, orders in {
                'QEMU is missing: cannot use /nonexistent/qemu': {'QEMU': '/nonexistent/qemu'},
                'not an absolute path': {'QEMU': 'qemu'},
                'BULKHEAD_VMM_REGION_MIB': {'REGION_MIB': '1x'},
                'cannot allow access to /nonexistent': {'READ': '/nonexistent'},
                'cannot write /nonexistent/pid': {'PIDFILE': '/nonexistent/pid'}}.items():
            with self.subTest(message=message):
                done = self.run_vmm(**orders)
                self.assertEqual(done.returncode, 1)
                self.assertIn(message, done.stderr)
                self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_refuses_descriptor_199_of_somebody_else(self):
        with open('/dev/null') as null:
            os.dup2(null.fileno(), 199)
            self.addCleanup(os.close, 199)
            done = subprocess.run([harness.build_path('src', 'vmm', 'bulkhead-vmm')],
                                  env={**self.env, 'BULKHEAD_VMM_QEMU': self.program,
                                       'BULKHEAD_VMM_REGION_MIB': '1'},
                                  pass_fds=(199,), capture_output=True, text=True, timeout=20)
        self.assertEqual((done.returncode, 'taken' in done.stderr), (1, True))


if __name__ == '__main__':
    harness.require_ordinary_user()
    unittest.main()
