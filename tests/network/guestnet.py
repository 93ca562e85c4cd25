# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs in a guest, as an argument of python3 -c: tries targets, all at once, and prints what came of it as JSON.

arguments: TARGET…   tcp:ADDRESS:PORT, udp:ADDRESS:PORT or name:HOST
"""

import json
import socket
import sys
import threading

SECONDS = 4


def attempt(target):
    kind, rest = target.split(':', 1)
    if kind == 'name':
        return socket.gethostbyname(rest)
    address, port = rest.rsplit(':', 1)
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM if kind == 'tcp' else socket.SOCK_DGRAM) as s:
        s.settimeout(SECONDS)
        s.connect((address, int(port)))
        if kind == 'udp':
            s.send(b'hello')
        return s.recv(200).decode().strip()


def main():
    results = {}

    def run(target):
        try:
            results[target] = attempt(target)
        except OSError as error:
            results[target] = [type(error).__name__, str(error)]

    threads = [threading.Thread(target=run, args=(target,), daemon=True) for target in sys.argv[1:]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    print(json.dumps(results))


main()
