# SPDX-License-Identifier: GPL-3.0-or-later
"""A private headless sway: a real host compositor for tests, with screenshots and real input."""

import io
import json
import os
import signal
import subprocess

from PIL import Image

from . import Place, TestCase, artifact_path, require_ordinary_user, wait_for
from .input import Input

CONFIG = '''
xwayland disable
output HEADLESS-1 mode {mode} scale {scale} position 0 0
default_border none
default_floating_border none
focus_follows_mouse no
for_window [app_id=".*"] floating enable
{extra}
'''


class Sway:
    """start() … stop(), or a with block. `env` is what its clients need.

    mode: size and refresh of the output; extra: more lines of sway configuration.
    """

    def __init__(self, place=None, mode='1280x800@60Hz', scale='1', extra=''):
        self._own_place = place is None
        self.place = place or Place()
        self._config = CONFIG.format(mode=mode, scale=scale, extra=extra)
        self._process = None
        self._input = None
        self._children = []
        self.env = dict(self.place.env)
        self.log = self.place.path('sway.log')
        self.stopped_status = None

    def start(self):
        runtime = self.place.runtime
        config = self.place.path('sway.conf')
        with open(config, 'w', encoding='utf-8') as file:
            file.write(self._config)
        env = dict(self.place.env, WLR_BACKENDS='headless', WLR_RENDERER='pixman',
                   WLR_LIBINPUT_NO_DEVICES='1', SWAYSOCK=os.path.join(runtime, 'sway.sock'))
        before = self._sockets()
        with open(self.log, 'wb') as log:
            self._process = subprocess.Popen(['sway', '-c', config], env=env, stdout=log,
                                             stderr=log, stdin=subprocess.DEVNULL,
                                             start_new_session=True)
        display = wait_for(self._check(lambda: self._sockets() - before), 15,
                           "sway's Wayland socket").pop()
        self.env = dict(self.place.env, WAYLAND_DISPLAY=display, SWAYSOCK=env['SWAYSOCK'])
        wait_for(self._check(lambda: self.msg('-t', 'get_outputs')[0]['active']), 15,
                 "sway's output")
        # Now, not at the first use: keys sent before a client has bound a new keyboard are lost.
        self._input = Input(self.env)
        return self

    def _sockets(self):
        return {name for name in os.listdir(self.place.runtime)
                if name.startswith('wayland-') and not name.endswith('.lock')}

    def _check(self, predicate):
        def checked():
            if not self.alive():
                with open(self.log, encoding='utf-8', errors='replace') as log:
                    raise RuntimeError('sway ended: ' + log.read()[-2000:])
            return predicate()
        return checked

    def alive(self):
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self):
        return self._process.pid

    def msg(self, *args):
        """swaymsg, its answer as JSON; RuntimeError when sway refuses."""
        done = subprocess.run(['swaymsg', '-r', *args], env=self.env, capture_output=True,
                              timeout=10, check=False)
        if done.returncode != 0:
            raise RuntimeError(f'swaymsg {args}: {done.stderr or done.stdout}')
        return json.loads(done.stdout or b'null')

    def tree(self):
        return self.msg('-t', 'get_tree')

    def views(self):
        """The windows, as sway's tree has them (app_id, name, rect, focused, pid, …)."""
        found, todo = [], [self.tree()]
        while todo:
            node = todo.pop()
            if node.get('pid') and node['type'] in ('con', 'floating_con'):
                found.append(node)
            todo += node['nodes'] + node['floating_nodes']
        return sorted(found, key=lambda node: node['id'])

    def view(self, app_id=None, title=None):
        """The one window whose app id (and title) contain the given texts, or None."""
        for node in self.views():
            if (app_id is None or app_id in (node['app_id'] or '')) and (
                    title is None or title in (node['name'] or '')):
                return node
        return None

    def wait_view(self, app_id=None, title=None, timeout=10):
        return wait_for(self._check(lambda: self.view(app_id, title)), timeout,
                        f'a window with app id {app_id!r}, title {title!r}')

    def wait_no_view(self, app_id=None, title=None, timeout=10):
        wait_for(self._check(lambda: self.view(app_id, title) is None), timeout,
                 f'no window with app id {app_id!r}, title {title!r}')

    def move_view(self, node, x, y):
        self.msg(f'[con_id={node["id"]}] move absolute position {x} {y}')

    def screenshot(self, rect=None):
        """A PIL image (RGB) of the output, or of one rectangle (a node's 'rect' or x,y,w,h)."""
        args = ['grim', '-t', 'ppm']
        if rect is not None:
            if isinstance(rect, dict):
                rect = rect['x'], rect['y'], rect['width'], rect['height']
            args += ['-g', '{},{} {}x{}'.format(*rect)]
        done = subprocess.run([*args, '-'], env=self.env, capture_output=True, timeout=20,
                              check=False)
        if done.returncode != 0:
            raise RuntimeError(f'grim: {done.stderr.decode(errors="replace")}')
        image = Image.open(io.BytesIO(done.stdout))
        image.load()
        return image.convert('RGB')

    def wait_picture(self, predicate, timeout=10, what='the picture', rect=None):
        """Wait until predicate(screenshot) holds; returns that screenshot."""
        def shown():
            image = self.screenshot(rect)
            return image if predicate(image) else None
        return wait_for(self._check(shown), timeout, what)

    @property
    def input(self):
        """The pointer and keyboard of this seat."""
        return self._input

    def run(self, argv, env=None, **kwargs):
        """Start a client of this compositor; stop() ends it if it still runs."""
        child = subprocess.Popen(argv, env={**self.env, **(env or {})}, **kwargs)
        self._children.append(child)
        return child

    def stop(self):
        """End the clients and sway; returns sway's exit status (negative: it was killed)."""
        if self._input is not None:
            self._input.close()
            self._input = None
        for child in self._children:
            _end(child)
        self._children = []
        if self._process is not None:
            died = self._process.poll()
            _end(self._process)
            self.stopped_status = died if died is not None else 0
            self._process = None
        if self._own_place:
            self.place.remove()
        return self.stopped_status

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def _end(process):
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()


class DesktopTestCase(TestCase):
    """One sway for each test, self.sway; a failure leaves a screenshot and sway's log."""

    SWAY_OPTIONS = {}

    def setUp(self):
        require_ordinary_user()
        self.sway = Sway(**self.SWAY_OPTIONS)
        self.addCleanup(self._stop_sway)
        self.sway.start()

    def tearDown(self):
        if self.failed():
            self.keep_evidence()

    def keep_evidence(self):
        try:
            path = artifact_path(self, '.png')
            self.sway.screenshot().save(path)
            print(f'screenshot: {path}', flush=True)
        except Exception as error:  # evidence only; the test has failed already
            print(f'no screenshot: {error}', flush=True)
        if not self.sway.alive():
            with open(self.sway.log, encoding='utf-8', errors='replace') as log:
                print('sway is gone: ' + log.read()[-2000:], flush=True)

    def _stop_sway(self):
        self.sway.stop()
