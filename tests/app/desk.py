# SPDX-License-Identifier: GPL-3.0-or-later
"""A desktop for tests of `bulkhead`: headless sway, a private session bus, AT-SPI, and a service behind D-Bus activation.

One per process: AT-SPI keeps the bus that it met first.
"""

import json
import os
import shutil
import sys

import gi
gi.require_version('Atspi', '2.0')
from gi.repository import Atspi, GLib  # noqa: E402

from harness import SOURCE_DIR, Place, TestCase, artifact_path, build_path, require_ordinary_user, wait_for  # noqa: E402
from harness.session import NAME, Session  # noqa: E402
from harness.sway import Sway  # noqa: E402

APP_ID = 'io.github.bulkhead.Bulkhead'
MOCK = os.path.join(SOURCE_DIR, 'tests', 'mocks', 'mock-service.py')

# Roles, as older and newer versions of AT-SPI call them.
BUTTON = ('push button', 'button')
TOGGLE = ('check box', 'toggle button', 'radio button')
ROW = ('list item',)
TEXT = ('text', 'entry')


class Desk(Session):
    """start() … stop(). The service is the built one until use_mock() or use_service().

    vm: whether AppVMs are to run; without, libvirt is its own test driver.
    """

    def __init__(self, vm=False, mode='1280x800@60Hz'):
        place = Place()
        del place.env['NO_AT_BRIDGE']
        self.sway = Sway(place, mode=mode)
        try:
            self.sway.start()
            super().__init__(self.sway, activate=True, uri=None if vm else 'test:///default')
        except BaseException:
            self.sway.stop()
            place.remove()
            raise
        self.env.update(GSETTINGS_SCHEMA_DIR=build_path('data'), GSETTINGS_BACKEND='keyfile', GSK_RENDERER='cairo',
                        BULKHEAD_BIN_DIR=os.path.dirname(build_path('src', 'cli', 'bulkheadctl')))
        self.app = None

    def _start_bus(self):
        services = self.place.path('services')
        os.makedirs(services)
        shutil.copy('/usr/share/dbus-1/services/org.a11y.Bus.service', services)
        super()._start_bus()
        self._service_file = os.path.join(services, NAME + '.service')
        with open(self._service_file, encoding='utf-8') as file:
            self._real_service = file.read()
        os.environ.update(DBUS_SESSION_BUS_ADDRESS=self.env['DBUS_SESSION_BUS_ADDRESS'],
                          XDG_RUNTIME_DIR=self.place.runtime)
        Atspi.init()

    def stop(self):
        self.close_app()
        super().stop()
        self.sway.stop()
        self.place.remove()

    # The service

    def _install_service(self, text):
        self.end_service()
        if text is None:
            if os.path.exists(self._service_file):
                os.unlink(self._service_file)
        else:
            with open(self._service_file, 'w', encoding='utf-8') as file:
                file.write(text)
        self.bus.call_sync('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus', 'ReloadConfig',
                           None, None, 0, 10000, None)

    def use_real_service(self):
        self._install_service(self._real_service)

    def use_service(self, argv):
        """Let the bus start argv when somebody calls the service; None: nothing is installed."""
        self._install_service(argv and '[D-BUS Service]\nName={}\nExec={}\n'.format(
            NAME, ' '.join("'" + word + "'" for word in argv)))

    def use_mock(self, *args, vms=None):
        argv = [sys.executable, MOCK, *args]
        if vms is not None:
            path = self.place.path('vms.json')
            with open(path, 'w', encoding='utf-8') as file:
                json.dump(vms, file)
            argv += ['--vms', path]
        self.use_service(argv)

    def service_runs(self):
        return self.bus.call_sync('org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'NameHasOwner',
                                  GLib.Variant('(s)', (NAME,)), None, 0, 5000, None).unpack()[0]

    def end_service(self):
        if self.service_runs():
            self.manager.call('Quit', '(b)', True)
            wait_for(lambda: not self.service_runs(), 20, 'the end of the service')

    def vms(self):
        """The service's view: name → properties."""
        found = {}
        for interfaces in self.objects().values():
            vm = interfaces.get('io.github.bulkhead.Vm1')
            if vm:
                found[vm['Name']] = vm
        return found

    def manager_property(self, name):
        return self.bus.call_sync(NAME, '/io/github/bulkhead', 'org.freedesktop.DBus.Properties', 'Get',
                                  GLib.Variant('(ss)', ('io.github.bulkhead.Manager1', name)), None, 0, 20000,
                                  None).unpack()[0]

    def service_pid(self):
        return self.bus.call_sync('org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'GetConnectionUnixProcessID',
                                  GLib.Variant('(s)', (NAME,)), None, 0, 5000, None).unpack()[0]

    # The application

    def write_settings(self, **settings):
        """What the application remembers; the rest has its defaults. "_" stands for "-"."""
        path = self.place.path('config', 'glib-2.0', 'settings', 'keyfile')
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as file:
            file.write('[io/github/bulkhead/Bulkhead]\n')
            for key, value in {'computer_checked': 'true', **settings}.items():
                file.write(f'{key.replace("_", "-")}={value}\n')

    def run_app(self, *args, settings=None, **env):
        self.write_settings(**(settings or {}))
        self._app_log = self.place.path('app.log')
        with open(self._app_log, 'wb') as log:
            self.app = self.sway.run([build_path('src', 'app', 'bulkhead'), *args], env={**self.env, **env},
                                     stderr=log)
        # Active: keys typed from now on are not lost.
        wait_for(lambda: any(node.get_state_set().contains(Atspi.StateType.ACTIVE) for node in self.all('frame')),
                 20, 'an active window')

    def close_app(self):
        """Returns its warnings and worse."""
        if self.app is None:
            return []
        died = self.app.poll()
        if died is None:
            self.app.terminate()
            self.app.wait(10)
        self.app = None
        with open(self._app_log, encoding='utf-8', errors='replace') as file:
            complaints = [line.strip() for line in file if any(word in line for word in ('WARNING', 'CRITICAL', 'ERROR'))
                          # Most tests have no notification server, as some desktops have none.
                          and 'unable to send notifications' not in line]
        return complaints + ([f'it ended by itself: {died}'] if died is not None else [])

    def activate(self, action):
        """An action of the application, over the bus as launchers do it."""
        self.bus.call_sync(APP_ID, '/' + APP_ID.replace('.', '/'), 'org.freedesktop.Application', 'ActivateAction',
                           GLib.Variant('(sava{sv})', (action, [], {})), None, 0, 5000, None)

    def resize(self, width, height):
        self.sway.msg(f'[app_id="{APP_ID}"] resize set width {width} px height {height} px')

    def window_rect(self):
        return self.sway.wait_view(APP_ID)['rect']

    def keep_screenshot(self, test):
        path = artifact_path(test, '.png')
        self.sway.screenshot().save(path)
        print(f'screenshot: {path}', flush=True)
        print('texts:', self.texts(), flush=True)

    # Its accessible objects

    def _root(self):
        desktop = Atspi.get_desktop(0)
        for i in range(desktop.get_child_count()):
            app = desktop.get_child_at_index(i)
            if app and self.app and app.get_process_id() == self.app.pid:
                app.set_cache_mask(Atspi.Cache.NONE)
                return app
        return None

    def all(self, roles=None, name=None, showing=True, dialog=False):
        """Accessible objects with one of the roles and the name (None: any), in the tree's order.

        dialog: only those of modal windows.
        """
        context = GLib.MainContext.default()
        while context.iteration(False):
            pass
        roles = (roles,) if isinstance(roles, str) else roles
        root = self._root()
        found, todo = [], [root]
        if dialog and root is not None:
            windows = [root.get_child_at_index(i) for i in range(root.get_child_count())]
            todo = [w for w in windows if w and w.get_state_set().contains(Atspi.StateType.MODAL)]
        while todo:
            node = todo.pop()
            if node is None:
                continue
            try:
                states = node.get_state_set()
                # GTK 4.8 says "showing" of windows only.
                if showing and not states.contains(Atspi.StateType.VISIBLE) and node.get_role_name() != 'application':
                    continue
                children = [node.get_child_at_index(i) for i in range(node.get_child_count())]
                if ((roles is None or node.get_role_name() in roles) and (name is None or node.get_name() == name)):
                    found.append(node)
            except GLib.Error:  # it went away while we looked
                continue
            todo += reversed(children)
        return found

    def see(self, roles=None, name=None, showing=True):
        found = self.all(roles, name, showing)
        return found[0] if found else None

    def wait(self, roles=None, name=None, timeout=30, showing=True):
        return wait_for(lambda: self.see(roles, name, showing), timeout, f'{roles} “{name}”')

    def wait_gone(self, roles=None, name=None, timeout=30):
        wait_for(lambda: self.see(roles, name) is None, timeout, f'no {roles} “{name}”')

    def _sensitive(self, roles, name, sensitive=True, dialog=False):
        for node in self.all(roles, name, dialog=dialog):
            if roles == BUTTON and node.get_n_actions() == 0:
                continue  # a menu button's outer half
            if node.get_state_set().contains(Atspi.StateType.SENSITIVE) == sensitive:
                return node
        return None

    def wait_sensitive(self, roles, name, timeout=30, dialog=False):
        return wait_for(lambda: self._sensitive(roles, name, True, dialog), timeout, f'a sensitive {roles} “{name}”')

    def wait_insensitive(self, roles, name, timeout=30, dialog=False):
        return wait_for(lambda: self._sensitive(roles, name, False, dialog), timeout, f'an insensitive {roles} “{name}”')

    def press(self, roles, name, timeout=30, dialog=False):
        """Activate its first action, once it is sensitive. dialog: in a modal window."""
        node = self.wait_sensitive(roles, name, timeout, dialog)
        if not node.do_action(0):
            raise AssertionError(f'{roles} “{name}” has no action')
        return node

    def toggle(self, name):
        self.press(TOGGLE, name)

    def act(self, action, name=None, timeout=30):
        """Activate an action that menus and shortcuts name too, such as "vm.delete"; of the object with that name."""
        def offered():
            for node in self.all(None, name):
                for i in range(node.get_n_actions()):
                    if Atspi.Action.get_action_name(node, i) == action:
                        return node, i
            return None
        node, i = wait_for(offered, timeout, f'the action {action}')
        node.do_action(i)

    def type_into(self, name, text):
        node = self.wait(TEXT, name)
        if not node.set_text_contents(text):
            raise AssertionError(f'“{name}” takes no text')

    def name_file(self, path, button):
        """In GTK's own file chooser, by keys as people do it."""
        wait_for(lambda: any(node.get_name().endswith(button) for node in self.all(BUTTON, dialog=True)), 30, button)
        self.sway.input.type('/')
        self.sway.input.type(path[1:])
        self.sway.input.key('Return')

    def wait_focus(self, roles, timeout=30):
        """Keys go to an object of that kind."""
        wait_for(lambda: any(node.get_state_set().contains(Atspi.StateType.FOCUSED) for node in self.all(roles)),
                 timeout, f'the focus on a {roles}')

    def texts(self):
        """Every name that is showing: what a screen reader could say."""
        return [node.get_name() for node in self.all() if node.get_name()]

    def wait_text(self, part, timeout=30):
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


class DeskTestCase(TestCase):
    """Each test begins without application, service and AppVMs on `desk`, which is one for the process; its module takes
    setUpModule and tearDownModule from here.
    """

    desk = None

    def tearDown(self):
        if self.failed():
            self.desk.keep_screenshot(self)
        complaints = self.desk.close_app()
        self.desk.end_service()
        for name in os.listdir(self.vm_dir()) if os.path.isdir(self.vm_dir()) else []:
            os.unlink(os.path.join(self.vm_dir(), name))
        self.assertEqual(complaints, [], 'what the application complained about')

    def vm_dir(self):
        return self.desk.place.path('config', 'bulkhead', 'vms')


def setUpModule():
    require_ordinary_user()
    DeskTestCase.desk = Desk()
    DeskTestCase.desk.start()


def tearDownModule():
    DeskTestCase.desk.stop()
