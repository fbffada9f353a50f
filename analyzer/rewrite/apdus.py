"""An APDU in clear to one of the same length that tells nobody's name: which of its octets, by its tree.

Source: IEC 62056-5-3 (ACSE, services), IEC 62056-6-2 (classes whose attributes identify a meter or its owner).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from analyzer.record import Object
from analyzer.rewrite.keys import published_key
from analyzer.rewrite.pseudonyms import TITLE_SIZE, Pseudonyms, is_logical_name
from analyzer.security.keys import KeyRole
from analyzer.tracking.attributes import Held
from dissectors.axdr import scan_length
from dissectors.data_types import CODES, STRINGS, TAGS
from dissectors.reader import read_apdu
from dissectors.tree import Kind, Node, Problem

MASK = 0x2A
"""What stands for each octet of a secret."""
_STRINGS = frozenset(("octet-string", "visible-string", "utf8-string"))
_NUMBERS = {"unsigned": 1, "long-unsigned": 2, "double-long-unsigned": 4, "long64-unsigned": 8}
"""Octets of numbers that may identify."""
_TITLES = frozenset(("system-title", "originator-system-title", "recipient-system-title"))
_ACSE_TITLES = frozenset(("calling-AP-title", "responding-AP-title"))
_IDENTITIES = frozenset(
    (
        "transaction-id", "other-information", "calling-AE-qualifier", "responding-AE-qualifier",
        "calling-AE-invocation-id", "called-AP-title", "called-AE-qualifier", "key-ciphered-data", "wrapped-key",
        "signature", "content",
    )
)  # fmt: skip
_PASSWORD, _CHALLENGES = "calling-authentication-value", ("2.16.756.5.8.2.0", "2.16.756.5.8.2.1")
"""Where the password of low level security stands, and the mechanisms that have none or that one."""
_DEDICATED, _LEFT = "dedicated-key", "undecoded"
_CLOSED = ("ciphered", "tag")
"""What nobody opened: who did wrote it anew, and keeps it."""
_WHOSE = {(96, 1), (42, 0), (0, 0)}
"""Value groups C and D of objects that say whose a meter is: device ids, logical device name, identifications."""
_WHOSE_ATTRIBUTES = {(72, 6), (42, 3), (42, 5), (42, 6), (42, 7), (42, 9), (42, 10)}
"""Class and attribute: the identification number of an M-Bus device, the addresses of an IP setup."""
Patch = tuple[int, int, bytes]
"""Begin and end of octets, and what stands there from now on."""


def patched(octets: bytes, patches: Iterable[Patch]) -> bytes:
    """Give *octets* with each patch in its place; all keep their lengths."""
    made = bytearray(octets)
    for start, end, new in patches:
        made[start:end] = new
    return bytes(made)


def anonymous(
    octets: bytes, names: Pseudonyms, values: Iterable[Held] = (), *, is_secret: bool = False,
    keeps: tuple[int, int] = (0, 0),
) -> bytes:  # fmt: skip
    """Replace what identifies in an APDU; *values* are those of named objects in it, *keeps* a span that stays.

    Where *is_secret*, it is about a secret: all its strings are masked.
    """
    made = list(_patches(octets, names, keeps, is_secret=is_secret))
    made += [one for held in values for one in _numbers(octets, held, names)]
    return patched(octets, made)


def _patches(octets: bytes, names: Pseudonyms, keeps: tuple[int, int], *, is_secret: bool) -> Iterator[Patch]:
    root = read_apdu(octets)
    if root.buffer:
        return
    mechanism = _mechanism(root)
    is_whole = not any(node.kind is Kind.UNDECODED for node in root.walk())
    kept = {span for node in root.walk() if node.kind is Kind.DATA for span in _kept_names(octets, node)}
    for node in root.walk():
        if keeps[0] * 8 < node.end and node.start < keeps[1] * 8 and not node.children:
            continue
        is_closed = node.kind is Kind.LEAF and node.name in _CLOSED
        if is_closed or node.kind is Kind.UNDECODED or node.name == _LEFT:
            start, end = _unread(octets, node), node.end // 8
            yield start, end, bytes(end - start)
        elif node.kind is Kind.DATA and node.name in _STRINGS and not node.children:
            start, end = _content(octets, node)
            if is_secret:
                yield start, end, _masked(start, end)
            elif (start, end) not in kept:
                yield start, end, names.string(octets[start:end], is_whole=is_whole)
        elif node.name in _TITLES:
            yield from _titles(octets, [node], names)
        elif node.name in _ACSE_TITLES:
            yield from _titles(octets, [one for one in node.walk() if one.name == "value"], names)
        elif node.name == _PASSWORD and mechanism in _CHALLENGES:
            spans = [(one.start // 8, one.end // 8) for one in node.walk() if one.name == "value"]
            yield from ((start, end, _masked(start, end)) for start, end in spans)
        elif node.name == _DEDICATED and not node.children:
            start, end = _content(octets, node)
            yield start, end, published_key(KeyRole.DEDICATED)[: end - start].ljust(end - start, b"\0")
        elif node.name in _IDENTITIES and not node.children:
            start, end = _content(octets, node)
            yield start, end, bytes(end - start)


def _kept_names(octets: bytes, structure: Node) -> Iterator[tuple[int, int]]:
    """Find the logical names that stand behind a class: those of lists of objects."""
    for before, node in zip(structure.children, structure.children[1:], strict=False):
        if node.name != "octet-string" or before.name != "long-unsigned":
            continue
        start, end = _content(octets, node)
        if is_logical_name(octets[start:end]):
            yield start, end


def _mechanism(root: Node) -> str:
    named = next((one for one in root.walk() if one.name == "mechanism-name"), None)
    found = [str(one.value) for one in named.walk() if one.name == "value"] if named is not None else []
    return found[0] if found else _CHALLENGES[0]


def _titles(octets: bytes, nodes: list[Node], names: Pseudonyms) -> Iterator[Patch]:
    for node in nodes:
        start, end = _content(octets, node)
        if end > start:
            title = octets[start:end]
            yield start, end, names.title(title) if len(title) == TITLE_SIZE else names.octets(title)


def _numbers(octets: bytes, held: Held, names: Pseudonyms) -> Iterator[Patch]:
    """Replace the numbers of an object that says whose the meter is."""
    one = held.object
    if held.octets != octets or not _is_whose(one):
        return
    tag = octets[held.start]
    size = next((size for name, size in _NUMBERS.items() if TAGS[name] == tag), 0)
    if size and held.end - held.start == size + 1:
        value = int.from_bytes(octets[held.start + 1 : held.end], "big")
        yield held.start + 1, held.end, names.number(value, size).to_bytes(size, "big")


def _is_whose(one: Object) -> bool:
    return (one.class_id, one.attribute) in _WHOSE_ATTRIBUTES or tuple(one.logical_name[2:4]) in _WHOSE


def _content(octets: bytes, node: Node) -> tuple[int, int]:
    """Find the octets of a string's content: behind a length, and behind a tag where one stands there."""
    start, end = node.start // 8, node.end // 8
    value = node.value
    size = len(value) // 2 if isinstance(value, str) and node.name not in ("visible-string", "utf8-string") else -1
    if size < 0:
        at = start + (octets[start] == TAGS.get(node.name, -1))
        return scan_length(octets, at, end)[1], end
    return end - size, end


def _unread(octets: bytes, node: Node) -> int:
    """Find where blanks begin in what does not read: behind type and length of an element that lacks its end."""
    start, end = node.start // 8, node.end // 8
    if node.name != "data" or start >= end:
        return start
    if octets[start] in CODES:
        return start + 1
    if octets[start] in STRINGS:
        with suppress(Problem):
            return min(scan_length(octets, start + 1, end)[1], end)
    return start


def _masked(start: int, end: int) -> bytes:
    return bytes((MASK,)) * (end - start)
