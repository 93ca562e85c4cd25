# SPDX-License-Identifier: GPL-3.0-or-later
"""bulkhead-service with real AppVMs: the whole path, and what happens when a part of it dies."""

import os
import signal
import socket
import subprocess
import time

from harness import TestCase, main, require_ordinary_user, wait_for
from harness.session import DBusError, JobFailed, Session
from harness.relay import Relay
from harness.sway import Sway

BOOT = 90  # seconds; emulated, on a busy computer
ORANGE, RED = (0xe6, 0x61, 0x00), (0xc0, 0x1c, 0x28)


def alive(pid):
    try:
        with open(f'/proc/{pid}/stat', encoding='ascii', errors='replace') as file:
            return file.read().rsplit(')', 1)[1].split()[0] not in 'ZX'
    except OSError:
        return False


class VmCase(TestCase):
    """A session with an AppVM for all tests of the class; each finds and leaves it running."""

    SETTINGS = {'Color': '#e66100', 'AutoStop': '0'}
    ENV = {}

    @classmethod
    def setUpClass(cls):
        require_ordinary_user()
        cls.sway = Sway().start()
        cls.addClassCleanup(cls.sway.stop)
        cls.session = Session(cls.sway, env=cls.ENV)
        cls.addClassCleanup(cls.session.stop)
        cls.session.start()
        cls.vm = cls.session.create('Work', **cls.SETTINGS)

    def tearDown(self):
        if self.failed():
            self.session.keep_evidence(self)
        self.assertNotIn('CRITICAL **', '\n'.join(
            line for line in self.session.read_service_log().splitlines()
            if 'bulkhead-service:' in line))

    def running(self):
        self.vm.start().wait(BOOT)
        return self.session.qemu_pids()[0]

    def foot(self, **options):
        """A window; returns its launch id. It is closed at the end."""
        result = self.vm.launch(argv=['foot', '-e', 'sh', '-c', 'sleep 1000'], **options).wait(BOOT)
        self.addCleanup(self.close, result['id'])
        return result['id']

    def programs(self):
        return {number: (label, windows) for number, label, _, windows in self.vm.get('Programs')}

    def close(self, number):
        if self.vm.state == 'running' and number in self.programs():
            self.vm.call('Terminate', '(u)', number)
            wait_for(lambda: number not in self.programs(), 20, f'the end of program {number}')

    def job_fails(self, name, job, timeout=BOOT):
        with self.assertRaises(JobFailed) as caught:
            job.wait(timeout)
        self.assertEqual(caught.exception.name, name, caught.exception.message)
        return caught.exception.message

    def nothing_left(self):
        wait_for(lambda: not self.session.qemu_pids() and not self.session.proxy_pids(), 15,
                 'the end of every QEMU and proxy')
        folder = os.path.join(self.session.place.runtime, 'bulkhead')
        wait_for(lambda: not os.path.isdir(folder) or os.listdir(folder) == [], 10,
                 'an empty runtime folder')


class Running(VmCase):
    def test_a_click_becomes_a_framed_window(self):
        job = self.vm.launch(app='foot.desktop')
        result = job.wait(BOOT)
        self.addCleanup(self.close, result['id'])
        names = [name for name, _ in job.timeline()]
        self.assertEqual(names[0], 'call')
        self.assertEqual(names[-3:], ['launch', 'launched', 'window'])
        self.assertEqual(self.programs()[result['id']], ('Foot', 1))
        node = self.sway.wait_view(app_id='io.github.bulkhead.work.foot', title='Work: ')
        image = self.sway.screenshot(node['rect'])
        self.assertEqual(image.getpixel((1, image.height // 2)), ORANGE)
        self.assertEqual(image.getpixel((image.width - 2, image.height // 2)), ORANGE)
        self.assertEqual(image.getpixel((image.width // 2, image.height - 2)), ORANGE)
        self.assertEqual(image.getpixel((image.width // 2, 2)), ORANGE)
        usage = self.vm.get('Usage')
        self.assertEqual(usage['pid'], self.session.qemu_pids()[0])
        self.assertGreater(usage['rss'], 50 << 20)
        self.assertEqual(usage['memory'], 768 << 20)

    def test_exit_code_and_output_come_back(self):
        result = self.vm.launch(argv=['sh', '-c', 'echo hello from $(hostname); exit 7'],
                                wait=True).wait(BOOT)
        self.assertEqual(result['code'], 7)
        self.assertEqual(bytes(result['tail']), b'hello from work\n')
        number, label, code, _ = self.session.wait_signal(
            'ProgramExited', predicate=lambda args: args[0] == result['id'])
        self.assertEqual((number, label, code), (result['id'], 'sh', 7))
        self.assertNotIn(result['id'], self.programs())

    def test_a_program_that_fails_before_its_window(self):
        job = self.vm.launch(argv=['sh', '-c', 'echo cannot >&2; exit 9'])
        message = self.job_fails('ProgramFailed', job)
        self.assertIn('code 9', message)
        self.assertEqual(job.get('Result')['code'], 9)
        self.assertEqual(bytes(job.get('Result')['tail']), b'cannot\n')

    def test_a_program_that_is_not_there(self):
        message = self.job_fails('ProgramNotFound', self.vm.launch(argv=['no-such-program']))
        self.assertIn('no-such-program', message)
        self.assertEqual(self.vm.state, 'running')

    def test_terminate(self):
        number = self.foot()
        self.vm.call('Terminate', '(u)', number)
        wait_for(lambda: number not in self.programs(), 20, 'the end of foot')
        with self.assertRaises(DBusError) as caught:
            self.vm.call('Terminate', '(u)', number)
        self.assertEqual(caught.exception.name, 'NotFound')

    def test_name_and_colour_change_on_the_frame_at_once(self):
        self.foot()
        self.assertEqual(self.vm.set(Name='Play', Color='red'), [])
        self.addCleanup(self.vm.set, Name='Work', Color='#e66100')
        node = self.sway.wait_view(title='Play: ')
        self.sway.wait_picture(lambda image: image.getpixel((1, image.height // 2)) == RED,
                               what='a red frame', rect=node['rect'])
        self.assertEqual(self.vm.set(Memory='900'), ['Memory'])
        self.addCleanup(self.vm.set, Memory='768')

    def test_a_running_appvm_is_not_deleted(self):
        self.running()
        with self.assertRaises(DBusError) as caught:
            self.vm.delete()
        self.assertEqual(caught.exception.name, 'Busy')

    def test_console_for_one_at_a_time(self):
        self.running()
        fd = self.vm.call('OpenConsole', reply_fds=True)[0]
        with self.assertRaises(DBusError) as caught:
            self.vm.call('OpenConsole', reply_fds=True)
        self.assertEqual(caught.exception.name, 'Busy')
        with socket.socket(fileno=fd) as console:
            console.settimeout(10)
            # Apart from the service's own lines about it, which may come in between.
            self.vm.launch(argv=['sh', '-c', 'sleep 0.5; echo over the console; sleep 0.5']).wait(BOOT)
            text = b''
            while b'over the console' not in text:
                text += console.recv(4096)

        def again():
            return self.vm.call('OpenConsole', reply_fds=True)
        os.close(wait_for(again, 5, 'a free console')[0])
        wait_for(lambda: 'over the console' in self.vm.log(), 5, 'the line in the log')

    def test_memory_of_the_service(self):
        self.running()
        with open(f'/proc/{self.session.service.pid}/maps', encoding='ascii', errors='replace') as file:
            if 'libasan' in file.read():
                self.skipTest('a sanitizer takes memory of its own')
        wait_for(lambda: self.session.rss(self.session.service.pid) < 20, 10, 'less than 20 MiB '
                 f'(now {self.session.rss(self.session.service.pid)})')


class Dying(VmCase):
    """Parts are killed; the AppVM goes on."""

    def view(self):
        return self.sway.wait_view(app_id='io.github.bulkhead.work.foot', timeout=30)

    def test_a_killed_proxy_is_replaced_and_windows_come_back(self):
        qemu = self.running()
        number = self.foot()
        before = self.view()
        proxy = self.session.proxy_pids()[0]
        os.kill(proxy, signal.SIGKILL)
        wait_for(lambda: self.session.proxy_pids() not in ([], [proxy]), 10, 'another proxy')
        after = wait_for(lambda: (v := self.view()) and v['pid'] != before['pid'] and v, 30,
                         'the window of the new proxy')
        self.assertNotEqual(after['id'], before['id'])
        self.assertEqual(self.vm.state, 'running')
        self.assertEqual(self.session.qemu_pids(), [qemu])
        wait_for(lambda: self.programs().get(number, ('', 0))[1] == 1, 10, 'its window to be counted')
        result = self.vm.launch(argv=['sh', '-c', 'exit 3'], wait=True).wait(30)
        self.assertEqual(result['code'], 3)

    def test_a_guest_that_does_not_see_the_gate_change(self):
        # Its processors stand still while one connection ends and the next begins: to it, it is the same one.
        self.running()
        self.foot()
        before = self.view()
        proxy = self.session.proxy_pids()[0]
        self.virsh('suspend')
        os.kill(proxy, signal.SIGKILL)
        wait_for(lambda: self.session.proxy_pids() not in ([], [proxy]), 10, 'another proxy')
        self.virsh('resume')
        wait_for(lambda: (v := self.sway.view(app_id='io.github.bulkhead.work.foot'))
                 and v['pid'] != before['pid'], 15, 'the window of a new proxy')
        result = self.vm.launch(argv=['sh', '-c', 'exit 3'], wait=True).wait(30)
        self.assertEqual(result['code'], 3)

    def virsh(self, verb):
        subprocess.run(['virsh', '-c', 'qemu:///session', verb, 'bulkhead-work'], env=self.session.env,
                       stdout=subprocess.DEVNULL, timeout=60, check=True)

    def test_a_killed_service_finds_the_appvm_again(self):
        qemu = self.running()
        number = self.foot()
        self.view()
        self.session.kill_service()
        self.sway.wait_no_view(app_id='io.github.bulkhead.work.foot')
        self.session.start_service()
        self.view()
        self.assertEqual(self.vm.state, 'running')
        self.assertEqual(self.session.qemu_pids(), [qemu])
        self.assertEqual(self.programs()[number][0], 'foot')
        result = self.vm.launch(argv=['sh', '-c', 'exit 4'], wait=True).wait(30)
        self.assertEqual(result['code'], 4)
        self.assertGreater(result['id'], number)

    def test_quit_leaves_the_appvm_running(self):
        qemu = self.running()
        self.session.manager.call('Quit', '(b)', False)
        self.assertEqual(self.session.service.wait(10), 0)
        self.assertTrue(alive(qemu))
        self.session.start_service()
        wait_for(lambda: self.vm.state == 'running', 10, 'the AppVM to be found')
        self.assertEqual(self.session.qemu_pids(), [qemu])

    def test_a_killed_libvirt_daemon_is_started_again(self):
        qemu = self.running()
        pid_file = os.path.join(self.session.place.runtime, 'libvirt', 'libvirtd.pid')
        with open(pid_file, encoding='ascii') as file:
            old = int(file.read())
        os.kill(old, signal.SIGKILL)
        self.session.libvirtd.wait(10)
        result = self.vm.launch(argv=['sh', '-c', 'exit 5'], wait=True).wait(30)
        self.assertEqual(result['code'], 5)

        def new_daemon():
            with open(pid_file, encoding='ascii') as file:
                return int(file.read()) != old
        wait_for(new_daemon, 20, 'another libvirtd')
        self.assertEqual(self.session.qemu_pids(), [qemu])
        self.assertEqual(self.vm.state, 'running')
        self.vm.stop().wait(30)
        self.assertFalse(alive(qemu))
        self.running()

    def test_a_killed_qemu_is_noticed(self):
        qemu = self.running()
        job = self.vm.launch(argv=['sleep', '1000'], wait=True)
        wait_for(lambda: self.programs(), 20, 'sleep to run')
        os.kill(qemu, signal.SIGKILL)
        self.job_fails('Failed', job, 20)
        self.assertEqual(self.vm.state, 'failed')
        self.assertIn('stopped by itself', self.vm.get('Error'))
        self.nothing_left()
        self.running()


class DyingOften(VmCase):
    def test_too_many_proxy_deaths_end_in_a_notice_and_a_launch_recovers(self):
        qemu = self.running()
        self.session.signals.clear()

        def notice():
            self.session.iterate()
            return any(name == 'Notice' and 'too often' in args[0]
                       for _, _, name, args in self.session.signals)
        deadline = time.monotonic() + 60
        while not notice() and time.monotonic() < deadline:
            for pid in self.session.proxy_pids():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.05)
        self.assertTrue(notice())
        self.assertEqual(self.vm.state, 'running')
        self.assertEqual(self.session.qemu_pids(), [qemu])
        result = self.vm.launch(argv=['sh', '-c', 'exit 6'], wait=True).wait(30)
        self.assertEqual(result['code'], 6)


class StopsCase(VmCase):
    """Each test starts and stops the AppVM itself."""

    def tearDown(self):
        super().tearDown()
        if self.session.service and self.session.service.poll() is None:
            self.vm.stop(force=True).wait(30)


class Starting(StopsCase):
    """It boots, so that there is time to do things meanwhile."""

    SETTINGS = {**VmCase.SETTINGS, 'Thaw': 'false'}

    def test_several_launches_wait_for_one_start(self):
        # A device on the first bus, as people add one, gets its driver though most there need none.
        self.vm.set(QemuArguments='-device qemu-xhci,addr=0x8')
        self.addCleanup(self.vm.set, QemuArguments='')
        jobs = [self.vm.launch(argv=['sh', '-c', f'exit {n}'], wait=True) for n in range(3)]
        start = self.vm.start()
        self.assertEqual([job.wait(BOOT)['code'] for job in jobs], [0, 1, 2])
        start.wait(5)
        found = self.vm.launch(argv=['sh', '-c', 'for i in $(seq 100); do '
                                     'ls -d /sys/bus/pci/drivers/xhci_hcd/0000:00:* && exit; sleep 0.1; '
                                     'done; exit 1'], wait=True)
        self.assertEqual(found.wait(BOOT)['code'], 0)
        names = [name for name, _ in jobs[0].timeline()]
        self.assertEqual(names[:9], ['call', 'kernel', 'initramfs', 'template', 'domain', 'created',
                                     'channel', 'hello', 'configured'])
        self.assertEqual(len(self.session.qemu_pids()), 1)

    def test_cancel_stops_what_was_started_for_it(self):
        job = self.vm.launch(argv=['foot'])
        wait_for(lambda: 'channel' in [name for name, _ in job.timeline()], 30, 'QEMU')
        job.cancel()
        self.job_fails('Cancelled', job, 10)
        self.assertEqual(job.get('State'), 'cancelled')
        self.vm.wait_state('stopped', 20)
        self.nothing_left()

    def test_qemu_that_dies_while_it_boots(self):
        job = self.vm.start()
        wait_for(lambda: 'channel' in [name for name, _ in job.timeline()], 30, 'QEMU')
        qemu = self.session.qemu_pids()[0]
        os.kill(qemu, signal.SIGKILL)
        message = self.job_fails('BootFailed', job, 20)
        self.assertIn('ended while it started', message)
        self.assertNotIn('Power down', message)  # of an earlier run
        self.assertEqual(self.vm.state, 'failed')
        self.nothing_left()
        self.vm.start().wait(BOOT)
        self.assertEqual(self.vm.get('Error'), '')

    def test_stop_while_it_starts(self):
        job = self.vm.start()
        wait_for(lambda: self.vm.state == 'starting', 10, 'its start')
        self.vm.stop().wait(30)
        self.job_fails('NotRunning', job, 5)
        self.assertEqual(self.vm.state, 'stopped')
        self.nothing_left()


class Stopping(StopsCase):
    def test_it_stops_by_itself_when_unused(self):
        self.vm.set(AutoStop='1')
        self.addCleanup(self.vm.set, AutoStop='0')
        self.vm.launch(argv=['true'], wait=True).wait(BOOT)
        self.vm.wait_state('stopped', 30)
        self.nothing_left()

    def test_logout_stops_everything(self):
        self.vm.start().wait(BOOT)
        self.assertEqual(self.session.stop_service(), 0)
        self.nothing_left()
        self.session.start_service()
        self.assertEqual(self.vm.state, 'stopped')

    def test_an_appvm_without_its_file_is_ended(self):
        other = self.session.create('Other')
        other.start().wait(BOOT)
        self.session.kill_service()
        os.unlink(self.session.place.path('config', 'bulkhead', 'vms', 'other.vm'))
        self.session.start_service()
        self.nothing_left()

    def test_stop_all(self):
        other = self.session.create('Second', Color='red')
        self.addCleanup(lambda: other.delete())
        jobs = [self.vm.start(), other.start()]
        for job in jobs:
            job.wait(BOOT)
        self.assertEqual(len(self.session.qemu_pids()), 2)
        self.session.manager.call('StopAll', timeout=40)
        self.assertEqual((self.vm.state, other.state), ('stopped', 'stopped'))
        self.nothing_left()


class SlowBoot(VmCase):
    SETTINGS = {**VmCase.SETTINGS, 'Thaw': 'false'}
    ENV = {'BULKHEAD_BOOT_SECONDS': '1'}

    def test_a_boot_that_takes_too_long_says_where_it_was(self):
        message = self.job_fails('BootFailed', self.vm.start(), 60)
        self.assertIn('not ready in time', message)
        self.assertIn('“channel”', message)
        self.assertEqual(self.vm.get('Error'), message)
        self.nothing_left()


class Desktop(TestCase):
    def tearDown(self):
        if self.failed():
            self.session.keep_evidence(self)

    def test_a_compositor_that_goes_away_leaves_the_appvm(self):
        require_ordinary_user()
        sway = Sway().start()
        self.addCleanup(sway.stop)
        self.session = session = Session(sway)
        self.addCleanup(session.stop)
        session.start()
        vm = session.create('Work', AutoStop='0')
        vm.launch(argv=['foot']).wait(BOOT)
        qemu = session.qemu_pids()
        os.kill(sway.pid, signal.SIGKILL)
        # The process is gone a moment before the service knows why.
        wait_for(lambda: 'without windows' in vm.log(), 10, 'the service to notice')
        self.assertEqual(session.proxy_pids(), [])
        self.assertEqual(vm.state, 'running')
        with self.assertRaises(DBusError) as caught:
            vm.launch(argv=['foot'])
        self.assertEqual(caught.exception.name, 'NoDisplay')
        # A killed sway leaves its sockets, which the next one would take for its own.
        for name in (session.display, session.display + '.lock', 'sway.sock'):
            os.unlink(os.path.join(session.place.runtime, name))
        other = Sway(place=session.place)
        self.addCleanup(other.stop)
        other.start()
        session.display = other.env['WAYLAND_DISPLAY']
        vm.start().wait(30)
        other.wait_view(app_id='io.github.bulkhead.work.foot', timeout=30)
        self.assertEqual(session.qemu_pids(), qemu)
        wait_for(lambda: vm.get('Programs')[0][3] == 1, 10, 'its window to be counted')

    def test_a_broken_connection_to_the_compositor_is_made_anew(self):
        require_ordinary_user()
        sway = Sway().start()
        self.addCleanup(sway.stop)
        self.session = session = Session(sway)
        self.addCleanup(session.stop)
        session.start()
        relay = Relay(session.place.runtime, session.display)
        self.addCleanup(relay.stop)
        session.display = relay.name
        vm = session.create('Work', AutoStop='0')
        vm.launch(argv=['foot']).wait(BOOT)
        before = session.proxy_pids()
        relay.cut()
        wait_for(lambda: session.proxy_pids() and session.proxy_pids() != before, 20, 'another proxy')
        sway.wait_view(app_id='io.github.bulkhead.work.foot', timeout=30)
        wait_for(lambda: vm.get('Programs')[0][3] == 1, 10, 'its window to be counted')
        self.assertEqual(vm.state, 'running')
        relay.die()
        wait_for(lambda: 'without windows: The desktop is gone' in vm.log(), 10, 'the service to notice')
        self.assertEqual(session.proxy_pids(), [])
        self.assertEqual(vm.state, 'running')


class LostBus(TestCase):
    def test_a_session_bus_that_ends_stops_everything(self):
        require_ordinary_user()
        sway = Sway().start()
        self.addCleanup(sway.stop)
        session = Session(sway)
        self.addCleanup(session.stop)
        session.start()
        session.create('Work').start().wait(BOOT)
        session.bus_daemon.terminate()
        self.assertEqual(session.service.wait(30), 0)
        wait_for(lambda: not session.qemu_pids() and not session.proxy_pids(), 10,
                 'the end of every QEMU and proxy')


if __name__ == '__main__':
    main()
