"""The telegrams of the consumer port P1: identification, data sets, ``!`` and CRC; and its ciphered form without DB.

Source: DSMR P1 companion standard 5.0; IEC 62056-21 (mode D).
"""

from __future__ import annotations

import re
from typing import Any

from dissectors import checks
from dissectors.characters import Characters, EmptyLine, Enhanced, LineEnds, Sign, Text, Trailer
from dissectors.composites import When
from dissectors.data_sets import DataSets
from dissectors.fields import Computed, Constant, Number, OctetString, Seen
from dissectors.framed import noise
from dissectors.pdu import Layer
from dissectors.regions import AUTHENTICATED, Ciphered, Length, Tag
from dissectors.tree import Kind, Node, Note, Problem, Severity
from dissectors.xdlms.ciphered import security_control

_EMPTY = b"\r\n\r\n"
_CRC = re.compile(rb"[0-9A-Fa-f]{5}(?=[\r\n]|\Z)|[0-9A-Fa-f]{0,4}")
"""The digits of a CRC; a fifth right before the line end came in among them."""
_DIGITS = 4
_WHOLE_SET = re.compile(rb"(?:[0-9]+-[0-9]+:)?[0-9A-F]+\.[0-9]+(?:\.[0-9]+)?(?:[*&][0-9]+)?\(")
"""How a data set begins."""
_BEGIN, _END = re.compile(rb"/"), re.compile(rb"![0-9A-Fa-f]{0,5}\r?\n")
_LINE_ENDS = re.compile(rb"(?:\r\n)+")
_LINE_END = re.compile(rb"(?<!\r)\r*+\n")


class TelegramCheck(Computed):
    """The CRC behind ``!`` in hex digits; empty where there is none."""

    __slots__: list[str] = []
    is_beyond = True

    def __init__(self) -> None:
        Computed.__init__(self, "crc")

    def any2i(self, pkt: Any, x: Any) -> Any:
        """Accept text."""
        return x.encode() if isinstance(x, str) else x

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[bytes, int]:
        """Read up to four digits, or one too many."""
        after = _CRC.match(octets, at, end).end()  # type: ignore[union-attr]  # it always matches
        return octets[at:after], after

    def grow(self, parent: Node, octets: bytes, at: int, end: int, seen: dict[str, Any]) -> int:
        """Add the digits with their verdict; a wrong CRC is noted and reading goes on."""
        value, after = self.read(octets, at, end, seen)
        if value:
            leaf = Node(self.asn1, Kind.LEAF, at * 8, after * 8, value.decode(), value.decode())
            parent.children.append(leaf)
            verdict, expected = judge(octets[parent.start // 8 : at], value)
            leaf.text = f"{value.decode()} ({_SAID[verdict].format(expected)})"
            self.note(leaf, verdict, expected, at, after)
        else:
            self.note_hurt(parent, octets[parent.start // 8 : at], octets[at : at + _DIGITS])
        return after

    def note_hurt(self, parent: Node, covered: bytes, text: bytes) -> None:
        """Note a CRC whose first digit is hurt, so that it is none: its other digits are right."""
        if len(text) == _DIGITS and (expected := f"{checks.crc16_arc(covered):04X}").encode()[1:] == text[1:].upper():
            told = f"CRC {text.decode('ascii', 'replace')} is wrong, {expected} computed"
            at = parent.start // 8 + len(covered)
            parent.notes.append(Note("p1-crc-wrong", Severity.ERROR, "checksum", told, at, at + _DIGITS))

    def note(self, leaf: Node, verdict: str, expected: int, at: int, after: int) -> None:
        """Note what is wrong with the digits."""
        digits = leaf.value
        if verdict == "wrong":
            text = f"CRC {digits} is wrong, {expected:04X} computed"
            leaf.notes.append(Note("p1-crc-wrong", Severity.ERROR, "checksum", text, at, after))
        elif verdict in _CHANGED:
            text = f"CRC {digits} is right {_CHANGED[verdict]}"
            leaf.notes.append(
                Note("line-ends-changed", Severity.NOTE, "checksum", text, at, after, "newline-translation")
            )

    def addfield(self, pkt: Any, s: bytes, val: Any) -> bytes:
        """Compute the CRC while it is not given, or was right as read."""
        if val is None or self.name in pkt._automatic:
            return s + f"{checks.crc16_arc(s):04X}".encode()
        return s + self.build(self.any2i(pkt, val))

    def build(self, value: bytes) -> bytes:
        """Give the digits."""
        return value

    def to_json(self, value: bytes) -> str:
        """Give the digits."""
        return value.decode()


_SAID = {
    "ok": "good", "translated": "good once LF is CR LF", "doubled": "good once CR CR LF is CR LF",
    "joined": "good with the empty line behind the identification", "spaced": "good without the empty lines between",
    "wrong": "wrong, {:04X} computed",
}  # fmt: skip
_CHANGED = {
    "translated": "for CR LF where LF alone stands",
    "doubled": "for CR LF where CR CR LF stands",
    "joined": "with the empty line behind the identification, which was left out",
    "spaced": "without the empty lines that stand between the lines",
}
"""How line ends were changed, by verdict."""


def judge(covered: bytes, digits: bytes) -> tuple[str, int]:
    """Judge the *digits* of a CRC over *covered*: ``ok``, ``wrong``, or how line ends were changed; and the CRC."""
    expected = checks.crc16_arc(covered)
    value = int(digits, 16)
    if len(digits) > _DIGITS:
        return "wrong", expected
    if value == expected:
        return "ok", expected
    sent = _LINE_END.sub(b"\r\n", covered)
    if sent != covered and value == checks.crc16_arc(sent):
        return "doubled" if b"\r\r\n" in covered else "translated", expected
    packed = _LINE_ENDS.sub(b"\r\n", sent)  # the one empty line that belongs there is behind the identification
    if value == checks.crc16_arc(packed.replace(b"\r\n", _EMPTY, 1)):
        return "joined" if packed == sent else "spaced", expected
    return "wrong", expected


def judge_digits(covered: bytes, digits: bytes) -> bool:
    """Tell whether *digits* are hex digits and the CRC over *covered*, in the shortest way."""
    return _CRC.fullmatch(digits) is not None and int(digits, 16) == checks.crc16_arc(covered)


class SealedCheck(TelegramCheck):
    """The CRC behind a ciphered telegram; which octets it covers is not known, so one that differs is only noted."""

    __slots__: list[str] = []

    def note(self, leaf: Node, verdict: str, expected: int, at: int, after: int) -> None:
        """Note that the digits are not the CRC of the octets as they stand."""
        if verdict != "ok":
            # field: Elgama EGM5 (corpus log ams_EGM5G35)
            leaf.text = f"{leaf.value} (not that of these octets)"
            text = f"CRC {leaf.value} is not that of the octets as they stand ({expected:04X}): it may be of the text"
            leaf.notes.append(Note("p1-crc-unchecked", Severity.NOTE, "checksum", text, at, after))


class RestCheck(TelegramCheck):
    """The CRC of a telegram of which the first octets are missing: nobody can check it."""

    __slots__: list[str] = []

    def note(self, leaf: Node, verdict: str, expected: int, at: int, after: int) -> None:
        """Say why it is not checked."""
        leaf.text = f"{leaf.value} (covers octets that are missing)"


class Rest(Text):
    """What is left of a line that began before; nothing where a whole data set, or the end of all, stands first."""

    __slots__: list[str] = []

    def read(self, octets: bytes, at: int, end: int, seen: Seen) -> tuple[bytes, int]:
        """Read up to the line end."""
        if at >= end:
            raise Problem(at, "nothing of a telegram is there", is_short=True)
        if octets[at : at + 1] == b"!" or _WHOLE_SET.match(octets, at, end):
            return b"", at
        return Text.read(self, octets, at, end, seen)


def _identification(line_end: LineEnds) -> list[Any]:
    return [
        Constant("start", 0x2F),
        Characters("manufacturer", b"XXX"),
        Characters("baud_rate_id", b"5"),
        Enhanced("enhanced"),
        Text("identification"),
        line_end,
    ]


def _closing(check: TelegramCheck) -> list[Any]:
    return [
        Sign("end_mark", 0x21, is_beyond=True),
        check,
        Trailer("trailer"),
        LineEnds("end", is_beyond=True),
    ]


class P1Telegram(Layer):
    """A telegram in clear, from ``/`` to the line end behind its CRC."""

    asn1 = "telegram"
    fields_desc = [*_identification(LineEnds("line_end", _EMPTY)), DataSets(rb"[\r\n)]!"), *_closing(TelegramCheck())]

    @classmethod
    def tcp_reassemble(cls, data: bytes, metadata: Any, session: Any) -> Any:
        """Make the telegram once a stream has all of it, None before. What stands before its ``/`` is Raw."""
        if data[:1] != b"/":
            return noise(data, _BEGIN.search(data))
        return cls(data) if _END.search(data) else None

    def extract_padding(self, s: bytes) -> tuple[bytes, bytes | None]:
        """Part it from what follows; one that broke off has all."""
        return (b"", s) if self.problem is None else (s, None)

    def _fill(self, values: dict[str, Any], raw: bytes) -> None:
        super()._fill(values, raw)
        digits = values.get("crc")
        if digits and len(digits) == 4 and digits == digits.upper():
            at = raw.rindex(b"!" + digits) + 1
            self._automatic |= {"crc"} if judge(raw[:at], digits)[0] == "ok" else set()


def _sealed(*tag: Any) -> list[Any]:
    return [
        *_identification(EmptyLine("line_end", _EMPTY)),
        *tag,
        OctetString("system_title"),
        Length(),
        *security_control(),
        Number("invocation_counter", "I"),
        Ciphered("ciphered"),
        When(Tag(), on="security_control", mask=AUTHENTICATED, equals=AUTHENTICATED),
        *_closing(SealedCheck()),
    ]


class P1CipheredTelegram(Layer):
    """A telegram whose body is a general-glo-ciphering APDU without its tag DB, behind a clear identification."""

    asn1 = "ciphered-telegram"
    fields_desc = _sealed()


class P1TaggedTelegram(Layer):
    """A telegram whose body is a whole general-glo-ciphering APDU, behind a clear identification."""

    asn1 = "tagged-telegram"
    fields_desc = _sealed(Constant("apdu_tag", 0xDB))


class P1Rest(Layer):
    """A telegram of which the first octets are missing: the rest of a line, data sets, ``!`` and CRC."""

    asn1 = "telegram-rest"
    fields_desc = [Rest("rest"), LineEnds("line_end"), DataSets(rb"[\r\n)]!"), *_closing(RestCheck())]


SEALED: tuple[type[Layer], ...] = (P1CipheredTelegram, P1TaggedTelegram)
"""The telegrams whose body is an APDU."""
_TELEGRAM = re.compile(rb"/[A-Za-z]{3}[!-~][ -~]*\r?\n\r?\n[-0-9A-F.:]+\(")
_SEALED = re.compile(rb"/[^\r\n]*\r?\n\r?\n\xdb?(?=\x00\x82|\x00\x81|\x08[A-Z]{3})")


def sealed_start(octets: bytes) -> int:
    """Find where the system title of a ciphered telegram stands; 0 where *octets* are none."""
    found = _SEALED.match(octets)
    return found.end() if found else 0


def is_telegram(octets: bytes) -> bool:
    """Tell whether *octets*, which deciphering gave, are a telegram: by its identification and the empty line."""
    return _TELEGRAM.match(octets) is not None


def telegram_layer(octets: bytes) -> type[Layer]:
    """Choose the layer of a telegram."""
    if octets[:1] != b"/":
        return P1Rest
    start = sealed_start(octets)
    if not start:
        return P1Telegram
    return P1TaggedTelegram if octets[start - 1] == 0xDB else P1CipheredTelegram
