# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs: what the host asks for is started, watched, reported and ended."""

import os

import harness
from harness import build_path
from fakehost import FakeHost, GuestTestCase

UNKNOWN_APP, NOT_FOUND, TOO_MANY, NOT_CONFIGURED, NO_CAGE, FAILED = range(1, 7)


def tail(exited):
    return bytes.fromhex(exited['tail']).decode()


class ProgramsTest(GuestTestCase):

    def run_program(self, *argv, launch_id=1):
        self.assertEqual(self.host.launch(launch_id, *argv)['status'], 0)
        return self.host.expect('exited', id=launch_id)

    def test_hello(self):
        hello = self.host.hello
        self.assertEqual((hello['version'], hello['configured']), (1, 0))
        self.assertEqual(hello['region_bytes'], 16 << 20)

    def test_ping(self):
        self.host.send('ping', cookie=4711)
        self.host.expect('pong', cookie=4711)

    def test_exit_code_and_output(self):
        exited = self.run_program('sh', '-c', 'echo out; echo err >&2; exit 7')
        self.assertEqual(exited['code'], 7)
        self.assertEqual(tail(exited), 'out\nerr\n')
        self.host.expect('idle')

    def test_killed_by_a_signal(self):
        self.assertEqual(self.run_program('sh', '-c', 'kill -SEGV $$')['code'], 128 + 11)

    def test_only_the_end_of_long_output_is_kept(self):
        exited = self.run_program('sh', '-c', 'seq 1 20000; printf end')
        self.assertEqual(len(bytes.fromhex(exited['tail'])), 4096)
        self.assertTrue(tail(exited).endswith('19999\n20000\nend'))

    def test_environment(self):
        text = tail(self.run_program('env'))
        self.assertIn('FROM_HOST=yes\n', text)
        self.assertIn('WAYLAND_DISPLAY=wayland-0\n', text)
        self.assertIn(f'XDG_RUNTIME_DIR={self.host.runtime}\n', text)
        self.assertIn(f'DBUS_SESSION_BUS_ADDRESS=unix:path={self.host.runtime}/bus\n', text)
        self.assertIn('XDG_SESSION_TYPE=wayland\n', text)
        self.assertNotIn('GDK_BACKEND', text)

    def test_nothing_but_the_three_descriptors_is_open(self):
        text = tail(self.run_program('sh', '-c', 'ls /proc/$$/fd; ps -o sid=,pid= -p $$'))
        *fds, ids = text.strip().split('\n')
        self.assertEqual([fd for fd in fds if fd in ('0', '1', '2')], ['0', '1', '2'])
        self.assertLessEqual(len(fds), 4)  # sh has its own script's, no
        self.assertEqual(len(set(ids.split())), 1, 'not a session of its own')

    def test_session_bus_is_there_at_once(self):
        exited = self.run_program(
            'gdbus', 'call', '--session', '--dest', 'org.freedesktop.DBus', '--object-path',
            '/org/freedesktop/DBus', '--method', 'org.freedesktop.DBus.GetId')
        self.assertEqual(exited['code'], 0, tail(exited))

    def test_programs_that_are_not_there(self):
        self.assertEqual(self.host.launch(1, '/nonexistent/x')['status'], NOT_FOUND)
        self.assertEqual(self.host.launch(2, 'no-such-program-here')['status'], NOT_FOUND)
        self.assertEqual(self.host.launch(3, '/etc/passwd')['status'], NOT_FOUND)
        self.assertEqual(self.host.launch(4, app='no.such.App')['status'], UNKNOWN_APP)
        self.host.expect('idle')

    def test_desktop_file(self):
        folder = os.path.join(self.host.place.env['XDG_DATA_HOME'], 'applications')
        os.makedirs(folder)
        with open(os.path.join(folder, 'x.y.desktop'), 'w', encoding='utf-8') as file:
            file.write('[Desktop Entry]\nType=Application\nName=X\nPath=/usr\n'
                       'Exec=sh -c "pwd; echo \\\\$1 \\\\$2" "a b" %U c\n')
        self.assertEqual(self.host.launch(1, app='x.y')['status'], 0)
        self.assertEqual(tail(self.host.expect('exited')), '/usr\nc\n')

    def test_terminate(self):
        self.host.launch(1, 'sh', '-c', 'trap "echo bye; exit 3" TERM; echo up; '
                         'while :; do sleep 0.05; done')
        self.host.send('terminate', id=1)
        # Before its trap was set the signal may have ended it.
        self.assertIn(self.host.expect('exited')['code'], (3, 128 + 15))

    def test_too_many(self):
        for number in range(1, 65):
            self.assertEqual(self.host.launch(number, 'sleep', '60')['status'], 0)
        self.assertEqual(self.host.launch(65, 'sleep', '60')['status'], TOO_MANY)

    def test_idle_only_after_the_last(self):
        self.host.launch(1, 'sleep', '60')
        self.run_program('true', launch_id=2)
        self.host.send('terminate', id=1)
        self.host.expect('exited', id=1)
        self.host.expect('idle')
        names = [item.get('message') for item in self.host.lines.items]
        self.assertEqual(names.count('idle'), 1)

    def test_shutdown_ends_everything(self):
        self.host.launch(1, 'sh', '-c', 'trap "" TERM; while :; do sleep 1; done')
        self.host.launch(2, 'sleep', '60')
        self.host.send('shutdown')
        self.host.guest.wait(10)
        self.assertEqual(self.host.guest.returncode, 0)

    def test_window_belongs_to_its_launch(self):
        fifo = os.path.join(self.host.runtime, 'fifo')
        os.mkfifo(fifo)
        # Two processes down from what was launched.
        self.host.launch(9, 'sh', '-c',
                         f'sh -c "{build_path("tests", "guest", "client")} {fifo}; true"; true')
        with open(fifo, 'w', encoding='utf-8') as commands:
            commands.write('toplevel 0\n')
            commands.flush()
            self.assertEqual(self.host.expect('window_new')['launch'], 9)
        self.host.expect('window_gone')

    def test_x11_program_needs_cage(self):
        self.host.send('configure', host_name='t', user_name='u', uid=1000, machine_id='1' * 32,
                       seed='00*32')
        self.host.expect('configured')
        launched = self.host.launch(1, 'xclock', x11=0)
        if launched['status'] == 0:  # cage is installed: it is what runs
            self.assertTrue(self.host.expect('window_new')['launch'], 1)
        else:
            self.assertIn(launched['status'], (NO_CAGE, NOT_FOUND))


class NotConfiguredTest(harness.TestCase):

    def test_dark_is_passed_on(self):
        with harness.Place() as place:
            host = FakeHost(place, configure=False).start()
            host.send('configure', host_name='t', user_name='u', uid=1000, machine_id='1' * 32,
                      seed='00*32', flags=2)
            self.assertEqual(host.expect('configured')['status'], 0)
            host.launch(1, 'sh', '-c', 'cat ${XDG_CONFIG_DIRS%%:*}/gtk-4.0/settings.ini')
            self.assertIn('prefer-dark-theme=1', tail(host.expect('exited')))
            host.stop()

    def test_launch_before_configure(self):
        with harness.Place() as place:
            host = FakeHost(place, configure=False).start()
            self.assertEqual(host.launch(1, 'true')['status'], NOT_CONFIGURED)
            host.stop()
            self.assertEqual(host.guest.returncode, 0)


if __name__ == '__main__':
    harness.main()
