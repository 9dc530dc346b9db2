# SPDX-License-Identifier: BSD-2-Clause
"""What the system tests start: bundles of the built system, machines, Debian guests."""
import os
import re

import guests
from atoll import image, qemu, session

DEBIAN = os.path.join(guests.TOP, "build/debian")
KERNELS = {"cloud-vmlinuz": "cloud/vmlinuz", "generic-vmlinuz": "generic/vmlinuz",
           "cloud-vmlinux": "cloud/vmlinux"}
# From QEMU's start to the shell: UEFI firmware takes 4 s of it, twice that on a busy machine.
BOOT_SECONDS = 60
GUEST_SECONDS = 60
# Owners in `info memory` whose frames must be the same before and after.
COUNTED = ("Domain-0", "quarantine", "of it used", "of it charged to domains")
# A line of `info memory`: an owner, its frames, the same in KiB.
MEMORY_LINE = re.compile(r"^ +(\S.*?) +\d+ +(\d+) KiB", re.MULTILINE)


def bundle(*guest_texts):
    """The built system with guests by the texts of their configurations."""
    made = image.from_build(guests.BUILD)
    made.options = f"console=com1 debug-exit={qemu.DEBUG_EXIT_PORT:#x}"
    made.control_options = "report=com2"
    for number, text in enumerate(guest_texts):
        made.add_guest(f"guest{number}.cfg", text)
    return made


def debian(kernel="cloud-vmlinuz", name="debian", vcpus=2, extra="", memory=256):
    """The configuration of a Debian guest with a shell on its console."""
    return (f'name = "{name}"\ntype = "pvh"\nmemory = {memory}\nvcpus = {vcpus}\n'
            f'kernel = "{DEBIAN}/{KERNELS[kernel]}"\nramdisk = "{DEBIAN}/initrd.gz"\n'
            f'extra = "console=hvc0 quiet {extra}"\n')


def own(name, /, **settings):
    """The configuration of a guest of ours, `demo` or a test guest."""
    return guests.config(name, guests.image(name), **settings)


def start(*guest_texts, **machine):
    """A session, not yet at its prompt."""
    made = bundle(*guest_texts)
    machine.setdefault("disks", made.disks)
    machine.setdefault("mem", max(1024, made.guest_memory + 384))
    return session.Session(made, qemu.Machine(**machine))


def prompt(running):
    """Waits for the shell's prompt."""
    return running.wait_record("ready", BOOT_SECONDS)


def memory(running):
    """{owner: KiB} of `info memory`, which counts frames."""
    text, status = running.execute("info memory", BOOT_SECONDS)
    assert status == 0, text
    return {name: int(value) for name, value in MEMORY_LINE.findall(text)}


def settled_memory(running):
    """Memory once two readings agree: a domain's frames come back some time after its end."""
    before = memory(running)
    while True:
        running.poll(0.5)
        after = memory(running)
        if all(after[name] == before[name] for name in COUNTED):
            return after
        before = after


def typed(running, name, command, seconds):
    """Types a command at a Debian guest's shell; gives what it prints and its status."""
    typed.count += 1
    # The quotes keep the echo of the command apart from what it prints.
    running.type(name, f"echo 'begin'-{typed.count}; {command}; echo 'done'-{typed.count} $?\n")
    found = running.expect(name, rf"(?s)^begin-{typed.count}$(.*?)^done-{typed.count} (\d+)$",
                           seconds)
    return found.group(1), int(found.group(2))


typed.count = 0
