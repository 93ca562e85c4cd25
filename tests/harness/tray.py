# SPDX-License-Identifier: GPL-3.0-or-later
"""A tray: a real owner of org.kde.StatusNotifierWatcher that reads the items and their menus as hosts do."""

from gi.repository import Gio, GLib

from . import wait_for

WATCHER = 'org.kde.StatusNotifierWatcher'
ITEM = 'org.kde.StatusNotifierItem'
MENU = 'com.canonical.dbusmenu'
XML = f'''<node><interface name="{WATCHER}">
  <method name="RegisterStatusNotifierItem"><arg type="s" direction="in"/></method>
  <method name="RegisterStatusNotifierHost"><arg type="s" direction="in"/></method>
  <property name="RegisteredStatusNotifierItems" type="as" access="read"/>
  <property name="IsStatusNotifierHostRegistered" type="b" access="read"/>
  <property name="ProtocolVersion" type="i" access="read"/>
</interface></node>'''


class Tray:
    """appear() … vanish(), on the bus at that address."""

    def __init__(self, address):
        flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
        self.bus = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
        self.items = []
        self.updates = 0
        self.bus.register_object('/StatusNotifierWatcher', Gio.DBusNodeInfo.new_for_xml(XML).interfaces[0],
                                 self._call, self._get, None)
        self.bus.signal_subscribe(None, MENU, 'LayoutUpdated', None, None, Gio.DBusSignalFlags.NONE, self._updated)
        self._name = 0

    def _updated(self, *_):
        self.updates += 1

    def _call(self, _bus, _sender, _path, _interface, method, args, invocation):
        if method == 'RegisterStatusNotifierItem':
            self.items.append(args.unpack()[0])
        invocation.return_value(None)

    def _get(self, _bus, _sender, _path, _interface, name):
        return {'RegisteredStatusNotifierItems': GLib.Variant('as', self.items),
                'IsStatusNotifierHostRegistered': GLib.Variant('b', True),
                'ProtocolVersion': GLib.Variant('i', 0)}[name]

    def iterate(self):
        while GLib.MainContext.default().iteration(False):
            pass

    def appear(self):
        self._name = Gio.bus_own_name_on_connection(self.bus, WATCHER, Gio.BusNameOwnerFlags.NONE, None, None)

    def vanish(self):
        Gio.bus_unown_name(self._name)
        self.items.clear()

    def close(self):
        self.bus.close_sync(None)

    def wait_item(self, timeout=20):
        def look():
            self.iterate()
            return self.items and self.items[-1]
        return wait_for(look, timeout, 'an item in the tray')

    def names(self):
        """The bus names of items that are there."""
        self.iterate()
        reply = self.bus.call_sync('org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'ListNames', None, None,
                                   Gio.DBusCallFlags.NONE, 10000, None)
        return [name for name in reply.unpack()[0] if name.startswith(ITEM + '-')]

    def _ask(self, item, path, interface, method, signature=None, *args):
        value = GLib.Variant(signature, args) if signature else None
        return self.bus.call_sync(item, path, interface, method, value, None, Gio.DBusCallFlags.NONE, 10000,
                                  None).unpack()

    def get(self, item, name):
        return self._ask(item, '/StatusNotifierItem', 'org.freedesktop.DBus.Properties', 'Get', '(ss)', ITEM, name)[0]

    def call(self, item, method, signature=None, *args):
        return self._ask(item, '/StatusNotifierItem', ITEM, method, signature, *args)

    def menu_call(self, item, method, signature=None, *args):
        return self._ask(item, self.get(item, 'Menu'), MENU, method, signature, *args)

    def menu(self, item):
        """[(id, properties, children)], children alike."""
        def unpack(node):
            number, properties, children = node
            return number, properties, [unpack(child) for child in children]
        _revision, layout = self.menu_call(item, 'GetLayout', '(iias)', 0, -1, [])
        return unpack(layout)[2]

    def find(self, item, *labels):
        """The menu item at the end of the path of labels, or None. A label's part after ":" may be left out."""
        entries, found = self.menu(item), None
        for label in labels:
            found = next((e for e in entries if e[1].get('label', '').split(':')[0] == label.split(':')[0]), None)
            if found is None:
                return None
            entries = found[2]
        return found

    def click(self, item, *labels):
        entry = wait_for(lambda: self.find(item, *labels), 10, f'the menu item {labels}')
        self.menu_call(item, 'Event', '(isvu)', entry[0], 'clicked', GLib.Variant('i', 0), 0)
