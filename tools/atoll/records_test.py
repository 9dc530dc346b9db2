# SPDX-License-Identifier: BSD-2-Clause
"""Tests of the report protocol."""
import pytest

from atoll import records
from atoll.records import Record


@pytest.mark.parametrize("line, record", [
    (b"ready", Record("ready")),
    (b"idle", Record("idle")),
    (b"domain web 3 created", Record("created", name="web", domid=3)),
    (b"domain web 3 running", Record("running", name="web", domid=3)),
    (b"domain web 3 ended crash", Record("ended", name="web", domid=3, reason="crash")),
    (b"refused web.cfg 6f6f70", Record("refused", name="web.cfg", data=b"oop")),
    (b"console web 0a41", Record("console", name="web", data=b"\nA")),
    (b"console web", Record("console", name="web")),
    (b"exec 2 6869", Record("exec", number=2, data=b"hi")),
    (b"exec-done 2 -22\r", Record("exec-done", number=2, status=-22)),
])
def test_each_record_is_read(line, record):
    assert records.parse(line) == record


@pytest.mark.parametrize("line", [
    b"", b"hello", b"ready now", b"domain web 3 ended", b"domain web x created",
    b"domain web 3 ended bored", b"console web 0", b"console web 00 00", b"exec-done 2",
    b"domain web 3 created \xff",
])
def test_anything_else_is_refused(line):
    with pytest.raises(records.RecordError):
        records.parse(line)


def test_records_come_out_whole_when_bytes_come_in_pieces():
    decoder = records.Decoder()
    stream = b"report 1\nready\nconsole a 4142\nidle\n"
    seen = [record for byte in stream for record in decoder.feed(bytes([byte]))]
    assert [record.kind for record in seen] == ["ready", "console", "idle"]


def test_what_firmware_writes_before_the_report_is_dropped():
    decoder = records.Decoder()
    assert not decoder.feed(b"\x1b[2JBdsDxe: report \r\nready\nrep")
    assert decoder.feed(b"ort 1\nidle\n") == [Record("idle")]


def test_a_line_without_end_is_refused():
    with pytest.raises(records.RecordError):
        records.Decoder().feed(records.START + b"console a " + b"41" * records.LINE_MAX)


def test_long_console_input_goes_in_several_lines():
    lines = records.console_lines("a", b"x" * (records.PIECE_MAX + 1)).splitlines(keepends=True)
    assert [len(line) <= records.LINE_MAX for line in lines] == [True, True]
    assert lines[1] == b"console a 78\n"


def test_a_command_with_a_line_break_is_refused():
    with pytest.raises(records.RecordError):
        records.exec_line(1, "list\nlist")
