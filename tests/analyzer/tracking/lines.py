"""Dialogues as text, one wrapper PDU a line: what the tests of values read."""

from __future__ import annotations

from analyzer.cosem.logical_name import obis_from_text
from analyzer.record import Record
from analyzer.session import Session
from captures import source_from_hex
from tests.analyzer.cosem import data


def line(direction: str, apdu: bytes, server: int = 1, client: int = 16) -> str:
    """One PDU; *direction* is TX (from the client) or RX."""
    ports = (client, server) if direction == "TX" else (server, client)
    header = (1).to_bytes(2, "big") + b"".join(port.to_bytes(2, "big") for port in ports)
    return f"{direction}: {(header + len(apdu).to_bytes(2, 'big') + apdu).hex(' ').upper()}"


def get(class_id: int, code: str, attribute: int, answer: bytes, server: int = 1) -> list[str]:
    """A GET and its answer."""
    asked = b"\xc0\x01\xc1" + class_id.to_bytes(2, "big") + obis_from_text(code) + bytes((attribute, 0))
    return [line("TX", asked, server), line("RX", b"\xc4\x01\xc1\x00" + answer, server)]


def push(body: bytes, time: bytes = b"", server: int = 1) -> list[str]:
    """A data-notification."""
    return [line("RX", b"\x0f\x00\x00\x00\x01" + bytes((len(time),)) + time + body, server, 103)]


def profile(*rows: bytes) -> list[str]:
    """A profile of a clock and a status, with a capture period of an hour."""
    columns = data.array(
        data.structure(data.long_unsigned(8), data.name("0-0:1.0.0"), b"\x0f\x02", data.long_unsigned(0)),
        data.structure(data.long_unsigned(1), data.name("0-0:96.10.1"), b"\x0f\x02", data.long_unsigned(0)),
    )
    return [
        *get(7, "1-0:99.1.0", 3, columns), *get(7, "1-0:99.1.0", 4, b"\x06\x00\x00\x0e\x10"),
        *get(7, "1-0:99.1.0", 2, data.array(*rows)),
    ]  # fmt: skip


def row(hour: int, status: int = 0) -> bytes:
    """A row of it."""
    return data.structure(data.clock(hour), data.unsigned(status))


def session(lines: list[str]) -> tuple[Session, list[Record]]:
    """The records of a dialogue, read to the end, and the session that knows their values."""
    made = Session(source_from_hex("\n".join(lines)))
    return made, list(made.records())
