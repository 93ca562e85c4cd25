# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole guests, booted through libvirt by an ordinary user: what programs in them see and may."""

import os
import subprocess
import time
import unittest

import harness
from boot import BootTest
from boot.guest import MACHINE_ID, Guest, stop_daemons


# One libvirt for all: it takes seconds to ask a QEMU it does not know yet what it can do.
PLACE = BootTest()


def setUpModule():
    PLACE.setUp()
    unittest.addModuleCleanup(PLACE.doCleanups)
    unittest.addModuleCleanup(stop_daemons, PLACE.env['XDG_RUNTIME_DIR'])
    PLACE.use_programs()


class ConfiguredGuestTest(unittest.TestCase):
    """One guest for all: nothing here changes it for another test."""

    @classmethod
    def setUpClass(cls):
        cls.guest = Guest(PLACE)
        cls.addClassCleanup(cls.guest.stop)
        try:
            cls.guest.start()
            cls.hello = cls.guest.connect()
            cls.early = cls.launch_early()
            cls.configured = cls.guest.configure()
        except Exception:
            print(cls.guest.console())
            raise
        print(f'# hello {cls.guest.seconds_to_hello:.2f} s after the request')
        cls.number = 1

    @classmethod
    def launch_early(cls):
        cls.guest.wire.send('launch', id=99, argv='/bin/true')
        return cls.guest.wire.wait('launched')

    def run_script(self, script):
        ConfiguredGuestTest.number += 1
        return self.guest.run(script, self.number)

    def lines(self, script):
        code, output = self.run_script(script)
        self.assertEqual(code, 0, output)
        return output.splitlines()

    def test_says_hello_and_is_configured_once(self):
        self.assertEqual((self.hello['version'], self.hello['configured']), (1, 0))
        self.assertNotEqual(self.early['status'], 0)
        self.assertEqual((self.configured['status'], self.configured['detail']), (0, ''))

    def test_finds_the_shared_region(self):
        self.assertEqual(self.hello['region_bytes'], 16 << 20)

    def test_programs_run_as_the_user(self):
        self.assertEqual(
            self.lines('id -u; id -un; id -Gn; echo $HOME; hostname; cat /etc/machine-id; umask'),
            ['1000', 'user', 'user', '/home/user', 'work-vm', MACHINE_ID, '0022'])

    def test_clock_and_time_zone_are_set(self):
        seconds, zone = self.lines('date +%s; date +%Z')
        self.assertLess(abs(int(seconds) - time.time()), 10)
        self.assertEqual(zone, 'JST')

    def test_sees_no_private_files_of_the_host(self):
        code, output = self.run_script(
            'ls /home; cat /etc/shadow /etc/sudoers /etc/ssh/* /root/.profile 2>&1 | grep -v -i '
            '"no such file\\|permission denied"; ls ' + os.path.expanduser('~') + '; true')
        self.assertEqual([line for line in output.splitlines() if 'No such file' not in line],
                         ['user'])
        names = [line.split(':')[0] for line in self.lines('cat /etc/passwd')]
        self.assertEqual(names, ['root', 'user', 'nobody'])
        self.assertNotIn(os.uname().nodename, self.lines('cat /etc/hostname /etc/hosts'))

    def test_mounts_are_hardened(self):
        devices = {'/dev', '/dev/pts'}
        for line in self.lines('cat /proc/mounts'):
            _, where, kind, options, *_ = line.split()
            with self.subTest(where=where):
                flags = options.split(',')
                self.assertIn('nosuid', flags)
                if where not in devices:
                    self.assertIn('nodev', flags)
                if kind == '9p' or where == '/bulkhead':
                    self.assertIn('ro', flags)
        self.assertEqual([line.split()[1] for line in self.lines('grep 9p /proc/mounts')], ['/usr'])

    def test_user_may_write_only_what_is_theirs(self):
        places = ('/usr/x', '/etc/x', '/etc/passwd', '/var/x', '/bulkhead/x', '/x', '/root/x',
                  '/home/x', '/run/x', '/home/user/x', '/tmp/x', '/var/tmp/x', '/dev/shm/x',
                  '/run/user/1000/x')
        output = self.lines(f'for f in {" ".join(places)}; do '
                            'if (: >> $f) 2>/dev/null; then echo $f; fi; done')
        self.assertEqual(tuple(output), places[-5:])
        self.assertEqual(self.lines('stat -c "%a %U" /home/user /run/user/1000 /tmp /etc /var'),
                         ['700 user', '700 user', '1777 root', '755 root', '755 root'])

    def test_no_way_to_become_root_by_a_program(self):
        self.assertEqual(self.lines('cp /usr/bin/id /tmp/id; chmod 4755 /tmp/id; /tmp/id -u'),
                         ['1000'])

    def test_no_network_but_its_own(self):
        self.assertEqual(self.lines('ls /sys/class/net; cat /sys/class/net/lo/flags'),
                         ['lo', '0x9'])

    def test_user_namespaces_work(self):
        self.assertEqual(self.lines('unshare --user --map-root-user --mount id -u'), ['0'])

    def test_programs_find_what_they_need_in_etc(self):
        self.assertEqual(self.lines('awk "BEGIN { print 6 * 7 }"'), ['42'])  # by alternatives
        self.assertTrue(self.lines('fc-match sans-serif')[0])
        self.assertEqual(self.lines('test -e /dev/fd/0 && test -w /dev/null && echo ok'), ['ok'])

    def test_processes_and_files_of_the_host_are_not_there(self):
        own = set(self.lines("cat /proc/[0-9]*/comm | sort -u"))
        self.assertFalse(own & {'libvirtd', 'virtlogd', 'python3'}, own)

    def test_qemu_is_confined(self):
        pid = self.guest.qemu_pid()
        with open(f'/proc/{pid}/status') as file:
            status = dict(line.split(':\t', 1) for line in file if ':\t' in line)
        self.assertEqual((int(status['NoNewPrivs']), int(status['Seccomp'])), (1, 2))
        self.assertGreaterEqual(int(status.get('Seccomp_filters', 2)), 2)
        links = [os.readlink(f'/proc/{pid}/fd/{fd}') for fd in os.listdir(f'/proc/{pid}/fd')]
        self.assertIn('/memfd:bulkhead-region (deleted)', links)
        self.assertEqual([link for link in links if link.startswith('/dev/shm')], [])
        self.assertEqual(os.stat(os.path.join(self.guest.runtime, 'wire.sock')).st_uid, os.getuid())


class BootTests(BootTest):
    def setUp(self):
        super().setUp()
        self.env = dict(PLACE.env)

    def start(self, spec={}, **programs):
        self.use_programs(**programs)
        guest = Guest(self, **spec)
        self.addCleanup(guest.stop)
        guest.start()
        return guest

    def test_shutdown_powers_off_with_a_reason(self):
        opt = int(os.path.isdir('/opt'))
        guest = self.start({'opt': opt})
        guest.connect()
        self.assertEqual(guest.configure(uid=4711, user_name='alice', flags=opt)['status'], 0)
        self.assertEqual(guest.run('grep -c "^opt /opt 9p ro," /proc/mounts; true', 2),
                         (0, f'{opt}\n'))
        self.assertEqual(guest.run('id -u; id -un; pwd; ls /home'),
                         (0, '4711\nalice\n/home/alice\nalice\n'))
        guest.wire.send('shutdown')
        harness.wait_for(lambda: not guest.is_running(), 30, 'the end of the domain')
        self.assertIn('bulkhead-init: the guest agent has ended; powering off', guest.console())

    def test_broken_agent_powers_off_with_a_reason(self):
        guest = self.start(guest='/usr/bin/false')
        harness.wait_for(lambda: not guest.is_running(), 30, 'the end of the domain')
        self.assertIn('bulkhead-init: the guest agent ended with code 1; powering off',
                      guest.console())

    def test_missing_usr_is_told(self):
        """QEMU gives the guest another tag than "usr": configure has to fail, with a sentence."""
        guest = Guest(self)
        self.use_programs()
        self.addCleanup(guest.stop)
        original = self.boot_tool
        self.boot_tool = lambda *a, **k: [line.replace('<target dir="usr"/>', '<target dir="x"/>')
                                          for line in original(*a, **k)]
        guest.start()
        guest.connect()
        answer = guest.configure()
        self.assertNotEqual(answer['status'], 0)
        self.assertIn('share "usr"', answer['detail'])

    def test_probe_says_so_and_ends(self):
        self.use_programs(guest='/usr/bin/true')
        _, kernel, _ = self.boot_tool('kernel')
        initramfs, = self.boot_tool('initramfs')
        done = subprocess.run(
            [harness.build_path('src', 'vmm', 'bulkhead-vmm'), '-no-user-config', '-nodefaults',
             '-display', 'none', '-machine', 'q35', '-accel', 'tcg', '-cpu', 'max', '-m', '256',
             '-no-reboot', '-kernel', kernel, '-initrd', initramfs, '-serial', 'stdio', '-append',
             'console=ttyS0 panic=-1 quiet bulkhead.probe'], stdin=subprocess.DEVNULL,
            env={**self.env, 'BULKHEAD_VMM_READ': f'{kernel}:{initramfs}'}, capture_output=True,
            text=True, timeout=60)
        self.assertEqual((done.returncode, 'BULKHEAD-PROBE-OK' in done.stdout), (0, True),
                         done.stdout + done.stderr)


class AccelTest(BootTest):
    def setUp(self):
        super().setUp()
        self.use_programs(guest='/usr/bin/true')
        self.env['BULKHEAD_KVM_DEVICE'] = '/dev/null'
        os.makedirs(self.path('cache', 'bulkhead'))
        kernels = os.path.join(PLACE.env['XDG_CACHE_HOME'], 'bulkhead', 'kernels')
        os.makedirs(kernels, exist_ok=True)
        os.symlink(kernels, self.path('cache', 'bulkhead', 'kernels'))

    def use_qemu(self, name):
        link = self.path(name)
        os.symlink(harness.build_path('tests', 'boot', 'fake-qemu'), link)
        self.env['BULKHEAD_QEMU'] = link

    def test_no_device_no_question(self):
        self.use_qemu('boots')
        self.env['BULKHEAD_KVM_DEVICE'] = self.path('nonexistent')
        self.assertEqual(self.boot_tool('accel'), ['tcg'])

    def test_guest_that_boots_is_the_proof_and_remembered(self):
        self.use_qemu('boots')
        self.assertEqual(self.boot_tool('accel'), ['kvm'])
        with open(self.path('cache', 'bulkhead', 'accel', 'kvm')) as file:
            self.assertTrue(file.read().endswith(' yes\n'))
        # An answer that is asked for again would now be another one.
        os.unlink(self.path('libexec', 'bulkhead-vmm'))
        os.symlink('/usr/bin/false', self.path('libexec', 'bulkhead-vmm'))
        self.assertEqual(self.boot_tool('accel'), ['kvm'])

    def test_qemu_that_cannot_is_emulated(self):
        self.use_qemu('refuses')
        self.assertEqual(self.boot_tool('accel'), ['tcg'])

    def test_guest_that_hangs_is_ended_in_time(self):
        self.use_qemu('hangs')
        started = time.monotonic()
        self.assertEqual(self.boot_tool('accel'), ['tcg'])
        self.assertLess(time.monotonic() - started, 15)
        left = subprocess.run(['pgrep', '-f', self.path('hangs')], capture_output=True)
        self.assertEqual(left.stdout, b'')


if __name__ == '__main__':
    harness.require_ordinary_user()
    unittest.main()
