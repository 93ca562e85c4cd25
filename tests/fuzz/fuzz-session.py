# SPDX-License-Identifier: GPL-3.0-or-later
"""Mutated sessions of the wire against a real bulkhead-proxy under a headless sway.

A session is what a guest does: windows, popups, slots, frames, cursors, titles, drags, in an order and with
numbers that are mostly right, so that it gets deep, and sometimes wrong in one place: an id that has gone,
a slot in use, a limit's edge, a packet with a byte changed. The host's pointer and keyboard go on meanwhile, and
it plays, records and looks through the camera: the other ends, sound server and camera, are played here.

Whatever happens the compositor lives, the proxy ends only as it should (the service closed: 0, the guest's
fault: 3), and no sanitizer reports anything. Best with a proxy built with -Db_sanitize=address,undefined.

By hand: fuzz-session.py --sessions 2000 --seed 7   (a failure names the seed of its session)
"""

import argparse
import os
import random
import socket
import subprocess
import sys
import time

from gi.repository import Gio, GLib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'proxy'))

from harness import require_ordinary_user, tool  # noqa: E402
from harness.pair import PROXY_INTERFACE, PROXY_PATH, popen_with_fds  # noqa: E402
from harness.sway import Sway  # noqa: E402
from wireguest import EXIT_DISPLAY, EXIT_GUEST, EXIT_OK, WireGuest  # noqa: E402

U32, I32, U64, STR, BYTES, LIST, RECTS = range(7)
# How often each message comes. Those of the control stream end in D-Bus signals.
WEIGHTS = {
    'frame': 40, 'slots_want': 14, 'window_new': 10, 'popup_new': 14, 'popup_move': 8,
    'window_gone': 6, 'window_title': 6, 'window_app': 4, 'window_limits': 4, 'window_parent': 5,
    'window_request': 5, 'window_drag': 4, 'window_menu': 2, 'window_unmap': 4,
    'cursor_hide': 3, 'cursor_shape': 4, 'cursor_image': 4, 'pixels': 4, 'launched': 1,
    'exited': 1, 'idle': 1, 'pong': 1, 'configured': 1,
    'sound_play': 2, 'sound_record': 2, 'sound_data': 4, 'camera_stream': 2, 'camera_next': 5,
}
# Pictures of a camera: their parts (bh-messages.h), where the last begins, and what it has.
PART = 32768
LAST_PART = (458752, 98304)
REST = (460800 - 458752, 115200 - 98304)


class Session:

    def __init__(self, sway, seed, wrong):
        self.random = random.Random(seed)
        self.sway, self.wrong = sway, wrong
        self.guest = WireGuest(sway, 'Fuzz', region=self.random.choice((0, 4, 16)))
        self.windows = {}  # id -> kind
        self.last_id = 0
        self.generations, self.slots = {}, {}
        self.serials, self.presses, self.enter = [1], [1], 1
        self.seen = 0
        self.room, self.asked = 0, 0  # sound that may be sent, pictures that are to come
        self.ends = {}

    def chance(self, part):
        return self.random.random() < part

    def take(self):
        """Learn from what the proxy sent: slots, serials, ends of popups."""
        for message in self.guest.messages[self.seen:]:
            name = message.get('message')
            if name == 'slots':
                self.slots[message['window']] = (message, set())
            elif name == 'slot_free' and message['window'] in self.slots:
                slots, busy = self.slots[message['window']]
                if slots['generation'] == message['generation']:
                    busy.discard(message['slot'])
            elif name in ('window_configure', 'popup_configure'):
                self.serials.append(message['serial'])
            elif name in ('pointer_button', 'key'):
                self.presses.append(message['serial'])
            elif name == 'pointer_enter':
                self.enter = message['serial']
            elif name == 'sound_room':
                self.room += message['bytes']
            elif name == 'camera_part' and message['offset'] == LAST_PART[message['size']]:
                self.asked = max(0, self.asked - 1)
            self.seen += 1

    def field(self, kind, a, b):
        """Any value the table allows, often an extreme one."""
        r = self.random
        if kind in (U32, I32, U64):
            low, high = (0, b % (1 << 64)) if kind == U64 else (a, b)
            return r.choice((low, high, max(low, min(high, r.choice((0, 1, 2, 3, 16, 100, 300, 8192)))),
                             r.randint(low, high)))
        if kind == STR:
            return ''.join(r.choice('ab é\u202e日\t<&"%') for _ in range(r.randint(a, min(b, 40)) if b else 0))
        if kind == BYTES:
            return bytes(r.randrange(256) for _ in range(r.randint(a, min(b, 64))))
        if kind == RECTS:
            return [tuple(r.randint(1, 400) for _ in range(4)) for _ in range(r.randint(0, min(a, 4)))]
        return ''

    def some_window(self, kind=None):
        ids = [w for w, k in self.windows.items() if kind in (None, k)]
        return self.random.choice(ids) if ids else 0

    def build(self, name):
        """Fields of a message that a correct guest could send now, None when it could not."""
        r = self.random
        fields = {f[0]: self.field(*f[1:]) for f in self.table[name][1]}
        if 'window' in fields:
            fields['window'] = self.some_window(
                'toplevel' if name.startswith('window_') and name not in ('window_gone', 'window_unmap')
                else 'popup' if name == 'popup_move' else None)
            if fields['window'] == 0 and name not in ('window_new', 'popup_new'):
                return None
        if name == 'popup_new' and not self.windows:
            return None
        if name == 'sound_data':
            fields['data'] = r.randbytes(4 * r.randint(1, 100))
            if self.room < len(fields['data']):
                return None
            self.room -= len(fields['data'])
        if name == 'camera_stream':
            self.asked = 0
        if name == 'camera_next':
            if self.asked == 2:
                return None
            fields['count'] = r.randint(1, 2 - self.asked)
            self.asked += fields['count']
        if name in ('window_new', 'popup_new'):
            self.last_id += 1
            fields['window'] = self.last_id
            self.windows[self.last_id] = 'toplevel' if name == 'window_new' else 'popup'
        if name in ('popup_new', 'popup_move') and self.chance(0.7):
            fields.update(width=r.randint(1, 300), height=r.randint(1, 300), anchor_x=r.randint(0, 200),
                          anchor_y=r.randint(0, 200), anchor_width=r.randint(0, 50),
                          anchor_height=r.randint(0, 50), offset_x=r.randint(-9, 9), offset_y=0)
        if name == 'popup_new':
            others = [w for w in self.windows if w != self.last_id]
            fields['parent'] = r.choice(others)
            fields['grab'] = r.choice((0, r.choice(self.presses)))
        if name == 'window_parent':
            fields['parent'] = r.choice((0, self.some_window('toplevel')))
        if name == 'window_gone':
            self.windows.pop(fields['window'], None)
        if name == 'slots_want':
            window = fields['window']
            self.generations[window] = self.generations.get(window, 0) + 1
            fields['generation'] = self.generations[window]
            if self.chance(0.9):
                fields['bytes'] = r.choice((4, 4096, 240000, 240000, 480000))
        if name in ('window_drag', 'window_menu'):
            fields['serial'] = r.choice(self.presses)
            if name == 'window_drag':
                fields['edges'] = r.choice((0, 1, 2, 4, 5, 6, 8, 9, 10))
        if name.startswith('cursor'):
            fields['serial'] = self.enter
        if name == 'cursor_image':
            w, h = r.choice((1, 16, 24, 128)), r.choice((1, 24, 128))
            fields.update(width=w, height=h, hotspot_x=r.randrange(w), hotspot_y=r.randrange(h),
                          pixels=r.randbytes(w * h * 4))
        if name == 'frame' and not self.frame(fields):
            return None
        if name == 'pixels':
            slots, _busy = self.slots.get(fields['window'], (None, None))
            if not slots or not slots['by_channel']:
                return None
            fields.update(generation=slots['generation'], slot=0, offset=r.choice((0, 16)),
                          data=r.randbytes(min(1000, slots['bytes'] - 16)))
        return fields

    def frame(self, fields):
        r = self.random
        slots, busy = self.slots.get(fields['window'], (None, set()))
        free = [s for s in range(slots['count']) if s not in busy] if slots else []
        if not free:
            return False
        fields.update(generation=slots['generation'], slot=r.choice(free),
                      serial=r.choice((0, r.choice(self.serials), self.serials[-1])))
        if self.chance(0.99):
            pixels = slots['bytes'] // 4
            width = max(1, min(r.choice((1, 10, 150, 300, 400)), pixels))
            height = max(1, min(r.choice((1, 10, 150, 200, 300)), pixels // width))
            scale = r.choice((1, 1, 1, 2))
            fields.update(width=width, height=height, stride=width * 4,
                          logical_width=max(1, width // scale), logical_height=max(1, height // scale))
        busy.add(fields['slot'])
        return True

    def mutate(self, name, fields):
        """One thing wrong."""
        table = self.table[name][1]
        if not table:
            return
        field, kind, a, b = self.random.choice(table)
        fields[field] = self.field(kind, a, b) if self.chance(0.8) else self.random.randint(0, 9)

    def connect(self, method):
        """Be what the service starts for the proxy: the other end of its sound, or its camera."""
        ours, theirs = socket.socketpair()
        self.ends[method] = popen_with_fds([tool('wire-talk'), '3', 'host'], {3: ours.fileno()},
                                           stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        fds = Gio.UnixFDList.new()
        handle = fds.append(theirs.fileno())
        self.guest.bus.call_with_unix_fd_list_sync(
            None, PROXY_PATH, PROXY_INTERFACE, method, GLib.Variant('(h)', (handle,)), None,
            Gio.DBusCallFlags.NONE, 10000, fds, None)
        ours.close()
        theirs.close()

    def other_ends(self):
        """The desktop plays, records and sees something, or what it was has ended and begins anew."""
        r = self.random
        try:
            method = r.choice(('ConnectSound', 'ConnectCamera'))
            if method not in self.ends or self.chance(0.1):
                self.drop(method)
                self.connect(method)
            if method == 'ConnectSound':
                lines = [f'sound_room bytes={r.choice((4, 400, 9600))}', 'sound_captured data=00*960']
            else:
                size = r.randrange(2)
                lines = [f'camera_part size={size} offset={at} data=80*{PART if at < LAST_PART[size] else REST[size]}'
                         for at in range(0, LAST_PART[size] + 1, PART)]
                lines = lines[:r.choice((1, 3, 15, 15, 15))]
            self.ends[method].stdin.write(''.join(line + '\n' for line in lines).encode())
            self.ends[method].stdin.flush()
        except (BrokenPipeError, GLib.Error):
            pass  # the proxy has ended, which the loop sees

    def drop(self, method):
        end = self.ends.pop(method, None)
        if end is not None:
            try:
                end.stdin.close()
            except BrokenPipeError:
                pass
            end.kill()
            end.wait()

    def run(self, length):
        guest = self.guest.start()
        guest.call('SetSound', '(bb)', (True, True))
        guest.call('SetCamera', '(b)', (True,))
        try:
            guest.line('describe')
            self.table = guest.wait('table')['table']
            names, weights = list(WEIGHTS), list(WEIGHTS.values())
            for number in range(length):
                if guest.proxy.poll() is not None:
                    break
                self.take()
                name = 'window_new' if number == 0 else self.random.choices(names, weights)[0]
                fields = self.build(name)
                if fields is None:
                    continue
                if self.chance(self.wrong):
                    self.mutate(name, fields)
                if isinstance(fields.get('argv'), bytes):
                    fields['argv'] = ''
                try:
                    guest.send(name, **fields)
                    if self.chance(self.wrong / 20):
                        guest.line('raw ' + self.random.randbytes(self.random.randint(1, 40)).hex())
                except BrokenPipeError:
                    break
                if self.chance(0.1):
                    self.play()
                if self.chance(0.06):
                    self.other_ends()
                if self.chance(0.005):
                    for method in ('SetSound', 'SetCamera'):
                        values = [self.chance(0.7) for _ in range(2 if method == 'SetSound' else 1)]
                        guest.call(method, f'({"b" * len(values)})', tuple(values))
                if name in ('slots_want', 'window_new', 'popup_new') and self.chance(0.8):
                    self.settle()
        except GLib.Error:
            pass  # the proxy was first to end
        finally:
            for method in list(self.ends):
                self.drop(method)
            status = guest.stop()
            log = guest.log_tail()
        return status, log

    def settle(self):
        """Wait until the proxy has answered, or has ended."""
        before, deadline = len(self.guest.messages), time.monotonic() + 0.02
        while len(self.guest.messages) == before and time.monotonic() < deadline:
            time.sleep(0.001)

    def play(self):
        """The user does something."""
        r, keys = self.random, self.sway.input
        action = r.randrange(4)
        keys.move(r.randrange(300, 1000), r.randrange(200, 700))
        if action == 1:
            keys.click(button=r.choice(('left', 'right')))
        elif action == 2:
            keys.key(r.choice(('a', 'Return', 'Escape')))
        elif action == 3:
            keys.scroll(r.choice((-1, 1)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--sessions', type=int, default=40)
    parser.add_argument('--length', type=int, default=150)
    parser.add_argument('--seed', type=int, default=int(os.environ.get('BULKHEAD_FUZZ_SEED', '1')))
    parser.add_argument('--verbose', action='store_true')
    arguments = parser.parse_args()
    require_ordinary_user()
    ends, started = {}, time.monotonic()
    with Sway() as sway:
        for seed in range(arguments.seed, arguments.seed + arguments.sessions):
            wrong = (0.0, 0.01, 0.05, 0.3)[seed % 4]
            session = Session(sway, seed, wrong)
            try:
                status, log = session.run(arguments.length)
            except AssertionError as error:
                status, log = 'no answer', f'{error}\n{session.guest.log_tail()}'
            ends[status] = ends.get(status, 0) + 1
            if arguments.verbose:
                print(seed, wrong, status, log.strip().splitlines()[-1:])
            if status == EXIT_DISPLAY and 'must have a role' in log:
                # wlroots 0.15 treats a popup's commit that crosses its own popup_done as an error of the
                # client; any client can meet that. It is rare without this fuzzer's floods.
                ends['crossed popup_done'] = ends.get('crossed popup_done', 0) + 1
                continue
            bad = [word for word in ('Sanitizer', 'runtime error', 'CRITICAL', 'protocol error') if word in log]
            if status not in (EXIT_OK, EXIT_GUEST) or bad or not sway.alive():
                with open(sway.log, encoding='utf-8', errors='replace') as file:
                    said = file.read()[-1000:]
                sys.exit(f'session {seed}: proxy ended with {status}, {bad}, compositor alive: '
                         f'{sway.alive()}\n{log}\n{said}')
    print(f'{arguments.sessions} sessions in {time.monotonic() - started:.1f} s, ends {ends}')


if __name__ == '__main__':
    main()
