"""The table of what is measured: one entry a command, one entry a figure with its goal.

A figure is added by adding an entry; its goal comes from the project's performance page.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.bench import doctor, peers, table
from tests.bench.entries import LARGE, MIDDLE, SHORT, SMALL, TEXT_OCTETS, Command, Row, Runs
from tests.bench.traffic import KEYS, capture, ciphered_apdus


def _decode(kind: str, packets: int, *options: str, interleave: int = 1) -> Command:
    return Command(("dlmshark", "decode", *options, "FILE"), kind, packets, interleave)


def _tshark(kind: str, packets: int, *options: str) -> Command:
    return Command(("tshark", "-n", "-r", "FILE", *options), kind, packets)


_KEYS = tuple(word for key in KEYS for word in ("--key", key))


def commands(short: bool) -> dict[str, Command]:
    """The commands to run, by name; short runs stay with small sizes."""
    small, middle = _sizes(short)
    found = {
        "quiet wrapper": _decode("wrapper", middle, "-q"),
        "quiet hdlc": _decode("hdlc", middle, "-q"),
        "quiet text log": _decode("text", middle, "-q"),
        "quiet hdlctcp": _decode("hdlctcp", middle, "-q"),
        "quiet P1 text": _decode("p1", TEXT_OCTETS, "-q"),
        "quiet readouts": _decode("local", TEXT_OCTETS, "-q"),
        "quiet cipher": _decode("cipher", middle, "-q"),
        "quiet cipher, keys": _decode("cipher", middle, "-q", *_KEYS),
        "quiet wrapper, small": _decode("wrapper", small, "-q"),
        "quiet cipher, small": _decode("cipher", small, "-q"),
        "quiet cipher, keys, small": _decode("cipher", small, "-q", *_KEYS),
        "quiet wrapper, 32 meters": _decode("wrapper", middle, "-q", interleave=32),
        "decode wrapper": _decode("wrapper", middle),
        "tree wrapper": _decode("wrapper", middle, "--tree"),
        "json wrapper": _decode("wrapper", middle, "--json", "--layers"),
        "json wrapper, two": _decode("wrapper", middle, "--json", "--layers", "--workers", "2"),
        "tshark summary": _tshark("wrapper", middle),
        "tshark -V": _tshark("wrapper", middle, "-V"),
        "tshark -T json": _tshark("wrapper", middle, "-T", "json"),
        "import": Command(("python", "-c", "import dissectors.reader")),
        "help": Command(("dlmshark", "--help")),
        "one frame": Command(("dlmshark", "decode", "--hex", "C401C1000600012345")),
    }
    if not short:
        found |= {
            "quiet wrapper, large": _decode("wrapper", LARGE, "-q"),
            "decode wrapper, large": _decode("wrapper", LARGE),
            "tshark summary, large": _tshark("wrapper", LARGE),
        }
    return found | table.commands(short) | doctor.commands(short) | peers.commands(short)


def _per_packet(name: str, packets: int) -> Callable[[Runs], float]:
    return lambda runs: runs[name].cpu_s / packets * 1e6


def _per_ciphered(less: str, short: bool) -> Callable[[Runs], float]:
    """What keys cost over the run *less*, for each APDU that they open, from two sizes: start-up falls out."""
    small, middle = _sizes(short)

    def value(runs: Runs) -> float:
        apdus = ciphered_apdus(capture("cipher", middle)) - ciphered_apdus(capture("cipher", small))
        return (_keys_cost(runs, less, "") - _keys_cost(runs, less, ", small")) / apdus * 1e6

    return value


def _keys_cost(runs: Runs, less: str, size: str) -> float:
    return runs[f"quiet cipher, keys{size}"].cpu_s - runs[less + size].cpu_s


def _keys_start(short: bool) -> Callable[[Runs], float]:
    """What is left of the cost of keys where no APDU is ciphered: the keyring read, AES and what uses it imported."""
    apdus = ciphered_apdus(capture("cipher", _sizes(short)[0]))
    each = _per_ciphered("quiet wrapper", short)
    return lambda runs: _keys_cost(runs, "quiet wrapper", ", small") - each(runs) * apdus / 1e6


def _sizes(short: bool) -> tuple[int, int]:
    """How many packets the small captures have, and the usual ones."""
    return (SHORT // 4, SHORT) if short else (SMALL, MIDDLE)


def _ratio(ours: str, theirs: str) -> Callable[[Runs], float]:
    return lambda runs: runs[ours].cpu_s / runs[theirs].cpu_s


def _growth(large: str, small: str) -> Callable[[Runs], float]:
    return lambda runs: runs[large].peak_mb - runs[small].peak_mb


def rows(short: bool) -> list[Row]:
    """The figures, with the goals of the performance page."""
    middle = SHORT if short else MIDDLE
    found = [
        _row(
            "whole decode, wrapper, no output", "µs a packet", 6, _per_packet("quiet wrapper", middle), "quiet wrapper"
        ),
        _row("whole decode, HDLC, no output", "µs a frame", 5, _per_packet("quiet hdlc", middle), "quiet hdlc"),
        _row(
            "whole decode, text log of HDLC frames, no output",
            "s for 100 MB",
            20,
            lambda runs: runs["quiet text log"].cpu_s * 1e8 / capture("text", middle).stat().st_size,
            "quiet text log",
        ),
        _row(
            "whole decode, HDLC over TCP, no output",
            "µs a packet",
            7,
            _per_packet("quiet hdlctcp", middle),
            "quiet hdlctcp",
        ),
        _row("P1 telegrams, no output", "µs an octet", 0.5, _per_packet("quiet P1 text", TEXT_OCTETS), "quiet P1 text"),
        _row(
            "IEC 62056-21 readouts, no output",
            "µs an octet",
            0.5,
            _per_packet("quiet readouts", TEXT_OCTETS),
            "quiet readouts",
        ),
        *_ciphered(short),
        _row(
            "`decode` / tshark summary",
            "× CPU",
            0.7,
            _ratio("decode wrapper", "tshark summary"),
            "decode wrapper",
            "tshark summary",
        ),
        _row(
            "`decode --tree` / tshark -V",
            "× CPU",
            0.7,
            _ratio("tree wrapper", "tshark -V"),
            "tree wrapper",
            "tshark -V",
        ),
        _row(
            "`decode --json --layers` / tshark -T json",
            "× CPU",
            0.30,
            _ratio("json wrapper", "tshark -T json"),
            "json wrapper",
            "tshark -T json",
        ),
        _row(
            "`decode --json --layers --workers 2` / tshark -T json",
            "× wall",
            0.17,
            lambda runs: runs["json wrapper, two"].wall_s / runs["tshark -T json"].wall_s,
            "json wrapper, two",
            "tshark -T json",
        ),
        _row(
            "the same on two free cores, reckoned from CPU",
            "× CPU",
            0.17,
            lambda runs: runs["json wrapper, two"].cpu_s / 2 / runs["tshark -T json"].wall_s,
            "json wrapper, two",
            "tshark -T json",
        ),
        _row(
            "32 interleaved meters / one",
            "× CPU",
            1.1,
            _ratio("quiet wrapper, 32 meters", "quiet wrapper"),
            "quiet wrapper, 32 meters",
            "quiet wrapper",
        ),
        _row("import of every layer, with the interpreter", "s", 0.3, lambda runs: runs["import"].wall_s, "import"),
        _row("`--help`", "s", 0.15, lambda runs: runs["help"].wall_s, "help"),
        _row("one frame from the command line", "s", 0.40, lambda runs: runs["one frame"].wall_s, "one frame"),
    ]
    if not short:
        found += [
            _row(
                "whole decode at 1,000,000 packets",
                "µs a packet",
                6,
                _per_packet("quiet wrapper, large", LARGE),
                "quiet wrapper, large",
            ),
            _row(
                "`decode` / tshark summary at 1,000,000",
                "× CPU",
                0.7,
                _ratio("decode wrapper, large", "tshark summary, large"),
                "decode wrapper, large",
                "tshark summary, large",
            ),
            _row(
                "memory, 1,000,000 packets over 100,000 (flat: we take 5 MB for that)",
                "MB more",
                5,
                _growth("quiet wrapper, large", "quiet wrapper"),
                "quiet wrapper, large",
                "quiet wrapper",
            ),
            _row(
                "memory, 1,000,000 packets over the interpreter with its imports",
                "MB more",
                60,
                _growth("decode wrapper, large", "one frame"),
                "decode wrapper, large",
                "one frame",
            ),
        ]
    return found + table.rows(short) + doctor.rows(short) + peers.rows(short)


def _ciphered(short: bool) -> list[Row]:
    """What deciphering costs: with keys, less the same without anything ciphered, or without keys."""
    unit, names = "µs a ciphered APDU", ("quiet cipher, keys", "quiet cipher, keys, small")
    plain, closed = ("quiet wrapper", "quiet wrapper, small"), ("quiet cipher", "quiet cipher, small")
    return [
        Row(
            "deciphered and verified: with keys, less the same dialogue in plain", unit, 4,
            _per_ciphered("quiet wrapper", short), (*names, *plain), "quiet wrapper",
        ),
        Row(
            "deciphered, verified, and read and followed inside: with keys, less the same file without", unit, None,
            _per_ciphered("quiet cipher", short), (*names, *closed), "quiet cipher",
        ),
        Row("keys: start-up in addition", "s", None, lambda runs: _keys_start(short)(runs), (*names, *plain)),
    ]  # fmt: skip


def _row(figure: str, unit: str, goal: float | None, value: Callable[[Runs], float], needs: str, *more: str) -> Row:
    return Row(figure, unit, goal, value, (needs, *more), more[0] if more else "")


# Timings inside one interpreter: name in inprocess.py, figure, goal in µs.
IN_PROCESS = [
    ("scan", "scan of six fields: get-request-normal without a selection", 0.6),
    ("gcm", "deciphered and verified: the two calls of AES-GCM alone, a text of 60 octets", None),
    ("fcs", "FCS over 64 octets, computed", 0.5),
    ("fcs-is-good", "FCS over 64 octets, checked", 0.5),
]
