#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compares pv-abi with Xen's public headers, for 64-bit and for 32-bit callers.

What is compared is taken from the headers of pv-abi: the value of every constant, the size of every
type and structure, and the offset, size and signedness of every field. Each side is compiled by
itself into a table, since the names are the same. A structure with a compat_ form is compared with
Xen's 64-bit layout and its compat_ form with Xen's 32-bit layout; any other with both.
"""

import argparse
import glob
import os
import re
import struct
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import abi_parse  # noqa: E402

MODES = ("-m64", "-m32")
COMPAT = re.compile(r"\bcompat_|\bCOMPAT_")
# Arguments at which macros with a parameter are compared.
SAMPLES = (0, 1, 2, 7, 255, 0x12345)
OURS_FLAGS = ["-std=c11", "-I."]
XEN_FLAGS = ["-std=gnu11", "-D__XEN_TOOLS__"]
# Xen has the layout of a ring only as a macro.
XEN_PROLOGUE = """
#include <stdint.h>
#include <stddef.h>
"""
XEN_EPILOGUE = "DEFINE_RING_TYPES(abi_ring, uint8_t, uint8_t);\n"
SIGNEDNESS = (
    "_Generic({}, signed char: 1, short: 1, int: 1, long: 1, long long: 1, default: 0)"
)


class Item:
    """Something to compare: what it is, its expressions, and the modes of Xen's side."""

    def __init__(self, kind, name, ours, xen, modes):
        self.kind = kind
        self.name = name
        self.ours = ours
        self.xen = xen
        self.modes = modes


def value_expression(text):
    return f"(unsigned long long)({text})"


def macro_digest(name):
    """One number for a macro with a parameter: a polynomial of its values at the samples."""
    text = "0ULL"
    for sample in SAMPLES:
        text = f"({text} * 0x100000001b3ULL + (unsigned long long)({name}({sample})))"
    return text


def field_expression(record, path, is_flexible):
    """One number for a field: offset, size and signedness. An array without a size counts one."""
    member = f"(({record} *)0)->{path}" + ("[0]" if is_flexible else "")
    return (
        f"((unsigned long long)__builtin_offsetof({record}, {path}) << 32 |"
        f" sizeof({member}) << 1 | {SIGNEDNESS.format(member)})"
    )


def record_items(record, modes):
    """The items of a structure: itself and its fields."""
    ours, xen = record.name, record.xen_name
    flexible = [f for f in record.fields if f.is_flexible and "." not in f.path]
    size = "__builtin_offsetof({}, " + flexible[0].path + ")" if flexible else "sizeof({})"
    items = [Item("structure", ours, size.format(ours), size.format(xen), modes)]
    for f in record.fields:
        items.append(
            Item(
                "field",
                f"{ours}.{f.path}",
                field_expression(ours, f.path, f.is_flexible),
                field_expression(xen, f.path, f.is_flexible),
                modes,
            )
        )
    return items


def modes_of(name, names):
    """In which of Xen's layouts a name is to be found."""
    if COMPAT.search(name):
        return MODES[1:]
    words = name.split()
    prefix = "COMPAT_" if name.isupper() else "compat_"
    twin = " ".join(words[:-1] + [prefix + words[-1]])
    return MODES[:1] if twin in names else MODES


def list_items(headers):
    """All items of all headers."""
    items = []
    records = {r.name for h in headers for r in h.records}
    constants = {name for h in headers for name in h.constants}
    for header in headers:
        for name, xen in header.constants.items():
            spelling = COMPAT.sub("", xen)
            modes = modes_of(name, constants)
            items.append(
                Item("constant", name, value_expression(name), value_expression(spelling), modes)
            )
        for name, xen in header.macros.items():
            items.append(Item("constant", name, macro_digest(name), macro_digest(xen), MODES))
        for name in header.types:
            text = "sizeof({0}) << 1 | " + SIGNEDNESS.format("*({0} *)0")
            items.append(Item("constant", name, text.format(name), text.format(name), MODES))
        for record in header.records:
            if not record.is_ours:
                record.xen_name = record.xen_name or COMPAT.sub("", record.name)
                items += record_items(record, modes_of(record.name, records))
    return items


class Table:
    """A translation unit that lists one number per expression."""

    def __init__(self, directory, name, includes, flags):
        self.source = os.path.join(directory, name + ".c")
        self.object = os.path.join(directory, name + ".o")
        self.includes = includes
        self.flags = flags

    def compile(self, compiler, mode, expressions):
        """Returns a number for each expression, or None where it names what is not defined."""
        known = list(range(len(expressions)))
        while bad := self.attempt(compiler, mode, [expressions[i] for i in known]):
            known = [number for index, number in enumerate(known) if index not in bad]
        found = dict(zip(known, self.read(len(known))))
        return [found.get(i) for i in range(len(expressions))]

    def attempt(self, compiler, mode, expressions):
        """Compiles; returns the set of indices of the expressions that have errors."""
        head = self.includes + (
            'const unsigned long long abi_table[] __attribute__((section(".abi"), used)) = {\n'
        )
        with open(self.source, "w", encoding="ascii") as file:
            file.write(head + "".join(f"{e},\n" for e in expressions) + "};\n")
        command = [compiler, mode, "-ffreestanding", "-fmax-errors=0", *self.flags]
        command += ["-c", self.source, "-o", self.object]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode == 0:
            return set()
        first = head.count("\n") + 1
        lines = re.findall(rf"^{re.escape(self.source)}:(\d+):\d+: error", result.stderr, re.M)
        bad = {int(line) - first for line in lines}
        if not bad or min(bad) < 0 or max(bad) >= len(expressions):
            sys.exit(f"{self.source} does not compile:\n{result.stderr}")
        return bad

    def read(self, count):
        binary = self.object + ".bin"
        subprocess.run(["objcopy", "-O", "binary", "-j", ".abi", self.object, binary], check=True)
        with open(binary, "rb") as file:
            return struct.unpack(f"<{count}Q", file.read())


def describe(kind, value):
    """A number of a table in words."""
    if kind == "field":
        sign = "signed" if value & 1 else "unsigned"
        return f"offset {value >> 32}, size {(value & 0xFFFFFFFF) >> 1}, {sign}"
    return f"{value:#x}"


def compare(items, tables):
    """Prints each difference; returns the items that Xen lacks and the number of differences."""
    missing, different = set(), 0
    for index, item in enumerate(items):
        for mode in item.modes:
            ours, xen = tables["ours", mode][index], tables["xen", mode][index]
            if xen is None:
                missing.add(item)
            elif ours != xen:
                different += 1
                print(
                    f"{item.kind} {item.name} ({mode}): {describe(item.kind, ours)};"
                    f" Xen: {describe(item.kind, xen)}",
                    file=sys.stderr,
                )
        values = {tables["ours", mode][index] for mode in MODES}
        if len(values) > 1 and item.modes != MODES:
            different += 1
            print(f"{item.kind} {item.name} depends on the compiler's mode", file=sys.stderr)
    return missing, different


def build_tables(items, directory, compiler, paths, headers):
    """Compiles both sides in both modes."""
    ours = "".join(f'#include "{path}"\n' for path in paths)
    public = dict.fromkeys(name for h in headers for name in h.public_headers)
    xen = XEN_PROLOGUE + "".join(f"#include <{name}>\n" for name in public) + XEN_EPILOGUE
    tables = {}
    for mode in MODES:
        table = Table(directory, "ours" + mode, ours, OURS_FLAGS)
        tables["ours", mode] = table.compile(compiler, mode, [i.ours for i in items])
        for item, value in zip(items, tables["ours", mode]):
            if value is None:
                sys.exit(f"{item.kind} {item.name} cannot be evaluated ({mode})")
        wanted = [i.xen if mode in i.modes else "0" for i in items]
        table = Table(directory, "xen" + mode, xen, XEN_FLAGS)
        tables["xen", mode] = table.compile(compiler, mode, wanted)
    return tables


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--cc", default="gcc", help="compiler (default: gcc)")
    parser.add_argument("--headers", default="pv-abi", help="directory of our headers")
    arguments = parser.parse_args()
    paths = sorted(glob.glob(os.path.join(arguments.headers, "*.h")))
    headers = []
    for path in paths:
        try:
            headers.append(abi_parse.read_header(path))
        except abi_parse.HeaderError as error:
            sys.exit(f"{path}: {error}")
    items = list_items(headers)
    with tempfile.TemporaryDirectory() as directory:
        tables = build_tables(items, directory, arguments.cc, paths, headers)
    missing, different = compare(items, tables)
    for item in missing:
        print(f"{item.kind} {item.name}: not in Xen's headers", file=sys.stderr)
    count = {kind: 0 for kind in ("constant", "structure", "field")}
    for item in items:
        count[item.kind] += item not in missing
    print(
        f"{count['constant']} constants, {count['structure']} structures,"
        f" {count['field']} fields compared, {len(missing)} not compared"
    )
    return 1 if missing or different or not all(count.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
