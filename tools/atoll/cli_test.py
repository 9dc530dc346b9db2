# SPDX-License-Identifier: BSD-2-Clause
"""Tests of atoll-qemu against a stand-in for QEMU that plays the machine's part."""
import os
import stat

import pytest

from atoll import cli, qemu

# Connects to COM1 and COM2 as QEMU does. A step is: a console's bytes to send, ("wait", text) for a
# line from the tool, or an exit status.
STAND_IN = """#!/usr/bin/python3
import re, socket, sys, time
ports = {}
for argument in sys.argv:
    found = re.match("socket,id=(\\\\w+),path=(.*)", argument)
    if found:
        ports[found[1]] = socket.socket(socket.AF_UNIX)
        ports[found[1]].connect(found[2])
for step in STEPS:
    if isinstance(step, int):
        sys.exit(step)
    if step[0] == "wait":
        got = b""
        while not got.endswith(b"\\n"):
            got += ports["report"].recv(1)
        assert got.decode() == step[1] + "\\n", got
    else:
        ports[step[0]].sendall(step[1].encode())
time.sleep(60)
"""


@pytest.fixture(name="system")
def system_fixture(tmp_path, monkeypatch):
    """Gives a function that sets what the stand-in does."""
    build = tmp_path / "build"
    build.mkdir()
    for name in ("BOOTX64.EFI", "atoll.elf", "control.elf"):
        (build / name).write_text(name)
    monkeypatch.setenv("ATOLL_BUILD", str(build))
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    (tmp_path / "kernel").write_text("kernel")
    (tmp_path / "web.cfg").write_text("name = 'web'\nkernel = 'kernel'\n")
    monkeypatch.chdir(tmp_path)

    def play(*steps):
        program = tmp_path / "qemu-system-x86_64"
        program.write_text(STAND_IN.replace("STEPS", repr(list(steps))))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return play


def report(*lines):
    return ("report", "".join(line + "\n" for line in lines))


def hexed(text):
    return text.encode().hex()


START = report("report 1", "domain web 1 created", "ready", "domain web 1 running")


def test_a_guest_that_powers_off_is_status_0_and_its_console_is_streamed(system, capsys):
    system(("com1", "Atoll 1\r\n"), START, report("console web " + hexed("hello\n")),
           report("domain web 1 ended poweroff", "idle"))
    assert cli.main(["--domain", "web.cfg", "--log", "logs"]) == 0
    assert capsys.readouterr().out == "atoll| Atoll 1\nweb| hello\n"
    assert open("logs/web.log", encoding="ascii").read() == "hello\n"
    assert open("logs/hypervisor.log", "rb").read() == b"Atoll 1\r\n"


def test_a_crash_is_status_1(system, capsys):
    system(START, report("domain web 1 ended crash", "idle"))
    assert cli.main(["--domain", "web.cfg"]) == 1
    assert "guest web crashed" in capsys.readouterr().err


def test_commands_are_typed_in_turn_and_what_comes_back_is_printed(system, capsys):
    system(START, ("wait", "exec 1 list"), report("exec 1 " + hexed("Name"), "exec 1 " + hexed(
        " ID\n"), "exec-done 1 0"), ("wait", "exec 2 destroy x"), report("exec-done 2 -3"))
    assert cli.main(["--domain", "web.cfg", "--exec", "list; destroy x"]) == 0
    shown = capsys.readouterr()
    assert shown.out == "Name ID\n"
    assert "command 2 ended with status -3" in shown.err


@pytest.mark.parametrize("arguments, reason", [
    (["--cpu", "intel"], "VT-x"),
    (["--domain", "nowhere.cfg"], "nowhere.cfg"),
    (["--domain", "bad.cfg"], "bad.cfg:1:8"),
])
def test_usage_and_configuration_are_status_2(system, capsys, arguments, reason):
    system()
    with open("bad.cfg", "w", encoding="ascii") as output:
        output.write("kernel kernel\n")
    assert cli.main(arguments) == 2
    assert reason in capsys.readouterr().err


def test_wrong_options_are_status_2():
    with pytest.raises(SystemExit) as ended:
        cli.main(["--smp", "0"])
    assert ended.value.code == 2


def test_a_configuration_that_the_control_domain_refuses_is_status_2(system, capsys):
    system(report("report 1", "refused web.cfg " + hexed("web.cfg:1: no")), report("ready", "idle"))
    assert cli.main(["--domain", "web.cfg"]) == 2
    assert "web.cfg:1: no" in capsys.readouterr().err


def test_a_loader_that_refuses_is_status_2(system, capsys):
    system(("com1", "Atoll cannot start: no AMD-V\r\n"))
    assert cli.main([]) == 2
    assert "Atoll cannot start: no AMD-V" in capsys.readouterr().err


def test_time_out_is_status_3(system):
    system(START)
    assert cli.main(["--domain", "web.cfg", "--timeout", "1"]) == 3


@pytest.mark.parametrize("status", [qemu.PANIC_STATUS, 0])
def test_a_hypervisor_that_stops_is_status_4(system, status):
    system(START, status)
    assert cli.main(["--domain", "web.cfg"]) == 4


def test_a_damaged_report_is_status_4(system):
    system(report("report 1", "gibberish"))
    assert cli.main([]) == 4


def test_nothing_is_left_behind(system, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "private"))
    (tmp_path / "private").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)
    system(report("report 1", "ready", "idle"))
    assert cli.main([]) == 0
    assert os.listdir(tmp_path / "private") == []
