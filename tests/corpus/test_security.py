"""Numbers of the reference and keyed messages of the corpus: MACs, agreed keys, signatures, HLS answers."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from analyzer.pipeline import Pipeline
from analyzer.record import Record
from analyzer.security.elliptic_keys import EllipticKey, read_key
from analyzer.security.hls import CLIENT, SERVER, VERIFIED, Handshake, HlsKeys, answer, check
from analyzer.security.key_agreement import Parties, derive, verify_ephemeral
from analyzer.security.key_wrap import unwrap, wrap
from analyzer.security.keyring import Keyring, Meter
from analyzer.security.keys import Key, KeyRole
from analyzer.tracking.protection import Protection
from captures import source_from_hex
from tests.corpus import applications, keyed, vectors

GBCS_THEME = "gbcs_general_signing"
SIGNER = bytes.fromhex("418073C239FA6125011DE4D6CD2E645780289F761BB21BFB0835CB5585E8B373")


@cache
def reference(corpus: Path) -> dict[str, Any]:
    return tomllib.loads((corpus.parent / "reference" / "security.toml").read_text(encoding="utf-8"))


def octets(text: str) -> bytes:
    return bytes.fromhex(text.replace("||", ""))


def decode(text: str, keys: dict[KeyRole, bytes], **titles: bytes) -> list[Record]:
    meter = Meter(**titles)
    meter.keys = {role: Key(role, value, meter.place) for role, value in keys.items()}
    with source_from_hex(text) as source:
        return list(Pipeline({"record": "apdu"}, Protection(Keyring([meter]))).run(source))


def statuses(records: list[Record]) -> list[str]:
    return [layer.status for record in records for layer in record.protection]


# -- worked numbers -------------------------------------------------------------------------------------------------


def test_hls_numbers_of_the_reference_come_out(corpus: Path) -> None:
    (gmac,) = [one for one in reference(corpus)["crypto_vector"] if "f_stoc" in one]
    (hashes,) = reference(corpus)["hash_vector"]
    keys = HlsKeys(hashes["secret_ascii"].encode(), octets(gmac["ek"]), octets(gmac["ak"]))
    counters = {CLIENT: int(gmac["client_ic"], 16), SERVER: int(gmac["server_ic"], 16)}
    names = {3: (hashes, "md5_"), 4: (hashes, "sha1_"), 5: (gmac, ""), 6: (hashes, "sha256_")}
    for mechanism, (one, prefix) in names.items():
        about = Handshake(mechanism, *(octets(one[name]) for name in ("ctos", "stoc", "client_title", "server_title")))
        for side, name in ((CLIENT, "f_stoc"), (SERVER, "f_ctos")):
            right = octets(one[prefix + name])
            assert answer(about, side, keys, counter=counters[side]) == right
            assert check(about, side, right, keys).status == VERIFIED


def test_key_derivation_numbers_of_the_reference_come_out(corpus: Path) -> None:
    given = [one for one in reference(corpus)["crypto_vector"] if "z" in one]
    assert len(given) == 2
    for one in given:
        assert derive(octets(one["z"]), 1, Parties(octets(one["u"]), octets(one["v"]))) == octets(one["key"])
    for one in reference(corpus)["kdf_vector"]:
        suite = 1 if one["hash"] == "SHA-256" else 2
        info = octets(one["other_info"])[7:]
        nonce = info[9 : 9 + info[8]] if len(info) > 16 else None
        assert derive(octets(one["z"]), suite, Parties(info[:8], info[-8:], nonce)) == octets(one["key"])


def test_wrapped_keys_of_the_reference_come_out(corpus: Path) -> None:
    given = [one for one in reference(corpus)["crypto_vector"] if "kek" in one]
    assert len(given) == 2
    for one in given:
        assert wrap(octets(one["kek"]), octets(one["key"])) == octets(one["wrapped"])
        assert unwrap(octets(one["kek"]), octets(one["wrapped"])) == octets(one["key"])


def test_ephemeral_signature_of_the_reference_verifies(corpus: Path) -> None:
    (one,) = [one for one in reference(corpus)["crypto_vector"] if "signer_public" in one]
    private, public = (read_key(octets(one[f"signer_{kind}"])) for kind in ("private", "public"))
    assert isinstance(private, EllipticKey) and isinstance(public, EllipticKey)
    assert private.public == public.public
    signed = octets(one["signed"])
    assert verify_ephemeral(public, signed[1:], octets(one["signature"]), key_id=signed[0])


@pytest.mark.parametrize(("name", "form"), [("general-signing", "with"), ("general-signing-nolen", "without")])
def test_signed_apdu_of_the_reference_verifies_in_its_form(corpus: Path, name: str, form: str) -> None:
    (one,) = [one for one in applications.listed(corpus) if one["name"] == name]
    (record,) = decode(one["hex"], {KeyRole.CLIENT_SIGNING: SIGNER})
    assert [layer.status for layer in record.protection] == ["signature-verified"]
    assert [note.text for note in record.notes] == [f"the signature verifies {form} the content's length octets"]


def test_published_tag_that_nobody_reproduces_stays_unverified(corpus: Path) -> None:
    (one,) = [one for one in applications.listed(corpus) if one["name"] == "general-ciphering-agreed-gb"]
    (plain,) = [one for one in applications.listed(corpus) if one["name"] == "access-request-gb"]
    (derived,) = [one for one in reference(corpus)["crypto_vector"] if one["name"] == "gb-kdf-c1e1s"]
    keys = {KeyRole.AGREED: octets(derived["key"]), KeyRole.GAK: bytes(range(0xD0, 0xE0))}
    (record,) = decode(one["hex"], keys)
    assert statuses([record]) == ["decrypted-unverified"]
    assert record.apdu is not None and record.apdu.octets == octets(plain["hex"])


# -- GBCS -----------------------------------------------------------------------------------------------------------


def test_keyed_gbcs_macs_verify(corpus: Path) -> None:
    keyed = [one for one in vectors.entries(corpus) if one["theme"] == GBCS_THEME and "keys" in one]
    assert len(keyed) == 18
    for one in keyed:
        records = decode(one["hex"], {KeyRole.AGREED: octets(one["keys"]["mac_key"])})
        assert statuses(records)[0] == "verified", one["id"]
        wrong = decode(one["hex"], {KeyRole.AGREED: bytes(16)})
        assert statuses(wrong)[0] == "wrong-tag", one["id"]


def test_gbcs_lines_without_keys_are_unverified_down_to_their_innermost_apdu(corpus: Path) -> None:
    text = "\n".join(one["hex"] for one in vectors.gbcs(corpus))
    with source_from_hex(text) as source:
        records = list(Pipeline({"record": "apdu"}).run(source))
    assert len(records) == 593
    found = Counter((layer.entry.family, layer.status) for record in records for layer in record.protection)
    assert set(found) == {("general-ciphering", "plaintext-unverified"), ("general-signing", "signature-unchecked")}
    inside = Counter(record.apdu.family for record in records if record.apdu is not None)
    foreign = inside.pop("general-signing", 0) + inside.pop("general-ciphering", 0)
    assert (sum(inside.values()), foreign) == (493, 100)
    assert set(inside) == {"access-request", "access-response", "data-notification"}


def test_lines_of_gbcs_and_of_the_keyed_messages_print_alike(corpus: Path) -> None:
    signed = [one for one in vectors.entries(corpus) if one["theme"] == GBCS_THEME]
    for one in signed:
        (line,) = vectors.json_lines(decode(one["hex"], {}))
        assert line["apdu"]["general-signing"]["content"], one["id"]
        assert json.dumps(line["protection"][-1]).count("signature-unchecked") == 1


def test_captures_with_high_level_security_name_its_verdict(corpus: Path) -> None:
    found = {
        entry["file"]: [
            (record.number, note.code)
            for record in keyed.open_capture(corpus, entry)
            for note in record.notes
            if note.code.startswith("hls-")
        ]
        for entry in keyed.keyed_captures(corpus)
    }
    assert found == {
        "pcap/htanwar__Output-Ciphered-Director.pcap": [],
        "pcap/htanwar__Output-Ciphered-HLS.pcap": [(3, "hls-verified"), (4, "hls-verified")],
        # mechanism 2: manufacturer specific
        "pcap/htanwar__Output-Ciphered-Simple-Key.pcap": [(9, "hls-unchecked"), (10, "hls-unchecked")],
        "pcap/htanwar__Output-Ciphered.pcap": [],
    }
