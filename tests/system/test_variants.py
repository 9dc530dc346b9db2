# SPDX-License-Identifier: BSD-2-Clause
"""The system built by clang, and with DEBUG=1, boots and runs the reference guest."""
import os

import pytest

import guests
import machines

VARIANTS = ("clang", "debug")


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("boot", ["uefi", "grub"])
def test_smoke(variant, boot, monkeypatch):
    monkeypatch.setattr(guests, "BUILD", os.path.join(guests.TOP, "build", variant))
    with machines.start(machines.own("demo"), boot=boot, smp=2) as running:
        machines.prompt(running)
        assert running.wait_record("ended", machines.PATIENCE, name="demo").reason == "poweroff"
