# SPDX-License-Identifier: BSD-2-Clause
"""A running machine: QEMU, COM1 and the control domain's reports.

Everything happens in poll(), in one thread; the wait functions call it. System tests use this
class directly, atoll-qemu uses it through cli.py.
"""
import contextlib
import os
import re
import select
import shutil
import socket
import subprocess
import tempfile
import time

from . import consoles, image, outcome, qemu, records

HYPERVISOR = "atoll"
READ_SIZE = 65536
START_SECONDS = 60
# What a wait may take on a machine where something has not come before: that one may hang.
LATE_SECONDS = 10


class WaitError(Exception):
    """What was waited for did not come; the text has the end of each console."""


class Session:
    """One machine from its start to its end. Use it as a context manager."""

    def __init__(self, bundle, machine, commands=(), output=None):
        self.machine = machine
        self.outcome = outcome.Outcome(commands)
        self.consoles = consoles.Consoles(output, machine.log)
        self.decoder = records.Decoder()
        self.records = []
        self.texts = {}
        self.answers = {}
        self.statuses = {}
        self.peers = {}
        self.listeners = []
        self.process = None
        self.is_late = False
        self.folder = tempfile.mkdtemp(prefix="atoll-")
        try:
            make = image.make_iso if machine.boot == "grub" else image.make_esp
            self._start(machine.image or make(bundle, self.folder))
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _start(self, boot_image):
        names = ["report"] if self.machine.interactive else ["com1", "report"]
        for name in names:
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(os.path.join(self.folder, name + ".sock"))
            listener.listen(1)
            listener.settimeout(1)
            self.listeners.append((name, listener))
        terminal = None if self.machine.interactive else subprocess.DEVNULL
        self.process = subprocess.Popen(qemu.command(self.machine, boot_image, self.folder),
                                        stdin=terminal)
        for name, listener in self.listeners:
            self.peers[name] = self._accept(listener)

    def _accept(self, listener):
        end = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(TimeoutError):
                return listener.accept()[0]
        raise image.ImageError("QEMU does not start")

    def poll(self, seconds):
        """Takes in what comes within `seconds`; False when QEMU is gone and nothing is left."""
        if not self.peers:
            return self._still_runs(seconds)
        ready = select.select(list(self.peers.values()), [], [], seconds)[0]
        for name, peer in list(self.peers.items()):
            if peer in ready:
                self._receive(name, peer)
        return True

    def _still_runs(self, seconds):
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return True
        return False

    def _receive(self, name, peer):
        try:
            data = peer.recv(READ_SIZE)
        except ConnectionResetError:
            data = b""
        if not data:
            peer.close()
            del self.peers[name]
        elif name == "com1":
            self._keep(HYPERVISOR, data)
            for line in self.consoles.write(HYPERVISOR, data, log_name="hypervisor"):
                self.outcome.see_com1(line)
        else:
            for record in self.decoder.feed(data):
                self._take(record)
        self._type_next()

    def _keep(self, name, data):
        self.texts[name] = self.texts.get(name, b"") + data

    def _take(self, record):
        self.records.append(record)
        self.outcome.see_record(record)
        if record.kind == "console":
            self._keep(record.name, record.data)
            self.consoles.write(record.name, record.data)
        elif record.kind == "exec":
            self.answers[record.number] = self.answers.get(record.number, b"") + record.data
        elif record.kind == "exec-done":
            self.statuses[record.number] = record.status

    def _type_next(self):
        command = self.outcome.next_command()
        if command is not None:
            self.send(records.exec_line(*command))

    def send(self, line):
        """Sends a line of the report protocol; nothing happens when QEMU is gone."""
        if "report" in self.peers:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.peers["report"].sendall(line)

    def type(self, name, text):
        """Types `text` at the console of domain `name`."""
        self.send(records.console_lines(name, text.encode()))

    def type_com1(self, text):
        """Types `text` at COM1."""
        self.peers["com1"].sendall(text.encode())

    def text(self, name):
        """All that console `name` has shown, without escape sequences."""
        shown = self.texts.get(name, b"").decode("utf-8", "replace")
        return "\n".join(consoles.plain(line) for line in shown.split("\n"))

    def wait(self, condition, seconds, what):
        """Polls until `condition()` is true and gives its value. Raises WaitError."""
        end = time.monotonic() + (min(seconds, LATE_SECONDS) if self.is_late else seconds)
        while True:
            result = condition()
            if result:
                return result
            left = end - time.monotonic()
            if left <= 0 or not self.poll(min(left, 0.2)):
                result = condition()
                if result:
                    return result
                self.is_late = True
                reason = "did not come in time" if left <= 0 else "did not come before QEMU's end"
                raise WaitError(f"{what} {reason}\n{self.tails()}")

    def tails(self):
        return "\n".join(f"--- {name}\n" + "\n".join(self.text(name).split("\n")[-40:])
                         for name in self.texts)

    def expect(self, name, pattern, seconds, start=0):
        """Waits until console `name` has shown the regular expression `pattern`, behind the first
        `start` characters of its text."""
        compiled = re.compile(pattern, re.MULTILINE)
        return self.wait(lambda: compiled.search(self.text(name), start), seconds,
                         f"{name}: {pattern}")

    def wait_record(self, kind, seconds, **fields):
        """Waits for a record of `kind` whose fields are as given."""
        def find():
            return next((record for record in self.records if record.kind == kind and
                         all(getattr(record, key) == fields[key] for key in fields)), None)
        return self.wait(find, seconds, f"record {kind} {fields}")

    def execute(self, command, seconds):
        """Types `command` at the shell; gives what comes back and its status."""
        number = self.outcome.next_number
        self.outcome.next_number += 1
        self.send(records.exec_line(number, command))
        self.wait(lambda: number in self.statuses, seconds, f"the end of `{command}`")
        return self.answers.get(number, b"").decode("utf-8", "replace"), self.statuses[number]

    def close(self):
        """Stops QEMU and removes the private files."""
        if self.process:
            # Nothing of the machine is kept, and on a signal to end QEMU would print that it ends.
            self.process.kill()
            self.process.wait()
        for peer in [*self.peers.values(), *(listener for _, listener in self.listeners)]:
            peer.close()
        self.peers = {}
        self.listeners = []
        self.consoles.close()
        shutil.rmtree(self.folder, ignore_errors=True)
