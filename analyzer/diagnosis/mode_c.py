"""Sign-on, speed change and programming of IEC 62056-21: what was not answered, refused, or read at another speed.

Source: IEC 62056-21 (modes A to E, programming mode, error messages).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from analyzer.diagnosis.family import Family
from analyzer.diagnosis.story import LIKELY, POSSIBLE, Alternative, Evidence, Fact, Stories, Story
from analyzer.framing import uart_signs
from analyzer.record import NOISE, REQUEST, RESPONSE, Record
from dissectors.checks import seven_bits
from dissectors.tree import Note

_MOST_LINES = 4096
_REQUEST = re.compile(rb"/\?.*!\r\n")
_IDENTIFICATION = re.compile(rb"/[A-Za-z]{3}(.)")
_ACKNOWLEDGE = re.compile(rb"\x06([0-9])([0-9A-I])([0-9A-Z])\r\n")
_PASSWORD, _COMMAND = re.compile(rb"\x01P[12]"), re.compile(rb"\x01[RWE][0-9]")
_IS_BLOCK = re.compile(rb"[\x01\x02][ -~\r\n]{5}")
_IS_READOUT = re.compile(rb"\x02[\r\n]*[^\x00-\x1f()/]{0,32}\([^\x00-\x1f()]*\)")
"""Begins with a data set, as frames of HDLC without bit 7 do not."""
_OF_RIGHT_SPEED = frozenset({"seven-bit", "parity-in-data", "parity-filtered"})
"""Settings that octets of frames show where they are read at their speed."""
_PATIENCE_NS = 1_500_000_000
"""The reaction time: an answer begins within it."""
_AT_ONCE_NS = 50_000_000
"""An echo begins so soon on its line; who waits for an answer does so longer, before the same is sent again."""
_COARSE_NS = 100_000_000
"""Times that are all multiples of it do not tell what comes at once."""
_NAK, _BREAK = b"\x15", b"\x01B0"
_HDLC = b"2"
_ERROR = re.compile(rb"[\x02]?\(?ER|\x02\([^)]*ERR", re.IGNORECASE)
_SPEEDS = dict(zip("0123456", (300, 600, 1200, 2400, 4800, 9600, 19200), strict=True))
_MODE_B = "ABCDEFGHI"
_COMMANDS = ("password", "command")
_SIGNS = 4
"""Of fewer octets their values say nothing."""
_IGNORED = 3
"""So many identifications in a row that only another sign-on follows are no probe for who is there."""
_AGAIN_NS = 10_000_000_000
"""Who signs on later than that behind an identification did not wait for it."""


_NOT_CAPTURED = Alternative("capture-loss", POSSIBLE, "the capture may lack what the client says in between")


class _Doubt(NamedTuple):
    """What was told of octets behind an acknowledgement, and where those stand: what follows may read."""

    fact: Fact
    record: Record
    note: Note
    until_ns: int | None
    """When the next sign-on came, of octets that are given behind it: what that leads to says nothing of them."""


class _Line:
    """Where the dialogue of a line stands."""

    __slots__ = (
        "asked",
        "baud",
        "binary",
        "called",
        "chosen",
        "doubt",
        "identified",
        "ignored",
        "is_heard",
        "is_told",
        "last",
        "noise",
        "silent",
        "switched",
    )

    def __init__(self) -> None:
        self.asked: Record | None = None
        """The request or command that waits for its answer."""
        self.last = ""
        self.baud = ""
        """The speed character of the identification."""
        self.chosen: Record | None = None
        """The acknowledgement behind which nothing was read yet."""
        self.binary: Record | None = None
        """The acknowledgement that asks for HDLC."""
        self.noise: list[bytes] = []
        self.is_told = False
        self.is_heard = False
        """Something of the meter was read: without, a break is the client's."""
        self.doubt: _Doubt | None = None
        self.silent: tuple[Fact, Record, int] | None = None
        """What was told of an acknowledgement that nothing came behind, and until when: what came may be given late."""
        self.called = b""
        """The last sign-on."""
        self.identified: Record | None = None
        """The identification behind which nothing was said yet."""
        self.ignored: list[Record] = []
        """Identifications in a row behind which the client only signed on again."""
        self.switched: tuple[Record, Note] | None = None
        """The first octets behind the change to HDLC that are none: what follows may be frames."""


class ModeCFamily(Family):
    """The dialogue of a local port."""

    links = frozenset({"iec62056-21"})
    codes = frozenset({"noise", "hdlc-noise"})

    def __init__(self, stories: Stories) -> None:
        super().__init__(stories)
        self._lines: dict[int, _Line] = {}

    def look(self, record: Record) -> None:
        """Follow the dialogue by one message."""
        line = self._lines.get(record.lane.conversation)
        if line is None:
            if len(self._lines) >= _MOST_LINES:
                del self._lines[next(iter(self._lines))]
            line = self._lines[record.lane.conversation] = _Line()
        octets = seven_bits(record.octets)
        if line.asked is not None and _is_echo(line.asked, record):
            text = f"the {line.last} of record {line.asked.number} comes back as it was sent"
            self.report(record, "line-echo", "local-echo", LIKELY, text)
            return
        identified, line.identified = line.identified, None
        if _REQUEST.match(octets):
            self._signs_on(line, record, identified)
            if line.asked is None or not _is_hasty(line.asked, record):
                self._unanswered(line, record)
            self._not_begun(line, record)
            self._end_binary(line)
            line.asked, line.last, line.chosen, line.binary = record, "request", None, None
            return
        if found := _IDENTIFICATION.match(octets):
            line.is_heard = True
            line.asked, line.last, line.baud = None, "identification", found.group(1).decode("ascii", "replace")
            line.identified = record
            return
        line.ignored = []
        if chosen := _ACKNOWLEDGE.match(octets):
            self._acknowledged(record, line, chosen)
        elif _PASSWORD.match(octets) and record.direction == REQUEST:
            self._left_waiting(line, record)
            line.asked, line.last = record, "password"
        elif _COMMAND.match(octets):
            self._left_waiting(line, record)
            line.asked, line.last = record, "command"
        else:
            self._answered(record, line, octets)

    def _signs_on(self, line: _Line, record: Record, identified: Record | None) -> None:
        """Tell of a client that signs on in *record* again and again, though the meter identifies itself each time."""
        is_again = (
            identified is not None
            and line.baud in _SPEEDS  # others go on by themselves
            and record.time_ns is not None
            and identified.time_ns is not None
            and 0 <= record.time_ns - identified.time_ns <= _AGAIN_NS
            and line.called == record.octets
        )
        line.called = record.octets
        if identified is None or not is_again:
            line.ignored = []
            return
        if line.ignored and line.ignored[-1].octets != identified.octets:
            line.ignored = []  # another meter
        text = f"the meter identifies itself as {_shown(identified.octets)}, and the client only signs on again"
        code, others, further = "iec62056-21-not-acknowledged", [_NOT_CAPTURED], []
        if len(line.ignored) < _IGNORED:
            further = [Evidence(one.number, 0, 0, text) for one in line.ignored]
            line.ignored.append(identified)
        if len(line.ignored) == _IGNORED:
            self.report(identified, code, "answer-not-taken", LIKELY, text, alternatives=others, further=further)

    def _acknowledged(self, record: Record, line: _Line, chosen: re.Match[bytes]) -> None:
        """The client chose a speed and a mode; it has to be one that the meter offered."""
        speed = chosen.group(2).decode()
        if line.chosen is not None:
            return  # mode E: the meter says the same
        line.chosen, line.asked, line.last = record, record, "acknowledgement"
        if _HDLC in (chosen.group(1), chosen.group(3)):
            line.binary, line.chosen, line.asked = record, None, None  # mode E: the two go on in HDLC
        if not line.baud or speed in (line.baud, "0"):
            return
        offered = _SPEEDS.get(line.baud)
        if offered is None:
            kind = "mode B" if line.baud in _MODE_B else "mode A"
            text = f"the meter identified itself with {line.baud!r}, {kind}, where no acknowledgement is sent"
            self.report(record, "iec62056-21-mode-mismatch", "wrong-acknowledgement", LIKELY, text)
        else:
            wanted = _SPEEDS.get(speed, "?")
            text = f"the acknowledgement chooses {speed} ({wanted} Bd), the meter offered {line.baud} ({offered} Bd)"
            self.report(record, "iec62056-21-baud-switch-failed", "wrong-acknowledgement", LIKELY, text)
        line.is_told = True

    def _answered(self, record: Record, line: _Line, octets: bytes) -> None:
        """Something was read: the speeds agree. It may be a refusal."""
        if record.direction == REQUEST and octets.startswith(_BREAK):
            self._left_waiting(line, record)
        asked, line.asked, line.chosen, line.noise = line.asked, None, None, []
        if line.doubt is not None and _IS_BLOCK.match(octets):
            self._settle(record, line, line.doubt)
        if line.binary is not None and _IS_READOUT.match(octets):
            self._not_binary(record, line.binary)
            line.binary = line.switched = None
        if asked is None or record.number == asked.number:
            line.is_heard = line.is_heard or not octets.startswith(_BREAK)
            return
        is_break = octets.startswith(_BREAK)
        is_refused = (
            octets == _NAK
            or bool(_ERROR.search(octets[:8]))
            or (is_break and line.is_heard and record.direction == RESPONSE)
        )
        line.is_heard = line.is_heard or not is_break
        if not is_refused:
            return
        is_guessed = is_break and record.lane.side == asked.lane.side
        text = f"the {line.last} (record {asked.number}) was answered with {_shown(octets)}"
        others = []
        if is_guessed:
            text = f"behind the {line.last} (record {asked.number}) came {_shown(octets)}"
            unsure = "one line does not tell who sent the break: the client may have given up, as no answer came"
            others.append(Alternative("server-silent", POSSIBLE, unsure))
        if octets == _NAK and (story := self._damaged(asked)) is not None:
            story.follows(record.number)
            return  # it asks for that message once more
        if line.last == "password":
            if octets == _NAK:
                again = "NAK asks for the message once more, too: it may have been damaged on its way"
                others.append(Alternative("octet-damaged", POSSIBLE, again))
            told = POSSIBLE if is_guessed else LIKELY
            self.report(record, "iec62056-21-password-rejected", "wrong-password", told, text, alternatives=others)
        elif line.last == "acknowledgement" and octets == _NAK:
            others.append(Alternative("octet-damaged", POSSIBLE, "NAK asks for the message once more, too"))
            self.report(
                record, "iec62056-21-mode-mismatch", "acknowledgement-refused", LIKELY, text, alternatives=others
            )
        elif line.last == "command":
            cause = "access-level-too-low"
            self.report(record, "iec62056-21-protected", cause, POSSIBLE, text, alternatives=others)

    def _damaged(self, asked: Record) -> Story | None:
        """Give what was told of a message whose check character is wrong, or missing."""
        told = self.stories.of_lane(asked.lane.text)
        return next((one for one in told if one.code == "bcc-wrong" and asked.number in one.records), None)

    def _not_binary(self, record: Record, asked: Record) -> None:
        """The client asked for HDLC and got a readout."""
        said = _ACKNOWLEDGE.match(seven_bits(asked.octets))
        assert said is not None
        protocol, speed, mode = (one.decode() for one in said.groups())
        text = f"the acknowledgement {protocol}{speed}{mode} of record {asked.number} "
        if protocol == mode:
            text += "asks for HDLC; the meter answers with a readout: it has no mode E here"
        else:
            text += f"asks for HDLC in one of two places, 2{speed}2 would in both; the meter answers with a readout"
        self.report(record, "iec62056-21-mode-mismatch", "wrong-acknowledgement", LIKELY, text)

    def note(self, record: Record, note: Note) -> bool | None:
        """Octets that are no message, behind an acknowledgement: the speed was not changed on both sides."""
        line = self._lines.get(record.lane.conversation)
        if line is None or record.kind != NOISE:
            return None
        if line.binary is not None and line.switched is None and self._is_text(record):
            line.switched = record, note
            return True
        line.identified, line.ignored = None, []
        until_ns = self._reopen(line, record)
        if line.last in _COMMANDS:
            line.asked = None  # something came behind it
        if line.chosen is None:
            return None
        line.noise.append(record.octets)
        if line.is_told or len(line.noise) > 1:
            return True
        line.is_told = True
        fact = self._garbled(record, line.chosen, b"".join(line.noise))
        line.doubt = _Doubt(fact, record, note, until_ns)
        return True

    def _is_text(self, record: Record) -> bool:
        """Tell whether all that was read before on the lane of *record* is text, and no frame of HDLC."""
        before = self.sound.get(record.lane)
        return before is not None and before.link == "iec62056-21"

    def _reopen(self, line: _Line, record: Record) -> int | None:
        """Take back that nothing came behind an acknowledgement where octets of then are given late; and until when."""
        if line.silent is None or record.time_ns is None:
            return None
        fact, chosen, until_ns = line.silent
        if not (chosen.time_ns or 0) <= record.time_ns < until_ns:
            return None
        self.stories.take_back(fact)
        line.silent, line.chosen, line.is_told, line.noise = None, chosen, False, []
        return until_ns

    def _garbled(self, record: Record, acknowledged: Record, octets: bytes) -> Fact:
        """Report octets that are no message behind an acknowledgement."""
        speed = _ACKNOWLEDGE.match(seven_bits(acknowledged.octets))
        chosen = _SPEEDS.get(speed.group(2).decode(), 0) if speed else 0
        fast = uart_signs.times_too_fast(octets) if len(octets) >= _SIGNS else 0
        cause = "switched-too-early" if fast else "stayed-at-start-speed"
        told = f"; they look like those of a receiver {fast} times too fast" if fast else ""
        text = (
            f"behind the acknowledgement (record {acknowledged.number}, {chosen} Bd) {len(octets)} "
            f"octet{'s' * (len(octets) > 1)} came, no message{told}"
        )
        others = [
            Alternative(one, POSSIBLE, text)
            for one in ("stayed-at-start-speed", "switched-too-late", "switched-too-early")
            if one != cause
        ]
        return self.report(record, "iec62056-21-baud-switch-failed", cause, POSSIBLE, text, alternatives=others)

    def _settle(self, record: Record, line: _Line, doubt: _Doubt) -> None:
        """The data in *record* read: both sides have the same speed, and the octets before are noise."""
        line.doubt, line.is_told = None, False
        fact, before, note, until_ns = doubt
        if until_ns is not None and (record.time_ns is None or record.time_ns >= until_ns):
            return
        self.stories.take_back(fact)
        text = f"{note.text}; it stands behind the acknowledgement, and the data that follow read"
        self.report(before, note.code, "line-noise", POSSIBLE, text, start=note.start, end=note.end)

    def _unanswered(self, line: _Line, record: Record | None = None) -> None:
        """A request or acknowledgement was not answered before the next sign-on, which is in *record*."""
        asked, line.doubt = line.asked, None
        if asked is None or line.is_told:
            return
        if line.last == "request" or (line.last in _COMMANDS and line.is_heard):
            which = _shown(asked.octets) if line.last == "request" else f"of record {asked.number}"
            text = f"the {line.last} {which} was not answered"
            if (story := self._damaged(asked)) is not None:
                story.follows(asked.number)  # no meter answers what it cannot check
            else:
                self.report(asked, "iec62056-21-no-answer", "server-silent", LIKELY, text)
        elif line.last == "acknowledgement":
            text = f"nothing came behind the acknowledgement {_shown(asked.octets)}: the meter did not take it"
            others = [Alternative(one, POSSIBLE, text) for one in ("switched-too-late", "wrong-acknowledgement")]
            fact = self.report(
                asked, "iec62056-21-baud-switch-failed", "switched-too-early", POSSIBLE, text, alternatives=others
            )
            if record is not None and record.time_ns is not None:
                line.silent = fact, asked, record.time_ns
        line.asked = None

    def _left_waiting(self, line: _Line, record: Record) -> None:
        """The client goes on with *record* though a command waits, and the time for its answer is over."""
        if line.last in _COMMANDS and line.asked is not None and _is_over(line.asked, record.time_ns):
            self._unanswered(line)

    def _not_begun(self, line: _Line, record: Record) -> None:
        """HDLC was asked for, and nothing at all came before the next sign-on, which is *record*."""
        agreed = line.binary
        if agreed is None or line.is_told or record.number != agreed.number + 1:
            return
        if not _is_over(agreed, record.time_ns):
            return
        cause, text = "switched-too-early", f"nothing came behind the acknowledgement {_shown(agreed.octets)}"
        if agreed.direction == RESPONSE:
            cause, text = "stayed-at-start-speed", f"{text} of the meter: no frame of HDLC was heard"
        others = [
            Alternative(one, POSSIBLE, text) for one in ("switched-too-late", "switched-too-early") if one != cause
        ]
        self.report(agreed, "iec62056-21-baud-switch-failed", cause, POSSIBLE, text, alternatives=others)

    def _end_binary(self, line: _Line) -> None:
        """Tell of octets behind the change to HDLC: noise where frames followed on that lane, else the wrong speed."""
        if line.switched is None or line.binary is None:
            return
        (record, note), line.switched = line.switched, None
        told = self.stories.of_lane(record.lane.text)
        if any(one.code in self.codes and one.cause in _OF_RIGHT_SPEED and one.confidence != POSSIBLE for one in told):
            return
        if self._is_text(record):
            self._garbled(record, line.binary, record.octets)
        else:
            text = f"{note.text}; it stands behind the acknowledgement, and frames follow"
            self.report(record, note.code, "line-noise", POSSIBLE, text, start=note.start, end=note.end)

    def finish(self) -> None:
        """What still waits was not answered, if the capture went on long enough to tell."""
        for line in self._lines.values():
            asked = line.asked
            if asked is None or line.is_told or line.last not in ("request", "acknowledgement", *_COMMANDS):
                continue
            if _is_over(asked, self.ended_ns):
                self._unanswered(line)
            elif line.last not in _COMMANDS:
                text = (
                    f"the {line.last} {_shown(asked.octets)} is the last message of its line: the capture ends too "
                    "early to tell whether it was answered"
                )
                self.report(asked, "capture-cut", "capture-ended", POSSIBLE, text)

    def settle(self) -> None:
        """Tell of octets behind the last change to HDLC, now that all is said of how they are read."""
        for line in self._lines.values():
            self._end_binary(line)


def _is_echo(asked: Record, record: Record) -> bool:
    """Tell whether *record* is what waits for its answer, on the other lane or at once, and none sends that again."""
    if asked.octets != record.octets:
        return False
    is_alone = asked.lane.side == record.lane.side
    end, sent = record.time_ns, asked.time_ns
    if end is None or sent is None:
        return not is_alone
    begin = record.start_ns if record.start_ns is not None else end
    if is_alone and not sent % _COARSE_NS and not begin % _COARSE_NS:
        return False
    return end >= sent and begin - sent <= (_AT_ONCE_NS if is_alone else _PATIENCE_NS)


def _is_hasty(asked: Record, record: Record) -> bool:
    """Tell whether *record* is *asked* once more, before the time for its answer was over."""
    if asked.octets != record.octets or asked.time_ns is None or record.time_ns is None:
        return False
    return 0 <= record.time_ns - asked.time_ns < _PATIENCE_NS


def _is_over(asked: Record, now_ns: int | None) -> bool:
    """Tell whether the time for the answer to *asked* is over."""
    return now_ns is not None and asked.time_ns is not None and now_ns - asked.time_ns >= _PATIENCE_NS


def _shown(octets: bytes) -> str:
    text = seven_bits(octets).decode("ascii", "replace")
    return "".join(char if char.isprintable() else f"<{ord(char):02X}>" for char in text)[:40]
