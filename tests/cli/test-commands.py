# SPDX-License-Identifier: GPL-3.0-or-later
"""bulkheadctl against a scripted service: what it prints, its JSON and its exit codes."""

import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cli  # noqa: E402
import harness  # noqa: E402

NAMES = ['Work', 'Bänk & “täx” 銀行', 'a\'b"c $HOME `x` \\ *', '--odd']
VMS = [{'Name': name, 'Color': '#123456'} for name in NAMES] + [
    {'Name': 'Runs', 'State': 'running', 'Programs': [[3, 'Calculator', 1700000000000000, 2]]},
    {'Name': 'Broken', 'State': 'failed', 'Error': 'The guest did not come up.',
     'Problems': ['broken.vm:3: Memory: cannot be “x”']},
    {'Name': 'Unlucky'}]


def setUpModule():
    global bus, ctl
    bus = cli.Bus()
    path = bus.place.path('vms.json')
    with open(path, 'w', encoding='utf-8') as file:
        json.dump(VMS, file)
    # An application that is not, and one whose id ends in .desktop already.
    folder = os.path.join(bus.env['XDG_DATA_HOME'], 'applications')
    os.makedirs(folder)
    for name, more in (('org.example.desktop.desktop', 'Name=Ends\nKeywords=Sum;\n'),
                       ('org.example.Paint.desktop', 'Name=Paint\nCategories=Graphics;\n'),
                       ('org.example.Boxed.desktop', 'Name=Boxed\nX-Flatpak=org.example.Boxed\n')):
        with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
            file.write(f'[Desktop Entry]\nType=Application\nExec=true\n{more}')
    bus.env['XDG_DATA_DIRS'] = bus.place.path('nothing')
    bus.start_service('--vms', path, '--fail', 'Unlucky=DiskFull:The disk is full. Make room.')
    ctl = bus.control


def tearDownModule():
    bus.close()


class Listing(unittest.TestCase):

    def test_list_has_every_name_whole(self):
        result = ctl('list')
        self.assertEqual(result.code, 0, result)
        for name in NAMES:
            self.assertIn(name, result.out)
        self.assertNotIn('\x1b', result.out)

    def test_columns_begin_at_one_place_with_wide_letters(self):
        lines = ctl('list').out.splitlines()
        wide = [line for line in lines if '銀行' in line][0]
        plain = [line for line in lines if line.startswith('Work')][0]
        self.assertEqual(wide.index('stopped') + 2, plain.index('stopped'))

    def test_no_blanks_at_line_ends(self):
        for command in (['list'], ['status'], ['show', 'Work'], ['apps']):
            for line in ctl(*command).out.splitlines():
                self.assertEqual(line, line.rstrip(), command)

    def test_list_json(self):
        vms = {vm['name']: vm for vm in ctl('list', '--json').json()}
        self.assertLessEqual(set(NAMES), set(vms))
        self.assertEqual(vms['Work']['color'], '#123456')
        self.assertEqual(vms['Work']['state'], 'stopped')
        self.assertEqual(vms['Runs']['programs'],
                         [{'id': 3, 'label': 'Calculator', 'start_us': 1700000000000000, 'windows': 2}])
        self.assertEqual(vms['Broken']['problems'], ['broken.vm:3: Memory: cannot be “x”'])

    def test_show(self):
        for name in NAMES[:3]:
            result = ctl('show', name)
            self.assertEqual(result.code, 0, result)
            self.assertIn(name, result.out)
        self.assertIn('The guest did not come up.', ctl('show', 'Broken').out)
        self.assertIn('broken.vm:3', ctl('show', 'Broken').out)
        self.assertEqual(ctl('show', '--json', 'Work').json()['settings']['Memory'], '1024')

    def test_names_that_look_like_options(self):
        self.assertEqual(ctl('show', '--odd').code, 2)
        self.assertIn('--odd', ctl('show', '--', '--odd').out)

    def test_status(self):
        self.assertIn('Calculator', ctl('status', 'Runs').out)
        self.assertIn('Calculator', ctl('status').out)
        self.assertIn('The guest did not come up.', ctl('status').out)
        one = ctl('status', '--json', 'Runs').json()
        self.assertEqual(one['programs'][0]['label'], 'Calculator')
        self.assertEqual(one['usage']['memory'], 1 << 30)
        self.assertEqual({vm['name'] for vm in ctl('status', '--json').json()},
                         {vm['name'] for vm in ctl('list', '--json').json()})

    def test_apps(self):
        self.assertNotIn('Boxed', ctl('apps').out)
        result = ctl('apps', '--all')
        self.assertIn('Boxed', result.out)
        self.assertIn('Flatpak', result.out)
        self.assertEqual([a['id'] for a in ctl('apps', '--json', 'SUM').json()],
                         ['org.example.desktop.desktop'])
        self.assertEqual([a['id'] for a in ctl('apps', '--json', 'paint', 'graph').json()],
                         ['org.example.Paint.desktop'])
        self.assertEqual(ctl('apps', '--json', 'nothing at all').json(), [])
        self.assertEqual(ctl('apps', 'nothing at all').code, 0)

    def test_check(self):
        result = ctl('check')
        self.assertEqual(result.code, 0, result)
        self.assertIn('→ Switch on', result.out)
        self.assertEqual(ctl('check', '--json').json()[0]['id'], 'kvm')

    def test_check_can_enable_kvm_first(self):
        other = cli.Bus()
        self.addCleanup(other.close)
        other.start_service('--checks', 'offer')
        self.assertIn('bulkheadctl check --enable-kvm', other.control('check').out)
        refused = other.control('check', '--enable-kvm')
        self.assertEqual((refused.code, refused.out), (28, ''))
        self.assertIn('Nobody allowed it.', refused.err)
        done = other.control('check', '--enable-kvm')
        self.assertEqual(done.code, 0, done)
        self.assertNotIn('enable-kvm', done.out)

    def test_log(self):
        self.assertEqual(ctl('log', '-n', '3', 'Work').out, 'line 0\nline 1\nline 2\n')
        for wrong in ('0', '-1', 'x', '10001', '99999999999999999999'):
            self.assertEqual(ctl('log', '-n', wrong, 'Work').code, 2)

    def test_c_locale_keeps_names(self):
        result = ctl('show', '--json', NAMES[1], env={'LC_ALL': 'C'})
        self.assertEqual(result.json()['name'], NAMES[1])


class Changing(unittest.TestCase):

    def test_create_set_delete(self):
        result = ctl('create', 'Neu ☃', '--color', 'green', '--app', 'org.example.Paint', '--app',
                     'org.example.desktop', '--memory=300', '--cpus', '2')
        self.assertEqual(result.code, 0, result)
        vm = ctl('show', '--json', 'Neu ☃').json()
        self.assertEqual(vm['applications'], ['org.example.Paint.desktop', 'org.example.desktop.desktop'])
        self.assertEqual(vm['settings']['Memory'], '300')
        self.assertEqual(vm['settings']['Processors'], '2')
        self.assertEqual(ctl('create', 'neu ☃').code, 13)
        self.assertEqual(ctl('set', 'Neu ☃', 'memory=400', 'Notes=a=b').code, 0)
        vm = ctl('show', '--json', 'Neu ☃').json()
        self.assertEqual(vm['settings']['Memory'], '400')
        self.assertEqual(vm['settings']['Notes'], 'a=b')
        self.assertEqual(ctl('delete', 'Neu ☃').code, 2)
        self.assertEqual(ctl('show', 'Neu ☃').code, 0)
        self.assertEqual(ctl('delete', '--yes', 'Neu ☃').code, 0)
        self.assertEqual(ctl('show', 'Neu ☃').code, 12)

    def test_delete_asks_on_a_terminal(self):
        for answer, code in ((b'n\n', 27), (b'\n', 27), (b'yes\n', 0)):
            ctl('create', 'Short')
            terminal = cli.Terminal([cli.program(), 'delete', 'Short'], ctl.env)
            terminal.read_until(b'[y/N]')
            terminal.write(answer)
            self.assertEqual(terminal.wait(), code, answer)
            terminal.close()
            self.assertEqual(ctl('show', 'Short').code, 12 if code == 0 else 0)

    def test_wrong_settings(self):
        for wrong in (['Memory'], ['=3'], ['Memory=1', 'memory=2']):
            result = ctl('set', 'Work', *wrong)
            self.assertEqual(result.code, 2, result)
            self.assertTrue(result.err.startswith('bulkheadctl: '), result)
        self.assertEqual(ctl('set', 'Work', 'Name=').code, 11)

    def test_create_with_an_application_that_is_not_there(self):
        result = ctl('create', 'Nope', '--app', 'paint')
        self.assertEqual(result.code, 24)
        self.assertIn('Did you mean “org.example.Paint.desktop”?', result.err)
        self.assertEqual(ctl('create', 'Nope', '--app', 'org.example.Boxed').code, 25)
        self.assertEqual(ctl('show', 'Nope').code, 12)

    def test_start_and_stop(self):
        result = ctl('start', 'Work')
        self.assertEqual(result.code, 0, result)
        self.assertIn('Looking for a kernel\n', result.err)
        self.assertEqual(result.out, '')
        self.assertEqual(ctl('show', '--json', 'Work').json()['state'], 'running')
        self.assertEqual(ctl('delete', '--yes', 'Work').code, 16)
        self.assertEqual(ctl('start', '--debug', 'Work').code, 16)
        self.assertEqual(ctl('stop', '-q', '--force', 'Work').err, '')
        self.assertEqual(ctl('show', '--json', 'Work').json()['state'], 'stopped')


class Errors(unittest.TestCase):

    def test_every_error_says_what_and_what_to_do(self):
        for arguments, code in (
                ([], 2), (['nonsense'], 2), (['stat'], 2), (['list', 'x'], 2), (['show'], 2),
                (['show', 'a', 'b'], 2), (['list', '--nonsense'], 2), (['show', 'nobody'], 12),
                (['run', 'Work'], 2), (['run', 'Work', '--'], 2), (['run', 'Work', 'a', '--', 'b'], 2),
                (['run', 'nobody', 'x'], 12), (['run', 'Work', 'unknown.app'], 24),
                (['run', 'Work', '--', 'unknown'], 24), (['start', 'Unlucky'], 22),
                (['console', 'Work'], 15)):
            result = ctl(*arguments)
            self.assertEqual(result.code, code, (arguments, result))
            self.assertEqual(result.out, '', arguments)
            if arguments:
                last = result.err.splitlines()[-1]
                self.assertTrue(last.startswith('bulkheadctl: '), (arguments, result.err))
                self.assertTrue(last.endswith(('.', '?')), (arguments, result.err))
            self.assertNotIn('GDBus', result.err)

    def test_arguments_that_are_not_utf8(self):
        self.assertEqual(ctl('show', b'\xff').code, 2)
        self.assertEqual(ctl('create', 'X', '--color', b'\xff').code, 2)
        self.assertEqual(ctl('run', 'Work', '--', b'\xff').code, 2)

    def test_did_you_mean(self):
        self.assertIn('Did you mean “status”?', ctl('stats').err)

    def test_output_that_cannot_be_written(self):
        with open('/dev/full', 'wb') as full:
            process = ctl.spawn('list', stdout=full)
            err = process.communicate()[1].decode()
        self.assertEqual(process.returncode, 1)
        self.assertIn('could not be written', err)

    def test_help(self):
        for arguments in (['--help'], ['help'], ['run', '--help'], ['help', 'run'], ['--version']):
            result = ctl(*arguments)
            self.assertEqual((result.code, result.err), (0, ''), arguments)
            self.assertTrue(result.out)

    def test_every_command_has_help_and_a_place_in_the_manual(self):
        with open(harness.build_path('help', 'bulkheadctl.1'), encoding='utf-8') as file:
            manual = file.read().replace('\\-', '-').replace('\\fB', '').replace('\\fR', '')
        commands = ctl('__complete', 'commands').out.split()
        self.assertGreater(len(commands), 10)
        for command in commands:
            result = ctl(command, '--help')
            self.assertEqual(result.code, 0, result)
            self.assertRegex(manual, rf'\n(\.B )?{command}[ \n]')
            for line in result.out.splitlines():
                for word in line.replace(',', ' ').split():
                    if word.startswith('--') and len(word) > 2:
                        self.assertIn(word.split('=')[0], manual, command)


class NoService(unittest.TestCase):

    def test_no_bus(self):
        env = {**bus.place.env, 'DBUS_SESSION_BUS_ADDRESS': 'unix:path=/nonexistent'}
        result = cli.Control(env)('list')
        self.assertEqual(result.code, 1)
        self.assertIn('dbus-run-session', result.err)

    def test_service_not_installed(self):
        other = cli.Bus()
        self.addCleanup(other.close)
        result = other.control('list')
        self.assertEqual(result.code, 1)
        self.assertIn('Check that Bulkhead is installed', result.err)
        self.assertEqual(other.control('quit').code, 0)
        self.assertEqual(other.control('__complete', 'vms').err, '')

    def test_service_that_cannot_start(self):
        other = cli.Bus({cli.NAME: '/bin/false'})
        self.addCleanup(other.close)
        result = other.control('list')
        self.assertEqual(result.code, 1)
        self.assertIn('could not be started', result.err)

    def test_service_of_another_version(self):
        other = cli.Bus()
        self.addCleanup(other.close)
        other.spawn(sys.executable, '-c', 'from gi.repository import Gio, GLib\n'
                    f'Gio.bus_own_name(Gio.BusType.SESSION, "{cli.NAME}", 0, None, None, None)\n'
                    'GLib.MainLoop().run()')
        harness.wait_for(lambda: 'other version' in other.control('list').err
                         or 'another version' in other.control('list').err, 10, 'the message')

    def test_quit(self):
        other = cli.Bus()
        self.addCleanup(other.close)
        other.start_service()
        self.assertEqual(other.control('quit').code, 0)
        self.assertEqual(other.service.wait(5), 0)


class Terminals(unittest.TestCase):

    def test_colours_only_on_a_terminal(self):
        env = {**ctl.env, 'TERM': 'xterm'}
        for variable, colour in (({}, True), ({'NO_COLOR': '1'}, False), ({'TERM': 'dumb'}, False)):
            terminal = cli.Terminal([cli.program(), 'list'], {**env, **variable})
            self.assertEqual(terminal.wait(), 0)
            self.assertEqual(b'\x1b[48;2;18;52;86m' in terminal.seen, colour, variable)
            terminal.close()

    def test_steps_are_one_line_on_a_terminal(self):
        terminal = cli.Terminal([cli.program(), 'start', 'Bänk & “täx” 銀行'], {**ctl.env, 'TERM': 'xterm'})
        self.assertEqual(terminal.wait(), 0)
        self.assertIn('\r\x1b[KLooking for a kernel…'.encode(), terminal.seen)
        self.assertTrue(terminal.seen.endswith(b'\r\x1b[K'), terminal.seen)
        self.assertNotIn(b'\n', terminal.seen)
        terminal.close()

    def test_reader_that_goes_away(self):
        process = ctl.spawn('list')
        process.stdout.close()
        process.stderr.close()
        self.assertIn(process.wait(20), (0, -13))


if __name__ == '__main__':
    harness.main()
