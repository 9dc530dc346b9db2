#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Checks what a formatter does not: sizes, licence lines, words, and links between documents."""
import glob
import os
import re
import subprocess
import sys

import csource

FILE_MAX = 600
FUNCTION_MAX = 60
PARAMETER_MAX = 5
# A hypercall has five arguments beside its number.
MANY_PARAMETERS = {"hypercall5", "hypercall_insn5", "hypercall_compat"}
NESTING_MAX = 4
COLUMN_MAX = 100
LICENCE = "SPDX-License-Identifier: BSD-2-Clause"

# Praise and history: a comment says what is, not how good it is or what was before.
WORDS = re.compile(r"""\b(robust|comprehensive|production-ready|powerful|elegant|seamless(ly)?
    |blazing|world-class|cutting-edge|simply|obviously|no\ longer|changed\ to|now\ uses
    |used\ to\ be|previously|formerly|for\ now|as\ requested|placeholder
    |TODO|FIXME|XXX|HACK)\b""", re.VERBOSE | re.IGNORECASE)
# One word for one thing: the glossary's, not its synonyms.
SYNONYMS = {"pfn": "gfn", "gpfn": "gfn", "vmexit": "exit", "hypervisor_guest": "domain"}
# The ABI spells some fields so; they stand behind a dot or an arrow.
SYNONYM = re.compile(r"(?<![.>\w])(" + "|".join(SYNONYMS) + r")\b")
SYNONYM_TREES = ("arch/", "core/")
NAMES = re.compile(r"(^|[/_-])(manager|helpers?|utils?|common|misc|context|data)([_.-]|$)")
SILENCING = re.compile(r"^\s*\(void\)\s*\w+\s*;|#\s*pragma\s+(GCC|clang)\s+diagnostic|NOLINT|"
                       r"cppcheck-suppress")
CONDITIONAL = re.compile(r"^\s*#\s*(if|ifdef|ifndef|elif)\b")
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]*)?\)")


def check_file(path, source):
    """Problems of any source file."""
    if LICENCE not in "\n".join(source.lines[:2]):
        yield path, 1, "the licence line is missing"
    if len(source.lines) > FILE_MAX:
        yield path, FILE_MAX, f"{len(source.lines)} lines: at most {FILE_MAX} in a file"
    if NAMES.search(os.path.basename(path)):
        yield path, 1, "the file's name does not say what it owns"
    for number, text in source.comments():
        found = WORDS.search(text)
        if found and path != "tools/check_style.py":
            yield path, number, f"`{found.group()}` in a comment"
    for number, line in enumerate(source.lines, 1):
        if len(line) > COLUMN_MAX and source.language != "hash":
            yield path, number, f"more than {COLUMN_MAX} columns"


def check_c(path, source):
    """Problems of a C file."""
    for function in source.functions():
        where = path, function.line
        if function.length > FUNCTION_MAX:
            yield *where, f"{function.name} has {function.length} lines: at most {FUNCTION_MAX}"
        if function.parameters > PARAMETER_MAX and function.name not in MANY_PARAMETERS:
            yield *where, f"{function.name} has {function.parameters} parameters: " \
                          f"at most {PARAMETER_MAX}"
        if function.depth > NESTING_MAX:
            yield *where, f"{function.name} nests {function.depth} deep: at most {NESTING_MAX}"
    for number, line in enumerate(source.without_comments().split("\n"), 1):
        if path.endswith(".c") and CONDITIONAL.match(line):
            yield path, number, "conditional compilation in a .c file"
        if path.startswith(SYNONYM_TREES) and SYNONYM.search(line):
            word = SYNONYM.search(line).group()
            yield path, number, f"`{word}` is called `{SYNONYMS[word]}` here"
    for number, line in enumerate(source.lines, 1):
        if SILENCING.search(line):
            yield path, number, "a warning is silenced"


def check_links(path):
    """Links of a document that lead nowhere."""
    with open(path, encoding="utf-8") as document:
        for number, line in enumerate(document, 1):
            for target in LINK.findall(line):
                beside = os.path.join(os.path.dirname(path), target[0])
                if "://" not in target[0] and not os.path.exists(beside):
                    yield path, number, f"link to {target[0]}, which is not there"


def check_executables():
    """Scripts are kept executable, all else is not."""
    listed = subprocess.run(["git", "ls-files", "-s", *csource.TREES], stdout=subprocess.PIPE,
                            text=True, check=False).stdout
    for line in listed.splitlines():
        mode, path = line.split()[0], line.split("\t")[1]
        if not os.path.exists(path):
            continue
        with open(path, "rb") as source:
            is_script = source.read(2) == b"#!"
        if is_script != (mode == "100755"):
            yield path, 1, "executable bit and #! line do not agree"


def main():
    found = list(check_executables())
    for path in csource.find():
        source = csource.Source(path)
        found += check_file(path, source)
        if source.language == "c" and path.endswith((".c", ".h")):
            found += check_c(path, source)
    for path in [*glob.glob("*.md"), *glob.glob("docs/**/*.md", recursive=True)]:
        found += check_links(path)
    for path, line, message in found:
        print(f"{path}:{line}: {message}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
