"""Two faults at a time: in different frames each is told as if it was alone; in one frame nothing is claimed too much."""

from __future__ import annotations

import random
from collections.abc import Sequence

from analyzer.diagnosis.story import CERTAIN, POSSIBLE, Story
from analyzer.tracking.bare_secrets import without_secrets
from tests.faults import frames
from tests.faults.case import Case, Lines, Truth, stories_of
from tests.faults.measure import Row

PAIRS, PAIRS_IN_ONE = 2000, 500
PAIRS_SHORT, PAIRS_IN_ONE_SHORT = 80, 20
_FEW = 3
_SINGLE = (
    frames.bit_error, frames.octet_damaged, frames.octet_lost, frames.octet_inserted, frames.octets_lost,
    frames.truncated, frames.stuffed, frames.swapped,
)  # fmt: skip


def _apart(chance: random.Random, number: int) -> tuple[Lines, list[Truth]] | None:
    """Hurt two frames with sound ones of each lane between them."""
    session, _ = frames.target(chance, number % 3)
    places = [at for at, one in enumerate(session) if 9 <= len(one.octets) <= frames.MOST]
    if len(session) < 10 or len(places) < 6:
        return None
    one, other = sorted(chance.sample(places, 2))
    if other - one < 5:
        return None
    truths = []
    for at in (one, other):
        done = chance.choice(_SINGLE)(chance, session[at].octets, chance.randrange(1000))
        if done is None:
            return None
        session = frames.put(session, at, done[0])
        truths.append(done[1])
    return session, truths


def _causes(stories: Sequence[Story]) -> list[str]:
    """What the stories name, those that follow from others too, an alternative of the same likelihood as well."""
    named = []
    for story in stories:
        named += [story.cause] * story.count
        if story.confidence == POSSIBLE:
            named += [one.cause for one in story.candidates if one.confidence == POSSIBLE]
        named += _causes(story.leads_to)
    return named


def _occurrences(stories: Sequence[Story]) -> int:
    return sum(story.count + _occurrences(story.leads_to) for story in stories)


def apart(pairs: int) -> Row:
    """Measure pairs in different frames."""
    chance = random.Random("pairs")
    found = named = done = number = 0
    while done < pairs:
        number += 1
        made = _apart(chance, number)
        if made is None:
            continue
        done += 1
        session, truths = made
        stories = stories_of(Case(session, truths[0]))
        causes = _causes(stories)
        found += _occurrences(stories) >= len(truths)
        named += all(any(cause in truth.causes for cause in causes) for truth in truths)
    return _row("two frames", pairs, found, named, None, 0, 0.95)


def together(pairs: int) -> Row:
    """Measure pairs in one frame: found; the frame that was sent among few candidates, or said to be undecided."""
    chance = random.Random("together")
    found = honest = wrong = done = number = 0
    while done < pairs:
        number += 1
        session, at = frames.target(chance, number, least=20)
        sent = session[at].octets
        one = chance.choice(_SINGLE[:4])(chance, sent, chance.randrange(1000))
        other = chance.choice(_SINGLE[:4])(chance, one[0], chance.randrange(1000)) if one else None
        if one is None or other is None or other[0] in (sent, one[0]):
            continue
        done += 1
        stories = stories_of(Case(frames.put(session, at, other[0]), Truth(frozenset())))
        found += bool(stories)
        if not stories:
            continue
        first = stories[0]
        repairs = [first.proposed[1]] if first.proposed else []
        repairs += [each.octets for each in first.candidates if each.octets]
        is_right = without_secrets(sent[1:-1]) in repairs
        honest += is_right or first.confidence != CERTAIN or len(repairs) > _FEW or not repairs
        wrong += first.confidence == CERTAIN and bool(repairs) and not is_right
    return _row("one frame", pairs, found, honest, None, wrong, 0.97)


def _row(what: str, done: int, found: int, named: int, located: float | None, wrong: int, target: float) -> Row:
    share = found / done
    is_met = share == 1 and named / done >= target
    return Row("two faults", what, done, share, named / done, located, wrong, target, is_met)
