"""What there is to check of security, and what the octets say against it. Nothing here tells a secret.

Source: IEC 62056-5-3 (authentication mechanisms, protection of APDUs), IEC 62056-6-2 (Security setup).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from analyzer.diagnosis.audit.keys import same_key, unlike_chance
from analyzer.diagnosis.audit.ledger import FAIL, INCONCLUSIVE, Ledger, Tally, closing, watcher
from analyzer.diagnosis.meter_facts import Facts
from analyzer.record import PART, REQUEST, RESPONSE, UNSOLICITED, Closed, Record
from analyzer.tracking.attributes import held_values
from analyzer.tracking.counters import NEAR_END
from analyzer.tracking.history import Association
from analyzer.tracking.key_changes import open_keys
from analyzer.tracking.meter_key import meter_key
from analyzer.tracking.standing_names import are_confidential, carries_key, is_confidential
from dissectors.checks import seven_bits
from dissectors.enumerations import MECHANISM
from dissectors.gateway import device_text

_AUTHENTICATED, _ENCRYPTED, _SUITE, _SUITES = 0x10, 0x20, 0x0F, 3
_BOTH, _COMPRESSED, _KEY_SET = _AUTHENTICATED | _ENCRYPTED, 0x80, 0x40
_SIGNED = 0x80
"""Beside the bits of the security control: what is signed, or closed, so that a signature may be inside."""
_PUBLIC_CLIENT = 16
_ARC = "2.16.756.5.8.2."
_LOWEST, _LLS = f"{_ARC}0", f"{_ARC}1"
_WEAK = {"": "no authentication", _LOWEST: "", _LLS: "", f"{_ARC}3": "", f"{_ARC}4": ""}
_CIPHERED = ("2.16.756.5.8.1.3", "2.16.756.5.8.1.4")
_ACSE = frozenset({0x60, 0x61, 0x62, 0x63, 0x64, 0xD8, 0x0E, 0xE0})
"""What has protection of its own, or none: ACSE, refusals, blocks."""
_CHALLENGE, _TITLE, _TAIL = range(8, 65), 8, 2
_LAST = 0xFFFF_FFFF
_ECDSA, _ECDSA_CHALLENGE = f"{_ARC}7", range(32, 65)
_IN_CLEAR, _ENCODED = b"\x01P1", b"\x01P2"
"""Password commands of IEC 62056-21: with the password, and with an answer to P0 computed from it."""
_EMPTY = 2
"""Octets of an empty string, or of null and one more."""
_ENCIPHERED_KEY = (72, 8)
"""transfer_key of the M-Bus client: its key is enciphered with the default key of the M-Bus device."""
_DEDICATED = ("ded-", "general-ded")
_SENDER = ("system_title", "originator_system_title", "responding_ap_title")
"""Where an APDU names its sender."""
_NAMELESS = frozenset({b"\xc4", b"\xc5", b"\xc7", b"\x0c", b"\x0d"})
"""Tags of answers, most of all, that name nobody."""
_UNSIGNED = frozenset({"no-key", "signature-unchecked"})


class Held(NamedTuple):
    """APDUs of an association with one protection, and the policy that the meter had told by then."""

    association: Association
    is_asked: bool
    control: int
    policy: int | None
    tally: Tally


class Place(NamedTuple):
    """Where a meter is: a host, or a device behind one, and its lower address where requests have one."""

    host: str
    lower: str

    def __str__(self) -> str:
        return f"{self.host} {self.lower}".strip()

    def differs_from(self, other: Place) -> bool:
        """Tell whether it is another place for sure: a meter may be called with and without its lower address."""
        return self.host != other.host or bool(self.lower and other.lower and self.lower != other.lower)

    def is_vaguer_than(self, other: Place) -> bool:
        """Tell whether *other* may be the same place, and has a lower address beside."""
        return self.host == other.host and bool(other.lower) and not self.lower


@watcher
def openings(ledger: Ledger, record: Record, one: Association | None) -> None:
    """Look at AARQ and AARE: mechanism, password, challenge, title."""
    apdu = record.apdu
    if apdu is None or apdu.entry is None or apdu.values is None or apdu.family not in ("aarq", "aare"):
        return
    values = {name: apdu.values[slot] for name, slot in apdu.entry.slots.items()}
    is_asked = apdu.family == "aarq"
    if is_asked:
        ledger.saw("aarq", record.number)
        _mechanism(ledger, record, values)
    _challenge(ledger, record, one, values)
    title = values.get("calling_ap_title" if is_asked else "responding_ap_title")
    if title:
        ledger.saw("title", record.number)
        if len(title) != _TITLE:
            ledger.find("system-titles", FAIL, f"a system title has {len(title)} octets", record.number)
        proposal = one.proposal if one is not None else None
        if not is_asked and proposal is not None and proposal.title == title:
            text = "client and meter have the same system title: their nonces are the same under one key"
            ledger.find("system-titles", FAIL, text, proposal.record, record.number)


@watcher
def named(ledger: Ledger, record: Record, one: Association | None) -> None:
    """Look for meters at two places with one system title: two of them, or one that moved or is seen twice."""
    apdu = record.apdu
    if apdu is None or record.direction not in (RESPONSE, UNSOLICITED):
        return
    if apdu.octets[:1] in _NAMELESS and not record.protection and record.closed is None:
        return
    for title in _titles(record):
        place = _place(record)
        before = ledger.state["titled"].get(title)
        if not isinstance(before, tuple) or before[0].is_vaguer_than(place):
            ledger.remember("titled", title, (place, record.number))
        elif before[0].differs_from(place) and ledger.remember("moved", (title, place), True) is None:
            text = (
                f"{before[0]} and {place} both say that they are {title.hex().upper()}: one meter, or two of one title"
            )
            ledger.find("system-titles", INCONCLUSIVE, text, before[1], record.number)


def _titles(record: Record) -> Iterator[bytes]:
    """Give the titles by which a meter names itself in *record*."""
    apdu = record.apdu
    entries = [(layer.entry, layer.values) for layer in _layers(record)]
    if apdu is not None and apdu.family == "aare" and apdu.entry is not None and apdu.values is not None:
        entries.append((apdu.entry, apdu.values))
    for entry, values in entries:
        for slot in (entry.slots.get(name) for name in _SENDER):
            if slot is not None and values[slot]:
                yield bytes(values[slot])


def _place(record: Record) -> Place:
    """Say where a meter is, whatever its logical devices, and whichever port it called from."""
    end, server = meter_key(record)
    host = end.rpartition(":")[0] or end
    if record.gateway:
        return Place(f"{host} {device_text(record.gateway)}", "")
    return Place(host, str(server).partition(".")[2])


def _mechanism(ledger: Ledger, record: Record, values: dict[str, Any]) -> None:
    mechanism = values.get("mechanism_name") or ""
    number = record.number
    if mechanism in _WEAK and record.client != _PUBLIC_CLIENT:
        shown = _WEAK[mechanism] or MECHANISM.get(mechanism, mechanism)
        if not isinstance(record.client, int):
            ledger.find("authentication", INCONCLUSIVE, f"{shown}; which client asks is not known", number)
        else:
            ledger.find("authentication", FAIL, f"client {record.client} asks for {shown}", number)
    password = values.get("calling_authentication_value")
    if password and mechanism in ("", _LOWEST, _LLS):
        text = "the AARQ carries a password in clear" if password[1] else "the AARQ carries an empty password"
        ledger.find("password-in-clear", FAIL, text, number)


def _challenge(ledger: Ledger, record: Record, one: Association | None, values: dict[str, Any]) -> None:
    """Look at the length of a challenge; whether it was used before, the doctor tells."""
    is_asked = "calling_authentication_value" in values
    given = values.get("calling_authentication_value" if is_asked else "responding_authentication_value")
    mechanism = values.get("mechanism_name") or (one.proposal.mechanism if one and one.proposal else "")
    if not given or mechanism in ("", _LOWEST, _LLS):
        return
    number, challenge = record.number, bytes(given[1])
    ledger.saw("challenge", number)
    if why := unlike_chance(challenge):
        ledger.find("challenges", FAIL, f"a challenge {why}, and is not random", number)
    about = is_asked, record.client, record.server
    before = ledger.remember("challenge", about, (challenge, number))
    if isinstance(before, tuple) and before[0] != challenge and before[0][:-_TAIL] == challenge[:-_TAIL]:
        text = f"a challenge is that of record {before[1]} but for its last octets: it counts, and is not random"
        ledger.find("challenges", FAIL, text, before[1], number)
    if len(challenge) not in (_ECDSA_CHALLENGE if mechanism == _ECDSA else _CHALLENGE):
        ledger.find("challenges", FAIL, f"a challenge has {len(challenge)} octets", number)


@watcher
def commands(ledger: Ledger, record: Record, one: Association | None) -> None:
    """Look at password commands of IEC 62056-21: P1 is in clear, P2 is not."""
    if record.link != "iec62056-21" or record.problem:
        return
    octets = seven_bits(record.octets[:3])
    if octets in (_IN_CLEAR, _ENCODED):
        ledger.saw("password-command", record.number)
    if octets == _IN_CLEAR:
        ledger.find("password-in-clear", FAIL, "the command P1 carries a password in clear", record.number)


@watcher
def protections(ledger: Ledger, record: Record, one: Association | None) -> None:
    """Look at how an APDU is protected."""
    layers = _layers(record)
    for layer in layers:
        if layer.is_signed:
            ledger.saw("signature", record.number)
            if layer.status in _UNSIGNED:
                is_empty = not layer.values[layer.entry.slots["signature"]]
                text = "the signature is empty" if is_empty else "no key of the sender is there to check with"
                ledger.find("signatures", INCONCLUSIVE, text, record.number)
        else:
            _layer(ledger, record, one, layer)
    control = next((_control(layer) for layer in layers if not layer.is_signed), 0) & _BOTH
    if any(layer.is_signed or not layer.is_opened for layer in layers):
        control |= _SIGNED
    apdu = record.apdu
    if one is not None and apdu is not None and record.kind != PART and apdu.octets[:1] not in _NOT_HELD:
        _held(ledger, record, one, control)


_NOT_HELD = frozenset(bytes((tag,)) for tag in _ACSE)


def _layers(record: Record) -> tuple[Closed, ...]:
    """Give the protections of an APDU; without keys nothing was opened, and it stands there as it came."""
    if record.protection or record.closed is not None:
        return record.protection or tuple(filter(None, (record.closed,)))
    apdu = record.apdu
    if apdu is None or apdu.entry is None or apdu.values is None or "security_control" not in apdu.entry.slots:
        return ()
    return (Closed(apdu.octets, apdu.entry, apdu.values, "no-key", b"", "", False),)


def _control(layer: Closed) -> int:
    slot = layer.entry.slots.get("security_control")
    return int(layer.values[slot]) if slot is not None and layer.values[slot] is not None else 0


def _layer(ledger: Ledger, record: Record, one: Association | None, layer: Closed) -> None:
    number, control = record.number, _control(layer)
    ledger.saw("protected", number)
    suite = control & _SUITE
    known = ledger.state["suites"].get("")
    suites = known if isinstance(known, frozenset) else frozenset()
    if suite not in suites:
        ledger.remember("suites", "", suites | {suite})
        ledger.figures["suite"] = f"{', '.join(map(str, sorted(suites | {suite})))} here"
    if suite >= _SUITES:
        ledger.find("suite", FAIL, f"security suite {suite} is reserved", number)
    before = ledger.state["suite"].get(record.association) if one is not None else None
    if isinstance(before, tuple) and before[0] != suite:
        ledger.find("suite", FAIL, f"suite {suite} here, {before[0]} in record {before[1]}", before[1], number)
    elif before is None and one is not None:
        ledger.remember("suite", record.association, (suite, number))
    if control & _COMPRESSED and (suite == 0 or not layer.entry.family.startswith("general-")):
        text = "suite 0 has no compression" if suite == 0 else f"{layer.entry.family} has no compression"
        ledger.find("suite", FAIL, f"{text}, and bit 7 of the security control says that there is", number)
    if one is not None:
        _suites(ledger, record, suite)
    if control & _KEY_SET and record.direction == REQUEST:
        ledger.remember("to all", number, True)
    elif record.direction == RESPONSE and ledger.state["to all"].get(record.request):
        text = "a request under the broadcast key, which all meters have, is answered by one"
        ledger.find("protection", INCONCLUSIVE, text, record.request or 0, number)
    if layer.key:
        same_key(ledger, record, layer.key)
    if control & _BOTH == _ENCRYPTED:
        ledger.find("protection", FAIL, "encrypted without authentication: nobody notices a change", number)
    elif control & _BOTH == _AUTHENTICATED:
        ledger.find("protection", INCONCLUSIVE, "authenticated only: its content is in clear", number)
    elif not control & _BOTH:
        is_allowed = layer.entry.family == "general-ciphering"
        text = "neither authenticated nor encrypted"
        ledger.find("protection", INCONCLUSIVE if is_allowed else FAIL, text, number)
    if control & _AUTHENTICATED:
        ledger.saw("tagged", number)
        if layer.status not in ("verified", "wrong-tag"):
            ledger.find("tags", INCONCLUSIVE, f"tags that nobody could check: {layer.status}", number)
    if not layer.key:
        _closed_counter(ledger, record, layer)


def _suites(ledger: Ledger, record: Record, suite: int) -> None:
    """Look for a client that is served with a weaker suite than before by the same meter."""
    about = meter_key(record), record.client
    best = ledger.state["best suite"].get(about)
    if not isinstance(best, tuple) or suite > best[0]:
        ledger.remember("best suite", about, (suite, record.number, record.association))
    elif suite < best[0] and record.association != best[2]:
        text = f"suite {suite} here, {best[0]} in record {best[1]} between the same client and meter"
        ledger.find("suite", INCONCLUSIVE, text, best[1], record.number)


def _closed_counter(ledger: Ledger, record: Record, layer: Closed) -> None:
    """Follow counters of what does not open, within an association and under what is named as one key."""
    slots = layer.entry.slots
    counter = layer.values[slots["invocation_counter"]] if "invocation_counter" in slots else None
    text = "no key opens it: whether the key stays the same is not known"
    for check in ("counters", "nonces"):
        ledger.find(check, INCONCLUSIVE, text, record.number, is_general=True)
    if counter is not None and counter >= NEAR_END:
        said = f"invocation counter {counter}: {_LAST - counter} messages are left if the key stays; no tag proves it"
        ledger.find("counter-room", INCONCLUSIVE, said, record.number)
    if counter is None or record.association is None:
        return
    kind = layer.entry.family.startswith(_DEDICATED), bool(_control(layer) & 0x40)
    about = record.association, record.direction, kind, counter
    body = hash(bytes(layer.values[slots["ciphered"]] or b"")) if "ciphered" in slots else 0
    before = ledger.remember("counter", about, (body, record.number))
    if isinstance(before, tuple) and before[0] != body:
        said = f"invocation counter {counter} serves two messages of one association"
        ledger.find("nonces", INCONCLUSIVE, said, before[1], record.number)
    newest = ledger.remember("newest counter", about[:-1], (counter, record.number))
    if isinstance(newest, tuple) and counter < newest[0]:
        said = f"the invocation counter goes back from {newest[0]} to {counter}, and no tag proves either"
        ledger.find("counters", INCONCLUSIVE, said, newest[1], record.number)


def _held(ledger: Ledger, record: Record, one: Association, control: int) -> None:
    """Take down how much protection an APDU has, for the policy."""
    proposal = one.proposal
    if proposal is None or proposal.context not in _CIPHERED:
        return
    ledger.saw("ciphered-context", record.number)
    policy = ledger.doctor.meters.of(one.meter).policy
    told, is_asked = policy.value if policy is not None else None, record.direction == REQUEST
    about = one.number, is_asked, control, told
    held = ledger.state["held"].get(about)
    if not isinstance(held, Held):
        ledger.remember("held", about, held := Held(one, is_asked, control, told, Tally()))
    held.tally.add(record.number)


@watcher
def secrets(ledger: Ledger, record: Record, one: Association | None) -> None:
    """Look at requests that write a secret or transfer keys, and at answers that give a secret away."""
    if record.apdu is None or not (are_confidential(record.objects) or any(map(carries_key, record.objects))):
        return
    is_clear = not any(_control(layer) & _ENCRYPTED for layer in record.protection if not layer.is_signed)
    if record.direction == RESPONSE:
        given = [each for each in held_values(record) if is_confidential(each.object)]
        if is_clear and any(each.end - each.start > _EMPTY for each in given):
            ledger.saw("secret", record.number)
            ledger.find("secrets", FAIL, "a secret is read in clear", record.number)
    elif record.direction == REQUEST and record.apdu.octets[:1] != b"\xc0":
        ledger.saw("secret", record.number)
        for _ in open_keys(record):
            ledger.find("secrets", FAIL, "a key is transferred that is not wrapped", record.number)
        for each in record.objects:
            if is_clear and is_confidential(each) and (each.class_id, each.attribute) != _ENCIPHERED_KEY:
                ledger.find("secrets", FAIL, "a secret is written in clear", record.number)


@watcher
def noted(ledger: Ledger, record: Record, one: Association | None) -> None:
    """Take down what trackers checked."""
    for note in record.notes:
        if note.code in ("hls-verified", "hls-failed", "hls-unchecked"):
            ledger.saw("proof", record.number)
            if note.code == "hls-unchecked":
                ledger.find("proofs", INCONCLUSIVE, note.text, record.number)
        elif note.code in ("certificate-learnt", "certificate-problem"):
            ledger.saw("certificate", record.number)


@closing
def handshakes(ledger: Ledger) -> None:
    """Look at associations once they are whole: proofs that nobody checked, dedicated keys."""
    for one in ledger.doctor.associations:
        _proved(ledger, one)
        proposal = one.proposal
        if proposal is not None and proposal.has_dedicated_key:
            ledger.saw("dedicated-key", proposal.record)
            if proposal.is_key_in_clear:
                ledger.find("dedicated-key", FAIL, "the AARQ carries a dedicated key in clear", proposal.record)


def _proved(ledger: Ledger, one: Association) -> None:
    """Look whether a client had to prove itself, and whether its proof was checked."""
    number, proposal, answer = one.hls_request, one.proposal, one.answer
    if number > 0 and one.hls_is_left_out:
        ledger.saw("proof", number)
        if one.hls_is_accepted is not False:
            text = f"record {number} is {one.hls_form} and no answer to the challenge"
            is_served = one.hls_is_accepted is True
            text += "; it is served all the same" if is_served else "; whether it is served is not known"
            ledger.find("proofs", FAIL if is_served else INCONCLUSIVE, text, number)
    elif number > 0 and ledger.newest.get("proof", 0) < number:
        ledger.saw("proof", number)
        ledger.find("proofs", INCONCLUSIVE, "no secret or key is given to check them with", number)
    elif number or proposal is None or answer is None or answer.result or answer.challenge:
        return
    elif proposal.mechanism in MECHANISM and proposal.mechanism not in (_LOWEST, _LLS):
        ledger.saw("proof", answer.record)
        text = "the AARE lets in a client that asks for high level security, and asks it for no proof"
        ledger.find("proofs", FAIL, text, proposal.record, answer.record)


@closing
def policies(ledger: Ledger) -> None:
    """Hold the protection in associations with ciphering against the policy that the meter had told by then."""
    held = [one for one in ledger.state["held"].values() if isinstance(one, Held)]
    for each in held:
        _hold(ledger, each, ledger.doctor.meters.of(each.association.meter))


def _hold(ledger: Ledger, held: Held, facts: Facts) -> None:
    told, policy, control = facts.policy, held.policy, held.control
    demanded = policy if policy is not None else told.value if told is not None else None
    lacks = _demanded(demanded, is_asked=held.is_asked) & ~control if demanded is not None else control & _BOTH != _BOTH
    if not lacks:
        return
    shown = f"APDUs are {_shown(control)} ({held.tally.count})"
    if policy is not None:
        ledger.find("policy", FAIL, f"{shown}; the meter's policy demands more", *held.tally.records)
        return
    if told is not None:
        text = f"{shown}; what the meter's policy was before it told it in record {told.record} is not known"
    elif facts.policies:
        text = f"{shown}; the meter has several security setups, and which one holds for this client is not known"
    else:
        text = f"{shown}, and the policy that says whether they may is not in the capture"
    ledger.find("policy", INCONCLUSIVE, text, *held.tally.records)


def _shown(control: int) -> str:
    if control == _SIGNED:
        return "signed only"
    return {0: "in clear", _AUTHENTICATED: "authenticated only", _ENCRYPTED: "encrypted only"}.get(
        control & _BOTH, "not signed"
    )


def _demanded(policy: int, *, is_asked: bool) -> int:
    """Read a policy: of version 0 a number, of later ones bits for requests (2 to 4) and responses (5 to 7)."""
    if policy <= 3:
        return (_AUTHENTICATED if policy & 1 else 0) | (_ENCRYPTED if policy & 2 else 0)
    bits = policy >> (2 if is_asked else 5)
    return sum(bit for at, bit in enumerate((_AUTHENTICATED, _ENCRYPTED, _SIGNED)) if bits >> at & 1)
