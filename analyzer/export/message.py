"""Messages of IEC 62056-21 and telegrams of P1 as the ``message`` member, and in one line.

Passwords are masked in both: what is shown comes from the trees of the layers, which mask them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from analyzer.cosem.plain_text import printable
from analyzer.export.parts import SEPARATOR
from analyzer.record import Record
from dissectors import p1
from dissectors.characters import members as members_of_text
from dissectors.check_character import judge
from dissectors.checks import has_parity, seven_bits
from dissectors.iec62056_21 import BAUD_RATES, COMMANDS, message_layer, message_type
from dissectors.pdu import Layer
from dissectors.reader import to_json, tree

_HDLC = "2"
_SHOWN = 3
_MODES = {"0": "data readout", "1": "programming mode", "2": "binary mode (HDLC)"}


def plain_octets(octets: bytes) -> bytes:
    """Give the octets of a message without the parity that may stand in bit 7."""
    return seven_bits(octets) if has_parity(octets) else octets


def layer_of(record: Record) -> type[Layer]:
    """Choose the layer of the message in *record*."""
    octets = plain_octets(record.octets)
    return p1.telegram_layer(octets) if record.link == "p1" else message_layer(octets)


def message_form(record: Record) -> dict[str, Any]:
    """Give the ``message`` member: the type, and its fields as the interface names them."""
    if record.closed is not None:
        return telegram_form(record.closed.plaintext)
    octets = plain_octets(record.octets)
    members = _members(layer_of(record), octets)
    if record.link == "p1":
        return telegram_form(octets, members)
    kind = message_type(octets)
    form: dict[str, Any] = {"type": kind}
    if kind == "identification":
        form |= _identification(members)
    elif kind == "acknowledgement":
        rate = members.get("baud-rate-id", "")
        form |= {"v": members.get("protocol-control", ""), "z": rate, "y": members.get("mode-control", "")}
        form |= _baud(rate)
    elif kind == "request":
        form["device_address"] = members.get("device-address", "")
    elif kind == "error":
        first = members["data-sets"][0]
        form["text"] = first["values"][0]["value"] if first["values"] else first["id"]
        form["bcc"] = bcc_verdict(octets)
    elif kind in ("data", "block"):
        form |= {"data_sets": members["data-sets"], "bcc": bcc_verdict(octets)}
    elif kind in ("command", "break"):
        form["command"] = members.get("command", "") + members.get("command-type", "")
        if kind == "command":
            form["data_set"] = members.get("data-set", [])
        form["bcc"] = bcc_verdict(octets)
    return form


def _members(layer: type[Layer], octets: bytes) -> dict[str, Any]:
    """Read the members of a message: without a tree where it reads to its end."""
    found = None if layer in p1.SEALED else members_of_text(layer, octets)
    return found if found is not None else dict(to_json(tree(layer, octets)))


def _baud(rate: str) -> dict[str, int]:
    return {"baud": BAUD_RATES[rate]} if rate in BAUD_RATES else {}


def _identification(members: dict[str, Any]) -> dict[str, Any]:
    """Name manufacturer, speed and mode; D cannot be told from C here, and A has no speed to tell."""
    rate = members.get("baud-rate-id", "")
    enhanced = members.get("enhanced", "")
    mode = "E" if _HDLC in enhanced else "C" if rate.isdigit() else "B" if rate in BAUD_RATES else "A"
    form = {"manufacturer": members.get("manufacturer", ""), "baud_rate_id": rate, **_baud(rate), "mode": mode}
    if enhanced:
        form["enhanced"] = enhanced
    return {**form, "identification": members.get("identification", "")}


def telegram_form(octets: bytes, members: dict[str, Any] | None = None) -> dict[str, Any]:
    """Give the ``message`` member of the telegram *octets*, also where deciphering gave them."""
    if members is None:
        members = _members(p1.telegram_layer(octets), octets)
    digits = members.get("crc", "")
    return {
        "type": "telegram",
        "identification": identification_text(members),
        "data_sets": members.get("data-sets", []),
        "crc": crc_verdict(octets, digits) if octets[:1] == b"/" or not digits else "unchecked",
    }


def identification_text(members: dict[str, Any]) -> str:
    r"""Write an identification as it stood, without its ``/``: ``ISK5\2M550T-1012``."""
    enhanced = "".join("\\" + one for one in members.get("enhanced", ""))
    head = members.get("manufacturer", "") + members.get("baud-rate-id", "")
    return f"{head}{enhanced}{members.get('identification', '')}"


def crc_verdict(octets: bytes, digits: str) -> str:
    """Say whether the CRC of a telegram is ``ok``, ``wrong`` or ``absent``; right once LF is CR LF again is right."""
    if not digits:
        return "absent"
    verdict, _ = p1.judge(octets[: octets.rindex(b"!" + digits.encode()) + 1], digits.encode())
    return "wrong" if verdict == "wrong" else "ok"


def bcc_verdict(octets: bytes) -> str:
    """Say whether the check character is ``ok`` (as a sum, too), ``wrong`` or ``absent``."""
    ends = [at for at in (octets.find(b"\x03"), octets.find(b"\x04")) if at >= 0]
    if not ends or min(ends) + 1 >= len(octets):
        return "absent"
    return "wrong" if judge(octets)[0] == "wrong" else "ok"


def message_summary(record: Record) -> str:
    """Say a message in one line that moves no cursor."""
    return printable(_summary(message_form(record)))


def _summary(form: dict[str, Any]) -> str:
    kind = form["type"]
    if kind == "request":
        return f"Request{SEPARATOR}{form['device_address'] or 'any meter'}"
    if kind == "identification":
        baud = f"{SEPARATOR}{form['baud']} Bd" if "baud" in form else ""
        mode = f"{baud}{SEPARATOR}mode {form['mode']}"
        return f"Identification{SEPARATOR}{form['manufacturer']} {form['identification']}{mode}"
    if kind == "acknowledgement":
        what = _MODES.get(form["y"], f"mode control {form['y']}")
        baud = f"{SEPARATOR}{form['baud']} Bd" if "baud" in form else ""
        return f"Option select {form['v']}{form['z']}{form['y']}{SEPARATOR}{what}{baud}"
    if kind in ("command", "break"):
        name = COMMANDS.get(form["command"][:1], "command").capitalize()
        return SEPARATOR.join(filter(None, (f"{name} {form['command']}", _sets_text(form.get("data_set", [])))))
    if kind == "error":
        return f"Error{SEPARATOR}{form['text']}"
    if kind == "telegram":
        who = form["identification"] or "without its beginning"
        return f"Telegram{SEPARATOR}{who}{SEPARATOR}{_sets_text(form['data_sets'], _is_measured)}"
    if kind in ("data", "block"):
        return f"{'Data' if kind == 'data' else 'Partial block'}{SEPARATOR}{_sets_text(form['data_sets'])}"
    return {"ack": "ACK", "nak": "NAK · repeat"}[kind]


def _is_measured(one: dict[str, Any]) -> bool:
    """Tell whether a data set holds something with a unit: no version, time or number of the meter."""
    return any("unit" in each for each in one["values"])


def _sets_text(sets: list[dict[str, Any]], tells: Callable[[dict[str, Any]], bool] = bool) -> str:
    """Say the first data sets, those first that *tells* chooses, and how many more there are."""
    texts = []
    for one in sorted(sets, key=tells, reverse=True)[:_SHOWN]:
        values = ", ".join(" ".join(filter(None, (each["value"], each.get("unit")))) for each in one["values"])
        texts.append(f"{one['id']} {values}".strip())
    more = [f"{len(sets) - _SHOWN} more"] if len(sets) > _SHOWN else []
    return "; ".join([*texts, *more])
