"""Logs as programs write them, of one simulated session: each writer follows the description of its program."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

from analyzer.simulate import model
from analyzer.simulate.client import Client
from analyzer.simulate.forms import nanoseconds
from analyzer.simulate.hdlc_line import HdlcLink, place
from analyzer.simulate.meter import Meter
from analyzer.simulate.sent import Sent
from analyzer.simulate.speaker import Target
from captures.chunk import SENT, UNKNOWN
from dissectors.hdlc import Address

DAY_NS = 86_400_000_000_000
START_NS = nanoseconds(2026, 3, 21, 10, 15, 32) + 123_456_789


@cache
def session() -> tuple[Sent, ...]:
    """A session of two dozen frames on a serial line, some longer than a row of a dump and some that fill rows."""
    meter = Meter(model.electricity_meter("52100071", start_ns=START_NS, rows=4), server="1.17")
    client = Client(meter, 16, start_ns=START_NS, seed=7)
    client.associate()
    client.get(Target(8, model.CLOCK))
    client.get(Target(1, model.SERIAL_NUMBER))
    client.get_list([Target(3, one.obis, number) for one in model.REGISTERS[:5] for number in (3, 2)])
    client.release()
    return tuple(place(HdlcLink(16, Address(1, 17, 2), seed=8).rounds(client.dialogue), start_ns=START_NS))


class Log(NamedTuple):
    """A text, the shape it has, and what of the session it keeps: decimals of times, dates, directions."""

    shape: str
    write: Callable[[Iterable[Sent]], str]
    digits: int | None = None
    has_dates: bool = True
    has_directions: bool = True
    note: str = ""
    """What tells it from another log of the same shape."""

    @property
    def id(self) -> str:
        return f"{self.shape} {self.note}".strip()

    def expected(self, events: Iterable[Sent]) -> list[tuple[int | None, int, bytes]]:
        """Time, direction and octets of each read."""
        found = []
        for event in events:
            time_ns = None
            if self.digits is not None:
                unit = 10 ** (9 - self.digits)
                time_ns = (event.time_ns if self.has_dates else event.time_ns % DAY_NS) // unit * unit
            found.append((time_ns, event.direction if self.has_directions else UNKNOWN, event.octets))
        return found


def _at(event: Sent, form: str, digits: int = 0, mark: str = ".") -> str:
    text = datetime.fromtimestamp(event.time_ns // 1_000_000_000, UTC).strftime(form)
    fraction = f"{event.time_ns % 1_000_000_000:09d}"[:digits]
    return f"{text}{mark}{fraction}" if digits else text


def _spaced(octets: bytes) -> str:
    return octets.hex(" ").upper()


def _readable(octets: bytes) -> str:
    return "".join(chr(one) if 32 <= one < 127 else "." for one in octets)


def _rows(octets: bytes, width: int = 16) -> list[tuple[int, bytes]]:
    return [(at, octets[at : at + width]) for at in range(0, len(octets), width)]


def _is_sent(event: Sent) -> bool:
    return event.direction == SENT


def _lines(write: Callable[[Sent], str], head: str = "", end: str = "\n") -> Callable[[Iterable[Sent]], str]:
    """A writer of *head* and then the same for every event."""
    return lambda events: head + "".join(write(event) + end for event in events)


def _words(sent: str, received: str) -> Callable[[Sent], str]:
    return lambda event: sent if _is_sent(event) else received


TX_RX, SENT_RECEIVED = _words("TX", "RX"), _words("Sent", "Received")
IRP = _words("IRP_MJ_WRITE", "IRP_MJ_READ")


def _jpnevulator(events: Iterable[Sent], *, with_characters: bool = False) -> str:
    lines = []
    for event in events:
        lines.append(f"{_at(event, '%Y-%m-%d %H:%M:%S', 6)}: /dev/{_words('ttyUSB0', 'ttyUSB1')(event)}")
        for _, row in _rows(event.octets):
            lines.append(f"{_spaced(row):<47}  {_readable(row)}" if with_characters else _spaced(row))
    return "\n".join(lines) + "\n"


def _interceptty(events: Iterable[Sent]) -> str:
    return "".join(
        f"{_words('>', '<')(event)}\t0x{octet:02x} ({_readable(bytes([octet]))})\n"
        for event in events
        for octet in event.octets
    )


def _slsnif(event: Sent) -> str:
    pieces = " ".join(f"{_readable(bytes([octet]))} ({octet:03d})" for octet in event.octets)
    return f"{_words('Host  ', 'Device')(event)} --> {pieces}"


def _socat(event: Sent, *, with_characters: bool = False) -> str:
    length = len(event.octets)
    head = f"{_words('>', '<')(event)} {_at(event, '%Y/%m/%d %H:%M:%S', 6)}  length={length} from=0 to={length - 1}\n"
    if not with_characters:
        return head + " " + event.octets.hex(" ")
    return head + "\n".join(f" {row.hex(' '):<48} {_readable(row)}" for _, row in _rows(event.octets)) + "\n--"


def _hhd(event: Sent) -> str:
    rows = "\n".join(f"    {row.hex(' '):<47}   {_readable(row)}" for _, row in _rows(event.octets))
    return f"[{_at(event, '%d/%m/%Y %H:%M:%S')}] {_words('Written', 'Read')(event)} data (COM5)\n{rows}\n"


def _irp_dump(event: Sent) -> str:
    rows = "\n".join(f"  {at:08X}  {_spaced(row):<47}  {_readable(row)}" for at, row in _rows(event.octets))
    return f"000042: {_at(event, '%Y-%m-%d %H:%M:%S', 7)} +0.0012345 {IRP(event)} COM5\n{rows}"


def _irp_table(event: Sent) -> str:
    up = _words("DOWN", "UP")(event)
    columns = [
        _at(event, "%d/%m/%Y %H:%M:%S"),
        IRP(event),
        up,
        "STATUS_SUCCESS",
        event.octets.hex(" "),
        _readable(event.octets),
    ]
    return "7\t" + "\t".join(columns)


def _portmon(event: Sent) -> str:
    return f"12\t0.00000123\tread out.exe\t{IRP(event)}\tSerial0\tSUCCESS\tLength {len(event.octets)}: {_spaced(event.octets)}\t"


def _dump(row: Callable[[int, bytes], str], *, end: bool = False) -> Callable[[Iterable[Sent]], str]:
    def write(events: Iterable[Sent]) -> str:
        blocks = []
        for event in events:
            lines = [row(at, octets) for at, octets in _rows(event.octets)]
            blocks.append("\n".join(lines + [f"{len(event.octets):08x}"] * end))
        return "\n".join(blocks) + "\n"

    return write


def _xxd(at: int, row: bytes) -> str:
    return f"{at:08x}: {row.hex(' ', -2):<39}  {_readable(row)}"


def _hexdump(at: int, row: bytes) -> str:
    text = f"{row[:8].hex(' ')}  {row[8:].hex(' ')}"
    return f"{at:08x}  {text:<49} |{_readable(row)}|"


def _hexdump_words(at: int, row: bytes) -> str:
    """`hexdump` without options, on a machine whose words have the low octet first; the last is filled up."""
    words = [int.from_bytes(row[start : start + 2], "little") for start in range(0, len(row), 2)]
    return f"{at:07x} {' '.join(f'{word:04x}' for word in words)}"


def _wireshark(at: int, row: bytes) -> str:
    text = f"{row[:8].hex(' ')}  {row[8:].hex(' ')}".rstrip()
    return f"{at:04x}  {text:<48}   {_readable(row)}"


def _text2pcap(event: Sent) -> str:
    rows = "\n".join(f"{at:06x} {row.hex(' ')}  {_readable(row)}" for at, row in _rows(event.octets))
    return f"{_words('O', 'I')(event)} {_at(event, '%Y-%m-%d %H:%M:%S', 6)}\n{rows}\n"


def _tshark(events: Iterable[Sent]) -> str:
    lines = []
    for number, event in enumerate(events, 1):
        elapsed = event.time_ns % 1_000_000_000
        lines.append(f"{number:>5}   {number}.{elapsed:09d}     10.0.0.2 → 10.0.0.7     DLMS {len(event.octets)} frame")
        lines.append("")
        lines += [_wireshark(at, row) for at, row in _rows(event.octets)]
        lines.append("")
    return "\n".join(lines) + "\n"


def _putty_ssh(event: Sent) -> str:
    packet = bytes(4) + len(event.octets).to_bytes(4, "big") + event.octets
    way = _words("Outgoing", "Incoming")(event)
    head = f"{way} packet #0x1c, type 94 / 0x5e (SSH2_MSG_CHANNEL_DATA)\n"
    other = f"{way} packet #0x1d, type 93 / 0x5d (SSH2_MSG_CHANNEL_WINDOW_ADJUST)\n  00000000  00 00 01 00 00 00 40 09                          ......@.\n"
    return (
        head
        + "\n".join(f"  {at:08x}  {row.hex(' '):<47}  {_readable(row)}" for at, row in _rows(packet))
        + "\n"
        + other
    )


def _c_array(events: Iterable[Sent]) -> str:
    lines = []
    for number, event in enumerate(events):
        lines.append(f"char peer{_words('0', '1')(event)}_{number}[] = {{ /* Packet {number + 1} */")
        rows = [", ".join(f"0x{octet:02x}" for octet in row) for _, row in _rows(event.octets, 8)]
        lines.append(", \n".join(rows) + " };")
    return "\n".join(lines) + "\n"


def _packet_array(event: Sent) -> str:
    rows = [
        ", ".join(f"0x{octet:02x}" for octet in row) + f", /* {_readable(row)} */" for _, row in _rows(event.octets, 8)
    ]
    joined = "\n".join(rows)
    return f"/* Frame ({len(event.octets)} bytes) */\nstatic const unsigned char pkt1[{len(event.octets)}] = {{\n{joined}\n}};\n"


def _structlog(event: Sent) -> str:
    word = _words("Sending", "Received")(event)
    return (
        f"{_at(event, '%Y-%m-%dT%H:%M:%S', 6)}Z [debug    ] {word} bytes           data={event.octets!r} port=ttyUSB0"
    )


def _structlog_json(event: Sent) -> str:
    word = _words("Sending bytes", "Received bytes")(event)
    return json.dumps(
        {"data": repr(event.octets), "event": word, "timestamp": _at(event, "%Y-%m-%dT%H:%M:%S", 6) + "Z"}
    )


def _amsreader(event: Sent) -> str:
    rows = "\n".join(_spaced(row) for _, row in _rows(event.octets))
    inside = _spaced(event.octets[8:-3])
    return f"(V) Frame dump ({len(event.octets)}b):\n{rows}\n(D) Data frame:\n(V) DLMS frame:\n{inside}\n"


def _amsreader_verbose(event: Sent) -> str:
    def dump(title: str, octets: bytes) -> str:
        rows = (row for _, row in _rows(octets))
        groups = ("  ".join(_spaced(row[at : at + 4]) for at in range(0, len(row), 4)) for row in rows)
        return f"(V) {title}:\n" + "".join(f"(V) {row}\n" for row in groups)

    inside = event.octets[8:-3]
    frames = dump("HDLC frame", event.octets) + dump("LLC frame", inside) + dump("DLMS frame", inside[3:])
    return f"(D) (AmsWebServer)Serving /data.json over http...\n{frames}(V)\n{dump('  payload', inside[3:])}(W) Nothing known\n"


def _amsreader_timed(event: Sent) -> str:
    verbose = _amsreader_verbose(event).replace("(V) HDLC", "(V) (unwrapData)(C0) HDLC")
    return verbose.replace("(V)", "(V t:1419760ms)").replace("  payload:", "Using application data:")


def _apdu_titles(event: Sent) -> str:
    rows = "".join(f"(V) {_spaced(row)}\n" for _, row in _rows(event.octets))
    return f"(D) Received {len(event.octets)} at +30ms\n(V) DLMS frame:\n{rows}"


_ESCAPES = {
    7: "\\a",
    8: "\\b",
    9: "\\t",
    10: "\\n",
    11: "\\v",
    12: "\\f",
    13: "\\r",
    27: "\\e",
    34: '\\"',
    39: "\\'",
    92: "\\\\",
}


def _esphome_string(event: Sent) -> str:
    text = "".join(_ESCAPES.get(one) or (chr(one) if 32 <= one < 127 else f"\\x{one:02X}") for one in event.octets)
    return f'[{_at(event, "%H:%M:%S")}][D][uart_debug:152]: {_words(">>>", "<<<")(event)} "{text}"'


def _titled(event: Sent) -> str:
    time = f"==> {_at(event, '%Y/%m/%d %H:%M:%S', 3, ':')} "
    text = event.octets.hex().upper()
    printed = f"{time}Analysing is (hex)\n{text}\n\n{time}Window is (hex)\n{text}\n\n{time}Received digest: 00112233445566778899\n"
    return f"{time}InterFrame sleep: 60 ms\n{time}{_words('Send', 'Read')(event)}(hex)\n{text}\n\n{printed}"


def _titled_deltas(events: Iterable[Sent]) -> str:
    lines, before = (
        [
            "Client Address: \t01(Management Client 1)",
            "Security applied: \tnone",
            "",
            "Open : COM4 (21-03-26 10:15:32 )",
        ],
        None,
    )
    for event in events:
        ms = event.time_ns // 1_000_000
        lines += [f"{TX_RX(event)} - ", f"{_spaced(event.octets)} ( +  {ms - (ms if before is None else before)} ms)  "]
        before = ms
    return "\r\n".join(lines) + "\r\n"


def _annotated(event: Sent) -> str:
    octets = event.octets
    pieces = [
        (octets[:1], "Flag"),
        (octets[1:3], "Frame format, length 0x1F"),
        (octets[3:-3], ""),
        (octets[-3:-1], "FCS 7E A0"),
        (octets[-1:], "Flag"),
    ]
    return (
        "\n".join(f"{_spaced(piece):<24}{'// ' if remark else ''}{remark}" for piece, remark in pieces if piece) + "\n"
    )


def _columns(event: Sent) -> str:
    """Octets and their characters, the direction beside the first row."""
    rows = [f"{_spaced(row):<48}  {_readable(row)}" for _, row in _rows(event.octets)]
    return f"  {_words('-->O', '<--O')(event)}  " + "\n        ".join(rows)


def _beside(event: Sent, numbers: Callable[[bytes], str]) -> str:
    """Direction and time on lines of their own, below them octets and their characters."""
    rows = [f"{numbers(row):<58}{_readable(row)}" for _, row in _rows(event.octets)]
    title = _words("Request", "Response")(event)
    return f"{title}\n{_at(event, '%d.%m.%Y %H:%M:%S', 3)}\n" + "\n".join(rows) + "\n"


def _xml(events: Iterable[Sent]) -> str:
    body = "".join(
        f'<HDLC len="{len(event.octets):X}">\n  <!-- {_spaced(event.octets)} -->\n  <TargetAddress Value="1" />\n'
        f'  <PDU>\n    <GetRequest>\n      <AttributeValue Value="AA BB" />\n    </GetRequest>\n  </PDU>\n</HDLC>\n'
        for event in events
    )
    return f'<?xml version="1.0" encoding="utf-8"?>\n<Messages>\n{body}</Messages>\n'


def _counted(event: Sent) -> str:
    length = len(event.octets)
    rows = "\n".join(_spaced(row[:8]) + "  " + _spaced(row[8:]) for _, row in _rows(event.octets))
    return f"[{_at(event, '%Y-%m-%d %H.%M.%S', 3)} - {SENT_RECEIVED(event)} {length} (0x{length:X}) bytes]\n{rows}\n\n"


def _escaped(octets: bytes) -> str:
    return "".join(f"\\x{octet:02x}" for octet in octets)


_QT_ESCAPES = {0x08: "\\b", 0x09: "\\t", 0x0A: "\\n", 0x0C: "\\f", 0x0D: "\\r", 0x22: '\\"', 0x5C: "\\\\"}


def _qt_string(octets: bytes) -> str:
    """A QByteArray as qDebug prints it: a string is parted where a digit would follow an escape in hex."""
    found, is_after_hex = "", False
    for octet in octets:
        character = chr(octet)
        is_hex = octet not in _QT_ESCAPES and not 0x20 <= octet < 0x7F
        if is_after_hex and character in "0123456789abcdefABCDEF":
            found += '""'
        found += f"\\x{octet:02X}" if is_hex else _QT_ESCAPES.get(octet, character)
        is_after_hex = is_hex
    return f'"{found}"'


def _strace(event: Sent, *, hex_only: bool = False) -> str:
    """Characters that C can print stand as they are, others as the shortest octal escape that is not misread."""
    octets, text = event.octets, ""
    for octet, after in zip(octets, [*octets[1:], 0], strict=True):
        short = f"\\{octet:o}" if not 0x30 <= after <= 0x39 else f"\\{octet:03o}"
        named = {9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
        text += named.get(octet, chr(octet) if 32 <= octet < 127 else short)
    shown = _escaped(octets) if hex_only else text
    call, size = _words("write", "read")(event), len(octets)
    return f'[pid  4711] {_at(event, "%H:%M:%S", 6)} {call}(3</dev/ttyUSB0>, "{shown}", {size if call == "write" else 256}) = {size}'


def _spy(event: Sent) -> str:
    """What pySerial's spy:// writes; its seconds count from the start, here of the day."""
    seconds = event.time_ns % DAY_NS // 1_000_000
    head = f"{seconds // 1000:06d}.{seconds % 1000:03d} {TX_RX(event)}  "
    rows = [
        f"{head} {at:04X}  {_spaced(row[:8])}  {_spaced(row[8:])}".ljust(72) + _readable(row)
        for at, row in _rows(event.octets)
    ]
    return "\n".join(rows)


def _netty(event: Sent) -> str:
    rule = "+--------+" + "-" * 49 + "+" + "-" * 16 + "+\n"
    rows = "".join(f"|{at:08x}| {row.hex(' '):<48}|{_readable(row):<16}|\n" for at, row in _rows(event.octets))
    head = f"{_at(event, '%Y-%m-%d %H:%M:%S', 3)} [nioEventLoopGroup-2-1] DEBUG i.n.h.l.LoggingHandler - "
    return f"{head}[id: 0x5a1c3f2e, L:/10.0.0.1:50012] {_words('WRITE', 'READ')(event)}: {len(event.octets)}B\n{rule}{rows}{rule}"


def _esp_idf(event: Sent) -> str:
    """What ESP_LOG_BUFFER_HEXDUMP writes, below a line of its program."""
    head = f"D ({event.time_ns % DAY_NS // 1_000_000}) DLMS: "
    rows = "\n".join(
        f"{head}0x{0x3FFB4280 + at:08x}   {row[:8].hex(' ')}  {row[8:].hex(' ')}".ljust(90) + f"  |{_readable(row)}|"
        for at, row in _rows(event.octets)
    )
    return f"{head}{TX_RX(event)} {len(event.octets)} bytes\n{rows}"
