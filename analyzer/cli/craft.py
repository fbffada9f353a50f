"""``dlmshark craft``: an edited frame to one whose lengths, sums and protection are right; it never sends."""

from __future__ import annotations

import argparse
import json
import re
import sys
from typing import TYPE_CHECKING, TextIO

from analyzer.cli.arguments import Parser, add_common_options, hush
from analyzer.cli.complaints import UsageError
from analyzer.cli.keyrings import add_key_options, keyring
from analyzer.cli.terminal import terminal_width

if TYPE_CHECKING:
    from analyzer.rewrite.craft import Wishes

_FORMS = ("glo", "ded", "general-glo", "general-ded")
_MOST_TEXT = 16 << 20
_TITLE_SIZE, _MOST_COUNTER, _MOST_PORT = 8, 0xFFFFFFFF, 0xFFFF


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = Parser(
        prog="dlmshark craft",
        description="Make an edited frame right: lengths, check sequences and protection follow. Nothing is sent.",
    )
    made.add_argument("octets", nargs="*", metavar="HEX", help="a frame or an APDU; - for stdin")
    made.add_argument("--hex", default="", help="the same")
    made.add_argument("--apdu", metavar="JSON", help="the APDU, as decode --json prints it; @FILE reads it, - stdin")
    made.add_argument("--plain", metavar="HEX", help="the APDU in octets")
    made.add_argument("--wrapper", metavar="SOURCE,DESTINATION", type=_ports, help="carry it in a wrapper PDU")
    made.add_argument(
        "--hdlc", metavar="SOURCE,DESTINATION", type=_addresses, help="carry it in a frame: 16,1 or 16,1.17"
    )
    made.add_argument("--control", type=_octet, default=0x10, metavar="HEX", help="control octet of that frame (10)")
    made.add_argument("--cipher", choices=_FORMS, metavar="FORM", help=f"protect a plain APDU: {', '.join(_FORMS)}")
    made.add_argument("--title", type=_title, default=b"", metavar="HEX", help="the sender's system title")
    made.add_argument("--counter", type=_counter, metavar="N", help="the invocation counter")
    made.add_argument("--security-control", type=_octet, default=0x30, metavar="HEX", help="of --cipher (30)")
    made.add_argument("--tree", action="store_true", help="show what was made as a tree")
    made.add_argument("--json", action="store_true", help="JSON on stdout")
    add_key_options(made)
    add_common_options(made)
    return made


def run(words: list[str]) -> int:
    """Run the command. Returns the exit status."""
    options = parser().parse_args(words)
    hush(options)
    text = " ".join([*options.octets, options.hex])
    if options.octets == ["-"]:
        text = _bounded(sys.stdin, "-")
    if options.hdlc is not None and options.wrapper is not None:
        raise UsageError("--wrapper does not go with --hdlc: one carrier was expected")
    octets = _hex(text, "HEX")
    _check_is_one(octets)
    apdu = _apdu(options)
    if not octets and apdu is None:
        raise UsageError("a frame in hex, or --apdu or --plain was expected; see dlmshark craft --help")
    from analyzer.rewrite.craft import Wishes, craft
    from analyzer.rewrite.frames import FrameError

    wishes = Wishes(
        apdu, options.wrapper, options.hdlc, options.control, options.cipher or "", options.security_control,
        options.title, options.counter, keyring(options),
    )  # fmt: skip
    try:
        made = craft(octets, wishes)
    except FrameError as problem:
        raise UsageError(str(problem)) from None
    _show(made, options, wishes)
    return 0


def _check_is_one(octets: bytes) -> None:
    """Refuse several whole frames: they would become one. What was edited and parts into none may be one."""
    if not octets:
        return
    from analyzer.record import NOISE
    from analyzer.session import Session
    from captures import source_from_hex

    found = list(Session(source_from_hex(octets.hex())).records())
    if len(found) > 1 and not any(one.kind == NOISE or one.problem for one in found):
        raise UsageError(f"{len(found)} frames are given, and one was expected")


def _apdu(options: argparse.Namespace) -> bytes | None:
    """Read the APDU that is given apart."""
    if options.apdu is not None and options.plain is not None:
        raise UsageError("--plain does not go with --apdu: either tells the whole APDU")
    if options.plain is not None:
        return _hex(options.plain, "--plain")
    if options.apdu is None:
        return None
    from analyzer.rewrite.forms import FormError, apdu_octets

    try:
        form = json.loads(_text(options.apdu))
    except (json.JSONDecodeError, RecursionError) as problem:
        why = "nested too deeply" if isinstance(problem, RecursionError) else problem
        raise UsageError(f"--apdu: no JSON: {why}") from None
    if isinstance(form, dict) and isinstance(form.get("apdu"), dict):
        form = form["apdu"]  # a whole record of decode --json
    try:
        return apdu_octets(form)
    except FormError as problem:
        raise UsageError(f"--apdu: {problem}") from None


def _text(given: str) -> str:
    if given == "-":
        return _bounded(sys.stdin, "--apdu -")
    if not given.startswith("@"):
        return given
    try:
        with open(given[1:], encoding="utf-8") as file:
            return _bounded(file, f"--apdu {given}")
    except (OSError, UnicodeDecodeError) as problem:
        raise UsageError(f"--apdu {given}: cannot be read: {getattr(problem, 'strerror', None) or 'no text'}") from None


def _bounded(file: TextIO, what: str) -> str:
    """Read all of *file*, unless it is more than any frame or APDU: what never ends would fill the memory."""
    text = file.read(_MOST_TEXT + 1)
    if len(text) > _MOST_TEXT:
        raise UsageError(f"{what}: more than {_MOST_TEXT >> 20} MB; one frame was expected")
    return text


def _show(made: bytes, options: argparse.Namespace, wishes: Wishes) -> None:
    if not (options.tree or options.json):
        print(made.hex(" ").upper())
        return
    from analyzer.export.json_lines import JsonLines
    from analyzer.export.text import TextLines
    from analyzer.export.utf8 import json_object
    from analyzer.session import Session
    from captures import source_from_hex

    session = Session(source_from_hex(made.hex(" ")), None, wishes.keys)
    if options.json:
        write = JsonLines(lambda: 6, values=session.values).line
        for record in session.records():
            print(json_object({"octets": made.hex().upper(), **json.loads(write(record))}))
        return
    lines = TextLines(lambda: 6, tree=True, width=terminal_width(), values=session.values)
    print(made.hex(" ").upper())
    for record in session.records():
        print(lines.line(record))


def _hex(text: str, what: str) -> bytes:
    try:
        return bytes.fromhex(re.sub(r"0[xX]|[\s:,]", "", text))
    except ValueError:
        raise UsageError(f"{what}: octets in hex such as 7E A0 07 were expected") from None


def _ports(text: str) -> tuple[int, int]:
    numbers = [int(one) for one in text.split(",") if one.strip().isdecimal()]
    if len(numbers) != 2 or max(numbers) > _MOST_PORT:
        raise argparse.ArgumentTypeError(f"two wPorts were expected, such as 16,1, not {text!r}")
    return numbers[0], numbers[1]


def _addresses(text: str) -> tuple[str, str]:
    found = re.fullmatch(r"(\d{1,5}(?:\.\d{1,5})?),(\d{1,5}(?:\.\d{1,5})?)", text)
    if found is None or any(int(one) >= 1 << 14 for one in re.findall(r"\d+", text)):
        raise argparse.ArgumentTypeError(f"two addresses were expected, such as 16,1 or 16,1.17, not {text!r}")
    return found[2], found[1]


def _octet(text: str) -> int:
    if not re.fullmatch(r"(?:0[xX])?[0-9A-Fa-f]{1,2}", text):
        raise argparse.ArgumentTypeError(f"an octet in hex was expected, not {text!r}")
    return int(text, 16)


def _title(text: str) -> bytes:
    octets = bytes.fromhex(text) if re.fullmatch(r"[0-9A-Fa-f]{16}", text) else b""
    if len(octets) != _TITLE_SIZE:
        raise argparse.ArgumentTypeError(f"16 hex digits were expected, not {text!r}")
    return octets


def _counter(text: str) -> int:
    if not text.isdecimal() or int(text) > _MOST_COUNTER:
        raise argparse.ArgumentTypeError(f"a number from 0 to {_MOST_COUNTER} was expected, not {text!r}")
    return int(text)
