# SPDX-License-Identifier: BSD-2-Clause
"""Shows that the ABI comparison finds what is wrong in a header: each test spoils a copy."""

import os
import re
import shutil
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SCRIPT = os.path.join(HERE, "abi_compare.py")
SUMMARY = re.compile(
    r"(\d+) constants, (\d+) structures, (\d+) fields compared, (\d+) not compared\n"
)


def run(directory):
    """Runs the comparison on the headers below a directory."""
    return subprocess.run(
        [sys.executable, SCRIPT], cwd=directory, capture_output=True, text=True, check=False
    )


@pytest.fixture(name="spoil")
def spoil_fixture(tmp_path):
    """A function that replaces text in a copy of a header, without its assertions, and compares."""
    shutil.copytree(os.path.join(ROOT, "pv-abi"), tmp_path / "pv-abi")

    def spoil(header, old, new):
        path = tmp_path / "pv-abi" / header
        text = re.sub(r"ABI_LAYOUT\([^;]*\);", "", path.read_text())
        assert len(re.findall(old, text, re.S)) == 1
        path.write_text(re.sub(old, new, text, flags=re.S))
        return run(tmp_path)

    return spoil


def test_the_headers_agree_with_xen():
    result = run(ROOT)
    assert result.returncode == 0, result.stderr
    counts = [int(n) for n in SUMMARY.fullmatch(result.stdout).groups()]
    assert counts[3] == 0 and min(counts[:3]) > 100


@pytest.mark.parametrize(
    "header, old, new, complaint",
    [
        ("xen.h", r"(VIRQ_DOM_EXC) +3", r"\1 4", "constant VIRQ_DOM_EXC"),
        ("memory.h", r"\(x\) \+ 1", "(x) + 2", "constant XENMEMF_node"),
        ("event_channel.h", "1024U", "2048U", "constant COMPAT_EVTCHN_2L_NR_CHANNELS"),
        ("hvm_save.h", r"(CODE_MTRR) +14", r"\1 13", "constant HVM_SAVE_CODE_MTRR"),
        ("xen.h", "uint16_t domid_t", "int16_t domid_t", "constant domid_t"),
        ("sched.h", "int32_t pcpu", "uint32_t pcpu", "field struct sched_pin_override.pcpu"),
        ("io_ring.h", r"__pad\[44\]", "__pad[40]", "structure struct xen_sring"),
        (
            "vcpu.h",
            "compat_uint64_t state_entry_time",
            "uint64_aligned_t state_entry_time",
            "structure struct compat_vcpu_runstate_info (-m32)",
        ),
        (
            "sched.h",
            r"struct compat_sched_poll \{.*?\};",
            "",
            "structure struct sched_poll (-m32)",
        ),
        (
            "sched.h",
            "uint64_aligned_t timeout",
            "uint64_t timeout",
            "field struct sched_poll.timeout depends on the compiler's mode",
        ),
    ],
)
def test_what_differs_from_xen_is_named(spoil, header, old, new, complaint):
    result = spoil(header, old, new)
    assert result.returncode == 1
    assert complaint in result.stderr
    assert SUMMARY.fullmatch(result.stdout).group(4) == "0"


@pytest.mark.parametrize(
    "old, new",
    [
        (r"#define SCHEDOP_yield ", r"#define SCHEDOP_nap 8\n\g<0>"),
        (r"struct sched_shutdown \{", r"struct nap {\nint a;\n};\n\g<0>"),
        (r"#define SHUTDOWN_MAX ", r"enum { SHUTDOWN_nap };\n\g<0>"),
        (r"typedef|struct sched_shutdown \{", r"typedef int nap_t;\n\g<0>"),
        (r"uint32_t id;", "uint32_t number;"),
    ],
)
def test_a_name_that_xen_lacks_is_not_compared(spoil, old, new):
    result = spoil("sched.h", old, new)
    assert result.returncode == 1
    assert SUMMARY.fullmatch(result.stdout).group(4) != "0"
    assert "not in Xen's headers" in result.stderr


@pytest.mark.parametrize(
    "new",
    [
        r"#define SCHEDOP_nap 8 /* Atoll only */\n\g<0>",
        r"struct nap { /* Atoll only */\nint a;\n};\n\g<0>",
        r"typedef int nap_t; /* Atoll only */\n\g<0>",
    ],
)
def test_a_marked_name_of_ours_passes(spoil, new):
    assert spoil("sched.h", r"struct sched_shutdown \{", new).returncode == 0


def test_what_the_reader_does_not_know_is_an_error(spoil):
    result = spoil("sched.h", r"struct sched_shutdown \{", r"int nap(void);\n\g<0>")
    assert result.returncode == 1
    assert "sched.h: 'int' is not understood" in result.stderr
