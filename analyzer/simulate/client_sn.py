"""A client that reads a simulated meter with short names. Source: IEC 62056-5-3 (services with short names)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analyzer.cosem.logical_name import obis_from_text
from analyzer.simulate.association import SN_CIPHERED, SN_CONFORMANCE, SN_CONTEXT
from analyzer.simulate.authentication import REPLY_NAME
from analyzer.simulate.client_association import AssociatedClient
from analyzer.simulate.forms import form_of, octet_string, octets_of, read_apdu
from analyzer.simulate.sent import Form
from analyzer.simulate.speaker import Target
from dissectors.pdu import Layer
from dissectors.xdlms.short_name import ReadRequest, UnconfirmedWriteRequest, WriteRequest


class ShortNameClient(AssociatedClient):
    """Reads with short names, which it takes from the meter's objects as after reading the object list."""

    def associate(self, *, password: bytes = b"", max_receive_pdu_size: int = 1024) -> bool:
        """Open the association, with low level security where a password is given, or as a secured client."""
        return self.open((SN_CONTEXT, SN_CIPHERED), sorted(SN_CONFORMANCE), max_receive_pdu_size, password)

    def reply(self, proof: Form) -> Form | int:
        """Answer the meter's challenge by a read of its association's method with a parameter."""
        members = {"variable_name": REPLY_NAME, "selector": 0, "parameter": proof}
        answer = read_apdu(self.ask(ReadRequest(variable_access_specification=[{"parameterized-access": members}])))
        return _value(answer.results[0])

    def name(self, target: Target) -> int:
        """Give the short name of an attribute."""
        return self.meter.objects[obis_from_text(target.obis)].short_name(target.number)

    def method_name(self, target: Target) -> int:
        """Give the short name of a method."""
        return self.meter.objects[obis_from_text(target.obis)].short_method(target.number)

    def read(self, *targets: Target) -> list[Form | int]:
        """Read attributes in one request, in blocks where the meter chooses to; gives Data or data-access-results."""
        answer = read_apdu(self.ask(ReadRequest(variable_access_specification=[self._access(one) for one in targets])))
        raw, number = b"", 0
        while answer.results and answer.results[0].asn1 == "data-block-result":
            block = answer.results[0]
            raw += block.raw_data
            number += 1
            if block.last_block:
                answer = read_apdu(b"\x0c" + raw)
            else:
                more = [{"block-number-access": {"block_number": number}}]
                answer = read_apdu(self.ask(ReadRequest(variable_access_specification=more)))
        values = [_value(one) for one in answer.results]
        told = zip(targets, values, strict=True)
        self.learn([target.reading(value) for target, value in told if not isinstance(value, int)])
        return values

    def write(self, *pairs: tuple[int, Form]) -> None:
        """Write attributes, or invoke methods, by short name in one request."""
        self.ask(WriteRequest(**_listed(pairs)))

    def write_unconfirmed(self, *pairs: tuple[int, Form]) -> None:
        """Write without an answer."""
        self.ask(UnconfirmedWriteRequest(**_listed(pairs)))

    def write_blocks(self, pairs: Sequence[tuple[int, Form]], room: int) -> None:
        """Write in blocks of at most *room* octets."""
        raw = octets_of(WriteRequest(**_listed(pairs)))[1:]
        for number, at in enumerate(range(0, len(raw), room), 1):
            block = {"last_block": at + room >= len(raw), "block_number": number}
            request: Layer = WriteRequest(
                variable_access_specification=[{"write-data-block-access": block}],
                list_of_data=[octet_string(raw[at : at + room])],
            )
            self.ask(request)

    def _access(self, target: Target) -> dict[str, Any]:
        if target.selection is None:
            return {"variable-name": self.name(target)}
        selector, parameter = target.selection
        return {
            "parameterized-access": {
                "variable_name": self.name(target),
                "selector": selector,
                "parameter": parameter,
            }
        }


def _listed(pairs: Sequence[tuple[int, Form]]) -> dict[str, Any]:
    return {
        "variable_access_specification": [{"variable-name": name} for name, _ in pairs],
        "list_of_data": [value for _, value in pairs],
    }


def _value(result: Any) -> Form | int:
    return form_of(result.data) if hasattr(result, "data") else int(result.data_access_error)
