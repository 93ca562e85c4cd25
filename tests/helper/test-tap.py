# SPDX-License-Identifier: GPL-3.0-or-later
"""TAPs of the helper: what frames get through, with real frames, the kernel's routing and nftables.

This computer has a way out ("up0", the internet behind it) and a local network ("lan0"); the test reads and
writes what is on their wires. A guest is a caller that writes frames into the descriptor it was given. That a
frame is dropped is seen by a later one that arrives and is the first.
"""

import os
import signal
import socket
import unittest

import harness
import ground
from ground import OTHER, Guest, Tap, address_argument, arp, mac_argument, packet, raw_mac, run

GUEST, SECOND, ROUTER, NEIGHBOUR = ground.GUEST, '02:00:00:00:00:02', '02:aa:00:00:00:01', '02:aa:00:00:00:02'
HOST, GATE, INTERNET = '198.51.100.1', '198.51.100.254', '203.0.113.5'
LAN_HOST, LAN_PEER = '192.168.77.1', '192.168.77.2'
CONF = '/etc/bulkhead/helper.conf'


def data_of(frame):
    return frame[42:]


def source_of(frame):
    return socket.inet_ntoa(frame[26:30])


def target_of(frame):
    return socket.inet_ntoa(frame[30:34])


class Frames(ground.Ground):

    def setUp(self):
        super().setUp()
        os.makedirs('/etc/bulkhead', exist_ok=True)
        ground.write(CONF, '[Helper]\nBridges=br0;gone0\n')
        self.up = Tap('up0', HOST + '/24')
        self.lan = Tap('lan0', LAN_HOST + '/24')
        self.addCleanup(self.up.close)
        self.addCleanup(self.lan.close)
        run('ip', 'neighbour', 'add', GATE, 'lladdr', ROUTER, 'dev', 'up0')
        run('ip', 'neighbour', 'add', LAN_PEER, 'lladdr', NEIGHBOUR, 'dev', 'lan0')
        run('ip', 'route', 'add', 'default', 'via', GATE)

    def arrives(self, tap, data):
        """Wait for this datagram on a wire; all datagrams that came up to it."""
        seen = []
        tap.wait(lambda frame: frame[12:14] == b'\x08\x00' and data_of(frame).startswith(data), seen)
        return [frame for frame in seen if frame[12:14] == b'\x08\x00' and frame[23] == 17]

    def test_a_guest_reaches_the_internet_behind_the_hosts_address(self):
        guest = Guest(self)
        guest.send(guest.datagram(INTERNET, b'out'))
        frame = self.arrives(self.up, b'out')[-1]
        self.assertEqual((source_of(frame), target_of(frame)), (HOST, INTERNET))
        # The answer comes back to it.
        port = int.from_bytes(frame[34:36], 'big')
        self.up.write(packet(ROUTER, INTERNET, HOST, port, b'back', self.mac_of('up0'), 7))
        frames = guest.receive(lambda frame: data_of(frame).startswith(b'back'))
        self.assertEqual(target_of(frames[-1]), guest.address)

    @staticmethod
    def mac_of(interface):
        with open(f'/sys/class/net/{interface}/address', encoding='ascii') as file:
            return file.read().strip()

    def only_the_last_arrives(self, guest, tap, frames, last):
        guest.send(*frames, last)
        came = self.arrives(tap, b'good')
        self.assertEqual([data_of(frame)[:4] for frame in came], [b'good'])

    def test_spoofed_addresses_are_dropped(self):
        guest = Guest(self)
        other = Guest(self, SECOND)
        spoofed = [guest.datagram(INTERNET, b'bad1', source_mac=SECOND),
                   guest.datagram(INTERNET, b'bad2', source=other.address),
                   guest.datagram(INTERNET, b'bad3', source=HOST),
                   guest.datagram(INTERNET, b'bad4', source=guest.gateway),
                   guest.datagram(INTERNET, b'bad5', source='198.51.100.77'),
                   guest.datagram(INTERNET, b'bad6', source='0.0.0.0'),
                   guest.datagram(INTERNET, b'bad7', vlan=1)]
        self.only_the_last_arrives(guest, self.up, spoofed, guest.datagram(INTERNET, b'good'))

    def test_arp_says_only_what_is_so(self):
        guest = Guest(self)
        run('ip', 'neighbour', 'flush', 'dev', guest.interface)
        victim = '.'.join(guest.address.split('.')[:3] + ['200'])
        guest.send(arp(GUEST, victim, guest.gateway), arp(GUEST, guest.gateway, guest.gateway),
                   arp(SECOND, guest.address, guest.gateway),
                   arp(GUEST, guest.address, guest.gateway, sender_mac=SECOND),
                   arp(GUEST, guest.address, guest.gateway))
        # The one good question is answered, and what the host learnt is true.
        guest.receive(lambda frame: frame[12:14] == b'\x08\x06' and frame[20:22] == b'\0\2')
        known = run('ip', 'neighbour', 'show', 'dev', guest.interface).split()
        self.assertIn(GUEST, known)
        self.assertNotIn(SECOND, known)
        self.assertNotIn(victim, run('ip', 'neighbour'))

    def test_the_local_network_is_closed_until_it_is_opened(self):
        guest = Guest(self)
        guest.send(guest.datagram(LAN_PEER, b'shut'), guest.datagram('10.1.2.3', b'shut'),
                   guest.datagram('169.254.1.1', b'shut'), guest.datagram('100.64.9.9', b'shut'),
                   guest.datagram('198.51.100.9', b'shut'), guest.datagram(INTERNET, b'good'))
        came = self.arrives(self.up, b'good')
        self.assertEqual([data_of(frame)[:4] for frame in came], [b'good'])
        self.change(guest, '"lan": <true>')
        guest.send(guest.datagram(LAN_PEER, b'open'))
        self.assertEqual(target_of(self.arrives(self.lan, b'open')[-1]), LAN_PEER)
        # Nothing of before was only late.
        self.change(guest, '')
        guest.send(guest.datagram(LAN_PEER, b'shut'), guest.datagram(INTERNET, b'good'))
        self.arrives(self.up, b'good')
        self.change(guest, '"lan": <true>')
        guest.send(guest.datagram(LAN_PEER, b'good'))
        self.assertEqual([data_of(frame)[:4] for frame in self.arrives(self.lan, b'good')], [b'good'])

    def change(self, guest, options):
        answer = guest.caller.call('ChangeTap', '(ua{sv})', f'({guest.number}, {{{options}}})')
        self.assertIn('reply', answer)

    def test_a_network_that_is_joined_later_is_closed_too(self):
        guest = Guest(self)
        late = Tap('late0', '192.0.2.1/24')
        self.addCleanup(late.close)
        harness.wait_for(lambda: '192.0.2.0/24' in run('nft', 'list', 'table', 'netdev', 'bulkhead'), 30,
                         'a rule for it')
        run('ip', 'neighbour', 'add', '192.0.2.9', 'lladdr', NEIGHBOUR, 'dev', 'late0')
        guest.send(guest.datagram('192.0.2.9', b'shut'), guest.datagram(INTERNET, b'good'))
        self.arrives(self.up, b'good')
        self.change(guest, '"lan": <true>')
        guest.send(guest.datagram('192.0.2.9', b'good'))
        self.assertEqual([data_of(frame)[:4] for frame in self.arrives(late, b'good')], [b'good'])

    def test_a_name_server_on_the_local_network_answers_questions_only(self):
        guest = Guest(self, options=f'"dns": <[{address_argument(LAN_PEER)}]>')
        guest.send(guest.datagram(LAN_PEER, b'bad1', 80), guest.datagram('192.168.77.3', b'bad2', 53),
                   guest.datagram(LAN_PEER, b'good', 53))
        self.assertEqual([data_of(frame)[:4] for frame in self.arrives(self.lan, b'good')], [b'good'])

    def test_the_host_itself_is_out_of_reach(self):
        ground.write(CONF, '[Helper]\nAllowHost=udp:631;tcp:22;\n')
        guest = Guest(self, options='"lan": <true>')
        sockets = {}
        for port in (53, 631):
            sockets[port] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.addCleanup(sockets[port].close)
            sockets[port].bind(('0.0.0.0', port))
            sockets[port].setblocking(False)
        for target in (guest.gateway, HOST, LAN_HOST, '255.255.255.255', '127.0.0.1'):
            guest.send(guest.datagram(target, b'bad', 53))
        guest.send(guest.datagram(HOST, b'good', 631))

        def printed():
            return sockets[631].recv(100)
        self.assertEqual(harness.wait_for(printed, 20, 'the allowed service'), b'good')
        # All of this went one way: what was sent before would be there.
        self.assertRaises(BlockingIOError, sockets[53].recv, 100)

    def test_guests_do_not_reach_each_other_and_nobody_reaches_them(self):
        first, second = Guest(self, options='"lan": <true>'), Guest(self, SECOND, '"lan": <true>')
        foreign = Guest(self, '02:00:00:00:00:03', '"lan": <true>', uid=OTHER)
        first.send(first.datagram(second.address, b'bad1'), first.datagram(foreign.address, b'bad2'))
        # From outside, without having been asked.
        self.up.write(packet(ROUTER, INTERNET, second.address, 7, b'bad3', self.mac_of('up0')))
        self.lan.write(packet(NEIGHBOUR, LAN_PEER, second.address, 7, b'bad4', self.mac_of('lan0')))
        first.send(first.datagram(INTERNET, b'gone'))
        self.arrives(self.up, b'gone')
        # From this computer itself it is allowed, and comes after all of the above.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for guest in (second, foreign):
                sender.sendto(b'good', (guest.address, 7))
                frames = guest.receive(lambda frame: data_of(frame).startswith(b'good'))
                self.assertFalse([frame for frame in frames if b'bad' in frame])

    def test_forwarding_is_on_for_taps_only_and_off_again(self):
        before = ground.network_state()
        with open('/proc/sys/net/ipv4/ip_forward', encoding='ascii') as file:
            self.assertEqual(file.read().strip(), '0')
        guest = Guest(self)
        # Between two networks of this computer nothing is forwarded, as before.
        run('ip', 'neighbour', 'replace', INTERNET, 'lladdr', ROUTER, 'dev', 'up0')
        self.lan.write(packet(NEIGHBOUR, LAN_PEER, INTERNET, 7, b'bad', self.mac_of('lan0')))
        guest.send(guest.datagram(INTERNET, b'good'))
        self.assertEqual([data_of(frame)[:4] for frame in self.arrives(self.up, b'good')], [b'good'])
        second = Guest(self, SECOND)
        guest.caller.kill()
        second.send(second.datagram(INTERNET, b'still'))
        self.arrives(self.up, b'still')
        second.caller.kill()
        harness.wait_for(lambda: ground.network_state() == before, 60, 'the state before')

    def test_a_computer_that_forwarded_before_goes_on(self):
        ground.write('/proc/sys/net/ipv4/ip_forward', '1', None)
        self.addCleanup(ground.write, '/proc/sys/net/ipv4/ip_forward', '0', None)
        before = ground.network_state()
        guest = Guest(self)
        self.lan.write(packet(NEIGHBOUR, LAN_PEER, INTERNET, 7, b'through', self.mac_of('lan0')))
        self.arrives(self.up, b'through')
        # But not to a guest that has not asked for it.
        self.lan.write(packet(NEIGHBOUR, LAN_PEER, guest.address, 7, b'bad', self.mac_of('lan0')))
        self.lan.write(packet(NEIGHBOUR, LAN_PEER, INTERNET, 7, b'after', self.mac_of('lan0')))
        self.arrives(self.up, b'after')
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b'good', (guest.address, 7))
        frames = guest.receive(lambda frame: data_of(frame).startswith(b'good'))
        self.assertFalse([frame for frame in frames if b'bad' in frame])
        guest.caller.kill()
        harness.wait_for(lambda: ground.network_state() == before, 60, 'the state before')

    def test_a_tap_that_was_taken_back_is_dead_while_it_is_still_open(self):
        guest = Guest(self)
        self.assertEqual(guest.caller.order('write_error')['errno'], 0)
        self.assertIn('reply', guest.caller.call('DestroyTap', '(u)', f'({guest.number},)'))
        # EBADFD: there is no interface behind it any more.
        self.assertEqual(guest.caller.order('write_error')['errno'], 77)
        self.assertNotIn('bhtap', run('ip', 'link'))
        self.assertNotIn('bulkhead', run('nft', 'list', 'ruleset'))

    def test_bad_arguments_change_nothing(self):
        before = ground.network_state()
        run('ip', 'route', 'add', '10.50.0.0/16', 'dev', 'lan0')
        self.addCleanup(run, 'ip', 'route', 'delete', '10.50.0.0/16', check=False)
        caller = self.caller()
        mac = mac_argument(GUEST)
        address = address_argument('10.60.0.2')
        for text, error in (
                (f'("tun", {mac}, {{}})', 'InvalidArgument'), (f'("", {mac}, {{}})', 'InvalidArgument'),
                ('("nat", @ay [], {})', 'InvalidArgument'), ('("nat", [byte 2, 0, 0, 0, 0], {})', 'InvalidArgument'),
                ('("nat", [byte 0, 0, 0, 0, 0, 0], {})', 'InvalidArgument'),
                ('("nat", [byte 1, 0, 0, 0, 0, 1], {})', 'InvalidArgument'),
                ('("nat", [byte 255, 255, 255, 255, 255, 255], {})', 'InvalidArgument'),
                (f'("nat", {mac_argument(self.mac_of("lan0"))}, {{}})', 'Busy'),
                (f'("nat", {mac}, {{"bridge": <"br0">}})', 'InvalidArgument'),
                (f'("nat", {mac}, {{"path": <"/etc/passwd">}})', 'InvalidArgument'),
                (f'("nat", {mac}, {{"lan": <1>}})', 'InvalidArgument'),
                (f'("nat", {mac}, {{"dns": <[[byte 1]]>}})', 'InvalidArgument'),
                (f'("nat", {mac}, {{"dns": <[{address_argument("127.0.0.53")}]>}})', 'InvalidArgument'),
                (f'("nat", {mac}, {{"dns": <[{", ".join([address] * 5)}]>}})', 'InvalidArgument'),
                (f'("nat", {mac}, {{"address": <{address}>}})', 'InvalidArgument'),
                (f'("nat", {mac}, {{"prefix": <uint32 24>}})', 'InvalidArgument'),
                (f'("nat", {mac}, {{"address": <{address}>, "prefix": <uint32 31>}})', 'InvalidArgument'),
                (f'("nat", {mac}, {{"address": <{address}>, "prefix": <uint32 0>}})', 'InvalidArgument'),
                (f'("nat", {mac}, {{"address": <{address_argument("10.60.0.0")}>, "prefix": <uint32 24>}})',
                 'InvalidArgument'),
                (f'("nat", {mac}, {{"address": <{address_argument("10.60.0.255")}>, "prefix": <uint32 24>}})',
                 'InvalidArgument'),
                (f'("nat", {mac}, {{"address": <{address_argument("8.8.8.8")}>, "prefix": <uint32 24>}})',
                 'InvalidArgument'),
                (f'("nat", {mac}, {{"address": <{address_argument("192.168.77.9")}>, "prefix": <uint32 24>}})', 'Busy'),
                (f'("nat", {mac}, {{"address": <{address_argument("192.168.77.9")}>, "prefix": <uint32 30>}})', 'Busy'),
                (f'("nat", {mac}, {{"address": <{address_argument("10.50.7.9")}>, "prefix": <uint32 24>}})', 'Busy'),
                (f'("nat", {mac}, {{"address": <{address_argument("10.50.7.9")}>, "prefix": <uint32 8>}})', 'Busy'),
                (f'("bridge", {mac}, {{}})', 'InvalidArgument'),
                (f'("bridge", {mac}, {{"bridge": <"br1">}})', 'NotFound'),
                (f'("bridge", {mac}, {{"bridge": <"lan0">}})', 'NotFound'),
                (f'("bridge", {mac}, {{"bridge": <"gone0">}})', 'NotFound'),
                (f'("bridge", {mac}, {{"bridge": <"../../br0">}})', 'NotFound')):
            with self.subTest(text):
                answer = caller.call('CreateTap', '(saya{sv})', text)
                self.assert_error(answer, error)
                if error == 'NotFound':
                    self.assertIn(CONF, answer['message'])
                    self.assertIn('Bridges', answer['message'])
        run('ip', 'route', 'delete', '10.50.0.0/16')
        self.assertEqual(ground.network_state(), before)

    def test_two_taps_never_share_an_address(self):
        guest = Guest(self, options=f'"address": <{address_argument("10.60.0.9")}>, "prefix": <uint32 24>')
        self.assertEqual((guest.address, guest.gateway, guest.network['prefix']), ('10.60.0.9', '10.60.0.1', 24))
        held = ground.network_state()
        caller = self.caller(OTHER)
        for options, mac in ((f'"address": <{address_argument("10.60.0.77")}>, "prefix": <uint32 30>', SECOND),
                             ('', GUEST)):
            self.assert_error(caller.call('CreateTap', '(saya{sv})', f'("nat", {mac_argument(mac)}, {{{options}}})'),
                              'Busy')
        self.assertEqual(ground.network_state(), held)

    def test_networks_are_chosen_where_no_route_is(self):
        run('ip', 'route', 'add', '10.213.0.0/30', 'dev', 'lan0')
        self.assertEqual(Guest(self).address, '10.213.0.6')
        run('ip', 'route', 'add', '10.0.0.0/8', 'dev', 'lan0')
        self.assertEqual(Guest(self, SECOND).address, '172.29.128.2')
        ground.write(CONF, '[Helper]\nRanges=192.168.77.0/24;\n')
        caller = self.caller()
        answer = caller.call('CreateTap', '(saya{sv})', '("nat", [byte 2, 0, 0, 0, 0, 9], {})')
        self.assert_error(answer, 'Busy')
        self.assertIn('Ranges', answer['message'])

    def test_mistakes_in_helper_conf_are_named(self):
        before = ground.network_state()
        caller = self.caller()
        for text, key in (('[Helper]\nRanges=10.0.0.0/33;\n', 'Ranges'), ('[Helper]\nRanges=8.8.8.0/24;\n', 'Ranges'),
                          ('[Helper]\nRanges=10.1.2.3/24;\n', 'Ranges'), ('[Helper]\nAllowHost=ssh;\n', 'AllowHost'),
                          ('[Helper]\nAllowHost=tcp:0;\n', 'AllowHost'), ('[Helper]\nBridges=a b;\n', 'Bridges'),
                          ('[Helper]\nBridge=br0;\n', 'Bridge'), ('[Network]\nBridges=br0\n', 'Network'),
                          ('nonsense\n', 'nonsense')):
            with self.subTest(text):
                ground.write(CONF, text)
                answer = caller.call('CreateTap', '(saya{sv})', f'("nat", {mac_argument(GUEST)}, {{}})')
                self.assert_error(answer, 'Failed')
                self.assertIn(CONF, answer['message'])
                self.assertIn(key, answer['message'])
        ground.write(CONF, '[Helper]\nBridges=br0\n', 0o666)
        self.assert_error(caller.call('CreateTap', '(saya{sv})', f'("nat", {mac_argument(GUEST)}, {{}})'), 'Failed')
        self.assertEqual(ground.network_state(), before)


class Bridges(ground.Ground):

    def setUp(self):
        super().setUp()
        os.makedirs('/etc/bulkhead', exist_ok=True)
        ground.write(CONF, '[Helper]\nBridges=br0;\n')
        run('ip', 'link', 'add', 'br0', 'type', 'bridge')
        self.addCleanup(run, 'ip', 'link', 'delete', 'br0')
        # An IPv6 address of its own would be “tentative” first, and that is no difference to look at.
        ground.write('/proc/sys/net/ipv6/conf/br0/disable_ipv6', '1', None)
        run('ip', 'link', 'set', 'br0', 'up')
        run('ip', 'address', 'add', LAN_HOST + '/24', 'dev', 'br0')
        self.wire = Tap('wire0', bridge='br0')
        self.addCleanup(self.wire.close)
        self.before = ground.network_state()

    def guest(self, mac=GUEST, options='"lan": <true>'):
        guest = Guest(self, mac, '"bridge": <"br0">' + (', ' + options if options else ''), 'bridge')
        harness.wait_for(lambda: 'state forwarding' in run('bridge', 'link', 'show', 'dev', guest.interface), 60,
                         'the port')
        return guest

    def came(self, data):
        seen = []
        self.wire.wait(lambda frame: data in frame, seen)
        return seen

    def frame(self, source, data, target=LAN_PEER, mac=GUEST, port=7, **rest):
        return packet(mac, source, target, port, data, NEIGHBOUR, **rest)

    def test_a_guest_is_a_computer_of_that_network(self):
        guest = self.guest()
        guest.send(self.frame('192.168.77.50', b'good'))
        self.came(b'good')
        self.wire.write(packet(NEIGHBOUR, LAN_PEER, '192.168.77.50', 7, b'back', GUEST))
        guest.receive(lambda frame: b'back' in frame)
        guest.caller.kill()
        harness.wait_for(lambda: self.same_as_before(), 60, 'the bridge as before')

    def test_a_bridge_goes_on_while_a_tap_is_routed(self):
        """Also where the kernel has br_netfilter, which takes what a bridge passes for forwarded."""
        late = Tap('wire1', bridge='br0')
        self.addCleanup(late.close)
        Guest(self, SECOND)
        # One that comes later is a bridge as well.
        run('ip', 'link', 'add', 'br1', 'type', 'bridge')
        self.addCleanup(run, 'ip', 'link', 'delete', 'br1')
        harness.wait_for(lambda: 'iif "br1" oif "br1"' in run('nft', 'list', 'table', 'inet', 'bulkhead'), 30,
                         'a rule for it')
        self.wire.write(packet(NEIGHBOUR, LAN_PEER, '192.168.77.60', 7, b'through', GUEST))
        late.wait(lambda frame: b'through' in frame)

    def same_as_before(self):
        return ground.network_state() == self.before

    def test_it_can_be_nobody_else(self):
        guest = self.guest(options=f'"lan": <true>, "address": <{address_argument("192.168.77.50")}>, '
                                   '"prefix": <uint32 24>')
        discovery = raw_mac('33:33:00:00:00:01') + raw_mac(GUEST) + b'\x86\xdd' + bytes(40) + b'bad8'
        # With a fixed address there is no IPv6, which nobody would hold it to.
        other6 = (raw_mac(NEIGHBOUR) + raw_mac(GUEST) + b'\x86\xdd' + bytes([0x60, 0, 0, 0, 0, 12, 17, 64])
                  + socket.inet_pton(socket.AF_INET6, '2001:db8::50') + socket.inet_pton(socket.AF_INET6, '2001:db8::1')
                  + bytes([0, 7, 0, 7, 0, 12, 0, 0]) + b'bad9')
        guest.send(self.frame('192.168.77.50', b'bad1', mac=SECOND), self.frame('192.168.77.51', b'bad2'),
                   self.frame('192.168.77.50', b'bad3', vlan=5), arp(GUEST, LAN_PEER, LAN_PEER) + b'bad4',
                   arp(GUEST, '192.168.77.50', LAN_PEER, SECOND) + b'bad5',
                   # A bridge that says it is the root of all (IEEE 802.1D), an unknown protocol.
                   raw_mac('01:80:c2:00:00:00') + raw_mac(GUEST) + b'\x00\x26\x42\x42\x03' + bytes(35) + b'bad6',
                   raw_mac(NEIGHBOUR) + raw_mac(GUEST) + b'\x88\xb5' + bytes(46) + b'bad7', discovery, other6,
                   arp(GUEST, '192.168.77.50', LAN_PEER) + b'good')
        self.assertFalse([frame for frame in self.came(b'good') if b'bad' in frame])

    def test_without_an_address_it_can_ask_for_one_and_not_give_any(self):
        guest = self.guest()
        guest.send(self.frame('192.168.77.50', b'bad1', '255.255.255.255', port=68, source_port=67),
                   self.frame('0.0.0.0', b'asks', '255.255.255.255', port=67, source_port=68))
        self.assertFalse([frame for frame in self.came(b'asks') if b'bad' in frame])
        # A router advertisement (RFC 4861): ICMPv6 type 134 to all nodes.
        advert = (raw_mac('33:33:00:00:00:01') + raw_mac(GUEST) + b'\x86\xdd'
                  + bytes([0x60, 0, 0, 0, 0, 20, 58, 255]) + socket.inet_pton(socket.AF_INET6, 'fe80::1')
                  + socket.inet_pton(socket.AF_INET6, 'ff02::1') + bytes([134]) + bytes(15) + b'bad2')
        echo = advert[:54] + bytes([128]) + advert[55:-4] + b'good'
        guest.send(advert, echo)
        self.assertFalse([frame for frame in self.came(b'good') if b'bad' in frame])

    def test_neither_the_host_nor_another_guest(self):
        guest, second = self.guest(), self.guest(SECOND)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(('0.0.0.0', 7))
            server.setblocking(False)
            with open('/sys/class/net/br0/address', encoding='ascii') as file:
                host_mac = file.read().strip()
            guest.send(packet(GUEST, '192.168.77.50', LAN_HOST, 7, b'bad', host_mac),
                       packet(GUEST, '192.168.77.50', '192.168.77.51', 7, b'bad', SECOND),
                       packet(GUEST, '192.168.77.50', '192.168.77.255', 7, b'good'))
            self.came(b'good')
            self.assertRaises(BlockingIOError, server.recv, 100)
        self.wire.write(packet(NEIGHBOUR, LAN_PEER, '192.168.77.51', 7, b'last', SECOND))
        frames = second.receive(lambda frame: b'last' in frame)
        self.assertFalse([frame for frame in frames if b'bad' in frame or b'good' in frame])

    def test_the_local_network_can_be_closed_there_too(self):
        guest = self.guest(options='')
        guest.send(self.frame('192.168.77.50', b'bad'), self.frame('192.168.77.50', b'good', INTERNET))
        self.assertFalse([frame for frame in self.came(b'good') if b'bad' in frame])

    def test_a_helper_that_is_killed_leaves_the_bridge_as_it_was(self):
        for point in ('tap-written', 'tap-made', 'tap-ruled', 'tap-up'):
            with self.subTest(point):
                kill = self.stop_helper_at(point)
                caller = self.caller()
                caller.begin('call', 'CreateTap', '(saya{sv})',
                             f'("bridge", {mac_argument(GUEST)}, {{"bridge": <"br0">}})')
                kill()
                self.assert_error(caller.end(), 'NoReply')
                self.wake_helper()
                harness.wait_for(self.same_as_before, 60, 'the bridge as before')
                for pid in ground.processes_of_helper():
                    os.kill(pid, signal.SIGKILL)
                harness.wait_for(lambda: not ground.processes_of_helper(), 30, 'its end')


if __name__ == '__main__':
    ground.main()
