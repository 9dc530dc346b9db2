# SPDX-License-Identifier: BSD-2-Clause
"""Tests of gen_hypercalls.py."""
import pytest

import gen_hypercalls as gen

TABLE = """
/* a comment, with (parentheses */
LAYOUT(poll, FIELD(poll, ports) FIELD(poll, count))
FAMILY(sched_op, CMD_PTR, "Waiting, and (so on).")
ROW(sched_op, SCHEDOP_poll, sched_op_poll, CONTROL, CONVERT(poll), INOUT,
    ARRAYS(ARRAY(ports, count, SAME(port_t), 128, IN)), NONE, "Waits, "
    "and waits.")
"""


def test_row_is_read_with_its_arrays():
    family, = gen.read_table(TABLE)
    row, = family.rows
    assert row.arrays == [["ports", "count", "SAME(port_t)", "128", "IN"]]
    assert row.manual == "Waits, and waits."
    assert "128" in row.argument_words()


def test_tests_follow_access_and_direction():
    row = gen.read_table(TABLE)[0].rows[0]
    names = list(row.tests())
    assert "other caller: -EPERM" in names
    assert "argument on a read-only page: -EFAULT" in names


@pytest.mark.parametrize("text", ["ROW(a, b)", "FAMILY(a, CMD_PTR, \"x\"", "WORD(a)", "rubbish"])
def test_bad_table_is_refused(text):
    with pytest.raises(gen.Bad):
        gen.read_table(text)
