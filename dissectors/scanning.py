"""APDU octets to family, layer and plain values in one call: the index pass's way into the generated scans."""

from __future__ import annotations

from typing import Any, NamedTuple

import dissectors.reader  # noqa: F401 -- registers every layer
from dissectors import registry
from dissectors.compile import FAILURES, Scan, scan
from dissectors.gateway import prefix_size
from dissectors.xdlms.ciphered import SERVICE_SPECIFIC


class Entry:
    """What the index pass needs to know of one APDU layer: its scan, and where its values stand."""

    __slots__ = (
        "asn1", "begin", "deviates", "family", "function", "is_closed", "layer", "may_be_closed", "names", "plan",
        "slots", "tag",
    )  # fmt: skip

    def __init__(self, tag: int, family: str, layer: Any, made: Scan) -> None:
        self.tag = tag
        self.family = family
        self.layer = layer
        self.asn1: str = layer.asn1
        self.function = made.function
        self.names = made.names
        self.slots = {name.rpartition(".")[2]: index for index, name in enumerate(made.names)}
        self.is_closed = "security_control" in self.slots
        """Whether what it carries is ciphered, or at least authenticated."""
        self.may_be_closed = self.is_closed or "user_information" in self.slots
        """Whether it is such an APDU, or may carry one."""
        self.deviates = getattr(layer, "deviates", None)
        self.plan: Any = None
        """Room for what a user of the scan works out once a layer."""
        self.begin = b""
        """The octets that were first found to begin it: with these another process finds it."""

    def __repr__(self) -> str:
        return f"<Entry {self.asn1}>"

    def __reduce__(self) -> tuple[Any, tuple[bytes]]:
        """Go to another process by what begins the APDU: the functions are made there."""
        return _entry_of, (self.begin,)


_ENTRIES: dict[int, Entry] = {}


def entry(octets: bytes, at: int, end: int) -> Entry | None:
    """Find the entry of the APDU that begins at *at*; None where no layer is registered."""
    key = octets[at] << 8 if at < end else -1
    found = _ENTRIES.get(key)
    if found is not None:
        if at + 1 < end:
            _ENTRIES[key | octets[at + 1]] = found  # a length, and the next APDU may have the same
        return found
    if at + 1 < end and (found := _ENTRIES.get(key | octets[at + 1])) is not None and found.tag == octets[at]:
        return found
    return _make(octets, at, end)


def _entry_of(begin: bytes) -> Entry | None:
    return entry(begin, 0, len(begin))


def _make(octets: bytes, at: int, end: int) -> Entry | None:
    picked = registry.pick(octets, at, end)
    if picked is None:
        return None
    family, layer = picked
    made = Entry(octets[at], family, layer, scan(layer))
    made.begin = bytes(octets[at : at + 2])
    has_choice = layer.asn1 != family
    _ENTRIES[octets[at] << 8 | (octets[at + 1] if has_choice else 0)] = made
    return made


def scan_apdu(octets: bytes, at: int, end: int) -> tuple[Entry | None, tuple[Any, ...] | None]:
    """Read one APDU that takes exactly the octets from *at* to *end*. Values are None where it does not read so."""
    found = _ENTRIES.get(octets[at] << 8 | octets[at + 1]) if at + 1 < end else None
    if found is None:
        found = entry(octets, at, end)
        if found is None:
            return None, None
    try:
        values, after = found.function(octets, at, end)
    except FAILURES:
        return found, None
    return found, values if after == end else None


_ACSE = frozenset((0x60, 0x61, 0x62, 0x63))
_OPENING = _ACSE | {0x01, 0x08, 0x21, 0x28}
"""ACSE and initiate APDUs, the ciphered ones too."""
_MOST_KNOWN = 1024
_KNOWN: dict[bytes, tuple[Entry | None, tuple[Any, ...] | None]] = {}
"""What opens and closes associations: most of it comes again and again as it was, or is looked at more than once."""


def scan_whole(octets: bytes) -> tuple[Entry | None, tuple[Any, ...] | None]:
    """Read one APDU that takes all of *octets*, as :func:`scan_apdu` does; those that come again are read once."""
    if not octets or octets[0] not in _OPENING:
        return scan_apdu(octets, 0, len(octets))
    known = _KNOWN.get(octets)
    if known is None:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        known = _scan_acse(octets) if octets[0] in _ACSE else scan_apdu(octets, 0, len(octets))
        _KNOWN[octets] = known
    return known


_OWN = {
    0x60: ("calling_ap_title", 0xA6, "calling_authentication_value", 0xAC),
    0x61: ("responding_ap_title", 0xA4, "responding_authentication_value", 0xAA),
}
"""By APDU: names and tags of the elements that each association has for itself, besides the initiate APDU."""
_USER_INFORMATION = 0xBE
_INITIATES = frozenset((0x01, 0x08, *SERVICE_SPECIFIC))


class _Form(NamedTuple):
    """An AARQ or AARE that was read, and where title, authentication value and initiate APDU stand in it.

    *rest* is what stands between them, with the first octet of the initiate APDU, which goes to the end.
    """

    rest: bytes
    title: tuple[int, int, int]
    """Slot, start and end; both ends are the same where there is none."""
    authentication: tuple[int, int, int]
    initiate: tuple[int, int]
    """Slot and start."""
    entry: Entry
    values: tuple[Any, ...]


_LEAST_SEALED = 19
"""Tag, length, security control, counter, and a tag of 12 octets."""
_FORMS: dict[tuple[int, int], _Form] = {}
"""By first octet and length, the form that was read last."""


def _scan_acse(octets: bytes) -> tuple[Entry | None, tuple[Any, ...] | None]:
    """Read an ACSE APDU. One that differs from the one before only in what is its own is read as that was."""
    kind = octets[0], len(octets)
    form = _FORMS.get(kind)
    if form is not None:
        rest, (title, title_at, title_end), (authentication, at, end), (initiate, initiate_at), found, values = form
        inside = octets[initiate_at:]
        is_same = octets[:title_at] + octets[title_end:at] + octets[end : initiate_at + 1] == rest
        if is_same and (_is_sealed(inside) or scan_whole(inside)[1] is not None):
            own = list(values)
            own[initiate] = inside
            if title_at != title_end:
                own[title] = octets[title_at:title_end]
            if at != end:
                own[authentication] = (values[authentication][0], octets[at:end])
            return found, tuple(own)
    read = scan_apdu(octets, 0, len(octets))
    form = _form(octets, *read)
    if form is not None:
        if len(_FORMS) >= _MOST_KNOWN:
            _FORMS.clear()
        _FORMS[kind] = form
    return read


def _is_sealed(inside: bytes) -> bool:
    """Tell whether a ciphered initiate APDU surely reads: all behind its length may be any octets, if they suffice."""
    return _LEAST_SEALED <= len(inside) == inside[1] + 2 < 0x82 and inside[0] in SERVICE_SPECIFIC


def _form(octets: bytes, found: Entry | None, values: tuple[Any, ...] | None) -> _Form | None:
    """Keep how an AARQ or AARE was read; None where it has long lengths, or elements that are none of the declared."""
    if found is None or values is None or found.tag not in _OWN or octets[1] != len(octets) - 2:
        return None
    title_name, title_tag, authentication_name, authentication_tag = _OWN[found.tag]
    slots = found.slots
    title, authentication, initiate = slots[title_name], slots[authentication_name], slots["user_information"]
    inside, (_, value) = values[initiate], values[authentication] or ("", b"")
    at, starts = 2, {title_tag: 2, _USER_INFORMATION: len(octets)}
    while at + 4 <= len(octets) and octets[at + 1] < 0x80:
        starts[octets[at]] = at + 4  # behind tag and length of the element, and of what stands in it
        at += 2 + octets[at + 1]
    title_at, initiate_at = starts[title_tag], starts[_USER_INFORMATION]
    title_end = title_at + len(values[title] or b"")
    value_at = starts.get(authentication_tag, title_end)
    value_end = value_at + len(value)
    stands = octets[title_at:title_end], octets[value_at:value_end], octets[initiate_at:], at
    if values[slots["other_elements"]] or stands != (values[title] or b"", value, inside, len(octets)):
        return None
    if inside[0] not in _INITIATES:
        return None
    rest = octets[:title_at] + octets[title_end:value_at] + octets[value_end : initiate_at + 1]
    own = (title, title_at, title_end), (authentication, value_at, value_end), (initiate, initiate_at)
    return _Form(rest, *own, found, values)


def scan_loosely(octets: bytes, found: Entry | None) -> tuple[Any, ...] | None:
    """Read the values of an APDU that has octets left over behind it; None where it does not read at all."""
    if found is None:
        return None
    try:
        return found.function(octets, 0, len(octets))[0]
    except FAILURES:
        return None


def reads(octets: bytes) -> bool:
    """Tell whether *octets* are one APDU that reads completely, a gateway prefix before it or not.

    An empty short-name list proves nothing.
    """
    if len(octets) < 2 or (octets[1] == 0 and len(octets) == 2 and octets[0] not in (0x62, 0x63)):
        return False
    if scan_whole(octets)[1] is not None:
        return True
    size = prefix_size(octets)
    return size > 0 and scan_apdu(octets, size, len(octets))[1] is not None
