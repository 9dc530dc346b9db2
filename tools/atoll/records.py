# SPDX-License-Identifier: BSD-2-Clause
"""The report protocol between the control domain and atoll-qemu, on the second serial port.

The control domain speaks it on COM2 (0x2f8) when its command line holds `report=com2`. Both
directions carry lines of printable ASCII that end in one newline, words separated by one space.
A line is at most 640 bytes long with its newline. NAME is a domain's name, ID its number, N a
decimal number that the tool chose, HEX an even number of hexadecimal digits for at most 256
bytes; it may be missing where there are no bytes.

From the control domain, `report 1` first (UEFI firmware writes its own text to every serial port
before; whatever comes before this record is dropped):

    report 1                     the version of this protocol
    ready                        the shell prompt is up; each domain that atoll.cfg names has been
                                 created or refused
    domain NAME ID created
    domain NAME ID running       unpaused for the first time
    domain NAME ID ended REASON  REASON: poweroff reboot crash suspend soft_reset destroyed
    refused FILE HEX             the configuration FILE made no domain; HEX is a sentence that names it.
                                 Before `ready` that ends the run, later a command has failed
    console NAME HEX             output of a guest's console
    exec N HEX                   output of command N, in order, as many records as it takes
    exec-done N STATUS           command N has ended, STATUS 0 or a negative errno
    idle                         ready, and no domain that was created at boot (or made anew by its
                                 on_reboot) is left; sent once for each time this becomes true

To the control domain:

    exec N COMMAND               types COMMAND (the rest of the line) at the shell
    console NAME HEX             input for a guest's console

A domain that is made anew after its reboot reports `ended reboot`, then `created` under its new ID.
The tool believes these records because no guest can write to COM2; it judges nothing by what
appears on COM1 or on a console, except what a loader prints before the hypervisor's first line.
"""
from dataclasses import dataclass

LINE_MAX = 640
PIECE_MAX = 256
START = b"report 1\n"
END_REASONS = ("poweroff", "reboot", "crash", "suspend", "soft_reset", "destroyed")


class RecordError(Exception):
    """A line is no record of this protocol."""


@dataclass(frozen=True)
class Record:
    """One line from the control domain. Fields that its kind has not are empty."""
    kind: str
    name: str = ""
    domid: int = -1
    reason: str = ""
    number: int = -1
    status: int = 0
    data: bytes = b""


def _domain(words):
    name, domid, state = words[0], int(words[1]), words[2]
    if state in ("created", "running") and len(words) == 3:
        return Record(state, name=name, domid=domid)
    if state == "ended" and len(words) == 4 and words[3] in END_REASONS:
        return Record("ended", name=name, domid=domid, reason=words[3])
    raise ValueError(state)


def _named_bytes(kind):
    return lambda words: Record(kind, name=words[0], data=_data(words[1:]))


def _data(words):
    if len(words) > 1:
        raise ValueError("words after the bytes")
    return bytes.fromhex(words[0]) if words else b""


def _bare(kind):
    def parse(words):
        if words:
            raise ValueError("words after " + kind)
        return Record(kind)
    return parse


def _exec_done(words):
    number, status = words
    return Record("exec-done", number=int(number), status=int(status))


PARSERS = {
    "ready": _bare("ready"),
    "idle": _bare("idle"),
    "domain": _domain,
    "refused": _named_bytes("refused"),
    "console": _named_bytes("console"),
    "exec": lambda words: Record("exec", number=int(words[0]), data=_data(words[1:])),
    "exec-done": _exec_done,
}


def parse(line):
    """The Record in `line` (bytes without the newline)."""
    try:
        words = line.decode("ascii").rstrip("\r").split(" ")
        return PARSERS[words[0]](words[1:])
    except (KeyError, ValueError, IndexError) as error:
        raise RecordError(f"no record: {line[:80]!r}") from error


class Decoder:
    """Cuts a byte stream into records; a line may come in any number of pieces."""

    def __init__(self):
        self.rest = b""
        self.started = False

    def feed(self, data):
        """The records that `data` completes, in order. Raises RecordError."""
        if not self.started:
            before, start, data = (self.rest + data).partition(START)
            self.started = bool(start)
            self.rest = b"" if start else before[1 - len(START):]
            if not start:
                return []
        lines = (self.rest + data).split(b"\n")
        self.rest = lines.pop()
        if len(self.rest) >= LINE_MAX:
            raise RecordError(f"a line longer than {LINE_MAX} bytes: {self.rest[:80]!r}")
        return [parse(line) for line in lines if line.strip()]


def exec_line(number, command):
    """The line that types `command` at the shell."""
    line = f"exec {number} {command}\n".encode("ascii", "replace")
    if len(line) > LINE_MAX or b"\n" in line[:-1]:
        raise RecordError(f"a command of more than {LINE_MAX} bytes or with a line break")
    return line


def console_lines(name, data):
    """The lines that type `data` at the console of domain `name`."""
    pieces = (data[start:start + PIECE_MAX] for start in range(0, len(data), PIECE_MAX))
    return b"".join(f"console {name} {piece.hex()}\n".encode("ascii") for piece in pieces)
