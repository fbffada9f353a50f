"""What a source of packets is: what is wished of it, what it gives, and what is said where it may not capture."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from typing import NamedTuple

from captures.chunk import UNKNOWN, CaptureError, CapturePermissionError

LARGEST = 262144
WAIT_S = 0.02
_REMEDY = (
    "install Wireshark: its dumpcap captures (on Windows with Npcap), and we need no right of our own"
    if sys.platform in ("win32", "darwin")
    else "give Python the right (sudo setcap cap_net_raw,cap_net_admin=ep {python}), or install tcpdump with it "
    "(sudo setcap cap_net_raw,cap_net_admin=ep {tcpdump}), or pipe: sudo tcpdump -U -w - -i {name} | dlmshark live -"
)


class StreamEndError(CaptureError):
    """A stream of packets that nobody writes any more; *is_failure* says that who wrote it failed."""

    def __init__(self, text: str, *, is_failure: bool = False) -> None:
        super().__init__(text)
        self.is_failure = is_failure


class Sniffed(NamedTuple):
    """A packet as it came: nanoseconds since 1970, its octets, and how many it had on the line."""

    time_ns: int
    octets: bytes
    original_length: int
    direction: int = UNKNOWN


class Wishes(NamedTuple):
    """What is to be captured: an interface, a filter of pcap's language, octets of each packet."""

    name: str
    bpf: str = ""
    is_promiscuous: bool = False
    snap_length: int = LARGEST
    buffer_octets: int = 32 << 20


class Sniffer:
    """A source of packets that is open. *link_type* is what they begin with."""

    link_type: int
    how: str
    """What captures, for a person."""

    def take(self) -> list[Sniffed]:
        """Return what came, after a short wait at most. Raises: CaptureError when the source has ended."""
        raise NotImplementedError

    def dropped(self) -> int:
        """Count the packets that the system lost since the source was opened, as far as it tells."""
        return 0

    def stop(self) -> bool:
        """Let nothing more come in; what waits can still be taken. Tells whether that is so."""
        return False

    def close(self) -> None:
        """Give the source back."""


def interfaces() -> list[tuple[str, str]]:
    """List the network interfaces of this machine: name, and its address or nothing."""
    if os.name == "posix":
        return [(name, "") for _, name in socket.if_nameindex()]
    from scapy.interfaces import get_working_ifaces

    return [(str(one.name), str(one.description or "")) for one in get_working_ifaces()]


def no_permission(name: str) -> CapturePermissionError:
    """Make the error that says what would give the right to capture on *name*."""
    remedy = _REMEDY.format(
        python=os.path.realpath(sys.executable), tcpdump=shutil.which("tcpdump") or "/usr/bin/tcpdump", name=name
    )
    return CapturePermissionError(f"{name}: no permission to capture; {remedy}")


def interfaces_said() -> str:
    """Say which interfaces there are, behind an error."""
    names = [name for name, _ in interfaces()]
    return f"; there are {', '.join(names)}" if names else ""
