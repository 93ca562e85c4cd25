# SPDX-License-Identifier: GPL-3.0-or-later
"""Mounts of a test's own: a small disk that is really full."""

import ctypes
import os

CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000
MS_REMOUNT, MS_REC, MS_PRIVATE = 0x20, 0x4000, 0x40000
MNT_DETACH = 2

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result, what):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f'{what}: {os.strerror(number)}')


def enter():
    """Put this process, which must not have threads yet, where it may mount. Programs it starts may not: they are as
    ordinary as before."""
    uid, gid = os.getuid(), os.getgid()
    _check(_libc.unshare(CLONE_NEWUSER | CLONE_NEWNS), 'a user name space')
    for name, text in (('setgroups', 'deny'), ('uid_map', f'{uid} {uid} 1'), ('gid_map', f'{gid} {gid} 1')):
        with open(f'/proc/self/{name}', 'w', encoding='ascii') as file:
            file.write(text)
    _check(_libc.mount(b'none', b'/', None, ctypes.c_ulong(MS_REC | MS_PRIVATE), None), 'private mounts')


def unmount(path):
    _check(_libc.umount2(os.fsencode(path), MNT_DETACH), path)


def mount_tmpfs(path, mib, again=False):
    """A file system of so many MiB; again: another size for one that is there."""
    _check(_libc.mount(b'tmpfs', os.fsencode(path), b'tmpfs', ctypes.c_ulong(MS_REMOUNT if again else 0),
                       f'size={mib}m,mode=0700'.encode()), path)
