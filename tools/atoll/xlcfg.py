# SPDX-License-Identifier: BSD-2-Clause
"""Reads configurations in xl's syntax, as far as the host tools need it.

The control domain judges keys and values; here the syntax is read, so that a kernel's host path
can be taken out and replaced without moving anything else in the file.
"""
import re
from dataclasses import dataclass

TOKEN = re.compile(r"""
    (?P<blank>[ \t\r]+|\#[^\n]*)
  | (?P<newline>\n)
  | (?P<key>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<number>-?(?:0[xX][0-9a-fA-F]+|[0-9]+))
  | (?P<string>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')
  | (?P<mark>[=\[\],;])
""", re.VERBOSE)
ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,2})|([0-7]{1,3})|(.))")
LETTERS = dict(zip("abfnrtv", "\a\b\f\n\r\t\v"))


def _meaning(escape):
    """What an escape in a string stands for, as lib/cfg_parse.c has it."""
    base16, base8, letter = escape.groups()
    if letter:
        return LETTERS.get(letter, letter)
    return chr(int(base16, 16) if base16 else int(base8, 8))


class ConfigError(Exception):
    """A configuration cannot be read; says file, line and column."""

    def __init__(self, filename, text, offset, message):
        line = text.count("\n", 0, offset) + 1
        column = offset - (text.rfind("\n", 0, offset) + 1) + 1
        super().__init__(f"{filename}:{line}:{column}: {message}")


@dataclass
class Value:
    """A value (str, int or list of them) and where its text lies."""
    value: object
    start: int
    end: int


class Config:
    """The settings of one configuration; `text` is the file as it was read."""

    def __init__(self, filename, text):
        self.filename = filename
        self.text = text
        self.settings = {}
        self.tokens = list(self._tokenize())
        self.position = 0
        while self._peek()[0] != "end":
            if self._peek()[1] in ("\n", ";"):
                self.position += 1
            else:
                self._setting()

    def _fail(self, offset, message):
        raise ConfigError(self.filename, self.text, offset, message)

    def _tokenize(self):
        offset = 0
        while offset < len(self.text):
            found = TOKEN.match(self.text, offset)
            if not found:
                quote = self.text[offset] in "\"'"
                self._fail(offset, "this string has no end" if quote else
                           f"unexpected character {self.text[offset]!r}")
            if found.lastgroup != "blank":
                yield (found.lastgroup, found.group(), offset, found.end())
            offset = found.end()
        yield ("end", "the end of the file", offset, offset)

    def _peek(self):
        return self.tokens[self.position]

    def _take(self):
        token = self.tokens[self.position]
        self.position += 1
        return token

    def _setting(self):
        kind, key, start, _ = self._take()
        if kind != "key":
            self._fail(start, f"a setting begins with its name, not with {key!r}")
        _, mark, start, _ = self._take()
        if mark != "=":
            self._fail(start, f"= is missing after {key}")
        self.settings[key] = self._value()
        _, mark, start, _ = self._peek()
        if mark not in ("\n", ";", "the end of the file"):
            self._fail(start, f"unexpected {mark!r} after the value of {key}")

    def _value(self):
        kind, text, start, end = self._take()
        if kind == "string":
            return Value(ESCAPE.sub(_meaning, text[1:-1]), start, end)
        if kind == "number":
            if re.match("-?0[0-9]", text):
                self._fail(start, "a number with a leading 0: write it without, or as 0x...")
            return Value(int(text, 0), start, end)
        if text == "[":
            return self._list(start)
        self._fail(start, f"a value is a string in quotes, a number or a list, not {text!r}")

    def _list(self, start):
        members, needs_comma = [], False
        while True:
            kind, text, offset, end = self._peek()
            if text == "]":
                self.position += 1
                return Value(members, start, end)
            if kind == "end":
                self._fail(offset, "this list has no ]")
            if text == "\n" or (text == "," and needs_comma):
                self.position += 1
                needs_comma = needs_comma and text != ","
            elif needs_comma:
                self._fail(offset, "a list wants ',' or ']' after an item")
            else:
                members.append(self._value().value)
                needs_comma = True

    def get(self, key, default=None):
        found = self.settings.get(key)
        return default if found is None else found.value

    def place(self, key):
        """Where the value of `key`, which is set, stands: file, line and column."""
        start = self.settings[key].start
        line = self.text.count("\n", 0, start) + 1
        return f"{self.filename}:{line}:{start - self.text.rfind(chr(10), 0, start)}"

    def string(self, key):
        """The string `key`, or None where it is not set."""
        found = self.settings.get(key)
        if found is not None and not isinstance(found.value, str):
            self._fail(found.start, f"{key} is a string in quotes")
        return None if found is None else found.value

    def replace(self, names):
        """The text of the configuration with `names` (key to a string or a list of them) put in."""
        text = self.text
        spans = sorted(((self.settings[key], name) for key, name in names.items()),
                       key=lambda pair: pair[0].start, reverse=True)
        for value, name in spans:
            text = text[:value.start] + form(name) + text[value.end:]
        return text


def quote(text):
    return '"' + re.sub(r'[\\"]', r"\\\g<0>", text).replace("\n", "\\n") + '"'


def form(value):
    """A number, a string or a list of strings as it stands in a configuration."""
    if isinstance(value, list):
        return "[" + ", ".join(quote(member) for member in value) + "]"
    return quote(value) if isinstance(value, str) else str(value)


def read(path):
    """The configuration in the file `path`. Raises ConfigError and OSError."""
    with open(path, encoding="utf-8") as source:
        return Config(path, source.read())


def write(settings):
    """The text of a configuration that holds `settings` (key to str, int or list of str)."""
    return "".join(f"{key} = {form(value)}\n" for key, value in settings.items())
