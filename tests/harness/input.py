# SPDX-License-Identifier: GPL-3.0-or-later
"""The pointer and keyboard of a test's compositor, by tests/tools/input.c."""

import select
import subprocess

from . import tool


class Input:
    """Every method returns when the compositor has handled it, or raises RuntimeError."""

    def __init__(self, env):
        self._process = subprocess.Popen([tool('input')], env=env, stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE)
        self._expect('ready')

    def _expect(self, wanted):
        ready, _, _ = select.select([self._process.stdout], [], [], 10)
        answer = self._process.stdout.readline().decode().strip() if ready else 'no answer'
        if answer != wanted:
            raise RuntimeError(f'input tool: {answer or "ended"}')

    def command(self, line):
        """One command as tests/tools/input.c lists them."""
        self._process.stdin.write(line.encode() + b'\n')
        self._process.stdin.flush()
        self._expect('ok')

    def move(self, x, y):
        self.command(f'move {int(x)} {int(y)}')

    def down(self, button='left'):
        self.command(f'down {button}')

    def up(self, button='left'):
        self.command(f'up {button}')

    def click(self, x=None, y=None, button='left'):
        """Click where the pointer is, or at x,y."""
        if x is not None:
            self.move(x, y)
        self.command(f'click {button}')

    def drag(self, x1, y1, x2, y2, steps=8):
        """Press at x1,y1, move in steps, let go at x2,y2."""
        self.move(x1, y1)
        self.down()
        for i in range(1, steps + 1):
            self.move(x1 + (x2 - x1) * i / steps, y1 + (y2 - y1) * i / steps)
        self.up()

    def scroll(self, dy, dx=0):
        """Wheel clicks; down and right are positive."""
        self.command(f'scroll {dx} {dy}')

    def key(self, name):
        """A key or a combination: 'Return', 'ctrl+shift+c', or an evdev code."""
        self.command(f'key {name}')

    def key_down(self, name):
        self.command(f'keydown {name}')

    def key_up(self, name):
        self.command(f'keyup {name}')

    def type(self, text):
        for number, line in enumerate(text.split('\n')):
            if number:
                self.key('Return')
            if line:
                self.command(f'type {line}')

    def close(self):
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
