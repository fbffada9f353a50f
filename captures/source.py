"""Inputs to sources: a name is opened, what it holds is recognised by its content, never by the name."""

import errno
import os
import re
import stat
import sys
from functools import partial
from typing import IO

from captures import raw
from captures.chunk import CaptureError, CapturePermissionError, Source
from captures.foreign import FOREIGN, foreign_octets, foreign_output, foreign_text, taken_for_text
from captures.live_names import missing_hint
from captures.packed import PACKINGS, PackedInput
from captures.pcap import VARIANTS, PcapSource
from captures.pcapng import MAGIC, PcapngSource
from captures.stream import GZIP_MAGIC, FileInput, GzipInput, HeldInput, Input, Window
from captures.text import JUDGED

STDIN = "-"
EXPECTED = "a pcap or pcapng file, a raw octet dump or hex text"
MOST_NESTED = 2
"""Packed once more inside, as "capture.pcap.gz" in a gzip stream of a web server."""

_LOOKED_AT = 512
_MOST_INTERRUPTS = 2
_SHARE_OF_TEXT = 0.1
"""Octets found in text, as a share of it, that make it a text though it has control characters too."""
_DISSECTED = (b"packets-", b'"layers"', b"<pdml")
"""One of these stands early in what Wireshark writes of dissected packets."""
_NOT_KNOWN = "not recognised (if these are octets of a line, -d serial,hdlc takes any, and doctor names wrong settings)"
_MODEM = re.compile(rb"^\s*AT(?:[&+#^$!%DHZEIV][^\r\n]{0,80})?\s*$", re.MULTILINE)
_MODEM_SAYS = " (a dialogue with a modem: log in hex what comes behind CONNECT)"


class _Desk:
    """Takes the remarks of an input, which may have some before there is a source to give them to."""

    def __init__(self) -> None:
        self._source: Source | None = None
        self._early: list[tuple[str, str]] = []

    def __call__(self, code: str, text: str) -> None:
        if self._source is None:
            self._early.append((code, text))
        else:
            self._source.remark(code, text)

    @property
    def last(self) -> str:
        """The last remark that no source took yet."""
        return self._early[-1][1] if self._early else ""

    def attach(self, source: Source) -> Source:
        """Give *source* what came before it and all that comes."""
        self._source = source
        for code, text in self._early:
            source.remark(code, text)
        return source


def open_source(name: str, *, holds_octets: bool = False, settles: bool = False) -> Source:
    """Open the file, pipe or device *name* ("-" is standard input) and recognise what it holds.

    *holds_octets* says that it is octets of a line if it is nothing that is known, as the user knows who names a stack.
    A pipe that *settles* is read to its end first, into a file without a name, and is then read twice as a file is.

    A source is read once; open it again for a second pass. Packets of a pipe come as soon as they are complete.

    Raises: CaptureError for an input that cannot be read at all, CapturePermissionError if that is why.
    """
    is_owned, desk = name != STDIN, _Desk()
    descriptor = _open(name) if is_owned else _stdin()
    octets = FileInput(descriptor, desk, owned=is_owned, at=None if is_owned else _begin(descriptor))
    if settles and _may_grow(descriptor):
        return _held(name, _kept(octets), holds_octets, desk)
    return _whole(name, descriptor, octets, desk, holds_octets)


def _whole(name: str, descriptor: int, octets: FileInput, desk: _Desk, holds_octets: bool) -> Source:
    """Make the source of all *octets* of the file, pipe or device *name*."""
    is_owned, is_file = name != STDIN, stat.S_ISREG(os.fstat(descriptor).st_mode)
    source = _opened(name, descriptor, octets, desk, holds_octets)
    if is_file and (is_owned or hasattr(os, "pread")):
        source.again = partial(_again, name, octets, holds_octets)
    if source.size is not None and is_owned and isinstance(source, PcapSource | PcapngSource):
        source.plain_file = name
    return source


def _again(name: str, octets: FileInput, holds_octets: bool) -> Source:
    """Open the file of *octets* once more, by its name only if it was closed: that may be gone, or lead elsewhere now.

    Raises: CaptureError.
    """
    descriptor = octets.twin() if name != STDIN else None
    if descriptor is None:
        return open_source(name, holds_octets=holds_octets)
    desk = _Desk()
    return _whole(name, descriptor, FileInput(descriptor, desk, at=0), desk, holds_octets)


def _may_grow(descriptor: int) -> bool:
    mode = os.fstat(descriptor).st_mode
    return not (stat.S_ISREG(mode) or stat.S_ISBLK(mode) or stat.S_ISDIR(mode))


def _kept(octets: FileInput) -> IO[bytes]:
    """Keep all that comes of a pipe until it ends; at a second interrupt, what came: the first ends who writes, too.

    Raises: CaptureError where no more can be kept.
    """
    from tempfile import TemporaryFile, gettempdir  # few pipes are kept, and it takes its time

    interrupts = 0
    try:
        kept = TemporaryFile()  # noqa: SIM115 (sources hold it)
        while interrupts < _MOST_INTERRUPTS:
            try:
                if not (piece := octets.fetch()):
                    break
                kept.write(piece)
            except KeyboardInterrupt:
                interrupts += 1
        octets.close()
        kept.seek(0)
    except OSError as error:
        raise CaptureError(f"{gettempdir()}: {error.strerror}; --settle keeps there what comes") from None
    return kept


def _held(name: str, kept: IO[bytes], holds_octets: bool, desk: _Desk) -> Source:
    """Open what was *kept* of the pipe *name*; the source holds it for whoever opens it again."""
    descriptor = os.dup(kept.fileno())
    source = _opened(name, descriptor, FileInput(descriptor, desk, at=_begin(descriptor)), desk, holds_octets)
    if hasattr(os, "pread"):
        source.again = lambda: _held(name, kept, holds_octets, _Desk())
    return source


def _opened(name: str, descriptor: int, octets: FileInput, desk: _Desk, holds_octets: bool) -> Source:
    """Make the source of *octets*, which are those of *descriptor*. Raises: CaptureError."""
    label = "stdin" if name == STDIN else name
    window = Window(octets)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise CaptureError(f"{label}: a directory; name the captures in it")
        size = status.st_size if stat.S_ISREG(status.st_mode) else None
        source = desk.attach(_recognise(name, label, window, size, desk, holds_octets))
        source.is_live = _may_grow(descriptor)
        return source
    except BaseException:
        window.close()
        raise


def source_from_memory(name: str, octets: bytes, *, holds_octets: bool = False) -> Source:
    """Make a source of the *octets* of a capture, recognised as those of a file are. Raises: CaptureError."""
    desk = _Desk()
    source = desk.attach(_recognise(name, name, Window(HeldInput(octets)), len(octets), desk, holds_octets))
    source.again = partial(source_from_memory, name, octets, holds_octets=holds_octets)
    return source


def source_from_hex(text: str) -> Source:
    """Make a source of octets written in hex, one frame a line.

    Raises: CaptureError if there are no octets in *text*.
    """
    from captures.text.judge import judge
    from captures.text.shapes import PLAIN
    from captures.text.source import TextSource

    octets = text.encode("utf-8", "replace")
    judgement = judge(octets, PLAIN)
    if judgement is None:
        shown = text.strip()
        shown = f"{shown[:40]}…" if len(shown) > 40 else shown
        raise CaptureError(f"--hex: octets in hex such as 7E A0 07 were expected, not {shown!r}")
    source = TextSource("hex", Window(HeldInput(octets)), len(octets), judgement, PLAIN)
    source.again = partial(source_from_hex, text)
    return source


def _begin(descriptor: int) -> int | None:
    """Tell where reading of a redirected file begins; None for what has no places, or cannot be read by place."""
    try:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        return os.lseek(descriptor, 0, os.SEEK_CUR) if is_file and hasattr(os, "pread") else None
    except OSError:
        return None


def _stdin() -> int:
    try:
        return sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):
        raise CaptureError(f"stdin: closed; {EXPECTED} was expected") from None


def _open(name: str) -> int:
    try:
        if os.path.isdir(name):  # Windows calls it a matter of permission
            raise IsADirectoryError
        return os.open(name, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        leads = (
            f"; the link leads to {os.readlink(name)}, which is not there"
            if os.path.islink(name)
            else missing_hint(name)
        )
        raise CaptureError(f"{name or repr(name)}: no such file{leads}") from None
    except IsADirectoryError:
        raise CaptureError(f"{name}: a directory; name the captures in it") from None
    except PermissionError:
        raise CapturePermissionError(f"{name}: no permission to read it") from None
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or error
        is_socket = isinstance(error, OSError) and error.errno == errno.ENXIO
        raise CaptureError(f"{name}: {'a socket, or a device that is gone' if is_socket else told}") from None


def _recognise(name: str, label: str, window: Window, size: int | None, desk: _Desk, holds_octets: bool) -> Source:
    """Make the source for what stands first in *window*."""
    is_file = size is not None
    window.reach(4)
    packed: list[str] = []
    while (unpacked := _unpacked(window, desk)) is not None:
        name_of_packing, octets_of = unpacked
        packed.insert(0, name_of_packing)
        if len(packed) > MOST_NESTED:
            raise CaptureError(f"{label}: {' in '.join(packed)}; {EXPECTED} was expected")
        window, size = Window(octets_of), None
        window.reach(4)
    head = window.buffer
    if not head:
        raise CaptureError(f"{label}: {desk.last or 'empty'}; {EXPECTED} was expected")
    if head[:4] in VARIANTS:
        return PcapSource(name, window, size)
    if head.startswith(MAGIC):
        return PcapngSource(name, window, size)
    for magic, what in FOREIGN.items():
        # A pipe is waited for only as long as it may still become the magic number.
        if (
            magic.startswith(window.buffer[: len(magic)])
            and window.reach(len(magic))
            and window.buffer.startswith(magic)
        ):
            raise CaptureError(f"{label}: {what}; {EXPECTED} was expected")
    if is_file:  # a pipe is not waited for
        window.reach(JUDGED)
    return _recognise_octets(name, label, window, size, holds_octets)


def _unpacked(window: Window, desk: _Desk) -> tuple[str, Input] | None:
    """Name what *window* is packed with, and make the input that unpacks it; None if it is not packed."""
    if window.buffer.startswith(GZIP_MAGIC):
        return "gzip", GzipInput(window, desk)
    for packing in PACKINGS:
        if window.buffer.startswith(packing.magic):
            return packing.name, PackedInput(packing, window, desk)
    return None


def _export(name: str, window: Window, size: int | None, lines: bytes) -> Source | None:
    """Make the source for a UART export that begins with *lines*; None if they are something else."""
    if b"," not in lines[:_LOOKED_AT] and b"uart" not in lines[:_LOOKED_AT].lower():
        return None
    from captures.uart_export import UartExport, export_layout  # few inputs are one, and it takes its time

    layout = export_layout(lines)
    return UartExport(name, window, layout, size) if layout else None


def _dissections(name: str, window: Window, size: int | None, head: bytes) -> Source | None:
    """Make the source for packets that Wireshark dissected; None if *head* begins something else."""
    if not any(sign in head[:_LOOKED_AT].replace(b"\0", b"") for sign in _DISSECTED):
        return None
    from captures.dissections import Dissections, is_dissections, lacks_octets  # few are, and it takes its time
    from captures.text.judge import judge

    if not is_dissections(head):
        return None
    if lacks_octets(head) and (judgement := judge(head)) is not None and judgement.hints.has_frames:
        return None  # a log of its own whose words are those of Wireshark
    return Dissections(name, window, size)


def _has_begun(head: bytes) -> bool:
    """Tell whether a pipe has given what tells its text: a line, and of packets for Elasticsearch what is below it."""
    return b"\n" in head and (b'"packets-' not in head or b'"layers"' in head)


def _recognise_octets(name: str, label: str, window: Window, size: int | None, holds_octets: bool) -> Source:
    """Tell text in hex from raw octets, where the input has no magic number."""
    header = raw.TERMINAL_HEADER.match(window.buffer)
    begins = header.end() if header else 0
    if raw.BEGINS.match(window.buffer, begins) and not raw.has_words(window.buffer[begins:JUDGED]):
        window.skip(begins)
        return raw.RawSource(name, window, size)
    # The shapes of texts are many: making them costs a program that opens a capture a tenth of its start.
    from captures.text.judge import judge
    from captures.text.lines import width_of
    from captures.text.source import TextSource

    while len(window.buffer) < _LOOKED_AT and not _has_begun(window.buffer) and window.more():
        pass
    head = window.buffer[:JUDGED]
    if b'"lane"' in head:  # few inputs are records, and it takes its time
        from captures.record_lines import RecordLines, is_record_lines

        if is_record_lines(head):
            return RecordLines(name, window, size)
    if (dissected := _dissections(name, window, size, head)) is not None:
        return dissected
    if raw.is_traffic(head):
        window.skip(begins)
        return raw.RawSource(name, window, size)
    judgement = judge(head)
    is_read = judgement is not None and (judgement.shape.name == "gurux-xml" or judgement.has_traffic)
    what = foreign_text(head, has_traffic=is_read)
    if not (what or is_read or holds_octets) and not raw.has_frames(head):
        what = foreign_output(head)
    if what:
        raise CaptureError(f"{label}: {what}; {EXPECTED} was expected")
    if judgement is not None and "characters" in judgement.shape.data.groupindex and raw.is_bare(head):
        return raw.RawSource(name, window, size)
    is_text = width_of(head) != 1 or raw.is_text(head)
    is_whole = window.ended or (size is not None and len(window.buffer) >= size)
    if is_text and (export := _export(name, window, size, head if is_whole else head[: head.rfind(b"\n") + 1])):
        return export
    if is_text or (judgement is not None and judgement.octets >= len(head) * _SHARE_OF_TEXT):
        # Of a pipe only a first line may be there yet: octets may still come.
        if judgement is None and (is_whole or len(head) == JUDGED):
            if holds_octets or raw.TEXT.search(head):
                return raw.RawSource(name, window, size)
            text = "text without octets in hex" + _MODEM_SAYS * (_MODEM.search(head) is not None)
            raise CaptureError(f"{label}: {text}; {EXPECTED} was expected")
        return TextSource(name, window, size, judgement)
    if holds_octets or raw.has_frames(head):
        window.skip(begins)
        source = raw.RawSource(name, window, size)
        if taken := taken_for_text(head):
            source.remark("octets-as-text", taken)
        return source
    raise CaptureError(f"{label}: {foreign_octets(head) or _NOT_KNOWN}; {EXPECTED} was expected")
