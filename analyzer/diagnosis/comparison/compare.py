"""Two sides to their differences: associations are aligned, then their steps, then the fields of each pair of steps."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from analyzer.diagnosis.alignment import opcodes
from analyzer.diagnosis.comparison.broken import newly_broken
from analyzer.diagnosis.comparison.messages import MESSAGE_LINKS
from analyzer.diagnosis.comparison.side import Side, Step, Talk, base
from analyzer.diagnosis.words import seconds
from analyzer.record import REQUEST, RESPONSE, UNSOLICITED
from analyzer.tracking.history import ABORTED, LOST, OPEN, REFUSED, Association

_MOST_TALKS = 500
_MOST_DIFFERENCES = 10_000
_SLOWER, _SLOWER_NS = 5, 1_000_000_000
_BEFORE, _AFTER = -1, 1 << 40
_BAD_ENDS = (LOST, REFUSED, ABORTED)
_LEAST_ALIKE = 0.1
_BETWEEN, _SOON = 0.5, 0.25
"""Of the way to the next step: where what is broken stands that is no step, and a transfer that stops, maybe of it."""


_SAID_ONCE = frozenset({"protection", "response time"})
"""Fields that differ in all steps or in none: the first time matters."""


_Item = TypeVar("_Item")


class Difference(NamedTuple):
    """One difference: where it is in both, the field, what each has, a sentence. *rank* 1 is the first that matters."""

    association: int
    good_record: int
    bad_record: int
    """0 where that capture has nothing of it."""
    field: str
    good_value: str
    bad_value: str
    text: str
    matters: bool = True
    place: float = 0
    """In the order of the association."""
    rank: int = 0


def compare(good: Side, bad: Side) -> list[Difference]:
    """Give the differences: those that matter in the order in which they happen, then the others."""
    found: list[Difference] = []
    pairs = _aligned(good.talks, bad.talks)
    for number, (one, other) in enumerate(pairs, 1):
        told: set[str] = set()
        for each in _talks(number, one, other):
            found.append(each._replace(matters=each.matters and each.field not in told))
            told |= {each.field} & _SAID_ONCE
            if len(found) >= _MOST_DIFFERENCES:
                break
    found += _broken(good, bad, pairs)
    found.sort(key=lambda each: (not each.matters, each.association, each.place))
    return [each._replace(rank=rank) for rank, each in enumerate(found, 1)]


def _broken(good: Side, bad: Side, pairs: Sequence[tuple[Talk | None, Talk | None]]) -> Iterator[Difference]:
    """Tell what the bad capture breaks and the good one does not, in the association during which it does."""
    if good.audit is None or bad.audit is None:
        return
    for each in newly_broken(good.audit, bad.audit):
        record = each.record
        begun = [(other.record, number) for number, (_, other) in enumerate(pairs, 1) if other is not None]
        number = max((one for one in begun if one[0] <= record), default=(0, 1))[1]
        one, other = pairs[number - 1] if pairs else (None, None)
        place, twin = _place(record, one.steps if one is not None else (), other.steps if other is not None else ())
        yield Difference(number, twin, record, each.name, "nothing of it", each.told, each.text, True, place)


def _place(record: int, good: Sequence[Step], bad: Sequence[Step]) -> tuple[float, int]:
    """Tell behind how many steps *record* stands, and the record of the good capture that is its like; 0 for none."""
    before = sum(step.record < record for step in bad)
    if before == len(bad) or bad[before].record != record:
        return min(before, len(good)) - _BETWEEN, 0
    twin = good[before] if before < len(good) and good[before].kind == bad[before].kind else None
    return min(before, len(good)), twin.record if twin is not None else 0


# -- associations -----------------------------------------------------------------------------------------------------


def _aligned(good: list[Talk], bad: list[Talk]) -> list[tuple[Talk | None, Talk | None]]:
    """Pair associations in order, so that what is alike in all is most."""
    good, bad = good[:_MOST_TALKS], bad[:_MOST_TALKS]
    places: dict[tuple[Hashable, int], int] = {}
    words = {id(talk): _words(talk, places) for talk in good}
    words |= {id(talk): _words(talk, places, takes=False) for talk in bad}
    best = [[0.0] * (len(bad) + 1) for _ in range(len(good) + 1)]
    for i in range(len(good) - 1, -1, -1):
        for j in range(len(bad) - 1, -1, -1):
            pair = _alike(good[i], bad[j], words) + best[i + 1][j + 1]
            best[i][j] = max(pair, best[i + 1][j], best[i][j + 1])
    made: list[tuple[Talk | None, Talk | None]] = []
    i = j = 0
    while i < len(good) and j < len(bad):
        score = _alike(good[i], bad[j], words)
        if score > _LEAST_ALIKE and best[i][j] == score + best[i + 1][j + 1]:
            made.append((good[i], bad[j]))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            made.append((good[i], None))
            i += 1
        else:
            made.append((None, bad[j]))
            j += 1
    return made + [(one, None) for one in good[i:]] + [(None, one) for one in bad[j:]]


def _words(talk: Talk, places: dict[tuple[Hashable, int], int], *, takes: bool = True) -> int:
    """Give a number with a bit for each step, by what it is about and how often that was said before.

    Two have as many bits in common as steps are the same. *places* are the bits that are taken; without *takes* a step
    that has none gets none.
    """
    seen: Counter[Hashable] = Counter()
    bits = bytearray(len(places) + len(talk.steps) * takes + 7 >> 3)
    for step in talk.steps:
        key = step.token, seen[step.token]
        seen[step.token] += 1
        place = places.setdefault(key, len(places)) if takes else places.get(key)
        if place is not None:
            bits[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(bits, "little")


def _alike(one: Talk, other: Talk, words: dict[int, int]) -> float:
    """Tell how much two associations are alike, from 0 to 4."""
    if (one.association is None) != (other.association is None):
        return 0.0
    if one.link != other.link and {one.link, other.link} & MESSAGE_LINKS:
        return 0.0
    total = len(one.steps) + len(other.steps)
    shared = 2 * (words[id(one)] & words[id(other)]).bit_count() / total if total else 0.0
    return 0.2 + shared * 2 + (one.client == other.client) + 0.5 * (_upper(one.server) == _upper(other.server))


def _upper(server: object) -> str:
    """Give the logical device: a lower address is the line's matter."""
    return str(server).partition(".")[0]


def _talks(number: int, good: Talk | None, bad: Talk | None) -> Iterator[Difference]:
    if good is None or bad is None:
        talk = good or bad
        assert talk is not None
        lacks = "bad" if bad is None else "good"
        shown = _said(talk)
        text = f"the {lacks} capture has no {talk.name}"
        records = (talk.record, 0) if bad is None else (0, talk.record)
        values = (shown, "missing") if bad is None else ("missing", shown)
        yield Difference(number, *records, "association", *values, text, matters=True, place=_BEFORE)
        return
    yield from _parties(number, good, bad)
    yield from _steps(number, good.steps, bad.steps)
    yield from _ends(number, good, bad)


def _said(talk: Talk) -> str:
    if talk.association is not None:
        return talk.association.verdict
    one, several = ("message", "messages") if talk.link in MESSAGE_LINKS else ("push", "pushes")
    return f"{len(talk.steps)} {several if len(talk.steps) != 1 else one}"


def _parties(number: int, good: Talk, bad: Talk) -> Iterator[Difference]:
    """Compare who speaks with whom over what, and what the links agreed on."""

    def differ(field: str, one: object, other: object, text: str, *, matters: bool = True) -> Iterator[Difference]:
        if one != other:
            yield Difference(number, good.record, bad.record, field, str(one), str(other), text, matters, _BEFORE)

    yield from differ("client", good.client, bad.client, f"client address {good.client}, then {bad.client}")
    one, other = _upper(good.server), _upper(bad.server)
    yield from differ("server", one, other, f"server address {one}, then {other}")
    yield from differ("link", good.link, bad.link, f"carried by {good.link}, then by {bad.link}", matters=False)
    if good.link == bad.link and good.association is not None and bad.association is not None:
        yield from _links(differ, good.association, bad.association)


def _links(differ: Callable[..., Iterator[Difference]], good: Association, bad: Association) -> Iterator[Difference]:
    for field in good.asked_limits._fields:
        one, other = getattr(good.asked_limits, field), getattr(bad.asked_limits, field)
        name = field.replace("_", " ")
        yield from differ(f"SNRM {name}", one, other, f"SNRM proposes {name} {one}, then {other}")
    if good.limits is not None and bad.limits is not None:
        for field in good.limits._fields:
            one, other = getattr(good.limits, field), getattr(bad.limits, field)
            name = field.replace("_", " ")
            yield from differ(f"UA {name}", one, other, f"agreed {name} {one}, then {other}")
    elif good.limits is not None and bad.link_at:
        yield from differ("UA", "answered", "not answered", "SNRM is not answered with UA")


def _ends(number: int, good: Talk, bad: Talk) -> Iterator[Difference]:
    """Compare how both end."""
    one, other = good.association, bad.association
    if one is None or other is None or one.how == other.how:
        return
    matters = one.how in _BAD_ENDS or other.how in _BAD_ENDS
    records = tuple(each.ending.at.record if each.ending is not None else each.last_record for each in (one, other))
    text = f"the good association ends {one.how}, the bad one {other.how}"
    if OPEN in (one.how, other.how):
        text = text.replace("ends open", "is still open").replace("one open", "one is still open")
    yield Difference(number, records[0], records[1], "end", one.verdict, other.verdict, text, matters, _AFTER)


# -- steps ------------------------------------------------------------------------------------------------------------


def _steps(number: int, good: list[Step], bad: list[Step]) -> Iterator[Difference]:
    """Align the steps of one association, and compare them pair by pair."""
    here, there = [one.token for one in good], [one.token for one in bad]
    in_good, in_bad = set(here), set(there)
    missing: list[tuple[int, Step]] = []
    extra: list[tuple[int, Step]] = []
    for what, i, i_end, j, j_end in opcodes(here, there):
        if what == "equal":
            for at, (one, other) in enumerate(zip(good[i:i_end], bad[j:j_end], strict=True), i):
                yield from _pair(number, at, one, other)
            continue
        alike = _queues(range(j, j_end), lambda at: bad[at].kind)
        paired = set()
        for at, one in enumerate(good[i:i_end], i):
            twins = alike.get(one.kind)
            if twins and one.token not in in_bad and bad[twins[0]].token not in in_good:
                paired.add(twins[0])
                yield from _pair(number, at, one, bad[twins.popleft()])
            else:
                missing.append((at, one))
        extra += [(i, bad[at]) for at in range(j, j_end) if at not in paired]
    yield from _moved(number, missing, extra)


def _queues(items: Iterable[_Item], of: Callable[[_Item], Hashable]) -> dict[Hashable, deque[_Item]]:
    """Give *items* in their order, by what each is *of*."""
    made: defaultdict[Hashable, deque[_Item]] = defaultdict(deque)
    for item in items:
        made[of(item)].append(item)
    return made


def _moved(number: int, missing: list[tuple[int, Step]], extra: list[tuple[int, Step]]) -> Iterator[Difference]:
    """Tell what one capture lacks, and what both have at other places; what follows one another is one difference."""
    twins, found, lacking = _queues(range(len(extra)), lambda index: extra[index][1].token), set(), []
    for at, one in missing:
        if not (same := twins.get(one.token)):
            lacking.append((at, one))
            continue
        twin = same.popleft()
        found.add(twin)
        if one.side != RESPONSE:
            text = f"{one.name} comes at another place"
            yield Difference(number, one.record, extra[twin][1].record, "order", one.name, one.name, text, True, at)
    left = [each for index, each in enumerate(extra) if index not in found]
    for at, one, more in _runs(lacking, is_placed=True):
        text = f"the bad capture has no {one.name}" + (f", and lacks {more} more behind it" if more else "")
        yield Difference(number, one.record, 0, _kind(one), one.name, "missing", text, True, at)
    for at, one, more in _runs(left, is_placed=False):
        text = f"only the bad capture has {one.name}" + (f", and {more} more" if more else "")
        yield Difference(number, 0, one.record, _kind(one), "missing", one.name, text, True, at)


def _kind(step: Step) -> str:
    return "message" if step.message is not None else _KINDS[step.side]


_KINDS = {REQUEST: "request", RESPONSE: "answer", UNSOLICITED: "push"}


def _runs(steps: list[tuple[int, Step]], *, is_placed: bool) -> Iterator[tuple[int, Step, int]]:
    """Fold steps that follow one another: the first of each run, and how many come behind it."""
    first, before, more = steps[0] if steps else (0, None), 0, 0
    for at, one in steps:
        if one is first[1]:
            pass
        elif at - before == (1 if is_placed else 0):
            more += 1
        else:
            assert first[1] is not None
            yield (*first, more)
            first, more = (at, one), 0
        before = at
    if first[1] is not None:
        yield (*first, more)


def _pair(number: int, at: int, good: Step, bad: Step) -> Iterator[Difference]:
    """Compare two steps field by field."""

    def differ(field: str, one: str, other: str, *, matters: bool = True) -> Difference:
        text = f"{good.name}: {field} {_told(one, other)}"
        return Difference(number, good.record, bad.record, field, one, other, text, matters, at)

    if good.is_broken_off != bad.is_broken_off:
        ends = ("stops" if one.is_broken_off else "complete" for one in (good, bad))
        yield differ("transfer", *ends)._replace(place=at + _SOON)
        return  # what is read of a part says nothing of its own
    if (
        good.objects != bad.objects and good.about != bad.about
    ):  # what follows from another object is no difference of its own
        if good.side != RESPONSE:
            yield differ("object", good.about or "none", bad.about or "none")
        return
    if base(good.family) == base(bad.family) and good.family != bad.family:
        pass  # one side is not opened: only its protection is known
    elif good.family != bad.family:
        texts = ["; ".join(f"{name} {value}" for name, value in one.fields.firm.items()) for one in (good, bad)]
        yield differ("answer", f"{good.family} ({texts[0]})", f"{bad.family} ({texts[1]})")
    elif good.octets != bad.octets:
        mine, theirs = good.fields, bad.fields
        firm, other_firm = _comparable(mine.firm, theirs.firm)
        for is_firm, one, other in ((True, firm, other_firm), (False, mine.loose, theirs.loose)):
            for name in dict.fromkeys((*one, *other)):
                is_whole = is_firm or good.message is None  # of data sets the list itself says which are missing
                if one.get(name) != other.get(name) and (is_whole or (name in one and name in other)):
                    yield differ(name, one.get(name, "absent"), other.get(name, "absent"), matters=is_firm)
    if good.protection != bad.protection:
        yield differ("protection", good.protection, bad.protection)
    if good.latency_ns is not None and bad.latency_ns is not None:
        slower = bad.latency_ns - good.latency_ns
        if slower >= _SLOWER_NS and bad.latency_ns >= _SLOWER * max(good.latency_ns, 1):
            yield differ("response time", seconds(good.latency_ns), seconds(bad.latency_ns))


_USER = "user-information."


def _comparable(good: dict[str, str], bad: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Leave out what only one side shows because the other has another initiate APDU, a closed one, or none."""
    forms = [next((name.split(".")[1] for name in one if name.startswith(_USER)), "absent") for one in (good, bad)]
    if forms[0] == forms[1]:
        return good, bad
    made = []
    for one, form in zip((good, bad), forms, strict=True):
        kept = {name: value for name, value in one.items() if not name.startswith(_USER)}
        made.append({**kept, _USER.rstrip("."): form})
    return made[0], made[1]


def _told(one: str, other: str) -> str:
    """Say how two values differ; of lists of names what is lacking and what is more."""
    mine, theirs = (set(each.split(", ")) for each in (one, other))
    if len(mine) > 2 and len(theirs) > 1 and mine & theirs:
        parts = [(f"lacks {', '.join(sorted(mine - theirs))}", mine - theirs)]
        parts += [(f"has {', '.join(sorted(theirs - mine))} more", theirs - mine)]
        return " and ".join(text for text, names in parts if names)
    return f"is {other}, was {one}"
