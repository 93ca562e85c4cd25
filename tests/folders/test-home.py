# SPDX-License-Identifier: GPL-3.0-or-later
"""Homes on disks of their own, in real guests: what is kept, and that nothing is lost."""

import os

from harness import TestCase, main, require_ordinary_user
from harness.session import Session
from harness.sway import Sway

BOOT = 90


class HomeCase(TestCase):
    """One session for all tests of the class."""

    @classmethod
    def setUpClass(cls):
        require_ordinary_user()
        cls.sway = Sway().start()
        cls.addClassCleanup(cls.sway.stop)
        cls.session = Session(cls.sway)
        cls.addClassCleanup(cls.session.stop)
        cls.session.start()
        cls.homes = os.path.join(cls.session.env['XDG_DATA_HOME'], 'bulkhead', 'homes')

    def tearDown(self):
        if self.failed():
            self.session.keep_evidence(self)
        self.assertNotIn('CRITICAL', self.session.read_service_log())

    def sh(self, vm, script, code=0, timeout=BOOT):
        """What the script prints in the guest."""
        result = vm.launch(argv=['sh', '-c', 'exec 2>&1; ' + script], wait=True).wait(timeout)
        output = bytes(result['tail']).decode()
        self.assertEqual(result['code'], code, output)
        return output


class Kept(HomeCase):
    def test_what_was_written_is_there_at_the_next_start(self):
        vm = self.session.create('Work', AutoStop='0', Home='disk', HomeSize='512')
        self.assertEqual(self.sh(vm, 'cd; stat -f -c %T .; stat -c "%U %a" .; ls -A; '
                                     'echo kept > file'), 'ext2/ext3\nuser 700\n')
        vm.stop().wait(60)
        # Sparse: what nothing was written to takes no room.
        path = os.path.join(self.homes, 'work.qcow2')
        self.assertLess(os.stat(path).st_blocks * 512, 16 << 20)
        self.assertEqual(self.sh(vm, 'cat ~/file'), 'kept\n')
        vm.stop().wait(60)
        vm.delete()
        self.assertEqual(os.listdir(self.homes), [])


if __name__ == '__main__':
    main()
