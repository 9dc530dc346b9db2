# SPDX-License-Identifier: BSD-2-Clause
"""Reads C, assembly and script sources for the checks and the report.

Functions are found by the shape that clang-format gives them: `{` and `}` alone in the first
column.
"""
import os
import re
from dataclasses import dataclass

TREES = ("boot", "lib", "arch", "core", "drivers", "pv-abi", "guest-kernel", "tools", "tests")
SUFFIXES = {".c": "c", ".h": "c", ".def": "c", ".asm": "asm", ".inc": "asm", ".S": "c",
            ".lds": "c", ".py": "hash", ".sh": "hash", ".mk": "hash"}
C_PARTS = re.compile(r"""
    (?P<comment>/\*.*?\*/|//[^\n]*)
  | (?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')
""", re.VERBOSE | re.DOTALL)
LINE_COMMENT = {"asm": re.compile(r";.*"), "hash": re.compile(r"(^|\s)#.*")}


@dataclass
class Function:
    """A function's definition; `length` counts from its first line to its brace."""
    name: str
    line: int
    length: int
    parameters: int
    depth: int


class Source:
    """One file of the tree."""

    def __init__(self, path):
        self.path = path
        with open(path, encoding="utf-8") as source:
            self.text = source.read()
        self.language = language(path)
        self.lines = self.text.splitlines()

    def without_comments(self):
        """The text with comments blanked, line for line."""
        if self.language == "c":
            return C_PARTS.sub(blank_comment, self.text)
        pattern = LINE_COMMENT[self.language]
        return "\n".join(pattern.sub("", line) for line in self.lines)

    def comments(self):
        """(line number, text) of each line of a comment."""
        code = self.without_comments().split("\n")
        for number, line in enumerate(self.lines, 1):
            left = code[number - 1] if number <= len(code) else ""
            if len(left.strip()) < len(line.strip()):
                yield number, line[len(os.path.commonprefix([left.rstrip(), line])):].strip()

    def code_lines(self):
        """How many lines are neither blank nor comment."""
        return sum(1 for line in self.without_comments().split("\n") if line.strip())

    def functions(self):
        """The functions that a C file defines."""
        lines = C_PARTS.sub(blank, self.text).split("\n") if self.language == "c" else []
        start = None
        for number, line in enumerate(lines):
            if line == "{":
                start = number
            elif line == "}" and start is not None:
                first = head_line(lines, start)
                head = " ".join(lines[first:start])
                yield Function(function_name(head), first + 1, number - first + 1,
                               parameter_count(head), nesting(lines[start:number]))
                start = None


def language(path):
    name, suffix = os.path.splitext(path)
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    if os.path.basename(name) == "Makefile":
        return "hash"
    return None if suffix else script_language(path)


def script_language(path):
    """Scripts without a suffix are known by their first line."""
    with open(path, "rb") as source:
        return "hash" if source.read(2) == b"#!" else None


def blank(match):
    return re.sub(r"[^\n]", " ", match.group())


def blank_comment(match):
    return blank(match) if match.lastgroup == "comment" else match.group()


def head_line(lines, brace):
    """The first line of the definition whose body begins at `brace`."""
    first = brace
    while first > 0 and lines[first - 1].strip() and not lines[first - 1].startswith(("}", "#")) \
            and not lines[first - 1].rstrip().endswith(";"):
        first -= 1
    return first


def function_name(head):
    names = re.findall(r"(\w+)\s*\(", re.sub(r"__attribute__\s*\(\(.*?\)\)", "", head))
    return names[0] if names else head.strip()


def parameter_count(head):
    """Parameters between the outermost parentheses of the last list in `head`."""
    inside = head[head.find("(") + 1:head.rfind(")")]
    if inside.strip() in ("", "void"):
        return 0
    depth, count = 0, 1
    for character in inside:
        depth += (character in "([{") - (character in ")]}")
        count += character == "," and depth == 0
    return count


def nesting(body):
    """The deepest nesting of a function's body by indentation of control statements."""
    depth = 0
    for line in body:
        statement = re.match(r"( +)(?:\} )?(if|for|while|do|switch|else)\b", line)
        if statement:
            depth = max(depth, len(statement.group(1)) // 4)
    return depth


def find(trees=TREES, top="."):
    """Every source file below `trees`, sorted."""
    paths = []
    for tree in trees:
        for folder, folders, names in os.walk(os.path.join(top, tree)):
            folders[:] = [name for name in folders if name != "__pycache__"]
            paths += [os.path.normpath(os.path.join(folder, name)) for name in names]
    return [path for path in sorted(paths) if language(path)]
