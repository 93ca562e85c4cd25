# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows of a well-behaved guest: frame, content, names, sizes, popups, focus, cursors."""

import harness
from harness import wait_for
from wireguest import CAPTION, POPUP, SIDE, ProxyTestCase


class WindowsTest(ProxyTestCase):

    def test_window_has_a_frame_on_all_sides_and_exact_content(self):
        guest = self.guest()
        guest.window(1, 300, 200, (10, 200, 30))
        rect = guest.view()['rect']
        self.assertEqual((rect['width'], rect['height']), (300 + 2 * SIDE, 200 + CAPTION + SIDE))
        self.assert_framed(self.sway.screenshot(), guest, rect, content=(10, 200, 30))
        guest.wait_signal('Windows', lambda launch, count: (launch, count) == (0, 1))


if __name__ == '__main__':
    harness.main()
