# SPDX-License-Identifier: BSD-2-Clause
"""`make run` as a person types at it: the prompt, both guests, Debian's shell and back."""
import pexpect
import pytest

import guests
import machines

PROMPT = "atoll> "
LEAVE_CONSOLE = "\x1d"
QUIT_QEMU = "\x01x"
SECONDS = machines.PATIENCE


@pytest.fixture(scope="module", name="terminal")
def terminal_fixture():
    terminal = pexpect.spawn("make", ["--no-print-directory", "run"], cwd=guests.TOP,
                             timeout=SECONDS, encoding="utf-8", codec_errors="replace")
    terminal.expect_exact(PROMPT)
    yield terminal
    terminal.send(QUIT_QEMU)
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0


def test_both_guests_run(terminal):
    terminal.sendline("list")
    terminal.expect(r"Name +ID +Mem +VCPUs")
    terminal.expect(r"demo +\d")
    terminal.expect(r"debian +\d")
    terminal.expect_exact(PROMPT)


def test_debians_shell_is_one_console_away(terminal):
    terminal.sendline("console debian")
    terminal.expect_exact("debian# ")
    terminal.sendline("nproc")
    terminal.expect(r"nproc\s+2\s")
    # Text that is not seen stays the guest's.
    terminal.sendline("printf '\\033[8m'")
    terminal.expect_exact("\x1b[8m")
    terminal.send(LEAVE_CONSOLE)
    terminal.expect_exact("\x1b[!p\x1b[0m")
    terminal.expect_exact(PROMPT)


def test_the_line_is_edited(terminal):
    terminal.send("help lust\x1b[D\x1b[D\x7fi\r")
    terminal.expect(r"list \[DOMAIN\]")
    terminal.expect_exact(PROMPT)


def test_a_guest_that_is_destroyed_is_gone(terminal):
    terminal.sendline("destroy demo")
    terminal.expect_exact(PROMPT)
    terminal.sendline("list")
    terminal.expect(r"Name +ID")
    shown = terminal.expect([r"demo +\d", PROMPT])
    assert shown == 1
