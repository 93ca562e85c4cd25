# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that make `bulkhead` an application are valid and agree with each other."""

import os
import re
import shutil
import subprocess
import unittest
import xml.etree.ElementTree as ET

SOURCE = os.environ['BULKHEAD_SOURCE_DIR']
BUILD = os.environ['BULKHEAD_BUILD_DIR']
APP_ID = 'io.github.bulkhead.Bulkhead'
UI = os.path.join(SOURCE, 'src', 'app', 'ui')


def run(*argv):
    return subprocess.run(argv, capture_output=True, text=True, check=False)


class Files(unittest.TestCase):
    @unittest.skipUnless(shutil.which('desktop-file-validate'), 'needs desktop-file-utils')
    def test_launcher(self):
        done = run('desktop-file-validate', os.path.join(BUILD, 'data', APP_ID + '.desktop'))
        self.assertEqual(done.stdout + done.stderr, '')

    @unittest.skipUnless(shutil.which('appstreamcli'), 'needs appstream')
    def test_description(self):
        done = run('appstreamcli', 'validate', '--no-net', os.path.join(BUILD, 'data', APP_ID + '.metainfo.xml'))
        self.assertEqual(done.returncode, 0, done.stdout)

    def test_pictures_of_the_description_are_here(self):
        root = ET.parse(os.path.join(SOURCE, 'data', APP_ID + '.metainfo.xml.in')).getroot()
        names = [image.text.rsplit('/', 1)[1] for image in root.iter('image')]
        self.assertGreaterEqual(len(names), 3)
        for name in names:
            path = os.path.join(SOURCE, 'data', 'screenshots', name)
            self.assertLess(os.path.getsize(path), 100000, path)

    def test_settings(self):
        done = run('glib-compile-schemas', '--strict', '--dry-run', os.path.join(SOURCE, 'data'))
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_icons_have_one_size_and_refer_to_nothing(self):
        for name, size in ((APP_ID, '128'), (APP_ID + '-symbolic', '16'), (APP_ID + '.Attention-symbolic', '16')):
            root = ET.parse(os.path.join(SOURCE, 'data', 'icons', name + '.svg')).getroot()
            self.assertEqual((root.get('width'), root.get('height')), (size, size))
            for node in root.iter():
                for key, value in node.attrib.items():
                    self.assertFalse(key.endswith('href'), name)
                    self.assertNotIn('http', value)

    def test_every_template_is_in_the_resources_and_for_translators(self):
        with open(os.path.join(SOURCE, 'src', 'app', 'bulkhead.gresource.xml'), encoding='utf-8') as file:
            resources = file.read()
        with open(os.path.join(SOURCE, 'po', 'POTFILES.in'), encoding='utf-8') as file:
            potfiles = file.read().split()
        for name in os.listdir(UI):
            self.assertIn('ui/' + name, resources)
            with open(os.path.join(UI, name), encoding='utf-8') as file:
                if 'translatable="yes"' in file.read():
                    self.assertIn('src/app/ui/' + name, potfiles)

    def test_every_icon_button_has_a_tooltip_and_a_name(self):
        for name in os.listdir(UI):
            root = ET.parse(os.path.join(UI, name)).getroot()
            for node in root.iter('object'):
                if not re.fullmatch('Gtk(Menu|Toggle)?Button', node.get('class')):
                    continue
                properties = {p.get('name'): p.text for p in node.findall('property')}
                if 'icon-name' not in properties:
                    continue
                labels = [p for a in node.findall('accessibility') for p in a if p.get('name') == 'label']
                self.assertIn('tooltip-text', properties, f'{name}: {properties}')
                self.assertTrue(labels, f'{name}: {properties}')

    def test_nothing_newer_than_the_oldest_libraries(self):
        newer = re.compile('Adw(Banner|SwitchRow|SpinRow|ToolbarView|NavigationSplitView|OverlaySplitView|Breakpoint|'
                           'AlertDialog|Dialog)\\b')
        for folder, _, names in os.walk(os.path.join(SOURCE, 'src', 'app')):
            for name in names:
                with open(os.path.join(folder, name), encoding='utf-8') as file:
                    self.assertIsNone(newer.search(file.read()), name)


if __name__ == '__main__':
    unittest.main()
