"""What a user may write for a field, and how what is none of its values is refused: by the name of the field."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from scapy.packet import Packet, Raw, fuzz

from dissectors import reader
from dissectors.acse import Aare, Aarq, Rlrq
from dissectors.data_sets import DataSet, Value
from dissectors.hdlc import Address, Hdlc, HdlcParameters
from dissectors.iec62056_21 import DataMessage, IdentificationMessage, ProgrammingCommand
from dissectors.llc import Llc
from dissectors.mbus import Mbus, MbusShort
from dissectors.wrapper import Wrapper
from dissectors.xdlms.access import AccessRequest
from dissectors.xdlms.action import ActionRequestNormal, ActionResponseNormal
from dissectors.xdlms.ciphered import GeneralCiphering, GeneralSigning, GloGetRequest
from dissectors.xdlms.descriptors import AccessSelection
from dissectors.xdlms.error import ConfirmedServiceError, ExceptionResponse
from dissectors.xdlms.general_block_transfer import GeneralBlockTransfer
from dissectors.xdlms.get import GetRequestNormal, GetResponseNormal, GetResponseWithList
from dissectors.xdlms.initiate import InitiateRequest
from dissectors.xdlms.notification import DataNotification

LLS = bytes.fromhex(
    "6036 A109 0607 60857405080101 8A02 0780 8B07 60857405080201 AC0A 80 08 3132333435363738"
    "BE10 04 0E 01 00 00 00 06 5F1F0400 007E1F 04B0"
)
INITIATE = {"proposed-conformance": 0x007E1F, "client-max-receive-pdu-size": 1200}


# -- forms that are accepted ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("requirements", [["authentication"], ("authentication",), "authentication"])
@pytest.mark.parametrize(
    "value", [b"12345678", "3132333435363738", {"charstring": "3132333435363738"}, ("charstring", b"12345678")]
)
def test_password_of_an_aarq_is_taken_in_every_form(requirements: Any, value: Any) -> None:
    aarq = Aarq(
        sender_acse_requirements=requirements,
        mechanism_name="2.16.756.5.8.2.1",
        calling_authentication_value=value,
        user_information={"initiateRequest": INITIATE},
    )
    assert bytes(aarq) == LLS


def test_diagnostic_without_a_name_is_that_of_the_user() -> None:
    named = Aare(result=1, result_source_diagnostic={"acse-service-user": "authentication-failure"})
    assert bytes(Aare(result=1, result_source_diagnostic="authentication-failure")) == bytes(named)
    assert bytes(Aare(result=1, result_source_diagnostic=13)) == bytes(named)


def test_requirement_without_a_name_is_built_as_it_was_read() -> None:
    aarq = Aarq(bytes.fromhex("600F A109 0607 60857405080101 8A02 06C0"))
    assert aarq.sender_acse_requirements == ("authentication", "bit-1")
    aarq.application_context_name = "2.16.756.5.8.1.2"
    assert bytes(aarq)[-2:].hex() == "06c0"


@pytest.mark.parametrize(
    "octets",
    [
        LLS.hex(),
        "DF 08 0000000000000001 00 00 00 00 0D C001C1 0008 0000010000FF 02 00 40" + "5A" * 64,
        "6203 80 01 00",
        "0E 01 06 02",
        "0E 63 07 09",
        "D9 40000000 00 01 01 0008 0000010000FF 02 01 00",
    ],
)
def test_json_form_of_an_apdu_makes_its_layer(octets: str) -> None:
    from dissectors import registry

    whole = bytes.fromhex(octets)
    assert bytes(registry.from_json(reader.apdu_json(whole))) == whole


def test_apdu_that_json_does_not_name_is_refused() -> None:
    with pytest.raises(ValueError, match="content: no-such is no APDU"):
        GeneralSigning(content={"no-such": {}})


def test_bits_that_stand_together_are_taken_together_in_a_mapping() -> None:
    form = {"security-control": "30", "invocation-counter": 7, "ciphered": "AA", "tag": "00" * 12}
    assert bytes(GloGetRequest.from_value(form)).hex() == "c8123000000007aa" + "00" * 12


def test_information_given_as_a_field_is_carried() -> None:
    read = GetRequestNormal()
    assert bytes(Hdlc(information=b"\xe6\xe6\x00" + bytes(read))) == bytes(Hdlc() / Llc() / read)
    assert bytes(Hdlc(information="E6E600") / read) == bytes(Hdlc() / Llc() / read)
    assert bytes(Mbus(information="0102")) == bytes(Mbus() / Raw(b"\x01\x02"))


def test_fuzzed_frame_carries_its_payload_alone() -> None:
    for _ in range(20):
        assert len(bytes(fuzz(Hdlc()) / Raw(b"xx"))) == len(bytes(Hdlc() / Raw(b"xx")))


def test_packet_is_taken_for_its_octets() -> None:
    request = GetRequestNormal(invoke_id=3)
    assert GeneralBlockTransfer(block_data=request).block_data == bytes(request)
    assert bytes(GloGetRequest(ciphered=request)) == bytes(GloGetRequest(ciphered=bytes(request)))


def test_member_that_is_added_by_its_fields_is_shown_as_it_is_built() -> None:
    answer = GetResponseWithList(bytes(GetResponseWithList()))
    results = answer.result
    results.append({"data": {"unsigned": 1}})
    assert "{'unsigned': 1}" in answer.show(dump=True)
    results.append({"data": {"unsigned": 2}})
    assert bytes(answer).hex() == "c403c1020011010011" + "02"


# -- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Hdlc(destination_address=200), "destination_address: parts up to 127 fit into 1 octet, not .* 200"),
        (lambda: Hdlc(source_address="1.20000"), "source_address: parts up to 16383 fit into 4 octets, .* 1.20000"),
        (lambda: Hdlc(source_address=Address(1, 300, 2)), "source_address: parts up to 127 fit into 2 octets"),
        (lambda: Hdlc(source_address=-1), "source_address: parts up to 127"),
        (lambda: Hdlc(source_address="meter"), "source_address: an address such as 16 or 1.17 was expected"),
        (lambda: Hdlc(control=300), "control: a whole number from 0 to 255"),
        (lambda: Hdlc(fcs=70000), "fcs: a whole number from 0 to 65535"),
        (lambda: Wrapper(source_wport=70000), "source_wport: a whole number from 0 to 65535"),
        (lambda: Wrapper() / Raw(bytes(70000)), "length: a whole number from 0 to 65535"),
        (lambda: Mbus(address=300), "address: a whole number from 0 to 255"),
        (lambda: MbusShort(address=300), "address: a whole number from 0 to 255"),
        (lambda: GetResponseNormal(result=5), "result: a packet, its fields by name or octets .* not 5"),
        (lambda: GetRequestNormal(access_selection=True), "access_selection: a packet, .* not True"),
        (lambda: GeneralSigning(content=300), "content: a packet, .* not 300"),
        (lambda: Aarq(user_information=300), "user_information: a packet, .* not 300"),
        (lambda: GetResponseWithList(result={"data": {"unsigned": 1}}), "result: a list was expected, not .*data"),
        (lambda: GetRequestNormal(cosem_attribute_descriptor={"obis": "1"}), "CosemAttributeDescriptor has no obis"),
        (lambda: GetRequestNormal(cosem_attribute_descriptor={"class_id": 70000}), "class_id: a whole number"),
        (lambda: Aarq(mechanism_name="lls"), "mechanism_name: an object identifier such as .* not 'lls'"),
        (lambda: Aarq(calling_ap_title="MMM"), "calling_ap_title: octets in hex such as 0A 1B .* not 'MMM'"),
        (lambda: Aarq(sender_acse_requirements="none"), "sender_acse_requirements: 'none' is none of authentication"),
        (
            lambda: Aarq(calling_authentication_value={"text": "31"}),
            "calling_authentication_value: 'text' is none of ch",
        ),
        (lambda: Aare(result="no"), "result: 'no' is none of accepted, rejected-permanent"),
        (lambda: Rlrq(reason="no"), "reason: 'no' is none of normal"),
        (lambda: InitiateRequest(proposed_conformance=["get", "gett"]), "proposed_conformance: gett: none of .* get,"),
        (lambda: InitiateRequest(proposed_conformance="gett"), "proposed_conformance: gett: none of"),
        (lambda: ConfirmedServiceError(service=5, error="no"), "error: 'no' is none of"),
        (lambda: Hdlc(segmentation=3), "segmentation: a whole number from 0 to 1 was expected, not 3"),
        (lambda: Hdlc(format_type=99), "format_type: a whole number from 0 to 15 was expected, not 99"),
        (lambda: Hdlc(frame_length=3000), "frame_length: a whole number from 0 to 2047 was expected, not 3000"),
        (lambda: Hdlc(segmentation="yes"), "segmentation: a whole number from 0 to 1 was expected, not 'yes'"),
        (lambda: Hdlc(information=5), "information: a packet, its fields by name or octets were expected, not 5"),
        (lambda: Mbus(information=5), "information: a packet, .* not 5"),
        (lambda: GetRequestNormal(invoke_id=99), "invoke_id: a whole number from 0 to 15 was expected, not 99"),
        (lambda: GetRequestNormal(invoke_id=-1), "invoke_id: a whole number from 0 to 15 was expected, not -1"),
        (lambda: GloGetRequest.from_value({"security-control": 0x130}), "security_control: a whole number from 0 to 2"),
        (lambda: GloGetRequest.from_value({"security-control": "3G"}), "security_control: a number or .* not '3G'"),
        (lambda: Aarq(mechanism_name="5.99"), "mechanism_name: an object identifier such as .* not '5.99'"),
        (lambda: Aarq(mechanism_name="1.40"), "mechanism_name: an object identifier such as .* not '1.40'"),
        (lambda: Aarq(mechanism_name="2."), r"mechanism_name: an object identifier such as .* not '2\.'"),
        (lambda: Aarq(mechanism_name="2..1"), r"mechanism_name: an object identifier such as .* not '2\.\.1'"),
        (lambda: Aarq(mechanism_name=f"2.{1 << 112}"), "mechanism_name: an object identifier such as .* not '2.5"),
        (lambda: Aarq(user_information={"initiateRequest": 5}), "user_information: the fields of InitiateR.* not 5"),
        (lambda: GetRequestNormal(cosem_attribute_descriptor={"class_id": 1, "attribute_id": "x"}), "attribute_id: a "),
        (lambda: Hdlc(source_address=(1, 2, 3, 4)), "source_address: an address such as 16 or 1.17 was expected"),
        (lambda: Hdlc(source_address=None), "source_address: an address such as 16 or 1.17 was expected, not None"),
        (lambda: Hdlc(opening_flag="7E"), "opening_flag: a whole number from 0 to 255 was expected, not '7E'"),
        (lambda: HdlcParameters(parameters=[(5, 512)]), "parameters: identifier, value and octets .* not .*512"),
        (lambda: Mbus(length=300), "length: a whole number from 0 to 255 was expected, not 300"),
        (lambda: Mbus(stop=None), "stop: a whole number from 0 to 255 was expected, not None"),
        (lambda: MbusShort(checksum="zz"), "checksum: a whole number from 0 to 255 was expected, not 'zz'"),
        (lambda: GloGetRequest(length="zz"), "length: 'zz' was not expected"),
        (lambda: GetResponseNormal(result={"data": 5}), "data: Data is written .*, not 5"),
        (lambda: DataNotification(date_time="2024-01-01"), "date_time: octets in hex such as .* not '2024-01-01'"),
    ],
)
def test_value_that_does_not_fit_is_refused_by_the_name_of_its_field(make: Callable[[], Packet], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        bytes(make())


def test_value_that_is_set_later_is_refused_by_the_name_of_its_field() -> None:
    packet = ExceptionResponse()
    with pytest.raises(ValueError, match="state_error: 'no-such' is none of"):
        packet.state_error = "no-such"


def test_field_that_there_is_not_is_told_as_scapy_does() -> None:
    with pytest.raises(AttributeError, match="class_id"):
        GetRequestNormal(class_id=8)


# -- what stands inside -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("packet", "inside"),
    [
        (GetRequestNormal(access_selection=AccessSelection()), AccessSelection),
        (Aarq(user_information=InitiateRequest()), InitiateRequest),
        (GeneralSigning(content=GetRequestNormal()), GetRequestNormal),
        (ActionResponseNormal(single_response={"return_parameters": {"data": {"unsigned": 1}}}), "ResultData"),
        (GeneralCiphering(key_info={"wrapped-key": {}}), "WrappedKey"),
        (AccessRequest(access_request_body={"access_request_specification": [{"access-request-get": {}}]}),
         "AccessRequestGet"),
    ],
)  # fmt: skip
def test_layer_inside_an_optional_field_or_an_apdu_is_found(packet: Any, inside: Any) -> None:
    read = type(packet)(bytes(packet))
    assert packet.haslayer(inside)
    assert bytes(read.getlayer(inside)) == bytes(packet[inside])
    assert f"<{read[inside].__class__.__name__} " in repr(read)


def test_absent_optional_layer_is_not_found() -> None:
    assert not GetRequestNormal(bytes(GetRequestNormal())).haslayer(AccessSelection)
    assert not ActionRequestNormal().haslayer("ResultData")


def test_layer_that_broke_off_is_found_by_its_class() -> None:
    packet = Wrapper(bytes.fromhex("0001 0010 0001 0006 C001C1000800"))
    assert packet[GetRequestNormal].problem is not None
    assert GetRequestNormal in packet
    assert GetResponseNormal not in packet


# -- texts ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sets",
    [
        ["1.8.0(000123.45*kWh)(5)"],
        [{"id": "1.8.0", "values": [{"value": "000123.45", "unit": "kWh"}, {"value": "5"}]}],
        [("1.8.0", [("000123.45", "kWh"), "5"])],
        [("1.8.0", ["000123.45*kWh", "5"], "\r\n")],
        [DataSet(b"1.8.0", (Value(b"000123.45", b"kWh"), Value(b"5")))],
        "1.8.0(000123.45*kWh)(5)\r\n",
    ],
)
def test_data_sets_are_taken_as_texts_and_in_their_json_form(sets: Any) -> None:
    message = DataMessage(data_sets=sets)
    assert bytes(message)[:-1] == b"\x021.8.0(000123.45*kWh)(5)\r\n!\r\n\x03"
    assert DataMessage(bytes(message)).data_sets[0].values == (Value(b"000123.45", b"kWh"), Value(b"5"))


@pytest.mark.parametrize("sets", ["1.8.0()", ["1.8.0()"], [("1.8.0", [""])], [{"id": "1.8.0", "values": [""]}]])
def test_command_has_no_line_end_behind_its_data_set(sets: Any) -> None:
    assert bytes(ProgrammingCommand(data_set=sets))[:-1] == b"\x01R1\x021.8.0()\x03"


@pytest.mark.parametrize(
    "sets",
    [
        {"id": "1.8.0", "values": ["5"]},
        {"id": "1.8.0", "values": [{"value": "5", "unit": None}]},
        DataSet(b"1.8.0", (Value(b"5"),)),
    ],
)
def test_one_data_set_needs_no_list_around_it(sets: Any) -> None:
    assert bytes(DataMessage(data_sets=sets)) == bytes(DataMessage(data_sets=[sets]))


@pytest.mark.parametrize(
    "given_",
    [
        (), ("1.8.0", ["5"], "\r\n", 1), ("1.8.0",), ("1.8.0", "5"), ("1.8.0", [5]), ("1.8.0", [("5", "kWh", "?")]),
        {"values": ["5"]}, {"id": "1.8.0", "values": "5"}, {"id": "1.8.0", "values": [{}]}, {"id": "1.8.0", "unit": "V"},
        {"id": 5}, 5, None,
    ],
)  # fmt: skip
def test_data_set_that_is_none_is_refused_with_its_value(given_: Any) -> None:
    text = re.escape(repr(given_))
    for make, field in ((DataMessage, "data_sets"), (ProgrammingCommand, "data_set")):
        expected = rf"{field}: data sets such as 1\.8\.0\(000123\.45\*kWh\), or their id, .* not {text}$"
        with pytest.raises(ValueError, match=expected):
            bytes(make(**{field: [given_]}))
    with pytest.raises(ValueError, match=r"data_sets: data sets such as .* not 5$"):
        DataMessage(data_sets=5)


def test_list_of_values_is_tried_one_by_one_and_none_is_built_as_another() -> None:
    assert [one.invoke_id for one in GetRequestNormal(invoke_id=[1, 2])] == [1, 2]
    with pytest.raises(ValueError, match="invoke_id: a whole number from 0 to 15 was expected, not 99"):
        [bytes(one) for one in GetRequestNormal(invoke_id=[1, 99])]


def test_text_field_refuses_numbers_in_words() -> None:
    with pytest.raises(ValueError, match="baud_rate_id: text or octets were expected, not 5"):
        bytes(IdentificationMessage(baud_rate_id=5))
