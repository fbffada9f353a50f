"""With its keys every entry of the corpus opens to the stated plaintext, with the stated verdict on its tag."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from tests.corpus import keyed, vectors

STATUS = {True: {"verified"}, "n/a": {"decrypted-unverified"}, False: {"wrong-tag", "damaged", "decrypted-unverified"}}
"""By the stated verdict: the tag is right, there is none, it is wrong or cannot be checked."""


def test_keyed_vectors_open_to_the_stated_plaintext(corpus: Path) -> None:
    entries = keyed.keyed_vectors(corpus)
    assert len(entries) >= 22
    for entry in entries:
        layers = [record.closed for record in keyed.open_vector(entry) if record.closed is not None]
        expected = entry["expected"]
        assert expected["plaintext"] == layers[-1].plaintext.hex().upper(), entry["id"]
        assert layers[-1].status in STATUS[expected["tag_ok"]], entry["id"]
        assert layers[-1].key.startswith("guek") or expected["tag_ok"] is False, entry["id"]


def test_keyed_captures_verify_every_tag(corpus: Path) -> None:
    found = {}
    for entry in keyed.keyed_captures(corpus):
        layers = [layer for record in keyed.open_capture(corpus, entry) for layer in record.protection]
        found[entry["file"]] = Counter(layer.status for layer in layers)
    assert found == {
        "pcap/htanwar__Output-Ciphered-Director.pcap": {"verified": 3},
        "pcap/htanwar__Output-Ciphered-HLS.pcap": {"verified": 265},
        "pcap/htanwar__Output-Ciphered-Simple-Key.pcap": {"verified": 275},
        "pcap/htanwar__Output-Ciphered.pcap": {"decrypted-unverified": 263},
    }


def test_keyed_captures_have_no_warning(corpus: Path) -> None:
    for entry in keyed.keyed_captures(corpus):
        assert vectors.faults(keyed.open_capture(corpus, entry)) == [], entry["file"]


def test_gbcs_messages_with_their_key_verify_every_mac(corpus: Path) -> None:
    entries = [one for one in vectors.covered(corpus) if one["theme"] == "gbcs_general_signing" and one.get("keys")]
    found = Counter(
        tuple(layer.status for layer in record.protection) for one in entries for record in keyed.open_vector(one)
    )
    assert found == {("verified", "signature-unchecked"): 18}
