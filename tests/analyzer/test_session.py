"""A capture read for its front ends: what is learnt later serves what came before, and no more is read than needed."""

from __future__ import annotations

from pathlib import Path

from analyzer.session import Session
from captures import open_source, source_from_hex
from tests.analyzer.cosem.data import double_long_unsigned, scaler_unit
from tests.analyzer.tracking.build import answered, asked
from tests.analyzer.tracking.carried_by_tcp import wrapper_conversation
from tests.analyzer.tracking.lines import get
from tests.captures.build import pcap_header, pcap_record

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


def test_file_is_read_ahead_for_a_scaler(tmp_path: Path) -> None:
    value, scaler = b"\xc4\x01\xc1\x00" + double_long_unsigned(1500), b"\xc4\x01\xc1\x00" + scaler_unit(0, 30)
    path = capture(tmp_path / "late.pcap", ASKED_VALUE, value, ASKED_SCALER, scaler)
    with open_source(str(path)) as source:
        assert texts(Session(source))[0] == "1.500 kWh"


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
