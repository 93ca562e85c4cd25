# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of this computer in real guests: what they may do with them, and what they may not."""

import os
import shutil
import signal
import stat

from harness import TestCase, main, require_ordinary_user, wait_for
from harness.session import DBusError, Session
from harness.sway import Sway

BOOT = 90
SECRET = 'not for guests\n'


class ShareCase(TestCase):
    """One AppVM for all tests of the class."""

    @classmethod
    def setUpClass(cls):
        require_ordinary_user()
        cls.sway = Sway().start()
        cls.addClassCleanup(cls.sway.stop)
        cls.session = Session(cls.sway)
        cls.addClassCleanup(cls.session.stop)
        cls.home = cls.session.env['HOME']
        cls.session.start()
        cls.read = cls.make_folder('Reading')
        cls.write = cls.make_folder('Writing')
        cls.outside = cls.make_folder('Outside')
        with open(os.path.join(cls.outside, 'secret'), 'w') as file:
            file.write(SECRET)
        cls.vm = cls.session.create('Work', AutoStop='0',
                                    Folders=f'{cls.read};{cls.write}:Writing:rw')
        cls.vm.start().wait(BOOT)

    @classmethod
    def make_folder(cls, name):
        path = os.path.join(cls.home, name)
        os.mkdir(path)
        return path

    def tearDown(self):
        if self.failed():
            self.session.keep_evidence(self)
        self.assertNotIn('CRITICAL', self.session.read_service_log())

    def sh(self, script, code=0, timeout=BOOT):
        """What the script prints in the guest."""
        result = self.vm.launch(argv=['sh', '-c', 'exec 2>&1; ' + script], wait=True).wait(timeout)
        output = bytes(result['tail']).decode()
        self.assertEqual(result['code'], code, output)
        return output

    def python(self, script, timeout=BOOT):
        path = os.path.join(self.write, '.script.py')
        with open(path, 'w') as file:
            file.write(script)
        self.addCleanup(os.unlink, path)
        return self.sh("python3 ~/Writing/.script.py", timeout=timeout)

    def folders(self):
        return self.vm.get('Settings')['Folders'].split(';')


class Shared(ShareCase):
    def test_files_belong_to_the_user_on_both_sides(self):
        with open(os.path.join(self.write, 'from-here'), 'w') as file:
            file.write('hello guest\n')
        self.assertEqual(self.sh('cat ~/Writing/from-here; stat -c %U ~/Writing/from-here; '
                                 'echo hello host > ~/Writing/from-there; mkdir ~/Writing/deep'),
                         'hello guest\nuser\n')
        path = os.path.join(self.write, 'from-there')
        with open(path) as file:
            self.assertEqual(file.read(), 'hello host\n')
        for name in ('from-there', 'deep'):
            status = os.stat(os.path.join(self.write, name))
            self.assertEqual((status.st_uid, status.st_gid), (os.getuid(), os.getgid()))
        # What is changed here is seen there.
        with open(path, 'w') as file:
            file.write('and again, longer than before\n')
        self.assertEqual(self.sh('cat ~/Writing/from-there'), 'and again, longer than before\n')

    def test_programs_can_map_files(self):
        self.assertEqual(self.python(
            'import mmap, sqlite3, os\n'
            'os.chdir("/home/user/Writing")\n'
            'with open("mapped", "w+b") as f:\n'
            '    f.truncate(8192)\n'
            '    m = mmap.mmap(f.fileno(), 8192); m[4096:4100] = b"here"; m.flush(); m.close()\n'
            'c = sqlite3.connect("data.sqlite"); c.execute("create table t (a)")\n'
            'c.execute("insert into t values (42)"); c.commit()\n'
            'print(c.execute("select a from t").fetchone()[0])\n'), '42\n')
        with open(os.path.join(self.write, 'mapped'), 'rb') as file:
            self.assertEqual(file.read()[4096:4100], b'here')

    def test_read_only_is_kept_by_the_host(self):
        with open(os.path.join(self.read, 'book'), 'w') as file:
            file.write('a book\n')
        before = os.stat(self.read).st_mtime_ns
        self.assertIn('a book\n', self.sh(
            'cat ~/Reading/book; for c in "touch ~/Reading/new" "rm -f ~/Reading/book" '
            '"mv ~/Reading/book ~/Reading/x" "chmod 600 ~/Reading/book" "ln -s a ~/Reading/l"; do '
            '$c && echo DONE "$c"; done; grep -c " /home/user/Reading 9p ro," /proc/mounts'))
        self.assertEqual(os.listdir(self.read), ['book'])
        self.assertEqual(os.stat(self.read).st_mtime_ns, before)

    def test_comes_and_goes_while_it_runs(self):
        more = self.make_folder('More')
        with open(os.path.join(more, 'note'), 'w') as file:
            file.write('later\n')
        before = self.folders()
        qemu = self.session.qemu_pids()
        restart = self.vm.set(Folders=';'.join([*before, f'{more}:/mnt/more:rw']))
        self.assertEqual(restart, [])
        self.sh('for i in $(seq 300); do test -e /mnt/more/note && break; sleep 0.1; done; '
                'grep -q later /mnt/more/note && exec 3</mnt/more/note && touch /mnt/more/made')
        self.assertTrue(os.path.exists(os.path.join(more, 'made')))
        # A file of it is open meanwhile: it goes all the same.
        holder = self.vm.launch(argv=['sh', '-c', 'cd /mnt/more; exec foot sleep 1000']).wait(BOOT)
        self.vm.set(Folders=';'.join(before))
        self.sh('for i in $(seq 300); do test -e /mnt/more/note || break; sleep 0.1; done; '
                '! test -e /mnt/more/note && ! grep more /proc/mounts && ls ~/Reading >/dev/null')
        self.vm.call('Terminate', '(u)', holder['id'])
        self.assertEqual(self.session.qemu_pids(), qemu)

    def test_inbox_is_there_when_asked_for(self):
        inbox = self.vm.call('OpenInbox')
        self.assertEqual(inbox, os.path.join(self.home, 'Bulkhead', 'work'))
        with open(os.path.join(inbox, 'parcel'), 'w') as file:
            file.write('for you\n')
        self.assertEqual(self.sh(
            'for i in $(seq 300); do test -e ~/Inbox/parcel && break; sleep 0.1; done; '
            'cat ~/Inbox/parcel; echo thanks > ~/Inbox/answer; '
            # Nothing that leads whoever opens it here to somewhere else.
            'ln -s /etc/passwd ~/Inbox/link || mkfifo ~/Inbox/fifo || echo none'),
            "for you\nln: failed to create symbolic link '/home/user/Inbox/link': "
            'Operation not permitted\nmkfifo: cannot create fifo \'/home/user/Inbox/fifo\': '
            'Operation not permitted\nnone\n')
        self.assertEqual(sorted(os.listdir(inbox)), ['answer', 'parcel'])

    def test_hostile_files_stay_inside(self):
        output = self.python(
            'import os\n'
            f'os.chdir("/home/user/Writing")\n'
            'os.mkdir("bad"); os.chdir("bad")\n'
            f'os.symlink("{self.outside}/secret", "link")\n'
            f'os.symlink("{self.outside}", "dir-link")\n'
            'os.symlink("../../Outside/secret", "relative")\n'
            'for name in ("link", "dir-link/secret", "relative"):\n'
            '    try: print("READ", open(name).read())\n'
            '    except OSError as e: pass\n'
            '    try: open(name, "w").write("changed"); print("WROTE", name)\n'
            '    except OSError as e: pass\n'
            'def refused(name, f, *a):\n'
            '    try: f(*a); print("NOT REFUSED", name)\n'
            '    except OSError as e: print(name, e.errno)\n'
            'refused("fifo", os.mkfifo, "fifo")\n'
            'open("tool", "w").write("#!/bin/sh\\nid\\n")\n'
            'refused("setuid", os.chmod, "tool", 0o4755)\n'
            'os.chmod("tool", 0o755)\n'
            'names = ["new\\nline", "x" * 255, "-rf", "\\x1b[31mred", "é" * 127]\n'
            'for name in names: open(name, "w").write("odd")\n'
            # Each takes some answers of the host's, so twenty are on their way at a time.
            'import threading\n'
            'def fill(folder):\n'
            '    os.mkdir(folder)\n'
            '    for i in range(500): os.close(os.open(f"{folder}/{i}", os.O_CREAT, 0o600))\n'
            'threads = [threading.Thread(target=fill, args=[f"many{i}"]) for i in range(20)]\n'
            'for t in threads: t.start()\n'
            'for t in threads: t.join()\n'
            'print(len([n for n in names if n in os.listdir(".")]))\n', timeout=400)
        self.assertEqual(output, 'fifo 1\nsetuid 1\n5\n')
        with open(os.path.join(self.outside, 'secret')) as file:
            self.assertEqual(file.read(), SECRET)
        self.assertEqual(os.listdir(self.outside), ['secret'])
        bad = os.path.join(self.write, 'bad')
        self.assertEqual([len(os.listdir(os.path.join(bad, f'many{i}'))) for i in range(20)],
                         [500] * 20)
        self.assertEqual(stat.S_IMODE(os.stat(os.path.join(bad, 'tool')).st_mode), 0o755)
        for root, folders, files in os.walk(bad):
            for name in folders + files:
                mode = os.lstat(os.path.join(root, name)).st_mode
                self.assertTrue(stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode))
                self.assertFalse(mode & (stat.S_ISUID | stat.S_ISGID))
        shutil.rmtree(bad)
        self.assertEqual(self.vm.state, 'running')

    def test_death_of_the_server_is_told_and_harms_nothing(self):
        before = self.folders()
        more = self.make_folder('Fragile')
        self.vm.set(Folders=';'.join([*before, more]))
        self.sh('for i in $(seq 300); do grep -q Fragile /proc/mounts && break; sleep 0.1; done')
        for pid in self.servers(more):
            os.kill(pid, signal.SIGKILL)
        self.session.wait_signal('Notice', predicate=lambda args: 'Fragile' in args[0])
        self.sh('for i in $(seq 300); do grep -q Fragile /proc/mounts || break; sleep 0.1; done; '
                'ls ~/Writing > /dev/null')
        self.vm.set(Folders=';'.join(before))
        self.vm.set(Folders=';'.join([*before, more]))
        self.sh('for i in $(seq 300); do grep -q Fragile /proc/mounts && break; sleep 0.1; done; '
                'grep -q Fragile /proc/mounts')
        self.vm.set(Folders=';'.join(before))

    def servers(self, folder):
        found = []
        for name in os.listdir('/proc'):
            try:
                with open(f'/proc/{name}/cmdline', 'rb') as file:
                    words = file.read().split(b'\0')
            except OSError:
                continue
            if folder.encode() in words and b'/usr/sbin/diod' in words:
                found.append(int(name))
        self.assertTrue(found)
        return found

    def test_service_that_starts_anew_finds_them(self):
        before = self.folders()
        self.session.kill_service()
        self.session.start_service()
        self.vm.wait_state('running')
        self.assertEqual(self.sh('touch ~/Writing/after-kill && ls ~/Writing/after-kill'),
                         '/home/user/Writing/after-kill\n')
        # It knows which they are: one of them can go.
        self.vm.set(Folders=before[0])
        self.sh('for i in $(seq 300); do grep -q Writing /proc/mounts || break; sleep 0.1; done; '
                '! grep Writing /proc/mounts')
        self.vm.set(Folders=';'.join(before))
        self.sh('for i in $(seq 300); do grep -q Writing /proc/mounts && break; sleep 0.1; done; '
                'test -e ~/Writing/after-kill')


class Refused(ShareCase):
    """What may not be shared is said when it is asked for, and changes nothing."""

    def refuse(self, folder, *words):
        before = self.vm.get('Settings')['Folders']
        with self.assertRaises(DBusError) as caught:
            self.vm.set(Folders=folder)
        self.assertEqual(self.vm.get('Settings')['Folders'], before)
        for word in words:
            self.assertIn(word, caught.exception.message)
        return caught.exception

    def test_says_why(self):
        for folder in (self.home, '/', '~'):
            self.refuse(folder + ':all', 'your whole home', 'unsafe')
        self.refuse('/home', 'belongs to the system')
        self.refuse('/etc', 'belongs to the system', 'unsafe')
        os.mkdir(os.path.join(self.home, '.ssh'))
        self.refuse('~/.ssh', 'hidden', 'unsafe')
        os.makedirs(os.path.join(self.home, '.secrets', 'inner'))
        self.refuse('~/.secrets/inner', 'hidden')
        self.refuse(os.path.join(self.session.env['XDG_CONFIG_HOME'], 'bulkhead', 'vms'),
                    'Bulkhead keeps')
        self.assertEqual(self.refuse('~/missing', 'No such file').name, 'NotFound')
        os.symlink(self.outside, os.path.join(self.home, 'way-out'))
        self.refuse('~/way-out', 'through a link', self.outside)
        self.refuse('Reading', 'from the root')
        self.refuse(f'{self.read}:/usr/bin', 'in the AppVM')
        self.refuse(f'{self.read}:a;{self.write}:a', 'another one')

    def test_override_is_explicit(self):
        os.makedirs(os.path.join(self.home, '.allowed'))
        before = self.vm.get('Settings')['Folders']
        self.vm.set(Folders='~/.allowed:allowed:ro,unsafe')
        self.sh('for i in $(seq 300); do grep -q allowed /proc/mounts && break; sleep 0.1; done; '
                'grep -q allowed /proc/mounts')
        self.vm.set(Folders=before)


if __name__ == '__main__':
    main()
