# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel networks from one end to the other: service, helper with polkitd, TAP, nftables, QEMU, guest; see
kernel_ground.py for where.

One AppVM for all of it: wan0 behind this computer's addresses, lan5 with a fixed address and dyn0 with one of
DHCP on the bridge. Its root is hostile (guest-root.c).
"""

import kernel_ground
kernel_ground.enter()

import json  # noqa: E402
import os  # noqa: E402
import socket  # noqa: E402
import sys  # noqa: E402
import unittest  # noqa: E402

import ground  # noqa: E402
import harness  # noqa: E402
from ground import arp, packet, raw_mac, run  # noqa: E402
from kernel_ground import BRIDGE_OWN, BRIDGE_PEER, CONF, ROUTED, as_root, netns  # noqa: E402
from netns import GATEWAY4, HOST4, HOST6, LAN4, LAN_OWN4, OWN4  # noqa: E402

BOOT = 150
FIXED, FIXED_MAC = '192.168.9.50', '02:00:00:00:09:50'
INTERFACES = f'lan5 bridge:br0 address={FIXED}/24 route={ROUTED}/32,{BRIDGE_PEER} mac={FIXED_MAC}'
BOTH = ['on', 'on']
ASK_ROOT = '''
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(chr(0) + "bulkhead-test-root")
s.sendall(sys.argv[1].encode())
s.shutdown(socket.SHUT_WR)
while data := s.recv(65536):
    sys.stdout.buffer.write(data)
'''
SEND = '''
import socket
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((%r, 0))
for frame in %r * %d:
    s.send(bytes.fromhex(frame))
print("sent")
'''
# What udhcpc understands as "renew now".
NUDGE = '''
import os, signal
for pid in filter(str.isdigit, os.listdir('/proc')):
    with open(f'/proc/{pid}/cmdline', 'rb') as file:
        if b'udhcpc' in file.read().split(bytes(1)):
            os.kill(int(pid), signal.SIGUSR1)
'''
MOUNT = 'import subprocess; subprocess.run(%r, check=True)'
NETWORK = os.path.join(os.path.dirname(ground.HERE), 'network')
with open(os.path.join(NETWORK, 'guestnet.py'), encoding='utf-8') as source:
    GUEST = source.read()
TIMES = 50  # each spoofed frame is sent


class KernelNetwork(harness.TestCase):

    @classmethod
    def setUpClass(cls):
        kernel_ground.set_up_ground()
        kernel_ground.become_user()
        cls.addClassCleanup(kernel_ground.become_root)  # ends the daemons
        # They have threads and connections, which are the user's.
        from harness.session import Session
        from harness.sway import Sway
        cls.sway = Sway()
        cls.addClassCleanup(cls.sway.stop)
        cls.net = netns.Internet(cls.sway.place.root)
        cls.addClassCleanup(cls.end, cls.net)
        with as_root():
            cls.bridge = kernel_ground.Bridge(cls.net, cls.sway.place.root)
        cls.addClassCleanup(cls.end, cls.bridge)
        server = [sys.executable, os.path.join(NETWORK, 'server.py'), 'tcp:80', 'udp:81']
        cls.there = cls.net.serve(*server, f'dns:{HOST4}')
        cls.here = cls.net.serve(*server, there=False)
        # The first of the ranges that TAPs get is somebody else's.
        with as_root():
            run('ip', 'route', 'add', '10.213.0.0/16', 'via', LAN4)
            harness.wait_for(lambda: 'tentative' not in run('ip', 'address'), 20, 'the addresses')
            cls.before = ground.network_state()
        cls.sway.start()
        cls.session = Session(cls.sway, boots=True)
        cls.addClassCleanup(cls.session.stop)
        os.makedirs(cls.session.libexec)
        os.symlink(harness.build_path('tests', 'helper', 'guest-with-root'),
                   os.path.join(cls.session.libexec, 'bulkhead-guest'))
        cls.session.start()
        cls.vm = cls.session.create('Kernel', AutoStop='0', Memory='320', Sound='false', Network='kernel',
                                    InterfaceName='wan0', Interfaces=INTERFACES)
        cls.up = kernel_ground.Wire(cls.net.pid, 'up1')
        cls.wire = kernel_ground.Wire(cls.net.pid, 'wire1')
        cls.addClassCleanup(cls.up.close)
        cls.addClassCleanup(cls.wire.close)
        cls.vm.start().wait(BOOT)

    @staticmethod
    def end(what):
        with as_root():
            what.close()

    def tearDown(self):
        if self.failed():
            self.session.keep_evidence(self)
            with as_root(), open('/run/test/helper.log', encoding='utf-8', errors='replace') as file:
                print(file.read()[-4000:], file=sys.stderr)

    # The guest

    def output(self, *argv):
        result = self.vm.launch(argv=list(argv), wait=True).wait(BOOT)
        text = bytes(result['tail']).rstrip(b'\0').decode()
        self.assertEqual(result['code'], 0, text)
        return text

    def attempt(self, *targets):
        return json.loads(self.output('python3', '-c', GUEST, *targets).splitlines()[-1])

    def as_guests_root(self, program):
        return self.output('python3', '-c', ASK_ROOT, program)

    def send(self, interface, *frames, times=1):
        said = self.as_guests_root(SEND % (interface, [frame.hex() for frame in frames], times))
        self.assertEqual(said.strip(), 'sent')

    def addresses(self):
        """{interface: (MAC, [ADDRESS/LENGTH])} of the guest."""
        listed = json.loads(self.output('ip', '-j', 'address'))
        return {one['ifname']: (one['address'], [f'{two["local"]}/{two["prefixlen"]}' for two in one['addr_info']])
                for one in listed}

    def tap(self):
        """(interface, its MAC, its address) of the routed TAP on this computer."""
        for one in json.loads(run('ip', '-j', 'address')):
            if one['ifname'].startswith('bhtap') and one['addr_info']:
                return one['ifname'], one['address'], one['addr_info'][0]['local']
        raise AssertionError('there is no TAP')

    def test_addresses_names_and_routes(self):
        found = self.addresses()
        self.assertEqual(sorted(found), ['lan5', 'lo', 'wan0'])
        name, _mac, gateway = self.tap()
        self.assertEqual(gateway, '172.29.128.1')  # not where the route is
        self.assertEqual(found['wan0'][1], ['172.29.128.2/30'])
        # Made of the AppVM's id, and the one that was chosen.
        self.assertEqual(found['wan0'][0], self.made_mac())
        self.assertEqual(found['lan5'], (FIXED_MAC, [FIXED + '/24']))
        routes = json.loads(self.output('ip', '-j', 'route'))
        self.assertIn(('default', gateway, 'wan0'), [(one['dst'], one.get('gateway'), one['dev']) for one in routes])
        self.assertIn((ROUTED, BRIDGE_PEER, 'lan5'), [(one['dst'], one.get('gateway'), one['dev']) for one in routes])
        self.assertIn(f'nameserver {HOST4}\n', self.output('cat', '/etc/resolv.conf'))
        self.assertEqual([(one['name'], one['mode'], one['state']) for one in self.vm.get('Network')['interfaces']],
                         [('wan0', 'nat', 'on'), ('lan5', 'bridge', 'on')])
        self.assertEqual(run('ip', '-j', 'link', 'show', name).count('"bhtap'), 1)

    @staticmethod
    def made_mac():
        import hashlib
        total = hashlib.sha256(b'kernel own 0').hexdigest()
        return '02:' + ':'.join(total[i:i + 2] for i in range(0, 10, 2))

    def test_the_internet_and_nothing_else(self):
        _name, _mac, gateway = self.tap()
        with as_root():
            other = ground.Guest(self, options='"lan": <true>', uid=ground.OTHER)
        self.addCleanup(self.kill, other)
        good = [f'tcp:{HOST4}:80', f'udp:{HOST4}:81', f'tcp:{ROUTED}:80', 'name:example.org']
        closed = [LAN4, GATEWAY4, OWN4, LAN_OWN4, gateway, BRIDGE_PEER, BRIDGE_OWN, other.address, other.gateway]
        results = self.attempt(*good, *(f'{kind}:{address}:{port}' for address in closed
                                        for kind, port in (('tcp', 80), ('udp', 81))))
        self.assertEqual([results.pop(target) for target in good],
                         [f'hello {OWN4}', f'hello {OWN4}', f'hello {FIXED}', '192.0.2.77'])
        for target, result in results.items():
            self.assertIsInstance(result, list, f'{target} is reached: {result}')
        counted = {one['name']: one for one in self.vm.call('ReadNetwork')}
        for name in ('wan0', 'lan5'):
            self.assertGreater(counted[name]['in'], 100, name)
            self.assertGreater(counted[name]['out'], 100, name)
        with as_root():
            frames = other.caller.order('receive', 100, 0.5)['frames']
        self.assertFalse([frame for frame in frames if raw_mac(self.made_mac()).hex() in frame])

    def caller(self, uid):
        """For ground.Guest."""
        return ground.Caller(uid)

    def test_name_servers_behind_this_computers_own(self):
        """As systemd-resolved has them."""
        def asks():
            return 'nameserver 203.0.113.5\n' in self.output('cat', '/etc/resolv.conf')
        self.addCleanup(self.net.set_nameserver, HOST4)
        with as_root():
            os.makedirs('/run/systemd/resolve', exist_ok=True)
            ground.write('/run/systemd/resolve/resolv.conf', f'nameserver {LAN4}\n')
        self.net.set_nameserver('127.0.0.53')
        harness.wait_for(lambda: f'nameserver {LAN4}\n' in self.output('cat', '/etc/resolv.conf'), 30, 'the other one')
        # It can be reached although the local network is closed.
        with as_root():
            rules = run('nft', 'list', 'table', 'netdev', 'bulkhead')
        self.assertIn(f'ip daddr {LAN4} meta l4proto {{ tcp, udp }} th dport 53 accept', rules)
        self.net.set_nameserver(HOST4)
        harness.wait_for(asks, 30, 'the first one again')

    @staticmethod
    def kill(guest):
        with as_root():
            guest.caller.kill()

    def test_the_local_network_while_it_is_allowed(self):
        self.addCleanup(self.vm.set, Lan='false')
        self.vm.set(Lan='true')
        results = self.attempt(f'tcp:{LAN4}:80', f'tcp:{HOST4}:80', f'tcp:{OWN4}:80', f'tcp:{LAN_OWN4}:80')
        self.assertEqual(results.pop(f'tcp:{LAN4}:80'), f'hello {LAN_OWN4}')
        self.assertEqual(results.pop(f'tcp:{HOST4}:80'), f'hello {OWN4}')
        for target, result in results.items():
            self.assertIsInstance(result, list, target)
        self.vm.set(Lan='false')
        self.assertIsInstance(self.attempt(f'tcp:{LAN4}:80')[f'tcp:{LAN4}:80'], list)

    def test_spoofed_frames_are_dropped(self):
        _name, host, gateway = self.tap()
        own, mac = '172.29.128.2', self.made_mac()

        def routed(data, source_mac=mac, source=own, **rest):
            return packet(source_mac, source, HOST4, 7, data, host, **rest)
        self.send('wan0', routed(b'bad1', source_mac='02:00:00:00:00:66'), routed(b'bad2', source=FIXED),
                  routed(b'bad3', source=gateway), routed(b'bad4', source=OWN4), routed(b'bad5', source='172.29.128.6'),
                  routed(b'bad6', source='203.0.113.77'), routed(b'bad7', vlan=5),
                  arp(mac, '172.29.128.6', gateway) + b'bad8', times=TIMES)
        self.send('wan0', routed(b'good'))
        frames = self.up.wait(b'good')
        self.assertEqual([frame for frame in frames if b'bad' in frame], [])

        def bridged(data, source_mac=FIXED_MAC, source=FIXED, **rest):
            return packet(source_mac, source, HOST4, 7, data, 'ff:ff:ff:ff:ff:ff', **rest)
        self.send('lan5', bridged(b'bad1', source_mac='02:00:00:00:00:66'), bridged(b'bad2', source='192.168.9.51'),
                  bridged(b'bad3', source=BRIDGE_PEER), bridged(b'bad4', vlan=5),
                  arp(FIXED_MAC, BRIDGE_PEER, BRIDGE_OWN) + b'bad5',
                  arp(FIXED_MAC, FIXED, BRIDGE_PEER, '02:00:00:00:00:66') + b'bad6', times=TIMES)
        self.send('lan5', bridged(b'good'))
        frames = self.wire.wait(b'good')
        self.assertEqual([frame for frame in frames if b'bad' in frame], [])
        known = run('ip', 'neighbour')
        self.assertNotIn('02:00:00:00:00:66', known)
        self.assertNotIn('172.29.128.6 ', known)

    def test_a_bridge_that_is_not_allowed(self):
        taps = self.taps()
        self.addCleanup(self.vm.set, Interfaces=INTERFACES)
        self.session.iterate()
        self.session.signals.clear()
        self.vm.set(Interfaces=INTERFACES + ';no0 bridge:br1 address=10.1.1.2/24')
        text = str(self.session.wait_signal('Notice', 30, lambda args: CONF in str(args)))
        self.assertIn('br1', text)
        self.assertIn('Bridges', text)
        self.assertEqual(self.taps(), taps)
        self.assertEqual([one['name'] for one in self.vm.get('Network')['interfaces']], ['wan0', 'lan5'])

    @staticmethod
    def taps():
        return sorted(name for name in os.listdir('/sys/class/net') if name.startswith('bhtap'))

    def test_off_and_on_again(self):
        self.attempt(f'tcp:{HOST4}:80')
        self.vm.set(Network='none', Interfaces='')
        harness.wait_for(lambda: not self.taps(), 10, 'the TAPs to go')
        self.assertIsInstance(self.attempt(f'tcp:{HOST4}:80')[f'tcp:{HOST4}:80'], list)
        self.assert_nothing_left()
        self.vm.set(Network='kernel', Interfaces=INTERFACES)
        self.wait_on()
        self.assertEqual(self.attempt(f'tcp:{HOST4}:80')[f'tcp:{HOST4}:80'], f'hello {OWN4}')

    def assert_nothing_left(self):
        def same():
            with as_root():
                self.assertEqual(ground.network_state(), self.before)
            return True
        harness.wait_for(same, 20, 'the state before')

    def wait_on(self):
        harness.wait_for(lambda: [one['state'] for one in self.vm.get('Network')['interfaces']] == BOTH, 60,
                         'its networks')

    def test_an_address_by_dhcp_and_router_advertisements(self):
        """The only interface, so that there is one way out."""
        self.addCleanup(self.wait_on)
        self.addCleanup(self.vm.set, Network='kernel', Interfaces=INTERFACES)
        self.vm.set(Network='none', Interfaces='dyn0 bridge:br0 dhcp')
        leased = harness.wait_for(self.leased, 30, 'a lease', 0.5)
        self.assertTrue(leased.startswith('192.168.9.1') and leased.endswith('/24'), leased)
        routes = json.loads(self.output('ip', '-j', 'route'))
        self.assertIn(('default', BRIDGE_PEER, 'dyn0'), [(one['dst'], one.get('gateway'), one['dev']) for one in routes])
        own6 = harness.wait_for(self.global6, 60, 'an address of the router')
        results = self.attempt(f'tcp:{HOST4}:80', f'tcp:{HOST6}:80', 'name:example.org', f'tcp:{BRIDGE_PEER}:80')
        self.assertEqual(results[f'tcp:{HOST4}:80'], 'hello ' + leased.split('/')[0])
        self.assertEqual(results[f'tcp:{HOST6}:80'], 'hello ' + own6)
        self.assertEqual(results['name:example.org'], '192.0.2.77')
        self.assertIsInstance(results[f'tcp:{BRIDGE_PEER}:80'], list)
        with open(self.bridge.leases, encoding='ascii') as file:
            self.assertIn(leased.split('/')[0], file.read())
        # The server takes it back: it asks again, and has another.
        self.bridge.move_range()
        self.as_guests_root(NUDGE)
        harness.wait_for(lambda: (self.leased() or '').startswith('192.168.9.2'), 60, 'another lease')
        listed = self.addresses()['dyn0'][1]
        self.assertEqual(len([one for one in listed if '.' in one]), 1, listed)

    def leased(self):
        found = self.addresses().get('dyn0', ('', []))[1]
        return next((one for one in found if '.' in one), None)

    def global6(self):
        """Once the guest is sure that nobody else has it."""
        one, = json.loads(self.output('ip', '-j', 'address', 'show', 'dev', 'dyn0'))
        return next((two['local'] for two in one['addr_info']
                     if two['local'].startswith('2001:db8:9:') and not two.get('tentative')), None)

    def test_no_dhcp_server_and_no_client_are_said(self):
        self.addCleanup(self.wait_on)
        self.addCleanup(self.vm.set, Network='kernel', Interfaces=INTERFACES)
        with self.bridge.silent():
            self.session.iterate()
            self.session.signals.clear()
            self.vm.set(Network='none', Interfaces='dyn0 bridge:br0 dhcp')
            text = str(self.session.wait_signal('Notice', 60, lambda args: 'dyn0' in str(args)))
            self.assertIn('no DHCP server answers', text)
            self.vm.set(Interfaces='')
            self.as_guests_root(MOUNT % ['mount', '--bind', '/dev/null', '/usr/bin/busybox'])
            self.vm.set(Interfaces='dyn0 bridge:br0 dhcp')
            self.session.wait_signal('Notice', 60, lambda args: 'install the package busybox' in str(args))
            self.as_guests_root(MOUNT % ['umount', '/usr/bin/busybox'])
            self.vm.set(Interfaces='')
            self.vm.set(Interfaces='dyn0 bridge:br0 dhcp')
        harness.wait_for(self.leased, 60, 'a lease, now that one answers')

    def test_a_killed_service_takes_its_taps_along(self):
        self.attempt(f'tcp:{HOST4}:80')
        self.session.kill_service()
        self.assert_nothing_left()
        self.session.start_service()
        harness.wait_for(lambda: self.vm.state == 'running', 30, 'the service to find the AppVM')
        self.wait_on()
        harness.wait_for(lambda: not isinstance(self.attempt(f'tcp:{HOST4}:80')[f'tcp:{HOST4}:80'], list), 60,
                         'an answer')


if __name__ == '__main__':
    unittest.main(verbosity=2)
