# SPDX-License-Identifier: BSD-2-Clause
"""Tests of reading xl's configuration syntax."""
import pytest

from atoll import xlcfg

GUEST = """\
# a guest
name = "web"; memory = 0x100
kernel = 'vm linux'   # on the host
disk = [ "a",
         'b', ]
"""


def test_strings_numbers_and_lists_are_read():
    config = xlcfg.Config("web.cfg", GUEST)
    assert config.get("name") == "web"
    assert config.get("memory") == 256
    assert config.get("kernel") == "vm linux"
    assert config.get("disk") == ["a", "b"]
    assert config.get("vcpus", 1) == 1


def test_replacing_a_string_leaves_everything_else_in_place():
    config = xlcfg.Config("web.cfg", GUEST)
    assert config.replace({"kernel": "k"}) == GUEST.replace("'vm linux'", '"k"')


@pytest.mark.parametrize("text, message", [
    ("name = \"web", "f:1:8: this string has no end"),
    ("a = 1\nmemory 256\n", "f:2:8: = is missing after memory"),
    ("\n  = 3", "f:2:3: a setting begins with its name"),
    ("vcpus = two", "f:1:9: a value is a string in quotes, a number or a list"),
    ("vcpus = 1 2", "f:1:11: unexpected '2' after the value of vcpus"),
    ("disk = [ \"a\"", "f:1:13: this list has no ]"),
    ("disk = [ \"a\" \"b\" ]", "f:1:14: a list wants ',' or ']' after an item"),
    ("disk = [ , ]", "f:1:10: a value is"),
    ("memory = 010", "f:1:10: a number with a leading 0: write it without, or as 0x..."),
    ("a = $", "f:1:5: unexpected character '$'"),
])
def test_errors_say_file_line_and_column(text, message):
    with pytest.raises(xlcfg.ConfigError) as error:
        xlcfg.Config("f", text)
    assert str(error.value).startswith(message)


def test_a_number_where_a_path_is_wanted_is_refused():
    with pytest.raises(xlcfg.ConfigError, match="f:1:10: kernel is a string"):
        xlcfg.Config("f", "kernel = 3").string("kernel")


def test_escapes_stand_for_what_the_control_domain_takes_them_for():
    config = xlcfg.Config("f", r"""extra = "a\"b\\c\x41\102\t"; weight = -1""")
    assert config.get("extra") == 'a"b\\cAB\t'
    assert config.get("weight") == -1


def test_what_is_written_is_read_back():
    settings = {"options": 'say "x" and \'y\' \\', "control_memory": 64, "domains": ["a.cfg", "b.cfg"]}
    config = xlcfg.Config("f", xlcfg.write(settings))
    assert {key: config.get(key) for key in settings} == settings
