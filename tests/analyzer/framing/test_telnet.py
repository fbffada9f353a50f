"""FF behind a terminal server: doubled where the server doubles it, left alone where it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.framing.telnet import TelnetSide
from analyzer.pipeline import Pipeline
from dissectors.tree import Severity
from tests.analyzer.tracking.build import ANSWERED, ASKED, ListSource
from tests.analyzer.tracking.carried_by_tcp import conversation

NEGOTIATION = b"\xff\xfb\x00\xff\xfd\x00"
REQUEST = bytes.fromhex(
    "7EA0190321107FDA E6E600 C001C100080000010000FF0200 601A7E".replace(" ", "")
)  # GET of the clock
RESPONSE = bytes.fromhex(
    "7EA01E2103305C0A E6E700 C401C100090C07E80B15060A1E00FFFFC400 72B27E".replace(" ", "")
)  # its deviation is not specified: FFFF stands in it
FRAMES = [REQUEST, RESPONSE, REQUEST, RESPONSE]


def doubled(octets: bytes) -> bytes:
    return octets.replace(b"\xff", b"\xff\xff")


@pytest.mark.parametrize("doubles", [True, False])
def test_frames_of_a_session_over_telnet_are_good(doubles: bool) -> None:
    said = [(ASKED, NEGOTIATION), (ANSWERED, NEGOTIATION)]
    ways = (ASKED, ANSWERED) * 2
    said += [(way, doubled(one) if doubles else one) for way, one in zip(ways, FRAMES, strict=True)]
    records = list(Pipeline().run(ListSource(conversation(said))))
    assert [record.octets for record in records if record.link == "hdlc"] == FRAMES
    assert not [note for record in records for note in record.notes if note.severity >= Severity.WARNING]
    told = [note.text for record in records for note in record.notes if "doubles FF" in note.text]
    assert len(told) == 2 * doubles


def test_doubled_octet_in_two_segments_is_one() -> None:
    side = TelnetSide()
    assert side.undo(doubled(RESPONSE)) == RESPONSE
    whole = doubled(RESPONSE)
    for at in range(1, len(whole)):
        assert side.undo(whole[:at]) + side.undo(whole[at:]) == RESPONSE


def test_wrapper_pdu_tells_it_too() -> None:
    pdu = bytes.fromhex("0001001000010004") + b"\xff\xff\x01\xff"
    side = TelnetSide()
    assert side.undo(doubled(pdu)) == pdu
    assert TelnetSide().undo(pdu) == pdu


@given(st.lists(st.binary(max_size=40), max_size=6))
def test_octets_that_tell_nothing_are_left_alone(pieces: list[bytes]) -> None:
    side = TelnetSide()
    for piece in pieces:
        assert side.undo(piece) == piece or side.doubles
