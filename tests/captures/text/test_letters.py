"""Single letters before octets, control characters by name and number, and octets as IEC 61131-3 writes them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from captures.chunk import RECEIVED, SENT, UNKNOWN
from captures.text.letters import has_letters
from tests.captures.text.test_programs import EVENTS, SPOKEN, WHOLE, octets, spoken
from tests.captures.text.written import _at
from tests.costs import processor_s


def lined(sent: str, received: str, write: Callable[[str, str], str] = lambda sign, octets: f"{sign} {octets}") -> str:
    """The session, a line a frame with one of two signs before it."""
    return "".join(f"{write(sent if one.direction == SENT else received, one.octets.hex(' '))}\n" for one in EVENTS)


@pytest.mark.parametrize("letters", ["SR", "TR"])
@pytest.mark.parametrize("sign", ["{} ", "{}: ", "{} > ", "{}|", "10:15:32.123 {} ", "[2026-03-21T10:15:32] {}: "])
def test_letters_of_a_pair_say_who_speaks(letters: str, sign: str) -> None:
    assert spoken(lined(*letters, lambda letter, octets: sign.format(letter) + octets)) == SPOKEN


def test_times_before_letters_are_read() -> None:
    text = "".join(
        f"{_at(one, '%H:%M:%S', 3)} {'S' if one.direction == SENT else 'R'} {one.octets.hex(' ')}\n" for one in EVENTS
    )
    assert spoken(text) == SPOKEN


@pytest.mark.parametrize("letters", ["RR", "SS", "TT"])
def test_letter_without_its_other_says_nothing(letters: str) -> None:
    assert {direction for direction, _ in spoken(lined(*letters))} == {UNKNOWN}


@pytest.mark.parametrize("line", ["", "   ", "126 160 7 3 33", "10:15:32", '"', "T0"])
def test_letters_are_sought_once_a_line(line: str) -> None:
    def sought(lines: int) -> float:
        text = f"{line}\n".encode() * lines
        return processor_s(lambda: has_letters(text))

    assert sought(16_000) < 60 * sought(1_000)  # 16 times the work; 256 times where each line looks at all behind it


def test_server_beside_its_client_stays_the_side_that_answers() -> None:
    assert spoken(lined("C:", "S:")) == SPOKEN


def test_control_character_by_name_and_number_is_an_octet() -> None:
    said = ["TX 2F 3F 21 0D 0A", "RX 2F 4D 4D 4D 35 53 49 4D 0D 0A", "TX ACK 06", "TX 30 35 30 0D 0A", "RX NAK (15)"]
    text = "\n".join(f"10:00:0{number} {line}" for number, line in enumerate(said))
    assert spoken(text) == [
        (SENT, b"/?!\r\n"), (RECEIVED, b"/MMM5SIM\r\n"), (SENT, b"\x06050\r\n"), (RECEIVED, b"\x15"),
    ]  # fmt: skip


@pytest.mark.parametrize("sign", ["RX ", "[RX] ", "RX: ", "rx - ", "<- ", "Received: ", "RX> "])
def test_name_directly_behind_a_direction_is_an_octet(sign: str) -> None:
    assert spoken(f"10:00:00 TX 2F 3F 21 0D 0A\n10:00:01 {sign}ACK 06\n")[1:] == [(RECEIVED, b"\x06")]


@pytest.mark.parametrize(
    "aside", ["TX ACK 07", "ACK 06", "TX BLACK 06", "TX ACK 6 of 9", "RX block ok, got ACK 06", "sent: then ACK 06"]
)
def test_name_that_its_number_does_not_confirm_is_a_word(aside: str) -> None:
    assert octets(f"10:00:00 TX 2F 3F 21 0D 0A\n10:00:01 {aside}\n") == b"/?!\r\n"


@pytest.mark.parametrize("form", ["16#{:02X}", "16#{:X}", "16#{:02x}"])
@pytest.mark.parametrize("between", [", ", " ", ",", "; "])
def test_octets_of_iec_61131_are_read(form: str, between: str) -> None:
    rows = [WHOLE[at : at + 20] for at in range(0, len(WHOLE), 20)]
    text = "\n".join(f"abyBuffer := [{between.join(form.format(one) for one in row)}];" for row in rows if len(row) > 4)
    assert octets(text) == b"".join(row for row in rows if len(row) > 4)
