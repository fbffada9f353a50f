"""Whatever is wrong with keys, titles or octets is named for what it is: a short form of ``wrong_keys``."""

from __future__ import annotations

import random

import pytest

from analyzer.diagnosis.doctor import Doctor
from analyzer.diagnosis.story import Story
from analyzer.record import Record
from analyzer.security.keyring import Keyring, Meter
from analyzer.security.keys import Key, KeyRole
from analyzer.simulate.ciphering import Seal, protect, wrap_key
from dissectors.tree import Severity
from tests.analyzer.tracking.build import CARRIERS, Said, answered, asked, length, wrapped
from tests.analyzer.tracking.secured import causes, keyring, opened, statuses
from tests.analyzer.tracking.timed import CLOCK_ANSWER, GET_CLOCK
from tests.analyzer.tracking.wrong_keys import WRONG, World, named

CASES = 40


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named(name: str) -> None:
    right = [f"{WRONG[name].code}: {WRONG[name].cause}"]
    wrong = {seed: found for seed in range(CASES) if (found := named(name, seed)) != right}
    assert wrong == {}


def world(seed: int = 1) -> World:
    made = World(random.Random(seed))
    made.neighbours()
    return made


def records(made: World) -> list[Record]:
    return opened(made.said, keyring(made.given))


def test_text_that_reads_is_shown_though_the_authentication_key_is_missing() -> None:
    made = world()
    made.one()
    del made.given[KeyRole.GAK]
    last = records(made)[-1]
    assert last.closed is not None
    assert (last.closed.status, last.apdu.octets[0] in (0xC0, 0xC4)) == ("decrypted-unverified", True)  # type: ignore[union-attr]
    assert [(note.cause, note.severity) for note in last.notes] == [("no-key", Severity.NOTE)]


def test_text_that_reads_is_shown_though_its_tag_is_cut() -> None:
    made = world()
    octets = made.one()
    made.replace_last(octets[:-5])
    last = records(made)[-1]
    assert last.closed is not None
    assert last.closed.status == "decrypted-unverified"
    assert last.apdu is not None
    assert last.apdu.values is not None


def test_beginning_of_an_apdu_that_breaks_off_is_deciphered() -> None:
    made = world()
    octets = made.response()
    whole = records(world_saying(made, answered(octets)))[-1].closed
    assert whole is not None
    made.said[-1] = answered(octets[:-20])
    last = records(made)[-1]
    assert last.closed is not None
    assert last.closed.status == "damaged"
    assert whole.plaintext.startswith(last.closed.plaintext)


def world_saying(made: World, *more: object) -> World:
    made.said += more  # type: ignore[arg-type]
    return made


def test_wrong_keys_without_a_tag_say_wrong_key() -> None:
    from analyzer.simulate.ciphering import Seal, protect

    made = world()
    plain = bytes.fromhex("C001C1 0003 0100010800FF 02 00")
    body = protect(plain, Seal(0x20 | made.suite, bytes(len(made.guek)), made.gak, made.client), 5)
    made.said.append(asked(b"\xc8" + length(len(body)) + body))
    last = records(made)[-1]
    assert last.closed is not None
    assert last.closed.status == "wrong-key"
    assert last.apdu is not None
    assert last.apdu.octets[0] == 0xC8


def test_title_that_nobody_knows_is_the_meters_where_a_tag_proves_it() -> None:
    made = world()
    made.said.append(answered(made.response()))
    inner = bytes.fromhex("C401C1 00 0906 010203040506")
    body = made.seal(made.server, inner)
    other = bytes((made.server[0], made.server[1] ^ 4, *made.server[2:]))
    made.said.append(answered(b"\xdb\x08" + other + length(len(body)) + body))
    assert causes(opened(made.said, keyring(made.given, server_title=made.server))) == ["wrong-system-title"]


def test_key_under_which_any_octets_read_is_not_named() -> None:
    made = world()
    made.given[KeyRole.GBEK] = made.gbek
    closed = b"\xc8\x17\x30" + bytes(range(22))  # what is enciphered again reads whatever it is
    body = made.seal(made.client, closed, key=made.gbek, gak=bytes(len(made.gak)))
    made.said.append(asked(b"\xdb\x08" + made.client + length(len(body)) + body))
    assert "broadcast-key-needed" not in causes(records(made))


# -- keys that change -----------------------------------------------------------------------------------------------


def transfer(made: World, key_id: int, new: bytes, *, result: int = 0, is_before_answer: bool = False) -> None:
    wrapped = wrap_key(new, made.kek)
    data = bytes.fromhex("0101 0202 16") + bytes((key_id, 0x09)) + length(len(wrapped)) + wrapped
    body = made.seal(made.client, bytes.fromhex("C301C1 0040 00002B0000FF 02 01") + data)
    made.said.append(asked(b"\xcb" + length(len(body)) + body))
    if is_before_answer:
        change(made, key_id, new)
    body = made.seal(made.server, bytes((0xC7, 1, 0xC1, result, 0)))
    made.said.append(answered(b"\xcf" + length(len(body)) + body))


def change(made: World, key_id: int, new: bytes) -> None:
    if key_id == 0:
        made.guek = new
    else:
        made.gak = new


@pytest.mark.parametrize("is_lost", [False, True])
@pytest.mark.parametrize("key_id", [0, 2])
def test_transferred_key_holds_once_a_tag_proves_it(key_id: int, is_lost: bool) -> None:
    made = world()
    made.given[KeyRole.KEK] = made.kek
    transfer(made, key_id, bytes(range(len(made.guek))), is_before_answer=True)
    if is_lost:
        made.said.pop()
    made.one()
    found = records(made)
    assert set(statuses(found)) == {"verified"}
    assert ["key-changed" in [note.code for note in one.notes] for one in found[-2:]] == [not is_lost, is_lost]


@pytest.mark.parametrize("key_id", [0, 2])
def test_key_before_a_change_still_opens_what_goes_under_it(key_id: int) -> None:
    made = world()
    made.given[KeyRole.KEK] = made.kek
    first, second = bytes(range(len(made.guek))), bytes(range(1, 1 + len(made.guek)))
    transfer(made, key_id, first)
    made.one()
    change(made, key_id, first)
    made.one()
    transfer(made, key_id, second)
    made.one()
    change(made, key_id, second)
    made.one()
    assert set(statuses(records(made))) == {"verified"}


@pytest.mark.parametrize("key_id", [0, 2])
def test_transferred_key_holds_from_the_record_after_the_answer(key_id: int) -> None:
    made = world()
    made.given[KeyRole.KEK] = made.kek
    new = bytes(range(len(made.guek)))
    transfer(made, key_id, new)
    change(made, key_id, new)
    made.one()
    made.one()
    found = records(made)
    assert set(statuses(found)) == {"verified"}
    assert [note.text.split()[0] for one in found for note in one.notes if note.code == "key-changed"] == [
        {0: "guek", 2: "gak"}[key_id]
    ]


def test_transferred_key_holds_in_later_associations_of_the_meter() -> None:
    made = world()
    made.given[KeyRole.KEK] = made.kek
    new = bytes(range(len(made.guek)))
    transfer(made, 0, new)
    made.guek = new
    made.said += made.said[:2]
    made.one()
    assert set(statuses(records(made))) == {"verified"}


def test_two_changes_follow_one_another() -> None:
    made = world()
    made.given[KeyRole.KEK] = made.kek
    for first in (1, 2):
        new = bytes((first,)) * len(made.guek)
        transfer(made, 0, new)
        made.guek = new
        made.one()
    assert set(statuses(records(made))) == {"verified"}


@pytest.mark.parametrize("key_id", [0, 2])
def test_key_that_changed_unseen_is_named_in_later_associations_too(key_id: int) -> None:
    made = world()
    new = bytes(range(len(made.guek)))
    transfer(made, key_id, new)
    change(made, key_id, new)
    before = len(made.said)
    made.said += made.said[:2]
    for _ in range(3):
        made.one()
    assert set(causes(records(made)[before + 2 :])) == {"new-key-after-change"}


@pytest.mark.parametrize("key_id", [0, 1])
def test_key_that_changed_unseen_explains_no_damage_under_another(key_id: int) -> None:
    made = world()
    new = bytes(range(len(made.guek)))
    transfer(made, key_id, new)
    old, meters = dict(made.given), []
    if key_id == 0:
        change(made, key_id, new)
    for given in (old, {KeyRole.GUEK: made.guek, KeyRole.GAK: made.gak}):
        meter = Meter()
        meter.keys = {role: Key(role, octets) for role, octets in given.items()}
        meters.append(meter)
    made.one()
    octets = made.one()
    made.replace_last(octets[:-17] + bytes(8) + octets[-9:])
    assert causes(opened(made.said, Keyring(meters)))[-1:] == ["octets-damaged"]


def test_key_that_changed_unseen_is_not_another_meters_whose_title_is_not_told_either() -> None:
    made = world()
    aare = bytes.fromhex("6117A109060760857405080103A203020100A305A103020100")
    begun = [made.said[0], answered(aare)]
    wrapped_key = wrap_key(bytes(len(made.guek)), made.kek)
    data = bytes.fromhex("0101 0202 16 00 09") + length(len(wrapped_key)) + wrapped_key
    body = made.seal(made.client, bytes.fromhex("C301C1 0040 00002B0000FF 02 01") + data)
    changed = [asked(b"\xcb" + length(len(body)) + body), answered(bytes.fromhex("C701C10000"))]
    other = [asked(made.request(key=bytes(range(len(made.guek)))))]
    first = wrapped([*begun, *changed, *other])
    for server in (1, 2):
        units = [*first[:-1], *wrapped(begun, server=server), *wrapped(other, server=server)]
        found = opened(units, keyring(made.given), carrier=list)
        assert "key-changed" in {note.code for note in found[3].notes}
        (cause,) = causes(found)
        assert (cause == "new-key-after-change") is (server == 1)


def test_key_whose_transfer_the_meter_refused_is_not_used() -> None:
    made = world()
    made.given[KeyRole.KEK] = made.kek
    transfer(made, 0, bytes(len(made.guek)), result=3)
    made.one()
    found = records(made)
    assert set(statuses(found)) == {"verified"}
    assert "key-changed" not in [note.code for one in found for note in one.notes]


# -- counters -------------------------------------------------------------------------------------------------------


def test_counter_that_goes_back_jumps_or_nears_its_end_is_noted() -> None:
    made = world()
    base = made.counters[made.client]
    for counter in (base + 1, base + 0x20000, 7, 0xFFFF_FFF0, 0xFFFF_FFF1):
        made.said.append(asked(made.request(counter=counter)))
    found = [note.code.removeprefix("invocation-counter-") for one in records(made) for note in one.notes]
    assert found == ["jumped", "regressed", "near-end"]


def test_counter_that_begins_again_behind_its_last_value_has_wrapped() -> None:
    made = world()
    for counter in (0xFFFF_FFFF, 0):
        made.said.append(asked(made.request(counter=counter)))
    assert [note.cause for note in records(made)[-1].notes] == ["counter-wrapped"]


def test_apdu_that_comes_again_at_once_is_a_retransmission() -> None:
    made = world()
    made.said.append(asked(made.request()))
    made.said += made.said[-1:] * 3
    notes = [note for one in records(made) for note in one.notes]
    told = [(note.code, note.cause, note.severity) for note in notes]
    assert told == [("invocation-counter-repeated", "retransmission", Severity.WARNING)] * 3


def clock_read(made: World) -> list[Said]:
    """A request of the clock and its answer, ciphered."""
    bodies = made.seal(made.client, GET_CLOCK), made.seal(made.server, CLOCK_ANSWER)
    request, answer = (tag + length(len(body)) + body for tag, body in zip((b"\xc8", b"\xcc"), bodies, strict=True))
    return [asked(request), answered(answer)]


def test_request_that_comes_again_though_it_was_answered_is_not_said_to_lack_its_answer() -> None:
    made = World(random.Random(1))
    request, *_ = first = clock_read(made)
    made.said += [*first, request, clock_read(made)[1], request, clock_read(made)[1]]
    (story,) = stories(records(made))
    assert (story.code, story.cause, story.count) == ("invocation-counter-repeated", "answer-not-taken", 2)
    assert [one.cause for one in story.alternatives] == ["replay"]
    assert story.evidence[0].text.endswith("are those of record 3, which was answered in record 4")


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("is_answered", [True, False])
def test_request_that_comes_again_is_no_replay_however_many_records_its_answer_takes(
    carrier: str, is_answered: bool
) -> None:
    made = World(random.Random(1))
    request, answer = clock_read(made)
    made.said += [request, answer, request, clock_read(made)[1]] if is_answered else [request, request, answer]
    found = opened(made.said, keyring(made.given), carrier=CARRIERS[carrier])
    assert [note.cause for one in found for note in one.notes] == ["retransmission"]
    told = [(one.code, one.cause) for one in stories(found)]
    said = ("invocation-counter-repeated", "answer-not-taken") if is_answered else ("response-missing", "server-silent")
    assert told[0] == said


def test_nonce_of_what_is_only_encrypted_is_watched_beside_what_has_a_tag() -> None:
    made = world()
    counter = made.counters[made.client] + 1
    for plain in (GET_CLOCK, GET_CLOCK[:-2] + b"\x03\x00"):
        body = protect(plain, Seal(0x20 | made.suite, made.guek, made.gak, made.client), counter)
        made.said.append(asked(b"\xc8" + length(len(body)) + body))
    found = records(made)
    assert [one.status for one in found[-1].protection] == ["decrypted-unverified"]
    assert [note.cause for note in found[-1].notes] == ["nonce-reuse"]


def test_request_that_comes_again_behind_those_of_other_meters_is_no_replay() -> None:
    made = World(random.Random(1))
    request, answer = clock_read(made)
    others = wrapped([asked(GET_CLOCK), answered(CLOCK_ANSWER)] * 5, server=9)
    units = [*wrapped([*made.said, request]), *others, *wrapped([request, answer])]
    found = opened(units, keyring(made.given), carrier=list)
    assert [note.cause for one in found for note in one.notes] == ["retransmission"]


def test_ciphered_answer_that_comes_again_is_no_request_without_an_answer() -> None:
    made = World(random.Random(1))
    made.said += clock_read(made)
    made.said.append(made.said[-1])
    (story,) = stories(records(made))
    assert (story.code, story.cause) == ("response-without-request", "answer-repeated")
    assert [(one.code, one.cause) for one in story.leads_to] == [("invocation-counter-repeated", "answer-repeated")]


def test_nonce_reuse_is_an_error() -> None:
    made = world()
    for _ in range(2):
        made.said.append(asked(made.request(counter=1 << 24)))
    note = records(made)[-1].notes[-1]
    assert (note.cause, note.severity) == ("nonce-reuse", Severity.ERROR)


def test_gaps_are_no_finding() -> None:
    made = world()
    for step in (5, 9, 100):
        made.counters[made.client] += step
        made.said.append(asked(made.request()))
    assert causes(records(made)) == []
    assert [note for one in records(made) for note in one.notes] == []


def test_altered_copy_of_a_message_breaks_no_cipher() -> None:
    made = world()
    made.one()
    whole = made.said[-1]
    for at in (-14, -1):  # in the text under the old tag, and in the tag
        octets = bytearray(whole.octets)
        octets[at] ^= 1
        made.said.append(whole._replace(octets=bytes(octets)))
    for record in records(made)[-2:]:
        assert ("invocation-counter-repeated", "altered-copy") in [(note.code, note.cause) for note in record.notes]
        assert "nonce-reuse" not in [note.cause for note in record.notes]


def test_counter_of_a_message_whose_tag_is_wrong_counts_for_nothing() -> None:
    made = world()
    made.one()
    octets = bytearray(made.said[-1].octets)
    octets[3] ^= 0x40  # of the counter: far ahead
    made.said.append(made.said[-1]._replace(octets=bytes(octets)))
    made.one()
    made.one()
    found = records(made)[-3:]
    assert not [note for record in found for note in record.notes if note.code.startswith("invocation-counter")]


def test_key_that_opens_nothing_more_was_changed_and_its_messages_are_not_damaged() -> None:
    made = World(random.Random(3))
    made.said += [asked(made.request()), answered(made.response())]
    made.guek = made.chance.randbytes(len(made.guek))  # by somebody whose transfer was not captured
    made.said += [asked(made.request()), asked(made.request()), asked(made.request())]
    found = records(made)
    first, *others = [note for record in found for note in record.notes if note.code == "undecipherable"]
    assert (first.cause, first.confidence) == ("octets-damaged", "possible")
    assert [(note.cause, note.confidence) for note in others] == [("new-key-after-change", "likely")] * 2
    (story,) = (one for one in stories(found) if one.code == "undecipherable")
    assert (story.cause, story.count) == ("new-key-after-change", 3)


@pytest.mark.parametrize("times", [1, 2])
def test_key_that_opens_again_was_not_changed_but_its_sender_has_a_second_one(times: int) -> None:
    made = World(random.Random(3))
    first, second = made.guek, made.chance.randbytes(len(made.guek))
    for _ in range(times):
        for made.guek in (first, second, second, second):
            made.said.append(asked(made.request()))
    made.guek = first
    made.said.append(asked(made.request()))
    found = records(made)
    (story,) = (one for one in stories(found) if one.code == "undecipherable")
    assert (story.cause, story.count) == ("second-key-needed", 3 * times)
    assert "stand twice in the keyring" in story.advice[0]
    assert all("this sender uses a second key" in proof.text for proof in story.evidence)
    causes = [note.cause for record in found for note in record.notes if note.code == "undecipherable"]
    assert causes[3:] == ["second-key-needed"] * 3 * (times - 1)


def test_title_of_the_meter_is_wrong_where_the_key_opens_the_other_direction() -> None:
    made = World(random.Random(3))
    made.said = []
    for _ in range(2):
        made.said += [asked(made.request()), answered(made.response(iv=b"OTHERONE"))]
    ring = keyring(made.given, server_title=made.server, client_title=made.client)
    (story,) = (one for one in stories(opened(made.said, ring)) if one.code == "undecipherable")
    assert (story.cause, story.confidence, story.count) == ("wrong-system-title", "likely", 2)
    text = f"and nothing of this one with the system title {made.server.hex().upper()}: its sender has another title"
    assert story.evidence[0].text.endswith(text)


def stories(found: list[Record]) -> list[Story]:
    doctor = Doctor()
    for record in found:
        doctor.take(record)
    doctor.finish()
    return doctor.stories()
