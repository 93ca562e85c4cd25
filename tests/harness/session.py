# SPDX-License-Identifier: GPL-3.0-or-later
"""A private session: bus, libvirt daemons and the built bulkhead-service, in folders of their own.

    with Sway() as sway, Session(sway) as session:
        vm = session.create('Work', Color='#e66100')
        job = vm.launch(app='foot.desktop')
        print(job.wait(90))

Everything started here is ended by stop(), by process id: programs, AppVMs, daemons, bus.
"""

import fcntl
import hashlib
import os
import signal
import subprocess
import time

import gi
gi.require_version('Gio', '2.0')
from gi.repository import Gio, GLib  # noqa: E402

from . import Place, Timeout, artifact_path, build_path, listens, wait_for  # noqa: E402

NAME = 'io.github.bulkhead.Service'
ROOT = '/io/github/bulkhead'
ERROR = 'io.github.bulkhead.Error.'
PROGRAMS = {
    'bulkhead-service': 'src/service/bulkhead-service',
    'bulkhead-proxy': 'src/proxy/bulkhead-proxy',
    'bulkhead-vmm': 'src/vmm/bulkhead-vmm',
    'bulkhead-disktool': 'src/disktool/bulkhead-disktool',
    'bulkhead-guest': 'src/guest/bulkhead-guest',
    'bulkhead-icon': 'src/icon/bulkhead-icon',
    'bulkhead-media': 'src/media/bulkhead-media',
    'bulkhead-sound': 'src/sound/bulkhead-sound',
    'bulkhead-camera': 'src/camera/bulkhead-camera',
    'bulkhead-netgate': 'src/netgate/bulkhead-netgate',
    'bulkhead-screen': 'src/screen/bulkhead-screen',
    'bulkhead-init': 'src/init/bulkhead-init',
}
BUS_CONFIG = '''<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <servicedir>{services}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
'''


class DBusError(Exception):
    """An error reply: .name without the prefix for our own ("NotFound"), .message."""

    def __init__(self, error):
        name = Gio.DBusError.get_remote_error(error) or ''
        self.name = name[len(ERROR):] if name.startswith(ERROR) else name
        self.message = error.message.replace(f'GDBus.Error:{name}: ', '', 1)
        super().__init__(f'{self.name}: {self.message}')


class JobFailed(Exception):
    """A job's end that is not "done": .state, .name (as in DBusError), .message, .job."""

    def __init__(self, job, state, error):
        name, self.message = error
        self.name = name[len(ERROR):] if name.startswith(ERROR) else name
        self.state, self.job = state, job
        super().__init__(f'{state}: {self.name}: {self.message}')


class Remote:
    """An object on the private bus: call() and get()."""

    def __init__(self, session, path, interface):
        self.session, self.path, self.interface = session, path, interface

    def call(self, method, signature=None, *args, timeout=30, reply_fds=False):
        variant = GLib.Variant(signature, args) if signature else None
        try:
            if reply_fds:
                out, fds = self.session.bus.call_with_unix_fd_list_sync(
                    NAME, self.path, self.interface, method, variant, None,
                    Gio.DBusCallFlags.NONE, timeout * 1000, None, None)
                return [fds.get(i) for i in range(fds.get_length())]
            out = self.session.bus.call_sync(
                NAME, self.path, self.interface, method, variant, None,
                Gio.DBusCallFlags.NONE, timeout * 1000, None)
        except GLib.Error as error:
            raise DBusError(error) from None
        out = out.unpack()
        return out[0] if len(out) == 1 else out or None

    def get(self, name):
        try:
            return self.session.bus.call_sync(
                NAME, self.path, 'org.freedesktop.DBus.Properties', 'Get',
                GLib.Variant('(ss)', (self.interface, name)), None,
                Gio.DBusCallFlags.NONE, 30000, None).unpack()[0]
        except GLib.Error as error:
            raise DBusError(error) from None


class Job(Remote):
    def __init__(self, session, path):
        super().__init__(session, path, 'io.github.bulkhead.Job1')

    def wait(self, timeout=120):
        """Its result; JobFailed when it ended otherwise."""
        wait_for(lambda: self.get('State') != 'running', timeout,
                 f'the end of the job (now at “{self.get("Step")}”)')
        state = self.get('State')
        if state != 'done':
            raise JobFailed(self, state, self.get('Error'))
        return self.get('Result')

    def timeline(self):
        """[(step, seconds since the call)]"""
        steps = self.get('Timeline')
        return [(name, (time_ - steps[0][1]) / 1e6) for name, time_ in steps]

    def cancel(self):
        self.call('Cancel')


class Vm(Remote):
    def __init__(self, session, path):
        super().__init__(session, path, 'io.github.bulkhead.Vm1')

    def _job(self, method, signature, *args):
        return Job(self.session, self.call(method, signature, *args))

    def _options(self, options):
        if self.session.display and 'display' not in options:
            options['display'] = self.session.display
        kinds = {str: 's', bool: 'b', list: 'as', tuple: 'as'}
        return {name.replace('_', '-'): GLib.Variant(kinds[type(value)], value)
                for name, value in options.items() if value is not None}

    def start(self, **options):
        return self._job('Start', '(a{sv})', self._options(options))

    def launch(self, **options):
        return self._job('Launch', '(a{sv})', self._options(options))

    def open_files(self, files=(), urls=(), **options):
        """Vm1.Open: [(descriptor, name)]; the job."""
        fds = Gio.UnixFDList()
        items = [(fds.append(fd), os.fsencode(name) + b'\0') for fd, name in files]
        variant = GLib.Variant('(a{sv}a(hay)as)', (self._options(options), items, list(urls)))
        try:
            out, _ = self.session.bus.call_with_unix_fd_list_sync(
                NAME, self.path, self.interface, 'Open', variant, None, Gio.DBusCallFlags.NONE, 30000, fds, None)
        except GLib.Error as error:
            raise DBusError(error) from None
        return Job(self.session, out.unpack()[0])

    def stop(self, force=False):
        return self._job('Stop', '(b)', force)

    def set(self, **settings):
        return self.call('Set', '(a{ss})', settings)

    def delete(self):
        self.call('Delete')

    def log(self, lines=200):
        return self.call('ReadLog', '(u)', lines)

    @property
    def state(self):
        return self.get('State')

    def wait_state(self, state, timeout=60):
        wait_for(lambda: self.state == state, timeout,
                 f'state {state} (now {self.state}: {self.get("Error")})')


class Session:
    """start() … stop(), or a with block.

    sway: shows the windows; None: no display at all.
    env: more environment for the service (and the daemons).
    private_cache: do not use the cache that all tests of this user share.
    uri: libvirt's; "test:///default" needs no daemon.
    activate: leave it to the bus to start the service.
    boots: AppVMs boot, as without a frozen guest; otherwise those with usual settings are thawed from one
    that all tests of this user share, unless $BULKHEAD_TEST_BOOT is set.
    ready_ahead: how many guests the service keeps thawed for the next start.
    """

    def __init__(self, sway=None, place=None, env=None, private_cache=False, uri=None, activate=False,
                 boots=False, ready_ahead=0):
        self._own_place = place is None and sway is None
        self.place = place or (sway.place if sway else Place())
        self.display = sway.env['WAYLAND_DISPLAY'] if sway else None
        self.env = dict(self.place.env)
        if not private_cache:
            self.env['XDG_CACHE_HOME'] = shared_cache()
        self.libexec = self.place.path('libexec')
        self.env['BULKHEAD_LIBEXEC_DIR'] = self.libexec
        if self.display:
            self.env['WAYLAND_DISPLAY'] = self.display
        if uri:
            self.env['BULKHEAD_LIBVIRT_URI'] = uri
        # Made by prime() or by tests about making them, and never while a test looks elsewhere.
        self.env['BULKHEAD_FREEZE_DELAY'] = '-1'
        self._boots = boots = boots or bool(os.environ.get('BULKHEAD_TEST_BOOT'))
        self._primes = self.display and not (private_cache or boots or activate or uri)
        self.env['G_MESSAGES_DEBUG'] = os.environ.get('G_MESSAGES_DEBUG', 'bulkhead-service')
        self._plain_env = dict(self.env)
        self.env.update(env or {})
        self._needs_libvirt = not (uri or '').startswith('test:')
        self._activate = activate
        self._ready_ahead = ready_ahead
        self._daemons = []
        self.service = None
        self.bus = None
        self.signals = []
        self.service_log = self.place.path('service.log')

    def connect(self):
        """One more caller on the bus."""
        bus = Gio.DBusConnection.new_for_address_sync(
            self.env['DBUS_SESSION_BUS_ADDRESS'],
            Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
        bus.set_exit_on_close(False)
        return bus

    # Starting

    def start(self):
        os.makedirs(self.libexec, exist_ok=True)
        for name, built in PROGRAMS.items():
            link = os.path.join(self.libexec, name)
            if not os.path.lexists(link):  # a test may have put its own there
                try:
                    os.symlink(build_path(*built.split('/')), link)
                except FileNotFoundError:
                    if name == 'bulkhead-service':
                        raise
        conf = os.path.join(self.env['XDG_CONFIG_HOME'], 'bulkhead', 'service.conf')
        if not os.path.exists(conf):
            os.makedirs(os.path.dirname(conf), mode=0o700, exist_ok=True)
            with open(conf, 'w', encoding='utf-8') as file:
                file.write(f'[Service]\nReadyAhead={self._ready_ahead}\n')
        self._start_bus()
        if self._needs_libvirt:
            self.start_libvirt()
        if self._primes:
            self._prime()
        if not self._activate:
            self.start_service()
        return self

    def _prime(self):
        """See to it that the shared cache has a frozen guest of what is installed and built now."""
        cache = self.env['XDG_CACHE_HOME']
        now = fingerprint()
        marker = os.path.join(cache, 'primed')
        with open(os.path.join(cache, 'prime.lock'), 'w', encoding='ascii') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _read(marker) == now:
                return
            print('making a frozen guest for all tests', flush=True)
            usual, self.env = self.env, {**self._plain_env, **{
                name: self.env[name] for name in ('DBUS_SESSION_BUS_ADDRESS',)}}
            try:
                self._make_frozen()
                with open(marker, 'w', encoding='ascii') as file:
                    file.write(now)
            except (DBusError, JobFailed, Timeout) as error:
                print(f'none: {error}: AppVMs boot', flush=True)
            finally:
                self.env = usual
                self.stop_service()
                self.signals.clear()
                os.replace(self.service_log, self.service_log + '.prime')

    def _make_frozen(self):
        begin = int(time.time())
        self.start_service(extra_env={'BULKHEAD_FREEZE_DELAY': '0'})
        vm = self.create('Prime', AutoStop='0')
        job = vm.start()
        job.wait(240)
        if 'thawed' not in dict(job.timeline()):
            wait_for(lambda: any(one['made'] >= begin for one in self.manager.call('ListFrozen')),
                     240, 'a frozen guest')
        vm.stop(force=True).wait(60)
        vm.delete()

    def _start_bus(self):
        services = self.place.path('services')
        socket = os.path.join(self.place.runtime, 'bus')
        os.makedirs(services, exist_ok=True)
        with open(os.path.join(services, NAME + '.service'), 'w', encoding='utf-8') as file:
            file.write(f'[D-BUS Service]\nName={NAME}\nExec={self.libexec}/bulkhead-service\n')
        config = self.place.path('bus.conf')
        with open(config, 'w', encoding='utf-8') as file:
            file.write(BUS_CONFIG.format(socket=socket, services=services))
        self.env['DBUS_SESSION_BUS_ADDRESS'] = 'unix:path=' + socket
        self.bus_daemon = self._spawn(['dbus-daemon', '--nofork', '--nopidfile', '--config-file', config], 'bus.log')
        wait_for(lambda: listens(socket), 10, 'the bus')
        self.bus = wait_for(self.connect, 10, 'the bus')
        self.bus.signal_subscribe(None, None, None, None, None, Gio.DBusSignalFlags.NONE,
                                  lambda _c, _s, path, interface, name, args:
                                  self.signals.append((path, interface, name, args.unpack())))

    def _spawn(self, argv, log):
        with open(self.place.path(log), 'ab') as out:
            process = subprocess.Popen(argv, env=self.env, stdout=out, stderr=out,
                                       stdin=subprocess.DEVNULL, start_new_session=True)
        self._daemons.append(process)
        return process

    def start_libvirt(self):
        """Our own children rather than started by libvirt, so that stop() can end them."""
        runtime = os.path.join(self.place.runtime, 'libvirt')
        self.virtlogd = self._spawn(['/usr/sbin/virtlogd', '--timeout', '300'], 'virtlogd.log')
        wait_for(lambda: os.path.exists(os.path.join(runtime, 'virtlogd-sock')), 15, 'virtlogd')
        self.libvirtd = self._spawn(['/usr/sbin/libvirtd', '--timeout', '300'], 'libvirtd.log')
        wait_for(lambda: os.path.exists(os.path.join(runtime, 'libvirt-sock')), 30, 'libvirtd')

    def start_service(self, extra_env=None, timeout=15):
        with open(self.service_log, 'ab') as out:
            self.service = subprocess.Popen([os.path.join(self.libexec, 'bulkhead-service')],
                                            env={**self.env, **(extra_env or {})}, stdout=out,
                                            stderr=out, stdin=subprocess.DEVNULL)
        wait_for(self._service_ready, timeout, 'the service on the bus')

    def _service_ready(self):
        if self.service.poll() is not None:
            raise Timeout('the service ended: ' + self.read_service_log()[-2000:])
        return self.bus.call_sync(
            'org.freedesktop.DBus', '/', 'org.freedesktop.DBus', 'NameHasOwner',
            GLib.Variant('(s)', (NAME,)), None, Gio.DBusCallFlags.NONE, 5000, None).unpack()[0]

    def read_service_log(self):
        try:
            with open(self.service_log, encoding='utf-8', errors='replace') as file:
                return file.read()
        except FileNotFoundError:
            return ''

    # Use

    @property
    def manager(self):
        return Remote(self, ROOT, 'io.github.bulkhead.Manager1')

    def create(self, name, **settings):
        if self._boots:
            settings.setdefault('Thaw', 'false')
        return Vm(self, self.manager.call('CreateVm', '(a{ss})', {'Name': name, **settings}))

    def find(self, name):
        return Vm(self, self.manager.call('FindVm', '(s)', name))

    def objects(self):
        return self.bus.call_sync(NAME, ROOT, 'org.freedesktop.DBus.ObjectManager',
                                  'GetManagedObjects', None, None, Gio.DBusCallFlags.NONE, 30000,
                                  None).unpack()[0]

    def iterate(self):
        """Take in signals that have come."""
        while GLib.MainContext.default().iteration(False):
            pass

    def wait_signal(self, name, timeout=30, predicate=lambda args: True):
        """The arguments of the first signal of that name that the predicate takes."""
        def look():
            self.iterate()
            for _path, _interface, member, args in self.signals:
                if member == name and predicate(args):
                    return (args,)
            return None
        return wait_for(look, timeout, f'the signal {name}')[0]

    def qemu_pids(self):
        """The QEMU processes of this session's AppVMs."""
        return [pid for pid, words in _processes()
                if any(b'guest=bulkhead-' in word for word in words)
                and any(self.place.root.encode() in word for word in words)]

    def proxy_pids(self):
        program = os.path.join(self.libexec, 'bulkhead-proxy').encode()
        return [pid for pid, words in _processes() if words[0] == program]

    def rss(self, pid):
        """Resident memory in MiB."""
        with open(f'/proc/{pid}/status', encoding='ascii', errors='replace') as file:
            for line in file:
                if line.startswith('VmRSS:'):
                    return int(line.split()[1]) / 1024
        return 0

    # Ending

    def keep_evidence(self, test):
        """The service's log and the AppVMs' logs, into the artifacts folder."""
        path = artifact_path(test, '.log')
        with open(path, 'w', encoding='utf-8') as out:
            out.write(self.read_service_log())
            state = os.path.join(self.env['XDG_STATE_HOME'], 'bulkhead')
            for name in sorted(os.listdir(state)) if os.path.isdir(state) else []:
                out.write(f'\n==== {name}\n')
                with open(os.path.join(state, name), encoding='utf-8', errors='replace') as file:
                    out.write(file.read()[-20000:])
        print(f'logs: {path}', flush=True)

    def stop_service(self, timeout=20):
        """SIGTERM, as at logout; returns its exit status."""
        if self.service is None:
            return None
        service, self.service = self.service, None
        if service.poll() is None:
            service.send_signal(signal.SIGTERM)
            try:
                service.wait(timeout)
            except subprocess.TimeoutExpired:
                service.kill()
        return service.wait()

    def kill_service(self):
        service, self.service = self.service, None
        service.kill()
        return service.wait()

    def stop(self):
        if self._activate and self.bus is not None:
            try:
                pid = self.bus.call_sync(
                    'org.freedesktop.DBus', '/', 'org.freedesktop.DBus',
                    'GetConnectionUnixProcessID', GLib.Variant('(s)', (NAME,)), None,
                    Gio.DBusCallFlags.NONE, 5000, None).unpack()[0]
                self.manager.call('Quit', '(b)', True)
                wait_for(lambda: not os.path.exists(f'/proc/{pid}'), 20, 'the end of the service')
            except (GLib.Error, DBusError, Timeout):
                pass
        self.stop_service()
        for pid in self.qemu_pids() + self.proxy_pids():
            _kill(pid)
        if self.bus is not None:
            if not self.bus.is_closed():
                self.bus.close_sync(None)
            self.bus = None
        for process in reversed(self._daemons):
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
            process.wait()
        self._daemons = []
        for name in ('libvirtd.pid', 'virtlogd.pid'):  # those that libvirt has started by itself
            _end_by_pid_file(os.path.join(self.place.runtime, 'libvirt', name))
        if self._own_place:
            self.place.remove()

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()


def shared_cache():
    """Kernel, initramfs and libvirt's knowledge of QEMU: seconds to make, the same for all tests."""
    path = os.environ.get('BULKHEAD_TEST_CACHE') or f'/tmp/bh-cache-{os.getuid()}'
    os.makedirs(path, mode=0o700, exist_ok=True)
    return path


def fingerprint():
    """Of what a frozen guest depends on, roughly: more changes with it than with the service's own key."""
    found = [repr(os.path.exists('/opt') and bool(os.listdir('/opt')))]
    paths = [build_path(*built.split('/')) for built in PROGRAMS.values()]
    paths += ['/usr/bin/qemu-system-x86_64', '/usr/sbin/libvirtd', '/boot', '/lib/modules']
    for top, _dirs, names in os.walk('/etc'):
        paths += [os.path.join(top, name) for name in names]
    for path in sorted(paths):
        try:
            # /etc/mtab leads to /proc, where everything is new each time.
            st = os.lstat(path) if path.startswith('/etc/') else os.stat(path)
            found.append(f'{path} {st.st_size} {st.st_mtime_ns}')
        except OSError:
            pass
    return hashlib.sha256('\n'.join(found).encode()).hexdigest()


def _read(path):
    try:
        with open(path, encoding='ascii') as file:
            return file.read()
    except FileNotFoundError:
        return None


def _processes():
    """(pid, command line) of every process that has one."""
    for name in os.listdir('/proc'):
        if name.isdigit():
            try:
                with open(f'/proc/{name}/cmdline', 'rb') as file:
                    words = file.read().split(b'\0')
            except OSError:
                continue
            if words[0]:
                yield int(name), words


def _kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    deadline = time.monotonic() + 5
    while os.path.exists(f'/proc/{pid}') and time.monotonic() < deadline:
        time.sleep(0.02)


def _end_by_pid_file(path):
    try:
        with open(path, encoding='ascii') as file:
            pid = int(file.read())
        with open(f'/proc/{pid}/cmdline', 'rb') as file:
            if b'virtlogd' not in (words := file.read()) and b'libvirtd' not in words:
                return
        os.kill(pid, signal.SIGTERM)
        wait_for(lambda: not os.path.exists(f'/proc/{pid}'), 10, f'the end of {path}')
    except (OSError, ValueError, Timeout):
        pass
