"""A simulated meter at its optical port: what it says of itself and answers, in modes A to E.

Source: IEC 62056-21 (modes, reading, programming commands, error messages).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from analyzer.cosem.logical_name import obis_from_text
from analyzer.simulate import local_messages as messages
from analyzer.simulate import model
from analyzer.simulate.forms import date_time
from analyzer.simulate.local_messages import ACK, NAK, DataSet, Value, data_set
from analyzer.simulate.meter import Meter
from analyzer.simulate.profile import members, plain

UNKNOWN_CODE, NOT_WRITABLE, NOT_KNOWN = "(ERROR02)", "(ERROR04)", "(ERROR01)"
_ENERGY_CODES = ("1.8.0", "1.8.1", "1.8.2", "2.8.0")
_ROWS_A_BLOCK = 4


class Phase(Enum):
    """What the meter waits for."""

    SILENT = auto()
    IDENTIFIED = auto()
    LOCKED = auto()
    PROGRAMMING = auto()


@dataclass(slots=True)
class LocalMeter:
    """A meter at its optical port. *baud_rate_id* tells its mode: a letter is B, a digit C, E with *modes*, else A.

    *contents* gives its data sets at a time; *profile* the rows that partial blocks carry.
    """

    contents: Callable[[int], Sequence[DataSet]]
    manufacturer: str = "MMM"
    baud_rate_id: str = "5"
    product: str = "SIM-41"
    modes: tuple[str, ...] = ()
    address: str = "41700023"
    password: str = "12345678"
    seed: str = "00A1B2C3"
    profile: Sequence[str] = ()
    written: dict[str, str] = field(default_factory=dict)
    writable: frozenset[str] = frozenset(("0.9.1", "0.9.2", "C003"))
    phase: Phase = Phase.SILENT
    _waiting: list[str] = field(default_factory=list)

    @property
    def reaction_ms(self) -> int:
        """Tell the least time before it answers: a third letter in lower case is a quick meter."""
        return 20 if self.manufacturer[2].islower() else 200

    def identify(self, address: str = "") -> bytes | None:
        """Answer a request; None where it is for another meter."""
        if address and address.lstrip("0") != self.address.lstrip("0"):
            return None
        self.phase = Phase.IDENTIFIED
        return messages.identification(self.manufacturer, self.baud_rate_id, self.product, self.modes)

    def read_out(self, now_ns: int, *, is_checked: bool = True) -> bytes:
        """Give all data sets."""
        self.phase = Phase.SILENT
        return messages.readout([str(one) for one in self._current(now_ns)], is_checked=is_checked)

    def enter_programming(self) -> bytes:
        """Ask for the password."""
        self.phase = Phase.LOCKED
        return messages.command("P0", f"({self.seed})")

    def proof(self) -> str:
        """Give what P2 has to bring: a made-up algorithm of seed and password."""
        return f"{(int(self.seed, 16) + int(self.password)) & 0xFFFFFFFF:08X}"

    def execute(self, name: str, operand: str, now_ns: int) -> bytes | None:
        """Answer a command; None where it ends the session."""
        if name[0] == "B":
            self.phase = Phase.SILENT
            return None
        if name[0] == "P":
            return self._unlock(name, operand)
        if self.phase is not Phase.PROGRAMMING:
            return messages.block(NOT_KNOWN)
        code = operand.partition("(")[0]
        if name[0] == "R":
            return self._read(name, code, now_ns)
        if name[0] == "W":
            if code not in self.writable:
                return messages.block(NOT_WRITABLE)
            self.written[code] = operand.partition("(")[2].removesuffix(")")
            return ACK
        return ACK if name[0] == "E" else NAK

    def next_block(self) -> bytes:
        """Give the next partial block of what is being read."""
        text = self._waiting.pop(0)
        return messages.block(text, has_more=bool(self._waiting))

    def _unlock(self, name: str, operand: str) -> bytes:
        wanted = self.proof() if name == "P2" else self.password
        if operand != f"({wanted})":
            self.phase = Phase.SILENT
            return messages.command("B0")
        self.phase = Phase.PROGRAMMING
        return ACK

    def _read(self, name: str, code: str, now_ns: int) -> bytes:
        if code == "P.01" and self.profile:
            rows = [f"{row}{messages.LINE_END}" for row in self.profile]
            at = range(0, len(rows), _ROWS_A_BLOCK)
            self._waiting = ["".join(rows[one : one + _ROWS_A_BLOCK]) for one in at]
            if name not in ("R3", "R6"):
                self._waiting = ["".join(rows)]
            return self.next_block()
        found = [one for one in self._current(now_ns) if one.code == code]
        return messages.block(str(found[0]) if found else UNKNOWN_CODE)

    def _current(self, now_ns: int) -> list[DataSet]:
        current = [
            one._replace(values=(Value(self.written[one.code]),)) if one.code in self.written else one
            for one in self.contents(now_ns)
        ]
        known = {one.code for one in current}
        return current + [data_set(code, text) for code, text in self.written.items() if code not in known]


def contents_of(meter: Meter, serial: str) -> Callable[[int], list[DataSet]]:
    """Give the data sets of a meter's registers and clock, as its display shows them."""

    def contents(now_ns: int) -> list[DataSet]:
        meter.now_ns = now_ns
        moment = date_time(now_ns)
        year, month, day, hour, minute, second = int.from_bytes(moment[:2], "big") % 100, *moment[2:4], *moment[5:8]
        found = [
            data_set("F.F", "00000000"),
            data_set("0.0.0", serial),
            data_set("0.9.1", f"{hour:02}:{minute:02}:{second:02}"),
            data_set("0.9.2", f"{year:02}-{month:02}-{day:02}"),
        ]
        for code in _ENERGY_CODES:
            value = _energy(meter, code)
            found.append(data_set(code, f"{value // 1000:08}.{value % 1000:03}", "kWh"))
            earlier = max(value - 93_000, 0)
            found.append(data_set(f"{code}*01", f"{earlier // 1000:08}.{earlier % 1000:03}", "kWh"))
        found.append(data_set("1.6.0", "06.140", "kW", f"{year:02}{month:02}011815"))
        found.append(data_set("C.7.0", "0003"))
        return found

    return contents


def _energy(meter: Meter, code: str) -> int:
    value = meter.read(3, obis_from_text(f"1-0:{code}*255"), 2)
    return 0 if isinstance(value, int) else int(str(plain(value)))


def profile_rows(meter: Meter, count: int) -> list[str]:
    """Give the newest *count* rows of the load profile as P.01 tells them: a header, then a line for each."""
    buffer = meter.read(7, obis_from_text(model.PROFILE), 2)
    if isinstance(buffer, int):
        return []
    rows = [[plain(one) for one in members(row)] for row in members(buffer)[-count:]]
    moment = bytes.fromhex(str(rows[0][0]))
    stamp = f"0{int.from_bytes(moment[:2], 'big') % 100:02}{moment[2]:02}{moment[3]:02}{moment[5]:02}{moment[6]:02}00"
    header = f"P.01({stamp})(00000000)(15)({len(rows[0]) - 2})(1.8.0)(kWh)(2.8.0)(kWh)"
    lines = ["".join(f"({int(str(one)) // 1000}.{int(str(one)) % 1000:03})" for one in row[2:]) for row in rows]
    return [header, *lines]
