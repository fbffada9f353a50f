"""A capture read for its front ends: what is learnt later serves what came before, and no more is read than needed."""

from __future__ import annotations

import gc
import os
import pickle
import sys
from functools import partial
from pathlib import Path

import pytest

import captures
from analyzer.export.summary import summary
from analyzer.security.keyring_file import load
from analyzer.session import Session
from captures import open_source, source_from_hex
from tests.analyzer.cosem.data import (
    array,
    double_long_unsigned,
    long_unsigned,
    name,
    scaler_unit,
    structure,
    unsigned,
)  # fmt: skip
from tests.analyzer.framing.build import frame
from tests.analyzer.tracking.build import answered, asked
from tests.analyzer.tracking.carried_by_tcp import wrapper_conversation
from tests.analyzer.tracking.lines import get
from tests.captures.build import METER, pcap_header, pcap_record

SAMPLES = Path(captures.__file__).parent / "samples"
ENERGY = "1-0:1.8.0"
ASKED_VALUE = bytes.fromhex("C001C1 0003 0100010800FF 02 00")
ASKED_SCALER = bytes.fromhex("C001C1 0003 0100010800FF 03 00")


def capture(path: Path, *apdus: bytes) -> Path:
    """A pcap with these APDUs, asked and answered in turn."""
    said = [(asked, answered)[number % 2](octets) for number, octets in enumerate(apdus)]
    records = b"".join(pcap_record(chunk.octets) for chunk in wrapper_conversation(said))
    path.write_bytes(pcap_header() + records)
    return path


def texts(session: Session) -> list[str]:
    return [value.text for record in session.records() for value in session.values(record)]


@pytest.mark.parametrize("is_file", [True, False])
def test_short_names_are_named_in_one_line_wherever_the_list_of_objects_names_them(*, is_file: bool) -> None:
    with open_source(str(SAMPLES / "sn-hdlc.pcap")) as source:
        if not is_file:
            source.again = None
        session = Session(source)
        said = [summary(record, session.values(record)) for record in session.records()]
    listed = next(at for at, text in enumerate(said) if "attribute 2 object_list" in text)
    assert not any("short name" in text for text in said)
    for service in ("Read request", "Write request", "Write response"):
        assert any(text.startswith(f"{service} · 0-0:1.0.0*255 Clock") for text in said[listed:])


@pytest.mark.parametrize("is_file", [True, False])
def test_short_name_that_is_asked_for_before_the_list_is_named_in_a_file(*, is_file: bool, tmp_path: Path) -> None:
    listed = array(structure(b"\x10\x0a\x00", long_unsigned(3), unsigned(0), name(ENERGY)))
    read_value, read_list = bytes.fromhex("0501020A08"), bytes.fromhex("050102FA08")
    value = b"\x0c\x01\x00" + double_long_unsigned(5)
    path = capture(tmp_path / "late.pcap", read_value, value, read_list, b"\x0c\x01\x00" + listed, read_value, value)
    with open_source(str(path)) as source:
        if not is_file:
            source.again = None
        session = Session(source)
        said = [summary(record, session.values(record)) for record in session.records()]
    assert ["short name 0A08" in text for text in said] == [not is_file] * 2 + [False] * 4


def test_file_is_read_ahead_for_a_scaler(tmp_path: Path) -> None:
    value, scaler = b"\xc4\x01\xc1\x00" + double_long_unsigned(1500), b"\xc4\x01\xc1\x00" + scaler_unit(0, 30)
    path = capture(tmp_path / "late.pcap", ASKED_VALUE, value, ASKED_SCALER, scaler)
    with open_source(str(path)) as source:
        assert texts(Session(source))[0] == "1.500 kWh"


ASKED_PUSH_LIST = bytes.fromhex("C001C1 0028 0000190900FF 02 00")
PUSHED = [
    structure(long_unsigned(class_id), name(code), bytes((0x0F, attribute)), long_unsigned(0))
    for class_id, code, attribute in ((40, "0-0:25.9.0", 1), (3, ENERGY, 2))
]


@pytest.mark.parametrize("waiting", [0, 100])
def test_push_is_named_and_scaled_by_its_object_list_that_is_read_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waiting: int
) -> None:
    monkeypatch.setattr("analyzer.ahead._MOST_WAITING", waiting)
    push = bytes.fromhex("0F 00000001 00") + structure(name("0-0:25.9.0"), double_long_unsigned(5))
    listed, scaler = b"\xc4\x01\xc1\x00" + array(*PUSHED), b"\xc4\x01\xc1\x00" + scaler_unit(3, 30)
    said = [answered(push), asked(ASKED_PUSH_LIST), answered(listed), asked(ASKED_SCALER), answered(scaler)]
    path = tmp_path / "late.pcap"
    path.write_bytes(pcap_header() + b"".join(pcap_record(chunk.octets) for chunk in wrapper_conversation(said)))
    with open_source(str(path)) as source:
        session = Session(source)
        first = session.values(next(session.records()))
        session.close()
    assert [value.text for value in first] == ["0-0:25.9.0*255 Push setup", "5 kWh"]


def test_push_whose_object_list_is_never_read_is_shown_by_itself_and_read_once(tmp_path: Path) -> None:
    push = bytes.fromhex("0F 00000001 00") + structure(name("0-0:25.9.0"), double_long_unsigned(5))
    path = tmp_path / "alone.pcap"
    said = wrapper_conversation([answered(push)] * 3)
    path.write_bytes(pcap_header() + b"".join(pcap_record(chunk.octets) for chunk in said))
    with open_source(str(path)) as source:
        session = Session(source)
        records = session.records()
        assert [value.text for value in session.values(next(records))] == ["5"]
        assert session._ahead is not None and not session._ahead._waiting


@pytest.mark.parametrize("is_read_twice", [True, False])
@pytest.mark.skipif(os.name != "posix", reason="check not run: nobody removes what is open here")
def test_file_that_is_removed_while_it_is_read_is_read_to_its_end(tmp_path: Path, is_read_twice: bool) -> None:
    value, scaler = b"\xc4\x01\xc1\x00" + double_long_unsigned(1500), b"\xc4\x01\xc1\x00" + scaler_unit(0, 30)
    path = capture(tmp_path / "late.pcap", ASKED_VALUE, value, ASKED_SCALER, scaler)
    with open_source(str(path)) as source:
        path.unlink()
        if not is_read_twice:
            source.again = partial(open_source, str(path))
        assert ("1.500 kWh" if is_read_twice else "1500") in texts(Session(source))[0]
        assert [one.code for one in source.remarks] == ["not-read-twice"] * (not is_read_twice)


def test_file_without_a_scaler_is_not_read_twice(tmp_path: Path) -> None:
    path = capture(tmp_path / "none.pcap", ASKED_VALUE, b"\xc4\x01\xc1\x00" + double_long_unsigned(1500))
    with open_source(str(path)) as source:
        opened: list[None] = []
        again = source.again
        assert again is not None

        def counted():  # type: ignore[no-untyped-def]
            opened.append(None)
            return again()

        source.again = counted
        session = Session(source)
        for record in session.records():
            session.values(record)
            if session._ahead is not None:
                assert not session._ahead._is_over
        assert len(opened) <= 1


def test_pipe_shows_what_is_known_then() -> None:
    source = source_from_hex(
        "\n".join(get(3, ENERGY, 2, double_long_unsigned(1500)) + get(3, ENERGY, 3, scaler_unit(0, 30)))
    )
    source.again = None
    assert texts(Session(source))[0] == "1500"


def test_session_that_learns_all_knows_before_the_first_record() -> None:
    source = source_from_hex(
        "\n".join(get(3, ENERGY, 2, double_long_unsigned(1500)) + get(3, ENERGY, 3, scaler_unit(0, 30)))
    )
    session = Session(source)
    session.learn_all()
    (meter,) = session.model.meters.values()
    assert len(meter.scales) == 1


def test_refused_scaler_does_not_make_the_source_be_read_twice(tmp_path: Path) -> None:
    value = b"\xc4\x01\xc1\x00" + double_long_unsigned(1500)
    path = capture(tmp_path / "refused.pcap", ASKED_VALUE, value, ASKED_SCALER, b"\xc4\x01\xc1\x01\x03")
    with open_source(str(path)) as source:
        session = Session(source)
        assert texts(session)[0] == "1500"
        assert session._ahead is not None and session._ahead._second is None


def test_records_read_ahead_come_in_order_and_once(tmp_path: Path) -> None:
    value, scaler = b"\xc4\x01\xc1\x00" + double_long_unsigned(1500), b"\xc4\x01\xc1\x00" + scaler_unit(0, 30)
    apdus = [ASKED_VALUE, value] * 20 + [ASKED_SCALER, scaler] + [ASKED_VALUE, value] * 20
    path = capture(tmp_path / "order.pcap", *apdus)
    with open_source(str(path)) as source:
        session = Session(source)
        seen = [(record.number, [one.text for one in session.values(record)]) for record in session.records()]
    assert [number for number, _ in seen] == list(range(1, len(apdus) + 1))
    assert {text for _, shown in seen for text in shown if "kWh" in text} == {"1.500 kWh"}
    assert len([1 for _, shown in seen if shown == ["1.500 kWh"]]) == 40


@pytest.mark.parametrize("waiting", [0, 3, 100])
def test_what_lies_beyond_the_records_that_may_wait_is_read_in_a_second_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waiting: int
) -> None:
    monkeypatch.setattr("analyzer.ahead._MOST_WAITING", waiting)
    value, scaler = b"\xc4\x01\xc1\x00" + double_long_unsigned(1500), b"\xc4\x01\xc1\x00" + scaler_unit(0, 30)
    path = capture(tmp_path / "far.pcap", *[ASKED_VALUE, value] * 10, ASKED_SCALER, scaler)
    with open_source(str(path)) as source:
        session = Session(source)
        assert texts(session)[:10] == ["1.500 kWh"] * 10
        session.close()


def test_scaler_of_another_meter_is_not_waited_for(tmp_path: Path) -> None:
    value, scaler = b"\xc4\x01\xc1\x00" + double_long_unsigned(1500), b"\xc4\x01\xc1\x00" + scaler_unit(0, 30)
    one, other = (wrapper_conversation(said) for said in (
        [asked(ASKED_VALUE), answered(value)], [asked(ASKED_SCALER), answered(scaler)],
    ))  # fmt: skip
    packets = [chunk.octets for chunk in one] + [chunk.octets.replace(METER, bytes(4)) for chunk in other]
    path = tmp_path / "two.pcap"
    path.write_bytes(pcap_header() + b"".join(map(pcap_record, packets)))
    with open_source(str(path)) as source:
        session = Session(source)
        records = session.records()
        assert [value.text for _ in range(2) for value in session.values(next(records))] == ["1500"]
        assert session._ahead is not None and not session._ahead._waiting


def line(path: Path, *said: tuple[int, bytes, bytes]) -> Path:
    """A pcap of a line with these stations, by their address octet, requests and responses."""
    records = b"".join(
        pcap_record(frame(b"\xe6\xe6\x00" + request, addresses=bytes((station, 0x21))))
        + pcap_record(frame(b"\xe6\xe7\x00" + response, addresses=bytes((0x21, station))))
        for station, request, response in said
    )
    path.write_bytes(pcap_header(link_type=147) + records)
    return path


@pytest.mark.parametrize(("station", "is_read_on", "text"), [(3, True, "1.500 kWh"), (5, False, "1500")])
def test_scaler_is_waited_for_where_the_station_on_a_line_itself_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, station: int, is_read_on: bool, text: str
) -> None:
    monkeypatch.setattr("analyzer.ahead._MOST_WAITING", 2)
    value, scaler = b"\xc4\x01\xc1\x00" + double_long_unsigned(1500), b"\xc4\x01\xc1\x00" + scaler_unit(0, 30)
    path = line(tmp_path / "line.pcap", *[(3, ASKED_VALUE, value)] * 5, (station, ASKED_SCALER, scaler))
    with open_source(str(path)) as source:
        session = Session(source)
        assert texts(session)[:5] == [text] * 5
        assert session._ahead is not None and (session._ahead._second is not None) == is_read_on
        session.close()


@pytest.mark.parametrize("forced", [{"serial": "nope"}, {"tcp.port=5000": "hdlc"}])
def test_forced_stack_that_does_not_exist_is_refused_when_it_is_said(forced: dict[str, str]) -> None:
    with source_from_hex("7E A0 07 03 21 93 0F 01 7E") as source, pytest.raises(ValueError, match="expected"):
        Session(source, forced)


def test_session_that_was_read_says_so_and_gives_no_empty_capture() -> None:
    with source_from_hex("7E A0 07 03 21 93 0F 01 7E") as source:
        session = Session(source)
        assert len(list(session.records())) == 1
        with pytest.raises(RuntimeError, match="once"):
            session.records()


@pytest.mark.parametrize("name", ["ln-wrapper.pcap", "ln-ciphered.pcap", "hdlc-segments.pcapng", "p1.pcapng"])
def test_record_that_went_to_another_process_has_the_same_values(name: str) -> None:
    keys = SAMPLES / f"{name.partition('.')[0]}.keys.toml"
    ring = load([str(keys)], []).keyring if keys.is_file() else None
    with open_source(str(SAMPLES / name)) as source:
        session = Session(source, None, ring)
        for record in session.records():
            again = pickle.loads(pickle.dumps(record))
            assert session.values(again) == session.values(record)
            assert repr(again) == repr(record)


def test_record_says_in_the_interpreter_what_it_is() -> None:
    with source_from_hex("7E A0 07 03 21 93 0F 01 7E") as source:
        (record,) = Session(source).records()
    assert repr(record) == "<Record 1 hdlc link 16 → 1>"
    assert repr(record.lane) == "<Lane serial:A>"


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="other interpreters keep attributes in their own ways")
@pytest.mark.parametrize("sample", ["sn-hdlc.pcap", "ln-wrapper.pcap"])
def test_records_have_no_dictionaries_of_their_own(sample: str) -> None:
    """What a name that the first records lack would give to all that bear it: more to make, and more to ask."""
    with open_source(str(SAMPLES / sample)) as source:
        records = list(Session(source).records())
    assert len(records) > 30
    kinds = {record.kind for record in records if any(type(one) is dict for one in gc.get_referents(record))}
    assert kinds == set()
