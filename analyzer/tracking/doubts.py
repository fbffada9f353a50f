"""Protected APDUs that stay closed or unverified: why, as a note, and what can be read of them all the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from analyzer.record import Record
from analyzer.security import opening
from analyzer.security.attempt import Opener, Outcome, proves
from analyzer.security.certificates import Certificates
from analyzer.security.explain import PUBLISHED, PUBLISHED_TEXT, explain, is_entitled, mistyped, unicast, wrong_title
from analyzer.security.keyring import Keyring
from analyzer.security.keys import KeyRole
from analyzer.security.opening import ENCRYPTED, Message, is_authentic
from analyzer.security.unopened import CERTAIN, ONCE, POSSIBLE, Case, Hypothesis, Suspect
from analyzer.tracking.counters import Counters
from analyzer.tracking.findings import finding
from analyzer.tracking.key_search import Whose, key_info_lack, leaves_key_info_out, misderived
from analyzer.tracking.knowledge import Knowledge
from analyzer.tracking.security_context import SecurityContext
from dissectors.scanning import scan_apdu

_MOST_SEARCHES = 256
"""For how many APDUs every bit is tried."""
_MOST_SLIPS, _MOST_MISTYPED = 2, 24
"""For how many APDUs slips are tried under the same keys, and for how many keys."""
_MOST_TITLES, _MOST_SUSPECTS = 64, 256
_SINGLE = frozenset({"octets-damaged", "tag-truncated", "new-key-after-change", "second-key-needed"})
"""Causes that say nothing about the next message."""
_MOST_NAMED = 3
UNDER_GLOBAL = b"general-ciphering"
"""Stands for the global key in what worked, where it opened a general-ciphering."""
_TOLD_EARLIER = (
    "it tells no key, and {} opens other messages of its sender and not this one: an earlier message told the key, and "
    "is not here or stays closed"
)
_NO_KEY = "no encryption key is given for"
_LACKS = {
    "no-key": f"{_NO_KEY} this sender",
    "broadcast-key-needed": "the security control asks for the broadcast key, and none is given",
    "dedicated-key-unknown": "the dedicated key is not known: the initiate request that carried it was not opened",
    "no-system-title": "a key is there, but the sender's system title is not: neither capture nor keyring tells it",
}


class _Closed(NamedTuple):
    """What a key that worked did not open."""

    since: int
    newest: int
    """The first and the last record of those in a row that it did not open."""
    opened: tuple[int, ...]
    """The counters that it had opened last."""
    has_ended: bool
    """Several in a row stayed closed before, and it opened others behind them."""


_NEVER = _Closed(0, 0, (), False)


class Doubts:
    """Finds out why; *knowledge* has the titles that may be meant, *counters* what was opened last.

    *lost* tells by meter and role which record changed a key to one that is not known.
    """

    def __init__(
        self, knowledge: Knowledge, counters: Counters, lost: Mapping[tuple[Whose, KeyRole], tuple[int, str]],
        keyring: Keyring, certificates: Certificates,
    ) -> None:  # fmt: skip
        self.worked: set[tuple[bytes, bytes]] = set()
        """Which key with which title has opened something; of keys that come with a message, their role."""
        self._knowledge, self._counters, self._lost = knowledge, counters, lost
        self._keyring, self._certificates = keyring, certificates
        self._is_misderived = False
        """Whether a sender was seen that derives agreed keys in a way of its own."""
        self._closed: dict[tuple[bytes, bytes], _Closed] = {}
        """By key and title that worked."""
        self._searches = _MOST_SEARCHES
        self._slips: Counter[tuple[bytes, ...]] = Counter()
        """By the octets of keys: how often slips were sought in vain in them."""

    def settle(
        self, record: Record, context: SecurityContext, message: Message, opener: Opener, outcome: Outcome, own: bytes,
        meter: Whose, *, is_damaged: bool = False,
    ) -> Outcome:  # fmt: skip
        """Note why an APDU stays closed or unverified; what can be read all the same takes its place.

        *is_damaged* says that the frame that carried it is not as it was sent.
        """
        control = message.control
        if opener.lacks and (control & ENCRYPTED or message.tag):
            return self._settle_lack(record, context, message, opener, outcome, own)
        is_unchecked = not message.tag and outcome.status is opening.DECRYPTED
        lacks_check = outcome.status is opening.DECRYPTED and not opener.authentication
        if lacks_check or is_unchecked or outcome.status in (opening.PLAINTEXT, opening.UNSUPPORTED):
            return self._settle_unchecked(record, context, message, opener, outcome, own, meter, is_damaged=is_damaged)
        if leaves_key_info_out(record.apdu) and context.agreed and own not in context.agreed:
            text = (
                "it tells no key; the other side's came in its messages, and the one of this side that told it did not"
            )
            note = finding("undecipherable", text, 0, 0, "key-info-missing")
            record.add_note(note._replace(confidence="likely"))
            return outcome
        if leaves_key_info_out(record.apdu) and self._needs_told_key(context, opener, own):
            note = finding("undecipherable", _TOLD_EARLIER.format(opener.keys[0].name), 0, 0, "key-info-missing")
            record.add_note(note._replace(confidence="likely"))
            return outcome
        known = (opener, outcome.status)
        before = context.suspects.get(known)
        if before is not None and before.cause not in _SINGLE and not before.plaintext:
            suspect = before
        else:
            first = before.by if before is not None else None
            suspect = self.suspect(record, context, message, opener, own, meter, is_damaged=is_damaged, first=first)
            if suspect.cause not in _SINGLE or (suspect.by is not None and suspect.cause != "octets-damaged"):
                if len(context.suspects) >= _MOST_SUSPECTS:
                    context.suspects.clear()
                context.suspects[known] = suspect
        note = finding("undecipherable", suspect.text, 0, 0, suspect.cause)
        record.add_note(note._replace(confidence=suspect.confidence))
        outcome = _shown(message, opener, outcome, suspect)
        if suspect.cause == "no-key" and control & ENCRYPTED:
            return outcome._replace(status=opening.NO_KEY)
        is_nothing = is_damaged and suspect.cause == "octets-damaged" and outcome.values is None
        return outcome._replace(status=opening.DAMAGED) if is_nothing else outcome

    def _needs_told_key(self, context: SecurityContext, opener: Opener, own: bytes) -> bool:
        """Tell whether the global key opens other messages of a sender, and none of it that tells no key."""
        if own in context.agreed or any((UNDER_GLOBAL, title) in self.worked for title in opener.titles):
            return False
        return any((key.octets, title) in self.worked for key in opener.keys for title in opener.titles)

    def _settle_lack(
        self, record: Record, context: SecurityContext, message: Message, opener: Opener, outcome: Outcome, own: bytes
    ) -> Outcome:
        """Note which key is lacking."""
        text = key_info_lack(record.apdu, opener.key_set) if opener.lacks == "no-key" else ""
        if text and any((role.value.encode(), own) in self.worked for role in ONCE):
            text += "; keys in other messages of this sender opened them"
            record.add_note(finding("undecipherable", text, 0, 0, "octets-damaged")._replace(confidence=POSSIBLE))
            return outcome
        other = self._other_title(context, message, own) if opener.lacks == "no-key" and not text else None
        if opener.lacks == "broadcast-key-needed":
            other = unicast(message, opener)
        if opener.lacks == "no-key" and not text:
            text = self._lacking(opener.key_set.server_title or own)
        cause, text = other[:2] if other is not None else (opener.lacks, text or _LACKS[opener.lacks])
        record.add_note(finding("undecipherable", text, 0, 0, cause))
        return _shown(message, opener, outcome, other)

    def _settle_unchecked(
        self, record: Record, context: SecurityContext, message: Message, opener: Opener, outcome: Outcome, own: bytes,
        meter: Whose, *, is_damaged: bool,
    ) -> Outcome:  # fmt: skip
        """Note why a tag was not checked, or what is in the way of reading."""
        if outcome.status is opening.UNSUPPORTED and outcome.values is not None:
            text = "the tag is right, and bit 7 of the security control says that the text is compressed: it is not"
            record.add_note(finding("undecipherable", text, 0, 0, "security-control-wrong"))
            return outcome._replace(status=opening.VERIFIED)
        if outcome.status is opening.UNSUPPORTED:
            suspect = None
            if outcome.key is None and message.tag and opener.authentication:
                suspect = self.suspect(record, context, message, opener, own, meter, is_damaged=is_damaged)
            if suspect is not None and suspect.confidence is CERTAIN:
                record.add_note(finding("undecipherable", suspect.text, 0, 0, suspect.cause))
            else:
                record.add_note(finding("undecipherable", "what was compressed does not come out whole", 0, 0))
        elif message.tag:
            text = "the tag cannot be checked: no authentication key is given"
            if _is_published(message, outcome):
                text = f"no authentication key is given; the tag is right {PUBLISHED_TEXT}"
            record.add_note(finding("undecipherable", text, 0, 0, "no-key"))
        return outcome

    def _lacking(self, title: bytes) -> str:
        """Say that no key is given for a title, and for which there are; empty where the keyring has the title."""
        titles = self._keyring.titles
        if len(title) != opening.TITLE_SIZE or not titles or title in titles:
            return ""
        named = ", ".join(one.hex().upper() for one in titles[:_MOST_NAMED])
        more = f" and {len(titles) - _MOST_NAMED} more" if len(titles) > _MOST_NAMED else ""
        return f"{_NO_KEY} the system title {title.hex().upper()}: the keyring has {named}{more}"

    @staticmethod
    def _other_title(context: SecurityContext, message: Message, own: bytes) -> Suspect | None:
        """Look whether a message whose title nobody knows is the associated meter's all the same."""
        title = context.server_title
        keys = context.keys.get((title, context.client_title))
        if not own or len(title) != opening.TITLE_SIZE or keys is None or not message.tag or title == own:
            return None
        for key in keys.of(KeyRole.GUEK):
            if is_entitled(message, key, keys.of(KeyRole.GAK), own, title):
                return wrong_title(own, title)
        return None

    def suspect(
        self, record: Record, context: SecurityContext, message: Message, opener: Opener, own: bytes, meter: Whose,
        *, is_damaged: bool = False, first: Hypothesis | None = None,
    ) -> Suspect:  # fmt: skip
        """Find the cause with all that is known: keys, titles, what worked before *record*."""
        pairs = [(key.octets, title) for key in opener.keys for title in opener.titles]
        worked = next((pair for pair in pairs if pair in self.worked), None)
        once = ((key.role.value.encode(), title) for key in opener.keys if key.role in ONCE for title in opener.titles)
        has_worked = worked is not None or any(pair in self.worked for pair in once)
        self._searches -= 1
        if not has_worked and opener.keys[0].role is KeyRole.AGREED and (self._searches > 0 or self._is_misderived):
            for suspect in self._misderived(record, message, opener):
                self._is_misderived = True
                return suspect
        titles, ring = islice(self._knowledge.titles.values(), _MOST_TITLES), opener.key_set
        known = (context.client_title, context.server_title, ring.client_title, ring.server_title, *titles)
        changed = {role: at for (one, role), (at, _) in self._lost.items() if one == meter}
        closed = self._closed_since(worked, record.number) if worked is not None else _NEVER
        names = {key.name for key in opener.keys}
        verified = (*context.before.values(), *context.swift.values())
        others = (key.octets for key in ring.of(KeyRole.GUEK) if key not in opener.keys)
        is_proved = any((octets, title) in self.worked for octets in others for title in opener.titles)
        opens_other_side = any(name in names and title not in opener.titles for _, _, title, _, name, _ in verified)
        told = {context.client_title, context.server_title}
        ours = ring.server_title
        is_foreign = bool(ours) and ours != own and not {own, ours} & told
        sought = tuple(key.octets for key in (*opener.keys, *opener.authentication))
        searches_slips = first is mistyped or (
            self._slips[sought] < _MOST_SLIPS and len(self._slips) <= _MOST_MISTYPED and self._searches > 0
        )
        suspect = explain(
            Case(
                message, opener.keys, opener.authentication, opener.titles, opener.key_set, known, has_worked,
                bool(own), changed, closed.since if closed.newest > closed.since else 0, closed.has_ended,
                opens_other_side, self._searches > 0, is_damaged, is_proved, first,
                bool(own) or opener.titles[0] in told, self._lacking(own) if is_foreign else "",
                searches_slips,
            )
        )  # fmt: skip
        if suspect.by is None and searches_slips and not has_worked:
            self._slips[sought] += 1
        return suspect

    def _misderived(self, record: Record, message: Message, opener: Opener) -> Iterator[Suspect]:
        """Look for a sender that derives the agreed key in a way of its own."""
        title = opener.titles[0]
        for how, key in misderived(record.apdu, message.control & opening.SUITE, opener.key_set, self._certificates):
            plaintext = opening.decipher(message, key, title)
            if message.tag and any(
                is_authentic(message, key, title, plaintext, one.octets) for one in opener.authentication
            ):
                yield Suspect(
                    "agreement-key-wrong", f"the tag is right where the key is made {how}", CERTAIN, plaintext
                )

    def _closed_since(self, pair: tuple[bytes, bytes], number: int) -> _Closed:
        """Give what a key that worked opens no more of its sender, with record *number*, which it does not open."""
        opened, before = self._counters.newest(pair), self._closed.get(pair, _NEVER)
        if opened == before.opened and 0 < before.since < number:
            found = before._replace(newest=number)
        else:
            found = _Closed(number, number, opened, before.has_ended or before.newest > before.since)
        if len(self._closed) >= _MOST_SUSPECTS and pair not in self._closed:
            self._closed.clear()
        self._closed[pair] = found
        return found


def _shown(message: Message, opener: Opener, outcome: Outcome, suspect: Suspect | None) -> Outcome:
    """Give what *suspect* reads in place of *outcome*, without a key where its nonce is not the one that was sent."""
    if suspect is None or not suspect.plaintext or not proves(message, suspect.plaintext):
        return outcome
    found, values = scan_apdu(suspect.plaintext, 0, len(suspect.plaintext))
    if values is None:
        return outcome
    key = opener.keys[0] if opener.keys else None
    title = opener.titles[0]
    if key is not None and opening.decipher(message, key, title)[: len(suspect.plaintext)] != suspect.plaintext:
        key = None
    return Outcome(opening.DECRYPTED, suspect.plaintext, found, values, key, title)


def _is_published(message: Message, outcome: Outcome) -> bool:
    """Tell whether the tag of a telegram was made with the authentication key that everybody may know."""
    if outcome.key is None or outcome.entry is not None:
        return False
    return is_authentic(message, outcome.key, outcome.title, outcome.plaintext, PUBLISHED)
