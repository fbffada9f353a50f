"""Over every layer: the command, the pickle and show2() give the packet again, whole or broken off; json() is JSON."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scapy.packet import Raw, fuzz

import dissectors.all as every
from dissectors.acse import Aare, Aarq
from dissectors.hdlc import Hdlc
from dissectors.mbus import Mbus
from dissectors.xdlms.get import GetRequestNormal, GetResponseNormal
from dissectors.xdlms.notification import DataNotification
from tests.dissectors.agreement import dissected
from tests.dissectors.layers import any_octets, each_layer, packets, sparing

NAMES: dict[str, Any] = {name: getattr(every, name) for name in every.__all__}


def made_again(packet: Any) -> Any:
    return eval(packet.command(), dict(NAMES))


@each_layer
@sparing
@given(data=st.data())
def test_json_has_all_fields_and_command_gives_the_octets_again(layer: Any, data: st.DataObject) -> None:
    NAMES.setdefault(layer.__name__, layer)
    packet = dissected(layer, data.draw(any_octets(layer)))
    assert {field.name for field in packet.fields_desc} <= set(json.loads(packet.json()))
    assume(bytes(packet))  # a layer of no octets is for Scapy one that is to be built
    again = made_again(packet)
    assert bytes(again) == bytes(packet)
    assert again.problem == packet.problem


@each_layer
@sparing
@given(data=st.data())
def test_packet_that_broke_off_shows_only_fields_seen_and_is_pickled_and_shown_anew(
    layer: Any, data: st.DataObject
) -> None:
    octets = bytes(data.draw(packets(layer)))
    packet = dissected(layer, octets[: data.draw(st.integers(1, len(octets)))])
    again, shown = pickle.loads(pickle.dumps(packet)), packet.show(dump=True)
    for field in layer.fields_desc:
        assert field.name in shown or field.name not in packet.fields
        if field.name not in packet.fields and packet.problem is not None:
            assert field not in packet.fields_desc, field.name
    assert (bytes(again), again.problem, again.show(dump=True)) == (bytes(packet), packet.problem, shown)
    assert packet.show2(dump=True) == shown


def test_json_writes_data_and_octets_as_the_records_do() -> None:
    form = json.loads(GetResponseNormal(result={"data": {"structure": [{"octet-string": "AB"}]}}).json())
    assert form["result"] == {"choice": 0, "data": {"structure": [{"octet-string": "AB"}]}}


def test_mbus_frame_that_lacks_octets_is_shown_twice() -> None:
    # the kind of vectors/broken.toml ams-sagemcom-gh143-3: the lengths count more octets than there are
    cut = bytes(Mbus() / Raw(bytes(20)))[:-5]
    packet = Mbus(cut)
    assert packet.problem is not None
    assert Mbus(bytes(packet)).show(dump=True) == packet.show2(dump=True)
    assert bytes(type(packet)(cut)) == cut


@pytest.mark.parametrize(
    ("layer", "octets"),
    [
        # vectors/push_other.toml ams-kaifa-gh493-1: a type tag 09 before the date-time
        (DataNotification, "0F 40000000 09 0C 07E70316 03 03 1C2A FF 8000 00 0201 06 000008E5"),
        # vectors/sessions.toml landis-sn-aarq: the conformance behind a tag of one octet
        (Aarq, "60 20 80 02 0780 A109 0607 60857405080102 BE0F 040D 01 000000 06 5F 04 00 181A20 0000"),
        # vectors/acse_apdu.toml opendlms-assoc-3-aare-no-auth-ok: a long form of a length that is short
        (Aare, "61 82000B A109 0607 60857405080101"),
    ],
)
def test_command_of_what_is_not_written_as_it_is_built_gives_its_octets(layer: Any, octets: str) -> None:
    packet = layer(bytes.fromhex(octets))
    assert bytes(made_again(packet)).hex() == bytes.fromhex(octets).hex()


def test_command_of_an_edited_packet_has_its_fields() -> None:
    frame = Hdlc(bytes(Hdlc() / GetRequestNormal()))
    frame[GetRequestNormal].cosem_attribute_descriptor.class_id = 7
    assert "class_id=7" in frame.command()
    assert bytes(made_again(frame)) == bytes(frame)


@each_layer
def test_default_and_fuzzed_packets_are_shown(layer: Any) -> None:
    for packet in (layer(), fuzz(layer())):
        shown = packet.show(dump=True)
        assert all(field.name in shown for field in layer.fields_desc)
        assert repr(packet).startswith("<")


def test_value_that_is_none_of_the_field_is_shown_as_it_is() -> None:
    packet = GetResponseNormal()
    packet.result.fields["data"] = 5
    assert "data      = 5" in packet.show(dump=True)


def test_command_of_the_deepest_data_runs() -> None:
    packet = GetResponseNormal(bytes.fromhex("C401C100") + bytes.fromhex("0201") * 100 + bytes.fromhex("0200"))
    assert packet.problem is None
    assert bytes(made_again(packet)) == bytes(packet)
