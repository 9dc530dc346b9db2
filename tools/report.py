#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Prints the sizes of the tree and of the image; fails when a limit is passed.

A code line is a line that is neither blank nor comment. The hypervisor is arch/x86, core and
drivers/host without their tests.
"""
import os
import re
import subprocess
import sys

import csource

HYPERVISOR = ("arch/x86/", "core/", "drivers/host/")
HYPERVISOR_LINES_MAX = 12000
CONTROL = ("guest-kernel/control/",)
TEXT_MAX = 128 * 1024
SHOWN = 10
CAST = re.compile(r"\((?:const )?(?:struct \w+|unsigned|u?int\d*(?:_t)?|char|void|size_t|uintptr_t)"
                  r"(?: ?\*+)?\)[\w(*&]")


def is_test(path):
    return path.startswith("tests/") or re.search(r"_(test|fake)\w*\.", path) is not None


def folder_of(path):
    """Hypervisor and drivers by their second folder, all else by the first."""
    parts = path.split("/")
    deep = parts[0] in ("arch", "drivers") or path.startswith(CONTROL) or \
        path.startswith("guest-kernel/demo/")
    return "/".join(parts[:2] if deep and len(parts) > 2 else parts[:1])


def sums(sources):
    """Code lines by folder: {folder: [shipped, tests]}."""
    result = {}
    for source in sources:
        entry = result.setdefault(folder_of(source.path), [0, 0])
        entry[is_test(source.path)] += source.code_lines()
    return result


def lines_below(sources, folders):
    return sum(source.code_lines() for source in sources
               if source.path.startswith(folders) and not is_test(source.path))


def section_bytes(elf):
    """The bytes of the sections .text* and .rodata* of an ELF file."""
    listed = subprocess.run(["readelf", "-SW", elf], stdout=subprocess.PIPE, text=True, check=True)
    total = 0
    for line in listed.stdout.splitlines():
        found = re.search(r"\] (\.(?:text|rodata)\S*)\s+\w+\s+\w+ \w+ (\w+)", line)
        if found:
            total += int(found.group(2), 16)
    return total


def show_largest(sources):
    shipped = [source for source in sources
               if source.language in ("c", "asm") and not is_test(source.path)]
    print("\nlargest files (lines)")
    for source in sorted(shipped, key=lambda source: -len(source.lines))[:SHOWN]:
        print(f"  {len(source.lines):5}  {source.path}")
    functions = [(function, source.path) for source in shipped for function in source.functions()]
    print("\nlongest functions (lines)")
    for function, path in sorted(functions, key=lambda pair: -pair[0].length)[:SHOWN]:
        print(f"  {function.length:5}  {function.name}  {path}:{function.line}")


def show_casts(sources):
    code = [source.without_comments() for source in sources
            if source.language == "c" and source.path.startswith(HYPERVISOR)
            and not is_test(source.path)]
    print(f"\ncasts in the hypervisor: {sum(len(CAST.findall(text)) for text in code)}")


def limit(name, value, maximum):
    """Prints a figure beside its limit; True when it keeps to it."""
    print(f"{name}: {value:,} of at most {maximum:,}{'' if value <= maximum else '  TOO MUCH'}")
    return value <= maximum


def main():
    build = sys.argv[1] if len(sys.argv) > 1 else "build"
    sources = [csource.Source(path) for path in csource.find()]
    print("code lines by folder   shipped   tests")
    for folder, (shipped, tests) in sorted(sums(sources).items()):
        print(f"  {folder:20} {shipped:8,} {tests:7,}")
    print()
    kept = limit("hypervisor, code lines", lines_below(sources, HYPERVISOR), HYPERVISOR_LINES_MAX)
    print(f"control domain, code lines: {lines_below(sources, CONTROL):,}")
    image = os.path.join(build, "atoll.elf")
    if os.path.exists(image):
        kept &= limit("image, bytes of .text and .rodata", section_bytes(image), TEXT_MAX)
    show_largest(sources)
    show_casts(sources)
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
