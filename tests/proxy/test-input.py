# SPDX-License-Identifier: GPL-3.0-or-later
"""Pointer and keyboard of the host over the guest's windows and their frames."""

import harness
from harness import wait_for
from wireguest import CAPTION, SIDE, ProxyTestCase

GREEN, BLUE = (10, 200, 30), (20, 30, 220)
LEFT, RIGHT = 0x110, 0x111


class InputTest(ProxyTestCase):

    def setUp(self):
        super().setUp()
        self.g = self.guest()
        self.slots = self.g.window(1, 300, 200, GREEN)
        self.rect = self.g.view()['rect']

    def at(self, x, y):
        """Screen position of a point of the content."""
        return self.rect['x'] + SIDE + x, self.rect['y'] + CAPTION + y

    def test_pointer_positions_are_those_of_the_content(self):
        self.sway.input.move(*self.at(0, 0))
        enter = self.g.wait('pointer_enter', window=1)
        self.assertEqual((enter['x'], enter['y']), (0, 0))
        self.g.wait('pointer_frame')
        self.sway.input.move(*self.at(299, 199))
        motion = self.g.wait('pointer_motion')
        self.assertEqual((motion['x'], motion['y']), (299 * 256, 199 * 256))

    def test_pointer_on_the_frame_is_not_the_guests(self):
        self.sway.input.move(*self.at(100, 100))
        self.g.wait('pointer_enter')
        self.g.mark()
        self.sway.input.move(*self.at(100, -10))
        self.g.wait('pointer_leave', window=1)
        self.g.mark()
        self.sway.input.click()
        self.sway.input.move(*self.at(100, -12))
        self.sway.input.move(*self.at(100, 100))
        self.g.wait('pointer_enter')
        self.assertIsNone(self.g.find('pointer_button'))
        self.assertIsNone(self.g.find('pointer_motion'))

    def test_buttons_and_wheel(self):
        self.sway.input.move(*self.at(50, 50))
        self.sway.input.click()
        self.g.wait('pointer_button', button=LEFT, pressed=1)
        self.g.wait('pointer_button', button=LEFT, pressed=0)
        self.sway.input.click(button='right')
        self.g.wait('pointer_button', button=RIGHT, pressed=1)
        self.g.mark()
        self.sway.input.scroll(2)
        axis = self.g.wait('pointer_axis', axis=0)
        self.assertEqual(axis['source'], 0)
        self.assertGreater(axis['value'], 0)
        self.g.wait('pointer_frame')

    def test_keyboard(self):
        keymap = self.g.wait('keymap')['text']
        self.assertIn(b'xkb_keymap', bytes.fromhex(keymap))
        self.assertTrue(keymap.endswith('00'))
        self.g.wait('key_repeat')
        self.g.wait('keyboard_enter', window=1)
        self.g.mark()
        self.sway.input.key('shift+a')
        self.g.wait('modifiers', depressed=1)
        self.g.wait('key', key=30, pressed=1)
        self.g.wait('key', key=30, pressed=0)

    def test_held_key_is_released_before_another_window_gets_the_keyboard(self):
        self.g.wait('keyboard_enter', window=1)
        self.sway.input.key_down('a')
        self.g.wait('key', key=30, pressed=1)
        self.g.mark()
        other = self.guest('Bank', '#2ea04f')
        other.window(1, 100, 100)
        self.g.wait('keyboard_leave', window=1)
        names = [m['message'] for m in self.g.messages[self.g._taken:]
                 if m['message'] in ('key', 'keyboard_leave')]
        self.assertEqual(names[:2], ['key', 'keyboard_leave'])
        self.sway.input.key_up('a')

    def test_nothing_typed_elsewhere_reaches_the_guest(self):
        other = self.guest('Bank', '#2ea04f')
        other.window(1, 300, 200, BLUE)
        other.wait('keyboard_enter', window=1)
        self.g.wait('keyboard_leave')
        self.g.mark()
        self.sway.input.type('secret')
        other.wait('key')
        self.g.slots(1, 300, 200)
        self.assertIsNone(self.g.find('key'))
        self.assertIsNone(self.g.find('modifiers'))

    def test_close_button(self):
        self.g.mark()
        self.sway.input.click(self.rect['x'] + self.rect['width'] - SIDE - 14, self.rect['y'] + 14)
        self.g.wait('window_close', window=1)

    def test_caption_moves_the_window(self):
        x, y = self.at(150, -14)
        self.sway.input.move(x, y)
        self.sway.input.down()
        step = 0

        def moved():
            # The compositor takes over a moment after the drag begins.
            nonlocal step
            step += 1
            self.sway.input.move(x - 5 * step, y + 3 * step)
            return self.g.view()['rect']['x'] < self.rect['x'] - 30
        wait_for(moved, what='the move')
        self.sway.input.up()
        moved = self.g.view()['rect']
        self.assertGreater(moved['y'], self.rect['y'])
        self.assertEqual(moved['width'], self.rect['width'])

    def test_edge_resizes_the_window(self):
        x, y = self.at(300 + 1, 200 + 1)
        self.g.mark()
        self.sway.input.move(x, y)
        self.sway.input.down()
        step = 0

        def resized():
            # Until the compositor has taken over, motion resizes nothing.
            nonlocal step
            step += 1
            self.sway.input.move(x + 3 * step, y + 2 * step)
            return self.g.find('window_configure')
        wait_for(resized, what='the resize')
        self.sway.input.move(x + 200, y + 120)
        self.sway.input.up()

        def answered():
            """A guest that follows: a picture for each size it is told."""
            last = [m for m in self.g.messages if m.get('message') == 'window_configure'][-1]
            if last['width'] < 400:
                return None
            return last
        last = wait_for(answered, what='a large size')
        slots = self.g.slots(1, last['width'], last['height'])
        self.g.paint(slots, 0, last['width'], last['height'], BLUE)
        self.g.frame(slots, 0, last['width'], last['height'], serial=last['serial'])
        self.sway.input.move(1279, 799)
        wait_for(lambda: self.g.view()['rect']['width'] == last['width'] + 2 * SIDE,
                 what='the new size')
        self.wait_framed(self.g, content=BLUE)

    def test_guest_may_drag_while_its_press_is_held(self):
        x, y = self.at(100, 100)
        self.sway.input.move(x, y)
        self.sway.input.down()
        press = self.g.wait('pointer_button', pressed=1)
        self.g.mark()
        self.g.send('window_drag', window=1, edges=0, serial=press['serial'])
        # The compositor takes the pointer: the guest sees its button released, then leaves.
        self.g.wait('pointer_leave', window=1)
        names = [m['message'] for m in self.g.messages[self.g._taken:]
                 if m['message'] in ('pointer_button', 'pointer_leave')]
        self.assertEqual(names[:2], ['pointer_button', 'pointer_leave'])
        self.sway.input.move(x - 90, y - 60)
        self.sway.input.up()
        wait_for(lambda: self.g.view()['rect']['x'] == self.rect['x'] - 90, what='the move')


if __name__ == '__main__':
    harness.main()
