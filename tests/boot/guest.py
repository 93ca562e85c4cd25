# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole guest through libvirt's session daemon, and the wire to it, for an ordinary user."""

import json
import os
import secrets
import selectors
import signal
import socket
import subprocess
import time
import uuid

import harness

MACHINE_ID = '0123456789abcdef0123456789abcdef'


def escape(text):
    return ''.join(c if c.isalnum() or c in '-_./' else ''.join(f'%{b:02X}' for b in c.encode())
                   for c in text)


class Wire:
    """The host's end of a guest's channel, by way of wire-talk."""

    def __init__(self, path, timeout=30):
        self.socket = socket.socket(socket.AF_UNIX)
        harness.wait_for(lambda: self.socket.connect(path) is None, timeout, 'the wire socket')
        fd = self.socket.fileno()
        self.talk = subprocess.Popen([harness.tool('wire-talk'), str(fd), 'host'], pass_fds=(fd,),
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.talk.stdout, selectors.EVENT_READ)
        self.buffer = b''

    def send(self, name, **fields):
        words = [f'{key}={value}' for key, value in fields.items()]
        self.talk.stdin.write((' '.join([name, *words]) + '\n').encode())

    def next(self, timeout=30):
        deadline = time.monotonic() + timeout
        while b'\n' not in self.buffer:
            if not self.selector.select(max(0, deadline - time.monotonic())):
                raise harness.Timeout(f'no message from the guest in {timeout} s')
            piece = os.read(self.talk.stdout.fileno(), 65536)
            if not piece:
                raise EOFError('wire-talk has ended')
            self.buffer += piece
        line, self.buffer = self.buffer.split(b'\n', 1)
        return json.loads(line)

    def wait(self, name, timeout=30):
        """The next message of that name; others are passed over."""
        while True:
            message = self.next(timeout)
            if message.get('message') == name:
                return message
            if 'closed' in message:
                raise EOFError(f'the channel closed: {message}')

    def close(self):
        self.talk.stdin.close()
        self.talk.wait(10)
        self.talk.stdout.close()
        self.selector.close()
        self.socket.close()


class Guest:
    """start() … stop(). `test` is the BootTest whose folders and programs it uses."""

    def __init__(self, test, **spec):
        self.test = test
        name = 'test-' + secrets.token_hex(4)
        self.name = 'bulkhead-' + name
        self.runtime = os.path.join(test.env['XDG_RUNTIME_DIR'], name)
        self.log = test.path(name + '.log')
        self.spec = {'id': name, 'uuid': str(uuid.uuid4()), 'memory_mib': 512, 'cpus': 1,
                     'region_mib': 16, 'opt': 0, **spec}
        self.wire = None

    def virsh(self, *arguments, check=True):
        return subprocess.run(['virsh', '-q', '-c', 'qemu:///session', *arguments],
                              env=self.test.env, capture_output=True, text=True, timeout=60,
                              check=check)

    def start(self):
        tool = self.test.boot_tool
        os.mkdir(self.runtime, 0o700)
        _, kernel, _ = tool('kernel')
        qemu, = tool('qemu')
        values = {**self.spec, 'kernel': kernel, 'initramfs': tool('initramfs')[0],
                  'seed': tool('seed')[0], 'emulator': tool('emulator', qemu)[0], 'qemu': qemu,
                  'runtime_dir': self.runtime, 'log_file': self.log}
        with open(self.test.path('domain.xml'), 'w') as file:
            file.write('\n'.join(tool('xml', *(f'{k}={v}' for k, v in values.items()))))
        self.virsh('version')  # start the daemon, which is not what is timed
        self.started = time.monotonic()
        done = self.virsh('create', self.test.path('domain.xml'), check=False)
        if done.returncode != 0:
            raise AssertionError(done.stderr)

    def connect(self):
        self.wire = Wire(os.path.join(self.runtime, 'wire.sock'))
        hello = self.wire.wait('hello')
        self.seconds_to_hello = time.monotonic() - self.started
        return hello

    def configure(self, **changes):
        fields = {'host_name': 'work-vm', 'user_name': 'user', 'uid': 1000,
                  'machine_id': MACHINE_ID, 'seed': secrets.token_hex(64),
                  'time_us': int(time.time() * 1e6),
                  'time_zone': 'Asia/Tokyo', 'flags': 0, **changes}
        self.wire.send('configure', **fields)
        return self.wire.wait('configured')

    def run(self, script, number=1, timeout=60):
        """Run a shell script in the guest: (code, what it printed)."""
        self.wire.send('launch', id=number, argv='/bin/sh,-c,' + escape(script))
        while True:
            message = self.wire.next(timeout)
            if message.get('message') == 'launched' and message['status'] != 0:
                raise AssertionError(message)
            if message.get('message') == 'exited' and message['id'] == number:
                return message['code'], bytes.fromhex(message['tail']).decode()

    def console(self):
        try:
            with open(self.log, errors='replace') as file:
                return file.read()
        except FileNotFoundError:
            return ''

    def qemu_pid(self):
        with open(os.path.join(self.runtime, 'qemu.pid')) as file:
            return int(file.read())

    def is_running(self):
        return self.name in self.virsh('list', '--name').stdout.split()

    def stop(self):
        if self.wire:
            self.wire.close()
        self.virsh('destroy', self.name, check=False)


def stop_daemons(runtime_dir):
    """End what virsh started there."""
    for name in ('libvirtd', 'virtlogd', 'virtqemud'):
        try:
            with open(os.path.join(runtime_dir, 'libvirt', name + '.pid')) as file:
                os.kill(int(file.read()), signal.SIGTERM)
        except (FileNotFoundError, ProcessLookupError, ValueError):
            pass
