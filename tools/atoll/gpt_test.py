# SPDX-License-Identifier: BSD-2-Clause
"""The partition table that gpt.py writes, read by its definition."""
import struct
import zlib

import pytest

from atoll import gpt

SIZE = 8 << 20


def make(path, partitions):
    path.write_bytes(bytes(SIZE))
    gpt.write(str(path), partitions)
    return path.read_bytes()


@pytest.mark.parametrize("place", [1, SIZE // gpt.SECTOR - 1])
def test_both_headers_are_whole(tmp_path, place):
    content = make(tmp_path / "disk", [gpt.Partition("root", 2048)])
    header = bytearray(content[place * gpt.SECTOR:place * gpt.SECTOR + gpt.HEADER_SIZE])
    crc = struct.unpack_from("<I", header, 16)[0]
    header[16:20] = bytes(4)
    assert header[:8] == b"EFI PART"
    assert zlib.crc32(header) == crc
    assert struct.unpack_from("<Q", header, 24)[0] == place
    table = struct.unpack_from("<Q", header, 72)[0] * gpt.SECTOR
    entries = content[table:table + gpt.ENTRY_COUNT * gpt.ENTRY_SIZE]
    assert zlib.crc32(entries) == struct.unpack_from("<I", header, 88)[0]
    assert entries[56:64].decode("utf-16-le") == "root"


def test_partitions_follow_each_other(tmp_path):
    partitions = [gpt.Partition("a", 100), gpt.Partition("b", 4096)]
    make(tmp_path / "disk", partitions)
    assert [partition.start for partition in partitions] == [2048, 4096]


def test_a_disk_holds_its_files(tmp_path):
    contents = {}
    for name, size in (("first", 3 << 20), ("second", (1 << 20) + 512)):
        (tmp_path / name).write_bytes((name.encode() * size)[:size])
        contents[str(tmp_path / name)] = gpt.Partition(name, size // gpt.SECTOR)
    gpt.make(str(tmp_path / "disk"), contents)
    disk = (tmp_path / "disk").read_bytes()
    assert len(disk) == 7 << 20
    for path, partition in contents.items():
        start = partition.start * gpt.SECTOR
        assert disk[start:start + partition.sectors * gpt.SECTOR] == open(path, "rb").read()


@pytest.mark.parametrize("partition", [gpt.Partition("big", SIZE // gpt.SECTOR),
                                       gpt.Partition("n" * 37, 8)])
def test_what_does_not_fit_is_refused(tmp_path, partition):
    with pytest.raises(gpt.GptError):
        make(tmp_path / "disk", [partition])
