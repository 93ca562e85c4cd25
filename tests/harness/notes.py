# SPDX-License-Identifier: GPL-3.0-or-later
"""The desktop's notifications: an owner of org.freedesktop.Notifications whose user is the test."""

from gi.repository import Gio, GLib

from . import wait_for

NAME = 'org.freedesktop.Notifications'
PATH = '/org/freedesktop/Notifications'
XML = f'''<node><interface name="{NAME}">
  <method name="Notify">
    <arg type="s" direction="in"/><arg type="u" direction="in"/><arg type="s" direction="in"/>
    <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="as" direction="in"/>
    <arg type="a{{sv}}" direction="in"/><arg type="i" direction="in"/><arg type="u" direction="out"/>
  </method>
  <method name="CloseNotification"><arg type="u" direction="in"/></method>
</interface></node>'''


class Notes:
    """On the bus at that address; `shown`: number → (title, body, actions); `said`: every title so far."""

    def __init__(self, address):
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        self.bus = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
        self.shown, self.said = {}, []
        self._last = 0
        self.bus.register_object(PATH, Gio.DBusNodeInfo.new_for_xml(XML).interfaces[0], self._call,
                                 None, None)
        self.bus.call_sync('org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'RequestName',
                           GLib.Variant('(su)', (NAME, 4)), None, Gio.DBusCallFlags.NONE, 10000, None)

    def _call(self, _bus, _sender, _path, _interface, method, arguments, invocation):
        values = arguments.unpack()
        if method == 'CloseNotification':
            self.shown.pop(values[0], None)
            invocation.return_value(None)
            return
        _app, replaces, _icon, title, body, actions, _hints, _time = values
        if not replaces:
            self._last += 1
            replaces = self._last
        self.shown[replaces] = (title, body, actions)
        self.said.append(title)
        invocation.return_value(GLib.Variant('(u)', (replaces,)))

    def titles(self):
        while GLib.MainContext.default().iteration(False):
            pass
        return sorted(title for title, _body, _actions in self.shown.values())

    def wait(self, title, timeout=30):
        wait_for(lambda: title in self.titles(), timeout, f'the notification {title}')

    def choose(self, title, action):
        """As if the user had pressed a button of it."""
        number, = (n for n, note in self.shown.items() if note[0] == title)
        if action not in self.shown[number][2][::2]:
            raise KeyError(f'{action} is none of {self.shown[number][2]}')
        self.bus.emit_signal(None, PATH, NAME, 'ActionInvoked',
                             GLib.Variant('(us)', (number, action)))
        self.bus.emit_signal(None, PATH, NAME, 'NotificationClosed',
                             GLib.Variant('(uu)', (number, 2)))
        del self.shown[number]

    def close(self):
        self.bus.close_sync(None)
