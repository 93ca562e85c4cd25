# SPDX-License-Identifier: GPL-3.0-or-later
"""What the seal on frozen memory is worth: guests that share it, with the balloon that no thawed AppVM gets, and an
attacker in them who is root and gives memory back through it.

Without the seal QEMU punches holes into the memory that all of them share; with it the same attack changes nothing.
The service and bulkhead-vmm leave out neither seal nor check, so QEMU is started here by hand.
"""

import fcntl
import json
import os
import signal
import socket
import subprocess
import time

import harness
from boot import BootTest
from boot.guest import Guest, Wire
from frozen import digest

MEMORY = 320  # MiB
BOOT = 120
SEALS = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW
ATTACK = ('echo balloon >/tmp/attack; i=0; while [ ! -e /tmp/attack.done ] && [ $i -lt 600 ]; do sleep 0.1; '
          'i=$((i + 1)); done; cat /tmp/attack.done')


def copy(source):
    """Another memfd with the same content."""
    target = os.memfd_create('bulkhead-ram', os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(target, MEMORY << 20)
    for at in range(0, MEMORY << 20, 1 << 20):
        piece = os.pread(source, 1 << 20, at)
        if piece.strip(b'\0'):
            os.pwrite(target, piece, at)
    return target


class Qemu:
    """One QEMU on the memory @ram: a guest that boots, or with @state one that goes on."""

    def __init__(self, test, name, ram, state=None):
        self.wire_path, monitor = test.path(name + '.wire'), test.path(name + '.monitor')
        self.process = subprocess.Popen(
            [test.qemu, '-machine', 'q35,memory-backend=ram', '-accel', 'tcg', '-cpu', 'max,erms=off,la57=off',
             '-m', str(MEMORY), '-nodefaults', '-no-user-config', '-display', 'none',
             '-object', f'memory-backend-file,id=ram,mem-path=/proc/self/fd/{ram},size={MEMORY}M,'
                        f'share={"off" if state else "on"}',
             '-kernel', test.kernel, '-initrd', test.initramfs,
             '-append', 'console=ttyS0 panic=-1 random.trust_cpu=on quiet tsc=reliable',
             '-serial', 'file:' + test.path(name + '.log'),
             '-chardev', f'socket,id=wire,path={self.wire_path},server=on,wait=off', '-device', 'virtio-serial-pci',
             '-device', 'virtserialport,chardev=wire,name=io.github.bulkhead.wire',
             *(word for tag, path in (('usr', '/usr'), ('seed', test.seed))
               for word in ('-fsdev', f'local,security_model=none,multidevs=remap,id={tag},path={path},readonly=on',
                            '-device', f'virtio-9p-pci,fsdev={tag},mount_tag={tag}')),
             '-device', 'virtio-balloon-pci,free-page-reporting=on',
             '-qmp', f'unix:{monitor},server=on,wait=off',
             *(('-incoming', 'defer') if state else ())],
            pass_fds=(ram,), stderr=subprocess.DEVNULL)
        test.addCleanup(self.stop)
        self.socket = socket.socket(socket.AF_UNIX)
        harness.wait_for(lambda: self.socket.connect(monitor) is None, 30, 'QEMU')
        self.lines = self.socket.makefile('r')
        self.ask('qmp_capabilities')
        self.ask('migrate-set-capabilities', capabilities=[{'capability': 'x-ignore-shared', 'state': True}])
        if state:
            self.ask('migrate-incoming', uri='exec:cat ' + state)
            self.wait_moved()
            self.ask('cont')

    def ask(self, command, may_fail=False, **arguments):
        self.socket.sendall(json.dumps({'execute': command, 'arguments': arguments}).encode())
        for line in self.lines:
            answer = json.loads(line)
            if 'return' in answer:
                return answer['return']
            if 'error' in answer:
                if may_fail:
                    return None
                raise AssertionError(answer)
        raise AssertionError('QEMU has ended')

    def wait_moved(self):
        while (now := self.ask('query-migrate')).get('status') != 'completed':
            if now.get('status') == 'failed':
                raise AssertionError(now)
            time.sleep(0.02)

    def freeze(self, state):
        """Once the guest waits for the host again, and has nothing mounted."""
        time.sleep(1)
        harness.wait_for(lambda: self.ask('migrate', may_fail=True, uri='exec:cat > ' + state) is not None, 60,
                         'a guest that can be frozen')
        self.wait_moved()
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(30)
            self.lines.close()
            self.socket.close()


class Seal(BootTest):
    def setUp(self):
        super().setUp()
        self.use_programs(guest=harness.build_path('tests', 'frozen', 'hostile-guest'))
        _, self.kernel, _ = self.boot_tool('kernel')
        self.initramfs, = self.boot_tool('initramfs')
        self.seed, = self.boot_tool('seed')
        self.qemu, = self.boot_tool('qemu')

    def attack(self, name, ram):
        """What the attacker says; the memory's content before and after."""
        guest = Guest(self)
        before = digest(ram)
        qemu = Qemu(self, name, ram, self.path('device-state'))
        guest.wire = Wire(qemu.wire_path)
        try:
            self.assertEqual(guest.wire.wait('hello', BOOT)['configured'], 0)
            self.assertEqual(guest.configure()['status'], 0)
            code, said = guest.run(ATTACK, timeout=BOOT)
        finally:
            guest.wire.close()
            qemu.stop()
        self.assertEqual(code, 0, said)
        return said, before, digest(ram)

    def test_only_the_seal_keeps_a_guest_from_changing_its_siblings_memory(self):
        ram = os.memfd_create('bulkhead-ram', os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        self.addCleanup(os.close, ram)
        os.ftruncate(ram, MEMORY << 20)
        qemu = Qemu(self, 'first', ram)
        wire = Wire(qemu.wire_path)
        wire.wait('hello', BOOT)
        wire.close()
        qemu.freeze(self.path('device-state'))
        sealed = copy(ram)
        self.addCleanup(os.close, sealed)
        fcntl.fcntl(sealed, fcntl.F_ADD_SEALS, SEALS)
        for name, memory in (('unsealed', ram), ('sealed', sealed)):
            with self.subTest(name):
                said, before, after = self.attack(name, memory)
                # It reaches the balloon in either case.
                lost = 0 if memory == sealed else 256
                self.assertIn(f'inflate: 1 of 1 taken, {lost} pages lost', said)
                self.assertRegex(said, r'report: (\d+) of \1 taken')
                (self.assertEqual if memory == sealed else self.assertNotEqual)(before, after)


if __name__ == '__main__':
    harness.require_ordinary_user()
    harness.main()
