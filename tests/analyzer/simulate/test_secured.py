"""Secured dialogues of the simulator: every suite, protection, mechanism and key source, opened by hand."""

from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.pipeline import Pipeline
from analyzer.simulate import model, network
from analyzer.simulate.association import LN_CIPHERED, MECHANISM
from analyzer.simulate.block_transfer import ask_in_blocks, push_in_blocks
from analyzer.simulate.client import Client
from analyzer.simulate.client_association import calling
from analyzer.simulate.forms import nanoseconds, octet_string, octets_of
from analyzer.simulate.hdlc_line import HdlcLink, place
from analyzer.simulate.meter import Meter
from analyzer.simulate.notifications import push, pushed
from analyzer.simulate.object_lists import ASSOCIATION
from analyzer.simulate.secured import Side
from analyzer.simulate.security import KeySource, Mechanism, Security, published_keys
from analyzer.simulate.sent import TO_CLIENT, TO_METER, Sent
from analyzer.simulate.speaker import Speaker, Target
from dissectors.acse import Aare, Aarq
from dissectors.hdlc import Address
from dissectors.tree import Severity
from dissectors.xdlms.action import ActionRequestNormal, ActionResponseNormal
from dissectors.xdlms.get import GetRequestNormal
from dissectors.xdlms.initiate import InitiateRequest
from tests.analyzer.simulate.opening import Opened, Reader, user_information
from tests.analyzer.tracking.build import ListSource, chunk

DATA = st.one_of(
    st.binary(max_size=70).map(octet_string),
    st.integers(0, 255).map(lambda number: {"unsigned": number}),
    st.just({"null-data": None}),
    st.just({"array": [{"octet-string": "00"}]}),
)

NOW = nanoseconds(2026, 3, 4, 2, 15, 30)
LIMIT = 400
PROTECTIONS = [(True, True), (True, False), (False, True), (False, False)]
AGREED = (KeySource.ONE_PASS, KeySource.STATIC)
COMBINATIONS = [
    (suite, source, mechanism)
    for suite, source, mechanism in product((0, 1, 2), KeySource, Mechanism)
    if suite or (source not in AGREED and mechanism is not Mechanism.HLS_ECDSA)
]


def security_of(suite: int = 0, source: KeySource = KeySource.GLOBAL, **members: object) -> Security:
    return Security(keys=published_keys(suite), key_source=source, **members)  # type: ignore[arg-type]


def client_of(security: Security, *, rows: int = 12, meter_security: Security | None = None) -> Client:
    meter = Meter(model.electricity_meter("1", start_ns=NOW, rows=rows), security=meter_security or security)
    return Client(meter, 16, start_ns=NOW, seed=1, security=security)


def session(security: Security) -> Client:
    client = client_of(security)
    assert client.associate(max_receive_pdu_size=LIMIT)
    client.get(Target(8, model.CLOCK))
    client.get(Target(7, model.PROFILE))
    client.get_list([Target(3, one.obis, 3) for one in model.REGISTERS[:2]])
    client.release()
    return client


def opened(security: Security, dialogue: list[Sent]) -> list[Opened]:
    """Open what both sides say, and of the APDUs that open and release what they carry."""
    reader = Reader(security)
    found = []
    for event in dialogue:
        title = security.client_title if event.direction == TO_METER else security.server_title
        octets = user_information(event.octets) if 0x60 <= event.octets[0] <= 0x63 else event.octets
        found.append(reader.open(octets, title))
    return found


@pytest.mark.parametrize(("suite", "source", "mechanism"), COMBINATIONS)
def test_secured_session_opened_by_hand_is_what_was_said(suite: int, source: KeySource, mechanism: Mechanism) -> None:
    for is_authenticated, is_encrypted in PROTECTIONS:
        security = security_of(
            suite, source, mechanism=mechanism, is_authenticated=is_authenticated, is_encrypted=is_encrypted
        )
        client = session(security)
        assert max(len(event.octets) for event in client.dialogue) <= LIMIT
        for event, found in zip(client.dialogue, opened(security, client.dialogue), strict=True):
            plain = event.truth.plain[0]
            assert found.plain == (user_information(plain) if 0x60 <= plain[0] <= 0x63 else plain)
        assert any(event.truth.values for event in client.dialogue)


@pytest.mark.parametrize("source", KeySource)
def test_counters_of_a_key_and_side_grow_by_one_and_never_repeat(source: KeySource) -> None:
    security = security_of(1, source, client_counter=7, server_counter=1000)
    counters: dict[tuple[bytes, bytes], list[int]] = {}
    for found in opened(security, session(security).dialogue):
        counters.setdefault((found.title, found.key), []).append(found.counter)
    assert len(counters) > 1
    for numbers in counters.values():
        steps = {after - before for before, after in pairwise(numbers)}
        assert steps <= {1, 2}  # answering a challenge takes one too
    first = {title: numbers[0] for (title, key), numbers in counters.items() if key == security.keys.guek}
    assert first == {security.client_title: 7, security.server_title: 1000}


TAGS = {
    KeySource.GLOBAL: ("C8", "CC"),
    KeySource.BROADCAST: ("C8", "CC"),
    KeySource.DEDICATED: ("D0", "D4"),
    KeySource.GENERAL_GLOBAL: ("DB", "DB"),
    KeySource.GENERAL_DEDICATED: ("DC", "DC"),
}


@pytest.mark.parametrize("source", KeySource)
def test_requests_and_responses_have_the_tags_of_their_key_source(source: KeySource) -> None:
    dialogue = session(security_of(1, source)).dialogue
    found = next(n for n, event in enumerate(dialogue) if event.truth.plain[0][0] == 0xC0)
    tags = tuple(f"{event.octets[0]:02X}" for event in dialogue[found : found + 2])
    assert tags == TAGS.get(source, ("DD", "DD"))


def test_broadcast_key_is_the_clients_only() -> None:
    security = security_of(0, KeySource.BROADCAST)
    found = opened(security, session(security).dialogue)
    assert {one.control for one in found if one.title == security.client_title} == {0x30, 0x70}
    assert {one.control for one in found if one.title == security.server_title} == {0x30}


def test_dedicated_key_comes_in_an_initiate_that_is_protected_in_both_ways() -> None:
    security = security_of(0, KeySource.DEDICATED, is_authenticated=False, is_encrypted=True)
    first, second, third, *_ = opened(security, session(security).dialogue)
    assert (first.control, second.control, third.control) == (0x30, 0x30, 0x20)
    assert first.plain[:2] == b"\x01\x01"
    assert security.keys.dedicated in first.plain


@pytest.mark.parametrize("source", [KeySource.WRAPPED, *AGREED])
def test_key_info_that_is_told_once_serves_all_that_follows(source: KeySource) -> None:
    security = security_of(1, source, repeats_key_info=False)
    dialogue = [event for event in session(security).dialogue if event.octets[0] == 0xDD]
    told = [event.octets[30] for event in dialogue]
    assert told == [1, 1] + [0] * (len(told) - 2)
    assert len({found.key for found in opened(security, dialogue)}) == 2


@pytest.mark.parametrize("mechanism", [one for one in Mechanism if one.is_high])
def test_client_with_another_secret_or_key_is_not_let_in(mechanism: Mechanism) -> None:
    wrong = security_of(1, mechanism=mechanism, secret=b"something else!!")
    if mechanism is Mechanism.HLS_GMAC:
        wrong = security_of(2, mechanism=mechanism)
    if mechanism is Mechanism.HLS_ECDSA:
        wrong = security_of(1, mechanism=mechanism, client_title=b"MMM\0\0\0\0\x09")
    client = client_of(wrong, meter_security=security_of(1, mechanism=mechanism))
    assert not client.associate()
    request = GetRequestNormal(cosem_attribute_descriptor=Target(8, model.CLOCK).attribute)
    assert client.ask(request) == b"\xd8\x01\x01"


def test_password_that_is_wrong_is_refused_without_a_word_more() -> None:
    wrong = security_of(mechanism=Mechanism.LLS, secret=b"12345678")
    client = client_of(wrong, meter_security=security_of(mechanism=Mechanism.LLS, secret=b"87654321"))
    assert not client.associate()
    assert client.dialogue[-1].octets.startswith(b"\x61")


def test_titles_and_challenges_stand_in_the_association() -> None:
    client = session(security_of())
    aarq, aare = (Kind(event.octets) for Kind, event in zip((Aarq, Aare), client.dialogue, strict=False))
    assert (aarq.calling_ap_title.hex(), aare.responding_ap_title.hex()) == ("4d4d4d0000000001", "4d4d4d0000bc614e")
    assert aarq.application_context_name == aare.application_context_name == "2.16.756.5.8.1.3"
    assert aare.mechanism_name == "2.16.756.5.8.2.5"
    assert aare.result_source_diagnostic == ("acse-service-user", 14)
    assert aarq.calling_authentication_value[1] != aare.responding_authentication_value[1]


def test_challenge_without_ciphering_leaves_requests_plain() -> None:
    client = session(security_of(is_authenticated=False, is_encrypted=False))
    assert Aarq(client.dialogue[0].octets).application_context_name == "2.16.756.5.8.1.1"
    assert [event.octets[0] for event in client.dialogue[2:6]] == [0xC3, 0xC7, 0xC0, 0xC4]


@pytest.mark.parametrize("is_cut_first", [False, True])
def test_block_transfer_of_ciphered_octets_comes_out_whole(is_cut_first: bool) -> None:
    security = security_of()
    client = client_of(security, rows=6)
    client.associate()
    before = len(client.dialogue)
    request = GetRequestNormal(cosem_attribute_descriptor=Target(7, model.PROFILE).attribute)
    answer = ask_in_blocks(client, request, room=80, is_cut_first=is_cut_first)
    spoken = client.dialogue[before:]
    assert {event.octets[0] for event in spoken} == {0xDB if is_cut_first else 0xE0}
    reader = Reader(security)
    blocks = [reader.open(event.octets, b"").plain if is_cut_first else event.octets for event in spoken]
    data = b"".join(block[7:] for event, block in zip(spoken, blocks, strict=True) if event.direction == TO_CLIENT)
    assert (data if is_cut_first else reader.open(data, security.server_title).plain) == answer
    assert spoken[-1].truth.service == answer


@pytest.mark.parametrize("is_cut_first", [False, True])
def test_push_in_blocks_is_protected_by_the_meter(is_cut_first: bool) -> None:
    security = security_of(source=KeySource.GENERAL_GLOBAL)
    speaker = client_of(security)
    readings = pushed(speaker.meter, NOW)
    notification = push(speaker.meter, readings, now_ns=NOW, invoke_id=1)
    push_in_blocks(speaker, notification, room=60, values=readings, is_cut_first=is_cut_first)
    reader = Reader(security)
    blocks = [reader.open(event.octets, b"").plain if is_cut_first else event.octets for event in speaker.dialogue]
    data = b"".join(block[7:] for block in blocks)
    assert (data if is_cut_first else reader.open(data, b"").plain) == octets_of(notification)


@pytest.mark.parametrize("source", KeySource)
def test_push_goes_in_a_general_form(source: KeySource) -> None:
    security = security_of(1, source)
    speaker = Speaker(client_of(security).meter, 103, start_ns=NOW, seed=1, security=security)
    notification = push(speaker.meter, [], now_ns=NOW, invoke_id=1)
    speaker.hear(notification)
    octets = speaker.dialogue[0].octets
    assert octets[0] in (0xDB, 0xDC, 0xDD)
    assert Reader(security).open(octets, b"").plain == octets_of(notification)


def waiting_meter(mechanism: Mechanism) -> Meter:
    """A meter that waits for the answer to its challenge."""
    security = security_of(1, mechanism=mechanism)
    meter = client_of(security).meter
    side = Side(security, TO_METER)
    opening = Aarq(application_context_name=LN_CIPHERED, user_information=InitiateRequest(), **calling(side, b"C" * 32))
    assert Aare(meter.answer(octets_of(opening), 16, NOW)).result == 0
    return meter


@given(st.sampled_from([one for one in Mechanism if one.is_high]), DATA)
def test_meter_refuses_any_answer_to_its_challenge_that_is_none(mechanism: Mechanism, value: dict[str, object]) -> None:
    meter = waiting_meter(mechanism)
    target = Target(15, ASSOCIATION, 1).method
    request = ActionRequestNormal(cosem_method_descriptor=target, method_invocation_parameters=value)
    answer = meter.answer(octets_of(request), 16, NOW)
    assert answer is not None
    assert ActionResponseNormal(answer).single_response.result == 3
    assert meter.answer(octets_of(GetRequestNormal()), 16, NOW) == b"\xd8\x01\x01"


@pytest.mark.parametrize("members", [{}, {"mechanism_name": f"{MECHANISM}5"}])
def test_meter_rejects_an_association_without_initiate_or_challenge(members: dict[str, object]) -> None:
    meter = client_of(security_of()).meter
    for information in (None, InitiateRequest()):
        opening = Aarq(application_context_name=LN_CIPHERED, user_information=information, **members)
        assert Aare(meter.answer(octets_of(opening), 16, NOW)).result == 1


def test_exception_response_goes_in_clear() -> None:
    assert Side(security_of(), TO_CLIENT).protect(b"\xd8\x01\x02") == b"\xd8\x01\x02"


@pytest.mark.parametrize("source", KeySource)
@pytest.mark.parametrize("carrier", ["wrapper", "hdlc"])
def test_secured_session_passes_the_pipeline_without_a_warning(source: KeySource, carrier: str) -> None:
    client = session(security_of(1, source))
    link = HdlcLink(16, Address(1, None, 1), seed=1)
    units = network.wrap(client.dialogue) if carrier == "wrapper" else place(link.rounds(client.dialogue), start_ns=NOW)
    chunks = [chunk(number, unit.octets, unit.direction) for number, unit in enumerate(units, 1)]
    records = list(Pipeline().run(ListSource(chunks)))
    worst = [note for record in records for note in record.notes if note.severity > Severity.NOTE]
    assert worst == []
    assert len(records) == len(units)
