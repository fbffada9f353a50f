"""key_transfer and its answer to the keys that hold from then on. Source: IEC 62056-6-2, Security setup (class 64)."""

from __future__ import annotations

from typing import Any

from analyzer.cosem.datum import read_datum
from analyzer.cosem.rendering import holds_open_key
from analyzer.record import REQUEST, Apdu, Record
from analyzer.security.attempt import Opener, attempt
from analyzer.security.keyring import KeySet
from analyzer.security.keys import Key, KeyRole
from analyzer.security.opening import BROADCAST, VERIFIED, Message
from analyzer.tracking.attributes import Held, held_values
from analyzer.tracking.findings import finding
from analyzer.tracking.key_search import KeySearch, unwrapped, whose
from analyzer.tracking.peer import Peer
from analyzer.tracking.security_context import SecurityContext, Transfer
from analyzer.tracking.standing_names import carries_key
from dissectors.reader import apdu_json
from dissectors.tree import Problem

_SECURITY_SETUP, _KEY_TRANSFER = 64, 2
_ROLES = {0: KeyRole.GUEK, 1: KeyRole.GBEK, 2: KeyRole.GAK, 3: KeyRole.KEK}
_SUCCESS = 0


def transfer_of(apdu: Apdu, number: int) -> Transfer | None:
    """Take the keys out of a request that invokes key_transfer (global_key_transfer in version 0)."""
    if (
        apdu.entry is None
        or apdu.values is None
        or apdu.family != "action-request"
        or "class_id" not in apdu.entry.slots
    ):
        return None
    slots, values = apdu.entry.slots, apdu.values
    if (values[slots["class_id"]], values[slots["method_id"]]) != (_SECURITY_SETUP, _KEY_TRANSFER):
        return None
    ((_, members),) = apdu_json(apdu.octets)["action-request"].items()
    try:
        data = members["method-invocation-parameters"]["array"]
        pairs = [(one["structure"][0]["enum"], one["structure"][1]["octet-string"]) for one in data]
        keys = tuple((int(key_id), bytes.fromhex(wrapped)) for key_id, wrapped in pairs)
    except (KeyError, IndexError, TypeError, ValueError):  # the data are what the sender wrote
        return None
    return Transfer(number, "action-response", keys)


def open_keys(record: Record) -> list[Held]:
    """List what is given to key_transfer and is not wrapped; what does not read may be a key."""
    if not any(map(carries_key, record.objects)):
        return []
    return [one for one in held_values(record) if carries_key(one.object) and _is_open(one)]


def _is_open(held: Held) -> bool:
    one = held.object
    try:
        return holds_open_key(one.class_id, one.attribute, read_datum(held.octets, held.start, held.end))
    except Problem:
        return True


def succeeded(apdu: Apdu) -> bool | None:
    """Tell whether an answer says success; None where it is no answer to an action."""
    if apdu.entry is None or apdu.values is None or apdu.family != "action-response":
        return None
    slot = apdu.entry.slots.get("result")
    return None if slot is None else bool(apdu.values[slot] == _SUCCESS)


def follow(record: Record, peer: Peer, context: SecurityContext, search: KeySearch) -> None:
    """Note the keys that a request transfers, and let them hold once the meter has answered with success."""
    apdu = record.assembled or record.apdu
    if apdu is None:
        return
    if record.direction is REQUEST:
        transfer = transfer_of(apdu, record.number)
        if transfer is not None:
            context.transfer = transfer
        return
    if context.transfer is None:
        return
    is_done = succeeded(apdu)
    if is_done is None:
        return
    transfer, context.transfer = context.transfer, None
    if is_done:
        _install(record, peer, context, search, transfer)


def took_hold(
    record: Record, peer: Peer, context: SecurityContext, search: KeySearch, message: Message, opener: Opener
) -> bool:
    """Let transferred keys hold that a message proves: some meters answer under the new key, and answers get lost."""
    transfer = context.transfer
    if transfer is None:
        return False
    new = {
        role: unwrapped(opener.key_set.of(KeyRole.KEK), wrapped, role)
        for role, wrapped in ((_ROLES.get(key_id), wrapped) for key_id, wrapped in transfer.keys)
        if role is not None
    }
    role = KeyRole.GBEK if message.control & BROADCAST else KeyRole.GUEK
    keys, authentication = new.get(role, ()) + opener.keys, new.get(KeyRole.GAK, ()) + opener.authentication
    if (keys, authentication) == (opener.keys, opener.authentication):
        return False
    outcome = attempt(message, opener._replace(keys=keys, authentication=authentication))
    if outcome.status is not VERIFIED and (message.tag or outcome.key is None):
        return False
    context.transfer = None
    _install(record, peer, context, search, transfer)
    return True


def _install(record: Record, peer: Peer, context: SecurityContext, search: KeySearch, transfer: Transfer) -> None:
    keys, _ = search.keys_and_titles(record, peer, context, record.direction, b"")
    for key_id, wrapped in transfer.keys:
        role: Any = _ROLES.get(key_id)
        if role is None:
            continue
        new = unwrapped(keys.of(KeyRole.KEK), wrapped, role)
        if not new:
            search.lose(record, whose(record, peer, record.direction, keys), role)
            why = "no KEK is given" if not keys.of(KeyRole.KEK) else "the KEK given does not unwrap it"
            text = f"{role.value} is replaced here by the key of record {transfer.record}, and {why}"
            record.add_note(finding("key-changed", text, 0, 0))
            continue
        hold(record, peer, keys, search, role, new[0], f"the key of record {transfer.record}")
    context.forget_keys()


def hold(record: Record, peer: Peer, keys: KeySet, search: KeySearch, role: KeyRole, key: Key, what: str) -> None:
    """Let *key* hold from here on, and note it."""
    if keys.of(role):
        key.place = keys.of(role)[0].place
    epoch = search.change(whose(record, peer, record.direction, keys), keys, role, key)
    text = f"{role.value} is replaced here by {what}: {key.name} (epoch {epoch})"
    record.add_note(finding("key-changed", text, 0, 0))
