# SPDX-License-Identifier: GPL-3.0-or-later
"""bulkheadctl run, start and stop: ends of jobs, what Ctrl+C does, what the guest may print."""

import json
import os
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cli  # noqa: E402
import harness  # noqa: E402


def setUpModule():
    global bus, ctl
    bus = cli.Bus()
    path = bus.place.path('vms.json')
    with open(path, 'w', encoding='utf-8') as file:
        json.dump([{'Name': 'Work', 'State': 'running'}, {'Name': 'Idle'}, {'Name': 'Silent'}], file)
    folder = os.path.join(bus.env['XDG_DATA_HOME'], 'applications')
    os.makedirs(folder)
    for name in ('org.example.desktop.desktop', 'org.example.Paint.desktop'):
        with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
            file.write('[Desktop Entry]\nType=Application\nExec=true\nName=Example\n')
    bus.start_service('--vms', path)
    ctl = bus.control


def tearDownModule():
    bus.close()


class Ends(unittest.TestCase):

    def test_exit_code_and_output_of_the_program(self):
        for code in (0, 1, 2, 77, 143, 255):
            result = ctl('run', '--wait', 'Work', '--', 'exit', str(code), 'its\noutput')
            self.assertEqual((result.code, result.out), (code, 'its\noutput\n'))

    def test_job_that_fails(self):
        for error, code in (('Failed', 1), ('BootFailed', 23), ('NoMemory', 21), ('NoDisplay', 20)):
            result = ctl('run', 'Work', '--', 'fail', error)
            self.assertEqual(result.code, code, result)
            self.assertIn('bulkheadctl: It went wrong. Do this.\n', result.err)
            self.assertIn('it said this\n', result.err)
            self.assertEqual(result.out, '')

    def test_job_that_is_over_before_it_is_looked_at(self):
        result = ctl('run', '--wait', 'Work', '--', 'late')
        self.assertEqual((result.code, result.out), (5, 'late\n'))

    def test_job_that_is_lost(self):
        result = ctl('run', 'Work', '--', 'lost')
        self.assertEqual(result.code, 1)
        self.assertIn('lost the job', result.err)

    def test_program_without_a_window(self):
        result = ctl('run', 'Work', '--', 'exit', '0', 'done elsewhere')
        self.assertEqual((result.code, result.out), (0, ''))
        self.assertIn('done elsewhere\n“exit” ended without a window', result.err)
        result = ctl('run', 'Work', '--', 'exit', '4', 'no such file')
        self.assertEqual((result.code, result.out), (26, ''))
        self.assertIn('no such file\n', result.err)

    def test_json(self):
        result = ctl('run', '--json', '--wait', '--quiet', 'Work', '--', 'exit', '3', 'out')
        self.assertEqual((result.code, result.err), (3, ''))
        value = result.json()
        self.assertEqual((value['state'], value['code'], value['tail'], value['id']), ('done', 3, 'out', 7))
        self.assertEqual(value['timeline'][0]['time_us'], 0)
        result = ctl('run', '--json', 'Work', '--', 'fail', 'BootFailed')
        self.assertEqual(result.json()['state'], 'failed')
        self.assertIn('wrong', result.json()['error'])

    def test_timing(self):
        result = ctl('run', '--timing', 'Idle', 'org.example.Paint')
        self.assertEqual(result.code, 0, result)
        lines = [line.split() for line in result.out.splitlines()]
        steps = [line[0] for line in lines[1:]]
        self.assertEqual(steps[0], 'call')
        self.assertEqual(steps[-2:], ['window', 'total'])
        deltas = sum(float(line[-4]) for line in lines[1:-1])
        self.assertAlmostEqual(deltas, float(lines[-1][-2]), delta=1)
        self.assertIn('is shown in “Idle”', result.err)
        ctl('stop', '-q', 'Idle')

    def test_what_is_passed_on(self):
        def last(*arguments, env=None):
            self.assertEqual(ctl('run', '-q', *arguments, env=env).code, 0)
            return bus.recorded()[-1]
        self.assertEqual(last('Work', 'org.example.Paint', '--x11',
                              env={'WAYLAND_DISPLAY': 'wayland-7', 'XDG_ACTIVATION_TOKEN': 't1',
                                   'DESKTOP_STARTUP_ID': 't2'}),
                         {'method': 'Launch', 'app': 'org.example.Paint.desktop', 'x11': 'yes',
                          'display': 'wayland-7', 'activation-token': 't1'})
        self.assertEqual(last('Work', '--wait', '--', 'exit', '0', '--', '-x', '', 'ä b',
                              env={'DESKTOP_STARTUP_ID': 't2'}),
                         {'method': 'Launch', 'argv': ['exit', '0', '--', '-x', '', 'ä b'], 'wait': True,
                          'activation-token': 't2'})
        self.assertEqual(last('Work', 'org.example.Paint.desktop')['app'], 'org.example.Paint.desktop')

    def test_id_that_ends_in_desktop(self):
        self.assertEqual(ctl('run', '-q', 'Work', 'org.example.desktop').code, 0)
        self.assertEqual(bus.recorded()[-1]['app'], 'org.example.desktop.desktop')

    def test_hostile_text(self):
        result = ctl('run', '--wait', 'Work', '--', 'wordy')
        self.assertEqual(result.code, 0, result)
        for text in (result.out, result.err):
            for wrong in ('\x1b', '\x07', '\u202e', '\x9b'):
                self.assertNotIn(wrong, text)
        self.assertIn('last\n', result.out)
        self.assertIn('Step a', result.err)
        self.assertIn('bulkheadctl: Notice a', result.err)
        raw = ctl('run', '--json', '--wait', 'Work', '--', 'wordy')
        self.assertIn('\x1b]52', raw.json()['tail'])
        for wrong in ('\x1b', '\x07', '\u202e', '\x9b'):
            self.assertNotIn(wrong, raw.out)


class Interrupts(unittest.TestCase):

    def begin(self, *arguments, until='Waiting for ever'):
        process = ctl.spawn(*arguments)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        self.seen = b''
        while until.encode() not in self.seen:
            data = os.read(process.stderr.fileno(), 4096)
            self.assertTrue(data, self.seen)
            self.seen += data
        return process

    def end(self, process, timeout=20):
        out, err = process.communicate(timeout=timeout)
        return process.returncode, out.decode(), err.decode()

    def test_ctrl_c_cancels_the_job(self):
        for signal_ in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process = self.begin('run', 'Work', '--', 'never')
            process.send_signal(signal_)
            code, _out, err = self.end(process)
            self.assertEqual(code, 27, err)
            self.assertIn('bulkheadctl: Cancelled', err)

    def test_ctrl_c_twice_waits_no_longer(self):
        process = self.begin('run', 'Work', '--', 'deaf')
        process.send_signal(signal.SIGINT)
        while b'Giving up' not in self.seen:
            self.seen += os.read(process.stderr.fileno(), 4096)
        self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        code, _out, err = self.end(process)
        self.assertEqual(code, 27, err)
        self.assertIn('may still be going on', err)

    def test_ctrl_c_terminates_the_program_that_is_waited_for(self):
        process = self.begin('run', '--wait', 'Work', '--', 'sleep', until='It runs')
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.end(process)[:2], (143, 'terminated\n'))

    def test_program_that_does_not_end(self):
        process = self.begin('run', '--wait', 'Work', '--', 'sleep', 'stubborn', until='It runs')
        process.send_signal(signal.SIGINT)
        while b'Asked the program to end' not in self.seen:
            self.seen += os.read(process.stderr.fileno(), 4096)
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.end(process)[0], 27)

    def test_without_wait_ctrl_c_cancels_also_late(self):
        process = self.begin('run', 'Work', '--', 'sleep', until='It runs')
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.end(process)[0], 27)

    def test_ctrl_c_before_the_service_has_answered(self):
        process = ctl.spawn('start', 'Silent')
        self.addCleanup(process.kill)
        # The call is under way when the service has it; it does not answer this one.
        with open(f'/proc/{process.pid}/status', encoding='ascii') as file:
            self.assertTrue(file.read())

        def handles_interrupt():
            with open(f'/proc/{process.pid}/status', encoding='ascii') as file:
                caught = [line for line in file if line.startswith('SigCgt')][0]
            return int(caught.split()[1], 16) & (1 << (signal.SIGINT - 1))
        harness.wait_for(handles_interrupt, 10, 'its handler')
        process.send_signal(signal.SIGINT)
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(0.3)
        process.send_signal(signal.SIGINT)
        code, _out, err = self.end(process)
        self.assertEqual(code, 27, err)

    def test_ctrl_c_on_a_terminal(self):
        terminal = cli.Terminal([cli.program(), 'run', 'Work', '--', 'never'], {**ctl.env, 'TERM': 'xterm'})
        terminal.read_until(b'Waiting for ever')
        terminal.write(b'\x03')
        self.assertEqual(terminal.wait(), 27)
        self.assertIn(b'Cancelled.', terminal.seen)
        terminal.close()


class Debug(unittest.TestCase):

    def test_start_debug_shows_the_log_and_ctrl_c_stops(self):
        folder = os.path.join(bus.env['XDG_STATE_HOME'], 'bulkhead')
        os.makedirs(folder, exist_ok=True)
        log = os.path.join(folder, 'idle.log')
        with open(log, 'w', encoding='utf-8') as file:
            file.write('an older start\n')
        process = ctl.spawn('start', '--debug', 'Idle')
        self.addCleanup(process.kill)
        harness.wait_for(lambda: ctl('show', '--json', 'Idle').json()['state'] == 'running', 20, 'its start')
        self.assertTrue(bus.recorded()[-1]['debug'])
        with open(log, 'a', encoding='utf-8') as file:
            file.write('from the \x1b[31mguest\r\n')
        self.assertEqual(process.stdout.readline(), b'from the guest\n')
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(20), 0)
        process.communicate()
        self.assertEqual(ctl('show', '--json', 'Idle').json()['state'], 'stopped')

    def test_start_debug_ends_with_the_appvm(self):
        process = ctl.spawn('start', '--debug', 'Idle')
        self.addCleanup(process.kill)
        harness.wait_for(lambda: ctl('show', '--json', 'Idle').json()['state'] == 'running', 20, 'its start')
        self.assertEqual(ctl('stop', 'Idle').code, 0)
        self.assertEqual(process.wait(20), 0)
        process.communicate()


class ServiceEnds(unittest.TestCase):

    def test_service_that_dies(self):
        other = cli.Bus()
        self.addCleanup(other.close)
        other.start_service()
        self.assertEqual(other.control('create', 'Work').code, 0)
        result = other.control('run', 'Work', '--', 'die')
        self.assertEqual(result.code, 1, result)
        self.assertIn('ended before it answered', result.err)


if __name__ == '__main__':
    harness.main()
