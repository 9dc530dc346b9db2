# SPDX-License-Identifier: BSD-2-Clause
"""Guests' disks: a real image on a virtio disk, boot modules and null, with Debian's front end."""
import hashlib
import os
import re

import pytest

import guests
import machines
from atoll import gpt, qemu, session

SECONDS = machines.PATIENCE
DISK_MIB = 48
DATA_MIB = 16
SEED = 1103515245


def random_bytes(size):
    """The same bytes on each call."""
    return b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(size // 32))


@pytest.fixture(scope="module", name="image")
def image_fixture(tmp_path_factory):
    """A disk with the partitions `data`, which is empty, and `seeded`."""
    path = tmp_path_factory.mktemp("disk") / "disk.img"
    path.write_bytes(bytes(DISK_MIB << 20))
    partitions = [gpt.Partition("data", DATA_MIB << 11), gpt.Partition("seeded", 1 << 11),
                  gpt.Partition("spare", 1 << 11)]
    gpt.write(str(path), partitions)
    with open(path, "r+b") as disk:
        disk.seek(partitions[1].start * gpt.SECTOR)
        disk.write(random_bytes(1 << 20))
    return path, partitions


def with_disks(text, *disks):
    return text + "disk = [" + ", ".join(f'"{disk}"' for disk in disks) + "]\n"


@pytest.fixture(scope="module", name="running")
def running_fixture(image):
    debian = with_disks(machines.debian(memory=192, extra="xen_blkfront.max_ring_page_order=2"),
                        "phy:data,xvda,w",
                        "target=seeded, vdev=xvdb, access=r", "phy:vmlinuz,xvdc,r",
                        "phy:null,xvdd,w")
    second = with_disks(machines.own("demo", name="second"), "phy:vda,xvda,w")
    missing = with_disks(machines.own("demo", name="missing"), "phy:vdz,xvda,w")
    reference = with_disks(machines.own("demo", name="reference", cmdline="write-disks"),
                           "phy:spare,xvda,w", "phy:demo.elf,xvdb,r")
    hostile = with_disks(machines.own("disk", name="hostile"), "phy:spare,xvda,w")
    bundle = machines.bundle(debian, second, missing, reference, hostile)
    del bundle.domains[1:]
    machine = qemu.Machine(boot="grub", smp=1, disks=[str(image[0])])
    with session.Session(bundle, machine) as running:
        machines.prompt(running)
        machines.booted(running, "debian")
        yield running


def run(running, command, name="debian"):
    """Types a command at Debian's shell; gives what it prints and its status."""
    return machines.typed(running, name, command)


def test_volumes_show_who_writes(running):
    text, status = running.execute("volumes", SECONDS)
    assert status == 0
    lines = {line.split()[0]: line.split() for line in text.splitlines()[1:]}
    assert lines["vda"][2] == str(DISK_MIB << 10)
    assert lines["vda1"][1:3] == ["data", str(DATA_MIB << 10)]
    assert lines["vda1"][-1] == "debian"
    assert lines["vda2"][-2:] == ["1", "-"]
    assert lines["vmlinuz"][3] == "memory"


def test_block_list_has_xls_columns(running):
    text, status = running.execute("block-list debian", SECONDS)
    assert status == 0
    lines = [line.split() for line in text.splitlines()]
    assert lines[0] == ["Vdev", "BE", "handle", "state", "evt-ch", "ring-ref", "BE-path"]
    domid = lines[1][2]
    for device, line in zip((51712, 51728, 51744, 51760), lines[1:], strict=True):
        assert line[:4] == [str(device), "0", domid, "4"]
        assert line[6] == f"/local/domain/0/backend/vbd/{domid}/{device}"
    assert running.execute("block-list nobody", SECONDS)[1] != 0


@pytest.mark.parametrize("config, sentence", [
    ("guest1.cfg", "volume vda cannot be written: debian writes vda1"),
    ("guest2.cfg", "there is no volume vdz")])
def test_a_volume_that_cannot_be_had(running, config, sentence):
    before = running.execute("list", SECONDS)[0]
    text, status = running.execute(f"create {config}", SECONDS)
    assert status != 0 and sentence in text
    assert len(running.execute("list", SECONDS)[0].splitlines()) == len(before.splitlines())


def test_the_reference_guest_reads_and_writes(running, image):
    assert running.execute("create guest3.cfg", SECONDS)[1] == 0
    running.wait_record("ended", SECONDS, name="reference", reason="poweroff")
    text = running.text("reference")
    assert re.search(r"disk 51712, written and read back: error 0$", text, re.M), text
    assert re.search(r"disk 51728, \d+ KiB, read only, begins with 7f454c46", text), text
    path, partitions = image
    end = partitions[2].start + partitions[2].sectors
    with open(path, "rb") as disk:
        disk.seek((end - 8) * gpt.SECTOR)
        assert disk.read(4096) != bytes(4096)


def test_a_guest_whose_requests_are_wrong_harms_nobody(running):
    running.type("debian", "while sha256sum /dev/xvdb; do echo 3 > /proc/sys/vm/drop_caches; done "
                           "> /tmp/sums & reader=$!\n")
    before = machines.settled_memory(running)
    assert running.execute("create guest4.cfg", SECONDS)[1] == 0
    running.wait_record("ended", SECONDS, name="hostile")
    assert guests.summary(running.text("hostile"))[1] == 0, running.text("hostile")
    # Two pages: Domain-0 keeps the one that lists more mappings when Debian has more reads at once.
    machines.returned_memory(running, before, kept=8)
    text, status = run(running, "while [ ! -s /tmp/sums ]; do usleep 100000; done; "
                                "kill $reader; sort -u /tmp/sums")
    assert status == 0
    assert text.split()[0] == hashlib.sha256(random_bytes(1 << 20)).hexdigest()
    assert len(text.split()) == 2, text


def test_linux_sees_the_disks(running):
    text, _ = run(running, "cat /proc/partitions")
    sizes = dict((name, int(size)) for size, name in re.findall(r"(\d+) (xvd[a-d])$", text, re.M))
    assert sizes["xvda"] == DATA_MIB << 10
    assert sizes["xvdb"] == 1 << 10
    assert sorted(sizes) == ["xvda", "xvdb", "xvdc", "xvdd"]


def test_reading(running):
    text, _ = run(running, "sha256sum /dev/xvdb")
    assert hashlib.sha256(random_bytes(1 << 20)).hexdigest() in text


def test_a_boot_module_is_a_disk(running):
    with open(os.path.join(machines.DEBIAN, "cloud/vmlinuz"), "rb") as source:
        kernel = source.read()
    kernel = kernel[:len(kernel) // gpt.SECTOR * gpt.SECTOR]
    text, _ = run(running, "sha256sum /dev/xvdc")
    assert hashlib.sha256(kernel).hexdigest() in text


def test_what_is_only_read_cannot_be_written(running):
    assert run(running, "dd if=/dev/zero of=/dev/xvdb bs=4k count=1")[1] != 0
    text, _ = run(running, "sha256sum /dev/xvdb")
    assert hashlib.sha256(random_bytes(1 << 20)).hexdigest() in text


def write_data(running, size):
    """Fills xvda with data that Debian makes; gives its checksum."""
    text, status = run(running, f"yes {SEED} | head -c {size} > /tmp/data && "
                                "dd if=/tmp/data of=/dev/xvda bs=64k conv=fsync && "
                                "sha256sum /tmp/data")
    assert status == 0, text
    return re.search(r"[0-9a-f]{64}", text).group()


def read_data(image, size):
    path, partitions = image
    with open(path, "rb") as disk:
        disk.seek(partitions[0].start * gpt.SECTOR)
        return hashlib.sha256(disk.read(size)).hexdigest()


def test_what_is_written_is_on_the_image(running, image):
    size = 8 << 20
    checksum = write_data(running, size)
    assert read_data(image, size) == checksum
    run(running, "echo 3 > /proc/sys/vm/drop_caches")
    assert checksum in run(running, f"head -c {size} /dev/xvda | sha256sum")[0]


def test_discarded_sectors_read_as_zeroes(running, image):
    text, status = run(running, "dd if=/dev/xvdb of=/dev/xvda bs=1M conv=fsync && "
                                f"blkdiscard -o 0 -l {1 << 20} /dev/xvda")
    assert status == 0, text
    assert read_data(image, 1 << 20) == hashlib.sha256(bytes(1 << 20)).hexdigest()


def test_two_queues_with_rings_of_four_pages(running):
    nodes, status = running.execute("xenstore-ls", SECONDS)
    assert status == 0
    assert len(re.findall(r'^ +multi-queue-num-queues = "2"', nodes, re.M)) == 4, nodes
    assert len(re.findall(r'^ +ring-page-order = "2"', nodes, re.M)) == 4, nodes
    assert len(re.findall(r'^ +ring-ref3 = ', nodes, re.M)) == 8, nodes


def test_null_answers(running):
    text, status = run(running, "dd if=/dev/xvdd of=/dev/null bs=1M count=64")
    assert status == 0, text
    assert run(running, "dd if=/dev/zero of=/dev/xvdd bs=1M count=16 conv=fsync")[1] == 0


def test_a_guest_reboots_and_has_its_disk_again(running):
    text, _ = run(running, "dd if=/dev/xvdb of=/dev/xvda bs=64k conv=fsync && sha256sum /dev/xvdb")
    checksum = re.search(r"[0-9a-f]{64}", text).group()
    before = machines.boots(running, "debian")
    running.type("debian", "reboot -f\n")
    machines.booted(running, "debian", before + 1)
    assert checksum in run(running, f"head -c {1 << 20} /dev/xvda | sha256sum")[0]


def test_a_guest_destroyed_in_the_middle_of_its_writes(running):
    running.type("debian", "while dd if=/dev/zero of=/dev/xvda bs=1M; do :; done 2>/dev/null &\n"
                           "while dd if=/dev/xvdb of=/dev/null bs=4k; do :; done 2>/dev/null &\n")
    run(running, "sleep 1")
    assert running.execute("destroy debian", SECONDS)[1] == 0
    running.wait_record("ended", SECONDS, name="debian")
    text, _ = running.execute("volumes", SECONDS)
    assert not re.search(r"^vda1 .*debian", text, re.M)
    before = machines.boots(running, "debian")
    assert running.execute("create guest0.cfg", SECONDS)[1] == 0
    machines.booted(running, "debian", before + 1)
    run(running, "head -c 4096 /dev/xvda | sha256sum")
