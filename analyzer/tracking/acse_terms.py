"""AARQ, AARE, SNRM and UA to the terms in them: what is asked for, and what is agreed.

Source: IEC 62056-5-3 (COSEM-OPEN), IEC 62056-46 (parameter negotiation).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from analyzer.record import Apdu, Closed, Record
from analyzer.tracking.opening import Answer, LinkLimits, Proposal
from dissectors.compile import FAILURES, scan
from dissectors.hdlc import HdlcParameters
from dissectors.hdlc_octets import FLAG, control_place
from dissectors.scanning import Entry, scan_apdu, scan_loosely

_WITHOUT_CHALLENGE = frozenset({"2.16.756.5.8.2.0", "2.16.756.5.8.2.1"})
_GENERAL_PURPOSE = (0x81, 0x80)
"""Format and group identifier of the parameters of a link."""
_ENCRYPTED = 0x20
"""A bit of the security control octet."""
_LIMITS = {5: "transmit", 6: "receive", 7: "transmit_window", 8: "receive_window"}


@lru_cache(maxsize=512)
def _inside(octets: bytes | None) -> tuple[Entry | None, dict[str, Any]]:
    """Read the APDU in a user-information field: its entry, and its values by name; the same few come again."""
    if not octets:
        return None, {}
    found, values = scan_apdu(octets, 0, len(octets))
    if values is None:
        values = scan_loosely(octets, found)
    if found is None or values is None:
        return found, {}
    return found, {name: values[slot] for name, slot in found.slots.items()}


def proposal_of(record: Record, apdu: Apdu) -> Proposal:
    """Read an AARQ that was opened as far as keys go."""
    assert apdu.entry is not None
    value = _reader(apdu)
    user_information = value("user_information")
    found, initiate = _inside(user_information)
    has_key = bool(initiate.get("dedicated_key"))
    is_ciphered = record.closed is not None or (found is not None and found.family != "initiateRequest")
    return Proposal(
        record.number, record.time_ns, value("application_context_name") or "",
        value("mechanism_name") or "", value("calling_ap_title") or b"",
        value("calling_authentication_value") is not None, is_ciphered, initiate.get("proposed_conformance"),
        initiate.get("client_max_receive_pdu_size"), initiate.get("proposed_dlms_version_number"),
        has_key, has_key and not any(map(_enciphers, record.protection)), bool(user_information),
        _challenge(value, "calling_authentication_value"),
    )  # fmt: skip


def _enciphers(layer: Closed) -> bool:
    """Tell whether a layer of protection enciphers what is in it."""
    slot = layer.entry.slots.get("security_control")
    return slot is not None and bool((layer.values[slot] or 0) & _ENCRYPTED)


def answer_of(record: Record, apdu: Apdu) -> Answer:
    """Read an AARE that was opened as far as keys go."""
    value = _reader(apdu)
    user_information = value("user_information")
    _, initiate = _inside(user_information)
    error = (initiate["error_class"], initiate["error"]) if "error_class" in initiate else None
    return Answer(
        record.number, record.time_ns, value("result") or 0,
        value("result_source_diagnostic") or ("acse-service-user", 0),
        value("application_context_name") or "", value("mechanism_name") or "",
        value("responding_ap_title") or b"", initiate.get("negotiated_conformance"),
        initiate.get("server_max_receive_pdu_size"), initiate.get("negotiated_dlms_version_number"), error,
        bool(user_information), _challenge(value, "responding_authentication_value"),
        initiate.get("vaa_name"),
    )  # fmt: skip


def _challenge(value: Callable[[str], Any], name: str) -> bytes:
    """Give the authentication value where it is a challenge; a password is not kept, and a server has none to give."""
    mechanism, given = value("mechanism_name"), value(name)
    is_challenge = mechanism not in _WITHOUT_CHALLENGE if mechanism else name.startswith("responding")
    return bytes(given[1]) if given and is_challenge else b""


def _reader(apdu: Apdu) -> Callable[[str], Any]:
    """Give what looks a value up by its name; None for what is not there."""
    values, slots = apdu.values, apdu.entry.slots if apdu.entry is not None else {}

    def value(name: str) -> Any:
        slot = slots.get(name)
        return values[slot] if slot is not None and values is not None else None

    return value


def limits_of(frame: bytes) -> LinkLimits:
    """Read the parameters of an SNRM or UA frame; those that it leaves out have their defaults. Total."""
    return parameters_of(frame)[0]


@lru_cache(maxsize=1024)
def parameters_of(frame: bytes) -> tuple[LinkLimits, str]:
    """Read the information field of an SNRM or UA frame: the limits, and what is wrong with its layout. Total."""
    start = 1 if frame[:1] == bytes((FLAG,)) else 0
    try:
        control_at = control_place(frame, start, len(frame))
        end = start + ((frame[start] & 7) << 8 | frame[start + 1]) - 2
        if end <= control_at + 3:
            return LinkLimits(), ""
        (format_identifier, group, size, listed), _ = scan(HdlcParameters).function(
            frame, control_at + 3, min(end, len(frame))
        )
    except FAILURES:
        return LinkLimits(), "its information field does not read"
    wrong = ""
    if (format_identifier, group) != _GENERAL_PURPOSE:
        wrong = f"its information field begins with {format_identifier:02X} {group:02X}, and not with 81 80"
    elif size != sum(2 + octets for _, _, octets in listed):
        wrong = f"its group of parameters has another length than its length octet says ({size})"
    given = {_LIMITS[one]: value for one, value, _ in listed if one in _LIMITS}
    return LinkLimits()._replace(**given), wrong
