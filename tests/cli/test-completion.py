# SPDX-License-Identifier: GPL-3.0-or-later
"""bash completion: what Tab offers, and a command line completed in a real bash."""

import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cli  # noqa: E402
import harness  # noqa: E402

COMPLETION = os.path.join(harness.SOURCE_DIR, 'data', 'completions', 'bulkheadctl')
LOADER = '/usr/share/bash-completion/bash_completion'
NAMES = ['Work', 'Bänk & “täx” 銀行', 'Bank: home', '$(touch pwned)', "it's", 'a=b']
# The words as readline would split them; bash does that only for itself.
SCRIPT = r'''
[ -n "$WITH_LOADER" ] && . "$LOADER"
. "$COMPLETION"
compopt() { echo "compopt $*" >&2; }
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
_bulkheadctl
printf '%s\n' "${COMPREPLY[@]}"
'''


def setUpModule():
    global bus, folder
    bus = cli.Bus()
    path = bus.place.path('vms.json')
    with open(path, 'w', encoding='utf-8') as file:
        json.dump([{'Name': name} for name in NAMES] + [{'Name': 'Runs', 'State': 'running'}], file)
    applications = os.path.join(bus.env['XDG_DATA_HOME'], 'applications')
    os.makedirs(applications)
    for name in ('org.example.Paint', 'org.example.Draw', 'firefox'):
        with open(os.path.join(applications, name + '.desktop'), 'w', encoding='utf-8') as file:
            file.write(f'[Desktop Entry]\nType=Application\nExec=true\nName={name}\n')
    bus.env['XDG_DATA_DIRS'] = bus.place.path('nothing')
    bus.start_service('--vms', path)
    folder = bus.place.path('bin')
    os.mkdir(folder)
    os.symlink(cli.program(), os.path.join(folder, 'bulkheadctl'))
    bus.env['PATH'] = folder + ':/usr/bin:/bin'


def tearDownModule():
    bus.close()


def complete(*words, loader=True):
    env = {**bus.env, 'COMPLETION': COMPLETION, 'LOADER': LOADER, 'WITH_LOADER': '1' if loader else ''}
    out = subprocess.run(['bash', '--norc', '-c', SCRIPT, 'bash', 'bulkheadctl', *words], env=env, text=True,
                         capture_output=True, check=True, cwd=bus.place.root, stdin=subprocess.DEVNULL)
    return [line for line in out.stdout.splitlines() if line]


class Offers(unittest.TestCase):

    def test_commands(self):
        for loader in (True, False):
            self.assertEqual(complete('st', loader=loader), ['start', 'stop', 'status', 'stop-all'])
        self.assertIn('run', complete(''))
        self.assertEqual(complete('--v'), ['--version'])
        self.assertEqual(complete('help', 'ru'), ['run'])
        self.assertEqual(complete('nonsense', ''), [])

    def test_every_command_is_known_with_all_its_options(self):
        for command in complete(''):
            offered = complete(command, '-')
            text = bus.control(command, '--help').out
            for word in text.replace(',', ' ').replace('=', ' ').split():
                if word.startswith('--'):
                    self.assertIn(word, offered, command)

    def test_names(self):
        self.assertEqual(complete('show', 'W'), ['Work'])
        self.assertEqual(complete('show', 'Bä'), ['Bänk\\ \\&\\ “täx”\\ 銀行'])
        self.assertEqual(complete('show', "'Bä"), ['Bänk & “täx” 銀行'])
        self.assertEqual(complete('show', '"Bä'), ['Bänk & “täx” 銀行'])
        self.assertEqual(complete('show', 'Bänk\\ '), ['Bänk\\ \\&\\ “täx”\\ 銀行'])
        self.assertEqual(complete('show', 'it'), ["it\\'s"])
        self.assertEqual(complete('show', "'it"), ["it'\\''s"])
        self.assertEqual(complete('show', 'Work', ''), [])

    def test_names_by_state(self):
        self.assertEqual(complete('stop', ''), ['Runs'])
        self.assertEqual(complete('console', ''), ['Runs'])
        self.assertNotIn('Runs', complete('start', ''))
        self.assertIn('Work', complete('delete', '--yes', ''))

    def test_nothing_that_was_typed_is_run(self):
        complete('show', '$(touch pwned)')
        complete('show', '"$(touch pwned)')
        complete('show', '`touch pwned`')
        self.assertEqual(complete('show', '"$'), ['\\$(touch pwned)'])
        self.assertFalse(os.path.exists(bus.place.path('pwned')))

    def test_applications(self):
        self.assertEqual(sorted(complete('run', 'Work', 'org.')), ['org.example.Draw', 'org.example.Paint'])
        self.assertEqual(complete('run', '--wait', 'Work', '--timing', 'f'), ['firefox'])
        self.assertEqual(complete('create', 'New', '--app', 'fire'), ['firefox'])
        self.assertIn('ls', complete('run', 'Work', '--', 'ls'))

    def test_settings(self):
        self.assertEqual(complete('set', 'Work', 'Mem'), ['Memory='])
        self.assertEqual(complete('set', 'Work', 'Memory=400', 'Proc'), ['Processors='])
        self.assertEqual(complete('create', '--color', 'gre'), ['green'])
        self.assertEqual(complete('create', '--memory', ''), [])

    def test_without_a_service(self):
        env = dict(bus.env)
        bus.env['DBUS_SESSION_BUS_ADDRESS'] = 'unix:path=/nonexistent'
        try:
            self.assertEqual(complete('show', ''), [])
        finally:
            bus.env.update(env)


class RealBash(unittest.TestCase):
    """Tab in an interactive bash; then the line is run, and must name that very AppVM."""

    def run_line(self, typed, expected):
        terminal = cli.Terminal(['bash', '--norc', '--noprofile', '-i'],
                                {**bus.env, 'TERM': 'dumb', 'PS1': 'ready> ', 'INPUTRC': '/dev/null'})
        self.addCleanup(terminal.close)
        terminal.read_until(b'ready> ')
        terminal.write(f'. {LOADER}; . {COMPLETION}; bind "set bell-style none"; echo do"ne"\n'.encode())
        terminal.read_until(b'done\r\nready> ')
        terminal.seen = b''
        terminal.write(typed.encode() + b'\t\n')
        terminal.read_until(expected.encode())
        terminal.write(b'exit\n')
        terminal.wait()

    def test_name_with_blanks(self):
        self.run_line('bulkheadctl show Bä', 'Name:           Bänk & “täx” 銀行')

    def test_name_in_quotes(self):
        self.run_line('bulkheadctl show "Bä', 'Name:           Bänk & “täx” 銀行')

    def test_name_with_what_splits_words(self):
        self.run_line('bulkheadctl show Bank', 'Name:           Bank: home')
        self.run_line('bulkheadctl show Bank:', 'Name:           Bank: home')
        self.run_line('bulkheadctl show a=', 'Name:           a=b')

    def test_name_that_would_run_something(self):
        self.run_line("bulkheadctl show '$", 'Name:           $(touch pwned)')

    def test_value_of_a_key(self):
        self.run_line('bulkheadctl set Work Color=gre', 'ready> ')
        self.assertEqual(bus.control('show', '--json', 'Work').json()['color'], '#2ea04f')


if __name__ == '__main__':
    harness.main()
