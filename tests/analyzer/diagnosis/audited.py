"""Sessions for the audit: healthy ones in which each check finds what it asks for, and one with each fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from analyzer.diagnosis.audit.audit import Audit, Row
from analyzer.pipeline import Pipeline
from analyzer.record import Record
from analyzer.security.keyring import Keyring, Meter
from analyzer.security.keys import Key, KeyRole
from analyzer.session import Session
from analyzer.simulate.security import KeySource, Mechanism, Security
from analyzer.tracking.protection import Protection
from captures import open_source, source_from_hex
from captures.chunk import Chunk
from captures.samples import samples
from dissectors.checks import crc16_arc, fcs, sum_bcc
from tests.analyzer.diagnosis.test_association import PASSWORD
from tests.analyzer.diagnosis.test_reaction import SESSION, heard
from tests.analyzer.diagnosis.test_service import GET_PROFILE, OPENING, READING, RELEASE, block, following
from tests.analyzer.framing.build import frame
from tests.analyzer.security import ecc
from tests.analyzer.security.test_signatures import signed_apdu
from tests.analyzer.tracking import all_keys, secured
from tests.analyzer.tracking.build import (
    ANSWERED,
    ASKED,
    LLC,
    ListSource,
    Said,
    Station,
    answered,
    asked,
    chunk,
    in_mbus,
    wrapped,
)  # fmt: skip
from tests.analyzer.tracking.test_certificates import CERTIFICATE, imports
from tests.analyzer.tracking.timed import AARE, AARQ, CLOCK_ANSWER, GET_CLOCK, at, on_hdlc, serial_chunks, tcp_chunks
from tests.analyzer.tracking.wrong_keys import World

Rows = dict[str, Row]
PRIVATE = bytes.fromhex("8F3A5C7E91B2D4064A6B1C9D3E5F7082")
"""A key that stands in no book."""
OTHER = bytes.fromhex("1E9D4C6A7B3F5280C1D2E4F60718293B")
UNCONFIRMED_SET = "C10181 0001 0000600100FF 02 00 1105"
SET_SECRET = bytes.fromhex("C101C1 000F 0000280000FF 07 00 0908 4142434445464748")


def judge(records: list[Record], keys: Keyring | None = None) -> Rows:
    audit = Audit(None, keys)
    for record in records:
        audit.take(record)
    audit.finish()
    return {row.check.name: row for row in audit.rows()}


def of_chunks(chunks: list[Chunk]) -> Rows:
    return judge(list(Pipeline().run(ListSource(chunks))))


def of_units(units: list[Said]) -> Rows:
    return of_chunks([chunk(number, octets, direction) for number, (direction, octets) in enumerate(units, 1)])


def on_line(*units: list[object], station: Station | None = None) -> Rows:
    return of_chunks(serial_chunks(on_hdlc(station or Station(), *units)))  # type: ignore[arg-type]


def over_tcp(*units: list[object]) -> Rows:
    return of_chunks(tcp_chunks([each for unit in units for each in unit]))  # type: ignore[arg-type,misc]


def of_sample(name: str) -> Rows:
    (sample,) = [one for one in samples() if one.name == name]
    with open_source(str(sample.path)) as source:
        return judge(list(Session(source, learns=False).records()))


# -- healthy ----------------------------------------------------------------------------------------------------------


def private_security(**members: object) -> Security:
    security = secured.security_of(**members)  # type: ignore[arg-type]
    return replace(security, keys=replace(security.keys, guek=PRIVATE, gak=OTHER, dedicated=OTHER[::-1]))


def session_of(security: Security, change: Callable[[list[Said]], list[Said]] = lambda said: said) -> Rows:
    """A session as the meter's own keys open it."""
    held = {KeyRole.GUEK: security.keys.guek, KeyRole.GAK: security.keys.gak}
    ring = secured.keyring(held)
    return judge(secured.opened(change(secured.said(secured.session(security))), ring, learns=True), ring)


def signed(*, pair: int) -> Rows:
    """A certificate is imported, and a message signed with the key of *pair*."""
    certificate = [imports(CERTIFICATE), answered(bytes.fromhex("C701C1 00 00"))]
    units = wrapped([*certificate, asked(signed_apdu(ecc.key("P-256", pair), "with the content's length octets"))])
    chunks = [chunk(number, unit.octets, unit.direction) for number, unit in enumerate(units, 1)]
    return judge(list(Pipeline(None, Protection(Keyring())).run(ListSource(chunks))))


def in_secret(*, tag: int) -> Rows:
    """A secret is written, in clear (C1) or under the global key (C9)."""
    world = World(Random(7))
    octets = SET_SECRET
    if tag == 0xC9:
        body = world.seal(world.client, SET_SECRET)
        octets = bytes((tag, len(body))) + body
    held = {KeyRole.GUEK: world.guek, KeyRole.GAK: world.gak}
    ring = secured.keyring(held, client_title=world.client)
    return judge(secured.opened([*world.said, asked(octets)], ring), ring)


def healthy() -> list[Rows]:
    """Sessions without a fault."""
    station = Station()
    blocks = at(1, asked(GET_PROFILE), answered(block(1)), asked(following(1)), answered(block(2, last=True)))
    return [
        on_line(at(0, *station.connect()), OPENING, READING, blocks, RELEASE, station=station),
        over_tcp(OPENING, READING, RELEASE),
        session_of(private_security(source=KeySource.DEDICATED)),
        of_sample("mbus-push"),
        signed(pair=1),
        in_secret(tag=0xC9),
        of_chunks(heard()),
        supervised(0x31),
        readout(),
        telegrams(),
        switched(tag=0xCB),
        unconfirmed(UNCONFIRMED_SET),
    ]


# -- faults -----------------------------------------------------------------------------------------------------------


def swapped_fcs() -> Rows:
    good = frame(b"", 0x93, b"\x03\x21")
    return of_units([asked(good), asked(good[:-3] + good[-2:-3:-1] + good[-3:-2] + good[-1:])])


def readout(change: Callable[[bytes], bytes] = lambda octets: octets) -> Rows:
    """A readout of IEC 62056-21, read twice, its data message changed alike."""
    session = [(way, change(octets) if octets[:1] == b"\x02" else octets) for way, octets in SESSION]
    return of_chunks([chunk(100 * number, octets, way) for number, (way, octets) in enumerate(session * 3, 1)])


def telegrams(crc: Callable[[bytes], int] = crc16_arc) -> Rows:
    """Two P1 telegrams whose CRC is computed by *crc*."""
    made = []
    for number in (1, 2):
        begun = b"/MMM5ABC\r\n\r\n1-0:1.7.0(00.%03d*kW)\r\n!" % number
        made.append(answered(begun + b"%04X\r\n" % crc(begun)))
    return of_units(made)


def switched(answer: str = "C701C1 00 00", *, object_: str = "0046 0000600300FF 01", tag: int = 0xC3) -> Rows:
    """The supply is switched off, in clear (C3) or under the global key (CB)."""
    octets = bytes.fromhex("C301C1" + object_ + "01 0F00")
    if tag == 0xC3:
        return over_tcp(OPENING, at(1, asked(octets), answered(bytes.fromhex(answer))))
    world = World(Random(7))
    bodies = [world.seal(world.client, octets), world.seal(world.server, bytes.fromhex(answer))]
    said = [Said(way, bytes((each, len(body))) + body)
            for way, each, body in zip((ASKED, ANSWERED), (0xCB, 0xCF), bodies, strict=True)]  # fmt: skip
    ring = secured.keyring({KeyRole.GUEK: world.guek, KeyRole.GAK: world.gak}, client_title=world.client)
    return judge(secured.opened([*world.said, *said], ring), ring)


def acted(request: str, answer: str) -> Rows:
    return over_tcp(OPENING, at(1, asked(bytes.fromhex(request)), answered(bytes.fromhex(answer))))


def unconfirmed(request: str, answer: str = "") -> Rows:
    said = [asked(bytes.fromhex(request)), *([answered(bytes.fromhex(answer))] if answer else [])]
    return over_tcp(OPENING, at(1, *said))


def reserved_address() -> Rows:
    station = Station(server=b"\x05")
    return on_line(at(0, *station.connect()), OPENING, READING, station=station)


def parameters(*, size: int = 128, window: int = 1, head: str = "81 80 14") -> bytes:
    """The information field of SNRM or UA."""
    sizes = b"".join(bytes((name, 2)) + size.to_bytes(2, "big") for name in (5, 6))
    windows = b"".join(bytes((name, 4)) + window.to_bytes(4, "big") for name in (7, 8))
    return bytes.fromhex(head) + sizes + windows


def negotiated(information: bytes) -> Rows:
    """A session that both sides open with the same parameters."""
    station = Station()
    ends = ((asked, ASKED, 0x93), (answered, ANSWERED, 0x73))
    opened = [said(frame(information, control, station.ends[way])) for said, way, control in ends]
    return on_line(at(0, *opened), OPENING, READING, station=station)


def rejected(*, reason: int) -> Rows:
    """FRMR answers an I frame."""
    station = Station()
    refused = answered(frame(bytes((0x54, 0x10, reason)), 0x97, b"\x21\x03"))
    return on_line(at(0, *station.connect()), OPENING, at(1, asked(GET_CLOCK), refused), station=station)


def beyond_window() -> Rows:
    """The client sends two I frames in a row, and does not hand the turn over with the first one."""
    station = Station()
    opening = on_hdlc(station, at(0, *station.connect()), OPENING)
    first, *rest = on_hdlc(station, at(1, asked(GET_CLOCK), asked(GET_CLOCK)))
    octets = first.said.octets
    first = first._replace(said=Said(ASKED, frame(octets[8:-3], octets[5] & 0xEF, octets[3:5])))
    return of_chunks(serial_chunks([*opening, first, *rest]))


def without_poll_final(*, way: int) -> Rows:
    """The I frame of a request, or that of its answer, has no P or F."""
    station = Station()
    opening = on_hdlc(station, at(0, *station.connect()), OPENING)
    units = on_hdlc(station, READING, READING)
    place = next(at for at, one in enumerate(units) if one.said.direction == way)
    octets = units[place].said.octets
    units[place] = units[place]._replace(said=Said(way, frame(octets[8:-3], octets[5] & 0xEF, octets[3:5])))
    return of_chunks(serial_chunks([*opening, *units]))


def supervised(control: int, information: bytes = b"") -> Rows:
    station = Station()
    ready = asked(frame(information, control, station.ends[ASKED]))
    return on_line(at(0, *station.connect()), OPENING, at(1, ready), station=station)


def long_information() -> Rows:
    station = Station()
    opening = on_hdlc(station, at(0, *station.connect()), OPENING)
    text = bytes.fromhex("C401C1 00 0981C8") + bytes(200)
    long = Said(ANSWERED, station.information(ANSWERED, LLC[ANSWERED] + text))
    return of_chunks(serial_chunks([*opening, *on_hdlc(station, at(1, asked(GET_CLOCK))), *at(0.1, long)]))


def doubled_llc() -> Rows:
    station = Station()
    opening = on_hdlc(station, at(0, *station.connect()), OPENING, at(1, asked(GET_CLOCK)))
    doubled = Said(ANSWERED, station.information(ANSWERED, LLC[ANSWERED] * 2 + CLOCK_ANSWER))
    return of_chunks(serial_chunks([*opening, *at(0.1, doubled)]))


def two_apdus() -> Rows:
    push = LLC[ANSWERED] + bytes.fromhex("0F 00000001 00 0201 1105")
    return of_units([Said(ANSWERED, frame(push * 2, 0x13, b"\x21\x03"))])


def long_wrapper() -> Rows:
    units = wrapped([asked(AARQ), answered(AARE), asked(GET_CLOCK), answered(CLOCK_ANSWER), asked(GET_CLOCK)])
    head = bytearray(units[2].octets)
    head[7] += 8  # the length counts the header, too
    units[2] = Said(ASKED, bytes(head))
    return of_units(units)


def wrapped_length() -> Rows:
    """An M-Bus frame of 257 octets whose length octets say 01."""
    text = bytes.fromhex("0F 00000001 00 09 82 00F3") + bytes(243)
    (unit,) = in_mbus([answered(text[:252])], 252)
    assert len(unit.octets) == 4 + 257 + 2
    return of_units([unit])


def with_aare(change: Callable[[bytes], bytes]) -> Rows:
    return over_tcp(at(0, asked(AARQ), answered(change(AARE))), READING)


def asked_twice() -> Rows:
    return on_line(OPENING, READING, at(1, asked(GET_CLOCK)), at(5, asked(GET_CLOCK), answered(CLOCK_ANSWER)))


def skipped_block() -> Rows:
    begun = at(1, asked(GET_PROFILE), answered(block(1)), asked(following(1)), answered(block(2)), asked(following(1)))
    return on_line(OPENING, begun, at(0.1, answered(bytes.fromhex("C402C1 01 00000001 01 13"))), READING)


def small_meter() -> Rows:
    long = bytes.fromhex("C101C1 0001 0000600100FF 02 00 0946") + bytes(70)
    small = AARE.replace(bytes.fromhex("04C80007"), bytes.fromhex("00400007"))
    return over_tcp(at(0, asked(AARQ), answered(small)), at(1, asked(long), answered(bytes.fromhex("C501C100"))))


def other_id() -> Rows:
    answer = CLOCK_ANSWER[:2] + b"\xc5" + CLOCK_ANSWER[3:]
    return over_tcp(OPENING, READING, at(1, asked(GET_CLOCK), answered(answer)))


def unauthenticated() -> Rows:
    return on_line(OPENING, READING, station=Station(client=b"\x03"))


def weak_challenge() -> Rows:
    # mechanism 5, calling-authentication-value of 4 octets
    body = bytes.fromhex(
        "A109 0607 60857405080101 8A02 0780 8B07 60857405080205 AC06 8004 41424344"
        "BE10 040E 01 00 00 00 06 5F1F0400 001E1D FFFF"
    )
    return over_tcp(at(0, asked(bytes((0x60, len(body))) + body), answered(AARE)))


def same_title() -> Rows:
    return session_of(private_security(server_title=bytes.fromhex("4D4D4D0000000001")))


def wrong_proof() -> Rows:
    """The client has another secret than the meter, whose secret the keyring holds."""
    security = all_keys.security_of(mechanism=Mechanism.HLS_SHA256)
    client = all_keys.session(replace(security, secret=b"another secret of the client"), security)
    ring = all_keys.keyring(security)
    return judge(all_keys.decode(client.dialogue, ring), ring)


def sealed(*hows: dict[str, int], change: Callable[[bytes], bytes] = lambda octets: octets) -> Rows:
    """Requests under the keys of a made-up world, each sealed so; the last one is changed."""
    world = World(Random(5))
    units = [*world.said, *(asked(world.request(**how)) for how in hows)]
    units[-1] = asked(change(units[-1].octets))
    ring = secured.keyring({KeyRole.GUEK: world.guek, KeyRole.GAK: world.gak}, client_title=world.client)
    return judge(secured.opened(units, ring), ring)


def below_policy() -> Rows:
    """The meter tells that its policy is 3, authenticated and encrypted, in an association with ciphering, in clear."""
    aarq, aare = (one.replace(bytes.fromhex("60857405080101"), bytes.fromhex("60857405080103")) for one in (AARQ, AARE))
    get_policy = bytes.fromhex("C001C1 0040 00002B0000FF 02 00")
    policy = at(1, asked(get_policy), answered(bytes.fromhex("C401C1 00 1603")))
    return over_tcp(at(0, asked(aarq), answered(aare)), policy, READING)


def open_dedicated() -> Rows:
    aarq = bytes.fromhex(
        "602E A109 0607 60857405080101 BE21 041F 01 01 10" + PRIVATE.hex() + "00 00 06 5F1F0400 001E1D FFFF"
    )
    return over_tcp(at(0, asked(aarq), answered(AARE)))


def published() -> Rows:
    meter = Meter()
    meter.keys = {KeyRole.GUEK: Key(KeyRole.GUEK, bytes(range(16)))}
    with source_from_hex(AARQ.hex()) as source:
        return judge(list(Pipeline().run(source)), Keyring([meter]))


def bad_certificate() -> Rows:
    units = wrapped([imports(b"\x30\x03\x02\x01\x05"), answered(bytes.fromhex("C701C1 00 00"))])
    chunks = [chunk(number, unit.octets, unit.direction) for number, unit in enumerate(units, 1)]
    return judge(list(Pipeline(None, Protection(Keyring())).run(ListSource(chunks))))


TRAILING = b"\xaa\xbb"
KAIFA = bytes.fromhex("0F 40000000 09 0C 07E80B1504 0A1E00FF800000 0201 0600000001")
"""A push whose date-time has a type tag."""
FAULTS: dict[str, Callable[[], Rows]] = {
    "hdlc-check-sequence": swapped_fcs,
    "hdlc-address": reserved_address,
    "hdlc-parameters": lambda: negotiated(parameters(size=2031)),
    "hdlc-sequence": lambda: rejected(reason=0x10),
    "hdlc-window": beyond_window,
    "hdlc-poll-final": lambda: without_poll_final(way=ASKED),
    "hdlc-supervisory": lambda: supervised(0x31, b"\1\2\3"),
    "hdlc-information-length": long_information,
    "hdlc-rejects": lambda: rejected(reason=0x01),
    "llc-header": doubled_llc,
    "one-apdu-a-frame": two_apdus,
    "wrapper-header": long_wrapper,
    "mbus-frame": wrapped_length,
    "reaction-times": lambda: of_chunks(heard(answer_ms=4000)),
    "check-character": lambda: readout(lambda octets: octets[:-1] + bytes((sum_bcc(octets[1:-1]),))),
    "telegram-crc": lambda: telegrams(fcs),
    "apdu-encoding": lambda: over_tcp(OPENING, at(1, asked(GET_CLOCK + TRAILING), answered(CLOCK_ANSWER))),
    "known-deviations": lambda: over_tcp(at(0, answered(KAIFA))),
    "negotiation": lambda: with_aare(lambda aare: aare.replace(bytes.fromhex("001E1D"), bytes.fromhex("001E1F"))),
    "initiate-parameters": lambda: with_aare(lambda aare: aare.replace(b"\x08\0\6\x5f", b"\x08\0\5\x5f")),
    "association": lambda: over_tcp(OPENING, READING, RELEASE, READING),
    "conformance": lambda: over_tcp(OPENING, at(1, asked(bytes.fromhex("D9 40000001 00 00 00")))),
    "pdu-size": small_meter,
    "invoke-id": other_id,
    "service-class": lambda: unconfirmed(UNCONFIRMED_SET, "C50181 00"),
    "block-numbers": skipped_block,
    "answers": asked_twice,
    "authentication": unauthenticated,
    "password-in-clear": lambda: over_tcp(at(0, asked(PASSWORD), answered(AARE)), READING),
    "challenges": weak_challenge,
    "proofs": wrong_proof,
    "system-titles": same_title,
    "suite": lambda: sealed({}, {"more": 0x0F}),
    "protection": lambda: session_of(private_security(is_authenticated=False, mechanism=Mechanism.HLS_SHA256)),
    "policy": below_policy,
    "tags": lambda: sealed({}, {}, change=lambda octets: octets[:-1]),
    "counters": lambda: sealed({"counter": 500}, {"counter": 400}),
    "nonces": lambda: sealed({"counter": 500}, {"counter": 500}),
    "counter-room": lambda: sealed({"counter": 0xFFFF_FFF0}),
    "dedicated-key": open_dedicated,
    "secrets": lambda: in_secret(tag=0xC1),
    "grave-actions": switched,
    "keys": published,
    "signatures": lambda: signed(pair=2),
    "certificates": bad_certificate,
}
"""By check: a session that breaks it."""
