# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that do anything in any order, with a host that answers at random: the agent goes on."""

import os
import random

import harness
from harness import Timeout
from fakehost import GuestTestCase

SEEDS = range(int(os.environ.get('BULKHEAD_FUZZ_SEEDS', '12')))
COMMANDS = 150


class OddProgramsTest(GuestTestCase):

    def command(self, rng):
        small = lambda: rng.randint(-3, 60)  # noqa: E731
        number, other = rng.randrange(6), rng.randrange(6)
        color = rng.choice((0xffff0000, 0x80008000, 0xff0000ff))
        if rng.random() < 0.01:  # mostly a protocol error, which is a program's last
            return rng.choice((f'above {number} {other}', f'below {number} {other}',
                               f'parent {number} {other}', f'unmap {number}'))
        return rng.choice((
            f'toplevel {number}', f'toplevel {number}', f'popup {number} {other} 1 2 3 4 20 20',
            f'popup {number} {other} 1 2 3 4 20 20', f'sub {number} {other} {small()} {small()}',
            f'sub {number} {other} {small()} {small()}', f'desync {number}', f'sync {number}',
            f'move {number} {small()} {small()}',
            *[f'draw {number} {rng.randint(1, 40) * 2} {rng.randint(1, 40) * 2} {color:#x}'] * 6,
            *[f'patch {number} {abs(small())} {abs(small())} 5 5 {color:#x}'] * 3,
            f'ask {number}', f'commit {number}', f'scale {number} {rng.choice((1, 2))}',
            f'transform {number} {rng.randrange(8)}',
            f'viewport {number} {rng.randint(1, 99)} {rng.randint(1, 99)}',
            f'viewport {number} -1 -1',
            f'geometry {number} {small()} {small()} {rng.randint(1, 90)} {rng.randint(1, 90)}',
            f'input {number} {small()} {small()} 9 9', f'opaque {number} {rng.randrange(2)}',
            f'title {number} x', f'min {number} 3 4', f'maximize {number}',
            f'drop {number}', f'destroy {number}',
            f'cursor {rng.randint(1, 200)} {rng.randint(1, 200)} 1 1 {color:#x}', 'copy x', 'paste',
            f'reposition {number} 5 5 5 5 10 10', f'drag {number}'))

    def answer(self, rng, message):
        host, window = self.host, message.get('window')
        name = message.get('message')
        if name == 'window_new':
            host.configure(window, rng.choice((0, 30, 64)), rng.choice((0, 30, 64)))
        elif name in ('popup_new', 'popup_move'):
            host.send('popup_configure', window=window, serial=host.serial(), x=1, y=2, width=20,
                      height=20, token=message.get('token', 0))
        elif name == 'slots_want':
            host.send('slots', window=window, generation=message['generation'],
                      count=rng.choice((0, 1, message['count'])), bytes=message['bytes'],
                      by_channel=rng.choice((0, 0, 1)), offset=0)
        elif name == 'frame':
            if rng.random() < 0.9:
                host.free(message)
            host.send('frame_done', window=window, time=1)
            self.check_frame(message)
        elif name == 'window_gone' and rng.random() < 0.5:
            host.send('window_close', window=window)
        self.poke(rng, window)

    def poke(self, rng, window):
        """An event nobody asked for."""
        host = self.host
        if not window or rng.random() < 0.6:
            return
        serial = host.serial()
        rng.choice((
            lambda: host.send('pointer_enter', window=window, serial=serial, x=256 * 5, y=256 * 6),
            lambda: host.send('pointer_leave', window=window, serial=serial),
            lambda: host.send('pointer_motion', time=1, x=256 * rng.randint(-5, 60), y=256 * 7),
            lambda: host.send('pointer_button', serial=serial, button=0x110,
                              pressed=rng.randrange(2)),
            lambda: host.send('keyboard_enter', window=window, serial=serial, keys='1e000000'),
            lambda: host.send('keyboard_leave', window=window, serial=serial),
            lambda: host.send('touch_down', window=window, serial=serial, id=rng.randrange(3),
                              x=256, y=256),
            lambda: host.send('touch_up', serial=serial, id=rng.randrange(3)),
            lambda: host.send('touch_cancel'),
            lambda: host.send('popup_done', window=window),
            lambda: host.send('window_scale', window=window,
                              scale_120=rng.choice((120, 150, 180, 240))),
            lambda: host.send('output', width=800, height=600, scale_120=rng.choice((120, 240)),
                              refresh_mhz=60000),
            lambda: host.configure(window, 40, 40, states=8),
            lambda: host.send('window_refused', window=window) if rng.random() < 0.1 else None,
        ))()

    def check_frame(self, frame):
        for x, y, width, height in frame['damage']:
            self.assertGreaterEqual(min(x, y), 0)
            self.assertLessEqual(x + width, frame['width'])
            self.assertLessEqual(y + height, frame['height'])

    def test_agent_outlives_them(self):
        self.host.send('seat', capabilities=7)
        self.host.sync()
        for seed in SEEDS:
            rng = random.Random(seed)
            with self.subTest(seed=seed):
                client = self.host.client()
                for _ in range(COMMANDS):
                    try:
                        client.do(*(self.command(rng) for _ in range(rng.randint(1, 4))))
                    except BrokenPipeError:  # a protocol error has ended it: as it should be
                        break
                    client.read()
                    self.drain(rng)
        self.host.sync()
        self.assertIsNone(self.host.guest.poll())

    def drain(self, rng):
        while True:
            try:
                message = self.host.lines.next(lambda _: True, 'a message', timeout=0.002)
            except Timeout:
                return
            self.answer(rng, message)


if __name__ == '__main__':
    harness.main()
