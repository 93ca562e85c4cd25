#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-in for bulkhead-service on a private session bus: keeps AppVMs in memory, boots nothing.

For tests and screenshots of `bulkhead` and `bulkheadctl` only. Everything it says has the shape of data/dbus/*.xml,
which it reads at start, so that it cannot drift from them.

--vms FILE   JSON list of {"Name", "Color", "Applications", "State", ...} to begin with
--step MS    time each step of a start takes (default 150)
--fail NAME=ERROR:MESSAGE   Launch and Start of that AppVM end with io.github.bulkhead.Error.ERROR
--refuse ERROR:MESSAGE      every CreateVm fails so
--refuse-set ERROR:MESSAGE  every Set fails so
--checks kvm|offer|good|bad what CheckHost finds; offer: EnableKvm is refused once, then makes it good
--freeze MS    a guest is being frozen, each of its steps takes MS
--record FILE               the options of every Launch, one JSON object per line
"""
import argparse
import glob
import json
import os
import re
import sys
import time

from gi.repository import Gio, GLib

ROOT = "/io/github/bulkhead"
PREFIX = "io.github.bulkhead."
HERE = os.path.dirname(os.path.abspath(__file__))
XML = os.path.join(HERE, "..", "..", "data", "dbus")
PALETTE = {"red": "#c01c28", "orange": "#e66100", "yellow": "#f5c211", "green": "#2ea04f",
           "blue": "#1c71d8", "purple": "#813d9c", "brown": "#865e3c", "gray": "#77767b"}
BOOT = [("call", "Preparing"), ("kernel", "Looking for a kernel"), ("initramfs", "Preparing the boot files"),
        ("template", "Preparing this computer's programs"), ("domain", "Creating the virtual machine"),
        ("created", "Booting"), ("channel", "Booting"), ("hello", "Setting up"), ("configured", "Setting up")]


class Error(Exception):
    def __init__(self, name, message):
        super().__init__(message)
        self.name = PREFIX + "Error." + name


def interface(name):
    with open(os.path.join(XML, PREFIX + name + ".xml"), encoding="utf-8") as f:
        return Gio.DBusNodeInfo.new_for_xml(f.read()).lookup_interface(PREFIX + name)


class Object:
    """One exported object: `props` hold its properties, methods are Python methods of the same name."""

    def __init__(self, service, path, interface_name):
        self.service, self.path = service, path
        self.info = interface(interface_name)
        self.types = {p.name: p.signature for p in self.info.properties}
        # What a test does not set is there all the same, empty.
        empty = {"s": "", "o": "/", "b": False, "u": 0, "t": 0, "d": 0.0, "i": 0}
        self.props = {name: empty.get(kind, {} if kind.startswith("a{") else [])
                      for name, kind in self.types.items()}
        self.registration = service.bus.register_object(path, self.info, self.call, self.get, None)

    def get(self, _bus, _sender, _path, _iface, prop):
        return self.variant(prop)

    def variant(self, prop):
        return GLib.Variant(self.types[prop], self.props[prop])

    def all(self):
        return {p: self.variant(p) for p in self.props}

    def set(self, **changes):
        changes = {k: v for k, v in changes.items() if self.props.get(k) != v}
        self.props.update(changes)
        if changes:
            self.service.bus.emit_signal(
                None, self.path, "org.freedesktop.DBus.Properties", "PropertiesChanged",
                GLib.Variant("(sa{sv}as)", (self.info.name, {k: self.variant(k) for k in changes}, [])))

    def emit(self, signal, signature, *args):
        self.service.bus.emit_signal(None, self.path, self.info.name, signal, GLib.Variant(signature, args))

    def call(self, _bus, _sender, _path, _iface, method, args, invocation):
        try:
            result = getattr(self, method)(*args.unpack())
        except Error as e:
            invocation.return_dbus_error(e.name, str(e))
            return
        out = "".join(a.signature for a in self.info.lookup_method(method).out_args)
        invocation.return_value(GLib.Variant(f"({out})", (result,)) if out else None)

    def gone(self):
        self.service.bus.unregister_object(self.registration)


class Job(Object):
    def __init__(self, service, steps, done, failure=None, wait_for=None):
        service.jobs += 1
        super().__init__(service, f"{ROOT}/job/{service.jobs}", "Job1")
        self.steps, self.done, self.failure, self.wait_for = list(steps), done, failure, wait_for
        self.props = {"State": "running", "Step": "", "Timeline": [], "Error": ("", ""), "Result": {}}
        GLib.idle_add(self.next)

    def next(self):
        if self.props["State"] != "running":
            return False
        if not self.steps or (self.failure and len(self.steps) <= 4):
            if self.failure:
                self.finish("failed", self.failure)
            elif self.wait_for is None or self.wait_for():
                self.finish("done")
            else:
                GLib.timeout_add(50, self.next)
            return False
        name, text = self.steps.pop(0)
        now = time.monotonic_ns() // 1000
        self.set(Step=text, Timeline=self.props["Timeline"] + [(name, now)])
        self.emit("StepChanged", "(sst)", name, text, now)
        self.done("step", text)
        GLib.timeout_add(self.service.args.step, self.next)
        return False

    def finish(self, state, error=("", "")):
        result = self.done(state, error[1]) or {}
        self.set(State=state, Error=error, Result=result)
        self.emit("Finished", "(s(ss)a{sv})", state, error, result)
        GLib.timeout_add_seconds(10, self.gone)

    def Cancel(self):
        if self.props["State"] == "running":
            self.finish("cancelled", (PREFIX + "Error.Cancelled", "Cancelled."))


class Vm(Object):
    def __init__(self, service, vm_id, settings):
        super().__init__(service, f"{ROOT}/vm/{vm_id.replace('-', '_')}", "Vm1")
        self.next_id = 0
        self.jobs = []
        self.props = {"Id": vm_id, "Name": "", "Color": "", "State": "stopped", "Step": "", "Error": "", "Applications": [],
                      "Settings": {}, "Problems": [], "RestartKeys": [], "Programs": [], "Usage": {}, "Volume": 0.8, "Muted": False, "Network": {},
                      "DisposableOf": "", "InUse": [], "CameraAsks": False, "RunsOldTemplate": False}
        self.settings = {"Template": "host", "Memory": "1024", "Processors": "2", **settings}
        self.apply()

    def get(self, bus, sender, path, iface, prop):
        if prop == "Usage" and self.props["State"] == "running":
            self.asked = getattr(self, "asked", 0) + 1
            cpu = 4 + 38 * abs((self.asked % 14) - 7) / 7
            return GLib.Variant("a{sv}", {
                "pid": GLib.Variant("u", 4242), "cpu": GLib.Variant("d", cpu),
                "rss": GLib.Variant("t", (280 + 3 * min(self.asked, 30)) << 20), "memory": GLib.Variant("t", 1 << 30)})
        return super().get(bus, sender, path, iface, prop)

    def interfaces(self, counted):
        """As of an AppVM that talks to somebody all the time."""
        mode = self.settings.get("Network", "none")
        if mode == "none" or self.props["State"] != "running":
            return []
        one = {"name": GLib.Variant("s", "eth0"), "mode": GLib.Variant("s", mode), "state": GLib.Variant("s", "on"),
               "detail": GLib.Variant("s", ""), "via": GLib.Variant("s", self.settings.get("NetVm", "")),
               "lan": GLib.Variant("b", self.settings.get("Lan") == "true"), "addresses": GLib.Variant("as", ["192.0.0.2/29"])}
        if counted:
            self.read = getattr(self, "read", 0) + 1
            one.update({"in": GLib.Variant("t", 7000 * self.read), "out": GLib.Variant("t", 100 * self.read),
                        "blocked": GLib.Variant("t", self.read // 2), "dropped": GLib.Variant("t", 0),
                        "peers": GLib.Variant("a(ssutt)", [("tcp", "203.0.113.5", 443, 6000 * self.read, 60 * self.read),
                                                           ("udp", "2001:db8::53", 53, 1000 * self.read, 40 * self.read)])})
        return [one]

    def AnswerCamera(self, allow):
        self.set(CameraAsks=False, InUse=["camera"] if allow else [])

    def ReadNetwork(self):
        return self.interfaces(True)

    def set(self, **changes):
        super().set(**changes)
        interfaces = self.interfaces(False)
        now = GLib.Variant("aa{sv}", interfaces).print_(False)
        if now != getattr(self, "network", "[]") and "Network" not in changes:
            self.network = now
            super().set(Network={"interfaces": GLib.Variant("aa{sv}", interfaces)})

    def apply(self):
        color = self.settings.get("Color", "blue")
        self.set(Name=self.settings["Name"], Color=PALETTE.get(color, color), Settings=dict(self.settings),
                 Applications=[a for a in self.settings.get("Applications", "").split(";") if a])

    def check_failure(self):
        for rule in self.service.args.fail:
            name, _, rest = rule.partition("=")
            error, _, message = rest.partition(":")
            if name == self.props["Name"]:
                return (PREFIX + "Error." + error, message)
        return None

    def begin(self, steps, finished):
        failure = self.check_failure()
        stopped = self.props["State"] in ("stopped", "failed")
        if stopped:
            self.set(State="starting", Error="", RestartKeys=[])
            steps = BOOT + steps

        def done(what, text):
            if what == "step":
                if self.props["State"] == "starting":
                    self.set(Step=text)
                return None
            if what == "done":
                old = self.settings["Template"] == "debian" and any(
                    self.props["Name"] in one["running-old"] for one in self.service.manager.templates)
                self.set(State="running", Step="", RunsOldTemplate=old)
            elif stopped:
                self.set(State="failed" if what == "failed" else "stopped", Step="", Error=text if what == "failed" else "")
            return finished(what) if what == "done" else None
        job = Job(self.service, steps, done, failure)
        return job

    def Start(self, options):
        return self.begin([], lambda what: {}).path

    def Launch(self, options):
        app = options.get("app")
        argv = options.get("argv")
        if not app and not argv:
            raise Error("InvalidArgument", "Neither “app” nor “argv” was given.")
        if app and app not in self.service.apps:
            raise Error("ProgramNotFound", f"“{app}” is not installed on this computer.")
        label = self.service.apps[app]["name"] if app else argv[0]
        self.next_id += 1
        number = self.next_id
        if self.service.args.record:
            with open(self.service.args.record, "a", encoding="utf-8") as f:
                f.write(json.dumps(options) + "\n")

        def finished(_what):
            self.set(Programs=self.props["Programs"] + [(number, label, int(time.time() * 1e6), 1)])
            return {"id": GLib.Variant("u", number)}
        return self.begin([("launch", f"Starting {label}"), ("launched", f"Starting {label}"),
                           ("window", "Waiting for its window")], finished).path

    def Terminate(self, number):
        left = [p for p in self.props["Programs"] if p[0] != number]
        if len(left) == len(self.props["Programs"]):
            raise Error("NotFound", "No such program.")
        label = [p[1] for p in self.props["Programs"] if p[0] == number][0]
        self.set(Programs=left)
        self.emit("ProgramExited", "(usuay)", number, label, 0, b"")

    def Stop(self, force):
        clients = [vm.props["Name"] for vm in self.service.vms
                   if vm.props["State"] == "running" and vm.settings.get("NetVm") == self.props["Id"]]
        if clients and not force:
            raise Error("Busy", f"The network of “{self.props['Name']}” is in use by “{clients[0]}”. Stop those first.")
        self.set(State="stopping", Step="Ending its programs")

        def done(what, text):
            if what == "step":
                self.set(Step=text)
            else:
                self.set(State="stopped", Step="", Programs=[])
        return Job(self.service, [("call", "Ending its programs"), ("created", "Stopping")], done).path

    def Set(self, settings):
        if self.service.args.refuse_set:
            raise Error(*self.service.args.refuse_set.split(":", 1))
        if "Name" in settings:
            self.service.check_name(settings["Name"], self)
        self.settings.update(settings)
        self.apply()
        self.ask_for_camera()
        return []

    def ask_for_camera(self):
        """A program in it has waited for that."""
        self.set(CameraAsks=self.settings.get("Camera") == "ask" and self.props["State"] == "running")

    def ReadHome(self):
        if self.settings.get("Home") != "disk":
            return {"kind": GLib.Variant("s", "none")}
        return {"kind": GLib.Variant("s", "disk"), "path": GLib.Variant("s", "/home/me/disk.qcow2"),
                "size": GLib.Variant("t", 10 << 30), "used": GLib.Variant("t", self.used),
                "encrypted": GLib.Variant("b", False), "snapshots": GLib.Variant("a(sxt)", self.snapshots)}

    def ChangeHome(self, action, options):
        def done(state, _text):
            if state != "done":
                return
            if action == "snapshot":
                self.snapshots = [*self.snapshots, (options["name"], 1790000000, 10 << 30)]
            elif action == "remove-snapshot":
                self.snapshots = [one for one in self.snapshots if one[0] != options["name"]]
            elif action == "compact":
                self.used //= 2
        return Job(self.service, [(action, "Changing its home")], done).path

    used = 300 << 20
    snapshots = [("before-update-2026-09-30-101500", 1790000000, 10 << 30)]

    def Delete(self):
        if self.props["State"] not in ("stopped", "failed"):
            raise Error("Busy", f"“{self.props['Name']}” is running. Stop it first.")
        self.service.remove(self)

    def OpenConsole(self):
        raise Error("NotRunning", f"“{self.props['Name']}” is not running.")

    def ReadLog(self, lines):
        return "\n".join(f"line {i}" for i in range(min(lines, 20))) + "\n"


class Manager(Object):
    def __init__(self, service):
        super().__init__(service, ROOT, "Manager1")
        self.props = {"Version": "0.1.0", "Virtualization": "tcg", "Problems": [], "ReadyAhead": 1,
                      "ReadyAheadNow": 0, "FreezeStep": "", "FreezeProgress": 0.0}
        self.frozen = [("one", 768, 61), ("two", 1024, 74)]
        self.templates = [
            {"key": "a" * 16, "suite": "trixie", "packages": ["foot", "gnome-calculator", "zathura"], "made": 1763600000,
             "size": 412 << 20, "build": 2, "previous": 1, "used-by": ["Banking", "Work"], "running-old": ["Work"],
             "checked": 1763700000, "updates": 12, "security": 3,
             "updated-packages": ["foot 1.21.0-2 1.21.0-3"]},
            {"key": "b" * 16, "suite": "bookworm", "packages": ["less"], "made": 1760000000, "size": 190 << 20, "build": 1,
             "previous": 0, "used-by": [], "running-old": [], "checked": 1760000000, "updates": 0, "security": 0,
             "updated-packages": []}]
        if service.args.freeze:
            self.props.update(FreezeStep="Booting a guest to freeze", FreezeProgress=0.1)
            GLib.timeout_add(service.args.freeze, self.freeze_on)

    def freeze_on(self):
        if self.props["FreezeProgress"] < 0.5:
            self.set(FreezeStep="Trying to thaw it", FreezeProgress=0.7)
            return True
        self.frozen = self.frozen + [("three", 512, 70)]
        self.set(FreezeStep="", FreezeProgress=0.0)
        return False

    def SetReadyAhead(self, count):
        if count > 2:
            raise Error("InvalidArgument", "At most 2 guests can be kept ready ahead")
        self.set(ReadyAhead=count)

    def CreateVm(self, settings):
        return self.service.create(settings).path

    def DuplicateVm(self, text, name, options):
        vm = self.service.at(self.FindVm(text))

        def done(state, _text):
            if state != "done":
                return None
            copy = self.service.create({**vm.settings, "Name": name or vm.props["Name"] + " (copy)"})
            return {"vm": GLib.Variant("o", copy.path)}
        return Job(self.service, [("home", "Copying its home")] * 4 if options.get("home") else [], done).path

    def FindVm(self, text):
        for vm in self.service.vms:
            if text in (vm.path, vm.props["Id"], vm.props["Name"]):
                return vm.path
        raise Error("NotFound", f"There is no AppVM “{text}”.")

    # Debian templates: two that are there, and one being built takes eight steps.
    def ListTemplates(self):
        kinds = {"size": "t", "made": "x", "build": "u", "previous": "u", "packages": "as", "used-by": "as", "running-old": "as",
                 "checked": "x", "updates": "u", "security": "u", "updated-packages": "as"}
        return [{k: GLib.Variant(kinds.get(k, "s"), v) for k, v in one.items()} for one in self.templates]

    def SearchDebian(self, suite, words):
        known = [("zathura", "org.pwmt.zathura.desktop", "Zathura", "A minimalist document viewer", "org.pwmt.zathura"),
                 ("gnome-calculator", "org.gnome.Calculator.desktop", "Calculator", "Perform calculations",
                  "org.gnome.Calculator"),
                 ("evince", "org.gnome.Evince.desktop", "Document Viewer", "View multi-page documents", "no-such-icon")]
        return [{k: GLib.Variant("s", v) for k, v in zip(("package", "id", "name", "summary", "icon"), app)}
                for app in known if all(word in " ".join(app).lower() for word in words.lower().split())]

    def BuildTemplate(self, suite, packages):
        def done(what, text):
            if what == "step":
                job.set(Progress=int(text.split()[-2]) if text.endswith("%") else 40)
            elif what == "done":
                self.templates.append({"key": "%016x" % len(self.templates), "suite": suite, "packages": packages.split(";"),
                                       "made": int(time.time()), "size": 230 << 20, "build": 1, "previous": 0, "used-by": [],
                                       "running-old": []})
                return {"key": GLib.Variant("s", self.templates[-1]["key"])}
            return None
        steps = [("progress", f"Downloading packages: {n} %") for n in (5, 10, 20, 30)]
        job = Job(self.service, steps + [("progress", f"Installing: {name}") for name in ("libc6", "dbus", "fonts", "foot")], done,
                  ("io.github.bulkhead.Error.NotFound", "A package is not in Debian trixie (no-such).")
                  if "no-such" in packages else None)
        return job.path

    def UpdateTemplate(self, key):
        return self.BuildTemplate("trixie", "foot")

    def CheckTemplate(self, key):
        fails = "CheckTemplate" in self.service.args.fail

        def done(what, _text):
            if what == "done":
                for one in self.templates:
                    if one["key"] == key:
                        one.update(updates=one["updates"] + 1, checked=int(time.time()))
                self.emit("TemplatesChanged", "()")
                return {"updates": GLib.Variant("u", 1), "security": GLib.Variant("u", 0)}
            return None
        return Job(self.service, [("progress", "Asking the Debian archive what there is")], done,
                   ("io.github.bulkhead.Error.Failed", "The Debian archive http://deb.debian.org/debian could not be reached.")
                   if fails else None).path

    def RevertTemplate(self, key):
        for one in self.templates:
            one.update(previous=0 if one["key"] == key else one["previous"])

    def RemoveTemplate(self, key, force):
        self.templates = [one for one in self.templates if one["key"] != key]

    def ListApplications(self):
        wrap = {"usable": "b", "categories": "as", "keywords": "as"}
        return [{k: GLib.Variant(wrap.get(k, "s"), v) for k, v in a.items()} for a in self.service.apps.values()]

    def CheckHost(self):
        def check(name, title, severity, detail="", value="", fix="", command="", action=""):
            return {"id": GLib.Variant("s", name), "ok": GLib.Variant("b", severity == "ok"), **{
                key: GLib.Variant("s", text) for key, text in (
                    ("title", title), ("severity", severity), ("detail", detail), ("value", value), ("fix", fix),
                    ("command", command), ("action", action))}}
        kvm = check("kvm", "Virtualization", "warning",
                    "AppVMs work, but programs in them are slow: this computer emulates their processor.", "VirtualBox",
                    "Switch on virtualization in the firmware.")
        if self.service.args.checks == "kvm":
            return [kvm]
        if self.service.args.checks == "offer":
            return [check("kvm", "Virtualization", "warning",
                          "AppVMs work, but programs in them are slow: this computer emulates their processor.", "",
                          "You may not use /dev/kvm. Bulkhead can have it opened for you, now and at each start:",
                          "bulkheadctl check --enable-kvm", "EnableKvm")]
        if self.service.args.checks == "good":
            return [check("kernel", "Kernel for AppVMs", "ok", value="6.1.0-18-amd64")]
        return [check("kernel", "Kernel for AppVMs", "error",
                      "AppVMs start with a Linux kernel of this computer, and you may not read its file.",
                      "/boot/vmlinuz-6.1.0-18-amd64: Permission denied",
                      "Let everybody read it, again after each update of the kernel:", "sudo chmod a+r /boot/vmlinuz-*"),
                kvm, check("qemu", "QEMU", "ok", value="/usr/bin/qemu-system-x86_64"),
                check("libvirt", "libvirt", "ok", value="libvirt 9.0.0 (QEMU)"),
                check("memory", "Free memory", "ok", value="5120 MiB"),
                check("network", "Network for AppVMs", "warning", "passt is not installed, so no AppVM can use the internet.",
                      "", "Install it:", "sudo apt install passt"),
                check("sound", "Sound server", "ok", value="PipeWire")]

    def EnableKvm(self):
        if self.service.args.checks == "offer" and not self.service.refused_kvm:
            self.service.refused_kvm = True
            raise Error("NotAuthorized", "Nobody allowed it.")
        if self.service.args.checks == "offer":
            self.service.args.checks = "good"

    def ListFrozen(self):
        return [{"key": GLib.Variant("s", key), "kernel": GLib.Variant("s", "6.1.0-18-amd64"),
                 "memory": GLib.Variant("t", memory << 20), "size": GLib.Variant("t", size << 20),
                 "made": GLib.Variant("x", 1700000000), "in-memory": GLib.Variant("b", key == "one")}
                for key, memory, size in self.frozen]

    def RemoveFrozen(self, key):
        left = [entry for entry in self.frozen if key not in ("", entry[0])]
        if len(left) == len(self.frozen):
            raise Error("NotFound", "There is no such frozen guest.")
        self.frozen = left

    def StopAll(self):
        for vm in self.service.vms:
            if vm.props["State"] == "running":
                vm.Stop(False)

    def Quit(self, _stop_vms):
        GLib.idle_add(self.service.loop.quit)


class Service:
    def __init__(self, args):
        self.args, self.jobs, self.vms = args, 0, []
        self.refused_kvm = False
        self.loop = GLib.MainLoop()
        self.bus = Gio.bus_get_sync(Gio.BusType.SESSION, None)
        self.apps = dict(self.installed())
        info = Gio.DBusNodeInfo.new_for_xml("""<node><interface name="org.freedesktop.DBus.ObjectManager">
          <method name="GetManagedObjects"><arg name="o" type="a{oa{sa{sv}}}" direction="out"/></method>
          <signal name="InterfacesAdded"><arg name="o" type="o"/><arg name="i" type="a{sa{sv}}"/></signal>
          <signal name="InterfacesRemoved"><arg name="o" type="o"/><arg name="i" type="as"/></signal>
        </interface></node>""").interfaces[0]
        self.manager = Manager(self)
        self.bus.register_object(ROOT, info, self.objects, None, None)
        if args.vms:
            with open(args.vms, encoding="utf-8") as f:
                for entry in json.load(f):
                    extra = {k: entry.pop(k) for k in ("State", "Step", "Error", "Programs", "Problems",
                                                      "RestartKeys", "DisposableOf", "InUse") if k in entry}
                    vm = self.create(entry)
                    extra["Programs"] = [tuple(p) for p in extra.get("Programs", [])]
                    vm.set(**extra)
        Gio.bus_own_name_on_connection(self.bus, PREFIX + "Service", Gio.BusNameOwnerFlags.NONE, None,
                                       lambda *_: self.loop.quit())

    def installed(self):
        for app in sorted(Gio.AppInfo.get_all(), key=lambda a: a.get_name().lower()):
            if not app.should_show():
                continue
            icon = app.get_icon()
            flatpak = "X-Flatpak" in (app.list_actions() or []) or bool(app.get_string("X-Flatpak"))
            yield app.get_id(), {
                "id": app.get_id(), "name": app.get_name(), "summary": app.get_description() or "",
                "icon": icon.to_string() if icon else "", "categories": (app.get_categories() or "").split(";"),
                "keywords": list(app.get_keywords()), "usable": not flatpak,
                "reason": "It is a Flatpak, which brings its own sandbox and cannot run in an AppVM." if flatpak else ""}

    def check_name(self, name, but=None):
        if not name.strip() or len(name) > 64:
            raise Error("InvalidArgument", "Name: must have 1 to 64 characters.")
        for vm in self.vms:
            if vm is not but and vm.props["Name"].casefold() == name.casefold():
                raise Error("Exists", f"There is an AppVM “{vm.props['Name']}” already.")

    def create(self, settings):
        if self.args.refuse:
            raise Error(*self.args.refuse.split(":", 1))
        if "Name" not in settings:
            raise Error("InvalidArgument", "Name: is missing.")
        self.check_name(settings["Name"])
        base = re.sub(r"[^a-z0-9]+", "-", settings["Name"].lower()).strip("-")[:28] or "vm"
        taken = {vm.props["Id"] for vm in self.vms}
        vm_id = next(i for i in [base] + [f"{base}-{n}" for n in range(2, 1000)] if i not in taken)
        vm = Vm(self, vm_id, settings)
        self.vms.append(vm)
        self.signal("InterfacesAdded", "(oa{sa{sv}})", vm.path, {vm.info.name: vm.all()})
        return vm

    def at(self, path):
        return next(vm for vm in self.vms if vm.path == path)

    def remove(self, vm):
        self.vms.remove(vm)
        vm.gone()
        self.signal("InterfacesRemoved", "(oas)", vm.path, [vm.info.name])

    def signal(self, name, signature, *args):
        self.bus.emit_signal(None, ROOT, "org.freedesktop.DBus.ObjectManager", name, GLib.Variant(signature, args))

    def objects(self, _bus, _sender, _path, _iface, _method, _args, invocation):
        invocation.return_value(GLib.Variant("(a{oa{sa{sv}}})", (
            {vm.path: {vm.info.name: vm.all()} for vm in self.vms},)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vms")
    parser.add_argument("--step", type=int, default=150)
    parser.add_argument("--fail", action="append", default=[])
    parser.add_argument("--refuse")
    parser.add_argument("--refuse-set")
    parser.add_argument("--record")
    parser.add_argument("--freeze", type=int)
    parser.add_argument("--checks", choices=("kvm", "offer", "good", "bad"), default="kvm")
    service = Service(parser.parse_args())
    service.loop.run()


if __name__ == "__main__":
    sys.exit(main())
