"""Which packet answers which, as ``sr()`` asks; and PDUs that come in pieces of a stream."""

from __future__ import annotations

import socket
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.packet import Padding, Raw
from scapy.supersocket import StreamSocket

from dissectors import answering, registry
from dissectors.acse import Aare, Aarq, Rlre, Rlrq
from dissectors.hdlc import Hdlc, HdlcParameters
from dissectors.llc import Llc
from dissectors.mbus import Mbus, MbusShort, MbusSingle
from dissectors.p1 import P1Telegram
from dissectors.wrapper import Wrapper
from dissectors.xdlms.access import AccessRequest, AccessResponse
from dissectors.xdlms.action import ActionRequestNormal, ActionResponseNormal
from dissectors.xdlms.ciphered import GeneralGloCiphering
from dissectors.xdlms.error import ExceptionResponse
from dissectors.xdlms.get import GetRequestNext, GetRequestNormal, GetResponseNormal, GetResponseWithDatablock
from dissectors.xdlms.notification import DataNotification
from dissectors.xdlms.set import SetRequestNormal, SetResponseNormal
from dissectors.xdlms.short_name import ReadRequest, ReadResponse
from tests.dissectors.agreement import dissected
from tests.dissectors.layers import each_layer, packets, sparing

FROM_CLIENT, FROM_METER = Wrapper(source_wport=16, destination_wport=1), Wrapper(source_wport=1, destination_wport=16)


@pytest.mark.parametrize(
    ("request_", "response"),
    [
        (GetRequestNormal(), GetResponseNormal()),
        (GetRequestNext(), GetResponseWithDatablock()),
        (SetRequestNormal(), SetResponseNormal()),
        (ActionRequestNormal(), ActionResponseNormal()),
        (ReadRequest(), ReadResponse()),
        (AccessRequest(), AccessResponse()),
        (Aarq(), Aare()),
        (Rlrq(), Rlre()),
        (GeneralGloCiphering(), GeneralGloCiphering()),
        (GetRequestNormal(), ExceptionResponse()),
    ],
)
def test_response_answers_its_request_and_not_the_other_way(request_: Any, response: Any) -> None:
    asked, answer = FROM_CLIENT / request_, FROM_METER / response
    assert answer.answers(asked)
    assert answer.hashret() == asked.hashret()
    assert Wrapper(bytes(answer)).answers(Wrapper(bytes(asked)))
    assert not (FROM_CLIENT / response).answers(asked)
    if type(request_) is not type(response):
        assert not (FROM_METER / request_).answers(FROM_CLIENT / response)


def test_response_of_another_service_or_invoke_id_is_no_answer() -> None:
    asked = GetRequestNormal(invoke_id=2)
    assert GetResponseNormal(invoke_id=2).answers(asked)
    assert not GetResponseNormal(invoke_id=3).answers(asked)
    assert not SetResponseNormal(invoke_id=2).answers(asked)
    assert not GetResponseNormal().answers(DataNotification())
    assert not ExceptionResponse().answers(GetResponseNormal())
    assert not AccessResponse(long_invoke_id=1).answers(AccessRequest(long_invoke_id=2))


def test_responses_are_those_of_the_tags_that_there_are() -> None:
    registry.pick(b"\xff", 0, 1)  # loads all
    pairs = {(registry.FAMILIES[one], registry.FAMILIES[other]) for one, other in answering.RESPONSES.items()}
    assert ("ded-action-request", "ded-action-response") in pairs
    assert ("glo-readRequest", "glo-readResponse") in pairs
    assert ("ded-initiateRequest", "ded-initiateResponse") in pairs


@pytest.mark.parametrize(
    ("asked", "answer", "is_one"),
    [
        (0x93, 0x73, True),  # SNRM, UA
        (0x93, 0x1F, True),  # SNRM, DM
        (0x53, 0x73, True),  # DISC, UA
        (0x10, 0x73, False),  # I, UA
        (0x93, 0x30, False),  # SNRM, I
        (0x11, 0x30, True),  # RR asks for the next segment
        (0x10, 0x31, True),  # I without an answer yet
        (0x10, 0x97, True),  # I, FRMR
    ],
)
def test_frame_answers_by_its_type(asked: int, answer: int, *, is_one: bool) -> None:
    sent = Hdlc(destination_address="1.17", source_address=16, control=asked)
    got = Hdlc(destination_address=16, source_address="1.17", control=answer)
    assert got.answers(sent) == is_one
    assert got.hashret() == sent.hashret()
    assert not Hdlc(destination_address=16, source_address="1.18", control=answer).answers(sent)


def test_information_frame_answers_by_its_apdu() -> None:
    sent = Hdlc(source_address=16, destination_address=1) / Llc() / GetRequestNormal()
    back = Hdlc(source_address=1, destination_address=16, control=0x30)
    assert (back / Llc(source_lsap=0xE7) / GetResponseNormal()).answers(sent)
    assert not (back / Llc(source_lsap=0xE7) / SetResponseNormal()).answers(sent)
    assert (Hdlc(source_address=1, destination_address=16, control=0x73) / HdlcParameters()).answers(
        Hdlc(source_address=16, destination_address=1, control=0x93)
    )
    last = Hdlc(source_address=16, destination_address=1, control=0x32) / Raw(b"the end of a long request")
    assert (back / Llc(source_lsap=0xE7) / SetResponseNormal()).answers(last)


def test_mbus_slave_answers_the_master() -> None:
    assert MbusSingle().answers(MbusShort(control=0x40, address=5))
    assert Mbus(control=0x08, address=5).answers(MbusShort(control=0x5B, address=5))
    assert Mbus(control=0x08, address=5).answers(MbusShort(control=0x5B, address=254))
    assert not Mbus(control=0x08, address=6).answers(MbusShort(control=0x5B, address=5))
    assert not MbusShort(address=5).answers(MbusShort(address=5))
    sent = Mbus(control=0x53, address=5) / GetRequestNormal()
    assert (Mbus(control=0x08, address=5) / GetResponseNormal()).answers(sent)
    assert not (Mbus(control=0x08, address=5) / SetResponseNormal()).answers(sent)


@each_layer
@sparing
@given(data=st.data())
def test_packet_that_broke_off_is_asked_without_harm(layer: Any, data: st.DataObject) -> None:
    octets = bytes(data.draw(packets(layer)))
    cut = dissected(layer, octets[: data.draw(st.integers(0, len(octets)))])
    for other in (layer(), cut, MbusShort(), FROM_CLIENT / GetRequestNormal()):
        assert (cut.answers(other), other.answers(cut)) in {(one, two) for one in (0, 1) for two in (0, 1)}
    assert isinstance(cut.hashret(), bytes)


def test_padding_of_a_segment_is_no_pdu() -> None:
    assert type(Wrapper.tcp_reassemble(bytes(6), {}, {})) is Raw


def test_request_over_a_socket_gets_its_response_in_pieces() -> None:
    client, meter = socket.socketpair()
    answer = bytes(FROM_METER / GetResponseNormal(invoke_id=4, result={"data": {"octet-string": "AB" * 40}}))

    def serve() -> None:
        asked = Wrapper(meter.recv(1000))
        meter.sendall(bytes(FROM_METER / GetResponseNormal(invoke_id=asked[GetRequestNormal].invoke_id - 1)))
        for at in range(0, len(answer), 7):
            meter.sendall(answer[at : at + 7])

    thread = threading.Thread(target=serve)
    thread.start()
    got = StreamSocket(client, Wrapper).sr1(FROM_CLIENT / GetRequestNormal(invoke_id=4), timeout=10, verbose=False)
    thread.join()
    client.close()
    meter.close()
    assert got is not None
    assert bytes(got) == answer


@pytest.mark.parametrize(
    ("layer", "whole"),
    [
        (Wrapper, bytes(FROM_CLIENT / GetRequestNormal())),
        (Hdlc, bytes(Hdlc() / Llc() / GetRequestNormal())),
        (Hdlc, bytes(Hdlc(control=0x93))),
        (Mbus, bytes(Mbus() / DataNotification())),
        (MbusShort, bytes(MbusShort())),
        (P1Telegram, bytes(P1Telegram(data_sets=["1-0:1.8.1(000123.45*kWh)"]))),
    ],
)
def test_stream_is_cut_where_a_pdu_ends(layer: Any, whole: bytes) -> None:
    for cut in range(1, len(whole)):
        assert layer.tcp_reassemble(whole[:cut], {}, {}) is None
    assert bytes(layer.tcp_reassemble(whole, {}, {})) == whole
    assert bytes(layer.tcp_reassemble(whole * 2, {}, {}).payload.lastlayer()) == whole  # as padding: what comes next
    noise = layer.tcp_reassemble(b"nothing of ours", {}, {})
    assert bytes(noise) == b"nothing of ours"


def test_frames_of_every_kind_come_out_of_a_stream_of_mbus() -> None:
    frames = [bytes(MbusShort()), b"\xe5", bytes(Mbus() / DataNotification()), b"\xe5"]
    for size in (1, 3, 100):
        assert in_pieces(Mbus, b"".join(frames), size) == frames
    assert [type(Mbus.tcp_reassemble(one, {}, {})) for one in frames] == [MbusShort, MbusSingle, Mbus, MbusSingle]


FRAME, REQUEST = bytes(Hdlc() / Llc() / GetRequestNormal()), bytes(FROM_CLIENT / GetRequestNormal())
PUSH, TELEGRAM = bytes(Mbus() / DataNotification()), bytes(P1Telegram(data_sets=["1-0:1.8.1(000123.45*kWh)"]))


def in_pieces(layer: Any, octets: bytes, size: int) -> list[bytes]:
    """Give what a stream that comes in pieces is cut into, as Scapy's sessions do it."""
    found, waiting = [], b""
    for at in range(0, len(octets), size):
        waiting += octets[at : at + size]
        while waiting and (made := layer.tcp_reassemble(waiting, {}, {})) is not None:
            behind = made.getlayer(Padding)
            waiting = behind.load if behind is not None else b""
            if behind is not None:
                del behind.underlayer.payload
            found.append(bytes(made))
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("flags", [b"\x7e", b"\x7e\x7e\x7e"])
def test_flags_of_an_idle_line_are_no_frames(flags: bytes, size: int) -> None:
    cut = in_pieces(Hdlc, flags + FRAME + flags + FRAME[1:] + FRAME[1:], size)
    assert [one.strip(b"\x7e") for one in cut] == [FRAME[1:-1]] * 3  # a flag may come later than a frame without one
    assert Hdlc.tcp_reassemble(flags, {}, {}) is None


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    ("layer", "noise", "whole"),
    [
        (Hdlc, b"?", FRAME),
        (Hdlc, b"\x7e?", FRAME),
        (Hdlc, b"??\x7e\x7e\x00\x7e", FRAME),
        (Hdlc, b"\xa0\x00", FRAME),  # a length in which no frame has room
        (Wrapper, b"?", REQUEST),
        (Wrapper, b"\x00?", REQUEST),
        (Mbus, b"?", PUSH),
        (Mbus, b"\x68\x68?\x10", PUSH),
        (Mbus, b"\x68\x09\x09?", PUSH),
        (P1Telegram, b"1(5)\r\n!\r\n", TELEGRAM),
    ],
)
def test_noise_swallows_no_pdu_behind_it(layer: Any, noise: bytes, whole: bytes, size: int) -> None:
    cut = in_pieces(layer, noise + whole + whole, size)
    assert cut[-2:] == [whole, whole]
    assert b"".join(cut[:-2]).replace(b"\x7e", b"") == noise.replace(b"\x7e", b"")


def test_padding_of_a_segment_swallows_no_pdu_behind_it() -> None:
    assert in_pieces(Wrapper, bytes(6) + REQUEST, 1000) == [bytes(6), REQUEST]


def test_request_over_a_socket_gets_its_response_behind_noise() -> None:
    client, meter = socket.socketpair()
    asked = Hdlc(source_address=16, destination_address=1) / Llc() / GetRequestNormal()
    answer = Hdlc(source_address=1, destination_address=16, control=0x30) / Llc(source_lsap=0xE7) / GetResponseNormal()
    meter.sendall(b"?\x7e" + bytes(answer))
    got = StreamSocket(client, Hdlc).sr1(asked, timeout=10, verbose=False)
    client.close()
    meter.close()
    assert got is not None and bytes(got) == bytes(answer)
