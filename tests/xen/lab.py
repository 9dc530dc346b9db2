# SPDX-License-Identifier: BSD-2-Clause
"""Debian's real Xen in QEMU, to run guests of ours on it.

Everything comes from Debian packages into build/xen. The control domain there is Linux with an
initramfs that starts Xen's tools, runs one guest after another and prints their consoles between
marks. One boot serves all guests.
"""
import glob
import gzip
import os
import re
import select
import subprocess
import time

from atoll import initramfs, packages

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.realpath(os.path.join(HERE, "../.."))
XEN = os.path.join(TOP, "build/xen")
DEBIAN = os.path.join(TOP, "build/debian")

PACKAGES = ["xen-hypervisor-4.17-amd64", "xen-utils-4.17", "xenstore-utils", "libxencall1",
            "libxendevicemodel1", "libxenevtchn1", "libxenforeignmemory1", "libxengnttab1",
            "libxenhypfs1", "libxenmisc4.17", "libxenstore4", "libxentoolcore1",
            "libxentoollog1", "busybox-static", "libyajl2", "libc6", "liblzma5", "libbz2-1.0",
            "zlib1g", "liblzo2-2", "libzstd1", "libuuid1", "libgcc-s1"]
TOOLS = ["xl", "xenstored", "xenconsoled", "xen-init-dom0", "libxl-save-helper"]
MODULES = ["xenfs", "xen-privcmd", "xen-evtchn", "xen-gntdev", "xen-gntalloc", "xen-blkback",
           "brd", "null_blk", "xen-netback", "bridge", "virtio_pci", "virtio_blk", "virtio_net"]
SCRIPTS = {"etc/xen/scripts/block": "dom0-block", "etc/xen/scripts/vif-bridge": "dom0-vif",
           "init": "dom0-init"}
LIBRARIES = "usr/lib/x86_64-linux-gnu"
XEN_OPTIONS = ("console=com1 com1=115200,8n1 dom0_mem=512M,max:512M loglvl=warning "
               "guest_loglvl=warning noreboot=1 smap=hvm cpuidle=0")
LINUX_OPTIONS = "console=hvc0 quiet"
# Without what QEMU's TCG lacks of it and would warn of.
CPU = ("EPYC,+svm,+npt,-rdseed,-sha-ni,-fxsr-opt,-misalignsse,-3dnowprefetch,-osvw,-topoext,"
       "-nrip-save,-xsavec")
MARK = re.compile(r"^LAB (\S+)(?: (\S+))?(?: (\S+))?\s*$")


def read(path):
    with open(path, "rb") as source:
        return source.read()


def write(path, content):
    with open(path + ".part", "wb") as output:
        output.write(content)
    os.rename(path + ".part", path)


def is_elf(path):
    """True for programs, libraries and kernel modules."""
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as source:
        return source.read(4) == b"\x7fELF"


class Root:
    """The ELF files below one folder, unpacked packages, by name."""

    def __init__(self, folder):
        self.by_name = {}
        for parent, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(parent, name)
                if name not in self.by_name and is_elf(path):
                    self.by_name[name] = path

    def find(self, name):
        if name not in self.by_name:
            raise packages.PackageError(f"no package has a file {name}")
        return self.by_name[name]


def libraries(root, programs):
    """{name: file} of every library that the programs take."""
    # The C library loads libgcc_s by itself when a thread is cancelled.
    found, left = {}, ["libgcc_s.so.1"] + [name for path in programs for name in packages.needed(path)]
    while left:
        name = left.pop()
        if name not in found:
            found[name] = os.path.realpath(root.find(name))
            left += packages.needed(found[name])
    return found


def kernel_modules(root, names):
    """The module files in the order in which they can be inserted."""
    # A module's name has _ where its file's may have either.
    files = {file.replace("-", "_"): file for file in root.by_name if file.endswith(".ko")}
    order = []

    def visit(name):
        path = root.find(files.get(name.replace("-", "_") + ".ko", name))
        # The list in .modinfo: "depends=a,b" and a NUL.
        depends = re.search(rb"\0depends=([^\0]*)\0", read(path)).group(1).decode()
        for other in filter(None, depends.split(",")):
            visit(other)
        if path not in order:
            order.append(path)

    for name in names:
        visit(name)
    return order


def base_archive(folder):
    """The initramfs of the control domain, without guests."""
    root = Root(folder)
    archive = initramfs.Archive()
    for name in ("bin", "dev", "etc", "etc/xen", "etc/xen/scripts", "lib", "lib64", "modules", "proc", "run", "sys",
                 "tmp", "usr", "usr/bin", "usr/lib", LIBRARIES, "usr/lib/xen-4.17",
                 "usr/lib/xen-4.17/bin", "var", "var/lib", "var/lib/xen", "var/lib/xenstored",
                 "var/lock", "var/log", "var/log/xen", "var/log/xen/console", "var/run"):
        archive.directory(name)
    archive.character_device("dev/console", 5, 1)
    archive.program("bin/busybox", read(root.find("busybox")))
    archive.symlink("bin/sh", "busybox")
    archive.file("etc/passwd", b"root:x:0:0:root:/:/bin/sh\n")
    archive.file("etc/xen/xl.conf", b'autoballoon="off"\n')
    programs = {f"usr/lib/xen-4.17/bin/{name}": root.find(name) for name in TOOLS}
    programs.update({f"usr/bin/{name}": root.find(name) for name in ("xenstore-read", "xenstore-write")})
    for name, path in programs.items():
        archive.program(name, read(path))
        if not name.startswith("usr/bin/"):
            archive.symlink("usr/bin/" + os.path.basename(name), "/" + name)
    for name, path in libraries(root, programs.values()).items():
        archive.program(f"{LIBRARIES}/{name}", read(path))
    archive.symlink("lib/x86_64-linux-gnu", "/" + LIBRARIES)
    loader = os.path.realpath(root.find("ld-linux-x86-64.so.2"))
    archive.program("lib64/ld-linux-x86-64.so.2", read(loader))
    for number, path in enumerate(kernel_modules(root, MODULES)):
        archive.file(f"modules/{number:02}-{os.path.basename(path)}", read(path))
    for name, source in SCRIPTS.items():
        archive.program(name, read(os.path.join(HERE, source)))
    return archive.compressed()


def build():
    """Makes xen, vmlinuz and base.gz below build/xen where they are missing or old."""
    os.makedirs(XEN, exist_ok=True)
    base = os.path.join(XEN, "base.gz")
    sources = [os.path.abspath(__file__),
               *[os.path.join(HERE, source) for source in SCRIPTS.values()]]
    if os.path.exists(base) and all(os.path.getmtime(base) > os.path.getmtime(path)
                                    for path in sources):
        return
    repository = packages.Repository(os.path.join(DEBIAN, "apt"))
    kernel = "linux-image-amd64"
    repository.ensure_lists([kernel])
    kernel = repository.first_dependency(kernel)
    debs = repository.download(PACKAGES, os.path.join(XEN, "debs"))
    debs.update(repository.download([kernel], os.path.join(DEBIAN, "debs")))
    root = os.path.join(XEN, "root")
    for deb in debs.values():
        packages.unpack(deb, root)
    write(os.path.join(XEN, "xen"), gzip.decompress(read(f"{root}/boot/xen-4.17-amd64.gz")))
    write(os.path.join(XEN, "vmlinuz"), read(glob.glob(f"{root}/boot/vmlinuz-*")[0]))
    write(base, base_archive(root))


def guests_archive(guests, programs):
    """An initramfs with the guests: {name: (ELF file, configuration's text)}, and with programs
    by their names below /guests. An ELF file that several guests share is there once."""
    archive = initramfs.Archive()
    archive.directory("guests")
    first = {}
    for name, (image, config) in guests.items():
        if image in first:
            archive.symlink(f"guests/{name}.elf", f"{first[image]}.elf")
        else:
            archive.file(f"guests/{name}.elf", read(image))
        first.setdefault(image, name)
        archive.file(f"guests/{name}.cfg", config.encode())
    for name, content in programs.items():
        archive.program(f"guests/{name}", content)
    return archive.compressed()


def command(initrd, smp, icount, devices=()):
    # One thread, as for Atoll: QEMU's faults with several (docs/testing.md) hit Xen as well.
    speed = ["-accel", "tcg", "-icount", "shift=0,sleep=off"] if icount else \
        ["-accel", "tcg,thread=single"]
    return ["qemu-system-x86_64", "-machine", "q35", *speed, "-cpu", CPU,
            "-m", "2048", "-smp", str(smp), "-nodefaults", "-display", "none", "-no-reboot",
            "-serial", "stdio", "-kernel", f"{XEN}/xen", "-append", XEN_OPTIONS,
            "-initrd", f"{XEN}/vmlinuz {LINUX_OPTIONS},{initrd}", *devices]


def run(guests, seconds, smp=1, icount=False, log=None, programs=None, devices=()):
    """Boots Xen once and runs every guest; gives {name: (end, console's text)}.

    `end` is `gone` for a guest that ended by itself, else `refused` or `stuck`. A guest that
    never had its turn is missing. `programs` are more files for /guests: NAME.sh runs in the
    control domain, after the guests, as if it were one; NAME.with is the configuration of a guest
    NAME-with that is there while NAME is. `devices` are options of QEMU.
    """
    build()
    log = log or os.path.join(XEN, "console.log")
    initrd = os.path.join(XEN, f"initrd-{os.getpid()}.gz")
    base = read(os.path.join(XEN, "base.gz"))
    write(initrd, initramfs.pad4(base) + guests_archive(guests, programs or {}))
    try:
        with open(log, "wb") as output, \
                subprocess.Popen(command(initrd, smp, icount, devices), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as qemu:
            try:
                text = collect(qemu, output, seconds)
            finally:
                qemu.kill()
    finally:
        os.unlink(initrd)
    return split(text)


def collect(qemu, log, seconds):
    """Everything on the serial port until the lab is done, QEMU ends or the time is over."""
    end = time.monotonic() + seconds
    text = b""
    while b"LAB done" not in text and time.monotonic() < end:
        if select.select([qemu.stdout], [], [], 1)[0]:
            data = os.read(qemu.stdout.fileno(), 65536)
            if not data:
                break
            log.write(data)
            log.flush()
            text += data
    return text.decode("utf-8", "replace")


def split(text):
    """Cuts the serial port's text at the marks of dom0-init."""
    results, name, lines = {}, None, []
    for line in text.replace("\r", "").split("\n"):
        mark = MARK.match(line)
        if mark and mark.group(1) == "begin":
            name, lines = mark.group(2), []
        elif mark and mark.group(1) == "end":
            results[mark.group(2)] = (mark.group(3), "\n".join(lines))
            name = None
        elif name and line.startswith("| "):
            lines.append(line[2:])
    return results
