"""Sources of packets that others write: a pcap stream, or a tcpdump or dumpcap that may capture.

Source: pcap-savefile(5) for what the programs write.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import struct
import subprocess
import time
from queue import Empty, Queue
from threading import Thread

from captures.chunk import CaptureError
from captures.pcap import HEADER_LENGTH, LARGEST_PACKET, VARIANTS
from captures.sniffer import WAIT_S, Sniffed, Sniffer, StreamEndError, Wishes, no_permission
from captures.stream import BLOCK

_LINK_TYPE = 0x03FF_FFFF
_RECORD_HEADER = 16
_PCAPNG = b"\n\r\r\n"
_AT_ONCE = 4
"""So many times the buffer for tcpdump: what it hands on at once has a place of 64 KB or more for each packet."""
_PIPE = 1 << 20
_MOST_SAID = 100
_MOST_AHEAD = 16
"""Blocks that may wait to be taken."""
_ENDS_WITHIN_S = 2
_DROPPED = re.compile(r"(\d+) packets? dropped by kernel")
_IDLE_TALK = re.compile(
    r"listening on|packets? (captured|received|dropped)|Capturing on|File:|Packets|See the User's Guide"
)


class Pipe:
    """What somebody else writes to a descriptor, read by a thread: on Windows nothing else can wait for a pipe."""

    def __init__(self, descriptor: int) -> None:
        self._blocks: Queue[bytes] = Queue(_MOST_AHEAD)
        self._has_ended = False
        Thread(target=self._read, args=(descriptor,), daemon=True).start()

    def _read(self, descriptor: int) -> None:
        octets = b"-"
        while octets:
            try:
                octets = os.read(descriptor, BLOCK)
            except OSError:
                octets = b""
            self._blocks.put(octets)

    def read(self, wait_s: float) -> bytes | None:
        """Return the next octets; nothing at the end, None where none came within *wait_s*."""
        if self._has_ended:
            return b""
        try:
            octets = self._blocks.get(timeout=wait_s)
        except Empty:
            return None
        self._has_ended = not octets
        return octets


class StreamSniffer(Sniffer):
    """A pcap stream that somebody else writes, from a descriptor."""

    _is_begun = False

    def __init__(self, descriptor: int, how: str) -> None:
        self.how = how
        self._pipe = Pipe(descriptor)
        self._waiting = b""
        while len(self._waiting) < HEADER_LENGTH:
            octets = self._pipe.read(WAIT_S)  # without a time Windows would hear no interrupt meanwhile
            if octets == b"":
                raise self._ended()
            self._waiting += octets or b""
        variant = VARIANTS.get(self._waiting[:4])
        if variant is None or variant.modified:
            what = "this is pcapng, which decode - reads as it comes; " if self._waiting.startswith(_PCAPNG) else ""
            raise CaptureError(
                f"{how}: {what}a pcap stream was expected, as tcpdump -U -w - and dumpcap -P -w - write it"
            )
        self._scale = 1 if variant.nanoseconds else 1000
        self._unpack = struct.Struct(variant.order + "IIII").unpack_from
        link_type: int = struct.unpack_from(variant.order + "I", self._waiting, 20)[0]
        self.link_type = link_type & _LINK_TYPE
        self._waiting = self._waiting[HEADER_LENGTH:]
        self._is_begun = True

    def take(self) -> list[Sniffed]:
        """Return the packets that stand in the pipe whole."""
        found = self._whole()
        if found:
            return found
        octets = self._pipe.read(WAIT_S)
        if octets is None:
            return []
        if not octets:
            raise self._ended()
        self._waiting += octets
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

    def close(self) -> None:
        """Leave the descriptor to whom it belongs."""

    def _ended(self) -> CaptureError:
        if self._is_begun:
            return StreamEndError(f"{self.how}: the stream ended")
        what = "it ends in its header" if self._waiting else "empty"
        return StreamEndError(f"{self.how}: {what}; a pcap stream was expected, as tcpdump -U -w - writes it")


class PipeSniffer(StreamSniffer):
    """A program that captures and writes pcap to a pipe: it needs the rights, and we need none."""

    def __init__(self, wishes: Wishes, program: str) -> None:
        is_tcpdump = os.path.basename(program).startswith("tcpdump")
        words = [program, "-i", wishes.name, "-w", "-", "-s", str(wishes.snap_length)]
        words += ["-U", "-n", "--immediate-mode"] if is_tcpdump else ["-P", "-q"]
        words += [] if wishes.is_promiscuous else ["-p"]
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
        until = time.monotonic() + _ENDS_WITHIN_S
        while time.monotonic() < until and self._pipe.read(0.1):  # what fills the pipe keeps it from ending
            pass
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
            return no_permission(self._name)
        lines = [line for line in said.splitlines() if not _IDLE_TALK.search(line)]
        status = self._child.returncode
        how = f"it was ended by signal {-status}" if status < 0 else "it ended"
        return StreamEndError(f"{self.how}: {lines[-1].strip() if lines else how}", is_failure=bool(status))
