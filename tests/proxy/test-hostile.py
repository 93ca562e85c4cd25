# SPDX-License-Identifier: GPL-3.0-or-later
"""A hostile guest: the cases of security.md "Windows: what may cross" and wayland.md section 4.

Each ends with the compositor alive, another AppVM undisturbed, and nothing of the guest outside its frame.
"""

import os
import signal
import struct
import threading

import harness
from harness import wait_for
from wireguest import CAPTION, MAGIC, POPUP, SIDE, ProxyTestCase

GREEN, BLUE, BANK = (10, 200, 30), (20, 30, 220), (0x2e, 0xa0, 0x4f)


class PictureTest(ProxyTestCase):
    """Pictures that are not in the slot they name."""

    def shown(self):
        guest = self.guest()
        return guest, guest.window(1, 300, 200, GREEN)

    def test_too_many_rows(self):
        guest, slots = self.shown()
        rows = slots['bytes'] // 1200 + 1
        guest.frame(slots, 1, 300, rows)
        self.assert_channel_ended(guest, 'larger than its slot')

    def test_stride_that_leaves_the_slot(self):
        guest, slots = self.shown()
        guest.frame(slots, 1, 300, 200, stride=32768)
        self.assert_channel_ended(guest, 'larger than its slot')

    def test_stride_shorter_than_a_row(self):
        guest, slots = self.shown()
        guest.frame(slots, 1, 300, 200, stride=1196)
        self.assert_channel_ended(guest, 'larger than its slot')

    def test_stride_between_pixels(self):
        guest, slots = self.shown()
        guest.frame(slots, 1, 300, 100, stride=1201)
        self.assert_channel_ended(guest, 'larger than its slot')

    def test_products_that_overflow_32_bits(self):
        guest, slots = self.shown()
        guest.frame(slots, 1, 8192, 8192, stride=32768, logical_width=300, logical_height=200)
        self.assert_channel_ended(guest, 'larger than its slot')

    def test_slot_that_does_not_exist(self):
        guest, slots = self.shown()
        guest.frame(slots, 2, 300, 200)
        self.assert_channel_ended(guest, 'does not exist')

    def test_slot_that_is_in_use(self):
        guest, slots = self.shown()
        # Never released: the second comes before the compositor can have seen the first.
        guest.frame(slots, 1, 300, 200)
        guest.frame(slots, 1, 300, 200)
        self.assert_channel_ended(guest, 'in use')

    def test_slots_of_the_future(self):
        guest, slots = self.shown()
        guest.frame({**slots, 'generation': 99}, 1, 300, 200)
        self.assert_channel_ended(guest, 'never given')

    def test_slots_of_the_past_are_ignored(self):
        guest, old = self.shown()
        slots = guest.slots(1, 300, 200)
        guest.paint(slots, 0, 300, 200, BLUE)
        guest.frame(old, 1, 300, 200)
        guest.frame(slots, 0, 300, 200)
        self.wait_framed(guest, content=BLUE)

    def test_the_same_generation_again(self):
        guest, _slots = self.shown()
        guest.send('slots_want', window=1, generation=1, count=2, bytes=4096)
        self.assert_channel_ended(guest)

    def test_pixels_beyond_their_slot(self):
        guest = self.guest(region=0)
        slots = guest.window(1, 300, 200, GREEN)
        guest.send('pixels', window=1, generation=1, slot=1, offset=slots['bytes'] - 8,
                   data=b'x' * 16)
        self.assert_channel_ended(guest, 'beyond their slot')

    def test_pixels_for_the_shared_region(self):
        guest, _slots = self.shown()
        guest.send('pixels', window=1, generation=1, slot=1, offset=0, data=b'x' * 16)
        self.assert_channel_ended(guest)

    def test_more_slots_than_there_is_memory(self):
        guest, _slots = self.shown()
        guest.send('slots_want', window=1, generation=7, count=3, bytes=1 << 28)
        self.assertEqual(guest.wait('slots', generation=7)['count'], 0)
        guest.frame({'window': 1, 'generation': 7}, 0, 300, 200)
        self.assert_channel_ended(guest, 'does not exist')

    def test_slots_of_two_windows_never_overlap(self):
        guest, first = self.shown()
        second = guest.window(2, 300, 200, BLUE)
        ranges = sorted((s['offset'], s['offset'] + s['count'] * s['bytes'])
                        for s in (first, second))
        self.assertLessEqual(ranges[0][1], ranges[1][0])
        self.assertLessEqual(ranges[1][1], 16 << 20)


class SpoofTest(ProxyTestCase):
    """Pixels of the guest where only the host may paint."""

    def test_picture_does_not_shine_through(self):
        below, above = self.guest('Bank', '#2ea04f'), self.guest()
        below.window(1, 400, 300, BLUE)
        slots = above.window(1, 300, 200, GREEN)
        self.sway.move_view(below.view(), 100, 100)
        self.sway.move_view(above.view(), 120, 120)
        # Alpha 0 everywhere: as ARGB it would be a hole over the other AppVM's window.
        above.paint(slots, 1, 300, 200, bytes((9, 8, 7, 0)) * 300)
        above.frame(slots, 1, 300, 200)
        self.wait_framed(above, content=(7, 8, 9))

    def test_popup_larger_than_its_parent_with_a_foreign_frame(self):
        bank, guest = self.guest('Bank', '#2ea04f'), self.guest()
        bank.window(1, 100, 100)
        guest.window(1, 300, 200, GREEN)
        self.sway.move_view(guest.view(), 300, 200)
        wait_for(lambda: guest.view()['rect']['x'] == 300)
        # Covers the whole parent with its frame, and paints the other AppVM's frame itself.
        width, height = 500, 400
        guest.send('popup_new', window=2, parent=1, anchor_x=0, anchor_y=0, anchor_width=1,
                   anchor_height=1, anchor=5, gravity=8, offset_x=-100, offset_y=-100,
                   width=width, height=height)
        configure = guest.wait('popup_configure')
        slots = guest.slots(2, width, height)
        rows = b''.join(
            bytes((*reversed(BANK), 0)) * width if y < 28 or y > height - 5 else
            bytes((*reversed(BANK), 0)) * 4 + bytes((255, 255, 255, 0)) * (width - 8)
            + bytes((*reversed(BANK), 0)) * 4 for y in range(height))
        guest.paint(slots, 0, width, height, rows)
        guest.map[slots['offset']:slots['offset'] + len(rows)] = rows
        guest.frame(slots, 0, width, height, serial=configure['serial'])
        rect = guest.view()['rect']
        outer = {'x': rect['x'] + SIDE + configure['x'] - POPUP,
                 'y': rect['y'] + CAPTION + configure['y'] - POPUP,
                 'width': width + 2 * POPUP, 'height': height + 2 * POPUP}
        self.wait_framed(guest, outer, side=POPUP, top=POPUP)
        image = self.sway.screenshot()
        self.assertEqual(image.getpixel((outer['x'] + POPUP, outer['y'] + POPUP)), BANK)

    def test_popup_larger_than_the_screen(self):
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        guest.send('popup_new', window=2, parent=1, anchor_x=0, anchor_y=0, anchor_width=1,
                   anchor_height=1, anchor=5, gravity=8, width=8192, height=8192)
        configure = guest.wait('popup_configure')
        self.assertLessEqual(configure['width'], 1280)
        self.assertLessEqual(configure['height'], 800)
        # And what it shows is cut to that, whatever it was told.
        slots = guest.slots(2, 1400, 900, count=1)
        guest.paint(slots, 0, 1400, 900, BLUE)
        guest.frame(slots, 0, 1400, 900, serial=configure['serial'])
        guest.wait('frame_done', window=2)
        self.assertTrue(self.sway.alive())
        guest.send('window_gone', window=2)
        self.wait_framed(guest, content=GREEN)

    def test_popup_far_from_its_parent_touches_it(self):
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        self.sway.move_view(guest.view(), 100, 100)
        wait_for(lambda: guest.view()['rect']['x'] == 100)
        configure = guest.popup(2, 1, 20, 20, 80, 60, BLUE, offset_x=900, offset_y=500)
        self.assertLessEqual(configure['x'], 300 + SIDE + POPUP)
        self.assertLessEqual(configure['y'], 200 + SIDE + POPUP)

    def test_picture_larger_than_a_fullscreen_window_stays_inside_the_frame(self):
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        guest.mark()
        guest.send('window_request', window=1, request=3)
        configure = guest.wait('window_configure', width=1280 - 2 * SIDE)
        slots = guest.slots(1, 1500, 1000, count=1)
        guest.paint(slots, 0, 1500, 1000, BLUE)
        guest.frame(slots, 0, 1500, 1000, serial=configure['serial'])

        def right(image):
            return (image.getpixel((640, 400)) == BLUE and image.getpixel((4, 4)) == BLUE
                    and image.getpixel((1275, 795)) == BLUE
                    and all(image.getpixel((x, y)) == guest.rgb
                            for x in range(30, 1250, 11) for y in (0, 3, 796, 799))
                    and all(image.getpixel((x, y)) == guest.rgb
                            for y in range(30, 780, 11) for x in (0, 3, 1276, 1279)))
        self.sway.wait_picture(right, what='the frame round a picture that is too large')

    def test_scaled_picture_stays_inside_the_frame(self):
        # 600x500 pixels shown as 100x60, and 10x10 shown as 300x200: no pixel elsewhere.
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        slots = guest.slots(1, 600, 500)
        guest.paint(slots, 0, 600, 500, BLUE)
        guest.frame(slots, 0, 600, 500, logical_width=200, logical_height=60)
        wait_for(lambda: guest.view()['rect']['width'] == 200 + 2 * SIDE)
        self.wait_framed(guest, content=BLUE)
        guest.paint(slots, 1, 10, 10, GREEN)
        guest.frame(slots, 1, 10, 10, logical_width=300, logical_height=200)
        wait_for(lambda: guest.view()['rect']['width'] == 300 + 2 * SIDE)
        self.wait_framed(guest, content=GREEN)

    def test_window_larger_than_twice_the_screen_is_refused(self):
        guest = self.guest()
        slots = guest.window(1, 300, 200, GREEN)
        guest.frame(slots, 1, 100, 100, logical_width=4000, logical_height=100)
        guest.wait('window_refused', window=1)
        guest.wait_signal('Notice')
        self.sway.wait_no_view(app_id='bulkhead')
        # What was under way about it is ignored, and others go on.
        guest.send('window_title', window=1, title='late')
        guest.frame(slots, 1, 100, 100)
        guest.send('window_gone', window=1)
        guest.window(2, 300, 200, BLUE)
        self.wait_framed(guest, content=BLUE)

    def test_giant_cursor(self):
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        guest.send('cursor_image', serial=1, width=129, height=1, scale=1, hotspot_x=0,
                   hotspot_y=0, pixels=bytes(129 * 4))
        self.assert_channel_ended(guest, 'limits')

    def test_cursor_that_does_not_fill_its_size(self):
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        guest.send('cursor_image', serial=1, width=64, height=64, scale=1, hotspot_x=0,
                   hotspot_y=0, pixels=bytes(64 * 63 * 4))
        self.assert_channel_ended(guest, 'do not fill')

    def over(self, guest):
        """The pointer on the window's content; the serial of its enter."""
        rect = guest.view()['rect']
        guest.mark()
        self.sway.input.move(rect['x'] + SIDE + 100, rect['y'] + CAPTION + 100)
        return guest.wait('pointer_enter', window=1)['serial']

    def test_cursor_with_its_hotspot_outside(self):
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        guest.send('cursor_image', serial=self.over(guest), width=16, height=16, scale=1,
                   hotspot_x=16, hotspot_y=0, pixels=bytes(16 * 16 * 4))
        self.assert_channel_ended(guest, 'hotspot')

    def test_cursor_shows_over_content_only(self):
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        guest.send('cursor_image', serial=self.over(guest), width=16, height=16, scale=1,
                   hotspot_x=8, hotspot_y=8, pixels=bytes((5, 6, 250, 255)) * 256)
        rect = guest.view()['rect']
        at = rect['x'] + SIDE + 100, rect['y'] + CAPTION + 100
        self.sway.wait_picture(lambda i: i.getpixel(at) == (250, 6, 5), what="the guest's cursor")
        # Over the caption it is the host's, also when the guest insists.
        serial = guest.messages[-1].get('serial', 1)
        self.sway.input.move(rect['x'] + 150, rect['y'] + 14)
        guest.wait('pointer_leave')
        guest.send('cursor_image', serial=serial, width=16, height=16, scale=1,
                   hotspot_x=8, hotspot_y=8, pixels=bytes((5, 6, 250, 255)) * 256)
        guest.slots(1, 300, 200)  # by its answer all before it was handled
        colors = {color for _, color in self.sway.screenshot().getcolors(1 << 20)}
        self.assertNotIn((250, 6, 5), colors)
        # And back on the content with what answers another enter.
        self.over(guest)
        guest.send('cursor_image', serial=serial, width=16, height=16, scale=1,
                   hotspot_x=8, hotspot_y=8, pixels=bytes((5, 6, 250, 255)) * 256)
        guest.slots(1, 300, 200)
        colors = {color for _, color in self.sway.screenshot().getcolors(1 << 20)}
        self.assertNotIn((250, 6, 5), colors)


class StateTest(ProxyTestCase):
    """Messages at the wrong time, about the wrong thing, or too many."""

    def test_title_after_the_window_has_gone(self):
        # As Wayland requests this sequence crashed the compositor (wayland.md section 4).
        guest, other = self.guest(), self.guest('Bank', '#2ea04f')
        guest.window(1, 300, 200, GREEN)
        other.window(1, 300, 200, BLUE)
        self.sway.move_view(other.view(), 20, 20)
        guest.send('window_gone', window=1)
        guest.send('window_title', window=1, title='after')
        guest.send('window_app', window=1, app='after')
        self.assert_channel_ended(guest, 'never announced')
        self.wait_framed(other, content=BLUE)

    def test_everything_about_a_window_that_does_not_exist(self):
        cases = {
            'window_gone': {}, 'window_title': {}, 'window_app': {}, 'window_limits': {},
            'window_parent': {}, 'window_request': {'request': 1},
            'window_drag': {'serial': 1}, 'window_menu': {'serial': 1}, 'window_unmap': {},
            'slots_want': {'generation': 1, 'count': 1, 'bytes': 4},
            'pixels': {'generation': 1, 'data': b'1234'},
            'popup_move': {'width': 1, 'height': 1},
            'frame': {'generation': 1, 'width': 1, 'height': 1, 'stride': 4, 'logical_width': 1,
                      'logical_height': 1},
        }
        for message, fields in cases.items():
            with self.subTest(message):
                guest = self.guest()
                guest.window(1, 20, 20)
                guest.send(message, window=77, **fields)
                self.assert_channel_ended(guest, 'never announced')

    def test_popup_without_a_parent(self):
        guest = self.guest()
        guest.send('popup_new', window=2, parent=1, width=10, height=10)
        self.assert_channel_ended(guest, 'without a parent')

    def test_popup_of_a_window_that_is_not_shown(self):
        guest = self.guest()
        guest.send('window_new', window=1)
        guest.send('popup_new', window=2, parent=1, width=10, height=10)
        guest.wait('popup_done', window=2)
        slots = guest.slots(2, 10, 10)
        guest.frame(slots, 0, 10, 10)
        guest.wait('slot_free', window=2)
        guest.send('window_gone', window=2)
        guest.window(3, 300, 200, GREEN)

    def test_popup_treated_as_a_toplevel(self):
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        guest.popup(2, 1)
        guest.send('window_request', window=2, request=3)
        self.assert_channel_ended(guest, 'popup')

    def test_same_id_twice(self):
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        guest.send('window_new', window=1)
        self.assert_channel_ended(guest, 'twice')

    def test_frame_before_any_configure_waits(self):
        guest = self.guest()
        guest.send('window_new', window=1)
        slots = guest.slots(1, 300, 200)
        guest.paint(slots, 0, 300, 200, GREEN)
        guest.frame(slots, 0, 300, 200)
        self.wait_framed(guest, content=GREEN)

    def test_answer_to_a_configure_of_the_future(self):
        guest = self.guest()
        slots = guest.window(1, 300, 200, GREEN)
        guest.frame(slots, 1, 300, 200, serial=4000000)
        self.assert_channel_ended(guest, 'never sent')

    def requests(self, guest):
        """What the proxy asked of the compositor so far."""
        with open(guest.log, encoding='utf-8', errors='replace') as log:
            return log.read()

    def test_windows_in_a_loop(self):
        guest = self.guest(env={'WAYLAND_DEBUG': '1'})
        guest.window(1, 300, 200, GREEN)
        guest.window(2, 200, 100, BLUE)
        guest.send('window_parent', window=1, parent=2)
        guest.send('window_parent', window=2, parent=1)
        guest.send('window_parent', window=2, parent=2)
        guest.window(3, 100, 100)
        # Newer compositors end the connection for a loop; this one is never told.
        self.assertEqual(self.requests(guest).count('set_parent(xdg_toplevel'), 1)

    def test_parent_that_was_never_shown(self):
        # A compositor of wlroots 0.15 crashes when it is told of such a parent and then loses it.
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        for n in range(30):
            parents = [100 * n + 100 + i for i in range(8)]
            children = [100 * n + 150 + i for i in range(8)]
            for parent, child in zip(parents, children):
                guest.send('window_new', window=parent)
                guest.send('window_new', window=child)
                guest.send('window_parent', window=child, parent=parent)
            for parent in parents:
                guest.send('window_gone', window=parent)
            guest.send('window_parent', window=1, parent=children[0])
            for child in children:
                guest.send('window_gone', window=child)
        slots = guest.slots(1, 300, 200)
        guest.paint(slots, 0, 300, 200, BLUE)
        guest.frame(slots, 0, 300, 200)
        self.wait_framed(guest, content=BLUE)

    def test_impossible_limits(self):
        guest = self.guest(env={'WAYLAND_DEBUG': '1'})
        guest.window(1, 300, 200, GREEN)
        guest.send('window_limits', window=1, min_width=500, max_width=100)
        guest.send('window_limits', window=1, min_height=500, max_height=1)
        self.wait_framed(guest, content=GREEN)
        guest.slots(1, 300, 200)
        self.assertNotIn('set_min_size(508', self.requests(guest))
        self.assertNotIn('_size(176, 532', self.requests(guest))

    def test_message_before_hello(self):
        guest = self.guest(hello=False)
        guest.send('window_new', window=1)
        self.assert_channel_ended(guest, 'before hello')

    def test_second_hello(self):
        guest = self.guest()
        guest.send('hello', magic=MAGIC, version=1)
        self.assert_channel_ended(guest, 'second hello')

    def test_guest_of_another_version(self):
        guest = self.guest(hello=False)
        guest.send('hello', magic=MAGIC, version=2)
        self.assert_channel_ended(guest, 'version')

    def test_message_of_the_host(self):
        guest = self.guest()
        guest.send('window_close', window=1)
        self.assert_channel_ended(guest, 'other direction')

    def test_grab_without_an_event(self):
        other, guest = self.guest('Bank', '#2ea04f'), self.guest()
        other.window(1, 100, 100)
        self.sway.move_view(other.view(), 20, 20)
        guest.window(1, 300, 200, GREEN)
        guest.popup(2, 1, grab=12345)
        # It is shown, and other windows still get the pointer (a menu that grabs keeps it).
        self.sway.input.move(60, 90)
        other.wait('pointer_enter')
        self.assertIsNone(guest.find('popup_done'))

    def test_drag_without_an_event(self):
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        before = guest.view()['rect']
        for serial in range(1, 40):
            guest.send('window_drag', window=1, edges=0, serial=serial)
        guest.slots(1, 300, 200)
        self.sway.input.move(600, 600)
        self.sway.input.move(100, 100)
        self.assertEqual(guest.view()['rect'], before)

    def test_drag_of_opposite_edges(self):
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        guest.send('window_drag', window=1, edges=3, serial=1)
        self.assert_channel_ended(guest, 'opposite')

    def test_flood_of_windows(self):
        guest, other = self.guest(), self.guest('Bank', '#2ea04f')
        other.window(1, 300, 200, BLUE)
        for window in range(1, 201):
            guest.send('window_new', window=window)
        for window in range(65, 201):
            guest.wait('window_refused', window=window)
        guest.wait_signal('Notice')
        guest.send('window_gone', window=64)
        guest.send('window_gone', window=200)
        guest.window(300, 300, 200, GREEN)
        self.sway.move_view(guest.view(), 700, 300)
        self.sway.move_view(other.view(), 20, 20)
        self.wait_framed(guest, content=GREEN)
        self.wait_framed(other, content=BLUE)

    def test_flood_of_popups(self):
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        for window in range(2, 102):
            guest.send('popup_new', window=window, parent=1, anchor_x=window, anchor_y=window,
                       width=20, height=20)
        for window in range(66, 102):
            guest.wait('window_refused', window=window)
        guest.send('window_gone', window=1)
        self.sway.wait_no_view(app_id='bulkhead')
        self.assertIsNone(guest.proxy.poll())

    def test_flood_of_refused_windows_ends_the_channel(self):
        guest = self.guest()
        for window in range(1, 64 + 1024 + 3):
            guest.send('window_new', window=window)
        self.wait_ended_slowly(guest)

    def wait_ended_slowly(self, guest):
        # A flood is slowed down first: 200 windows a second.
        guest.wait_signal('Failed', timeout=60)
        self.assert_channel_ended(guest)

    def test_flood_of_titles_leaves_others_alone(self):
        guest, other = self.guest(), self.guest('Bank', '#2ea04f')
        guest.window(1, 300, 200, GREEN)
        slots = other.window(1, 300, 200, BLUE)
        self.sway.move_view(other.view(), 20, 20)
        packet = b''.join(guest.encode('window_title', window=1, title=f'title {n}')
                          for n in range(50))
        for _ in range(1000):
            guest.raw(packet)
        other.paint(slots, 1, 300, 200, (1, 2, 3))
        other.frame(slots, 1, 300, 200)
        self.wait_framed(other, content=(1, 2, 3))
        self.assertIsNone(guest.proxy.poll())

    def test_guest_that_never_reads(self):
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        guest.line('stall')
        rect = guest.view()['rect']
        for n in range(3000):
            self.sway.input.move(rect['x'] + 20 + n % 200, rect['y'] + 60)
            if n % 50 == 0:  # no faster than the proxy: a compositor drops clients that lag
                guest.call('Terminate', '(u)', (n + 1,))
        self.assertLess(self.resident_kib(guest), self.memory_limit_kib())
        self.assertIsNone(guest.proxy.poll())
        guest.line('resume')
        guest.slots(1, 300, 200)

    def test_compositor_that_stalls(self):
        guest = self.guest()
        slots = guest.window(1, 300, 200, GREEN)
        packet = b''.join(guest.encode('window_limits', window=1, min_width=n % 90)
                          for n in range(50))
        os.kill(self.sway.pid, signal.SIGSTOP)
        try:
            # In a thread: the proxy reads no more when the compositor does not.
            flood = threading.Thread(target=lambda: [guest.raw(packet) for _ in range(12)])
            flood.start()
            guest.call('SetIdentity', '(ss)', ('Play', '#1c71d8'))
            guest.call('Terminate', '(u)', (1,))
            resident = self.resident_kib(guest)
        finally:
            os.kill(self.sway.pid, signal.SIGCONT)
        flood.join()
        self.assertLess(resident, self.memory_limit_kib())
        guest.paint(slots, 1, 300, 200, BLUE)
        guest.frame(slots, 1, 300, 200)
        guest.color = '#1c71d8'
        self.wait_framed(guest, content=BLUE, timeout=30)

    def resident_kib(self, guest):
        with open(f'/proc/{guest.proxy.pid}/statm', encoding='ascii') as file:
            return int(file.read().split()[1]) * 4

    def memory_limit_kib(self):
        return 400_000 if self.sanitized() else 20 * 1024


class MalformedTest(ProxyTestCase):
    """Packets no encoder makes. The decoder has its own tests; here the whole proxy meets them."""

    def ends(self, data, because=None):
        guest = self.guest()
        guest.raw(data)
        self.assert_channel_ended(guest, because)

    def test_unknown_message(self):
        self.ends(struct.pack('<IHH', 0, 999, 0), 'unknown')

    def test_reserved_bits(self):
        self.ends(struct.pack('<IHH', 0, 8, 1), 'unknown')

    def test_endless_packet(self):
        self.ends(struct.pack('<IHH', 0xffffffff, 13, 0), 'too long')

    def test_messages_cut_at_every_length(self):
        encoder = self.guest('Encoder')
        packets = [
            encoder.encode('popup_new', window=2, parent=1, width=10, height=10),
            encoder.encode('frame', window=1, generation=1, width=1, height=1, stride=4,
                           logical_width=1, logical_height=1, damage=[(0, 0, 1, 1)]),
        ]
        for packet in packets:
            for length in range(0, len(packet) - 8, 5):
                cut = struct.pack('<I', length) + packet[4:8 + length]
                with self.subTest(packet=packet[4], length=length):
                    self.ends(cut + b'', 'cut short')

    def test_bytes_after_the_last_field(self):
        encoder = self.guest('Encoder')
        packet = encoder.encode('window_title', window=1, title='x')
        self.ends(struct.pack('<I', len(packet) - 8 + 4) + packet[4:] + bytes(4), 'after the last')

    def test_text_that_is_no_text(self):
        guest = self.guest()
        guest.window(1, 20, 20)
        guest.line('window_title window=1 title=%ff%fe')
        self.assert_channel_ended(guest, 'text')

    def test_more_than_was_granted(self):
        guest = self.guest()
        guest.window(1, 20, 20)
        guest.line('spend')
        guest.line('credit stream=1 bytes=16777216')
        self.assert_channel_ended(guest, 'granted')

    def test_channel_closed_in_the_middle_of_a_packet(self):
        guest = self.guest()
        guest.window(1, 300, 200, GREEN)
        guest.line('raw 40000000')
        guest.talk.stdin.close()
        self.assert_channel_ended(guest, 'closed')


if __name__ == '__main__':
    harness.main()
