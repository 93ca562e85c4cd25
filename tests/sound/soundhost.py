# SPDX-License-Identifier: GPL-3.0-or-later
"""The desktop's sound server for tests, tones, and the pair with bulkhead-sound."""

import array
import math
import os
import signal
import socket
import subprocess
import sys
import wave

from gi.repository import Gio, GLib

from harness import Timeout, build_path, listens, wait_for
from harness.pair import PROXY_INTERFACE, PROXY_PATH, Pair, popen_with_fds
from harness.sway import DesktopTestCase

SOUND_PATH, SOUND_INTERFACE = '/io/github/bulkhead/Sound', 'io.github.bulkhead.Sound1'
RATE = 48000


class SoundServer:
    """PipeWire with wireplumber and its pulse server, or PulseAudio, with a null sink "out".

    A second null sink, "mic", stands for a microphone: what is played to it is what is recorded."""

    def __init__(self, place, kind='pipewire'):
        self.place, self.kind = place, kind
        self.env = dict(place.env)
        self._processes, self._bus = [], None
        self._players = []

    def _start(self, *argv):
        with open(self.place.path(f'host-{argv[0]}.log'), 'ab') as log:
            process = subprocess.Popen(argv, env=self.env, stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=log)
        self._processes.append(process)

    def start(self):
        if self._bus is None:
            path = os.path.join(self.place.runtime, 'sound-bus')
            self._bus = subprocess.Popen(
                ['dbus-daemon', '--session', '--nofork', '--nopidfile', f'--address=unix:path={path}'],
                env=self.env, stdin=subprocess.DEVNULL)
            wait_for(lambda: listens(path), 20, 'the bus')
            self.env['DBUS_SESSION_BUS_ADDRESS'] = f'unix:path={path}'
        if self.kind == 'pipewire':
            self._without_logind()
            self._start('pipewire')
            wait_for(lambda: listens(os.path.join(self.place.runtime, 'pipewire-0')), 20, 'PipeWire')
            self._start('wireplumber')
            self._start('pipewire-pulse')
        else:
            self._start('pulseaudio', '-n', '--daemonize=no', '--exit-idle-time=-1',
                        '--use-pid-file=no', '-L', 'module-native-protocol-unix',
                        '-L', 'module-stream-restore', '-L', 'module-rescue-streams')
        wait_for(self._answers, 40, 'the sound server')
        self.pactl('load-module', 'module-null-sink', 'sink_name=out')
        self.pactl('load-module', 'module-null-sink', 'sink_name=mic')
        wait_for(lambda: {'out', 'mic'} <= set(self.names('sinks')), 20, 'the null sinks')
        wait_for(lambda: 'mic.monitor' in self.names('sources'), 20, 'the microphone')
        self.set_default('sink', 'out')
        self.set_default('source', 'mic.monitor')
        return self

    def _answers(self):
        """As systemd would: what has ended is started again, with what it said on our error output."""
        for process in self._processes[:]:
            if process.poll() is not None:
                with open(self.place.path(f'host-{process.args[0]}.log'), encoding='utf-8',
                          errors='replace') as log:
                    print(f'{process.args[0]} ended with {process.returncode}: {log.read()[-500:]}',
                          file=sys.stderr)
                self._processes.remove(process)
                self._start(*process.args)
        return self.pactl('info')

    def _without_logind(self):
        """wireplumber 0.4 ends at once where logind has never run, as on a new machine; it wants it
        for Bluetooth only."""
        folder = os.path.join(self.env['XDG_CONFIG_HOME'], 'wireplumber', 'bluetooth.lua.d')
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, '51-none.lua'), 'w', encoding='ascii') as file:
            file.write('bluez_monitor.enabled = false\n')

    def set_default(self, kind, name):
        def done():
            self.pactl(f'set-default-{kind}', name)
            return f'{name}\n' == self.pactl(f'get-default-{kind}')
        wait_for(done, 20, f'the default {kind} {name}')

    def pactl(self, *args):
        done = subprocess.run(['pactl', *args], env=self.env, capture_output=True, timeout=20,
                              check=False)
        if done.returncode != 0:
            raise RuntimeError(f'pactl {args}: {done.stderr}')
        return done.stdout.decode()

    def names(self, kind):
        return [line.split('\t')[1] for line in self.pactl('list', 'short', kind).splitlines()]

    def streams(self, kind='sink-inputs', of='io.github.bulkhead.'):
        """Streams of bulkhead-sound: a dict of their properties each; what tests play is left out."""
        found, current = [], None
        for line in self.pactl('list', kind).splitlines():
            if not line.startswith(('\t', ' ')) and '#' in line:
                current = {'index': line.split('#')[1]}
                found.append(current)
            elif current is not None:
                name, _, value = line.strip().replace(' = ', ':', 1).partition(':')
                current.setdefault(name, value.strip().strip('"'))
        return [s for s in found if s.get('application.id', '').startswith(of)]

    def play(self, path, device):
        """Play a file on the host, as a microphone hears something."""
        player = subprocess.Popen(['paplay', '-d', device, path], env=self.env,
                                  stdin=subprocess.DEVNULL)
        self._players.append(player)
        return player

    def record(self, path, device='out.monitor'):
        return Recording(self, path, device)

    def kill_server(self):
        """As when the server crashes."""
        for process in reversed(self._processes):
            process.kill()
            process.wait()
        self._processes.clear()

    def stop(self):
        for process in [*self._players, *reversed(self._processes), self._bus]:
            if process is None:
                continue
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._players, self._processes, self._bus = [], [], None


class Recording:
    """What a device of the host plays or hears, as a list of samples of the left channel."""

    def __init__(self, server, path, device):
        self.path = path
        with open(path, 'wb') as out:
            self._process = subprocess.Popen(
                ['parec', '-d', device, '--raw', f'--rate={RATE}', '--channels=2', '--format=s16le',
                 '--latency-msec=20'], env=server.env, stdin=subprocess.DEVNULL, stdout=out)
        wait_for(lambda: os.path.getsize(path) > 0, 20, 'the recording')

    def seconds(self):
        return os.path.getsize(self.path) / 4 / RATE

    def so_far(self):
        with open(self.path, 'rb') as file:
            return left_of(file.read())

    def stop(self):
        self._process.terminate()
        self._process.wait()
        return self.so_far()


def left_of(data):
    samples = array.array('h', data[:len(data) // 4 * 4])
    if sys.byteorder == 'big':
        samples.byteswap()
    return samples[::2]


def write_tone(path, seconds, frequency=1000, amplitude=12000):
    period = RATE // math.gcd(RATE, frequency)
    once = array.array('h')
    for i in range(period):
        once.extend([round(amplitude * math.sin(2 * math.pi * frequency * i / RATE))] * 2)
    count = int(seconds * RATE) // period
    with wave.open(path, 'wb') as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(once.tobytes() * count)
    return path


class Tone:
    """What a recording holds: begin and seconds of what is not silence, its frequency, and gaps.

    gaps: (second, length in seconds) of every silence in it of at least a millisecond."""

    def __init__(self, samples, threshold=300):
        loud = [i for i, value in enumerate(samples) if value > threshold or value < -threshold]
        self.gaps, self.frequency = [], 0.0
        if not loud:
            self.begin, self.seconds = 0.0, 0.0
            return
        self.begin = loud[0] / RATE
        self.seconds = (loud[-1] - loud[0] + 1) / RATE
        last = loud[0]
        for i in loud:
            if i - last > RATE // 1000:
                self.gaps.append(((last - loud[0]) / RATE, (i - last) / RATE))
            last = i
        # Of the longest stretch without a gap: a gap would spoil the count.
        borders = [0.0, *[at for gap in self.gaps for at in (gap[0], gap[0] + gap[1])], self.seconds]
        first, end = max(zip(borders[::2], borders[1::2]), key=lambda pair: pair[1] - pair[0])
        part = samples[loud[0] + int(first * RATE):loud[0] + int(end * RATE)]
        rising = [i for i in range(1, len(part)) if part[i - 1] < 0 <= part[i]]
        if len(rising) > 1:
            self.frequency = RATE * (len(rising) - 1) / (rising[-1] - rising[0])

    def longest_gap(self):
        return max((length for _, length in self.gaps), default=0.0)

    def __repr__(self):
        gaps = ', '.join(f'{length * 1000:.0f} ms at {at:.2f}' for at, length in self.gaps[:10])
        return (f'Tone({self.seconds:.2f} s of {self.frequency:.2f} Hz from {self.begin:.2f}, '
                f'{len(self.gaps)} gaps: {gaps})')


class SoundProcess:
    """bulkhead-sound, with this test as the service."""

    def __init__(self, env, name, log, latency=60):
        service, sound_bus = socket.socketpair()
        self.proxy_end, sound_end = socket.socketpair()
        self.states, self.volumes = [], []
        with open(log, 'ab') as out:
            self.process = popen_with_fds(
                [build_path('src', 'sound', 'bulkhead-sound'), '--id', name.lower(), '--name', name,
                 '--latency', str(latency)], {3: sound_bus.fileno(), 4: sound_end.fileno()}, env=env,
                stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        for end in (sound_bus, sound_end):
            end.close()
        stream = Gio.Socket.new_from_fd(service.detach()).connection_factory_create_connection()
        self.bus = Gio.DBusConnection.new_sync(
            stream, Gio.dbus_generate_guid(),
            Gio.DBusConnectionFlags.AUTHENTICATION_SERVER
            | Gio.DBusConnectionFlags.DELAY_MESSAGE_PROCESSING, None, None)
        self.bus.set_exit_on_close(False)
        self.bus.signal_subscribe(None, SOUND_INTERFACE, None, SOUND_PATH, None,
                                  Gio.DBusSignalFlags.NONE, self._on_signal)
        self.bus.start_message_processing()

    def _on_signal(self, _bus, _sender, _path, _interface, name, arguments):
        (self.states if name == 'State' else self.volumes).append(arguments.unpack())

    def call(self, method, signature=None, arguments=None):
        variant = GLib.Variant(signature, arguments) if signature else None
        return self.bus.call_sync(None, SOUND_PATH, SOUND_INTERFACE, method, variant, None,
                                  Gio.DBusCallFlags.NONE, 10000, None)

    @property
    def state(self):
        """(playing, recording)"""
        while GLib.MainContext.default().iteration(False):
            pass
        return self.states[-1] if self.states else (False, False)

    def stop(self):
        self.proxy_end.close()
        try:
            self.bus.close_sync(None)
        except GLib.Error:
            pass  # its other end was quicker
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


def connect_sound(bus, sound):
    """Give the proxy on @bus the other end of bulkhead-sound, as the service does."""
    fds = Gio.UnixFDList.new()
    handle = fds.append(sound.proxy_end.fileno())
    bus.call_with_unix_fd_list_sync(None, PROXY_PATH, PROXY_INTERFACE, 'ConnectSound',
                                    GLib.Variant('(h)', (handle,)), None, Gio.DBusCallFlags.NONE,
                                    10000, fds, None)
    sound.proxy_end.close()


class SoundPair(Pair):
    """The pair, and bulkhead-sound as soon as it is wanted."""

    def __init__(self, sway, server, name='Work', latency=60, environment=None, **kwargs):
        super().__init__(sway, name, **kwargs)
        self.server, self.latency = server, latency
        self.sound, self._answered = None, 0
        self.allowed = (False, False)
        # Its PipeWire is another than the host's, and so is what its session manager remembers.
        self.guest_env = {variable: self.sway.place.path(f'guest-{name}-{variable}')
                          for variable in ('XDG_STATE_HOME', 'XDG_CONFIG_HOME', 'XDG_CACHE_HOME')}
        self.guest_env.update(environment or {})

    def switch(self, play, record):
        self.allowed = (play, record)
        self.call('SetSound', '(bb)', (play, record))
        if self.sound is not None:
            self.sound.call('SetSwitches', '(bb)', (play, record))

    def pump(self):
        super().pump()
        wanted = sum(1 for name, _ in self.signals if name == 'SoundWanted')
        if wanted > self._answered:
            self._answered = wanted
            if self.sound is not None:
                self.sound.stop()
            self.sound = SoundProcess(self.server.env, self.name, self.log, self.latency)
            self.sound.call('SetSwitches', '(bb)', self.allowed)
            connect_sound(self.bus, self.sound)

    def wait_state(self, playing, recording, timeout=20):
        def there():
            self.pump()
            return self.sound is not None and self.sound.state == (playing, recording)
        try:
            wait_for(there, timeout, f'the state {playing, recording}')
        except Timeout as timed_out:
            raise Timeout(f'{timed_out}; {self.signals}, {self.sound and self.sound.states}, '
                          f'{self.server.pactl("list", "sink-inputs")}\n{self.log_tail()}') from None

    def stop(self):
        super().stop()
        if self.sound is not None:
            self.sound.stop()
            self.sound = None


class SoundTestCase(DesktopTestCase):
    server_kind = 'pipewire'

    def setUp(self):
        super().setUp()
        self.server = SoundServer(self.sway.place, self.server_kind)
        self.addCleanup(self.server.stop)
        self.server.start()

    def pair(self, play=True, record=False, **kwargs):
        pair = SoundPair(self.sway, self.server, **kwargs)
        self.addCleanup(pair.stop)
        pair.start()
        pair.switch(play, record)
        return pair

    def path(self, name):
        return self.sway.place.path(name)

    def tone(self, seconds, frequency=1000):
        path = self.path(f'tone-{seconds}-{frequency}.wav')
        return path if os.path.exists(path) else write_tone(path, seconds, frequency)

    def wait_tone(self, recording, seconds, timeout=30):
        """Until @seconds of sound were heard."""
        def heard():
            tone = Tone(recording.so_far())
            return tone if tone.seconds >= seconds else None
        return wait_for(heard, timeout, f'{seconds} s of sound')
