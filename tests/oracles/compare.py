"""Two decodes of one APDU made comparable: each becomes a list of tokens in octet order.

A token is `>name` for a choice that was taken, `name=value` for a leaf, and `array[` … `]`, `structure[` … `]` for the
shape of Data. Names, numbers and spellings are brought to one form; what is left out stands in FORGOTTEN.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import Any

from tests.oracles.encode import NAMES

CHOICE = re.compile(
    r"(get|set|action)-re(quest|sponse)(-[a-z-]+)?|access-re(quest|sponse)(-(get|set|action)(-with-selection)?)?"
    r"|event-notification-request|data-notification(-confirm)?|(read|write)(Request|Response)?|unconfirmedWriteRequest"
    r"|informationReportRequest|initiate(Request|Response|Error)|confirmedServiceError|exception-response"
    r"|aarq|aare|rlrq|rlre|(glo|ded|general)-[A-Za-z-]+|parameterized-access|block-number-access|read-data-block-access"
    r"|write-data-block-access|data-block-result"
)
# One name for the same thing; on the left what an oracle, or the module in another place, calls it.
ALIASES = {
    "get-response-with-data-block": "get-response-with-datablock",
    "set-request-first-data-block": "set-request-with-first-datablock",
    "set-response-data-block": "set-response-datablock",
    "set-response-with-last-data-block": "set-response-last-datablock",
    "BlockNumberAccess": "block-number-access",
    "ReadDataBlockAccess": "read-data-block-access",
    "WriteDataBlockAccess": "write-data-block-access",
    "float64,": "float64",
    "LastBlock": "last-block",
    "BlockNumber": "block-number",
    "data-access-result": "result",
    "data-access-error": "result",
    "CallingAPTitle": "calling-AP-title",
    "RespondingAPTitle": "responding-AP-title",
    "CallingAEQualifier": "calling-AE-qualifier",
    "CalledAPTitle": "called-AP-title",
    **{
        f"{prefix}-{lower}": f"{prefix}-{name}"
        for prefix in ("glo", "ded")
        for lower, name in {
            "read-request": "readRequest",
            "write-request": "writeRequest",
            "read-response": "readResponse",
            "write-response": "writeResponse",
            "confirmed-service-error": "confirmedServiceError",
        }.items()
    },
}
RESULTS = ("data-access-result", "action-result", "association-result")
# Leaves that are compared by code, because spellings differ where the meaning does not.
CODES: dict[str, dict[str, str]] = {
    "result": {name: code for table in RESULTS for code, name in NAMES[table].items()},
    "state-error": {name: code for code, name in NAMES["state-error"].items()},
    "service-error": {name: code for code, name in NAMES["service-exception"].items()},
    "acse-service-user": {name: code for code, name in NAMES["acse-service-user"].items()},
    "acse-service-provider": {name: code for code, name in NAMES["acse-service-provider"].items()},
    "reason": {
        name: code
        for table in ("release-request-reason", "release-response-reason")
        for code, name in NAMES[table].items()
    },
    **{
        name: {text: code for code, text in NAMES[f"service-error-{name}"].items()}
        for name in NAMES["service-error"].values()
    },
}
BOOLEAN_LEAVES = {"last-block", "boolean", "response-allowed"}
NAMED_BITS = {
    "proposed-conformance",
    "negotiated-conformance",
    "sender-acse-requirements",
    "responder-acse-requirements",
}
HEX_NUMBERS = {"invoke-id-and-priority", "long-invoke-id-and-priority"}
OID_LEAVES = {"application-context-name", "mechanism-name"}
# Left out on both sides: a DEFAULT, which says the same written or not, and what an oracle's objects have no place for.
FORGOTTEN = {
    "gurux-dlms": re.compile(r"response-allowed=1"),
    "dlms-cosem": re.compile(r"response-allowed=1|>(initiateError|read|write)"),
}
# dlms-cosem drops the first octet of a proposed conformance and has no name for two bits of short names: the bits that are
# left of one are compared, so that the rest of the APDU still is.
CONFORMANCE = {"dlms-cosem": ("proposed-conformance", {*map(str, range(8)), "15", "18"})}
XML = re.compile(r'<(/?)(?:x:)?([A-Za-z][\w,-]*)(?: Value="([^"]*)")?\s*(/?)>|([^<]+)')


def tokens_of_json(value: Any, name: str = "") -> Iterator[str]:
    """The tokens of an APDU's JSON."""
    if isinstance(value, dict) and "security-control" in value:
        yield from (f"{key}={value[key]}" for key in value if key == "system-title")
        yield f"ciphered-content={closed_octets(value)}"
    elif isinstance(value, dict) and set(value) == {"code"}:
        yield leaf(name, str(value["code"]))
    elif name == "block-control":
        yield f"{name}={value['last-block'] << 7 | value['streaming'] << 6 | value['window']}"
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from tokens_of_member(key, member)
    elif isinstance(value, list) and name in NAMED_BITS:
        yield leaf(name, " ".join(value))
    elif isinstance(value, list):
        for item in value:
            yield from tokens_of_json(item, name)
    else:
        yield leaf(name, value)


def tokens_of_member(name: str, value: Any) -> Iterator[str]:
    """The tokens of one member: its own where it is a choice or a shape, then those of its value."""
    if name in ("array", "structure"):
        yield f"{name}["
        yield from tokens_of_json(value)
        yield "]"
        return
    if CHOICE.fullmatch(ALIASES.get(name, name)):
        yield f">{ALIASES.get(name, name)}"
    yield from tokens_of_json(value, name)


def closed_octets(value: dict[str, Any]) -> str:
    """The octets of a closed ciphered content."""
    return f"{value['security-control']}{value['invocation-counter']:08X}{value['ciphered']}{value.get('tag', '')}"


def leaf(name: str, value: Any) -> str:
    """One leaf as a token, names and spellings in one form."""
    name = ALIASES.get(name, name)
    text = "" if value is None else str(value).strip()
    if name in BOOLEAN_LEAVES:
        text = {"true": "1", "false": "0"}.get(text.lower(), text)
    elif name in HEX_NUMBERS and isinstance(value, str):
        text = str(int(text, 16))
    elif name in OID_LEAVES:
        text = text.rpartition(".")[2]
    elif name in CODES:
        text = CODES[name].get(text, text)
    elif name in ("float32", "float64") and isinstance(value, int | float):
        text = struct.pack(">f" if name == "float32" else ">d", value).hex().upper()
    elif name in NAMED_BITS:
        text = " ".join(sorted(text.split())) if text != "1" else "authentication"
    return f"{name}={text}"


def tokens_of_xml(xml: str) -> Iterator[str]:
    """The tokens of a translation by gurux-dlms; end tags that it forgets are not missed, stray ones do no harm."""
    parts = [found.groups() for found in XML.finditer(xml) if found[5] is None or found[5].strip()]
    for at, (end, name, value, alone, text) in enumerate(parts):
        if text is not None:
            continue
        name = ALIASES.get(name, name)
        following = parts[at + 1] if at + 1 < len(parts) else ("", "", None, "", None)
        if name in ("array", "structure"):
            yield "]" if end else f"{name}["
        elif end:
            continue
        elif alone:
            yield leaf(name, value)
        elif following[4] is not None:
            yield from leaf_of_xml(name, following[4])
        elif CHOICE.fullmatch(name):
            yield f">{name}"
        elif following[0] and ALIASES.get(following[1], following[1]) == name and name not in CONTAINERS:
            yield from leaf_of_xml(name, "")


CONTAINERS = {"data", "result", "cosem-attribute-descriptor", "attribute-descriptor-list", "value-list", "list-of-data"}


def leaf_of_xml(name: str, text: str) -> Iterator[str]:
    """A leaf of the XML; what it shows as octets because it is protected gets the form of a closed APDU."""
    text = text.strip()
    if re.fullmatch(r"(glo|ded)-[A-Za-z-]+", name):
        yield f">{name}"
        yield f"ciphered-content={text}"
    elif name == "user-information" and text[:2] in ("21", "28"):
        yield f">glo-initiate{'Request' if text[:2] == '21' else 'Response'}"
        yield f"ciphered-content={text[4:]}" if int(text[2:4], 16) < 0x80 else f"ciphered-content={text[6:]}"
    elif name in HEX_NUMBERS:
        yield f"{name}={text}"
    else:
        yield leaf(name, text)


def first_difference(oracle: str, expected: Any, decoded: Any) -> str:
    """Where the oracle's decode leaves the expected one, in words; empty if they say the same."""
    found = tokens_of_xml(decoded) if isinstance(decoded, str) else tokens_of_json(decoded)
    found = (without_dropped_bits(oracle, token) for token in found)
    ours, theirs = (
        [token for token in tokens if not FORGOTTEN[oracle].fullmatch(token)]
        for tokens in ((without_dropped_bits(oracle, token) for token in tokens_of_json(expected)), found)
    )
    for mine, other in zip(ours, theirs, strict=False):
        if mine != other:
            return f"here {mine}, there {other}"
    if len(ours) != len(theirs):
        return f"here {ours[len(theirs) :][:1] or 'nothing more'}, there {theirs[len(ours) :][:1] or 'nothing more'}"
    return ""


def without_dropped_bits(oracle: str, token: str) -> str:
    """A conformance without the bits that an oracle drops; any other token as it is."""
    name, dropped = CONFORMANCE.get(oracle, ("", set()))
    if not name or not token.startswith(f"{name}="):
        return token
    names = {NAMES["conformance"][bit] for bit in dropped}
    return f"{name}=" + " ".join(bit for bit in token.partition("=")[2].split() if bit not in names)
