#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Checks who includes whom, by docs/architecture.md's table of folders.

A file may include its own folder and what its row allows. Tests may also include tests/ and any
header of the host. Page tables are walked in one file only.
"""
import os
import re
import sys

import csource

INCLUDE = re.compile(r"^\s*#\s*include\s*([<\"])([^>\"]+)[>\"]", re.MULTILINE)
FREESTANDING = {"stdint.h", "stddef.h", "stdbool.h", "stdarg.h"}
# The C11 headers that need no library.
COMPILER = FREESTANDING | {"stdatomic.h", "stdalign.h", "stdnoreturn.h", "limits.h"}
ARCH_FOR_CORE = ["arch/x86/virt.h", "arch/x86/pt.h", "arch/x86/percpu.h", "arch/x86/lock.h"]
HYPERVISOR = ["arch/x86/", "core/", "drivers/host/", "pv-abi/", "lib/", "boot/boot_info.h"]
# The serial console: boot/ runs before the hypervisor.
BOOT_HARDWARE = ["drivers/host/uart.h"]
# A folder, the headers of other folders that it may include (a whole folder ends in /), and the
# system's headers. The first row that fits a path holds.
ROWS = [
    ("pv-abi/", [], {"stdint.h"}),
    ("lib/", ["pv-abi/"], FREESTANDING),
    ("boot/", ["lib/", *BOOT_HARDWARE], COMPILER | {"efi.h", "efilib.h"}),
    ("arch/x86/", HYPERVISOR, COMPILER),
    ("core/", ["pv-abi/", "lib/", "boot/boot_info.h", *ARCH_FOR_CORE], COMPILER),
    ("drivers/host/", HYPERVISOR, COMPILER),
    ("drivers/", ["guest-kernel/", "pv-abi/", "lib/"], COMPILER),
    ("guest-kernel/", ["pv-abi/", "drivers/pv/", "drivers/pci/", "lib/"], COMPILER),
]
# Index arithmetic of a page table: nine bits at 12, 21, 30 and 39 (APM Vol. 2, 5.3).
WALK = re.compile(r">>\s*(21|30|39)\b|&\s*(0x1ff|511)\b|\b9\s*\*\s*\(?\w*level|level\w*\)?\s*\*\s*9\b",
                  re.IGNORECASE)
WALK_TREES = ("arch/", "core/", "drivers/host/")
WALKERS = {"arch/x86/pt.c", "arch/x86/pt.h"}


def is_test(path):
    return path.startswith("tests/") or re.search(r"_(test|fake)\w*\.[ch]$", path) is not None


def row_of(path):
    return next((row for row in ROWS if path.startswith(row[0])), None)


def allowed(path, system, header):
    """True where `path` may include `header`; `system` says whether it stands in < >."""
    row = row_of(path)
    if row is None or (is_test(path) and (system or "/" not in header or
                                          header.startswith("tests/"))):
        return True
    if system:
        return header in row[2]
    return header.startswith(row[0]) or any(
        header == entry or (entry.endswith("/") and header.startswith(entry)) for entry in row[1])


def problems(path, text, code):
    """What is wrong with one file: its includes, and index arithmetic outside of the walker."""
    for found in INCLUDE.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        if not allowed(path, found.group(1) == "<", found.group(2)):
            yield f"{path}:{line}: {row_of(path)[0]} may not include {found.group(2)}"
    if path in WALKERS or is_test(path) or not path.startswith(WALK_TREES):
        return
    for number, line in enumerate(code.split("\n"), 1):
        if WALK.search(line):
            yield f"{path}:{number}: page-table index arithmetic belongs to pt.c"


def main():
    found = []
    for path in csource.find():
        if os.path.splitext(path)[1] in (".c", ".h"):
            source = csource.Source(path)
            found += problems(path, source.text, source.without_comments())
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
