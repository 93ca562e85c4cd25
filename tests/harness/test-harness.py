# SPDX-License-Identifier: GPL-3.0-or-later
"""The harness itself: a real terminal under the private sway gets real input."""

import harness
from harness import wait_for
from harness.sway import DesktopTestCase


def content(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


class HarnessTest(DesktopTestCase):

    def start_foot(self, *command):
        self.sway.run(['foot', '--config=/dev/null', *command])
        return self.sway.wait_view(app_id='foot')

    def test_typed_text_reaches_the_focused_program(self):
        result = self.sway.place.path('typed')
        self.start_foot('sh', '-c', f'read -r line; printf %s "$line" >{result}')
        self.sway.input.type('Hello, "World"! 6*7=42\n')
        text = wait_for(lambda: content(result), 10, 'the typed line')
        self.assertEqual(text, 'Hello, "World"! 6*7=42')
        self.sway.wait_no_view(app_id='foot')

    def test_key_combination_and_code(self):
        result = self.sway.place.path('ended')
        self.start_foot('sh', '-c', f'trap "echo int >{result}; exit" INT; '
                                    'printf "\\033]2;waits\\007"; while :; do read -r x; done')
        self.sway.wait_view(title='waits')
        self.sway.input.key('ctrl+c')
        wait_for(lambda: content(result) == 'int\n', 10, 'ctrl+c')

    def test_pointer_hits_the_place_it_was_sent_to(self):
        # A program that asks for mouse reports (SGR) and keeps the first click's cell.
        result = self.sway.place.path('click')
        node = self.start_foot('sh', '-c', 'stty raw -echo; printf "\\033[?1000h\\033[?1006h'
                               f'\\033]2;waits\\007"; dd bs=1 count=9 >{result} 2>/dev/null')
        self.sway.wait_view(title='waits')
        rect = node['rect']
        self.sway.input.click(rect['x'] + 5, rect['y'] + 5)
        wait_for(lambda: content(result).startswith('\x1b[<0;1;1M'), 10, 'the click')

    def test_screenshot_shows_the_window(self):
        self.start_foot('sh', '-c', 'printf "\\033[48;2;255;0;128m\\033[2J"; read -r x')
        rect = self.sway.view(app_id='foot')['rect']
        middle = rect['x'] + rect['width'] // 2, rect['y'] + rect['height'] // 2
        self.sway.wait_picture(lambda image: image.getpixel(middle) == (255, 0, 128), 10,
                               'the colour of the terminal')
        self.assertEqual(self.sway.screenshot().size, (1280, 800))


if __name__ == '__main__':
    harness.main()
