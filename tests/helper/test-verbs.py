# SPDX-License-Identifier: GPL-3.0-or-later
"""bulkhead-helper as its callers meet it: who may do what, limits, and that nothing is left over."""

import os
import signal
import subprocess

import harness
import ground
from ground import ALLOWED, DENIED, OTHER, UNASKED, acl_of

# Something for each verb that asks polkit; arguments as text of GVariant.
MAC = '[byte 2, 0, 0, 0, 0, 1]'
CALLS = {
    'EnableKvm': ('', ''),
    'CreateTap': ('(saya{sv})', f'("nat", {MAC}, {{}})'),
}


class Verbs(ground.Ground):

    def state(self):
        return {'kvm': acl_of('/dev/kvm'), **ground.network_state()}

    def unchanged(self, before):
        self.assertEqual(self.state(), before)

    def back_to(self, before):
        harness.wait_for(lambda: self.state() == before, 60, 'the state before')

    def test_what_is_given_goes_with_its_owner(self):
        before = self.state()
        for method, arguments in CALLS.items():
            with self.subTest(method):
                caller = self.caller()
                answer = caller.call(method, *arguments)
                self.assertIn('reply', answer)
                self.assertNotEqual(self.state(), before)
                caller.kill()
                self.back_to(before)

    def test_denied_and_unasked_change_nothing(self):
        before = self.state()
        for uid in (DENIED, UNASKED):
            for method, arguments in CALLS.items():
                # A question is allowed, but there is nobody to put it.
                for interactive in (False, True):
                    with self.subTest(method, uid=uid, interactive=interactive):
                        answer = self.caller(uid).call(method, *arguments, interactive)
                        self.assert_error(answer, 'NotAuthorized')
                        self.unchanged(before)

    def test_wrong_types_are_refused_by_the_signature(self):
        before = self.state()
        caller = self.caller()
        for method, signature, text in (
                ('EnableKvm', '(s)', '("/dev/sda",)'), ('CreateTap', '(s)', '("nat",)'),
                ('CreateTap', '(sssas)', '("nat", "a", "b", ["c"])'), ('DestroyTap', '(s)', '("bhtap0",)'),
                ('AssignUsb', '(s)', '("/dev/bus/usb/001/001",)'), ('AssignPci', '(as)', '(["0000:00:00.0"],)'),
                ('RaiseLockedMemory', '(i)', '(1,)'), ('ReleasePci', '()', '()')):
            with self.subTest(method, signature=signature):
                self.assert_error(caller.call(method, signature, text), 'InvalidArgs')
        self.assert_error(caller.call('Shutdown', '', ''), 'UnknownMethod')
        self.unchanged(before)

    def test_nobody_releases_what_is_not_theirs(self):
        owner, other, same_user = self.caller(), self.caller(OTHER), self.caller()
        number = owner.call('CreateTap', *CALLS['CreateTap'])['reply'][0]
        held = self.state()
        for caller in (other, same_user):
            for method, signature, text in (('DestroyTap', '(u)', f'({number},)'),
                                            ('ReleaseUsb', '(u)', f'({number},)'),
                                            ('ReleasePci', '(u)', f'({number},)'),
                                            ('ChangeTap', '(ua{sv})', f'({number}, {{"lan": <true>}})')):
                with self.subTest(method, uid=caller.uid):
                    self.assert_error(caller.call(method, signature, text), 'NotFound')
        # Not as another kind of thing, nor a number that nobody holds.
        for method in ('ReleaseUsb', 'ReleasePci'):
            self.assert_error(owner.call(method, '(u)', f'({number},)'), 'NotFound')
        for wrong in (0, number + 1, 2**32 - 1):
            self.assert_error(owner.call('DestroyTap', '(u)', f'({wrong},)'), 'NotFound')
        self.unchanged(held)
        self.assertIn('reply', owner.call('DestroyTap', '(u)', f'({number},)'))
        self.assert_error(owner.call('DestroyTap', '(u)', f'({number},)'), 'NotFound')

    def test_a_user_has_only_so_many(self):
        before = self.state()
        first, second, other = self.caller(), self.caller(), self.caller(OTHER)
        for index in range(16):
            caller = first if index % 2 else second
            answer = caller.call('CreateTap', '(saya{sv})', f'("nat", [byte 2, 0, 0, 0, 1, {index}], {{}})')
            self.assertIn('reply', answer)
        full = self.state()
        self.assert_error(second.call('CreateTap', '(saya{sv})', '("nat", [byte 2, 0, 0, 0, 2, 1], {})'),
                          'LimitReached')
        self.unchanged(full)
        # Another user's are counted apart.
        self.assertIn('reply', other.call('CreateTap', '(saya{sv})', '("nat", [byte 2, 0, 0, 0, 2, 2], {})'))
        for caller in (first, second, other):
            caller.kill()
        self.back_to(before)

    def test_kvm_is_the_users_for_as_long_as_one_asks(self):
        before = acl_of('/dev/kvm')
        first, second, other = self.caller(), self.caller(), self.caller(OTHER)
        self.assertEqual(first.order('open', '/dev/kvm')['opened'], 'Permission denied')
        self.assertIn('reply', first.call('EnableKvm'))
        self.assertEqual(second.order('open', '/dev/kvm')['opened'], 'yes')
        self.assertEqual(other.order('open', '/dev/kvm')['opened'], 'Permission denied')
        held = acl_of('/dev/kvm')
        self.assertIn('reply', second.call('EnableKvm'))
        first.kill()
        # Give the helper the chance to do wrong: it has handled the death when this is answered.
        self.assertIn('reply', other.call('EnableKvm'))
        self.assertEqual(second.order('open', '/dev/kvm')['opened'], 'yes')
        other.kill()
        harness.wait_for(lambda: acl_of('/dev/kvm') == held, 30, 'the other user out')
        second.kill()
        harness.wait_for(lambda: acl_of('/dev/kvm') == before, 30, 'nobody in')

    def test_a_right_that_was_there_stays(self):
        subprocess.run(['setfacl', '-m', f'u:{ALLOWED}:rw', '/dev/kvm'], check=True)
        self.addCleanup(subprocess.run, ['setfacl', '-b', '/dev/kvm'], check=True)
        before = acl_of('/dev/kvm')
        caller, other = self.caller(), self.caller(OTHER)
        self.assertIn('reply', caller.call('EnableKvm'))
        caller.kill()
        self.assertIn('reply', other.call('EnableKvm'))
        other.kill()
        harness.wait_for(lambda: acl_of('/dev/kvm') == before, 30, 'as before')

    def test_a_caller_killed_while_polkit_thinks_gets_nothing(self):
        before = self.state()
        os.mkfifo('/run/test/hold')
        ground.write('/run/test/gate', 'read x < /run/test/hold\n')
        self.addCleanup(ground.write, '/run/test/gate', '')
        self.addCleanup(os.unlink, '/run/test/hold')
        caller = self.caller()
        caller.begin('call', 'EnableKvm', '', '')
        # It opens when polkit's rule waits on the other side.
        with open('/run/test/hold', 'w', encoding='ascii') as gate:
            caller.kill()
            gate.write('go\n')
        # polkit answers one after the other: when this is done, so is that.
        ground.write('/run/test/gate', '')
        other = self.caller(OTHER)
        self.assertIn('reply', other.call('EnableKvm'))
        other.kill()
        self.back_to(before)

    def test_killed_at_any_point_it_leaves_nothing(self):
        points = {'EnableKvm': ('kvm-written', 'kvm-done'),
                  'CreateTap': ('tap-written', 'tap-made', 'tap-ruled', 'tap-up')}
        before = self.state()
        for method, stops in points.items():
            for point in stops:
                for caller_lives in (True, False):
                    with self.subTest(point, caller_lives=caller_lives):
                        kill = self.stop_helper_at(point)
                        caller = self.caller()
                        caller.begin('call', method, *CALLS[method])
                        kill()
                        if caller_lives:
                            self.assert_error(caller.end(), 'NoReply')
                        else:
                            caller.kill()
                        self.wake_helper()
                        self.back_to(before)
                        for pid in ground.processes_of_helper():
                            os.kill(pid, signal.SIGKILL)
                        harness.wait_for(lambda: not ground.processes_of_helper(), 30, 'its end')

    def test_a_new_helper_goes_on_with_what_is_held(self):
        before = self.state()
        caller = self.caller()
        for method, arguments in CALLS.items():
            self.assertIn('reply', caller.call(method, *arguments))
        held = self.state()
        for pid in ground.processes_of_helper():
            os.kill(pid, signal.SIGKILL)
        harness.wait_for(lambda: not ground.processes_of_helper(), 30, 'its end')
        # Somebody flushes the rules meanwhile.
        subprocess.run(['nft', 'flush', 'ruleset'], check=True)
        self.wake_helper()
        harness.wait_for(lambda: self.state() == held, 60, 'everything as it was held')
        # And again killed, with the owner gone before the next one comes.
        for pid in ground.processes_of_helper():
            os.kill(pid, signal.SIGKILL)
        harness.wait_for(lambda: not ground.processes_of_helper(), 30, 'its end')
        caller.kill()
        self.wake_helper()
        self.back_to(before)

    def test_it_ends_when_nobody_needs_it(self):
        ground.set_helper(idle=1)
        caller = self.caller()
        number = caller.call('CreateTap', *CALLS['CreateTap'])['reply'][0]
        pid = ground.processes_of_helper()
        self.assertEqual(len(pid), 1)
        caller.call('DestroyTap', '(u)', f'({number},)')
        harness.wait_for(lambda: not ground.processes_of_helper(), 60, 'its end')
        self.assertFalse(os.path.exists('/run/bulkhead-helper/ledger'))
        # The next call starts another.
        self.assertIn('reply', caller.call('CreateTap', *CALLS['CreateTap']))
        self.assertNotEqual(ground.processes_of_helper(), pid)

    def test_it_holds_few_capabilities_and_uses_none_at_rest(self):
        caller = self.caller()
        self.assertIn('reply', caller.call('CreateTap', *CALLS['CreateTap']))
        with open(f'/proc/{ground.processes_of_helper()[0]}/status', encoding='ascii') as file:
            status = dict(line.split(':\t', 1) for line in file.read().splitlines() if ':\t' in line)
        # NET_ADMIN 12, SYS_MODULE 16, SYS_PTRACE 19, SYS_RESOURCE 24.
        most = 1 << 12 | 1 << 16 | 1 << 19 | 1 << 24
        self.assertEqual(int(status['CapPrm'], 16) & ~most, 0)
        self.assertEqual(int(status['CapBnd'], 16) & ~most, 0)
        self.assertEqual([int(status[name], 16) for name in ('CapEff', 'CapInh', 'CapAmb')], [0, 0, 0])
        self.assertEqual(status['NoNewPrivs'], '1')

    def test_only_the_bus_name_of_root_is_the_helper(self):
        done = subprocess.run(
            ['setpriv', f'--reuid={ALLOWED}', '--clear-groups', 'gdbus', 'call', '--system', '--dest',
             'org.freedesktop.DBus', '--object-path', '/org/freedesktop/DBus', '--method',
             'org.freedesktop.DBus.RequestName', 'io.github.bulkhead.Helper', '0'],
            capture_output=True, text=True, check=False)
        self.assertIn('AccessDenied', done.stderr)


if __name__ == '__main__':
    ground.main()
