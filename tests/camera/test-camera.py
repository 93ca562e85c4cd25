# SPDX-License-Identifier: GPL-3.0-or-later
"""The desktop's camera in a guest: what it sees, and when it sees nothing."""

import harness
from camerahost import CameraTestCase, is_bars, is_colour
from harness import wait_for

GREEN, RED = (0, 160, 60), (200, 20, 30)


def green(picture):
    return is_colour(picture, GREEN)


def red(picture):
    return is_colour(picture, RED)


class CameraTest(CameraTestCase):

    def test_it_sees_the_pattern_and_is_cut_at_once(self):
        camera = self.camera()
        pair = self.pair()
        self.assertEqual(self.looking(), [])
        viewer = pair.look()
        pair.wait_sees()
        viewer.wait(is_bars)
        self.assertTrue(viewer.goes_on())
        self.assertEqual(self.looking(), ['bulkhead-camera'])
        pair.allow(False)
        wait_for(lambda: self.looking() == [], 5, 'no capture')
        pair.wait_sees(False)
        self.assertFalse(viewer.goes_on())
        # For a program it was unplugged; it is there again for the next.
        camera.plug_in_again()
        pair.allow(True)
        again = pair.look('again')
        again.wait(is_bars)

    def test_open_only_while_a_program_looks(self):
        camera = self.camera('0x00a03c')
        pair = self.pair()
        pair.wait_exit(pair.launch('pw-cli', 'ls', 'Node'), 30)  # its PipeWire is up
        self.assertEqual(self.looking(), [])
        self.assertFalse(pair.wanted)
        viewer = pair.look()
        viewer.wait(green)
        viewer.end()
        pair.wait_wanted(False)
        wait_for(lambda: self.looking() == [], 5, 'no capture')
        camera.plug_in_again()
        small = pair.look('small', width=320, height=240)
        small.wait(green)

    def test_off_there_is_no_camera(self):
        self.camera()
        pair = self.pair(allowed=False)
        viewer = pair.look()
        pair.wait_exit(viewer.id, 40)
        self.assertEqual(viewer.count(), 0)
        self.assertFalse(pair.wanted)
        self.assertEqual(self.looking(), [])

    def test_nothing_while_nobody_answers_and_nothing_after_no(self):
        self.camera()
        pair = self.pair(answer=False)
        viewer = pair.look()
        pair.wait_wanted()
        self.assertFalse(viewer.goes_on(4))
        self.assertEqual((viewer.count(), self.looking()), (0, []))
        pair.answer = True
        viewer.wait(is_bars)
        # And the other answer.
        other = self.pair(name='Other', answer=False)
        viewer = other.look()
        other.wait_wanted()
        other.allow(False)
        other.wait_wanted(False)
        self.assertFalse(viewer.goes_on())
        self.assertEqual(viewer.count(), 0)

    def test_a_camera_that_is_unplugged_and_plugged_in_again(self):
        camera = self.camera('0x00a03c')
        pair = self.pair()
        viewer = pair.look()
        viewer.wait(green)
        camera.unplug()
        pair.wait_sees(False)
        wait_for(lambda: not viewer.goes_on(1), 10, 'no pictures')
        self.assertIsNone(pair.find_signal('Exited'))
        self.camera('0xc8141e')
        viewer.wait(red)

    def test_cameras_of_other_formats_and_sizes(self):
        for form, width, height in (('BGRx', 1280, 720), ('NV12', 320, 240), ('RGB', 640, 480),
                                    ('I420', 800, 600), ('JPEG', 1280, 960)):
            with self.subTest(form):
                camera = self.camera('smpte', form, width, height, name=f'{form}-camera')
                self.addCleanup(camera.stop)
                pair = self.pair(name=form)
                viewer = pair.look()
                if width * 3 == height * 4:
                    viewer.wait(is_bars)
                else:  # the middle of it: the outer bars are narrower
                    viewer.wait(lambda picture: is_bars(picture, where=(
                        0.012, 0.12, 0.31, 0.5, 0.69, 0.88, 0.988)))
                pair.stop()
                camera.unplug()

    def test_pipewire_that_comes_back(self):
        self.camera('0x00a03c')
        pair = self.pair()
        viewer = pair.look()
        viewer.wait(green)
        self.server.kill_server()
        pair.wait_sees(False)
        self.server.start()
        self.camera('0xc8141e', name='other-camera')
        viewer.wait(red)


if __name__ == '__main__':
    harness.main()
