"""Octets of an input, block by block as they come: files, pipes, and gzip of either."""

import contextlib
import os
import select
import zlib
from collections.abc import Callable
from typing import Protocol
from weakref import finalize

BLOCK = 256 * 1024
GZIP_MAGIC = b"\x1f\x8b\x08"

Report = Callable[[str, str], None]
"""Takes a remark's code and text."""


class SilenceError(Exception):
    """Nothing came for a while, and more may come."""


class Input(Protocol):
    """What hands out the octets of an input in order."""

    def fetch(self) -> bytes:
        """Return what is there, waiting for the first octet only; empty at the end."""

    def close(self) -> None:
        """Give the input back."""


class FileInput:
    """A file descriptor, read without a buffer of our own: what a pipe has is passed on at once.

    With *at* reading begins there and leaves the descriptor's own place alone, so that two may read one file.
    One that is ours and that nobody closed closes itself.
    """

    def __init__(self, descriptor: int, report: Report, *, owned: bool = True, at: int | None = None) -> None:
        self._descriptor = descriptor
        self._report = report
        self._at = at
        # a __del__ would run for what was closed, too, and swallow an interrupt that came while much was freed
        self._given_back = finalize(self, os.close, descriptor) if owned else None

    def fetch(self) -> bytes:
        """Return what is there; a failing medium ends the input with a remark."""
        while self._descriptor >= 0:
            try:
                if self._at is None:
                    return os.read(self._descriptor, BLOCK)
                octets = os.pread(self._descriptor, BLOCK, self._at)
                self._at += len(octets)
                return octets
            except BlockingIOError:  # stdin that another program left non-blocking
                select.select([self._descriptor], [], [])
            except OSError as error:
                self._report("read-failed", f"reading stopped: {error.strerror}")
                break
        return b""

    def twin(self) -> int | None:
        """Give another descriptor of the same file, to be read by place; None where that cannot be."""
        if self._descriptor >= 0 and hasattr(os, "pread"):
            with contextlib.suppress(OSError):  # too many files are open: whoever opens it by its name says so
                return os.dup(self._descriptor)
        return None

    def close(self) -> None:
        """Close the descriptor if it is ours."""
        self._descriptor = -1
        if self._given_back is not None:
            self._given_back()


class GzipInput:
    """What a gzip stream unpacks to, its members joined; a damaged stream gives what was readable."""

    def __init__(self, packed: "Window", report: Report) -> None:
        self._packed = packed
        self._report = report
        self._unpacker = zlib.decompressobj(wbits=31)
        self._rest = b""
        self._ended = False

    def fetch(self) -> bytes:
        """Unpack up to one block; what a small file unpacks to is never held as a whole."""
        while not self._ended:
            if self._unpacker.eof:
                self._next_member()
                continue
            packed = self._rest or self._packed.take()
            if not packed:
                self._end("gzip-cut", "the gzip stream is cut")
                break
            before = self._unpacker.copy()
            try:
                octets = self._unpacker.decompress(packed, BLOCK)
            except zlib.error:
                self._end("gzip-damaged", "the gzip stream is damaged; what comes after is lost")
                return _unpack_readable(before, packed)
            self._rest = self._unpacker.unconsumed_tail or self._unpacker.unused_data
            if octets:
                return octets
        return b""

    def _next_member(self) -> None:
        rest = self._rest.lstrip(b"\0")  # some writers pad to a block with zeros
        while len(rest) < len(GZIP_MAGIC):
            more = self._packed.take()
            if not more:
                break
            rest = (rest + more).lstrip(b"\0")
        self._rest = rest
        if rest.startswith(GZIP_MAGIC):
            self._unpacker = zlib.decompressobj(wbits=31)
            return
        self._ended = True
        if rest:
            self._report("gzip-trailing", "octets after the gzip stream are left aside")

    def _end(self, code: str, text: str) -> None:
        self._ended = True
        self._report(code, text)

    def close(self) -> None:
        """Give the packed input back."""
        self._packed.close()


def _unpack_readable(unpacker: "zlib._Decompress", packed: bytes) -> bytes:
    """Unpack octet by octet what stands before the damage; one call over all of it would give nothing."""
    found = bytearray()
    with contextlib.suppress(zlib.error):
        for at in range(len(packed)):
            found += unpacker.decompress(packed[at : at + 1])
    return bytes(found)


class Window:
    """The octets of an input that are at hand, and where they stand in it."""

    def __init__(self, octets_of: Input) -> None:
        self._input = octets_of
        self.buffer = b""
        self.base = 0
        """Offset of the buffer's first octet in the input."""
        self.ended = False

    def more(self, at: int = 0, *, says_silence: bool = False) -> bool:
        """Forget what stands before *at* and append what comes next; false at the end. Raises: SilenceError."""
        try:
            block = b"" if self.ended else self._input.fetch()
        except SilenceError:
            if says_silence:
                raise
            return self.more(at)
        self.base += at
        self.buffer = self.buffer[at:] + block
        self.ended = not block
        return not self.ended

    def reach(self, length: int) -> bool:
        """Fetch until *length* octets are at hand; false if the input has fewer."""
        while len(self.buffer) < length and self.more():
            pass
        return len(self.buffer) >= length

    def skip(self, length: int) -> None:
        """Forget the first *length* octets at hand."""
        self.base += length
        self.buffer = self.buffer[length:]

    def take(self) -> bytes:
        """Return the octets at hand, or else the next that come, and forget them; empty at the end."""
        if not self.buffer and not self.more():
            return b""
        octets = self.buffer
        self.base += len(octets)
        self.buffer = b""
        return octets

    def close(self) -> None:
        """Give the input back; nothing comes any more."""
        self.ended = True
        self._input.close()


class HeldInput:
    """Octets that are in memory already."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def fetch(self) -> bytes:
        """Return all of them, once."""
        octets, self._octets = self._octets, b""
        return octets

    def close(self) -> None:
        """Forget them."""
        self._octets = b""
