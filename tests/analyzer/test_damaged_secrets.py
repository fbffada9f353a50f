"""A secret in a damaged frame shows nowhere, nor in the frame that may have been sent in its place."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from analyzer.cosem.classes import holds_secret
from analyzer.detail import buffers
from analyzer.diagnosis.doctor import Doctor
from analyzer.export.annotated import annotated
from analyzer.export.stories import json_line, text_lines
from analyzer.export.text import TextLines
from analyzer.masking import secrets
from analyzer.pipeline import Pipeline
from analyzer.record import PART, REQUEST, RESPONSE, Record
from analyzer.rewrite.pseudonyms import Pseudonyms
from analyzer.rewrite.texts import anonymous_text
from analyzer.tracking.bare_secrets import SECRET_PLACES, bare_secrets
from analyzer.tui.screens.doctor import Told, story_paragraphs
from captures.chunk import UNKNOWN
from dissectors.acse import Aarq
from dissectors.checks import bcc
from dissectors.xdlms.initiate import InitiateRequest
from tests.analyzer.cosem.data import octet_string
from tests.analyzer.tracking.build import ASKED, ListSource, Said, Station, answered, asked, chunk
from tests.costs import processor_s

SECRET = b"Zq7-Wk3+Xv9!uR5"
DATA = octet_string(SECRET)
CURRENT = bytes.fromhex("0000280000FF")
REQUESTS = {
    "AARQ": bytes(
        Aarq(
            mechanism_name="2.16.756.5.8.2.1", calling_authentication_value=("charstring", SECRET),
            user_information=InitiateRequest(),
        )
    ),
    "SET": b"\xc1\x01\xc1\x00\x0f" + CURRENT + b"\x07\x00" + DATA,
    "ACTION": b"\xc3\x01\xc1\x00\x0f" + CURRENT + b"\x02\x01" + DATA,
    "Write": b"\x06\x01\x02\xfa\x40\x01" + DATA,
}  # fmt: skip


def shown(said: list[Said]) -> Iterator[str]:
    """All that people read of a line: records, their trees and octets, stories."""
    lines = TextLines(lambda: 9, tree=True, octets=True, utc=True)
    pipeline = Pipeline()
    doctor = Doctor(pipeline.ends)
    for record in pipeline.run(ListSource([chunk(at, octets, way) for at, (way, octets) in enumerate(said, 1)])):
        doctor.take(record)
        yield lines.line(record)
        yield annotated(record)
        yield " ".join(octets.hex() for _, octets in buffers(record))
    doctor.finish()
    for number, story in enumerate(doctor.stories(), 1):
        yield "\n".join(text_lines(number, story, 9))
        yield json_line(number, story, 9)
        yield "\n".join(one.text for one in story_paragraphs(Told(story, []), 9, is_utc=True))


def traces(text: str) -> list[str]:
    """Where four octets of the secret in a row stand, in whatever form."""
    plain = "".join(text.split()).upper()
    pieces = [SECRET[at : at + 4] for at in range(len(SECRET) - 3)]
    return [one.decode() for one in pieces if one.decode().upper() in plain or one.hex().upper() in plain]


def sent_as(which: str) -> tuple[list[Said], bytes]:
    """What stands before a request on its line, and the frame that carries it."""
    station = Station()
    begun = station.connect()
    ((_, sent),) = station.frames([asked(REQUESTS[which])])
    return begun, sent


def assert_hidden(begun: list[Said], hurt: bytes) -> None:
    for text in shown([*begun, asked(hurt)]):
        assert not traces(text), (hurt.hex(" "), text)


@pytest.mark.parametrize("which", list(REQUESTS))
def test_no_bit_that_is_turned_uncovers_a_secret(which: str) -> None:
    begun, sent = sent_as(which)
    for at in range(3, len(sent) - 1):  # a wrong length parts the frame, and the rest of it reads as nothing
        for bit in range(8) if 10 < at < 16 else (at % 8,):
            assert_hidden(begun, sent[:at] + bytes((sent[at] ^ 1 << bit,)) + sent[at + 1 :])


@pytest.mark.parametrize("which", list(REQUESTS))
def test_no_octet_that_is_lost_or_came_in_uncovers_a_secret(which: str) -> None:
    begun, sent = sent_as(which)
    for at in range(3, len(sent)):
        assert_hidden(begun, sent[:at] + sent[at + 1 :])
        assert_hidden(begun, sent[:at] if at % 3 else sent[:at] + b"\x55" + sent[at:])


def test_what_is_no_secret_stays_though_its_frame_is_damaged() -> None:
    station = Station()
    begun = station.connect()
    clock = b"\xc1\x01\xc1\x00\x08" + bytes.fromhex("0000010000FF") + b"\x02\x00" + DATA
    (sent,) = station.frames([asked(clock)])
    assert any(traces(text) for text in shown([*begun, sent]))
    hurt = asked(sent.octets[:6] + b"\x55" + sent.octets[7:])
    assert any(traces(text) for text in shown([*begun, hurt]))


SIGNED_ON = [asked(b"/?!\r\n"), answered(b"/ABC5METER1\r\n"), asked(b"\x06051\r\n")]


def login(command: bytes, password: bytes) -> bytes:
    body = command + b"\x02(" + password + b")\x03"
    return b"\x01" + body + bytes((bcc(body),))


def with_parity(octets: bytes) -> bytes:
    return bytes(one | (one.bit_count() & 1) << 7 for one in octets)


@pytest.mark.parametrize("is_even", [False, True])
@pytest.mark.parametrize("command", [b"P1", b"P2"])
def test_no_bit_that_is_turned_in_a_password_command_uncovers_the_password(command: bytes, is_even: bool) -> None:
    sent = login(command, SECRET)
    for at in range(len(sent)):
        for bit in range(8) if at < 5 or at > len(sent) - 4 else (at % 8,):
            octets = with_parity(sent) if is_even else sent
            hurt = octets[:at] + bytes((octets[at] ^ 1 << bit,)) + octets[at + 1 :]
            for text in shown([*SIGNED_ON, asked(hurt), answered(b"\x15")]):
                assert not traces(text), (hurt, text)


@pytest.mark.parametrize("command", [b"P1", b"P2"])
def test_no_octet_that_is_lost_of_a_password_command_uncovers_the_password(command: bytes) -> None:
    sent = login(command, SECRET)
    for at in range(len(sent)):
        for hurt in (sent[:at] + sent[at + 1 :], sent[:at], b"\0\0" + sent[:at]):
            for text in shown([*SIGNED_ON, asked(hurt), answered(b"\x15")]):
                assert not traces(text), (hurt, text)


@pytest.mark.parametrize("password", [b"AB)CDEFGH", b"(ABCDEFGH", b"AB\rCDEFGH"])
def test_password_is_masked_to_the_end_of_its_message(password: bytes) -> None:
    for text in shown([*SIGNED_ON, asked(login(b"P1", password)), answered(b"\x06")]):
        assert "CDEF" not in text and b"CDEF".hex() not in "".join(text.lower().split())


def test_what_no_password_command_says_stays() -> None:
    said = [
        *SIGNED_ON, answered(login(b"P0", SECRET)), asked(login(b"R1", SECRET)), answered(b"\x02(" + SECRET + b")\x03"),
        asked(login(b"P0", SECRET)[:-1]),
    ]  # fmt: skip
    for octets in said[3:]:
        assert traces("".join(shown([*SIGNED_ON, octets])))


@pytest.mark.parametrize(
    "hurt", [b"\x01P1\x02(AB)CDEFGH)\x03", b"\x81P1\x02(ABCDEFGH)\x03", b"\x01Q1\x02(ABCDEFGH)\x03A"]
)
def test_password_of_a_hurt_command_is_not_passed_on(hurt: bytes) -> None:
    assert b"CDEF" not in anonymous_text(hurt, Pseudonyms(b"of this test")).octets


@pytest.mark.parametrize(
    ("direction", "problem", "is_masked"), [(REQUEST, "", True), (RESPONSE, "", False), (RESPONSE, "fcs", True)]
)
def test_part_that_looks_like_a_write_stays_where_it_is_of_a_sound_answer(
    direction: str, problem: str, is_masked: bool
) -> None:
    part = Record()
    part.link, part.kind, part.direction, part.problem = "hdlc", PART, direction, problem
    part.octets = bytes(8) + REQUESTS["SET"] + bytes(40)
    assert bool(secrets(part)) == is_masked


def test_places_of_secrets_are_those_of_the_classes() -> None:
    for is_method, places in enumerate(SECRET_PLACES):
        told = {
            (class_id, number)
            for class_id in range(256)
            for number in range(32)
            if holds_secret(class_id, number, is_method=bool(is_method))
        }
        assert told == places


def test_secrets_in_random_octets_are_sought_at_little_cost() -> None:
    frames = [random.Random(seed).randbytes(2000) for seed in range(40)]
    yardstick = processor_s(lambda: [sum(1 for _ in octets) for octets in frames])
    assert processor_s(lambda: [bare_secrets(octets) for octets in frames]) < 40 * yardstick  # a loop took 3,000


COPIED = b"\r\n".join([b"P0(12AB)%s", b"P1(" + SECRET + b")", b"1.8.0(00123.4*kWh)", b"!", b""])


@pytest.mark.parametrize("behind", [b"", b"`", b"\r\n051\r\n"], ids=["data", "check character", "noise"])
def test_password_of_a_terminal_that_leaves_control_characters_out_shows_nowhere(behind: bytes) -> None:
    said = b"/?!\r\n/MMM5SIM\r\n" + (behind + COPIED % b"" if b"051" in behind else COPIED % behind)
    texts = list(shown([(UNKNOWN, said)]))
    assert not any(map(traces, texts))
    assert SECRET not in anonymous_text(COPIED % b"", Pseudonyms(b"of this test")).octets
    assert any("12AB" in text for text in texts) and [one for one in bare_secrets(said) if said[slice(*one)] == SECRET]


HEADS = (
    b"TX: P1 (%s)", b"TX:P1(%s)", b"<SOH>P1<STX>(%s)<ETX>a", b"[SOH]P1[STX](%s)[ETX]", b"(SOH)P1(STX)(%s)(ETX)",
    rb"\x01P1\x02(%s)\x03", rb"\u0001P2\u0002(%s)", b"^AP1^B(%s)^C", b"SOH P1 STX (%s) ETX", b".P1.(%s).", b".P1(%s)",
    b":P1(%s)", b"> p1(%s)", "\N{SYMBOL FOR START OF HEADING}P1\N{SYMBOL FOR START OF TEXT}(%s)".encode(),
)  # fmt: skip


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("before", [b"/?!\r\n/MMM5SIM\r\n", b"/?!\r\n/MMM5SIM\r\n1.8.0(00123.4*kWh)\r\n", b""])
@pytest.mark.parametrize("way", [UNKNOWN, ASKED])
def test_password_of_a_log_that_shows_control_characters_its_own_way_shows_nowhere(
    head: bytes, before: bytes, way: int
) -> None:
    line = head % SECRET
    assert not any(map(traces, shown([(way, before + line + b"\r\n")])))
    for octets in (line, b"09:00:00 " + line):
        assert SECRET not in anonymous_text(octets, Pseudonyms(b"of this test")).octets
        assert any(octets[start:end] == SECRET for start, end in bare_secrets(octets))


@pytest.mark.parametrize("code", ["LP1", "C.P1", "1-0:P1", "P.01", "P1.2", "P12", "P.1", "MP2", "tp1", "P01"])
def test_codes_that_are_nearly_a_password_command_stay(code: str) -> None:
    texts = list(shown([(UNKNOWN, f"/?!\r\n/MMM5SIM\r\n1.8.0(1)\r\n{code}(ABCDEF)\r\n!\r\n".encode())]))
    assert any("ABCDEF" in text for text in texts)


def test_code_of_a_readout_that_ends_like_a_password_command_stays() -> None:
    texts = list(shown([(UNKNOWN, b"/?!\r\n/MMM5SIM\r\nLP1(ABCDEF)\r\nC.P1(GHIJKL)\r\n!\r\n")]))
    assert any("ABCDEF" in text for text in texts) and any("GHIJKL" in text for text in texts)
