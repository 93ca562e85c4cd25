# SPDX-License-Identifier: GPL-3.0-or-later
"""The desktop's own portal, with GTK's dialogs: xdg-desktop-portal, whose user is the test."""

import subprocess

from gi.repository import Gio, GLib

from . import wait_for

NAME = 'org.freedesktop.portal.Desktop'
STORE = 'org.freedesktop.impl.portal.PermissionStore'
PROGRAMS = (('xdg-permission-store', STORE), ('xdg-desktop-portal-gtk', 'org.freedesktop.impl.portal.desktop.gtk'),
            ('xdg-desktop-portal', NAME))
DIALOG = 'xdg-desktop-portal-gtk'


class Portal:
    """On the bus of @session, its dialogs on @sway."""

    def __init__(self, session, sway):
        self._sway, self._processes = sway, []
        self.bus = session.bus
        # As GNOME: that is what GTK's dialogs are for.
        env = {**session.env, **{name: sway.env[name] for name in ('WAYLAND_DISPLAY',)}, 'GDK_BACKEND': 'wayland',
               'XDG_CURRENT_DESKTOP': 'GNOME'}
        for program, name in PROGRAMS:
            with open(session.place.path(f'{program}.log'), 'wb') as log:
                self._processes.append(subprocess.Popen([f'/usr/libexec/{program}'], env=env, stdin=subprocess.DEVNULL,
                                                        stdout=log, stderr=log))
            wait_for(lambda: self._has_owner(name), 30, name)  # pylint: disable=cell-var-from-loop

    def _call(self, name, path, interface, method, arguments):
        return self.bus.call_sync(name, path, interface, method, arguments, None, Gio.DBusCallFlags.NONE, 10000,
                                  None)

    def _has_owner(self, name):
        return self._call('org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'NameHasOwner',
                          GLib.Variant('(s)', (name,))).unpack()[0]

    def wait_dialog(self, timeout=60):
        return self._sway.wait_view(DIALOG, timeout=timeout)

    def wait_no_dialog(self, timeout=20):
        wait_for(lambda: self._sway.view(DIALOG) is None, timeout, 'the end of the dialog')

    def answer(self, grant):
        """Press a button of the dialog: below, the one that denies on the left, the one that grants on the right."""
        rect = self.wait_dialog()['rect']

        def gone():
            self._sway.input.click(rect['x'] + rect['width'] * (0.75 if grant else 0.25),
                                   rect['y'] + rect['height'] - 20)
            return self._sway.view(DIALOG) is None
        wait_for(gone, 20, 'the end of the dialog', interval=0.5)

    def forget(self):
        """What was answered, so that the user is asked again."""
        self._call(STORE, '/org/freedesktop/impl/portal/PermissionStore', STORE, 'Delete',
                   GLib.Variant('(ss)', ('devices', 'camera')))

    def close(self):
        for process in reversed(self._processes):
            process.terminate()
            process.wait()
