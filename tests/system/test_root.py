# SPDX-License-Identifier: BSD-2-Clause
"""Debian's root file system, ext4 on a partition of a real image, through reboots and power cuts.
What the guest writes to it comes from a second disk that the host has filled with seeded data."""
import hashlib
import mmap
import os
import random
import re
import shutil
import subprocess

import pytest

import machines
from atoll import gpt, rootfs

SECONDS = machines.PATIENCE
DATA_MIB = 64
SEED = 20261123
COPY = f"dd if=/dev/xvdb of=/data bs=1M count={DATA_MIB}"
BOTH = pytest.mark.parametrize("kernel, vcpus", [("cloud-vmlinuz", 1), ("generic-vmlinuz", 2)])


@pytest.fixture(name="image")
def image_fixture(tmp_path):
    path = tmp_path / "root.img"
    shutil.copyfile(os.path.join(machines.DEBIAN, "root.img"), path)
    return str(path)


@pytest.fixture(name="data", scope="module")
def data_fixture(tmp_path_factory):
    """A disk's image and the checksum of what it holds."""
    path = tmp_path_factory.mktemp("data") / "data.img"
    content = random.Random(SEED).randbytes(DATA_MIB << 20)
    path.write_bytes(content)
    return str(path), hashlib.sha256(content).hexdigest()


def start(image, data, kernel, vcpus):
    text = machines.debian(kernel, vcpus=vcpus, memory=256, extra="root=/dev/xvda1")
    disks = f'disk = ["{image},xvda,w", "{data[0]},xvdb,r"]\n'
    return machines.start(text + disks, boot="grub", smp=2)


def run(running, command):
    """Types a command at Debian's shell; gives what it prints. It must succeed."""
    text, status = machines.typed(running, "debian", command)
    assert status == 0, text
    return text


def checksum(text):
    return re.search(r"[0-9a-f]{64}", text).group()


def check_data(running, wanted):
    assert "/dev/xvda1 on / type ext4" in run(running, "mount")
    assert "xvda1 160M part /" in run(running, "lsblk -rno NAME,SIZE,TYPE,MOUNTPOINT")
    assert checksum(run(running, "sha256sum /data")) == wanted


def on_the_host(image, folder):
    """The checksum of /data as e2fsprogs read it from the partition."""
    partition, data = folder / "partition", folder / "data"
    with open(image, "rb") as disk:
        disk.seek(gpt.ALIGNMENT * gpt.SECTOR)
        partition.write_bytes(disk.read(rootfs.ROOT_MIB << 20))
    path = os.environ["PATH"] + ":/sbin:/usr/sbin"
    subprocess.run([shutil.which("e2fsck", path=path), "-fy", str(partition)], check=False,
                   stdout=subprocess.DEVNULL)
    subprocess.run([shutil.which("debugfs", path=path), "-R", f"dump /data {data}",
                    str(partition)], check=True, capture_output=True)
    done = subprocess.run(["sha256sum", str(data)], check=True, capture_output=True, text=True)
    return checksum(done.stdout)


@BOTH
def test_data_outlive_the_guest_and_the_machine(image, data, tmp_path, kernel, vcpus):
    with start(image, data, kernel, vcpus) as running:
        machines.booted(running, "debian")
        run(running, f"{COPY} && sync")
        running.type("debian", "reboot -f\n")
        machines.booted(running, "debian", 2)
        check_data(running, data[1])
        running.type("debian", "poweroff -f\n")
        assert running.wait_record("ended", SECONDS, name="debian").reason
    assert on_the_host(image, tmp_path) == data[1]
    with start(image, data, kernel, vcpus) as running:
        machines.booted(running, "debian")
        check_data(running, data[1])


@BOTH
def test_data_outlive_a_power_cut_after_fsync(image, data, tmp_path, kernel, vcpus):
    with start(image, data, kernel, vcpus) as running:
        machines.booted(running, "debian")
        run(running, f"{COPY} conv=fsync")
        running.process.kill()
    with start(image, data, kernel, vcpus) as running:
        machines.booted(running, "debian")
        check_data(running, data[1])
    assert on_the_host(image, tmp_path) == data[1]


def menu_without_time(image):
    """Has GRUB's menu on the disk wait for a key, by a change that keeps the file's size."""
    timed, endless = b"own disk.\nset timeout=5\n", b"own disk\nset timeout=-1\n"
    with open(image, "r+b") as disk, mmap.mmap(disk.fileno(), 0) as content:
        at = content.find(timed)
        assert at >= 0
        content[at:at + len(timed)] = endless


def test_grub_boots_from_the_guests_own_disk(image):
    """A 32-bit program by the PVH entry, with the 32-bit layout of block requests. It polls with
    yields: on a CPU of its own, the control domain must get its turn."""
    text = (f'name = "debian"\ntype = "pvh"\nkernel = "{machines.DEBIAN}/grub-pvh.elf"\n'
            f'memory = 256\nvcpus = 2\ndisk = ["{image},xvda,w"]\n')
    menu_without_time(image)
    with machines.start(text, boot="grub", smp=2) as running:
        running.expect("debian", "Debian, one CPU", SECONDS)
        # Down to the second entry by Ctrl-n: the bytes of an arrow key must come at once.
        running.type("debian", "\x0e\n")
        machines.booted(running, "debian")
        assert "/dev/xvda1 on / type ext4" in run(running, "mount")
        assert run(running, "nproc").strip() == "1"
