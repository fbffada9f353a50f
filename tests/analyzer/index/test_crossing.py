"""What crosses conversations is seen by who reads a share of them, and what two shares saw is compared."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence

import pytest

from analyzer.index import crossing
from analyzer.index.crossing import Counted, Crossing, Told, UnsharedError, WatchedProtection, check_crossing
from analyzer.pipeline import Pipeline
from analyzer.security.key_wrap import wrap
from analyzer.security.keyring import Keyring
from analyzer.security.keys import KeyRole
from analyzer.tracking.counters import JUMP
from tests.analyzer.security import ecc
from tests.analyzer.tracking.build import ListSource, Said, answered, asked, chunk, wrapped
from tests.analyzer.tracking.secured import keyring, said, secrets, security_of, session
from tests.analyzer.tracking.test_late_titles import BEHIND, many_meters

METER, OTHER = ("server", "10.0.0.7:4059", 1), ("server", "10.0.0.8:4059", 1)
TITLE, ANOTHER = b"MMM\0\0\0\0\1", b"MMM\0\0\0\0\2"
SENDER = b"s" * 16
SECURITY = security_of()
SETUP = bytes.fromhex("0040 00002B0000FF")
DONE = answered(bytes.fromhex("C701C1 00 00"))


# -- what a share sees ------------------------------------------------------------------------------------------------


def _seen(units: Iterable[Said], ring: Keyring, *, carried: Callable[..., list[Said]] = wrapped) -> WatchedProtection:
    protection = WatchedProtection(ring)
    chunks = [chunk(number, octets, direction) for number, (direction, octets) in enumerate(carried(units), 1)]
    list(Pipeline(None, protection).run(ListSource(chunks)))
    return protection


def test_titles_and_counters_of_a_share_are_told_with_their_packets() -> None:
    protection = _seen(said(session(SECURITY)), keyring(secrets(SECURITY)))
    protection.check()
    told = protection.crossing()
    by_end = {str(place[0]): one for place, one in told.titles.items()}
    assert by_end["client"].titles == (SECURITY.client_title,)
    assert by_end["server"].titles == (SECURITY.server_title,)
    assert 1 == by_end["client"].learnt_at < by_end["server"].learnt_at == 2
    assert len(told.senders) == 2
    for one in told.senders.values():
        assert len(one.roles) == 1 and not one.is_odd
        assert list(one.packets) == sorted(one.packets) and len(one.packets) == len(one.counters) > 1
        assert list(one.counters) == sorted(set(one.counters))
    check_crossing([told])
    with pytest.raises(UnsharedError, match="the counters of one sender are odd over several connections"):
        check_crossing([told, told])


def test_titles_of_one_place_are_all_told_with_the_packet_of_the_first() -> None:
    other = security_of(server_title=ANOTHER)
    first, second = said(session(SECURITY)), said(session(other))
    told = _seen([*first, *second], keyring(secrets(SECURITY))).crossing().titles
    (server,) = (one for place, one in told.items() if place[0] == "server")
    assert server == Told((SECURITY.server_title, ANOTHER), 2, 1), "asked for as the AARQ came"


def test_counter_that_a_share_finds_odd_is_told() -> None:
    dialogue = said(session(SECURITY))
    told = _seen([*dialogue, *dialogue], keyring(secrets(SECURITY))).crossing()
    assert [one.is_odd for one in told.senders.values()] == [True, True]
    check_crossing([told])


def test_key_that_is_replaced_is_left_to_one_process() -> None:
    pair = bytes.fromhex("0202 1600 0918") + wrap(SECURITY.keys.kek, bytes(range(16)))
    transfer = asked(bytes.fromhex("C301C1") + SETUP + bytes.fromhex("0201 0101") + pair)
    ring = keyring(secrets(SECURITY))
    units = said(session(SECURITY))
    _seen([*units[:-2], transfer, *units[-2:]], ring).check()  # the meter did not say that it took it
    with pytest.raises(UnsharedError, match="keys change in it"):
        _seen([*units[:-2], transfer, DONE, *units[-2:]], ring).check()


def test_certificate_is_left_to_one_process() -> None:
    der = ecc.certificate(ecc.key("P-256", 1), ecc.CLIENT_TITLE)
    imports = bytes.fromhex("C301C1") + SETUP + bytes.fromhex("0601 0982") + len(der).to_bytes(2, "big") + der
    with pytest.raises(UnsharedError, match="keys change in it"):
        _seen([asked(imports), DONE], keyring({})).check()


def test_message_that_does_not_open_is_left_to_one_process() -> None:
    wrong = secrets(SECURITY) | {KeyRole.GAK: bytes(16)}
    with pytest.raises(UnsharedError, match="a message does not open"):
        _seen(said(session(SECURITY)), keyring(wrong))


def test_message_whose_title_comes_behind_it_is_left_to_one_process() -> None:
    dialogue = said(session(SECURITY))
    with pytest.raises(UnsharedError, match="what opens a message comes behind it"):
        _seen([*dialogue[4:-2], *dialogue], keyring(secrets(SECURITY)))


def test_title_that_comes_after_too_many_packets_is_left_to_one_process() -> None:
    dialogue = said(session(SECURITY))
    get = asked(bytes.fromhex("C001C1 0008 0000010000FF 02 00"))

    def after(count: int) -> WatchedProtection:
        units = [*wrapped(dialogue[:1]), *wrapped([get] * count, client=17), *wrapped(dialogue[1:])]
        return _seen(units, many_meters(SECURITY), carried=list)

    waited = after(100)
    waited.check()
    (server,) = (one for place, one in waited.crossing().titles.items() if place[0] == "server" and one.titles)
    assert (server.asked_at, server.learnt_at) == (1, 102)
    with pytest.raises(UnsharedError, match="a message waited for its title for too long"):
        after(BEHIND).check()


# -- what two shares saw ----------------------------------------------------------------------------------------------


def _titles(*shares: dict[crossing.Place, Told]) -> list[Crossing]:
    return [Crossing(titles, {}) for titles in shares]


def _senders(*shares: Sequence[tuple[int, int]], roles: str = "aa", odd: str = "") -> list[Crossing]:
    """Give packets and counters of one sender, as shares saw them."""
    return [
        Crossing({}, {SENDER: Counted((role,), array("q", packets), array("I", counters), str(at) in odd)})
        for at, (role, (packets, counters)) in enumerate(
            zip(roles, (zip(*share, strict=True) for share in shares), strict=True)
        )
    ]


@pytest.mark.parametrize(
    "shares",
    [
        _titles({METER: Told((TITLE,), 5, 0)}, {OTHER: Told((ANOTHER,), 7, 0)}),
        _titles({METER: Told((TITLE,), 5, 0)}, {METER: Told((TITLE,), 9, 0)}),
        _titles({METER: Told((TITLE, ANOTHER), 5, 0)}, {OTHER: Told((TITLE,), 9, 0)}),
        _titles({METER: Told((TITLE,), 5, 0)}, {METER: Told((TITLE,), 9, 5)}),
        _titles({METER: Told((TITLE,), 5, 9)}, {METER: Told((), 0, 4)}),
        _titles({METER: Told((), 0, 9)}, {METER: Told((), 0, 8)}),
        _senders([(1, 7), (4, 9)], [(2, 8), (5, 7 + JUMP)]),
        _senders([(1, 7), (4, 7)], [(2, 8)], odd="0")[:1],
    ],
    ids=[
        "each its own", "the same later", "two titles in one share", "asked as it was learnt", "asked before", "never known",
        "counters run on", "odd in one share alone",
    ],
)  # fmt: skip
def test_shares_that_saw_what_one_process_sees_are_taken(shares: list[Crossing]) -> None:
    check_crossing(shares)
    check_crossing(reversed(shares))


@pytest.mark.parametrize(
    ("shares", "why"),
    [
        (_titles({METER: Told((TITLE,), 5, 0)}, {METER: Told((ANOTHER,), 9, 0)}), "one address has several titles"),
        (_titles({METER: Told((TITLE, ANOTHER), 5, 0)}, {METER: Told((TITLE,), 9, 0)}), "one address has several titles"),
        (_titles({METER: Told((TITLE, ANOTHER), 5, 0)}, {METER: Told((), 0, 4)}), "one address has several titles"),
        (_titles({METER: Told((TITLE,), 5, 0)}, {METER: Told((), 0, 6)}), "one connection tells the title"),
        (_titles({METER: Told((TITLE,), 5, 0)}, {METER: Told((TITLE,), 9, 8)}), "one connection tells the title"),
        (_senders([(1, 7), (4, 9)], [(2, 7)]), "the counters of one sender are odd"),
        (_senders([(1, 7), (4, 9)], [(5, 8)]), "the counters of one sender are odd"),
        (_senders([(1, 7)], [(2, 7 + JUMP)]), "the counters of one sender are odd"),
        (_senders([(1, 7)], [(2, 8)], roles="ab"), "the counters of one sender are odd"),
        (_senders([(1, 7)], [(2, 8)], odd="1"), "the counters of one sender are odd"),
    ],
    ids=[
        "two titles", "two titles in one share", "two titles for who asks", "asked when another knew", "learnt when another knew",
        "the same", "back", "jump", "two ways", "odd in a share",
    ],
)  # fmt: skip
def test_what_one_process_would_have_seen_otherwise_is_left_to_it(shares: list[Crossing], why: str) -> None:
    for order in (shares, shares[::-1]):
        with pytest.raises(UnsharedError, match=why):
            check_crossing(order)


def _many(count: int, *, odd: bool = False) -> list[Crossing]:
    """Give shares with so many titles and senders in all, each of one share."""
    shares = [Crossing({}, {}) for _ in range(2)]
    for number in range(count):
        share = shares[number % 2]
        share.titles["server", number] = Told((TITLE,), 1, 0)
        is_odd = odd and number == 0
        share.senders[bytes((number,))] = Counted(("a",), array("q", (1,)), array("I", (1,)), is_odd)
    return shares


@pytest.mark.parametrize(
    ("name", "odd", "why"),
    [
        ("MOST_TITLES", False, "too many titles are in it"),
        ("MOST_SENDERS", False, "too many senders are in it"),
        ("FEW_SENDERS", True, "too many senders are in it"),
    ],
)
def test_limits_of_one_process_hold_for_all_shares_together(
    name: str, odd: bool, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crossing, name, 6)
    check_crossing(_many(5, odd=odd))
    with pytest.raises(UnsharedError, match=why):
        check_crossing(_many(6, odd=odd))


def test_many_senders_are_taken_where_none_is_odd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crossing, "FEW_SENDERS", 6)
    check_crossing(_many(6))
