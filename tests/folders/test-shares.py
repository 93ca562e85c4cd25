# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of this computer in real guests: what they may do with them, and what they may not."""

import hashlib
import os
import shutil
import signal
import stat
import subprocess

from harness import TestCase, build_path, main, require_ordinary_user, wait_for
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
        self.assertLessEqual({'answer', 'parcel'}, set(os.listdir(inbox)))
        self.assertFalse({'link', 'fifo'} & set(os.listdir(inbox)))

    # Files that are opened in it.

    def open(self, *words, code=0, **kwargs):
        """bulkheadctl open: what it prints, both streams."""
        done = subprocess.run([build_path('src', 'cli', 'bulkheadctl'), 'open', '--quiet', *words],
                              capture_output=True, timeout=BOOT, env={**self.session.env, 'LANG': 'C.UTF-8'}, **kwargs)
        self.assertTrue(done.returncode == code or (code is None and done.returncode), done)
        return done.stdout.decode(errors='replace'), done.stderr.decode(errors='replace')

    def refused(self, files, urls=()):
        with self.assertRaises(DBusError) as caught:
            self.vm.open_files(files, urls, argv=['true'])
        self.assertEqual(caught.exception.name, 'InvalidArgument')

    def make_file(self, name, content=b'hello\n'):
        path = os.path.join(os.fsencode(self.outside), os.fsencode(name))
        with open(path, 'wb') as file:
            file.write(content)
        self.addCleanup(lambda: os.path.lexists(path) and os.unlink(path))
        return path

    def inbox(self):
        return os.path.join(self.home, 'Bulkhead', 'work')

    def test_a_program_gets_a_copy_of_what_it_opens(self):
        content = os.urandom(3 << 20)
        path = self.make_file('a report.txt', content)
        before = os.stat(path)
        out, _ = self.open('--wait', 'Work', path, '--', 'sha256sum')
        self.assertEqual(out, f'{hashlib.sha256(content).hexdigest()}  /home/user/Inbox/a report.txt\n')
        # It may do with it what it likes: the original is another file.
        self.sh('echo changed > "$HOME/Inbox/a report.txt" && chmod 600 "$HOME/Inbox/a report.txt"')
        with open(path, 'rb') as file:
            self.assertEqual(file.read(), content)
        self.assertEqual(os.stat(path).st_mtime_ns, before.st_mtime_ns)
        # The same again is another copy, and what the guest has made of the first one stays.
        out, _ = self.open('--wait', 'Work', path, '--', 'cmp', os.path.join('/home/user/Inbox', 'a report.txt'), code=1)
        self.assertIn('a report (2).txt', out)
        with open(os.path.join(self.inbox(), 'a report.txt'), encoding='utf-8') as file:
            self.assertEqual(file.read(), 'changed\n')
        self.assertEqual([name for name in os.listdir(os.path.dirname(self.inbox())) if name.startswith('.')], [])

    def test_any_name_and_many_files(self):
        names = [b'two words', b'new\nline', b'tab\there', b'-rf', b"quote' \"$(id)`id`\\", b'\xff\xfe no UTF-8', b'%U %% %f', b'.hidden',
                 b'x' * 251 + b'.txt', 'Ünï — 銀行'.encode(), *(b'more-%d' % i for i in range(6))]
        paths = [self.make_file(name, name) for name in names]
        script = 'for f in "$@"; do test "$(cat "$f"; echo .)" = "${f#/home/user/Inbox/}." && printf +; done'
        out, _ = self.open('--wait', 'Work', *paths, '--', 'sh', '-c', script, 'sh')
        self.assertEqual(out.strip(), '+' * len(names))
        long = self.make_file(b'x' * 251 + b'.txt', b'again')
        out, _ = self.open('--wait', 'Work', long, '--', 'sh', '-c', 'printf "%s" "${#1}"', 'sh')
        self.assertEqual(out.strip(), str(255 + len('/home/user/Inbox/')))
        _, said = self.open('Work', *[paths[0]] * 17, '--', 'true', code=11)
        self.assertIn('16', said)

    def test_a_program_is_found_by_the_name(self):
        path = self.make_file('note.txt')
        self.open('Work', path)  # vim, in a terminal: the job ends with its window
        programs = self.vm.get('Programs')
        self.assertEqual([(label, windows) for _, label, _, windows in programs], [('Vim', 1)])
        self.assertIn('vim /home/user/Inbox/note', self.sh('ps -eo args | grep "^vim"'))
        self.vm.call('Terminate', '(u)', programs[0][0])
        _, said = self.open('Work', self.make_file('note.unheard-of'), code=24)
        self.assertIn('note.unheard-of', said)

    def test_what_is_refused_changes_nothing(self):
        """With a service that says so, and nothing in the Inbox."""
        self.vm.call('OpenInbox')
        before = sorted(os.listdir(self.inbox()))
        plain = self.make_file('plain')
        link = os.path.join(self.outside, 'link')
        os.symlink('secret', link)
        fifo = os.path.join(self.outside, 'fifo')
        os.mkfifo(fifo)
        locked = self.make_file('locked')
        os.chmod(locked, 0)
        for path, why in ((self.outside, 'folder'), (link, 'link'), (fifo, 'pipe'), ('/dev/zero', 'device'),
                          (locked, 'cannot be read'), (os.path.join(self.outside, 'gone'), 'cannot be opened'),
                          ('/proc/self/environ', 'inside'), ('/proc/self/root/etc/passwd', 'cannot be opened'),
                          ('/sys/kernel/uevent_seqnum', 'inside'), ('/dev/stdin', 'link'),
                          ('ftp://a.b/c', 'http'), ('javascript://x/%0aalert(1)', 'http'), ('https://', 'written'),
                          ('https://a.b/ c', 'written'), ('file://other.host/x', 'this computer')):
            with self.subTest(path):
                _, said = self.open('Work', plain, path, '--', 'true', code=None, stdin=subprocess.DEVNULL)
                self.assertIn(why, said)
        for path in link, fifo:
            os.unlink(path)
        # The service believes no caller.
        with open('/proc/self/environ', 'rb') as file:
            self.refused([(file.fileno(), 'x')])
        with open(plain, 'rb') as file:
            for name in '', '..', 'a/b', 'x' * 256:
                self.refused([(file.fileno(), name)])
        with open(plain, 'ab') as file:
            self.refused([(file.fileno(), 'x')])
        self.refused([])
        self.refused([], ['file:///etc/passwd'])
        self.assertEqual(sorted(os.listdir(self.inbox())), before)

    def test_what_has_no_room_leaves_nothing(self):
        self.vm.call('OpenInbox')
        before = sorted(os.listdir(self.inbox()))
        path = self.make_file('huge.iso', b'')
        os.truncate(path, 1 << 43)  # with nothing in it, so that it needs no room here
        _, said = self.open('Work', path, '--', 'true', code=22)
        self.assertRegex(said, r'needs 8\.8.TB, and where that would be is room for')
        # What a program that is not there was given goes, too.
        _, said = self.open('Work', self.make_file('plain'), '--', 'not-a-program', code=24)
        self.assertEqual(sorted(os.listdir(self.inbox())), before)
        self.assertEqual([name for name in os.listdir(os.path.dirname(self.inbox())) if name.startswith('.')], [])

    def test_addresses(self):
        out, _ = self.open('--wait', 'Work', 'https://a.b/c?d=%20', 'mailto:me@a.b', self.make_file('page'), '--', 'printf', '%s|')
        self.assertEqual(out.strip(), '/home/user/Inbox/page|https://a.b/c?d=%20|mailto:me@a.b|')

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
