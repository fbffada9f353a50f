"""Sessions of client and server as people post them, each rebuilt from a simulated one."""

from __future__ import annotations

import pytest

from captures.chunk import RECEIVED, SENT, UNKNOWN
from tests.captures.text.test_shapes import read
from tests.captures.text.written import SENT_RECEIVED, TX_RX, _words, session

EVENTS = session()
FRAMES = [one.octets for one in EVENTS]


def test_half_of_the_day_behind_a_time_that_stands_alone_is_heeded() -> None:
    text = "".join(
        f"12:05:0{n} AM {'HDLC test. Disconnect request' if n % 2 else ''}\n{octets.hex(' ')}\n"
        for n, octets in enumerate(FRAMES[:8], 1)
    )
    found = [(chunk.time_ns, chunk.octets) for chunk in read(text)]
    assert found == [((300 + n) * 1_000_000_000, octets) for n, octets in enumerate(FRAMES[:8], 1)]


def test_octets_that_an_editor_shows_with_dots_are_read() -> None:
    text = "".join(f"{TX_RX(one)} DATA:\n{'·'.join(f'0x{octet:02X}' for octet in one.octets)}\n" for one in EVENTS)
    found = [(chunk.direction, chunk.octets) for chunk in read(text)]
    assert found == [(one.direction, one.octets) for one in EVENTS]


WRAPPED = [bytes.fromhex("0001001000010030") + bytes((0x60, 0x2E, *range(0x80, 0xAE))), *FRAMES[2:6]]


@pytest.mark.parametrize("columns", [10, 16])
def test_rows_of_octets_below_a_word_belong_to_the_unit_that_says_it_is_longer(columns: int) -> None:
    text = ""
    for octets in WRAPPED:
        rows = [octets[at : at + columns].hex(" ").upper() for at in range(0, len(octets), columns)]
        text += (
            "### 1.2 AARQ (request of an association)\nHex: "
            + "\n     ".join(rows)
            + "\n\nHeader:\n  - Version: 0x0001\n"
        )
    source = list(read(text))
    assert b"".join(chunk.octets for chunk in source) == b"".join(WRAPPED)
    assert len(source) > len(WRAPPED)


def test_row_behind_a_blank_line_belongs_to_the_unit_that_it_completes() -> None:
    whole, other = max(FRAMES, key=len), FRAMES[0]
    text = f"发送：{other.hex(' ')}\n接收：{whole[:20].hex(' ')}\n\n{whole[20:].hex(' ')}\n"
    found = [(chunk.direction, chunk.octets) for chunk in read(text)]
    assert found == [(SENT, other), (RECEIVED, whole[:20]), (RECEIVED, whole[20:])]


def test_unit_without_a_direction_among_others_is_kept_but_not_twice() -> None:
    plain, *others = EVENTS
    text = f"DISC as they say is {plain.octets.hex(' ')}\n"
    for one in others:
        text += f"added to the buffer: {one.octets.hex(' ')}\n" if one is others[3] else ""
        text += f"{SENT_RECEIVED(one)} bytes: {one.octets.hex(' ')}\nadded to the buffer: {one.octets.hex(' ')}\n"
    found = [(chunk.direction, chunk.octets) for chunk in read(text)]
    assert found == [(UNKNOWN, plain.octets), *((one.direction, one.octets) for one in others)]


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        ("WRAPPER[1] Sent", "WRAPPER[1] Rec"), ("TRANSMITTED DATA:", "RECIEVED DATA:"), ("data was sent", "data was recived"),
        ('io.cpp { 324} "10.15.32_077" out ', 'io.cpp { 334} "10.15.32_077" in  '), ("[link] client:", "[link] meter:"),
        ('"GETRequestNormal":', '"GETResponseNormal":'),
    ],
)  # fmt: skip
def test_words_of_a_direction_as_people_write_them_are_heeded(sent: str, received: str) -> None:
    text = "".join(f'{_words(sent, received)(one)} "{one.octets.hex()}" {len(one.octets)}\n' for one in EVENTS)
    found = [(chunk.direction, chunk.octets) for chunk in read(text)]
    assert found == [(one.direction, one.octets) for one in EVENTS]
