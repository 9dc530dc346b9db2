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
SECONDS_ON_XEN = 1200
# What a machine without a hypervisor needs for its disk; guests have no use for it.
BARE_MODULES = ["virtio_pci", "virtio_blk"]
# A disk whose content is zeros that come from nowhere, so that QEMU completes a request as soon as
# its main loop runs. Notifications are taken at once, not by that loop.
DISK_DEVICES = ["-drive", "if=none,id=zeros,format=raw,file.driver=null-co,"
                          "file.size=1073741824,file.read-zeroes=on",
                "-device", f"virtio-blk-pci,drive=zeros,ioeventfd=off,addr={qemu.FIRST_DISK_SLOT}"]
# Two network cards and a wire between them, which takes a frame an instruction after the card is
# told of it: in the CPU's thread, where the clock's timers run, and not in QEMU's main loop.
WIRE_DEVICES = [option for number in range(2) for option in (
    "-netdev", f"hubport,id=end{number},hubid=0",
    "-device", f"virtio-net-pci,netdev=end{number},disable-legacy=on,romfile=,"
               f"mac=52:54:00:00:00:{number + 1:02x},addr={qemu.NET_SLOT + number:#x},"
               "ioeventfd=off,tx=timer,x-txtimer=1")]
# The first round warms up. On Atoll lines at the console begin a measurement and end the guest.
READ = """#!/bin/sh
/bench/blkread {device} warm-up
{wait}
/bench/blkread {device} {name}
{wait}
"""
# Two guests, on a bridge or each on its own: the server, and the client that measures once that
# has booted.
NETWORK = """#!/bin/sh
until [ -d /sys/class/net/eth0 ]; do sleep 0.1; done
echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
ifconfig eth0 {address} netmask 255.255.255.0 up
"""
SERVER = "10.9.0.1"
CLIENT = "10.9.0.2"
NETWORK_ROWS = ["take", "give", "echo"]
SERVE = NETWORK.format(address=SERVER) + "/bench/netbench serve\n"
ASK = NETWORK.format(address=CLIENT) + f"""
until ping -c 1 -W 1 {SERVER} >/dev/null; do true; done
sleep 1
for row in {" ".join(NETWORK_ROWS)}; do
    {{wait}}
    /bench/netbench {SERVER} {{prefix}}-$row $row
done
{{wait}}
"""
WAIT = "echo 'bench waits'; read line"
# {prefix of rows: (the client's bridge, the server's)}. Card N is the uplink of bridge xenbrN.
BRIDGES = {"tcp": ("bench0", "bench0"), "uplink": ("xenbr0", "xenbr1")}

# What comes in one measurement: operations, those that warm up among them.
OPERATIONS = {"linux-read-4k": 1000, "take": 40, "give": 40, "echo": 1250}
READ_RATIO_MAX = 1.5
NETWORK_SHARE = 5
# Instructions on Xen; bare-read-4k is what its control domain pays, which has the disk.
XEN = {"linux-read-4k": 109366, "bare-read-4k": 40572, "tcp-take": 4295289, "tcp-give": 4213089,
       "tcp-echo": 248671, "uplink-take": 10773066, "uplink-give": 10724131,
       "uplink-echo": 309314}
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


def write_initrd(path, script, is_bare=False):
    """Debian's ramdisk with the measuring programs and what it runs as its job; gives `path`."""
    archive = initramfs.Archive()
    archive.directory("bench")
    load = ""
    if is_bare:
        with tempfile.TemporaryDirectory() as scratch:
            bare_modules(archive, scratch)
        load = "for module in /bench/*.ko; do insmod $module; done\n"
    for name in os.listdir(PROGRAMS):
        archive.program(f"bench/{name}", lab.read(os.path.join(PROGRAMS, name)))
    archive.program("bench/job", script.replace("\n", "\n" + load, 1).encode())
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
               *qemu.accelerator(qemu.Machine(icount=True, cpu=lab.CPU)), "-m", "512",
               "-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio",
               "-kernel", KERNEL,
               "-initrd", write_initrd(f"{folder}/bare.gz", script, is_bare=True),
               "-append", "console=ttyS0 quiet job=/bench/job", *DISK_DEVICES]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, timeout=SECONDS, check=True)
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

    def show(self, name):
        """Prints how often each came for one operation of row `name`."""
        operations = OPERATIONS.get(name) or OPERATIONS[name.split("-")[1]]
        for domain, before in self.before.items():
            after = read_counters(self.running, domain)
            reading = self.reading[domain]
            rates = {kind: (number - 2 * before.get(kind, 0) + reading.get(kind, 0)) /
                     operations for kind, number in after.items()}
            shown = [f"{kind} {rate:.2f}" for kind, rate in rates.items() if rate >= 0.05]
            print(f"{name}, {domain}: {', '.join(shown)}")


def run_guests(configs, names, devices=()):
    """Boots Atoll with guests, {name: configuration}, of which the last measures the rows `names`;
    gives its console."""
    bundle = image.from_build(guests.BUILD)
    bundle.options = f"console=com1 debug-exit={qemu.DEBUG_EXIT_PORT:#x}"
    bundle.control_options = "report=com2"
    for name, config in configs.items():
        bundle.add_guest(f"{name}.cfg", config)
    machine = qemu.Machine(boot="grub", icount=True, cpu=lab.CPU, devices=devices)
    with session.Session(bundle, machine) as running:
        for number, row in enumerate(names):
            waits = rf"(?s)(^bench waits.*){{{number + 1}}}"
            running.expect(name, waits, SECONDS)
            count = Counters(running, [*configs, "Domain-0"])
            running.type(name, "\n")
            running.expect(name, f"^bench {row} ", SECONDS)
            count.show(row)
        return running.text(name)


def on_atoll(folder):
    script = READ.format(device="/dev/xvda", name="linux-read-4k", wait=WAIT)
    reader = guest_config("reader", KERNEL, write_initrd(f"{folder}/reader.gz", script),
                          disk=["phy:vda,xvda,r"])
    return (bare(folder) + run_guests({"reader": reader}, ["linux-read-4k"], DISK_DEVICES) +
            pair_on_atoll(folder, "tcp") + pair_on_atoll(folder, "uplink", WIRE_DEVICES))


def pair_on_atoll(folder, prefix, devices=()):
    """The console of a guest that measures TCP to another one."""
    near, far = BRIDGES[prefix]
    server = guest_config("server", KERNEL, write_initrd(f"{folder}/server.gz", SERVE),
                          vif=[f"bridge={far}"])
    client = guest_config("client", KERNEL,
                          write_initrd(f"{folder}/client.gz",
                                       ASK.format(wait=WAIT, prefix=prefix)),
                          vif=[f"bridge={near}"])
    return run_guests({"server": server, "client": client},
                      [f"{prefix}-{row}" for row in NETWORK_ROWS], devices)


def on_xen(folder):
    guest = READ.format(device="/dev/xvda", name="linux-read-4k", wait="")
    own = READ.format(device="/dev/vda", name="bare-read-4k", wait="")
    scripts = {"reader": guest, "server": SERVE,
               **{prefix: ASK.format(wait="", prefix=prefix) for prefix in BRIDGES}}
    programs = {f"{name}.gz": lab.read(write_initrd(f"{folder}/{name}.gz", script))
                for name, script in scripts.items()}
    programs["own.sh"] = own.replace("/bench/", "/guests/").encode()
    programs["blkread"] = lab.read(os.path.join(PROGRAMS, "blkread"))
    chosen = {"reader": (KERNEL, guest_config("reader", "/guests/reader.elf", "/guests/reader.gz",
                                              disk=["phy:/dev/vda,xvda,r"]))}
    for prefix, (near, far) in BRIDGES.items():
        chosen[prefix] = (KERNEL, guest_config(prefix, f"/guests/{prefix}.elf",
                                               f"/guests/{prefix}.gz", vif=[f"bridge={near}"]))
        programs[f"{prefix}.with"] = guest_config(f"{prefix}-with", f"/guests/{prefix}.elf",
                                                  "/guests/server.gz",
                                                  vif=[f"bridge={far}"]).encode()
    results = lab.run(chosen, SECONDS_ON_XEN, icount=True, programs=programs,
                      devices=[*DISK_DEVICES, *WIRE_DEVICES])
    return "\n".join(text for _, text in results.values())


def show(title, found, goals):
    """Prints the rows; true when all are there and none passes its goal."""
    is_reached = True
    print(f"{'instructions':14} {title:>10} {'Xen':>10} {'must reach':>10}")
    for name, xen in XEN.items():
        value, rest = found.get(name, ("-", ""))
        goal = goals.get(name, "-")
        late = value == "-" or (goal != "-" and value > goal)
        is_reached = is_reached and not late
        print(f"{name:14} {value:>10} {xen:>10} {goal:>10}{' missed' if late else ''} {rest}")
    return is_reached


def goals_of(found):
    """A read costs at most so many times what it costs without a hypervisor, the network a share
    of Xen's."""
    goals = {name: xen // NETWORK_SHARE for name, xen in XEN.items()
             if name.startswith(tuple(BRIDGES))}
    if "bare-read-4k" in found:
        goals["linux-read-4k"] = int(found["bare-read-4k"][0] * READ_RATIO_MAX)
    return goals


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
    return 0 if show("Atoll", found, goals_of(found)) else 1


if __name__ == "__main__":
    sys.exit(main())
