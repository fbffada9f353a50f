"""Secured dialogues of the simulator as the pipeline sees them, and the keyrings that open them."""

from __future__ import annotations

from collections.abc import Iterable

from cryptography.hazmat.primitives.asymmetric import ec

from analyzer.pipeline import Pipeline
from analyzer.record import Record
from analyzer.security.keyring import Keyring, Meter
from analyzer.security.keys import Key, KeyRole
from analyzer.simulate import model
from analyzer.simulate.client import Client
from analyzer.simulate.forms import nanoseconds
from analyzer.simulate.meter import Meter as SimulatedMeter
from analyzer.simulate.security import KeySource, Security, published_keys
from analyzer.simulate.sent import TO_METER, Sent
from analyzer.simulate.speaker import Target
from analyzer.tracking.knowledge import Knowledge
from analyzer.tracking.protection import Protection
from tests.analyzer.tracking.build import ANSWERED, ASKED, Carrier, ListSource, Said, chunk, wrapped

NOW = nanoseconds(2026, 3, 4, 2, 15, 30)


def security_of(suite: int = 0, source: KeySource = KeySource.GLOBAL, **members: object) -> Security:
    return Security(keys=published_keys(suite), key_source=source, **members)  # type: ignore[arg-type]


def session(security: Security, *, limit: int = 400, gets: int = 0) -> list[Sent]:
    """An association, a few readings (one in blocks) and the release."""
    meter = SimulatedMeter(model.electricity_meter("1", start_ns=NOW, rows=12), security=security)
    client = Client(meter, 16, start_ns=NOW, seed=1, security=security)
    assert client.associate(max_receive_pdu_size=limit)
    client.get(Target(8, model.CLOCK))
    client.get(Target(7, model.PROFILE))
    for _ in range(gets):
        client.get(Target(8, model.CLOCK))
    client.release()
    return list(client.dialogue)


def private_octets(key: ec.EllipticCurvePrivateKey) -> bytes:
    size = (key.curve.key_size + 7) // 8
    return key.private_numbers().private_value.to_bytes(size, "big")


def secrets(security: Security) -> dict[KeyRole, bytes]:
    """All keys of both sides, as a keyring has them."""
    keys = security.keys
    return {
        KeyRole.GUEK: keys.guek, KeyRole.GAK: keys.gak, KeyRole.GBEK: keys.gbek, KeyRole.KEK: keys.kek,
        KeyRole.CLIENT_AGREEMENT: private_octets(keys.client_agreement),
        KeyRole.SERVER_AGREEMENT: private_octets(keys.server_agreement),
        KeyRole.CLIENT_SIGNING: private_octets(keys.client_signing),
        KeyRole.SERVER_SIGNING: private_octets(keys.server_signing),
    }  # fmt: skip


def keyring(given: dict[KeyRole, bytes], **selectors: object) -> Keyring:
    """A keyring of one meter."""
    meter = Meter(**selectors)  # type: ignore[arg-type]
    meter.keys = {role: Key(role, octets, meter.place) for role, octets in given.items()}
    return Keyring([meter])


def said(dialogue: Iterable[Sent]) -> list[Said]:
    return [Said(ASKED if event.direction == TO_METER else ANSWERED, event.octets) for event in dialogue]


def opened(units: Iterable[Said], ring: Keyring, *, carrier: Carrier = wrapped, learns: bool = False) -> list[Record]:
    """The records of APDUs on a carrier, opened with *ring*; *learns* reads the whole first where a title is missing."""
    chunks = [chunk(number, octets, direction) for number, (direction, octets) in enumerate(carrier(units), 1)]

    def whole() -> Knowledge:
        learning = Protection(ring)
        list(Pipeline(None, learning).run(ListSource(chunks)))
        return learning.knowledge

    knowledge = Knowledge(whole if learns else None)
    return list(Pipeline(None, Protection(ring, knowledge)).run(ListSource(chunks)))


def statuses(records: Iterable[Record]) -> list[str]:
    return [layer.status for record in records for layer in record.protection]


def causes(records: Iterable[Record]) -> list[str]:
    return [note.cause for record in records for note in record.notes if note.code == "undecipherable"]
