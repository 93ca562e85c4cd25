# SPDX-License-Identifier: GPL-3.0-or-later
"""The PCI and USB devices of the machine that vm.py boots, as its sysfs has them."""

import os

from ground import run
from harness import wait_for

PCI = '/sys/bus/pci/devices'
USB = '/sys/bus/usb/devices'


def read(*path):
    try:
        with open(os.path.join(*path), encoding='ascii', errors='replace') as file:
            return file.read().strip()
    except OSError:
        return ''


def link(*path):
    try:
        return os.path.basename(os.readlink(os.path.join(*path)))
    except OSError:
        return ''


def pci_named(vendor, device):
    return sorted(name for name in os.listdir(PCI)
                  if (read(PCI, name, 'vendor'), read(PCI, name, 'device')) == (vendor, device))


def pci_state():
    return {name: (link(PCI, name, 'driver'), read(PCI, name, 'driver_override')) for name in os.listdir(PCI)}


def usb_named(product):
    return next(name for name in os.listdir(USB) if read(USB, name, 'product') == product)


def load_drivers():
    """Of all that it has, until each of them is bound."""
    for name in ('e1000e', '8139cp', 'nvme', 'xhci_pci', 'usb_storage', 'sd_mod', 'usbhid', 'hid_generic',
                 'evdev', 'ext4', 'ftdi_sio'):
        run('modprobe', name)
    wait_for(lambda: os.path.exists('/dev/nvme0n1'), 120, 'the disk')
    for product in ('QEMU USB Keyboard', 'QEMU USB Mouse', 'QEMU USB HARDDRIVE', 'QEMU USB SERIAL', 'QEMU USB Hub'):
        wait_for(lambda product=product: link(USB, usb_named(product) + ':1.0', 'driver'), 120, product)
    wait_for(lambda: os.path.exists('/dev/sda'), 120, 'the stick')
