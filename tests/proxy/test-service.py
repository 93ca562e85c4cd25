# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy and its service: D-Bus both ways, ends and exit codes, confinement, memory."""

import os

import gi
gi.require_version('GLib', '2.0')
from gi.repository import GLib

import harness
from harness import wait_for
from wireguest import EXIT_DISPLAY, EXIT_GUEST, EXIT_OK, MAGIC, ProxyTestCase

GREEN = (10, 200, 30)


def settings(**more):
    values = {'host-name': GLib.Variant('s', 'work'), 'user-name': GLib.Variant('s', 'user'),
              'uid': GLib.Variant('u', 1000), 'machine-id': GLib.Variant('s', '1' * 32),
              'time-zone': GLib.Variant('s', 'Europe/Berlin'),
              'environment': GLib.Variant('as', ['LANG=C.UTF-8', 'A=b'])}
    values.update(more)
    return (values,)


class ServiceTest(ProxyTestCase):

    def test_configure_reaches_the_guest_once(self):
        guest = self.guest()
        guest.call('Configure', '(a{sv})', settings(**{'mount-opt': GLib.Variant('b', True)}))
        message = guest.wait('configure')
        self.assertEqual((message['host_name'], message['uid'], message['time_zone']),
                         ('work', 1000, 'Europe/Berlin'))
        self.assertEqual(message['environment'], ['LANG=C.UTF-8', 'A=b'])
        self.assertEqual(message['flags'], 1)
        self.assertGreaterEqual(len(set(bytes.fromhex(message['seed']))), 64)
        self.assertGreater(message['time_us'], 1_600_000_000_000_000)
        guest.mark()
        guest.call('Configure', '(a{sv})', settings())
        guest.call('Terminate', '(u)', (5,))
        guest.wait('terminate', id=5)
        self.assertIsNone(guest.find('configure'))
        guest.send('configured', status=2, detail='no\u202e mount')
        self.assertEqual(guest.wait_signal('Configured'), (2, 'no mount'))

    def test_configure_and_launch_before_the_guest_is_there(self):
        guest = self.guest(hello=False)
        guest.call('Configure', '(a{sv})', settings())
        guest.call('Launch', '(ua{sv})', (9, {'argv': GLib.Variant('as', ['ls', '-l']),
                                              'x11': GLib.Variant('s', 'no')}))
        guest.hello()
        guest.wait('configure')
        launch = guest.wait('launch', id=9)
        self.assertEqual((launch['argv'], launch['x11']), (['ls', '-l'], 1))
        names = [m['message'] for m in guest.messages if m['message'] in ('configure', 'launch')]
        self.assertEqual(names, ['configure', 'launch'])

    def test_a_configured_guest_is_not_configured_again(self):
        guest = self.guest(hello=False)
        guest.call('Configure', '(a{sv})', settings())
        guest.send('hello', magic=MAGIC, version=1, region_bytes=16 << 20, configured=1)
        self.assertTrue(guest.wait_signal('Hello')[1])
        guest.call('Shutdown')
        guest.wait('shutdown')
        self.assertIsNone(guest.find('configure'))

    def test_what_the_guest_reports(self):
        guest = self.guest()
        guest.send('launched', id=3, status=2, detail='no such\nprogram')
        self.assertEqual(guest.wait_signal('Launched'), (3, 2, 'no such program'))
        guest.send('exited', id=3, code=139, tail=b'line\n\x1b[31mred\xff')
        _id, code, tail = guest.wait_signal('Exited')
        self.assertEqual(code, 139)
        self.assertNotIn(0x1b, bytes(tail))
        self.assertIn(b'line\n', bytes(tail))
        guest.send('idle')
        guest.wait_signal('Idle')
        guest.window(1, 300, 200, GREEN, launch=3)
        guest.wait_signal('Windows', lambda launch, count: (launch, count) == (3, 1))
        guest.send('window_gone', window=1)
        guest.wait_signal('Windows', lambda launch, count: (launch, count) == (3, 0))

    def test_arguments_that_do_not_fit_are_refused(self):
        guest = self.guest()
        for arguments in ({}, {'app': GLib.Variant('s', 'x' * 300)},
                          {'argv': GLib.Variant('as', ['x'] * 300)}):
            with self.assertRaises(GLib.Error) as caught:
                guest.call('Launch', '(ua{sv})', (1, arguments))
            self.assertIn('InvalidArgument', caught.exception.message)
        with self.assertRaises(GLib.Error):
            guest.call('SetIdentity', '(ss)', ('Work', 'no colour'))
        self.assertIsNone(guest.proxy.poll())

    def test_ends_with_its_service(self):
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        guest.bus.close_sync(None)
        guest.proxy.wait(10)
        self.assertEqual(guest.proxy.returncode, EXIT_OK)
        self.sway.wait_no_view(app_id='bulkhead')

    def test_says_that_the_guest_has_gone(self):
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        guest.talk.stdin.close()
        self.assertEqual(guest.wait_signal('Failed')[0], 'guest')
        guest.proxy.wait(10)
        self.assertEqual(guest.proxy.returncode, EXIT_GUEST)
        self.sway.wait_no_view(app_id='bulkhead')

    def test_says_that_the_compositor_has_gone(self):
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        os.kill(self.sway.pid, 9)
        self.assertEqual(guest.wait_signal('Failed')[0], 'display')
        guest.proxy.wait(10)
        self.assertEqual(guest.proxy.returncode, EXIT_DISPLAY)

    def test_says_that_there_is_no_compositor(self):
        guest = self.guest(env={'WAYLAND_DISPLAY': 'nothing'}, hello=False)
        self.assertEqual(guest.wait_signal('Failed')[0], 'display')
        guest.proxy.wait(10)
        self.assertEqual(guest.proxy.returncode, EXIT_DISPLAY)

    def test_is_confined(self):
        guest = self.guest()
        with open(f'/proc/{guest.proxy.pid}/status', encoding='ascii') as file:
            status = dict(line.split(':\t', 1) for line in file.read().splitlines())
        self.assertEqual(status['NoNewPrivs'], '1')
        if not self.sanitized():
            self.assertEqual(status['Seccomp'], '2')
            # Not dumpable: nobody but root may look into it.
            with self.assertRaises(PermissionError):
                os.readlink(f'/proc/{guest.proxy.pid}/cwd')

    def test_title_in_another_script_is_painted_under_confinement(self):
        guest = self.guest()
        guest.window(1, 600, 200, GREEN, title='')
        self.wait_framed(guest, content=GREEN)
        rect = guest.view()['rect']
        caption = rect['x'] + 60, rect['y'] + 5, 400, 18
        before = self.sway.screenshot(caption)
        guest.send('window_title', window=1, title='日本語 العربية Ελληνικά')
        self.sway.wait_picture(lambda image: image.tobytes() != before.tobytes(), rect=caption)
        self.assertIsNone(guest.proxy.poll())

    def test_memory_with_three_windows(self):
        if self.sanitized():
            self.skipTest('a sanitizer needs memory of its own')
        guest = self.guest()
        for window in (1, 2, 3):
            guest.window(window, 600, 400, GREEN)
        with open(f'/proc/{guest.proxy.pid}/statm', encoding='ascii') as file:
            resident = int(file.read().split()[1]) * 4
        print(f'resident: {resident} KiB', flush=True)
        self.assertLess(resident, 20 * 1024)


if __name__ == '__main__':
    harness.main()
