"""The simulated meter with short names."""

import random

import pytest

from analyzer.cosem.logical_name import obis_from_text
from analyzer.simulate import model
from analyzer.simulate.client_sn import ShortNameClient
from analyzer.simulate.forms import date_time, nanoseconds, octet_string
from analyzer.simulate.meter import Meter
from analyzer.simulate.notifications import information_report
from analyzer.simulate.object_lists import ASSOCIATION, with_short_names
from analyzer.simulate.profile import entry_parameters, members
from analyzer.simulate.sent import TO_CLIENT
from analyzer.simulate.speaker import Target
from dissectors.reader import apdu_json

NOW = nanoseconds(2026, 3, 3, 6, 30, 2)
ENERGY, CLOCK = Target(3, "1-0:1.8.0*255"), Target(8, model.CLOCK)


def make(*, limit: int = 1024) -> ShortNameClient:
    objects = with_short_names(model.electricity_meter("1", start_ns=NOW, rows=24))
    client = ShortNameClient(Meter(objects, max_receive_pdu_size=512), 16, start_ns=NOW, seed=1)
    client.associate(max_receive_pdu_size=limit)
    return client


def last(client: ShortNameClient) -> object:
    return apdu_json(client.dialogue[-1].octets)


def test_association_names_the_short_name_context_and_its_base() -> None:
    told = apdu_json(make().dialogue[-1].octets)["aare"]
    assert told["application-context-name"] == "2.16.756.5.8.1.2"
    assert told["user-information"]["initiateResponse"]["vaa-name"] == 0xFA00


def test_short_names_of_all_attributes_are_different() -> None:
    names = [one.short_name(number) for one in make().meter.objects.values() for number in (1, *one.attributes)]
    names += [one.short_method(number) for one in make().meter.objects.values() for number in one.methods]
    assert len(set(names)) == len(names)


def test_read_of_several_names_gives_each() -> None:
    client = make()
    assert client.read(ENERGY, Target(3, "1-0:1.8.0*255", 3)) == [
        {"double-long-unsigned": 74565120},
        {"structure": [{"integer": 0}, {"enum": 30}]},
    ]


def test_object_list_has_the_association_at_its_base_name() -> None:
    (listed,) = make().read(Target(12, ASSOCIATION))
    assert isinstance(listed, dict)
    assert members(members(listed)[-1])[0] == {"long": 0xFA00 - 0x10000}


def test_long_read_comes_in_blocks_and_gives_the_same() -> None:
    small = make(limit=128)
    (whole,), (parts,) = make().read(Target(7, model.PROFILE)), small.read(Target(7, model.PROFILE))
    assert whole == parts
    sizes = [len(one.octets) for one in small.dialogue if one.direction == TO_CLIENT][1:]
    assert len(sizes) > 4
    assert max(sizes) <= 128


def test_read_of_the_wrong_block_is_refused() -> None:
    client = make(limit=128)
    name = client.name(Target(7, model.PROFILE))
    client.meter.answer(bytes.fromhex("050102") + name.to_bytes(2, "big"), 16, NOW)
    assert client.meter.answer(bytes.fromhex("0501050009"), 16, NOW) == bytes.fromhex("0C010113")
    assert client.meter.answer(bytes.fromhex("0501050001"), 16, NOW) == bytes.fromhex("0C010110")


def test_parameterized_read_selects_rows() -> None:
    (rows,) = make().read(Target(7, model.PROFILE, 2, (2, entry_parameters(1, 3))))
    assert isinstance(rows, dict)
    assert len(members(rows)) == 3


def test_read_of_an_unknown_name_gives_object_undefined() -> None:
    assert make().meter.answer(bytes.fromhex("0501020003"), 16, NOW) == bytes.fromhex("0C010104")


def test_read_in_request_blocks_is_answered_after_the_last() -> None:
    client = make()
    raw = bytes.fromhex("0102") + client.name(ENERGY).to_bytes(2, "big")
    first = client.meter.answer(bytes.fromhex("0501 06 00 0001 02") + raw[:2], 16, NOW)
    second = client.meter.answer(bytes.fromhex("0501 06 01 0002 02") + raw[2:], 16, NOW)
    assert first == bytes.fromhex("0C01030001")
    assert second == bytes.fromhex("0C010006") + (74565120).to_bytes(4, "big")


def test_write_gives_a_result_for_each() -> None:
    client = make()
    client.write((client.name(CLOCK), octet_string(date_time(NOW))), (client.name(ENERGY), {"double-long-unsigned": 0}))
    assert last(client) == {"writeResponse": [{"success": None}, {"data-access-error": "read-write-denied"}]}


def test_write_to_a_method_invokes_it() -> None:
    client = make()
    client.write((client.method_name(Target(70, model.DISCONNECT, 1)), {"integer": 0}))
    assert client.read(Target(70, model.DISCONNECT, 3)) == [{"enum": 0}]


def test_write_in_blocks_stores_the_whole() -> None:
    client = make()
    target, table = Target(20, model.CALENDAR, 9), model.day_profiles(3, chance=random.Random(1))
    client.write_blocks([(client.name(target), table)], 60)
    assert last(client) == {"writeResponse": [{"success": None}]}
    assert client.read(target) == [table]


def test_unconfirmed_write_is_done_and_not_answered() -> None:
    client = make()
    target = Target(20, model.CALENDAR, 6)
    before = len(client.dialogue)
    client.write_unconfirmed((client.name(target), octet_string(b"WINTER")))
    assert len(client.dialogue) == before + 1
    assert client.read(target) == [octet_string(b"WINTER")]


@pytest.mark.parametrize("time", [None, "20260303063002Z"])
def test_information_report_tells_names_and_values(time: str | None) -> None:
    told = apdu_json(bytes(information_report([0x0108], [{"unsigned": 1}], current_time=time)))
    assert told["informationReportRequest"]["list-of-data"] == [{"unsigned": 1}]
    assert told["informationReportRequest"].get("current-time") == time


def test_logical_names_stay_readable() -> None:
    assert make().read(Target(3, "1-0:1.8.0*255", 1)) == [octet_string(obis_from_text("1-0:1.8.0*255"))]
