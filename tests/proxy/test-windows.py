# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows of a well-behaved guest: frame, content, names, sizes, popups."""

import harness
from harness import wait_for
from wireguest import CAPTION, POPUP, SIDE, ProxyTestCase

GREEN, BLUE = (10, 200, 30), (20, 30, 220)


class WindowsTest(ProxyTestCase):

    def test_window_has_a_frame_on_all_sides_and_exact_content(self):
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        rect = guest.view()['rect']
        self.assertEqual((rect['width'], rect['height']), (300 + 2 * SIDE, 200 + CAPTION + SIDE))
        self.wait_framed(guest, content=GREEN)
        guest.wait_signal('Windows', lambda launch, count: (launch, count) == (0, 1))

    def test_window_through_the_channel_without_a_shared_region(self):
        guest = self.guest(region=0)
        guest.window(1, 300, 200, GREEN)
        self.assertEqual(guest.find('slots')['by_channel'], 1)
        self.wait_framed(guest, content=GREEN)

    def test_every_row_and_column_of_a_picture_is_shown(self):
        guest = self.guest()
        guest.send('window_new', window=1)
        serial = guest.wait('window_configure')['serial']
        slots = guest.slots(1, 200, 100)
        rows = b''.join(bytes((x % 256, y, 99, 0)) for y in range(100) for x in range(200))
        guest.map[slots['offset']:slots['offset'] + len(rows)] = rows
        guest.frame(slots, 0, 200, 100, serial=serial)
        guest.wait('frame_done')
        rect = guest.view()['rect']

        def right(image):
            return all(image.getpixel((rect['x'] + SIDE + x, rect['y'] + CAPTION + y)) == (99, y, x)
                       for y in range(100) for x in range(200))
        self.sway.wait_picture(right, what='the picture')

    def test_two_appvms_keep_their_own_colours(self):
        first, second = self.guest('Work'), self.guest('Bank', '#2ea04f')
        first.window(1, 300, 200, GREEN)
        second.window(1, 200, 150, BLUE)
        self.sway.move_view(first.view(), 20, 20)
        self.sway.move_view(second.view(), 600, 300)
        self.wait_framed(first, content=GREEN)
        self.wait_framed(second, content=BLUE)

    def test_names_begin_with_what_the_host_knows(self):
        guest = self.guest()
        guest.window(1, title='Letter to Ängström', app='org.gnome.TextEditor')
        self.sway.wait_view(title='Work: Letter to Ängström')
        self.assertEqual(guest.view()['app_id'], 'io.github.bulkhead.work.org.gnome.TextEditor')

    def test_foreign_text_is_cleaned(self):
        guest = self.guest()
        guest.window(1, title='safe\u202eexe.\ttxt\u200b\n!', app='a/b c\u202e<>&%.d' + 'x' * 90)
        view = wait_for(lambda: guest.view() if 'safe' in guest.view()['name'] else None)
        self.assertEqual(view['name'], 'Work: safeexe. txt !')
        self.assertEqual(view['app_id'], ('io.github.bulkhead.work.' + 'abc.d' + 'x' * 90)[:24 + 64])
        guest.send('window_title', window=1, title='x' * 1024)
        view = wait_for(lambda: guest.view() if 'xxx' in guest.view()['name'] else None)
        self.assertLess(len(view['name']), 200)

    def test_new_identity_shows_on_open_windows(self):
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        guest.wait('backdrop', rgb=0xe66100)
        guest.call('SetIdentity', '(ss)', ('Play', '#1c71d8'))
        guest.wait('backdrop', rgb=0x1c71d8)
        guest.color = '#1c71d8'
        self.wait_framed(guest, content=GREEN)
        self.sway.wait_view(title='Play: a title')

    def test_small_window_keeps_a_caption(self):
        guest = self.guest()
        guest.window(1, 10, 10, GREEN)
        rect = guest.view()['rect']
        self.assertEqual((rect['width'], rect['height']), (176, CAPTION + 10 + SIDE))

        def framed(image):
            x, y = rect['x'], rect['y']
            return (image.getpixel((x + SIDE, y + CAPTION)) == GREEN
                    and image.getpixel((x + SIDE + 9, y + CAPTION + 9)) == GREEN
                    and image.getpixel((x + SIDE + 10, y + CAPTION)) == guest.rgb
                    and image.getpixel((x + 175, y + CAPTION)) == guest.rgb)
        self.sway.wait_picture(framed, what='the small window')

    def test_slots_come_back(self):
        guest = self.guest()
        slots = guest.window(1, 300, 200, GREEN)
        for n in range(12):
            slot = (n + 1) % 2
            guest.paint(slots, slot, 300, 200, (n, n, n))
            guest.mark()
            guest.frame(slots, slot, 300, 200)
            guest.wait('slot_free', slot=1 - slot)
            guest.wait('frame_done', window=1)
        self.wait_framed(guest, content=(11, 11, 11))

    def test_partial_damage_is_enough(self):
        guest = self.guest()
        slots = guest.window(1, 300, 200, GREEN)
        guest.paint(slots, 1, 300, 200, GREEN)
        start = slots['offset'] + slots['bytes']
        for y in range(50, 60):
            at = start + (y * 300 + 40) * 4
            guest.map[at:at + 80] = bytes((1, 2, 3, 0)) * 20
        guest.frame(slots, 1, 300, 200, damage=[(40, 50, 20, 10)])
        rect = guest.view()['rect']
        box = (rect['x'] + SIDE + 40, rect['y'] + CAPTION + 50)
        self.sway.wait_picture(lambda i: i.getpixel(box) == (3, 2, 1), what='the damage')

    def test_new_generation_with_another_size(self):
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        slots = guest.slots(1, 400, 260)
        guest.paint(slots, 0, 400, 260, BLUE)
        guest.frame(slots, 0, 400, 260)
        wait_for(lambda: guest.view()['rect']['width'] == 400 + 2 * SIDE)
        self.wait_framed(guest, content=BLUE)

    def test_fullscreen_keeps_the_frame(self):
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        guest.mark()
        guest.send('window_request', window=1, request=3)
        configure = guest.wait('window_configure', width=1280 - 2 * SIDE, height=800 - 2 * SIDE)
        self.assertTrue(configure['states'] & 2)
        slots = guest.slots(1, configure['width'], configure['height'])
        guest.paint(slots, 0, configure['width'], configure['height'], BLUE)
        guest.frame(slots, 0, configure['width'], configure['height'], serial=configure['serial'])
        full = {'x': 0, 'y': 0, 'width': 1280, 'height': 800}
        wait_for(lambda: self.assert_fullscreen(guest, full) or True, what='fullscreen')

    def assert_fullscreen(self, guest, rect):
        image = self.sway.screenshot()
        for x in range(40, 1280, 9):
            for y in (0, 3, 796, 799):
                self.assertEqual(image.getpixel((x, y)), guest.rgb)
        for y in range(40, 800, 9):
            for x in (0, 3, 1276, 1279):
                self.assertEqual(image.getpixel((x, y)), guest.rgb)
        self.assertEqual(image.getpixel((640, 400)), BLUE)
        self.assertEqual(image.getpixel((1275, 795)), BLUE)

    def test_limits_count_the_frame(self):
        guest = self.guest()
        guest.send('window_new', window=1)
        guest.send('window_limits', window=1, min_width=300, min_height=200, max_width=300,
                   max_height=200)
        serial = guest.wait('window_configure')['serial']
        slots = guest.slots(1, 300, 200)
        guest.paint(slots, 0, 300, 200, GREEN)
        guest.frame(slots, 0, 300, 200, serial=serial)
        guest.wait('frame_done')
        rect = guest.view()['rect']
        guest.mark()
        right, middle = rect['x'] + rect['width'] - 2, rect['y'] + 100
        self.sway.input.drag(right, middle, right + 200, middle)
        self.sway.input.move(1279, 799)
        self.wait_framed(guest, content=GREEN)
        self.assertEqual(guest.view()['rect']['width'], 308)

    def test_closing_and_showing_again(self):
        guest = self.guest()
        slots = guest.window(1, 300, 200, GREEN)
        guest.mark()
        guest.send('window_unmap', window=1)
        self.sway.wait_no_view(app_id='bulkhead')
        configure = guest.wait('window_configure')
        guest.wait_signal('Windows', lambda launch, count: count == 0)
        guest.paint(slots, 1, 300, 200, BLUE)
        guest.frame(slots, 1, 300, 200, serial=configure['serial'])
        guest.wait('frame_done')
        self.wait_framed(guest, content=BLUE)
        guest.send('window_gone', window=1)
        self.sway.wait_no_view(app_id='bulkhead')


class ScaleTest(ProxyTestCase):
    SWAY_OPTIONS = {'mode': '1600x1200@60Hz', 'scale': '2'}

    def test_frame_and_content_at_scale_two(self):
        guest = self.guest()
        guest.send('window_new', window=1)
        serial = guest.wait('window_configure')['serial']
        self.assertEqual(guest.wait('output')['scale_120'], 240)
        slots = guest.slots(1, 600, 400)
        guest.paint(slots, 0, 600, 400, GREEN)
        guest.frame(slots, 0, 600, 400, serial=serial, logical_width=300, logical_height=200)
        guest.wait('window_scale', window=1, scale_120=240)
        rect = guest.view()['rect']
        self.assertEqual(rect['width'], 300 + 2 * SIDE)
        pixels = {name: value * 2 for name, value in rect.items()}
        self.wait_framed(guest, pixels, side=2 * SIDE, top=2 * CAPTION, content=GREEN)


class PopupTest(ProxyTestCase):

    def place(self, guest, x, y):
        """Screen position of a point of the first window's content."""
        rect = guest.view()['rect']
        return rect['x'] + SIDE + x, rect['y'] + CAPTION + y

    def assert_popup(self, guest, x, y, width, height, color):
        """Content at x, y of the parent's content, with the popup's own frame round it."""
        left, top = self.place(guest, x, y)
        self.wait_framed(guest, {'x': left - POPUP, 'y': top - POPUP, 'width': width + 2 * POPUP,
                                 'height': height + 2 * POPUP},
                         side=POPUP, top=POPUP, content=color)

    def test_popup_has_its_own_frame_at_the_right_place(self):
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        configure = guest.popup(2, 1, 40, 50, 80, 60, BLUE)
        # The anchor is where the frame's corner goes.
        self.assertEqual((configure['x'], configure['y']), (40 + POPUP, 50 + POPUP))
        self.assertEqual((configure['width'], configure['height']), (80, 60))
        self.assert_popup(guest, configure['x'], configure['y'], 80, 60, BLUE)
        guest.send('window_gone', window=2)
        self.wait_framed(guest, content=GREEN)

    def test_popup_of_a_popup(self):
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        first = guest.popup(2, 1, 40, 50, 80, 60, BLUE)
        second = guest.popup(3, 2, 10, 10, 30, 20, (200, 0, 200))
        self.assert_popup(guest, first['x'] + second['x'], first['y'] + second['y'], 30, 20,
                          (200, 0, 200))
        # The parent goes first: the proxy takes the other down before it.
        guest.mark()
        guest.send('window_gone', window=2)
        guest.wait('popup_done', window=3)
        guest.send('window_gone', window=3)
        self.wait_framed(guest, content=GREEN)

    def test_moved_popup(self):
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        guest.popup(2, 1, 40, 50, 80, 60, BLUE)
        guest.mark()
        guest.send('popup_move', window=2, token=7, anchor_x=100, anchor_y=20, anchor_width=1,
                   anchor_height=1, width=50, height=40, anchor=5, gravity=8)
        configure = guest.wait('popup_configure', token=7)
        self.assertEqual((configure['width'], configure['height']), (50, 40))
        slots = guest.slots(2, 50, 40)
        guest.paint(slots, 0, 50, 40, (200, 0, 200))
        guest.frame(slots, 0, 50, 40, serial=configure['serial'])
        self.assert_popup(guest, 100 + POPUP, 20 + POPUP, 50, 40, (200, 0, 200))

    def test_popup_is_kept_on_the_screen(self):
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        self.sway.move_view(guest.view(), 0, 560)
        wait_for(lambda: guest.view()['rect']['y'] == 560)
        # Slides up (constraint 2) instead of going below the screen.
        configure = guest.popup(2, 1, 40, 150, 80, 120, BLUE, constraint=2)
        self.assertLess(configure['y'], 150)
        self.assert_popup(guest, configure['x'], configure['y'], 80, 120, BLUE)

    def test_menu_closes_when_another_place_is_clicked(self):
        other, guest = self.guest('Bank', '#2ea04f'), self.guest()
        other.window(1, 100, 100)
        self.sway.move_view(other.view(), 20, 20)
        guest.window(1, 300, 200, GREEN)
        guest.mark()
        x, y = self.place(guest, 60, 60)
        self.sway.input.move(x, y)
        self.sway.input.down()
        press = guest.wait('pointer_button', pressed=1)
        self.sway.input.up()
        guest.popup(2, 1, 40, 50, 80, 60, BLUE, grab=press['serial'])
        # The menu grabs: over other windows the pointer is nobody's.
        guest.mark()
        self.sway.input.move(60, 90)
        self.sway.input.move(x, y)
        guest.wait('pointer_enter')
        self.assertIsNone(other.find('pointer_enter'))
        guest.mark()
        self.sway.input.click(5, 5)
        guest.wait('popup_done', window=2)
        self.wait_framed(guest, content=GREEN)


if __name__ == '__main__':
    harness.main()
