# SPDX-License-Identifier: BSD-2-Clause
"""The store at the shell: the tree of a domain, and xenstore-ls, -list, -read, -write, -rm."""
import pytest

import machines

SECONDS = machines.PATIENCE
UUID = "11111111-2222-4333-8444-555555555555"


@pytest.fixture(scope="module", name="running")
def running_fixture():
    guest = machines.own("demo", cmdline="hold", name="first", uuid=UUID, vcpus=2,
                         on_reboot="restart")
    storm = machines.own("demo", cmdline="storm", name="storming")
    with machines.start(guest, storm, boot="grub") as running:
        machines.prompt(running)
        running.expect("first", "demo: holding", SECONDS)
        yield running


def tree(running, path="/"):
    """{path: (value, access)} of everything below a path."""
    text, status = running.execute(f"xenstore-ls -f -p {path}", SECONDS)
    assert status == 0, text
    found = {}
    for line in text.splitlines():
        name, _, rest = line.partition(' = "')
        value, _, access = rest.rpartition('"   ')
        found[name] = (value, access.strip("()"))
    return found


def domid(running, name):
    text, _ = running.execute(f"list {name}", SECONDS)
    return int(text.splitlines()[1].split()[1])


def test_a_domain_finds_its_tree(running):
    number = domid(running, "first")
    home = f"/local/domain/{number}"
    nodes = tree(running, home)
    shown, own = f"n0,r{number}", f"n{number},r0"
    expected = {
        "vm": (f"/vm/{UUID}", shown), "name": ("first", shown), "domid": (str(number), shown),
        "cpu/0/availability": ("online", shown), "cpu/1/availability": ("online", shown),
        "memory/static-max": (str(32 * 1024), shown), "memory/target": (str(32 * 1024), shown),
        "control": ("", shown), "control/shutdown": ("", own), "control/sysrq": ("", own),
        "control/platform-feature-xs_reset_watches": ("1", shown),
        "store/port": ("1", shown), "console/port": ("2", shown), "console/backend-id": ("0", shown),
        "console/type": ("xenconsoled", shown), "device": ("", shown), "data": ("", own),
        "drivers": ("", own), "feature": ("", own), "attr": ("", own), "error": ("", own)}
    for name, node in expected.items():
        assert nodes[f"{home}/{name}"] == node, name
    assert tree(running, nodes[f"{home}/console/backend"][0])
    assert tree(running, f"/vm/{UUID}")[f"/vm/{UUID}/name"] == ("first", shown)


def test_values_are_written_read_listed_and_removed(running):
    write = running.execute('xenstore-write /tool/a/b "two words" /tool/a/c ""', SECONDS)
    assert write == ("", 0)
    assert running.execute("xenstore-read /tool/a/b", SECONDS) == ("two words\n", 0)
    assert running.execute("xenstore-list /tool/a", SECONDS) == ("b\nc\n", 0)
    assert running.execute("xenstore-ls /tool", SECONDS)[0] == 'a = ""\n b = "two words"\n c = ""\n'
    assert running.execute("xenstore-rm /tool", SECONDS) == ("", 0)
    text, status = running.execute("xenstore-read /tool/a/b", SECONDS)
    assert status != 0 and "/tool/a/b" in text


def test_a_path_without_a_slash_is_domain_0s(running):
    assert running.execute("xenstore-read name", SECONDS) == ("Domain-0\n", 0)


@pytest.mark.parametrize("command", ["xenstore-read //x", "xenstore-rm /", "xenstore-rm /nowhere",
                                     "xenstore-ls /nowhere", "xenstore-write /x", "xenstore-ls -q"])
def test_what_cannot_be_says_so(running, command):
    text, status = running.execute(command, SECONDS)
    assert status != 0
    assert text.strip()


def wait_until_it_holds(running, times):
    running.wait(lambda: running.text("first").count("demo: holding") >= times, SECONDS,
                 f"start {times}")


def test_a_storm_of_requests_leaves_others_served(running):
    before = machines.memory(running)
    running.expect("storming", "requests served", SECONDS)
    for reboot in range(1, 4):
        assert running.execute("xenstore-read /local/domain/0/name", SECONDS) == ("Domain-0\n", 0)
        assert running.execute("reboot first", SECONDS) == ("", 0)
        wait_until_it_holds(running, reboot + 1)
        # No event is lost by the way: then both sides would wait for ever.
        running.expect("storming", "requests served", SECONDS, len(running.text("storming")))
    machines.returned_memory(running, before, ["Domain-0"])
    assert running.execute("destroy storming", SECONDS)[1] == 0


def test_nothing_stays_of_a_domain_that_is_gone(running):
    assert running.execute("create -p guest0.cfg", SECONDS)[1] != 0
    number = domid(running, "first")
    assert running.execute("destroy first", SECONDS)[1] == 0
    left = [path for path in tree(running) if f"/{number}" in path or UUID in path]
    assert left == []
