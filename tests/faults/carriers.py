"""Faults of what carries a dialogue over a network: segments that are missing or come again, resets, tunnels, text."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from analyzer.simulate import network
from analyzer.simulate.packets import ACK, Endpoint
from analyzer.simulate.sent import SECOND, TO_CLIENT, TO_METER, Sent
from tests.faults.case import Case, Fault, Lines, Said, Truth
from tests.faults.dialogues import CARRIERS, FIN, RST, Apdus, dialogue, exchanges, later, over_tcp

_ETHERNET = 1
_SMALL = 48
"""Octets of a segment, so that PDUs come in several."""
_TLS = Endpoint("198.51.100.7", 443, "02:00:5e:00:00:01")
_HEAD = 54
"""Octets before a segment's data: Ethernet, IPv4, TCP without options."""
_HOSTS, _PORTS = 26, 34
"""Where the addresses of IPv4 and the ports of TCP stand."""
_CONFIRMED = 0x40000000


def packets(apdus: Apdus, *, mss: int = _SMALL) -> list[Sent]:
    """A dialogue in wrapper PDUs over TCP, small segments."""
    return _over_tcp(network.wrap(apdus), mss)


def _over_tcp(pdus: Sequence[Sent], mss: int) -> list[Sent]:
    conversation = network.TcpConversation(seed=41, mss=mss)
    return conversation.carry(pdus, start_ns=pdus[0].time_ns)


def said(events: Sequence[Sent]) -> Lines:
    return [Said(one.time_ns, 0, one.octets, _ETHERNET) for one in events]


def holding(events: Sequence[Sent]) -> list[int]:
    """Where segments with data stand."""
    return [at for at, one in enumerate(events) if len(one.octets) > _HEAD + 6]


def _case(events: Sequence[Sent], *causes: str, codes: Sequence[str] = ()) -> Case:
    return Case(said(events), Truth(frozenset(causes), frozenset(codes)))


def lost(chance: random.Random, number: int) -> Case:
    """The capture lacks a segment that both sides have."""
    events = packets(dialogue(number))
    at = chance.choice(holding(events)[2:-2])
    return _case([*events[:at], *events[at + 1 :]], "capture-loss")


def begun_in_middle(chance: random.Random, number: int) -> Case | None:
    """The capture begins within a PDU."""
    events = packets(dialogue(number))
    first = [at for at in holding(events)[:-8] if at and len(events[at - 1].octets) == _HEAD + _SMALL]
    return _case(events[chance.choice(first) :], "mid-stream-start", codes=("capture-cut",)) if first else None


def broken_off(cause: str, flags: int) -> Callable[[random.Random, int], Case | None]:
    """The sender of a PDU ends the connection in the middle of it."""

    def make(chance: random.Random, number: int) -> Case | None:
        events = packets(dialogue(number))
        places = [at for at in holding(events)[6:] if len(events[at].octets) == _HEAD + _SMALL]
        if not places:
            return None
        at = chance.choice(places)
        end = bytearray(events[at].octets[:_HEAD])
        end[16:18] = (_HEAD - 14).to_bytes(2, "big")  # the IPv4 length of a segment without data
        sequence = int.from_bytes(end[38:42], "big") + _SMALL
        end[38:42] = (sequence & 0xFFFFFFFF).to_bytes(4, "big")
        end[47] = flags | ACK
        last = events[at]._replace(time_ns=events[at].time_ns + SECOND // 5, octets=bytes(end))
        codes = ("tcp-reset", "capture-cut", "wrapper-length-wrong")
        return _case([*events[: at + 1], last], cause, codes=codes)

    return make


def other_address(chance: random.Random, number: int) -> Case:
    """An answer has another wrapper port than was asked, or than has asked; the client goes on."""
    apdus = dialogue(number)
    at = chance.choice(exchanges(apdus)[1:-2])
    pdus = network.wrap(apdus)
    octets = bytearray(pdus[at + 1].octets)
    octets[chance.choice((3, 5))] ^= chance.randrange(1, 16)
    pdus[at + 1] = pdus[at + 1]._replace(octets=bytes(octets))
    return _case(_over_tcp(pdus, 1460), "answer-of-another-address")


def sent_again(chance: random.Random, number: int) -> Case:
    """A segment is sent again."""
    events = packets(dialogue(number), mss=1460)
    at = chance.choice(holding(events)[2:-2])
    again = events[at]._replace(time_ns=events[at].time_ns + 300_000_000)
    return _case([*events[: at + 1], again, *later(events[at + 1 :], 0.6)], "packet-loss")


def captured_twice(chance: random.Random, number: int) -> Case:
    """The capture holds every packet twice, as that of a mirrored port does."""
    events = packets(dialogue(number), mss=chance.choice((_SMALL, 1460)))
    return _case([again for one in events for again in (one, *later([one], 0.0002))], "captured-twice")


def not_connected(is_refused: bool) -> Callable[[random.Random, int], Case]:
    """Before a dialogue the client knocks in vain: a SYN again and again, or RST in return."""

    def make(chance: random.Random, number: int) -> Case:
        events = packets(dialogue(number))
        begin, client = _from(events[0], chance.randrange(20_000, 30_000)), events[0].time_ns
        tries = [begin._replace(time_ns=client - chance.randrange(40, 60) * SECOND)]
        if is_refused:
            reset = _answered(tries[0])
            tries.append(reset._replace(time_ns=tries[0].time_ns + SECOND // 20))
        else:
            tries += [later(tries, wait)[0] for wait in (1, 3, 7)[: chance.randrange(1, 4)]]
        return _case([*tries, *events], "connection-refused" if is_refused else "connection-unanswered")

    return make


def _from(begin: Sent, port: int) -> Sent:
    """A SYN from another port."""
    octets = bytearray(begin.octets)
    octets[_PORTS : _PORTS + 2] = port.to_bytes(2, "big")
    return begin._replace(octets=bytes(octets))


def _answered(begin: Sent) -> Sent:
    """RST in return for a SYN."""
    octets = bytearray(begin.octets)
    octets[:12] = octets[6:12] + octets[:6]
    octets[_HOSTS : _HOSTS + 8] = octets[_HOSTS + 4 : _HOSTS + 8] + octets[_HOSTS : _HOSTS + 4]
    octets[_PORTS : _PORTS + 4] = octets[_PORTS + 2 : _PORTS + 4] + octets[_PORTS : _PORTS + 2]
    octets[_HEAD - 7] = RST | ACK
    return begin._replace(octets=bytes(octets))


def not_confirmed(chance: random.Random, number: int) -> Case:
    """A meter sends a push that is to be confirmed again and again: nobody confirms it."""
    before, push = (
        dialogue(number)[0]._replace(octets=_push(number + one, chance), direction=TO_CLIENT) for one in (1, 2)
    )
    waits = [chance.uniform(5, 60) for _ in range(chance.randrange(2, 4))]
    pushes = [before, *(later([push], sum(waits[:one]))[0] for one in range(1, len(waits) + 1))]
    return Case(over_tcp(pushes), Truth(frozenset({"push-not-confirmed"})))


def _push(number: int, chance: random.Random) -> bytes:
    """A push that asks for a confirmation."""
    return b"\x0f" + (_CONFIRMED | number).to_bytes(4, "big") + b"\x00\x12" + chance.randbytes(2)


def forgotten(chance: random.Random, number: int) -> Case:
    """Behind a long pause a request is sent again and again: the way has forgotten the connection."""
    apdus = dialogue(number)
    place = chance.choice(exchanges(apdus)[1:])
    events = packets([*apdus[:place], *later(apdus[place:], chance.uniform(600, 3000))], mss=1460)
    at = next(at for at in holding(events) if events[at].time_ns - events[at - 1].time_ns > 300 * SECOND)
    tries = [later([events[at]], 0.3 * 2**step)[0] for step in range(1, 5)]
    return _case([*events[: at + 1], *tries], "nat-expiry", codes=("provider-abort",))


def ended(pause: bool, flags: int) -> Callable[[random.Random, int], Case]:
    """The meter resets the connection, behind a pause or in the middle of the dialogue."""

    def make(chance: random.Random, number: int) -> Case:
        apdus = dialogue(number)
        at = chance.choice(exchanges(apdus))
        units = [*apdus[:at], *later(apdus[at : at + 1], chance.uniform(30, 900) if pause else 0)]
        truth = Truth(frozenset({"idle-timeout" if pause else "peer-closed"}))
        return Case(over_tcp(units, [(0.1, TO_CLIENT, flags)]), truth)

    return make


def tunnel(chance: random.Random, number: int) -> Case:
    """Nothing but TLS: a handshake's first records, then application data."""
    conversation = network.TcpConversation(seed=number, meter=_TLS)
    apdus = dialogue(number)[:8]
    hello = b"\x16\x03\x01\x00\x86\x01\x00\x00\x82\x03\x03" + chance.randbytes(128)
    units = [apdus[0]._replace(octets=hello)]
    for one in apdus[1:]:
        size = chance.randrange(40, 300)
        units.append(one._replace(octets=b"\x17\x03\x03" + size.to_bytes(2, "big") + chance.randbytes(size)))
    return Case(said(conversation.carry(units, start_ns=apdus[0].time_ns)), Truth(frozenset({"tunnel"})))


def undecoded(chance: random.Random, number: int) -> Case:
    """Nothing but another protocol: text in lines, as many devices speak it."""
    conversation = network.TcpConversation(seed=number, meter=Endpoint("198.51.100.7", 2000, "02:00:5e:00:00:01"))
    apdus = dialogue(number)[:8]
    units = [one._replace(octets=b"VALUE %d %d\r\n" % (at, chance.randrange(10**6))) for at, one in enumerate(apdus)]
    return Case(said(conversation.carry(units, start_ns=apdus[0].time_ns)), Truth(frozenset({""})))


# -- what else speaks on the line -------------------------------------------------------------------------------------

_MODEM = (b"AT+CSQ\r\n", b"ATDT0049123\r\r\n", b"CONNECT 9600\r\n", b"RING\r\n", b"OK\r\n", b"NO CARRIER\r\n")
_TELNET = (b"\xff\xfb\x01\xff\xfb\x03", b"\xff\xfd\x00\xff\xfb\x00", b"\xff\xfb\x2c\xff\xfd\x01\xff\xfb\x03")


def _beside(texts: Sequence[bytes], cause: str) -> Callable[[random.Random, int], Case]:
    """Something else than the meter speaks before the dialogue or between two exchanges."""

    def make(chance: random.Random, number: int) -> Case:
        session = CARRIERS[number % 2](dialogue(number))
        at = 0 if number % 3 == 0 else 2 * chance.randrange(1, len(session) // 2 - 1)
        before = session[at]
        octets = texts[number % len(texts)]
        other = before._replace(time_ns=(before.time_ns or 0) - 50_000_000, octets=octets, direction=TO_CLIENT)
        return Case([*session[:at], other, *session[at:]], Truth(frozenset({cause})))

    return make


def heartbeat(chance: random.Random, number: int) -> Case:
    """A gateway sends a sign of life again and again between exchanges."""
    session = CARRIERS[number % 2](dialogue(number))
    octets = (
        b"\xfe" + chance.randbytes(3).replace(b"\x7e", b"\xfe"),
        b"IMEI:%015d\r\n" % chance.randrange(10**15),
        b"\x0aHB\x0d\xf0",
    )[number % 3]
    starts = [at for at, one in enumerate(session) if at and one.direction == TO_METER]
    places = set(chance.sample(starts, chance.randrange(3, 6)))
    made: Lines = []
    for at, one in enumerate(session):
        if at in places:
            made.append(one._replace(time_ns=(one.time_ns or 0) - 100_000_000, octets=octets, direction=TO_CLIENT))
        made.append(one)
    return Case(made, Truth(frozenset({"heartbeat"})))


def echoed(chance: random.Random, number: int) -> Case:
    """A converter sends back what its own line repeats: each request, or one, or all of which none is answered."""
    pdus = network.wrap(dialogue(number))
    requests = [at for at, one in enumerate(pdus) if one.direction == TO_METER]
    places = {chance.choice(requests)} if number % 3 == 1 else set(requests)
    made: list[Sent] = []
    for at, one in enumerate(pdus):
        if number % 3 != 2 or one.direction == TO_METER:
            made.append(one)
        if at in places:
            made.append(one._replace(time_ns=one.time_ns + chance.randrange(2_000_000), direction=TO_CLIENT))
    return _case(_over_tcp(made, 1460), "local-echo")


def flow_control(chance: random.Random, number: int) -> Case:
    """A serial server takes XON and XOFF out of what the meter sends."""
    pdus = network.wrap(dialogue(number))
    made = [
        one._replace(octets=one.octets.translate(None, b"\x11\x13")) if one.direction == TO_CLIENT else one
        for one in pdus
    ]
    return _case(_over_tcp(made, 1460), "flow-control-octets-removed")


def seven_bits(chance: random.Random, number: int) -> Case:
    """A serial server takes bit 7 of all that the meter sends, or of both sides."""
    sides = (TO_CLIENT,) if number % 2 else (TO_CLIENT, TO_METER)
    pdus = network.wrap(dialogue(number))
    made = [
        one._replace(octets=bytes(octet & 0x7F for octet in one.octets)) if one.direction in sides else one
        for one in pdus
    ]
    return _case(_over_tcp(made, 1460), "seven-bit")


CARRIER_FAULTS: tuple[Fault, ...] = (
    Fault("tcp-octets-missing", "capture-loss", lost),
    Fault("tcp-octets-missing", "mid-stream-start", begun_in_middle),
    Fault("tcp-octets-missing", "connection-reset", broken_off("connection-reset", RST)),
    Fault("capture-cut", "connection-closed", broken_off("connection-closed", FIN)),
    Fault("response-missing", "answer-of-another-address", other_address),
    Fault("line-echo", "local-echo", echoed, group="wrapper"),
    Fault("line-settings-differ", "seven-bit", seven_bits, group="wrapper"),
    Fault("wrapper-length-wrong", "flow-control-octets-removed", flow_control),
    Fault("tcp-retransmission", "packet-loss", sent_again),
    Fault("tcp-retransmission", "nat-expiry", forgotten),
    Fault("tcp-retransmission", "captured-twice", captured_twice),
    Fault("tcp-connect-failed", "connection-unanswered", not_connected(False)),
    Fault("tcp-connect-failed", "connection-refused", not_connected(True)),
    Fault("push-repeated", "push-not-confirmed", not_confirmed),
    Fault("tcp-reset", "idle-timeout", ended(True, RST)),
    Fault("tcp-reset", "peer-closed", ended(False, RST)),
    Fault("carrier-tls", "tunnel", tunnel),
    Fault("carrier-undecoded", "", undecoded),
    Fault("carrier-text", "modem-text", _beside(_MODEM, "modem-text")),
    Fault("carrier-text", "telnet-negotiation", _beside(_TELNET, "telnet-negotiation")),
    Fault("carrier-text", "heartbeat", heartbeat),
)
