"""A protected APDU that did not open to the most likely cause, with its proof: hypotheses, checked against the tag.

A tag of 12 octets verifies by chance once in 2^96 times, so a hypothesis under which it does is certain. Where there is
none, it is likely if the plaintext begins as the APDU that belongs there; what none explains is judged by itself.
Source: design of causes: the diagnosis page, section 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import product

from analyzer.security import opening, protection_mistakes
from analyzer.security.attempt import Opener
from analyzer.security.keys import Key, KeyRole
from analyzer.security.opening import ENCRYPTED, Message, decipher, is_authentic
from analyzer.security.protection_mistakes import Mistake
from analyzer.security.unexplained import judge, reads_under
from analyzer.security.unopened import CERTAIN, LIKELY, ONCE, Case, Hypothesis, Suspect

_MOST_TITLES = 64
_LONGEST_SEARCH = 320
"""Octets up to which every bit is tried."""
_SHORTEST_TAG = 4
_FULL_TAG = 16
_NEAR_OCTETS = 8
"""So many octets of a tag that agree prove the rest damaged."""
PUBLISHED = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
"""The authentication key that the P1 specification of Luxembourg gives all its meters."""
PUBLISHED_TEXT = f"with the authentication key that Luxembourg publishes for P1 ports, {PUBLISHED.hex().upper()}"
_OPENABLE = (KeyRole.GUEK, KeyRole.GBEK, KeyRole.DEDICATED, KeyRole.AGREED, KeyRole.KEK, KeyRole.GAK)


def explain(case: Case) -> Suspect:
    """Name the most likely cause."""
    hypotheses = _WITH_TAG if case.message.tag and case.authentication else _WITHOUT_TAG
    for ordered in ((case.first,) if case.first is not None else ()), hypotheses:
        for key, title, hypothesis in product(case.keys[:2], case.titles[:2], ordered):
            for suspect in hypothesis(case, key, title):
                return suspect._replace(by=hypothesis)
    key, title = case.keys[0], case.titles[0]
    if case.message.tag and case.authentication and not reads_under(case.message, key, title):
        for hypothesis in _BY_TEXT:  # the authentication key may be wrong besides
            for suspect in hypothesis(case, key, title):
                return suspect
    return judge(case)


# -- hypotheses that a tag proves -----------------------------------------------------------------------------------


def _fits(message: Message, key: Key, authentication: bytes, title: bytes) -> bool:
    return is_authentic(message, key, title, decipher(message, key, title), authentication)


def _swapped(case: Case, key: Key, title: bytes) -> Iterator[Suspect]:
    for other in case.authentication:
        is_other = other.octets != key.octets
        if is_other and other.octets and _fits(case.message, _as(other.octets), key.octets, title):
            yield Suspect("keys-swapped", f"the tag is right with {key.name} and {other.name} exchanged")


def _other_title(case: Case, key: Key, title: bytes) -> Iterator[Suspect]:
    for other in _titles(case, title):
        if is_entitled(case.message, key, case.authentication, title, other):
            yield wrong_title(title, other)


def unicast(message: Message, opener: Opener) -> Suspect | None:
    """Look whether what asks for the broadcast key goes under the global unicast key, and give its text."""
    for control in (message.control, message.control ^ opening.BROADCAST):
        changed = message._replace(control=control)
        for key, title in product(opener.key_set.of(KeyRole.GUEK), opener.titles):
            if message.tag and any(_fits(changed, key, one.octets, title) for one in opener.authentication):
                text = (
                    f"bit 6 of the security control asks for the broadcast key, and the tag is right under {key.name}"
                )
                plaintext = decipher(message, key, title) if message.control & ENCRYPTED else b""
                return Suspect("security-control-wrong", text, CERTAIN, plaintext)
    return None


def is_entitled(message: Message, key: Key, authentication: Iterable[Key], title: bytes, other: bytes) -> bool:
    """Tell whether the tag is right with an *other* system title than the one that its sender tells."""
    changed, _ = _entitled(message, title, other)
    return any(_fits(one, key, each.octets, other) for each in authentication for one in {message, changed})


def wrong_title(title: bytes, other: bytes) -> Suspect:
    """Say that a tag is right with an *other* system title."""
    text = f"the tag is right with the system title {other.hex().upper()}, not {title.hex().upper()}"
    return Suspect("wrong-system-title", text)


def _other_key(case: Case, key: Key, title: bytes) -> Iterator[Suspect]:
    for other in _others(case):
        if any(_fits(case.message, other, one.octets, title) for one in case.authentication):
            cause = "broadcast-key-needed" if other.role is KeyRole.GBEK else "wrong-encryption-key"
            yield Suspect(cause, f"the tag is right with {other.name}, not {key.name}")


def _other_authentication(case: Case, key: Key, title: bytes) -> Iterator[Suspect]:
    plaintext = decipher(case.message, key, title)
    forms = {
        "without any authentication key": b"", "with the encryption key as authentication key": key.octets,
        "with an authentication key of zeros": bytes(len(key.octets)), PUBLISHED_TEXT: PUBLISHED,
    }  # fmt: skip
    for text, octets in forms.items():
        if is_authentic(case.message, key, title, plaintext, octets):
            yield Suspect("wrong-authentication-key", f"the tag is right {text}")


def _other_suite(case: Case, key: Key, title: bytes) -> Iterator[Suspect]:
    """Look for the other suite that has keys of this length."""
    control = case.message.control
    suites = [suite for suite, size in opening.KEY_SIZE.items() if size == len(key.octets)]
    for other in {control & ~opening.SUITE | suite for suite in suites} - {control}:
        message = case.message._replace(control=other)
        if any(_fits(message, key, one.octets, title) for one in case.authentication):
            yield Suspect("wrong-suite", f"the tag is right for security control {other:02X}, not {control:02X}")


def _other_writing(case: Case, key: Key, title: bytes) -> Iterator[Suspect]:
    for other in case.authentication:
        for cause, text, change in protection_mistakes.WRITINGS:
            changed, changed_other = change(key.octets), change(other.octets)
            for one, two in ((changed, changed_other), (changed, other.octets), (key.octets, changed_other)):
                if one and two is not None and _fits(case.message, _as(one), two, title):
                    yield Suspect(cause, f"the tag is right where the key is {text}")


def _other_tag(size: int, case: Case, key: Key, title: bytes) -> Iterator[Suspect]:
    octets = case.message.body + case.message.tag
    message = case.message._replace(body=octets[:-size], tag=octets[-size:])
    if any(_fits(message, key, one.octets, title) for one in case.authentication):
        text = f"the last {size} octets are the tag and it is right; 12 belong there"
        yield Suspect("tag-truncated", text, CERTAIN, decipher(message, key, title))


def _no_tag(case: Case, key: Key, title: bytes) -> Iterator[Suspect]:
    message = case.message._replace(body=case.message.body + case.message.tag, tag=b"")
    if not case.message.tag or not reads_under(message, key, title):
        return
    if case.message.control & ENCRYPTED or not reads_under(case.message, key, title):
        text = "the text reads where all octets belong to it: there is no tag"
        yield Suspect("tag-truncated", text, LIKELY, decipher(message, key, title))


def _other_making(mistake: Mistake, case: Case, key: Key, title: bytes) -> Iterator[Suspect]:
    """Look for a sender that puts nonce, additional data or tag together in its own way."""
    message = case.message
    if any(protection_mistakes.fits(mistake, message, key, one.octets, title) for one in case.authentication):
        plaintext = protection_mistakes.deciphered(mistake, message, key, title) if mistake.nonce else b""
        text = f"the tag is right where its sender {protection_mistakes.clause(mistake, message)}"
        yield Suspect(mistake.cause, text, CERTAIN, plaintext)


def mistyped(case: Case, key: Key, title: bytes) -> Iterator[Suspect]:
    """Look for a key that was typed with one slip; of the two keys only one can be found so."""
    if not case.searches_slips or case.has_worked or key.role in (KeyRole.DEDICATED, *ONCE):
        return
    for other in case.authentication:
        is_read = bool(case.message.control & ENCRYPTED) and reads_under(case.message, key, title)
        for place, octets in () if is_read else protection_mistakes.mistyped(key.octets):
            if _fits(case.message, _as(octets), other.octets, title):
                yield Suspect("key-mistyped", f"the tag is right where {key.name} has {place}")
        plaintext = decipher(case.message, key, title)
        for place, octets in protection_mistakes.mistyped(other.octets):
            if is_authentic(case.message, key, title, plaintext, octets):
                yield Suspect("key-mistyped", f"the tag is right where {other.name} has {place}")


def _damaged(case: Case, key: Key, title: bytes) -> Iterator[Suspect]:
    """Find damaged octets of the tag, or the one bit without which it is right."""
    message = case.message
    plaintext = decipher(message, key, title)
    for other in case.authentication:
        aad = opening.additional_data(message, other.octets)
        right = opening.computed_tag(message, key, title, plaintext, aad)[: opening.TAG_SIZE]
        if sum(a == b for a, b in zip(right, message.tag, strict=False)) >= _NEAR_OCTETS:
            yield Suspect("octets-damaged", "all but a few octets of the tag are right: the tag is damaged")
    if not case.searches_bits or len(message.body) > _LONGEST_SEARCH:
        return
    for other in case.authentication:
        for text, changed, changed_title in _bits_turned(message, title, case.is_title_told):
            keys: tuple[Key, ...] = (key,)
            if (changed.control ^ message.control) & opening.BROADCAST:
                keys = (*case.key_set.of(KeyRole.GBEK if changed.control & opening.BROADCAST else KeyRole.GUEK), key)
            if any(_fits(changed, one, other.octets, changed_title) for one in keys):
                yield Suspect("octets-damaged", f"the tag is right with {text} turned over")


def _bits_turned(message: Message, title: bytes, is_title_told: bool) -> Iterator[tuple[str, Message, bytes]]:
    for index, octet in enumerate(message.body):
        for bit in range(8):
            body = message.body[:index] + bytes((octet ^ 1 << bit,)) + message.body[index + 1 :]
            yield f"bit {bit} of octet {index} of the text", message._replace(body=body), title
    for bit in range(32):
        yield f"bit {bit} of the invocation counter", message._replace(counter=message.counter ^ 1 << bit), title
    for index, octet in enumerate(message.header):
        for bit in range(8):
            header = message.header[:index] + bytes((octet ^ 1 << bit,)) + message.header[index + 1 :]
            yield f"bit {bit} of octet {index} of the header", message._replace(header=header), title
    for bit in (0, 1, 2, 3, 5, 6, 7):
        yield f"bit {bit} of the security control", message._replace(control=message.control ^ 1 << bit), title
    for bit in range(64 if is_title_told else 0):
        turned = int.from_bytes(title, "big") ^ 1 << bit
        yield f"bit {bit} of the system title", *_entitled(message, title, turned.to_bytes(8, "big"))


def _entitled(message: Message, title: bytes, other: bytes) -> tuple[Message, bytes]:
    """Put another system title in place of the sender's, which general-ciphering has in its header, too."""
    return message._replace(header=message.header.replace(title, other, 1)), other


def _lost_bit(case: Case, key: Key, title: bytes) -> Iterator[Suspect]:
    """Look for a tag behind a text of which the security control says that it has none."""
    message = case.message
    octets, tag = message.body[: -opening.TAG_SIZE], message.body[-opening.TAG_SIZE :]
    changed = message._replace(control=message.control ^ opening.AUTHENTICATED, body=octets, tag=tag)
    if octets and not message.tag and any(_fits(changed, key, one.octets, title) for one in case.authentication):
        text = "the tag is right with bit 4 of the security control turned over"
        yield Suspect("octets-damaged", text, CERTAIN, decipher(changed, key, title))


# -- hypotheses that only the plaintext can support -----------------------------------------------------------------


def _swapped_text(case: Case, key: Key, title: bytes) -> Iterator[Suspect]:
    for other in case.key_set.of(KeyRole.GAK):
        if other.octets != key.octets and reads_under(case.message, _as(other.octets), title):
            yield Suspect("keys-swapped", f"the text reads under {other.name}, not under {key.name}", LIKELY)


def _other_title_text(case: Case, key: Key, title: bytes) -> Iterator[Suspect]:
    for other in _titles(case, title):
        if reads_under(case.message, key, other):
            text = f"the text reads with the system title {other.hex().upper()}, not {title.hex().upper()}"
            yield Suspect("wrong-system-title", text, LIKELY)


def _other_key_text(case: Case, key: Key, title: bytes) -> Iterator[Suspect]:
    for other in _others(case):
        if other.role is not KeyRole.GAK and reads_under(case.message, other, title):
            cause = "broadcast-key-needed" if other.role is KeyRole.GBEK else "wrong-encryption-key"
            yield Suspect(cause, f"the text reads under {other.name}, not under {key.name}", LIKELY)


def _other_writing_text(case: Case, key: Key, title: bytes) -> Iterator[Suspect]:
    for cause, text, change in protection_mistakes.WRITINGS:
        changed = change(key.octets)
        if changed and reads_under(case.message, _as(changed), title):
            yield Suspect(cause, f"the text reads where the key is {text}", LIKELY)


_WITH_TAG: tuple[Hypothesis, ...] = (
    _swapped, _other_title, _other_key, _other_authentication, _other_suite,
    *(partial(_other_tag, size) for size in (_FULL_TAG, *range(opening.TAG_SIZE - 1, _SHORTEST_TAG - 1, -1))),
    _no_tag, _other_writing,
    *(partial(_other_making, mistake) for mistake in protection_mistakes.MISTAKES),
    _damaged, mistyped,
)  # fmt: skip
_BY_TEXT: tuple[Hypothesis, ...] = (_swapped_text, _other_title_text, _other_key_text, _other_writing_text)
_WITHOUT_TAG: tuple[Hypothesis, ...] = (_no_tag, _lost_bit, *_BY_TEXT)


# -- pieces ---------------------------------------------------------------------------------------------------------


def _as(octets: bytes) -> Key:
    return Key(KeyRole.GUEK, octets)


def _titles(case: Case, but: bytes) -> Iterable[bytes]:
    found = dict.fromkeys((*case.titles, *case.other_titles))
    return [title for title in found if title != but and len(title) == opening.TITLE_SIZE][:_MOST_TITLES]


def _others(case: Case) -> list[Key]:
    return [key for role in _OPENABLE for key in case.key_set.of(role) if key not in case.keys]
