# SPDX-License-Identifier: BSD-2-Clause
"""A guest that never gives up its CPU delays nobody."""
import pytest

import machines

SECONDS = machines.PATIENCE


@pytest.mark.parametrize("cmdline", ["spin", "spin-cli"])
def test_a_guest_in_an_endless_loop(cmdline):
    busy = machines.own("demo", cmdline=cmdline, name="busy")
    with machines.start(busy, machines.own("demo"), boot="grub", smp=1) as running:
        machines.prompt(running)
        running.expect("busy", "demo: spinning", SECONDS)
        ended = running.wait_record("ended", SECONDS, name="demo")
        assert ended.reason == "poweroff"
        text, status = running.execute("list", SECONDS)
        assert status == 0 and "busy" in text
