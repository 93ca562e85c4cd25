# SPDX-License-Identifier: GPL-3.0-or-later
"""A small Internet of our own, for an ordinary user: no privilege, no real network.

The calling program runs itself again in a user and network namespace (enter()); Internet() then makes a
second network namespace that plays everybody else:

    here ("this computer")                        there
    up0 198.51.100.2/24, 2001:db8:1::2/64  ────── up1 198.51.100.1 (gateway), 2001:db8:1::1
                                                  203.0.113.5, 2001:db8:5::5: a host in the Internet
    lan0 192.168.7.1/24                    ────── lan1 192.168.7.9: a printer in the local network
"""

import ctypes
import os
import subprocess
import sys

IN = 'BULKHEAD_TEST_NETNS'
HOST4, HOST6 = '203.0.113.5', '2001:db8:5::5'
GATEWAY4, GATEWAY6 = '198.51.100.1', '2001:db8:1::1'
OWN4, OWN6 = '198.51.100.2', '2001:db8:1::2'
LAN4, LAN_OWN4 = '192.168.7.9', '192.168.7.1'
RESOLV_CONF = '/etc/resolv.conf'
_PR_CAP_AMBIENT, _RAISE, _CLEAR_ALL = 47, 2, 4
_LIBC = ctypes.CDLL(None, use_errno=True)


def enter():
    """Go on in namespaces of our own, with the rights over them that setting them up takes."""
    if os.environ.get(IN):
        return
    os.environ[IN] = '1'
    os.execvp('unshare', ['unshare', '--user', '--map-current-user', '--keep-caps', '--net',
                          '--mount', sys.executable, *sys.argv])


def _with_rights():
    if os.getresuid()[2] == 0:  # a program of root's that is an ordinary user for now
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
        return
    for capability in range(41):
        _LIBC.prctl(_PR_CAP_AMBIENT, _RAISE, capability, 0, 0)


def _there(pid):
    return ['nsenter', '-t', str(pid), '-n', '--preserve-credentials'] if pid else []


def _run(*argv, pid=None):
    subprocess.run([*_there(pid), *argv], check=True, preexec_fn=_with_rights)


def drop_rights():
    """Programs started from here on, but by this module, have no rights over the namespaces."""
    if _LIBC.prctl(_PR_CAP_AMBIENT, _CLEAR_ALL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), 'prctl')


class Internet:
    """The namespace of everybody else, with servers in it."""

    def __init__(self, folder, nameserver=HOST4):
        self._servers = []
        self.resolv_conf = os.path.join(folder, 'resolv.conf')
        self.set_nameserver(nameserver)
        _run('mount', '--bind', self.resolv_conf, os.path.realpath(RESOLV_CONF))
        self._keeper = subprocess.Popen(
            ['unshare', '--net', 'sh', '-c', 'echo ready; exec cat'], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, preexec_fn=_with_rights)
        assert self._keeper.stdout.readline() == b'ready\n'
        pid = self.pid = self._keeper.pid
        _run('ip', 'link', 'set', 'lo', 'up')
        for ours, theirs in (('up0', 'up1'), ('lan0', 'lan1')):
            _run('ip', 'link', 'add', ours, 'type', 'veth', 'peer', 'name', theirs)
            _run('ip', 'link', 'set', theirs, 'netns', str(pid))
        _run('ip', 'link', 'set', 'lo', 'up', pid=pid)
        self._address('up0', OWN4 + '/24', OWN6 + '/64')
        self._address('up1', GATEWAY4 + '/24', GATEWAY6 + '/64', pid=pid)
        self._address('lan0', LAN_OWN4 + '/24')
        self._address('lan1', LAN4 + '/24', pid=pid)
        self._address('lo', HOST4 + '/32', HOST6 + '/128', pid=pid)
        _run('ip', 'route', 'add', 'default', 'via', GATEWAY4)
        _run('ip', '-6', 'route', 'add', 'default', 'via', GATEWAY6)

    @staticmethod
    def _address(name, *addresses, pid=None):
        for address in addresses:
            nodad = ['nodad'] if ':' in address else []
            _run('ip', 'addr', 'add', address, 'dev', name, *nodad, pid=pid)
        _run('ip', 'link', 'set', name, 'up', pid=pid)

    def serve(self, *argv, there=True):
        """Start a server; it says "ready" when it listens. There, or on this computer."""
        server = subprocess.Popen([*_there(self.pid if there else None), *argv],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  preexec_fn=_with_rights)
        self._servers.append(server)
        assert server.stdout.readline() == b'ready\n', argv
        return server

    def set_nameserver(self, address):
        with open(self.resolv_conf, 'w', encoding='ascii') as file:
            file.write(f'nameserver {address}\n')

    def connect(self, up=True):
        """Plug this computer's cable in or out."""
        _run('ip', 'link', 'set', 'up0', 'up' if up else 'down')
        if up:
            _run('ip', 'route', 'replace', 'default', 'via', GATEWAY4, 'dev', 'up0', 'onlink')
            _run('ip', 'addr', 'replace', OWN6 + '/64', 'dev', 'up0', 'nodad')
            _run('ip', '-6', 'route', 'replace', 'default', 'via', GATEWAY6, 'dev', 'up0', 'onlink')

    def close(self):
        for process in [*self._servers, self._keeper]:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()
