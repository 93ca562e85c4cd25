# SPDX-License-Identifier: GPL-3.0-or-later
"""Where kernel networks of real AppVMs are tested: the ground of the helper's tests (ground.py) with, around it, the
small Internet of the network's (netns.py) and a bridge into a network with a DHCP server and a router of its own:

    here ("this computer")                        there
    up0, lan0 as in netns.py               ────── up1, lan1
    br0 192.168.9.1/24: wire0              ────── wire1 192.168.9.9, 2001:db8:9::1, dnsmasq

The test is root, so that it can make all this, and an ordinary user for everything but that (as_root()): its
session, libvirt, the service and QEMU have no rights here.
"""

import contextlib
import ctypes
import os
import pwd
import signal
import socket
import subprocess
import sys
import threading

import harness
import ground
from ground import run

sys.path.insert(1, os.path.join(os.path.dirname(ground.HERE), 'network'))
import netns  # noqa: E402

BRIDGE_OWN, BRIDGE_PEER, BRIDGE_PEER6 = '192.168.9.1', '192.168.9.9', '2001:db8:9::1'
ROUTED = '203.0.113.200'  # reached by a route over the bridge only
CONF = '/etc/bulkhead/helper.conf'
_LIBC = ctypes.CDLL(None, use_errno=True)


def user():
    """Who built this: the tests' ordinary user, whose cache has kernel and initramfs already."""
    owner = os.stat(harness.BUILD_DIR).st_uid
    return pwd.getpwuid(owner or ground.ALLOWED)


def enter():
    """Go on in namespaces of our own, as in ground.py, and of processes: nothing is left that holds them."""
    if os.environ.get('BULKHEAD_HELPER_GROUND') == 'inside':
        return
    if os.geteuid() != 0:
        print('SKIP: needs root, for network and mount namespaces (build-aux/check runs it as root)')
        sys.exit(77)
    os.environ['BULKHEAD_HELPER_GROUND'] = 'inside'
    os.execvp('unshare', ['unshare', '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc',
                          '--propagation', 'private', '--', sys.executable, *sys.argv])


def set_up_ground():
    """The bus, polkitd and what AppVMs take besides; may() is asked for the user and two verbs only."""
    ground.RULES += '''polkit.addRule(function(action, subject) {
  var verbs = ["create-tap", "join-bridge"];
  return subject.user == "%s" && verbs.indexOf(action.id.split(".").pop()) >= 0
    ? polkit.Result.YES : polkit.Result.NOT_HANDLED;
});
''' % user().pw_name
    ground.Ground.set_up_ground()
    for name, kind, options in (('pts', 'devpts', 'newinstance,ptmxmode=0666,mode=0620'), ('shm', 'tmpfs', 'mode=1777')):
        os.makedirs('/dev/' + name, exist_ok=True)
        run('mount', '-t', kind, '-o', options, kind, '/dev/' + name)
    os.symlink('pts/ptmx', '/dev/ptmx')
    os.makedirs(os.path.dirname(CONF), exist_ok=True)
    ground.write(CONF, '[Helper]\nBridges=br0\n')


def become_user():
    one = user()
    os.environ.update(USER=one.pw_name, LOGNAME=one.pw_name, HOME=one.pw_dir)
    os.setgroups([])
    os.setresgid(one.pw_gid, one.pw_gid, 0)
    os.setresuid(one.pw_uid, one.pw_uid, 0)
    # PR_SET_DUMPABLE: else its own /proc would be closed to it.
    _LIBC.prctl(4, 1, 0, 0, 0)


def become_root():
    os.setresuid(0, 0, 0)
    os.setresgid(0, 0, 0)


@contextlib.contextmanager
def as_root():
    become_root()
    try:
        yield
    finally:
        become_user()


class Bridge:
    """br0 and the network behind it."""

    def __init__(self, net, folder):
        def there(*argv):
            run('nsenter', '-t', str(net.pid), '-n', *argv)
        run('ip', 'link', 'add', 'br0', 'type', 'bridge')
        ground.write('/proc/sys/net/ipv6/conf/br0/disable_ipv6', '1', None)
        run('ip', 'link', 'add', 'wire0', 'type', 'veth', 'peer', 'name', 'wire1')
        run('ip', 'link', 'set', 'wire1', 'netns', str(net.pid))
        run('ip', 'link', 'set', 'wire0', 'master', 'br0', 'up')
        run('ip', 'address', 'add', BRIDGE_OWN + '/24', 'dev', 'br0')
        run('ip', 'link', 'set', 'br0', 'up')
        there('ip', 'address', 'add', BRIDGE_PEER + '/24', 'dev', 'wire1')
        there('ip', 'address', 'add', BRIDGE_PEER6 + '/64', 'dev', 'wire1', 'nodad')
        there('ip', 'address', 'add', ROUTED + '/32', 'dev', 'lo')
        there('ip', 'link', 'set', 'wire1', 'up')
        there('sysctl', '-q', '-w', 'net.ipv6.conf.all.forwarding=1')
        self._pid, self._folder = net.pid, folder
        self.leases = os.path.join(folder, 'leases')
        self._first = 100
        self._start()

    def _start(self):
        self._server = subprocess.Popen([
            'nsenter', '-t', str(self._pid), '-n', 'dnsmasq', '--keep-in-foreground', '--conf-file=/dev/null',
            '--user=root', '--port=0', '--interface=wire1', '--bind-interfaces', '--no-ping', '--dhcp-authoritative',
            f'--dhcp-range=192.168.9.{self._first},192.168.9.{self._first + 20},120',
            '--dhcp-range=2001:db8:9::,ra-only,64,10m', '--enable-ra',
            f'--dhcp-option=option:router,{BRIDGE_PEER}', f'--dhcp-option=option:dns-server,{BRIDGE_PEER}',
            f'--dhcp-leasefile={self.leases}', f'--log-facility={self._folder}/dnsmasq.log'])

    def move_range(self):
        """From now on there are other addresses, and those of before are refused."""
        with as_root():
            self.close()
            self._first = 200
            self._start()

    @contextlib.contextmanager
    def silent(self):
        with as_root():
            self._server.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            with as_root():
                self._server.send_signal(signal.SIGCONT)

    def close(self):
        self._server.kill()
        self._server.wait()


class Wire(threading.Thread):
    """Every frame that comes in on an interface of the other namespace."""

    def __init__(self, pid, interface):
        super().__init__(daemon=True)
        self.frames, self._over = [], False
        self._socket = None
        opener = threading.Thread(target=self._open, args=(pid, interface))
        with as_root():
            opener.start()
            opener.join()
        self._socket.settimeout(0.2)
        self.start()

    def _open(self, pid, interface):
        # A thread has a network namespace of its own, and a socket the one that it was made in. CLONE_NEWNET
        with open(f'/proc/{pid}/ns/net', encoding='ascii') as file:
            if _LIBC.setns(file.fileno(), 0x40000000) != 0:
                raise OSError(ctypes.get_errno(), 'setns')
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self._socket.bind((interface, 0))

    def run(self):
        while not self._over:
            try:
                frame, address = self._socket.recvfrom(65536)
            except TimeoutError:
                continue
            if address[2] != socket.PACKET_OUTGOING:
                self.frames.append(frame)

    def wait(self, data, timeout=20):
        """All frames that came up to the first with these bytes."""
        def look():
            frames = list(self.frames)
            return frames if any(data in frame for frame in frames) else None
        return harness.wait_for(look, timeout, f'a frame with {data}')

    def close(self):
        self._over = True
        self.join()
        self._socket.close()
