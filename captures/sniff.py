"""Network interfaces as sources of packets: a capture socket of Scapy's, or a tcpdump or dumpcap that may capture.

Packets are handed on as they came; nothing is dissected, and nothing is ever sent.
Source: packet(7) for the counts of lost packets.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import select
import shutil
import socket
import struct
import time
from typing import Any

from captures.chunk import CaptureError, CapturePermissionError
from captures.port_faults import no_such
from captures.sniff_streams import PipeSniffer
from captures.sniffer import LARGEST, WAIT_S, Sniffed, Sniffer, Wishes, interfaces, interfaces_said, no_permission

_MOST_AT_ONCE = 512
_PACKET_LEVEL, _COUNTS, _AUXILIARY, _IGNORE_OUTGOING = 263, 6, 8, 23
_HAS_TAG, _HAS_TAG_KIND = 0x10, 0x40
_TIMES_NS, _FORCED_BUFFER = 35, 33
_OUTGOING = 4
_LOOPBACK = 772
_LINK_TYPES = {1: 1, _LOOPBACK: 1, 65534: 101, 768: 101, 776: 101, 778: 101}
"""Kinds of hardware to link types: tunnels carry IP without a header before it."""
_TOLD = 256
_ATTACH_FILTER = 26
_WIRESHARK = r"C:\Program Files\Wireshark" if os.name == "nt" else "/Applications/Wireshark.app/Contents/MacOS"
"""Where its installer puts dumpcap on Windows and macOS; no search path leads there."""
_NOTHING = struct.pack("HBBI", 0x06, 0, 0, 0)
"""The filter that takes no octet of any packet: return 0."""


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
            raise no_permission(wishes.name) from None
        except OSError as error:
            raise CapturePermissionError(f"{wishes.name}: {error.strerror or error}{interfaces_said()}") from None
        except Exception as error:  # Scapy's own, among them a filter that does not compile
            if "permitted" in str(error):
                raise no_permission(wishes.name) from None
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
        if not select.select([self._socket], [], [], WAIT_S)[0]:
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

    def stop(self) -> bool:
        """Attach a filter that takes nothing: what waits in the socket is finite then."""
        if not hasattr(socket, "AF_PACKET"):
            return False
        program = ctypes.create_string_buffer(_NOTHING, len(_NOTHING))
        with contextlib.suppress(OSError):
            told = struct.pack("HP", 1, ctypes.addressof(program))
            self._socket.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, told)
            return True
        return False

    def close(self) -> None:
        """Close the socket."""
        self._made.close()


def open_sniffer(wishes: Wishes, *, program: str = "") -> Sniffer:
    """Open an interface: with *program* if one is named, else by a socket, else by a program that may capture.

    Outside of Linux there is no such socket, and a program it is.
    Raises: CapturePermissionError with what would give the right, CaptureError.
    """
    if program:
        return PipeSniffer(wishes, program)
    known = interfaces()
    if known and not any(wishes.name == name for name, _ in known):
        raise CapturePermissionError(no_such(wishes.name, "interface", interfaces_said()))
    try:
        if not hasattr(socket, "AF_PACKET"):
            raise no_permission(wishes.name)
        return SocketSniffer(wishes)
    except CapturePermissionError as refused:
        problem: CaptureError = refused
        for name in ("dumpcap", "tcpdump"):
            found = shutil.which(name) or shutil.which(name, path=_WIRESHARK)
            if found:
                try:
                    return PipeSniffer(wishes, found)
                except CapturePermissionError:
                    continue
                except CaptureError as why:
                    problem = why
        raise problem from None


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
