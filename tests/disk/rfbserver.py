# SPDX-License-Identifier: GPL-3.0-or-later
"""What QEMU says of a screen, piece by piece, good or bad."""

import struct

RAW, SIZE, SIZE_EXTENDED, POINTER, CURSOR = 0, -223, -308, -257, -314
VERSION = b'RFB 003.008\n'


def start(width, height, name=b'QEMU'):
    """All up to and with ServerInit."""
    return VERSION + b'\1\1' + bytes(4) + init(width, height, name)


def init(width, height, name=b'QEMU', length=None):
    return struct.pack('>HH', width, height) + bytes(16) + struct.pack('>I', len(name) if length is None else length) \
        + name


def rect(x, y, width, height, encoding, data=b''):
    return struct.pack('>HHHHi', x, y, width, height, encoding) + data


def update(*rects, count=None):
    return struct.pack('>BBH', 0, 0, len(rects) if count is None else count) + b''.join(rects)


def pixels(x, y, width, height, colour=0x2060a0):
    return rect(x, y, width, height, RAW, struct.pack('<I', colour) * (width * height))


def screens(reason, status, width, height, count=1):
    return rect(reason, status, width, height, SIZE_EXTENDED, bytes([count, 0, 0, 0]) + bytes(16) * count)


def cursor(width, height, hot_x=0, hot_y=0, kind=0):
    return rect(hot_x, hot_y, width, height, CURSOR, struct.pack('>i', kind) + b'\x80' * (4 * width * height))


# name → (what is said, whether it is good)
CASES = {
    'plain': (start(64, 48) + update(pixels(0, 0, 64, 48)), True),
    'pieces': (start(64, 48) + update(pixels(0, 0, 64, 24), pixels(0, 24, 64, 24), pixels(8, 8, 0, 9)), True),
    'everything': (start(64, 48) + update(rect(1, 0, 64, 48, POINTER), screens(0, 0, 32, 40), cursor(8, 8, 3, 3),
                                          rect(0, 0, 0, 0, -258), pixels(0, 0, 32, 40)) + b'\2'
                   + b'\3\0\0\0\0\0\0\5hello' + update(rect(0, 0, 80, 60, SIZE), pixels(79, 59, 1, 1)), True),
    'cursors': (start(8, 8) + update(cursor(0, 0), cursor(200, 200), cursor(128, 128, 500, 500), pixels(0, 0, 8, 8)),
                True),
    'no-name': (start(8, 8, b'') + update(), True),
    'no-screens': (start(8, 8) + update(screens(0, 0, 9, 9, 0)), True),
    'refused-size': (start(8, 8) + update(screens(1, 3, 0, 0)), True),
    'other-version': (b'RFB 003.003\n', False),
    'password': (VERSION + b'\1\2', False),
    'no-security': (VERSION + b'\0\0\0\0\4nope', False),
    'security-failed': (VERSION + b'\1\1\0\0\0\1', False),
    'long-name': (VERSION + b'\1\1' + bytes(4) + init(8, 8, b'', 0xffffffff), False),
    'empty-screen': (start(0, 8), False),
    'wide-screen': (start(8193, 1), False),
    'huge-screen': (start(8192, 8192), False),
    'huge-later': (start(8, 8) + update(rect(0, 0, 65535, 65535, SIZE)), False),
    'none-later': (start(8, 8) + update(screens(0, 0, 0, 8)), False),
    'outside-right': (start(64, 48) + update(pixels(1, 0, 64, 1)), False),
    'outside-below': (start(64, 48) + update(pixels(0, 48, 1, 1)), False),
    'outside-far': (start(64, 48) + update(rect(65535, 65535, 65535, 65535, RAW, bytes(64))), False),
    'outside-after': (start(64, 48) + update(rect(0, 0, 8, 8, SIZE), pixels(0, 0, 64, 48)), False),
    'unasked-encoding': (start(8, 8) + update(rect(0, 0, 8, 8, 5)), False),
    'copy': (start(8, 8) + update(rect(0, 0, 8, 8, 1, bytes(4))), False),
    'many-screens': (start(8, 8) + update(screens(0, 0, 8, 8, 255)), False),
    'cursor-kind': (start(8, 8) + update(cursor(4, 4, kind=7)), False),
    'cursor-size': (start(8, 8) + update(rect(0, 0, 65535, 65535, CURSOR, bytes(4))), False),
    'palette': (start(8, 8) + b'\1', False),
    'audio': (start(8, 8) + b'\xff', False),
    'long-text': (start(8, 8) + b'\3\0\0\0\xff\xff\xff\xff', False),
}
