"""Over every layer: built packets read back, copies stand alone, fuzzed ones read; edits reach the octets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.packet import NoPayload, Packet, Raw, fuzz

from dissectors import checks, reader
from dissectors.acse import Aare, Aarq
from dissectors.characters import Sign
from dissectors.hdlc import FlagField, Hdlc, HdlcParameters
from dissectors.iec62056_21 import DataMessage
from dissectors.llc import Llc
from dissectors.regions import Length
from dissectors.tree import Severity
from dissectors.wrapper import Wrapper
from dissectors.xdlms.action import ActionRequestNormal
from dissectors.xdlms.ciphered import GeneralGloCiphering, GloGetRequest
from dissectors.xdlms.descriptors import AccessSelection, CosemAttributeDescriptor
from dissectors.xdlms.error import ConfirmedServiceError, ExceptionResponse
from dissectors.xdlms.get import GetRequestNormal, GetRequestWithList, GetResponseNormal, GetResponseWithList
from dissectors.xdlms.initiate import InitiateResponse
from dissectors.xdlms.set import SetRequestWithList, SetResponseWithList
from dissectors.xdlms.short_name import ReadResponse
from tests.dissectors.agreement import dissected, without_caches
from tests.dissectors.layers import APDUS, CARRIERS, any_octets, each_layer, packets, sparing

# Computed while not given, so a packet that was read has a number where the one that was built has none.
COMPUTED = {"length", "length_again", "group_length", "frame_length", "hcs", "fcs", "checksum", "bcc", "crc"}


def assert_same_fields(made: Any, read: Any) -> None:
    for field in type(made).fields_desc:
        if field.name not in COMPUTED and field.name != "information":
            one, two = made.getfieldval(field.name), read.getfieldval(field.name)
            if isinstance(one, Packet):
                assert type(one) is type(two), field.name
                assert_same_fields(one, two)
            else:
                assert one == two, field.name


# -- every layer ------------------------------------------------------------------------------------------------------


@each_layer
@sparing
@given(data=st.data())
def test_built_packet_reads_back_field_by_field_and_builds_from_its_fields(layer: Any, data: st.DataObject) -> None:
    made = data.draw(packets(layer))
    read = layer(bytes(made))
    assert read.problem is None
    assert_same_fields(made, read)
    assert bytes(read.payload) == bytes(made.payload)
    assert bytes(without_caches(read)) == bytes(made)


@each_layer
@sparing
@given(data=st.data())
def test_octets_as_read_come_back_and_copy_is_equal(layer: Any, data: st.DataObject) -> None:
    octets = data.draw(any_octets(layer))
    packet = dissected(layer, octets)
    copied = packet.copy()
    assert bytes(packet) == bytes(copied) == octets
    assert bytes(next(iter(packet))) == octets
    assert copied == packet
    assert (copied.problem, copied.show(dump=True)) == (packet.problem, packet.show(dump=True))


@each_layer
def test_copy_is_independent(layer: Any) -> None:
    original = layer()
    before, copied = bytes(original), original.copy()
    for field in layer.fields_desc:
        value = copied.getfieldval(field.name)
        if isinstance(value, list):
            value.append(value)
        elif isinstance(value, Packet):
            for name in [one.name for one in value.fields_desc]:
                setattr(value, name, None)
    assert bytes(original) == before
    assert bytes(layer()) == before


@each_layer
def test_fuzzed_packet_builds_and_reads(layer: Any) -> None:
    for _ in range(30):
        octets = bytes(fuzz(layer()))
        assert bytes(dissected(layer, octets)) == octets


@each_layer
def test_octets_of_any_kind_are_read_alike(layer: Any) -> None:
    octets = bytes(layer())
    assert layer(memoryview(octets)) == layer(bytearray(octets)) == layer(octets)


@each_layer
def test_default_packet_reads_without_error(layer: Any) -> None:
    root = reader.tree(layer, bytes(layer()))
    assert [note for note in root.all_notes() if note.severity >= Severity.WARNING] == []


@each_layer
def test_dissected_nothing_shows_no_default_as_if_seen(layer: Any) -> None:
    packet = dissected(layer, b"")
    seen = {field.name for field in packet.fields_desc}
    assert bytes(packet) == b""
    if type(layer.fields_desc[0]) not in (FlagField, Sign):  # these may be left out, so reading breaks off later
        assert seen == {"undecoded"}
    assert packet.problem is not None or layer is DataMessage  # of which all may be left out


# -- what goes by field -----------------------------------------------------------------------------------------------


def test_partial_packet_names_its_problem_and_keeps_the_rest() -> None:
    octets = bytes.fromhex(
        "C001 C1"  # get-request-normal, invoke-id-and-priority
        "0008 0000010000"  # class-id, five of the six octets of the instance-id
    )
    packet = GetRequestNormal(octets)
    assert packet.problem == "needs 6 octets, 5 left"
    descriptor = packet.cosem_attribute_descriptor
    assert (descriptor.class_id, descriptor.undecoded) == (8, bytes.fromhex("0000010000"))
    assert "attribute_id" not in packet.show(dump=True)
    assert "access_selection" not in packet.show(dump=True)
    assert bytes(packet) == octets
    with pytest.raises(AttributeError):
        _ = packet.access_selection


# -- Data is a value, never one of Scapy's ranges -----------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 5, 17, 18, 19, 500, 0xFFFF])
def test_data_of_a_number_is_no_range(number: int) -> None:
    packet = GetResponseNormal(result={"data": {"long-unsigned": number}})
    assert bytes(packet) == bytes.fromhex("C401C1 00 12") + number.to_bytes(2, "big")


def test_optional_list_given_is_one_value() -> None:
    from dissectors.xdlms.access import AccessResponseBody

    assert bytes(AccessResponseBody(access_request_specification=[]))[:2] == b"\x01\x00"


def test_list_for_a_plain_field_gives_one_packet_each() -> None:
    built = [bytes(one) for one in CosemAttributeDescriptor(class_id=[3, 8], attribute_id=2)]
    assert [octets[:2].hex() for octets in built] == ["0003", "0008"]


def test_random_value_inside_is_drawn_once_for_each_packet() -> None:
    fixed = next(iter(fuzz(Wrapper()) / fuzz(GetRequestNormal())))
    assert bytes(fixed) == bytes(fixed)


# -- edits ------------------------------------------------------------------------------------------------------------

GET_CLOCK = {"class_id": 8, "instance_id": "0.0.1.0.0.255", "attribute_id": 2}


def test_wrapper_length_follows_an_edit_of_a_grandchild() -> None:
    packet = Wrapper(bytes(Wrapper() / GetRequestNormal(cosem_attribute_descriptor=GET_CLOCK)))
    before = bytes(packet)
    packet[GetRequestNormal].cosem_attribute_descriptor.attribute_id = 3
    assert bytes(packet) == before[:-2] + b"\x03\x00"
    packet[GetRequestNormal].access_selection = AccessSelection(access_selector=2, access_parameters=(18, 5))
    after = bytes(packet)
    assert int.from_bytes(after[6:8], "big") == len(after) - 8 == len(before) - 8 + 4
    assert after.endswith(bytes.fromhex("0301 02 120005"))


def test_wrong_wrapper_length_stays_when_the_inside_is_edited() -> None:
    octets = bytes(Wrapper(length=99) / GetRequestNormal())
    packet = Wrapper(octets)
    packet.payload.cosem_attribute_descriptor.class_id = 3
    assert bytes(packet)[6:8] == b"\x00\x63"


def test_hdlc_checks_and_length_follow_an_edit_of_a_grandchild() -> None:
    made = Hdlc(destination_address="1.17", source_address=16, control=0x10) / Llc() / GetRequestNormal()
    packet = Hdlc(bytes(made))
    packet[GetRequestNormal].cosem_attribute_descriptor.class_id = 0x1234
    packet[GetRequestNormal].access_selection = AccessSelection(access_parameters=(9, bytes(200)))
    octets = bytes(packet)
    assert b"\x12\x34" in octets
    assert int.from_bytes(octets[1:3], "big") & 0x7FF == len(octets) - 2
    assert checks.fcs_is_good(octets[1:-1])
    assert checks.fcs_is_good(octets[1:9])
    assert Hdlc(octets)[GetRequestNormal].access_selection.access_parameters == (9, bytes(200))


def test_hdlc_edit_of_its_own_field_follows_in_both_checks() -> None:
    packet = Hdlc(bytes(Hdlc(control=0x10) / Llc() / GetRequestNormal()))
    packet.control = 0x32
    octets = bytes(packet)
    assert octets[5] == 0x32
    assert checks.fcs_is_good(octets[1:8])
    assert checks.fcs_is_good(octets[1:-1])


def test_hdlc_wrong_fcs_as_read_stays_wrong() -> None:
    octets = bytearray(bytes(Hdlc(control=0x10) / Llc() / GetRequestNormal()))
    octets[-2] ^= 0x01
    packet = Hdlc(bytes(octets))
    assert bytes(packet) == bytes(octets)


def test_hdlc_without_information_loses_its_hcs_with_its_payload() -> None:
    packet = Hdlc(bytes(Hdlc() / Llc()))
    packet.remove_payload()
    octets = bytes(packet)
    assert len(octets) == 9
    assert checks.fcs_is_good(octets[1:-1])


def test_hdlc_given_checks_are_kept() -> None:
    octets = bytes(Hdlc(hcs=0x1122, fcs=0x3344) / Llc())
    assert octets[6:8] == b"\x22\x11"
    assert octets[-3:-1] == b"\x44\x33"


def test_list_item_edited_changes_its_octets_alone() -> None:
    items = [{"cosem_attribute_descriptor": {**GET_CLOCK, "attribute_id": number}} for number in range(1, 6)]
    packet = GetRequestWithList(bytes(GetRequestWithList(attribute_descriptor_list=items)))
    before = bytes(packet)
    packet.attribute_descriptor_list[3].cosem_attribute_descriptor.attribute_id = 9
    after = bytes(packet)
    assert [at for at in range(len(before)) if before[at] != after[at]] == [4 + 3 * 10 + 8]


def test_list_grows_by_append() -> None:
    packet = GetResponseWithList(bytes(GetResponseWithList(result=[{"data": {"long": 1}}])))
    packet.result.append({"data-access-result": "object-undefined"})
    assert bytes(packet) == bytes.fromhex("C403C1 02 00 10 0001 01 04")


def test_initiate_inside_an_aare_edited_is_built() -> None:
    inside = InitiateResponse(negotiated_conformance=["get", "set"], server_max_receive_pdu_size=500)
    packet = Aare(bytes(Aare(user_information=inside)))
    before = bytes(packet)
    packet.user_information.server_max_receive_pdu_size = 0x0400
    assert bytes(packet) == before.replace(b"\x01\xf4", b"\x04\x00")
    packet.user_information.negotiated_quality_of_service = 1
    longer = bytes(packet)
    assert (longer[1], len(longer)) == (before[1] + 1, len(before) + 1)
    assert Aare(longer).user_information.negotiated_quality_of_service == 1


def test_length_given_is_kept_and_computed_again_after_none() -> None:
    packet = GloGetRequest(length=3, ciphered=b"\x01\x02")
    assert bytes(packet)[1] == 3
    packet.length = None
    assert bytes(packet)[1] == len(bytes(packet)) - 2


def test_authentication_tag_follows_the_security_control() -> None:
    with_tag, without = GloGetRequest(authentication=1), GloGetRequest(authentication=0)
    assert len(bytes(with_tag)) == len(bytes(without)) + 12


def test_long_region_gets_a_long_length() -> None:
    octets = bytes(GeneralGloCiphering(system_title=b"MDMID000", ciphered=bytes(300)))
    assert octets[10:13] == bytes.fromhex("82013D")  # 5 of security header, 300, 12 of tag
    assert len(octets) == 13 + 5 + 300 + 12


@pytest.mark.parametrize("count", [100, 101, 127, 128, 500])
def test_long_list_is_whole(count: int) -> None:
    results = SetResponseWithList(bytes(SetResponseWithList(result=[index % 20 for index in range(count)])))
    assert results.result == [index % 20 for index in range(count)]
    items = [{"cosem_attribute_descriptor": {**GET_CLOCK, "class_id": index}} for index in range(count)]
    packet = GetRequestWithList(bytes(GetRequestWithList(attribute_descriptor_list=items)))
    assert [one.cosem_attribute_descriptor.class_id for one in packet.attribute_descriptor_list] == list(range(count))
    values = [(17, index % 256) for index in range(count)]
    read = SetRequestWithList(bytes(SetRequestWithList(value_list=values)))
    assert read.value_list == values
    many = ReadResponse(bytes(ReadResponse(results=[{"data": {"unsigned": 1}}] * count)))
    assert len(many.results) == count
    assert len(reader.tree(SetResponseWithList, bytes(results)).all_notes()) == 0


# -- what a user may write --------------------------------------------------------------------------------------------


def test_identifiers_names_and_hex_are_accepted() -> None:
    assert bytes(ExceptionResponse(state_error="service-not-allowed", service_error="invocation-counter-error")) == (
        bytes.fromhex("D801 06 00000000")
    )
    assert bytes(Aarq(mechanism_name="2.16.756.5.8.2.1", calling_authentication_value={"charstring": "31"})) == (
        bytes.fromhex("6019 A109 0607 60857405080101 8B07 60857405080201 AC03 80 01 31")
    )
    action = ActionRequestNormal(
        cosem_method_descriptor={"class_id": 70, "instance_id": "0-0:96.3.10*255", "method_id": 1},
        method_invocation_parameters={"integer": 0},
    )
    assert bytes(action) == bytes.fromhex("C301C1 0046 000060030AFF 01 01 0F00")


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: CosemAttributeDescriptor(instance_id=b"short"), "6 octets needed"),
        (lambda: ExceptionResponse(state_error="no-such"), "none of"),
        (lambda: GetResponseNormal(result={"no-such": 1}), "none of its alternatives"),
        (lambda: GetResponseNormal(result={"data": {"no-such": 1}}), "is no Data type"),
    ],
)
def test_wrong_value_is_refused_with_the_reason(make: Any, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        bytes(make())


def test_service_error_is_named_by_its_class() -> None:
    packet = ConfirmedServiceError(service="read", error_class="access", error="scope-of-access-violated")
    assert reader.apdu_json(bytes(packet)) == {
        "confirmedServiceError": {"read": {"access": "scope-of-access-violated"}}
    }


def test_hdlc_parameters_compute_their_length() -> None:
    assert bytes(HdlcParameters()) == bytes.fromhex("818012 050180 060180 0704 00000001 0804 00000001")


def test_hdlc_parameters_in_a_list_are_one_value() -> None:
    assert bytes(HdlcParameters(parameters=[(5, 512, 2), (7, 1, 4)])).hex() == "81800a" + "05020200" + "070400000001"


def test_hdlc_length_is_computed_again_after_none() -> None:
    frame = Hdlc(bytes(Hdlc() / Llc() / GetRequestNormal()))
    octets = bytes(frame)
    frame.frame_length = frame.hcs = frame.fcs = None
    assert bytes(frame) == octets


def test_payload_is_chosen_by_tag_and_octets() -> None:
    assert Wrapper(bytes(Wrapper() / GetRequestNormal())).haslayer(GetRequestNormal)
    assert Wrapper(bytes(Wrapper() / Raw(b"\xaa\xbb"))).payload.load == b"\xaa\xbb"
    assert isinstance(Wrapper(bytes(Wrapper())).payload, NoPayload)
    two = bytes(Wrapper() / GetRequestNormal()) * 2
    first = Wrapper(two)
    assert bytes(first) == two
    assert bytes(first[GetRequestNormal])[:2] == b"\xc0\x01"


def test_registered_layers_say_where_they_are_specified() -> None:
    from dissectors import registry

    assert {layer.asn1 for layer in APDUS} <= set(registry.CLAUSES)
    assert all(field.name != "length" or isinstance(field, Length) for layer in APDUS for field in layer.fields_desc)
    assert CARRIERS


@pytest.mark.parametrize("octets", ["7e", "7ea0", "7ea007", "7ea00703", "a007", "7ea0070321"])
def test_partial_frame_has_a_summary(octets: str) -> None:
    assert "partial" in Hdlc(bytes.fromhex(octets)).summary()


def test_frame_that_its_length_field_cannot_tell_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        bytes(Hdlc() / Raw(b"x" * 3000))


def test_mapping_with_the_names_of_the_standard_is_taken_for_a_sequence() -> None:
    packet = GetRequestNormal(bytes.fromhex("C001C100030100010800FF0200"))
    packet.access_selection = {"access-selector": 1, "access-parameters": {"structure": []}}
    assert bytes(packet).hex().upper() == "C001C100030100010800FF0201010200"


@pytest.mark.parametrize("text", ["1-0:1.8.0*255", "1.0.1.8.0.255", "1-0:1.8.0", "0100010800FF", "01 00 01 08 00 FF"])
def test_logical_name_is_taken_as_people_write_it(text: str) -> None:
    assert CosemAttributeDescriptor(instance_id=text).instance_id == bytes((1, 0, 1, 8, 0, 255))


@pytest.mark.parametrize("text", ["1.8.0", "1-0:1.8.x*255", "1-0:1.8.0*999", "clock"])
def test_logical_name_that_is_none_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"instance_id: an OBIS code such as 1-0:1\.8\.0\*255 was expected, not"):
        CosemAttributeDescriptor(instance_id=text)


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (lambda: GetResponseNormal(result={"data": {"long-unsigned": 70000}}), "long-unsigned: .* 0 to 65535 .* 70000"),
        (lambda: GetResponseNormal(result={"data": {"integer": -129}}), "integer: .* -128 to 127 .* -129"),
        (lambda: GetResponseNormal(result={"data": {"float32": 1e39}}), "float32: a number up to .* not 1e[+]39"),
        (lambda: CosemAttributeDescriptor(class_id=70000), "class_id: .* 0 to 65535 .* 70000"),
    ],
)
def test_number_that_does_not_fit_is_refused_by_its_name_and_range(layer: Callable[[], Packet], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        bytes(layer())
