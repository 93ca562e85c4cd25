# SPDX-License-Identifier: GPL-3.0-or-later
"""Sound and camera of a real AppVM: through the service, QEMU, and the guest's own PipeWire."""

import json
import os
import shutil
import subprocess
import time

from PIL import Image

from harness import SOURCE_DIR, TestCase, Timeout, main, require_ordinary_user, wait_for
from harness.notes import Notes
from harness.portal import Portal
from harness.session import DBusError, Session
from harness.sway import Sway
from camerahost import BARS, CAMERA_THERE, TestCamera, differs, nodes
from soundhost import SoundServer, Tone, write_tone

BOOT = 90  # seconds; emulated, on a busy computer


class VmSoundTest(TestCase):

    @classmethod
    def setUpClass(cls):
        require_ordinary_user()
        cls.sway = Sway().start()
        cls.addClassCleanup(cls.sway.stop)
        cls.server = SoundServer(cls.sway.place)
        cls.addClassCleanup(cls.server.stop)
        cls.server.start()
        # As installed: Bulkhead's icon is in the theme.
        share = cls.sway.place.path('share')
        icons = os.path.join(share, 'icons', 'hicolor', 'scalable', 'apps')
        os.makedirs(icons)
        shutil.copy(os.path.join(SOURCE_DIR, 'data', 'icons', 'io.github.bulkhead.Bulkhead.svg'), icons)
        cls.session = Session(cls.sway, env={'XDG_DATA_DIRS': f'{share}:/usr/local/share:/usr/share'})
        cls.addClassCleanup(cls.session.stop)
        cls.session.start()
        cls.notes = Notes(cls.session.env['DBUS_SESSION_BUS_ADDRESS'])
        cls.addClassCleanup(cls.notes.close)
        cls.vm = cls.session.create('Work', AutoStop='0')

    def tearDown(self):
        if self.failed():
            self.session.keep_evidence(self)

    def run_in_vm(self, command, **options):
        return self.vm.launch(argv=['sh', '-c', command], wait=True, **options)

    def icon_of(self, name):
        """The size of an icon of the user's, as a mixer finds it: in a folder that the theme lists."""
        self.assertEqual(name, 'io.github.bulkhead.vm.work')
        with open('/usr/share/icons/hicolor/index.theme', encoding='utf-8') as file:
            self.assertIn('128x128/apps', file.read())
        with Image.open(os.path.join(self.session.env['XDG_DATA_HOME'], 'icons', 'hicolor',
                                     '128x128', 'apps', name + '.png')) as image:
            return image.size

    TONE = ('python3 -c "import math,struct,sys; sys.stdout.buffer.write(b\'\'.join('
            'struct.pack(\'<hh\', *2*[int(12000*math.sin(math.pi*i/24))]) for i in range(48))'
            ' * {cycles})" | paplay --raw --rate=48000 --format=s16le --channels=2')

    def test_what_it_plays_is_heard(self):
        self.vm.start().wait(BOOT)
        self.assertEqual(self.vm.get('InUse'), [])
        recording = self.server.record(self.sway.place.path('vm.raw'))
        job = self.run_in_vm(self.TONE.format(cycles=8000))
        wait_for(lambda: self.vm.get('InUse') == ['sound'], 60, 'the AppVM to play')
        stream, = self.server.streams()
        self.assertEqual(stream['application.name'], 'Work')
        self.assertEqual(stream['media.name'], 'sh')
        for of in 'application', 'media':  # mixers show the one or the other
            self.assertEqual(self.icon_of(stream[f'{of}.icon_name']), (128, 128))
        self.assertEqual(job.wait(60)['code'], 0)
        wait_for(lambda: self.vm.get('InUse') == [], 30, 'its end')
        tone = Tone(recording.stop())
        self.assertAlmostEqual(tone.frequency, 1000, delta=1)

    NATIVE = ('python3 -c "import math,struct,wave; w=wave.open(\'/tmp/t.wav\',\'wb\'); w.setparams((2,2,48000,0,'
              '\'NONE\',None)); w.writeframes(b\'\'.join(struct.pack(\'<hh\', *2*[int(12000*'
              'math.sin(math.pi*i/24))]) for i in range(48)) * 2000)"; exec pw-play /tmp/t.wav')

    def test_a_native_program_may_be_the_first(self):
        """Each time PipeWire in the guest starts with it."""
        for i in range(3):
            if self.vm.get('State') != 'stopped':
                self.vm.stop().wait(60)
            self.vm.start().wait(BOOT)
            recording = self.server.record(self.sway.place.path(f'first{i}.raw'))
            done = self.run_in_vm(self.NATIVE).wait(60)
            self.assertEqual((done['code'], bytes(done['tail'])), (0, b''))
            tone = Tone(recording.stop())
            self.assertGreater(tone.seconds, 1)
            self.assertAlmostEqual(tone.frequency, 1000, delta=1)

    # A microphone that was just allowed is there a moment later.
    THERE = 'until [ "$(pactl get-default-source)" = bulkhead-microphone ]; do sleep 0.2; done; '
    HEARD = ("timeout -s INT {seconds} parecord --raw --rate=48000 --channels=2 --format=s16le | "
             "head -c 768000 | python3 -c '"
             'import array,sys; a=array.array("h",sys.stdin.buffer.read()[:-4])[::2]; '
             'a=a[len(a)//2:]; up=[i for i in range(1,len(a)) if a[i-1]<0<=a[i]]; '
             'print(max(map(abs,a),default=0), '
             "48000*(len(up)-1)/(up[-1]-up[0]) if len(up)>9 else 0)'")

    def hears(self, before='', seconds=6):
        """What a recorder in the AppVM gets in at most 4 s: loudest sample, frequency; and whether InUse said so."""
        job, seen = self.run_in_vm(before + self.HEARD.replace('{seconds}', str(seconds))), set()

        def ended():
            seen.update(self.vm.get('InUse'))
            try:
                return job.wait(0.05)
            except Timeout:
                return None
        result = wait_for(ended, 90, 'the recorder')
        loudest, frequency = bytes(result['tail']).decode().split()[-2:]
        return int(loudest), float(frequency), 'microphone' in seen

    def test_it_records_only_while_it_may(self):
        self.vm.start().wait(BOOT)
        self.server.play(write_tone(self.sway.place.path('mic.wav'), 300), 'mic')
        self.assertEqual(self.hears(), (0, 0, False))
        self.vm.set(Microphone='true')
        loudest, frequency, told = self.hears(self.THERE, 40)
        self.assertTrue(told)
        self.notes.titles()
        self.assertIn('“Work” listens to the microphone', self.notes.said)
        self.assertGreater(loudest, 6000)
        self.assertAlmostEqual(frequency, 1000, delta=20)  # pauses of a busy computer
        self.session.manager.call('MuteMicrophones', '(b)', True)
        self.assertTrue(self.session.manager.get('MicrophonesMuted'))
        self.assertEqual(self.hears(), (0, 0, False))
        self.session.manager.call('MuteMicrophones', '(b)', False)
        self.assertTrue(self.hears(seconds=40)[2])

    # Only what it needs: a search of all plugins takes an emulated processor half a minute.
    LOOKS = ('mkdir -p /tmp/g; for i in pipewire coreelements; do ln -sf '
             '/usr/lib/$(uname -m)-linux-gnu/gstreamer-1.0/libgst$i.so /tmp/g; done; '
             'export GST_PLUGIN_SYSTEM_PATH_1_0=/tmp/g GST_REGISTRY_FORK=no; ' + CAMERA_THERE +
             'gst-launch-1.0 -q pipewiresrc {count} ! video/x-raw,width=320,height=240 ! '
             'filesink location=/tmp/seen buffer-mode=unbuffered sync=false; ')
    # The bars of its last picture, as Y, U and V.
    SAYS = ("python3 -c 'd=open(\"/tmp/seen\",\"rb\").read()[-115200:]; "
            'print(*[v for i in range(7) for x in [int((i+.5)*320/7)] for v in '
            "(d[72*320+x], d[76800+36*160+x//2], d[96000+36*160+x//2])])'")

    def sees(self, job):
        values = [int(word) for word in bytes(job.wait(120)['tail']).decode().split()[-21:]]
        for i, bar in enumerate(BARS):
            luma, u, v = values[3 * i:3 * i + 3]
            luma = 1.164 * (luma - 16)
            rgb = (luma + 1.596 * (v - 128), luma - 0.392 * (u - 128) - 0.813 * (v - 128),
                   luma + 2.017 * (u - 128))
            self.assertFalse(differs([max(0, min(255, c)) for c in rgb], bar), (values, i))

    def captures(self):
        return 'bulkhead-camera' in nodes(self.server.env)

    def test_it_sees_only_what_it_is_allowed_to(self):
        self.vm.start().wait(BOOT)
        camera = TestCamera(self.server)
        self.addCleanup(camera.stop)
        self.vm.set(Camera='ask')
        with self.assertRaises(DBusError):
            self.session.create('Off', AutoStop='0').call('AnswerCamera', '(b)', True)
        job = self.run_in_vm(self.LOOKS.format(count='num-buffers=3') + self.SAYS)
        question = 'May “Work” use the camera?'
        self.notes.wait(question, 90)
        self.assertTrue(self.vm.get('CameraAsks'))
        self.assertFalse(self.captures())
        self.notes.choose(question, 'allow')
        wait_for(lambda: self.vm.get('InUse') == ['camera'], 60, 'the AppVM to look')
        self.assertFalse(self.vm.get('CameraAsks'))
        self.notes.wait('“Work” watches through the camera')
        self.sees(job)
        wait_for(lambda: self.vm.get('InUse') == [] and not self.captures(), 30, 'its end')
        wait_for(lambda: self.notes.titles() == [], 30, 'no notification')
        # Cut in the middle.
        camera.plug_in_again()
        self.run_in_vm(self.LOOKS.format(count=''))
        self.notes.wait('“Work” watches through the camera', 60)
        self.assertEqual(self.vm.get('InUse'), ['camera'])
        self.vm.set(Camera='off')
        wait_for(lambda: self.vm.get('InUse') == [] and not self.captures(), 5, 'the cut')
        self.end_programs()
        # The other answer.
        self.vm.set(Camera='ask')
        self.run_in_vm('rm -f /tmp/seen;' + self.LOOKS.format(count=''))
        wait_for(lambda: self.vm.get('CameraAsks'), 60, 'the question')
        self.vm.call('AnswerCamera', '(b)', False)
        wait_for(lambda: not self.vm.get('CameraAsks'), 10, 'the end of the question')
        looked = self.run_in_vm('cat /tmp/seen 2>/dev/null | wc -c; pkill -KILL gst-launch').wait(60)
        self.assertEqual(bytes(looked['tail']).decode().split()[-1:], ['0'])
        wait_for(lambda: self.vm.get('Programs') == [], 20, 'the end of the programs')
        self.assertFalse(self.captures())

    def uses(self):
        self.notes.titles()  # what has come is answered
        return self.vm.get('InUse')

    def by_portal(self):
        """Whether bulkhead-camera looks by a connection that the portal has made."""
        objects = json.loads(subprocess.run(['pw-dump'], env=self.server.env, check=True, stdout=subprocess.PIPE).stdout)
        props = {one['id']: one['info']['props'] for one in objects if one.get('info', {}).get('props')}
        return [props[one['client.id']].get('pipewire.access.portal.media_roles') == 'Camera' for one in props.values()
                if one.get('node.name') == 'bulkhead-camera']

    def test_the_desktop_is_asked_too(self):
        self.vm.start().wait(BOOT)
        camera = TestCamera(self.server)
        self.addCleanup(camera.stop)
        portal = Portal(self.session, self.sway)
        self.addCleanup(portal.close)
        self.vm.set(Camera='on')
        self.session.signals.clear()
        self.run_in_vm(self.LOOKS.format(count=''))
        portal.wait_dialog()
        self.assertEqual((self.uses(), self.captures()), ([], False))
        # A program that gives up must not be able to say no for the user: the question stays, and is one.
        self.end_programs()
        self.run_in_vm(self.LOOKS.format(count=''))
        wait_for(lambda: self.session.read_service_log().count('the camera is wanted') >= 2, 60, 'another look')
        portal.answer(False)
        self.session.wait_signal('Notice', 20, lambda arguments: 'does not let Bulkhead use one' in arguments[0])
        self.assertEqual((self.uses(), self.captures()), ([], False))
        self.end_programs()
        portal.forget()
        self.assert_asked_again(portal)
        # Yes; from then on nobody is asked.
        job = self.run_in_vm(self.LOOKS.format(count='num-buffers=3') + self.SAYS)
        portal.answer(True)
        self.sees(job)  # it is over before anybody could ask whether it looks
        camera.plug_in_again()
        self.run_in_vm(self.LOOKS.format(count=''))
        wait_for(lambda: self.uses() == ['camera'], 60, 'the AppVM to look')
        self.assertEqual(self.by_portal(), [True])
        self.end_programs()

    def assert_asked_again(self, portal):
        """The service ends while the question is open: that is no answer."""
        for end in self.session.kill_service, self.session.stop_service:
            self.run_in_vm(self.LOOKS.format(count=''))
            portal.wait_dialog()
            end()
            portal.wait_no_dialog()
            self.session.start_service()
            if end == self.session.stop_service:  # as at logout: nothing runs any more
                self.vm.start().wait(BOOT)
            self.vm.wait_state('running')
            self.end_programs()
            self.run_in_vm(self.LOOKS.format(count=''))
            portal.wait_dialog()
            self.assertEqual((self.uses(), self.captures()), ([], False))
            self.end_programs()

    def end_programs(self):
        self.run_in_vm('pkill -KILL gst-launch').wait(60)
        wait_for(lambda: self.vm.get('Programs') == [], 20, 'the end of the programs')

    # The bars of its last whole picture, as Y, U and V.
    DEVICE_SAYS = ("python3 -c 'd=open(\"/tmp/device\",\"rb\").read(); d=d[len(d)//614400*614400-614400:]; "
                   'print(*[v for i in range(7) for x in [144*1280+int((i+.5)*640/7)//2*4] for v in '
                   "(d[x], d[x+1], d[x+3])])'")
    DEVICE_LOOKS = 'v4l2-ctl -d /dev/video0 --stream-mmap --stream-to=/tmp/device '

    def code(self, command):
        return self.run_in_vm(command).wait(60)['code']

    def wait_code(self, command, code, what):
        wait_for(lambda: self.code(command) == code, 60, what, interval=0.5)

    def assert_open_is_not_looking(self, camera):
        """A program has the device open all the while, others look and read meanwhile."""
        for _ in range(3):
            self.assertEqual(self.code('v4l2-ctl -d /dev/video0 --list-formats-ext'), 0)
        has = self.run_in_vm('exec 3<>/dev/video0; sleep 1000')
        until = time.monotonic() + 4
        while time.monotonic() < until:
            self.assertEqual((self.uses(), self.captures()), ([], False))
        for look in self.DEVICE_LOOKS + '--stream-count=30', 'dd if=/dev/video0 of=/dev/null bs=614400 count=20':
            job = self.run_in_vm(look)
            wait_for(lambda: self.uses() == ['camera'], 60, look)
            self.assertEqual(job.wait(60)['code'], 0, look)
            wait_for(lambda: self.uses() == [] and not self.captures(), 30, 'its end')
            camera.plug_in_again()
        self.assertEqual(self.code('pkill -x sleep'), 0)
        has.wait(30)

    def test_a_first_program_finds_the_device(self):
        for mode in 'on', 'ask':
            self.vm.stop().wait(60)
            self.vm.set(Camera=mode)
            self.vm.start()
            job = self.run_in_vm('v4l2-ctl -d /dev/video0 --info; uptime')
            said = bytes(job.wait(BOOT)['tail']).decode()
            if 'open /dev/video0' in said and self.code('/sbin/modprobe -n -q v4l2loopback') != 0:
                self.skipTest(self.NO_DEVICE)
            self.assertIn('Video Capture', said)
            self.assertNotIn('Video Output', said)

    NO_DEVICE = 'needs v4l2loopback for the kernel of AppVMs (packages v4l2loopback-dkms and linux-headers-amd64)'

    def test_it_is_a_device_too(self):
        self.vm.start().wait(BOOT)
        if self.code('/sbin/modprobe -n -q v4l2loopback') != 0:
            self.skipTest(self.NO_DEVICE)
        self.vm.set(Camera='off')
        self.wait_code('test -e /dev/video0', 1, 'no device')
        camera = TestCamera(self.server)
        self.addCleanup(camera.stop)
        self.vm.set(Camera='on')
        self.wait_code('v4l2-ctl -d /dev/video0 --info | grep -q "Video Capture"', 0, 'the device')
        self.assert_open_is_not_looking(camera)
        job = self.run_in_vm(self.DEVICE_LOOKS + '--stream-count=3 >&2; ' + self.DEVICE_SAYS)
        wait_for(lambda: self.uses() == ['camera'], 60, 'the AppVM to look')
        self.sees(job)
        wait_for(lambda: self.uses() == [] and not self.captures(), 30, 'its end')
        # Cut in the middle: what has it open sees no more, and nobody else can open it.
        camera.plug_in_again()
        self.run_in_vm('rm -f /tmp/device; ' + self.DEVICE_LOOKS)
        wait_for(lambda: self.uses() == ['camera'], 60, 'the AppVM to look')
        self.wait_code('test -s /tmp/device', 0, 'a picture')
        # Meanwhile another has smaller ones from PipeWire.
        self.sees(self.run_in_vm(self.LOOKS.format(count='num-buffers=3') + self.SAYS))
        self.sees(self.run_in_vm(self.DEVICE_SAYS))
        self.vm.set(Camera='off')
        wait_for(lambda: self.uses() == [] and not self.captures(), 5, 'the cut')
        self.wait_code('test -r /dev/video0', 1, 'the device to be closed')
        self.assertEqual(self.code('a=$(stat -c %s /tmp/device); sleep 2; test $a = $(stat -c %s /tmp/device)'), 0)
        self.vm.set(Camera='on')
        self.wait_code('test -r /dev/video0', 0, 'the device again')
        self.vm.set(Camera='off')
        self.code('pkill -KILL v4l2-ctl')
        self.wait_code('test -e /dev/video0', 1, 'the device to be gone')
        wait_for(lambda: self.vm.get('Programs') == [], 20, 'the end of the programs')
        wait_for(lambda: self.notes.titles() == [], 30, 'no notification')


if __name__ == '__main__':
    main()
