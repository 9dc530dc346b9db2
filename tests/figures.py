# SPDX-License-Identifier: BSD-2-Clause
"""Measures a run: time to the prompt, time of a Debian guest, memory. `make report` prints it.

Wall-clock seconds in QEMU, on two CPUs, by GRUB; they depend on the machine, and Xen's figures
beside them come from another one.
"""
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "system"), os.path.join(HERE, "../tools")]

import machines
from atoll import outcome

SECONDS = 60
XEN_FIRST_LINE = 4.75
XEN_USERSPACE = 7.7
PROMPT_MAX = 1.0
HOST_MEMORY = 4096
HYPERVISOR_KIB_MAX = 12 * 1024
GUEST_KIB_MAX = 128
IDLE_GUESTS = 8
GUEST_MEMORY = 16


def limit(name, value, maximum, unit):
    """Prints a figure beside its limit; True when it keeps to it."""
    late = "" if value <= maximum else "  TOO MUCH"
    print(f"{name}: {value:.4g} {unit} of at most {maximum:g} {unit}{late}")
    return value <= maximum


def time_prompt():
    """Seconds from the hypervisor's first line to the prompt."""
    with machines.start(boot="grub", smp=2) as running:
        running.expect("atoll", outcome.BANNER.pattern, SECONDS)
        start = time.monotonic()
        machines.prompt(running)
        return time.monotonic() - start


def time_debian():
    """Seconds from `create` to a Debian guest's first line, and to its shell's answer."""
    with machines.start(machines.debian(), boot="grub", smp=2) as running:
        machines.prompt(running)
        running.execute("destroy debian", SECONDS)
        running.texts.pop("debian", None)
        start = time.monotonic()
        running.execute("create guest0.cfg", SECONDS)
        running.expect("debian", r"\n", SECONDS)
        first = time.monotonic() - start
        running.expect("debian", "^debian# ", SECONDS)
        running.type("debian", "nproc\n")
        running.expect("debian", r"^2$", SECONDS)
        return first, time.monotonic() - start


def held_by_hypervisor(memory):
    """KiB that are neither free, nor a domain's, nor charged to one, while there is no guest.

    The heap counts whole, with what is free in it.
    """
    return memory["machine"] - memory["free"] - memory["quarantine"] - memory["Domain-0"] - \
        memory["of it charged to domains"]


def measure_memory():
    """Memory on a host of 4 GiB with idle guests of 16 MiB, and when they are gone."""
    names = [f"idle{number}" for number in range(IDLE_GUESTS)]
    texts = [machines.own("demo", name=name, memory=GUEST_MEMORY, cmdline="hold")
             for name in names]
    with machines.start(*texts, boot="grub", smp=2, mem=HOST_MEMORY) as running:
        machines.prompt(running)
        for name in names:
            running.expect(name, "demo: holding", SECONDS)
        full = machines.memory(running)
        for name in names:
            running.execute(f"destroy {name}", SECONDS)
        running.wait(lambda: no_quarantine(running), SECONDS, "the end of the quarantine")
        return full, machines.memory(running)


def no_quarantine(running):
    running.poll(0.5)
    return machines.memory(running)["quarantine"] == 0


def report_memory():
    full, empty = measure_memory()
    kept = limit(f"hypervisor's memory on a {HOST_MEMORY // 1024} GiB host",
                 held_by_hypervisor(empty), HYPERVISOR_KIB_MAX, "KiB")
    charged = full["of it charged to domains"] - empty["of it charged to domains"]
    control = full["Domain-0"] - empty["Domain-0"]
    kept &= limit(f"charged for an idle guest of {GUEST_MEMORY} MiB", charged / IDLE_GUESTS,
                  GUEST_KIB_MAX, "KiB")
    print(f"of the control domain's memory for it: {control / IDLE_GUESTS:g} KiB")
    return kept


def main():
    kept = limit("hypervisor's first line to the prompt", time_prompt(), PROMPT_MAX, "s")
    first, answer = time_debian()
    print(f"create to a Debian guest's first line: {first:.2f} s (Xen {XEN_FIRST_LINE} s)")
    print(f"create to nproc answered: {answer:.2f} s (Xen {XEN_USERSPACE} s to userspace)")
    kept &= report_memory()
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
