# SPDX-License-Identifier: BSD-2-Clause
"""What Debian's Linux pays for its disk and its network, in instructions, under -icount.

`bench_linux.py atoll` measures it in guests of Atoll and, for the disk, on the same QEMU without a
hypervisor; `bench_linux.py xen` in guests of Debian's Xen and in its control domain. The programs
are those of tests/linux. docs/testing.md says what a figure counts.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "xen"), os.path.join(HERE, "../tools")]

import bench
import guests
import lab
from atoll import image, initramfs, packages, qemu, session

KERNEL = os.path.join(lab.DEBIAN, "cloud/vmlinux")
PROGRAMS = os.path.join(guests.BUILD, "linux")
SECONDS = 400
# What a machine without a hypervisor needs for its disk; guests have no use for it.
BARE_MODULES = ["virtio_pci", "virtio_blk"]
# A disk whose content is zeros that come from nowhere, so that QEMU completes a request as soon as
# its main loop runs. Notifications are taken at once, not by that loop.
DISK_DEVICES = ["-drive", "if=none,id=zeros,format=raw,file.driver=null-co,"
                          "file.size=1073741824,file.read-zeroes=on",
                "-device", f"virtio-blk-pci,drive=zeros,ioeventfd=off,addr={qemu.FIRST_DISK_SLOT}"]
# The first round warms up. On Atoll lines at the console begin the second one and end the guest.
READ = """#!/bin/sh
/bench/blkread {device} warm-up
echo 'bench waits'
{wait}
/bench/blkread {device} {name}
{wait}
"""
READ_COUNT = 1000
READ_RATIO_MAX = 1.5

# Instructions on Xen: in its guest, and in its control domain, which has the disk.
XEN = {"linux-read-4k": 109366, "bare-read-4k": 40572}
COUNTER = re.compile(r"^  (exit|hypercall) (\S.*?) +(\d+)$", re.MULTILINE)


def take_turns():
    """Has QEMU's threads, which inherit it, run one after another: its main loop, which completes
    what devices do, while the CPU is halted. Where it runs beside the CPU, chance decides how many
    instructions come before an interrupt."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def bare_modules(archive, scratch):
    deb = glob.glob(os.path.join(lab.DEBIAN, "debs/linux-image-*cloud*.deb"))[0]
    packages.unpack(deb, scratch)
    for number, path in enumerate(lab.kernel_modules(lab.Root(scratch), BARE_MODULES)):
        archive.file(f"bench/{number:02}-{os.path.basename(path)}", lab.read(path))


def write_initrd(folder, script, is_bare=False):
    """Debian's ramdisk with the measuring programs and what it runs as its job."""
    archive = initramfs.Archive()
    archive.directory("bench")
    load = ""
    if is_bare:
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            bare_modules(archive, scratch)
        load = "for module in /bench/*.ko; do insmod $module; done\n"
    for name in os.listdir(PROGRAMS):
        archive.program(f"bench/{name}", lab.read(os.path.join(PROGRAMS, name)))
    archive.program("bench/job", script.replace("\n", "\n" + load, 1).encode())
    path = os.path.join(folder, "bare.gz" if is_bare else "guest.gz")
    base = lab.read(os.path.join(lab.DEBIAN, "initrd.gz"))
    lab.write(path, initramfs.pad4(base) + archive.compressed())
    return path


def guest_config(name, kernel, ramdisk, **settings):
    return guests.config(name, kernel, ramdisk=ramdisk, memory=256,
                         extra="console=hvc0 quiet job=/bench/job", **settings)


def bare(folder):
    """The console of Debian's kernel on QEMU itself."""
    script = READ.format(device="/dev/vda", name="bare-read-4k", wait="")
    command = ["qemu-system-x86_64", "-machine", "q35",
               *qemu.accelerator(qemu.Machine(icount=True)), "-m", "512", "-nodefaults",
               "-display", "none", "-no-reboot", "-serial", "stdio", "-kernel", KERNEL,
               "-initrd", write_initrd(folder, script, is_bare=True),
               "-append", "console=ttyS0 quiet job=/bench/job", *DISK_DEVICES]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          timeout=SECONDS, check=True)
    return done.stdout.decode("utf-8", "replace")


def read_counters(running, domain):
    """{name: number} of the exits and hypercalls of a domain so far."""
    text = running.execute(f"counters {domain}", SECONDS)[0]
    return {f"{kind} {name}": int(number) for kind, name, number in COUNTER.findall(text)}


class Counters:
    """Exits and hypercalls of domains between two moments; those of reading them are left out."""

    def __init__(self, running, domains):
        self.running = running
        self.reading, self.before = ({name: read_counters(running, name) for name in domains}
                                     for _ in range(2))

    def show(self, operations):
        """Prints how often each came for one of so many operations."""
        for domain, before in self.before.items():
            after = read_counters(self.running, domain)
            reading = self.reading[domain]
            rates = {name: (number - 2 * before.get(name, 0) + reading.get(name, 0)) / operations
                     for name, number in after.items()}
            shown = [f"{name} {rate:.2f}" for name, rate in rates.items() if rate >= 0.05]
            print(f"  {domain}, for each: {', '.join(shown)}")


def on_atoll(folder):
    bundle = image.from_build(guests.BUILD)
    bundle.options = f"console=com1 debug-exit={qemu.DEBUG_EXIT_PORT:#x}"
    bundle.control_options = "report=com2"
    script = READ.format(device="/dev/xvda", name="linux-read-4k", wait="read line")
    bundle.add_guest("reader.cfg", guest_config("reader", KERNEL, write_initrd(folder, script),
                                                disk=["phy:vda,xvda,r"]))
    machine = qemu.Machine(boot="grub", icount=True, devices=DISK_DEVICES)
    with session.Session(bundle, machine) as running:
        running.expect("reader", "^bench waits", SECONDS)
        count = Counters(running, ("reader", "Domain-0"))
        running.type("reader", "\n")
        running.expect("reader", "^bench linux-read-4k", SECONDS)
        count.show(READ_COUNT)
        return running.text("reader") + bare(folder)


def on_xen(folder):
    guest = READ.format(device="/dev/xvda", name="linux-read-4k", wait="")
    own = READ.format(device="/dev/vda", name="bare-read-4k", wait="")
    programs = {"reader.gz": lab.read(write_initrd(folder, guest)),
                "own.sh": own.replace("/bench/", "/guests/").encode(),
                "blkread": lab.read(os.path.join(PROGRAMS, "blkread"))}
    config = guest_config("reader", "/guests/reader.elf", "/guests/reader.gz",
                          disk=["phy:/dev/vda,xvda,r"])
    results = lab.run({"reader": (KERNEL, config)}, SECONDS, icount=True, programs=programs,
                      devices=DISK_DEVICES)
    return "\n".join(text for _, text in results.values())


def show(title, found, goals):
    """Prints the rows; true when all are there and none passes its goal."""
    is_reached = True
    print(f"{'instructions':18} {title:>10} {'Xen':>10} {'must reach':>10}")
    for name, xen in XEN.items():
        value, rest = found.get(name, ("-", ""))
        goal = goals.get(name, "-")
        late = value == "-" or (goal != "-" and value > goal)
        is_reached = is_reached and not late
        print(f"{name:18} {value:>10} {xen:>10} {goal:>10}{' missed' if late else ''} {rest}")
    return is_reached


def read_goal(found):
    """At most so many times what the read costs without a hypervisor."""
    value = found.get("bare-read-4k")
    return {"linux-read-4k": int(value[0] * READ_RATIO_MAX)} if value else {}


def main():
    host = sys.argv[1] if sys.argv[1:] in (["xen"], ["atoll"]) else None
    if host is None:
        print("usage: bench_linux.py xen|atoll", file=sys.stderr)
        return 2
    take_turns()
    with tempfile.TemporaryDirectory(dir=guests.BUILD) as folder:
        text = on_xen(folder) if host == "xen" else on_atoll(folder)
    found = bench.figures(text)
    if not found:
        print(text)
    if host == "xen":
        return 0 if show("here", found, {}) else 1
    return 0 if show("Atoll", found, read_goal(found)) else 1


if __name__ == "__main__":
    sys.exit(main())
