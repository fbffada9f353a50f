"""Wrapper PDUs: lengths, versions and ports that are not as they should be. Source: IEC 62056-47."""

from __future__ import annotations

import re

from analyzer.diagnosis.dropped_zeros import zeroless
from analyzer.diagnosis.family import FRAMES, Family
from analyzer.diagnosis.line import Unread, settings_of
from analyzer.diagnosis.story import CERTAIN, LIKELY, POSSIBLE, Alternative, Stories
from analyzer.diagnosis.words import kind_of_text, octets_are
from analyzer.diagnosis.words import octets as octets_text
from analyzer.diagnosis.wrapper_lengths import HEADER, WrapperLengths
from analyzer.framing.tags import APDU_TAGS, opens_as_apdu
from analyzer.record import REQUEST, Lane, Record
from dissectors.scanning import reads
from dissectors.tree import Note

_E6 = 0xE6
_VERSION_SIZE, _PORTS_END = 2, 6
_OF_DATAGRAM = (("capture-cut", "capture-ended"), ("wrapper-length-wrong", "truncated"))
"""What a header that breaks off is: in a stream that waits for more, and in a datagram, which is whole."""
_MOST, _MOST_PORTS = 8192, 64
_LEAST_AGAIN = 4
_MOST_OCTETS = 0xFFFF
_BEAT = re.compile(rb"\s*(?:[A-Za-z]{1,8}[:=])?[0-9]{8,20}[\r\n]+")
"""A number alone on its line, as a modem says who it is."""
_SIGN_OF_LIFE = Alternative("heartbeat", POSSIBLE, "a modem or gateway may have said it before the meter spoke")
_SIGN_OF_LIFE_LATER = Alternative("heartbeat", POSSIBLE, "a modem or gateway may have said it")
_PASSED_ON = Alternative("line-noise", POSSIBLE, "a serial server or modem may have passed on what its line picked up")
_LINE_ENDS = (b"\r", b"\n")
_BIT_7 = 0x80
_OF_ALL_PDUS = frozenset({"parity-in-data"})
"""Settings that octets of PDUs show in their headers; by chance no octets of something else do."""
_MANY_ZEROS = 1024
"""Of so many octets of ciphertext one in fifty has no 00."""
_LEAST_STRIPPED = 3
"""So many APDUs with the tag of another one but for bit 7 are no chance."""
_PORTS_UP_TO = 0x3FFF
_LLC = (b"\xe6\xe6\x00", b"\xe6\xe7\x00")
_MISTAKEN = frozenset({
    "noise", "hdlc-noise", "bcc-wrong", "capture-cut", "octet-unprintable", "data-set-malformed", "line-unreadable",
    "provider-abort", "response-missing",
})  # fmt: skip
"""What octets of another protocol are taken for."""
_NOISE = ("noise", "hdlc-noise")
_OUT_OF_STEP = frozenset({"apdu-malformed", "wrapper-length-wrong", *_NOISE})
"""What else lengths and tags without bit 7 are told as."""
_WRAPPER_NOISE = "no wrapper unit"
"""How the note ends that says so on a lane of wrapper PDUs."""


class _Talk:
    """What is known of a conversation; lists are by side."""

    __slots__ = ("known", "ports", "usual")

    def __init__(self) -> None:
        self.ports = [b"", b""]
        """wPorts, those that were compared last."""
        self.usual = [b"", b""]
        """Those that were compared with those of the other direction, and are not the same."""
        self.known: set[bytes] = set()
        """All of its sound PDUs."""


class WrapperFamily(Family):
    """What the header of a wrapper PDU says wrongly."""

    links = frozenset({"wrapper"})
    skips_usual = FRAMES
    codes = frozenset({"wrapper-length-wrong", "capture-cut", "apdu-malformed", *_NOISE})

    def __init__(self, stories: Stories) -> None:
        super().__init__(stories)
        self._talks: dict[int, _Talk] = {}
        """By conversation: what its sound PDUs told."""
        self._swapped: dict[int, Record] = {}
        self._stray: dict[str, Record] = {}
        """By lane: one or two octets that stand alone, perhaps the version of the next PDU."""
        self._told: set[tuple[int, str]] = set()
        self._stripped: dict[Lane, int] = {}
        """By lane: its APDUs whose tags lack bit 7."""
        self._lengths = WrapperLengths(self)

    def look(self, record: Record) -> None:
        """Look at ports and at the first octets of the APDU."""
        octets, lane = record.octets, record.lane
        talk = self._talks.get(lane.conversation) or self._talk(lane.conversation)
        side = lane.side
        if octets[2:6] != talk.usual[side]:
            self._compare(record, talk, side, octets[2:6])
        if len(octets) > HEADER and octets[HEADER] == _E6 and octets[8:11] in _LLC and reads(octets[11:]):
            text = (
                f"the APDU stands behind an LLC header {octets[8:11].hex(' ').upper()}, which belongs into HDLC frames"
            )
            self._once(record, "wrapper-length-wrong", "llc-inside", text, 8, 11)

    def _talk(self, conversation: int) -> _Talk:
        if len(self._talks) >= _MOST:
            del self._talks[next(iter(self._talks))]
        made = self._talks[conversation] = _Talk()
        return made

    def _compare(self, record: Record, talk: _Talk, side: int, here: bytes) -> None:
        """Hold wPorts that are new to those of the other direction."""
        if len(talk.known) < _MOST_PORTS:
            talk.known.add(here)
        if here != talk.ports[side]:
            talk.ports[side], talk.usual[1 - side] = here, b""
        if here == talk.ports[1 - side] and here[:2] != here[2:]:
            if record.direction is not REQUEST:
                self._unswapped(record, here)
        else:
            talk.usual[side] = here

    def _before(self, record: Record) -> Record | None:
        """Give the last sound PDU of the lane."""
        before = self.sound.get(record.lane)
        return before if before is not None and before.link == "wrapper" else None

    def _ports(self, record: Record) -> set[bytes]:
        """Give the wPorts that were seen in a conversation."""
        talk = self._talks.get(record.lane.conversation)
        return talk.known if talk is not None else set()

    def _once(self, record: Record, code: str, cause: str, text: str, start: int, end: int) -> None:
        if len(self._told) < _MOST or (record.lane.conversation, cause) in self._told:
            self._told.add((record.lane.conversation, cause))
            self.report(record, code, cause, CERTAIN, text, start=start, end=end)

    def _unswapped(self, record: Record, ports: bytes) -> None:
        one, other = int.from_bytes(ports[:2], "big"), int.from_bytes(ports[2:], "big")
        text = f"source and destination wPort are {one} and {other} in both directions: an answer has to swap them"
        self.report(record, "wrapper-ports-unswapped", "server-echoes-header", CERTAIN, text, start=2, end=6)

    def note(self, record: Record, note: Note) -> bool | None:
        """Take a wrong length, or octets that are no PDU where PDUs are."""
        if note.code in _NOISE:
            return self._noise(record, note)
        if note.code == "apdu-malformed":
            return self._lacks_bit(record) or None
        if note.code == "capture-cut":
            is_over = self._lengths.runs_over(record, self._before(record))
            return is_over or self._is_misread(record) or self._is_cut_packet(record, note)
        before, stray = self._before(record), self._stray.pop(record.lane.text, None)
        if stray is not None and (stray.octets + record.octets)[2:6] in self._ports(record):
            self._version(stray, stray.octets)
        elif record.lane.transport == "udp" and self._lacks_begin(record, note, before):
            pass
        elif not self._lengths.runs_over(record, before):
            self._lengths.tell(record, note.text, before)
            if before is not None:
                self._lengths.fold_malformed(record, before)
        return True

    def _lacks_bit(self, record: Record) -> bool:
        """Tell whether an APDU does not read for bit 7 of all octets was taken away, as many PDUs of its lane show."""
        octets, lane = record.octets, record.lane
        if record.link != "wrapper" or len(octets) <= HEADER or not octets.isascii():
            return False
        tag = octets[HEADER]
        if tag in APDU_TAGS or tag | _BIT_7 not in APDU_TAGS or len(self._stripped) >= _MOST:
            return False
        count = self._stripped[lane] = self._stripped.get(lane, 0) + 1
        if count < _LEAST_STRIPPED:
            return False
        text = f"no octet of this PDU has bit 7 set, and its tag is {tag:02X} for {tag | _BIT_7:02X}"
        text += f"; so it was {count - 1} times before"
        self.report(record, "line-settings-differ", "seven-bit", LIKELY, text, start=HEADER, end=HEADER + 1)
        return True

    def _is_misread(self, record: Record) -> bool:
        """Tell whether what looked like a first PDU, far too long, is a line read with other settings."""
        if record.link != "wrapper" or not record.problem or record.lane.conversation in self._talks:
            return False
        return self._has_settings(record)

    def _is_cut_packet(self, record: Record, note: Note) -> bool | None:
        """Tell whether a datagram lacks octets, and say so, because the capture cut its packets. None: it did not."""
        cut = self.source is not None and self.source.remark_counts["packets-cut"]
        if not cut or record.lane.transport != "udp" or not record.problem:
            return None
        text = f"{note.text}; packets of this capture are cut"
        self.report(record, note.code, "capture-loss", LIKELY, text, start=note.start, end=note.end)
        return True

    def _has_settings(self, record: Record, causes: frozenset[str] | None = None) -> bool:
        """Tell whether settings of a serial line, of *causes* alone, explain octets that are no PDU, and say so."""
        unread = Unread()
        unread.add(record.octets)
        found = settings_of(unread)
        if not found or found[0].confidence is POSSIBLE or (causes and found[0].cause not in causes):
            return False
        others = [Alternative(one.cause, one.confidence, one.text) for one in found[1:]]
        fact = self.report(
            record, "line-settings-differ", found[0].cause, found[0].confidence, found[0].text, alternatives=others
        )
        story = self.stories.of_fact(fact)
        if story is not None:
            self.stories.fold(story, [one for one in self.stories.of_lane(record.lane.text) if one.code in _NOISE])
        return True

    def _version(self, record: Record, version: bytes) -> None:
        text = f"the version of a wrapper PDU with known wPorts is {version[:2].hex(' ').upper()}, and not 00 01"
        self.report(record, "wrapper-version-wrong", "not-wrapper", LIKELY, text, start=0, end=2)

    def _begun_late(self, record: Record) -> bool:
        """The first octets of a direction are no PDU: the capture began within one."""
        octets = record.octets
        count = len(octets)
        stand = f"stand{'s' * (count == 1)} before the first wrapper PDU"
        kind = kind_of_text(octets)
        if kind and (_BEAT.fullmatch(octets) or _comes_again(octets)):
            text = f"{octets_text(count)} of text ({kind}) {stand}"
            self.report(record, "carrier-text", "heartbeat", LIKELY, text, start=0, end=count)
            return True
        if self._has_settings(record, _OF_ALL_PDUS):
            return True
        if told := zeroless(octets):
            self.report(record, "noise", "text-dump-loss", LIKELY, told, start=0, end=count)
            return True
        if count >= _MANY_ZEROS and 0 not in octets:
            text = f"not one 00 is among {octets_text(count)} that are no wrapper PDU, and each header has some: what "
            text += "handled them as text dropped the zeros"
            self.report(record, "noise", "text-dump-loss", LIKELY, text, start=0, end=count)
            return True
        text = f"{octets_text(count)} {stand} of this direction" + f", all of them text ({kind})" * bool(kind)
        others = [_SIGN_OF_LIFE] if kind else []
        others.append(Alternative("not-wrapper", POSSIBLE, "something else may have been said before"))
        self.report(record, "capture-cut", "mid-stream-start", LIKELY, text, alternatives=others)
        return True

    def _noise(self, record: Record, note: Note) -> bool | None:
        octets, conversation = record.octets, record.lane.conversation
        if conversation in self._swapped:
            return True
        before = self._before(record)
        if self._lacks_begin(record, note, before):
            return True
        if _is_swapped(octets) and (conversation not in self._talks or _ends_swapped(octets)):
            self._swap(record)
            return True
        if before is None and self._lengths.counts_header(record):
            return True
        if before is None and _is_of_wrapper(note) and not record.lane.text.startswith("serial"):
            return self._begun_late(record)
        if conversation not in self._talks:
            return None
        ports = self._ports(record)
        is_known = len(octets) > HEADER and (octets[2:6] in ports or octets[4:6] + octets[2:4] in ports)
        if is_known and octets[:2] == b"\0\1":
            there = len(octets) - HEADER
            are = "is" if there == 1 else "are"
            text = f"the wrapper length says {octets[6] << 8 | octets[7]}, {there} {are} there"
            self._lengths.tell(record, text, before)
        elif is_known:
            self._version(record, octets)
        elif before is None:
            self._before_first(record, note)
        elif not (self._lengths.runs_over(record, before) or self._lengths.belongs_to(record, before)):
            self._keep_stray(record)
            self._between(record)
        return True

    def _lacks_begin(self, record: Record, note: Note, before: Record | None) -> bool:
        """Tell whether octets are a wrapper PDU without the first ones of its header, and say so.

        Where a stream begins so the capture begins within a PDU; a datagram, and what follows a PDU, had them.
        """
        count = _missing(record.octets)
        is_datagram = record.lane.transport == "udp" and (record.link == "wrapper" or _is_of_wrapper(note))
        if not count or (count > 1 and before is None and not is_datagram):
            return False
        what, them = "the first octet of a wrapper PDU, the 00 of its version 00 01, is", "it"
        if count > 1:
            what, them = f"the first {count} octets of the header of a wrapper PDU are", "them"
        text = f"{what} missing; with {them} the length is right"
        self.report(record, "wrapper-version-wrong", "octets-lost", LIKELY, text, start=0, end=HEADER - count)
        return True

    def _before_first(self, record: Record, note: Note) -> None:
        """Octets stand before the first PDU of their direction, and the other one has some."""
        octets = record.octets
        if told := zeroless(octets):
            self.report(record, note.code, "text-dump-loss", LIKELY, told, start=0, end=len(octets))
            return
        self._keep_stray(record)
        stand = f", and stand{'s' * (len(octets) == 1)} before the first one"
        text = f"{octets_are(len(octets))} no wrapper PDU{stand}"
        self.report(record, "noise", "capture-started-late", POSSIBLE, text, alternatives=(_NO_PDU,))

    def _swap(self, record: Record) -> None:
        """The header of a PDU has its low octets first."""
        octets = record.octets
        self._swapped[record.lane.conversation] = record
        length = octets[6] | octets[7] << 8
        text = f"version, wPorts and length ({length}) of the wrapper stand low octet first; they go high octet first"
        self.report(record, "wrapper-version-wrong", "byte-order-swapped", CERTAIN, text, start=0, end=8)
        self._fold(record)

    def _keep_stray(self, record: Record) -> None:
        if len(record.octets) <= _VERSION_SIZE:
            self._stray[record.lane.text] = record

    def _between(self, record: Record) -> None:
        """Octets behind a PDU begin none: nothing tells whose they are, but a line of text is a sign of life."""
        octets = record.octets
        count, kind = len(octets), kind_of_text(octets)
        before = self._before(record)
        if _VERSION_SIZE < count < HEADER and before is not None and before.octets.startswith(octets[:_PORTS_END]):
            text = f"a PDU breaks off within its header: {count} of {HEADER} octets are there"
            self.report(record, *_OF_DATAGRAM[record.lane.transport == "udp"], LIKELY, text, start=0, end=count)
            return
        if kind and octets.endswith(_LINE_ENDS):
            text = f"{octets_text(count)} of text ({kind}) stand{'s' * (count == 1)} between wrapper PDUs"
            self.report(record, "carrier-text", "heartbeat", LIKELY, text, start=0, end=count)
            return
        text = f"{octets_are(count)} no wrapper PDU"
        others = [_PASSED_ON, *[_SIGN_OF_LIFE_LATER] * bool(kind)]
        self.report(record, "noise", "not-wrapper", POSSIBLE, text, start=0, end=count, alternatives=others)

    def _fold(self, record: Record) -> None:
        """What else was made of PDUs in the wrong byte order follows from that."""
        lanes = (record.lane.text, " > ".join(reversed(record.lane.text.split(" > "))))
        found = [one for lane in lanes for one in self.stories.of_lane(lane)]
        told = [one for one in found if one.cause == "byte-order-swapped"]
        if told:
            self.stories.fold(told[0], [one for one in found if one.code in _MISTAKEN or one in told[1:]])

    def finish(self) -> None:
        """Fold once more what came since."""
        for record in self._swapped.values():
            self._fold(record)
        for lane, count in self._stripped.items():
            told = self.stories.of_lane(lane.text) if count >= _LEAST_STRIPPED else []
            stripped = [one for one in told if one.cause == "seven-bit"]
            if stripped:
                self.stories.fold(stripped[0], [one for one in told if one.code in _OUT_OF_STEP])


_NO_PDU = Alternative("line-noise", POSSIBLE, "nobody may have sent them")


def _is_of_wrapper(note: Note) -> bool:
    """Tell whether octets are noise on a lane of wrapper PDUs."""
    return note.text.endswith(_WRAPPER_NOISE)


def _comes_again(octets: bytes) -> bool:
    """Tell whether octets are one text of some length, said more than once."""
    return len(set(octets)) > 1 and (octets + octets).find(octets, _LEAST_AGAIN) < len(octets)


def _missing(octets: bytes) -> int:
    """Count the first octets that a PDU's header lacks, where its length is right and its APDU reads; 0: none."""
    for count in range(1, HEADER):
        there = HEADER - count
        size = len(octets) - there
        if not 0 < size <= _MOST_OCTETS or (count == 1 and octets[0] != 1):
            continue
        if octets[max(there - 2, 0) : there] == size.to_bytes(2, "big")[-there:] and reads(octets[there:]):
            return count
    return 0


def _ends_swapped(octets: bytes) -> bool:
    """Tell whether the length ends within octets if its low octet stands first."""
    return (octets[6] | octets[7] << 8) <= len(octets) - HEADER


def _is_swapped(octets: bytes) -> bool:
    """Tell whether octets begin with a wrapper header in the wrong byte order, and an APDU behind it."""
    if octets[:2] != b"\x01\x00" or len(octets) < HEADER + 2:
        return False
    one, other, length = (octets[at] | octets[at + 1] << 8 for at in (2, 4, 6))
    return length > 0 and max(one, other) <= _PORTS_UP_TO and opens_as_apdu(octets, HEADER, length)
