# SPDX-License-Identifier: BSD-2-Clause
"""Tests of taking the ELF out of a bzImage."""
import gzip
import lzma
import struct
import subprocess

import pytest

from atoll import unpack

ELF = b"\x7fELF" + bytes(range(256)) * 40
SIZE = struct.pack("<I", len(ELF))


def bzimage(payload, length=None):
    """A bzImage with two setup sectors and `payload` 16 bytes behind them."""
    image = bytearray(3 * unpack.SECTOR + 16)
    image[unpack.SETUP_SECTS] = 2
    image[unpack.HEADER_MAGIC:unpack.HEADER_MAGIC + 4] = b"HdrS"
    struct.pack_into("<H", image, unpack.VERSION, 0x20F)
    struct.pack_into("<II", image, unpack.PAYLOAD_OFFSET, 16, length or len(payload))
    return bytes(image) + payload


def by_tool(command):
    return subprocess.run(command, input=ELF, stdout=subprocess.PIPE, check=True).stdout


@pytest.mark.parametrize("payload", [
    pytest.param(lambda: gzip.compress(ELF), id="gzip"),
    pytest.param(lambda: lzma.compress(ELF) + SIZE, id="xz"),
    pytest.param(lambda: by_tool(["lz4", "-lc"]) + SIZE, id="lz4"),
    pytest.param(lambda: by_tool(["zstd", "-c"]) + SIZE, id="zstd"),
])
def test_each_compression_is_unpacked(payload):
    assert unpack.kernel_elf(bzimage(payload())) == ELF


@pytest.mark.parametrize("image, reason", [
    (b"\0" * 2048, "magic"),
    (bzimage(b"junkjunk"), "no known format"),
    (bzimage(gzip.compress(b"text")), "no ELF"),
    (bzimage(gzip.compress(ELF), length=1 << 20), "outside"),
    (bzimage(b"\x02\x21\x4c\x18junkjunk"), "lz4 cannot"),
])
def test_a_bad_file_is_refused(image, reason):
    with pytest.raises(unpack.UnpackError, match=reason):
        unpack.kernel_elf(image)
