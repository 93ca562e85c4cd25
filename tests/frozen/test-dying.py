# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever dies or hangs while a guest is frozen or thawed, at each step: the AppVM boots, or the next start does as
if nothing had been; nothing is left."""

import os
import shutil
import signal
import time

from frozen import BOOT, FrozenCase, copy_folder, frozen_pids
from harness import build_path, main, wait_for
from harness.session import DBusError, JobFailed

STEPS = ('Booting a guest to freeze', 'Freezing it', 'Trying to thaw it', 'Keeping it on the disk')
THAWING = ('appears', 'thawed')
QUIET = {'BULKHEAD_FREEZE_DELAY': '-1'}  # makes none by itself


class DyingCase(FrozenCase):
    GROUP = 'dying'

    @staticmethod
    def prepare(session):
        """A window gate that waits in front of a gate of ours: while it is shut no guest gets configured."""
        os.makedirs(session.libexec)
        path = os.path.join(session.libexec, 'bulkhead-proxy')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(f'#!/bin/sh\nwhile [ -e {session.place.path("shut")} ]; do sleep 0.02; done\n'
                       f'exec {build_path("src", "proxy", "bulkhead-proxy")} "$@"\n')
        os.chmod(path, 0o755)

    def kill_libvirt(self):
        path = os.path.join(self.session.place.runtime, 'libvirt', 'libvirtd.pid')
        with open(path, encoding='ascii') as file:
            pid = int(file.read())
        os.kill(pid, signal.SIGKILL)
        if pid == self.session.libvirtd.pid:
            self.session.libvirtd.wait()


class Thawing(DyingCase):
    """Each test finds a frozen guest that is good."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.where, cls.copy = cls.folder(), cls.session.place.path('copy')
        copy_folder(cls.where, cls.copy)

    def setUp(self):
        super().setUp()
        self.addCleanup(self.open)

    def fresh(self):
        self.open()
        self.stop_all()
        self.session.stop_service()
        if not self.folder():
            copy_folder(self.copy, self.where)
        self.session.start_service(extra_env=QUIET)
        self.assertEqual(len(self.frozen()), 1)

    def open(self):
        if os.path.exists(self.session.place.path('shut')):
            os.unlink(self.session.place.path('shut'))

    def begin(self, step):
        """A start that is at a step of being thawed, and cannot get to its end. Returns its job and QEMU."""
        self.fresh()
        with open(self.session.place.path('shut'), 'w', encoding='ascii'):
            pass
        job = self.vm.start()
        pid = wait_for(self.session.qemu_pids, 60, 'QEMU')[0]
        if step == 'thawed':
            wait_for(lambda: 'thawed' in self.names(job), 60, 'it to be thawed')
        self.assertNotIn('configured', self.names(job))
        return job, pid

    def boots_after(self, signal_number):
        for step in THAWING:
            with self.subTest(step):
                job, pid = self.begin(step)
                os.kill(pid, signal_number)
                self.open()
                job.wait(BOOT)
                self.assertIn('created', self.names(job))
                self.assertEqual(self.names(job)[-1], 'configured')
                self.output(self.vm, 'true')
                self.assertEqual(len(self.session.qemu_pids()), 1)
                self.assertNotIn(pid, self.session.qemu_pids())
                self.assertIsNone(self.folder())

    def test_a_qemu_that_dies(self):
        self.boots_after(signal.SIGKILL)

    def test_a_qemu_that_hangs(self):
        self.boots_after(signal.SIGSTOP)

    def test_a_killed_service(self):
        for step in THAWING:
            with self.subTest(step):
                self.begin(step)
                self.session.kill_service()
                self.open()
                self.session.start_service(extra_env=QUIET)
                # Ended as unfinished, or found running: never something in between.
                wait_for(lambda: self.vm.state in ('running', 'stopped'), 60, 'a state')
                self.vm.stop(force=True).wait(60)
                wait_for(lambda: self.session.qemu_pids() == [], 60, 'the end of QEMU')
                self.start_thawed(self.vm)
                self.output(self.vm, 'true')

    def test_a_killed_libvirt_daemon(self):
        for step in THAWING:
            with self.subTest(step):
                job, _pid = self.begin(step)
                self.kill_libvirt()
                self.open()
                try:
                    job.wait(BOOT)
                except JobFailed as error:
                    self.assertIn(error.name, ('NoHypervisor', 'BootFailed', 'Failed'))
                # The service has libvirt start another one.
                self.vm.stop(force=True).wait(60)
                wait_for(lambda: self.vm.state in ('stopped', 'failed'), 60, 'its end')
                self.vm.start().wait(BOOT)
                self.output(self.vm, 'true')
                self.assertEqual(len(self.session.qemu_pids()), 1)

    def test_another_kernel(self):
        # As after an upgrade: the same file, but a younger one.
        self.fresh()
        folder = self.session.place.path('kernels')
        os.makedirs(folder)
        for name in os.listdir('/boot'):
            if name.startswith(('vmlinuz-', 'config-', 'System.map-')):
                shutil.copy(os.path.join('/boot', name), folder)
        self.session.stop_service()
        self.session.start_service(extra_env={**QUIET, 'BULKHEAD_KERNEL_DIR': folder})
        job = self.vm.start()
        job.wait(BOOT)
        self.assertIn('created', self.names(job))
        self.assertIn('no frozen guest yet', self.vm.log())
        self.vm.stop(force=True).wait(60)


class Making(DyingCase):
    """A service that is to keep one guest ready makes a frozen one for it as soon as it has started."""

    FREEZE = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not cls.vm.log():  # what the AppVM used last is like decides what is made
            cls.vm.start().wait(BOOT)
            cls.vm.stop(force=True).wait(60)
        cls.session.manager.call('SetReadyAhead', '(u)', 1)
        cls.addClassCleanup(cls.session.stop_service)

    def begin(self):
        """The first moments of making one."""
        self.session.stop_service()
        top = os.path.join(self.session.env['XDG_CACHE_HOME'], 'bulkhead', 'frozen')
        shutil.rmtree(top, ignore_errors=True)
        self.session.start_service()

    def wait_step(self, step):
        """Until it is made as far as that. Steps are short, and this computer may be busy."""
        deadline = time.monotonic() + BOOT
        while (now := self.session.manager.get('FreezeStep')) not in STEPS[STEPS.index(step):]:
            self.assertLess(time.monotonic(), deadline, f'not at “{step}”, but at “{now}”')
            time.sleep(0.002)
        if now != step:
            print(f'“{step}” was over: at “{now}”', flush=True)

    def nothing_left(self):
        wait_for(lambda: not frozen_pids(self.session), 30, 'the end of its QEMU')
        runtime = os.path.join(self.session.place.runtime, 'bulkhead')
        wait_for(lambda: not os.path.isdir(runtime)
                 or not [name for name in os.listdir(runtime) if name.startswith('frozen_')],
                 10, 'the end of its folder')
        top = os.path.join(self.session.env['XDG_CACHE_HOME'], 'bulkhead', 'frozen')
        self.assertEqual([name for name in os.listdir(top) if '.new-' in name]
                         if os.path.isdir(top) else [], [])

    def test_a_service_that_is_killed(self):
        for step in STEPS:
            with self.subTest(step):
                self.begin()
                self.wait_step(step)
                self.session.kill_service()
                self.session.start_service(extra_env=QUIET)
                self.nothing_left()

    def test_a_service_that_ends(self):
        self.begin()
        self.wait_step(STEPS[0])
        self.assertEqual(self.session.stop_service(), 0)
        self.assertEqual(self.session.qemu_pids(), [])
        self.session.start_service(extra_env=QUIET)
        self.nothing_left()

    def test_qemu_and_libvirt_that_are_killed(self):
        def kill_qemu():
            os.kill(wait_for(lambda: frozen_pids(self.session), 30, 'its QEMU')[0], signal.SIGKILL)
        for first, then in ((kill_qemu, self.kill_libvirt), (self.kill_libvirt, kill_qemu)):
            # Tried again once; then no more by this service.
            self.begin()
            self.wait_step(STEPS[0])
            wait_for(lambda: frozen_pids(self.session), 30, 'its QEMU')
            first()
            self.wait_step(STEPS[2])
            then()
            wait_for(lambda: self.session.manager.get('FreezeStep') == '', BOOT, 'it to be given up')
            self.nothing_left()
            self.assertEqual(self.frozen(), [])
        # The next one has it, and it is good.
        self.begin()
        wait_for(self.frozen, BOOT, 'a frozen guest')
        self.session.manager.call('SetReadyAhead', '(u)', 0)
        self.addCleanup(self.session.manager.call, 'SetReadyAhead', '(u)', 1)
        self.nothing_left()
        self.removed()

    def removed(self):
        key = self.frozen()[0]['key']
        self.start_thawed(self.other)
        with self.assertRaises(DBusError) as caught:
            self.session.manager.call('RemoveFrozen', '(s)', 'no such')
        self.assertEqual(caught.exception.name, 'NotFound')
        self.session.manager.call('RemoveFrozen', '(s)', key)
        self.assertEqual(self.frozen(), [])
        self.assertIsNone(self.folder())
        self.output(self.other, 'ls /usr/bin >/dev/null')  # it goes on


if __name__ == '__main__':
    main()
