# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows: surfaces become pictures in slots, pixel by pixel."""

import os
import struct

import harness
from fakehost import GuestTestCase

RED, GREEN, BLUE, HALF = 0xffff0000, 0xff00ff00, 0xff0000ff, 0x80800000
CLEAR = 0


class WindowsTest(GuestTestCase):

    def setUp(self):
        super().setUp()
        self.client = self.host.client()

    def show(self, number=0, width=64, height=48, color=RED, **kwargs):
        return self.host.show(self.client, number, width, height, color, **kwargs)

    def next_frame(self, last, damage=None):
        """Answer the last frame; the next one."""
        self.host.free(last)
        self.host.send('frame_done', window=last['window'], time=1)
        frame = self.host.expect('frame', window=last['window'])
        if damage is not None:
            self.assertEqual(sorted(frame['damage']), sorted(damage))
        return frame

    def test_new_window(self):
        self.client.do('toplevel 0', 'title 0 A title', 'app 0 org.example.App', 'min 0 10 20',
                       'max 0 300 400', 'commit 0')
        window = self.host.expect('window_new')['window']
        self.assertEqual(self.host.expect('window_title')['title'], 'A title')
        self.assertEqual(self.host.expect('window_app')['app'], 'org.example.App')
        limits = self.host.expect('window_limits')
        self.assertEqual([limits[name] for name in ('min_width', 'min_height', 'max_width',
                                                    'max_height')], [10, 20, 300, 400])
        self.host.configure(window, 200, 100, states=1 | 8)
        self.assertEqual(self.client.expect('configure 0'), ['configure', '0', '200', '100',
                                                             str(1 << 1 | 1 << 4)])
        self.client.do('destroy 0')
        self.host.expect('window_gone', window=window)

    def test_title_is_cleaned(self):
        self.client.do('toplevel 0', 'title 0 a\x1b[31mb')
        self.host.expect('window_new')
        self.assertEqual(self.host.expect('window_title')['title'], 'a?[31mb')

    def test_first_frame(self):
        window, frame = self.show(color=0xff123456)
        self.assertEqual((frame['width'], frame['height'], frame['stride']), (64, 48, 256))
        self.assertEqual((frame['logical_width'], frame['logical_height']), (64, 48))
        self.assertEqual(frame['damage'], [[0, 0, 64, 48]])
        self.assertEqual(frame['serial'], 1)
        for x, y in ((0, 0), (63, 0), (0, 47), (63, 47)):
            self.assertEqual(self.host.pixel(frame, x, y), 0x123456)
        # The buffer is the program's again at once, the callback comes when the host has shown it.
        self.client.expect('release 0')
        self.host.send('frame_done', window=window, time=5)
        self.client.expect('frame 0')

    def test_each_buffer_is_released_once(self):
        # Toolkits free a buffer when it is released: a second time would be their end.
        _, frame = self.show()
        for _ in range(3):
            self.client.do(f'patch 0 0 0 1 1 {GREEN:#x}')
            frame = self.next_frame(frame)
        self.client.do('destroy 0')
        self.host.expect('window_gone')
        self.client.do('toplevel 1')
        self.host.expect('window_new')
        self.client.read(0.1)
        self.assertEqual(self.client.items.count('release 0'), 4)

    def test_no_frame_before_the_host_has_configured(self):
        self.client.do('toplevel 0', 'draw 0 10 10 0xffffffff')
        window = self.host.expect('window_new')['window']
        self.host.sync()
        self.assertFalse([m for m in self.host.lines.items if m['message'] == 'slots_want'])
        self.host.configure(window)
        self.host.give_slots(window)
        self.host.expect('frame')

    def test_damage_is_all_that_is_copied(self):
        _, first = self.show()
        want = self.host.want
        self.client.do(f'patch 0 8 4 16 10 {GREEN:#x}')
        self.host.send('frame_done', window=first['window'], time=1)
        # Another slot, so all of it has to be there; the damage is only what has changed.
        second = self.host.expect('frame')
        self.assertNotEqual(second['slot'], first['slot'])
        self.assertEqual(second['damage'], [[8, 4, 16, 10]])
        self.assertEqual(self.host.pixel(second, 8, 4), 0x00ff00)
        self.assertEqual(self.host.pixel(second, 23, 13), 0x00ff00)
        self.assertEqual(self.host.pixel(second, 24, 14), 0xff0000)
        # The first slot again: brought up to date with both changes, and nothing else is written.
        at = self.host.offset + first['slot'] * want['bytes']
        struct.pack_into('<I', self.host.map, at + 40 * 256 + 40 * 4, 0xabcdef)
        self.host.free(first)
        self.host.sync()
        self.client.do(f'patch 0 50 40 2 2 {BLUE:#x}')
        third = self.host.expect('frame')
        self.assertEqual(third['slot'], first['slot'])
        self.assertEqual(third['damage'], [[50, 40, 2, 2]])
        self.assertEqual(self.host.pixel(third, 8, 4), 0x00ff00)
        self.assertEqual(self.host.pixel(third, 51, 41), 0x0000ff)
        self.assertEqual(self.host.pixel(third, 40, 40), 0xabcdef)

    def test_without_a_free_slot_changes_are_merged(self):
        window, first = self.show()
        for number in range(2):
            self.client.do(f'patch 0 {number} 0 1 1 {GREEN:#x}')
            last = self.host.expect('frame')
        self.client.do(f'patch 0 10 10 1 1 {GREEN:#x}', f'patch 0 20 20 1 1 {BLUE:#x}')
        self.host.sync()
        self.host.free(first)
        frame = self.host.expect('frame')
        self.assertEqual(frame['slot'], first['slot'])
        self.assertEqual(sorted(frame['damage']), [[10, 10, 1, 1], [20, 20, 1, 1]])
        self.assertEqual(self.host.pixel(frame, 20, 20), 0x0000ff)
        self.assertEqual(self.host.pixel(frame, 0, 0), 0x00ff00)
        self.assertNotEqual(last['slot'], frame['slot'])
        self.assertEqual(frame['window'], window)

    def test_damage_of_many_pieces_is_joined(self):
        window, _ = self.show(width=400, height=100)
        script = [f'patch 0 {(i * 37) % 390} {i * 2} 2 1 {GREEN:#x}' for i in range(45)]
        self.client.do(*script)
        for _ in range(2):  # what is left of the slots
            self.host.expect('frame', window=window)
        seen = [m for m in self.host.lines.items if m['message'] == 'frame']
        self.assertTrue(all(len(frame['damage']) <= 32 for frame in seen))

    def test_resize(self):
        window, first = self.show()
        serial = self.host.configure(window, 128, 96)
        self.client.expect('configure 0 128 96')
        self.client.do(f'draw 0 128 96 {GREEN:#x}')
        want = self.host.give_slots(window)
        self.assertEqual(want['generation'], first['generation'] + 1)
        self.assertGreaterEqual(want['bytes'], 128 * 96 * 4)
        frame = self.host.expect('frame')
        self.assertEqual((frame['serial'], frame['width'], frame['height']), (serial, 128, 96))
        self.assertEqual(self.host.pixel(frame, 127, 95, want), 0x00ff00)

    def test_answer_without_a_new_picture(self):
        window, _ = self.show()
        serial = self.host.configure(window, 64, 48, states=8)
        self.client.expect('configure 0 64 48')
        self.client.do('commit 0')
        frame = self.host.expect('frame')
        self.assertEqual((frame['serial'], frame['damage']), (serial, []))

    def test_callback_without_a_new_picture(self):
        window, _ = self.show()
        self.host.send('frame_done', window=window, time=1)
        self.client.expect('frame 0')
        self.client.do('ask 0')
        self.client.expect('frame 0')

    def test_hidden_window_gets_no_callback(self):
        self.show()
        self.client.do(f'patch 0 0 0 1 1 {GREEN:#x}')
        self.host.expect('frame')
        self.host.sync()
        self.client.mark()
        self.assertNotIn('frame 0', self.client.items)

    def test_window_geometry_crops(self):
        self.client.do('toplevel 0')
        window = self.host.expect('window_new')['window']
        self.host.configure(window)
        self.client.expect('configure 0')
        self.client.do('geometry 0 10 5 20 15', f'draw 0 40 30 {RED:#x}',
                       f'patch 0 10 5 1 1 {GREEN:#x}', f'patch 0 29 19 1 1 {BLUE:#x}')
        self.host.want, self.host.offset = self.host.give_slots(window), 0
        frame = self.host.expect('frame')
        self.assertEqual((frame['width'], frame['height']), (20, 15))
        self.assertEqual(self.host.pixel(frame, 0, 0), 0x00ff00)
        self.assertEqual(self.host.pixel(frame, 19, 14), 0x0000ff)
        self.assertEqual(self.host.pixel(frame, 1, 1), 0xff0000)
        # A change outside is none.
        self.client.do(f'patch 0 0 0 5 5 {GREEN:#x}', f'patch 0 12 7 1 1 {BLUE:#x}')
        self.assertEqual(self.next_frame(frame)['damage'], [[2, 2, 1, 1]])

    def test_transparency_is_over_the_backdrop(self):
        _, frame = self.show(color=HALF)
        self.assertEqual(self.host.pixel(frame, 3, 3), 0x800000)
        self.host.send('backdrop', rgb=0x0040ff)
        frame = self.next_frame(frame, [[0, 0, 64, 48]])
        self.assertEqual(self.host.pixel(frame, 3, 3), 0x80207f)
        self.client.do(f'patch 0 0 0 2 2 {CLEAR:#x}')
        frame = self.next_frame(frame)
        self.assertEqual(self.host.pixel(frame, 1, 1), 0x0040ff)
        self.assertEqual(self.host.pixel(frame, 2, 1), 0x80207f)
        # The same again: nothing to do. What is said to be opaque, or has no alpha, stays as it is.
        self.host.send('backdrop', rgb=0x0040ff)
        self.client.do('solid 0 0 0 64 24', f'patch 0 0 0 64 48 {HALF:#x}')
        frame = self.next_frame(frame, [[0, 0, 64, 48]])
        self.assertEqual(self.host.pixel(frame, 63, 23), 0x800000)
        self.assertEqual(self.host.pixel(frame, 63, 24), 0x80207f)
        self.client.do('opaque 0 1', f'patch 0 0 0 64 48 {HALF:#x}')
        frame = self.next_frame(frame)
        self.assertEqual(self.host.pixel(frame, 63, 24), 0x800000)

    def test_the_backdrop_shows_between_layers(self):
        self.host.send('backdrop', rgb=0x00ff00)
        _, frame = self.show(color=CLEAR)
        self.assertEqual(self.host.pixel(frame, 30, 30), 0x00ff00)
        self.client.do('sub 1 0 20 20', f'draw 1 20 20 {HALF:#x}', 'commit 0')
        frame = self.next_frame(frame)
        self.assertEqual(self.host.pixel(frame, 30, 30), 0x807f00)
        self.assertEqual(self.host.pixel(frame, 10, 10), 0x00ff00)

    def test_buffer_scale_keeps_the_pixels(self):
        self.client.do('toplevel 0')
        window = self.host.expect('window_new')['window']
        self.host.configure(window)
        self.client.expect('configure 0')
        self.client.do('scale 0 2', f'draw 0 80 60 {RED:#x}', f'patch 0 79 59 1 1 {BLUE:#x}')
        self.host.want, self.host.offset = self.host.give_slots(window), 0
        frame = self.host.expect('frame')
        self.assertEqual([frame[name] for name in ('width', 'height', 'logical_width',
                                                   'logical_height')], [80, 60, 40, 30])
        self.assertEqual(self.host.pixel(frame, 79, 59), 0x0000ff)
        self.assertEqual(self.host.pixel(frame, 78, 59), 0xff0000)

    def test_fractional_scale_keeps_the_pixels(self):
        self.client.do('toplevel 0')
        window = self.host.expect('window_new')['window']
        self.host.send('window_scale', window=window, scale_120=180)
        self.host.configure(window)
        self.client.expect('configure 0')
        # 33 × 21 logical at 1.5 is 49.5 × 31.5: rounded up by the rules of fractional-scale-v1.
        self.client.do('viewport 0 33 21', f'draw 0 50 32 {RED:#x}',
                       f'patch 0 49 31 1 1 {BLUE:#x}')
        self.host.want, self.host.offset = self.host.give_slots(window), 0
        frame = self.host.expect('frame')
        self.assertEqual([frame[name] for name in ('width', 'height', 'logical_width',
                                                   'logical_height')], [50, 32, 33, 21])
        self.assertEqual(self.host.pixel(frame, 49, 31), 0x0000ff)
        self.assertEqual(self.host.pixel(frame, 48, 31), 0xff0000)

    def test_viewport_scales(self):
        self.client.do('toplevel 0')
        window = self.host.expect('window_new')['window']
        self.host.configure(window)
        self.client.expect('configure 0')
        self.client.do('viewport 0 40 20', f'draw 0 10 10 {RED:#x}')
        self.host.want, self.host.offset = self.host.give_slots(window), 0
        frame = self.host.expect('frame')
        self.assertEqual((frame['width'], frame['height']), (40, 20))
        for x, y in ((0, 0), (39, 0), (0, 19), (39, 19), (20, 10)):
            self.assertEqual(self.host.pixel(frame, x, y), 0xff0000)

    def test_buffer_transform(self):
        # A corner of the buffer shows in another corner of the window.
        # Degrees go counter-clockwise (wayland.xml, wl_output.transform).
        corners = {0: (0, 0), 1: (9, 0), 2: (9, 19), 3: (0, 19), 4: (9, 0), 5: (0, 0), 6: (0, 19),
                   7: (9, 19)}
        sizes = {n: (10, 20) if n % 2 == 0 else (20, 10) for n in range(8)}
        offset = 0
        for transform, (x, y) in corners.items():
            with self.subTest(transform=transform):
                client = self.host.client()
                client.do('toplevel 0')
                window = self.host.expect('window_new')['window']
                self.host.configure(window)
                client.expect('configure 0')
                width, height = sizes[transform]
                client.do(f'transform 0 {transform}', f'draw 0 {width} {height} {RED:#x}',
                          f'patch 0 0 0 1 1 {BLUE:#x}')
                want = self.host.give_slots(window, offset)
                frame = self.host.expect('frame', window=window)
                self.assertEqual((frame['width'], frame['height']), (10, 20))
                found = [(i, j) for j in range(20) for i in range(10)
                         if self.host.pixel(frame, i, j, want, offset) == 0x0000ff]
                self.assertEqual(found, [(x, y)])
                client.do(f'patch 0 0 0 2 1 {GREEN:#x}')
                self.host.send('frame_done', window=window, time=1)
                again = self.host.expect('frame', window=window)
                found = [(i, j) for j in range(20) for i in range(10)
                         if self.host.pixel(again, i, j, want, offset) == 0x00ff00]
                (left, top, wide, high), = again['damage']
                self.assertEqual(len(found), 2)
                self.assertIn((x, y), found)
                self.assertTrue(all(left <= i < left + wide and top <= j < top + high
                                    for i, j in found))
                self.assertLessEqual(wide * high, 12)  # the two and what filtering may smear
                offset += 1 << 20

    def test_subsurface(self):
        self.client.do('toplevel 0')
        window = self.host.expect('window_new')['window']
        self.host.configure(window)
        self.client.expect('configure 0')
        self.client.do('sub 1 0 20 10', f'draw 1 10 10 {HALF:#x}', f'draw 0 60 40 {BLUE:#x}')
        self.host.want, self.host.offset = self.host.give_slots(window), 0
        frame = self.host.expect('frame')
        self.assertEqual((frame['width'], frame['height']), (60, 40))
        self.assertEqual(self.host.pixel(frame, 19, 10), 0x0000ff)
        self.assertEqual(self.host.pixel(frame, 20, 10), 0x80007f)
        # Synchronized: nothing before the parent's commit.
        self.client.do(f'draw 1 10 10 {GREEN:#x}')
        self.host.send('frame_done', window=window, time=1)
        self.client.expect('frame')
        self.host.sync()
        self.client.do('commit 0')
        frame = self.next_frame(frame, [[20, 10, 10, 10]])
        self.assertEqual(self.host.pixel(frame, 29, 19), 0x00ff00)
        # Desynchronized: at once.
        self.client.do('desync 1', f'patch 1 0 0 3 3 {RED:#x}')
        frame = self.next_frame(frame, [[20, 10, 3, 3]])
        self.assertEqual(self.host.pixel(frame, 22, 12), 0xff0000)
        # Moved with the parent's commit; what was below shows again.
        self.client.do('move 1 0 0', 'commit 0')
        frame = self.next_frame(frame)
        self.assertEqual(self.host.pixel(frame, 0, 0), 0xff0000)
        self.assertEqual(self.host.pixel(frame, 22, 12), 0x0000ff)
        # Below the parent it is hidden.
        self.client.do('below 1 0', 'commit 0')
        frame = self.next_frame(frame)
        self.assertEqual(self.host.pixel(frame, 0, 0), 0x0000ff)
        self.client.do('destroy 1')
        frame = self.next_frame(frame)
        self.assertEqual(self.host.pixel(frame, 0, 0), 0x0000ff)

    def test_subsurface_larger_than_its_parent_widens_the_window(self):
        self.client.do('toplevel 0')
        window = self.host.expect('window_new')['window']
        self.host.configure(window)
        self.client.expect('configure 0')
        self.client.do('sub 1 0 -5 -5', f'draw 1 10 10 {RED:#x}', f'draw 0 20 20 {BLUE:#x}')
        self.host.want, self.host.offset = self.host.give_slots(window), 0
        frame = self.host.expect('frame')
        self.assertEqual((frame['width'], frame['height']), (25, 25))
        self.assertEqual(self.host.pixel(frame, 0, 0), 0xff0000)
        self.assertEqual(self.host.pixel(frame, 24, 0), 0x000000)
        self.assertEqual(self.host.pixel(frame, 24, 24), 0x0000ff)

    def test_destroyed_buffer_stays_visible(self):
        window, frame = self.show()
        self.client.do('drop 0', 'sub 1 0 0 0', f'draw 1 4 4 {GREEN:#x}', 'commit 0')
        frame = self.next_frame(frame)
        self.assertEqual(self.host.pixel(frame, 1, 1), 0x00ff00)
        self.assertEqual(self.host.pixel(frame, 30, 30), 0xff0000)
        self.assertEqual(frame['window'], window)

    def test_unmap_and_map_again(self):
        window, _ = self.show()
        self.client.do('unmap 0')
        self.host.expect('window_gone', window=window)
        self.client.do('commit 0')
        again = self.host.expect('window_new')['window']
        self.assertNotEqual(again, window)
        self.host.configure(again)
        self.client.expect('configure 0')
        self.client.do(f'draw 0 64 48 {GREEN:#x}')
        self.host.give_slots(again)
        self.host.expect('frame', window=again)

    def test_popup(self):
        window, _ = self.show()
        self.client.do('popup 1 0 5 6 7 8 30 20')
        popup = self.host.expect('popup_new')
        self.assertEqual(popup['parent'], window)
        self.assertEqual([popup[name] for name in ('anchor_x', 'anchor_y', 'anchor_width',
                                                   'anchor_height', 'width', 'height', 'anchor',
                                                   'gravity')], [5, 6, 7, 8, 30, 20, 6, 8])
        self.host.send('popup_configure', window=popup['window'], serial=self.host.serial(), x=5,
                       y=14, width=30, height=20)
        self.assertEqual(self.client.expect('place 1'), ['place', '1', '5', '14'])
        self.client.expect('configure 1 30 20')
        self.client.do(f'draw 1 30 20 {GREEN:#x}')
        want = self.host.give_slots(popup['window'], 1 << 20)
        frame = self.host.expect('frame', window=popup['window'])
        self.assertEqual(self.host.pixel(frame, 29, 19, want, 1 << 20), 0x00ff00)
        # Another place for it.
        self.client.do('reposition 1 9 9 1 1 30 20')
        move = self.host.expect('popup_move', window=popup['window'])
        self.assertEqual((move['anchor_x'], move['anchor_y']), (9, 9))
        self.host.send('popup_configure', window=popup['window'], serial=self.host.serial(),
                       token=move['token'], x=9, y=10, width=30, height=20)
        self.client.expect('repositioned 1 77')
        self.client.expect('place 1 9 10')
        # The host may have made it anew there: all of it comes again.
        again = self.host.expect('frame', window=popup['window'])
        self.assertEqual(again['damage'], [[0, 0, 30, 20]])
        # A popup of the popup, and the host takes the lower one away.
        self.client.do('popup 2 1 1 1 1 1 10 10')
        nested = self.host.expect('popup_new')
        self.assertEqual(nested['parent'], popup['window'])
        self.host.send('popup_done', window=popup['window'])
        self.host.expect('window_gone', window=nested['window'])
        self.host.expect('window_gone', window=popup['window'])
        self.client.expect('popup_done 2')
        self.client.expect('popup_done 1')

    def test_parent(self):
        window, _ = self.show()
        self.client.do('toplevel 1', 'parent 1 0')
        child = self.host.expect('window_new')['window']
        self.host.expect('window_parent', window=child, parent=window)
        self.client.do('destroy 0')
        self.host.expect('window_parent', window=child, parent=0)

    def test_requests(self):
        window, _ = self.show()
        self.client.do('maximize 0')
        self.assertEqual(self.host.expect('window_request', window=window)['request'], 1)
        self.host.send('window_close', window=window)
        self.client.expect('close 0')

    def test_refused_window_ends_its_program(self):
        window, _ = self.show()
        self.host.send('window_refused', window=window)
        self.host.expect('window_gone', window=window)
        self.client.expect('error connection')

    def test_slots_refused(self):
        self.client.do('toplevel 0')
        window = self.host.expect('window_new')['window']
        self.host.configure(window)
        self.client.expect('configure 0')
        self.client.do(f'draw 0 64 48 {RED:#x}')
        self.host.give_slots(window, count=0)
        # Modester.
        want = self.host.expect('slots_want')
        self.assertEqual(want['count'], 1)
        self.host.send('slots', window=window, generation=want['generation'], count=1,
                       bytes=want['bytes'])
        frame = self.host.expect('frame')
        # One slot is enough to live on.
        self.client.do(f'patch 0 0 0 1 1 {GREEN:#x}')
        self.next_frame(frame, [[0, 0, 1, 1]])

    def test_slots_outside_the_region_are_not_written(self):
        self.client.do('toplevel 0')
        window = self.host.expect('window_new')['window']
        self.host.configure(window)
        self.client.expect('configure 0')
        self.client.do(f'draw 0 64 48 {RED:#x}')
        want = self.host.expect('slots_want')
        self.host.send('slots', window=window, generation=want['generation'], count=3,
                       offset=16 << 20, bytes=want['bytes'])
        self.host.sync()

    def test_two_windows_of_two_programs(self):
        first, _ = self.show()
        other = self.host.client()
        other.do('toplevel 0')
        second = self.host.expect('window_new')['window']
        self.host.configure(second)
        other.expect('configure 0')
        other.do(f'draw 0 16 16 {GREEN:#x}')
        want = self.host.give_slots(second, 1 << 20)
        frame = self.host.expect('frame', window=second)
        self.assertEqual(self.host.pixel(frame, 0, 0, want, 1 << 20), 0x00ff00)
        other.process.kill()
        self.host.expect('window_gone', window=second)
        self.client.do(f'patch 0 0 0 1 1 {GREEN:#x}')
        self.host.expect('frame', window=first)

    def test_protocol_errors(self):
        for script, error in (
                (['toplevel 0', 'scale 0 0'], 'wl_surface 0'),
                (['toplevel 0', 'transform 0 9'], 'wl_surface 1'),
                (['toplevel 0', 'scale 0 3', 'draw 0 10 10 0xffffffff'], 'wl_surface 2'),
                (['toplevel 0', 'geometry 0 0 0 0 5'], 'xdg_surface 5'),
                (['toplevel 0', 'min 0 -1 5'], 'xdg_toplevel 2'),
                (['toplevel 0', 'parent 0 0'], 'xdg_toplevel 1'),
                (['toplevel 0', 'sub 1 0 0 0', 'above 1 1'], 'wl_subsurface 0'),
                (['toplevel 0', 'viewport 0 0 5'], 'wp_viewport 0'),
        ):
            with self.subTest(script=script):
                client = self.host.client()
                client.do(*script)
                client.expect('error ' + error)


class ByChannelTest(GuestTestCase):
    """Without a shared region the pixels come through the channel."""

    REGION = 0

    def collect(self, window, picture):
        """Fill `picture` with the pixels messages up to the next frame."""
        while True:
            message = self.host.lines.next(lambda m: m['message'] in ('pixels', 'frame'),
                                           'pixels or a frame')
            self.assertEqual(message['window'], window)
            if message['message'] == 'frame':
                return message
            data = bytes.fromhex(message['data'])
            self.assertLessEqual(len(data), 65536)
            picture[message['offset']:message['offset'] + len(data)] = data

    def test_pixels(self):
        client = self.host.client()
        self.assertEqual(self.host.hello['region_bytes'], 0)
        client.do('toplevel 0')
        window = self.host.expect('window_new')['window']
        self.host.configure(window)
        client.expect('configure 0')
        # 4 MB: more than the stream's window, so credit has to come and go.
        client.do(f'draw 0 1024 1024 {RED:#x}')
        self.host.give_slots(window, by_channel=1)
        picture = bytearray(4 << 20)
        frame = self.collect(window, picture)
        self.assertEqual(frame['damage'], [[0, 0, 1024, 1024]])
        self.assertEqual(picture, struct.pack('<I', RED) * (1 << 20))
        client.do(f'patch 0 1000 1000 10 10 {GREEN:#x}')
        second = bytearray(4 << 20)
        self.assertNotEqual(self.collect(window, second)['slot'], frame['slot'])
        self.assertEqual(struct.unpack_from('<I', second, (1009 * 1024 + 1009) * 4)[0], GREEN)
        self.assertEqual(struct.unpack_from('<I', second, 0)[0], RED)
        # The same slot again: only what changed since.
        self.host.free(frame)
        self.host.send('frame_done', window=window, time=1)
        self.host.sync()
        before = len(self.host.lines.items)
        client.do(f'patch 0 0 0 1 1 {BLUE:#x}')
        self.collect(window, picture)
        sent = sum(len(m['data']) // 2 for m in self.host.lines.items[before:]
                   if m['message'] == 'pixels')
        self.assertLessEqual(sent, 1024 * 4 + 10 * 10 * 4 + 4)
        self.assertEqual(struct.unpack_from('<I', picture, 0)[0], BLUE)
        self.assertEqual(struct.unpack_from('<I', picture, (1009 * 1024 + 1009) * 4)[0], GREEN)


class ReconnectionTest(GuestTestCase):
    """The agent at a port that hangs up, as in a VM: the next host learns everything anew."""

    PORT = True

    def test_windows_are_announced_to_the_next_host(self):
        client = self.host.client()
        client.do('toplevel 0', 'title 0 Stays', 'app 0 org.example.App')
        first = self.host.expect('window_new')['window']
        self.host.configure(first)
        client.expect('configure 0')
        client.do(f'draw 0 64 48 {RED:#x}')
        self.host.give_slots(first)
        self.host.expect('frame')
        client.do('popup 1 0 5 6 7 8 30 20')
        self.host.expect('popup_new')
        self.host.launch(5, 'sh', '-c', 'read -r x <"$1"; exit 9', 'sh', self.fifo())
        self.host.reconnect(while_gone=lambda: (client.expect('popup_done 1'), self.release()))
        self.assertEqual(self.host.hello['configured'], 1)
        again = self.host.expect('window_new')['window']
        self.host.expect('window_title', title='Stays')
        self.host.expect('window_app', app='org.example.App')
        # Programs go on, and one that has ended meanwhile is told.
        self.assertTrue(any(m['message'] == 'exited' and m['id'] == 5 and m['code'] == 9
                            for m in self.host.lines.items)
                        or self.host.expect('exited', id=5)['code'] == 9)
        serial = self.host.configure(again)
        client.expect('configure 0')
        self.host.want, self.host.offset = self.host.give_slots(again, 1 << 20), 1 << 20
        frame = self.host.expect('frame')
        self.assertEqual((frame['serial'], frame['damage']), (serial, [[0, 0, 64, 48]]))
        self.assertEqual(self.host.pixel(frame, 63, 47), 0xff0000)
        # And it goes on from there.
        self.host.send('frame_done', window=again, time=1)
        client.do(f'patch 0 0 0 1 1 {GREEN:#x}')
        self.assertEqual(self.host.expect('frame')['damage'], [[0, 0, 1, 1]])
        self.host.send('shutdown')
        self.host.guest.wait(10)

    def fifo(self):
        self._fifo = os.path.join(self.host.runtime, 'fifo')
        os.mkfifo(self._fifo)
        return self._fifo

    def release(self):
        with open(self._fifo, 'w', encoding='utf-8') as fifo:
            fifo.write('go\n')


if __name__ == '__main__':
    harness.main()
