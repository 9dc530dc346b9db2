# SPDX-License-Identifier: BSD-2-Clause
"""The QEMU command of a machine that Atoll runs on."""
import os
import random
import shutil
from dataclasses import dataclass, field

OVMF_CODE = "/usr/share/OVMF/OVMF_CODE_4M.fd"
OVMF_VARS = "/usr/share/OVMF/OVMF_VARS_4M.fd"

# The isa-debug-exit device: a byte V written to its port ends QEMU with exit status 2 * V + 1.
# The hypervisor writes there only when its options name the port; no guest has access to it.
DEBUG_EXIT_PORT = 0xF4
PANIC_VALUE = 0x21
POWEROFF_VALUE = 0x10
PANIC_STATUS = 2 * PANIC_VALUE + 1
# QEMU's own, where it cannot do what its options ask.
ERROR_STATUS = 1
POWEROFF_STATUS = 2 * POWEROFF_VALUE + 1

# PCI slots of q35's first bus: the control domain names disks by them in ascending order. The disk
# that the machine boots from has the last free one, so that vda is the first disk of the user.
FIRST_DISK_SLOT = 4
BOOT_SLOT = 0x1e

NET_SLOT = 0x18

# Without LA57 the guests' page tables have four levels, as on most machines.
TCG_CPU = "max,+svm,-la57"


@dataclass
class Machine:
    """What a user chooses about the machine. `devices` are more options of QEMU."""
    boot: str = "uefi"
    smp: int = 1
    mem: int = 1024
    icount: bool = False
    interactive: bool = False
    cpu: str = TCG_CPU
    log: str = None
    # A disk or an ISO that boots, in place of one that is made of a bundle.
    image: str = None
    disks: list = field(default_factory=list)
    net: str = "none"
    # For tests: more options of the user network, a file for its frames, more devices.
    net_options: str = ""
    net_dump: str = None
    devices: list = field(default_factory=list)


def nested_kvm(kvm="/dev/kvm", parameters="/sys/module/kvm_amd/parameters",
               cpuinfo="/proc/cpuinfo"):
    """True where KVM runs a hypervisor with AMD-V inside its guest."""
    try:
        with open(cpuinfo, encoding="ascii", errors="replace") as source:
            flags = next((line for line in source if line.startswith("flags")), "")
        with open(os.path.join(parameters, "nested"), encoding="ascii") as source:
            nested = source.read().strip()
    except OSError:
        return False
    return "svm" in flags.split() and nested in ("1", "Y") and os.access(kvm, os.R_OK | os.W_OK)


def accelerator(machine):
    """QEMU's options for acceleration and CPU. TCG runs all CPUs on one thread: with a thread for
    each, QEMU 7.2 loses SVM state (docs/testing.md); counting instructions implies one."""
    if machine.icount:
        return ["-accel", "tcg", "-icount", "shift=0,sleep=off", "-cpu", machine.cpu]
    if machine.cpu == TCG_CPU and nested_kvm():
        return ["-accel", "kvm", "-cpu", "host,-la57"]
    return ["-accel", "tcg,thread=single", "-cpu", machine.cpu]


def one_cpu():
    """The words before an emulator's command that have its threads take turns on one CPU: QEMU 7.2
    loses an interrupt that its main loop raises while the emulated CPU leaves a guest
    (docs/testing.md)."""
    return ["taskset", "-c", str(random.choice(list(os.sched_getaffinity(0))))]


def boot_options(machine, image, folder):
    """The options that boot `image`; firmware variables are a copy in `folder`."""
    if machine.boot == "grub":
        return ["-drive", f"if=none,id=boot,format=raw,media=cdrom,readonly=on,file={image}",
                "-device", "ide-cd,drive=boot,bootindex=0"]
    # A volume that is made of a bundle has nothing for guests.
    read_only = "" if machine.image else ",readonly=on"
    variables = os.path.join(folder, "vars.fd")
    shutil.copyfile(OVMF_VARS, variables)
    return ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={OVMF_CODE}",
            "-drive", f"if=pflash,format=raw,unit=1,file={variables}",
            "-drive", f"if=none,id=boot,format=raw,file={image}{read_only}",
            "-device", f"virtio-blk-pci,drive=boot,bootindex=0,addr={BOOT_SLOT:#x}"]


def disk_options(disks):
    """Virtio disks; `disks` are paths of raw images."""
    options = []
    for number, path in enumerate(disks):
        # In QEMU's options a comma is doubled.
        options += ["-drive", f"if=none,id=disk{number},format=raw,discard=unmap,"
                               f"file={path.replace(',', ',,')}",
                    "-device", f"virtio-blk-pci,drive=disk{number},"
                               f"addr={FIRST_DISK_SLOT + number:#x}"]
    return options


def net_options(machine):
    """A network card on QEMU's user network, with or without a file of what passes it."""
    if machine.net == "none":
        return []
    more = f",{machine.net_options}" if machine.net_options else ""
    options = ["-netdev", f"{machine.net},id=net0{more}",
               "-device", "virtio-net-pci,netdev=net0,disable-legacy=on,romfile=,"
                          f"addr={NET_SLOT:#x}"]
    if machine.net_dump:
        options += ["-object", "filter-dump,id=dump0,netdev=net0,file=" +
                    machine.net_dump.replace(",", ",,")]
    return options


def console_options(machine, folder):
    """COM1 is the terminal or a socket, COM2 a socket; both sockets are made by the caller."""
    report = ["-chardev", f"socket,id=report,path={folder}/report.sock"]
    if machine.interactive:
        log = f",logfile={machine.log}/hypervisor.log" if machine.log else ""
        return [*report, "-chardev", f"stdio,id=com1,mux=on,signal=off{log}",
                "-mon", "chardev=com1,mode=readline", "-serial", "chardev:com1",
                "-serial", "chardev:report"]
    return [*report, "-chardev", f"socket,id=com1,path={folder}/com1.sock",
            "-serial", "chardev:com1", "-serial", "chardev:report"]


def command(machine, image, folder):
    """The whole command line."""
    speed = accelerator(machine)
    turns = [] if "kvm" in speed else one_cpu()
    return [*turns, "qemu-system-x86_64", "-machine", "q35", *speed,
            "-smp", str(machine.smp), "-m", str(machine.mem), "-nodefaults", "-no-reboot",
            "-display", "none", *console_options(machine, folder),
            "-device", f"isa-debug-exit,iobase={DEBUG_EXIT_PORT:#x},iosize=4",
            *disk_options(machine.disks), *net_options(machine), *machine.devices,
            *boot_options(machine, image, folder)]
