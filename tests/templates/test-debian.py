# SPDX-License-Identifier: GPL-3.0-or-later
"""Debian templates, built for real from the archive of this computer's apt: what goes wrong while one is
built, then one that is good, AppVMs with programs from it, an update of it, and the way back."""

import functools
import json
import os
import pwd
import socket
import subprocess
import time
import unittest

import harness
from harness import wait_for
from harness.session import DBusError, Job, JobFailed, Session, shared_cache
from harness.sway import Sway

from archive import Archive, serve

BUILD = 600
BOOT = 120


def work_folders():
    """What mmdebstrap unpacks into; of this user."""
    return [name for name in os.listdir('/var/tmp') if name.startswith('bulkhead-build.')
            and os.stat(os.path.join('/var/tmp', name)).st_uid == os.getuid()]


def disk_use(*folders):
    return sum(os.lstat(os.path.join(top, name)).st_blocks * 512 for folder in folders
               for top, folders_, files in os.walk(folder) for name in files + folders_)


def own_ids():
    """For unshare: this user's subordinate ids, so that mmdebstrap has them in there, too."""
    name, words = pwd.getpwuid(os.getuid()).pw_name, []
    for path, option in (('/etc/subuid', '--map-users'), ('/etc/subgid', '--map-groups')):
        with open(path, encoding='utf-8') as file:
            first, count = next(line.split(':')[1:] for line in file if line.startswith(name + ':'))
        words.append(f'{option}={first},{first},{count.strip()}')
    return words


class DebianCase(harness.TestCase):

    @classmethod
    def setUpClass(cls):
        harness.require_ordinary_user()
        with open('/etc/subuid', encoding='utf-8') as file:
            names = [line.split(':')[0] for line in file]
        if pwd.getpwuid(os.getuid()).pw_name not in names:
            raise unittest.SkipTest('this user has no subordinate ids (/etc/subuid)')

    def tearDown(self):
        if self.failed():
            self.session.keep_evidence(self)

    def build(self, suite, packages):
        return Job(self.session, self.session.manager.call('BuildTemplate', '(ss)', suite, packages))

    def templates(self):
        return self.session.manager.call('ListTemplates')

    def folder(self):
        return os.path.join(self.session.env['XDG_DATA_HOME'], 'bulkhead', 'templates')

    def assert_nothing_left(self):
        self.assertEqual(work_folders(), [])
        self.assertEqual(os.listdir(self.folder()) if os.path.isdir(self.folder()) else [], [])
        self.assertEqual(self.templates(), [])


class NotBuilt(DebianCase):
    """Nothing is built to its end, and nothing stays."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.session = Session(uri='test:///default').start()
        cls.addClassCleanup(cls.session.stop)

    def fails(self, suite, packages, name, *words):
        with self.assertRaises(JobFailed) as caught:
            self.build(suite, packages).wait(BUILD)
        self.assertEqual(caught.exception.name, name, caught.exception.message)
        for word in words:
            self.assertIn(word, caught.exception.message)
        self.assert_nothing_left()

    def with_archive(self, address):
        self.session.stop_service()
        self.session.start_service({'BULKHEAD_DEBIAN_ARCHIVE': address, 'no_proxy': '127.0.0.1'})
        self.addCleanup(self.session.start_service)
        self.addCleanup(self.session.stop_service)

    def test_what_cannot_be_asked_for(self):
        for suite, packages in (('potato', 'foot'), ('trixie', 'foot bar'), ('trixie', 'foot;../x'), ('trixie', '-o'),
                                ('trixie', 'foot-'), ('', 'foot'), ('trixie', ';'.join(f'p{n}' for n in range(201)))):
            with self.assertRaises(DBusError) as caught:
                self.build(suite, packages)
            self.assertEqual(caught.exception.name, 'InvalidArgument', caught.exception.message)
        for method in ('UpdateTemplate', 'CheckTemplate', 'RevertTemplate', 'ListTemplateApplications'):
            for key in ('0123456789abcdef', 'x', '../../../etc'):
                with self.assertRaises(DBusError) as caught:
                    self.session.manager.call(method, '(s)', key)
                self.assertEqual(caught.exception.name, 'NotFound', caught.exception.message)
        self.assertEqual(self.session.manager.call('ListTemplateApplications', '(s)', ''), [])
        with self.assertRaises(DBusError):
            self.session.manager.call('RemoveTemplate', '(sb)', '..', True)

    def test_search_of_the_archive(self):
        def search(*words):
            done = subprocess.run([harness.build_path('src', 'cli', 'bulkheadctl'), 'template', 'search', '--json', *words],
                                  env={**self.session.env, 'LANG': 'C.UTF-8'}, capture_output=True, text=True, timeout=BUILD)
            self.assertEqual(done.returncode, 0, done.stderr)
            return json.loads(done.stdout)
        first, found = time.monotonic(), {app['package']: app for app in search('calculator')}
        second = time.monotonic()
        self.assertEqual((found['gnome-calculator']['name'], found['gnome-calculator']['id']),
                         ('Calculator', 'org.gnome.Calculator.desktop'))
        self.assertTrue(os.path.exists(found['gnome-calculator']['icon']), found['gnome-calculator'])
        # A name that begins with the word comes first, however it is written; all words count.
        self.assertEqual(search('ZATH')[0]['package'], 'zathura')
        self.assertLessEqual({'zathura'}, {app['package'] for app in search('document', 'viewer', 'zathura')})
        self.assertEqual(search('no-such-application-of-debian'), [])
        print(f'first search: {second - first:.1f} s, others: {(time.monotonic() - second) / 3:.2f} s', flush=True)
        for words in ('', 'x' * 201):
            with self.assertRaises(DBusError) as caught:
                self.session.manager.call('SearchDebian', '(ss)', 'trixie', words)
            self.assertEqual(caught.exception.name, 'InvalidArgument')
        # What is known stays good without a network.
        self.with_archive('http://127.0.0.1:9/debian')
        self.assertEqual(search('ZATH')[0]['package'], 'zathura')
        with self.assertRaises(DBusError) as caught:
            self.session.manager.call('SearchDebian', '(ss)', 'bookworm', 'calculator', timeout=BUILD)
        self.assertIn('http://127.0.0.1:9/debian', caught.exception.message)

    def test_archive_that_does_not_answer(self):
        self.with_archive('http://127.0.0.1:9/debian')
        self.fails('trixie', 'foot', 'Failed', 'http://127.0.0.1:9/debian', 'could not be reached', 'Check the network')

    def test_archive_that_debian_has_not_signed(self):
        root = self.session.place.path('archive')
        dists = os.path.join(root, 'dists', 'trixie')
        os.makedirs(dists)
        stop, address = serve(root)
        self.addCleanup(stop)
        self.with_archive(address)
        release = 'Origin: Debian\nSuite: stable\nCodename: trixie\nDate: Sat, 09 Aug 2025 00:00:00 UTC\n'
        with open(os.path.join(dists, 'Release'), 'w', encoding='utf-8') as file:
            file.write(release)
        self.fails('trixie', 'foot', 'Failed', 'not signed by Debian')
        with open(os.path.join(dists, 'InRelease'), 'w', encoding='utf-8') as file:
            file.write(f'-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n{release}\n-----BEGIN PGP SIGNATURE-----\n\n'
                       'iHUEABYIAB0WIQTNxxxx\n=xxxx\n-----END PGP SIGNATURE-----\n')
        self.fails('trixie', 'foot', 'Failed', 'not signed by Debian')

    def with_small_disks(self, sizes):
        """The service in a mount namespace of its own, with folders that have little room: path → size."""
        inside = ['unshare', '--map-current-user', *own_ids(), '--mount', '--keep-caps', 'sh', '-c']
        mounts = []
        for path, size in sizes.items():
            os.makedirs(path, exist_ok=True)
            mounts.append(f'mount -t tmpfs -o size={size},mode=0700 none {path}')
        if subprocess.run([*inside, ' && '.join(mounts)], capture_output=True, check=False).returncode != 0:
            self.skipTest('this user may not make a mount namespace')
        self.session.stop_service()
        link = os.path.join(self.session.libexec, 'bulkhead-service')
        real = os.readlink(link)

        def put_back():
            self.session.stop_service()
            os.unlink(link)
            os.symlink(real, link)
            self.session.start_service()
        self.addCleanup(put_back)
        os.unlink(link)
        with open(link, 'w', encoding='utf-8') as file:
            file.write(f'#!/bin/sh\nexec {" ".join(inside)} "{" && ".join(mounts)} && exec {real}"\n')
        os.chmod(link, 0o755)
        self.session.start_service()

    def test_full_disk(self):
        cache = os.path.join(self.session.env['XDG_CACHE_HOME'], 'bulkhead', 'debian')
        for size in '64k', '20m':  # no room for apt's settings; some for the archive's lists
            with self.subTest(size):
                self.with_small_disks({cache: size})
                self.fails('trixie', 'foot', 'DiskFull', 'No space left on device')
                with self.assertRaises(DBusError) as caught:
                    self.session.manager.call('SearchDebian', '(ss)', 'bookworm', 'calculator', timeout=BUILD)
                self.assertEqual(caught.exception.name, 'DiskFull', caught.exception.message)
                self.doCleanups()

    def test_full_disk_while_the_image_is_written(self):
        self.with_small_disks({self.folder(): '12m'})
        self.fails('trixie', 'foot', 'DiskFull', 'The disk is full (', 'what was downloaded is kept')
        self.assertEqual(os.listdir(f'/proc/{self.session.service.pid}/root{self.folder()}'), [])
        self.doCleanups()
        # With room nothing is downloaded again, and it comes further than before.
        job = self.build('trixie', 'foot')
        wait_for(lambda: job.get('Progress') > 36, BUILD, 'the installation')
        job.cancel()
        with self.assertRaises(JobFailed):
            job.wait(120)
        self.assertIn('Need to get 0 B', self.build_log())
        self.assert_nothing_left()

    def build_log(self):
        """Of the last one."""
        with open(os.path.join(self.session.env['XDG_STATE_HOME'], 'bulkhead', 'debian_templates.log'), encoding='utf-8') as file:
            return file.read().rpartition('apt-get -q update')[2]

    def test_package_that_there_is_not(self):
        self.fails('trixie', 'foot;no-such-package-of-debian', 'NotFound', 'no-such-package-of-debian', 'Check its name')

    def test_given_up_at_any_moment(self):
        for percent in (0, 15, 60):
            job = self.build('trixie', 'foot;less')
            wait_for(lambda job=job, percent=percent: job.get('Progress') >= percent, BUILD, f'{percent} per cent')
            job.cancel()
            with self.assertRaises(JobFailed) as caught:
                job.wait(120)
            self.assertEqual((caught.exception.state, caught.exception.name), ('cancelled', 'Cancelled'))
            self.assert_nothing_left()

    def test_two_at_once_wait_for_each_other(self):
        first, second = self.build('trixie', 'foot;less'), self.build('trixie', 'foot')
        steps = set()
        wait_for(lambda: steps.update({first.get('Step'), second.get('Step')})
                 or any('Waiting for another' in step for step in steps), BUILD, 'one that waits')
        # One of them waits and one does not: whoever is given up first, both end.
        for job in (second, first):
            job.cancel()
            with self.assertRaises(JobFailed):
                job.wait(120)
        self.assert_nothing_left()

    def test_service_that_was_killed_leaves_what_the_next_one_removes(self):
        job = self.build('trixie', 'foot')
        wait_for(lambda: job.get('Progress') >= 45, BUILD, 'the installation')
        self.session.kill_service()
        self.session.start_service()
        wait_for(lambda: not work_folders(), 60, 'the end of what was left')
        wait_for(lambda: not os.path.isdir(self.folder()) or not os.listdir(self.folder()), 60, 'the same of the template')


class Built(DebianCase):
    """The methods run in the order of their numbers; one template is built, and built again."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sway = Sway().start()
        cls.addClassCleanup(cls.sway.stop)
        # Frozen guests of its own; what was downloaded is everybody's.
        cls.session = Session(cls.sway, private_cache=True,
                              env={'BULKHEAD_FREEZE_DELAY': '0', 'LANG': 'de_DE.UTF-8'})
        # Debian's archive, with security updates of our own.
        cls.archive = Archive(cls.session.place.path('archive'), 'trixie-security')
        cls.addClassCleanup(cls.archive.close)
        cls.archive.add('bulkhead-probe', '1')
        cls.archive.publish()
        cls.session.env.update(cls.apt_of(cls.session.place.path('apt')))
        shared, own = (os.path.join(top, 'bulkhead') for top in (shared_cache(), cls.session.env['XDG_CACHE_HOME']))
        os.makedirs(os.path.join(shared, 'debian'), exist_ok=True)
        os.makedirs(own)
        os.symlink(os.path.join(shared, 'debian'), os.path.join(own, 'debian'))
        cls.addClassCleanup(cls.session.stop)
        cls.session.start()
        cls.settings = {'Template': 'debian', 'Suite': 'trixie', 'Packages': 'foot;bulkhead-probe;wireplumber', 'Memory': '400',
                        'AutoStop': '0', 'Microphone': 'true'}
        cls.one = cls.session.create('One', Home='disk', HomeSize='64', **cls.settings)

    @classmethod
    def apt_of(cls, folder):
        """The service's environment, for an apt that knows the archive of this computer's and ours."""
        lists = os.path.join(folder, 'lists')
        os.makedirs(os.path.join(folder, 'none'))
        os.makedirs(os.path.join(lists, 'partial'))
        keys, sources, config = (os.path.join(folder, name) for name in ('keys.gpg', 'sources.list', 'apt.conf'))
        cls.archive.write_keyring(keys)
        known = subprocess.run(['apt-get', 'indextargets', '--format', '$(REPO_URI) $(RELEASE)', 'Created-By: Packages'],
                               check=True, capture_output=True, text=True).stdout.split('\n')
        debian = next(line for line in known if line.endswith((' bookworm', ' trixie')))
        ours = f'deb [signed-by={keys}] {cls.archive.address} trixie-security main\n'
        with open(config, 'w', encoding='utf-8') as file:
            file.write(f'Dir::Etc::sourcelist "{sources}";\nDir::Etc::sourceparts "{folder}/none";\n'
                       f'Dir::State::lists "{lists}";\nDir::Cache "{folder}";\nDebug::NoLocking "true";\n'
                       'Acquire::http::Proxy::127.0.0.1 "DIRECT";\n')
        # apt tells of what it has lists of only.
        with open(sources, 'w', encoding='utf-8') as file:
            file.write(ours)
        subprocess.run(['apt-get', 'update'], env={**os.environ, 'APT_CONFIG': config}, check=True, capture_output=True)
        for name in os.listdir('/var/lib/apt/lists'):
            if '_dists_' in name:
                os.symlink(os.path.join('/var/lib/apt/lists', name), os.path.join(lists, name))
        with open(sources, 'a', encoding='utf-8') as file:
            file.write(f'deb {debian} main\n')
        return {'APT_CONFIG': config, 'BULKHEAD_DEBIAN_KEYRING': keys}

    def check(self, key):
        """As bulkheadctl says it: updates, of these security's, their names."""
        done = subprocess.run([harness.build_path('src', 'cli', 'bulkheadctl'), 'template', 'check', '--json', key[:6]],
                              env={**self.session.env, 'LANG': 'C.UTF-8'}, capture_output=True, text=True, timeout=BUILD)
        self.assertEqual(done.returncode, 0, done.stderr)
        (found,) = json.loads(done.stdout)
        self.assertGreater(found['checked'], time.time() - 60)
        return found['updates'], found['security'], found['updated_packages']

    def check_fails(self, key, words):
        before = self.templates()[0]
        with self.assertRaises(JobFailed) as caught:
            Job(self.session, self.session.manager.call('CheckTemplate', '(s)', key)).wait(BUILD)
        self.assertEqual(caught.exception.name, 'Failed')
        self.assertIn(words, caught.exception.message)
        self.assertEqual(self.templates()[0], before)

    def output(self, vm, script):
        result = vm.launch(argv=['sh', '-c', script], wait=True).wait(BOOT)
        text = bytes(result['tail']).decode()
        self.assertEqual(result['code'], 0, text)
        return text

    def test_1_says_how_to_build_what_is_not_there(self):
        for job in (self.one.start, functools.partial(self.one.launch, app='foot.desktop')):
            with self.assertRaises((JobFailed, DBusError)) as caught:
                job().wait(BOOT)
            self.assertEqual(caught.exception.name, 'NoTemplate', caught.exception.message)
            self.assertIn('bulkheadctl template build --suite=trixie bulkhead-probe foot wireplumber', caught.exception.message)

    def test_2_is_built_with_steps_and_per_cents(self):
        job = self.build('trixie', ' foot; bulkhead-probe;foot;wireplumber ')
        seen, begun = [], time.monotonic()

        def look():
            seen.append((job.get('Progress'), job.get('Step')))
            return job.get('State') != 'running'
        wait_for(look, BUILD, 'the template')
        key = job.wait(10)['key']
        print(f'built in {time.monotonic() - begun:.1f} s', flush=True)
        numbers = [percent for percent, _ in seen if percent >= 0]
        self.assertEqual(numbers, sorted(numbers))
        self.assertGreater(len(set(numbers)), 5)
        self.assertTrue(any(step.startswith('Installing: ') for _, step in seen), seen)
        (template,) = self.templates()
        self.assertEqual((template['key'], template['suite'], template['packages'], template['used-by'],
                          template['build'], template['previous']), (key, 'trixie', ['bulkhead-probe', 'foot', 'wireplumber'], ['One'], 1, 0))
        print(f'{template["size"] / (1 << 20):.1f} MiB', flush=True)
        apps = {app['id']: app for app in self.session.manager.call('ListTemplateApplications', '(s)', key)}
        self.assertEqual(apps['foot.desktop']['name'], 'Foot')
        self.assertTrue(os.path.exists(apps['foot.desktop']['icon']), apps['foot.desktop'])
        self.assertEqual(work_folders(), [])

    def test_3_a_program_of_it_shows_its_window(self):
        self.one.launch(app='foot.desktop').wait(BOOT)
        view = self.sway.wait_view(app_id='bulkhead.one.foot')
        self.assertIn('One', view['name'])
        with self.assertRaises(DBusError) as caught:
            self.one.launch(app='org.gnome.Calculator.desktop')
        self.assertEqual(caught.exception.name, 'ProgramNotFound', caught.exception.message)
        self.assertIn('ead-only', self.output(self.one, 'LC_ALL=C touch /usr/bin/x 2>&1 || true'))
        self.assertIn('trixie', self.output(self.one, 'cat /etc/os-release'))
        # The language of this computer; and its kernel's modules, while its programs are not there.
        self.assertIn('LC_TIME="de_DE.UTF-8"', self.output(self.one, 'locale 2>&1'))
        self.assertIn('Montag', self.output(self.one, 'date -d 2024-01-01 +%A'))
        self.assertEqual(self.output(self.one, 'ls -d /usr/lib/modules/$(uname -r)/kernel >/dev/null; ls /usr/bin/sway '
                                               '2>/dev/null | wc -l; id -un'), '0\nuser\n')

    def test_3_programs_find_its_speaker_and_microphone(self):
        """With Debian 13's PipeWire and WirePlumber, which are not those of Debian 12."""
        said = self.output(self.one, 'pw-metadata -n default 0')
        for kind, node in (('sink', 'speaker'), ('source', 'microphone')):
            self.assertIn(f'''key:'default.audio.{kind}' value:'{{"name":"bulkhead-{node}"}}''', said)

    def test_4_the_second_costs_next_to_nothing_and_thaws(self):
        wait_for(lambda: self.session.manager.call('ListFrozen'), BOOT, 'a frozen guest')
        kept = [self.session.env[name] for name in ('XDG_DATA_HOME', 'XDG_CONFIG_HOME', 'XDG_STATE_HOME')]
        before = disk_use(*kept)
        two = self.session.create('Two', **self.settings)
        job = two.launch(app='foot.desktop')
        job.wait(BOOT)
        self.sway.wait_view(app_id='bulkhead.two.foot')
        self.assertIn('thawed', [name for name, _ in job.timeline()])
        self.assertIn('trixie', self.output(two, 'cat /etc/os-release; test -e /usr/lib/modules/$(uname -r)'))
        self.assertLess(disk_use(*kept) - before, 10 << 20)
        (template,) = self.templates()
        self.assertEqual(sorted(template['used-by']), ['One', 'Two'])
        two.stop().wait(30)
        two.delete()

    def test_5_debian_is_asked_for_updates(self):
        (template,) = self.templates()
        key = template['key']
        self.assertEqual((template['checked'], template['updates']), (template['made'], 0))
        self.assertEqual(self.check(key), (0, 0, []))
        self.archive.add('bulkhead-probe', '2')
        self.archive.publish()
        self.assertEqual(self.check(key), (1, 1, ['bulkhead-probe 1 2']))
        # Somebody else's word does not count, and neither does nobody's.
        self.archive.publish(key=1)
        self.check_fails(key, 'not signed by Debian')
        self.archive.stop_serving()
        self.check_fails(key, 'could not be reached')
        # One that says nothing can be given up.
        with socket.create_server(('127.0.0.1', self.port())) as silent:
            job = Job(self.session, self.session.manager.call('CheckTemplate', '(s)', key))
            silent.settimeout(BUILD)
            with silent.accept()[0]:
                job.cancel()
                with self.assertRaises(JobFailed) as caught:
                    job.wait(60)
            self.assertEqual(caught.exception.state, 'cancelled')
        (template,) = self.templates()
        self.assertEqual((template['updates'], template['security'], template['build']), (1, 1, 1))

    def test_6_an_update_is_for_the_next_start_and_can_be_undone(self):
        key = self.templates()[0]['key']
        self.serve_again()
        self.assertFalse(self.one.get('RunsOldTemplate'))
        Job(self.session, self.session.manager.call('UpdateTemplate', '(s)', key)).wait(BUILD)
        (template,) = self.templates()
        self.assertEqual((template['build'], template['previous'], template['running-old'], template['updates']), (2, 1, ['One'], 0))
        self.assertTrue(self.one.get('RunsOldTemplate'))
        # What runs goes on with what it has.
        self.assertEqual('bulkhead-probe 1\n', self.output(self.one, 'bulkhead-probe'))
        self.session.manager.call('RevertTemplate', '(s)', key)
        (template,) = self.templates()
        self.assertEqual((template['build'], template['previous'], template['running-old'], template['updates']), (1, 2, [], 1))
        self.assertFalse(self.one.get('RunsOldTemplate'))
        self.session.manager.call('RevertTemplate', '(s)', key)
        self.assertTrue(self.one.get('RunsOldTemplate'))
        self.one.stop().wait(30)
        self.assertFalse(self.one.get('RunsOldTemplate'))
        self.assertEqual(self.one.call('ReadHome')['snapshots'], [])
        self.assertEqual('bulkhead-probe 2\n', self.output(self.one, 'bulkhead-probe'))
        self.assertEqual((self.templates()[0]['running-old'], self.one.get('RunsOldTemplate')), ([], False))
        # Its home as it was before.
        self.assertEqual(len(self.one.call('ReadHome')['snapshots']), 1)
        self.one.stop().wait(30)

    def serve_again(self):
        """Where it was before, or apt would take it for another."""
        self.archive.publish()
        self.archive.stop_server, _ = serve(self.archive.root, self.port())

    def port(self):
        return int(self.archive.address.rpartition(':')[2])

    def test_7_once_a_day_debian_is_asked_unbidden(self):
        (template,) = self.templates()
        self.archive.add('bulkhead-probe', '3')
        self.archive.publish()
        self.session.stop_service()
        image = os.path.join(self.folder(), template['key'], '2', 'image')
        os.utime(image, (0, time.time() - 25 * 3600))
        self.session.start_service({'BULKHEAD_TEMPLATE_CHECK_DELAY': '0'})
        wait_for(lambda: self.templates()[0]['updates'] == 1, BUILD, 'what Debian says')
        (template,) = self.templates()
        self.assertEqual((template['updates'], template['updated-packages']), (1, ['bulkhead-probe 2 3']))
        self.assertGreater(template['checked'], time.time() - 60)

    def test_8_what_is_used_is_not_removed(self):
        key = self.templates()[0]['key']
        with self.assertRaises(DBusError) as caught:
            self.session.manager.call('RemoveTemplate', '(sb)', key, False)
        self.assertEqual(caught.exception.name, 'Busy')
        self.assertIn('One', caught.exception.message)
        self.session.manager.call('RemoveTemplate', '(sb)', key, True)
        self.assertEqual(self.templates(), [])
        self.assertEqual(os.listdir(self.folder()), [])
        self.one.stop().wait(30)
        with self.assertRaises(JobFailed) as caught:
            self.one.start().wait(BOOT)
        self.assertEqual(caught.exception.name, 'NoTemplate')

    def test_9_a_kernel_and_parameters_of_its_own(self):
        vm = self.session.create('Own', Kernel='/boot/vmlinuz-' + os.uname().release if
                                 os.path.exists('/boot/vmlinuz-' + os.uname().release) else self.a_kernel(),
                                 KernelParameters='bulkhead.test=1 nosmt', LogLevel='info',
                                 QemuArguments="-name 'own,debug-threads=on'", Memory='320')
        self.assertIn('bulkhead.test=1 nosmt', self.output(vm, 'cat /proc/cmdline'))
        words = [line for line in map(self.command_line, self.session.qemu_pids()) if b'guest=bulkhead-own' in b' '.join(line)]
        self.assertIn(b'own,debug-threads=on', words[0])
        self.assertIn('its kernel, log level or QEMU arguments are its own', vm.log())
        self.assertIn('Linux version', vm.log())
        vm.stop().wait(30)
        for settings, word in (({'Kernel': '/nonexistent'}, '/nonexistent'), ({'Kernel': '/etc/passwd'}, 'not a Linux'),
                               ({'Kernel': '', 'Initramfs': '/nonexistent'}, '/nonexistent')):
            vm.set(**settings)
            with self.assertRaises(JobFailed) as caught:
                vm.start().wait(BOOT)
            self.assertEqual(caught.exception.name, 'InvalidArgument', caught.exception.message)
            self.assertIn(word, caught.exception.message)

    def command_line(self, pid):
        try:
            with open(f'/proc/{pid}/cmdline', 'rb') as file:
                return file.read().split(b'\0')
        except FileNotFoundError:
            return []

    def a_kernel(self):
        names = sorted(name for name in os.listdir('/boot') if name.startswith('vmlinuz-'))
        return os.path.join('/boot', [name for name in names if 'cloud' not in name][-1])


if __name__ == '__main__':
    harness.main()
