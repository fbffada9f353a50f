"""An edited frame, or an APDU alone, to a frame that a meter would take: lengths, sums, protection and carrier right.

Everything happens here and offline; nothing is ever sent.
Source: IEC 62056-5-3 (APDUs and their protection), IEC 62056-46 (HDLC), IEC 62056-47 (wrapper).
"""

from __future__ import annotations

from struct import pack
from typing import NamedTuple

import dissectors.all  # noqa: F401 -- the layers as packets that build
from analyzer.record import Closed
from analyzer.rewrite import frames
from analyzer.rewrite.frames import FrameError
from analyzer.rewrite.sealing import Keys, Unsealable, resealed, role_of, sealed, text_size
from analyzer.security import opening
from analyzer.security.attempt import Opener, attempt
from analyzer.security.keyring import Keyring, Party
from analyzer.security.keys import Key, KeyRole
from analyzer.security.opening import (
    AUTHENTICATED,
    BROADCAST,
    COMPRESSED,
    SUITE,
    TAG_SIZE,
    TITLE_SIZE,
    Message,
    message_of,
)
from dissectors.axdr import length_octets, scan_length
from dissectors.hdlc import AddressField
from dissectors.hdlc_octets import FLAG
from dissectors.registry import pick
from dissectors.scanning import scan_apdu
from dissectors.tree import Problem
from dissectors.xdlms.ciphered import PLAIN_TAG

_LLC_REQUEST, _LLC_RESPONSE = b"\xe6\xe6\x00", b"\xe6\xe7\x00"
_ANSWERS = frozenset(
    (
        0x08, 0x0C, 0x0D, 0x0F, 0x28, 0x2C, 0x2D, 0x61, 0x63, 0xC2, *range(0xC4, 0xC8), 0xCA, *range(0xCC, 0xD0), 0xD2,
        *range(0xD4, 0xD9), 0xDA,
    )
)  # fmt: skip
"""Tags of what a meter says."""
_FORMAT = b"\xa0\x00"
_KIND, _SUPERVISORY = 3, 1
"""The lowest bits of a control octet, and of those that carry no information."""
_GENERAL_CIPHERING, _BEFORE_TEXT = 0xDD, 5
"""Its tag, and the octets of security control and invocation counter."""
_GENERAL = {"general-glo": 0xDB, "general-ded": 0xDC}
_SPECIFIC = {"glo": 8, "ded": 16}
"""How much higher the tag of a ciphered service APDU is; that of initiate and short-name APDUs, four times as much."""
FORMS = (*_SPECIFIC, *_GENERAL)
_SERVICES = 0xC0
_MBUS_LONG, _MBUS_HEAD = 0x68, 9
_MORE_SEGMENTS, _MBUS_CI, _MBUS_SEGMENTS = 0x08, 6, frozenset(range(0x20)) - {0x10}
"""The bit S of the HDLC frame format; where the CI of M-Bus stands, and those of segments: 10 is the whole in one."""


class Wishes(NamedTuple):
    """What is to be made, beside the octets that are given."""

    apdu: bytes | None = None
    """The APDU in place of the one that is given."""
    wrapper: tuple[int, int] | None = None
    """The wPorts of source and destination."""
    hdlc: tuple[str, str] | None = None
    """Destination and source, as AddressField takes them."""
    control: int = 0x10
    """Of the HDLC frame."""
    form: str = ""
    """The ciphered form for a plain APDU: one of FORMS."""
    security_control: int = 0x30
    title: bytes = b""
    """The sender's system title."""
    counter: int | None = None
    keys: Keyring | None = None


def craft(octets: bytes, wishes: Wishes) -> bytes:
    """Make the frame. Raises: FrameError."""
    kind = frames.kind_of(octets) if octets else None
    name = kind.name if kind is not None else ""
    if name == "text" or (name == "mbus" and octets[0] != _MBUS_LONG):
        if wishes.apdu is not None or wishes.form or wishes.hdlc is not None or wishes.wrapper is not None:
            raise FrameError("a text or a short M-Bus frame carries no APDU")
        return kind.made(octets) if kind is not None else octets
    head, apdu, tail = _parted(octets, name)
    is_segment = _is_segment(octets, name, head)
    given = scan_apdu(apdu, 0, len(apdu)) if apdu and not is_segment else (None, None)
    is_protected = given[0] is not None and given[1] is not None and given[0].is_closed
    if is_protected and wishes.form:
        raise FrameError("--cipher protects a plain APDU, and this one is protected: it is enciphered again as it was")
    if not is_protected and not wishes.form and wishes.counter is not None:
        raise FrameError("--counter goes with --cipher or with a ciphered frame")
    if is_protected and (wishes.apdu is not None or wishes.counter is not None or wishes.keys is not None):
        apdu = _resealed(relengthed(apdu), wishes)
    else:
        if wishes.apdu is not None or not is_segment:
            apdu = relengthed(wishes.apdu if wishes.apdu is not None else apdu)
        if wishes.form:
            apdu = _sealed(apdu, wishes)
    if wishes.hdlc is not None or wishes.wrapper is not None:
        return _carried(apdu, wishes)
    if name == "hdlc" and not head and apdu:
        return _filled(octets, apdu)
    return kind.made(head + apdu + tail) if kind is not None else apdu


def _parted(octets: bytes, name: str) -> tuple[bytes, bytes, bytes]:
    """Part a frame into what stands before its APDU, the APDU, and what stands behind."""
    if name == "hdlc":
        parts = frames.hdlc_parts(octets)
        if not parts.has_information:
            return b"", b"", octets
        start, end = parts.information
        start += 3 * (octets[start : start + 3] in (_LLC_REQUEST, _LLC_RESPONSE))
    elif name == "wrapper":
        start, end = 8, len(octets)
    elif name == "mbus":
        end = max(len(octets) - 2, 0)
        start = min(_MBUS_HEAD, end)
    else:
        start, end = 0, len(octets)
    return octets[:start], octets[start:end], octets[end:]


def _is_segment(octets: bytes, name: str, head: bytes) -> bool:
    """Tell whether a frame carries a piece of an APDU: its first octets are no tag and length, or the length of all."""
    if name == "hdlc":
        begin = int(octets[:1] == bytes((FLAG,)))
        return bool(octets[begin] & _MORE_SEGMENTS) or head[-3:] not in (_LLC_REQUEST, _LLC_RESPONSE)
    return name == "mbus" and len(octets) > _MBUS_CI and octets[_MBUS_CI] in _MBUS_SEGMENTS


def relengthed(apdu: bytes) -> bytes:
    """Give an APDU whose tag a length follows (ACSE, ciphered services) the length that it has."""
    found = pick(apdu, 0, len(apdu))
    if found is None or len(apdu) < 2 or type(found[1].items()[1]).__name__ != "Length":
        return apdu
    try:
        _, start = scan_length(apdu, 1, len(apdu))
    except Problem:
        return apdu
    return apdu[:1] + length_octets(len(apdu) - start) + apdu[start:]


# -- protection -------------------------------------------------------------------------------------------------------


def _resealed(apdu: bytes, wishes: Wishes) -> bytes:
    """Open a protected APDU, and protect what is to be in it as it was."""
    found, values = scan_apdu(apdu, 0, len(apdu))
    if found is None or values is None:
        raise FrameError("the ciphered APDU does not read")
    closed = Closed(apdu, found, values, "", b"")
    role, message = role_of(closed), message_of(found, values)
    slot = found.slots.get("system_title", found.slots.get("originator_system_title"))
    own = values[slot] if slot is not None else b""
    keys = _keys(wishes, role, message.control, own)
    plaintext = wishes.apdu
    if plaintext is None:
        opener = Opener((keys.encryption,), (keys.authentication,), (keys.title,))
        outcome = attempt(message, opener)
        if outcome.values is None:
            raise FrameError(f"the APDU does not open ({outcome.status}): give its key and the sender's title")
        plaintext = outcome.plaintext
    try:
        made = resealed(closed, apdu[: len(apdu) - text_size(closed)], plaintext, keys, counter=wishes.counter)
    except Unsealable as problem:
        raise FrameError(f"the APDU is {problem}: it cannot be enciphered again here") from None
    if found.tag == _GENERAL_CIPHERING:
        return _content_relengthed(apdu, made, _BEFORE_TEXT + text_size(closed))
    return _general_relengthed(made) if found.family.startswith("general-") else relengthed(made)


def _sealed(apdu: bytes, wishes: Wishes) -> bytes:
    """Protect a plain APDU in the form that is wished for."""
    if wishes.security_control & COMPRESSED:
        raise FrameError(f"--security-control {wishes.security_control:02X} tells a compressed text, which is not made")
    if wishes.form.endswith("ded"):
        role = KeyRole.DEDICATED
    else:
        role = KeyRole.GBEK if wishes.security_control & BROADCAST else KeyRole.GUEK
    keys = _keys(wishes, role, wishes.security_control, b"")
    counter = wishes.counter if wishes.counter is not None else 0
    tag = bytes(TAG_SIZE) if wishes.security_control & AUTHENTICATED else b""
    message = Message(wishes.security_control, counter, apdu, tag)
    body = bytes((wishes.security_control,)) + counter.to_bytes(4, "big") + sealed(message, apdu, keys)
    if wishes.form in _GENERAL:
        head = bytes((_GENERAL[wishes.form], len(keys.title))) + keys.title
        return head + length_octets(len(body)) + body
    step = _SPECIFIC[wishes.form]
    ciphered = apdu[0] + (step if apdu[0] >= _SERVICES else 4 * step)
    if PLAIN_TAG.get(ciphered) != apdu[0]:
        raise FrameError(f"an APDU of tag {apdu[0]:02X} has no {wishes.form}- form: use general-{wishes.form}")
    return bytes((ciphered,)) + length_octets(len(body)) + body


def _general_relengthed(apdu: bytes) -> bytes:
    """Give general-glo-ciphering and general-ded-ciphering the length of what stands behind their title."""
    size, start = scan_length(apdu, 1, len(apdu))
    head = apdu[: start + size]
    _, after = scan_length(apdu, len(head), len(apdu))
    return head + length_octets(len(apdu) - after) + apdu[after:]


def _content_relengthed(apdu: bytes, made: bytes, content: int) -> bytes:
    """Give general-ciphering the length of its content, which takes the last *content* octets of *apdu* before."""
    start = len(apdu) - content
    at = start - len(length_octets(content))
    if apdu[at:start] != length_octets(content):
        raise FrameError("the length of its content is not what it should be: it cannot be enciphered again here")
    return made[:at] + length_octets(len(made) - start) + made[start:]


def _keys(wishes: Wishes, role: KeyRole, control: int, own: bytes) -> Keys:
    """Find the keys and the title; *own* is the title that the APDU tells."""
    title = wishes.title or own
    ring = wishes.keys or Keyring()
    found = ring.find(Party(server_title=title))
    if not found.of(role):  # the sender is the client: its keys stand with its meter
        found = ring.find(Party())
    title = title or found.server_title
    if len(title) != TITLE_SIZE:
        raise FrameError("the sender's system title is not known: --title with 16 hex digits was expected")
    size = opening.KEY_SIZE.get(control & SUITE, 16)
    encryption = next((one for one in found.of(role) if len(one.octets) == size), None)
    if encryption is None:
        raise FrameError(f"no key of {size} octets in the role {role.value} is given: --keys or --key was expected")
    authentication = next((one for one in found.of(KeyRole.GAK) if len(one.octets) == size), None)
    if authentication is None and control & AUTHENTICATED:
        raise FrameError("the security control asks for a tag, and no gak is given: --keys or --key was expected")
    return Keys(encryption, authentication or Key(KeyRole.GAK, b""), title)


# -- carriers ---------------------------------------------------------------------------------------------------------


def _carried(apdu: bytes, wishes: Wishes) -> bytes:
    if wishes.wrapper is not None:
        return frames.wrapper(pack(">HHHH", 1, *wishes.wrapper, 0) + apdu)
    assert wishes.hdlc is not None
    field = AddressField("--hdlc", 1)
    try:
        to, by = (field.build(field.any2i(None, one)) for one in wishes.hdlc)
    except ValueError as problem:
        raise FrameError(str(problem)) from None
    return frames.hdlc_frame(_FORMAT + to + by + bytes((wishes.control,)), _llc(apdu) + apdu if apdu else b"")


def _filled(octets: bytes, apdu: bytes) -> bytes:
    """Put an APDU into a frame that carries nothing."""
    parts = frames.hdlc_parts(octets)
    header = octets[parts.begin : parts.header_end]
    if header[-1] & _KIND == _SUPERVISORY:
        raise FrameError("HDLC: the frame is supervisory (RR, RNR) and carries no APDU: an I frame was expected")
    return frames.hdlc_frame(header, apdu if header[-1] & 1 else _llc(apdu) + apdu)


def _llc(apdu: bytes) -> bytes:
    return _LLC_RESPONSE if apdu[:1] and apdu[0] in _ANSWERS else _LLC_REQUEST
