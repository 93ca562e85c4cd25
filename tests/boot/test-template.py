# SPDX-License-Identifier: GPL-3.0-or-later
"""The seed of the host template: what must be in it, and planted files that must not."""

import os
import re
import stat
import unittest

import harness
from boot import BootTest, read_cpio

PRIVATE = re.compile(r'(^|/)(g?shadow-?|sudoers|machine-id|hostname|ssh.*|private|NetworkManager|'
                     r'subuid|subgid|.*\.key|.*\.keytab|crontab|hosts|wpa_supplicant|'
                     r'ssl-cert-snakeoil.*)(/|$)')


class TemplateTest(BootTest):
    def setUp(self):
        super().setUp()
        self.root = self.path('root')
        os.mkdir(self.root)

    def plant(self, name, content='text\n', mode=0o644, link=None):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if link:
            os.symlink(link, path)
            return
        with open(path, 'w') as file:
            file.write(content)
        os.chmod(path, mode)

    def seed(self, planted=True):
        if planted:
            self.env['BULKHEAD_TEMPLATE_ROOT'] = self.root
        folder, = self.boot_tool('seed')
        return read_cpio(os.path.join(folder, 'seed.cpio'))

    def test_takes_what_programs_need(self):
        self.plant('etc/fonts/conf.d/10-hinting.conf', 'hinting')
        self.plant('etc/ssl/certs/ca-certificates.crt', 'certificates')
        self.plant('etc/alternatives/awk', link='/usr/bin/mawk')
        self.plant('etc/localtime', link='/usr/share/zoneinfo/Europe/Paris')
        self.plant('etc/profile.d/run.sh', mode=0o755)
        self.plant('etc/python3.13/sitecustomize.py')
        self.plant('var/cache/fontconfig/x.cache-8', 'fonts')
        entries = self.seed()
        self.assertEqual(entries['etc/fonts/conf.d/10-hinting.conf'].data, b'hinting')
        self.assertEqual(entries['etc/ssl/certs/ca-certificates.crt'].data, b'certificates')
        self.assertEqual(entries['etc/alternatives/awk'].data, b'/usr/bin/mawk')
        self.assertEqual(entries['etc/profile.d/run.sh'].mode, 0o100755)
        self.assertEqual(entries['var/cache/fontconfig/x.cache-8'].data, b'fonts')
        self.assertIn('etc/python3.13/sitecustomize.py', entries)
        self.assertIn('etc/localtime', entries)

    def test_leaves_out_what_is_private(self):
        for name in ('etc/shadow', 'etc/gshadow', 'etc/sudoers', 'etc/ssh/ssh_host_ed25519_key',
                     'etc/NetworkManager/system-connections/home', 'etc/machine-id', 'etc/hostname',
                     'etc/hosts', 'etc/resolv.conf', 'etc/ssl/private/server.key', 'etc/passwd-',
                     'etc/environment', 'etc/gitconfig', 'etc/npmrc', 'etc/pip.conf',
                     'etc/krb5.conf', 'etc/fstab', 'etc/crypttab', 'etc/wpa_supplicant/w.conf',
                     'etc/cups/printers',
                     'var/lib/secret', 'var/log/syslog', 'var/mail/user', 'home/user/file',
                     # inside what is listed
                     'etc/ssl/certs/server.key', 'etc/ssl/certs/private/x.pem',
                     'etc/ssl/certs/ssl-cert-snakeoil.pem', 'etc/fonts/machine-id',
                     'etc/xdg/credentials.conf', 'etc/skel/.ssh/../shadow-copy', 'etc/xdg/a.bak'):
            self.plant(name, 'planted secret')
        self.plant('etc/passwd', 'root:x:0:0::/root:/bin/sh\n'
                                 'alice:x:1000:1000:Alice:/home/a:/bin/sh\n')
        entries = self.seed()
        for name, entry in entries.items():
            self.assertNotIn(b'planted secret', entry.data, name)
            self.assertNotIn(b'lice', entry.data, name)
        names = [line.split(':')[0] for line in entries['etc/passwd'].data.decode().split()]
        self.assertEqual(names, ['root', 'nobody'])

    def test_leaves_out_what_not_everybody_may_read(self):
        self.plant('etc/xdg/mine.conf', 'planted secret', mode=0o600)
        self.plant('etc/xdg/group.conf', 'planted secret', mode=0o640)
        self.plant('etc/xdg/folder/inside.conf', 'planted secret')
        os.chmod(os.path.join(self.root, 'etc/xdg/folder'), 0o750)
        self.plant('etc/xdg/public.conf')
        entries = self.seed()
        self.assertEqual({name for name in entries if name.startswith('etc/xdg/')},
                         {'etc/xdg/public.conf'})

    def test_links_lead_only_to_usr_and_to_what_is_listed(self):
        self.plant('secret', 'planted secret')
        for number, target in enumerate((
                '/home/user/.bashrc', '/etc/shadow', '../../secret', '../../../../root/x',
                '/etc/xdg/../shadow', '/proc/1/environ', '/var/log/x', '/etc/ssl/private/x.key',
                self.root + '/secret', '/usr/../home/x', '/')):
            self.plant(f'etc/xdg/bad{number}', link=target)
        good = ('/usr/share/x', '../fonts/fonts.conf', '/etc/alternatives/x', '../../usr/bin/x',
                '/bin/sh')
        for number, target in enumerate(good):
            self.plant(f'etc/xdg/good{number}', link=target)
        links = {name: entry.data.decode() for name, entry in self.seed().items()
                 if name.startswith('etc/xdg/')}
        self.assertEqual(links, {f'etc/xdg/good{n}': target for n, target in enumerate(good)})

    def test_folder_that_is_a_link_is_not_followed(self):
        self.plant('elsewhere/file', 'planted secret')
        self.plant('etc/fonts', link='../elsewhere')
        self.assertNotIn('etc/fonts/file', self.seed())

    def test_devices_and_pipes_are_left_out(self):
        self.plant('etc/xdg/file')
        os.mkfifo(os.path.join(self.root, 'etc/xdg/pipe'), 0o644)
        os.chmod(os.path.join(self.root, 'etc/xdg/pipe'), 0o644)
        self.assertNotIn('etc/xdg/pipe', self.seed())

    def test_all_belongs_to_root_and_nothing_is_privileged(self):
        self.plant('etc/profile.d/x.sh', mode=0o6755)
        for name, entry in self.seed().items():
            self.assertEqual((entry.owner, entry.time), ((0, 0), 0), name)
            if name != 'var/tmp' and not stat.S_ISLNK(entry.mode):
                self.assertEqual(entry.mode & 0o7022, 0, name)

    def test_is_made_once_and_again_when_something_changed(self):
        self.plant('etc/xdg/a')
        self.seed()
        self.assertEqual(self.boot_tool('seed'), self.boot_tool('seed'))
        first = self.boot_tool('seed')
        self.plant('etc/xdg/a', 'another text')
        self.assertNotEqual(self.boot_tool('seed'), first)
        self.assertTrue(os.path.exists(first[0] + '/seed.cpio'), 'a guest may just start from it')
        second = self.boot_tool('seed')
        os.unlink(os.path.join(self.root, 'etc/xdg/a'))
        self.assertNotEqual(self.boot_tool('seed'), second)

    def test_this_computers_own_seed_holds_nothing_private(self):
        entries = self.seed(planted=False)
        self.assertEqual([name for name in entries if PRIVATE.search(name)],
                         ['var/lib/dbus/machine-id'])
        self.assertEqual(entries['var/lib/dbus/machine-id'].data, b'/etc/machine-id')
        for name, entry in entries.items():
            path = '/' + name
            if stat.S_ISREG(entry.mode) and os.path.lexists(path) and not os.path.islink(path):
                with open(path, 'rb') as file:
                    if file.read() == entry.data:
                        self.assertTrue(os.stat(path).st_mode & stat.S_IROTH, name)
        for name in ('etc/ld.so.cache', 'etc/group', 'etc/passwd', 'var/tmp', 'var/run'):
            self.assertIn(name, entries)


if __name__ == '__main__':
    harness.require_ordinary_user()
    unittest.main()
