# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of real AppVMs, as an ordinary user, in an Internet of our own (netns.py)."""

import netns
netns.enter()

import errno  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import socket  # noqa: E402
import sys  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402
import unittest  # noqa: E402

from harness import Place, TestCase, main, require_ordinary_user, wait_for  # noqa: E402
from harness.session import DBusError, JobFailed, Session, Vm  # noqa: E402
from harness.sway import Sway  # noqa: E402
from netns import GATEWAY4, HOST4, HOST6, LAN4, LAN_OWN4, OWN4, OWN6  # noqa: E402

BOOT = 150
HERE = os.path.dirname(os.path.abspath(__file__))
SERVER = os.path.join(HERE, 'server.py')
with open(os.path.join(HERE, 'guestnet.py'), encoding='utf-8') as source:
    GUEST = source.read()
LINK4, LINK6, PASST4, PASST6 = b'\x0a\x8a', bytes.fromhex('fd62756c6b69'), b'\xc0\0\0', \
    bytes.fromhex('fd62756c6b68')
SMALL = {'AutoStop': '0', 'Memory': '320', 'Sound': 'false'}


world = None  # the Internet, a server there, a server on this computer


def setUpModule():
    global world
    require_ordinary_user()
    place = Place()
    unittest.addModuleCleanup(place.remove)
    net = netns.Internet(place.root)
    unittest.addModuleCleanup(net.close)
    everybody = ['tcp:80', 'udp:81', 'flood:82']
    world = (net, net.serve(sys.executable, SERVER, *everybody, f'dns:{HOST4}'),
             net.serve(sys.executable, SERVER, *everybody, 'dns:127.0.0.53', there=False))
    netns.drop_rights()


class Sniffer(threading.Thread):
    """Every frame on every interface of this computer's (our namespace) network."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.settimeout(0.2)
        self.frames = []
        self.over = False
        self.start()

    def run(self):
        while not self.over:
            try:
                frame, (name, *_) = self.socket.recvfrom(65536)
                self.frames.append((name, frame))
            except TimeoutError:
                pass

    def stop(self):
        self.over = True
        self.join()
        self.socket.close()
        return self.frames


class NetworkCase(TestCase):
    VMS = {}

    @classmethod
    def setUpClass(cls):
        cls.net, cls.there, cls.here = world
        cls.sway = Sway().start()
        cls.addClassCleanup(cls.sway.stop)
        cls.session = Session(cls.sway)
        cls.addClassCleanup(cls.session.stop)
        cls.session.start()
        cls.vms = {name: cls.session.create(name, **SMALL, **settings)
                   for name, settings in cls.VMS.items()}

    def tearDown(self):
        if self.failed():
            self.session.keep_evidence(self)
        self.assertNotIn('CRITICAL **', '\n'.join(
            line for line in self.session.read_service_log().splitlines()
            if 'bulkhead-service:' in line))

    def output(self, vm, *argv):
        result = vm.launch(argv=list(argv), wait=True).wait(BOOT)
        text = bytes(result['tail']).rstrip(b'\0').decode()
        self.assertEqual(result['code'], 0, text)
        return text

    def attempt(self, vm, *targets):
        """{target: what it said, or [error, message]}"""
        return json.loads(self.output(vm, 'python3', '-c', GUEST, *targets).splitlines()[-1])

    def interfaces(self, vm):
        """Its own; those of AppVMs that use its network are not."""
        return [one for one in vm.get('Network').get('interfaces', []) if one['mode'] != 'client']

    def set(self, vm, **settings):
        return vm.call('Set', '(a{ss})', settings)

    def report(self, vm):
        """ReadNetwork's of its one interface of its own."""
        one, = [one for one in vm.call('ReadNetwork') if one['mode'] != 'client']
        return one

    def wait_on(self, vm):
        wait_for(lambda: [one['state'] for one in self.interfaces(vm)] == ['on'], BOOT,
                 'the network to be on')

    def noted(self, server):
        """What a server has noted so far, and forget it."""
        os.set_blocking(server.stdout.fileno(), False)
        lines = server.stdout.read() or b''
        return lines.decode().split('\n')[:-1]


class Reach(NetworkCase):
    VMS = {'Off': {}, 'Net': {'Network': 'internet'},
           'Client': {'Network': 'vm', 'NetVm': 'net'}}

    def setUp(self):
        self.noted(self.there)
        self.noted(self.here)

    def test_offline_there_is_nothing(self):
        off = self.vms['Off']
        sniffer = Sniffer()
        said = self.output(off, 'sh', '-c', 'ls /sys/class/net; cat /proc/net/route /etc/resolv.conf; '
                           'grep -l 0x020000 /sys/bus/pci/devices/*/class || true')
        self.assertEqual(said.splitlines()[0], 'lo')
        self.assertNotIn('nameserver', said)
        self.assertNotIn('/sys/bus/pci', said)  # not even a device that could be told to send
        self.assertNotIn('eth', said)
        nobody4, nobody6 = '203.0.113.66', '2001:db8:5::66'
        results = self.attempt(off, f'tcp:{HOST4}:80', f'udp:{HOST4}:81', f'tcp:{HOST6}:80',
                               f'tcp:{GATEWAY4}:80', f'tcp:{LAN4}:80', f'udp:{HOST4}:53',
                               f'tcp:{nobody4}:80', f'udp:{nobody4}:81', f'tcp:{nobody6}:80',
                               'name:example.org')
        for target, result in results.items():
            self.assertIsInstance(result, list, target)
        self.assertEqual(results[f'tcp:{HOST4}:80'][0], 'OSError')  # unreachable at once
        self.assertEqual(self.noted(self.there) + self.noted(self.here), [])
        for name, frame in sniffer.stop():
            self.assertNotIn(socket.inet_aton(nobody4), frame[:60], name)
            self.assertNotIn(socket.inet_pton(socket.AF_INET6, nobody6), frame[:60], name)
        self.assertEqual(self.interfaces(off), [])

    def test_internet_is_there(self):
        vm = self.vms['Net']
        results = self.attempt(vm, f'tcp:{HOST4}:80', f'udp:{HOST4}:81', f'tcp:{HOST6}:80',
                               f'udp:{HOST6}:81', 'name:example.org')
        self.assertEqual(results, {
            f'tcp:{HOST4}:80': f'hello {OWN4}', f'udp:{HOST4}:81': f'hello {OWN4}',
            f'tcp:{HOST6}:80': f'hello {OWN6}', f'udp:{HOST6}:81': f'hello {OWN6}',
            'name:example.org': '192.0.2.77'})
        one = self.report(vm)
        self.assertEqual((one['name'], one['mode'], one['state']), ('eth0', 'internet', 'on'))
        peers = {(protocol, address, port) for protocol, address, port, _in, _out in one['peers']}
        self.assertLessEqual({('tcp', HOST4, 80), ('udp', HOST4, 81), ('tcp', HOST6, 80),
                              ('udp', HOST4, 53)}, peers)
        for _protocol, address, _port, received, sent in one['peers']:
            if address in (HOST4, HOST6):
                self.assertGreater(received, 0)
                self.assertGreater(sent, 0)
        self.assertGreater(one['in'], 100)
        self.assertGreater(one['out'], 100)

    FORBIDDEN = ['127.0.0.1', '127.0.0.53', '192.0.0.1', OWN4, OWN6, LAN_OWN4, LAN4, GATEWAY4,
                 netns.GATEWAY6, '::ffff:127.0.0.1', '64:ff9b::c0a8:709', 'fe80::1']

    def test_not_this_computer_nor_its_networks(self):
        for address in (OWN4, LAN_OWN4, '127.0.0.1', LAN4, GATEWAY4, OWN6):  # they are there
            with socket.create_connection((address, 80), 5) as s:
                self.assertIn(b'hello', s.recv(100))
        vm = self.vms['Net']
        self.wait_noted()
        results = self.attempt(vm, *[f'{kind}:{address}:{port}' for address in self.FORBIDDEN
                                     for kind, port in (('tcp', 80), ('udp', 81))],
                               f'udp:{GATEWAY4}:53', 'udp:192.0.0.1:53')
        for target, result in results.items():
            self.assertIsInstance(result, list, f'{target} is reached: {result}')
            # Programs are told, and need not wait.
            self.assertNotEqual(result[0], 'TimeoutError', target)
        self.assertEqual(results[f'tcp:{LAN4}:80'][0], 'ConnectionRefusedError')
        self.assertIn(f'Errno {errno.EHOSTUNREACH}]', results[f'udp:{LAN4}:81'][1])
        self.assertEqual(results[f'tcp:{netns.GATEWAY6}:80'][0], 'ConnectionRefusedError')
        self.assertEqual(results[f'udp:{netns.GATEWAY6}:81'][0], 'PermissionError')
        self.assertEqual(self.noted(self.there) + self.noted(self.here), [])
        self.assertGreater(self.report(vm)['blocked'], 0)

    def wait_noted(self):
        """The servers have noted the six connections made by the test itself."""
        seen = []

        def all_there():
            seen.extend(self.noted(self.there) + self.noted(self.here))
            return len(seen) >= 6
        wait_for(all_there, 10, 'the servers to note our own connections')

    def test_local_network_when_allowed(self):
        vm = self.vms['Net']
        self.addCleanup(self.set, vm, Lan='false')
        self.assertEqual(self.set(vm, Lan='true'), None or [])
        results = self.attempt(vm, f'tcp:{LAN4}:80', f'udp:{LAN4}:81', f'tcp:{GATEWAY4}:80',
                               f'tcp:{HOST4}:80', f'tcp:{OWN4}:80', f'tcp:{LAN_OWN4}:80')
        self.assertEqual(results[f'tcp:{LAN4}:80'], f'hello {LAN_OWN4}')
        self.assertEqual(results[f'udp:{LAN4}:81'], f'hello {LAN_OWN4}')
        self.assertEqual(results[f'tcp:{GATEWAY4}:80'], f'hello {OWN4}')
        self.assertEqual(results[f'tcp:{HOST4}:80'], f'hello {OWN4}')
        for own in (OWN4, LAN_OWN4):  # this computer never
            self.assertIsInstance(results[f'tcp:{own}:80'], list)
        self.set(vm, Lan='false')
        self.assertIsInstance(self.attempt(vm, f'tcp:{LAN4}:80')[f'tcp:{LAN4}:80'], list)

    def test_name_server_of_this_computer(self):
        """One on the loopback, as systemd-resolved has it, answers; nothing else there does."""
        vm = self.vms['Net']
        self.addCleanup(self.wait_server, vm, HOST4)
        self.addCleanup(self.net.set_nameserver, HOST4)
        self.net.set_nameserver('127.0.0.53')
        self.wait_server(vm, '192.0.0.1')
        results = self.attempt(vm, 'name:example.org', 'tcp:192.0.0.1:53', 'tcp:127.0.0.53:53')
        self.assertEqual(results.pop('name:example.org'), '192.0.2.77')
        for target, result in results.items():
            self.assertIsInstance(result, list, target)
        self.assertIn('dns 53 127.0.0.1', ' '.join(self.noted(self.here)))

    def wait_server(self, vm, address):
        wait_for(lambda: f'nameserver {address}\n' in self.output(vm, 'cat', '/etc/resolv.conf'), 60,
                 f'the guest to ask {address}')

    def test_name_servers_of_its_own(self):
        vm = self.vms['Net']
        self.addCleanup(self.set, vm, Dns='')
        self.set(vm, Dns=LAN4)  # in the local network, which is closed but for that
        results = self.attempt(vm, f'udp:{LAN4}:81', f'tcp:{LAN4}:80')
        self.assertIn(f'nameserver {LAN4}\n', self.output(vm, 'cat', '/etc/resolv.conf'))
        for target, result in results.items():
            self.assertIsInstance(result, list, target)

    def test_off_while_a_stream_runs(self):
        vm = self.vms['Net']
        self.attempt(vm, f'tcp:{HOST4}:80')
        self.addCleanup(self.wait_on, vm)
        self.addCleanup(self.set, vm, Network='internet')
        script = ('import socket, sys\n'
                  f's = socket.create_connection(("{HOST4}", 82), 30)\n'
                  's.settimeout(4)\n'
                  'try:\n'
                  '    while s.recv(65536): pass\n'
                  'except OSError as error: print(type(error).__name__)\n'
                  'print(open("/proc/net/route").read().count("\\n"))\n')
        job = vm.launch(argv=['python3', '-c', script], wait=True)
        wait_for(lambda: self.received() > 500000, BOOT, 'the stream')
        began = time.monotonic()
        self.set(vm, Network='none')
        took = time.monotonic() - began
        at_return = self.received()
        wait_for(lambda: self.interfaces(vm) == [], 20, 'the interface to be gone')
        # At most what the veth pair and passt's socket still held when Set came back.
        self.assertLess(self.settled() - at_return, 8 << 20)
        text = bytes(job.wait(60)['tail']).decode()
        self.assertIn('TimeoutError', text)
        said = self.output(vm, 'sh', '-c', 'ls /sys/class/net; cat /etc/resolv.conf; ip -6 route')
        self.assertNotIn('eth', said)
        self.assertNotIn('nameserver', said)
        self.assertNotIn('default', said)
        results = self.attempt(vm, f'tcp:{HOST4}:80', f'tcp:{HOST6}:80', 'name:example.org')
        for target, result in results.items():
            self.assertIsInstance(result, list, target)
        print(f'off: Set took {took * 1000:.0f} ms', flush=True)
        self.set(vm, Network='internet')
        self.assertEqual(self.attempt(vm, f'tcp:{HOST4}:80')[f'tcp:{HOST4}:80'], f'hello {OWN4}')

    def received(self):
        with open('/proc/net/dev', encoding='ascii') as file:
            for line in file:
                if line.strip().startswith('up0:'):
                    return int(line.split(':')[1].split()[0])
        raise AssertionError('up0 is gone')

    def settled(self):
        """rx_bytes once it has stood still for a while."""
        last = [self.received(), time.monotonic()]

        def still():
            now = self.received()
            if now != last[0]:
                last[:] = [now, time.monotonic()]
            return time.monotonic() - last[1] > 1
        wait_for(still, 20, 'the stream to stop')
        return last[0]

    def test_this_computer_goes_offline_and_comes_back(self):
        vm = self.vms['Net']
        self.attempt(vm, f'tcp:{HOST4}:80')
        self.net.connect(False)
        try:
            wait_for(lambda: self.interfaces(vm)[0]['state'] == 'waiting', 20, 'the network to wait')
            self.assertIn('not connected', self.interfaces(vm)[0]['detail'])
        finally:
            self.net.connect(True)
        wait_for(lambda: self.interfaces(vm)[0]['state'] == 'on', 20, 'the network to be back')
        wait_for(lambda: not isinstance(
            self.attempt(vm, f'tcp:{HOST4}:80')[f'tcp:{HOST4}:80'], list), 60, 'an answer')

    def test_through_another_appvm(self):
        client, provider = self.vms['Client'], self.vms['Net']
        sniffer = Sniffer()
        results = self.attempt(client, f'tcp:{HOST4}:80', f'udp:{HOST4}:81', f'tcp:{HOST6}:80',
                               'name:example.org', f'tcp:{LAN4}:80', f'tcp:{OWN4}:80',
                               'tcp:10.138.0.1:80', 'tcp:192.0.0.2:80')
        frames = sniffer.stop()
        self.assertEqual(results[f'tcp:{HOST4}:80'], f'hello {OWN4}')
        self.assertEqual(results[f'udp:{HOST4}:81'], f'hello {OWN4}')
        self.assertEqual(results[f'tcp:{HOST6}:80'], f'hello {OWN6}')
        self.assertEqual(results['name:example.org'], '192.0.2.77')
        for target in (f'tcp:{LAN4}:80', f'tcp:{OWN4}:80', 'tcp:10.138.0.1:80', 'tcp:192.0.0.2:80'):
            self.assertIsInstance(results[target], list, target)
        self.assertGreater(len(frames), 10)  # what the provider's passt sent for it
        macs = [self.mac(client, 'eth0'), self.mac(provider, 'eth0')]
        for name, frame in frames:
            self.assertNotIn(frame[6:12], macs, name)
            self.assertNotIn(frame[:12], b''.join(macs), name)
            addresses = (frame[26:34] if frame[12:14] == b'\x08\0' else frame[22:54])
            for foreign in (LINK4, PASST4):
                self.assertFalse(frame[12:14] == b'\x08\0'
                                 and foreign in (addresses[:len(foreign)],
                                                 addresses[4:4 + len(foreign)]), name)
            for foreign in (LINK6, PASST6):
                self.assertFalse(frame[12:14] == b'\x86\xdd'
                                 and foreign in (addresses[:6], addresses[16:22]), name)
        one = self.report(client)
        self.assertEqual((one['mode'], one['via']), ('vm', 'net'))
        self.assertIn(('tcp', HOST4, 80), {peer[:3] for peer in one['peers']})
        self.assertCountEqual([one['mode'] for one in provider.get('Network')['interfaces']],
                              ['internet', 'client'])

    def mac(self, vm, name):
        text = self.output(vm, 'cat', f'/sys/class/net/{name}/address').strip()
        return bytes(int(part, 16) for part in text.split(':'))

    def test_a_provider_with_clients_is_not_stopped_by_accident(self):
        client, provider = self.vms['Client'], self.vms['Net']
        self.attempt(client, f'tcp:{HOST4}:80')
        with self.assertRaises(DBusError) as caught:
            provider.stop()
        self.assertEqual(caught.exception.name, 'Busy')
        self.assertIn('Client', caught.exception.message)
        self.assertEqual(provider.state, 'running')
        provider.stop(True).wait(60)
        wait_for(lambda: self.interfaces(client)[0]['state'] == 'waiting', 20, 'the client to wait')
        wait_for(lambda: self.noted(self.there), 20, 'the server to note the first connection')
        self.assertIsInstance(self.attempt(client, f'tcp:{HOST4}:80')[f'tcp:{HOST4}:80'], list)
        self.assertEqual(self.noted(self.there), [])
        provider.start().wait(BOOT)
        wait_for(lambda: self.interfaces(client)[0]['state'] == 'on', BOOT, 'the link to be back')
        self.assertEqual(self.attempt(client, f'tcp:{HOST4}:80')[f'tcp:{HOST4}:80'], f'hello {OWN4}')

    def test_a_killed_service_makes_it_again(self):
        client = self.vms['Client']
        self.attempt(client, f'tcp:{HOST4}:80')
        gates = self.gates()
        self.assertTrue(gates)
        self.session.kill_service()
        wait_for(lambda: not self.gates(), 20, 'the gates to end with the service')
        self.session.start_service()
        wait_for(lambda: self.vms['Net'].state == 'running', 30, 'the service to find the AppVMs')
        wait_for(lambda: [one['state'] for one in self.interfaces(client)] == ['on'], BOOT,
                 'the client to have its network')
        wait_for(lambda: not isinstance(
            self.attempt(client, f'tcp:{HOST4}:80')[f'tcp:{HOST4}:80'], list), 60, 'an answer')

    def test_a_disposable_has_the_network_of_the_appvm_that_asked(self):
        reached = f'hello {OWN4}'
        self.vms['Net'].start().wait(BOOT)
        self.wait_on(self.vms['Net'])
        before = self.network_state()
        for name, modes in (('Off', []), ('Net', [('internet', '')]), ('Client', [('vm', 'net')])):
            with self.subTest(name):
                job = self.vms[name].launch(argv=['sleep', '1000'], wait=True, disposable=True)
                vm = Vm(self.session, job.get('Result')['vm'])
                # And one that is asked for in that is no wider.
                second_job = vm.launch(argv=['sleep', '1000'], wait=True, disposable=True)
                second = Vm(self.session, second_job.get('Result')['vm'])
                for one in (vm, second):
                    wait_for(lambda one=one: one.state == 'running', BOOT, 'the disposable')
                    if modes:
                        self.wait_on(one)
                    results = self.attempt(one, f'tcp:{HOST4}:80', 'name:example.org', f'tcp:{LAN4}:80', f'tcp:{OWN4}:80')
                    self.assertEqual([(each['mode'], each['via']) for each in self.interfaces(one)], modes)
                    if modes:
                        self.assertEqual((results.pop(f'tcp:{HOST4}:80'), results.pop('name:example.org')), (reached, '192.0.2.77'))
                    for target, result in results.items():
                        self.assertIsInstance(result, list, target)
                if name != 'Off':
                    self.assertNotEqual(self.network_state(), before)
                for one in (vm, second):
                    one.stop(True).wait(60)
                wait_for(lambda: self.network_state() == before, 20, 'the end of its network')
        self.assertEqual(self.vms['Off'].state, 'stopped')

    def network_state(self):
        """Gates, passts and sockets there are, and who uses the network of Net."""
        passts = []
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open(f'/proc/{pid}/stat', encoding='utf-8', errors='replace') as file:
                    name, _, rest = file.read().partition(' (')[2].rpartition(') ')
                if name.startswith('passt') and int(rest.split()[1]) == self.session.service.pid:
                    passts.append(pid)
            except OSError:
                pass
        runtime = os.path.join(self.session.env['XDG_RUNTIME_DIR'], 'bulkhead')
        sockets = [name for name in os.listdir(runtime) if '--' in name]
        clients = [one['mode'] for one in self.vms['Net'].get('Network').get('interfaces', [])]
        return sorted(self.gates()), sorted(passts), sockets, sorted(clients)

    def gates(self):
        program = os.path.join(self.session.libexec, 'bulkhead-netgate').encode()
        found = []
        for name in os.listdir('/proc'):
            if name.isdigit():
                try:
                    with open(f'/proc/{name}/cmdline', 'rb') as file:
                        if file.read().split(b'\0')[0] == program:
                            found.append(int(name))
                except OSError:
                    pass
        return found

    def test_circles_are_refused(self):
        for settings in ({'Network': 'vm', 'NetVm': 'client'}, {'Network': 'vm', 'NetVm': 'net'},
                         {'Interfaces': 'x vm:client'}):
            with self.assertRaises(DBusError) as caught:
                self.set(self.vms['Net'], **settings)
            self.assertEqual(caught.exception.name, 'InvalidArgument')
            self.assertIn('circle', caught.exception.message)
            self.assertIn('net.vm: NetVm', caught.exception.message)
        self.assertEqual(self.vms['Net'].get('Settings')['Network'], 'internet')


class Refusals(NetworkCase):
    """Nothing is started."""

    VMS = {'Bad': {}}

    def refused(self, name, **settings):
        before = self.vms['Bad'].get('Settings')
        with self.assertRaises(DBusError) as caught:
            self.set(self.vms['Bad'], **settings)
        self.assertEqual(caught.exception.name, name)
        self.assertEqual(self.vms['Bad'].get('Settings'), before)
        return caught.exception.message

    def test_values(self):
        for key, value in (('Network', 'on'), ('Lan', 'maybe'), ('Dns', '1.2.3'), ('Dns', '0.0.0.0'),
                           ('NetVm', 'No Such'), ('Mac', '02:00:00:00:00'), ('Mac', '03:00:00:00:00:01'),
                           ('Mac', '00:00:00:00:00:00'), ('Address', '10.0.0.1'),
                           ('Address', '10.0.0.1/33'), ('Address', '10.0.0.1/0'), ('Address', '::1/200'),
                           ('Gateway', '10.0.0.0/8'), ('Routes', '10.0.0.1/8 10.0.0.2'),
                           ('Routes', '10.0.0.0/8'), ('Routes', '10.0.0.0/8 fe80::1'), ('Bridge', '../x'),
                           ('Bridge', 'a' * 16), ('InterfaceName', 'lo'), ('InterfaceName', 'client1'),
                           ('Interfaces', 'eth1'), ('Interfaces', 'eth1 nowhere'),
                           ('Interfaces', 'eth1 nat mac=01:00:00:00:00:01'),
                           ('Interfaces', 'eth1 nat address=1.2.3.4')):
            message = self.refused('InvalidArgument', **{key: value})
            self.assertIn(key, message)

    def test_other_appvm_that_is_not_there(self):
        message = self.refused('InvalidArgument', Network='vm', NetVm='nobody')
        self.assertIn('bad.vm: NetVm', message)
        self.assertIn('nobody', message)

    def start_refused(self, name, **settings):
        vm = self.vms['Bad']
        self.set(vm, **settings)
        self.addCleanup(self.set, vm, **{key: '' for key in settings})
        with self.assertRaises(DBusError) as caught:
            vm.start()
        self.assertEqual(caught.exception.name, name)
        self.assertEqual(vm.state, 'stopped')
        self.assertEqual(self.session.qemu_pids(), [])
        return caught.exception.message

    def test_settings_that_do_not_go_together(self):
        for settings, key in (
                ({'Network': 'vm'}, 'NetVm'),
                ({'Network': 'kernel', 'Bridge': 'br0'}, 'Address'),
                ({'Network': 'kernel', 'Address': 'fd00::2/64'}, 'Address'),
                ({'Network': 'kernel', 'Address': 'dhcp'}, 'Address'),
                ({'Network': 'kernel', 'Bridge': 'br0', 'Address': 'dhcp;10.0.0.2/24'}, 'Address'),
                ({'Network': 'kernel', 'Bridge': 'br0', 'Address': 'dhcp', 'Gateway': '10.0.0.1'}, 'Address'),
                ({'Interfaces': 'a nat dhcp'}, 'Interfaces'),
                ({'Network': 'kernel', 'Bridge': 'br0', 'Address': '10.0.0.2/24',
                  'Gateway': '10.0.0.1;10.0.0.3'}, 'Address'),
                ({'Network': 'kernel', 'Address': '10.0.0.2/24', 'Gateway': 'fd00::1'}, 'Address'),
                ({'Network': 'internet', 'Interfaces': 'eth0 nat'}, 'Interfaces'),
                ({'Interfaces': 'a nat address=10.0.0.2/16;b nat address=10.0.7.2/24'}, 'Interfaces'),
                ({'Interfaces': 'a nat mac=02:00:00:00:00:01;b nat mac=02:00:00:00:00:01'},
                 'Interfaces'),
                ({'Interfaces': 'a nat;b nat;c nat;d nat;e nat'}, 'Interfaces')):
            with self.subTest(settings):
                message = self.start_refused('InvalidArgument', **settings)
                self.assertIn(f'bad.vm: {key}:', message)
                self.doCleanups()

    def test_passt_is_missing(self):
        self.session.stop_service()
        self.session.start_service({'BULKHEAD_PASST': '/nonexistent/passt'})
        try:
            message = self.start_refused('NoNetwork', Network='internet')
            self.assertIn('package passt', message)
        finally:
            self.session.stop_service()
            self.session.start_service()


if __name__ == '__main__':
    main()
