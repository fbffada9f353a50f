"""Octets of a tapped serial line to the settings to listen with: found by trial, followed in modes B to E.

Sans-IO: the caller owns the port, feeds what it read, and applies the switches that are returned.
Source: IEC 62056-21, tables of baud rate identifications and the sequences of modes A to E.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from analyzer.framing import uart_signs
from analyzer.framing.detect import detect
from captures.serial_line import LineSettings
from dissectors.checks import has_parity, seven_bits

SIGN_ON = LineSettings(300, 7, "E")
"""What modes A, B, C and E begin with."""
SPEEDS = {
    "0": 300, "1": 600, "2": 1200, "3": 2400, "4": 4800, "5": 9600, "6": 19200, "7": 38400, "8": 57600, "9": 115200
}  # fmt: skip
"""Baud rate identifications of modes C and E; 7 to 9 are reserved by the standard, and used by makers."""
MODE_B_SPEEDS = {"A": 600, "B": 1200, "C": 2400, "D": 4800, "E": 9600, "F": 19200}
CANDIDATES = (
    LineSettings(9600), SIGN_ON, LineSettings(2400), LineSettings(19200), LineSettings(115200), LineSettings(4800),
    LineSettings(38400), LineSettings(1200), LineSettings(57600), LineSettings(300), LineSettings(600),
)  # fmt: skip
"""What is tried where nothing is known, the likeliest first; the parity is told by the octets."""

_SECOND = 1_000_000_000
_ECHO_NS = 1_700_000_000
"""The longest reaction time, and the time of the answer at 300 Bd that may stand behind it."""
_OVER_NS = 2 * _SECOND
_ANSWERED_NS = 3 * _SECOND
"""So long after a request the identification has been read, at 300 Bd, too."""
_SILENCE_NS = 60 * _SECOND
_BURST_NS = 15_000_000
_TURN_NS = 60_000_000
"""A silence that no message sent at 300 Bd or more has in it; who answers waits longer, as a rule."""
_AGAIN_NS = _SECOND
"""A silence behind which it is not the answer that comes, but the same message again."""
_FAIR_BURSTS = 5
"""What was heard before as many silences may be cut at its beginning, or a message that tells nothing."""
_TELLING_BURSTS, _TELLING = 2, 48
"""So many silences, and octets before them, may tell that they were sent faster."""
_SURE = 0.9
_JUDGED, _MOST_HEARD, _MOST_TRIED = 16, 4096, 512
_GROWN = 4
"""What was heard is judged again when it is longer by this part of it, or over: judging costs its whole length."""
_MOST_CLEAN = 4000
"""So many where few have errors: a telegram of P1 has a thousand octets and more, and of ciphered ones two tell."""
_SELECT = re.compile(rb"\x06([0-9])([0-9A-I])([0-9A-Z])\r\n")
_IDENTIFICATION = re.compile(rb"/[A-Z]{2}[A-Za-z]([ -~])[\x02 -~]{0,60}\r\n")
_BREAK = re.compile(rb"\x01B[0-9]\x03")
_END_OF_READOUT = re.compile(rb"!\r\n\x03.", re.DOTALL)
_DISCONNECT = re.compile(rb"\x7e\xa0.{2,9}\x53..\x7e", re.DOTALL)
_HDLC, _FLAG = "2", b"\x7e"
_READOUT = "06789"
_TEXT_STACKS = ("iec62056-21", "p1")
"""What is sent with seven bits: a frame of another stack has eight, however many octets before it have even weight."""
_TEXT = frozenset((*range(0x20, 0x7F), *b"\x01\x02\x03\x04\x06\x15\r\n"))
_FEW, _SELDOM = 4, 8
_SLOW, _SLOW_FACTOR = 10, 16
"""So many characters 00 and nothing else, where a bit of the sign-on outlasts a whole one: somebody signs on."""
_SIGNS = 2
"""Runs of octets that an inverted line makes of what is in many frames: so many are no chance."""
_SIDES = ("the client", "the meter")
_ODD = bytes(one for one in range(256) if one.bit_count() & 1)


class Switch(NamedTuple):
    """Settings to listen with from now on, and why."""

    settings: LineSettings
    reason: str


class LineFollower:
    """Says when a line's settings change. It begins with *settings*; *searches* says that they are only a guess.

    Times are nanoseconds since 1970. Errors are places of octets that the receiver found wrong, where it can tell.
    """

    def __init__(
        self, settings: LineSettings, *, searches: bool = False, follows: bool = True, speeds: bool = True,
        formats: bool = True,
    ) -> None:  # fmt: skip
        self.settings = settings
        self.is_found = not searches
        """Whether what is heard reads with these settings."""
        self._start = settings
        self._follows, self._formats = follows, formats
        tried = [one for one in CANDIDATES if speeds or one.baud == settings.baud]
        if not formats:
            tried = [settings._replace(baud=one.baud) for one in tried]
        self._order = list(dict.fromkeys((settings, *tried)))
        self._heard = bytearray()
        self._errors = 0
        self._bursts = 0
        """Silences between what was heard."""
        self._burst_at = self._burst_errors = 0
        """Where the last of what stands between silences begins, and the errors before it."""
        self._judged = 0
        """Octets that were judged while settings are searched."""
        self._turns = 0
        """Messages that are over; those with errors are one up to a long silence, for what is slower falls apart."""
        self._turn_at = self._turn_errors = 0
        """Where the message that is heard begins, and the errors before it."""
        self._is_bad = False
        """Whether the message before had errors."""
        self._has_read = False
        """Whether anything read since the line's settings changed."""
        self._bad_turns = 0
        """Messages with errors that a long silence ended."""
        self._astray = ""
        """The side whose message that is over fell apart, where it was too short to be judged before."""
        self._told: set[str] = set()
        """Sides of which it was said that they speak at another speed."""
        self._is_guess = searches and speeds
        self._leapt_ns = 0
        """When the first settings were left for those of the sign-on before they were tried long enough."""
        self._silent_at: int | None = None
        """Where what stands behind a silence of a second begins."""
        self._last_ns = 0
        self._longest_ns = 0
        """The longest silence while settings are searched."""
        self._mute_ns = self._mute = 0
        """When settings were last left because nothing is heard, and how many were since something was."""
        self._tried = 0
        self._selected: tuple[bytes, LineSettings] | None = None
        """The option select of mode E that waits for the meter's echo, and what comes then."""
        self._away = ""
        """What the line left its first settings for: readout, programming, hdlc; empty where it did not."""
        self._is_over = False

    def take(self, octets: bytes, errors: int, time_ns: int) -> Switch | None:
        """Take what was read, *errors* of its characters marked as wrong; returns what to listen with from now on."""
        before, self._last_ns = self._last_ns, time_ns
        gap = time_ns - before if before else 0
        self._longest_ns, self._mute = max(self._longest_ns, gap), 0
        if self._is_silence(gap):
            found = self._judge_rest()
            if found is not None:
                return found
            self._bursts += 1
            self._count_turn(gap)
            self._burst_at, self._burst_errors = len(self._heard), self._errors
        if gap > _OVER_NS and self.is_found:
            self._forget()
        if gap > _AGAIN_NS:
            self._silent_at = len(self._heard)
        self._heard += octets
        self._errors += errors
        if len(self._heard) > _MOST_HEARD:
            left = len(self._heard) - _MOST_HEARD // 2
            self._burst_at, self._turn_at = max(0, self._burst_at - left), max(0, self._turn_at - left)
            self._silent_at = None
            del self._heard[: -_MOST_HEARD // 2]
        if self._away:
            return self._watch()
        found = self._signed_on() if self._follows else None
        if found is not None:
            return found
        return self._doubt() if self.is_found else self._search()

    def tick(self, time_ns: int) -> Switch | None:
        """Take that nothing came until *time_ns*."""
        idle = time_ns - self._last_ns if self._last_ns else 0
        if self._selected is not None and idle > _ECHO_NS:
            return self._leave(self._selected[1], "hdlc", "no echo of the option select was heard in 1.7 s")
        if self._is_silence(idle):
            found = self._judge_rest()
            if found is not None:
                return found
        is_lost = bool(self._told) and self._away != "hdlc"
        if self._away and idle > (_OVER_NS if self._is_over or is_lost else _SILENCE_NS):
            said = "the readout is over" if self._is_over else f"{idle / _SECOND:.0f} s of silence"
            return self._return(said)
        return self._leave_mute(time_ns)

    def _is_silence(self, gap_ns: int) -> bool:
        return gap_ns > _BURST_NS + 5 * self.settings.character_ns

    # -- modes B to E -------------------------------------------------------------------------------------------------

    def _signed_on(self) -> Switch | None:
        """Look for the message at whose last octet both sides change their speed."""
        heard = seven_bits(bytes(self._heard[-128:]))
        if self._selected is not None:
            select, settings = self._selected
            if heard.count(select) > 1:
                return self._leave(settings, "hdlc", "the meter repeated the option select of mode E")
            if not select.startswith(heard[heard.find(select) + len(select) :]):
                return self._leave(settings, "hdlc", "the line changed its speed before an echo was heard")
            return None
        chosen = _SELECT.search(heard)
        if chosen is not None:
            return self._chosen(chosen)
        identified = _IDENTIFICATION.search(heard)
        if identified is None:
            return None
        told = None if self.is_found else self._told_parity(bytes(self._heard[self._burst_at :]), 0)
        if told is None:
            self._keep(self.settings)
        speed = MODE_B_SPEEDS.get(identified[1].decode())
        if speed is None:
            return told
        return self._leave(self._text(speed), "readout", f"mode B: the identification says {speed} Bd")

    def _chosen(self, select: re.Match[bytes]) -> Switch | None:
        protocol, speed, mode = (part.decode() for part in select.groups())
        self._keep(self.settings)
        baud = SPEEDS.get(speed)
        if baud is None:
            return None
        if protocol == _HDLC:
            self._selected = (select[0], LineSettings(baud))
            return self._signed_on() if seven_bits(bytes(self._heard)).count(select[0]) > 1 else None
        what = "readout" if mode in _READOUT else "programming"
        return self._leave(self._text(baud), what, f"the option select chose {baud} Bd")

    def _text(self, baud: int) -> LineSettings:
        """Give the settings of text at another speed: its format stays, as 8N1 that carries parity may be meant."""
        return self.settings._replace(baud=baud)

    def _leave(self, settings: LineSettings, away: str, reason: str) -> Switch | None:
        self._away, self._is_over, self._selected, self._told = away, False, None, set()
        return self._switch(settings, reason)

    def _return(self, reason: str) -> Switch | None:
        self._away, self._is_over = "", False
        return self._switch(self._start, f"{reason}: back to where sessions begin")

    def _watch(self) -> Switch | None:
        """Look for the end of what the line left its first settings for, and for a line that went back before."""
        heard = bytes(self._heard)
        if self._silent_at is not None and self._is_slow(heard[self._silent_at :], self._start):
            return self._return(f"somebody speaks at {self._start.baud} Bd")
        if self._away == "hdlc":
            disconnected = _DISCONNECT.search(heard)
            self._is_over = disconnected is not None
            if not self._is_astray() or (self._told and (self._has_read or self._bad_turns < len(_SIDES))):
                return None  # who answers may be quick: the other side is told where nobody reads, over silences
            left = [one for one in _SIDES if one not in self._told]
            who = left[0] if len(left) == 1 else self._speaker()
            return self._tell(who, "speaks at another speed or format")
        text = seven_bits(heard)
        stop = _BREAK.search(text)
        if stop is not None and len(text) > stop.end():
            return self._return("break")
        if self._away == "readout" and _END_OF_READOUT.search(text):
            self._is_over = True
        who, self._astray = self._astray, ""
        if _is_garbage(heard[self._turn_at :][-_JUDGED:], self._errors - self._turn_errors):
            who = self._speaker()
        told = self._tell(who, "speaks at another speed than the one that was chosen") if who else None
        return self._return(told.reason) if told is not None and len(self._told) == len(_SIDES) else told

    def _tell(self, who: str, what: str) -> Switch | None:
        """Say once of a side that it is not where the line is; the line stays, for the other may be there."""
        if who in self._told:
            return None
        too = " too" if self._told else ""
        self._told.add(who)
        return Switch(self.settings, f"{who}{too} {what}")

    def _count_turn(self, gap_ns: int) -> None:
        """Count the messages that were over before a silence of so long."""
        burst = bytes(self._heard[self._burst_at :])
        if not burst:
            return
        was_bad, self._is_bad = self._is_bad, self._errors > self._burst_errors or not self._may_begin(burst)
        if not self._is_bad:
            self._turns += 1 + was_bad
            self._has_read = True
        elif _TURN_NS < gap_ns < _AGAIN_NS:
            count, wrong = len(self._heard) - self._turn_at, self._errors - self._turn_errors
            if count >= _FEW and wrong * 2 >= count:
                self._astray = self._speaker()
            self._turns += 1
            self._bad_turns += 1
            self._is_bad = False
        else:
            return
        self._turn_at, self._turn_errors = len(self._heard), self._errors

    def _may_begin(self, burst: bytes) -> bool:
        """Tell whether something that is sent here begins like *burst*."""
        if self._away == "hdlc":
            return burst[:1] == _FLAG
        return _TEXT.issuperset(seven_bits(burst[:_FEW]))

    def _is_astray(self) -> bool:
        """Tell that the last that was heard was sent at another speed."""
        burst = bytes(self._heard[self._burst_at :])
        return _is_garbage(burst[-_JUDGED:], self._errors - self._burst_errors) and burst[:1] != _FLAG

    def _speaker(self) -> str:
        """Name the side whose turn it is: after the sign-on the meter begins in text, the client in HDLC."""
        return _SIDES[(self._turns + (self._away != "hdlc")) % 2]

    # -- trial --------------------------------------------------------------------------------------------------------

    def _search(self) -> Switch | None:
        """Judge what was heard: keep the settings, take those the octets tell, or try the next ones."""
        heard = bytes(self._heard)
        burst, wrong = heard[self._burst_at :], self._errors - self._burst_errors
        if self._is_guess and not (self._tried or self._leapt_ns) and self._is_slow(heard, SIGN_ON):
            self._leapt_ns = self._last_ns
            return self._switch(
                SIGN_ON, f"somebody speaks far slower than {self.settings.baud} Bd: {uart_signs.TRYING}"
            )
        was_leap = self._leapt_ns and self.settings == SIGN_ON and self._last_ns - self._leapt_ns > _ANSWERED_NS
        if was_leap and (wrong or not _TEXT.issuperset(burst)):
            return self._try_next()
        count = len(heard)
        most = _MOST_TRIED if self._errors * 8 > count else _MOST_CLEAN
        is_enough = self._bursts >= _FAIR_BURSTS or count >= most
        if not is_enough and self._burst_at < self._judged and (count - self._judged) * _GROWN < self._judged:
            return None
        self._judged = count
        parts = [(heard, self._errors)]
        if self._burst_at:  # before a frame may stand what others sent slower, or the rest of another frame
            parts.append((burst, wrong))
        for part, errors in parts:
            told = self._told_parity(part, errors) if len(part) >= _JUDGED else None
            if told is not None:
                return told
        for part, errors in parts:
            if errors * 8 <= len(part) and detect(part, is_datagram=False).score >= _SURE:
                self._keep(self.settings)
                return None
        least = self.settings.baud if self._is_too_slow_for(heard) else 0
        if not is_enough and not least:
            return None
        if uart_signs.count_signs(heard, uart_signs.INVERTED) >= _SIGNS:
            self._keep(self.settings)
            return Switch(self.settings, "the line reads as an inverted one: swap A and B, or the tap's polarity")
        return self._try_next(least)

    def _judge_rest(self) -> Switch | None:
        """Judge what came since the last time, where nothing more comes for now."""
        if self.is_found or self._away or self._judged == len(self._heard):
            return None
        self._judged = 0
        return self._search()

    def _leave_mute(self, time_ns: int) -> Switch | None:
        """Try the next settings where what was heard at others is not heard with these: each once, then it waits."""
        is_left = self._tried or self._leapt_ns
        if self.is_found or self._away or self._heard or not is_left or self._mute == len(self._order):
            return None
        if time_ns - max(self._last_ns, self._mute_ns) < max(_SILENCE_NS, 2 * self._longest_ns):
            return None
        self._mute_ns = time_ns
        self._mute += 1
        return self._try_next()

    def _is_slow(self, heard: bytes, settings: LineSettings) -> bool:
        """Tell that what is heard are the bits of characters sent with *settings*: each is a character 00 here."""
        return self.settings.baud >= _SLOW_FACTOR * settings.baud and len(heard) >= _SLOW and not any(heard)

    def _is_too_slow_for(self, heard: bytes) -> bool:
        """Tell whether *heard* was sent faster: many characters lack their stop bit, and not as of parity.

        That leaves slower settings out, but the first time only: what seems faster may be a disturbance.
        """
        is_first = self._is_guess and self._tried < len(self._order)
        if not is_first or self._bursts < _TELLING_BURSTS or self._errors * 4 < max(len(heard), _TELLING):
            return False
        even = len(heard) - sum(map(heard.count, _ODD))
        is_otherwise = self._errors == even or uart_signs.count_signs(heard, uart_signs.INVERTED)
        return not is_otherwise and any(heard) and not uart_signs.times_too_fast(heard)

    def _doubt(self) -> Switch | None:
        """Look for a line of text that was found at its speed of transfer: its sessions begin at another."""
        is_text = self._is_guess and self.settings.data_bits < 8 and self.settings != SIGN_ON
        if not is_text or not _is_garbage(bytes(self._heard[-_JUDGED:]), self._errors):
            return None
        self._start = SIGN_ON
        return self._switch(SIGN_ON, "what comes is not text at this speed: sessions begin at 300 Bd")

    def _keep(self, settings: LineSettings) -> None:
        """Stay with what reads."""
        self.is_found = True
        self._start = settings
        self._leapt_ns = 0

    def _told_parity(self, heard: bytes, errors: int) -> Switch | None:
        """Tell that the speed is right and the parity is not: all characters have even weight, or only such fail."""
        if not self._formats or self.settings.parity != "N" or self.settings.data_bits != 8:
            return None
        is_set_often = sum(octet > 0x7F for octet in heard) * _SELDOM >= len(heard)  # one may be of a cut character
        found = detect(heard, is_datagram=False) if is_set_often and has_parity(heard) else None
        if found is not None and found.score >= _SURE and found.stack in _TEXT_STACKS:
            self._keep(self.settings._replace(data_bits=7, parity="E"))
            return self._switch(self._start, "bit 7 is even parity")
        even = len(heard) - sum(map(heard.count, _ODD)) if errors else 0
        if errors and errors == even and detect(heard, is_datagram=False).strong:
            self._keep(self.settings._replace(parity="E"))
            return self._switch(self._start, "the octets of even weight, and only they, lack their stop bit: 8E1")
        return None

    def _try_next(self, least: int = 0) -> Switch | None:
        """Turn to the next settings that are tried: faster ones than *least*, where any are left."""
        count = len(self._order)
        if self.settings == self._order[self._tried % count]:  # else they were left for a sign-on
            self._tried += 1
        left = range(self._tried, count)
        self._tried = next((place for place in left if self._order[place].baud > least), self._tried)
        settings = self._order[self._tried % count]
        return self._switch(settings, f"nothing reads at {self.settings}: {uart_signs.TRYING}")

    def _forget(self) -> None:
        self._heard.clear()
        self._errors = self._bursts = self._burst_at = self._burst_errors = self._judged = 0
        self._turns = self._turn_at = self._turn_errors = 0
        self._is_bad, self._has_read, self._bad_turns, self._astray = False, False, 0, ""
        self._silent_at = None

    def _switch(self, settings: LineSettings, reason: str) -> Switch | None:
        self._forget()
        if settings == self.settings:
            return None
        self.settings = settings
        return Switch(settings, reason)


def _is_garbage(octets: bytes, errors: int) -> bool:
    """Tell that so much of *octets* cannot be text that its sender speaks at another speed."""
    if len(octets) < _JUDGED:
        return False
    foreign = octets.count(0) + octets.count(0x80) + octets.count(0xFF) + octets.count(0xFE)
    return errors * 2 >= len(octets) or foreign * 2 >= len(octets)
