"""Captures that can be shown: what they still say, and what is nowhere in them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from copy import copy
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.cli.main import main
from analyzer.pipeline import Pipeline
from analyzer.record import Lane, Record
from analyzer.rewrite.keys import published_keyring
from analyzer.rewrite.pseudonyms import Pseudonyms
from analyzer.rewrite.share import ShareSafe
from analyzer.session import Session
from analyzer.simulate.security import CLIENT_TITLE, SERVER_TITLE, KeySource, Mechanism, Security
from captures import open_source, source_from_hex
from captures.samples import Sample, samples
from dissectors.checks import bcc, seven_bits
from tests.analyzer.cosem.data import double_long_unsigned, name, octet_string, structure
from tests.analyzer.tracking.build import (
    Carrier,
    ListSource,
    chunk,
    in_frames,
    in_general_blocks,
    in_mbus,
    in_segments,
    wrapped,
)
from tests.analyzer.tracking.lines import get, line, push
from tests.analyzer.tracking.secured import keyring, opened, said, secrets, security_of, session, statuses

NAMES = Pseudonyms(b"of this test")
DAMAGED = [one for one in samples() if Path(one.path).suffix == ".pcap"]
OTHER = bytes(range(0x70, 0x90))
"""Keys that nobody is to see."""


def shared(records: Iterable[Record], path: Path) -> tuple[ShareSafe, bytes]:
    """Write *records* to *path*; returns the writer and the octets."""
    made = ShareSafe(Pseudonyms(b"of this test"))
    octets = made.head() + b"".join(made.blocks(records))
    path.write_bytes(octets)
    return made, octets


def again(path: Path) -> tuple[Session, list[Record]]:
    with open_source(str(path)) as source:
        made = Session(source, None, published_keyring())
        return made, list(made.records())


def kinds(records: Iterable[Record]) -> list[tuple[object, ...]]:
    return [
        (one.link, one.kind, one.apdu.family if one.apdu is not None else "", one.parts, len(one.octets))
        for one in records
    ]


def secured_with(**members: object) -> Security:
    suite = members.pop("suite", 0)
    made = security_of(suite, **members)  # type: ignore[arg-type]
    size = made.suite.key_length
    own = {
        role: bytes(octet ^ at for octet in OTHER[:size])
        for at, role in enumerate(("guek", "gak", "gbek", "dedicated"), 1)
    }
    return replace(made, keys=replace(made.keys, **own))


@pytest.mark.parametrize("sample", [one for one in samples() if one.name != "push-ciphered"], ids=lambda one: one.name)
def test_sample_is_shared_with_the_same_records(sample: Sample, tmp_path: Path) -> None:
    with open_source(str(sample.path)) as source:
        from analyzer.security.keyring_file import load

        keys = load([str(sample.keys)], [], published=[sample.keys]).keyring if sample.keys else None
        before = list(Session(source, None, keys).records())
    made, octets = shared(before, tmp_path / "s.pcapng")
    _, after = again(tmp_path / "s.pcapng")
    assert kinds(after) == kinds(before)
    assert statuses(after) == statuses(before)
    assert made.outcome.blanked == Counter()
    assert [one.time_ns for one in after] == pytest.approx([one.time_ns for one in before], abs=1000)
    assert [(one.began_ns, one.latency_ns) for one in after] == [(one.began_ns, one.latency_ns) for one in before]
    assert not [one for one in made.names.replaced if one in octets]


SOURCES = [
    KeySource.GLOBAL,
    KeySource.DEDICATED,
    KeySource.BROADCAST,
    KeySource.GENERAL_GLOBAL,
    KeySource.GENERAL_DEDICATED,
    KeySource.IDENTIFIED,
]


@pytest.mark.parametrize("suite", [0, 2])
@pytest.mark.parametrize("source", SOURCES, ids=lambda one: one.name)
def test_ciphered_session_opens_under_the_published_keys_alone(suite: int, source: KeySource, tmp_path: Path) -> None:
    security = secured_with(suite=suite, source=source)
    given = secrets(security)
    before = opened(said(session(security)), keyring(given))
    assert set(statuses(before)) == {"verified"}
    _, octets = shared(before, tmp_path / "s.pcapng")
    _, after = again(tmp_path / "s.pcapng")
    assert kinds(after) == kinds(before)
    assert statuses(after) == statuses(before)
    assert [note.code for one in after for note in one.notes if "hls" in note.code] == ["hls-verified"] * 2
    for one in (*given.values(), security.keys.dedicated, CLIENT_TITLE, SERVER_TITLE):
        assert one not in octets
    titles = {layer.title for one in after for layer in one.protection}
    assert {one[:3] for one in titles} == {b"MMM"} and len(titles) == 2, "makers stay, and two parties stay two"


@pytest.mark.parametrize("carrier", [in_segments, in_frames, in_general_blocks, in_mbus], ids=lambda one: one.__name__)
def test_ciphered_session_is_shared_over_any_carrier(carrier: Carrier, tmp_path: Path) -> None:
    security = secured_with()
    before = opened(said(session(security, limit=200)), keyring(secrets(security)), carrier=carrier)
    made, octets = shared(before, tmp_path / "s.pcapng")
    _, after = again(tmp_path / "s.pcapng")
    assert statuses(after) == statuses(before)
    assert kinds(after) == kinds(before)
    assert SERVER_TITLE not in octets and made.outcome.blanked == Counter()


def test_apdus_that_no_key_opens_are_blanked_and_counted(tmp_path: Path) -> None:
    security = secured_with()
    dialogue = session(security)
    ciphered = [one.octets[-20:] for one in dialogue if len(one.octets) > 40 and one.octets[0] not in (0x60, 0x61)]
    before = opened(said(dialogue), keyring({}))
    made, octets = shared(before, tmp_path / "s.pcapng")
    _, after = again(tmp_path / "s.pcapng")
    assert ciphered and not [one for one in ciphered if one in octets]
    assert made.outcome.blanked["ciphered APDUs that no key opened"] > 5
    assert len(after) == len(before) and SERVER_TITLE not in octets


def test_initiate_request_that_no_key_was_given_for_is_blanked(tmp_path: Path) -> None:
    """Text and tag of what an AARQ or AARE carries stayed where no keyring was given."""
    dialogue = [one for one in session(secured_with()) if one.octets[0] in (0x60, 0x61)]
    records = list(
        Pipeline().run(
            ListSource([chunk(1 + at, one.octets, one.direction) for at, one in enumerate(wrapped(said(dialogue)))])
        )
    )
    made, octets = shared(records, tmp_path / "s.pcapng")
    assert len(dialogue) == 2 and not [one for one in dialogue if one.octets[-20:] in octets]
    assert made.outcome.blanked == {"protected initiates that no key opened": 2}
    assert [one.apdu.family for one in again(tmp_path / "s.pcapng")[1] if one.apdu] == ["aarq", "aare"]


def test_two_ends_on_one_host_lose_no_octets(tmp_path: Path) -> None:
    """Both ends counted one row of sequence numbers: doctor said that the capture had lost octets."""
    ends = ("127.0.0.1:51234", "127.0.0.1:4059")
    records = list(Session(source_from_hex("\n".join(get(1, "1-0:1.8.0", 2, double_long_unsigned(5))))).records())
    for record, text in zip(records, (" > ".join(ends), " > ".join(reversed(ends))), strict=True):
        record.lane = Lane(record.lane.conversation, record.lane.side, text)
    shared(records * 3, tmp_path / "s.pcapng")
    assert [note.code for one in again(tmp_path / "s.pcapng")[1] for note in one.notes] == []


def test_echo_stays_an_echo(tmp_path: Path) -> None:
    """It carries nothing that was read, and was blanked: the line then had other octets than were sent."""
    from analyzer.rewrite.frames import hdlc_frame

    asked = hdlc_frame(bytes.fromhex("A000 03 21 10"), bytes.fromhex("E6E600C001C1000100002A0000FF0200"))
    answer = hdlc_frame(bytes.fromhex("A000 21 03 30"), bytes.fromhex("E6E700C401C1000908") + b"41700811")
    lines = [f"TX: {asked.hex(' ')}", f"RX: {asked.hex(' ')}", f"RX: {answer.hex(' ')}"]
    records = list(Session(source_from_hex("\n".join(lines))).records())
    made, _ = shared(records, tmp_path / "s.pcapng")
    after = again(tmp_path / "s.pcapng")[1]
    assert [note.code for one in records for note in one.notes] == ["line-echo"]
    assert [note.code for one in after for note in one.notes] == ["line-echo"]
    assert made.outcome.blanked == Counter() and after[1].octets == after[0].octets


@pytest.mark.parametrize(
    "mechanism", [Mechanism.LLS, Mechanism.HLS_MD5, Mechanism.HLS_SHA1, Mechanism.HLS_SHA256], ids=str
)
def test_passwords_and_what_was_made_of_secrets_are_gone(mechanism: Mechanism, tmp_path: Path) -> None:
    security = replace(secured_with(mechanism=mechanism), is_authenticated=False, is_encrypted=False)
    dialogue = session(security)
    answers = [one.octets[-16:] for one in dialogue if one.octets[:2] == b"\xc3\x01"]
    before = opened(said(dialogue), keyring({}))
    _, octets = shared(before, tmp_path / "s.pcapng")
    assert security.secret not in octets
    assert not [one for one in answers if one in octets]
    assert bool(answers) == mechanism.is_high


def values_of(lines: list[str], tmp_path: Path) -> tuple[list[object], bytes, list[object]]:
    """Plain values before, the octets between, and plain values after."""
    first = Session(source_from_hex("\n".join(lines)))
    records = list(first.records())
    _, octets = shared(records, tmp_path / "s.pcapng")
    second, after = again(tmp_path / "s.pcapng")
    assert [len(one.octets) for one in after] == [len(one.octets) for one in records]
    told = (
        [value.plain for one in them for value in made.values(one)]
        for made, them in ((first, records), (second, after))
    )
    return next(told), octets, next(told)


def test_serial_numbers_go_and_measured_values_stay(tmp_path: Path) -> None:
    lines = get(1, "0-0:96.1.0", 2, octet_string(b"41700811-A")) + get(
        1, "0-0:96.1.1", 2, double_long_unsigned(41700811)
    )
    lines += get(1, "0-0:42.0.0", 2, octet_string(b"MMM0000041700811")) + get(
        3, "1-0:1.8.0", 2, double_long_unsigned(74565)
    )
    before, octets, after = values_of(lines, tmp_path)
    assert before == ["41700811-A", 41700811, "MMM0000041700811", 74565]
    serial, number, device, energy = after
    assert isinstance(serial, str) and serial != before[0] and len(serial) == 10 and serial[8] == "-"
    assert number != 41700811 and isinstance(device, str) and device[:3] == "MMM" and device != before[2]
    assert energy == 74565
    assert b"41700811" not in octets and (41700811).to_bytes(4, "big") not in octets


def test_equal_names_stay_equal_and_logical_names_and_times_stay(tmp_path: Path) -> None:
    body = structure(name("1-0:1.8.0"), octet_string(b"41700811"), octet_string(b"41700811"), octet_string(b"41700812"))
    records = list(Session(source_from_hex("\n".join(push(body)))).records())
    _, octets = shared(records, tmp_path / "s.pcapng")
    assert name("1-0:1.8.0") in octets
    at = octets.index(name("1-0:1.8.0")) + 8
    first, second, third = (octets[at + 10 * place + 2 : at + 10 * place + 10] for place in range(3))
    assert first == second != third and first.isdigit() and first != b"41700811"


def test_other_exports_map_otherwise() -> None:
    one, other = Pseudonyms(b"a"), Pseudonyms(b"b")
    assert one.text(b"4170081141700811") != other.text(b"4170081141700811")
    assert one.text(b"4170081141700811") == Pseudonyms(b"a").text(b"4170081141700811")


def test_octets_behind_an_apdu_and_noise_are_blanked(tmp_path: Path) -> None:
    apdu = b"\xc4\x01\xc1\x00" + double_long_unsigned(5)
    lines = [line("TX", b"\xc0\x01\xc1\x00\x03\x01\x00\x01\x08\x00\xff\x02\x00"), line("RX", apdu + b"41700811")]
    records = list(Session(source_from_hex("\n".join(lines))).records())
    _, octets = shared(records, tmp_path / "s.pcapng")
    assert b"41700811" not in octets and len(again(tmp_path / "s.pcapng")[1]) == len(records)


def test_wrong_frame_stays_wrong_by_the_same_bits(tmp_path: Path) -> None:
    from analyzer.rewrite.frames import hdlc, hdlc_frame

    good = hdlc_frame(bytes.fromhex("A000 00024C33 21 32"), bytes.fromhex("E6E700C401C1000A08") + b"41700811")
    bad = good[:-3] + bytes((good[-3] ^ 0x10,)) + good[-2:]
    lines = [f"RX: {one.hex(' ')}" for one in (good, bad, good)]
    _, octets = shared(Session(source_from_hex("\n".join(lines))).records(), tmp_path / "s.pcapng")
    _, after = again(tmp_path / "s.pcapng")
    assert [one.problem for one in after] == ["", "fcs-wrong", ""]
    wrong = after[1].octets
    assert bytes(a ^ b for a, b in zip(wrong, hdlc(wrong), strict=True)).strip(b"\0") == b"\x10"
    assert b"41700811" not in octets and after[0].server != 1 and bytes.fromhex("00024C33") not in octets


@pytest.mark.parametrize(
    ("text", "leaves"),
    [
        (b"/?41700811!\r\n", b"/?"),
        (b"\x01P1\x02(12345678)\x03\x5e", b"\x01P1\x02(********)"),
        (b"/MMM5EL41700811\r\n", b"/MMM5EL"),
    ],
)
def test_text_tells_neither_address_nor_password(text: bytes, leaves: bytes) -> None:
    from analyzer.rewrite.texts import anonymous_text

    made = anonymous_text(text, Pseudonyms(b"of this test")).octets
    assert len(made) == len(text) and made.startswith(leaves)
    assert b"41700811" not in made and b"12345678" not in made


def test_value_under_a_damaged_code_is_replaced_and_times_stay() -> None:
    from analyzer.rewrite.texts import anonymous_text

    made = anonymous_text(
        b"/MMM5\r\n\r\n0-0:9\xb9.1.1(4D4D4D3431373030)\r\n0-0:1.0.0(260309183000W)\r\n!\r\n", NAMES
    ).octets
    assert b"4D4D4D3431373030" not in made and b"(260309183000W)" in made


@pytest.mark.parametrize(
    ("sets", "number"),
    [
        ("C.1.0(54800102)\r\nC.90.1(54800102)\r\nF.F(00000000)", b"54800102"),
        ("6.8(0066.076*MWh)9.20(64030000)", b"64030000"),
        ("6.8(0066.076*MWh)9.6(000&64030000&0)", b"64030000"),
    ],
)
def test_number_that_a_readout_says_again_or_as_heat_meters_do_is_replaced_with_its_sum(
    sets: str, number: bytes
) -> None:
    from analyzer.rewrite.texts import anonymous_text

    body = f"{sets}\r\n!\r\n\x03".encode()
    made = anonymous_text(b"\x02" + body + bytes([bcc(body)]), NAMES).octets
    assert number not in made and made[-1] == bcc(made[1:-1])
    assert (b"F.F(00000000)" in made, b"(0066.076*MWh)" in made) == (b"F.F" in body, b"MWh" in body)


_TELLING = re.compile(rb"(?:0\.0\.\d|96\.1\.[01])\(([0-9A-F]{8,})\)|P[12]\x02\(([0-9A-F]{8})\)|/\?(\d{8})!")
"""Numbers of meters and passwords in the samples of text."""


def telling_messages() -> list[bytes]:
    """Give the messages of the samples that tell a number or a password."""
    found: dict[bytes, None] = {}
    for one in samples():
        if one.name in ("mode-c-programming", "mode-c-readout", "p1"):
            with open_source(str(one.path)) as source:
                found.update(dict.fromkeys(record.octets for record in Session(source).records()))
    return [one for one in found if _TELLING.search(seven_bits(one))]


def told(octets: bytes, message: bytes) -> bool:
    """Tell whether six characters of a number or password of *message* are in what is shared of *octets*."""
    made = ShareSafe(Pseudonyms(b"of this test"))
    written = seven_bits(b"".join(made.blocks(Session(source_from_hex(octets.hex())).records())))
    numbers = [next(filter(None, one.groups())) for one in _TELLING.finditer(seven_bits(message))]
    return any(number[at : at + 6] in written for number in numbers for at in range(len(number) - 5))


@pytest.mark.parametrize("message", telling_messages(), ids=lambda one: f"{len(one)}-octets")
def test_number_beside_any_turned_bit_or_cut_is_told_nowhere(message: bytes) -> None:
    """Without its parenthesis a value was no data set, and its number stayed; so with one that the capture cut."""
    spans = [one.span() for one in _TELLING.finditer(seven_bits(message))]
    near = sorted({at for start, end in spans for at in range(max(0, start - 8), min(end + 4, len(message)))})
    hurt = [message[:at] + bytes((message[at] ^ 1 << bit,)) + message[at + 1 :] for at in near for bit in range(8)]
    cut = [message[:at] for at in near if at] + [message[at:] for at in near]
    assert [one for one in (*hurt, *cut) if told(one, message)] == []


def test_line_that_does_not_read_keeps_its_code_and_is_counted(tmp_path: Path) -> None:
    text = b"/MMM5SIM\r\n\r\n0-0:96.1.1(4530303438303030i\r\n1-0:1.8.0(000123.45*kWh)\r\n!0000\r\n"
    before, after, made = first_of(text, tmp_path)
    assert b"\r\n0-0:96.1.1(0000000000000000x\r\n1-0:1.8.0(000123.45*kWh)\r\n" in after.octets
    assert made.outcome.blanked == Counter({"lines of text that do not read": 1})
    assert [note.code for note in after.notes] == [note.code for note in before.notes]


@pytest.mark.parametrize(
    ("octets", "leaves"),
    [
        ("DBDD4D4D4D0000BC614E2050300003100208A7", "DB"),
        ("DD00000000000000014D4D4D", "DD"),
        ("C401C10009FF4D4D4D0000BC614E", "C401C100"),
        ("FF4D4D4D0000BC614E", ""),
    ],
)
def test_what_does_not_read_of_an_apdu_is_blanked(octets: str, leaves: str) -> None:
    from analyzer.rewrite.apdus import anonymous

    made = anonymous(given := bytes.fromhex(octets), NAMES)
    assert len(made) == len(given) and made.hex().upper().startswith(leaves) and b"MMM" not in made


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(DAMAGED), st.lists(st.tuples(st.integers(24, 6000), st.integers(0, 255)), max_size=12), st.data()
)
def test_damaged_capture_is_shared_and_opens(
    tmp_path_factory: pytest.TempPathFactory, sample: Sample, damage: list[tuple[int, int]], data: st.DataObject
) -> None:
    octets = bytearray(Path(sample.path).read_bytes())
    for at, octet in damage:
        octets[at % len(octets)] = octet
    folder = tmp_path_factory.mktemp("damaged")
    path = folder / f"d{Path(sample.path).suffix}"
    path.write_bytes(octets[: data.draw(st.integers(100, len(octets)))])
    keys = ["-k", str(sample.keys)] if sample.keys else []
    assert main(["export", str(path), *keys, "-q", "--share-safe", "-o", str(folder / "s.pcapng")]) in (0, 1, 3)


def first_of(octets: bytes, tmp_path: Path) -> tuple[Record, Record, ShareSafe]:
    """The record that *octets* are, and what became of it."""
    records = list(Session(source_from_hex(octets.hex())).records())
    made, _ = shared(records, tmp_path / "s.pcapng")
    return records[0], again(tmp_path / "s.pcapng")[1][0], made


CLOSED = bytes.fromhex("DB08 4D4D4D0000BC614E 8201F4 30 00000007") + bytes(range(64, 164))
"""A ciphered APDU that broke off."""


def test_ciphered_apdu_that_broke_off_keeps_neither_text_nor_tag(tmp_path: Path) -> None:
    head = bytes.fromhex("0001 0001 0010") + len(CLOSED).to_bytes(2, "big")
    before, after, made = first_of(head + CLOSED, tmp_path)
    assert before.apdu is not None and before.apdu.values is None, "it does not read as a whole"
    assert after.octets[-100:] == bytes(100) and after.octets[8:13] == b"\xdb\x08MMM"
    assert made.outcome.blanked == {"ciphered APDUs that do not read": 1}


@pytest.mark.parametrize("carrier", ["hdlc", "mbus"])
def test_frame_that_broke_off_still_says_what_it_was(carrier: str, tmp_path: Path) -> None:
    """It has no sums at its end, yet two octets of the APDU were taken for them, and all of it was blanked."""
    from analyzer.rewrite.frames import hdlc_frame

    body = b"\x0f\x00\x00\x00\x01\x00" + structure(octet_string(b"41700811"), double_long_unsigned(7))
    if carrier == "hdlc":
        octets = hdlc_frame(bytes.fromhex("A000 2103 13"), b"\xe6\xe7\x00" + body)[:-5]
    else:
        octets = bytes((0x68, len(body) + 9, len(body) + 9, 0x68, 0x53, 0xFF, 0x10, 1, 0x67)) + body
    before, after, made = first_of(octets, tmp_path)
    assert (before.problem, after.problem, after.link) == ("truncated", "truncated", carrier)
    assert [note.code for note in after.notes] == [note.code for note in before.notes]
    assert after.apdu is not None and after.apdu.family == "data-notification"
    assert after.octets[-3:] == before.octets[-3:] and b"41700811" not in after.octets
    assert made.outcome.blanked == Counter()


@pytest.mark.parametrize("size", [1, 2, 4])
@pytest.mark.parametrize("control", [0x10, 0x13])
def test_frame_without_a_source_address_is_read_and_summed_behind_its_only_one(
    size: int, control: int, tmp_path: Path
) -> None:
    """Octets of its HCS were taken for a second address: what it carries was blanked or kept, and its sums were wrong."""
    from tests.analyzer.framing.build import frame

    body = b"\xe6\xe7\x00\x0f\x00\x00\x00\x01\x00" + structure(octet_string(b"41700811"), double_long_unsigned(7))
    address = {1: b"\x03", 2: b"\x02\x23", 4: bytes.fromhex("00026481")}[size]
    before, after, made = first_of(frame(body, control, address), tmp_path)
    assert [note.cause for note in before.notes] == [note.cause for note in after.notes] == ["source-missing"]
    assert (after.problem, after.control, after.kind) == ("", control, before.kind)
    assert after.apdu is not None and before.apdu is not None and after.apdu.at == before.apdu.at
    assert after.octets[-8:-3] == before.octets[-8:-3] and b"41700811" not in after.octets
    assert (after.octets[3 : 3 + size] == address) is (size < 4)
    assert made.outcome.blanked == Counter()


def test_frame_without_its_first_flag_keeps_a_right_sum(tmp_path: Path) -> None:
    from analyzer.rewrite.frames import hdlc_frame

    frame = hdlc_frame(bytes.fromhex("A000 2103 13"), b"\xe6\xe7\x00\x0f\x00\x00\x00\x01\x00\x09\x0841700811")
    before, after, _ = first_of(frame[1:], tmp_path)
    assert before.octets == frame[1:] and after.octets != before.octets
    assert [note.code for note in after.notes] == [note.code for note in before.notes] == []


def test_p1_telegram_whose_apdu_lacks_its_tag_stays_one(tmp_path: Path) -> None:
    text = b"/MMM5EL41700811\r\n\r\n"
    before, after, made = first_of(text + b"\x00\x82\x00\x40\x30\x00\x00\x00\x07" + bytes(range(64, 123)), tmp_path)
    assert (before.link, after.link, len(after.octets)) == ("p1", "p1", len(before.octets))
    assert after.octets.startswith(b"/MMM5EL") and b"41700811" not in after.octets
    assert after.octets[-59:] == bytes(59) and made.outcome.blanked.total() == 1


def test_rejection_keeps_its_reason(tmp_path: Path) -> None:
    before, after, made = first_of(bytes.fromhex("7EA00C2103973E21540008BDA37E"), tmp_path)
    assert after.octets == before.octets and made.outcome.blanked == Counter()


def test_records_stand_as_their_packets_stood(tmp_path: Path) -> None:
    """A frame that broke off comes late; doctor took its share for one whose packets are out of order."""
    first, second = (line("RX", b"\xc4\x01\xc1\x00" + double_long_unsigned(at), at) for at in (1, 2))
    records = list(Session(source_from_hex("\n".join((first, second)))).records())
    for at, record in enumerate(records):
        record.time_ns = (at + 1) * 1_000_000_000
    shared([records[1], records[0]], tmp_path / "s.pcapng")
    assert [one.server for one in again(tmp_path / "s.pcapng")[1]] == [1, 2]


@pytest.mark.parametrize("is_serial", [False, True])
def test_packets_stand_in_the_order_of_their_times_where_units_began_while_others_came(
    is_serial: bool, tmp_path: Path
) -> None:
    """The head of a unit stood behind packets of another line that came later, at an earlier time than theirs."""
    records = list(Session(source_from_hex("\n".join(get(1, "1-0:1.8.0", 2, double_long_unsigned(5))))).records())
    asked, answered = records
    others = [on_line(answered, 2, is_serial=is_serial, seconds=at) for at in (3, 4, 5)]
    slow = on_line(answered, 1, is_serial=is_serial, seconds=9)
    slow.start_ns = 3_500_000_000
    shared([on_line(asked, 1, is_serial=is_serial, seconds=1), *others, slow], tmp_path / "s.pcapng")
    with open_source(str(tmp_path / "s.pcapng")) as source:
        times = [chunk.time_ns for chunk in source if chunk.octets]
    assert times == [at * 500_000_000 for at in (2, 6, 7, 8, 10, 18)]


def test_packets_whose_times_went_back_still_do(tmp_path: Path) -> None:
    record = next(iter(Session(source_from_hex(line("RX", b"\xc4\x01\xc1\x00\x11\x05", 1))).records()))
    units = [on_line(record, at, is_serial=False, seconds=seconds) for at, seconds in ((1, 5), (2, 4), (1, 6))]
    shared(units, tmp_path / "s.pcapng")
    with open_source(str(tmp_path / "s.pcapng")) as source:
        assert [chunk.time_ns for chunk in source] == [at * 1_000_000_000 for at in (5, 4, 6)]


def on_line(record: Record, conversation: int, *, is_serial: bool, seconds: int) -> Record:
    """*record* on another line, at another time."""
    made = copy(record)
    ends = ["serial:A", "serial:A"] if is_serial else [f"10.0.0.{conversation}:50000", "10.0.1.1:4059"]
    if record.lane.side:
        ends.reverse()
    text = f"serial:{conversation}" if is_serial else " > ".join(ends)
    made.lane, made.time_ns, made.packets = Lane(conversation, record.lane.side, text), seconds * 1_000_000_000, ()
    return made


PARITY = bytes(one | (one.bit_count() & 1) << 7 for one in b"\x01W1\x020.0.0(41700811)\x03\x5c")
"""A command as 8N1 shows what was sent as 7E1."""


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (b"\x01P1\x02(12345678)\x03" + bytes((sum(b"P1\x02(12345678)\x03") & 0x7F,)), ["meter-quirk"]),
        (b"/MMM5\\T41700811\r\n\r\n1-0:1.8.0(000050.134*kWh)\r\n0-0:96.1.1(4530303438303030)\r\n!A0F9\r\n", ["p1-crc-wrong"]),
        (PARITY[:14] + bytes((PARITY[14] ^ 0x80,)) + PARITY[15:], ["parity-wrong"]),
    ],
    ids=["sum", "crc", "parity"],
)  # fmt: skip
def test_text_is_wrong_in_the_same_way(text: bytes, codes: list[str], tmp_path: Path) -> None:
    before, after, _ = first_of(text, tmp_path)
    kept = {*codes}
    assert [note.code for note in before.notes if note.code in kept] == codes
    assert [note.code for note in after.notes if note.code in kept] == codes and after.octets != before.octets
    assert [note.code for note in after.notes] == [note.code for note in before.notes]
    assert text[-2:] != b"\r\n" or int(after.octets[-6:-2], 16), "a CRC is four digits"
