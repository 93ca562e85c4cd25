# SPDX-License-Identifier: GPL-3.0-or-later
"""The desktop's camera portal, whose user is the test; the PipeWire behind it is the real one."""

import socket

from gi.repository import Gio, GLib

NAME = 'org.freedesktop.portal.Desktop'
PATH = '/org/freedesktop/portal/desktop'
CAMERA = 'org.freedesktop.portal.Camera'
XML = f'''<node><interface name="{CAMERA}">
  <method name="AccessCamera"><arg type="a{{sv}}" direction="in"/><arg type="o" direction="out"/></method>
  <method name="OpenPipeWireRemote"><arg type="a{{sv}}" direction="in"/><arg type="h" direction="out"/></method>
</interface></node>'''


class CameraPortal:
    """On the bus at that address. response: 0 for yes, 1 for no; `calls`: names of what was called."""

    def __init__(self, address, pipewire, response=0):
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        self.bus = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
        self.pipewire, self.response, self.calls = pipewire, response, []
        self.bus.register_object(PATH, Gio.DBusNodeInfo.new_for_xml(XML).interfaces[0], self._call, None, None)
        self.bus.call_sync('org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'RequestName',
                           GLib.Variant('(su)', (NAME, 4)), None, Gio.DBusCallFlags.NONE, 10000, None)

    def _call(self, _bus, sender, _path, _interface, method, arguments, invocation):
        self.calls.append(method)
        if method == 'AccessCamera':
            token = arguments.unpack()[0]['handle_token']
            path = f'{PATH}/request/{sender[1:].replace(".", "_")}/{token}'
            invocation.return_value(GLib.Variant('(o)', (path,)))
            self.bus.emit_signal(sender, path, 'org.freedesktop.portal.Request', 'Response',
                                 GLib.Variant('(ua{sv})', (self.response, {})))
            return
        with socket.socket(socket.AF_UNIX) as remote:
            remote.connect(self.pipewire)
            fds = Gio.UnixFDList.new()
            handle = fds.append(remote.fileno())
        invocation.return_value_with_unix_fd_list(GLib.Variant('(h)', (handle,)), fds)

    def close(self):
        self.bus.close_sync(None)
