# SPDX-License-Identifier: BSD-2-Clause
"""What becomes of a domain that ends: on_poweroff, on_reboot, on_crash, and xl's verbs."""
import re

import machines
from atoll import qemu, session

SECONDS = machines.PATIENCE
COUNTED = (*machines.COUNTED, "free")


def created(running, name):
    return [record.domid for record in running.records
            if record.kind == "created" and record.name == name]


def test_a_reboot_makes_a_new_domain():
    guest = machines.own("demo", cmdline="reboot", on_reboot="restart")
    with machines.start(guest, boot="grub") as running:
        machines.prompt(running)
        running.wait(lambda: len(created(running, "demo")) >= 3, SECONDS, "two reboots")
        domids = created(running, "demo")
        assert len(set(domids)) == len(domids)
        assert running.execute("destroy demo", SECONDS)[1] == 0


def test_a_triple_fault_is_a_reboot():
    with machines.start(machines.own("demo", cmdline="triple"), boot="grub") as running:
        assert running.wait_record("ended", SECONDS, name="demo").reason == "reboot"


def test_a_crashed_domain_is_preserved_when_asked():
    guest = machines.own("demo", cmdline="crash", on_crash="preserve")
    with machines.start(guest, boot="grub") as running:
        assert running.wait_record("ended", SECONDS, name="demo").reason == "crash"
        text, status = running.execute("list", SECONDS)
        row = next(line.split() for line in text.splitlines() if line.startswith("demo"))
        assert status == 0 and "c" in row[4], text
        text, status = running.execute("death demo", SECONDS)
        assert status != 0 and "demo has crashed by its own account" in text
        assert running.execute("destroy demo", SECONDS)[1] == 0
        assert "demo" not in running.execute("list", SECONDS)[0]


def test_linux_reboots_into_a_new_domain_and_powers_off():
    with machines.start(machines.debian(), boot="grub", smp=2) as running:
        machines.booted(running, "debian")
        running.type("debian", "reboot -f\n")
        machines.booted(running, "debian", 2)
        assert len(created(running, "debian")) == 2
        running.type("debian", "poweroff -f\n")
        assert running.wait_record("ended", SECONDS, name="debian", reason="poweroff")


def test_linux_powers_off_and_reboots_when_it_is_asked():
    guest = machines.debian() + 'on_reboot = "restart"\n'
    with machines.start(guest, boot="grub", smp=2) as running:
        machines.booted(running, "debian")
        assert running.execute("reboot debian", SECONDS) == ("", 0)
        machines.booted(running, "debian", 2)
        assert len(created(running, "debian")) == 2
        assert running.execute("shutdown debian", SECONDS) == ("", 0)
        assert running.wait_record("ended", SECONDS, name="debian", reason="poweroff")


def test_a_guests_console_goes_on_while_a_large_guest_is_created():
    """The builder gives memory in pieces; what a guest prints comes between them."""
    with machines.start(machines.debian(), machines.own("demo", name="large", memory=2048),
                        boot="grub", smp=1) as running:
        machines.booted(running, "debian")
        running.type("debian", "while :; do echo tick; usleep 20000; done\n")
        running.expect("debian", "^tick(?s:.*)^tick", SECONDS)
        running.wait_record("ended", SECONDS, name="large")
        assert running.execute("create guest1.cfg", SECONDS)[1] == 0
        kinds = [record.kind for record in running.records]
        answer = kinds[kinds.index("exec"):kinds.index("exec-done")]
        assert answer.count("console") >= 2, answer


def test_the_reference_guest_does_what_it_is_asked():
    guest = machines.own("demo", cmdline="hold", on_reboot="restart")
    with machines.start(guest, boot="grub") as running:
        running.expect("demo", "demo: holding", SECONDS)
        assert running.execute("reboot demo", SECONDS) == ("", 0)
        running.expect("demo", "(?s)demo: holding.*demo: holding", SECONDS)
        assert len(created(running, "demo")) == 2
        assert running.execute("shutdown demo", SECONDS) == ("", 0)
        assert running.wait_record("ended", SECONDS, name="demo", reason="poweroff")


def test_who_does_not_listen_is_named():
    with machines.start(machines.own("demo", cmdline="crash", on_crash="preserve"),
                        boot="grub") as running:
        running.wait_record("ended", SECONDS, name="demo")
        text, status = running.execute("shutdown demo", SECONDS)
        assert status == 0
        assert "destroy demo" in text


def test_guests_that_do_not_fit_leave_nothing():
    """The machine is filled in small steps. At each, guests are tried of which some need more than
    is left: some fail at their memory, some at their vcpus."""
    tried = [machines.own("demo", name="tried", memory=memory, vcpus=vcpus)
             for memory, vcpus in ((4, 1), (4, 64), (7, 33), (20, 1))]
    fillers = [machines.own("demo", name=f"filler{number}", memory=4, vcpus=1 + 16 * (number % 2))
               for number in range(20)]
    sentences = set()

    def attempt(running):
        for number in range(len(tried)):
            text, status = running.execute(f"create -p guest{number}.cfg", SECONDS)
            if status != 0:
                sentences.add(re.sub(r"\d+", "N", text.splitlines()[1]))
            else:
                assert running.execute("destroy tried", SECONDS) == ("", 0)

    bundle = machines.bundle(*tried, *fillers)
    bundle.domains.clear()
    with session.Session(bundle, qemu.Machine(boot="grub", mem=96)) as running:
        machines.prompt(running)
        # Tables of the control domain grow with the first guest, and stay.
        attempt(running)
        for number in range(len(fillers)):
            before = machines.settled_memory(running)
            attempt(running)
            machines.returned_memory(running, before, COUNTED)
            if running.execute(f"create -p guest{len(tried) + number}.cfg", SECONDS)[1] != 0:
                break
    assert len(sentences) >= 2, sentences
