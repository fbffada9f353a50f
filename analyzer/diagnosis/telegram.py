"""Damaged telegrams of P1 and messages of IEC 62056-21: what the check, the characters and the data sets say.

Sources: DSMR P1 companion standard (CRC-16/ARC in hex digits behind the !); IEC 62056-21 (block check character).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from typing import NamedTuple

from analyzer.diagnosis.family import Family, severity_with
from analyzer.diagnosis.p1_sums import right_by
from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE, Alternative, Stories
from analyzer.framing.crc_states import P1
from analyzer.record import Record
from dissectors.check_character import ACK, NAK, SOH
from dissectors.checks import bcc, crc16_arc, has_parity, seven_bits
from dissectors.tree import Note

_MOST_CANDIDATES = 24
_MOST_LINES = 4096
_SEVERAL = 3
"""So many messages with a right check character are no chance of a meter that sums."""
_PRINTED = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz()*.:-/!&, \r\n")
"""The characters that telegrams are made of."""
_EDITED = re.compile(rb"<[^>\r\n]{2,}>|[xX]{4,}|\*{4,}|[#?]{4,}|(?i:redacted|removed|anonym)|\.{3}|(?<=\()\0{3,}")
"""What people put in place of what they do not want to show."""
_MASKED_ID = re.compile(
    rb"(?<![0-9.:])(?:\d-\d{1,3}:)?(?:0\.0\.\d|C\.1\.\d|(?:0-\d:)?96\.1\.\d|42\.0\.0)(?:[*.]\d{1,3})?"
    rb"\((?:([0-9A-Za-z])\1{4,}|0?12345\d*)\)"
)
"""A number of the meter in which one digit stands again and again, or digits in a row."""
_SIGNS = {ACK: "ACK", NAK: "NAK"}
_NOT_OF_DIGITS = 0x10
"""Digits in place of other digits change a check character by less."""
_LEAST_PRINTED = 0x20
_LINE = re.compile(rb"(?:\d-\d{1,3}:\d{1,3}\.\d{1,3}\.\d{1,3}(?:\.\d{1,3})?|[0-9A-F.*:-]{1,16})(?:\([^()\r\n]*\))+|")
_VALUE = re.compile(rb"\((\d+)\.(\d+)\*")
_DIGITS = re.compile(rb"[0-9A-Fa-f]{4}")


class _Found(NamedTuple):
    """An explanation: the telegram as it may have been sent, how many of its lines do not read, how likely it is."""

    cause: str
    text: str
    at: int
    repaired: bytes
    odd: int
    prior: int
    apart: int = 0
    """In how many characters it differs from the telegram before, where there is one."""


def _text_of(record: Record) -> bytes:
    """Give a telegram as its check sequence covers it, a ciphered one as it was deciphered."""
    return record.closed.plaintext if record.closed is not None and record.closed.plaintext else record.octets


class TelegramFamily(Family):
    """Wrong check sequences of P1, wrong check characters, characters of odd weight."""

    links = frozenset({"p1", "iec62056-21"})
    codes = frozenset(
        {"p1-crc-wrong", "p1-length-wrong", "bcc-wrong", "parity-wrong", "line-settings-differ", "meter-quirk"}
    )

    def __init__(self, stories: Stories) -> None:
        super().__init__(stories)
        self._off: dict[str, tuple[int, int]] = {}
        """By lane: by how much the check characters are off, and how often by the same."""
        self._sound: dict[str, bytes] = {}
        """By lane: its last sound telegram."""
        self._rules: dict[str, str] = {}
        """By lane: the rule by which the CRC of its last telegram was right, where that is not the standard's."""
        self._right: dict[str, int] = {}
        """By lane: messages with a right check character; negative once one was right as a sum."""

    def look(self, record: Record) -> None:
        """Remember what is sound: the next telegram says nearly the same, and the next message is checked as it is."""
        octets, lane = record.octets, record.lane.text
        if record.link == "p1":
            if len(self._sound) >= _MOST_LINES:
                self._sound.clear()
            self._sound[lane] = _text_of(record)
        elif _is_checked(octets) and not record.notes:
            if len(self._right) >= _MOST_LINES:
                self._right.clear()
            if (right := self._right.get(lane, 0)) >= 0:
                self._right[lane] = right + 1

    def note(self, record: Record, note: Note) -> bool | None:
        """Explain a wrong check."""
        if note.code == "p1-crc-wrong":
            self._telegram(record, note)
            return True
        if note.code == "p1-length-wrong":
            self.report(record, note.code, "octets-lost", LIKELY, note.text, start=note.start, end=note.end)
            return True
        if note.code == "meter-quirk":
            return self._is_sum(record, note)
        if note.code == "line-settings-differ":
            self._settings(record, note)
        elif note.code == "parity-wrong":
            self._parity(record, note)
        elif _is_no_text(record.octets):
            return True
        elif not any(one.code == "parity-wrong" for one in record.notes):  # that says which character it is
            self._message(record, note)
        return False

    def _is_sum(self, record: Record, note: Note) -> bool | None:
        """Tell a meter that sums from one message that is damaged so that the sum fits. None: it is another quirk."""
        if note.cause != "sum-check-character":
            return None
        if self._right.get(record.lane.text, 0) < _SEVERAL:
            self._right[record.lane.text] = -1
            return None
        octets = record.octets
        text = f"BCC {octets[-1]:02X} is wrong, {bcc(octets[1:-1]):02X} computed; others of this lane are right"
        self._message(record, note._replace(code="bcc-wrong", text=text))
        return False

    def _settings(self, record: Record, note: Note) -> None:
        """Both directions of a line are read with the same settings: one story tells of both."""
        other = self.stories.of_lane(" > ".join(reversed(record.lane.text.split(" > "))))
        told = next((one for one in other if (one.code, one.cause) == (note.code, note.cause)), None)
        if told is None:
            self.report_note(record, note)
        else:
            told.again(record.number, record.time_ns)

    def _parity(self, record: Record, note: Note) -> None:
        """Characters of odd weight: damaged on the way, or typed in; the check character gives back one alone."""
        octets, odd = record.octets, _odd(record.octets)
        off = _off(seven_bits(octets)) if any(one.code == "bcc-wrong" for one in record.notes) else 0
        if len(odd) == 1 and off:
            at = octets.index(odd[0])
            sent = (odd[0] & 0x7F) ^ off
            cause = "bit-error" if off.bit_count() == 1 else "octet-damaged"
            repaired = octets[:at] + bytes((sent | sent.bit_count() % 2 << 7,)) + octets[at + 1 :]
            text = f"{note.text}; the check character is off by {off:02X}, so {chr(sent)!r} was sent"
            others = [Alternative("burst", POSSIBLE, "more than one character may be damaged")]
            self.report(record, note.code, cause, LIKELY, text, start=at, end=at + 1, alternatives=others,
                        proposed=repaired)  # fmt: skip
            return
        edited = len(odd) > 1 and all(0x20 <= octet < 0x7F for octet in odd)
        cause, other = ("edited-by-hand", "octet-damaged") if edited else ("octet-damaged", "bit-error")
        text = f"{note.text}; all of them are printed characters without parity, as typed in" if edited else note.text
        others = [Alternative(other, POSSIBLE, note.text)]
        self.report(record, note.code, cause, POSSIBLE, text, start=note.start, end=note.end, alternatives=others)

    # -- P1 -----------------------------------------------------------------------------------------------------------

    def _telegram(self, record: Record, note: Note) -> None:
        octets = seven_bits(_text_of(record))
        edited = _EDITED.search(octets, 0, octets.rfind(b"!") + 1)
        if edited:
            text = f"{note.text}: {edited.group().decode('ascii', 'replace')!r} stands in place of something"
            self.report(record, note.code, "edited-by-hand", CERTAIN, text, start=edited.start(), end=edited.end())
            return
        like = seven_bits(self._sound.get(record.lane.text, b""))
        if not like and self._is_by_other_rule(record, note, octets):
            return
        found = sorted(
            (one._replace(apart=_apart(one.repaired, like)) for one in _explanations(octets)),
            key=lambda one: (one.odd, one.apart, -one.prior),
        )[:_MOST_CANDIDATES]
        odd = _odd_lines(octets)
        if not found or (found[0].odd and found[0].odd >= len(odd)):
            self._unexplained(record, note, odd)
            return
        best, rest = found[0], found[1:]
        equal = [one for one in rest if (one.odd, one.apart, one.prior) == (best.odd, best.apart, best.prior)]
        is_mended = best.odd < len(odd)
        confidence = POSSIBLE if equal else LIKELY if is_mended or best.prior > 1 else POSSIBLE
        others = [Alternative(one.cause, POSSIBLE, one.text, one.at, one.at + 1, one.repaired) for one in rest]
        others.append(Alternative("burst", POSSIBLE, "several characters are other than they were sent"))
        self.report(
            record, note.code, best.cause, confidence, f"{note.text}: {best.text}", start=best.at, end=best.at + 1,
            alternatives=others, proposed=best.repaired,
        )  # fmt: skip

    def _is_by_other_rule(self, record: Record, note: Note, octets: bytes) -> bool:
        """Tell a CRC that a meter computes in its own way, on a lane of which no telegram was sound."""
        rule, lane = right_by(octets), record.lane.text
        if rule is None:
            return False
        sure = CERTAIN if self._rules.get(lane) == rule else LIKELY
        if len(self._rules) < _MOST_LINES:
            self._rules[lane] = rule
        cause = "crc-of-another-kind"
        self.report(
            record, note.code, cause, sure, f"{note.text}; it is right as {rule}", start=note.start, end=note.end,
            severity=severity_with(note.code, cause),
        )  # fmt: skip
        return True

    def _unexplained(self, record: Record, note: Note, odd: list[tuple[int, bytes]]) -> None:
        """No one character explains the CRC; lines that are no data sets show where more than one is hurt."""
        if odd:
            shown = ", ".join(line.decode("ascii", "replace") for _, line in odd[:3])
            text = f"{note.text}: more than one character is hurt; no data sets are {shown}"
            at, line = odd[0]
            others = [Alternative(cause, POSSIBLE, text) for cause in ("octets-lost", "octets-inserted", "burst")]
            self.report(
                record, note.code, "octet-damaged", POSSIBLE, text, start=at, end=at + len(line), alternatives=others
            )
            return
        text = f"{note.text}: no one character explains it, and all lines read as data sets"
        others = [Alternative(cause, POSSIBLE, text) for cause in ("octets-lost", "edited-by-hand")]
        self.report(record, note.code, "burst", POSSIBLE, text, start=note.start, end=note.end, alternatives=others)

    # -- block check character ----------------------------------------------------------------------------------------

    def _message(self, record: Record, note: Note) -> None:
        """The character of seven bits tells which columns are off, and not which character."""
        octets = seven_bits(record.octets)
        off = _off(octets)
        before, times = self._off.get(record.lane.text, (0, 0))
        times = times + 1 if before == off else 1
        if len(self._off) < _MOST_LINES:
            self._off[record.lane.text] = (off, times)
        same = f", by {off:02X}" + (f", {times} times in a row" if times > 2 else "")
        ranges = {octets[0]: "the first character counted in", 0x03: "ETX left out", octets[0] ^ 0x03: "both"}
        is_bit = off.bit_count() == 1
        found = []
        if off in ranges:
            sure = LIKELY if times > 1 else POSSIBLE
            found.append(("bcc-range-wrong", sure, f"it is right with {ranges[off]}"))
        if is_bit:
            bit = off.bit_length() - 1
            found.append(("bit-error", POSSIBLE, f"one bit {bit} is turned, in any of the {len(octets)} characters"))
        found.append(("octet-damaged", POSSIBLE, "a character is other than it was sent, which one it does not tell"))
        if octets[0] == SOH and octets[-1] in _SIGNS and " > " not in record.lane.text:
            text = f"it may be missing, and {octets[-1]:02X} the {_SIGNS[octets[-1]]} that the other side answers with"
            found.insert(0, ("octets-lost", POSSIBLE, text))
        elif off >= _LEAST_PRINTED:  # missing lines leave no other trace
            found.append(("octets-lost", POSSIBLE, "characters are missing, or whole lines: it does not tell how many"))
        edited = _EDITED.search(octets)
        if edited is None and off < _NOT_OF_DIGITS:
            edited = _MASKED_ID.search(octets)
        if edited and times == 1:
            found.insert(0, ("edited-by-hand", LIKELY, f"{edited.group().decode('ascii', 'replace')!r} looks masked"))
        (cause, confidence, told), *rest = found
        others = [Alternative(*one) for one in rest]
        self.report(
            record, note.code, cause, confidence, f"{note.text}{same}: {told}", start=note.start, end=note.end,
            alternatives=others, severity=severity_with(note.code, cause),
        )  # fmt: skip


def _off(octets: bytes) -> int:
    """Tell by how much the check character of a message in seven bits is off."""
    return octets[-1] ^ bcc(octets[1:-1])


def _is_no_text(octets: bytes) -> bool:
    """Tell whether many octets have bit 7 and it is no parity: they are taken for a message by mistake."""
    high = sum(octet > 0x7F for octet in octets)
    return high * 4 > len(octets) and not has_parity(octets)


def _is_checked(octets: bytes) -> bool:
    """Tell whether a message has a check character."""
    return octets[:1] in (b"\x01", b"\x02") and octets[-2:-1] in (b"\x03", b"\x04")


def _apart(one: bytes, other: bytes) -> int:
    """Count the characters in which two telegrams differ, line by line; 0 where there is nothing to compare."""
    mine, theirs = one.split(b"\r\n"), other.split(b"\r\n")
    if len(mine) != len(theirs):
        return 0
    return sum(
        sum(a != b for a, b in zip(line, like, strict=False)) + abs(len(line) - len(like))
        for line, like in zip(mine, theirs, strict=True)
        if line != like
    )


def _odd(octets: bytes) -> list[int]:
    """Give the octets of odd weight."""
    return [octet for octet in octets if octet.bit_count() & 1]


def _odd_lines(octets: bytes) -> list[tuple[int, bytes]]:
    """Find the lines of a telegram that are no data sets, and where they begin."""
    found = []
    at = 0
    for number, line in enumerate(octets[: octets.rfind(b"!")].split(b"\r\n")):
        if number and not _LINE.fullmatch(line):
            found.append((at, line))
        at += len(line) + 2
    return found


def _explanations(octets: bytes) -> Iterator[_Found]:
    """Give each telegram with a right CRC that differs by one character."""
    mark = octets.rfind(b"!") + 1
    body, tail = octets[:mark], octets[mark:]
    digits = tail.rstrip(b"\r\n")
    yield from _of_digits(body, digits, tail[len(digits) :])
    if not _DIGITS.fullmatch(digits):
        return
    ahead, back = P1.forward(body), P1.backward(body, int(digits, 16))
    for at in range(len(body) + 1):
        if at < len(body):
            value = P1.octet_between(ahead[at], back[at + 1])
            is_line_end = body[at : at + 2] == b"\r\n"  # no line ends in LF alone, so the CR is as it was sent
            if value is not None and value in _PRINTED and value != body[at] and not is_line_end:
                yield _other(octets, at, value)
            if ahead[at] == back[at + 1]:
                text = f"character {at} ({body[at : at + 1].decode('ascii', 'replace')!r}) was not sent"
                whole = octets[:at] + octets[at + 1 :]
                yield _Found("octets-inserted", text, at, whole, len(_odd_lines(whole)), 3)
        value = P1.octet_between(ahead[at], back[at])
        if value is not None and value in _PRINTED:
            text = f"{chr(value)!r} is missing before character {at}"
            whole = octets[:at] + bytes((value,)) + octets[at:]
            yield _Found("octets-lost", text, at, whole, len(_odd_lines(whole)), 1)


def _of_digits(body: bytes, digits: bytes, line_end: bytes) -> Iterator[_Found]:
    """Give the CRC that belongs behind *body* where one change makes the *digits* of it."""
    right = b"%04X" % crc16_arc(body)
    given = digits.upper()
    missing = len(right) - len(given)
    if missing > 1 and given and (right.startswith(given) or right.endswith(given)):
        at = len(body) + len(given) * right.startswith(given)
        text = f"{missing} of its digits are missing: {given.decode()} where {right.decode()} belongs"
        yield _Found("octets-lost", text, at, body + right + line_end, len(_odd_lines(body)), 3)
        return
    alike = sum(1 for _ in takewhile(lambda both: both[0] == both[1], zip(given, right, strict=False)))
    rest = max(len(given), len(right)) - alike - 1
    if given == right or abs(len(given) - len(right)) > 1 or given[len(given) - rest :] != right[len(right) - rest :]:
        return
    if len(given) == len(right):
        cause = "bit-error" if (digits[alike] ^ right[alike]).bit_count() == 1 else "octet-damaged"
        odd = "only one of its digits is other than computed"
    elif len(given) < len(right):
        cause, odd = "octets-lost", "one of its digits is missing"
    else:
        cause, odd = "octets-inserted", "it has one digit too many"
    shown = digits.decode("ascii", "replace")
    text = f"{odd}: {shown} where {right.decode()} belongs"
    yield _Found(cause, text, len(body) + alike, body + right + line_end, len(_odd_lines(body)), 3)


def _other(octets: bytes, at: int, value: int) -> _Found:
    """Say that a character is another than *value*, which was sent."""
    whole = octets[:at] + bytes((value,)) + octets[at + 1 :]
    change = value ^ octets[at]
    text = f"character {at} is {chr(octets[at])!r} where {chr(value)!r} was sent"
    if change.bit_count() == 1:
        return _Found("bit-error", f"{text}, one bit", at, whole, len(_odd_lines(whole)), 2)
    return _Found("octet-damaged", text, at, whole, len(_odd_lines(whole)), 1)
