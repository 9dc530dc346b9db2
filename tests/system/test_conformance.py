# SPDX-License-Identifier: BSD-2-Clause
"""The conformance tests, which pass on Xen, pass on Atoll too."""
import pytest

import guests
import machines
from atoll import qemu, session

SECONDS = machines.PATIENCE
# The disks of the guest `disk` are a boot module and `null`; on Xen there is Linux's RAM disk alone.
RAM0_SIZE = 1 << 20
NAMES = ["demo", *guests.names()]


@pytest.fixture(scope="module", name="running")
def running_fixture():
    settings = {"disk": {"disk": ["phy:ram0,xvda,w", "phy:null,xvdb,w"]}}
    bundle = machines.bundle(*[machines.own(name, **settings.get(name, {})) for name in NAMES])
    bundle.control_options += " persistent-grants"
    bundle.files["ram0"] = bytes(RAM0_SIZE)
    machine = qemu.Machine(boot="grub", smp=2, mem=bundle.guest_memory + 384)
    with session.Session(bundle, machine) as running:
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
