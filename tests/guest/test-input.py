# SPDX-License-Identifier: GPL-3.0-or-later
"""Input: the host's events reach the right surface; cursors and clipboards."""

import harness
from fakehost import GuestTestCase

RED, GREEN = 0xffff0000, 0xff00ff00
POINTER, KEYBOARD, TOUCH = 1, 2, 4


def fixed(value):
    return int(value * 256)


class InputTest(GuestTestCase):

    def setUp(self):
        super().setUp()
        self.host.send('output', width=2560, height=1600, scale_120=180, refresh_mhz=59940)
        self.host.send('seat', capabilities=POINTER | KEYBOARD | TOUCH)
        self.host.send('keymap', text=b'xkb_keymap { };\0'.hex())
        self.host.send('key_repeat', rate=33, delay=444)
        self.client = self.host.client()
        self.client.do('toplevel 0')
        self.window = self.host.expect('window_new')['window']
        self.host.configure(self.window)
        self.client.expect('configure 0')

    def draw(self, *before):
        self.client.do(*before, f'draw 0 100 80 {RED:#x}')
        self.host.give_slots(self.window)
        self.frame = self.host.expect('frame')

    def enter(self, x, y):
        serial = self.host.serial()
        self.host.send('pointer_enter', window=self.window, serial=serial, x=fixed(x), y=fixed(y))
        self.host.send('pointer_frame')
        return serial

    def motion(self, x, y):
        self.host.send('pointer_motion', time=1, x=fixed(x), y=fixed(y))
        self.host.send('pointer_frame')

    def button(self, pressed, button=0x110):
        serial = self.host.serial()
        self.host.send('pointer_button', serial=serial, time=2, button=button, pressed=pressed)
        self.host.send('pointer_frame')
        return serial

    def focus(self, window=None):
        serial = self.host.serial()
        self.host.send('keyboard_enter', window=window or self.window, serial=serial,
                       keys='1e000000')
        return serial

    def test_output_and_keyboard_are_the_hosts(self):
        items = self.client.items
        self.assertIn('output 2560 1600 59940', items)
        self.assertIn('output_scale 2', items)
        self.assertIn('output_name bulkhead-0', items)
        self.assertIn('repeat 33 444', items)
        self.assertIn('keymap 16 xkb_keymap { };', items)

    def test_pointer(self):
        self.draw('geometry 0 10 5 80 70')
        self.enter(3, 4)
        # The geometry's corner is at 10,5 of the surface.
        self.assertEqual(self.client.expect('enter'), ['enter', '0', '13', '9'])
        self.motion(3.5, 4.25)
        self.assertEqual(self.client.expect('motion'), ['motion', '13.5', '9.25'])
        serial = self.button(1)
        self.assertEqual(self.client.expect('button'), ['button', str(serial), '272', '1'])
        self.button(0, 0x110)
        self.client.expect('button')
        for name in range(0x111, 0x118):
            self.button(1, name)
            self.assertEqual(self.client.expect('button')[2], str(name))
            self.button(0, name)
            self.client.expect('button')
        self.host.send('pointer_axis', time=3, source=0, axis=0, value=fixed(15), discrete=120)
        self.host.send('pointer_frame')
        self.client.expect('discrete 0 1')
        self.client.expect('axis 0 15')
        self.host.send('pointer_axis', time=3, source=1, axis=1, stop=1)
        self.host.send('pointer_frame')
        self.client.expect('axis_stop 1')
        self.host.send('pointer_leave', window=self.window, serial=self.host.serial())
        self.client.expect('leave 0')

    def test_pointer_goes_to_the_subsurface(self):
        self.draw('sub 1 0 50 40', f'draw 1 20 20 {GREEN:#x}')
        self.enter(10, 10)
        self.client.expect('enter 0 10 10')
        self.motion(55, 45)
        self.client.expect('leave 0')
        self.assertEqual(self.client.expect('enter'), ['enter', '1', '5', '5'])
        # While a button is held it stays there.
        self.button(1)
        self.motion(10, 10)
        self.assertEqual(self.client.expect('motion'), ['motion', '-40', '-30'])
        self.button(0)
        self.client.expect('leave 1')
        self.client.expect('enter 0 10 10')

    def test_input_region(self):
        self.draw('sub 1 0 50 40', 'input 1 0 0 5 5', f'draw 1 20 20 {GREEN:#x}')
        self.enter(52, 42)
        self.client.expect('enter 1 2 2')
        self.motion(60, 50)
        self.client.expect('enter 0 60 50')

    def test_keyboard(self):
        self.draw()
        self.focus()
        self.assertEqual(self.client.expect('focus'), ['focus', '0', '1'])
        self.host.send('modifiers', serial=self.host.serial(), depressed=4, group=1)
        self.client.expect('modifiers 4 1')
        self.host.send('key', serial=self.host.serial(), time=1, key=30, pressed=1)
        self.client.expect('key 30 1')
        self.host.send('keyboard_leave', window=self.window, serial=self.host.serial())
        self.client.expect('unfocus 0')

    def test_touch(self):
        self.draw('sub 1 0 50 40', f'draw 1 20 20 {GREEN:#x}')
        self.host.send('touch_down', window=self.window, serial=self.host.serial(), time=1, id=3,
                       x=fixed(55), y=fixed(45))
        self.host.send('touch_frame')
        self.assertEqual(self.client.expect('touch'), ['touch', '3', '1', '5', '5'])
        self.client.expect('touch_frame')
        self.host.send('touch_motion', time=2, id=3, x=fixed(10), y=fixed(10))
        self.client.expect('slide 3 -40 -30')
        self.host.send('touch_up', serial=self.host.serial(), time=3, id=3)
        self.host.send('touch_frame')
        self.client.expect('lift 3')
        self.client.expect('touch_frame')
        self.host.send('touch_down', window=self.window, serial=self.host.serial(), time=1, id=0,
                       x=0, y=0)
        self.client.expect('touch 0')
        self.host.send('touch_cancel')
        self.client.expect('touch_cancel')

    def test_move_quotes_the_hosts_serial(self):
        self.draw()
        self.enter(5, 5)
        serial = self.button(1)
        self.client.expect('button')
        self.client.do('drag 0')
        drag = self.host.expect('window_drag', window=self.window)
        self.assertEqual((drag['serial'], drag['edges']), (serial, 0))

    def test_cursor(self):
        self.draw()
        self.client.do('cursor 8 8 1 1 0xffffffff')  # without the pointer: no effect
        serial = self.enter(5, 5)
        self.client.expect('enter')
        self.client.do('cursor 16 24 3 4 0xff112233')
        image = self.host.expect('cursor_image', width=16)
        self.assertEqual([image[n] for n in ('serial', 'height', 'scale', 'hotspot_x', 'hotspot_y')],
                         [serial, 24, 1, 3, 4])
        self.assertEqual(bytes.fromhex(image['pixels']), bytes.fromhex('332211ff') * 16 * 24)

    def test_large_cursor_is_scaled_down(self):
        self.draw()
        self.enter(5, 5)
        self.client.expect('enter')
        self.client.do('cursor 512 256 256 128 0xff112233')
        image = self.host.expect('cursor_image', width=128)
        self.assertEqual((image['height'], image['hotspot_x'], image['hotspot_y']), (64, 64, 32))

    def test_clipboard_between_two_programs(self):
        self.draw()
        self.focus()
        self.client.expect('focus')
        self.client.do('copy Hello there')
        other = self.host.client()
        other.do('toplevel 0')
        window = self.host.expect('window_new')['window']
        self.host.configure(window)
        other.expect('configure 0')
        # Without the keyboard there is nothing to see, and no taking it over.
        other.do('paste', 'copy stolen')
        other.expect('cancelled')
        self.focus(window)
        other.expect('selection 1')
        other.do('paste')
        # The first program answers while the other waits.
        self.assertEqual(other.expect('pasted'), ['pasted', 'Hello', 'there'])


if __name__ == '__main__':
    harness.main()
