# SPDX-License-Identifier: GPL-3.0-or-later
"""Frozen guests: made behind a boot, thawed by the next start; one for all, and nothing of anybody
in it; whatever is wrong with it, the AppVM boots."""

import base64
import errno
import fcntl
import hashlib
import mmap
import os
import re
import shutil
import signal
import subprocess
import time

from frozen import (BOOT, MARKER, MEMORY, PRIVATE_MIB, FrozenCase, anonymous_mib, command_line, copy_folder, digest,
                    open_ram, page_sum)
from harness import main, wait_for
from harness.session import DBusError, JobFailed


class Thawing(FrozenCase):
    def test_the_first_start_boots_and_the_next_is_thawed(self):
        self.assertIn('created', self.ground.first_names)
        self.assertIn('not thawed: there is no frozen guest yet', self.ground.first_log)
        job = self.start_thawed(self.vm)
        names = self.names(job)
        self.assertEqual(names[:5], ['call', 'kernel', 'initramfs', 'template', 'domain'])
        # The window gate comes up while the guest does.
        self.assertEqual(sorted(names[5:]), ['channel', 'configured', 'hello', 'thawed'])
        self.assertEqual(names[-1], 'configured')
        self.assertRegex(self.vm.log().splitlines()[-1], 'thawed, kernel')
        frozen = self.frozen()
        self.assertEqual(len(frozen), 1)
        self.assertEqual(frozen[0]['memory'], int(MEMORY) << 20)
        self.assertTrue(frozen[0]['in-memory'])
        self.assertGreater(frozen[0]['size'], 20 << 20)
        self.assertLess(frozen[0]['size'], 200 << 20)

    def test_a_thawed_appvm_shows_windows(self):
        job = self.vm.launch(app='foot.desktop')
        job.wait(BOOT)
        self.assertIn('thawed', self.names(job))
        self.sway.wait_view(app_id='io.github.bulkhead', timeout=20)

    def test_two_at_once_differ_and_know_the_time(self):
        jobs = [self.vm.start(), self.other.start()]
        for job in jobs:
            job.wait(BOOT)
            self.assertIn('thawed', self.names(job))
        script = ('cat /proc/sys/kernel/random/boot_id /etc/machine-id; hostname;'
                  ' head -c 24 /dev/urandom | od -An -tx1 -w24')
        one, two = [self.output(vm, script).split('\n')[:4] for vm in (self.vm, self.other)]
        self.assertEqual(len(one), 4)
        for mine, its in zip(one, two):
            self.assertTrue(mine)
            self.assertNotEqual(mine, its)
        for vm in (self.vm, self.other):
            before = time.time()
            there = float(self.output(vm, 'date +%s.%N'))
            self.assertGreater(there, before - 1)
            self.assertLess(there, time.time() + 1)

    def test_private_memory(self):
        self.start_thawed(self.vm)
        private = anonymous_mib(self.qemu_of(self.vm))
        print(f'private memory of a thawed AppVM: {private:.0f} MiB', flush=True)
        self.assertLess(private, PRIVATE_MIB)

    def test_settings_that_no_frozen_guest_serves(self):
        for settings, why in (({'Thaw': 'false'}, 'its settings say so'),
                              ({'Memory': '336'}, 'no frozen guest yet')):
            with self.subTest(settings):
                # Not made again and again: this one is only to be looked for.
                self.other.set(**settings)
                self.addCleanup(self.other.set, Thaw='true', Memory=MEMORY)
                job = self.other.start()
                job.wait(BOOT)
                self.assertIn('created', self.names(job))
                self.assertIn(why, self.other.log())
                self.other.stop(force=True).wait(30)
                self.other.set(Thaw='true', Memory=MEMORY)

    def test_debugging_boots(self):
        job = self.vm.start(debug=True)
        job.wait(BOOT)
        self.assertIn('created', self.names(job))


class Ahead(FrozenCase):
    """One guest waits, thawed; whoever starts next is that one."""

    GROUP = 'ahead'
    READY_AHEAD = 1

    @classmethod
    def tearDownClass(cls):
        cls.session.stop_service()  # with the one that waits

    def waiting(self):
        """The QEMU of the one that waits."""
        wait_for(self.spare_pids, BOOT, 'its QEMU')
        wait_for(lambda: self.session.manager.get('ReadyAheadNow') == 1, BOOT, 'one to wait')
        return wait_for(self.spare_pids, 20, 'its QEMU')[0]

    def spare_pids(self):
        return [pid for pid in self.session.qemu_pids()
                if b'guest=bulkhead-pool_' in command_line(pid) and pid not in self.taken()]

    def taken(self):
        return [self.qemu_of(vm) for vm in (self.vm, self.other) if vm.state == 'running']

    def start_ahead(self, vm):
        job = vm.start()
        job.wait(BOOT)
        self.assertIn('pool', self.names(job))
        self.assertNotIn('thawed', self.names(job))
        return job

    def test_it_becomes_the_next_appvm_and_another_one_waits(self):
        first = self.waiting()
        vms = [path for path in self.session.objects() if '/vm/' in path]
        self.assertEqual(len(vms), 2)  # it is none
        self.assertEqual([vm.state for vm in (self.vm, self.other)], ['stopped', 'stopped'])
        self.start_ahead(self.vm)
        self.assertEqual(self.qemu_of(self.vm), first)
        second = self.waiting()
        self.assertNotEqual(second, first)
        self.start_ahead(self.other)
        self.assertEqual(self.qemu_of(self.other), second)
        script = ('cat /proc/sys/kernel/random/boot_id /etc/machine-id; hostname;'
                  ' head -c 24 /dev/urandom | od -An -tx1 -w24')
        one, two = [self.output(vm, script).split('\n')[:4] for vm in (self.vm, self.other)]
        for mine, its in zip(one, two):
            self.assertTrue(mine)
            self.assertNotEqual(mine, its)
        self.assertRegex(self.vm.log(), 'thawed ahead')
        before = time.time()
        there = float(self.output(self.vm, 'date +%s.%N'))
        self.assertGreater(there, before - 1)
        self.assertLess(there, time.time() + 1)

    def test_what_waits_long_is_warm_and_paused_and_starts_all_the_same(self):
        pid = self.waiting()
        name = re.search(rb'guest=(bulkhead-pool_\w+)', command_line(pid)).group(1).decode()
        wait_for(lambda: re.search(name + r'\s+paused', self.domains()), BOOT, 'it to be paused')
        private = anonymous_mib(pid)
        print(f'private memory of one that waits: {private:.0f} MiB', flush=True)
        self.assertLess(private, PRIVATE_MIB + 32)
        self.start_ahead(self.vm)
        self.assertEqual(self.qemu_of(self.vm), pid)
        # The next one that waits may be paused by now.
        self.assertRegex(self.domains(), name + r'\s+running')
        self.output(self.vm, 'ls /usr/bin >/dev/null')
        there = float(self.output(self.vm, 'date +%s.%N'))
        self.assertLess(abs(there - time.time()), 30)

    def domains(self):
        return subprocess.run(['virsh', '-c', 'qemu:///session', 'list'], env=self.session.env,
                              stdout=subprocess.PIPE, text=True, timeout=60, check=False).stdout

    def test_settings_it_cannot_serve(self):
        self.waiting()
        self.other.set(Thaw='false')
        self.addCleanup(self.other.set, Thaw='true')
        job = self.other.start()
        job.wait(BOOT)
        self.assertIn('created', self.names(job))

    def test_how_many(self):
        pid = self.waiting()
        with self.assertRaises(DBusError) as caught:
            self.session.manager.call('SetReadyAhead', '(u)', 3)
        self.assertEqual(caught.exception.name, 'InvalidArgument')
        self.assertEqual(self.session.manager.get('ReadyAhead'), 1)
        self.assertTrue(os.path.exists(f'/proc/{pid}'))
        self.addCleanup(self.session.manager.call, 'SetReadyAhead', '(u)', 1)
        self.session.manager.call('SetReadyAhead', '(u)', 0)
        wait_for(lambda: self.session.qemu_pids() == [], 30, 'its end')
        self.assertEqual(self.session.manager.get('ReadyAheadNow'), 0)
        self.session.stop_service()
        self.session.start_service()
        self.assertEqual(self.session.manager.get('ReadyAhead'), 0)

    def test_a_killed_service_loses_what_waits_and_nothing_else(self):
        self.waiting()
        self.start_ahead(self.vm)
        mine = self.qemu_of(self.vm)
        waiting = self.waiting()
        self.session.kill_service()
        self.session.start_service(extra_env={'BULKHEAD_FREEZE_DELAY': '-1'})
        wait_for(lambda: self.session.qemu_pids() == [mine], 30, 'the end of what waited')
        wait_for(lambda: not os.path.exists(f'/proc/{waiting}'), 30, 'its process to go')
        self.vm.wait_state('running', 30)
        wait_for(lambda: 'found running' in self.vm.log(), 30, 'it to be found')
        wait_for(lambda: self.runs_programs(self.vm), 60, 'programs')
        self.vm.stop().wait(60)
        wait_for(lambda: os.listdir(os.path.join(self.session.place.runtime, 'bulkhead')) == [],
                 20, 'its folder to go')
        self.session.stop_service()
        self.session.start_service()

    def runs_programs(self, vm):
        try:
            return self.output(vm, 'echo yes').strip() == 'yes'
        except JobFailed:
            return False

    def test_the_service_ends(self):
        self.waiting()
        self.assertEqual(self.session.stop_service(), 0)
        self.assertEqual(self.session.qemu_pids(), [])
        # The next one gets it back from the disk, and has one waiting, before anybody asks.
        self.session.start_service()
        self.waiting()
        self.assertTrue(self.frozen()[0]['in-memory'])
        self.start_ahead(self.vm)

    def test_one_that_dies_is_replaced(self):
        pid = self.waiting()
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: self.spare_pids() not in ([], [pid]), BOOT, 'another one')
        self.assertNotEqual(self.waiting(), pid)
        self.start_ahead(self.vm)


class Siblings(FrozenCase):
    """No guest can change what another has, nor see it; test-hostile.py has one that tries with all its might."""

    def test_nobody_can_change_the_frozen_memory(self):
        self.start_thawed(self.vm)
        for pid in (self.qemu_of(self.vm), self.session.service.pid):
            fd = open_ram(pid, os.O_RDWR)
            self.addCleanup(os.close, fd)
            with self.assertRaises(OSError) as caught:
                os.pwrite(fd, b'x', 0)
            self.assertEqual(caught.exception.errno, errno.EPERM)
            with self.assertRaises(OSError) as caught:
                os.ftruncate(fd, 0)
            self.assertEqual(caught.exception.errno, errno.EPERM)
            with self.assertRaises(OSError):
                mmap.mmap(fd, 4096, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
            # What QEMU does when a guest gives memory back.
            with self.assertRaises(OSError) as caught:
                punch_hole(fd, 0, 4096)
            self.assertEqual(caught.exception.errno, errno.EPERM)
            self.assertTrue(fcntl.fcntl(fd, 1034) & 1)  # F_GET_SEALS, F_SEAL_SEAL

    def test_without_the_seal_it_could_be_changed(self):
        # What the test above tries does harm to memory that is not sealed: it would be noticed.
        fd = os.memfd_create('bulkhead-ram-unsealed', os.MFD_ALLOW_SEALING)
        self.addCleanup(os.close, fd)
        os.ftruncate(fd, 1 << 20)
        os.pwrite(fd, b'frozen' * 1000, 0)
        before = digest(fd)
        punch_hole(fd, 0, 4096)
        self.assertNotEqual(digest(fd), before)
        before = digest(fd)
        os.pwrite(fd, b'x', 5000)
        self.assertNotEqual(digest(fd), before)

    def test_nothing_of_an_appvm_is_in_it(self):
        for vm in (self.vm, self.other):
            self.start_thawed(vm)
            self.output(vm, f'echo {MARKER} >$HOME/{MARKER}; cat $HOME/{MARKER}')
        with open(os.path.join(self.folder(), 'ram'), 'rb') as file:
            on_disk = file.read()
        fd = open_ram(self.session.service.pid)
        with open(fd, 'rb') as file:
            in_memory = file.read()
        self.assertEqual(hashlib.sha256(on_disk).digest(), hashlib.sha256(in_memory).digest())
        self.assertIn(b'bulkhead-guest', in_memory)  # the search finds what is there
        for marker in (MARKER, MARKER.lower(), MARKER.encode('utf-16-le').decode('latin-1')):
            self.assertNotIn(marker.encode('latin-1'), in_memory)

    def test_nothing_of_one_is_in_another(self):
        said = []
        for vm, host in ((self.vm, 'one'), (self.other, 'two'), (self.vm, 'one')):
            self.start_thawed(vm)
            own = [f'Jx5{kind}{len(said)}Word' for kind in ('Home', 'Clip', 'Argument')]
            self.output(vm, f'echo {own[0]} >$HOME/{own[0]}; sleep 1000 {own[2]} & cat $HOME/{own[0]}')
            self.copies(vm, own[1])
            said.append((own, f'{MARKER}-{host}'.lower()))
            if len(said) == 1:
                vm.stop(force=True).wait(30)
        for vm, now in ((self.vm, 2), (self.other, 1)):
            memory = self.memory_of(vm)
            for turn, (words, host) in enumerate(said):
                for word in words:
                    # Where it is its own the search finds it; not even an earlier run's.
                    self.assertEqual(word.encode() in memory, turn == now, word)
                self.assertEqual(host.encode() in memory, host == said[now][1], host)

    def copies(self, vm, text):
        """A terminal's escape sequence puts it into the AppVM's clipboard, where another program finds it."""
        coded = base64.b64encode(text.encode()).decode()
        job = vm.launch(argv=['foot', '-e', 'sh', '-c', f'while :; do printf "\\033]52;c;{coded}\\a"; sleep 0.2; done'])
        job.wait(BOOT)
        # Not before its window has the keyboard.
        self.sway.wait_view(title=vm.get('Name'), timeout=30)
        time.sleep(1)

    def memory_of(self, vm):
        path = self.session.place.path('memory')
        subprocess.run(['virsh', '-c', 'qemu:///session', 'dump', '--memory-only', '--live',
                        'bulkhead-' + vm.get('Id'), path], env=self.session.env,
                       stdout=subprocess.DEVNULL, timeout=120, check=True)
        with open(path, 'rb') as file:
            os.unlink(path)
            return file.read()


class Damage(FrozenCase):
    """Whatever is wrong with a frozen guest, the AppVM boots, and it is thrown away."""

    def setUp(self):
        super().setUp()
        if not hasattr(type(self), 'copy'):
            type(self).copy = self.session.place.path('copy')
            copy_folder(self.folder(), self.copy)
            type(self).where = self.folder()
        self.session.stop_service()
        shutil.rmtree(self.where, ignore_errors=True)
        copy_folder(self.copy, self.where)

    @classmethod
    def tearDownClass(cls):
        cls.session.stop_service()
        shutil.rmtree(cls.where, ignore_errors=True)
        copy_folder(cls.copy, cls.where)

    def begin(self):
        """Another service: it reads from the disk, and makes none."""
        self.session.start_service(extra_env={'BULKHEAD_FREEZE_DELAY': '-1'})

    def change(self, name, at):
        with open(os.path.join(self.where, name), 'r+b') as file:
            file.seek(at)
            byte = file.read(1)
            file.seek(at)
            file.write(bytes([byte[0] ^ 1]))

    def boots(self, why):
        self.begin()
        job = self.vm.start()
        job.wait(BOOT)
        names = self.names(job)
        self.assertIn('created', names)
        self.assertEqual(names[-1], 'configured')
        self.assertRegex(self.vm.log(), why)
        self.assertIsNone(self.folder())
        self.assertEqual(len(self.session.qemu_pids()), 1)
        self.output(self.vm, 'true')

    def test_undamaged_it_is_read_from_the_disk(self):
        self.begin()
        self.assertFalse(self.frozen()[0]['in-memory'])
        self.start_thawed(self.vm)
        self.assertTrue(self.frozen()[0]['in-memory'])

    def test_flipped_memory(self):
        with open(os.path.join(self.where, 'ram'), 'rb') as file:
            at = os.lseek(file.fileno(), 16 << 20, os.SEEK_DATA)
        self.change('ram', at)
        self.boots('ram is damaged')

    def test_truncated_memory(self):
        os.truncate(os.path.join(self.where, 'ram'), 1 << 20)
        self.boots('ram has the wrong size')

    def test_missing_state(self):
        os.unlink(os.path.join(self.where, 'state'))
        self.boots('Cannot read')

    def test_state_that_qemu_refuses(self):
        # As if all were well: only QEMU can find out.
        path = os.path.join(self.where, 'state')
        with open(path, 'r+b') as file:
            data = bytearray(file.read())
            data[4:8] = b'\0\0\0\x7f'  # another version of the stream
            file.seek(0)
            file.write(data)
        meta = os.path.join(self.where, 'meta')
        with open(meta, encoding='utf-8') as file:
            text = file.read()
        with open(meta, 'w', encoding='utf-8') as file:
            file.write(re.sub(r'StateSum=\d+', f'StateSum={page_sum(bytes(data))}', text))
        self.boots('not thawed, booting instead')

    def test_memory_of_another_guest(self):
        # A guest that cannot answer: its memory is empty, and well summed up.
        path = os.path.join(self.where, 'ram')
        size = os.path.getsize(path)
        with open(path, 'wb') as file:
            file.truncate(size)
        meta = os.path.join(self.where, 'meta')
        with open(meta, encoding='utf-8') as file:
            text = file.read()
        with open(meta, 'w', encoding='utf-8') as file:
            file.write(re.sub(r'RamSum=\d+', 'RamSum=0', text))
        self.boots('not thawed, booting instead')


def punch_hole(fd, offset, length):
    """fallocate (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)"""
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.fallocate(fd, 3, ctypes.c_long(offset), ctypes.c_long(length)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == '__main__':
    main()
