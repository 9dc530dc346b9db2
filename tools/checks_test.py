# SPDX-License-Identifier: BSD-2-Clause
"""Tests of the static checks and of how sources are read."""
import pytest

import check_layers
import check_style
import csource
import run_parts

C_FILE = """\
/* SPDX-License-Identifier: BSD-2-Clause */
/* Owns nothing. */
#include "core/types.h"

static const struct pair pairs[] = {
    {1, 2},
};

/* Adds. */
int __attribute__((noinline)) add(int a,
                                  int (*b)(int, int))
{
    char c = '}'; // no brace
    if (a) {
        for (;;) {
            /* deep
             * } */
        }
    }
    return a;
}
"""


def source(tmp_path, text, name="core_file.c"):
    path = tmp_path / name
    path.write_text(text)
    return csource.Source(str(path))


def test_functions_are_found_with_length_parameters_and_depth(tmp_path):
    assert list(source(tmp_path, C_FILE).functions()) == [
        csource.Function(name="add", line=10, length=12, parameters=2, depth=2)]


def test_code_lines_are_neither_blank_nor_comment(tmp_path):
    assert source(tmp_path, C_FILE).code_lines() == 14
    assert source(tmp_path, "; comment\nmov eax, 1 ; more\n\n", "a.asm").code_lines() == 1


@pytest.mark.parametrize("path, system, header, fine", [
    ("core/a.c", False, "arch/x86/virt.h", True),
    ("core/a.c", False, "arch/x86/svm.h", False),
    ("core/a.c", False, "drivers/host/uart.h", False),
    ("core/a_test.c", False, "tests/fake/tlb.h", True),
    ("core/a_test.c", False, "arch/x86/svm.h", False),
    ("core/a.c", True, "string.h", False),
    ("arch/x86/a.c", False, "core/domain.h", True),
    ("arch/x86/a.c", False, "guest-kernel/guest.h", False),
    ("pv-abi/a.h", False, "lib/errno.h", False),
    ("pv-abi/a.h", False, "pv-abi/xen.h", True),
    ("lib/a.c", True, "stdatomic.h", False),
    ("drivers/pv/a.c", False, "guest-kernel/grants.h", True),
    ("guest-kernel/a.c", False, "core/types.h", False),
    ("boot/a.c", True, "efi.h", True),
])
def test_who_may_include_whom(path, system, header, fine):
    assert check_layers.allowed(path, system, header) is fine


def test_only_the_walker_computes_indices():
    code = "x = (va >> 39) & 0x1ff;\n"
    assert list(check_layers.problems("core/a.c", code, code))
    assert not list(check_layers.problems("arch/x86/pt.c", code, code))


@pytest.mark.parametrize("text, message", [
    ("int a;\n", "licence line"),
    (C_FILE + "\n" * 600, "at most 600 in a file"),
    (C_FILE.replace("Adds.", "Adds, no longer slow."), "`no longer`"),
    (C_FILE + "/* " + "x" * 100 + " */\n", "100 columns"),
])
def test_a_file_out_of_style_is_named(tmp_path, text, message):
    found = [problem[2] for problem in check_style.check_file("core/a.c", source(tmp_path, text))]
    assert any(message in text for text in found)


@pytest.mark.parametrize("body, message", [
    ("    a = 1;\n" * 60, "at most 60"),
    ("#if X\n#endif\n", "conditional"),
    ("    (void)a;\n", "silenced"),
    ("                        if (a) {\n", "nests 6 deep"),
])
def test_a_function_out_of_style_is_named(tmp_path, body, message):
    text = f"void f(int a)\n{{\n{body}}}\n"
    found = [problem[2] for problem in check_style.check_c("core/a.c", source(tmp_path, text))]
    assert any(message in text for text in found)


@pytest.mark.parametrize("line, counts", [
    ("[  PASSED  ] 9 test(s).", (9, 0)),
    ("[  FAILED  ] 2 test(s), listed below:", (0, 2)),
    ("3 failed, 90 passed in 1.70s", (90, 3)),
    ("91 passed in 2.22s", (91, 0)),
    ("90 passed, 1 skipped in 61.22s (0:01:01)", (90, 0)),
    ("everything passed", (0, 0)),
])
def test_counts_are_read_from_each_kind_of_summary(line, counts):
    assert run_parts.count(line) == counts
