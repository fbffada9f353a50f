"""What there is to check of HDLC links: what SNRM and UA ask for, what is acknowledged, what goes without a link.

Source: IEC 62056-46 (parameter negotiation, send and receive sequence numbers, disconnected mode).
"""

from __future__ import annotations

from analyzer.diagnosis.audit.ledger import FAIL, INCONCLUSIVE, Ledger, closing, watcher
from analyzer.record import LINK, REQUEST, RESPONSE, Record
from analyzer.tracking.acse_terms import parameters_of
from analyzer.tracking.history import Association
from analyzer.tracking.opening import LEAST_INFORMATION, LEAST_WINDOW, MOST_INFORMATION, MOST_WINDOW

_SNRM, _UA, _DM, _DISC = 0x83, 0x63, 0x0F, 0x43
_NAMES = {_SNRM: "SNRM", _UA: "UA"}
_COMMANDS = {_SNRM: "SNRM", _DISC: "DISC"}
_WITHOUT_POLL_FINAL = 0xEF
_MODULO = 8
_WAYS = (REQUEST, RESPONSE)


class Link:
    """A link that was set up: the next send number each way, and the oldest one that is not acknowledged."""

    __slots__ = ("acknowledged", "doubted", "sent")

    def __init__(self) -> None:
        self.sent = {True: 0, False: 0}
        """By whether the client sends."""
        self.acknowledged = {True: 0, False: 0}
        self.doubted: dict[bool, int] = {}
        """By who sent what is acknowledged: a record that acknowledges what was not sent so far."""


@watcher
def negotiated(ledger: Ledger, record: Record, one: Association | None) -> None:
    """Look at what SNRM and UA say of the link: how it is laid out, and whether it is within its bounds."""
    if record.link != "hdlc" or record.control is None or record.control & _WITHOUT_POLL_FINAL not in _NAMES:
        return
    name = _NAMES[record.control & _WITHOUT_POLL_FINAL]
    limits, wrong = parameters_of(record.octets)
    ledger.saw("link-parameters", record.number)
    if wrong:
        ledger.find("hdlc-parameters", FAIL, f"{name}: {wrong}", record.number)
    sizes, windows = (LEAST_INFORMATION, MOST_INFORMATION), (LEAST_WINDOW, MOST_WINDOW)
    for what, value, (least, most) in (
        ("maximum information field, transmit,", limits.transmit, sizes),
        ("maximum information field, receive,", limits.receive, sizes),
        ("window, transmit,", limits.transmit_window, windows),
        ("window, receive,", limits.receive_window, windows),
    ):
        if not least <= value <= most:
            text = f"{name}: {what} is {value}, and not {least} to {most}"
            ledger.find("hdlc-parameters", FAIL, text, record.number)


@watcher
def commanded(ledger: Ledger, record: Record, one: Association | None) -> None:
    """Look for SNRM and DISC that nothing answers, and for meters that speak on a link that was disconnected."""
    control = record.control
    about = record.lane.conversation, record.client, record.server
    if record.link != "hdlc" or control is None or record.problem:
        ledger.state["command"].pop(about, None)
        ledger.state["gone"].pop(about, None)
        return
    command = control & _WITHOUT_POLL_FINAL
    waits = ledger.state["command"].pop(about, None)
    if record.direction == REQUEST:
        _unanswered(ledger, waits)
        if command in (_SNRM, _DISC):
            ledger.remember("command", about, (command, record.number))
        if command == _SNRM:
            ledger.state["gone"].pop(about, None)
    elif record.direction == RESPONSE:
        gone = ledger.state["gone"].get(about)
        if command in (_UA, _DM) and isinstance(waits, tuple) and waits[0] == _DISC:
            ledger.remember("gone", about, waits[1])
        elif isinstance(gone, int) and not control & 1:
            text = (
                f"the meter sends an I frame on a link that was disconnected in record {gone}, and no SNRM came since"
            )
            ledger.find("association", INCONCLUSIVE, text, gone, record.number)


@closing
def commands(ledger: Ledger) -> None:
    """Look for SNRM and DISC that wait for their answer where the capture ends."""
    for waits in ledger.state["command"].values():
        _unanswered(ledger, waits, " where the capture ends")


def _unanswered(ledger: Ledger, waits: object, how: str = "") -> None:
    """Take down that SNRM or DISC got no answer, which the capture may lack."""
    if isinstance(waits, tuple):
        command, number = waits
        ledger.find("answers", INCONCLUSIVE, f"{_COMMANDS[command]} has no answer{how}", number, is_general=True)


@watcher
def acknowledged(ledger: Ledger, record: Record, one: Association | None) -> None:
    """Hold N(R) against what the other side has sent: proved once its next frame shows that the capture lacks none."""
    control = record.control
    if record.link != "hdlc" or control is None or record.problem or record.direction not in _WAYS:
        return
    about = record.lane.conversation, record.client, record.server
    link = ledger.state["link"].get(about)
    command = control & _WITHOUT_POLL_FINAL
    if control & 3 == 3:
        if command in (_UA, _SNRM, _DM, _DISC):
            ledger.state["link"].pop(about, None)
        if command == _UA:
            ledger.remember("link", about, Link())
        return
    if not isinstance(link, Link):
        return
    by_client, number = record.direction == REQUEST, control >> 5
    if not control & 1:
        if control >> 1 & 7 != link.sent[by_client]:
            if record.kind is not LINK:  # frames are missing, or came again
                ledger.state["link"].pop(about, None)
            return
        link.sent[by_client] = (link.sent[by_client] + 1) % _MODULO
        doubted = link.doubted.pop(by_client, None)
        if doubted is not None:
            who = "meter" if by_client else "client"
            text = f"the {who} acknowledges by N(R) frames that were never sent"
            ledger.find("hdlc-sequence", FAIL, text, doubted, record.number)
    begin, end = link.acknowledged[not by_client], link.sent[not by_client]
    if (number - begin) % _MODULO > (end - begin) % _MODULO:
        link.doubted.setdefault(not by_client, record.number)
    else:
        link.acknowledged[not by_client] = number
