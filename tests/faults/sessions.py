"""Healthy sessions to damage: simulated ones on a serial line with their times, and healthy ones of the corpus."""

from __future__ import annotations

from functools import cache

from analyzer.simulate import model
from analyzer.simulate.client import Client
from analyzer.simulate.forms import nanoseconds
from analyzer.simulate.hdlc_line import HdlcLink, Limits, place
from analyzer.simulate.meter import Meter
from analyzer.simulate.sent import TO_CLIENT, TO_METER, Sent
from analyzer.simulate.speaker import Target
from dissectors.hdlc import Address
from tests.corpus import vectors
from tests.faults.case import Case, Lines, Said, Truth, stories_of

_START_NS = nanoseconds(2026, 3, 2, 9, 14, 7)
_LINE_MS = (30.0, 1.3)
_SERVERS = (Address(1, None, 1), Address(1, 17, 2), Address(1, 17, 4))
_WHOLE = Truth(frozenset())


@cache
def dialogue(rows: int = 4) -> list[Sent]:
    """A short association: clock, name, registers and a small profile."""
    meter = Meter(model.electricity_meter("52100071", start_ns=_START_NS, rows=rows))
    client = Client(meter, 16, start_ns=_START_NS, seed=11, carrying_ms=_LINE_MS)
    client.associate()
    client.get(Target(8, model.CLOCK))
    client.get(Target(1, model.SERIAL_NUMBER))
    for one in model.REGISTERS[:2]:
        client.get(Target(3, one.obis, 3))
        client.get(Target(3, one.obis))
    client.get(Target(7, model.PROFILE))
    client.release()
    return client.dialogue


@cache
def hdlc_session(kind: int = 0, rows: int = 4, size: int = 128) -> tuple[Said, ...]:
    """A session of the dialogue over HDLC: *kind* chooses the address length and what is negotiated."""
    limits = Limits(size, size, 1, 1)
    link = HdlcLink(16, _SERVERS[kind % 3], seed=12 + kind, client_limits=limits, meter_limits=limits)
    placed = place(link.rounds(dialogue(rows)), start_ns=_START_NS, baud=9600)
    return tuple(Said(one.time_ns, one.direction, one.octets) for one in placed)


def _frames(entry: dict[str, object]) -> Lines | None:
    """The frames of a corpus entry, one an event."""
    if "hex_lines" in entry:
        made = []
        for line in entry["hex_lines"]:  # type: ignore[attr-defined]
            who, _, octets = str(line).rpartition("|")
            made.append(Said(None, TO_METER if who in ("TX", "HOST") else TO_CLIENT, bytes.fromhex(octets)))
        return made
    if "hex" in entry:
        return [Said(None, TO_CLIENT, bytes.fromhex(str(entry["hex"])))]
    return None


@cache
def corpus_sessions() -> tuple[tuple[Said, ...], ...]:
    """The healthy HDLC entries of the corpus that the doctor finds no fault in; none where there is no corpus."""
    folder = vectors.folder()
    if not (folder / "pcaps.toml").is_file():
        return ()
    found = []
    for entry in vectors.covered(folder):
        if entry["theme"] == "broken" or entry["transport"] not in ("hdlc", "hdlc-session"):
            continue
        lines = _frames(entry)
        if lines and all(_is_one_frame(one.octets) for one in lines) and not _has_faults(lines):
            found.append(tuple(lines))
    return tuple(found)


def _has_faults(lines: Lines) -> bool:
    """Tell whether the doctor has more to say than that something is in clear."""
    return any(one.code != "protection-below-policy" for one in stories_of(Case(lines, _WHOLE)))


def _is_one_frame(octets: bytes) -> bool:
    from analyzer.diagnosis.frame_repair import is_good_frame

    return octets[:1] == octets[-1:] == b"\x7e" and is_good_frame(octets[1:-1])


@cache
def hdlc_sessions() -> tuple[tuple[Said, ...], ...]:
    """All sessions whose frames are damaged in turn."""
    simulated = tuple(hdlc_session(kind) for kind in range(3))
    return (*simulated, *simulated, hdlc_session(1, 6, 512), *corpus_sessions())


def healthy() -> list[Lines]:
    """Every session of this module as it is."""
    return [list(one) for one in hdlc_sessions()]
