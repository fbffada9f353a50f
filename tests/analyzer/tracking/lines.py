"""Dialogues as text, one wrapper PDU a line: what the tests of values read."""

from __future__ import annotations

from analyzer.cosem.obis import obis_from_text
from analyzer.record import Record
from analyzer.session import Session
from captures import source_from_hex


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


def session(lines: list[str]) -> tuple[Session, list[Record]]:
    """The records of a dialogue, read to the end, and the session that knows their values."""
    made = Session(source_from_hex("\n".join(lines)))
    return made, list(made.records())
