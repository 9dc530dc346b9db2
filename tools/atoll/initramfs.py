# SPDX-License-Identifier: BSD-2-Clause
"""Writes initramfs images: cpio's "newc" format (Linux's initramfs/buffer-format.rst), gzipped.

The nodes are described, not read from a directory, so no step needs root.
"""
import gzip
import stat


class Archive:
    """A newc archive in memory."""

    def __init__(self):
        self.parts = []
        self.inode = 0

    def add(self, name, mode, content=b"", device=(0, 0)):
        """Adds one node; `mode` holds type and permissions as in struct stat."""
        self.inode += 1
        path = name.encode() + b"\0"
        fields = (self.inode, mode, 0, 0, 1, 0, len(content), 0, 0, device[0], device[1],
                  len(path), 0)
        header = b"070701" + b"".join(b"%08X" % field for field in fields)
        self.parts += [pad4(header + path), pad4(content)]

    def directory(self, name):
        self.add(name, stat.S_IFDIR | 0o755)

    def program(self, name, content):
        self.add(name, stat.S_IFREG | 0o755, content)

    def file(self, name, content):
        self.add(name, stat.S_IFREG | 0o644, content)

    def symlink(self, name, target):
        self.add(name, stat.S_IFLNK | 0o777, target.encode())

    def character_device(self, name, major, minor):
        self.add(name, stat.S_IFCHR | 0o600, device=(major, minor))

    def compressed(self):
        """The whole archive, gzipped, the same bytes for the same nodes."""
        self.add("TRAILER!!!", 0)
        return gzip.compress(b"".join(self.parts), compresslevel=6, mtime=0)


def pad4(data):
    return data + b"\0" * (-len(data) % 4)
