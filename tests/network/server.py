# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers for the tests: says where it is to whoever connects (TCP) or asks (UDP), and notes who did.

usage: server.py WHAT…      WHAT: tcp:PORT, udp:PORT, dns:ADDRESS, flood:PORT
Says "ready", then a line for each peer: "tcp PORT ADDRESS". dns answers every question for an address with
192.0.2.77; flood sends for as long as it is let.
"""

import json
import selectors
import socket
import subprocess
import sys
import threading


def note(*words):
    print(*words, flush=True)


def clean(address):
    return address.removeprefix('::ffff:')


def tcp(port, flood):
    listener = socket.create_server(('::', port), family=socket.AF_INET6, dualstack_ipv6=True)

    def serve(connection, peer):
        with connection:
            try:
                connection.sendall(f'hello {clean(peer)}\n'.encode())
                while flood:
                    connection.sendall(bytes(65536))
            except OSError:
                pass

    def accept():
        while True:
            connection, peer = listener.accept()
            note('tcp', port, clean(peer[0]))
            threading.Thread(target=serve, args=(connection, peer[0]), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def own_addresses():
    listed = json.loads(subprocess.run(['ip', '-j', 'addr'], check=True, capture_output=True).stdout)
    return [address['local'] for interface in listed for address in interface['addr_info']
            if address['scope'] != 'link']


def udp(address, port):
    """Bound to one address, so that answers come from where the question went."""
    server = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, port))

    def answer():
        while True:
            _data, peer = server.recvfrom(65536)
            note('udp', port, clean(peer[0]))
            server.sendto(f'hello {clean(peer[0])}\n'.encode(), peer)

    threading.Thread(target=answer, daemon=True).start()


def dns(address):
    server = socket.socket(socket.AF_INET6 if ':' in address else socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((address, 53))

    def answer():
        while True:
            question, peer = server.recvfrom(4096)
            note('dns', 53, clean(peer[0]))
            end = question.index(b'\0', 12) + 5
            wants_v4 = question[end - 4:end - 2] == b'\0\1'
            reply = question[:2] + b'\x81\x80\0\1' + (b'\0\1' if wants_v4 else b'\0\0') + bytes(4)
            reply += question[12:end]
            if wants_v4:
                reply += b'\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4' + socket.inet_aton('192.0.2.77')
            server.sendto(reply, peer)

    threading.Thread(target=answer, daemon=True).start()


def main():
    for what in sys.argv[1:]:
        kind, value = what.split(':', 1)
        if kind == 'udp':
            for address in own_addresses():
                udp(address, int(value))
        elif kind == 'dns':
            dns(value)
        else:
            tcp(int(value), kind == 'flood')
    note('ready')
    with selectors.DefaultSelector() as selector:
        selector.register(sys.stdin, selectors.EVENT_READ)
        while True:
            selector.select()
            if not sys.stdin.read(1):
                return


if __name__ == '__main__':
    main()
