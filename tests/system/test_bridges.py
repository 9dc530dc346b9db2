# SPDX-License-Identifier: BSD-2-Clause
"""Guests' network interfaces as a user of the shell sees them, and their end in the middle of traffic."""
import re

import pytest

import machines
from atoll import qemu, session

MAC = r"00:16:3e:[0-9a-f:]{8}"


def with_vifs(text, *vifs):
    return text + "vif = [" + ", ".join(f'"{vif}"' for vif in vifs) + "]\n"


@pytest.fixture(scope="module", name="running")
def running_fixture():
    one = with_vifs(machines.debian(name="one", vcpus=1, memory=192), "bridge=inner")
    two = with_vifs(machines.debian(name="two", vcpus=1, memory=192), "bridge=inner")
    held = with_vifs(machines.own("demo", name="held", cmdline="ip=10.1.0.1 hold",
                                  on_reboot="restart"),
                     "bridge=other,rate=1MB/s", "mac=00:16:3e:00:00:11")
    clash = with_vifs(machines.own("demo", name="clash"), "bridge=other,mac=00:16:3e:00:00:22",
                      "bridge=other,mac=00:16:3e:00:00:22")
    wrong = with_vifs(machines.own("demo", name="wrong"), "mac=00:16:3e:00:00")
    bundle = machines.bundle(one, two, held, clash, wrong)
    del bundle.domains[3:]
    with session.Session(bundle, qemu.Machine(boot="grub", smp=1)) as running:
        machines.prompt(running)
        running.expect("held", r"holding", machines.PATIENCE)
        yield running


def ask(running, command, status=0):
    text, found = running.execute(command, machines.PATIENCE)
    assert found == status, text
    return text


def made_address(running):
    text = ask(running, "network-list held")
    return re.search(rf"^0 +0 +({MAC}) ", text, re.MULTILINE).group(1)


def test_interfaces_of_a_domain(running):
    text = ask(running, "network-list held").splitlines()
    assert text[0].split() == ["Idx", "BE", "Mac", "Addr.", "handle", "state", "evt-ch", "tx-/rx-ring-ref",
                               "BE-path"]
    assert re.match(rf"0 +0 +{MAC} +0 +4 +-1 +\d+/\d+ +/local/domain/0/backend/vif/\d+/0$", text[1])
    assert re.match(r"1 +0 +00:16:3e:00:00:11 +1 .*/1$", text[2])
    assert len(text) == 3


def test_bridges_have_ports_and_counters(running):
    text = ask(running, "bridges")
    assert re.search(rf"^other +vif\d+\.0 +{MAC} +1500 ", text, re.MULTILINE)
    assert re.search(r"^xenbr0 +vif\d+\.1 +00:16:3e:00:00:11 ", text, re.MULTILINE)
    assert len(re.findall(r"^inner +vif", text, re.MULTILINE)) == 2
    assert "there is no port" in running.execute("bridges nobody", machines.PATIENCE)[0]


def test_what_is_without_effect_is_told(running):
    running.expect("atoll", r"vif 0: rate has no effect", machines.PATIENCE)


def test_two_interfaces_with_one_address_are_refused(running):
    text, status = running.execute("create guest3.cfg", machines.PATIENCE)
    assert status != 0 and "another interface of the bridge has its address" in text
    assert "00:16:3e:00:00:22" not in ask(running, "bridges")


def test_a_wrong_address_is_refused_by_its_line(running):
    text, status = running.execute("create guest4.cfg", machines.PATIENCE)
    assert status != 0 and re.search(r"guest4\.cfg:\d+:\d+: .*mac has the form", text)


def test_a_made_address_stays_over_a_reboot(running):
    before = made_address(running)
    ask(running, "reboot held")
    running.expect("held", r"(?s)holding.*holding", machines.PATIENCE)
    assert made_address(running) == before


def run(running, name, command):
    """Types a command at Debian's shell; gives what it prints."""
    return machines.typed(running, name, command)[0]


def start_network(running, name, last, boot=1):
    machines.booted(running, name, boot)
    run(running, name, f"ip link set eth0 up; ip addr add 10.0.0.{last}/24 dev eth0")


def frames_out(running):
    return sum(int(line.split()[6]) for line in ask(running, "bridges").splitlines()
               if line.startswith("inner"))


def test_a_guest_destroyed_in_the_middle_of_traffic_gives_everything_back(running):
    start_network(running, "one", 1)
    start_network(running, "two", 2)
    ask(running, "destroy two")
    before = machines.settled_memory(running)
    for boot in (2, 3):
        ask(running, "create guest1.cfg")
        start_network(running, "two", 2, boot)
        run(running, "two", "(nc -ll -p 7000 -e cat > /dev/null &); " + machines.listening(7000))
        run(running, "two", "(ping 10.0.0.1 > /dev/null &)")
        assert "bytes from" in run(running, "one", "ping -c 1 10.0.0.2")
        running.type("one", "(nc 10.0.0.2 7000 < /dev/zero > /dev/null; true) &\n")
        start = frames_out(running)
        running.wait(lambda: frames_out(running) >= start + 500, machines.PATIENCE, "500 frames")
        ask(running, "destroy two")
        machines.returned_memory(running, before)
        run(running, "one", "killall nc; ip neigh flush dev eth0")
