# SPDX-License-Identifier: GPL-3.0-or-later
"""Homes in real guests: what is kept, what is encrypted, and that nothing is lost.

The disks are on a small file system of its own, so that it can be full: the test runs itself again with
that mounted."""

import hashlib
import json
import os
import signal
import struct
import subprocess
import sys
import tempfile

from harness import TestCase, build_path, main, require_ordinary_user, wait_for
from harness.keyring import Keyring
from harness.session import DBusError, JobFailed, Session
from harness.sway import Sway
from gi.repository import GLib

BOOT = 90
SMALL = 'BULKHEAD_TEST_SMALL'
SMALL_MIB = 300
MARKER = b'a-marker-that-nothing-else-has'


class HomeCase(TestCase):
    """One session for all tests of the class."""

    @classmethod
    def setUpClass(cls):
        require_ordinary_user()
        cls.sway = Sway().start()
        cls.addClassCleanup(cls.sway.stop)
        cls.session = Session(cls.sway)
        cls.addClassCleanup(cls.session.stop)
        data = os.path.join(cls.session.env['XDG_DATA_HOME'], 'bulkhead')
        os.makedirs(data)
        cls.homes = os.environ[SMALL]
        os.symlink(cls.homes, os.path.join(data, 'homes'))
        cls.session.start()

    def tearDown(self):
        if self.failed():
            self.session.keep_evidence(self)
        self.assertNotIn('CRITICAL', self.session.read_service_log())

    def create(self, name, **settings):
        return self.session.create(name, AutoStop='0', **{'Home': 'disk', 'HomeSize': '512',
                                                          **settings})

    def remove(self, vm):
        vm.stop(force=True).wait(60)
        vm.delete()

    def sh(self, vm, script, code=0, timeout=BOOT):
        """What the script prints in the guest."""
        result = vm.launch(argv=['sh', '-c', 'exec 2>&1; ' + script], wait=True).wait(timeout)
        output = bytes(result['tail']).decode()
        self.assertEqual(result['code'], code, output)
        return output

    def change(self, vm, action, **options):
        kinds = {str: 's', int: 't'}
        return vm._job('ChangeHome', '(sa{sv})', action,
                       {name: GLib.Variant(kinds[type(value)], value)
                        for name, value in options.items()}).wait(60)

    def refused(self, error_name, function, *args, **kwargs):
        with self.assertRaises((JobFailed, DBusError)) as caught:
            function(*args, **kwargs)
        self.assertEqual(caught.exception.name, error_name, caught.exception)
        return str(caught.exception)

    def path(self, vm):
        return os.path.join(self.homes, vm.get('Id') + '.qcow2')

    def on_disk(self, vm):
        return os.stat(self.path(vm)).st_blocks * 512


class Kept(HomeCase):
    def test_what_was_written_is_there_at_the_next_start(self):
        template = os.path.join(self.session.env['XDG_CONFIG_HOME'], 'bulkhead', 'home-template')
        os.makedirs(os.path.join(template, 'Documents'))
        with open(os.path.join(template, 'Documents', 'first'), 'w') as file:
            file.write('from the template\n')
        os.symlink('Documents/first', os.path.join(template, 'link'))
        vm = self.create('Work')
        self.assertEqual(vm.call('ReadHome'), {'kind': 'disk'})
        self.assertEqual(
            self.sh(vm, 'cd; stat -f -c %T .; stat -c "%U %a" . Documents Documents/first; cat link; '
                        'ls -A; grep -o "user ext4 rw,nosuid,nodev" /proc/mounts; echo one > file'),
            'ext2/ext3\nuser 700\nuser 755\nuser 644\nfrom the template\nDocuments\nlink\n'
            'user ext4 rw,nosuid,nodev\n')
        self.assertIn('running', self.refused('Busy', self.change, vm, 'snapshot', name='first'))
        vm.stop().wait(60)
        # Sparse: what nothing was written to takes no room.
        self.assertLess(self.on_disk(vm), 16 << 20)
        self.change(vm, 'snapshot', name='first')
        self.refused('Exists', self.change, vm, 'snapshot', name='first')
        self.refused('InvalidArgument', self.change, vm, 'snapshot', name='-d')

        # Its power fails in the middle of writing.
        vm.launch(argv=['sh', '-c', 'cd; cat file > two; sync; echo ready > flag; sync; exec foot sh -c '
                        '"i=0; while :; do i=$(((i+1)%8)); head -c 6M /dev/urandom > big$i; sync; done"']).wait(BOOT)
        self.assertEqual(self.sh(vm, 'cat ~/two ~/flag'), 'one\nready\n')
        used = self.on_disk(vm)
        wait_for(lambda: self.on_disk(vm) > used + (4 << 20), 60, 'something on the disk')
        for pid in self.session.qemu_pids():
            os.kill(pid, signal.SIGKILL)
        vm.wait_state('failed')
        self.change(vm, 'grow', size=900)
        self.assertEqual(vm.get('Settings')['HomeSize'], '900')
        self.assertEqual(
            self.sh(vm, 'cat ~/two ~/flag; touch ~/works; df --output=size -m ~ | tail -1 | '
                        '(read s; test $s -gt 800 && echo large); rm ~/big*; sync'),
            'one\nready\nlarge\n')
        vm.stop().wait(60)
        self.refused('InvalidArgument', self.change, vm, 'grow', size=100)
        self.assertIn('snapshots', self.refused('Busy', self.change, vm, 'compact'))

        # Back, and back again.
        self.refused('NotFound', self.change, vm, 'restore', name='second')
        self.change(vm, 'restore', name='first')
        self.assertEqual(self.sh(vm, 'cd; ls; cat file'), 'Documents\nfile\nlink\none\n')
        vm.stop().wait(60)
        said = subprocess.run([build_path('src', 'cli', 'bulkheadctl'), 'home', 'Work', '--json'],
                              env=self.session.env, capture_output=True, text=True, check=True)
        home = json.loads(said.stdout)
        self.assertEqual([one[0] for one in home['snapshots']], ['first', 'before-going-back'])
        self.assertEqual(home['used'], self.on_disk(vm))
        for name in ('first', 'before-going-back'):
            self.change(vm, 'remove-snapshot', name=name)
        before = self.on_disk(vm)
        self.change(vm, 'compact')
        self.assertLessEqual(self.on_disk(vm), before)
        subprocess.run(['qemu-img', 'check', '-q', self.path(vm)], check=True)
        self.elsewhere(vm)
        self.assertEqual(os.listdir(self.homes), [])

    def ctl(self, *words):
        return subprocess.run([build_path('src', 'cli', 'bulkheadctl'), *words], env=self.session.env,
                              capture_output=True, text=True, timeout=120)

    def elsewhere(self, vm):
        """What it has is in its copy, and in what is made of its file; not while it runs, nor without room."""
        file = self.session.place.path('work.appvm')
        vm.start().wait(BOOT)
        for words in (['export', '--home', 'Work', file], ['duplicate', 'Work', 'Copy']):
            self.assertIn('running', self.ctl(*words).stderr)
        vm.stop().wait(60)
        self.assertEqual(self.ctl('duplicate', 'Work', 'Copy').returncode, 0)
        self.assertEqual(self.ctl('export', '--home', 'Work', file).returncode, 0)
        vm.delete()
        copy = self.session.find('Copy')
        self.assertEqual(self.sh(copy, 'cd; ls; cat file; echo more > other'), 'Documents\nfile\nlink\none\n')
        self.remove(copy)
        ballast = os.path.join(self.homes, 'ballast')
        with open(ballast, 'wb') as out:
            status = os.statvfs(self.homes)
            os.posix_fallocate(out.fileno(), 0, status.f_bavail * status.f_frsize - (1 << 20))
        full = self.ctl('import', '--accept', file)
        self.assertIn('are free where homes are kept', full.stderr)
        self.assertEqual((os.listdir(self.homes), self.ctl('list', '--json').stdout.strip()), (['ballast'], '[]'))
        os.unlink(ballast)
        made = self.ctl('import', '--accept', file)
        self.assertEqual(made.returncode, 0, made.stderr)
        vm = self.session.find('Work')
        self.assertEqual(self.sh(vm, 'cd; ls; cat file'), 'Documents\nfile\nlink\none\n')
        self.remove(vm)

    def test_damaged_disk_is_told_and_left_alone(self):
        vm = self.create('Broken')
        path = self.path(vm)
        good = struct.pack('>IIQIIQIIQQIIQQQQII', 0x514649fb, 3, 0, 0, 16, 512 << 20, 0, 1, 0x30000,
                           0x10000, 1, 0, 0, 0, 0, 0, 4, 104)
        elsewhere = good[:8] + struct.pack('>QI', 104, 11) + good[20:] + b'/etc/passwd'
        for content, word in ((b'', 'damaged'), (b'not a disk' * 100, 'damaged'),
                              (good[:60], 'damaged'), (elsewhere, 'another file'),
                              (good[:72] + struct.pack('>Q', 4) + good[80:], 'another file'),
                              (good[:72] + struct.pack('>Q', 2) + good[80:], 'QEMU has marked'),
                              (good[:24] + b'\xff' * 8 + good[32:], 'size')):
            with open(path, 'wb') as file:
                file.write(content)
            message = self.refused('Failed', lambda: vm.start().wait(30))
            self.assertIn(word, message)
            self.assertIn(path.replace(self.homes, ''), message)
            self.refused('Failed', self.change, vm, 'compact')
            self.assertIn(word, vm.call('ReadHome')['problem'])
            with open(path, 'rb') as file:
                self.assertEqual(file.read(), content)
        self.assertEqual(self.session.qemu_pids(), [])
        # One that begins well, and is nothing further on.
        with open(path, 'wb') as file:
            file.write(good + b'\xee' * 300000)
        self.refused('Failed', lambda: vm.start().wait(BOOT))
        wait_for(lambda: not self.session.qemu_pids(), 30, 'the end of QEMU')
        os.unlink(path)
        vm.delete()

    def test_full_file_system_stops_it_until_there_is_room(self):
        vm = self.create('Full')
        self.sh(vm, 'echo before > ~/file; sync')
        ballast = os.path.join(self.homes, 'ballast')
        with open(ballast, 'wb') as file:
            status = os.statvfs(self.homes)
            os.posix_fallocate(file.fileno(), 0, status.f_bavail * status.f_frsize - (6 << 20))
        job = vm.launch(argv=['sh', '-c', 'exec 2>&1; cd; head -c 40M /dev/urandom > big && sync && '
                                          'sha256sum < big && echo done >> file'], wait=True)
        said = self.session.wait_signal('Notice', 60, lambda args: 'stands still' in args[0])
        self.assertIn('Make room', said[0])
        # A service that starts anew knows why it stands still, too.
        self.session.kill_service()
        self.session.signals.clear()
        self.session.start_service()
        self.session.wait_signal('Notice', 60, lambda args: 'stands still' in args[0])
        os.unlink(ballast)
        self.session.wait_signal('Notice', 60, lambda args: 'goes on' in args[0])
        wait_for(lambda: self.sh(vm, 'cat ~/file') == 'before\ndone\n', 60, 'the program to go on')
        self.sh(vm, 'echo 3 > /proc/sys/vm/drop_caches; test $(wc -c < ~/big) = 41943040')
        self.remove(vm)

    def test_folder_of_this_computer_as_home(self):
        home = os.path.join(self.session.env['HOME'], 'Shared home')
        vm = self.create('Folder')
        self.refused('NotFound', vm.set, Home=home)
        os.mkdir(home)
        vm.set(Home=home)
        self.refused('InvalidArgument', vm.set, Home=os.path.dirname(home))
        vm.call('OpenInbox')
        self.assertEqual(self.sh(vm, 'cd; stat -f -c %T .; echo there > file; ln -s file link; '
                                     'pwd; stat -c %U file; grep -c user/Inbox /proc/mounts'),
                         'v9fs\n/home/user\nuser\n1\n')
        with open(os.path.join(home, 'link')) as file:
            self.assertEqual(file.read(), 'there\n')
        # Another home in the settings is for the next start.
        self.assertEqual(vm.set(Home='none'), ['Home'])
        self.assertEqual(self.sh(vm, 'cat ~/file'), 'there\n')
        vm.stop().wait(60)
        vm.set(Home=home)
        os.rename(home, home + ' elsewhere')
        self.assertIn('Shared home', self.refused('NotFound', lambda: vm.start().wait(BOOT)))
        self.assertEqual(self.session.qemu_pids(), [])
        vm.delete()
        self.assertTrue(os.path.exists(os.path.join(home + ' elsewhere', 'file')))


class Gone(HomeCase):
    """What is kept for a run only, and disks that come from elsewhere."""

    def free(self):
        status = os.statvfs(self.homes)
        return status.f_bavail * status.f_frsize

    def test_scratch_has_a_limit_and_is_gone_at_the_stop(self):
        memory = self.create('Memory', Home='none', ScratchSize='24')
        self.assertIn('No space left', self.sh(
            memory, 'cd; mktemp && mktemp -p /var/tmp && head -c 16M /dev/zero > a && '
                    '! head -c 16M /dev/zero > /tmp/b && stat -c %a /tmp /var/tmp'))
        self.remove(memory)
        vm = self.create('Scratch', Home='none', Scratch='disk', ScratchSize='128')
        before = self.free()
        self.assertIn('No space left', self.sh(
            vm, 'cd; stat -f -c %T . /tmp /var/tmp; stat -c "%U %a" . /tmp; ls -A; '
                'head -c 64M /dev/urandom > a && sync && ! head -c 100M /dev/zero > /tmp/b', 0))
        self.assertLess(self.free(), before - (60 << 20))
        self.assertEqual(os.listdir(self.homes), [])
        # Everything dies at once, and then the service is started again.
        self.session.kill_service()
        for pid in self.session.qemu_pids():
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: abs(self.free() - before) < (4 << 20), 20, 'the room it took')
        self.session.start_service()
        vm = self.session.find('Scratch')
        wait_for(lambda: vm.state in ('stopped', 'failed'), 30, 'the end of it')
        vm.delete()

    def test_additional_disks(self):
        place = self.session.env['HOME']
        first, second = os.path.join(place, 'first.img'), os.path.join(place, 'a, second.img')
        for path in (first, second):
            with open(path, 'wb') as file:
                file.truncate(8 << 20)
            subprocess.run(['/usr/sbin/mke2fs', '-q', '-t', 'ext4', '-b', '4096', '-E', 'root_owner=1000:1000', path],
                           check=True)
        with open(first, 'rb') as file:
            content = file.read()
        vm = self.create('Disks', Home='disk', ScratchSize='64', Scratch='disk')
        for text, kind, word in (
                (place + '/missing', 'NotFound', 'is not there'), (place, 'InvalidArgument', 'none'),
                ('relative', 'InvalidArgument', 'Disks'), (first + ':rx', 'InvalidArgument', 'Disks'),
                (f'{first};{first}:rw', 'InvalidArgument', 'id'),
                (os.path.join(place, 'settings.img'), 'InvalidArgument', 'Bulkhead keeps')):
            if 'settings' in text:
                os.symlink(os.path.join(self.session.env['XDG_CONFIG_HOME'], 'bulkhead',
                                        'service.conf'), text)
            self.assertIn(word, self.refused(kind, vm.set, Disks=text))
        vm.set(Disks=f'{first}:id=one,cache=writethrough;{second}:rw,block=4096')
        self.assertEqual(
            self.sh(vm, 'cd /dev/disk/by-id; ls; cat /sys/block/$(basename $(readlink virtio-one))/ro; '
                        'cat /sys/block/$(basename $(readlink virtio-asecond.img))/queue/'
                        'logical_block_size; echo there > /media/asecond.img/file && sync; '
                        'touch /media/one/file; dd if=/dev/zero of=virtio-one count=1 conv=notrunc'
                        ' 2>/dev/null || echo refused'),
            'virtio-asecond.img\nvirtio-one\n1\n4096\ntouch: cannot touch '
            "'/media/one/file': Read-only file system\nrefused\n")
        vm.stop().wait(60)
        with open(first, 'rb') as file:
            self.assertEqual(file.read(), content)
        with open(second, 'rb') as file:
            self.assertIn(b'there\n', file.read())
        os.rename(first, first + '.away')
        self.assertIn('first.img', self.refused('NotFound', lambda: vm.start().wait(BOOT)))
        vm.delete()


class Encrypted(HomeCase):
    def keyring(self):
        keyring = Keyring(self.session).start()
        self.addCleanup(keyring.stop)
        return keyring

    def image(self, path, key, *words):
        """qemu-img with a key."""
        return subprocess.run(['qemu-img', *words[:1], '--object',
                               f'secret,id=k,file={self.key_file(key)}', '--image-opts',
                               f'driver=qcow2,file.filename={path},encrypt.key-secret=k', *words[1:]],
                              capture_output=True)

    def key_file(self, key):
        file = tempfile.NamedTemporaryFile()
        self.addCleanup(file.close)
        file.write(key)
        file.flush()
        return file.name

    def test_key_is_in_the_keyring_and_nowhere_else(self):
        vm = self.create('Vault', HomeEncrypt='true')
        message = self.refused('NoKey', lambda: vm.start().wait(30))
        self.assertIn('keyring', message)
        self.assertEqual(os.listdir(self.homes), [])

        keyring = self.keyring()
        self.sh(vm, f'printf %s {MARKER.decode()} > ~/secret; sync; echo ok')
        (qemu,) = self.session.qemu_pids()
        key = keyring.key('vault')
        self.assertEqual(len(key), 44)
        for name in ('cmdline', 'environ'):
            with open(f'/proc/{qemu}/{name}', 'rb') as file:
                self.assertNotIn(key, file.read())
        vm.stop().wait(60)
        self.assertTrue(vm.call('ReadHome')['encrypted'])
        path = self.path(vm)
        with open(path, 'rb') as file:
            content = file.read()
        self.assertNotIn(MARKER, content)
        for root, _dirs, names in os.walk(self.session.place.root):
            for name in names:
                file = os.path.join(root, name)
                if os.path.isfile(file) and not os.path.islink(file):
                    with open(file, 'rb') as data:
                        self.assertNotIn(key, data.read(), file)
        raw = os.path.join(self.homes, 'raw')
        self.assertNotEqual(subprocess.run(['qemu-img', 'convert', '-O', 'raw', path, raw],
                                           capture_output=True).returncode, 0)
        self.assertNotEqual(self.image(path, b'A' * 43 + b'=', 'convert', '-O', 'raw', raw)
                            .returncode, 0)
        self.assertEqual(self.image(path, key, 'convert', '-O', 'raw', raw).returncode, 0)
        with open(raw, 'rb') as file:
            self.assertIn(MARKER, file.read())
        os.unlink(raw)

        # Each of these is said, begins nothing and harms nothing.
        before = hashlib.sha256(content).digest()
        keyring.lock()
        self.assertIn('locked', self.refused('NoKey', lambda: vm.start().wait(30)))
        keyring.stop()
        keyring = self.keyring()
        keyring.tool('clear', 'appvm', 'vault')
        self.assertIn('not in your keyring', self.refused('NoKey', lambda: vm.start().wait(30)))
        keyring.store('vault', b'B' * 43 + b'=')
        self.refused('Failed', lambda: vm.start().wait(BOOT))
        wait_for(lambda: not self.session.qemu_pids(), 30, 'the end of QEMU')
        with open(path, 'rb') as file:
            self.assertEqual(hashlib.sha256(file.read()).digest(), before)

        keyring.store('vault', key)
        self.change(vm, 'snapshot', name='kept')
        self.assertEqual(self.sh(vm, 'cat ~/secret').encode(), MARKER)
        vm.stop().wait(60)
        self.change(vm, 'remove-snapshot', name='kept')
        vm.set(HomeEncrypt='false')
        self.change(vm, 'compact')
        self.assertFalse(vm.call('ReadHome')['encrypted'])
        vm.set(HomeEncrypt='true')
        self.change(vm, 'compact')
        self.assertTrue(vm.call('ReadHome')['encrypted'])
        vm.delete()
        wait_for(lambda: not keyring.key('vault'), 10, 'the end of the key')


def run_again():
    """With a small file system for the disks."""
    with tempfile.TemporaryDirectory(prefix='bh-small-') as small:
        os.environ[SMALL] = small
        words = ['bwrap', '--dev-bind', '/', '/', '--size', str(SMALL_MIB << 20), '--tmpfs', small]
        return subprocess.run([*words, sys.executable, *sys.argv]).returncode


if __name__ == '__main__':
    if SMALL not in os.environ:
        sys.exit(run_again())
    main()
