# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints where the named widgets of the running programs are in their windows, as JSON.

A program of its own, since one process can follow only one accessibility bus: places.py NAME… waits
until every NAME is there, at most 20 s; {name: [x, y]} of their middles.
"""

import json
import sys
import time

import gi
gi.require_version('Atspi', '2.0')
from gi.repository import Atspi, GLib  # noqa: E402


def find():
    places, todo = {}, [Atspi.get_desktop(0)]
    while todo:
        node = todo.pop()
        if node is None:
            continue
        try:  # the tree changes while we walk, and programs themselves have no place
            todo += [node.get_child_at_index(i) for i in range(node.get_child_count())]
            name = node.get_name() or node.get_description()
            box = node.get_extents(Atspi.CoordType.WINDOW)
        except GLib.Error:
            continue
        if name and box.width > 0:
            places.setdefault(name, (box.x + box.width // 2, box.y + box.height // 2))
    return places


def main():
    wanted = set(sys.argv[1:])
    deadline = time.monotonic() + 20
    while True:
        places = find()
        if wanted <= set(places):
            print(json.dumps(places))
            return 0
        if time.monotonic() > deadline:
            print(f'only these are there: {sorted(places)}', file=sys.stderr)
            return 1
        time.sleep(0.1)


if __name__ == '__main__':
    sys.exit(main())
