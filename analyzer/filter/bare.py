"""Words that stand alone in a filter to what they mean: ``hdlc``, ``error``, ``get``, an OBIS code, an address."""

from __future__ import annotations

import re

from analyzer.diagnosis.rules import rules
from analyzer.filter.fields import FIELDS, Field
from analyzer.filter.literals import obis_pattern
from dissectors.enumerations import ACTION_RESULT, DATA_ACCESS_RESULT

Term = tuple[Field, str, tuple[str, ...]]
_HOST = re.compile(r"(\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)(/\d{1,3})?")
_HOST_PORT = re.compile(r"(\d{1,3}(?:\.\d{1,3}){3}):(\d+)")
_SHORT = {
    "get": r"^(get|read)", "set": r"^(set|write|unconfirmedwrite)", "action": "^action", "access": "^access",
    "read": "^read", "write": "^(write|unconfirmedwrite)", "push": "^data-notification", "event": "^event",
    "notification": "notification", "glo": "^glo-|^general-glo", "ded": "^ded-|^general-ded", "gbt": "^general-block",
    "initiate": "initiate", "acse": "^(aarq|aare|rlrq|rlre|abrt)$",
}  # fmt: skip
"""Short words for services: a pattern of the APDU's family."""
_WORDS: dict[str, tuple[tuple[str, str, tuple[str, ...]], ...]] = {
    "error": (("severity", ">=", ("error",)),),
    "errors": (("severity", ">=", ("error",)),),
    "warning": (("severity", ">=", ("warning",)),),
    "warnings": (("severity", ">=", ("warning",)),),
    "problem": (("severity", ">=", ("warning",)), ("result", "matches", ("^(?!success$)",))),
    "note": (("severity", ">=", ("note",)),),
    "refused": (("result", "matches", ("^(?!success$)",)),),
    "success": (("result", "==", ("success",)),),
    "ciphered": (("status", "matches", (".",)), ("service", "matches", ("^(glo|ded|general-(glo|ded|ciph))",))),
    "encrypted": (("status", "matches", (".",)), ("service", "matches", ("^(glo|ded|general-(glo|ded|ciph))",))),
    "closed": (("status", "in", ("no-key", "no-system-title", "wrong-key", "wrong-tag", "unsupported")),),
    "opened": (("status", "in", ("verified", "decrypted-unverified", "plaintext-unverified")),),
    "retransmission": (("note", "in", ("tcp-retransmission", "hdlc-retransmission")),),
    "dlms": (("link", "in", ("hdlc", "wrapper", "llc", "apdu")),),
    "cosem": (("link", "in", ("hdlc", "wrapper", "llc", "apdu")),),
    "iec": (("link", "==", ("iec62056-21",)),),
    "mbus": (("link", "==", ("mbus",)),),
    "dsmr": (("link", "==", ("p1",)),),
    "tcp": (("transport", "in", ("tcp", "unknown")),),
    "udp": (("transport", "in", ("udp", "unknown")),),
    "serial": (("lane", "contains", ("serial:",)),),
}
_CLOSED_SETS = ("link", "kind", "direction", "status")


def bare_terms(word: str) -> list[Term]:
    """List what *word* may mean; a record is meant if one of them holds."""
    text = word.lower()
    if text in _WORDS:
        return [(FIELDS[name], operator, values) for name, operator, values in _WORDS[text]]
    if obis_pattern(word):
        return [(FIELDS["obis"], "==", (word,))]
    if matched := _HOST_PORT.fullmatch(word):
        return [(FIELDS["lane"], "matches", (rf"(^|\s){re.escape(matched[0])}(\s|$)",))]
    if _HOST.fullmatch(word):
        return [(FIELDS["host"], "==", (word,))]
    found: list[Term] = [
        (FIELDS[name], "==", (text,))
        for name in _CLOSED_SETS
        if text in FIELDS[name].choices and not (name == "kind" and text in FIELDS["link"].choices)
    ]
    if text in _SHORT:
        found.append((FIELDS["service"], "matches", (_SHORT[text],)))
    if text in services():
        found += [(FIELDS["service"], "==", (text,)), (FIELDS["apdu"], "==", (text,))]
    if text in results():
        found.append((FIELDS["result"], "==", (text,)))
    if text in codes("fact") and text not in FIELDS:
        found += [(FIELDS["note"], "==", (text,)), (FIELDS["result"], "==", (text,))]
    if text in codes("cause") and text not in FIELDS:
        found.append((FIELDS["cause"], "==", (text,)))
    return found


def services() -> set[str]:
    """Give the names of APDUs: families and variants, in small letters."""
    import dissectors.reader  # noqa: F401 -- registers every layer
    from dissectors.registry import FAMILIES, LAYERS

    return {name.lower() for name in (*FAMILIES.values(), *(layer.asn1 for layer in LAYERS))}


def results() -> set[str]:
    """Give the names of results that are no success."""
    return {name for table in (DATA_ACCESS_RESULT, ACTION_RESULT) for name in table.values()} - {"success"}


def groups() -> set[str]:
    """Give the groups of notes."""
    from analyzer.tracking.findings import FACTS

    return {group for _, group in FACTS.values()} | {one.group for one in rules().values() if one.group}


def codes(kind: str) -> set[str]:
    """Give the codes of facts or causes that the doctor and the readers know."""
    from analyzer.tracking.findings import FACTS

    known = {one.code for one in rules().values() if one.kind == kind}
    return known | set(FACTS) if kind == "fact" else known
