"""Secured sessions of the simulator, put through the pipeline with a keyring that holds what both sides know."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from analyzer.pipeline import Pipeline
from analyzer.record import Record
from analyzer.security.keyring import Keyring, Meter
from analyzer.security.keys import Key, KeyRole
from analyzer.simulate import model, network
from analyzer.simulate.client import Client
from analyzer.simulate.forms import nanoseconds
from analyzer.simulate.meter import Meter as SimulatedMeter
from analyzer.simulate.security import KeySource, Mechanism, Security, published_keys
from analyzer.simulate.sent import Sent
from analyzer.simulate.speaker import Target
from analyzer.tracking.protection import Protection
from tests.analyzer.tracking.build import ListSource, chunk

NOW = nanoseconds(2026, 3, 4, 2, 15, 30)
PROTECTIONS = [(True, True), (True, False), (False, True), (False, False)]
AGREED = (KeySource.ONE_PASS, KeySource.STATIC)
COMBINATIONS = [
    (suite, source, mechanism)
    for suite in (0, 1, 2)
    for source in KeySource
    for mechanism in Mechanism
    if suite or (source not in AGREED and mechanism is not Mechanism.HLS_ECDSA)
]


def security_of(suite: int = 0, source: KeySource = KeySource.GLOBAL, **members: object) -> Security:
    return Security(keys=published_keys(suite), key_source=source, **members)  # type: ignore[arg-type]


def session(security: Security, meter_security: Security | None = None) -> Client:
    """A session: association, two values, release; one that is not let in ends there."""
    meter = SimulatedMeter(model.electricity_meter("1", start_ns=NOW, rows=2), security=meter_security or security)
    client = Client(meter, 16, start_ns=NOW, seed=1, security=security)
    if client.associate(max_receive_pdu_size=400):
        client.get(Target(8, model.CLOCK))
        client.get_list([Target(3, one.obis, 3) for one in model.REGISTERS[:2]])
        client.release()
    return client


def keyring(security: Security, *, without: Sequence[KeyRole] = ()) -> Keyring:
    """All that both sides know."""
    keys = security.keys
    meter = Meter(server_title=security.server_title, client_title=security.client_title)
    octets = {
        KeyRole.GUEK: keys.guek, KeyRole.GAK: keys.gak, KeyRole.GBEK: keys.gbek, KeyRole.KEK: keys.kek,
        KeyRole.HLS_SECRET: security.secret, KeyRole.CLIENT_SIGNING: pem(keys.client_signing),
        KeyRole.SERVER_SIGNING: pem(keys.server_signing), KeyRole.CLIENT_AGREEMENT: pem(keys.client_agreement),
        KeyRole.SERVER_AGREEMENT: pem(keys.server_agreement),
    }  # fmt: skip
    for role, value in octets.items():
        if role not in without:
            meter.keys[role] = Key(role, value, meter.place)
    return Keyring([meter])


def pem(key: object) -> bytes:
    made: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())  # type: ignore[attr-defined]
    return made


def decode(dialogue: Sequence[Sent], keys: Keyring) -> list[Record]:
    """The records of a dialogue, each APDU in a wrapper PDU."""
    units = network.wrap(dialogue)
    chunks = [chunk(number, unit.octets, unit.direction) for number, unit in enumerate(units, 1)]
    return list(Pipeline(None, Protection(keys)).run(ListSource(chunks)))


def notes(records: Sequence[Record], *codes: str) -> list[tuple[int, str, str, str]]:
    """Number, code, cause and text of the notes with one of *codes*."""
    return [
        (record.number, note.code, note.cause, note.text)
        for record in records
        for note in record.notes
        if note.code in codes
    ]
