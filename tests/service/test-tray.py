# SPDX-License-Identifier: GPL-3.0-or-later
"""The indicator in the tray, against a real (small) tray: being there or not, and what its menu does."""

import os
import subprocess

from gi.repository import Gio, GLib

from harness import Place, TestCase, build_path, main, wait_for
from harness.session import Session
from harness.tray import Tray

APP = 'io.github.bulkhead.Bulkhead'
APPLICATION = '''<node><interface name="org.freedesktop.Application">
  <method name="Activate"><arg type="a{sv}" direction="in"/></method>
  <method name="ActivateAction"><arg type="s" direction="in"/><arg type="av" direction="in"/>
    <arg type="a{sv}" direction="in"/></method>
</interface></node>'''


class TrayCase(TestCase):
    def setUp(self):
        self.place = Place()
        self.addCleanup(self.place.remove)
        # The memory backend would not let one program see what another has set.
        self.env = {'GSETTINGS_BACKEND': 'keyfile', 'GSETTINGS_SCHEMA_DIR': build_path('data')}
        self.session = Session(place=self.place, uri='test:///default', env=self.env)
        self.addCleanup(self.session.stop)
        self.session.start()
        self.tray = Tray(self.session.env['DBUS_SESSION_BUS_ADDRESS'])
        self.addCleanup(self.tray.close)

    def tearDown(self):
        self.assertIsNone(self.session.service.poll(), 'the service ended')
        self.assertNotIn('CRITICAL', self.session.read_service_log())

    def set(self, value):
        subprocess.run(['gsettings', 'set', APP, 'tray', value], check=True, env={**self.session.env, **self.env})

    def own_app(self):
        """Stands where the application is, and writes down what it is asked."""
        asked = []

        def call(_bus, _sender, _path, _interface, method, args, invocation):
            asked.append((method, *args.unpack()))
            invocation.return_value(None)

        bus = self.tray.bus
        registration = bus.register_object('/' + APP.replace('.', '/'),
                                           Gio.DBusNodeInfo.new_for_xml(APPLICATION).interfaces[0], call, None, None)
        name = Gio.bus_own_name_on_connection(bus, APP, Gio.BusNameOwnerFlags.NONE, None, None)
        self.addCleanup(bus.unregister_object, registration)
        self.addCleanup(Gio.bus_unown_name, name)
        return asked

    def wait_asked(self, asked, n=1):
        def look():
            self.tray.iterate()
            return len(asked) >= n
        wait_for(look, 20, 'a call of the application')
        return asked[n - 1]


class Being(TrayCase):
    def test_without_a_tray_there_is_nothing(self):
        self.session.create('Work')
        self.assertEqual(self.tray.names(), [])

    def test_it_says_what_hosts_ask_and_is_passive_while_nothing_runs(self):
        self.session.create('Work')
        self.tray.appear()
        item = self.tray.wait_item()
        self.assertEqual(self.tray.get(item, 'Id'), APP)
        self.assertEqual(self.tray.get(item, 'Title'), 'Bulkhead')
        self.assertEqual(self.tray.get(item, 'Status'), 'Passive')
        self.assertEqual(self.tray.get(item, 'IconName'), APP + '-symbolic')
        self.assertEqual(self.tray.get(item, 'ToolTip')[3], 'No AppVM is running')
        labels = [properties['label'] for _, properties, _ in self.tray.menu(item)]
        self.assertEqual(labels, ['New AppVM…', 'Open Bulkhead'])

    def test_a_tray_that_comes_back_is_told_anew(self):
        self.tray.appear()
        first = self.tray.wait_item()
        self.tray.vanish()
        wait_for(lambda: self.tray.names() == [], 20, 'no item without a tray')
        self.tray.appear()
        again = self.tray.wait_item()
        self.assertNotEqual(first, again)
        self.assertEqual(self.tray.names(), [again])

    def test_the_setting_takes_it_away_and_brings_it_back(self):
        self.tray.appear()
        self.tray.wait_item()
        self.set('false')
        wait_for(lambda: self.tray.names() == [], 20, 'no item')
        self.tray.items.clear()
        self.set('true')
        self.tray.wait_item()

    def test_it_goes_with_the_service(self):
        self.tray.appear()
        self.tray.wait_item()
        self.session.manager.call('Quit', '(b)', False)
        wait_for(lambda: self.tray.names() == [], 20, 'no item')
        self.session.service.wait(20)
        self.session.start_service()
        self.tray.wait_item()


class Choosing(TrayCase):
    def setUp(self):
        super().setUp()
        self.tray.appear()
        self.item = self.tray.wait_item()

    def test_a_click_opens_the_application_with_the_focus_it_was_given(self):
        asked = self.own_app()
        self.tray.call(self.item, 'ProvideXdgActivationToken', '(s)', 'token-1')
        self.tray.call(self.item, 'Activate', '(ii)', 0, 0)
        self.assertEqual(self.wait_asked(asked), ('Activate', {'activation-token': 'token-1',
                                                              'desktop-startup-id': 'token-1'}))
        self.tray.call(self.item, 'Activate', '(ii)', 0, 0)
        self.assertEqual(self.wait_asked(asked, 2), ('Activate', {}))

    def test_new_asks_the_application_for_an_appvm(self):
        asked = self.own_app()
        self.tray.click(self.item, 'New AppVM…')
        self.assertEqual(self.wait_asked(asked), ('ActivateAction', 'new-vm', [], {}))

    def test_all_microphones_are_muted_and_unmuted(self):
        manager = self.session.manager
        self.assertNotIn('Mute All Microphones', str(self.tray.menu(self.item)))  # no AppVM runs
        manager.call('MuteMicrophones', '(b)', True)
        wait_for(lambda: 'Unmute All Microphones' in str(self.tray.menu(self.item)), 20, 'the menu')
        self.tray.click(self.item, 'Unmute All Microphones')
        wait_for(lambda: not manager.get('MicrophonesMuted'), 20, 'the switch')
        wait_for(lambda: 'Microphones' not in str(self.tray.menu(self.item)), 20, 'the menu')

    def test_what_is_not_there_is_refused_and_changes_nothing(self):
        before = self.tray.menu(self.item)
        for method, signature, args in (
                ('GetLayout', '(iias)', (99, -1, [])),
                ('GetProperty', '(is)', (99, 'label')),
                ('GetProperty', '(is)', (1, 'no-such')),
                ('Event', '(isvu)', (-5, 'clicked', GLib.Variant('i', 0), 0))):
            with self.assertRaises(GLib.Error, msg=method) as caught:
                self.tray.menu_call(self.item, method, signature, *args)
            self.assertIn('InvalidArgs', str(caught.exception))
        unknown = self.tray.menu_call(self.item, 'EventGroup', '(a(isvu))', [(99, 'clicked', GLib.Variant('i', 0), 0),
                                                                           (0, 'no-such', GLib.Variant('i', 0), 0)])
        self.assertEqual(unknown, ([99],))
        self.assertEqual(self.tray.menu_call(self.item, 'GetGroupProperties', '(aias)', [99], []), ([],))
        self.assertEqual(self.tray.menu(self.item), before)

    def test_parts_of_the_menu_are_given_as_asked(self):
        _, (number, properties, children) = self.tray.menu_call(self.item, 'GetLayout', '(iias)', 0, 0, [])
        self.assertEqual((number, properties, children), (0, {'children-display': 'submenu'}, []))
        entry = self.tray.find(self.item, 'Open Bulkhead')
        self.assertEqual(self.tray.menu_call(self.item, 'GetProperty', '(is)', entry[0], 'label'), ('Open Bulkhead',))
        self.assertEqual(self.tray.menu_call(self.item, 'GetGroupProperties', '(aias)', [entry[0]], ['enabled']),
                         ([(entry[0], {})],))


if __name__ == '__main__':
    os.environ.setdefault('GIO_USE_VFS', 'local')
    main()
