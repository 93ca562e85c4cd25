# SPDX-License-Identifier: GPL-3.0-or-later
"""A desktop for tests of `bulkhead`: headless sway, a private session bus, AT-SPI, and a service behind D-Bus activation.

One per process: AT-SPI keeps the bus that it met first.
"""
import json
import os
import signal
import subprocess
import sys

import gi

gi.require_version('Atspi', '2.0')
from gi.repository import Atspi, Gio, GLib  # noqa: E402

from harness import SOURCE_DIR, Place, build_path, wait_for  # noqa: E402
from harness.sway import Sway  # noqa: E402

APP_ID = 'io.github.bulkhead.Bulkhead'
SERVICE = 'io.github.bulkhead.Service'
MOCK = os.path.join(SOURCE_DIR, 'tests', 'mocks', 'mock-service.py')

BUTTON = ('push button', 'button')
TOGGLE = ('check box', 'toggle button', 'radio button')
ROW = ('list item',)
TEXT = ('text', 'entry')


class Desk:
    """start() … stop(); the service is what use_service() named, started by the bus at the first call."""

    def __init__(self, mode='1280x800@60Hz', scale='1'):
        self.place = Place()
        del self.place.env['NO_AT_BRIDGE']
        self.sway = Sway(self.place, mode=mode, scale=scale)
        self.bus = None
        self.app = None

    def start(self):
        self.sway.start()
        services = self.place.path('data', 'dbus-1', 'services')
        os.makedirs(services)
        self.service_file = os.path.join(services, SERVICE + '.service')
        env = dict(self.sway.env)
        if 'BULKHEAD_BUILD_DIR' in os.environ:
            env['GSETTINGS_SCHEMA_DIR'] = build_path('data')
        env['GSK_RENDERER'] = 'cairo'
        # What the programs it activates get too.
        self.bus = subprocess.Popen(['dbus-daemon', '--session', '--nofork', '--print-address=1'], env=env,
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
        self.address = self.bus.stdout.readline().decode().strip()
        self.env = dict(env, DBUS_SESSION_BUS_ADDRESS=self.address)
        os.environ.update(DBUS_SESSION_BUS_ADDRESS=self.address, XDG_RUNTIME_DIR=self.place.runtime)
        self.connection = Gio.DBusConnection.new_for_address_sync(
            self.address, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
            | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
        Atspi.init()
        return self

    def stop(self):
        self.close_app()
        self.stop_service()
        self.sway.stop()
        if self.bus:
            os.killpg(self.bus.pid, signal.SIGTERM)
            self.bus.wait(5)
            self.bus.stdout.close()
        self.place.remove()

    # The service

    def bus_call(self, method, parameters, reply=None):
        return self.connection.call_sync('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', method,
                                         parameters, reply and GLib.VariantType(reply), 0, 10000, None)

    def use_service(self, argv):
        """Let the bus start argv as the service when somebody calls it; None: nothing is installed."""
        self.stop_service()
        if argv is None:
            if os.path.exists(self.service_file):
                os.unlink(self.service_file)
        else:
            quoted = ' '.join("'" + a + "'" for a in argv)
            with open(self.service_file, 'w', encoding='utf-8') as file:
                file.write(f'[D-BUS Service]\nName={SERVICE}\nExec={quoted}\n')
        self.bus_call('ReloadConfig', None)

    def use_mock(self, *args, vms=None):
        argv = [sys.executable, MOCK, *args]
        if vms is not None:
            path = self.place.path('vms.json')
            with open(path, 'w', encoding='utf-8') as file:
                json.dump(vms, file)
            argv += ['--vms', path]
        self.use_service(argv)

    def use_real_service(self):
        self.use_service([build_path('src', 'service', 'bulkhead-service')])

    def service_runs(self):
        return self.bus_call('NameHasOwner', GLib.Variant('(s)', (SERVICE,)), '(b)').unpack()[0]

    def stop_service(self):
        if self.bus is None or not self.service_runs():
            return
        self.manager('Quit', GLib.Variant('(b)', (True,)))
        wait_for(lambda: not self.service_runs(), 20, 'the end of the service')

    def call(self, path, interface, method, parameters=None, timeout=20000):
        return self.connection.call_sync(SERVICE, path, interface, method, parameters, None, 0, timeout, None)

    def manager(self, method, parameters=None):
        return self.call('/io/github/bulkhead', 'io.github.bulkhead.Manager1', method, parameters).unpack()

    def vms(self):
        """The service's view: id → properties."""
        objects = self.call('/io/github/bulkhead', 'org.freedesktop.DBus.ObjectManager', 'GetManagedObjects').unpack()[0]
        found = {}
        for interfaces in objects.values():
            if 'io.github.bulkhead.Vm1' in interfaces:
                vm = interfaces['io.github.bulkhead.Vm1']
                found[vm['Id']] = vm
        return found

    # The application

    def run_app(self, *args, **env):
        self.app = self.sway.run([build_path('src', 'app', 'bulkhead'), *args], env={**self.env, **env})
        self.wait('frame', None, timeout=20)
        return self

    def close_app(self):
        if self.app and self.app.poll() is None:
            self.app.terminate()
            self.app.wait(10)
        self.app = None

    def resize(self, width, height):
        self.sway.msg(f'[app_id="{APP_ID}"] resize set width {width} px height {height} px')

    def window_rect(self):
        return self.sway.wait_view(APP_ID)['rect']

    # Its accessible objects

    def _root(self):
        desktop = Atspi.get_desktop(0)
        for i in range(desktop.get_child_count()):
            app = desktop.get_child_at_index(i)
            if app and self.app and app.get_process_id() == self.app.pid:
                app.set_cache_mask(Atspi.Cache.NONE)
                return app
        return None

    def all(self, roles=None, name=None, showing=True):
        """Accessible objects with one of the roles and the name (None: any), in the tree's order."""
        context = GLib.MainContext.default()
        while context.iteration(False):
            pass
        roles = (roles,) if isinstance(roles, str) else roles
        found, todo = [], [self._root()]
        while todo:
            node = todo.pop()
            if node is None:
                continue
            try:
                children = [node.get_child_at_index(i) for i in range(node.get_child_count())]
                states = node.get_state_set()
                # GTK 4.8 says "showing" of windows only.
                if showing and not states.contains(Atspi.StateType.VISIBLE) and node.get_role_name() != 'application':
                    continue
                if ((roles is None or node.get_role_name() in roles) and (name is None or node.get_name() == name)):
                    found.append(node)
            except GLib.Error:  # it went away while we looked
                continue
            todo += reversed(children)
        return found

    def find(self, roles=None, name=None, showing=True):
        found = self.all(roles, name, showing)
        return found[0] if found else None

    def wait(self, roles=None, name=None, timeout=10, showing=True):
        return wait_for(lambda: self.find(roles, name, showing), timeout, f'{roles} “{name}”')

    def wait_gone(self, roles=None, name=None, timeout=10):
        wait_for(lambda: self.find(roles, name) is None, timeout, f'no {roles} “{name}”')

    def press(self, roles, name, timeout=10):
        """Activate its first action, once it is sensitive."""
        def ready():
            for node in self.all(roles, name):
                if node.get_n_actions() > 0 and node.get_state_set().contains(Atspi.StateType.SENSITIVE):
                    return node
            return None
        node = wait_for(ready, timeout, f'a sensitive {roles} “{name}”')
        if not node.do_action(0):
            raise AssertionError(f'{roles} “{name}” has no action')
        return node

    def act(self, action, timeout=10):
        """Activate an action that menus and shortcuts name too, such as "vm.delete"."""
        def offered():
            for node in self.all():
                for i in range(node.get_n_actions()):
                    if node.get_action_name(i) == action:
                        return node, i
            return None
        node, i = wait_for(offered, timeout, f'the action {action}')
        node.do_action(i)

    def type_into(self, name, text):
        node = self.wait(TEXT, name)
        if not node.set_text_contents(text):
            raise AssertionError(f'“{name}” takes no text')

    def texts(self):
        """Every name that is showing: what a screen reader could say."""
        return [node.get_name() for node in self.all() if node.get_name()]

    def wait_text(self, part, timeout=10):
        return wait_for(lambda: next((t for t in self.texts() if part in t), None), timeout,
                        f'a text with “{part}”')

    def dump(self):
        """The tree, for working on a test."""
        def show(node, depth):
            if node is None:
                return
            states = [s.value_nick for s in node.get_state_set().get_states()]
            print('  ' * depth + f'{node.get_role_name()} “{node.get_name()}” “{node.get_description()}” '
                  f'actions: {node.get_n_actions()} {" ".join(states)}')
            for i in range(node.get_child_count()):
                show(node.get_child_at_index(i), depth + 1)
        show(self._root(), 0)
