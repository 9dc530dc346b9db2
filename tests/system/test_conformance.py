# SPDX-License-Identifier: BSD-2-Clause
"""The conformance tests, which pass on Xen, pass on Atoll too."""
import pytest

import guests
import machines

SECONDS = 240
NAMES = ["demo", *guests.names()]


@pytest.fixture(scope="module", name="running")
def running_fixture():
    texts = [machines.own(name) for name in NAMES]
    with machines.start(*texts, smp=2) as running:
        machines.prompt(running)
        yield running


@pytest.mark.parametrize("name", NAMES)
def test_guest_passes_on_atoll(running, name):
    ended = running.wait_record("ended", SECONDS, name=name)
    text = running.text(name)
    assert ended.reason == "poweroff", text
    if name == "demo":
        assert "demo: ends" in text
        return
    passed, failed = guests.summary(text) or (0, 0)
    assert failed == 0 and passed > 0, text
