# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the helper's tests run: network and mount namespaces of their own, in them the real bus daemon,
polkitd and helper as root. Nothing of it outlives the test, and nothing outside of it is touched.
"""

import atexit
import fcntl
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import unittest

import harness

HERE = os.path.dirname(os.path.abspath(__file__))
# Users that every Debian has, and that nobody is.
ALLOWED, DENIED, UNASKED, OTHER = 5, 2, 9, 8  # games, bin, news, mail
GUEST = '02:00:00:00:00:01'
RULES = '''polkit.addRule(function(action, subject) {
  if (action.id.indexOf("io.github.bulkhead.helper.") != 0)
    return polkit.Result.NOT_HANDLED;
  if (subject.user == "games" || subject.user == "mail") {
    if (action.id.endsWith("enable-kvm")) polkit.spawn(["/bin/sh", "/run/test/gate"]);
    return polkit.Result.YES;
  }
  return subject.user == "bin" ? polkit.Result.NO : polkit.Result.NOT_HANDLED;
});
'''


def run(*argv, check=True):
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if check and done.returncode != 0:
        raise RuntimeError(f'{argv}: {done.stdout}{done.stderr}')
    return done.stdout


def write(path, text, mode=0o644):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    if mode is not None:
        os.chmod(path, mode)


def enter():
    """Go on in namespaces of our own; only returns there."""
    if os.environ.get('BULKHEAD_HELPER_GROUND') == 'inside':
        return
    if os.geteuid() != 0:
        print('SKIP: needs root, for network and mount namespaces (build-aux/check runs it as root)')
        sys.exit(77)
    os.environ['BULKHEAD_HELPER_GROUND'] = 'inside'
    os.execvp('unshare', ['unshare', '--net', '--mount', '--propagation', 'private', '--',
                          sys.executable, *sys.argv])


def node(path, minor_of=None):
    """A device node as the outside has it; major and minor from there, or (major, minor)."""
    number = minor_of or os.stat('/dev/' + path).st_rdev
    target = '/run/newdev/' + path
    os.makedirs(os.path.dirname(target), exist_ok=True)
    os.mknod(target, 0o600 | 0o020000, number)
    os.chmod(target, 0o666)


def in_vm():
    return os.environ.get('BULKHEAD_HELPER_GROUND') == 'vm'


def private_dev():
    os.mkdir('/run/newdev')
    run('mount', '-t', 'tmpfs', 'tmpfs', '/run/newdev')
    for name in ('null', 'zero', 'full', 'random', 'urandom', 'tty'):
        node(name)
    node('net/tun', os.makedev(10, 200))
    node('kvm', os.makedev(10, 232))
    os.chmod('/run/newdev/kvm', 0o660)
    os.symlink('/proc/self/fd', '/run/newdev/fd')
    run('mount', '--move', '/run/newdev', '/dev')


def private_folders():
    """/run, /dev, /etc and the folders of polkit are ours; /sys shows our network."""
    run('mount', '-t', 'tmpfs', 'tmpfs', '/run')
    os.chmod('/run', 0o755)
    if not in_vm():
        private_dev()
        # The network's part of it is that of who mounts it.
        run('mount', '-t', 'sysfs', 'sysfs', '/sys')
    for name in ('upper', 'work'):
        os.makedirs('/run/etc/' + name)
    run('mount', '-t', 'tmpfs', 'tmpfs', '/run/etc')
    run('cp', '-a', '/etc/.', '/run/etc/')
    run('mount', '--bind', '/run/etc', '/etc')
    os.makedirs('/run/actions')
    run('cp', '/usr/share/polkit-1/actions/org.freedesktop.policykit.policy', '/run/actions', check=False)
    run('cp', harness.build_path('data', 'io.github.bulkhead.Helper.policy'), '/run/actions')
    run('mount', '--bind', '/run/actions', '/usr/share/polkit-1/actions')
    run('rm', '-rf', '/etc/polkit-1/rules.d')
    os.makedirs('/etc/polkit-1/rules.d')
    os.chmod('/etc/polkit-1', 0o755)
    os.chmod('/etc/polkit-1/rules.d', 0o755)
    write('/etc/polkit-1/rules.d/50-test.rules', RULES)
    os.makedirs('/run/test')
    write('/run/test/gate', '')
    run('ip', 'link', 'set', 'lo', 'up')


def bus_config():
    """The system's own, but: our socket, our services, started directly instead of by a setuid program."""
    with open('/usr/share/dbus-1/system.conf', encoding='utf-8') as file:
        text = file.read()
    text = re.sub(r'<(servicehelper|pidfile|user)>.*?</\1>', '', text)
    text = re.sub(r'<(fork|syslog|standard_system_servicedirs)/>', '', text)
    text = re.sub(r'<listen>.*?</listen>',
                  '<listen>unix:path=/run/dbus/system_bus_socket</listen>'
                  '<servicedir>/run/test/services</servicedir>', text)
    text = re.sub(r'<includedir>.*?</includedir>|<include .*?</include>', '', text)
    folder = '/usr/share/dbus-1/system.d'
    return text.replace('</busconfig>', f'<includedir>{folder}</includedir>'
                                        '<include>/run/test/Helper.conf</include></busconfig>')


class Tap:
    """An interface whose other end the test has: a network that this computer is on."""

    def __init__(self, name, address=None, bridge=None):
        self.name = name
        self.file = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.file, 0x400454ca, struct.pack('16sH22x', name.encode(), 0x1002))
        with open(f'/proc/sys/net/ipv6/conf/{name}/disable_ipv6', 'w', encoding='ascii') as file:
            file.write('1')
        if bridge:
            run('ip', 'link', 'set', name, 'master', bridge)
        if address:
            run('ip', 'address', 'add', address, 'dev', name)
        run('ip', 'link', 'set', name, 'up')

    def read(self):
        """The next frame, or None."""
        try:
            return os.read(self.file, 65536)
        except BlockingIOError:
            return None

    def write(self, frame):
        os.write(self.file, frame)

    def wait(self, wanted, seen=None, timeout=20):
        """The first frame for which wanted() holds; all that came go to seen."""
        def look():
            frame = self.read()
            while frame is not None:
                if seen is not None:
                    seen.append(frame)
                if wanted(frame):
                    return frame
                frame = self.read()
            return None
        return harness.wait_for(look, timeout, f'a frame on {self.name}')

    def close(self):
        os.close(self.file)


class Caller:
    """caller.py as a user."""

    def __init__(self, uid):
        self.uid = uid
        self.process = subprocess.Popen([sys.executable, os.path.join(HERE, 'caller.py'), str(uid)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.name = self.order('name')['name']

    def begin(self, *order):
        self.process.stdin.write(json.dumps(order) + '\n')
        self.process.stdin.flush()

    def end(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError('the caller has ended')
        return json.loads(line)

    def order(self, *order):
        self.begin(*order)
        return self.end()

    def call(self, method, signature='', text='', interactive=False):
        return self.order('call', method, signature, text, interactive)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


def processes_of_helper():
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            if os.path.samefile(f'/proc/{pid}/exe', HELPER) \
                    and os.readlink(f'/proc/{pid}/ns/net') == os.readlink('/proc/self/ns/net'):
                found.append(int(pid))
        except OSError:
            pass
    return found


HELPER = harness.build_path('tests', 'helper', 'helper-with-stops')


def set_helper(stop='', idle=60):
    """How the bus starts the helper from now on."""
    write('/run/test/start', f'#!/bin/sh\nexport BULKHEAD_HELPER_STOP={stop} G_MESSAGES_DEBUG=bulkhead-helper\n'
          f'exec {HELPER} --idle {idle} >>/run/test/helper.log 2>&1\n', 0o755)


class Ground(harness.TestCase):
    """One bus and polkitd for all tests of a class; a helper as tests need it."""

    daemons = []

    @classmethod
    def setUpClass(cls):
        if not cls.daemons:
            cls.set_up_ground()

    @classmethod
    def set_up_ground(cls):
        private_folders()
        os.makedirs('/run/dbus')
        os.makedirs('/run/test/services')
        run('cp', os.path.join(harness.SOURCE_DIR, 'data', 'io.github.bulkhead.Helper.conf'),
            '/run/test/Helper.conf')
        write('/run/test/services/io.github.bulkhead.Helper.service',
              '[D-BUS Service]\nName=io.github.bulkhead.Helper\nExec=/run/test/start\nUser=root\n')
        write('/run/test/bus.conf', bus_config())
        set_helper()
        atexit.register(cls.end_daemons)
        cls.start('dbus-daemon', '--config-file=/run/test/bus.conf', '--nofork', '--nopidfile')
        harness.wait_for(lambda: harness.listens('/run/dbus/system_bus_socket'), 30, 'the bus')
        os.environ.pop('DBUS_SYSTEM_BUS_ADDRESS', None)
        cls.start(*polkitd())
        harness.wait_for(lambda: 'org.freedesktop.PolicyKit1' in names_on_bus(), 60, 'polkitd')

    @classmethod
    def start(cls, *argv):
        with open('/run/test/daemons.log', 'ab') as log:
            cls.daemons.append(subprocess.Popen(argv, stdout=log, stderr=log))

    @classmethod
    def end_daemons(cls):
        for process in reversed(cls.daemons):
            process.kill()
            process.wait()

    def setUp(self):
        self.callers = []
        set_helper()
        self.before = None

    def caller(self, uid=ALLOWED):
        self.callers.append(Caller(uid))
        return self.callers[-1]

    def tearDown(self):
        for caller in self.callers:
            if caller.process.poll() is None:
                caller.kill()
        set_helper()
        for pid in [self.stopped_helper()]:
            if pid:
                os.kill(pid, signal.SIGKILL)
        self.wake_helper()
        try:
            harness.wait_for(lambda: not holds(), 60, 'everything given back')
        finally:
            self.end_helper()

    def end_helper(self):
        for pid in processes_of_helper():
            os.kill(pid, signal.SIGKILL)
        harness.wait_for(lambda: not processes_of_helper(), 30, 'the end of the helper')
        if self.failed():
            for name in ('helper.log', 'daemons.log'):
                if os.path.exists('/run/test/' + name):
                    with open('/run/test/' + name, encoding='utf-8', errors='replace') as file:
                        print(f'--- {name}\n' + file.read()[-6000:], file=sys.stderr)
        run('rm', '-rf', '/run/bulkhead-helper')

    def stop_helper_at(self, point):
        """The next helper stops there; gives a function that waits for it and kills it."""
        set_helper(point)

        def kill():
            pid = harness.wait_for(self.stopped_helper, 60, f'the helper stopped at {point}')
            os.kill(pid, signal.SIGKILL)
            harness.wait_for(lambda: not processes_of_helper(), 30, 'its end')
            set_helper()
        return kill

    @staticmethod
    def stopped_helper():
        for pid in processes_of_helper():
            with open(f'/proc/{pid}/stat', encoding='ascii') as file:
                if file.read().rsplit(')', 1)[1].split()[0] == 'T':
                    return pid
        return None

    def wake_helper(self):
        """Have the bus start it, if it does not run: what is left over is undone before it answers."""
        run('gdbus', 'call', '--system', '--dest', 'io.github.bulkhead.Helper', '--object-path',
            '/io/github/bulkhead/Helper', '--method', 'org.freedesktop.DBus.Peer.Ping')

    def assert_error(self, answer, *names):
        self.assertIn('error', answer, answer)
        self.assertIn(answer['error'], names, answer)
        # Every error says something to a person.
        self.assertGreater(len(answer['message']), 15, answer)


def holds():
    """Whether the ledger has any."""
    try:
        with open('/run/bulkhead-helper/ledger', encoding='utf-8') as file:
            return 'kind=' in file.read()
    except FileNotFoundError:
        return False


def names_on_bus():
    return run('gdbus', 'call', '--system', '--dest', 'org.freedesktop.DBus', '--object-path',
               '/org/freedesktop/DBus', '--method', 'org.freedesktop.DBus.ListNames', check=False)


def polkitd():
    for path in ('/usr/lib/polkit-1/polkitd', '/usr/libexec/polkitd', '/usr/libexec/polkit-1/polkitd'):
        if os.access(path, os.X_OK):
            return (path, '--no-debug')
    raise FileNotFoundError('polkitd is not installed')


def acl_of(path):
    info = os.stat(path)
    try:
        acl = os.getxattr(path, 'system.posix_acl_access').hex()
    except OSError:
        acl = ''
    return (oct(info.st_mode), info.st_uid, info.st_gid, acl)


def forwarding():
    values = {}
    for folder, _, _ in os.walk('/proc/sys/net/ipv4/conf'):
        for key in ('forwarding', 'accept_redirects'):
            path = os.path.join(folder, key)
            if os.path.exists(path):
                with open(path, encoding='ascii') as file:
                    values[path] = file.read()
    return values


def network_state():
    links = json.loads(run('ip', '-d', '-j', 'link'))
    return {
        # The kernel says later that it has noticed a carrier.
        'links': [(link['ifname'], sorted(set(link['flags']) - {'NO-CARRIER', 'LOWER_UP'}),
                   link.get('master'), link['address']) for link in links],
        'addresses': run('ip', '-o', 'address'),
        'routes': run('ip', 'route', 'show', 'table', 'all'),
        'rules': run('nft', 'list', 'ruleset'),
        'forwarding': forwarding(),
    }


def packet(source_mac, source, target, port=7, data=b'hello', target_mac='ff:ff:ff:ff:ff:ff',
           source_port=4000, vlan=None):
    """An Ethernet frame with a UDP datagram."""
    udp = struct.pack('>HHHH', source_port, port, 8 + len(data), 0) + data
    header = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0,
                         socket.inet_aton(source), socket.inet_aton(target))
    header = header[:10] + struct.pack('>H', checksum(header)) + header[12:]
    tag = b'' if vlan is None else struct.pack('>HH', 0x8100, vlan)
    return raw_mac(target_mac) + raw_mac(source_mac) + tag + b'\x08\x00' + header + udp


def arp(source_mac, source, target, sender_mac=None, operation=1):
    return raw_mac('ff:ff:ff:ff:ff:ff') + raw_mac(source_mac) + b'\x08\x06' + struct.pack(
        '>HHBBH6s4s6s4s', 1, 0x800, 6, 4, operation, raw_mac(sender_mac or source_mac),
        socket.inet_aton(source), bytes(6), socket.inet_aton(target))


def raw_mac(text):
    return bytes.fromhex(text.replace(':', ''))


def checksum(data):
    total = sum(struct.unpack(f'>{len(data) // 2}H', data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def mac_argument(mac):
    return '[' + ', '.join(f'byte {byte}' for byte in raw_mac(mac)) + ']'


def address_argument(address):
    return mac_argument(socket.inet_aton(address).hex(':'))


def text_of(address):
    return '.'.join(str(byte) for byte in address)


class Guest:
    """A caller with a TAP."""

    def __init__(self, test, mac=GUEST, options='', mode='nat', uid=ALLOWED):
        self.caller = test.caller(uid)
        answer = self.caller.call('CreateTap', '(saya{sv})', f'("{mode}", {mac_argument(mac)}, {{{options}}})')
        test.assertIn('reply', answer)
        self.number, _, self.network = answer['reply']
        self.mac = mac
        self.interface = self.network['interface']
        if mode == 'nat':
            self.address, self.gateway = text_of(self.network['address']), text_of(self.network['gateway'])
            self.host_mac = ':'.join(f'{byte:02x}' for byte in self.network['host-mac'])
            # The host need not ask for the guest's hardware address.
            run('ip', 'neighbour', 'replace', self.address, 'lladdr', mac, 'dev', self.interface)

    def send(self, *frames):
        self.caller.order('send', *(frame.hex() for frame in frames))

    def datagram(self, target, data, port=7, **changes):
        given = {'source_mac': self.mac, 'source': self.address, 'target_mac': self.host_mac, **changes}
        return packet(given.pop('source_mac'), given.pop('source'), target, port, data, **given)

    def receive(self, wanted, timeout=20):
        """The frames up to the first that is wanted."""
        seen = []

        def look():
            for frame in self.caller.order('receive', 1, 0.2)['frames']:
                seen.append(bytes.fromhex(frame))
                if wanted(seen[-1]):
                    return True
            return False
        harness.wait_for(look, timeout, 'a frame for the guest')
        return seen


def main():
    enter()
    unittest.main(verbosity=2)
