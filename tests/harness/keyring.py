# SPDX-License-Identifier: GPL-3.0-or-later
"""A real keyring for a session: gnome-keyring on its bus."""

import subprocess

from gi.repository import GLib

from harness import wait_for

SECRETS = '/org/freedesktop/secrets'
SCHEMA = 'io.github.bulkhead.Home'


class Keyring:
    """Unlocked, and empty unless there was one in the session before."""

    def __init__(self, session):
        self.session = session
        self.daemon = None

    def start(self):
        self.daemon = subprocess.Popen(['gnome-keyring-daemon', '--foreground', '--components=secrets', '--unlock'],
                                       env=self.session.env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
        self.daemon.stdin.write(b'password')
        self.daemon.stdin.close()
        wait_for(self.is_there, 20, 'the keyring')
        return self

    def stop(self):
        self.daemon.terminate()
        self.daemon.wait()

    def is_there(self):
        return self.session.bus.call_sync(
            'org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'NameHasOwner',
            GLib.Variant('(s)', ('org.freedesktop.secrets',)), None, 0, 5000, None).unpack()[0]

    def lock(self):
        self.session.bus.call_sync('org.freedesktop.secrets', SECRETS, 'org.freedesktop.Secret.Service', 'Lock',
                                   GLib.Variant('(ao)', ([SECRETS + '/aliases/default'],)), None, 0, 10000, None)

    def tool(self, *words, check=True, **options):
        return subprocess.run(['secret-tool', *words], env=self.session.env, capture_output=True, check=check,
                              timeout=30, **options)

    def key(self, appvm):
        """Of its home; b'' when there is none."""
        return self.tool('lookup', 'appvm', appvm, check=False).stdout

    def store(self, appvm, key):
        self.tool('store', '--label=home', 'appvm', appvm, 'xdg:schema', SCHEMA, input=key)
