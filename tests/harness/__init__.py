# SPDX-License-Identifier: GPL-3.0-or-later
"""What every test here shares: a private place to run in, waiting with a deadline, artifacts.

Tests get their paths from the environment (tests/meson.build sets it):
BULKHEAD_BUILD_DIR, BULKHEAD_SOURCE_DIR and, optional, BULKHEAD_TEST_ARTIFACTS.
"""

import os
import re
import shutil
import socket
import sys
import tempfile
import time
import unittest

SOURCE_DIR = os.environ.get('BULKHEAD_SOURCE_DIR') or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD_DIR = os.environ.get('BULKHEAD_BUILD_DIR', '')
SHM = '/dev/shm'


class Timeout(AssertionError):
    """Something awaited did not come true in its time."""


def has_open(pid, path):
    """Whether a process has a file open that is, or was, called so or in a folder called so."""
    files = f'/proc/{pid}/fd'
    for fd in os.listdir(files):
        try:
            if os.readlink(os.path.join(files, fd)).startswith(path):
                return True
        except FileNotFoundError:  # closed meanwhile
            pass
    return False


def wait_for(predicate, timeout=10.0, what='a condition', interval=0.01):
    """Return the first true value of predicate(); raise Timeout when none comes in time.

    The last exception of the predicate, if it only ever raised, is part of the message.
    """
    deadline = time.monotonic() + timeout
    error = None
    while True:
        try:
            value = predicate()
            error = None
            if value:
                return value
        except Timeout:
            raise
        except Exception as caught:  # the thing asked may not be there yet
            error = caught
        if time.monotonic() >= deadline:
            because = f' ({type(error).__name__}: {error})' if error else ''
            raise Timeout(f'{what} did not come true in {timeout:g} s{because}') from error
        time.sleep(interval)
        interval = min(interval * 1.5, 0.1)


def listens(path):
    """Whether a connection to a socket is taken: it is there before its owner listens on it."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(5)
        try:
            probe.connect(path)
        except OSError:
            return False
        return True


def require_ordinary_user():
    """The programs under test are for ordinary users; as root a test would prove nothing."""
    if os.geteuid() == 0:
        sys.exit('run this test as an ordinary user, not as root (build-aux/check does)')


def build_path(*parts):
    """The path of something the build made; an error says which environment is missing."""
    if not BUILD_DIR:
        raise RuntimeError('BULKHEAD_BUILD_DIR is not set: run the tests with meson test')
    path = os.path.join(BUILD_DIR, *parts)
    if not os.path.exists(path):
        raise FileNotFoundError(f'{path} is not built')
    return path


def tool(name):
    """The path of one of the programs in tests/tools."""
    return build_path('tests', 'tools', name)


def artifacts_dir():
    """Where failing tests leave screenshots and logs."""
    path = os.environ.get('BULKHEAD_TEST_ARTIFACTS') or os.path.join(
        tempfile.gettempdir(), f'bulkhead-artifacts-{os.getuid()}')
    os.makedirs(path, exist_ok=True)
    return path


def artifact_path(test, ending):
    """A file name in the artifacts folder made of a test's name and an ending."""
    name = test if isinstance(test, str) else test.id()
    return os.path.join(artifacts_dir(), re.sub(r'[^A-Za-z0-9_.-]+', '-', name) + ending)


class Place:
    """A private home, runtime, configuration, cache and state folder, and the environment for it.

    The path is short: a socket's path must fit into 108 bytes.
    """

    def __init__(self, parent='/tmp'):
        self.root = tempfile.mkdtemp(prefix='bh-', dir=parent)
        self.env = {
            'PATH': os.environ.get('PATH', '/usr/bin:/bin'),
            'LANG': 'C.UTF-8',
            'GSETTINGS_BACKEND': 'memory',
            'NO_AT_BRIDGE': '1',
        }
        for name, folder in (('HOME', 'home'), ('XDG_CONFIG_HOME', 'config'), ('XDG_CACHE_HOME', 'cache'),
                             ('XDG_STATE_HOME', 'state'), ('XDG_DATA_HOME', 'data')):
            self.env[name] = os.path.join(self.root, folder)
            os.mkdir(self.env[name], 0o700)
        # In memory as at a login, and not longer a path: libvirt syncs what it writes there.
        self.env['XDG_RUNTIME_DIR'] = tempfile.mkdtemp(prefix='bh-', dir=SHM if os.access(SHM, os.W_OK) else '/tmp')
        for name in ('USER', 'LOGNAME'):
            if name in os.environ:
                self.env[name] = os.environ[name]
        # Sanitizer settings must reach every program a test starts.
        for name, value in os.environ.items():
            if name.endswith('SAN_OPTIONS') or name.startswith('BULKHEAD_'):
                self.env[name] = value

    @property
    def runtime(self):
        return self.env['XDG_RUNTIME_DIR']

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def remove(self):
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.rmtree(self.runtime, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()


class TestCase(unittest.TestCase):
    """unittest's, with self.failed() for clean-ups that keep evidence of a failure."""

    def failed(self):
        outcome = getattr(self, '_outcome', None)
        if outcome is None:
            return False
        errors = getattr(outcome, 'errors', None)
        if errors is None:  # Python 3.11: the result object holds them
            errors = outcome.result.errors + outcome.result.failures
            return any(test is self for test, _ in errors)
        return any(error for _, error in errors)


def main():
    """unittest.main with names of tests on stderr, for an ordinary user only."""
    require_ordinary_user()
    unittest.main(verbosity=2)
