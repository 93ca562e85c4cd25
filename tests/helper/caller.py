# SPDX-License-Identifier: GPL-3.0-or-later
"""A program of an ordinary user that calls the helper: orders on stdin, answers on stdout, JSON both.

usage: caller.py UID. Orders: ["call", method, signature, text of the arguments, interactive]; what
comes back with a descriptor keeps it as its "tap"; ["send", hex…], ["receive", count, seconds],
["name"], ["close"].
"""

import fcntl
import json
import os
import select
import struct
import sys
import time

# Before gi, which has threads.
os.setgroups([])
os.setresgid(int(sys.argv[1]), int(sys.argv[1]), int(sys.argv[1]))
os.setresuid(int(sys.argv[1]), int(sys.argv[1]), int(sys.argv[1]))

import gi  # noqa: E402
gi.require_version('Gio', '2.0')
from gi.repository import Gio, GLib  # noqa: E402

HEADER = struct.calcsize('=BBHHHH')
BUS = Gio.bus_get_sync(Gio.BusType.SYSTEM)
held = {}


def call(method, signature, text, interactive=False):
    arguments = GLib.Variant.parse(GLib.VariantType(signature), text) if signature else None
    flags = Gio.DBusCallFlags.ALLOW_INTERACTIVE_AUTHORIZATION if interactive else 0
    try:
        reply, fds = BUS.call_with_unix_fd_list_sync(
            'io.github.bulkhead.Helper', '/io/github/bulkhead/Helper', 'io.github.bulkhead.Helper1',
            method, arguments, None, Gio.DBusCallFlags(flags), 60000, None, None)
    except GLib.Error as error:
        name = Gio.DBusError.get_remote_error(error) or 'none'
        Gio.DBusError.strip_remote_error(error)
        return {'error': name.rsplit('.', 1)[-1], 'message': error.message}
    if fds is not None and fds.get_length():
        held['tap'] = fds.steal_fds()[0]
        os.set_blocking(held['tap'], False)
    return {'reply': reply.unpack()}


def send(*frames):
    for frame in frames:
        os.write(held['tap'], bytes(HEADER) + bytes.fromhex(frame))
    return {}


def receive(count, seconds):
    """Up to count frames; fewer when no more come in time."""
    frames, deadline = [], time.monotonic() + seconds
    while len(frames) < count:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([held['tap']], [], [], left)[0]:
            break
        frames.append(os.read(held['tap'], 65536)[HEADER:].hex())
    return {'frames': frames}


def close():
    os.close(held.pop('tap'))
    return {}


def usb_claim():
    """Take interface 0 of the device from its driver: USBDEVFS_DISCONNECT_CLAIM, linux/usbdevice_fs.h."""
    request = struct.pack('=II256s', 0, 0, b'')
    try:
        fcntl.ioctl(held['tap'], 0x8108551b, request)
    except OSError as error:
        return {'errno': error.errno}
    return {'errno': 0}


def write_error():
    """What the kernel says to a frame now."""
    try:
        os.write(held['tap'], bytes(HEADER) + bytes(60))
    except OSError as error:
        return {'errno': error.errno}
    return {'errno': 0}


ORDERS = {'call': call, 'send': send, 'receive': receive, 'close': close, 'usb_claim': usb_claim, 'write_error': write_error,
          'name': lambda: {'name': BUS.get_unique_name()},
          'open': lambda path: {'opened': try_open(path)}}


def try_open(path):
    try:
        os.close(os.open(path, os.O_RDWR))
    except OSError as error:
        return error.strerror
    return 'yes'


for line in sys.stdin:
    order, *rest = json.loads(line)
    print(json.dumps(ORDERS[order](*rest)), flush=True)
