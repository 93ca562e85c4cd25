# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual machine with an IOMMU, PCI devices and USB devices of its own, or other devices, that runs a test as root.

Its files are this computer's, read-only; what a test changes is its kernel's.
"""

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import harness

# What it has, and tests look for: see the tests for their places.
DEVICES = (
    '-device', 'intel-iommu,caching-mode=on',
    '-device', 'pcie-root-port,id=port1,chassis=1,slot=1', '-device', 'pcie-root-port,id=port2,chassis=2,slot=2',
    # Alone in its group, with a driver of the host.
    '-device', 'e1000e,bus=port1,mac=02:00:00:00:10:01',
    # Two functions, one group.
    '-device', 'rtl8139,addr=0x8.0,multifunction=on,mac=02:00:00:00:10:02',
    '-device', 'rtl8139,addr=0x8.1,mac=02:00:00:00:10:03',
    # A disk that is mounted.
    '-device', 'nvme,bus=port2,serial=1,drive=disk', '-drive', 'if=none,id=disk,file={disk},format=raw',
    '-device', 'VGA,addr=0x9',
    '-device', 'qemu-xhci,id=usb,addr=0xa,p2=8,p3=8',
    '-device', 'usb-kbd,bus=usb.0,port=1', '-device', 'usb-mouse,bus=usb.0,port=2',
    '-device', 'usb-storage,bus=usb.0,port=3,drive=stick,id=stick',
    '-drive', 'if=none,id=stick,file={stick},format=raw',
    '-device', 'usb-serial,bus=usb.0,port=4,chardev=serial,id=serial,always-plugged=on', '-chardev', 'null,id=serial',
    '-device', 'usb-hub,bus=usb.0,port=5',
    # Its own monitor, for who plugs in and out: QEMU connects to itself.
    '-chardev', 'socket,id=monitor,path={monitor},server=on,wait=off', '-mon', 'chardev=monitor,mode=control',
    '-chardev', 'socket,id=inside,path={monitor},server=off',
    '-device', 'virtio-serial-pci', '-device', 'virtserialport,chardev=inside,name=monitor',
)

TRIES = 3
PANIC = 'Kernel panic - not syncing'


def kernel():
    for image in sorted(glob.glob('/boot/vmlinuz-*'), reverse=True):
        release = image.split('vmlinuz-', 1)[1]
        if 'cloud' not in release and os.path.isdir('/lib/modules/' + release):
            return image, release
    return None


def modules(release, *names):
    """Paths in the order to load them."""
    paths = []
    for name in names:
        done = subprocess.run(['modprobe', '--show-depends', '--set-version', release, name],
                              capture_output=True, text=True, check=True)
        for path in re.findall(r'^insmod (\S+)', done.stdout, re.M):
            if path not in paths:
                paths.append(path)
    return paths


def unpack(path, target):
    """A module as the kernel takes it."""
    for ending, command in (('.xz', 'xz'), ('.zst', 'zstd'), ('.gz', 'gzip')):
        if path.endswith(ending):
            with open(target, 'wb') as file:
                subprocess.run([command, '-dc', path], stdout=file, check=True)
            return
    shutil.copy(path, target)


def cpio(folder):
    """The folder as an archive of the "newc" kind."""
    out = bytearray()

    def add(name, mode, data=b''):
        fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        out.extend(('070701' + ''.join(f'{field:08x}' for field in fields)).encode() + name.encode() + b'\0')
        out.extend(bytes(-len(out) % 4) + data)
        out.extend(bytes(-len(out) % 4))

    add('dev', 0o040755)
    for path, names, files in os.walk(folder):
        for name in names:
            add(os.path.relpath(os.path.join(path, name), folder), 0o040755)
        for name in files:
            with open(os.path.join(path, name), 'rb') as file:
                add(os.path.relpath(os.path.join(path, name), folder), 0o100755, file.read())
    add('TRAILER!!!', 0)
    return bytes(out)


def make_initramfs(folder, release):
    tree = os.path.join(folder, 'tree')
    os.makedirs(os.path.join(tree, 'modules'))
    shutil.copy(harness.build_path('tests', 'helper', 'vm-init'), os.path.join(tree, 'init'))
    order = []
    for path in modules(release, 'virtio_pci', '9pnet_virtio', '9p'):
        name = re.sub(r'\.(xz|zst|gz)$', '', os.path.basename(path))
        unpack(path, os.path.join(tree, 'modules', name))
        order.append(name)
    with open(os.path.join(tree, 'modules', 'order'), 'w', encoding='ascii') as file:
        file.write('\n'.join(order) + '\n')
    path = os.path.join(folder, 'initramfs')
    with open(path, 'wb') as file:
        file.write(cpio(tree))
    return path


def run_inside(script, arguments, seconds, memory=768, devices=DEVICES):
    """Boot, run the script there, print what it says; its exit code."""
    found = kernel()
    if not found or not shutil.which('qemu-system-x86_64'):
        print('SKIP: needs QEMU and a kernel in /boot with its modules (package linux-image-amd64)')
        return 77
    # A processor that QEMU emulates and that runs virtual machines itself is not quite right now and then: the kernel
    # in there loses its stack in the middle of KVM. That says nothing of what is tested.
    for number in range(1, TRIES + 1):
        text = run_once(found, script, arguments, seconds, memory, devices)
        sys.stdout.write(text)
        ended = re.search(r'^vm-init: the test ended with (\d+)$', text, re.M)
        if ended or PANIC not in text or number == TRIES:
            break
        print(f'The kernel of the virtual machine died; boot {number + 1} of {TRIES} follows.', flush=True)
    return int(ended.group(1)) if ended else 1


def run_once(found, script, arguments, seconds, memory, devices):
    """What is said from the boot to the end."""
    image, release = found
    # Not below /tmp, where a sandbox may have put something else.
    folder = tempfile.mkdtemp(prefix='bh-vm-', dir='/var/tmp')
    try:
        names = {'monitor': os.path.join(folder, 'monitor')}
        for name in ('disk', 'stick'):
            names[name] = os.path.join(folder, name)
            with open(names[name], 'wb') as file:
                file.truncate(8 << 20)
            files = os.path.join(folder, 'files')
            os.makedirs(files, exist_ok=True)
            with open(os.path.join(files, 'hello'), 'w', encoding='ascii') as file:
                file.write(f'from a {name}\n')
            subprocess.run(['mkfs.ext4', '-q', '-d', files, names[name]], check=True)
        environment = ' '.join(f'{name}={os.environ.get(name, "")}' for name in (
            'PYTHONPATH', 'BULKHEAD_SOURCE_DIR', 'BULKHEAD_BUILD_DIR'))
        command = ['qemu-system-x86_64', '-machine', 'q35,accel=tcg', '-cpu', 'max', '-m', str(memory), '-smp', '2',
                   '-nodefaults', '-display', 'none', '-serial', 'stdio', '-no-reboot', '-kernel', image,
                   '-initrd', make_initramfs(folder, release),
                   '-append', 'console=ttyS0 quiet loglevel=3 intel_iommu=on panic=-1 i8042.nokbd '
                              f'PYTHONDONTWRITEBYTECODE=1 BULKHEAD_HELPER_GROUND=vm {environment} '
                              f'PATH=/usr/sbin:/usr/bin:/sbin:/bin -- {script} {" ".join(arguments)}',
                   '-fsdev', 'local,id=root,path=/,security_model=none,readonly=on,multidevs=remap',
                   '-device', 'virtio-9p-pci,fsdev=root,mount_tag=root',
                   *(part.format(**names) for part in devices)]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT)
        try:
            output = process.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            output = process.communicate()[0] + b'\nthe virtual machine did not end in time\n'
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return output.decode(errors='replace').replace('\r', '')


class Monitor:
    """The monitor of the machine this runs in."""

    def __init__(self):
        subprocess.run(['modprobe', 'virtio_console'], check=True)
        names = '/sys/class/virtio-ports/'
        name = harness.wait_for(lambda: os.listdir(names), 60, 'the port of the monitor')[0]
        # pylint: disable-next=consider-using-with
        self.file = harness.wait_for(lambda: open('/dev/' + name, 'r+b', buffering=0), 60, 'the monitor')
        self.line()
        self.ask('qmp_capabilities')

    def line(self):
        text = b''
        while not text.endswith(b'\n'):
            text += self.file.read(1)
        return json.loads(text)

    def ask(self, command, **arguments):
        self.file.write(json.dumps({'execute': command, 'arguments': arguments}).encode() + b'\n')
        while True:
            answer = self.line()
            if 'event' not in answer:
                break
        if 'return' not in answer:
            raise RuntimeError(f'{command}: {answer}')
        return answer['return']
