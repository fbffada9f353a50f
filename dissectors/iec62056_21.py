"""The messages of direct local data exchange: sign-on, option select, data, programming commands, ack and nak.

Characters have seven bits here; who reads a line with its parity bit takes that off first (`dissectors.checks`).
Source: IEC 62056-21 (Direct local data exchange), message formats of modes A to E.
"""

from __future__ import annotations

import re
from typing import Any

from dissectors import checks
from dissectors.characters import Characters, Enhanced, LineEnds, Sign, Text
from dissectors.check_character import ACK, BARE_SELECT, EOT, ETX, NAK, SOH, STX, judge
from dissectors.data_sets import PASSWORD_HEAD, DataSets, Secrets
from dissectors.fields import Computed, Constant, Seen
from dissectors.pdu import Layer
from dissectors.quirks import quirk
from dissectors.tree import Kind, Node, Note, Severity

_END = rb"[\r\n)]!|[\x03\x04]"

BAUD_RATES: dict[str, int] = {
    "0": 300, "1": 600, "2": 1200, "3": 2400, "4": 4800, "5": 9600, "6": 19200,
    "A": 600, "B": 1200, "C": 2400, "D": 4800, "E": 9600, "F": 19200,
}  # fmt: skip
"""Bd by baud rate identification: digits in modes C, D and E, letters in mode B."""
COMMANDS: dict[str, str] = {"P": "password", "W": "write", "R": "read", "E": "execute", "B": "break"}


class CheckCharacter(Computed):
    """The block check character; ``None`` where the capture has none."""

    __slots__: list[str] = []
    looks_back = True

    def __init__(self) -> None:
        Computed.__init__(self, "bcc")

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[int | None, int]:
        """Read the octet behind ETX or EOT, if there is one."""
        return (octets[at], at + 1) if at < end and seen["end"] is not None else (None, at)

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the character with its verdict; a wrong one is noted and reading goes on."""
        value, after = self.read(octets, at, end, seen)
        seen[self.name] = value
        if value is None:
            return after
        node = parent.add(Node(self.asn1, Kind.LEAF, at * 8, after * 8, f"{value:02X}", f"{value:02X} (good)"))
        verdict, expected = judge(octets[parent.start // 8 : after])
        if verdict == "sum":
            node.text = f"{value:02X} (good as a sum)"
            node.notes.append(quirk("sum-check-character", at, after))
        elif verdict == "wrong":
            node.text = f"{value:02X} (wrong, {expected:02X} computed)"
            text = f"BCC {value:02X} is wrong, {expected:02X} computed"
            node.notes.append(Note("bcc-wrong", Severity.ERROR, "checksum", text, at, after))
        return after

    def addfield(self, pkt: Any, s: bytes, val: Any) -> bytes:
        """Compute the character while it is not given, or was right as read."""
        is_computed = val is None or self.name in pkt._automatic
        if not is_computed:
            return s + self.build(val)
        return s + bytes((checks.bcc(s[1:] if s[:1] in (b"\x01", b"\x02") else s),)) if pkt.end is not None else s

    def build(self, value: int) -> bytes:
        """Give the octet."""
        return bytes((value,))

    def to_json(self, value: int) -> str:
        """Give the hex digits."""
        return f"{value:02X}"


class Summed(Layer):
    """A message with a block check character, which follows edits where it was right as read."""

    def _fill(self, values: dict[str, Any], raw: bytes) -> None:
        super()._fill(values, raw)
        if values.get("bcc") is not None and judge(raw)[0] == "ok":
            self._automatic |= {"bcc"}


class RequestMessage(Layer):
    """The request of the client: ``/?`` device address ``!``."""

    asn1 = "request"
    fields_desc = [
        Constant("start", 0x2F),
        Sign("query", 0x3F),
        Text("device_address", b"!\r\n"),
        Sign("end_mark", 0x21),
        LineEnds("line_end"),
    ]


class IdentificationMessage(Layer):
    r"""The answer of the meter: ``/XXXZ``, enhanced characters ``\W``, identification."""

    asn1 = "identification"
    fields_desc = [
        Constant("start", 0x2F),
        Characters("manufacturer", b"XXX"),
        Characters("baud_rate_id", b"5"),
        Enhanced("enhanced"),
        Text("identification"),
        LineEnds("line_end"),
    ]


class AcknowledgementMessage(Layer):
    """Acknowledgement and option select: protocol control V, baud rate Z, mode control Y.

    A terminal may have left its control character out.
    """

    asn1 = "acknowledgement"
    fields_desc = [
        Sign("start", ACK),
        Characters("protocol_control", b"0"),
        Characters("baud_rate_id", b"5"),
        Characters("mode_control", b"0"),
        LineEnds("line_end"),
    ]


class DataMessage(Summed):
    """Data of the meter, a partial block of them, or an error text: STX data sets ``!`` ETX BCC, as far as they are."""

    asn1 = "data-message"
    fields_desc = [
        Sign("start", STX),
        DataSets(_END),
        Sign("end_mark", 0x21),
        LineEnds("line_end"),
        Sign("end", ETX, EOT),
        CheckCharacter(),
    ]


class ProgrammingCommand(Summed):
    """A command of programming mode: SOH C D STX data set ETX BCC; break has neither STX nor data set."""

    asn1 = "programming-command"
    fields_desc = [
        Sign("start", SOH),
        Characters("command", b"R"),
        Characters("command_type", b"1"),
        Sign("separator", STX),
        DataSets(rb"[\x03\x04]", "data_set", line_end=b""),
        Sign("end", ETX, EOT),
        CheckCharacter(),
    ]


class PasswordCommand(Summed):
    """A password for comparison (P1) or the result of a secure algorithm (P2): shown masked."""

    asn1 = "password-command"
    fields_desc = [
        Sign("start", SOH),
        Characters("command", b"P"),
        Characters("command_type", b"1"),
        Sign("separator", STX),
        Secrets(rb"[\x03\x04]", "data_set", line_end=b""),
        Sign("end", ETX, EOT),
        CheckCharacter(),
    ]


class AckMessage(Layer):
    """The message was received."""

    asn1 = "ack"
    fields_desc = [Constant("start", ACK)]


class RepeatRequest(Layer):
    """The message is to be sent again."""

    asn1 = "nak"
    fields_desc = [Constant("start", NAK)]


LAYERS: tuple[type[Layer], ...] = (
    RequestMessage, IdentificationMessage, AcknowledgementMessage, DataMessage, ProgrammingCommand, PasswordCommand,
    AckMessage, RepeatRequest,
)  # fmt: skip
_COMMAND = re.compile(rb"\x01?[PWREB][0-9][\x02\x03]|\x01")
_PASSWORD = re.compile(rb"\x01?P[^0](?:.\(|\x02|\(|)|[^\x02(]P[12]\x02\(?", re.DOTALL)
"""What stands before a password, be the SOH hurt or not."""
_NEARLY = re.compile(rb".?([@PQRTXp\x10])([0-9!\x11\"\x12qr:;?9])\x02\(", re.DOTALL)
"""The same where a bit of P or of the number may be turned."""
_HEADLESS = re.compile(rb"\x02\(")
"""A value, or a password whose head is lost: its check character still counts that in."""
_HEADS = frozenset(map(checks.bcc, (b"P1\x02", b"P2\x02")))
_COPIED = re.compile(PASSWORD_HEAD + rb"\(([^()\x00-\x1f]{1,64})")
"""A password command without its control characters, as it stands in what was copied from a terminal."""
_STOP = re.compile(rb"[\x03\x04]")
_LONGEST_COMMAND = 256
_ERROR = re.compile(rb"\x02\(\s*ER")


def password_at(message: bytes) -> tuple[int, int] | None:
    """Find where the password stands in a message that is sent to be let in, or may be one that is damaged.

    A bit may be turned in its head where its check character does not vouch for it. The password ends at ETX or EOT,
    without the parenthesis before that, or with the message. Octets may have their parity in bit 7.
    """
    octets = checks.seven_bits(message)
    found = _PASSWORD.match(octets)
    if found is None:
        found = _NEARLY.match(octets) or _HEADLESS.match(octets)
        if found is None or _is_vouched_for(octets, found):
            return None
    stop = _STOP.search(octets, found.end())
    end = stop.start() if stop else len(octets)
    return found.end(), end - (octets[end - 1 : end] == b")" and end > found.end())


def copied_passwords(octets: bytes) -> list[tuple[int, int]]:
    """Find where passwords stand whose commands lost their control characters, anywhere in *octets*."""
    return [found.span(1) for found in _COPIED.finditer(checks.seven_bits(octets))]


def _is_vouched_for(octets: bytes, head: re.Match[bytes]) -> bool:
    """Tell whether a message is no password's: it is whole, or an operand of which only the check character lacks."""
    stop = _STOP.search(octets, head.end())
    if stop is None:
        return False
    if head.re is _HEADLESS:
        return (
            octets[stop.end()] ^ judge(octets[: stop.end() + 1])[1] not in _HEADS if stop.end() < len(octets) else True
        )
    if stop.end() == len(octets):
        return head[1] + head[2] == b"P0" or head[1] != b"P"
    return judge(octets[: stop.end() + 1])[0] == "ok"


def message_layer(octets: bytes) -> type[Layer]:
    """Choose the layer of a message by how it begins; what begins like none is read as data."""
    first = octets[:1]
    if first == b"/":
        return RequestMessage if octets[1:2] == b"?" or b"!" in octets[:34] else IdentificationMessage
    if first == b"\x06":
        return AcknowledgementMessage if len(octets) > 1 else AckMessage
    if BARE_SELECT.fullmatch(octets):
        return AcknowledgementMessage
    if first == b"\x15":
        return RepeatRequest
    if password_at(octets[:_LONGEST_COMMAND]) is not None:
        return PasswordCommand
    return ProgrammingCommand if _COMMAND.match(octets) else DataMessage


def message_type(octets: bytes) -> str:
    """Name a message as the ``message`` member does: ``request``, ``data``, ``block``, ``command``, ``error``, …"""
    layer = message_layer(octets)
    if layer is DataMessage:
        if _ERROR.match(octets):
            return "error"
        return "block" if b"\x04" in octets[-2:] and b"\x03" not in octets[-2:-1] else "data"
    if layer in (ProgrammingCommand, PasswordCommand):
        return "break" if octets[:1] == b"\x01" and octets[1:2] == b"B" else "command"
    return layer.asn1
