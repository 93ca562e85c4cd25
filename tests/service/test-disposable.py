# SPDX-License-Identifier: GPL-3.0-or-later
"""Disposables of a real AppVM: several at once, and nothing of them is left."""

import json
import os
import re
import signal
import subprocess

from harness import TestCase, Timeout, build_path, main, require_ordinary_user, wait_for
from harness.session import DBusError, JobFailed, Session, Vm
from harness.sway import Sway

BOOT = 120  # seconds; emulated, on a busy computer
BLUE = (0x1c, 0x71, 0xd8)


class Disposable(TestCase):
    """One session; each test finds and leaves "Work", stopped, and no disposable."""

    @classmethod
    def setUpClass(cls):
        require_ordinary_user()
        cls.sway = Sway().start()
        cls.addClassCleanup(cls.sway.stop)
        cls.session = Session(cls.sway)
        cls.addClassCleanup(cls.session.stop)
        cls.session.start()
        cls.work = cls.session.create('Work', Color='#1c71d8', AutoStop='0', Launchers='false')

    def setUp(self):
        self.before = self.files()

    def tearDown(self):
        if self.failed():
            self.session.keep_evidence(self)
            for vm in self.disposables().values():
                vm.stop(force=True)
        wait_for(lambda: not self.disposables(), 30, 'the end of every disposable')
        self.assertNotIn('CRITICAL **', '\n'.join(
            line for line in self.session.read_service_log().splitlines() if 'bulkhead-service:' in line))

    # What there is

    def files(self):
        """Every file of this user, but what is cached for all AppVMs."""
        env, found = self.session.env, set()
        tops = [env[name] for name in ('HOME', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME', 'XDG_DATA_HOME', 'XDG_RUNTIME_DIR')]
        for top in tops:
            for folder, _, names in os.walk(top):
                found.update(os.path.join(folder, name) for name in names)
        logs = os.path.join(env['XDG_CACHE_HOME'], 'libvirt', 'qemu', 'log')  # other tests' too
        return found | {os.path.join(logs, name) for name in os.listdir(logs) if 'work--' in name}

    def left(self):
        """Names of files and processes that are about a disposable."""
        about = re.compile(r'work--\d+|Work \(\d+\)')
        words = []
        for name in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open(f'/proc/{name}/cmdline', 'rb') as file:
                    line = file.read().replace(b'\0', b' ').decode(errors='replace')
            except OSError:
                continue
            if self.session.place.root in line and about.search(line):
                words.append(line)
        return words + sorted(path for path in self.files() - self.before)

    def nothing_left(self, timeout=30):
        wait_for(lambda: not self.disposables(), timeout, 'the end of every disposable')
        wait_for(lambda: not self.session.qemu_pids() and not self.session.proxy_pids(), 15,
                 'the end of every QEMU and proxy')
        try:
            wait_for(lambda: not self.left(), 10)
        except Timeout:
            self.assertEqual(self.left(), [])
        domains = subprocess.run(['virsh', '-c', 'qemu:///session', 'list', '--all', '--name'], env=self.session.env,
                                 capture_output=True, text=True, check=True).stdout.split()
        self.assertEqual(domains, [])

    def disposables(self):
        """Name → AppVM."""
        return {interfaces['io.github.bulkhead.Vm1']['Name']: Vm(self.session, path)
                for path, interfaces in self.session.objects().items()
                if interfaces.get('io.github.bulkhead.Vm1', {}).get('DisposableOf')}

    def run_in(self, script, vm=None, **options):
        """A command without a window that is waited for: its job, and its AppVM."""
        job = (vm or self.work).launch(argv=['sh', '-c', script], wait=True, disposable=True, **options)
        return job, Vm(self.session, job.get('Result')['vm'])

    def close(self, title):
        node = self.sway.wait_view(title=title, timeout=30)
        self.sway.msg(f'[con_id={node["id"]}] kill')

    # Tests

    def test_nothing_of_it_survives(self):
        job, vm = self.run_in('hostname; touch ~/marker /tmp/marker /var/tmp/marker; ls ~/marker /tmp/marker | wc -l; '
                              'setsid sleep 4321 >/dev/null 2>&1 & sleep 0.2; pgrep -xc sleep')
        self.assertEqual(vm.get('DisposableOf'), 'work')
        self.assertEqual(bytes(job.wait(BOOT)['tail']).decode().split(), ['work--1', '2', '1'])
        self.nothing_left()
        job, _ = self.run_in('ls ~/marker /tmp/marker /var/tmp/marker 2>/dev/null; pgrep -xc sleep')
        self.assertEqual(bytes(job.wait(BOOT)['tail']), b'0\n')
        self.nothing_left()
        self.assertEqual(self.work.state, 'stopped')

    def test_ten_at_once(self):
        jobs = [self.run_in('sleep 1000') for _ in range(10)]
        wait_for(lambda: all(vm.state == 'running' for _, vm in jobs), BOOT, 'ten that run')
        self.assertEqual(len(set(self.session.qemu_pids())), 10)
        vms = self.disposables()
        self.assertEqual(set(vms), {f'Work ({n})' for n in range(1, 11)})
        self.assertEqual({vm.get('Color') for vm in vms.values()}, {'#1c71d8'})
        # A number is free when its disposable has ended.
        vms['Work (3)'].stop(force=True).wait(60)
        wait_for(lambda: 'Work (3)' not in self.disposables(), 10, 'the end of the third')
        _, again = self.run_in('sleep 1000')
        self.assertEqual(again.get('Name'), 'Work (3)')
        with self.assertRaises(DBusError) as caught:
            self.work.delete()
        self.assertEqual(caught.exception.name, 'Busy')
        self.session.manager.call('StopAll', timeout=120)
        self.nothing_left()

    def test_closing_the_last_window_ends_it(self):
        result = self.work.launch(argv=['foot', '-e', 'sleep', '1000'], disposable=True).wait(BOOT)
        vm = Vm(self.session, result['vm'])
        node = self.sway.wait_view(title='Work (1): ')
        self.assertEqual(self.sway.screenshot(node['rect']).getpixel((1, node['rect']['height'] // 2)), BLUE)
        # What is asked of the disposable itself runs in it, and it stays while that has a window.
        second = vm.launch(argv=['foot', '-T', 'second', '-e', 'sleep', '1000']).wait(BOOT)
        self.assertEqual(second['vm'], result['vm'])
        self.close('Work (1): second')
        self.sway.wait_no_view(title='Work (1): second')
        wait_for(lambda: len(vm.get('Programs')) == 1, 30, 'the end of the second program')
        self.assertEqual(vm.state, 'running')
        # A program that goes on without a window does not keep it.
        vm.launch(argv=['sh', '-c', 'foot -T third -e sleep 1000; sleep 1000']).wait(BOOT)
        self.close('Work (1): third')
        self.sway.wait_no_view(title='Work (1): third')
        self.assertEqual(len(vm.get('Programs')), 2)
        self.close('Work (1): ')
        self.nothing_left()

    def test_a_program_that_does_not_start_leaves_none(self):
        with self.assertRaises(JobFailed) as caught:
            self.work.launch(argv=['no-such-program'], disposable=True).wait(BOOT)
        self.assertEqual(caught.exception.name, 'ProgramNotFound')
        self.nothing_left()

    def open_in(self, script):
        """A file with a window-less command in a disposable: its job."""
        path = self.session.place.path('a note.txt')
        with open(path, 'w', encoding='ascii') as file:
            file.write('what is in it')
        with open(path, 'rb') as file:
            job = self.work.open_files([(file.fileno(), 'a note.txt')], argv=['sh', '-c', script, 'sh'], disposable=True, wait=True)
        self.before = self.before | {path}
        return job

    def test_what_it_opened_is_not_left(self):
        """Nor what it made of the room it has for that: locked folders, and more of them than a path can name."""
        job = self.open_in('cat "$1"; cd ~/Inbox && mkdir locked && touch locked/x && chmod 0 locked && '
                           'for i in $(seq 40); do mkdir -p d/d/d/d && cd d/d/d/d || exit; done; touch end; exit 0')
        self.assertEqual(bytes(job.wait(BOOT)['tail']), b'what is in it')
        self.assertEqual(job.get('Result')['vm'], '/io/github/bulkhead/vm/work__1')
        self.nothing_left()
        folder = os.path.join(self.session.env['XDG_DATA_HOME'], 'bulkhead', 'disposables')
        wait_for(lambda: not os.listdir(folder), 20, 'the folder of the disposable to go')

    def test_killing_everything_leaves_nothing(self):
        folder = os.path.join(self.session.env['XDG_DATA_HOME'], 'bulkhead', 'disposables')
        self.open_in('sleep 1000')
        wait_for(lambda: os.path.isdir(folder) and os.listdir(folder) == ['work--1'] and os.listdir(folder + '/work--1'), BOOT, 'its copy')
        vms = [self.run_in('sleep 1000')[1]]
        wait_for(lambda: all(vm.state == 'running' for vm in vms), BOOT, 'two that run')
        self.assertTrue(os.listdir(folder + '/work--1'))
        self.session.kill_service()
        self.session.libvirtd.kill()
        self.session.virtlogd.kill()
        for pid in self.session.qemu_pids() + self.session.proxy_pids():
            os.kill(pid, signal.SIGKILL)
        self.session.libvirtd.wait()
        self.session.virtlogd.wait()
        wait_for(lambda: not self.session.qemu_pids(), 20, 'the end of every QEMU')
        self.assertTrue(self.left())
        for name in 'virtlogd', 'libvirt':
            os.unlink(os.path.join(self.session.place.runtime, 'libvirt', name + '-sock'))
        self.session.start_libvirt()
        self.session.start_service()
        self.nothing_left()
        self.assertEqual(os.listdir(folder), [])
        self.assertEqual(self.work.get('Problems'), [])

    def test_it_goes_on_when_the_service_is_started_anew(self):
        result = self.work.launch(argv=['foot', '-e', 'sleep', '1000'], disposable=True).wait(BOOT)
        self.session.kill_service()
        self.session.start_service()
        vm = Vm(self.session, result['vm'])
        vm.wait_state('running')
        self.assertEqual((vm.get('Name'), vm.get('DisposableOf')), ('Work (1)', 'work'))
        wait_for(lambda: [windows for *_, windows in vm.get('Programs')] == [1], 30, 'its window')
        self.close('Work (1): ')
        self.nothing_left()

    def test_every_launch_of_a_disposable_one_is_fresh(self):
        self.work.set(Disposable='true', Microphone='true')
        self.addCleanup(self.work.set, Disposable='', Microphone='')
        jobs = [self.work.launch(argv=['sleep', '1000'], wait=True) for _ in range(2)]
        vms = [Vm(self.session, job.get('Result')['vm']) for job in jobs]
        self.assertEqual([vm.get('Name') for vm in vms], ['Work (1)', 'Work (2)'])
        with self.assertRaises(DBusError) as caught:
            self.work.start()
        self.assertEqual(caught.exception.name, 'InvalidArgument')
        for call in (lambda: vms[0].set(Network='internet'), lambda: vms[0].call('OpenInbox'),
                     lambda: self.session.manager.call('DuplicateVm', '(ssa{sv})', 'Work (1)', '', {})):
            with self.assertRaises(DBusError) as caught:
                call()
            self.assertEqual(caught.exception.name, 'InvalidArgument')
            self.assertIn('disposable', caught.exception.message)
        # It follows its definition, name and switches.
        self.work.set(Microphone='false', Name='Play')
        self.addCleanup(self.work.set, Name='Work')
        self.assertEqual((vms[0].get('Name'), vms[0].get('Settings')['Microphone']), ('Play (1)', 'false'))
        wait_for(lambda: all(vm.state == 'running' for vm in vms), BOOT, 'two that run')
        # One asked for in a disposable is not wider than that.
        job = vms[0].launch(argv=['sleep', '1000'], wait=True, disposable=True)
        third = Vm(self.session, job.get('Result')['vm'])
        self.assertEqual((third.get('Name'), third.get('DisposableOf')), ('Play (3)', 'work'))
        self.session.manager.call('StopAll', timeout=120)
        self.nothing_left()

    def test_bulkheadctl(self):
        def control(*words):
            return subprocess.run([build_path('src', 'cli', 'bulkheadctl'), *words], capture_output=True, text=True,
                                  env={**self.session.env, 'LANG': 'C.UTF-8'}, timeout=BOOT)
        done = control('run', '--disposable', '--wait', '--quiet', 'Work', '--', 'sh', '-c', 'hostname; exit 7')
        self.assertEqual((done.returncode, done.stdout), (7, 'work--1\n'), done.stderr)
        self.nothing_left()
        done = control('run', '--disposable', '--json', 'Work', '--', 'foot', '-e', 'sleep', '1000')
        self.assertEqual(json.loads(done.stdout)['vm'], '/io/github/bulkhead/vm/work__1', done.stderr)
        self.assertRegex(control('list').stdout, r'(?s) DISPOSABLE OF\n.*Work \(1\) +running .* work--1 +work\n')
        listed = {vm['name']: vm for vm in json.loads(control('list', '--json').stdout)}
        self.assertEqual((listed['Work']['disposable_of'], listed['Work (1)']['disposable_of']), ('', 'work'))
        self.assertIn('Disposable of: work', re.sub(' +', ' ', control('show', 'Work (1)').stdout))
        refused = control('show', '--file', 'Work (1)')
        self.assertNotEqual(refused.returncode, 0, refused.stdout)
        self.assertIn('disposable', refused.stderr)
        self.assertEqual(control('stop', 'Work (1)').returncode, 0)
        self.nothing_left()
        self.assertNotIn('DISPOSABLE', control('list').stdout)


if __name__ == '__main__':
    main()
