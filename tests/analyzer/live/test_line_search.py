"""Speed and format found by trial on what arrives, and sessions in which one side switches wrongly."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from analyzer.pipeline import Pipeline
from analyzer.simulate import local_messages as messages
from analyzer.simulate import model
from analyzer.simulate.client import Client, Target
from analyzer.simulate.hdlc_line import HdlcLink, place
from analyzer.simulate.meter import Meter
from analyzer.simulate.p1_port import telegram
from analyzer.simulate.recipes_ports import LINE_MS
from analyzer.simulate.sent import SECOND, TO_CLIENT, Sent
from analyzer.simulate.serial_tap import OnLine, sent_in
from analyzer.simulate.uart import LineFormat, line_format
from analyzer.tracking import line_follower
from analyzer.tracking.line_follower import CANDIDATES, SIGN_ON, LineFollower
from captures import open_source
from captures.samples import samples
from captures.serial_line import LineSettings
from dissectors.hdlc import Address
from tests.analyzer.live.recorded import record_line, records_in
from tests.analyzer.live.test_line_following import START_NS, optical, said_octets


def bus(format: LineFormat, rounds: int) -> list[OnLine]:
    """Give a bus that is read again and again."""
    events: list[OnLine] = []
    now = START_NS
    for seed in range(rounds):
        meter = Meter(model.electricity_meter("41700813", start_ns=now, rows=2))
        reader = Client(meter, 16, start_ns=now, seed=seed, carrying_ms=LINE_MS)
        reader.associate()
        reader.get(Target(8, model.CLOCK))
        reader.release()
        link = HdlcLink(16, Address(1, 17, 2), seed=seed)
        events += sent_in(place(link.rounds(reader.dialogue), start_ns=now, baud=format.baud), format)
        now = events[-1].sent.time_ns + 2 * SECOND
    return events


FORMATS = [(one.baud, "8N1") for one in CANDIDATES if one.data_bits == 8 and one.baud >= 1200] + [
    (300, "8N1"), (600, "8N1"), (300, "8E1"), (2400, "8E1"), (4800, "8E1"), (9600, "8E1"), (115200, "8E1")
]  # fmt: skip


@pytest.mark.parametrize(("baud", "format"), FORMATS)
def test_bus_of_unknown_speed_is_found_and_read_from_then_on(baud: int, format: str, tmp_path: Path) -> None:
    rounds = 14 if baud > 600 else 22  # what is tried last
    events = bus(line_format(format, baud), rounds)
    follower = LineFollower(CANDIDATES[0], searches=True)
    said, _ = record_line(events, follower, tmp_path / "s.pcapng")
    assert follower.is_found, said
    assert (follower.settings.baud, f"{follower.settings.data_bits}{follower.settings.parity}1") == (baud, format)
    good = [one.octets for one in records_in(tmp_path / "s.pcapng") if one.link == "hdlc" and not one.problem]
    last_round = said_octets(events)[-len(events) // rounds :]
    assert good[-len(last_round) :] == last_round


def every_ten_seconds(name: str, format: LineFormat, count: int) -> list[OnLine]:
    """Give what the sample *name* says, again and again, with ten seconds of silence between its messages."""
    with open_source(str(next(one.path for one in samples() if one.name == name))) as source:
        said = [one.octets for one in Pipeline().run(source)]
    times = range(START_NS, START_NS + 10 * count * SECOND, 10 * SECOND)
    return sent_in([Sent(at, TO_CLIENT, said[place % len(said)]) for place, at in enumerate(times)], format)


PUSHES = [
    ("p1", "8N1", 115200, 60), ("p1", "7E1", 115200, 60), ("p1", "8N1", 38400, 90), ("p1", "8N1", 19200, 90),
    ("mbus-push", "8E1", 19200, 60),
]  # fmt: skip
"""Sample, format and speed, and the seconds after which it is read."""


@pytest.mark.parametrize(("name", "format", "baud", "seconds"), PUSHES)
def test_push_every_ten_seconds_is_found_without_trying_what_is_slower(
    name: str, format: str, baud: int, seconds: int, tmp_path: Path
) -> None:
    events = every_ten_seconds(name, line_format(format, baud), seconds // 10 + 3)
    follower = LineFollower(CANDIDATES[0], searches=True)
    said, _ = record_line(events, follower, tmp_path / "s.pcapng")
    assert f"{follower.settings}" == f"{baud} {format}", said
    good = [one.octets for one in records_in(tmp_path / "s.pcapng") if one.link in ("p1", "mbus") and not one.problem]
    assert good[-3:] == said_octets(events)[-3:]


LONG = telegram("MMM5SIM", [messages.data_set(f"1-0:{number}.8.0", "00123.456", "kWh") for number in range(1, 23)])
SEALED = bytes.fromhex("DB08 4D4D4D0000BC614E 820205 30 00000001") + bytes(range(256)) * 2


@pytest.mark.parametrize("octets", [LONG, SEALED], ids=["plain", "ciphered"])
def test_telegram_of_more_than_five_hundred_octets_is_waited_for(octets: bytes, tmp_path: Path) -> None:
    times = range(START_NS, START_NS + 70 * SECOND, 10 * SECOND)
    events = sent_in([Sent(at, TO_CLIENT, octets) for at in times], line_format("8N1", 115200))
    follower = LineFollower(CANDIDATES[0], searches=True)
    said, _ = record_line(events, follower, tmp_path / "s.pcapng")
    assert follower.is_found and follower.settings == LineSettings(115200), said
    assert [one.octets for one in records_in(tmp_path / "s.pcapng")][-2:] == [octets] * 2


def test_what_was_heard_is_not_judged_again_with_each_read(monkeypatch: pytest.MonkeyPatch) -> None:
    judged = []

    def detect(octets: bytes, *, is_datagram: bool) -> object:
        judged.append(len(octets))
        return found(octets, is_datagram=is_datagram)

    found = line_follower.detect
    monkeypatch.setattr(line_follower, "detect", detect)
    follower, chance, now, heard = LineFollower(LineSettings(115200), searches=True), random.Random(1), SECOND, 0
    while follower.take(octets := chance.randbytes(46), 0, now) is None:
        now += 4_000_000
        heard += len(octets)
    assert 4000 - 2 * 46 < heard < 4000  # as soon as so many are enough
    assert sum(judged) < 8 * heard


def test_telegram_is_found_in_the_silence_behind_its_last_octet() -> None:
    follower, now = LineFollower(LineSettings(115200), searches=True), SECOND
    for at in range(0, len(LONG), 46):
        follower.take(LONG[at : at + 46], 0, now)
        now += 4_000_000
    follower.tick(now + 20_000_000)
    assert follower.is_found


def test_identification_that_carries_parity_tells_the_format() -> None:
    follower = LineFollower(LineSettings(9600), searches=True)
    switch = follower.take(bytes.fromhex("AF4D4D4D35E1E26363E4C9C98D0A"), 0, SECOND)  # /MMM5abccdII
    assert switch is not None and switch.settings == LineSettings(9600, 7, "E")
    assert follower.is_found


def test_settings_at_which_nothing_is_heard_are_left_after_a_time_and_each_once() -> None:
    follower, now = LineFollower(CANDIDATES[0], searches=True), SECOND
    while follower.take(b"\x01", 1, now) is None:
        now += SECOND // 5
    left = []
    for _ in range(3600):
        now += SECOND
        switch = follower.tick(now)
        left += [switch.settings] if switch else []
    assert left == [*CANDIDATES[2:], *CANDIDATES[:2]]
    assert not follower.is_found


def test_settings_that_were_never_left_stay_while_nothing_is_heard() -> None:
    follower = LineFollower(CANDIDATES[0], searches=True)
    assert not any(follower.tick(at * SECOND) for at in range(1, 3600))


def test_line_that_is_read_every_ten_minutes_is_waited_for() -> None:
    follower, now = LineFollower(CANDIDATES[0], searches=True), SECOND
    for _ in range(2):  # after which so long a silence is known
        for _ in range(3):
            follower.take(b"\x01", 1, now)
            now += SECOND // 5
        settings = follower.settings
        now += 600 * SECOND
    assert follower.settings == CANDIDATES[1]
    assert not any(follower.tick(now - 600 * SECOND + at * SECOND) for at in range(600))
    assert follower.settings == settings


@pytest.mark.parametrize("baud", [2400, 9600])
def test_inverted_line_is_told_at_its_speed(baud: int, tmp_path: Path) -> None:
    events = bus(line_format("8N1", baud)._replace(is_inverted=True), 8)
    follower = LineFollower(CANDIDATES[0], searches=True)
    said, _ = record_line(events, follower, tmp_path / "i.pcapng")
    assert "inverted" in said[-1], said
    assert follower.settings.baud == baud


def test_errors_of_a_line_with_parity_are_kept_and_no_octet_is_dropped(tmp_path: Path) -> None:
    events = bus(line_format("8E1", 9600), 3)
    said, _ = record_line(events, LineFollower(LineSettings(9600), follows=False), tmp_path / "e.pcapng")
    records = records_in(tmp_path / "e.pcapng")
    assert [one.octets for one in records if one.link == "hdlc" and not one.problem] == said_octets(events)
    assert sum(note.code == "line-error" for one in records for note in one.notes) > len(records) / 2
    assert said == []


def test_sign_on_at_300_is_found_from_another_speed(tmp_path: Path) -> None:
    client = optical(3)
    for _ in range(12):
        client.sign_on()
        client.select(messages.READOUT)
        client.read_out()
        client.wait(4_000)
    follower = LineFollower(CANDIDATES[0], searches=True)
    said, _ = record_line(client.events, follower, tmp_path / "s.pcapng")
    assert follower.is_found, said
    octets = said_octets(client.events)
    assert [one.octets for one in records_in(tmp_path / "s.pcapng")][-len(octets) // 12 :] == octets[
        -len(octets) // 12 :
    ]


def test_speed_that_the_user_gave_is_kept_while_the_format_is_found(tmp_path: Path) -> None:
    events = bus(line_format("8E1", 2400), 6)
    follower = LineFollower(LineSettings(2400), searches=True, speeds=False)
    record_line(events, follower, tmp_path / "s.pcapng")
    assert follower.settings == LineSettings(2400, 8, "E")


def test_settings_that_the_user_gave_are_never_changed(tmp_path: Path) -> None:
    events = bus(line_format("8N1", 2400), 3)
    follower = LineFollower(LineSettings(9600), follows=False)
    said, calls = record_line(events, follower, tmp_path / "s.pcapng")
    assert not said and "baudrate=2400" not in calls


CLIENT, METER = "the client", "the meter"


def switched(events: list[OnLine], begin: int, client_baud: int, meter_baud: int) -> list[OnLine]:
    """Let the sides speak at these speeds from the event *begin* on; who is slower takes longer."""
    found, late = events[:begin], 0
    for sent, format in events[begin:]:
        baud = client_baud if sent.direction == events[0].sent.direction else meter_baud
        late += len(sent.octets) * format.bits * (SECOND // baud - SECOND // format.baud)
        found.append(OnLine(sent._replace(time_ns=sent.time_ns + late), format._replace(baud=baud)))
    return found


def wrong_switch(client_baud: int, meter_baud: int) -> list[OnLine]:
    """Give a programming session in which the sides agree on 9600 and one of them goes elsewhere; then a good one."""
    client = optical(5)
    client.sign_on()
    client.select(messages.PROGRAMMING)
    asked = len(client.events)
    client.unlock("12345678")
    events = switched(client.events, asked, client_baud, meter_baud)
    client.events.clear()
    client.wait(80_000)
    client.sign_on()
    client.select(messages.READOUT)
    client.read_out()
    return events + client.events


WRONG = [
    (300, 9600, (CLIENT,)), (9600, 300, (METER,)), (4800, 9600, (CLIENT,)), (9600, 4800, (METER,)),
    (300, 300, (CLIENT, METER)), (4800, 2400, (CLIENT, METER)), (300, 19200, (CLIENT, METER)),
]  # fmt: skip
"""The speeds of client and meter where 9600 was chosen, and who is not there."""


@pytest.mark.parametrize(("client_baud", "meter_baud", "who"), WRONG)
def test_wrong_switch_is_told_and_the_next_session_read(
    client_baud: int, meter_baud: int, who: tuple[str, ...], tmp_path: Path
) -> None:
    events = wrong_switch(client_baud, meter_baud)
    said, _ = record_line(events, LineFollower(SIGN_ON), tmp_path / "w.pcapng")
    records = [one.octets for one in records_in(tmp_path / "w.pcapng")]
    octets = said_octets(events)
    assert records[:3] == octets[:3]
    assert records[-4:] == octets[-4:]
    assert "the option select chose 9600 Bd" in said[0]
    named = [text for text in said if "another speed" in text]
    assert len(named) == len(who)
    assert all(side in text for side, text in zip(reversed(who), named, strict=True))  # the meter begins


@pytest.mark.parametrize(("client_baud", "meter_baud", "who"), WRONG)
def test_wrong_switch_to_hdlc_is_told_with_the_side(
    client_baud: int, meter_baud: int, who: tuple[str, ...], tmp_path: Path
) -> None:
    client = optical(21, baud_rate_id="5", modes=("2",))
    client.sign_on()
    meter = Meter(model.electricity_meter("41700813", start_ns=START_NS, rows=2))
    reader = Client(meter, 16, start_ns=client.now_ns + 2 * SECOND, seed=1, carrying_ms=LINE_MS)
    reader.associate()
    reader.get(Target(8, model.CLOCK))
    reader.release()
    client.carry(HdlcLink(16, Address(1, 17, 2), seed=1), reader.dialogue)
    begin = next(at for at, one in enumerate(client.events) if one.sent.octets.startswith(b"\x7e"))
    events = switched(client.events, begin, client_baud, meter_baud)
    said, _ = record_line(events, LineFollower(SIGN_ON), tmp_path / "e.pcapng")
    named = [text for text in said if "another speed" in text]
    assert named[0].startswith(f"listening at 9600 8N1: {who[0]} speaks at another speed")  # the client begins
    assert [text for text in named[1:] if not (len(who) > 1 and who[1] in text)] == []


def test_wrong_switch_of_both_sides_to_hdlc_is_told_where_silences_part_them() -> None:
    follower = LineFollower(SIGN_ON)
    now = SECOND
    for octets in (b"/MMM5\\2X\r\n", b"\x06252\r\n", b"\x06252\r\n"):
        follower.take(octets, 0, now)
        now += SECOND // 5
    said = []
    for _ in range(4):  # what is slower falls apart into characters with errors
        for _ in range(24):
            now += 3_000_000
            switch = follower.take(b"\x00", 1, now)
            said += [switch.reason] if switch else []
        now += SECOND // 5
    assert said == [
        "the client speaks at another speed or format", "the meter too speaks at another speed or format",
    ]  # fmt: skip


def mode_e() -> list[OnLine]:
    """Give a sign-on, and the HDLC session behind it at 9600 Bd."""
    client = optical(21, baud_rate_id="5", modes=("2",))
    client.sign_on()
    meter = Meter(model.electricity_meter("41700813", start_ns=START_NS, rows=2))
    reader = Client(meter, 16, start_ns=client.now_ns + 2 * SECOND, seed=1, carrying_ms=LINE_MS)
    reader.associate()
    reader.get(Target(8, model.CLOCK))
    reader.release()
    client.carry(HdlcLink(16, Address(1, 17, 2), seed=1), reader.dialogue)
    return client.events


SLOWER = "listening at 300 7E1: somebody speaks far slower than 9600 Bd: trying the next"


def test_sign_on_heard_at_a_higher_speed_is_followed_from_its_identification_on(tmp_path: Path) -> None:
    events = mode_e()
    follower = LineFollower(CANDIDATES[0], searches=True)
    said, _ = record_line(events, follower, tmp_path / "e.pcapng")
    assert said[0] == SLOWER
    records = records_in(tmp_path / "e.pcapng")
    octets = said_octets(events)[1:]
    assert [one.octets for one in records][-len(octets) :] == octets
    (told,) = {note.text for one in records for note in one.notes if "trying" in note.text}
    assert told == SLOWER  # a comment, though the characters that it came with were marked as wrong


def test_meter_that_repeats_no_option_select_is_followed_from_its_first_answer_on(tmp_path: Path) -> None:
    events = mode_e()
    del events[3]
    said, _ = record_line(events, LineFollower(SIGN_ON), tmp_path / "e.pcapng")
    assert "listening at 9600 8N1: the line changed its speed before an echo was heard" in said
    octets = said_octets(events)
    assert [one.octets for one in records_in(tmp_path / "e.pcapng")][-len(octets[4:]) :] == octets[4:]  # SNRM is lost


def test_frames_behind_a_sign_on_that_was_not_followed_are_read_at_the_speed_before(tmp_path: Path) -> None:
    request, *rest = bus(line_format("8N1", 9600), 4)
    events = [mode_e()[0], *(one for one in rest if one.sent.time_ns > request.sent.time_ns + 2 * SECOND)]
    follower = LineFollower(CANDIDATES[0], searches=True)
    said, _ = record_line(events, follower, tmp_path / "e.pcapng")
    assert said[0] == SLOWER and len(said) == 2
    assert follower.is_found and follower.settings == LineSettings(9600)
    assert records_in(tmp_path / "e.pcapng")[-1].octets == said_octets(events)[-1]


def test_sign_on_anew_at_300_is_followed_while_the_line_is_at_the_chosen_speed(tmp_path: Path) -> None:
    client = optical(3)
    client.sign_on()
    client.select(messages.READOUT)  # which the meter does not hear
    client.wait(4_000)
    again = len(client.events)
    client.sign_on()
    client.select(messages.READOUT)
    client.read_out()
    said, _ = record_line(client.events, LineFollower(SIGN_ON), tmp_path / "a.pcapng")
    assert "listening at 300 7E1: somebody speaks at 300 Bd: back to where sessions begin" in said
    octets = said_octets(client.events)[again + 1 :]
    assert [one.octets for one in records_in(tmp_path / "a.pcapng")][-len(octets) :] == octets
