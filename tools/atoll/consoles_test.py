# SPDX-License-Identifier: BSD-2-Clause
"""Tests of showing and logging consoles."""
import io

from atoll import consoles


def test_each_line_carries_its_consoles_name():
    output = io.StringIO()
    both = consoles.Consoles(output)
    both.write("a", b"one\r\ntw")
    both.write("b", b"other\n")
    both.write("a", b"o\n$ ")
    both.close()
    assert output.getvalue() == "a| one\nb| other\na| two\na| $ \n"


def test_escape_sequences_and_control_characters_are_taken_out():
    assert consoles.plain("\x1b[2J\x1b[01;01Hred\x1b[0m\a \x1b=ok\x7f") == "red ok"
    assert consoles.plain("a\x1b]0;title\ab\x1bP1$r\x1b\\c\x9b31md\x1b]2;cut") == "abc31md"


def test_a_line_without_end_is_cut():
    lines = consoles.Lines().feed(b"x" * (consoles.LINE_MAX + 1))
    assert len(lines) == 1


def test_logs_hold_the_bytes_as_they_came(tmp_path):
    logged = consoles.Consoles(log=str(tmp_path / "logs"))
    logged.write("atoll", b"first\r\n", log_name="hypervisor")
    logged.write("../web", b"\x1b[1mbold\n")
    logged.close()
    assert (tmp_path / "logs/hypervisor.log").read_bytes() == b"first\r\n"
    assert (tmp_path / "logs/.._web.log").read_bytes() == b"\x1b[1mbold\n"
