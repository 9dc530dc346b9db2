# SPDX-License-Identifier: BSD-2-Clause
"""Runs the bench guest under -icount, where a TSC tick is an executed instruction.

`bench.py xen` runs it on Debian's Xen and checks the figures that are known there: only then do
its figures on Atoll count. `bench.py atoll` prints these beside Xen's and what must be reached.
"""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "xen"), os.path.join(HERE, "../tools")]

import guests
import lab
from atoll import image, qemu, session

# Instructions per operation: on Xen as measured in QEMU, on Xen if QEMU offered NRIP save, and what
# Atoll must reach.
FIGURES = {
    "null-hypercall": (5476, 689, 230),
    "cpuid": (5352, 708, 240),
    "port-read": (1100, 1100, 240),
    "version-string": (9378, 4591, 500),
    "event-masked": (9486, 4699, 550),
    "event-handled": (10571, 5784, 800),
    "ping-pong": (40668, 21800, 2200),
    "decrease-reservation": (17484, 12697, 1300),
    "disk-4k": (41894, "-", 4500),
    "disk-batch-16": (113494, "-", 14000),
    "create": (3990000, 3990000, 400000),
    "destroy": (1680000, 1680000, 170000),
    "create-command": (44000000, 44000000, 1000000),
    "destroy-command": (27000000, 27000000, 300000),
}
# Rows without a goal: on Xen as measured.
MEASURED = {
    "disk-4k-mapped": 45777,
    "disk-batch-16-mapped": 175490,
    "grant-copy-16": 173819,
    "store-read": 73057,
}
# The rows that must come out the same on Xen, to the instruction.
KNOWN_ON_XEN = ("null-hypercall", "cpuid", "port-read")
LINE = re.compile(r"^bench (\S+) (\d+)(.*)$", re.MULTILINE)
SECONDS = 300
RUNS = re.compile(r"^tiny runs at (\d+) ns$", re.MULTILINE)
TICKS = re.compile(r"^(\d+) ticks, begun (\d+) ns", re.MULTILINE)


def figures(text):
    """{name: (instructions, what stands behind them)} from the guest's console."""
    return {name: (int(value), rest.strip()) for name, value, rest in
            LINE.findall(text.replace("\r", ""))}


def on_xen():
    chosen = {"bench": (guests.image("bench"), guests.config("bench", "/guests/bench.elf",
                                                              disk=["phy:/dev/nullb0,xvda,w"]))}
    results = lab.run(chosen, SECONDS, icount=True)
    return results.get("bench", ("missing", ""))[1]


def on_atoll():
    """The bench guest's console on Atoll, booted by GRUB, and what the shell measures."""
    bundle = image.from_build(guests.BUILD)
    bundle.options = f"console=com1 debug-exit={qemu.DEBUG_EXIT_PORT:#x}"
    bundle.control_options = "report=com2 persistent-grants"
    bundle.add_guest("bench.cfg", guests.config("bench", guests.image("bench"), cmdline="peer=2",
                                                disk=["phy:null,xvda,w"]))
    bundle.add_guest("partner.cfg", guests.config("partner", guests.image("bench"),
                                                  cmdline="partner=1"))
    bundle.add_guest("tiny.cfg", guests.config("tiny", guests.image("tiny"), memory=16))
    with session.Session(bundle, qemu.Machine(boot="grub", icount=True)) as running:
        running.expect("bench", "^bench done", SECONDS)
        return running.text("bench") + running.execute("measure", SECONDS)[0] + commands(running)


def commands(running):
    """What `destroy` and `create` take of a guest that does nothing: the one until it returns, the
    other until the guest's main function runs, which is some way behind its first instruction. A
    nanosecond is a tick there."""
    running.expect("tiny", "^tiny runs at ", SECONDS)
    destroyed = TICKS.search(running.execute("time destroy tiny", SECONDS)[0])
    created = TICKS.search(running.execute("time create tiny.cfg", SECONDS)[0])
    running.wait(lambda: len(RUNS.findall(running.text("tiny"))) == 2, SECONDS, "the second guest")
    run = int(RUNS.findall(running.text("tiny"))[1])
    return (f"bench create-command {run - int(created.group(2))}\n"
            f"bench destroy-command {destroyed.group(1)}\n")


def check_known(found):
    """True when Xen's figures are the known ones."""
    wrong = [name for name in KNOWN_ON_XEN if found.get(name, (0,))[0] != FIGURES[name][0]]
    for name in wrong:
        print(f"{name}: {found.get(name, ('missing',))[0]}, but {FIGURES[name][0]} is known")
    return not wrong


def check_reached(found):
    """True when every figure is there and none passes what must be reached."""
    return all(name in found and found[name][0] <= row[2] for name, row in FIGURES.items())


def show(title, found):
    print(f"{'instructions':22} {title:>10} {'Xen':>10} {'Xen, NRIPS':>10} {'must reach':>10}")
    for name, (xen, fair, goal) in FIGURES.items():
        value, rest = found.get(name, ("-", ""))
        late = " missed" if isinstance(value, int) and title == "Atoll" and value > goal else ""
        print(f"{name:22} {value:>10} {xen:>10} {fair:>10} {goal:>10}{late} {rest}".rstrip())
    for name, xen in MEASURED.items():
        value, rest = found.get(name, ("-", ""))
        print(f"{name:22} {value:>10} {xen:>10} {'':21} {rest}".rstrip())


def main():
    host = sys.argv[1] if sys.argv[1:] in (["xen"], ["atoll"]) else None
    if host is None:
        print("usage: bench.py xen|atoll", file=sys.stderr)
        return 2
    text = on_xen() if host == "xen" else on_atoll()
    found = figures(text)
    if not found:
        print(text)
    show("here" if host == "xen" else "Atoll", found)
    return 0 if (check_known if host == "xen" else check_reached)(found) else 1


if __name__ == "__main__":
    sys.exit(main())
