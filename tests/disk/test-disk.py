# SPDX-License-Identifier: GPL-3.0-or-later
"""Template=disk: an image of somebody else boots by itself, and is one window."""

import os
import sys
sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), 'network'))
import netns  # noqa: E402
netns.enter()

import gzip  # noqa: E402
import hashlib  # noqa: E402
import json  # noqa: E402
import signal  # noqa: E402
import subprocess  # noqa: E402

import diskimage  # noqa: E402
from harness import Place, TestCase, main, require_ordinary_user, wait_for  # noqa: E402
from harness.session import DBusError, JobFailed, Session  # noqa: E402
from harness.sway import Sway  # noqa: E402

GROUND, WHITE, GREEN = (0x20, 0x60, 0xa0), (255, 255, 255), (0x20, 0xc0, 0x40)
RED, DARK, YELLOW = (0xe0, 0x20, 0x20), (0x80, 0x20, 0x20), (0xf0, 0xe0, 0x20)
FRAME = (0x1c, 0x71, 0xd8)
CAPTION, SIDE = 28, 4
BOOT = 300  # emulated, and beside others


def is_close(a, b):
    return all(abs(x - y) < 12 for x, y in zip(a, b))


def digest(path):
    with open(path, 'rb') as file:
        return hashlib.sha256(file.read()).hexdigest()


class DiskCase(TestCase):

    @classmethod
    def setUpClass(cls):
        require_ordinary_user()
        cls.place = Place()
        cls.addClassCleanup(cls.place.remove)
        net = netns.Internet(cls.place.root)
        cls.addClassCleanup(net.close)
        netns.drop_rights()
        cls.raw = diskimage.make(cls.place.path('raw.img'), cls.place.path('work'))
        cls.image = diskimage.qcow2(cls.place.path('test.qcow2'), cls.raw, '-c')
        cls.sway = Sway().start()
        cls.addClassCleanup(cls.sway.stop)
        cls.session = Session(cls.sway)
        cls.addClassCleanup(cls.session.stop)
        cls.session.start()

    def tearDown(self):
        if self.failed():
            self.session.keep_evidence(self)
            self.sway.screenshot().save(os.path.join(os.environ.get('BULKHEAD_TEST_ARTIFACTS', '/tmp'), 'disk.png'))
        self.assertNotIn('CRITICAL', self.session.read_service_log())

    def create(self, name, **settings):
        return self.session.create(name, **{'Template': 'disk', 'Image': self.image, 'Memory': '256',
                                            'AutoStop': '0', 'Color': '#1c71d8', **settings})

    # The window.

    def rect(self, app_id):
        r = self.sway.view(app_id=app_id)['rect']
        return r['x'] + SIDE, r['y'] + CAPTION, r['width'] - 2 * SIDE, r['height'] - CAPTION - SIDE

    def wait_pixel(self, app_id, x, y, colour, timeout=30):
        """At x, y of the content; from the other end when negative."""
        def shown(picture):
            if not self.sway.view(app_id=app_id):
                return False
            left, top, width, height = self.rect(app_id)
            return is_close(picture.getpixel((left + x % width, top + y % height))[:3], colour)
        return self.sway.wait_picture(shown, timeout, f'{colour} at {x}, {y}')

    def click(self, app_id, x, y):
        left, top, _, _ = self.rect(app_id)
        self.sway.input.click(left + x, top + y)

    def wait_log(self, vm, text, timeout=30):
        return wait_for(lambda: text in vm.log(), timeout, f'“{text}” in the log')

    def labels(self, vm):
        return [program[1] for program in vm.get('Programs')]


class DiskTest(DiskCase):

    def test_a_desktop_in_its_window(self):
        before = digest(self.image)
        vm = self.create('Old', Network='internet')
        app = 'io.github.bulkhead.old.desktop'
        vm.launch().wait(60)
        view = self.sway.wait_view(app_id=app)
        self.assertEqual(view['name'], 'Old: test.qcow2')
        self.check_picture_and_input(vm, app)
        self.check_size(vm, app)
        self.check_window_and_gates(vm, app)
        self.check_what_is_not_there(vm)
        self.sway.input.key('m')
        self.wait_log(vm, 'the mark is there')
        self.check_stop(vm)
        self.assertEqual(digest(self.image), before)
        self.check_kept(vm, app)
        self.assertEqual(digest(self.image), before)
        self.check_changed_image(vm)

    def check_picture_and_input(self, vm, app):
        picture = self.wait_pixel(app, -10, 10, GROUND, BOOT)
        self.wait_pixel(app, 10, 10, WHITE)
        left, top, width, height = self.rect(app)
        for x, y in ((left - 2, top + 50), (left + width + 1, top + 50), (left + 50, top + height + 1)):
            self.assertTrue(is_close(picture.getpixel((x, y))[:3], FRAME), (x, y))
        self.wait_log(vm, 'desktop: ready')
        self.click(app, 400, 300)
        self.wait_pixel(app, 425, 325, YELLOW)
        self.sway.input.key('a')
        self.wait_pixel(app, 10, -10, RED)
        self.sway.input.key('a')
        self.wait_pixel(app, 10, -10, DARK)
        # One of those with another code behind 0xe0.
        self.sway.input.key('Left')
        self.wait_log(vm, 'desktop: key 105')

    def check_size(self, vm, app):
        """The guest is asked to have the window's size, and does."""
        self.assertEqual(self.rect(app)[2:], (960, 600))
        self.assertIn('desktop: shows 960 x 600', vm.log())
        self.sway.msg(f'[app_id="{app}"] resize set width 908 px height 632 px')
        self.wait_log(vm, 'desktop: shows 900 x 600')
        self.wait_pixel(app, 10, 10, WHITE)
        self.wait_pixel(app, 10, -10, DARK)
        self.click(app, 700, 200)
        self.wait_pixel(app, 725, 225, YELLOW)

    def check_window_and_gates(self, vm, app):
        self.sway.msg(f'[app_id="{app}"] kill')
        self.sway.wait_no_view(app_id=app)
        wait_for(lambda: self.labels(vm) == [], 10, 'no program')
        self.assertEqual(vm.state, 'running')
        vm.launch().wait(30)
        self.wait_pixel(app, 10, -10, DARK)
        # A second one brings it to the front: there is one window.
        vm.launch().wait(30)
        wait_for(lambda: self.labels(vm) == ['Desktop'], 10, 'one program')
        self.assertEqual(len([v for v in self.sway.views() if v.get('app_id') == app]), 1)
        for find in (self.session.proxy_pids, self.screen_pids):
            before = find()
            os.kill(before[0], signal.SIGKILL)
            wait_for(lambda: find() and find() != before, 20, 'another one')
            self.wait_pixel(app, 10, -10, DARK)
        self.assertEqual(self.labels(vm), ['Desktop'])
        self.click(app, 300, 300)
        self.wait_pixel(app, 325, 325, YELLOW)

    def screen_pids(self):
        out = subprocess.run(['pgrep', '-u', str(os.getuid()), '-f', '/bulkhead-screen test'], check=False,
                             capture_output=True, text=True).stdout
        return [int(pid) for pid in out.split()]

    def check_what_is_not_there(self, vm):
        with self.assertRaises(DBusError) as caught:
            vm.launch(app='foot.desktop')
        self.assertEqual(caught.exception.name, 'ProgramUnsupported')
        settings = vm.get('Settings')
        self.assertEqual((settings['Sound'], settings['Home'], settings['Folders']), ('false', 'none', ''))
        for key, value in (('Sound', 'true'), ('Home', 'disk'), ('Camera', 'on'), ('Network', 'vm')):
            with self.assertRaises(DBusError, msg=key) as caught:
                vm.set(**{key: value})
            self.assertIn(key, caught.exception.message)
        # QEMU has neither image nor changes by name, and can open nothing of the user's.
        pid = self.session.qemu_pids()[0]
        with open(f'/proc/{pid}/cmdline', encoding='utf-8') as file:
            self.assertNotIn('test.qcow2', file.read())

    def check_stop(self, vm):
        vm.stop().wait(90)
        log = vm.log()
        self.assertIn('its power button is pressed', log)
        self.assertNotIn('in time', log)
        # Its network ended because it did, which is no news.
        self.assertNotIn('gate of', log)
        self.assertEqual((vm.state, vm.get('Error')), ('stopped', ''))
        self.assertEqual(self.screen_pids(), [])

    def check_kept(self, vm, app):
        """What was written is there, also when the guest starts itself again; then it powers off."""
        vm.launch().wait(60)
        self.wait_pixel(app, 10, 10, GREEN, BOOT)
        self.wait_log(vm, 'desktop: ready')
        first = vm.log().count('desktop: ready')
        self.sway.input.key('r')
        wait_for(lambda: vm.log().count('desktop: ready') > first, BOOT, 'another boot')
        self.assertEqual(vm.state, 'running')
        self.wait_pixel(app, 10, 10, GREEN)
        self.sway.input.key('o')
        vm.wait_state('stopped', 30)
        self.assertEqual(vm.get('Error'), '')
        self.sway.wait_no_view(app_id=app)

    def check_changed_image(self, vm):
        homes = os.path.join(self.session.env['XDG_DATA_HOME'], 'bulkhead', 'homes')
        os.utime(self.image, (1, 1))
        with self.assertRaises(JobFailed) as caught:
            vm.launch().wait(30)
        self.assertIn('not what it was', caught.exception.message)
        self.assertEqual(sorted(os.listdir(homes)), ['old.image.qcow2', 'old.image.qcow2.base'])
        vm.set(ImageChanges='drop')
        vm.launch().wait(60)
        self.assertEqual(sorted(os.listdir(homes)), ['old.image.qcow2', 'old.image.qcow2.base'])
        vm.stop(force=True).wait(60)
        vm.delete()
        self.assertEqual(os.listdir(homes), [])

    def test_changes_that_are_dropped_or_written_into_the_image(self):
        """And what else of this computer it has: an address, another disk."""
        own, other = self.place.path('own.qcow2'), self.place.path('beside.img')
        subprocess.run(['cp', self.image, own], check=True)
        with open(other, 'wb') as file:
            file.write(b'hello'.ljust(1 << 20, b'\0'))
        before = digest(own)
        vm = self.create('New', Image=own, ImageChanges='drop', Network='internet', Disks=other + ':rw,id=other')
        self.assertIn('mark is not there', self.boot_and_mark(vm))
        self.wait_log(vm, 'has the address 192.0.0.2/30 by 192.0.0.1, and names from ')
        self.assertIn('another disk says hello', vm.log())
        self.check_usb_place()
        vm.stop(force=True).wait(60)
        self.assertEqual(digest(own), before)
        with open(other, 'rb') as file:
            self.assertEqual(file.read(13), b'the mark of t')
        vm.set(ImageChanges='write')
        log = self.boot_and_mark(vm)
        self.assertIn('mark is not there', log)
        self.assertIn('another disk says the mark', log)
        vm.stop().wait(90)
        subprocess.run(['qemu-img', 'convert', '-O', 'raw', own, self.place.path('written')], check=True)
        with open(self.place.path('written'), 'rb') as file:
            file.seek(-512, os.SEEK_END)
            self.assertEqual(file.read(13), b'the mark of t')
        self.assertEqual(os.listdir(os.path.join(self.session.env['XDG_DATA_HOME'], 'bulkhead', 'homes')), [])
        vm.delete()

    def check_usb_place(self):
        """Nothing has the place where the service plugs in a controller (devices/bh-usb-plug.c)."""
        for device in ({'driver': 'qemu-xhci', 'id': 'bhusb', 'bus': 'pci.1', 'addr': '0x0'},
                       {'driver': 'usb-mouse', 'bus': 'bhusb.0'}):
            text = json.dumps({'execute': 'device_add', 'arguments': device})
            done = subprocess.run(['virsh', '-c', 'qemu:///session', 'qemu-monitor-command', 'bulkhead-new', text],
                                  env=self.session.env, capture_output=True, text=True, check=False)
            self.assertIn('"return"', done.stdout, done.stderr)

    def boot_and_mark(self, vm):
        """What it said before the mark was made."""
        def log():
            return vm.log().rsplit('bulkhead: starting', 1)[-1]
        vm.launch().wait(60)
        wait_for(lambda: 'desktop: ready' in log(), BOOT, 'the desktop')
        self.sway.wait_view(app_id='io.github.bulkhead.new.desktop')
        said = log()
        self.sway.input.key('m')
        wait_for(lambda: 'mark is there' in log(), 30, 'the mark')
        return said

    def make_bad_images(self):
        path = self.place.path
        for name, args in (('backed.qcow2', ['-b', self.image, '-F', 'qcow2']),
                           ('elsewhere.qcow2', ['-o', f'data_file={path("other")},data_file_raw=on'])):
            subprocess.run(['qemu-img', 'create', '-q', '-f', 'qcow2', *args, path(name), '64M'], check=True)
        with open(self.raw, 'rb') as file:
            raw = file.read()
        with open(self.image, 'rb') as file:
            whole = file.read()
        subprocess.run(['qemu-img', 'convert', '-O', 'vmdk', self.raw, path('other.vmdk')], check=True)
        subprocess.run(['qemu-img', 'convert', '-O', 'vdi', self.raw, path('other.vdi')], check=True)
        for name, data in (('cut.qcow2', whole[:len(whole) // 2]), ('cut.img', raw[:len(raw) - 100]),
                           ('head.qcow2', whole[:70]), ('empty', b''), ('text', b'no disk\n' * 1000),
                           ('packed.gz', gzip.compress(raw[:1 << 20])), ('unreadable', raw[:1 << 20])):
            with open(path(name), 'wb') as file:
                file.write(data)
        os.chmod(path('unreadable'), 0)
        os.symlink(self.image, path('link'))
        os.mkfifo(path('fifo'))
        os.mkdir(path('folder'))

    def test_what_cannot_be_used_is_refused_saying_why(self):
        self.make_bad_images()
        kept = os.path.join(self.session.env['XDG_DATA_HOME'], 'bulkhead', 'homes', 'x.image.qcow2')
        os.makedirs(os.path.dirname(kept), exist_ok=True)
        subprocess.run(['cp', self.image, kept], check=True)
        for name, why in (('backed.qcow2', 'names another file'), ('elsewhere.qcow2', 'data in another file'),
                          ('cut.qcow2', 'cut off'), ('cut.img', 'cut off'), ('head.qcow2', 'too short'),
                          ('empty', 'is empty'), ('text', 'no format that is known'), ('packed.gz', 'gunzip'),
                          ('other.vmdk', 'VMDK'), ('other.vdi', 'VDI'), ('unreadable', 'cannot be read'),
                          ('link', 'symbolic link'), ('fifo', 'is not a file'), ('folder', 'is not a file'),
                          ('nowhere', 'is not there'), (kept, 'Bulkhead keeps')):
            with self.subTest(name), self.assertRaises(DBusError) as caught:
                self.create('Bad', Image=self.place.path(name))
            self.assertIn(why, caught.exception.message, name)
        os.unlink(kept)
        for name in ('relative.img', '/a/../b'):
            with self.assertRaises(DBusError):
                self.create('Bad', Image=name)
        # One that becomes bad later fails its start.
        subprocess.run(['cp', self.image, self.place.path('later')], check=True)
        vm = self.create('Later', Image=self.place.path('later'))
        os.truncate(self.place.path('later'), 100000)
        with self.assertRaises(JobFailed) as caught:
            vm.launch().wait(30)
        self.assertIn('cut off', caught.exception.message)
        self.assertEqual(vm.state, 'failed')
        vm.delete()


if __name__ == '__main__':
    main()
