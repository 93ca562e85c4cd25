# SPDX-License-Identifier: GPL-3.0-or-later
"""Real programs through bulkhead-guest and bulkhead-proxy: what a person sees and does.

No virtual machine: the pair stands on this computer, on a private headless sway.
"""

import json
import os
import subprocess
import sys

from PIL import Image, ImageChops

import harness
from harness import wait_for
from harness.pair import Pair
from harness.sway import DesktopTestCase

COLOR = (230, 97, 0)
FRAME = 4


def content(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def box_of_change(before, after):
    """The smallest rectangle that holds every pixel that differs: left, top, right, bottom."""
    return ImageChops.difference(before, after).getbbox()


class PairTestCase(DesktopTestCase):

    def setUp(self):
        super().setUp()
        self.pair = Pair(self.sway, color='#%02x%02x%02x' % COLOR)
        self.addCleanup(self.pair.stop)
        self.pair.start()

    def keep_evidence(self):
        super().keep_evidence()
        print(self.pair.log_tail(4000), flush=True)

    def caption_height(self, node):
        """Where the content begins, seen on the picture: the frame's colour ends there."""
        image = self.sway.screenshot(node['rect'])
        x = FRAME + 1
        for y in range(FRAME, 64):
            if all(image.getpixel((x + i, y)) != COLOR for i in range(3)):
                return y
        self.fail('no end of the caption')


class TerminalTest(PairTestCase):

    def start_foot(self, script):
        self.pair.launch('foot', '--config=/dev/null', 'sh', '-c', script)
        return self.pair.wait_window(app_id='foot')

    def test_typed_text_reaches_the_program(self):
        result = self.sway.place.path('typed')
        self.start_foot(f'read -r line; printf %s "$line" >{result}')
        self.sway.input.type('Hello, "World"! 6*7=42\n')
        text = wait_for(lambda: content(result), 10, 'the typed line')
        self.assertEqual(text, 'Hello, "World"! 6*7=42')
        self.sway.wait_no_view(app_id='foot')

    def test_typed_text_appears(self):
        node = self.start_foot('printf "\\033]2;waits\\007"; read -r line')
        self.sway.wait_view(title='waits')
        before = self.sway.screenshot(node['rect'])
        self.sway.input.type('mmmmmmmm')
        self.sway.wait_picture(
            lambda image: (box_of_change(before, image) or (0, 0, 0, 0))[2] > 40, 10,
            'the echo of the keys', node['rect'])

    def test_colours_are_exact(self):
        node = self.start_foot('printf "\\033[48;2;255;0;128m\\033[2J"; read -r line')
        rect = node['rect']
        middle = rect['width'] // 2, rect['height'] // 2
        image = self.sway.wait_picture(lambda image: image.getpixel(middle) == (255, 0, 128), 10,
                                       'the colour of the terminal', rect)
        for x, y in ((0, 100), (rect['width'] - 1, 100), (100, rect['height'] - 1), (100, 0)):
            self.assertEqual(image.getpixel((x, y)), COLOR, f'the frame at {x},{y}')

    def test_resize_by_the_frame_reflows(self):
        result = self.sway.place.path('size')
        node = self.start_foot(f'while :; do stty size >{result}; sleep 0.05; done')
        first = wait_for(lambda: content(result), 10, 'the size of the terminal')
        rect = node['rect']
        right, bottom = rect['x'] + rect['width'] - 2, rect['y'] + rect['height'] - 2
        self.sway.input.move(right, bottom)
        self.sway.input.down()

        # How far the pointer has gone when sway begins the resize that the proxy asks for is not
        # ours to know: pull on until it is large enough.
        pulled = [0]

        def growing():
            pulled[0] = min(pulled[0] + 4, 270)
            self.sway.input.move(right + pulled[0], bottom + pulled[0] // 3)
            now = self.sway.view(app_id='foot')['rect']
            return now['width'] > rect['width'] + 80 and now['height'] > rect['height'] + 20
        wait_for(growing, 10, 'a larger window')
        self.sway.input.up()
        wait_for(lambda: all(int(now) > int(before) for now, before
                             in zip(content(result).split(), first.split())),
                 10, 'more rows and columns')

    def test_two_appvms_have_their_own_windows(self):
        self.start_foot('read -r line')
        with Pair(self.sway, name='Bank', color='#1c71d8') as bank:
            bank.launch('foot', '--config=/dev/null', 'sh', '-c', 'read -r line')
            blue = self.sway.wait_view(app_id='bulkhead.bank')
            self.sway.move_view(blue, 20, 20)
            orange = self.sway.view(app_id='bulkhead.work')
            self.sway.move_view(orange, 500, 200)
            wait_for(lambda: self.sway.view(app_id='bulkhead.work')['rect']['x'] == 500, 10, 'a move')
            image = self.sway.wait_picture(
                lambda image: image.getpixel((20, 300)) == (0x1c, 0x71, 0xd8)
                and image.getpixel((500 + orange['rect']['width'] - 1, 500)) == COLOR,
                10, 'both frames')
            self.assertEqual(image.getpixel((20, 30)), (0x1c, 0x71, 0xd8))
        # One AppVM's end is its own.
        self.sway.wait_no_view(app_id='bulkhead.bank')
        self.assertTrue(self.sway.view(app_id='bulkhead.work'))


def places_in_calculator(sway, *names):
    """Where gnome-calculator has its buttons, by its accessibility tree, started natively."""
    with subprocess.Popen(['dbus-daemon', '--session', '--nofork', '--print-address=1'],
                          env=sway.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True) as bus:
        env = dict(sway.env, DBUS_SESSION_BUS_ADDRESS=bus.stdout.readline().strip())
        env.pop('NO_AT_BRIDGE', None)
        program = subprocess.Popen(['gnome-calculator'], env=env, stderr=subprocess.DEVNULL)
        try:
            sway.wait_view(app_id='org.gnome.Calculator', timeout=30)
            script = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'places.py')
            done = subprocess.run([sys.executable, script, *names], env=env, check=True,
                                  stdout=subprocess.PIPE, timeout=60)
            return json.loads(done.stdout)
        finally:
            program.terminate()
            program.wait()
            sway.wait_no_view(app_id='org.gnome.Calculator')
            bus.terminate()


class CalculatorTest(PairTestCase):

    def start(self):
        # A text cursor that fades in and out would keep every picture from being steady.
        settings = os.path.join(self.sway.place.env['XDG_CONFIG_HOME'], 'gtk-4.0')
        os.makedirs(settings)
        with open(os.path.join(settings, 'settings.ini'), 'w', encoding='utf-8') as file:
            file.write('[Settings]\ngtk-cursor-blink=false\n')
        self.pair.launch('gnome-calculator')
        node = self.pair.wait_window(app_id='Calculator', timeout=30)
        self.sway.wait_picture(lambda image: len(image.getcolors(1 << 20) or []) > 50, 30,
                               'the drawn calculator', node['rect'])
        return node

    def test_six_times_seven_by_pointer_and_by_keyboard(self):
        places = places_in_calculator(self.sway, '6', '×', '7', '=')
        node = self.start()
        rect = self.sway.view(app_id='Calculator')['rect']
        top = self.caption_height(node)
        for name in ('6', '×', '7', '='):
            x, y = places[name]
            before = self.sway.screenshot(rect)
            self.sway.input.click(rect['x'] + FRAME + x, rect['y'] + top + y)
            self.sway.wait_picture(lambda image: image.tobytes() != before.tobytes(), 10,
                                   f'something after {name}', rect)
        display = (rect['x'] + FRAME + 10, rect['y'] + top + 60, rect['width'] - 28, 125)
        self.sway.input.move(5, 5)
        by_pointer = self.steady(display)
        # The same by keyboard gives the same picture; another sum does not.
        pictures = {}
        for keys in ('6*7', '6*8'):
            self.sway.input.key('Escape')
            self.sway.input.key('ctrl+a')
            self.sway.input.key('Delete')
            self.sway.input.type(keys)
            self.sway.input.key('Return')
            pictures[keys] = self.steady(display)
        self.assertIsNone(box_of_change(by_pointer.crop((0, 60, *by_pointer.size)),
                                        pictures['6*7'].crop((0, 60, *by_pointer.size))))
        self.assertIsNotNone(box_of_change(pictures['6*7'], pictures['6*8']))

    def test_menu_is_a_framed_popup_at_its_button(self):
        places = places_in_calculator(self.sway, 'GtkMenuButton')
        node = self.start()
        rect = self.sway.view(app_id='Calculator')['rect']
        x, y = places['GtkMenuButton']
        x, y = rect['x'] + FRAME + x, rect['y'] + self.caption_height(node) + y
        self.sway.input.move(x, y)
        before = self.sway.screenshot()
        self.sway.input.click()

        def popup(image):
            """The box of new pixels of the frame's colour: the popup's own frame."""
            new = ImageChops.difference(before, image).convert('L').point(lambda v: 255 if v else 0)
            mask = image.copy()
            mask.paste((0, 0, 0), mask=ImageChops.invert(new))
            mask = ImageChops.difference(mask, Image.new('RGB', mask.size, COLOR))
            return mask.convert('L').point(lambda v: 0 if v else 255).getbbox()
        image = self.sway.wait_picture(
            lambda image: popup(image) and popup(image)[3] - popup(image)[1] > 80, 15,
            'a popup with a frame')
        left, top, right, bottom = popup(image)
        self.assertTrue(left < x < right, f'{left}..{right} is not under the button at {x}')
        self.assertTrue(y <= top < y + 60, f'{top} is not just below the button at {y}')
        for point in ((left, (top + bottom) // 2), (right - 1, (top + bottom) // 2),
                      ((3 * left + right) // 4, top), ((3 * left + right) // 4, bottom - 1)):
            self.assertEqual(image.getpixel(point), COLOR, f'the popup has no frame at {point}')
        self.sway.input.key('Escape')
        self.sway.wait_picture(lambda image: popup(image) is None, 10, 'the end of the popup')

    def steady(self, rect):
        """The picture once it has stayed the same for some frames."""
        last = [None, 0]

        def same():
            image = self.sway.screenshot(rect)
            last[1] = last[1] + 1 if last[0] and image.tobytes() == last[0].tobytes() else 0
            last[0] = image
            return image if last[1] >= 3 else None
        return wait_for(same, 15, 'a steady picture', interval=0.1)


class DocumentTest(PairTestCase):

    def test_a_document_is_shown(self):
        path = self.sway.place.path('red.pdf')
        page = b'1 0 0 rg 0 0 200 200 re f'
        with open(path, 'wb') as file:
            file.write(b'%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n'
                       b'2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n'
                       b'3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R>>'
                       b'endobj\n4 0 obj<</Length %d>>stream\n%s\nendstream endobj\n'
                       b'trailer<</Root 1 0 R>>\n' % (len(page), page))
        self.pair.launch('zathura', path)
        node = self.pair.wait_window(app_id='zathura', timeout=20)
        self.sway.wait_picture(
            lambda image: sum(count for count, colour in image.getcolors(1 << 20)
                              if colour == (255, 0, 0)) > 10000,
            20, 'the red page', node['rect'])


class X11Test(PairTestCase):

    def test_an_x11_program_has_a_window(self):
        self.pair.launch('xlogo', x11='yes')
        node = self.pair.wait_window(timeout=30)
        # xlogo: black on white, as large as the window.
        self.sway.wait_picture(
            lambda image: image.getpixel((40, 300)) == (255, 255, 255)
            and sum(count for count, colour in image.getcolors(1 << 20)
                    if colour == (0, 0, 0)) > 10000,
            30, "xlogo's picture", node['rect'])
        self.assertEqual(self.sway.screenshot(node['rect']).getpixel((0, 300)), COLOR)


if __name__ == '__main__':
    harness.main()
