"""Faults of HDLC links: what the frames of a session say and in which order, each frame in itself sound."""

from __future__ import annotations

import random
from collections.abc import Callable

from analyzer.framing.hdlc_header import address_end
from analyzer.simulate.sent import TO_CLIENT, TO_METER
from dissectors.checks import fcs
from tests.faults.case import Case, Fault, Lines, Said, Truth
from tests.faults.sessions import hdlc_session

Make = Callable[[random.Random, int], Case | None]
_SECOND = 1_000_000_000
_MS = 1_000_000


def case(session: Lines, *causes: str, codes: tuple[str, ...] = (), text: str = "") -> Case:
    return Case(session, Truth(frozenset(causes), frozenset(codes)), text)


def parts(frame: bytes) -> tuple[bytes, int, bytes]:
    """Addresses, control field and information of a frame with its flags."""
    middle = address_end(frame, 3) or 0
    at = address_end(frame, middle) or 0
    return frame[3:at], frame[at], frame[at + 3 : -3]


def frame(addresses: bytes, control: int, information: bytes = b"", *, segmented: bool = False) -> bytes:
    """A frame with its flags, any addresses and control field."""
    size = 2 + len(addresses) + 1 + 2 + (len(information) + 2 if information else 0)
    made = (0xA000 | segmented << 11 | size).to_bytes(2, "big") + addresses + bytes((control,))
    made += fcs(made).to_bytes(2, "little")
    if information:
        made += information
        made += fcs(made).to_bytes(2, "little")
    return b"\x7e" + made + b"\x7e"


def remade(one: Said, control: int | None = None, information: bytes | None = None) -> Said:
    """The frame with another control field or information field."""
    addresses, old, inside = parts(one.octets)
    segmented = bool(one.octets[1] & 8)
    control = old if control is None else control
    return one._replace(
        octets=frame(addresses, control, inside if information is None else information, segmented=segmented)
    )


def swapped(one: Said) -> bytes:
    """The addresses of an answer to a frame."""
    addresses, _, _ = parts(one.octets)
    middle = (address_end(one.octets, 3) or 0) - 3
    return addresses[middle:] + addresses[:middle]


def session_of(number: int, *, rows: int = 4, size: int = 128) -> Lines:
    return list(hdlc_session(number % 3, rows, size))


def requests(session: Lines) -> list[int]:
    return [at for at, one in enumerate(session) if one.direction == TO_METER]


def informations(session: Lines, side: int) -> list[int]:
    return [at for at, one in enumerate(session) if one.direction == side and not parts(one.octets)[1] & 1]


def later(one: Said, by: int) -> Said:
    return one._replace(time_ns=(one.time_ns or 0) + by)


# -- echo -------------------------------------------------------------------------------------------------------------


def echo(chance: random.Random, number: int) -> Case | None:
    """What the client sends comes back: always, once, without any answer, or on a line without directions."""
    session = session_of(number)
    places = set(requests(session)) if number % 4 != 1 else {chance.choice(requests(session))}
    made: Lines = []
    for at, one in enumerate(session):
        if number % 4 == 2:
            if one.direction == TO_METER and at == 0:
                made += [one, later(one, 27 * _MS)._replace(direction=TO_CLIENT)]
            continue
        made.append(one)
        if at in places:
            made.append(later(one, chance.randrange(1, 30) * _MS)._replace(direction=TO_CLIENT))
    if number % 4 == 3:
        made = [one._replace(direction=0) for one in made]
    return case(made, "local-echo")


def echo_losing(chance: random.Random, number: int) -> Case | None:
    """The echo comes back with octets lost, and nothing else does."""
    session = session_of(number)
    sent = session[0] if number % 2 else session[2]
    octets = sent.octets
    if len(octets) < 20:
        octets = frame(parts(octets)[0], 0x93, bytes.fromhex("818012050180060180070400000001080400000001"))
        sent = sent._replace(octets=octets)
    at = chance.randrange(8, len(octets) - 8)
    back = octets[:at] + octets[at + chance.randrange(1, 5) :]
    return case([sent, later(sent, 27 * _MS)._replace(direction=TO_CLIENT, octets=back)], "local-echo")


# -- numbers ----------------------------------------------------------------------------------------------------------


def lost(chance: random.Random, number: int) -> Case | None:
    """A frame is missing in the capture, and the dialogue goes on as if it was there."""
    session = session_of(number, rows=8, size=64)
    places = informations(session, TO_CLIENT if number % 2 else TO_METER)[1:-1]
    at = chance.choice(places)
    del session[at]
    return case(session, "capture-loss")


def no_answer(chance: random.Random, number: int) -> Case | None:
    """An answer never comes, and the request is sent again."""
    session = session_of(number)
    at = chance.choice(informations(session, TO_METER))
    again = [later(one, 3 * _SECOND) for one in session[at:]]
    return case([*session[: at + 1], *again], "no-answer")


def damaged_answer(chance: random.Random, number: int) -> Case | None:
    """An answer comes damaged, and the request is sent again."""
    session = session_of(number)
    at = chance.choice([one for one in informations(session, TO_METER) if session[one + 1].direction == TO_CLIENT])
    hurt = bytearray(session[at + 1].octets)
    for place in range(12, min(18, len(hurt) - 3)):
        hurt[place] ^= chance.randrange(1, 256)
    again = [later(one, 3 * _SECOND) for one in session[at:]]
    return case([*session[: at + 1], session[at + 1]._replace(octets=bytes(hurt)), *again], "answer-damaged",
                codes=("hdlc-retransmission",))  # fmt: skip


def _answered(chance: random.Random, session: Lines) -> int:
    """Where a request stands that the next frame answers with an I frame."""
    answers = set(informations(session, TO_CLIENT))
    return chance.choice([at for at in informations(session, TO_METER) if at + 1 in answers])


def time_out_too_short(chance: random.Random, number: int) -> Case | None:
    """The request is sent again while its answer is under way, and both are answered."""
    session = session_of(number)
    at = _answered(chance, session)
    asked, answer = session[at : at + 2]
    wait = answer._replace(time_ns=(asked.time_ns or 0) + 700 * _MS)
    twice = [asked, later(asked, 500 * _MS), wait, later(wait, 500 * _MS)]
    return case(
        [*session[:at], *twice, *(later(one, 2 * _SECOND) for one in session[at + 2 :])],
        "time-out-too-short", codes=("hdlc-retransmission",),
    )  # fmt: skip


def answer_not_taken(chance: random.Random, number: int) -> Case | None:
    """The answer comes, and the request is sent again all the same."""
    session = session_of(number)
    at = _answered(chance, session)
    again = [later(one, 3 * _SECOND) for one in session[at:]]
    return case([*session[: at + 2], *again], "answer-not-taken", codes=("hdlc-retransmission",))


def flag_missing(chance: random.Random, number: int) -> Case | None:
    """An answer comes without one of its flags, so the client waits for the rest of it and asks again."""
    session = session_of(number)
    at = 0 if number % 4 == 0 else _answered(chance, session)
    octets = session[at + 1].octets
    lacking = session[at + 1]._replace(octets=octets[:-1] if number % 2 else octets[1:])
    again = [later(one, 3 * _SECOND) for one in session[at:]]
    return case([*session[: at + 1], lacking, *again], "flag-missing", codes=("hdlc-retransmission",))


def frame_replayed(chance: random.Random, number: int) -> Case | None:
    """A request of before is sent once more when others have followed it; the meter only says what it waits for."""
    session = session_of(number, rows=1)
    places = [at for at in informations(session, TO_METER) if at + 4 < len(session) - 4]
    at = chance.choice(places)
    end = next(one for one in informations(session, TO_METER) if one > at + 2)
    said = session[end]
    old = later(session[at], (said.time_ns or 0) - (session[at].time_ns or 0))
    ready = said._replace(direction=TO_CLIENT, octets=frame(swapped(said), (parts(said.octets)[1] & 0xE) << 4 | 0x11))
    rest = [later(one, _SECOND) for one in session[end:]]
    return case([*session[:end], old, later(ready, 100 * _MS), *rest], "frame-replayed", codes=("hdlc-sequence-wrong",))


def not_reset(chance: random.Random, number: int) -> Case | None:
    """The client goes on counting over SNRM and UA."""
    session = session_of(number)
    by = chance.randrange(1, 8)
    made = []
    for one in session:
        control = parts(one.octets)[1]
        if one.direction == TO_METER and not control & 1:
            one = remade(one, control & 0xF1 | ((control >> 1) + by & 7) << 1)
        made.append(one)
    return case(made, "counters-not-reset")


def not_counted(chance: random.Random, number: int) -> Case | None:
    """One side gives a frame the number of its last one, and counts on from there; the other one takes no notice."""
    session = session_of(number)
    side = chance.choice([TO_METER, TO_CLIENT])
    at = chance.choice(informations(session, side)[2:])
    made = []
    for place, one in enumerate(session):
        control = parts(one.octets)[1]
        if place >= at and one.direction == side and not control & 1:
            one = remade(one, control & 0xF1 | ((control >> 1) - 1 & 7) << 1)
        made.append(one)
    return case(made, "number-not-counted")


_BITS = {
    "counters-not-reset": 0x10, "control-not-implemented": 0x01, "information-not-allowed": 0x02,
    "information-too-long": 0x04, "invalid-receive-number": 0x08,
}  # fmt: skip


def rejected(cause: str) -> Make:
    def make(chance: random.Random, number: int) -> Case | None:
        session = session_of(number)
        at = chance.choice(informations(session, TO_METER))
        control = parts(session[at].octets)[1]
        octets = frame(swapped(session[at]), 0x97, bytes((control, 0x10 * chance.randrange(2), _BITS[cause])))
        answer = later(session[at], 40 * _MS)._replace(direction=TO_CLIENT, octets=octets)
        return case([*session[: at + 1], answer], cause)

    return make


# -- DM ---------------------------------------------------------------------------------------------------------------


def _dm(one: Said) -> Said:
    return later(one, 40 * _MS)._replace(direction=TO_CLIENT, octets=frame(swapped(one), 0x1F))


def idle(chance: random.Random, number: int) -> Case | None:
    """After a long silence the meter has dropped the link."""
    session = session_of(number)
    at = chance.choice(informations(session, TO_METER)[1:])
    asked = later(session[at], chance.randrange(31, 300) * _SECOND)
    return case([*session[:at], asked, _dm(asked)], "inactivity-timeout", codes=("provider-abort",))


def no_snrm(chance: random.Random, number: int) -> Case | None:
    """A request after DISC and UA, without a new SNRM."""
    session = session_of(number)
    asked = later(session[chance.choice(informations(session, TO_METER))], 600 * _SECOND)
    return case([*session, asked, _dm(asked)], "no-snrm")


def restart(chance: random.Random, number: int) -> Case | None:
    """The meter has dropped the link without a silence."""
    session = session_of(number)
    at = chance.choice(informations(session, TO_METER)[1:])
    return case([*session[: at + 1], _dm(session[at])], "server-restart", codes=("provider-abort",))


def busy(chance: random.Random, number: int) -> Case | None:
    """SNRM is answered with DM."""
    session = session_of(number)
    return case([session[0], _dm(session[0])], "meter-busy", codes=("association-rejected",))


# -- limits, addresses, LLC -------------------------------------------------------------------------------------------


def too_long(chance: random.Random, number: int) -> Case | None:
    """SNRM and UA agree on less than is sent then, or on nothing."""
    session = session_of(number, rows=8, size=512)
    small = session_of(number, size=64 if number % 2 else 128)
    cause = "negotiated-limit-ignored" if number % 2 else "default-limit-ignored"
    return case([*small[:2], *session[2:]], cause)


def window(chance: random.Random, number: int) -> Case | None:
    """The meter does not wait for RR between its segments."""
    session = session_of(number, rows=10, size=(64, 128)[number % 2])
    ready = [at for at, one in enumerate(session) if parts(one.octets)[1] & 0x0F == 1 and one.direction == TO_METER]
    if not ready:
        return None
    del session[chance.choice(ready)]
    return case(session, "negotiated-limit-ignored" if number % 2 == 0 else "default-limit-ignored")


def _addressed(change: Callable[[bytes, int], bytes]) -> Callable[[Lines, int], Lines]:
    def apply(session: Lines, number: int) -> Lines:
        made = []
        for one in session:
            addresses, control, information = parts(one.octets)
            octets = frame(change(addresses, one.direction), control, information, segmented=bool(one.octets[1] & 8))
            made.append(one._replace(octets=octets))
        return made

    return apply


def three_octets(chance: random.Random, number: int) -> Case | None:
    session = _addressed(lambda a, d: b"\x02\x22\x23\x21" if d == TO_METER else b"\x21\x02\x22\x23")(
        session_of(0), number
    )
    begin = chance.randrange(len(session) - 4)
    return case(session[begin:], "three-octet-address")


def reserved(chance: random.Random, number: int) -> Case | None:
    upper = chance.randrange(2, 16) << 1
    session = session_of(number)

    def change(addresses: bytes, direction: int) -> bytes:
        own = bytes((upper | 1,))
        return own + b"\x21" if direction == TO_METER else b"\x21" + own

    return case(_addressed(change)(session, number), "reserved-address")


def other_length(chance: random.Random, number: int) -> Case | None:
    """UA comes from another form of the server's address than SNRM went to."""
    session = session_of(number)
    lengths = {0: b"\x02\x23", 1: b"\x03", 2: b"\x02\x23"}
    answer = session[1]._replace(octets=frame(b"\x21" + lengths[number % 3], 0x73))
    return case([session[0], answer], "address-length-differs")


def swapped_addresses(chance: random.Random, number: int) -> Case | None:
    """The client has the address with two parts, the server one of one octet."""
    session = session_of(1)
    made = _addressed(lambda a, d: b"\x05\x02\x21" if d == TO_METER else b"\x02\x21\x05")(session, number)
    return case(made[: chance.randrange(2, len(made))], "addresses-swapped")


def no_source(chance: random.Random, number: int) -> Case | None:
    session = session_of(number)
    at = chance.choice(informations(session, TO_CLIENT))
    _, control, information = parts(session[at].octets)
    return case([session[at]._replace(octets=frame(b"\x21", control, information))], "source-missing")


def doubled_llc(chance: random.Random, number: int) -> Case | None:
    session = session_of(number)
    at = chance.choice([at for side in (TO_METER, TO_CLIENT) for at in informations(session, side)])
    inside = parts(session[at].octets)[2]
    if inside[:1] != b"\xe6" or len(inside) > 124:
        return None
    session[at] = remade(session[at], information=inside[:3] + inside)
    return case(session, "llc-doubled")


def missing_llc(chance: random.Random, number: int) -> Case | None:
    session = session_of(number)
    at = chance.choice([at for side in (TO_METER, TO_CLIENT) for at in informations(session, side)])
    inside = parts(session[at].octets)[2]
    if inside[:1] != b"\xe6" or session[at].octets[1] & 8:
        return None
    session[at] = remade(session[at], information=inside[3:])
    return case(session, "llc-missing")


def wrong_llc(chance: random.Random, number: int) -> Case | None:
    session = session_of(number)
    at = chance.choice(informations(session, TO_CLIENT))
    inside = parts(session[at].octets)[2]
    if inside[:1] != b"\xe6" or session[at].octets[1] & 8:
        return None
    session[at] = remade(session[at], information=b"\xe6\xe6\x00" + inside[3:])
    return case(session, "llc-direction-wrong")


def other_quality(chance: random.Random, number: int) -> Case | None:
    """The third octet of an LLC header is not 00."""
    session = session_of(number)
    at = chance.choice([at for side in (TO_METER, TO_CLIENT) for at in informations(session, side)])
    inside = parts(session[at].octets)[2]
    if inside[:1] != b"\xe6" or session[at].octets[1] & 8:
        return None
    session[at] = remade(session[at], information=inside[:2] + bytes((chance.randrange(1, 256),)) + inside[3:])
    return case(session, "llc-quality-wrong")


def several(chance: random.Random, number: int) -> Case | None:
    """Some notifications in one UI frame."""
    pushed = (
        b"\xe6\xe7\x00"
        + bytes.fromhex("0F000000010C07EA0302010A0F0000FFC400")
        + bytes.fromhex("0201060001")
        + chance.randbytes(2)
    )
    octets = frame(b"\xce\xff\x03", 0x13, pushed * chance.randrange(2, 5))
    return case([Said(None, TO_CLIENT, octets)], "meter-quirk")


LINK_FAULTS = (
    Fault("line-echo", "local-echo", echo),
    Fault("line-echo", "local-echo", echo_losing, group="losing octets"),
    Fault("hdlc-frame-lost", "capture-loss", lost),
    Fault("hdlc-retransmission", "no-answer", no_answer),
    # Where damage turns the tag of an answer into that of a request, it is taken for one of another meter's.
    Fault("hdlc-retransmission", "answer-damaged", damaged_answer, 0.99),
    Fault("hdlc-retransmission", "time-out-too-short", time_out_too_short),
    Fault("hdlc-retransmission", "answer-not-taken", answer_not_taken),
    Fault("hdlc-retransmission", "flag-missing", flag_missing),
    Fault("hdlc-sequence-wrong", "frame-replayed", frame_replayed),
    Fault("hdlc-sequence-wrong", "counters-not-reset", not_reset),
    Fault("hdlc-sequence-wrong", "number-not-counted", not_counted),
    *(Fault("hdlc-frame-rejected", cause, rejected(cause)) for cause in _BITS),
    Fault("hdlc-disconnected-mode", "inactivity-timeout", idle),
    Fault("hdlc-disconnected-mode", "no-snrm", no_snrm),
    Fault("hdlc-disconnected-mode", "server-restart", restart),
    Fault("hdlc-disconnected-mode", "meter-busy", busy),
    Fault("hdlc-information-too-long", "negotiated-limit-ignored", lambda c, n: too_long(c, 2 * n + 1)),
    Fault("hdlc-information-too-long", "default-limit-ignored", lambda c, n: too_long(c, 2 * n)),
    Fault("hdlc-window-exceeded", "negotiated-limit-ignored", lambda c, n: window(c, 2 * n)),
    Fault("hdlc-window-exceeded", "default-limit-ignored", lambda c, n: window(c, 2 * n + 1)),
    Fault("hdlc-address-unusual", "three-octet-address", three_octets),
    Fault("hdlc-address-unusual", "reserved-address", reserved),
    Fault("hdlc-address-unusual", "address-length-differs", other_length),
    Fault("hdlc-address-unusual", "addresses-swapped", swapped_addresses),
    Fault("hdlc-address-unusual", "source-missing", no_source),
    Fault("llc-unexpected", "llc-doubled", doubled_llc),
    Fault("llc-unexpected", "llc-missing", missing_llc),
    Fault("llc-unexpected", "llc-direction-wrong", wrong_llc),
    Fault("llc-unexpected", "llc-quality-wrong", other_quality),
    Fault("several-lsdus-in-frame", "meter-quirk", several),
)
