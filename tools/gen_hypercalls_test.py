# SPDX-License-Identifier: BSD-2-Clause
"""Tests of gen_hypercalls.py."""
import pytest

import gen_hypercalls as gen

TABLE = """
/* a comment, with (parentheses */

/* Waiting, and (so on). */
FAMILY(sched_op, 8, CMD_PTR)
/* Waits,
 * and waits. */
ROW(sched_op, SCHEDOP_poll, sched_op_poll, CONTROL, INOUT_BOTH(poll, "L4"), TARGET(OTHER),
    ARRAYS(ARRAY(ports[count], IN(port_t), 128)))
"""


def test_row_is_read_with_its_arrays():
    family, = gen.read_table(TABLE)
    row, = family.rows
    assert family.manual == "Waiting, and (so on)."
    assert row.manual == "Waits, and waits."
    assert row.argument_words() == "INOUT: `struct poll` (two layouts); " \
        "IN: `ports[count]` of `port_t`, at most 128"


def test_tests_follow_access_and_direction():
    row = gen.read_table(TABLE)[0].rows[0]
    names = list(row.tests())
    assert "other caller: -EPERM" in names
    assert "argument on a read-only page: -EFAULT" in names
    assert "the caller itself: -EINVAL" in names


@pytest.mark.parametrize("text", ["ROW(a, b)", "FAMILY(a, 1, CMD_PTR", "WORD(a)", "rubbish",
                                  "FAMILY(f, 1, VALUE) ROW(f, 0, h, ANY, SOME(type))"])
def test_bad_table_is_refused(text):
    with pytest.raises(gen.Bad):
        gen.read_table(text)
