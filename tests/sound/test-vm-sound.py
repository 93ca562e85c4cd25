# SPDX-License-Identifier: GPL-3.0-or-later
"""Sound of a real AppVM: through the service, QEMU, and the guest's own PipeWire."""

from harness import TestCase, Timeout, main, require_ordinary_user, wait_for
from harness.session import Session
from harness.sway import Sway
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
        cls.session = Session(cls.sway)
        cls.addClassCleanup(cls.session.stop)
        cls.session.start()
        cls.vm = cls.session.create('Work', AutoStop='0')

    def tearDown(self):
        if self.failed():
            self.session.keep_evidence(self)

    def run_in_vm(self, command, **options):
        return self.vm.launch(argv=['sh', '-c', command], wait=True, **options)

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
        self.assertEqual(job.wait(60)['code'], 0)
        wait_for(lambda: self.vm.get('InUse') == [], 30, 'its end')
        tone = Tone(recording.stop())
        self.assertAlmostEqual(tone.frequency, 1000, delta=1)

    # A microphone that was just allowed is there a moment later.
    THERE = 'until [ "$(pactl get-default-source)" = bulkhead-microphone ]; do sleep 0.2; done; '
    HEARD = ("timeout -s INT 6 parecord --raw --rate=48000 --channels=2 --format=s16le | python3 -c '"
             'import array,sys; a=array.array("h",sys.stdin.buffer.read()[:-4])[::2]; '
             'a=a[len(a)//2:]; up=[i for i in range(1,len(a)) if a[i-1]<0<=a[i]]; '
             'print(max(map(abs,a),default=0), '
             "48000*(len(up)-1)/(up[-1]-up[0]) if len(up)>9 else 0)'")

    def hears(self, before=''):
        """What a recorder in the AppVM gets: loudest sample, frequency; and whether InUse said so."""
        job, seen = self.run_in_vm(before + self.HEARD), set()

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
        loudest, frequency, told = self.hears(self.THERE)
        self.assertTrue(told)
        self.assertGreater(loudest, 6000)
        self.assertAlmostEqual(frequency, 1000, delta=20)  # pauses of a busy computer
        self.session.manager.call('MuteMicrophones', '(b)', True)
        self.assertTrue(self.session.manager.get('MicrophonesMuted'))
        self.assertEqual(self.hears(), (0, 0, False))
        self.session.manager.call('MuteMicrophones', '(b)', False)
        self.assertTrue(self.hears()[2])


if __name__ == '__main__':
    main()
