"""Causes that hurt a whole lane: settings of the receiver, octets that a driver takes out. One story tells of all.

What is known of a lane grows with each read; what was told before a cause was known is folded into its story.
"""

from __future__ import annotations

from collections.abc import Mapping

from analyzer.diagnosis.damage_lane import FOLDED, LANE_CAUSES, Lane, back, yields
from analyzer.diagnosis.line import settings_of
from analyzer.diagnosis.noise import Explained
from analyzer.diagnosis.story import CERTAIN, POSSIBLE, Fact, Stories, Story
from analyzer.record import Record

_PLENTY = 512
"""So many octets without a frame are no start and no piece of one."""
_HEADLESS = "start-of-dump-missing"
_SEVERAL_READS = 3
"""So many reads and no frame among them: settings are likelier than damage of each."""


class LaneCauses:
    """The causes of whole lanes, of all lanes of a capture."""

    def __init__(self, stories: Stories, lanes: Mapping[str, Lane]) -> None:
        self._stories, self._lanes = stories, lanes

    def settings(self, lane: Lane, record: Record) -> Explained | None:
        """Look at all octets of a lane without a sound frame; gives what they say, once that is enough."""
        is_time = lane.unread.add(record.octets, len(record.packets))
        wide = lane.wide
        is_open = wide is None or wide.confidence is POSSIBLE
        is_plenty = lane.unread.size >= _PLENTY
        is_renamed = not is_open and is_plenty and wide is not None and wide.code != "line-unreadable"
        if is_time and (is_open or is_renamed):
            found = settings_of(lane.unread)
            if found and (found[0].confidence is not POSSIBLE or is_plenty):
                return Explained("line-unreadable" if is_plenty else "hdlc-noise", "", found)
            lane.suspects = found
        if not is_open and wide is not None and is_time:
            found = settings_of(lane.unread)
            if found and found[0].cause == wide.cause and wide.lane == record.lane.text:
                wide.retell(found[0].text, found[0].confidence)
        return None

    @staticmethod
    def is_known(lane: Lane, record: Record) -> bool:
        """Tell whether the cause of the whole lane is known, and count *record* to it."""
        if lane.wide is None or lane.wide.confidence is POSSIBLE:
            return False
        lane.wide.again(record.number, record.time_ns)
        return True

    def told(self, lane: Lane, fact: Fact) -> None:
        """Remember what was told; what has a cause that hurts the whole lane takes the rest of the lane in."""
        lane.facts.append(fact)
        story = self._stories.of_fact(fact)
        if story is None:
            return
        is_proved = fact.cause == "flow-control-octets-removed" and lane.lacks_flow_control
        if fact.cause in LANE_CAUSES and (story.count > 1 or not lane.has_sound or is_proved):
            if lane.wide is not None and lane.wide is not story:
                self._stories.fold(story, [lane.wide])
                other = self._lanes.get(back(fact.lane))
                if other is not None and other.wide is lane.wide:
                    other.wide = story
            lane.wide = story
        if fact.cause != _HEADLESS and lane.unread.count > 1:
            self._stories.fold(story, [one for one in self._stories.of_lane(fact.lane) if _is_headless(one)])
        if lane.wide is not None:
            wide = lane.wide
            others = [one for one in self._stories.of_lane(fact.lane) if one.code in FOLDED and yields(one, wide)]
            self._stories.fold(wide, others)
            self._other_way(lane, fact.lane)

    def _other_way(self, lane: Lane, name: str) -> None:
        """Both directions of a line are read with the same settings: one story tells of both."""
        other = self._lanes.get(back(name))
        mine, theirs = lane.wide, other.wide if other is not None and other is not lane else None
        if mine is None or theirs is None or mine is theirs or mine.confidence is POSSIBLE:
            return
        if mine.cause == theirs.cause or (theirs.confidence is CERTAIN and mine.confidence is not CERTAIN):
            self._stories.fold(theirs, [mine])
            lane.wide = theirs

    def undecided(self, lane: Lane) -> Explained | None:
        """Give what may be wrong with a lane of several reads and no frame of which nothing was found to be likely."""
        wide = lane.wide
        is_known = wide is not None and wide.confidence is not POSSIBLE
        is_known |= bool(lane.facts) and all(one.confidence is CERTAIN for one in lane.facts)
        several = 2 if any(map(_is_headless, lane.facts)) else _SEVERAL_READS
        if lane.has_sound or is_known or not lane.region:
            return None
        is_run = len(set(lane.region[-1].octets)) == 1  # told by itself, however many reads were joined to it
        if (len(lane.unread.reads) if is_run else lane.unread.count) < several:
            return None
        found = settings_of(lane.unread) or lane.suspects
        is_more = bool(found) and (wide is None or found[0].confidence is not POSSIBLE)
        return Explained("hdlc-noise", "", found) if is_more else None

    def take_in(self, name: str, fact: Fact) -> None:
        """Let the story of *fact*, which tells of the whole lane, take in what was guessed of single pieces."""
        story = self._stories.of_fact(fact)
        if story is not None:
            guesses = [one for one in self._stories.of_lane(name) if one.code in FOLDED and one.confidence is POSSIBLE]
            self._stories.fold(story, guesses)

    def finish(self) -> None:
        """What came of a lane after its cause was known follows from that, too."""
        for name, lane in self._lanes.items():
            self._other_way(lane, name)
        wides = [lane.wide for lane in self._lanes.values()]
        for name, lane in self._lanes.items():
            wide = lane.wide
            if wide is not None and wide.confidence is not POSSIBLE and not lane.has_sound:
                told = [one for each in (name, back(name)) for one in self._stories.of_lane(each) if one not in wides]
                self._stories.fold(wide, [one for one in told if one.code in FOLDED and yields(one, wide)])


def _is_headless(one: Fact | Story) -> bool:
    """Tell whether the beginning of a lane was guessed to be missing, which more than one read of noise gainsays."""
    return one.cause == _HEADLESS and one.confidence is POSSIBLE
