#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes a picture of every page of `bulkhead` with the stand-in service: screenshots.py FOLDER [WORD…]

Light, dark, high contrast, 360 px and 1024×600. A WORD takes only pages with it in their name.
BULKHEAD_BUILD_DIR names the build.
"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))

from desk import BUTTON, ROW, TOGGLE, Desk  # noqa: E402

VMS = [
    {'Name': 'Banking', 'Color': 'green', 'Applications': 'org.example.Web.desktop;org.gnome.Calculator.desktop'},
    {'Name': 'Personal', 'Color': 'blue', 'State': 'running', 'RestartKeys': ['Memory'], 'Microphone': 'true', 'Network': 'internet',
     'Folders': '~/Music:Music:ro', 'Commands': 'System monitor=htop -d 5', 'Notes': 'For everyday things',
     'Applications': 'org.example.Web.desktop;org.example.Mail.desktop;org.gnome.Calculator.desktop;foot.desktop;'
                     'org.pwmt.zathura.desktop;org.example.Photos.desktop;org.example.Gone.desktop',
     'Programs': [[1, 'Calculator', 1, 1], [2, 'Foot', 2, 3]]},
    {'Name': 'Downloads from people I do not know', 'Color': 'orange', 'State': 'failed',
     'Error': 'The kernel /boot/vmlinuz-6.1.0 cannot be read. Ask the administrator to run: chmod a+r /boot/vmlinuz-6.1.0',
     'Applications': 'org.pwmt.zathura.desktop'},
    {'Name': 'Work', 'Color': 'purple'},
    {'Name': 'Éducation', 'Color': 'yellow'},
]

LOOKS = {
    'light': {},
    'dark': {'ADW_DEBUG_COLOR_SCHEME': 'prefer-dark'},
    'contrast': {'ADW_DEBUG_HIGH_CONTRAST': '1'},
}
SIZES = {'': (920, 600), '-360': (360, 640), '-1024': (1024, 600)}

APPS = [('org.example.Web', 'Web', 'Browse the web', 'web-browser-symbolic', ''),
        ('org.example.Mail', 'Mail', 'Write and read mail', 'mail-unread-symbolic', ''),
        ('org.example.Photos', 'Photos & Pictures With a Long Name', 'See <b>your</b> pictures', 'no-such-icon', ''),
        ('org.example.Chat', 'Chat', 'Talk to people', 'user-available-symbolic', 'X-Flatpak=org.example.Chat\n')]


def install_apps(desk):
    folder = desk.place.path('data', 'applications')
    os.makedirs(folder, exist_ok=True)
    for app, name, comment, icon, extra in APPS:
        with open(os.path.join(folder, app + '.desktop'), 'w', encoding='utf-8') as file:
            file.write(f'[Desktop Entry]\nType=Application\nName={name}\nComment={comment}\nIcon={icon}\nExec=true\n{extra}')


def choose(desk, name):
    desk.press(ROW, name)


class Pages:
    """Each method brings up one page; its name is the picture's."""

    def welcome(self, desk):
        desk.use_mock()
        yield
        desk.wait(BUTTON, 'Create Your First AppVM…')

    def trouble(self, desk):
        desk.use_service(None)
        yield
        desk.wait(BUTTON, 'Try Again')

    def main(self, desk):
        desk.use_mock(vms=VMS)
        yield
        choose(desk, 'Personal')
        desk.wait(BUTTON, 'Calculator')

    def templates(self, desk):
        desk.use_mock(vms=VMS)
        yield
        desk.wait(ROW, 'Work')
        desk.activate('templates')
        desk.wait(ROW, 'Debian 12: less')

    def templates_new(self, desk):
        desk.use_mock(vms=VMS)
        yield
        desk.wait(ROW, 'Work')
        desk.activate('templates')
        desk.press(BUTTON, 'New Template…')
        desk.type_into('Search Debian’s applications', 'viewer')
        desk.press(ROW, 'Zathura')
        desk.wait_sensitive(BUTTON, 'Build', dialog=True)

    def templates_build(self, desk):
        desk.use_mock('--step', '1500', vms=VMS)
        yield
        desk.wait(ROW, 'Work')
        desk.activate('templates')
        desk.press(BUTTON, 'Update Debian 12: less')
        desk.wait(BUTTON, 'Cancel')
        time.sleep(4)

    def old_template(self, desk):
        desk.use_mock('--step', '10', vms=[{**VMS[3], 'Template': 'debian', 'Applications': 'org.pwmt.zathura.desktop'}])
        yield
        choose(desk, 'Work')
        desk.press(BUTTON, 'Start')
        desk.wait_text('Its Debian template')

    def disposable(self, desk):
        vms = [*VMS, {**VMS[1], 'Name': 'Personal (1)', 'DisposableOf': 'personal', 'Programs': [[1, 'Calculator', 1, 1]],
                      'RestartKeys': [], 'Disposable': 'true'}]
        desk.use_mock(vms=vms)
        yield
        choose(desk, 'Personal (1)')
        desk.wait(BUTTON, 'Calculator')

    def disposables(self, desk):
        desk.use_mock(vms=[*VMS, {'Name': 'Mail from strangers', 'Color': 'red', 'Disposable': 'true',
                                  'Applications': 'org.pwmt.zathura.desktop;org.gnome.Calculator.desktop'}])
        yield
        choose(desk, 'Mail from strangers')
        desk.wait(BUTTON, 'Calculator')

    def tile(self, desk):
        desk.use_mock(vms=VMS)
        yield
        choose(desk, 'Personal')
        desk.wait(BUTTON, 'Calculator')
        desk.act('menu.popup', 'Foot')

    def failed(self, desk):
        desk.use_mock(vms=VMS)
        yield
        choose(desk, 'Downloads from people I do not know')

    def starting(self, desk):
        desk.use_mock('--step', '1500', vms=VMS)
        yield
        choose(desk, 'Banking')
        desk.press(BUTTON, 'Calculator')
        time.sleep(4)

    def empty(self, desk):
        desk.use_mock(vms=VMS)
        yield
        choose(desk, 'Éducation')
        desk.wait(BUTTON, 'Add Programs…')

    def list(self, desk):
        desk.use_mock(vms=VMS)
        yield
        desk.wait(ROW, 'Work')

    def all(self, desk):
        desk.use_mock(vms=VMS)
        yield
        desk.press(BUTTON, 'All Applications')
        desk.wait(ROW, 'Calculator')

    def log(self, desk):
        desk.use_mock(vms=VMS)
        yield
        choose(desk, 'Personal')
        desk.press(BUTTON, 'Log')
        desk.wait_text('Log of')

    def use(self, desk):
        desk.use_mock(vms=[{'Name': 'Personal', 'Color': 'blue', 'State': 'running', 'Applications': 'foot.desktop',
                            'Programs': [[2, 'Foot', 2, 3]]}])
        yield
        choose(desk, 'Personal')
        desk.wait(BUTTON, 'Foot')
        time.sleep(15)

    def camera(self, desk):
        desk.use_mock(vms=[{'Name': 'Work', 'State': 'running', 'Camera': 'ask', 'Applications': 'foot.desktop'},
                           {'Name': 'Talk', 'State': 'running', 'Camera': 'on', 'InUse': ['camera', 'microphone'],
                            'Applications': 'foot.desktop'}])
        yield
        desk.find('Work').set(Camera='off')
        desk.find('Work').set(Camera='ask')
        desk.wait_text('May “Work” use the camera?')
        time.sleep(1)

    def camera_in_use(self, desk):
        desk.use_mock(vms=[{'Name': 'Talk', 'State': 'running', 'Camera': 'on', 'InUse': ['camera', 'microphone'],
                            'Microphone': 'true', 'Applications': 'foot.desktop'}])
        yield
        choose(desk, 'Talk')
        desk.wait(BUTTON, 'Foot')

    def settings_camera(self, desk):
        yield from self._settings(desk, 'Reach')
        time.sleep(0.5)
        rect = next(v['rect'] for v in desk.sway.views() if v['name'] == 'AppVM Settings')
        desk.sway.input.move(rect['x'] + 40, rect['y'] + 300)
        for _ in range(12):
            desk.sway.input.scroll(1)

    def sound(self, desk):
        desk.use_mock(vms=[{'Name': 'Personal', 'Color': 'blue', 'State': 'running', 'Microphone': 'true', 'Applications': 'foot.desktop',
                            'Programs': [[2, 'Foot', 2, 3]], 'InUse': ['sound', 'microphone']}])
        yield
        desk.resize(desk.window_rect()['width'], 900)
        choose(desk, 'Personal')
        desk.wait(None, 'Volume')

    def network(self, desk):
        desk.use_mock(vms=[{'Name': 'Personal', 'State': 'running', 'Network': 'internet', 'Applications': 'foot.desktop'}])
        yield
        desk.resize(desk.window_rect()['width'], 790)
        choose(desk, 'Personal')
        desk.wait_text('Internet: ')
        desk.act('network.show')
        time.sleep(4)

    def check(self, desk):
        desk.use_mock('--checks', 'bad', vms=VMS)
        yield
        desk.wait(ROW, 'Work')
        desk.activate('check')
        desk.wait_text('AppVMs Cannot Run Yet')

    def offer(self, desk):
        desk.use_mock('--checks', 'offer', vms=VMS)
        yield
        desk.wait(ROW, 'Work')
        desk.activate('check')
        desk.wait(BUTTON, 'Switch On')

    def preferences(self, desk):
        desk.use_mock(vms=VMS)
        yield
        desk.wait(ROW, 'Work')
        desk.activate('preferences')
        desk.wait_text('768 MiB of memory')

    def delete(self, desk):
        desk.use_mock(vms=VMS)
        yield
        choose(desk, 'Personal')
        desk.wait(BUTTON, 'Calculator')
        desk.act('vm.delete')
        desk.wait(BUTTON, 'Delete')

    def create(self, desk):
        desk.use_mock(vms=VMS)
        yield
        desk.wait(ROW, 'Work')
        desk.sway.input.key('ctrl+n')
        desk.wait(BUTTON, 'Choose Programs…')
        desk.sway.input.type('Banking')

    def picker(self, desk):
        desk.use_mock(vms=VMS)
        yield
        desk.wait(ROW, 'Work')
        desk.sway.input.key('ctrl+n')
        desk.wait(BUTTON, 'Choose Programs…')
        desk.press(BUTTON, 'Choose Programs…')
        desk.wait(None, 'Calculator')
        desk.press(ROW, 'Calculator')
        desk.press(ROW, 'Web')

    def created(self, desk):
        desk.use_mock(vms=VMS)
        yield
        desk.wait(ROW, 'Work')
        desk.sway.input.key('ctrl+n')
        desk.wait(BUTTON, 'Choose Programs…')
        desk.press(BUTTON, 'Choose Programs…')
        desk.press(ROW, 'Calculator')
        desk.press(ROW, 'Web')
        desk.press(BUTTON, 'Done')
        desk.wait(BUTTON, 'Create')
        desk.type_into('Name', 'Travel')
        desk.press(BUTTON, 'Create')
        desk.wait_text('is ready')
        time.sleep(1)

    def filled(self, desk):
        desk.use_mock(vms=VMS)
        yield
        desk.wait(ROW, 'Work')
        desk.sway.input.key('ctrl+n')
        desk.wait(BUTTON, 'Choose Programs…')
        desk.press(BUTTON, 'Choose Programs…')
        desk.press(ROW, 'Calculator')
        desk.press(ROW, 'Web')
        desk.press(BUTTON, 'Done')
        desk.wait(BUTTON, 'Create')
        desk.type_into('Name', 'Travel')

    def error(self, desk):
        desk.use_mock('--step', '20', '--fail', 'Banking=BootFailed:The guest did not answer in 60 seconds. Its log may say why.',
                      vms=VMS)
        yield
        choose(desk, 'Banking')
        desk.press(BUTTON, 'Calculator')
        desk.wait(BUTTON, 'Try Again')

    def _settings(self, desk, page):
        desk.use_mock(vms=VMS)
        yield
        choose(desk, 'Personal')
        desk.wait(BUTTON, 'Calculator')
        desk.act('win.vm-settings')
        desk.wait(None, 'Mistakes in Its File', showing=False) if page == 'Mistakes' else desk.wait(None, 'Notes')
        if page not in ('General', 'Mistakes'):
            desk.all('page tab', page, dialog=True)[0].do_action(0)

    def settings_general(self, desk):
        yield from self._settings(desk, 'General')

    def settings_reach(self, desk):
        yield from self._settings(desk, 'Reach')

    def settings_home(self, desk):
        desk.use_mock(vms=[{'Name': 'Personal', 'Color': 'blue', 'Applications': 'foot.desktop', 'Home': 'disk'}])
        yield
        choose(desk, 'Personal')
        desk.act('win.vm-settings')
        desk.wait(None, 'Notes')
        desk.all('page tab', 'Home', dialog=True)[0].do_action(0)
        desk.wait(BUTTON, 'Compact')

    def settings_home_disk(self, desk):
        yield from self.settings_home(desk)
        for _ in range(20):
            desk.sway.input.key('Tab')

    def duplicate(self, desk):
        desk.use_mock('--step', '1500', vms=[{'Name': 'Personal', 'Color': 'blue', 'Applications': 'foot.desktop', 'Home': 'disk'}])
        yield
        choose(desk, 'Personal')
        desk.act('win.vm-duplicate')
        desk.wait_sensitive(BUTTON, 'With Its Home', dialog=True)

    def duplicating(self, desk):
        yield from self.duplicate(desk)
        desk.press(BUTTON, 'With Its Home', dialog=True)
        desk.wait_text('Duplicating “Personal”')
        time.sleep(2)

    def export(self, desk):
        desk.use_mock(vms=[{'Name': 'Personal', 'Color': 'blue', 'Applications': 'foot.desktop', 'Home': 'disk'}])
        yield
        choose(desk, 'Personal')
        desk.act('win.vm-export')
        desk.wait_sensitive(BUTTON, 'Choose File…', dialog=True)
        desk.type_into('Passphrase', 'correct horse')
        desk.wait_text('once more')

    def settings_behaviour(self, desk):
        yield from self._settings(desk, 'Behaviour')

    def settings_advanced(self, desk):
        yield from self._settings(desk, 'Advanced')

    def settings_mistakes(self, desk):
        desk.use_mock(vms=[{'Name': 'Old', 'Problems': [
            'old.vm:3: Memory: Memory cannot be “lots”: it takes 192 to 65536 MiB',
            'old.vm:9: Teleport: this version of Bulkhead does not know it']}])
        yield
        desk.wait(ROW, 'Old')
        desk.act('win.vm-settings')
        desk.wait(BUTTON, 'Open File')

    def rename(self, desk):
        desk.use_mock(vms=VMS)
        yield
        choose(desk, 'Work')
        desk.act('win.vm-rename')
        desk.type_into('New name', 'Banking')

    def create_reach(self, desk):
        desk.use_mock(vms=VMS)
        yield
        desk.wait(ROW, 'Work')
        desk.sway.input.key('ctrl+n')
        desk.wait(BUTTON, 'Choose Programs…')
        desk.act('window.choose-reach')

    def command(self, desk):
        desk.use_mock(vms=VMS)
        yield
        choose(desk, 'Work')
        desk.act('vm.add-command')
        desk.wait_text('word by word')
        desk.sway.input.type('Top')
        desk.sway.input.key('Tab')
        desk.sway.input.type("htop -d '5")

    def shortcuts(self, desk):
        desk.use_mock(vms=VMS)
        yield
        desk.wait(ROW, 'Work')
        desk.act('win.shortcuts')
        time.sleep(1)

    def about(self, desk):
        desk.use_mock(vms=VMS)
        yield
        desk.wait(ROW, 'Work')
        desk.activate('about')
        time.sleep(1)


def main():
    folder, words = sys.argv[1], sys.argv[2:]
    os.makedirs(folder, exist_ok=True)
    desk = Desk()
    desk.start()
    install_apps(desk)
    try:
        for page in [p for p in vars(Pages) if not p.startswith('_')]:
            for look in LOOKS:
                for size, (width, height) in SIZES.items():
                    name = f'{page}-{look}{size}'
                    if words and not any(w in name for w in words):
                        continue
                    steps = getattr(Pages(), page)(desk)
                    next(steps)
                    desk.run_app(**LOOKS[look])
                    desk.sway.wait_view('io.github.bulkhead.Bulkhead')
                    desk.resize(width, height)
                    next(steps, None)
                    if width < 400:
                        for title in {v['name'] for v in desk.sway.views()} & {
                                'AppVM Settings', 'New AppVM', 'Debian Templates', 'New Template'}:
                            desk.sway.msg(f'[title="{title}"] resize set width {width} px height {height} px')
                    time.sleep(0.7)
                    rects = [v['rect'] for v in desk.sway.views()]
                    x = min(r['x'] for r in rects)
                    y = min(r['y'] for r in rects)
                    w = max(r['x'] + r['width'] for r in rects) - x
                    h = max(r['y'] + r['height'] for r in rects) - y
                    desk.sway.screenshot((x, y, w, h)).save(os.path.join(folder, name + '.png'))
                    print(name, flush=True)
                    desk.close_app()
    except Exception:
        desk.sway.screenshot().save(os.path.join(folder, 'failed.png'))
        desk.dump()
        raise
    finally:
        desk.stop()


if __name__ == '__main__':
    main()
