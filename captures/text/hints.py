"""What the first lines of a text tell about all of it, for whoever reads its lines."""

from re import Pattern
from typing import NamedTuple

from captures.text.apart import Leading
from captures.text.times import DAY_FIRST


class Hints(NamedTuple):
    """What the first lines of a text tell about all of it."""

    order: tuple[str, bool] = DAY_FIRST, False
    """The order of the numbers in dates, and whether it is a guess."""
    lanes: tuple[bytes, ...] = ()
    """The names of taps, in the order of their first reads."""
    has_directions: bool = False
    """Some octets have words of a direction before them: others then are no traffic."""
    has_frames: bool = False
    """Some octets begin as HDLC frames: what is called an APDU then is the inside of one."""
    takes_opened: bool = False
    """Nothing but what is called deciphered may be traffic."""
    takes_names: bool = False
    """Names in the text have words of both directions within."""
    heads: frozenset[bytes] = frozenset()
    """The words that stand before octets and say their direction."""
    is_monitor: bool = False
    """A monitor put an arrow behind the time of each line, which says no direction."""
    has_letters: bool = False
    """Single letters before octets say their direction."""
    signs: tuple[Pattern[bytes], ...] = ()
    """What stands for words of a direction on lines."""
    has_events: bool = False
    """The event of data is that of what was received, beside words for what was sent."""
    has_indents: bool = False
    """Rows of dumps are indented where the side speaks that answers."""
    lacks_zeros: bool = False
    """Octets below 10 are written with one digit."""
    has_counts: bool = False
    """Rows of octets have their counts behind a wide gap."""
    has_colon_rows: bool = False
    """Octets stand in rows with colons between, so that three of them may look like a time of day."""
    has_line_numbers: bool = False
    """Each line begins with its number."""
    has_hours_behind: bool = False
    """Behind each time stands its zone in whole hours, with a minus."""
    has_years_behind: bool = False
    """Behind each time and its fraction stands its year."""
    has_zone_lanes: bool = False
    """What stands behind times as zones do is the name of a tap."""
    leading: Leading = Leading.NONE
    """What the numbers before times are."""
    standing: bytes = b""
    """The number like an epoch that stands still in all lines, and is neither time nor octets."""
    cut_at: int = 0
    """All units that would have more octets than this have just as many: what wrote the text cut them."""
