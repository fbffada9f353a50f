"""Who may speak on an HDLC link: P of the client gives the turn to the meter, F of the meter gives it back.

Source: ISO/IEC 13239 (normal response mode, poll and final bit), IEC 62056-46 (frame types of the profile).
"""

from __future__ import annotations

from analyzer.diagnosis.audit.ledger import FAIL, INCONCLUSIVE, Ledger, watcher
from analyzer.diagnosis.hdlc_state import DM, SNRM, UA, Link, control_text, information_place, parameters
from analyzer.record import REQUEST, RESPONSE, Record
from analyzer.tracking.history import Association
from dissectors.hdlc_octets import SUPERVISORY

_POLL_FINAL = 0x10
_UNNUMBERED, _SUPERVISORY = 3, 1
_UI = 0x03
_OF_THE_PROFILE = ("RR", "RNR")
_AT_ONCE = frozenset({UA, DM})
"""What answers SNRM and DISC alone, and so is the last frame of its turn."""


class Turn:
    """Whose turn it is on a line, between a client and the meter that it spoke to last."""

    __slots__ = ("asked", "link", "pair", "polls", "run", "unended")

    def __init__(self, pair: tuple[object, object]) -> None:
        self.pair = pair
        self.asked = 0
        """The last record of the client."""
        self.polls = 0
        """Frames with P that no frame with F answered so far."""
        self.run = 0
        """I frames of the meter in this turn."""
        self.unended: Record | None = None
        """The last frame of the meter, an I frame without F."""
        self.link = Link()


@watcher
def turns(ledger: Ledger, record: Record, one: Association | None) -> None:
    """Look for meters that speak without being polled, and for those that stop without saying so."""
    about, control = record.lane.conversation, record.control
    if record.link != "hdlc" or record.problem or control is None:
        ledger.state["turn"].pop(about, None)  # it may have been a frame with P or F
        return
    if control & ~_POLL_FINAL == _UI:
        return
    turn, pair = ledger.state["turn"].get(about), (record.client, record.server)
    known = turn if isinstance(turn, Turn) and turn.pair == pair else None
    if record.direction == REQUEST:
        if known is None:
            ledger.remember("turn", about, known := Turn(pair))
        _asked(ledger, record, known, control)
    elif record.direction == RESPONSE and known is not None:
        _answered(ledger, record, known, control)


def _asked(ledger: Ledger, record: Record, turn: Turn, control: int) -> None:
    before = turn.unended
    if before is not None and _acknowledges(control, before.control or 0):
        limits = turn.link.limits.get(RESPONSE)
        is_full = limits is not None and 0 < limits.window <= turn.run
        text = f"{control_text(before.control or 0)} is the meter's last frame of its turn, and has no F"
        if is_full:
            text += "; its window allows no further one"
        ledger.find("hdlc-poll-final", FAIL if is_full else INCONCLUSIVE, text, before.number, record.number)
        turn.polls = 0
    if control & ~_POLL_FINAL == SNRM:
        turn.link.asked = parameters(record)
    turn.asked, turn.run, turn.unended = record.number, 0, None
    turn.polls += bool(control & _POLL_FINAL)


def _acknowledges(control: int, sent: int) -> bool:
    """Tell whether a frame takes all of what was *sent* last, so that nothing behind it was lost but its like."""
    return control & _UNNUMBERED != _UNNUMBERED and control >> 5 == (sent >> 1) + 1 & 7


def _answered(ledger: Ledger, record: Record, turn: Turn, control: int) -> None:
    ledger.saw("hdlc-turn", record.number)
    command = control & ~_POLL_FINAL
    if not turn.polls:
        text = f"{control_text(control)} of the meter, which no command with P asked for"
        ledger.find("hdlc-poll-final", FAIL, text, turn.asked, record.number)
    elif command in _AT_ONCE and not control & _POLL_FINAL:
        text = f"{control_text(control)} answers a command with P, and has no F"
        ledger.find("hdlc-poll-final", FAIL, text, turn.asked, record.number)
    if command == UA:
        turn.link.set_up(record)
        turn.polls = 0
    elif control & _POLL_FINAL:
        turn.polls = max(0, turn.polls - 1)
    is_information = not control & 1
    turn.run += is_information
    turn.unended = record if is_information and not control & _POLL_FINAL else None


@watcher
def supervised(ledger: Ledger, record: Record, one: Association | None) -> None:
    """Look at RR and RNR, which carry nothing, and at REJ and SREJ, which the profile has not."""
    control = record.control
    if record.link != "hdlc" or control is None or control & _UNNUMBERED != _SUPERVISORY or record.problem:
        return
    ledger.saw("hdlc-supervisory", record.number)
    name = SUPERVISORY[control & 0x0F]
    if name not in _OF_THE_PROFILE:
        ledger.find("hdlc-supervisory", FAIL, f"{name} is no frame of this profile", record.number)
    begin, end = information_place(record.octets)
    if end > begin:
        text = f"{name} carries an information field of {end - begin} octets"
        ledger.find("hdlc-supervisory", FAIL, text, record.number)
