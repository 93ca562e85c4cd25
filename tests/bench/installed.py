# SPDX-License-Identifier: GPL-3.0-or-later
"""An installed Bulkhead on a session of its own: headless sway, session bus, bulkheadctl."""

import os
import subprocess

from harness import Place, wait_for
from harness.sway import Sway


class Installed:
    """With block. `env` for clients, `sway`, and ctl() for bulkheadctl."""

    def __init__(self, prefix):
        self.place = Place()
        self.place.env['PATH'] = f'{prefix}/bin:' + self.place.env['PATH']
        # bench-thaw is about thawing; the others boot each time.
        self.place.env['BULKHEAD_FREEZE_DELAY'] = '-1'
        self.place.env['XDG_DATA_DIRS'] = f'{prefix}/share:/usr/local/share:/usr/share'
        self.sway = Sway(place=self.place)
        self._bus = None
        self.env = None

    def __enter__(self):
        self.sway.start()
        with open(self.place.path('service.log'), 'wb') as log:
            self._bus = subprocess.Popen(
                ['dbus-daemon', '--session', '--nofork', '--print-address=1'], env=self.sway.env,
                stdout=subprocess.PIPE, stderr=log, text=True)
        self.env = dict(self.sway.env, DBUS_SESSION_BUS_ADDRESS=self._bus.stdout.readline().strip())
        return self

    def ctl(self, *args, timeout=240):
        done = subprocess.run(['bulkheadctl', *args], env=self.env, capture_output=True, text=True,
                              timeout=timeout, check=False)
        if done.returncode != 0:
            raise RuntimeError(f'bulkheadctl {args}: {done.returncode}: {done.stderr}')
        return done.stdout

    def gdbus(self, *args):
        done = subprocess.run(['gdbus', 'call', '--session', *args], env=self.env, text=True,
                              capture_output=True, timeout=60, check=True)
        return done.stdout

    def uses_kvm(self):
        return 'kvm' in self.gdbus(
            '--dest', 'io.github.bulkhead.Service', '--object-path', '/io/github/bulkhead',
            '--method', 'org.freedesktop.DBus.Properties.Get', 'io.github.bulkhead.Manager1',
            'Virtualization')

    def processes(self, name):
        """Pids of this user's processes of a program that belong to this session."""
        found = []
        for entry in os.listdir('/proc'):
            if not entry.isdigit():
                continue
            try:
                if os.path.basename(os.readlink(f'/proc/{entry}/exe')) != name:
                    continue
                with open(f'/proc/{entry}/environ', 'rb') as file:
                    environ = file.read()
                with open(f'/proc/{entry}/cmdline', 'rb') as file:
                    cmdline = file.read()
            except OSError:
                continue
            if self.place.root.encode() in environ + cmdline:
                found.append(int(entry))
        return found

    def __exit__(self, *_):
        try:
            self.gdbus('--dest', 'io.github.bulkhead.Service', '--object-path',
                       '/io/github/bulkhead', '--method', 'io.github.bulkhead.Manager1.Quit', 'true')
            wait_for(lambda: not self.processes('qemu-system-x86_64'), 20, 'the end of QEMU')
        finally:
            self._bus.terminate()
            self._bus.wait()
            self.sway.stop()
            self.place.remove()
