# SPDX-License-Identifier: BSD-2-Clause
"""tools/atoll-qemu as its user sees it: exit statuses, streams, logs."""
import os
import re
import subprocess

import pytest

import guests
import machines

TOOL = os.path.join(guests.TOP, "tools/atoll-qemu")


@pytest.fixture(name="tool")
def tool_fixture(tmp_path):
    """Runs the tool with a demo guest whose command line is given, if any."""
    def run(*arguments, cmdline=None):
        command = [TOOL, "--boot", "grub", *arguments]
        if cmdline is not None:
            config = tmp_path / "guest.cfg"
            config.write_text(machines.own("demo", cmdline=cmdline))
            command += ["--domain", str(config)]
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=2 * machines.PATIENCE, check=False,
                              cwd=tmp_path)
    return run


def test_a_guest_that_powers_off(tool, tmp_path):
    done = tool("--log", "logs", cmdline="")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "demo| demo: ends\n" in done.stdout
    assert "demo: ends" in (tmp_path / "logs/demo.log").read_text()
    assert "Atoll, an x86-64 microhypervisor" in (tmp_path / "logs/hypervisor.log").read_text()


def test_the_configuration_that_the_readme_shows(tool, tmp_path):
    with open(os.path.join(guests.TOP, "README.md"), encoding="utf-8") as readme:
        config = re.search(r"```\n(name = .*?)```", readme.read(), re.DOTALL).group(1)
    (tmp_path / "mine.cfg").write_text(config.replace("mykernel.elf", guests.image("demo")))
    done = tool("--domain", "mine.cfg", "--timeout", str(machines.PATIENCE))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("cmdline", ["crash"])
def test_a_guest_that_crashes(tool, cmdline):
    done = tool(cmdline=cmdline)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "guest demo crashed" in done.stderr


def test_a_time_out(tool):
    done = tool("--timeout", "8", cmdline="hold")
    assert done.returncode == 3, done.stdout + done.stderr


def test_commands(tool):
    done = tool("--exec", "list; info memory", "--timeout", str(machines.PATIENCE), cmdline="hold")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Name" in done.stdout and "demo" in done.stdout
    assert "writable and executable: 0" in done.stdout


def test_a_wrong_value_in_a_guests_configuration(tool, tmp_path):
    (tmp_path / "bad.cfg").write_text(machines.own("demo").replace("vcpus = 1", "vcpus = 'x'"))
    done = tool("--domain", "bad.cfg", "--timeout", str(machines.PATIENCE))
    assert done.returncode == 2, done.stdout + done.stderr
    assert "bad.cfg:4:9: 'vcpus' wants a number" in done.stderr


def test_two_at_once(tmp_path):
    (tmp_path / "guest.cfg").write_text(machines.own("demo"))
    command = [TOOL, "--timeout", str(machines.PATIENCE), "--domain", str(tmp_path / "guest.cfg")]
    both = [subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]


def test_intel_is_refused():
    done = subprocess.run([TOOL, "--cpu", "intel"], stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert "VT-x" in done.stderr
