"""The simulated meter with logical names, asked through the client; the truth of a dialogue is checked by its octets."""

import random
from itertools import pairwise

import pytest

from analyzer.simulate import model
from analyzer.simulate.client import Client
from analyzer.simulate.forms import date_time, nanoseconds, octet_string, structure
from analyzer.simulate.meter import Meter
from analyzer.simulate.notifications import event, push, pushed
from analyzer.simulate.profile import entry_parameters, members, range_parameters
from analyzer.simulate.sent import MILLISECOND, SECOND, TO_CLIENT, TO_METER, Form
from analyzer.simulate.speaker import Target
from dissectors.reader import apdu_json

NOW = nanoseconds(2026, 3, 2, 9, 14, 7)
ENERGY, CLOCK, PROFILE = Target(3, "1-0:1.8.0*255"), Target(8, model.CLOCK), Target(7, model.PROFILE)


def make(*, rows: int = 8, password: bytes = b"", limit: int = 1024) -> Client:
    meter = Meter(model.electricity_meter("1", start_ns=NOW, rows=rows, drift_ms=4000), password=password)
    client = Client(meter, 16, start_ns=NOW, seed=1)
    client.associate(password=password, max_receive_pdu_size=limit)
    return client


def answers(client: Client) -> list[object]:
    return [apdu_json(one.octets) for one in client.dialogue if one.direction == TO_CLIENT]


def names(client: Client) -> list[str]:
    return [next(iter(next(iter(apdu_json(one.octets).values())))) for one in client.dialogue]


def test_association_with_the_right_password_is_accepted() -> None:
    client = make(password=b"secret01")
    assert client.meter.associations.keys() == {16}
    assert answers(client)[0]["aare"]["result"] == "accepted"


@pytest.mark.parametrize(
    ("password", "diagnostic"),
    [(b"wrong", "authentication-failure"), (b"", "authentication-mechanism-name-required")],
)
def test_association_without_the_right_password_is_rejected(password: bytes, diagnostic: str) -> None:
    client = Client(Meter([], password=b"secret01"), 16, start_ns=NOW, seed=1)
    assert not client.associate(password=password)
    told = answers(client)[0]["aare"]
    assert told["result"] == "rejected-permanent"
    assert told["result-source-diagnostic"] == {"acse-service-user": diagnostic}


def test_negotiated_conformance_is_what_both_sides_have() -> None:
    client = Client(Meter([]), 16, start_ns=NOW, seed=1)
    client.associate(without=["access", "action"])
    agreed = answers(client)[0]["aare"]["user-information"]["initiateResponse"]["negotiated-conformance"]
    assert "get" in agreed
    assert not {"access", "action"} & set(agreed)


def test_request_without_association_gets_an_exception() -> None:
    meter = Meter(model.electricity_meter("1", start_ns=NOW, rows=1))
    answer = meter.answer(bytes.fromhex("C001C100080000010000FF0200"), 16, NOW)
    assert answer == bytes.fromhex("D80101")


def test_octets_that_are_no_apdu_get_an_exception() -> None:
    meter = make().meter
    assert meter.answer(b"\xde\xad", 16, NOW) == bytes.fromhex("D80202")
    assert meter.answer(bytes.fromhex("C001C10008"), 16, NOW) == bytes.fromhex("D80201")
    assert meter.answer(bytes(1025), 16, NOW) == bytes.fromhex("D80104")


def test_released_association_is_gone() -> None:
    client = make()
    client.release()
    assert client.meter.associations == {}
    assert answers(client)[-1] == {"rlre": {"reason": "normal"}}


def test_get_gives_value_and_truth() -> None:
    client = make()
    value = client.get(ENERGY)
    assert value == {"double-long-unsigned": 74565120}
    assert client.dialogue[-1].truth.values == (ENERGY.reading({"double-long-unsigned": 74565120}),)
    assert client.dialogue[-1].octets.hex() == "c401c10006" + f"{74565120:08x}"


@pytest.mark.parametrize(
    ("target", "result"),
    [
        (Target(3, "1-0:99.8.0*255"), 4),
        (Target(1, "1-0:1.8.0*255"), 9),
        (Target(3, "1-0:1.8.0*255", 9), 3),
        (Target(3, "1-0:1.8.0*255", 2, (1, {"null-data": None})), 12),
    ],
    ids=["object", "class", "attribute", "selector"],
)
def test_get_of_what_is_not_there_gives_the_reason(target: Target, result: int) -> None:
    assert make().get(target) == result


def test_long_get_comes_in_datablocks_within_the_pdu_size() -> None:
    client = make(rows=40, limit=256)
    whole = client.get(PROFILE)
    assert isinstance(whole, dict)
    assert len(members(whole)) == 40
    sizes = [len(one.octets) for one in client.dialogue if one.direction == TO_CLIENT][1:]
    assert len(sizes) > 3
    assert max(sizes) <= 256
    assert client.dialogue[-1].truth.values[0].value == whole


def test_get_next_of_the_wrong_block_is_refused() -> None:
    client = make(rows=40, limit=256)
    meter = client.meter
    meter.answer(bytes.fromhex("C001C100070100630100FF0200"), 16, NOW)
    assert meter.answer(bytes.fromhex("C002C100000007"), 16, NOW) == bytes.fromhex("C402C101000000070113")
    assert meter.answer(bytes.fromhex("C002C100000001"), 16, NOW) == bytes.fromhex("C402C101000000000110")


def test_get_list_in_blocks_tells_the_same_values_as_whole() -> None:
    targets = [Target(3, one.obis, 3) for one in model.REGISTERS]
    whole, parts = make(), make(limit=64)
    for client in (whole, parts):
        client.get_list(targets)
    assert whole.dialogue[-1].truth.values == parts.dialogue[-1].truth.values
    assert len(parts.dialogue) > len(whole.dialogue)


def test_selection_by_range_gives_rows_of_that_time() -> None:
    found = make().get(Target(7, model.PROFILE, 2, (1, range_parameters(NOW - 1800 * SECOND, NOW))))
    assert isinstance(found, dict)
    assert [str(members(row)[0]) for row in members(found)] == [
        str(octet_string(date_time(nanoseconds(2026, 3, 2, *clock)))) for clock in ((8, 45), (9, 0))
    ]


def test_selection_by_entry_gives_rows_and_columns_by_number() -> None:
    found = make().get(Target(7, model.PROFILE, 2, (2, entry_parameters(2, 4, 3, 3))))
    assert isinstance(found, dict)
    assert [len(members(row)) for row in members(found)] == [1, 1, 1]


def test_set_clock_moves_the_clock() -> None:
    client = make()
    client.set(CLOCK, octet_string(date_time(NOW + 3600 * SECOND)))
    client.wait(10_000)
    value = client.get(CLOCK)
    assert isinstance(value, dict)
    assert str(value["octet-string"]).startswith("07EA0302010B0E11")


def test_set_of_what_is_not_writable_or_of_another_type_is_refused() -> None:
    client = make()
    client.set(ENERGY, {"double-long-unsigned": 0})
    client.set(CLOCK, {"unsigned": 0})
    results = [one["set-response"]["set-response-normal"]["result"] for one in answers(client)[1:]]
    assert results == ["read-write-denied", "type-unmatched"]


def test_set_in_blocks_stores_the_whole() -> None:
    client = make()
    target, table = Target(20, model.CALENDAR, 9), model.day_profiles(5, chance=random.Random(1))
    client.set_blocks(target, table, 60)
    assert client.get(target) == table
    assert "set-response-last-datablock" in names(client)


def test_set_list_in_blocks_stores_each() -> None:
    client = make()
    name, table = Target(20, model.CALENDAR, 6), Target(20, model.CALENDAR, 9)
    forms: list[Form] = [octet_string(b"WINTER"), model.day_profiles(2, chance=random.Random(1))]
    client.set_list_blocks([(name, forms[0]), (table, forms[1])], 60)
    assert [client.get(name), client.get(table)] == forms
    assert "set-response-last-datablock-with-list" in names(client)


def test_set_list_gives_a_result_for_each() -> None:
    client = make()
    client.set_list([(Target(20, model.CALENDAR, 6), octet_string(b"X")), (ENERGY, {"double-long-unsigned": 0})])
    told = answers(client)[-1]["set-response"]["set-response-with-list"]
    assert told["result"] == ["success", "read-write-denied"]


def test_block_that_is_not_the_next_one_ends_a_long_set() -> None:
    meter = make().meter
    first = "C102C1 0014 00000D0000FF 06 00 00 00000001 02 0906"
    assert meter.answer(bytes.fromhex(first), 16, NOW) == bytes.fromhex("C502C100000001")
    assert meter.answer(bytes.fromhex("C103C1 01 00000003 01 41"), 16, NOW) == bytes.fromhex("C503C11300000003")
    assert meter.answer(bytes.fromhex("C103C1 01 00000002 01 41"), 16, NOW) == bytes.fromhex("C503C11200000002")


def test_action_switches_the_supply() -> None:
    client = make()
    assert client.action(Target(70, model.DISCONNECT, 1), {"integer": 0}) == 0
    assert client.get(Target(70, model.DISCONNECT, 3)) == {"enum": 0}


def test_action_with_a_long_answer_comes_in_pblocks() -> None:
    client = make(limit=256)
    certificate = client.action(Target(64, model.SECURITY_SETUP, 7), {"null-data": None})
    assert isinstance(certificate, dict)
    assert len(str(certificate["octet-string"])) == 2 * 600
    assert names(client).count("action-response-with-pblock") == 3


def test_action_with_a_long_parameter_goes_in_pblocks() -> None:
    client = make()
    block = structure({"double-long-unsigned": 3}, octet_string(bytes(512)))
    assert client.action_blocks(Target(18, model.IMAGE, 2), block, 200) == 0
    assert client.get(Target(18, model.IMAGE, 3)) == {"bit-string": "00010000"}
    assert names(client).count("action-response-next-pblock") == 2


def test_action_list_gives_a_result_for_each() -> None:
    client = make()
    zero: Form = {"integer": 0}
    client.action_list([(Target(70, model.DISCONNECT, 1), zero), (Target(70, model.DISCONNECT, 9), zero)])
    told = answers(client)[-1]["action-response"]["action-response-with-list"]["list-of-responses"]
    assert [one["result"] for one in told] == ["success", "read-write-denied"]


def test_access_reads_writes_and_invokes() -> None:
    client = make()
    client.access(
        [
            ("get", ENERGY, None),
            ("set", ENERGY, {"double-long-unsigned": 0}),
            ("action", Target(70, model.DISCONNECT, 1), {"integer": 0}),
            ("get", Target(7, model.PROFILE, 2, (2, entry_parameters(1, 1))), None),
        ]
    )
    told = answers(client)[-1]["access-response"]["access-response-body"]["access-response-specification"]
    assert [next(iter(one.values()))["result"] for one in told] == [
        "success",
        "read-write-denied",
        "success",
        "success",
    ]
    assert [one.attribute_id for one in client.dialogue[-1].truth.values] == [2, 2]


def test_response_echoes_invoke_id_and_priority() -> None:
    assert make().meter.answer(bytes.fromhex("C0014700080000010000FF0300"), 16, NOW) == bytes.fromhex("C401470010FFC4")


def test_push_lists_what_the_push_setup_names() -> None:
    meter = make().meter
    readings = pushed(meter, NOW)
    told = apdu_json(bytes(push(meter, readings, now_ns=NOW, invoke_id=7)))["data-notification"]
    assert told["long-invoke-id-and-priority"] == "00000007"
    assert told["notification-body"]["data-value"]["structure"][1:] == [reading.value for reading in readings]
    assert len(readings) == 6


def test_event_notification_names_its_attribute() -> None:
    told = apdu_json(bytes(event(Target(1, model.STATUS), {"unsigned": 4}, now_ns=NOW)))["event-notification-request"]
    assert told["attribute-value"] == {"unsigned": 4}
    assert told["time"] == date_time(NOW).hex().upper()


def test_time_goes_by_between_request_and_answer() -> None:
    client = make()
    client.get(ENERGY)
    times = [one.time_ns for one in client.dialogue]
    assert times == sorted(times)
    gaps = [b - a for a, b in pairwise(times)]
    assert all(8 * MILLISECOND <= gap <= 110 * MILLISECOND for gap in gaps)
    assert [one.direction for one in client.dialogue] == [TO_METER, TO_CLIENT] * 2


def test_object_list_names_every_object() -> None:
    client = make(rows=1)
    listed = client.get(Target(15, "0-0:40.0.0*255"))
    assert isinstance(listed, dict)
    assert len(members(listed)) == len(client.meter.objects)


def test_clock_goes_on_while_the_carrier_carries() -> None:
    meter = Meter(model.electricity_meter("1", start_ns=NOW, rows=1))
    client = Client(meter, 16, start_ns=NOW, seed=1, carrying_ms=(900.0, 1.0))
    client.associate()
    client.get(CLOCK)
    spoken = [len(one.octets) for one in client.dialogue]
    assert client.clock_ns - client.now_ns == 2 * 900 * MILLISECOND + sum(spoken) * MILLISECOND
    assert apdu_json(client.dialogue[-1].octets) == {
        "get-response": {
            "get-response-normal": {
                "invoke-id-and-priority": "C1",
                "result": {"data": octet_string(date_time(meter.now_ns))},
            }
        }
    }
