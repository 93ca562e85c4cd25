# SPDX-License-Identifier: GPL-3.0-or-later
"""bulkhead-service on a bus of its own: what needs no running AppVM."""

import os
import socket
import subprocess
import unittest

from harness import Place, TestCase, build_path, main, wait_for
from harness.session import DBusError, Job, JobFailed, Session

KEYS = {'Name', 'Color', 'Applications', 'Template', 'Memory', 'Processors', 'AutoStop', 'Thaw',
        'X11', 'Launchers', 'Notes', 'Folders'}


class ServiceCase(TestCase):
    ENV = {}

    def setUp(self):
        self.place = Place()
        self.addCleanup(self.place.remove)
        self.prepare()
        self.session = Session(place=self.place, uri='test:///default', env=dict(self.ENV))
        self.addCleanup(self.session.stop)
        self.session.start()

    def prepare(self):
        pass

    def tearDown(self):
        if self.failed():
            self.session.keep_evidence(self)
        # A crash would be hidden by the bus, which starts the service again.
        self.assertIsNone(self.session.service and self.session.service.poll(), 'the service ended')
        self.assertNotIn('CRITICAL', self.session.read_service_log())

    def refused(self, name, function, *args, **kwargs):
        with self.assertRaises(DBusError) as caught:
            function(*args, **kwargs)
        self.assertEqual(caught.exception.name, name, caught.exception.message)
        return caught.exception.message

    def job_fails(self, name, job, timeout=20):
        with self.assertRaises(JobFailed) as caught:
            job.wait(timeout)
        self.assertEqual(caught.exception.name, name, caught.exception.message)
        return caught.exception.message

    def vm_file(self, vm_id):
        return self.place.path('config', 'bulkhead', 'vms', vm_id + '.vm')

    def listen_as_display(self):
        """Something that answers where a compositor would."""
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(os.path.join(self.place.runtime, 'wayland-9'))
        listener.listen()
        return 'wayland-9'


class Keeping(ServiceCase):
    def test_create_shows_the_appvm_with_all_keys(self):
        vm = self.session.create('Bank & taxes', Memory='512', Applications='foot.desktop')
        self.assertEqual(vm.path, '/io/github/bulkhead/vm/bank_taxes')
        self.assertEqual(vm.get('Id'), 'bank-taxes')
        self.assertEqual(vm.get('Name'), 'Bank & taxes')
        self.assertLessEqual(KEYS, set(vm.get('Settings')))
        self.assertEqual(vm.get('Settings')['Memory'], '512')
        self.assertEqual(vm.get('Applications'), ['foot.desktop'])
        self.assertEqual(vm.state, 'stopped')
        self.assertEqual(vm.get('Problems'), [])
        self.assertEqual(vm.get('Usage'), {})
        self.assertIn(vm.path, self.session.objects())
        self.assertEqual(os.stat(self.vm_file('bank-taxes')).st_mode & 0o777, 0o600)

    def test_colours_differ_by_themselves(self):
        colors = {self.session.create(f'A{n}').get('Color') for n in range(8)}
        self.assertEqual(len(colors), 8)

    def test_a_name_is_used_once_in_any_case(self):
        vm = self.session.create('Work')
        message = self.refused('Exists', self.session.create, 'wORK')
        self.assertIn('wORK', message)
        other = self.session.create('Play')
        self.refused('Exists', other.set, Name=' work ')
        vm.set(Name='WORK')  # its own
        self.assertEqual(vm.get('Name'), 'WORK')

    def test_bad_settings_create_nothing(self):
        self.refused('InvalidArgument', self.session.create, '')
        self.refused('InvalidArgument', self.session.create, 'x' * 65)
        self.refused('InvalidArgument', self.session.create, 'A', Memory='1')
        self.refused('InvalidArgument', self.session.create, 'A', Teleport='1')
        self.refused('InvalidArgument', self.session.manager.call, 'CreateVm', '(a{ss})', {})
        self.assertEqual(os.listdir(self.place.path('config', 'bulkhead', 'vms')), [])

    def test_set_is_all_or_none_and_lasts(self):
        vm = self.session.create('Work')
        message = self.refused('InvalidArgument', vm.set, Memory='512', Processors='77')
        self.assertIn('1 to 16', message)
        self.assertEqual(vm.get('Settings')['Memory'], '768')
        self.assertEqual(vm.set(Memory='512', Color='red', Notes='a\nb'), [])
        self.assertEqual(self.session.stop_service(), 0)
        self.session.start_service()
        vm = self.session.find('work')
        self.assertEqual(vm.get('Settings')['Memory'], '512')
        self.assertEqual(vm.get('Color'), '#c01c28')
        self.assertEqual(vm.get('Settings')['Notes'], 'a\nb')
        vm.set(Memory='')
        self.assertEqual(vm.get('Settings')['Memory'], '768')

    def duplicate(self, vm, name=''):
        path = self.session.manager.call('DuplicateVm', '(ssa{sv})', vm, name, {})
        return Job(self.session, path).wait(30)['vm']

    def test_a_copy_has_everything_of_the_file_but_name_and_id(self):
        vm = self.session.create('Bank', Memory='512', Applications='foot.desktop', Color='red')
        with open(self.vm_file('bank'), 'a', encoding='utf-8') as file:
            file.write('# a remark\n')
        wait_for(lambda: '# a remark' in self.copied_text(vm), 20, 'the remark in a copy')
        copy = self.session.find('Bank (copy)')
        self.assertEqual(copy.get('Id'), 'bank-copy')
        expected = {**vm.get('Settings'), 'Name': 'Bank (copy)'}
        self.assertEqual(copy.get('Settings'), expected)
        self.assertEqual(self.duplicate('bank'), '/io/github/bulkhead/vm/bank_copy_2')
        self.assertEqual(self.session.find('bank-copy-2').get('Name'), 'Bank (copy 2)')
        named = self.duplicate(vm.path, 'Savings')
        self.assertEqual(named, '/io/github/bulkhead/vm/savings')

    def copied_text(self, vm):
        """Of a copy made now; it is left there when it has what the file has."""
        self.duplicate(vm.path)
        with open(self.vm_file('bank-copy'), encoding='utf-8') as file:
            text = file.read()
        if '# a remark' not in text:
            self.session.find('bank-copy').delete()
        return text

    def test_a_copy_is_refused_by_name(self):
        long_name = self.session.create('x' * 64)
        self.assertIn('x (copy)', self.session.find(self.duplicate(long_name.path)).get('Name'))
        self.refused('Exists', self.duplicate, long_name.path, 'X' * 64)
        self.refused('InvalidArgument', self.duplicate, long_name.path, 'a\u202eb')
        self.refused('NotFound', self.duplicate, 'nobody')

    def test_find_by_name_or_id(self):
        vm = self.session.create('Bank & taxes')
        self.assertEqual(self.session.find('bank-taxes').path, vm.path)
        self.assertEqual(self.session.find('BANK & TAXES').path, vm.path)
        self.refused('NotFound', self.session.find, 'nobody')

    def test_delete_leaves_nothing(self):
        vm = self.session.create('Work')
        vm.delete()
        self.assertFalse(os.path.exists(self.vm_file('work')))
        self.assertNotIn(vm.path, self.session.objects())
        self.refused('NotFound', self.session.find, 'Work')
        self.assertEqual(self.session.create('Work').get('Id'), 'work')

    def test_properties_cannot_be_written(self):
        vm = self.session.create('Work')
        from gi.repository import Gio, GLib
        with self.assertRaises(GLib.Error):
            self.session.bus.call_sync(
                'io.github.bulkhead.Service', vm.path, 'org.freedesktop.DBus.Properties', 'Set',
                GLib.Variant('(ssv)', ('io.github.bulkhead.Vm1', 'Name', GLib.Variant('s', 'x'))),
                None, Gio.DBusCallFlags.NONE, 5000, None)
        self.assertEqual(vm.get('Name'), 'Work')

    def test_a_second_service_refuses_to_run(self):
        done = subprocess.run([os.path.join(self.session.libexec, 'bulkhead-service')],
                              env=self.session.env, capture_output=True, timeout=10, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b'another one runs', done.stderr)

    def test_quit_ends_it(self):
        self.session.manager.call('Quit', '(b)', False)
        self.assertEqual(self.session.service.wait(10), 0)
        self.session.service = None


class BrokenFiles(ServiceCase):
    FILES = {
        'good.vm': '[AppVM]\nName=Good\n',
        'range.vm': '# mine\n[AppVM]\nName=Range\nMemory=5\nTeleport=1\n',
        'text.vm': 'this is no key file\n',
        'Not_An_Id.vm': '[AppVM]\nName=X\n',
    }

    def prepare(self):
        folder = self.place.path('config', 'bulkhead', 'vms')
        os.makedirs(folder)
        for name, text in self.FILES.items():
            with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
                file.write(text)

    def test_the_rest_keeps_working_and_each_mistake_is_named(self):
        self.assertEqual(self.session.find('Good').get('Problems'), [])
        problems = self.session.find('Range').get('Problems')
        self.assertEqual(len(problems), 2)
        self.assertTrue(problems[0].startswith('range.vm:4: Memory: '), problems)
        self.assertTrue(problems[1].startswith('range.vm:5: Teleport: '), problems)
        self.assertTrue(self.session.find('text').get('Problems')[0].startswith('text.vm:1: '))
        self.refused('NotFound', self.session.find, 'Not_An_Id')

    def problems(self):
        return '\n'.join(self.session.manager.get('Problems'))

    def write(self, name, text):
        """As an editor does it: whole, by a rename."""
        path = self.place.path('config', 'bulkhead', 'vms', name)
        with open(path + '.new', 'w', encoding='utf-8') as file:
            file.write(text)
        os.rename(path + '.new', path)

    def test_files_that_are_none_of_an_appvm_are_named(self):
        self.assertIn('Not_An_Id.vm: ', self.problems())
        folder = self.place.path('config', 'bulkhead', 'vms')
        self.write('secret.vm', '[AppVM]\nName=Secret\n')
        wait_for(lambda: 'secret' in str(self.session.objects()), 20, 'the new file')
        os.mkfifo(os.path.join(folder, 'pipe.vm'))
        self.write('huge.vm', '[AppVM]\nName=Huge\nNotes=' + 'x' * 300000 + '\n')
        os.chmod(os.path.join(folder, 'secret.vm'), 0)
        os.rename(os.path.join(folder, 'secret.vm'), os.path.join(folder, 'hidden.vm'))
        for part in ('pipe.vm: This is no plain file', 'huge.vm', '256 KiB', 'hidden.vm'):
            wait_for(lambda: part in self.problems(), 20, part)
        os.unlink(os.path.join(folder, 'Not_An_Id.vm'))
        wait_for(lambda: 'Not_An_Id' not in self.problems(), 20, 'the end of a problem')
        self.assertEqual(self.session.create('Still').get('Problems'), [])

    def test_a_file_mended_by_hand_is_taken_up(self):
        vm = self.session.find('range')
        self.write('range.vm', '[AppVM]\nName=Range\nMemory=640\n')
        wait_for(lambda: vm.get('Problems') == [], 20, 'the end of the problem')
        self.assertEqual(vm.get('Settings')['Memory'], '640')
        self.write('text.vm', '[AppVM]\nName=Text now\n')
        wait_for(lambda: self.session.find('text').get('Name') == 'Text now', 20, 'the new name')
        os.unlink(self.vm_file('good'))
        wait_for(lambda: 'good' not in str(self.session.objects()), 20, 'the end of a removed one')

    def test_no_start_from_a_broken_file_until_repaired(self):
        vm = self.session.find('range')
        message = self.refused('BadKeyFile', vm.start)
        self.assertIn('range.vm:4: Memory', message)
        vm.set(Memory='512')
        self.refused('NoDisplay', vm.start)
        with open(self.vm_file('range'), encoding='utf-8') as file:
            text = file.read()
        self.assertIn('# mine\n', text)
        self.assertIn('Teleport=1', text)

    def test_what_is_no_key_file_is_not_written_over(self):
        vm = self.session.find('text')
        self.refused('BadKeyFile', vm.set, Memory='512')
        with open(self.vm_file('text'), encoding='utf-8') as file:
            self.assertEqual(file.read(), self.FILES['text.vm'])


class Options(ServiceCase):
    def test_what_is_wrong_is_refused_by_name(self):
        vm = self.session.create('Work')
        for options in ({'teleport': True}, {'debug': 'yes'}, {'display': '../x'}, {'display': ''},
                        {'display': 'x' * 101}, {'display': '/a/../b'}):
            self.refused('InvalidArgument', vm.start, **options)
        for options in ({}, {'app': 'foot.desktop', 'argv': ['foot']}, {'argv': []}, {'argv': ['']},
                        {'app': '../x.desktop'}, {'app': 'foot'}, {'argv': ['x'] * 257},
                        {'argv': ['x' * 4097]}, {'argv': ['a\x1bb']},
                        {'argv': ['foot'], 'x11': 'perhaps'}):
            self.refused('InvalidArgument', vm.launch, **options)
        self.refused('InvalidArgument', vm.call, 'ReadLog', '(u)', 0)
        self.refused('InvalidArgument', vm.call, 'ReadLog', '(u)', 10001)
        self.assertEqual(vm.state, 'stopped')

    def test_no_display(self):
        vm = self.session.create('Work')
        self.assertIn('Wayland', self.refused('NoDisplay', vm.start))
        self.assertIn('wayland-7', self.refused('NoDisplay', vm.launch, argv=['foot'],
                                                display='wayland-7'))

    def test_what_does_not_run(self):
        vm = self.session.create('Work')
        self.refused('NotRunning', vm.call, 'OpenConsole', reply_fds=True)
        self.refused('NotFound', vm.call, 'Terminate', '(u)', 1)
        self.assertEqual(vm.stop().wait(5), {})
        self.assertEqual(vm.log(), '')


class Applications(ServiceCase):
    ENTRIES = {
        'org.example.Good.desktop': ('Good', '/usr/bin/env', ''),
        'org.example.Flat.desktop': ('Flat', '/usr/bin/env', 'X-Flatpak=org.example.Flat\n'),
        'org.example.Snap.desktop': ('Snap', 'env A=b /snap/bin/thing %U', ''),
        'org.example.Image.desktop': ('Image', '/usr/bin/env', 'X-AppImage-Version=1\n'),
        'org.example.Away.desktop': ('Away', '@away@', ''),
        'org.example.Hidden.desktop': ('Hidden', '/usr/bin/env', 'NoDisplay=true\n'),
        'io.github.bulkhead.Bulkhead.desktop': ('Bulkhead', '/usr/bin/env', ''),
    }

    def prepare(self):
        folder = self.place.path('data', 'applications')
        os.makedirs(folder)
        away = self.place.path('thing')
        with open(away, 'w', encoding='utf-8') as file:
            file.write('#!/bin/sh\n')
        os.chmod(away, 0o755)
        for name, (title, command, more) in self.ENTRIES.items():
            with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
                file.write(f'[Desktop Entry]\nType=Application\nName={title}\nExec='
                           f'{command.replace("@away@", away)}\n{more}'
                           'Categories=Utility;X-Test;\nKeywords=one;two;\nComment=About it\n')

    def test_each_says_whether_it_can_be_used(self):
        apps = {app['id']: app for app in self.session.manager.call('ListApplications')}
        self.assertNotIn('org.example.Hidden.desktop', apps)
        self.assertNotIn('io.github.bulkhead.Bulkhead.desktop', apps)
        for name, word in (('Flat', 'Flatpak'), ('Snap', 'snap'), ('Image', 'AppImage'),
                           ('Away', 'outside'), ('Good', 'launcher')):
            app = apps[f'org.example.{name}.desktop']
            self.assertFalse(app['usable'], name)
            self.assertIn(word, app['reason'])
        self.assertEqual(apps['org.example.Good.desktop']['categories'], ['Utility', 'X-Test'])
        self.assertEqual(apps['org.example.Good.desktop']['keywords'], ['one', 'two'])
        self.assertEqual(apps['org.example.Good.desktop']['summary'], 'About it')
        usable = [app for app in apps.values() if app['usable']]
        if os.path.exists('/usr/share/applications/foot.desktop'):
            self.assertIn('foot.desktop', [app['id'] for app in usable])
        for app in usable:
            self.assertEqual(app['reason'], '')

    def test_launch_refuses_what_cannot_be_used(self):
        vm = self.session.create('Work')
        message = self.refused('ProgramUnsupported', vm.launch, app='org.example.Flat.desktop')
        self.assertIn('Flatpak', message)
        self.refused('ProgramNotFound', vm.launch, app='org.example.None.desktop')


class NoKernel(ServiceCase):
    def prepare(self):
        os.mkdir(self.place.path('boot'))
        self.ENV = {'BULKHEAD_KERNEL_DIR': self.place.path('boot')}

    def test_the_package_is_named_and_nothing_stays(self):
        vm = self.session.create('Work')
        message = self.job_fails('NoKernel', vm.start(display=self.listen_as_display()))
        self.assertIn('linux-image', message)
        self.assertEqual(vm.state, 'failed')
        self.assertEqual(vm.get('Error'), message)
        self.assertEqual(vm.get('Step'), '')
        self.assertFalse(os.path.exists(os.path.join(self.place.runtime, 'bulkhead', 'work')))
        self.assertIn(message, vm.log())
        check = {c['id']: c for c in self.session.manager.call('CheckHost', timeout=60)}
        self.assertFalse(check['kernel']['ok'])
        self.assertIn('linux-image', check['kernel']['command'])
        vm.delete()


class NoQemu(ServiceCase):
    ENV = {'BULKHEAD_QEMU': '/nonexistent/qemu'}

    def test_the_package_is_named(self):
        vm = self.session.create('Work')
        message = self.job_fails('NoHypervisor', vm.launch(argv=['foot'],
                                                           display=self.listen_as_display()))
        self.assertIn('qemu-system-x86', message)
        check = {c['id']: c for c in self.session.manager.call('CheckHost', timeout=60)}
        self.assertEqual(check['qemu']['severity'], 'error')


class NoMemory(ServiceCase):
    def test_it_says_how_much_there_is(self):
        with open('/proc/meminfo', encoding='ascii') as file:
            free = [int(line.split()[1]) // 1024 for line in file if 'MemAvailable' in line][0]
        if free > 65000:
            self.skipTest('this computer has too much memory to run out of it')
        vm = self.session.create('Work', Memory=str(min(65536, free + 1000)))
        message = self.job_fails('NoMemory', vm.start(display=self.listen_as_display()))
        self.assertIn('MiB are free', message)
        self.assertEqual(vm.state, 'failed')


class FullDisk(ServiceCase):
    """The service in a mount namespace of its own, with a configuration folder that has no room."""

    def prepare(self):
        inside = ['unshare', '--map-current-user', '--mount', '--keep-caps', 'sh', '-c']
        folder = self.place.path('config')
        mount = f'mount -t tmpfs -o size=4k,mode=0700 none {folder}'
        if subprocess.run([*inside, mount], capture_output=True, check=False).returncode != 0:
            self.skipTest('this user may not make a mount namespace')
        wrapper = self.place.path('libexec', 'bulkhead-service')
        os.mkdir(self.place.path('libexec'))
        with open(wrapper, 'w', encoding='utf-8') as file:
            file.write(f'#!/bin/sh\nexec {" ".join(inside)} "{mount} && '
                       f'exec {build_path("src", "service", "bulkhead-service")}"\n')
        os.chmod(wrapper, 0o755)

    def test_nothing_is_created_and_the_old_file_stays(self):
        vm = self.session.create('Work', Notes='short')
        message = self.refused('DiskFull', vm.set, Notes='x' * 4000)
        self.assertIn('could not be saved', message)
        self.assertEqual(vm.get('Settings')['Notes'], 'short')
        vm_file = f'/proc/{self.session.service.pid}/root{self.vm_file("work")}'
        with open(vm_file, encoding='utf-8') as file:
            self.assertIn('Notes=short', file.read())
        self.refused('DiskFull', self.session.create, 'Big', Notes='x' * 4000)
        self.refused('NotFound', self.session.find, 'Big')
        self.assertEqual(os.listdir(os.path.dirname(vm_file)), ['work.vm'])
        vm.delete()
        self.session.create('Small')


class Activation(ServiceCase):
    def test_the_bus_starts_it_when_asked(self):
        self.assertEqual(self.session.stop_service(), 0)
        self.assertEqual(self.session.create('Work').state, 'stopped')
        self.session.manager.call('Quit', '(b)', True)


class Jobs(ServiceCase):
    def test_a_job_stays_for_late_readers_and_then_goes(self):
        vm = self.session.create('Work')
        job = vm.stop()
        self.assertEqual(job.get('State'), 'done')
        self.assertEqual(job.timeline()[0], ('call', 0.0))
        self.assertEqual(job.get('Error'), ('', ''))

        def gone():
            try:
                job.get('State')
            except DBusError:
                return True
            return False
        wait_for(gone, 15, 'the end of the finished job')


if __name__ == '__main__':
    main()
