"""Who pushes, once known: blocks carry client and server before their APDU is whole; what damaged pushes teach."""

from __future__ import annotations

import pytest

from analyzer.pipeline import Pipeline
from analyzer.record import Record
from analyzer.security.explain import PUBLISHED
from analyzer.security.keys import KeyRole
from analyzer.simulate.ciphering import Seal
from analyzer.simulate.local_messages import data_set
from analyzer.simulate.mbus_line import segments
from analyzer.simulate.p1_port import ciphered, telegram
from analyzer.tracking.object_model import ObjectModel
from analyzer.tracking.protection import Protection
from analyzer.tracking.readings import readings_of
from captures import open_source, source_from_hex
from captures.samples import sample_path
from tests.analyzer.framing.build import frame
from tests.analyzer.tracking.secured import keyring


def test_blocks_of_a_known_pusher_name_client_and_server() -> None:
    records = list(Pipeline().run(open_source(str(sample_path("push-udp")))))
    pushed = {record.lane.text for record in records if record.apdu and record.apdu.family == "data-notification"}
    blocks = [record for record in records if record.part_of is not None]
    assert blocks
    assert all(record.lane.text in pushed for record in blocks)
    assert {(record.client, record.server, record.direction) for record in blocks} == {(103, 1, "unsolicited")}


TITLE = bytes.fromhex("4D4D4D0000BC614E")
GUEK = bytes(range(16))
PUSH = bytes.fromhex("0F 00000001 00 0202 0906 0100010700FF 06 000001E2")
LONG_PUSH = bytes.fromhex("0F 00000001 00 0228") + bytes.fromhex("0906 0100010700FF 06 000001E2") * 20


def hurt(octets: bytes, at: int) -> bytes:
    """Turn one bit."""
    return octets[:at] + bytes((octets[at] ^ 0x10,)) + octets[at + 1 :]


def heard(*units: bytes) -> list[Record]:
    return list(
        Pipeline(protection=Protection(keyring({KeyRole.GUEK: GUEK}))).run(
            source_from_hex("\n".join(map(bytes.hex, units)))
        )
    )


def test_damaged_push_moves_no_counter_and_its_values_say_so() -> None:
    sealed = ciphered(PUSH, Seal(0x20, GUEK, b"", TITLE), 7)
    good = frame(b"\xe6\xe7\x00" + sealed, 0x13)
    records = heard(hurt(good, good.index(sealed) + len(sealed) - 1), good)
    assert [[note.code for note in one.notes] for one in records] == [["hdlc-fcs-wrong"], []]
    assert [[one.status for one in readings_of(record, ObjectModel())] for record in records] == [["FCS wrong"], [""]]


def test_protected_push_that_names_no_meter_is_of_its_system_title() -> None:
    # field: Kaifa MA309M in Austria, whose pushes over M-Bus tell no device id
    (record,) = heard(frame(b"\xe6\xe7\x00" + ciphered(PUSH, Seal(0x20, GUEK, b"", TITLE), 7), 0x13))
    assert {one.meter for one in readings_of(record, ObjectModel())} == {TITLE.hex().upper()}


@pytest.mark.parametrize(("authentication_key", "is_published"), [(PUBLISHED, True), (bytes(range(1, 17)), False)])
def test_telegram_whose_tag_a_published_key_made_says_so(authentication_key: bytes, is_published: bool) -> None:
    plain = telegram("MMM5\\2M", [data_set("1-0:1.8.0", "000123.456", "kWh")])
    (record,) = heard(ciphered(plain, Seal(0x30, GUEK, authentication_key, TITLE), 7))
    (note,) = record.notes
    assert (note.cause, "that Luxembourg publishes" in note.text) == ("no-key", is_published)


def test_ciphered_push_in_a_damaged_frame_accuses_no_key() -> None:
    frames = segments(ciphered(LONG_PUSH, Seal(0x20, GUEK, b"", TITLE), 7), 1, 103)
    first = heard(hurt(frames[0], 35), *frames[1:])[-1]
    assert [(note.code, note.cause) for note in first.notes] == [("undecipherable", "octets-damaged")]
    assert first.closed is not None and first.closed.status == "damaged"
