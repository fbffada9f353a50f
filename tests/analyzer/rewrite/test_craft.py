"""Frames that were edited, and APDUs alone, to frames that a meter takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.record import Record
from analyzer.rewrite.craft import FORMS, Wishes, craft, relengthed
from analyzer.rewrite.forms import FormError, apdu_octets
from analyzer.rewrite.frames import FrameError
from analyzer.rewrite.keys import PUBLISHED, published_keyring
from analyzer.security.keyring import Keyring, Meter
from analyzer.security.keys import Key, KeyRole
from analyzer.session import Session
from analyzer.simulate.ciphering import Seal, protect
from captures import open_source, source_from_hex
from captures.samples import Sample, samples
from dissectors.reader import apdu_json
from tests.analyzer.framing.build import frame

GET = bytes.fromhex("C001C100080000010000FF0200")
FRAME = bytes.fromhex("7EA0190321107FDAE6E600C001C100080000010000FF0200601A7E")
ANSWER = bytes.fromhex("C401C1000600000005")
TITLE = bytes.fromhex("4D4D4D0000BC614E")


def records(octets: bytes, keys: Keyring | None = None) -> list[Record]:
    return list(Session(source_from_hex(octets.hex(" ")), None, keys).records())


def meter(title: bytes = TITLE) -> Keyring:
    """The published keys, of a sender with this title."""
    made = Meter(server_title=title)
    made.keys = {role: Key(role, octets[:16]) for role, octets in PUBLISHED.items()}
    return Keyring([made])


@pytest.mark.parametrize("sample", samples(), ids=lambda one: one.name)
def test_right_frame_stays_what_it_is(sample: Sample) -> None:
    """A segment lost octets: what begins like a tag and a length in it got the length of the segment."""
    with open_source(str(sample.path)) as source:
        read = [one.octets for one in Session(source).records() if one.link in ("hdlc", "mbus", "wrapper")]
    assert [craft(one, Wishes()) for one in read] == read


def test_edited_hdlc_frame_gets_length_hcs_and_fcs() -> None:
    edited = FRAME.replace(bytes.fromhex("00080000010000FF02"), bytes.fromhex("00030000010000FF02"))
    assert craft(edited, Wishes()).hex() == "7ea0190321107fdae6e600c001c100030000010000ff0200adb37e"
    longer = FRAME[:-3] + b"\x01\x02" + FRAME[-3:]
    (record,) = records(craft(longer, Wishes()))
    assert record.problem == "" and len(record.octets) == len(FRAME) + 2


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("7EA0070321930000 7E".replace(" ", ""), "7ea00703219 30f017e".replace(" ", "")),
        ("0001001000010000C001C100080000010000FF0200", "000100100001000dC001C100080000010000FF0200".lower()),
        ("680303680801720016", "680303680801727b16"),
        ("1040010016", "1040014116"),
        ("01523102312E382E3028290300", "01523102312e382e302829035a"),
        ("C001C100080000010000FF0200", "c001c100080000010000ff0200"),
    ],
)
def test_any_carrier_gets_its_lengths_and_sums(given: str, made: str) -> None:
    assert craft(bytes.fromhex(given), Wishes()).hex() == made


def test_frame_without_a_source_address_gets_its_sums_behind_the_only_one() -> None:
    octets = frame(b"\xe6\xe7\x00" + ANSWER, 0x10, b"\x21")
    assert craft(octets, Wishes()) == octets
    longer = bytes.fromhex("C401C10009020506")
    assert craft(octets, Wishes(apdu=longer)) == frame(b"\xe6\xe7\x00" + longer, 0x10, b"\x21")


def test_frame_whose_apdu_is_replaced_keeps_its_header() -> None:
    made = craft(FRAME, Wishes(apdu=GET[:-2] + b"\x03\x00"))
    assert made[:6] == FRAME[:6] and made[8:11] == FRAME[8:11]
    (record,) = records(made)
    assert record.problem == "" and record.objects[0].attribute == 3


@pytest.mark.parametrize(
    ("given", "begin"),
    [("7EA0070321100000 7E", "7ea0190321107fdae6e600c0"), ("7EA0070321130000 7E", "7ea0160321131d5ac0")],
)
def test_frame_that_carries_nothing_is_filled(given: str, begin: str) -> None:
    (record,) = records(made := craft(bytes.fromhex(given), Wishes(GET)))
    assert record.problem == "" and made.startswith(bytes.fromhex(begin)) and GET in made


def test_apdu_is_carried_as_it_is_wished() -> None:
    assert craft(b"", Wishes(apdu=GET, hdlc=("1", "16"), control=0x10)) == FRAME
    assert craft(GET, Wishes(wrapper=(16, 1))) == bytes.fromhex("000100100001000D") + GET
    answer = craft(b"", Wishes(apdu=bytes.fromhex("C401C1000600000005"), hdlc=("16", "1.17")))
    assert answer[10:13].hex() == "e6e700" or b"\xe6\xe7\x00" in answer


@pytest.mark.parametrize("form", FORMS)
def test_apdu_that_is_ciphered_opens_again(form: str) -> None:
    made = craft(b"", Wishes(apdu=ANSWER, form=form, title=TITLE, counter=77, keys=meter(), wrapper=(1, 16)))
    (record,) = records(made, meter())
    assert [(one.status, one.plaintext) for one in record.protection] == [("verified", ANSWER)]
    again = craft(made, Wishes(keys=meter(), title=TITLE, counter=78, apdu=ANSWER))
    (record,) = records(again, meter())
    assert record.protection[0].status == "verified" and len(again) == len(made)
    assert b"\0\0\0\x4e" in again and b"\0\0\0\x4d" not in again


def test_apdu_for_all_is_under_the_broadcast_key() -> None:
    own = Meter(server_title=TITLE)
    own.keys = {role: Key(role, bytes(16)) for role in (KeyRole.GBEK, KeyRole.GAK)}
    keys = Keyring([own])
    made = craft(b"", Wishes(apdu=GET, form="general-glo", security_control=0x70, title=TITLE, keys=keys))
    (record,) = records(made, keys)
    assert [(one.status, one.plaintext) for one in record.protection] == [("verified", GET)]


def test_ciphered_apdu_gets_another_text_of_any_length() -> None:
    first = craft(b"", Wishes(apdu=ANSWER, form="glo", title=TITLE, counter=1, keys=meter(), hdlc=("16", "1")))
    longer = bytes.fromhex("C401C1000930") + bytes(48)
    made = craft(first, Wishes(apdu=longer, title=TITLE, keys=meter()))
    (record,) = records(made, meter())
    assert record.problem == "" and record.protection[0].plaintext == longer


@pytest.mark.parametrize(("key_id", "role"), [(0, KeyRole.GUEK), (1, KeyRole.GBEK)])
@pytest.mark.parametrize("text", [GET, bytes.fromhex("C401C1000930") + bytes(200)])
def test_general_ciphering_under_a_key_that_it_names_gets_another_text(key_id: int, role: KeyRole, text: bytes) -> None:
    header = b"\x02\x11\x22\x08" + TITLE + b"\x08" + bytes(8) + b"\x00\x00"
    body = protect(GET, Seal(0x30, PUBLISHED[role][:16], PUBLISHED[KeyRole.GAK][:16], TITLE), 7, header)
    sent = b"\xdd" + header + b"\x01\x00" + bytes((key_id, len(body))) + body
    made = craft(sent, Wishes(apdu=text, keys=meter(), counter=8))
    (record,) = records(made, meter())
    assert [(one.status, one.plaintext) for one in record.protection] == [("verified", text)]
    assert craft(sent, Wishes(apdu=GET, keys=meter())) == sent


def test_general_ciphering_under_a_key_that_came_with_it_is_not_made() -> None:
    information = b"\x01\x01\x00\x18" + bytes(24)
    sent = b"\xdd" + bytes(5) + information + b"\x12\x30" + bytes(17)
    with pytest.raises(FrameError, match="under a key that came wrapped"):
        craft(sent, Wishes(apdu=GET, keys=meter(), title=TITLE))


def test_frame_of_a_ciphered_session_is_made_again_octet_by_octet() -> None:
    sample = next(one for one in samples() if one.name == "ln-ciphered")
    with open_source(str(sample.path)) as source:
        found = list(Session(source, None, published_keyring()).records())
    gets = [one for one in found if one.protection and one.protection[0].entry.family.startswith("glo-")]
    assert len(gets) > 20
    for one in gets:
        title = one.protection[0].title
        assert craft(one.octets, Wishes(title=title, keys=meter(title))) == one.octets


@pytest.mark.parametrize(
    ("octets", "wishes", "complaint"),
    [
        (b"\x7e\xa0\x07", Wishes(), "no two addresses and a control octet"),
        (b"", Wishes(apdu=GET, form="glo", keys=published_keyring()), "system title is not known"),
        (b"", Wishes(apdu=GET, form="glo", title=TITLE), "no key of 16 octets in the role guek"),
        (b"", Wishes(apdu=b"\x61\x00", form="glo", title=TITLE, keys=meter()), "has no glo- form: use general-glo"),
        (FRAME[:-3] + bytes(2100) + FRAME[-3:], Wishes(), "the length field tells 2047 at most"),
        (bytes.fromhex("7EA00703211100007E"), Wishes(GET), "supervisory"),
        (bytes.fromhex("1040010016"), Wishes(GET), "a short M-Bus frame carries no APDU"),
        (b"/ISK5", Wishes(wrapper=(1, 1)), "a text or a short M-Bus frame carries no APDU"),
        (bytes.fromhex("C81230000000016F7A0BEE8D0E3DA20102030405"), Wishes(form="glo"), "this one is protected"),
        (FRAME, Wishes(counter=1), "--counter goes with --cipher"),
    ],
)
def test_what_cannot_be_made_says_why(octets: bytes, wishes: Wishes, complaint: str) -> None:
    with pytest.raises(FrameError, match=complaint):
        craft(octets, wishes)


def test_wrong_key_is_told_and_nothing_is_made() -> None:
    made = craft(b"", Wishes(apdu=ANSWER, form="glo", title=TITLE, counter=1, keys=meter()))
    other = Meter()
    other.keys = {KeyRole.GUEK: Key(KeyRole.GUEK, bytes(16)), KeyRole.GAK: Key(KeyRole.GAK, bytes(16))}
    with pytest.raises(FrameError, match="does not open"):
        craft(made, Wishes(title=TITLE, keys=Keyring([other])))


def test_length_behind_a_tag_follows_the_octets() -> None:
    aarq = bytes.fromhex("601DA109060760857405080101BE10040E01000000065F1F0400001E1DFFFF")
    assert relengthed(aarq[:1] + b"\x05" + aarq[2:]) == aarq
    assert relengthed(GET) == GET


@given(st.binary(max_size=60))
def test_any_octets_are_made_or_refused(octets: bytes) -> None:
    try:
        made = craft(octets, Wishes())
    except FrameError:
        return
    assert craft(made, Wishes()) == made


@pytest.mark.parametrize(
    "sample", [one for one in samples() if one.path.suffix.startswith(".pcap")], ids=lambda one: one.name
)
def test_every_apdu_is_built_again_from_its_json(sample: object) -> None:
    with open_source(str(sample.path)) as source:  # type: ignore[attr-defined]
        apdus = {
            one.apdu.octets for one in Session(source, None, published_keyring()).records() if one.apdu is not None
        }
    for octets in apdus:
        assert apdu_octets(apdu_json(octets)) == octets


@pytest.mark.parametrize("octets", ["0E010600", "0E050301", "0E630709"])
def test_service_error_is_built_again_from_its_json(octets: str) -> None:
    assert apdu_octets(apdu_json(bytes.fromhex(octets))).hex().upper() == octets


@pytest.mark.parametrize(
    ("form", "complaint"),
    [
        ([], "an object with one member"), ({"get-requst": {}}, "get-requst: no APDU has this name"),
        ({"get-request-normal": {"x": 1}}, "get-request-normal: x is unknown: expected choice, "),
        ({"get-request": {"get-request-normal": {"invoke-id-and-priority": "zz"}}}, "get-request-normal: "),
        ({"get-response-normal": {"result": {"datum": 1}}}, "datum is none of data, data-access-result"),
    ],
)  # fmt: skip
def test_form_that_is_no_apdu_says_where(form: object, complaint: str) -> None:
    with pytest.raises(FormError, match=complaint) as raised:
        apdu_octets(form)
    assert "\n" not in str(raised.value)
