"""Senders that put nonce, additional data or tag together in their own way, and keys that were typed with one slip."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from analyzer.record import Record
from analyzer.security import protection_mistakes
from analyzer.security.keyring import Keyring
from analyzer.security.keys import KeyRole
from analyzer.simulate.security import KeySource
from tests.analyzer.tracking.build import ANSWERED, Said, answered, asked, length
from tests.analyzer.tracking.secured import causes, keyring, opened, said, secrets, security_of, session, statuses
from tests.analyzer.tracking.wrong_keys import World

GET = bytes.fromhex("C001C1 0003 0100010800FF 02 00")
ANSWERS = [bytes.fromhex(f"C401C{number} 00 06 0000000{number}") for number in range(1, 4)]


def _big(counter: int) -> bytes:
    return counter.to_bytes(4, "big")


def _usual_nonce(title: bytes, counter: int) -> bytes:
    return title + _big(counter)


NONCES: dict[str, tuple[str, Callable[[bytes, int], bytes]]] = {
    "counter with its lowest octet first": ("counter-wrong", lambda title, counter: title + _big(counter)[::-1]),
    "the counter before": ("counter-wrong", lambda title, counter: title + _big(counter - 1)),
    "the counter after": ("counter-wrong", lambda title, counter: title + _big(counter + 1)),
    "counter 0": ("counter-wrong", lambda title, counter: title + bytes(4)),
    "counter before title": ("wrong-order", lambda title, counter: _big(counter) + title),
    "title of zeros": ("wrong-system-title", lambda title, counter: bytes(8) + _big(counter)),
    "title back to front": ("wrong-system-title", lambda title, counter: title[::-1] + _big(counter)),
}
ADDITIONAL: dict[str, Callable[[bytes, bytes, bytes, bytes], bytes]] = {
    "no security control": lambda control, gak, counter, title: gak,
    "nothing": lambda control, gak, counter, title: b"",
    "key before control": lambda control, gak, counter, title: gak + control,
    "counter, too": lambda control, gak, counter, title: control + counter + gak,
    "title, too": lambda control, gak, counter, title: control + gak + title,
}


def world(seed: int = 1) -> World:
    made = World(random.Random(seed))
    made.said += [asked(made.request()), answered(made.response())]
    return made


def sealed(made: World, plain: bytes, *, nonce: Callable[[bytes, int], bytes] = _usual_nonce,
           aad: Callable[[bytes, bytes, bytes, bytes], bytes] | None = None, is_end: bool = False) -> bytes:  # fmt: skip
    """What the meter sends in general-glo-ciphering."""
    made.counters[made.server] += 1
    counter, control = made.counters[made.server], bytes((0x30 | made.suite,))
    covered = aad(control, made.gak, _big(counter), made.server) if aad is not None else control + made.gak
    octets = AESGCM(made.guek).encrypt(nonce(made.server, counter), plain, covered)
    text, tag = octets[:-16], octets[-12:] if is_end else octets[-16:-4]
    body = control + _big(counter) + text + tag
    return b"\xdb\x08" + made.server + length(len(body)) + body


def told(records: list[Record]) -> list[tuple[str, str, str]]:
    notes = [note for record in records for note in record.notes if note.code == "undecipherable"]
    return [(note.cause, note.confidence, note.text) for note in notes]


@pytest.mark.parametrize("name", NONCES)
def test_nonce_of_other_making_is_named_and_each_text_is_its_own(name: str) -> None:
    cause, nonce = NONCES[name]
    for seed in range(4):
        made = world(seed)
        for plain in ANSWERS:
            made.counters[made.server] = made.counters[made.server] + 0x18 & ~7 | (3 if "before" in name else 2)
            made.said.append(answered(sealed(made, plain, nonce=nonce)))
        records = opened(made.said, keyring(made.given))
        assert [(one[0], one[1]) for one in told(records)] == [(cause, "certain")] * 3
        assert [one.apdu.octets for one in records[-3:] if one.apdu is not None] == ANSWERS
        assert set(statuses(records[-3:])) == {"decrypted-unverified"}
        assert "nonce-reuse" not in causes(records)


@pytest.mark.parametrize("name", ADDITIONAL)
def test_additional_data_of_other_making_is_named_and_blames_no_key(name: str) -> None:
    made = world()
    for plain in ANSWERS:
        made.said.append(answered(sealed(made, plain, aad=ADDITIONAL[name])))
    records = opened(made.said, keyring(made.given))
    assert [(one[0], one[1]) for one in told(records)] == [("additional-data-wrong", "certain")] * 3
    assert [one.apdu.octets for one in records[-3:] if one.apdu is not None] == ANSWERS


CONTROLS = {
    "reserved suite": 0x0B,
    "suite alone": 0x30,
    "no encryption": 0x20,
    "no authentication": 0x10,
    "broadcast": 0x40,
}


@pytest.mark.parametrize("name", CONTROLS)
def test_another_security_control_in_the_additional_data_is_named_with_both(name: str) -> None:
    for seed in range(6):
        made = world(seed)
        sent = 0x30 | made.suite
        covered = sent ^ CONTROLS[name]
        for plain in ANSWERS:
            aad = lambda control, gak, counter, title: bytes((covered,)) + gak  # noqa: B023, E731
            made.said.append(answered(sealed(made, plain, aad=aad)))
        found = told(opened(made.said, keyring(made.given)))
        assert [one[:2] for one in found] == [("additional-data-wrong", "certain")] * 3
        assert all(
            f"takes security control {covered:02X}" in text and f"sends {sent:02X}" in text for *_, text in found
        )


@pytest.mark.parametrize("name", ["counter with its lowest octet first", "counter before title", "end of the tag"])
def test_what_explains_one_message_is_tried_first_on_the_next(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = 0
    fits = protection_mistakes.fits

    def count(*given: object) -> bool:
        nonlocal tried
        tried += 1
        return fits(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(protection_mistakes, "fits", count)
    made = world()
    for _ in range(40):
        nonce = NONCES[name][1] if name in NONCES else _usual_nonce
        made.said.append(answered(sealed(made, ANSWERS[0], nonce=nonce, is_end=name not in NONCES)))
    assert len(told(opened(made.said, keyring(made.given)))) == 40
    assert tried <= 20 + 40


def test_counter_that_is_wrong_in_one_bit_is_damage() -> None:
    made = world()
    made.counters[made.server] |= 0x10
    made.counters[made.server] &= ~1
    made.said.append(answered(sealed(made, ANSWERS[0], nonce=lambda title, counter: title + _big(counter - 1))))
    assert [one[:2] for one in told(opened(made.said, keyring(made.given)))] == [("octets-damaged", "certain")]


def test_end_of_the_tag_for_its_beginning_is_named() -> None:
    made = world()
    made.said.append(answered(sealed(made, ANSWERS[0], is_end=True)))
    ((cause, confidence, text),) = told(opened(made.said, keyring(made.given)))
    assert (cause, confidence) == ("tag-truncated", "certain")
    assert "last 12 octets" in text


@pytest.mark.parametrize("role", [KeyRole.GUEK, KeyRole.GAK])
@pytest.mark.parametrize("slip", ["digit", "exchange"])
def test_key_with_one_slip_is_named_with_its_place_and_without_its_digits(role: KeyRole, slip: str) -> None:
    for seed in range(3):
        made = World(random.Random(seed))
        right = made.given[role]
        digits = right.hex()
        at = next(index for index in range(5, 30) if digits[index] != digits[index + 1])
        changed = digits[at + 1] + digits[at] if slip == "exchange" else f"{int(digits[at], 16) ^ 5:x}" + digits[at + 1]
        made.given[role] = bytes.fromhex(digits[:at] + changed + digits[at + 2 :])
        made.said += [asked(made.request()), answered(made.response())]
        found = told(opened(made.said, keyring(made.given)))
        assert [one[:2] for one in found] == [("key-mistyped", "certain")] * 2
        assert all(str(at + 1) in text and role.value in text for _, _, text in found)
        assert digits not in str(found) and digits[:8] not in str(found)


@pytest.mark.parametrize(("doubled", "cause"), [(False, "wrong-encryption-key"), (True, "key-is-ascii")])
def test_key_of_hex_digits_is_text_only_where_its_length_proves_it(doubled: bool, cause: str) -> None:
    """16 digits stand for 8 octets, which are no key: such a key is as wrong as any other."""
    for seed in range(8):
        made = World(random.Random(seed))
        size = len(made.guek)
        if doubled and size != 16:
            continue
        made.given[KeyRole.GUEK] = (b"0123456789ABCDEF" * 4)[: size * (1 + doubled)]
        made.said.append(asked(made.request()))
        ((found, _, text),) = told(opened(made.said, keyring(made.given)))
        assert found == cause
        assert "hex digits" in text


def test_slips_are_sought_for_few_of_many_senders_under_the_same_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    sought, slips = 0, protection_mistakes.mistyped

    def seek(octets: bytes) -> Iterator[tuple[str, bytes]]:
        nonlocal sought
        sought += 1
        return slips(octets)

    monkeypatch.setattr(protection_mistakes, "mistyped", seek)
    made = World(random.Random(2))
    made.given[KeyRole.GUEK] = bytes(len(made.guek))
    for number in range(60):
        made.server = b"MMM" + number.to_bytes(5)
        made.counters[made.server] = 7
        made.said.append(answered(sealed(made, ANSWERS[0])))
    assert len(told(opened(made.said, keyring(made.given)))) == 60
    assert 0 < sought <= 16


def test_broadcast_bit_over_the_unicast_key_is_named_and_opened() -> None:
    made = world()
    made.said.append(asked(made.request(more=0x40)))
    records = opened(made.said, keyring(made.given))
    assert [(one[0], one[1]) for one in told(records)] == [("security-control-wrong", "certain")]
    assert statuses(records)[-1] == "decrypted-unverified"


# -- a dedicated key ------------------------------------------------------------------------------------------------


def _dedicated(turn: tuple[int, int]) -> list[Record]:
    """An answer under the dedicated key, whose octet of that place is altered, behind one under the global key."""
    made = world()
    made.given[KeyRole.DEDICATED] = made.dedicated
    octets = bytearray(made.response(tag=0xD4, key=made.dedicated))
    at, mask = turn
    octets[at] ^= mask
    made.said += [asked(made.request(tag=0xD0, key=made.dedicated)), answered(bytes(octets))]
    return opened(made.said, keyring(made.given))


def test_first_answer_under_a_dedicated_key_blames_no_key_that_verified_others() -> None:
    ((cause, confidence, text),) = told(_dedicated((-1 - 12 - 3, 0x15)))
    assert (cause, confidence) == ("octets-damaged", "possible")
    assert "under the global key" in text


def test_key_set_bit_over_a_dedicated_key_is_named() -> None:
    ((cause, confidence, text),) = told(_dedicated((2, 0x40)))
    assert (cause, confidence) == ("octets-damaged", "certain")
    assert "bit 6 of the security control" in text


def test_first_answer_that_does_not_read_blames_no_title_that_verified_others() -> None:
    made = world()
    made.given[KeyRole.DEDICATED] = made.dedicated
    made.said.append(asked(made.request(tag=0xD0, key=made.dedicated)))
    made.said.append(answered(made.response(tag=0xD4, key=bytes(len(made.guek)))))
    ((cause, _, text),) = told(opened(made.said, keyring(made.given)))
    assert cause == "wrong-encryption-key"
    assert "right under the global key" in text


def test_compression_bit_that_was_turned_is_damage_and_no_odd_compression() -> None:
    made = world()
    made.said.append(asked(made.request()))
    made.counters[made.client] += 1
    counter, control = made.counters[made.client], 0x10 | made.suite
    tag = AESGCM(made.guek).encrypt(made.client + _big(counter), b"", bytes((control,)) + made.gak + GET)[-16:-4]
    body = bytes((control ^ 0x80,)) + _big(counter) + GET + tag
    made.said.append(asked(b"\xc8" + length(len(body)) + body))
    ((cause, confidence, _),) = told(opened(made.said, keyring(made.given)))
    assert (cause, confidence) == ("octets-damaged", "certain")


# -- keys that come with a message ------------------------------------------------------------------------------------


def test_agreement_keys_of_the_wrong_sides_are_told_as_agreement_keys() -> None:
    security = security_of(1, KeySource.ONE_PASS)
    given = secrets(security)
    sides = KeyRole.CLIENT_AGREEMENT, KeyRole.SERVER_AGREEMENT
    given[sides[0]], given[sides[1]] = given[sides[1]], given[sides[0]]
    found = told(opened(said(session(security)), keyring(given)))
    assert {one[:2] for one in found} == {("agreement-key-wrong", "certain")}
    assert all(text.endswith("an agreement key that the keyring gives to the other side") for *_, text in found)


def test_key_that_is_wrapped_under_a_key_given_as_another_is_told() -> None:
    security = security_of(0, KeySource.WRAPPED)
    given = secrets(security)
    given[KeyRole.GBEK], given[KeyRole.KEK] = given[KeyRole.KEK], given[KeyRole.GBEK]
    found = told(opened(said(session(security)), keyring(given)))
    assert found
    assert all(text.startswith("its key is wrapped, and gbek") for _, _, text in found)


# -- keys of others -------------------------------------------------------------------------------------------------


def _pushed(made: World, **how: object) -> Said:
    plain = bytes.fromhex("0F 40000001 00 0202 06 00000001 06 00000002")
    body = made.seal(made.server, plain, **how)  # type: ignore[arg-type]
    return Said(ANSWERED, b"\xdb\x08" + made.server + length(len(body)) + body)


def test_push_of_a_meter_that_the_keyring_lacks_has_no_key_and_the_titles_there_are_named() -> None:
    others = [World(random.Random(seed)) for seed in range(10, 15)]
    made = World(random.Random(1))
    for count, more in ((1, ""), (3, ""), (5, " and 2 more")):
        meters = [keyring(one.given, server_title=one.server).meters[0] for one in others[:count]]
        records = opened([_pushed(made), _pushed(made)], Keyring(meters))
        found = told(records)
        assert {one[0] for one in found} == {"no-key"}
        named = ", ".join(one.server.hex().upper() for one in others[: min(count, 3)])
        lack = f"no encryption key is given for the system title {made.server.hex().upper()}: the keyring has {named}"
        assert all(text.endswith(lack + more) for _, _, text in found)
        assert statuses(records) == ["no-key"] * 2
        assert {layer.key for record in records for layer in record.protection} == {""}


def test_meter_of_the_keyring_under_another_key_is_told_as_a_wrong_key() -> None:
    made = World(random.Random(1))
    ring = keyring(made.given, server_title=made.server)
    assert [one[0] for one in told(opened([_pushed(made, key=bytes(len(made.guek)))], ring))] == [
        "wrong-encryption-key"
    ]


def test_one_direction_under_another_key_blames_no_title_that_the_capture_tells() -> None:
    made = world()
    other = random.Random(9).randbytes(len(made.guek))
    made.said += [said for _ in range(2) for said in (asked(made.request()), answered(made.response(key=other)))]
    made.said = [*made.said[:2], made.said[2], *made.said[4:]]
    found = told(opened(made.said, keyring(made.given)))
    assert {one[:2] for one in found} == {("wrong-encryption-key", "possible")}
    assert all("opens the other direction" in text for *_, text in found)
