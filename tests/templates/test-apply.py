# SPDX-License-Identifier: GPL-3.0-or-later
"""bulkheadctl apply and show --file with the real service; nothing is booted."""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'cli'))
import cli  # noqa: E402
import harness  # noqa: E402
from harness.session import Session  # noqa: E402


def setUpModule():
    global session, ctl
    session = Session(uri='test:///default', activate=True).start()
    ctl = cli.Control(session.env)


def tearDownModule():
    session.stop()


class Apply(harness.TestCase):

    def tearDown(self):
        for vm in ctl('list', '--json').json():
            self.assertEqual(ctl('delete', '--yes', vm['id']).code, 0)

    def file(self, text, name='a.vm'):
        path = session.place.path(name)
        with open(path, 'w', encoding='utf-8') as out:
            out.write(text)
        return path

    def settings(self, name):
        return ctl('show', '--json', name).json()['settings']

    def test_makes_changes_and_leaves(self):
        path = self.file('# mine\n[AppVM]\nName=Bank & “täx”\nMemory=300\nApplications=foot.desktop;\n')
        result = ctl('apply', '--dry-run', path)
        self.assertEqual((result.code, ctl('list', '--json').json()), (0, []), result)
        self.assertIn('Memory: 300', result.out)
        self.assertIn('Nothing was changed', result.out)

        result = ctl('apply', path)
        self.assertEqual(result.code, 0, result)
        self.assertIn('“Bank & “täx””: is made', result.out)
        first = self.settings('bank & “TÄX”')
        self.assertEqual((first['Memory'], first['Applications']), ('300', 'foot.desktop'))
        result = ctl('apply', path)
        self.assertIn('stays as it is', result.out)
        self.assertEqual(self.settings('bank & “täx”'), first)

        path = self.file('[AppVM]\nName=Bank & “täx”\nProcessors=2\nNotes=a\\nb\n')
        result = ctl('apply', '--dry-run', path)
        for line in ('Memory: 300 → 768', 'Processors: 1 → 2', 'Applications: foot.desktop → –'):
            self.assertIn(line, result.out)
        self.assertEqual(self.settings('bank & “täx”'), first)
        self.assertEqual(ctl('apply', path).code, 0)
        second = self.settings('bank & “täx”')
        self.assertEqual((second['Memory'], second['Processors'], second['Notes'], second['Color']),
                         ('768', '2', 'a\nb', first['Color']))
        self.assertEqual(len(ctl('list', '--json').json()), 1)

    def test_what_show_prints_can_be_applied(self):
        self.assertEqual(ctl('create', 'One', '--memory', '333', '--color', 'red').code, 0)
        text = ctl('show', '--file', 'One').out
        self.assertIn('Memory=333\n', text)
        kept = self.settings('One')
        self.assertEqual(ctl('delete', '--yes', 'One').code, 0)
        self.assertEqual(ctl('apply', self.file(text)).code, 0)
        self.assertEqual(self.settings('One'), kept)
        # Comments and what a newer version has are shown as they are.
        vm = ctl('show', '--json', 'One').json()
        place = os.path.join(session.env['XDG_CONFIG_HOME'], 'bulkhead', 'vms', vm['id'] + '.vm')
        with open(place, 'a', encoding='utf-8') as out:
            out.write('# why\nFromTheFuture=1\n')
        with open(place, encoding='utf-8') as file:
            self.assertEqual(ctl('show', '--file', 'One').out, file.read())

    def test_a_recipe_for_experts(self):
        text = ('[AppVM]\nName=Lab\nTemplate=debian\nPackages=foot;less\nKernel=/boot/vmlinuz-lab\nInitramfs=/boot/initrd-lab\n'
                'KernelParameters=quiet nosmt\nQemuArguments=-device virtio-rng-pci\nLogLevel=debug\n')
        result = ctl('apply', self.file(text))
        self.assertEqual(result.code, 0, result)
        for line in ('Kernel: /boot/vmlinuz-lab\n', 'KernelParameters: quiet nosmt\n', 'LogLevel: debug\n',
                     'QemuArguments: -device virtio-rng-pci (makes the isolation weaker)\n',
                     'bulkheadctl template build --suite=trixie foot less\n'):
            self.assertIn(line, result.out)
        # In the manual's order, and the colour that was chosen for it.
        color = self.settings('Lab')['Color']
        self.assertEqual(ctl('show', '--file', 'Lab').out, text.replace('Name=Lab\n', f'Name=Lab\nColor={color}\n'))
        result = ctl('apply', self.file('[AppVM]\nName=Lab\n'))
        for line in ('QemuArguments: -device virtio-rng-pci → –\n', 'Initramfs: /boot/initrd-lab → –\n', 'LogLevel: debug → errors\n'):
            self.assertIn(line, result.out)
        self.assertEqual(self.settings('Lab')['QemuArguments'], '')

    def test_one_mistake_changes_nothing(self):
        good = self.file('[AppVM]\nName=Good\n', 'good.vm')
        self.assertEqual(ctl('create', 'There').code, 0)
        before = ctl('list', '--json').json()
        for text, words in (('[AppVM]\nName=Bad\nMemory=1\n', ['bad.vm:3', 'Memory', '192 to 65536']),
                            ('[AppVM]\nName=Bad\nNonsense=1\n', ['bad.vm:3', 'Nonsense']),
                            ('[AppVM]\nName=Bad\nMemory=300\nMemory=400\n', ['bad.vm:4', 'twice']),
                            ('[AppVM]\nMemory=300\n', ['Name']), ('', ['AppVM']),
                            ('[AppVM]\nName=Bad\x1b[31m\n', ['bad.vm:2', 'Name']),
                            ('Name=Bad\n', ['bad.vm:1']), ('[AppVM]\nName=Bad\n\udcff', ['UTF-8'])):
            path = session.place.path('bad.vm')
            with open(path, 'w', encoding='utf-8', errors='surrogateescape') as out:
                out.write(text)
            result = ctl('apply', good, path)
            self.assertEqual(result.code, 14, (text, result))
            self.assertNotIn('\x1b', result.err)
            for word in words:
                self.assertIn(word, result.err)
            self.assertEqual(ctl('list', '--json').json(), before)

    def test_files_that_are_none(self):
        twice = self.file('[AppVM]\nName=same\n', 'b.vm')
        large = self.file('[AppVM]\nName=x\n#' + 'x' * (1 << 18), 'large.vm')
        for arguments, code, word in (([], 2, 'FILE'), (['/nonexistent.vm'], 11, '/nonexistent.vm'),
                                      (['/tmp'], 11, '/tmp'), ([large], 14, 'larger'),
                                      ([self.file('[AppVM]\nName=Same\n'), twice], 2, 'both')):
            result = ctl('apply', *arguments)
            self.assertEqual(result.code, code, (arguments, result))
            self.assertIn(word, result.err)
        self.assertEqual(ctl('list', '--json').json(), [])


if __name__ == '__main__':
    harness.main()
