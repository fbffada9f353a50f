"""The object model of a simulated electricity meter. All numbers are made up.

Source: IEC 62056-6-2 (interface classes), IEC 62056-6-1 (OBIS).
"""

from __future__ import annotations

import random
from typing import NamedTuple

from analyzer.cosem.logical_name import obis_from_text
from analyzer.simulate.forms import NULL, array, date_time, octet_string, structure, time_of
from analyzer.simulate.object_lists import association_ln
from analyzer.simulate.objects import SUCCESS, Attribute, CosemObject, Method, data_object, register
from analyzer.simulate.profile import Column, energy_rows, members, plain, profile
from analyzer.simulate.sent import SECOND, Form

CLOCK, PROFILE = "0-0:1.0.0*255", "1-0:99.1.0*255"
DEVICE_NAME, SERIAL_NUMBER, STATUS = "0-0:42.0.0*255", "0-0:96.1.0*255", "0-0:96.10.1*255"
CALENDAR, DISCONNECT, IMAGE, SCRIPTS = "0-0:13.0.0*255", "0-0:96.3.10*255", "0-0:44.0.0*255", "0-0:10.0.0*255"
SECURITY_SETUP, PUSH_SETUP = "0-0:43.0.0*255", "0-0:25.9.0*255"
MAXIMUM_DEMAND = "1-0:1.6.0*255"
IMAGE_BLOCK_SIZE = 512

_W, _WH, _VARH, _A, _V, _HZ, _COUNT = 27, 30, 32, 33, 35, 44, 255


class Quantity(NamedTuple):
    """A register: its OBIS code, Data type, first value, scaler, unit, growth in an hour (0: it wavers)."""

    obis: str
    kind: str
    value: int
    scaler: int
    unit: int
    growth: int = 0


_PERIOD = 900
"""Seconds between the rows of the profile."""
REGISTERS: tuple[Quantity, ...] = (
    Quantity("1-0:1.8.0*255", "double-long-unsigned", 74565120, 0, _WH, 480),
    Quantity("1-0:1.8.1*255", "double-long-unsigned", 51200044, 0, _WH, 480),
    Quantity("1-0:1.8.2*255", "double-long-unsigned", 23365076, 0, _WH),
    Quantity("1-0:2.8.0*255", "double-long-unsigned", 1820033, 0, _WH, 30),
    Quantity("1-0:3.8.0*255", "double-long-unsigned", 9120871, 0, _VARH, 55),
    Quantity("1-0:1.7.0*255", "double-long-unsigned", 482, 0, _W),
    Quantity("1-0:32.7.0*255", "long-unsigned", 2304, -1, _V),
    Quantity("1-0:52.7.0*255", "long-unsigned", 2311, -1, _V),
    Quantity("1-0:72.7.0*255", "long-unsigned", 2298, -1, _V),
    Quantity("1-0:31.7.0*255", "long-unsigned", 187, -2, _A),
    Quantity("1-0:51.7.0*255", "long-unsigned", 42, -2, _A),
    Quantity("1-0:71.7.0*255", "long-unsigned", 8, -2, _A),
    Quantity("1-0:14.7.0*255", "long-unsigned", 5001, -2, _HZ),
    Quantity("1-0:13.7.0*255", "integer", 97, -2, _COUNT),
)
ENERGIES, MOMENTARY = ("1-0:1.8.0*255", "1-0:2.8.0*255"), ("1-0:1.7.0*255", "1-0:32.7.0*255", "1-0:31.7.0*255")


def electricity_meter(
    serial: str, *, start_ns: int, rows: int = 96, drift_ms: int = 0, seed: int = 1
) -> list[CosemObject]:
    """Make the objects of a meter as it is at *start_ns*: its profile has *rows* up to then, its clock drifts."""
    chance = random.Random(f"{serial}/{seed}")
    energies = [one for one in REGISTERS if one.obis in ENERGIES]
    first_ns = (start_ns // (_PERIOD * SECOND) - rows + 1) * _PERIOD * SECOND
    back = rows * 500  # Wh, so that the last row stays below the register
    captured = energy_rows(
        first_ns, rows, period=_PERIOD, energies=[max(one.value - back - 10_000, 0) for one in energies], chance=chance
    )
    columns = [Column(8, obis_from_text(CLOCK)), Column(1, obis_from_text(STATUS))]
    columns += [Column(3, obis_from_text(one.obis)) for one in energies]
    found = [
        _clock(drift_ms),
        data_object(obis_from_text(DEVICE_NAME), octet_string(f"MMM{serial:>013}".encode())),
        data_object(obis_from_text(SERIAL_NUMBER), octet_string(serial.encode())),
        data_object(obis_from_text(STATUS), {"unsigned": 0}),
        profile(obis_from_text(PROFILE), columns, captured, period=_PERIOD),
        _maximum_demand(start_ns),
        _calendar(),
        _disconnect_control(),
        _image_transfer(),
        _scripts(),
        _security_setup(chance),
        _push_setup(),
    ]
    found += [register(obis_from_text(one.obis), _reading(start_ns, one), one.scaler, one.unit) for one in REGISTERS]
    found.append(association_ln(found))
    return found


def _reading(start_ns: int, one: Quantity) -> Attribute:
    def read(now_ns: int) -> Form:
        elapsed = (now_ns - start_ns) // SECOND
        if one.growth:
            return {one.kind: one.value + one.growth * elapsed // 3600}
        return {one.kind: one.value + one.value * (elapsed * 7 % 11 - 5) // 2000}

    return read


def _clock(drift_ms: int) -> CosemObject:
    state = {"offset_ns": drift_ms * 1_000_000}

    def adjust(parameter: Form, now_ns: int) -> tuple[int, Form | None]:
        state["offset_ns"] = 0
        return SUCCESS, None

    def set_time(value: Form, now_ns: int) -> None:
        state["offset_ns"] = time_of(bytes.fromhex(str(plain(value)))) - now_ns

    return CosemObject(
        8,
        obis_from_text(CLOCK),
        {
            2: lambda now_ns: octet_string(date_time(now_ns + state["offset_ns"])),
            3: {"long": -60},
            4: {"unsigned": 0},
            5: octet_string(bytes.fromhex("FFFF03FE0702000000800000")),
            6: octet_string(bytes.fromhex("FFFF0AFE0703000000800080")),
            7: {"integer": 60},
            8: {"boolean": 0},
            9: {"enum": 1},
        },
        methods={1: adjust, 3: adjust},
        writable=frozenset((2, 3)),
        written={2: set_time},
    )


def _maximum_demand(start_ns: int) -> CosemObject:
    def reset(parameter: Form, now_ns: int) -> tuple[int, Form | None]:
        found.attributes[2] = {"double-long-unsigned": 0}
        return SUCCESS, None

    found = CosemObject(
        4,
        obis_from_text(MAXIMUM_DEMAND),
        {
            2: {"double-long-unsigned": 6140},
            3: structure({"integer": 0}, {"enum": _W}),
            4: NULL,
            5: octet_string(date_time(start_ns - 40_000 * SECOND)),
        },
        methods={1: reset},
    )
    return found


def _calendar() -> CosemObject:
    attributes: dict[int, Attribute] = {
        2: octet_string(b"SUMMER"), 3: array([]), 4: array([]), 5: array([]),
        6: octet_string(b"NONE"), 7: array([]), 8: array([]), 9: array([]),
        10: octet_string(bytes.fromhex("FFFFFFFFFFFFFFFFFF800000")),
    }  # fmt: skip
    return CosemObject(20, obis_from_text(CALENDAR), attributes, writable=frozenset((6, 7, 8, 9, 10)))


def day_profiles(days: int, *, chance: random.Random) -> Form:
    """Give a day_profile_table with *days* days of five switching times each: long enough for datablocks."""
    table = []
    for day in range(1, days + 1):
        hours = sorted(chance.sample(range(1, 23), 4))
        actions = [
            structure(
                octet_string(bytes((hour, 0, 0, 0))),
                octet_string(bytes((0, 0, 10, 0, 100, 255))),
                {"long-unsigned": index % 2 + 1},
            )
            for index, hour in enumerate([0, *hours])
        ]
        table.append(structure({"unsigned": day}, array(actions)))
    return array(table)


def _disconnect_control() -> CosemObject:
    def switch(closed: int) -> Method:
        def method(parameter: Form, now_ns: int) -> tuple[int, Form | None]:
            found.attributes[2], found.attributes[3] = {"boolean": closed}, {"enum": closed}
            return SUCCESS, None

        return method

    found = CosemObject(
        70,
        obis_from_text(DISCONNECT),
        {2: {"boolean": 1}, 3: {"enum": 1}, 4: {"enum": 4}},
        methods={1: switch(0), 2: switch(1)},
    )
    return found


def _image_transfer() -> CosemObject:
    received: dict[int, bytes] = {}

    def take(parameter: Form, now_ns: int) -> tuple[int, Form | None]:
        number, block = members(parameter)
        received[int(str(plain(number)))] = bytes.fromhex(str(plain(block)))
        return SUCCESS, None

    def initiate(parameter: Form, now_ns: int) -> tuple[int, Form | None]:
        received.clear()
        return SUCCESS, None

    return CosemObject(
        18,
        obis_from_text(IMAGE),
        {
            2: {"double-long-unsigned": IMAGE_BLOCK_SIZE},
            3: lambda now_ns: {"bit-string": "".join("01"[number in received] for number in range(8))},
            4: lambda now_ns: {"double-long-unsigned": len(received)},
            5: {"boolean": 1},
            6: {"enum": 1},
        },
        methods={1: initiate, 2: take},
    )


def _scripts() -> CosemObject:
    scripts = array([structure({"long-unsigned": number}, array([])) for number in (1, 2)])
    return CosemObject(9, obis_from_text(SCRIPTS), {2: scripts}, methods={1: lambda parameter, now_ns: (SUCCESS, None)})


def _security_setup(chance: random.Random) -> CosemObject:
    certificate = octet_string(
        b"\x30\x82\x02\x54" + chance.randbytes(596)
    )  # octets of no meaning, as long as a real one
    return CosemObject(
        64,
        obis_from_text(SECURITY_SETUP),
        {
            2: {"enum": 0},
            3: {"enum": 0},
            4: octet_string(b"MMM\x00\x00\x00\x00\x01"),
            5: octet_string(b"MMM\x00\x00\xbc\x61\x4e"),
        },
        version=1,
        methods={7: lambda parameter, now_ns: (SUCCESS, certificate)},
    )


def _push_setup() -> CosemObject:
    pushed = [Column(8, obis_from_text(CLOCK))] + [Column(3, obis_from_text(name)) for name in ENERGIES + MOMENTARY]
    return CosemObject(
        40,
        obis_from_text(PUSH_SETUP),
        {
            2: array([column.form for column in pushed]),
            3: structure({"enum": 1}, octet_string(b"192.0.2.10:4059"), {"enum": 0}),
            4: array([]), 5: {"long-unsigned": 30}, 6: {"unsigned": 3}, 7: {"long-unsigned": 60},
        },
    )  # fmt: skip
