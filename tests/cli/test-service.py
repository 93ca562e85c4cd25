# SPDX-License-Identifier: GPL-3.0-or-later
"""bulkheadctl with the real bulkhead-service, started by the bus; nothing is booted."""

import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cli  # noqa: E402
import harness  # noqa: E402
from harness.session import Session  # noqa: E402

NAME = 'Bänk & “täx” 銀行'


def setUpModule():
    global session, ctl
    session = Session(uri='test:///default', activate=True).start()
    ctl = cli.Control(session.env)


def tearDownModule():
    session.stop()


class WithTheService(harness.TestCase):

    def tearDown(self):
        for vm in ctl('list', '--json').json():
            self.assertEqual(ctl('delete', '--yes', vm['name']).code, 0)

    def test_life_of_an_appvm(self):
        self.assertIn('create NAME', ctl('list').out)
        result = ctl('create', NAME, '--color', 'red', '--app', 'foot', '--memory', '300', '--cpus', '2')
        self.assertEqual(result.code, 0, result)
        self.assertIn(NAME, ctl('list').out)
        vm = ctl('show', '--json', NAME).json()
        self.assertEqual((vm['color'], vm['state'], vm['applications']), ('#c01c28', 'stopped', ['foot.desktop']))
        self.assertEqual((vm['settings']['Memory'], vm['settings']['Processors']), ('300', '2'))
        file = os.path.join(session.env['XDG_CONFIG_HOME'], 'bulkhead', 'vms', vm['id'] + '.vm')
        self.assertTrue(os.path.exists(file))
        self.assertEqual(ctl('show', '--json', vm['id']).json(), vm)
        self.assertIn('Memory', ctl('show', NAME).out)

        self.assertEqual(ctl('set', NAME, 'memory=400', 'Notes=one\ntwo', 'Color=').code, 0)
        vm = ctl('show', '--json', NAME).json()
        self.assertEqual((vm['settings']['Memory'], vm['settings']['Notes'], vm['color']),
                         ('400', 'one\ntwo', '#1c71d8'))
        self.assertEqual(ctl('status', '--json', NAME).json()['usage'], {})

        self.assertEqual(ctl('delete', '--yes', NAME).code, 0)
        self.assertFalse(os.path.exists(file))
        self.assertEqual(ctl('list', '--json').json(), [])

    def test_a_new_one_keeps_its_home_unless_told_otherwise(self):
        for words, home in (([], 'disk'), (['--home', 'none'], 'none'), (['--home=disk'], 'disk')):
            self.assertEqual(ctl('create', NAME, *words).code, 0)
            self.assertEqual(ctl('show', '--json', NAME).json()['settings']['Home'], home)
            self.assertEqual(ctl('delete', '--yes', NAME).code, 0)
        self.assertEqual(ctl('create', NAME, '--home', 'somewhere').code, 11)
        # Files mean what they meant.
        path = session.place.path('a.vm')
        with open(path, 'w', encoding='utf-8') as file:
            file.write('[AppVM]\nName=' + NAME + '\n')
        self.assertEqual(ctl('apply', path).code, 0)
        self.assertEqual(ctl('show', '--json', NAME).json()['settings']['Home'], 'none')

    def test_duplicate_and_rename(self):
        self.assertEqual(ctl('create', NAME, '--memory', '300').code, 0)
        result = ctl('duplicate', NAME)
        self.assertEqual(result.code, 0, result)
        self.assertIn(NAME + ' (copy)', result.out)
        self.assertEqual(ctl('show', '--json', NAME + ' (copy)').json()['settings']['Memory'], '300')
        self.assertEqual(ctl('duplicate', NAME, 'Other').code, 0)
        vm = ctl('show', '--json', 'Other').json()
        self.assertEqual(ctl('rename', 'Other', 'Another').code, 0)
        self.assertEqual(ctl('show', '--json', 'Another').json()['id'], vm['id'])
        for arguments, code in ((['duplicate', NAME, 'another'], 13), (['duplicate', 'nobody'], 12),
                                (['duplicate'], 2), (['rename', 'Another'], 2), (['rename', 'Another', NAME], 13),
                                (['rename', 'Another', 'a\u202eb'], 11), (['rename', 'nobody', 'x'], 12),
                                (['duplicate', NAME, b'\xff'], 2), (['rename', NAME, b'\xff'], 2)):
            self.assertEqual(ctl(*arguments).code, code, arguments)

    def test_refusals(self):
        self.assertEqual(ctl('create', 'Work').code, 0)
        for arguments, code, text in (
                (['create', 'Work'], 13, 'Work'), (['create', 'x', '--memory', '1'], 11, '192 to 65536 MiB'),
                (['create', 'x', '--color', 'mauve'], 11, 'mauve'), (['create', ''], 11, 'Name'),
                (['create', 'x\ny'], 11, 'Name'), (['set', 'Work', 'Memory=300', 'Nonsense=1'], 11, 'Nonsense'),
                (['set', 'Work', 'Processors=99'], 11, '1 to 16'), (['show', 'nobody'], 12, 'nobody'),
                (['create', 'x', '--app', 'no-such-program'], 24, 'no-such-program'),
                (['run', 'Work', 'no-such-program'], 24, 'no-such-program'),
                (['console', 'Work'], 15, 'Work')):
            result = ctl(*arguments)
            self.assertEqual(result.code, code, (arguments, result))
            self.assertIn(text, result.err)
            self.assertTrue(result.err.rstrip().endswith('.'), result.err)
        self.assertEqual(ctl('show', '--json', 'Work').json()['settings']['Memory'], '768')

    def test_broken_file(self):
        self.assertEqual(ctl('create', 'Work').code, 0)
        vm = ctl('show', '--json', 'Work').json()
        file = os.path.join(session.env['XDG_CONFIG_HOME'], 'bulkhead', 'vms', vm['id'] + '.vm')
        self.assertEqual(ctl('quit').code, 0)
        with open(file, 'a', encoding='utf-8') as out:
            out.write('Memory=lots\n')
        self.assertEqual(len(ctl('show', '--json', 'Work').json()['problems']), 1)
        self.assertIn('Memory', ctl('show', 'Work').out)
        result = ctl('start', 'Work')
        self.assertEqual(result.code, 14, result)
        self.assertEqual(ctl('set', 'Work', 'Memory=300').code, 0)
        self.assertEqual(ctl('show', '--json', 'Work').json()['problems'], [])

    def test_applications_and_checks(self):
        self.assertIn('foot.desktop', [app['id'] for app in ctl('apps', '--json', 'foot').json()])
        checks = ctl('check', '--json').json()
        self.assertTrue(all(check['severity'] in ('ok', 'warning', 'error') for check in checks), checks)
        self.assertTrue(all(check['fix'] for check in checks if check['severity'] != 'ok'), checks)

    def test_quit_and_again(self):
        self.assertEqual(ctl('create', 'Work').code, 0)
        self.assertEqual(ctl('quit').code, 0)
        self.assertEqual(ctl('stop-all').code, 0)
        self.assertEqual([vm['name'] for vm in ctl('list', '--json').json()], ['Work'])

    def test_completion(self):
        self.assertEqual(ctl('create', NAME).code, 0)
        script = f'PATH={os.path.dirname(cli.program())}:$PATH; . "$1"; COMP_WORDS=(bulkheadctl show "B")\n' \
                 'COMP_CWORD=2; _bulkheadctl; echo "${COMPREPLY[@]}"'
        out = subprocess.run(['bash', '-c', script, 'bash',
                              os.path.join(harness.SOURCE_DIR, 'data', 'completions', 'bulkheadctl')],
                             env=session.env, capture_output=True, text=True, check=True)
        self.assertEqual(out.stdout.strip(), 'Bänk\\ \\&\\ “täx”\\ 銀行')


if __name__ == '__main__':
    harness.main()
