# SPDX-License-Identifier: BSD-2-Clause
"""Writes consoles to the user's terminal, a name in front of each line, and to log files."""
import os
import re

# Escape sequences of ECMA-48 with what they bracket, its strings, and the two-byte ones.
ESCAPE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|[PX\]^_][^\x07\x1b]*(\x07|\x1b\\|$)|[@-Z\\-_=>78]|[()][A-Z0-9])")
# C0 and C1: a terminal takes U+009B for the start of a sequence too.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
LINE_MAX = 4096


def plain(text):
    """`text` without escape sequences and control characters."""
    return CONTROL.sub("", ESCAPE.sub("", text))


class Lines:
    """Cuts one console's bytes into plain lines."""

    def __init__(self):
        self.rest = b""

    def feed(self, data):
        """The lines that `data` completes."""
        lines = (self.rest + data).split(b"\n")
        self.rest = lines.pop()
        if len(self.rest) > LINE_MAX:
            lines.append(self.rest)
            self.rest = b""
        return [plain(line.decode("utf-8", "replace")) for line in lines]

    def flush(self):
        """What has come since the last line break, as a list of no or one line."""
        rest, self.rest = self.rest, b""
        line = plain(rest.decode("utf-8", "replace"))
        return [line] if line else []


class Consoles:
    """All consoles of a run. `output` is a text stream or None, `log` a folder or None."""

    def __init__(self, output=None, log=None):
        self.output = output
        self.log = log
        self.cutters = {}
        self.files = {}
        if log:
            os.makedirs(log, exist_ok=True)

    def write(self, name, data, log_name=None):
        """Takes `data` from console `name`; gives the lines that it completes."""
        self._log(log_name or name, data)
        lines = self.cutters.setdefault(name, Lines()).feed(data)
        self._show(name, lines)
        return lines

    def _show(self, name, lines):
        if self.output is not None and lines:
            self.output.write("".join(f"{name}| {line}\n" for line in lines))
            self.output.flush()

    def _log(self, name, data):
        if not self.log:
            return
        if name not in self.files:
            safe = re.sub(r"[^A-Za-z0-9._-]", "_", name)
            self.files[name] = open(os.path.join(self.log, safe + ".log"), "wb", buffering=0)
        self.files[name].write(data)

    def close(self):
        """Shows what stands in unfinished lines and closes the logs."""
        for name, cutter in self.cutters.items():
            self._show(name, cutter.flush())
        for log in self.files.values():
            log.close()
        self.files = {}
