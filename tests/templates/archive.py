# SPDX-License-Identifier: GPL-3.0-or-later
"""A Debian archive of a test's own: packages made here, lists signed with a key made here, served on loopback."""

import functools
import hashlib
import http.server
import os
import shutil
import subprocess
import tempfile
import threading
import time

DEBIAN_KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg'


class QuietHandler(http.server.SimpleHTTPRequestHandler):

    def log_message(self, *_):
        pass


def serve(root, port=0):
    """How to stop it, and its address."""
    server = http.server.ThreadingHTTPServer(('127.0.0.1', port), functools.partial(QuietHandler, directory=root))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()

    def stop():
        server.shutdown()
        server.server_close()
        thread.join()
    return stop, f'http://127.0.0.1:{server.server_address[1]}'


class Archive:
    """One release of Debian's, "trixie-security" for example. Its folder is ours, files and all."""

    def __init__(self, root, release):
        self.root, self.release = root, release
        self.pool = os.path.join(root, 'pool')
        self.lists = os.path.join(root, 'dists', release, 'main', 'binary-amd64')
        for path in (self.pool, self.lists):
            os.makedirs(path)
        # Short: there are sockets in it.
        self.gpg_home = tempfile.mkdtemp(prefix='bh-gpg.')
        self.keys = [self.make_key('one'), self.make_key('another')]
        self.stop_server, self.address = serve(root)

    def close(self):
        self.stop_serving()
        subprocess.run(['gpgconf', '--homedir', self.gpg_home, '--kill', 'all'], check=False, capture_output=True)
        shutil.rmtree(self.gpg_home, ignore_errors=True)

    def stop_serving(self):
        if self.stop_server:
            self.stop_server()
        self.stop_server = None

    def gpg(self, *words, stdin=None):
        return subprocess.run(['gpg', '--homedir', self.gpg_home, '--batch', '--quiet', '--pinentry-mode', 'loopback',
                               '--passphrase', '', *words], input=stdin, check=True, capture_output=True).stdout

    def make_key(self, name):
        self.gpg('--quick-gen-key', f'{name} <{name}@example.org>', 'ed25519', 'sign', 'never')
        return f'{name}@example.org'

    def write_keyring(self, path):
        """Debian's keys, and our first one."""
        with open(DEBIAN_KEYS, 'rb') as theirs, open(path, 'wb') as file:
            file.write(theirs.read() + self.gpg('--export', self.keys[0]))

    def add(self, name, version):
        """A package with one program that says its version."""
        tree = tempfile.mkdtemp(dir=self.root)
        for folder in ('DEBIAN', 'usr/bin'):
            os.makedirs(os.path.join(tree, folder))
        with open(os.path.join(tree, 'DEBIAN', 'control'), 'w', encoding='utf-8') as file:
            file.write(f'Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\n'
                       'Description: says its version\n')
        program = os.path.join(tree, 'usr', 'bin', name)
        with open(program, 'w', encoding='utf-8') as file:
            file.write(f'#!/bin/sh\necho {name} {version}\n')
        for path in (tree, program):
            os.chmod(path, 0o755)
        subprocess.run(['dpkg-deb', '--root-owner-group', '--build', tree, self.pool], check=True, capture_output=True)
        shutil.rmtree(tree)

    def publish(self, key=0):
        """What was added becomes what there is."""
        entries = []
        for name in sorted(os.listdir(self.pool)):
            path = os.path.join(self.pool, name)
            with open(path, 'rb') as file:
                data = file.read()
            control = subprocess.run(['dpkg-deb', '--field', path], check=True, capture_output=True, text=True).stdout
            entries.append(f'{control}Filename: pool/{name}\nSize: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n')
        packages = '\n'.join(entries).encode()
        with open(os.path.join(self.lists, 'Packages'), 'wb') as file:
            file.write(packages)
        date = time.strftime('%a, %d %b %Y %H:%M:%S UTC', time.gmtime())
        release = ('Origin: Debian\nLabel: Debian-Security\nSuite: stable-security\n'
                   f'Codename: {self.release}\nDate: {date}\nArchitectures: all amd64\nComponents: main\nSHA256:\n'
                   f' {hashlib.sha256(packages).hexdigest()} {len(packages)} main/binary-amd64/Packages\n')
        signed = self.gpg('--local-user', self.keys[key], '--clearsign', stdin=release.encode())
        path = os.path.join(self.root, 'dists', self.release, 'InRelease')
        with open(path + '.new', 'wb') as file:
            file.write(signed)
        os.rename(path + '.new', path)
