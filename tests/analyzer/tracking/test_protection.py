"""Protected APDUs through the pipeline: every suite, protection and key source opens on every carrier."""

from __future__ import annotations

from itertools import product

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from analyzer.record import PART, Record
from analyzer.security.keys import KeyRole
from analyzer.simulate.security import KeySource, Mechanism
from analyzer.simulate.sent import Sent
from dissectors.tree import Severity
from tests.analyzer.framing.build import frame
from tests.analyzer.tracking.build import CARRIERS, answered, codes
from tests.analyzer.tracking.secured import keyring, opened, said, secrets, security_of, session, statuses

PROTECTIONS = [(True, True), (True, False), (False, True), (False, False)]
AGREED = (KeySource.ONE_PASS, KeySource.STATIC)
SOURCES = [(suite, source) for suite, source in product((0, 1, 2), KeySource) if suite or source not in AGREED]


def plain(records: list[Record]) -> list[bytes]:
    """What the records carry once it is open, parts of blocks on the way left out."""
    return [one.apdu.octets for one in records if one.apdu is not None and (one.kind != PART or not one.parts)]


def truths(dialogue: list[Sent], dedicated: bytes) -> list[bytes]:
    """What was said before it was ciphered, the dedicated key masked."""
    return [event.truth.plain[0].replace(dedicated, b"*" * len(dedicated)) for event in dialogue]


@pytest.mark.parametrize(("suite", "source"), SOURCES)
def test_session_of_every_key_source_opens_to_what_was_said(suite: int, source: KeySource) -> None:
    for is_authenticated, is_encrypted in PROTECTIONS:
        security = security_of(suite, source, is_authenticated=is_authenticated, is_encrypted=is_encrypted)
        dialogue = session(security)
        records = opened(said(dialogue), keyring(secrets(security)))
        hidden = security.keys.dedicated if statuses(records[:1]) else b"?"
        assert plain(records) == truths(dialogue, hidden)
        right = {"verified"} if is_authenticated else {"decrypted-unverified", "plaintext-unverified", "verified"}
        assert set(statuses(records)) <= right, (is_authenticated, is_encrypted)
        assert [note for one in records for note in one.notes if note.severity >= Severity.WARNING] == []


@pytest.mark.parametrize("mechanism", Mechanism)
@pytest.mark.parametrize("suite", [0, 1, 2])
def test_session_of_every_mechanism_verifies_whole(suite: int, mechanism: Mechanism) -> None:
    if not suite and mechanism is Mechanism.HLS_ECDSA:
        pytest.skip("suite 0 signs nothing")
    security = security_of(suite, mechanism=mechanism)
    records = opened(said(session(security)), keyring(secrets(security)))
    assert set(statuses(records)) == {"verified"}


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("source", [KeySource.GLOBAL, KeySource.GENERAL_DEDICATED, KeySource.WRAPPED])
def test_session_on_every_carrier_verifies_whole(carrier: str, source: KeySource) -> None:
    security = security_of(0, source)
    dialogue = session(security)
    records = opened(said(dialogue), keyring(secrets(security)), carrier=CARRIERS[carrier])
    assert set(statuses(records)) == {"verified"}
    assert len(statuses(records)) == len(dialogue)


def test_key_info_left_out_after_the_first_message_is_remembered() -> None:
    for source in (KeySource.WRAPPED, KeySource.ONE_PASS, KeySource.STATIC):
        security = security_of(1, source, repeats_key_info=False)
        records = opened(said(session(security)), keyring(secrets(security)))
        assert set(statuses(records)) == {"verified"}, source


@pytest.mark.parametrize("side", [KeyRole.CLIENT_AGREEMENT, KeyRole.SERVER_AGREEMENT])
def test_one_private_key_and_the_public_one_of_the_other_side_agree_the_static_key(side: KeyRole) -> None:
    security = security_of(1, KeySource.STATIC)
    given = secrets(security)
    own = security.keys.client_agreement if side is KeyRole.CLIENT_AGREEMENT else security.keys.server_agreement
    numbers = own.public_key().public_numbers()
    given[side] = numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
    records = opened(said(session(security)), keyring(given))
    assert set(statuses(records)) == {"verified"}


def test_dedicated_key_sent_in_clear_serves_too() -> None:
    security = security_of(0, KeySource.DEDICATED)
    dialogue = session(security)
    units = said(dialogue)
    units[:2] = [one._replace(octets=event.truth.plain[0]) for one, event in zip(units, dialogue[:2], strict=False)]
    assert set(statuses(opened(units, keyring(secrets(security))))) == {"verified"}


# -- what a dialogue tells ------------------------------------------------------------------------------------------


def test_dedicated_key_serves_its_association_alone() -> None:
    security = security_of(0, KeySource.DEDICATED)
    dialogue = session(security)
    given = secrets(security)
    late = opened(said(dialogue[4:]), keyring(given))
    assert "dedicated-key-unknown" in [note.cause for one in late for note in one.notes]
    assert statuses(late)[0] == "no-key"


def test_titles_told_later_serve_earlier_records_of_a_file() -> None:
    security = security_of()
    dialogue = session(security)
    units = said(dialogue[4:-2]) + said(dialogue)
    first = len(dialogue) - 6
    live = opened(units, keyring(secrets(security)))
    assert set(statuses(live)[:first]) == {"no-system-title"}
    file = opened(units, keyring(secrets(security)), learns=True)
    assert set(statuses(file)) == {"verified"}
    assert "undecipherable" not in codes(file)


def test_title_of_the_keyring_stands_in_for_one_that_is_not_shown() -> None:
    security = security_of()
    ring = keyring(secrets(security), server_title=security.server_title, client_title=security.client_title)
    assert set(statuses(opened(said(session(security)[4:-2]), ring))) == {"verified"}


def test_key_with_another_client_is_not_tried() -> None:
    security = security_of()
    records = opened(said(session(security)), keyring(secrets(security), client=1))
    assert set(statuses(records)) == {"no-key"}


def test_repeated_openers_ask_the_keyring_once_an_association() -> None:
    security = security_of()
    from analyzer.pipeline import Pipeline
    from analyzer.tracking.protection import Protection
    from tests.analyzer.tracking.build import ListSource, chunk, wrapped

    protection = Protection(keyring(secrets(security)))
    units = wrapped(said(session(security, gets=100)))
    list(
        Pipeline(None, protection).run(
            ListSource([chunk(n, one.octets, one.direction) for n, one in enumerate(units, 1)])
        )
    )
    assert protection.search.lookups <= 4


def test_closed_apdu_of_a_session_without_its_key_says_no_key() -> None:
    security = security_of()
    records = opened(said(session(security)), keyring({}))
    assert set(statuses(records)) == {"no-key"}
    assert set(codes(records)) == {"undecipherable"}


def test_several_protected_apdus_of_one_frame_are_each_opened() -> None:
    keys, title = security_of().keys, b"MMM\0\0\xbcaN"
    plain = bytes.fromhex("0F 00000001 00 09 04 01020304")

    def sealed(counter: int) -> bytes:
        nonce = counter.to_bytes(4, "big")
        text = AESGCM(keys.guek).encrypt(title + nonce, plain, b"\x30" + keys.gak)[:-4]
        return b"\xe6\xe7\x00\xdb\x08" + title + bytes((len(text) + 5, 0x30)) + nonce + text

    octets = frame(b"".join(map(sealed, (1, 2, 3))), 0x13, b"\x21\x03")
    (record,) = opened([answered(octets)], keyring(secrets(security_of())), carrier=list)
    assert [one.octets for one in (record.apdu, *record.more) if one is not None] == [plain] * 3
    assert [layer.status for one in (record, *record.beside) for layer in one.protection] == ["verified"] * 3


# -- general-ciphering that tells no key ----------------------------------------------------------------------------


def test_key_that_an_earlier_association_told_serves_the_next_one() -> None:
    security = security_of(0, KeySource.WRAPPED, repeats_key_info=False)
    dialogue = session(security)
    records = opened(said(dialogue) + said(dialogue[:2]) + said(dialogue[4:]), keyring(secrets(security)))
    assert set(statuses(records)) == {"verified"}


def test_message_without_key_info_whose_key_was_told_before_the_capture_says_so() -> None:
    security = security_of(0, KeySource.WRAPPED, repeats_key_info=False)
    dialogue = session(security)
    records = opened(said(dialogue[:2]) + said(dialogue[4:]), keyring(secrets(security)))
    causes = {note.cause for one in records for note in one.notes if note.code == "undecipherable"}
    assert causes == {"key-info-missing"}
