# SPDX-License-Identifier: BSD-2-Clause
"""What Debian's kernel asks for and does not get."""
import re

import machines

# Hypercalls with an operation that Linux tries and does without: event_channel_op (init_control,
# then two-level events) and hvm_op (pagetable_dying).
MAY_BE_UNKNOWN = {"32": 1, "34": 1}


def test_a_debian_boot_asks_for_nothing_unknown():
    with machines.start(machines.debian(), boot="grub", smp=2) as running:
        machines.booted(running, "debian")
        text, status = running.execute("counters debian", machines.PATIENCE)
        assert status == 0
        unknown = {number: int(count) for number, count in
                   re.findall(r"hypercall (\d+) unknown +(\d+)", text)}
        assert unknown == MAY_BE_UNKNOWN, text
        assert re.search(r"hypercall 24\.8 ", text), "no hypercall is counted"
