"""A client that reads a simulated meter with logical names: each call adds what both sides say to the dialogue.

Source: IEC 62056-5-3 (services with logical names).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analyzer.simulate.association import LN_CIPHERED, LN_CONFORMANCE, LN_CONTEXT
from analyzer.simulate.authentication import ASSOCIATION_LN, REPLY
from analyzer.simulate.client_association import AssociatedClient
from analyzer.simulate.forms import NULL, encode_form, form_of, read_apdu
from analyzer.simulate.object_lists import ASSOCIATION
from analyzer.simulate.sent import Form
from analyzer.simulate.services_ln import read_forms
from analyzer.simulate.speaker import Target
from dissectors.pdu import Layer
from dissectors.xdlms import access, action, get
from dissectors.xdlms import set as set_service


class Client(AssociatedClient):
    """Reads with logical names. Octets: *max_receive_pdu_size* is what it takes in one APDU."""

    max_receive_pdu_size = 1024

    def associate(
        self, *, password: bytes = b"", max_receive_pdu_size: int = 1024, without: Sequence[str] = ()
    ) -> bool:
        """Open the association, with low level security where a password is given; *without* some conformance bits.

        A secured client goes through the passes of its mechanism. Gives whether both sides believe each other.
        """
        self.max_receive_pdu_size = max_receive_pdu_size
        return self.open(
            (LN_CONTEXT, LN_CIPHERED), sorted(LN_CONFORMANCE - set(without)), max_receive_pdu_size, password
        )

    def reply(self, proof: Form) -> Form | int:
        """Answer the meter's challenge by the method of its association object."""
        return self.action(Target(ASSOCIATION_LN, ASSOCIATION, REPLY), proof)

    def get(self, target: Target) -> Form | int:
        """Read an attribute, in blocks where the meter chooses to; gives Data or a data-access-result."""
        invoke_id = self.next_invoke_id()
        request = get.GetRequestNormal(
            invoke_id=invoke_id, cosem_attribute_descriptor=target.attribute, access_selection=target.access_selection
        )
        answer = read_apdu(self.ask(request))
        if isinstance(answer, get.GetResponseWithDatablock):
            forms = read_forms(self._take_blocks(answer, invoke_id))
            value: Form | int = forms[0] if forms else 0
        else:
            value = _result(answer.result)
        if not isinstance(value, int):
            self.learn([target.reading(value)])
        return value

    def get_list(self, targets: Sequence[Target]) -> None:
        """Read several attributes in one request."""
        invoke_id = self.next_invoke_id()
        listed = [
            {"cosem_attribute_descriptor": one.attribute, "access_selection": one.access_selection} for one in targets
        ]
        answer = read_apdu(self.ask(get.GetRequestWithList(invoke_id=invoke_id, attribute_descriptor_list=listed)))
        if isinstance(answer, get.GetResponseWithDatablock):
            raw = self._take_blocks(answer, invoke_id)
            answer = read_apdu(b"\xc4\x03\xc1" + raw)
        values = [_result(one) for one in answer.result]
        pairs = zip(targets, values, strict=True)
        self.learn([target.reading(value) for target, value in pairs if not isinstance(value, int)])

    def _take_blocks(self, answer: Any, invoke_id: int) -> bytes:
        raw = b""
        while True:
            block = answer.result
            raw += bytes(block.result.raw_data)
            if block.last_block:
                return raw
            answer = read_apdu(self.ask(get.GetRequestNext(invoke_id=invoke_id, block_number=block.block_number)))

    def set(self, target: Target, value: Form) -> None:
        """Write an attribute."""
        self.ask(
            set_service.SetRequestNormal(
                invoke_id=self.next_invoke_id(), cosem_attribute_descriptor=target.attribute, value=value
            )
        )

    def set_list(self, pairs: Sequence[tuple[Target, Form]]) -> None:
        """Write several attributes in one request."""
        self.ask(
            set_service.SetRequestWithList(
                invoke_id=self.next_invoke_id(),
                attribute_descriptor_list=[{"cosem_attribute_descriptor": target.attribute} for target, _ in pairs],
                value_list=[value for _, value in pairs],
            )
        )

    def set_blocks(self, target: Target, value: Form, room: int) -> None:
        """Write a long attribute in datablocks of at most *room* octets."""
        invoke_id = self.next_invoke_id()
        for block in _blocks(encode_form(value), room):
            if block["block_number"] == 1:
                first = {"invoke_id": invoke_id, "cosem_attribute_descriptor": target.attribute}
                request: Layer = set_service.SetRequestWithFirstDatablock(**first, datablock=block)
            else:
                request = set_service.SetRequestWithDatablock(invoke_id=invoke_id, datablock=block)
            self.ask(request)

    def set_list_blocks(self, pairs: Sequence[tuple[Target, Form]], room: int) -> None:
        """Write several attributes in datablocks of at most *room* octets."""
        invoke_id = self.next_invoke_id()
        raw = bytes((len(pairs),)) + b"".join(encode_form(value) for _, value in pairs)
        listed = [{"cosem_attribute_descriptor": target.attribute} for target, _ in pairs]
        for block in _blocks(raw, room):
            if block["block_number"] == 1:
                request: Layer = set_service.SetRequestWithListAndFirstDatablock(
                    invoke_id=invoke_id, attribute_descriptor_list=listed, datablock=block
                )
            else:
                request = set_service.SetRequestWithDatablock(invoke_id=invoke_id, datablock=block)
            self.ask(request)

    def action(self, target: Target, parameter: Form | None = None) -> Form | int:
        """Invoke a method, taking a long answer in pblocks; gives what it returns, or the action-result."""
        invoke_id = self.next_invoke_id()
        request = action.ActionRequestNormal(
            invoke_id=invoke_id, cosem_method_descriptor=target.method, method_invocation_parameters=parameter
        )
        return self._outcome(read_apdu(self.ask(request)), invoke_id)

    def action_list(self, pairs: Sequence[tuple[Target, Form]]) -> None:
        """Invoke several methods in one request."""
        self.ask(
            action.ActionRequestWithList(
                invoke_id=self.next_invoke_id(),
                cosem_method_descriptor_list=[target.method for target, _ in pairs],
                method_invocation_parameters=[parameter for _, parameter in pairs],
            )
        )

    def action_blocks(self, target: Target, parameter: Form, room: int) -> Form | int:
        """Invoke a method with a long parameter in pblocks of at most *room* octets."""
        invoke_id = self.next_invoke_id()
        answer = b""
        for block in _blocks(encode_form(parameter), room):
            if block["block_number"] == 1:
                first = {"invoke_id": invoke_id, "cosem_method_descriptor": target.method}
                request: Layer = action.ActionRequestWithFirstPblock(**first, pblock=block)
            else:
                request = action.ActionRequestWithPblock(invoke_id=invoke_id, pblock=block)
            answer = self.ask(request)
        return self._outcome(read_apdu(answer), invoke_id)

    def _outcome(self, answer: Any, invoke_id: int) -> Form | int:
        if not isinstance(answer, action.ActionResponseWithPblock):
            response = answer.single_response
            return int(response.result) if response.return_parameters is None else _result(response.return_parameters)
        raw = answer.pblock.raw_data
        while not answer.pblock.last_block:
            number = answer.pblock.block_number
            answer = read_apdu(self.ask(action.ActionRequestNextPblock(invoke_id=invoke_id, block_number=number)))
            raw += answer.pblock.raw_data
        forms = read_forms(raw)
        return forms[0] if forms else 0

    def access(self, wanted: Sequence[tuple[str, Target, Form | None]]) -> None:
        """Read, write and invoke in one request: ``get``, ``set`` or ``action``, target and Data."""
        specification: list[dict[str, Any]] = []
        for service, target, _ in wanted:
            if service == "action":
                specification.append({"access-request-action": {"cosem_method_descriptor": target.method}})
            elif target.selection is None:
                members = {"cosem_attribute_descriptor": target.attribute}
                specification.append({f"access-request-{service}": members})
            else:
                both = {"cosem_attribute_descriptor": target.attribute, "access_selection": target.access_selection}
                specification.append({f"access-request-{service}-with-selection": both})
        answer = read_apdu(
            self.ask(
                access.AccessRequest(
                    long_invoke_id=self.next_invoke_id(),
                    access_request_body={
                        "access_request_specification": specification,
                        "access_request_list_of_data": [value or NULL for _, _, value in wanted],
                    },
                )
            )
        )
        values = [form_of(value) for value in answer.access_response_body.access_response_list_of_data]
        told = zip(wanted, values, strict=True)
        self.learn(
            [target.reading(value) for (service, target, _), value in told if service == "get" and value != NULL]
        )


def _blocks(raw: bytes, room: int) -> list[dict[str, Any]]:
    cuts = range(0, len(raw), room)
    return [
        {"last_block": at + room >= len(raw), "block_number": number, "raw_data": raw[at : at + room]}
        for number, at in enumerate(cuts, 1)
    ]


def _result(choice: Any) -> Form | int:
    """Read a Get-Data-Result."""
    return form_of(choice.data) if hasattr(choice, "data") else int(choice.data_access_result)
