"""What users of Wireshark write into a filter by habit, to what says the same here, where no alias or operator does."""

from __future__ import annotations

_TIMES = "since.previous and since.first are such times, latency is since the request"
_NOTED = "severity >= note passes what has notes, note == CODE one of them"
_RESENT = "note == tcp-retransmission, tcp-octets-missing or tcp-reset tells of TCP"
_BELOW = "of the network host, port, source and destination are known"
_LENGTH = "length counts octets, also apdu.length and data.length"
_OCTETS = "octets are the frame's, apdu.octets those of its APDU"
_SUMS = "hdlc.fcs == wrong or note == hdlc-fcs-wrong passes frames with a wrong FCS"
_CONTROL = "hdlc.control contains SNRM passes such frames"
_NAMES = {
    "frame.time-delta-displayed": _TIMES, "time-relative": _TIMES, "time-delta": _TIMES,
    "delta": _TIMES, "frame.marked": "b in the terminal UI goes from bookmark to bookmark",
    "expert": _NOTED, "-ws.expert": _NOTED, "malformed": "error passes what has an error, also what is malformed",
    "-ws.malformed": "error passes what has an error, also what is malformed", "tcp.analysis": _RESENT,
    "frame.cap-len": _LENGTH, "tcp.len": _LENGTH, "udp.length": _LENGTH, "ip.len": _LENGTH, "data.len": _LENGTH,
    "tcp.payload": _OCTETS, "udp.payload": _OCTETS,
    "dlms.hdlc.fcs.status": _SUMS, "dlms.hdlc.hcs.status": _SUMS, "hdlc.fcs.status": _SUMS, "hdlc.hcs.status": _SUMS,
    "frame.ref-time": "since.first counts from the first record on",
    "frame.ignored": "!(number == N) leaves records out",
    "snrm": _CONTROL, "ua": _CONTROL, "disc": _CONTROL, "dm": _CONTROL, "frmr": _CONTROL, "rr": _CONTROL,
    "rnr": _CONTROL, "segment": "part passes parts of a longer APDU",
    "eth": _BELOW, "ip": _BELOW, "ipv6": _BELOW, "tcp": _BELOW, "udp": _BELOW, "vlan": _BELOW, "frame": _BELOW,
}  # fmt: skip
"""Names of Wireshark's fields; one stands for all that begin with it and a dot or hyphen."""
_FUNCTIONS = {
    "len": "length counts octets, also apdu.length and data.length",
    "lower": "texts are compared in any case of letters",
    "upper": "texts are compared in any case of letters",
}
_WORDS = ("and", "or", "not", "in", "contains", "matches")
"""What a bracket may stand behind that is no function's."""
_OPERATORS = {
    "xor": "either of two is (A || B) && !(A && B)",
    "^^": "either of two is (A || B) && !(A && B)",
    "any_ne": "with != all values differ; !(FIELD == VALUE) passes also where there is none",
    "all_eq": "with == one value is enough",
    "bitwise_and": "bits are compared by their names in the tree",
}


def instead_of_name(name: str) -> str:
    """Say what does here what the unknown *name* does in Wireshark; nothing where that is not known."""
    known = name.lower().replace("_", "-")
    begun = [one for one in _NAMES if known == one or known.startswith((f"{one}.", f"{one}-"))]
    return _NAMES[max(begun, key=len)] if begun else ""


def instead_of_function(text: str, position: int) -> str:
    """Say what does here what the function before the bracket at *position* does; nothing where none stands there."""
    before = text[:position].replace("(", " ").replace("!", " ")
    name = before.rpartition(" ")[2].lower()
    if name in _FUNCTIONS:
        return f"{name}(): there are no functions; {_FUNCTIONS[name]}"
    return f"{name}(): there are no functions" if name.isidentifier() and name not in _WORDS else ""


def instead_of_operator(word: str) -> str:
    """Say what does here what an unknown operator does; nothing where that is not known."""
    return _OPERATORS.get(word.lower(), "")
