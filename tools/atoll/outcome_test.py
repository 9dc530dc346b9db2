# SPDX-License-Identifier: BSD-2-Clause
"""Tests of when a run is over and with which exit status."""
import pytest

from atoll import outcome, qemu, records


def fed(lines, commands=()):
    state = outcome.Outcome(commands)
    for line in lines:
        state.see_record(records.parse(line.encode()))
    return state


def test_a_run_is_over_when_all_guests_powered_off():
    lines = ["domain a 1 created", "ready", "domain a 1 ended poweroff"]
    assert fed(lines).verdict() is None
    assert fed([*lines, "idle"]).verdict() == outcome.OK


@pytest.mark.parametrize("reason", ["crash", "suspend", "soft_reset"])
def test_a_bad_end_of_any_guest_is_status_1(reason):
    state = fed(["ready", f"domain a 1 ended {reason}", "domain b 2 ended poweroff", "idle"])
    assert state.verdict() == outcome.CRASHED


def test_a_rebooted_guest_is_waited_for_again():
    state = fed(["ready", "domain a 1 ended reboot", "idle", "domain a 2 created"])
    assert state.verdict() is None


def test_a_refused_configuration_is_status_2():
    state = fed(["refused a.cfg 612e6366673a206e6f"])
    assert state.verdict() == outcome.USAGE
    assert state.refused == ["a.cfg: no"]


def test_a_command_that_makes_no_domain_does_not_end_the_run():
    state = fed(["ready", "refused a.cfg 6e6f", "exec-done 1 -2"], ["create a.cfg"])
    assert state.verdict() is None


def test_commands_run_one_after_another_once_the_shell_is_ready():
    state = fed([], ["list", "info"])
    assert state.next_command() is None
    state.see_record(records.parse(b"ready"))
    assert state.next_command() == (1, "list")
    assert state.next_command() is None
    state.see_record(records.parse(b"exec-done 1 0"))
    assert state.next_command() == (2, "info")
    assert state.verdict() is None
    state.see_record(records.parse(b"exec-done 2 0"))
    assert state.verdict() == outcome.OK


def test_the_loader_is_believed_only_before_the_hypervisors_first_line():
    state = fed([])
    state.see_com1("Atoll cannot start: the CPU has no AMD-V.")
    assert state.verdict() == outcome.USAGE
    state = fed([])
    state.see_com1("Atoll, an x86-64 microhypervisor; guests see Xen 4.17")
    state.see_com1("Atoll cannot start: says a guest")
    assert state.verdict() is None


@pytest.mark.parametrize("status, user_quits, verdict", [
    (qemu.PANIC_STATUS, False, outcome.STOPPED),
    (qemu.POWEROFF_STATUS, False, outcome.OK),
    (0, True, outcome.OK),
    (0, False, outcome.STOPPED),
    (1, True, outcome.STOPPED),
])
def test_what_qemus_own_end_means(status, user_quits, verdict):
    assert fed(["ready"]).qemu_verdict(status, user_quits) == verdict


def test_an_end_before_the_hypervisors_first_line_is_qemus():
    seen = fed([])
    assert seen.qemu_verdict(qemu.ERROR_STATUS, False) == outcome.USAGE
    assert seen.refusal == "QEMU ended before Atoll began"
    seen = fed([])
    seen.see_com1("Atoll, an x86-64 microhypervisor")
    assert seen.qemu_verdict(qemu.ERROR_STATUS, False) == outcome.STOPPED
