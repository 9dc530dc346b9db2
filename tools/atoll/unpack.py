# SPDX-License-Identifier: BSD-2-Clause
"""Takes the kernel's ELF out of a bzImage (Linux's Documentation/arch/x86/boot.rst).

Runs on the host when an image is built, so that a guest need not decompress itself. The
trusted side of a running system never does this.
"""
import lzma
import struct
import subprocess
import zlib

# Offsets in the setup header, boot.rst, "The Real-Mode Kernel Header".
SETUP_SECTS = 0x1F1
HEADER_MAGIC = 0x202
VERSION = 0x206
PAYLOAD_OFFSET = 0x248
PAYLOAD_LENGTH = 0x24C
# The payload fields exist from protocol 2.08.
PAYLOAD_VERSION = 0x208
SECTOR = 512
# Every format but gzip is followed by the unpacked size in four bytes.
SIZE_BYTES = 4


class UnpackError(Exception):
    """The file is no bzImage, or its payload is in no known format."""


def payload(image):
    """The compressed kernel inside the bzImage `image` (bytes)."""
    if len(image) < PAYLOAD_LENGTH + 4 or image[HEADER_MAGIC:HEADER_MAGIC + 4] != b"HdrS":
        raise UnpackError("no bzImage: the setup header's magic is missing")
    if struct.unpack_from("<H", image, VERSION)[0] < PAYLOAD_VERSION:
        raise UnpackError("boot protocol older than 2.08: it does not say where its payload is")
    # A setup_sects of 0 means 4 (boot.rst).
    setup = (image[SETUP_SECTS] or 4) + 1
    offset, length = struct.unpack_from("<II", image, PAYLOAD_OFFSET)
    start = setup * SECTOR + offset
    if length <= SIZE_BYTES or start > len(image) or length > len(image) - start:
        raise UnpackError("the payload lies outside of the file")
    return image[start:start + length]


def by_tool(command, packed):
    """Unpacks with a command line tool that reads standard input."""
    done = subprocess.run(command, input=packed[:-SIZE_BYTES], stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise UnpackError(f"{command[0]} cannot unpack the payload")
    return done.stdout


def decompress(packed):
    """Unpacks gzip, XZ, LZ4 (legacy frame) or zstd, told apart by their magic numbers."""
    if packed.startswith(b"\x1f\x8b"):
        return zlib.decompressobj(wbits=31).decompress(packed)
    if packed.startswith(b"\xfd7zXZ\0"):
        return lzma.LZMADecompressor().decompress(packed)
    if packed.startswith(b"\x02\x21\x4c\x18"):
        return by_tool(["lz4", "-dc"], packed)
    if packed.startswith(b"\x28\xb5\x2f\xfd"):
        return by_tool(["zstd", "-dc"], packed)
    raise UnpackError(f"the payload begins with {packed[:4].hex()}: no known format")


def kernel_elf(image):
    """The ELF image inside the bzImage `image`."""
    elf = decompress(payload(image))
    if not elf.startswith(b"\x7fELF"):
        raise UnpackError("the payload is no ELF image")
    return elf
