"""Datagrams: an LLC frame or a bare APDU each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.framing.datagram import DatagramFramer, PieceFramer, is_llc
from dissectors.scanning import reads
from tests.analyzer.framing.build import AARQ, GET_REQUEST, GET_RESPONSE, MARK, outline, run

SEALED = bytes.fromhex("DB08 4D4D4D0000BC614E 8200C5 30 00000001") + bytes(range(192))
"""A header that announces 197 octets behind it, and as many."""
NOTIFICATION = bytes.fromhex("0F 00000001 00 0208") + bytes.fromhex("0600000001") * 8


@pytest.mark.parametrize("header", [b"\x90\x01\x01", b"\x90\x10\x66", b"\xe6\xe6\x00", b"\xe6\xe7\x00"])
def test_datagram_with_llc_header_is_an_llc_frame(header: bytes) -> None:
    framer = DatagramFramer()
    assert outline(framer.feed(header + AARQ, MARK)) == ["llc 34"]
    assert framer.flush() == []


def test_datagram_with_a_tag_is_an_apdu() -> None:
    assert outline(DatagramFramer().feed(GET_REQUEST, MARK)) == ["apdu 13"]


@pytest.mark.parametrize("octets", [b"\x90\x01\x01\xff", b"\x90\x01\x01", b"\xff\xff", b"\x00"])
def test_datagram_with_neither_is_noise(octets: bytes) -> None:
    assert outline(DatagramFramer().feed(octets, MARK)) == [f"noise {len(octets)}"]


def test_empty_datagram_is_nothing() -> None:
    assert DatagramFramer().feed(b"", MARK) == []


@given(st.lists(st.binary(min_size=1, max_size=20)))
def test_datagram_framing_is_total_and_keeps_octets(datagrams: list[bytes]) -> None:
    assert [one.octets for one in run(DatagramFramer(), datagrams)] == datagrams
    assert all(is_llc(octets) in (True, False) for octets in datagrams)


@pytest.mark.parametrize("header", [b"", b"\xe6\xe7\x00"])
@pytest.mark.parametrize("apdu", [SEALED, NOTIFICATION, AARQ])
def test_apdu_in_rows_is_one_frame(header: bytes, apdu: bytes) -> None:
    octets = header + apdu
    rows = [octets[at : at + 16] for at in range(0, len(octets), 16)]
    link = "llc" if header else "apdu"
    framer = PieceFramer(reads)
    assert outline(run(framer, [*rows, GET_REQUEST, *rows])) == [
        f"{link} {len(octets)}", f"apdu {len(GET_REQUEST)}", f"{link} {len(octets)}",
    ]  # fmt: skip


def test_pieces_that_make_no_apdu_stand_for_themselves() -> None:
    cut = AARQ[:-3]
    assert outline(run(PieceFramer(reads), [cut, GET_REQUEST, GET_RESPONSE, cut])) == [
        f"apdu {len(cut)}", f"apdu {len(GET_REQUEST)}", f"apdu {len(GET_RESPONSE)}", f"apdu {len(cut)}",
    ]  # fmt: skip


def test_piece_that_the_other_side_answers_waits_no_longer() -> None:
    framer = PieceFramer(reads)
    assert framer.feed(SEALED[:20], MARK) == []
    assert outline(framer.turn()) == ["apdu 20"]
    assert outline(framer.feed(GET_REQUEST, MARK)) == ["apdu 13"]


def test_ciphered_apdu_whose_end_never_comes_is_one_frame_of_what_came() -> None:
    assert outline(run(PieceFramer(reads), [SEALED[:64], SEALED[64:128]])) == ["apdu 128"]


def test_ciphered_apdu_octet_by_octet_is_one_frame() -> None:
    assert outline(run(PieceFramer(reads), [bytes((one,)) for one in SEALED * 2])) == [f"apdu {len(SEALED)}"] * 2


@pytest.mark.parametrize("size", [7, 10, 64])
def test_ciphered_apdu_that_lost_octets_ends_where_the_next_of_its_sender_begins(size: int) -> None:
    reads_of = [SEALED[at : at + size] for at in range(0, len(SEALED), size)]
    middle = len(reads_of) // 2
    hurt = [*reads_of[:middle], reads_of[middle][:-1], *reads_of[middle + 1 :]]
    assert outline(run(PieceFramer(reads), [*hurt, *reads_of, *hurt, *reads_of])) == [
        f"apdu {len(SEALED) - 1}", f"apdu {len(SEALED)}", f"apdu {len(SEALED) - 1}", f"apdu {len(SEALED)}",
    ]  # fmt: skip


@given(st.lists(st.one_of(st.binary(min_size=1, max_size=20), st.sampled_from([AARQ, SEALED[:50], NOTIFICATION[:9]]))))
def test_piece_framing_is_total_and_keeps_octets_in_order(pieces: list[bytes]) -> None:
    framer = PieceFramer(reads)
    frames = [frame for piece in pieces for frame in framer.feed(piece, MARK)] + framer.flush()
    assert b"".join(one.octets for one in frames) == b"".join(pieces)


def test_pieces_that_never_end_are_bounded() -> None:
    framer = PieceFramer(reads)
    endless = bytes.fromhex("DB08 4D4D4D0000BC614E 82FFFF 30 00000001")
    given_octets = sum(len(one.octets) for _ in range(200) for one in framer.feed(endless, MARK))
    assert given_octets >= 128 * len(endless)
