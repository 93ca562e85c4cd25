# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of src/README.md: who may include and link what, and how long files may grow.

A program includes its own folder, and of the shared ones (wire, lib, confine) what its row below says;
each library beyond GLib has one folder. Checked on the sources, and on the include paths that the
build really gives to each target.
"""

import json
import os
import re
import unittest

import harness

SRC = os.path.join(harness.SOURCE_DIR, 'src')

# folder: (folders it may include, libraries it may use); see LIBRARIES for their headers.
RULES = {
    'wire': ((), ()),
    'confine': ((), ('kernel',)),
    'lib': ((), ('glib', 'gio')),
    'app': (('lib',), ('glib', 'gio', 'gtk', 'adwaita')),
    'cli': (('lib',), ('glib', 'gio', 'json-glib')),
    'service': (('lib', 'confine'), ('glib', 'gio', 'libvirt', 'libsecret', 'libxml2', 'kmod', 'archive',
                           'gudev', 'compression', 'kernel', 'sodium', 'yaml', 'nbd')),
    'icon': (('lib', 'confine'), ('glib', 'gio', 'gdk-pixbuf')),
    'helper': (('lib',), ('glib', 'gio', 'polkit', 'kmod', 'libnl', 'nftables', 'cap-ng', 'acl',
                          'kernel')),
    'vmm': (('confine',), ('kernel',)),
    'disktool': (('confine',), ()),
    'proxy': (('lib', 'wire', 'confine'), ('glib', 'gio', 'wayland-client', 'seccomp', 'kernel',
                                'pango', 'xkbcommon')),
    'netgate': (('confine',), ('kernel',)),
    'screen': (('wire', 'confine'), ('kernel',)),
    'sound': (('lib', 'wire', 'confine'), ('glib', 'gio', 'pulse')),
    'camera': (('wire', 'confine'), ('pipewire', 'jpeg', 'kernel')),
    'init': ((), ('kernel',)),
    'guest': (('wire',), ('glib', 'gio', 'wayland-server', 'pixman', 'xkbcommon', 'kernel')),
    'media': (('wire',), ('pipewire', 'kernel')),
}

# The beginning of a header's name: the library it belongs to. Anything else in <> is libc's.
LIBRARIES = {
    'jpeglib.h': 'jpeg', 'json-glib/': 'json-glib', 'gdk-pixbuf/': 'gdk-pixbuf',
    'sodium.h': 'sodium', 'libnbd.h': 'nbd', 'yaml.h': 'yaml',
    'glib/gi18n.h': 'glib', 'glib.h': 'glib', 'glib-unix.h': 'glib', 'glib-object.h': 'glib',
    'glib/gstdio.h': 'glib', 'gmodule.h': 'glib', 'gio/': 'gio', 'gtk/': 'gtk', 'gdk/': 'gtk',
    'gsk/': 'gtk', 'adwaita.h': 'adwaita', 'libvirt': 'libvirt', 'libsecret/': 'libsecret',
    'libxml/': 'libxml2', 'libkmod.h': 'kmod', 'archive': 'archive', 'polkit/': 'polkit',
    'wayland-client': 'wayland-client', 'wayland-server': 'wayland-server', 'pixman': 'pixman',
    'pulse/': 'pulse', 'pipewire/': 'pipewire', 'spa/': 'pipewire', 'seccomp.h': 'seccomp', 'xkbcommon/': 'xkbcommon', 'zstd.h': 'compression',
    'lzma.h': 'compression', 'lz4': 'compression', 'zlib.h': 'compression', 'linux/': 'kernel',
    'gudev/': 'gudev', 'netlink/': 'libnl', 'nftables/': 'nftables', 'cap-ng.h': 'cap-ng', 'sys/acl.h': 'acl', 'acl/': 'acl',
    'pango/': 'pango', 'cairo': 'pango', 'wayland-cursor.h': 'wayland-client',
    'wayland-util.h': 'wayland', 'wayland-version.h': 'wayland', 'wayland-egl': 'wayland-egl',
}
# Constants of the kernel's interface are libc to us wherever they are used.
FREE = {'linux/input-event-codes.h', 'linux/magic.h', 'linux/limits.h', 'linux/memfd.h', 'linux/openat2.h'}
# Headers the build makes: their folder.
GENERATED = re.compile(r'^(config\.h|.*-(client|server)(-protocol)?\.h|.*-(resources|enums)\.h)$')

FILE_LINES = 800
FUNCTION_LINES = 80
LINE_LENGTH = 100


def sources(*endings, top=SRC):
    for folder, folders, names in os.walk(top):
        folders[:] = [name for name in folders if not name.startswith(('.', '__'))]
        for name in sorted(names):
            if name.endswith(endings):
                yield os.path.join(folder, name)


def relative(path):
    return os.path.relpath(path, harness.SOURCE_DIR)


def lines_of(path):
    with open(path, encoding='utf-8') as file:
        return file.read().splitlines()


class IncludeRules(unittest.TestCase):

    def test_every_folder_has_a_rule(self):
        folders = {name for name in os.listdir(SRC) if os.path.isdir(os.path.join(SRC, name))}
        self.assertEqual(folders, set(RULES))

    def test_sources_include_only_what_their_folder_may(self):
        headers = {}
        for path in sources('.h'):
            headers.setdefault(os.path.basename(path), set()).add(
                os.path.relpath(path, SRC).split(os.sep)[0])
        wrong = []
        for path in sources('.c', '.h'):
            folder = os.path.relpath(path, SRC).split(os.sep)[0]
            folders, libraries = RULES[folder]
            for number, line in enumerate(lines_of(path), 1):
                match = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
                if not match:
                    continue
                kind, name = match.groups()
                if kind == '"':
                    if '/' in name:
                        wrong.append(f'{relative(path)}:{number}: a path in "{name}"')
                    elif name in headers and not headers[name] & {folder, *folders}:
                        wrong.append(f'{relative(path)}:{number}: "{name}" is of {headers[name]}')
                    elif name not in headers and not GENERATED.match(name) \
                            and not name.startswith('bh-'):
                        wrong.append(f'{relative(path)}:{number}: where is "{name}" from?')
                    continue
                library = next((lib for start, lib in LIBRARIES.items()
                                if name.startswith(start)), None)
                if library == 'wayland':
                    library = next((lib for lib in libraries if lib.startswith('wayland')), 'wayland')
                if library and name not in FREE and library not in libraries:
                    wrong.append(f'{relative(path)}:{number}: <{name}> ({library})')
        self.assertEqual(wrong, [])

    def test_each_library_has_one_home(self):
        # PipeWire has two sides: the desktop's camera, and what stands for it in the guest.
        shared = {'glib', 'gio', 'kernel', 'pixman', 'xkbcommon', 'compression', 'kmod', 'pipewire'}
        homes = {}
        for folder, (_, libraries) in RULES.items():
            for library in set(libraries) - shared:
                homes.setdefault(library, []).append(folder)
        self.assertEqual({lib: where for lib, where in homes.items() if len(where) > 1}, {})

    def test_targets_see_only_the_folders_they_may(self):
        info = os.path.join(harness.BUILD_DIR, 'meson-info', 'intro-targets.json')
        with open(info, encoding='utf-8') as file:
            targets = json.load(file)
        roots = [os.path.realpath(SRC), os.path.realpath(os.path.join(harness.BUILD_DIR, 'src'))]
        wrong, seen = [], 0
        for target in targets:
            place = os.path.relpath(os.path.dirname(target['defined_in']),
                                    harness.SOURCE_DIR).split(os.sep)
            if place[0] != 'src' or len(place) < 2:
                continue
            folders, _ = RULES[place[1]]
            for group in target['target_sources']:
                for argument in group.get('parameters', []):
                    if not argument.startswith('-I'):
                        continue
                    path = os.path.realpath(os.path.join(harness.BUILD_DIR, argument[2:]))
                    for root in roots:
                        inside = os.path.relpath(path, root)
                        if inside == '.' or not inside.startswith('..'):
                            seen += 1
                            first = inside.split(os.sep)[0]
                            if first not in {place[1], *folders}:
                                wrong.append(f'{target["name"]} ({place[1]}) sees src/{inside}')
        self.assertEqual(wrong, [])
        self.assertGreater(seen, 5)


class Budgets(unittest.TestCase):

    def all_sources(self):
        yield from sources('.c', '.h')
        yield from sources('.c', '.h', '.py', top=os.path.join(harness.SOURCE_DIR, 'tests'))

    def test_files_stay_readable(self):
        long = [f'{relative(path)}: {len(lines_of(path))} lines' for path in self.all_sources()
                if len(lines_of(path)) > FILE_LINES]
        self.assertEqual(long, [])

    def test_functions_stay_readable(self):
        long = []
        for path in sources('.c'):
            start = None
            for number, line in enumerate(lines_of(path), 1):
                if line == '{':
                    start = number
                elif line == '}' and start:
                    if number - start - 1 > FUNCTION_LINES:
                        long.append(f'{relative(path)}:{start}: {number - start - 1} lines')
                    start = None
        self.assertEqual(long, [])

    def test_files_say_their_licence(self):
        silent = [relative(path) for path in self.all_sources()
                  if not any('SPDX-License-Identifier: GPL-3.0-or-later' in line
                             for line in lines_of(path)[:3])]
        self.assertEqual(silent, [])


if __name__ == '__main__':
    unittest.main(verbosity=2)
