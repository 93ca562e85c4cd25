# SPDX-License-Identifier: GPL-3.0-or-later
"""Sound of a real AppVM: through the service, QEMU, and the guest's own PipeWire."""

import os

from harness import TestCase, main, require_ordinary_user, wait_for
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


if __name__ == '__main__':
    main()
