# SPDX-License-Identifier: BSD-2-Clause
"""Tests of writing an initramfs, read back by the format's description."""
import gzip
import stat

from atoll import initramfs


def nodes(archive):
    """[(name, mode, content, device)] of a newc archive."""
    data, at, found = gzip.decompress(archive), 0, []
    while True:
        assert data[at:at + 6] == b"070701"
        fields = [int(data[at + 6 + 8 * index:at + 14 + 8 * index], 16) for index in range(13)]
        mode, size, device, length = fields[1], fields[6], (fields[9], fields[10]), fields[11]
        name = data[at + 110:at + 110 + length - 1].decode()
        start = (at + 110 + length + 3) & ~3
        if name == "TRAILER!!!":
            return found
        found.append((name, mode, data[start:start + size], device))
        at = (start + size + 3) & ~3


def test_each_kind_of_node_is_read_back():
    archive = initramfs.Archive()
    archive.directory("dev")
    archive.character_device("dev/console", 5, 1)
    archive.program("init", b"#!/bin/sh\n")
    archive.file("text", b"12345")
    archive.symlink("link", "text")
    assert nodes(archive.compressed()) == [
        ("dev", stat.S_IFDIR | 0o755, b"", (0, 0)),
        ("dev/console", stat.S_IFCHR | 0o600, b"", (5, 1)),
        ("init", stat.S_IFREG | 0o755, b"#!/bin/sh\n", (0, 0)),
        ("text", stat.S_IFREG | 0o644, b"12345", (0, 0)),
        ("link", stat.S_IFLNK | 0o777, b"text", (0, 0)),
    ]
