"""Messages that lack their check at the end, where others have one: told, and never where none is sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from analyzer.diagnosis.story import LIKELY, POSSIBLE, Story
from analyzer.simulate.local_messages import data_set
from analyzer.simulate.p1_port import telegram
from captures.chunk import RECEIVED, SENT, UNKNOWN
from dissectors.checks import bcc
from dissectors.tree import Severity
from tests.analyzer.diagnosis.test_local_port import (
    BEGUN,
    BREAK,
    COMMAND,
    IDENTIFICATION,
    OPERAND,
    READOUT,
    SIGN_ON,
    UNLOCKED,
    VALUE,
    checked,
    even,
    lines,
    told,
)
from tests.analyzer.diagnosis.told import diagnose, named
from tests.analyzer.tracking.build import chunk
from tests.faults.case import Case, Truth, stories_of

LOST = ("bcc-wrong", "octets-lost")
OF_METER = (IDENTIFICATION, OPERAND, b"\x06", VALUE, VALUE[:-1], READOUT, READOUT[:-1])
OPENED = (*UNLOCKED, (1.5, b"\x06"), (2.0, COMMAND), (2.3, VALUE), (3.0, COMMAND))


def later(seconds: float) -> tuple[tuple[float, bytes], ...]:
    """A session with a whole readout, so many seconds later."""
    return tuple((seconds + at, octets) for at, octets in (*BEGUN, (1.0, READOUT)))


@pytest.mark.parametrize("has_sides", [True, False])
@pytest.mark.parametrize(
    ("said", "record"),
    [
        ((*BEGUN, (1.0, READOUT[:-1]), *later(10)), 4),
        ((*BEGUN, (1.0, READOUT), *((at + 10, one) for at, one in (*BEGUN, (1.0, READOUT[:-1]))), (20.0, SIGN_ON)), 8),
        ((*OPENED, (3.3, VALUE[:-1]), (8.0, COMMAND), (8.3, VALUE), (9.0, BREAK)), 10),
    ],
    ids=["the first", "the second", "a value"],
)
def test_block_that_lacks_its_check_character_lost_it(
    said: tuple[tuple[float, bytes], ...], record: int, *, has_sides: bool
) -> None:
    sides = [(RECEIVED if octets in OF_METER else SENT) if has_sides else UNKNOWN for _, octets in said]
    units = [one._replace(direction=side) for one, side in zip(lines(*said), sides, strict=True)]
    story = next(one for one in stories_of(Case(units, Truth(frozenset()))) if one.severity > Severity.NOTE)
    assert ((story.code, story.cause), story.confidence, story.records) == (LOST, LIKELY, [record])
    whole = said[record - 1][1]
    assert story.proposed == (record, whole + bytes((bcc(whole[1:]),)))


def test_block_whose_check_character_the_capture_ends_before_is_cut() -> None:
    assert named(told(*OPENED, (3.3, VALUE[:-1]))) == [("capture-cut", "capture-ended")]


def test_check_character_without_print_may_have_been_dropped_by_what_handles_text() -> None:
    value = next(one for one in (checked(b"\x02(%02d)\x03" % number) for number in range(100)) if one[-1] < 0x20)
    story = told(*OPENED, (3.3, value[:-1]), (8.0, COMMAND), (8.3, VALUE), (9.0, BREAK))[0]
    assert [one.cause for one in story.alternatives] == ["text-dump-loss"]


def test_command_that_lacks_its_check_character_is_why_the_meter_says_nothing() -> None:
    (story,) = told(*OPENED[:-1], (3.0, COMMAND[:-1]), (9.0, COMMAND), (9.3, VALUE), (10.0, BREAK))
    assert ((story.code, story.cause), story.records) == (LOST, [9])
    wrong = COMMAND[:-1] + bytes((COMMAND[-1] ^ 0x15,))
    (story,) = told(*OPENED[:-1], (3.0, wrong), (9.0, COMMAND), (9.3, VALUE), (10.0, BREAK))
    assert (story.code, story.records) == ("bcc-wrong", [9])


@pytest.mark.parametrize("sign", [b"\x06", b"\x15"])
def test_ack_in_the_place_of_a_check_character_may_be_the_other_sides(sign: bytes) -> None:
    story = told(*UNLOCKED[:-1], (1.2, UNLOCKED[-1][1][:-1]), (1.5, sign), (2.0, COMMAND), (2.3, VALUE))[0]
    assert (story.code, story.cause, story.confidence) == (*LOST, POSSIBLE)
    assert {"bit-error", "octet-damaged"} & {one.cause for one in story.alternatives}


@pytest.mark.parametrize("parity", [bytes, even])
@pytest.mark.parametrize(("name", "last"), [(b"BC", 0x03), (b"AG", 0x04)])
def test_check_character_that_is_an_etx_is_one(name: bytes, last: int, parity: Callable[[bytes], bytes]) -> None:
    value = checked(b"\x02" + name + b"(11)\x03")
    assert value[-1] == last
    stories = told(*((at, parity(one)) for at, one in (*OPENED, (3.3, value), (4.0, COMMAND), (4.3, VALUE))))
    assert {one.code for one in stories} <= {"line-settings-differ"}


def test_blocks_of_a_log_that_has_no_check_characters_lack_none() -> None:
    bare = (*BEGUN, (1.0, READOUT[:-1]))
    assert told(*bare) == []
    assert told(*bare, *((10 + at, octets) for at, octets in bare), *later(20)) == []


SETS = [data_set(f"1-0:{number}.8.0", "000123.456", "kWh") for number in range(1, 5)]
PLAIN = telegram("MMM5\\2SIM-42", SETS)


def of_telegrams(*octets: bytes) -> list[Story]:
    return diagnose([chunk(number, one) for number, one in enumerate(octets, 1)])


BARE = telegram("MMM5\\2SIM-42", SETS, has_crc=False)


@pytest.mark.parametrize(("octets", "record"), [((PLAIN, BARE, PLAIN), 2), ((BARE, PLAIN), 1), ((PLAIN, BARE), 2)])
def test_telegram_without_crc_among_those_with_one_lost_it(octets: tuple[bytes, ...], record: int) -> None:
    (story,) = of_telegrams(*octets)
    assert (story.code, story.cause, story.confidence) == ("p1-crc-wrong", "octets-lost", "likely")
    assert (story.records, story.proposed) == ([record], None)


def test_telegram_without_crc_and_line_end_lost_them_unless_the_capture_ends_there() -> None:
    assert named(of_telegrams(PLAIN, BARE[:-2], PLAIN)) == [("p1-crc-wrong", "octets-lost")]
    assert named(of_telegrams(PLAIN, BARE[:-2])) == [("capture-cut", "capture-ended")]


OF_ANOTHER_METER = telegram("MMM3SIM-21", SETS, has_crc=False)


@pytest.mark.parametrize("octets", [(BARE,) * 3, (PLAIN, OF_ANOTHER_METER, PLAIN), (BARE, BARE, PLAIN), (BARE[:-2],)])
def test_telegrams_of_a_meter_that_sends_no_crc_lack_none(octets: tuple[bytes, ...]) -> None:
    assert of_telegrams(*octets) == []
