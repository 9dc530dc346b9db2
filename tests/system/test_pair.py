# SPDX-License-Identifier: BSD-2-Clause
"""Grants and events between two domains, of which one dies while its page is mapped."""
import guests
import machines

SECONDS = machines.PATIENCE


def test_two_guests_share_a_page():
    user = machines.own("pair", name="user", cmdline="peer=2")
    granter = machines.own("pair", name="granter", cmdline="peer=1 granter")
    with machines.start(user, granter, boot="grub", smp=2) as running:
        machines.prompt(running)
        for name in ("granter", "user"):
            ended = running.wait_record("ended", SECONDS, name=name)
            text = running.text(name)
            assert ended.reason == "poweroff", text
            passed, failed = guests.summary(text) or (0, 0)
            assert failed == 0 and passed > 1, text
