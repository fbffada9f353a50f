"""A secret that a client writes shows nowhere but in the octets that JSON gives of the capture."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analyzer.cosem.logical_name import obis_from_text
from analyzer.cosem.tables import Tables
from analyzer.detail import buffers
from analyzer.export.annotated import annotated
from analyzer.export.summary import summary
from analyzer.masking import MASK_OCTET, concealed, secrets
from captures.chunk import SENT
from captures.samples import samples
from dissectors.checks import bcc
from dissectors.xdlms.initiate import InitiateRequest
from tests.analyzer.cosem.data import (
    array,
    double_long_unsigned,
    long_unsigned,
    name,
    octet_string,
    structure,
    unsigned,
)
from tests.analyzer.tracking.build import ASKED, LLC, Station, asked, datablock, decode, in_frames, length, wrapped
from tests.analyzer.tracking.lines import line, session
from tests.cli.conftest import Run

SECRET = b"Zq7-Wk3+Xv9!uR5"
RAW = {"octets", "apdu", "assembled", "more", "plaintext"}
"""Members of JSON that hold what the capture held."""
CLASSES = Tables("classes.toml")
OBJECT = "0-0:128.7.3.255"


def members(kind: str) -> list[tuple[int, int]]:
    """Class and number of every attribute or method that the tables call secret."""
    found = set()
    for header in CLASSES.names("class."):
        table = CLASSES.table(header)
        listed = table.get(kind, {})
        assert isinstance(listed, dict)
        found |= {(int(header.split(".")[1]), int(number)) for number, one in listed.items() if one.get("secret")}
    return sorted(found)


def described(class_id: int, number: int) -> bytes:
    return class_id.to_bytes(2, "big") + obis_from_text(OBJECT) + bytes((number,))


def set_request(class_id: int, number: int, data: bytes) -> bytes:
    return b"\xc1\x01\xc1" + described(class_id, number) + b"\x00" + data


def action_request(class_id: int, number: int, data: bytes) -> bytes:
    return b"\xc3\x01\xc1" + described(class_id, number) + b"\x01" + data


DATA = octet_string(SECRET)
PAIR = b"\x02" + described(1, 2) + b"\x00" + described(15, 7) + b"\x00\x02" + unsigned(5) + DATA
REQUESTS = {
    **{f"set {one} {number}": [set_request(one, number, DATA)] for one, number in members("attribute")},
    **{f"action {one} {number}": [action_request(one, number, DATA)] for one, number in members("method")},
    "PPP": [set_request(44, 5, structure(octet_string(b"user"), DATA))],
    "PPP in another shape": [set_request(44, 5, DATA)],
    "NTP keys": [set_request(100, 6, array(structure(double_long_unsigned(1), DATA)))],
    "MAC keys": [set_request(91, 5, array(structure(unsigned(1), DATA)))],
    "set of a list": [b"\xc1\x04\xc1" + PAIR],
    "action of a list": [b"\xc3\x03\xc1\x01" + described(15, 2) + b"\x01" + DATA],
    "access": [b"\xd9\x00\x00\x00\x01\x00\x01\x02" + described(15, 7) + b"\x01" + DATA],
    "set in blocks": [
        b"\xc1\x02\xc1" + described(15, 7) + b"\x00" + datablock(1, False, DATA[:9]),
        b"\xc1\x03\xc1" + datablock(2, True, DATA[9:]),
    ],
    "key that is not wrapped": [action_request(64, 2, array(structure(b"\x16\x00", DATA)))],
    "key that is not wrapped in another shape": [action_request(64, 2, structure(b"\x16\x00", DATA))],
    "short name": [b"\x06\x01\x02\xfa\x40\x01" + DATA],
    "short name with a parameter": [b"\x05\x01\x04\xfa\x40\x00" + DATA],
}  # fmt: skip


def traces(text: str) -> list[str]:
    """Where four octets of the secret in a row stand, in whatever form."""
    plain = "".join(text.split()).upper()
    pieces = [SECRET[at : at + 4] for at in range(len(SECRET) - 3)]
    found = [one for one in pieces if one.decode().upper() in text.upper() or one.hex().upper() in plain]
    return [one.decode() for one in found]


def without_raw(form: object) -> object:
    if isinstance(form, dict):
        return {key: without_raw(value) for key, value in form.items() if key not in RAW}
    return [without_raw(one) for one in form] if isinstance(form, list) else form


def test_secrets_of_the_tables_are_found() -> None:
    assert {(15, 7), (45, 3), (19, 7), (46, 4)} <= set(members("attribute"))
    assert {(15, 2), (12, 5), (72, 7)} <= set(members("method"))


@pytest.mark.parametrize("which", list(REQUESTS))
def test_written_secret_shows_nowhere(run: Run, tmp_path: Path, which: str) -> None:
    path = tmp_path / "secret.txt"
    path.write_text("\n".join(line("TX", one) for one in REQUESTS[which]) + "\n")
    other = tmp_path / "other.txt"
    other.write_text(path.read_text().replace(SECRET.hex(" ").upper(), SECRET[::-1].hex(" ").upper()))
    for words in (
        ("decode", path), ("decode", "--tree", "--octets", path), ("readings", path), ("readings", "--json", path),
        ("doctor", path), ("doctor", "--json", path), ("stats", "--by", "object", path), ("audit", path),
        ("diff", path, other), ("correlate", path, other),
    ):  # fmt: skip
        ran = run(*words)
        assert not traces(ran.out + ran.err), words
    out = run("decode", "--json", "--layers", path).out
    forms = [json.loads(one) for one in out.splitlines()]
    assert forms
    assert traces(out)  # the capture itself
    assert not traces(json.dumps(without_raw(forms), ensure_ascii=False))


@pytest.mark.parametrize("carrier", [wrapped, in_frames])
@pytest.mark.parametrize("which", ["set 15 7", "action 15 2", "PPP"])
def test_written_secret_is_masked_where_its_octets_are_listed(carrier: object, which: str) -> None:
    for record in decode(carrier([asked(one) for one in REQUESTS[which]])):  # type: ignore[operator]
        assert not traces(annotated(record))
        shown = concealed(record.octets, secrets(record))
        assert len(shown) == len(record.octets)
        assert shown == record.octets.replace(SECRET, bytes((MASK_OCTET,)) * len(SECRET)) or which == "PPP"


def test_secret_behind_a_short_name_of_a_list_is_masked() -> None:
    listed = array(structure(b"\x10\x0a\x00", long_unsigned(19), unsigned(1), name("0-0:20.0.0")))
    lines = [line("TX", bytes.fromhex("050102FA08")), line("RX", b"\x0c\x01\x00" + listed)]
    made, records = session([*lines, line("TX", b"\x06\x01\x02\x0a\x30\x01" + DATA)])
    values = made.values(records[-1])
    assert [one.text for one in values] == ["(masked)"]
    assert not traces(annotated(records[-1], values))


@pytest.mark.parametrize("field", ["plaintext", "apdu.octets", "octets", "dedicated-key"])
def test_dedicated_key_that_was_deciphered_shows_in_no_field(run: Run, field: str) -> None:
    """The octets that were deciphered were printed with it, and a filter found it there, though not in an index."""
    one = next(one for one in samples() if one.name == "ln-ciphered")
    words = ("decode", str(one.path), "-k", str(one.keys))
    assert "A0A1A2A3" not in run(*words, "-T", "fields", "-e", field).out
    assert not run(*words, "-Y", "plaintext contains A0:A1:A2:A3").out


def test_wrapped_key_stays() -> None:
    wrapped_key = bytes(range(24))
    data = array(structure(b"\x16\x00", octet_string(wrapped_key)))
    record = decode(wrapped([asked(action_request(64, 2, data))]))[0]
    assert secrets(record) == []
    assert wrapped_key.hex().upper() in annotated(record)


@pytest.mark.parametrize("command", [b"P1", b"P2"])
@pytest.mark.parametrize("has_parity", [False, True])
def test_password_of_a_local_port_shows_in_no_dump_and_no_buffer(run: Run, command: bytes, has_parity: bool) -> None:
    body = command + b"\x02(" + SECRET + b")\x03"
    message = b"\x01" + body + bytes((bcc(body),))
    sent = bytes(one | (one.bit_count() & 1) << 7 for one in message) if has_parity else message
    (record,) = decode([(SENT, sent)])
    for _, buffer in buffers(record):
        assert SECRET not in bytes(one & 0x7F for one in buffer)
    shown = run("decode", "--hex", sent.hex(), "--tree", "--octets").out
    start = sent.index(b"(") + 1
    assert sent[start : start + 4].hex(" ") not in shown and b"****".hex(" ") in shown
    fields = run("decode", "--hex", sent.hex(), "-T", "fields", "-e", "octets").out
    assert sent[start : start + 4].hex().upper() not in fields.upper()


def test_secret_in_a_damaged_frame_shows_in_no_line_and_in_no_story(run: Run, tmp_path: Path) -> None:
    (sent,) = in_frames([asked(set_request(15, 7, DATA))])[-1:]
    for at in (19, len(sent.octets) - 8):  # in the logical name, and in the secret
        hurt = sent.octets[:at] + bytes((sent.octets[at] ^ 1,)) + sent.octets[at + 1 :]
        path = tmp_path / "hurt.txt"
        path.write_text(line("TX", hurt) + "\n")
        for words in (
            ("decode", path), ("decode", "--tree", "--octets", path), ("doctor", path), ("doctor", "--json", path),
            ("decode", "-T", "fields", "-e", "octets", path), ("audit", path),
        ):  # fmt: skip
            ran = run(*words)
            assert not traces(ran.out + ran.err), words
        assert "where" not in run("doctor", path).out or at == 19 or "** was sent" in run("doctor", path).out


def test_secret_behind_the_end_of_another_request_is_masked() -> None:
    reads = b"\xc0\x01\xc1" + described(1, 2) + b"\x00"
    record = decode(in_frames([asked(reads + set_request(15, 7, DATA))]))[-1]
    assert not traces(annotated(record))
    assert not traces(json.dumps([buffer.hex() for _, buffer in buffers(record)]))


def test_secret_in_the_second_of_two_apdus_of_a_frame_is_masked(run: Run) -> None:
    both = LLC[ASKED] + b"\xc0\x01\xc1" + described(1, 2) + b"\x00" + LLC[ASKED] + set_request(15, 7, DATA)
    sent = asked(Station().information(ASKED, both))
    (record,) = decode([sent])
    assert record.more
    assert not traces(annotated(record))
    (form,) = map(json.loads, run("decode", "--json", "--layers", "--hex", sent.octets.hex()).out.splitlines())
    assert form["more"][0]["summary"].endswith("(masked)")
    assert not traces(json.dumps(without_raw(form)))


INITIATE = bytes(InitiateRequest(dedicated_key=SECRET + b"A"))
ONLY_AUTHENTICATED = b"\x10" + bytes(3) + b"\x01" + INITIATE + bytes(12)
AROUND = {
    "clear": INITIATE,
    "glo": b"\x21" + bytes((len(ONLY_AUTHENTICATED),)) + ONLY_AUTHENTICATED,
    "general-glo": b"\xdb\x00" + bytes((len(ONLY_AUTHENTICATED),)) + ONLY_AUTHENTICATED,
    "general-ciphering": b"\xdd" + bytes(6) + bytes((len(ONLY_AUTHENTICATED),)) + ONLY_AUTHENTICATED,
    "general-signing": b"\xdf" + bytes(5) + bytes((len(INITIATE),)) + INITIATE + b"\x40" + bytes(64),
}
"""By protection: an initiate request whose dedicated key can be read."""


def opening(tag: int, inner: bytes) -> bytes:
    """An AARQ or an RLRQ with *inner* as its user information."""
    body = bytes.fromhex("A109060760857405080103") if tag == 0x60 else b"\x80\x01\x00"
    body += b"\xbe" + length(len(inner) + 1 + len(length(len(inner)))) + b"\x04" + length(len(inner)) + inner
    return bytes((tag,)) + length(len(body)) + body


@pytest.mark.parametrize("protection", AROUND)
@pytest.mark.parametrize("tag", [0x60, 0x62], ids=["aarq", "rlrq"])
def test_dedicated_key_in_clear_is_masked(run: Run, protection: str, tag: int) -> None:
    sent = asked(opening(tag, AROUND[protection]))
    (record,) = decode(wrapped([sent]))
    assert not traces(annotated(record))
    assert not traces(" ".join(buffer.hex() for _, buffer in buffers(record)))
    octets = wrapped([sent])[0].octets.hex()
    assert not traces(run("decode", "--tree", "-x", "--hex", octets).out)
    (form,) = map(json.loads, run("decode", "--json", "--layers", "--hex", octets).out.splitlines())
    assert not traces(json.dumps(without_raw(form)))


def assert_masked(*octets: bytes) -> None:
    """See that nobody reads a secret in what was sent."""
    for one in octets:
        for record in decode([(SENT, one)]):
            assert not traces(annotated(record)), one.hex(" ")
            assert not traces(" ".join(buffer.hex() for _, buffer in buffers(record))), one.hex(" ")
            assert not traces(summary(record) + "".join(note.text for note in record.notes)), one.hex(" ")


@pytest.mark.parametrize("protection", AROUND)
@pytest.mark.parametrize("tag", [0x60, 0x62, 0], ids=["aarq", "rlrq", "by itself"])
def test_dedicated_key_is_masked_wherever_the_capture_breaks_off(protection: str, tag: int) -> None:
    apdu = opening(tag, AROUND[protection]) if tag else AROUND[protection]
    unit = wrapped([asked(apdu)])[0].octets
    frame = in_frames([asked(apdu)])[-1].octets
    for at in range(apdu.index(SECRET) + 4, len(apdu)):
        assert_masked(
            apdu[:at], unit[: at - len(apdu)], frame[: at - len(apdu) - 3], wrapped([asked(apdu[:at])])[0].octets
        )


@pytest.mark.parametrize("size", [8, 15, 24, 32, 64])
@pytest.mark.parametrize("tag", [0x60, 0x62, 0], ids=["aarq", "rlrq", "by itself"])
def test_dedicated_key_of_any_length_is_masked(size: int, tag: int) -> None:
    initiate = bytes(InitiateRequest(dedicated_key=(SECRET * 5)[:size]))
    apdu = opening(tag, initiate) if tag else initiate
    end = apdu.index(SECRET[:8]) + size
    for at in (end, end + 1, end + 4, len(apdu)):
        assert_masked(wrapped([asked(apdu)])[0].octets[: at - len(apdu) or None], wrapped([asked(apdu[:at])])[0].octets)


@pytest.mark.parametrize("tag", [0x60, 0x62, 0], ids=["aarq", "rlrq", "by itself"])
def test_dedicated_key_is_masked_where_what_follows_is_wrong(tag: int) -> None:
    apdu = opening(tag, INITIATE) if tag else INITIATE
    for at in range(apdu.index(SECRET) + 16, len(apdu)):
        for bit in range(8):
            hurt = apdu[:at] + bytes((apdu[at] ^ 1 << bit,)) + apdu[at + 1 :]
            assert_masked(wrapped([asked(hurt)])[0].octets)


def test_what_only_looks_like_a_dedicated_key_stays() -> None:
    value = array(b"\x10\x12\x34") + bytes(range(0x41, 0x61))
    content = b"\x0f\x00\x00\x00\x01\x00" + structure(array(b"\x10\x12\x34"), octet_string(bytes(range(0x41, 0x61))))
    signed = b"\xdf" + bytes(5) + length(len(content)) + content + b"\x40" + bytes(64)
    (record,) = decode(wrapped([asked(signed)]))
    assert secrets(record) == []
    assert value[5:].hex().upper() in annotated(record)


def test_block_of_a_write_that_began_before_the_capture_is_masked() -> None:
    record = decode(wrapped([asked(b"\xc1\x03\xc1" + datablock(2, True, DATA))]))[0]
    assert not traces(annotated(record))
