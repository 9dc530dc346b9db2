# SPDX-License-Identifier: BSD-2-Clause
"""Guests' networks: Debian's front end on a bridge with an uplink and on one without.

`one` (1 vcpu) has its address from QEMU's DHCP server, `two` (2 vcpus) and the reference guest have
theirs by configuration; `one` and `two` also share the bridge `inner`, where `one` may only send
from its own address.
"""
import hashlib
import http.server
import os
import re
import socket
import struct
import threading
import time

import pytest

import guests
import machines
from atoll import qemu, session

SECONDS = machines.PATIENCE
LOAD_SECONDS = 60
DISK_SIZE = 16 << 20
FILE_MIB = 4
MACS = {"one": "00:16:3e:00:00:01", "two": "00:16:3e:00:00:02", "three": "00:16:3e:00:00:03"}
EMPTY = hashlib.sha256(b"").hexdigest()
# The host, seen from QEMU's user network.
HOST = "10.0.2.2"
TWO = "10.0.2.31"
REFERENCE = "10.0.2.40"


class Files(http.server.BaseHTTPRequestHandler):
    """Serves random bytes, made anew for each request; their checksums are kept."""
    protocol_version = "HTTP/1.0"
    checksums = []

    def do_GET(self):  # pylint: disable=invalid-name
        """Answers /MIB with so many MiB."""
        content = os.urandom(int(self.path[1:]) << 20)
        self.checksums.append(hashlib.sha256(content).hexdigest())
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):  # pylint: disable=arguments-differ
        """Prints nothing."""


@pytest.fixture(scope="module", name="server")
def server_fixture():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{HOST}:{server.server_port}"
        server.shutdown()


def with_vifs(text, *vifs):
    return text + "vif = [" + ", ".join(f'"{vif}"' for vif in vifs) + "]\n"


def linux(name, vcpus, address, *more):
    return with_vifs(machines.debian(name=name, vcpus=vcpus, memory=160, extra=f"ip={address}"),
                     f"mac={MACS[name]},bridge=xenbr0", *more)


@pytest.fixture(scope="module", name="running")
def running_fixture(tmp_path_factory):
    folder = tmp_path_factory.mktemp("net")
    disk = folder / "disk.img"
    disk.write_bytes(bytes(DISK_SIZE))
    texts = [linux("one", 1, "dhcp", "bridge=inner,antispoof=1") +
             f'disk = ["{disk},xvda,w"]\n',
             linux("two", 2, f"{TWO}/24", "bridge=inner"),
             with_vifs(machines.own("demo", name="reference", cmdline=f"hold ip={REFERENCE}"), ""),
             linux("three", 1, "10.0.2.33/24"),
             machines.own("net", name="hostile")]
    bundle = machines.bundle(*texts)
    del bundle.domains[3:]
    machine = qemu.Machine(boot="grub", smp=2, mem=1024, disks=bundle.disks, net="user",
                           net_dump=str(folder / "uplink.pcap"))
    with session.Session(bundle, machine) as running:
        running.dump = machine.net_dump
        machines.prompt(running)
        for name, address in ("one", "10.0.3.1"), ("two", "10.0.3.2"):
            machines.booted(running, name)
            run(running, name, f"ip addr add {address}/24 dev eth1; ip link set eth1 up")
        running.expect("reference", "demo: holding", SECONDS)
        yield running


def run(running, name, command):
    """Types a command at a guest's shell; gives what it prints. It must succeed."""
    text, status = machines.typed(running, name, command)
    assert status == 0, text
    return text


def checksum(text):
    return re.search(r"[0-9a-f]{64}", text).group()


def frames(path):
    """The frames of a file in pcap's format (QEMU's filter-dump), each as bytes."""
    with open(path, "rb") as source:
        content = source.read()
    found, at = [], 24
    while at + 16 <= len(content):
        size = struct.unpack_from("<I", content, at + 8)[0]
        found.append(content[at + 16:at + 16 + size])
        at += 16 + size
    return found


def address_bytes(text):
    return socket.inet_aton(text)


def addresses(frame):
    """The addresses in an IPv4 or ARP frame, the sender's and the receiver's."""
    if frame[12:14] == b"\x08\x00":
        return frame[26:30], frame[30:34]
    return (frame[28:32], frame[38:42]) if frame[12:14] == b"\x08\x06" else ()


def between(path, left, right):
    """IPv4 frames of a dump from one address to the other, either way."""
    pair = {address_bytes(left), address_bytes(right)}
    return [frame for frame in frames(path)
            if frame[12:14] == b"\x08\x00" and set(addresses(frame)) == pair]


def begin_stream(running, source, target, address):
    """Lets one guest send another random bytes without end; gives what end_stream() wants."""
    begin_stream.count += 1
    number, port = begin_stream.count, 5000 + begin_stream.count
    # A pipe that never ends, so that the listener does not end its direction: that ends the other.
    run(running, target, f"mkfifo /tmp/never{number}; (nc -l -p {port} <>/tmp/never{number} | "
                         f"sha256sum >/tmp/got{number}; "
                         f"touch /tmp/gone{number}) & {machines.listening(port)}")
    run(running, source, f"mkfifo /tmp/pipe{number}; "
                         f"(sha256sum </tmp/pipe{number} >/tmp/sent{number}) & "
                         f"(while head -c {1 << 20} /dev/urandom; [ ! -e /tmp/stop{number} ]; do :; done | "
                         f"tee /tmp/pipe{number} | nc {address} {port} >/dev/null; "
                         f"touch /tmp/gone{number}) & :")
    return source, target, number


begin_stream.count = 0


def end_stream(running, stream):
    """Ends it; what was sent has come. Gives its checksum."""
    source, target, number = stream
    wait = f"while [ ! -e /tmp/gone{number} ]; do sleep 0.2; done"
    run(running, source, f"touch /tmp/stop{number}; {wait}")
    sent = checksum(run(running, source, f"cat /tmp/sent{number}"))
    assert checksum(run(running, target, f"{wait}; cat /tmp/got{number}")) == sent
    assert sent != EMPTY


def transfer(running, source, target, address):
    """Sends a little from one guest to another; the checksums there must be the same."""
    stream = begin_stream(running, source, target, address)
    run(running, source, "sleep 2")
    end_stream(running, stream)


def ping(running, source, address, count=3):
    text = run(running, source, f"ping -c {count} -W 5 {address}")
    assert f"{count} packets received" in text or f" {count} received" in text, text


def test_the_address_comes_from_outside(running):
    text = run(running, "one", "ip addr show dev eth0")
    assert re.search(r"inet 10\.0\.2\.\d+/24", text) and MACS["one"] in text, text
    ping(running, "one", HOST)


@pytest.mark.parametrize("name", ["one", "two"])
def test_a_file_from_outside(running, server, name):
    text = run(running, name, f"wget -q -O - {server}/{FILE_MIB} | sha256sum")
    assert checksum(text) == Files.checksums[-1]


@pytest.mark.parametrize("name", ["one", "two"])
def test_a_file_to_the_outside(running, name):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(SECONDS)
        port = listener.getsockname()[1]
        got = hashlib.sha256()

        def take():
            with listener.accept()[0] as peer:
                while data := peer.recv(1 << 16):
                    got.update(data)

        taker = threading.Thread(target=take)
        taker.start()
        text = run(running, name, f"head -c {FILE_MIB << 20} /dev/urandom > /tmp/file; "
                                  f"sha256sum /tmp/file; nc -w 30 {HOST} {port} < /tmp/file")
        taker.join(SECONDS)
    assert got.hexdigest() == checksum(text) != EMPTY


def test_two_guests_with_an_uplink_beside_them(running, server):
    address = re.search(r"inet (10\.0\.2\.\d+)/24",
                        run(running, "one", "ip addr show dev eth0")).group(1)
    ping(running, "one", TWO)
    transfer(running, "one", "two", TWO)
    transfer(running, "two", "one", address)
    # The check can fail: what is meant for the uplink is in the same file.
    run(running, "one", f"wget -q -O /dev/null {server}/1")
    assert len(between(running.dump, address, HOST)) > 100
    assert not between(running.dump, address, TWO)


def test_two_guests_without_an_uplink(running):
    ping(running, "one", "10.0.3.2")
    ping(running, "two", "10.0.3.1")
    transfer(running, "one", "two", "10.0.3.2")
    transfer(running, "two", "one", "10.0.3.1")
    inner = address_bytes("10.0.3.0")[:3]
    assert inner not in {address[:3] for frame in frames(running.dump)
                         for address in addresses(frame)}


def test_the_reference_guest_answers(running):
    ping(running, "one", REFERENCE)
    ping(running, "two", REFERENCE)


def test_another_source_address_is_dropped(running):
    own = run(running, "one", "cat /sys/class/net/eth1/address").strip().split()[-1]
    change = "ip link set eth1 down; ip link set eth1 address {}; ip link set eth1 up"
    run(running, "one", change.format("00:16:3e:77:77:77"))
    text, status = machines.typed(running, "one", "ping -c 2 -W 2 10.0.3.2")
    assert status != 0, text
    run(running, "one", change.format(own))
    ping(running, "one", "10.0.3.2")


def test_a_guest_whose_rings_are_wrong_harms_nobody(running):
    before = machines.settled_memory(running)
    stream = begin_stream(running, "one", "two", "10.0.3.2")
    assert running.execute("create guest4.cfg", SECONDS)[1] == 0
    running.wait_record("ended", SECONDS, name="hostile")
    assert guests.summary(running.text("hostile"))[1] == 0, running.text("hostile")
    end_stream(running, stream)
    machines.returned_memory(running, before)


def test_a_guest_destroyed_while_it_sends(running):
    before = machines.settled_memory(running)
    stream = begin_stream(running, "one", "two", "10.0.3.2")
    assert running.execute("create guest3.cfg", SECONDS)[1] == 0
    machines.booted(running, "three")
    run(running, "two", "mkfifo /tmp/never; (nc -l -p 4000 <>/tmp/never >/dev/null) & " +
        machines.listening(4000))
    running.type("three", f"nc {TWO} 4000 </dev/zero &\nping -f 10.0.2.31 >/dev/null &\n")
    run(running, "three", "sleep 2")
    assert running.execute("destroy three", SECONDS)[1] == 0
    running.wait_record("ended", SECONDS, name="three")
    ping(running, "one", REFERENCE)
    end_stream(running, stream)
    machines.returned_memory(running, before)


def received(running, name, interface):
    text = run(running, name, f"cat /sys/class/net/{interface}/statistics/rx_bytes")
    return int(text.split()[-1])


def wait_for_more(running, place, count):
    running.wait(lambda: received(running, *place) > count, SECONDS, f"more bytes on {place}")


def test_load_on_everything(running, server):
    streams = [begin_stream(running, "one", "two", "10.0.3.2"),
               begin_stream(running, "two", "one", "10.0.3.1")]
    for name in "one", "two":
        running.type(name, f"(while [ ! -e /tmp/enough ]; do wget -q -O - {server}/1 | sha256sum; "
                           "done >/tmp/files; touch /tmp/no-more) &\n")
    running.type("one", f"(while [ ! -e /tmp/enough ]; do head -c {4 << 20} /dev/urandom >/tmp/part; "
                        "dd if=/tmp/part of=/dev/xvda bs=64k conv=fsync 2>/dev/null; "
                        f"echo 3 >/proc/sys/vm/drop_caches; head -c {4 << 20} /dev/xvda | cmp - /tmp/part "
                        "&& echo same || echo differs; done >/tmp/disk; touch /tmp/no-disk) &\n")
    end = time.monotonic() + LOAD_SECONDS
    places = [(name, interface) for name in ("one", "two") for interface in ("eth0", "eth1")]
    before = [received(running, *place) for place in places]
    while time.monotonic() < end:
        run(running, "one", "sleep 1")
        for place, count in zip(places, before):
            wait_for_more(running, place, count)
        before = [received(running, *place) for place in places]
    for name in "one", "two":
        run(running, name, "touch /tmp/enough; while [ ! -e /tmp/no-more ]; do sleep 0.2; done")
        sums = re.findall("[0-9a-f]{64}", run(running, name, "cat /tmp/files"))
        assert sums and set(sums) <= set(Files.checksums)
    text = run(running, "one", "while [ ! -e /tmp/no-disk ]; do sleep 0.2; done; cat /tmp/disk")
    assert "same" in text and "differs" not in text
    for stream in streams:
        end_stream(running, stream)
