# SPDX-License-Identifier: BSD-2-Clause
"""What the system tests start: bundles of the built system, machines, Debian guests."""
import os
import re

import guests
from atoll import image, qemu, session

DEBIAN = os.path.join(guests.TOP, "build/debian")
KERNELS = {"cloud-vmlinuz": "cloud/vmlinuz", "generic-vmlinuz": "generic/vmlinuz",
           "cloud-vmlinux": "cloud/vmlinux"}
# The longest wait for what comes surely: the host may be slow, and busy with something else.
PATIENCE = 300
# Owners in `info memory` whose frames must be the same before and after.
HEAP = ("of it used", "of it charged to domains")
COUNTED = ("Domain-0", "quarantine", *HEAP)
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
    return running.wait_record("ready", PATIENCE)


def boots(running, name):
    """How many times the shell of a Debian guest has come up."""
    return len(re.findall("^Debian guest: (?s:.*?)^debian# ", running.text(name), re.MULTILINE))


def booted(running, name, times=1):
    """Waits until the shell of a Debian guest has come up so many times."""
    running.wait(lambda: boots(running, name) >= times, PATIENCE, f"{name}: boot {times}")


def memory(running):
    """{owner: KiB} of `info memory`, which counts frames."""
    text, status = running.execute("info memory", PATIENCE)
    assert status == 0, text
    return {name: int(value) for name, value in MEMORY_LINE.findall(text)}


def settled_memory(running):
    """Memory once two readings agree: a domain's frames come back some time after its end."""
    readings = [memory(running)]

    def agree():
        running.poll(0.5)
        readings.append(memory(running))
        return all(readings[-1][name] == readings[-2][name] for name in COUNTED)

    running.wait(agree, PATIENCE, "memory that stays the same")
    return readings[-1]


def returned_memory(running, before, owners=COUNTED, kept=0):
    """Waits until these owners have as much as `before`: a domain's frames come back some time
    after its end. Up to `kept` KiB of the heap may stay."""
    wanted = {name: before[name] for name in owners}
    found = []

    def is_back():
        now = memory(running)
        found.append({name: now[name] for name in owners})
        return all(0 <= found[-1][name] - wanted[name] <= (kept if name in HEAP else 0)
                   for name in owners)

    try:
        running.wait(is_back, PATIENCE, f"memory as before: {wanted}")
    except session.WaitError as error:
        raise AssertionError(f"{wanted} has become {found[-1]}") from error


def typed(running, name, command, seconds=PATIENCE):
    """Types a command at a Debian guest's shell; gives what it prints and its status."""
    typed.count += 1
    # The quotes keep the echo of the command apart from what it prints.
    running.type(name, f"echo 'begin'-{typed.count}; {command}; echo 'done'-{typed.count} $?\n")
    found = running.expect(name, rf"(?s)^begin-{typed.count}$(.*?)^done-{typed.count} (\d+)$",
                           seconds)
    return found.group(1), int(found.group(2))


typed.count = 0


def listening(port):
    """A command for typed() that waits until somebody listens to a TCP port of the guest."""
    return f"while ! netstat -ltn | grep -q ':{port} '; do usleep 100000; done"
