"""Network interfaces as sources of packets: a capture socket of Scapy's, or a tcpdump or dumpcap that may capture.

Packets are handed on as they came; nothing is dissected, and nothing is ever sent.
Source: packet(7) for the counts of lost packets; pcap-savefile(5) for what the programs write.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from threading import Thread
from typing import Any, NamedTuple

from captures.chunk import UNKNOWN, CaptureError, CapturePermissionError
from captures.pcap import HEADER_LENGTH, LARGEST_PACKET, VARIANTS
from captures.stream import BLOCK

LARGEST = 262144
_WAIT_S = 0.02
_MOST_AT_ONCE = 512
_PACKET_LEVEL, _COUNTS, _AUXILIARY, _IGNORE_OUTGOING = 263, 6, 8, 23
_HAS_TAG, _HAS_TAG_KIND = 0x10, 0x40
_TIMES_NS, _FORCED_BUFFER = 35, 33
_OUTGOING = 4
_LOOPBACK = 772
_LINK_TYPES = {1: 1, _LOOPBACK: 1, 65534: 101, 768: 101, 776: 101, 778: 101}
"""Kinds of hardware to link types: tunnels carry IP without a header before it."""
_LINK_TYPE = 0x03FF_FFFF
_RECORD_HEADER = 16
_AT_ONCE = 4
_PIPE = 1 << 20
_MOST_SAID = 100
_ENDS_WITHIN_S = 2
_TOLD = 256
_DROPPED = re.compile(r"(\d+) packets? dropped by kernel")
_IDLE_TALK = re.compile(r"listening on|packets? (captured|received|dropped)|Capturing on|File:|Packets")
_REMEDY = (
    "give Python the right (sudo setcap cap_net_raw,cap_net_admin=ep {python}), or install tcpdump with it "
    "(sudo setcap cap_net_raw,cap_net_admin=ep {tcpdump}), or pipe: sudo tcpdump -U -w - -i {name} | dlmshark live -"
)


class StreamEndError(CaptureError):
    """A stream of packets that nobody writes any more."""


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

    def close(self) -> None:
        """Give the source back."""


class SocketSniffer(Sniffer):
    """Scapy's capture socket, read without Scapy's layers."""

    def __init__(self, wishes: Wishes) -> None:
        self._dropped = 0
        self._snap = wishes.snap_length
        self.how = f"capture socket on {wishes.name}"
        try:
            logging.getLogger("scapy").setLevel(logging.ERROR)  # no layer is loaded, and it would say so
            import scapy.arch  # noqa: F401 -- makes the sockets of this platform known
            from scapy.config import conf

            conf.bufsize = LARGEST
            made: Any = conf.L2listen(
                iface=wishes.name, filter=wishes.bpf or None, promisc=wishes.is_promiscuous, monitor=None
            )
        except PermissionError:
            raise _no_permission(wishes.name) from None
        except OSError as error:
            raise CapturePermissionError(f"{wishes.name}: {error.strerror or error}{_interfaces()}") from None
        except Exception as error:  # Scapy's own, among them a filter that does not compile
            if "permitted" in str(error):
                raise _no_permission(wishes.name) from None
            raise CaptureError(f"{wishes.name}: {str(error).strip() or type(error).__name__}") from None
        self._made = made
        self._socket: socket.socket = made.ins
        hardware = self._socket.getsockname()[3]
        self.link_type = _LINK_TYPES.get(hardware, 1)
        self._is_loopback = hardware == _LOOPBACK
        if self._is_loopback:  # a packet comes in once more: not both are to be kept, nor counted where they are lost
            with contextlib.suppress(OSError):
                self._socket.setsockopt(_PACKET_LEVEL, _IGNORE_OUTGOING, 1)
                self._counts()
        # a larger buffer than the system allows takes a right of its own
        for option in (_FORCED_BUFFER, socket.SO_RCVBUF):
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, option, wishes.buffer_octets)
                break
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, _TIMES_NS, 1)
        self._socket.setblocking(False)

    def take(self) -> list[Sniffed]:
        """Return what waits in the socket, at most some hundred packets."""
        if not select.select([self._socket], [], [], _WAIT_S)[0]:
            return []
        found = []
        receive, snap, is_loopback = self._socket.recvmsg, self._snap, self._is_loopback
        for _ in range(_MOST_AT_ONCE):
            try:
                octets, told, _, address = receive(LARGEST, _TOLD)
            except BlockingIOError:
                break
            except OSError as error:
                raise CaptureError(f"{self.how}: {error.strerror or error}") from None
            if is_loopback and address[2] == _OUTGOING:
                continue  # it comes in once more
            time_ns, octets = _told(told, octets)
            found.append(Sniffed(time_ns, octets[:snap], len(octets)))
        return found

    def dropped(self) -> int:
        """Count what the kernel lost."""
        self._dropped += self._counts()
        return self._dropped

    def _counts(self) -> int:
        """Count what was lost since the time before."""
        try:
            return int(struct.unpack("II", self._socket.getsockopt(_PACKET_LEVEL, _COUNTS, 8))[1])
        except OSError:
            return 0

    def close(self) -> None:
        """Close the socket."""
        self._made.close()


class StreamSniffer(Sniffer):
    """A pcap stream that somebody else writes, from a descriptor."""

    def __init__(self, descriptor: int, how: str) -> None:
        self.how = how
        self._descriptor = descriptor
        self._waiting = b""
        while len(self._waiting) < HEADER_LENGTH:
            if not self._fetch():
                raise self._ended()
        variant = VARIANTS.get(self._waiting[:4])
        if variant is None or variant.modified:
            raise CaptureError(f"{how}: a pcap stream was expected, as tcpdump -U -w - writes it")
        self._scale = 1 if variant.nanoseconds else 1000
        self._unpack = struct.Struct(variant.order + "IIII").unpack_from
        link_type: int = struct.unpack_from(variant.order + "I", self._waiting, 20)[0]
        self.link_type = link_type & _LINK_TYPE
        self._waiting = self._waiting[HEADER_LENGTH:]

    def take(self) -> list[Sniffed]:
        """Return the packets that stand in the pipe whole."""
        found = self._whole()
        if found or not select.select([self._descriptor], [], [], _WAIT_S)[0]:
            return found
        if not self._fetch():
            raise self._ended()
        return self._whole()

    def _whole(self) -> list[Sniffed]:
        """Part what waits into packets, as far as they are whole."""
        found, at, octets = [], 0, self._waiting
        while at + _RECORD_HEADER <= len(octets):
            seconds, fraction, captured, original = self._unpack(octets, at)
            begin = at + _RECORD_HEADER
            if captured > LARGEST_PACKET:
                raise CaptureError(f"{self.how}: a packet of {captured} octets is announced; the stream is damaged")
            if begin + captured > len(octets):
                break
            at = begin + captured
            found.append(Sniffed(seconds * 1_000_000_000 + fraction * self._scale, octets[begin:at], original))
        self._waiting = octets[at:]
        return found

    def _fetch(self) -> bool:
        """Append what the pipe has; false at its end."""
        octets = os.read(self._descriptor, BLOCK)
        self._waiting += octets
        return bool(octets)

    def close(self) -> None:
        """Leave the descriptor to whom it belongs."""

    def _ended(self) -> CaptureError:
        return StreamEndError(f"{self.how}: the stream ended")


class PipeSniffer(StreamSniffer):
    """A program that captures and writes pcap to a pipe: it needs the rights, and we need none."""

    def __init__(self, wishes: Wishes, program: str) -> None:
        is_tcpdump = os.path.basename(program).startswith("tcpdump")
        words = [program, "-i", wishes.name, "-w", "-", "-s", str(wishes.snap_length)]
        words += ["-U", "-n", "--immediate-mode"] if is_tcpdump else ["-P", "-q"]
        words += [] if wishes.is_promiscuous else ["-p"]
        # at once is a place of 64 KB or more for each packet: so many more octets
        buffer = wishes.buffer_octets * (_AT_ONCE if is_tcpdump else 1)
        words += ["-B", str(max(1, buffer >> (10 if is_tcpdump else 20)))]
        if wishes.bpf:
            words += [wishes.bpf] if is_tcpdump else ["-f", wishes.bpf]
        self._name, self._is_tcpdump = wishes.name, is_tcpdump
        self._dropped = 0
        self._said: list[str] = []
        how = f"{os.path.basename(program)} on {wishes.name}"
        pipe = subprocess.PIPE
        try:  # a session of its own: what interrupts this program lets it end in good order
            self._child = subprocess.Popen(
                words, stdout=pipe, stderr=pipe, stdin=subprocess.DEVNULL, start_new_session=True
            )
        except OSError as error:
            raise CaptureError(f"{program}: {error.strerror}") from None
        assert self._child.stdout is not None
        self._listener = Thread(target=self._hear, daemon=True)
        self._listener.start()
        with contextlib.suppress(ImportError, AttributeError, OSError):
            import fcntl

            fcntl.fcntl(self._child.stdout.fileno(), fcntl.F_SETPIPE_SZ, _PIPE)
        super().__init__(self._child.stdout.fileno(), how)

    def dropped(self) -> int:
        """Count what the program says it lost: tcpdump is asked, and has answered by the next time; dumpcap ends first.

        On a loopback tcpdump counts packets on their way out, too.
        """
        if self._is_tcpdump and self._child.poll() is None and hasattr(signal, "SIGUSR1"):
            self._child.send_signal(signal.SIGUSR1)
        return self._dropped

    def _hear(self) -> None:
        assert self._child.stderr is not None
        for octets in self._child.stderr:
            line = octets.decode("utf-8", "replace").strip()
            found = _DROPPED.search(line)
            if found:
                self._dropped = int(found[1])
            elif line and len(self._said) < _MOST_SAID:
                self._said.append(line)

    def close(self) -> None:
        """Let the program end, and hear what it lost."""
        if self._child.poll() is None:
            self._child.terminate()
        self._listen()

    def _listen(self) -> str:
        """Return what the program said, once it ended."""
        assert self._child.stdout is not None
        until = time.monotonic() + _ENDS_WITHIN_S
        while time.monotonic() < until and select.select([self._child.stdout], [], [], 0.1)[0]:
            if not os.read(self._child.stdout.fileno(), BLOCK):  # what fills the pipe keeps it from ending
                break
        try:
            self._child.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._listener.join(2)
        return "\n".join(self._said)

    def _ended(self) -> CaptureError:
        said = self._listen()
        if re.search("permi", said):
            return _no_permission(self._name)
        lines = [line for line in said.splitlines() if not _IDLE_TALK.search(line)]
        return StreamEndError(f"{self.how}: {lines[-1].strip() if lines else 'it ended'}")


def open_sniffer(wishes: Wishes, *, program: str = "") -> Sniffer:
    """Open an interface: with *program* if one is named, else by a socket, else by a program that may capture.

    Raises: CapturePermissionError with what would give the right, CaptureError.
    """
    if program:
        return PipeSniffer(wishes, program)
    if not any(wishes.name == name for name, _ in interfaces()):
        raise CapturePermissionError(f"{wishes.name}: no such interface{_interfaces()}")
    try:
        return SocketSniffer(wishes)
    except CapturePermissionError as problem:
        for name in ("dumpcap", "tcpdump"):
            found = shutil.which(name)
            if found:
                with contextlib.suppress(CaptureError):
                    return PipeSniffer(wishes, found)
        raise problem


def interfaces() -> list[tuple[str, str]]:
    """List the network interfaces of this machine: name, and its address or nothing."""
    if sys.platform == "linux":
        return [(name, "") for _, name in socket.if_nameindex()]
    from scapy.interfaces import get_working_ifaces

    return [(str(one.name), str(one.description or "")) for one in get_working_ifaces()]


def _told(told: list[tuple[int, int, bytes]], octets: bytes) -> tuple[int, bytes]:
    """Read the kernel's time of a packet, and put back the VLAN tag that it took off."""
    time_ns = 0
    for level, kind, said in told:
        if level == socket.SOL_SOCKET and kind == _TIMES_NS and len(said) >= 16:
            seconds, rest = struct.unpack("ll", said[:16])
            time_ns = seconds * 1_000_000_000 + rest
        elif level == _PACKET_LEVEL and kind == _AUXILIARY and len(said) >= 20:
            status, _, _, _, _, tag, kind_of_tag = struct.unpack("IIIHHHH", said[:20])
            if status & _HAS_TAG:
                kind_of_tag = kind_of_tag if status & _HAS_TAG_KIND else 0x8100
                octets = octets[:12] + struct.pack(">HH", kind_of_tag, tag) + octets[12:]
    return time_ns or time.time_ns(), octets


def _no_permission(name: str) -> CapturePermissionError:
    remedy = _REMEDY.format(
        python=os.path.realpath(sys.executable), tcpdump=shutil.which("tcpdump") or "/usr/bin/tcpdump", name=name
    )
    return CapturePermissionError(f"{name}: no permission to capture; {remedy}")


def _interfaces() -> str:
    names = [name for name, _ in interfaces()]
    return f"; there are {', '.join(names)}" if names else ""
