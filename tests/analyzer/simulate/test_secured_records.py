"""Secured dialogues of the simulator through the whole program with their keys: all open, and to what was said."""

from itertools import product
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from analyzer.pipeline import Pipeline
from analyzer.record import Record
from analyzer.security.keyring_file import load
from analyzer.simulate import model, network
from analyzer.simulate.block_transfer import ask_in_blocks
from analyzer.simulate.client_sn import ShortNameClient
from analyzer.simulate.forms import octet_string
from analyzer.simulate.hdlc_line import HdlcLink, place
from analyzer.simulate.meter import Meter
from analyzer.simulate.object_lists import with_short_names
from analyzer.simulate.security import KeySource, Mechanism, Security
from analyzer.simulate.sent import Sent
from analyzer.simulate.speaker import Target
from analyzer.tracking.knowledge import Knowledge
from analyzer.tracking.protection import Protection
from dissectors.hdlc import Address
from dissectors.tree import Severity
from dissectors.xdlms.get import GetRequestNormal
from tests.analyzer.simulate.test_secured import (
    COMBINATIONS,
    NOW,
    PROTECTIONS,
    client_of,
    security_of,
    session,
)
from tests.analyzer.tracking.build import ListSource, chunk

SYMMETRIC = ("guek", "gak", "gbek", "kek")
ELLIPTIC = ("client_signing", "server_signing", "client_agreement", "server_agreement")
PEM = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def keyring(security: Security, folder: Path) -> str:
    """A keyring file with all that both sides know."""
    lines = ["[[meter]]", f'server_title = "{security.server_title.hex()}"']
    lines += [f'{name} = "{getattr(security.keys, name).hex()}"' for name in SYMMETRIC]
    for name in ELLIPTIC:
        (folder / f"{name}.pem").write_bytes(getattr(security.keys, name).private_bytes(*PEM))
        lines.append(f'{name}_key = "{name}.pem"')
    lines.append(f'hls_secret = "{security.secret.decode()}"')
    path = folder / "keys.toml"
    path.write_text("\n".join(lines))
    path.chmod(0o600)
    return str(path)


def carried(dialogue: list[Sent], carrier: str) -> list[Sent]:
    if carrier == "wrapper":
        return network.wrap(dialogue)
    return place(HdlcLink(16, Address(1, None, 1), seed=1).rounds(dialogue), start_ns=NOW)


def records_of(units: list[Sent], keys: str) -> list[Record]:
    chunks = [chunk(number, unit.octets, unit.direction) for number, unit in enumerate(units, 1)]
    return list(Pipeline(None, Protection(load([keys]).keyring, Knowledge(None))).run(ListSource(chunks)))


def expected(security: Security) -> str:
    if security.is_authenticated:
        return "verified"
    return "decrypted-unverified" if security.is_encrypted else "plaintext-unverified"


def assert_all_open(records: list[Record], units: list[Sent], status: str) -> int:
    """Every ciphered APDU is opened to what was said, and nothing is worse than a note. Gives how many were."""
    count = 0
    for record, unit in zip(records, units, strict=True):
        assert [note.text for note in record.notes if note.severity > Severity.NOTE] == []
        truth = unit.truth
        if not truth.apdus or truth.apdus == truth.plain or 0x60 <= truth.plain[0][0] <= 0x63:
            continue
        assert record.closed is not None
        assert (record.closed.status, record.closed.plaintext) == (status, truth.plain[0])
        count += 1
    return count


@pytest.mark.parametrize(("suite", "source"), sorted({one[:2] for one in COMBINATIONS}, key=str))
def test_every_protection_and_mechanism_opens_with_the_keys(suite: int, source: KeySource, tmp_path: Path) -> None:
    mechanisms = [one[2] for one in COMBINATIONS if one[:2] == (suite, source)]
    keys = keyring(security_of(suite, source), tmp_path)
    for mechanism, (is_authenticated, is_encrypted) in product(mechanisms, PROTECTIONS):
        security = security_of(
            suite, source, mechanism=mechanism, is_authenticated=is_authenticated, is_encrypted=is_encrypted
        )
        units = carried(session(security).dialogue, "hdlc")
        records = records_of(units, keys)
        assert (assert_all_open(records, units, expected(security)) >= 6) == security.is_ciphered
        passes = [note for record in records for note in record.notes if note.code == "hls-verified"]
        assert len(passes) == (2 if mechanism.is_high else 0)


def short_name_session(security: Security) -> list[Sent]:
    objects = with_short_names(model.electricity_meter("1", start_ns=NOW, rows=12))
    client = ShortNameClient(Meter(objects, security=security), 16, start_ns=NOW, seed=1, security=security)
    assert client.associate(max_receive_pdu_size=400)
    client.read(Target(8, model.CLOCK), Target(1, model.SERIAL_NUMBER))
    client.read(Target(7, model.PROFILE))
    client.write((client.name(Target(20, model.CALENDAR, 6)), octet_string(b"WINTER")))
    client.release()
    return client.dialogue


@pytest.mark.parametrize(("suite", "source"), sorted({one[:2] for one in COMBINATIONS}, key=str))
def test_every_mechanism_with_short_names_opens_with_the_keys(suite: int, source: KeySource, tmp_path: Path) -> None:
    for mechanism in (one[2] for one in COMBINATIONS if one[:2] == (suite, source)):
        security = security_of(suite, source, mechanism=mechanism)
        units = carried(short_name_session(security), "hdlc")
        records = records_of(units, keyring(security, tmp_path))
        assert assert_all_open(records, units, "verified") >= 6
        passes = [note for record in records for note in record.notes if note.code == "hls-verified"]
        assert len(passes) == (2 if mechanism.is_high else 0)


@pytest.mark.parametrize("source", [KeySource.WRAPPED, KeySource.ONE_PASS, KeySource.STATIC])
def test_key_told_once_opens_what_follows(source: KeySource, tmp_path: Path) -> None:
    security = security_of(1, source, repeats_key_info=False)
    units = carried(session(security).dialogue, "wrapper")
    assert assert_all_open(records_of(units, keyring(security, tmp_path)), units, "verified") >= 6


@pytest.mark.parametrize("source", [one for one in KeySource if one.is_general_ciphering or "general" in one.value])
@pytest.mark.parametrize("suite", [1, 2])
def test_compressed_apdus_come_out_as_they_were(suite: int, source: KeySource, tmp_path: Path) -> None:
    security = security_of(suite, source, is_compressed=True)
    dialogue = session(security).dialogue
    assert all(one.truth.apdus[0][0] in (0x60, 0x61, 0x62, 0x63, 0xDB, 0xDC, 0xDD) for one in dialogue)
    plain = session(security_of(suite, source)).dialogue
    assert max(len(one.octets) for one in dialogue) < max(len(one.octets) for one in plain)
    units = carried(dialogue, "wrapper")
    records = records_of(units, keyring(security, tmp_path))
    assert [record.closed.status for record in records if record.closed] == ["verified"] * len(records)
    opened = [record.apdu.octets for record in records[2:-2] if record.apdu]
    assert opened == [unit.truth.plain[0] for unit in units[2:-2]]


@pytest.mark.parametrize("is_cut_first", [False, True])
@pytest.mark.parametrize("carrier", ["wrapper", "hdlc"])
def test_blocks_inside_and_outside_of_the_ciphering_come_out_the_same(
    is_cut_first: bool, carrier: str, tmp_path: Path
) -> None:
    security = security_of(mechanism=Mechanism.NONE)
    client = client_of(security)
    client.associate()
    request = GetRequestNormal(cosem_attribute_descriptor=Target(7, model.PROFILE).attribute)
    answer = ask_in_blocks(client, request, room=80, is_cut_first=is_cut_first)
    records = records_of(carried(client.dialogue, carrier), keyring(security, tmp_path))
    assert [note.text for one in records for note in one.notes if note.severity > Severity.NOTE] == []
    found = [one.apdu for one in records if one.apdu is not None and one.parts]
    assert [one.octets for one in found if one.family == "get-response"] == [answer]
