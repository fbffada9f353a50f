"""Records as text: one line each with stable columns, trees and octets below, colours only where asked for."""

from __future__ import annotations

import pytest

from analyzer.export.below import octet_lines
from analyzer.export.contents import data_text
from analyzer.export.summary import summary
from analyzer.export.text import TextLines
from analyzer.export.times import clock_text, seconds_text
from analyzer.export.utf8 import encoded
from analyzer.pipeline import Pipeline
from analyzer.record import Record
from captures.chunk import LINK_OCTETS, RECEIVED, Chunk
from tests.analyzer.export.test_json_lines import ANSWER, GET, PUSH, samples
from tests.analyzer.tracking.build import (
    ANSWERED,
    ListSource,
    Said,
    Station,
    answered,
    asked,
    decode,
    in_frames,
    wrapped,
)
from tests.analyzer.tracking.lines import line as log_line
from tests.analyzer.tracking.lines import session
from tests.analyzer.tracking.services import TRANSFERS


def text(records: list[Record], **options: bool) -> list[str]:
    writer = TextLines(lambda: 6, utc=True, **options)
    return [writer.line(one) for one in records]


def at(time_ns: int | None, said: Said) -> Record:
    chunk = Chunk(1, time_ns, LINK_OCTETS, said.direction, said.octets, len(said.octets), 0)
    (record,) = Pipeline().run(ListSource([chunk]))
    return record


def test_line_has_number_time_lane_link_addresses_and_summary() -> None:
    (request,) = wrapped([asked(GET)])
    (line,) = text([at(1732147200_123456000, request)])
    assert line == (
        "     1  2024-11-21 00:00:00.123456  serial:A > serial:B  wrapper       16 → 1        GET request · 0-0:1.0.0*255 Clock"
    )


def test_line_without_time_has_a_dash() -> None:
    assert text([at(None, wrapped([asked(GET)])[0])])[0].startswith("     1  -  serial:A > serial:B  wrapper ")


def test_directions_have_a_glyph() -> None:
    found = text(decode(wrapped([asked(GET), answered(ANSWER), answered(PUSH)])))
    assert [next(glyph for glyph in "→←⇠" if glyph in line) for line in found] == ["→", "←", "⇠"]


def test_hdlc_line_names_the_control_field() -> None:
    station = Station(b"\x21", b"\x02\x23")
    found = text(decode([*station.connect(), *station.frames([asked(GET)]), station.ready(ANSWERED)]))
    assert ["hdlc SNRM P" in found[0], "hdlc UA P" in found[1], "hdlc I 0/0 P" in found[2]] == [True] * 3
    assert "hdlc RR 1 P" in found[3]
    assert "16 → 1.17" in found[2]


def test_every_record_is_one_line_and_its_notes() -> None:
    for record, line in zip(samples(), text(samples()), strict=True):
        assert line.count("\n") == len(record.notes)
        assert "\x1b" not in line


def test_notes_stand_below_with_their_severity_sign() -> None:
    whole = in_frames([answered(ANSWER)])[0].octets
    damaged = Said(RECEIVED, whole[:-3] + bytes((whole[-3] ^ 1,)) + whole[-2:])
    line = text(decode([*in_frames([asked(GET)]), damaged]))[-1]
    assert line.splitlines()[1].startswith("        ✗ hdlc-fcs-wrong: FCS ")


def test_colours_come_only_where_asked_for() -> None:
    whole = in_frames([answered(ANSWER)])[0].octets
    damaged = Said(RECEIVED, whole[:-3] + bytes((whole[-3] ^ 1,)) + whole[-2:])
    records = decode([*in_frames([asked(GET)]), damaged])
    assert "\x1b[31m" in text(records, colour=True)[-1]
    assert "\x1b" not in text(records)[-1]


def test_tree_stands_below_its_line() -> None:
    (line,) = text(decode(wrapped([asked(GET)])), tree=True)
    below = line.splitlines()[1:]
    assert below[0] == "    wrapper"
    assert "    get-request-normal" in below or "    get-request" in below
    assert any(one.strip() == "class-id: 8" or one.strip().startswith("class-id: 8 ") for one in below)
    assert line.endswith("\n")


def test_octets_stand_below_sixteen_a_line() -> None:
    (line,) = text(decode(wrapped([asked(GET)])), octets=True)
    assert line.splitlines()[1] == "    0000  00 01 00 10 00 01 00 0d c0 01 c1 00 08 00 00 01  ................"


@pytest.mark.parametrize(
    ("octets", "rows"),
    [(b"", []), (b"7", ["0000  37" + " " * 46 + " 7"]), (bytes(17), ["0000", "0010"])],
)
def test_octet_lines_cover_any_length(octets: bytes, rows: list[str]) -> None:
    found = list(octet_lines(octets, ""))
    assert len(found) == len(rows)
    assert all(one.startswith(row) for one, row in zip(found, rows, strict=True))


@pytest.mark.parametrize(
    ("time_ns", "digits", "expected"),
    [
        (0, 0, "1970-01-01 00:00:00"),
        (999_999_999, 3, "1970-01-01 00:00:00.999"),
        (-1, 9, "1969-12-31 23:59:59.999999999"),
        (10**30, 0, f"{10**21} s"),
    ],
)
def test_clock_text_cuts_and_never_rounds(time_ns: int, digits: int, expected: str) -> None:
    assert clock_text(time_ns, digits, utc=True) == expected


@pytest.mark.parametrize(
    ("time_ns", "digits", "expected"),
    [
        (0, 6, "0.000000"),
        (1, 9, "0.000000001"),
        (-1, 9, "-0.000000001"),
        (-1_999_999_999, 0, "-1"),
        (1_999_999_999, 1, "1.9"),
    ],
)
def test_seconds_text_is_exact(time_ns: int, digits: int, expected: str) -> None:
    assert seconds_text(time_ns, digits) == expected


def test_summary_says_service_object_and_value() -> None:
    found = [summary(one) for one in decode(wrapped([asked(GET), answered(ANSWER)]))]
    assert found == ["GET request · 0-0:1.0.0*255 Clock", "GET response · 0-0:1.0.0*255 Clock · 74565"]


def test_summary_of_every_record_says_something() -> None:
    for record in samples():
        assert summary(record)


@pytest.mark.parametrize(
    ("apdu", "said"),
    [
        ("C401C10103", "GET response · read-write-denied"),
        ("C501C10C", "SET response · type-unmatched"),
        ("D80102", "Exception response · service-not-allowed, service-not-supported"),
        ("0E010600", "Confirmed service error"),
        ("C701C10000", "ACTION response · success"),
    ],
)
def test_summary_of_a_refusal_names_it(apdu: str, said: str) -> None:
    (record,) = decode([answered(bytes.fromhex(apdu))], {"record": "apdu"})
    assert summary(record).startswith(said)


@pytest.mark.parametrize(
    ("code", "said"),
    [("020008", " · other-information 0008 · 5 octets that are no APDU"), ("00", " · 5 octets that are no APDU")],
)
def test_summary_of_a_signed_message_that_is_no_apdu_says_whose_it_is(code: str, said: str) -> None:
    apdu = bytes.fromhex(f"DF 080000000000001770 084D4D4D0000BC614E 0800DB1234567890A0 00 {code} 05 3003020105 00")
    (record,) = decode([answered(apdu)], {"record": "apdu"})
    assert summary(record) == f"General signing · MMM 0000BC614E{said}"


def test_summary_of_an_unassigned_tag_and_of_a_torn_apdu_says_so() -> None:
    records = decode(wrapped([asked(GET), asked(b"\x3f\x01\x02"), asked(GET[:5])]))
    assert [summary(one) for one in records[1:]] == ["tag-3f · not an APDU", "GET request · malformed"]


def test_summary_of_an_assembled_transfer_says_of_how_many() -> None:
    records = decode(wrapped(TRANSFERS["get_normal"].said))
    assert summary(records[-1]).startswith("GET response · 1-0:99.1.0*255 ")
    assert "array of 4" in summary(records[-1])


def test_summary_of_short_name_requests_says_block_and_value() -> None:
    found = [summary(one) for one in decode(wrapped(TRANSFERS["write"].said))]
    assert found[0] == "Write request · block 1 · part"
    assert found[-2].startswith("Write request · short name FA08 · array of 4")
    (write,) = decode(wrapped([asked(bytes.fromhex("06 01 02 FA08 01 12 0005"))]))
    assert summary(write) == "Write request · short name FA08 · 5"


def test_quirk_is_explained_once_a_lane() -> None:
    kaifa = bytes.fromhex("0F40000000 090C07E1090D02000006FF800000 020106000011AC")
    writer = TextLines(lambda: 0)
    first, second = (writer.line(one) for one in decode(wrapped([answered(kaifa)] * 2)))
    assert "extra-type-tag): the type tag 09" in first
    assert second.endswith(" · extra-type-tag")
    assert "\n" not in second


@pytest.mark.parametrize("tree", [False, True])
def test_octets_of_every_kind_of_record_are_its_lines_in_utf8(tree: bool) -> None:
    records = samples()
    writer = TextLines(lambda: 6, utc=True, tree=tree, octets=tree, encoded=True)
    written = [writer.octets(one).decode() for one in records]
    assert written == text(records, tree=tree, octets=tree)


def test_octets_of_a_character_that_utf8_does_not_have_are_its_code() -> None:
    assert encoded(["a\ud800 ·", "b"]) == b"a\\ud800 \xc2\xb7b"


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        ("0C 06 C3BC 41424344", '"üABCD"'),
        ("0C 03 41C3 41", "41C341"),  # no UTF-8
        ("0C 03 E280AE", "E280AE"),  # turns the direction of what follows
        ("09 06 C3BC 41424344", "C3BC41424344"),
        ("17 7FC00000", "NaN"),
        ("17 FF800000", "-INF"),
    ],
)
def test_scalar_is_said_as_its_tree_has_it(octets: str, said: str) -> None:
    value = bytes.fromhex(octets)
    assert data_text(value, (0, len(value))) == said


ACCESS = "D9 40000001 00 02 01 0003 0100010800FF 02 01 0003 0100020800FF 02 02 00 00"
WITH_LIST = "C003C1 02 0003 0100010800FF 02 00 0003 0100020800FF 02 00"
INVOKED = "C303C1 02 0046 0000600310FF 01 0046 0000600310FF 02 02 0F00 0F00"


@pytest.mark.parametrize(
    ("request_octets", "response_octets", "said"),
    [
        (ACCESS, "DA 40000001 00 00 02 06 00000005 00 02 01 00 01 04", "5 · 1 refused: object-undefined"),
        (ACCESS, "DA 40000001 00 00 02 00 00 02 01 03 01 04", "2 refused: read-write-denied, object-undefined"),
        (WITH_LIST, "C403C1 02 00 06 00000005 01 04", "5 · 1 refused: object-undefined"),
        (INVOKED, "C703C1 02 00 00 0C 00", "2 responses · 1 refused: type-unmatched"),
        ("05 02 02 0A08 02 0B08", "0C 02 00 06 00000005 01 04", "5 · 1 refused: object-undefined"),
        ("06 02 02 0A08 02 0B08 02 06 00000005 0F01", "0D 02 00 01 03", "2 results · 1 refused: read-write-denied"),
        (WITH_LIST, "C403C1 02 00 1105 00 1106", "Active energy export (-A) 6"),
    ],
)
def test_answer_of_several_results_says_what_was_refused(request_octets: str, response_octets: str, said: str) -> None:
    made, records = session(
        [log_line("TX", bytes.fromhex(request_octets)), log_line("RX", bytes.fromhex(response_octets))]
    )
    shown = summary(records[-1], made.values(records[-1]))
    assert shown.endswith(said)
    assert (" and 1 more · " in shown, "refused" in shown) == (True, "refused" in said)
