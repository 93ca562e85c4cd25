#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""mock-service.py with programs that do what is hard to provoke for real. For tests/cli only.

What Launch does follows from the first word of the command:
exit CODE [TEXT]  ends at once with that code and output; sleep: until Terminate, then with 143;
stubborn: Terminate does nothing; never: hangs until cancelled; deaf: Cancel does nothing either;
die: the service ends; lost: a job that does not exist; late: the job is over before the reply;
wordy: steps, notices and output full of what a guest could send. ("exit" waits 300 ms for "slow".)
The AppVM "Console" has a console that greets and echoes, and closes at "bye". "Silent" never answers.
--record FILE: options of each Launch and Start, a JSON object per line.
"""
import importlib.util
import json
import os
import socket
import sys

from gi.repository import Gio, GLib

spec = importlib.util.spec_from_file_location(
    'mock_service', os.path.join(os.path.dirname(os.path.abspath(__file__)), 'mock-service.py'))
mock = importlib.util.module_from_spec(spec)
spec.loader.exec_module(mock)

HOSTILE = 'a\x1b]52;c;ZXZpbA==\x07b\x1b[31mc\u202ed\x9b5ne\n'
record = None


class ScriptedJob(mock.Job):
    """Runs until somebody finishes it."""

    def __init__(self, service, steps=(), deaf=False):
        super().__init__(service, steps, lambda _what, _text: None)
        self.deaf = deaf
        self.wait_for = lambda: False

    def Cancel(self):
        if not self.deaf:
            super().Cancel()

    def end(self, result=None, error=None):
        if self.props['State'] != 'running':
            return False
        state = 'failed' if error else 'done'
        error = (mock.PREFIX + 'Error.' + error[0], error[1]) if error else ('', '')
        self.set(State=state, Error=error, Result=result or {})
        self.emit('Finished', '(s(ss)a{sv})', state, error, result or {})
        return False


def ended(code, text):
    return {'id': GLib.Variant('u', 7), 'code': GLib.Variant('u', code),
            'tail': GLib.Variant('ay', text.encode('utf-8', 'surrogateescape'))}


class ScriptedVm(mock.Vm):

    def call(self, bus, sender, path, iface, method, args, invocation):
        if method == 'OpenConsole' and self.props['Name'] == 'Console':
            self.open_console(invocation)
        elif self.props['Name'] == 'Silent' and method == 'Start':
            self.kept = invocation
        elif method == 'Start' or method == 'Launch':
            self.note(method, args.unpack()[0])
            super().call(bus, sender, path, iface, method, args, invocation)
        else:
            super().call(bus, sender, path, iface, method, args, invocation)

    def note(self, method, options):
        if record:
            with open(record, 'a', encoding='utf-8') as out:
                out.write(json.dumps({'method': method, **options}) + '\n')

    def open_console(self, invocation):
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self.console = ours
        ours.send(b'hello\r\n\x1b]0;title\x07\x1b[6n\x1b[1mbold\x1b[m\r\n')
        GLib.io_add_watch(ours.fileno(), GLib.IO_IN | GLib.IO_HUP, self.on_console)
        fds = Gio.UnixFDList.new()
        index = fds.append(theirs.fileno())
        theirs.close()
        invocation.return_value_with_unix_fd_list(GLib.Variant('(h)', (index,)), fds)

    def on_console(self, _fd, _condition):
        try:
            data = self.console.recv(4096)
        except BlockingIOError:
            return True
        if not data or b'bye' in data:
            self.console.close()
            return False
        self.console.setblocking(True)
        self.console.sendall(b'<' + data.replace(b'\n', b'\r\n') + b'>')
        self.console.setblocking(False)
        return True

    def Launch(self, options):
        argv = options.get('argv') or []
        if not argv:
            return super().Launch(options)
        return getattr(self, 'do_' + argv[0], self.do_unknown)(argv[1:], options).path

    def do_unknown(self, _args, _options):
        raise mock.Error('ProgramNotFound', 'There is no such program.')

    def do_exit(self, args, options):
        job = ScriptedJob(self.service, [('launch', 'Starting it')])
        text = args[1] if len(args) > 1 else ''
        code = int(args[0])
        GLib.timeout_add(300 if 'slow' in args else 20, lambda: job.end(ended(code, text)))
        return job

    def do_fail(self, args, _options):
        job = ScriptedJob(self.service, [('launch', 'Starting it')])
        GLib.timeout_add(20, lambda: job.end(ended(1, 'it said this\n'), (args[0], 'It went wrong. Do this.')))
        return job

    def do_sleep(self, args, _options):
        self.job = ScriptedJob(self.service, [('launch', 'Starting it'), ('launched', 'It runs')])
        self.job.props['Result'] = {'id': GLib.Variant('u', 7)}
        self.stubborn = 'stubborn' in args
        return self.job

    def do_never(self, _args, _options):
        return ScriptedJob(self.service, [('domain', 'Waiting for ever')])

    def do_deaf(self, _args, _options):
        return ScriptedJob(self.service, [('domain', 'Waiting for ever')], deaf=True)

    def do_die(self, _args, _options):
        GLib.timeout_add(100, lambda: os._exit(0))
        return ScriptedJob(self.service, [('domain', 'Waiting for ever')])

    def do_lost(self, _args, _options):
        job = ScriptedJob(self.service)
        job.gone()
        return job

    def do_late(self, _args, _options):
        job = ScriptedJob(self.service)
        job.end(ended(5, 'late\n'))
        return job

    def do_wordy(self, _args, _options):
        job = ScriptedJob(self.service, [('launch', 'Step ' + HOSTILE)])

        def go():
            self.emit('Notice', '(s)', 'Notice ' + HOSTILE)
            job.end(ended(0, HOSTILE + 'last'))
            return False
        GLib.timeout_add(100, go)
        return job

    def Terminate(self, number):
        if number != 7 or not getattr(self, 'job', None):
            raise mock.Error('NotFound', 'No such program.')
        if not self.stubborn:
            GLib.timeout_add(20, lambda: self.job.end(ended(143, 'terminated\n')))


def main():
    global record
    if '--record' in sys.argv:
        at = sys.argv.index('--record')
        record = sys.argv[at + 1]
        del sys.argv[at:at + 2]
    mock.Vm = ScriptedVm
    mock.main()


if __name__ == '__main__':
    sys.exit(main())
