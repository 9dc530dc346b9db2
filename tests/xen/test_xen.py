# SPDX-License-Identifier: BSD-2-Clause
"""Every guest of ours passes on Debian's real Xen: that shows that the test is right."""
import os

import pytest

import guests
import lab

# Two CPUs for what has further vcpus; Xen's boot takes 12 s of it.
SECONDS = 900
NAMES = ["demo", *guests.names()]


@pytest.fixture(scope="module", name="results")
def results_fixture():
    chosen = {name: (guests.image(name), guests.config(name, f"/guests/{name}.elf"))
              for name in NAMES}
    return lab.run(chosen, SECONDS, smp=2)


@pytest.mark.parametrize("name", NAMES)
def test_guest_passes_on_xen(results, name):
    assert name in results, f"Xen did not come to {name}; see {lab.XEN}/console.log"
    end, text = results[name]
    assert end == "gone", text
    if name == "demo":
        assert "demo: ends" in text
        return
    passed, failed = guests.summary(text) or (0, 0)
    assert failed == 0 and passed > 0, text


def test_guests_are_built():
    assert os.path.isdir(os.path.join(guests.BUILD, "tests")), "run `make` first"
