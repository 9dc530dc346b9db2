# SPDX-License-Identifier: BSD-2-Clause
"""The control domain's shell: xl's verbs on guests of ours."""
import re

import pytest

import machines

SECONDS = machines.PATIENCE
ROUNDS = 100


@pytest.fixture(scope="module", name="running")
def running_fixture():
    guest = machines.own("demo", cmdline="hold", name="first")
    with machines.start(guest, boot="grub", smp=2) as running:
        machines.prompt(running)
        running.expect("first", "demo: holding", SECONDS)
        yield running


def test_list_has_xls_columns(running):
    text, status = running.execute("list", SECONDS)
    assert status == 0
    lines = text.splitlines()
    assert lines[0].split() == ["Name", "ID", "Mem", "VCPUs", "State", "Time(s)"]
    assert any(line.split()[0] == "first" for line in lines[1:])


def test_help_names_every_verb(running):
    text, _ = running.execute("help", SECONDS)
    for verb in ("list", "create", "destroy", "pause", "unpause", "shutdown", "reboot", "console",
                 "vcpu-list", "info", "dmesg", "help"):
        assert re.search(rf"\b{verb}\b", text), verb


def test_pause_stops_and_unpause_goes_on(running):
    assert running.execute("pause first", SECONDS)[1] == 0
    text, _ = running.execute("list", SECONDS)
    state = next(line.split()[4] for line in text.splitlines() if line.startswith("first"))
    assert "p" in state
    assert running.execute("unpause first", SECONDS)[1] == 0


def test_memory_is_protected(running):
    text, status = running.execute("info memory", SECONDS)
    assert status == 0
    assert re.search(r"writable and executable: 0\b", text)
    mapped = re.search(r"guest frames mapped: (\d+) \(registered (\d+)\)", text)
    assert mapped and mapped.group(1) == mapped.group(2), text


def test_info_has_no_empty_lines(running):
    text, status = running.execute("info", SECONDS)
    assert status == 0
    lines = dict(line.split(":", 1) for line in text.splitlines())
    assert all(value.strip() for value in lines.values()), text


@pytest.mark.parametrize("command", ["list nobody", "vcpu-list nobody", "block-list nobody",
                                     "network-list nobody", "list " + "x" * 100])
def test_there_is_no_table_of_what_is_not_there(running, command):
    text, status = running.execute(command, SECONDS)
    assert status != 0
    assert len(text.splitlines()) == 1, text


@pytest.mark.parametrize("command", ["destroy nobody", "create nowhere.cfg", "frobnicate"])
def test_a_wrong_command_says_so(running, command):
    text, status = running.execute(command, SECONDS)
    assert status != 0
    assert text.strip()


def test_creating_and_destroying_gives_all_memory_back(running):
    assert running.execute("destroy first", SECONDS)[1] == 0
    before = machines.settled_memory(running)
    for _ in range(ROUNDS):
        assert running.execute("create guest0.cfg", SECONDS)[1] == 0
        assert running.execute("destroy first", SECONDS)[1] == 0
    machines.returned_memory(running, before)
    # The heap gives whole chunks back when they are empty.
    assert machines.memory(running)["free"] >= before["free"]
