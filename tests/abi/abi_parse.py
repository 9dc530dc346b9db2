# SPDX-License-Identifier: BSD-2-Clause
"""Reads the headers of pv-abi and lists every constant, type, structure and field they define.

The headers keep to a small part of C: macros, enumerations, typedefs, structures and unions, and
layout assertions. Whatever else stands in one is an error, so that nothing is left out unseen.

A comment on the line of a definition can say more: `Atoll only` (Xen has no such name), or
`Xen: EXPRESSION` (Xen spells it so).
"""

import re
from dataclasses import dataclass, field

ATOLL_ONLY = "Atoll only"
XEN_SPELLING = re.compile(r"/\*\s*Xen: (.+?)\s*\*/")
TOKEN = re.compile(r'[A-Za-z_]\w*|0[xX][0-9a-fA-F]+\w*|\d+\w*|"[^"]*"|<<|>>|[^\s\w]')


class HeaderError(Exception):
    """A header holds something that the reader does not know."""


@dataclass
class Field:
    """A field: its path from the structure's start, and whether it is an array without a size."""

    path: str
    is_flexible: bool = False


@dataclass
class Record:
    """A structure or union by its C name, such as `struct shared_info`."""

    name: str
    fields: list
    is_ours: bool
    xen_name: str


@dataclass
class Header:
    """What one header defines. Constants and macros map a name to Xen's spelling of it."""

    constants: dict = field(default_factory=dict)
    macros: dict = field(default_factory=dict)
    types: list = field(default_factory=list)
    records: list = field(default_factory=list)
    public_headers: list = field(default_factory=list)


def logical_lines(text):
    """Yields lines with their continuations joined."""
    return text.replace("\\\n", " ").split("\n")


def read_macro(header, line, guard):
    """Adds the macro that a #define line defines, unless it is the guard or Atoll's own."""
    match = re.match(r"\s*#\s*define\s+(\w+)(\(([^)]*)\))?\s*(.*)", line)
    name, parameters, body = match.group(1), match.group(3), match.group(4)
    if name == guard or ATOLL_ONLY in line:
        return
    if not re.sub(r"/\*.*?\*/", "", body).strip():
        raise HeaderError(f"macro {name} has no value")
    spelling = XEN_SPELLING.search(line)
    if parameters is None:
        header.constants[name] = spelling.group(1) if spelling else name
    elif re.fullmatch(r"\s*\w+\s*", parameters):
        header.macros[name] = spelling.group(1) if spelling else name
    else:
        raise HeaderError(f"macro {name} has more than one parameter")


class Declarations:
    """A recursive descent over the tokens of a header without its preprocessor lines."""

    def __init__(self, text, ours, spellings):
        self.tokens = TOKEN.findall(text)
        self.position = 0
        self.ours = ours
        self.spellings = spellings

    def peek(self):
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def take(self, expected=None):
        token = self.peek()
        if not token or (expected and token != expected):
            raise HeaderError(f"'{expected or 'a token'}' expected before '{token}'")
        self.position += 1
        return token

    def skip_parentheses(self):
        depth = 0
        while True:
            token = self.take()
            depth += (token == "(") - (token == ")")
            if depth == 0:
                return

    def dimensions(self):
        """Takes the dimensions of a declarator; returns None, or the text of each."""
        found = []
        while self.peek() == "[":
            self.take("[")
            text = ""
            while self.peek() != "]":
                text += self.take()
            self.take("]")
            found.append(text)
        return found

    def fields(self, prefix):
        """Takes `{ field; ... }` and returns the fields, those of nested definitions too."""
        self.take("{")
        found = []
        while self.peek() != "}":
            nested = self.field_type()
            anonymous = nested is not None and self.peek() == ";"
            if anonymous:
                found += [Field(prefix + f.path, f.is_flexible) for f in nested]
            while self.peek() != ";":
                found += self.declarator(prefix, nested)
            self.take(";")
        self.take("}")
        return found

    def field_type(self):
        """Takes a field's type; returns the fields of one that is defined in place, or None."""
        if self.take() not in ("struct", "union"):
            return None
        if self.peek() != "{":
            self.take()
        return self.fields("") if self.peek() == "{" else None

    def declarator(self, prefix, nested):
        name = self.take()
        sizes = self.dimensions()
        if self.peek() == ",":
            self.take(",")
        here = Field(prefix + name, sizes == [""])
        step = prefix + name + "[0]" * len(sizes) + "."
        return [here] + [Field(step + f.path, f.is_flexible) for f in nested or []]

    def read(self, header):
        """Reads all declarations into the header."""
        while self.peek():
            word = self.take()
            if word in ("ABI_LAYOUT", "_Static_assert"):
                self.skip_parentheses()
            elif word == "typedef":
                self.typedef(header)
                continue
            elif word in ("struct", "union"):
                name = f"{word} {self.take()}"
                spelling = self.spellings.get(name, "")
                record = Record(name, self.fields(""), name in self.ours, spelling)
                header.records.append(record)
            elif word == "enum":
                self.enumeration(header)
            else:
                raise HeaderError(f"'{word}' is not understood")
            self.take(";")

    def typedef(self, header):
        words = []
        while self.peek() not in (";", "[", "__attribute__"):
            words.append(self.take())
        while self.peek() != ";":
            self.take()
        self.take(";")
        if words[-1] not in self.ours:
            header.types.append(words[-1])

    def enumeration(self, header):
        if self.peek() != "{":
            self.take()
        self.take("{")
        while self.peek() != "}":
            name = self.take()
            while self.peek() not in (",", "}"):
                self.take()
            if self.peek() == ",":
                self.take(",")
            if name not in self.ours:
                header.constants[name] = name
        self.take("}")


def marked_names(lines):
    """Names of types, structures and enumerators that a comment marks: Atoll's own, and Xen's
    spelling of others."""
    ours, spellings = set(), {}
    for line in lines:
        spelling = XEN_SPELLING.search(line)
        if ATOLL_ONLY not in line and not spelling:
            continue
        code = re.sub(r"/\*.*?\*/|__attribute__\(\(.*?\)\)\)", "", line)
        record = re.match(r"\s*((?:struct|union) \w+) \{", code)
        name = record.group(1) if record else re.findall(r"[A-Za-z_]\w*", code.split("=")[0])[-1]
        if spelling:
            spellings[name] = spelling.group(1)
        else:
            ours.add(name)
    return ours, spellings


def read_header(path):
    """Reads one header. A header whose first comment says `Atoll only` defines nothing of Xen's."""
    with open(path, encoding="ascii") as file:
        text = file.read()
    header = Header()
    comments = re.findall(r"/\*.*?\*/", text, re.S)
    if any(ATOLL_ONLY in comment for comment in comments[:2]):
        return header
    guard = re.search(r"#ifndef (\w+)", text).group(1)
    header.public_headers = re.findall(r"<(xen/[\w/-]+\.h)>", " ".join(comments))
    code = []
    lines = logical_lines(text)
    for line in lines:
        if re.match(r"\s*#\s*define", line):
            read_macro(header, line, guard)
        elif not line.lstrip().startswith("#"):
            code.append(line)
    plain = re.sub(r"/\*.*?\*/", " ", "\n".join(code), flags=re.S)
    Declarations(plain, *marked_names(code)).read(header)
    return header
