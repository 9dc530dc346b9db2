# SPDX-License-Identifier: BSD-2-Clause
"""Network cards: several of them, and one that does checksums and segments itself.

QEMU's user network leaves both to the control domain; its tap device (as root, with Linux's
/dev/net/tun) does them, and gives frames of 64 KiB that are to be cut.
"""
import contextlib
import fcntl
import hashlib
import os
import re
import socket
import struct
import threading

import pytest

import machines
from atoll import qemu

SECONDS = 120
BOOT_SECONDS = 180
TAP = "atoll-test"
# RFC 5737, 3: addresses for examples.
HOST, GUEST = "198.51.100.1", "198.51.100.2"
SIZE = 4 << 20
# <linux/if_tun.h> and <linux/sockios.h>.
TUNSETIFF, TUNSETPERSIST = 0x400454ca, 0x400454cb
TUN_FLAGS = 0x5002  # IFF_TAP, IFF_NO_PI, IFF_VNET_HDR
SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK = 0x8914, 0x8916, 0x891c
IFF_UP = 1
ETH_P_ALL = 3  # <linux/if_ether.h>
ETHERNET_MAX = 1514


def linux(name, bridge):
    return machines.debian(name=name, vcpus=1, memory=160) + f'vif = ["bridge={bridge}"]\n'


def run(running, name, command):
    """Types a command at a guest's shell; gives what it prints. It must succeed."""
    text, status = machines.typed(running, name, command, SECONDS)
    assert status == 0, text
    return text


def connect(running, name, address):
    running.expect(name, "^debian# ", BOOT_SECONDS)
    run(running, name, f"ip addr add {address}/24 dev eth0; ip link set eth0 up; sleep 1")


def test_each_card_has_its_bridge(tmp_path):
    dump = str(tmp_path / "second.pcap")
    devices = ["-netdev", "user,id=net1", "-device",
               "virtio-net-pci,netdev=net1,disable-legacy=on,romfile=,mac=52:54:00:00:00:99,"
               f"addr={qemu.NET_SLOT + 1:#x}",
               "-object", f"filter-dump,id=dump1,netdev=net1,file={dump}"]
    with machines.start(linux("first", "xenbr0"), linux("second", "xenbr1"),
                        boot="grub", net="user", devices=devices) as running:
        running.expect("atoll", r"^eth0: network card at PCI 00:18\.0, .* uplink of xenbr0", SECONDS)
        running.expect("atoll", r"^eth1: network card at PCI 00:19\.0, 52:54:00:00:00:99, mtu 1500, "
                                "link up, uplink of xenbr1", SECONDS)
        for name, address in ("first", "10.0.2.21"), ("second", "10.0.2.22"):
            connect(running, name, address)
            assert ", 0% packet loss" in run(running, name, "ping -c 2 10.0.2.2")
    with open(dump, "rb") as frames:
        content = frames.read()
    assert socket.inet_aton("10.0.2.22") in content
    assert socket.inet_aton("10.0.2.21") not in content


def set_link(path, is_up):
    """Plugs the cable of the user network in or out, by QEMU's monitor."""
    with socket.socket(socket.AF_UNIX) as monitor:
        monitor.connect(path)
        with monitor.makefile("rw", encoding="ascii", errors="replace") as lines:
            lines.write(f"set_link net0 {'on' if is_up else 'off'}\n")
            lines.flush()
            # It echoes the command, and has done it when the next prompt is there.
            while "set_link" not in lines.readline():
                pass


def uplink_link(running):
    """What `bridges` shows of the card's cable."""
    text, status = running.execute("bridges", SECONDS)
    assert status == 0
    return re.search(r"^xenbr0 +eth0 +[0-9a-f:]{17} +1500 +(\S+) ", text, re.MULTILINE).group(1)


def test_a_cable_that_is_pulled_is_told(tmp_path):
    path = str(tmp_path / "monitor")
    guest = machines.own("demo", cmdline="ip=10.0.2.16 hold") + 'vif = [""]\n'
    with machines.start(guest, boot="grub", net="user",
                        devices=["-monitor", f"unix:{path},server=on,wait=off"]) as running:
        machines.prompt(running)
        assert uplink_link(running) == "up"
        set_link(path, False)
        running.expect("atoll", "^eth0: link down, uplink of xenbr0", SECONDS)
        assert uplink_link(running) == "down"
        # A guest's interface keeps its own.
        assert re.search(r"^xenbr0 +vif1\.0 +[0-9a-f:]{17} +1500 +- ",
                         running.execute("bridges", SECONDS)[0], re.MULTILINE)
        set_link(path, True)
        running.expect("atoll", "^eth0: link up, uplink of xenbr0", SECONDS)
        assert uplink_link(running) == "up"


class Peer:
    """On the host: takes all that a connection brings, then sends as much back."""

    def __init__(self, address):
        self.listener = socket.create_server((address, 0))
        self.port = self.listener.getsockname()[1]
        self.content = os.urandom(SIZE)
        self.got = hashlib.sha256()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        peer = self.listener.accept()[0]
        with peer:
            left = SIZE
            while left:
                part = peer.recv(min(left, 65536))
                if not part:
                    return
                self.got.update(part)
                left -= len(part)
            peer.sendall(self.content)


@pytest.fixture(name="tap")
def tap_fixture():
    try:
        tun = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", TAP.encode(), TUN_FLAGS))
        fcntl.ioctl(tun, TUNSETPERSIST, 1)
    except OSError as error:
        pytest.skip(f"no tap device can be made: {error}")
    os.close(tun)
    with socket.socket() as control:
        for request, value in (SIOCSIFADDR, HOST), (SIOCSIFNETMASK, "255.255.255.0"):
            fcntl.ioctl(control, request, struct.pack("16sHH4s8x", TAP.encode(), socket.AF_INET, 0,
                                                      socket.inet_aton(value)))
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", TAP.encode(), IFF_UP))
    yield ["-netdev", f"tap,id=net0,ifname={TAP},script=no,downscript=no", "-device",
           f"virtio-net-pci,netdev=net0,disable-legacy=on,romfile=,addr={qemu.NET_SLOT:#x}"]
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", TAP.encode(), TUN_FLAGS))
    fcntl.ioctl(tun, TUNSETPERSIST, 0)
    os.close(tun)


class Sizes:
    """Sizes of the frames on the tap device, by direction, until its machine ends."""

    def __init__(self):
        self.seen = {"sent": set(), "got": set()}
        self.frames = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.frames.bind((TAP, 0))
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self):
        with contextlib.suppress(OSError):
            while True:
                content, address = self.frames.recvfrom(1 << 17)
                is_out = address[2] == socket.PACKET_OUTGOING
                self.seen["got" if is_out else "sent"].add(len(content))


def test_a_card_that_cuts_segments_itself(tap):
    with machines.start(linux("debian", "xenbr0"), boot="grub", devices=tap) as running:
        connect(running, "debian", GUEST)
        peer, sizes = Peer(HOST), Sizes()
        text = run(running, "debian",
                   f"head -c {SIZE} /dev/urandom >/tmp/sent; "
                   f"nc {HOST} {peer.port} </tmp/sent >/tmp/got; sha256sum /tmp/sent /tmp/got")
        sent, got = re.findall("[0-9a-f]{64}", text)
        assert sent == peer.got.hexdigest()
        assert got == hashlib.sha256(peer.content).hexdigest()
        # How large Linux makes its frames depends on how fast they go: some have two segments.
        for seen in sizes.seen.values():
            assert max(seen) > ETHERNET_MAX
