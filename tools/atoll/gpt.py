# SPDX-License-Identifier: BSD-2-Clause
"""Writes a GPT (UEFI 2.10, 5.2.3 and 5.3) into a raw disk image."""
import struct
import uuid
import zlib
from dataclasses import dataclass

SECTOR = 512
ENTRY_COUNT = 128
ENTRY_SIZE = 128
ENTRY_SECTORS = ENTRY_COUNT * ENTRY_SIZE // SECTOR
HEADER_SIZE = 92
REVISION = 0x00010000
# Partitions begin at whole MiB.
ALIGNMENT = 2048
NAME_UNITS = 36
BLOCK = 1 << 16
LINUX_DATA = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")
EFI_SYSTEM = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")


class GptError(Exception):
    """The partitions do not fit."""


@dataclass
class Partition:
    """A partition to be made; `start` is set by layout()."""
    name: str
    sectors: int
    kind: uuid.UUID = LINUX_DATA
    start: int = 0


def layout(partitions, disk_sectors):
    """Gives each partition its place, one behind the other."""
    at = ALIGNMENT
    for partition in partitions:
        partition.start = at
        at += -(-partition.sectors // ALIGNMENT) * ALIGNMENT
        if partition.start + partition.sectors > disk_sectors - ENTRY_SECTORS - 1:
            raise GptError(f"partition {partition.name} does not fit on the disk")
        if len(partition.name) > NAME_UNITS:
            raise GptError(f"partition {partition.name}: more than {NAME_UNITS} characters")


def _entry(disk, number, partition):
    identity = uuid.uuid5(disk, str(number))
    return struct.pack("<16s16sQQQ72s", partition.kind.bytes_le, identity.bytes_le,
                       partition.start, partition.start + partition.sectors - 1, 0,
                       partition.name.encode("utf-16-le"))


def _header(disk, disk_sectors, entries, place):
    """The header at sector `place`, either the first or the last."""
    is_first = place == 1
    other = disk_sectors - 1 if is_first else 1
    table = 2 if is_first else disk_sectors - 1 - ENTRY_SECTORS
    text = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", REVISION, HEADER_SIZE, 0, 0, place,
                       other, 2 + ENTRY_SECTORS, disk_sectors - 2 - ENTRY_SECTORS,
                       disk.bytes_le, table, ENTRY_COUNT, ENTRY_SIZE, zlib.crc32(entries))
    return text[:16] + struct.pack("<I", zlib.crc32(text)) + text[20:]


def _protective_mbr(disk_sectors):
    size = min(disk_sectors - 1, 0xffffffff)
    record = struct.pack("<B3sB3sII", 0, b"\x00\x02\x00", 0xee, b"\xff\xff\xff", 1, size)
    return bytes(446) + record + bytes(48) + b"\x55\xaa"


def write(path, partitions):
    """Writes both copies of the table into the image at `path`, which has its final size."""
    with open(path, "r+b") as image:
        disk_sectors = image.seek(0, 2) // SECTOR
        layout(partitions, disk_sectors)
        disk = uuid.uuid5(uuid.NAMESPACE_OID, ":".join(part.name for part in partitions))
        entries = b"".join(_entry(disk, number, partition)
                           for number, partition in enumerate(partitions, 1))
        entries += bytes(ENTRY_COUNT * ENTRY_SIZE - len(entries))
        for place, content in ((0, _protective_mbr(disk_sectors)),
                               (1, _header(disk, disk_sectors, entries, 1)),
                               (2, entries),
                               (disk_sectors - 1 - ENTRY_SECTORS, entries),
                               (disk_sectors - 1,
                                _header(disk, disk_sectors, entries, disk_sectors - 1))):
            image.seek(place * SECTOR)
            image.write(content)


def make(path, contents):
    """Makes a disk image that is as large as its partitions; `contents`: what goes into each, a
    file's path to a Partition."""
    partitions = list(contents.values())
    spans = [-(-partition.sectors // ALIGNMENT) for partition in partitions]
    with open(path, "wb") as image:
        # The partitions begin at the first MiB, and the second copy of the table is behind them.
        image.truncate((sum(spans) + 2) * ALIGNMENT * SECTOR)
    write(path, partitions)
    for source, partition in contents.items():
        _copy(source, path, partition.start * SECTOR)


def _copy(source, target, offset):
    """Writes the file `source` into `target` at `offset`; what is zero stays a hole."""
    with open(source, "rb") as data, open(target, "r+b") as output:
        for number, block in enumerate(iter(lambda: data.read(BLOCK), b"")):
            if any(block):
                output.seek(offset + number * BLOCK)
                output.write(block)
