"""The association objects of a simulated meter, which list the others. Source: IEC 62056-6-2 (classes 12, 15)."""

from __future__ import annotations

from analyzer.cosem.logical_name import obis_from_text
from analyzer.simulate.association import LN_CONFORMANCE
from analyzer.simulate.forms import NULL, array, octet_string, structure
from analyzer.simulate.objects import CosemObject
from analyzer.simulate.sent import Form
from dissectors.enumerations import CONFORMANCE

ASSOCIATION = "0-0:40.0.0*255"
_NAME = obis_from_text(ASSOCIATION)
_FIRST_BASE_NAME, _SPACE = 0x0100, 0x00C0


def association_ln(others: list[CosemObject]) -> CosemObject:
    """Make the Association LN (class 15) whose object list has *others* and itself."""
    listed = list(others)  # the caller adds what is made here to its own
    conformance = "".join("01"[name in LN_CONFORMANCE] for name in CONFORMANCE)
    found = CosemObject(
        15,
        _NAME,
        {
            2: lambda now_ns: array([_list_element(one) for one in [*listed, found]]),
            3: structure({"integer": 16}, {"long-unsigned": 1}),
            4: octet_string(bytes.fromhex("60857405080101")),
            5: structure(
                {"bit-string": conformance}, {"long-unsigned": 1024}, {"long-unsigned": 1024}, {"unsigned": 6},
                {"integer": 0}, octet_string(b""),
            ),
            6: octet_string(bytes.fromhex("60857405080201")),
            8: {"enum": 2},
        },
        version=1,
    )  # fmt: skip
    return found


def _list_element(one: CosemObject) -> Form:
    attributes = [
        structure(
            {"integer": number},
            {"enum": 3 if number in one.writable else 1},
            array([{"integer": selector} for selector in (1, 2)]) if number in one.selections else NULL,
        )
        for number in sorted({1, *one.attributes})
    ]
    methods = [structure({"integer": number}, {"enum": 1}) for number in sorted(one.methods)]
    return structure(
        {"long-unsigned": one.class_id},
        {"unsigned": one.version},
        octet_string(one.logical_name),
        structure(array(attributes), array(methods)),
    )


def with_short_names(objects: list[CosemObject]) -> list[CosemObject]:
    """Give the objects short names, and an Association SN in place of the Association LN."""
    found = [one for one in objects if one.class_id != 15]
    for index, one in enumerate(found):
        one.base_name = _FIRST_BASE_NAME + _SPACE * index
    found.append(association_sn(found))
    return found


def association_sn(others: list[CosemObject]) -> CosemObject:
    """Make the Association SN (class 12) whose object list has *others* and itself."""
    listed = list(others)  # the caller adds what is made here to its own

    def element(one: CosemObject) -> Form:
        base_name = one.base_name - 0x10000 if one.base_name > 0x7FFF else one.base_name
        return structure(
            {"long": base_name},
            {"long-unsigned": one.class_id},
            {"unsigned": one.version},
            octet_string(one.logical_name),
        )

    found = CosemObject(
        12,
        _NAME,
        {2: lambda now_ns: array([element(one) for one in [*listed, found]])},
        version=1,
        base_name=0xFA00,
    )
    return found
