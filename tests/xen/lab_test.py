# SPDX-License-Identifier: BSD-2-Clause
"""Tests of reading what the lab prints."""
import lab

TEXT = """(XEN) booting\r
LAB up\r
LAB begin one\r
| first\r
(XEN) noise\r
| \r
| LAB end one gone\r
\r
LAB end one gone\r
LAB begin two\r
| broken"""


def test_consoles_stand_between_their_marks():
    assert lab.split(TEXT) == {"one": ("gone", "first\n\nLAB end one gone")}
