# SPDX-License-Identifier: BSD-2-Clause
"""Every guest of ours passes on Debian's real Xen: that shows that the test is right."""
import os

import pytest

import guests
import lab

# Two CPUs for what has further vcpus; Xen's boot takes 12 s of it.
SECONDS = 2400
NAMES = ["demo", *guests.names()]
# Linux's back end gives an interface up for good in about fifteen of the cases. The control domain
# has the address 10.0.2.2 on the bridge xenbr0 (dom0-init).
SETTINGS = {"net": {"vif": ["bridge=lab1"] * 20},
            "demo": {"vif": ["bridge=xenbr0", "bridge=lab0"],
                     "cmdline": "ip=10.0.2.16 ping=10.0.2.2"}}


@pytest.fixture(scope="module", name="results")
def results_fixture():
    chosen = {name: (guests.image(name),
                     guests.config(name, f"/guests/{name}.elf", **SETTINGS.get(name, {})))
              for name in NAMES}
    return lab.run(chosen, SECONDS, smp=2)


@pytest.mark.parametrize("name", NAMES)
def test_guest_passes_on_xen(results, name):
    assert name in results, f"Xen did not come to {name}; see {lab.XEN}/console.log"
    end, text = results[name]
    assert end == "gone", text
    if name == "demo":
        assert "demo: 10.0.2.2 answers ping 3" in text and "demo: ends" in text, text
        return
    passed, failed = guests.summary(text) or (0, 0)
    assert failed == 0 and passed > 0, text


def test_guests_are_built():
    assert os.path.isdir(os.path.join(guests.BUILD, "tests")), "run `make` first"
