# SPDX-License-Identifier: BSD-2-Clause
"""Follows a run by its records and decides when it is over and with which exit status."""
import re

from . import qemu

OK, CRASHED, USAGE, TIMEOUT, STOPPED = range(5)

# Reasons of an end after which a guest counts as done.
GOOD_ENDS = ("poweroff", "reboot", "destroyed")
# The hypervisor's first line. What COM1 showed before it cannot come from a guest.
BANNER = re.compile(r"\bAtoll, an x86-64 microhypervisor")
REFUSAL = re.compile(r"Atoll cannot start: .*")


class Outcome:
    """The state of a run: which domains there are, which commands are left."""

    def __init__(self, commands=()):
        self.waiting = list(commands)
        self.has_commands = bool(commands)
        self.running_command = False
        self.next_number = 1
        self.ready = False
        self.idle = False
        self.crashed = []
        self.refused = []
        self.refusal = None
        self.banner_seen = False

    def see_record(self, record):
        """Takes in one record."""
        if record.kind == "ready":
            self.ready = True
        elif record.kind == "created":
            self.idle = False
        elif record.kind == "idle":
            self.idle = True
        elif record.kind == "ended" and record.reason not in GOOD_ENDS:
            self.crashed.append(record.name)
        elif record.kind == "refused" and not self.ready:
            self.refused.append(record.data.decode(errors="replace"))
        elif record.kind == "exec-done":
            self.running_command = False

    def see_com1(self, line):
        """Takes in a line of COM1: until the hypervisor's first line the loader may refuse."""
        if self.banner_seen:
            return
        refusal = REFUSAL.search(line)
        if BANNER.search(line):
            self.banner_seen = True
        elif refusal and self.refusal is None:
            self.refusal = refusal.group()

    def next_command(self):
        """The number and text of a command to type, or None; one runs at a time."""
        if not self.ready or self.running_command or not self.waiting:
            return None
        self.running_command = True
        self.next_number += 1
        return self.next_number - 1, self.waiting.pop(0)

    def verdict(self):
        """The exit status, once the run is over by what was seen; None before."""
        if self.refusal is not None or self.refused:
            return USAGE
        if self.has_commands:
            over = not self.waiting and not self.running_command
        else:
            over = self.ready and self.idle
        if not over:
            return None
        return CRASHED if self.crashed else OK

    def qemu_verdict(self, status, user_quits):
        """The exit status when QEMU has ended with `status` by itself.

        Where a user may quit QEMU, status 0 is that; else it is a reset, which only a triple
        fault of the host makes.
        """
        if status == qemu.POWEROFF_STATUS or (status == 0 and user_quits):
            return CRASHED if self.crashed else OK
        if status == qemu.ERROR_STATUS and not self.banner_seen and not self.ready:
            self.refusal = "QEMU ended before Atoll began"
            return USAGE
        return STOPPED
